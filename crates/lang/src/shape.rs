//! The grammar of deal files as data: one description from which files are checked, names are
//! collected and resolved, and JSON Schemas are made.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{Currency, Decimal, Instant, Money, PartyId, Ratio};
use comity_fleet::{Share, Size};

use crate::diagnostic::{Budget, Diagnostic, Place, nearest, quoted};
use crate::misread::misread;
use crate::node::{Key, Kind, Node, Quotes};

/// A kind of name that files define and refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// Who acts, owns or pays.
    Party,
    /// What may be done.
    Action,
    /// What it may be done to.
    Object,
    /// What it may be done for.
    Purpose,
    /// A country or region.
    Place,
    /// A site, which is a place as well.
    Site,
    /// A type of GPU.
    Gpu,
    /// What terms may depend on.
    Fact,
    /// A term of an agreement.
    Term,
    /// A line of a rate card.
    Rate,
    /// A stream of work.
    Stream,
    /// A way to count days.
    Calendar,
    /// A stored text.
    Source,
}

impl Name {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Party => "party",
            Self::Action => "action",
            Self::Object => "object",
            Self::Purpose => "purpose",
            Self::Place => "place",
            Self::Site => "site",
            Self::Gpu => "GPU type",
            Self::Fact => "fact",
            Self::Term => "term",
            Self::Rate => "rate",
            Self::Stream => "stream of work",
            Self::Calendar => "calendar",
            Self::Source => "stored text",
        }
    }
}

/// What a scalar must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Any text.
    Text,
    /// A name that is defined here.
    Define(Name),
    /// A name that is defined somewhere in the deal.
    Refer(Name),
    /// An id that nothing refers to by kind.
    Id,
    /// A date or time.
    Date,
    /// A number with an exact decimal form, not negative.
    Decimal,
    /// A whole number between these.
    Whole(u64, u64),
    /// At most so many whole GPUs, or a share of one.
    Size(u32),
    /// An amount of money, such as `250 billion`.
    Money,
    /// A proportion, such as `20 %`.
    Share,
    /// `true` or `false`.
    Bool,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A currency code.
    Currency,
}

/// What a node must be.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Scalar(Format),
    /// A list, perhaps empty.
    List(Box<Shape>),
    /// A value, or a list of such values.
    OneOrMany(Format),
    /// A mapping with these keys.
    Map(Vec<Field>),
    /// A mapping from names to values of one shape.
    Each(Format, Box<Shape>),
    /// A mapping with exactly one of these keys.
    Choice(Vec<Field>),
    /// `any`, a party, a list of parties, or `all-but:` with a list of parties.
    Parties,
}

/// A key of a mapping.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) shape: Shape,
    pub(crate) about: &'static str,
}

/// Something that could not be read as what it should be.
#[derive(Debug)]
struct Unread {
    names: BTreeSet<Name>,
    /// What it says; `None` when it is not there at all.
    text: Option<String>,
}

/// Every name that the files define, with where.
#[derive(Debug, Default)]
pub(crate) struct Names {
    defined: BTreeMap<Name, BTreeMap<String, Place>>,
    /// What could not be read, and the kinds of names that it may define.
    unread: Vec<Unread>,
    budget: Budget,
}

impl Names {
    /// The names of one kind.
    pub(crate) fn of(&self, name: Name) -> impl Iterator<Item = &str> {
        self.defined.get(&name).into_iter().flatten().map(|(text, _)| text.as_str())
    }

    pub(crate) fn place(&self, name: Name, text: &str) -> Option<&Place> {
        self.defined.get(&name)?.get(text)
    }

    fn count(&self, name: Name) -> usize {
        self.defined.get(&name).map_or(0, BTreeMap::len)
    }

    /// The name of a kind that is most likely meant, unless too many were compared before.
    pub(crate) fn nearest(&self, name: Name, text: &str) -> Option<&str> {
        if self.budget.take(self.count(name)) { nearest(text, self.of(name)) } else { None }
    }

