//! The reader of faults: made-up traces with every flaw, and the real one where it is at hand.

use std::fmt::Write;

use comity_replay::read_faults;
use expect_test::{Expect, expect};
use proptest::prelude::*;

#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is passed")]
fn check(text: &str, expected: Expect) {
    let mut shown = String::new();
    match read_faults(text) {
        Err(error) => writeln!(shown, "{error}").expect("a string takes every line"),
        Ok(read) => {
            let used = 2 * read.rows.len() + read.set_aside.len();
            assert_eq!(Ok(read.read), u64::try_from(used), "every event is used or set aside");
            for row in &read.rows {
                let (from, to) = (row.from_seconds, row.to_seconds);
                let of = [&*row.level, &row.class, &row.description].join(", ");
                writeln!(shown, "{}: {} from {from} to {to}: {of}", row.line, row.node)
                    .expect("a string takes every line");
            }
            for row in &read.set_aside {
                writeln!(shown, "{}: {} | {}", row.line, row.reason, row.text)
                    .expect("a string takes every line");
            }
            writeln!(shown, "({})", read.notes).expect("a string takes every line");
        }
    }
    expected.assert_eq(&shown);
}

fn event(node: &str, days: &str, kind: &str, class: &str) -> String {
    format!(
        r#"{{"node_id": "{node}", "event_time": {days}, "event_type": "fault_{kind}", "fault_type": {{"Level": "H", "Class": "{class}", "Desc": "d"}}}}"#
    )
}

fn trace(events: &[String]) -> String {
    format!("[\n{}\n]\n", events.join(",\n"))
}

