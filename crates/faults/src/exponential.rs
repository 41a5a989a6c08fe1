//! Exponentially distributed times from random bits, in whole numbers.

use crate::model::YEAR_SECONDS;

/// Binary digits behind the point of a logarithm.
const FRACTION_BITS: u32 = 40;

/// ln 2 × 2^64, cut.
const LN_2: u128 = 0xB172_17F7_D1CF_79AB;

/// The time until the next fault, seconds, rounded to the nearest (a half up): exponential with
/// that many faults a year in millionths.
///
/// It is the inverse of the distribution at u = (`random` + 1) ÷ 2^64, the mean × −ln u, so the
/// same `random` under twice the rate gives half the time. What [`minus_ln`] is off by shifts it by
/// less than 2^-39 of the mean, which is below the rounding for any mean up to 8,000 years. It
/// ends at 64 ln 2 means (44.4): what is cut off there has a chance of 2^-64. A rate of zero has no
/// next fault.
pub(crate) fn gap_seconds(random: u64, per_year_millionths: u64) -> Option<u64> {
    let rate = u128::from(per_year_millionths) << FRACTION_BITS;
    let millionth_years = u128::from(YEAR_SECONDS) * 1_000_000;
    // At most 2^46 times 2^45.
    let gap = (minus_ln(random) * millionth_years + rate / 2).checked_div(rate)?;
    u64::try_from(gap).ok()
}

/// −ln((`random` + 1) ÷ 2^64) × 2^40, off by less than 2, that is by less than 2^-39 of a unit.
///
/// The binary logarithm is found digit by digit, by squaring: with x between 1 and 2, log2 x has
/// the digit 1 behind the point just when x² is at least 2, and goes on with x² or x² ÷ 2 (Knuth,
/// The Art of Computer Programming, section 1.2.2, exercise 25 and its answer). Each squaring cuts
/// x by at most 2^-62 of itself, and what the j-th cuts counts 2^-j, so all of them move the
/// logarithm by less than 2^-61; leaving out later digits moves it by less than 2^-40.
fn minus_ln(random: u64) -> u128 {
    let value = u128::from(random) + 1;
    let exponent = value.ilog2();
    if exponent == 64 {
        return 0;
    }
    // From 2^63 on and below 2^64.
    let mut x = value << (63 - exponent);
    let mut log2 = u128::from(exponent);
    for _ in 0..FRACTION_BITS {
        let square = (x * x) >> 63;
        let digit = square >> 64;
        x = square >> digit;
        log2 = (log2 << 1) | digit;
    }
    let minus_log2 = (64 << FRACTION_BITS) - log2;
    (minus_log2 * LN_2) >> 64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_those_of_another_program() {
        // round(-ln((random + 1) / 2^64) * 2^40) with 60 digits, by mpmath.
        let check = |random: u64, expected: u128| {
            let found = minus_ln(random);
            assert!(found.abs_diff(expected) <= 2, "{random}: {found}, not {expected}");
        };
        check(u64::MAX, 0);
        check(0, 48_775_896_626_292);
        check(1, 48_013_773_241_506);
        check(2, 47_567_959_640_484);
        check(6, 46_636_345_790_798);
        check(999, 41_180_739_375_220);
        check(4_294_967_296, 24_387_948_312_890);
        check(9_223_372_036_854_775_807, 762_123_384_786);
        check(9_223_372_036_854_775_808, 762_123_384_786);
        check(12_345_678_901_234_567_890, 441_543_821_917);
        check(18_446_744_073_709_551_614, 0);
        check(18_446_744_072_635_809_792, 64);
    }

    #[test]
    fn logarithms_fall() {
        let mut last = minus_ln(0);
        for step in 1..=100_000_u64 {
            let next = minus_ln(step * (u64::MAX / 100_000));
            assert!(next <= last, "step {step}");
            last = next;
        }
    }

    #[test]
    fn gaps_are_in_seconds() {
        let half = (1 << 63) - 1;
        // ln 2 of a year, to the nearest second: 21,859,089.5 by another program.
        assert_eq!(gap_seconds(half, 1_000_000), Some(21_859_089));
        assert_eq!(gap_seconds(half, 2_000_000), Some(10_929_545));
        assert_eq!(gap_seconds(u64::MAX, 1), Some(0));
        assert_eq!(gap_seconds(half, 0), None);
        assert_eq!(gap_seconds(0, u64::MAX), Some(0));
        // Once in a million years, at the last point that can be drawn: still a number.
        assert!(gap_seconds(0, 1).is_some_and(|gap| gap > 44 * 1_000_000 * YEAR_SECONDS));
    }
}
