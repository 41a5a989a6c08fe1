//! The plan: what runs where and when, and the reason for each thing that does not.

use std::sync::Arc;

use comity_base::{Instant, Overflow, TermId, Window};
use thiserror::Error;

/// Where and when everything runs; it leaves no choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// One for each job, in the order of the inputs.
    pub outcomes: Vec<Outcome>,
    /// What services hold, by service, then start, then in the order in which pools were chosen.
    pub leases: Vec<Lease>,
    /// Where services get less than they need, by service and time.
    pub shortfalls: Vec<Shortfall>,
}

/// What becomes of a job in the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It starts.
    Runs(Run),
    /// It could run, but does not start in the period.
    Waits(WaitReason),
    /// The terms or the fleet, as known, leave no place for it.
    Never(NeverReason),
    /// It asks for what cannot be.
    Misconfigured(Misconfiguration),
}

/// Where and when a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The pool, an index into the pools of the inputs.
    pub pool: usize,
    /// When it starts.
    pub start: Instant,
    /// When it is really done; may be after the end of the period.
    pub end: Instant,
}

/// Terms that stand in the way, and the pools where they do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Barrier {
    /// The terms, in order and each once.
    pub terms: Arc<[TermId]>,
    /// The pools, indexes into the pools of the inputs, in order.
    pub pools: Arc<[usize]>,
}

/// Why a job that could run does not start in the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitReason {
    /// It is in the queue at the end of the period.
    Capacity {
        /// Where it could start first, if those ahead of it were not there.
        pool: usize,
        /// For the job that holds the reservation, when it starts at the latest, by what running
        /// jobs asked.
        latest: Option<Instant>,
        /// How many jobs that were handed in before it still wait.
        ahead: usize,
    },
    /// Services lease what it needs.
    Leased {
        /// Where it could have run without the leases.
        pool: usize,
        /// When it could start somewhere alone, if it can.
        until: Option<Instant>,
    },
    /// The terms allow it now, but GPUs for it only open after the period.
    Opening {
        /// Where they open.
        pool: usize,
        /// From when on it could start there.
        at: Instant,
    },
    /// The terms allow it only from an instant after the period.
    TermOpens {
        /// Where they allow it first.
        pool: usize,
        /// From when on it could start there.
        at: Instant,
    },
    /// It waited for capacity until the last opening that is long enough for it was over.
    Missed {
        /// Where it could have started, had nothing else been there.
        pool: usize,
        /// When that opening ended.
        until: Instant,
    },
    /// Where it would fit, a condition of the terms has to hold first.
    Condition(Barrier),
    /// Where it would fit, the terms do not settle whether it may run.
    Undetermined(Barrier),
}

/// Why a job can never run, as far as terms and fleet are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NeverReason {
    /// The terms forbid it wherever it could run.
    Denied(Barrier),
    /// The terms leave only pools that are too small for it; the barrier is what forbids those
    /// that are large enough.
    OnlySmaller(Barrier),
    /// The terms leave pools that are large enough, but not for as long as it asks; the barrier
    /// is what forbids it at other times or in other pools.
    TooShort(Barrier),
    /// No pool that is large enough is there for as long as it asks, whatever the terms.
    CapacityEnds {
        /// The pools that are large enough at some time.
        pools: Arc<[usize]>,
    },
}

/// What is wrong with a job whatever the terms say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misconfiguration {
    /// It is handed in before the period or at its end or later.
    OutsidePeriod,
    /// It asks for no GPU.
    NoGpus,
    /// It runs for no time.
    NoRunTime,
    /// No pool has a type of GPU that it can run on.
    NoPool,
    /// It is larger than any pool that it fits ever is.
    TooLarge {
        /// The largest such pool.
        pool: usize,
        /// How many GPUs that pool has at most.
        largest: u32,
    },
}

/// GPUs that a service holds for some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The service, an index into the services of the inputs.
    pub service: usize,
    /// The pool, an index into the pools of the inputs.
    pub pool: usize,
    /// From when to when.
    pub window: Window,
    /// How many.
    pub gpus: u32,
}

/// An hour of demand, or a part of it, that is not served in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// The service, an index into the services of the inputs.
    pub service: usize,
    /// From when to when.
    pub window: Window,
    /// The GPUs needed, in whole replicas.
    pub wanted: u32,
    /// The GPUs of the replicas that serve.
    pub given: u32,
    /// What lacks, by why: what would be there first comes first. Together it is `wanted` less
    /// `given`, each count ending at the largest `u32`.
    pub lacking: Vec<Lacking>,
}

/// GPUs that a service lacks for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// How many, above zero.
    pub gpus: u32,
    /// Why.
    pub reason: ShortfallReason,
}

/// Why a service gets less than it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShortfallReason {
    /// Its replicas hold them, but are still starting.
    Starting,
    /// Pools have room that are allowed once a condition holds.
    Condition(Barrier),
    /// Pools have room for which the terms do not settle it.
    Undetermined(Barrier),
    /// Pools have room that the terms forbid.
    Denied(Barrier),
    /// Whatever the terms, the pools within its reach have no room.
    Full {
        /// Those that it may use.
        pools: Arc<[usize]>,
    },
    /// No pool within its reach has a type of GPU that it can run on.
    NoPool,
    /// It did not ask for them: its steps lag behind its demand, or end at its most.
    Scaling,
}

/// Why there is no plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PlanError {
    /// What is drawn from a commitment does not fit.
    #[error("what work draws from commitment {commitment} cannot be added up")]
    Drawdown {
        /// The commitment, an index into the commitments of the inputs.
        commitment: usize,
        /// Why.
        #[source]
        source: Overflow,
    },
}
