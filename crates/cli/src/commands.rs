//! What each command does.

pub(crate) mod burn_down;
pub(crate) mod check;
pub(crate) mod diff;
pub(crate) mod format;
pub(crate) mod import;
pub(crate) mod lsp;
pub(crate) mod may;
pub(crate) mod price;
pub(crate) mod prove;
pub(crate) mod read;
pub(crate) mod replay;
pub(crate) mod schema;
pub(crate) mod settle;
pub(crate) mod trace;

/// What a command ends with: an exit status, or an error that is printed once.
pub(crate) type Outcome = Result<u8, Box<dyn std::error::Error>>;
