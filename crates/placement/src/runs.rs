//! The jobs that run: found by when they end, and by where they run.
//!
//! Each pool has a heap of its own, and a tree over the pools has what ends first in each: so an
//! end touches little memory beyond that of its pool, which the end changes anyway.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use comity_base::Instant;

use crate::maxtree::{MaxTree, NOTHING};
use crate::plan::Ended;

/// A job that runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Running {
    /// Its place in the order of arrival.
    pub(crate) rank: usize,
    pub(crate) pool: usize,
    /// What it holds.
    pub(crate) gpus: u32,
    pub(crate) start: Instant,
    /// When it is really done, or stopped once it has notice.
    pub(crate) end: Instant,
    pub(crate) planned_end: Instant,
    /// Why it is stopped at its end, when it is not done by then.
    pub(crate) notice: Option<Ended>,
}

/// All jobs that run.
#[derive(Debug)]
pub(crate) struct Runs {
    by_pool: Vec<BinaryHeap<Reverse<InPool>>>,
    /// For each pool, when the first one ends there, as seconds less than nothing: the first is the
    /// most.
    firsts: MaxTree,
    /// By rank, of those that have notice.
    notices: BTreeMap<u32, Ended>,
}

/// What a pool keeps of a job that runs there, in order of what ends first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct InPool {
    end: Instant,
    rank: u32,
    gpus: u32,
    start: Instant,
    planned_end: Instant,
}

impl Runs {
    /// None, in so many pools.
    pub(crate) fn new(pools: usize) -> Self {
        let firsts = MaxTree::new((0..pools).map(|_| NOTHING));
        Self { by_pool: vec![BinaryHeap::new(); pools], firsts, notices: BTreeMap::new() }
    }

    /// When the next one ends.
    pub(crate) fn next_end(&self) -> Option<Instant> {
        let first = self.firsts.most();
        (first != NOTHING).then(|| Instant::from_seconds(-first))
    }

    /// Takes out one that ends at an instant, the first in order of arrival.
    pub(crate) fn take_ended(&mut self, now: Instant) -> Option<Running> {
        if self.next_end() != Some(now) {
            return None;
        }
        let mut first: Option<(u32, usize)> = None;
        let mut from = 0;
        // Nothing that runs has ended before.
        while let Some(pool) = self.firsts.next(from, -now.seconds()) {
            let Reverse(ended) = self.by_pool[pool].peek()?;
            first = first.into_iter().chain([(ended.rank, pool)]).min();
            from = pool + 1;
        }
        let (_, pool) = first?;
        let Reverse(ended) = self.by_pool[pool].pop()?;
        self.look_at(pool);
        Some(Running { notice: self.notices.remove(&ended.rank), ..ended.running(pool) })
    }

    /// Adds one.
    pub(crate) fn add(&mut self, running: Running) {
        let Running { rank, pool, gpus, start, end, planned_end, notice } = running;
        let rank = narrow(rank);
        self.notices.extend(notice.map(|ended| (rank, ended)));
        self.by_pool[pool].push(Reverse(InPool { end, rank, gpus, start, planned_end }));
        self.look_at(pool);
    }

    /// Those in a pool, in no order.
    pub(crate) fn in_pool(&self, pool: usize) -> impl Iterator<Item = Running> {
        self.by_pool[pool].iter().map(move |Reverse(it)| {
            let notice = self.notices.get(&it.rank).copied();
            Running { notice, ..it.running(pool) }
        })
    }

    /// Takes out one that has not ended; those of its pool are looked at for it, one by one.
    pub(crate) fn take(&mut self, pool: usize, rank: usize) -> Running {
        let mut taken = None;
        self.by_pool[pool].retain(|Reverse(it)| {
            let found = wide(it.rank) == rank;
            if found {
                taken = Some(*it);
            }
            !found
        });
        self.look_at(pool);
        let taken = taken.expect("what is taken out runs");
        Running { notice: self.notices.remove(&taken.rank), ..taken.running(pool) }
    }

    /// Lets one run until an instant at most; what it was before.
    pub(crate) fn give_notice(
        &mut self,
        pool: usize,
        rank: usize,
        until: Instant,
        ended: Ended,
    ) -> Running {
        let before = self.take(pool, rank);
        self.add(Running {
            planned_end: before.planned_end.min(until),
            end: before.end.min(until),
            // One that is done by then is not stopped, but cannot be told again either.
            notice: Some(ended),
            ..before
        });
        before
    }

    /// Takes in what ends first in a pool.
    fn look_at(&mut self, pool: usize) {
        let first = self.by_pool[pool].peek();
        self.firsts.set(pool, first.map_or(NOTHING, |Reverse(it)| -it.end.seconds()));
    }
}

impl InPool {
    fn running(self, pool: usize) -> Running {
        let Self { end, rank, gpus, start, planned_end } = self;
        Running { rank: wide(rank), pool, gpus, start, end, planned_end, notice: None }
    }
}

fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("a run has less than 4 billion jobs")
}

fn wide(index: u32) -> usize {
    usize::try_from(index).expect("a usize has at least 32 bits on the targets of this crate")
}
