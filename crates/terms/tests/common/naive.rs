//! A second evaluator: `docs/semantics.md` read aloud, each part under its heading there. It takes
//! data types from the crate and nothing that decides; `None` is what is not known.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::successors;

use comity_base::{FactId, Known, PartyId, PlaceId, TermId};
use comity_terms::*;

/// What is asked of what was known, with facts taken to be so, as readings are. Of what is not
/// known it is the best or the worst for the asker, and conditions are met or not.
#[derive(Clone, Copy)]
struct World<'a> {
    deal: &'a Draft,
    known: Known,
    asked: &'a Request,
    assumed: &'a BTreeMap<FactId, bool>,
    best: bool,
    met: bool,
}

/// "Norms": a triggered one; it permits (`Allow`), forbids (`Deny`), waits or does nothing.
struct Norm<'a> {
    id: &'a TermId,
    does: Option<Answer>,
    is_open: bool,
    is_consent: bool,
    yields_to_permits: bool,
    overrides: &'a [Cited<TermId>],
}

/// "Recorded time": what was recorded later does not exist; nor what is yet to happen.
fn as_known(deal: &Draft, known: Known, asked: &Request) -> Draft {
    let (mut deal, at) = (deal.clone(), asked.at);
    deal.agreements.iter_mut().for_each(|it| it.versions.retain(|it| it.recorded <= known.0));
    deal.record.consents.retain(|it| it.recorded <= known.0 && it.window.contains(at));
    deal.record.facts.retain(|it| it.recorded <= known.0 && it.from <= at);
    deal.record.facts.sort_by_key(|it| (it.from, it.recorded));
    deal.record.measures.retain(|it| it.recorded <= known.0 && it.from <= at);
    deal.record.measures.sort_by_key(|it| (it.from, it.recorded));
    deal.record.offers.retain(|it| it.recorded <= known.0 && it.notice <= at);
    deal.record.offers.sort_by_key(|it| (it.notice, it.recorded));
    deal
}

pub(crate) type Found = (Answer, Verdict, Option<(Answer, Answer)>, BTreeSet<TermId>);

/// "The answer", what it lies between, and the terms that settle it.
pub(crate) fn answer(
    d: &Draft,
    known: Known,
    asked: &Request,
    it: &BTreeMap<FactId, bool>,
) -> Found {
    let (deal, assumed) = (&as_known(d, known, asked), it);
    let [[best_met, best_unmet], [worst_met, worst_unmet]] = [true, false].map(|best| {
        [true, false].map(|met| outcome(World { deal, known, asked, assumed, best, met }))
    });
    let shared = |a: Verdict, b: Verdict| match (a, b) {
        (Verdict::Conflict, Verdict::Prohibited) => b,
        (a, b) => [Verdict::Undetermined, a][usize::from(a == b)],
    };
    let bound = |met: &Outcome, unmet: &Outcome| match met.0 == unmet.0 {
        true => (met.0, shared(met.1, unmet.1)),
        false => (Answer::Conditional, Verdict::Conditional),
    };
    let (best, worst) = (bound(&best_met, &best_unmet), bound(&worst_met, &worst_unmet));
    let (sure, unsure) = (&best_met.2 & &worst_met.2, &best_met.2 ^ &worst_met.2);
    let (sure_unmet, unsure_unmet) =
        (&best_unmet.2 & &worst_unmet.2, &best_unmet.2 ^ &worst_unmet.2);
    let ids = |all: BTreeSet<Live>, does| {
        all.into_iter().filter(|it| it.1 == Some(does)).map(|it| it.0).collect()
    };
    if best.0 != worst.0 {
        let all = (&unsure | &unsure_unmet).into_iter().map(|it| it.0).collect();
        return (Answer::Undetermined, Verdict::Undetermined, Some((best.0, worst.0)), all);
    }
    let only = if best.0 == Answer::Conditional { &unsure & &sure_unmet } else { BTreeSet::new() };
    (best.0, shared(best.1, worst.1), None, ids(&sure | &only, best.0))
}

type Live = (TermId, Option<Answer>);
type Outcome = (Answer, Verdict, BTreeSet<Live>);

