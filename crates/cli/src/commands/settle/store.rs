//! The folder that books are kept in.
//!
//! `periods.csv`, `journal.csv`, `accepted.csv`, `conflicts.csv` and `rejected.csv`; and in `kept`, with
//! `kept.csv` that lists them, the files that were read column by column, each with the rows that are not
//! taken from it. A run writes a whole new folder beside it and then puts it in its place, so that it
//! is never there by half.

use std::collections::BTreeMap;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use comity_base::Window;
use comity_ingest::{Format, How, Intake, Rows, read};
use comity_lang::Loaded;
use comity_settlement::{Books, Posted};

use super::books::{COLUMNS, entry};
use super::files::table;
use crate::records::{Kept, OnDisk, Records, no_longer_taken};
use crate::usage::{Failed, names};

/// Rows that were set aside, of all runs: the same row of a file once.
#[derive(Default)]
pub(super) struct Rejected(pub(super) BTreeMap<[String; 5], ()>);

impl Rejected {
    /// These and those of a new intake.
    pub(super) fn joined(mut self, intake: &Intake) -> Self {
        let mut text = Vec::new();
        if comity_ingest::write_rejected(intake, &mut text).is_ok() {
            self.take(&text);
        }
        self
    }

    fn take(&mut self, csv: &[u8]) {
        for row in csv::Reader::from_reader(csv).records().flatten() {
            let cell = |at| row.get(at).unwrap_or("").to_owned();
            self.0.insert([cell(0), cell(1), cell(2), cell(3), cell(4)], ());
        }
    }
}

/// What a folder of books holds; nothing for one that is new.
#[derive(Default)]
pub(super) struct Stored {
    pub(super) records: Records,
    pub(super) rejected: Rejected,
    pub(super) books: Books,
    /// The period that was settled last.
    pub(super) last: Option<Window>,
}

/// Whether a folder holds books.
pub(super) fn is_there(folder: &Path) -> bool {
    folder.join("periods.csv").is_file() || aside(folder, "old").join("periods.csv").is_file()
}

/// The folder beside another that a run writes to, or that it moved away.
pub(super) fn aside(folder: &Path, what: &str) -> PathBuf {
    let name = folder.file_name().map_or_else(String::new, |it| it.to_string_lossy().into_owned());
    folder.with_file_name(format!(".{name}.{what}"))
}

/// Reads the books of a folder. What a run that was cut short left is put right first.
pub(super) fn open(folder: &Path, loaded: &Loaded) -> Result<Stored, Failed> {
    let old = aside(folder, "old");
    if old.is_dir() && !folder.exists() {
        fs::rename(&old, folder).map_err(|error| failed("restore", &old, &error))?;
    }
    if !folder.exists() {
        return Ok(Stored::default());
    }
    if !is_there(folder) {
        let is_empty = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
        if is_empty {
            return Ok(Stored::default());
        }
        return Err(format!(
            "`{}` is there and holds no books: name a folder that is new or empty",
            folder.display()
        )
        .into());
    }
    let mut intake = Intake::default();
    for name in ["accepted.csv", "conflicts.csv"] {
        records(&folder.join(name), loaded, &mut intake)?;
    }
    let mut rejected = Rejected::default();
    let path = folder.join("rejected.csv");
    if path.is_file() {
        rejected.take(&fs::read(&path).map_err(|error| failed("read", &path, &error))?);
    }
    let (closed, last) = periods(&folder.join("periods.csv"))?;
    let posted = journal(&folder.join("journal.csv"))?;
    let books = Books::restore(closed, posted)?;
    let records = Records { intake, kept: kept(folder)? };
    Ok(Stored { records, rejected, books, last })
}

fn records(path: &Path, loaded: &Loaded, intake: &mut Intake) -> Result<(), Failed> {
    let file = fs::File::open(path).map_err(|error| failed("read", path, &error))?;
    let mut input = BufReader::new(file);
    let mut text = String::new();
    std::io::BufRead::read_line(&mut input, &mut text)
        .map_err(|error| failed("read", path, &error))?;
    let has_rows = std::io::BufRead::fill_buf(&mut input).is_ok_and(|rest| !rest.is_empty());
    if !has_rows {
        return Ok(());
    }
    let names = names(loaded);
    let how = How { feed: None, names: Some(&names), zone: None, source: None };
    let mut whole = std::io::Read::chain(text.as_bytes(), input);
    let mut whole = BufReader::new(&mut whole);
    let found = read(&path.display().to_string(), Some(Format::Usage), &mut whole, how)?;
    no_longer_taken(&path.display().to_string(), &found)?;
    intake.merge(found);
    Ok(())
}

