//! Exact decimal numbers and ratios, and the one place where a division is rounded.

use std::cmp::Ordering;
use std::fmt;

use thiserror::Error;

use crate::wide::Wide;

/// A result that does not fit: an error for the caller to report, never a wrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the amount does not fit in 128 bits")]
pub struct Overflow;

/// Why a text is not a decimal number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a decimal number such as `2.50` or `1_000_000`")]
pub struct DecimalError {
    /// The text as given.
    pub text: String,
}

/// How a division that does not come out even is brought to a whole number of units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rounding {
    /// To the nearest; a tie goes to the even neighbour (IEEE 754 roundTiesToEven).
    HalfEven,
    /// To the nearest; a tie goes away from zero (commercial rounding).
    HalfUp,
    /// Towards zero.
    Down,
    /// Away from zero.
    Up,
}

impl Rounding {
    /// Every rounding with the name it has in deal files.
    pub const NAMED: [(&'static str, Self); 4] = [
        ("half-even", Self::HalfEven),
        ("half-up", Self::HalfUp),
        ("down", Self::Down),
        ("up", Self::Up),
    ];

    /// The name in deal files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HalfEven => "half-even",
            Self::HalfUp => "half-up",
            Self::Down => "down",
            Self::Up => "up",
        }
    }
}

/// `a × b ÷ divisor`, rounded once; the product is exact in 256 bits.
///
/// # Errors
/// [`Overflow`] when the result does not fit in 128 bits or `divisor` is zero.
pub fn mul_div(a: i128, b: i128, divisor: i128, rounding: Rounding) -> Result<i128, Overflow> {
    Wide::product(a, b).over(Wide::from(divisor), rounding)
}

fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i128::try_from(a).unwrap_or(1)
}

/// An exact decimal number, `mantissa ÷ 10^scale`, with the scale it was written with.
///
/// Numbers compare by value: `2.5` equals `2.50`.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    mantissa: i128,
    scale: u8,
}

impl Decimal {
    /// The most digits that a number in a file may have; the products that prices and
    /// quantities form then stay far from the limit of 128 bits.
    pub const MAX_DIGITS: usize = 24;

    /// A whole number.
    #[must_use]
    pub fn whole(value: i64) -> Self {
        Self { mantissa: i128::from(value), scale: 0 }
    }

    /// Reads `-?digits[.digits]`, with `_` allowed between digits.
    ///
    /// # Errors
    /// When `text` has another form or more than [`Self::MAX_DIGITS`] digits.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let error = || DecimalError { text: text.to_owned() };
        let (negative, body) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match body.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (body, None),
        };
        let digits_only = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_digit())
                && part.ends_with(|c: char| c.is_ascii_digit())
                && part.chars().all(|c| c.is_ascii_digit() || c == '_')
        };
        if !digits_only(whole) || !fraction.is_none_or(digits_only) {
            return Err(error());
        }
        let fraction = fraction.unwrap_or("").replace('_', "");
        let digits = whole.replace('_', "") + &fraction;
        if digits.trim_start_matches('0').len() > Self::MAX_DIGITS || fraction.len() > 12 {
            return Err(error());
        }
        let mantissa: i128 = digits.parse().map_err(|_| error())?;
        let scale = u8::try_from(fraction.len()).map_err(|_| error())?;
        Ok(Self { mantissa: if negative { -mantissa } else { mantissa }, scale })
    }

    /// `dividend ÷ divisor`, with as few digits behind the point as say it; `None` where twelve do
    /// not, or it has more digits than a number may.
    #[must_use]
    pub fn quotient(dividend: i128, divisor: i128) -> Option<Self> {
        (0..=12_u8).find_map(|scale| {
            let parts = 10_i128.pow(u32::from(scale));
            let rounded = |rounding| mul_div(dividend, parts, divisor, rounding);
            let mantissa = rounded(Rounding::Down).ok()?;
            let is_exact = rounded(Rounding::Up) == Ok(mantissa);
            let fits = mantissa.unsigned_abs() < 10_u128.pow(24);
            (is_exact && fits).then_some(Self { mantissa, scale })
        })
    }

    /// The number times `10^scale()`.
    #[must_use]
    pub fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// How many digits follow the point.
    #[must_use]
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// `10^scale()`, the divisor that goes with [`Self::mantissa`].
    #[must_use]
    pub fn unit(self) -> i128 {
        10_i128.pow(u32::from(self.scale))
    }

    /// The number as a count of `10^-scale` units, when it is one exactly.
    #[must_use]
    pub fn at_scale(self, scale: u8) -> Option<i128> {
        if scale >= self.scale {
            10_i128.checked_pow(u32::from(scale - self.scale))?.checked_mul(self.mantissa)
        } else {
            let by = 10_i128.checked_pow(u32::from(self.scale - scale))?;
            (self.mantissa % by == 0).then(|| self.mantissa / by)
        }
    }

    /// Whether the number is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.mantissa < 0
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        // 24 digits and 12 more fit in 128 bits, so neither product can overflow.
        let scale = self.scale.max(other.scale);
        let lift = |d: &Self| d.mantissa.saturating_mul(10_i128.pow(u32::from(scale - d.scale)));
        lift(self).cmp(&lift(other))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let digits = self.mantissa.unsigned_abs().to_string();
        if self.scale == 0 {
            return f.pad(&format!("{sign}{digits}"));
        }
        let scale = usize::from(self.scale);
        let digits = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        f.pad(&format!("{sign}{whole}.{fraction}"))
    }
}

