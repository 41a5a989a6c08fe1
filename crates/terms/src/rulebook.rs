//! The rules compiled for deciding fast: interned names, periods between the instants at which
//! something changes, and bit sets of norms for each value that a request may have.
//!
//! A rulebook gives the answer, the verdict and the bounds that [`decide`](crate::decide()) gives,
//! with the ids of the terms that settle it; it gives no other reasons and no changes. It is a
//! value of its own and borrows nothing from the deal. The tests hold it against `decide`.
//!
//! Acts (an action on an object) of which the same norms may speak share a *topic*. A topic
//! numbers its norms, each after those that override it, and has for each party, beneficiary, purpose and
//! place the set of those that fit for certain and of those that fit perhaps; and, for each
//! *phase* of time in which nothing changes, the sets that depend on the instant alone: those
//! that are in force with their guards met, those whose condition is open, and where each first
//! refusal stands. A decision intersects these sets and then, in the order of the numbers, lets what is
//! live override.

mod cells;
mod compile;
mod names;
mod outcome;

use std::iter::FusedIterator;
use std::ops::Range;
use std::slice;

use comity_base::{ActionId, Instant, ObjectId, PartyId, PlaceId, PurposeId, TermId};

pub use self::cells::{Cell, Region, Unsaid};
use self::names::Names;
use self::outcome::{Conclusion, Effects};
use crate::decide::{Answer, Verdict};
use crate::rules::Rules;
use crate::scope::Request;
use crate::term::RatioTest;

/// A request as texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestStrs<'a> {
    /// Who acts.
    pub party: &'a str,
    /// What is done.
    pub action: &'a str,
    /// What it is done to.
    pub object: &'a str,
    /// For whom; not known when not named.
    pub beneficiary: Option<&'a str>,
    /// What for; not known when not named.
    pub purpose: Option<&'a str>,
    /// Where; not known when not named.
    pub place: Option<&'a str>,
    /// How much, in the unit of the condition that asks; not known when not named.
    pub amount: Option<u64>,
    /// When.
    pub at: Instant,
}

/// A request whose names one rulebook has looked up; it means nothing to any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    topic: u32,
    phase: u32,
    party: u32,
    beneficiary: u32,
    purpose: u32,
    place: u32,
    amount: Option<u64>,
}

/// An answer of a rulebook.
#[derive(Debug, Clone)]
pub struct Decided<'r> {
    /// The answer.
    pub answer: Answer,
    /// What the terms say.
    pub verdict: Verdict,
    /// Where the answer is undetermined: the answer at best and at worst for the asker.
    pub between: Option<(Answer, Answer)>,
    terms: &'r [TermId],
    live: Words,
}

impl Decided<'_> {
    /// The terms that settle the answer; none where they are silent.
    ///
    /// These are the terms of [`Decision::settling`](crate::Decision::settling), in an order that
    /// is the same each time: first those that no term overrides, then those that only such terms
    /// override and so on, and each of these by id.
    #[must_use]
    pub fn live(&self) -> LiveTerms<'_> {
        let words = self.live.as_slice();
        let (word, rest) = words.split_first().map_or((0, words), |(word, rest)| (*word, rest));
        LiveTerms { terms: self.terms, word, rest }
    }
}

/// The terms that settle an answer.
#[derive(Debug, Clone)]
pub struct LiveTerms<'a> {
    /// The terms of the word at hand and of those that follow.
    terms: &'a [TermId],
    word: u64,
    rest: &'a [u64],
}

impl<'a> Iterator for LiveTerms<'a> {
    type Item = &'a TermId;

    fn next(&mut self) -> Option<&'a TermId> {
        while self.word == 0 {
            let (word, rest) = self.rest.split_first()?;
            (self.word, self.rest) = (*word, rest);
            self.terms = self.terms.get(64..).unwrap_or_default();
        }
        let bit = self.word.trailing_zeros();
        self.word &= self.word - 1;
        self.terms.get(index(bit))
    }
}

impl FusedIterator for LiveTerms<'_> {}

/// Bit sets of up to 64 norms are kept in place.
#[derive(Debug, Clone)]
enum Words {
    One(u64),
    Many(Box<[u64]>),
}

impl Words {
    fn as_slice(&self) -> &[u64] {
        match self {
            Self::One(word) => slice::from_ref(word),
            Self::Many(words) => words,
        }
    }
}

/// The norms of a word that are triggered for certain, and those that are perhaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Mask {
    certain: u64,
    possible: u64,
}

impl Mask {
    const NONE: Self = Self { certain: 0, possible: 0 };

