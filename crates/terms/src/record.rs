//! What happened, and when it was recorded: facts, notices and elections of first refusals, and
//! consents.

use comity_base::{FactId, Instant, Known, Money, PartyId, PlaceId, TermId, Window};

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
    /// How far ratios stand that conditions are about.
    pub measures: Vec<Measure>,
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

/// How far a ratio stands from some instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// The fact of the condition.
    pub fact: FactId,
    /// What counts, in the condition's unit.
    pub counted: u64,
    /// Everything, in the condition's unit.
    pub total: u64,
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
    /// What tells the offer's text from any other, such as a hash of it.
    pub content: Option<String>,
    /// The price that was asked.
    pub price: Option<Money>,
    /// What was agreed with another party once the right was spent.
    pub sale: Option<Sale>,
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
    /// When the right lapses without an election: after so many days of its calendar that follow
    /// the day of the notice.
    #[must_use]
    pub fn deadline(&self, right: &FirstRefusal) -> Instant {
        right.calendar.deadline(self.notice, right.election_days)
    }

    /// When the right is spent: when the holder elected in time, or else at the deadline.
    fn spent(&self, right: &FirstRefusal) -> Instant {
        let deadline = self.deadline(right);
        self.election.map_or(deadline, |(_, when)| when.min(deadline))
    }

    /// When the time is over in which the grantor may deal with others, once the right is spent.
    #[must_use]
    pub fn sale_window_end(&self, right: &FirstRefusal) -> Option<Instant> {
        right.sale_window_days.map(|days| right.calendar.deadline(self.spent(right), days))
    }

    /// Whether the grantor gave another party better terms than it offered to the holder.
    #[must_use]
    pub fn undercut(&self) -> bool {
        match (&self.sale, self.price) {
            (Some(sale), Some(price)) => sale.price < price,
            (Some(_) | None, _) => false,
        }
    }
}

/// What the grantor of a first refusal agreed with another party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// With whom.
    pub party: PartyId,
    /// At which price: in the same unit as what was offered.
    pub price: Money,
    /// When.
    pub at: Instant,
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
    /// It was spent, but the time to deal with others is over, or another party was given better
    /// terms: it must be offered again.
    Reopened,
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
            (None, FactKind::State | FactKind::Reading) => None,
        }
    }

    /// The latest measure for a condition, by what was on record.
    #[must_use]
    pub fn measure(&self, fact: &FactId, at: Instant, known: Known) -> Option<&Measure> {
        self.measures
            .iter()
            .filter(|it| &it.fact == fact && it.recorded <= known.0 && it.from <= at)
            .max_by_key(|it| (it.from, it.recorded))
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
            .max_by_key(|offer| (offer.notice, offer.recorded));
        let Some(offer) = offer else { return Refusal::Idle };
        let deadline = offer.deadline(right);
        let dealt = offer.sale.as_ref().filter(|sale| sale.at <= at);
        let over = offer.sale_window_end(right).filter(|end| *end <= at);
        // What was agreed inside the window stands after it.
        let inside = |end| dealt.is_some_and(|sale| offer.spent(right) <= sale.at && sale.at < end);
        let late = over.is_some_and(|end| !inside(end));
        let spent = |refusal| {
            if late || (dealt.is_some() && offer.undercut()) { Refusal::Reopened } else { refusal }
        };
        match offer.election {
            Some((Election::Accepted, when)) if when <= at && when < deadline => Refusal::Accepted,
            Some((Election::Declined, when)) if when <= at && when < deadline => {
                spent(Refusal::Declined)
            }
            Some(_) | None if deadline <= at => spent(Refusal::Lapsed),
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
            let agreed = offer.sale.as_ref().map_or(offer.notice, |sale| sale.at);
            [offer.notice, elected, agreed]
        });
        let measures = self.measures.iter().map(|measure| measure.from);
        facts.chain(consents).chain(offers).chain(measures).chain([self.complete_to])
    }
}