/// The columns of `kept.csv`.
const KEPT: [&str; 4] = ["kept", "file", "rows", "source"];

/// The files that are kept as they are.
fn kept(folder: &Path) -> Result<Vec<Kept>, Failed> {
    let path = folder.join("kept.csv");
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let mut kept = Vec::new();
    let mut reader =
        csv::Reader::from_path(&path).map_err(|error| failed("read", &path, &error))?;
    for (index, row) in reader.records().enumerate() {
        let row = row.map_err(|error| failed("read", &path, &error))?;
        let cell = |at| row.get(at).unwrap_or("");
        let rows = cell(2).parse().map_err(|_| {
            let (path, line) = (path.display(), index + 2);
            format!(
                "`{path}`, line {line}: column `rows` holds `{}`, which cannot be read",
                cell(2)
            )
        })?;
        kept.push(Kept {
            name: cell(1).to_owned(),
            bytes: OnDisk(folder.join(cell(0))),
            rows,
            source: Some(cell(3).to_owned()),
            aside: rows_aside(&folder.join(cell(0)).with_extension("csv"))?,
        });
    }
    Ok(kept)
}

/// The rows of a kept file that are not taken from it.
fn rows_aside(path: &Path) -> Result<Rows, Failed> {
    let mut reader = csv::Reader::from_path(path).map_err(|error| failed("read", path, &error))?;
    let mut rows = Rows::default();
    for row in reader.deserialize() {
        let (row,): (u64,) = row.map_err(|error| failed("read", path, &error))?;
        rows.insert(row);
    }
    Ok(rows)
}

/// Writes the files that are kept as they are, and the list of them.
///
/// `books` is the folder that `folder` is put in the place of.
pub(super) fn write_kept(folder: &Path, books: &Path, kept: &[Kept]) -> Result<(), Failed> {
    if kept.is_empty() {
        return Ok(());
    }
    let inside = folder.join("kept");
    fs::create_dir_all(&inside).map_err(|error| failed("create", &inside, &error))?;
    let list = folder.join("kept.csv");
    table(&list, &KEPT, |out| {
        for (number, file) in (1..).zip(kept) {
            let name = format!("kept/{number}.parquet");
            out.write_record([&name, &file.name, &file.rows.to_string(), file.default_source()])?;
        }
        Ok(())
    })?;
    for (number, file) in (1..).zip(kept) {
        let (from, to) = (&file.bytes.0, inside.join(format!("{number}.parquet")));
        // What was kept before is the same file still; what is new may be written to by its owner.
        let is_ours = from.starts_with(books.join("kept"));
        if !is_ours || fs::hard_link(from, &to).is_err() {
            fs::copy(from, &to).map_err(|error| failed("copy", from, &error))?;
        }
        table(&to.with_extension("csv"), &["row"], |out| {
            file.aside.iter().try_for_each(|row| out.write_record([row.to_string()]))
        })?;
    }
    Ok(())
}

type Periods = (Vec<Window>, Option<Window>);

fn periods(path: &Path) -> Result<Periods, Failed> {
    let mut reader = csv::Reader::from_path(path).map_err(|error| failed("read", path, &error))?;
    let (mut closed, mut last) = (Vec::new(), None);
    for (index, row) in reader.records().enumerate() {
        let row = row.map_err(|error| failed("read", path, &error))?;
        let at = |place| comity_base::Instant::parse(row.get(place).unwrap_or(""));
        let window = at(0).and_then(|from| Window::new(from, at(1)?));
        let window =
            window.map_err(|error| format!("`{}`, line {}: {error}", path.display(), index + 2))?;
        if row.get(2) == Some("closed") {
            closed.push(window);
        }
        last = Some(window);
    }
    Ok((closed, last))
}

/// The entries of the closed periods.
fn journal(path: &Path) -> Result<Vec<Posted>, Failed> {
    let mut reader = csv::Reader::from_path(path).map_err(|error| failed("read", path, &error))?;
    let header = reader.headers().map_err(|error| failed("read", path, &error))?;
    if header.iter().ne(COLUMNS) {
        return Err(format!(
            "`{}`, line 1: expected the columns {}",
            path.display(),
            COLUMNS.join(", ")
        )
        .into());
    }
    let mut posted = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| failed("read", path, &error))?;
        let line = row.position().map_or(0, csv::Position::line);
        let (one, is_closed) =
            entry(&row).map_err(|error| format!("`{}`, line {line}: {error}", path.display()))?;
        if is_closed {
            posted.push(one);
        }
    }
    Ok(posted)
}

/// An error with what was tried on which path.
pub(super) fn failed(what: &str, path: &Path, error: &dyn std::fmt::Display) -> Failed {
    format!("cannot {what} `{}`: {error}", path.display()).into()
}
