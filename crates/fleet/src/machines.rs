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

/// The smallest part of a site that all GPUs of a gang have to lie in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// One node.
    Node,
    /// One rack, which is one NVLink domain.
    Rack,
    /// One hall.
    Hall,
    /// Anywhere in the site.
    #[default]
    Site,
}

impl Span {
    /// Each with the word for it in deal files.
    pub const NAMED: [(&'static str, Self); 4] =
        [("node", Self::Node), ("rack", Self::Rack), ("hall", Self::Hall), ("site", Self::Site)];
}

/// What a job needs of the nodes that it lies on, where a site says how its nodes stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// Within what its gang has to lie.
    pub span: Span,
    /// Processors for each GPU, in thousandths, on the node of the GPU.
    pub cpu_milli_per_gpu: u64,
    /// Memory for each GPU, MiB, on the node of the GPU.
    pub memory_mib_per_gpu: u64,
}

impl Need {
    /// Whether there are gangs of so many GPUs or fewer, all of nodes like these, that do not fit
    /// although so many GPUs are free.
    #[must_use]
    pub fn is_limited(&self, nodes: &Nodes, gpus: u32) -> bool {
        let all = u64::from(nodes.gpus_per_node);
        let more = |per_gpu: u64, of_node: Option<u64>| {
            of_node.is_some_and(|there| per_gpu.saturating_mul(all) > there)
        };
        more(self.cpu_milli_per_gpu, nodes.cpu_milli)
            || more(self.memory_mib_per_gpu, nodes.memory_mib)
            || nodes.gpus_in(self.span).is_some_and(|within| within < u64::from(gpus))
    }
}

impl Nodes {
    /// The most GPUs of one node: more of them are a rack of several nodes.
    pub const GPUS_PER_NODE_MOST: u32 = 64;
    /// The most GPUs of a site whose nodes are told.
    pub const GPUS_MOST: u32 = 1 << 23;

    /// How many GPUs a domain of such a size has; none where it has all of the site.
    #[must_use]
    pub fn gpus_in(&self, span: Span) -> Option<u64> {
        let rack = u64::from(self.gpus_per_node) * u64::from(self.nodes_per_rack);
        match span {
            Span::Node => Some(u64::from(self.gpus_per_node)),
            Span::Rack => Some(rack),
            Span::Hall => self.racks_per_hall.map(|racks| rack.saturating_mul(u64::from(racks))),
            Span::Site => None,
        }
    }
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
