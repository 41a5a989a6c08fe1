//! Where gangs lie, in pools whose nodes limit what fits.

use super::{HORIZON, Model, Why, whole};
use crate::floor::Floor;

/// The head on the floor as it is to be.
const HEAD: usize = usize::MAX;

impl Model<'_> {
    /// The floor of a pool, if its nodes limit a class that could run there.
    pub(super) fn new_floor(&self, pool: usize) -> Option<Floor> {
        let it = &self.pools[pool];
        let real = &self.world.pools[it.real];
        let nodes = real.nodes.as_ref()?;
        // What there is before the period counts for how many nodes there are.
        let levels = (-100..whole(HORIZON)).map(|second| super::levels(self.world, second)[pool]);
        let gpus = u32::try_from(levels.max().unwrap_or(0)).expect("small");
        let limits = self.world.classes.iter().any(|class| {
            (class.gpus.is_empty() || class.gpus.contains(&real.gpu))
                && it.kept_for.is_none_or(|party| party == class.party)
                && class.need.is_limited(nodes, gpus)
        });
        (gpus > 0 && limits).then(|| Floor::new(nodes, gpus))
    }

    pub(super) fn lay(&mut self, pool: usize, now: usize) {
        let level = self.pools[pool].level[now];
        self.pools[pool].floor.iter_mut().for_each(|floor| floor.lay(level));
    }

    /// Whether a job lies in a floor as it is; it does where there is none.
    pub(super) fn lies_in(&self, job: usize, floor: Option<&Floor>) -> bool {
        let need = self.class(job).need;
        floor.is_none_or(|floor| floor.room(need) >= i64::from(self.world.jobs[job].size.gpus()))
    }

    /// The largest job of a kind that lies in a floor as it is; any where there is none.
    pub(super) fn room_on_floor(&self, job: usize, pool: usize) -> i64 {
        let floor = self.pools[pool].floor.as_ref();
        floor.map_or(i64::MAX, |floor| floor.room(self.class(job).need))
    }

    /// Whether a job would lie in a pool alone, with so many GPUs of it for jobs.
    pub(super) fn fits_alone(&self, job: usize, pool: usize, level: i64) -> bool {
        let Some(empty) = &self.pools[pool].empty else { return true };
        let mut floor = empty.clone();
        floor.lay(level);
        self.lies_in(job, Some(&floor))
    }

    /// The floor of a pool as the head leaves it to a job, which may be planned to run on when the
    /// head starts.
    fn beside_the_head(&self, pool: usize, planned_end: usize) -> Option<Floor> {
        let floor = self.pools[pool].floor.as_ref()?;
        let then = self.then.as_ref().filter(|(job, of, start, _)| {
            *of == pool && planned_end > *start && self.head == Some((*job, *of, *start))
        });
        Some(then.map_or_else(|| floor.clone(), |(.., then)| floor.beside(then)))
    }

    /// Whether a job that starts beside the head leaves it its nodes.
    pub(super) fn leaves_the_head(&self, job: usize, pool: usize, now: usize) -> bool {
        let beside = self.beside_the_head(pool, now + self.planned(job));
        self.lies_in(job, beside.as_ref())
    }

    pub(super) fn take_nodes(&mut self, job: usize, pool: usize, planned_end: usize) {
        let Some(beside) = self.beside_the_head(pool, planned_end) else { return };
        let need = self.class(job).need;
        let parts = beside.parts(need, self.world.jobs[job].size.gpus());
        let mut lies = parts.clone();
        lies.sort_unstable();
        self.lies.insert((job, whole(self.now)), lies);
        let runs_on = self.head.is_some_and(|(_, of, start)| of == pool && planned_end > start);
        if let Some((.., then)) = self.then.as_mut().filter(|_| runs_on) {
            then.take(job, need, parts.clone());
        }
        self.pools[pool].floor.iter_mut().for_each(|floor| floor.take(job, need, parts.clone()));
    }

    /// When and where the head is to lie by what it was told, while nothing came between. What has
    /// started since may turn out to lie where the supply would have taken from.
    pub(super) fn kept_place(&self, job: usize, now: usize) -> Option<(usize, usize)> {
        let (head, pool, start, _) = self.then.as_ref()?;
        let holds = *head == job && *start > now;
        (holds && !self.disrupted && self.world.quotas.is_empty()).then_some((*start, *pool))
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
        for second in self.now + 1..=start {
            self.go_on(&mut floors, second);
        }
        let mut then = floors[pool].take().expect("the pool has one");
        let need = self.class(job).need;
        let parts = then.parts(need, self.world.jobs[job].size.gpus());
        then.take(HEAD, need, parts);
        self.then = Some((job, pool, start, then));
    }

    /// Takes in what is planned for a second.
    pub(super) fn go_on(&self, floors: &mut [Option<Floor>], second: usize) {
        for (pool, floor) in floors.iter_mut().enumerate() {
            let Some(floor) = floor else { continue };
            for (job, state) in self.states.iter().enumerate() {
                let ends = |live: super::Live| live.pool == pool && live.planned == second;
                if state.live.is_some_and(ends) {
                    floor.give_back(job);
                }
            }
            let level = self.pools[pool].level[second.min(HORIZON - 1)];
            floor.turn(level, whole(second));
        }
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
        self.lies_in(job, floors[pool].as_ref())
    }
}
