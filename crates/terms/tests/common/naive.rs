//! A second evaluator: `docs/semantics.md` read aloud, each part under its heading there. It takes
//! data types from the crate and nothing that decides. What versions and the record come to is in
//! `on_record.rs`; `None` is what is not known.

use std::collections::{BTreeMap, BTreeSet};
use std::slice::from_ref;

use comity_base::{FactId, Known, PartyId, TermId};
use comity_terms::*;

use super::on_record::{as_known, consents, fact, in_force, is_met, refusals};

/// What is asked of what was known, with facts taken to be so, as readings are. Of what is not
/// known it is the best or the worst for the asker, and conditions are met or not.
#[derive(Clone, Copy)]
pub(crate) struct World<'a> {
    pub(crate) deal: &'a Draft,
    pub(crate) known: Known,
    pub(crate) asked: &'a Request,
    pub(crate) assumed: &'a BTreeMap<FactId, bool>,
    best: bool,
    met: bool,
}

/// "Norms": a triggered one; it permits (`Allow`), forbids (`Deny`), waits or does nothing.
struct Norm<'a> {
    id: &'a TermId,
    does: Option<Answer>,
    is_consent: bool,
    yields_to_permits: bool,
    overrides: &'a [Cited<TermId>],
}

/// "The answer", the verdict, and what an undetermined answer lies between.
pub(crate) fn answer(
    deal: &Draft,
    known: Known,
    asked: &Request,
    assumed: &BTreeMap<FactId, bool>,
) -> (Answer, Verdict, Option<(Answer, Answer)>) {
    let deal = &as_known(deal, known, asked);
    let shared = |a: Verdict, b: Verdict| match (a, b) {
        (Verdict::Conflict, Verdict::Prohibited) => b,
        (a, b) if a == b => a,
        _ => Verdict::Undetermined,
    };
    let bound = |best| {
        let world = |met| World { deal, known, asked, assumed, best, met };
        let (met, unmet) = (outcome(world(true)), outcome(world(false)));
        if met.0 == unmet.0 {
            (met.0, shared(met.1, unmet.1))
        } else {
            (Answer::Conditional, Verdict::Conditional)
        }
    };
    let (best, worst) = (bound(true), bound(false));
    let between = (best.0 != worst.0).then_some((best.0, worst.0));
    let answer = between.map_or(best.0, |_| Answer::Undetermined);
    (answer, shared(best.1, worst.1), between)
}

