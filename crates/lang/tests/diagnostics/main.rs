//! Every diagnostic as a reader sees it: what a small deal that is in order says when one part
//! of it is wrong.

#![expect(clippy::too_many_lines, reason = "a test lists its cases, each with what it shows")]

#[cfg(test)]
mod amendments;
#[path = "../common/files.rs"]
mod files;
#[cfg(test)]
mod fleet;
#[cfg(test)]
mod forms;
#[cfg(test)]
mod machines;
#[cfg(test)]
mod money;
#[cfg(test)]
mod names;
#[path = "../common/render.rs"]
mod render;
#[cfg(test)]
mod rights;
mod scheduling;
#[cfg(test)]
mod syntax;

use std::sync::Arc;

use comity_lang::{Source, read};
use expect_test::{Expect, expect};

use files::deal;
use render::render;

/// The smallest deal that has every kind of file and of term.
const MINIMAL: &str = "tests/deals/minimal";

/// A change to the files of the small deal.
enum Edit<'a> {
    /// In a file, the first place of a text becomes another.
    Put(&'a str, &'a str, &'a str),
    /// A file more.
    Add(&'a str, &'a str),
    /// A file less.
    Remove(&'a str),
}
use Edit::{Add, Put, Remove};

/// What reading the small deal reports after some edits.
fn check(edits: &[Edit<'_>], expected: Expect) {
    let mut sources = deal(MINIMAL);
    for edit in edits {
        match edit {
            Put(path, from, to) => {
                let source = sources.iter_mut().find(|source| *source.path == **path);
                let source = source.unwrap_or_else(|| panic!("no file `{path}`"));
                assert!(source.text.contains(from), "`{from}` is not in `{path}`");
                source.text = source.text.replacen(from, to, 1);
            }
            Add(path, text) => {
                sources.push(Source { path: Arc::from(*path), text: (*text).to_owned() });
            }
            Remove(path) => sources.retain(|source| *source.path != **path),
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    let text = match read(&sources) {
        Ok(_) => "in order\n".to_owned(),
        Err(found) => render(&sources, &found),
    };
    expected.assert_eq(&text);
}

#[test]
fn the_small_deal_is_in_order() {
    check(
        &[],
        expect![[r#"
        in order
    "#]],
    );
}
