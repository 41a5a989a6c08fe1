//! What quotas let a party hold.

use comity_placement::{Due, Quota};

use super::{HORIZON, Model, Why, whole};
use crate::world::at;

/// Thousandths of a whole GPU.
pub(super) const WHOLE: i64 = 1_000;

impl<'a> Model<'a> {
    /// The quota of a pool now.
    pub(super) fn quota(&self, pool: usize) -> Option<&'a Quota> {
        let now = at(whole(self.now));
        let mut quotas = self.world.quotas.iter();
        quotas.find(|quota| quota.pools.contains(&pool) && quota.window.contains(now))
    }

    /// What the party is due in a pool.
    pub(super) fn due(&self, pool: usize, party: u32) -> Due {
        let dues = self.quota(pool).map(|quota| &quota.dues[..]).unwrap_or_default();
        let none = Due { party, nominal: 0, lends: None, borrows: None };
        dues.iter().copied().find(|due| due.party == party).unwrap_or(none)
    }

    /// Thousandths that a party holds under the quota of a pool once some jobs are gone.
    pub(super) fn holds(&self, pool: usize, party: u32, gone: &[(usize, Why)]) -> i64 {
        let quota = self.quota(pool);
        let mut sum = 0;
        for job in 0..self.states.len() {
            let there = self.states[job]
                .live
                .is_some_and(|live| quota.is_some_and(|quota| quota.pools.contains(&live.pool)));
            let stays = gone.iter().all(|&(victim, _)| victim != job);
            if there && stays && self.class(job).party == party {
                sum += self.milli(job);
            }
        }
        sum
    }

    pub(super) fn is_due(&self, job: usize, pool: usize) -> bool {
        let party = self.class(job).party;
        let nominal = i64::from(self.due(pool, party).nominal) * WHOLE;
        self.holds(pool, party, &[]) + self.milli(job) <= nominal
    }

    fn milli(&self, job: usize) -> i64 {
        i64::try_from(self.world.jobs[job].size.milli()).expect("few")
    }

    pub(super) fn has_quota(&self, job: usize, pool: usize) -> bool {
        self.quota_after(job, pool, &[])
    }

    /// Whether a job keeps the quota of a pool once some jobs are gone.
    pub(super) fn quota_after(&self, job: usize, pool: usize, gone: &[(usize, Why)]) -> bool {
        let Some(quota) = self.quota(pool) else {
            return true;
        };
        let me = self.class(job).party;
        let due = self.due(pool, me);
        let mine = self.holds(pool, me, gone) + self.milli(job);
        let nominal = |due: &Due| i64::from(due.nominal) * WHOLE;
        if due.borrows.is_some_and(|most| mine > nominal(&due) + i64::from(most) * WHOLE) {
            return false;
        }
        let lends = |due: &Due| i64::from(due.lends.unwrap_or(u32::MAX).min(due.nominal)) * WHOLE;
        let kept_back = |due: &Due| nominal(due) - lends(due);
        if mine <= kept_back(&due) {
            return true;
        }
        let lent: i64 = quota.dues.iter().map(lends).sum();
        let taken: i64 = (0..8)
            .map(|party| {
                let held = if party == me { mine } else { self.holds(pool, party, gone) };
                (held - kept_back(&self.due(pool, party))).max(0)
            })
            .sum();
        taken <= lent
    }

    fn may_hold(&self, job: usize, pool: usize, now: usize) -> bool {
        let quota = self.quota(pool);
        let lets =
            quota.is_some_and(|quota| quota.pools.iter().any(|&of| self.may_preempt(job, of, now)));
        self.has_quota(job, pool) || lets && self.reclaims(job, pool)
    }

    fn reclaims(&self, job: usize, pool: usize) -> bool {
        let under = self.quota(pool).is_some();
        self.world.policy.preemption.reclaim && under && self.is_due(job, pool)
    }

    pub(super) fn may_have_place(&self, job: usize, pool: usize) -> bool {
        let claims = self.claim.is_some_and(|(claims, _)| claims == job);
        self.has_quota(job, pool) || claims && self.reclaims(job, pool)
    }

    pub(super) fn passes_quota(&self, job: usize, now: usize) -> bool {
        (0..self.pools.len()).any(|pool| {
            let opens = (now..HORIZON).any(|second| self.allowed(job, pool, second));
            opens && self.may_hold(job, pool, now)
        }) || self.world.quotas.is_empty()
    }
}
