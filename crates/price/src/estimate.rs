//! From runs to estimates: means, and intervals of the paired differences.

use std::collections::BTreeMap;

use comity_base::{Money, Overflow, Rounding, mul_div};
use ethnum::U256;

use crate::figure::{Figure, Kind};
use crate::measure::Run;
use crate::share::share;
use crate::student::{Confidence, t_quantile};

/// A figure's mean on both sides, and the mean of the paired differences with its interval.
///
/// It has the unit of its figure, cut into as many digits as [`Kind::digits`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Before the change: the mean, rounded to the nearest, a tie to even; so the next two.
    pub before: i128,
    /// After it.
    pub after: i128,
    /// The difference, after less before.
    pub change: i128,
    /// The ends of the interval around it, rounded outwards; `None` with one run, but for a share.
    pub ends: Option<(i128, i128)>,
    /// Whether the difference is the same in every run.
    pub same: bool,
}

impl Estimate {
    /// Whether the interval leaves out no change at all.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.ends.is_some_and(|(low, high)| low > 0 || high < 0)
    }
}

/// The estimates of all figures, in order.
pub type Figures = BTreeMap<Figure, Estimate>;

/// Estimates each figure of a variant over runs; a figure that a run does not have is nothing in it.
///
/// # Errors
/// [`Overflow`] when sums or intervals do not fit.
pub fn figures(runs: &[Run], variant: usize, confidence: Confidence) -> Result<Figures, Overflow> {
    let mut values: BTreeMap<&Figure, Vec<(i128, i128)>> = BTreeMap::new();
    for run in runs {
        for (figure, pair) in &run.outcomes[variant].figures {
            values.entry(figure).or_default().push(*pair);
        }
    }
    let one = |(figure, mut pairs): (&Figure, Vec<(i128, i128)>)| {
        pairs.resize(runs.len(), (0, 0));
        let kind = figure.kind;
        let made = if kind.is_share() {
            part_of(&pairs, confidence)?
        } else {
            estimate(&cut(pairs, kind.digits())?, confidence)?
        };
        Ok((figure.clone(), made))
    };
    values.into_iter().map(one).collect()
}

/// Values in units of so many more digits.
fn cut(mut pairs: Vec<(i128, i128)>, digits: u8) -> Result<Vec<(i128, i128)>, Overflow> {
    let parts = 10_i128.pow(digits.into());
    for pair in &mut pairs {
        let fine = |value: i128| value.checked_mul(parts).ok_or(Overflow);
        *pair = (fine(pair.0)?, fine(pair.1)?);
    }
    Ok(pairs)
}

/// In which part of the runs something happens.
fn part_of(pairs: &[(i128, i128)], confidence: Confidence) -> Result<Estimate, Overflow> {
    let happens = pairs.iter().filter(|(_, after)| *after != 0).count();
    let whole = |count: usize| u64::try_from(count).map_err(|_| Overflow);
    let share = share(whole(happens)?, whole(pairs.len())?, confidence);
    let [low, part, high] = [share.low, share.part, share.high].map(i128::from);
    let same = happens == 0 || happens == pairs.len();
    Ok(Estimate { before: 0, after: part, change: part, ends: Some((low, high)), same })
}

/// Estimates from the values before and after in each run: Student's t on the differences.
///
/// With `n` runs and differences `d`, half the interval is
/// `t × √((n Σd² − (Σd)²) ÷ (n² (n − 1)))`, computed from the exact sums in 256 bits.
///
/// # Errors
/// [`Overflow`] when sums or the interval do not fit.
///
/// # Panics
/// With no runs.
pub fn estimate(pairs: &[(i128, i128)], confidence: Confidence) -> Result<Estimate, Overflow> {
    assert!(!pairs.is_empty(), "no run, no estimate");
    let count = i128::try_from(pairs.len()).map_err(|_| Overflow)?;
    let add = |sum: i128, value: i128| sum.checked_add(value).ok_or(Overflow);
    let (mut before, mut after, mut change) = (0, 0, 0);
    let mut squares = U256::ZERO;
    let mut same = true;
    let mut first = None;
    for &(left, right) in pairs {
        let difference = right.checked_sub(left).ok_or(Overflow)?;
        same &= *first.get_or_insert(difference) == difference;
        (before, after) = (add(before, left)?, add(after, right)?);
        change = add(change, difference)?;
        let size = U256::from(difference.unsigned_abs());
        squares = size.checked_mul(size).and_then(|it| squares.checked_add(it)).ok_or(Overflow)?;
    }
    let mean = |sum| mul_div(sum, 1, count, Rounding::HalfEven);
    let half = match (count, same) {
        (1, _) => None,
        (_, true) => Some(0),
        (_, false) => Some(half(count, change, squares, confidence)?),
    };
    let (before, after, change) = (mean(before)?, mean(after)?, mean(change)?);
    let ends = match half {
        None => None,
        Some(half) => {
            let end = |half: i128| change.checked_add(half).ok_or(Overflow);
            Some((end(-half)?, end(half)?))
        }
    };
    Ok(Estimate { before, after, change, ends, same })
}

