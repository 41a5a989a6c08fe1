//! The layout of deal files: indentation by two, one space behind `:` and `-`, one blank line at
//! most, quotes where YAML would read an id or a text as something else.
//!
//! What is written stays in its order, with its comments, its line breaks and its choice between
//! block and flow: only the space between words and missing quotes change.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use crate::diagnostic::Source;
use crate::node::{Kind, Node, parse};
use crate::outline::{Outline, Role};

/// A file's text in the common layout; nothing for one that is not a deal file's YAML.
///
/// What the file says is the same afterwards, and a second time changes nothing. A text whose
/// layout cannot be changed safely is given back as it is.
#[must_use]
pub fn format(source: &Source) -> Option<String> {
    let before = parse(source, &mut Vec::new())?;
    let mut text = source.text.replace("\r\n", "\n");
    // Words that move together may need a second look: quotes are there for the next pass.
    for _ in 0..3 {
        let Some(next) = pass(&Source { path: source.path.clone(), text: text.clone() }) else {
            break;
        };
        if next == text {
            let after = Source { path: source.path.clone(), text };
            let kept = parse(&after, &mut Vec::new()).is_some_and(|after| same(&before, &after))
                && visible(&source.text).eq(visible(&after.text));
            return Some(if kept { after.text } else { source.text.clone() });
        }
        text = next;
    }
    Some(source.text.clone())
}

fn pass(source: &Source) -> Option<String> {
    let spaced = edited(&source.text, spaces(&source.text)?);
    let source = Source { path: source.path.clone(), text: spaced };
    let text = edited(&source.text, quotes(&source));
    indented(&text)
}

/// Whether two trees say the same, wherever it stands.
fn same(one: &Node, other: &Node) -> bool {
    match (&one.kind, &other.kind) {
        (Kind::Scalar { text: one }, Kind::Scalar { text: other }) => one == other,
        (Kind::Empty, Kind::Empty) => true,
        (Kind::List(one), Kind::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Kind::Map(one), Kind::Map(other)) => {
            let pair = |(one, other): (&(_, Node), &(_, Node))| same(&one.1, &other.1);
            let keys = one.iter().map(|(key, _)| &key.text);
            keys.eq(other.iter().map(|(key, _)| &key.text)) && one.iter().zip(other).all(pair)
        }
        (Kind::Scalar { .. } | Kind::Empty | Kind::List(_) | Kind::Map(_), _) => false,
    }
}

/// Everything but space and quotes, comments included.
fn visible(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| !c.is_whitespace() && *c != '"')
}

/// The text with parts replaced that do not overlap, in their order.
fn edited(text: &str, edits: Vec<(Range<usize>, String)>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (range, new) in edits {
        out.push_str(&text[done..range.start]);
        out.push_str(&new);
        done = range.end;
    }
    out.push_str(&text[done..]);
    out
}

/// The scalars of a text that are not empty, by byte.
fn scalars(text: &str) -> Option<Vec<Range<usize>>> {
    let mut found = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, mark) = event.ok()?;
        if let (Event::Scalar(..), Some(start), Some(end)) =
            (event, mark.start.byte_offset(), mark.end.byte_offset())
            && start < end
        {
            found.push(start..end);
        }
    }
    Some(found)
}

/// The space between scalars that stand on one line, and before the brackets behind the last.
fn spaces(text: &str) -> Option<Vec<(Range<usize>, String)>> {
    let mut edits = Vec::new();
    let mut last = 0;
    let mut edit = |start: usize, gap: &str, new: Option<String>| {
        if let Some(new) = new.filter(|new| new != gap) {
            edits.push((start..start + gap.len(), new));
        }
    };
    for scalar in scalars(text)? {
        let gap = text.get(last..scalar.start)?;
        match gap.find(['\n', '#']) {
            // What is before the first scalar of a line is laid out with its indentation.
            Some(end) if last > 0 => {
                let head = gap[..end].trim_end_matches(' ');
                edit(last, head, spaced(head).map(|new| new.trim_end().to_owned()));
            }
            None if last > 0 => edit(last, gap, spaced(gap)),
            Some(_) | None => {}
        }
        last = scalar.end;
    }
    let end = text[last..].find(['\n', '#']).map_or(text.len(), |end| last + end);
    let head = text[last..end].trim_end_matches(' ');
    edit(last, head, spaced(head).map(|new| new.trim_end().to_owned()));
    Some(edits)
}

