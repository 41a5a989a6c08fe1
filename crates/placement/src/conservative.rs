//! Conservative backfill: each job that waits holds a place, and none is moved back by another. Where
//! nodes limit what fits, a place is of nodes, which the job goes to when it starts.
//!
//! When something ends early, jobs give up their place in order, each for the first that there is
//! beside all others, if that is sooner. Where the order itself can change (by priority or shares),
//! where quotas
//! hold jobs back or where others give way, and when GPUs are gone that were planned with, all places
//! are made anew in order.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::Instant;

use crate::floors::{Calendar, Floors, Parts};
use crate::openings::Level;
use crate::plan::PlanError;
use crate::policy::Order;
use crate::pool::PoolState;
use crate::profile::Profile;
use crate::runs::Running;
use crate::scheduler::{Item, Scheduler};

/// What jobs in the queue hold.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// For each pool; none before the first instant.
    profiles: Vec<Profile>,
    by_rank: BTreeMap<usize, Place>,
    by_start: BTreeSet<(Instant, usize)>,
    /// The jobs that wait and for which there was no place.
    without: BTreeSet<usize>,
    /// Whether something ended before it was planned to.
    ended_early: bool,
    /// For each pool, what others gave up since jobs were last asked to move up.
    freed: Vec<Freed>,
}

/// What was given up of a pool: some GPUs at some time before an instant.
#[derive(Debug, Clone, Copy)]
struct Freed {
    until: Instant,
    /// No more GPUs are free at any instant before.
    most: i64,
}

const NOTHING: Freed = Freed { until: Instant::MIN, most: 0 };

#[derive(Debug, Clone, Copy)]
struct Place {
    start: Instant,
    pool: usize,
    gpus: i64,
    seconds: i64,
    /// The largest job of its kind that the pool would have taken there.
    room: i64,
}

impl Place {
    fn end(&self) -> Instant {
        self.start.plus_seconds(self.seconds)
    }
}

impl Places {
    /// The first start to come.
    pub(crate) fn next_start(&self) -> Option<Instant> {
        self.by_start.first().map(|&(start, _)| start)
    }

    /// When and where a job starts at the latest.
    pub(crate) fn of(&self, rank: usize) -> Option<(Instant, usize)> {
        self.by_rank.get(&rank).map(|place| (place.start, place.pool))
    }

    /// Gives back what a job that is over would have held.
    pub(crate) fn release(&mut self, running: &Running, gpus: i64, now: Instant) {
        if let Some(profile) = self.profiles.get_mut(running.pool)
            && running.planned_end > now
        {
            profile.add(now, running.planned_end, gpus);
            self.ended_early = true;
            self.free_up(running.pool, running.planned_end, now);
        }
    }

    /// Takes in that some GPUs of a pool were given up before an instant.
    fn free_up(&mut self, pool: usize, until: Instant, now: Instant) {
        let until = self.freed[pool].until.max(until);
        self.freed[pool] = Freed { until, most: self.profiles[pool].most(now, until) };
    }

    /// The next job by rank, from one on, that is due or might start sooner than its place says.
    fn next_to_move(&self, from: usize, now: Instant) -> Option<(usize, Place)> {
        let freed =
            |place: &Place| self.freed.iter().any(|it| it.until > now && it.most >= place.gpus);
        let mut places = self.by_rank.range(from..).map(|(&rank, &place)| (rank, place));
        places.find(|(_, place)| place.start <= now || freed(place))
    }

    fn hold(&mut self, rank: usize, place: Place, now: Instant) {
        self.profiles[place.pool].add(place.start, place.end(), -place.gpus);
        self.by_rank.insert(rank, place);
        self.without.remove(&rank);
        if place.start > now {
            self.by_start.insert((place.start, rank));
        }
    }

    fn give_up(&mut self, rank: usize) -> Option<Place> {
        let place = self.by_rank.remove(&rank)?;
        self.profiles[place.pool].add(place.start, place.end(), place.gpus);
        self.by_start.remove(&(place.start, rank));
        Some(place)
    }

    /// Lets a job that starts at its place hold it as one that runs.
    fn start(&mut self, rank: usize) {
        if let Some(place) = self.by_rank.remove(&rank) {
            self.by_start.remove(&(place.start, rank));
        }
    }

    /// Gives up all places, and what was to be away of nodes beside them.
    fn give_up_all(&mut self, floors: &mut Floors) {
        for (rank, place) in std::mem::take(&mut self.by_rank) {
            if let Some(calendar) = floors.calendar(place.pool) {
                calendar.give_up(rank);
            }
        }
        self.by_start.clear();
        self.without.clear();
        for pool in 0..self.profiles.len() {
            floors.calendar(pool).into_iter().for_each(Calendar::forget_away);
        }
    }

