//! `comity import`: usage records of others, and who used whose GPUs.

mod account;
mod files;
mod owners;

use std::path::Path;

use comity_ingest::{Format, Uncounted};

use crate::args::{ImportArgs, ReadingArgs};
use crate::commands::Outcome;
use crate::load::load_with;
use crate::records::{Records, take_in};
use crate::render::print;
use crate::status;
use crate::usage::{Failed, Reading, feed_file};

pub(crate) fn run(args: &ImportArgs) -> Outcome {
    let (format, files) = split(&args.words)?;
    let reading = ReadingArgs {
        format: args.reading.format.clone().or(format.cloned()),
        ..args.reading.clone()
    };
    let feed = feed_file(&reading)?;
    let deal = args.deal.as_ref();
    let loaded = deal.map(|folder| load_with(folder, feed.clone())).transpose()?;
    let reading = Reading::of(&reading, feed.as_ref(), loaded.as_ref())?;
    if let Some(path) = &args.owners {
        return owners::run(args, files, &reading, path);
    }
    let taken = take_in(&reading, files, Records::default(), || Uncounted)?;
    let (records, Uncounted) = taken.joined();
    let intake = &records.intake;
    if let Some(folder) = &args.out {
        files::write(folder, &reading, &records)?;
    }
    let account = intake.account();
    print(&if args.json { account::json(intake) } else { account::text(files, intake) })?;
    let clean = account.rejected.records == 0 && account.conflicting.records == 0;
    Ok(if args.strict && !clean { status::PROBLEMS } else { status::CLEAN })
}

/// The files, and the format that may stand before them. A file may have the name of a format: then
/// it is a file.
fn split(words: &[String]) -> Result<(Option<&String>, &[String]), Failed> {
    let is_format =
        |word: &str| word == "auto" || Format::NAMED.into_iter().any(|(name, _)| name == word);
    let (format, files) = match words {
        [first, files @ ..] if is_format(first) && !Path::new(first).exists() => {
            (Some(first), files)
        }
        files => (None, files),
    };
    if files.is_empty() {
        return Err("no file to read: name one after the format".into());
    }
    Ok((format, files))
}
