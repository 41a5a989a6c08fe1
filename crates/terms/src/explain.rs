//! What would turn an answer: the nearest dates, another party, a consent, a fact, a part of the
//! request that was left out. Each is tried with the same function that gave the answer.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{FactId, Instant, Known, ObjectId, PartyId, PlaceId, PurposeId, TermId, Window};

use crate::decide::{Answer, Decision, Missing, Role, decide};
use crate::record::Refusal;
use crate::rules::{Exercisable, Force, Norm, Rules};
use crate::scope::{Dimension, Fit, Parties, Request};

/// A change that would turn an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The same request at any instant just before this one.
    Before {
        /// The first instant that has the present answer.
        until: Instant,
        /// The answer before it.
        answer: Answer,
    },
    /// The same request from this instant on.
    From {
        /// The first instant that has another answer.
        at: Instant,
        /// That answer.
        answer: Answer,
    },
    /// Another party doing it.
    Party {
        /// Who may.
        party: PartyId,
        /// The answer for it.
        answer: Answer,
    },
    /// A consent by the party to whom the terms are owed.
    Consent {
        /// Whose.
        by: PartyId,
        /// To which terms.
        to: BTreeSet<TermId>,
        /// The answer then.
        answer: Answer,
    },
    /// An option that is exercised.
    Exercise {
        /// By whom.
        by: PartyId,
        /// The option.
        option: TermId,
        /// When it can be.
        window: Window,
        /// The answer once what it brings holds.
        answer: Answer,
    },
    /// A first refusal that is offered and then declined or lapses.
    Offer {
        /// To whom.
        to: PartyId,
        /// Under which term.
        term: TermId,
        /// When it lapses, where notice was given.
        deadline: Option<Instant>,
        /// The answer once it is spent.
        answer: Answer,
    },
    /// A condition that a permission sets.
    Meet {
        /// The permission.
        term: TermId,
        /// The condition.
        condition: String,
        /// The answer once it is met.
        answer: Answer,
    },
    /// All the conditions before this one.
    Together {
        /// The answer once all are met.
        answer: Answer,
    },
    /// A part of what was asked for.
    Part {
        /// The part.
        object: ObjectId,
        /// The answer for it.
        answer: Answer,
    },
    /// A part of the request that was left out.
    Say {
        /// Which.
        dimension: Dimension,
        /// What it could be, with the answer for each.
        values: BTreeMap<String, Answer>,
    },
    /// A way to read an ambiguity.
    Read {
        /// The ambiguity.
        ambiguity: FactId,
        /// The answer under each reading.
        answers: BTreeMap<FactId, Answer>,
    },
    /// How much more may be done before a ratio is no longer kept.
    Headroom {
        /// The permission that asks for the ratio.
        term: TermId,
        /// How much more that does not count, in the unit.
        amount: u64,
        /// The unit.
        unit: String,
    },
    /// Something that the record or the text does not say.
    Learn {
        /// What.
        missing: Missing,
    },
}

/// Everything that would turn a decision, nearest first.
#[must_use]
pub fn turned_by(rules: &Rules<'_>, request: &Request, decision: &Decision<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    changes.extend(conditions(rules, request, decision));
    changes.extend(headroom(rules, request));
    changes.extend(consents(rules, request, decision));
    changes.extend(exercises(rules, request, decision.answer));
    changes.extend(unknowns(rules, request, decision));
    changes.extend(parts(rules, request, decision.answer));
    changes.extend(dates(rules, request, decision.answer));
    if decision.answer != Answer::Allow {
        changes.extend(parties(rules, request, decision.answer));
    }
    changes
}

fn conditions(rules: &Rules<'_>, request: &Request, decision: &Decision<'_>) -> Vec<Change> {
    if decision.answer != Answer::Conditional {
        return Vec::new();
    }
    let mut changes = Vec::new();
    let mut together = rules.clone();
    for reason in &decision.reasons {
        let mut changed = rules.clone();
        match &reason.role {
            Role::FirstRefusal(refusal) => {
                let deadline = match refusal {
                    Refusal::Offered { deadline } => Some(*deadline),
                    Refusal::Idle | Refusal::Reopened => None,
                    Refusal::Accepted | Refusal::Declined | Refusal::Lapsed => continue,
                };
                let norm = rules.norms.iter().find(|norm| norm.id == reason.term);
                let Some(Force::FirstRefusal(right)) = norm.map(|norm| &norm.force) else {
                    continue;
                };
                spend(&mut changed, reason.term);
                spend(&mut together, reason.term);
                let (to, term) = (right.holder.clone(), reason.term.clone());
                let answer = decide(&changed, request).answer;
                changes.push(Change::Offer { to, term, deadline, answer });
            }
            Role::PermitsIf(condition) => {
                meet(&mut changed, reason.term);
                meet(&mut together, reason.term);
                let (term, condition) = (reason.term.clone(), condition.clone());
                let answer = decide(&changed, request).answer;
                changes.push(Change::Meet { term, condition, answer });
            }
            Role::Permits
            | Role::Forbids
            | Role::OverriddenBy(_)
            | Role::Perhaps(_)
            | Role::Ended(_)
            | Role::Unmet(_)
            | Role::Begins(_) => {}
        }
    }
    if changes.len() > 1 {
        changes.push(Change::Together { answer: decide(&together, request).answer });
    }
    changes
}

