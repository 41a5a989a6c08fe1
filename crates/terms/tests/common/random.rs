//! Random deals that pass the check, and random requests. Days are counted from 2025-01-01.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{Calendar, Instant, Known, Money, PartyId, Ratio, TermId, VersionId, Window};
use comity_terms::{
    Agreement, Ambiguity, Changes, Cited, Condition, Consent, Deal, Draft, Election, Exclusivity,
    Exercise, Extension, Fact, FactKind, FactRecord, FirstRefusal, Guard, Limits, Measure, Offer,
    OptionRight, Parties, Permission, Problem, ProblemKind, Prohibition, RatioTest, Replacement,
    Request, Sale, Scope, Silence, Suspension, Term, TermKind, Version, Vocabulary,
};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use proptest::test_runner::FileFailurePersistence;

use super::build::{
    ACTIONS, Build, FACTS, OBJECTS, PARTIES, PLACES, PURPOSES, action, at, elected, fact, object,
    party, place, position, provenance, purpose, term, term_id, usd,
};

/// The readings of the one question that random deals leave open: guards name them.
pub(crate) const READINGS: [&str; 2] = ["broad", "strict"];
/// What conditions on a ratio are about.
pub(crate) const MEASURED: &str = "measured";

/// The names that random deals use.
fn names() -> Vocabulary {
    let mut names = super::build::vocabulary();
    let known = |kind, name: &str| Fact { kind, statement: format!("it is {name}") };
    for name in READINGS {
        names.facts.insert(fact(name), known(FactKind::Reading, name));
    }
    names.facts.insert(fact(MEASURED), known(FactKind::State, MEASURED));
    let (question, readings) = (String::from("which?"), READINGS.map(fact).into());
    names.ambiguities.insert(fact("words"), Ambiguity { question, readings });
    names
}

/// A failing seed is printed and kept beside the test.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    let seeds = FileFailurePersistence::WithSource("regressions");
    ProptestConfig { cases, failure_persistence: Some(Box::new(seeds)), ..Default::default() }
}

pub(crate) fn day(count: i64) -> Instant {
    at("2025-01-01").plus_seconds(count * Instant::DAY)
}

fn days(range: std::ops::Range<i64>) -> impl Strategy<Value = Instant> {
    range.prop_map(day)
}

fn some_party() -> impl Strategy<Value = PartyId> {
    select(PARTIES.to_vec()).prop_map(party)
}

fn parties() -> impl Strategy<Value = Parties> {
    let set = |names: Vec<&str>| names.into_iter().map(party).collect::<BTreeSet<_>>();
    prop_oneof![
        4 => Just(Parties::Any),
        2 => subsequence(PARTIES.to_vec(), 1..=2).prop_map(move |them| Parties::Only(set(them))),
        1 => subsequence(PARTIES.to_vec(), 1..=2).prop_map(move |them| Parties::AllBut(set(them))),
    ]
}

fn scope() -> impl Strategy<Value = Scope> {
    let objects = OBJECTS.map(|(name, _)| name).to_vec();
    let purposes = PURPOSES.map(|(name, _)| name).to_vec();
    let places = PLACES.map(|(name, _)| name).to_vec();
    let none = || Just(Vec::new());
    (
        parties(),
        subsequence(ACTIONS[..2].to_vec(), 1..=2),
        subsequence(objects, 1..=2),
        parties(),
        prop_oneof![2 => none(), 1 => subsequence(purposes, 1..=2)],
        prop_oneof![2 => none(), 1 => subsequence(places, 1..=2)],
    )
        .prop_map(|(actor, actions, objects, beneficiary, purposes, places)| Scope {
            actor,
            actions: actions.into_iter().map(action).collect(),
            objects: objects.into_iter().map(object).collect(),
            beneficiary,
            purposes: purposes.into_iter().map(purpose).collect(),
            places: places.into_iter().map(place).collect(),
        })
}

