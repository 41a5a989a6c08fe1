//! Where gangs lie, in pools whose nodes limit what fits.

use std::collections::BTreeSet;
use std::ops::Range;

use comity_base::Window;
use comity_placement::{BeforeMaintenance, Maintenance};

use super::{HORIZON, Model, Then, Why, at, whole};
use crate::floor::Floor;

/// The head on the floor as it is to be.
const HEAD: usize = usize::MAX;

impl Model<'_> {
    /// The floor of a pool, if its nodes limit a class that could run there, or such a class has a
    /// job of a share.
    pub(super) fn new_floor(&self, pool: usize) -> Option<Floor> {
        let it = &self.pools[pool];
        let real = &self.world.pools[it.real];
        // What there is before the period counts for how many nodes there are.
        // So does what is out of service: it is nodes too.
        let gpus = match it.kept_for {
            None => real.capacity.most_in(Window::ALWAYS),
            Some(_) => {
                let seconds = -100..whole(HORIZON);
                let levels = seconds.map(|second| super::levels(self.world, second)[pool]);
                u32::try_from(levels.max().unwrap_or(0)).expect("small")
            }
        };
        let (mut limits, mut shared) = (false, false);
        for (class, index) in self.world.classes.iter().zip(0..) {
            let could = (class.gpus.is_empty() || class.gpus.contains(&real.gpu))
                && it.kept_for.is_none_or(|party| party == class.party);
            let mut jobs = self.world.jobs.iter().filter(|job| job.class == index);
            shared |= could && jobs.any(|job| job.size.share().is_some());
            limits |=
                could && real.nodes.as_ref().is_some_and(|it| class.need.is_limited(it, gpus));
        }
        (gpus > 0 && (limits || shared)).then(|| Floor::new(real.nodes.as_ref(), gpus, shared))
    }

    pub(super) fn lay(&mut self, pool: usize, now: usize) {
        let level = self.pools[pool].level[now];
        self.pools[pool].floor.iter_mut().for_each(|floor| floor.lay(level));
    }

    /// The nodes of a pool that are closed by plan at one of some seconds, as far as that is known.
    pub(super) fn shut(&self, pool: usize, seconds: Range<usize>) -> BTreeSet<usize> {
        let (start, end) = (at(whole(seconds.start)), at(whole(seconds.end)));
        let seconds = Window::new(start, end).expect("some seconds");
        let known = |index: usize, it: &Maintenance| {
            it.before == BeforeMaintenance::Drain || self.begun.contains(&index)
        };
        let closes = self.world.maintenance.iter().enumerate().filter(|&(index, it)| {
            it.pool == pool && known(index, it) && it.window.intersect(seconds).is_some()
        });
        let nodes = closes.flat_map(|(_, it)| it.nodes.iter().cloned().flatten());
        let nodes = nodes.map(|node| usize::try_from(node).expect("few"));
        let there = self.pools[pool].floor.as_ref().map_or(0, |floor| floor.all().len());
        nodes.filter(|&node| node < there).collect()
    }

    /// Whether a job lies in the floor of a pool from a second on, at which it is so, to its planned end.
    pub(super) fn lies_from(
        &self,
        job: usize,
        pool: usize,
        start: usize,
        floor: &Option<Floor>,
    ) -> bool {
        let shut = self.shut(pool, start..start + self.planned(job).max(1));
        self.lies_in(job, floor.as_ref().map(|floor| floor.without(&shut)).as_ref())
    }

    /// Whether a job lies in a floor as it is; a gang does where there is none.
    pub(super) fn lies_in(&self, job: usize, floor: Option<&Floor>) -> bool {
        let (need, size) = (self.class(job).need, self.world.jobs[job].size);
        floor.map_or(size.share().is_none(), |floor| floor.has_room(need, size))
    }

    /// The largest job of a kind that lies in a floor as it is; any where there is none.
    pub(super) fn room_on_floor(&self, job: usize, pool: usize) -> i64 {
        let floor = self.pools[pool].floor.as_ref();
        let (need, size) = (self.class(job).need, self.world.jobs[job].size);
        floor.map_or(i64::MAX, |floor| floor.largest(need, size))
    }

    /// Whether a job would lie in a pool alone, with so many GPUs of it for jobs.
    pub(super) fn fits_alone(&self, job: usize, pool: usize, level: i64) -> bool {
        let mut floor = self.pools[pool].empty.clone();
        floor.iter_mut().for_each(|floor| floor.lay(level));
        self.lies_in(job, floor.as_ref())
    }

    /// The floor of a pool as the head leaves it to a job, which may be planned to run on when the
    /// head starts.
    fn beside_the_head(&self, pool: usize, planned_end: usize) -> Option<Floor> {
        let shut = self.shut(pool, self.now..planned_end.max(self.now + 1));
        let floor = self.pools[pool].floor.as_ref()?.without(&shut);
        let then = self.then.as_ref().filter(|then| {
            then.pool == pool
                && planned_end > then.start
                && self.head == Some((then.job, then.pool, then.start))
        });
        let Some(then) = then else { return Some(floor) };
        Some(if floor.shared { floor.without(&then.nodes) } else { floor.beside(&then.floor) })
    }

    /// Whether a job that starts beside the head leaves it its nodes.
    pub(super) fn leaves_the_head(&self, job: usize, pool: usize, now: usize) -> bool {
        let beside = self.beside_the_head(pool, now + self.planned(job));
        self.lies_in(job, beside.as_ref())
    }

    pub(super) fn take_nodes(&mut self, job: usize, pool: usize, planned_end: usize) {
        let Some(beside) = self.beside_the_head(pool, planned_end) else { return };
        let (need, size) = (self.class(job).need, self.world.jobs[job].size);
        let spot = self.spots.remove(&job);
        let mut lies = spot.unwrap_or_else(|| beside.place(need, size));
        let runs_on = self.head.is_some_and(|(_, of, start)| of == pool && planned_end > start);
        // Where GPUs are shared only whole nodes are left to the head.
        let in_parts = runs_on && !beside.shared;
        if let Some(then) = self.then.as_mut().filter(|_| in_parts) {
            then.floor.take(job, need, size, &lies);
        }
        self.pools[pool].floor.iter_mut().for_each(|floor| floor.take(job, need, size, &lies));
        lies.sort_unstable();
        self.lies.insert((job, whole(self.now)), lies);
    }

    /// When and where the head is to lie by what it was told, while nothing came between. What has
    /// started since may turn out to lie where the supply would have taken from.
    pub(super) fn kept_place(&self, job: usize, now: usize) -> Option<(usize, usize)> {
        let then = self.then.as_ref().filter(|then| then.job == job && then.start > now)?;
        let undisturbed = !self.disrupted && self.world.quotas.is_empty();
        undisturbed.then_some((then.start, then.pool))
    }

    /// Lets the head hold nodes: those that it held before, if it is told the same.
    pub(super) fn hold_on_floor(&mut self, job: usize, pool: usize, start: usize, now: usize) {
        if self.kept_place(job, now) == Some((start, pool)) {
            return;
        }
        self.then = None;
        if self.pools[pool].floor.is_none() {
            return;
        }
        let mut floors = vec![None; self.pools.len()];
        floors[pool] = self.pools[pool].floor.clone();
        let mut anew = false;
        for second in self.now + 1..=start {
            anew |= self.go_on(&mut floors, second);
        }
        let mut floor = floors[pool].take().expect("the pool has one");
        let (need, size) = (self.class(job).need, self.world.jobs[job].size);
        let shut = self.shut(pool, start..start + self.planned(job).max(1));
        let lies = floor.without(&shut).place(need, size);
        floor.take(HEAD, need, size, &lies);
        let mut nodes = floor.nodes_of(HEAD);
        if anew {
            nodes.append(&mut floor.nodes_away());
        }
        self.then = Some(Then { job, pool, start, floor, nodes });
    }

    /// Takes in what is planned for a second; whether a floor was laid anew.
    pub(super) fn go_on(&self, floors: &mut [Option<Floor>], second: usize) -> bool {
        let mut anew = false;
        for (pool, floor) in floors.iter_mut().enumerate() {
            let Some(floor) = floor else { continue };
            for (job, state) in self.states.iter().enumerate() {
                let ends = |live: super::Live| live.pool == pool && live.planned == second;
                if state.live.is_some_and(ends) {
                    floor.give_back(job);
                }
            }
            let level = self.pools[pool].level[second.min(HORIZON - 1)];
            anew |= floor.turn(level, whole(second), self.shut(pool, second..second + 1));
        }
        anew
    }

    /// Whether a job lies in a pool once others are gone that are told now.
    pub(super) fn lies_after(
        &self,
        job: usize,
        pool: usize,
        gone: usize,
        chosen: &[(usize, Why)],
    ) -> bool {
        let mut floors = vec![None; self.pools.len()];
        floors[pool] = self.pools[pool].floor.clone();
        for second in self.now + 1..=gone {
            self.go_on(&mut floors, second);
        }
        for &(victim, _) in chosen {
            let live = self.states[victim].live.expect("it runs");
            if live.pool == pool && live.planned > gone {
                floors[pool].iter_mut().for_each(|floor| floor.give_back(victim));
            }
        }
        self.lies_from(job, pool, gone, &floors[pool])
    }
}
