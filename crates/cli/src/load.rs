//! A deal's folder to its checked parts.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use comity_lang::{Diagnostic, Loaded, Source, read};
use thiserror::Error;

/// The largest file that is read as part of a deal, bytes.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Why a deal's folder could not be read.
#[derive(Debug, Error)]
pub(crate) enum LoadError {
    /// The folder is not there, or is no folder.
    #[error("`{}` is not a folder with a deal's files", .0.display())]
    NoFolder(PathBuf),
    /// There are no YAML files in it.
    #[error("no `.yaml` files in `{}`", .0.display())]
    NoFiles(PathBuf),
    /// A file could not be read.
    #[error("cannot read `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is too large.
    #[error("`{}` is larger than {FILE_BYTES_MAX} bytes", .0.display())]
    TooLarge(PathBuf),
    /// A file is not text.
    #[error("`{}` line {line} column {column}: not UTF-8 text", .path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
    },
    /// The files have problems.
    #[error("the deal has {}", counted(.diagnostics.len() + .unreadable.len(), "problem", "problems"))]
    Problems {
        /// Files that are not text, or could not be read, and why.
        unreadable: Vec<LoadError>,
        /// The files.
        sources: Vec<Source>,
        /// What is wrong in them.
        diagnostics: Vec<Diagnostic>,
    },
}

/// Reads and checks a deal's folder.
pub(crate) fn load(folder: &Path) -> Result<Loaded, LoadError> {
    load_with(folder, None)
}

/// Reads and checks a deal's folder with one file more.
pub(crate) fn load_with(folder: &Path, more: Option<Source>) -> Result<Loaded, LoadError> {
    let (mut sources, unreadable) = sources(folder)?;
    // A file that stands in the folder is not read twice.
    let same = |path: &str| fs::canonicalize(path).ok();
    if let Some(more) = more
        && !sources.iter().any(|source| same(&source.path) == same(&more.path))
    {
        sources.push(more);
    }
    let diagnostics = match read(&sources) {
        Ok(loaded) if unreadable.is_empty() => return Ok(loaded),
        Ok(_) => Vec::new(),
        Err(diagnostics) => diagnostics,
    };
    Err(LoadError::Problems { unreadable, sources, diagnostics })
}

/// A number with its noun.
pub(crate) fn counted(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// Every YAML file and stored text in the folder and the folders in it, in order of path, and those
/// that could not be read.
pub(crate) fn sources(folder: &Path) -> Result<(Vec<Source>, Vec<LoadError>), LoadError> {
    if !folder.is_dir() {
        return Err(LoadError::NoFolder(folder.to_owned()));
    }
    let mut paths = Vec::new();
    collect(folder, Depth::Below, &mut paths)?;
    if paths.is_empty() {
        return Err(LoadError::NoFiles(folder.to_owned()));
    }
    paths.sort();
    let (mut sources, mut unreadable) = (Vec::new(), Vec::new());
    for path in paths {
        match source(path) {
            Ok(source) => sources.push(source),
            Err(error) => unreadable.push(error),
        }
    }
    Ok((sources, unreadable))
}

/// How deep files are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// In the folder itself.
    Folder,
    /// In the folder and in those below it.
    Below,
}

/// The files of a deal in a folder that can be read.
pub(crate) fn readable(folder: &Path, depth: Depth) -> Vec<Source> {
    let mut paths = Vec::new();
    // What was found before a folder that cannot be read is still of use.
    let _ = collect(folder, depth, &mut paths);
    paths.sort();
    paths.into_iter().filter_map(|path| source(path).ok()).collect()
}

fn collect(folder: &Path, depth: Depth, paths: &mut Vec<PathBuf>) -> Result<(), LoadError> {
    let failed = |source| LoadError::Read { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        // A link to a folder is not followed, so that no circle is.
        if entry.file_type().map_err(failed)?.is_dir() {
            if !hidden && depth == Depth::Below {
                collect(&path, depth, paths)?;
            }
        } else if !hidden && is_part(&path) {
            paths.push(path);
        }
    }
    Ok(())
}

/// One file.
pub(crate) fn one(path: PathBuf) -> Result<Source, LoadError> {
    source(path)
}

/// Whether a file is a part of a deal: YAML, or a stored text in a folder `sources`.
fn is_part(path: &Path) -> bool {
    let has = |ending| path.extension().is_some_and(|found| found == ending);
    let in_sources = path.parent().and_then(Path::file_name).is_some_and(|name| name == "sources");
    has("yaml") || has("yml") || (in_sources && has("txt"))
}

fn source(path: PathBuf) -> Result<Source, LoadError> {
    let failed = |source| LoadError::Read { path: path.clone(), source };
    if fs::metadata(&path).map_err(failed)?.len() > FILE_BYTES_MAX {
        return Err(LoadError::TooLarge(path));
    }
    let bytes = fs::read(&path).map_err(failed)?;
    let text = text(&path, bytes)?;
    let shown = path.display().to_string().replace('\\', "/");
    Ok(Source { path: Arc::from(shown), text })
}

/// Bytes as text, without a byte-order mark.
pub(crate) fn text(path: &Path, bytes: Vec<u8>) -> Result<String, LoadError> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.iter().filter(|&&byte| byte == b'\n').count() + 1;
            let column = good.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
            Err(LoadError::NotText { path: path.to_owned(), line, column })
        }
    }
}
