//! Whatever stands in the files, reading gives a deal or says what is wrong and where.

#[path = "common/files.rs"]
mod files;
#[path = "common/large.rs"]
mod large;

use std::sync::Arc;

use comity_lang::{Diagnostic, Loaded, Place, Source, read};
use proptest::prelude::*;

use files::deal;

const FOLDERS: [&str; 2] = ["tests/deals/minimal", "../../deals/stargate"];

/// Reads files and checks what holds for any: a refusal has reasons, and each stands at a place
/// that there is.
fn check(sources: &[Source]) -> Result<Loaded, Vec<Diagnostic>> {
    let read = read(sources);
    if let Err(found) = &read {
        assert!(!found.is_empty(), "a refusal without a reason");
        for diagnostic in found {
            assert!(!diagnostic.title.is_empty() && !diagnostic.title.contains('\n'));
            assert_there(&diagnostic.place, sources, diagnostic);
            diagnostic.also.iter().for_each(|(place, _)| assert_there(place, sources, diagnostic));
        }
        let places = found.iter().map(|diagnostic| {
            let file = &diagnostic.place.position.file;
            let index = sources.iter().position(|source| source.path == *file);
            (index, diagnostic.place.position.line, diagnostic.place.position.column)
        });
        assert!(places.is_sorted(), "not in the order of the files");
    }
    read
}

/// The line is one of the file's, and the column one of the line's or the one after its end.
fn assert_there(place: &Place, sources: &[Source], diagnostic: &Diagnostic) {
    let source = sources.iter().find(|source| source.path == place.position.file);
    let text = source.map_or("", |source| source.text.as_str());
    let number = |value: u32| usize::try_from(value).expect("a position fits");
    let line = number(place.position.line).checked_sub(1).and_then(|at| text.split('\n').nth(at));
    let line = line.unwrap_or_else(|| panic!("no such line: {diagnostic:?}"));
    let column = number(place.position.column);
    assert!((1..=line.chars().count() + 1).contains(&column), "no such column: {diagnostic:?}");
    assert!(place.length >= 1, "nothing is marked: {diagnostic:?}");
}

