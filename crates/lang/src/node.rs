//! YAML as a tree that remembers where everything stands.
//!
//! Deal files use the plain part of YAML 1.2: mappings, lists and scalars. Anchors, aliases and
//! tags are refused, which also rules out documents that grow when they are read.

use std::cell::Cell;
use std::collections::BTreeMap;

use granit_parser::{Event, Marker, Parser, ScalarStyle, Span as Mark, options};

use crate::diagnostic::{Diagnostic, Place, Source, quoted};
use crate::grammar::FileKind;

/// The most nodes a file may have.
const NODES_MAX: usize = 2_000_000;
/// The deepest that nodes may lie in each other.
const DEPTH_MAX: usize = 64;

/// A part of a file.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Scalar {
        text: String,
        quotes: Quotes,
    },
    /// Nothing where a value should be.
    Empty,
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// Whether a text stands in quotes, or is written as a block of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quotes {
    There,
    None,
}

/// A key of a mapping.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) quotes: Quotes,
    pub(crate) place: Place,
}

impl Node {
    /// The value under a key of a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Kind::Map(entries) = &self.kind else { return None };
        entries.iter().find(|(found, _)| found.text == key).map(|(_, value)| value)
    }

    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Kind::Scalar { text, .. } = &self.kind { Some(text) } else { None }
    }

    /// The members of a list; a single value counts as a list of one.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            Kind::Scalar { .. } | Kind::Map(_) => std::slice::from_ref(self),
            Kind::Empty => &[],
        }
    }

    /// The entries of a mapping.
    pub(crate) fn entries(&self) -> &[(Key, Self)] {
        if let Kind::Map(entries) = &self.kind { entries } else { &[] }
    }

    /// Takes every text for one in quotes.
    pub(crate) fn quote(&mut self) {
        match &mut self.kind {
            Kind::Scalar { quotes, .. } => *quotes = Quotes::There,
            Kind::Empty => {}
            Kind::List(items) => items.iter_mut().for_each(Self::quote),
            Kind::Map(entries) => {
                for (key, value) in entries {
                    key.quotes = Quotes::There;
                    value.quote();
                }
            }
        }
    }

    /// Whether this part of the file, or one in it, begins at a place for which that holds.
    pub(crate) fn any_place(&self, holds: &impl Fn(&Place) -> bool) -> bool {
        holds(&self.place)
            || match &self.kind {
                Kind::Scalar { .. } | Kind::Empty => false,
                Kind::List(items) => items.iter().any(|item| item.any_place(holds)),
                Kind::Map(entries) => {
                    entries.iter().any(|(key, value)| holds(&key.place) || value.any_place(holds))
                }
            }
    }

    /// Adds every key and scalar in this part of the file.
    pub(crate) fn words<'a>(&'a self, words: &mut Vec<&'a str>) {
        match &self.kind {
            Kind::Scalar { text, .. } => words.push(text),
            Kind::Empty => {}
            Kind::List(items) => items.iter().for_each(|item| item.words(words)),
            Kind::Map(entries) => {
                for (key, value) in entries {
                    words.push(&key.text);
                    value.words(words);
                }
            }
        }
    }

    /// What the node is, in a reader's words.
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Scalar { text, .. } => format!("`{}`", quoted(text)),
            Kind::Empty => "nothing".to_owned(),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
        }
    }
}

/// Reads a file into a tree.
///
/// A key that is there twice is reported, and the first one kept; an error of syntax ends the
/// reading of the file.
pub(crate) fn parse(source: &Source, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let mut builder = Builder {
        lines: Lines::of(source),
        diagnostics,
        stack: Vec::new(),
        root: None,
        nodes: 0,
        refused: false,
    };
    let options = options! { emit_comments: false };
    for event in Parser::new_from_str_with_options(&source.text, options) {
        let proceed = match event {
            Ok((event, mark)) => builder.event(event, mark),
            Err(error) => {
                let place = builder.lines.place(*error.marker(), 1);
                let title = format!("this is not YAML: {}", error.info().to_lowercase());
                builder.report(Diagnostic::new(place, title).label("reading stopped here"));
                false
            }
        };
        if !proceed {
            return None;
        }
    }
    if builder.root.is_none() {
        let place = Place::new(source.path.clone(), 1, 1, 1);
        let kinds = FileKind::ALL.map(|kind| format!("`{}`", kind.name())).join(", ");
        builder.report(
            Diagnostic::new(place, "the file is empty")
                .help(format!("start with `kind:` and one of {kinds}")),
        );
    }
    builder.root.filter(|_| !builder.refused)
}

/// Where the lines of a file begin. A line ends with `\n`, as editors and excerpts count, also
/// where YAML sees a break in a lone `\r`.
struct Lines<'a> {
    source: &'a Source,
    starts: Vec<usize>,
    /// The byte and the column of the last place: marks come in order, so that the characters of
    /// a long line are counted once.
    last: Cell<(usize, usize)>,
}

