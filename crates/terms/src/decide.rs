//! May this party do this, here, now? One answer, with the terms behind it.
//!
//! The semantics is written down in `docs/semantics.md`. In short: a norm is *triggered* when the
//! request lies in its scope, the instant in its period and its guards are met; it is *live* when
//! it is triggered and no live norm overrides it. A live prohibition denies, whatever else
//! permits. What is not known makes a norm perhaps triggered; the answer is then computed twice,
//! once with everything unknown at its best for the asker and once at its worst, and is
//! undetermined when the two differ. A condition that a permission sets is taken as met and as
//! not met, and the answer is conditional when that makes the difference.

use std::collections::BTreeSet;
use std::fmt;

use comity_base::{FactId, Instant, PartyId, TermId, VersionId};

use crate::deal::Silence;
use crate::provenance::{Position, Provenance};
use crate::record::Refusal;
use crate::rules::{Footing, Force, Norm, Rules};
use crate::scope::{Dimension, Fit, Request};

/// The answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// It may be done.
    Allow,
    /// It may be done once a condition that the terms set is met.
    Conditional,
    /// The text, or what is known, does not decide.
    Undetermined,
    /// It may not be done.
    Deny,
}

impl Answer {
    /// Every answer, in the order in which reports list them.
    pub const ALL: [Self; 4] = [Self::Allow, Self::Conditional, Self::Undetermined, Self::Deny];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Conditional => "conditional",
            Self::Undetermined => "undetermined",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What the terms themselves say, before silence is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// A term permits it and none forbids it.
    Permitted,
    /// A term permits it under a condition that is not met yet.
    Conditional,
    /// A term forbids it.
    Prohibited,
    /// One term permits and another forbids it, and neither overrides the other.
    Conflict,
    /// No term speaks of it.
    Silent,
    /// It depends on something that is not known.
    Undetermined,
}

impl Verdict {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Permitted => "permitted",
            Self::Conditional => "conditional",
            Self::Prohibited => "prohibited",
            Self::Conflict => "conflict",
            Self::Silent => "silent",
            Self::Undetermined => "undetermined",
        }
    }
}

/// Something that is not known and that an answer depends on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// The request leaves it out.
    Dimension(Dimension),
    /// The record does not say.
    Fact(FactId),
    /// The term is in words only.
    Prose(TermId),
}

/// What part a term has in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// It permits.
    Permits,
    /// It permits, under a condition of its own that is not met.
    PermitsIf(String),
    /// It forbids.
    Forbids,
    /// It sets a first refusal that stands so.
    FirstRefusal(Refusal),
    /// It would apply but another term overrides it.
    OverriddenBy(TermId),
    /// It may apply; that depends on these.
    Perhaps(BTreeSet<Missing>),
    /// It is in force, and would speak of this if that were so; it is known not to be.
    Unmet(String),
    /// It spoke of this until then.
    Ended(Instant),
    /// It speaks of this from then on.
    Begins(Instant),
}

/// A term behind an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason<'d> {
    /// The term, or the consent.
    pub term: &'d TermId,
    /// The version that brought it; none for a consent.
    pub version: Option<&'d VersionId>,
    /// Its part in the answer.
    pub role: Role,
    /// Who would breach it, and towards whom.
    pub breach: Option<(&'d PartyId, &'d PartyId)>,
    /// What it rests on.
    pub provenance: &'d Provenance,
    /// Where it stands.
    pub position: &'d Position,
}

/// An answer with the terms behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<'d> {
    /// The answer.
    pub answer: Answer,
    /// What the terms say.
    pub verdict: Verdict,
    /// Where the answer is undetermined: the answer at best and at worst for the asker.
    pub between: Option<(Answer, Answer)>,
    /// The terms behind it, first those that settle it.
    pub reasons: Vec<Reason<'d>>,
}

impl<'d> Decision<'d> {
    /// The reasons that settle the answer; none where the terms are silent.
    pub fn settling(&self) -> impl Iterator<Item = &Reason<'d>> {
        self.reasons.iter().filter(|reason| weight(self.answer, &reason.role) == 0)
    }
}

/// Whether a norm is live.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Live {
    No,
    Overridden(usize),
    Perhaps(BTreeSet<Missing>),
    Yes,
}

/// What unknown things are taken to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    BestForAsker,
    WorstForAsker,
}

/// What conditions of permissions are taken to be while that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conditions {
    Met,
    Unmet,
}

