//! The jobs that run: found by when they end, and by where they run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use comity_base::Instant;

use crate::plan::Ended;

/// A job that runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Running {
    /// Its place in the order of arrival.
    pub(crate) rank: usize,
    pub(crate) pool: usize,
    /// What it holds.
    pub(crate) gpus: i64,
    pub(crate) start: Instant,
    /// When it is really done, or stopped once it has notice.
    pub(crate) end: Instant,
    pub(crate) planned_end: Instant,
    /// Why it is stopped at its end, when it is not done by then.
    pub(crate) notice: Option<Ended>,
}

/// All jobs that run. Their slots are used again, so that nothing is allocated for an event.
#[derive(Debug)]
pub(crate) struct Runs {
    heap: BinaryHeap<Reverse<End>>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// For each pool, the slots of what runs there.
    by_pool: Vec<Vec<u32>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct End {
    at: Instant,
    rank: u32,
    slot: u32,
    /// Tells it from ends of the slot that no longer hold.
    serial: u32,
}

#[derive(Debug)]
struct Slot {
    running: Running,
    serial: u32,
    /// Where it stands in the list of its pool.
    place: u32,
}

impl Runs {
    /// None, in so many pools.
    pub(crate) fn new(pools: usize) -> Self {
        let by_pool = vec![Vec::new(); pools];
        Self { heap: BinaryHeap::new(), slots: Vec::new(), free: Vec::new(), by_pool }
    }

    /// When the next one ends.
    pub(crate) fn next_end(&mut self) -> Option<Instant> {
        while let Some(Reverse(end)) = self.heap.peek() {
            if self.slots[wide(end.slot)].serial == end.serial {
                return Some(end.at);
            }
            self.heap.pop();
        }
        None
    }

    /// Takes out one that ends at an instant, the first in order of arrival.
    pub(crate) fn take_ended(&mut self, now: Instant) -> Option<Running> {
        if self.next_end() != Some(now) {
            return None;
        }
        let Reverse(end) = self.heap.pop()?;
        Some(self.take(end.slot))
    }

    /// Adds one.
    pub(crate) fn add(&mut self, running: Running) {
        let list = &mut self.by_pool[running.pool];
        let place = narrow(list.len());
        let slot = match self.free.pop() {
            Some(slot) => {
                let used = &mut self.slots[wide(slot)];
                used.running = running;
                used.place = place;
                slot
            }
            None => {
                self.slots.push(Slot { running, serial: 0, place });
                narrow(self.slots.len() - 1)
            }
        };
        list.push(slot);
        self.schedule(slot);
    }

    /// Those in a pool with their slots, in no order.
    pub(crate) fn in_pool(&self, pool: usize) -> impl Iterator<Item = (u32, &Running)> {
        self.by_pool[pool].iter().map(|&slot| (slot, &self.slots[wide(slot)].running))
    }

    /// The one in a slot.
    pub(crate) fn get(&self, slot: u32) -> &Running {
        &self.slots[wide(slot)].running
    }

    /// Takes out one that has not ended.
    pub(crate) fn take(&mut self, slot: u32) -> Running {
        let taken = &mut self.slots[wide(slot)];
        taken.serial = taken.serial.wrapping_add(1);
        let (running, place) = (taken.running, taken.place);
        let list = &mut self.by_pool[running.pool];
        list.swap_remove(wide(place));
        if let Some(&moved) = list.get(wide(place)) {
            self.slots[wide(moved)].place = place;
        }
        self.free.push(slot);
        running
    }

    /// Lets one run until an instant at most; what it was before.
    pub(crate) fn give_notice(&mut self, slot: u32, until: Instant, ended: Ended) -> Running {
        let told = &mut self.slots[wide(slot)];
        let before = told.running;
        told.running.planned_end = before.planned_end.min(until);
        // One that is done by then is not stopped, but cannot be told again either.
        told.running.notice = Some(ended);
        if until < before.end {
            told.running.end = until;
            told.serial = told.serial.wrapping_add(1);
            self.schedule(slot);
        }
        before
    }

    fn schedule(&mut self, slot: u32) {
        let Slot { running, serial, .. } = &self.slots[wide(slot)];
        let rank = narrow(running.rank);
        self.heap.push(Reverse(End { at: running.end, rank, slot, serial: *serial }));
    }
}

fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("a run has less than 4 billion jobs")
}

fn wide(index: u32) -> usize {
    usize::try_from(index).expect("a usize has at least 32 bits on the targets of this crate")
}
