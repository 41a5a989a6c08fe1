//! The Standard Workload Format: 18 numbers a line, comments and headers behind `;`.
//!
//! Defined by the Parallel Workloads Archive (Chapin et al., "Benchmarks and Standards for the
//! Evaluation of Parallel Job Schedulers", JSSPP 1999; version 2.2).

use comity_base::Instant;
use comity_fleet::Size;

use super::field::Field;
use super::line::{Line, lines};
use super::reason::Reason;
use super::{Gather, Read, Row, TraceJob};

/// The format's fields, in order.
const FIELDS: [&str; 18] = [
    "job number",
    "submit time",
    "wait time",
    "run time",
    "allocated processors",
    "average CPU time",
    "used memory",
    "requested processors",
    "requested time",
    "requested memory",
    "status",
    "user",
    "group",
    "executable",
    "queue",
    "partition",
    "preceding job",
    "think time",
];
const SUBMIT: usize = 1;
const RUN: usize = 3;
const ALLOCATED: usize = 4;
const REQUESTED: usize = 7;
const REQUESTED_TIME: usize = 8;
const STATUS: usize = 10;
const USER: usize = 11;
const GROUP: usize = 12;

/// Whether a line has the shape of a job: 18 numbers.
pub(super) fn is_row(line: &str) -> bool {
    let numeric = |text: &str| Field { column: "", text }.seconds().is_ok();
    line.split_whitespace().count() == FIELDS.len() && line.split_whitespace().all(numeric)
}

pub(super) fn read(text: &str) -> Read<TraceJob> {
    // Without that header, instants count from the start of the log.
    let start_seconds = lines(text).find_map(|line| unix_start(line.text)).unwrap_or(0);
    let mut gather = Gather::new();
    for line in lines(text) {
        let trimmed = line.text.trim();
        if trimmed.is_empty() {
            gather.read.notes.blank_lines += 1;
        } else if trimmed.starts_with(';') {
            gather.read.notes.comment_lines += 1;
        } else {
            gather.add(line, job(line, start_seconds));
        }
    }
    gather.read
}

fn unix_start(line: &str) -> Option<i64> {
    let (name, value) = line.trim().strip_prefix(';')?.split_once(':')?;
    let value = Field { column: "UnixStartTime", text: value };
    name.trim().eq_ignore_ascii_case(value.column).then(|| value.seconds().ok())?
}

fn job(line: Line<'_>, start_seconds: i64) -> Result<Row<TraceJob>, Reason> {
    let fields: Vec<&str> = line.text.split_whitespace().collect();
    let Ok(fields) = <[&str; 18]>::try_from(fields.as_slice()) else {
        return Err(Reason::Fields { found: fields.len(), expected: FIELDS.len() });
    };
    let field = |index: usize| Field { column: FIELDS[index], text: fields[index] };
    if ["2", "3", "4"].contains(&fields[STATUS]) {
        return Err(Reason::PartOfJob);
    }
    let submit = known(field(SUBMIT))?.seconds()?;
    let submit_seconds = submit.saturating_add(start_seconds);
    if submit_seconds > Instant::MAX.seconds() {
        let most = Instant::MAX.seconds().unsigned_abs();
        return Err(Reason::TooLarge { column: FIELDS[SUBMIT], most });
    }
    let run_seconds = known(field(RUN))?.duration()?;
    let gpus = match requested(field(REQUESTED))? {
        Some(requested) => requested.count()?,
        None => known(field(ALLOCATED))?.count()?,
    };
    if gpus == 0 {
        return Err(Reason::Zero { column: FIELDS[ALLOCATED] });
    }
    let asked_seconds = match requested(field(REQUESTED_TIME))? {
        Some(requested) => requested.duration()?,
        None => run_seconds,
    };
    let tenant = [GROUP, USER].into_iter().map(field).find(|field| known(*field).is_ok());
    let tenant = tenant.map(|field| format!("{} {}", field.column, field.text));
    let value = TraceJob {
        line: line.number,
        submit_seconds,
        run_seconds,
        asked_seconds,
        size: Size::Gpus(gpus),
        tenant,
    };
    let asked_short = asked_seconds < run_seconds;
    Ok(Row { value, at: submit_seconds, asked_short, start_assumed: false })
}

/// The field; one below zero says that it is not known.
fn known(field: Field<'_>) -> Result<Field<'_>, Reason> {
    if field.seconds()? >= 0 { Ok(field) } else { Err(Reason::NotKnown { column: field.column }) }
}

/// The field of a request, if there was one.
fn requested(field: Field<'_>) -> Result<Option<Field<'_>>, Reason> {
    if field.is_missing() {
        return Ok(None);
    }
    Ok((field.seconds()? > 0).then_some(field))
}