fn exclusivity() -> impl Strategy<Value = TermKind> {
    (some_party(), some_party(), any::<bool>(), scope()).prop_map(
        |(holder, grantor, grantor_excluded, scope)| {
            TermKind::Exclusivity(Exclusivity { holder, grantor, grantor_excluded, scope })
        },
    )
}

fn permission() -> impl Strategy<Value = TermKind> {
    let facts = FACTS[2..].iter().map(|(name, _)| *name).collect::<Vec<_>>();
    let plain =
        |name: &str| Condition { fact: fact(name), text: format!("{name} first"), ratio: None };
    let on_ratio = move |ratio| Condition { ratio: Some(ratio), ..plain(MEASURED) };
    let condition = prop_oneof![
        2 => select(facts).prop_map(plain),
        1 => ratio_test().prop_map(on_ratio),
    ];
    let condition = proptest::option::weighted(0.5, condition);
    (some_party(), scope(), condition).prop_map(|(grantor, scope, condition)| {
        TermKind::Permission(Permission { grantor, scope, condition })
    })
}

fn ratio_test() -> impl Strategy<Value = RatioTest> {
    let purposes = PURPOSES.map(|(name, _)| name).to_vec();
    (subsequence(purposes, 1..=2), 0..=3_i64, any::<bool>()).prop_map(
        |(counted, thirds, more_than)| RatioTest {
            counted: counted.into_iter().map(purpose).collect(),
            threshold: Ratio::new(thirds, 3).expect("at most three thirds"),
            more_than,
            unit: String::from("MW"),
        },
    )
}

pub(crate) fn prohibition() -> impl Strategy<Value = TermKind> {
    (some_party(), some_party(), scope()).prop_map(|(bound, owed_to, scope)| {
        TermKind::Prohibition(Prohibition { bound, owed_to, scope })
    })
}

fn calendar() -> impl Strategy<Value = Calendar> {
    let zone = select(vec!["UTC", "America/New_York", "Asia/Tokyo"]);
    let holidays = prop::collection::vec(days(0..14), 0..=2);
    (zone, any::<bool>(), holidays).prop_map(|(zone, business_days, holidays)| {
        let calendar = Calendar::new(zone, business_days).expect("there is such a zone");
        calendar.without(holidays)
    })
}

fn first_refusal() -> impl Strategy<Value = TermKind> {
    let calendar = calendar();
    let window = proptest::option::of(0..5_u32);
    (some_party(), some_party(), scope(), 0..6_u32, calendar, window).prop_map(
        |(holder, grantor, scope, election_days, calendar, sale_window_days)| {
            TermKind::FirstRefusal(FirstRefusal {
                holder,
                grantor,
                scope,
                election_days,
                calendar,
                sale_window_days,
            })
        },
    )
}

/// Permissions without a condition: those that a change can be stated for.
pub(crate) fn plain_permission() -> impl Strategy<Value = TermKind> {
    (some_party(), scope()).prop_map(|(grantor, scope)| {
        TermKind::Permission(Permission { grantor, scope, condition: None })
    })
}

/// A term before it has an id, and before what it overrides is chosen.
#[derive(Debug, Clone)]
struct Seed {
    kind: TermKind,
    from: Option<Instant>,
    to: Option<Instant>,
    survives: bool,
    guards: Vec<Guard>,
    overrides: Vec<Index>,
}

fn guard() -> impl Strategy<Value = Guard> {
    let facts: Vec<&str> = FACTS[..2].iter().map(|(name, _)| *name).chain(READINGS).collect();
    (select(facts), any::<bool>()).prop_map(|(name, holds)| Guard { fact: fact(name), holds })
}

fn seed() -> impl Strategy<Value = Seed> {
    let kind = prop_oneof![
        2 => exclusivity(),
        4 => permission(),
        4 => prohibition(),
        2 => first_refusal(),
        1 => proptest::option::of(scope()).prop_map(TermKind::Clause),
    ];
    (
        kind,
        proptest::option::weighted(0.2, days(0..8)),
        proptest::option::weighted(0.2, days(4..14)),
        prop::bool::weighted(0.2),
        prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(guard(), 1..=2)],
        prop::collection::vec(any::<Index>(), 0..=2),
    )
        .prop_map(|(kind, from, to, survives, guards, overrides)| Seed {
            kind,
            from,
            to,
            survives,
            guards,
            overrides,
        })
}

