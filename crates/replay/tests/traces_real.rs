//! The real traces, where they are at hand: what is read and what is set aside.

use std::fmt::Write;
use std::path::Path;

use comity_base::{Instant, Window};
use comity_replay::{Read, TraceJob, jobs_in_period, read_jobs, read_requests, traffic_in_period};
use expect_test::{Expect, expect};

#[expect(clippy::disallowed_methods, reason = "the traces are no part of the repository")]
#[expect(clippy::print_stdout, reason = "a test that skips says so")]
fn real(name: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        println!("skipped: {} cannot be read", path.display());
    }
    text
}

#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is passed")]
fn check<T>(read: &Read<T>, expected: Expect) {
    let mut shown = format!("{} read, {} used\n", read.read, read.rows.len());
    for (reason, count) in read.set_aside_by_reason() {
        writeln!(shown, "{count} set aside: {reason}").expect("a string takes every line");
    }
    writeln!(shown, "({})", read.notes).expect("a string takes every line");
    expected.assert_eq(&shown);
    assert_eq!(usize::try_from(read.read), Ok(read.rows.len() + read.set_aside.len()));
}

fn january() -> Window {
    let at = |text| Instant::parse(text).expect("a test's dates are dates");
    Window::new(at("2026-01-01"), at("2026-02-01")).expect("January holds something")
}

/// What was held, in thousandths of a GPU-second.
fn gpu_milliseconds(read: &Read<TraceJob>) -> u64 {
    read.rows.iter().map(|job| job.size.milli() * u64::from(job.run_seconds)).sum()
}

// The sums and counts stated below were taken from the files by another program.

#[test]
fn philly() {
    let Some(text) = real("philly-2017-jobs.csv") else { return };
    let read = read_jobs(&text).unwrap();
    check(
        &read,
        expect![[r#"
        82247 read, 82247 used
        (1 blank, 65 repeated and kept, 44878 before the row above)
    "#]],
    );
    let moved = jobs_in_period(&read, january(), 0, 0);
    let first = moved.inside.first().map(|job| job.submit);
    assert_eq!(first, Some(january().start()));
    assert_eq!((moved.inside.len(), moved.later), (12_378, 69_869));
    assert_eq!(gpu_milliseconds(&read), 3_521_082_502_000);
}

#[test]
fn philly_10k_as_swf() {
    let Some(text) = real("philly-10k.swf") else { return };
    let read = read_jobs(&text).unwrap();
    check(
        &read,
        expect![[r#"
        10000 read, 10000 used
        (5 of comment)
    "#]],
    );
}

#[test]
fn nasa() {
    let Some(text) = real("nasa-ipsc-1993.swf") else { return };
    let read = read_jobs(&text).unwrap();
    check(
        &read,
        expect![[r#"
        18239 read, 18066 used
        173 set aside: `run time` is zero
        (32 of comment)
    "#]],
    );
    // The log's `StartTime`: Fri Oct 01 00:00:03 PDT 1993.
    let first = Instant::from_seconds(read.rows[0].submit_seconds);
    assert_eq!(first, Instant::parse("1993-10-01T00:00:03-07:00").unwrap());
}

#[test]
fn openb() {
    let Some(text) = real("openb-2023-pods.csv") else { return };
    let read = read_jobs(&text).unwrap();
    check(
        &read,
        expect![[r#"
        8152 read, 6203 used
        1088 set aside: it uses no GPU
        861 set aside: it was never scheduled
        ()
    "#]],
    );
    assert_eq!(read.rows.iter().filter(|job| job.size.share().is_some()).count(), 2_573);
    assert_eq!(gpu_milliseconds(&read), 185_294_426_970);
}

#[test]
fn azure() {
    let Some(text) = real("azure-llm-2023-conv.csv") else { return };
    let read = read_requests(&text).unwrap();
    check(
        &read,
        expect![[r#"
        19366 read, 19366 used
        ()
    "#]],
    );
    let moved = traffic_in_period(&read, january());
    assert_eq!((moved.inside.len(), moved.later), (1, 0));
    let hour = moved.inside[0];
    assert_eq!((hour.tokens_in, hour.tokens_out), (22_361_870, 4_088_665));
}
