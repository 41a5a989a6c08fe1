//! What comes up slice by slice and is entered once for each segment or interval.

use std::collections::BTreeMap;

use comity_base::{Currency, Overflow, PartyId, Window};

use crate::journal::{Cause, Journal, Movement, Reason, Used};
use crate::usage::Supply;

/// Movements under way: what has one key becomes one entry.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    sums: BTreeMap<Key, Sum>,
}

/// What makes two movements one entry. Entries come in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) reason: Reason,
    pub(crate) cause: Cause,
    pub(crate) payer: PartyId,
    pub(crate) payee: PartyId,
    pub(crate) currency: Currency,
    /// The segment, or the interval that it is for.
    pub(crate) over: Window,
    /// The supply that it is about, where it is about one.
    pub(crate) supply: Option<Supply>,
}

#[derive(Debug)]
struct Sum {
    minor: i128,
    quantity: i128,
}

impl Pending {
    /// Adds an amount, zero or more, and the quantity that it is for, in base units.
    pub(crate) fn add(&mut self, key: Key, minor: i128, quantity: i128) -> Result<(), Overflow> {
        assert!(minor >= 0, "money moves from payer to payee");
        if minor == 0 {
            return Ok(());
        }
        let sum = self.sums.entry(key).or_insert(Sum { minor: 0, quantity: 0 });
        sum.minor = sum.minor.checked_add(minor).ok_or(Overflow)?;
        sum.quantity = sum.quantity.checked_add(quantity).ok_or(Overflow)?;
        Ok(())
    }

    /// Enters all of it, in order, as due in a segment.
    pub(crate) fn enter(self, journal: &mut Journal, due: Window) -> Result<(), Overflow> {
        for (key, sum) in self.sums {
            let used = key.supply.map(|supply| Used::of(supply, sum.quantity));
            journal.enter(Movement {
                payer: key.payer,
                payee: key.payee,
                amount_minor: sum.minor,
                currency: key.currency,
                reason: key.reason,
                cause: key.cause,
                segment: key.over,
                due,
                used,
                converted: None,
            })?;
        }
        Ok(())
    }
}
