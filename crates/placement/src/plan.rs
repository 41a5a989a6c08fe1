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
    /// On which nodes the pieces of jobs lie in pools whose nodes limit what fits, by job and start.
    pub gangs: Vec<Gang>,
}

/// The nodes that a piece of a job's run lies on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gang {
    /// The job, an index into the jobs of the inputs.
    pub job: usize,
    /// When the piece starts.
    pub start: Instant,
    /// The pool, an index into the pools of the inputs.
    pub pool: usize,
    /// Where its GPUs are, by node.
    pub nodes: Box<[OnNode]>,
}

/// GPUs of a gang on one node, or the one that it has a share of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnNode {
    /// The node of the pool, from 0, rack by rack and hall by hall. What is kept for parties has nodes
    /// of its own, which are numbered on from those of the rest, in the order of the reservations,
    /// each from a new hall on, or a new rack where all is one hall.
    pub node: u32,
    /// How many GPUs.
    pub gpus: u32,
    /// For a share of a GPU which one of the node's it is, from 0.
    pub shared: Option<u8>,
}

/// What becomes of a job in the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It starts, and is done in the end.
    Runs(Run),
    /// It ran for some time, was stopped, and does not start again in the period.
    Stopped {
        /// What it ran, in order of time.
        pieces: Box<[Piece]>,
        /// Why not: one that waits, or never can.
        then: Box<Outcome>,
    },
    /// It could run, but does not start in the period.
    Waits(WaitReason),
    /// The terms or the fleet, as known, leave no place for it.
    Never(NeverReason),
    /// It asks for what cannot be.
    Misconfigured(Misconfiguration),
}

impl Outcome {
    /// What the job runs, in order of time.
    pub fn pieces(&self) -> impl Iterator<Item = &Piece> {
        let (stopped, last) = match self {
            Self::Runs(run) => (&run.stopped[..], Some(&run.last)),
            Self::Stopped { pieces, .. } => (&pieces[..], None),
            Self::Waits(_) | Self::Never(_) | Self::Misconfigured(_) => (&[][..], None),
        };
        stopped.iter().chain(last)
    }

    /// Why the job does not run in the end; itself for one that does.
    #[must_use]
    pub fn rest(&self) -> &Self {
        match self {
            Self::Stopped { then, .. } => then,
            Self::Runs(_) | Self::Waits(_) | Self::Never(_) | Self::Misconfigured(_) => self,
        }
    }
}

/// How it stands with a job at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// It is handed in later.
    NotHandedIn,
    /// It runs.
    Running {
        /// The pool, an index into the pools of the inputs.
        pool: usize,
        /// Since when.
        since: Instant,
    },
    /// It is done.
    Done,
    /// It ran for some time and was stopped: now it waits, or never goes on.
    Stopped(Outcome),
    /// It waits, never can start, or asks for what cannot be.
    NotStarted(Outcome),
}

/// Where and when a job runs that is done in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The pieces that were stopped, in order of time; mostly none.
    pub stopped: Box<[Piece]>,
    /// The piece in which it is done; may end after the end of the period.
    pub last: Piece,
}

impl Run {
    /// When it first starts.
    #[must_use]
    pub fn start(&self) -> Instant {
        self.stopped.first().unwrap_or(&self.last).start
    }
}

/// A stretch of time for which a job runs without a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// The pool, an index into the pools of the inputs.
    pub pool: usize,
    /// When it starts.
    pub start: Instant,
    /// When it ends.
    pub end: Instant,
    /// Why it ends.
    pub ended: Ended,
    /// Seconds of it that did not bring the job further: to go on from what was saved, and work
    /// that was not saved when it was stopped and is run again.
    pub lost_seconds: u32,
}

/// Why a piece of a job's run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// The job is done.
    Done,
    /// A job of higher priority took its place.
    Outranked {
        /// That job, by id.
        by: u64,
    },
    /// A job within its party's nominal quota took back what was lent.
    Reclaimed {
        /// That job, by id.
        by: u64,
    },
    /// Its GPUs failed.
    Fault {
        /// The fault, an index into the faults of the inputs.
        fault: usize,
    },
    /// Its GPUs went out of service.
    Maintenance {
        /// The maintenance, an index into those of the inputs.
        maintenance: usize,
    },
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
        /// For a job that holds a place, when it starts at the latest, by what running jobs asked
        /// and as long as nothing fails and no job comes before it.
        latest: Option<Instant>,
        /// How many jobs that were handed in before it still wait.
        ahead: usize,
        /// Where enough GPUs are free there but lie apart: the largest gang of its kind that fits.
        together: Option<u32>,
    },
    /// Its party holds all it may under the quotas of the pools that it could run in.
    Quota {
        /// The pool where it may hold most.
        pool: usize,
        /// How many more thousandths of GPUs its party may hold there.
        headroom_milli: u64,
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
    /// It is larger than what lies together in any pool that it fits, by what it needs of nodes.
    TooWide {
        /// The pool with most.
        pool: usize,
        /// The largest gang of its kind that the pool has room for when nothing else is there.
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
