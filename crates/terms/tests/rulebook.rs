//! The rulebook against `decide`: the same answer, verdict and bounds, settled by the same terms.

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use std::collections::BTreeSet;

use comity_base::{Instant, Known, TermId};
use comity_terms::{
    Asked, Cited, Deal, Draft, Extension, Region, Replacement, Request, RequestStrs, Rulebook,
    Rules, Scope, Silence, Suspension, Term, Unsaid, decide,
};
use proptest::prelude::*;

use common::build::{
    Build, at, exclusivity, first_refusal, overriding, party, permission, place, prohibition,
    request as read, scope, term, term_id, window,
};
use common::random::{config, deal, known, request};

fn requests(count: usize) -> impl Strategy<Value = Vec<Request>> {
    prop::collection::vec(request(), count)
}

/// Holds the rulebook against `decide` for one request.
fn check(rules: &Rules<'_>, book: &Rulebook, request: &Request) -> Result<(), TestCaseError> {
    let decision = decide(rules, request);
    let asked = book.asked(request).expect("the request uses names of the deal");
    let decided = book.decide(&asked);
    let settling: Vec<&TermId> = decision.settling().map(|reason| reason.term).collect();
    let mut live: Vec<&TermId> = decided.live().collect();
    live.sort();
    prop_assert_eq!(
        (decided.answer, decided.verdict, decided.between, live),
        (decision.answer, decision.verdict, decision.between, settling),
        "{:?}",
        request
    );
    Ok(())
}

/// Every term several times over: more terms for one act than fit in a word, which override each
/// other across words.
fn crowd(draft: &Draft, copies: usize) -> Draft {
    let mut draft = draft.clone();
    let name = |id: &TermId, copy: usize| {
        if copy == 0 { id.clone() } else { term_id(&format!("{id}-{copy}")) }
    };
    let all = |cited: &Cited<TermId>| -> Vec<Cited<TermId>> {
        let one = |copy| Cited { value: name(&cited.value, copy), ..cited.clone() };
        (0..copies).map(one).collect()
    };
    let versions = draft.agreements.iter_mut().flat_map(|it| &mut it.versions);
    for version in versions {
        let copy = |term: &Term, copy: usize| {
            let overrides = term.overrides.iter().flat_map(all).collect();
            Term { id: name(&term.id, copy), overrides, ..term.clone() }
        };
        let adds = version.adds.iter();
        version.adds = adds.flat_map(|term| (0..copies).map(|it| copy(term, it))).collect();
        version.ends = version.ends.iter().flat_map(all).collect();
        let instead = |replaced: &[Replacement]| -> Vec<Replacement> {
            let each = replaced.iter().flat_map(|replacement| {
                let by: Vec<Cited<TermId>> = replacement.by.iter().flat_map(all).collect();
                let terms = all(&replacement.term).into_iter();
                terms.map(move |term| Replacement { term, by: by.clone() })
            });
            each.collect()
        };
        version.replaces = instead(&version.replaces);
        version.changes.corrects = instead(&version.changes.corrects);
        let changes = &mut version.changes;
        changes.annuls = changes.annuls.iter().flat_map(all).collect();
        let suspended = changes.suspends.iter().flat_map(|it| {
            all(&it.term).into_iter().map(|term| Suspension { term, window: it.window })
        });
        changes.suspends = suspended.collect();
        let extended = changes
            .extends
            .iter()
            .flat_map(|it| all(&it.term).into_iter().map(|term| Extension { term, to: it.to }));
        changes.extends = extended.collect();
    }
    draft
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn as_decide(deal in deal(), requests in requests(24), known in known()) {
        let rules = deal.rules(known);
        let book = Rulebook::compile(&rules);
        for request in requests {
            check(&rules, &book, &request)?;
        }
    }
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn as_decide_where_a_word_does_not_hold_the_terms(deal in deal(), requests in requests(16)) {
        let crowded = Deal::new(crowd(deal.parts(), 24));
        let crowded = crowded.map_err(|_| TestCaseError::reject("copies clash"))?;
        let rules = crowded.rules(Known::ALL);
        let book = Rulebook::compile(&rules);
        for request in requests {
            check(&rules, &book, &request)?;
        }
    }

    #[test]
    fn as_decide_in_every_cell(deal in deal(), known in known()) {
        let rules = deal.rules(known);
        let book = Rulebook::compile(&rules);
        let region = Region { unsaid: Unsaid::Include, ..Region::ALL };
        let mut count = 0_usize;
        let mut result = Ok(());
        // One in a number that shares no factor with the numbers of names.
        book.for_each_cell(&region, |cell| {
            count += 1;
            if count.is_multiple_of(19) && result.is_ok() {
                let last = Request { at: cell.period.end().plus_seconds(-1), ..cell.request() };
                result = check(&rules, &book, &cell.request())
                    .and_then(|()| check(&rules, &book, &last));
            }
        });
        result?;
        prop_assert_eq!(count, book.cell_count(&region));
    }
}

