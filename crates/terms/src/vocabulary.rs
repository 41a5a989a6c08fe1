//! The names that a deal may use: parties, actions, and objects, purposes and places that lie
//! within each other.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{ActionId, FactId, GpuTypeId, ObjectId, PartyId, PlaceId, PurposeId};

/// Names, each of which may lie within another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree<T> {
    within: BTreeMap<T, Option<T>>,
}

impl<T> Default for Tree<T> {
    fn default() -> Self {
        Self { within: BTreeMap::new() }
    }
}

impl<T: Ord + Clone> Tree<T> {
    /// A tree of these names, each with the name that it lies within.
    ///
    /// # Errors
    /// The first name that lies within itself, directly or through others.
    pub fn new(names: impl IntoIterator<Item = (T, Option<T>)>) -> Result<Self, T> {
        let tree = Self { within: names.into_iter().collect() };
        for name in tree.within.keys() {
            // A path longer than there are names goes round.
            if tree.ancestors(name).take(tree.within.len() + 1).count() > tree.within.len() {
                return Err(name.clone());
            }
        }
        Ok(tree)
    }

    /// Whether the name is declared.
    #[must_use]
    pub fn contains(&self, name: &T) -> bool {
        self.within.contains_key(name)
    }

    /// Whether `inner` is `outer` or lies within it.
    #[must_use]
    pub fn lies_within(&self, inner: &T, outer: &T) -> bool {
        self.ancestors(inner).any(|name| name == outer)
    }

    /// The name that this one lies within, if any.
    #[must_use]
    pub fn outer(&self, name: &T) -> Option<&T> {
        self.within.get(name)?.as_ref()
    }

    /// Every name, in order.
    pub fn names(&self) -> impl Iterator<Item = &T> {
        self.within.keys()
    }

    /// The name, the one that it lies within, and so on outwards.
    pub(crate) fn ancestors<'a>(&'a self, name: &'a T) -> impl Iterator<Item = &'a T> {
        std::iter::successors(Some(name), |name| self.within.get(name)?.as_ref())
    }
}

/// What kind of fact a term may depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FactKind {
    /// It happens at some instant and holds from then on. While the record is complete and does
    /// not have it, it has not happened.
    Event,
    /// It holds or not; where the record does not say, it is not known.
    State,
    /// One way to read an ambiguity: not known until something on record settles it.
    Reading,
}

/// A question that the text leaves open, with the ways to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguity {
    /// The question.
    pub question: String,
    /// The readings, each a fact of the vocabulary; exactly one of them is right.
    pub readings: BTreeSet<FactId>,
}

/// A fact that terms may depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Event or state.
    pub kind: FactKind,
    /// The fact as a sentence.
    pub statement: String,
}

/// Every name that the terms of a deal may use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// Legal entities.
    pub parties: BTreeSet<PartyId>,
    /// What may be done.
    pub actions: BTreeSet<ActionId>,
    /// What it may be done to.
    pub objects: Tree<ObjectId>,
    /// What it may be done for.
    pub purposes: Tree<PurposeId>,
    /// Where it may be done: countries, and the sites within them.
    pub places: Tree<PlaceId>,
    /// What terms may depend on.
    pub facts: BTreeMap<FactId, Fact>,
    /// Questions that the text leaves open.
    pub ambiguities: BTreeMap<FactId, Ambiguity>,
    /// What names are called when they are printed for people.
    pub called: Called,
}

/// What names are called when they are printed for people; a name that is not here is printed
/// as its id. Parties have their names with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Called {
    /// Verbs, such as `host`.
    pub actions: BTreeMap<ActionId, String>,
    /// Products, capacity, property.
    pub objects: BTreeMap<ObjectId, String>,
    /// Purposes.
    pub purposes: BTreeMap<PurposeId, String>,
    /// Countries, and the sites within them.
    pub places: BTreeMap<PlaceId, String>,
    /// Types of GPU.
    pub gpus: BTreeMap<GpuTypeId, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_do_not_go_round() {
        let id = |text: &str| ObjectId::new(text).unwrap();
        let tree = Tree::new([(id("api"), None), (id("mini"), Some(id("api")))]).unwrap();
        assert!(tree.lies_within(&id("mini"), &id("api")));
        assert!(!tree.lies_within(&id("api"), &id("mini")));
        assert!(Tree::new([(id("a"), Some(id("b"))), (id("b"), Some(id("a")))]).is_err());
    }
}
