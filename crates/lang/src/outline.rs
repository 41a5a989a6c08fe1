//! What stands where in a deal's files: names with their definitions and uses, keys with what
//! they mean, and what could be written at a place.
//!
//! For editors. Files need not be in order; what cannot be read is left out.

use std::collections::BTreeSet;
use std::sync::Arc;

use comity_terms::Position;

use crate::diagnostic::{Place, Source};
use crate::grammar::FileKind;
use crate::node::{Key, Kind, Node, parse};
use crate::shape::{Field, Format, Name, Shape};

/// Every word of a deal's files that the grammar knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// The words, in the order of the files.
    pub words: Vec<Word>,
}

/// A key, a name or a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Where it stands.
    pub place: Place,
    /// Its text.
    pub text: String,
    /// What it is there for.
    pub role: Role,
}

/// What a word is there for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// A key of the grammar.
    Key {
        /// What is said under it.
        about: &'static str,
    },
    /// A name that is defined here.
    Define {
        /// The kind of name.
        name: Name,
        /// What the file says of it in words, where it does.
        about: Option<String>,
    },
    /// A name that is used here.
    Refer(Name),
    /// An id or a text: something that is a string whatever it looks like.
    Text,
    /// Any other value.
    Value,
}

/// Something that could be written at a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// What it is called.
    pub text: String,
    /// What to write: the same, or with the quotes in which an id stands.
    pub insert: String,
    /// What it means.
    pub about: String,
    /// Whether it is a key, with a `:` behind it.
    pub key: bool,
}

impl Candidate {
    fn new(text: &str, about: String) -> Self {
        Self { text: text.to_owned(), insert: text.to_owned(), about, key: false }
    }
}

impl Outline {
    /// What stands in the files; one that is not YAML is left out.
    #[must_use]
    pub fn of(sources: &[Source]) -> Self {
        let mut outline = Self::default();
        for source in sources.iter().filter(|source| !source.is_text()) {
            let Some(node) = parse(source, &mut Vec::new()) else { continue };
            if let Some(kind) = kind(&node) {
                outline.walk(&node, &kind.shape());
            }
        }
        outline
    }

    /// The word at a position, or that ends there.
    #[must_use]
    pub fn at(&self, position: &Position) -> Option<&Word> {
        self.words.iter().find(|word| {
            let Place { position: start, length } = &word.place;
            let columns = start.column..=start.column.saturating_add(*length);
            start.file == position.file
                && start.line == position.line
                && columns.contains(&position.column)
        })
    }

    /// Where the name of a word is defined: nowhere, or once in a deal that is in order.
    pub fn definitions<'a>(&'a self, word: &'a Word) -> impl Iterator<Item = &'a Word> {
        self.words.iter().filter(move |other| match (&other.role, named(word)) {
            (Role::Define { name, .. }, Some(wanted)) => {
                other.text == word.text && alike(*name, wanted)
            }
            _ => false,
        })
    }

    /// Where the name of a word is used, without where it is defined.
    pub fn references<'a>(&'a self, word: &'a Word) -> impl Iterator<Item = &'a Word> {
        self.words.iter().filter(move |other| match (&other.role, named(word)) {
            (Role::Refer(name), Some(wanted)) => other.text == word.text && alike(*name, wanted),
            _ => false,
        })
    }

    fn put(&mut self, place: &Place, text: &str, role: Role) {
        self.words.push(Word { place: place.clone(), text: text.to_owned(), role });
    }

    fn scalar(&mut self, node: &Node, format: Format) {
        if let Some(text) = node.text() {
            self.put(&node.place, text, role(format, None));
        }
    }

    fn walk(&mut self, node: &Node, shape: &Shape) {
        match shape {
            Shape::Scalar(format) | Shape::OneOrMany(format) => {
                node.items().iter().for_each(|item| self.scalar(item, *format));
            }
            Shape::List(inner) => {
                if let Kind::List(items) = &node.kind {
                    items.iter().for_each(|item| self.walk(item, inner));
                }
            }
            Shape::Map(fields) | Shape::Choice(fields) => {
                for (key, value) in node.entries() {
                    if let Some(field) = field(fields, &key.text) {
                        self.put(&key.place, &key.text, Role::Key { about: field.about });
                        self.walk(value, &field.shape);
                    }
                }
            }
            Shape::Each(format, inner) => {
                for (key, value) in node.entries() {
                    self.put(&key.place, &key.text, role(*format, in_words(value)));
                    self.walk(value, inner);
                }
            }
            Shape::Parties => {
                if node.text() == Some("any") {
                    return self.put(&node.place, "any", Role::Value);
                }
                let inner = node.get("all-but").unwrap_or(node);
                self.walk(inner, &Shape::OneOrMany(Format::Refer(Name::Party)));
            }
        }
    }
}

