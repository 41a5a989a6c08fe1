//! `comity format`: the common layout of deal files.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use comity_lang::{Source, format};

use crate::args::FormatArgs;
use crate::commands::Outcome;
use crate::load::{LoadError, load, sources};
use crate::render::{self, print};
use crate::status;

pub(crate) fn run(args: &FormatArgs) -> Outcome {
    let (sources, _) = sources(&args.deal)?;
    let problems = load(&args.deal).err();
    let damaged = damaged(problems.as_ref());
    let mut changes = Vec::new();
    for source in sources.iter().filter(|source| !damaged.contains(&*source.path)) {
        if let Some(text) = format(source).filter(|text| *text != source.text) {
            changes.push((source, text));
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
    // Files with problems are as they were: they are reported as `check` does.
    if let Some(problems) = problems {
        render::error(&problems);
        return Ok(status::PROBLEMS);
    }
    Ok(if args.check && !changes.is_empty() { status::PROBLEMS } else { status::CLEAN })
}

/// The files with problems in them.
fn damaged(problems: Option<&LoadError>) -> BTreeSet<&str> {
    let Some(LoadError::Problems { diagnostics, .. }) = problems else { return BTreeSet::new() };
    diagnostics.iter().map(|found| &*found.place.position.file).collect()
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
