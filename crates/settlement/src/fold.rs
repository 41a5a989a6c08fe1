//! Sums of many supplies over many slices of time: what usage is folded into.
//!
//! Supplies are numbered as they come, and the numbers reach no result: what is read out is in
//! the order of the supplies. The sums of a supply stand in blocks of neighbouring slices, made
//! when the first use falls in them, so that adding is two look-ups and no search, and a supply
//! that is used now and then does not take room for every slice.

use std::collections::BTreeMap;
use std::ops::Range;

use comity_base::{Overflow, Window};

use crate::usage::{Supplied, Supply};

/// How many neighbouring slices a block has.
const BLOCK: usize = 16;

/// The number of a supply in what gave it, such as [`Totals`](crate::Totals); means nothing in
/// others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupplyNumber(pub usize);

/// A sum of quantities, none below zero, held at the largest number of 128 bits without sign.
///
/// `min(sum, largest)` is the same in whatever order it is added up, so a sum that does not fit
/// is found whichever record made it so, and nothing wraps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sum(pub(crate) u128);

impl Sum {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The sum, where it fits in 128 bits with a sign.
    pub(crate) fn value(self) -> Result<i128, Overflow> {
        i128::try_from(self.0).map_err(|_| Overflow)
    }
}

/// The sums of every supply in every slice.
#[derive(Debug, Clone)]
pub(crate) struct Sums {
    numbers: BTreeMap<Supply, SupplyNumber>,
    /// Those that are numbered, in the order of the numbers.
    supplies: Vec<Supply>,
    blocks_each: usize,
    /// For each supply, in the order of the numbers, where each of its blocks is; [`NOWHERE`]
    /// before it has one.
    places: Vec<u32>,
    blocks: Vec<[Sum; BLOCK]>,
    /// The places of what is being added; kept for its memory.
    found: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

/// A quantity of a supply in a slice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Added {
    pub(crate) supply: SupplyNumber,
    pub(crate) slice: usize,
    pub(crate) quantity: Sum,
}

impl Sums {
    pub(crate) fn new(slices: usize) -> Self {
        Self {
            numbers: BTreeMap::new(),
            supplies: Vec::new(),
            blocks_each: slices.div_ceil(BLOCK),
            places: Vec::new(),
            blocks: Vec::new(),
            found: Vec::new(),
        }
    }

    /// The number of a supply; its ids are copied only when it is the first.
    pub(crate) fn number(
        &mut self,
        supplied: &dyn Supplied,
        supply: impl FnOnce() -> Supply,
    ) -> SupplyNumber {
        if let Some(number) = self.numbers.get(supplied) {
            return *number;
        }
        let number = SupplyNumber(self.numbers.len());
        let supply = supply();
        self.supplies.push(supply.clone());
        self.numbers.insert(supply, number);
        self.places.resize(self.places.len() + self.blocks_each, NOWHERE);
        number
    }

    /// The supply of a number.
    pub(crate) fn supply(&self, number: SupplyNumber) -> Supply {
        self.supplies[number.0].clone()
    }

    /// Adds quantities.
    ///
    /// The sums lie all over memory, and a processor waits for one at a time unless nothing
    /// else stands between: so the places are looked up first, and then the sums.
    pub(crate) fn add(&mut self, added: &[Added]) {
        let mut found = std::mem::take(&mut self.found);
        found.clear();
        found.extend(added.iter().map(|one| self.place(one.supply, one.slice / BLOCK)));
        for (one, place) in added.iter().zip(&found) {
            let sum = &mut self.blocks[at(*place)][one.slice % BLOCK];
            *sum = sum.plus(one.quantity);
        }
        self.found = found;
    }

    pub(crate) fn merge(&mut self, other: Self) {
        let Self { numbers, blocks_each, places, blocks, .. } = other;
        for (supply, theirs) in numbers {
            let mine = self.number(&supply, || supply.clone());
            for index in 0..blocks_each {
                let place = places[theirs.0 * blocks_each + index];
                let Some(sums) = blocks.get(at(place)) else { continue };
                let place = self.place(mine, index);
                for (mine, theirs) in self.blocks[at(place)].iter_mut().zip(sums) {
                    *mine = mine.plus(*theirs);
                }
            }
        }
    }

