//! The books: every movement of money is one entry of two postings that sum to zero.

use std::collections::BTreeMap;
use std::fmt;

use comity_base::{
    Currency, GpuTypeId, Meter, Money, ObjectId, Overflow, PartyId, RateId, SiteId, TermId, Window,
};

use crate::usage::Supply;

/// The entries of a settled period, in order: by segment, and in each the charges by supply,
/// then the shares by term, then the shortfalls that fall due at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    currency: Currency,
    /// Invariant: ids count from 1, and no amount is below zero.
    entries: Vec<Entry>,
    /// Invariant: the sum of all amounts of each currency, so every sum of some of them fits.
    totals: BTreeMap<Currency, i128>,
}

impl Journal {
    pub(crate) fn new(currency: Currency) -> Self {
        Self { currency, entries: Vec::new(), totals: BTreeMap::new() }
    }

    /// What the deal settles in. Amounts are in it but where a price is in another currency that
    /// the deal does not convert.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// The entries, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The sums of all amounts that move, whoever pays them, one for each currency.
    pub fn totals(&self) -> impl Iterator<Item = Money> + '_ {
        self.totals.iter().map(|(&currency, &minor)| Money { minor, currency })
    }

    /// The number that the next entry will have.
    pub(crate) fn next_id(&self) -> u64 {
        self.entries.last().map_or(1, |last| last.id + 1)
    }

    /// The entries from a number on.
    pub(crate) fn since(&self, id: u64) -> &[Entry] {
        let first = self.entries.partition_point(|entry| entry.id < id);
        &self.entries[first..]
    }

    /// Enters a movement and gives its id.
    pub(crate) fn enter(&mut self, movement: Movement) -> Result<u64, Overflow> {
        assert!(movement.amount_minor >= 0, "money moves from payer to payee");
        let total = self.totals.entry(movement.currency).or_default();
        *total = total.checked_add(movement.amount_minor).ok_or(Overflow)?;
        let id = self.next_id();
        self.entries.push(Entry {
            id,
            payer: movement.payer,
            payee: movement.payee,
            amount: Money { minor: movement.amount_minor, currency: movement.currency },
            reason: movement.reason,
            cause: movement.cause,
            segment: movement.segment,
            due: movement.due,
            used: movement.used,
            converted: movement.converted,
            is_reversal: false,
        });
        Ok(id)
    }
}

impl<'j> IntoIterator for &'j Journal {
    type Item = &'j Entry;
    type IntoIter = std::slice::Iter<'j, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}

/// An entry before it has its number.
pub(crate) struct Movement {
    pub(crate) payer: PartyId,
    pub(crate) payee: PartyId,
    pub(crate) amount_minor: i128,
    pub(crate) currency: Currency,
    pub(crate) reason: Reason,
    pub(crate) cause: Cause,
    pub(crate) segment: Window,
    pub(crate) due: Window,
    pub(crate) used: Option<Used>,
    pub(crate) converted: Option<Converted>,
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
    /// The time that it is for: a segment or, for what is counted over an interval of a term, that
    /// interval.
    pub segment: Window,
    /// The segment in which it fell due, and so the billing period that it belongs to.
    pub due: Window,
    /// What was used: for a charge, and for what is about one.
    pub used: Option<Used>,
    /// What a charge came to in the currency of its price, where that was converted.
    pub converted: Option<Converted>,
    /// Whether it takes back a part of what it corrects: then the payer is who was paid.
    pub is_reversal: bool,
}

/// A charge in the currency of its price, and what converted it to that of its entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// What it came to, rounded to that currency's smallest unit.
    pub original: Money,
    /// The conversion; its result is rounded once more.
    pub by: RateId,
}

impl Entry {
    /// What a charge is for; nothing for another entry.
    #[must_use]
    pub fn supply(&self) -> Option<Supply> {
        let used = self.used.as_ref().filter(|_| self.reason.is_charge())?;
        let supply = Supply {
            buyer: self.payer.clone(),
            seller: self.payee.clone(),
            meter: used.meter,
            object: used.object.clone(),
            site: used.site.clone(),
            gpu: used.gpu.clone(),
        };
        Some(if self.is_reversal { supply.reversed() } else { supply })
    }

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
    /// What charges of a line lack to its minimum.
    Minimum,
    /// A part of a charge that the seller lets the buyer off.
    Discount,
    /// What a credit costs.
    CreditBought,
    /// A part of a charge that is drawn from a credit.
    Credit,
    /// A commitment that is paid ahead.
    Prepayment,
    /// A part of a charge that a commitment covers: paid ahead, or at its own price.
    Covered,
    /// A part of a charge that was paid for as a shortfall of an earlier interval.
    MadeUp,
    /// What use beyond a commitment costs besides its price.
    Overage,
    /// What use beyond a commitment is let off, where it costs less than its price.
    OverageDiscount,
    /// A part of the payer's sales.
    RevenueShare,
    /// A share that is paid in advance, whatever the sales.
    Guarantee,
    /// What shares lack to the least that is paid.
    Floor,
    /// What was committed and not drawn.
    Shortfall,
    /// A part of what another party is charged, passed on.
    CostSplit,
    /// What a small difference between two meters was resolved to, less what was charged.
    Adjusted,
    /// What of a charge is in dispute, and is not paid until that is resolved.
    Disputed,
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
            Self::Minimum => "minimum",
            Self::Discount => "discount",
            Self::CreditBought => "credit-bought",
            Self::Credit => "credit",
            Self::Prepayment => "prepayment",
            Self::Covered => "covered",
            Self::MadeUp => "made-up",
            Self::Overage => "overage",
            Self::OverageDiscount => "overage-discount",
            Self::RevenueShare => "revenue-share",
            Self::Guarantee => "guarantee",
            Self::Floor => "floor",
            Self::Shortfall => "shortfall",
            Self::CostSplit => "cost-split",
            Self::Adjusted => "adjusted",
            Self::Disputed => "disputed",
        }
    }

    /// Whether it is a charge for what was used, by a line of a rate card.
    #[must_use]
    pub fn is_charge(&self) -> bool {
        match self {
            Self::Capacity | Self::Power | Self::Sale { .. } => true,
            Self::Minimum
            | Self::Discount
            | Self::CreditBought
            | Self::Credit
            | Self::Prepayment
            | Self::Covered
            | Self::MadeUp
            | Self::Overage
            | Self::OverageDiscount
            | Self::RevenueShare
            | Self::Guarantee
            | Self::Floor
            | Self::Shortfall
            | Self::CostSplit
            | Self::Adjusted
            | Self::Disputed => false,
        }
    }
}

impl fmt::Display for Reason {
    /// The name, for a sale with its product.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Sale { product } = self {
            write!(f, "sale of {product}")
        } else {
            f.write_str(self.name())
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

impl Used {
    /// So much of a supply.
    pub(crate) fn of(supply: Supply, quantity: i128) -> Self {
        let Supply { buyer: _, seller: _, meter, object, site, gpu } = supply;
        Self { meter, quantity, object, site, gpu }
    }
}
