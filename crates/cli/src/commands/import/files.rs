//! The records of an import as CSV, all of them or none.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use comity_bulk::each;
use comity_ingest::{AcceptedWriter, Part, write_conflicts, write_rejected};
use comity_settlement::Amount;

use super::Failed;
use crate::records::{Kept, Records};
use crate::usage::Reading;

/// Writes all files aside and then renames them, so that none is ever there by half.
pub(super) fn write(folder: &Path, reading: &Reading<'_>, records: &Records) -> Result<(), Failed> {
    let failed = |path: &Path, error: &dyn std::fmt::Display| {
        Failed::from(format!("cannot write `{}`: {error}", path.display()))
    };
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let names = ["accepted.csv", "rejected.csv", "conflicts.csv"];
    for name in names {
        let aside = folder.join(format!(".{name}.part"));
        let file = fs::File::create(&aside).map_err(|error| failed(&aside, &error))?;
        let mut out = BufWriter::new(file);
        match name {
            "accepted.csv" => accepted(&mut out, reading, records)?,
            "rejected.csv" => write_rejected(&records.intake, &mut out)?,
            _ => write_conflicts(&records.intake, &mut out)?,
        }
        out.flush().map_err(|error| failed(&aside, &error))?;
    }
    for name in names {
        let path = folder.join(name);
        let aside = folder.join(format!(".{name}.part"));
        fs::rename(&aside, &path).map_err(|error| failed(&path, &error))?;
    }
    Ok(())
}

/// Writes the accepted records, and those that stand in files that were read by columns as they go
/// by.
fn accepted(out: &mut dyn Write, reading: &Reading<'_>, records: &Records) -> Result<(), Failed> {
    let mut out = AcceptedWriter::new(&records.intake, out)?;
    let mut kept: Vec<&Kept> = records.kept.iter().collect();
    kept.sort_by_key(|file| &file.name);
    for file in kept {
        each(
            file,
            reading.names(),
            |_| true,
            |one| {
                let (supply, window) = (Arc::new(one.supply.clone()), one.usage.window);
                let part = match one.usage.amount {
                    Amount::Held { level } => Part::held(supply, window, level),
                    Amount::Counted { quantity } => Some(Part::counted(supply, window, quantity)),
                };
                let part = part.expect("a quantity that was taken fits in 64 bits");
                out.put(one.identity, one.place, part).map_err(|error| error.to_string())
            },
        )?;
    }
    Ok(out.finish()?)
}
