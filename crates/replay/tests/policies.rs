//! The queue times of `docs/replay.md`: on a slice of the trace that its table is made from.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]
#![allow(clippy::print_stderr, reason = "a test says that it skipped")]
#![allow(clippy::disallowed_methods, reason = "a test reads its trace")]

#[path = "../examples/policies/queue_times.rs"]
mod queue_times;

use std::fs;
use std::path::Path;

use comity_replay::{Read, TraceJob, read_jobs};
use queue_times::{rows, virtual_clusters};

const GPUS: u32 = 400;

/// The first rows of the trace, of which none is set aside; nothing where the trace is not there.
fn slice(count: usize) -> Option<Read<TraceJob>> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/philly-2017-jobs.csv");
    let Ok(text) = fs::read_to_string(path) else {
        eprintln!("skipped: no philly-2017-jobs.csv");
        return None;
    };
    let head: Vec<&str> = text.lines().take(count + 1).collect();
    Some(read_jobs(&head.join("\n")).unwrap())
}

#[test]
fn each_policy_runs_every_job_and_orders_them_in_its_own_way() {
    let Some(read) = slice(3_000) else { return };
    assert_eq!(read.rows.len(), 3_000);
    let clusters = virtual_clusters(&read, GPUS);
    assert!(clusters.len() > 5);
    assert!(clusters.iter().all(|it| it.nominal >= it.largest), "each job can run");
    let rows = rows(&read, GPUS).unwrap();
    assert!(rows.iter().all(|row| row.not_started == 0), "{rows:#?}");
    let of = |name: &str| rows.iter().find(|row| row.policy == name).unwrap();
    for row in &rows {
        assert!(row.quantiles.is_sorted(), "{row:?}");
        assert!(row.mean <= row.quantiles[2].max(row.mean));
    }
    // Nobody passes in FIFO; whoever fits passes in first fit.
    assert!(of("FIFO").mean > of("EASY").mean, "{rows:#?}");
    assert!(of("EASY").mean > 0);
    // What is idle with others helps only where it may be borrowed.
    let never = of("quota without borrowing, EASY");
    assert!(never.mean > of("quota with borrowing, EASY").mean, "{rows:#?}");
}
