//! What a commitment counts, how much of it, and what that is worth.

use std::fmt;

use comity_base::{Currency, Decimal, Instant, Meter, Money, Overflow, PriceUnit, Rounding, Wide};
use comity_terms::{Commitment, InForce, Promise};

/// What a commitment counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Money spent, in the smallest unit.
    Spend(Currency),
    /// Use, in base units of the meter, each cut into `10^digits` parts where a weight of a product
    /// has so many digits behind the point.
    Use {
        /// What is counted.
        meter: Meter,
        /// The unit in which it is promised.
        per: PriceUnit,
        /// How many base units that is; of a unit of a month, in the one that the interval begins
        /// in.
        base_units: i128,
        /// Digits behind the point of a base unit.
        digits: u8,
        /// What one unit costs, where the commitment names it.
        price: Option<(Decimal, Currency)>,
    },
}

impl Measure {
    /// What one unit of use costs, where the commitment names it.
    #[must_use]
    pub fn price(self) -> Option<Decimal> {
        match self {
            Self::Spend(_) | Self::Use { price: None, .. } => None,
            Self::Use { price: Some((price, _)), .. } => Some(price),
        }
    }

    /// What it is worth money in: `None` for use without a price.
    #[must_use]
    pub fn currency(self) -> Option<Currency> {
        match self {
            Self::Spend(currency) | Self::Use { price: Some((_, currency)), .. } => Some(currency),
            Self::Use { price: None, .. } => None,
        }
    }
}

/// So much of what a commitment counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// How much.
    pub count: i128,
    /// Of what.
    pub of: Measure,
}

impl Counted {
    /// The number as machines read it: money with its point, use in the meter's unit.
    #[must_use]
    pub fn plain(self) -> String {
        match self.of {
            Measure::Spend(currency) => Money { minor: self.count, currency }.plain(),
            Measure::Use { meter, digits, .. } => {
                // The digits of weights are always there, those of base units where they say something.
                let mut text = pointed(self.count, digits + meter.digits());
                let zeros = text.bytes().rev().take(meter.digits().into());
                let zeros = zeros.take_while(|digit| *digit == b'0').count();
                text.truncate(text.len() - zeros);
                text.strip_suffix('.').map_or(text.clone(), str::to_owned)
            }
        }
    }

    /// The number as people read it, without its unit: money with its point, use in the unit in
    /// which it is promised, to two digits.
    #[must_use]
    pub fn in_units(self) -> String {
        match self.of {
            Measure::Spend(_) => self.plain(),
            Measure::Use { base_units, digits, .. } => {
                let parts = Wide::product(base_units, ten(digits));
                let hundredths = Wide::product(self.count, 100).over(parts, Rounding::HalfUp);
                hundredths.map_or_else(|_| self.plain(), |count| pointed(count, 2))
            }
        }
    }

    /// Its unit: the currency, or the unit in which use is promised.
    #[must_use]
    pub fn unit(&self) -> &str {
        match &self.of {
            Measure::Spend(currency) => currency.code(),
            Measure::Use { per, .. } => per.name(),
        }
    }

    /// What it is worth by the commitment: money is worth itself, use what its price says. `None`
    /// for use without a price.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit in 128 bits.
    pub fn value(self, rounding: Rounding) -> Result<Option<Money>, Overflow> {
        match self.of {
            Measure::Spend(currency) => Ok(Some(Money { minor: self.count, currency })),
            Measure::Use { price: None, .. } => Ok(None),
            Measure::Use { base_units, digits, price: Some((price, currency)), .. } => {
                let minor = Wide::product(self.count, price.mantissa())
                    .times(ten(currency.scale()))?
                    .over(Wide::product(base_units, ten(digits)).times(price.unit())?, rounding)?;
                Ok(Some(Money { minor, currency }))
            }
        }
    }
}

impl fmt::Display for Counted {
    /// Exactly: `USD 1,234.50`, `3600 GPU-seconds`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            Measure::Spend(currency) => Money { minor: self.count, currency }.fmt(f),
            Measure::Use { meter, .. } => f.pad(&format!("{} {}", self.plain(), meter.unit())),
        }
    }
}

/// In how many parts base units are counted by all commitments of a deal, so that what one counts
/// can count for another: as many digits behind the point as the finest weight has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    pub(super) digits: u8,
    /// What prices of use are in.
    pub(super) currency: Currency,
    pub(super) rounding: Rounding,
}

impl Parts {
    pub(super) fn of(rows: &[InForce<Commitment>], currency: Currency, rounding: Rounding) -> Self {
        let weights = rows.iter().flat_map(|row| match &row.value.promise {
            Promise::Spend(_) => Vec::new(),
            Promise::Use { weights, .. } => weights.values().map(|it| it.scale()).collect(),
        });
        Self { digits: weights.max().unwrap_or(0), currency, rounding }
    }

    /// What a promise counts in an interval that begins at `start`.
    pub(super) fn measure(self, promise: &Promise, start: Instant) -> Measure {
        match promise {
            Promise::Spend(amount) => Measure::Spend(amount.currency),
            Promise::Use { meter, per, price, .. } => Measure::Use {
                meter: *meter,
                per: *per,
                base_units: per.base_units(start),
                digits: self.digits,
                price: price.map(|price| (price, self.currency)),
            },
        }
    }

    /// What is promised, exactly, as a multiple of one count ÷ [`Self::DIVISOR`].
    pub(super) fn promised(self, promise: &Promise, start: Instant) -> Result<Wide, Overflow> {
        match promise {
            Promise::Spend(amount) => Ok(Wide::product(amount.minor, Self::DIVISOR)),
            Promise::Use { per, quantity, .. } => {
                let quantity = quantity.at_scale(12).ok_or(Overflow)?;
                Wide::product(quantity, per.base_units(start)).times(ten(self.digits))
            }
        }
    }

    /// Quantities have at most twelve digits behind the point.
    pub(super) const DIVISOR: i128 = 1_000_000_000_000;

    /// What a term states in smallest units of money or in base units, as it is counted.
    pub(super) fn stated(self, promise: &Promise, number: i128) -> Result<i128, Overflow> {
        match promise {
            Promise::Spend(_) => Ok(number),
            Promise::Use { .. } => number.checked_mul(ten(self.digits)).ok_or(Overflow),
        }
    }
}

pub(super) fn ten(digits: u8) -> i128 {
    10_i128.pow(u32::from(digits))
}

/// A whole number of `10^-digits` with its point.
fn pointed(count: i128, digits: u8) -> String {
    let scale = usize::from(digits);
    let sign = if count < 0 { "-" } else { "" };
    let text = format!("{:0>width$}", count.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = text.split_at(text.len() - scale);
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}
