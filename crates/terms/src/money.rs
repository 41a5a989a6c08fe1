//! Terms that move money: rate cards, discounts, credits, commitments, revenue shares, costs that
//! are passed on, and how small differences and currencies are dealt with.

mod commitment;
mod rate;
mod share;

use std::collections::BTreeSet;

use comity_base::{
    Cadence, Decimal, GpuTypeId, Instant, Meter, Money, ObjectId, PartyId, Ratio, SiteId, TermId,
    VersionId, Window, plus_months,
};

pub use self::commitment::{Commitment, Milestone, Prepaid, Promise, Shortfall, Unused};
pub use self::rate::{Conversion, Price, Rate, Step, TierMode, Tiers};
pub use self::share::{Bracket, Cap, Less, MinimumGuarantee, RevenueShare, ShareRate};

use crate::provenance::{Position, Provenance};

/// A stretch of time that comes again, over which something is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interval {
    /// The whole time that the term names.
    Term,
    /// Each hour.
    Hour,
    /// Each calendar day, UTC.
    Day,
    /// Each calendar month, UTC.
    Month,
    /// Each calendar quarter, UTC.
    Quarter,
    /// Each year, counted from the start of the term.
    Year,
}

impl Interval {
    /// Every interval with the name it has in deal files.
    pub const NAMED: [(&'static str, Self); 6] = [
        ("term", Self::Term),
        ("hour", Self::Hour),
        ("day", Self::Day),
        ("month", Self::Month),
        ("quarter", Self::Quarter),
        ("year", Self::Year),
    ];

    /// The whole interval that `at` lies in, for a term that holds for `own`: not cut where the
    /// term begins or ends, but for [`Interval::Term`], which is all of `own`.
    ///
    /// # Panics
    /// At [`Instant::MAX`], which lies in no window.
    #[must_use]
    pub fn around(self, at: Instant, own: Window) -> Window {
        match self {
            Self::Term => own,
            Self::Hour => Cadence::Hour.around(at),
            Self::Day => Cadence::Day.around(at),
            Self::Month => Cadence::Month.around(at),
            Self::Quarter => Cadence::Quarter.around(at),
            Self::Year => year_around(at, own),
        }
    }

    /// The instants inside `window` at which one such interval ends and the next begins.
    #[must_use]
    pub fn bounds(self, window: Window, own: Window) -> Vec<Instant> {
        let next = |&start: &Instant| (start < window.end()).then(|| self.around(start, own).end());
        let first = self.around(window.start(), own).end();
        std::iter::successors(Some(first), next).take_while(|&at| at < window.end()).collect()
    }
}

/// The year of a term, counted from its start; of one that has always held, the calendar's.
fn year_around(at: Instant, own: Window) -> Window {
    if own.start() == Instant::MIN || at < own.start() {
        return Cadence::Year.around(at);
    }
    let years = (at.seconds() - own.start().seconds()) / (366 * Instant::DAY);
    let mut start = plus_months(own.start(), years * 12);
    let mut count = years;
    loop {
        count += 1;
        let end = plus_months(own.start(), count * 12);
        if at < end {
            return Window::new(start, end)
                .unwrap_or_else(|_| Window::new(start, Instant::MAX).expect("`at` lies before"));
        }
        start = end;
    }
}

/// An amount for each interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periodic {
    /// How much.
    pub amount: Money,
    /// For each of these.
    pub each: Interval,
}

/// Which charges of a buyer count for a term. What is left empty counts for any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Eligible {
    /// What is counted.
    pub meters: BTreeSet<Meter>,
    /// The products or capacity; in a term in force, with all that lies within them.
    pub objects: BTreeSet<ObjectId>,
    /// Where.
    pub sites: BTreeSet<SiteId>,
    /// On which types of GPU.
    pub gpus: BTreeSet<GpuTypeId>,
}

impl Eligible {
    /// Whether something counts, by what is known of it.
    #[must_use]
    pub fn counts(
        &self,
        meter: Meter,
        object: &ObjectId,
        site: Option<&SiteId>,
        gpu: Option<&GpuTypeId>,
    ) -> bool {
        fn named<T: Ord>(these: &BTreeSet<T>, it: Option<&T>) -> bool {
            these.is_empty() || it.is_some_and(|it| these.contains(it))
        }
        named(&self.meters, Some(&meter))
            && named(&self.objects, Some(object))
            && named(&self.sites, site)
            && named(&self.gpus, gpu)
    }
}

