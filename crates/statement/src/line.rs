//! One line of a statement.

use comity_base::{Money, PartyId, Window};
use comity_settlement::{Cause, Corrects, Posted, Reason, Used};

/// Which way an amount goes for the party.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The party owes it.
    Owes,
    /// The party is owed it.
    IsOwed,
}

/// One entry, as a party sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The entry's number in the books.
    pub entry: u64,
    /// With whom.
    pub counterparty: PartyId,
    /// Which way.
    pub side: Side,
    /// How much, never below zero.
    pub amount: Money,
    /// What for.
    pub reason: Reason,
    /// The line of a rate card, or the term.
    pub cause: Cause,
    /// The time that it is for.
    pub over: Window,
    /// What was used, where it is about a use.
    pub used: Option<Used>,
    /// What it corrects.
    pub corrects: Option<Corrects>,
    /// How the amount comes about, to be checked by hand.
    pub reckoned: String,
}

impl Line {
    /// The line of an entry for one of its two parties.
    pub(crate) fn of(posted: &Posted, party: &PartyId, reckoned: String) -> Self {
        let entry = &posted.entry;
        let side = if &entry.payer == party { Side::Owes } else { Side::IsOwed };
        let counterparty = if side == Side::Owes { &entry.payee } else { &entry.payer };
        Self {
            entry: entry.id,
            counterparty: counterparty.clone(),
            side,
            amount: entry.amount,
            reason: entry.reason.clone(),
            cause: entry.cause.clone(),
            over: entry.segment,
            used: entry.used.clone(),
            corrects: posted.corrects,
            reckoned,
        }
    }

    /// The amount with its sign for the party: below zero what it owes.
    #[must_use]
    pub fn signed(&self) -> Money {
        match self.side {
            Side::Owes => Money { minor: -self.amount.minor, ..self.amount },
            Side::IsOwed => self.amount,
        }
    }
}
