//! What happened, and when it was recorded: facts, notices and elections of first refusals, and
//! consents.

use comity_base::{FactId, Instant, Known, PartyId, PlaceId, TermId, Window};

use crate::provenance::{Position, Provenance};
use crate::scope::Parties;
use crate::term::{Cited, FirstRefusal};
use crate::vocabulary::{Fact, FactKind};

/// All that is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Before this the record is complete: an event that is not there had not happened.
    pub complete_to: Instant,
    /// Facts, in the order of the file.
    pub facts: Vec<FactRecord>,
    /// Offers under first refusals.
    pub offers: Vec<Offer>,
    /// Consents given.
    pub consents: Vec<Consent>,
}

/// That a fact holds, or does not, from some instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactRecord {
    /// The fact.
    pub fact: FactId,
    /// What it is.
    pub holds: bool,
    /// From when on.
    pub from: Instant,
    /// When it was recorded.
    pub recorded: Instant,
    /// What it rests on.
    pub provenance: Provenance,
    /// Where it stands.
    pub position: Position,
}

/// Something offered to the holder of a first refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The first refusal.
    pub term: Cited<TermId>,
    /// The place that was offered; everything when not named.
    pub place: Option<PlaceId>,
    /// When notice was given.
    pub notice: Instant,
    /// What the holder elected, and when, if it did.
    pub election: Option<(Election, Instant)>,
    /// When it was recorded.
    pub recorded: Instant,
    /// What it rests on.
    pub provenance: Provenance,
    /// Where it stands.
    pub position: Position,
}

impl Offer {
    /// When the right lapses without an election: so many days of 24 hours after the notice.
    #[must_use]
    pub fn deadline(&self, right: &FirstRefusal) -> Instant {
        self.notice.plus_seconds(i64::from(right.election_days) * Instant::DAY)
    }
}

/// What the holder of a first refusal elected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Election {
    /// It takes what was offered.
    Accepted,
    /// It does not.
    Declined,
}

/// An approval by the party to whom a term is owed; it overrides exactly that term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Its id, unique among the terms of the deal.
    pub id: TermId,
    /// Who consents.
    pub by: PartyId,
    /// The term that it overrides.
    pub to: Cited<TermId>,
    /// Whose acts it frees.
    pub actor: Parties,
    /// When it holds.
    pub window: Window,
    /// When it was recorded.
    pub recorded: Instant,
    /// What it rests on.
    pub provenance: Provenance,
    /// Where it stands.
    pub position: Position,
}

/// Where a first refusal stands for one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing was offered.
    Idle,
    /// It was offered; without an election the right lapses at the deadline.
    Offered {
        /// When it lapses.
        deadline: Instant,
    },
    /// The holder took it.
    Accepted,
    /// The holder did not want it.
    Declined,
    /// The holder did not elect in time.
    Lapsed,
}

impl Record {
    /// Whether a fact holds at an instant, by what was on record by `known`; `None` when that
    /// is not known.
    #[must_use]
    pub fn fact(&self, id: &FactId, fact: &Fact, at: Instant, known: Known) -> Option<bool> {
        let said = self
            .facts
            .iter()
            .filter(|record| &record.fact == id && record.recorded <= known.0 && record.from <= at)
            .max_by_key(|record| (record.from, record.recorded));
        match (said, fact.kind) {
            (Some(record), _) => Some(record.holds),
            // The closed world reaches as far as the record is complete, and is known.
            (None, FactKind::Event) => (at < self.complete_to && at <= known.0).then_some(false),
            (None, FactKind::State) => None,
        }
    }

    /// Where a first refusal stands for a place.
    #[must_use]
    pub fn refusal(
        &self,
        term: &TermId,
        right: &FirstRefusal,
        place: Option<&PlaceId>,
        at: Instant,
        known: Known,
    ) -> Refusal {
        let offer = self
            .offers
            .iter()
            .filter(|offer| {
                let covered = offer.place.is_none() || offer.place.as_ref() == place;
                &offer.term.value == term
                    && covered
                    && offer.notice <= at
                    && offer.recorded <= known.0
            })
            .max_by_key(|offer| offer.notice);
        let Some(offer) = offer else { return Refusal::Idle };
        let deadline = offer.deadline(right);
        match offer.election {
            Some((Election::Accepted, when)) if when <= at && when < deadline => Refusal::Accepted,
            Some((Election::Declined, when)) if when <= at && when < deadline => Refusal::Declined,
            Some(_) | None if deadline <= at => Refusal::Lapsed,
            Some(_) | None => Refusal::Offered { deadline },
        }
    }

    /// Every instant at which something on record changes what holds.
    pub fn instants(&self) -> impl Iterator<Item = Instant> {
        let facts = self.facts.iter().map(|record| record.from);
        let consents =
            self.consents.iter().flat_map(|consent| [consent.window.start(), consent.window.end()]);
        let offers = self.offers.iter().flat_map(|offer| {
            let elected = offer.election.map_or(offer.notice, |(_, when)| when);
            [offer.notice, elected]
        });
        facts.chain(consents).chain(offers).chain([self.complete_to])
    }
}
