//! Promises to buy.

use std::collections::BTreeMap;

use comity_base::{Decimal, Instant, Meter, Money, ObjectId, PartyId, PriceUnit, Ratio, TermId};

use super::{Eligible, Interval};

/// A promise to buy so much in each interval.
///
/// A promise to spend counts charges in its currency, after discounts or before them, without what
/// is paid from credits that do not count. A promise of use counts what was used, by weight,
/// however it is paid; where it has a price or an overage, only what is charged in the deal's
/// currency.
///
/// Where a charge counts for several, it draws first what rolled over, the oldest expiry first;
/// then by `priority`, by the fewest products that count (any product is the most), by the earliest
/// end of the interval, the narrower before the wider that it lies within, and by the term. What
/// exceeds one goes to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commitment {
    /// Who buys.
    pub buyer: PartyId,
    /// From whom.
    pub seller: PartyId,
    /// How much, in each interval; in one that the term begins or ends in, in proportion to the
    /// seconds of it in which the term holds.
    pub promise: Promise,
    /// Over which it is to be met. The whole term: a balance that is drawn down and trued up at
    /// its end. Anything shorter: met anew each time.
    pub interval: Interval,
    /// Which of the buyer's charges count.
    pub on: Eligible,
    /// Whether charges count before discounts are taken off.
    pub before_discounts: bool,
    /// Which commitment a charge draws first, where it counts for several: the lower number.
    pub priority: u32,
    /// What happens with what was not drawn when the interval ends.
    pub shortfall: Shortfall,
    /// Whether what was not drawn can still be.
    pub unused: Unused,
    /// What a use beyond the commitment costs, as a multiple of what the rate card less discounts
    /// charges for it: above one, the buyer pays the rest; below one, the seller lets it off. Use is
    /// beyond when it draws no commitment at all and makes up nothing; where it counts for several
    /// that name an overage, the one that comes first in the order of drawdown charges it.
    pub overage: Option<Decimal>,
    /// A wider commitment of the same parties that everything drawn from this one, and every
    /// shortfall paid under it, counts for too, as far as that one has something left. What was
    /// drawn through a narrower one does not draw it once more.
    pub within: Option<TermId>,
    /// That it is paid ahead: what is drawn is then credited, and what falls short is not paid
    /// again.
    pub prepaid: Option<Prepaid>,
    /// What must have been drawn by when, inside an interval of the whole term. What lacks falls
    /// short then, and counts as drawn from then on.
    pub milestones: Vec<Milestone>,
    /// What was drawn before the first period that is settled, in the current interval: money in
    /// its smallest unit, or use in base units.
    pub drawn_before: i128,
}

impl Commitment {
    /// A promise to spend so much in each interval, on anything, with no further rule.
    #[must_use]
    pub fn spend(
        buyer: PartyId,
        seller: PartyId,
        amount: Money,
        interval: Interval,
        shortfall: Shortfall,
    ) -> Self {
        Self {
            buyer,
            seller,
            promise: Promise::Spend(amount),
            interval,
            on: Eligible::default(),
            before_discounts: false,
            priority: 0,
            shortfall,
            unused: Unused::Expires,
            overage: None,
            within: None,
            prepaid: None,
            milestones: Vec::new(),
            drawn_before: 0,
        }
    }
}

/// What is promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Promise {
    /// To spend so much.
    Spend(Money),
    /// To use so much.
    Use {
        /// What is counted.
        meter: Meter,
        /// In which unit; one of a month is as long as the month in which the interval begins.
        per: PriceUnit,
        /// How many.
        quantity: Decimal,
        /// What one unit costs that is drawn from the commitment or falls short, in the deal's
        /// currency: the difference to what the rate card charges is credited, or charged where it
        /// is below. By the rate card when not named, and then what falls short is not priced.
        price: Option<Decimal>,
        /// How many units one unit of a product counts for, where that is not one.
        weights: BTreeMap<ObjectId, Decimal>,
    },
}

/// What happens with a shortfall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shortfall {
    /// It is paid at the end of the interval: take-or-pay.
    Pay,
    /// It is shown and not paid.
    Show,
}

/// What becomes of what was not drawn in an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unused {
    /// It falls short at once.
    Expires,
    /// It is still to be drawn in the next intervals, before what is promised there; what is left
    /// of it after them falls short then. Nothing rolls out of the last interval of a term, and what
    /// rolled into it falls short with it.
    RollsOver {
        /// For how many intervals.
        intervals: u32,
        /// At most this part of what is promised in an interval.
        at_most: Ratio,
    },
    /// It falls short and is paid, and goes into a make-up bank: once a later interval's own
    /// promise is met, further use that draws nothing else is credited from the bank, the oldest
    /// first: with what was paid for it, at most what it is charged. What is only shown is not paid
    /// and cannot be made up.
    MadeUp {
        /// For how many intervals it can be made up.
        intervals: u32,
    },
}

/// That a commitment is paid ahead. A version that promises more pays the rest when it takes
/// effect; one that promises less gets nothing back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prepaid {
    /// The part of all intervals that is paid when the term begins; the rest of each interval is
    /// paid when it begins.
    pub upfront: Ratio,
}

/// What must have been drawn by some instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milestone {
    /// By when.
    pub by: Instant,
    /// At least so much: money in its smallest unit, or use in base units.
    pub at_least: i128,
}
