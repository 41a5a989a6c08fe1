//! What comes when, for times that only go on: what comes next is known, and the rest has no order.
//!
//! A radix heap (Ahuja, Mehlhorn, Orlin, Tarjan, "Faster Algorithms for the Shortest Path Problem",
//! Journal of the ACM 37(2), 1990), by digits of four bits: an entry is in the bucket of the highest
//! digit in which its time differs from the last that was taken, and of what that digit is, and goes
//! on to a lower one when the times of its own are reached. So memory is written and read in rows,
//! however much there is to come.

use comity_base::Instant;

/// The bits of a digit of a time, and how many digits there are and a time has.
const BITS: u32 = 4;
const DIGITS: usize = 1 << BITS;
const LEVELS: usize = 64 / 4;

/// What comes when.
#[derive(Debug)]
pub(crate) struct Upcoming<T> {
    /// The last time that was taken; none is before.
    last: Instant,
    /// By which is the highest digit of a time that is not that of the last, and what it is.
    buckets: Vec<Bucket<T>>,
    /// The buckets of each level that are not empty, as bits, and the levels that have some.
    filled: [u16; LEVELS],
    levels: u16,
    /// A row to write to while another is read.
    spare: Vec<(Instant, T)>,
}

/// Entries with their times. Invariant: `first` is the least of the times.
#[derive(Debug)]
struct Bucket<T> {
    first: Instant,
    entries: Vec<(Instant, T)>,
}

impl<T: Copy> Upcoming<T> {
    /// Nothing.
    pub(crate) fn new() -> Self {
        let none = || Bucket { first: Instant::MAX, entries: Vec::new() };
        let buckets = std::iter::repeat_with(none).take(LEVELS * DIGITS).collect();
        let (filled, spare) = ([0; LEVELS], Vec::new());
        Self { last: Instant::MIN, buckets, filled, levels: 0, spare }
    }

    /// When the next comes.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.lowest().map(|bucket| self.buckets[bucket].first)
    }

    /// Adds what comes at an instant that is not before the last one that was taken.
    pub(crate) fn add(&mut self, at: Instant, what: T) {
        assert!(at >= self.last, "time only goes on");
        self.put(at, what);
    }

    /// Takes out all that comes at the next instant, in no order; `soon` is told what comes after it
    /// before long, once and in rows, so that it can be made ready.
    pub(crate) fn take_next(&mut self, mut each: impl FnMut(T), soon: impl Fn(T)) {
        let Some(lowest) = self.lowest() else { return };
        let spare = std::mem::take(&mut self.spare);
        let bucket = &mut self.buckets[lowest];
        let mut entries = std::mem::replace(&mut bucket.entries, spare);
        self.last = std::mem::replace(&mut bucket.first, Instant::MAX);
        self.empty(lowest);
        for (at, what) in entries.drain(..) {
            if at == self.last {
                each(what);
            } else if self.put(at, what) == 0 {
                soon(what);
            }
        }
        self.spare = entries;
    }

    /// Forgets what does not count any more, until the next does; how many those were.
    pub(crate) fn forget(&mut self, counts: impl Fn(Instant, T) -> bool) -> usize {
        let mut forgotten = 0;
        while let Some(lowest) = self.lowest() {
            let Bucket { first, entries } = &mut self.buckets[lowest];
            let before = entries.len();
            entries.retain(|&(at, what)| counts(at, what));
            forgotten += before - entries.len();
            *first = entries.iter().map(|&(at, _)| at).min().unwrap_or(Instant::MAX);
            if !entries.is_empty() {
                break;
            }
            self.empty(lowest);
        }
        forgotten
    }

    /// Puts an entry where it belongs; the level of that.
    fn put(&mut self, at: Instant, what: T) -> usize {
        let at_key = key(at);
        let differ = at_key ^ key(self.last);
        let level = 63_u32.saturating_sub(differ.leading_zeros()) / BITS;
        let digit = (at_key >> (level * BITS)) & ((1 << BITS) - 1);
        let (level, digit) = (low(level), usize::try_from(digit).expect("a digit is small"));
        let bucket = &mut self.buckets[level * DIGITS + digit];
        bucket.first = bucket.first.min(at);
        bucket.entries.push((at, what));
        self.filled[level] |= 1 << digit;
        self.levels |= 1 << level;
        level
    }

    /// Takes in that a bucket is empty.
    fn empty(&mut self, bucket: usize) {
        let (level, digit) = (bucket / DIGITS, bucket % DIGITS);
        self.filled[level] &= !(1 << digit);
        if self.filled[level] == 0 {
            self.levels &= !(1 << level);
        }
    }

    /// The bucket of what comes next.
    fn lowest(&self) -> Option<usize> {
        let level = (self.levels != 0).then(|| low(self.levels.trailing_zeros()))?;
        Some(level * DIGITS + low(self.filled[level].trailing_zeros()))
    }
}

