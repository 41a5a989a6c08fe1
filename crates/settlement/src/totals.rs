//! Usage summed for each supply and slice of time: the part that takes records in any order.

use std::collections::BTreeMap;
use std::ptr;

use comity_base::{Instant, Window};
use thiserror::Error;

use crate::fold::{Added, Slices, Sum, Sums, SupplyNumber};
use crate::terms::MoneyTerms;
use crate::usage::{Amount, Numbered, Supply, Usage};

/// How many records are added at once: what they come to stays in the processor's cache.
const AT_ONCE: usize = 1_024;

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
/// any batches, on several threads or machines, and the settlement is the same. A total that does
/// not fit in 128 bits is reported by [`Totals::settle`], whichever record made it so.
///
/// Totals of one process are [merged](Totals::merge) as they are. Between processes they go as
/// [rows](Totals::rows), which [`Totals::take`] adds to others of the same terms and period.
#[derive(Debug, Clone)]
pub struct Totals<'t> {
    pub(crate) terms: &'t MoneyTerms,
    pub(crate) period: Window,
    /// Invariant: in order, without gaps, from the start of the period to its end.
    pub(crate) segments: Vec<Segment>,
    /// The slices of all segments, in order.
    slices: Slices,
    pub(crate) sums: Sums,
    pub(crate) outside: BTreeMap<Supply, OutsideSums>,
    records: u64,
    /// What is being added; kept for its memory.
    added: Vec<Added>,
}

/// A part of the period in which the same terms are in force, with its slices.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) window: Window,
    pub(crate) slices: Vec<Window>,
}

/// A part of what [`Totals`] hold, to be carried elsewhere.
///
/// Sums are held at the largest number of 128 bits without sign: one above what 128 bits with a
/// sign hold does not fit, and is reported as such where it is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TotalsRow {
    /// How many records were added.
    Records(u64),
    /// How much of a supply was used in a slice, in the meter's base units.
    Inside {
        /// The slice of the period.
        slice: Window,
        /// What was supplied.
        supply: Supply,
        /// How much.
        sum: u128,
    },
    /// Use that lies outside the period.
    Outside {
        /// What was supplied.
        supply: Supply,
        /// How much before the period.
        before: u128,
        /// How much after the period.
        after: u128,
        /// The lowest number of a record of which a part was set aside.
        lowest_id: u64,
    },
}

