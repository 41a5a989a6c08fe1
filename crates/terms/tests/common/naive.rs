//! A second evaluator: `docs/semantics.md` read aloud, each part under its heading there. It takes
//! data types from the crate and nothing that decides; `None` is what is not known.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{FactId, Known, TermId};
use comity_terms::*;

use super::in_force::{as_known, in_force, on_record};

/// The answer, the verdict, and what an undetermined answer lies between.
pub(crate) type Found = (Answer, Verdict, Option<(Answer, Answer)>);

/// What is asked of a deal as it was known, with the facts that a reading takes to be so. What is
/// not known is at its best or its worst for the asker; conditions that are open, met or not.
#[derive(Clone, Copy)]
struct World<'a> {
    deal: &'a Draft,
    known: Known,
    asked: &'a Request,
    assumed: &'a BTreeMap<FactId, bool>,
    best: bool,
    met: bool,
}

/// "Norms": one that is triggered. It permits (`Allow`), forbids (`Deny`) or waits.
struct Norm<'a> {
    id: &'a TermId,
    does: Answer,
    is_consent: bool,
    /// What may override it.
    yields_to: Answer,
    overrides: &'a [Cited<TermId>],
}

/// "What is not known" and "Guards and conditions": the two bounds, each with open conditions met
/// and not.
pub(crate) fn answer(
    deal: &Draft,
    known: Known,
    asked: &Request,
    assumed: &BTreeMap<FactId, bool>,
) -> Found {
    let deal = &as_known(deal, known);
    let shared = |better, worse| match (better, worse) {
        (Verdict::Conflict, Verdict::Prohibited) => worse,
        _ if better == worse => worse,
        _ => Verdict::Undetermined,
    };
    let bound = |best| {
        let [met, unmet] =
            [true, false].map(|met| outcome(World { deal, known, asked, assumed, best, met }));
        let conditional = (Answer::Conditional, Verdict::Conditional);
        if met.0 == unmet.0 { (met.0, shared(met.1, unmet.1)) } else { conditional }
    };
    let (best, worst) = (bound(true), bound(false));
    if best.0 != worst.0 {
        return (Answer::Undetermined, Verdict::Undetermined, Some((best.0, worst.0)));
    }
    (best.0, shared(best.1, worst.1), None)
}

/// "Triggered and live", and the table of "The answer".
fn outcome(world: World<'_>) -> (Answer, Verdict) {
    fn is_live(norm: &Norm<'_>, all: &[Norm<'_>]) -> bool {
        let names = |by: &Norm<'_>| by.overrides.iter().any(|it| &it.value == norm.id);
        !all.iter().any(|by| by.does == norm.yields_to && names(by) && is_live(by, all))
    }
    let norms = norms(world);
    let live: Vec<&Norm<'_>> = norms.iter().filter(|it| is_live(it, &norms)).collect();
    let any = |does| live.iter().any(|it| it.does == does);
    let granted = live.iter().any(|it| it.does == Answer::Allow && !it.is_consent);
    let SilenceRule { otherwise, actions } = &world.deal.silence;
    let is_liberty = *actions.get(&world.asked.action).unwrap_or(otherwise) == Silence::Liberty;
    match (any(Answer::Deny), any(Answer::Allow), any(Answer::Conditional)) {
        (true, ..) if granted => (Answer::Deny, Verdict::Conflict),
        (true, ..) => (Answer::Deny, Verdict::Prohibited),
        (_, true, false) => (Answer::Allow, Verdict::Permitted),
        (_, false, _) if !is_liberty => (Answer::Deny, Verdict::Silent),
        (_, false, false) => (Answer::Allow, Verdict::Silent),
        (_, _, true) => (Answer::Conditional, Verdict::Conditional),
    }
}

