//! Formatting keeps what files say, and a second time changes nothing.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[path = "common/files.rs"]
mod files;

use std::sync::Arc;

use comity_lang::{Source, format, read};
use proptest::prelude::*;

const DEALS: [&str; 5] = ["stargate", "condo", "consortium", "lease", "cloud-commitment"];

fn formatted(text: &str) -> String {
    format(&Source { path: Arc::from("file.yaml"), text: text.to_owned() }).unwrap()
}

/// A deal without where its parts stand.
fn meaning(sources: &[Source]) -> String {
    let loaded = format!("{:?}", read(sources).unwrap());
    let mut parts = loaded.split("position: Position {");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        out.push_str(part.split_once('}').unwrap().1);
    }
    out
}

fn all(sources: &[Source]) -> Vec<Source> {
    let one = |source: &Source| Source { text: format(source).unwrap(), ..source.clone() };
    sources.iter().map(one).collect()
}

#[test]
fn the_deals_say_the_same_afterwards() {
    for deal in DEALS {
        let before = files::deal(&format!("../../deals/{deal}"));
        let after = all(&before);
        assert_eq!(meaning(&before), meaning(&after), "{deal}");
        assert_eq!(after, all(&after), "{deal}");
    }
}

#[test]
fn space_and_quotes_are_made_alike() {
    let messy = "# top\r\n\r\n\r\nkind:   version\nversion: 7 \nparties: [ a ,b ]\nadds:\n# one\n-   duty:\n          id: on\n          basis: { phrase: x , note: 'y' }   # why\n          text: >-\n                long\n                 text\n          when:\n            a-b:   true\n\n\nends:\n-  \"x\"\n-  1e3\n";
    let clean = "# top\n\nkind: version\nversion: \"7\"\nparties: [a, b]\nadds:\n  # one\n  - duty:\n      id: \"on\"\n      basis: {phrase: x, note: 'y'}   # why\n      text: >-\n        long\n         text\n      when:\n        a-b: true\n\nends:\n  - \"x\"\n  - \"1e3\"\n";
    assert_eq!(formatted(messy), clean);
    assert_eq!(formatted(clean), clean);
}

#[test]
fn what_is_not_yaml_has_no_layout() {
    let source = Source { path: Arc::from("a.yaml"), text: "a: [".to_owned() };
    assert_eq!(format(&source), None);
}

/// Spaces put in where YAML does not mind them, and lines set apart.
fn mutated(text: &str, choices: &[u8]) -> String {
    let mut out = String::new();
    let mut choices = choices.iter().cycle();
    for line in text.lines() {
        let choice = *choices.next().unwrap();
        let folded = line.contains(['\'', '"', '>', '#']) || !line.contains(": ");
        let deep = line.len() - line.trim_start().len();
        out.push_str(&" ".repeat(deep));
        let line = if choice & 1 == 1 && !folded {
            line.replacen(": ", ":   ", 1)
        } else {
            line.to_owned()
        };
        out.push_str(&line);
        if choice & 2 == 2 && !folded {
            out.push_str("  \n\n");
        }
        if choice & 4 == 4 && !folded {
            out.push_str(" # said aside");
        }
        out.push('\n');
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_deals_say_the_same_afterwards(deal in 0..DEALS.len(), choices in prop::collection::vec(0_u8..8, 1..40)) {
        let mut before = files::deal(&format!("../../deals/{}", DEALS[deal]));
        for source in &mut before {
            source.text = mutated(&source.text, &choices);
        }
        if read(&before).is_ok() {
            let after = all(&before);
            prop_assert_eq!(meaning(&before), meaning(&after));
            prop_assert_eq!(&after, &all(&after));
        }
    }
}
