//! A few deals made by hand: what is asked, the answer, the terms behind it and what would turn
//! it.

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use comity_terms::{
    Change, Condition, Deal, Election, Missing, Permission, Prohibition, Reason, Refusal, Role,
    Rules, Scope, Silence, Term, TermKind, decide, turned_by,
};
use expect_test::{Expect, expect};

use common::build::{
    Build, at, exclusivity, fact, first_refusal, guarded, only, overriding, party, permission,
    place, prohibition, purpose, request, scope, term,
};

/// Asks a deal, and shows answer, reasons and changes.
#[track_caller]
fn check(build: &Build, asked: &str, expected: Expect) {
    let deal = Deal::new(build.draft.clone()).expect("the deal passes the check");
    let (asked, known) = request(asked);
    let rules = deal.rules(known);
    expected.assert_eq(&show(&rules, &asked));
}

fn show(rules: &Rules<'_>, asked: &comity_terms::Request) -> String {
    let decision = decide(rules, asked);
    let mut text = format!("{} ({})", decision.answer, decision.verdict.name());
    if let Some((best, worst)) = decision.between {
        text += &format!(", between {best} and {worst}");
    }
    for reason in &decision.reasons {
        text += &format!("\n  {}", show_reason(reason));
    }
    for change in turned_by(rules, asked, &decision) {
        text += &format!("\n  -> {}", show_change(&change));
    }
    text
}

fn show_reason(reason: &Reason<'_>) -> String {
    let id = reason.term;
    match &reason.role {
        Role::Permits => format!("{id} permits"),
        Role::PermitsIf(condition) => format!("{id} permits if {condition}"),
        Role::Forbids => match reason.breach {
            Some((bound, owed_to)) => format!("{id} forbids; {bound} would breach to {owed_to}"),
            None => format!("{id} forbids"),
        },
        Role::FirstRefusal(refusal) => match refusal {
            Refusal::Offered { deadline } => format!("{id} offered until {deadline}"),
            Refusal::Idle => format!("{id} not offered"),
            Refusal::Accepted => format!("{id} accepted"),
            Refusal::Declined => format!("{id} declined"),
            Refusal::Lapsed => format!("{id} lapsed"),
            Refusal::Reopened => format!("{id} to be offered again"),
        },
        Role::OverriddenBy(by) => format!("{id} overridden by {by}"),
        Role::Perhaps(missing) => {
            let missing: Vec<String> = missing.iter().map(show_missing).collect();
            format!("{id} perhaps: {}", missing.join(", "))
        }
        Role::Ended(at) => format!("{id} ended {at}"),
        Role::Unmet(what) => format!("{id} not so: {what}"),
        Role::Begins(at) => format!("{id} begins {at}"),
    }
}

fn show_missing(missing: &Missing) -> String {
    match missing {
        Missing::Dimension(dimension) => dimension.to_string(),
        Missing::Fact(fact) => format!("whether {fact}"),
        Missing::Prose(term) => format!("the words of {term}"),
    }
}

fn show_change(change: &Change) -> String {
    match change {
        Change::Before { until, answer } => format!("before {until}: {answer}"),
        Change::From { at, answer } => format!("from {at}: {answer}"),
        Change::Party { party, answer } => format!("by {party}: {answer}"),
        Change::Exercise { by, option, window, answer } => {
            format!("exercise of {option} by {by} in {window}: {answer}")
        }
        Change::Consent { by, to, answer } => {
            let to: Vec<&str> = to.iter().map(|id| id.as_str()).collect();
            format!("consent of {by} to {}: {answer}", to.join(", "))
        }
        Change::Offer { to, term, deadline: None, answer } => {
            format!("offer to {to} under {term}: {answer}")
        }
        Change::Offer { to, term, deadline: Some(deadline), answer } => {
            format!("{to} declines under {term} or lets it lapse on {deadline}: {answer}")
        }
        Change::Meet { term, condition, answer } => format!("meet {term}: {condition}: {answer}"),
        Change::Together { answer } => format!("all of these: {answer}"),
        Change::Part { object, answer } => format!("for {object}: {answer}"),
        Change::Say { dimension, values } => {
            let values: Vec<String> =
                values.iter().map(|(value, answer)| format!("{value} {answer}")).collect();
            format!("say {dimension}: {}", values.join(", "))
        }
        Change::Read { ambiguity, answers } => {
            let answers: Vec<String> =
                answers.iter().map(|(reading, answer)| format!("{reading} {answer}")).collect();
            format!("read {ambiguity}: {}", answers.join(", "))
        }
        Change::Headroom { term, amount, unit } => format!("{term} leaves {amount} {unit}"),
        Change::Learn { missing } => format!("learn {}", show_missing(missing)),
    }
}

