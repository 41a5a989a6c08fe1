//! A charge of one segment as it accrues, slice by slice.

use comity_base::{Currency, PartyId, RateId};

use crate::journal::Used;

/// What one supply costs in one segment.
#[derive(Debug)]
pub(crate) struct Charge {
    /// Its entry in the journal.
    pub(crate) entry: u64,
    pub(crate) payer: PartyId,
    pub(crate) payee: PartyId,
    /// The line that priced it.
    pub(crate) rate: RateId,
    pub(crate) currency: Currency,
    pub(crate) used: Used,
    /// One for each slice of the segment, in order. Their amounts add up to that of the entry.
    pub(crate) parts: Vec<Part>,
}

/// A charge in one slice. Amounts are in the smallest unit of its currency, none below zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Part {
    /// How much was used, in the meter's base units.
    pub(crate) quantity: i128,
    /// What it costs before anything is taken off.
    pub(crate) gross: i128,
    /// What discounts take off.
    pub(crate) discount: i128,
    /// What is paid from credits that count for commitments.
    pub(crate) credited_counting: i128,
    /// What is paid from credits that do not.
    pub(crate) credited_besides: i128,
}

impl Part {
    /// What is left to pay after discounts and credits.
    pub(crate) fn payable(&self) -> i128 {
        self.gross - self.discount - self.credited()
    }

    /// What is paid from credits.
    pub(crate) fn credited(&self) -> i128 {
        self.credited_counting + self.credited_besides
    }
}
