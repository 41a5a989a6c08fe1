//! Phrases that name a stored text stand in it word for word.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[path = "common/files.rs"]
mod files;
#[path = "common/render.rs"]
mod render;

use std::sync::Arc;

use comity_lang::{Outline, Source, complete, read};
use expect_test::{Expect, expect};

const LISTED: &str = "kind: sources\nsources:\n  deed: {name: The deed, publisher: alpha, date: 2024-01-01, file: sources/deed.txt}\n";
const DEED: &str = "THE DEED\n\n1. Beta shall build the hall, and\nno one else shall; Alpha\u{2019}s \u{201c}own use\u{201d} is free.\n2. Beta shall\tpay.\n";

fn deal(phrase: &str, more: &[(&str, &str)]) -> Vec<Source> {
    let mut sources = files::deal("tests/deals/minimal");
    let v1 = sources.iter_mut().find(|source| *source.path == *"v1.yaml").unwrap();
    let at = v1.text.find("basis: {phrase: ").unwrap();
    let rest = v1.text[at..].find(", source").unwrap();
    let quoted = format!("basis: {{text: deed, phrase: {}", serde_json::Value::from(phrase));
    v1.text.replace_range(at..at + rest, &quoted);
    for (path, text) in more {
        sources.retain(|source| *source.path != **path);
        sources.push(Source { path: Arc::from(*path), text: (*text).to_owned() });
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    sources
}

fn check(phrase: &str, more: &[(&str, &str)], expected: Expect) {
    let sources = deal(phrase, more);
    let text = match read(&sources) {
        Ok(_) => "in order\n".to_owned(),
        Err(found) => render::render(&sources, &found),
    };
    expected.assert_eq(&text);
}

const BOTH: [(&str, &str); 2] = [("sources.yaml", LISTED), ("sources/deed.txt", DEED)];

#[test]
fn space_and_the_shape_of_quotes_do_not_count() {
    for phrase in [
        "Beta shall build the hall, and no one else shall",
        "Alpha's \"own  use\" is free",
        "Beta shall build \u{2026} is free. ... Beta shall pay.",
        "... shall build the hall \u{2026}",
    ] {
        assert!(read(&deal(phrase, &BOTH)).is_ok(), "{phrase}");
    }
}

#[test]
fn what_is_not_quoted_word_for_word_is_shown_beside_the_text() {
    check(
        "beta shall not build the hall",
        &BOTH,
        expect![[r#"
        error: the phrase does not stand in `sources/deed.txt`
          --> v1.yaml:19:35
           |
        19 |       basis: {text: deed, phrase: "beta shall not build the hall", source: the contract, date: 2024-01-01, status: stated}
           |                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ not found: `beta shall not build the hall`
           |
          ::: sources/deed.txt:3:4
           |
         3 | 1. Beta shall build the hall, and
           |    ------------------------- the nearest passage
           |
           = help: did you mean `Beta shall build the hall`?
           = help: a phrase that names a `text` is quoted word for word; `…` leaves something out
    "#]],
    );
    check(
        "Beta shall pay \u{2026} is free",
        &BOTH,
        expect![[r#"
        error: the phrase does not stand in `sources/deed.txt`
          --> v1.yaml:19:35
           |
        19 |       basis: {text: deed, phrase: "Beta shall pay … is free", source: the contract, date: 2024-01-01, status: stated}
           |                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^ not found: `is free`
           |
          ::: sources/deed.txt:4:38
           |
         4 | no one else shall; Alpha’s “own use” is free.
           |                                      ------- stands here, before the part in front of it
           |
           = help: give the parts of a phrase in the order of the text
    "#]],
    );
    check(
        "uild the hall",
        &BOTH,
        expect![[r#"
        error: the phrase does not stand in `sources/deed.txt`
          --> v1.yaml:19:35
           |
        19 |       basis: {text: deed, phrase: "uild the hall", source: the contract, date: 2024-01-01, status: stated}
           |                                   ^^^^^^^^^^^^^^^ not found: `uild the hall`
           |
          ::: sources/deed.txt:3:15
           |
         3 | 1. Beta shall build the hall, and
           |               -------------- the nearest passage
           |
           = help: did you mean `build the hall`?
           = help: a phrase that names a `text` is quoted word for word; `…` leaves something out
    "#]],
    );
    check(
        "nothing of this is there at all",
        &BOTH,
        expect![[r#"
        error: the phrase does not stand in `sources/deed.txt`
          --> v1.yaml:19:35
           |
        19 |       basis: {text: deed, phrase: "nothing of this is there at all", source: the contract, date: 2024-01-01, status: stated}
           |                                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ not found: `nothing of this is there at all`
           |
           = help: a phrase that names a `text` is quoted word for word; `…` leaves something out
    "#]],
    );
    check(
        "\u{2026} ...",
        &BOTH,
        expect![[r#"
        error: the phrase leaves everything out
          --> v1.yaml:19:35
           |
        19 |       basis: {text: deed, phrase: "… ...", source: the contract, date: 2024-01-01, status: stated}
           |                                   ^^^^^^^
    "#]],
    );
}

#[test]
fn texts_are_there_listed_and_quoted() {
    check(
        "Beta",
        &BOTH[..1],
        expect![[r#"
        error: no stored text `sources/deed.txt`
         --> sources.yaml:3:68
          |
        3 |   deed: {name: The deed, publisher: alpha, date: 2024-01-01, file: sources/deed.txt}
          |                                                                    ^^^^^^^^^^^^^^^^
          |
          = help: a text is a file with the ending `.txt` in a folder `sources` of the deal, in UTF-8
    "#]],
    );
    check(
        "Beta",
        &BOTH[1..],
        expect![[r#"
        error: no file of kind `sources` lists this text
         --> sources/deed.txt:1:1
          |
        1 | THE DEED
          | ^
          |
          = help: list it by its path, under `file:`, or remove it

        error: unknown stored text `deed`
          --> v1.yaml:19:21
           |
        19 |       basis: {text: deed, phrase: "Beta", source: the contract, date: 2024-01-01, status: stated}
           |                     ^^^^
    "#]],
    );
    let two = format!(
        "{LISTED}  other: {{name: m, publisher: p, date: 2024-01-01, file: sources/ded.txt}}\n"
    );
    check(
        "Beta",
        &[("sources.yaml", &two), BOTH[1], ("sources/more.txt", "x")],
        expect![[r#"
        error: no basis quotes the text `other`
         --> sources.yaml:4:3
          |
        4 |   other: {name: m, publisher: p, date: 2024-01-01, file: sources/ded.txt}
          |   ^^^^^
          |
          = help: name it under a `basis`, as `text: <its id>`, or remove it here

        error: no stored text `sources/ded.txt`
         --> sources.yaml:4:58
          |
        4 |   other: {name: m, publisher: p, date: 2024-01-01, file: sources/ded.txt}
          |                                                          ^^^^^^^^^^^^^^^
          |
          = help: did you mean `sources/deed.txt`?

        error: no file of kind `sources` lists this text
         --> sources/more.txt:1:1
          |
        1 | x
          | ^
          |
          = help: list it by its path, under `file:`, or remove it
    "#]],
    );
    let long = "word ".repeat(500_000);
    check(
        "Beta",
        &[BOTH[0], ("sources/deed.txt", &long)],
        expect![[r#"
        error: the stored text `sources/deed.txt` is longer than 2097152 bytes
         --> sources.yaml:3:68
          |
        3 |   deed: {name: The deed, publisher: alpha, date: 2024-01-01, file: sources/deed.txt}
          |                                                                    ^^^^^^^^^^^^^^^^
          |
          = help: store the part of it that is quoted
    "#]],
    );
}

#[test]
fn many_wrong_phrases_over_a_long_text_are_all_reported() {
    let text = "some words of a long text\n".repeat(60_000);
    let mut record = "kind: record\ncomplete-to: 2025-01-01\noffers: []\nfacts:\n".to_owned();
    for number in 0..300 {
        record.push_str(&format!("  - {{fact: goal-met, holds: true, from: 2024-01-01, recorded: 2024-01-01, basis: {{phrase: not there {number}, text: deed, source: s, date: 2024-01-01, status: stated}}}}\n"));
    }
    let sources =
        deal("some words", &[BOTH[0], ("sources/deed.txt", &text), ("record.yaml", &record)]);
    let found = read(&sources).unwrap_err();
    let wrong = found.iter().filter(|it| it.title.starts_with("the phrase does not stand"));
    assert_eq!(wrong.count(), 300);
}

#[test]
fn an_editor_finds_and_offers_the_texts() {
    let sources = deal("Beta", &BOTH);
    let outline = Outline::of(&sources);
    let uses = outline
        .words
        .iter()
        .find(|word| word.text == "deed" && &*word.place.position.file == "v1.yaml");
    let uses = uses.unwrap();
    let definitions: Vec<&str> =
        outline.definitions(uses).map(|word| &*word.place.position.file).collect();
    assert_eq!(definitions, ["sources.yaml"]);
    let offered = complete(&sources, &uses.place.position);
    assert_eq!(offered.len(), 1);
    assert_eq!((offered[0].text.as_str(), offered[0].about.as_str()), ("deed", "The deed"));
}
