//! CloudEvents 1.0 in structured mode, an event a line.

use std::borrow::Cow;
use std::fmt;
use std::io::BufRead;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::build::{Builder, Built, Fields};
use crate::feed::How;
use crate::intake::{Identity, Place};
use crate::layout::CLOUD_EVENTS;
use crate::reason::{FileError, Reason, Wrong};
use crate::record::{Intake, Part, Uses};
use crate::text::{Rows, shown};

/// The members of a JSON object in their order, their values as they stand there: a number keeps
/// its digits.
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl<'a> Object<'a> {
    fn read(text: &'a str) -> Result<Self, Reason> {
        serde_json::from_str(text).map_err(|error| Reason::Json(shown(&error.to_string())))
    }

    fn member(&self, name: &str) -> Result<Option<&'a RawValue>, Reason> {
        let mut found = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| *value);
        let first = found.next();
        if found.next().is_some() { Err(Reason::KeyTwice) } else { Ok(first) }
    }
}

impl Fields for Object<'_> {
    /// A member, or one of a member that is an object: `data.tokens`.
    fn get(&self, field: &str) -> Result<Option<Cow<'_, str>>, Reason> {
        let whole = self.member(field)?;
        let value = match (whole, field.split_once('.')) {
            (Some(value), _) => Some(value.get()),
            (None, Some((outer, rest))) => match self.member(outer)? {
                Some(inner) if inner.get().starts_with('{') => {
                    let inner = Object::read(inner.get())?;
                    return Ok(inner.get(rest)?.map(|text| Cow::Owned(text.into_owned())));
                }
                Some(_) | None => None,
            },
            (None, None) => None,
        };
        let Some(value) = value.filter(|value| *value != "null") else { return Ok(None) };
        if !value.starts_with('"') {
            return Ok(Some(Cow::Borrowed(value)));
        }
        let text: Cow<'_, str> = match value.trim_matches('"') {
            plain if !value.contains('\\') => Cow::Borrowed(plain),
            _ => Cow::Owned(
                serde_json::from_str(value).map_err(|error| Reason::Json(error.to_string()))?,
            ),
        };
        Ok((!text.is_empty()).then_some(text))
    }
}

/// Reads the events of a file.
pub(crate) fn read(file: &str, input: &mut dyn BufRead, how: How<'_>) -> Result<Intake, FileError> {
    let file: Arc<str> = Arc::from(file);
    let mut rows = Rows::new(input, false);
    let mut builder = Builder::new(how, &CLOUD_EVENTS);
    let mut intake = Intake::default();
    let broken = |error: std::io::Error| FileError::Broken {
        file: file.to_string(),
        why: error.to_string(),
    };
    let mut empty = true;
    while let Some(raw) = rows.next().map_err(broken)? {
        empty = false;
        let place = Place { file: file.clone(), line: raw.line };
        let mut built = Built::default();
        let result = match raw.wrong {
            Some(reason) => Err(Wrong::row(reason)),
            None => event(&raw.text, &mut builder, &mut built),
        };
        let result = result.map(|(identity, part)| (identity, Uses::One(part)));
        builder.put(&mut intake, place, result, built, || raw.text);
    }
    if empty { Err(FileError::Empty { file: file.to_string() }) } else { Ok(intake) }
}

fn event(
    text: &str,
    builder: &mut Builder<'_>,
    built: &mut Built,
) -> Result<(Identity, Part), Wrong> {
    let object = Object::read(text).map_err(Wrong::row)?;
    for name in ["specversion", "id", "source", "type"] {
        let value = object.get(name).map_err(|reason| Wrong::at(name, reason))?;
        let value = value.ok_or_else(|| Wrong::at(name, Reason::Missing))?;
        if name == "specversion" && value != "1.0" {
            return Err(Wrong::at(name, Reason::SpecVersion { found: shown(&value) }));
        }
    }
    builder.build(&object, built)
}
