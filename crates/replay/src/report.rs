//! What a replay came to, summed up: answers, jobs, services and sites.
//!
//! The sums are made with the same functions as the records they sum up.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{Meter, PlaceId, SiteId, TermId, Window};
use comity_placement::{
    Ended, Misconfiguration, NeverReason, Outcome, Pool, ShortfallReason, WaitReason,
};
use comity_terms::Answer;

use crate::decisions::{DecisionGroup, decisions};
use crate::run::{Replay, Upset};
use crate::served::{Tokens, served};
use crate::work::Work;
use crate::workload::Traffic;

/// A replay in figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Every decision, in groups.
    pub decisions: Vec<DecisionGroup>,
    /// How many decisions had each answer; all answers are there.
    pub answers: BTreeMap<Answer, u64>,
    /// One for each stream of jobs.
    pub jobs: Vec<JobReport>,
    /// One for each service.
    pub serving: Vec<ServingReport>,
    /// One for each site that is open in the period.
    pub sites: Vec<SiteReport>,
}

/// What became of a stream's jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobReport {
    /// The stream, an index into the streams of the work.
    pub stream: usize,
    /// How many were handed in.
    pub handed_in: u64,
    /// How many came to what, and by which terms.
    pub outcomes: BTreeMap<(OutcomeKind, BTreeSet<TermId>), u64>,
    /// For those that started: how long they waited, all together, seconds.
    pub waited_seconds: i128,
    /// GPU time run in the period, in thousandths of a GPU-second.
    pub gpu_time: i128,
    /// Of that, what did not bring jobs further: work that was run again after a stop, and restarts.
    pub lost_gpu_time: i128,
    /// How often jobs were stopped in the period, by why.
    pub stops: BTreeMap<Stop, u64>,
}

/// Why a job was stopped before it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Its GPUs failed.
    Fault,
    /// Its GPUs went out of service.
    Maintenance,
    /// A job of higher priority took its place.
    Outranked,
    /// A party within its nominal quota took back what was lent.
    Reclaimed,
}

impl Stop {
    /// Every reason, in the order in which reports list them.
    pub const ALL: [Self; 4] = [Self::Fault, Self::Maintenance, Self::Outranked, Self::Reclaimed];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Maintenance => "maintenance",
            Self::Outranked => "outranked",
            Self::Reclaimed => "reclaimed",
        }
    }

    fn of(ended: Ended) -> Option<Self> {
        match ended {
            Ended::Done => None,
            Ended::Fault { .. } => Some(Self::Fault),
            Ended::Maintenance { .. } => Some(Self::Maintenance),
            Ended::Outranked { .. } => Some(Self::Outranked),
            Ended::Reclaimed { .. } => Some(Self::Reclaimed),
        }
    }
}

/// What became of the traffic of a service, or of one of its regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServingReport {
    /// The stream, an index into the streams of the work.
    pub stream: usize,
    /// The region, where the stream has regions.
    pub region: Option<PlaceId>,
    /// Tokens asked for, read and written.
    pub asked: u128,
    /// Tokens served; what was asked is this and all that was not served.
    pub served: u128,
    /// Tokens not served, by why and by which terms.
    pub unserved: BTreeMap<(OutcomeKind, BTreeSet<TermId>), u128>,
    /// GPU-seconds that it lacked, by why and by which terms.
    pub lacking: BTreeMap<(OutcomeKind, BTreeSet<TermId>), i128>,
}

/// How much of a site was used; its GPU time is in thousandths of a GPU-second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteReport {
    /// The site.
    pub site: SiteId,
    /// GPU time that it had in the period.
    pub available: i128,
    /// GPU time that jobs held.
    pub jobs: i128,
    /// GPU time that services held.
    pub services: i128,
    /// How many of its nodes failed in the period, counting each time.
    pub faults: u64,
    /// GPU time that these were down.
    pub failed: i128,
    /// GPU time that was out for maintenance.
    pub maintained: i128,
}