/// "Triggered and live", and the table of "The answer".
fn outcome(world: World<'_>) -> Outcome {
    fn live(norms: &[Norm<'_>], norm: &Norm<'_>) -> bool {
        let over = |by: &&Norm<'_>| by.overrides.iter().any(|it| &it.value == norm.id);
        let mut over = norms.iter().filter(over);
        !over
            .any(|by| (by.does == Some(Answer::Allow)) == norm.yields_to_permits && live(norms, by))
    }
    let norms = norms(world);
    let live: Vec<_> = norms.iter().filter(|it| live(&norms, it)).collect();
    let any = |does| live.iter().any(|it| it.does == Some(does));
    let granted = live.iter().any(|it| it.does == Some(Answer::Allow) && !it.is_consent);
    let silence = &world.deal.silence;
    let silence = silence.actions.get(&world.asked.action).unwrap_or(&silence.otherwise);
    let free = any(Answer::Allow) || *silence == Silence::Liberty;
    let (answer, verdict) = match (any(Answer::Deny), free, any(Answer::Conditional)) {
        (true, ..) if granted => (Answer::Deny, Verdict::Conflict),
        (true, ..) => (Answer::Deny, Verdict::Prohibited),
        (_, true, true) => (Answer::Conditional, Verdict::Conditional),
        (_, true, _) if any(Answer::Allow) => (Answer::Allow, Verdict::Permitted),
        (_, true, _) => (Answer::Allow, Verdict::Silent),
        _ => (Answer::Deny, Verdict::Silent),
    };
    let says = |it: &&Norm<'_>| if it.is_open { Some(Answer::Conditional) } else { it.does };
    (answer, verdict, live.iter().map(|it| (it.id.clone(), says(it))).collect())
}

/// The table of "Norms", and "Triggered".
fn norms(world: World<'_>) -> Vec<Norm<'_>> {
    let (World { deal, asked, best, met, .. }, mut norms) = (world, Vec::new());
    let (permit, forbid) = (Some(Answer::Allow), Some(Answer::Deny));
    for term in in_force(world) {
        let mut norm = |does, actor, scope, is_sure: bool, condition: Option<bool>| {
            let Term { id, guards, overrides, .. } = term;
            let reads = |it: Option<bool>| it.unwrap_or((does == permit) == best);
            let guards =
                guards.iter().all(|it| reads(fact(world, &it.fact).map(|so| so == it.holds)));
            let fits = fits(world, scope, does == permit, does == permit && is_sure);
            if actor && fits && guards && reads(is_sure.then_some(true)) && condition.unwrap_or(met)
            {
                let (is_open, yields_to_permits) =
                    (condition.is_none(), does != permit || !is_sure);
                norms.push(Norm {
                    id,
                    does,
                    is_open,
                    is_consent: false,
                    yields_to_permits,
                    overrides,
                });
            }
        };
        let is = |party: &PartyId| asked.party == *party;
        if let TermKind::Permission(it) = &term.kind {
            let condition = it.condition.as_ref().map_or(Some(true), |it| is_met(world, it));
            norm(permit, it.scope.actor.contains(&asked.party), &it.scope, true, condition);
        } else if let TermKind::Prohibition(it) = &term.kind {
            norm(forbid, it.scope.actor.contains(&asked.party), &it.scope, true, Some(true));
        } else if let TermKind::Exclusivity(it) = &term.kind {
            norm(permit, is(&it.holder), &it.scope, true, Some(true));
            let free = is(&it.holder) || is(&it.grantor) && !it.grantor_excluded;
            norm(forbid, !free, &it.scope, true, Some(true));
        } else if let TermKind::Clause(Some(scope)) = &term.kind {
            // In words: it may permit or forbid.
            norm(permit, scope.actor.contains(&asked.party), scope, false, Some(true));
            norm(forbid, scope.actor.contains(&asked.party), scope, false, Some(true));
        } else if let TermKind::FirstRefusal(it) = &term.kind {
            // Where no place is named, it may be any.
            let places = deal.vocabulary.places.names().map(Some).chain([None]);
            let places = places.filter(|at| asked.place.is_none() || *at == asked.place.as_ref());
            let does: BTreeSet<_> = places.map(|at| refusal(world, &term.id, it, at)).collect();
            for does_it in &does {
                norm(*does_it, !is(&it.holder), &it.scope, does.len() == 1, Some(true));
            }
        }
    }
    for Consent { id, actor, to, .. } in &deal.record.consents {
        let lifted = in_force(world).into_iter().find(|it| it.id == to.value).map(|it| &it.kind);
        let Some(
            TermKind::Prohibition(Prohibition { scope, .. })
            | TermKind::Exclusivity(Exclusivity { scope, .. })
            | TermKind::FirstRefusal(FirstRefusal { scope, .. }),
        ) = lifted
        else {
            continue;
        };
        if actor.contains(&asked.party) && fits(world, scope, true, false) {
            let (does, overrides) = (permit, std::slice::from_ref(to));
            let (is_open, is_consent, yields_to_permits) = (false, true, false);
            norms.push(Norm { id, does, is_open, is_consent, yields_to_permits, overrides });
        }
    }
    norms
}

/// "Scope": what permits must cover what is asked; all else, and a consent, need only touch it.
fn fits(
    World { deal, asked, best, .. }: World<'_>,
    scope: &Scope,
    helps: bool,
    covers: bool,
) -> bool {
    fn meets<T: Ord + Clone>(tree: &Tree<T>, mine: &BTreeSet<T>, it: &T, covers: bool) -> bool {
        let touches = |mine: &T| !covers && tree.lies_within(mine, it);
        mine.is_empty() || mine.iter().any(|mine| tree.lies_within(it, mine) || touches(mine))
    }
    let (names, left_out) = (&deal.vocabulary, helps == best);
    let whom = asked.beneficiary.as_ref().map(|it| scope.beneficiary.contains(it));
    let purpose =
        asked.purpose.as_ref().map(|it| meets(&names.purposes, &scope.purposes, it, covers));
    let place = asked.place.as_ref().map(|it| meets(&names.places, &scope.places, it, covers));
    scope.actions.contains(&asked.action)
        && meets(&names.objects, &scope.objects, &asked.object, covers)
        && whom.unwrap_or(scope.beneficiary == Parties::Any || left_out)
        && purpose.unwrap_or(scope.purposes.is_empty() || left_out)
        && place.unwrap_or(scope.places.is_empty() || left_out)
}

/// "What is not known": the latest entry, or that an event had not happened.
fn fact(World { deal, known, asked, assumed, .. }: World<'_>, id: &FactId) -> Option<bool> {
    let said = deal.record.facts.iter().rev().find(|it| &it.fact == id).map(|it| it.holds);
    let closed = asked.at < deal.record.complete_to && asked.at <= known.0;
    let closed = closed && deal.vocabulary.facts[id].kind == FactKind::Event;
    assumed.get(id).copied().or(said).or(closed.then_some(false))
}

/// "Guards and conditions" and "Ratios".
fn is_met(world: World<'_>, Condition { fact: id, ratio, .. }: &Condition) -> Option<bool> {
    let World { deal, asked, assumed, .. } = world;
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

/// "First refusal": what it does for one place.
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
    let election = offer.election.filter(|(_, when)| *when < deadline);
    let spent = election.map_or(deadline, |(_, when)| when);
    let end = right.sale_window_days.map(|days| right.calendar.deadline(spent, days));
    let sale = offer.sale.as_ref().filter(|it| it.at <= at);
    let below = sale.zip(offer.price).is_some_and(|(sale, price)| sale.price < price);
    let sold = |end| sale.is_some_and(|it| spent <= it.at && it.at < end);
    let reopened = below || end.is_some_and(|end| end <= at && !sold(end));
    match election {
        _ if at < spent => Some(Answer::Conditional),
        Some((Election::Accepted, _)) => Some(Answer::Deny),
        _ => reopened.then_some(Answer::Conditional),
    }
}

/// "In force": what versions do to a term that was wrong they do to what stands in its place.
fn in_force(World { deal, asked, .. }: World<'_>) -> Vec<&Term> {
    let (at, mut found) = (asked.at, Vec::new());
    for versions in deal.agreements.iter().map(|it| &it.versions) {
        let changes = || versions.iter().map(|it| &it.changes);
        for term in versions.iter().flat_map(|it| &it.adds) {
            let wrong = |id: &&TermId| {
                let rights = |it: &&Replacement| it.by.iter().any(|by| &by.value == *id);
                changes().flat_map(|it| &it.corrects).find(rights).map(|it| &it.term.value)
            };
            let names: Vec<&TermId> = successors(Some(&term.id), wrong).collect();
            let named = |it: &Cited<TermId>| names.contains(&&it.value);
            let brings = |it: &Version| it.adds.iter().any(|it| names.contains(&&it.id));
            let since = versions.iter().skip_while(|it| !brings(it));
            let since: Vec<_> = since.take_while(|it| it.effective.start() <= at).collect();
            let gap = |it: &[&Version]| it[0].effective.end() < it[1].effective.start();
            let over = since.last().is_none_or(|it| it.effective.end() <= at);
            let ran_out = !term.survives && (over || since.windows(2).any(gap));
            let ended = since.iter().any(|it| {
                it.ends.iter().any(named) || it.replaces.iter().any(|it| named(&it.term))
            });
            let undone = changes().any(|it| {
                it.annuls.iter().any(named)
                    || it.corrects.iter().any(|it| it.term.value == term.id)
                    || it.suspends.iter().any(|it| named(&it.term) && it.window.contains(at))
            });
            let mut extended = changes().flat_map(|it| &it.extends).filter(|it| named(&it.term));
            let to = extended.next_back().map(|it| it.to).or(term.to);
            let period = term.from.is_none_or(|it| it <= at) && to.is_none_or(|it| at < it);
            let holds = period && !since.is_empty() && !ran_out && !ended && !undone;
            found.extend(holds.then_some(term));
        }
    }
    found
}
