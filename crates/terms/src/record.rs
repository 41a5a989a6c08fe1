//! What happened, and when it was recorded: facts, notices and elections of first refusals,
//! exercises of options, and consents.

use comity_base::{FactId, Instant, Known, Money, PartyId, PlaceId, TermId, Window};

use crate::money::Dispute;
use crate::provenance::{Position, Provenance};
use crate::scope::{Limits, Parties};
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
    /// Exercises of options.
    pub exercises: Vec<Exercise>,
    /// Consents given.
    pub consents: Vec<Consent>,
    /// Charges that a party does not accept.
    pub disputes: Vec<Dispute>,
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
    /// What the holder elected, if it did.
    pub election: Option<Elected>,
    /// When the notice was recorded.
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

    /// What the holder elected in time, as far as it was known.
    #[must_use]
    pub fn elected(&self, right: &FirstRefusal, known: Known) -> Option<Elected> {
        self.election.filter(|it| it.recorded <= known.0 && it.at < self.deadline(right))
    }

    /// What was agreed with another party, as far as it was known.
    #[must_use]
    pub fn sold(&self, known: Known) -> Option<&Sale> {
        self.sale.as_ref().filter(|it| it.recorded <= known.0)
    }

    /// When the right is spent: when the holder elected in time, or else at the deadline.
    fn spent(&self, right: &FirstRefusal, known: Known) -> Instant {
        self.elected(right, known).map_or_else(|| self.deadline(right), |it| it.at)
    }

    /// When the time is over in which the grantor may deal with others, once the right is spent,
    /// as far as it was known.
    #[must_use]
    pub fn sale_window_end(&self, right: &FirstRefusal, known: Known) -> Option<Instant> {
        let spent = self.spent(right, known);
        right.sale_window_days.map(|days| right.calendar.deadline(spent, days))
    }

    /// Whether a sale is on better terms than were offered to the holder.
    #[must_use]
    pub fn undercut(&self, sale: &Sale) -> bool {
        self.price.is_some_and(|price| sale.price < price)
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
    /// When it was recorded.
    pub recorded: Instant,
}

/// An election by the holder of a first refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Elected {
    /// What it elected.
    pub election: Election,
    /// When.
    pub at: Instant,
    /// When it was recorded.
    pub recorded: Instant,
}

/// What the holder of a first refusal elected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Election {
    /// It takes what was offered.
    Accepted,
    /// It does not.
    Declined,
}

/// That the holder of an option exercised it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exercise {
    /// The option.
    pub option: Cited<TermId>,
    /// Who exercised it.
    pub by: PartyId,
    /// When.
    pub on: Instant,
    /// When it was recorded.
    pub recorded: Instant,
    /// What it rests on.
    pub provenance: Provenance,
    /// Where it stands.
    pub position: Position,
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
    /// What it is limited to; all that the term forbids when it does not say.
    pub limits: Limits,
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
        let dealt = offer.sold(known).filter(|sale| sale.at <= at);
        let over = offer.sale_window_end(right, known).filter(|end| *end <= at);
        // What was agreed inside the window stands after it.
        let spent_at = offer.spent(right, known);
        let inside = |end| dealt.is_some_and(|sale| spent_at <= sale.at && sale.at < end);
        let late = over.is_some_and(|end| !inside(end));
        let undercut = dealt.is_some_and(|sale| offer.undercut(sale));
        let spent = |refusal| if late || undercut { Refusal::Reopened } else { refusal };
        match offer.elected(right, known).filter(|it| it.at <= at).map(|it| it.election) {
            Some(Election::Accepted) => Refusal::Accepted,
            Some(Election::Declined) => spent(Refusal::Declined),
            None if deadline <= at => spent(Refusal::Lapsed),
            None => Refusal::Offered { deadline },
        }
    }

    /// Every instant at which something on record changes what holds.
    pub fn instants(&self) -> impl Iterator<Item = Instant> {
        let facts = self.facts.iter().map(|record| record.from);
        let consents =
            self.consents.iter().flat_map(|consent| [consent.window.start(), consent.window.end()]);
        let offers = self.offers.iter().flat_map(|offer| {
            let elected = offer.election.map_or(offer.notice, |it| it.at);
            let agreed = offer.sale.as_ref().map_or(offer.notice, |sale| sale.at);
            [offer.notice, elected, agreed]
        });
        let measures = self.measures.iter().map(|measure| measure.from);
        let exercises = self.exercises.iter().map(|exercise| exercise.on);
        facts
            .chain(consents)
            .chain(exercises)
            .chain(offers)
            .chain(measures)
            .chain([self.complete_to])
    }
}