    fn and(self, other: Self) -> Self {
        Self { certain: self.certain & other.certain, possible: self.possible & other.possible }
    }

    fn without(self, norms: u64) -> Self {
        Self { certain: self.certain & !norms, possible: self.possible & !norms }
    }
}

/// The norms of a word by what depends on the instant alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Phase {
    mask: Mask,
    /// Those that permit under a condition of which it is not known whether it is met.
    open: u64,
}

/// The first refusals of a word by where they stand for a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rights {
    forbid: u64,
    wait: u64,
    /// Those that stand differently from place to place.
    differ: u64,
}

impl Rights {
    const NONE: Self = Self { forbid: 0, wait: 0, differ: 0 };
}

/// The norms of a word by what they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Forces {
    permit: u64,
    /// Those that permit and are no consents.
    grant: u64,
    forbid: u64,
    prose: u64,
    /// Those that some norm of the topic overrides.
    overridden: u64,
}

/// A norm whose condition is on a ratio.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RatioNorm {
    word: u32,
    norm: u64,
    test: RatioTest,
    /// For each purpose whether it counts; not known for none.
    counts: Box<[Option<bool>]>,
}

/// Acts of which the same norms may speak.
#[derive(Debug, Clone)]
struct Topic {
    /// How many words its sets have.
    words: u32,
    /// Where its sets by party, beneficiary, purpose and place start.
    masks: u32,
    forces: u32,
    /// Where it says, for each of its norms, which override it.
    by: u32,
    terms: Range<u32>,
    /// Where its phases start: one for each instant from which another counts.
    phases: u32,
    starts: Range<u32>,
    ratios: Range<u32>,
    has_rights: bool,
    is_liberty: bool,
}

/// How the values of a dimension lie within the sets of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    beneficiaries: usize,
    purposes: usize,
    places: usize,
    /// How many sets a topic has.
    sets: usize,
    /// How many places there are, with one for none.
    standings: usize,
}

/// The rules of a deal, compiled.
#[derive(Debug, Clone)]
pub struct Rulebook {
    parties: Names<PartyId>,
    actions: Names<ActionId>,
    objects: Names<ObjectId>,
    purposes: Names<PurposeId>,
    places: Names<PlaceId>,
    layout: Layout,
    /// The topic of each action and object.
    acts: Box<[u32]>,
    topics: Box<[Topic]>,
    masks: Box<[Mask]>,
    forces: Box<[Forces]>,
    by: Box<[u64]>,
    terms: Box<[TermId]>,
    starts: Box<[Instant]>,
    phases: Box<[Phase]>,
    /// For each phase start of a topic with first refusals, where their standings start.
    rights_at: Box<[u32]>,
    rights: Box<[Rights]>,
    ratios: Box<[RatioNorm]>,
    /// For each phase start of a topic with ratios, where their measures start.
    measures_at: Box<[u32]>,
    /// What counts and everything, as measured.
    measures: Box<[Option<(u64, u64)>]>,
}

/// Which norms are live for certain, and which at least perhaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    sure: u64,
    live: u64,
}

impl Rulebook {
    /// Compiles the rules in force.
    #[must_use]
    pub fn compile(rules: &Rules<'_>) -> Self {
        compile::compile(rules)
    }

    /// Answers a request given as texts; `None` when it uses a name that the deal does not.
    #[inline]
    #[must_use]
    pub fn decide_strs(&self, request: &RequestStrs<'_>) -> Option<Decided<'_>> {
        Some(self.decide(&self.resolve(request)?))
    }

    /// Looks up the names of a request and the period that it falls in; `None` when it uses a
    /// name that the deal does not.
    #[inline]
    #[must_use]
    pub fn resolve(&self, request: &RequestStrs<'_>) -> Option<Asked> {
        let action = self.actions.find(request.action)?;
        let object = self.objects.find(request.object)?;
        let (topic, phase) = self.act(action, object, request.at);
        Some(Asked {
            topic,
            phase,
            party: self.parties.find(request.party)?,
            beneficiary: self.parties.find_or_none(request.beneficiary)?,
            purpose: self.purposes.find_or_none(request.purpose)?,
            place: self.places.find_or_none(request.place)?,
            amount: request.amount,
        })
    }

    /// Looks up a request; `None` when it uses a name that the deal does not.
    #[must_use]
    pub fn asked(&self, request: &Request) -> Option<Asked> {
        self.resolve(&RequestStrs {
            party: request.party.as_str(),
            action: request.action.as_str(),
            object: request.object.as_str(),
            beneficiary: request.beneficiary.as_ref().map(PartyId::as_str),
            purpose: request.purpose.as_ref().map(PurposeId::as_str),
            place: request.place.as_ref().map(PlaceId::as_str),
            amount: request.amount,
            at: request.at,
        })
    }

    /// Answers a request that this rulebook has looked up.
    ///
    /// # Panics
    /// It may when another rulebook has.
    #[inline]
    #[must_use]
    pub fn decide(&self, asked: &Asked) -> Decided<'_> {
        let topic = &self.topics[index(asked.topic)];
        if topic.words == 1 && topic.ratios.is_empty() {
            self.narrow(topic, asked)
        } else {
            self.wide(topic, asked)
        }
    }

