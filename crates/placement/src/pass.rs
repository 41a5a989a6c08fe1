//! First come first served, first fit and EASY backfill, over many pools.
//!
//! Under EASY the head of the queue holds a place in the pool where it can start first. One that could
//! not start anywhere before the terms or the fleet close on it, by what running jobs asked, is set
//! aside: it holds nothing, the next one is the head, and it starts if something ends early enough
//! and the head is not delayed. Where there are quotas such a one is passed instead, as long as the
//! terms leave it time: it holds nothing either, and is looked at again in its turn at each event.
//! The place is a step down of that pool's supply like any other, so
//! that one test says whether a job may start: from now to its planned end, the GPUs are there and
//! the terms allow it. Where a job did not fit it still does not as time passes, unless something
//! ended, opened or was given up in the pool; so only such pools are looked at again, and for new
//! jobs all.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use comity_base::Instant;
use comity_fleet::Size;

use crate::openings::{Level, first_open};
use crate::plan::PlanError;
use crate::policy::{Backfill, Order, SitePolicy};
use crate::pool::{HeldPlace, Room};
use crate::scheduler::{Item, LaneOf, Scheduler};

impl Scheduler<'_> {
    /// Starts what can start at an instant.
    pub(crate) fn pass(&mut self, now: Instant, reordered: bool) -> Result<(), PlanError> {
        let by_arrival = self.inputs.policy.order == Order::Arrival;
        let gives_way = self.inputs.policy.preemption.is_on();
        let plain = self.quotas.is_empty() && !gives_way;
        // New jobs that come behind all others need not be queued to be looked at.
        let behind = plain && (by_arrival || self.queue.is_empty());
        while !behind && let Some(rank) = self.next_arrival(now) {
            if self.enqueue(rank, now) {
                self.fresh.push(rank);
            }
        }
        let anything = reordered || !self.changed.is_empty() || !self.fresh.is_empty();
        if !self.queue.is_empty() && anything {
            self.start_heads(now)?;
            self.backfill(now)?;
        }
        self.changed.clear();
        if !behind {
            return Ok(());
        }
        if by_arrival {
            while let Some(rank) = self.next_arrival(now) {
                self.arrive(rank, now)?;
            }
            return Ok(());
        }
        let mut fresh = Vec::new();
        while let Some(rank) = self.next_arrival(now) {
            fresh.push(rank);
        }
        fresh.sort_by_key(|&rank| self.order_of(rank));
        fresh.into_iter().try_for_each(|rank| self.arrive(rank, now))
    }

    /// Where a job stands in the order.
    pub(crate) fn order_of(&self, rank: usize) -> (u32, usize) {
        (self.shares.place(self.lanes[self.items[rank].lane].group), rank)
    }

    /// Starts jobs from the head of the queue on, until one has to wait.
    fn start_heads(&mut self, now: Instant) -> Result<(), PlanError> {
        // Heads that hold nothing: what their quotas leave them can be more at the next event.
        let mut passed: BTreeSet<usize> = BTreeSet::new();
        loop {
            let head = self.head(now, &passed);
            let kept = self.keep_place(head, now);
            let Some(rank) = head else { break };
            if let Some(pool) = self.best_pool(rank, now, None, kept) {
                self.start_head(rank, pool, now)?;
                continue;
            }
            let claim = self.claim;
            if let Some(pool) = self.make_room(rank, now)? {
                self.start_head(rank, pool, now)?;
                continue;
            }
            if claim.is_none() && self.claim.is_some() {
                // Where others stop in time it may fit at once.
                continue;
            }
            if self.claim.is_some_and(|claim| claim.rank == rank && now >= claim.at) {
                // Something came between; it waits in order like any other.
                self.claim = None;
                continue;
            }
            let holds = match self.inputs.policy.backfill {
                Backfill::FirstFit => self.claim.is_some(),
                Backfill::None | Backfill::Easy | Backfill::Conservative => true,
            };
            if !holds {
                // A place that was held for a claim which came to nothing.
                self.keep_place(None, now);
                break;
            }
            if self.reserve(rank, now, kept) {
                break;
            }
            self.claim = None;
            if self.quotas.is_empty() || !self.may_ever_start(rank, now) {
                self.queue.set_aside(rank, &self.items[rank]);
            } else {
                passed.insert(rank);
            }
        }
        Ok(())
    }

    /// Whether the terms leave a job the time that it asks for anywhere from now on.
    fn may_ever_start(&self, rank: usize, now: Instant) -> bool {
        let Item { class, ask, .. } = self.items[rank];
        (0..self.pools.len()).any(|pool| {
            let open = self.openings.up_to(Level::Allow, class, pool);
            first_open(open, now, ask.seconds).is_some()
        })
    }

    /// The job that others have to wait for: one that others give way to, else the first in order
    /// that no quota holds back.
    fn head(&self, now: Instant, passed: &BTreeSet<usize>) -> Option<usize> {
        if let Some(claim) = self.claim {
            return Some(claim.rank);
        }
        self.queue
            .head(&self.shares, |rank| !passed.contains(&rank) && self.passes_quota(rank, now))
    }

    /// Gives up the place that is held unless it is the head's and still good; whether it is.
    fn keep_place(&mut self, head: Option<usize>, now: Instant) -> bool {
        let Some(held) = self.held else { return false };
        // On a floor it may turn out that the nodes which were to be free lie elsewhere.
        let over = self.floors.has(held.pool) && held.start <= now;
        if head == Some(held.rank) && !self.disrupted && self.quotas.is_empty() && !over {
            return true;
        }
        self.held = None;
        self.floors.leave_place();
        self.changed.insert(held.pool);
        false
    }

    fn start_head(&mut self, rank: usize, pool: usize, now: Instant) -> Result<(), PlanError> {
        if let Some(held) = self.held.take() {
            // Without the place that it held others may fit there.
            self.floors.leave_place();
            self.changed.insert(held.pool);
        }
        if self.claim.is_some_and(|claim| claim.rank == rank) {
            self.claim = None;
        }
        self.queue.remove(rank, &self.items[rank]);
        self.start(rank, pool, now)
    }

    /// Starts jobs out of turn that do not delay the head, in order.
    fn backfill(&mut self, now: Instant) -> Result<(), PlanError> {
        let mut fresh = std::mem::take(&mut self.fresh);
        fresh.sort_by_key(|&rank| self.order_of(rank));
        let mut rooms = std::mem::take(&mut self.rooms);
        let changed = self.changed.as_slice().iter().copied();
        let mut firsts: Vec<(usize, Option<usize>)> =
            changed.map(|pool| (pool, self.first_for(pool, now, &mut rooms))).collect();
        let may_pass = match self.inputs.policy.backfill {
            Backfill::FirstFit | Backfill::Easy => true,
            Backfill::None | Backfill::Conservative => false,
        };
        let mut fresh = fresh.into_iter().filter(|_| may_pass).peekable();
        loop {
            let old = firsts.iter().filter_map(|&(_, first)| first);
            let old = old.min_by_key(|&rank| self.order_of(rank));
            let first = fresh
                .next_if(|&rank| old.is_none_or(|old| self.order_of(rank) <= self.order_of(old)));
            let Some(rank) = first.or(old) else { break };
            if first.is_some() && !self.queue.waits(rank, &self.items[rank]) {
                continue;
            }
            let Some(pool) = self.best_pool(rank, now, self.held, false) else {
                assert!(first.is_some(), "a job that a pool can take has a best pool");
                continue;
            };
            if self.claim.is_some_and(|claim| claim.rank == rank) {
                self.claim = None;
            }
            self.queue.remove(rank, &self.items[rank]);
            self.start(rank, pool, now)?;
            let quota = self.quotas.of(pool);
            for (of, first) in &mut firsts {
                let linked = quota.is_some() && self.quotas.of(*of) == quota;
                if *of == pool || linked || *first == Some(rank) {
                    *first = self.first_for(*of, now, &mut rooms);
                }
            }
        }
        self.rooms = rooms;
        Ok(())
    }

    /// Starts a new job that comes behind all others if it may, or lets it wait.
    fn arrive(&mut self, rank: usize, now: Instant) -> Result<(), PlanError> {
        let may_pass = match self.inputs.policy.backfill {
            Backfill::FirstFit | Backfill::Easy => true,
            Backfill::None | Backfill::Conservative => false,
        };
        let first = self.queue.head(&self.shares, |_| true).is_none();
        if (first || may_pass)
            && let Some(pool) = self.best_pool(rank, now, self.held, false)
        {
            return self.start(rank, pool, now);
        }
        let holds = self.inputs.policy.backfill != Backfill::FirstFit;
        if self.enqueue(rank, now) && first && holds && !self.reserve(rank, now, false) {
            self.queue.set_aside(rank, &self.items[rank]);
        }
        Ok(())
    }

    /// The pool where the job starts if it starts now, of all or of those that changed; `held` is
    /// the place of another job.
    pub(crate) fn best_pool(
        &mut self,
        rank: usize,
        now: Instant,
        held: Option<HeldPlace>,
        only_changed: bool,
    ) -> Option<usize> {
        if only_changed {
            let changed = self.changed.as_slice().iter().copied();
            return self.best_of(changed, rank, now, held);
        }
        let Item { class, lane, ask, .. } = self.items[rank];
        let LaneOf { opening, shared, .. } = self.lanes[lane];
        let allowed_until = &self.allowed_until[opening];
        let mut rankings = std::mem::take(&mut self.rankings);
        let ranked = rankings.of((class, shared), &self.touched, |pool| {
            if allowed_until[pool] > now { self.room(lane, pool) } else { -1 }
        });
        let best = ranked.first(
            ask.amount(),
            |a, b| self.drawdown.by_price(class, a, b),
            |pool| self.takes(rank, now, held, pool),
        );
        self.rankings = rankings;
        debug_assert_eq!(
            best,
            self.best_of(0..self.pools.len(), rank, now, held),
            "the ranking finds what a look at each pool does"
        );
        best
    }

    /// The best of some pools, by a look at each.
    fn best_of(
        &self,
        pools: impl Iterator<Item = usize>,
        rank: usize,
        now: Instant,
        held: Option<HeldPlace>,
    ) -> Option<usize> {
        let Item { class, lane, .. } = self.items[rank];
        let takes = pools.filter(|&pool| self.takes(rank, now, held, pool));
        takes.min_by(|&a, &b| self.before(class, a, b, |pool| self.room(lane, pool)))
    }

    /// The largest job of a lane that a pool has room for now, by count and on its floor.
    fn room(&self, lane: usize, pool: usize) -> i64 {
        let LaneOf { need, shared, .. } = self.lanes[lane];
        let room = self.floors.room(pool, need);
        if shared { room } else { self.pools[pool].free().min(room) }
    }

    /// Which of two pools that a job could start in comes first: `Less` when it is `a`.
    pub(crate) fn before(
        &self,
        class: usize,
        a: usize,
        b: usize,
        room: impl Fn(usize) -> i64,
    ) -> Ordering {
        let by_price = self.drawdown.by_price(class, a, b);
        let by_room = || match self.inputs.policy.sites {
            SitePolicy::InOrder => Ordering::Equal,
            SitePolicy::Tightest => room(a).cmp(&room(b)),
        };
        by_price.then_with(by_room).then_with(|| a.cmp(&b))
    }

    /// Whether a pool can take the job now.
    fn takes(&self, rank: usize, now: Instant, held: Option<HeldPlace>, pool: usize) -> bool {
        let Item { ask, lane, .. } = self.items[rank];
        let lane = self.lanes[lane];
        let end = now.plus_seconds(ask.seconds);
        let state = &self.pools[pool];
        if end > self.allowed_until[lane.opening][pool]
            || !lane.shared && state.free() < ask.gpus()
            || self.quotas.headroom(lane.party, pool) < ask.milli()
        {
            return false;
        }
        let held = held.filter(|held| held.pool == pool);
        let start = held.map(|held| held.start);
        if self.floors.room_until(pool, lane.need, end, start) < ask.amount() {
            return false;
        }
        end <= state.free_until(ask.gpus(), now, held.as_ref())
    }

    /// The first job in order that the pool can take now beside the place that is held.
    fn first_for(&self, pool: usize, now: Instant, rooms: &mut Vec<Room>) -> Option<usize> {
        let may_start = |(lane, it): (usize, &LaneOf)| {
            self.allowed_until[it.opening][pool] > now && self.queue.waits_in(lane)
        };
        if !self.lanes.iter().enumerate().any(may_start) {
            return None;
        }
        let state = &self.pools[pool];
        let held = self.held.as_ref().filter(|held| held.pool == pool);
        state.room(now, held, rooms);
        let rooms = &rooms[..];
        let for_shares = [Room {
            above: 0,
            most: i64::from(Size::WHOLE_MILLI),
            until: state.free_until(1, now, held),
        }];
        let of_lane = |(lane, it): (usize, &LaneOf)| {
            let allowed_until = self.allowed_until[it.opening][pool];
            if allowed_until <= now {
                return None;
            }
            let headroom = self.quotas.headroom(it.party, pool);
            let (rooms, headroom) = if it.shared {
                (&for_shares[..], headroom)
            } else {
                (rooms, headroom.div_euclid(i64::from(Size::WHOLE_MILLI)))
            };
            let most = headroom.min(self.floors.room(pool, it.need));
            let limits = self.floors.limits(pool, it.need, held.map(|held| held.start));
            let rooms = &cut_rooms(rooms, limits);
            self.queue.first_in(lane, rooms, most, |room| {
                room.until.min(allowed_until).seconds() - now.seconds()
            })
        };
        let firsts = self.lanes.iter().enumerate().filter_map(of_lane);
        firsts.min_by_key(|&rank| self.order_of(rank))
    }

    /// Gives the head, which cannot start now, the first place there is; `false` when none is.
    /// `kept` says that the place it holds is still good.
    fn reserve(&mut self, rank: usize, now: Instant, kept: bool) -> bool {
        let kept = self.held.filter(|_| kept);
        let mut first = kept.map(|held| (held.start, held.pool));
        if kept.is_none() {
            first = self.first_start(rank, now, |it, pool| it.may_have_place(rank, pool));
        }
        // A pool that did not change can only offer a kept place what it did.
        if kept.is_some() {
            let mut floors = std::mem::take(&mut self.floors);
            for &pool in self.changed.as_slice() {
                first = self.earlier(rank, now, first, pool, &mut floors).or(first);
            }
            self.floors = floors;
        }
        let Some((start, pool)) = first else { return false };
        let Item { ask, lane, .. } = self.items[rank];
        let spare = self.pools[pool].free_at(start) - ask.gpus();
        // A share may lie on a GPU that is held then anyway.
        let spare = if ask.is_share() { spare.max(0) } else { spare };
        let end = start.plus_seconds(ask.seconds);
        if let Some(kept) = kept {
            assert!(start <= kept.start, "nothing that starts delays the head");
            if (start, pool) != (kept.start, kept.pool) {
                // Where the place is given up, others may fit.
                self.changed.insert(kept.pool);
            }
        }
        let same = kept.is_some_and(|kept| (start, pool) == (kept.start, kept.pool));
        if !same {
            self.floors.leave_place();
            let need = self.lanes[lane].need;
            let place =
                self.floors.look(pool, &self.pools[pool], now, |look| look.place(need, ask, start));
            place.into_iter().for_each(|place| self.floors.hold_place(pool, place));
        }
        self.held = Some(HeldPlace { rank, pool, start, end, gpus: ask.gpus(), spare });
        true
    }
}

/// Rooms as nodes limit them: larger gangs than fit beyond an instant are gone by then.
fn cut_rooms(rooms: &[Room], limits: impl Iterator<Item = (Instant, i64)>) -> Cow<'_, [Room]> {
    limits.fold(Cow::Borrowed(rooms), |rooms, (at, most)| {
        let cut = |room: &Room| {
            let larger = Room { above: room.above.max(most), until: room.until.min(at), ..*room };
            let others = Room { most: room.most.min(most), ..*room };
            [larger, others].into_iter().filter(|room| room.above < room.most)
        };
        Cow::Owned(rooms.iter().flat_map(cut).collect())
    })
}
