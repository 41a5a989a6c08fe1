//! Slurm's accounting as `sacct --parsable2` prints it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use comity_base::{GpuTypeId, Instant, Meter, ObjectId, PartyId, SiteId, Window};
use comity_settlement::Supply;

use crate::build::{Builder, Built, id, named};
use crate::feed::{Feed, How, Naming, NodeGroup};
use crate::hostlist;
use crate::intake::{Identity, Place};
use crate::layout::SACCT;
use crate::number::whole;
use crate::reason::{FileError, Reason, Wrong};
use crate::record::{Intake, Part, Uses};
use crate::spread::{Node, spread};
use crate::table::{Header, Next, Record};
use crate::text::{nearest, shown};
use crate::time::{Time, elapsed, time};

/// The columns that are always needed.
const COLUMNS: [&str; 5] = ["JobID", "NodeList", "AllocTRES", "Start", "End"];

/// A job that held something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    /// Its id and when it began: one that was put back into the queue begins again.
    pub(crate) id: String,
    /// The cluster, where the dump says it.
    pub(crate) cluster: Option<String>,
    pub(crate) nodes: BTreeSet<String>,
    /// `None` while it runs.
    pub(crate) end: Option<Instant>,
    pub(crate) start: Instant,
    pub(crate) tres: Tres,
}

/// What a job was allocated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tres {
    pub(crate) cores: u64,
    pub(crate) nodes: Option<u64>,
    /// GPUs of any type.
    pub(crate) gpus: u64,
    /// GPUs by type, where the types are said.
    pub(crate) by_type: BTreeMap<String, u64>,
}

