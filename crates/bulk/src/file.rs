//! The files, and what is asked for in them.

use comity_columnar::{ChunkReader, Columns, Picked, Want};
use comity_ingest::{Format, NAMES, Rows};

/// The columns with whole numbers and times, behind those with names.
const REST: [(&str, Want); 5] = [
    ("part", Want::Codes),
    ("start", Want::Seconds),
    ("end", Want::Seconds),
    ("level", Want::Decimal),
    ("quantity", Want::Decimal),
];

/// The columns that tell identities.
pub(crate) const IDENTITY: [(&str, Want); 2] = [("source", Want::Codes), ("id", Want::Texts)];

/// The columns that usage is made of, those of [`NAMES`] first.
pub(crate) fn usage() -> Vec<(&'static str, Want)> {
    NAMES.iter().map(|name| (*name, Want::Codes)).chain(REST).collect()
}

/// Where the bytes of a file are, which is opened once on each thread.
pub trait Open: Sync {
    /// What is read.
    type File: ChunkReader + 'static;

    /// Opens it.
    ///
    /// # Errors
    /// When it cannot be opened.
    fn open(&self) -> std::io::Result<Self::File>;
}

/// A file that [`suits`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkFile<O> {
    /// Its name, in messages and places.
    pub name: String,
    /// Its bytes.
    pub bytes: O,
    /// How many rows it has.
    pub rows: u64,
    /// The source of records that name none.
    pub source: Option<String>,
    /// The rows that are not taken from it, by their numbers.
    pub aside: Rows,
}

impl<O: Open> BulkFile<O> {
    pub(crate) fn columns(&self, wanted: &[(&str, Want)]) -> Result<Columns<O::File>, String> {
        let found = Columns::open(opened(&self.bytes)?, wanted).map_err(|it| it.to_string())?;
        found.ok_or_else(|| "its columns are of other types than they were".to_owned())
    }

    /// The source of records that name none, as reading row by row has it.
    #[must_use]
    pub fn default_source(&self) -> &str {
        self.source.as_deref().unwrap_or("usage")
    }
}

/// How many rows a file has, where it can be read column by column: our own columns, with those
/// that records need, each of the type that is asked for. Nothing where it cannot be opened or is
/// damaged, either: reading it row by row says so.
///
/// A file of records that were kept once, each with the place at which it stood first, is read row
/// by row.
pub fn suits<O: Open>(bytes: &O, format: Option<Format>) -> Option<u64> {
    let picked = Picked::open(bytes.open().ok()?, []).ok()??;
    let names: Vec<String> =
        picked.columns().iter().map(|name| name.trim().to_ascii_lowercase()).collect();
    let found = Format::of_columns(names.iter().map(String::as_str));
    if format.or(found) != Some(Format::Usage) {
        return None;
    }
    let has = |name: &str| names.iter().any(|it| it == name);
    let is_whole = ["id", "start", "end"].into_iter().all(has);
    let once = names.iter().enumerate().all(|(at, name)| !names[..at].contains(name));
    if !is_whole || !(has("quantity") || has("level")) || (has("file") && has("line")) || !once {
        return None;
    }
    let wanted: Vec<_> = IDENTITY.into_iter().chain(usage()).collect();
    let columns = Columns::open(bytes.open().ok()?, &wanted).ok()??;
    let rows = columns.rows_before(columns.groups());
    (rows > 0).then_some(rows)
}

pub(crate) fn opened<O: Open>(bytes: &O) -> Result<O::File, String> {
    bytes.open().map_err(|error| error.to_string())
}