    /// Whether as many names may still be compared in search of what is meant.
    pub(crate) fn may_compare(&self, names: usize) -> bool {
        self.budget.take(names)
    }

    /// Whether the name is defined, or may be where a file could not be read.
    pub(crate) fn contains(&self, name: Name, text: &str) -> bool {
        let has = |name| self.place(name, text).is_some() || self.may_miss(name, text);
        // A site is a place as well.
        has(name) || (name == Name::Place && has(Name::Site))
    }

    /// Whether a text stands in something that could not be read and that may define names of
    /// this kind.
    pub(crate) fn may_miss(&self, name: Name, text: &str) -> bool {
        let says = |unread: &Unread| unread.text.as_ref().is_none_or(|all| all.contains(text));
        self.unread.iter().any(|unread| unread.names.contains(&name) && says(unread))
    }

    /// Whether something could not be read that may define any name of this kind.
    pub(crate) fn may_miss_some(&self, name: Name) -> bool {
        self.unread.iter().any(|unread| unread.names.contains(&name))
    }

    /// Takes note that a text of these shapes could not be read, or is not there.
    pub(crate) fn miss(&mut self, shapes: &[Shape], text: Option<&str>) {
        let mut names = BTreeSet::new();
        shapes.iter().for_each(|shape| shape.defines(&mut names));
        if !names.is_empty() {
            self.unread.push(Unread { names, text: text.map(str::to_owned) });
        }
    }

    /// Takes note that a part of a file does not have its shape.
    fn miss_node(&mut self, shapes: &[Shape], node: &Node) {
        let mut words = Vec::new();
        node.words(&mut words);
        self.miss(shapes, Some(&words.join("\n")));
    }

    /// Reports sites that have the name of a country or region: a term could not tell them
    /// apart.
    pub(crate) fn clashes(&self, out: &mut Vec<Diagnostic>) {
        for (text, site) in self.defined.get(&Name::Site).into_iter().flatten() {
            if let Some(first) = self.place(Name::Place, text) {
                let title = format!("site `{text}` has the name of a place");
                out.push(
                    Diagnostic::new(site.clone(), title)
                        .also(first.clone(), "the place")
                        .help("terms name both under `place`: give one of them another name"),
                );
            }
        }
    }
}

/// The currency code that an amount such as `EUR 1_000` begins with, and the rest.
pub(crate) fn currency_of(text: &str) -> (Option<&str>, &str) {
    match text.split_once(' ') {
        Some((code, rest)) if Currency::new(code, 2).is_ok() => (Some(code), rest),
        Some(_) | None => (None, text),
    }
}

/// Reads an amount such as `1_000.50`, `500 billion` or `22.4 billion`, without a currency code.
pub(crate) fn money(text: &str, currency: Currency) -> Result<Money, String> {
    let expected = || "an amount such as `1_000.50`, `250 billion` or `EUR 1_000`".to_owned();
    let (number, factor) = match text.split_once(' ') {
        None => (text, 1),
        Some((number, "thousand")) => (number, 1_000),
        Some((number, "million")) => (number, 1_000_000),
        Some((number, "billion")) => (number, 1_000_000_000),
        Some(_) => return Err(expected()),
    };
    let decimal = Decimal::parse(number).map_err(|_| expected())?;
    if decimal.is_negative() {
        return Err("an amount of zero or more".to_owned());
    }
    // The factor is a power of ten: it takes digits from behind the point.
    let minor = 10_i128
        .pow(u32::from(currency.scale()))
        .checked_mul(factor)
        .and_then(|unit| decimal.mantissa().checked_mul(unit));
    match minor {
        Some(minor) if minor % decimal.unit() == 0 => {
            Ok(Money { minor: minor / decimal.unit(), currency })
        }
        Some(_) | None => {
            let digits = currency.scale();
            Err(format!(
                "an amount of {} with at most {digits} digits behind the point",
                currency.code()
            ))
        }
    }
}