    /// Gives up all places; what runs now goes on as it is planned to.
    fn make_anew(&mut self, pools: &[PoolState], floors: &mut Floors, now: Instant) {
        self.give_up_all(floors);
        self.ended_early = false;
        self.freed = vec![NOTHING; pools.len()];
        self.profiles = pools.iter().map(|pool| Profile::new(pool.profile(now))).collect();
        for (pool, state) in pools.iter().enumerate() {
            floors.plan_away(pool, state, now);
        }
    }
}

impl Scheduler<'_> {
    /// Starts what can start at an instant, and gives all others that wait their places.
    pub(crate) fn pass_conservative(&mut self, now: Instant) -> Result<(), PlanError> {
        let mut fresh = Vec::new();
        while let Some(rank) = self.next_arrival(now) {
            if self.enqueue(rank, now) {
                fresh.push(rank);
            }
        }
        self.floors.advance_calendars(now);
        let unmoved = self.inputs.policy.order == Order::Arrival
            && self.quotas.is_empty()
            && !self.inputs.policy.preemption.is_on();
        if !unmoved || self.disrupted || self.places.profiles.is_empty() {
            while self.place_anew(now)? {}
            return Ok(());
        }
        for profile in &mut self.places.profiles {
            profile.advance(now);
        }
        if std::mem::take(&mut self.places.ended_early) {
            return self.move_up(fresh, now);
        }
        let starts = self.places.by_start.range(..=(now, usize::MAX));
        let due: Vec<usize> = starts.map(|&(_, rank)| rank).collect();
        for rank in due.into_iter().chain(fresh) {
            self.give_place(rank, now)?;
        }
        Ok(())
    }

    /// Gives a job the first place there is, and lets it start if that is now; the place that it left
    /// for one in another pool.
    fn give_place(&mut self, rank: usize, now: Instant) -> Result<Option<Place>, PlanError> {
        let before = self.give_up_place(rank).map(|(place, _)| place);
        let place = self.earliest_place(rank, now, |_| Instant::MAX);
        let left = before.filter(|before| place.is_none_or(|place| before.pool != place.pool));
        if let Some(left) = left {
            self.places.free_up(left.pool, left.end(), now);
        }
        let Some(place) = place else {
            self.places.without.insert(rank);
            return Ok(left);
        };
        self.hold_place(rank, place, now);
        if place.start == now {
            self.start_at_place(rank, place, now)?;
        }
        Ok(left)
    }

    /// Lets the jobs that wait, in order of arrival, start sooner than they were to, where something was
    /// given up; new ones, and those for which there was no place, are given what there is.
    fn move_up(&mut self, fresh: Vec<usize>, now: Instant) -> Result<(), PlanError> {
        let mut others: BTreeSet<usize> = self.places.without.clone();
        others.extend(fresh);
        // What is given up from now on is offered to those ahead at the next time.
        let mut next = vec![Instant::MIN; self.pools.len()];
        let mut from = 0;
        loop {
            let placed = self.places.next_to_move(from, now);
            let other = others.range(from..).next().copied();
            let first = placed.map(|(rank, _)| rank).into_iter().chain(other).min();
            let Some(rank) = first else { break };
            from = rank + 1;
            let left = match placed.filter(|&(placed, place)| placed == rank && place.start > now) {
                None => self.give_place(rank, now)?,
                Some((_, place)) => self.start_sooner(rank, place, now)?,
            };
            if let Some(left) = left {
                next[left.pool] = next[left.pool].max(left.end());
            }
        }
        self.places.freed.fill(NOTHING);
        for (pool, until) in next.into_iter().enumerate().filter(|&(_, until)| until > now) {
            self.places.free_up(pool, until, now);
        }
        Ok(())
    }

    /// Lets a job give up its place for a sooner one, in a pool of which something was given up before, and
    /// start there if that is now; the place that it left.
    fn start_sooner(
        &mut self,
        rank: usize,
        place: Place,
        now: Instant,
    ) -> Result<Option<Place>, PlanError> {
        let limits: Vec<Instant> =
            self.places.freed.iter().map(|freed| freed.until.min(place.start)).collect();
        // What it holds itself is in its way only where it would still be there.
        let apart = limits[place.pool].plus_seconds(place.seconds) <= place.start;
        let found = if apart { self.earliest_place(rank, now, |pool| limits[pool]) } else { None };
        if apart && found.is_none() {
            return Ok(None);
        }
        let parts = self.give_up_place(rank).and_then(|(_, parts)| parts);
        let sooner = found.or_else(|| self.earliest_place(rank, now, |pool| limits[pool]));
        let Some(sooner) = sooner else {
            self.places.hold(rank, place, now);
            if let Some((calendar, parts)) = self.floors.calendar(place.pool).zip(parts) {
                calendar.hold(rank, (place.start, place.end()), parts);
            }
            return Ok(None);
        };
        self.places.free_up(place.pool, place.end(), now);
        self.hold_place(rank, sooner, now);
        if sooner.start == now {
            self.start_at_place(rank, sooner, now)?;
        }
        Ok(Some(place))
    }

    fn start_at_place(&mut self, rank: usize, place: Place, now: Instant) -> Result<(), PlanError> {
        self.places.start(rank);
        self.queue.remove(rank, &self.items[rank]);
        if self.claim.is_some_and(|claim| claim.rank == rank) {
            self.claim = None;
        }
        self.start(rank, place.pool, now)
    }

    /// Gives all jobs in order their places; whether that is to be done again, because others gave
    /// way.
    fn place_anew(&mut self, now: Instant) -> Result<bool, PlanError> {
        self.places.make_anew(&self.pools, &mut self.floors, now);
        let mut ranks = self.queue.in_order(&self.shares);
        if let Some(claim) = self.claim {
            ranks.sort_by_key(|&rank| rank != claim.rank);
        }
        let mut may_make_room = true;
        for rank in ranks {
            if !self.passes_quota(rank, now) {
                continue;
            }
            let place = self.earliest_place(rank, now, |_| Instant::MAX);
            if let Some(place) = place
                && place.start == now
                && self.quotas.headroom(self.class(rank).party, place.pool)
                    >= self.items[rank].ask.milli()
            {
                self.hold_place(rank, place, now);
                self.start_at_place(rank, place, now)?;
                continue;
            }
            if std::mem::take(&mut may_make_room) {
                let (claimed, told) = (self.claim.is_some(), self.gave_way.len());
                if let Some(pool) = self.make_room(rank, now)? {
                    // It starts where it fits now, whatever was planned there.
                    self.places.give_up_all(&mut self.floors);
                    self.queue.remove(rank, &self.items[rank]);
                    self.start(rank, pool, now)?;
                    return Ok(true);
                }
                if self.claim.is_some_and(|claim| claim.rank == rank && now >= claim.at) {
                    self.claim = None;
                    return Ok(true);
                }
                // What others hold is less now.
                if self.gave_way.len() > told || !claimed && self.claim.is_some() {
                    return Ok(true);
                }
            }
            match place {
                Some(place) => self.hold_place(rank, place, now),
                None => {
                    self.claim.take_if(|claim| claim.rank == rank);
                    self.places.without.insert(rank);
                }
            }
        }
        Ok(false)
    }

    /// Lets a job hold a place, and nodes where the pool has a floor.
    fn hold_place(&mut self, rank: usize, place: Place, now: Instant) {
        let Item { ask, lane, .. } = self.items[rank];
        self.places.hold(rank, place, now);
        if let Some(calendar) = self.floors.calendar(place.pool) {
            let parts = calendar.choose(self.lanes[lane].need, ask, place.start);
            calendar.hold(rank, (place.start, place.end()), parts);
        }
    }

    /// Gives up the place of a job, if it holds one; which that was, with its nodes.
    fn give_up_place(&mut self, rank: usize) -> Option<(Place, Option<Parts>)> {
        let place = self.places.give_up(rank)?;
        let calendar = self.floors.calendar(place.pool);
        Some((place, calendar.and_then(|calendar| calendar.give_up(rank))))
    }

    /// The first place for a job, in the pool that it goes to first of those that have it then; in each
    /// before an instant.
    fn earliest_place(
        &mut self,
        rank: usize,
        now: Instant,
        until: impl Fn(usize) -> Instant,
    ) -> Option<Place> {
        let Item { class, ask, lane, .. } = self.items[rank];
        let need = self.lanes[lane].need;
        let mut floors = std::mem::take(&mut self.floors);
        let mut best: Option<Place> = None;
        for (pool, profile) in self.places.profiles.iter().enumerate() {
            if !self.quotas.is_empty() && !self.may_have_place(rank, pool) {
                continue;
            }
            let before = best.map_or(Instant::MAX, |best| best.start.plus_seconds(1));
            let before = before.min(until(pool));
            if before <= now {
                continue;
            }
            let open = self.openings.up_to(Level::Allow, class, pool);
            let calendar = floors.calendar(pool);
            let (start, on_floor) = match calendar {
                Some(calendar) => {
                    let start = calendar.earliest(need, ask, profile, (now, before), open);
                    (start, start.map_or(0, |start| calendar.room(need, ask, start)))
                }
                None => (profile.earliest(ask, now, before, open), i64::MAX),
            };
            let Some(start) = start else { continue };
            let room = profile.free_at(start).min(on_floor);
            let better = best.is_none_or(|best| {
                let rooms = |it: usize| if it == pool { room } else { best.room };
                start < best.start || self.before(class, pool, best.pool, rooms).is_lt()
            });
            if better {
                best = Some(Place { start, pool, gpus: ask.gpus(), seconds: ask.seconds, room });
            }
        }
        self.floors = floors;
        best
    }
}
