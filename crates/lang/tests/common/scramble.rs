//! The same content written in another way: keys in another order, blocks for brackets, other
//! quotes. Shares no code with the formatter.

use granit_parser::{Event, Parser};

/// A file's content without its comments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tree {
    Word(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

/// Keys under which the author gives the names, whose order is the author's.
const NAMED: [&str; 23] = [
    "actions",
    "between",
    "calendars",
    "conversions",
    "currencies",
    "feeds",
    "names",
    "objects",
    "weights",
    "purposes",
    "places",
    "facts",
    "ambiguities",
    "readings",
    "parties",
    "gpus",
    "sites",
    "rates",
    "regions",
    "shares",
    "streams",
    "sources",
    "when",
];
/// Keys that take one word or a list of them.
const ONE_OR_MANY: [&str; 4] = ["overrides", "counts", "meters", "base"];

/// Choices in an order that follows from a seed.
pub(crate) struct Choices(u64);

impl Choices {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below this one, by Knuth's linear congruential generator.
    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.0 >> 33).expect("31 bits fit") % most.max(1)
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser may gain events; only these carry values"
)]
pub(crate) fn tree(text: &str) -> Tree {
    let mut stack: Vec<(bool, Vec<Tree>)> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.expect("the file is YAML");
        let done = match event {
            Event::Scalar(text, ..) => Tree::Word(text.into_owned()),
            Event::SequenceStart(..) => {
                stack.push((false, Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                stack.push((true, Vec::new()));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (map, nodes) = stack.pop().expect("it was opened");
                if map { Tree::Map(pairs(nodes)) } else { Tree::List(nodes) }
            }
            _ => continue,
        };
        match stack.last_mut() {
            Some((_, nodes)) => nodes.push(done),
            None => return done,
        }
    }
    panic!("an empty file")
}

fn pairs(nodes: Vec<Tree>) -> Vec<(String, Tree)> {
    let mut nodes = nodes.into_iter();
    let mut pairs = Vec::new();
    while let (Some(Tree::Word(key)), Some(value)) = (nodes.next(), nodes.next()) {
        pairs.push((key, value));
    }
    pairs
}

/// The tree as another author could have written it.
pub(crate) fn scrambled(tree: &Tree, choices: &mut Choices) -> String {
    let mut out = String::new();
    block(tree, "", 0, choices, &mut out);
    out
}

fn shuffled<'a>(
    pairs: &'a [(String, Tree)],
    under: &str,
    choices: &mut Choices,
) -> Vec<&'a (String, Tree)> {
    let mut order: Vec<&(String, Tree)> = pairs.iter().collect();
    if !NAMED.contains(&under) {
        for at in (1..order.len()).rev() {
            order.swap(at, choices.below(at + 1));
        }
    }
    order
}

fn word(text: &str, choices: &mut Choices) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '/');
    let plain = text.chars().all(safe)
        && text.trim() == text
        && text.starts_with(|c: char| c.is_ascii_alphanumeric());
    match choices.below(3) {
        0 if plain => text.to_owned(),
        1 if !text.chars().any(char::is_control) => format!("'{}'", text.replace('\'', "''")),
        _ => serde_json::Value::from(text).to_string(),
    }
}

fn flow(tree: &Tree, under: &str, choices: &mut Choices) -> String {
    match tree {
        Tree::Word(text) => word(text, choices),
        Tree::List(items) => {
            let items: Vec<String> = items.iter().map(|item| flow(item, "", choices)).collect();
            format!("[ {} ]", items.join(" ,"))
        }
        Tree::Map(pairs) => {
            let mut out = Vec::new();
            for (key, value) in shuffled(pairs, under, choices) {
                out.push(format!("{}:  {}", word(key, choices), flow(value, key, choices)));
            }
            format!("{{{}}}", out.join(", "))
        }
    }
}

fn block(tree: &Tree, under: &str, indent: usize, choices: &mut Choices, out: &mut String) {
    let space = " ".repeat(indent);
    match tree {
        Tree::Word(text) => out.push_str(&format!("{space}{}\n", word(text, choices))),
        Tree::List(items) if items.is_empty() => out.push_str(&format!("{space}[]\n")),
        Tree::Map(pairs) if pairs.is_empty() => out.push_str(&format!("{space}{{}}\n")),
        Tree::List(items) => {
            for item in items {
                if choices.below(3) == 0 {
                    out.push_str(&format!("{space}-  {}\n", flow(item, "", choices)));
                } else {
                    out.push_str(&format!("{space}-\n"));
                    block(item, "", indent + 3, choices, out);
                }
            }
        }
        Tree::Map(pairs) => {
            for (key, value) in shuffled(pairs, under, choices) {
                let one = ONE_OR_MANY.contains(&key.as_str()) && choices.below(2) == 0;
                let listed = Tree::List(vec![value.clone()]);
                let value = if one && matches!(value, Tree::Word(_)) { &listed } else { value };
                let name = word(key, choices);
                if choices.below(4) == 0 {
                    out.push_str(&format!("{space}{name}: {}\n\n", flow(value, key, choices)));
                } else {
                    out.push_str(&format!("{space}{name}:\n"));
                    block(value, key, indent + 1 + choices.below(4), choices, out);
                }
            }
        }
    }
}
