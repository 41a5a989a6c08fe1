//! The example deal is in order, and is complete in what an example should show.

#[path = "common/files.rs"]
mod files;

use comity_base::AgreementId;
use comity_lang::{Loaded, read};

use files::{deal, here, text};

const STARGATE: &str = "../../deals/stargate";

fn stargate() -> Loaded {
    read(&deal(STARGATE)).unwrap_or_else(|found| panic!("the example has problems: {found:#?}"))
}

#[test]
fn it_is_in_order() {
    let loaded = stargate();
    assert!(loaded.workload.is_some() && loaded.fleet.sites().count() > 0);
}

#[test]
fn the_first_agreement_has_its_five_versions() {
    let loaded = stargate();
    let id = AgreementId::new("microsoft-openai").expect("an id");
    let agreement = loaded.deal.parts().agreements.iter().find(|agreement| agreement.id == id);
    let agreement = agreement.expect("the example has the agreement");
    let versions: Vec<&str> =
        agreement.versions.iter().map(|version| version.id.as_str()).collect();
    assert_eq!(versions, ["2019-07-22", "2023-01-23", "2025-01-21", "2025-10-28", "2026-04-27"]);
    for version in &agreement.versions {
        assert_eq!(version.effective.start().to_string(), version.id.as_str());
    }
}

#[test]
fn every_term_says_what_it_rests_on() {
    let loaded = stargate();
    for (_, version) in loaded.deal.versions() {
        for term in &version.adds {
            let basis = &term.provenance;
            let said = !basis.phrase.trim().is_empty() && !basis.source.trim().is_empty();
            assert!(said, "`{}` says neither phrase nor source", term.id);
            // `date` and `status` have no empty value; a date is one of the deal's time.
            let year: i32 = basis.date.to_string()[..4].parse().expect("a year");
            assert!((2015..=2030).contains(&year), "`{}` rests on {}", term.id, basis.date);
        }
    }
}

#[test]
fn every_term_of_the_files_is_in_the_deal() {
    let loaded = stargate();
    let read: usize = loaded.deal.versions().map(|(_, version)| version.adds.len()).sum();
    // Counted without the reader: each term has its id on a line of its own.
    let sources = deal(STARGATE);
    let versions = sources.iter().filter(|source| source.path.starts_with("agreements"));
    let written = versions.flat_map(|source| source.text.lines());
    assert_eq!(read, written.filter(|line| line.starts_with("      id: ")).count());
}

#[test]
fn every_file_names_its_schema() {
    for folder in [
        STARGATE,
        "../../deals/condo",
        "../../deals/consortium",
        "../../deals/lease",
        "../../deals/cloud-commitment",
        "tests/deals/minimal",
    ] {
        for source in deal(folder).into_iter().filter(|source| !source.is_text()) {
            let first = source.text.lines().next().unwrap_or_default();
            let path = first.strip_prefix("# yaml-language-server: $schema=");
            let path = path.unwrap_or_else(|| panic!("{} names no schema", source.path));
            let file = here(folder).join(&*source.path);
            let schema = file.parent().expect("a file is in a folder").join(path);
            let kind = source.text.lines().find_map(|line| line.strip_prefix("kind: "));
            let kind = kind.expect("a file says its kind");
            let schemas = here("../../schemas").join(format!("{kind}.schema.json"));
            let real = |path: &std::path::Path| path.canonicalize().ok();
            assert!(real(&schemas).is_some(), "{} is not there", schemas.display());
            assert_eq!(real(&schema), real(&schemas), "{}", source.path);
            assert!(text(&schema).contains(&format!("Comity {kind} file")));
        }
    }
}
