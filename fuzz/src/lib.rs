//! What the fuzz targets share: bytes as the files of a deal.

use std::sync::Arc;

use comity_lang::Source;

/// A text as files, each behind a line `# file: its/path`; what stands before the first such line
/// is a file too.
pub fn files(text: &str) -> Vec<Source> {
    let mut sources: Vec<Source> = Vec::new();
    for line in text.split_inclusive('\n') {
        let path = line.strip_prefix("# file: ").map(str::trim);
        match (path, sources.last_mut()) {
            (Some(path), _) => sources.push(source(path)),
            (None, Some(last)) => last.text.push_str(line),
            (None, None) => {
                let mut first = source("first.yaml");
                first.text.push_str(line);
                sources.push(first);
            }
        }
    }
    // The command line gives them in the order of their paths, each once.
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    sources.dedup_by(|one, other| one.path == other.path);
    sources
}

fn source(path: &str) -> Source {
    Source { path: Arc::from(path), text: String::new() }
}