/// Reads a proportion such as `20 %` or `36.5%` or `1/3`.
pub(crate) fn share(text: &str) -> Result<Ratio, String> {
    let expected = || "a share between 0 % and 100 %, such as `20 %` or `1/3`".to_owned();
    let (numerator, denominator) = if let Some(percent) = text.strip_suffix('%') {
        let percent = Decimal::parse(percent.trim_end()).map_err(|_| expected())?;
        (percent.mantissa(), percent.unit().checked_mul(100))
    } else {
        let (numerator, denominator) = text.split_once('/').ok_or_else(expected)?;
        let whole = |part: &str| part.trim().parse::<i64>().map_err(|_| expected());
        (i128::from(whole(numerator)?), Some(i128::from(whole(denominator)?)))
    };
    let small = |value: i128| i64::try_from(value).ok();
    small(numerator)
        .zip(denominator.and_then(small))
        .and_then(|(numerator, denominator)| Ratio::new(numerator, denominator))
        .ok_or_else(expected)
}

/// Reads a whole number, with `_` allowed between digits.
pub(crate) fn whole(text: &str) -> Option<u64> {
    let digits = |c: char| c.is_ascii_digit();
    let good = text.starts_with(digits)
        && text.ends_with(digits)
        && text.chars().all(|c| digits(c) || c == '_');
    if good { text.replace('_', "").parse().ok() } else { None }
}

/// Reads whole GPUs, at most so many, or a share of one such as `0.25`.
pub(crate) fn size(text: &str, most: u32) -> Result<Size, String> {
    if let Some(gpus) = whole(text).filter(|&gpus| gpus > 0) {
        let gpus = u32::try_from(gpus).ok().filter(|&gpus| gpus <= most);
        return gpus.map(Size::Gpus).ok_or_else(|| format!("at most {most} GPUs"));
    }
    let expected = || "whole GPUs, or a share of one such as `0.25`".to_owned();
    let part = Decimal::parse(text).map_err(|_| expected())?;
    if part.mantissa() <= 0 || part.mantissa() >= part.unit() {
        return Err(expected());
    }
    let milli = part.at_scale(3).and_then(|milli| u16::try_from(milli).ok());
    milli.and_then(Share::new).map(Size::Share).ok_or_else(|| {
        "a share of a GPU with at most three digits behind the point, such as `0.25`".to_owned()
    })
}

/// Reads `true` or `false`, also as `yes` and `no`.
pub(crate) fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "yes" => Some(true),
        "false" | "no" => Some(false),
        _ => None,
    }
}

impl Shape {
    /// Adds the kinds of names that what has this shape defines.
    fn defines(&self, names: &mut BTreeSet<Name>) {
        let mut add = |format: Format| {
            if let Format::Define(name) = format {
                names.insert(name);
            }
        };
        match self {
            Self::Scalar(format) | Self::OneOrMany(format) => add(*format),
            Self::List(inner) => inner.defines(names),
            Self::Map(fields) | Self::Choice(fields) => {
                fields.iter().for_each(|field| field.shape.defines(names));
            }
            Self::Each(format, inner) => {
                add(*format);
                inner.defines(names);
            }
            Self::Parties => {}
        }
    }
}

impl Format {
    /// Whether it is a text, whatever it looks like.
    pub(crate) fn is_string(self) -> bool {
        match self {
            Self::Text
            | Self::Define(_)
            | Self::Refer(_)
            | Self::Id
            | Self::Word(_)
            | Self::Currency => true,
            Self::Date
            | Self::Decimal
            | Self::Whole(..)
            | Self::Size(_)
            | Self::Money
            | Self::Share
            | Self::Bool => false,
        }
    }

