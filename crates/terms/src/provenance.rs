//! Where a term comes from: the phrase it rests on, who said it, and where it stands in a file.

use std::fmt;
use std::sync::Arc;

use comity_base::Instant;

/// How well a fact is founded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Said by a party: a post, release or filing.
    Stated,
    /// Said by the press, from sources.
    Reported,
    /// Our arithmetic on what others said.
    Derived,
    /// Ours.
    Assumed,
}

impl Status {
    /// Every status with the name it has in deal files.
    pub const NAMED: [(&'static str, Self); 4] = [
        ("stated", Self::Stated),
        ("reported", Self::Reported),
        ("derived", Self::Derived),
        ("assumed", Self::Assumed),
    ];

    /// The name in deal files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::Reported => "reported",
            Self::Derived => "derived",
            Self::Assumed => "assumed",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a term rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The short phrase, in the words of the source or in ours.
    pub phrase: String,
    /// Who published it, and where.
    pub source: String,
    /// When it was published.
    pub date: Instant,
    /// How well it is founded.
    pub status: Status,
    /// What a reader should know besides.
    pub note: Option<String>,
}

/// Where something stands in the record: file, line and column, both from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The file's path inside the deal.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, in characters.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}
