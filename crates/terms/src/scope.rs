//! The box that a term is about: actor × action × object × beneficiary × purpose × place.

use std::collections::BTreeSet;
use std::fmt;

use comity_base::{ActionId, Instant, ObjectId, PartyId, PlaceId, PurposeId};

use crate::vocabulary::{Tree, Vocabulary};

/// A set of parties.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parties {
    /// Everyone.
    Any,
    /// These.
    Only(BTreeSet<PartyId>),
    /// Everyone but these.
    AllBut(BTreeSet<PartyId>),
}

impl Parties {
    /// Whether the party is one of them.
    #[must_use]
    pub fn contains(&self, party: &PartyId) -> bool {
        match self {
            Self::Any => true,
            Self::Only(these) => these.contains(party),
            Self::AllBut(these) => !these.contains(party),
        }
    }

    /// Whether a party that may be left out is one of them.
    fn named(&self, party: Option<&PartyId>) -> Option<bool> {
        match (self, party) {
            (Self::Any, _) => Some(true),
            (Self::Only(_) | Self::AllBut(_), None) => None,
            (Self::Only(_) | Self::AllBut(_), Some(party)) => Some(self.contains(party)),
        }
    }

    fn overlaps(&self, other: &Self, all: &BTreeSet<PartyId>) -> bool {
        all.iter().any(|party| self.contains(party) && other.contains(party))
    }

    fn includes(&self, other: &Self, all: &BTreeSet<PartyId>) -> bool {
        all.iter().all(|party| self.contains(party) || !other.contains(party))
    }
}

/// What a term is about. An empty set of purposes or places means any.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// Who acts.
    pub actor: Parties,
    /// What is done.
    pub actions: BTreeSet<ActionId>,
    /// What it is done to.
    pub objects: BTreeSet<ObjectId>,
    /// For whom it is done.
    pub beneficiary: Parties,
    /// What for.
    pub purposes: BTreeSet<PurposeId>,
    /// Where.
    pub places: BTreeSet<PlaceId>,
}

/// What a consent is limited to, in each of its parts; an empty set is no limit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Limits {
    /// What is done.
    pub actions: BTreeSet<ActionId>,
    /// What it is done to.
    pub objects: BTreeSet<ObjectId>,
    /// For whom it is done.
    pub beneficiary: Parties,
    /// What for.
    pub purposes: BTreeSet<PurposeId>,
    /// Where.
    pub places: BTreeSet<PlaceId>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            actions: BTreeSet::new(),
            objects: BTreeSet::new(),
            beneficiary: Parties::Any,
            purposes: BTreeSet::new(),
            places: BTreeSet::new(),
        }
    }
}

/// What someone asks to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    /// Who acts.
    pub party: PartyId,
    /// What is done.
    pub action: ActionId,
    /// What it is done to.
    pub object: ObjectId,
    /// For whom; not known when not named.
    pub beneficiary: Option<PartyId>,
    /// What for; not known when not named.
    pub purpose: Option<PurposeId>,
    /// Where; not known when not named.
    pub place: Option<PlaceId>,
    /// How much, in the unit of the condition that asks; not known when not named.
    pub amount: Option<u64>,
    /// When.
    pub at: Instant,
}

/// A part of a request that may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// For whom.
    Beneficiary,
    /// What for.
    Purpose,
    /// Where.
    Place,
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Beneficiary => "for whom",
            Self::Purpose => "the purpose",
            Self::Place => "the site",
        })
    }
}

/// Whether a request lies in a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// It does not.
    No,
    /// It does.
    Yes,
    /// It would depend on what the request leaves out.
    Unknown(BTreeSet<Dimension>),
}

impl Fit {
    fn of(parts: [(Dimension, Option<bool>); 3]) -> Self {
        if parts.iter().any(|(_, fits)| *fits == Some(false)) {
            return Self::No;
        }
        let unknown: BTreeSet<Dimension> =
            parts.iter().filter(|(_, fits)| fits.is_none()).map(|(part, _)| *part).collect();
        if unknown.is_empty() { Self::Yes } else { Self::Unknown(unknown) }
    }

    /// Whether the request lies in both.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, fit) | (fit, Self::Yes) => fit,
            (Self::Unknown(mut parts), Self::Unknown(more)) => {
                parts.extend(more);
                Self::Unknown(parts)
            }
        }
    }
}

/// How a scope has to meet a request that names something wider than the scope does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meeting {
    /// All of the request must lie in the scope: to be permitted, everything must be.
    Covers,
    /// Any of the request lying in the scope is enough: what contains something prohibited is.
    Touches,
}

impl Scope {
    /// Whether the request lies in the scope.
    #[must_use]
    pub fn fit(&self, request: &Request, meeting: Meeting, vocabulary: &Vocabulary) -> Fit {
        let meets = |tree: &Tree<ObjectId>, inner: &ObjectId, outer: &ObjectId| {
            tree_meets(tree, inner, outer, meeting)
        };
        let object =
            self.objects.iter().any(|object| meets(&vocabulary.objects, &request.object, object));
        if !self.actor.contains(&request.party)
            || !self.actions.contains(&request.action)
            || !object
        {
            return Fit::No;
        }
        let beneficiary = self.beneficiary.named(request.beneficiary.as_ref());
        let purpose = named(&self.purposes, request.purpose.as_ref(), |purpose, mine| {
            tree_meets(&vocabulary.purposes, purpose, mine, meeting)
        });
        let place = named(&self.places, request.place.as_ref(), |place, mine| {
            tree_meets(&vocabulary.places, place, mine, meeting)
        });
        Fit::of([
            (Dimension::Beneficiary, beneficiary),
            (Dimension::Purpose, purpose),
            (Dimension::Place, place),
        ])
    }

