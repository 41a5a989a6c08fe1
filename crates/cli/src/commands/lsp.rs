//! `comity lsp`: the language server, over standard input and output.

use std::path::{Path, PathBuf};

use comity_lang::Source;
use comity_lsp::{Disk, serve_stdio};

use crate::commands::Outcome;
use crate::load::{Depth, readable};
use crate::status;

/// The files on disk; what cannot be read is left out.
struct Files;

pub(crate) fn run() -> Outcome {
    serve_stdio(&Files)?;
    Ok(status::CLEAN)
}

impl Disk for Files {
    fn in_folder(&self, folder: &Path) -> Vec<(PathBuf, String)> {
        texts(readable(folder, Depth::Folder))
    }

    fn below(&self, folder: &Path) -> Vec<(PathBuf, String)> {
        texts(readable(folder, Depth::Below))
    }
}

fn texts(sources: Vec<Source>) -> Vec<(PathBuf, String)> {
    sources.into_iter().map(|source| (PathBuf::from(&*source.path), source.text)).collect()
}
