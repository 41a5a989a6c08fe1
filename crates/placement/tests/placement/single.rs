//! A plain simulator of one pool of constant capacity, quadratic and from the textbook.

use std::collections::BTreeMap;

use comity_fleet::Job;

/// Who may start before the head of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Discipline {
    /// Nobody.
    Fifo,
    /// Whoever does not delay it.
    Easy,
    /// Whoever fits: the head holds no reservation.
    FirstFit,
}

/// When each job starts, in the order given; the jobs are sorted by submission and id, and each
/// fits the pool.
pub(crate) fn simulate(jobs: &[Job], capacity: u32, discipline: Discipline) -> Vec<i64> {
    let mut starts = vec![0; jobs.len()];
    let mut free = i64::from(capacity);
    // By real end: what comes back, and by when it was planned to.
    let mut running: BTreeMap<(i64, usize), (i64, i64)> = BTreeMap::new();
    let mut queue: Vec<usize> = Vec::new();
    let mut next = 0;
    loop {
        let arrival = jobs.get(next).map(|job| job.submit.seconds());
        let end = running.keys().next().map(|&(end, _)| end);
        let Some(now) = [arrival, end].into_iter().flatten().min() else { return starts };
        while let Some((&key, &(gpus, _))) = running.first_key_value()
            && key.0 == now
        {
            running.remove(&key);
            free += gpus;
        }
        while jobs.get(next).is_some_and(|job| job.submit.seconds() == now) {
            queue.push(next);
            next += 1;
        }
        // Of the head, once it is known to wait: its start and what is spare then.
        let mut shadow: Option<(i64, i64)> = None;
        let mut left = Vec::with_capacity(queue.len());
        for index in queue {
            let job = &jobs[index];
            let gpus = i64::from(job.gpus);
            let planned = now + i64::from(job.run_seconds.max(job.asked_seconds));
            let starts_now = gpus <= free
                && match (&mut shadow, discipline) {
                    (None, _) | (Some(_), Discipline::FirstFit) => true,
                    (Some(_), Discipline::Fifo) => false,
                    (Some((start, _)), Discipline::Easy) if planned <= *start => true,
                    (Some((_, spare)), Discipline::Easy) => {
                        let fits = gpus <= *spare;
                        *spare -= if fits { gpus } else { 0 };
                        fits
                    }
                };
            if starts_now {
                starts[index] = now;
                free -= gpus;
                running.insert((now + i64::from(job.run_seconds), index), (gpus, planned));
                continue;
            }
            left.push(index);
            if shadow.is_none() {
                let mut ends: Vec<(i64, i64)> =
                    running.values().map(|&(gpus, planned)| (planned, gpus)).collect();
                ends.sort_unstable();
                let mut back = free;
                let reach = ends.iter().find(|&&(_, more)| {
                    back += more;
                    back >= gpus
                });
                let start = reach.expect("the job fits the pool").0;
                let by_then = ends.iter().filter(|&&(end, _)| end <= start);
                let spare = free + by_then.map(|&(_, gpus)| gpus).sum::<i64>() - gpus;
                shadow = Some((start, spare));
            }
        }
        queue = left;
    }
}
