//! Every request that a vocabulary can express, with names that no term tells apart taken
//! together.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{ActionId, Instant, ObjectId, PartyId, PlaceId, PurposeId, Window};
use comity_terms::{Limits, Parties, Request, Scope, Silence, TermKind, Tree, Vocabulary};

use crate::answers::Side;

/// How many parts a request has: party, action, object, beneficiary, purpose and place.
pub(crate) const PARTS: usize = 6;

/// A request by the class of each part, in the order of the parts.
pub(crate) type Cell = [usize; PARTS];

/// The requests that some term may speak of. Of all others the terms are silent on every side,
/// and silence is read in one way on all of them.
#[derive(Debug)]
pub(crate) struct Grid {
    parties: Vec<PartyId>,
    actions: Vec<ActionId>,
    objects: Vec<ObjectId>,
    purposes: Vec<PurposeId>,
    places: Vec<PlaceId>,
    /// For each part, its names in classes that no term tells apart.
    classes: [Vec<Vec<usize>>; PARTS],
    /// The classes of action and object of which some term speaks.
    acts: Vec<(usize, usize)>,
}

/// A scope that some side uses, with who acts in it.
struct Used<'d> {
    scope: &'d Scope,
    actor: Actor<'d>,
    names: &'d Vocabulary,
}

/// Requests that are told apart from all others, as if a term had them as its scope.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pin<'a> {
    /// Those that lie in a scope.
    Within(&'a Scope),
    /// Those that have an object of a scope, and not one that lies within it.
    Exactly(&'a Scope),
}

impl<'a> Pin<'a> {
    fn scope(self) -> &'a Scope {
        match self {
            Self::Within(scope) | Self::Exactly(scope) => scope,
        }
    }

    fn names(self, object: &ObjectId) -> bool {
        match self {
            Self::Within(_) => false,
            Self::Exactly(scope) => scope.objects.contains(object),
        }
    }
}

enum Actor<'d> {
    Parties(&'d Parties),
    /// The holder, and whoever else is told apart from everyone else.
    Apart(&'d PartyId, &'d PartyId),
}

