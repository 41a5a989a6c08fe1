//! A deal of any size.

use std::fmt::Write;
use std::sync::Arc;

use comity_lang::Source;

/// A deal with this many terms in two versions of one agreement, of which the second replaces
/// half of the first's.
pub(crate) fn deal(terms: usize) -> Vec<Source> {
    let basis = "basis: {phrase: p, source: s, date: 2024-01-01, status: assumed}";
    let mut objects = String::new();
    let mut versions = [String::new(), String::new()];
    let mut replaces = String::new();
    let half = terms / 2;
    for index in 0..terms {
        writeln!(objects, "  object-{index}: {{name: an object}}").expect("a text takes all");
        let which = usize::from(index >= half);
        let kind = if index % 2 == 0 {
            "  - prohibition:\n      bound: alpha\n      owed-to: beta"
        } else {
            "  - permission:\n      grantor: beta"
        };
        writeln!(
            versions[which],
            "{kind}\n      id: term-{index}\n      actor: alpha\n      action: build\n      object: object-{index}\n      {basis}"
        )
        .expect("a text takes all");
        if which == 1 && index % 2 == 0 {
            writeln!(replaces, "  - {{term: term-{}, by: term-{index}}}", index - half)
                .expect("a text takes all");
        }
    }
    let source = |path: &str, text: String| Source { path: Arc::from(path), text };
    let version = |date: &str, rest: String| {
        format!(
            "kind: version\nagreement: ab\nname: AB\nparties: [alpha, beta]\nversion: \"{date}\"\nsummary: s\nexecuted: {date}\neffective: {{from: {date}}}\nrecorded: {date}\n{rest}"
        )
    };
    vec![
        source(
            "deal.yaml",
            format!(
                "kind: deal\nname: Large\nsummary: s\ncurrency: {{code: USD, digits: 2}}\nrounding: down\nsilence: {{otherwise: liberty}}\nactions:\n  build: {{name: build}}\npurposes:\n  any-use: {{name: use}}\nplaces:\n  us: {{name: US}}\nobjects:\n{objects}"
            ),
        ),
        source(
            "parties.yaml",
            "kind: parties\nparties:\n  alpha: {name: A, role: r}\n  beta: {name: B, role: r}\n"
                .to_owned(),
        ),
        source("v1.yaml", version("2024-01-01", format!("adds:\n{}", versions[0]))),
        source(
            "v2.yaml",
            version("2025-01-01", format!("adds:\n{}replaces:\n{replaces}", versions[1])),
        ),
    ]
}
