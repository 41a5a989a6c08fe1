//! Quotas: what each party may hold of some pools at once, what it lends and what it borrows.
//!
//! What a party keeps back is what it does not lend of its nominal quota. The sum of what parties
//! hold beyond what they keep back never exceeds the sum of what they lend; so what is borrowed
//! is idle with someone who lends it. (The rule is that of cohorts in Kueue.) All is counted in
//! thousandths of GPUs, so that shares count as what they are.

use std::collections::BTreeMap;

use comity_base::{Instant, Window};
use comity_fleet::Size;

/// A quota over some pools for a time; a pool has at most one at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// The pools, indexes into the pools of the inputs.
    pub pools: Vec<usize>,
    /// What each party is due; others can only borrow.
    pub dues: Vec<Due>,
    /// When. What runs when it begins runs on, and counts.
    pub window: Window,
}

/// What a party is due under a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The party, as in [`crate::Class::party`]; once in a quota.
    pub party: u32,
    /// GPUs that it may hold whatever others do.
    pub nominal: u32,
    /// How many of these others may borrow while they are idle; `None` for all.
    pub lends: Option<u32>,
    /// How many more it may borrow; `None` for as many as others lend.
    pub borrows: Option<u32>,
}

/// What parties hold under each quota.
#[derive(Debug, Clone)]
pub(crate) struct Quotas<'a> {
    quotas: &'a [Quota],
    /// For each pool, its quota now.
    of_pool: Vec<Option<usize>>,
    holds: Vec<Holds>,
}

/// What is held under a quota, in thousandths of GPUs.
#[derive(Debug, Clone, Default)]
struct Holds {
    by_party: BTreeMap<u32, i64>,
    /// The sum of what parties lend, less what is held beyond what they keep back.
    unlent: i64,
}

/// A party's nominal quota, what of it is kept back and how much it may hold at most, in thousandths
/// of GPUs.
#[derive(Debug, Clone, Copy)]
struct Limits {
    nominal: i64,
    kept_back: i64,
    most: i64,
}

fn limits(due: &Due) -> Limits {
    let milli = |gpus: u32| i64::from(gpus) * i64::from(Size::WHOLE_MILLI);
    let nominal = milli(due.nominal);
    let lends = due.lends.map_or(nominal, |lends| milli(lends).min(nominal));
    let most = due.borrows.map_or(i64::MAX, |borrows| nominal + milli(borrows));
    Limits { nominal, kept_back: nominal - lends, most }
}

const NOT_DUE: Limits = Limits { nominal: 0, kept_back: 0, most: i64::MAX };

impl<'a> Quotas<'a> {
    /// Those of an instant, in so many pools; nothing is held yet.
    pub(crate) fn at(quotas: &'a [Quota], pools: usize, now: Instant) -> Self {
        let mut of_pool = vec![None; pools];
        let current = |(_, quota): &(usize, &Quota)| quota.window.contains(now);
        for (index, quota) in quotas.iter().enumerate().filter(current) {
            for &pool in &quota.pools {
                of_pool[pool] = Some(index);
            }
        }
        let holds = quotas.iter().map(|quota| {
            let lent = |due| limits(due).nominal - limits(due).kept_back;
            Holds { by_party: BTreeMap::new(), unlent: quota.dues.iter().map(lent).sum() }
        });
        Self { quotas, of_pool, holds: holds.collect() }
    }

    /// Whether there is none at any time.
    pub(crate) fn is_empty(&self) -> bool {
        self.quotas.is_empty()
    }

    /// The quota of a pool.
    pub(crate) fn of(&self, pool: usize) -> Option<usize> {
        self.of_pool[pool]
    }

    /// The pools of a quota.
    pub(crate) fn pools(&self, quota: usize) -> &'a [usize] {
        &self.quotas[quota].pools
    }

    /// How many more thousandths of GPUs a party may hold in a pool.
    pub(crate) fn headroom(&self, party: u32, pool: usize) -> i64 {
        let Some(quota) = self.of_pool[pool] else { return i64::MAX };
        let limits = self.limits(quota, party);
        let held = self.held(quota, party);
        // What it keeps back is its own; beyond that it takes from what is lent.
        let own = (limits.kept_back - held).max(0);
        (own + self.holds[quota].unlent.max(0)).min(limits.most - held)
    }

    /// Whether so many more thousandths of GPUs in a pool keep a party within its nominal quota.
    pub(crate) fn is_due(&self, party: u32, pool: usize, milli: i64) -> bool {
        self.of_pool[pool].is_some_and(|quota| {
            self.held(quota, party) + milli <= self.limits(quota, party).nominal
        })
    }

    /// Whether a party holds more in a pool's quota than its nominal quota.
    pub(crate) fn borrows(&self, party: u32, pool: usize) -> bool {
        self.of_pool[pool]
            .is_some_and(|quota| self.held(quota, party) > self.limits(quota, party).nominal)
    }

    /// Adds to what a party holds in a pool, in thousandths of GPUs, or takes off when it is less than
    /// zero.
    pub(crate) fn hold(&mut self, party: u32, pool: usize, milli: i64) {
        let Some(quota) = self.of_pool[pool] else { return };
        let kept_back = self.limits(quota, party).kept_back;
        let holds = &mut self.holds[quota];
        let held = holds.by_party.entry(party).or_default();
        let before = (*held - kept_back).max(0);
        *held += milli;
        holds.unlent -= (*held - kept_back).max(0) - before;
    }

    fn held(&self, quota: usize, party: u32) -> i64 {
        self.holds[quota].by_party.get(&party).copied().unwrap_or(0)
    }

    fn limits(&self, quota: usize, party: u32) -> Limits {
        let due = self.quotas[quota].dues.iter().find(|due| due.party == party);
        due.map_or(NOT_DUE, limits)
    }
}
