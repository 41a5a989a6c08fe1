//! A copy of a cluster, to see what would fit once other work has ended.

use crate::ask::{Ask, Span};
use crate::cluster::{Cluster, OfNode, Shape};
use crate::holdings::HoldingId;
use crate::machine::{Cause, NodeError};

/// A copy of a cluster to look ahead in: nothing that is done to it is done to the cluster. What the
/// cluster held when the copy was made is spoken of by its name; shapes are those of the cluster.
#[derive(Debug, Clone)]
pub struct Trial(Cluster);

impl Trial {
    pub(crate) fn of(cluster: &Cluster) -> Self {
        Self(cluster.clone())
    }

    /// Gives back what is held under a name.
    ///
    /// # Panics
    /// When nothing is held under it.
    pub fn give_back(&mut self, id: HoldingId) {
        self.0.give_back_named(id);
    }

    /// Takes what an ask is for, if it fits now; the name of what is then held.
    pub fn take(&mut self, ask: &Ask) -> Option<HoldingId> {
        let shape = self.0.shape(ask).ok()?;
        let choice = self.0.choose(shape)?;
        Some(self.0.take(choice).id())
    }

    /// As [`Cluster::hold_on`]; the name of what is then held.
    ///
    /// # Panics
    /// When a node has less, or there is no such node.
    pub fn hold_on(&mut self, parts: impl IntoIterator<Item = (u32, OfNode)>) -> Option<HoldingId> {
        self.0.hold_on(parts).map(|holding| holding.id())
    }

    /// As [`Cluster::left`].
    ///
    /// # Errors
    /// When there is no such node.
    pub fn left(&self, node: u32) -> Result<OfNode, NodeError> {
        self.0.left(node)
    }

    /// The nodes of which something is held under a name.
    pub fn nodes_of(&self, id: HoldingId) -> impl Iterator<Item = u32> + '_ {
        self.0.parts_named(id).map(|part| part.node)
    }

    /// As [`Cluster::withhold`]; the name of what is then held.
    pub fn withhold(&mut self, gpus: u32) -> Option<HoldingId> {
        self.0.withhold(gpus).map(|holding| holding.id())
    }

    /// As [`Cluster::set_up`].
    ///
    /// # Errors
    /// When there is no such node.
    pub fn set_up(&mut self, node: u32, cause: Cause) -> Result<(), NodeError> {
        self.0.set_up(node, cause)
    }

    /// As [`Cluster::open_gpus`].
    #[must_use]
    pub fn open_gpus(&self) -> u32 {
        self.0.open_gpus()
    }

    /// As [`Cluster::largest_gang`].
    ///
    /// # Panics
    /// When the shape is of another cluster.
    pub fn largest_gang(&mut self, shape: Shape, span: Span) -> Option<u32> {
        self.0.largest_gang(shape, span)
    }
}
