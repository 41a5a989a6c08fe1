//! A table of named columns, and the pieces of text that its cells are made of.

use std::collections::BTreeMap;

use comity_base::{Instant, Money, Overflow, Rounding, mul_div};
use csv::Writer;

/// A table as it is written: every cell that a row does not set is empty, which FOCUS reads as null.
pub(crate) struct Table {
    columns: &'static [&'static str],
    rows: Vec<BTreeMap<&'static str, String>>,
}

impl Table {
    pub(crate) fn new(columns: &'static [&'static str]) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row of the cells whose columns the table has; one that it does not have is a fact of
    /// another version of the specification.
    pub(crate) fn push(&mut self, cells: impl IntoIterator<Item = (&'static str, String)>) {
        let cells = cells.into_iter().filter(|(column, _)| self.columns.contains(column));
        self.rows.push(cells.collect());
    }

    /// The table as CSV with a header, in UTF-8, its lines ended by a line feed.
    pub(crate) fn csv(&self) -> String {
        let mut out = Writer::from_writer(Vec::new());
        let wrote = "a row has as many cells as the header, and memory takes them";
        out.write_record(self.columns).expect(wrote);
        for row in &self.rows {
            let cells =
                self.columns.iter().map(|column| row.get(column).map_or("", String::as_str));
            out.write_record(cells).expect(wrote);
        }
        String::from_utf8(out.into_inner().expect(wrote)).expect("every cell is text")
    }

    /// The table as CSV; nothing where it has no row.
    pub(crate) fn csv_with_rows(&self) -> Option<String> {
        (!self.rows.is_empty()).then(|| self.csv())
    }
}

/// Digits behind the point of a quantity that does not come out even: the product with a price then
/// differs from the exact one by less than the 1e-9 that validators allow.
const QUANTITY_DIGITS: u8 = 12;

/// An exact decimal number, `mantissa ÷ 10^scale`, as FOCUS writes numbers: no sign for what is
/// above zero, no exponent and no zeros at the end but one, as readers that guess types take a
/// column of whole numbers for another type than the decimals it must be.
pub(crate) fn number(mantissa: i128, scale: u8) -> String {
    let sign = if mantissa < 0 { "-" } else { "" };
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", mantissa.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let fraction = fraction.trim_end_matches('0');
    format!("{sign}{whole}.{}", if fraction.is_empty() { "0" } else { fraction })
}

/// An amount of money, its currency being in a cell of its own.
pub(crate) fn money(amount: Money) -> String {
    number(amount.minor, amount.currency.scale())
}

/// A quantity of priced units: its mantissa and its digits behind the point.
pub(crate) fn quantity(base: i128, base_units: i128) -> Result<(i128, u8), Overflow> {
    let unit = 10_i128.pow(u32::from(QUANTITY_DIGITS));
    Ok((mul_div(base, unit, base_units, Rounding::HalfEven)?, QUANTITY_DIGITS))
}

/// An instant as FOCUS writes it: `2025-11-01T00:00:00Z`. The end of a time without end is the last
/// day that can be written.
pub(crate) fn time(at: Instant) -> String {
    let year_one = Instant::from_seconds(-62_135_596_800);
    let last_day = Instant::from_seconds(253_402_128_000);
    let text = at.clamp(year_one, last_day).to_string();
    if text.contains('T') { text } else { format!("{text}T00:00:00Z") }
}

/// A text in the quotes and escapes of JSON.
pub(crate) fn json_text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            _ if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_and_short() {
        let check = |mantissa, scale, expected: &str| assert_eq!(number(mantissa, scale), expected);
        check(0, 2, "0.0");
        check(-5, 2, "-0.05");
        check(120, 2, "1.2");
        check(12_000, 0, "12000.0");
        assert_eq!(quantity(1, 3), Ok((333_333_333_333, 12)));
        assert!(quantity(i128::MAX, 1).is_err());
    }

    #[test]
    fn instants_are_written_in_full() {
        let check = |at, expected: &str| assert_eq!(time(at), expected);
        check(Instant::from_seconds(0), "1970-01-01T00:00:00Z");
        check(Instant::from_seconds(3_601), "1970-01-01T01:00:01Z");
        check(Instant::MAX, "9999-12-30T00:00:00Z");
        check(Instant::MIN, "0001-01-01T00:00:00Z");
    }

    #[test]
    fn json_is_escaped() {
        assert_eq!(json_text("a\"b\\c\n"), r#""a\"b\\c\u000a""#);
    }
}