/// What stands between two scalars with its usual spaces; nothing for what is left alone.
fn spaced(gap: &str) -> Option<String> {
    let mut out = String::new();
    for c in gap.chars() {
        match c {
            ' ' | '\t' => {}
            ':' => out.push_str(": "),
            ',' => out.push_str(", "),
            '-' => out.push_str("- "),
            '{' | '[' => out.push(c),
            '}' | ']' => {
                out.truncate(out.trim_end_matches(' ').len());
                out.push(c);
            }
            _ => return None,
        }
    }
    Some(out)
}

/// Quotes around ids and texts that YAML would read as a number or as true or false.
fn quotes(source: &Source) -> Vec<(Range<usize>, String)> {
    let text = &source.text;
    let starts = line_starts(text);
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for word in Outline::of(std::slice::from_ref(source)).words {
        let id = match word.role {
            Role::Define { .. } | Role::Refer(_) | Role::Text => true,
            Role::Key { .. } | Role::Value => false,
        };
        let index = |number: u32| usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
        let Some(&start) = starts.get(index(word.place.position.line)) else { continue };
        let column = text[start..].char_indices().nth(index(word.place.position.column));
        let Some((column, _)) = column else { continue };
        let at = start + column;
        if id && misread(&word.text) && text[at..].starts_with(&word.text) {
            edits.push((at..at + word.text.len(), format!("\"{}\"", word.text)));
        }
    }
    edits.sort_by_key(|(range, _)| range.start);
    edits
}

/// Whether YAML 1.1 or 1.2 reads a plain text as something other than a string.
fn misread(text: &str) -> bool {
    let words = ["true", "false", "yes", "no", "on", "off", "y", "n"];
    let digits = text.trim_start_matches(['-', '+']);
    let radix = ["0x", "0o"].iter().any(|prefix| digits.starts_with(prefix));
    let number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.replace('_', "").parse::<f64>().is_ok();
    words.contains(&text.to_ascii_lowercase().as_str()) || radix || number
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

/// A collection that is being read.
enum Open {
    Map { indent: usize, key: bool },
    List { indent: usize },
    Flow,
}

/// How a line is laid out.
#[derive(Clone, Copy)]
enum Layout {
    /// Blank, or a comment.
    Between,
    /// Begins with a key or a dash, with this much space before it.
    Starts(usize),
    /// Goes on with what began on another line, whose space it follows.
    Follows(usize),
    /// Goes on with a block of text, whose first line has this much space before it.
    Block { first: usize, indent: usize },
}

struct Lines<'a> {
    lines: Vec<&'a str>,
    starts: Vec<usize>,
    layout: Vec<Layout>,
}

impl Lines<'_> {
    fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|&start| start <= at) - 1
    }

    /// A key or the node of an item, at a byte.
    fn starts(&mut self, at: usize, indent: usize, item: bool) {
        let line = self.line(at);
        let text = self.lines[line].trim_start_matches(' ');
        let first = if item {
            text == "-" || text.starts_with("- ")
        } else {
            at - self.starts[line] == space(self.lines[line])
        };
        if first && !matches!(self.layout[line], Layout::Starts(_)) {
            self.layout[line] = Layout::Starts(indent);
        }
    }

    /// The lines behind the first of something, up to a byte that it does not reach.
    fn follows(&mut self, start: usize, end: usize, block: Option<usize>) {
        let first = self.line(start);
        let last = self.line(end.max(start + 1) - 1);
        // A block of text begins behind its header, or with its own first line.
        let header = self.lines[first].get(start - self.starts[first]..);
        let header = header.is_some_and(|rest| rest.starts_with(['|', '>']));
        let begin = if block.is_some() && !header { first } else { first + 1 };
        let filled = (begin..=last).find(|&line| !self.lines[line].trim().is_empty());
        for line in begin..=last {
            self.layout[line] = match (block, filled) {
                (Some(indent), Some(filled)) => {
                    Layout::Block { first: space(self.lines[filled]), indent }
                }
                _ => Layout::Follows(first),
            };
        }
    }
}

fn space(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Writes the dashes that a line begins with, each with one space; gives what follows them.
fn dashed<'a>(line: &'a str, out: &mut String) -> Option<&'a str> {
    let mut rest = line.strip_prefix("- ")?.trim_start_matches(' ');
    out.push_str("- ");
    while let Some(inner) = rest.strip_prefix("- ") {
        out.push_str("- ");
        rest = inner.trim_start_matches(' ');
    }
    Some(rest)
}

