//! Every further property, and every expectation, against brute force: each request of the
//! vocabulary at each instant that counts, decided one by one, says what the proof says.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{Instant, Known, Money, PartyId, Ratio, TermId, Window};
use comity_proof::{Case, Property, Standing, check, prove};
use comity_terms::{
    Answer, Cited, Claim, Commitment, Deal, Exercise, Expectation, Interval, OnlyHolder, Position,
    ProblemKind, Refusal, Request, RevenueShare, RightProblem, Role, Rules, Scope, Shortfall, Term,
    TermKind, Verdict, VersionRef, decide,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::common::build::{ACTIONS, OBJECTS, PARTIES, action, object, party, position, term, usd};
use crate::common::random::{config, day, deal};
use crate::requests::{lies_in, requests, undone};

fn shown(cases: &[&Case], request: &Request) -> usize {
    let there = |case: &&&Case| case.extent.as_ref().is_some_and(|it| lies_in(it, request));
    let then = |case: &&Case| {
        case.periods.is_empty() || case.periods.iter().any(|it| it.contains(request.at))
    };
    cases.iter().filter(there).filter(|case| then(case)).count()
}

fn instants<'a, 'd: 'a>(rules: impl IntoIterator<Item = &'a Rules<'d>>) -> Vec<Instant> {
    let all: BTreeSet<Instant> = rules.into_iter().flat_map(Rules::instants).collect();
    Window::ALWAYS.cut(all).into_iter().map(Window::start).collect()
}

/// The requests on which the readings of the open question differ are those that are listed.
fn check_readings(deal: &Deal) {
    let found = prove(deal);
    let found = found.iter().find(|it| it.property == Property::Readings).expect("it is there");
    let cases: Vec<&Case> = found.cases.iter().collect();
    let rules = deal.rules(Known::ALL);
    let ambiguity = deal.parts().vocabulary.ambiguities.values().next().expect("there is one");
    let read: Vec<Rules<'_>> =
        ambiguity.readings.iter().map(|it| rules.reading(ambiguity, it)).collect();
    for request in instants(&read).into_iter().flat_map(requests) {
        let answers: BTreeSet<Answer> =
            read.iter().map(|rules| decide(rules, &request).answer).collect();
        assert_eq!(shown(&cases, &request), usize::from(answers.len() > 1), "{request:?}");
    }
}

/// The requests that are allowed while a first refusal is open and live are those that are listed.
fn check_passed_by(deal: &Deal) {
    let found = prove(deal);
    let mut found = found.iter().filter(|it| it.property == Property::FirstRefusalHolds);
    let cases = &found.next().expect("it is there").cases;
    let rules = deal.rules(Known::ALL);
    let terms = deal.versions().flat_map(|(_, version)| &version.adds);
    let rights = terms.filter(|term| matches!(term.kind, TermKind::FirstRefusal(_)));
    let rights: Vec<&TermId> = rights.map(|term| &term.id).collect();
    for request in instants([&rules]).into_iter().flat_map(requests) {
        let decision = decide(&rules, &request);
        for right in &rights {
            let open = decision.reasons.iter().any(|it| {
                let open =
                    |it| matches!(it, Refusal::Idle | Refusal::Offered { .. } | Refusal::Reopened);
                it.term == *right && matches!(it.role, Role::FirstRefusal(stands) if open(stands))
            });
            let mine: Vec<&Case> =
                cases.iter().filter(|it| it.terms == [(*right).clone()]).collect();
            let passes = usize::from(decision.answer == Answer::Allow && open);
            assert_eq!(shown(&mine, &request), passes, "{right} {request:?}");
        }
    }
}

/// What survives is what holds, of the versions up to there, at some instant after an end.
fn check_survivals(deal: &Deal) {
    let found = prove(deal);
    let found = found.iter().find(|it| it.property == Property::Survivals).expect("it is there");
    let rules = deal.rules(Known::ALL);
    for agreement in &deal.parts().agreements {
        let mut end = Instant::MAX;
        for (index, version) in agreement.versions.iter().enumerate() {
            // A version that says nothing of the end keeps it, but at the end itself.
            if version.effective.end() < Instant::MAX || end <= version.effective.start() {
                end = version.effective.end();
            }
            let next = agreement.versions.get(index + 1).map(|it| it.effective.start());
            if end == Instant::MAX || next.is_some_and(|next| next <= end) {
                continue;
            }
            let brought: BTreeSet<&TermId> = agreement.versions[..=index]
                .iter()
                .flat_map(|it| &it.adds)
                .map(|it| &it.id)
                .collect();
            let title = format!("runs out on {end}");
            let of_this = format!("when {} {title}", agreement.id);
            let cases = found.cases.iter().filter(|it| it.text.ends_with(&of_this));
            let cases: Vec<&Case> = cases.collect();
            for at in (0..40).map(day).filter(|at| *at >= end) {
                let holds = rules.holdings().iter().filter(|it| it.window.contains(at));
                let holds: BTreeSet<&TermId> =
                    holds.map(|it| &it.term.id).filter(|id| brought.contains(id)).collect();
                let listed = cases.iter().filter(|it| it.periods.iter().any(|it| it.contains(at)));
                let listed: BTreeSet<&TermId> = listed.flat_map(|it| &it.terms).collect();
                assert_eq!(listed, holds, "{at}");
            }
        }
    }
}

