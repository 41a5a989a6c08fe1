//! Reads recorded traces of jobs, requests and faults, and moves the first two into a period.
//!
//! Takes text, never a file. A row is a line: a quote left open spoils its own line only. Faults
//! are JSON, in which a row is an event, and which must be whole to be read. Every
//! row that cannot be used is set aside with its reason; only text that is no trace at all is an
//! error. Nothing is repaired: duplicated and unsorted rows are kept and counted in the notes.
//!
//! Instants of a fraction of a second are cut to the second that they fall in; durations of a
//! fraction are rounded up.

mod faults;
mod field;
mod line;
mod openb;
mod period;
mod philly;
mod reason;
mod requests;
mod swf;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use comity_fleet::Size;
use thiserror::Error;

pub use self::period::{InPeriod, jobs_in_period, traffic_in_period};
pub use self::reason::{Reason, SetAside};

use self::line::{Line, capped, lines};
use self::table::Format;

/// The forms of a trace of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobFormat {
    /// Microsoft Philly jobs as reduced for Sia: `timestamp`, `duration`, `num_gpus`, `cluster`.
    ///
    /// The time stamps are local without a zone and are read as if they were in UTC. Jobs say
    /// nothing of what they asked for: what they ran counts.
    Philly,
    /// Pods of Alibaba's cluster-trace-gpu-v2023.
    ///
    /// A pod of whole GPUs, or with a share of one (`gpu_milli` thousandths), is a job from its
    /// scheduling to its deletion, whatever became of it: failed pods held their GPUs too. Parts of
    /// several GPUs, pods without a GPU and pods that were never scheduled are set aside. Where only
    /// the scheduling time is missing, the creation stands in for it. What a job asked for is what
    /// it ran. Which types of GPU it could run on, its processors and its memory are not read.
    Openb,
    /// The Standard Workload Format of the Parallel Workloads Archive.
    ///
    /// Requested processors (field 8) count, else those allocated (5); requested time (9), else
    /// run time (4); group (13), else user (12). What is below zero is not known, nor is a request
    /// of zero. With a header
    /// `UnixStartTime`, instants count from 1970. Rows with status 2, 3 or 4 are parts of a job
    /// that another row sums up.
    Swf,
}

impl JobFormat {
    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Philly => philly::FORMAT.name,
            Self::Openb => openb::FORMAT.name,
            Self::Swf => "SWF",
        }
    }
}

/// A job of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceJob {
    /// The line that it stands on, from 1.
    pub line: u32,
    /// When it was submitted, in seconds on the trace's own clock.
    pub submit_seconds: i64,
    /// For how long it ran, seconds; at least one.
    pub run_seconds: u32,
    /// For how long it asked, seconds; may be less than it ran where the trace says so.
    pub asked_seconds: u32,
    /// How much it held: GPUs (in SWF, processors), at least one, or a share of one.
    pub size: Size,
    /// Whose job it was, as the trace names it.
    pub tenant: Option<String>,
}

/// A request to a model in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceRequest {
    /// The line that it stands on, from 1.
    pub line: u32,
    /// When it came, in seconds since the start of 1970.
    pub at: i64,
    /// Tokens read by the model; at most the largest `u32`.
    pub tokens_in: u64,
    /// Tokens written by the model; at most the largest `u32`.
    pub tokens_out: u64,
}

/// A fault of a machine in a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceFault {
    /// The line that the event of its start begins on, from 1.
    pub line: u32,
    /// The node, as the trace names it.
    pub node: String,
    /// When it failed, in seconds on the trace's own clock, which starts at zero.
    pub from_seconds: i64,
    /// When it was back, on the same clock; at least a second later.
    pub to_seconds: i64,
    /// What failed, widely: `Hardware Failure`.
    pub level: String,
    /// What failed, more closely: `GPU`.
    pub class: String,
    /// What was seen: `GPU xid Error`.
    pub description: String,
}

/// What a trace holds: its rows in the order of the file, and what was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read<T> {
    /// The rows that can be used, in the order of the file.
    pub rows: Vec<T>,
    /// The rows that cannot, in the order of the file.
    pub set_aside: Vec<SetAside>,
    /// How many rows were read: those used and those set aside. A fault that is used is two, its
    /// start and its end.
    pub read: u64,
    /// What else is worth knowing.
    pub notes: Notes,
}