/// A change to one file that a hand or a bad merge could make.
#[derive(Debug, Clone)]
enum Change {
    DeleteLine(usize),
    RepeatLine(usize),
    SwapLines(usize, usize),
    Indent(usize, usize),
    CutAt(usize),
    PutAt(usize, String),
    DeleteAt(usize),
    SwapWords(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = 0_usize..1_000_000;
    let bits = prop::sample::select(vec![
        ":",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "&a ",
        "*a",
        "!x ",
        "\"",
        "'",
        "#",
        "\n",
        "\t",
        "\r",
        "|",
        ">",
        "---\n",
        "? ",
        "é日\u{1f600}",
        "\u{0}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "~",
        "-1",
        "9999-12-31",
        "120 %",
        "99999999999999999999999999",
        "<<: ",
        "kind: deal\n",
        ", ",
    ]);
    prop_oneof![
        at.clone().prop_map(Change::DeleteLine),
        at.clone().prop_map(Change::RepeatLine),
        (at.clone(), at.clone()).prop_map(|(a, b)| Change::SwapLines(a, b)),
        (at.clone(), 0_usize..6).prop_map(|(line, by)| Change::Indent(line, by)),
        at.clone().prop_map(Change::CutAt),
        (at.clone(), bits).prop_map(|(at, text)| Change::PutAt(at, text.to_owned())),
        at.clone().prop_map(Change::DeleteAt),
        (at.clone(), at).prop_map(|(a, b)| Change::SwapWords(a, b)),
    ]
}

fn changed(text: &str, change: &Change) -> String {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let mut chars: Vec<char> = text.chars().collect();
    let (count, length) = (lines.len(), chars.len());
    match change {
        Change::DeleteLine(at) => {
            lines.remove(at % count);
        }
        Change::RepeatLine(at) => {
            let line = lines[at % count].clone();
            lines.insert(at % count, line);
        }
        Change::SwapLines(a, b) => lines.swap(a % count, b % count),
        Change::Indent(at, by) => lines[at % count].insert_str(0, &" ".repeat(*by)),
        Change::CutAt(at) => {
            chars.truncate(at % (length + 1));
            return chars.into_iter().collect();
        }
        Change::PutAt(at, put) => {
            let at = at % (length + 1);
            chars.splice(at..at, put.chars());
            return chars.into_iter().collect();
        }
        Change::DeleteAt(at) => {
            if length > 0 {
                chars.remove(at % length);
            }
            return chars.into_iter().collect();
        }
        Change::SwapWords(a, b) => {
            let mut words: Vec<&str> = text.split_inclusive([' ', '\n']).collect();
            let count = words.len();
            if count > 0 {
                words.swap(a % count, b % count);
            }
            return words.concat();
        }
    }
    lines.join("\n")
}

/// How many terms the files of the small deal bring, counted without the reader: each has its id
/// on a line of its own.
fn terms_written(sources: &[Source]) -> usize {
    let versions = sources.iter().filter(|source| source.text.contains("kind: version"));
    versions.flat_map(|source| source.text.lines()).filter(|l| l.starts_with("      id: ")).count()
}

fn terms_read(loaded: &Loaded) -> usize {
    loaded.deal.versions().map(|(_, version)| version.adds.len()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn any_text_is_read_or_refused(text in "(?s).{0,400}") {
        let _ = check(&[Source { path: Arc::from("deal.yaml"), text }]);
    }

    #[test]
    fn any_yaml_is_read_or_refused(text in "(kind: (deal|version|rates|record|sites|workload|parties)\n)?([a-z&*!:\\-\\[\\]{},'\"#|>? \n\t0-9]{0,300})") {
        let _ = check(&[Source { path: Arc::from("deal.yaml"), text }]);
    }

    #[test]
    fn a_damaged_deal_is_read_or_refused(
        stargate in prop::bool::weighted(0.2),
        file in 0_usize..1_000,
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let mut sources = deal(FOLDERS[usize::from(stargate)]);
        let file = file % sources.len();
        for change in &changes {
            sources[file].text = changed(&sources[file].text, change);
        }
        let loaded = check(&sources);
        // What is in order has all of its terms: none is lost without a word.
        if let (Ok(loaded), false) = (&loaded, stargate) {
            prop_assert!(terms_read(loaded) <= terms_written(&sources));
        }
    }

    /// A value that is replaced by another of the deal, or by nothing, is reported or taken; the
    /// terms of a deal that is in order are all there.
    #[test]
    fn no_term_is_lost_without_a_word(line in 0_usize..1_000, other in 0_usize..1_000, empty: bool) {
        let mut sources = deal(FOLDERS[0]);
        let written = terms_written(&sources);
        let version = sources.iter_mut().find(|source| *source.path == *"v2.yaml");
        let version = version.expect("the small deal has a second version");
        let mut lines: Vec<String> = version.text.lines().map(str::to_owned).collect();
        let value = |line: &str| line.split_once(": ").map(|(_, value)| value.to_owned());
        let (at, from) = (line % lines.len(), other % lines.len());
        if let Some((key, _)) = lines[at].clone().split_once(": ")
            && !lines[at].starts_with("kind")
        {
            let put = if empty { String::new() } else { value(&lines[from]).unwrap_or_default() };
            lines[at] = format!("{key}: {put}");
            version.text = lines.join("\n");
            if let Ok(loaded) = check(&sources) {
                prop_assert_eq!(terms_read(&loaded), written);
            }
        }
    }
}

#[test]
fn deep_nesting_is_refused() {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")] {
        for depth in [64, 250, 100_000] {
            let text = format!("kind: {}x{}", open.repeat(depth), close.repeat(depth));
            let _ = check(&[Source { path: Arc::from("deal.yaml"), text }]);
            let text = format!("{}x{}", open.repeat(depth), close.repeat(depth));
            assert!(check(&[Source { path: Arc::from("deal.yaml"), text }]).is_err());
        }
    }
}

#[test]
fn a_scalar_of_two_megabytes_is_taken_or_shown_short() {
    let long = "word ".repeat(400_000);
    let mut sources = deal(FOLDERS[0]);
    let at = sources.iter().position(|source| *source.path == *"parties.yaml").expect("a file");
    let text = sources[at].text.clone();
    sources[at].text = text.replace("neither", &long);
    assert!(check(&sources).is_ok());
    sources[at].text = text.replace("  gamma", &format!("  \"{long}\""));
    let found = check(&sources).expect_err("an id is short");
    assert!(found.iter().all(|diagnostic| diagnostic.title.chars().count() < 200));
}

#[test]
fn lines_end_as_editors_count_them() {
    // A lone carriage return ends no line in an editor, and does in YAML.
    for ending in ["\r\n", "\r"] {
        let mut sources = deal(FOLDERS[0]);
        for source in &mut sources {
            source.text = source.text.replace('\n', ending).replace("role: neither", "role:");
        }
        let found = check(&sources).expect_err("a role is missing");
        assert_eq!(found.len(), 1, "{found:#?}");
    }
}

#[test]
fn a_large_deal_is_read() {
    let loaded = read(&large::deal(500)).unwrap_or_else(|found| panic!("{found:#?}"));
    assert_eq!(terms_read(&loaded), 500);
}

#[test]
fn aliases_do_not_grow() {
    // Each line would be ten times the one above it.
    let mut bomb = "kind: parties\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..60 {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
    }
    let found = check(&[Source { path: Arc::from("deal.yaml"), text: bomb }]);
    let found = found.expect_err("anchors are refused");
    let count = |title: &str| found.iter().filter(|it| it.title == title).count();
    assert_eq!((count("an anchor in a deal file"), count("an alias in a deal file")), (60, 590));
}