/// What came of a job or an hour of traffic, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutcomeKind {
    /// It runs.
    Runs,
    /// It waits for GPUs that others hold.
    WaitsForCapacity,
    /// Within its reach no GPUs are left, whatever the terms.
    NoRoom,
    /// Its replicas are still starting.
    Starting,
    /// It did not ask for as many replicas as its traffic needs.
    ScaledTooLow,
    /// It waits for its party's quota.
    WaitsForQuota,
    /// It waits for GPUs that services lease.
    WaitsForLeased,
    /// It waits for GPUs that open after the period.
    WaitsForOpening,
    /// It waits for terms that allow it after the period.
    WaitsForTerms,
    /// It waited until the place it could have had was gone.
    Missed,
    /// It waits for a condition of the terms.
    WaitsForCondition,
    /// The terms do not settle whether it may run.
    Undetermined,
    /// The terms forbid it.
    Denied,
    /// The terms leave only pools that are too small, or not for long enough.
    DeniedElsewhere,
    /// No pool is there for as long as it asks.
    CapacityEnds,
    /// It asks for what cannot be.
    Misconfigured,
}

impl OutcomeKind {
    /// The words for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::WaitsForCapacity => "waits: GPUs are taken",
            Self::NoRoom => "waits: no GPUs are left within its reach",
            Self::Starting => "waits: replicas are starting",
            Self::ScaledTooLow => "waits: no more replicas were asked for",
            Self::WaitsForQuota => "waits: over quota",
            Self::WaitsForLeased => "waits: services hold the GPUs",
            Self::WaitsForOpening => "waits: GPUs open later",
            Self::WaitsForTerms => "waits: allowed later",
            Self::Missed => "waits: the last chance passed",
            Self::WaitsForCondition => "waits: conditional",
            Self::Undetermined => "waits: undetermined",
            Self::Denied => "never: forbidden",
            Self::DeniedElsewhere => "never: forbidden where it fits",
            Self::CapacityEnds => "never: no GPUs for that long",
            Self::Misconfigured => "misconfigured",
        }
    }
}

/// What came of a job in the end, with the terms behind it.
///
/// A job that waits for GPUs has `closed` behind it: the terms that keep its stream off other
/// sites, see [`closed_to`].
#[must_use]
pub fn outcome_kind<'a>(outcome: &'a Outcome, closed: &'a [TermId]) -> (OutcomeKind, &'a [TermId]) {
    match outcome {
        Outcome::Runs(_) => (OutcomeKind::Runs, &[]),
        Outcome::Stopped { then, .. } => outcome_kind(then, closed),
        Outcome::Waits(reason) => match reason {
            WaitReason::Capacity { .. } => (OutcomeKind::WaitsForCapacity, closed),
            WaitReason::Quota { .. } => (OutcomeKind::WaitsForQuota, &[]),
            WaitReason::Leased { .. } => (OutcomeKind::WaitsForLeased, closed),
            WaitReason::Opening { .. } => (OutcomeKind::WaitsForOpening, &[]),
            WaitReason::TermOpens { .. } => (OutcomeKind::WaitsForTerms, &[]),
            WaitReason::Missed { .. } => (OutcomeKind::Missed, &[]),
            WaitReason::Condition(by) => (OutcomeKind::WaitsForCondition, &by.terms),
            WaitReason::Undetermined(by) => (OutcomeKind::Undetermined, &by.terms),
        },
        Outcome::Never(reason) => match reason {
            NeverReason::Denied(by) => (OutcomeKind::Denied, &by.terms),
            NeverReason::OnlySmaller(by) | NeverReason::TooShort(by) => {
                (OutcomeKind::DeniedElsewhere, &by.terms)
            }
            NeverReason::CapacityEnds { .. } => (OutcomeKind::CapacityEnds, &[]),
        },
        Outcome::Misconfigured(
            Misconfiguration::OutsidePeriod
            | Misconfiguration::NoGpus
            | Misconfiguration::NoRunTime
            | Misconfiguration::NoPool
            | Misconfiguration::TooLarge { .. }
            | Misconfiguration::TooWide { .. },
        ) => (OutcomeKind::Misconfigured, &[]),
    }
}