/// An option before it has an id, and before what it brings is chosen.
#[derive(Debug, Clone)]
struct OptionSeed {
    holder: PartyId,
    brings: Vec<Index>,
    from: Option<Instant>,
    to: Option<Instant>,
    guards: Vec<Guard>,
    notice_days: u32,
    calendar: Calendar,
    /// How many days after its version it is exercised, at what time of that day, and how many days
    /// later that is recorded.
    exercise: Option<(i64, i64, i64)>,
}

fn option() -> impl Strategy<Value = OptionSeed> {
    (
        prop_oneof![3 => Just("cloud"), 1 => Just("venture")].prop_map(party),
        prop::collection::vec(any::<Index>(), 1..=2),
        proptest::option::weighted(0.2, days(0..8)),
        proptest::option::weighted(0.3, days(4..14)),
        prop_oneof![1 => Just(Vec::new()), 1 => prop::collection::vec(guard(), 1..=2)],
        0..3_u32,
        calendar(),
        proptest::option::weighted(0.7, (0..6_i64, hour(), -1..3_i64)),
    )
        .prop_map(|(holder, brings, from, to, guards, notice_days, calendar, exercise)| {
            OptionSeed { holder, brings, from, to, guards, notice_days, calendar, exercise }
        })
}

/// A version as an amendment: days since the version before, and what it changes.
#[derive(Debug, Clone)]
pub(crate) struct Amendment {
    after: i64,
    lasts: Option<i64>,
    recorded: i64,
    adds: Vec<Seed>,
    options: Vec<OptionSeed>,
    ends: Vec<Index>,
    replaces: bool,
    /// What it suspends, from how many days after it takes effect on and for how many.
    suspends: Option<(Index, i64, i64)>,
    /// What it extends, to how many days after it takes effect.
    extends: Option<(Index, i64)>,
    /// What it corrects by some term that it adds, if that is wanted and it adds one; else what it
    /// annuls.
    undoes: Option<(Index, bool)>,
}

pub(crate) fn amendment() -> impl Strategy<Value = Amendment> {
    let maybe = 0.25;
    let changes = (
        proptest::option::weighted(maybe, (any::<Index>(), -2..4_i64, 1..6_i64)),
        proptest::option::weighted(maybe, (any::<Index>(), -1..9_i64)),
        proptest::option::weighted(maybe, (any::<Index>(), any::<bool>())),
    );
    (
        1..5_i64,
        proptest::option::weighted(0.2, 1..6_i64),
        -1..4_i64,
        prop::collection::vec(seed(), 0..=4),
        prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(option(), 1..=2)],
        prop::collection::vec(any::<Index>(), 0..=1),
        any::<bool>(),
        changes,
    )
        .prop_map(|(after, lasts, recorded, adds, options, ends, replaces, changes)| {
            Amendment {
                after,
                lasts,
                recorded,
                adds,
                options,
                ends,
                replaces,
                suspends: changes.0,
                extends: changes.1,
                undoes: changes.2,
            }
        })
}

fn fact_record() -> impl Strategy<Value = FactRecord> {
    let facts: Vec<&str> = FACTS.iter().map(|(name, _)| *name).chain(READINGS).collect();
    (select(facts), prop::bool::weighted(0.7), 0..12_i64, -1..4_i64).prop_map(
        |(name, holds, from, recorded)| FactRecord {
            fact: fact(name),
            holds,
            from: day(from),
            recorded: day(from + recorded),
            provenance: provenance(),
            position: position(0),
        },
    )
}

