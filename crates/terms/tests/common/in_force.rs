//! What versions and the record come to at an instant, for the second evaluator: the parts "In
//! force", "First refusal" and "Ratios" of `docs/semantics.md`, and facts of "What is not known".

use std::collections::BTreeSet;
use std::iter::successors;

use comity_base::{FactId, Instant, Known, PlaceId, TermId};
use comity_terms::*;

/// "Recorded time": what was recorded later does not exist. Of the rest, the latest comes last.
pub(crate) fn as_known(deal: &Draft, Known(known): Known) -> Draft {
    let mut deal = deal.clone();
    deal.agreements.iter_mut().for_each(|it| it.versions.retain(|it| it.recorded <= known));
    let record = &mut deal.record;
    record.facts.retain(|it| it.recorded <= known);
    record.facts.sort_by_key(|it| (it.from, it.recorded));
    record.measures.retain(|it| it.recorded <= known);
    record.measures.sort_by_key(|it| (it.from, it.recorded));
    record.offers.retain(|it| it.recorded <= known);
    record.offers.sort_by_key(|it| (it.notice, it.recorded));
    for offer in &mut record.offers {
        offer.election.take_if(|it| it.recorded > known);
        offer.sale.take_if(|it| it.recorded > known);
    }
    record.exercises.retain(|it| it.recorded <= known);
    record.exercises.sort_by_key(|it| it.on);
    record.consents.retain(|it| it.recorded <= known);
    deal
}

/// "What is not known": the latest entry, or that an event had not happened.
pub(crate) fn on_record(deal: &Draft, id: &FactId, at: Instant, known: Known) -> Option<bool> {
    let said = deal.record.facts.iter().rfind(|it| &it.fact == id && it.from <= at);
    let is_closed = at < deal.record.complete_to && at <= known.0;
    let had_not = is_closed && deal.vocabulary.facts[id].kind == FactKind::Event;
    said.map(|it| it.holds).or(had_not.then_some(false))
}

/// "First refusal": what it does, or all that it may do where no place is named.
pub(crate) fn refusal(
    deal: &Draft,
    id: &TermId,
    right: &FirstRefusal,
    asked: &Request,
) -> BTreeSet<Option<Answer>> {
    let places = deal.vocabulary.places.names().map(Some).chain([None]);
    let may_be = |it: &Option<&PlaceId>| asked.place.is_none() || *it == asked.place.as_ref();
    places.filter(may_be).map(|it| refusal_at(deal, id, right, it, asked.at)).collect()
}

/// For one place; nothing where it is spent.
fn refusal_at(
    deal: &Draft,
    id: &TermId,
    right: &FirstRefusal,
    place: Option<&PlaceId>,
    at: Instant,
) -> Option<Answer> {
    let is_there = |it: &Offer| it.place.is_none() || it.place.as_ref() == place;
    let is_mine = |it: &&Offer| &it.term.value == id && it.notice <= at && is_there(it);
    let offer = deal.record.offers.iter().rfind(is_mine);
    let Some(offer) = offer else { return Some(Answer::Conditional) };
    let deadline = right.calendar.deadline(offer.notice, right.election_days);
    let election = offer.election.filter(|it| it.at < deadline);
    let spent = election.map_or(deadline, |it| it.at);
    let over = right.sale_window_days.map(|days| right.calendar.deadline(spent, days));
    let sale = offer.sale.as_ref().filter(|it| it.at <= at);
    let below = sale.zip(offer.price).is_some_and(|(sale, price)| sale.price < price);
    let inside = |end| sale.is_some_and(|it| spent <= it.at && it.at < end);
    let late = over.is_some_and(|end| end <= at && !inside(end));
    match election.map(|it| it.election) {
        _ if at < spent => Some(Answer::Conditional),
        Some(Election::Accepted) => Some(Answer::Deny),
        Some(Election::Declined) | None => (below || late).then_some(Answer::Conditional),
    }
}

