//! Runs that were made apart, joined.

use thiserror::Error;

use crate::measure::Run;

/// The part of the runs that one machine makes: every `of`-th, from the `index`-th on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 1.
    pub index: u64,
    /// Of how many.
    pub of: u64,
}

/// Why a text names no part.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is no part of the runs: `i/n` with `i` from 1 to `n`, such as 1/4")]
pub struct ShardError {
    /// The text as given.
    pub text: String,
}

impl Shard {
    /// More parts are not told apart.
    const PARTS_MAX: u64 = 1_000_000;

    /// All runs.
    pub const ALL: Self = Self { index: 1, of: 1 };

    /// A part from `i/n`.
    ///
    /// # Errors
    /// When `i` is not from 1 to `n`.
    pub fn parse(text: &str) -> Result<Self, ShardError> {
        let error = || ShardError { text: text.to_owned() };
        let (index, of) = text.split_once('/').ok_or_else(error)?;
        let number = |text: &str| text.parse::<u64>().map_err(|_| error());
        let (index, of) = (number(index)?, number(of)?);
        if (1..=of).contains(&index) && of <= Self::PARTS_MAX {
            Ok(Self { index, of })
        } else {
            Err(error())
        }
    }

    /// The numbers of its runs, of so many.
    pub fn runs(self, count: u64) -> impl Iterator<Item = u64> {
        (0..count).filter(move |run| run % self.of == self.index - 1)
    }
}

/// Why parts do not join.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PartError {
    /// A part is missing.
    #[error("part {index}/{of} is missing")]
    Missing {
        /// Which.
        index: u64,
        /// Of how many.
        of: u64,
    },
    /// A part is there twice.
    #[error("part {index}/{of} is there twice")]
    Twice {
        /// Which.
        index: u64,
        /// Of how many.
        of: u64,
    },
    /// Parts of different cuts.
    #[error("part {index}/{of} is of another cut than the first, which is one of {first}")]
    OtherCut {
        /// Which.
        index: u64,
        /// Of how many.
        of: u64,
        /// Of how many the first is.
        first: u64,
    },
    /// A part lacks runs, or has others.
    #[error("part {index}/{of} does not hold the runs that belong to it")]
    OtherRuns {
        /// Which.
        index: u64,
        /// Of how many.
        of: u64,
    },
}

/// Joins the runs of all parts, in order.
///
/// # Errors
/// Every [`PartError`] that there is.
pub fn join(parts: Vec<(Shard, Vec<Run>)>, count: u64) -> Result<Vec<Run>, Vec<PartError>> {
    let first = parts.first().map_or(1, |(shard, _)| shard.of);
    let mut errors = Vec::new();
    let mut seen: Vec<u64> = Vec::new();
    let mut runs: Vec<Run> = Vec::new();
    for (Shard { index, of }, part) in parts {
        if of != first {
            errors.push(PartError::OtherCut { index, of, first });
        } else if seen.contains(&index) {
            errors.push(PartError::Twice { index, of });
        } else {
            seen.push(index);
            let numbers = part.iter().map(|run| run.number);
            if !numbers.eq(Shard { index, of }.runs(count)) {
                errors.push(PartError::OtherRuns { index, of });
            }
            runs.extend(part);
        }
    }
    let missing = (1..=first).filter(|index| !seen.contains(index));
    errors.extend(missing.map(|index| PartError::Missing { index, of: first }));
    runs.sort_by_key(|run| run.number);
    if errors.is_empty() { Ok(runs) } else { Err(errors) }
}