/// Answers a request by the rules in force.
#[must_use]
pub fn decide<'d>(rules: &Rules<'d>, request: &Request) -> Decision<'d> {
    let met = live(rules, request, Conditions::Met);
    let open = rules.norms.iter().any(|norm| condition_met_by(rules, norm, request).is_none());
    let unmet = if open { live(rules, request, Conditions::Unmet) } else { met.clone() };
    let read = |reading| {
        let met = outcome(rules, request, &met, reading);
        let unmet = outcome(rules, request, &unmet, reading);
        if met.0 == unmet.0 {
            (met.0, agreed(met.1, unmet.1))
        } else {
            (Answer::Conditional, Verdict::Conditional)
        }
    };
    let (best, worst) = (read(Reading::BestForAsker), read(Reading::WorstForAsker));
    let settled = best.0 == worst.0;
    let answer = if settled { worst.0 } else { Answer::Undetermined };
    let verdict = if settled { agreed(best.1, worst.1) } else { Verdict::Undetermined };
    let between = (!settled).then_some((best.0, worst.0));
    let states: Vec<Live> =
        met.into_iter().zip(unmet).map(|(met, unmet)| behind(answer, met, unmet)).collect();
    let mut reasons = reasons(rules, request, &states);
    if verdict == Verdict::Silent {
        reasons.extend(lapsed(rules, request));
    }
    reasons.sort_by_key(|reason| (weight(answer, &reason.role), reason.term));
    Decision { answer, verdict, between, reasons }
}

/// The state of a norm to show behind an answer. What counts only while a condition is not met
/// belongs to an answer that is undetermined by it, or conditional for it.
fn behind(answer: Answer, met: Live, unmet: Live) -> Live {
    match (answer, &met, &unmet) {
        (Answer::Undetermined, _, Live::Perhaps(_))
        | (Answer::Conditional, Live::Perhaps(_), Live::Yes) => unmet,
        (_, _, _) => met,
    }
}

/// What is certain of a verdict that comes out in two ways with one answer.
pub(crate) fn agreed(better: Verdict, worse: Verdict) -> Verdict {
    match (better, worse) {
        (a, b) if a == b => a,
        // A term forbids it both ways; whether one permits it besides is not known.
        (Verdict::Conflict, Verdict::Prohibited) => Verdict::Prohibited,
        (_, _) => Verdict::Undetermined,
    }
}

/// Which norms are live, each computed once: the graph of overrides has no cycle in a checked
/// deal.
fn live(rules: &Rules<'_>, request: &Request, conditions: Conditions) -> Vec<Live> {
    let mut states: Vec<Option<Live>> = vec![None; rules.norms.len()];
    for index in 0..rules.norms.len() {
        settle(rules, request, conditions, index, &mut states);
    }
    states.into_iter().map(|state| state.expect("every norm was settled above")).collect()
}

fn settle(
    rules: &Rules<'_>,
    request: &Request,
    conditions: Conditions,
    index: usize,
    states: &mut Vec<Option<Live>>,
) {
    if states[index].is_some() {
        return;
    }
    let norm = &rules.norms[index];
    let mut missing = match triggered(rules, norm, request, conditions) {
        Some(missing) => missing,
        None => {
            states[index] = Some(Live::No);
            return;
        }
    };
    for &by in &norm.overridden_by {
        settle(rules, request, conditions, by, states);
        match states[by].as_ref().expect("settled just above") {
            Live::Yes => {
                states[index] = Some(Live::Overridden(by));
                return;
            }
            Live::Perhaps(on) => missing.extend(on.iter().cloned()),
            Live::No | Live::Overridden(_) => {}
        }
    }
    states[index] = Some(if missing.is_empty() { Live::Yes } else { Live::Perhaps(missing) });
}

/// `None` when the norm is not triggered; else what is missing to be sure that it is.
fn triggered(
    rules: &Rules<'_>,
    norm: &Norm<'_>,
    request: &Request,
    conditions: Conditions,
) -> Option<BTreeSet<Missing>> {
    let met = || condition_met_by(rules, norm, request).unwrap_or(conditions == Conditions::Met);
    if !norm.window.contains(request.at) || !met() {
        return None;
    }
    let fit = norm.fit(request, &rules.deal.vocabulary);
    let mut missing: BTreeSet<Missing> = match fit {
        Fit::No => return None,
        Fit::Yes => BTreeSet::new(),
        Fit::Unknown(parts) => parts.into_iter().map(Missing::Dimension).collect(),
    };
    for Footing { guard, at } in norm.hangs_on(request.at) {
        match rules.fact(guard, at) {
            Some(true) => {}
            Some(false) => return None,
            None => {
                missing.insert(Missing::Fact(guard.fact.clone()));
            }
        }
    }
    if norm.force == Force::Prose {
        missing.insert(Missing::Prose(norm.id.clone()));
    }
    // Where a first refusal stands may differ from place to place.
    if standings(rules, norm, request).len() > 1 {
        missing.insert(Missing::Dimension(Dimension::Place));
    }
    Some(missing)
}

