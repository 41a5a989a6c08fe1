//! A second evaluator, which follows `docs/semantics.md` and is kept plain: it walks through the
//! versions up to the instant asked about, and wants everything to be known but the conditions
//! of permissions. Of the crate it uses the types, with `contains` and `lies_within` of the
//! vocabulary, and nothing that decides; the record it reads for itself.

use std::collections::BTreeSet;

use comity_base::{FactId, Instant, Known, PartyId, TermId};
use comity_terms::{
    Answer, Draft, FirstRefusal, Guard, Parties, Request, Scope, Silence, Term, TermKind, Tree,
    Verdict,
};

use super::record::{World, stands};

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

/// What is asked of which deal, as known when, where these facts hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) draft: &'a Draft,
    pub(crate) known: Known,
    pub(crate) asked: &'a Request,
    pub(crate) world: &'a World,
}

/// The answer where the request leaves nothing out and the world has every fact of a guard.
pub(crate) fn answer(case: Case<'_>) -> (Answer, Verdict) {
    let all = rules(case.draft, case.known, case.asked.at);
    let [met, unmet] = [true, false].map(|assumed| {
        let rules = all.iter().filter(|rule| applies(case, rule, assumed));
        outcome(case, &rules.collect::<Vec<_>>())
    });
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
            held.retain(|_| until >= version.effective.start());
            held.retain(|term| !version.ends.iter().any(|it| it.value == term.id));
            held.retain(|term| !version.replaces.iter().any(|it| it.term.value == term.id));
            held.extend(&version.adds);
            until = version.effective.end();
        }
        held.retain(|term| at < until && term.from.is_none_or(|it| it <= at));
        all.extend(held.into_iter().filter(|term| term.to.is_none_or(|it| at < it)));
    }
    all
}

fn rules(draft: &Draft, known: Known, at: Instant) -> Vec<Rule<'_>> {
    let mut rules = Vec::new();
    let all_but = |them: [&PartyId; 2]| Parties::AllBut(them.map(PartyId::clone).into());
    for term in in_force(draft, known, at) {
        let mut rule = |effect, actor: &Parties, scope| {
            let overrides = term.overrides.iter().map(|it| &it.value).collect();
            let (id, guards, actor) = (&term.id, &term.guards, actor.clone());
            rules.push(Rule { id, effect, actor, scope, guards, overrides, is_consent: false });
        };
        // The other kinds permit and forbid nothing; a clause has to be read as a term first.
        if let TermKind::Exclusivity(it) = &term.kind {
            let holder = Parties::Only([it.holder.clone()].into());
            rule(Effect::Permit(None), &holder, &it.scope);
            let grantor = if it.grantor_excluded { &it.holder } else { &it.grantor };
            rule(Effect::Forbid, &all_but([&it.holder, grantor]), &it.scope);
        } else if let TermKind::Permission(it) = &term.kind {
            let condition = it.condition.as_ref().map(|it| &it.fact);
            rule(Effect::Permit(condition), &it.scope.actor, &it.scope);
        } else if let TermKind::Prohibition(it) = &term.kind {
            rule(Effect::Forbid, &it.scope.actor, &it.scope);
        } else if let TermKind::FirstRefusal(it) = &term.kind {
            rule(Effect::Await(it), &all_but([&it.holder, &it.holder]), &it.scope);
        }
    }
    for it in &draft.record.consents {
        let mut named = rules.iter().filter(|rule| rule.id == &it.to.value);
        let known = it.recorded <= known.0 && it.window.contains(at);
        let Some(scope) = named.next().map(|rule| rule.scope).filter(|_| known) else { continue };
        let (id, actor, overrides) = (&it.id, it.actor.clone(), vec![&it.to.value]);
        let effect = Effect::Permit(None);
        rules.push(Rule { id, effect, actor, scope, guards: &[], overrides, is_consent: true });
    }
    rules
}

fn permits(rule: &Rule<'_>) -> bool {
    matches!(rule.effect, Effect::Permit(_))
}

fn applies(case: Case<'_>, rule: &Rule<'_>, assumed: bool) -> bool {
    let Case { draft: Draft { vocabulary: names, .. }, asked, world, .. } = case;
    // A consent lifts the term that it names, however much wider the request is.
    let (scope, whole) = (rule.scope, permits(rule) && !rule.is_consent);
    let holds = |fact: &FactId| world.get(fact).copied();
    let condition = if let Effect::Permit(condition) = rule.effect { condition } else { None };
    rule.actor.contains(&asked.party)
        && scope.actions.contains(&asked.action)
        && meets(&names.objects, &scope.objects, Some(&asked.object), whole)
        && asked.beneficiary.as_ref().is_some_and(|it| scope.beneficiary.contains(it))
        && meets(&names.purposes, &scope.purposes, asked.purpose.as_ref(), whole)
        && meets(&names.places, &scope.places, asked.place.as_ref(), whole)
        && rule.guards.iter().all(|it| holds(&it.fact).expect("guards are known") == it.holds)
        && condition.is_none_or(|it| holds(it).unwrap_or(assumed))
}

/// To be permitted, the whole of what is asked must lie in the scope; to be forbidden, any of it.
fn meets<T: Ord + Clone>(tree: &Tree<T>, mine: &BTreeSet<T>, it: Option<&T>, whole: bool) -> bool {
    let it = it.expect("the request leaves nothing out");
    let meets = |mine| tree.lies_within(it, mine) || (!whole && tree.lies_within(mine, it));
    mine.is_empty() || mine.iter().any(meets)
}

/// Among the rules that apply, one is live that no live one overrides.
fn live(rules: &[&Rule<'_>], rule: &Rule<'_>) -> bool {
    let over = |by: &&&Rule<'_>| by.overrides.contains(&rule.id) && permits(by) != permits(rule);
    !rules.iter().filter(over).any(|by| live(rules, by))
}

fn outcome(case: Case<'_>, rules: &[&Rule<'_>]) -> (Answer, Verdict) {
    let live = rules.iter().filter(|rule| live(rules, rule));
    let stands = live.clone().map(|rule| match rule.effect {
        Effect::Permit(_) => Answer::Allow,
        Effect::Forbid => Answer::Deny,
        Effect::Await(right) => stands(case, rule.id, right),
    });
    let permitted = live.clone().any(|rule| permits(rule));
    let by_term = live.clone().any(|rule| permits(rule) && !rule.is_consent);
    let liberty = case.draft.silence.of(&case.asked.action) == Silence::Liberty;
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
