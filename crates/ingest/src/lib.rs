//! Usage records as others write them, to checked usage with an identity each.
//!
//! ```text
//! CloudEvents ─┐
//! sacct ───────┤  feed: whose names     Intake: by (source, id)
//! FOCUS ───────┼─▶ mean what ─────────▶ accepted · repeated · conflicting · rejected
//! our columns ─┘
//! ```
//!
//! [`read`] takes a text and [`read_rows`] a table that was taken apart elsewhere; both give an
//! [`Intake`]. What one file holds is [merged](Gathered::merge) with what another does: in any
//! order and any batching the result is the same, as far as parts of one record stand in one
//! file. [`Gathered::account`] says what became of everything; its parts add up to what was read,
//! which is asserted. [`Intake::usage`](Gathered::usage) gives what settlement takes, each use
//! with its identity, file and line; [`write_accepted`] keeps it, and [`read`] takes it again.
//!
//! Of files with many million rows of our own columns, [`UsageFold`] makes totals without a record
//! for each; [`Prints`] finds the identities that come again.
//!
//! Exact: a quantity is a whole number of base units, from its digits, never through a floating
//! point number. Reads no disk and no clock: it is handed readers. Knows no price and no term.

mod build;
mod cloudevents;
mod columns;
mod feed;
mod format;
mod hostlist;
mod intake;
mod json;
mod layout;
mod matrix;
mod number;
mod prints;
mod read;
mod reason;
mod record;
mod rows;
mod sacct;
mod spread;
mod store;
mod table;
mod text;
mod time;
mod unit;

pub use columns::{
    Folded, Listed, NAMES, NameColumn, Numbers, TakeIn, Uncounted, UsageColumns, UsageFold,
};
pub use feed::{Feed, How, Names, Naming, NodeGroup};
pub use format::Format;
pub use hostlist::nodes;
pub use intake::{Account, Content, Gathered, Identity, Place, Rejected, Tally};
pub use json::{JsonObject, KeyTwice, json_text};
pub use matrix::{By, Held, Jobs, Matrix, Owned, Owners, OwnersRead, jobs, matrix, owners};
pub use prints::{Prints, print};
pub use read::{read, read_rows};
pub use reason::{FileError, Reason, Wrong};
pub use record::{Accepted, Intake, Part, Uses};
pub use rows::Rows;
pub use store::{AcceptedWriter, COLUMNS, write_accepted, write_conflicts, write_rejected};
pub use text::shown;
pub use time::Zone;
pub use unit::Unit;