/// A row of a dump.
pub(crate) enum Line {
    /// A job.
    Job(Job),
    /// Something else, by what it is.
    Other(&'static str),
}

/// Refuses a dump without the columns that are needed, or the zone.
pub(crate) fn require(header: &Header, how: How<'_>, more: &[&str]) -> Result<(), FileError> {
    header.require(COLUMNS.into_iter().chain(more.iter().copied()))?;
    if how.zone().is_none() {
        let file = header.file.to_string();
        return Err(FileError::NoZone { file, line: header.line });
    }
    Ok(())
}

/// Reads the row of a job.
pub(crate) fn line(row: &Record<'_>, how: How<'_>) -> Result<Line, Wrong> {
    let job = row.value("JobID").ok_or_else(|| Wrong::at("JobID", Reason::Missing))?;
    if job.contains('.') {
        return Ok(Line::Other("steps of jobs, which their jobs count"));
    }
    let said = |column: &str| {
        row.value(column).filter(|text| {
            !["unknown", "none", "none assigned", "n/a"]
                .contains(&text.to_ascii_lowercase().as_str())
        })
    };
    let Some(start) = said("Start") else {
        return Ok(Line::Other("jobs that never started"));
    };
    let tres = tres(row.value("AllocTRES").unwrap_or(""))
        .map_err(|reason| Wrong::at("AllocTRES", reason))?;
    let Some(list) = said("NodeList") else {
        return Ok(Line::Other("jobs that never started"));
    };
    let nodes = hostlist::nodes(list)
        .ok_or_else(|| Wrong::at("NodeList", Reason::NodeList(shown(list))))?;
    if let Some(allocated) = tres.nodes.filter(|count| u64::try_from(nodes.len()) != Ok(*count)) {
        return Err(Wrong::at("NodeList", Reason::NodeCount { listed: nodes.len(), allocated }));
    }
    let (start, end) = times(row, how, start, said("End"))?;
    if end == Some(start) {
        return Ok(Line::Other("jobs that held nothing"));
    }
    let id = format!("{job}@{start}");
    let cluster = row.value("Cluster").map(str::to_owned);
    Ok(Line::Job(Job { id, cluster, nodes, start, end, tres }))
}

/// Start and end. What `sacct` says of the time between them tells which of two is meant where
/// the clocks were set back, and shows times in two zones.
fn times(
    row: &Record<'_>,
    how: How<'_>,
    start_text: &str,
    end_text: Option<&str>,
) -> Result<(Instant, Option<Instant>), Wrong> {
    let read = |column: &str, text: &str| {
        time(text, how.zone()).map_err(|reason| Wrong::at(column, reason))
    };
    let start = read("Start", start_text)?;
    let raw = row.value("ElapsedRaw");
    let lasted = match (raw, row.value("Elapsed")) {
        (Some(text), _) => {
            let seconds = whole(text).map_err(|reason| Wrong::at("ElapsedRaw", reason))?;
            let large = || Wrong::at("ElapsedRaw", Reason::TooLarge(shown(text)));
            Some(i64::try_from(seconds).map_err(|_| large())?)
        }
        (None, Some(text)) => {
            let wrong = || Wrong::at("Elapsed", Reason::NotNumber(shown(text)));
            Some(elapsed(text).ok_or_else(wrong)?)
        }
        (None, None) => None,
    };
    let Some(end_text) = end_text else {
        let first = settle_one(start, start_text, how)?;
        return Ok((first, None));
    };
    let end = read("End", end_text)?;
    if start.zoned != end.zoned {
        let reason = Reason::MixedZones { found: shown(end_text), other: shown(start_text) };
        return Err(Wrong::at("End", reason));
    }
    let instants = |time: Time| std::iter::once(time.first).chain(time.second);
    let pairs = instants(start).flat_map(|from| instants(end).map(move |to| (from, to)));
    let pairs: Vec<(Instant, Instant)> = pairs.filter(|(from, to)| from <= to).collect();
    let seconds = |(from, to): &(Instant, Instant)| to.seconds() - from.seconds();
    let meant = match (&pairs[..], lasted) {
        ([], _) => {
            let reason = Reason::Backwards { start: shown(start_text), end: shown(end_text) };
            return Err(Wrong::at("End", reason));
        }
        ([one], _) => *one,
        (several, Some(lasted)) => {
            let fits = several.iter().find(|pair| seconds(pair) == lasted);
            *fits.ok_or_else(|| Wrong::at("Start", twice(start_text, how)))?
        }
        (_, None) => return Err(Wrong::at("Start", twice(start_text, how))),
    };
    // A job that was suspended ran for less than it held its nodes; it cannot have run for more.
    if let Some(lasted) = lasted.filter(|lasted| *lasted > seconds(&meant) + 1) {
        let expected =
            format!("{} s from `Start` to `End`: are they in one time zone?", seconds(&meant));
        let column = if raw.is_some() { "ElapsedRaw" } else { "Elapsed" };
        return Err(Wrong::at(
            column,
            Reason::Disagrees { found: format!("{lasted} s"), expected },
        ));
    }
    Ok((meant.0, Some(meant.1)))
}

fn twice(text: &str, how: How<'_>) -> Reason {
    let zone = how.zone().map(|zone| zone.name().to_owned()).unwrap_or_default();
    Reason::Twice { text: shown(text), zone }
}

fn settle_one(time: Time, text: &str, how: How<'_>) -> Result<Instant, Wrong> {
    match time.second {
        None => Ok(time.first),
        Some(_) => Err(Wrong::at("Start", twice(text, how))),
    }
}

/// Reads `billing=64,cpu=64,gres/gpu:h100=8,gres/gpu=8,mem=512G,node=1`.
fn tres(text: &str) -> Result<Tres, Reason> {
    let mut found = Tres::default();
    let mut any_type = None;
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let wrong = || Reason::NotNumber(shown(part));
        let (key, value) = part.split_once('=').ok_or_else(wrong)?;
        match key {
            "cpu" => found.cores = whole(value)?,
            "node" => found.nodes = Some(whole(value)?),
            "gres/gpu" => any_type = Some(whole(value)?),
            _ => {
                if let Some(kind) = key.strip_prefix("gres/gpu:") {
                    found.by_type.insert(kind.to_ascii_lowercase(), whole(value)?);
                }
            }
        }
    }
    let typed = found.by_type.values().try_fold(0_u64, |sum, count| sum.checked_add(*count));
    let typed = typed.ok_or_else(|| Reason::TooLarge(shown(text)))?;
    match any_type {
        Some(all) if !found.by_type.is_empty() && all != typed => {
            return Err(Reason::Disagrees {
                found: format!("gres/gpu={all}"),
                expected: format!("{typed} GPUs by type"),
            });
        }
        Some(all) => found.gpus = all,
        None => found.gpus = typed,
    }
    Ok(found)
}

