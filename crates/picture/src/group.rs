//! What is too much for a chart, put together.

use std::collections::BTreeMap;

use comity_base::{Currency, Window};

use crate::replay::{Owing, Queue, Run, SiteUse, Waits};

/// The most series that are told apart in a chart.
pub(crate) const SERIES: usize = 7;
/// The most sites that have a chart of their own.
pub(crate) const SITES: usize = 12;
/// The most parties in a matrix.
pub(crate) const PARTIES: usize = 10;

/// The purposes of runs, by how much they use and then by name; those behind the sixth together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Purposes {
    /// The names that are shown, the last of which may stand for several.
    pub(crate) shown: Vec<String>,
    by_name: BTreeMap<String, usize>,
}

impl Purposes {
    pub(crate) fn of<'r>(runs: impl IntoIterator<Item = &'r Run>) -> Self {
        let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
        for run in runs {
            for (name, used) in run.sites.iter().flat_map(|site| &site.used) {
                *sums.entry(name).or_default() += used.iter().sum::<i128>();
            }
            for queue in &run.queues {
                sums.entry(&queue.purpose).or_default();
            }
        }
        let mut order: Vec<(&str, i128)> = sums.into_iter().collect();
        order.sort_by_key(|&(name, sum)| (std::cmp::Reverse(sum), name));
        let own = if order.len() > SERIES { SERIES - 1 } else { order.len() };
        let mut shown: Vec<String> =
            order[..own].iter().map(|(name, _)| (*name).to_owned()).collect();
        let by_name = order.iter().enumerate();
        let by_name = by_name.map(|(index, (name, _))| ((*name).to_owned(), index.min(own)));
        if order.len() > own {
            shown.push(format!("{} others", order.len() - own));
        }
        Self { by_name: by_name.collect(), shown }
    }

    /// A site with its use by the purposes that are shown.
    pub(crate) fn site(&self, site: &SiteUse) -> SiteUse {
        let mut used = Vec::new();
        for (index, name) in self.shown.iter().enumerate() {
            let mut sums = vec![0; site.available.len()];
            for (_, own) in site.used.iter().filter(|(of, _)| self.by_name.get(of) == Some(&index))
            {
                add(&mut sums, own);
            }
            if sums.iter().any(|&sum| sum != 0) {
                used.push((name.clone(), sums));
            }
        }
        SiteUse { used, ..site.clone() }
    }

    /// Queues by the purposes that are shown. The waits of several together cannot be had from the
    /// waits of each, so theirs are left at nothing and their jobs at none.
    pub(crate) fn queues(&self, queues: &[Queue], slots: &[Window]) -> Vec<Queue> {
        let mut found = Vec::new();
        for (index, name) in self.shown.iter().enumerate() {
            let of: Vec<&Queue> =
                queues.iter().filter(|it| self.by_name.get(&it.purpose) == Some(&index)).collect();
            let mut waiting = vec![0; slots.len()];
            for queue in &of {
                add(&mut waiting, &queue.waiting);
            }
            match of.as_slice() {
                [] => {}
                [one] => found.push((*one).clone()),
                several => found.push(Queue {
                    purpose: name.clone(),
                    waiting,
                    handed_in: several.iter().map(|it| it.handed_in).sum(),
                    waits: Waits::default(),
                    not_started: several.iter().map(|it| it.not_started).sum(),
                }),
            }
        }
        found
    }
}

fn add(sums: &mut [i128], more: &[i128]) {
    for (sum, it) in sums.iter_mut().zip(more) {
        *sum += it;
    }
}

/// The sites by what they have, and the small ones of many together as one.
pub(crate) fn sites(all: &[SiteUse]) -> Vec<SiteUse> {
    let mut order: Vec<&SiteUse> = all.iter().collect();
    order.sort_by_key(|site| {
        (std::cmp::Reverse(site.available.iter().sum::<i128>()), site.site.as_str())
    });
    if order.len() <= SITES {
        return order.into_iter().cloned().collect();
    }
    let (own, small) = order.split_at(SITES - 1);
    let mut rest = SiteUse {
        site: format!("{} smaller sites", small.len()),
        host: String::new(),
        available: vec![0; small[0].available.len()],
        used: Vec::new(),
    };
    let mut used: BTreeMap<&str, Vec<i128>> = BTreeMap::new();
    for site in small {
        add(&mut rest.available, &site.available);
        for (name, sums) in &site.used {
            add(used.entry(name).or_insert_with(|| vec![0; sums.len()]), sums);
        }
    }
    rest.used = used.into_iter().map(|(name, sums)| (name.to_owned(), sums)).collect();
    own.iter().map(|&site| site.clone()).chain([rest]).collect()
}

/// Money between parties in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Between {
    pub(crate) currency: Currency,
    pub(crate) parties: Vec<String>,
    /// What the payer owes the payee, gross: `gross[payer][payee]`.
    pub(crate) gross: Vec<Vec<i128>>,
}

impl Between {
    /// What a party is owed less what it owes.
    pub(crate) fn net(&self, party: usize) -> i128 {
        let is_owed: i128 = self.gross.iter().map(|row| row[party]).sum();
        is_owed - self.gross[party].iter().sum::<i128>()
    }
}

/// Who owes whom, by currency; what is owed below zero is owed the other way. Of many parties,
/// those with the least together.
pub(crate) fn between(owed: &[Owing]) -> Vec<Between> {
    let mut currencies: Vec<Currency> = owed.iter().map(|it| it.amount.currency).collect();
    currencies.sort_unstable();
    currencies.dedup();
    currencies.into_iter().map(|currency| in_one(owed, currency)).collect()
}

fn in_one(owed: &[Owing], currency: Currency) -> Between {
    let mut moved: BTreeMap<&str, i128> = BTreeMap::new();
    let mine = || owed.iter().filter(|it| it.amount.currency == currency);
    for it in mine() {
        for party in [&it.from, &it.to] {
            *moved.entry(party).or_default() += it.amount.minor.abs();
        }
    }
    let mut order: Vec<(&str, i128)> = moved.into_iter().collect();
    order.sort_by_key(|&(name, sum)| (std::cmp::Reverse(sum), name));
    let own = if order.len() > PARTIES { PARTIES - 1 } else { order.len() };
    let places: BTreeMap<&str, usize> =
        order.iter().enumerate().map(|(index, (name, _))| (*name, index.min(own))).collect();
    let mut parties: Vec<String> =
        order[..own].iter().map(|(name, _)| (*name).to_owned()).collect();
    if order.len() > own {
        parties.push(format!("{} others", order.len() - own));
    }
    let mut gross = vec![vec![0; parties.len()]; parties.len()];
    for it in mine() {
        let (from, to) = (places[it.from.as_str()], places[it.to.as_str()]);
        let (payer, payee) = if it.amount.minor < 0 { (to, from) } else { (from, to) };
        gross[payer][payee] += it.amount.minor.abs();
    }
    Between { currency, parties, gross }
}
