//! Who used whose GPUs: a `sacct` dump and a list of who owns which nodes, without any agreement.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use comity_base::{Instant, Meter};

use crate::feed::How;
use crate::format::Format;
use crate::hostlist;
use crate::intake::{Content, Gathered, Identity, Place, Rejected};
use crate::number::whole;
use crate::reason::{FileError, Reason, Wrong};
use crate::sacct::{self, Line};
use crate::spread::{Node, Rule, spread};
use crate::table;
use crate::text::{nearest, shown};

/// A node as its owner lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// Whose it is.
    pub owner: String,
    /// How many GPUs it has, where that is said.
    pub gpus: Option<u64>,
    /// Their type, where that is said.
    pub gpu: Option<String>,
}

/// Nodes by name.
pub type Owners = BTreeMap<String, Owned>;

/// What a table of owners comes to, with all rows that are wrong.
pub type OwnersRead = (Owners, Vec<(Place, Wrong)>);

/// Reads who owns which nodes: CSV with the columns `node`, a name or a list such as
/// `gpu[01-16]`, and `owner`; where they are known, `gpus` and `gpu`.
///
/// # Errors
/// [`FileError`] when the file is no such table.
pub fn owners(file: &str, input: &mut dyn BufRead) -> Result<OwnersRead, FileError> {
    table::text(file, input, ',', |header, next| {
        header.require(["node", "owner"])?;
        let (mut owners, mut wrongs) = (Owners::new(), Vec::new());
        let broken = |why| FileError::Broken { file: file.to_owned(), why };
        while let Some(row) = next().map_err(broken)? {
            let place = Place { file: header.file.clone(), line: row.line };
            let read = header.fields(&row).and_then(|fields| {
                let need = |column: &str| {
                    fields.value(column).ok_or_else(|| Wrong::at(column, Reason::Missing))
                };
                let list = need("node")?;
                let nodes = hostlist::nodes(list)
                    .ok_or_else(|| Wrong::at("node", Reason::NodeList(shown(list))))?;
                let gpus = fields.value("gpus").map(whole).transpose();
                let owned = Owned {
                    owner: need("owner")?.to_owned(),
                    gpus: gpus.map_err(|reason| Wrong::at("gpus", reason))?,
                    gpu: fields.value("gpu").map(str::to_owned),
                };
                Ok((nodes, owned))
            });
            match read {
                Ok((nodes, owned)) => {
                    for node in nodes {
                        if let Some(first) = owners.insert(node.clone(), owned.clone())
                            && first != owned
                        {
                            let expected = format!("{}, of an earlier row", first.owner);
                            let found = format!("{node}: {}", owned.owner);
                            let reason = Reason::Disagrees { found, expected };
                            wrongs.push((place.clone(), Wrong::at("node", reason)));
                        }
                    }
                }
                Err(wrong) => wrongs.push((place, wrong)),
            }
        }
        Ok((owners, wrongs))
    })
}

/// Who held whose GPUs, from when to when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// The user.
    pub user: String,
    /// The account.
    pub account: String,
    /// From when on.
    pub start: Instant,
    /// Until when; `None` while the job runs.
    pub end: Option<Instant>,
    /// How many GPUs of each owner and type.
    pub gpus: BTreeMap<(String, String), u64>,
    rule: Rule,
}

impl Held {
    /// For how many seconds of a period; a job that runs is counted to the period's end only.
    fn seconds(&self, from: Instant, to: Option<Instant>) -> u128 {
        let end = match (self.end, to) {
            (Some(end), Some(to)) => end.min(to),
            (Some(end), None) | (None, Some(end)) => end,
            (None, None) => return 0,
        };
        u128::try_from(end.seconds() - self.start.max(from).seconds()).unwrap_or(0)
    }
}

impl Content for Held {
    fn quantities(&self) -> Vec<(Meter, u128)> {
        let gpus: u128 = self.gpus.values().copied().map(u128::from).sum();
        let gpu_seconds = gpus * self.seconds(Instant::MIN, None);
        vec![(Meter::GpuTime, gpu_seconds * u128::from(Meter::GpuTime.parts()))]
    }
}

/// The jobs of dumps, by identity.
pub type Jobs = Gathered<Held>;

