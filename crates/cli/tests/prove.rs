//! `comity prove` on the Stargate deal, and what it expects of itself.

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{comity, root};
use expect_test::{expect, expect_file};
use serde_json::Value;

#[test]
fn every_property_holds() {
    let ran = comity(["prove", "deals/stargate"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    expect_file!["snapshots/prove.txt"].assert_eq(&ran.out);
}

#[test]
fn json_has_every_property() {
    let ran = comity(["prove", "deals/stargate", "--json"]);
    let value: Value = serde_json::from_str(&ran.out).expect("it is JSON");
    let properties = value["properties"].as_array().expect("a list");
    assert_eq!(properties.len(), 11);
    assert!(properties.iter().all(|it| it["result"] != "fail"));
    assert_eq!(value["expectations"]["failures"], Value::Array(Vec::new()));
}

/// A copy of the deal with other expectations.
fn expecting(name: &str, text: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    copy(&root().join("deals/stargate"), &folder);
    fs::write(folder.join("expect.yaml"), text).expect("the copy can be written");
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the deal is there") {
        let path = entry.expect("it can be listed").path();
        let target = to.join(path.file_name().expect("it has a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a file can be copied");
        }
    }
}

#[test]
fn what_does_not_hold_is_shown_where_it_is_expected() {
    let folder = expecting(
        "unmet",
        "kind: expect
expect:
  - answer: {party: oracle, action: host, object: openai-api, for: openai, at: 2025-01-22, is: allow}
  - only: {holder: microsoft, action: build, object: capacity, for: openai, from: 2024-01-01, before: 2026-01-01}
  - narrows: {agreement: microsoft-openai, version: \"2026-04-27\"}
  - widens: {agreement: microsoft-openai, version: \"2019-07-23\"}
",
    );
    for command in ["check", "prove"] {
        let ran = comity([command, folder.to_str().expect("a path in UTF-8")]);
        assert_eq!(ran.status, 1, "{command}");
        let err = ran.err.replace(folder.to_str().expect("a path in UTF-8"), "DEAL");
        expect_file!["snapshots/prove-unmet.txt"].assert_eq(&err);
    }
}

#[test]
fn expectations_are_checked_as_files_are() {
    let folder = expecting(
        "unread",
        "kind: expect
expect:
  - answer: {party: oracel, action: host, object: openai-api, at: 2025-01-22, is: perhaps}
",
    );
    let ran = comity(["check", folder.to_str().expect("a path in UTF-8")]);
    let titles: Vec<&str> = ran.err.lines().filter(|line| line.starts_with("error")).collect();
    expect![[r#"
        [
            "error: unknown party `oracel`",
            "error: expected one of `allow`, `deny`, `conditional`, `undetermined`, found `perhaps`",
            "error: the deal has 2 problems",
        ]
    "#]]
    .assert_debug_eq(&titles);
}
