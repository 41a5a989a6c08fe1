//! Deal files to checked terms, with a diagnostic for everything that is wrong in them, and the
//! JSON Schemas of the files.
//!
//! Takes the texts of files and gives values: reads no disk. The grammar stands in one place,
//! `grammar.rs`; files are checked by it, names resolved by it and schemas made from it.

mod decode;
mod diagnostic;
mod follows;
mod format;
mod grammar;
mod misread;
mod node;
mod outline;
mod problem;
mod quotation;
mod read;
mod schema;
mod shape;

pub use diagnostic::{Diagnostic, Place, Source, nearest};
pub use format::format;
pub use grammar::FileKind;
pub use outline::{Candidate, Outline, Role, Word, complete};
pub use read::{Loaded, explain, read, read_feeds};
pub use shape::Name;

/// The JSON Schema (draft 2020-12) of a kind of file, as text with a final line break.
#[must_use]
pub fn json_schema(kind: FileKind) -> String {
    let title = format!("Comity {} file", kind.name());
    let schema = schema::schema(&title, kind.about(), &kind.shape());
    format!("{schema:#}\n")
}
