//! JSON objects, their values as they stand in the text: a number keeps its digits.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of a JSON object in their order, values as they stand there.
#[derive(Debug)]
pub struct JsonObject<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A key is there twice, so that its value is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyTwice;

impl<'de> Deserialize<'de> for JsonObject<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = JsonObject<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonObject<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(JsonObject(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl<'a> JsonObject<'a> {
    /// The object that a text is.
    ///
    /// # Errors
    /// When it is no JSON, or no object.
    pub fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The value of a key as it stands there, if the key is there.
    ///
    /// # Errors
    /// [`KeyTwice`].
    pub fn member(&self, name: &str) -> Result<Option<&'a str>, KeyTwice> {
        let mut found = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.get());
        let first = found.next();
        if found.next().is_some() { Err(KeyTwice) } else { Ok(first) }
    }
}

/// What a JSON string says; as it stands there where nothing in it is escaped.
///
/// # Errors
/// When the value is no string.
pub fn json_text(value: &str) -> Result<Cow<'_, str>, serde_json::Error> {
    match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Ok(Cow::Borrowed(plain)),
        Some(_) | None => serde_json::from_str(value).map(Cow::Owned),
    }
}
