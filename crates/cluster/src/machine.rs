//! One node as it is described, and what closes it.

use thiserror::Error;

/// The largest number of GPUs of one node: more of them are a rack of several nodes.
pub const NODE_GPUS_MAX: u16 = 64;
/// The largest number of GPUs of one cluster.
pub const CLUSTER_GPUS_MAX: u32 = 1 << 23;
/// The largest amount of CPU (thousandths) or memory (MiB) of one node or one ask; with at most 2^23
/// GPUs, products of the two stay within 64 bits.
pub const AMOUNT_MAX: u64 = 1 << 40;
/// Models are numbered from 0 to 63.
pub(crate) const MODEL_MAX: u16 = 63;

/// One node. The order in which a cluster is given its nodes breaks ties between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// CPU in thousandths of a core.
    pub cpu_milli: u64,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Its GPUs, 0 to 64.
    pub gpus: u16,
    /// The model of its GPUs, a number of the caller's from 0 to 63.
    pub model: u16,
    /// The rack (or NVLink domain) that it stands in, a number of the caller's within the hall.
    pub rack: u32,
    /// The hall that it stands in, a number of the caller's.
    pub hall: u32,
}

/// Why a node takes no new work. A node is open while no cause holds; each is set and lifted alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// It is broken: what it held is lost.
    Failure,
    /// It is being maintained: what it held has to leave.
    Maintenance,
    /// It is to become empty: what it holds stays until it ends.
    Drain,
}

impl Cause {
    pub(crate) fn bit(self) -> u8 {
        match self {
            Self::Failure => 1,
            Self::Maintenance => 2,
            Self::Drain => 4,
        }
    }
}

/// Whether a node takes work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It takes work.
    Up,
    /// It takes no new work and keeps what it holds.
    Draining,
    /// It takes no work, and what it held is to be given back.
    Down,
}

/// Why there is no such cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ClusterError {
    /// It would have no node.
    #[error("a cluster has at least one node")]
    NoNodes,
    /// A node has too many GPUs.
    #[error("node {node} has {gpus} GPUs, and one node has at most {NODE_GPUS_MAX}")]
    NodeGpus {
        /// Its place among the machines.
        node: usize,
        /// What it was to have.
        gpus: u16,
    },
    /// A model's number is too large.
    #[error("node {node} has the GPU model {model}, and models are numbered up to {MODEL_MAX}")]
    Model {
        /// Its place among the machines.
        node: usize,
        /// The number.
        model: u16,
    },
    /// CPU or memory beyond what is counted.
    #[error("node {node} has more than {AMOUNT_MAX} thousandths of a core or MiB of memory")]
    Amount {
        /// Its place among the machines.
        node: usize,
    },
    /// More GPUs than are counted.
    #[error("a cluster has at most {CLUSTER_GPUS_MAX} GPUs and as many nodes")]
    TooLarge,
}

/// The cluster has no such node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("there is no node {node}: the cluster has {nodes}, numbered from 0")]
pub struct NodeError {
    /// The number given.
    pub node: u32,
    /// How many there are.
    pub nodes: u32,
}

/// All that keeps machines from being a cluster.
pub(crate) fn check(machines: &[Machine]) -> Result<(), Vec<ClusterError>> {
    let mut errors = Vec::new();
    if machines.is_empty() {
        errors.push(ClusterError::NoNodes);
    }
    for (node, machine) in machines.iter().enumerate() {
        if machine.gpus > NODE_GPUS_MAX {
            errors.push(ClusterError::NodeGpus { node, gpus: machine.gpus });
        }
        if machine.model > MODEL_MAX {
            errors.push(ClusterError::Model { node, model: machine.model });
        }
        if machine.cpu_milli > AMOUNT_MAX || machine.memory_mib > AMOUNT_MAX {
            errors.push(ClusterError::Amount { node });
        }
    }
    let gpus: u64 = machines.iter().map(|machine| u64::from(machine.gpus)).sum();
    let most = u64::from(CLUSTER_GPUS_MAX);
    if gpus > most || u64::try_from(machines.len()).is_ok_and(|nodes| nodes > most) {
        errors.push(ClusterError::TooLarge);
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}
