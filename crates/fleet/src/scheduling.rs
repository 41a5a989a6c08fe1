//! How work is scheduled: who comes first and who may pass, who gives way, what each party is due
//! at a site, and what is kept for it.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{FactId, GpuTypeId, PartyId, Window};

use crate::site::Source;
use crate::work::Act;

/// How a deal's jobs are scheduled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheduling {
    /// Which jobs may pass those that come before them.
    pub backfill: Backfill,
    /// Which jobs come before others.
    pub order: Order,
    /// The parties' shares where `order` goes by them; 1 for those that are not here.
    pub shares: BTreeMap<PartyId, u32>,
    /// Which running jobs give way.
    pub preempt: Preempt,
    /// Which site takes a job, where neither a commitment nor the price tells.
    pub site_policy: SitePolicy,
    /// Which of the nodes that fit takes a job of one node, where nodes limit what fits.
    pub node_policy: NodePolicy,
    /// Where this is known from.
    pub source: Source,
}

/// Which jobs may pass those that come before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backfill {
    /// None.
    None,
    /// Every job that fits.
    FirstFit,
    /// Those that do not delay the first in the queue.
    Easy,
    /// Those that delay no other.
    Conservative,
}

impl Backfill {
    /// Every kind with the word for it in deal files.
    pub const NAMED: [(&'static str, Self); 4] = [
        ("none", Self::None),
        ("first-fit", Self::FirstFit),
        ("easy", Self::Easy),
        ("conservative", Self::Conservative),
    ];
}

/// Which of the sites that a job can start at takes it, where neither a commitment nor the price tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SitePolicy {
    /// The first in the order of the files.
    InOrder,
    /// That with the least room that is enough.
    #[default]
    Tightest,
}

impl SitePolicy {
    /// Every policy with the word for it in deal files.
    pub const NAMED: [(&'static str, Self); 2] =
        [("in-order", Self::InOrder), ("tightest", Self::Tightest)];
}

/// Which of the nodes that a job of at most one node fits takes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NodePolicy {
    /// That with the least room.
    #[default]
    Tightest,
    /// The first.
    FirstFit,
    /// Any, drawn by the seed of the run.
    Random,
    /// That with the least processors and GPUs left afterwards.
    BestFit,
    /// That whose free processors and GPUs are least along those asked for.
    DotProduct,
    /// One with work of the same size.
    Clustering,
    /// One that is used already.
    Packing,
    /// That on which the least becomes useless to the run's work.
    Fragmentation,
}

impl NodePolicy {
    /// Every policy with the word for it in deal files.
    pub const NAMED: [(&'static str, Self); 8] = [
        ("tightest", Self::Tightest),
        ("first-fit", Self::FirstFit),
        ("random", Self::Random),
        ("best-fit", Self::BestFit),
        ("dot-product", Self::DotProduct),
        ("clustering", Self::Clustering),
        ("packing", Self::Packing),
        ("fragmentation", Self::Fragmentation),
    ];
}

/// Which jobs come before others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Those that were handed in before.
    Arrival,
    /// Those of higher priority, then those that were handed in before.
    Priority,
    /// Those of higher priority, then those of the party that used less for its share.
    FairShare {
        /// After how long use counts half; above zero.
        half_life_seconds: u32,
    },
}

/// Which running jobs give way to others, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preempt {
    /// Those of lower priority, to the first in the queue.
    pub priority: bool,
    /// Those of parties that hold more than their nominal quota, to a party within its own.
    pub reclaim: bool,
    /// For how long they run on after they are told, seconds.
    pub grace_seconds: u32,
    /// What the terms must allow at a site for others to give way there; without any the terms are
    /// not asked.
    pub acts: Vec<Act>,
    /// Facts that hold because of how jobs are made to give way: a condition on one of them is met.
    pub given: BTreeSet<FactId>,
}

/// What a party is due of a site's GPUs, all types together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// Whose.
    pub party: PartyId,
    /// GPUs that it may hold whatever others do.
    pub nominal: u32,
    /// How many of these others may borrow while they are idle; none for all.
    pub lending_limit: Option<u32>,
    /// How many more it may borrow; none for as many as others lend.
    pub borrowing_limit: Option<u32>,
    /// When.
    pub window: Window,
    /// Where this is known from.
    pub source: Source,
}

/// GPUs of a site that are kept for a party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// For whom.
    pub party: PartyId,
    /// Of which type; none at a site that has one type only.
    pub gpu: Option<GpuTypeId>,
    /// How many; at least one.
    pub gpus: u32,
    /// When.
    pub window: Window,
    /// Where this is known from.
    pub source: Source,
}

/// How a job's work is saved, and what it takes to go on from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// After so many seconds of work each; above zero.
    pub every_seconds: u32,
    /// Seconds until a job that goes on works again.
    pub restart_seconds: u32,
}
