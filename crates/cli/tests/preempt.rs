//! Others give way only where the terms let a job make them: asked of the condo's memberships.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{comity, copy};
use serde_json::{Value, json};

/// The condo with one line of its workload left out.
fn condo_without(name: &str, line: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("preempt").join(name);
    let _ = fs::remove_dir_all(&folder);
    copy("condo", &folder);
    let workload = folder.join("workload.yaml");
    let text = fs::read_to_string(&workload).unwrap();
    let kept: String = text.split_inclusive('\n').filter(|it| it.trim() != line).collect();
    assert_ne!(kept, text, "the workload has the line");
    fs::write(&workload, kept).unwrap();
    folder.to_str().unwrap().to_owned()
}

/// Jobs that were stopped for a group that took its nodes back.
fn reclaimed(json: &Value) -> u64 {
    let jobs = json["in_force"]["jobs"].as_array().unwrap().iter();
    jobs.filter_map(|job| job["stops"]["reclaimed"].as_u64()).sum()
}

fn replay(deal: &str) -> Value {
    let ran = comity(["replay", deal, "--json"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn who_was_not_told_does_not_give_way() {
    assert!(reclaimed(&replay("deals/condo")) > 0);
    // Each membership lets its group stop others on the condition that they were told.
    let silent = condo_without("silent", "given: grace-given");
    assert_eq!(reclaimed(&replay(&silent)), 0);
    // Without the acts nobody asks, and `scheduling` alone says so.
    let folder = condo_without("unasked", "given: grace-given");
    let workload = Path::new(&folder).join("workload.yaml");
    let text = fs::read_to_string(&workload).unwrap();
    let acts = "    acts:\n      - {action: preempt, object: others-jobs, by: user}\n";
    fs::write(&workload, text.replacen(acts, "", 1)).unwrap();
    assert_eq!(replay(&folder)["in_force"], replay("deals/condo")["in_force"]);
    // A job that waits for nodes of its own group that others hold is told why.
    let why = ["replay", &silent, "--why", "999", "--at", "2026-03-02T21:57:36Z", "--json"];
    let said: Value = serde_json::from_str(&comity(why).out).unwrap();
    let turn = &said["turned_by"][0];
    assert_eq!((&turn["site"], &turn["party"]), (&json!("climate-nodes"), &json!("climate")));
    assert_eq!((&turn["action"], &turn["answer"]), (&json!("preempt"), &json!("conditional")));
}

#[test]
fn a_right_to_preempt_has_a_price() {
    let ran =
        comity(["price", "deals/condo", "--term", "climate-preempt-2024", "--runs", "4", "--json"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    let figures = json["variants"][0]["figures"].as_array().unwrap();
    let queue = figures.iter().find(|it| it["of"] == json!(["research", "p99"])).unwrap();
    assert_eq!(queue["figure"], "wait-seconds");
    let seconds = |key: &str| queue[key].as_str().unwrap().parse::<i64>().unwrap();
    assert!(seconds("after") < seconds("before"), "{queue:#}");
}
