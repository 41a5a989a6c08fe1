//! The first 10,000 jobs of the Philly trace against figures of another simulator.
//!
//! AccaSim 1.1.3 on 640 slots gives a mean wait of 64,385.78 s and a mean slowdown of 624.49 for
//! FIFO; the planner gives the same, to the second. The figures that go with its EASY, 27,201.00 s
//! and 216.51, are those of first fit without a reservation: a plain simulator that lets every job
//! pass that fits gives exactly these, and one of EASY with its reservation gives 46,759.81 s. The
//! planner is held to the latter.

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

    let first_fit = simulate(&jobs, SLOTS, Discipline::FirstFit);
    assert_eq!(wait(&jobs, &first_fit), 272_010_040);
}