/// What a group of nodes supplies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct From {
    site: Option<SiteId>,
    seller: Option<PartyId>,
    gpu: Option<GpuTypeId>,
}

pub(crate) fn read(
    header: &Header,
    next: &mut Next<'_>,
    how: How<'_>,
) -> Result<Intake, FileError> {
    let feed = how.feed;
    let by = |naming: Option<&Naming<PartyId>>| naming.and_then(|naming| naming.by.clone());
    let buyer =
        by(feed.and_then(|feed| feed.buyer.as_ref())).unwrap_or_else(|| "Account".to_owned());
    let mut more = vec![buyer.as_str()];
    more.extend(feed.into_iter().flat_map(Feed::fields));
    require(header, how, &more)?;
    let mut builder = Builder::new(how, &SACCT);
    let mut intake = Intake::default();
    let groups = groups(how);
    let broken = |why| FileError::Broken { file: header.file.to_string(), why };
    while let Some(row) = next().map_err(broken)? {
        let place = Place { file: header.file.clone(), line: row.line };
        let mut built = Built::default();
        let result = header.fields(&row).and_then(|fields| match line(&fields, how)? {
            Line::Other(what) => Ok(Err(what)),
            Line::Job(job) => uses(&job, &fields, how, &buyer, &groups, &mut builder, &mut built)
                .map(|uses| uses.map(|uses| (identity(&job, how, &mut builder), uses))),
        });
        match result {
            Ok(Err(what)) => intake.pass_over(what),
            Ok(Ok(found)) => builder.put(&mut intake, place, Ok(found), built, String::new),
            Err(wrong) => builder.put(&mut intake, place, Err(wrong), built, || row.text),
        }
    }
    Ok(intake)
}

fn identity(job: &Job, how: How<'_>, builder: &mut Builder<'_>) -> Identity {
    let source = how.source().or(job.cluster.as_deref()).unwrap_or("sacct");
    Identity { source: builder.source(source), id: job.id.clone().into_boxed_str() }
}

/// The group of each node that the feed names.
fn groups(how: How<'_>) -> BTreeMap<&str, &NodeGroup> {
    let groups = how.feed.into_iter().flat_map(|feed| &feed.nodes);
    groups.flat_map(|group| group.nodes.iter().map(move |node| (node.as_str(), group))).collect()
}

