//! Tables of a report: the first columns are words, the rest figures.

use comfy_table::{CellAlignment, ContentArrangement, Table};
use comity_base::Meter;
use comity_fleet::Size;

/// A table without lines, its figures to the right, indented by two spaces.
pub(crate) fn table(header: &[&str], words: usize, rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.to_vec());
    table.add_rows(rows);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((1, 1));
        if index >= words {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| format!(" {}\n", line.trim_end())).collect()
}

/// A whole number in groups of three digits.
pub(crate) fn grouped(value: impl ToString) -> String {
    let text = value.to_string();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.as_str()),
    };
    let mut grouped = String::from(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A part of a whole in per cent with one digit behind the point, rounded to the nearest.
pub(crate) fn percent(part: i128, whole: i128) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    let tenths = (part * 2_000 + whole) / (2 * whole);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// A whole number of which so many digits stand behind the point, as machines read it.
pub(crate) fn pointed(value: i128, digits: u8) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let behind = usize::from(digits);
    let text = format!("{:0>width$}", value.unsigned_abs(), width = behind + 1);
    match text.split_at(text.len() - behind) {
        (whole, "") => format!("{sign}{whole}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    }
}

/// Millionths as a number with two digits behind the point, rounded to the nearest.
pub(crate) fn hundredths(millionths: i128) -> String {
    let nearest = (millionths.abs() + 5_000) / 10_000;
    pointed(nearest * millionths.signum(), 2)
}

/// A quantity in base units, in the unit of its meter and in groups of three digits.
pub(crate) fn used(meter: Meter, base_units: i128) -> String {
    comity_statement::grouped(&meter.written(base_units))
}

/// So many GPUs, or a share of one.
pub(crate) fn gpus(size: Size) -> String {
    match size {
        Size::Share(share) => format!("{share} of a GPU"),
        Size::Gpus(1) => "1 GPU".to_owned(),
        Size::Gpus(gpus) => format!("{} GPUs", grouped(gpus)),
    }
}

/// Seconds in hours with one digit behind the point, rounded to the nearest.
pub(crate) fn hours(seconds: i128) -> String {
    let tenths = (seconds + 180) / 360;
    format!("{}.{} h", grouped(tenths / 10), tenths % 10)
}

/// GPU time as it is counted, in whole GPU-hours, rounded to the nearest.
pub(crate) fn used_hours(gpu_time: i128) -> String {
    let hour = 3_600 * i128::from(Meter::GpuTime.parts());
    grouped((gpu_time + hour / 2) / hour)
}

/// GPU-seconds in whole GPU-hours, rounded to the nearest.
pub(crate) fn gpu_hours(gpu_seconds: i128) -> String {
    grouped((gpu_seconds + 1_800) / 3_600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_rounded_to_the_nearest() {
        assert_eq!(grouped(-1_234_567), "-1,234,567");
        assert_eq!(grouped(12), "12");
        assert_eq!(percent(1, 3), "33.3 %");
        assert_eq!(percent(2, 3), "66.7 %");
        assert_eq!(percent(0, 0), "-");
        assert_eq!(pointed(-37_000, 6), "-0.037000");
        assert_eq!(pointed(-37_000, 0), "-37000");
        assert_eq!(hundredths(-365_000), "-0.37");
        assert_eq!(hours(5_400), "1.5 h");
        assert_eq!(gpu_hours(5_400), "2");
        assert_eq!([5_399_999, 5_400_000].map(used_hours), ["1", "2"]);
        assert_eq!(used(Meter::GpuTime, 1_234_567_250), "1,234,567.25");
    }
}