/// What could be written at a position, by the grammar and the names of the deal.
///
/// The file need not be in order there: what is half written is completed in several ways, and
/// the first that gives YAML is taken.
#[must_use]
pub fn complete(sources: &[Source], position: &Position) -> Vec<Candidate> {
    let Some(index) = sources.iter().position(|source| source.path == position.file) else {
        return Vec::new();
    };
    let text = &sources[index].text;
    let at = offset(text, position);
    let part = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let start = at - text[..at].chars().rev().take_while(part).map(char::len_utf8).sum::<usize>();
    let end = at + text[at..].chars().take_while(part).map(char::len_utf8).sum::<usize>();
    let quotes = Quotes::around(&text[..start], &text[end..]);
    let close = if quotes == Quotes::Open { "\"" } else { "" };
    for ending in ["", ":", "]", "}", ": x}", "]}", "}]", ": x}]"] {
        let patched = format!("{}{MARK}{close}{ending}{}", &text[..start], &text[end..]);
        let source = Source { path: Arc::clone(&sources[index].path), text: patched };
        let Some(node) = parse(&source, &mut Vec::new()) else { continue };
        let Some(kind) = kind(&node) else {
            return kinds(&node);
        };
        if let Some(place) = find(&node, &kind.shape()) {
            let mut others = sources.to_vec();
            others[index] = source;
            return candidates(&place, &Outline::of(&others), quotes);
        }
    }
    Vec::new()
}

/// What stands for the word that is being written.
const MARK: &str = "zz-being-written-zz";

/// Whether double quotes stand around the word that is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    /// Before it only.
    Open,
    Both,
}

impl Quotes {
    fn around(before: &str, after: &str) -> Self {
        match (before.ends_with('"'), after.starts_with('"')) {
            (false, _) => Self::None,
            (true, false) => Self::Open,
            (true, true) => Self::Both,
        }
    }

    /// A word as it has to be added for quotes to stand around it.
    fn added_to(self, word: &str) -> String {
        match self {
            Self::None => format!("\"{word}\""),
            Self::Open => format!("{word}\""),
            Self::Both => word.to_owned(),
        }
    }
}

/// What is asked for at a place.
enum Asked {
    Keys(Vec<(&'static str, &'static str)>),
    Scalar(Format),
    Parties,
}

fn named(word: &Word) -> Option<Name> {
    match &word.role {
        Role::Define { name, .. } | Role::Refer(name) => Some(*name),
        Role::Key { .. } | Role::Text | Role::Value => None,
    }
}

/// Whether a name of one kind can be one of the other: a site is a place as well.
fn alike(one: Name, other: Name) -> bool {
    let place = |name| matches!(name, Name::Place | Name::Site);
    one == other || (place(one) && place(other))
}

fn role(format: Format, about: Option<String>) -> Role {
    match format {
        Format::Define(name) => Role::Define { name, about },
        Format::Refer(name) => Role::Refer(name),
        Format::Text | Format::Id => Role::Text,
        Format::Date
        | Format::Decimal
        | Format::Whole(..)
        | Format::Size(_)
        | Format::Money
        | Format::Share
        | Format::Bool
        | Format::Word(_)
        | Format::Currency => Role::Value,
    }
}

/// What a definition says of its name.
fn in_words(value: &Node) -> Option<String> {
    let keys = ["name", "event", "state", "question"];
    let text = value.text().or_else(|| keys.iter().find_map(|key| value.get(key)?.text()));
    text.map(str::to_owned)
}

fn kind(node: &Node) -> Option<FileKind> {
    let word = node.get("kind")?.text()?;
    FileKind::ALL.into_iter().find(|kind| kind.name() == word)
}

fn field<'a>(fields: &'a [Field], key: &str) -> Option<&'a Field> {
    fields.iter().find(|field| field.name == key)
}

