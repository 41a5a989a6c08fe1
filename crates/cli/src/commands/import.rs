//! `comity import`: usage records of others, and who used whose GPUs.

mod account;
mod files;
mod owners;

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use comity_base::PartyId;
use comity_columnar::{Table, is_parquet};
use comity_ingest::{Feed, FileError, Format, How, Intake, Names, Zone, read, read_rows};
use comity_lang::{Loaded, Source, read_feeds};

use crate::args::ImportArgs;
use crate::commands::Outcome;
use crate::load::{LoadError, counted, load_with, one};
use crate::render::print;
use crate::status;

pub(crate) type Failed = Box<dyn std::error::Error>;

/// What all files of one call are read with.
struct Plan<'a> {
    files: &'a [String],
    format: Option<Format>,
    zone: Option<Zone>,
    source: Option<&'a str>,
}

pub(crate) fn run(args: &ImportArgs) -> Outcome {
    let plan = plan(args)?;
    if let Some(path) = &args.owners {
        return owners::run(args, &plan, path);
    }
    let (loaded, feeds, named) = feeds(args)?;
    let names = loaded.as_ref().map(names);
    let mut intake = Intake::default();
    let mut problems = Vec::new();
    for file in plan.files {
        let how = |feed| How {
            feed,
            names: names.as_ref(),
            zone: plan.zone.as_ref(),
            source: plan.source,
        };
        match one_file(file, plan.format, &feeds, named.as_deref(), how) {
            Ok(found) => intake.merge(found),
            Err(error) => problems.push(error.to_string()),
        }
    }
    if !problems.is_empty() {
        return Err(problems.join("\nerror: ").into());
    }
    if let Some(folder) = &args.out {
        files::write(folder, &intake)?;
    }
    let account = intake.account();
    print(&if args.json { account::json(&intake) } else { account::text(plan.files, &intake) })?;
    let clean = account.rejected.records == 0 && account.conflicting.records == 0;
    Ok(if args.strict && !clean { status::PROBLEMS } else { status::CLEAN })
}

/// How records are read into the books of a deal.
pub(crate) struct Reading<'a> {
    pub(crate) format: Option<&'a str>,
    pub(crate) feed: Option<&'a str>,
    pub(crate) zone: Option<&'a str>,
    pub(crate) source: Option<&'a str>,
}

impl Reading<'_> {
    /// Takes in all files; those that cannot be read at all are reported together.
    pub(crate) fn read(&self, loaded: &Loaded, files: &[String]) -> Result<Intake, Failed> {
        let format = match self.format {
            None | Some("auto") => None,
            Some(word) => Some(format_named(word)?),
        };
        let zone = self.zone.map(zone_named).transpose()?;
        let file = self.feed.map(Path::new).filter(|path| path.is_file());
        let (feeds, named) = match file {
            Some(path) => (feeds_of(&one(path.to_owned())?)?, None),
            None => (loaded.feeds.clone(), self.feed),
        };
        if let Some(name) = named {
            is_feed(name, &feeds)?;
        }
        let names = names(loaded);
        let how =
            |feed| How { feed, names: Some(&names), zone: zone.as_ref(), source: self.source };
        let mut intake = Intake::default();
        let mut problems = Vec::new();
        for file in files {
            match one_file(file, format, &feeds, named, how) {
                Ok(found) => intake.merge(found),
                Err(error) => problems.push(error.to_string()),
            }
        }
        if problems.is_empty() { Ok(intake) } else { Err(problems.join("\nerror: ").into()) }
    }
}

fn format_named(word: &str) -> Result<Format, Failed> {
    let found = Format::NAMED.into_iter().find(|(name, _)| *name == word);
    found.map(|(_, format)| format).ok_or_else(|| {
        let names: Vec<&str> = Format::NAMED.iter().map(|(name, _)| *name).collect();
        format!("unknown format `{word}`: expected auto, {}", names.join(", ")).into()
    })
}

fn zone_named(name: &str) -> Result<Zone, Failed> {
    Zone::named(name).ok_or_else(|| {
        format!("unknown time zone `{name}`: expected a name such as `Europe/Helsinki`, or `UTC`")
            .into()
    })
}

fn feeds_of(source: &Source) -> Result<Vec<Feed>, Failed> {
    let feeds = read_feeds(source).map_err(|diagnostics| LoadError::Problems {
        unreadable: Vec::new(),
        sources: vec![source.clone()],
        diagnostics,
    })?;
    Ok(feeds)
}

fn is_feed(name: &str, feeds: &[Feed]) -> Result<(), Failed> {
    if feeds.iter().any(|feed| feed.id == name) {
        return Ok(());
    }
    let ids: Vec<&str> = feeds.iter().map(|feed| feed.id.as_str()).collect();
    let known = if ids.is_empty() {
        "the deal has none".to_owned()
    } else {
        format!("the deal has {}", ids.join(", "))
    };
    Err(format!("`{name}` is neither a file nor a feed of the deal: {known}").into())
}

