//! Random deals against brute force: every request of the vocabulary, each decided on its own.

use std::collections::BTreeSet;

use comity_base::{Instant, Known, TermId, Window};
use comity_proof::{Extent, Property, Proved, Standing, Values, View, diff, prove};
use comity_terms::{
    Ambiguity, Answer, Deal, Request, Role, Rules, Term, TermKind, Verdict, decide,
};
use proptest::prelude::*;

use crate::common::build::{ACTIONS, action};
use crate::common::random::{config, day, deal, known};
use crate::requests::{lies_in, requests, undone};

fn settled(rules: &Rules<'_>, request: &Request) -> (Answer, BTreeSet<TermId>) {
    let decision = decide(rules, request);
    let terms = decision.settling().map(|reason| reason.term.clone()).collect();
    (decision.answer, terms)
}

fn check_diff(deal: &Deal, from: (Instant, Known), to: (Instant, Known)) {
    let view = |(at, known)| View { deal, at, known };
    let found = diff(view(from), view(to));
    let (first, second) = (deal.rules(from.1), deal.rules(to.1));
    let mut changed = 0;
    for request in requests(from.0) {
        let later = Request { at: to.0, ..request.clone() };
        let (before, after) = (settled(&first, &request), settled(&second, &later));
        let boxes: Vec<_> =
            found.answers.iter().filter(|it| lies_in(&it.extent, &request)).collect();
        if before.0 == after.0 {
            assert!(boxes.is_empty(), "{request:?} did not change: {boxes:?}");
            continue;
        }
        changed += 1;
        let [one] = boxes[..] else { panic!("{request:?} lies in one box: {boxes:?}") };
        let shown = |it: &comity_proof::Outcome| (it.answer, it.terms.iter().cloned().collect());
        assert_eq!((shown(&one.before), shown(&one.after)), (before, after), "{request:?}");
    }
    assert_eq!(changed, found.answers.iter().map(|it| it.extent.requests).sum::<u64>());
    // No two could be one: with the same to say, they differ in more than one part.
    for (index, one) in found.answers.iter().enumerate() {
        for other in &found.answers[index + 1..] {
            let same = (&one.before, &one.after, one.manner)
                == (&other.before, &other.after, other.manner);
            assert!(!same || parts_apart(&one.extent, &other.extent) > 1, "{one:?} and {other:?}");
        }
    }
}

fn parts_apart(a: &Extent, b: &Extent) -> usize {
    let parts = |it: &Extent| {
        [&it.party, &it.action, &it.object, &it.beneficiary, &it.purpose, &it.place]
            .map(Values::clone)
    };
    parts(a).iter().zip(&parts(b)).filter(|(a, b)| a != b).count()
}

fn periods(rules: &Rules<'_>) -> Vec<Window> {
    Window::ALWAYS.cut(rules.instants())
}

/// Random terms speak of the first two actions only.
fn spoken(request: &Request) -> bool {
    request.action != action(ACTIONS[2])
}

fn proved(all: &[Proved], property: Property) -> &Proved {
    all.iter().find(|it| it.property == property).expect("every property is there")
}

