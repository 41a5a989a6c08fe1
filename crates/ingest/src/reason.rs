//! Why a row is set aside, and why a whole file cannot be read.

use std::fmt;

use thiserror::Error;

use crate::format::Format;
use crate::text::shown;

/// Why a row is set aside: a sentence without the row, which stands beside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum Reason {
    /// Bytes that are no text.
    #[error("not UTF-8 text, from character {column} on")]
    NotText {
        /// The first character that is none, from 1.
        column: usize,
    },
    /// A quote without its end.
    #[error("a quote is left open")]
    OpenQuote,
    /// Another number of fields than the header has.
    #[error("{found} fields, where the header has {expected}")]
    Fields {
        /// How many there are.
        found: usize,
        /// How many the header has.
        expected: usize,
    },
    /// The header once more.
    #[error("the header is repeated")]
    HeaderAgain,
    /// Not JSON, or another thing than an object.
    #[error("not a JSON object: {0}")]
    Json(String),
    /// A key that is there twice.
    #[error("the key is there twice")]
    KeyTwice,
    /// Another version of CloudEvents.
    #[error("`{found}`, where `1.0` is expected")]
    SpecVersion {
        /// What it says.
        found: String,
    },
    /// Nothing where a value should be.
    #[error("nothing there")]
    Missing,
    /// No number in plain digits.
    #[error("`{0}` is not a number")]
    NotNumber(String),
    /// A number below zero.
    #[error("`{0}` is below zero")]
    Negative(String),
    /// Zero where something must have been used.
    #[error("nothing was used")]
    Zero,
    /// A number, or a number of base units, beyond 64 bits.
    #[error("`{0}` is more than 64 bits hold")]
    TooLarge(String),
    /// A part of a base unit, and no rounding named.
    #[error("`{text}` is not a whole number of {unit}: name a rounding with the feed's `round`")]
    TooFine {
        /// The number.
        text: String,
        /// The base unit.
        unit: &'static str,
    },
    /// A level of a part of a base unit.
    #[error("`{text}` is not a whole number of {unit}")]
    LevelTooFine {
        /// The number.
        text: String,
        /// What is held at a level of one.
        unit: &'static str,
    },
    /// Two figures of a row that do not go together.
    #[error("`{found}` does not agree with {expected}")]
    Disagrees {
        /// What it says.
        found: String,
        /// What the rest of the row comes to.
        expected: String,
    },
    /// No date or time.
    #[error("`{0}` is not a time such as `2025-02-01T09:00:00Z`")]
    NotTime(String),
    /// A time without a zone, and none was said.
    #[error("`{0}` is in no time zone: say which with `--zone` or the feed's `zone`")]
    NoZone(String),
    /// A time that the clocks skipped, when they were set forward.
    #[error("`{text}` did not exist in {zone}: the clocks were set forward")]
    Skipped {
        /// The time.
        text: String,
        /// The zone.
        zone: String,
    },
    /// A time that was there twice.
    #[error(
        "`{text}` was there twice in {zone}, when the clocks were set back, and no `ElapsedRaw` says which is meant"
    )]
    Twice {
        /// The time.
        text: String,
        /// The zone.
        zone: String,
    },
    /// Times with and without a zone in one row.
    #[error("`{found}` beside `{other}`: mixed time zones")]
    MixedZones {
        /// One time.
        found: String,
        /// The other.
        other: String,
    },
    /// A period that holds no instant.
    #[error("it ends at {end}, not after its start at {start}")]
    Backwards {
        /// The start.
        start: String,
        /// The end.
        end: String,
    },
    /// A name that the deal, or the feed, does not have.
    #[error("unknown {what} `{name}`{}", meant(.nearest))]
    Unknown {
        /// What it should name.
        what: &'static str,
        /// What it says.
        name: String,
        /// What is most likely meant.
        nearest: Option<String>,
    },
    /// A text that cannot be an id.
    #[error("`{0}` is not an id: lower-case letters, digits, `-` and `.`; a feed can name it")]
    NotId(String),
    /// A unit of another meter.
    #[error("`{unit}` does not measure {meter}")]
    UnitOfAnother {
        /// The unit.
        unit: String,
        /// The meter.
        meter: &'static str,
    },
    /// Nothing says which of several it is.
    #[error("nothing says the {0}: the feed must name it")]
    Unsaid(&'static str),
    /// Not a list of nodes.
    #[error("`{0}` is not a list of nodes such as `gpu[01-04,07]`")]
    NodeList(String),
    /// Another number of nodes than was allocated.
    #[error("{listed} nodes are listed, and {allocated} allocated")]
    NodeCount {
        /// In the list.
        listed: usize,
        /// By `AllocTRES`.
        allocated: u64,
    },
    /// More GPUs than the nodes have.
    #[error("{held} GPUs on nodes that have {have}")]
    TooManyGpus {
        /// How many the job holds.
        held: u64,
        /// How many the nodes have.
        have: u64,
    },
    /// A job without its end.
    #[error("the job is still running")]
    Running,
    /// One part of a record without the others.
    #[error("only {found} of the record's {expected} parts are there")]
    Part {
        /// How many are there.
        found: usize,
        /// How many it has.
        expected: usize,
    },
}

