//! What versions and the record come to, for the second evaluator: the parts of `docs/semantics.md`
//! on what is in force, facts, ratios, first refusals and consents, read aloud.

use std::collections::BTreeSet;
use std::iter::successors;

use comity_base::{FactId, Instant, Known, PlaceId, TermId};
use comity_terms::*;

use super::naive::World;

/// "Recorded time": what was recorded later does not exist; nor a measure or notice yet to come.
pub(crate) fn as_known(deal: &Draft, known: Known, asked: &Request) -> Draft {
    let (mut deal, at) = (deal.clone(), asked.at);
    deal.agreements.iter_mut().for_each(|it| it.versions.retain(|it| it.recorded <= known.0));
    let record = &mut deal.record;
    record.consents.retain(|it| it.recorded <= known.0 && it.window.contains(at));
    record.exercises.retain(|it| it.recorded <= known.0);
    record.facts.retain(|it| it.recorded <= known.0);
    record.facts.sort_by_key(|it| (it.from, it.recorded));
    record.measures.retain(|it| it.recorded <= known.0 && it.from <= at);
    record.measures.sort_by_key(|it| (it.from, it.recorded));
    record.offers.retain(|it| it.recorded <= known.0 && it.notice <= at);
    record.offers.sort_by_key(|it| (it.notice, it.recorded));
    for offer in &mut record.offers {
        offer.election = offer.election.filter(|it| it.recorded <= known.0);
        offer.sale = offer.sale.take().filter(|it| it.recorded <= known.0);
    }
    deal
}

/// "What is not known": the latest entry, or that an event had not happened.
pub(crate) fn fact(world: World<'_>, id: &FactId) -> Option<bool> {
    let said = world.assumed.get(id).copied();
    said.or_else(|| on_record(world.deal, world.known, id, world.asked.at))
}

fn on_record(deal: &Draft, known: Known, id: &FactId, at: Instant) -> Option<bool> {
    let mut said = deal.record.facts.iter().filter(|it| &it.fact == id && it.from <= at);
    let is_event = deal.vocabulary.facts[id].kind == FactKind::Event;
    let closed = is_event && at < deal.record.complete_to && at <= known.0;
    said.next_back().map(|it| it.holds).or(closed.then_some(false))
}

/// "Guards and conditions" and "Ratios".
pub(crate) fn is_met(world: World<'_>, condition: &Condition) -> Option<bool> {
    let (World { deal, asked, assumed, .. }, Condition { fact: id, ratio, .. }) =
        (world, condition);
    let Some(test) = ratio.as_ref().filter(|_| !assumed.contains_key(id)) else {
        return fact(world, id);
    };
    let measure = deal.record.measures.iter().rev().find(|it| &it.fact == id)?;
    let (amount, purpose) = (i128::from(asked.amount?), asked.purpose.as_ref()?);
    let counts = test.counted.iter().any(|it| deal.vocabulary.purposes.lies_within(purpose, it));
    let counted = i128::from(measure.counted) + if counts { amount } else { 0 };
    let counted = counted * i128::from(test.threshold.denominator());
    let least = (i128::from(measure.total) + amount) * i128::from(test.threshold.numerator());
    Some(counted > least || counted == least && !test.more_than)
}

/// "First refusals": what it may do; where no place is named, that of any.
pub(crate) fn refusals(
    world: World<'_>,
    id: &TermId,
    right: &FirstRefusal,
) -> BTreeSet<Option<Answer>> {
    let (places, asked) = (&world.deal.vocabulary.places, world.asked.place.as_ref());
    let asked = asked.map(|it| vec![Some(it)]);
    let any = || places.names().map(Some).chain([None]).collect();
    asked.unwrap_or_else(any).into_iter().map(|at| refusal(world, id, right, at)).collect()
}

fn refusal(
    world: World<'_>,
    id: &TermId,
    right: &FirstRefusal,
    place: Option<&PlaceId>,
) -> Option<Answer> {
    let mut offers = world.deal.record.offers.iter().rev().filter(|it| &it.term.value == id);
    let offer = offers.find(|it| it.place.is_none() || it.place.as_ref() == place);
    let (Some(offer), at) = (offer, world.asked.at) else { return Some(Answer::Conditional) };
    let deadline = right.calendar.deadline(offer.notice, right.election_days);
    let election = offer.election.filter(|it| it.at < deadline);
    let spent = election.map_or(deadline, |it| it.at);
    let end = right.sale_window_days.map(|days| right.calendar.deadline(spent, days));
    let sale = offer.sale.as_ref().filter(|it| it.at <= at);
    let below = sale.zip(offer.price).is_some_and(|(sale, price)| sale.price < price);
    let sold = |end| sale.is_some_and(|it| spent <= it.at && it.at < end);
    let reopened = below || end.is_some_and(|end| end <= at && !sold(end));
    match election.map(|it| it.election) {
        _ if at < spent => Some(Answer::Conditional),
        Some(Election::Accepted) => Some(Answer::Deny),
        _ => reopened.then_some(Answer::Conditional),
    }
}