fn check_proofs(deal: &Deal) {
    let all = prove(deal);
    let rules = deal.rules(Known::ALL);
    let conflicts = proved(&all, Property::NoConflict);
    let mut clashing = 0_usize;
    let all_of_time = periods(&rules).into_iter().flat_map(|period| requests(period.start()));
    for request in all_of_time.filter(spoken) {
        let decision = decide(&rules, &request);
        let cases = conflicts.cases.iter().filter(|case| {
            let there = case.extent.as_ref().is_some_and(|it| lies_in(it, &request));
            there && case.periods.iter().any(|it| it.contains(request.at))
        });
        // An accepted first refusal is no contradiction of terms.
        let forbids = decision.reasons.iter().any(|reason| reason.role == Role::Forbids);
        let clash = usize::from(decision.verdict == Verdict::Conflict && forbids);
        clashing += clash;
        assert_eq!(cases.count(), clash, "{request:?}");
    }
    assert_eq!(conflicts.standing == Standing::Fail, clashing > 0);
    // What an option brings is tried as if that had been exercised.
    let rules = rules.with_every_exercise();
    let mut live: BTreeSet<TermId> = BTreeSet::new();
    let all_of_time = periods(&rules).into_iter().flat_map(|period| requests(period.start()));
    for request in all_of_time.filter(spoken) {
        let alive = |role: &Role| {
            !matches!(
                role,
                Role::OverriddenBy(_) | Role::Unmet(_) | Role::Ended(_) | Role::Begins(_)
            )
        };
        let reasons = decide(&rules, &request).reasons;
        let reasons = reasons.into_iter().filter(|reason| alive(&reason.role));
        live.extend(reasons.map(|reason| reason.term.clone()));
    }
    let dead = &proved(&all, Property::NoDeadTerm).cases;
    let dead: BTreeSet<&TermId> = dead.iter().flat_map(|case| &case.terms).collect();
    let terms = deal.versions().flat_map(|(_, version)| &version.adds);
    // A clause without a scope decides nothing, nor does an option itself.
    let decides = |term: &&Term| !matches!(term.kind, TermKind::Clause(None) | TermKind::Option(_));
    let terms = terms.filter(decides).map(|term| &term.id);
    let consents = deal.parts().record.consents.iter().map(|consent| &consent.id);
    let undone = undone(deal);
    for id in terms.chain(consents).filter(|id| !undone.contains(id)) {
        assert_eq!(dead.contains(id), !live.contains(id), "{id}");
    }
    check_carve_outs(deal, &rules, proved(&all, Property::CarveOutsCount));
    // These hold of every deal that passes the check.
    for property in [Property::ConsentByHolder, Property::KnownStays] {
        assert_eq!(proved(&all, property).standing, Standing::Pass, "{property:?}");
    }
}

/// A carve-out is said to be without effect if and only if no request at any time has another answer
/// or verdict without it: by what is on record, with every option exercised, and with all facts that
/// the two terms wait for.
#[expect(clippy::wildcard_enum_match_arm, reason = "no other kind waits for a fact")]
fn check_carve_outs(deal: &Deal, rules: &Rules<'_>, proved: &Proved) {
    let undone = undone(deal);
    let terms = || deal.versions().flat_map(|(_, version)| &version.adds);
    for term in terms().filter(|it| !undone.contains(&it.id)) {
        for other in term.overrides.iter().map(|it| &it.value).filter(|it| !undone.contains(it)) {
            let two = [&term.id, other];
            let said = proved.cases.iter().any(|it| two.iter().all(|id| it.terms.contains(id)));
            let mut met = rules.clone();
            // What does not hold at any time waits for nothing.
            let held = rules.holdings().iter().filter(|it| two.contains(&&it.term.id));
            for held in held {
                let rests_on = held.footings.iter().map(|it| it.guard);
                let guards = held.term.guards.iter().chain(rests_on).filter(|it| it.holds);
                let guards = guards.map(|it| &it.fact);
                let condition = match &held.term.kind {
                    TermKind::Permission(it) => it.condition.as_ref().map(|it| &it.fact),
                    _ => None,
                };
                for fact in guards.chain(condition) {
                    let one =
                        Ambiguity { question: String::new(), readings: [fact.clone()].into() };
                    met = met.reading(&one, fact);
                }
            }
            let holds = |id: &TermId, at: Instant| {
                rules.holdings().iter().any(|it| &it.term.id == id && it.window.contains(at))
            };
            let together = |at: Instant| two.iter().all(|id| holds(id, at));
            let counts = |rules: &Rules<'_>| {
                let without = rules.without_override(&term.id, other);
                periods(rules).iter().filter(|it| together(it.start())).any(|period| {
                    requests(period.start()).iter().filter(|it| spoken(it)).any(|request| {
                        let (a, b) = (decide(rules, request), decide(&without, request));
                        (a.answer, a.verdict) != (b.answer, b.verdict)
                    })
                })
            };
            assert_eq!(said, !counts(rules) && !counts(&met), "{} overrides {other}", term.id);
        }
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn boxes_hold_each_changed_request_once(
        deal in deal(),
        days in (0..16_i64, 0..16_i64),
        known in (known(), known()),
    ) {
        check_diff(&deal, (day(days.0), known.0), (day(days.1), known.1));
    }
}

proptest! {
    #![proptest_config(config(3))]

    #[test]
    fn proofs_are_what_every_request_says(deal in deal()) {
        check_proofs(&deal);
    }
}
