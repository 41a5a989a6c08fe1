//! The records of an import as CSV, all of them or none.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use comity_ingest::{Intake, write_accepted, write_conflicts, write_rejected};

use super::Failed;

type Fill = fn(&Intake, &mut dyn Write) -> Result<(), csv::Error>;

/// Writes all files aside and then renames them, so that none is ever there by half.
pub(super) fn write(folder: &Path, intake: &Intake) -> Result<(), Failed> {
    let failed = |path: &Path, error: &dyn std::fmt::Display| {
        Failed::from(format!("cannot write `{}`: {error}", path.display()))
    };
    let files: [(&str, Fill); 3] = [
        ("accepted.csv", write_accepted),
        ("rejected.csv", write_rejected),
        ("conflicts.csv", write_conflicts),
    ];
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    for (name, fill) in files {
        let aside = folder.join(format!(".{name}.part"));
        let file = fs::File::create(&aside).map_err(|error| failed(&aside, &error))?;
        let mut out = BufWriter::new(file);
        fill(intake, &mut out).map_err(|error| failed(&aside, &error))?;
        out.flush().map_err(|error| failed(&aside, &error))?;
    }
    for (name, _) in files {
        let path = folder.join(name);
        let aside = folder.join(format!(".{name}.part"));
        fs::rename(&aside, &path).map_err(|error| failed(&path, &error))?;
    }
    Ok(())
}
