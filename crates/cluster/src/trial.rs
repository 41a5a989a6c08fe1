//! A copy of a cluster, to see what would fit if other GPUs were held.

use crate::ask::Span;
use crate::cluster::{Cluster, Shape};
use crate::holdings::HoldingId;

/// A copy of a cluster to try things in: nothing that is done to it is done to the cluster. What the
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

    /// As [`Cluster::withhold`]; the name of what is then held.
    pub fn withhold(&mut self, gpus: u32) -> Option<HoldingId> {
        self.0.withhold(gpus).map(|holding| holding.id())
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
