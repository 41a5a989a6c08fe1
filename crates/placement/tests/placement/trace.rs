//! The first 10,000 jobs of the Philly trace against figures of another simulator.
//!
//! AccaSim 1.1.3 on 640 slots gives a mean wait of 64,385.78 s and a mean slowdown of 624.49 for
//! FIFO; the planner gives the same, to the second. The figures that go with its EASY, 27,201.00 s
//! and 216.51, are those of first fit without a reservation, which docs/replay.md explains: the
//! planner's first fit gives exactly these. A plain simulator of EASY with its reservation gives
//! 46,759.81 s, and the planner the same.

use comity_fleet::Job;
use comity_placement::{Backfill, Outcome};

use crate::single::{Discipline, simulate};
use crate::world::{job, one_pool};

const TRACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/philly-10k.swf");
const SLOTS: u32 = 640;

/// Jobs from fields 1 (id), 2 (submission), 4 (run time), 5 (slots) and 9 (time asked).
fn read(text: &str) -> Vec<Job> {
    let lines = text.lines().filter(|line| !line.starts_with(';') && !line.trim().is_empty());
    let parse = |line: &str| {
        let fields: Vec<i64> = line
            .split_whitespace()
            .map(|field| field.parse().expect("the trace has whole numbers"))
            .collect();
        let short = |field: i64| u32::try_from(field).expect("the trace has no missing value");
        let id = u64::try_from(fields[0]).expect("ids are positive");
        let asked_seconds = short(fields[8]);
        Job { asked_seconds, ..job(id, fields[1], short(fields[4]), short(fields[3])) }
    };
    lines.map(parse).collect()
}

/// The waits of all jobs added up; the mean is a 10,000th of it.
fn wait(jobs: &[Job], starts: &[i64]) -> i64 {
    jobs.iter().zip(starts).map(|(job, start)| start - job.submit.seconds()).sum()
}

/// The mean over all jobs of wait and run time by run time, in hundredths.
fn slowdown_hundredths(jobs: &[Job], starts: &[i64]) -> i128 {
    let slowdown = |(job, start): (&Job, &i64)| {
        let run = i128::from(job.run_seconds);
        let wait = i128::from(start - job.submit.seconds());
        // In millionths, so that ten thousand roundings do not show.
        (wait + run) * 1_000_000 / run
    };
    let sum: i128 = jobs.iter().zip(starts).map(slowdown).sum();
    (sum / 10_000 + 5_000) / 10_000
}

fn planned(jobs: &[Job], backfill: Backfill) -> Vec<i64> {
    let plan = one_pool(SLOTS, jobs.to_vec(), backfill).place();
    let start = |outcome: &Outcome| {
        let first = outcome.pieces().next();
        first.unwrap_or_else(|| panic!("every job runs, but: {outcome:?}")).start.seconds()
    };
    plan.outcomes.iter().map(start).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the trace is too large to copy into the repository")]
fn philly_waits_are_the_known_ones() {
    let Ok(text) = std::fs::read_to_string(TRACE) else {
        println!("skipped: {TRACE} is not there");
        return;
    };
    let mut jobs = read(&text);
    jobs.sort_by_key(|job| (job.submit, job.id));
    assert_eq!(jobs.len(), 10_000);

    let fifo = planned(&jobs, Backfill::None);
    assert_eq!(wait(&jobs, &fifo), 643_857_751);
    assert_eq!(fifo, simulate(&jobs, SLOTS, Discipline::Fifo));

    let easy = planned(&jobs, Backfill::Easy);
    assert_eq!(wait(&jobs, &easy), 467_598_127);
    assert_eq!(easy, simulate(&jobs, SLOTS, Discipline::Easy));

    let first_fit = planned(&jobs, Backfill::FirstFit);
    assert_eq!(wait(&jobs, &first_fit), 272_010_040);
    assert_eq!(first_fit, simulate(&jobs, SLOTS, Discipline::FirstFit));

    for (starts, known) in [(&fifo, 62_449), (&easy, 31_765), (&first_fit, 21_651)] {
        assert_eq!(slowdown_hundredths(&jobs, starts), known);
    }
}
