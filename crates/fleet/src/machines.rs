//! The machines of a site: how they stand, how they fail, and when they are out by plan.

use comity_base::Window;

use crate::quantile::Quantile;
use crate::site::Source;

/// How the machines of a site stand, all of them alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nodes {
    /// GPUs in one node; at least one, and each phase opens whole nodes.
    pub gpus_per_node: u32,
    /// Nodes in one rack, which is one NVLink domain; 1 when each node is its own.
    pub nodes_per_rack: u32,
    /// Racks in one hall; none when all stand in one.
    pub racks_per_hall: Option<u32>,
    /// Processors of one node, in thousandths; none when they limit nothing.
    pub cpu_milli: Option<u64>,
    /// Memory of one node, MiB; none when it limits nothing.
    pub memory_mib: Option<u64>,
}

/// A stretch of time in which a site, or halls of it, are out of service by plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maintenance {
    /// When.
    pub window: Window,
    /// The halls by their number, from 1 in the order in which they open; empty for the site.
    pub halls: Vec<u32>,
    /// What becomes of jobs.
    pub before: Before,
    /// Where this is known from.
    pub source: Source,
}

/// What becomes of jobs before maintenance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Before {
    /// None starts that would not end by then.
    #[default]
    Drain,
    /// Those that run then are stopped.
    Stop,
}

impl Before {
    /// Each with the word for it in deal files.
    pub const NAMED: [(&'static str, Self); 2] = [("drain", Self::Drain), ("stop", Self::Stop)];
}

/// How often a node fails and for how long it is then gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultModel {
    /// Faults of one node in a year (365 days) of service, in millionths.
    ///
    /// Only the time in which a node is up counts: a node that is down cannot fail.
    pub per_node_year_millionths: u64,
    /// Quantiles of the time until it is back, rising; between them it is drawn evenly.
    pub outage: Vec<Quantile>,
    /// Where this is known from.
    pub source: Source,
}
