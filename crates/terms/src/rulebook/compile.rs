//! From the rules in force to a rulebook.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::ops::Range;

use comity_base::{ActionId, Instant, ObjectId, PartyId, PlaceId, PurposeId};

use super::names::Names;
use super::{Forces, Layout, Mask, Phase, RatioNorm, Rights, Rulebook, Topic, index, number};
use crate::deal::Silence;
use crate::decide::{Answer, condition_met, standings};
use crate::rules::{Footing, Force, Norm, Rules};
use crate::scope::{Parties, Request, named, tree_meets};
use crate::term::RatioTest;
use crate::vocabulary::Vocabulary;

pub(super) fn compile(rules: &Rules<'_>) -> Rulebook {
    let values = Values::of(rules);
    let cuts: Vec<Instant> =
        iter::once(Instant::MIN).chain(rules.instants()).chain([Instant::MAX]).collect();
    let order = order(rules);
    let changing = changing(rules, &cuts);
    let norms: Vec<Lowered<'_, '_>> = order
        .iter()
        .map(|&norm| {
            let norm = &rules.norms[norm];
            Lowered {
                norm,
                ratio: ratio(rules, norm),
                fits: values.fits(norm),
                pieces: pieces(rules, &values, norm, &cuts, &changing),
            }
        })
        .collect();
    let by = overriders(rules, &order);
    let mut pools = Pools::default();
    let mut topics: BTreeMap<(Vec<u32>, bool), u32> = BTreeMap::new();
    let acts = values.acts(rules, &order).into_iter().map(|(spoken_by, is_liberty)| {
        if let Some(&topic) = topics.get(&(spoken_by.clone(), is_liberty)) {
            return topic;
        }
        let topic = number(topics.len());
        pools.topic(&values, &cuts, &norms, &by, &spoken_by, is_liberty);
        topics.insert((spoken_by, is_liberty), topic);
        topic
    });
    let acts = acts.collect();
    pools.rulebook(values, acts)
}

/// Every name of each dimension, in order.
struct Values<'d> {
    names: &'d Vocabulary,
    parties: Vec<PartyId>,
    actions: Vec<ActionId>,
    objects: Vec<ObjectId>,
    purposes: Vec<PurposeId>,
    places: Vec<PlaceId>,
}

impl<'d> Values<'d> {
    fn of(rules: &Rules<'d>) -> Self {
        let names = &rules.deal.vocabulary;
        Self {
            names,
            parties: names.parties.iter().cloned().collect(),
            actions: names.actions.iter().cloned().collect(),
            objects: names.objects.names().cloned().collect(),
            purposes: names.purposes.names().cloned().collect(),
            places: names.places.names().cloned().collect(),
        }
    }

    fn layout(&self) -> Layout {
        let beneficiaries = self.parties.len();
        let purposes = beneficiaries + self.parties.len() + 1;
        let places = purposes + self.purposes.len() + 1;
        let standings = self.places.len() + 1;
        Layout { beneficiaries, purposes, places, sets: places + standings, standings }
    }

    /// Each place, and none.
    fn places_or_none(&self) -> impl Iterator<Item = Option<&PlaceId>> {
        self.places.iter().map(Some).chain([None])
    }

    /// Whether a norm fits, for each set of the layout.
    fn fits(&self, norm: &Norm<'_>) -> Vec<Option<bool>> {
        let (scope, meeting) = (&norm.scope, norm.meeting());
        let names = self.names;
        let actor = self.parties.iter().map(|party| Some(scope.actor.contains(party)));
        let unless_any = |of: &Parties, otherwise| {
            if *of == Parties::Any { Some(true) } else { otherwise }
        };
        let limits = norm.limits;
        let beneficiary = self.parties.iter().map(|party| {
            let limited = limits.map_or(Some(true), |it| it.has_beneficiary(Some(party)));
            both(Some(scope.beneficiary.contains(party)), limited)
        });
        let purpose = self.purposes.iter().map(Some).chain([None]).map(|asked| {
            let fits = named(&scope.purposes, asked, |asked, mine| {
                tree_meets(&names.purposes, asked, mine, meeting)
            });
            both(fits, limits.map_or(Some(true), |it| it.has_purpose(asked, names)))
        });
        let place = self.places_or_none().map(|asked| {
            let fits = named(&scope.places, asked, |asked, mine| {
                tree_meets(&names.places, asked, mine, meeting)
            });
            both(fits, limits.map_or(Some(true), |it| it.has_place(asked, names)))
        });
        let limited = limits.map_or(Some(true), |it| it.has_beneficiary(None));
        let nobody = both(unless_any(&scope.beneficiary, None), limited);
        actor.chain(beneficiary).chain([nobody]).chain(purpose).chain(place).collect()
    }

