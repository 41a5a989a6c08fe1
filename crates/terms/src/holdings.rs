//! Which terms hold when: what versions and exercises of options on record come to.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{Instant, Known, TermId, Window};

use crate::deal::{Agreement, Draft, Version};
use crate::record::Record;
use crate::rules::{Holding, join};
use crate::term::{Term, TermKind};
use crate::vocabulary::Vocabulary;

/// Which exercises of options count.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Exercises<'a> {
    /// Those on record.
    OnRecord,
    /// Those on record, and this one.
    AndThis {
        /// The option.
        option: &'a TermId,
        /// When it would be exercised.
        on: Instant,
    },
    /// Those on record, and of every other option one as early as can be.
    AndPossible,
}

/// The terms that hold, and when options were exercised.
pub(crate) struct Held<'d> {
    pub(crate) holdings: Vec<Holding<'d>>,
    pub(crate) exercised: BTreeMap<&'d TermId, Instant>,
}

/// Every term of the versions that were known, with the period in which it holds.
pub(crate) fn holdings<'d>(deal: &'d Draft, known: Known, exercises: Exercises<'_>) -> Held<'d> {
    let mut held = Held { holdings: Vec::new(), exercised: BTreeMap::new() };
    for agreement in &deal.agreements {
        let part = agreement_holdings(deal, agreement, known, exercises);
        held.holdings.extend(part.holdings);
        held.exercised.extend(part.exercised);
    }
    held
}

fn agreement_holdings<'d>(
    deal: &'d Draft,
    agreement: &'d Agreement,
    known: Known,
    exercises: Exercises<'_>,
) -> Held<'d> {
    let versions: Vec<&Version> =
        agreement.versions.iter().filter(|version| version.recorded <= known.0).collect();
    let book = Book {
        agreement,
        ends: ends(&versions),
        added_by: added_by(&versions),
        fates: Fates::of(&versions),
        brought_by: brought_by(&versions),
        versions,
    };
    // When each option was exercised, and from when on what it brings holds.
    let (mut exercised, mut effects) = (BTreeMap::new(), BTreeMap::new());
    loop {
        let holdings = book.holdings(&effects);
        // What one option brings may be another.
        let found = first_exercise(deal, known, exercises, &holdings, &exercised);
        let Some((option, on, effect)) = found else { return Held { holdings, exercised } };
        exercised.insert(option, on);
        effects.insert(option, effect);
    }
}

/// The first exercise that counts of an option that was not exercised before, with when what it
/// brings begins to hold.
fn first_exercise<'d>(
    deal: &Draft,
    known: Known,
    exercises: Exercises<'_>,
    holdings: &[Holding<'d>],
    exercised: &BTreeMap<&'d TermId, Instant>,
) -> Option<(&'d TermId, Instant, Instant)> {
    let mut possible = Vec::new();
    for holding in holdings {
        let TermKind::Option(right) = &holding.term.kind else { continue };
        let id = &holding.term.id;
        if exercised.contains_key(id) {
            continue;
        }
        let recorded = deal.record.exercises.iter().filter(|it| it.recorded <= known.0);
        let mine = recorded.filter(|it| &it.option.value == id).map(|it| it.on);
        let supposed = match exercises {
            Exercises::AndThis { option, on } if option == id => Some(on),
            Exercises::AndThis { .. } | Exercises::OnRecord | Exercises::AndPossible => None,
        };
        let counts = |on: &Instant| {
            holding.window.contains(*on) && !kept_from(holding.term, *on, known, deal)
        };
        let first = mine.chain(supposed).filter(counts).min();
        possible.extend(first.map(|on| (id, on, right.takes_effect(on))));
    }
    let first = possible.into_iter().min_by_key(|(_, on, _)| *on);
    match exercises {
        Exercises::OnRecord | Exercises::AndThis { .. } => first,
        Exercises::AndPossible => first.or_else(|| {
            let options = holdings.iter().filter_map(|holding| {
                let TermKind::Option(right) = &holding.term.kind else { return None };
                let (id, on) = (&holding.term.id, holding.window.start());
                Some((id, on, right.takes_effect(on)))
            });
            options.filter(|(id, ..)| !exercised.contains_key(id)).min_by_key(|(_, on, _)| *on)
        }),
    }
}