/// An exact proportion between zero and one: a rate of a revenue share, an equity stake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    numerator: i64,
    denominator: i64,
}

impl Ratio {
    /// One: the whole.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// `numerator ÷ denominator`, in lowest terms.
    ///
    /// Gives `None` when it is not between zero and one, or the denominator is not positive.
    #[must_use]
    pub fn new(numerator: i64, denominator: i64) -> Option<Self> {
        if denominator <= 0 || numerator < 0 || numerator > denominator {
            return None;
        }
        let g = i64::try_from(gcd(i128::from(numerator), i128::from(denominator))).unwrap_or(1);
        Some(Self { numerator: numerator / g.max(1), denominator: denominator / g.max(1) })
    }

    /// The part above the line.
    #[must_use]
    pub fn numerator(self) -> i64 {
        self.numerator
    }

    /// The part below the line.
    #[must_use]
    pub fn denominator(self) -> i64 {
        self.denominator
    }

    /// The ratio of a whole amount, rounded once.
    ///
    /// # Errors
    /// [`Overflow`] when the product does not fit in 128 bits.
    pub fn of(self, amount: i128, rounding: Rounding) -> Result<i128, Overflow> {
        mul_div(amount, i128::from(self.numerator), i128::from(self.denominator), rounding)
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = i128::from(self.numerator) * i128::from(other.denominator);
        let right = i128::from(other.numerator) * i128::from(self.denominator);
        left.cmp(&right)
    }
}

impl fmt::Display for Ratio {
    /// As a percentage where it is a decimal one, else as a fraction.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millionths = i128::from(self.numerator) * 100_000_000;
        let denominator = i128::from(self.denominator);
        if millionths % denominator != 0 {
            return f.pad(&format!("{}/{}", self.numerator, self.denominator));
        }
        let percent = Decimal { mantissa: millionths / denominator, scale: 6 }.to_string();
        f.pad(&format!("{} %", percent.trim_end_matches('0').trim_end_matches('.')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rounding_has_its_rule() {
        let rounded = |n: i128| Rounding::NAMED.map(|(_, r)| mul_div(n, 1, 10, r).unwrap());
        assert_eq!(rounded(25), [2, 3, 2, 3]);
        assert_eq!(rounded(35), [4, 4, 3, 4]);
        assert_eq!(rounded(24), [2, 2, 2, 3]);
        assert_eq!(rounded(-25), [-2, -3, -2, -3]);
        assert_eq!(rounded(30), [3, 3, 3, 3]);
    }

    #[test]
    fn overflow_is_an_error() {
        assert_eq!(mul_div(i128::MAX, 3, 2, Rounding::Down), Err(Overflow));
        assert_eq!(mul_div(1, 1, 0, Rounding::Down), Err(Overflow));
        assert_eq!(mul_div(i128::MAX, 4, 2, Rounding::Down), Err(Overflow));
        assert_eq!(mul_div(i128::MAX - 1, 3, 6, Rounding::Down), Ok(i128::MAX / 2));
    }

    #[test]
    fn decimals_read_and_print() {
        for text in ["0", "2.50", "-0.05", "500000000000", "0.000001"] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Decimal::parse("1_000.5").unwrap(), Decimal::parse("1000.50").unwrap());
        for bad in ["", ".5", "5.", "1e3", "+1", "1,000", "_1", "--1", "1234567890123456789012345"]
        {
            assert!(Decimal::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Decimal::parse("2.50").unwrap().at_scale(1), Some(25));
        assert_eq!(Decimal::parse("2.55").unwrap().at_scale(1), None);
    }

    #[test]
    fn quotients_have_as_few_digits_as_say_them() {
        let check = |dividend, divisor, expected: Option<&str>| {
            let seen = Decimal::quotient(dividend, divisor).map(|it| it.to_string());
            assert_eq!(seen.as_deref(), expected, "{dividend} ÷ {divisor}");
        };
        check(7_200_000, 3_600_000, Some("2"));
        check(900_000, 3_600_000, Some("0.25"));
        check(-9, 3_600, Some("-0.0025"));
        check(1, 3, None);
        check(1, 0, None);
        check(1, 1_000_000_000_000, Some("0.000000000001"));
        check(1, 10_000_000_000_000, None);
        check(10_i128.pow(24), 1, None);
    }

    #[test]
    fn ratios_print_as_percent() {
        assert_eq!(Ratio::new(1, 5).unwrap().to_string(), "20 %");
        assert_eq!(Ratio::new(365, 1000).unwrap().to_string(), "36.5 %");
        assert_eq!(Ratio::new(1, 3).unwrap().to_string(), "1/3");
        assert!(Ratio::new(6, 5).is_none());
    }
}
