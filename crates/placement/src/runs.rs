//! The jobs that run: found by when they end, and by where they run.
//!
//! When each ends stands in one row for all pools, and what it holds in a slot: so an end touches little
//! memory beyond what it changes anyway. Which are in a pool is kept where that is asked for.

use std::collections::BTreeMap;
use std::hint::black_box;
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
    pub(crate) planned_end: Instant,
    /// Why it is stopped at its end, when it is not done by then.
    pub(crate) notice: Option<Ended>,
}

/// All jobs that run.
#[derive(Debug)]
pub(crate) struct Runs {
    /// What each job holds, in a slot until it is taken out.
    slots: Vec<Option<Slot>>,
    vacant: Vec<u32>,
    by_pool: Option<ByPool>,
    /// What ends when; more than that where some were taken out before.
    ends: Upcoming<Place>,
    /// How many of the ends are of none that runs.
    stale: usize,
    /// Those that end at the instant that is being taken, with their ranks, the first one last.
    ended: Vec<(u32, Place)>,
    ended_at: Instant,
    /// By rank, of those that have notice.
    notices: BTreeMap<u32, Ended>,
}

/// Where a job is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    pool: u32,
    slot: u32,
}

/// What is kept of a job that runs, in as little as there can be: many jobs run at a time.
#[derive(Debug, Clone, Copy)]
struct Slot {
    planned_end: Instant,
    /// Its rank counted from 1, so that a vacant slot takes no more.
    number: NonZeroU32,
    gpus: u32,
}

/// The slots of each pool, in no order, and for each slot whose it is.
#[derive(Debug)]
struct ByPool {
    slots: Vec<Vec<u32>>,
    listed: Vec<Listed>,
}

/// Where a job runs, with its place among those of its pool, and when it is really done, or stopped
/// once it has notice.
#[derive(Debug, Clone, Copy)]
struct Listed {
    pool: u32,
    place: u32,
    end: Instant,
}

impl Runs {
    /// None, in so many pools; `listed` says whether those of a pool are ever asked for.
    pub(crate) fn new(pools: usize, listed: bool) -> Self {
        let by_pool = || ByPool { slots: vec![Vec::new(); pools], listed: Vec::new() };
        Self {
            slots: Vec::new(),
            vacant: Vec::new(),
            by_pool: listed.then(by_pool),
            ends: Upcoming::new(),
            stale: 0,
            ended: Vec::new(),
            ended_at: Instant::MIN,
            notices: BTreeMap::new(),
        }
    }

    /// When the next one ends.
    pub(crate) fn next_end(&self) -> Option<Instant> {
        self.ended.last().map(|_| self.ended_at).or_else(|| self.ends.next())
    }

    /// Takes out one that ends at an instant, the first in order of arrival; `soon` is told the pools
    /// of some that end before long.
    pub(crate) fn take_ended(&mut self, now: Instant, soon: impl Fn(usize)) -> Option<Running> {
        if self.ended.is_empty() {
            if self.ends.next() != Some(now) {
                return None;
            }
            self.look_at_next(now, soon);
        }
        let (_, place) = self.ended.pop()?;
        Some(self.remove(place))
    }

    /// Adds one that is really done at an instant, or stopped then if it has notice.
    pub(crate) fn add(&mut self, running: Running, end: Instant) {
        let Running { rank, pool, gpus, planned_end, notice } = running;
        self.notices.extend(notice.map(|ended| (narrow(rank), ended)));
        let number = NonZeroU32::MIN.saturating_add(narrow(rank));
        let kept = Some(Slot { planned_end, number, gpus });
        let slot = match self.vacant.pop() {
            Some(slot) => {
                self.slots[wide(slot)] = kept;
                slot
            }
            None => {
                self.slots.push(kept);
                narrow(self.slots.len() - 1)
            }
        };
        self.by_pool.iter_mut().for_each(|by_pool| by_pool.put(pool, slot, end));
        self.ends.add(end, Place { pool: narrow(pool), slot });
    }

    /// Those in a pool, in no order.
    pub(crate) fn in_pool(&self, pool: usize) -> impl Iterator<Item = Running> {
        self.by_pool().slots[pool].iter().map(move |&slot| {
            let it = self.slots[wide(slot)].expect("a slot that is listed is taken");
            let notice = self.notices.get(&it.rank()).copied();
            Running { notice, ..it.running(pool) }
        })
    }

    /// Takes out one that has not ended; those of its pool are looked at for it, one by one.
    pub(crate) fn take(&mut self, pool: usize, rank: usize) -> Running {
        let taken = self.remove(self.place(pool, rank));
        self.stale += 1;
        self.forget_stale();
        taken
    }

