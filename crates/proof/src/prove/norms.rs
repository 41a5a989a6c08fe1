//! Terms against each other: conflicts, terms that never apply, carve-outs without effect.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{FactId, TermId, Window};
use comity_terms::{Ambiguity, Permission, Role, Term, TermKind, Verdict, decide};

use super::{Case, Property, Proved, counted, judged, list};
use crate::answers::{Outcome, Side, segments};
use crate::boxes::{boxes, over_time};
use crate::grid::Grid;

/// No request is permitted by a live term and forbidden by another.
pub(super) fn conflicts(side: &Side<'_>) -> Proved {
    let (cases, covered) = conflict_cases(side);
    judged(Property::NoConflict, cases, covered)
}

/// Requests that a live term permits and another live term forbids, with the periods; and what
/// was gone through.
pub(crate) fn conflict_cases(side: &Side<'_>) -> (Vec<Case>, String) {
    let mut found = Vec::new();
    let mut requests = 0_u64;
    let segments = segments(&[side]);
    for &window in &segments {
        let at = window.start();
        let grid = Grid::of(&[side], |holds| holds.contains(at));
        let mut clashing = Vec::new();
        for cell in grid.cells() {
            requests = requests.saturating_add(grid.weight(&cell));
            let request = grid.request(&cell, at);
            if side.verdict(&request).1 == Verdict::Conflict {
                let decision = decide(&side.rules, &request);
                // That the holder of a first refusal accepted is no contradiction of terms: what
                // others were permitted was permitted for when it does not.
                if !decision.reasons.iter().any(|it| it.role == Role::Forbids) {
                    continue;
                }
                let permits = decision.reasons.iter().filter(|it| it.role == Role::Permits);
                let permits: BTreeSet<TermId> = permits.map(|it| it.term.clone()).collect();
                clashing.push((cell, (side.outcome(&request), permits)));
            }
        }
        found.extend(boxes(&grid, clashing).into_iter().map(|(l, extent)| (window, l, extent)));
    }
    let case = |((outcome, permits), extent, periods): ((Outcome, BTreeSet<TermId>), _, _)| {
        let text = format!(
            "what {} permits, {} forbids, and neither overrides the other",
            list(&permits),
            list(&outcome.terms)
        );
        let terms = permits.into_iter().chain(outcome.terms);
        Case { extent: Some(extent), periods, ..Case::of(text, terms) }
    };
    let cases = over_time(found).into_iter().map(case).collect();
    let periods = segments.len();
    (cases, format!("{requests} requests that a term speaks of, over {periods} periods"))
}

/// Whether a term comes down to norms, so that it could be live.
fn decides(term: &Term) -> bool {
    match &term.kind {
        TermKind::Exclusivity(_)
        | TermKind::Permission(_)
        | TermKind::Prohibition(_)
        | TermKind::FirstRefusal(_)
        | TermKind::Clause(Some(_)) => true,
        TermKind::Clause(None)
        | TermKind::Option(_)
        | TermKind::Duty(_)
        | TermKind::Guarantee(_)
        | TermKind::RevenueShare(_)
        | TermKind::Commitment(_)
        | TermKind::Discount(_)
        | TermKind::Credit(_)
        | TermKind::CostSplit(_)
        | TermKind::Equity(_)
        | TermKind::CapitalCommitment(_)
        | TermKind::Governance(_)
        | TermKind::TechnologyPartner(_)
        | TermKind::Capacity(_) => false,
    }
}

/// The terms that were annulled or corrected: that they never hold is meant.
pub(super) fn undone<'d>(side: &Side<'d>) -> BTreeSet<&'d TermId> {
    let changes = side.deal.versions().map(|(_, version)| &version.changes);
    let gone = changes.flat_map(|it| {
        it.annuls.iter().chain(it.corrects.iter().map(|it| &it.term)).map(|it| &it.value)
    });
    gone.collect()
}

