//! The days and jobs that explain most of a price.

use std::cmp::Reverse;

use comity_price::{Kind, MovedJob, Run, seed_of};

use super::Priced;
use crate::table::{grouped, hours};

/// So many days, and so many jobs, are named.
const NAMED: usize = 3;

/// What explains most: capacity that moves between hosts, at list prices of the first day.
pub(super) struct Explained<'p> {
    /// All that moves, the mean of the runs.
    pub(super) whole: i128,
    /// The days on which most moves, and how much.
    pub(super) days: Vec<(&'p str, i128)>,
    /// The jobs of all runs that move most.
    pub(super) jobs: Vec<(&'p Run, &'p MovedJob)>,
}

/// What explains a variant; `None` where nothing moves.
pub(super) fn explained<'p>(priced: &'p Priced<'_>, variant: usize) -> Option<Explained<'p>> {
    let days = priced.figures[variant].iter().filter(|(figure, _)| figure.kind == Kind::Day);
    let mut days: Vec<(&str, i128)> =
        days.map(|(figure, it)| (figure.of[0].as_str(), it.change)).collect();
    let whole: i128 = days.iter().map(|(_, moved)| moved).sum();
    if whole == 0 {
        return None;
    }
    days.sort_by_key(|&(day, moved)| (Reverse(moved), day));
    days.truncate(NAMED);
    let of = |run: &'p Run| run.outcomes[variant].jobs.iter().map(move |job| (run, job));
    let mut jobs: Vec<(&Run, &MovedJob)> = priced.runs.iter().flat_map(of).collect();
    jobs.sort_by_key(|(run, job)| (Reverse(job.money), run.number, job.id));
    jobs.truncate(NAMED);
    Some(Explained { whole, days, jobs })
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
    format!("{} GPUs, {before} to {after}, {waited} to {waits} in the queue", grouped(job.gpus))
}
