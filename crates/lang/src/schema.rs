//! JSON Schemas (draft 2020-12) of deal files, made from the grammar that files are checked with.

use serde_json::{Map, Value, json};

use crate::shape::{Field, Format, Name, Shape};

// Texts are constrained by patterns that hold for what the checks accept. A number that is
// written with `_`, such as `1_000`, is a text to YAML 1.2, as editors read it.
const ID: &str = "^[a-z0-9][a-z0-9.-]{0,63}$";
const DATE: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?))?$";
const WHOLE: &str = "^[0-9]([0-9_]*[0-9])?$";
const DECIMAL: &str = "^[0-9]([0-9_]*[0-9])?([.][0-9]([0-9_]*[0-9])?)?$";
const MONEY: &str =
    "^[0-9]([0-9_]*[0-9])?([.][0-9]([0-9_]*[0-9])?)?( (thousand|million|billion))?$";
const PART: &str = "^0([0_]*0)?[.][0-9]([0-9_]*[0-9])?$";
const SHARE: &str = "^(0*(100([.]0+)?|[0-9]{1,2}([.][0-9]+)?) *%|[0-9]+ */ *[0-9]+)$";

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
        Shape::List(inner) => json!({ "type": "array", "items": of(inner) }),
        Shape::OneOrMany(format) => one_or_many(&scalar(*format)),
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
            "type": "object",
            "propertyNames": key(*format),
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
            let id = id();
            let mut many = one_or_many(&id);
            not_empty(&mut many);
            json!({ "anyOf": [
                id,
                { "type": "array", "items": id, "minItems": 1 },
                { "type": "object", "properties": { "all-but": many },
                  "required": ["all-but"], "additionalProperties": false },
            ] })
        }
    }
}

fn one_or_many(one: &Value) -> Value {
    json!({ "anyOf": [one, { "type": "array", "items": one }] })
}

/// Refuses the empty list in a schema for one or many.
fn not_empty(one_or_many: &mut Value) {
    one_or_many["anyOf"][1]["minItems"] = Value::from(1);
}

fn properties(fields: &[Field]) -> Value {
    let mut map = Map::new();
    for field in fields {
        let mut inner = of(&field.shape);
        match &field.shape {
            Shape::OneOrMany(_) if field.required => not_empty(&mut inner),
            // A list or mapping that need not be there may be left without a value.
            Shape::List(_) | Shape::Each(..) if !field.required => {
                let kind = inner["type"].take();
                inner["type"] = json!([kind, "null"]);
            }
            Shape::List(_)
            | Shape::Each(..)
            | Shape::OneOrMany(_)
            | Shape::Scalar(_)
            | Shape::Map(_)
            | Shape::Choice(_)
            | Shape::Parties => {}
        }
        if let Value::Object(inner) = &mut inner {
            inner.insert("description".to_owned(), Value::from(field.about));
        }
        map.insert(field.name.to_owned(), inner);
    }
    Value::Object(map)
}

fn id() -> Value {
    json!({ "type": "string", "pattern": ID })
}

/// A key is a text whatever it looks like.
fn key(format: Format) -> Value {
    match format {
        Format::Define(Name::Party) => json!({ "pattern": ID, "not": { "const": "any" } }),
        Format::Define(_) | Format::Refer(_) | Format::Id => json!({ "pattern": ID }),
        Format::Text
        | Format::Date
        | Format::Decimal
        | Format::Whole(..)
        | Format::Size(_)
        | Format::Money
        | Format::Share
        | Format::Bool
        | Format::Word(_)
        | Format::Currency => scalar(format),
    }
}

fn scalar(format: Format) -> Value {
    match format {
        Format::Text => json!({ "type": "string", "pattern": "[^\\s]" }),
        Format::Define(_) | Format::Refer(_) | Format::Id => id(),
        Format::Date => json!({ "type": "string", "pattern": DATE }),
        Format::Decimal => {
            json!({ "type": ["number", "string"], "minimum": 0, "pattern": DECIMAL })
        }
        Format::Whole(least, most) => json!({
            "type": ["integer", "string"], "minimum": least, "maximum": most, "pattern": WHOLE,
        }),
        Format::Size(most) => json!({ "anyOf": [
            scalar(Format::Whole(1, u64::from(most))),
            { "type": ["number", "string"], "exclusiveMinimum": 0, "exclusiveMaximum": 1,
              "pattern": PART },
        ] }),
        Format::Money => json!({ "type": ["number", "string"], "minimum": 0, "pattern": MONEY }),
        Format::Share => json!({ "type": "string", "pattern": SHARE }),
        Format::Bool => json!({ "enum": [true, false, "true", "false", "yes", "no"] }),
        Format::Word(words) => json!({ "enum": words }),
        Format::Currency => json!({ "type": "string", "pattern": "^[A-Z]{3}$" }),
    }
}
