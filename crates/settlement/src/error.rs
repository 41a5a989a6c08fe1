//! Why a period cannot be settled: every problem, not the first.

use comity_base::{
    Decimal, Instant, Meter, Money, ObjectId, Overflow, PartyId, PriceUnit, RateId, TermId, Window,
};
use comity_terms::Position;
use thiserror::Error;

/// A period that cannot be settled, with all that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the period {period} cannot be settled: {}", list(problems))]
pub struct SettleError {
    /// The period.
    pub period: Window,
    /// The problems, at least one: those of the terms first, then those of the usage.
    pub problems: Vec<Problem>,
}

/// One reason why a period cannot be settled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// A price below zero.
    #[error("rate `{rate}` has a price below zero: `{price}` ({position})")]
    NegativePrice {
        /// The rate.
        rate: RateId,
        /// Its price.
        price: Decimal,
        /// Where it stands.
        position: Position,
    },
    /// A price for a unit of something else than what is counted.
    #[error(
        "rate `{rate}` counts `{}` but is priced per `{}` ({position})",
        meter.name(),
        per.name()
    )]
    WrongUnit {
        /// The rate.
        rate: RateId,
        /// What it counts.
        meter: Meter,
        /// The unit of its price.
        per: PriceUnit,
        /// Where it stands.
        position: Position,
    },
    /// Two lines of the rate card that name as much as each other and fit the same use.
    #[error(
        "rates `{first}` ({first_at}) and `{second}` ({second_at}) fit a use of {segment} equally well: {supply}"
    )]
    AmbiguousRate {
        /// The one rate.
        first: RateId,
        /// Where it stands.
        first_at: Position,
        /// The other.
        second: RateId,
        /// Where that stands.
        second_at: Position,
        /// The first segment in which both fit.
        segment: Window,
        /// The first use there that both fit, in words.
        supply: String,
    },
    /// A term that would move money from a party to itself.
    #[error("term `{term}` is between `{party}` and itself ({position})")]
    OneParty {
        /// The term.
        term: TermId,
        /// The party.
        party: PartyId,
        /// Where the term stands.
        position: Position,
    },
    /// An amount of money below zero in a term.
    #[error("term `{term}` states {what} below zero: {amount} ({position})")]
    NegativeAmount {
        /// The term.
        term: TermId,
        /// Which amount.
        what: &'static str,
        /// The amount.
        amount: Money,
        /// Where the term stands.
        position: Position,
    },
    /// A number below zero in a term.
    #[error("term `{term}` states {what} below zero: {number} ({position})")]
    NegativeNumber {
        /// The term.
        term: TermId,
        /// Which number.
        what: &'static str,
        /// The number.
        number: String,
        /// Where the term stands.
        position: Position,
    },
    /// A commitment that does not say what it takes to settle it.
    #[error("commitment `{term}` {why} ({position})")]
    Unsettled {
        /// The term.
        term: TermId,
        /// What it lacks.
        why: &'static str,
        /// Where the term stands.
        position: Position,
    },
    /// A term of which two versions are in force at once.
    #[error("term `{term}` is in force twice from {from} ({first_at} and {second_at})")]
    InForceTwice {
        /// The term.
        term: TermId,
        /// The first instant at which it is.
        from: Instant,
        /// Where the one stands.
        first_at: Position,
        /// Where the other stands.
        second_at: Position,
    },
    /// Shares of the same sales that make more than the whole.
    #[error(
        "the shares of `{payer}`'s sales of `{product}` in {segment} make more than 100 %: {}",
        names(shares)
    )]
    SharesAboveWhole {
        /// Who passes the money on.
        payer: PartyId,
        /// The product whose sales are the base.
        product: ObjectId,
        /// The first segment in which it is so.
        segment: Window,
        /// The terms, with where each stands.
        shares: Vec<(TermId, Position)>,
    },
    /// A number that does not fit in 128 bits.
    #[error("{what} is too large")]
    TooLarge {
        /// Which total or sum.
        what: String,
        /// Why.
        #[source]
        source: Overflow,
    },
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("; ")
}

fn names(shares: &[(TermId, Position)]) -> String {
    let named = shares.iter().map(|(term, position)| format!("`{term}` ({position})"));
    named.collect::<Vec<_>>().join(", ")
}
