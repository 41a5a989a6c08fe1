//! What the naive evaluator reads off the record: facts, and where first refusals stand.

use std::collections::BTreeMap;

use comity_base::{FactId, Instant, Known, TermId};
use comity_terms::{Answer, Draft, Elected, Election, FactKind, FirstRefusal};

use super::naive::Case;

/// What holds; a fact that is not in it is not known.
pub(crate) type World = BTreeMap<FactId, bool>;

/// What the record says of each fact at an instant, by what was known.
pub(crate) fn world(draft: &Draft, known: Known, at: Instant) -> World {
    let mut world = World::new();
    for (id, fact) in &draft.vocabulary.facts {
        if fact.kind == FactKind::Event && at < draft.record.complete_to && at <= known.0 {
            world.insert(id.clone(), false);
        }
    }
    let mut said: Vec<_> = draft.record.facts.iter().collect();
    said.retain(|it| it.from <= at && it.recorded <= known.0);
    said.sort_by_key(|it| (it.from, it.recorded));
    world.extend(said.into_iter().map(|it| (it.fact.clone(), it.holds)));
    world
}

/// A first refusal that was accepted forbids, one that is open waits, one that is over does
/// nothing.
pub(crate) fn stands(case: Case<'_>, term: &TermId, right: &FirstRefusal) -> Answer {
    let Case { draft, known, asked, .. } = case;
    let mut offers: Vec<_> = draft.record.offers.iter().collect();
    offers.retain(|it| &it.term.value == term && it.recorded <= known.0);
    offers.retain(|it| it.notice <= asked.at && (it.place.is_none() || it.place == asked.place));
    offers.sort_by_key(|it| (it.notice, it.recorded));
    let Some(offer) = offers.last() else { return Answer::Conditional };
    // In UTC: the day of the notice does not count, and the last day counts whole.
    let midnight = offer.notice.seconds().div_euclid(86_400) * 86_400;
    let days = i64::from(right.election_days) + 1;
    let deadline = Instant::from_seconds(midnight + days * 86_400);
    let counts = |it: &Elected| it.at <= asked.at && it.at < deadline && it.recorded <= known.0;
    match offer.election.filter(counts).map(|it| it.election) {
        Some(Election::Accepted) => Answer::Deny,
        Some(Election::Declined) => Answer::Allow,
        None if asked.at < deadline => Answer::Conditional,
        None => Answer::Allow,
    }
}
