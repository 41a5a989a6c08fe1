//! What one unit costs.

use comity_base::{
    Currency, Decimal, GpuTypeId, Meter, ObjectId, PartyId, PriceUnit, RateId, SiteId, Window,
};

use super::{Interval, Periodic};
use crate::provenance::{Position, Provenance};

/// A line of a rate card: what one unit costs, between whom and when.
///
/// The narrowest line that fits a use prices it: a line that names a site beats one that does
/// not, then one that names a GPU type, then one that names a product, then one that names the
/// buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// Its id.
    pub id: RateId,
    /// Who is paid.
    pub seller: PartyId,
    /// Who pays; anyone when not named.
    pub buyer: Option<PartyId>,
    /// What is counted.
    pub meter: Meter,
    /// The product it is for; any when not named.
    pub object: Option<ObjectId>,
    /// The site it is for; any when not named.
    pub site: Option<SiteId>,
    /// The type of GPU it is for; any when not named.
    pub gpu: Option<GpuTypeId>,
    /// The price of one unit.
    pub price: Price,
    /// The unit.
    pub per: PriceUnit,
    /// What the price is in.
    pub currency: Currency,
    /// The least that a buyer is charged by this line in each interval in which the line holds
    /// throughout: a named buyer always, any other when it used something.
    pub minimum: Option<Periodic>,
    /// When it holds.
    pub window: Window,
    /// What it rests on.
    pub provenance: Provenance,
    /// Where it stands.
    pub position: Position,
}

/// The price of one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Price {
    /// The same for each.
    Flat(Decimal),
    /// By how much is used.
    Tiered(Tiers),
}

impl Price {
    /// Every price that it names.
    pub fn prices(&self) -> impl Iterator<Item = Decimal> + '_ {
        let (flat, steps) = match self {
            Self::Flat(price) => (Some(*price), &[][..]),
            Self::Tiered(tiers) => (None, &tiers.steps[..]),
        };
        flat.into_iter().chain(steps.iter().map(|step| step.price))
    }
}

/// Prices by how much one buyer used, by one line, in one interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tiers {
    /// What a price holds for.
    pub mode: TierMode,
    /// Over which use is counted, cut where the line begins or ends.
    pub over: Interval,
    /// The steps, the first from 0, each from more than the one before.
    pub steps: Vec<Step>,
}

/// What the price of a step holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TierMode {
    /// The units within the step: each unit at the price of its own step.
    Graduated,
    /// All units, once their number reaches the step.
    Volume,
}

/// A price from some quantity on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// From how many units on.
    pub from: u64,
    /// The price of one unit.
    pub price: Decimal,
}

/// What one unit of a currency is worth in another. Nothing is converted without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    /// Its id.
    pub id: RateId,
    /// The currency that is converted.
    pub from: Currency,
    /// The currency that it is converted to.
    pub to: Currency,
    /// What one unit of `from` is worth in units of `to`.
    pub rate: Decimal,
    /// When it holds.
    pub window: Window,
    /// What it rests on.
    pub provenance: Provenance,
    /// Where it stands.
    pub position: Position,
}
