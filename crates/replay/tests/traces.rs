//! Readers of traces: made-up examples with every fault, text that is no trace, and the move into
//! a period.

use std::fmt::Write;

use comity_base::{Instant, Window};
use comity_replay::{
    JobFormat, Read, TraceError, detect_jobs, jobs_in_period, read_jobs, read_requests,
    traffic_in_period,
};
use expect_test::{Expect, expect};
use proptest::prelude::*;

fn show<T>(read: Result<Read<T>, TraceError>, row: impl Fn(&T) -> String) -> String {
    let read = match read {
        Ok(read) => read,
        Err(error) => return format!("{error}\nhelp: {}\n", error.help()),
    };
    let used = u64::try_from(read.rows.len() + read.set_aside.len()).expect("few rows");
    assert_eq!(read.read, used, "every row is used or set aside");
    let mut shown = String::new();
    for value in &read.rows {
        writeln!(shown, "{}", row(value)).expect("a string takes every line");
    }
    for aside in &read.set_aside {
        writeln!(shown, "{}: {} | {}", aside.line, aside.reason, aside.text)
            .expect("a string takes every line");
    }
    writeln!(shown, "({})", read.notes).expect("a string takes every line");
    shown
}

#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is passed")]
fn check_jobs(text: &str, expected: Expect) {
    let shown = show(read_jobs(text), |job| {
        format!(
            "{}: at {}, {} GPUs, ran {}, asked {}, {}",
            job.line,
            job.submit_seconds,
            job.size,
            job.run_seconds,
            job.asked_seconds,
            job.tenant.as_deref().unwrap_or("nobody")
        )
    });
    expected.assert_eq(&shown);
}

#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is passed")]
fn check_requests(text: &str, expected: Expect) {
    let shown = show(read_requests(text), |request| {
        format!(
            "{}: at {}, {} + {}",
            request.line, request.at, request.tokens_in, request.tokens_out
        )
    });
    expected.assert_eq(&shown);
}

fn window(start: &str, end: &str) -> Window {
    let at = |text| Instant::parse(text).expect("a test's dates are dates");
    Window::new(at(start), at(end)).expect("a test's windows hold something")
}

