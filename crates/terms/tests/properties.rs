//! What holds of every deal: one answer with reasons that fit it, monotone in prohibitions and
//! permissions, constant between the instants that count, and changes that do turn the answer.

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{Instant, Known, PartyId, TermId, VersionId, Window};
use comity_terms::{
    Answer, Change, Condition, Consent, Deal, Decision, Draft, Election, Exercise, FactRecord,
    Offer, Parties, Permission, ProblemKind, Refusal, Request, Role, Rules, Term, TermKind,
    Verdict, Version, decide, turned_by,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use common::build::{cited, elected, party, place, position, provenance, purpose, term, term_id};
use common::in_force::as_known;
use common::naive;
use common::random::{
    Onto, add_override, amend, amendment, config, day, deal, full_request, known, next_line,
    plain_permission, prohibition, repaired, request, terms,
};

fn requests(count: usize) -> impl Strategy<Value = Vec<(Request, Known)>> {
    prop::collection::vec((request(), known()), count)
}

/// The answer at best and at worst for the asker.
fn bounds(decision: &Decision<'_>) -> (Answer, Answer) {
    decision.between.unwrap_or((decision.answer, decision.answer))
}

/// What of a decision does not depend on which deal it borrows from.
fn gist(rules: &Rules<'_>, request: &Request) -> (Answer, Verdict, Option<(Answer, Answer)>) {
    let decision = decide(rules, request);
    (decision.answer, decision.verdict, decision.between)
}

/// Adds a term to the last version of the last agreement.
fn with_term(draft: &Draft, kind: TermKind) -> (Draft, TermId) {
    let mut draft = draft.clone();
    let line = next_line(&draft);
    let added = Term { position: position(line), ..term("added", kind) };
    let agreement = draft.agreements.last_mut().expect("a random deal has an agreement");
    agreement.versions.last_mut().expect("and a version").adds.push(added);
    (draft, term_id("added"))
}

/// Lets the prohibitions that an added permission contradicts override it.
fn yielding(mut draft: Draft, added: &TermId) -> Option<Deal> {
    for _ in 0..4 {
        let problems = match Deal::new(draft.clone()) {
            Ok(deal) => return Some(deal),
            Err(problems) => problems,
        };
        for problem in problems {
            let ProblemKind::Contradiction { permits, forbids, .. } = problem.kind else {
                panic!("an added permission makes no such problem: {problem:?}");
            };
            if &permits != added {
                return None;
            }
            add_override(&mut draft, &forbids, &permits);
        }
    }
    None
}

fn reject(why: &'static str) -> TestCaseError {
    TestCaseError::reject(why)
}

fn check_reasons(decision: &Decision<'_>) -> Result<(), TestCaseError> {
    let any = |wanted: fn(&Role) -> bool| decision.reasons.iter().any(|it| wanted(&it.role));
    let forbids = any(|role| matches!(role, Role::Forbids | Role::FirstRefusal(Refusal::Accepted)));
    let waits = any(|role| {
        let Role::FirstRefusal(stands) = role else { return false };
        matches!(stands, Refusal::Idle | Refusal::Offered { .. } | Refusal::Reopened)
    });
    let permits = any(|role| *role == Role::Permits);
    let permits_if = any(|role| matches!(role, Role::PermitsIf(_)));
    let perhaps = any(|role| matches!(role, Role::Perhaps(_)));
    let fits = match (decision.answer, decision.verdict) {
        (Answer::Allow, Verdict::Permitted) => permits && !forbids && !waits,
        (Answer::Allow, Verdict::Silent) => !permits && !permits_if && !forbids && !waits,
        (Answer::Allow, Verdict::Undetermined) => !forbids && !waits && (permits_if || perhaps),
        (Answer::Conditional, Verdict::Conditional) => (waits || permits_if) && !forbids,
        (Answer::Deny, Verdict::Prohibited) => forbids,
        (Answer::Deny, Verdict::Conflict) => forbids && permits,
        (Answer::Deny, Verdict::Silent) => !forbids && !permits && !permits_if,
        (Answer::Deny, Verdict::Undetermined) => !forbids && perhaps,
        (Answer::Undetermined, Verdict::Undetermined) => perhaps,
        (_, _) => false,
    };
    prop_assert!(fits, "{:?}", decision);
    let (best, worst) = bounds(decision);
    prop_assert!(best <= worst && (best == worst) == (decision.answer != Answer::Undetermined));
    Ok(())
}

/// The deal with such a consent to each of these terms, for one actor.
fn with_consents(draft: &Draft, by: &PartyId, to: &BTreeSet<TermId>, asked: &Request) -> Draft {
    let mut draft = draft.clone();
    for id in to {
        draft.record.consents.push(Consent {
            id: term_id(&format!("new-consent-to-{id}")),
            by: by.clone(),
            to: cited(id.as_str()),
            limits: comity_terms::Limits::default(),
            actor: Parties::Only(BTreeSet::from([asked.party.clone()])),
            window: Window::ALWAYS,
            recorded: Instant::MIN,
            provenance: provenance(),
            position: position(0),
        });
    }
    draft
}

/// The deal in which the conditions of these permissions are met; those on a ratio as facts.
fn with_conditions(draft: &Draft, met: &[TermId], asked: &Request, known: Known) -> Draft {
    let mut draft = draft.clone();
    let mut conditions = Vec::new();
    for term in terms(&draft).filter(|term| met.contains(&term.id)) {
        if let TermKind::Permission(permission) = &term.kind {
            conditions.extend(permission.condition.clone());
        }
    }
    let is_met = |condition: &Condition| conditions.iter().any(|it| it.fact == condition.fact);
    let versions = draft.agreements.iter_mut().flat_map(|it| &mut it.versions);
    for term in versions.flat_map(|version| &mut version.adds) {
        if let TermKind::Permission(Permission { condition: Some(condition), .. }) = &mut term.kind
            && is_met(condition)
        {
            condition.ratio = None;
        }
    }
    draft.record.facts.extend(conditions.into_iter().map(|condition| FactRecord {
        fact: condition.fact,
        holds: true,
        from: asked.at,
        recorded: known.0,
        provenance: provenance(),
        position: position(0),
    }));
    draft
}

fn check_values(
    rules: &Rules<'_>,
    asked: &Request,
    dimension: comity_terms::Dimension,
    values: &BTreeMap<String, Answer>,
) -> Result<(), TestCaseError> {
    use comity_terms::Dimension;
    for (value, answer) in values {
        let mut full = asked.clone();
        match dimension {
            Dimension::Beneficiary => full.beneficiary = Some(party(value)),
            Dimension::Purpose => full.purpose = Some(purpose(value)),
            Dimension::Place => full.place = Some(place(value)),
        }
        prop_assert_eq!(decide(rules, &full).answer, *answer);
    }
    Ok(())
}

/// The same deal with an offer under a first refusal that was declined just before the request.
fn with_decline(draft: &Draft, term: &TermId, asked: &Request, known: Known) -> Draft {
    let mut draft = draft.clone();
    draft.record.offers.push(Offer {
        term: cited(term.as_str()),
        place: asked.place.clone(),
        content: None,
        price: None,
        sale: None,
        notice: asked.at,
        election: Some(elected(Election::Declined, asked.at, known.0)),
        // Of two with one notice, the one that was recorded last counts.
        recorded: known.0,
        provenance: provenance(),
        position: position(0),
    });
    draft
}

/// So much more that does not count keeps the ratio, and one more breaks it.
fn check_headroom(
    deal: &Deal,
    (asked, known): (&Request, Known),
    id: &TermId,
    amount: u64,
) -> Result<(), TestCaseError> {
    let term = terms(deal.parts()).find(|term| &term.id == id).expect("it is a term of the deal");
    let TermKind::Permission(Permission { condition: Some(condition), .. }) = &term.kind else {
        return Err(TestCaseError::fail("only a condition has headroom"));
    };
    let test = condition.ratio.as_ref().expect("it is on a ratio");
    let measure = deal.parts().record.measure(&condition.fact, asked.at, known);
    let measure = measure.expect("it was measured");
    let holds = |more: u64| test.holds(measure.counted, measure.total + more);
    prop_assert_eq!((holds(amount), holds(amount + 1)), (true, false));
    Ok(())
}

/// The deal as it was known, with an option exercised as early as it still could be.
///
/// It is not checked: exercised otherwise than it was, as known later, it may contradict what the
/// check did not hold it against. So the second evaluator answers, which needs no checked deal.
fn with_exercise(
    draft: &Draft,
    by: &PartyId,
    option: &TermId,
    window: Window,
    (asked, known): (&Request, Known),
) -> Draft {
    let mut draft = draft.clone();
    // What is asked of the time after what is known can only be brought about after it.
    let ahead = known != Known::ALL && asked.at > known.0;
    let on = if ahead { window.start().max(known.0) } else { window.start() };
    // It stands for one on record that is known to rest on nothing.
    draft.record.exercises.retain(|it| &it.option.value != option);
    draft.record.exercises.push(Exercise {
        option: cited(option.as_str()),
        by: by.clone(),
        on,
        recorded: known.0,
        provenance: provenance(),
        position: position(0),
    });
    as_known(&draft, known)
}

fn check_changes(deal: &Deal, asked: &Request, known: Known) -> Result<(), TestCaseError> {
    let rules = deal.rules(known);
    let decision = decide(&rules, asked);
    let present = decision.answer;
    let again = |asked: &Request| decide(&rules, asked).answer;
    let at = |at: Instant| again(&Request { at, ..asked.clone() });
    let (mut to_meet, mut to_offer, mut together) = (Vec::new(), Vec::new(), None);
    for change in turned_by(&rules, asked, &decision) {
        match &change {
            Change::Before { until, answer } => {
                prop_assert_ne!(*answer, present);
                prop_assert_eq!((at(until.plus_seconds(-1)), at(*until)), (*answer, present));
            }
            Change::From { at: from, answer } => {
                prop_assert_ne!(*answer, present);
                prop_assert_eq!((at(from.plus_seconds(-1)), at(*from)), (present, *answer));
            }
            Change::Party { party, answer } => {
                prop_assert_ne!(*answer, present);
                prop_assert_eq!(again(&Request { party: party.clone(), ..asked.clone() }), *answer);
            }
            Change::Exercise { by, option, window, answer } => {
                prop_assert_ne!(*answer, present);
                let draft = with_exercise(deal.parts(), by, option, *window, (asked, known));
                let exercised = naive::answer(&draft, known, asked, &BTreeMap::new());
                prop_assert_eq!(exercised.0, *answer);
            }
            Change::Consent { by, to, answer } => {
                prop_assert!(present == Answer::Deny && *answer < Answer::Deny);
                let consented = Deal::new(with_consents(deal.parts(), by, to, asked));
                let consented = consented.expect("the party to whom a term is owed may consent");
                prop_assert_eq!(decide(&consented.rules(known), asked).answer, *answer);
            }
            Change::Offer { term, answer, .. } => {
                to_offer.push(term.clone());
                let declined = with_decline(deal.parts(), term, asked, known);
                let declined = Deal::new(declined).expect("an offer contradicts no term");
                prop_assert_eq!(decide(&declined.rules(known), asked).answer, *answer);
            }
            Change::Meet { term, answer, .. } => {
                to_meet.push(term.clone());
                let one = std::slice::from_ref(term);
                let met = Deal::new(with_conditions(deal.parts(), one, asked, known));
                let met = met.expect("a fact on record contradicts no term");
                prop_assert_eq!(decide(&met.rules(known), asked).answer, *answer);
            }
            Change::Together { answer } => together = Some(*answer),
            Change::Part { object, answer } => {
                prop_assert_ne!(*answer, present);
                let part = Request { object: object.clone(), ..asked.clone() };
                prop_assert_eq!(again(&part), *answer);
            }
            Change::Say { dimension, values } => check_values(&rules, asked, *dimension, values)?,
            Change::Read { ambiguity, answers } => {
                let ambiguity = &deal.parts().vocabulary.ambiguities[ambiguity];
                for (reading, answer) in answers {
                    let read = rules.reading(ambiguity, reading);
                    prop_assert_eq!(decide(&read, asked).answer, *answer);
                }
            }
            Change::Headroom { term, amount, .. } => {
                check_headroom(deal, (asked, known), term, *amount)?;
            }
            Change::Learn { .. } => prop_assert_eq!(present, Answer::Undetermined),
        }
    }
    if let Some(answer) = together {
        let offered = to_offer
            .iter()
            .fold(deal.parts().clone(), |draft, term| with_decline(&draft, term, asked, known));
        let all = Deal::new(with_conditions(&offered, &to_meet, asked, known));
        let all = all.expect("what is on record contradicts no term");
        prop_assert_eq!(decide(&all.rules(known), asked).answer, answer);
    }
    if !to_meet.is_empty() && to_offer.is_empty() {
        let met = Deal::new(with_conditions(deal.parts(), &to_meet, asked, known));
        let met = met.expect("a fact on record contradicts no term");
        prop_assert_eq!(bounds(&decide(&met.rules(known), asked)).0, Answer::Allow);
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn reasons_fit_the_one_answer(deal in deal(), requests in requests(24)) {
        for (request, known) in requests {
            check_reasons(&decide(&deal.rules(known), &request))?;
        }
    }

    #[test]
    fn a_further_prohibition_never_helps(
        deal in deal(),
        kind in prohibition(),
        requests in requests(24),
    ) {
        let (draft, added) = with_term(deal.parts(), kind);
        let after = repaired(draft, |later, _| *later == added).ok_or(reject("touches others"))?;
        for (request, known) in requests {
            let before = bounds(&decide(&deal.rules(known), &request));
            let after = bounds(&decide(&after.rules(known), &request));
            prop_assert!(before.0 <= after.0 && before.1 <= after.1, "{:?}", (before, after));
        }
    }

    /// It cannot lift a prohibition that it does not name: at worst, the two are in conflict.
    #[test]
    fn a_further_permission_never_hurts_and_lifts_nothing(
        deal in deal(),
        kind in plain_permission(),
        requests in requests(24),
    ) {
        let (draft, added) = with_term(deal.parts(), kind);
        let after = yielding(draft, &added).ok_or(reject("touches others"))?;
        for (request, known) in requests {
            let before = decide(&deal.rules(known), &request);
            let after = decide(&after.rules(known), &request);
            let (old, new) = (bounds(&before), bounds(&after));
            prop_assert!(new.0 <= old.0 && new.1 <= old.1, "{:?}", (old, new));
            if matches!(before.verdict, Verdict::Prohibited | Verdict::Conflict) {
                prop_assert_eq!(after.answer, Answer::Deny);
            }
        }
    }

    #[test]
    fn the_answer_is_constant_between_the_instants_that_count(
        deal in deal(),
        requests in requests(4),
    ) {
        for (request, known) in requests {
            let rules = deal.rules(known);
            let at = |at: Instant| gist(&rules, &Request { at, ..request.clone() });
            for part in Window::ALWAYS.cut(rules.instants()) {
                let middle = part.start().plus_seconds(part.seconds() / 2);
                let first = at(part.start());
                prop_assert_eq!((at(middle), at(part.end().plus_seconds(-1))), (first, first));
            }
        }
    }

    #[test]
    fn a_version_that_changes_nothing_changes_nothing(
        deal in deal(),
        which in any::<prop::sample::Index>(),
        requests in requests(24),
    ) {
        let mut draft = deal.parts().clone();
        let mut all: Vec<&mut Vec<Version>> =
            draft.agreements.iter_mut().map(|agreement| &mut agreement.versions).collect();
        let versions = &mut *all[which.index(deal.parts().agreements.len())];
        let index = which.index(versions.len());
        let whole = versions[index].clone();
        let cut = whole.effective.start().plus_seconds(Instant::DAY / 2);
        versions.push(Version {
            id: VersionId::new("restated").expect("a good id"),
            // It says nothing of when the agreement ends.
            effective: Window::new(cut, Instant::MAX).expect("all instants are before the last"),
            adds: Vec::new(),
            replaces: Vec::new(),
            ends: Vec::new(),
            changes: comity_terms::Changes::default(),
            ..whole
        });
        let split = Deal::new(draft).expect("a restatement brings no problem");
        for (request, known) in requests {
            let (whole, split) = (deal.rules(known), split.rules(known));
            prop_assert_eq!(gist(&whole, &request), gist(&split, &request));
        }
    }

    #[test]
    fn what_is_recorded_later_was_not_known(
        deal in deal(),
        later in amendment(),
        requests in prop::collection::vec(request(), 24),
        day_known in 0..16_i64,
    ) {
        let known = Known(day(day_known));
        let mut draft = deal.parts().clone();
        let old: BTreeSet<TermId> = terms(&draft).map(|term| term.id.clone()).collect();
        let agreement = draft.agreements.len() - 1;
        let count = draft.agreements[agreement].versions.len();
        amend(&mut draft, Onto::LastAgreement, later);
        draft.agreements[agreement].versions[count].recorded = known.0.plus_seconds(1);
        let after =
            repaired(draft, |later, _| !old.contains(later)).ok_or(reject("touches others"))?;
        // To annul an option that was exercised before it was on record makes the exercise wrong.
        let exercises = |deal: &Deal| deal.parts().record.exercises.len();
        prop_assume!(exercises(&after) == exercises(&deal));
        for request in requests {
            let (before, after) = (deal.rules(known), after.rules(known));
            prop_assert_eq!(gist(&before, &request), gist(&after, &request));
        }
    }

    #[test]
    fn frozen_rules_answer_as_the_rules_do_then(deal in deal(), requests in requests(24)) {
        for (request, known) in requests {
            let rules = deal.rules(known);
            let frozen = rules.frozen_at(request.at);
            prop_assert_eq!(gist(&rules, &request), gist(&frozen, &request));
        }
    }

    #[test]
    fn changes_turn_the_answer_as_they_say(deal in deal(), requests in requests(12)) {
        for (request, known) in requests {
            check_changes(&deal, &request, known)?;
        }
    }
}

/// The properties say nothing unless the random deals reach every answer.
#[test]
fn random_deals_reach_every_answer() {
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<(Answer, Verdict), u32> = BTreeMap::new();
    for _ in 0..300 {
        let deal = deal().new_tree(&mut runner).expect("few deals are refused").current();
        for _ in 0..24 {
            let asked = (prop_oneof![request(), full_request()], known()).new_tree(&mut runner);
            let (request, known) = asked.expect("requests are never refused").current();
            let decision = decide(&deal.rules(known), &request);
            *seen.entry((decision.answer, decision.verdict)).or_default() += 1;
        }
    }
    for wanted in [
        (Answer::Allow, Verdict::Permitted, 100),
        (Answer::Allow, Verdict::Silent, 100),
        (Answer::Conditional, Verdict::Conditional, 50),
        (Answer::Undetermined, Verdict::Undetermined, 50),
        (Answer::Deny, Verdict::Prohibited, 100),
        (Answer::Deny, Verdict::Conflict, 1),
        (Answer::Deny, Verdict::Silent, 100),
    ] {
        let (answer, verdict, least) = wanted;
        let count = seen.get(&(answer, verdict)).copied().unwrap_or(0);
        assert!(count >= least, "{wanted:?}: {seen:?}");
    }
}
