//! Terms taken out of a deal: what goes with them, and what stays ended.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use std::collections::BTreeSet;

use comity_base::Known;
use comity_lang::Loaded;
use comity_price::{Without, WithoutError, without};
use comity_terms::{Deal, Draft, Problem};

use common::{at, deal, term};

/// Every way in which one term can speak of another, in three versions and a record.
const FIRST: &str = "\
kind: version
agreement: main
name: Main
parties: [lab, cloud, rival]
version: \"2025-01-01\"
summary: The first.
executed: 2025-01-01
effective: {from: 2025-01-01}
recorded: 2025-01-01
adds:
  - exclusivity: {id: old, holder: cloud, grantor: lab, grantor-excluded: true, action: host, object: api, for: lab, BASIS}
  - exclusivity: {id: build-only, holder: cloud, grantor: lab, grantor-excluded: false, action: build, object: capacity, for: lab, to: 2027-01-01, BASIS}
  - permission: {id: carve-out, grantor: cloud, actor: rival, action: build, object: capacity, for: lab, place: uk, overrides: [build-only], BASIS}
  - first-refusal: {id: refusal, holder: cloud, grantor: lab, action: build, object: capacity, for: lab, election-days: 30, BASIS}
  - commitment: {id: wide, buyer: lab, seller: cloud, amount: 900, interval: month, shortfall: pay, BASIS}
  - commitment: {id: narrow, buyer: lab, seller: cloud, amount: 100, interval: month, shortfall: pay, within: wide, BASIS}
  - guarantee: {id: pledge, guarantor: rival, debtor: lab, beneficiary: cloud, secures: [wide, narrow], BASIS}
  - option: {id: choice, holder: lab, grantor: cloud, brings: [brought, brought-too], BASIS}
  - permission: {id: brought, grantor: cloud, actor: lab, action: host, object: capacity, BASIS}
  - permission: {id: brought-too, grantor: cloud, actor: lab, action: host, object: capacity, BASIS}
  - duty: {id: wrong, bound: lab, owed-to: cloud, text: it says so, BASIS}
  - duty: {id: void, bound: lab, owed-to: cloud, text: it never did, BASIS}
  - duty: {id: report, bound: lab, owed-to: cloud, text: it reports, BASIS}
";
const SECOND: &str = "\
kind: version
agreement: main
name: Main
parties: [lab, cloud, rival]
version: \"2025-06-01\"
summary: The second.
executed: 2025-06-01
effective: {from: 2025-06-01}
recorded: 2025-06-01
adds:
  - exclusivity: {id: new, holder: cloud, grantor: lab, grantor-excluded: false, action: host, object: api, for: lab, BASIS}
  - duty: {id: also-new, bound: lab, owed-to: cloud, text: it tells, BASIS}
  - duty: {id: right, bound: lab, owed-to: cloud, text: it says so now, BASIS}
replaces: [{term: old, by: [new, also-new]}]
ends: [report]
suspends: [{term: build-only, from: 2025-07-01, to: 2025-08-01}]
extends: [{term: build-only, to: 2028-01-01}]
corrects: [{term: wrong, by: right}]
annuls: [void]
";
const RECORD: &str = "\
kind: record
complete-to: 2025-12-01
facts: []
offers:
  - {term: refusal, place: us, notice: 2025-02-01, recorded: 2025-02-01, BASIS}
