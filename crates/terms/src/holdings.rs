//! Which terms hold when: what versions and exercises of options on record come to.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{Instant, Known, TermId, Window};

use crate::deal::{Agreement, Draft, Version};
use crate::money::{Ended, Life};
use crate::record::Record;
use crate::rules::{Footing, Holding, join};
use crate::term::{Guard, TermKind};
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

/// The terms that hold, and how options were exercised.
pub(crate) struct Held<'d> {
    pub(crate) holdings: Vec<Holding<'d>>,
    pub(crate) exercised: BTreeMap<&'d TermId, Exercised<'d>>,
}

/// The exercise of an option.
#[derive(Debug, Clone)]
pub(crate) struct Exercised<'d> {
    pub(crate) on: Instant,
    /// From when on what the option brings holds.
    effect: Instant,
    /// What the exercise has to rest on.
    pub(crate) footings: Vec<Footing<'d>>,
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
        deal,
        known,
        agreement,
        ends: ends(&versions),
        added_by: added_by(&versions),
        fates: Fates::of(&versions),
        brought_by: brought_by(&versions),
        versions,
    };
    let mut exercised = BTreeMap::new();
    loop {
        let holdings = book.holdings(&exercised);
        // What one option brings may be another.
        let Some((option, found)) = book.first_exercise(exercises, &holdings, &exercised) else {
            return Held { holdings, exercised };
        };
        exercised.insert(option, found);
    }
}

/// Whether a guard is met by what is on record; `None` when that is not known.
pub(crate) fn holds(
    record: &Record,
    vocabulary: &Vocabulary,
    guard: &Guard,
    at: Instant,
    known: Known,
) -> Option<bool> {
    let fact = vocabulary.facts.get(&guard.fact)?;
    Some(record.fact(&guard.fact, fact, at, known)? == guard.holds)
}

