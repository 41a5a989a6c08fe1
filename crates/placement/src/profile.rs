//! What is free in a pool over time to come, with every place that is held in it.

use comity_base::{Instant, Window};

use crate::openings::first_open;
use crate::pool::Ask;

/// GPUs that are free from each instant on; the last step stays for ever.
#[derive(Debug)]
pub(crate) struct Profile {
    steps: Vec<(Instant, i64)>,
}

impl Profile {
    /// Of steps in order of time; there is at least one.
    pub(crate) fn new(steps: Vec<(Instant, i64)>) -> Self {
        Self { steps }
    }

    /// Forgets what is past.
    pub(crate) fn advance(&mut self, now: Instant) {
        let past = self.step(now);
        self.steps.drain(..past);
    }

    /// Adds to what is free in a window, or takes off when it is less than zero.
    pub(crate) fn add(&mut self, start: Instant, end: Instant, gpus: i64) {
        for at in [start, end] {
            let step = self.step(at);
            let (from, level) = self.steps[step];
            if from < at {
                self.steps.insert(step + 1, (at, level));
            }
        }
        let (first, last) = (self.step(start), self.step(end));
        for step in &mut self.steps[first..last] {
            step.1 += gpus;
        }
        // Steps that are no longer one.
        for at in [last, first] {
            if at > 0 && self.steps[at].1 == self.steps[at - 1].1 {
                self.steps.remove(at);
            }
        }
    }

    /// The first instant from `from` on, before a limit, at which the gang fits until its end and
    /// lies in one of the windows.
    pub(crate) fn earliest(
        &self,
        ask: Ask,
        from: Instant,
        before: Instant,
        open: &[Window],
    ) -> Option<Instant> {
        let mut at = from;
        // Every turn moves `at` on to a later window or step.
        loop {
            at = first_open(open, at, ask.seconds)?;
            if at >= before {
                return None;
            }
            let end = at.plus_seconds(ask.seconds);
            let first = self.step(at);
            let within = self.steps[first..].iter().take_while(|&&(from, _)| from < end);
            let short = within.enumerate().find(|(_, step)| step.1 < ask.gpus());
            let Some((index, _)) = short else { return Some(at) };
            at = self.steps.get(first + index + 1)?.0;
        }
    }

    /// The most GPUs that are free at an instant from one on and before another.
    pub(crate) fn most(&self, from: Instant, before: Instant) -> i64 {
        let steps = self.steps[self.step(from)..].iter();
        steps.take_while(|&&(at, _)| at < before).map(|&(_, free)| free).max().unwrap_or(0)
    }

    /// How many GPUs are free at an instant.
    pub(crate) fn free_at(&self, at: Instant) -> i64 {
        self.steps[self.step(at)].1
    }

    fn step(&self, at: Instant) -> usize {
        self.steps.partition_point(|&(from, _)| from <= at).saturating_sub(1)
    }
}
