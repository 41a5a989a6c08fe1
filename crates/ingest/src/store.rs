//! Accepted records as CSV, so that a book of them can be kept and read again.

use std::io::Write;
use std::iter::Peekable;
use std::vec::IntoIter;

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

/// Writes the accepted records in order of place: file, then line. The same records give the same
/// bytes, and reading them again gives the same records. One that goes over several rows says so in
/// `part`.
///
/// # Errors
/// When they cannot be written.
pub fn write_accepted(intake: &Intake, out: &mut dyn Write) -> Result<(), csv::Error> {
    AcceptedWriter::new(intake, out)?.finish()
}

/// Writes accepted records of which some are kept elsewhere, as [`write_accepted`] does.
pub struct AcceptedWriter<'i, W: Write> {
    out: Writer<W>,
    /// Those that are left, in order of place.
    left: Peekable<IntoIter<(&'i Place, &'i Identity, &'i Uses)>>,
}

impl<'i, W: Write> AcceptedWriter<'i, W> {
    /// Begins with those of an intake at hand.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn new(intake: &'i Intake, out: W) -> Result<Self, csv::Error> {
        let mut out = Writer::from_writer(out);
        out.write_record(COLUMNS)?;
        let mut left: Vec<_> =
            intake.accepted().map(|(identity, place, uses)| (place, identity, uses)).collect();
        left.sort_unstable();
        Ok(Self { out, left: left.into_iter().peekable() })
    }

    /// Writes a record that is kept elsewhere. They come in order of place.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(
        &mut self,
        identity: &Identity,
        place: &Place,
        part: Part,
    ) -> Result<(), csv::Error> {
        while let Some((place, identity, uses)) = self.left.next_if(|(other, ..)| *other < place) {
            rows(identity, place, uses).into_iter().try_for_each(|it| self.out.write_record(it))?;
        }
        let rows = rows(identity, place, &Uses::One(part));
        rows.into_iter().try_for_each(|row| self.out.write_record(row))
    }

    /// Writes those that are left.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn finish(mut self) -> Result<(), csv::Error> {
        for (place, identity, uses) in self.left {
            for row in rows(identity, place, uses) {
                self.out.write_record(row)?;
            }
        }
        Ok(self.out.flush()?)
    }
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
            Amount::Held { level } => supply.meter.written(i128::from(level)),
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
            supply.meter.written(i128::from(part.quantity())),
            supply.meter.unit().to_owned(),
            place.file.to_string(),
            place.line.to_string(),
        ]
    };
    uses.parts().iter().enumerate().map(row).collect()
}