/// The versions of an agreement that were known, with what they come to.
struct Book<'d> {
    deal: &'d Draft,
    known: Known,
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
    /// The first exercise that counts of an option that was not exercised before.
    fn first_exercise(
        &self,
        exercises: Exercises<'_>,
        holdings: &[Holding<'d>],
        exercised: &BTreeMap<&'d TermId, Exercised<'d>>,
    ) -> Option<(&'d TermId, Exercised<'d>)> {
        let mut possible = Vec::new();
        let mut supposable = Vec::new();
        for holding in holdings {
            let TermKind::Option(right) = &holding.term.kind else { continue };
            let id = &holding.term.id;
            if exercised.contains_key(id) {
                continue;
            }
            // An exercise of what was written down wrongly is one of what stands in its place.
            let names = self.fates.stands_for(id);
            let recorded =
                self.deal.record.exercises.iter().filter(|it| it.recorded <= self.known.0);
            let mine = recorded
                .filter(|it| names.contains(&&it.option.value) && it.by == right.holder)
                .map(|it| it.on);
            let counts = |on: &Instant| holding.window.contains(*on);
            let first = match exercises {
                Exercises::AndThis { option, on } if option == id && counts(&on) => Some(on),
                Exercises::AndThis { .. } | Exercises::OnRecord | Exercises::AndPossible => {
                    mine.filter(counts).min()
                }
            };
            let effect = |on| right.takes_effect(on);
            possible.extend(first.map(|on| {
                let footings = holding.hangs_on(on).collect();
                (id, Exercised { on, effect: effect(on), footings })
            }));
            // What is only supposed rests on nothing.
            let on = holding.window.start();
            supposable.push((id, Exercised { on, effect: effect(on), footings: Vec::new() }));
        }
        let first = possible.into_iter().min_by_key(|(_, it)| it.on);
        match exercises {
            Exercises::OnRecord | Exercises::AndThis { .. } => first,
            Exercises::AndPossible => {
                first.or_else(|| supposable.into_iter().min_by_key(|(_, it)| it.on))
            }
        }
    }

    /// The terms with the periods in which they hold, given which options were exercised.
    fn holdings(&self, exercised: &BTreeMap<&TermId, Exercised<'d>>) -> Vec<Holding<'d>> {
        let fates = &self.fates;
        let mut holdings = Vec::new();
        for (index, version) in self.versions.iter().enumerate() {
            for term in &version.adds {
                // What stands right holds for as long as what was written down wrongly: what
                // versions do to the one they do to the other.
                let names = fates.stands_for(&term.id);
                if fates.is_undone(&term.id, &names) {
                    continue;
                }
                let added = names.iter().filter_map(|id| self.added_by.get(id));
                let from = added.min().copied().unwrap_or(index);
                let option = names.iter().find_map(|id| self.brought_by.get(id)).copied();
                let (brought, footings) = match option.map(|option| exercised.get(option)) {
                    None => (Instant::MIN, &[][..]),
                    Some(Some(it)) => (it.effect, &it.footings[..]),
                    // What an option brings does not hold before its exercise.
                    Some(None) => continue,
                };
                let own_start = term.from.unwrap_or(Instant::MIN);
                let start = own_start.max(self.versions[from].effective.start()).max(brought);
                let own_end = fates.extended(&names).or(term.to).unwrap_or(Instant::MAX);
                let runs_out = if term.survives { Instant::MAX } else { self.runs_out(from) };
                let ended = names.iter().filter_map(|id| fates.ended.get(id)).min().copied();
                let until = ended.map_or(Instant::MAX, |(at, _)| at).min(runs_out);
                // A term that was ended before it began never holds.
                let Ok(own) = Window::new(start, own_end) else { continue };
                let Ok(window) = Window::new(start, own_end.min(until)) else { continue };
                let by_version = ended.filter(|(at, _)| *at == window.end()).map(|(_, how)| how);
                let ran_out = window.end() == runs_out && runs_out < own_end;
                let life = Life {
                    executed: version.executed,
                    ended: by_version.or(ran_out.then_some(Ended::RanOut)),
                };
                for window in fates.unsuspended(&names, window) {
                    let (agreement, version) = (&self.agreement.id, &version.id);
                    let footings = footings.to_vec();
                    holdings.push(Holding {
                        agreement,
                        version,
                        term,
                        window,
                        own,
                        life,
                        footings,
                    });
                }
            }
        }
        holdings
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

/// A term, and those that were written down wrongly in whose place it stands, given the wrong term
/// for each right one.
pub(crate) fn stands_for<'d>(
    in_place_of: &BTreeMap<&'d TermId, &'d TermId>,
    term: &'d TermId,
) -> Vec<&'d TermId> {
    let mut names = vec![term];
    // The check asks before it knows that corrections do not go round.
    while let Some(&wrong) = names.last().and_then(|id| in_place_of.get(id))
        && !names.contains(&wrong)
    {
        names.push(wrong);
    }
    names
}

/// What versions that are known do to terms of others.
struct Fates<'d> {
    /// When a term ends because a later version ends or replaces it, and which of the two.
    ended: BTreeMap<&'d TermId, (Instant, Ended)>,
    /// When a term ends by its own words as extended; the last extension counts.
    extended: Vec<(&'d TermId, Instant)>,
    suspended: Vec<(&'d TermId, Window)>,
    annulled: BTreeSet<&'d TermId>,
    /// Terms that were written down wrongly.
    corrected: BTreeSet<&'d TermId>,
    /// The wrong term for each right one.
    in_place_of: BTreeMap<&'d TermId, &'d TermId>,
}

impl<'d> Fates<'d> {
    fn of(versions: &[&'d Version]) -> Self {
        let mut fates = Self {
            ended: BTreeMap::new(),
            extended: Vec::new(),
            suspended: Vec::new(),
            annulled: BTreeSet::new(),
            corrected: BTreeSet::new(),
            in_place_of: BTreeMap::new(),
        };
        for version in versions.iter().rev() {
            let replaced = version.replaces.iter().map(|it| (&it.term, Ended::Superseded));
            let ended = version.ends.iter().map(|term| (term, Ended::Cancelled));
            for (term, how) in ended.chain(replaced) {
                fates.ended.insert(&term.value, (version.effective.start(), how));
            }
        }
        for version in versions {
            let changes = &version.changes;
            fates.extended.extend(changes.extends.iter().map(|it| (&it.term.value, it.to)));
            let suspended = changes.suspends.iter().map(|it| (&it.term.value, it.window));
            fates.suspended.extend(suspended);
            fates.annulled.extend(changes.annuls.iter().map(|it| &it.value));
            for correction in &changes.corrects {
                fates.corrected.insert(&correction.term.value);
                let by = correction.by.iter().map(|right| (&right.value, &correction.term.value));
                fates.in_place_of.extend(by);
            }
        }
        fates
    }

    /// A term, and those that were written down wrongly in whose place it stands.
    fn stands_for(&self, term: &'d TermId) -> Vec<&'d TermId> {
        stands_for(&self.in_place_of, term)
    }

    fn is_undone(&self, term: &TermId, names: &[&TermId]) -> bool {
        self.corrected.contains(term) || names.iter().any(|id| self.annulled.contains(id))
    }

    fn extended(&self, names: &[&TermId]) -> Option<Instant> {
        let mine = self.extended.iter().rev().find(|(id, _)| names.contains(id));
        mine.map(|(_, to)| *to)
    }

    /// The parts of a window in which a term is not suspended.
    fn unsuspended(&self, names: &[&TermId], window: Window) -> Vec<Window> {
        let mine: Vec<Window> = self
            .suspended
            .iter()
            .filter(|(id, _)| names.contains(id))
            .map(|(_, window)| *window)
            .collect();
        let cuts = mine.iter().flat_map(|window| [window.start(), window.end()]);
        let parts = window.cut(cuts).into_iter();
        join(parts.filter(|part| !mine.iter().any(|it| it.contains(part.start()))).collect())
    }
}
