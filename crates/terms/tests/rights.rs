//! Options, guarantees, limited consents, agreements that are amended before their end, elections
//! that become known later, and carve-outs from other agreements.

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use comity_base::TermId;
use comity_terms::{
    Ambiguity, Answer, AsOf, Change, Changes, Deal, Election, Exercise, Fact, FactKind, Guarantee,
    Limits, OptionRight, OptionState, Replacement, Rulebook, Silence, Term, TermKind, decide,
    prose, sentence, turned_by,
};

use common::build::{
    Build, action, at, cited, fact, first_refusal, guarded, object, only, overriding, party,
    permission, position, prohibition, provenance, purpose, request, scope, term, term_id,
};

/// Answers of the plain evaluator and of the rulebook, which agree.
fn check(build: &Build, questions: &[(&str, &str)]) {
    let deal = Deal::new(build.draft.clone()).expect("the deal passes the check");
    for (question, expected) in questions {
        let (asked, known) = request(question);
        let rules = deal.rules(known);
        let decision = decide(&rules, &asked);
        assert_eq!(decision.answer.name(), *expected, "{question}: {decision:#?}");
        let book = Rulebook::compile(&rules);
        let asked = book.asked(&asked).expect("the deal has these names");
        assert_eq!(book.decide(&asked).answer, decision.answer, "{question}");
        // Nothing that was recorded later matters.
        let then = deal.as_known(known);
        let (asked, _) = request(question);
        assert_eq!(decide(&then.rules(known), &asked).answer, decision.answer, "{question}");
    }
}

fn problems(build: &Build) -> String {
    match Deal::new(build.draft.clone()) {
        Ok(_) => String::from("clean"),
        Err(problems) => format!("{problems:?}"),
    }
}

fn refused(build: &Build, with: &[&str]) {
    let found = problems(build);
    for part in with {
        assert!(found.contains(part), "{part} in {found}");
    }
}

/// The lab's option to bring terms, for a year, with so many days of notice.
fn option(id: &str, brings: &[&str], notice_days: u32) -> Term {
    let right = OptionRight {
        holder: party("lab"),
        grantor: party("cloud"),
        brings: brings.iter().map(|id| cited(id)).collect(),
        notice_days,
        calendar: comity_base::Calendar::utc(),
    };
    let kind = TermKind::Option(right);
    Term { from: Some(at("2021-01-01")), to: Some(at("2022-01-01")), ..term(id, kind) }
}

fn may_build(id: &str) -> Term {
    term(id, permission(scope("build", "capacity")))
}

fn optional(notice_days: u32) -> Build {
    Build::new(Silence::Prohibited)
        .version("main", "2020-01-01", "")
        .add(option("call", &["build"], notice_days))
        .add(may_build("build"))
}

fn exercise(mut build: Build, option: &str, by: &str, on: &str, recorded: &str) -> Build {
    let exercise = Exercise {
        option: cited(option),
        by: party(by),
        on: at(on),
        recorded: at(recorded),
        provenance: provenance(),
        position: position(90),
    };
    build.draft.record.exercises.push(exercise);
    build
}

#[test]
fn what_an_option_brings_holds_from_its_exercise_on() {
    check(&optional(0), &[("lab build capacity 2021-06-01", "deny")]);
    let exercised = exercise(optional(0), "call", "lab", "2021-03-01", "2021-04-01");
    check(
        &exercised,
        &[
            ("lab build capacity 2021-02-28", "deny"),
            ("lab build capacity 2021-03-01", "allow"),
            ("lab build capacity 2021-03-01 known:2021-03-31", "deny"),
            ("lab build capacity 2025-01-01", "allow"),
        ],
    );
    // Two days of notice after the day of the exercise.
    let noticed = exercise(optional(2), "call", "lab", "2021-03-01", "2021-03-01");
    check(
        &noticed,
        &[("lab build capacity 2021-03-03", "deny"), ("lab build capacity 2021-03-04", "allow")],
    );
}

#[test]
fn an_option_is_open_then_exercised_or_lapsed() {
    let state = |build: &Build, when: &str| {
        let deal = Deal::new(build.draft.clone()).expect("the deal passes the check");
        deal.rules(comity_base::Known::ALL).option_state(&term_id("call"), at(when))
    };
    let open = optional(0);
    assert_eq!(state(&open, "2020-06-01"), None);
    assert_eq!(state(&open, "2021-06-01"), Some(OptionState::Open));
    assert_eq!(state(&open, "2022-01-01"), Some(OptionState::Lapsed));
    let exercised = exercise(open, "call", "lab", "2021-03-01", "2021-03-01");
    assert_eq!(state(&exercised, "2021-02-01"), Some(OptionState::Open));
    let on = at("2021-03-01");
    assert_eq!(state(&exercised, "2023-01-01"), Some(OptionState::Exercised { on }));
}

