//! What versions do to terms besides adding and ending them, on both axes of time; ratios,
//! readings and first refusals that open again.

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use comity_base::{Calendar, Money, Ratio};
use comity_terms::{
    Ambiguity, Change, Changes, Condition, Deal, Election, Extension, Fact, FactKind, FirstRefusal,
    Measure, Permission, RatioTest, Refusal, Replacement, Role, Sale, Silence, Suspension, Term,
    TermKind, Version, decide, turned_by,
};

use common::build::{
    Build, at, cited, fact, first_refusal, guarded, party, permission, position, prohibition,
    provenance, purpose, request, scope, term, usd, window,
};

fn changed(mut build: Build, change: impl FnOnce(&mut Changes)) -> Build {
    let agreement = build.draft.agreements.last_mut().expect("an agreement comes first");
    let version: &mut Version = agreement.versions.last_mut().expect("a version comes first");
    change(&mut version.changes);
    build
}

/// The answers to requests that are written as in the other tests.
#[track_caller]
fn check(build: &Build, expected: &[(&str, &str)]) {
    let deal = Deal::new(build.draft.clone()).expect("the deal passes the check");
    for (asked, answer) in expected {
        let (asked_request, known) = request(asked);
        let decision = decide(&deal.rules(known), &asked_request);
        assert_eq!(decision.answer.name(), *answer, "{asked}");
    }
}

fn may_build(id: &str) -> Term {
    term(id, permission(scope("build", "capacity")))
}

fn deal() -> Build {
    Build::new(Silence::Prohibited).version("main", "2020-01-01", "").add(may_build("may"))
}

#[test]
fn a_suspended_term_does_not_hold_and_then_does_again() {
    let build = changed(deal().version("main", "2021-01-01", ""), |changes| {
        let window = window("2022-01-01", "2023-01-01");
        changes.suspends.push(Suspension { term: cited("may"), window });
    });
    check(
        &build,
        &[
            ("lab build capacity 2021-12-31", "allow"),
            ("lab build capacity 2022-01-01", "deny"),
            ("lab build capacity 2022-12-31", "deny"),
            ("lab build capacity 2023-01-01", "allow"),
            ("lab build capacity 2022-06-01 known:2020-06-01", "allow"),
        ],
    );
}

#[test]
fn an_extension_moves_the_end_of_a_term_once_it_is_known() {
    let first = Term { to: Some(at("2022-01-01")), ..may_build("may") };
    let build = Build::new(Silence::Prohibited).version("main", "2020-01-01", "").add(first);
    let build = changed(build.version("main", "2021-01-01", ""), |changes| {
        changes.extends.push(Extension { term: cited("may"), to: at("2024-01-01") });
    });
    check(
        &build,
        &[
            ("lab build capacity 2023-06-01", "allow"),
            ("lab build capacity 2024-01-01", "deny"),
            ("lab build capacity 2023-06-01 known:2020-06-01", "deny"),
        ],
    );
}

#[test]
fn a_correction_works_back_but_not_on_what_was_known() {
    let right = term("right", prohibition(scope("build", "capacity")));
    let build =
        Build::new(Silence::Liberty).version("main", "2020-01-01", "").add(may_build("may"));
    let build = build.version("main", "2023-01-01", "").add(right);
    let build = changed(build, |changes| {
        let by = vec![cited("right")];
        changes.corrects.push(Replacement { term: cited("may"), by });
    });
    check(
        &build,
        &[
            ("lab build capacity 2021-06-01", "deny"),
            ("lab build capacity 2021-06-01 known:2022-01-01", "allow"),
            ("lab build capacity 2019-06-01", "allow"),
        ],
    );
}

#[test]
fn a_corrected_term_ends_where_the_wrong_one_did() {
    let build = deal().version("main", "2021-01-01", "").end("may");
    let build = build.version("main", "2022-01-01", "").add(may_build("right"));
    let build = changed(build, |changes| {
        changes.corrects.push(Replacement { term: cited("may"), by: vec![cited("right")] });
    });
    check(
        &build,
        &[("lab build capacity 2020-06-01", "allow"), ("lab build capacity 2022-06-01", "deny")],
    );
}