    fn by_pool(&self) -> &ByPool {
        let by_pool = self.by_pool.as_ref();
        by_pool.expect("the jobs of pools are listed where they are asked for")
    }

    fn place(&self, pool: usize, rank: usize) -> Place {
        let is_it = |&slot: &u32| self.slots[wide(slot)].is_some_and(|it| wide(it.rank()) == rank);
        let slot = self.by_pool().slots[pool].iter().copied().find(is_it);
        Place { pool: narrow(pool), slot: slot.expect("what is taken out runs") }
    }

    /// Lets one run until an instant at most; what it was before.
    pub(crate) fn give_notice(
        &mut self,
        pool: usize,
        rank: usize,
        until: Instant,
        ended: Ended,
    ) -> Running {
        let end = self.by_pool().listed[wide(self.place(pool, rank).slot)].end;
        let before = self.take(pool, rank);
        let planned_end = before.planned_end.min(until);
        // One that is done by then is not stopped, but cannot be told again either.
        self.add(Running { planned_end, notice: Some(ended), ..before }, end.min(until));
        before
    }

    /// Takes in what ends at the next instant.
    fn look_at_next(&mut self, now: Instant, soon: impl Fn(usize)) {
        let Self { slots, by_pool, ends, ended, .. } = self;
        let mut taken = 0;
        let ending = |place: Place| {
            taken += 1;
            let ending = at(slots, place);
            let ending = ending.filter(|_| by_pool.as_ref().is_none_or(|it| it.has(place, now)));
            ended.extend(ending.map(|it| (it.rank(), place)));
        };
        ends.take_next(ending, |place| {
            black_box(at(slots, place));
            soon(wide(place.pool));
        });
        self.ended_at = now;
        // One that was taken out and added again can stand twice at one place and instant.
        ended.sort_unstable_by(|a, b| b.cmp(a));
        ended.dedup();
        self.stale -= taken - ended.len();
        self.forget_stale();
    }

    /// Makes what ends next one that runs.
    fn forget_stale(&mut self) {
        if self.stale > 0 {
            let Self { slots, by_pool, ends, .. } = self;
            let runs = |end, place| {
                at(slots, place).is_some() && by_pool.as_ref().is_none_or(|it| it.has(place, end))
            };
            self.stale -= ends.forget(runs);
        }
    }

    fn remove(&mut self, place: Place) -> Running {
        let Place { pool, slot } = place;
        let taken = self.slots[wide(slot)].take().expect("what is taken out runs");
        self.vacant.push(slot);
        self.by_pool.iter_mut().for_each(|by_pool| by_pool.take(wide(pool), slot));
        let notice =
            if self.notices.is_empty() { None } else { self.notices.remove(&taken.rank()) };
        Running { notice, ..taken.running(wide(pool)) }
    }
}

impl ByPool {
    fn put(&mut self, pool: usize, slot: u32, end: Instant) {
        let slots = &mut self.slots[pool];
        let listed = Listed { pool: narrow(pool), place: narrow(slots.len()), end };
        slots.push(slot);
        if wide(slot) == self.listed.len() {
            self.listed.push(listed);
        } else {
            self.listed[wide(slot)] = listed;
        }
    }

    fn take(&mut self, pool: usize, slot: u32) {
        let slots = &mut self.slots[pool];
        let place = self.listed[wide(slot)].place;
        slots.swap_remove(wide(place));
        if let Some(&moved) = slots.get(wide(place)) {
            self.listed[wide(moved)].place = place;
        }
    }

    /// Whether the job in a slot is the one that ends there then: what was taken out may have left its
    /// slot to another.
    fn has(&self, place: Place, end: Instant) -> bool {
        let listed = self.listed[wide(place.slot)];
        (listed.pool, listed.end) == (place.pool, end)
    }
}

impl Slot {
    fn rank(self) -> u32 {
        self.number.get() - 1
    }

    fn running(self, pool: usize) -> Running {
        let Self { planned_end, gpus, .. } = self;
        Running { rank: wide(self.rank()), pool, gpus, planned_end, notice: None }
    }
}

fn at(slots: &[Option<Slot>], place: Place) -> Option<&Slot> {
    slots[wide(place.slot)].as_ref()
}

fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("a run has less than 4 billion jobs")
}

fn wide(index: u32) -> usize {
    usize::try_from(index).expect("a usize has at least 32 bits on the targets of this crate")
}