/// A time as a number without a sign, in the same order.
fn key(at: Instant) -> u64 {
    at.seconds().cast_unsigned() ^ 1 << 63
}

fn low(bits: u32) -> usize {
    usize::try_from(bits).expect("a usize has at least 32 bits on the targets of this crate")
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn what_comes_is_what_comes_first_in_an_ordered_set(
            first in -400_i64..400,
            steps in prop::collection::vec((0..100_u32, 0..4_000_i64), 1..600),
        ) {
            let mut upcoming = Upcoming::new();
            let mut plain: BTreeSet<(Instant, u32)> = BTreeSet::new();
            let mut soon: BTreeSet<u32> = BTreeSet::new();
            let mut now = Instant::from_seconds(first);
            for (name, &(what, seconds)) in (0..).zip(&steps) {
                // Some come in billions of years, or never.
                let at = now.plus_seconds(match what {
                    0..2 => i64::MAX,
                    2..4 => seconds << 40,
                    _ => seconds >> (what % 12),
                });
                match what {
                    0..60 => {
                        upcoming.add(at, name);
                        plain.insert((at, name));
                    }
                    60..90 => if let Some(next) = upcoming.next() {
                        now = next;
                        let mut taken = Vec::new();
                        let told = RefCell::new(Vec::new());
                        upcoming.take_next(|name| taken.push(name), |name| told.borrow_mut().push(name));
                        for name in told.into_inner() {
                            let later = plain.iter().any(|it| it.1 == name && it.0 > now);
                            prop_assert!(later, "what is told of comes later");
                            prop_assert!(soon.insert(name), "what comes is told of once");
                        }
                        taken.sort_unstable();
                        let expected: Vec<u32> =
                            plain.iter().filter(|it| it.0 == now).map(|it| it.1).collect();
                        prop_assert_eq!(taken, expected);
                        plain.retain(|it| it.0 > now);
                    }
                    _ => {
                        // What is forgotten later than the next is still there, and is never told.
                        let counts = |it: &(Instant, u32)| it.1 % 7 != what % 7;
                        plain.retain(counts);
                        while upcoming.forget(|at, name| counts(&(at, name))) > 0 {}
                        prop_assert_eq!(upcoming.next(), plain.first().map(|it| it.0));
                        let mut rest = Vec::new();
                        while upcoming.next().is_some() {
                            upcoming.take_next(|name| rest.push(name), |_| ());
                        }
                        rest.retain(|name| counts(&(now, *name)));
                        rest.sort_unstable();
                        let mut left: Vec<u32> = plain.iter().map(|it| it.1).collect();
                        left.sort_unstable();
                        prop_assert_eq!(rest, left);
                        (upcoming, soon) = (Upcoming::new(), BTreeSet::new());
                        plain.iter().for_each(|&(at, name)| upcoming.add(at, name));
                    }
                }
                prop_assert_eq!(upcoming.next(), plain.first().map(|it| it.0));
            }
        }
    }
}
