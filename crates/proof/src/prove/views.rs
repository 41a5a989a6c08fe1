//! One deal in several views: as an open question is read, and as it was known.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{FactId, Instant, Known};
use comity_terms::{Ambiguity, Deal};

use super::{Case, Property, Proved, counted, informed, judged};
use crate::answers::{Outcome, Side, segments};
use crate::boxes::{boxes, over_time};
use crate::grid::Grid;

/// Where the answer is another under one reading of an open question than under another.
pub(super) fn readings(side: &Side<'_>) -> Proved {
    let ambiguities = &side.deal.parts().vocabulary.ambiguities;
    let mut cases = Vec::new();
    let mut settled = Vec::new();
    for (id, ambiguity) in ambiguities {
        let found = differing(side, id, ambiguity);
        if found.is_empty() {
            settled.push(id.as_str());
        }
        cases.extend(found);
    }
    let mut covered = match ambiguities.len() {
        0 => "no open question".to_owned(),
        count => counted(count, "open question", "open questions"),
    };
    if !settled.is_empty() {
        covered =
            format!("{covered}; the same answers under every reading of {}", settled.join(", "));
    }
    informed(Property::Readings, cases, covered)
}

fn differing(side: &Side<'_>, id: &FactId, ambiguity: &Ambiguity) -> Vec<Case> {
    let read: Vec<(&FactId, Side<'_>)> = ambiguity
        .readings
        .iter()
        .map(|reading| (reading, Side::with(side.deal, side.rules.reading(ambiguity, reading))))
        .collect();
    let sides: Vec<&Side<'_>> = read.iter().map(|(_, side)| side).collect();
    let mut found = Vec::new();
    for window in segments(&sides) {
        let at = window.start();
        let grid = Grid::of(&sides, |holds| holds.contains(at));
        let mut differ = Vec::new();
        for cell in grid.cells() {
            let request = grid.request(&cell, at);
            let answers: BTreeSet<_> = sides.iter().map(|side| side.answer(&request)).collect();
            if answers.len() > 1 {
                let outcomes: Vec<Outcome> =
                    sides.iter().map(|side| side.outcome(&request)).collect();
                differ.push((cell, outcomes));
            }
        }
        found.extend(boxes(&grid, differ).into_iter().map(|(l, extent)| (window, l, extent)));
    }
    let case = |(outcomes, extent, periods): (Vec<Outcome>, _, _)| {
        let names = read.iter().map(|(reading, _)| reading.to_string());
        let terms = outcomes.iter().flat_map(|it| it.terms.clone()).collect::<Vec<_>>();
        let text = format!("it depends on {id}: {}", ambiguity.question);
        let answers = names.zip(outcomes).collect();
        Case { extent: Some(extent), answers, periods, ..Case::of(text, terms) }
    };
    over_time(found).into_iter().map(case).collect()
}

/// Asked as known at some instant, the deal answers as one would in which nothing had been
/// recorded since.
pub(super) fn known(deal: &Deal) -> Proved {
    let instants = recorded(deal);
    let mut found: BTreeMap<Instant, Vec<Case>> = BTreeMap::new();
    for &instant in &instants {
        let cases = changed_since(deal, Known(instant));
        if !cases.is_empty() {
            found.insert(instant, cases);
        }
    }
    let covered = counted(instants.len(), "date of record", "dates of record");
    judged(Property::KnownStays, found.into_values().flatten().collect(), covered)
}

/// The instants at which something was recorded.
fn recorded(deal: &Deal) -> BTreeSet<Instant> {
    let record = &deal.parts().record;
    let versions = deal.versions().map(|(_, version)| version.recorded);
    versions
        .chain(record.facts.iter().map(|it| it.recorded))
        .chain(record.measures.iter().map(|it| it.recorded))
        .chain(record.offers.iter().map(|it| it.recorded))
        .chain(record.offers.iter().filter_map(|it| Some(it.election?.recorded)))
        .chain(record.offers.iter().filter_map(|it| Some(it.sale.as_ref()?.recorded)))
        .chain(record.exercises.iter().map(|it| it.recorded))
        .chain(record.consents.iter().map(|it| it.recorded))
        .collect()
}

fn changed_since(deal: &Deal, known: Known) -> Vec<Case> {
    let then = deal.as_known(known);
    let (then, now) = (Side::new(&then, known), Side::new(deal, known));
    let mut found = Vec::new();
    for window in segments(&[&then, &now]) {
        let at = window.start();
        let grid = Grid::of(&[&then, &now], |holds| holds.contains(at));
        let mut differ = Vec::new();
        for cell in grid.cells() {
            let request = grid.request(&cell, at);
            if then.answer(&request) != now.answer(&request) {
                differ.push((cell, (then.outcome(&request), now.outcome(&request))));
            }
        }
        found.extend(boxes(&grid, differ).into_iter().map(|(l, extent)| (window, l, extent)));
    }
    let case = |((before, after), extent, periods): ((Outcome, Outcome), _, _)| {
        let text = format!("as known on {known}, it is answered in another way since");
        let terms = before.terms.iter().chain(&after.terms).cloned().collect::<Vec<_>>();
        let answers = vec![("then".to_owned(), before), ("since".to_owned(), after)];
        Case { extent: Some(extent), answers, periods, ..Case::of(text, terms) }
    };
    over_time(found).into_iter().map(case).collect()
}