fn measure() -> impl Strategy<Value = Measure> {
    (0..9_u64, 0..9_u64, 0..12_i64, -1..4_i64).prop_map(|(counted, rest, from, recorded)| Measure {
        fact: fact(MEASURED),
        counted,
        total: counted + rest,
        from: day(from),
        recorded: day(from + recorded),
        provenance: provenance(),
        position: position(0),
    })
}

/// Some time on a day: before and after midnight in the zones of the calendars.
fn hour() -> impl Strategy<Value = i64> {
    prop_oneof![3 => Just(0), 1 => select(vec![4 * 3_600, 14 * 3_600, 16 * 3_600])]
}

/// An offer before its first refusal is chosen.
fn offer() -> impl Strategy<Value = (Index, Offer)> {
    let place_of = proptest::option::of(select(PLACES.to_vec()).prop_map(|(name, _)| place(name)));
    let what = select(vec![Election::Accepted, Election::Declined]);
    let election = proptest::option::of((what, 0..6_i64, -1..3_i64));
    let price = || (1..4_i128).prop_map(|units| Money { minor: units, currency: usd() });
    let sale = (some_party(), price(), 0..10_i64, -1..3_i64);
    let sale = (proptest::option::of(price()), proptest::option::of(sale));
    (any::<Index>(), place_of, (0..10_i64, hour()), election, -1..3_i64, sale).prop_map(
        |(index, place, (notice, hour), election, recorded, (price, sale))| {
            let later = |days: i64| day(notice + days).plus_seconds(hour);
            let sale = sale.map(|(party, price, after, recorded)| {
                let (at, recorded) = (later(after), day(notice + after + recorded));
                Sale { party, price, at, recorded }
            });
            let offer = Offer {
                content: None,
                price,
                sale,
                term: Cited { value: term_id("none"), position: position(0) },
                place,
                notice: later(0),
                election: election.map(|(what, after, recorded)| {
                    elected(what, later(after), day(notice + after + recorded))
                }),
                recorded: day(notice + recorded),
                provenance: provenance(),
                position: position(0),
            };
            (index, offer)
        },
    )
}

/// What a consent is limited to: some parts of a scope.
fn limits() -> impl Strategy<Value = Limits> {
    (scope(), prop::array::uniform5(any::<bool>())).prop_map(|(scope, is_limited)| {
        let (mut limits, [action, object, whom, purpose, place]) = (Limits::default(), is_limited);
        if action {
            limits.actions = scope.actions;
        }
        if object {
            limits.objects = scope.objects;
        }
        if whom {
            limits.beneficiary = scope.beneficiary;
        }
        if purpose {
            limits.purposes = scope.purposes;
        }
        if place {
            limits.places = scope.places;
        }
        limits
    })
}

/// A consent before the term is chosen.
fn consent() -> impl Strategy<Value = (Index, Consent)> {
    let limits = prop_oneof![Just(Limits::default()), limits()];
    (any::<Index>(), parties(), limits, 0..10_i64, 1..8_i64, -1..3_i64).prop_map(
        |(index, actor, limits, start, lasts, recorded)| {
            let consent = Consent {
                id: term_id("none"),
                by: party("lab"),
                to: Cited { value: term_id("none"), position: position(0) },
                actor,
                limits,
                window: Window::new(day(start), day(start + lasts)).expect("it lasts a day"),
                recorded: day(start + recorded),
                provenance: provenance(),
                position: position(0),
            };
            (index, consent)
        },
    )
}