#[test]
fn the_text_tells_where_an_option_stands() {
    let told = |build: &Build, when: &str| {
        let deal = Deal::new(build.draft.clone()).expect("the deal passes the check");
        let as_of = AsOf { at: Some(at(when)), known: comity_base::Known(at("2025-01-01")) };
        format!("{:?}", prose(&deal, as_of))
    };
    let open = optional(0);
    assert!(told(&open, "2021-06-01").contains("Lab can exercise its option through 2021."));
    assert!(told(&open, "2023-01-01").contains("The option of lab lapsed on 1 January 2022."));
    let done = exercise(open, "call", "lab", "2021-03-01", "2021-03-01");
    assert!(told(&done, "2021-06-01").contains("On 1 March 2021, lab exercised its option."));
}

fn exercises(build: &Build, question: &str) -> Vec<(TermId, Answer)> {
    let deal = Deal::new(build.draft.clone()).expect("the deal passes the check");
    let (asked, known) = request(question);
    let rules = deal.rules(known);
    let decision = decide(&rules, &asked);
    let found = turned_by(&rules, &asked, &decision).into_iter().filter_map(|change| {
        if let Change::Exercise { option, answer, .. } = change {
            Some((option, answer))
        } else {
            None
        }
    });
    found.collect()
}

#[test]
fn an_exercise_that_would_turn_an_answer_is_named() {
    let call = vec![(term_id("call"), Answer::Allow)];
    assert_eq!(exercises(&optional(0), "lab build capacity 2021-06-01"), call);
    // Lapsed by now, but not by what was known while it was open.
    assert_eq!(exercises(&optional(0), "lab build capacity 2023-06-01"), []);
    assert_eq!(exercises(&optional(0), "lab build capacity 2023-06-01 known:2021-06-01"), call);
    // The notice would not be over.
    assert_eq!(exercises(&optional(300), "lab build capacity 2021-06-01"), []);
    let done = exercise(optional(0), "call", "lab", "2021-03-01", "2021-03-01");
    assert_eq!(exercises(&done, "lab build capacity 2021-02-01"), []);
    assert_eq!(exercises(&optional(0), "lab sell capacity 2021-06-01"), []);
}

#[test]
fn exercises_are_checked() {
    let ok = |by: &str, on: &str| exercise(optional(0), "call", by, on, on);
    assert_eq!(problems(&ok("lab", "2021-01-01")), "clean");
    refused(&ok("rival", "2021-02-01"), &["NotHolder", "rival"]);
    for outside in ["2020-12-31", "2022-01-01"] {
        refused(&ok("lab", outside), &["NotExercisable"]);
    }
    let twice = exercise(ok("lab", "2021-02-01"), "call", "lab", "2021-03-01", "2021-03-01");
    refused(&twice, &["ExercisedTwice"]);
    refused(&exercise(optional(0), "build", "lab", "2021-02-01", "2021-02-01"), &["NotOption"]);
    refused(&exercise(optional(0), "none", "lab", "2021-02-01", "2021-02-01"), &["UnknownTerm"]);
    // While a fact that it needs is not on record, it cannot be.
    let needs = Build::new(Silence::Prohibited)
        .version("main", "2020-01-01", "")
        .add(guarded(option("call", &["build"], 0), "safe", true))
        .add(may_build("build"));
    let needs = exercise(needs, "call", "lab", "2021-02-01", "2021-02-01");
    refused(&needs, &["ExerciseUnfounded", "safe"]);
    assert_eq!(problems(&needs.fact("safe", true, "2021-01-15")), "clean");
}

/// An option that needs a question to be read in one way, exercised while that is open.
fn disputed() -> Build {
    let mut build = Build::new(Silence::Prohibited)
        .version("main", "2020-01-01", "")
        .add(guarded(option("call", &["build"], 0), "broad", true))
        .add(may_build("build"));
    let names = &mut build.draft.vocabulary;
    for reading in ["broad", "strict"] {
        let statement = format!("it is {reading}");
        names.facts.insert(fact(reading), Fact { kind: FactKind::Reading, statement });
    }
    let (question, readings) = (String::from("which?"), ["broad", "strict"].map(fact).into());
    names.ambiguities.insert(fact("words"), Ambiguity { question, readings });
    exercise(build, "call", "lab", "2021-03-01", "2021-03-01")
}