    fn act(&self, action: u32, object: u32, at: Instant) -> (u32, u32) {
        let topic = self.acts[index(action) * self.objects.len() + index(object)];
        let starts = &self.starts[range(&self.topics[index(topic)].starts)];
        let after = starts.partition_point(|start| *start <= at);
        // The first phase starts with time itself.
        (topic, number(after.saturating_sub(1)))
    }

    /// Decides where the norms of the topic fit in one word.
    #[inline]
    fn narrow(&self, topic: &Topic, asked: &Asked) -> Decided<'_> {
        let sets = &self.masks[index(topic.masks)..][..self.layout.sets];
        let forces = self.forces[index(topic.forces)];
        let phase = self.phases[index(topic.phases + asked.phase)];
        let mut mask = phase
            .mask
            .and(sets[index(asked.party)])
            .and(sets[self.layout.beneficiaries + index(asked.beneficiary)])
            .and(sets[self.layout.purposes + index(asked.purpose)])
            .and(sets[self.layout.places + index(asked.place)]);
        let mut rights = Rights::NONE;
        if topic.has_rights {
            rights = self.rights[self.rights_of(topic, asked)];
            mask.certain &= !rights.differ;
        }
        let by = &self.by[index(topic.by)..];
        let met = live(by, forces.overridden, mask);
        let effects = Effects { forces, rights };
        let open = mask.possible & phase.open;
        if met.sure == met.live && open == 0 {
            let conclusion = Conclusion::certain(effects.of(met.sure, met.sure), topic.is_liberty);
            let settling = effects.settling(conclusion.answer, met, met, 0);
            return self.decided(topic, conclusion, Words::One(settling));
        }
        let unmet = if open == 0 { met } else { live(by, forces.overridden, mask.without(open)) };
        let [met_bounds, unmet_bounds] =
            [met, unmet].map(|it| [effects.of(it.live, it.sure), effects.of(it.sure, it.live)]);
        let conclusion = Conclusion::of(met_bounds, unmet_bounds, topic.is_liberty);
        let settling = effects.settling(conclusion.answer, met, unmet, open);
        self.decided(topic, conclusion, Words::One(settling))
    }

    fn rights_of(&self, topic: &Topic, asked: &Asked) -> usize {
        let start = self.rights_at[index(topic.starts.start + asked.phase)];
        index(start) + index(asked.place) * index(topic.words)
    }

    #[inline]
    fn decided(&self, topic: &Topic, conclusion: Conclusion, live: Words) -> Decided<'_> {
        let Conclusion { answer, verdict, between } = conclusion;
        let terms = &self.terms[range(&topic.terms)];
        Decided { answer, verdict, between, terms, live }
    }

    /// Decides where the norms of the topic take several words, or some ask for a ratio.
    #[inline(never)]
    fn wide(&self, topic: &Topic, asked: &Asked) -> Decided<'_> {
        let words = index(topic.words);
        let (mut masks, mut open) = self.triggered(topic, asked);
        self.test_ratios(topic, asked, &mut masks, &mut open);
        let effects: Vec<Effects> = (0..words)
            .map(|word| Effects {
                forces: self.forces[index(topic.forces) + word],
                rights: if topic.has_rights {
                    self.rights[self.rights_of(topic, asked) + word]
                } else {
                    Rights::NONE
                },
            })
            .collect();
        for (mask, effects) in masks.iter_mut().zip(&effects) {
            mask.certain &= !effects.rights.differ;
        }
        let by = &self.by[index(topic.by)..];
        let met = all_live(by, &effects, &masks);
        let unmet = if open.iter().all(|word| *word == 0) {
            met.clone()
        } else {
            let without = masks.iter().zip(&open).map(|(mask, open)| mask.without(*open));
            all_live(by, &effects, &without.collect::<Vec<_>>())
        };
        let bounds = |standings: &[Standing]| {
            let each = effects.iter().zip(standings);
            let best = each.clone().fold(0, |all, (it, s)| all | it.of(s.live, s.sure));
            [best, each.fold(0, |all, (it, s)| all | it.of(s.sure, s.live))]
        };
        let conclusion = Conclusion::of(bounds(&met), bounds(&unmet), topic.is_liberty);
        let live: Vec<u64> = (0..words)
            .map(|word| {
                effects[word].settling(conclusion.answer, met[word], unmet[word], open[word])
            })
            .collect();
        let live = if let [word] = *live { Words::One(word) } else { Words::Many(live.into()) };
        self.decided(topic, conclusion, live)
    }

    /// The norms that are triggered, and those of them whose condition is open.
    fn triggered(&self, topic: &Topic, asked: &Asked) -> (Vec<Mask>, Vec<u64>) {
        let words = index(topic.words);
        let sets = &self.masks[index(topic.masks)..][..self.layout.sets * words];
        let of = |set: usize| &sets[set * words..][..words];
        let first = index(topic.phases) + index(asked.phase) * words;
        let phases = &self.phases[first..][..words];
        let dimensions = [
            of(index(asked.party)),
            of(self.layout.beneficiaries + index(asked.beneficiary)),
            of(self.layout.purposes + index(asked.purpose)),
            of(self.layout.places + index(asked.place)),
        ];
        let mask = |word: usize| {
            dimensions.iter().fold(phases[word].mask, |mask, sets| mask.and(sets[word]))
        };
        let masks: Vec<Mask> = (0..words).map(mask).collect();
        let open = masks.iter().zip(phases).map(|(mask, phase)| mask.possible & phase.open);
        let open = open.collect();
        (masks, open)
    }

    /// A condition on a ratio is tested on the state after the act, so it depends on the request.
    fn test_ratios(&self, topic: &Topic, asked: &Asked, masks: &mut [Mask], open: &mut [u64]) {
        if topic.ratios.is_empty() {
            return;
        }
        let ratios = &self.ratios[range(&topic.ratios)];
        let first = index(self.measures_at[index(topic.starts.start + asked.phase)]);
        for (ratio, measure) in ratios.iter().zip(&self.measures[first..]) {
            let met = || {
                let (counted, total) = (*measure)?;
                let amount = asked.amount?;
                let more = if ratio.counts[index(asked.purpose)]? { amount } else { 0 };
                Some(ratio.test.holds(counted.checked_add(more)?, total.checked_add(amount)?))
            };
            let word = index(ratio.word);
            match met() {
                Some(true) => {}
                Some(false) => masks[word] = masks[word].without(ratio.norm),
                None => open[word] |= masks[word].possible & ratio.norm,
            }
        }
    }
}