/// The API is exclusive in January, but for one site in the last ten days; the uk stays closed.
fn small() -> Deal {
    let abilene = Scope { places: BTreeSet::from([place("abilene")]), ..scope("host", "api") };
    let uk = Scope { places: BTreeSet::from([place("uk")]), ..scope("host", "api") };
    let opened = Term { from: Some(at("2025-01-21")), ..term("opened", permission(abilene)) };
    let build = Build::new(Silence::Liberty)
        .version("main", "2025-01-01", "2025-02-01")
        .add(term("alone", exclusivity(scope("host", "api"), true)))
        .add(overriding(opened, &["alone"]))
        .add(overriding(term("uk-closed", prohibition(uk)), &["alone"]))
        .add(term("first", first_refusal(scope("build", "capacity"), 5)))
        .offer("first", Some("abilene"), "2025-01-10", None);
    Deal::new(build.draft).expect("the deal is right")
}

fn lines(asked: &[&str]) -> String {
    let deal = small();
    let mut lines = String::new();
    for text in asked {
        let (request, known) = read(text);
        let rules = deal.rules(known);
        let book = Rulebook::compile(&rules);
        check(&rules, &book, &request).expect("as decide");
        let asked: Asked = book.asked(&request).expect("the request uses names of the deal");
        let decided = book.decide(&asked);
        let live: Vec<&str> = decided.live().map(TermId::as_str).collect();
        lines +=
            &format!("{text}: {} {} {}\n", decided.answer, decided.verdict.name(), live.join(" "));
    }
    lines
}

#[test]
fn answers_come_with_the_terms_that_settle_them() {
    expect_test::expect![[r#"
        cloud host api at:us 2025-01-15: allow permitted alone
        rival host api at:us 2025-01-15: deny prohibited alone
        rival host mini at:abilene 2025-01-25: allow permitted opened
        rival host api at:us 2025-02-15: allow silent 
        cloud host api at:uk 2025-01-15: deny prohibited uk-closed
        rival host api at:uk 2025-01-15: deny prohibited uk-closed alone
        rival host api 2025-01-25: undetermined undetermined opened uk-closed alone
        lab build capacity at:us 2025-01-12: conditional conditional first
        lab build capacity at:abilene 2025-01-25: allow silent 
        lab build capacity 2025-01-25: undetermined undetermined first
    "#]]
    .assert_eq(&lines(&[
        "cloud host api at:us 2025-01-15",
        "rival host api at:us 2025-01-15",
        "rival host mini at:abilene 2025-01-25",
        "rival host api at:us 2025-02-15",
        "cloud host api at:uk 2025-01-15",
        "rival host api at:uk 2025-01-15",
        "rival host api 2025-01-25",
        "lab build capacity at:us 2025-01-12",
        "lab build capacity at:abilene 2025-01-25",
        "lab build capacity 2025-01-25",
    ]));
}

#[test]
fn names_that_the_deal_does_not_use_are_not_found() {
    let deal = small();
    let book = Rulebook::compile(&deal.rules(Known::ALL));
    let good = RequestStrs {
        party: "rival",
        action: "host",
        object: "api",
        beneficiary: None,
        purpose: Some("training"),
        place: Some("us"),
        amount: None,
        at: at("2025-01-15"),
    };
    assert!(book.decide_strs(&good).is_some());
    for bad in [
        RequestStrs { party: "nobody", ..good },
        RequestStrs { action: "", ..good },
        RequestStrs { object: "training", ..good },
        RequestStrs { beneficiary: Some("us"), ..good },
        RequestStrs { purpose: Some("trainin"), ..good },
        RequestStrs { place: Some("us-"), ..good },
    ] {
        assert!(book.decide_strs(&bad).is_none(), "{bad:?}");
    }
    for edge in [Instant::MIN, Instant::MAX] {
        assert!(book.decide_strs(&RequestStrs { at: edge, ..good }).is_some());
    }
}

#[test]
fn cells_cover_the_region_once() {
    let deal = small();
    let book = Rulebook::compile(&deal.rules(Known::ALL));
    let (rival, uk) = (party("rival"), place("uk"));
    let january = window("2025-01-05", "2025-01-31");
    let region = Region { party: Some(&rival), place: Some(&uk), period: january, ..Region::ALL };
    let mut seen = Vec::new();
    book.for_each_cell(&region, |cell| {
        assert_eq!((cell.party(), cell.place()), (&rival, Some(&uk)));
        seen.push((cell.request(), cell.period));
    });
    assert_eq!(seen.len(), book.cell_count(&region));
    let seconds: i64 = seen.iter().map(|(_, period)| period.seconds()).sum();
    assert_eq!(
        seconds,
        january.seconds() * 3 * 4 * 4 * 3,
        "actions, objects, beneficiaries, purposes"
    );
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), book.cell_count(&region));
    let nobody = party("nobody");
    assert_eq!(book.cell_count(&Region { party: Some(&nobody), ..Region::ALL }), 0);
}