/// The table of "Norms", and "Triggered". A term comes down to at most one norm for one party.
fn norms(world: World<'_>) -> Vec<Norm<'_>> {
    let World { deal, known, asked, best, .. } = world;
    let terms = in_force(deal, asked.at, known);
    let mut norms = Vec::new();
    for Term { id, kind, guards, overrides, .. } in &terms {
        let (permit, forbid) = (Some(Answer::Allow), Some(Answer::Deny));
        let is_words = matches!(kind, TermKind::Clause(_));
        let mut condition = Some(true);
        let (does, scope) = match (kind, &asked.party) {
            (TermKind::Permission(it), by) if it.scope.actor.contains(by) => {
                condition = it.condition.as_ref().map_or(condition, |it| is_met(world, it));
                (permit, &it.scope)
            }
            (TermKind::Prohibition(it), by) if it.scope.actor.contains(by) => (forbid, &it.scope),
            (TermKind::Exclusivity(it), by) if it.holder == *by => (permit, &it.scope),
            (TermKind::Exclusivity(it), by) if it.grantor == *by && !it.grantor_excluded => {
                continue;
            }
            (TermKind::Exclusivity(it), _) => (forbid, &it.scope),
            (TermKind::FirstRefusal(it), by) if it.holder != *by => {
                (refusal(world, id, it), &it.scope)
            }
            (TermKind::Clause(Some(it)), by) if it.actor.contains(by) => {
                (if best { permit } else { forbid }, it)
            }
            _ => continue,
        };
        let permits = does == permit && !is_words;
        // What is not known is as the asker would have it, or not; words say what they may.
        let unknown = is_words || permits == best;
        let met = |it: &Guard| fact(world, &it.fact).map_or(unknown, |so| so == it.holds);
        let fits = fits(world, scope, permits, unknown);
        let triggered = fits && guards.iter().all(met) && condition.unwrap_or(world.met);
        let yields_to = if permits { Answer::Deny } else { Answer::Allow };
        let norm = |does| Norm { id, does, is_consent: false, yields_to, overrides };
        norms.extend(does.filter(|_| triggered).map(norm));
    }
    for Consent { id, actor, to, limits, window, .. } in &deal.record.consents {
        let lifted = terms.iter().find(|it| it.id == to.value).map(|it| &it.kind);
        let (Some(TermKind::Prohibition(Prohibition { scope, .. }))
        | Some(TermKind::Exclusivity(Exclusivity { scope, .. }))
        | Some(TermKind::FirstRefusal(FirstRefusal { scope, .. }))) = lifted
        else {
            continue;
        };
        let Limits { actions, objects, beneficiary, purposes, places } = limits.clone();
        let limits =
            Scope { actor: actor.clone(), actions, objects, beneficiary, purposes, places };
        if actor.contains(&asked.party)
            && window.contains(asked.at)
            && fits(world, scope, false, best)
            && fits(world, &limits, true, best)
        {
            let (does, overrides) = (Answer::Allow, std::slice::from_ref(to));
            norms.push(Norm { id, does, is_consent: true, yields_to: Answer::Deny, overrides });
        }
    }
    norms
}

/// "Scope": what permits must cover what is asked; all else, and a consent, need only touch it.
/// A set of no names means any.
fn fits(World { deal, asked, .. }: World<'_>, scope: &Scope, covers: bool, unknown: bool) -> bool {
    fn meets<T: Ord + Clone>(
        tree: &Tree<T>,
        mine: &BTreeSet<T>,
        asked: Option<&T>,
        covers: bool,
    ) -> Option<bool> {
        let meets = |asked: &T, it: &T| {
            tree.lies_within(asked, it) || !covers && tree.lies_within(it, asked)
        };
        let any = mine.is_empty().then_some(true);
        any.or_else(|| asked.map(|asked| mine.iter().any(|it| meets(asked, it))))
    }
    let names = &deal.vocabulary;
    let (purpose, place) = (asked.purpose.as_ref(), asked.place.as_ref());
    let anyone = (scope.beneficiary == Parties::Any).then_some(true);
    let parts = [
        Some(scope.actions.is_empty() || scope.actions.contains(&asked.action)),
        meets(&names.objects, &scope.objects, Some(&asked.object), covers),
        anyone.or(asked.beneficiary.as_ref().map(|it| scope.beneficiary.contains(it))),
        meets(&names.purposes, &scope.purposes, purpose, covers),
        meets(&names.places, &scope.places, place, covers),
    ];
    parts.into_iter().all(|it| it.unwrap_or(unknown))
}

fn fact(World { deal, known, asked, assumed, .. }: World<'_>, id: &FactId) -> Option<bool> {
    assumed.get(id).copied().or_else(|| on_record(deal, id, asked.at, known))
}

/// "Guards and conditions" and "Ratios".
fn is_met(world: World<'_>, Condition { fact: id, ratio, .. }: &Condition) -> Option<bool> {
    let World { deal, asked, assumed, .. } = world;
    let Some(test) = ratio.as_ref().filter(|_| !assumed.contains_key(id)) else {
        return fact(world, id);
    };
    let measure = deal.record.measures.iter().rfind(|it| &it.fact == id && it.from <= asked.at)?;
    let (amount, purpose) = (i128::from(asked.amount?), asked.purpose.as_ref()?);
    let counts = test.counted.iter().any(|it| deal.vocabulary.purposes.lies_within(purpose, it));
    let counted = i128::from(measure.counted) + if counts { amount } else { 0 };
    let counted = counted * i128::from(test.threshold.denominator());
    let least = (i128::from(measure.total) + amount) * i128::from(test.threshold.numerator());
    Some(counted > least || counted == least && !test.more_than)
}

/// "First refusal": what it does. Where no place is named it may be any; if that makes a
/// difference, it does nothing at best and the worst of it at worst.
fn refusal(world: World<'_>, id: &TermId, right: &FirstRefusal) -> Option<Answer> {
    let World { deal, asked, best, .. } = world;
    let places = deal.vocabulary.places.names().map(Some).chain([None]);
    let places = places.filter(|it| asked.place.is_none() || *it == asked.place.as_ref());
    let at = asked.at;
    let stands = places.map(|place| {
        let covers = |it: &&Offer| it.place.is_none() || it.place.as_ref() == place;
        let mut mine =
            deal.record.offers.iter().filter(|it| &it.term.value == id && it.notice <= at);
        let Some(offer) = mine.rfind(covers) else { return Some(Answer::Conditional) };
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
            _ => (below || late).then_some(Answer::Conditional),
        }
    });
    let stands: BTreeSet<Option<Answer>> = stands.collect();
    if best && stands.len() > 1 { None } else { stands.last().copied().flatten() }
}
