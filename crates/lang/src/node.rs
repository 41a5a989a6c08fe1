//! YAML as a tree that remembers where everything stands.
//!
//! Deal files use the plain part of YAML 1.2: mappings, lists and scalars. Anchors, aliases and
//! tags are refused, which also rules out documents that grow when they are read.

use granit_parser::{Event, Marker, Parser, ScalarStyle, Span as Mark};

use crate::diagnostic::{Diagnostic, Place, Source};

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
    },
    /// Nothing where a value should be.
    Empty,
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) text: String,
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
        if let Kind::Scalar { text } = &self.kind { Some(text) } else { None }
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

    /// What the node is, in a reader's words.
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Scalar { text } => format!("`{text}`"),
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
    let mut builder = Builder { source, diagnostics, stack: Vec::new(), root: None, nodes: 0 };
    for event in Parser::new_from_str(&source.text) {
        let proceed = match event {
            Ok((event, mark)) => builder.event(event, mark),
            Err(error) => {
                let place = at(source, *error.marker(), 1);
                let title = format!("this is not YAML: {}", error.info().to_lowercase());
                builder.report(Diagnostic::new(place, title).label("reading stopped here"));
                false
            }
        };
        if !proceed {
            return None;
        }
    }
    match builder.root.take() {
        Some(root) => Some(root),
        None => {
            let place = Place::new(source.path.clone(), 1, 1, 1);
            builder.report(
                Diagnostic::new(place, "the file is empty")
                    .help("start with `kind:` and one of `deal`, `parties`, `version`, `sites`, `rates`, `record`, `workload`"),
            );
            None
        }
    }
}

fn at(source: &Source, marker: Marker, length: usize) -> Place {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Place::new(
        source.path.clone(),
        number(marker.line().max(1)),
        number(marker.col() + 1),
        number(length.max(1)),
    )
}

/// A collection that is being read.
enum Open {
    List { place: Place, items: Vec<Node> },
    Map { place: Place, entries: Vec<(Key, Node)>, key: Option<Key> },
}

struct Builder<'a> {
    source: &'a Source,
    diagnostics: &'a mut Vec<Diagnostic>,
    stack: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
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
        let anchored = event.anchor_id().is_some() || event.is_alias();
        let tagged = event.tag().is_some();
        if anchored || tagged {
            let place = self.place(mark);
            let what = if tagged { "a tag" } else { "an anchor or alias" };
            self.report(
                Diagnostic::new(place, format!("{what} in a deal file"))
                    .help("write the value out where it is used: deal files are plain YAML"),
            );
            return false;
        }
        match event {
            Event::Scalar(text, style, ..) => {
                let place = self.place(mark);
                let empty = matches!(style, ScalarStyle::Plain)
                    && matches!(text.as_ref(), "" | "~" | "null");
                let kind =
                    if empty { Kind::Empty } else { Kind::Scalar { text: text.into_owned() } };
                self.scalar(Node { place, kind })
            }
            Event::SequenceStart(..) => {
                let place = self.place(mark);
                self.open(Open::List { place, items: Vec::new() })
            }
            Event::MappingStart(..) => {
                let place = self.place(mark);
                self.open(Open::Map { place, entries: Vec::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::DocumentStart(..) if self.root.is_some() => {
                let place = self.place(mark);
                self.report(
                    Diagnostic::new(place, "a second document in one file")
                        .help("give each document a file of its own"),
                );
                false
            }
            _ => true,
        }
    }

    fn place(&self, mark: Mark) -> Place {
        let length = if mark.start.line() == mark.end.line() {
            mark.end.col().saturating_sub(mark.start.col())
        } else {
            1
        };
        at(self.source, mark.start, length)
    }

    fn open(&mut self, open: Open) -> bool {
        let place = match &open {
            Open::List { place, .. } | Open::Map { place, .. } => place.clone(),
        };
        if let Some(Open::Map { key: None, .. }) = self.stack.last() {
            self.report(Diagnostic::new(place, "a key that is not a plain name"));
            return false;
        }
        if self.stack.len() >= DEPTH_MAX {
            let title = format!("nested more than {DEPTH_MAX} deep");
            self.report(Diagnostic::new(place, title));
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
        if let Some(Open::Map { key: key @ None, entries, .. }) = self.stack.last_mut() {
            let Kind::Scalar { text } = node.kind else {
                self.report(Diagnostic::new(node.place, "a key without a name"));
                return false;
            };
            if let Some((first, _)) = entries.iter().find(|(first, _)| first.text == text) {
                let diagnostic =
                    Diagnostic::new(node.place.clone(), format!("key `{text}` is there twice"))
                        .also(first.place.clone(), "first here");
                self.diagnostics.push(diagnostic);
            }
            *key = Some(Key { text, place: node.place });
            return true;
        }
        self.put(node)
    }

    fn put(&mut self, node: Node) -> bool {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            let title = format!("more than {NODES_MAX} values in one file");
            self.report(Diagnostic::new(node.place, title));
            return false;
        }
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => {
                let key = key.take().expect("a value follows its key");
                entries.push((key, node));
            }
        }
        true
    }
}
