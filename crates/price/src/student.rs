//! Quantiles of Student's t distribution, computed in whole numbers.

use comity_base::Decimal;
use thiserror::Error;

/// Fractions are so many parts of one.
const ONE: i128 = 1_000_000_000_000_000;
/// π in those parts.
const PI: i128 = 3_141_592_653_589_793;
/// Quantiles are given in millionths.
const QUANTILE: i128 = 1_000_000;
/// No quantile is sought above this: 50 million, beyond what 99.9999 % takes with two runs.
const HIGHEST: i128 = 50_000_000 * QUANTILE;
/// Above so many degrees of freedom, those of so many are taken: the interval is wider by less
/// than 0.01 %.
const DEGREES_MAX: u64 = 10_000;

/// How sure an interval is, in millionths: above none and below all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Confidence(u32);

/// Why a confidence is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{text}` is no confidence: a number of per cent above 0 and below 100, with at most 4 digits behind the point, such as 95 or 99.9"
)]
pub struct ConfidenceError {
    /// The text as given.
    pub text: String,
}

impl Confidence {
    /// A confidence from a number of per cent.
    ///
    /// # Errors
    /// When it is not above 0 and below 100, or has more than four digits behind the point.
    pub fn parse(text: &str) -> Result<Self, ConfidenceError> {
        let error = || ConfidenceError { text: text.to_owned() };
        let percent = Decimal::parse(text).map_err(|_| error())?;
        let millionths = percent.at_scale(4).and_then(|it| u32::try_from(it).ok());
        let inside = millionths.filter(|it| (1..1_000_000).contains(it));
        inside.map(Self).ok_or_else(error)
    }

    /// In millionths.
    #[must_use]
    pub fn millionths(self) -> u32 {
        self.0
    }
}

/// The number that a mean of `degrees + 1` draws lies within, in standard errors, with this
/// confidence: two-sided, in millionths, rounded up.
///
/// The distribution's finite series (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4) is computed in
/// fractions of 10^15 and inverted by halving.
///
/// # Panics
/// When there are no degrees of freedom.
#[must_use]
pub fn t_quantile(confidence: Confidence, degrees: u64) -> i128 {
    assert!(degrees > 0, "one run has no spread");
    let degrees = i128::from(degrees.min(DEGREES_MAX));
    let sought = i128::from(confidence.0) * (ONE / 1_000_000);
    let (mut low, mut high) = (0, HIGHEST);
    while high - low > 1 {
        let middle = i128::midpoint(low, high);
        if within(middle, degrees) < sought {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The probability of lying within `t` millionths.
fn within(t: i128, degrees: i128) -> i128 {
    // sin² and cos² of the angle whose tangent is t ÷ √degrees.
    let (square, own) = (t * t, degrees * QUANTILE * QUANTILE);
    let sin2 = ratio(square, square + own);
    let (sin, cos2) = (root(sin2), ONE - sin2);
    let odd = degrees % 2 == 1;
    let mut term = if odd { root(cos2) } else { ONE };
    let mut sum = if degrees == 1 { 0 } else { term };
    let mut step = if odd { 3 } else { 2 };
    // Odd: cos + 2/3 cos³ + … up to cos^(degrees - 2); even: 1 + 1/2 cos² + … up to the same.
    while step <= degrees - 2 {
        term = times(term, cos2) * (step - 1) / step;
        sum += term;
        step += 2;
    }
    let part = times(sin, sum);
    if odd { times(2 * ONE * ONE / PI, angle(sin2, sin) + part) } else { part }
}

/// The angle with this sine, between 0 and a right one: Euler's series of the arc tangent, which
/// halves from term to term.
fn angle(sin2: i128, sin: i128) -> i128 {
    let cos2 = ONE - sin2;
    if sin2 > ONE / 2 {
        return PI / 2 - angle(cos2, root(cos2));
    }
    let mut term = times(sin, root(cos2));
    let (mut sum, mut step) = (term, 2);
    while term > 0 {
        term = times(term, sin2) * step / (step + 1);
        sum += term;
        step += 2;
    }
    sum
}

fn times(a: i128, b: i128) -> i128 {
    a * b / ONE
}

/// A ratio of two numbers of which the first is not above the second.
fn ratio(mut above: i128, mut below: i128) -> i128 {
    // What is too large to scale has digits to spare.
    while above > i128::MAX / ONE {
        above /= 2;
        below /= 2;
    }
    above * ONE / below
}

fn root(square: i128) -> i128 {
    i128::isqrt(square * ONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_published_tables() {
        let at = |percent: &str, degrees| {
            let thousandth = t_quantile(Confidence::parse(percent).unwrap(), degrees) + 500;
            thousandth / 1_000
        };
        let table = [
            ("95", 1, 12_706),
            ("95", 2, 4_303),
            ("95", 3, 3_182),
            ("95", 4, 2_776),
            ("95", 5, 2_571),
            ("95", 9, 2_262),
            ("95", 10, 2_228),
            ("95", 29, 2_045),
            ("95", 30, 2_042),
            ("95", 99, 1_984),
            ("95", 120, 1_980),
            ("99", 1, 63_657),
            ("99", 10, 3_169),
            ("99", 29, 2_756),
            ("90", 1, 6_314),
            ("90", 20, 1_725),
            ("99.9", 1, 636_619),
            ("99.9", 2, 31_599),
            ("99.9", 60, 3_460),
            ("50", 3, 765),
        ];
        for (percent, degrees, expected) in table {
            assert_eq!(at(percent, degrees), expected, "{percent} % at {degrees}");
        }
        assert_eq!(at("95", 10_000_000), 1_960);
    }

    #[test]
    fn a_confidence_lies_between_none_and_all() {
        for text in ["0", "100", "-5", "101", "95.00001", "ninety"] {
            assert!(Confidence::parse(text).is_err(), "{text}");
        }
        assert_eq!(Confidence::parse("99.9").map(Confidence::millionths), Ok(999_000));
    }
}
