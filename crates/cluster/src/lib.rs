//! The machines of one site: nodes in racks and halls, what of them is free, and which take work.
//!
//! A [`Cluster`] knows nodes, CPU, memory, whole and shared GPUs, and nodes that are down or being
//! drained. It answers one question, "where does this go now?", in a time that hardly grows with the
//! number of nodes, and keeps count. It knows no time, no queue, no terms and no money: when work
//! starts, and whether it may, is for `placement`.
//!
//! How a node is chosen, with the formula and the source of each [`Policy`], stands in
//! `docs/replay.md`.

mod ask;
mod bits;
mod cluster;
mod fragmentation;
mod holdings;
mod journal;
mod ladders;
mod machine;
mod policy;
mod ranking;
mod rooms;
mod shares;
mod sigmoid;
mod state;

pub use ask::{Ask, AskError, ModelSet, Span};
pub use cluster::{Choice, Cluster, OfNode, Part, Shape};
pub use fragmentation::{Typical, TypicalError};
pub use holdings::{Holding, HoldingId};
pub use machine::{
    AMOUNT_MAX, CLUSTER_GPUS_MAX, Cause, ClusterError, Machine, NODE_GPUS_MAX, NodeError, Status,
};
pub use policy::Policy;
pub use shares::ShareClass;

/// A whole GPU in thousandths.
pub const WHOLE_MILLI: u16 = 1_000;

/// What is counted in 32 bits, as a place in memory.
pub(crate) fn at(number: u32) -> usize {
    usize::try_from(number).expect("this runs where a place in memory has at least 32 bits")
}

/// A place in memory, as what is counted in 32 bits.
pub(crate) fn number(place: usize) -> u32 {
    u32::try_from(place).expect("a cluster has fewer than 2^32 of anything")
}
