//! Reservations and maintenance as pools: what is kept for a party is a pool of its own, and what is
//! out of service is not there.

use std::collections::BTreeMap;
use std::sync::Arc;

use comity_base::Window;
use comity_fleet::Capacity;

use crate::disruption::BeforeMaintenance;
use crate::floors::NODES_OF_ONE;
use crate::inputs::{Class, Inputs, Pool};
use crate::plan::{Barrier, Gang, Misconfiguration, NeverReason, Outcome, WaitReason};

/// The pools that are planned with.
#[derive(Debug)]
pub(crate) struct Expanded {
    /// Those of the inputs, less what is kept and what is to be drained; then what is kept.
    pub(crate) pools: Vec<Pool>,
    /// For each of them, the party it is kept for, if any.
    pub(crate) kept_for: Vec<Option<u32>>,
    /// For each of them, which pool of the inputs it is part of.
    pub(crate) real: Vec<usize>,
    /// For each of them, the most GPUs that it ever has, in service or out.
    pub(crate) sizes: Vec<u32>,
    /// For each pool of the inputs, what services may lease of it.
    pub(crate) for_services: Vec<Pool>,
    pub(crate) classes: Vec<Class>,
}

impl Expanded {
    pub(crate) fn of(inputs: &Inputs<'_>) -> Self {
        let mut pools: Vec<Pool> = Vec::with_capacity(inputs.pools.len());
        let mut kept_for = vec![None; inputs.pools.len()];
        let mut real: Vec<usize> = (0..inputs.pools.len()).collect();
        let mut kept_pools: Vec<Pool> = Vec::new();
        let mut for_services = Vec::with_capacity(inputs.pools.len());
        for (index, pool) in inputs.pools.iter().enumerate() {
            let mut left = pool.capacity.clone();
            let mut stopped: Vec<(Window, u32)> = Vec::new();
            for maintenance in inputs.maintenance.iter().filter(|it| it.pool == index) {
                let (rest, taken) = split(&left, maintenance.window, maintenance.gpus);
                left = rest;
                match maintenance.before {
                    BeforeMaintenance::Drain => {}
                    // It is there for jobs until they are stopped.
                    BeforeMaintenance::Stop => stopped.extend(parts(&taken)),
                }
            }
            for kept in inputs.reservations.iter().filter(|kept| kept.pool == index) {
                let (rest, taken) = split(&left, kept.window, kept.gpus);
                left = rest;
                kept_pools.push(Pool { capacity: taken, ..pool.clone() });
                kept_for.push(Some(kept.party));
                real.push(index);
            }
            let for_service = left.clone();
            stopped.extend(parts(&left));
            let left = Capacity::sum(stopped).expect("parts are not more than the whole");
            pools.push(Pool { capacity: left, ..pool.clone() });
            for_services.push(Pool { capacity: for_service, ..pool.clone() });
        }
        pools.extend(kept_pools);
        let class = |class: &Class| Class {
            rulings: real.iter().map(|&pool| class.rulings[pool].clone()).collect(),
            commitment: real.iter().map(|&pool| class.commitment[pool]).collect(),
            price: real.iter().map(|&pool| class.price[pool]).collect(),
            currency: real.iter().filter_map(|&pool| class.currency.get(pool).copied()).collect(),
            preempts: real.iter().filter_map(|&pool| class.preempts.get(pool).cloned()).collect(),
            ..class.clone()
        };
        let classes = inputs.classes.iter().map(class).collect();
        let ever = inputs.pools.iter().chain(&pools[inputs.pools.len()..]);
        let sizes = ever.map(|pool| pool.capacity.most_in(Window::ALWAYS)).collect();
        Self { pools, kept_for, real, sizes, for_services, classes }
    }

