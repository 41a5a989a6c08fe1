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
        let beneficiary = match (&self.beneficiary, &request.beneficiary) {
            (Parties::Any, _) => Some(true),
            (_, None) => None,
            (parties, Some(party)) => Some(parties.contains(party)),
        };
        let purpose = named(&self.purposes, request.purpose.as_ref(), |purpose, mine| {
            tree_meets(&vocabulary.purposes, purpose, mine, meeting)
        });
        let place = named(&self.places, request.place.as_ref(), |place, mine| {
            tree_meets(&vocabulary.places, place, mine, meeting)
        });
        let parts = [
            (Dimension::Beneficiary, beneficiary),
            (Dimension::Purpose, purpose),
            (Dimension::Place, place),
        ];
        if parts.iter().any(|(_, fits)| *fits == Some(false)) {
            return Fit::No;
        }
        let unknown: BTreeSet<Dimension> =
            parts.iter().filter(|(_, fits)| fits.is_none()).map(|(part, _)| *part).collect();
        if unknown.is_empty() { Fit::Yes } else { Fit::Unknown(unknown) }
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