#[test]
fn an_exercise_that_turns_on_an_open_question_is_answered_under_each_reading() {
    let open = disputed();
    let settled = |holds| disputed().fact("broad", holds, "2021-02-01");
    check(
        &open,
        &[
            ("lab build capacity 2021-02-28", "deny"),
            ("lab build capacity 2022-06-01", "undetermined"),
        ],
    );
    let deal = Deal::new(open.draft.clone()).expect("the deal passes the check");
    let (asked, known) = request("lab build capacity 2021-06-01");
    let rules = deal.rules(known);
    let decision = decide(&rules, &asked);
    assert_eq!(decision.between, Some((Answer::Allow, Answer::Deny)));
    let answers = [(fact("broad"), Answer::Allow), (fact("strict"), Answer::Deny)].into();
    let read = Change::Read { ambiguity: fact("words"), answers };
    assert!(turned_by(&rules, &asked, &decision).contains(&read));
    // One that is settled later is open until then, for those who ask with knowledge of that day.
    let mut later = settled(true);
    later.draft.record.facts[0].recorded = at("2021-05-01");
    check(
        &later,
        &[
            ("lab build capacity 2021-06-01", "allow"),
            ("lab build capacity 2021-06-01 known:2021-04-30", "undetermined"),
            ("lab build capacity 2021-06-01 known:2021-02-28", "deny"),
        ],
    );
    check(&settled(true), &[("lab build capacity 2021-06-01", "allow")]);
    refused(&settled(false), &["ExerciseUnfounded", "broad"]);
    // Settled against it later, it was in order then: it stays on record and counts for nothing.
    let mut against = settled(false);
    against.draft.record.facts[0].recorded = at("2021-05-01");
    check(
        &against,
        &[
            ("lab build capacity 2021-06-01", "deny"),
            ("lab build capacity 2021-06-01 known:2021-04-30", "undetermined"),
        ],
    );
    let state = |build: Build| {
        let deal = Deal::new(build.draft).expect("the deal passes the check");
        deal.rules(comity_base::Known::ALL).option_state(&term_id("call"), at("2021-06-01"))
    };
    assert_eq!(state(against), Some(OptionState::Open));
    assert_eq!(state(open), Some(OptionState::Exercised { on: at("2021-03-01") }));
}

#[test]
fn what_an_option_brings_hangs_on_the_next_one_too() {
    let mut build = disputed();
    let adds = &mut build.draft.agreements[0].versions[0].adds;
    let TermKind::Option(right) = &mut adds[0].kind else { panic!("an option") };
    right.brings = vec![cited("second")];
    adds.push(option("second", &["build"], 0));
    let build = exercise(build, "second", "lab", "2021-04-01", "2021-04-01");
    let asked = "lab build capacity 2021-06-01";
    check(&build, &[(asked, "undetermined"), ("lab build capacity 2021-03-31", "deny")]);
    check(&build.fact("broad", true, "2021-02-01"), &[(asked, "allow")]);
}

/// The option, exercised; a version then says that it was another that was agreed, for a year from
/// its start on.
fn corrected(start: &str) -> Build {
    let right = Term { from: Some(at(start)), ..option("right", &["built"], 0) };
    let noticed = exercise(optional(0), "call", "lab", "2021-03-01", "2021-03-01");
    let build = noticed.version("main", "2021-06-01", "").add(right).add(may_build("built"));
    let corrects = [("call", "right"), ("build", "built")]
        .map(|(wrong, right)| Replacement { term: cited(wrong), by: vec![cited(right)] });
    changed(build, |changes| changes.corrects.extend(corrects))
}

/// The build whose last version also changes something.
fn changed(mut build: Build, change: impl FnOnce(&mut Changes)) -> Build {
    let versions = &mut build.draft.agreements[0].versions;
    change(&mut versions.last_mut().expect("it has a version").changes);
    build
}

