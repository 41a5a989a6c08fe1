//! What a deal's authors expect of it: whether it is so, with the case where it is not.

use std::collections::BTreeSet;

use comity_base::{Known, TermId, Window};
use comity_terms::{
    Answer, Claim, Deal, Expectation, ExpectedAnswer, OnlyHolder, Parties, Position, Request,
    Scope, VersionRef, Vocabulary, decide,
};

use crate::answers::{Outcome, Side, segments};
use crate::boxes::{Extent, boxes, over_time};
use crate::diff::changed_cells;
use crate::grid::{Cell, Grid, Pin};
use crate::prove::{Case, conflict_cases};

/// Something expected that is not so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Where the expectation stands.
    pub position: Position,
    /// What is not so, as a sentence without its full stop.
    pub title: String,
    /// Where it is not; none where there is nothing to show.
    pub cases: Vec<Case>,
}

/// Every expectation that does not hold, in their order.
#[must_use]
pub fn check(deal: &Deal, expectations: &[Expectation]) -> Vec<Failure> {
    if expectations.is_empty() {
        return Vec::new();
    }
    let side = Side::new(deal, Known::ALL);
    let failed = |expectation: &Expectation| {
        let (title, cases) = match &expectation.claim {
            Claim::Answer(expected) => answer(deal, expected),
            Claim::Only(only) => only_holder(&side, only),
            Claim::NoConflict => {
                let (cases, _) = conflict_cases(&side);
                let title = "something is both permitted and forbidden".to_owned();
                (!cases.is_empty()).then_some((title, cases))
            }
            Claim::Narrows(version) => changes(&side, version, &Allowed::Narrower),
            Claim::Widens(version) => changes(&side, version, &Allowed::Wider),
            Claim::ChangesOnly { version, within } => {
                changes(&side, version, &Allowed::Within(within))
            }
        }?;
        Some(Failure { position: expectation.position.clone(), title, cases })
    };
    expectations.iter().filter_map(failed).collect()
}

type Failed = Option<(String, Vec<Case>)>;

fn answer(deal: &Deal, expected: &ExpectedAnswer) -> Failed {
    let rules = deal.rules(expected.known);
    let decision = decide(&rules, &expected.request);
    if decision.answer == expected.answer {
        return None;
    }
    let terms: Vec<TermId> = decision.settling().map(|reason| reason.term.clone()).collect();
    let title = format!("expected `{}`, and the answer is `{}`", expected.answer, decision.answer);
    let text = if terms.is_empty() { "no term in force speaks of it" } else { "by these terms" };
    Some((title, vec![Case::of(text.to_owned(), terms)]))
}

fn only_holder(side: &Side<'_>, only: &OnlyHolder) -> Failed {
    let OnlyHolder { holder, action, object, beneficiary, from, before } = only;
    let period = Window::new(*from, *before).ok()?;
    let pin = Scope {
        actor: Parties::Only(BTreeSet::from([holder.clone()])),
        actions: BTreeSet::from([action.clone()]),
        objects: BTreeSet::from([object.clone()]),
        beneficiary: match beneficiary {
            Some(party) => Parties::Only(BTreeSet::from([party.clone()])),
            None => Parties::Any,
        },
        purposes: BTreeSet::new(),
        places: BTreeSet::new(),
    };
    let mut found = Vec::new();
    for window in segments(&[side]).into_iter().filter_map(|it| it.intersect(period)) {
        let at = window.start();
        let grid = Grid::with(&[side], |holds| holds.contains(at), Some(Pin::Exactly(&pin)));
        let asked = |cell: &Cell| {
            !grid.has(cell, 0, holder.as_str())
                && grid.has(cell, 1, action.as_str())
                && grid.has(cell, 2, object.as_str())
                && beneficiary.as_ref().is_none_or(|party| grid.has(cell, 3, party.as_str()))
        };
        let mut others = Vec::new();
        for cell in grid.cells().filter(asked) {
            let outcome = side.outcome(&grid.request(&cell, at));
            if outcome.answer != Answer::Deny {
                others.push((cell, outcome));
            }
        }
        found.extend(boxes(&grid, others).into_iter().map(|(l, extent)| (window, l, extent)));
    }
    if found.is_empty() {
        return None;
    }
    let whom = beneficiary.as_ref().map_or_else(String::new, |party| format!(" for {party}"));
    let title = format!("others than {holder} may {action} {object}{whom} before {before}");
    let case = |(outcome, extent, periods): (Outcome, Extent, Vec<Window>)| {
        let text = format!("the answer for them is `{}`", outcome.answer);
        Case { extent: Some(extent), periods, ..Case::of(text, outcome.terms) }
    };
    Some((title, over_time(found).into_iter().map(case).collect()))
}