/// Terms, and consents, that are not live for any request at any instant.
///
/// What an option brings is tried as if it had been exercised as early as can be.
pub(super) fn dead_terms(side: &Side<'_>) -> Proved {
    let undone = undone(side);
    let side = &Side::with(side.deal, side.rules.with_every_exercise());
    let terms = side.deal.versions().flat_map(|(_, version)| &version.adds);
    let terms: Vec<&Term> = terms.filter(|it| decides(it) && !undone.contains(&it.id)).collect();
    let consents = &side.deal.parts().record.consents;
    let mut left: BTreeMap<&TermId, Vec<Window>> =
        terms.iter().map(|term| (&term.id, Vec::new())).collect();
    for holding in side.rules.holdings() {
        left.entry(&holding.term.id).and_modify(|windows| windows.push(holding.window));
    }
    left.extend(consents.iter().map(|it| (&it.id, vec![it.window])));
    for window in segments(&[side]) {
        let at = window.start();
        let holds = |windows: &Vec<Window>| windows.iter().any(|it| it.contains(at));
        let here = left.iter().filter(|(_, windows)| holds(windows)).map(|(id, _)| *id);
        let mut here: BTreeSet<&TermId> = here.collect();
        let grid = Grid::of(&[side], |holds| holds.contains(at));
        for cell in grid.cells() {
            if here.is_empty() {
                break;
            }
            let decision = decide(&side.rules, &grid.request(&cell, at));
            for reason in decision.reasons.iter().filter(|it| is_live(&it.role)) {
                here.remove(reason.term);
                left.remove(reason.term);
            }
        }
    }
    let case = |(id, windows): (&TermId, Vec<Window>)| {
        let text = if windows.is_empty() {
            format!("{id} never holds: it ends before it begins")
        } else {
            format!(
                "{id} is in force and applies to nothing: another term overrides it, or a fact keeps it out"
            )
        };
        Case::of(text, [id.clone()]).during(windows)
    };
    let covered = match consents.len() {
        0 => format!("{} that decide", counted(terms.len(), "term", "terms")),
        count => format!(
            "{} that decide, and {}",
            counted(terms.len(), "term", "terms"),
            counted(count, "consent", "consents")
        ),
    };
    judged(Property::NoDeadTerm, left.into_iter().map(case).collect(), covered)
}

/// Whether a reason shows its term to be live, for certain or perhaps.
fn is_live(role: &Role) -> bool {
    match role {
        Role::Permits
        | Role::PermitsIf(_)
        | Role::Forbids
        | Role::FirstRefusal(_)
        | Role::Perhaps(_) => true,
        Role::OverriddenBy(_) | Role::Unmet(_) | Role::Ended(_) | Role::Begins(_) => false,
    }
}

/// Carve-outs without which every answer and verdict is the same.
pub(super) fn carve_outs(side: &Side<'_>) -> Proved {
    let undone = undone(side);
    let side = &Side::with(side.deal, side.rules.with_every_exercise());
    let mut cases = Vec::new();
    let mut seen = 0;
    let terms = side.deal.versions().flat_map(|(_, version)| &version.adds);
    for term in terms.filter(|term| !undone.contains(&term.id)) {
        let id = &term.id;
        let overridden = term.overrides.iter().map(|it| &it.value);
        for other in overridden.filter(|it| !undone.contains(it)) {
            seen += 1;
            let windows = together(side, id, other);
            if counts(side, id, other, &windows) {
                continue;
            }
            let text = if windows.is_empty() {
                format!("{id} overrides {other}, and the two never hold together")
            } else {
                format!("{id} overrides {other}, and without that every answer is the same")
            };
            cases.push(Case::of(text, [id.clone(), other.clone()]).during(windows));
        }
    }
    judged(Property::CarveOutsCount, cases, counted(seen, "carve-out", "carve-outs"))
}

/// When two terms hold together.
fn together(side: &Side<'_>, a: &TermId, b: &TermId) -> Vec<Window> {
    let of = |id: &TermId| {
        let mine = side.rules.holdings().iter().filter(|it| &it.term.id == id);
        mine.map(|it| it.window).collect::<Vec<_>>()
    };
    let (first, second) = (of(a), of(b));
    first.iter().flat_map(|a| second.iter().filter_map(|b| a.intersect(*b))).collect()
}

/// Whether some answer or verdict is another without a carve-out, by what is known or once the
/// guards and conditions of the two terms are met.
fn counts(side: &Side<'_>, by: &TermId, overridden: &TermId, windows: &[Window]) -> bool {
    let mut met = side.rules.clone();
    let two = [by, overridden];
    for holding in side.rules.holdings().iter().filter(|it| two.contains(&&it.term.id)) {
        let rests_on = holding.footings.iter().map(|it| it.guard);
        let guards = holding.term.guards.iter().chain(rests_on).filter(|guard| guard.holds);
        let mut facts: Vec<&FactId> = guards.map(|guard| &guard.fact).collect();
        if let TermKind::Permission(Permission { condition: Some(condition), .. }) =
            &holding.term.kind
        {
            facts.push(&condition.fact);
        }
        for fact in facts {
            let readings = BTreeSet::from([fact.clone()]);
            met = met.reading(&Ambiguity { question: String::new(), readings }, fact);
        }
    }
    let met = Side::with(side.deal, met);
    counts_for(side, by, overridden, windows) || counts_for(&met, by, overridden, windows)
}

fn counts_for(side: &Side<'_>, by: &TermId, overridden: &TermId, windows: &[Window]) -> bool {
    let without = Side::with(side.deal, side.rules.without_override(by, overridden));
    let in_both = |window: &Window| windows.iter().any(|it| it.contains(window.start()));
    segments(&[side]).iter().filter(|window| in_both(window)).any(|window| {
        let at = window.start();
        let grid = Grid::of(&[side], |holds| holds.contains(at));
        grid.cells().any(|cell| {
            let request = grid.request(&cell, at);
            side.verdict(&request) != without.verdict(&request)
        })
    })
}