    /// Checks a text; the error says what was expected.
    pub(crate) fn check(self, text: &str) -> Result<(), String> {
        let id = |text| PartyId::new(text).map(|_| ()).map_err(|error| error.to_string());
        match self {
            Self::Text if text.trim().is_empty() => Err("some text".to_owned()),
            Self::Text => Ok(()),
            Self::Define(_) | Self::Refer(_) | Self::Id => id(text).map_err(|_| {
                "an id: lower-case letters, digits and `-` or `.`, at most 64".to_owned()
            }),
            Self::Date => Instant::parse(text).map(|_| ()).map_err(|_| {
                "a date such as `2025-01-21`, or a time such as `2025-01-21T09:00:00Z`".to_owned()
            }),
            Self::Decimal => match Decimal::parse(text) {
                Ok(decimal) if !decimal.is_negative() => Ok(()),
                Ok(_) | Err(_) => Err("a number of zero or more, such as `3.20`".to_owned()),
            },
            Self::Whole(least, most) => match whole(text) {
                Some(value) if (least..=most).contains(&value) => Ok(()),
                Some(_) | None => Err(format!("a whole number from {least} to {most}")),
            },
            Self::Size(most) => size(text, most).map(|_| ()),
            // Any currency does for the form; the deal's own says how many digits there may be.
            Self::Money => money(currency_of(text).1, Currency::NONE).map(|_| ()),
            Self::Share => share(text).map(|_| ()),
            Self::Bool => truth(text).map(|_| ()).ok_or_else(|| "`true` or `false`".to_owned()),
            Self::Word(words) if words.contains(&text) => Ok(()),
            Self::Word(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                Err(format!("one of {}", words.join(", ")))
            }
            Self::Currency => Currency::new(text, 2)
                .map(|_| ())
                .map_err(|_| "a currency code of three capital letters, such as `USD`".to_owned()),
        }
    }
}

/// Checks the form of a tree and collects the names that it defines.
pub(crate) fn check(node: &Node, shape: &Shape, names: &mut Names, out: &mut Vec<Diagnostic>) {
    match shape {
        Shape::Scalar(format) => scalar(node, *format, names, out),
        Shape::OneOrMany(format) => match &node.kind {
            Kind::List(items) => {
                for item in items {
                    scalar(item, *format, names, out);
                }
            }
            Kind::Scalar { .. } | Kind::Empty | Kind::Map(_) => scalar(node, *format, names, out),
        },
        Shape::List(inner) => match &node.kind {
            Kind::List(items) => items.iter().for_each(|item| check(item, inner, names, out)),
            Kind::Empty => {}
            Kind::Scalar { .. } | Kind::Map(_) => {
                names.miss_node(std::slice::from_ref(shape), node);
                out.push(wrong(node, "a list"));
            }
        },
        Shape::Map(fields) => fields_of(node, fields, names, out),
        Shape::Each(format, inner) => match &node.kind {
            Kind::Map(entries) => {
                for (key, value) in entries {
                    let kind = Kind::Scalar { text: key.text.clone(), quotes: Quotes::There };
                    scalar(&Node { place: key.place.clone(), kind }, *format, names, out);
                    unquoted_key(key, out);
                    check(value, inner, names, out);
                }
            }
            Kind::Empty => {}
            Kind::Scalar { .. } | Kind::List(_) => {
                names.miss_node(std::slice::from_ref(shape), node);
                out.push(wrong(node, "a mapping from names to their meaning"));
            }
        },
        Shape::Choice(fields) => choice(node, fields, names, out),
        Shape::Parties => parties(node, names, out),
    }
}

fn wrong(node: &Node, expected: &str) -> Diagnostic {
    Diagnostic::new(node.place.clone(), format!("expected {expected}, found {}", node.describe()))
}

