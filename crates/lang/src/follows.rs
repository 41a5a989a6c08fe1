//! Which problems between the parts of a deal only follow from a mistake that was reported
//! already: a term that could not be read is not unknown as well.

use std::collections::BTreeSet;

use comity_base::TermId;
use comity_terms::{Draft, Position, Problem, ProblemKind, RightProblem};

use crate::diagnostic::Diagnostic;
use crate::node::{Kind, Node};
use crate::shape::{Name, Names};

/// The files that matter here.
pub(crate) struct Files<'a> {
    pub(crate) deal: Option<&'a Node>,
    pub(crate) versions: Vec<&'a Node>,
    pub(crate) record: Option<&'a Node>,
}

/// What is known to be damaged before the parts are checked against each other.
pub(crate) struct Damage<'a> {
    names: &'a Names,
    /// Whether it is known what lies within what.
    vocabulary: bool,
    places: BTreeSet<&'a Position>,
    /// Terms that files define and that could not be read.
    lost: BTreeSet<String>,
    /// Whatever a damaged part of a version or of the record names, or most likely means.
    named: BTreeSet<String>,
    /// Agreements of which it is not known who signed them.
    signers: BTreeSet<String>,
}

impl<'a> Damage<'a> {
    /// What the diagnostics so far say of the version files and the record.
    pub(crate) fn of(
        files: &Files<'_>,
        draft: &Draft,
        names: &'a Names,
        diagnostics: &'a [Diagnostic],
    ) -> Self {
        let consents = files.record.and_then(|record| record.get("consents"));
        let consent_ids = consents.map_or(&[][..], Node::items).iter();
        let consent_ids: BTreeSet<&str> =
            consent_ids.filter_map(|consent| consent.get("id")?.text()).collect();
        let read = draft.agreements.iter().flat_map(|agreement| &agreement.versions);
        let read: BTreeSet<&TermId> =
            read.flat_map(|version| &version.adds).map(|term| &term.id).collect();
        let is_lost = |text: &&str| {
            !consent_ids.contains(text) && TermId::new(text).is_ok_and(|id| !read.contains(&id))
        };
        let mut damage = Self {
            names,
            vocabulary: files.deal.is_some(),
            places: diagnostics.iter().map(|found| &found.place.position).collect(),
            lost: names.of(Name::Term).filter(is_lost).map(str::to_owned).collect(),
            named: BTreeSet::new(),
            signers: BTreeSet::new(),
        };
        for version in &files.versions {
            damage.version(version);
        }
        for consent in consents.map_or(&[][..], Node::items) {
            damage.part(consent);
        }
        damage
    }

    /// Whether a problem may only follow from what was reported already.
    pub(crate) fn explains(&self, problem: &Problem) -> bool {
        let unread = |text: &str| self.names.may_miss(Name::Term, text);
        let lost = |term: &TermId| unread(term.as_str()) || self.lost.contains(term.as_str());
        let named = |term: &TermId| unread(term.as_str()) || self.named.contains(term.as_str());
        let known = |party: &str| self.names.contains(Name::Party, party);
        let follows = match &problem.kind {
            // The names of terms were collected, and repeated ones reported, from the files.
            ProblemKind::TermTwice { .. } => true,
            ProblemKind::UnknownTerm { term, .. }
            | ProblemKind::NotInForce { term, .. }
            | ProblemKind::NotAdded { term, .. } => lost(term),
            ProblemKind::Contradiction { permits, forbids, .. } => {
                !self.vocabulary || named(permits) || named(forbids)
            }
            ProblemKind::NotSigned { party, agreement, .. } => {
                let agreement = agreement.as_str();
                !known(party.as_str()) || unread(agreement) || self.signers.contains(agreement)
            }
            ProblemKind::Stranger { by, term, .. }
            | ProblemKind::Right(RightProblem::NotHolder { by, option: term, .. }) => {
                !known(by.as_str()) || named(term)
            }
            ProblemKind::NothingLifted { consent, term } => {
                !self.vocabulary || named(consent) || named(term)
            }
            ProblemKind::Right(RightProblem::NotExercisable { option, .. })
            | ProblemKind::Right(RightProblem::ExerciseUnfounded { option, .. })
            | ProblemKind::Right(RightProblem::BringsItself { option }) => named(option),
            ProblemKind::Right(RightProblem::NotOwed { term, debtor, beneficiary, .. }) => {
                !known(debtor.as_str()) || !known(beneficiary.as_str()) || named(term)
            }
            ProblemKind::ForeignCarveOut { overridden, agreement, .. } => {
                let agreement = agreement.as_str();
                named(overridden) || unread(agreement) || self.signers.contains(agreement)
            }
            ProblemKind::VersionsOverlap { .. }
            | ProblemKind::Circle { .. }
            | ProblemKind::NoEffect { .. }
            | ProblemKind::SharesAboveWhole { .. }
            | ProblemKind::EquityAboveWhole { .. }
            | ProblemKind::RatesOverlap { .. }
            | ProblemKind::WrongUnit { .. }
            | ProblemKind::PartnerFunds { .. }
            | ProblemKind::Misfit { .. }
            | ProblemKind::NotFirstRefusal { .. }
            | ProblemKind::Right(RightProblem::NotOption { .. })
            | ProblemKind::Right(RightProblem::ExercisedTwice { .. })
            | ProblemKind::Right(RightProblem::BroughtTwice { .. })
            | ProblemKind::Right(RightProblem::GuaranteesItself { .. }) => false,
        };
        follows || self.places.contains(&problem.position)
    }

    /// A mistake in a list of a version touches the item that it stands in; one in anything else
    /// touches the version as a whole.
    fn version(&mut self, version: &Node) {
        let mut whole = self.is_at(version);
        for (key, value) in version.entries() {
            if self.places.contains(&key.place.position) {
                whole = true;
            } else if matches!(value.kind, Kind::List(_)) && key.text != "parties" {
                value.items().iter().for_each(|item| self.part(item));
            } else {
                whole |= self.touches(value);
            }
        }
        if whole {
            self.collect(version);
            let agreement = version.get("agreement").and_then(Node::text);
            self.signers.extend(agreement.map(str::to_owned));
        }
    }

    fn part(&mut self, part: &Node) {
        if self.touches(part) {
            self.collect(part);
        }
    }

    fn is_at(&self, node: &Node) -> bool {
        self.places.contains(&node.place.position)
    }

    fn touches(&self, node: &Node) -> bool {
        node.any_place(&|place| self.places.contains(&place.position))
    }

    fn collect(&mut self, node: &Node) {
        match &node.kind {
            Kind::Scalar { text, .. } => {
                if self.is_at(node) {
                    let meant = self.names.nearest(Name::Term, text).map(str::to_owned);
                    self.named.extend(meant);
                }
                self.named.insert(text.clone());
            }
            Kind::Empty => {}
            Kind::List(items) => items.iter().for_each(|item| self.collect(item)),
            Kind::Map(entries) => entries.iter().for_each(|(_, value)| self.collect(value)),
        }
    }
}
