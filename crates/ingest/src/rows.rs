//! Sets of row numbers of large files.

/// Some rows of a file, by their numbers from 1: one bit for each row up to the last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    words: Vec<u64>,
}

impl Rows {
    /// Puts a row in.
    pub fn insert(&mut self, row: u64) {
        let (word, bit) = Self::bit(row);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= bit;
    }

    /// Whether a row is in.
    #[must_use]
    pub fn contains(&self, row: u64) -> bool {
        let (word, bit) = Self::bit(row);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// The rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        (0_u64..).step_by(64).zip(&self.words).flat_map(|(first, word)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| first + bit)
        })
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// These and others.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        self.words.iter_mut().zip(&other.words).for_each(|(mine, theirs)| *mine |= theirs);
        self
    }

    /// These without others.
    #[must_use]
    pub fn without(mut self, other: &Self) -> Self {
        self.words.iter_mut().zip(&other.words).for_each(|(mine, theirs)| *mine &= !theirs);
        self
    }

    fn bit(row: u64) -> (usize, u64) {
        (usize::try_from(row / 64).unwrap_or(usize::MAX), 1 << (row % 64))
    }
}

impl FromIterator<u64> for Rows {
    fn from_iter<I: IntoIterator<Item = u64>>(rows: I) -> Self {
        let mut all = Self::default();
        rows.into_iter().for_each(|row| all.insert(row));
        all
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn rows_are_a_set() {
        let (left, right) = ([7, 1, 64, 63, 700, 7], [1, 2, 700, 5_000]);
        let sets = [&left[..], &right[..]].map(|rows| rows.iter().copied().collect::<Rows>());
        let plain =
            [&left[..], &right[..]].map(|rows| rows.iter().copied().collect::<BTreeSet<u64>>());
        let check = |seen: &Rows, expected: BTreeSet<u64>| {
            assert_eq!(
                seen.iter().collect::<Vec<_>>(),
                expected.iter().copied().collect::<Vec<_>>()
            );
            (0..6_000).for_each(|row| assert_eq!(seen.contains(row), expected.contains(&row)));
            assert_eq!(seen.is_empty(), expected.is_empty());
        };
        check(&sets[0], plain[0].clone());
        check(&sets[0].clone().with(&sets[1]), &plain[0] | &plain[1]);
        check(&sets[0].clone().without(&sets[1]), &plain[0] - &plain[1]);
        check(&sets[1].clone().without(&sets[1]), BTreeSet::new());
    }
}
