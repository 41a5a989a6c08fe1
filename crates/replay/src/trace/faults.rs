//! Faults of machines, as a JSON array of events: each a start or an end.

use std::borrow::Cow;
use std::collections::BTreeMap;

use comity_base::{Decimal, Instant, Rounding, mul_div};
use comity_ingest::{JsonObject, KeyTwice, json_text};
use serde_json::value::RawValue;

use super::line::Line;
use super::reason::Reason;
use super::{Gather, Read, Row, TraceError, TraceFault, TraceKind};

/// Reads the events and joins each end to the start that it ends: the one before it of the same
/// node, level, class and description.
///
/// An end that has none, a start that has no end or is there already, and an event that lacks
/// something are set aside.
pub(super) fn read(text: &str) -> Result<Read<TraceFault>, TraceError> {
    let content = text.strip_prefix('\u{feff}').unwrap_or(text);
    if content.trim().is_empty() {
        return Err(TraceError::Empty { of: TraceKind::Faults });
    }
    if !content.trim_start().starts_with('[') {
        return Err(super::unknown(text, TraceKind::Faults));
    }
    let events: Vec<&RawValue> = serde_json::from_str(content).map_err(|error| broken(&error))?;
    let lines: Vec<Line<'_>> = lines(content, &events).collect();
    let mut gather = Gather::new();
    for (line, outcome) in lines.iter().zip(outcomes(&lines)) {
        match outcome {
            Some(outcome) => gather.add(*line, outcome),
            // It was read, as the end of the fault that a row above begins.
            None => gather.read.read += 1,
        }
    }
    Ok(gather.read)
}

/// What each event comes to: a start to the fault that it begins, an end that is joined to it to
/// nothing of its own.
fn outcomes(lines: &[Line<'_>]) -> Vec<Option<Result<Row<TraceFault>, Reason>>> {
    let mut outcomes = Vec::with_capacity(lines.len());
    // Starts without an end so far: the place among the events, and the instant.
    let mut open: BTreeMap<Kind<'_>, (usize, i64)> = BTreeMap::new();
    for (place, line) in lines.iter().enumerate() {
        let outcome = match event(line.text) {
            Err(reason) => Some(Err(reason)),
            Ok(Event { kind, what: What::Start, .. }) if open.contains_key(&kind) => {
                Some(Err(Reason::StartedAlready))
            }
            Ok(Event { kind, what: What::Start, seconds }) => {
                open.insert(kind, (place, seconds));
                // Until its end is found.
                Some(Err(Reason::NotEnded))
            }
            Ok(Event { kind, what: What::End, seconds }) => match open.get(&kind).copied() {
                None => Some(Err(Reason::NotStarted)),
                Some((start, from)) if seconds < from => {
                    Some(Err(Reason::EndsBeforeStart { line: lines[start].number }))
                }
                Some((start, from)) => {
                    open.remove(&kind);
                    outcomes[start] = Some(Ok(fault(lines[start].number, kind, from, seconds)));
                    None
                }
            },
        };
        outcomes.push(outcome);
    }
    outcomes
}

/// What an event says.
struct Event<'a> {
    kind: Kind<'a>,
    what: What,
    seconds: i64,
}

enum What {
    Start,
    End,
}

/// What a start and its end have in common.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kind<'a> {
    node: Cow<'a, str>,
    level: Cow<'a, str>,
    class: Cow<'a, str>,
    description: Cow<'a, str>,
}

fn fault(line: u32, kind: Kind<'_>, from_seconds: i64, to_seconds: i64) -> Row<TraceFault> {
    let value = TraceFault {
        line,
        node: kind.node.into_owned(),
        from_seconds,
        to_seconds: to_seconds.max(from_seconds + 1),
        level: kind.level.into_owned(),
        class: kind.class.into_owned(),
        description: kind.description.into_owned(),
    };
    Row { value, at: from_seconds, asked_short: false, start_assumed: false }
}

