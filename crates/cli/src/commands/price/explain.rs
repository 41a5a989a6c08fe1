//! The days and jobs that explain most of a price.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use comity_price::{Kind, MovedJob, Run, seed_of};

use super::Priced;
use crate::table::{gpus, hours};

/// So many days, and so many jobs, are named.
const NAMED: usize = 3;

/// What explains most: capacity that moves between hosts, at list prices of the first day, in one
/// currency.
pub(super) struct Explained<'p> {
    /// The currency.
    pub(super) code: &'p str,
    /// All that moves, the mean of the runs.
    pub(super) whole: i128,
    /// The days on which most moves, and how much.
    pub(super) days: Vec<(&'p str, i128)>,
    /// The jobs of all runs that move most.
    pub(super) jobs: Vec<(&'p Run, &'p MovedJob)>,
}

/// What explains a variant, currency by currency, the deal's own first; nothing where nothing moves.
pub(super) fn explained<'p>(priced: &'p Priced<'_>, variant: usize) -> Vec<Explained<'p>> {
    let mut by_currency: BTreeMap<(bool, &str), Vec<(&str, i128)>> = BTreeMap::new();
    for (figure, it) in &priced.figures[variant] {
        if let (Kind::Day, [day, code]) = (figure.kind, figure.of.as_slice()) {
            let key = (*code != priced.setting.currency, code.as_str());
            by_currency.entry(key).or_default().push((day.as_str(), it.change));
        }
    }
    let one = |((_, code), mut days): ((bool, &'p str), Vec<(&'p str, i128)>)| {
        let whole: i128 = days.iter().map(|(_, moved)| moved).sum();
        days.sort_by_key(|&(day, moved)| (Reverse(moved), day));
        days.truncate(NAMED);
        let of = |run: &'p Run| run.outcomes[variant].jobs.iter().map(move |job| (run, job));
        let jobs = priced.runs.iter().flat_map(of).filter(|(_, job)| job.currency == code);
        let mut jobs: Vec<(&Run, &MovedJob)> = jobs.collect();
        jobs.sort_by_key(|(run, job)| (Reverse(job.money), run.number, job.id));
        jobs.truncate(NAMED);
        Explained { code, whole, days, jobs }
    };
    by_currency.into_iter().map(one).filter(|it| it.whole != 0).collect()
}

/// Which job, of which run.
pub(super) fn named(priced: &Priced<'_>, run: &Run, job: &MovedJob) -> String {
    let seed = seed_of(priced.setting.seed, run.number);
    format!("job {} of {} (seed {seed})", job.id, job.stream)
}

/// From where to where a job moved, and how long it waits.
pub(super) fn moved(job: &MovedJob) -> String {
    let place = |host: &Option<String>| host.clone().unwrap_or_else(|| "nowhere".to_owned());
    let [before, after] = [&job.hosts[0], &job.hosts[1]].map(place);
    let [waited, waits] = job.waited.map(|wait| hours(i128::from(wait)));
    format!("{}, {before} to {after}, {waited} to {waits} in the queue", gpus(job.size))
}
