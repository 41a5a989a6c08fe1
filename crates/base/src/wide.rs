//! Products of two 128-bit numbers and their sums, exact in 256 bits.

use std::cmp::Ordering;

use ethnum::I256;

use crate::decimal::{Overflow, Rounding};

/// A whole number of up to 255 bits and a sign: what products of quantities and prices add up to
/// before they are divided and rounded once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wide(I256);

impl Wide {
    /// Nothing.
    pub const ZERO: Self = Self(I256::ZERO);

    /// `a × b`, which always fits.
    #[must_use]
    pub fn product(a: i128, b: i128) -> Self {
        Self(I256::from(a) * I256::from(b))
    }

    /// The sum.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn minus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(Overflow)
    }

    /// So many times as much.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn times(self, factor: i128) -> Result<Self, Overflow> {
        self.0.checked_mul(I256::from(factor)).map(Self).ok_or(Overflow)
    }

    /// `self ÷ divisor`, rounded once.
    ///
    /// # Errors
    /// [`Overflow`] when `divisor` is zero or the result does not fit in 128 bits.
    pub fn over(self, divisor: Self, rounding: Rounding) -> Result<i128, Overflow> {
        let quotient = self.0.checked_div(divisor.0).ok_or(Overflow)?;
        let remainder = self.0.checked_rem(divisor.0).ok_or(Overflow)?;
        let rounded = if remainder == I256::ZERO {
            quotient
        } else {
            let away = if (self.0 < 0) == (divisor.0 < 0) { I256::ONE } else { -I256::ONE };
            // What is left of the divisor tells on which side of the middle the remainder lies,
            // without doubling it.
            let (left, right) = (remainder.unsigned_abs(), divisor.0.unsigned_abs());
            let half = left.cmp(&(right - left));
            let outward = match rounding {
                Rounding::Down => false,
                Rounding::Up => true,
                Rounding::HalfUp => half != Ordering::Less,
                Rounding::HalfEven => match half {
                    Ordering::Less => false,
                    Ordering::Greater => true,
                    Ordering::Equal => quotient & I256::ONE == I256::ONE,
                },
            };
            if outward { quotient.checked_add(away).ok_or(Overflow)? } else { quotient }
        };
        i128::try_from(rounded).map_err(|_| Overflow)
    }
}

impl From<i128> for Wide {
    fn from(value: i128) -> Self {
        Self(I256::from(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_do_not_overflow() {
        let product = Wide::product(i128::MAX, i128::MIN);
        assert_eq!(product.over(Wide::from(i128::MAX), Rounding::Down), Ok(i128::MIN));
        assert_eq!(product.over(Wide::from(1), Rounding::Down), Err(Overflow));
        assert_eq!(product.over(Wide::ZERO, Rounding::Down), Err(Overflow));
        assert!(product.times(i128::MAX).is_err());
        assert_eq!(product.minus(product), Ok(Wide::ZERO));
    }
}
