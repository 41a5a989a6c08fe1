//! `comity import` as a user runs it.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use std::fs;
use std::path::PathBuf;

use common::comity;
use expect_test::expect;

const DUMP: &str = "deals/condo/usage/sacct-2026-03.psv";

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn who_used_whose_gpus() {
    let nodes = "deals/condo/usage/nodes.csv";
    let words = ["import", "sacct", DUMP, "--owners", nodes, "--zone", "America/Denver"];
    let ran = comity(words);
    assert_eq!(ran.status, 0, "{}", ran.err);
    expect![[r#"
        WHO USED WHOSE GPUs: GPU-hours by owner and user

          owner        sato   ines  okoye  jmora      all
          ───────────────────────────────────────────────
          Climate   1,152.0   56.0  192.0      -  1,400.0
          Genomics        -      -   38.0      -     38.0
          Physics         -  248.0      -    1.0    249.0
          ───────────────────────────────────────────────
          all       1,152.0  304.0  230.0    1.0  1,687.0

          7 jobs with GPUs. Hours are rounded to a tenth, each sum on its own; --csv and --json are exact.
          On nodes of several owners, split by node: 1 job.
          Still running, left out: 1 job; with --to they count up to then.
          Passed over: jobs that never started: 1; jobs without GPUs: 1; steps of jobs, which their jobs count: 2.
    "#]].assert_eq(&ran.out);
    let cut = ["--by", "account", "--from", "2026-03-15", "--to", "2026-04-02", "--csv"];
    let ran = comity(words.into_iter().chain(cut));
    expect![[r#"
        owner,gpu,account,gpu_seconds
        Climate,a100,climate-sea,4147200
        Physics,a100,phys,518400
    "#]]
    .assert_eq(&ran.out);
    let ran = comity(["import", "sacct", DUMP, "--owners", nodes]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("--zone"), "{}", ran.err);
}

#[test]
fn records_under_a_deal_are_stored_and_read_again() {
    let out = folder("import-stored");
    let out = out.to_str().unwrap();
    let ran = comity(["import", "auto", DUMP, "--deal", "deals/condo", "--out", out]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    expect![[r#"
        12 records from 1 file

                       records  gpu-time, GPU-seconds
          accepted           7              6,073,200
          repeated           0                      0
          conflicting        0                      0
          rejected           1                      0
          passed over        4                      -
          read              12              6,073,200

        passed over: jobs that never started: 1; jobs without GPUs: 1; steps of jobs, which their jobs count: 2

        rejected: 1 the job is still running
          deals/condo/usage/sacct-2026-03.psv:13: `End`: the job is still running
    "#]].assert_eq(&ran.out);
    let stored = format!("{out}/accepted.csv");
    let again = format!("{out}/again");
    let ran = comity(["import", &stored, "--deal", "deals/condo", "--out", &again]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let cut = |text: String| -> Vec<String> {
        text.lines().map(|line| line.rsplitn(3, ',').last().unwrap().to_owned()).collect()
    };
    let read = |path: String| cut(fs::read_to_string(path).unwrap());
    assert_eq!(read(stored), read(format!("{again}/accepted.csv")));
    let strict = comity(["import", DUMP, "--deal", "deals/condo", "--strict"]);
    assert_eq!(strict.status, 1);
}

#[test]
fn events_under_a_deal() {
    let file = "deals/consortium/usage/events-2026-02.jsonl";
    let ran = comity(["import", file, "--deal", "deals/consortium"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    expect![[r#"
        6 records from 1 file

                       records  gpu-time, GPU-seconds
          accepted           5              1,852,200
          repeated           1                460,800
          conflicting        0                      0
          rejected           0                      0
          read               6              2,313,000
    "#]]
    .assert_eq(&ran.out);
}

#[test]
fn bad_files_are_all_named_and_nothing_is_written() {
    let folder = folder("import-bad");
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    fs::write(path("empty.csv"), "").unwrap();
    fs::write(path("cut.parquet"), b"PAR1\x00\x01\x02").unwrap();
    fs::write(path("other.csv"), "a;b\n").unwrap();
    let out = path("out");
    let files = ["empty.csv", "cut.parquet", "other.csv", "none.csv"].map(path);
    let words = ["import"].into_iter().chain(files.iter().map(String::as_str));
    let ran = comity(words.chain(["--out", &out]));
    assert_eq!(ran.status, 1);
    for said in ["is empty", "not a whole Parquet file", "begins no known format", "cannot read"] {
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
    assert!(!PathBuf::from(out).exists());
}

#[test]
fn a_feed_is_held_to_the_deal() {
    let folder = folder("import-feed");
    let feed = folder.join("feed.yaml");
    let text = fs::read_to_string(common::root().join("deals/condo/usage/feed.yaml")).unwrap();
    let wrong = text.replace("phys: physics", "phys: phisics").replace("Denver", "Denvr");
    fs::write(&feed, wrong).unwrap();
    let feed = feed.to_str().unwrap();
    let ran = comity(["import", DUMP, "--deal", "deals/condo", "--feed", feed]);
    assert_eq!(ran.status, 1);
    for said in ["unknown party `phisics`", "did you mean `physics`?", "unknown time zone"] {
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
}