/// Random deals: several agreements in versions, with a record, that pass the check.
pub(crate) fn deal() -> impl Strategy<Value = Deal> {
    let agreements = prop::collection::vec(prop::collection::vec(amendment(), 1..=3), 1..=3);
    let record = (
        prop::collection::vec(fact_record(), 0..=4),
        prop::collection::vec(offer(), 0..=4),
        prop::collection::vec(consent(), 0..=2),
        0..20_i64,
        prop::collection::vec(measure(), 0..=3),
    );
    let silences = vec![Silence::Liberty, Silence::Prohibited];
    (agreements, record, select(silences.clone()), select(silences)).prop_filter_map(
        "the check refuses it",
        |(agreements, (facts, offers, consents, complete_to, measures), otherwise, build)| {
            let mut draft = Build::new(otherwise).draft;
            draft.vocabulary = names();
            draft.silence.actions.insert(action("build"), build);
            for amendments in agreements {
                for (count, amendment) in amendments.into_iter().enumerate() {
                    let onto = if count == 0 { Onto::NewAgreement } else { Onto::LastAgreement };
                    amend(&mut draft, onto, amendment);
                }
            }
            draft.record.complete_to = day(complete_to);
            draft.record.facts = facts;
            draft.record.measures = measures;
            add_offers(&mut draft, offers);
            add_consents(&mut draft, consents);
            repaired(draft, |_, _| true)
        },
    )
}

/// What an amendment is added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Onto {
    NewAgreement,
    LastAgreement,
}

/// Adds a version.
pub(crate) fn amend(draft: &mut Draft, onto: Onto, amendment: Amendment) {
    if onto == Onto::NewAgreement {
        let count = draft.agreements.len();
        draft.agreements.push(Agreement {
            id: comity_base::AgreementId::new(&format!("agreement-{count}")).expect("a good id"),
            name: String::from("agreement"),
            parties: PARTIES.map(party).into(),
            versions: Vec::new(),
        });
    }
    let mut line = next_line(draft);
    let mut earlier: Vec<(TermId, TermKind)> =
        terms(draft).map(|term| (term.id.clone(), term.kind.clone())).collect();
    let agreement = draft.agreements.last_mut().expect("there is one by now");
    let start = agreement.versions.last().map_or(day(0), |it| it.effective.start());
    let start = start.plus_seconds(amendment.after * Instant::DAY);
    let end = amendment.lasts.map_or(Instant::MAX, |it| start.plus_seconds(it * Instant::DAY));
    let (mut held, valid) = in_force(agreement, start);
    let mut changes = Changes::default();
    let pick =
        |index: &Index, of: &[TermId]| (!of.is_empty()).then(|| cite(index.get(of).clone(), line));
    if let Some((term, after, lasts)) =
        amendment.suspends.and_then(|it| Some((pick(&it.0, &held)?, it.1, it.2)))
    {
        let from = start.plus_seconds(after * Instant::DAY);
        let window = Window::new(from, from.plus_seconds(lasts * Instant::DAY));
        let window = window.expect("it lasts a day");
        changes.suspends.push(Suspension { term, window });
    }
    if let Some((term, to)) = amendment.extends.and_then(|it| Some((pick(&it.0, &held)?, it.1))) {
        changes.extends.push(Extension { term, to: start.plus_seconds(to * Instant::DAY) });
    }
    let undone = amendment
        .undoes
        .as_ref()
        .and_then(|(index, by)| Some((pick(index, &valid)?, by.then_some(*index))));
    held.retain(|id| undone.as_ref().is_none_or(|(gone, _)| &gone.value != id));
    let mut adds = Vec::new();
    for seed in amendment.adds {
        line += 1;
        let id = format!("t{line}");
        let mut overrides: Vec<TermId> = Vec::new();
        for index in &seed.overrides {
            let able: Vec<&TermId> = earlier
                .iter()
                .filter(|(_, kind)| has_effect(&seed.kind, kind))
                .map(|(id, _)| id)
                .collect();
            overrides.extend((!able.is_empty()).then(|| (*index.get(&able)).clone()));
        }
        let (from, to, survives, guards) = (seed.from, seed.to, seed.survives, seed.guards);
        let overrides = overrides.into_iter().map(|value| cite(value, line)).collect();
        let term = term(&id, seed.kind);
        earlier.push((term.id.clone(), term.kind.clone()));
        let position = position(line);
        adds.push(Term { from, to, survives, guards, overrides, position, ..term });
    }
    line = add_options(&mut draft.record.exercises, &mut adds, start, line, amendment.options);
    match undone {
        Some((term, Some(right))) if !adds.is_empty() => {
            let by = vec![cite(right.get(&adds).id.clone(), line)];
            changes.corrects.push(Replacement { term, by });
        }
        Some((term, _)) => changes.annuls.push(term),
        None => {}
    }
    let (mut ends, mut replaces) = (Vec::new(), Vec::new());
    for index in amendment.ends.iter().take(held.len()) {
        let gone = cite(held.remove(index.index(held.len())), line);
        if amendment.replaces && !adds.is_empty() {
            let by = vec![cite(adds[0].id.clone(), line)];
            replaces.push(Replacement { term: gone, by });
        } else {
            ends.push(gone);
        }
    }
    line += 1;
    agreement.versions.push(Version {
        id: VersionId::new(&format!("v{}-{line}", agreement.versions.len())).expect("a good id"),
        executed: start,
        effective: Window::new(start, end).expect("it lasts a day"),
        recorded: start.plus_seconds(amendment.recorded * Instant::DAY),
        adds,
        replaces,
        ends,
        changes,
        position: position(line),
    });
}