/// Whether a permission's own condition is met; `None` when that is not known.
pub(crate) fn condition_met(rules: &Rules<'_>, norm: &Norm<'_>, at: Instant) -> Option<bool> {
    let Force::Permit { condition: Some(condition) } = norm.force else { return Some(true) };
    if let Some(&met) = rules.assumed.get(&condition.fact) {
        return Some(met);
    }
    let fact = rules.deal.vocabulary.facts.get(&condition.fact)?;
    rules.deal.record.fact(&condition.fact, fact, at, rules.known)
}

/// Whether a permission's own condition is met once the request is done; `None` when that is not
/// known.
///
/// A ratio is tested on the state after the act: what counts over everything, with the amount
/// asked for added to everything and, where its purpose counts, to what counts.
fn condition_met_by(rules: &Rules<'_>, norm: &Norm<'_>, request: &Request) -> Option<bool> {
    if let Force::Permit { condition: Some(condition) } = norm.force
        && let Some(test) = &condition.ratio
        && !rules.assumed.contains_key(&condition.fact)
    {
        let amount = request.amount?;
        let measure = rules.deal.record.measure(&condition.fact, request.at, rules.known)?;
        let purposes = &rules.deal.vocabulary.purposes;
        let purpose = request.purpose.as_ref()?;
        let counts = test.counted.iter().any(|counted| purposes.lies_within(purpose, counted));
        let more = if counts { amount } else { 0 };
        return Some(
            test.holds(measure.counted.checked_add(more)?, measure.total.checked_add(amount)?),
        );
    }
    condition_met(rules, norm, request.at)
}

fn refusal(rules: &Rules<'_>, norm: &Norm<'_>, request: &Request) -> Option<Refusal> {
    let Force::FirstRefusal(right) = norm.force else { return None };
    let place = request.place.as_ref();
    Some(rules.deal.record.refusal(norm.id, right, place, request.at, rules.known))
}

/// What a first refusal comes to: for the place asked about, or, where none is named, for
/// everything and for each place that was offered.
pub(crate) fn standings(rules: &Rules<'_>, norm: &Norm<'_>, request: &Request) -> BTreeSet<Answer> {
    let Force::FirstRefusal(_) = norm.force else { return BTreeSet::new() };
    let mut places = BTreeSet::from([request.place.clone()]);
    if request.place.is_none() {
        let offers = rules.deal.record.offers.iter().filter(|offer| &offer.term.value == norm.id);
        places.extend(offers.map(|offer| offer.place.clone()));
    }
    let stands = |place| {
        let asked = Request { place, ..request.clone() };
        match refusal(rules, norm, &asked) {
            Some(Refusal::Accepted) => Answer::Deny,
            Some(Refusal::Idle | Refusal::Offered { .. } | Refusal::Reopened) => {
                Answer::Conditional
            }
            Some(Refusal::Declined | Refusal::Lapsed) | None => Answer::Allow,
        }
    };
    places.into_iter().map(stands).collect()
}

fn outcome(
    rules: &Rules<'_>,
    request: &Request,
    states: &[Live],
    reading: Reading,
) -> (Answer, Verdict) {
    let (mut permitted, mut granted, mut forbidden, mut awaited) = (false, false, false, false);
    for (norm, state) in rules.norms.iter().zip(states) {
        let certain = *state == Live::Yes;
        if !certain && !matches!(state, Live::Perhaps(_)) {
            continue;
        }
        let helps = certain || reading == Reading::BestForAsker;
        let hurts = certain || reading == Reading::WorstForAsker;
        match norm.force {
            Force::Permit { .. } => {
                permitted |= helps;
                // A consent lifts one term; that another still forbids is no conflict.
                granted |= helps && norm.version.is_some();
            }
            Force::Forbid => forbidden |= hurts,
            // What is only in words may permit as well as forbid.
            Force::Prose => {
                permitted |= helps;
                granted |= helps;
                forbidden |= hurts;
            }
            Force::FirstRefusal(_) if hurts => {
                let standings = standings(rules, norm, request);
                forbidden |= standings.contains(&Answer::Deny);
                awaited |= standings.contains(&Answer::Conditional);
            }
            Force::FirstRefusal(_) => {}
        }
    }
    match (forbidden, permitted) {
        (true, _) if granted => (Answer::Deny, Verdict::Conflict),
        (true, _) => (Answer::Deny, Verdict::Prohibited),
        (false, true) if awaited => (Answer::Conditional, Verdict::Conditional),
        (false, true) => (Answer::Allow, Verdict::Permitted),
        (false, false) => match rules.deal.silence.of(&request.action) {
            Silence::Prohibited => (Answer::Deny, Verdict::Silent),
            Silence::Liberty if awaited => (Answer::Conditional, Verdict::Conditional),
            Silence::Liberty => (Answer::Allow, Verdict::Silent),
        },
    }
}

