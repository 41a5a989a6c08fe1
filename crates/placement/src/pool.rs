//! One pool while planning: what it has over time, what runs in it, and from when on a gang fits.

use std::collections::BTreeMap;
use std::hint::black_box;

use comity_base::{Instant, Window};
use comity_fleet::{Capacity, Size};

use crate::ends::Ends;
use crate::floors::Touch;
use crate::openings::first_open;
use crate::plan::Lease;

/// GPUs for a time, or a share of one: what a job asks of a pool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) size: Size,
    pub(crate) seconds: i64,
}

impl Ask {
    /// How many GPUs it is by count.
    pub(crate) fn gpus(&self) -> i64 {
        i64::from(self.size.gpus())
    }

    /// How large it is as floors and lanes measure it: in GPUs, or in thousandths for a share.
    pub(crate) fn amount(&self) -> i64 {
        match self.size {
            Size::Gpus(gpus) => i64::from(gpus),
            Size::Share(share) => i64::from(share.milli()),
        }
    }

    /// Thousandths of GPUs, as quotas and what is used are counted.
    pub(crate) fn milli(&self) -> i64 {
        i64::try_from(self.size.milli()).expect("32 bits of GPUs in thousandths are less than 63")
    }

    /// Whether it is for a share of a GPU, which may be one that is held already.
    pub(crate) fn is_share(&self) -> bool {
        self.size.share().is_some()
    }
}

/// The place that the head of the queue holds in a pool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeldPlace {
    /// The head, by its place in the order of arrival.
    pub(crate) rank: usize,
    pub(crate) pool: usize,
    pub(crate) start: Instant,
    pub(crate) end: Instant,
    pub(crate) gpus: i64,
    /// What is free at the start beside it; others that run on then must do with this.
    pub(crate) spare: i64,
}

/// The sizes of gangs that fit now and can be held for the same time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// Smaller gangs can be held for longer.
    pub(crate) above: i64,
    /// The largest of these gangs.
    pub(crate) most: i64,
    pub(crate) until: Instant,
}

/// The state of a pool at an instant. What each start and end of a job changes is in one line of the
/// cache.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub(crate) struct PoolState {
    /// The supply now.
    level: i64,
    /// What running jobs hold.
    used: i64,
    /// No step down to come is before.
    next_drop: Instant,
    ends: Ends,
    /// The steps down, each with what running jobs may still hold then.
    drops: Vec<Drop>,
    /// From when on how many GPUs are there for jobs; the first step is at `MIN`.
    supply: Vec<(Instant, i64)>,
}

#[derive(Debug, Clone)]
struct Drop {
    at: Instant,
    supply: i64,
    /// GPUs of running jobs whose planned end is after `at`; not kept up once `at` is past.
    held: i64,
}

