//! `comity format` changes the files that it may, and says which.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{comity, root};

/// A deal of its own, of which one file is laid out in another way.
fn messy(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    copy(&root().join("deals/lease"), &folder);
    let parties = folder.join("parties.yaml");
    let text = fs::read_to_string(&parties).unwrap();
    fs::write(&parties, text.replace("kind: ", "kind:   ")).unwrap();
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let there = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &there);
        } else {
            fs::copy(&path, &there).unwrap();
        }
    }
}

#[test]
fn the_deals_are_laid_out_alike() {
    let deals = fs::read_dir(root().join("deals")).unwrap();
    let deals: Vec<PathBuf> = deals.map(|entry| entry.unwrap().path()).collect();
    assert!(deals.len() >= 5, "{deals:?}");
    for deal in deals {
        let ran = comity(["format", "--check", deal.to_str().unwrap()]);
        assert_eq!((ran.status, ran.out.as_str()), (0, ""), "{}", deal.display());
    }
}

#[test]
fn a_check_lists_files_and_a_run_changes_them() {
    let folder = messy("format-run");
    let deal = folder.to_str().unwrap();
    let parties = format!("{deal}/parties.yaml");
    let before = fs::read_to_string(&parties).unwrap();
    let ran = comity(["format", "--check", deal]);
    assert_eq!((ran.status, ran.out), (1, format!("would change: {parties}\n")));
    assert_eq!(fs::read_to_string(&parties).unwrap(), before);
    let ran = comity(["format", deal]);
    assert_eq!((ran.status, ran.out), (0, format!("changed: {parties}\n")));
    assert_eq!(fs::read_to_string(&parties).unwrap(), before.replace("kind:   ", "kind: "));
    assert_eq!(comity(["format", "--check", deal]).status, 0);
}

#[test]
fn a_file_with_problems_is_left_and_reported() {
    let folder = messy("format-problems");
    let deal = folder.to_str().unwrap();
    let rates = folder.join("rates.yaml");
    let text = fs::read_to_string(&rates).unwrap();
    let wrong = text.replacen("seller: harrow", "seller:   nobody", 1);
    fs::write(&rates, &wrong).unwrap();
    let ran = comity(["format", deal]);
    assert_eq!(ran.status, 1);
    assert_eq!(ran.out, format!("changed: {deal}/parties.yaml\n"));
    assert!(ran.err.contains("unknown party `nobody`"), "{}", ran.err);
    assert_eq!(fs::read_to_string(&rates).unwrap(), wrong);
}

#[test]
fn missing_quotes_are_refused_and_mended() {
    let folder = messy("format-quotes");
    let deal = folder.to_str().unwrap();
    let record = folder.join("record.yaml");
    let written = fs::read_to_string(&record).unwrap();
    let (from, to) = ("\"on\": 2025-11-20", "on: 2025-11-20");
    assert!(written.contains(from));
    fs::write(&record, written.replace(from, to)).unwrap();
    let ran = comity(["check", deal]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("write `\"on\"`; `comity format` does it"), "{}", ran.err);
    assert_eq!(comity(["format", deal]).status, 0);
    assert_eq!(fs::read_to_string(&record).unwrap(), written);
}