#[test]
fn an_annulled_term_never_held_once_that_is_known() {
    let build = changed(deal().version("main", "2021-01-01", ""), |changes| {
        changes.annuls.push(cited("may"));
    });
    check(
        &build,
        &[
            ("lab build capacity 2020-06-01", "deny"),
            ("lab build capacity 2020-06-01 known:2020-06-01", "allow"),
        ],
    );
}

#[test]
fn what_survives_outlives_its_agreement() {
    let stays = Term { survives: true, ..term("stays", permission(scope("sell", "capacity"))) };
    let build = Build::new(Silence::Prohibited).version("main", "2020-01-01", "2021-01-01");
    let build = build.add(may_build("may")).add(stays);
    check(
        &build,
        &[
            ("lab build capacity 2020-06-01", "allow"),
            ("lab build capacity 2021-06-01", "deny"),
            ("lab sell capacity 2021-06-01", "allow"),
        ],
    );
}

#[test]
fn changes_to_terms_that_are_not_there_are_problems() {
    let build = changed(deal().version("main", "2021-01-01", ""), |changes| {
        let window = window("2022-01-01", "2023-01-01");
        changes.suspends.push(Suspension { term: cited("gone"), window });
        changes.extends.push(Extension { term: cited("lost"), to: at("2024-01-01") });
        changes.annuls.push(cited("never"));
        let by = vec![cited("missing")];
        changes.corrects.push(Replacement { term: cited("may"), by });
    });
    let problems = Deal::new(build.draft).expect_err("none of them is there");
    let text = format!("{problems:?}");
    for id in ["gone", "lost", "never", "missing"] {
        assert!(text.contains(id), "{id} in {text}");
    }
}

fn ratio(more_than: bool) -> TermKind {
    let ratio = RatioTest {
        counted: [purpose("training")].into(),
        threshold: Ratio::new(1, 2).expect("a half"),
        more_than,
        unit: "MW".to_owned(),
    };
    let text = "half is for training".to_owned();
    let condition = Condition { fact: fact("approved"), text, ratio: Some(ratio) };
    TermKind::Permission(Permission {
        grantor: party("cloud"),
        scope: scope("build", "capacity"),
        condition: Some(condition),
    })
}

fn measured(counted: u64, total: u64, more_than: bool) -> Build {
    let mut build = Build::new(Silence::Prohibited)
        .version("main", "2020-01-01", "")
        .add(term("half", ratio(more_than)));
    build.draft.record.measures.push(Measure {
        fact: fact("approved"),
        counted,
        total,
        from: at("2020-06-01"),
        recorded: at("2020-06-01"),
        provenance: provenance(),
        position: position(9),
    });
    build
}

#[test]
fn a_ratio_is_tested_on_the_state_after_the_act() {
    let ask = |build: &Build, why: &str, amount: Option<u64>, expected: &str| {
        let deal = Deal::new(build.draft.clone()).expect("the deal passes the check");
        let (mut asked, known) = request("lab build capacity 2021-01-01");
        asked.amount = amount;
        asked.purpose = Some(purpose(why));
        let rules = deal.rules(known);
        let decision = decide(&rules, &asked);
        assert_eq!(decision.answer.name(), expected, "{why} {amount:?}");
        turned_by(&rules, &asked, &decision).into_iter().find_map(|change| {
            if let Change::Headroom { amount, .. } = change { Some(amount) } else { None }
        })
    };
    // 60 of 100 count: 20 more that do not make it 60 of 120, just one half.
    let at_least = measured(60, 100, false);
    assert_eq!(ask(&at_least, "inference", Some(20), "allow"), Some(20));
    ask(&at_least, "inference", Some(21), "deny");
    ask(&at_least, "training", Some(1_000), "allow");
    ask(&at_least, "inference", None, "conditional");
    let more_than = measured(60, 100, true);
    assert_eq!(ask(&more_than, "inference", Some(19), "allow"), Some(19));
    ask(&more_than, "inference", Some(20), "deny");
    // Nothing is measured before June 2020.
    let deal = Deal::new(at_least.draft).expect("the deal passes the check");
    let (mut asked, known) = request("lab build capacity 2020-02-01");
    (asked.purpose, asked.amount) = (Some(purpose("inference")), Some(1));
    assert_eq!(decide(&deal.rules(known), &asked).answer.name(), "conditional");
}

