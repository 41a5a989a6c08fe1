//! CloudEvents 1.0 in structured mode, an event a line.

use std::borrow::Cow;
use std::io::BufRead;
use std::sync::Arc;

use crate::build::{Builder, Built, Fields};
use crate::feed::How;
use crate::intake::{Identity, Place};
use crate::json::{JsonObject, KeyTwice, json_text};
use crate::layout::CLOUD_EVENTS;
use crate::reason::{FileError, Reason, Wrong};
use crate::record::{Intake, Part, Uses};
use crate::text::{Rows, shown};

fn object(text: &str) -> Result<JsonObject<'_>, Reason> {
    JsonObject::parse(text).map_err(|error| Reason::Json(shown(&error.to_string())))
}

impl Fields for JsonObject<'_> {
    /// A member, or one of a member that is an object: `data.tokens`.
    fn get(&self, field: &str) -> Result<Option<Cow<'_, str>>, Reason> {
        let member = |name: &str| self.member(name).map_err(|KeyTwice| Reason::KeyTwice);
        let value = match (member(field)?, field.split_once('.')) {
            (Some(value), _) => Some(value),
            (None, Some((outer, rest))) => match member(outer)? {
                Some(inner) if inner.starts_with('{') => {
                    let inner = object(inner)?;
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
        let text = json_text(value).map_err(|error| Reason::Json(error.to_string()))?;
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
    let object = object(text).map_err(Wrong::row)?;
    for name in ["specversion", "id", "source", "type"] {
        let value = object.get(name).map_err(|reason| Wrong::at(name, reason))?;
        let value = value.ok_or_else(|| Wrong::at(name, Reason::Missing))?;
        if name == "specversion" && value != "1.0" {
            return Err(Wrong::at(name, Reason::SpecVersion { found: shown(&value) }));
        }
    }
    builder.build(&object, built)
}