impl<T> Read<T> {
    /// How many rows were set aside for each reason.
    #[must_use]
    pub fn set_aside_by_reason(&self) -> BTreeMap<Reason, u64> {
        let mut counts = BTreeMap::new();
        for row in &self.set_aside {
            *counts.entry(row.reason).or_default() += 1;
        }
        counts
    }
}

/// What is worth knowing of the rows that are used and of the lines between them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Notes {
    /// Lines without content.
    pub blank_lines: u64,
    /// Lines of comment.
    pub comment_lines: u64,
    /// Rows used that repeat an earlier one to the letter.
    pub duplicates: u64,
    /// Rows used that lie before the row used above them in time.
    pub unsorted: u64,
    /// Rows used that ask for less time than they ran.
    pub asked_short: u64,
    /// Rows used that started at an unknown time: their submission stands in for it.
    pub starts_assumed: u64,
}

impl fmt::Display for Notes {
    /// The counts that are not zero, as one line for people; empty when all are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = [
            (self.blank_lines, "blank"),
            (self.comment_lines, "of comment"),
            (self.duplicates, "repeated and kept"),
            (self.unsorted, "before the row above"),
            (self.asked_short, "asking for less than they ran"),
            (self.starts_assumed, "with the start assumed"),
        ];
        let said = said.into_iter().filter(|&(count, _)| count > 0);
        let said: Vec<String> = said.map(|(count, what)| format!("{count} {what}")).collect();
        f.pad(&said.join(", "))
    }
}

/// What a trace is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TraceKind {
    /// Jobs: gangs of GPUs, or shares of one, for some time.
    Jobs,
    /// Requests to a model.
    Requests,
    /// Faults of machines.
    Faults,
}

impl fmt::Display for TraceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Jobs => "jobs",
            Self::Requests => "requests",
            Self::Faults => "faults",
        })
    }
}

/// Why a whole text is no trace.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TraceError {
    /// There is nothing but blank lines and comments.
    #[error("the trace of {of} has no content")]
    Empty {
        /// What was to be read.
        of: TraceKind,
    },
    /// The first line with content begins no known format.
    #[error("line {line} begins no known trace of {of}: `{text}`")]
    Unknown {
        /// What was to be read.
        of: TraceKind,
        /// The first line with content.
        line: u32,
        /// What stands there, capped.
        text: String,
    },
    /// The header lacks columns that the format needs.
    #[error("the {format} header on line {line} has no {}", list(missing))]
    MissingColumns {
        /// The format that the header is nearest to.
        format: &'static str,
        /// The line of the header.
        line: u32,
        /// The columns that it lacks.
        missing: Vec<&'static str>,
        /// The columns that it has, capped.
        found: Vec<String>,
    },
    /// What should be JSON is not, or is not all there.
    #[error("the trace is no JSON at line {line}, column {column}: {why}")]
    Json {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What the parser says.
        why: String,
    },
}

impl TraceError {
    /// What would be right instead.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Empty { of } | Self::Unknown { of, .. } => match of {
                TraceKind::Jobs => format!(
                    "a trace of jobs begins with a header with {}, or is in the Standard \
                     Workload Format: 18 numbers a line, comments behind `;`",
                    expected(JOB_CSV)
                ),
                TraceKind::Requests => format!(
                    "a trace of requests begins with a header with {}",
                    expected(REQUEST_CSV)
                ),
                TraceKind::Faults => FAULTS.to_owned(),
            },
            Self::Json { .. } => FAULTS.to_owned(),
            Self::MissingColumns { found, .. } => {
                format!("the header has {}; capitals do not matter", list(found))
            }
        }
    }
}

/// The format of a trace of jobs, told from its first line with content.
///
/// A line that begins with `;`, or has 18 numbers, is SWF. A header is the format's that it names
/// most columns of, at least two; what it lacks is then for [`read_jobs`] to say.
#[must_use]
pub fn detect_jobs(text: &str) -> Option<JobFormat> {
    let first = lines(text).find(|line| !line.text.trim().is_empty())?;
    if first.text.trim_start().starts_with(';') {
        return Some(JobFormat::Swf);
    }
    let header = table::first(text)?;
    if swf::is_row(header.text) {
        return Some(JobFormat::Swf);
    }
    let formats = [JobFormat::Philly, JobFormat::Openb];
    let format = Format::nearest(JOB_CSV, header.text)?;
    formats.into_iter().find(|candidate| candidate.name() == format.name)
}

