//! Formatting keeps what files say and their comments, a second time changes nothing, and two
//! ways to write the same become one.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[path = "common/files.rs"]
mod files;
#[path = "common/scramble.rs"]
mod scramble;

use std::sync::Arc;

use comity_lang::{Source, format, read};
use expect_test::{Expect, expect};
use proptest::prelude::*;

use scramble::{Choices, Tree, scrambled, tree};

const DEALS: [&str; 5] = ["stargate", "condo", "consortium", "lease", "cloud-commitment"];

fn formatted(text: &str) -> String {
    let text = text.to_owned();
    let source = Source { path: Arc::from("file.yaml"), text: text.clone() };
    format(&source).unwrap_or_else(|| panic!("no layout for:\n{text}"))
}

/// What a text becomes; it stays so, and says the same.
fn check(text: &str, expected: Expect) {
    let once = formatted(text);
    expected.assert_eq(&once);
    assert_eq!(formatted(&once), once);
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
    let one = |source: &Source| match source.is_text() {
        true => source.clone(),
        false => Source { text: formatted(&source.text), ..source.clone() },
    };
    sources.iter().map(one).collect()
}

fn deal(index: usize) -> Vec<Source> {
    files::deal(&format!("../../deals/{}", DEALS[index]))
}

#[test]
fn the_deals_say_the_same_afterwards() {
    for (index, name) in DEALS.iter().enumerate() {
        let before = deal(index);
        let after = all(&before);
        assert_eq!(after, before, "{name}: run `comity format`");
        assert_eq!(after, all(&after));
    }
}

