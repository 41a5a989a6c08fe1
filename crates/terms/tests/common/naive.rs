//! A second evaluator: `docs/semantics.md` read aloud by its headings, here and in `in_force.rs`. It
//! takes data types from the crate and nothing that decides; `None` is what is not known.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{FactId, Known, TermId};
use comity_terms::*;

use super::in_force::{in_force, on_record, ratio, refusal};

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

/// "Norms": one that is triggered. It allows, denies, or waits: then the answer is conditional.
struct Norm<'a> {
    id: &'a TermId,
    does: Answer,
    permits: bool,
    is_consent: bool,
    overrides: &'a [Cited<TermId>],
}

/// "What is not known" and "Guards and conditions": the answer, the verdict, and what an
/// undetermined answer lies between.
pub(crate) fn answer(
    deal: &Draft,
    known: Known,
    asked: &Request,
    assumed: &BTreeMap<FactId, bool>,
) -> (Answer, Verdict, Option<(Answer, Answer)>) {
    let shared = |better: Verdict, worse: Verdict| {
        let both_deny = better == Verdict::Conflict && worse == Verdict::Prohibited;
        if better == worse || both_deny { worse } else { Verdict::Undetermined }
    };
    let bound = |best| {
        let world = |met| World { deal, known, asked, assumed, best, met };
        let (met, unmet) = (outcome(world(true)), outcome(world(false)));
        let conditional = (Answer::Conditional, Verdict::Conditional);
        if met.0 == unmet.0 { (met.0, shared(met.1, unmet.1)) } else { conditional }
    };
    let (best, worst) = (bound(true), bound(false));
    let between = (Answer::Undetermined, Verdict::Undetermined, Some((best.0, worst.0)));
    if best.0 == worst.0 { (best.0, shared(best.1, worst.1), None) } else { between }
}

/// "Triggered and live", and the table of "The answer".
fn outcome(world: World<'_>) -> (Answer, Verdict) {
    fn is_live(norm: &Norm<'_>, all: &[Norm<'_>]) -> bool {
        let names = |by: &Norm<'_>| by.overrides.iter().any(|it| &it.value == norm.id);
        !all.iter().any(|by| by.permits != norm.permits && names(by) && is_live(by, all))
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

/// The table of "Norms", and "Triggered": what each term, and each consent to it, does.
fn norms(world: World<'_>) -> Vec<Norm<'_>> {
    let (World { deal, known, asked, assumed, best, met }, mut norms) = (world, Vec::new());
    let (permit, forbid, by) = (Some(Answer::Allow), Some(Answer::Deny), &asked.party);
    let read = |id: &FactId| assumed.get(id).copied();
    let then = |id: &FactId, at| read(id).or_else(|| on_record(deal, id, at, known));
    let holds = |it: &Guard, at, unknown| then(&it.fact, at).map_or(unknown, |so| so == it.holds);
    for (Term { id, kind, guards, overrides, .. }, rests_on) in in_force(deal, asked.at) {
        let (does, speaks_of, scope) = match (kind, if best { permit } else { forbid }) {
            (TermKind::Permission(it), _) => (permit, it.scope.actor.contains(by), &it.scope),
            (TermKind::Prohibition(it), _) => (forbid, it.scope.actor.contains(by), &it.scope),
            (TermKind::Exclusivity(it), _) if it.holder == *by => (permit, true, &it.scope),
            (TermKind::Exclusivity(it), _) => {
                (forbid, it.grantor != *by || it.grantor_excluded, &it.scope)
            }
            (TermKind::FirstRefusal(it), _) => {
                // Where it may do several things: nothing at best, the worst of them at worst.
                let may = refusal(deal, id, it, asked);
                let does = if best && may.len() > 1 { None } else { may.last().copied().flatten() };
                (does, it.holder != *by, &it.scope)
            }
            (TermKind::Clause(Some(it)), what_it_may) => (what_it_may, it.actor.contains(by), it),
            _ => continue,
        };
        let condition = if let TermKind::Permission(it) = kind { &it.condition } else { &None };
        let is_met = |Condition { fact: id, ratio: test, .. }: &Condition| match test {
            Some(test) => read(id).or_else(|| ratio(deal, id, test, asked)).unwrap_or(met),
            None => then(id, asked.at).unwrap_or(met),
        };
        let is_words = matches!(kind, TermKind::Clause(_));
        let permits = does == permit && !is_words;
        let unknown = is_words || permits == best;
        let is_brought = |unknown| rests_on.iter().all(|(guard, at)| holds(guard, *at, unknown));
        let triggered = speaks_of
            && fits(world, scope, permits, unknown)
            && guards.iter().all(|it| holds(it, asked.at, unknown))
            && is_brought(unknown)
            && condition.iter().all(is_met);
        let norm = |does| Norm { id, does, permits, is_consent: false, overrides };
        norms.extend(does.filter(|_| triggered).map(norm));
        for consent in deal.record.consents.iter().filter(|it| it.to.value == *id) {
            let Consent { id, to, actor, limits: it, window, .. } = consent;
            let Limits { actions, objects, beneficiary, purposes, places } = it.clone();
            let limits =
                Scope { actor: actor.clone(), actions, objects, beneficiary, purposes, places };
            let speaks_of = actor.contains(by) && window.contains(asked.at) && is_brought(best);
            if speaks_of && fits(world, scope, false, best) && fits(world, &limits, true, best) {
                let (does, overrides) = (Answer::Allow, std::slice::from_ref(to));
                norms.push(Norm { id, does, permits: true, is_consent: true, overrides });
            }
        }
    }
    norms
}

/// "Scope": what permits must cover what is asked; all else, and a consent, need only touch it. A
/// set of no names means any.
fn fits(world: World<'_>, scope: &Scope, covers: bool, unknown: bool) -> bool {
    let (World { asked, .. }, names) = (world, &world.deal.vocabulary);
    fn meets<T: Ord + Clone>(tree: &Tree<T>, covers: bool, all: &BTreeSet<T>, it: &T) -> bool {
        let touches = |mine: &T| !covers && tree.lies_within(mine, it);
        all.is_empty() || all.iter().any(|mine| tree.lies_within(it, mine) || touches(mine))
    }
    let Scope { actions, objects, beneficiary, purposes, places, .. } = scope;
    let purpose = asked.purpose.as_ref().map(|it| meets(&names.purposes, covers, purposes, it));
    let place = asked.place.as_ref().map(|it| meets(&names.places, covers, places, it));
    let whom = asked.beneficiary.as_ref().map(|it| beneficiary.contains(it));
    (actions.is_empty() || actions.contains(&asked.action))
        && meets(&names.objects, covers, objects, &asked.object)
        && whom.unwrap_or(*beneficiary == Parties::Any || unknown)
        && purpose.unwrap_or(purposes.is_empty() || unknown)
        && place.unwrap_or(places.is_empty() || unknown)
}