/// Reads a trace of jobs in any of the known formats.
///
/// # Errors
/// [`TraceError`] when the text begins none of them or its header lacks a column.
pub fn read_jobs(text: &str) -> Result<Read<TraceJob>, TraceError> {
    match detect_jobs(text) {
        Some(JobFormat::Philly) => table::read(text, &philly::FORMAT, philly::job),
        Some(JobFormat::Openb) => table::read(text, &openb::FORMAT, openb::job),
        Some(JobFormat::Swf) => Ok(swf::read(text)),
        None => Err(unknown(text, TraceKind::Jobs)),
    }
}

/// Reads a trace of requests: the columns `TIMESTAMP`, `ContextTokens` and `GeneratedTokens` of
/// the Azure LLM inference traces.
///
/// # Errors
/// [`TraceError`] when the text has no such header or it lacks a column.
pub fn read_requests(text: &str) -> Result<Read<TraceRequest>, TraceError> {
    match table::first(text).and_then(|header| Format::nearest(REQUEST_CSV, header.text)) {
        Some(format) => table::read(text, format, requests::request),
        None => Err(unknown(text, TraceKind::Requests)),
    }
}

/// Reads a trace of faults: a JSON array of events with the members of the InfiniteHBD fault
/// trace, `node_id`, `event_time` (days), `event_type` and `fault_type` (`Level`, `Class`, `Desc`).
///
/// An end belongs to the start before it of the same node and fault type; faults of different
/// types of one node may overlap. A fault that ends in the second in which it starts lasts one.
///
/// # Errors
/// [`TraceError`] when the text is no JSON array.
pub fn read_faults(text: &str) -> Result<Read<TraceFault>, TraceError> {
    faults::read(text)
}

const FAULTS: &str = "a trace of faults is a whole JSON array of events: `[{\"node_id\": \"a\", \
    \"event_time\": 1.5, \"event_type\": \"fault_start\", \"fault_type\": {\"Level\": \"Hardware \
    Failure\", \"Class\": \"GPU\", \"Desc\": \"GPU xid Error\"}}, …]`, times in days";
const JOB_CSV: &[&Format] = &[&philly::FORMAT, &openb::FORMAT];
const REQUEST_CSV: &[&Format] = &[&requests::FORMAT];

fn unknown(text: &str, of: TraceKind) -> TraceError {
    match table::first(text) {
        Some(line) => TraceError::Unknown { of, line: line.number, text: capped(line.text) },
        None => TraceError::Empty { of },
    }
}

fn expected(formats: &[&Format]) -> String {
    let format = |format: &&Format| format!("{} ({})", list(format.required), format.name);
    formats.iter().map(format).collect::<Vec<_>>().join(" or ")
}

fn list(names: &[impl AsRef<str>]) -> String {
    let quoted = names.iter().map(|name| format!("`{}`", name.as_ref()));
    quoted.collect::<Vec<_>>().join(", ")
}

/// What a row comes to when it can be used.
struct Row<T> {
    value: T,
    /// Where it lies in time, on the trace's clock.
    at: i64,
    asked_short: bool,
    start_assumed: bool,
}

/// Collects rows, and counts what is worth noting of them.
struct Gather<'a, T> {
    read: Read<T>,
    seen: BTreeSet<&'a str>,
    last: Option<i64>,
}

impl<'a, T> Gather<'a, T> {
    fn new() -> Self {
        let read = Read { rows: vec![], set_aside: vec![], read: 0, notes: Notes::default() };
        Self { read, seen: BTreeSet::new(), last: None }
    }

    fn add(&mut self, line: Line<'a>, row: Result<Row<T>, Reason>) {
        self.read.read += 1;
        let row = match row {
            Ok(row) => row,
            Err(reason) => {
                let text = capped(line.text);
                self.read.set_aside.push(SetAside { line: line.number, reason, text });
                return;
            }
        };
        let notes = &mut self.read.notes;
        notes.duplicates += u64::from(!self.seen.insert(line.text.trim()));
        notes.unsorted += u64::from(self.last.is_some_and(|last| row.at < last));
        notes.asked_short += u64::from(row.asked_short);
        notes.starts_assumed += u64::from(row.start_assumed);
        self.last = Some(row.at);
        self.read.rows.push(row.value);
    }
}
