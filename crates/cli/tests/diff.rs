//! `comity diff` on the Stargate deal.

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use common::{Ran, comity, root};
use expect_test::expect_file;
use serde_json::Value;

fn diff(words: &str) -> Ran {
    // No difference may depend on the clock.
    let known = if words.contains("--known") { "" } else { "--known 2026-06-01" };
    let words = words.split_whitespace().chain(known.split_whitespace());
    comity(["diff", "deals/stargate"].into_iter().chain(words))
}

fn text(words: &str) -> String {
    let ran = diff(words);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{words}");
    for line in ran.out.lines() {
        assert!(line.chars().count() <= 92, "{line}");
        assert_eq!(line, line.trim_end());
    }
    ran.out
}

#[test]
fn the_exception_of_january_2025() {
    expect_file!["snapshots/diff-2025-01.txt"]
        .assert_eq(&text("--from 2024-06-30 --to 2025-01-22"));
}

#[test]
fn the_recapitalisation() {
    expect_file!["snapshots/diff-2025-10.txt"]
        .assert_eq(&text("--from 2025-01-22 --to 2025-11-15"));
}

#[test]
fn any_cloud() {
    expect_file!["snapshots/diff-2026-04.txt"]
        .assert_eq(&text("--from 2025-11-15 --to 2026-05-15"));
}

#[test]
fn more_becomes_known() {
    let text = text("--at 2031-06-30 --known 2025-01-22 --known-to 2025-11-15");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let changed = "Microsoft may now exploit OpenAI's model and product IP for anyone: was \
                   deny, since no term speaks of it; is allow by model-ip-licence-2025";
    assert!(text.contains(changed), "{text}");
}

#[test]
fn a_deal_does_not_differ_from_itself() {
    let text = text("--against deals/stargate --at 2025-11-15");
    assert!(text.contains("0 terms changed") && text.contains("no answer changed"), "{text}");
}

#[test]
fn json_has_the_same_boxes() {
    let ran = diff("--from 2024-06-30 --to 2025-01-22 --json");
    let value: Value = serde_json::from_str(&ran.out).expect("it is JSON");
    let answers = value["answers"].as_array().expect("a list");
    let first = &answers[0];
    assert_eq!(first["before"]["answer"], "allow");
    assert_eq!(first["after"]["terms"][0], "api-offer-2025");
    assert_eq!(first["box"]["purpose"], "any");
}

#[test]
fn what_cannot_be_read_is_said() {
    let ran = diff("--from soon --to later");
    assert_eq!((ran.status, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("`soon` is not a date") && ran.err.contains("`later` is not a date"));
    let ran = diff("");
    assert!(ran.err.contains("nothing is compared"), "{}", ran.err);
}

#[test]
fn the_date_and_what_is_known_are_now_where_they_are_not_said() {
    let ran = comity(["diff", "deals/stargate", "--against", "deals/stargate", "--json"]);
    let value: Value = serde_json::from_str(&ran.out).expect("it is JSON");
    let (at, known) = (&value["after"]["at"], &value["after"]["known"]);
    let now = at.as_str().expect("the instant is given");
    assert!(now > "2026-01-01" && known.as_str() >= Some("2026-01-01"), "{now}");
    assert_eq!(value["before"]["at"], *at);
}

#[test]
fn what_an_exercise_brought_is_told_with_it() {
    let deal = root().join("deals/lease");
    let deal = deal.to_str().unwrap();
    let ran = comity(["diff", deal, "--from", "2026-07-01", "--to", "2027-07-01"]);
    let text = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = "hall-use-extension-2027: brought by the exercise of extension-option-2025 on \
                2025-11-20, recorded on 2025-11-20";
    assert!(text.contains(told), "{text}");
}