exercises:
  - {option: choice, by: lab, \"on\": 2025-03-01, recorded: 2025-03-01, BASIS}
consents:
  - {id: agreed, by: cloud, term: old, actor: rival, from: 2025-02-01, recorded: 2025-02-01, BASIS}
";

fn all() -> Loaded {
    let versions = [("first.yaml", FIRST), ("second.yaml", SECOND), ("record.yaml", RECORD)];
    deal(&versions)
}

fn take(draft: &Draft, ids: &[&str]) -> Result<Without, WithoutError> {
    without(draft, &ids.iter().map(|id| term(id)).collect())
}

/// Takes a term out, and holds what went with it to what is expected.
#[track_caller]
fn check(id: &str, expected: &[&str]) -> Deal {
    let taken = take(all().deal.parts(), &[id]).unwrap();
    assert_eq!(taken.also, expected);
    let text = format!("{:?}", taken.deal.parts());
    assert!(!text.contains(&format!("TermId({id})")), "{id} is spoken of: {text}");
    taken.deal
}

/// The terms in force, by all that is known.
fn in_force(deal: &Deal, date: &str) -> BTreeSet<String> {
    let rules = deal.rules(Known::ALL);
    let holdings = rules.holdings().iter().filter(|it| it.window.contains(at(date)));
    holdings.map(|holding| holding.term.id.to_string()).collect()
}

#[test]
fn what_cites_a_term_goes_with_it() {
    check("refusal", &["refusal: an offer made under it"]);
    check(
        "build-only",
        &[
            "build-only: that carve-out overrides it",
            "build-only: its suspension by version 2025-06-01",
            "build-only: its extension by version 2025-06-01",
        ],
    );
    check("report", &["report: its end by version 2025-06-01"]);
    check("void", &["void: its annulment by version 2025-06-01"]);
    check("wrong", &["wrong: that right takes its place"]);
    // The narrower commitment stays, and counts for itself only; the guarantee has one less.
    let rest = check("wide", &["wide: that narrow counts for it", "wide: that pledge secures it"]);
    assert!(
        in_force(&rest, "2025-02-01").is_superset(&["narrow", "pledge"].map(str::to_owned).into())
    );
    check("brought-too", &["brought-too: that choice brings it"]);
    check("pledge", &[]);
}

#[test]
fn what_an_option_brings_goes_with_it() {
    let filed = all().deal;
    assert!(!in_force(&filed, "2025-02-01").contains("brought"));
    assert!(in_force(&filed, "2025-04-01").contains("brought"));
    let brought = ["brought", "brought-too"].map(|it| format!("choice: {it}, which it brings"));
    let rest = check("choice", &[&brought[0], &brought[1], "choice: its exercise"]);
    for date in ["2025-02-01", "2025-04-01"] {
        let held = in_force(&rest, date);
        assert!(!held.contains("brought") && !held.contains("brought-too"), "{held:?}");
    }
}

#[test]
fn what_a_term_replaced_stays_ended() {
    let filed = all().deal;
    assert!(in_force(&filed, "2025-05-01").contains("old"));
    assert!(!in_force(&filed, "2025-07-01").contains("old"));
    // One of the two that took its place is left to do so.
    let place = "that it takes the place of old, which still ends";
    let rest = check("new", &[&format!("new: {place}")]);
    assert!(in_force(&rest, "2025-05-01").contains("old"));
    let later = in_force(&rest, "2025-07-01");
    assert!(!later.contains("old") && later.contains("also-new"), "{later:?}");
    // With both gone it is ended by the version, by nothing.
    let rest = take(filed.parts(), &["new", "also-new"]).unwrap();
    assert_eq!(rest.also, ["new", "also-new"].map(|id| format!("{id}: {place}")));
    assert!(in_force(&rest.deal, "2025-05-01").contains("old"));
    assert!(!in_force(&rest.deal, "2025-07-01").contains("old"));
    // What was written down wrongly and has nothing right in its place was never valid.
    let rest = check("right", &["right: that it takes the place of wrong, which still ends"]);
    assert!(!in_force(&rest, "2025-05-01").contains("wrong"));
    // Without the old one there is nothing to replace, and a consent to it is to nothing.
    let rest =
        check("old", &["old: that new, also-new takes its place", "old: the consent agreed to it"]);
    assert!(in_force(&rest, "2025-07-01").contains("new"));
}

#[test]
fn the_other_terms_stay_as_they_were() {
    let filed = all().deal;
    for id in ["refusal", "wide", "choice", "report", "pledge", "carve-out"] {
        let rest = take(filed.parts(), &[id]).unwrap().deal;
        for date in ["2025-02-01", "2025-04-01", "2025-07-15", "2025-09-01"] {
            let mut expected = in_force(&filed, date);
            expected.remove(id);
            if id == "choice" {
                expected.retain(|term| !term.starts_with("brought"));
            }
            assert_eq!(in_force(&rest, date), expected, "without {id} on {date}");
        }
    }
}

#[test]
fn a_term_that_is_not_there_cannot_be_taken_out() {
    let filed = all().deal;
    let error = take(filed.parts(), &["refusal", "refussal", "nothing"]).unwrap_err();
    assert_eq!(error, WithoutError::Unknown(["nothing", "refussal"].map(term).into()));
    assert_eq!(error.to_string(), "no version adds `nothing`, `refussal`");
    assert_eq!(take(filed.parts(), &[]).unwrap().deal, filed);
}

#[test]
fn a_rest_that_contradicts_itself_is_refused() {
    // What is granted is banned too, and only the third term keeps the two apart.
    let version = "\
kind: version
agreement: main
name: Main
parties: [lab, cloud, rival]
version: \"2025-01-01\"
summary: The only one.
executed: 2025-01-01
effective: {from: 2025-01-01}
recorded: 2025-01-01
adds:
  - prohibition: {id: ban, bound: cloud, owed-to: lab, actor: cloud, action: host, object: api, for: lab, BASIS}
  - permission: {id: grant, grantor: lab, actor: cloud, action: host, object: api, for: lab, BASIS}
  - permission: {id: peace, grantor: lab, actor: cloud, action: host, object: api, for: lab, overrides: [ban], BASIS}
";
    let filed = deal(&[("only.yaml", version)]).deal;
    let Err(WithoutError::Rest(problems)) = take(filed.parts(), &["peace"]) else {
        panic!("a permission and a prohibition of the same are a contradiction");
    };
    let lines: Vec<u32> = problems.iter().map(|it: &Problem| it.position.line).collect();
    assert_eq!(lines, [12], "at the second of the two");
    assert!(take(filed.parts(), &["ban"]).is_ok());
}