impl PoolState {
    /// A pool without jobs, less what is leased.
    pub(crate) fn new<'l>(
        capacity: &Capacity,
        leases: impl Iterator<Item = &'l Lease>,
        now: Instant,
    ) -> Self {
        let mut changes = BTreeMap::from([(Instant::MIN, 0_i64)]);
        let mut level = 0;
        for &(at, gpus) in capacity.steps() {
            *changes.entry(at).or_default() += i64::from(gpus) - level;
            level = i64::from(gpus);
        }
        for lease in leases {
            *changes.entry(lease.window.start()).or_default() -= i64::from(lease.gpus);
            *changes.entry(lease.window.end()).or_default() += i64::from(lease.gpus);
        }
        let mut supply: Vec<(Instant, i64)> = Vec::with_capacity(changes.len());
        let mut drops = Vec::new();
        let mut level = 0;
        for (at, change) in changes {
            level += change;
            assert!(level >= 0, "leases never exceed the capacity");
            if change < 0 {
                drops.push(Drop { at, supply: level, held: 0 });
            }
            if change != 0 || supply.is_empty() {
                supply.push((at, level));
            }
        }
        let (next_drop, ends) = (Instant::MIN, Ends::default());
        let mut pool = Self { level: 0, used: 0, next_drop, ends, drops, supply };
        pool.advance(now);
        pool
    }

    /// The instants at which the supply changes.
    pub(crate) fn steps(&self) -> impl Iterator<Item = Instant> {
        self.supply.iter().map(|&(at, _)| at)
    }

    /// Takes the supply that is there at an instant.
    pub(crate) fn advance(&mut self, now: Instant) {
        self.level = self.supply[self.step(now)].1;
        let next = self.drops.partition_point(|drop| drop.at <= now);
        self.next_drop = self.drops.get(next).map_or(Instant::MAX, |drop| drop.at);
        assert!(self.used <= self.level, "jobs start only where they fit until their planned end");
    }

    /// How many GPUs are there for jobs now.
    pub(crate) fn level(&self) -> i64 {
        self.level
    }

    /// How many GPUs are there for jobs at an instant.
    pub(crate) fn level_at(&self, at: Instant) -> i64 {
        self.supply[self.step(at)].1
    }

    /// When the supply first changes after an instant.
    pub(crate) fn next_step(&self, at: Instant) -> Option<Instant> {
        self.supply.get(self.step(at) + 1).map(|&(from, _)| from)
    }

    /// How many GPUs are free now.
    pub(crate) fn free(&self) -> i64 {
        self.level - self.used
    }

    /// How many GPUs jobs hold now.
    pub(crate) fn used(&self) -> i64 {
        self.used
    }

    /// Lets GPUs fail until an instant, or all there are; those of now are free. Where the supply falls
    /// before that, what has failed goes first, so that no job has to.
    pub(crate) fn fail(&mut self, gpus: i64, now: Instant, until: Instant) {
        assert!(gpus.min(self.level) <= self.free(), "what fails is free");
        self.lower(now, until, |level, held| gpus.min(level - held));
    }

    /// Takes GPUs out of service until an instant, or all there are, once no job needs them.
    pub(crate) fn take_out(&mut self, gpus: i64, now: Instant, until: Instant) {
        assert_eq!(self.needed(gpus, now, until), None, "what is taken out is free");
        self.lower(now, until, |level, _| gpus.min(level));
    }

    /// The first instant before another at which jobs are planned to hold some of so many GPUs.
    pub(crate) fn needed(&self, gpus: i64, now: Instant, until: Instant) -> Option<Instant> {
        let steps = self.supply[self.step(now)..].iter().map(|&(at, level)| (at.max(now), level));
        let mut within = steps.take_while(|&(at, _)| at < until);
        let short = |&(at, level): &(Instant, i64)| {
            level - (self.used - self.ends.by(at)) < gpus.min(level)
        };
        within.find(short).map(|(at, _)| at)
    }

    /// Lowers the supply by what a level and what jobs are planned to hold of it say.
    fn lower(&mut self, now: Instant, until: Instant, by: impl Fn(i64, i64) -> i64) {
        for at in [now, until] {
            let step = self.step(at);
            let (from, level) = self.supply[step];
            if from < at {
                self.supply.insert(step + 1, (at, level));
            }
        }
        let (first, last) = (self.step(now), self.step(until));
        let mut before = None;
        let mut down = 0;
        for step in &mut self.supply[first..last] {
            if before != Some(step.1) {
                before = Some(step.1);
                down = by(step.1, self.used - self.ends.by(step.0));
            }
            step.1 -= down;
        }
        self.level = self.supply[first].1;
        self.drops.clear();
        for pair in self.supply[first..].windows(2) {
            let ((_, before), (at, supply)) = (pair[0], pair[1]);
            if supply < before {
                self.drops.push(Drop { at, supply, held: self.used - self.ends.by(at) });
            }
        }
        self.next_drop = self.drops.first().map_or(Instant::MAX, |drop| drop.at);
    }

    /// What is free from each instant on, from now, by what running jobs asked.
    pub(crate) fn profile(&self, now: Instant) -> Vec<(Instant, i64)> {
        let supply = self.supply.iter().map(|&(at, _)| at).filter(|&at| at > now);
        let ends = self.ends.iter().map(|(at, _)| at);
        let mut instants: Vec<Instant> = supply.chain(ends).chain([now]).collect();
        instants.sort_unstable();
        instants.dedup();
        instants.into_iter().map(|at| (at, self.free_at(at))).collect()
    }

    /// The first instant after another at which what is free may change, by what running jobs asked.
    pub(crate) fn next_change(&self, at: Instant) -> Option<Instant> {
        self.next_step(at).into_iter().chain(self.ends.next_after(at)).min()
    }

    /// What lacks for so many GPUs from an instant to an end: each instant with how many.
    pub(crate) fn lacks(&self, gpus: i64, from: Instant, end: Instant) -> Vec<(Instant, i64)> {
        let next = self.drops.partition_point(|drop| drop.at <= from);
        let later = self.drops[next..].iter().take_while(|drop| drop.at < end);
        std::iter::once((from, gpus - self.free_at(from)))
            .chain(later.map(|drop| (drop.at, gpus - (drop.supply - drop.held))))
            .filter(|&(_, lacking)| lacking > 0)
            .collect()
    }

    /// Starts a job that holds GPUs up to a planned end.
    pub(crate) fn start(&mut self, gpus: i64, now: Instant, planned_end: Instant) {
        self.used += gpus;
        self.ends.add(planned_end, gpus);
        for drop in self.drops_between(now, planned_end) {
            drop.held += gpus;
        }
    }

    /// Ends a job, at its planned end or before.
    pub(crate) fn finish(&mut self, gpus: i64, now: Instant, planned_end: Instant) {
        self.used -= gpus;
        self.ends.remove(planned_end, gpus);
        for drop in self.drops_between(now, planned_end) {
            drop.held -= gpus;
        }
    }

    /// Reads what the end of a job changes, so that it is at hand then: many pools do not fit the
    /// nearest caches, and what is read without being waited for costs next to nothing.
    pub(crate) fn fetch(&self) {
        black_box((self.used, self.ends.middle()));
    }

    /// Takes in until when a GPU counts as held that is shared.
    pub(crate) fn touch(&mut self, touch: Touch, now: Instant) {
        let Touch { before, after } = touch;
        if before != after {
            before.into_iter().for_each(|end| self.finish(1, now, end));
            after.into_iter().for_each(|end| self.start(1, now, end));
        }
    }

    /// Up to when so many GPUs could be held from now on, if they are free now.
    pub(crate) fn free_until(
        &self,
        gpus: i64,
        now: Instant,
        reservation: Option<&HeldPlace>,
    ) -> Instant {
        if self.next_drop == Instant::MAX && reservation.is_none() {
            return Instant::MAX;
        }
        let mut lows = self.lows(now, reservation);
        let short = lows.find(|&(_, free)| free < gpus);
        short.map_or(Instant::MAX, |(at, _)| at)
    }

    /// Up to when gangs of each size could be held from now on, largest first.
    pub(crate) fn room(
        &self,
        now: Instant,
        reservation: Option<&HeldPlace>,
        rooms: &mut Vec<Room>,
    ) {
        rooms.clear();
        let mut most = self.free();
        for (until, free) in self.lows(now, reservation) {
            if free < most {
                rooms.push(Room { above: free, most, until });
                most = free;
            }
        }
        rooms.push(Room { above: 0, most, until: Instant::MAX });
    }

    /// What is free at each later instant at which it may be less than before, in order of time.
    fn lows(
        &self,
        now: Instant,
        reservation: Option<&HeldPlace>,
    ) -> impl Iterator<Item = (Instant, i64)> {
        let next = self.drops.partition_point(|drop| drop.at <= now);
        let (before, after) = self.drops[next..].split_at(
            reservation
                .map_or(0, |held| self.drops[next..].partition_point(|drop| drop.at < held.start)),
        );
        let reserved = reservation.map(|held| (held.start, held.spare));
        let free = |drop: &Drop| (drop.at, drop.supply - drop.held);
        let beside = move |drop: &Drop| {
            let held = reservation.filter(|held| drop.at < held.end).map_or(0, |held| held.gpus);
            (drop.at, drop.supply - drop.held - held)
        };
        before.iter().map(free).chain(reserved).chain(after.iter().map(beside))
    }

    /// The first step after an instant from which on fewer GPUs are there; for a pool without jobs.
    pub(crate) fn next_short(&self, gpus: i64, at: Instant) -> Instant {
        let next = self.drops.partition_point(|drop| drop.at <= at);
        let short = self.drops[next..].iter().find(|drop| drop.supply < gpus);
        short.map_or(Instant::MAX, |drop| drop.at)
    }

    /// How many GPUs are free at an instant to come, by what running jobs asked.
    pub(crate) fn free_at(&self, at: Instant) -> i64 {
        self.level_at(at) - self.used + self.ends.by(at)
    }

    /// The first instant from `from` on, before a limit, at which the gang fits until its end and
    /// lies in one of the windows, by what running jobs asked.
    pub(crate) fn earliest(
        &self,
        ask: Ask,
        from: Instant,
        before: Instant,
        open: &[Window],
    ) -> Option<Instant> {
        let mut at = from;
        // Every turn moves `at` on to a later window, planned end or step of the supply.
        loop {
            at = first_open(open, at, ask.seconds)?;
            // Whether a share finds room on a GPU that is held already is for the floor to say.
            let free = if !ask.is_share() {
                self.first_free(ask.gpus(), at, before)?
            } else if at < before {
                at
            } else {
                return None;
            };
            if free > at {
                at = free;
                continue;
            }
            let end = at.plus_seconds(ask.seconds);
            let next = self.drops.partition_point(|drop| drop.at <= at);
            let mut drops = self.drops[next..].iter().take_while(|drop| drop.at < end);
            match drops.find(|drop| drop.supply - drop.held < ask.gpus()) {
                Some(drop) => at = drop.at,
                None => return Some(at),
            }
        }
    }

    /// The first instant from `from` on, before a limit, at which so many GPUs are free.
    pub(crate) fn first_free(&self, gpus: i64, from: Instant, before: Instant) -> Option<Instant> {
        let first = self.step(from);
        for (index, &(step, supply)) in self.supply.iter().enumerate().skip(first) {
            let start = step.max(from);
            if start >= before {
                return None;
            }
            if supply < gpus {
                continue;
            }
            let end = self.supply.get(index + 1).map_or(Instant::MAX, |&(next, _)| next);
            let lacking = gpus + self.used - supply;
            let back =
                if lacking <= 0 { Some(start) } else { self.ends.when(lacking, before.min(end)) };
            if let Some(back) = back {
                return Some(back.max(start));
            }
        }
        None
    }

    fn step(&self, at: Instant) -> usize {
        self.supply.partition_point(|&(from, _)| from <= at) - 1
    }

    fn drops_between(&mut self, now: Instant, end: Instant) -> impl Iterator<Item = &mut Drop> {
        let drops = if end <= self.next_drop { &mut [][..] } else { &mut self.drops[..] };
        let next = drops.partition_point(|drop| drop.at <= now);
        drops[next..].iter_mut().take_while(move |drop| drop.at < end)
    }
}
