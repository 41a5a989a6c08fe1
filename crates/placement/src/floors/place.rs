//! The place of the head on a floor, and what it keeps from others that run on when it starts.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::Instant;
use comity_cluster::{Cause, Cluster, Holding, OfNode, Part};

/// The place of the head on a floor, by the nodes that may have less left when it starts than now.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) start: Instant,
    pub(crate) of: Of,
}

/// What of these nodes is kept.
#[derive(Debug)]
pub(crate) enum Of {
    /// Of each what is left now and will not be then.
    Parts(BTreeMap<u32, Balance>),
    /// All of each: where GPUs are shared, which of them are free then is not told by counts.
    Nodes(BTreeSet<u32>),
}

/// What changes on a node until the head starts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Balance {
    /// What the head takes, and what is away then.
    pub(crate) taken: OfNode,
    /// What jobs that end by then give back, and what is away now.
    pub(crate) freed: OfNode,
}

/// What is kept while others are looked at: it has to be given up.
#[derive(Debug)]
#[must_use]
pub(crate) struct Kept {
    held: Option<Holding>,
    closed: Vec<u32>,
}

impl Place {
    /// Takes in that a job starts or ends; one that runs on when the head starts changes nothing.
    pub(crate) fn turn(&mut self, planned_end: Instant, parts: &[Part], starts: bool) {
        let Of::Parts(nodes) = &mut self.of else { return };
        if planned_end > self.start {
            return;
        }
        for part in parts {
            if let Some(Balance { freed, .. }) = nodes.get_mut(&part.node) {
                if starts {
                    freed.add((*part).into());
                } else {
                    *freed = freed.beyond((*part).into());
                }
            }
        }
    }

    /// Takes from a cluster what others have to leave.
    pub(crate) fn keep(&self, cluster: &mut Cluster) -> Kept {
        match &self.of {
            Of::Parts(nodes) => {
                let kept = |(&node, balance): (&u32, &Balance)| {
                    let left = cluster.left(node).expect("a node of the floor is there");
                    (node, balance.taken.beyond(balance.freed).at_most(left))
                };
                let kept: Vec<(u32, OfNode)> = nodes.iter().map(kept).collect();
                Kept { held: cluster.hold_on(kept), closed: Vec::new() }
            }
            Of::Nodes(nodes) => {
                for &node in nodes {
                    cluster.set_down(node, Cause::Drain).expect("a node of the floor is there");
                }
                Kept { held: None, closed: nodes.iter().copied().collect() }
            }
        }
    }
}

impl Kept {
    /// Gives it up.
    pub(crate) fn give_up(self, cluster: &mut Cluster) {
        self.held.into_iter().for_each(|held| cluster.give_back(held));
        for node in self.closed {
            cluster.set_up(node, Cause::Drain).expect("a node of the floor is there");
        }
    }
}