#[test]
fn a_circle_of_ten_thousand_carve_outs_is_found() {
    let mut sources = large::deal(10_000);
    let version = sources.iter_mut().find(|source| *source.path == *"v1.yaml");
    let version = version.expect("the deal has a first version");
    let mut lines: Vec<String> = Vec::new();
    for line in version.text.lines() {
        if let Some(number) = line.strip_prefix("      id: term-") {
            let number: usize = number.parse().expect("terms are numbered");
            lines.push(format!("      overrides: term-{}", (number + 1) % 5_000));
        }
        lines.push(line.to_owned());
    }
    version.text = lines.join("\n");
    let found = check(&sources).expect_err("overrides go round");
    assert!(
        found.iter().any(|it| it.title.contains("circle") || it.title.contains("itself")),
        "{:?}",
        found[0]
    );
    // What is said grows with the terms, not with their pairs.
    let said: usize = found
        .iter()
        .map(|it| it.title.len() + it.help.iter().map(String::len).sum::<usize>())
        .sum();
    assert!(found.len() <= 20_000 && said < 5_000_000, "{} problems of {said} bytes", found.len());
}

#[test]
fn every_one_of_ten_thousand_errors_is_reported() {
    let mut sources = deal(FOLDERS[0]);
    let mut text = "kind: parties\nparties:\n".to_owned();
    for number in 0..10_000 {
        text.push_str(&format!("  party-{number}: {{name: P, rule: r}}\n"));
    }
    sources.push(Source { path: Arc::from("z.yaml"), text });
    let found = check(&sources).expect_err("no key is called `rule`");
    assert_eq!(found.iter().filter(|it| it.title == "unknown key `rule`").count(), 10_000);
}

#[test]
fn a_very_long_line_takes_time_with_its_length() {
    // Columns are counted once along the line: with its square, this would not end.
    let names: Vec<String> = (0..40_000).map(|number| format!("p{number}: {{name: é}}")).collect();
    let text = format!("kind: parties\nparties: {{{}}}\n", names.join(", "));
    let mut sources = deal(FOLDERS[0]);
    sources.push(Source { path: Arc::from("z.yaml"), text });
    let found = check(&sources).expect_err("roles are missing");
    assert_eq!(found.iter().filter(|it| it.title == "missing key `role`").count(), 40_000);
}
