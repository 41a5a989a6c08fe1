//! Queue times of a trace of jobs by policy, as the table in `docs/replay.md`:
//! `cargo run --release -p comity-replay --example policies -- philly-2017-jobs.csv 2490`.

#![allow(clippy::print_stdout, reason = "it prints its table")]
#![allow(clippy::disallowed_methods, reason = "an example reads its arguments")]

mod queue_times;

use std::error::Error;

use comity_replay::read_jobs;
use queue_times::{rows, virtual_clusters};

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "give a trace of jobs and how many GPUs there are";
    let mut words = std::env::args().skip(1);
    let path = words.next().ok_or(usage)?;
    let gpus: u32 = words.next().ok_or(usage)?.parse().map_err(|_| usage)?;
    let text = std::fs::read_to_string(&path).map_err(|error| format!("`{path}`: {error}"))?;
    let read = read_jobs(&text).map_err(|error| format!("`{path}`: {error}"))?;
    let clusters = virtual_clusters(&read, gpus);
    println!(
        "{path}: {} rows, {} set aside; {} virtual clusters on {gpus} GPUs",
        read.read,
        read.set_aside.len(),
        clusters.len()
    );
    println!(
        "\n| policy | mean wait, h | p50 | p90 | p99 | not started |\n|---|--:|--:|--:|--:|--:|"
    );
    for row in rows(&read, gpus)? {
        let hours = |seconds: i64| format!("{}.{:02}", seconds / 3_600, seconds % 3_600 / 36);
        let [p50, p90, p99] = row.quantiles.map(hours);
        println!(
            "| {} | {} | {p50} | {p90} | {p99} | {} |",
            row.policy,
            hours(row.mean),
            row.not_started
        );
    }
    println!(
        "\n| virtual cluster | jobs | GPU-hours | largest job | nominal quota |\n|---|--:|--:|--:|--:|"
    );
    for it in clusters {
        println!(
            "| {} | {} | {} | {} | {} |",
            it.name,
            it.jobs,
            it.gpu_seconds / 3_600,
            it.largest,
            it.nominal
        );
    }
    Ok(())
}
