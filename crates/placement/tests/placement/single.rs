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
            let gpus = i64::from(job.size.gpus());
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

/// When each job starts under conservative backfill, where every job has its place and moves up,
/// in order, when one ends before it was planned to; jobs as for [`simulate`].
pub(crate) fn conservative(jobs: &[Job], capacity: u32) -> Vec<i64> {
    let mut starts: Vec<Option<i64>> = vec![None; jobs.len()];
    let mut places: BTreeMap<usize, i64> = BTreeMap::new();
    let mut now = i64::MIN;
    loop {
        let real_end = |(job, start): (&Job, &Option<i64>)| {
            start.map(|start| start + i64::from(job.run_seconds))
        };
        let ends = jobs.iter().zip(&starts).filter_map(real_end);
        let arrivals = jobs.iter().map(|job| job.submit.seconds());
        let instants = ends.chain(arrivals).chain(places.values().copied());
        let Some(next) = instants.filter(|&at| at > now).min() else { break };
        now = next;
        let early = jobs.iter().zip(&starts).any(|(job, start)| {
            let asked_for_more = job.asked_seconds > job.run_seconds;
            asked_for_more && start.is_some_and(|start| start + i64::from(job.run_seconds) == now)
        });
        for index in 0..jobs.len() {
            let there = starts[index].is_none() && jobs[index].submit.seconds() <= now;
            if !there || !early && places.get(&index).is_some_and(|&start| start > now) {
                continue;
            }
            places.remove(&index);
            let start = first_place(jobs, &starts, &places, index, now, capacity);
            if start == now {
                starts[index] = Some(now);
            } else {
                places.insert(index, start);
            }
        }
    }
    starts.into_iter().map(|start| start.expect("every job fits the pool")).collect()
}

/// The first instant from `now` on at which a job fits beside all others until its planned end.
fn first_place(
    jobs: &[Job],
    starts: &[Option<i64>],
    places: &BTreeMap<usize, i64>,
    index: usize,
    now: i64,
    capacity: u32,
) -> i64 {
    let planned = |job: &Job| i64::from(job.run_seconds.max(job.asked_seconds));
    let running = jobs.iter().zip(starts).filter_map(|(job, start)| {
        let start = (*start)?;
        let runs = start + i64::from(job.run_seconds) > now;
        runs.then_some((start, start + planned(job), job.size.gpus()))
    });
    let placed = places
        .iter()
        .map(|(&other, &start)| (start, start + planned(&jobs[other]), jobs[other].size.gpus()));
    let held: Vec<(i64, i64, u32)> = running.chain(placed).collect();
    let fits = |at: i64| {
        let end = at + planned(&jobs[index]);
        let inside = held.iter().map(|&(start, ..)| start.max(at)).filter(|&start| start < end);
        inside.chain([at]).all(|instant| {
            let there = held.iter().filter(|&&(start, end, _)| start <= instant && instant < end);
            there.map(|&(.., gpus)| gpus).sum::<u32>() + jobs[index].size.gpus() <= capacity
        })
    };
    let candidates = held.iter().map(|&(_, end, _)| end).filter(|&end| end > now).chain([now]);
    candidates.filter(|&at| fits(at)).min().expect("the job fits the pool")
}