fn scalar(node: &Node, format: Format, names: &mut Names, out: &mut Vec<Diagnostic>) {
    let Some(text) = node.text() else {
        let expected = format.check("\u{0}").err().unwrap_or_else(|| "some text".to_owned());
        out.push(wrong(node, &expected));
        return;
    };
    if let Err(expected) = format.check(text) {
        let mut diagnostic = wrong(node, &expected);
        if let Format::Word(words) = format
            && let Some(nearest) = nearest(text, words.iter().copied())
        {
            diagnostic = diagnostic.help(format!("did you mean `{nearest}`?"));
        }
        out.push(diagnostic);
        return;
    }
    unquoted(node, format, out);
    if format == Format::Define(Name::Party) && text == "any" {
        out.push(
            Diagnostic::new(node.place.clone(), "a party cannot have the id `any`")
                .help("terms say `any` for everyone: give the party another id"),
        );
    }
    if let Format::Define(name) = format {
        let defined = names.defined.entry(name).or_default();
        if let Some(first) = defined.get(text) {
            let title = format!("{} `{text}` is defined twice", name.word());
            out.push(Diagnostic::new(node.place.clone(), title).also(first.clone(), "first here"));
        } else {
            defined.insert(text.to_owned(), node.place.clone());
        }
    }
}

/// Reports a text without quotes that YAML reads as something other than a string.
fn unquoted(node: &Node, format: Format, out: &mut Vec<Diagnostic>) {
    if let Kind::Scalar { text, quotes: Quotes::None } = &node.kind
        && format.is_string()
        && misread(text)
    {
        out.push(
            Diagnostic::new(node.place.clone(), format!("`{text}` without quotes"))
                .label("YAML does not read this as text")
                .help(format!("write `\"{text}\"`; `comity format` does it for the whole deal")),
        );
    }
}

/// Reports a key without quotes that YAML reads as something other than a string.
fn unquoted_key(key: &Key, out: &mut Vec<Diagnostic>) {
    let kind = Kind::Scalar { text: key.text.clone(), quotes: key.quotes };
    unquoted(&Node { place: key.place.clone(), kind }, Format::Text, out);
}

fn fields_of(node: &Node, fields: &[Field], names: &mut Names, out: &mut Vec<Diagnostic>) {
    let Kind::Map(entries) = &node.kind else {
        let keys: Vec<&str> =
            fields.iter().filter(|field| field.required).map(|field| field.name).collect();
        out.push(wrong(node, &format!("a mapping with `{}`", keys.join("`, `"))));
        return;
    };
    let free = free(fields, entries);
    let mut found: BTreeSet<&str> = BTreeSet::new();
    for (key, value) in entries {
        let field = meant(fields, &free, &key.text);
        if field.is_none_or(|field| field.name != key.text) {
            let title = format!("unknown key `{}`", quoted(&key.text));
            let keys = free.iter().map(|field| field.name);
            out.push(Diagnostic::new(key.place.clone(), title).nearest(&key.text, keys));
        }
        let Some(field) = field else {
            let could_be: Vec<Shape> = free.iter().map(|field| field.shape.clone()).collect();
            names.miss_node(&could_be, value);
            continue;
        };
        unquoted_key(key, out);
        found.insert(field.name);
        if lacks_value(field, value) {
            let title = format!("`{}` has no value", key.text);
            let diagnostic =
                Diagnostic::new(key.place.clone(), title).help(format!("expected {}", field.about));
            out.push(if field.required {
                diagnostic
            } else {
                diagnostic.help("leave the key out where there is nothing to say")
            });
        } else if !matches!(value.kind, Kind::Empty) {
            check(value, &field.shape, names, out);
        }
    }
    let missing: Vec<&Field> =
        fields.iter().filter(|field| field.required && !found.contains(field.name)).collect();
    if !missing.is_empty() {
        let list: Vec<String> = missing.iter().map(|field| format!("`{}`", field.name)).collect();
        let place = entries.first().map_or(&node.place, |(key, _)| &key.place);
        let keys = if missing.len() == 1 { "key" } else { "keys" };
        let mut diagnostic =
            Diagnostic::new(place.clone(), format!("missing {keys} {}", list.join(", ")))
                .label("in the mapping that begins here");
        for field in missing {
            diagnostic = diagnostic.help(format!("`{}`: {}", field.name, field.about));
        }
        out.push(diagnostic);
    }
}