#[test]
fn keys_stand_in_the_order_of_the_grammar() {
    check(
        "parties:\n  b: {role: x, name: B}\n  a:\n    role: y\n    name: A\nkind: parties\n",
        expect![[r#"
            kind: parties

            parties:
              b: {name: B, role: x}
              a: {name: A, role: "y"}
        "#]],
    );
}

#[test]
fn a_comment_stays_with_what_it_stands_above_or_behind() {
    check(
        "# of the file\n\n\n# and more\nparties: # all of them\n  # of b\n\n  # still of b\n  b: {role: x, # what it does\n    name: B} # behind b\n  a:\n    # of the role\n    role: y # behind the role\n  # below the last\n# of the kind\nkind: parties # behind the kind\n# at the end\n"
            .replace("    role: y", "    name: A\n    role: y")
            .as_str(),
        expect![[r##"
            # of the file

            # and more

            # of the kind
            kind: parties  # behind the kind

            parties:  # all of them
              # of b

              # still of b
              # what it does
              b: {name: B, role: x}  # behind b

              # of the role
              # behind the role
              a: {name: A, role: "y"}

              # below the last

            # at the end
        "##]],
    );
}

#[test]
fn a_comment_in_an_item_stays_there() {
    check(
        "kind: workload\nperiod: {from: 2025-01-01, to: 2025-02-01}\nseed: 1\nstreams:\n  a:\n    party: p\n    purpose: q\n    acts:\n      # of the act\n      - # behind the dash\n        # of the action\n        action: run\n        object: nodes # what\n        by: user\n      # below the acts\n    hosts:\n      - p # the one\n    basis: {phrase: x, source: y, date: 2025-01-01, status: assumed}\n",
        expect![[r#"
            kind: workload
            period: {from: 2025-01-01, to: 2025-02-01}
            seed: 1

            streams:
              a:
                party: p
                purpose: q
                acts:
                  # of the act
                  # of the action
                  # what
                  - {action: run, object: nodes, by: user}  # behind the dash

                  # below the acts

                # the one
                hosts: p
                basis: {phrase: x, source: "y", date: 2025-01-01, status: assumed}
        "#]],
    );
}

#[test]
fn quotes_and_lines_follow_from_the_content() {
    check(
        "kind: deal\nname: 'no'\nsummary: |\n  Two lines,\n   and an indent.\ncurrency: {code: YES, digits: '2'}\nrounding: half-even\nsilence: {otherwise: liberty, prohibited: [\"on\"]}\nactions: {\"on\": {name: \"a, b\"}, run: {name: \"it's\"}}\nobjects: {1e3: {name: \"2025-01-21\"}}\npurposes: {}\nplaces: {}\nambiguities:\nfacts:\n  f: {event: \"a sentence, with a comma, that is so long that a line of a hundred characters does not hold it at all\"}\n",
        expect![[r#"
            kind: deal
            name: "no"
            summary: |
              Two lines,
               and an indent.
            currency: {code: "YES", digits: 2}
            rounding: half-even
            silence: {otherwise: liberty, prohibited: "on"}

            actions:
              "on": {name: "a, b"}
              run: {name: it's}

            objects:
              "1e3": {name: "2025-01-21"}

            purposes: {}
            places: {}

            facts:
              f: {event: "a sentence, with a comma, that is so long that a line of a hundred characters does not hold it at all"}

            ambiguities: {}
        "#]],
    );
}

#[test]
fn what_is_not_in_the_form_of_its_kind_has_no_layout() {
    for text in ["a: [", "a: b\n", "kind: nothing\n", "kind: parties\nparty: {}\n", "- a\n", ""] {
        let source = Source { path: Arc::from("a.yaml"), text: text.to_owned() };
        assert_eq!(format(&source), None, "{text}");
    }
}

/// A text with a comment put behind some lines and above others, each with its own words.
fn commented(text: &str, choices: &mut Choices) -> (String, Vec<String>) {
    let (mut out, mut said) = (String::new(), Vec::new());
    let mut folded = None;
    for line in text.lines() {
        let deep = line.len() - line.trim_start().len();
        // Within a text nothing is a comment.
        if folded.is_some_and(|above| deep > above || line.is_empty()) {
            out.push_str(&format!("{line}\n"));
            continue;
        }
        // Behind a text, what is further in is part of it.
        let right = if folded.is_some() { 0 } else { 4 };
        folded = line.ends_with(['-', '|']).then_some(deep);
        let mut say = || {
            let words = format!("# said {}", said.len());
            said.push(format!("{words}."));
            format!("{words}.")
        };
        if choices.below(6) == 0 {
            let words = say();
            out.push_str(&format!("{}{words}\n", " ".repeat(choices.below(deep + right))));
        }
        out.push_str(line);
        if choices.below(6) == 0 && !line.contains('#') && !line.is_empty() {
            out.push_str(&format!(" {}", say()));
        }
        out.push('\n');
        if choices.below(12) == 0 && folded.is_none() {
            out.push('\n');
        }
    }
    (out, said)
}

/// The lines that are neither blank nor comments, with what stands behind them cut off.
fn without_comments(text: &str) -> Vec<String> {
    let lines = text.lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.trim_start().starts_with('#'));
    lines.map(|line| line.split("  # ").next().unwrap().to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_ways_to_write_the_same_become_one(index in 0..DEALS.len(), seed: u64) {
        let choices = &mut Choices::new(seed);
        let before = deal(index);
        let mut other = before.clone();
        for (source, other) in before.iter().zip(&mut other).filter(|(it, _)| !it.is_text()) {
            let content = tree(&source.text);
            other.text = scrambled(&content, choices);
            let once = formatted(&other.text);
            prop_assert_eq!(formatted(&scrambled(&content, choices)), once.clone());
            prop_assert_eq!(&formatted(&once), &once);
            // They differ from the author's text in its comments only.
            prop_assert_eq!(without_comments(&once), without_comments(&formatted(&source.text)));
            prop_assert_eq!(sorted(&tree(&once)), sorted(&tree(&source.text)));
        }
        prop_assert_eq!(meaning(&all(&other)), meaning(&before));
    }

    #[test]
    fn comments_are_kept(index in 0..DEALS.len(), seed: u64) {
        let choices = &mut Choices::new(seed);
        for source in deal(index).into_iter().filter(|source| !source.is_text()) {
            let (text, said) = commented(&source.text, choices);
            let once = formatted(&text);
            for words in &said {
                prop_assert_eq!(once.matches(words.as_str()).count(), 1, "{}", words);
            }
            prop_assert_eq!(&formatted(&once), &once);
            prop_assert_eq!(without_comments(&once), without_comments(&formatted(&source.text)));
        }
    }

    #[test]
    fn any_names_and_texts_are_written_as_they_are(name in "(?s).{0,200}", role in "[ -~]{1,40}", long in "[a-z#:'\" ]{90,300}") {
        let root = Tree::Map(vec![
            ("kind".to_owned(), Tree::Word("parties".to_owned())),
            ("parties".to_owned(), Tree::Map(vec![
                ("a".to_owned(), person(&name, &role)),
                ("b".to_owned(), person(&long, &name)),
            ])),
        ]);
        // What no text of YAML can hold is not tried.
        let written = |text: &str| text.chars().all(|c| c == '\n' || c == '\t' || c == '\u{85}' || !c.is_control());
        prop_assume!(written(&name) && [&name, &role, &long].iter().all(|it| !it.trim().is_empty()));
        let text = scrambled(&root, &mut Choices::new(1));
        let source = Source { path: Arc::from("a.yaml"), text };
        let once = formatted(&source.text);
        prop_assert_eq!(sorted(&tree(&once)), sorted(&tree(&source.text)));
        prop_assert_eq!(formatted(&once), once);
    }
}

fn person(name: &str, role: &str) -> Tree {
    let word = |text: &str| Tree::Word(text.to_owned());
    Tree::Map(vec![("name".to_owned(), word(name)), ("role".to_owned(), word(role))])
}

/// The tree with its keys in order of text, and with lists of one word taken apart.
fn sorted(tree: &Tree) -> Tree {
    match tree {
        Tree::Word(text) => Tree::Word(text.clone()),
        Tree::List(items) => match items.as_slice() {
            [Tree::Word(one)] => Tree::Word(one.clone()),
            items => Tree::List(items.iter().map(sorted).collect()),
        },
        Tree::Map(pairs) => {
            let mut pairs: Vec<(String, Tree)> =
                pairs.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            pairs.sort_by(|one, other| one.0.cmp(&other.0));
            Tree::Map(pairs)
        }
    }
}
