//! `comity replay`: the deal's month, under its terms and under each version of its agreement.

mod files;
pub(crate) mod json;
mod picture;
pub(crate) mod text;
mod why;
mod words;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use comity_base::{Instant, VersionId, Window};
use comity_lang::Loaded;
use comity_replay::{
    Read, Replay, ReplayError, SetAside, Summary, TraceJob, TraceRequest, Traces, Under, Work,
    read_jobs, read_requests, replay, summary, work,
};
use comity_terms::Agreement;
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::ReplayArgs;
use crate::commands::Outcome;
use crate::load::{counted, load, text};
use crate::render::print;
use crate::status;
use crate::table::grouped;

/// A replay with its figures.
pub(crate) struct Done {
    pub(crate) replay: Replay,
    pub(crate) summary: Summary,
}

/// A version of the compared agreement, replayed.
pub(crate) struct VersionDone {
    pub(crate) version: VersionId,
    pub(crate) effective: Instant,
    pub(crate) done: Done,
}

/// Everything that a report shows.
pub(crate) struct Report<'a> {
    pub(crate) loaded: &'a Loaded,
    pub(crate) work: &'a Work<'a>,
    pub(crate) seed: u64,
    /// Under the terms in force at each instant of the period.
    pub(crate) in_force: Done,
    /// The agreement whose versions are compared, and the same period under each.
    pub(crate) compared: Option<(&'a Agreement, Vec<VersionDone>)>,
    pub(crate) traces: Vec<TraceUsed>,
    /// Jobs that ask for what cannot be, under the terms in force as under any.
    refused: Vec<words::Refused>,
}

/// What was read of a trace.
pub(crate) struct TraceUsed {
    pub(crate) path: String,
    pub(crate) read: u64,
    pub(crate) used: u64,
    pub(crate) later: u64,
    pub(crate) notes: String,
    pub(crate) set_aside_by_reason: Vec<(String, u64)>,
    /// Line, reason and text of each row that was set aside.
    pub(crate) set_aside: Vec<(u32, String, String)>,
}

pub(crate) fn run(args: &ReplayArgs) -> Outcome {
    let loaded = load(&args.deal)?;
    let Some(workload) = &loaded.workload else {
        return Err(
            "the deal has no file of kind `workload`, so there is no month to replay".into()
        );
    };
    let period = period(args, workload.period)?;
    let seed = args.seed.unwrap_or(workload.seed);
    let jobs = match &args.jobs {
        Some(path) => Some(trace(path, read_jobs)?),
        None => None,
    };
    let requests = match &args.requests {
        Some(path) => Some(trace(path, read_requests)?),
        None => None,
    };
    let traces = Traces { jobs: jobs.as_ref(), requests: requests.as_ref() };
    let work = work(workload, period, seed, traces)?;
    if let Some(opens) = loaded.fleet.opens().filter(|opens| *opens >= period.end()) {
        return Err(format!("no site is open in {period}: the first opens on {opens}").into());
    }
    if args.strict {
        let aside = jobs.as_ref().map_or(0, |read| read.set_aside.len())
            + requests.as_ref().map_or(0, |read| read.set_aside.len());
        if aside > 0 {
            return Err(strict_rows(args, jobs.as_ref(), requests.as_ref()).into());
        }
    }
    if let (Some(job), Some(at)) = (args.why, &args.at) {
        let question = why::Question { job, at: Instant::parse(at)?, json: args.json };
        print(&why::answer(&loaded, &work, &question)?)?;
        return Ok(status::CLEAN);
    }
    let agreements = &loaded.deal.parts().agreements;
    let compare = workload.compare.as_ref();
    let compare = compare.and_then(|id| agreements.iter().find(|agreement| &agreement.id == id));
    let (in_force, versions) = all(&loaded, &work, compare)?;
    let refused = words::refused(&in_force.replay.plan.outcomes, &in_force.replay.pools, &work);
    if args.strict && !refused.is_empty() {
        return Err(strict_jobs(&refused).into());
    }
    let mut used = Vec::new();
    if let (Some(path), Some(read)) = (&args.jobs, &jobs) {
        used.push(trace_used(path, read, work.later_jobs));
    }
    if let (Some(path), Some(read)) = (&args.requests, &requests) {
        used.push(trace_used(path, read, work.later_requests));
    }
    let report = Report {
        loaded: &loaded,
        work: &work,
        seed,
        in_force,
        compared: compare.map(|agreement| (agreement, versions)),
        traces: used,
        refused,
    };
    if let Some(folder) = &args.out {
        files::write(folder, &report)?;
    }
    if let Some(path) = &args.report {
        picture::write(path, &report)?;
    }
    if args.json {
        print(&format!("{:#}\n", json::report(&report)))?;
    } else {
        print(&text::report(&report))?;
    }
    Ok(status::CLEAN)
}

/// How many refused rows or jobs a message lists.
const LISTED: usize = 20;