/// What a version may do to answers.
enum Allowed<'a> {
    Narrower,
    Wider,
    Within(&'a Scope),
}

/// The answers that are another just from a version on than just before it, where they may not
/// be so.
fn changes(side: &Side<'_>, version: &VersionRef, allowed: &Allowed<'_>) -> Failed {
    let VersionRef { agreement, version: id } = version;
    let mut all = side.deal.versions();
    let found = all.find(|(its, version)| &its.id == agreement && &version.id == id);
    let Some((_, version)) = found else {
        return Some((format!("there is no version `{id}` of `{agreement}`"), Vec::new()));
    };
    let from = version.effective.start();
    let just_before = from.plus_seconds(-1);
    let (pin, verb) = match allowed {
        Allowed::Narrower => (None, "makes some answers more favourable"),
        Allowed::Wider => (None, "makes some answers less favourable"),
        Allowed::Within(scope) => {
            (Some(Pin::Within(scope)), "changes answers outside of what is listed")
        }
    };
    let (grid, changed) = changed_cells((side, just_before), (side, from), pin);
    let names = &side.deal.parts().vocabulary;
    let wrong = changed.into_iter().filter(|(cell, (before, after))| match allowed {
        Allowed::Narrower => after.answer < before.answer,
        Allowed::Wider => after.answer > before.answer,
        Allowed::Within(scope) => !lies_in(&grid.request(cell, from), scope, names),
    });
    let case = |((before, after), extent): ((Outcome, Outcome), Extent)| {
        let text = "the answer changes".to_owned();
        let terms = before.terms.iter().chain(&after.terms).cloned().collect::<Vec<_>>();
        let answers = vec![("before".to_owned(), before), ("after".to_owned(), after)];
        Case { extent: Some(extent), answers, ..Case::of(text, terms) }
    };
    let cases: Vec<Case> = boxes(&grid, wrong).into_iter().map(case).collect();
    (!cases.is_empty()).then(|| (format!("version {id} of {agreement} {verb}"), cases))
}

/// Whether a request lies in a scope of which empty sets mean any.
fn lies_in(request: &Request, scope: &Scope, names: &Vocabulary) -> bool {
    let in_tree = |asked: bool, empty: bool| asked || empty;
    let object = scope.objects.iter().any(|it| names.objects.lies_within(&request.object, it));
    let purpose = request
        .purpose
        .as_ref()
        .is_some_and(|asked| scope.purposes.iter().any(|it| names.purposes.lies_within(asked, it)));
    let place = request
        .place
        .as_ref()
        .is_some_and(|asked| scope.places.iter().any(|it| names.places.lies_within(asked, it)));
    scope.actor.contains(&request.party)
        && (scope.actions.is_empty() || scope.actions.contains(&request.action))
        && in_tree(object, scope.objects.is_empty())
        && request.beneficiary.as_ref().is_some_and(|party| scope.beneficiary.contains(party))
        && in_tree(purpose, scope.purposes.is_empty())
        && in_tree(place, scope.places.is_empty())
}
