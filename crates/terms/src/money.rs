//! Terms that move money: rate cards, revenue shares and commitments.

use comity_base::{
    Decimal, GpuTypeId, Meter, Money, ObjectId, PartyId, PriceUnit, RateId, Ratio, SiteId, TermId,
    VersionId, Window,
};

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
    /// The price of one unit, in the deal's currency.
    pub price: Decimal,
    /// The unit.
    pub per: PriceUnit,
    /// When it holds.
    pub window: Window,
    /// What it rests on.
    pub provenance: Provenance,
    /// Where it stands.
    pub position: Position,
}

/// A part of one party's revenue that is passed on to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevenueShare {
    /// Who passes it on.
    pub payer: PartyId,
    /// Who receives it.
    pub payee: PartyId,
    /// The products whose sales by the payer are the base.
    pub base: Vec<ObjectId>,
    /// The part of the base.
    pub rate: Ratio,
    /// The most that is ever paid under this term.
    pub cap: Option<Cap>,
}

/// A limit on all that is paid under a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    /// The most that is paid over the term.
    pub total: Money,
    /// What counts as paid before the period that is settled.
    pub paid_before: Money,
}

/// A promise to buy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commitment {
    /// Who buys.
    pub buyer: PartyId,
    /// From whom.
    pub seller: PartyId,
    /// How much, in each interval.
    pub amount: Money,
    /// What was drawn down before the period that is settled, in the current interval.
    pub drawn_before: Money,
    /// Over which the amount is to be met.
    pub interval: Interval,
    /// What of the buyer's charges counts.
    pub meters: Vec<Meter>,
    /// What happens with what was not drawn when the interval ends.
    pub shortfall: Shortfall,
}

/// The time over which a commitment is to be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interval {
    /// The whole time that the term names.
    Term,
    /// Each calendar month.
    Month,
}

/// What happens with a shortfall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shortfall {
    /// It is paid at the end of the interval: take-or-pay.
    Pay,
    /// It is shown and not paid.
    Show,
}

/// A money term as it is in force: from which version, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce<T> {
    /// The term.
    pub term: TermId,
    /// The version that brought it.
    pub version: VersionId,
    /// When it is in force: what the versions say, cut by what the term itself says.
    pub window: Window,
    /// The period that the term itself names, whatever later versions do.
    pub own: Window,
    /// What it says.
    pub value: T,
    /// What it rests on.
    pub provenance: Provenance,
    /// Where it stands.
    pub position: Position,
}