/// Adds options with their exercises; gives the last line.
fn add_options(
    exercises: &mut Vec<Exercise>,
    adds: &mut Vec<Term>,
    start: Instant,
    mut line: u32,
    options: Vec<OptionSeed>,
) -> u32 {
    for seed in options {
        line += 1;
        let id = format!("t{line}");
        exercises.extend(seed.exercise.map(|days| exercise(&id, &seed.holder, start, days)));
        let option = option_of(adds, &id, line, seed);
        adds.extend(option);
    }
    line
}

/// An option for some of these terms that no other brings, if there is one.
fn option_of(adds: &[Term], id: &str, line: u32, seed: OptionSeed) -> Option<Term> {
    let options = adds.iter().filter_map(|it| {
        let TermKind::Option(right) = &it.kind else { return None };
        Some(right)
    });
    let taken: BTreeSet<&TermId> =
        options.flat_map(|right| &right.brings).map(|it| &it.value).collect();
    let free: Vec<&TermId> =
        adds.iter().map(|it| &it.id).filter(|it| !taken.contains(it)).collect();
    let brings = seed.brings.iter().filter(|_| !free.is_empty()).map(|it| (*it.get(&free)).clone());
    let brings: BTreeSet<TermId> = brings.collect();
    let kind = TermKind::Option(OptionRight {
        holder: seed.holder,
        grantor: party("lab"),
        brings: brings.into_iter().map(|it| cite(it, line)).collect(),
        notice_days: seed.notice_days,
        calendar: seed.calendar,
    });
    let (from, to, guards) = (seed.from, seed.to, seed.guards);
    let position = position(line);
    (!free.is_empty()).then(|| Term { from, to, guards, position, ..term(id, kind) })
}

fn exercise(
    id: &str,
    by: &PartyId,
    start: Instant,
    (after, hour, recorded): (i64, i64, i64),
) -> Exercise {
    let on = start.plus_seconds(after * Instant::DAY + hour);
    Exercise {
        option: cite(term_id(id), 0),
        by: by.clone(),
        on,
        recorded: on.plus_seconds(recorded * Instant::DAY),
        provenance: provenance(),
        position: position(0),
    }
}

/// Leaves out the exercises that the check would refuse.
fn leave_out_unfounded(draft: &mut Draft) {
    let mut all = std::mem::take(&mut draft.record.exercises);
    all.sort_by_key(|it| it.on);
    for exercise in all {
        draft.record.exercises.push(exercise);
        let Err(problems) = Deal::new(draft.clone()) else { continue };
        let mends = |it: &Problem| matches!(it.kind, ProblemKind::Contradiction { .. });
        if !problems.iter().all(mends) {
            draft.record.exercises.pop();
        }
    }
}

fn cite(value: TermId, line: u32) -> Cited<TermId> {
    Cited { value, position: position(line) }
}

