//! Usage records from files, by what the command line says of them and the feeds of a deal.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use comity_base::PartyId;
use comity_columnar::{Table, is_parquet};
use comity_ingest::{Feed, FileError, Format, How, Intake, Names, Zone, read, read_rows};
use comity_lang::{Loaded, Source, read_feeds};

use crate::args::ReadingArgs;
use crate::load::{LoadError, counted, one};

pub(crate) type Failed = Box<dyn std::error::Error>;

/// How the files of one call are read.
pub(crate) struct Reading<'a> {
    pub(crate) format: Option<Format>,
    zone: Option<Zone>,
    source: Option<&'a str>,
    feeds: Vec<Feed>,
    /// The feed for all files, if one of the deal's is named.
    named: Option<&'a str>,
    /// The names that records may use; any, without a deal.
    names: Option<Names>,
}

/// The feed in a file of its own, if one is named; it is checked as a part of the deal.
pub(crate) fn feed_file(args: &ReadingArgs) -> Result<Option<Source>, LoadError> {
    let file = args.feed.as_deref().map(Path::new).filter(|path| path.is_file());
    file.map(|path| one(path.to_owned())).transpose()
}

impl<'a> Reading<'a> {
    /// By the command line, the feed in a file of its own, which is then the only one, and the deal.
    pub(crate) fn of(
        args: &'a ReadingArgs,
        feed: Option<&Source>,
        loaded: Option<&Loaded>,
    ) -> Result<Self, Failed> {
        let word = args.format.as_deref().filter(|word| *word != "auto");
        let format = word.map(format_named).transpose()?;
        let zone = args.zone.as_deref().map(zone_named).transpose()?;
        let (feeds, named) = if let Some(source) = feed {
            (feeds_of(source)?, None)
        } else {
            let feeds = loaded.map(|loaded| loaded.feeds.clone()).unwrap_or_default();
            if let Some(name) = &args.feed {
                is_feed(name, &feeds)?;
            }
            (feeds, args.feed.as_deref())
        };
        let names = loaded.map(names);
        Ok(Self { format, zone, source: args.source.as_deref(), feeds, named, names })
    }

    /// What is read by a feed, or without one.
    pub(crate) fn how<'r>(&'r self, feed: Option<&'r Feed>) -> How<'r> {
        let names = self.names.as_ref();
        How { feed, names, zone: self.zone.as_ref(), source: self.source }
    }

    /// Of the records that books keep, whose names are the deal's.
    pub(crate) fn of_books(loaded: &Loaded) -> Self {
        let (format, zone, source) = (None, None, None);
        Self { format, zone, source, feeds: Vec::new(), named: None, names: Some(names(loaded)) }
    }

    /// The names that records may use.
    pub(crate) fn names(&self) -> Option<&Names> {
        self.names.as_ref()
    }

    /// Takes in a file row by row.
    pub(crate) fn one_file(&self, path: &str) -> Result<Intake, Failed> {
        let open = || File::open(path).map_err(|error| format!("cannot read `{path}`: {error}"));
        let mut input = BufReader::new(open()?);
        let head = input.fill_buf().map_err(|error| format!("cannot read `{path}`: {error}"))?;
        if is_parquet(head) {
            return self.parquet(path, open()?);
        }
        let first = head.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty());
        let first = String::from_utf8_lossy(first.unwrap_or_default());
        let first = first.trim_start_matches('\u{feff}');
        let feed = self.choose(path, self.format.or_else(|| Format::of_line(first)))?;
        Ok(read(path, self.format, &mut input, self.how(feed))?)
    }

    fn parquet(&self, path: &str, file: File) -> Result<Intake, Failed> {
        let broken = |why: String| FileError::Broken { file: path.to_owned(), why };
        let mut table = Table::open(file).map_err(|error| broken(error.to_string()))?;
        let columns = table.columns().to_vec();
        let found = Format::of_columns(columns.iter().map(String::as_str));
        let feed = self.choose(path, self.format.or(found))?;
        let mut rows = (1..).zip(table.by_ref()).map(|(number, row)| {
            let row = row.map_err(|error| error.to_string())?;
            Ok((number, row))
        });
        Ok(read_rows(path, self.format, columns, &mut rows, self.how(feed))?)
    }

    /// The feed that is named, or the only one for the format.
    pub(crate) fn choose(
        &self,
        path: &str,
        format: Option<Format>,
    ) -> Result<Option<&Feed>, Failed> {
        if let Some(name) = self.named {
            return Ok(self.feeds.iter().find(|feed| feed.id == name));
        }
        let fit: Vec<&Feed> = self.feeds.iter().filter(|it| Some(it.format) == format).collect();
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
