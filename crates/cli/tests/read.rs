//! `comity read` on the Stargate deal: the whole text, and what of it is in force.

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use common::{Ran, comity, root};
use expect_test::expect_file;

fn read(words: &str) -> Ran {
    // No text may depend on the clock.
    let known = if words.contains("--known") { "" } else { "--known 2026-06-01" };
    let words = words.split_whitespace().chain(known.split_whitespace());
    comity(["read", "deals/stargate"].into_iter().chain(words))
}

/// The text for a deal that is in order, in lines that a terminal shows whole.
fn text(words: &str) -> String {
    let ran = read(words);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{words}");
    for line in ran.out.lines() {
        assert!(line.chars().count() <= 92, "{line}");
        assert_eq!(line, line.trim_end());
    }
    ran.out
}

/// The ids of the entries, from the lines that give id and basis.
fn ids(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("    [")?.split_once("] ("))
        .map(|(id, _)| id)
        .collect()
}

#[test]
fn the_whole_deal() {
    expect_file!["snapshots/read.txt"].assert_eq(&text(""));
}

#[test]
fn every_term_is_there_once() {
    let text = text("");
    // What happened is told with the ids of terms as well.
    let (agreed, _) = text.split_once("WHAT HAPPENED").unwrap();
    let ids = ids(agreed);
    let mut folders = vec![root().join("deals/stargate/agreements")];
    let mut terms = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let file = std::fs::read_to_string(path).unwrap();
            for line in file.lines().filter_map(|line| line.trim().strip_prefix("id: ")) {
                let written = line.trim_matches('"');
                let count = ids.iter().filter(|id| **id == written).count();
                assert_eq!(count, 1, "{line}");
                terms += 1;
            }
        }
    }
    assert!(terms > 40, "the terms were found");
}

#[test]
fn only_what_is_in_force() {
    let check = |words: &str, there: &[&str], gone: &[&str]| {
        let text = text(words);
        let ids = ids(&text);
        for id in there {
            assert!(ids.contains(id), "{words}: {id}");
        }
        for id in gone {
            assert!(!ids.contains(id), "{words}: {id}");
        }
    };
    check("--at 2024-06-30", &["api-exclusive-2023"], &["cloud-exclusive-2019", "any-cloud-2026"]);
    check("--at 2025-01-22", &["api-exclusive-2025", "chair-2025"], &["api-exclusive-2023"]);
    check("--at 2026-05-15", &["any-cloud-2026"], &["api-exclusive-2025-10"]);
    // What was recorded later was not known.
    check("--at 2026-05-15 --known 2025-02-01", &["api-exclusive-2025"], &["any-cloud-2026"]);
    check("--known 2025-02-01", &["cloud-exclusive-2019", "chair-2025"], &["any-cloud-2026"]);
}

#[test]
fn what_cannot_be_read_is_said() {
    let ran = read("--at soon --known later");
    assert_eq!((ran.status, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("`soon` is not a date") && ran.err.contains("`later` is not a date"));
}
