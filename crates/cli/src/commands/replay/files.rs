//! The records of a replay, one folder a version: decisions, placements, unserved tokens, usage and
//! journal as CSV, and what other tools read.

use std::error::Error;
use std::fs;
use std::path::Path;

use comity_fleet::Size;
use comity_placement::{Ended, Outcome, Pool, WaitReason};
use comity_replay::{OnSiteNode, closed_to, outcome_kind, served, shortfall_kind};
use comity_settlement::{Amount, Cause, statements};
use csv::Writer;

use super::{Done, Report};
use crate::export;
use crate::table::thousandths;

type Failed = Box<dyn Error>;

/// Writes the records of every run below `folder`: `in-force/` and one folder a version.
///
/// Each file is written aside and then renamed, so that none is ever there by half.
pub(super) fn write(folder: &Path, report: &Report<'_>) -> Result<(), Failed> {
    run(&folder.join("in-force"), "the terms in force", report, &report.in_force)?;
    if let Some((_, versions)) = &report.compared {
        for version in versions {
            let terms = format!("the terms of {}", version.version);
            run(&folder.join(version.version.as_str()), &terms, report, &version.done)?;
        }
    }
    if !report.refused.is_empty() {
        file(folder, "refused.csv", |out| {
            out.write_record(["job", "work", "gpus", "reason"])?;
            for it in &report.refused {
                let (job, size) = (it.job.to_string(), it.size.to_string());
                out.write_record([&job, &it.work, &size, &it.why])?;
            }
            Ok(())
        })?;
    }
    if report.traces.iter().any(|trace| !trace.set_aside.is_empty()) {
        file(folder, "set-aside.csv", |out| {
            out.write_record(["file", "line", "reason", "text"])?;
            for trace in &report.traces {
                for (line, reason, text) in &trace.set_aside {
                    out.write_record([trace.path.as_str(), &line.to_string(), reason, text])?;
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn file(
    folder: &Path,
    name: &str,
    fill: impl FnOnce(&mut Writer<fs::File>) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let failed = |path: &Path, error: &dyn Error| {
        Failed::from(format!("cannot write `{}`: {error}", path.display()))
    };
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let path = folder.join(name);
    let aside = folder.join(format!(".{name}.part"));
    let mut out = Writer::from_path(&aside).map_err(|error| failed(&aside, &error))?;
    fill(&mut out).map_err(|error| failed(&aside, error.as_ref()))?;
    out.flush().map_err(|error| failed(&aside, &error))?;
    drop(out);
    fs::rename(&aside, &path).map_err(|error| failed(&path, &error))
}

fn run(folder: &Path, terms: &str, report: &Report<'_>, done: &Done) -> Result<(), Failed> {
    file(folder, "decisions.csv", |out| decisions(out, report, done))?;
    file(folder, "placements.csv", |out| placements(out, report, done))?;
    file(folder, "unserved.csv", |out| unserved(out, report, done))?;
    file(folder, "pieces.csv", |out| pieces(out, report, done))?;
    if done.replay.faults().next().is_some() || done.replay.maintenance().next().is_some() {
        file(folder, "outages.csv", |out| outages(out, done))?;
    }
    file(folder, "usage.csv", |out| usage(out, report, done))?;
    file(folder, "journal.csv", |out| journal(out, done))?;
    file(folder, "statements.csv", |out| statement_lines(out, done))?;
    let (deal, settlement) = (&report.loaded.deal, &done.replay.settlement);
    let title = format!("{}, {}, under {terms}", deal.parts().name, settlement.period);
    let posted = export::posted(settlement);
    let periods = [(settlement.period, true)];
    let source = export::Source { settlement, posted: &posted, periods: &periods };
    export::write(folder, &export::books(&title, source, deal, &report.loaded.fleet))
}

fn decisions(out: &mut Writer<fs::File>, report: &Report<'_>, done: &Done) -> Result<(), Failed> {
    out.write_record(["work", "site", "answer", "terms", "decisions"])?;
    for group in &done.summary.decisions {
        let terms: Vec<&str> = group.terms.iter().map(|term| term.as_str()).collect();
        out.write_record([
            report.work.streams[group.stream].id.as_str(),
            group.site.as_str(),
            group.answer.name(),
            &terms.join(" "),
            group.count.to_string().as_str(),
        ])?;
    }
    Ok(())
}

fn placements(out: &mut Writer<fs::File>, report: &Report<'_>, done: &Done) -> Result<(), Failed> {
    out.write_record([
        "job",
        "work",
        "gpus",
        "submitted",
        "run_seconds",
        "asked_seconds",
        "outcome",
        "site",
        "gpu",
        "start",
        "end",
        "latest_start",
        "terms",
    ])?;
    let pools = &done.replay.pools;
    let closed = closed_to(&done.replay, report.work);
    for (job, outcome) in report.work.jobs.iter().zip(&done.replay.plan.outcomes) {
        let class = usize::try_from(job.class)?;
        let (kind, terms) = outcome_kind(outcome, &closed[class]);
        let terms: Vec<&str> = terms.iter().map(|term| term.as_str()).collect();
        let place = place(outcome);
        let pool: Option<&Pool> = place.pool.map(|pool| &pools[pool]);
        out.write_record([
            job.id.to_string().as_str(),
            report.work.streams[class].id.as_str(),
            job.size.to_string().as_str(),
            job.submit.to_string().as_str(),
            job.run_seconds.to_string().as_str(),
            job.asked_seconds.to_string().as_str(),
            kind.name(),
            pool.map_or("", |pool| pool.site.as_str()),
            pool.map_or("", |pool| pool.gpu.as_str()),
            &place.start.unwrap_or_default(),
            &place.end.unwrap_or_default(),
            &place.latest.unwrap_or_default(),
            &terms.join(" "),
        ])?;
    }
    Ok(())
}

/// One line for each stretch of time that a job ran without a break.
fn pieces(out: &mut Writer<fs::File>, report: &Report<'_>, done: &Done) -> Result<(), Failed> {
    out.write_record([
        "job",
        "piece",
        "gpus",
        "site",
        "gpu",
        "start",
        "end",
        "ended",
        "by",
        "lost_gpu_seconds",
        "nodes",
    ])?;
    let mut gangs = done.replay.plan.gangs.iter().peekable();
    let outcomes = report.work.jobs.iter().zip(&done.replay.plan.outcomes);
    for (place, (job, outcome)) in outcomes.enumerate() {
        for (index, piece) in outcome.pieces().enumerate() {
            let pool = &done.replay.pools[piece.pool];
            let (ended, by) = ended(piece.ended);
            let lost = job.size.milli().saturating_mul(piece.lost_seconds.into());
            let gang = gangs.next_if(|gang| (gang.job, gang.start) == (place, piece.start));
            let lies = gang.map(|gang| done.replay.nodes_of(&report.loaded.fleet, gang));
            let nodes = lies.map(|lies| nodes(job.size, lies)).unwrap_or_default();
            out.write_record([
                job.id.to_string().as_str(),
                (index + 1).to_string().as_str(),
                job.size.to_string().as_str(),
                pool.site.as_str(),
                pool.gpu.as_str(),
                piece.start.to_string().as_str(),
                piece.end.to_string().as_str(),
                ended,
                &by,
                thousandths(lost.into()).as_str(),
                nodes.as_str(),
            ])?;
        }
    }
    Ok(())
}

/// Nodes with how many GPUs of a gang each has: those beside each other with as many as one, such
/// as `3-6:8 9:2`; for a share the GPU of the node, such as `12:0.25@3`.
fn nodes(size: Size, mut nodes: Vec<OnSiteNode>) -> String {
    nodes.sort_unstable();
    let alike = |a: &OnSiteNode, b: &OnSiteNode| {
        a.node + 1 == b.node && (a.gpus, a.shared) == (b.gpus, b.shared)
    };
    let run = |run: &[OnSiteNode]| match *run {
        [] => String::new(),
        [OnSiteNode { node, shared: Some(gpu), .. }] => format!("{node}:{size}@{gpu}"),
        [OnSiteNode { node, gpus, .. }] => format!("{node}:{gpus}"),
        [first, .., last] => format!("{}-{}:{}", first.node, last.node, first.gpus),
    };
    nodes.chunk_by(alike).map(run).collect::<Vec<_>>().join(" ")
}

/// One line for each fault and each maintenance, numbered as `pieces.csv` points to them.
fn outages(out: &mut Writer<fs::File>, done: &Done) -> Result<(), Failed> {
    out.write_record(["kind", "number", "site", "gpu", "node", "gpus", "start", "end"])?;
    let pools = &done.replay.pools;
    let faults = done.replay.faults().enumerate().map(|(index, it)| ("fault", index, it));
    let maintenance =
        done.replay.maintenance().enumerate().map(|(index, it)| ("maintenance", index, it));
    for (kind, index, upset) in faults.chain(maintenance) {
        let pool = &pools[upset.pool];
        out.write_record([
            kind,
            (index + 1).to_string().as_str(),
            pool.site.as_str(),
            pool.gpu.as_str(),
            &upset.node.map(|node| node.to_string()).unwrap_or_default(),
            upset.gpus.min(pool.capacity.most_in(upset.window)).to_string().as_str(),
            upset.window.start().to_string().as_str(),
            upset.window.end().to_string().as_str(),
        ])?;
    }
    Ok(())
}

/// Why a piece ended, and the job, fault or maintenance that ended it.
fn ended(ended: Ended) -> (&'static str, String) {
    match ended {
        Ended::Done => ("done", String::new()),
        Ended::Outranked { by } => ("outranked", by.to_string()),
        Ended::Reclaimed { by } => ("reclaimed", by.to_string()),
        Ended::Fault { fault } => ("fault", (fault + 1).to_string()),
        Ended::Maintenance { maintenance } => ("maintenance", (maintenance + 1).to_string()),
    }
}

#[derive(Default)]
struct Placed {
    pool: Option<usize>,
    start: Option<String>,
    end: Option<String>,
    latest: Option<String>,
}

/// Where a job runs last, from when it first starts to when it is done; for one that waits, what it waits for and until when at the latest.
fn place(outcome: &Outcome) -> Placed {
    let waiting = |pool: &usize, latest: Option<String>| Placed {
        pool: Some(*pool),
        latest,
        ..Placed::default()
    };
    match outcome {
        Outcome::Runs(run) => Placed {
            pool: Some(run.last.pool),
            start: Some(run.start().to_string()),
            end: Some(run.last.end.to_string()),
            latest: None,
        },
        Outcome::Stopped { pieces, then } => {
            Placed { start: pieces.first().map(|piece| piece.start.to_string()), ..place(then) }
        }
        Outcome::Waits(reason) => match reason {
            WaitReason::Capacity { pool, latest, .. } => {
                waiting(pool, latest.map(|at| at.to_string()))
            }
            WaitReason::Leased { pool, until } => waiting(pool, until.map(|at| at.to_string())),
            WaitReason::Opening { pool, at } | WaitReason::TermOpens { pool, at } => {
                waiting(pool, Some(at.to_string()))
            }
            WaitReason::Missed { pool, .. } | WaitReason::Quota { pool, .. } => waiting(pool, None),
            WaitReason::Condition(_) | WaitReason::Undetermined(_) => Placed::default(),
        },
        Outcome::Never(_) | Outcome::Misconfigured(_) => Placed::default(),
    }
}

/// Tokens that were not served: one line for each hour of each service and reason.
fn unserved(out: &mut Writer<fs::File>, report: &Report<'_>, done: &Done) -> Result<(), Failed> {
    out.write_record([
        "work",
        "region",
        "start",
        "end",
        "reason",
        "terms",
        "tokens_in",
        "tokens_out",
    ])?;
    for (index, service) in report.work.services.iter().enumerate() {
        let class = usize::try_from(service.class)?;
        for hour in served(service, index, &done.replay.plan) {
            for (reason, tokens) in &hour.unserved {
                let (kind, terms) = shortfall_kind(reason);
                let terms: Vec<&str> = terms.iter().map(|term| term.as_str()).collect();
                out.write_record([
                    report.work.streams[class].id.as_str(),
                    service.region.map_or("", |region| region.place.as_str()),
                    hour.window.start().to_string().as_str(),
                    hour.window.end().to_string().as_str(),
                    kind.name(),
                    &terms.join(" "),
                    tokens.tokens_in.to_string().as_str(),
                    tokens.tokens_out.to_string().as_str(),
                ])?;
            }
        }
    }
    Ok(())
}

fn usage(out: &mut Writer<fs::File>, report: &Report<'_>, done: &Done) -> Result<(), Failed> {
    out.write_record([
        "id", "buyer", "seller", "meter", "object", "site", "gpu", "start", "end", "level",
        "quantity", "unit",
    ])?;
    for record in done.replay.usage(&report.loaded.fleet, report.work) {
        let (level, quantity) = match record.amount {
            Amount::Held { level } => {
                let quantity = i128::from(level) * i128::from(record.window.seconds());
                (level.to_string(), quantity.to_string())
            }
            Amount::Counted { quantity } => (String::new(), quantity.to_string()),
        };
        out.write_record([
            record.id.to_string().as_str(),
            record.buyer.as_str(),
            record.seller.as_str(),
            record.meter.name(),
            record.object.as_str(),
            record.site.as_ref().map_or("", |site| site.as_str()),
            record.gpu.as_ref().map_or("", |gpu| gpu.as_str()),
            record.window.start().to_string().as_str(),
            record.window.end().to_string().as_str(),
            &level,
            &quantity,
            record.meter.base_unit(),
        ])?;
    }
    Ok(())
}

fn cause_text(cause: &Cause) -> (&'static str, &str) {
    match cause {
        Cause::Rate(rate) => ("rate", rate.as_str()),
        Cause::Term(term) => ("term", term.as_str()),
    }
}

/// One line a posting: the two of an entry sum to zero.
fn journal(out: &mut Writer<fs::File>, done: &Done) -> Result<(), Failed> {
    out.write_record([
        "entry",
        "party",
        "counterparty",
        "reason",
        "amount",
        "currency",
        "cause",
        "cause_id",
        "from",
        "to",
        "meter",
        "quantity",
        "unit",
        "object",
        "site",
        "gpu",
    ])?;
    for entry in done.replay.settlement.journal.entries() {
        let (cause, cause_id) = cause_text(&entry.cause);
        let used = entry.used.as_ref();
        let quantity = used.map(|used| used.quantity.to_string()).unwrap_or_default();
        for posting in entry.postings() {
            out.write_record([
                entry.id.to_string().as_str(),
                posting.account.party.as_str(),
                posting.account.counterparty.as_str(),
                posting.account.reason.to_string().as_str(),
                &posting.amount.plain(),
                posting.amount.currency.code(),
                cause,
                cause_id,
                entry.segment.start().to_string().as_str(),
                entry.segment.end().to_string().as_str(),
                used.map_or("", |used| used.meter.name()),
                &quantity,
                used.map_or("", |used| used.meter.base_unit()),
                used.map_or("", |used| used.object.as_str()),
                used.and_then(|used| used.site.as_ref()).map_or("", |site| site.as_str()),
                used.and_then(|used| used.gpu.as_ref()).map_or("", |gpu| gpu.as_str()),
            ])?;
        }
    }
    Ok(())
}

fn statement_lines(out: &mut Writer<fs::File>, done: &Done) -> Result<(), Failed> {
    out.write_record(["party", "counterparty", "reason", "cause", "cause_id", "is_owed", "owes"])?;
    for statement in statements(&done.replay.settlement.journal).values() {
        for line in &statement.lines {
            let (cause, cause_id) = cause_text(&line.cause);
            out.write_record([
                statement.party.as_str(),
                line.counterparty.as_str(),
                line.reason.to_string().as_str(),
                cause,
                cause_id,
                &line.owed_to.plain(),
                &line.owed_by.plain(),
            ])?;
        }
    }
    Ok(())
}
