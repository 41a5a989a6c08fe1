//! The canonical text of deal files: what a file says, and its comments, decide every byte.
//!
//! Keys stand in the order of the grammar; the order of list items and of the names that an author
//! gives is the author's. What is on one line and what is in a block, where blank lines stand and
//! what is quoted follows from the content alone (`layout.rs`, `scalar.rs`). A comment stays with
//! what it stands above or behind (`read.rs`).

mod layout;
mod read;
mod scalar;

use crate::diagnostic::Source;
use crate::grammar::FileKind;
use crate::node::{Node, parse};
use crate::shape::{Field, Format, Name, Names, Shape, check};

use read::{Document, Entry, Group, Style, Value};

/// A file's canonical text; nothing for one that is not in the form of its kind.
///
/// Two files that say the same differ only in comments afterwards, and formatting a second time
/// changes nothing. Nothing is given, either, where a text could not be written so that it is
/// read back as the same: a file is never changed in what it says.
#[must_use]
pub fn format(source: &Source) -> Option<String> {
    if source.is_text() {
        return None;
    }
    let text = source.text.replace("\r\n", "\n");
    let source = Source { path: source.path.clone(), text };
    let before = arranged(&source)?;
    let comments = before.comments();
    let text = layout::write(before);
    let after = arranged(&Source { path: source.path.clone(), text: text.clone() })?;
    let kept = arranged(&source)?.root.says(&after.root) && comments == after.comments();
    kept.then_some(text)
}

/// A file's content in canonical order; nothing for one that is not in the form of its kind.
fn arranged(source: &Source) -> Option<Document> {
    let mut problems = Vec::new();
    let mut node = parse(source, &mut problems)?;
    // Quotes that are missing are for the formatter to write.
    node.quote();
    let word = node.get("kind").and_then(Node::text)?;
    let shape = FileKind::ALL.into_iter().find(|kind| kind.name() == word)?.shape();
    check(&node, &shape, &mut Names::default(), &mut problems);
    if !problems.is_empty() {
        return None;
    }
    let mut document = read::read(&source.text)?;
    arrange(&mut document.root, &shape);
    Some(document)
}

/// Puts keys in the order of the grammar, takes single values out of their lists and marks what
/// is a string and what an id.
fn arrange(value: &mut Value, shape: &Shape) {
    match shape {
        Shape::Scalar(format) => set_format(value, *format),
        Shape::OneOrMany(format) => {
            unwrap_one(value);
            if let Value::List(group) = value {
                group.entries.iter_mut().for_each(|entry| set_format(&mut entry.value, *format));
            } else {
                set_format(value, *format);
            }
        }
        Shape::List(inner) => {
            if matches!(value, Value::Empty) {
                *value = Value::List(Group::default());
            }
            each_entry(value, |entry| arrange(&mut entry.value, inner));
        }
        Shape::Each(_, inner) => {
            if matches!(value, Value::Empty) {
                *value = Value::Map(Group::default());
            }
            each_entry(value, |entry| arrange(&mut entry.value, inner));
        }
        Shape::Map(fields) | Shape::Choice(fields) => {
            let index = |key: &str| fields.iter().position(|field: &Field| field.name == key);
            if let Value::Map(group) = value {
                group.entries.sort_by_key(|entry| index(&entry.key));
            }
            each_entry(value, |entry| {
                if let Some(at) = index(&entry.key) {
                    arrange(&mut entry.value, &fields[at].shape);
                }
            });
        }
        Shape::Parties => {
            unwrap_one(value);
            if let Value::Map(_) = value {
                each_entry(value, |entry| arrange(&mut entry.value, &Shape::Parties));
            } else {
                each_entry(value, |entry| set_format(&mut entry.value, Format::Text));
            }
        }
    }
}

fn each_entry(value: &mut Value, change: impl FnMut(&mut Entry)) {
    if let Value::List(group) | Value::Map(group) = value {
        group.entries.iter_mut().for_each(change);
    }
}

/// A list of one is written as the one; its comments are kept for what it stands in.
fn unwrap_one(value: &mut Value) {
    let Value::List(group) = value else { return };
    if let [entry] = group.entries.as_mut_slice() {
        let mut comments = std::mem::take(&mut entry.above);
        comments.append(&mut entry.comments_below());
        comments.extend(entry.behind.take());
        comments.append(&mut group.end);
        let inner = std::mem::replace(&mut entry.value, Value::Empty);
        *value = match inner {
            Value::Scalar { text, .. } => Value::Scalar { text, style: Style::Text, comments },
            other @ (Value::Empty | Value::List(_) | Value::Map(_)) => other,
        };
    }
}

fn set_format(value: &mut Value, format: Format) {
    let Value::Scalar { style, .. } = value else { return };
    *style = match format {
        Format::Define(Name::Term) | Format::Refer(Name::Term) | Format::Id => Style::Id,
        Format::Text
        | Format::Define(_)
        | Format::Refer(_)
        | Format::Word(_)
        | Format::Currency => Style::Text,
        Format::Date
        | Format::Decimal
        | Format::Whole(..)
        | Format::Size(_)
        | Format::Money
        | Format::Share
        | Format::Bool => Style::Value,
    };
}
