//! A set of whole numbers below a bound, with the next and the last member in a few steps.

/// Words of bits in levels: a bit of a level says whether a word of the level below has any.
///
/// Each step up divides by 64, so that a million places are four levels.
#[derive(Debug, Clone)]
pub(crate) struct Bits {
    levels: Vec<Vec<u64>>,
}

impl Bits {
    /// The empty set of numbers below `bound`.
    pub(crate) fn new(bound: usize) -> Self {
        let mut levels = Vec::new();
        let mut words = bound.div_ceil(64).max(1);
        loop {
            levels.push(vec![0; words]);
            if words == 1 {
                return Self { levels };
            }
            words = words.div_ceil(64);
        }
    }

    pub(crate) fn insert(&mut self, member: usize) {
        let mut place = member;
        for level in &mut self.levels {
            let word = &mut level[place / 64];
            let was = *word;
            *word |= 1 << (place % 64);
            if was != 0 {
                return;
            }
            place /= 64;
        }
    }

    pub(crate) fn remove(&mut self, member: usize) {
        let mut place = member;
        for level in &mut self.levels {
            let word = &mut level[place / 64];
            *word &= !(1 << (place % 64));
            if *word != 0 {
                return;
            }
            place /= 64;
        }
    }

    /// The smallest member that is at least `from` and below `end`.
    pub(crate) fn first_in(&self, from: usize, end: usize) -> Option<usize> {
        if from >= end {
            return None;
        }
        let mut place = from;
        for (height, level) in self.levels.iter().enumerate() {
            let word = level.get(place / 64)? >> (place % 64);
            if word != 0 {
                let mut found = place + trailing(word);
                for below in self.levels[..height].iter().rev() {
                    found = found * 64 + trailing(below[found]);
                }
                return Some(found).filter(|&found| found < end);
            }
            place = place / 64 + 1;
        }
        None
    }

    /// The largest member that is at least `from` and below `end`.
    pub(crate) fn last_in(&self, from: usize, end: usize) -> Option<usize> {
        let mut place = end.checked_sub(1)?;
        for (height, level) in self.levels.iter().enumerate() {
            let word = level[place / 64] << (63 - place % 64);
            if word != 0 {
                let mut found = place - leading(word);
                for below in self.levels[..height].iter().rev() {
                    found = found * 64 + 63 - leading(below[found]);
                }
                return Some(found).filter(|&found| found >= from);
            }
            place = (place / 64).checked_sub(1)?;
        }
        None
    }
}

fn trailing(word: u64) -> usize {
    crate::at(word.trailing_zeros())
}

fn leading(word: u64) -> usize {
    crate::at(word.leading_zeros())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn it_finds_what_an_ordered_set_finds() {
        for bound in [1, 63, 64, 65, 4_096, 4_097, 300_000] {
            let mut bits = Bits::new(bound);
            let mut set = BTreeSet::new();
            let mut state = 1_usize;
            let mut draw = |below: usize| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
                (state >> 33) % below
            };
            for _ in 0..3_000 {
                let member = draw(bound);
                if draw(2) == 0 {
                    bits.insert(member);
                    set.insert(member);
                } else {
                    let member = set.range(member..).next().copied().unwrap_or(member);
                    bits.remove(member);
                    set.remove(&member);
                }
                let (from, end) = (draw(bound), draw(bound + 1));
                let within = || set.iter().copied().filter(|at| (from..end).contains(at));
                assert_eq!(bits.first_in(from, end), within().min(), "{from}..{end} of {bound}");
                assert_eq!(bits.last_in(from, end), within().max(), "{from}..{end} of {bound}");
            }
        }
    }
}
