//! Accepted records as CSV, so that a book of them can be kept and read again.

use std::io::Write;

use comity_settlement::Amount;
use csv::Writer;

use crate::intake::{Identity, Place};
use crate::record::{Intake, Part, Uses};

/// The columns of accepted records: those that [`read`](crate::read()) takes as `usage`, then
/// where each stands first.
pub const COLUMNS: [&str; 16] = [
    "source", "id", "part", "buyer", "seller", "meter", "object", "site", "gpu", "start", "end",
    "level", "quantity", "unit", "file", "line",
];

/// Writes the accepted records in order of identity; the same records give the same bytes, and
/// reading them again gives the same records. One that goes over several rows says so in `part`.
///
/// # Errors
/// When they cannot be written.
pub fn write_accepted(intake: &Intake, out: &mut dyn Write) -> Result<(), csv::Error> {
    let mut out = Writer::from_writer(out);
    out.write_record(COLUMNS)?;
    for (identity, place, uses) in intake.accepted() {
        for row in rows(identity, place, uses) {
            out.write_record(row)?;
        }
    }
    Ok(out.flush()?)
}

/// Writes the conflicting records, each with how often it says so in `times`.
///
/// # Errors
/// When they cannot be written.
pub fn write_conflicts(intake: &Intake, out: &mut dyn Write) -> Result<(), csv::Error> {
    let mut out = Writer::from_writer(out);
    out.write_record(COLUMNS.iter().copied().chain(["times"]))?;
    for (identity, several) in intake.conflicts() {
        for (uses, (place, times)) in several {
            for mut row in rows(identity, place, uses) {
                row.push(times.to_string());
                out.write_record(row)?;
            }
        }
    }
    Ok(out.flush()?)
}

/// Writes the rows that were set aside, each as it stands in its file.
///
/// # Errors
/// When they cannot be written.
pub fn write_rejected(intake: &Intake, out: &mut dyn Write) -> Result<(), csv::Error> {
    let mut out = Writer::from_writer(out);
    out.write_record(["file", "line", "column", "reason", "row"])?;
    for row in intake.rejected() {
        out.write_record([
            &*row.place.file,
            &row.place.line.to_string(),
            row.wrong.column.as_deref().unwrap_or(""),
            &row.wrong.reason.to_string(),
            &row.row,
        ])?;
    }
    Ok(out.flush()?)
}

fn rows(identity: &Identity, place: &Place, uses: &Uses) -> Vec<Vec<String>> {
    let of = uses.parts().len();
    let row = |(number, part): (usize, &Part)| {
        let supply = &part.supply;
        let level = match part.amount() {
            Amount::Held { level } => level.to_string(),
            Amount::Counted { .. } => String::new(),
        };
        vec![
            identity.source.to_string(),
            identity.id.to_string(),
            if of > 1 { format!("{}/{of}", number + 1) } else { String::new() },
            supply.buyer.to_string(),
            supply.seller.to_string(),
            supply.meter.name().to_owned(),
            supply.object.to_string(),
            supply.site.as_ref().map(ToString::to_string).unwrap_or_default(),
            supply.gpu.as_ref().map(ToString::to_string).unwrap_or_default(),
            part.window.start().to_string(),
            part.window.end().to_string(),
            level,
            part.quantity().to_string(),
            supply.meter.base_unit().to_owned(),
            place.file.to_string(),
            place.line.to_string(),
        ]
    };
    uses.parts().iter().enumerate().map(row).collect()
}
