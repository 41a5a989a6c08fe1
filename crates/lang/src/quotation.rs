//! Phrases that stand word for word in stored texts.
//!
//! A `basis` that names a `text` quotes it: every word of its phrase stands there in that order.
//! Runs of space count as one space, and quotation marks and apostrophes of all shapes as one
//! shape; `…` or `...` leaves something out. A phrase begins and ends at the edges of words.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Diagnostic, Place, Source, nearest, quoted};
use crate::node::{Kind, Node};
use crate::shape::{Name, Names};

/// The longest stored text, bytes: what a contract takes, so that all phrases can be looked for.
const TEXT_BYTES_MAX: usize = 2 << 20;
/// How many pairs of words are compared in search of nearest passages, for one deal.
const COMPARED_MAX: usize = 40_000_000;

/// A stored text, folded for comparison.
struct Text<'a> {
    source: &'a Source,
    folded: Folded,
}

struct Folded {
    text: String,
    /// For each word, where it begins in the folded text and in the original.
    words: Vec<(usize, usize)>,
}

/// Checks every phrase that names a stored text, and that each of these is there and is quoted.
pub(crate) fn check<'a>(
    files: impl Iterator<Item = &'a Node> + Clone,
    sources: &[Source],
    names: &Names,
    out: &mut Vec<Diagnostic>,
) {
    let stored: BTreeMap<&str, &Source> = sources
        .iter()
        .filter(|source| source.is_text())
        .map(|source| (&*source.path, source))
        .collect();
    let mut quoted = Vec::new();
    files.clone().for_each(|file| quotations(file, &mut quoted));
    // It may be quoted by a file that could not be read, or where its id is misspelt.
    let unknown = |text: &Node| text.text().is_some_and(|it| !names.contains(Name::Source, it));
    let unsure = names.may_miss(Name::Term, "") || quoted.iter().any(|(_, text)| unknown(text));
    let (mut texts, mut listed) = (BTreeMap::new(), BTreeSet::new());
    for (key, body) in files.filter_map(|file| file.get("sources")).flat_map(Node::entries) {
        // What is not in the form of a source was reported.
        let Some((node, file)) = body.get("file").and_then(|node| Some((node, node.text()?)))
        else {
            continue;
        };
        let path = beside(&key.place.position.file, file);
        if let Some(source) = stored.get(path.as_str()) {
            listed.insert(path);
            if source.text.len() > TEXT_BYTES_MAX {
                out.push(too_long(node, file));
            } else {
                let folded = fold(&source.text);
                texts.entry(key.text.as_str()).or_insert(Text { source, folded });
            }
        } else {
            out.push(missing(node, file, &path, stored.keys().copied()));
        }
        if !unsure && !quoted.iter().any(|(_, text)| text.text() == Some(&key.text)) {
            let title = format!("no basis quotes the text `{}`", key.text);
            out.push(
                Diagnostic::new(key.place.clone(), title)
                    .help("name it under a `basis`, as `text: <its id>`, or remove it here"),
            );
        }
    }
    for (path, source) in &stored {
        if !listed.contains(*path) && !names.may_miss(Name::Source, "") {
            let title = "no file of kind `sources` lists this text";
            out.push(
                Diagnostic::new(Place::new(source.path.clone(), 1, 1, 1), title)
                    .help("list it by its path, under `file:`, or remove it"),
            );
        }
    }
    let left = Cell::new(COMPARED_MAX);
    for (phrase, text) in quoted {
        if let Some(text) = text.text().and_then(|text| texts.get(text)) {
            out.extend(text.check(phrase, &left));
        }
    }
}

/// Adds every phrase in a part of a file that names a text, with that name.
fn quotations<'a>(node: &'a Node, found: &mut Vec<(&'a Node, &'a Node)>) {
    match &node.kind {
        Kind::Scalar { .. } | Kind::Empty => {}
        Kind::List(items) => items.iter().for_each(|item| quotations(item, found)),
        Kind::Map(entries) => {
            if let (Some(phrase), Some(text)) = (node.get("phrase"), node.get("text")) {
                found.push((phrase, text));
            }
            entries.iter().for_each(|(_, value)| quotations(value, found));
        }
    }
}

/// A path from the folder of a file, without `.` and `..`.
fn beside(file: &str, path: &str) -> String {
    let folder = file.rsplit_once('/').map(|(folder, _)| folder);
    let mut parts: Vec<&str> = folder.map(|it| it.split('/').collect()).unwrap_or_default();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn missing<'a>(
    node: &Node,
    file: &str,
    path: &str,
    stored: impl Iterator<Item = &'a str>,
) -> Diagnostic {
    let title = format!("no stored text `{}`", quoted(file));
    let found = Diagnostic::new(node.place.clone(), title);
    match nearest(path, stored) {
        Some(nearest) => found.help(format!("did you mean `{nearest}`?")),
        None => found.help(
            "a text is a file with the ending `.txt` in a folder `sources` of the deal, in UTF-8",
        ),
    }
}

fn too_long(node: &Node, file: &str) -> Diagnostic {
    let title = format!("the stored text `{}` is longer than {TEXT_BYTES_MAX} bytes", quoted(file));
    Diagnostic::new(node.place.clone(), title).help("store the part of it that is quoted")
}

/// A text with its space and its quotation marks made alike.
fn fold(text: &str) -> Folded {
    let mut folded = Folded { text: String::with_capacity(text.len()), words: Vec::new() };
    let mut space = true;
    for (at, c) in text.char_indices() {
        if c.is_whitespace() {
            space = true;
            continue;
        }
        if space {
            if !folded.text.is_empty() {
                folded.text.push(' ');
            }
            folded.words.push((folded.text.len(), at));
            space = false;
        }
        folded.text.push(match c {
            '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{2039}' | '\u{203a}' => '\'',
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{ab}' | '\u{bb}' => '"',
            c => c,
        });
    }
    folded
}