/// Takes a first refusal to be spent.
fn spend(rules: &mut Rules<'_>, term: &TermId) {
    let mine =
        |norm: &&mut Norm<'_>| norm.id == term && matches!(norm.force, Force::FirstRefusal(_));
    for norm in rules.norms.iter_mut().filter(mine) {
        // Without an action, no request lies in its scope.
        norm.scope.actions.clear();
    }
}

/// Takes a permission's condition to be met.
fn meet(rules: &mut Rules<'_>, term: &TermId) {
    let mut facts = Vec::new();
    for norm in rules.norms.iter().filter(|norm| norm.id == term) {
        if let Force::Permit { condition: Some(condition) } = norm.force {
            facts.push(condition.fact.clone());
        }
    }
    rules.assumed.extend(facts.into_iter().map(|fact| (fact, true)));
}

/// A consent turns a denial when all that forbids is owed to one party: without those terms, is
/// the answer another?
fn consents(rules: &Rules<'_>, request: &Request, decision: &Decision<'_>) -> Vec<Change> {
    if decision.answer != Answer::Deny {
        return Vec::new();
    }
    let forbids =
        |role: &Role| matches!(role, Role::Forbids | Role::FirstRefusal(Refusal::Accepted));
    let forbidding = decision.reasons.iter().filter(|reason| forbids(&reason.role));
    let mut owed: BTreeMap<&PartyId, BTreeSet<TermId>> = BTreeMap::new();
    for reason in forbidding {
        // What is owed to nobody cannot be consented to, and stays.
        let Some((_, owed_to)) = reason.breach else { continue };
        owed.entry(owed_to).or_default().insert(reason.term.clone());
    }
    let mut changes = Vec::new();
    for (by, to) in owed {
        let answer = decide(&with_consent(rules, &to, request), request).answer;
        if answer < Answer::Deny {
            changes.push(Change::Consent { by: by.clone(), to, answer });
        }
    }
    changes
}

/// The rules as they would be if each of these terms were consented to for the actor: with a
/// permission for each that overrides exactly that term.
fn with_consent<'d>(rules: &Rules<'d>, to: &BTreeSet<TermId>, request: &Request) -> Rules<'d> {
    let mut consented = rules.clone();
    for index in 0..rules.norms.len() {
        let norm = &rules.norms[index];
        let forbids = matches!(norm.force, Force::Forbid | Force::FirstRefusal(_));
        if forbids && to.contains(norm.id) && norm.window.contains(request.at) {
            let mut consent = norm.clone();
            consent.version = None;
            consent.force = Force::Permit { condition: None };
            consent.scope.actor = Parties::Only(BTreeSet::from([request.party.clone()]));
            consent.limits = None;
            consent.guards = &[];
            consent.overridden_by.clear();
            let by = consented.norms.len();
            consented.norms[index].overridden_by.push(by);
            consented.norms.push(consent);
        }
    }
    consented
}

/// The options whose exercise, as early as can be, leads to another answer. One that lapsed, by
/// what is known, is none of them, nor one for which a fact that guards it is not on record.
fn exercises(rules: &Rules<'_>, request: &Request, present: Answer) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for Exercisable { option, right, guards, window } in rules.exercisable() {
        let lapsed = window.end() <= request.at
            && (rules.known == Known::ALL || window.end() <= rules.known.0);
        // What is asked of the time after what is known can only be brought about after it.
        let ahead = rules.known != Known::ALL && request.at > rules.known.0;
        let first = if ahead { window.start().max(rules.known.0) } else { window.start() };
        let record = &rules.deal.record;
        let facts =
            || guards.iter().flat_map(|it| record.facts.iter().filter(|on| on.fact == it.fact));
        let founded = |on: &Instant| {
            window.contains(*on) && guards.iter().all(|it| rules.fact(it, *on) == Some(true))
        };
        let later = facts().map(|it| it.from).filter(|on| first < *on);
        let on = std::iter::once(first).chain(later).filter(founded).min();
        let Some(on) = on.filter(|on| !lapsed && right.takes_effect(*on) <= request.at) else {
            continue;
        };
        let window = Window::new(on, window.end()).expect("the window holds it");
        let answer = decide(&rules.with_exercise(option, on), request).answer;
        let told =
            |change: &Change| matches!(change, Change::Exercise { option: it, .. } if it == option);
        if answer != present && !changes.iter().any(told) {
            let (by, option) = (right.holder.clone(), option.clone());
            changes.push(Change::Exercise { by, option, window, answer });
        }
    }
    changes
}