/// Reads the jobs of a dump, each split over the owners of its nodes.
///
/// # Errors
/// [`FileError`] when the file is no dump, or lacks a column or the zone.
pub fn jobs(
    file: &str,
    input: &mut dyn BufRead,
    owners: &Owners,
    how: How<'_>,
) -> Result<Jobs, FileError> {
    table::text(file, input, Format::Sacct.delimiter(), |header, next| {
        sacct::require(header, how, &["User", "Account"])?;
        let mut jobs = Jobs::default();
        let broken = |why| FileError::Broken { file: file.to_owned(), why };
        while let Some(row) = next().map_err(broken)? {
            let place = Place { file: header.file.clone(), line: row.line };
            let result = header.fields(&row).and_then(|fields| match sacct::line(&fields, how)? {
                Line::Other(what) => Ok(Err(what)),
                Line::Job(job) if job.tres.gpus == 0 => Ok(Err("jobs without GPUs")),
                Line::Job(job) => {
                    let held = held(&job, owners)?;
                    let value = |column: &str| fields.value(column).unwrap_or("-").to_owned();
                    let held = Held { user: value("User"), account: value("Account"), ..held };
                    let source = how.source().or(job.cluster.as_deref()).unwrap_or("sacct");
                    Ok(Ok((Identity { source: source.into(), id: job.id.into() }, held)))
                }
            });
            match result {
                Ok(Err(what)) => jobs.pass_over(what),
                Ok(Ok((identity, held))) => jobs.take(identity, place, held),
                Err(wrong) => {
                    jobs.reject(Rejected { place, wrong, row: row.text, quantities: vec![] });
                }
            }
        }
        Ok(jobs)
    })
}

fn held(job: &sacct::Job, owners: &Owners) -> Result<Held, Wrong> {
    let mut nodes = Vec::new();
    for name in &job.nodes {
        let owned = owners.get(name).ok_or_else(|| {
            let nearest = nearest(name, owners.keys().map(String::as_str));
            Wrong::at("NodeList", Reason::Unknown { what: "node", name: shown(name), nearest })
        })?;
        nodes.push(Node { key: owned, gpus: owned.gpus, kind: owned.gpu.clone() });
    }
    let spread = spread(&nodes, job.tres.gpus, &job.tres.by_type)
        .map_err(|reason| Wrong::at("AllocTRES", reason))?;
    let seconds = job.end.map_or(1, |end| end.seconds() - job.start.seconds());
    let all = u64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(job.tres.gpus));
    all.ok_or_else(|| Wrong::at("AllocTRES", Reason::TooLarge(job.tres.gpus.to_string())))?;
    let one_type = (job.tres.by_type.len() == 1).then(|| job.tres.by_type.keys().next()).flatten();
    let mut gpus = BTreeMap::new();
    let mut of = BTreeSet::new();
    for (node, level) in nodes.iter().zip(&spread.by_node).filter(|(_, level)| **level > 0) {
        let kind = node.key.gpu.as_ref().or(one_type).cloned().unwrap_or_default();
        *gpus.entry((node.key.owner.clone(), kind)).or_default() += level;
        of.insert(node.key.owner.as_str());
    }
    // How a job lies on the nodes of one owner changes nothing.
    let rule = if of.len() == 1 { Rule::Plain } else { spread.rule };
    let (user, account) = (String::new(), String::new());
    Ok(Held { user, account, start: job.start, end: job.end, gpus, rule })
}

/// By what the columns of a matrix are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Users.
    User,
    /// Accounts.
    Account,
}

/// Who used whose GPUs in a period: GPU-seconds by owner and user or account, exact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matrix {
    /// GPU-seconds of each owner's GPUs, by who used them.
    pub cells: BTreeMap<String, BTreeMap<String, u128>>,
    /// GPU-seconds by owner, type of GPU and who used them.
    pub by_type: BTreeMap<(String, String, String), u128>,
    /// Jobs that held GPUs in the period.
    pub jobs: u64,
    /// Of them, jobs on nodes of several owners.
    pub shared: u64,
    /// Of these, jobs whose GPUs are taken to lie evenly on their nodes.
    pub even: u64,
    /// And jobs whose GPUs do not divide evenly.
    pub uneven: u64,
    /// Jobs still running that are counted to the end of the period.
    pub running: u64,
    /// Jobs still running that are not counted, since the period has no end.
    pub running_left_out: u64,
}

/// Sums the accepted jobs over a period; a job is cut to it.
#[must_use]
pub fn matrix(jobs: &Jobs, by: By, from: Option<Instant>, to: Option<Instant>) -> Matrix {
    let mut matrix = Matrix::default();
    let from = from.unwrap_or(Instant::MIN);
    for (_, _, held) in jobs.accepted() {
        if held.end.is_none() && to.is_none() {
            matrix.running_left_out += 1;
            continue;
        }
        let seconds = held.seconds(from, to);
        if seconds == 0 {
            continue;
        }
        matrix.jobs += 1;
        matrix.running += u64::from(held.end.is_none());
        let owners: BTreeSet<&str> = held.gpus.keys().map(|(owner, _)| owner.as_str()).collect();
        if owners.len() > 1 {
            matrix.shared += 1;
            match held.rule {
                Rule::Plain => {}
                Rule::Even => matrix.even += 1,
                Rule::Uneven => matrix.uneven += 1,
            }
        }
        let who = match by {
            By::User => &held.user,
            By::Account => &held.account,
        };
        for ((owner, kind), gpus) in &held.gpus {
            let used = u128::from(*gpus) * seconds;
            let row = matrix.cells.entry(owner.clone()).or_default();
            *row.entry(who.clone()).or_default() += used;
            let key = (owner.clone(), kind.clone(), who.clone());
            *matrix.by_type.entry(key).or_default() += used;
        }
    }
    matrix
}