impl Folded {
    fn word(&self, index: usize) -> &str {
        let end = self.words.get(index + 1).map_or(self.text.len(), |(next, _)| next - 1);
        &self.text[self.words[index].0..end]
    }

    /// Where a part begins and ends at or behind a byte, at the edges of words.
    fn find(&self, part: &str, from: usize) -> Option<(usize, usize)> {
        let inner = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let (first, last) = (part.chars().next(), part.chars().next_back());
        self.text[from..].match_indices(part).map(|(at, _)| from + at).find_map(|at| {
            let end = at + part.len();
            let before = self.text[..at].chars().next_back();
            let after = self.text[end..].chars().next();
            let split = (inner(first) && inner(before)) || (inner(last) && inner(after));
            (!split).then_some((at, end))
        })
    }
}

impl Text<'_> {
    /// What is wrong with a phrase that is to stand here.
    fn check(&self, phrase: &Node, left: &Cell<usize>) -> Option<Diagnostic> {
        let folded = fold(&phrase.text()?.replace('\u{2026}', "..."));
        let parts: Vec<&str> =
            folded.text.split("...").map(str::trim).filter(|part| !part.is_empty()).collect();
        let path = &self.source.path;
        if parts.is_empty() {
            let title = "the phrase leaves everything out";
            return Some(Diagnostic::new(phrase.place.clone(), title));
        }
        let mut from = 0;
        for part in parts {
            if let Some((_, end)) = self.folded.find(part, from) {
                from = end;
                continue;
            }
            let early = self.folded.find(part, 0);
            let mut found = Diagnostic::new(
                phrase.place.clone(),
                format!("the phrase does not stand in `{path}`"),
            )
            .label(format!("not found: `{}`", quoted(part)));
            if let Some((at, end)) = early {
                return Some(
                    found
                        .also(self.place(at, end), "stands here, before the part in front of it")
                        .help("give the parts of a phrase in the order of the text"),
                );
            }
            if let Some((at, end)) = self.nearest(part, left) {
                let passage = quoted(&self.folded.text[at..end]);
                found = found
                    .also(self.place(at, end), "the nearest passage")
                    .help(format!("did you mean `{passage}`?"));
            }
            return Some(found.help(
                "a phrase that names a `text` is quoted word for word; `…` leaves something out",
            ));
        }
        None
    }

    /// The passage that takes the fewest words put in, left out or changed to become a part, if
    /// that is fewer than half of them: Sellers' algorithm over words.
    fn nearest(&self, part: &str, left: &Cell<usize>) -> Option<(usize, usize)> {
        let wanted: Vec<String> = part.split(' ').map(bare).collect();
        let count = self.folded.words.len();
        // Folding a word costs about as much as comparing it with so many.
        let work = (wanted.len() + 32).checked_mul(count)?;
        left.set(left.get().checked_sub(work)?);
        // For each number of wanted words: the cost, and the word at which the passage begins.
        let mut row: Vec<(usize, usize)> = (0..=wanted.len()).map(|cost| (cost, 0)).collect();
        let mut best: Option<(usize, usize, usize)> = None;
        for index in 0..count {
            let word = bare(self.folded.word(index));
            let mut diagonal = row[0];
            row[0] = (0, index + 1);
            for (at, wanted) in wanted.iter().enumerate() {
                let changed = (diagonal.0 + usize::from(word != *wanted), diagonal.1);
                let left_out = (row[at].0 + 1, row[at].1);
                let put_in = (row[at + 1].0 + 1, row[at + 1].1);
                diagonal = row[at + 1];
                row[at + 1] = changed.min(left_out).min(put_in);
            }
            let (cost, start) = row[wanted.len()];
            if start <= index && best.is_none_or(|(least, _, _)| cost < least) {
                best = Some((cost, start, index));
            }
        }
        let (_, start, end) = best.filter(|(cost, _, _)| cost * 2 < wanted.len())?;
        let (from, to) = (self.folded.words[start].0, self.folded.words[end].0);
        let last = self.folded.word(end);
        let bare = last.trim_end_matches(|c: char| !c.is_alphanumeric());
        Some((from, to + if bare.is_empty() { last.len() } else { bare.len() }))
    }

    /// Where a stretch of the folded text stands in the file: as much of it as is on one line.
    fn place(&self, at: usize, end: usize) -> Place {
        let text = &self.source.text;
        let word = self.folded.words.partition_point(|(begin, _)| *begin <= at).saturating_sub(1);
        let (folded, original) = self.folded.words[word];
        // Folding keeps the number of characters of a word.
        let inside = self.folded.text[folded..at].chars().count();
        let skip = |from: usize, chars: usize| {
            text[from..].char_indices().nth(chars).map_or(text.len(), |(byte, _)| from + byte)
        };
        let start = skip(original, inside);
        let line = text[..start].rfind('\n').map_or(0, |end| end + 1);
        let rest = text[start..].lines().next().unwrap_or("").trim_end().chars().count();
        let length = self.folded.text[at..end].chars().count().min(rest).max(1);
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Place::new(
            self.source.path.clone(),
            number(text[..start].matches('\n').count() + 1),
            number(text[line..start].chars().count() + 1),
            number(length),
        )
    }
}

/// A word without capitals and what stands around it.
fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}
