//! Who gives way to whom.

use std::ops::Range;

use super::quotas::WHOLE;
use super::{HORIZON, Model, Why, second, whole};
use crate::world::at;

impl Model<'_> {
    /// Who gives way to a job, if that helps; the pool where it then starts.
    pub(super) fn make_room(&mut self, job: usize, now: usize) -> Option<usize> {
        let preemption = self.world.policy.preemption;
        if !(preemption.priority || preemption.reclaim) || self.gave_way.contains(&job) {
            return None;
        }
        if self.claim.is_some_and(|(claims, gone)| claims == job && now < gone) {
            // Those told before are still in their grace.
            return None;
        }
        let gone = now + usize::try_from(preemption.grace_seconds).expect("short");
        let soonest = self.earliest(job, now, |pool| self.has_quota(job, pool));
        if soonest.is_some_and(|(start, _)| start <= gone) {
            return None;
        }
        let mut pools: Vec<usize> = vec![];
        for pool in 0..self.pools.len() {
            let planned = now..(gone + self.planned(job)).min(HORIZON);
            if planned.into_iter().all(|second| self.allowed(job, pool, second)) {
                let place = pools.iter().position(|&other| self.better(job, pool, other, |_| 0));
                pools.insert(place.unwrap_or(pools.len()), pool);
            }
        }
        let (pool, victims) =
            pools.into_iter().find_map(|pool| Some((pool, self.victims(job, pool, now, gone)?)))?;
        for (victim, why) in victims {
            self.gave_way.push(victim);
            if gone == now {
                self.stop(victim, now, why);
                continue;
            }
            let live = self.states[victim].live.as_mut().expect("it runs");
            let (of, planned) = (live.pool, live.planned);
            self.disrupted |= self.pools[of].floor.is_some();
            live.notice = Some(why);
            live.end = live.end.min(gone);
            live.planned = live.planned.min(gone);
            self.count(of, now);
            let last = second(self.world.period.end().seconds());
            let class = usize::try_from(self.world.jobs[victim].class).expect("few classes");
            let less = whole(planned.min(gone).min(last)) - whole(planned.min(last));
            self.draw(class, of, self.world.jobs[victim].size, less);
        }
        if gone == now {
            return Some(pool);
        }
        self.claim = Some((job, gone));
        None
    }

    pub(super) fn victims(
        &self,
        job: usize,
        pool: usize,
        now: usize,
        gone: usize,
    ) -> Option<Vec<(usize, Why)>> {
        let span = now..(gone + self.planned(job)).min(HORIZON);
        let enough = |chosen: &[(usize, Why)]| {
            self.enough(job, pool, &span, chosen) && self.lies_after(job, pool, gone, chosen)
        };
        let world = self.world;
        let quota = self.quota(pool);
        let linked = |of: usize| of == pool || quota.is_some_and(|quota| quota.pools.contains(&of));
        let due = quota.is_some_and(|_| self.is_due(job, pool));
        let id = world.jobs[job].id;
        let mut chosen: Vec<(usize, Why)> = vec![];
        for other in self.weakest_first(|live| linked(live.pool) && live.notice.is_none()) {
            if enough(&chosen) {
                break;
            }
            let of = self.states[other].live.expect("it runs").pool;
            if !self.may_preempt(job, of, now) {
                continue;
            }
            let same = self.class(other).party == self.class(job).party;
            let lower = self.class(other).priority < self.class(job).priority;
            if world.policy.preemption.priority && lower && (quota.is_none() || same) {
                chosen.push((other, Why::Outranked(id)));
            } else if world.policy.preemption.reclaim && due && !same {
                let due = self.due(pool, self.class(other).party);
                let held = self.holds(pool, self.class(other).party, &chosen);
                if held > i64::from(due.nominal) * WHOLE {
                    chosen.push((other, Why::Reclaimed(id)));
                }
            }
        }
        if !enough(&chosen) {
            return None;
        }
        for index in (0..chosen.len()).rev() {
            let mut fewer = chosen.clone();
            fewer.remove(index);
            if enough(&fewer) {
                chosen = fewer;
            }
        }
        Some(chosen)
    }

    /// Whether the terms let a job make others give way in a pool.
    pub(super) fn may_preempt(&self, job: usize, pool: usize, now: usize) -> bool {
        let windows = self.class(job).preempts.get(self.pools[pool].real);
        windows.is_none_or(|windows| windows.iter().any(|it| it.contains(at(whole(now)))))
    }

    /// Whether a job keeps its quota once some are gone, and the GPUs that are then touched by nobody
    /// are enough by count: throughout for a gang, where the supply steps down for a share.
    fn enough(
        &self,
        job: usize,
        pool: usize,
        span: &Range<usize>,
        chosen: &[(usize, Why)],
    ) -> bool {
        let size = self.world.jobs[job].size;
        let stays = |job: usize| chosen.iter().all(|&(victim, _)| victim != job);
        let touched = self.touched(pool, span.clone(), stays);
        let level = &self.pools[pool].level;
        let fits = |(second, touched): (usize, i64)| {
            let falls = second > span.start && level[second] < level[second - 1];
            size.share().is_some() && !falls || level[second] - touched >= i64::from(size.gpus())
        };
        self.quota_after(job, pool, chosen) && span.clone().zip(touched).all(fits)
    }
}