pub(crate) fn next_line(draft: &Draft) -> u32 {
    terms(draft).map(|term| term.position.line).max().unwrap_or(0) + 1
}

pub(crate) fn terms(draft: &Draft) -> impl Iterator<Item = &Term> {
    let versions = draft.agreements.iter().flat_map(|agreement| &agreement.versions);
    versions.flat_map(|version| &version.adds)
}

/// What an amendment that takes effect then may end, suspend or extend, and what it may correct or
/// annul.
fn in_force(agreement: &Agreement, at: Instant) -> (Vec<TermId>, Vec<TermId>) {
    let (mut held, mut valid): (Vec<&Term>, Vec<TermId>) = (Vec::new(), Vec::new());
    let mut extended: BTreeMap<&TermId, Instant> = BTreeMap::new();
    let mut until = Instant::MAX;
    let runs = |term: &Term, extended: &BTreeMap<&TermId, Instant>, at| {
        extended.get(&term.id).copied().or(term.to).is_none_or(|to| to >= at)
    };
    for version in &agreement.versions {
        if until < version.effective.start() {
            held.clear();
        }
        // A version that says nothing of the end keeps it.
        let (start, end) = (version.effective.start(), version.effective.end());
        until = if end < Instant::MAX || until <= start { end } else { until };
        held.retain(|term| runs(term, &extended, version.effective.start()));
        let changes = &version.changes;
        extended.extend(changes.extends.iter().map(|it| (&it.term.value, it.to)));
        let undone = changes.corrects.iter().map(|it| &it.term).chain(&changes.annuls);
        let undone: Vec<&TermId> = undone.map(|it| &it.value).collect();
        let replaced = version.replaces.iter().map(|it| &it.term);
        let gone: Vec<&TermId> = version.ends.iter().chain(replaced).map(|it| &it.value).collect();
        held.retain(|term| !gone.contains(&&term.id) && !undone.contains(&&term.id));
        valid.retain(|id| !undone.contains(&id));
        held.extend(&version.adds);
        valid.extend(version.adds.iter().map(|term| term.id.clone()));
    }
    held.retain(|term| until >= at && runs(term, &extended, at));
    (held.into_iter().map(|term| term.id.clone()).collect(), valid)
}

fn permits(kind: &TermKind) -> bool {
    matches!(kind, TermKind::Exclusivity(_) | TermKind::Permission(_))
}

fn forbids(kind: &TermKind) -> bool {
    matches!(kind, TermKind::Exclusivity(_) | TermKind::Prohibition(_))
}

fn has_effect(kind: &TermKind, on: &TermKind) -> bool {
    let waits = matches!(on, TermKind::FirstRefusal(_) | TermKind::Clause(Some(_)));
    (permits(kind) && (forbids(on) || waits)) || (forbids(kind) && permits(on))
}

fn add_offers(draft: &mut Draft, offers: Vec<(Index, Offer)>) {
    let rights: Vec<TermId> = terms(draft)
        .filter(|term| matches!(term.kind, TermKind::FirstRefusal(_)))
        .map(|term| term.id.clone())
        .collect();
    for (index, offer) in offers.into_iter().filter(|_| !rights.is_empty()) {
        let term = cite(index.get(&rights).clone(), 0);
        draft.record.offers.push(Offer { term, ..offer });
    }
}