impl<'a> Lines<'a> {
    fn of(source: &'a Source) -> Self {
        let breaks = source.text.match_indices('\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(breaks).collect();
        Self { source, starts, last: Cell::new((0, 0)) }
    }

    fn place(&self, marker: Marker, length: usize) -> Place {
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        let text = &self.source.text;
        let at = marker.byte_offset().unwrap_or(text.len()).min(text.len());
        let line = self.starts.partition_point(|&start| start <= at);
        let start = self.starts[line - 1];
        let (byte, column) = self.last.get();
        let (byte, column) = if (start..=at).contains(&byte) { (byte, column) } else { (start, 0) };
        let column = column + text.get(byte..at).map_or(0, |between| between.chars().count());
        self.last.set((at, column));
        Place::new(
            self.source.path.clone(),
            number(line),
            number(column + 1),
            number(length.max(1)),
        )
    }

    /// The place of what stands between two marks; one that goes over lines is marked at its
    /// first character.
    fn between(&self, mark: Mark) -> Place {
        let length = if mark.start.line() == mark.end.line() {
            mark.end.col().saturating_sub(mark.start.col())
        } else {
            1
        };
        self.place(mark.start, length)
    }
}

/// A collection that is being read.
enum Open {
    List {
        place: Place,
        items: Vec<Node>,
    },
    Map {
        place: Place,
        entries: Vec<(Key, Node)>,
        /// Where each key stands first.
        seen: BTreeMap<String, Place>,
        key: Option<OpenKey>,
    },
}

/// A key whose value comes next.
struct OpenKey {
    key: Key,
    /// Whether the mapping has that key already, so that its value is left out.
    again: bool,
}

struct Builder<'a> {
    lines: Lines<'a>,
    diagnostics: &'a mut Vec<Diagnostic>,
    stack: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    /// Whether the file has parts of YAML that deal files do without; reading goes on, so that
    /// all of them are reported, and gives no tree.
    refused: bool,
}

impl Builder<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Takes one event; gives whether to go on.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the parser may gain events; only those below carry values"
    )]
    fn event(&mut self, event: Event<'_>, mark: Mark) -> bool {
        let place = self.lines.between(mark);
        // An anchor or a tag does not keep the rest of the file from being read.
        let refused = if event.tag().is_some() {
            Some("a tag")
        } else if event.is_alias() {
            Some("an alias")
        } else {
            event.anchor_id().is_some().then_some("an anchor")
        };
        if let Some(what) = refused {
            self.refused = true;
            let place = mark.tag_start.map_or(place.clone(), |start| self.lines.place(start, 1));
            self.report(
                Diagnostic::new(place, format!("{what} in a deal file"))
                    .help("write the value out where it is used: deal files are plain YAML"),
            );
        }
        match event {
            Event::Alias(..) => self.scalar(Node {
                place,
                kind: Kind::Scalar { text: String::new(), quotes: Quotes::There },
            }),
            Event::Scalar(text, style, ..) => {
                let plain = matches!(style, ScalarStyle::Plain);
                let empty = plain && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL");
                let quotes = if plain { Quotes::None } else { Quotes::There };
                let kind = if empty {
                    Kind::Empty
                } else {
                    Kind::Scalar { text: text.into_owned(), quotes }
                };
                self.scalar(Node { place, kind })
            }
            Event::SequenceStart(..) => self.open(Open::List { place, items: Vec::new() }),
            Event::MappingStart(..) => self.open(Open::Map {
                place,
                entries: Vec::new(),
                seen: BTreeMap::new(),
                key: None,
            }),
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::DocumentStart(..) if self.root.is_some() => {
                self.report(
                    Diagnostic::new(place, "a second document in one file")
                        .help("give each document a file of its own"),
                );
                false
            }
            _ => true,
        }
    }

    fn open(&mut self, open: Open) -> bool {
        let place = match &open {
            Open::List { place, .. } | Open::Map { place, .. } => place.clone(),
        };
        if let Some(Open::Map { key: None, .. }) = self.stack.last() {
            self.report(
                Diagnostic::new(place, "a key that is not a plain name")
                    .help("a key is one word, followed by `:`"),
            );
            return false;
        }
        if self.stack.len() >= DEPTH_MAX {
            let title = format!("nested more than {DEPTH_MAX} deep");
            self.report(Diagnostic::new(place, title).label("reading stopped here"));
            return false;
        }
        self.stack.push(open);
        true
    }

    fn close(&mut self) -> bool {
        let node = match self.stack.pop() {
            Some(Open::List { place, items }) => Node { place, kind: Kind::List(items) },
            Some(Open::Map { place, entries, .. }) => Node { place, kind: Kind::Map(entries) },
            None => return true,
        };
        self.put(node)
    }

    fn scalar(&mut self, node: Node) -> bool {
        let Some(Open::Map { key: key @ None, seen, .. }) = self.stack.last_mut() else {
            return self.put(node);
        };
        let Kind::Scalar { text, quotes } = node.kind else {
            self.report(
                Diagnostic::new(node.place, "a key without a name")
                    .help("a key is one word, followed by `:`"),
            );
            return false;
        };
        let first = seen.get(&text).cloned();
        if let Some(first) = &first {
            let title = format!("key `{}` is there twice", quoted(&text));
            let diagnostic = Diagnostic::new(node.place.clone(), title)
                .also(first.clone(), "first here")
                .help("remove one of the two, or merge them");
            self.diagnostics.push(diagnostic);
        } else {
            seen.insert(text.clone(), node.place.clone());
        }
        *key =
            Some(OpenKey { key: Key { text, quotes, place: node.place }, again: first.is_some() });
        true
    }

    fn put(&mut self, node: Node) -> bool {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            let title = format!("more than {NODES_MAX} values in one file");
            self.report(Diagnostic::new(node.place, title).label("reading stopped here"));
            return false;
        }
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => {
                let OpenKey { key, again } = key.take().expect("a value follows its key");
                if !again {
                    entries.push((key, node));
                }
            }
        }
        true
    }
}
