//! What comes when, for times that only go on: what comes next is known, and the rest has no order.
//!
//! A radix heap (Ahuja, Mehlhorn, Orlin, Tarjan, "Faster Algorithms for the Shortest Path Problem",
//! Journal of the ACM 37(2), 1990): an entry is in the bucket of the highest bit in which its time
//! differs from the last that was taken, and goes on to a lower one when the times of its own are
//! reached. So memory is written and read in rows, however much there is to come.

use comity_base::Instant;

/// What comes when.
#[derive(Debug)]
pub(crate) struct Upcoming<T> {
    /// The last time that was taken; none is before.
    last: Instant,
    /// By how many of the lowest bits of a time may differ from the last.
    buckets: Vec<Bucket<T>>,
    /// The buckets that are not empty, as bits.
    filled: u128,
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
        let buckets = std::iter::repeat_with(none).take(65).collect();
        Self { last: Instant::MIN, buckets, filled: 0, spare: Vec::new() }
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

    /// Takes out all that comes at the next instant, in no order.
    pub(crate) fn take_next(&mut self, mut each: impl FnMut(T)) {
        let Some(lowest) = self.lowest() else { return };
        let spare = std::mem::take(&mut self.spare);
        let bucket = &mut self.buckets[lowest];
        let mut entries = std::mem::replace(&mut bucket.entries, spare);
        self.last = std::mem::replace(&mut bucket.first, Instant::MAX);
        self.filled &= !(1 << lowest);
        for (at, what) in entries.drain(..) {
            if at == self.last {
                each(what);
            } else {
                self.put(at, what);
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
            self.filled &= !(1 << lowest);
        }
        forgotten
    }

    fn put(&mut self, at: Instant, what: T) {
        // As many low bits as it takes to tell the two apart; of numbers with another sign, all.
        let differ = at.seconds() ^ self.last.seconds();
        let place = low(64 - differ.leading_zeros());
        let bucket = &mut self.buckets[place];
        bucket.first = bucket.first.min(at);
        bucket.entries.push((at, what));
        self.filled |= 1 << place;
    }

    fn lowest(&self) -> Option<usize> {
        (self.filled != 0).then(|| low(self.filled.trailing_zeros()))
    }
}

fn low(bits: u32) -> usize {
    usize::try_from(bits).expect("a usize has at least 32 bits on the targets of this crate")
}

#[cfg(test)]
mod tests {
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
            let mut now = Instant::from_seconds(first);
            for (name, &(what, seconds)) in (0..).zip(&steps) {
                let at = now.plus_seconds(seconds >> (what % 12));
                match what {
                    0..60 => {
                        upcoming.add(at, name);
                        plain.insert((at, name));
                    }
                    60..90 => if let Some(next) = upcoming.next() {
                        now = next;
                        let mut taken = Vec::new();
                        upcoming.take_next(|name| taken.push(name));
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
                            upcoming.take_next(|name| rest.push(name));
                        }
                        upcoming = Upcoming::new();
                        plain.iter().for_each(|&(at, name)| upcoming.add(at, name));
                    }
                }
                prop_assert_eq!(upcoming.next(), plain.first().map(|it| it.0));
            }
        }
    }
}