    /// Whether some act lies in both scopes.
    #[must_use]
    pub fn overlaps(&self, other: &Self, vocabulary: &Vocabulary) -> bool {
        self.actor.overlaps(&other.actor, &vocabulary.parties)
            && !self.actions.is_disjoint(&other.actions)
            && trees_overlap(&vocabulary.objects, &self.objects, &other.objects)
            && self.beneficiary.overlaps(&other.beneficiary, &vocabulary.parties)
            && any_or_overlap(&vocabulary.purposes, &self.purposes, &other.purposes)
            && any_or_overlap(&vocabulary.places, &self.places, &other.places)
    }

    /// Whether every act that lies in `other` lies in this scope too.
    #[must_use]
    pub fn includes(&self, other: &Self, vocabulary: &Vocabulary) -> bool {
        self.actor.includes(&other.actor, &vocabulary.parties)
            && other.actions.is_subset(&self.actions)
            && tree_includes(&vocabulary.objects, &self.objects, &other.objects)
            && self.beneficiary.includes(&other.beneficiary, &vocabulary.parties)
            && any_or_includes(&vocabulary.purposes, &self.purposes, &other.purposes)
            && any_or_includes(&vocabulary.places, &self.places, &other.places)
    }
}

impl Limits {
    /// Whether all of the request lies inside the limits.
    #[must_use]
    pub fn fit(&self, request: &Request, vocabulary: &Vocabulary) -> Fit {
        if !self.has_action(&request.action) || !self.has_object(&request.object, vocabulary) {
            return Fit::No;
        }
        Fit::of([
            (Dimension::Beneficiary, self.beneficiary.named(request.beneficiary.as_ref())),
            (Dimension::Purpose, self.has_purpose(request.purpose.as_ref(), vocabulary)),
            (Dimension::Place, self.has_place(request.place.as_ref(), vocabulary)),
        ])
    }

    /// Whether there are none.
    #[must_use]
    pub fn are_none(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn has_action(&self, action: &ActionId) -> bool {
        self.actions.is_empty() || self.actions.contains(action)
    }

    pub(crate) fn has_object(&self, object: &ObjectId, vocabulary: &Vocabulary) -> bool {
        self.objects.is_empty()
            || self.objects.iter().any(|mine| vocabulary.objects.lies_within(object, mine))
    }

    pub(crate) fn has_beneficiary(&self, party: Option<&PartyId>) -> Option<bool> {
        self.beneficiary.named(party)
    }

    pub(crate) fn has_purpose(
        &self,
        purpose: Option<&PurposeId>,
        vocabulary: &Vocabulary,
    ) -> Option<bool> {
        named(&self.purposes, purpose, |it, mine| vocabulary.purposes.lies_within(it, mine))
    }

    pub(crate) fn has_place(
        &self,
        place: Option<&PlaceId>,
        vocabulary: &Vocabulary,
    ) -> Option<bool> {
        named(&self.places, place, |it, mine| vocabulary.places.lies_within(it, mine))
    }

    /// Whether some act of a scope lies inside the limits.
    #[must_use]
    pub fn overlap(&self, scope: &Scope, vocabulary: &Vocabulary) -> bool {
        (self.actions.is_empty() || !self.actions.is_disjoint(&scope.actions))
            && any_or_overlap(&vocabulary.objects, &self.objects, &scope.objects)
            && (self.beneficiary == Parties::Any
                || self.beneficiary.overlaps(&scope.beneficiary, &vocabulary.parties))
            && any_or_overlap(&vocabulary.purposes, &self.purposes, &scope.purposes)
            && any_or_overlap(&vocabulary.places, &self.places, &scope.places)
    }
}

pub(crate) fn tree_meets<T: Ord + Clone>(
    tree: &Tree<T>,
    asked: &T,
    mine: &T,
    meeting: Meeting,
) -> bool {
    tree.lies_within(asked, mine) || (meeting == Meeting::Touches && tree.lies_within(mine, asked))
}

pub(crate) fn named<T>(
    mine: &BTreeSet<T>,
    asked: Option<&T>,
    meets: impl Fn(&T, &T) -> bool,
) -> Option<bool> {
    if mine.is_empty() {
        return Some(true);
    }
    asked.map(|asked| mine.iter().any(|mine| meets(asked, mine)))
}

fn trees_overlap<T: Ord + Clone>(tree: &Tree<T>, a: &BTreeSet<T>, b: &BTreeSet<T>) -> bool {
    a.iter().any(|a| b.iter().any(|b| tree_meets(tree, a, b, Meeting::Touches)))
}

fn any_or_overlap<T: Ord + Clone>(tree: &Tree<T>, a: &BTreeSet<T>, b: &BTreeSet<T>) -> bool {
    a.is_empty() || b.is_empty() || trees_overlap(tree, a, b)
}

fn tree_includes<T: Ord + Clone>(tree: &Tree<T>, a: &BTreeSet<T>, b: &BTreeSet<T>) -> bool {
    b.iter().all(|b| a.iter().any(|a| tree.lies_within(b, a)))
}

fn any_or_includes<T: Ord + Clone>(tree: &Tree<T>, a: &BTreeSet<T>, b: &BTreeSet<T>) -> bool {
    a.is_empty() || (!b.is_empty() && tree_includes(tree, a, b))
}
