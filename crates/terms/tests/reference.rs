//! `decide` against a second, naive evaluator: equal where everything is known, and sound where
//! something is not: what it settles is settled however the unknown turns out.

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use std::collections::BTreeSet;

use comity_base::{FactId, Instant};
use comity_terms::{
    Answer, Deal, Draft, FactRecord, Permission, Prohibition, Request, Scope, TermKind, decide,
};
use proptest::prelude::*;

use common::build::{
    FACTS, PARTIES, PLACES, PURPOSES, action, fact, party, place, position, provenance, purpose,
};
use common::naive::{Case, answer};
use common::random::{config, deal, full_request, known, request};
use common::record::{World, world};

fn requests<T: std::fmt::Debug>(one: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    prop::collection::vec(one, 24)
}

/// Puts every fact of a guard on record, from the beginning of time.
fn without_unknown_guards(draft: &Draft) -> Draft {
    let mut draft = draft.clone();
    for (name, _) in &FACTS[..2] {
        draft.record.facts.push(FactRecord {
            fact: fact(name),
            holds: false,
            from: Instant::MIN,
            recorded: Instant::MIN,
            provenance: provenance(),
            position: position(0),
        });
    }
    draft
}

/// What a clause in words could turn out to say.
#[derive(Debug, Clone, Copy)]
enum Prose {
    Nothing,
    Forbids,
    Permits,
}

fn read_clauses(draft: &Draft, prose: Prose) -> Draft {
    let mut draft = draft.clone();
    let sell = BTreeSet::from([action("sell")]);
    let versions = draft.agreements.iter_mut().flat_map(|agreement| &mut agreement.versions);
    for term in versions.flat_map(|version| &mut version.adds) {
        let TermKind::Clause(Some(scope)) = &term.kind else { continue };
        let (a, b, scope) = (party("lab"), party("cloud"), scope.clone());
        term.kind = match prose {
            // No request asks to sell.
            Prose::Nothing => TermKind::Clause(Some(Scope { actions: sell.clone(), ..scope })),
            Prose::Forbids => TermKind::Prohibition(Prohibition { bound: a, owed_to: b, scope }),
            Prose::Permits => {
                TermKind::Permission(Permission { grantor: a, scope, condition: None })
            }
        };
    }
    draft
}

/// Every request that says what this one leaves out.
fn completions(request: &Request) -> Vec<Request> {
    let mut all = vec![request.clone()];
    if request.beneficiary.is_none() {
        let with = |it: &Request| {
            let it = it.clone();
            PARTIES.map(|name| Request { beneficiary: Some(party(name)), ..it.clone() })
        };
        all = all.iter().flat_map(with).collect();
    }
    if request.purpose.is_none() {
        let with = |it: &Request| {
            let it = it.clone();
            PURPOSES.map(|(name, _)| Request { purpose: Some(purpose(name)), ..it.clone() })
        };
        all = all.iter().flat_map(with).collect();
    }
    if request.place.is_none() {
        let with = |it: &Request| {
            let it = it.clone();
            PLACES.map(|(name, _)| Request { place: Some(place(name)), ..it.clone() })
        };
        all = all.iter().flat_map(with).collect();
    }
    all
}

/// Every world in which the facts that are not known turn out one way or the other.
fn worlds(known: &World, facts: &[FactId]) -> Vec<World> {
    let mut all = vec![known.clone()];
    for fact in facts.iter().filter(|fact| !known.contains_key(fact)) {
        let with = |world: &World| {
            [true, false].map(|holds| {
                let mut world = world.clone();
                world.insert(fact.clone(), holds);
                world
            })
        };
        all = all.iter().flat_map(with).collect();
    }
    all
}

proptest! {
    #![proptest_config(config(250))]

    #[test]
    fn equal_where_everything_is_known(
        deal in deal(),
        requests in requests((full_request(), known())),
    ) {
        let draft = read_clauses(&without_unknown_guards(deal.parts()), Prose::Nothing);
        let deal = Deal::new(draft).expect("facts and clauses contradict no term");
        for (request, known) in requests {
            let decision = decide(&deal.rules(known), &request);
            let world = world(deal.parts(), known, request.at);
            let case = Case { draft: deal.parts(), known, asked: &request, world: &world };
            let naive = answer(case);
            prop_assert_eq!((decision.answer, decision.verdict), naive, "{:?}", (request, known));
            prop_assert_eq!(decision.between, None);
        }
    }

    #[test]
    fn what_is_settled_is_settled_however_the_unknown_turns_out(
        deal in deal(),
        requests in requests((request(), known())),
    ) {
        let texts = [Prose::Nothing, Prose::Forbids, Prose::Permits];
        let readings = texts.map(|prose| read_clauses(deal.parts(), prose));
        let facts = FACTS.map(|(name, _)| fact(name));
        for (request, known) in requests {
            let decision = decide(&deal.rules(known), &request);
            // A condition that is not known is what makes an answer conditional.
            let open = match decision.answer {
                Answer::Undetermined => continue,
                Answer::Conditional => &facts[..2],
                Answer::Allow | Answer::Deny => &facts[..],
            };
            let worlds = worlds(&world(deal.parts(), known, request.at), open);
            for full in completions(&request) {
                for (draft, world) in readings.iter().flat_map(|d| worlds.iter().map(move |w| (d, w))) {
                    let (naive, _) = answer(Case { draft, known, asked: &full, world });
                    let case = (&request, known, &full, world);
                    prop_assert_eq!(decision.answer, naive, "{:?}", case);
                }
            }
        }
    }
}
