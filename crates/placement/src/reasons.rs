//! Why a job cannot start in the period even if it were the only one.
//!
//! The questions are asked in a fixed order, and each is the search that places jobs, with one
//! restriction lifted: leases, then the period, then conditions, what is not settled, and denials.

use std::collections::BTreeMap;
use std::sync::Arc;

use comity_base::{Instant, TermId, Window};
use comity_fleet::{Job, Size};

use crate::floors::Alone;
use crate::inputs::{Inputs, index};
use crate::openings::{Level, Openings};
use crate::plan::{Barrier, Lease, Misconfiguration, NeverReason, Outcome, WaitReason};
use crate::pool::{Ask, PoolState};

/// What a job wants from an instant on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) class: usize,
    pub(crate) ask: Ask,
    pub(crate) from: Instant,
}

/// Tells the jobs that the period has a place for from those that wait or are refused at once.
#[derive(Debug)]
pub(crate) struct Reasons<'a> {
    inputs: &'a Inputs<'a>,
    openings: &'a Openings,
    /// The pools with leases and without jobs.
    idle: Vec<PoolState>,
    /// The pools with neither.
    bare: Vec<PoolState>,
    /// The floors without jobs.
    alone: Alone,
    /// For each class, the instants between which its barriers stay the same.
    cuts: Vec<Vec<Instant>>,
    barriers: BTreeMap<BarrierKey, Barrier>,
}

/// Pools with their leases, or without.
#[derive(Debug, Clone, Copy)]
enum Where {
    Idle,
    Bare,
}

/// What a barrier depends on; jobs that share it share the barrier's memory too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct BarrierKey {
    level: Level,
    class: usize,
    size: Size,
    /// How many cuts of the class are past.
    cut: usize,
}

impl<'a> Reasons<'a> {
    /// For pools that have these leases, and these floors.
    pub(crate) fn new(
        inputs: &'a Inputs<'a>,
        openings: &'a Openings,
        idle: Vec<PoolState>,
        alone: Alone,
    ) -> Self {
        let no_lease = std::iter::empty::<&Lease>;
        let bare =
            |pool: &crate::Pool| PoolState::new(&pool.capacity, no_lease(), inputs.period.start());
        let bare: Vec<PoolState> = inputs.pools.iter().map(bare).collect();
        let cuts = |class: &crate::Class| {
            let rulings = class.rulings.iter().flatten().map(|ruled| ruled.window.start());
            let steps = bare.iter().flat_map(PoolState::steps);
            let mut cuts: Vec<Instant> = rulings.chain(steps).collect();
            cuts.sort_unstable();
            cuts.dedup();
            cuts
        };
        let cuts = inputs.classes.iter().map(cuts).collect();
        Self { inputs, openings, idle, bare, alone, cuts, barriers: BTreeMap::new() }
    }

    /// What is wrong with a job itself, if anything.
    pub(crate) fn misconfigured(&mut self, job: &Job) -> Option<Misconfiguration> {
        if !self.inputs.period.contains(job.submit) {
            return Some(Misconfiguration::OutsidePeriod);
        }
        if job.size == Size::Gpus(0) {
            return Some(Misconfiguration::NoGpus);
        }
        if job.run_seconds == 0 {
            return Some(Misconfiguration::NoRunTime);
        }
        let class = index(job.class);
        let ask = Ask { size: job.size, seconds: 0 };
        let mut largest: Option<(u32, usize)> = None;
        let mut widest: Option<(u32, usize)> = None;
        for pool in (0..self.inputs.pools.len()).filter(|&pool| self.openings.fits(class, pool)) {
            let most = self.inputs.pools[pool].capacity.most_in(Window::ALWAYS);
            if largest.is_none_or(|(so_far, _)| most > so_far) {
                largest = Some((most, pool));
            }
            if most < job.size.gpus() {
                continue;
            }
            let room = self.alone.room(pool, class, ask.is_share(), i64::from(most));
            if room >= ask.amount() {
                return None;
            }
            let wide = if ask.is_share() { 0 } else { u32::try_from(room).unwrap_or(0) };
            if widest.is_none_or(|(so_far, _)| wide > so_far) {
                widest = Some((wide, pool));
            }
        }
        let wide = widest.map(|(largest, pool)| Misconfiguration::TooWide { pool, largest });
        let large = largest.map(|(largest, pool)| Misconfiguration::TooLarge { pool, largest });
        Some(wide.or(large).unwrap_or(Misconfiguration::NoPool))
    }

    /// Whether the job could start in the period if it were the only one; else what becomes of it.
    pub(crate) fn admit(&mut self, job: &Wish) -> Result<(), Outcome> {
        let alone = self.first(Where::Idle, Level::Allow, job, self.inputs.period.end());
        if alone.is_some() { Ok(()) } else { Err(self.refuse(job)) }
    }

    /// Which opening a job had that waited until it was over.
    pub(crate) fn missed(&mut self, job: &Wish) -> WaitReason {
        let (pool, start) = self
            .first(Where::Idle, Level::Allow, job, self.inputs.period.end())
            .expect("only jobs that could start alone are queued");
        let allowed = self.openings.allowed_until(job.class, pool, start);
        let free = self.idle[pool].next_short(job.ask.gpus(), start);
        WaitReason::Missed { pool, until: allowed.min(free) }
    }

