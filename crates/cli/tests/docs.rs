//! What the documents show works.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use std::fs;
use std::path::PathBuf;

use common::{comity, root};

#[test]
fn the_whole_deal_in_the_documents_runs() {
    let text = fs::read_to_string(root().join("docs/files.md")).unwrap();
    let block = text.split("```yaml\n# file: ").nth(1).unwrap().split("```").next().unwrap();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("documented");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for file in block.split("# file: ") {
        let (name, body) = file.split_once('\n').unwrap();
        fs::write(folder.join(name), body).unwrap();
    }
    let deal = folder.to_str().unwrap();
    let ran = comity(["check", deal]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let may = |party| {
        comity([
            "may",
            deal,
            "--party",
            party,
            "--action",
            "run",
            "--object",
            "nodes",
            "--at",
            "2025-03-01",
        ])
        .status
    };
    assert_eq!((may("lab"), may("guest"), may("centre")), (0, 4, 3));
    let ran = comity(["replay", deal]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.contains("never") || ran.out.contains("conditional"), "{}", ran.out);
}

#[test]
fn the_readme_shows_what_is_printed() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let shown = text.split("$ comity may ").nth(1).unwrap().split("```").next().unwrap();
    let (words, expected) = shown.split_once('\n').unwrap();
    let ran = comity(["may"].into_iter().chain(words.split_whitespace()));
    assert_eq!(ran.out, expected);
    // The excerpt of the report leaves lines and columns out; what it has, the report has too.
    let report = comity(["replay", "deals/stargate"]).out;
    let excerpt = text.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let figures = |text: &str| -> Vec<String> {
        text.split_whitespace().filter(|word| word.contains(',')).map(str::to_owned).collect()
    };
    let printed = figures(&report);
    for figure in figures(excerpt) {
        assert!(printed.contains(&figure), "{figure}");
    }
}