/// "Triggered and live", and the table of "The answer".
fn outcome(world: World<'_>) -> (Answer, Verdict) {
    fn is_live(norms: &[Norm<'_>], norm: &Norm<'_>) -> bool {
        let over = |by: &&Norm<'_>| by.overrides.iter().any(|it| &it.value == norm.id);
        let kind = |by: &Norm<'_>| (by.does == Some(Answer::Allow)) == norm.yields_to_permits;
        !norms.iter().filter(over).any(|by| kind(by) && is_live(norms, by))
    }
    let norms = norms(world);
    let live: Vec<_> = norms.iter().filter(|it| is_live(&norms, it)).collect();
    let any = |does| live.iter().any(|it| it.does == Some(does));
    let granted = live.iter().any(|it| it.does == Some(Answer::Allow) && !it.is_consent);
    let silence = world.deal.silence.of(&world.asked.action);
    match (any(Answer::Deny), any(Answer::Allow), any(Answer::Conditional)) {
        (true, ..) if granted => (Answer::Deny, Verdict::Conflict),
        (true, ..) => (Answer::Deny, Verdict::Prohibited),
        (_, false, _) if silence == Silence::Prohibited => (Answer::Deny, Verdict::Silent),
        (_, _, true) => (Answer::Conditional, Verdict::Conditional),
        (_, true, _) => (Answer::Allow, Verdict::Permitted),
        _ => (Answer::Allow, Verdict::Silent),
    }
}

/// The table of "Norms", those that are triggered.
#[expect(clippy::wildcard_enum_match_arm, reason = "no other kind is a norm")]
fn norms(world: World<'_>) -> Vec<Norm<'_>> {
    let (World { asked, best, met, .. }, permit) = (world, Some(Answer::Allow));
    let (terms, mut norms) = (in_force(world), Vec::new());
    let is = |party: &PartyId| asked.party == *party;
    let by = |scope: &Scope| scope.actor.contains(&asked.party);
    for Term { id, kind, guards, overrides, .. } in terms.iter().copied() {
        // Sure of what it does or not; the condition met, not met or not known.
        let mut norm = |does, who: bool, scope, is_sure: bool, condition: Option<bool>| {
            let reads = |it: Option<bool>| it.unwrap_or((does == permit) == best);
            let holds = |it: &Guard| reads(fact(world, &it.fact).map(|so| so == it.holds));
            let covers = does == permit && is_sure;
            let fits = who && fits(world, scope, does == permit, covers);
            let is_met = condition.unwrap_or(met) && reads(is_sure.then_some(true));
            if fits && guards.iter().all(holds) && is_met {
                let yields_to_permits = !covers;
                norms.push(Norm { id, does, is_consent: false, yields_to_permits, overrides });
            }
        };
        let (forbid, yes) = (Some(Answer::Deny), Some(true));
        match kind {
            TermKind::Permission(it) => {
                let condition = it.condition.as_ref().map_or(yes, |it| is_met(world, it));
                norm(permit, by(&it.scope), &it.scope, true, condition);
            }
            TermKind::Prohibition(it) => norm(forbid, by(&it.scope), &it.scope, true, yes),
            TermKind::Exclusivity(it) => {
                norm(permit, is(&it.holder), &it.scope, true, yes);
                let free = is(&it.holder) || is(&it.grantor) && !it.grantor_excluded;
                norm(forbid, !free, &it.scope, true, yes);
            }
            // In words: it may permit or forbid.
            TermKind::Clause(Some(scope)) => {
                norm(permit, by(scope), scope, false, yes);
                norm(forbid, by(scope), scope, false, yes);
            }
            TermKind::FirstRefusal(it) => {
                let does = refusals(world, id, it);
                let what = |one: &_| norm(*one, !is(&it.holder), &it.scope, does.len() == 1, yes);
                does.iter().for_each(what);
            }
            _ => {}
        }
    }
    for (id, to, scope, limit) in consents(world, &terms) {
        if fits(world, scope, true, false) && fits(world, &limit, true, true) {
            let overrides = from_ref(to);
            norms.push(Norm {
                id,
                does: permit,
                is_consent: true,
                yields_to_permits: false,
                overrides,
            });
        }
    }
    norms
}

/// "Scope": what permits must cover what is asked; all else, and a consent, need only touch it.
fn fits(world: World<'_>, scope: &Scope, helps: bool, covers: bool) -> bool {
    fn meets<T: Ord + Clone>(tree: &Tree<T>, mine: &BTreeSet<T>, it: &T, covers: bool) -> bool {
        let touches = |mine: &T| !covers && tree.lies_within(mine, it);
        mine.is_empty() || mine.iter().any(|mine| tree.lies_within(it, mine) || touches(mine))
    }
    let (World { deal, asked, .. }, left_out) = (world, helps == world.best);
    let names = &deal.vocabulary;
    let whom = asked.beneficiary.as_ref().map(|it| scope.beneficiary.contains(it));
    let purpose = asked.purpose.as_ref();
    let purpose = purpose.map(|it| meets(&names.purposes, &scope.purposes, it, covers));
    let place = asked.place.as_ref().map(|it| meets(&names.places, &scope.places, it, covers));
    scope.actions.contains(&asked.action)
        && meets(&names.objects, &scope.objects, &asked.object, covers)
        && whom.unwrap_or(scope.beneficiary == Parties::Any || left_out)
        && purpose.unwrap_or(scope.purposes.is_empty() || left_out)
        && place.unwrap_or(scope.places.is_empty() || left_out)
}
