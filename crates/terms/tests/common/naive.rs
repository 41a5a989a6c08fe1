//! A second evaluator, written from `docs/semantics.md` and kept plain: it goes through the
//! versions up to the instant asked about, splits every case, and wants everything to be known
//! but the conditions of permissions. Of the crate it uses the types and `contains` and
//! `lies_within` of the vocabulary; nothing that decides.

use std::collections::BTreeMap;

use comity_base::{FactId, Instant, Known, PartyId, TermId};
use comity_terms::{
    Answer, Draft, Election, FactKind, FirstRefusal, Guard, Parties, Request, Scope, Silence, Term,
    TermKind, Tree, Verdict,
};

/// What holds; a fact that is not in it is not known.
pub(crate) type World = BTreeMap<FactId, bool>;

enum Effect<'a> {
    Permit(Option<&'a FactId>),
    Forbid,
    Await(&'a FirstRefusal),
}

struct Rule<'a> {
    id: &'a TermId,
    effect: Effect<'a>,
    actor: Parties,
    scope: &'a Scope,
    guards: &'a [Guard],
    overrides: Vec<&'a TermId>,
    is_consent: bool,
}

struct Case<'a> {
    draft: &'a Draft,
    known: Known,
    request: &'a Request,
    world: &'a World,
    rules: Vec<Rule<'a>>,
    unknown_conditions_are_met: bool,
}

/// What the record says of each fact at an instant, by what was known.
pub(crate) fn world(draft: &Draft, known: Known, at: Instant) -> World {
    let mut world = World::new();
    for (id, fact) in &draft.vocabulary.facts {
        if fact.kind == FactKind::Event && at < draft.record.complete_to && at <= known.0 {
            world.insert(id.clone(), false);
        }
        let mut said: Vec<_> = draft.record.facts.iter().filter(|it| &it.fact == id).collect();
        said.retain(|it| it.from <= at && it.recorded <= known.0);
        said.sort_by_key(|it| (it.from, it.recorded));
        world.extend(said.last().map(|it| (id.clone(), it.holds)));
    }
    world
}

/// The answer where the request leaves nothing out and the world has every fact of a guard.
pub(crate) fn answer(
    draft: &Draft,
    known: Known,
    request: &Request,
    world: &World,
) -> (Answer, Verdict) {
    let case = |unknown_conditions_are_met| {
        let rules = rules(draft, known, request.at);
        Case { draft, known, request, world, rules, unknown_conditions_are_met }.outcome()
    };
    let (met, unmet) = (case(true), case(false));
    match (met.1, unmet.1) {
        _ if met.0 != unmet.0 => (Answer::Conditional, Verdict::Conditional),
        (a, b) if a == b => met,
        (Verdict::Conflict, Verdict::Prohibited) => unmet,
        (_, _) => (met.0, Verdict::Undetermined),
    }
}

fn in_force(draft: &Draft, known: Known, at: Instant) -> Vec<&Term> {
    let mut all = Vec::new();
    for agreement in &draft.agreements {
        let mut versions: Vec<_> = agreement.versions.iter().collect();
        versions.retain(|it| it.recorded <= known.0 && it.effective.start() <= at);
        versions.sort_by_key(|it| it.effective.start());
        let (mut held, mut until): (Vec<&Term>, Instant) = (Vec::new(), Instant::MAX);
        for version in versions {
            if until < version.effective.start() {
                held.clear();
            }
            held.retain(|term| !version.ends.iter().any(|it| it.value == term.id));
            held.retain(|term| !version.replaces.iter().any(|it| it.term.value == term.id));
            held.extend(&version.adds);
            until = version.effective.end();
        }
        held.retain(|term| at < until && term.from.is_none_or(|it| it <= at));
        held.retain(|term| term.to.is_none_or(|it| at < it));
        all.extend(held);
    }
    all
}

fn rules(draft: &Draft, known: Known, at: Instant) -> Vec<Rule<'_>> {
    let mut rules = Vec::new();
    let all_but = |parties: &[&PartyId]| {
        Parties::AllBut(parties.iter().map(|&party| party.clone()).collect())
    };
    for term in in_force(draft, known, at) {
        let mut rule = |effect, actor, scope| {
            let overrides = term.overrides.iter().map(|it| &it.value).collect();
            let (id, guards) = (&term.id, &term.guards);
            rules.push(Rule { id, effect, actor, scope, guards, overrides, is_consent: false });
        };
        // The other kinds permit and forbid nothing; a clause has to be read as a term first.
        if let TermKind::Exclusivity(it) = &term.kind {
            rule(Effect::Permit(None), Parties::Only([it.holder.clone()].into()), &it.scope);
            let grantor = if it.grantor_excluded { &it.holder } else { &it.grantor };
            rule(Effect::Forbid, all_but(&[&it.holder, grantor]), &it.scope);
        } else if let TermKind::Permission(it) = &term.kind {
            let condition = it.condition.as_ref().map(|it| &it.fact);
            rule(Effect::Permit(condition), it.scope.actor.clone(), &it.scope);
        } else if let TermKind::Prohibition(it) = &term.kind {
            rule(Effect::Forbid, it.scope.actor.clone(), &it.scope);
        } else if let TermKind::FirstRefusal(it) = &term.kind {
            rule(Effect::Await(it), all_but(&[&it.holder]), &it.scope);
        }
    }
    let consents = draft.record.consents.iter();
    for it in consents.filter(|it| it.recorded <= known.0 && it.window.contains(at)) {
        let to = rules.iter().find(|rule| {
            rule.id == &it.to.value && !rule.is_consent && !matches!(rule.effect, Effect::Permit(_))
        });
        let Some(scope) = to.map(|rule| rule.scope) else { continue };
        let (actor, overrides) = (it.actor.clone(), vec![&it.to.value]);
        let effect = Effect::Permit(None);
        rules.push(Rule {
            id: &it.id,
            effect,
            actor,
            scope,
            guards: &[],
            overrides,
            is_consent: true,
        });
    }
    rules
}

