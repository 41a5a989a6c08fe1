//! The jobs that run: found by when they end, and by where they run.
//!
//! When each ends stands in one row for all pools, and what it holds in a place of its pool: so an end
//! touches little memory beyond what it changes anyway.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use comity_base::Instant;

use crate::plan::Ended;
use crate::upcoming::Upcoming;

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
    by_pool: Vec<Places>,
    /// What ends when; more than that where some were taken out before.
    ends: Upcoming<Place>,
    /// How many of the ends are of none that runs.
    stale: usize,
    /// Those that end at the instant that is being taken, with their ranks, the first one last.
    ended: Vec<(u32, Place)>,
    /// By rank, of those that have notice.
    notices: BTreeMap<u32, Ended>,
}

/// Where a job is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    pool: u32,
    slot: u32,
}

/// The jobs of a pool, each in a slot until it is taken out.
#[derive(Debug, Clone, Default)]
struct Places {
    slots: Vec<Option<InPool>>,
    vacant: Vec<u32>,
}

/// What a pool keeps of a job that runs there; never across two lines of the cache.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
struct InPool {
    end: Instant,
    start: Instant,
    planned_end: Instant,
    /// Its rank counted from 1, so that a vacant slot takes no more.
    number: NonZeroU32,
    gpus: u32,
}

impl Runs {
    /// None, in so many pools.
    pub(crate) fn new(pools: usize) -> Self {
        Self {
            by_pool: vec![Places::default(); pools],
            ends: Upcoming::new(),
            stale: 0,
            ended: Vec::new(),
            notices: BTreeMap::new(),
        }
    }

    /// When the next one ends.
    pub(crate) fn next_end(&self) -> Option<Instant> {
        let ended = self.ended.last().and_then(|&(_, place)| self.at(place));
        ended.map(|it| it.end).or_else(|| self.ends.next())
    }

    /// Takes out one that ends at an instant, the first in order of arrival.
    pub(crate) fn take_ended(&mut self, now: Instant) -> Option<Running> {
        if self.ended.is_empty() {
            if self.ends.next() != Some(now) {
                return None;
            }
            self.look_at_next(now);
        }
        let (_, place) = self.ended.pop()?;
        Some(self.remove(place))
    }

    /// Adds one.
    pub(crate) fn add(&mut self, running: Running) {
        let Running { rank, pool, gpus, start, end, planned_end, notice } = running;
        self.notices.extend(notice.map(|ended| (narrow(rank), ended)));
        let number = NonZeroU32::MIN.saturating_add(narrow(rank));
        let slot = self.by_pool[pool].put(InPool { end, start, planned_end, number, gpus });
        self.ends.add(end, Place { pool: narrow(pool), slot });
    }

    /// Those in a pool, in no order.
    pub(crate) fn in_pool(&self, pool: usize) -> impl Iterator<Item = Running> {
        self.by_pool[pool].slots.iter().flatten().map(move |it| {
            let notice = self.notices.get(&it.rank()).copied();
            Running { notice, ..it.running(pool) }
        })
    }

    /// Takes out one that has not ended; those of its pool are looked at for it, one by one.
    pub(crate) fn take(&mut self, pool: usize, rank: usize) -> Running {
        let mut slots = (0..).zip(&self.by_pool[pool].slots);
        let slot = slots.find(|(_, it)| it.is_some_and(|it| wide(it.rank()) == rank));
        let (slot, _) = slot.expect("what is taken out runs");
        let taken = self.remove(Place { pool: narrow(pool), slot });
        self.stale += 1;
        self.forget_stale();
        taken
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

    /// Takes in what ends at the next instant.
    fn look_at_next(&mut self, now: Instant) {
        let Self { by_pool, ends, ended, .. } = self;
        let mut taken = 0;
        ends.take_next(|place| {
            taken += 1;
            let ending = at(by_pool, place).filter(|it| it.end == now);
            ended.extend(ending.map(|it| (it.rank(), place)));
        });
        // One that was taken out and added again can stand twice at one place and instant.
        ended.sort_unstable_by(|a, b| b.cmp(a));
        ended.dedup();
        self.stale -= taken - ended.len();
        self.forget_stale();
    }

    /// Makes what ends next one that runs.
    fn forget_stale(&mut self) {
        if self.stale > 0 {
            let Self { by_pool, ends, .. } = self;
            let runs = |end, place| at(by_pool, place).is_some_and(|it| it.end == end);
            self.stale -= ends.forget(runs);
        }
    }

    fn at(&self, place: Place) -> Option<&InPool> {
        at(&self.by_pool, place)
    }

    fn remove(&mut self, place: Place) -> Running {
        let pool = wide(place.pool);
        let taken = self.by_pool[pool].take(place.slot);
        let notice =
            if self.notices.is_empty() { None } else { self.notices.remove(&taken.rank()) };
        Running { notice, ..taken.running(pool) }
    }
}

impl Places {
    fn put(&mut self, it: InPool) -> u32 {
        if let Some(slot) = self.vacant.pop() {
            self.slots[wide(slot)] = Some(it);
            return slot;
        }
        self.slots.push(Some(it));
        narrow(self.slots.len() - 1)
    }

    fn take(&mut self, slot: u32) -> InPool {
        self.vacant.push(slot);
        self.slots[wide(slot)].take().expect("what is taken out runs")
    }
}

impl InPool {
    fn rank(self) -> u32 {
        self.number.get() - 1
    }

    fn running(self, pool: usize) -> Running {
        let Self { end, start, planned_end, gpus, .. } = self;
        Running { rank: wide(self.rank()), pool, gpus, start, end, planned_end, notice: None }
    }
}

fn at(by_pool: &[Places], place: Place) -> Option<&InPool> {
    by_pool[wide(place.pool)].slots[wide(place.slot)].as_ref()
}

fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("a run has less than 4 billion jobs")
}

fn wide(index: u32) -> usize {
    usize::try_from(index).expect("a usize has at least 32 bits on the targets of this crate")
}