/// For each stream, the terms that close a site to it at some time in the period.
#[must_use]
pub fn closed_to(replay: &Replay, work: &Work<'_>) -> Vec<Vec<TermId>> {
    let mut closed: Vec<BTreeSet<TermId>> = vec![BTreeSet::new(); work.streams.len()];
    for at_site in &replay.rulings {
        for ruling in &at_site.rulings {
            if ruling.answer != Answer::Allow && ruling.window.intersect(work.period).is_some() {
                closed[at_site.stream].extend(ruling.terms.iter().cloned());
            }
        }
    }
    closed.into_iter().map(|terms| terms.into_iter().collect()).collect()
}

/// Why tokens are not served, with the terms behind it.
#[must_use]
pub fn shortfall_kind(reason: &ShortfallReason) -> (OutcomeKind, BTreeSet<TermId>) {
    let (kind, terms): (OutcomeKind, &[TermId]) = match reason {
        ShortfallReason::Starting => (OutcomeKind::Starting, &[]),
        ShortfallReason::Scaling => (OutcomeKind::ScaledTooLow, &[]),
        ShortfallReason::Full { .. } => (OutcomeKind::NoRoom, &[]),
        ShortfallReason::Condition(by) => (OutcomeKind::WaitsForCondition, &by.terms),
        ShortfallReason::Undetermined(by) => (OutcomeKind::Undetermined, &by.terms),
        ShortfallReason::Denied(by) => (OutcomeKind::Denied, &by.terms),
        ShortfallReason::NoPool => (OutcomeKind::Misconfigured, &[]),
    };
    (kind, terms.iter().cloned().collect())
}

/// A replay in figures.
#[must_use]
pub fn summary(replay: &Replay, work: &Work<'_>) -> Summary {
    let decisions = decisions(replay, work);
    let mut answers: BTreeMap<Answer, u64> =
        Answer::ALL.into_iter().map(|answer| (answer, 0)).collect();
    for group in &decisions {
        *answers.entry(group.answer).or_default() += group.count;
    }
    let mut sites: Vec<SiteReport> = sites(replay, work);
    let jobs = jobs(replay, work, &mut sites);
    for lease in &replay.plan.leases {
        let held = thousandths(lease.gpus) * i128::from(lease.window.seconds());
        site_of(&mut sites, &replay.pools[lease.pool].site).services += held;
    }
    for fault in replay.faults() {
        let pool = &replay.pools[fault.pool];
        let site = site_of(&mut sites, &pool.site);
        site.faults += 1;
        site.failed += out_of_service(&fault, pool, work.period);
    }
    for maintenance in replay.maintenance() {
        let pool = &replay.pools[maintenance.pool];
        let out = out_of_service(&maintenance, pool, work.period);
        site_of(&mut sites, &pool.site).maintained += out;
    }
    sites.sort_by(|a, b| a.site.cmp(&b.site));
    Summary { decisions, answers, jobs, serving: serving(replay, work), sites }
}

/// GPUs in thousandths, as their time is counted.
fn thousandths(gpus: impl Into<i128>) -> i128 {
    gpus.into() * i128::from(Meter::GpuTime.parts())
}

/// GPU time of a pool that something took away in a period.
fn out_of_service(upset: &Upset, pool: &Pool, period: Window) -> i128 {
    let Some(window) = upset.window.intersect(period) else { return 0 };
    let cuts = pool.capacity.steps().iter().map(|&(at, _)| at);
    let part = |part: Window| {
        i128::from(upset.gpus.min(pool.capacity.at(part.start()))) * i128::from(part.seconds())
    };
    let gpu_seconds: i128 = window.cut(cuts).into_iter().map(part).sum();
    thousandths(gpu_seconds)
}

