//! `comity burn-down` on the deals that have commitments.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use common::comity;
use expect_test::expect_file;
use serde_json::Value;

#[test]
fn it_looks_like_this() {
    let ran = comity(["burn-down", "deals/cloud-commitment", "--at", "2026-02-15"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    expect_file!["snapshots/burn-down-cloud-commitment.txt"].assert_eq(&ran.out);
    let ran = comity(["burn-down", "deals/stargate"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    expect_file!["snapshots/burn-down-stargate.txt"].assert_eq(&ran.out);
}

#[test]
fn its_figures_agree_with_the_replay() {
    let json = |words: [&str; 3]| -> Value {
        let ran = comity(words);
        assert_eq!(ran.status, 0, "{}", ran.err);
        serde_json::from_str(&ran.out).unwrap()
    };
    let replay = json(["replay", "deals/lease", "--json"]);
    let burn_down = json(["burn-down", "deals/lease", "--json"]);
    let drawn = &replay["in_force"]["commitments"][0];
    let it = &burn_down["commitments"][0];
    assert_eq!(it["term"], drawn["term"]);
    let it = &it["burn_down"];
    assert_eq!(it["promised"], drawn["committed"]);
    assert_eq!((&it["used"], &it["remaining"]), (&drawn["drawn"], &drawn["remaining"]));
    assert_eq!(it["projected_shortfall"], drawn["shortfall"]);
}

#[test]
fn a_date_outside_the_workload_is_an_error() {
    let ran = comity(["burn-down", "deals/lease", "--at", "2027-01-01"]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("is not in the period of the deal's workload"), "{}", ran.err);
}
