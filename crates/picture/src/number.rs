//! Figures as people read them, and as coordinates.

use comity_base::{Instant, PriceUnit};

/// A whole number as a coordinate of a chart: the nearest that a coordinate can be.
///
/// Coordinates are the only floating point of the page; every figure in words is written from the
/// whole number.
pub(crate) fn coordinate(value: i128) -> f64 {
    value.to_string().parse().expect("a whole number in decimal digits is a number")
}

/// A part of a whole number as a coordinate, such as cents as dollars.
pub(crate) fn fraction(value: i128, of: i128) -> f64 {
    coordinate(value) / coordinate(of.max(1))
}

/// An instant as a coordinate: seconds since 1970.
pub(crate) fn moment(at: Instant) -> f64 {
    coordinate(at.seconds().into())
}

/// What stands at a tick of an axis: three digits at most, and a letter for the thousands.
pub(crate) fn tick(value: f64) -> String {
    let size = value.abs();
    let steps = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let (scaled, unit) = steps
        .iter()
        .find(|(step, _)| size >= step * 0.999_9)
        .map_or((value, ""), |(step, unit)| (value / step, *unit));
    let text = format!("{scaled:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let text = if text == "-0" { "0" } else { text };
    if unit.is_empty() { text.to_owned() } else { format!("{text} {unit}") }
}

/// What stands at a tick of an axis of money, where a thousand million is a billion.
pub(crate) fn money_tick(value: f64) -> String {
    tick(value).replace(" G", " bn").replace(" M", " m").replace(" T", " tn")
}

/// A whole number in groups of three digits.
pub(crate) fn grouped(value: impl ToString) -> String {
    let text = value.to_string();
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let mut out = String::from(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The quotient, to the nearest; halves away from zero.
pub(crate) fn nearest(value: i128, by: i128) -> i128 {
    let by = by.max(1);
    let whole = value / by;
    let rest = (value % by).abs();
    if rest >= by - rest { whole + value.signum() } else { whole }
}

/// A count of the smallest unit in its own unit with one digit behind the point.
pub(crate) fn tenths(value: i128, per_unit: i128) -> String {
    let tenths = nearest(value.saturating_mul(10), per_unit);
    let sign = if tenths < 0 { "-" } else { "" };
    let tenths = tenths.unsigned_abs();
    format!("{sign}{}.{}", grouped(tenths / 10), tenths % 10)
}

/// Seconds in hours with one digit behind the point.
pub(crate) fn hours(seconds: i128) -> String {
    format!("{} h", tenths(seconds, 3_600))
}

/// How many thousandths of a GPU-second, in which the GPU time of sites is counted, a GPU-hour is.
pub(crate) fn gpu_hour() -> i128 {
    PriceUnit::GpuHour.base_units(Instant::MIN)
}

/// GPU time as it is counted, in whole GPU-hours.
pub(crate) fn used_hours(gpu_time: i128) -> String {
    grouped(nearest(gpu_time, gpu_hour()))
}

/// GPU-seconds in whole GPU-hours.
pub(crate) fn gpu_hours(gpu_seconds: i128) -> String {
    grouped(nearest(gpu_seconds, 3_600))
}

/// A part of a whole in per cent with one digit behind the point.
pub(crate) fn percent(part: i128, whole: i128) -> String {
    if whole <= 0 {
        return "-".to_owned();
    }
    format!("{} %", tenths(part.saturating_mul(100), whole))
}

/// A count of the smallest unit as a whole number of its unit.
pub(crate) fn whole(value: i128, per_unit: i128) -> String {
    grouped(nearest(value, per_unit))
}

/// Money in its unit: to the smallest one below a thousand, whole from there on.
pub(crate) fn amount(minor: i128, per_unit: i128) -> String {
    let per_unit = per_unit.max(1);
    let width = per_unit.to_string().len() - 1;
    if width == 0 || minor.abs() >= per_unit.saturating_mul(1_000) {
        return whole(minor, per_unit);
    }
    let sign = if minor < 0 { "-" } else { "" };
    let (units, rest) = (minor.abs() / per_unit, minor.abs() % per_unit);
    format!("{sign}{units}.{rest:0width$}")
}

/// A count of the smallest unit in its unit, of a large one the millions or billions.
pub(crate) fn short(value: i128, per_unit: i128) -> String {
    let steps = [(1_000_000_000, "billion"), (1_000_000, "million")];
    let step = steps.into_iter().find(|(step, _)| value.abs() >= per_unit.saturating_mul(*step));
    step.map_or_else(
        || whole(value, per_unit),
        |(step, name)| format!("{} {name}", tenths(value, per_unit.saturating_mul(step))),
    )
}

/// With its sign, also where it is a plus.
pub(crate) fn signed(text: String, value: i128) -> String {
    if value > 0 && text.chars().any(|it| it.is_ascii_digit() && it != '0') {
        format!("+{text}")
    } else {
        text
    }
}

/// The day that an instant lies in.
pub(crate) fn day(at: Instant) -> String {
    let start = at.seconds().div_euclid(Instant::DAY) * Instant::DAY;
    Instant::from_seconds(start).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_rounded_to_the_nearest() {
        assert_eq!(grouped(-1_234_567), "-1,234,567");
        assert_eq!(nearest(-5, 10), -1);
        assert_eq!(nearest(4, 10), 0);
        assert_eq!(nearest(15, 10), 2);
        assert_eq!(hours(5_400), "1.5 h");
        assert_eq!(hours(-180), "-0.1 h");
        assert_eq!(percent(2, 3), "66.7 %");
        assert_eq!(percent(1, 0), "-");
        assert_eq!(whole(12_345_678, 100), "123,457");
        assert_eq!(amount(-219, 100), "-2.19");
        assert_eq!(amount(5, 1_000), "0.005");
        assert_eq!(amount(99_999, 100), "999.99");
        assert_eq!(amount(100_050, 100), "1,001");
        assert_eq!(amount(7, 1), "7");
        assert_eq!(short(233_555_809_900, 100), "2.3 billion");
        assert_eq!(short(-118_701_267, 1), "-118.7 million");
        assert_eq!(short(999_999, 1), "999,999");
        assert_eq!(signed("5".to_owned(), 5), "+5");
        assert_eq!(signed("0.0 h".to_owned(), 5), "0.0 h");
    }

    #[test]
    fn ticks_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (950.0, "950"),
            (1_000.0, "1 k"),
            (250_000.0, "250 k"),
            (-1_500_000.0, "-1.5 M"),
            (2e9, "2 G"),
        ] {
            assert_eq!(tick(value), text);
        }
        assert_eq!(money_tick(2e9), "2 bn");
        assert_eq!(money_tick(-3e6), "-3 m");
    }
}