fn half(count: i128, sum: i128, squares: U256, confidence: Confidence) -> Result<i128, Overflow> {
    let degrees = u64::try_from(count - 1).map_err(|_| Overflow)?;
    let n = U256::from(count.unsigned_abs());
    let t = U256::from(t_quantile(confidence, degrees).unsigned_abs());
    let size = U256::from(sum.unsigned_abs());
    let spread = n
        .checked_mul(squares)
        .zip(size.checked_mul(size))
        .and_then(|(all, mean)| all.checked_sub(mean))
        .ok_or(Overflow)?;
    let above = spread.checked_mul(t * t).ok_or(Overflow)?;
    // t is in millionths.
    let below = n * n * U256::from(degrees) * U256::from(1_000_000_000_000_u64);
    let square = above / below + U256::from(u64::from(above % below != U256::ZERO));
    i128::try_from(root_up(square)).map_err(|_| Overflow)
}

/// The least whole number whose square is not below.
fn root_up(square: U256) -> U256 {
    let (mut low, mut high) = (U256::ZERO, U256::ONE << 128_u32);
    while low < high {
        let middle: U256 = (low + high) >> 1_u32;
        if middle.checked_mul(middle).is_none_or(|it| it >= square) {
            high = middle;
        } else {
            low = middle + U256::ONE;
        }
    }
    low
}

/// How narrow an interval is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Half its width at most so much, of every net change in the amount's currency.
    Amount(Money),
    /// Half its width at most so many ten-thousandths of the largest net change in its currency.
    Part(u32),
}

/// So many runs are looked at, at a time: the rule that stops depends on the first results in order
/// and on nothing else.
pub const BATCH: usize = 10;

/// After how many of these runs, in whole batches, the net change of every party in every variant
/// is known as closely as asked; `None` while it is not. Changes in different currencies are never
/// compared.
///
/// # Errors
/// [`Overflow`] when an interval does not fit.
pub fn enough(
    runs: &[Run],
    confidence: Confidence,
    asked: Asked,
) -> Result<Option<usize>, Overflow> {
    let mut count = BATCH;
    while count <= runs.len() {
        let some = &runs[..count];
        let variants = some[0].outcomes.len();
        let mut all = true;
        for variant in 0..variants {
            let found = figures(some, variant, confidence)?;
            let mut nets: BTreeMap<&str, Vec<&Estimate>> = BTreeMap::new();
            for (figure, it) in found.iter().filter(|(figure, _)| figure.kind == Kind::Net) {
                nets.entry(figure.of.last().map_or("", String::as_str)).or_default().push(it);
            }
            for (code, nets) in nets {
                let at_most = match asked {
                    Asked::Amount(money) if money.currency.code() != code => continue,
                    Asked::Amount(money) => money.minor,
                    Asked::Part(part) => {
                        let largest = nets.iter().map(|it| it.change.abs()).max().unwrap_or(0);
                        mul_div(largest, i128::from(part), 10_000, Rounding::Down)?
                    }
                };
                let close =
                    |it: &&Estimate| it.ends.is_some_and(|(_, high)| high - it.change <= at_most);
                all &= nets.iter().all(close);
            }
        }
        if all {
            return Ok(Some(count));
        }
        count += BATCH;
    }
    Ok(None)
}