fn reason<'d>(norm: &Norm<'d>, role: Role) -> Reason<'d> {
    Reason {
        term: norm.id,
        version: norm.version,
        role,
        breach: norm.breach,
        provenance: norm.provenance,
        position: norm.position,
    }
}

fn reasons<'d>(rules: &Rules<'d>, request: &Request, states: &[Live]) -> Vec<Reason<'d>> {
    let mut found = Vec::new();
    for (norm, state) in rules.norms.iter().zip(states) {
        let role = match state {
            Live::No => continue,
            Live::Overridden(by) => Role::OverriddenBy(rules.norms[*by].id.clone()),
            Live::Perhaps(missing) => Role::Perhaps(missing.clone()),
            Live::Yes => match norm.force {
                Force::Permit { condition } => {
                    match (condition, condition_met_by(rules, norm, request)) {
                        (Some(condition), None) => Role::PermitsIf(condition.text.clone()),
                        (Some(_), Some(false)) => continue,
                        (Some(_), Some(true)) | (None, _) => Role::Permits,
                    }
                }
                Force::Forbid | Force::Prose => Role::Forbids,
                Force::FirstRefusal(_) => {
                    Role::FirstRefusal(refusal(rules, norm, request).unwrap_or(Refusal::Idle))
                }
            },
        };
        found.push(reason(norm, role));
    }
    found
}

/// Where the terms are silent: those that would speak of the request at another time, the last
/// that ended and the first that begins.
fn lapsed<'d>(rules: &Rules<'d>, request: &Request) -> Vec<Reason<'d>> {
    let speaks = |norm: &&Norm<'d>| norm.fit(request, &rules.deal.vocabulary) != Fit::No;
    let ended = rules.norms.iter().filter(speaks).filter(|norm| norm.window.end() <= request.at);
    let ended = ended.max_by_key(|norm| norm.window.end());
    let begins = rules.norms.iter().filter(speaks).filter(|norm| norm.window.start() > request.at);
    let begins = begins.min_by_key(|norm| norm.window.start());
    let ended = ended.map(|norm| reason(norm, Role::Ended(norm.window.end())));
    let begins = begins.map(|norm| reason(norm, Role::Begins(norm.window.start())));
    let now = rules.norms.iter().filter(speaks).filter(|norm| norm.window.contains(request.at));
    let unmet =
        now.filter_map(|norm| Some(reason(norm, Role::Unmet(unmet(rules, norm, request)?))));
    unmet.chain(ended).chain(begins).collect()
}

/// What keeps a norm that is in force from applying: a condition that is not met, or a fact that
/// is not as the term wants it.
fn unmet(rules: &Rules<'_>, norm: &Norm<'_>, request: &Request) -> Option<String> {
    if let Force::Permit { condition: Some(condition) } = norm.force
        && condition_met_by(rules, norm, request) == Some(false)
    {
        return Some(condition.text.clone());
    }
    let is_failed = |it: &Footing<'_>| rules.fact(it.guard, it.at) == Some(false);
    let Footing { guard: failed, .. } = norm.hangs_on(request.at).find(is_failed)?;
    let statement = rules.deal.vocabulary.facts.get(&failed.fact)?.statement.clone();
    Some(if failed.holds { statement } else { format!("it is not so that: {statement}") })
}

/// Reasons that settle the answer come first.
fn weight(answer: Answer, role: &Role) -> u8 {
    match (answer, role) {
        (Answer::Deny, Role::Forbids | Role::FirstRefusal(Refusal::Accepted))
        | (
            Answer::Conditional,
            Role::FirstRefusal(Refusal::Idle | Refusal::Offered { .. } | Refusal::Reopened)
            | Role::PermitsIf(_),
        )
        | (Answer::Undetermined, Role::Perhaps(_))
        | (Answer::Allow, Role::Permits) => 0,
        (_, Role::Forbids | Role::FirstRefusal(_)) => 1,
        (_, Role::Permits | Role::PermitsIf(_)) => 2,
        (_, Role::Perhaps(_)) => 3,
        (_, Role::OverriddenBy(_)) => 4,
        (_, Role::Unmet(_)) => 4,
        (_, Role::Ended(_) | Role::Begins(_)) => 5,
    }
}