/// A part of the price that a seller lets a buyer off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discount {
    /// Who grants it.
    pub seller: PartyId,
    /// To whom.
    pub buyer: PartyId,
    /// On which charges.
    pub on: Eligible,
    /// What part of the price, before any other discount.
    pub rate: Ratio,
}

/// An amount that a buyer may draw charges from instead of paying them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// Who grants it.
    pub seller: PartyId,
    /// Who draws it.
    pub buyer: PartyId,
    /// Which charges may be drawn from it.
    pub on: Eligible,
    /// How much.
    pub amount: Money,
    /// What is paid for it when it begins: nothing for one that is given.
    pub paid: Money,
    /// Whether what is paid from it counts for commitments.
    pub counts: bool,
    /// Which credit is drawn first: the lower number, then the one that ends first.
    pub priority: u32,
}

/// What one party is charged, passed on to several others by fixed parts.
///
/// The parts of each amount add up to it exactly: each is rounded down, and what is left goes, a
/// smallest unit each, to the largest remainders; of equal ones, to the party that comes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostSplit {
    /// Whose charges.
    pub of: PartyId,
    /// Which of them.
    pub on: Eligible,
    /// Who bears which part; they make up the whole. The party itself may be one.
    pub between: Vec<(PartyId, Ratio)>,
}

/// How a small difference between what two parties measured is resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    /// The most that the difference may be of what was charged.
    pub rate: Ratio,
    /// The most that the difference may be, whatever was charged.
    pub amount: Option<Money>,
    /// Which figure holds then.
    pub rule: ToleranceRule,
}

/// Which figure holds where two differ by little.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ToleranceRule {
    /// The one that was charged.
    Charged,
    /// The lower one.
    Lower,
    /// Halfway between the two.
    Split,
}

impl ToleranceRule {
    /// Every rule with the name it has in deal files.
    pub const NAMED: [(&'static str, Self); 3] =
        [("charged", Self::Charged), ("lower", Self::Lower), ("split", Self::Split)];

    /// The name in deal files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Charged => "charged",
            Self::Lower => "lower",
            Self::Split => "split",
        }
    }
}

/// That a party does not accept a charge, with its own figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// Its id.
    pub id: TermId,
    /// Who does not accept it.
    pub by: PartyId,
    /// Who is on the other side of the charge.
    pub with: PartyId,
    /// Which charges: the party's with the other.
    pub on: Eligible,
    /// Of which time.
    pub window: Window,
    /// What the party's own meter says.
    pub figure: Figure,
    /// When it was recorded.
    pub recorded: Instant,
    /// What it rests on.
    pub provenance: Provenance,
    /// Where it stands.
    pub position: Position,
}

/// A party's own figure for what it was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// So much was used, in the unit that the rate is for.
    Quantity(Decimal),
    /// So much is owed.
    Amount(Money),
}

/// When a term was agreed, and how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// When the version that brought it was signed.
    pub executed: Instant,
    /// How it ends before its own end, where a version or its agreement does that.
    pub ended: Option<Ended>,
}

/// How a term ends before its own end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// A version ends it.
    Cancelled,
    /// A version puts another in its place.
    Superseded,
    /// Its agreement ends.
    RanOut,
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
    /// When it was agreed, and how it ended.
    pub life: Life,
    /// What it says.
    pub value: T,
    /// What it rests on.
    pub provenance: Provenance,
    /// Where it stands.
    pub position: Position,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_counted_from_the_start_of_the_term() {
        let at = |text| Instant::parse(text).unwrap();
        let own = Window::new(at("2025-02-15"), at("2031-02-15")).unwrap();
        let check = |now, start, end| {
            let year = Interval::Year.around(at(now), own);
            assert_eq!(year, Window::new(at(start), at(end)).unwrap(), "{now}");
        };
        check("2025-02-15", "2025-02-15", "2026-02-15");
        check("2026-02-14T23:59:59Z", "2025-02-15", "2026-02-15");
        check("2026-02-15", "2026-02-15", "2027-02-15");
        check("2031-02-14", "2030-02-15", "2031-02-15");
        let bounds = Interval::Year.bounds(own, own);
        assert_eq!(bounds.len(), 5);
        assert_eq!(Interval::Month.bounds(own, own).len(), 72);
        assert!(Interval::Term.bounds(own, own).is_empty());
    }
}