/// The fields whose keys are not there.
fn free<'a>(fields: &'a [Field], entries: &[(Key, Node)]) -> Vec<&'a Field> {
    let there: BTreeSet<&str> = entries.iter().map(|(key, _)| key.text.as_str()).collect();
    fields.iter().filter(|field| !there.contains(field.name)).collect()
}

/// The field that a key names, or most likely means: what stands under a misspelt key is checked
/// as well, and its field is not missing.
fn meant<'a>(fields: &'a [Field], free: &[&'a Field], key: &str) -> Option<&'a Field> {
    let named = |name: &str| fields.iter().find(|field| field.name == name);
    named(key).or_else(|| named(nearest(key, free.iter().map(|field| field.name))?))
}

/// Whether a key stands there without the value that it needs. Left empty, a condition or a
/// limit would be lost without a word; an empty list is a value where none is needed.
fn lacks_value(field: &Field, value: &Node) -> bool {
    let may_be_empty = matches!(field.shape, Shape::List(_) | Shape::Each(..)) && !field.required;
    match &value.kind {
        Kind::Empty => !may_be_empty,
        Kind::List(items) => {
            items.is_empty() && field.required && matches!(field.shape, Shape::OneOrMany(_))
        }
        Kind::Scalar { .. } | Kind::Map(_) => false,
    }
}

fn choice(node: &Node, fields: &[Field], names: &mut Names, out: &mut Vec<Diagnostic>) {
    let entries = match &node.kind {
        Kind::Map(entries) if !entries.is_empty() => entries,
        Kind::Map(_) | Kind::Scalar { .. } | Kind::Empty | Kind::List(_) => {
            let kinds: Vec<&str> = fields.iter().map(|field| field.name).collect();
            out.push(wrong(
                node,
                &format!("one of `{}`, with its keys below it", kinds.join("`, `")),
            ));
            return;
        }
    };
    let free = free(fields, entries);
    for (index, (key, value)) in entries.iter().enumerate() {
        let field = meant(fields, &free, &key.text);
        if field.is_none_or(|field| field.name != key.text) {
            let title = format!("unknown kind `{}`", quoted(&key.text));
            let kinds = fields.iter().map(|field| field.name);
            out.push(Diagnostic::new(key.place.clone(), title).nearest(&key.text, kinds));
        } else if index > 0 {
            let title = format!("`{}` beside `{}`", key.text, quoted(&entries[0].0.text));
            out.push(
                Diagnostic::new(key.place.clone(), title)
                    .also(entries[0].0.place.clone(), "only one can stand here")
                    .help("in a list, give each an item of its own, with a `-` before it"),
            );
        }
        match field {
            Some(field) => check(value, &field.shape, names, out),
            None => {
                let could_be: Vec<Shape> = fields.iter().map(|field| field.shape.clone()).collect();
                names.miss_node(&could_be, value);
            }
        }
    }
}

fn parties(node: &Node, names: &mut Names, out: &mut Vec<Diagnostic>) {
    let format = Format::Refer(Name::Party);
    match &node.kind {
        Kind::Scalar { text, .. } if text == "any" => {}
        Kind::Map(entries) if entries.len() == 1 && entries[0].0.text == "all-but" => {
            let but = &entries[0].1;
            if but.items().is_empty() {
                out.push(wrong(but, "a party or a list of parties"));
            } else {
                check(but, &Shape::OneOrMany(format), names, out);
            }
        }
        Kind::List(items) if items.is_empty() => {
            out.push(
                wrong(node, "`any`, a party, a list of parties, or `all-but: [party]`")
                    .label("the list is empty"),
            );
        }
        Kind::Map(_) | Kind::Empty => {
            out.push(wrong(node, "`any`, a party, a list of parties, or `all-but: [party]`"));
        }
        Kind::Scalar { .. } | Kind::List(_) => {
            check(node, &Shape::OneOrMany(format), names, out);
        }
    }
}

/// Reports every reference to a name that no file defines.
pub(crate) fn resolve(node: &Node, shape: &Shape, names: &Names, out: &mut Vec<Diagnostic>) {
    match shape {
        Shape::Scalar(format) | Shape::OneOrMany(format) => {
            for item in node.items() {
                refer(item, *format, names, out);
            }
        }
        Shape::List(inner) => {
            if let Kind::List(items) = &node.kind {
                items.iter().for_each(|item| resolve(item, inner, names, out));
            }
        }
        Shape::Map(fields) | Shape::Choice(fields) => {
            let free = free(fields, node.entries());
            for (key, value) in node.entries() {
                if let Some(field) = meant(fields, &free, &key.text) {
                    resolve(value, &field.shape, names, out);
                }
            }
        }
        Shape::Each(format, inner) => {
            for (key, value) in node.entries() {
                let kind = Kind::Scalar { text: key.text.clone(), quotes: key.quotes };
                refer(&Node { place: key.place.clone(), kind }, *format, names, out);
                resolve(value, inner, names, out);
            }
        }
        Shape::Parties => {
            if node.text() == Some("any") {
                return;
            }
            let inner = node.get("all-but").unwrap_or(node);
            for item in inner.items() {
                refer(item, Format::Refer(Name::Party), names, out);
            }
        }
    }
}

fn refer(node: &Node, format: Format, names: &Names, out: &mut Vec<Diagnostic>) {
    let (Format::Refer(name), Some(text)) = (format, node.text()) else { return };
    if format.check(text).is_err() || names.contains(name, text) {
        return;
    }
    let title = format!("unknown {} `{text}`", name.word());
    let diagnostic = Diagnostic::new(node.place.clone(), title);
    out.push(if names.budget.take(names.count(name)) {
        let sites = names.of(Name::Site).filter(|_| name == Name::Place);
        diagnostic.nearest(text, names.of(name).chain(sites).collect::<BTreeSet<&str>>())
    } else {
        diagnostic
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_shares_are_exact() {
        let usd = Currency::new("USD", 2).unwrap();
        let minor = |text| money(text, usd).map(|money| money.minor);
        assert_eq!(minor("22.4 billion"), Ok(2_240_000_000_000));
        assert_eq!(minor("0.05"), Ok(5));
        assert!(minor("0.005").is_err());
        assert!(minor("-1").is_err());
        assert!(minor("1 trillion").is_err());
        assert_eq!(share("20 %"), Ok(Ratio::new(1, 5).unwrap()));
        assert_eq!(share("36.5%"), Ok(Ratio::new(365, 1000).unwrap()));
        assert_eq!(share("1/3"), Ok(Ratio::new(1, 3).unwrap()));
        assert_eq!((whole("1_000"), whole("0")), (Some(1_000), Some(0)));
        assert!(["", "_1", "1_", "+1", "-1", "1.0"].iter().all(|text| whole(text).is_none()));
        assert!(share("120 %").is_err() && share("0.2").is_err() && share("-5 %").is_err());
    }

    #[test]
    fn sizes_are_whole_gpus_or_a_share_of_one() {
        let read = |text| size(text, 64).map(|size| size.to_string());
        for (text, printed) in [("8", "8"), ("6_4", "64"), ("0.25", "0.25"), ("0.500", "0.5")] {
            assert_eq!(read(text), Ok(printed.to_owned()));
        }
        assert_eq!(size("0.001", 64).map(Size::milli), Ok(1));
        assert_eq!(size("0.999", 64).map(Size::milli), Ok(999));
        for text in ["0", "0.0", "-0.5", "-1", "1.5", "1.0", ".5", "20 %", "1/4", "half", "65", ""]
        {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(["0.2501", "0.0001", "0.9999"].iter().all(|text| read(text).is_err()));
    }
}