    /// For each purpose, and for none, whether it counts.
    fn counts(&self, test: &RatioTest) -> Box<[Option<bool>]> {
        let counts = |purpose| {
            let mut counted = test.counted.iter();
            Some(counted.any(|counted| self.names.purposes.lies_within(purpose, counted)))
        };
        self.purposes.iter().map(counts).chain([None]).collect()
    }

    /// For each action and object, the norms that may speak of it and how silence is read.
    fn acts(&self, rules: &Rules<'_>, order: &[usize]) -> Vec<(Vec<u32>, bool)> {
        let silent = |action| (Vec::new(), rules.deal.silence.of(action) == Silence::Liberty);
        let mut acts: Vec<(Vec<u32>, bool)> = self
            .actions
            .iter()
            .flat_map(|action| iter::repeat_n(silent(action), self.objects.len()))
            .collect();
        let names = self.names;
        for (place, &norm) in order.iter().enumerate() {
            let norm = &rules.norms[norm];
            let meets = |object: &ObjectId| {
                let mut mine = norm.scope.objects.iter();
                mine.any(|mine| tree_meets(&names.objects, object, mine, norm.meeting()))
                    && norm.limits.is_none_or(|it| it.has_object(object, names))
            };
            let objects: Vec<usize> =
                (0..self.objects.len()).filter(|&it| meets(&self.objects[it])).collect();
            let limited = |action: &&ActionId| norm.limits.is_none_or(|it| it.has_action(action));
            for action in norm.scope.actions.iter().filter(limited) {
                let Ok(action) = self.actions.binary_search(action) else { continue };
                for object in &objects {
                    acts[action * self.objects.len() + object].0.push(number(place));
                }
            }
        }
        acts
    }
}

/// Whether both hold; not known where that turns on one that is not.
fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        (None, _) | (_, None) => None,
    }
}

/// A norm with what the sets are made of.
struct Lowered<'r, 'd> {
    norm: &'r Norm<'d>,
    ratio: Option<&'d RatioTest>,
    /// Whether it fits, for each set of the layout; not known where that is left out.
    fits: Vec<Option<bool>>,
    /// How it stands from each of these cuts on; the first is where time begins.
    pieces: Vec<(usize, Option<State>)>,
}

