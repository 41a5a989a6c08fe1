//! First refusals: nobody passes them by, and each one ends.

use comity_base::{Instant, TermId};
use comity_terms::{
    Answer, Decision, Election, FirstRefusal, Offer, Refusal, Role, TermKind, decide,
};

use super::{Case, Property, Proved, counted, judged};
use crate::answers::{Side, segments};
use crate::boxes::{boxes, over_time};
use crate::grid::Grid;

/// While a first refusal is open, nobody but its holder may act unless another term overrides
/// it; nothing is sold past it; and what was offered lapses.
pub(super) fn first_refusals(side: &Side<'_>) -> Proved {
    let mut rights: Vec<(&TermId, &FirstRefusal)> = Vec::new();
    for (_, version) in side.deal.versions() {
        for term in &version.adds {
            if let TermKind::FirstRefusal(right) = &term.kind {
                rights.push((&term.id, right));
            }
        }
    }
    let mut cases = Vec::new();
    for &(id, right) in &rights {
        cases.extend(passed_by(side, id));
        let mine = side.deal.parts().record.offers.iter().filter(|it| &it.term.value == id);
        for offer in mine {
            cases.extend(sold_past(side, id, right, offer));
            cases.extend(never_lapses(id, right, offer.notice));
        }
        let windows = side.rules.holdings().iter().filter(|it| &it.term.id == id);
        let starts: Vec<Instant> = windows.map(|it| it.window.start()).collect();
        cases.extend(starts.into_iter().filter_map(|notice| never_lapses(id, right, notice)));
    }
    let offers = side.deal.parts().record.offers.len();
    let covered = format!(
        "{} with {}",
        counted(rights.len(), "first refusal", "first refusals"),
        counted(offers, "offer", "offers")
    );
    judged(Property::FirstRefusalHolds, cases, covered)
}

/// Requests that are allowed while the right is open and nothing overrides it.
fn passed_by(side: &Side<'_>, id: &TermId) -> Vec<Case> {
    let windows: Vec<_> = side.rules.holdings().iter().filter(|it| &it.term.id == id).collect();
    let mut found = Vec::new();
    for window in segments(&[side]) {
        let at = window.start();
        if !windows.iter().any(|it| it.window.contains(at)) {
            continue;
        }
        let grid = Grid::of(&[side], |holds| holds.contains(at));
        let allowed = grid.cells().filter(|cell| {
            let request = grid.request(cell, at);
            let decision = decide(&side.rules, &request);
            decision.answer == Answer::Allow && waits(&decision, id)
        });
        let allowed: Vec<_> =
            allowed.map(|cell| (cell, side.outcome(&grid.request(&cell, at)))).collect();
        found.extend(boxes(&grid, allowed).into_iter().map(|(l, extent)| (window, l, extent)));
    }
    let case = |(outcome, extent, periods)| {
        let text = format!("allowed while {id} is open, and no term overrides it");
        let answers = vec![("now".to_owned(), outcome)];
        Case { extent: Some(extent), answers, periods, ..Case::of(text, [id.clone()]) }
    };
    over_time(found).into_iter().map(case).collect()
}

/// Whether the right is open for the request and live.
fn waits(decision: &Decision<'_>, id: &TermId) -> bool {
    decision.reasons.iter().any(|reason| {
        reason.term == id
            && matches!(
                reason.role,
                Role::FirstRefusal(Refusal::Idle | Refusal::Offered { .. } | Refusal::Reopened)
            )
    })
}

/// A sale to another that the right did not leave free.
fn sold_past(side: &Side<'_>, id: &TermId, right: &FirstRefusal, offer: &Offer) -> Option<Case> {
    let known = side.rules.known();
    let sale = offer.sold(known)?;
    let deadline = offer.deadline(right);
    let elected = offer.elected(right, known).map(|it| (it.election, it.at));
    let place = offer.place.as_ref().map_or_else(|| "everything".to_owned(), ToString::to_string);
    let why = match elected {
        Some((Election::Accepted, when)) if sale.at >= when => {
            format!("the holder accepted it on {when}")
        }
        Some((Election::Declined, when)) if sale.at < when => {
            format!("the holder declined it only on {when}")
        }
        None if sale.at < deadline => format!("it lapses only on {deadline}"),
        _ if offer.undercut(sale) => "at better terms than were offered to the holder".to_owned(),
        _ => match offer.sale_window_end(right, known) {
            Some(end) if sale.at >= end => format!("the time to deal with others ended on {end}"),
            Some(_) | None => return None,
        },
    };
    let text = format!("{place} was sold to {} past {id} on {}: {why}", sale.party, sale.at);
    Some(Case::of(text, [id.clone()]))
}

/// A right that, offered then, would never lapse.
fn never_lapses(id: &TermId, right: &FirstRefusal, notice: Instant) -> Option<Case> {
    let deadline = right.calendar.deadline(notice, right.election_days);
    (deadline == Instant::MAX)
        .then(|| Case::of(format!("{id}, offered on {notice}, would never lapse"), [id.clone()]))
}
