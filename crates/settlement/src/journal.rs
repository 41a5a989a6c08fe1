//! The books: every movement of money is one entry of two postings that sum to zero.

use std::fmt;

use comity_base::{
    Currency, GpuTypeId, Meter, Money, ObjectId, Overflow, PartyId, RateId, SiteId, TermId, Window,
};

/// The entries of a settled period, in order: by segment, and in each the charges by supply,
/// then the shares by term, then the shortfalls that fall due at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    currency: Currency,
    /// Invariant: ids count from 1, and no amount is below zero.
    entries: Vec<Entry>,
    /// Invariant: the sum of all amounts, so every sum of some of them fits.
    total_minor: i128,
}

impl Journal {
    pub(crate) fn new(currency: Currency) -> Self {
        Self { currency, entries: Vec::new(), total_minor: 0 }
    }

    /// What all its amounts are in.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// The entries, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The sum of all amounts that move, whoever pays them.
    #[must_use]
    pub fn total(&self) -> Money {
        Money { minor: self.total_minor, currency: self.currency }
    }

    /// Enters a movement and gives its id.
    pub(crate) fn enter(&mut self, movement: Movement) -> Result<u64, Overflow> {
        assert!(movement.amount_minor >= 0, "money moves from payer to payee");
        self.total_minor = self.total_minor.checked_add(movement.amount_minor).ok_or(Overflow)?;
        let id = self.entries.last().map_or(1, |last| last.id + 1);
        self.entries.push(Entry {
            id,
            payer: movement.payer,
            payee: movement.payee,
            amount: Money { minor: movement.amount_minor, currency: self.currency },
            reason: movement.reason,
            cause: movement.cause,
            segment: movement.segment,
            used: movement.used,
        });
        Ok(id)
    }
}

/// An entry before it has its number.
pub(crate) struct Movement {
    pub(crate) payer: PartyId,
    pub(crate) payee: PartyId,
    pub(crate) amount_minor: i128,
    pub(crate) reason: Reason,
    pub(crate) cause: Cause,
    pub(crate) segment: Window,
    pub(crate) used: Option<Used>,
}

/// One movement of money from one party to another.
///
/// A charge that comes to nothing has an entry all the same, which accounts for its quantity; a
/// share or a shortfall of nothing has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1 in the order of the journal.
    pub id: u64,
    /// Who owes it.
    pub payer: PartyId,
    /// Who is owed it.
    pub payee: PartyId,
    /// How much, never below zero.
    pub amount: Money,
    /// What for.
    pub reason: Reason,
    /// The term or the line of a rate card that it rests on.
    pub cause: Cause,
    /// The part of the period that it is for; for a shortfall, the interval that ended.
    pub segment: Window,
    /// What was used, for a charge.
    pub used: Option<Used>,
}

impl Entry {
    /// The two postings, the payer's first; they sum to zero.
    #[must_use]
    pub fn postings(&self) -> [Posting; 2] {
        let account = |party: &PartyId, counterparty: &PartyId| Account {
            party: party.clone(),
            counterparty: counterparty.clone(),
            reason: self.reason.clone(),
        };
        [
            Posting {
                account: account(&self.payer, &self.payee),
                amount: Money { minor: -self.amount.minor, ..self.amount },
            },
            Posting { account: account(&self.payee, &self.payer), amount: self.amount },
        ]
    }
}

/// One side of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// Where it is posted.
    pub account: Account,
    /// Above zero what the account's party is owed, below zero what it owes.
    pub amount: Money,
}

/// What one party has with another for one reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// Whose books.
    pub party: PartyId,
    /// With whom.
    pub counterparty: PartyId,
    /// What for.
    pub reason: Reason,
}

/// What money moves for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// GPUs, nodes, cores or storage held.
    Capacity,
    /// Power made available.
    Power,
    /// Tokens of a product sold.
    Sale {
        /// The product.
        product: ObjectId,
    },
    /// A part of the payer's sales.
    RevenueShare,
    /// What was committed and not drawn.
    Shortfall,
}

impl Reason {
    /// What a charge is for.
    pub(crate) fn of_charge(meter: Meter, object: &ObjectId) -> Self {
        match meter {
            Meter::GpuTime | Meter::NodeTime | Meter::CoreTime | Meter::Storage => Self::Capacity,
            Meter::Power => Self::Power,
            Meter::TokensIn | Meter::TokensOut => Self::Sale { product: object.clone() },
        }
    }

    /// The name in reports, without the product.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Capacity => "capacity",
            Self::Power => "power",
            Self::Sale { .. } => "sale",
            Self::RevenueShare => "revenue-share",
            Self::Shortfall => "shortfall",
        }
    }
}

impl fmt::Display for Reason {
    /// The name, for a sale with its product.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sale { product } => write!(f, "sale of {product}"),
            Self::Capacity | Self::Power | Self::RevenueShare | Self::Shortfall => {
                f.write_str(self.name())
            }
        }
    }
}

/// What an entry rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// A line of a rate card.
    Rate(RateId),
    /// A term of the agreement.
    Term(TermId),
}

/// What was used, behind a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// What was counted.
    pub meter: Meter,
    /// How much, in the meter's base units.
    pub quantity: i128,
    /// The product or capacity.
    pub object: ObjectId,
    /// Where, when that is known.
    pub site: Option<SiteId>,
    /// On which type of GPU, when that is known.
    pub gpu: Option<GpuTypeId>,
}
