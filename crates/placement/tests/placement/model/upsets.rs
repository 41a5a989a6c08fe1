//! What comes over the jobs that run: faults and maintenance.

use comity_placement::BeforeMaintenance;

use super::{Live, Model, Why, second, whole};
use crate::floor::Floor;

impl Model<'_> {
    pub(super) fn strike(&mut self, now: usize) {
        let start = |window: comity_base::Window| window.start().seconds().max(0);
        for (index, fault) in self.world.faults.iter().enumerate() {
            if start(fault.window) == whole(now) && fault.window.end().seconds() > 0 {
                if let Some(floor) = &mut self.pools[fault.pool].floor {
                    let until = fault.window.end().seconds();
                    let (gone, jobs) = floor.strike(fault.first, fault.gpus, until);
                    let struck = self.order.clone().into_iter().filter(|job| jobs.contains(job));
                    struck.for_each(|job| self.stop(job, now, Why::Fault(index)));
                    self.take_down(fault.pool, gone, now, until);
                    self.lay(fault.pool, now);
                    continue;
                }
                let mut owners: Vec<Option<usize>> = vec![];
                for &job in &self.order {
                    if self.states[job].live.is_some_and(|live| live.pool == fault.pool) {
                        owners.extend((0..self.world.jobs[job].size.gpus()).map(|_| Some(job)));
                    }
                }
                let there = usize::try_from(self.pools[fault.pool].level[now]).expect("some");
                owners.resize(there, None);
                let down = usize::try_from(fault.gpus).expect("few").min(there);
                for offset in 0..down {
                    let first = usize::try_from(fault.first).expect("few");
                    if let Some(job) = owners[(first + offset) % there]
                        && self.states[job].live.is_some()
                    {
                        self.stop(job, now, Why::Fault(index));
                    }
                }
                let until = fault.window.end().seconds();
                self.take_down(fault.pool, i64::from(fault.gpus), now, until);
            }
        }
        for (index, it) in self.world.maintenance.iter().enumerate() {
            let begins = start(it.window) == whole(now) && it.window.end().seconds() > 0;
            if begins && it.before == BeforeMaintenance::Stop {
                self.begun.insert(index);
                let shut = self.shut(it.pool, now..now + 1);
                let closed = |floor: &mut Floor| floor.close(shut.clone());
                let on_them = self.pools[it.pool].floor.as_mut().map_or_else(Vec::new, closed);
                let on_them = self.order.clone().into_iter().filter(|job| on_them.contains(job));
                on_them.for_each(|job| self.stop(job, now, Why::Maintenance(index)));
                for job in self.weakest_first(|live| live.pool == it.pool) {
                    let pool = &self.pools[it.pool];
                    let mut window = now..second(it.window.end().seconds());
                    let needed = window.find(|&second| {
                        let level = pool.level[second];
                        level - pool.held[second] < i64::from(it.gpus).min(level)
                    });
                    let Some(needed) = needed else { break };
                    let runs_on = |live: Live| live.planned > needed;
                    if self.states[job].live.is_some_and(runs_on) {
                        for other in self.sharers(job, runs_on) {
                            self.stop(other, now, Why::Maintenance(index));
                        }
                    }
                }
                for second in now..second(it.window.end().seconds()) {
                    let level = &mut self.pools[it.pool].level[second];
                    *level -= i64::from(it.gpus).min(*level);
                }
                self.lay(it.pool, now);
                self.disrupted = true;
            }
        }
    }

    /// The jobs that have shares of the GPU of a job and of which something holds, or the job alone
    /// where it is a gang.
    fn sharers(&self, job: usize, counts: impl Fn(Live) -> bool) -> Vec<usize> {
        let pool = self.states[job].live.expect("it runs").pool;
        let is_share = |job: usize| self.world.jobs[job].size.share().is_some();
        let Some(floor) = self.pools[pool].floor.as_ref().filter(|_| is_share(job)) else {
            return vec![job];
        };
        let mut sharers = self.weakest_first(|live| live.pool == pool && counts(live));
        sharers.retain(|&other| is_share(other) && floor.gpu_of(other) == floor.gpu_of(job));
        sharers
    }

    pub(super) fn weakest_first(&self, counts: impl Fn(Live) -> bool) -> Vec<usize> {
        let mut there: Vec<usize> = self.order.clone();
        there.retain(|&job| self.states[job].live.is_some_and(&counts));
        // The last in order of arrival first among equals.
        there.reverse();
        there.sort_by_key(|&job| {
            let live = self.states[job].live.expect("it runs");
            (self.class(job).priority, std::cmp::Reverse(live.start))
        });
        there
    }

    fn take_down(&mut self, pool: usize, gpus: i64, now: usize, until: i64) {
        let pool = &mut self.pools[pool];
        let (mut before, mut down) = (None, 0);
        for second in now..second(until) {
            if before != Some(pool.level[second]) {
                before = Some(pool.level[second]);
                down = gpus.min(pool.level[second] - pool.held[second]);
            }
            pool.level[second] -= down;
        }
        self.disrupted = true;
    }
}