/// "In force".
pub(crate) fn in_force<'a>(world: World<'a>) -> Vec<&'a Term> {
    let holds = |versions: &'a [Version]| {
        let terms = versions.iter().flat_map(|it| &it.adds);
        terms.filter(move |term| holds(world, versions, term, world.asked.at))
    };
    world.deal.agreements.iter().flat_map(|it| holds(&it.versions)).collect()
}

/// Whether a term holds at an instant: what versions do to a term that was wrong they do to what
/// stands in its place.
#[expect(clippy::wildcard_enum_match_arm, reason = "nothing else brings terms")]
fn holds(world: World<'_>, versions: &[Version], term: &Term, at: Instant) -> bool {
    let changes = || versions.iter().map(|it| &it.changes);
    let wrong = |id: &&TermId| {
        let rights = |it: &&Replacement| it.by.iter().any(|by| &by.value == *id);
        changes().flat_map(|it| &it.corrects).find(rights).map(|it| &it.term.value)
    };
    let names: Vec<&TermId> = successors(Some(&term.id), wrong).collect();
    let named = |it: &Cited<TermId>| names.contains(&&it.value);
    let brings = |it: &Version| it.adds.iter().any(|it| names.contains(&&it.id));
    let mut end = Instant::MAX;
    let ends = versions.iter().map(|it| {
        if it.effective.end() != Instant::MAX || end <= it.effective.start() {
            end = it.effective.end();
        }
        (it, end)
    });
    let ends: Vec<(&Version, Instant)> = ends.collect();
    let since = ends.iter().skip_while(|it| !brings(it.0));
    let since: Vec<_> = since.take_while(|it| it.0.effective.start() <= at).collect();
    let gap = |it: &[&(&Version, Instant)]| it[0].1 < it[1].0.effective.start();
    let over = since.last().is_none_or(|it| it.1 <= at);
    let ran_out = !term.survives && (over || since.windows(2).any(gap));
    let ended = since
        .iter()
        .any(|(it, _)| it.ends.iter().any(named) || it.replaces.iter().any(|it| named(&it.term)));
    let undone = changes().any(|it| {
        it.annuls.iter().any(named)
            || it.corrects.iter().any(|it| it.term.value == term.id)
            || it.suspends.iter().any(|it| named(&it.term) && it.window.contains(at))
    });
    let mut extended = changes().flat_map(|it| &it.extends).filter(|it| named(&it.term));
    let to = extended.next_back().map(|it| it.to).or(term.to);
    let period = term.from.is_none_or(|it| it <= at) && to.is_none_or(|it| at < it);
    // What an option brings begins with its exercise: the first that counts. Its own option, or that
    // of what it stands in the place of.
    let brings = |id: &&TermId| {
        let mut terms = versions.iter().flat_map(|it| &it.adds);
        terms.find_map(|it| match &it.kind {
            TermKind::Option(right) if right.brings.iter().any(|it| &it.value == *id) => {
                Some((it, right))
            }
            _ => None,
        })
    };
    let brought = names.iter().find_map(brings);
    let is_brought = brought.is_none_or(|(option, right)| {
        let World { deal, known, .. } = world;
        let kept = |it: &Guard, on| on_record(deal, known, &it.fact, on) == Some(!it.holds);
        let counts = |on: &Instant| {
            holds(world, versions, option, *on) && !option.guards.iter().any(|it| kept(it, *on))
        };
        let mine = deal.record.exercises.iter().filter(|it| it.option.value == option.id);
        let first = mine.map(|it| it.on).filter(counts).min();
        first.is_some_and(|on| right.takes_effect(on) <= at)
    });
    period && is_brought && !since.is_empty() && !ran_out && !ended && !undone
}

/// A consent, the term it is to, that term's scope, and what the consent is limited to.
type Lifted<'a> = (&'a TermId, &'a Cited<TermId>, &'a Scope, Scope);

/// "Consents": those for whoever asks, to terms in force. What is not limited is all that is asked.
pub(crate) fn consents<'a>(world: World<'a>, terms: &[&'a Term]) -> Vec<Lifted<'a>> {
    fn or<T: Ord + Clone>(named: &BTreeSet<T>, asked: &T) -> BTreeSet<T> {
        if named.is_empty() { [asked.clone()].into() } else { named.clone() }
    }
    let (World { deal, asked, .. }, mut lifted) = (world, Vec::new());
    for consent in deal.record.consents.iter().filter(|it| it.actor.contains(&asked.party)) {
        let term = terms.iter().find(|it| it.id == consent.to.value);
        let scope = match term.map(|it| &it.kind) {
            Some(TermKind::Prohibition(it)) => &it.scope,
            Some(TermKind::Exclusivity(it)) => &it.scope,
            Some(TermKind::FirstRefusal(it)) => &it.scope,
            _ => continue,
        };
        let limits = &consent.limits;
        let limit = Scope {
            actor: Parties::Any,
            actions: or(&limits.actions, &asked.action),
            objects: or(&limits.objects, &asked.object),
            beneficiary: limits.beneficiary.clone(),
            purposes: limits.purposes.clone(),
            places: limits.places.clone(),
        };
        lifted.push((&consent.id, &consent.to, scope, limit));
    }
    lifted
}