fn sites(replay: &Replay, work: &Work<'_>) -> Vec<SiteReport> {
    let mut sites: Vec<SiteReport> = Vec::new();
    for pool in &replay.pools {
        let available = thousandths(pool.capacity.gpu_seconds(work.period));
        match sites.last_mut() {
            Some(last) if last.site == pool.site => last.available += available,
            Some(_) | None => {
                let site = pool.site.clone();
                sites.push(SiteReport {
                    site,
                    available,
                    jobs: 0,
                    services: 0,
                    faults: 0,
                    failed: 0,
                    maintained: 0,
                });
            }
        }
    }
    sites
}

fn site_of<'s>(sites: &'s mut [SiteReport], site: &SiteId) -> &'s mut SiteReport {
    let found = sites.iter_mut().find(|report| &report.site == site);
    found.expect("every pool's site has a report")
}

fn jobs(replay: &Replay, work: &Work<'_>, sites: &mut [SiteReport]) -> Vec<JobReport> {
    let empty = |stream| JobReport {
        stream,
        handed_in: 0,
        outcomes: BTreeMap::new(),
        waited_seconds: 0,
        gpu_time: 0,
        lost_gpu_time: 0,
        stops: BTreeMap::new(),
    };
    let mut reports: BTreeMap<usize, JobReport> = BTreeMap::new();
    let closed = closed_to(replay, work);
    let mut by_pool: Vec<i128> = vec![0; replay.pools.len()];
    for (job, outcome) in work.jobs.iter().zip(&replay.plan.outcomes) {
        let stream = usize::try_from(job.class).expect("a class is an index of a stream");
        let report = reports.entry(stream).or_insert_with(|| empty(stream));
        report.handed_in += 1;
        let (kind, terms) = outcome_kind(outcome, &closed[stream]);
        let key = (kind, terms.iter().cloned().collect());
        *report.outcomes.entry(key).or_default() += 1;
        if let Outcome::Runs(run) = outcome {
            report.waited_seconds += i128::from(run.start().seconds() - job.submit.seconds());
        }
        let level = i128::from(job.size.milli());
        for piece in outcome.pieces() {
            let end = piece.end.min(work.period.end());
            let held = level * i128::from(end.seconds() - piece.start.seconds());
            report.gpu_time += held;
            by_pool[piece.pool] += held;
            if let Some(stop) = Stop::of(piece.ended).filter(|_| piece.end < work.period.end()) {
                *report.stops.entry(stop).or_default() += 1;
            }
            if piece.end <= work.period.end() {
                report.lost_gpu_time += level * i128::from(piece.lost_seconds);
            }
        }
    }
    for (pool, held) in replay.pools.iter().zip(by_pool) {
        site_of(sites, &pool.site).jobs += held;
    }
    reports.into_values().collect()
}

fn serving(replay: &Replay, work: &Work<'_>) -> Vec<ServingReport> {
    let mut reports = Vec::new();
    for (index, service) in work.services.iter().enumerate() {
        let stream = usize::try_from(service.class).expect("a class is an index of a stream");
        let mut report = ServingReport {
            stream,
            region: service.region.map(|region| region.place.clone()),
            asked: 0,
            served: 0,
            unserved: BTreeMap::new(),
            lacking: BTreeMap::new(),
        };
        for (hour, served) in service.traffic.iter().zip(served(service, index, &replay.plan)) {
            let Traffic { tokens_in, tokens_out, .. } = *hour;
            report.asked += Tokens { tokens_in, tokens_out }.sum();
            report.served += served.served.sum();
            for (reason, tokens) in served.unserved {
                *report.unserved.entry(shortfall_kind(reason)).or_default() += tokens.sum();
            }
        }
        for short in replay.plan.shortfalls.iter().filter(|it| it.service == index) {
            for lack in &short.lacking {
                *report.lacking.entry(shortfall_kind(&lack.reason)).or_default() +=
                    i128::from(lack.gpus) * i128::from(short.window.seconds());
            }
        }
        reports.push(report);
    }
    reports
}