/// A row is for a slice that the period is not cut into: it was made under other terms.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{slice} is no part that {period} is cut into under these terms")]
pub struct OtherSlice {
    /// The slice of the row.
    pub slice: Window,
    /// The period of the totals.
    pub period: Window,
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
        let sums = Sums::new(slices.len());
        let slices = Slices::new(slices);
        let (outside, added) = (BTreeMap::new(), Vec::new());
        Self { terms, period, segments, slices, sums, outside, records: 0, added }
    }

    /// Adds one record.
    ///
    /// What was held is divided over the slices by the second, and what is counted goes to the
    /// slice that its window starts in; what lies outside the period is set aside. A record
    /// of nothing leaves no total.
    pub fn add(&mut self, usage: &Usage) {
        if usage.amount.is_nothing() {
            self.records += 1;
            return;
        }
        let supply = self.sums.number(usage, || Supply::of(usage));
        let Usage { id, window, amount, .. } = *usage;
        self.add_numbered(&[Numbered { id, supply, window, amount }]);
    }

    /// The number of a supply in these totals, for [`Totals::add_numbered`].
    pub fn number(&mut self, supply: &Supply) -> SupplyNumber {
        self.sums.number(supply, || supply.clone())
    }

    /// Adds records of numbered supplies, each as [`Totals::add`] does: what is read in columns
    /// needs no ids of parties for each record. Some hundreds at a time are faster than one.
    ///
    /// # Panics
    /// May, when a number is of other totals.
    pub fn add_numbered(&mut self, records: &[Numbered]) {
        let mut added = std::mem::take(&mut self.added);
        for some in records.chunks(AT_ONCE) {
            added.clear();
            for record in some {
                self.records += 1;
                match record.amount {
                    Amount::Held { level: 0 } | Amount::Counted { quantity: 0 } => {}
                    Amount::Held { level } => self.held(record, u128::from(level), &mut added),
                    Amount::Counted { quantity } => {
                        self.counted(record, Sum(u128::from(quantity)), &mut added);
                    }
                }
            }
            self.sums.add(&added);
        }
        self.added = added;
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
        self.sums.merge(other.sums);
        for (supply, sums) in other.outside {
            self.set_aside(supply, sums);
        }
        self.records += other.records;
    }

    /// All that was added, by supply and slice: the same for the same records, in whatever order
    /// they came.
    pub fn rows(&self) -> impl Iterator<Item = TotalsRow> {
        let slices = self.slices.windows();
        let inside = self.sums.of_slices(0..slices.len()).flat_map(move |(supply, sums)| {
            let used = slices.iter().zip(sums).filter(|(_, sum)| *sum != Sum::default());
            used.map(|(&slice, sum)| TotalsRow::Inside {
                slice,
                supply: supply.clone(),
                sum: sum.0,
            })
        });
        let outside = self.outside.iter().map(|(supply, sums)| TotalsRow::Outside {
            supply: supply.clone(),
            before: sums.before.0,
            after: sums.after.0,
            lowest_id: sums.lowest_id,
        });
        std::iter::once(TotalsRow::Records(self.records)).chain(inside).chain(outside)
    }

    /// Adds a row of other totals, for the same period under the same terms.
    ///
    /// # Errors
    /// [`OtherSlice`] when the row is for a slice that is none here.
    pub fn take(&mut self, row: TotalsRow) -> Result<(), OtherSlice> {
        match row {
            TotalsRow::Records(records) => self.records += records,
            TotalsRow::Inside { slice, supply, sum } => {
                let index = self.slices.position(slice.start());
                if self.slices.windows().get(index) != Some(&slice) {
                    return Err(OtherSlice { slice, period: self.period });
                }
                let number = self.number(&supply);
                self.sums.add(&[Added { supply: number, slice: index, quantity: Sum(sum) }]);
            }
            TotalsRow::Outside { supply, before, after, lowest_id } => {
                let sums = OutsideSums { before: Sum(before), after: Sum(after), lowest_id };
                self.set_aside(supply, sums);
            }
        }
        Ok(())
    }

    /// How many records were added.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    fn held(&mut self, record: &Numbered, level: u128, added: &mut Vec<Added>) {
        let quantity = |start: Instant, end: Instant| {
            // 64 bits of level and 40 of seconds fit.
            Sum(level * u128::try_from(end.seconds() - start.seconds()).unwrap_or(0))
        };
        let (start, end) = (record.window.start(), record.window.end());
        if start < self.period.start() || end > self.period.end() {
            let before = quantity(start, end.min(self.period.start()));
            let after = quantity(start.max(self.period.end()), end);
            let supply = self.sums.supply(record.supply);
            self.set_aside(supply, OutsideSums { before, after, lowest_id: record.id });
        }
        let first = self.slices.position(start);
        for (slice, window) in self.slices.windows().iter().enumerate().skip(first) {
            if window.start() >= end {
                break;
            }
            let quantity = quantity(start.max(window.start()), end.min(window.end()));
            added.push(Added { supply: record.supply, slice, quantity });
        }
    }

    fn counted(&mut self, record: &Numbered, quantity: Sum, added: &mut Vec<Added>) {
        let (at, none) = (record.window.start(), Sum::default());
        let (before, after) = if at < self.period.start() {
            (quantity, none)
        } else if at < self.period.end() {
            let slice = self.slices.position(at);
            return added.push(Added { supply: record.supply, slice, quantity });
        } else {
            (none, quantity)
        };
        let supply = self.sums.supply(record.supply);
        self.set_aside(supply, OutsideSums { before, after, lowest_id: record.id });
    }

    fn set_aside(&mut self, supply: Supply, sums: OutsideSums) {
        let mine = self.outside.entry(supply);
        mine.and_modify(|mine| *mine = mine.plus(sums)).or_insert(sums);
    }
}
