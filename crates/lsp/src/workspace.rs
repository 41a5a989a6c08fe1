//! The deals that an editor works on: files on disk, with what is open put in their place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use comity_lang::{Loaded, Source, read};

/// Where files come from.
pub trait Disk {
    /// The deal files directly in a folder, by path.
    fn in_folder(&self, folder: &Path) -> Vec<(PathBuf, String)>;
    /// The deal files in a folder and in all folders below it, by path.
    fn below(&self, folder: &Path) -> Vec<(PathBuf, String)>;
}

/// What is open, and the last state of each deal in which it was in order.
#[derive(Default)]
pub(crate) struct Workspace {
    pub(crate) open: BTreeMap<PathBuf, Open>,
    good: BTreeMap<PathBuf, Loaded>,
}

/// A file as the editor has it.
pub(crate) struct Open {
    pub(crate) text: String,
    pub(crate) version: i32,
}

impl Workspace {
    /// The folder of the deal that a file belongs to: the nearest that holds a deal file, or the
    /// file's own.
    pub(crate) fn root(&self, disk: &impl Disk, file: &Path) -> PathBuf {
        let holds_deal = |folder: &&Path| {
            let mut files: BTreeMap<PathBuf, String> = disk.in_folder(folder).into_iter().collect();
            for (path, open) in self.open.iter().filter(|(path, _)| path.parent() == Some(folder)) {
                files.insert(path.clone(), open.text.clone());
            }
            files.values().any(|text| is_deal(text))
        };
        let own = file.parent().unwrap_or(file);
        own.ancestors().find(holds_deal).unwrap_or(own).to_owned()
    }

    /// The files of a deal, in order of path.
    pub(crate) fn sources(&self, disk: &impl Disk, root: &Path) -> Vec<Source> {
        let mut files: BTreeMap<PathBuf, String> = disk.below(root).into_iter().collect();
        for (path, open) in self.open.iter().filter(|(path, _)| path.starts_with(root)) {
            files.insert(path.clone(), open.text.clone());
        }
        let source = |(path, text): (PathBuf, String)| {
            let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
            Source { path: Arc::from(path.to_string_lossy().into_owned()), text }
        };
        files.into_iter().map(source).collect()
    }

    /// The deal as it is, or as it was when it was last in order.
    pub(crate) fn loaded(&mut self, root: &Path, sources: &[Source]) -> Option<&Loaded> {
        if let Ok(loaded) = read(sources) {
            self.good.insert(root.to_owned(), loaded);
        }
        self.good.get(root)
    }
}

fn is_deal(text: &str) -> bool {
    let kind = |line: &str| line.strip_prefix("kind:").map(|word| word.trim().to_owned());
    text.lines().find_map(kind).is_some_and(|kind| kind == "deal")
}
