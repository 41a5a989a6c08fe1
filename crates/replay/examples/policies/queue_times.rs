//! How long the jobs of a trace wait, policy by policy, on one pool of equal GPUs.
//!
//! A trace says nothing of quotas: the nominal quota of a virtual cluster is assumed to be its largest
//! job and, of what is left, the part of all GPU-hours that it used, so that each job can run and the
//! quotas are the whole pool. Nor does it say what jobs asked for where it does not: then that is what
//! they ran, which is the best that backfill can have.

use std::collections::BTreeMap;

use comity_base::{GpuTypeId, Instant, SiteId, Window};
use comity_fleet::{Capacity, Job, Need};
use comity_placement::{
    Backfill, Class, Due, Inputs, Order, Outcome, PlanError, Policy, Pool, Preemption, Quota,
    Restarts, RuledWindow, Ruling, place,
};
use comity_replay::{Read, TraceJob};

/// Use counts half after a week, as Slurm has it where nobody sets it.
const HALF_LIFE_SECONDS: u32 = 7 * 86_400;

/// A virtual cluster of a trace.
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) jobs: u64,
    pub(crate) gpu_seconds: u64,
    pub(crate) largest: u32,
    pub(crate) nominal: u32,
}

/// How long jobs wait under a policy, seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) policy: &'static str,
    pub(crate) mean: i64,
    /// The waits that 50, 90 and 99 % of the jobs do not exceed.
    pub(crate) quantiles: [i64; 3],
    pub(crate) not_started: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Borrowing {
    NoQuota,
    Never,
    Idle,
}

/// The virtual clusters of a trace by name, with the quotas that are assumed.
pub(crate) fn virtual_clusters(read: &Read<TraceJob>, gpus: u32) -> Vec<Cluster> {
    let mut found: BTreeMap<&str, Cluster> = BTreeMap::new();
    for row in &read.rows {
        let name = row.tenant.as_deref().unwrap_or("");
        let cluster = found.entry(name).or_insert_with(|| Cluster {
            name: name.to_owned(),
            jobs: 0,
            gpu_seconds: 0,
            largest: 0,
            nominal: 0,
        });
        cluster.jobs += 1;
        cluster.gpu_seconds += u64::from(row.size.gpus()) * u64::from(row.run_seconds);
        cluster.largest = cluster.largest.max(row.size.gpus());
    }
    let mut clusters: Vec<Cluster> = found.into_values().collect();
    let used: u64 = clusters.iter().map(|it| it.gpu_seconds).sum();
    let floors: u32 = clusters.iter().map(|it| it.largest).sum();
    let left = u64::from(gpus.saturating_sub(floors));
    for it in &mut clusters {
        let part = u128::from(left) * u128::from(it.gpu_seconds) / u128::from(used.max(1));
        it.nominal = it.largest + u32::try_from(part).unwrap_or(u32::MAX);
    }
    clusters
}

/// The queue times of a trace on so many GPUs, under each policy.
///
/// # Errors
/// When what jobs draw does not fit, which no trace of these formats comes near.
pub(crate) fn rows(read: &Read<TraceJob>, gpus: u32) -> Result<Vec<Row>, PlanError> {
    let clusters = virtual_clusters(read, gpus);
    let policy = |backfill, order| Policy { backfill, order, ..Policy::default() };
    let fair = Order::FairShare { half_life_seconds: HALF_LIFE_SECONDS };
    let reclaim = Preemption { reclaim: true, ..Preemption::default() };
    let easy = policy(Backfill::Easy, Order::Arrival);
    let all = [
        ("FIFO", policy(Backfill::None, Order::Arrival), Borrowing::NoQuota),
        ("first fit", policy(Backfill::FirstFit, Order::Arrival), Borrowing::NoQuota),
        ("EASY", easy, Borrowing::NoQuota),
        ("conservative", policy(Backfill::Conservative, Order::Arrival), Borrowing::NoQuota),
        ("fair share, EASY", policy(Backfill::Easy, fair), Borrowing::NoQuota),
        ("quota without borrowing, EASY", easy, Borrowing::Never),
        ("quota with borrowing, EASY", easy, Borrowing::Idle),
        (
            "quota with borrowing and reclaim, EASY",
            Policy { preemption: reclaim, ..easy },
            Borrowing::Idle,
        ),
    ];
    all.into_iter()
        .map(|(name, policy, borrowing)| row(read, gpus, &clusters, name, policy, borrowing))
        .collect()
}

