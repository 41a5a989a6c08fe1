//! `comity format`: the common layout of deal files.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use comity_lang::{Source, format, read};

use crate::args::FormatArgs;
use crate::commands::Outcome;
use crate::load::{load, sources};
use crate::render::{self, print};
use crate::status;

pub(crate) fn run(args: &FormatArgs) -> Outcome {
    let (sources, _) = sources(&args.deal)?;
    let canonical: Vec<Source> = sources.iter().map(canonical).collect();
    let damaged = damaged(&canonical);
    let mut changes = Vec::new();
    for (source, canonical) in sources.iter().zip(canonical) {
        if !damaged.contains(&*source.path) && canonical.text != source.text {
            changes.push((source, canonical.text));
        }
    }
    let mut told = String::new();
    for (source, text) in &changes {
        if !args.check {
            replace(source, text)
                .map_err(|error| format!("cannot write `{}`: {error}", source.path))?;
        }
        let verb = if args.check { "would change" } else { "changed" };
        told.push_str(&format!("{verb}: {}\n", source.path));
    }
    print(&told)?;
    // Files with other problems are as they were: they are reported as `check` does.
    if let Err(problems) = load(&args.deal) {
        render::error(&problems);
        return Ok(status::PROBLEMS);
    }
    Ok(if args.check && !changes.is_empty() { status::PROBLEMS } else { status::CLEAN })
}

/// A file as it is to be written; as it is where it has no form.
fn canonical(source: &Source) -> Source {
    Source { text: format(source).unwrap_or_else(|| source.text.clone()), ..source.clone() }
}

/// The files with problems that formatting does not mend, as missing quotes are.
fn damaged(canonical: &[Source]) -> BTreeSet<String> {
    let problems = read(canonical).err().unwrap_or_default();
    problems.into_iter().map(|found| found.place.position.file.to_string()).collect()
}

/// Writes a file anew: aside first, so that it is never there in part, and with the permissions
/// that it had.
fn replace(source: &Source, text: &str) -> io::Result<()> {
    // A link stays one: what it leads to is written.
    let path = fs::canonicalize(Path::new(&*source.path))?;
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    let aside: PathBuf = path.with_file_name(name);
    let written = fs::write(&aside, text)
        .and_then(|()| fs::set_permissions(&aside, fs::metadata(&path)?.permissions()))
        .and_then(|()| fs::rename(&aside, &path));
    if written.is_err() {
        let _ = fs::remove_file(&aside);
    }
    written
}
