//! Jobs of Microsoft's Philly cluster, as reduced by the authors of Sia (SOSP 2023).

use comity_fleet::Size;

use super::line::Line;
use super::reason::Reason;
use super::table::{Fields, Format};
use super::{Row, TraceJob};

pub(super) const FORMAT: Format = Format {
    name: "Philly",
    required: &["timestamp", "duration", "num_gpus"],
    optional: &["cluster"],
};

pub(super) fn job(line: Line<'_>, fields: &Fields<'_>) -> Result<Row<TraceJob>, Reason> {
    let submit_seconds = fields.get("timestamp").time()?;
    let run_seconds = fields.get("duration").duration()?;
    let gpus = fields.get("num_gpus").count()?;
    if gpus == 0 {
        return Err(Reason::NoGpu);
    }
    let cluster = fields.get("cluster");
    let tenant = (!cluster.is_missing()).then(|| cluster.text.trim().to_owned());
    let value = TraceJob {
        line: line.number,
        submit_seconds,
        run_seconds,
        asked_seconds: run_seconds,
        size: Size::Gpus(gpus),
        tenant,
    };
    Ok(Row { value, at: submit_seconds, asked_short: false, start_assumed: false })
}