fn deal(otherwise: Silence) -> Build {
    Build::new(otherwise).version("main", "2020-01-01", "")
}

fn training() -> Scope {
    Scope { purposes: [purpose("training")].into(), ..scope("build", "capacity") }
}

#[test]
fn an_exclusivity_is_for_its_holder_alone() {
    let kind = exclusivity(scope("build", "capacity"), true);
    let excluded = deal(Silence::Liberty).add(term("x", kind));
    check(
        &excluded,
        "cloud build capacity 2021-01-01",
        expect![[r#"
        allow (permitted)
          x permits"#]],
    );
    check(
        &excluded,
        "rival build capacity 2021-01-01",
        expect![[r#"
        deny (prohibited)
          x forbids; lab would breach to cloud
          -> consent of cloud to x: allow
          -> before 2020-01-01: allow
          -> by cloud: allow"#]],
    );
    check(
        &excluded,
        "lab build capacity 2021-01-01",
        expect![[r#"
        deny (prohibited)
          x forbids; lab would breach to cloud
          -> consent of cloud to x: allow
          -> before 2020-01-01: allow
          -> by cloud: allow"#]],
    );
    check(&excluded, "rival sell capacity 2021-01-01", expect!["allow (silent)"]);
    let kind = exclusivity(scope("build", "capacity"), false);
    let free = deal(Silence::Liberty).add(term("x", kind));
    check(&free, "lab build capacity 2021-01-01", expect!["allow (silent)"]);
}

#[test]
fn a_prohibition_on_a_part_forbids_the_whole_and_a_permission_must_cover_it() {
    let some = deal(Silence::Liberty).add(term("no", prohibition(scope("sell", "mini"))));
    check(
        &some,
        "lab sell api 2021-01-01",
        expect![[r#"
            deny (prohibited)
              no forbids; lab would breach to cloud
              -> consent of cloud to no: allow
              -> before 2020-01-01: allow"#]],
    );
    check(
        &some,
        "lab sell mini 2021-01-01",
        expect![[r#"
        deny (prohibited)
          no forbids; lab would breach to cloud
          -> consent of cloud to no: allow
          -> before 2020-01-01: allow"#]],
    );
    let some = deal(Silence::Prohibited).add(term("yes", permission(scope("sell", "api"))));
    check(
        &some,
        "lab sell mini 2021-01-01",
        expect![[r#"
        allow (permitted)
          yes permits
          -> before 2020-01-01: deny"#]],
    );
    check(
        &some,
        "lab sell services 2021-01-01",
        expect![[r#"
        deny (silent)
          -> for api: allow
          -> for mini: allow"#]],
    );
}

#[test]
fn a_carve_out_overrides_exactly_the_term_that_it_names() {
    let all = scope("build", "capacity");
    let abroad = Scope { actor: only(&["lab"]), places: [place("uk")].into(), ..all };
    let build = deal(Silence::Prohibited)
        .add(term("x", exclusivity(scope("build", "capacity"), true)))
        .add(overriding(term("carve-out", permission(training())), &["x"]))
        .add(overriding(term("abroad", prohibition(abroad)), &["carve-out"]));
    check(
        &build,
        "lab build capacity purpose:training at:abilene 2021-01-01",
        expect![[r#"
        allow (permitted)
          carve-out permits
          x overridden by carve-out
          -> before 2020-01-01: deny"#]],
    );
    check(
        &build,
        "lab build capacity purpose:inference at:abilene 2021-01-01",
        expect![[r#"
        deny (prohibited)
          x forbids; lab would breach to cloud
          -> consent of cloud to x: allow
          -> by cloud: allow"#]],
    );
    check(
        &build,
        "lab build capacity purpose:training at:uk 2021-01-01",
        expect![[r#"
        deny (prohibited)
          abroad forbids; lab would breach to cloud
          x forbids; lab would breach to cloud
          carve-out overridden by abroad
          -> consent of cloud to abroad, x: allow
          -> by cloud: allow
          -> by rival: allow
          -> by venture: allow"#]],
    );
}

#[test]
fn a_consent_lifts_exactly_the_term_that_it_names() {
    let towards_rival = TermKind::Prohibition(Prohibition {
        bound: party("lab"),
        owed_to: party("rival"),
        scope: scope("build", "capacity"),
    });
    let build = deal(Silence::Liberty)
        .add(term("to-cloud", prohibition(scope("build", "capacity"))))
        .consent("agreed", "cloud", "to-cloud", "2021-01-01");
    check(
        &build,
        "lab build capacity 2020-06-01",
        expect![[r#"
        deny (prohibited)
          to-cloud forbids; lab would breach to cloud
          -> consent of cloud to to-cloud: allow
          -> before 2020-01-01: allow
          -> from 2021-01-01: allow"#]],
    );
    check(
        &build,
        "lab build capacity 2021-01-01",
        expect![[r#"
        allow (permitted)
          agreed permits
          to-cloud overridden by agreed
          -> before 2021-01-01: deny"#]],
    );
    let build = deal(Silence::Liberty)
        .add(term("to-cloud", prohibition(scope("build", "capacity"))))
        .add(term("to-rival", towards_rival))
        .consent("agreed", "cloud", "to-cloud", "2021-01-01");
    check(
        &build,
        "lab build capacity 2021-01-01",
        expect![[r#"
        deny (prohibited)
          to-rival forbids; lab would breach to rival
          agreed permits
          to-cloud overridden by agreed
          -> consent of rival to to-rival: allow
          -> before 2020-01-01: allow"#]],
    );
}

#[test]
fn a_consent_covers_no_more_than_the_term_forbids() {
    // It would be for `mini` alone, and all of `api` is asked.
    let build = deal(Silence::Liberty).add(term("no", prohibition(scope("sell", "mini"))));
    check(
        &build,
        "lab sell api 2021-01-01",
        expect![[r#"
            deny (prohibited)
              no forbids; lab would breach to cloud
              -> consent of cloud to no: allow
              -> before 2020-01-01: allow"#]],
    );
}

#[test]
fn a_first_refusal_waits_for_its_holder() {
    let right =
        || deal(Silence::Liberty).add(term("r", first_refusal(scope("build", "capacity"), 30)));
    check(
        &right(),
        "lab build capacity at:abilene 2021-01-15",
        expect![[r#"
            conditional (conditional)
              r not offered
              -> offer to cloud under r: allow
              -> before 2020-01-01: allow
              -> by cloud: allow"#]],
    );
    check(&right(), "cloud build capacity at:abilene 2021-01-15", expect!["allow (silent)"]);

    let offered = right().offer("r", Some("abilene"), "2021-01-01", None);
    check(
        &offered,
        "lab build capacity at:abilene 2020-12-31",
        expect![[r#"
            conditional (conditional)
              r not offered
              -> offer to cloud under r: allow
              -> before 2020-01-01: allow
              -> from 2021-02-01: allow
              -> by cloud: allow"#]],
    );
    check(
        &offered,
        "lab build capacity at:abilene 2021-01-15",
        expect![[r#"
            conditional (conditional)
              r offered until 2021-02-01
              -> cloud declines under r or lets it lapse on 2021-02-01: allow
              -> before 2020-01-01: allow
              -> from 2021-02-01: allow
              -> by cloud: allow"#]],
    );
    check(
        &offered,
        "lab build capacity at:abilene 2021-01-31",
        expect![[r#"
            conditional (conditional)
              r offered until 2021-02-01
              -> cloud declines under r or lets it lapse on 2021-02-01: allow
              -> before 2020-01-01: allow
              -> from 2021-02-01: allow
              -> by cloud: allow"#]],
    );
    check(
        &offered,
        "lab build capacity at:uk 2021-01-15",
        expect![[r#"
            conditional (conditional)
              r not offered
              -> offer to cloud under r: allow
              -> before 2020-01-01: allow
              -> by cloud: allow"#]],
    );
    check(
        &offered,
        "lab build capacity 2021-01-31",
        expect![[r#"
            conditional (conditional)
              r not offered
              -> offer to cloud under r: allow
              -> before 2020-01-01: allow
              -> from 2021-02-01: undetermined
              -> by cloud: allow"#]],
    );
}

#[test]
fn an_election_in_time_settles_a_first_refusal() {
    let right =
        || deal(Silence::Liberty).add(term("r", first_refusal(scope("build", "capacity"), 30)));
    let declined = Some((Election::Declined, "2021-01-10"));
    let declined = right().offer("r", None, "2021-01-01", declined);
    check(
        &declined,
        "lab build capacity at:abilene 2021-01-10",
        expect![[r#"
        allow (silent)
          r declined
          -> before 2021-01-10: conditional"#]],
    );
    let accepted = Some((Election::Accepted, "2021-01-10"));
    let accepted = right().offer("r", None, "2021-01-01", accepted);
    check(
        &accepted,
        "lab build capacity at:abilene 2021-01-10",
        expect![[r#"
        deny (prohibited)
          r accepted
          -> consent of cloud to r: allow
          -> before 2021-01-10: conditional
          -> by cloud: allow"#]],
    );
    let late = Some((Election::Accepted, "2021-02-10"));
    let late = right().offer("r", None, "2021-01-01", late);
    check(
        &late,
        "lab build capacity at:abilene 2021-02-10",
        expect![[r#"
            allow (silent)
              r lapsed
              -> before 2021-02-01: conditional"#]],
    );
}

#[test]
fn an_event_has_not_happened_while_the_record_is_complete() {
    let x = term("x", exclusivity(scope("sell", "api"), true));
    let mut build = deal(Silence::Liberty).add(guarded(x, "verified", false));
    build.draft.record.complete_to = at("2025-01-01");
    check(
        &build,
        "lab sell api 2024-12-31",
        expect![[r#"
        deny (prohibited)
          x forbids; lab would breach to cloud
          -> consent of cloud to x: allow
          -> before 2020-01-01: allow
          -> from 2025-01-01: undetermined
          -> by cloud: allow"#]],
    );
    check(
        &build,
        "lab sell api 2025-01-01",
        expect![[r#"
        undetermined (undetermined), between allow and deny
          x perhaps: whether verified
          -> learn whether verified
          -> before 2025-01-01: deny
          -> by cloud: allow"#]],
    );
    check(
        &build,
        "lab sell api 2024-12-31 known:2024-06-01",
        expect![[r#"
        undetermined (undetermined), between allow and deny
          x perhaps: whether verified
          -> learn whether verified
          -> before 2024-06-01T00:00:01Z: deny
          -> by cloud: allow"#]],
    );
    let build = build.fact("verified", true, "2024-07-01");
    check(
        &build,
        "lab sell api 2024-06-30",
        expect![[r#"
        deny (prohibited)
          x forbids; lab would breach to cloud
          -> consent of cloud to x: allow
          -> before 2020-01-01: allow
          -> from 2024-07-01: allow
          -> by cloud: allow"#]],
    );
    check(
        &build,
        "lab sell api 2024-07-01",
        expect![[r#"
            allow (silent)
              x not so: it is not so that: it is verified
              -> before 2024-07-01: deny"#]],
    );
    check(
        &build,
        "lab sell api 2026-01-01",
        expect![[r#"
            allow (silent)
              x not so: it is not so that: it is verified
              -> before 2024-07-01: deny"#]],
    );
}

#[test]
fn a_state_that_the_record_does_not_tell_leaves_it_undetermined() {
    let no = guarded(term("no", prohibition(scope("sell", "api"))), "safe", false);
    let build = deal(Silence::Liberty).add(no);
    check(
        &build,
        "lab sell api 2021-01-01",
        expect![[r#"
        undetermined (undetermined), between allow and deny
          no perhaps: whether safe
          -> learn whether safe
          -> before 2020-01-01: allow"#]],
    );
    let build = build.fact("safe", true, "2021-06-01");
    check(
        &build,
        "lab sell api 2021-06-01",
        expect![[r#"
            allow (silent)
              no not so: it is not so that: it is safe
              -> before 2021-06-01: undetermined"#]],
    );
}

#[test]
fn what_the_request_leaves_out_leaves_it_undetermined() {
    let build = deal(Silence::Liberty).add(term("no", prohibition(training())));
    check(
        &build,
        "lab build capacity 2021-01-01",
        expect![[r#"
        undetermined (undetermined), between allow and deny
          no perhaps: the purpose
          -> say the purpose: inference allow, research deny, training deny
          -> before 2020-01-01: allow"#]],
    );
    let for_rival = Scope { beneficiary: only(&["rival"]), ..scope("host", "api") };
    let build = deal(Silence::Prohibited).add(term("yes", permission(for_rival)));
    check(
        &build,
        "lab host api 2021-01-01",
        expect![[r#"
        undetermined (undetermined), between allow and deny
          yes perhaps: for whom
          -> say for whom: cloud deny, lab deny, rival allow, venture deny
          -> before 2020-01-01: deny"#]],
    );
}

#[test]
fn a_clause_in_words_leaves_it_undetermined() {
    let clause = || term("words", TermKind::Clause(Some(scope("sell", "api"))));
    check(
        &deal(Silence::Liberty).add(clause()),
        "lab sell api 2021-01-01",
        expect![[r#"
        undetermined (undetermined), between allow and deny
          words perhaps: the words of words
          -> learn the words of words
          -> before 2020-01-01: allow"#]],
    );
    check(
        &deal(Silence::Prohibited).add(clause()),
        "lab sell api 2021-01-01",
        expect![[r#"
        undetermined (undetermined), between allow and deny
          words perhaps: the words of words
          -> learn the words of words
          -> before 2020-01-01: deny"#]],
    );
    let both = deal(Silence::Prohibited)
        .add(clause())
        .add(overriding(term("yes", permission(scope("sell", "api"))), &["words"]));
    check(
        &both,
        "lab sell api 2021-01-01",
        expect![[r#"
        allow (permitted)
          yes permits
          words overridden by yes
          -> before 2020-01-01: deny"#]],
    );
    let aside = deal(Silence::Liberty).add(term("words", TermKind::Clause(None)));
    check(&aside, "lab sell api 2021-01-01", expect!["allow (silent)"]);
}

fn approved(scope: Scope) -> TermKind {
    let condition =
        Condition { fact: fact("approved"), text: String::from("it is approved"), ratio: None };
    TermKind::Permission(Permission { grantor: party("cloud"), scope, condition: Some(condition) })
}

#[test]
fn a_condition_of_a_permission_makes_it_conditional() {
    let build = deal(Silence::Prohibited).add(term("if", approved(scope("build", "capacity"))));
    check(
        &build,
        "lab build capacity 2021-01-01",
        expect![[r#"
            conditional (conditional)
              if permits if it is approved
              -> meet if: it is approved: allow
              -> before 2020-01-01: deny"#]],
    );
    let met = build.fact("approved", true, "2021-01-01");
    check(
        &met,
        "lab build capacity 2021-01-01",
        expect![[r#"
        allow (permitted)
          if permits
          -> before 2021-01-01: conditional"#]],
    );
    let build = deal(Silence::Prohibited).add(term("if", approved(scope("build", "capacity"))));
    let unmet = build.fact("approved", false, "2021-01-01");
    check(
        &unmet,
        "lab build capacity 2021-01-01",
        expect![[r#"
            deny (silent)
              if not so: it is approved
              -> before 2021-01-01: conditional"#]],
    );
    // What nothing forbids needs no permission.
    let build = deal(Silence::Liberty).add(term("if", approved(scope("build", "capacity"))));
    check(
        &build,
        "lab build capacity 2021-01-01",
        expect![[r#"
        allow (undetermined)
          if permits if it is approved"#]],
    );
}

#[test]
fn a_carve_out_with_a_condition_lifts_nothing_before_it_is_met() {
    let all = || scope("build", "capacity");
    let build = || {
        deal(Silence::Liberty)
            .add(term("no", prohibition(all())))
            .add(overriding(term("if", approved(all())), &["no"]))
    };
    check(
        &build(),
        "lab build capacity 2021-01-01",
        expect![[r#"
            conditional (conditional)
              if permits if it is approved
              no overridden by if
              -> meet if: it is approved: allow
              -> before 2020-01-01: allow"#]],
    );
    let unmet = build().fact("approved", false, "2021-01-01");
    check(
        &unmet,
        "lab build capacity 2021-01-01",
        expect![[r#"
        deny (prohibited)
          no forbids; lab would breach to cloud
          -> consent of cloud to no: allow
          -> before 2021-01-01: conditional"#]],
    );
    // Another permission that gives way to the prohibition does not hide the condition.
    let build = deal(Silence::Liberty)
        .add(term("plain", permission(all())))
        .add(overriding(term("no", prohibition(all())), &["plain"]))
        .add(overriding(term("if", approved(all())), &["no"]));
    check(
        &build,
        "lab build capacity 2021-01-01",
        expect![[r#"
            conditional (conditional)
              if permits if it is approved
              plain permits
              no overridden by if
              -> meet if: it is approved: allow
              -> before 2020-01-01: allow"#]],
    );
}

#[test]
fn a_permission_that_ended_is_named_where_the_terms_are_silent() {
    let yes = term("yes", permission(scope("build", "capacity")));
    let yes = Term { to: Some(at("2022-01-01")), ..yes };
    let again = term("again", permission(scope("build", "capacity")));
    let again = Term { from: Some(at("2024-01-01")), ..again };
    let build = deal(Silence::Prohibited).add(yes).add(again);
    check(
        &build,
        "lab build capacity 2021-12-31",
        expect![[r#"
        allow (permitted)
          yes permits
          -> before 2020-01-01: deny
          -> from 2022-01-01: deny"#]],
    );
    check(
        &build,
        "lab build capacity 2022-01-01",
        expect![[r#"
        deny (silent)
          again begins 2024-01-01
          yes ended 2022-01-01
          -> before 2022-01-01: allow
          -> from 2024-01-01: allow"#]],
    );
    check(
        &build,
        "lab build capacity 2024-01-01",
        expect![[r#"
        allow (permitted)
          again permits
          -> before 2024-01-01: deny"#]],
    );
}

#[test]
fn a_later_version_extends_a_term_once_it_is_known() {
    let to = |id: &str, end: &str| {
        let kind = exclusivity(scope("sell", "api"), true);
        Term { to: Some(at(end)), ..term(id, kind) }
    };
    let build = deal(Silence::Liberty)
        .add(to("first", "2025-01-01"))
        .version("main", "2023-01-01", "")
        .recorded("2023-02-01")
        .replace("first", to("second", "2030-01-01"));
    check(
        &build,
        "rival sell api 2022-01-01",
        expect![[r#"
        deny (prohibited)
          first forbids; lab would breach to cloud
          -> consent of cloud to first: allow
          -> before 2020-01-01: allow
          -> from 2030-01-01: allow
          -> by cloud: allow"#]],
    );
    check(
        &build,
        "rival sell api 2026-01-01",
        expect![[r#"
        deny (prohibited)
          second forbids; lab would breach to cloud
          -> consent of cloud to second: allow
          -> before 2020-01-01: allow
          -> from 2030-01-01: allow
          -> by cloud: allow"#]],
    );
    check(
        &build,
        "rival sell api 2026-01-01 known:2023-01-15",
        expect![[r#"
        allow (silent)
          first ended 2025-01-01
          -> before 2025-01-01: deny"#]],
    );
    check(
        &build,
        "rival sell api 2024-01-01 known:2023-01-15",
        expect![[r#"
        deny (prohibited)
          first forbids; lab would breach to cloud
          -> consent of cloud to first: allow
          -> before 2020-01-01: allow
          -> from 2025-01-01: allow
          -> by cloud: allow"#]],
    );
    check(
        &build,
        "rival sell api 2024-01-01",
        expect![[r#"
        deny (prohibited)
          second forbids; lab would breach to cloud
          -> consent of cloud to second: allow
          -> before 2020-01-01: allow
          -> from 2030-01-01: allow
          -> by cloud: allow"#]],
    );
}

#[test]
fn an_agreement_ends_where_its_last_known_version_does() {
    let no = || term("no", prohibition(scope("sell", "api")));
    let build = Build::new(Silence::Liberty)
        .version("main", "2020-01-01", "2022-01-01")
        .add(no())
        .version("main", "2022-01-01", "2024-01-01")
        .recorded("2021-06-01");
    check(
        &build,
        "lab sell api 2023-01-01",
        expect![[r#"
        deny (prohibited)
          no forbids; lab would breach to cloud
          -> consent of cloud to no: allow
          -> before 2020-01-01: allow
          -> from 2024-01-01: allow"#]],
    );
    check(
        &build,
        "lab sell api 2023-01-01 known:2021-01-01",
        expect![[r#"
        allow (silent)
          no ended 2022-01-01
          -> before 2022-01-01: deny"#]],
    );
    check(
        &build,
        "lab sell api 2024-01-01",
        expect![[r#"
        allow (silent)
          no ended 2024-01-01
          -> before 2024-01-01: deny"#]],
    );
    // After a gap the next version starts with nothing.
    let build = Build::new(Silence::Liberty)
        .version("main", "2020-01-01", "2022-01-01")
        .add(no())
        .version("main", "2023-01-01", "");
    check(
        &build,
        "lab sell api 2022-06-01",
        expect![[r#"
        allow (silent)
          no ended 2022-01-01
          -> before 2022-01-01: deny"#]],
    );
    check(
        &build,
        "lab sell api 2023-06-01",
        expect![[r#"
        allow (silent)
          no ended 2022-01-01
          -> before 2022-01-01: deny"#]],
    );
}

#[test]
fn what_contradicted_before_it_was_corrected_is_a_conflict_and_denied() {
    // The check looks at all that is on record now; in 2021 the end of `yes` was not.
    let build = deal(Silence::Liberty)
        .add(term("yes", permission(scope("sell", "api"))))
        .version("main", "2021-01-01", "")
        .recorded("2022-01-01")
        .end("yes")
        .version("other", "2021-01-01", "")
        .add(term("no", prohibition(scope("sell", "api"))));
    check(
        &build,
        "lab sell api 2021-06-01 known:2021-06-01",
        expect![[r#"
        deny (conflict)
          no forbids; lab would breach to cloud
          yes permits
          -> consent of cloud to no: allow
          -> before 2021-01-01: allow"#]],
    );
    check(
        &build,
        "lab sell api 2021-06-01",
        expect![[r#"
        deny (prohibited)
          no forbids; lab would breach to cloud
          -> consent of cloud to no: allow
          -> before 2021-01-01: allow"#]],
    );
}