    fn refuse(&mut self, job: &Wish) -> Outcome {
        let end = self.inputs.period.end();
        if let Some((pool, _)) = self.first(Where::Bare, Level::Allow, job, end) {
            let until = self.first(Where::Idle, Level::Allow, job, Instant::MAX).map(|(_, at)| at);
            return Outcome::Waits(WaitReason::Leased { pool, until });
        }
        if let Some((pool, at)) = self.first(Where::Bare, Level::Allow, job, Instant::MAX) {
            let whatever = self.openings.up_to(Level::Deny, job.class, pool);
            let from = (job.from, end);
            let state = &self.bare[pool];
            let there = self.alone.earliest(pool, job.class, state, job.ask, from, whatever);
            let there = there.is_some();
            return Outcome::Waits(if there {
                WaitReason::TermOpens { pool, at }
            } else {
                WaitReason::Opening { pool, at }
            });
        }
        if self.first(Where::Bare, Level::Conditional, job, Instant::MAX).is_some() {
            return Outcome::Waits(WaitReason::Condition(self.barrier(Level::Conditional, job)));
        }
        if self.first(Where::Bare, Level::Undetermined, job, Instant::MAX).is_some() {
            let barrier = self.barrier(Level::Undetermined, job);
            return Outcome::Waits(WaitReason::Undetermined(barrier));
        }
        Outcome::Never(if self.first(Where::Bare, Level::Deny, job, Instant::MAX).is_some() {
            self.forbidden(job)
        } else {
            let all = 0..self.inputs.pools.len();
            let pools: Vec<usize> = all
                .filter(|&pool| {
                    self.openings.fits(job.class, pool)
                        && self.is_large_enough(pool, job, Window::ALWAYS)
                })
                .collect();
            NeverReason::CapacityEnds { pools: pools.into() }
        })
    }

    /// How the terms forbid a job that some pool would have had a place for.
    fn forbidden(&mut self, job: &Wish) -> NeverReason {
        let class = job.class;
        let pools = 0..self.inputs.pools.len();
        let mut allowed = pools.filter(|&pool| {
            let open = self.openings.up_to(Level::Allow, class, pool);
            open.last().is_some_and(|window| window.end() > job.from)
        });
        let Some(first) = allowed.next() else {
            return NeverReason::Denied(self.barrier(Level::Deny, job));
        };
        if std::iter::once(first).chain(allowed).any(|pool| self.large_enough(pool, job)) {
            NeverReason::TooShort(self.barrier(Level::Deny, job))
        } else {
            NeverReason::OnlySmaller(self.barrier(Level::Deny, job))
        }
    }

    /// The terms that rule at a level from the job's submission on in pools that are large enough.
    fn barrier(&mut self, level: Level, job: &Wish) -> Barrier {
        let class = job.class;
        let cut = self.cuts[class].partition_point(|&cut| cut <= job.from);
        let key = BarrierKey { level, class, size: job.ask.size, cut };
        if let Some(known) = self.barriers.get(&key) {
            return known.clone();
        }
        let mut terms: Vec<TermId> = Vec::new();
        let mut pools = Vec::new();
        for pool in 0..self.inputs.pools.len() {
            if !self.openings.fits(class, pool) || !self.large_enough(pool, job) {
                continue;
            }
            let rulings = &self.inputs.classes[class].rulings[pool];
            let from = rulings.partition_point(|ruled| ruled.window.end() <= job.from);
            let mut there = false;
            for ruled in rulings[from..].iter().filter(|ruled| Level::of(&ruled.ruling) == level) {
                there = true;
                terms.extend_from_slice(ruled.ruling.terms());
            }
            if there {
                pools.push(pool);
            }
        }
        let barrier = barrier_of(terms, pools);
        self.barriers.insert(key, barrier.clone());
        barrier
    }

    fn large_enough(&mut self, pool: usize, job: &Wish) -> bool {
        let from_then_on = Window::new(job.from, Instant::MAX);
        from_then_on.is_ok_and(|window| self.is_large_enough(pool, job, window))
    }

    /// Whether a pool is large enough for a job at some time of a window.
    fn is_large_enough(&mut self, pool: usize, job: &Wish, window: Window) -> bool {
        let most = i64::from(self.inputs.pools[pool].capacity.most_in(window));
        let Wish { class, ask, .. } = *job;
        most >= ask.gpus() && self.alone.room(pool, class, ask.is_share(), most) >= ask.amount()
    }

    /// Where and when the job could start first in pools without jobs, before a limit.
    fn first(
        &mut self,
        there: Where,
        level: Level,
        job: &Wish,
        before: Instant,
    ) -> Option<(usize, Instant)> {
        let mut first: Option<(usize, Instant)> = None;
        let pools = match there {
            Where::Idle => &self.idle,
            Where::Bare => &self.bare,
        };
        for (pool, state) in pools.iter().enumerate() {
            let open = self.openings.up_to(level, job.class, pool);
            let before = first.map_or(before, |(_, at)| at);
            let from = (job.from, before);
            let at = self.alone.earliest(pool, job.class, state, job.ask, from, open);
            if let Some(at) = at {
                first = Some((pool, at));
                if at == job.from {
                    break;
                }
            }
        }
        first
    }
}

/// Terms in order and each once, with the pools.
pub(crate) fn barrier_of(mut terms: Vec<TermId>, pools: Vec<usize>) -> Barrier {
    terms.sort_unstable();
    terms.dedup();
    Barrier { terms: Arc::from(terms), pools: Arc::from(pools) }
}
