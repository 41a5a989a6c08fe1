//! Distributions of a time, as points that they go through.

use std::num::NonZeroU64;

use comity_base::{Rounding, mul_div};

/// Points of a distribution for each permille.
const POINTS_PER_PERMILLE: u64 = 1_000_000;

/// A point of a distribution: so many of a thousand are at most this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantile {
    /// 0 to 1000.
    pub permille: u32,
    /// Seconds.
    pub seconds: u32,
}

impl Quantile {
    /// How many points a distribution is told apart in: what is drawn evenly below it is a point
    /// for [`Quantile::at`].
    pub const POINTS: NonZeroU64 =
        NonZeroU64::new(1_000 * POINTS_PER_PERMILLE).expect("a thousand millions is not zero");

    /// The time at a point of the distribution through the quantiles, seconds; at least one.
    ///
    /// That is the inverse of the piecewise linear distribution, rounded to the nearest second (a
    /// tie to even). Below the first quantile and above the last it is theirs.
    #[must_use]
    pub fn at(quantiles: &[Self], point: u64) -> u32 {
        let place = |quantile: &Self| u64::from(quantile.permille) * POINTS_PER_PERMILLE;
        let after = quantiles.iter().position(|quantile| place(quantile) > point);
        let seconds = match after {
            None => quantiles.last().map_or(0, |last| last.seconds),
            Some(0) => quantiles[0].seconds,
            Some(after) => {
                let (low, high) = (&quantiles[after - 1], &quantiles[after]);
                let rise = i128::from(high.seconds) - i128::from(low.seconds);
                let into = i128::from(point) - i128::from(place(low));
                let width = i128::from(place(high)) - i128::from(place(low));
                mul_div(rise, into, width, Rounding::HalfEven)
                    .ok()
                    .and_then(|more| u32::try_from(i128::from(low.seconds) + more).ok())
                    .expect("between two quantiles' places lies a time between theirs")
            }
        };
        seconds.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_follow_the_quantiles() {
        let quantile = |permille, seconds| Quantile { permille, seconds };
        let check = |quantiles: &[Quantile], permille: u64, expected: u32| {
            let point = permille * POINTS_PER_PERMILLE;
            assert_eq!(Quantile::at(quantiles, point), expected, "{permille} of {quantiles:?}");
        };
        let three = [quantile(100, 10), quantile(500, 50), quantile(900, 1_050)];
        check(&three, 0, 10);
        check(&three, 100, 10);
        check(&three, 300, 30);
        check(&three, 500, 50);
        check(&three, 501, 52);
        check(&three, 700, 550);
        check(&three, 900, 1_050);
        check(&three, 999, 1_050);
        // A step: two quantiles at one place, and one that would be no time at all.
        check(&[quantile(0, 0), quantile(500, 0), quantile(500, 60)], 499, 1);
        check(&[quantile(0, 0), quantile(500, 0), quantile(500, 60)], 500, 60);
        // A falling list is not a distribution, and still no reason to stop.
        check(&[quantile(0, 100), quantile(1000, 50)], 500, 75);
    }
}
