//! Revenue that is passed on.

use std::collections::BTreeSet;

use comity_base::{Money, ObjectId, PartyId, Ratio};

use super::{Interval, Periodic};

/// A part of one party's revenue that is passed on to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevenueShare {
    /// Who passes it on.
    pub payer: PartyId,
    /// Who receives it.
    pub payee: PartyId,
    /// The products whose sales by the payer are the base; in a term in force, with all that lies
    /// within them.
    pub base: Vec<ObjectId>,
    /// What is taken off the sales before the share is.
    pub less: Less,
    /// The part of the base.
    pub rate: ShareRate,
    /// What is paid in advance in each interval.
    pub guarantee: Option<MinimumGuarantee>,
    /// The least that is paid for each interval: what the share lacks is added at its end.
    pub floor: Option<Periodic>,
    /// The most that is paid.
    pub cap: Cap,
}

impl RevenueShare {
    /// The same part of all sales of some products, without limits.
    #[must_use]
    pub fn flat(payer: PartyId, payee: PartyId, base: Vec<ObjectId>, rate: Ratio) -> Self {
        Self {
            payer,
            payee,
            base,
            less: Less::default(),
            rate: ShareRate::Flat(rate),
            guarantee: None,
            floor: None,
            cap: Cap::default(),
        }
    }
}

/// What makes a base net; the base is gross where nothing is taken off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Less {
    /// Discounts that the payer granted on these sales.
    pub discounts: bool,
    /// Charges for these sales that were paid from credits.
    pub credits: bool,
    /// What the payer itself is charged for these; with all that lies within them.
    pub costs: BTreeSet<ObjectId>,
}

impl Less {
    /// Whether nothing is taken off.
    #[must_use]
    pub fn is_gross(&self) -> bool {
        !self.discounts && !self.credits && self.costs.is_empty()
    }
}

/// What part of the base is passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShareRate {
    /// The same part of all of it.
    Flat(Ratio),
    /// Of each bracket its own part, as the base of an interval grows.
    Marginal {
        /// Over which the base is counted.
        over: Interval,
        /// The brackets, the first from nothing, each from more than the one before.
        brackets: Vec<Bracket>,
    },
}

impl ShareRate {
    /// The largest part that it names.
    #[must_use]
    pub fn highest(&self) -> Ratio {
        match self {
            Self::Flat(rate) => *rate,
            Self::Marginal { brackets, .. } => {
                let rates = brackets.iter().map(|bracket| bracket.rate);
                rates.max().unwrap_or(Ratio::ONE)
            }
        }
    }
}

/// A part that holds for the base from some amount on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bracket {
    /// From how much on.
    pub from: Money,
    /// What part.
    pub rate: Ratio,
}

/// A minimum guarantee: paid when each interval begins, whatever the sales.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinimumGuarantee {
    /// How much, for each interval.
    pub minimum: Periodic,
    /// Whether shares are first set against what was paid so, also in later intervals; if not, it
    /// is paid besides the shares.
    pub recoupable: bool,
}

/// Limits on what is paid under a term.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cap {
    /// The most that is paid over the term.
    pub total: Option<Money>,
    /// What counts as paid before the first period that is settled.
    pub paid_before: Option<Money>,
    /// The most that is paid in each interval.
    pub each: Option<Periodic>,
}
