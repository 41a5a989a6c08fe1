//! Tables: rows under a header, from CSV, `sacct` or Parquet.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;
use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord};

use crate::build::{Builder, Built, Fields, Layout};
use crate::feed::How;
use crate::format::Format;
use crate::intake::{Identity, Place, Rejected};
use crate::reason::{FileError, Reason, Wrong};
use crate::record::{Intake, Part, Uses};
use crate::sacct;
use crate::text::{Rows, shown};

/// A row of a table.
pub(crate) struct Row {
    pub(crate) line: u64,
    pub(crate) fields: Result<StringRecord, Reason>,
    /// The row as it stands there.
    pub(crate) text: String,
}

/// The rows after the header, one by one; the error says why reading stopped.
pub(crate) type Next<'a> = dyn FnMut() -> Result<Option<Row>, String> + 'a;

/// A header and the file that it is of.
pub(crate) struct Header {
    pub(crate) file: Arc<str>,
    pub(crate) line: u64,
    pub(crate) names: StringRecord,
    /// The place of each column, by its name in small letters.
    places: BTreeMap<String, usize>,
}

impl Header {
    pub(crate) fn new(file: &str, line: u64, names: StringRecord) -> Result<Self, FileError> {
        let mut places = BTreeMap::new();
        for (place, name) in names.iter().enumerate() {
            let key = name.trim().to_ascii_lowercase();
            if !key.is_empty() && places.insert(key, place).is_some() {
                let column = shown(name.trim());
                return Err(FileError::ColumnTwice { file: file.to_owned(), line, column });
            }
        }
        Ok(Self { file: Arc::from(file), line, names, places })
    }

    pub(crate) fn place(&self, column: &str) -> Option<usize> {
        match self.places.get(column) {
            Some(place) => Some(*place),
            None => self.places.get(&column.to_ascii_lowercase()).copied(),
        }
    }

    /// Refuses a header without these columns.
    pub(crate) fn require<'n>(
        &self,
        columns: impl IntoIterator<Item = &'n str>,
    ) -> Result<(), FileError> {
        let missing: Vec<String> = columns
            .into_iter()
            .filter(|column| self.place(column).is_none())
            .map(str::to_owned)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let found = self.names.iter().map(str::to_owned).collect();
        Err(FileError::MissingColumns {
            file: self.file.to_string(),
            line: self.line,
            missing,
            found,
        })
    }

    /// The fields of a row under their columns.
    pub(crate) fn fields<'r>(&'r self, row: &'r Row) -> Result<Record<'r>, Wrong> {
        let record = row.fields.as_ref().map_err(|reason| Wrong::row(reason.clone()))?;
        if *record == self.names {
            return Err(Wrong::row(Reason::HeaderAgain));
        }
        if record.len() != self.names.len() {
            let reason = Reason::Fields { found: record.len(), expected: self.names.len() };
            return Err(Wrong::row(reason));
        }
        Ok(Record { header: self, record })
    }
}

/// A row under its header.
pub(crate) struct Record<'r> {
    header: &'r Header,
    record: &'r StringRecord,
}

impl Record<'_> {
    /// The value of a column; an empty one counts as not there.
    pub(crate) fn value(&self, column: &str) -> Option<&str> {
        let text = self.record.get(self.header.place(column)?)?.trim();
        (!text.is_empty()).then_some(text)
    }
}

impl Fields for Record<'_> {
    fn get(&self, field: &str) -> Result<Option<Cow<'_, str>>, Reason> {
        Ok(self.value(field).map(Cow::Borrowed))
    }
}

/// The fields of one row of text.
///
/// A row with quotes has a reader of its own. Setting one up costs many times the split itself,
/// and most rows are spared it.
pub(crate) fn split(text: &str, delimiter: char) -> StringRecord {
    if delimiter == '|' || !text.contains('"') {
        return text.split(delimiter).collect();
    }
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(text.len())
        .from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    reader
        .read_record(&mut record)
        .expect("a row in memory has no read errors, and its fields are cut at ASCII only");
    record
}