/// Lines, as many as a message lists, and how many more there are.
fn listed(lines: impl ExactSizeIterator<Item = String>) -> String {
    let more = lines.len().saturating_sub(LISTED);
    let mut out: Vec<String> = lines.take(LISTED).map(|line| format!("  {line}")).collect();
    if more > 0 {
        out.push(format!("  … and {} more", grouped(more)));
    }
    out.join("\n")
}

fn strict_rows(
    args: &ReplayArgs,
    jobs: Option<&Read<TraceJob>>,
    requests: Option<&Read<TraceRequest>>,
) -> String {
    let of = |path: &Option<PathBuf>, rows: &[SetAside]| -> Vec<String> {
        let file = path.as_ref().map_or_else(String::new, |path| path.display().to_string());
        rows.iter()
            .map(|row| format!("{file}:{}: {}: `{}`", row.line, row.reason, row.text))
            .collect()
    };
    let mut lines = of(&args.jobs, jobs.map_or(&[], |read| &read.set_aside));
    lines.extend(of(&args.requests, requests.map_or(&[], |read| &read.set_aside)));
    let count = counted(lines.len(), "row", "rows");
    format!("{count} cannot be used, and `--strict` is set\n{}", listed(lines.into_iter()))
}

fn strict_jobs(refused: &[words::Refused]) -> String {
    let lines = refused.iter().map(|it| format!("job {} of {}: {}", it.job, it.work, it.why));
    let count = counted(refused.len(), "job asks", "jobs ask");
    format!("{count} for what cannot be, and `--strict` is set\n{}", listed(lines))
}

fn period(args: &ReplayArgs, own: Window) -> Result<Window, Box<dyn std::error::Error>> {
    let date = |text: &Option<String>| text.as_deref().map(Instant::parse).transpose();
    let start = date(&args.from)?.unwrap_or(own.start());
    let end = date(&args.to)?.unwrap_or(own.end());
    let period = Window::new(start, end)?;
    let century = 100 * 366 * Instant::DAY;
    if period.seconds() > century {
        return Err(format!("the period {period} is longer than a hundred years").into());
    }
    Ok(period)
}

fn trace<T, E: std::error::Error + 'static>(
    path: &Path,
    read: impl Fn(&str) -> Result<Read<T>, E>,
) -> Result<Read<T>, Box<dyn std::error::Error>> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    let text = text(path, bytes)?;
    read(&text).map_err(|error| format!("`{shown}`: {error}").into())
}

fn trace_used<T>(path: &Path, read: &Read<T>, later: u64) -> TraceUsed {
    let aside =
        read.set_aside.iter().map(|row| (row.line, row.reason.to_string(), row.text.clone()));
    let rows = u64::try_from(read.rows.len()).unwrap_or(u64::MAX);
    TraceUsed {
        path: path.display().to_string(),
        read: read.read,
        used: rows - later,
        later,
        notes: read.notes.to_string(),
        set_aside_by_reason: read
            .set_aside_by_reason()
            .into_iter()
            .map(|(reason, count)| (reason.to_string(), count))
            .collect(),
        set_aside: aside.collect(),
    }
}

/// Runs the period under the terms in force and under each version, on as many threads as the
/// machine has; the results do not depend on how many.
fn all(
    loaded: &Loaded,
    work: &Work<'_>,
    compare: Option<&Agreement>,
) -> Result<(Done, Vec<VersionDone>), ReplayError> {
    let versions = compare.map_or(&[][..], |agreement| agreement.versions.as_slice());
    let terms = std::iter::once(Under::Calendar)
        .chain(versions.iter().map(|version| Under::TermsOf(version.effective.start())));
    let terms: Vec<Under> = terms.collect();
    let style = ProgressStyle::with_template("replaying {bar:24} {pos}/{len} {elapsed}")
        .expect("the template is well formed");
    let bar = ProgressBar::new(u64::try_from(terms.len()).unwrap_or(0)).with_style(style);
    bar.tick();
    let next = AtomicUsize::new(0);
    let slots: Vec<Mutex<Option<Result<Done, ReplayError>>>> =
        terms.iter().map(|_| Mutex::new(None)).collect();
    let threads = thread::available_parallelism().map_or(1, usize::from).min(terms.len());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(under) = terms.get(index) else { break };
                    let done = one(loaded, work, *under);
                    *slots[index].lock().expect("no thread panics while it holds a result") =
                        Some(done);
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut done = slots.into_iter().map(|slot| {
        let slot = slot.into_inner().expect("no thread panics while it holds a result");
        slot.expect("every run was taken by a thread")
    });
    let in_force = done.next().expect("the terms in force are always run")?;
    let mut compared = Vec::new();
    for (version, done) in versions.iter().zip(done) {
        compared.push(VersionDone {
            version: version.id.clone(),
            effective: version.effective.start(),
            done: done?,
        });
    }
    Ok((in_force, compared))
}

pub(crate) fn one(loaded: &Loaded, work: &Work<'_>, under: Under) -> Result<Done, ReplayError> {
    let replay = replay(&loaded.deal, &loaded.fleet, work, under)?;
    let summary = summary(&replay, work);
    Ok(Done { replay, summary })
}