/// The files, and what the words of the command line say of them.
fn plan(args: &ImportArgs) -> Result<Plan<'_>, Failed> {
    let format = |word: &str| Format::NAMED.into_iter().find(|(name, _)| *name == word);
    let is_word = |word: &str| word == "auto" || format(word).is_some();
    // A file may have the name of a format: then it is a file.
    let said = args.words.first().filter(|word| is_word(word) && !Path::new(word).exists());
    let files = if said.is_some() { &args.words[1..] } else { &args.words[..] };
    if files.is_empty() {
        return Err("no file to read: name one after the format".into());
    }
    let word = args.format.as_ref().or(said).filter(|word| *word != "auto");
    let format = word.map(|word| format_named(word)).transpose()?;
    let zone = args.zone.as_deref().map(zone_named).transpose()?;
    Ok(Plan { files, format, zone, source: args.source.as_deref() })
}

type Feeds = (Option<Loaded>, Vec<Feed>, Option<String>);

/// The deal, the feeds to choose from, and the one that is named.
fn feeds(args: &ImportArgs) -> Result<Feeds, Failed> {
    let file = args.feed.as_deref().map(Path::new).filter(|path| path.is_file());
    let extra: Option<Source> = file.map(|path| one(path.to_owned())).transpose()?;
    let loaded = match &args.deal {
        Some(folder) => Some(load_with(folder, extra.clone())?),
        None => None,
    };
    let own = extra.as_ref().map(feeds_of).transpose()?;
    match own {
        Some(feeds) => Ok((loaded, feeds, None)),
        None => {
            let feeds = loaded.as_ref().map(|loaded| loaded.feeds.clone()).unwrap_or_default();
            if let Some(name) = &args.feed {
                is_feed(name, &feeds)?;
            }
            Ok((loaded, feeds, args.feed.clone()))
        }
    }
}

/// The names of a deal that records may use.
pub(crate) fn names(loaded: &Loaded) -> Names {
    let parts = loaded.deal.parts();
    let vocabulary = &parts.vocabulary;
    let versions = parts.agreements.iter().flat_map(|agreement| &agreement.versions);
    Names {
        parties: vocabulary.parties.iter().cloned().collect(),
        objects: vocabulary.objects.names().cloned().collect(),
        sites: loaded
            .fleet
            .sites()
            .map(|site| (site.id.clone(), PartyId::clone(&site.host)))
            .collect(),
        gpus: vocabulary.called.gpus.keys().cloned().collect(),
        since: versions.map(|version| version.effective.start()).min(),
    }
}

fn one_file<'a>(
    path: &str,
    format: Option<Format>,
    feeds: &'a [Feed],
    named: Option<&str>,
    how: impl Fn(Option<&'a Feed>) -> How<'a>,
) -> Result<Intake, Failed> {
    let open = || File::open(path).map_err(|error| format!("cannot read `{path}`: {error}"));
    let mut input = BufReader::new(open()?);
    let head = input.fill_buf().map_err(|error| format!("cannot read `{path}`: {error}"))?;
    if is_parquet(head) {
        // What a damaged file makes of its reader is reported once, as an error.
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let found =
            parquet(path, open()?, format, |found| Ok(how(choose(path, found, feeds, named)?)));
        std::panic::set_hook(hook);
        return found;
    }
    let first = head.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    let first = String::from_utf8_lossy(first.unwrap_or_default());
    let found = format.or_else(|| Format::of_line(first.trim_start_matches('\u{feff}')));
    let feed = choose(path, found, feeds, named)?;
    Ok(read(path, format, &mut input, how(feed))?)
}

fn parquet<'a>(
    path: &str,
    file: File,
    format: Option<Format>,
    how: impl FnOnce(Option<Format>) -> Result<How<'a>, Failed>,
) -> Result<Intake, Failed> {
    let broken = |why: String| FileError::Broken { file: path.to_owned(), why };
    let mut table = Table::open(file).map_err(|error| broken(error.to_string()))?;
    let columns = table.columns().to_vec();
    let how = how(format.or_else(|| Format::of_columns(columns.iter().map(String::as_str))))?;
    let mut rows = table.by_ref().map(|row| row.map_err(|error| error.to_string()));
    Ok(read_rows(path, format, columns, &mut rows, how)?)
}

/// The feed that is named, or the only one for the format.
fn choose<'a>(
    path: &str,
    format: Option<Format>,
    feeds: &'a [Feed],
    named: Option<&str>,
) -> Result<Option<&'a Feed>, Failed> {
    if let Some(name) = named {
        return Ok(feeds.iter().find(|feed| feed.id == name));
    }
    let fit: Vec<&Feed> = feeds.iter().filter(|feed| Some(feed.format) == format).collect();
    match fit[..] {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        [..] => {
            let ids: Vec<&str> = fit.iter().map(|feed| feed.id.as_str()).collect();
            let count = counted(ids.len(), "feed fits", "feeds fit");
            Err(format!("{count} `{path}`: say which with `--feed`: {}", ids.join(", ")).into())
        }
    }
}
