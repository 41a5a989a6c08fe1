//! Each property and each expectation with an example where it does not hold.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use comity_base::{AgreementId, Known, Money, Ratio, VersionId};
use comity_proof::{How, Manner, Property, Standing, View, check, diff, prove};
use comity_terms::{
    Ambiguity, Answer, Claim, Commitment, Deal, Exercise, Expectation, ExpectedAnswer, Extension,
    Fact, FactKind, Interval, OnlyHolder, OptionRight, Replacement, RevenueShare, Sale, Scope,
    Shortfall, Silence, Term, TermKind, VersionRef,
};
use expect_test::{Expect, expect};

use crate::common::build::{
    Build, action, at, cited, exclusivity, fact, first_refusal, guarded, object, only, overriding,
    party, permission, position, prohibition, request, scope, term, term_id, usd,
};

fn deal(build: Build) -> Deal {
    let checked = Deal::new(build.draft);
    checked.unwrap_or_else(|problems| panic!("the example is in order: {problems:?}"))
}

/// The cases of a property that does not hold, or is worth knowing.
#[track_caller]
fn cases(build: Build, property: Property, standing: Standing, expected: &Expect) {
    let deal = deal(build);
    let proved = prove(&deal);
    let found = proved.iter().find(|it| it.property == property).expect("every property is there");
    assert_eq!(found.standing, standing, "{found:?}");
    let mut text = String::new();
    for case in &found.cases {
        let periods: String = case.periods.iter().map(|it| format!(" {it}")).collect();
        writeln!(text, "{}{periods}", case.text).expect("a text can be written to");
        if let Some(extent) = &case.extent {
            writeln!(text, "  {extent}").expect("a text can be written to");
        }
        for (view, outcome) in &case.answers {
            writeln!(text, "  {view}: {}", outcome.answer).expect("a text can be written to");
        }
    }
    expected.assert_eq(&text);
}