fn unknowns(rules: &Rules<'_>, request: &Request, decision: &Decision<'_>) -> Vec<Change> {
    if decision.answer != Answer::Undetermined {
        return Vec::new();
    }
    let mut missing: BTreeSet<&Missing> = BTreeSet::new();
    for reason in &decision.reasons {
        if let Role::Perhaps(on) = &reason.role {
            missing.extend(on);
        }
    }
    let ambiguities = &rules.deal.vocabulary.ambiguities;
    let change = |missing: &Missing| match missing {
        Missing::Dimension(dimension) => {
            Change::Say { dimension: *dimension, values: completions(rules, request, *dimension) }
        }
        Missing::Fact(fact) => {
            match ambiguities.iter().find(|(_, ambiguity)| ambiguity.readings.contains(fact)) {
                None => Change::Learn { missing: missing.clone() },
                Some((id, ambiguity)) => {
                    let answer = |reading: &FactId| {
                        let rules = rules.reading(ambiguity, reading);
                        (reading.clone(), decide(&rules, request).answer)
                    };
                    let answers = ambiguity.readings.iter().map(answer).collect();
                    Change::Read { ambiguity: id.clone(), answers }
                }
            }
        }
        Missing::Prose(_) => Change::Learn { missing: missing.clone() },
    };
    let mut changes: Vec<Change> = missing.into_iter().map(change).collect();
    // The readings of one ambiguity are missing together.
    changes.dedup();
    changes
}

/// What is left of each ratio that a permission for the request asks for.
fn headroom(rules: &Rules<'_>, request: &Request) -> Vec<Change> {
    let mut found = Vec::new();
    for norm in rules.norms.iter().filter(|norm| norm.window.contains(request.at)) {
        let Force::Permit { condition: Some(condition) } = norm.force else { continue };
        let Some(test) = &condition.ratio else { continue };
        let fit = norm.fit(request, &rules.deal.vocabulary);
        let measure = rules.deal.record.measure(&condition.fact, request.at, rules.known);
        let (Fit::Yes, Some(measure)) = (fit, measure) else { continue };
        if let Some(amount) = test.headroom(measure.counted, measure.total) {
            let (term, unit) = (norm.id.clone(), test.unit.clone());
            found.push(Change::Headroom { term, amount, unit });
        }
    }
    found
}

/// The parts of the object asked for that have another answer than the whole.
fn parts(rules: &Rules<'_>, request: &Request, present: Answer) -> Vec<Change> {
    let objects = &rules.deal.vocabulary.objects;
    let inner = objects
        .names()
        .filter(|name| **name != request.object && objects.lies_within(name, &request.object));
    let part = |object: &ObjectId| {
        let part = Request { object: object.clone(), ..request.clone() };
        Change::Part { object: object.clone(), answer: decide(rules, &part).answer }
    };
    let turns =
        |change: &Change| !matches!(change, Change::Part { answer, .. } if *answer == present);
    inner.map(part).filter(turns).collect()
}

fn completions(
    rules: &Rules<'_>,
    request: &Request,
    dimension: Dimension,
) -> BTreeMap<String, Answer> {
    let names = &rules.deal.vocabulary;
    let answer = |request: Request| decide(rules, &request).answer;
    match dimension {
        Dimension::Beneficiary => {
            let with =
                |party: &PartyId| Request { beneficiary: Some(party.clone()), ..request.clone() };
            names.parties.iter().map(|party| (party.to_string(), answer(with(party)))).collect()
        }
        Dimension::Purpose => {
            let with =
                |name: &PurposeId| Request { purpose: Some(name.clone()), ..request.clone() };
            names.purposes.names().map(|name| (name.to_string(), answer(with(name)))).collect()
        }
        Dimension::Place => {
            let with = |name: &PlaceId| Request { place: Some(name.clone()), ..request.clone() };
            names.places.names().map(|name| (name.to_string(), answer(with(name)))).collect()
        }
    }
}

fn dates(rules: &Rules<'_>, request: &Request, present: Answer) -> Vec<Change> {
    let instants = rules.instants();
    let at = |at: Instant| decide(rules, &Request { at, ..request.clone() }).answer;
    let earlier = instants.range(..=request.at).rev().find_map(|&until| {
        let answer = at(until.plus_seconds(-1));
        (answer != present).then_some(Change::Before { until, answer })
    });
    let after = request.at.plus_seconds(1);
    let later = instants.range(after..).find_map(|&from| {
        let answer = at(from);
        (answer != present).then_some(Change::From { at: from, answer })
    });
    earlier.into_iter().chain(later).collect()
}

fn parties(rules: &Rules<'_>, request: &Request, present: Answer) -> Vec<Change> {
    let mut found: Vec<Change> = Vec::new();
    for party in rules.deal.vocabulary.parties.iter().filter(|party| **party != request.party) {
        let answer = decide(rules, &Request { party: party.clone(), ..request.clone() }).answer;
        if answer == Answer::Allow && answer < present {
            found.push(Change::Party { party: party.clone(), answer });
        }
    }
    found
}