/// "Ratios": whether one is met after the act.
pub(crate) fn ratio(deal: &Draft, id: &FactId, test: &RatioTest, asked: &Request) -> Option<bool> {
    let measure = deal.record.measures.iter().rfind(|it| &it.fact == id && it.from <= asked.at)?;
    let (amount, purpose) = (i128::from(asked.amount?), asked.purpose.as_ref()?);
    let counts = test.counted.iter().any(|it| deal.vocabulary.purposes.lies_within(purpose, it));
    let counted = i128::from(measure.counted) + if counts { amount } else { 0 };
    let counted = counted * i128::from(test.threshold.denominator());
    let least = (i128::from(measure.total) + amount) * i128::from(test.threshold.numerator());
    Some(counted > least || counted == least && !test.more_than)
}

/// "In force": the terms that hold, each with what it rests on if an option brought it.
pub(crate) fn in_force(deal: &Draft, at: Instant) -> Vec<(&Term, Vec<(&Guard, Instant)>)> {
    let versions = deal.agreements.iter().flat_map(|it| it.versions.iter().map(move |v| (it, v)));
    let terms = versions.flat_map(|(of, version)| version.adds.iter().map(move |it| (of, it)));
    terms.filter_map(|(of, it)| Some((it, holds(deal, of, it, at)?))).collect()
}

/// The guards of options, and the instants of their exercises at which they have to be met.
type RestsOn<'a> = Option<Vec<(&'a Guard, Instant)>>;

fn holds<'a>(deal: &'a Draft, of: &'a Agreement, term: &'a Term, at: Instant) -> RestsOn<'a> {
    let versions = &of.versions;
    let changes = || versions.iter().map(|it| &it.changes);
    // What versions do to a term that was wrong they do to what stands in its place.
    let wrong = |id: &&TermId| {
        let rights = |it: &&Replacement| it.by.iter().any(|by| &by.value == *id);
        changes().flat_map(|it| &it.corrects).find(rights).map(|it| &it.term.value)
    };
    let ids = |it: &'a Term| successors(Some(&it.id), wrong).collect::<Vec<&TermId>>();
    let names = ids(term);
    let named = |it: &Cited<TermId>| names.contains(&&it.value);
    let (mut began, mut ended, mut end) = (false, false, Instant::MAX);
    for version in versions.iter().take_while(|it| it.effective.start() <= at) {
        // What had run out is not revived.
        ended |= began && end < version.effective.start() && !term.survives;
        began |= version.adds.iter().any(|it| names.contains(&&it.id));
        ended |= version.ends.iter().any(named);
        ended |= version.replaces.iter().any(|it| named(&it.term));
        // A version that says nothing of the end keeps it, but at the end itself.
        if version.effective.end() < Instant::MAX || end <= version.effective.start() {
            end = version.effective.end();
        }
    }
    ended |= end <= at && !term.survives;
    let undone = changes().any(|it| {
        it.annuls.iter().any(named)
            || it.corrects.iter().any(|it| it.term.value == term.id)
            || it.suspends.iter().any(|it| named(&it.term) && it.window.contains(at))
    });
    let mut extended = changes().flat_map(|it| &it.extends).filter(|it| named(&it.term));
    let to = extended.next_back().map(|it| it.to).or(term.to);
    let own = term.from.is_none_or(|it| it <= at) && to.is_none_or(|it| at < it);
    if !own || !began || ended || undone {
        return None;
    }

    // What an option brings begins with its exercise.
    let terms = || versions.iter().flat_map(|it| &it.adds);
    let mut named = names.iter().flat_map(|id| terms().map(move |it| (id, it)));
    let option = named.find_map(|(id, it)| {
        let TermKind::Option(right) = &it.kind else { return None };
        right.brings.iter().any(|it| it.value == **id).then_some((it, right))
    });
    let Some((option, right)) = option else { return Some(Vec::new()) };
    let mine = |it: &&Exercise| it.by == right.holder && ids(option).contains(&&it.option.value);
    let mut on = deal.record.exercises.iter().filter(mine).map(|it| it.on);
    let (on, mut rests_on) = on.find_map(|on| Some((on, holds(deal, of, option, on)?)))?;
    rests_on.extend(option.guards.iter().map(|it| (it, on)));
    let with_notice = || right.calendar.deadline(on, right.notice_days);
    let begins = if right.notice_days == 0 { on } else { with_notice() };
    (begins <= at).then_some(rests_on)
}