fn kinds(node: &Node) -> Vec<Candidate> {
    let candidate =
        |text: &str, about: &str, key| Candidate { key, ..Candidate::new(text, about.to_owned()) };
    match node.get("kind").and_then(Node::text) {
        Some(MARK) => {
            FileKind::ALL.map(|kind| candidate(kind.name(), kind.about(), false)).to_vec()
        }
        Some(_) => Vec::new(),
        None => vec![candidate("kind", "the kind of file this is", true)],
    }
}

/// The byte of a position; the end of the line where it lies behind that.
fn offset(text: &str, position: &Position) -> usize {
    let before = |number: u32| usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
    let start = text.split_inclusive('\n').take(before(position.line)).map(str::len).sum::<usize>();
    let line = text[start..].lines().next().unwrap_or("");
    let column = line.char_indices().nth(before(position.column));
    start + column.map_or(line.len(), |(at, _)| at)
}

/// What is asked for where the mark stands.
fn find(node: &Node, shape: &Shape) -> Option<Asked> {
    let is_mark = |node: &Node| node.text() == Some(MARK);
    match shape {
        Shape::Scalar(format) | Shape::OneOrMany(format) => {
            node.items().iter().any(is_mark).then_some(Asked::Scalar(*format))
        }
        Shape::List(inner) => node.items().iter().find_map(|item| find(item, inner)),
        Shape::Map(fields) => keys(node, fields, fields),
        Shape::Choice(fields) => {
            let alone = node.entries().len() < 2;
            keys(node, fields, if alone { fields } else { &[] })
        }
        Shape::Each(format, inner) => {
            if node.entries().iter().any(|(key, _)| key.text == MARK) || is_mark(node) {
                return Some(Asked::Scalar(*format));
            }
            node.entries().iter().find_map(|(_, value)| find(value, inner))
        }
        Shape::Parties => {
            if is_mark(node) {
                return Some(Asked::Parties);
            }
            let inner = node.get("all-but").unwrap_or(node);
            inner.items().iter().any(is_mark).then_some(Asked::Scalar(Format::Refer(Name::Party)))
        }
    }
}

/// The keys that may still be added where one is written; else what is asked for below a key.
fn keys(node: &Node, fields: &[Field], may: &[Field]) -> Option<Asked> {
    let entries: &[(Key, Node)] = node.entries();
    if node.text() == Some(MARK) || entries.iter().any(|(key, _)| key.text == MARK) {
        let there: BTreeSet<&str> = entries.iter().map(|(key, _)| key.text.as_str()).collect();
        let free = may.iter().filter(|field| !there.contains(field.name));
        return Some(Asked::Keys(free.map(|field| (field.name, field.about)).collect()));
    }
    entries.iter().find_map(|(key, value)| find(value, &field(fields, &key.text)?.shape))
}

fn candidates(asked: &Asked, outline: &Outline, quotes: Quotes) -> Vec<Candidate> {
    let plain = |text: &str| Candidate::new(text, String::new());
    match asked {
        Asked::Keys(keys) => keys
            .iter()
            .map(|(name, about)| Candidate {
                key: true,
                ..Candidate::new(name, (*about).to_owned())
            })
            .collect(),
        Asked::Scalar(Format::Refer(Name::Term)) => {
            // Ids stand in quotes, which the author need not write.
            let mut all = names(Name::Term, outline);
            all.iter_mut().for_each(|it| it.insert = quotes.added_to(&it.text));
            all
        }
        Asked::Scalar(Format::Refer(name)) => names(*name, outline),
        Asked::Scalar(Format::Word(words)) => words.iter().map(|word| plain(word)).collect(),
        Asked::Scalar(Format::Bool) => vec![plain("true"), plain("false")],
        Asked::Scalar(_) => Vec::new(),
        Asked::Parties => {
            let mut all = vec![plain("any")];
            all.extend(names(Name::Party, outline));
            all
        }
    }
}

fn names(wanted: Name, outline: &Outline) -> Vec<Candidate> {
    let found = outline.words.iter().filter_map(|word| match &word.role {
        Role::Define { name, about }
            if *name == wanted || (wanted == Name::Place && *name == Name::Site) =>
        {
            let about = about.clone().unwrap_or_else(|| name.word().to_owned());
            Some(Candidate::new(&word.text, about))
        }
        Role::Define { .. } | Role::Refer(_) | Role::Key { .. } | Role::Text | Role::Value => None,
    });
    let found: BTreeSet<Candidate> = found.filter(|found| found.text != MARK).collect();
    found.into_iter().collect()
}
