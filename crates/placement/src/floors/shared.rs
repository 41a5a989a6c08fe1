//! The GPUs of a floor that are shared: by count each is one GPU until the last planned end of those
//! that have shares of it.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::Instant;

/// A GPU of a floor: its node, and its number there.
pub(crate) type OneGpu = (u32, u8);

/// The shared GPUs, with the planned ends of those that have shares, and their ranks.
#[derive(Debug, Default)]
pub(crate) struct SharedGpus {
    by_gpu: BTreeMap<OneGpu, BTreeSet<(Instant, usize)>>,
}

/// Until when a GPU counts as held by those that share it, before a change and after it; nothing where
/// nobody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Touch {
    pub(crate) before: Option<Instant>,
    pub(crate) after: Option<Instant>,
}

impl SharedGpus {
    /// Adds one that has a share of a GPU.
    pub(crate) fn add(&mut self, gpu: OneGpu, planned_end: Instant, rank: usize) -> Touch {
        let sharers = self.by_gpu.entry(gpu).or_default();
        let before = last(sharers);
        sharers.insert((planned_end, rank));
        Touch { before, after: last(sharers) }
    }

    /// Takes out one that has a share of a GPU.
    pub(crate) fn remove(&mut self, gpu: OneGpu, planned_end: Instant, rank: usize) -> Touch {
        let sharers = self.by_gpu.get_mut(&gpu).expect("a GPU that is shared is there");
        let before = last(sharers);
        sharers.remove(&(planned_end, rank));
        let after = last(sharers);
        if after.is_none() {
            self.by_gpu.remove(&gpu);
        }
        Touch { before, after }
    }

    /// Those that have shares of a GPU and are planned to go on then, by rank.
    pub(crate) fn after(&self, gpu: OneGpu, at: Instant) -> impl Iterator<Item = usize> {
        let sharers = self.by_gpu.get(&gpu).into_iter().flatten();
        sharers.filter(move |&&(end, _)| end > at).map(|&(_, rank)| rank)
    }
}

fn last(sharers: &BTreeSet<(Instant, usize)>) -> Option<Instant> {
    sharers.last().map(|&(end, _)| end)
}
