//! Files of many million usage records in our own columns: which rows stand for themselves, what
//! those come to, and which are to be read one by one.
//!
//! ```text
//! files ──again──▶ rows whose identity may come again ─┐
//!   │                                                  ├─▶ one_by_one ─▶ Intake
//!   └─────fold───▶ rows that leave a doubt ────────────┘
//!          └─────▶ every other row: totals, and how many
//! ```
//!
//! Both ways together come to what [`read_rows`](comity_ingest::read_rows()) makes of all rows, which
//! a property test holds them to. Work is shared out by row groups to several threads; no result
//! depends on how many. A file that the columns cannot be read from is [`Broken`]: whoever asks
//! reads it row by row instead, which says what is wrong with it. Opens no file itself.

mod file;
mod fold;
mod identity;
mod share;

pub use file::{BulkFile, Open, suits};
pub use fold::{FileFold, Taken, each, fold, one_by_one};
pub use identity::again;

use thiserror::Error;

/// A file that cannot be read column by column.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{why}")]
pub struct Broken {
    /// Which of the files.
    pub file: usize,
    /// Why.
    pub why: String,
}