/// Which of these norms are live, where there is a word of them. A norm has a higher bit than
/// those that override it, so they are settled before it.
#[inline]
fn live(by: &[u64], overridden: u64, mask: Mask) -> Standing {
    let Mask { certain: mut sure, possible: mut live } = mask;
    let mut pending = live & overridden;
    while pending != 0 {
        let by = by[index(pending.trailing_zeros())];
        let norm = pending & pending.wrapping_neg();
        pending &= !norm;
        live &= if sure & by == 0 { u64::MAX } else { !norm };
        sure &= if live & by == 0 { u64::MAX } else { !norm };
    }
    Standing { sure, live }
}

fn all_live(by: &[u64], effects: &[Effects], masks: &[Mask]) -> Vec<Standing> {
    let standing = |mask: &Mask| Standing { sure: mask.certain, live: mask.possible };
    let mut standings: Vec<Standing> = masks.iter().map(standing).collect();
    for word in 0..standings.len() {
        let mut pending = standings[word].live & effects[word].forces.overridden;
        while pending != 0 {
            let norm = pending & pending.wrapping_neg();
            let place = word * 64 + index(pending.trailing_zeros());
            pending &= !norm;
            let by = &by[place * masks.len()..][..=word];
            let any = |of: fn(&Standing) -> u64| {
                by.iter().zip(&standings).any(|(by, it)| by & of(it) != 0)
            };
            if any(|it| it.sure) {
                standings[word].live &= !norm;
                standings[word].sure &= !norm;
            } else if any(|it| it.live) {
                standings[word].sure &= !norm;
            }
        }
    }
    standings
}

#[inline]
fn index(number: u32) -> usize {
    usize::try_from(number).expect("an index has at least 32 bits where this is built")
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("a rulebook has fewer than 2^32 sets of each kind")
}

#[inline]
fn range(of: &Range<u32>) -> Range<usize> {
    index(of.start)..index(of.end)
}
