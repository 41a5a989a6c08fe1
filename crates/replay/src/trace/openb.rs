//! Pods of Alibaba's cluster-trace-gpu-v2023.

use comity_fleet::{Share, Size};

use super::line::Line;
use super::reason::Reason;
use super::table::{Fields, Format};
use super::{Row, TraceJob};

pub(super) const FORMAT: Format = Format {
    name: "openb",
    required: &["num_gpu", "gpu_milli", "creation_time", "deletion_time", "scheduled_time"],
    optional: &["pod_phase"],
};

pub(super) fn job(line: Line<'_>, fields: &Fields<'_>) -> Result<Row<TraceJob>, Reason> {
    let size = size(fields)?;
    let submit_seconds = fields.get("creation_time").seconds()?;
    let scheduled = fields.get("scheduled_time");
    let start_assumed = scheduled.is_missing();
    let (start_column, start) = if !start_assumed {
        ("scheduled_time", scheduled.seconds()?)
    } else if has_started(fields) {
        ("creation_time", submit_seconds)
    } else {
        return Err(Reason::NeverScheduled);
    };
    let end_column = "deletion_time";
    let ran = fields.get(end_column).seconds()? - start;
    if ran <= 0 {
        return Err(Reason::Backwards { start: start_column, end: end_column });
    }
    let most = u64::from(u32::MAX);
    let run_seconds =
        u32::try_from(ran).map_err(|_| Reason::TooLarge { column: end_column, most })?;
    let value = TraceJob {
        line: line.number,
        submit_seconds,
        run_seconds,
        asked_seconds: run_seconds,
        size,
        tenant: None,
    };
    Ok(Row { value, at: submit_seconds, asked_short: false, start_assumed })
}

/// How much a pod holds: `num_gpu` GPUs, of each `gpu_milli` thousandths.
fn size(fields: &Fields<'_>) -> Result<Size, Reason> {
    let gpus = fields.get("num_gpu").count()?;
    if gpus == 0 {
        return Err(Reason::NoGpu);
    }
    let column = "gpu_milli";
    let milli = fields.get(column).count()?;
    let most = u64::from(Size::WHOLE_MILLI);
    let milli = u16::try_from(milli).ok().filter(|&milli| u64::from(milli) <= most);
    let milli = milli.ok_or(Reason::TooLarge { column, most })?;
    match (milli, Share::new(milli)) {
        (0, _) => Err(Reason::Zero { column }),
        (_, None) => Ok(Size::Gpus(gpus)),
        (_, Some(share)) if gpus == 1 => Ok(Size::Share(share)),
        (_, Some(_)) => Err(Reason::PartsOfSeveral),
    }
}

/// Whether a pod ran, by its phase; without a phase that is known, it did not.
fn has_started(fields: &Fields<'_>) -> bool {
    let phase = fields.get("pod_phase").text.trim();
    ["Running", "Succeeded", "Failed"].iter().any(|started| phase.eq_ignore_ascii_case(started))
}