/// Whether a guard of a term is known not to be met.
fn kept_from(term: &Term, at: Instant, known: Known, deal: &Draft) -> bool {
    let Draft { record, vocabulary, .. } = deal;
    term.guards.iter().any(|guard| holds(record, vocabulary, guard, at, known) == Some(false))
}

/// Whether a guard is met by what is on record; `None` when that is not known.
pub(crate) fn holds(
    record: &Record,
    vocabulary: &Vocabulary,
    guard: &crate::term::Guard,
    at: Instant,
    known: Known,
) -> Option<bool> {
    let fact = vocabulary.facts.get(&guard.fact)?;
    Some(record.fact(&guard.fact, fact, at, known)? == guard.holds)
}

/// The versions of an agreement that were known, with what they come to.
struct Book<'d> {
    agreement: &'d Agreement,
    versions: Vec<&'d Version>,
    /// When the agreement ends, as agreed with each version.
    ends: Vec<Instant>,
    added_by: BTreeMap<&'d TermId, usize>,
    fates: Fates<'d>,
    /// The option that brings a term, for each that one does.
    brought_by: BTreeMap<&'d TermId, &'d TermId>,
}

impl<'d> Book<'d> {
    /// The terms with the periods in which they hold, given from when on those hold that each
    /// exercised option brings.
    fn holdings(&self, effects: &BTreeMap<&TermId, Instant>) -> Vec<Holding<'d>> {
        let fates = &self.fates;
        let mut holdings = Vec::new();
        for (index, version) in self.versions.iter().enumerate() {
            for term in &version.adds {
                if fates.gone.contains(&term.id) {
                    continue;
                }
                // What stands right holds for as long as what was written down wrongly.
                let corrected = fates.in_place_of.get(&term.id).copied();
                let wrong_by = corrected.and_then(|wrong| self.added_by.get(wrong)).copied();
                let from = wrong_by.unwrap_or(index);
                let option = self.option_of(&term.id, corrected);
                let brought = match option.map(|option| effects.get(option)) {
                    None => Instant::MIN,
                    Some(Some(effect)) => *effect,
                    // What an option brings does not hold before its exercise.
                    Some(None) => continue,
                };
                let own_start = term.from.unwrap_or(Instant::MIN);
                let start = own_start.max(self.versions[from].effective.start()).max(brought);
                let own_end = fates.extended.get(&term.id).copied().or(term.to);
                let own_end = own_end.unwrap_or(Instant::MAX);
                let ended = |id: &TermId| fates.ended.get(id).copied().unwrap_or(Instant::MAX);
                let runs_out = if term.survives { Instant::MAX } else { self.runs_out(from) };
                let until =
                    ended(&term.id).min(corrected.map_or(Instant::MAX, ended)).min(runs_out);
                // A term that was ended before it began never holds.
                let Ok(own) = Window::new(start, own_end) else { continue };
                let Ok(window) = Window::new(start, own_end.min(until)) else { continue };
                for window in fates.unsuspended(&term.id, window) {
                    let (agreement, version) = (&self.agreement.id, &version.id);
                    holdings.push(Holding { agreement, version, term, window, own });
                }
            }
        }
        holdings
    }

    /// The option that brings a term, or the wrong one in whose place it stands.
    fn option_of(&self, term: &TermId, corrected: Option<&TermId>) -> Option<&'d TermId> {
        let wrong = || self.brought_by.get(corrected?);
        self.brought_by.get(term).or_else(wrong).copied()
    }

    /// When the agreement runs out that has these versions from some version on: where one ends
    /// before the next begins. A version that comes later brings its own terms and does not revive
    /// the old ones.
    fn runs_out(&self, from: usize) -> Instant {
        let mut later = from..self.versions.len();
        let gap = later.find(|&index| {
            let next = self.versions.get(index + 1);
            next.is_none_or(|next| self.ends[index] < next.effective.start())
        });
        gap.map_or(Instant::MAX, |index| self.ends[index])
    }
}

