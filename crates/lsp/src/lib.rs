//! The language server for deal files: diagnostics, completion, hover, definitions and
//! references, over the language server protocol.
//!
//! What stands where and what is wrong comes from `comity-lang`; this crate translates. It reads
//! no disk itself: files come through [`Disk`], and what an editor has open goes before them.

mod position;
mod server;
mod workspace;

pub use server::{ServeError, serve, serve_stdio};
pub use workspace::Disk;