#[allow(clippy::too_many_arguments, reason = "the parts of one reading, all of them borrowed")]
fn uses(
    job: &Job,
    row: &Record<'_>,
    how: How<'_>,
    buyer: &str,
    groups: &BTreeMap<&str, &NodeGroup>,
    builder: &mut Builder<'_>,
    built: &mut Built,
) -> Result<Result<Uses, &'static str>, Wrong> {
    let feed = how.feed;
    let field = |by: &str| row.value(by).map(std::borrow::Cow::Borrowed);
    let meter = feed.and_then(|feed| feed.meter.as_ref()).and_then(|naming| naming.otherwise);
    let meter = meter.unwrap_or(Meter::GpuTime);
    let held = match meter {
        Meter::GpuTime => job.tres.gpus,
        Meter::NodeTime => u64::try_from(job.nodes.len()).unwrap_or(u64::MAX),
        Meter::CoreTime => job.tres.cores,
        Meter::TokensIn | Meter::TokensOut | Meter::Power | Meter::Storage => {
            return Err(Wrong::row(Reason::Unsaid(
                "meter: one of gpu-time, node-time and core-time",
            )));
        }
    };
    if held == 0 {
        return Ok(Err(if meter == Meter::GpuTime {
            "jobs without GPUs"
        } else {
            "jobs that held nothing"
        }));
    }
    let end = job.end.ok_or_else(|| Wrong::at("End", Reason::Running))?;
    let window = Window::new(job.start, end).map_err(|_| {
        Wrong::at("End", Reason::Backwards { start: job.start.to_string(), end: end.to_string() })
    })?;
    let seconds = u128::try_from(window.seconds()).unwrap_or(0);
    built.quantities = vec![(meter, u128::from(held) * seconds)];
    if built.quantities[0].1 > u128::from(u64::MAX) {
        built.quantities.clear();
        return Err(Wrong::at("AllocTRES", Reason::TooLarge(held.to_string())));
    }
    let naming = feed.and_then(|feed| feed.buyer.as_ref());
    let party = named("buyer", naming, field(buyer).map(|value| (buyer, value)), id(PartyId::new))?
        .ok_or_else(|| Wrong::at(buyer, Reason::Missing))?;
    let own = |naming: Option<&Naming<ObjectId>>| {
        let by = naming.and_then(|naming| naming.by.as_deref());
        let found = by.and_then(|by| Some((by, field(by)?)));
        named("object", naming, found, id(ObjectId::new))
    };
    let object = own(feed.and_then(|feed| feed.object.as_ref()))?
        .ok_or_else(|| Wrong::row(Reason::Unsaid("object")))?;
    let mut nodes = Vec::new();
    for name in &job.nodes {
        let group = groups.get(name.as_str()).copied();
        if group.is_none() && !groups.is_empty() {
            let nearest = nearest(name, groups.keys().copied());
            return Err(Wrong::at(
                "NodeList",
                Reason::Unknown { what: "node", name: shown(name), nearest },
            ));
        }
        let gpus = group.and_then(|group| group.gpus).filter(|_| meter == Meter::GpuTime);
        let kind = group.and_then(|group| group.gpu.as_ref()).map(|gpu| gpu.as_str().to_owned());
        nodes.push(Node { key: group, gpus, kind });
    }
    let levels =
        spread(&nodes, held, &job.tres.by_type).map_err(|reason| Wrong::at("AllocTRES", reason))?;
    let mut sums: BTreeMap<From, u64> = BTreeMap::new();
    for (node, level) in nodes.iter().zip(levels.by_node).filter(|(_, level)| *level > 0) {
        let from = origin(node.key, row, how, feed)?;
        *sums.entry(from).or_default() += level;
    }
    let mut parts = Vec::new();
    for (from, level) in sums {
        let seller = from.seller.ok_or_else(|| Wrong::row(Reason::Unsaid("seller")))?;
        let (buyer, object) = (party.clone(), object.clone());
        let supply = Supply { buyer, seller, meter, object, site: from.site, gpu: from.gpu };
        let supply: Arc<Supply> = builder.share(supply)?;
        let part = level.checked_mul(meter.parts());
        let part = part.and_then(|level| Part::held(supply, window, level));
        parts
            .push(part.ok_or_else(|| Wrong::at("AllocTRES", Reason::TooLarge(level.to_string())))?);
    }
    Ok(Uses::new(parts).ok_or("jobs that held nothing"))
}

/// What a node supplies: as its group says, else as the feed does, else by the site's host.
fn origin(
    group: Option<&NodeGroup>,
    row: &Record<'_>,
    how: How<'_>,
    feed: Option<&Feed>,
) -> Result<From, Wrong> {
    fn by<'r, T>(
        row: &'r Record<'_>,
        naming: Option<&'r Naming<T>>,
    ) -> Option<(&'r str, std::borrow::Cow<'r, str>)> {
        let field = naming?.by.as_deref()?;
        Some((field, std::borrow::Cow::Borrowed(row.value(field)?)))
    }
    let site = match group.and_then(|group| group.site.clone()) {
        Some(site) => Some(site),
        None => {
            let naming = feed.and_then(|feed| feed.site.as_ref());
            named("site", naming, by(row, naming), id(SiteId::new))?
        }
    };
    let gpu = match group.and_then(|group| group.gpu.clone()) {
        Some(gpu) => Some(gpu),
        None => {
            let naming = feed.and_then(|feed| feed.gpu.as_ref());
            named("GPU type", naming, by(row, naming), id(GpuTypeId::new))?
        }
    };
    let seller = match group.and_then(|group| group.seller.clone()) {
        Some(seller) => Some(seller),
        None => {
            let naming = feed.and_then(|feed| feed.seller.as_ref());
            named("seller", naming, by(row, naming), id(PartyId::new))?
        }
    };
    let host = || how.names?.sites.get(site.as_ref()?).cloned();
    Ok(From { seller: seller.or_else(host), site, gpu })
}
