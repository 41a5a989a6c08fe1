//! The rulebook, `decide` and a second, naive evaluator against each other on random deals and
//! requests; and `decide` against all that the unknown may turn out to be.
//!
//! `COMITY_DEALS=60000 cargo test --release -p comity-terms --test reference -- all_three` asks
//! millions of requests instead of some hundred thousand.

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{FactId, Known, TermId};
use comity_terms::{
    Answer, Deal, Draft, Permission, Prohibition, Request, Rulebook, Rules, Scope, TermKind, decide,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use common::build::{FACTS, PARTIES, PLACES, PURPOSES, action, fact, party, place, purpose};
use common::in_force::as_known;
use common::naive::answer;
use common::random::{MEASURED, READINGS, config, deal, known, request};

fn requests<T: std::fmt::Debug>(one: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    prop::collection::vec(one, 24)
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

/// Whether a request also says what it leaves out of a purpose and an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ratios {
    Decided,
    Open,
}

/// Every request that says what this one leaves out; of amounts, some.
fn completions(request: &Request, ratios: Ratios) -> Vec<Request> {
    let mut all = vec![request.clone()];
    if request.beneficiary.is_none() {
        let with = |it: &Request| {
            let it = it.clone();
            PARTIES.map(|name| Request { beneficiary: Some(party(name)), ..it.clone() })
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
    if ratios == Ratios::Open {
        return all;
    }
    if request.purpose.is_none() {
        let with = |it: &Request| {
            let it = it.clone();
            PURPOSES.map(|(name, _)| Request { purpose: Some(purpose(name)), ..it.clone() })
        };
        all = all.iter().flat_map(with).collect();
    }
    if request.amount.is_none() {
        let with = |it: &Request| {
            let it = it.clone();
            [0, 3, 1_000].map(|amount| Request { amount: Some(amount), ..it.clone() })
        };
        all = all.iter().flat_map(with).collect();
    }
    all
}

type World = BTreeMap<FactId, bool>;

/// Every world in which the facts that are not known turn out one way or the other.
fn worlds(draft: &Draft, known: Known, asked: &Request, facts: &[FactId]) -> Vec<World> {
    let (record, at) = (&draft.record, asked.at);
    let mut all = vec![World::new()];
    let unknown = |it: &&FactId| {
        let said = record.fact(it, &draft.vocabulary.facts[*it], at, known);
        let measured = **it == fact(MEASURED) && record.measure(it, at, known).is_some();
        said.is_none() && !measured
    };
    for fact in facts.iter().filter(unknown) {
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

/// The rules as they are, and under each reading of what is open, with the facts taken to be so.
fn views(deal: &Deal, known: Known) -> Vec<(Rules<'_>, World)> {
    let as_it_is = deal.rules(known);
    let mut views = vec![(as_it_is.clone(), World::new())];
    for ambiguity in deal.parts().vocabulary.ambiguities.values() {
        for reading in &ambiguity.readings {
            let taken = ambiguity.readings.iter().map(|it| (it.clone(), it == reading));
            views.push((as_it_is.reading(ambiguity, reading), taken.collect()));
        }
    }
    views
}

/// Answer, verdict and bounds: the same by all three; and the terms that settle them, by the two that
/// tell them.
fn check(deal: &Deal, known: Known, requests: &[Request]) -> Result<(), TestCaseError> {
    let then = as_known(deal.parts(), known);
    for (rules, assumed) in views(deal, known) {
        let book = Rulebook::compile(&rules);
        for request in requests {
            let naive = answer(&then, known, request, &assumed);
            let decision = decide(&rules, request);
            let ours = (decision.answer, decision.verdict, decision.between);
            prop_assert_eq!(&ours, &naive, "decide: {:?} {:?} {:?}", known, request, assumed);
            let decided = book.decide(&book.asked(request).expect("the deal has these names"));
            let ours = (decided.answer, decided.verdict, decided.between);
            prop_assert_eq!(&ours, &naive, "rulebook: {:?} {:?} {:?}", known, request, assumed);
            let settling: BTreeSet<&TermId> = decision.settling().map(|it| it.term).collect();
            let live: BTreeSet<&TermId> = decided.live().collect();
            prop_assert_eq!(live, settling, "terms: {:?} {:?} {:?}", known, request, assumed);
        }
    }
    Ok(())
}

/// Requests for each deal and date of record; each is asked under three views.
const REQUESTS: usize = 24;

#[test]
fn all_three_agree() {
    let deals = option_env!("COMITY_DEALS").map_or(Ok(1_000), str::parse);
    let deals = deals.expect("COMITY_DEALS is a number");
    let asked = (deal(), known(), prop::collection::vec(request(), REQUESTS));
    let mut runner = TestRunner::new(config(deals));
    let result = runner.run(&asked, |(deal, known, requests)| check(&deal, known, &requests));
    result.unwrap_or_else(|error| panic!("{error}"));
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn what_is_settled_is_settled_however_the_unknown_turns_out(
        deal in deal(),
        requests in requests((request(), known())),
    ) {
        let texts = [Prose::Nothing, Prose::Forbids, Prose::Permits];
        let clauses = texts.map(|prose| read_clauses(deal.parts(), prose));
        let of_guards = FACTS[..2].iter().map(|(name, _)| *name).chain(READINGS);
        let of_guards: Vec<FactId> = of_guards.map(fact).collect();
        let of_conditions = FACTS[2..].iter().map(|(name, _)| *name).chain([MEASURED]);
        let all = of_guards.iter().cloned().chain(of_conditions.map(fact)).collect::<Vec<_>>();
        for (request, known) in requests {
            let decision = decide(&deal.rules(known), &request);
            // A condition that is not known is what makes an answer conditional.
            let (open, ratios) = match decision.answer {
                Answer::Undetermined => continue,
                Answer::Conditional => (&of_guards, Ratios::Open),
                Answer::Allow | Answer::Deny => (&all, Ratios::Decided),
            };
            let worlds = worlds(deal.parts(), known, &request, open);
            let then = clauses.each_ref().map(|draft| as_known(draft, known));
            for full in completions(&request, ratios) {
                let each = then.iter().flat_map(|d| worlds.iter().map(move |w| (d, w)));
                for (draft, world) in each {
                    let naive = answer(draft, known, &full, world);
                    let case = (&request, known, &full, world);
                    prop_assert_eq!(decision.answer, naive.0, "{:?}", case);
                }
            }
        }
    }
}
