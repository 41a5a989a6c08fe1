//! Moves a trace into a period.

use std::collections::BTreeMap;

use comity_base::{Instant, Window};
use comity_fleet::Job;

use super::{Read, TraceJob, TraceRequest};
use crate::workload::{Traffic, hours};

/// The part of a trace that falls into a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InPeriod<T> {
    /// What falls into it, in order of time.
    pub inside: Vec<T>,
    /// How many rows come at or after the period's end and are set aside.
    pub later: u64,
    /// What was added to the trace's clock, seconds.
    pub shift_seconds: i64,
}

/// The jobs of a trace, moved so that the first submission falls on the start of the period.
///
/// Jobs are in order of submission, those of one second in the order of the file, with ids from
/// `first_id` on. A job submitted in the period stays whole where it runs past the end.
#[must_use]
pub fn jobs_in_period(
    read: &Read<TraceJob>,
    period: Window,
    class: u32,
    first_id: u64,
) -> InPeriod<Job> {
    let mut rows: Vec<&TraceJob> = read.rows.iter().collect();
    rows.sort_by_key(|row| (row.submit_seconds, row.line));
    let shift_seconds = shift(rows.first().map(|row| row.submit_seconds), period);
    let inside =
        rows.partition_point(|row| row.submit_seconds.saturating_add(shift_seconds) < end(period));
    let job = |(id, row): (u64, &&TraceJob)| Job {
        id,
        class,
        submit: Instant::from_seconds(row.submit_seconds.saturating_add(shift_seconds)),
        size: row.size,
        run_seconds: row.run_seconds,
        asked_seconds: row.asked_seconds,
    };
    InPeriod {
        inside: (first_id..).zip(&rows[..inside]).map(job).collect(),
        later: count(rows.len() - inside),
        shift_seconds,
    }
}

/// The requests of a trace summed by the hour, moved so that the first falls on the start of the
/// period.
///
/// Hours are counted from the start of the period, so the first begins with the first request
/// whatever its minute was; the last of the period may be shorter. An hour without requests has
/// no tokens; hours after that of the last request are not listed, as the trace says nothing of
/// them.
#[must_use]
pub fn traffic_in_period(read: &Read<TraceRequest>, period: Window) -> InPeriod<Traffic> {
    let shift_seconds = shift(read.rows.iter().map(|row| row.at).min(), period);
    let mut later = 0;
    let mut sums: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
    for row in &read.rows {
        let at = row.at.saturating_add(shift_seconds);
        if at >= end(period) {
            later += 1;
            continue;
        }
        let sum =
            sums.entry(at.saturating_sub(period.start().seconds()).div_euclid(3_600)).or_default();
        sum.0 = sum.0.saturating_add(row.tokens_in);
        sum.1 = sum.1.saturating_add(row.tokens_out);
    }
    let last = sums.last_key_value().map(|(&hour, _)| hour);
    let traffic = |(hour, window)| {
        let (tokens_in, tokens_out) = sums.get(&hour).copied().unwrap_or_default();
        Traffic { window, tokens_in, tokens_out }
    };
    let inside = (0_i64..).zip(hours(period)).take_while(|&(hour, _)| Some(hour) <= last);
    InPeriod { inside: inside.map(traffic).collect(), later, shift_seconds }
}

/// From the trace's clock to the period's.
fn shift(first: Option<i64>, period: Window) -> i64 {
    first.map_or(0, |first| period.start().seconds().saturating_sub(first))
}

fn end(period: Window) -> i64 {
    period.end().seconds()
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).expect("a count of rows in memory fits in 64 bits")
}