#[test]
fn an_ambiguity_is_answered_under_each_reading() {
    let kind = prohibition(scope("build", "capacity"));
    let mut build = Build::new(Silence::Liberty).version("main", "2020-01-01", "").add(guarded(
        term("no", kind),
        "broad",
        true,
    ));
    let names = &mut build.draft.vocabulary;
    for name in ["broad", "narrow"] {
        let statement = format!("read {name}");
        names.facts.insert(fact(name), Fact { kind: FactKind::Reading, statement });
    }
    let readings = [fact("broad"), fact("narrow")].into();
    let question = "how wide?".to_owned();
    names.ambiguities.insert(fact("width"), Ambiguity { question, readings });
    let deal = Deal::new(build.draft.clone()).expect("the deal passes the check");
    let (asked, known) = request("lab build capacity 2021-01-01");
    let rules = deal.rules(known);
    let decision = decide(&rules, &asked);
    assert_eq!(decision.answer.name(), "undetermined");
    let read = turned_by(&rules, &asked, &decision).into_iter().find_map(|change| {
        if let Change::Read { answers, .. } = change { Some(answers) } else { None }
    });
    let read: Vec<(String, &str)> = read
        .expect("the readings are given")
        .into_iter()
        .map(|(reading, answer)| (reading.to_string(), answer.name()))
        .collect();
    assert_eq!(read, [("broad".to_owned(), "deny"), ("narrow".to_owned(), "allow")]);
    // Once it is settled, say by a court, the record decides.
    check(&build.fact("broad", false, "2022-01-01"), &[("lab build capacity 2022-06-01", "allow")]);
}

fn refused(sale: Option<(&str, i128)>) -> Build {
    let TermKind::FirstRefusal(right) = first_refusal(scope("build", "capacity"), 10) else {
        panic!("a first refusal");
    };
    let right = FirstRefusal {
        sale_window_days: Some(30),
        calendar: Calendar::new("America/New_York", true).expect("there is such a zone"),
        ..right
    };
    let mut build = Build::new(Silence::Liberty)
        .version("main", "2020-01-01", "")
        .add(term("r", TermKind::FirstRefusal(right)))
        .offer("r", None, "2021-01-04T15:00:00Z", Some((Election::Declined, "2021-01-06")));
    let money = |minor| Money { minor, currency: usd() };
    for offer in &mut build.draft.record.offers {
        offer.price = Some(money(100));
        offer.sale = sale.map(|(when, price)| Sale {
            party: party("rival"),
            price: money(price),
            at: at(when),
            recorded: at("2021-01-05"),
        });
    }
    build
}

#[test]
fn a_first_refusal_opens_again_after_its_window_or_better_terms() {
    let answers = |build: &Build, expected: [&str; 3]| {
        let dates = ["2021-01-05", "2021-01-20", "2021-06-01"];
        let asked = dates.map(|date| format!("rival build capacity {date}"));
        let pairs: Vec<(&str, &str)> = asked.iter().map(String::as_str).zip(expected).collect();
        check(build, &pairs);
    };
    answers(&refused(None), ["conditional", "allow", "conditional"]);
    // Sold inside the window, on terms no better than offered: that stands.
    answers(&refused(Some(("2021-01-15", 100))), ["conditional", "allow", "allow"]);
    // Sold for less than was asked of the holder, or after the window.
    answers(&refused(Some(("2021-01-15", 99))), ["conditional", "conditional", "conditional"]);
    answers(&refused(Some(("2021-05-15", 100))), ["conditional", "allow", "conditional"]);
    let deal = Deal::new(refused(None).draft).expect("the deal passes the check");
    let (asked, known) = request("rival build capacity 2021-06-01");
    let decision = decide(&deal.rules(known), &asked);
    assert!(decision.reasons.iter().any(|it| it.role == Role::FirstRefusal(Refusal::Reopened)));
}
