//! How jobs are scheduled: who comes first, who may pass, and who gives way.

/// How to schedule jobs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// Which jobs may pass those that come before them.
    pub backfill: Backfill,
    /// Which jobs come before others.
    pub order: Order,
    /// Which running jobs give way.
    pub preemption: Preemption,
    /// Which pool takes a job, of those that come equal by commitment and price.
    pub sites: SitePolicy,
    /// Which node takes a job of at most one node, in pools whose nodes limit what fits.
    pub nodes: NodePolicy,
}

/// Which jobs may pass those that come before them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Backfill {
    /// None: the first in order starts, and only then the next, over all pools.
    None,
    /// Every job that fits: the head of the queue holds nothing, and may be passed for ever.
    FirstFit,
    /// Every job in the queue that does not delay the head, however deep it stands.
    #[default]
    Easy,
    /// Every job that delays no other: each job in the queue holds a place.
    Conservative,
}

/// Which of the pools that a job can start in now takes it, where neither a commitment nor the price
/// tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SitePolicy {
    /// The first.
    #[default]
    InOrder,
    /// That with the least room that is enough, so that the largest gangs go on finding room: in GPUs
    /// that are free together, as far as its jobs need that. The first of several.
    Tightest,
}

/// Which of the nodes that a job of at most one node fits takes it; formulas and sources in
/// `docs/replay.md`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NodePolicy {
    /// That with the least room.
    #[default]
    Tightest,
    /// The first.
    FirstFit,
    /// Any, all equally likely.
    Random {
        /// Where the draws begin.
        seed: u64,
    },
    /// That with the least CPU and GPUs left afterwards.
    BestFit,
    /// That whose free CPU and GPUs have the least inner product with those asked for.
    DotProduct,
    /// One with gangs of the same size.
    Clustering,
    /// One that is used already.
    Packing,
    /// That on which the least becomes useless to the jobs of the inputs: fragmentation gradient
    /// descent (Weng et al. 2023).
    Fragmentation,
}

/// Which jobs come before others; what is equal comes in order of arrival.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// First come, first served.
    #[default]
    Arrival,
    /// The higher priority first.
    Priority,
    /// The higher priority first, then the party that used less for its share.
    FairShare {
        /// After how long use counts half; at least one.
        half_life_seconds: u32,
    },
}

/// Which running jobs give way, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preemption {
    /// To the head of the queue, those of lower priority; under a quota only its own party's.
    pub priority: bool,
    /// To a head that is within its party's nominal quota, those of parties that borrow.
    pub reclaim: bool,
    /// For how long they run on after they are told.
    pub grace_seconds: u32,
}

impl Preemption {
    /// Whether any job ever gives way.
    pub(crate) fn is_on(self) -> bool {
        self.priority || self.reclaim
    }
}
