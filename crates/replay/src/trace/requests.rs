//! Requests of the Azure LLM inference traces.

use super::line::Line;
use super::reason::Reason;
use super::table::{Fields, Format};
use super::{Row, TraceRequest};

pub(super) const FORMAT: Format = Format {
    name: "Azure LLM inference",
    required: &["TIMESTAMP", "ContextTokens", "GeneratedTokens"],
    optional: &[],
};

pub(super) fn request(line: Line<'_>, fields: &Fields<'_>) -> Result<Row<TraceRequest>, Reason> {
    let at = fields.get("TIMESTAMP").time()?;
    let tokens_in = u64::from(fields.get("ContextTokens").count()?);
    let tokens_out = u64::from(fields.get("GeneratedTokens").count()?);
    let value = TraceRequest { line: line.number, at, tokens_in, tokens_out };
    Ok(Row { value, at, asked_short: false, start_assumed: false })
}