    /// The sums of each supply in some slices, in the order of the supplies; a supply without use
    /// in them is left out.
    pub(crate) fn of_slices(
        &self,
        slices: Range<usize>,
    ) -> impl Iterator<Item = (&Supply, Vec<Sum>)> {
        self.numbers.iter().filter_map(move |(supply, number)| {
            let sums: Vec<Sum> = slices.clone().map(|slice| self.get(*number, slice)).collect();
            sums.iter().any(|sum| *sum != Sum::default()).then_some((supply, sums))
        })
    }

    fn get(&self, supply: SupplyNumber, slice: usize) -> Sum {
        let place = self.places[supply.0 * self.blocks_each + slice / BLOCK];
        self.blocks.get(at(place)).map_or(Sum::default(), |block| block[slice % BLOCK])
    }

    /// Where a block of a supply is; it is made where there was none.
    fn place(&mut self, supply: SupplyNumber, index: usize) -> u32 {
        let place = &mut self.places[supply.0 * self.blocks_each + index];
        if *place == NOWHERE {
            let next = u32::try_from(self.blocks.len()).ok().filter(|next| *next < NOWHERE);
            *place = next.expect("2^32 blocks are a terabyte");
            self.blocks.push([Sum::default(); BLOCK]);
        }
        *place
    }
}

fn at(place: u32) -> usize {
    usize::try_from(place).expect("a place is the index of a block")
}

/// The slices of a period, and in which of them an instant lies, without a search.
#[derive(Debug, Clone)]
pub(crate) struct Slices {
    /// Invariant: in order, without gaps.
    windows: Vec<Window>,
    /// The seconds between the instants of `first`, at least one.
    step: i64,
    /// In which slice each instant lies that is a whole number of steps after the first.
    first: Vec<usize>,
}

impl Slices {
    pub(crate) fn new(windows: Vec<Window>) -> Self {
        let shortest = windows.iter().map(|slice| slice.seconds()).min().unwrap_or(1);
        let whole: i64 = windows.iter().map(|slice| slice.seconds()).sum();
        // Four steps for each slice at most, however short the shortest is.
        let most = i64::try_from(windows.len().max(1)).map_or(i64::MAX, |it| it.saturating_mul(4));
        let step = shortest.max(whole / most).max(1);
        let start = windows.first().map_or(0, |slice| slice.start().seconds());
        let mut first = Vec::new();
        let mut slice = 0;
        for offset in (0..whole).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
            while windows[slice].end().seconds() <= start + offset {
                slice += 1;
            }
            first.push(slice);
        }
        Self { windows, step, first }
    }

    pub(crate) fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// The slice that an instant lies in: the first of those after it, or none that there is when
    /// it lies after all.
    pub(crate) fn position(&self, at: comity_base::Instant) -> usize {
        let Some(start) = self.windows.first().map(|slice| slice.start()) else { return 0 };
        let Ok(steps) = usize::try_from((at.seconds() - start.seconds()).div_euclid(self.step))
        else {
            return 0;
        };
        let Some(&first) = self.first.get(steps) else { return self.windows.len() };
        let later = self.windows[first..].iter().take_while(|slice| slice.end() <= at).count();
        first + later
    }
}

#[cfg(test)]
mod tests {
    use comity_base::Instant;

    use super::*;

    #[test]
    fn instants_are_found_in_their_slices() {
        let check = |ends: &[i64]| {
            let at = Instant::from_seconds;
            let starts = std::iter::once(&100).chain(ends);
            let windows = starts.zip(ends).map(|(from, to)| Window::new(at(*from), at(*to)));
            let windows: Vec<Window> = windows.collect::<Result<_, _>>().unwrap();
            let slices = Slices::new(windows.clone());
            for second in 0..ends.last().unwrap() + 50 {
                let expected = windows.partition_point(|slice| slice.end() <= at(second));
                assert_eq!(slices.position(at(second)), expected, "{second} in {ends:?}");
            }
        };
        check(&[110, 120, 130]);
        check(&[101]);
        check(&[101, 102, 103, 104, 105, 5_000]);
        check(&[4_900, 4_901, 4_902, 4_903, 5_000]);
        check(&[107, 131, 132, 190, 1_000, 1_001]);
    }

    #[test]
    fn a_sum_that_does_not_fit_is_found_in_any_order() {
        let large = Sum(u128::MAX / 2);
        let sums = [large, large, Sum(7), Sum(1)];
        for turned in 0..4 {
            let all = sums.iter().cycle().skip(turned).take(4);
            let sum = all.fold(Sum::default(), |sum, one| sum.plus(*one));
            assert_eq!(sum.value(), Err(Overflow));
        }
        assert_eq!(large.value(), Ok(i128::MAX));
    }
}