fn add_consents(draft: &mut Draft, consents: Vec<(Index, Consent)>) {
    let of = |term: &Term, party: &PartyId, scope: &Scope| {
        Some((term.id.clone(), party.clone(), scope.clone()))
    };
    let owed: Vec<(TermId, PartyId, Scope)> = terms(draft)
        .filter_map(|term| match &term.kind {
            TermKind::Exclusivity(it) => of(term, &it.holder, &it.scope),
            TermKind::Prohibition(it) => of(term, &it.owed_to, &it.scope),
            TermKind::FirstRefusal(it) => of(term, &it.holder, &it.scope),
            TermKind::Permission(_)
            | TermKind::Option(_)
            | TermKind::Duty(_)
            | TermKind::Guarantee(_)
            | TermKind::Clause(_)
            | TermKind::RevenueShare(_)
            | TermKind::Commitment(_)
            | TermKind::Discount(_)
            | TermKind::Credit(_)
            | TermKind::CostSplit(_)
            | TermKind::Equity(_)
            | TermKind::CapitalCommitment(_)
            | TermKind::Governance(_)
            | TermKind::TechnologyPartner(_)
            | TermKind::Capacity(_) => None,
        })
        .collect();
    for (count, (index, consent)) in consents.into_iter().enumerate() {
        if owed.is_empty() {
            continue;
        }
        let (to, by, scope) = index.get(&owed).clone();
        let speaks = consent.limits.overlap(&scope, &draft.vocabulary);
        let limits = if speaks { consent.limits.clone() } else { Limits::default() };
        let id = term_id(&format!("consent-{count}"));
        draft.record.consents.push(Consent { id, by, to: cite(to, 0), limits, ..consent });
    }
}

/// Lets the later of two contradicting terms override the earlier, until the check is content;
/// gives up where the two may not be touched.
pub(crate) fn repaired(
    mut draft: Draft,
    may_touch: impl Fn(&TermId, &TermId) -> bool,
) -> Option<Deal> {
    leave_out_unfounded(&mut draft);
    for _ in 0..8 {
        let problems = match Deal::new(draft.clone()) {
            Ok(deal) => return Some(deal),
            Err(problems) => problems,
        };
        for problem in problems {
            let ProblemKind::Contradiction { permits, forbids, .. } = problem.kind else {
                panic!("the generator makes no such problem: {problem:?}");
            };
            let line = |id: &TermId| {
                terms(&draft).find(|term| &term.id == id).map(|term| term.position.line)
            };
            let (later, earlier) = if line(&permits) > line(&forbids) {
                (permits, forbids)
            } else {
                (forbids, permits)
            };
            if !may_touch(&later, &earlier) {
                return None;
            }
            add_override(&mut draft, &later, &earlier);
        }
    }
    None
}

pub(crate) fn add_override(draft: &mut Draft, later: &TermId, earlier: &TermId) {
    let versions = draft.agreements.iter_mut().flat_map(|agreement| &mut agreement.versions);
    for term in versions.flat_map(|version| &mut version.adds) {
        if &term.id == later {
            term.overrides.push(cite(earlier.clone(), term.position.line));
        }
    }
}

/// Requests that say everything.
pub(crate) fn full_request() -> impl Strategy<Value = Request> {
    let named = |names: &[(&'static str, Option<&str>)]| {
        select(names.iter().map(|(name, _)| *name).collect::<Vec<_>>())
    };
    (
        some_party(),
        select(ACTIONS[..2].to_vec()).prop_map(action),
        named(&OBJECTS).prop_map(object),
        some_party(),
        named(&PURPOSES).prop_map(purpose),
        named(&PLACES).prop_map(place),
        proptest::option::weighted(0.7, 0..9_u64),
        (days(0..16), hour()),
    )
        .prop_map(|(party, action, object, beneficiary, purpose, place, amount, at)| Request {
            amount,
            party,
            action,
            object,
            beneficiary: Some(beneficiary),
            purpose: Some(purpose),
            place: Some(place),
            at: at.0.plus_seconds(at.1),
        })
}

/// Requests that may leave something out.
pub(crate) fn request() -> impl Strategy<Value = Request> {
    let says = || prop::bool::weighted(0.7);
    (full_request(), says(), says(), says()).prop_map(|(full, whom, why, place)| Request {
        beneficiary: full.beneficiary.filter(|_| whom),
        purpose: full.purpose.filter(|_| why),
        place: full.place.filter(|_| place),
        ..full
    })
}

pub(crate) fn known() -> impl Strategy<Value = Known> {
    prop_oneof![2 => Just(Known::ALL), 1 => days(0..16).prop_map(Known)]
}