#[test]
fn a_whole_with_a_forbidden_part_conflicts() {
    let build = Build::new(Silence::Liberty)
        .version("deal", "2025-01-01", "")
        .add(term("whole", permission(scope("host", "services"))))
        .add(term("part", prohibition(scope("host", "mini"))))
        .add(overriding(term("free", permission(scope("host", "mini"))), &["part"]));
    cases(
        build,
        Property::NoConflict,
        Standing::Fail,
        &expect![[r#"
        what whole permits, part forbids, and neither overrides the other [2025-01-01, open)
          anyone: host api or services for anyone, for any purpose, anywhere
    "#]],
    );
}

#[test]
fn a_term_that_is_always_overridden_is_dead() {
    let build = Build::new(Silence::Liberty)
        .version("deal", "2025-01-01", "")
        .add(term("dead", permission(scope("host", "mini"))))
        .add(overriding(term("over", prohibition(scope("host", "api"))), &["dead"]));
    cases(
        build,
        Property::NoDeadTerm,
        Standing::Fail,
        &expect![[r#"
        dead is in force and applies to nothing: another term overrides it, or a fact keeps it out [2025-01-01, open)
    "#]],
    );
}

#[test]
fn a_carve_out_from_what_has_ended_counts_for_nothing() {
    let build = Build::new(Silence::Prohibited)
        .version("deal", "2025-01-01", "")
        .add(term("old", prohibition(scope("host", "api"))))
        .version("deal", "2025-02-01", "")
        .end("old")
        .add(overriding(term("new", permission(scope("host", "api"))), &["old"]));
    cases(
        build,
        Property::CarveOutsCount,
        Standing::Fail,
        &expect![[r#"
        new overrides old, and the two never hold together
    "#]],
    );
}

#[test]
fn a_sale_while_the_right_is_open_passes_it_by() {
    let mut build = Build::new(Silence::Liberty)
        .version("deal", "2025-01-01", "")
        .add(term("first", first_refusal(scope("build", "capacity"), 30)))
        .offer("first", Some("abilene"), "2025-02-01", None);
    let price = Money::zero(usd());
    let sale =
        Sale { party: party("rival"), price, at: at("2025-02-10"), recorded: at("2025-02-10") };
    build.draft.record.offers[0].sale = Some(sale);
    cases(
        build,
        Property::FirstRefusalHolds,
        Standing::Fail,
        &expect![[r#"
        abilene was sold to rival past first on 2025-02-10: it lapses only on 2025-03-04
    "#]],
    );
}

/// An option of the lab that holds until then, with what it brings.
fn option(id: &str, brings: &str, to: &str) -> Term {
    let right = OptionRight {
        holder: party("lab"),
        grantor: party("cloud"),
        brings: vec![cited(brings)],
        notice_days: 0,
        calendar: comity_base::Calendar::utc(),
    };
    Term { to: Some(at(to)), ..term(id, TermKind::Option(right)) }
}

#[test]
fn an_option_that_can_bring_nothing_is_found() {
    let over =
        Term { to: Some(at("2025-06-01")), ..term("over", permission(scope("build", "api"))) };
    let deal = |to: &str, brought: Term| {
        let call = Term { from: Some(at("2026-01-01")), ..option("call", brought.id.as_str(), to) };
        Build::new(Silence::Liberty)
            .version("deal", "2025-01-01", "2028-01-01")
            .add(call)
            .add(brought)
    };
    cases(
        deal("2027-01-01", over),
        Property::OptionsCanBeExercised,
        Standing::Fail,
        &expect![[r#"
        call brings over, which is over before that can hold
    "#]],
    );
    let good = || term("good", permission(scope("build", "api")));
    cases(
        deal("2027-01-01", good()),
        Property::OptionsCanBeExercised,
        Standing::Pass,
        &expect![[""]],
    );
    // What an option would bring is no dead term before it is exercised.
    cases(deal("2027-01-01", good()), Property::NoDeadTerm, Standing::Pass, &expect![[""]]);
    let mut late = deal("2029-06-01", good());
    late.draft.agreements[0].versions[0].adds[0].from = Some(at("2029-01-01"));
    cases(
        late,
        Property::OptionsCanBeExercised,
        Standing::Fail,
        &expect![[r#"
        call can never be exercised: it ends before it begins
    "#]],
    );
}

#[test]
fn a_commitment_to_buy_what_may_not_be_supplied_cannot_be_met() {
    let mut nothing = scope("host", "services");
    nothing.actions = BTreeSet::from([action("host"), action("sell")]);
    nothing.objects.insert(object("capacity"));
    nothing.actor = only(&["rival"]);
    let nothing_due = Money::zero(usd());
    let buys = TermKind::Commitment(Commitment::spend(
        party("lab"),
        party("rival"),
        nothing_due,
        Interval::Term,
        Shortfall::Show,
    ));
    let build = Build::new(Silence::Liberty)
        .version("deal", "2025-01-01", "")
        .add(term("nothing-of-rival", prohibition(nothing)))
        .add(term("buys", buys));
    cases(
        build,
        Property::CommitmentsCanBeMet,
        Standing::Fail,
        &expect![[r#"
        buys is to be bought from rival by lab, for whom rival may supply nothing in all that time: nothing-of-rival forbids it [2025-01-01, open)
    "#]],
    );
}

#[test]
fn a_sale_shared_twice_with_one_payee_does_not_fit() {
    let share = |base: &str| {
        let fifth = Ratio::new(1, 5).expect("a fifth");
        TermKind::RevenueShare(RevenueShare::flat(
            party("lab"),
            party("cloud"),
            vec![object(base)],
            fifth,
        ))
    };
    let build = Build::new(Silence::Liberty)
        .version("deal", "2025-01-01", "")
        .add(term("all", share("services")))
        .add(term("api-too", share("api")));
    cases(
        build,
        Property::SharesFit,
        Standing::Fail,
        &expect![[r#"
        lab shares its sales of api with cloud twice [2025-01-01, open)
        lab shares its sales of mini with cloud twice [2025-01-01, open)
    "#]],
    );
}

#[test]
fn what_survives_is_listed() {
    let mut stays = term("stays", prohibition(scope("host", "api")));
    stays.survives = true;
    let build = Build::new(Silence::Liberty)
        .version("deal", "2025-01-01", "2026-01-01")
        .add(stays)
        .add(term("goes", prohibition(scope("sell", "api"))));
    cases(
        build,
        Property::Survivals,
        Standing::Information,
        &expect![[r#"
        stays goes on when deal runs out on 2026-01-01 [2026-01-01, open)
    "#]],
    );
}

#[test]
fn readings_that_differ_are_shown() {
    let mut build = Build::new(Silence::Liberty);
    for name in ["wide", "narrow"] {
        let known = Fact { kind: FactKind::Reading, statement: name.to_owned() };
        build.draft.vocabulary.facts.insert(fact(name), known);
    }
    let readings = BTreeSet::from([fact("wide"), fact("narrow")]);
    let question = "wide or narrow?".to_owned();
    build.draft.vocabulary.ambiguities.insert(fact("open"), Ambiguity { question, readings });
    let build = build.version("deal", "2025-01-01", "").add(guarded(
        term("api", prohibition(scope("host", "api"))),
        "wide",
        true,
    ));
    cases(
        build,
        Property::Readings,
        Standing::Information,
        &expect![[r#"
        it depends on open: wide or narrow? [2025-01-01, open)
          anyone: host anything but capacity for anyone, for any purpose, anywhere
          narrow: allow
          wide: deny
    "#]],
    );
}

fn example() -> Deal {
    deal(
        Build::new(Silence::Liberty)
            .version("deal", "2025-01-01", "")
            .add(term("alone", exclusivity(scope("host", "api"), true)))
            .version("deal", "2025-06-01", "")
            .replace("alone", term("not-mini", prohibition(scope("host", "mini"))))
            .version("deal", "2025-09-01", "")
            .end("not-mini"),
    )
}

/// What is said of a claim on the example.
#[track_caller]
fn claim(claim: Claim, expected: &Expect) {
    let expectation = Expectation { claim, position: position(1) };
    let mut text = String::new();
    for failure in check(&example(), &[expectation]) {
        writeln!(text, "{}", failure.title).expect("a text can be written to");
        for case in &failure.cases {
            let extent = case.extent.as_ref().map_or_else(String::new, ToString::to_string);
            writeln!(text, "  {extent}: {}", case.text).expect("a text can be written to");
        }
    }
    expected.assert_eq(&text);
}

fn version(id: &str) -> VersionRef {
    let agreement = AgreementId::new("deal").expect("a good id");
    VersionRef { agreement, version: VersionId::new(id).expect("a good id") }
}

#[test]
fn answers_are_expected() {
    let expected = |is: Answer| {
        let (request, known) = request("rival host api for:lab purpose:training at:us 2025-02-01");
        Claim::Answer(ExpectedAnswer { request, known, answer: is })
    };
    claim(expected(Answer::Deny), &expect![[""]]);
    claim(
        expected(Answer::Allow),
        &expect![[r#"
        expected `allow`, and the answer is `deny`
          : by these terms
    "#]],
    );
}

#[test]
fn only_the_holder_is_expected() {
    let before = |date: &str| {
        Claim::Only(OnlyHolder {
            holder: party("cloud"),
            action: action("host"),
            object: object("api"),
            beneficiary: None,
            from: at("2025-01-01"),
            before: at(date),
        })
    };
    claim(before("2025-06-01"), &expect![[""]]);
    let capacity = Claim::Only(OnlyHolder {
        holder: party("cloud"),
        action: action("build"),
        object: object("capacity"),
        beneficiary: Some(party("lab")),
        from: at("2025-01-01"),
        before: at("2025-02-01"),
    });
    claim(
        capacity,
        &expect![[r#"
        others than cloud may build capacity for lab before 2025-02-01
          anyone but cloud: build capacity for lab, for any purpose, anywhere: the answer for them is `allow`
    "#]],
    );
}

#[test]
fn directions_are_expected() {
    claim(Claim::Narrows(version("2025-01-01")), &expect![[""]]);
    claim(
        Claim::Widens(version("2025-01-01")),
        &expect![[r#"
        version 2025-01-01 of deal makes some answers less favourable
          anyone but cloud: host anything but capacity for anyone, for any purpose, anywhere: the answer changes
    "#]],
    );
    claim(Claim::Narrows(version("2025-06-01")), &expect![[""]]);
    claim(
        Claim::Narrows(version("2025-09-01")),
        &expect![[r#"
        version 2025-09-01 of deal makes some answers more favourable
          anyone: host anything but capacity for anyone, for any purpose, anywhere: the answer changes
    "#]],
    );
    claim(
        Claim::Widens(version("2024-01-01")),
        &expect![[r#"
        there is no version `2024-01-01` of `deal`
    "#]],
    );
    claim(Claim::NoConflict, &expect![[""]]);
}

#[test]
fn a_box_is_expected() {
    let within = |name: &str, places: &[&str]| {
        let places = places.iter().map(|it| crate::common::build::place(it)).collect();
        let within = Scope { actions: BTreeSet::new(), places, ..scope("host", name) };
        Claim::ChangesOnly { version: version("2025-06-01"), within }
    };
    claim(within("services", &[]), &expect![[""]]);
    claim(
        within("capacity", &[]),
        &expect![[r#"
        version 2025-06-01 of deal changes answers outside of what is listed
          cloud: host api or mini for anyone, for any purpose, anywhere: the answer changes
          cloud: host services for anyone, for any purpose, anywhere: the answer changes
    "#]],
    );
    claim(
        within("services", &["us"]),
        &expect![[r#"
        version 2025-06-01 of deal changes answers outside of what is listed
          cloud: host api or mini for anyone, for any purpose, at uk: the answer changes
          cloud: host services for anyone, for any purpose, at uk: the answer changes
    "#]],
    );
}

#[test]
fn a_correction_is_told_from_an_amendment() {
    let mut build = Build::new(Silence::Liberty)
        .version("deal", "2025-01-01", "")
        .add(term("wrong", prohibition(scope("host", "api"))))
        .version("deal", "2025-03-01", "")
        .add(term("right", prohibition(scope("sell", "api"))));
    let correction = Replacement { term: cited("wrong"), by: vec![cited("right")] };
    build.draft.agreements[0].versions[1].changes.corrects.push(correction);
    let deal = deal(build);
    let view = |known: &str| View { deal: &deal, at: at("2025-02-01"), known: Known(at(known)) };
    let found = diff(view("2025-02-01"), view("2025-04-01"));
    assert!(found.terms.iter().all(|term| term.manner == Manner::Correction), "{found:?}");
    assert!(!found.answers.is_empty());
    assert!(found.answers.iter().all(|answer| answer.manner == Manner::Correction));
    assert_eq!(diff(view("2025-04-01"), view("2025-04-01")).answers, []);
}

#[test]
fn what_moves_a_term_that_was_corrected_is_named() {
    let mut build = Build::new(Silence::Liberty)
        .version("deal", "2025-01-01", "")
        .add(Term {
            to: Some(at("2026-01-01")),
            ..term("wrong", prohibition(scope("host", "api")))
        })
        .version("deal", "2025-03-01", "")
        .version("deal", "2025-05-01", "")
        .add(Term {
            to: Some(at("2026-01-01")),
            ..term("right", prohibition(scope("sell", "api")))
        });
    let versions = &mut build.draft.agreements[0].versions;
    let correction = Replacement { term: cited("wrong"), by: vec![cited("right")] };
    versions[2].changes.corrects.push(correction);
    versions[1].changes.extends.push(Extension { term: cited("wrong"), to: at("2027-01-01") });
    // The extension was recorded late.
    versions[1].recorded = at("2025-05-20");
    let deal = deal(build);
    let view = |known: &str| View { deal: &deal, at: at("2025-06-01"), known: Known(at(known)) };
    let found = diff(view("2025-05-10"), view("2025-06-01")).terms;
    assert_eq!(found.len(), 1, "{found:?}");
    let by = found[0].version.as_ref().map(|(_, version)| version.clone());
    assert_eq!(by.as_ref(), Some(&deal.parts().agreements[0].versions[1].id));
}

#[test]
fn the_exercise_of_an_option_that_was_corrected_is_named() {
    let mut build = Build::new(Silence::Prohibited)
        .version("deal", "2025-01-01", "")
        .add(option("wrong", "build", "2026-01-01"))
        .add(term("build", permission(scope("build", "capacity"))))
        .version("deal", "2025-05-01", "")
        .add(option("right", "host", "2026-01-01"))
        .add(term("host", permission(scope("host", "api"))));
    let corrects = [("wrong", "right"), ("build", "host")]
        .map(|(wrong, right)| Replacement { term: cited(wrong), by: vec![cited(right)] });
    build.draft.agreements[0].versions[1].changes.corrects.extend(corrects);
    let basis = build.draft.agreements[0].versions[0].adds[0].provenance.clone();
    build.draft.record.exercises.push(Exercise {
        option: cited("wrong"),
        by: party("lab"),
        on: at("2025-03-01"),
        recorded: at("2025-03-02"),
        provenance: basis,
        position: position(9),
    });
    let deal = deal(build);
    let view = |on: &str| View { deal: &deal, at: at(on), known: Known(at("2025-06-01")) };
    let found = diff(view("2025-02-01"), view("2025-04-01"));
    let how: Vec<(&str, &How)> = found.terms.iter().map(|it| (it.term.as_str(), &it.how)).collect();
    let (on, recorded) = (at("2025-03-01"), at("2025-03-02"));
    let brought = How::Brought { option: term_id("wrong"), on, recorded };
    assert_eq!(how, [("host", &brought)]);
    assert_eq!(found.answers.iter().map(|it| it.manner).collect::<Vec<_>>(), [Manner::Time]);
}

/// More days than time has.
#[test]
fn a_first_refusal_that_never_ends() {
    let build = Build::new(Silence::Liberty)
        .version("deal", "2025-01-01", "")
        .add(term("soon", first_refusal(scope("build", "capacity"), 30)))
        .add(term("never", first_refusal(scope("host", "services"), u32::MAX)));
    cases(
        build,
        Property::FirstRefusalHolds,
        Standing::Fail,
        &expect![[r#"
        never, offered on 2025-01-01, would never lapse
    "#]],
    );
}