/// How a norm stands at an instant that lies in its period.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    /// Whether it applies for certain, if a request lies in its scope.
    certain: bool,
    /// Whether it permits under a condition of which it is not known whether it is met.
    open: bool,
    /// For a first refusal, how it stands for each place, and for none.
    stands: Vec<Stands>,
    /// For a condition on a ratio, what counts and everything.
    measure: Option<(u64, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stands {
    forbids: bool,
    waits: bool,
    differs: bool,
}

/// The cuts at which a fact may become another.
fn changing(rules: &Rules<'_>, cuts: &[Instant]) -> BTreeSet<usize> {
    let instants = rules.deal.record.instants().chain([rules.known.0.plus_seconds(1)]);
    instants.filter_map(|at| cuts.binary_search(&at).ok()).collect()
}

fn pieces(
    rules: &Rules<'_>,
    values: &Values<'_>,
    norm: &Norm<'_>,
    cuts: &[Instant],
    changing: &BTreeSet<usize>,
) -> Vec<(usize, Option<State>)> {
    let cut = |at: Instant| cuts.binary_search(&at).expect("a window starts and ends at a cut");
    let (start, end) = (cut(norm.window.start()), cut(norm.window.end()));
    let inside = start + 1..end;
    let mut at: BTreeSet<usize> = BTreeSet::from([start]);
    match norm.force {
        Force::FirstRefusal(_) => {
            let mut offers = rules.deal.record.offers.iter();
            if offers.any(|offer| &offer.term.value == norm.id) || !norm.guards.is_empty() {
                at.extend(inside);
            }
        }
        Force::Permit { condition: None } | Force::Forbid | Force::Prose => {
            if !norm.guards.is_empty() {
                at.extend(changing.range(inside));
            }
        }
        Force::Permit { condition: Some(_) } => at.extend(changing.range(inside)),
    }
    let mut pieces = vec![(0, None)];
    for piece in at.into_iter().map(|it| (it, state(rules, values, norm, cuts[it]))) {
        if pieces.last().is_some_and(|(at, _)| *at == piece.0) {
            pieces.pop();
        }
        if pieces.last().is_none_or(|(_, state)| *state != piece.1) {
            pieces.push(piece);
        }
    }
    if pieces.last().is_some_and(|(_, state)| state.is_some()) {
        pieces.push((end, None));
    }
    pieces
}

/// How a norm stands at an instant in its period; none when it does not apply.
fn state(rules: &Rules<'_>, values: &Values<'_>, norm: &Norm<'_>, at: Instant) -> Option<State> {
    let mut certain = norm.force != Force::Prose;
    for Footing { guard, at } in norm.hangs_on(at) {
        match rules.fact(guard, at) {
            Some(true) => {}
            Some(false) => return None,
            None => certain = false,
        }
    }
    let plain = State { certain, open: false, stands: Vec::new(), measure: None };
    match norm.force {
        Force::Permit { condition: Some(condition) } if ratio(rules, norm).is_some() => {
            let measure = rules.deal.record.measure(&condition.fact, at, rules.known);
            Some(State { measure: measure.map(|it| (it.counted, it.total)), ..plain })
        }
        Force::Permit { .. } => match condition_met(rules, norm, at) {
            Some(true) => Some(plain),
            Some(false) => None,
            None => Some(State { open: true, ..plain }),
        },
        Force::Forbid | Force::Prose => Some(plain),
        Force::FirstRefusal(_) => Some(State { stands: stands(rules, values, norm, at), ..plain }),
    }
}

fn stands(rules: &Rules<'_>, values: &Values<'_>, norm: &Norm<'_>, at: Instant) -> Vec<Stands> {
    let (Some(party), Some(action), Some(object)) =
        (values.parties.first(), values.actions.first(), values.objects.first())
    else {
        // There is nothing to ask.
        return Vec::new();
    };
    let request = Request {
        party: party.clone(),
        action: action.clone(),
        object: object.clone(),
        beneficiary: None,
        purpose: None,
        place: None,
        amount: None,
        at,
    };
    let stands = |place: Option<&PlaceId>| {
        let found = standings(rules, norm, &Request { place: place.cloned(), ..request.clone() });
        Stands {
            forbids: found.contains(&Answer::Deny),
            waits: found.contains(&Answer::Conditional),
            differs: found.len() > 1,
        }
    };
    values.places_or_none().map(stands).collect()
}

/// The test of a condition on a ratio, where it is not taken to be met or not.
fn ratio<'n>(rules: &Rules<'_>, norm: &Norm<'n>) -> Option<&'n RatioTest> {
    let Force::Permit { condition: Some(condition) } = norm.force else { return None };
    condition.ratio.as_ref().filter(|_| !rules.assumed.contains_key(&condition.fact))
}

/// The norms in an order in which each comes after those that override it: by how long the
/// longest way of overrides to it is, then by id.
fn order(rules: &Rules<'_>) -> Vec<usize> {
    let count = rules.norms.len();
    let mut over: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (norm, lowered) in rules.norms.iter().enumerate() {
        for &by in &lowered.overridden_by {
            over[by].push(norm);
        }
    }
    let mut waits_for: Vec<usize> = rules.norms.iter().map(|it| it.overridden_by.len()).collect();
    let mut ready: Vec<usize> = (0..count).filter(|&it| waits_for[it] == 0).collect();
    let mut order = Vec::with_capacity(count);
    while !ready.is_empty() {
        ready.sort_by_key(|&norm| (rules.norms[norm].id, norm));
        let mut next = Vec::new();
        for &norm in &ready {
            for &other in &over[norm] {
                waits_for[other] -= 1;
                if waits_for[other] == 0 {
                    next.push(other);
                }
            }
        }
        order.append(&mut ready);
        ready = next;
    }
    assert_eq!(order.len(), count, "the overrides of a checked deal do not go round");
    order
}

/// For each norm, by its place in the order, those that override it.
fn overriders(rules: &Rules<'_>, order: &[usize]) -> Vec<Vec<usize>> {
    let mut places = vec![0; order.len()];
    for (place, &norm) in order.iter().enumerate() {
        places[norm] = place;
    }
    let by = |&norm: &usize| rules.norms[norm].overridden_by.iter().map(|&by| places[by]).collect();
    order.iter().map(by).collect()
}

/// What the topics share.
#[derive(Default)]
struct Pools {
    topics: Vec<Topic>,
    masks: Vec<Mask>,
    forces: Vec<Forces>,
    by: Vec<u64>,
    terms: Vec<comity_base::TermId>,
    starts: Vec<Instant>,
    phases: Vec<Phase>,
    rights_at: Vec<u32>,
    rights: Vec<Rights>,
    ratios: Vec<RatioNorm>,
    measures_at: Vec<u32>,
    measures: Vec<Option<(u64, u64)>>,
}

/// The word and the bit of a norm of a topic.
fn bit(place: usize) -> (usize, u64) {
    (place / 64, 1 << (place % 64))
}

impl Pools {
    fn topic(
        &mut self,
        values: &Values<'_>,
        cuts: &[Instant],
        norms: &[Lowered<'_, '_>],
        by: &[Vec<usize>],
        spoken_by: &[u32],
        is_liberty: bool,
    ) {
        let mine: Vec<&Lowered<'_, '_>> = spoken_by.iter().map(|&it| &norms[index(it)]).collect();
        let words = mine.len().div_ceil(64).max(1);
        let masks = number(self.masks.len());
        self.push_masks(&mine, values.layout(), words);
        let forces = number(self.forces.len());
        self.push_forces(&mine, words);
        let overriders = number(self.by.len());
        self.push_overriders(by, spoken_by, words, index(forces));
        let first = number(self.terms.len());
        self.terms.extend(mine.iter().map(|it| it.norm.id.clone()));
        let terms = first..number(self.terms.len());
        let ratios = self.push_ratios(values, &mine);
        let has_rights = mine.iter().any(|it| matches!(it.norm.force, Force::FirstRefusal(_)));
        let phases = number(self.phases.len());
        let starts = self.push_phases(cuts, &mine, words, values.layout().standings, has_rights);
        self.topics.push(Topic {
            words: number(words),
            masks,
            forces,
            by: overriders,
            terms,
            phases,
            starts,
            ratios,
            has_rights,
            is_liberty,
        });
    }

    fn push_masks(&mut self, mine: &[&Lowered<'_, '_>], layout: Layout, words: usize) {
        let first = self.masks.len();
        self.masks.extend(iter::repeat_n(Mask::NONE, layout.sets * words));
        for (place, lowered) in mine.iter().enumerate() {
            let (word, bit) = bit(place);
            for (set, fits) in lowered.fits.iter().enumerate() {
                let mask = &mut self.masks[first + set * words + word];
                if *fits != Some(false) {
                    mask.possible |= bit;
                }
                if *fits == Some(true) {
                    mask.certain |= bit;
                }
            }
        }
    }

    fn push_forces(&mut self, mine: &[&Lowered<'_, '_>], words: usize) {
        let first = self.forces.len();
        let none = Forces { permit: 0, grant: 0, forbid: 0, prose: 0, overridden: 0 };
        self.forces.extend(iter::repeat_n(none, words));
        for (place, lowered) in mine.iter().enumerate() {
            let (word, bit) = bit(place);
            let forces = &mut self.forces[first + word];
            match lowered.norm.force {
                Force::Permit { .. } => {
                    forces.permit |= bit;
                    // A consent lifts one term; that another still forbids is no conflict.
                    if lowered.norm.version.is_some() {
                        forces.grant |= bit;
                    }
                }
                Force::Forbid => forces.forbid |= bit,
                Force::Prose => forces.prose |= bit,
                Force::FirstRefusal(_) => {}
            }
        }
    }

    /// For each norm of a topic, a row of those of the topic that override it.
    fn push_overriders(
        &mut self,
        overriders: &[Vec<usize>],
        spoken_by: &[u32],
        words: usize,
        forces: usize,
    ) {
        for (place, &norm) in spoken_by.iter().enumerate() {
            let row = self.by.len();
            self.by.extend(iter::repeat_n(0, words));
            for &over in &overriders[index(norm)] {
                if let Ok(over) = spoken_by.binary_search(&number(over)) {
                    let (word, norm) = bit(over);
                    self.by[row + word] |= norm;
                    let (word, norm) = bit(place);
                    self.forces[forces + word].overridden |= norm;
                }
            }
        }
    }

    fn push_ratios(&mut self, values: &Values<'_>, mine: &[&Lowered<'_, '_>]) -> Range<u32> {
        let first = number(self.ratios.len());
        for (place, lowered) in mine.iter().enumerate() {
            let Some(test) = lowered.ratio else { continue };
            let (word, norm) = bit(place);
            let counts = values.counts(test);
            self.ratios.push(RatioNorm { word: number(word), norm, test: test.clone(), counts });
        }
        first..number(self.ratios.len())
    }

    /// The sets that depend on the instant alone, from each instant on at which they change.
    fn push_phases(
        &mut self,
        cuts: &[Instant],
        mine: &[&Lowered<'_, '_>],
        words: usize,
        standings: usize,
        has_rights: bool,
    ) -> Range<u32> {
        let first = number(self.starts.len());
        let at: BTreeSet<usize> =
            mine.iter().flat_map(|it| &it.pieces).map(|(cut, _)| *cut).chain([0]).collect();
        let mut pieces = vec![0; mine.len()];
        let mut before = None;
        for cut in at {
            for (piece, lowered) in pieces.iter_mut().zip(mine) {
                while lowered.pieces.get(*piece + 1).is_some_and(|(next, _)| *next <= cut) {
                    *piece += 1;
                }
            }
            let state = |place: usize| mine[place].pieces[pieces[place]].1.as_ref();
            let phases = phases(mine, words, state);
            let rights =
                if has_rights { rights(mine, words, standings, state) } else { Vec::new() };
            let tested = mine.iter().enumerate().filter(|(_, it)| it.ratio.is_some());
            let measures: Vec<Option<(u64, u64)>> =
                tested.map(|(place, _)| state(place).and_then(|it| it.measure)).collect();
            let now = (phases, rights, measures);
            if before.as_ref() == Some(&now) {
                continue;
            }
            self.starts.push(cuts[cut]);
            self.phases.extend(&now.0);
            self.rights_at.push(number(self.rights.len()));
            self.rights.extend(&now.1);
            self.measures_at.push(number(self.measures.len()));
            self.measures.extend(&now.2);
            before = Some(now);
        }
        first..number(self.starts.len())
    }

    fn rulebook(self, values: Values<'_>, acts: Box<[u32]>) -> Rulebook {
        Rulebook {
            layout: values.layout(),
            parties: Names::new(values.parties, PartyId::as_str),
            actions: Names::new(values.actions, ActionId::as_str),
            objects: Names::new(values.objects, ObjectId::as_str),
            purposes: Names::new(values.purposes, PurposeId::as_str),
            places: Names::new(values.places, PlaceId::as_str),
            acts,
            topics: self.topics.into(),
            masks: self.masks.into(),
            forces: self.forces.into(),
            by: self.by.into(),
            terms: self.terms.into(),
            starts: self.starts.into(),
            phases: self.phases.into(),
            rights_at: self.rights_at.into(),
            rights: self.rights.into(),
            ratios: self.ratios.into(),
            measures_at: self.measures_at.into(),
            measures: self.measures.into(),
        }
    }
}

fn phases<'s>(
    mine: &[&Lowered<'_, '_>],
    words: usize,
    state: impl Fn(usize) -> Option<&'s State>,
) -> Vec<Phase> {
    let mut phases = vec![Phase { mask: Mask::NONE, open: 0 }; words];
    for place in 0..mine.len() {
        let Some(state) = state(place) else { continue };
        let (word, bit) = bit(place);
        phases[word].mask.possible |= bit;
        if state.certain {
            phases[word].mask.certain |= bit;
        }
        if state.open {
            phases[word].open |= bit;
        }
    }
    phases
}

fn rights<'s>(
    mine: &[&Lowered<'_, '_>],
    words: usize,
    standings: usize,
    state: impl Fn(usize) -> Option<&'s State>,
) -> Vec<Rights> {
    let mut rights = vec![Rights::NONE; words * standings];
    for place in 0..mine.len() {
        let Some(state) = state(place) else { continue };
        let (word, bit) = bit(place);
        for (standing, stands) in state.stands.iter().enumerate() {
            let rights = &mut rights[standing * words + word];
            let set = |of: &mut u64, is: bool| *of |= if is { bit } else { 0 };
            set(&mut rights.forbid, stands.forbids);
            set(&mut rights.wait, stands.waits);
            set(&mut rights.differ, stands.differs);
        }
    }
    rights
}
