//! Who has to stop: where GPUs fail or go out of service, and for the head of the queue.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use comity_base::Instant;

use crate::floors::{Floors, Look};
use crate::plan::{Ended, PlanError};
use crate::pool::Ask;
use crate::quota::Quotas;
use crate::runs::Running;
use crate::scheduler::Scheduler;

/// A job that others were told to give way to: the head of the queue until they are gone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    pub(crate) rank: usize,
    /// When they are gone.
    pub(crate) at: Instant,
}

/// A running job that may have to stop.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    rank: usize,
    pool: usize,
    party: u32,
    ask: Ask,
    planned_end: Instant,
    ended: Ended,
}

impl Candidate {
    /// GPUs that it holds for itself.
    fn own_gpus(&self) -> i64 {
        if self.ask.is_share() { 0 } else { self.ask.gpus() }
    }
}

impl Scheduler<'_> {
    /// Takes down the GPUs of a fault and stops the jobs that held them.
    pub(crate) fn fail(&mut self, fault: usize, now: Instant) -> Result<(), PlanError> {
        let it = &self.inputs.faults[fault];
        let until = it.window.end();
        if let Some(struck) = self.floors.strike(it.pool, it.first, it.gpus, until) {
            for rank in struck.ranks {
                self.stop_now(it.pool, rank, now, Ended::Fault { fault })?;
            }
            self.pools[it.pool].fail(struck.gpus, now, until);
            self.floors.lay(it.pool, self.pools[it.pool].level());
            self.may_take_more(it.pool);
            self.disrupted = true;
            return Ok(());
        }
        let state = &self.pools[it.pool];
        let there = state.free() + state.used();
        let down = i64::from(it.gpus).min(there);
        let first = i64::from(it.first) % there.max(1);
        // What goes beyond the last GPU strikes from the first on.
        let struck = |from: i64, gpus: i64| {
            from < first + down && first < from + gpus || from + there < first + down
        };
        let mut running: Vec<Running> = self.runs.in_pool(it.pool).collect();
        running.sort_unstable_by_key(|running| running.rank);
        let mut from = 0;
        for Running { rank, pool, gpus, .. } in running {
            let gpus = i64::from(gpus);
            if struck(from, gpus) {
                self.stop_now(pool, rank, now, Ended::Fault { fault })?;
            }
            from += gpus;
        }
        self.pools[it.pool].fail(i64::from(it.gpus), now, until);
        self.may_take_more(it.pool);
        self.disrupted = true;
        Ok(())
    }

    /// Takes GPUs out of service and stops as many jobs as it takes.
    pub(crate) fn maintain(&mut self, maintenance: usize, now: Instant) -> Result<(), PlanError> {
        let it = &self.inputs.maintenance[maintenance];
        let (gpus, until) = (i64::from(it.gpus), it.window.end());
        for rank in self.floors.close(it.pool, &it.nodes, (now, until)) {
            self.stop_now(it.pool, rank, now, Ended::Maintenance { maintenance })?;
        }
        let mut running: Vec<Running> = self.runs.in_pool(it.pool).collect();
        running.sort_unstable_by_key(|running| self.weakness(running));
        let mut stopped: BTreeSet<usize> = BTreeSet::new();
        for (place, Running { rank, pool, planned_end, .. }) in running.iter().enumerate() {
            let Some(at) = self.pools[*pool].needed(gpus, now, until) else { break };
            if *planned_end <= at || stopped.contains(rank) {
                continue;
            }
            // Those that share a GPU with it would keep the GPU.
            let shared = self.floors.sharers(*pool, *rank, at);
            for it in &running[place..] {
                if it.rank == *rank || shared.contains(&it.rank) {
                    self.stop_now(it.pool, it.rank, now, Ended::Maintenance { maintenance })?;
                    stopped.insert(it.rank);
                }
            }
        }
        self.pools[it.pool].take_out(gpus, now, until);
        self.floors.lay(it.pool, self.pools[it.pool].level());
        self.may_take_more(it.pool);
        self.disrupted = true;
        Ok(())
    }

    /// Who gives way first: the lowest priority, then the latest start, then the last in order of
    /// arrival.
    fn weakness(&self, it: &Running) -> (u16, Reverse<Instant>, Reverse<usize>) {
        (self.class(it.rank).priority, Reverse(self.started(it.rank)), Reverse(it.rank))
    }

    fn stop_now(
        &mut self,
        pool: usize,
        rank: usize,
        now: Instant,
        ended: Ended,
    ) -> Result<(), PlanError> {
        let running = self.runs.take(pool, rank);
        self.stop(running, now, ended)
    }

    /// Makes others give way to the head if that lets it start sooner; the pool where it can start
    /// now, if it can.
    pub(crate) fn make_room(
        &mut self,
        rank: usize,
        now: Instant,
    ) -> Result<Option<usize>, PlanError> {
        let preemption = self.inputs.policy.preemption;
        if !preemption.is_on() || self.gave_way.contains(&rank) {
            return Ok(None);
        }
        if self.claim.is_some_and(|claim| claim.rank == rank && now < claim.at) {
            // Enough were told; what they hold still counts under quotas until they are gone.
            return Ok(None);
        }
        let gone = now.plus_seconds(i64::from(preemption.grace_seconds));
        let (milli, party) = (self.items[rank].ask.milli(), self.class(rank).party);
        let has_quota = |it: &Self, pool: usize| it.quotas.headroom(party, pool) >= milli;
        let soonest = self.first_start(rank, now, has_quota);
        if soonest.is_some_and(|(start, _)| start <= gone) {
            return Ok(None);
        }
        let mut floors = std::mem::take(&mut self.floors);
        let found = self.victims(rank, now, gone, &mut floors);
        self.floors = floors;
        let Some((pool, victims)) = found else { return Ok(None) };
        for victim in victims {
            self.gave_way.insert(victim.rank);
            if gone == now {
                self.stop_now(victim.pool, victim.rank, now, victim.ended)?;
            } else {
                let Candidate { pool, rank, ended, .. } = victim;
                let before = self.runs.give_notice(pool, rank, gone, ended);
                let planned_end = before.planned_end.min(gone);
                let state = &mut self.pools[pool];
                match self.floors.shorten(pool, rank, planned_end) {
                    Some(touch) => state.touch(touch, now),
                    None => {
                        state.finish(victim.own_gpus(), now, before.planned_end);
                        state.start(victim.own_gpus(), now, planned_end);
                    }
                }
                self.may_take_more(victim.pool);
                // What the head's place is made of ends sooner.
                self.disrupted |= self.floors.has(victim.pool);
                self.shorten(&before, planned_end)?;
            }
        }
        if gone == now {
            return Ok(Some(pool));
        }
        self.claim = Some(Claim { rank, at: gone });
        Ok(None)
    }

    /// Draws only what a job that is told to give way is now planned for.
    fn shorten(&mut self, before: &Running, planned_end: Instant) -> Result<(), PlanError> {
        let end = self.inputs.period.end();
        let seconds = planned_end.min(end).seconds() - before.planned_end.min(end).seconds();
        let item = &self.items[before.rank];
        let (class, pool, milli) = (item.class, before.pool, item.ask.milli());
        self.drawdown.draw(crate::drawdown::Draw { class, pool, milli, seconds })
    }

    /// The pool that the head goes to first of those where enough jobs can give way, and these jobs.
    fn victims(
        &self,
        rank: usize,
        now: Instant,
        gone: Instant,
        floors: &mut Floors,
    ) -> Option<(usize, Vec<Candidate>)> {
        let item = &self.items[rank];
        let end = gone.plus_seconds(item.ask.seconds);
        let opening = self.lanes[item.lane].opening;
        let mut pools: Vec<usize> = (0..self.pools.len())
            .filter(|&pool| self.allowed_until[opening][pool] >= end)
            .filter(|&pool| !item.ask.is_share() || floors.has(pool))
            .collect();
        pools.sort_by(|&a, &b| self.drawdown.rank(item.class, a, b));
        pools.into_iter().find_map(|pool| {
            let on_floor = floors.look(pool, &self.pools[pool], now, |look| {
                look.go_on(gone);
                self.victims_in(rank, pool, (now, gone), Some(look))
            });
            let victims = match on_floor {
                Some(victims) => victims,
                None => self.victims_in(rank, pool, (now, gone), None),
            };
            Some((pool, victims?))
        })
    }

    /// The jobs that give way in a pool, if enough can; `look` is at its floor when they are gone.
    fn victims_in(
        &self,
        rank: usize,
        pool: usize,
        (now, gone): (Instant, Instant),
        mut look: Option<&mut Look<'_>>,
    ) -> Option<Vec<Candidate>> {
        let item = &self.items[rank];
        let party = self.class(rank).party;
        let end = gone.plus_seconds(item.ask.seconds);
        let mut lacks = self.pools[pool].lacks(item.ask.gpus(), now, end);
        if item.ask.is_share() {
            // Whether it fits at first is for the floor to say.
            lacks.retain(|&(at, _)| at > now);
        }
        let need = self.lanes[item.lane].need;
        let mut enough = |chosen: &[Candidate]| {
            let quotas = without(&self.quotas, chosen);
            if quotas.headroom(party, pool) < item.ask.milli() {
                return false;
            }
            let here: Vec<&Candidate> = chosen.iter().filter(|it| it.pool == pool).collect();
            let ranks: BTreeSet<usize> = here.iter().map(|it| it.rank).collect();
            let mut look = look.as_deref_mut();
            let back = |&(at, lacking): &(Instant, i64)| {
                let own = here.iter().filter(|it| it.planned_end > at);
                let shared = look.as_ref().map_or(0, |look| look.gpus_back(at, &ranks));
                own.map(|it| it.own_gpus()).sum::<i64>() + shared >= lacking
            };
            lacks.iter().all(back)
                && look.as_mut().is_none_or(|look| {
                    look.fits_without(need, (item.ask.amount(), end), ranks.into_iter())
                })
        };
        let mut chosen: Vec<Candidate> = Vec::new();
        for candidate in self.candidates(rank, pool, now) {
            if enough(&chosen) {
                break;
            }
            let reclaimed = match candidate.ended {
                Ended::Reclaimed { .. } => true,
                Ended::Outranked { .. }
                | Ended::Done
                | Ended::Fault { .. }
                | Ended::Maintenance { .. } => false,
            };
            let quotas = without(&self.quotas, &chosen);
            if reclaimed && !quotas.borrows(candidate.party, candidate.pool) {
                continue;
            }
            chosen.push(candidate);
        }
        if !enough(&chosen) {
            return None;
        }
        // Who turns out not to be needed stays, the strongest first.
        for index in (0..chosen.len()).rev() {
            let kept = chosen.remove(index);
            if !enough(&chosen) {
                chosen.insert(index, kept);
            }
        }
        Some(chosen)
    }

    /// The jobs that may have to give way to the head in a pool, the weakest first: none where the
    /// terms do not let it.
    fn candidates(&self, rank: usize, pool: usize, now: Instant) -> Vec<Candidate> {
        let preemption = self.inputs.policy.preemption;
        let (class, milli) = (self.class(rank), self.items[rank].ask.milli());
        let quota = self.quotas.of(pool);
        let reclaims = preemption.reclaim && self.quotas.is_due(class.party, pool, milli);
        let one = [pool];
        let linked = quota.map_or(&one[..], |quota| self.quotas.pools(quota));
        let by = self.id(rank);
        let mut found = Vec::new();
        for &of in linked.iter().filter(|&&of| class.may_preempt(of, now)) {
            for it in self.runs.in_pool(of) {
                let other = self.class(it.rank);
                let same_party = other.party == class.party;
                let outranked = preemption.priority
                    && other.priority < class.priority
                    && (quota.is_none() || same_party);
                let ended = if outranked {
                    Ended::Outranked { by }
                } else if reclaims && !same_party {
                    Ended::Reclaimed { by }
                } else {
                    continue;
                };
                if it.notice.is_none() {
                    let candidate = Candidate {
                        rank: it.rank,
                        pool: of,
                        party: other.party,
                        ask: self.items[it.rank].ask,
                        planned_end: it.planned_end,
                        ended,
                    };
                    found.push((self.weakness(&it), candidate));
                }
            }
        }
        found.sort_by_key(|&(weakness, _)| weakness);
        found.into_iter().map(|(_, candidate)| candidate).collect()
    }
}

/// Quotas as they are once these jobs are gone.
fn without<'a>(quotas: &Quotas<'a>, gone: &[Candidate]) -> Quotas<'a> {
    let mut quotas = quotas.clone();
    for candidate in gone {
        quotas.hold(candidate.party, candidate.pool, -candidate.ask.milli());
    }
    quotas
}