#[test]
fn an_exercise_of_a_wrong_option_is_one_of_what_stands_in_its_place() {
    let asked = "lab build capacity 2021-04-01";
    check(&corrected("2021-01-01"), &[(asked, "allow"), ("lab build capacity 2021-02-28", "deny")]);
    // Where the right one could not be exercised then, nothing was brought.
    check(
        &corrected("2021-03-02"),
        &[(asked, "deny"), ("lab build capacity 2021-04-01 known:2021-05-31", "allow")],
    );
    // Nor was it by the holder of the wrong one, if that is another.
    let mut others = corrected("2021-01-01");
    let TermKind::Option(right) = &mut others.draft.agreements[0].versions[1].adds[0].kind else {
        panic!("an option");
    };
    right.holder = party("rival");
    check(&others, &[(asked, "deny")]);
    // Both together are one option exercised twice.
    let on = "2021-07-01";
    let twice = exercise(corrected("2021-01-01"), "right", "lab", on, on);
    refused(&twice, &["ExercisedTwice", "right"]);
    let wrong = exercise(corrected("2021-01-01"), "call", "lab", on, on);
    refused(&wrong, &["ExercisedTwice"]);
}

#[test]
fn an_exercise_stays_in_order_when_its_option_is_annulled_later() {
    let annulled = |exercised: &str| {
        let build = exercise(optional(0), "call", "lab", exercised, exercised);
        let build = build.version("main", "2021-06-01", "");
        changed(build, |changes| changes.annuls.push(cited("call")))
    };
    let asked = [
        ("lab build capacity 2021-07-01", "deny"),
        ("lab build capacity 2021-07-01 known:2021-05-31", "allow"),
    ];
    check(&annulled("2021-03-01"), &asked);
    // After that there is nothing to exercise.
    refused(&annulled("2021-07-01"), &["NotExercisable"]);
}

#[test]
fn what_options_bring_is_checked() {
    let new = || Build::new(Silence::Prohibited).version("main", "2020-01-01", "");
    let missing = new().add(option("call", &["gone"], 0));
    refused(&missing, &["NotAdded", "gone"]);
    let twice = new().add(option("a", &["x"], 0)).add(option("b", &["x"], 0)).add(may_build("x"));
    refused(&twice, &["BroughtTwice"]);
    let round = new().add(option("a", &["b"], 0)).add(option("b", &["a"], 0));
    refused(&round, &["BringsItself"]);
    // What it would bring contradicts what is there, and that is found before it is exercised.
    let clash = optional(0).add(term("no", prohibition(scope("build", "capacity"))));
    refused(&clash, &["Contradiction"]);
    // One option may bring the next.
    let chain = new()
        .add(option("first", &["second"], 0))
        .add(option("second", &["x"], 0))
        .add(may_build("x"));
    let half = exercise(chain, "first", "lab", "2021-02-01", "2021-02-01");
    check(&half, &[("lab build capacity 2021-08-01", "deny")]);
    let whole = exercise(half, "second", "lab", "2021-03-01", "2021-03-01");
    check(&whole, &[("lab build capacity 2021-08-01", "allow")]);
}

fn guarantee(debtor: &str, secures: &str) -> Term {
    let guarantee = Guarantee {
        guarantor: party("venture"),
        debtor: party(debtor),
        beneficiary: party("cloud"),
        secures: vec![cited(secures)],
        limit: None,
    };
    term("backed", TermKind::Guarantee(guarantee))
}

#[test]
fn a_guarantee_secures_what_its_debtor_owes() {
    let new = |debtor: &str, secures: &str| {
        Build::new(Silence::Liberty)
            .version("main", "2020-01-01", "")
            .add(term("no", prohibition(scope("build", "capacity"))))
            .add(may_sell())
            .add(guarantee(debtor, secures))
    };
    let good = new("lab", "no");
    assert_eq!(problems(&good), "clean");
    let words = sentence(&good.draft, &guarantee("lab", "no"));
    assert_eq!(words, "Venture answers to cloud for what lab owes under [no], without limit.");
    refused(&new("rival", "no"), &["NotOwed", "rival"]);
    refused(&new("lab", "sell"), &["NotOwed", "owed: None"]);
    refused(&new("lab", "gone"), &["UnknownTerm", "gone"]);
    refused(&new("venture", "no"), &["GuaranteesItself"]);
    let mut unsigned = good;
    unsigned.draft.agreements[0].parties.remove(&party("venture"));
    refused(&unsigned, &["NotSigned", "venture"]);
}

fn may_sell() -> Term {
    term("sell", permission(scope("sell", "api")))
}

fn consented(limits: Limits) -> Build {
    let mut build = Build::new(Silence::Liberty)
        .version("main", "2020-01-01", "")
        .add(term("no", prohibition(scope("sell", "api"))))
        .consent("yes", "cloud", "no", "2021-01-01");
    build.draft.record.consents[0].limits = limits;
    build
}

