//! Exact quantities from their digits.

use comity_base::{Meter, Rounding, mul_div};

use crate::reason::Reason;
use crate::text::shown;

/// A number that is not negative, `mantissa ÷ 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Number {
    mantissa: i128,
    scale: u32,
}

/// The most digits, and the largest exponent, that is worked with: more is no quantity.
const DIGITS_MAX: usize = 30;

/// Reads `digits[.digits][e±digits]`.
fn number(text: &str) -> Result<Number, Reason> {
    let wrong = || Reason::NotNumber(shown(text));
    let (body, exponent) = match text.split_once(['e', 'E']) {
        Some((body, exponent)) => (body, exponent),
        None => (text, "0"),
    };
    let (negative, body) = match body.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, body.strip_prefix('+').unwrap_or(body)),
    };
    let (whole, fraction) = body.split_once('.').unwrap_or((body, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let sign = |text: &str| text.strip_prefix(['+', '-']).map_or(text.to_owned(), str::to_owned);
    let power = sign(exponent);
    if !digits(whole)
        || !digits(fraction)
        || whole.is_empty()
        || power.is_empty()
        || !digits(&power)
    {
        return Err(wrong());
    }
    // Zeros at the ends say nothing.
    let all = format!("{whole}{}", fraction.trim_end_matches('0'));
    let significant = all.trim_start_matches('0');
    if significant.is_empty() {
        return Ok(Number { mantissa: 0, scale: 0 });
    }
    if negative {
        return Err(Reason::Negative(shown(text)));
    }
    let large = || Reason::TooLarge(shown(text));
    let scale = i64::try_from(fraction.trim_end_matches('0').len()).map_err(|_| large())?;
    let power: i64 = power.parse().map_err(|_| large())?;
    let scale = if exponent.starts_with('-') {
        scale.saturating_add(power)
    } else {
        scale.saturating_sub(power)
    };
    let limit = i64::try_from(DIGITS_MAX).map_err(|_| large())?;
    if significant.len() > DIGITS_MAX || scale.abs() > limit {
        // What is too fine to be told from another number is not read either.
        return Err(if scale > limit { wrong() } else { large() });
    }
    let mantissa: i128 = significant.parse().map_err(|_| large())?;
    let shift = u32::try_from(scale.abs()).map_err(|_| large())?;
    if scale >= 0 {
        return Ok(Number { mantissa, scale: shift });
    }
    let lifted = 10_i128.checked_pow(shift).and_then(|by| mantissa.checked_mul(by));
    Ok(Number { mantissa: lifted.ok_or_else(large)?, scale: 0 })
}

/// A number of units in base units of its meter, `factor` to one; rounded only where a rounding
/// is named.
pub(crate) fn base_units(
    text: &str,
    factor: u64,
    meter: Meter,
    round: Option<Rounding>,
) -> Result<u64, Reason> {
    let fine = || Reason::TooFine { text: shown(text), unit: meter.base_unit() };
    scaled(text, factor, round)?.ok_or_else(fine)
}

/// A level, as of GPUs, in base units of its meter in each second; nothing is rounded.
pub(crate) fn level(text: &str, meter: Meter) -> Result<u64, Reason> {
    let fine = || Reason::LevelTooFine { text: shown(text), unit: meter.level_unit() };
    scaled(text, meter.parts(), None)?.ok_or_else(fine)
}

/// A number times a factor, to a whole number; `None` where it is none and no rounding is named.
fn scaled(text: &str, factor: u64, round: Option<Rounding>) -> Result<Option<u64>, Reason> {
    let read = number(text)?;
    let large = || Reason::TooLarge(shown(text));
    let divisor = 10_i128.pow(read.scale);
    let scaled = |rounding| {
        mul_div(read.mantissa, i128::from(factor), divisor, rounding).map_err(|_| large())
    };
    let down = scaled(Rounding::Down)?;
    let value = match round {
        Some(rounding) => scaled(rounding)?,
        None if down == scaled(Rounding::Up)? => down,
        None => return Ok(None),
    };
    u64::try_from(value).map(Some).map_err(|_| large())
}

/// A whole number.
pub(crate) fn whole(text: &str) -> Result<u64, Reason> {
    let read = number(text)?;
    if read.scale > 0 {
        return Err(Reason::NotNumber(shown(text)));
    }
    u64::try_from(read.mantissa).map_err(|_| Reason::TooLarge(shown(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_exact() {
        let check = |text: &str, factor: u64, expected: Result<u64, &str>| {
            let seen = base_units(text, factor, Meter::Power, None);
            assert_eq!(
                seen.map_err(|reason| reason.group()),
                expected.map_err(str::to_owned),
                "{text}"
            );
        };
        check("0.25", 3_600, Ok(900));
        check("1.5e2", 1, Ok(150));
        check("15E-1", 3_600, Ok(5_400));
        check("+2.0", 1, Ok(2));
        check("-0", 1, Ok(0));
        check("18446744073709551615", 1, Ok(u64::MAX));
        check("18446744073709551616", 1, Err("more than 64 bits hold"));
        check("18446744073709551615", 3_600, Err("more than 64 bits hold"));
        check("1e300", 1, Err("more than 64 bits hold"));
        check("1e99999999999999999999", 1, Err("more than 64 bits hold"));
        check("0.1", 1, Err("not a whole number of kW-seconds"));
        check("-1", 1, Err("below zero"));
        for bad in ["", "NaN", "inf", "1,5", "1e", "e5", ".5", "0x1", "1e-99", "1 000", "٣"] {
            check(bad, 1, Err("not a number"));
        }
        assert_eq!(base_units("0.5", 1, Meter::Power, Some(Rounding::HalfEven)), Ok(0));
        assert_eq!(base_units("0.0001", 3_600, Meter::Power, Some(Rounding::Up)), Ok(1));
    }

    #[test]
    fn levels_are_exact() {
        let check = |text: &str, meter: Meter, expected: Result<u64, &str>| {
            let seen = level(text, meter).map_err(|reason| reason.to_string());
            assert_eq!(seen, expected.map_err(str::to_owned), "{text}");
        };
        check("0.25", Meter::GpuTime, Ok(250));
        check("0.250", Meter::GpuTime, Ok(250));
        check("8", Meter::GpuTime, Ok(8_000));
        check("8", Meter::Power, Ok(8));
        let fine = "`0.0625` is not a whole number of thousandths of a GPU";
        check("0.0625", Meter::GpuTime, Err(fine));
        check("0.5", Meter::NodeTime, Err("`0.5` is not a whole number of nodes"));
        check("0,5", Meter::GpuTime, Err("`0,5` is not a number"));
    }
}