impl Reason {
    /// The reason without what is particular to the row, by which rows are counted.
    #[must_use]
    pub fn group(&self) -> String {
        match self {
            Self::NotText { .. } => "not UTF-8 text".to_owned(),
            Self::Fields { .. } => "another number of fields than the header".to_owned(),
            Self::Json(_) => "not a JSON object".to_owned(),
            Self::SpecVersion { .. } => "not CloudEvents 1.0".to_owned(),
            Self::NotNumber(_) => "not a number".to_owned(),
            Self::Negative(_) => "below zero".to_owned(),
            Self::TooLarge(_) => "more than 64 bits hold".to_owned(),
            Self::TooFine { unit, .. } | Self::LevelTooFine { unit, .. } => {
                format!("not a whole number of {unit}")
            }
            Self::Disagrees { .. } => "figures that do not agree".to_owned(),
            Self::NotTime(_) => "not a time".to_owned(),
            Self::NoZone(_) => "in no time zone".to_owned(),
            Self::Skipped { .. } => "a time that did not exist".to_owned(),
            Self::Twice { .. } => "a time that was there twice".to_owned(),
            Self::MixedZones { .. } => "mixed time zones".to_owned(),
            Self::Backwards { .. } => "it does not end after its start".to_owned(),
            Self::Unknown { what, .. } => format!("unknown {what}"),
            Self::NotId(_) => "not an id".to_owned(),
            Self::UnitOfAnother { .. } => "a unit of another meter".to_owned(),
            Self::NodeList(_) => "not a list of nodes".to_owned(),
            Self::NodeCount { .. } => "another number of nodes than allocated".to_owned(),
            Self::TooManyGpus { .. } => "more GPUs than the nodes have".to_owned(),
            Self::Part { .. } => "a record without all of its parts".to_owned(),
            Self::OpenQuote
            | Self::HeaderAgain
            | Self::KeyTwice
            | Self::Missing
            | Self::Zero
            | Self::Unsaid(_)
            | Self::Running => self.to_string(),
        }
    }
}

fn meant(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!(": did you mean `{name}`?")).unwrap_or_default()
}

/// A reason with the column that it is about, where there is one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wrong {
    /// The column or field.
    pub column: Option<String>,
    /// What is wrong with it.
    pub reason: Reason,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(column) = &self.column {
            write!(f, "`{}`: ", shown(column))?;
        }
        write!(f, "{}", self.reason)
    }
}

impl Wrong {
    pub(crate) fn row(reason: Reason) -> Self {
        Self { column: None, reason }
    }

    pub(crate) fn at(column: &str, reason: Reason) -> Self {
        Self { column: Some(column.to_owned()), reason }
    }
}

/// Why a whole file cannot be read.
#[derive(Debug, Error)]
pub enum FileError {
    /// There is no row in it.
    #[error("`{file}` is empty")]
    Empty {
        /// The file.
        file: String,
    },
    /// There is a header in it and nothing below.
    #[error("`{file}` has a header and no rows")]
    NoRows {
        /// The file.
        file: String,
    },
    /// The first line begins no known format.
    #[error("`{file}` line {line}: begins no known format: `{text}`")]
    Unknown {
        /// The file.
        file: String,
        /// The first line with content.
        line: u64,
        /// What stands there.
        text: String,
    },
    /// Its fields are separated by another character.
    #[error(
        "`{file}` line {line}: the fields of the header are separated by `{found}`, where {format} has `{expected}`"
    )]
    Delimiter {
        /// The file.
        file: String,
        /// The line of the header.
        line: u64,
        /// The format.
        format: Format,
        /// What separates them.
        found: char,
        /// What should.
        expected: char,
    },
    /// The header lacks columns.
    #[error("`{file}` line {line}: the header has no {}; it has {}", list(.missing), list(.found))]
    MissingColumns {
        /// The file.
        file: String,
        /// The line of the header.
        line: u64,
        /// The columns that it lacks.
        missing: Vec<String>,
        /// Those that it has.
        found: Vec<String>,
    },
    /// A column is there twice.
    #[error("`{file}` line {line}: column `{column}` is there twice")]
    ColumnTwice {
        /// The file.
        file: String,
        /// The line of the header.
        line: u64,
        /// The column.
        column: String,
    },
    /// The header is not text, or a quote in it is left open.
    #[error("`{file}` line {line}: {reason}")]
    Header {
        /// The file.
        file: String,
        /// The line of the header.
        line: u64,
        /// What is wrong.
        reason: Reason,
    },
    /// Times without a zone.
    #[error(
        "`{file}` line {line}: the times of a `sacct` dump are in no time zone: say which with `--zone`, such as `--zone Europe/Helsinki` or `--zone UTC`"
    )]
    NoZone {
        /// The file.
        file: String,
        /// The line of the header.
        line: u64,
    },
    /// The feed is for another format.
    #[error("`{file}` is {found}, and the feed `{feed}` is for {expected}")]
    OtherFormat {
        /// The file.
        file: String,
        /// What the file is.
        found: Format,
        /// The feed.
        feed: String,
        /// What the feed is for.
        expected: Format,
    },
    /// The file could not be read to its end.
    #[error("`{file}` cannot be read: {why}")]
    Broken {
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
}

fn list(names: &[String]) -> String {
    const NAMES_MAX: usize = 12;
    let quoted: Vec<String> =
        names.iter().take(NAMES_MAX).map(|name| format!("`{}`", shown(name))).collect();
    let more = if names.len() > NAMES_MAX { ", …" } else { "" };
    quoted.join(", ") + more
}