#[test]
fn a_limited_consent_lifts_its_term_only_inside_its_limits() {
    let training = Limits { purposes: [purpose("training")].into(), ..Limits::default() };
    check(
        &consented(training),
        &[
            ("rival sell api purpose:training 2021-06-01", "allow"),
            // Wider than the consent: not freed.
            ("rival sell api purpose:research 2021-06-01", "deny"),
            ("rival sell api purpose:inference 2021-06-01", "deny"),
            ("rival sell api 2021-06-01", "undetermined"),
            ("rival sell api purpose:training 2020-06-01", "deny"),
            // In the parts that it does not limit it need only touch, as any consent.
            ("rival sell services purpose:training 2021-06-01", "allow"),
        ],
    );
    let mini = Limits { objects: [object("mini")].into(), ..Limits::default() };
    check(
        &consented(mini),
        &[("rival sell mini 2021-06-01", "allow"), ("rival sell api 2021-06-01", "deny")],
    );
    let whom = Limits { beneficiary: only(&["lab"]), ..Limits::default() };
    check(
        &consented(whom),
        &[
            ("rival sell api for:lab 2021-06-01", "allow"),
            ("rival sell api for:cloud 2021-06-01", "deny"),
        ],
    );
    let host = Limits { actions: [action("host")].into(), ..Limits::default() };
    refused(&consented(host), &["NothingLifted"]);
}

#[test]
fn an_agreement_can_be_amended_before_its_end() {
    let amended = |to: &str| {
        Build::new(Silence::Prohibited)
            .version("main", "2020-01-01", "2025-01-01")
            .add(may_build("build"))
            .version("main", "2022-01-01", to)
            .add(may_sell())
    };
    // What says nothing of the end keeps it, for old terms and new ones.
    check(
        &amended(""),
        &[
            ("lab build capacity 2024-12-31", "allow"),
            ("lab sell api 2024-12-31", "allow"),
            ("lab build capacity 2025-01-01", "deny"),
            ("lab sell api 2025-01-01", "deny"),
        ],
    );
    let longer = [
        ("lab build capacity 2026-06-01", "allow"),
        ("lab sell api 2027-01-01", "deny"),
        // As known before the amendment.
        ("lab build capacity 2026-06-01 known:2021-12-31", "deny"),
    ];
    check(&amended("2027-01-01"), &longer);
    check(&amended("2023-01-01"), &[("lab build capacity 2023-01-01", "deny")]);
    // A version that begins when the agreement ends carries it on.
    let renewed = amended("").version("main", "2025-01-01", "");
    check(&renewed, &[("lab build capacity 2030-01-01", "allow")]);
}

#[test]
fn an_election_that_is_recorded_later_is_not_known_before() {
    let offered = |election| {
        let mut build = Build::new(Silence::Liberty)
            .version("main", "2020-01-01", "")
            .add(term("r", first_refusal(scope("build", "capacity"), 30)))
            .offer("r", None, "2021-01-01", Some((election, "2021-01-10")));
        let offer = &mut build.draft.record.offers[0];
        offer.election =
            offer.election.map(|it| comity_terms::Elected { recorded: at("2021-03-01"), ..it });
        build
    };
    check(
        &offered(Election::Accepted),
        &[
            ("rival build capacity 2021-01-20", "deny"),
            ("rival build capacity 2021-01-20 known:2021-02-28", "conditional"),
            // As far as it was known, it had lapsed.
            ("rival build capacity 2021-02-20 known:2021-02-28", "allow"),
            ("rival build capacity 2021-02-20 known:2021-03-01", "deny"),
        ],
    );
    let declined = offered(Election::Declined);
    check(&declined, &[("rival build capacity 2021-01-20 known:2021-02-28", "conditional")]);
}

#[test]
fn what_is_owed_to_others_cannot_be_carved_out_without_them() {
    let build = |signed: &[&str]| {
        let yes = overriding(term("yes", permission(scope("build", "capacity"))), &["no"]);
        let mut build = Build::new(Silence::Liberty)
            .version("main", "2020-01-01", "")
            .add(term("no", prohibition(scope("build", "capacity"))))
            .version("side", "2020-01-01", "")
            .add(yes);
        let side = build.draft.agreements.last_mut().expect("just added");
        side.parties = signed.iter().map(|name| party(name)).collect();
        let TermKind::Permission(it) = &mut side.versions[0].adds[0].kind else {
            panic!("a permission");
        };
        it.grantor = party("lab");
        build
    };
    // The prohibition is owed to the cloud.
    refused(&build(&["lab", "rival"]), &["ForeignCarveOut", "owed_to: {PartyId(cloud)}"]);
    assert_eq!(problems(&build(&["lab", "cloud"])), "clean");
}