#[test]
fn starts_and_ends_are_joined() {
    check(
        &trace(&[
            event("a", "0.5", "start", "GPU"),
            event("b", "0.75", "start", "GPU"),
            event("a", "1", "start", "Fan"),
            event("a", "2.00001", "end", "GPU"),
            event("b", "0.75", "end", "GPU"),
            event("a", "3", "end", "Fan"),
            event("a", "3", "start", "GPU"),
            event("a", "3.5000000000000004", "end", "GPU"),
        ]),
        expect![[r#"
            2: a from 43200 to 172800: H, GPU, d
            3: b from 64800 to 64801: H, GPU, d
            4: a from 86400 to 259200: H, Fan, d
            8: a from 259200 to 302400: H, GPU, d
            ()
        "#]],
    );
}

#[test]
fn what_cannot_be_joined_is_set_aside() {
    check(
        &trace(&[
            event("a", "1", "end", "GPU"),
            event("a", "2", "start", "GPU"),
            event("a", "3", "start", "GPU"),
            event("a", "1.5", "end", "GPU"),
            event("a", "4", "end", "GPU"),
            event("a", "5", "start", "GPU"),
            event("a", "6", "end", "Fan"),
            event("b", "2.5", "start", "GPU"),
            event("b", "2.6", "end", "GPU"),
        ]),
        expect![[r#"
            3: a from 172800 to 345600: H, GPU, d
            9: b from 216000 to 224640: H, GPU, d
            2: it ends a fault that has not started | {"node_id": "a", "event_time": 1, "event_type": "fault_end", "fault_type": {"Level": "H", "Class": "GPU", "Desc": "d"}}
            4: it starts a fault that its node has already, and that has not ended | {"node_id": "a", "event_time": 3, "event_type": "fault_start", "fault_type": {"Level": "H", "Class": "GPU", "Desc": "d"}…
            5: it ends a fault before its start on line 3 | {"node_id": "a", "event_time": 1.5, "event_type": "fault_end", "fault_type": {"Level": "H", "Class": "GPU", "Desc": "d"}…
            7: it starts a fault that has no end | {"node_id": "a", "event_time": 5, "event_type": "fault_start", "fault_type": {"Level": "H", "Class": "GPU", "Desc": "d"}…
            8: it ends a fault that has not started | {"node_id": "a", "event_time": 6, "event_type": "fault_end", "fault_type": {"Level": "H", "Class": "Fan", "Desc": "d"}}
            ()
        "#]],
    );
}

#[test]
fn events_that_lack_something_are_set_aside() {
    let good = event("a", "1", "start", "GPU");
    check(
        &trace(&[
            event("a", "-1", "start", "GPU"),
            event("a", "-0.0", "start", "Fan"),
            event("a", "\"1\"", "start", "GPU"),
            event("a", "9.5e-05", "start", "GPU"),
            event("a", "1e999", "start", "GPU"),
            event("a", "99999999999999999999", "start", "GPU"),
            event("a", "null", "start", "GPU"),
            event("", "1", "start", "GPU"),
            event("a", "1", "begin", "GPU"),
            good.replace("\"a\"", "7"),
            good.replace("event_time", "time"),
            good.replace("\"Class\": \"GPU\", ", ""),
            good.replace("\"Class\"", "\"Level\""),
            good.replace("\"event_time\": 1", "\"event_time\": 1, \"event_time\": 2"),
            good.replace("{\"Level\": \"H\", \"Class\": \"GPU\", \"Desc\": \"d\"}", "[]"),
            "[1, {}]".to_owned(),
            "\"fault_start\"".to_owned(),
            "{\n    \"node_id\": \"\\u0061\",\n    \"more\": {\"deep\": [1]}\n}".to_owned(),
            event("\\u0061\\n", "1", "start", "GPU"),
        ]),
        expect![[r#"
            2: `event_time` is below zero | {"node_id": "a", "event_time": -1, "event_type": "fault_start", "fault_type": {"Level": "H", "Class": "GPU", "Desc": "d"…
            3: it starts a fault that has no end | {"node_id": "a", "event_time": -0.0, "event_type": "fault_start", "fault_type": {"Level": "H", "Class": "Fan", "Desc": "…
            4: `event_time` is not a number of days | {"node_id": "a", "event_time": "1", "event_type": "fault_start", "fault_type": {"Level": "H", "Class": "GPU", "Desc": "d…
            5: `event_time` is not a number of days | {"node_id": "a", "event_time": 9.5e-05, "event_type": "fault_start", "fault_type": {"Level": "H", "Class": "GPU", "Desc"…
            6: `event_time` is not a number of days | {"node_id": "a", "event_time": 1e999, "event_type": "fault_start", "fault_type": {"Level": "H", "Class": "GPU", "Desc": …
            7: `event_time` is above 2932895 | {"node_id": "a", "event_time": 99999999999999999999, "event_type": "fault_start", "fault_type": {"Level": "H", "Class": …
            8: `event_time` is not known | {"node_id": "a", "event_time": null, "event_type": "fault_start", "fault_type": {"Level": "H", "Class": "GPU", "Desc": "…
            9: `node_id` is not known | {"node_id": "", "event_time": 1, "event_type": "fault_start", "fault_type": {"Level": "H", "Class": "GPU", "Desc": "d"}}
            10: `event_type` is not `fault_start` or `fault_end` | {"node_id": "a", "event_time": 1, "event_type": "fault_begin", "fault_type": {"Level": "H", "Class": "GPU", "Desc": "d"}…
            11: `node_id` is not a text | {"node_id": 7, "event_time": 1, "event_type": "fault_start", "fault_type": {"Level": "H", "Class": "GPU", "Desc": "d"}}
            12: `event_time` is not known | {"node_id": "a", "time": 1, "event_type": "fault_start", "fault_type": {"Level": "H", "Class": "GPU", "Desc": "d"}}
            13: `Class` is not known | {"node_id": "a", "event_time": 1, "event_type": "fault_start", "fault_type": {"Level": "H", "Desc": "d"}}
            14: `Level` is there twice | {"node_id": "a", "event_time": 1, "event_type": "fault_start", "fault_type": {"Level": "H", "Level": "GPU", "Desc": "d"}…
            15: `event_time` is there twice | {"node_id": "a", "event_time": 1, "event_time": 2, "event_type": "fault_start", "fault_type": {"Level": "H", "Class": "G…
            16: `fault_type` is not an object | {"node_id": "a", "event_time": 1, "event_type": "fault_start", "fault_type": []}
            17: it is no JSON object | [1, {}]
            18: it is no JSON object | "fault_start"
            19: `event_time` is not known | { "node_id": "\u0061", "more": {"deep": [1]} }
            23: it starts a fault that has no end | {"node_id": "\u0061\n", "event_time": 1, "event_type": "fault_start", "fault_type": {"Level": "H", "Class": "GPU", "Desc…
            ()
        "#]],
    );
}

#[test]
fn what_is_no_trace_is_refused() {
    check(
        "",
        expect![[r#"
        the trace of faults has no content
    "#]],
    );
    check(
        " \n\n",
        expect![[r#"
        the trace of faults has no content
    "#]],
    );
    check(
        "node,from,to\na,1,2\n",
        expect![[r#"
        line 1 begins no known trace of faults: `node,from,to`
    "#]],
    );
    check(
        "{\"events\": []}",
        expect![[r#"
        line 1 begins no known trace of faults: `{"events": []}`
    "#]],
    );
    let whole = trace(&[event("a", "1", "start", "GPU"), event("a", "2", "end", "GPU")]);
    check(
        &whole[..whole.len() - 3],
        expect![[r#"
        the trace is no JSON at line 3, column 119: EOF while parsing a list
    "#]],
    );
    check(
        &whole[..100],
        expect![[r#"
        the trace is no JSON at line 2, column 98: EOF while parsing a string
    "#]],
    );
    check(
        &whole.replace("1,", "01,"),
        expect![[r#"
        the trace is no JSON at line 2, column 33: invalid number
    "#]],
    );
    check(
        &(whole + "]"),
        expect![[r#"
        the trace is no JSON at line 5, column 1: trailing characters
    "#]],
    );
    check(
        "[]",
        expect![[r#"
        ()
    "#]],
    );
    check(
        "\u{feff}[]",
        expect![[r#"
        ()
    "#]],
    );
    check(
        &"[".repeat(100_000),
        expect![[r#"
        the trace is no JSON at line 1, column 100000: EOF while parsing a list
    "#]],
    );
}

#[test]
fn a_refusal_says_what_would_be_right() {
    let help = read_faults("{}").map(|_| ()).map_err(|error| error.help());
    expect![[r#"a trace of faults is a whole JSON array of events: `[{"node_id": "a", "event_time": 1.5, "event_type": "fault_start", "fault_type": {"Level": "Hardware Failure", "Class": "GPU", "Desc": "GPU xid Error"}}, …]`, times in days"#]].assert_eq(&help.unwrap_err());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the traces are no part of the repository")]
fn the_real_trace() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/gpu-faults-2024.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} cannot be read", path.display());
        return;
    };
    let read = read_faults(&text).unwrap();
    // Counts and sums by another program.
    assert_eq!((read.read, read.rows.len(), read.set_aside.len()), (1_168, 584, 0));
    assert_eq!(read.notes.to_string(), "");
    let gpu = read.rows.iter().filter(|fault| fault.class == "GPU").count();
    assert_eq!(gpu, 158);
    let last = read.rows.iter().map(|fault| fault.to_seconds).max();
    assert_eq!(last, Some(30_151_854));
    // Cut off anywhere, it is refused, and says where.
    for end in [1, 700, text.len() / 2, text.len() - 1] {
        let error = read_faults(&text[..end]).unwrap_err().to_string();
        assert!(error.contains("at line ") && error.contains("EOF"), "{error}");
    }
}

proptest! {
    #[test]
    fn no_text_stops_it(text in ".{0,200}", cut in 0..400_usize) {
        let _ = read_faults(&text);
        let _ = read_faults(&format!("[{text}]"));
        let whole = trace(&[event("a", "1", "start", &text), event("a", "2", "end", "GPU")]);
        if let Some(cut) = whole.get(..cut) {
            let _ = read_faults(cut);
        }
    }

    #[test]
    fn every_event_is_used_or_set_aside(
        events in prop::collection::vec((0..3_u8, 0..40_u32, any::<bool>()), 0..40)
    ) {
        let events: Vec<String> = events
            .into_iter()
            .map(|(node, time, start)| {
                event(&node.to_string(), &time.to_string(), if start { "start" } else { "end" }, "c")
            })
            .collect();
        let read = read_faults(&trace(&events)).unwrap();
        prop_assert_eq!(Ok(read.read), u64::try_from(events.len()));
        prop_assert_eq!(2 * read.rows.len() + read.set_aside.len(), events.len());
        prop_assert!(read.rows.iter().all(|fault| fault.from_seconds < fault.to_seconds));
        prop_assert!(read.rows.is_sorted_by_key(|fault| fault.line));
        prop_assert!(read.set_aside.is_sorted_by_key(|row| row.line));
    }
}