#[test]
fn philly_jobs_are_read() {
    check_jobs(
        "\u{feff}# from a cluster\r\n\
         Timestamp, duration,num_gpus,gpu_time,cluster\r\n\
         1970-01-01 00:01:00,66.0,1,66.0,11cb48\r\n\
         \r\n\
         1970-01-01 00:00:30,65.0000001,8.0,520,\r\n\
         1970-01-01 00:01:00,66.0,1,66.0,11cb48\r\n\
         1970-01-01 00:02:00,\"5\",2,10,\"a,b\"\r\n",
        expect![[r#"
            3: at 60, 1 GPUs, ran 66, asked 66, 11cb48
            5: at 30, 8 GPUs, ran 66, asked 66, nobody
            6: at 60, 1 GPUs, ran 66, asked 66, 11cb48
            7: at 120, 2 GPUs, ran 5, asked 5, a,b
            (1 blank, 1 of comment, 1 repeated and kept, 1 before the row above)
        "#]],
    );
}

#[test]
fn faults_of_philly_rows_are_named() {
    check_jobs(
        "duration,num_gpus,timestamp,cluster\n\
         ,1,1970-01-01 00:01:00,a\n\
         60,nan,1970-01-01 00:01:00,a\n\
         60,1,,a\n\
         60,1,1970-02-30 00:01:00,a\n\
         -60,1,1970-01-01 00:01:00,a\n\
         0.0,1,1970-01-01 00:01:00,a\n\
         60,0,1970-01-01 00:01:00,a\n\
         60,-8,1970-01-01 00:01:00,a\n\
         60,1.5,1970-01-01 00:01:00,a\n\
         1e3,1,1970-01-01 00:01:00,a\n\
         99999999999999999999999999,1,1970-01-01 00:01:00,a\n\
         60,4294967296,1970-01-01 00:01:00,a\n\
         60,1,1970-01-01 00:01:00\n\
         60,1,1970-01-01 00:01:00,a,b\n\
         duration,num_gpus,timestamp,cluster\n\
         \"60,1,1970-01-01 00:01:00,a\n\
         \u{1b}[31m,1,1970-01-01 00:01:00,a\n\
         60,1,1970-01-01 00:01:00,a",
        expect![[r#"
            19: at 60, 1 GPUs, ran 60, asked 60, a
            2: `duration` is not known | ,1,1970-01-01 00:01:00,a
            3: `num_gpus` is not known | 60,nan,1970-01-01 00:01:00,a
            4: `timestamp` is not known | 60,1,,a
            5: `timestamp` is not a date and time | 60,1,1970-02-30 00:01:00,a
            6: `duration` is below zero | -60,1,1970-01-01 00:01:00,a
            7: `duration` is zero | 0.0,1,1970-01-01 00:01:00,a
            8: it uses no GPU | 60,0,1970-01-01 00:01:00,a
            9: `num_gpus` is below zero | 60,-8,1970-01-01 00:01:00,a
            10: `num_gpus` is not a whole number | 60,1.5,1970-01-01 00:01:00,a
            11: `duration` is not a number of seconds | 1e3,1,1970-01-01 00:01:00,a
            12: `duration` is above 4294967295 | 99999999999999999999999999,1,1970-01-01 00:01:00,a
            13: `num_gpus` is above 4294967295 | 60,4294967296,1970-01-01 00:01:00,a
            14: fields: 3 instead of 4 | 60,1,1970-01-01 00:01:00
            15: fields: 5 instead of 4 | 60,1,1970-01-01 00:01:00,a,b
            16: the header once more | duration,num_gpus,timestamp,cluster
            17: fields: 1 instead of 4 | "60,1,1970-01-01 00:01:00,a
            18: `duration` is not a number of seconds | �[31m,1,1970-01-01 00:01:00,a
            ()
        "#]],
    );
}

#[test]
fn openb_pods_of_whole_gpus_and_with_a_share_of_one_are_jobs() {
    check_jobs(
        "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n\
         p0,12000,16384,1,1000,,LS,Running,0,12537496,0\n\
         p1,6000,12288,8,1000,V100M16|V100M32,LS,Succeeded,427061,427161,427071\n\
         p2,6000,12288,1,460,,LS,Running,427061,12902960,427061\n\
         p3,20000,65536,0,0,,LS,Running,2759674,12902960,2759676\n\
         p4,6000,12288,2,1000,,BE,Failed,427000,427161,427071\n\
         p5,6000,12288,1,1000,,BE,Pending,427000,427161,\n\
         p6,6000,12288,1,1000,,BE,Running,427000,427161,\n\
         p7,6000,12288,1,1000,,BE,Running,427000,,427161\n\
         p8,6000,12288,1,1000,,BE,Running,427000,427161,427161\n\
         p9,6000,12288,1,2000,,BE,Running,427000,427161,427161\n\
         pa,6000,12288,1,1000,,BE,Running,0,99999999999,1\n\
         pb,6000,12288,1,1000,,BE,Running,x,99,1\n\
         pc,6000,12288,2,500,,BE,Running,427000,427161,427161\n\
         pd,6000,12288,1,0,,BE,Running,427000,427161,427161\n\
         pe,6000,12288,1,1,,BE,Running,427070,427161,427071\n\
         pf,6000,12288,1,-5,,BE,Running,427070,427161,427071\n",
        expect![[r#"
            2: at 0, 1 GPUs, ran 12537496, asked 12537496, nobody
            3: at 427061, 8 GPUs, ran 90, asked 90, nobody
            4: at 427061, 0.46 GPUs, ran 12475899, asked 12475899, nobody
            6: at 427000, 2 GPUs, ran 90, asked 90, nobody
            8: at 427000, 1 GPUs, ran 161, asked 161, nobody
            16: at 427070, 0.001 GPUs, ran 90, asked 90, nobody
            5: it uses no GPU | p3,20000,65536,0,0,,LS,Running,2759674,12902960,2759676
            7: it was never scheduled | p5,6000,12288,1,1000,,BE,Pending,427000,427161,
            9: `deletion_time` is not known | p7,6000,12288,1,1000,,BE,Running,427000,,427161
            10: `deletion_time` is not after `scheduled_time` | p8,6000,12288,1,1000,,BE,Running,427000,427161,427161
            11: `gpu_milli` is above 1000 | p9,6000,12288,1,2000,,BE,Running,427000,427161,427161
            12: `deletion_time` is above 4294967295 | pa,6000,12288,1,1000,,BE,Running,0,99999999999,1
            13: `creation_time` is not a number of seconds | pb,6000,12288,1,1000,,BE,Running,x,99,1
            14: it uses parts of several GPUs | pc,6000,12288,2,500,,BE,Running,427000,427161,427161
            15: `gpu_milli` is zero | pd,6000,12288,1,0,,BE,Running,427000,427161,427161
            17: `gpu_milli` is below zero | pf,6000,12288,1,-5,,BE,Running,427070,427161,427071
            (1 before the row above, 1 with the start assumed)
        "#]],
    );
}

#[test]
fn swf_jobs_are_read() {
    check_jobs(
        "; Version: 2.2\n\
         ;  UnixStartTime:  1000 \n\
         ;\n\
         1 0 -1 1451 128 -1 -1 -1 -1 -1 -1 1 1 -1 -1 -1 -1 -1\n\
         \x20 2\t60 5 10.5 4 -1 -1 8 3600 -1 1 7 -1 -1 -1 -1 -1 -1\r\n\
         3 30 -1 100 8 -1 -1 8 50 -1 1 -1 -1 -1 -1 -1 -1 -1\n\
         4 90 -1 100 8 -1 -1 0 0 -1 1 0 -1 -1 -1 -1 -1 -1\n\
         ; a comment between\n\
         5 90 -1 0 8 -1 -1 0 0 -1 1 0 -1 -1 -1 -1 -1 -1\n\
         6 90 -1 -1 8 -1 -1 0 0 -1 1 0 -1 -1 -1 -1 -1 -1\n\
         7 90 -1 100 0 -1 -1 -1 0 -1 1 0 -1 -1 -1 -1 -1 -1\n\
         8 90 -1 100 -1 -1 -1 -1 0 -1 1 0 -1 -1 -1 -1 -1 -1\n\
         9 -1 -1 100 1 -1 -1 -1 0 -1 1 0 -1 -1 -1 -1 -1 -1\n\
         10 90 -1 100 8 -1 -1 8 0 -1 2 0 -1 -1 -1 -1 -1 -1\n\
         11 90 -1 100 8 -1 -1 8 0 -1 1 0 -1 -1 -1 -1 -1\n\
         12 90 -1 99999999999 8 -1 -1 8 0 -1 1 0 -1 -1 -1 -1 -1 -1\n\
         13 253402207200 -1 1 8 -1 -1 8 0 -1 1 0 -1 -1 -1 -1 -1 -1\n\
         14 90 -1 ten 8 -1 -1 8 0 -1 1 0 -1 -1 -1 -1 -1 -1\n",
        expect![[r#"
            4: at 1000, 128 GPUs, ran 1451, asked 1451, group 1
            5: at 1060, 8 GPUs, ran 11, asked 3600, user 7
            6: at 1030, 8 GPUs, ran 100, asked 50, nobody
            7: at 1090, 8 GPUs, ran 100, asked 100, user 0
            9: `run time` is zero | 5 90 -1 0 8 -1 -1 0 0 -1 1 0 -1 -1 -1 -1 -1 -1
            10: `run time` is not known | 6 90 -1 -1 8 -1 -1 0 0 -1 1 0 -1 -1 -1 -1 -1 -1
            11: `allocated processors` is zero | 7 90 -1 100 0 -1 -1 -1 0 -1 1 0 -1 -1 -1 -1 -1 -1
            12: `allocated processors` is not known | 8 90 -1 100 -1 -1 -1 -1 0 -1 1 0 -1 -1 -1 -1 -1 -1
            13: `submit time` is not known | 9 -1 -1 100 1 -1 -1 -1 0 -1 1 0 -1 -1 -1 -1 -1 -1
            14: it is a part of a job that another row sums up | 10 90 -1 100 8 -1 -1 8 0 -1 2 0 -1 -1 -1 -1 -1 -1
            15: fields: 17 instead of 18 | 11 90 -1 100 8 -1 -1 8 0 -1 1 0 -1 -1 -1 -1 -1
            16: `run time` is above 4294967295 | 12 90 -1 99999999999 8 -1 -1 8 0 -1 1 0 -1 -1 -1 -1 -1 -1
            17: `submit time` is above 253402207200 | 13 253402207200 -1 1 8 -1 -1 8 0 -1 1 0 -1 -1 -1 -1 -1 -1
            18: `run time` is not a number of seconds | 14 90 -1 ten 8 -1 -1 8 0 -1 1 0 -1 -1 -1 -1 -1 -1
            (4 of comment, 1 before the row above, 1 asking for less than they ran)
        "#]],
    );
    // Without comments the shape of the first line tells.
    check_jobs(
        "1 5 -1 9 8 -1 -1 -1 -1 -1 -1 1 1 -1 -1 -1 -1 -1",
        expect![[r#"
        1: at 5, 8 GPUs, ran 9, asked 9, group 1
        ()
    "#]],
    );
}

#[test]
fn requests_are_read() {
    check_requests(
        "TIMESTAMP,ContextTokens,GeneratedTokens\r\n\
         1970-01-01 00:00:46.6805900,374,44\r\n\
         1970-01-01 00:00:45.9999999+00:00,10,0\r\n\
         1970-01-01 00:00:47,,44\r\n\
         1970-01-01 00:00:47,374,-44\r\n\
         1970-01-01 00:00:47,374,4.4\r\n\
         1970-01-01 00:00:47.,374,44\r\n\
         1970-01-01 00:00:47,99999999999,44\r\n\
         not known,374,44\r\n\
         1970-01-01 00:00:46.6805900,374,44",
        expect![[r#"
            2: at 46, 374 + 44
            3: at 45, 10 + 0
            10: at 46, 374 + 44
            4: `ContextTokens` is not known | 1970-01-01 00:00:47,,44
            5: `GeneratedTokens` is below zero | 1970-01-01 00:00:47,374,-44
            6: `GeneratedTokens` is not a whole number | 1970-01-01 00:00:47,374,4.4
            7: `TIMESTAMP` is not a date and time | 1970-01-01 00:00:47.,374,44
            8: `ContextTokens` is above 4294967295 | 1970-01-01 00:00:47,99999999999,44
            9: `TIMESTAMP` is not a date and time | not known,374,44
            (1 repeated and kept, 1 before the row above)
        "#]],
    );
}

#[test]
fn what_is_no_trace_is_said_with_what_would_be() {
    check_jobs(
        "",
        expect![[r#"
        the trace of jobs has no content
        help: a trace of jobs begins with a header with `timestamp`, `duration`, `num_gpus` (Philly) or `num_gpu`, `gpu_milli`, `creation_time`, `deletion_time`, `scheduled_time` (openb), or is in the Standard Workload Format: 18 numbers a line, comments behind `;`
    "#]],
    );
    check_jobs(
        "\n# nothing\n",
        expect![[r#"
        the trace of jobs has no content
        help: a trace of jobs begins with a header with `timestamp`, `duration`, `num_gpus` (Philly) or `num_gpu`, `gpu_milli`, `creation_time`, `deletion_time`, `scheduled_time` (openb), or is in the Standard Workload Format: 18 numbers a line, comments behind `;`
    "#]],
    );
    check_jobs(
        "{\"jobs\": []}\n",
        expect![[r#"
        line 1 begins no known trace of jobs: `{"jobs": []}`
        help: a trace of jobs begins with a header with `timestamp`, `duration`, `num_gpus` (Philly) or `num_gpu`, `gpu_milli`, `creation_time`, `deletion_time`, `scheduled_time` (openb), or is in the Standard Workload Format: 18 numbers a line, comments behind `;`
    "#]],
    );
    check_jobs(
        "# Philly\ntimestamp,duration,num_gpu,cluster\n",
        expect![[r#"
        the Philly header on line 2 has no `num_gpus`
        help: the header has `timestamp`, `duration`, `num_gpu`, `cluster`; capitals do not matter
    "#]],
    );
    check_jobs(
        "name,num_gpu,gpu_milli,creation_time\n",
        expect![[r#"
        the openb header on line 1 has no `deletion_time`, `scheduled_time`
        help: the header has `name`, `num_gpu`, `gpu_milli`, `creation_time`; capitals do not matter
    "#]],
    );
    check_jobs(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n",
        expect![[r#"
        line 1 begins no known trace of jobs: `TIMESTAMP,ContextTokens,GeneratedTokens`
        help: a trace of jobs begins with a header with `timestamp`, `duration`, `num_gpus` (Philly) or `num_gpu`, `gpu_milli`, `creation_time`, `deletion_time`, `scheduled_time` (openb), or is in the Standard Workload Format: 18 numbers a line, comments behind `;`
    "#]],
    );
    check_requests(
        " \n",
        expect![[r#"
        the trace of requests has no content
        help: a trace of requests begins with a header with `TIMESTAMP`, `ContextTokens`, `GeneratedTokens` (Azure LLM inference)
    "#]],
    );
    check_requests(
        "timestamp,duration,num_gpus\n",
        expect![[r#"
        line 1 begins no known trace of requests: `timestamp,duration,num_gpus`
        help: a trace of requests begins with a header with `TIMESTAMP`, `ContextTokens`, `GeneratedTokens` (Azure LLM inference)
    "#]],
    );
    check_requests(
        "TIMESTAMP,ContextTokens,Generated\n",
        expect![[r#"
        the Azure LLM inference header on line 1 has no `GeneratedTokens`
        help: the header has `TIMESTAMP`, `ContextTokens`, `Generated`; capitals do not matter
    "#]],
    );
}

#[test]
fn formats_are_told_apart() {
    let check = |text: &str, expected: Option<JobFormat>| {
        assert_eq!(detect_jobs(text), expected, "{text:?}");
    };
    check("timestamp,duration,num_gpus", Some(JobFormat::Philly));
    check("num_gpu,gpu_milli,qos", Some(JobFormat::Openb));
    check("\u{feff}\r\n; Version: 2.2", Some(JobFormat::Swf));
    check("1 2 3", None);
    check("timestamp", None);
    check("", None);
}

#[test]
fn old_line_ends_lose_no_row() {
    let read = read_jobs("timestamp,duration,num_gpus\r1970-01-01 00:00:01,1,1\r").unwrap();
    assert_eq!((read.read, read.rows[0].line), (1, 2));
}

#[test]
fn jobs_are_moved_into_a_period() {
    let read = read_jobs(
        "timestamp,duration,num_gpus\n\
         2017-10-02 00:00:00,100000,1\n\
         2017-10-01 12:00:00,60,2\n\
         2017-10-02 00:00:00,70,3\n\
         2017-10-02 12:00:00,80,4\n",
    )
    .unwrap();
    let moved = jobs_in_period(&read, window("2026-01-01", "2026-01-02"), 7, 100);
    let jobs: Vec<_> = moved
        .inside
        .iter()
        .map(|job| (job.id, job.class, job.submit.to_string(), job.size.gpus(), job.run_seconds))
        .collect();
    let noon = "2026-01-01T12:00:00Z".to_owned();
    let expected = [
        (100, 7, "2026-01-01".to_owned(), 2, 60),
        (101, 7, noon.clone(), 1, 100_000),
        (102, 7, noon, 3, 70),
    ];
    assert_eq!(jobs, expected);
    // The job at the very end of the period is not in it.
    assert_eq!(moved.later, 1);
}

#[test]
fn requests_are_summed_by_the_hour() {
    let read = read_requests(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n\
         2023-11-16 20:20:00.9,100,10\n\
         2023-11-16 18:15:46.6,1,2\n\
         2023-11-16 19:15:45.9,3,4\n\
         2023-11-16 20:45:46.1,5,6\n",
    )
    .unwrap();
    let check = |period: Window, expected: &[(&str, i64, u64, u64)], later: u64| {
        let moved = traffic_in_period(&read, period);
        let seen: Vec<_> = moved
            .inside
            .iter()
            .map(|hour| {
                let start = hour.window.start().to_string();
                (start, hour.window.seconds(), hour.tokens_in, hour.tokens_out)
            })
            .collect();
        let seen: Vec<_> = seen.iter().map(|row| (row.0.as_str(), row.1, row.2, row.3)).collect();
        assert_eq!((seen.as_slice(), moved.later), (expected, later), "{period}");
    };
    // The third hour has all its requests, and the hours after it are not listed.
    check(
        window("2026-01-01T09:30:00Z", "2026-01-02"),
        &[
            ("2026-01-01T09:30:00Z", 3_600, 4, 6),
            ("2026-01-01T10:30:00Z", 3_600, 0, 0),
            ("2026-01-01T11:30:00Z", 3_600, 105, 16),
        ],
        0,
    );
    // The period ends half an hour into it.
    check(
        window("2026-01-01", "2026-01-01T02:30:00Z"),
        &[
            ("2026-01-01", 3_600, 4, 6),
            ("2026-01-01T01:00:00Z", 3_600, 0, 0),
            ("2026-01-01T02:00:00Z", 1_800, 100, 10),
        ],
        1,
    );
    let empty = read_requests("TIMESTAMP,ContextTokens,GeneratedTokens\n").unwrap();
    assert!(traffic_in_period(&empty, window("2026-01-01", "2026-01-02")).inside.is_empty());
}

/// Pieces that traces are made of, so that drawn text gets past the first checks.
fn trace_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("timestamp,duration,num_gpus\n".to_owned()),
        Just("num_gpu,gpu_milli,creation_time,deletion_time,scheduled_time\n".to_owned()),
        Just("TIMESTAMP,ContextTokens,GeneratedTokens\n".to_owned()),
        Just("; UnixStartTime: -9\n".to_owned()),
        Just("2017-10-09 07:01:55.1".to_owned()),
        Just("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18\n".to_owned()),
        Just("\u{feff}".to_owned()),
        "[,\n\r\"#; .T:Z-]{1,3}",
        "-?[0-9]{1,25}",
        any::<i64>().prop_map(|number| number.to_string()),
        ".{0,3}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn holds_for_any_text(text: &str) -> Result<(), TestCaseError> {
    let period = window("2026-01-01", "2026-01-03");
    match read_jobs(text) {
        Ok(read) => {
            prop_assert_eq!(usize::try_from(read.read), Ok(read.rows.len() + read.set_aside.len()));
            prop_assert!(read.rows.iter().all(|job| job.run_seconds > 0 && job.size.milli() > 0));
            let moved = jobs_in_period(&read, period, 0, 0);
            let later = usize::try_from(moved.later);
            prop_assert_eq!(later, Ok(read.rows.len() - moved.inside.len()));
            prop_assert!(moved.inside.iter().all(|job| period.contains(job.submit)));
            prop_assert!(moved.inside.is_sorted_by_key(|job| (job.submit, job.id)));
        }
        Err(error) => prop_assert_ne!(error.to_string(), error.help()),
    }
    match read_requests(text) {
        Ok(read) => {
            prop_assert_eq!(usize::try_from(read.read), Ok(read.rows.len() + read.set_aside.len()));
            let moved = traffic_in_period(&read, period);
            prop_assert!(moved.inside.iter().all(|hour| period.intersect(hour.window).is_some()));
        }
        Err(error) => prop_assert_ne!(error.to_string(), error.help()),
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        holds_for_any_text(&text)?;
    }

    #[test]
    fn trace_like_text_is_read_or_refused(text in trace_like()) {
        holds_for_any_text(&text)?;
    }

    #[test]
    fn rows_keep_their_lines(blank in prop::collection::vec(0_usize..3, 1..20)) {
        let mut text = "timestamp,duration,num_gpus\r\n".to_owned();
        let mut lines = Vec::new();
        for (index, blanks) in blank.iter().enumerate() {
            text += &"\r\n".repeat(*blanks);
            lines.push(text.matches('\n').count() + 1);
            text += &format!("2017-10-09 07:01:{index:02},1,1\r\n");
        }
        let read = read_jobs(&text).expect("the header is whole");
        let seen: Vec<_> = read.rows.iter().map(|job| usize::try_from(job.line)).collect();
        prop_assert_eq!(seen, lines.into_iter().map(Ok).collect::<Vec<_>>());
    }
}
