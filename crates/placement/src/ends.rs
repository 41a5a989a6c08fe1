//! The GPUs that running jobs give back, by the instant up to which they asked for them.

use comity_base::Instant;

/// A chunk is split in two when it grows beyond this; the square root of the number of running
/// jobs in the largest pools.
const CHUNK_MAX: usize = 512;

/// GPUs by planned end, in order of time; a sorted list in chunks with their sums.
#[derive(Debug, Clone)]
#[repr(C)]
pub(crate) struct Ends {
    /// Mostly all there is, and so at hand with the pool; empty only when nothing is held.
    first: Chunk,
    more: Vec<Chunk>,
}

/// Invariant: `entries` is sorted, `last` is its last instant, if any, and `gpus` its sum.
#[derive(Debug, Clone)]
struct Chunk {
    last: Instant,
    gpus: i64,
    entries: Vec<(Instant, i64)>,
}

impl Default for Ends {
    fn default() -> Self {
        let first = Chunk { last: Instant::MIN, gpus: 0, entries: Vec::new() };
        Self { first, more: Vec::new() }
    }
}

impl Ends {
    /// Adds GPUs that come back at an instant.
    pub(crate) fn add(&mut self, at: Instant, gpus: i64) {
        let index = self.chunk(at).min(self.more.len());
        let chunk = self.chunk_mut(index);
        chunk.gpus += gpus;
        chunk.last = chunk.last.max(at);
        match chunk.entries.binary_search_by_key(&at, |&(end, _)| end) {
            Ok(found) => chunk.entries[found].1 += gpus,
            Err(place) => chunk.entries.insert(place, (at, gpus)),
        }
        if chunk.entries.len() > CHUNK_MAX {
            let entries = chunk.entries.split_off(CHUNK_MAX / 2);
            let moved: i64 = entries.iter().map(|&(_, gpus)| gpus).sum();
            let last = chunk.last;
            chunk.gpus -= moved;
            chunk.last = chunk.entries[CHUNK_MAX / 2 - 1].0;
            self.more.insert(index, Chunk { last, gpus: moved, entries });
        }
    }

    /// Takes out GPUs that were to come back at an instant.
    pub(crate) fn remove(&mut self, at: Instant, gpus: i64) {
        let index = self.chunk(at);
        let chunk = self.chunk_mut(index);
        let found = chunk.entries.binary_search_by_key(&at, |&(end, _)| end);
        let found = found.expect("what is removed was added");
        chunk.gpus -= gpus;
        chunk.entries[found].1 -= gpus;
        if chunk.entries[found].1 == 0 {
            chunk.entries.remove(found);
        }
        chunk.last = chunk.entries.last().map_or(Instant::MIN, |&(last, _)| last);
        if chunk.entries.is_empty() && !self.more.is_empty() {
            let next = self.more.remove(index.saturating_sub(1));
            if index == 0 {
                self.first = next;
            }
        }
    }

    /// How many GPUs come back up to and at an instant.
    pub(crate) fn by(&self, at: Instant) -> i64 {
        let whole = self.chunk(at);
        let before: i64 = self.chunks().take(whole).map(|chunk| chunk.gpus).sum();
        let entries = self.chunks().nth(whole).map_or(&[][..], |chunk| &chunk.entries);
        let part = entries.iter().take_while(|&&(end, _)| end <= at);
        before + part.map(|&(_, gpus)| gpus).sum::<i64>()
    }

    /// The instant by which so many GPUs are back, when it is before a limit.
    pub(crate) fn when(&self, gpus: i64, before: Instant) -> Option<Instant> {
        let mut back = 0;
        for chunk in self.chunks() {
            if back + chunk.gpus < gpus {
                if chunk.last >= before {
                    return None;
                }
                back += chunk.gpus;
                continue;
            }
            for &(end, more) in &chunk.entries {
                if end >= before {
                    return None;
                }
                back += more;
                if back >= gpus {
                    return Some(end);
                }
            }
        }
        None
    }

    /// The first instant after another at which some come back.
    pub(crate) fn next_after(&self, at: Instant) -> Option<Instant> {
        let entries = &self.chunks().find(|chunk| chunk.last > at)?.entries;
        entries.get(entries.partition_point(|&(end, _)| end <= at)).map(|&(end, _)| end)
    }

    /// What comes back when, in order of time.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Instant, i64)> {
        self.chunks().flat_map(|chunk| chunk.entries.iter().copied())
    }

    /// The one in the middle of the first chunk, where a look for another begins.
    pub(crate) fn middle(&self) -> Option<(Instant, i64)> {
        self.first.entries.get(self.first.entries.len() / 2).copied()
    }

    fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        std::iter::once(&self.first).chain(&self.more)
    }

    /// The first chunk that holds an end at or after an instant.
    fn chunk(&self, at: Instant) -> usize {
        if self.first.last >= at {
            return 0;
        }
        1 + self.more.partition_point(|chunk| chunk.last < at)
    }

    fn chunk_mut(&mut self, index: usize) -> &mut Chunk {
        match index.checked_sub(1) {
            None => &mut self.first,
            Some(later) => &mut self.more[later],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn sums_are_those_of_a_plain_map(adds in prop::collection::vec((0..5_000_i64, 1..9_i64), 1..3_000)) {
            let mut ends = Ends::default();
            let mut plain: BTreeMap<Instant, i64> = BTreeMap::new();
            for (index, &(at, gpus)) in adds.iter().enumerate() {
                let at = Instant::from_seconds(at);
                ends.add(at, gpus);
                *plain.entry(at).or_default() += gpus;
                if index % 3 == 0 {
                    let (&at, &gpus) = plain.iter().nth(index % plain.len()).unwrap();
                    ends.remove(at, gpus);
                    plain.remove(&at);
                }
            }
            let mut back = 0;
            for (&at, &gpus) in &plain {
                prop_assert_eq!(ends.when(back + 1, Instant::MAX), Some(at));
                prop_assert_eq!(ends.when(back + 1, at), None);
                prop_assert_eq!(ends.next_after(at.plus_seconds(-1)), Some(at));
                let next = plain.range(at.plus_seconds(1)..).next().map(|(&at, _)| at);
                prop_assert_eq!(ends.next_after(at), next);
                back += gpus;
                prop_assert_eq!(ends.by(at), back);
            }
            prop_assert_eq!(ends.when(back + 1, Instant::MAX), None);
        }
    }
}