/// Reads the header of a text and gives the rows after it to `read`.
pub(crate) fn text<T>(
    file: &str,
    input: &mut dyn BufRead,
    delimiter: char,
    read: impl FnOnce(&Header, &mut Next<'_>) -> Result<T, FileError>,
) -> Result<T, FileError> {
    let broken =
        |error: std::io::Error| FileError::Broken { file: file.to_owned(), why: error.to_string() };
    let mut rows = Rows::new(input, delimiter == ',');
    let Some(first) = rows.next().map_err(broken)? else {
        return Err(FileError::Empty { file: file.to_owned() });
    };
    if let Some(reason) = first.wrong {
        return Err(FileError::Header { file: file.to_owned(), line: first.line, reason });
    }
    let header = Header::new(file, first.line, split(&first.text, delimiter))?;
    let mut next = || {
        let Some(raw) = rows.next().map_err(|error| error.to_string())? else { return Ok(None) };
        let fields = match raw.wrong {
            Some(reason) => Err(reason),
            None => Ok(split(&raw.text, delimiter)),
        };
        Ok(Some(Row { line: raw.line, fields, text: raw.text }))
    };
    read(&header, &mut next)
}

/// Reads the rows under a header, in its format.
pub(crate) fn rows(
    format: Format,
    header: &Header,
    next: &mut Next<'_>,
    how: How<'_>,
) -> Result<Intake, FileError> {
    match format {
        Format::Sacct => sacct::read(header, next, how),
        Format::Focus => generic(&crate::layout::FOCUS, header, next, how),
        Format::Usage | Format::CloudEvents => generic(&crate::layout::USAGE, header, next, how),
    }
}

/// The parts of a record that are found so far, each with its row.
struct Pending {
    parts: Vec<(u32, Part, Place, String)>,
    of: u32,
}

fn generic(
    layout: &'static Layout,
    header: &Header,
    next: &mut Next<'_>,
    how: How<'_>,
) -> Result<Intake, FileError> {
    require(layout, header, how)?;
    let default = How { source: how.source().or(Some(layout.name)), ..how };
    let mut builder = Builder::new(default, layout);
    let mut intake = Intake::default();
    let mut pending: BTreeMap<Identity, Pending> = BTreeMap::new();
    let broken = |why| FileError::Broken { file: header.file.to_string(), why };
    while let Some(row) = next().map_err(broken)? {
        let mut place = Place { file: header.file.clone(), line: row.line };
        let mut built = Built::default();
        let result = header.fields(&row).and_then(|fields| {
            if layout.parts
                && let Some(first) = stood_at(&fields)
            {
                place = first;
            }
            if let Some(what) = (layout.passes_over)(&fields) {
                return Ok(Err(what));
            }
            let part = part_of(fields.value("part").filter(|_| layout.parts))?;
            Ok(Ok((part, builder.build(&fields, &mut built)?)))
        });
        match result {
            Ok(Err(what)) => intake.pass_over(what),
            Ok(Ok((Some((number, of)), (identity, part)))) => {
                let waiting = pending
                    .entry(identity.clone())
                    .or_insert_with(|| Pending { parts: Vec::new(), of });
                let fits = waiting.of == of && waiting.parts.iter().all(|(n, ..)| *n != number);
                if !fits {
                    incomplete(&mut intake, pending.remove(&identity));
                    pending.insert(identity.clone(), Pending { parts: Vec::new(), of });
                }
                let waiting = pending.get_mut(&identity).expect("it was put there");
                waiting.parts.push((number, part, place, row.text));
                if u32::try_from(waiting.parts.len()) == Ok(of) {
                    let whole = pending.remove(&identity).expect("it is there");
                    let place = whole.parts.iter().map(|(.., place, _)| place.clone()).min();
                    let parts = whole.parts.into_iter().map(|(_, part, ..)| part).collect();
                    let uses = Uses::new(parts).expect("a record has a part");
                    let place = place.expect("a record has a part");
                    builder.put(&mut intake, place, Ok((identity, uses)), built, String::new);
                }
            }
            Ok(Ok((None, (identity, part)))) => {
                builder.put(
                    &mut intake,
                    place,
                    Ok((identity, Uses::One(part))),
                    built,
                    String::new,
                );
            }
            Err(wrong) => builder.put(&mut intake, place, Err(wrong), built, || row.text),
        }
    }
    for (_, waiting) in pending {
        incomplete(&mut intake, Some(waiting));
    }
    Ok(intake)
}

/// Where a record that was kept stood first.
fn stood_at(fields: &Record<'_>) -> Option<Place> {
    let line = fields.value("line")?.parse().ok()?;
    Some(Place { file: fields.value("file")?.into(), line })
}

/// Reads `2/3`: the second of three parts.
fn part_of(text: Option<&str>) -> Result<Option<(u32, u32)>, Wrong> {
    let Some(text) = text else { return Ok(None) };
    let numbers = text.split_once('/').and_then(|(part, of)| {
        let (part, of) = (part.parse::<u32>().ok()?, of.parse::<u32>().ok()?);
        (part >= 1 && part <= of).then_some((part, of))
    });
    let wrong = || Wrong::at("part", Reason::NotNumber(shown(text)));
    numbers.map(Some).ok_or_else(wrong)
}

/// Sets aside the parts of a record that are there without the others.
fn incomplete(intake: &mut Intake, waiting: Option<Pending>) {
    let Some(waiting) = waiting else { return };
    let found = waiting.parts.len();
    let expected = usize::try_from(waiting.of).unwrap_or(usize::MAX);
    for (_, part, place, row) in waiting.parts {
        let quantities = vec![(part.supply.meter, u128::from(part.quantity()))];
        let wrong = Wrong::at("part", Reason::Part { found, expected });
        intake.reject(Rejected { place, wrong, row, quantities });
    }
}

/// Refuses a table without the columns that its records need.
fn require(layout: &Layout, header: &Header, how: How<'_>) -> Result<(), FileError> {
    let feed = how.feed;
    let mut columns: Vec<&str> = Vec::new();
    let own = |named: Option<&String>, own: &'static [&'static str]| -> Option<String> {
        match named {
            Some(name) => Some(name.clone()),
            None if own.iter().any(|name| header.place(name).is_some()) => None,
            None => own.first().map(|name| (*name).to_owned()),
        }
    };
    let named = [
        own(feed.and_then(|f| f.start.as_ref()), layout.start),
        own(feed.and_then(|f| f.end.as_ref()), layout.end),
        own(feed.and_then(|f| f.quantity.as_ref()), layout.amounts),
    ];
    columns.extend(named.iter().flatten().map(String::as_str));
    if let Some(feed) = feed {
        columns.extend(feed.identity.iter().map(String::as_str));
        columns.extend(feed.fields());
    }
    let identity = feed.is_none_or(|feed| feed.identity.is_empty());
    if identity && layout.identity.len() == 1 {
        columns.push(layout.identity[0]);
    }
    header.require(columns)
}