/// Terms that move money, added to the first version.
fn with_money(deal: &Deal, terms: Vec<TermKind>) -> Option<Deal> {
    let mut draft = deal.parts().clone();
    let version = draft.agreements[0].versions.first_mut().expect("there is a version");
    for (index, kind) in terms.into_iter().enumerate() {
        version.adds.push(Term { position: position(0), ..term(&format!("money-{index}"), kind) });
    }
    Deal::new(draft).ok()
}

fn one_of(names: &[&'static str]) -> impl Strategy<Value = &'static str> + use<> {
    select(names.to_vec())
}

fn share() -> impl Strategy<Value = TermKind> {
    let objects: Vec<&str> = OBJECTS.iter().map(|(name, _)| *name).collect();
    let money =
        || proptest::option::of((0..4_i128).prop_map(|minor| Money { minor, currency: usd() }));
    let cap = (money(), money());
    (one_of(&PARTIES[..2]), one_of(&PARTIES), one_of(&objects), 1..=3_i64, cap).prop_map(
        |(payer, payee, base, thirds, (total, paid_before))| {
            let rate = Ratio::new(thirds, 3).expect("at most three thirds");
            let mut share =
                RevenueShare::flat(party(payer), party(payee), vec![object(base)], rate);
            // What was paid before is said only of a share with a cap.
            share.cap.total = total;
            share.cap.paid_before = paid_before.filter(|_| total.is_some());
            TermKind::RevenueShare(share)
        },
    )
}

fn commitment() -> impl Strategy<Value = TermKind> {
    (one_of(&PARTIES), one_of(&PARTIES)).prop_map(|(buyer, seller)| {
        let (buyer, seller, nothing) = (party(buyer), party(seller), Money::zero(usd()));
        let (interval, shortfall) = (Interval::Term, Shortfall::Show);
        TermKind::Commitment(Commitment::spend(buyer, seller, nothing, interval, shortfall))
    })
}

/// Product by product and day by day, what is shared of a sale.
fn check_shares(deal: &Deal) {
    let found = prove(deal);
    let found = found.iter().find(|it| it.property == Property::SharesFit).expect("it is there");
    let rules = deal.rules(Known::ALL);
    let objects = &deal.parts().vocabulary.objects;
    let mut wrong = false;
    for at in (0..40).map(day) {
        for product in objects.names() {
            let mut parts: BTreeMap<&PartyId, i64> = BTreeMap::new();
            let mut pairs: BTreeMap<(&PartyId, &PartyId), u32> = BTreeMap::new();
            for holding in rules.holdings().iter().filter(|it| it.window.contains(at)) {
                let TermKind::RevenueShare(it) = &holding.term.kind else { continue };
                if it.base.iter().any(|base| objects.lies_within(product, base)) {
                    let rate = it.rate.highest();
                    let thirds = rate.numerator() * 3 / rate.denominator();
                    *parts.entry(&it.payer).or_default() += thirds;
                    *pairs.entry((&it.payer, &it.payee)).or_default() += 1;
                }
            }
            let says = |start: String| {
                found.cases.iter().any(|it| {
                    it.text.starts_with(&start) && it.periods.iter().any(|it| it.contains(at))
                })
            };
            for (payer, thirds) in parts {
                let over = format!("{payer} shares more than all of its sales of {product}");
                assert_eq!(says(over), thirds > 3, "{payer} {product} {at}");
                wrong |= thirds > 3;
            }
            for ((payer, payee), count) in pairs {
                let twice = format!("{payer} shares its sales of {product} with {payee} twice");
                assert_eq!(says(twice), count > 1, "{payer} {payee} {product} {at}");
                wrong |= count > 1;
            }
        }
    }
    for (_, version) in deal.versions() {
        for term in &version.adds {
            let TermKind::RevenueShare(it) = &term.kind else { continue };
            let (total, before) = (it.cap.total, it.cap.paid_before);
            let passed =
                total.zip(before).is_some_and(|(total, before)| before.minor > total.minor);
            let holds = rules.holdings().iter().any(|it| it.term.id == term.id);
            let start = format!("{} had paid", term.id);
            let said = found.cases.iter().any(|it| it.text.starts_with(&start));
            assert_eq!(said, passed && holds, "{}", term.id);
            wrong |= passed && holds;
        }
    }
    assert_eq!(found.standing == Standing::Fail, wrong);
}

/// A commitment can be met if at some instant there is a supply on which no act is forbidden.
fn check_commitments(deal: &Deal) {
    let found = prove(deal);
    let mut found = found.iter().filter(|it| it.property == Property::CommitmentsCanBeMet);
    let cases = &found.next().expect("it is there").cases;
    let rules = deal.rules(Known::ALL);
    for holding in rules.holdings() {
        let TermKind::Commitment(it) = &holding.term.kind else { continue };
        let at = instants([&rules]).into_iter().chain([holding.window.start()]);
        let free = at.filter(|at| holding.window.contains(*at)).any(|at| {
            let mut acts: BTreeMap<_, Vec<(Answer, Verdict)>> = BTreeMap::new();
            for request in requests(at) {
                if request.party == it.seller && request.beneficiary.as_ref() == Some(&it.buyer) {
                    let decision = decide(&rules, &request);
                    let supply = (request.object, request.purpose, request.place);
                    acts.entry(supply).or_default().push((decision.answer, decision.verdict));
                }
            }
            acts.values().any(|acts| {
                acts.iter().any(|(answer, _)| *answer != Answer::Deny)
                    && acts.iter().all(|it| it.0 != Answer::Deny || it.1 == Verdict::Silent)
            })
        });
        let said = cases.iter().any(|case| case.terms.contains(&holding.term.id));
        assert_eq!(said, !free, "{}", holding.term.id);
    }
}

/// Day by day: when the check lets an option be exercised, and what it brings would then hold.
#[expect(clippy::wildcard_enum_match_arm, reason = "nothing else brings terms")]
fn check_options(deal: &Deal) {
    let found = prove(deal);
    let found = found.iter().find(|it| it.property == Property::OptionsCanBeExercised);
    let found = found.expect("it is there");
    let undone = undone(deal);
    // The facts that an option needs are taken to be so.
    let mut draft = deal.parts().clone();
    let versions = draft.agreements.iter_mut().flat_map(|it| &mut it.versions);
    for term in versions.flat_map(|it| &mut it.adds) {
        if matches!(term.kind, TermKind::Option(_)) {
            term.guards.clear();
        }
    }
    let Ok(free) = Deal::new(draft) else { return };
    let rules = free.rules(Known::ALL);
    for term in deal.versions().flat_map(|(_, version)| &version.adds) {
        let TermKind::Option(right) = &term.kind else { continue };
        let exercised = deal.parts().record.exercises.iter().any(|it| it.option.value == term.id);
        // What another option brings can be exercised only after that; so can what stands in its place.
        let stands_for = |id: &TermId| {
            let mut changes = deal.versions().flat_map(|(_, it)| &it.changes.corrects);
            changes.find(|it| it.by.iter().any(|by| &by.value == id)).map(|it| &it.term.value)
        };
        let names: Vec<&TermId> =
            std::iter::successors(Some(&term.id), |id| stands_for(id)).collect();
        let brought = deal.versions().flat_map(|(_, it)| &it.adds).any(|it| match &it.kind {
            TermKind::Option(first) => first.brings.iter().any(|it| names.contains(&&it.value)),
            _ => false,
        });
        if exercised || brought || undone.contains(&term.id) {
            continue;
        }
        let may = |on: &Instant| {
            let mut draft = deal.parts().clone();
            draft.record.exercises.push(Exercise {
                option: Cited { value: term.id.clone(), position: position(1) },
                by: right.holder.clone(),
                on: *on,
                // Later than all: by what is known now.
                recorded: day(100),
                provenance: term.provenance.clone(),
                position: position(1),
            });
            let problems = Deal::new(draft).err().unwrap_or_default();
            let never = |it: &RightProblem| matches!(it, RightProblem::NotExercisable { .. });
            !problems.iter().any(|it| matches!(&it.kind, ProblemKind::Right(it) if never(it)))
        };
        let days: Vec<Instant> = (0..40).map(day).filter(may).collect();
        let said = |ids: &[&TermId]| {
            found
                .cases
                .iter()
                .any(|it| it.terms.iter().collect::<BTreeSet<_>>() == ids.iter().copied().collect())
        };
        assert_eq!(said(&[&term.id]), days.is_empty(), "{}", term.id);
        for brought in right.brings.iter().map(|it| &it.value).filter(|id| !undone.contains(id)) {
            let holds = |on: &Instant| {
                let rules = rules.with_exercise(&term.id, *on);
                rules.holdings().iter().any(|it| &it.term.id == brought)
            };
            let over = !days.is_empty() && !days.iter().any(holds);
            assert_eq!(said(&[&term.id, brought]), over, "{} brings {brought}", term.id);
        }
    }
}

/// What was recorded later changes nothing: the deal cut off at a date of record answers the same.
fn check_known(deal: &Deal, known: Known) {
    let cut = deal.as_known(known);
    let (then, now) = (cut.rules(known), deal.rules(known));
    for request in instants([&then, &now]).into_iter().flat_map(requests) {
        assert_eq!(decide(&then, &request).answer, decide(&now, &request).answer, "{request:?}");
    }
}

fn failed(deal: &Deal, claim: Claim) -> Vec<Case> {
    let position: Position = position(1);
    let failures = check(deal, &[Expectation { claim, position }]);
    failures.into_iter().flat_map(|it| it.cases).collect()
}

fn check_only(deal: &Deal, only: &OnlyHolder) {
    let cases = failed(deal, Claim::Only(only.clone()));
    let cases: Vec<&Case> = cases.iter().collect();
    let rules = deal.rules(Known::ALL);
    let at = instants([&rules]).into_iter().chain([only.from]);
    for request in at.filter(|at| (only.from..only.before).contains(at)).flat_map(requests) {
        let meant = request.party != only.holder
            && request.action == only.action
            && request.object == only.object
            && (only.beneficiary.is_none() || request.beneficiary == only.beneficiary);
        let may = meant && decide(&rules, &request).answer != Answer::Deny;
        assert_eq!(shown(&cases, &request), usize::from(may), "{request:?}");
    }
}

fn check_directions(deal: &Deal, within: &Scope) {
    let rules = deal.rules(Known::ALL);
    let names = &deal.parts().vocabulary;
    for (agreement, version) in deal.versions() {
        let reference =
            || VersionRef { agreement: agreement.id.clone(), version: version.id.clone() };
        let claims = [
            Claim::Narrows(reference()),
            Claim::Widens(reference()),
            Claim::ChangesOnly { version: reference(), within: within.clone() },
        ];
        let [narrows, widens, only] = claims.map(|claim| failed(deal, claim));
        let at = version.effective.start();
        for request in requests(at) {
            let earlier = Request { at: at.plus_seconds(-1), ..request.clone() };
            let (before, after) =
                (decide(&rules, &earlier).answer, decide(&rules, &request).answer);
            let inside = within.actor.contains(&request.party)
                && within.actions.contains(&request.action)
                && within.objects.iter().any(|it| names.objects.lies_within(&request.object, it));
            for (cases, wrong) in [
                (&narrows, after < before),
                (&widens, after > before),
                (&only, after != before && !inside),
            ] {
                let cases: Vec<&Case> = cases.iter().collect();
                assert_eq!(shown(&cases, &request), usize::from(wrong), "{request:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn options(deal in deal()) {
        check_options(&deal);
    }
}

proptest! {
    #![proptest_config(config(6))]

    #[test]
    fn readings_and_first_refusals(deal in deal()) {
        check_readings(&deal);
        check_passed_by(&deal);
        check_survivals(&deal);
    }

    #[test]
    fn money(
        deal in deal(),
        shares in prop::collection::vec(share(), 0..4),
        commitments in prop::collection::vec(commitment(), 1..3),
    ) {
        let terms = shares.into_iter().chain(commitments).collect();
        let deal = with_money(&deal, terms).ok_or(TestCaseError::reject("shares do not fit"))?;
        check_shares(&deal);
        check_commitments(&deal);
    }

    #[test]
    fn views_and_expectations(
        deal in deal(),
        known in 0..16_i64,
        names in (one_of(&PARTIES), one_of(&ACTIONS[..2]), any::<Index>(), any::<bool>()),
        days in (0..8_i64, 1..8_i64),
    ) {
        check_known(&deal, Known(day(known)));
        let (what, _) = OBJECTS[names.2.index(OBJECTS.len())];
        check_only(&deal, &OnlyHolder {
            holder: party(names.0),
            action: action(names.1),
            object: object(what),
            beneficiary: names.3.then(|| party(PARTIES[0])),
            from: day(days.0),
            before: day(days.0 + days.1),
        });
        check_directions(&deal, &crate::common::build::scope(names.1, what));
    }
}
