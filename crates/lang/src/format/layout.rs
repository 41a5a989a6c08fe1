//! Where lines break. A list or mapping of words that fits is one line, as a row of a table is;
//! everything else is a block, and long texts are filled.

use super::read::{Document, Entry, Group, Style, Value};
use super::scalar::{Context, inline, special};

/// How wide a text may be before it is filled, in characters.
const PROSE: usize = 100;
/// How wide a list or mapping on one line may be: the rows of a table read best unbroken.
const ROW: usize = 132;
/// What a list item begins with.
const DASH: &str = "-";

/// The text of a file.
pub(super) fn write(mut document: Document) -> String {
    let mut out = String::new();
    comments(&document.header, 0, &mut out);
    if let Value::Map(group) = &mut document.root {
        let mut body = String::new();
        write_group(group, true, 0, 0, &mut body);
        // Comments of the first entry are not those of the file.
        if !out.is_empty() && body.starts_with('#') {
            out.push('\n');
        }
        out.push_str(&body);
    }
    out
}

fn comments(lines: &[String], indent: usize, out: &mut String) {
    for line in lines {
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// Entries, one below the other. Those of the file, and those of what stands directly in it, are
/// set apart by a blank line where one of two neighbours goes over several lines.
fn write_group(group: &mut Group, map: bool, indent: usize, depth: usize, out: &mut String) {
    let mut tall_before = false;
    for (index, entry) in group.entries.iter_mut().enumerate() {
        let mut text = String::new();
        let prefix = prefix_of(entry, map);
        settle(entry, &prefix, indent);
        write_entry(entry, &prefix, indent, depth, &mut text);
        let tall = match depth {
            0 => is_block(entry, &prefix, indent),
            1 => text.lines().count() > 1,
            _ => false,
        };
        if index > 0 && (tall || tall_before || !entry.above.is_empty()) {
            out.push('\n');
        }
        tall_before = tall;
        comments(&entry.above, indent, out);
        out.push_str(&text);
    }
    if !group.end.is_empty() {
        if !group.entries.is_empty() {
            out.push('\n');
        }
        comments(&group.end, indent, out);
    }
}

/// Moves comments above an entry that cannot stay inside of what is written: there is no room for
/// them in one line, nor between a dash and the first key behind it.
fn settle(entry: &mut Entry, prefix: &str, indent: usize) {
    let one_line = match &entry.value {
        Value::Scalar { .. } | Value::Empty => true,
        Value::List(group) => {
            let numbers = numbers(group).is_some() && row(&entry.value, prefix, indent).is_none();
            if numbers {
                entry.above.extend(entry.behind.take());
            }
            numbers || row(&entry.value, prefix, indent).is_some()
        }
        Value::Map(_) => row(&entry.value, prefix, indent).is_some(),
    };
    if one_line {
        let mut below = entry.comments_below();
        entry.above.append(&mut below);
        return;
    }
    if prefix != DASH {
        return;
    }
    entry.above.extend(entry.behind.take());
    let map = matches!(entry.value, Value::Map(_));
    if let Value::List(group) | Value::Map(group) = &mut entry.value
        && let Some(first) = group.entries.first_mut()
    {
        let prefix = prefix_of(first, map);
        settle(first, &prefix, indent + 2);
        entry.above.append(&mut first.above);
    }
}

fn prefix_of(entry: &Entry, map: bool) -> String {
    if map {
        format!("{}:", inline(&entry.key, Style::Text, Context::Block))
    } else {
        DASH.to_owned()
    }
}

fn is_block(entry: &Entry, prefix: &str, indent: usize) -> bool {
    match &entry.value {
        Value::Scalar { .. } | Value::Empty => false,
        Value::List(_) | Value::Map(_) => row(&entry.value, prefix, indent).is_none(),
    }
}

/// A list or mapping on one line behind its prefix, where it is one.
fn row(value: &Value, prefix: &str, indent: usize) -> Option<String> {
    let text = flow(value)?;
    let line = format!("{prefix} {text}");
    (indent + line.chars().count() <= ROW).then_some(line)
}

/// A list of words, or a mapping of words and lists of words, between brackets.
fn flow(value: &Value) -> Option<String> {
    let word = |value: &Value| match value {
        Value::Scalar { text, style, .. } if !text.contains('\n') => {
            Some(inline(text, *style, Context::Flow))
        }
        Value::Scalar { .. } | Value::Empty | Value::List(_) | Value::Map(_) => None,
    };
    match value {
        Value::Scalar { .. } => word(value),
        Value::Empty => None,
        Value::List(group) => {
            let words: Option<Vec<String>> =
                group.entries.iter().map(|entry| word(&entry.value)).collect();
            Some(format!("[{}]", words?.join(", ")))
        }
        Value::Map(group) => {
            let pair = |entry: &Entry| {
                let value = match &entry.value {
                    Value::List(_) | Value::Scalar { .. } => flow(&entry.value)?,
                    Value::Empty | Value::Map(_) => return None,
                };
                Some(format!("{}: {value}", inline(&entry.key, Style::Text, Context::Flow)))
            };
            let pairs: Option<Vec<String>> = group.entries.iter().map(pair).collect();
            Some(format!("{{{}}}", pairs?.join(", ")))
        }
    }
}

fn write_entry(entry: &mut Entry, prefix: &str, indent: usize, depth: usize, out: &mut String) {
    let space = " ".repeat(indent);
    let behind = entry.behind.as_ref().map(|text| format!("  {text}")).unwrap_or_default();
    let line = row(&entry.value, prefix, indent);
    let map = matches!(entry.value, Value::Map(_));
    match &mut entry.value {
        Value::Scalar { text, style, .. } => {
            write_scalar(text, *style, prefix, indent, &behind, out);
        }
        Value::Empty => out.push_str(&format!("{space}{prefix}{behind}\n")),
        Value::List(group) | Value::Map(group) => {
            if let Some(line) = line {
                out.push_str(&format!("{space}{line}{behind}\n"));
            } else if !map && let Some(numbers) = numbers(group) {
                out.push_str(&format!("{space}{prefix} [\n{}", filled(&numbers, indent + 2)));
            } else if prefix == DASH {
                let mut inner = String::new();
                write_group(group, map, indent + 2, depth + 1, &mut inner);
                out.push_str(&format!("{space}- {}", inner.get(indent + 2..).unwrap_or_default()));
            } else {
                out.push_str(&format!("{space}{prefix}{behind}\n"));
                write_group(group, map, indent + 2, depth + 1, out);
            }
        }
    }
}

/// The items of a list of numbers, which is filled where it is too long for one line.
fn numbers(group: &Group) -> Option<String> {
    let number = |entry: &Entry| match &entry.value {
        Value::Scalar { text, style: Style::Value, .. } => {
            Some(inline(text, Style::Value, Context::Flow))
        }
        Value::Scalar { .. } | Value::Empty | Value::List(_) | Value::Map(_) => None,
    };
    let numbers: Option<Vec<String>> = group.entries.iter().map(number).collect();
    Some(numbers?.join(", ") + "]")
}

/// Words in lines of at most the width of prose.
fn filled(text: &str, indent: usize) -> String {
    let mut out = String::new();
    let mut width = 0;
    for (index, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if index == 0 || indent + width + 1 + length > PROSE {
            if index > 0 {
                out.push('\n');
            }
            out.push_str(&" ".repeat(indent));
            width = 0;
        } else {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out.push('\n');
    out
}

fn write_scalar(
    text: &str,
    style: Style,
    prefix: &str,
    indent: usize,
    behind: &str,
    out: &mut String,
) {
    let space = " ".repeat(indent);
    let single = !text.contains("  ") && text.trim() == text && !text.chars().any(special);
    let line = inline(text, style, Context::Block);
    let width = indent + prefix.chars().count() + 1 + line.chars().count();
    let string = style != Style::Value;
    if string && single && text.contains(' ') && width > PROSE {
        let body = filled(text, indent + 2);
        out.push_str(&format!("{space}{prefix} >-{behind}\n{body}"));
    } else if string && literal(text) {
        let (body, chomp) = text.strip_suffix('\n').map_or((text, "-"), |body| (body, ""));
        out.push_str(&format!("{space}{prefix} |{chomp}{behind}\n"));
        for line in body.split('\n') {
            if !line.is_empty() {
                out.push_str(&format!("{}{line}", " ".repeat(indent + 2)));
            }
            out.push('\n');
        }
    } else {
        out.push_str(&format!("{space}{prefix} {line}{behind}\n"));
    }
}

/// Whether a text has lines that can stand as they are.
fn literal(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let bad = |c: char| special(c) && c != '\n';
    text.contains('\n')
        && !body.chars().any(bad)
        && body.split('\n').all(|line| line.trim_end() == line)
        && !body.starts_with(char::is_whitespace)
        && !body.ends_with('\n')
        && !body.is_empty()
}
