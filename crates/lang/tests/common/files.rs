//! The files of a deal's folder, as the command line reads them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use comity_lang::Source;

/// A folder of this crate, or beside it.
pub(crate) fn here(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// Every file of a deal, with paths inside its folder, in their order.
pub(crate) fn deal(folder: &str) -> Vec<Source> {
    let root = here(folder);
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&root).expect("it was found in there");
            Source { path: Arc::from(inside.display().to_string()), text: text(&path) }
        })
        .collect()
}

/// A file's text.
#[expect(clippy::disallowed_methods, reason = "tests read the files that they are about")]
pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is part of the project") {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if is_part(&path) {
            paths.push(path);
        }
    }
}

/// YAML, or a stored text in a folder `sources`.
fn is_part(path: &Path) -> bool {
    let has = |ending| path.extension().is_some_and(|found| found == ending);
    let in_sources = path.parent().and_then(Path::file_name).is_some_and(|name| name == "sources");
    has("yaml") || (in_sources && has("txt"))
}
