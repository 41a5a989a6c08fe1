//! JSON Schemas (draft 2020-12) of deal files, made from the grammar that files are checked with.

use serde_json::{Map, Value, json};

use crate::shape::{Field, Format, Shape};

const ID: &str = "^[a-z0-9][a-z0-9.-]{0,63}$";

/// The schema of one kind of file.
pub(crate) fn schema(title: &str, about: &str, shape: &Shape) -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": about,
    });
    if let (Value::Object(top), Value::Object(body)) = (&mut schema, of(shape)) {
        top.extend(body);
    }
    schema
}

fn of(shape: &Shape) -> Value {
    match shape {
        Shape::Scalar(format) => scalar(*format),
        Shape::List(inner) => json!({ "type": ["array", "null"], "items": of(inner) }),
        Shape::OneOrMany(format) => {
            json!({ "anyOf": [scalar(*format), { "type": "array", "items": scalar(*format) }] })
        }
        Shape::Map(fields) => {
            let required: Vec<&str> =
                fields.iter().filter(|field| field.required).map(|field| field.name).collect();
            json!({
                "type": "object",
                "properties": properties(fields),
                "required": required,
                "additionalProperties": false,
            })
        }
        Shape::Each(format, inner) => json!({
            "type": ["object", "null"],
            "propertyNames": scalar(*format),
            "additionalProperties": of(inner),
        }),
        Shape::Choice(fields) => json!({
            "type": "object",
            "properties": properties(fields),
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": false,
        }),
        Shape::Parties => {
            let id = json!({ "type": "string", "pattern": ID });
            let many = json!({ "anyOf": [id, { "type": "array", "items": id }] });
            json!({ "anyOf": [
                id,
                { "type": "array", "items": id },
                { "type": "object", "properties": { "all-but": many },
                  "required": ["all-but"], "additionalProperties": false },
            ] })
        }
    }
}

fn properties(fields: &[Field]) -> Value {
    let mut map = Map::new();
    for field in fields {
        let mut inner = of(&field.shape);
        if let Value::Object(inner) = &mut inner {
            inner.insert("description".to_owned(), Value::from(field.about));
        }
        map.insert(field.name.to_owned(), inner);
    }
    Value::Object(map)
}

fn scalar(format: Format) -> Value {
    match format {
        Format::Text => json!({ "type": ["string", "number"] }),
        Format::Define(_) | Format::Refer(_) | Format::Id => {
            json!({ "type": "string", "pattern": ID })
        }
        Format::Date => json!({
            "type": "string",
            "pattern": r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2}))?$",
        }),
        Format::Decimal => json!({ "type": ["number", "string"], "minimum": 0 }),
        Format::Whole(least, most) => {
            json!({ "type": ["integer", "string"], "minimum": least, "maximum": most })
        }
        Format::Money => json!({
            "type": ["number", "string"],
            "pattern": r"^\d[\d_]*(\.\d+)?( (thousand|million|billion))?$",
        }),
        Format::Share => json!({
            "type": "string",
            "pattern": r"^(\d[\d_]*(\.\d+)? ?%|\d+ ?/ ?\d+)$",
        }),
        Format::Bool => json!({ "enum": [true, false, "yes", "no"] }),
        Format::Word(words) => json!({ "enum": words }),
        Format::Currency => json!({ "type": "string", "pattern": "^[A-Z]{3}$" }),
    }
}