fn row(
    read: &Read<TraceJob>,
    gpus: u32,
    clusters: &[Cluster],
    name: &'static str,
    policy: Policy,
    borrowing: Borrowing,
) -> Result<Row, PlanError> {
    let jobs = jobs(read, clusters);
    let first = jobs.iter().map(|job| job.submit).min().unwrap_or(Instant::MIN);
    // Ten years: however long the queue grows, it is run to its end.
    let end = first.plus_seconds(3_650 * 86_400);
    let period = Window::new(first, end).expect("ten years are a period");
    let pool = Pool {
        site: SiteId::new("cluster").expect("a word is an id"),
        gpu: GpuTypeId::new("gpu").expect("a word is an id"),
        capacity: Capacity::sum([(Window::ALWAYS, gpus)]).expect("one level fits"),
        nodes: None,
    };
    let class = |party| Class {
        party,
        priority: 0,
        preempts: vec![],
        restarts: Restarts::default(),
        need: Need::default(),
        rulings: vec![vec![RuledWindow { window: Window::ALWAYS, ruling: Ruling::Allow }]],
        gpus: Vec::new(),
        commitment: vec![None],
        price: vec![0],
        currency: vec![],
    };
    let parties = 0..u32::try_from(clusters.len()).expect("a trace has few clusters");
    let due = |(party, it): (u32, &Cluster)| Due {
        party,
        nominal: it.nominal,
        lends: None,
        borrows: (borrowing == Borrowing::Never).then_some(0),
    };
    let dues = parties.clone().zip(clusters).map(due).collect();
    let quotas = match borrowing {
        Borrowing::NoQuota => Vec::new(),
        Borrowing::Never | Borrowing::Idle => vec![Quota { pools: vec![0], dues, window: period }],
    };
    let plan = place(&Inputs {
        period,
        pools: &[pool],
        classes: &parties.map(class).collect::<Vec<_>>(),
        jobs: &jobs,
        services: &[],
        commitments: &[],
        faults: &[],
        maintenance: &[],
        reservations: &[],
        quotas: &quotas,
        shares: &[],
        policy,
    })?;
    let wait = |(job, outcome): (&Job, &Outcome)| match outcome {
        Outcome::Runs(run) => Some(run.start().seconds() - job.submit.seconds()),
        Outcome::Stopped { .. }
        | Outcome::Waits(_)
        | Outcome::Never(_)
        | Outcome::Misconfigured(_) => None,
    };
    let mut waits: Vec<i64> = jobs.iter().zip(&plan.outcomes).filter_map(wait).collect();
    waits.sort_unstable();
    let count = i64::try_from(waits.len()).unwrap_or(i64::MAX).max(1);
    // The nearest rank: the least wait that so many per cent do not exceed.
    let quantile = |percent: usize| {
        let rank = (waits.len() * percent).div_ceil(100).max(1);
        waits.get(rank - 1).copied().unwrap_or(0)
    };
    Ok(Row {
        policy: name,
        mean: waits.iter().sum::<i64>() / count,
        quantiles: [50, 90, 99].map(quantile),
        not_started: jobs.len() - waits.len(),
    })
}

fn jobs(read: &Read<TraceJob>, clusters: &[Cluster]) -> Vec<Job> {
    let job = |(id, row): (u64, &TraceJob)| {
        let name = row.tenant.as_deref().unwrap_or("");
        let class = clusters.iter().position(|it| it.name == name);
        Job {
            id,
            class: class.and_then(|class| u32::try_from(class).ok()).unwrap_or(0),
            submit: Instant::from_seconds(row.submit_seconds),
            size: row.size,
            run_seconds: row.run_seconds,
            asked_seconds: row.asked_seconds,
        }
    };
    (1..).zip(&read.rows).map(job).collect()
}
