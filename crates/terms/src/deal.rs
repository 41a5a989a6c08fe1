//! A deal: parties, their agreements in versions, what the silence of the terms means, and the
//! record.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{
    ActionId, AgreementId, Currency, Instant, Known, PartyId, Rounding, TermId, VersionId, Window,
};

use crate::check::{Problem, check};
use crate::holdings::ends;
use crate::money::{Conversion, Rate, Tolerance};
use crate::provenance::Position;
use crate::record::Record;
use crate::term::{Cited, Term};
use crate::vocabulary::Vocabulary;

/// A legal entity in a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Its name for people.
    pub name: String,
    /// What it does in the deal.
    pub role: String,
}

/// How it is read when no term speaks of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Silence {
    /// What is not forbidden may be done.
    Liberty,
    /// What is not permitted may not be done.
    Prohibited,
}

/// How the deal reads silence, by action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilenceRule {
    /// Unless the action is listed.
    pub otherwise: Silence,
    /// Actions that are read in a way of their own.
    pub actions: BTreeMap<ActionId, Silence>,
}

impl SilenceRule {
    /// How silence about this action is read.
    #[must_use]
    pub fn of(&self, action: &ActionId) -> Silence {
        self.actions.get(action).copied().unwrap_or(self.otherwise)
    }
}

/// An agreement between parties, in its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Its id.
    pub id: AgreementId,
    /// Its name for people.
    pub name: String,
    /// Who signed it.
    pub parties: BTreeSet<PartyId>,
    /// Its versions, by the date from which they are effective.
    pub versions: Vec<Version>,
}

impl Agreement {
    /// When it ends, as agreed with each of its versions.
    #[must_use]
    pub fn ends(&self) -> Vec<Instant> {
        ends(&self.versions.iter().collect::<Vec<_>>())
    }
}

/// What is in force from a date, as the amendment that brought it: what it adds, replaces, ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its id.
    pub id: VersionId,
    /// When it was signed.
    pub executed: Instant,
    /// When it holds, up to the next version or its own end.
    pub effective: Window,
    /// When it was recorded: before that, nobody could know it.
    pub recorded: Instant,
    /// Terms that it brings.
    pub adds: Vec<Term>,
    /// Terms that it puts others in the place of.
    pub replaces: Vec<Replacement>,
    /// Terms that it ends.
    pub ends: Vec<Cited<TermId>>,
    /// What else it does to terms.
    pub changes: Changes,
    /// Where it stands.
    pub position: Position,
}

/// What a version does to terms besides adding, replacing and ending them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Terms that do not hold for some time, and then do again.
    pub suspends: Vec<Suspension>,
    /// Terms that end at another instant than their own words say.
    pub extends: Vec<Extension>,
    /// Terms that were written down wrongly here: from when this was recorded on, those that are
    /// right stand in their place for all the time that they held. What was known before stays
    /// as it was.
    pub corrects: Vec<Replacement>,
    /// Terms that were never valid: from when this was recorded on, they never held.
    pub annuls: Vec<Cited<TermId>>,
}

/// A term that does not hold for some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// The term.
    pub term: Cited<TermId>,
    /// When it does not hold.
    pub window: Window,
}

/// A term that ends at another instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// The term.
    pub term: Cited<TermId>,
    /// When it ends now.
    pub to: Instant,
}

/// A term that gives way to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The term that ends.
    pub term: Cited<TermId>,
    /// The terms, added by the same version, that stand in its place.
    pub by: Vec<Cited<TermId>>,
}

/// The parts of a deal, before they are checked against each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its name for people.
    pub name: String,
    /// What it is, in a few sentences.
    pub summary: String,
    /// The currency that it settles in.
    pub currency: Currency,
    /// How amounts are rounded to that currency's smallest unit.
    pub rounding: Rounding,
    /// What silence means.
    pub silence: SilenceRule,
    /// The names it uses.
    pub vocabulary: Vocabulary,
    /// Its parties.
    pub parties: BTreeMap<PartyId, Party>,
    /// Its agreements.
    pub agreements: Vec<Agreement>,
    /// Its rate cards.
    pub rates: Vec<Rate>,
    /// What currencies are worth in others.
    pub conversions: Vec<Conversion>,
    /// How small differences between what two parties measured are resolved, where that is agreed.
    pub tolerance: Option<Tolerance>,
    /// What happened.
    pub record: Record,
}

/// A deal whose parts were checked against each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deal {
    draft: Draft,
}

impl Deal {
    /// Checks the parts of a deal against each other.
    ///
    /// # Errors
    /// Every problem found, in the order of their positions.
    pub fn new(mut draft: Draft) -> Result<Self, Vec<Problem>> {
        for agreement in &mut draft.agreements {
            agreement.versions.sort_by_key(|version| version.effective.start());
        }
        let problems = check(&draft);
        if problems.is_empty() { Ok(Self { draft }) } else { Err(problems) }
    }

    /// The deal with only what had been recorded by `known`, as if nothing had come after.
    ///
    /// It is not checked again: by what was known then it may have had problems that what was
    /// recorded later mended. Terms that nobody had recorded may still be cited.
    #[must_use]
    pub fn as_known(&self, known: Known) -> Self {
        let mut draft = self.draft.clone();
        for agreement in &mut draft.agreements {
            agreement.versions.retain(|version| version.recorded <= known.0);
        }
        let record = &mut draft.record;
        record.facts.retain(|fact| fact.recorded <= known.0);
        record.measures.retain(|measure| measure.recorded <= known.0);
        record.offers.retain(|offer| offer.recorded <= known.0);
        for offer in &mut record.offers {
            offer.election = offer.election.filter(|it| it.recorded <= known.0);
            offer.sale = offer.sale.take().filter(|it| it.recorded <= known.0);
        }
        record.exercises.retain(|exercise| exercise.recorded <= known.0);
        record.consents.retain(|consent| consent.recorded <= known.0);
        record.disputes.retain(|dispute| dispute.recorded <= known.0);
        Self { draft }
    }

    /// The checked parts.
    #[must_use]
    pub fn parts(&self) -> &Draft {
        &self.draft
    }

    /// The dates on which a version of any agreement became effective, with its agreement.
    pub fn versions(&self) -> impl Iterator<Item = (&Agreement, &Version)> {
        self.draft.agreements.iter().flat_map(|agreement| {
            agreement.versions.iter().map(move |version| (agreement, version))
        })
    }
}
