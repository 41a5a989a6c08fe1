//! YAML as an editor sees it: the core schema of YAML 1.2, in which `1_000` and dates are texts.

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// A file's text as JSON.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser may gain events; only those below carry values"
)]
pub(crate) fn json(text: &str) -> Value {
    let mut stack: Vec<Open> = Vec::new();
    let mut root = Value::Null;
    for event in Parser::new_from_str(text) {
        let (event, _) = event.expect("the file is YAML");
        let done = match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) => Some(plain(&text)),
            Event::Scalar(text, ..) => Some(Value::from(text.into_owned())),
            Event::SequenceStart(..) => {
                stack.push(Open::List(Vec::new()));
                None
            }
            Event::MappingStart(..) => {
                stack.push(Open::Map(Map::new(), None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => stack.pop().map(|open| match open {
                Open::List(items) => Value::Array(items),
                Open::Map(entries, _) => Value::Object(entries),
            }),
            _ => None,
        };
        let Some(value) = done else { continue };
        match stack.last_mut() {
            None => root = value,
            Some(Open::List(items)) => items.push(value),
            Some(Open::Map(entries, key)) => match key.take() {
                Some(key) => {
                    entries.insert(key, value);
                }
                None => *key = Some(value.as_str().map_or(value.to_string(), str::to_owned)),
            },
        }
    }
    root
}

enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

/// Section 10.3.2 of YAML 1.2.2, without octal and hexadecimal numbers and infinities.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::from(true),
        "false" | "False" | "FALSE" => return Value::from(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    if number && let Ok(whole) = text.parse::<i64>() {
        return Value::from(whole);
    }
    if number && let Ok(whole) = text.parse::<u64>() {
        return Value::from(whole);
    }
    if number && let Ok(number) = text.parse::<f64>() {
        return Value::from(number);
    }
    Value::from(text)
}

#[test]
fn underscores_and_dates_are_texts() {
    let value = json(
        "a: 1_000_000\nb: 2025-01-21\nc: 1000\nd: 3.20\ne: 20 %\nf: yes\ng: '7'\nh: true\ni:\n",
    );
    let expected = serde_json::json!({
        "a": "1_000_000", "b": "2025-01-21", "c": 1000, "d": 3.2, "e": "20 %", "f": "yes",
        "g": "7", "h": true, "i": null,
    });
    assert_eq!(value, expected);
}