fn event(text: &str) -> Result<Event<'_>, Reason> {
    let event = Members::read(text)?;
    let node = event.text("node_id")?;
    let seconds = event.days("event_time")?;
    let what = match &*event.text("event_type")? {
        "fault_start" => What::Start,
        "fault_end" => What::End,
        _ => {
            let expected = "`fault_start` or `fault_end`";
            return Err(Reason::Malformed { column: "event_type", expected });
        }
    };
    let of = Members::read(event.member("fault_type")?)
        .map_err(|_| Reason::Malformed { column: "fault_type", expected: "an object" })?;
    let kind = Kind {
        node,
        level: of.text("Level")?,
        class: of.text("Class")?,
        description: of.text("Desc")?,
    };
    Ok(Event { kind, what, seconds })
}

/// The members of an event, or of what an event has inside it.
struct Members<'a>(JsonObject<'a>);

impl<'a> Members<'a> {
    fn read(text: &'a str) -> Result<Self, Reason> {
        JsonObject::parse(text).map(Self).map_err(|_| Reason::NoObject)
    }

    /// A member as it stands there; one that is there twice has no value that is known.
    fn member(&self, name: &'static str) -> Result<&'a str, Reason> {
        match self.0.member(name) {
            Err(KeyTwice) => Err(Reason::Twice { column: name }),
            Ok(None | Some("null")) => Err(Reason::NotKnown { column: name }),
            Ok(Some(value)) => Ok(value),
        }
    }

    /// A text that is not empty.
    fn text(&self, name: &'static str) -> Result<Cow<'a, str>, Reason> {
        let value = self.member(name)?;
        let text =
            json_text(value).map_err(|_| Reason::Malformed { column: name, expected: "a text" })?;
        if text.trim().is_empty() { Err(Reason::NotKnown { column: name }) } else { Ok(text) }
    }

    /// An instant in days from the start of the trace, cut to the second that it falls in.
    fn days(&self, name: &'static str) -> Result<i64, Reason> {
        let value = self.member(name)?;
        // Programs that write binary fractions write more digits than mean anything.
        let kept = value.find('.').map_or(value.len(), |point| value.len().min(point + 13));
        let shown = if value.contains(['e', 'E']) { value } else { &value[..kept] };
        let days = Decimal::parse(shown)
            .map_err(|_| Reason::Malformed { column: name, expected: "a number of days" })?;
        if days.is_negative() {
            return Err(Reason::Negative { column: name });
        }
        let most = Instant::MAX.seconds() / Instant::DAY;
        let seconds = mul_div(days.mantissa(), Instant::DAY.into(), days.unit(), Rounding::Down);
        let seconds = seconds.ok().and_then(|seconds| i64::try_from(seconds).ok());
        seconds
            .filter(|&seconds| seconds <= most * Instant::DAY)
            .ok_or(Reason::TooLarge { column: name, most: most.unsigned_abs() })
    }
}

/// Each value with the line that it begins on.
fn lines<'a>(text: &'a str, values: &[&'a RawValue]) -> impl Iterator<Item = Line<'a>> {
    let mut rest = text;
    let mut number = 1_u32;
    values.iter().map(move |value| {
        // Between two values stand only spaces and commas, so the first place is the right one.
        let at = rest.find(value.get()).expect("a value stands behind the one before it");
        number = number.saturating_add(ends(&rest[..at]));
        let line = Line { number, text: value.get() };
        number = number.saturating_add(ends(value.get()));
        rest = &rest[at + value.get().len()..];
        line
    })
}

/// How many lines end in a text.
fn ends(text: &str) -> u32 {
    let ends = text.bytes().filter(|&byte| byte == b'\n').count();
    u32::try_from(ends).unwrap_or(u32::MAX)
}

fn broken(error: &serde_json::Error) -> TraceError {
    let shown = error.to_string();
    let why = shown.split(" at line ").next().unwrap_or(&shown).to_owned();
    TraceError::Json { line: error.line(), column: error.column(), why }
}