    /// Speaks of the pools of the inputs where an outcome speaks of those that are planned with.
    pub(crate) fn restore(&self, outcome: &mut Outcome) {
        match outcome {
            Outcome::Runs(run) => {
                for piece in run.stopped.iter_mut().chain([&mut run.last]) {
                    piece.pool = self.real[piece.pool];
                }
            }
            Outcome::Stopped { pieces, then } => {
                for piece in pieces.iter_mut() {
                    piece.pool = self.real[piece.pool];
                }
                self.restore(then);
            }
            Outcome::Waits(reason) => match reason {
                WaitReason::Capacity { pool, .. }
                | WaitReason::Quota { pool, .. }
                | WaitReason::Leased { pool, .. }
                | WaitReason::Opening { pool, .. }
                | WaitReason::TermOpens { pool, .. }
                | WaitReason::Missed { pool, .. } => *pool = self.real[*pool],
                WaitReason::Condition(barrier) | WaitReason::Undetermined(barrier) => {
                    self.restore_barrier(barrier);
                }
            },
            Outcome::Never(reason) => match reason {
                NeverReason::Denied(barrier)
                | NeverReason::OnlySmaller(barrier)
                | NeverReason::TooShort(barrier) => self.restore_barrier(barrier),
                NeverReason::CapacityEnds { pools } => *pools = self.restore_pools(pools),
            },
            Outcome::Misconfigured(wrong) => match wrong {
                Misconfiguration::TooLarge { pool, .. }
                | Misconfiguration::TooWide { pool, .. } => *pool = self.real[*pool],
                Misconfiguration::OutsidePeriod
                | Misconfiguration::NoGpus
                | Misconfiguration::NoRunTime
                | Misconfiguration::NoPool => {}
            },
        }
    }

    /// As [`Self::restore`], for the nodes that jobs lie on.
    pub(crate) fn restore_gangs(&self, gangs: &mut [Gang]) {
        let mut next: BTreeMap<usize, u32> = BTreeMap::new();
        let mut first = Vec::with_capacity(self.pools.len());
        for ((pool, &real), gpus) in self.pools.iter().zip(&self.real).zip(&self.sizes) {
            let next = next.entry(real).or_default();
            first.push(*next);
            let nodes = pool.nodes.as_ref().unwrap_or(&NODES_OF_ONE);
            let hall = nodes.nodes_per_rack.saturating_mul(nodes.racks_per_hall.unwrap_or(1));
            let halls = gpus.div_ceil(nodes.gpus_per_node).div_ceil(hall.max(1));
            *next = next.saturating_add(halls.saturating_mul(hall));
        }
        for gang in gangs {
            gang.nodes.iter_mut().for_each(|it| it.node += first[gang.pool]);
            gang.pool = self.real[gang.pool];
        }
    }

    fn restore_barrier(&self, barrier: &mut Barrier) {
        barrier.pools = self.restore_pools(&barrier.pools);
    }

    fn restore_pools(&self, pools: &[usize]) -> Arc<[usize]> {
        let mut real: Vec<usize> = pools.iter().map(|&pool| self.real[pool]).collect();
        real.sort_unstable();
        real.dedup();
        real.into()
    }
}

/// The levels of a capacity, each with when it is there.
fn parts(capacity: &Capacity) -> Vec<(Window, u32)> {
    let cuts = capacity.steps().iter().map(|&(at, _)| at);
    let part = |part: Window| (part, capacity.at(part.start()));
    Window::ALWAYS.cut(cuts).into_iter().map(part).collect()
}

/// A capacity without so many GPUs of it in a window, and these; as many as there are when that is
/// less.
fn split(capacity: &Capacity, window: Window, gpus: u32) -> (Capacity, Capacity) {
    let steps = capacity.steps().iter().map(|&(at, _)| at);
    let cuts = steps.chain([window.start(), window.end()]);
    let (mut rest, mut taken) = (Vec::new(), Vec::new());
    for part in Window::ALWAYS.cut(cuts) {
        let there = capacity.at(part.start());
        let away = if window.contains(part.start()) { gpus.min(there) } else { 0 };
        rest.push((part, there - away));
        taken.push((part, away));
    }
    let sum = |levels| Capacity::sum(levels).expect("parts are not more than the whole");
    (sum(rest), sum(taken))
}
