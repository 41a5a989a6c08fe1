//! The replicas of a service in one pool, oldest first.

use comity_base::Instant;

/// Replicas by when they serve: a replica that starts holds its GPUs before.
#[derive(Debug, Clone, Default)]
pub(super) struct Cohorts {
    /// From when on so many serve, in order.
    ready: Vec<(Instant, u32)>,
}

impl Cohorts {
    /// How many there are, serving or starting.
    pub(super) fn count(&self) -> u32 {
        self.ready.iter().map(|&(_, count)| count).sum()
    }

    /// How many serve at an instant.
    pub(super) fn serving(&self, at: Instant) -> u32 {
        let there = self.ready.iter().take_while(|&&(ready, _)| ready <= at);
        there.map(|&(_, count)| count).sum()
    }

    /// When replicas begin to serve.
    pub(super) fn instants(&self) -> impl Iterator<Item = Instant> {
        self.ready.iter().map(|&(ready, _)| ready)
    }

    /// Adds replicas, which serve no earlier than those that are there.
    pub(super) fn add(&mut self, count: u32, ready: Instant) {
        match self.ready.last_mut() {
            Some(last) if last.0 == ready => last.1 += count,
            Some(_) | None => self.ready.push((ready, count)),
        }
    }

    /// Keeps at most so many, the oldest.
    pub(super) fn keep(&mut self, most: u32) {
        let mut left = most;
        self.ready.retain_mut(|(_, count)| {
            *count = left.min(*count);
            left -= *count;
            *count > 0
        });
    }
}