/// When an agreement ends, as agreed with each of its versions: when the version says or, where it
/// says nothing and begins before that, when it was to end before.
pub(crate) fn ends(versions: &[&Version]) -> Vec<Instant> {
    let mut end = Instant::MAX;
    let agreed = versions.iter().map(|version| {
        let says_nothing = version.effective.end() == Instant::MAX;
        if !says_nothing || end <= version.effective.start() {
            end = version.effective.end();
        }
        end
    });
    agreed.collect()
}

/// The version that added each term.
fn added_by<'d>(versions: &[&'d Version]) -> BTreeMap<&'d TermId, usize> {
    let mut found = BTreeMap::new();
    for (index, version) in versions.iter().enumerate() {
        for term in &version.adds {
            found.entry(&term.id).or_insert(index);
        }
    }
    found
}

fn brought_by<'d>(versions: &[&'d Version]) -> BTreeMap<&'d TermId, &'d TermId> {
    let mut found = BTreeMap::new();
    for term in versions.iter().flat_map(|version| &version.adds) {
        if let TermKind::Option(right) = &term.kind {
            found.extend(right.brings.iter().map(|brought| (&brought.value, &term.id)));
        }
    }
    found
}

/// What versions that are known do to terms of others.
struct Fates<'d> {
    /// When a term ends because a later version ends or replaces it.
    ended: BTreeMap<&'d TermId, Instant>,
    /// When a term ends by its own words as extended; the last extension counts.
    extended: BTreeMap<&'d TermId, Instant>,
    suspended: Vec<(&'d TermId, Window)>,
    /// Terms that were annulled, or written down wrongly.
    gone: BTreeSet<&'d TermId>,
    /// The wrong term for each right one.
    in_place_of: BTreeMap<&'d TermId, &'d TermId>,
}

impl<'d> Fates<'d> {
    fn of(versions: &[&'d Version]) -> Self {
        let mut fates = Self {
            ended: BTreeMap::new(),
            extended: BTreeMap::new(),
            suspended: Vec::new(),
            gone: BTreeSet::new(),
            in_place_of: BTreeMap::new(),
        };
        for version in versions.iter().rev() {
            let replaced = version.replaces.iter().map(|replacement| &replacement.term);
            for term in version.ends.iter().chain(replaced) {
                fates.ended.insert(&term.value, version.effective.start());
            }
        }
        for version in versions {
            let changes = &version.changes;
            for extension in &changes.extends {
                fates.extended.insert(&extension.term.value, extension.to);
            }
            let suspended = changes.suspends.iter().map(|it| (&it.term.value, it.window));
            fates.suspended.extend(suspended);
            fates.gone.extend(changes.annuls.iter().map(|it| &it.value));
            for correction in &changes.corrects {
                fates.gone.insert(&correction.term.value);
                for right in &correction.by {
                    // What corrects a correction stands where the first one stood.
                    let wrong = &correction.term.value;
                    let wrong = fates.in_place_of.get(wrong).copied().unwrap_or(wrong);
                    fates.in_place_of.insert(&right.value, wrong);
                }
            }
        }
        fates
    }

    /// The parts of a window in which a term is not suspended.
    fn unsuspended(&self, term: &TermId, window: Window) -> Vec<Window> {
        let mine: Vec<Window> = self
            .suspended
            .iter()
            .filter(|(id, _)| *id == term)
            .map(|(_, window)| *window)
            .collect();
        let cuts = mine.iter().flat_map(|window| [window.start(), window.end()]);
        let parts = window.cut(cuts).into_iter();
        join(parts.filter(|part| !mine.iter().any(|it| it.contains(part.start()))).collect())
    }
}
