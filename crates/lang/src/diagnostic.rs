//! What is wrong in a deal's files, where, and what was expected instead.

use std::cell::Cell;
use std::sync::Arc;

use comity_terms::Position;

/// A file of a deal: YAML, or by the name `.txt` a stored text that phrases are quoted from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its path inside the deal, with `/`.
    pub path: Arc<str>,
    /// Its text.
    pub text: String,
}

impl Source {
    /// Whether it is a stored text and not YAML.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.path.ends_with(".txt")
    }
}

/// A stretch of a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Where it begins.
    pub position: Position,
    /// How many characters it is long, at least 1.
    pub length: u32,
}

impl Place {
    pub(crate) fn new(file: Arc<str>, line: u32, column: u32, length: u32) -> Self {
        Self { position: Position { file, line, column }, length }
    }
}

/// One problem in a deal's files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Where it stands.
    pub place: Place,
    /// What is wrong, in one line.
    pub title: String,
    /// What stands at the place, where the title does not say.
    pub label: Option<String>,
    /// Other places that belong to it, each with what stands there.
    pub also: Vec<(Place, String)>,
    /// What was expected and how it can be mended.
    pub help: Vec<String>,
}

impl Diagnostic {
    pub(crate) fn new(place: Place, title: impl Into<String>) -> Self {
        Self { place, title: title.into(), label: None, also: Vec::new(), help: Vec::new() }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub(crate) fn also(mut self, place: Place, text: impl Into<String>) -> Self {
        self.also.push((place, text.into()));
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Names the nearest of the names that could be meant, or lists them where there are few.
    pub(crate) fn nearest<'a>(
        mut self,
        name: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let names: Vec<&str> = names.into_iter().collect();
        match nearest(name, names.iter().copied()) {
            Some(nearest) => self.help.push(format!("did you mean `{nearest}`?")),
            None if names.is_empty() => {}
            None if names.len() == 1 => self.help.push(format!("expected `{}`", names[0])),
            None if names.len() <= 18 => {
                let list: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                self.help.push(format!("expected one of {}", list.join(", ")));
            }
            None => self.help.push(format!("none of the {} known names is near it", names.len())),
        }
        self
    }
}

/// How many names may still be compared in search of what is meant.
///
/// A deal in which each of many names is wrong would else take time with the square of their
/// number; a reader of that many reports does not miss the suggestions of the later ones.
#[derive(Debug)]
pub(crate) struct Budget(Cell<usize>);

impl Default for Budget {
    fn default() -> Self {
        Self(Cell::new(500_000))
    }
}

impl Budget {
    /// Takes a number of comparisons; gives whether there were as many left.
    pub(crate) fn take(&self, comparisons: usize) -> bool {
        let left = self.0.get().checked_sub(comparisons);
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }
}

/// A text as it is shown inside of a message: on one line, without control characters, cut
/// where it is long.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut shown = String::new();
    for c in text.chars().take(SHOWN) {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// The name that is most likely meant, if any is near enough.
#[must_use]
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |other: &&str| strsim::damerau_levenshtein(name, other);
    let length = name.chars().count();
    let close = |other: &&str| {
        let other_length = other.chars().count();
        let limit = (length.max(other_length) / 3).max(1);
        // Texts are at least as far apart as their lengths: most names need no comparison.
        let may_be_close = length.abs_diff(other_length) <= limit;
        contains_either(name, other) || (may_be_close && distance(other) <= limit)
    };
    names.into_iter().filter(close).min_by_key(|other| (distance(other), *other))
}

fn contains_either(a: &str, b: &str) -> bool {
    a.len() >= 3 && b.len() >= 3 && (a.contains(b) || b.contains(a))
}
