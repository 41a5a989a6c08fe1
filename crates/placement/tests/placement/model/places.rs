//! Places that jobs hold which wait, under conservative backfill: on a floor they are of nodes.

use std::ops::Range;

use comity_placement::Order;

use super::{HORIZON, Model};
use crate::floor::{Amount, Floor};

/// For each second and node, what is left.
type Left = Vec<Vec<Amount>>;

impl Model<'_> {
    pub(super) fn pass_conservative(&mut self, now: usize, fresh: &[usize]) {
        let unmoved = self.world.policy.order == Order::Arrival
            && self.world.quotas.is_empty()
            && !self.world.policy.preemption.priority
            && !self.world.policy.preemption.reclaim;
        if !unmoved || self.disrupted || self.away.is_empty() {
            while self.place_anew(now) {}
            self.ended_early = false;
            return;
        }
        let early = std::mem::take(&mut self.ended_early);
        for job in self.waiting() {
            let due = self.places.get(&job).is_some_and(|&(_, start)| start == now);
            if !early && !due && !fresh.contains(&job) {
                continue;
            }
            let before = self.places.get(&job).copied();
            let spot = self.spots.get(&job).cloned();
            self.give_up(job);
            let place = self.place(job, now);
            match before.filter(|_| !due) {
                // It gives its place up for a sooner one only.
                Some((pool, start)) if place.is_none_or(|(_, sooner)| sooner >= start) => {
                    self.put(job, pool, start, 1);
                    self.places.insert(job, (pool, start));
                    self.spots.extend(spot.map(|spot| (job, spot)));
                }
                Some(_) | None => {
                    if let Some((pool, start)) = place {
                        self.hold_or_start(job, pool, start, now);
                    }
                }
            }
        }
    }

    fn place_anew(&mut self, now: usize) -> bool {
        let held: Vec<usize> = self.places.keys().copied().collect();
        held.into_iter().for_each(|job| self.give_up(job));
        self.plan_away();
        let mut waiting = self.waiting();
        if let Some((claims, _)) = self.claim {
            waiting.sort_by_key(|&job| job != claims);
        }
        let mut first = true;
        for job in
            waiting.into_iter().filter(|&job| self.passes_quota(job, now)).collect::<Vec<_>>()
        {
            if !self.passes_quota(job, now) {
                continue;
            }
            let place = self.place(job, now);
            if let Some((pool, start)) = place
                && start == now
                && self.has_quota(job, pool)
            {
                self.hold_or_start(job, pool, start, now);
                continue;
            }
            if first {
                first = false;
                let (claimed, told) = (self.claim.is_some(), self.gave_way.len());
                if let Some(pool) = self.make_room(job, now) {
                    self.start(job, pool, now);
                    return true;
                }
                if self.claim.is_some_and(|(claims, gone)| claims == job && gone <= now) {
                    self.claim = None;
                    return true;
                }
                if self.gave_way.len() > told || !claimed && self.claim.is_some() {
                    return true;
                }
            }
            match place {
                Some((pool, start)) => self.hold(job, pool, start),
                None if self.claim.is_some_and(|(claims, _)| claims == job) => self.claim = None,
                None => {}
            }
        }
        false
    }

    /// The first place, in the pool that the ranking puts first.
    fn place(&self, job: usize, now: usize) -> Option<(usize, usize)> {
        let pools = (0..self.pools.len()).filter(|&pool| self.may_have_place(job, pool));
        let pools: Vec<usize> = pools.collect();
        let left: Vec<Option<Left>> = (0..self.pools.len()).map(|pool| self.left(pool)).collect();
        let (need, size) = (self.class(job).need, self.world.jobs[job].size);
        (now..HORIZON - self.planned(job)).find_map(|start| {
            let on_floor = |pool: usize| {
                left[pool].as_ref().map(|left| self.throughout(job, pool, start, left))
            };
            let fitting = pools.iter().copied().filter(|&pool| {
                self.fits(job, pool, start)
                    && on_floor(pool).is_none_or(|floor| floor.has_room(need, size))
            });
            let room = |pool: usize| {
                let largest = on_floor(pool).map(|floor| floor.largest(need, size));
                self.free(pool, start).min(largest.unwrap_or(i64::MAX))
            };
            let best = fitting.reduce(|a, b| if self.better(job, b, a, room) { b } else { a });
            best.map(|pool| (pool, start))
        })
    }

    fn hold_or_start(&mut self, job: usize, pool: usize, start: usize, now: usize) {
        self.hold(job, pool, start);
        if start == now {
            // It goes to the nodes of its place.
            let spot = self.spots.remove(&job);
            self.give_up(job);
            self.spots.extend(spot.map(|spot| (job, spot)));
            self.start(job, pool, now);
        }
    }

    fn hold(&mut self, job: usize, pool: usize, start: usize) {
        if let Some(left) = self.left(pool) {
            let (need, size) = (self.class(job).need, self.world.jobs[job].size);
            let spot = self.throughout(job, pool, start, &left).place(need, size);
            self.spots.insert(job, spot);
        }
        self.put(job, pool, start, 1);
        self.places.insert(job, (pool, start));
    }

    fn give_up(&mut self, job: usize) {
        if let Some((pool, start)) = self.places.remove(&job) {
            self.put(job, pool, start, -1);
            self.spots.remove(&job);
        }
    }

    /// Looks which GPUs of which nodes are to be away at each second to come, by what runs.
    fn plan_away(&mut self) {
        let mut floors: Vec<Option<Floor>> =
            self.pools.iter().map(|pool| pool.floor.clone()).collect();
        self.away = vec![vec![vec![]; HORIZON]; self.pools.len()];
        for second in self.now..HORIZON {
            if second > self.now {
                self.go_on(&mut floors, second);
            }
            for (away, floor) in self.away.iter_mut().zip(&floors) {
                away[second] = floor.as_ref().map_or_else(Vec::new, Floor::gpus_away);
            }
        }
    }

    /// For each second from now on, what is left of each node of a pool beside jobs that run, places,
    /// and what is to be away.
    fn left(&self, pool: usize) -> Option<Left> {
        let floor = self.pools[pool].floor.as_ref()?;
        let mut left: Left = vec![floor.all(); HORIZON];
        let mut take = |seconds: Range<usize>, holds: &[(usize, Amount)]| {
            for second in &mut left[seconds] {
                for &(node, of) in holds {
                    second[node] = [0, 1, 2].map(|it| second[node][it] - of[it]);
                }
            }
        };
        for (job, state) in self.states.iter().enumerate() {
            if let Some(live) = state.live.filter(|live| live.pool == pool) {
                take(self.now..live.planned, &floor.amounts(job));
            }
        }
        for (&job, spot) in &self.spots {
            let (of, start) = self.places[&job];
            if of == pool {
                let holds = floor.amounts_of(self.class(job).need, spot);
                take(start..start + self.planned(job), &holds);
            }
        }
        for second in self.now..HORIZON {
            let away = self.away[pool][second].iter();
            let away = away.map(|&(node, gpus)| (node, [i64::from(gpus), 0, 0]));
            take(second..second + 1, &away.collect::<Vec<_>>());
        }
        for (node, until) in floor.down() {
            take(self.now..until.min(HORIZON), &[(node, floor.all()[node])]);
        }
        for (second, left) in left.iter_mut().enumerate().skip(self.now) {
            for node in self.shut(pool, second..second + 1) {
                left[node] = [0; 3];
            }
        }
        Some(left)
    }

    /// The floor with the least that is left of each node at any second of a job.
    fn throughout(&self, job: usize, pool: usize, start: usize, left: &Left) -> Floor {
        let floor = self.pools[pool].floor.as_ref().expect("it has one");
        let mut least = left[start].clone();
        for second in &left[start..start + self.planned(job)] {
            for (least, second) in least.iter_mut().zip(second) {
                *least = [0, 1, 2].map(|it| least[it].min(second[it]));
            }
        }
        floor.with_left(&least)
    }
}