impl Case<'_> {
    fn applies(&self, rule: &Rule<'_>) -> bool {
        let (asked, scope, names) = (self.request, rule.scope, &self.draft.vocabulary);
        let permits = matches!(rule.effect, Effect::Permit(_));
        let is = |fact: &FactId| self.world.get(fact).copied();
        let met = |fact: &&FactId| is(fact).unwrap_or(self.unknown_conditions_are_met);
        rule.actor.contains(&asked.party)
            && scope.actions.contains(&asked.action)
            && scope
                .objects
                .iter()
                .any(|it| meets(&names.objects, it, Some(&asked.object), permits))
            && asked.beneficiary.as_ref().is_some_and(|it| scope.beneficiary.contains(it))
            && (scope.purposes.is_empty()
                || scope
                    .purposes
                    .iter()
                    .any(|it| meets(&names.purposes, it, asked.purpose.as_ref(), permits)))
            && (scope.places.is_empty()
                || scope
                    .places
                    .iter()
                    .any(|it| meets(&names.places, it, asked.place.as_ref(), permits)))
            && rule.guards.iter().all(|it| is(&it.fact).expect("guards are known") == it.holds)
            && if let Effect::Permit(Some(it)) = &rule.effect { met(it) } else { true }
    }

    fn live(&self, rule: &Rule<'_>) -> bool {
        let permits = |rule: &Rule<'_>| matches!(rule.effect, Effect::Permit(_));
        let overrides =
            |by: &&Rule<'_>| by.overrides.contains(&rule.id) && permits(by) != permits(rule);
        self.applies(rule) && !self.rules.iter().filter(overrides).any(|by| self.live(by))
    }

    fn outcome(&self) -> (Answer, Verdict) {
        let live: Vec<&Rule<'_>> = self.rules.iter().filter(|rule| self.live(rule)).collect();
        let permits = |rule: &&&Rule<'_>| matches!(rule.effect, Effect::Permit(_));
        let permitted = live.iter().any(|rule| permits(&rule));
        let by_term = live.iter().filter(permits).any(|rule| !rule.is_consent);
        let stands = live.iter().map(|rule| match rule.effect {
            Effect::Permit(_) => Answer::Allow,
            Effect::Forbid => Answer::Deny,
            Effect::Await(right) => self.stands(rule.id, right),
        });
        let liberty = self.draft.silence.of(&self.request.action) == Silence::Liberty;
        match stands.max() {
            Some(Answer::Deny) if by_term => (Answer::Deny, Verdict::Conflict),
            Some(Answer::Deny) => (Answer::Deny, Verdict::Prohibited),
            Some(Answer::Conditional) if permitted || liberty => {
                (Answer::Conditional, Verdict::Conditional)
            }
            _ if permitted => (Answer::Allow, Verdict::Permitted),
            _ if liberty => (Answer::Allow, Verdict::Silent),
            _ => (Answer::Deny, Verdict::Silent),
        }
    }

    /// Taken forbids, open waits, declined or lapsed does nothing.
    fn stands(&self, term: &TermId, right: &FirstRefusal) -> Answer {
        let asked = self.request;
        let mut offers: Vec<_> = self.draft.record.offers.iter().collect();
        offers.retain(|it| &it.term.value == term && it.recorded <= self.known.0);
        offers.retain(|it| it.place.is_none() || it.place == asked.place);
        offers.retain(|it| it.notice <= asked.at);
        offers.sort_by_key(|it| it.notice);
        let Some(offer) = offers.last() else { return Answer::Conditional };
        let deadline = offer.notice.plus_seconds(i64::from(right.election_days) * 86_400);
        match offer.election.filter(|(_, when)| *when <= asked.at && *when < deadline) {
            Some((Election::Accepted, _)) => Answer::Deny,
            Some((Election::Declined, _)) => Answer::Allow,
            None if asked.at < deadline => Answer::Conditional,
            None => Answer::Allow,
        }
    }
}

/// To be permitted, all that is asked must lie in the scope; to be forbidden, any of it.
fn meets<T: Ord + Clone>(tree: &Tree<T>, mine: &T, asked: Option<&T>, permits: bool) -> bool {
    let asked = asked.expect("the request leaves nothing out");
    tree.lies_within(asked, mine) || (!permits && tree.lies_within(mine, asked))
}
