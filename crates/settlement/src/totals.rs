//! Usage summed for each supply and slice of time: the part that takes records in any order.

use std::collections::BTreeMap;
use std::ptr;

use comity_base::{Instant, Window};

use crate::terms::MoneyTerms;
use crate::usage::{Amount, Supplied, Supply, Usage};

/// How much of one supply was used in one part of the period.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Total {
    /// The part of the period.
    pub segment: Window,
    /// What was supplied.
    pub supply: Supply,
    /// How much, in the meter's base units.
    pub quantity: i128,
}

/// Use that lies outside the period and was set aside: it is not settled here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// What was supplied.
    pub supply: Supply,
    /// How much before the period, in the meter's base units.
    pub before: i128,
    /// How much after the period, in the meter's base units.
    pub after: i128,
    /// The lowest number of a record of which a part was set aside.
    pub lowest_id: u64,
}

/// Usage summed for each supply and slice, ready to be settled.
///
/// Adding is commutative and merging is associative, so records may be folded in any order, in
/// any batches and on several threads, and the settlement is the same. A total that does not
/// fit in 128 bits is reported by [`Totals::settle`], whichever record made it so.
#[derive(Debug, Clone)]
pub struct Totals<'t> {
    pub(crate) terms: &'t MoneyTerms,
    pub(crate) period: Window,
    /// Invariant: in order, without gaps, from the start of the period to its end.
    pub(crate) segments: Vec<Segment>,
    /// The slices of all segments, in order. Invariant: without gaps.
    slices: Vec<Window>,
    /// Invariant: one map for each slice.
    pub(crate) sums: Vec<BTreeMap<Supply, Sum>>,
    pub(crate) outside: BTreeMap<Supply, OutsideSums>,
    records: u64,
}

/// A part of the period in which the same terms are in force, with its slices.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) window: Window,
    pub(crate) slices: Vec<Window>,
}

/// A sum of quantities, none below zero; nothing once it did not fit, in whatever order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sum(pub(crate) Option<i128>);

impl Sum {
    fn plus(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(left), Some(right)) => Self(left.checked_add(right)),
            (None, _) | (_, None) => Self(None),
        }
    }
}

/// The sums behind [`Outside`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct OutsideSums {
    pub(crate) before: Sum,
    pub(crate) after: Sum,
    pub(crate) lowest_id: u64,
}

impl OutsideSums {
    fn plus(self, other: Self) -> Self {
        Self {
            before: self.before.plus(other.before),
            after: self.after.plus(other.after),
            lowest_id: self.lowest_id.min(other.lowest_id),
        }
    }
}

impl<'t> Totals<'t> {
    /// No usage yet, for a period that is cut where the terms change.
    #[must_use]
    pub fn new(terms: &'t MoneyTerms, period: Window) -> Self {
        let segment = |window| Segment { window, slices: terms.slices(window) };
        let segments: Vec<Segment> = terms.segments(period).into_iter().map(segment).collect();
        let slices: Vec<Window> = segments.iter().flat_map(|it| it.slices.clone()).collect();
        let sums = vec![BTreeMap::new(); slices.len()];
        Self { terms, period, segments, slices, sums, outside: BTreeMap::new(), records: 0 }
    }

    /// Adds one record.
    ///
    /// What was held is divided over the slices by the second, and what is counted goes to the
    /// slice that its window starts in; what lies outside the period is set aside. A record
    /// of nothing leaves no total.
    pub fn add(&mut self, usage: &Usage) {
        self.records += 1;
        match usage.amount {
            Amount::Held { level: 0 } | Amount::Counted { quantity: 0 } => {}
            Amount::Held { level } => self.add_held(usage, i128::from(level)),
            Amount::Counted { quantity } => self.add_counted(usage, i128::from(quantity)),
        }
    }

    /// Adds all that `other` holds.
    ///
    /// # Panics
    /// When `other` is for another period or other terms: their totals cannot be compared.
    pub fn merge(&mut self, other: Self) {
        assert!(
            self.period == other.period
                && (ptr::eq(self.terms, other.terms) || self.terms == other.terms),
            "totals of one period and one set of terms are merged"
        );
        for (mine, theirs) in self.sums.iter_mut().zip(other.sums) {
            for (supply, sum) in theirs {
                mine.entry(supply).and_modify(|mine| *mine = mine.plus(sum)).or_insert(sum);
            }
        }
        for (supply, sums) in other.outside {
            let mine = self.outside.entry(supply);
            mine.and_modify(|mine| *mine = mine.plus(sums)).or_insert(sums);
        }
        self.records += other.records;
    }

    /// How many records were added.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    fn add_held(&mut self, usage: &Usage, level: i128) {
        let quantity = |start: Instant, end: Instant| {
            // 64 bits of level and 40 of seconds fit.
            Sum(Some(level * i128::from((end.seconds() - start.seconds()).max(0))))
        };
        let (start, end) = (usage.window.start(), usage.window.end());
        if start < self.period.start() || end > self.period.end() {
            let before = quantity(start, end.min(self.period.start()));
            let after = quantity(start.max(self.period.end()), end);
            self.set_aside(usage, OutsideSums { before, after, lowest_id: usage.id });
        }
        let first = self.slices.partition_point(|slice| slice.end() <= start);
        for (slice, sums) in self.slices.iter().zip(&mut self.sums).skip(first) {
            if slice.start() >= end {
                break;
            }
            add_to(sums, usage, quantity(start.max(slice.start()), end.min(slice.end())));
        }
    }

    fn add_counted(&mut self, usage: &Usage, quantity: i128) {
        let (at, quantity, none) = (usage.window.start(), Sum(Some(quantity)), Sum(Some(0)));
        if at < self.period.start() {
            let sums = OutsideSums { before: quantity, after: none, lowest_id: usage.id };
            return self.set_aside(usage, sums);
        }
        let index = self.slices.partition_point(|slice| slice.end() <= at);
        match self.sums.get_mut(index) {
            Some(sums) => add_to(sums, usage, quantity),
            None => {
                let sums = OutsideSums { before: none, after: quantity, lowest_id: usage.id };
                self.set_aside(usage, sums);
            }
        }
    }

    fn set_aside(&mut self, usage: &Usage, sums: OutsideSums) {
        let mine = self.outside.entry(Supply::of(usage));
        mine.and_modify(|mine| *mine = mine.plus(sums)).or_insert(sums);
    }
}

/// Adds to the sum of a record's supply; its ids are copied only when it is the first.
fn add_to(sums: &mut BTreeMap<Supply, Sum>, usage: &Usage, quantity: Sum) {
    let supplied: &dyn Supplied = usage;
    match sums.get_mut(supplied) {
        Some(sum) => *sum = sum.plus(quantity),
        None => {
            sums.insert(Supply::of(usage), quantity);
        }
    }
}