impl Grid {
    /// The requests on which the sides may differ, by the terms whose period passes.
    pub(crate) fn of(sides: &[&Side<'_>], passes: impl Fn(Window) -> bool) -> Self {
        Self::with(sides, passes, None)
    }

    /// The same, with the requests of a pin told apart from all others.
    pub(crate) fn with(
        sides: &[&Side<'_>],
        passes: impl Fn(Window) -> bool,
        pin: Option<Pin<'_>>,
    ) -> Self {
        let mut used: Vec<Used<'_>> = sides.iter().flat_map(|side| used(side, &passes)).collect();
        if let Some((scope, side)) = pin.map(Pin::scope).zip(sides.first()) {
            let names = &side.deal.parts().vocabulary;
            used.push(Used { scope, actor: Actor::Parties(&scope.actor), names });
        }
        let deals: Vec<_> = sides.iter().map(|side| side.deal.parts()).collect();
        let all: Vec<&Vocabulary> = deals.iter().map(|deal| &deal.vocabulary).collect();
        let consents = deals.iter().flat_map(|deal| &deal.record.consents);
        let consents: BTreeSet<&Parties> = consents.map(|consent| &consent.actor).collect();
        let consented = deals
            .iter()
            .flat_map(|deal| deal.record.consents.iter().map(|it| (&it.limits, &deal.vocabulary)));
        let limits: Vec<(&Limits, &Vocabulary)> =
            consented.filter(|(limits, _)| !limits.are_none()).collect();
        let offers = deals.iter().flat_map(|deal| &deal.record.offers);
        let offered: BTreeSet<&PlaceId> = offers.filter_map(|it| it.place.as_ref()).collect();
        let silence = |action: &ActionId| {
            deals.iter().map(|deal| deal.silence.of(action)).collect::<BTreeSet<Silence>>()
        };
        let parties = common(&all, |names| names.parties.iter());
        let actions = common(&all, |names| names.actions.iter());
        let objects = common(&all, |names| names.objects.names());
        let purposes = common(&all, |names| names.purposes.names());
        let places = common(&all, |names| names.places.names());
        let classes = [
            classes(&parties, |party| {
                let acts = used.iter().flat_map(|it| it.actor.tells(party));
                acts.chain(consents.iter().map(|them| them.contains(party))).collect()
            }),
            classes(&actions, |action| {
                let read = deals.iter().map(|it| it.silence.of(action) == Silence::Liberty);
                let limited = limits.iter().map(|(it, _)| it.actions.contains(action));
                let used = used.iter().map(|it| it.scope.actions.contains(action));
                read.chain(used).chain(limited).collect()
            }),
            classes(&objects, |name| {
                let mine = |it: &Used<'_>| meets(&it.names.objects, name, &it.scope.objects);
                let limited =
                    limits.iter().flat_map(|(it, names)| meets(&names.objects, name, &it.objects));
                let pinned = pin.map(|pin| pin.names(name));
                used.iter().flat_map(mine).chain(limited).chain(pinned).collect()
            }),
            classes(&parties, |party| {
                let limited = limits.iter().map(|(it, _)| it.beneficiary.contains(party));
                used.iter().map(|it| it.scope.beneficiary.contains(party)).chain(limited).collect()
            }),
            classes(&purposes, |name| {
                let mine = |it: &Used<'_>| meets(&it.names.purposes, name, &it.scope.purposes);
                let limited = limits
                    .iter()
                    .flat_map(|(it, names)| meets(&names.purposes, name, &it.purposes));
                used.iter().flat_map(mine).chain(limited).collect()
            }),
            classes(&places, |name| {
                let mine = |it: &Used<'_>| meets(&it.names.places, name, &it.scope.places);
                // Each place that was offered stands for itself.
                let own = offered.iter().map(|offered| *offered == name);
                let limited =
                    limits.iter().flat_map(|(it, names)| meets(&names.places, name, &it.places));
                used.iter().flat_map(mine).chain(own).chain(limited).collect()
            }),
        ];
        let mut grid =
            Self { parties, actions, objects, purposes, places, classes, acts: Vec::new() };
        grid.acts = grid.spoken_of(&used, |action| silence(action).len() > 1);
        grid
    }

    fn spoken_of(
        &self,
        used: &[Used<'_>],
        differs: impl Fn(&ActionId) -> bool,
    ) -> Vec<(usize, usize)> {
        let mut acts = Vec::new();
        for (action_class, actions) in self.classes[1].iter().enumerate() {
            let action = &self.actions[actions[0]];
            for (object_class, objects) in self.classes[2].iter().enumerate() {
                let object = &self.objects[objects[0]];
                let speaks = |it: &Used<'_>| {
                    it.scope.actions.contains(action)
                        && meets(&it.names.objects, object, &it.scope.objects).contains(&true)
                };
                if differs(action) || used.iter().any(speaks) {
                    acts.push((action_class, object_class));
                }
            }
        }
        acts
    }

    /// Every request that some term may speak of, each once, in order.
    pub(crate) fn cells(&self) -> impl Iterator<Item = Cell> {
        let count = |part: usize| 0..self.classes[part].len();
        self.acts.iter().flat_map(move |&(action, object)| {
            count(0).flat_map(move |party| {
                count(3).flat_map(move |whom| {
                    count(4).flat_map(move |purpose| {
                        count(5).map(move |place| [party, action, object, whom, purpose, place])
                    })
                })
            })
        })
    }

    /// How many requests of the vocabulary a cell stands for.
    pub(crate) fn weight(&self, cell: &Cell) -> u64 {
        let sizes = self.classes.iter().zip(cell).map(|(classes, &class)| classes[class].len());
        sizes.map(|size| u64::try_from(size).unwrap_or(u64::MAX)).product()
    }

    /// One of the requests that a cell stands for.
    pub(crate) fn request(&self, cell: &Cell, at: Instant) -> Request {
        let first = |part: usize| self.classes[part][cell[part]][0];
        Request {
            party: self.parties[first(0)].clone(),
            action: self.actions[first(1)].clone(),
            object: self.objects[first(2)].clone(),
            beneficiary: Some(self.parties[first(3)].clone()),
            purpose: Some(self.purposes[first(4)].clone()),
            place: Some(self.places[first(5)].clone()),
            amount: None,
            at,
        }
    }

    /// Whether a cell stands for requests with this name.
    pub(crate) fn has(&self, cell: &Cell, part: usize, name: &str) -> bool {
        let names = self.names(part);
        self.classes[part][cell[part]].iter().any(|&index| names[index] == name)
    }

    pub(crate) fn classes(&self, part: usize) -> &[Vec<usize>] {
        &self.classes[part]
    }

    /// The names of a part, in order.
    pub(crate) fn names(&self, part: usize) -> Vec<&str> {
        match part {
            1 => self.actions.iter().map(ActionId::as_str).collect(),
            2 => self.objects.iter().map(ObjectId::as_str).collect(),
            4 => self.purposes.iter().map(PurposeId::as_str).collect(),
            5 => self.places.iter().map(PlaceId::as_str).collect(),
            _ => self.parties.iter().map(PartyId::as_str).collect(),
        }
    }
}

impl Actor<'_> {
    fn tells(&self, party: &PartyId) -> Vec<bool> {
        match self {
            Self::Parties(parties) => vec![parties.contains(party)],
            Self::Apart(holder, grantor) => vec![party == *holder, party == *grantor],
        }
    }
}

fn used<'d>(side: &'d Side<'_>, passes: impl Fn(Window) -> bool) -> Vec<Used<'d>> {
    let mut found = Vec::new();
    for holding in side.rules.holdings().iter().filter(|holding| passes(holding.window)) {
        let (scope, actor) = match &holding.term.kind {
            TermKind::Exclusivity(it) => (&it.scope, Actor::Apart(&it.holder, &it.grantor)),
            TermKind::Permission(it) => (&it.scope, Actor::Parties(&it.scope.actor)),
            TermKind::Prohibition(it) => (&it.scope, Actor::Parties(&it.scope.actor)),
            TermKind::FirstRefusal(it) => (&it.scope, Actor::Apart(&it.holder, &it.holder)),
            TermKind::Clause(Some(scope)) => (scope, Actor::Parties(&scope.actor)),
            TermKind::Clause(None)
            | TermKind::Option(_)
            | TermKind::Duty(_)
            | TermKind::Guarantee(_)
            | TermKind::RevenueShare(_)
            | TermKind::Commitment(_)
            | TermKind::Discount(_)
            | TermKind::Credit(_)
            | TermKind::CostSplit(_)
            | TermKind::Equity(_)
            | TermKind::CapitalCommitment(_)
            | TermKind::Governance(_)
            | TermKind::TechnologyPartner(_)
            | TermKind::Capacity(_) => continue,
        };
        found.push(Used { scope, actor, names: &side.deal.parts().vocabulary });
    }
    found
}

/// Whether a name lies in a set of names for what permits, and for what forbids.
fn meets<T: Ord + Clone>(tree: &Tree<T>, asked: &T, mine: &BTreeSet<T>) -> [bool; 2] {
    let covered = mine.iter().any(|mine| tree.lies_within(asked, mine));
    let touched = mine.iter().any(|mine| tree.lies_within(mine, asked));
    [covered, covered || touched]
}

/// The names that all have.
fn common<'v, T: Ord + Clone + 'v, I: Iterator<Item = &'v T>>(
    all: &[&'v Vocabulary],
    of: impl Fn(&'v Vocabulary) -> I,
) -> Vec<T> {
    let sets: Vec<BTreeSet<&T>> = all.iter().map(|names| of(names).collect()).collect();
    let Some((first, others)) = sets.split_first() else { return Vec::new() };
    let in_all = first.iter().filter(|name| others.iter().all(|other| other.contains(*name)));
    in_all.map(|name| (*name).clone()).collect()
}

/// The names by what tells them apart, in the order of the first of each class.
fn classes<T>(names: &[T], tells: impl Fn(&T) -> Vec<bool>) -> Vec<Vec<usize>> {
    let mut classes: Vec<Vec<usize>> = Vec::new();
    let mut found: BTreeMap<Vec<bool>, usize> = BTreeMap::new();
    for (index, name) in names.iter().enumerate() {
        let class = *found.entry(tells(name)).or_insert(classes.len());
        match classes.get_mut(class) {
            Some(members) => members.push(index),
            None => classes.push(vec![index]),
        }
    }
    classes
}