/// The text with every line indented by the collections that it stands in.
fn indented(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.split('\n').collect();
    let layout = vec![Layout::Between; lines.len()];
    let mut lines = Lines { lines, starts: line_starts(text), layout };
    let mut stack: Vec<Open> = Vec::new();
    let mut flow = 0;
    for event in Parser::new_from_str(text) {
        let (event, mark) = event.ok()?;
        let (start, end) = (mark.start.byte_offset()?, mark.end.byte_offset()?);
        let opened = if let Event::MappingStart(style, ..) = &event {
            Some((*style, true))
        } else if let Event::SequenceStart(style, ..) = &event {
            Some((*style, false))
        } else {
            None
        };
        let is_end = matches!(event, Event::MappingEnd | Event::SequenceEnd);
        if is_end {
            if matches!(stack.pop(), Some(Open::Flow))
                && !stack.iter().any(|open| matches!(open, Open::Flow))
            {
                lines.follows(flow, end, None);
            }
            continue;
        }
        if opened.is_none() && !matches!(event, Event::Scalar(..)) {
            continue;
        }
        let mut indent = 0;
        match stack.last_mut() {
            Some(Open::Map { indent: own, key }) => {
                if *key {
                    lines.starts(start, *own, false);
                }
                indent = *own + 2;
                *key = !*key;
            }
            Some(Open::List { indent: own }) => {
                lines.starts(start, *own, true);
                indent = *own + 2;
            }
            Some(Open::Flow) | None => {}
        }
        match opened {
            Some((StructureStyle::Flow, _)) => {
                if !stack.iter().any(|open| matches!(open, Open::Flow)) {
                    flow = start;
                }
                stack.push(Open::Flow);
            }
            Some((StructureStyle::Block, true)) => stack.push(Open::Map { indent, key: true }),
            Some((StructureStyle::Block, false)) => stack.push(Open::List { indent }),
            None => {
                if let Event::Scalar(_, style, ..) = event
                    && !stack.iter().any(|open| matches!(open, Open::Flow))
                {
                    let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                    lines.follows(start, end, block.then_some(indent));
                }
            }
        }
    }
    Some(joined(&lines))
}

/// The lines with their new indentation, without blanks at their ends and with one blank line
/// between them at most.
fn joined(lines: &Lines<'_>) -> String {
    let Lines { lines, layout, .. } = lines;
    let mut news: Vec<usize> = lines.iter().map(|line| space(line)).collect();
    // Comments stand as the line below them does, where they did so before.
    let mut below: Option<(usize, usize)> = None;
    for line in (0..lines.len()).rev() {
        match layout[line] {
            Layout::Starts(indent) => {
                below = Some((news[line], indent));
                news[line] = indent;
            }
            Layout::Between if lines[line].trim().is_empty() => {}
            Layout::Between => {
                if let Some((old, new)) = below
                    && old == news[line]
                {
                    news[line] = new;
                }
            }
            Layout::Follows(_) | Layout::Block { .. } => {}
        }
    }
    let mut out = String::new();
    for (index, line) in lines.iter().enumerate() {
        let within = matches!(layout[index], Layout::Follows(_) | Layout::Block { .. });
        let new = match layout[index] {
            Layout::Follows(first) => {
                (news[index] + news[first]).saturating_sub(space(lines[first]))
            }
            Layout::Block { first, indent } => (news[index] + indent).saturating_sub(first),
            Layout::Starts(_) | Layout::Between => news[index],
        };
        let blank = line.trim().is_empty();
        let again = out.is_empty() || out.ends_with("\n\n");
        if blank && !within && again {
            continue;
        }
        if !blank {
            out.push_str(&" ".repeat(new));
            let rest = line.trim_start_matches(' ');
            if within {
                out.push_str(rest);
            } else {
                let dashes = if matches!(layout[index], Layout::Starts(_)) { rest } else { "" };
                let rest = dashed(dashes, &mut out).unwrap_or(rest);
                out.push_str(rest.trim_end());
            }
        }
        out.push('\n');
    }
    let end = out.trim_end_matches('\n').len();
    out.truncate(end);
    out.push('\n');
    out
}
