//! Usage as a record says it: one use, or several where it spans sites.

use std::collections::BTreeMap;
use std::sync::Arc;

use comity_base::{Meter, Window};
use comity_settlement::{Amount, Supply, Usage};

use crate::intake::{Content, Gathered, Identity, Place};

/// One use of one supply.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// The supply.
    pub supply: Arc<Supply>,
    /// When.
    pub window: Window,
    /// What is held throughout, where it is held, in base units in each second.
    held: Option<u64>,
    /// How much, in base units.
    quantity: u64,
}

impl Part {
    /// A use of a level, in base units in each second, throughout a window; `None` where the quantity
    /// does not fit in 64 bits.
    #[must_use]
    pub fn held(supply: Arc<Supply>, window: Window, level: u64) -> Option<Self> {
        let seconds = u64::try_from(window.seconds()).ok()?;
        let quantity = level.checked_mul(seconds)?;
        Some(Self { supply, window, held: Some(level), quantity })
    }

    /// A use of a quantity in base units, that belongs to the start of the window.
    #[must_use]
    pub fn counted(supply: Arc<Supply>, window: Window, quantity: u64) -> Self {
        Self { supply, window, held: None, quantity }
    }

    /// How much, as settlement takes it.
    #[must_use]
    pub fn amount(&self) -> Amount {
        match self.held {
            Some(level) => Amount::Held { level },
            None => Amount::Counted { quantity: self.quantity },
        }
    }

    /// How much, in base units of its meter.
    #[must_use]
    pub fn quantity(&self) -> u64 {
        self.quantity
    }

    /// The usage with a number.
    #[must_use]
    pub fn usage(&self, id: u64) -> Usage {
        let Supply { buyer, seller, meter, object, site, gpu } = Supply::clone(&self.supply);
        Usage {
            id,
            buyer,
            seller,
            meter,
            object,
            site,
            gpu,
            amount: self.amount(),
            window: self.window,
        }
    }
}

/// What a record says: its parts in order, at least one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Uses {
    /// One use.
    One(Part),
    /// Several, such as a job on nodes of two owners.
    Several(Box<[Part]>),
}

impl Uses {
    /// The parts in one order, whatever order they were found in; `None` when there are none.
    #[must_use]
    pub fn new(mut parts: Vec<Part>) -> Option<Self> {
        parts.sort();
        match <[Part; 1]>::try_from(parts) {
            Ok([part]) => Some(Self::One(part)),
            Err(parts) if parts.is_empty() => None,
            Err(parts) => Some(Self::Several(parts.into_boxed_slice())),
        }
    }

    /// The parts, at least one.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        match self {
            Self::One(part) => std::slice::from_ref(part),
            Self::Several(parts) => parts,
        }
    }
}

impl Content for Uses {
    fn quantities(&self) -> Vec<(Meter, u128)> {
        let mut sums = BTreeMap::new();
        for part in self.parts() {
            *sums.entry(part.supply.meter).or_default() += u128::from(part.quantity);
        }
        sums.into_iter().collect()
    }
}

/// Usage records by identity.
pub type Intake = Gathered<Uses>;

/// An accepted record, with one of its uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted<'a> {
    /// Whose it is.
    pub identity: &'a Identity,
    /// Where it stands first.
    pub place: &'a Place,
    /// The use. Its `id` is the record's number, from 1 in order of identity: the parts of one
    /// record share it.
    pub usage: Usage,
}

impl Gathered<Uses> {
    /// Every use of the accepted records, in order of identity.
    pub fn usage(&self) -> impl Iterator<Item = Accepted<'_>> {
        (1_u64..).zip(self.accepted()).flat_map(|(id, (identity, place, uses))| {
            let usage = move |part: &Part| Accepted { identity, place, usage: part.usage(id) };
            uses.parts().iter().map(usage)
        })
    }
}
