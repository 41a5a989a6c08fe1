//! A plain simulator of small worlds that looks at every second, and at every pool and every
//! second of every job, and so shares neither events nor searches with the planner.

mod gives_way;
mod lies;
mod places;
mod quotas;
mod upsets;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use comity_fleet::{Job, Size};
use comity_placement::{
    Backfill, BeforeMaintenance, Class, Order, Plan, Policy, Ruling, SitePolicy,
};

use crate::floor::{self, Floor};
use crate::world::{World, at};

/// Every change in a world comes well before; seconds from here on are not looked at.
pub(crate) const HORIZON: usize = 1_200;

/// What becomes of a job, as far as the model tells, with its pieces: pool, start, end, seconds
/// lost and why it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) pieces: Vec<SeenPiece>,
    pub(crate) rest: Rest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeenPiece {
    pub(crate) pool: usize,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) lost: i64,
    pub(crate) why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    Done,
    Outranked(u64),
    Reclaimed(u64),
    Fault(usize),
    Maintenance(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    Done,
    /// In the queue at the end; for one that holds a place, when it would start.
    Queued {
        latest: Option<i64>,
        ahead: usize,
    },
    /// In the queue, and only its quota keeps it from every pool.
    HeldBack,
    /// In the queue until no opening was left.
    Missed,
    /// It never came into the queue, or did not come back to it.
    Refused,
}

#[derive(Debug, Clone, Copy)]
struct Live {
    pool: usize,
    start: usize,
    end: usize,
    planned: usize,
    notice: Option<Why>,
}

#[derive(Debug, Clone, Default)]
struct State {
    waits: bool,
    aside: bool,
    live: Option<Live>,
    saved: i64,
    pieces: Vec<SeenPiece>,
    done: bool,
}

/// The head in a pool with a floor, with the floor as it is to be at its start, and with the nodes
/// that are left to it where jobs have shares.
struct Then {
    job: usize,
    pool: usize,
    start: usize,
    floor: Floor,
    nodes: BTreeSet<usize>,
}

/// A pool that is planned with: one of the world's, or what is kept of it for a party.
struct Pool {
    real: usize,
    kept_for: Option<u32>,
    /// For each second, what is there, and what of it running jobs touch by plan, and places do.
    level: Vec<i64>,
    held: Vec<i64>,
    placed: Vec<i64>,
    /// What is there when nothing fails and no job runs.
    idle: Vec<i64>,
    /// Its nodes, where they limit what fits, and the same without anything on them.
    floor: Option<Floor>,
    empty: Option<Floor>,
}

pub(crate) struct Model<'a> {
    world: &'a World,
    pools: Vec<Pool>,
    drawn: Vec<i128>,
    /// Jobs by arrival.
    order: Vec<usize>,
    states: Vec<State>,
    /// By party: counted use, and GPU-seconds since.
    used: Vec<(u128, u128)>,
    /// The second that is looked at.
    now: usize,
    claim: Option<(usize, usize)>,
    /// Job, pool and start of what the head holds.
    head: Option<(usize, usize, usize)>,
    /// The same where its pool has a floor.
    then: Option<Then>,
    lies: Lies,
    places: BTreeMap<usize, (usize, usize)>,
    /// Where on a floor a job holds its place.
    spots: BTreeMap<usize, Vec<floor::Lies>>,
    /// For each pool and second, what is to be away of each node, as places were made for it.
    away: Vec<Vec<Vec<(usize, u32)>>>,
    gave_way: Vec<usize>,
    ended_early: bool,
    disrupted: bool,
    /// The maintenance before which jobs are stopped that has begun.
    begun: BTreeSet<usize>,
}

/// Seconds of a plan that fit the horizon.
fn second(seconds: i64) -> usize {
    usize::try_from(seconds).expect("worlds begin at zero").min(HORIZON)
}

fn whole(second: usize) -> i64 {
    i64::try_from(second).expect("seconds are few")
}

/// What becomes of each job beside these leases; the world's period starts at zero.
pub(crate) fn simulate(world: &World, leases: &Plan) -> Vec<Seen> {
    simulate_on_nodes(world, leases).0
}

/// On which nodes jobs lie that start at some second on a floor.
pub(crate) type Lies = BTreeMap<(usize, i64), Vec<floor::Lies>>;

/// The same, and on which nodes jobs lie.
pub(crate) fn simulate_on_nodes(world: &World, leases: &Plan) -> (Vec<Seen>, Lies) {
    let mut model = Model::new(world, leases);
    let end = second(world.period.end().seconds());
    for now in 0..end {
        model.tick(now);
    }
    let lies = std::mem::take(&mut model.lies);
    (model.seen(end), lies)
}

impl<'a> Model<'a> {
    fn new(world: &'a World, leases: &Plan) -> Self {
        let mut order: Vec<usize> = (0..world.jobs.len()).collect();
        order.sort_by_key(|&job| (world.jobs[job].submit, world.jobs[job].id));
        let mut model = Model {
            world,
            pools: pools(world),
            drawn: vec![0; world.commitments.len()],
            order,
            states: vec![State::default(); world.jobs.len()],
            used: vec![(0, 0); 8],
            now: 0,
            claim: None,
            head: None,
            then: None,
            lies: Lies::new(),
            places: BTreeMap::new(),
            spots: BTreeMap::new(),
            away: vec![],
            gave_way: vec![],
            ended_early: false,
            disrupted: false,
            begun: BTreeSet::new(),
        };
        for lease in &leases.leases {
            let held = second(lease.window.start().seconds())..second(lease.window.end().seconds());
            let seconds = whole(held.len());
            for second in held {
                model.pools[lease.pool].level[second] -= i64::from(lease.gpus);
            }
            let class = usize::try_from(world.services[lease.service].class).expect("few classes");
            model.draw(class, lease.pool, Size::Gpus(lease.gpus), seconds);
        }
        for pool in &mut model.pools {
            pool.idle = pool.level.clone();
        }
        for pool in 0..model.pools.len() {
            model.pools[pool].empty = model.new_floor(pool);
            model.pools[pool].floor = model.pools[pool].empty.clone();
            let level = model.pools[pool].level[0];
            let shut = model.shut(pool, 0..1);
            if let Some(floor) = &mut model.pools[pool].floor {
                floor.close(shut);
                floor.lay(level);
            }
        }
        model
    }

    fn tick(&mut self, now: usize) {
        self.now = now;
        self.gave_way.clear();
        self.disrupted = false;
        for job in self.order.clone() {
            if let Some(live) = self.states[job].live
                && live.end == now
            {
                let left = self.run_seconds(job);
                match live.notice {
                    Some(why) if live.start + left > now => self.stop(job, now, why),
                    Some(_) | None => self.finish(job, now),
                }
            }
        }
        for pool in 0..self.pools.len() {
            let level = self.pools[pool].level[now];
            let shut = self.shut(pool, now..now + 1);
            let floor = self.pools[pool].floor.as_mut();
            if let Some(floor) = floor
                && floor.turn(level, whole(now), shut)
            {
                if let Some(away) = self.away.get(pool) {
                    floor.lay_so(&away[now]);
                }
                // Where the head was to lie is found anew.
                self.then.take_if(|then| then.pool == pool);
            }
        }
        self.strike(now);
        let order = self.world.policy.order;
        if let Order::FairShare { half_life_seconds } = order {
            let every = usize::try_from((half_life_seconds / 16).max(1)).expect("small");
            if now > 0 && now.is_multiple_of(every) {
                for (decayed, since) in &mut self.used {
                    *decayed = (*decayed + *since * 65_536) * 4_112_874_773 / 4_294_967_296;
                    *since = 0;
                }
            }
        }
        let fresh: Vec<usize> = self
            .order
            .iter()
            .copied()
            .filter(|&job| {
                let shape = self.world.jobs[job];
                shape.submit == at(whole(now)) && shape.size.gpus() > 0 && shape.run_seconds > 0
            })
            .collect();
        let Policy { backfill, order, preemption, .. } = self.world.policy;
        let gives_way = preemption.priority || preemption.reclaim;
        if backfill == Backfill::Conservative {
            fresh.iter().for_each(|&job| self.enqueue(job, now));
            self.pass_conservative(now, &fresh);
        } else if order == Order::Arrival && self.world.quotas.is_empty() && !gives_way {
            // Those set aside before are looked at before a new job that would be the head.
            self.pass(now);
            for job in fresh {
                self.enqueue(job, now);
                self.pass(now);
            }
        } else {
            fresh.iter().for_each(|&job| self.enqueue(job, now));
            self.pass(now);
        }
        for job in 0..self.states.len() {
            if self.states[job].live.is_some() {
                let party = usize::try_from(self.class(job).party).expect("few parties");
                self.used[party].1 += u128::from(self.world.jobs[job].size.milli());
            }
        }
    }

    fn class(&self, job: usize) -> &'a Class {
        &self.world.classes[usize::try_from(self.world.jobs[job].class).expect("few classes")]
    }

    fn restart(&self, job: usize) -> i64 {
        let restart = i64::from(self.class(job).restarts.restart_seconds);
        if self.states[job].pieces.is_empty() { 0 } else { restart }
    }

    fn run_seconds(&self, job: usize) -> usize {
        let run = i64::from(self.world.jobs[job].run_seconds);
        second(run - self.states[job].saved + self.restart(job))
    }

    fn planned(&self, job: usize) -> usize {
        let Job { asked_seconds, run_seconds, .. } = self.world.jobs[job];
        let planned = i64::from(asked_seconds.max(run_seconds));
        second(planned - self.states[job].saved + self.restart(job))
    }

    /// Lets a job wait that could start in the period if it were alone.
    fn enqueue(&mut self, job: usize, now: usize) {
        let end = second(self.world.period.end().seconds());
        let mut known: BTreeMap<(usize, i64), bool> = BTreeMap::new();
        let alone = (now..end).any(|start| {
            (0..self.pools.len()).any(|pool| {
                let idle = &self.pools[pool].idle;
                self.fits_in(job, pool, start, |second| idle[second])
                    && *known
                        .entry((pool, idle[start]))
                        .or_insert_with(|| self.fits_alone(job, pool, idle[start]))
            })
        });
        self.states[job].waits = alone;
        self.states[job].aside = false;
    }

    fn finish(&mut self, job: usize, now: usize) {
        let live = self.end_piece(job, now);
        let start = whole(live.start);
        let (end, lost) = (whole(now), self.restart(job));
        let pool = self.pools[live.pool].real;
        let piece = SeenPiece { pool, start, end, lost, why: Why::Done };
        self.states[job].pieces.push(piece);
        self.states[job].done = true;
    }

    fn end_piece(&mut self, job: usize, now: usize) -> Live {
        let live = self.states[job].live.take().expect("it runs");
        self.ended_early |= now < live.planned.min(HORIZON);
        self.pools[live.pool].floor.iter_mut().for_each(|floor| floor.give_back(job));
        self.count(live.pool, now);
        if let Some(Then { pool, floor, .. }) = &mut self.then
            && *pool == live.pool
            && floor.holds(job)
        {
            floor.give_back(job);
        }
        live
    }

    fn stop(&mut self, job: usize, now: usize, why: Why) {
        let live = self.end_piece(job, now);
        let end = second(self.world.period.end().seconds());
        let class = usize::try_from(self.world.jobs[job].class).expect("few classes");
        let left = whole(live.planned.min(end)) - whole(now);
        self.draw(class, live.pool, self.world.jobs[job].size, -left);
        if live.start < now {
            let mut saved = 0;
            let every = i64::from(self.class(job).restarts.checkpoint_seconds);
            let worked = whole(now - live.start) - self.restart(job);
            while every > 0 && saved + every <= worked {
                saved += every;
            }
            self.states[job].saved += saved;
            let (start, end) = (whole(live.start), whole(now));
            let pool = self.pools[live.pool].real;
            let piece = SeenPiece { pool, start, end, lost: end - start - saved, why };
            self.states[job].pieces.push(piece);
        }
        self.enqueue(job, now);
    }

    /// The jobs that wait, first in order first.
    fn waiting(&self) -> Vec<usize> {
        let mut waiting: Vec<usize> =
            self.order.iter().copied().filter(|&job| self.states[job].waits).collect();
        let party = |job: usize| usize::try_from(self.class(job).party).expect("few parties");
        let share =
            |job: usize| u128::from(self.world.shares.get(party(job)).copied().unwrap_or(1).max(1));
        waiting.sort_by(|&a, &b| {
            let by_priority = self.class(b).priority.cmp(&self.class(a).priority);
            let by_use =
                (self.used[party(a)].0 * share(b)).cmp(&(self.used[party(b)].0 * share(a)));
            match self.world.policy.order {
                Order::Arrival => std::cmp::Ordering::Equal,
                Order::Priority => by_priority,
                Order::FairShare { .. } => by_priority.then(by_use),
            }
        });
        waiting
    }

    /// Goes through the queue twice, in order: up to the head, then for those that may pass it.
    fn pass(&mut self, now: usize) {
        self.head = None;
        let mut passed: Vec<usize> = vec![];
        loop {
            let first = self.waiting().into_iter().find(|&job| {
                !self.states[job].aside && !passed.contains(&job) && self.passes_quota(job, now)
            });
            let Some(job) = self.claim.map(|(job, _)| job).or(first) else { break };
            // Who is no longer the head holds nothing.
            self.then.take_if(|then| then.job != job);
            let claim = self.claim;
            if let Some(pool) = self.best(job, now).or_else(|| self.make_room(job, now)) {
                self.start(job, pool, now);
                continue;
            }
            if claim.is_none() && self.claim.is_some() {
                continue;
            }
            if self.claim.is_some_and(|(claims, gone)| claims == job && gone <= now) {
                self.claim = None;
                continue;
            }
            if self.world.policy.backfill == Backfill::FirstFit && self.claim.is_none() {
                break;
            }
            let found = self.earliest(job, now, |pool| self.may_have_place(job, pool));
            if let Some((start, pool)) = found.into_iter().chain(self.kept_place(job, now)).min() {
                self.head = Some((job, pool, start));
                self.hold_on_floor(job, pool, start, now);
                break;
            }
            self.claim = None;
            if self.world.quotas.is_empty() {
                self.states[job].aside = true;
            } else {
                passed.push(job);
            }
        }
        self.disrupted = false;
        if let Some((job, pool, start)) = self.head {
            self.put(job, pool, start, 1);
        } else {
            self.then = None;
        }
        for job in self.waiting() {
            let passes = self.world.policy.backfill != Backfill::None || self.states[job].aside;
            let is_head = self.head.is_some_and(|(head, ..)| head == job);
            if passes
                && !is_head
                && let Some(pool) = self.best(job, now)
            {
                self.start(job, pool, now);
            }
        }
        if let Some((job, pool, start)) = self.head {
            self.put(job, pool, start, -1);
        }
    }

    fn start(&mut self, job: usize, pool: usize, now: usize) {
        let planned = now + self.planned(job);
        let end = now + self.run_seconds(job);
        self.states[job].live = Some(Live { pool, start: now, end, planned, notice: None });
        self.states[job].waits = false;
        self.take_nodes(job, pool, planned);
        self.count(pool, now);
        if self.claim.is_some_and(|(claims, _)| claims == job) {
            self.claim = None;
        }
        let last = second(self.world.period.end().seconds());
        let class = usize::try_from(self.world.jobs[job].class).expect("few classes");
        let size = self.world.jobs[job].size;
        self.draw(class, pool, size, whole(planned.min(last)) - whole(now));
    }

    /// Counts anew what the jobs that run in a pool touch by plan.
    fn count(&mut self, pool: usize, now: usize) {
        let touched = self.touched(pool, now..HORIZON, |_| true);
        self.pools[pool].held[now..].copy_from_slice(&touched);
    }

    /// For each second how many GPUs of a pool some of its jobs touch by plan: those of gangs, and
    /// each of which one of them has a share.
    fn touched(&self, pool: usize, span: Range<usize>, counts: impl Fn(usize) -> bool) -> Vec<i64> {
        let mut touched = vec![0; span.len()];
        let mut shared: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for (job, state) in self.states.iter().enumerate() {
            let Some(live) = state.live.filter(|live| live.pool == pool && counts(job)) else {
                continue;
            };
            match self.world.jobs[job].size {
                Size::Gpus(gpus) => {
                    let held = span.clone().zip(&mut touched);
                    let held = held.filter(|&(second, _)| second < live.planned);
                    held.for_each(|(_, held)| *held += i64::from(gpus));
                }
                Size::Share(_) => {
                    let floor = self.pools[pool].floor.as_ref().expect("shares need one");
                    let last = shared.entry(floor.gpu_of(job)).or_default();
                    *last = live.planned.max(*last);
                }
            }
        }
        for (second, held) in span.zip(&mut touched) {
            *held += whole(shared.values().filter(|&&last| second < last).count());
        }
        touched
    }

    /// Takes a place out of what is free, or gives it back.
    fn put(&mut self, job: usize, pool: usize, start: usize, sign: i64) {
        for second in start..(start + self.planned(job)).min(HORIZON) {
            self.pools[pool].placed[second] += sign * i64::from(self.world.jobs[job].size.gpus());
        }
    }

    fn draw(&mut self, class: usize, pool: usize, size: Size, seconds: i64) {
        let class = &self.world.classes[class];
        let pool = self.pools[pool].real;
        if let Some(commitment) = class.commitment[pool] {
            let milli_seconds = i128::from(size.milli()) * i128::from(seconds);
            self.drawn[commitment] += milli_seconds * class.price[pool];
        }
    }

    fn earliest(
        &self,
        job: usize,
        from: usize,
        counts: impl Fn(usize) -> bool,
    ) -> Option<(usize, usize)> {
        let pools: Vec<usize> = (0..self.pools.len()).filter(|&pool| counts(pool)).collect();
        let mut floors: Vec<Option<Floor>> =
            self.pools.iter().map(|pool| pool.floor.clone()).collect();
        let mut seen = self.now;
        for start in from..HORIZON - self.planned(job) {
            for second in seen + 1..=start {
                self.go_on(&mut floors, second);
            }
            seen = seen.max(start);
            let fits = |pool: usize| {
                self.fits(job, pool, start) && self.lies_from(job, pool, start, &floors[pool])
            };
            if let Some(pool) = pools.iter().copied().find(|&pool| fits(pool)) {
                return Some((start, pool));
            }
        }
        None
    }

    fn allowed(&self, job: usize, pool: usize, second: usize) -> bool {
        let class = self.class(job);
        let Pool { real, kept_for, .. } = self.pools[pool];
        let now = at(whole(second));
        let mut rulings = class.rulings[real].iter();
        let ruled = rulings.find(|ruled| ruled.window.contains(now));
        ruled.is_some_and(|ruled| ruled.ruling == Ruling::Allow)
            && (class.gpus.is_empty() || class.gpus.contains(&self.world.pools[real].gpu))
            && kept_for.is_none_or(|party| party == class.party)
    }

    /// Whether a job fits by count; a share is asked only where the supply steps down, and where the
    /// head starts.
    fn fits(&self, job: usize, pool: usize, start: usize) -> bool {
        let state = &self.pools[pool];
        let is_share = self.world.jobs[job].size.share().is_some();
        self.fits_in(job, pool, start, |second| {
            let falls = second > start && state.level[second] < state.level[second - 1];
            let head =
                self.head.is_some_and(|(head, of, at)| (of, at) == (pool, second) && head != job);
            if is_share && !falls && !head {
                return 1;
            }
            self.free(pool, second)
        })
    }

    fn fits_in(&self, job: usize, pool: usize, start: usize, free: impl Fn(usize) -> i64) -> bool {
        let end = start + self.planned(job);
        let gpus = i64::from(self.world.jobs[job].size.gpus());
        end < HORIZON
            && (start..end).all(|second| free(second) >= gpus && self.allowed(job, pool, second))
    }

    fn free(&self, pool: usize, second: usize) -> i64 {
        let state = &self.pools[pool];
        state.level[second] - state.held[second] - state.placed[second]
    }

    /// Whether the ranking puts one pool before another; `room` tells what a pool has room for.
    fn better(&self, job: usize, a: usize, b: usize, room: impl Fn(usize) -> i64) -> bool {
        let class = self.class(job);
        let (real_a, real_b) = (self.pools[a].real, self.pools[b].real);
        let remaining = |pool: usize| {
            let commitment = class.commitment[pool]?;
            let target = self.world.commitments[commitment].target * 3_600_000;
            let remaining = target - self.drawn[commitment];
            (remaining > 0).then_some((remaining, target))
        };
        match (remaining(real_a), remaining(real_b)) {
            (Some((x, of_x)), Some((y, of_y))) if x * of_y != y * of_x => x * of_y > y * of_x,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(_), Some(_)) | (None, None) => {
                let currency = |pool: usize| class.currency.get(pool).copied().unwrap_or(0);
                let cost = |pool: usize| (currency(pool), class.price[pool]);
                let room = |pool: usize| match self.world.policy.sites {
                    SitePolicy::InOrder => 0,
                    SitePolicy::Tightest => room(pool),
                };
                (cost(real_a), room(a), a) < (cost(real_b), room(b), b)
            }
        }
    }

    /// Of the pools that the job fits now, the one that the ranking puts first.
    fn best(&self, job: usize, now: usize) -> Option<usize> {
        let fitting = (0..self.pools.len())
            .filter(|&pool| self.fits(job, pool, now) && self.has_quota(job, pool))
            .filter(|&pool| self.lies_from(job, pool, now, &self.pools[pool].floor))
            .filter(|&pool| self.leaves_the_head(job, pool, now));
        let is_share = self.world.jobs[job].size.share().is_some();
        let count = |pool: usize| if is_share { i64::MAX } else { self.free(pool, now) };
        let room = |pool: usize| count(pool).min(self.room_on_floor(job, pool));
        fitting.reduce(|best, pool| if self.better(job, pool, best, room) { pool } else { best })
    }

    /// When a job starts at the latest that holds a place.
    fn promised(&self, job: usize, pool: usize, start: usize) -> Option<i64> {
        if self.has_quota(job, pool) {
            return Some(whole(start));
        }
        let claim = self.claim.filter(|&(claims, _)| claims == job);
        claim.map(|(_, gone)| whole(start.max(gone)))
    }

    fn seen(mut self, end: usize) -> Vec<Seen> {
        let waiting = self.waiting();
        let mut seen = vec![];
        // What a job could have without those that wait.
        for pool in &mut self.pools {
            pool.placed.fill(0);
        }
        let head = self.head.take();
        for job in 0..self.states.len() {
            let place = head.filter(|&(head, ..)| head == job);
            let place = place.map(|(_, pool, start)| (pool, start));
            let place = place.or(self.places.get(&job).copied());
            let State { waits, done, live, .. } = self.states[job];
            let rest = if waits {
                let ahead = waiting.iter().position(|&other| other == job).expect("it waits");
                let latest = place.and_then(|(pool, start)| self.promised(job, pool, start));
                let opens = (0..self.pools.len())
                    .any(|pool| (end..HORIZON).any(|second| self.allowed(job, pool, second)));
                if place.is_none() && opens && !self.passes_quota(job, end) {
                    Rest::HeldBack
                } else if place.is_some() || self.earliest(job, end, |_| true).is_some() {
                    Rest::Queued { latest, ahead }
                } else {
                    Rest::Missed
                }
            } else if done || live.is_some() {
                Rest::Done
            } else {
                Rest::Refused
            };
            if let Some(live) = live {
                // What runs on after the period runs to its end.
                let end = whole(live.start + self.run_seconds(job));
                let (start, lost) = (whole(live.start), self.restart(job));
                let pool = self.pools[live.pool].real;
                let piece = SeenPiece { pool, start, end, lost, why: Why::Done };
                self.states[job].pieces.push(piece);
            }
            seen.push(Seen { pieces: self.states[job].pieces.clone(), rest });
        }
        seen
    }
}

/// The pools of a world, less what is out of service or kept; then what is kept, pool by pool.
fn pools(world: &World) -> Vec<Pool> {
    let empty = |real: usize, kept_for: Option<u32>| Pool {
        real,
        kept_for,
        level: vec![0; HORIZON],
        held: vec![0; HORIZON],
        placed: vec![0; HORIZON],
        idle: vec![],
        floor: None,
        empty: None,
    };
    let mut pools: Vec<Pool> = (0..world.pools.len()).map(|real| empty(real, None)).collect();
    for real in 0..world.pools.len() {
        for kept in world.reservations.iter().filter(|kept| kept.pool == real) {
            pools.push(empty(real, Some(kept.party)));
        }
    }
    for second in 0..HORIZON {
        for (pool, level) in pools.iter_mut().zip(levels(world, whole(second))) {
            pool.level[second] = level;
        }
    }
    pools
}

/// What is there of these pools at a second, when nothing fails and nothing is leased.
fn levels(world: &World, second: i64) -> Vec<i64> {
    let now = at(second);
    let mut levels = vec![];
    let mut all_kept = vec![];
    for real in 0..world.pools.len() {
        let mut left = world.pools[real].capacity.at(now);
        let mut stopped_later = 0;
        for it in world.maintenance.iter().filter(|it| it.pool == real) {
            let away = if it.window.contains(now) { it.gpus.min(left) } else { 0 };
            left -= away;
            if it.before == BeforeMaintenance::Stop {
                stopped_later += away;
            }
        }
        for kept in world.reservations.iter().filter(|kept| kept.pool == real) {
            let taken = if kept.window.contains(now) { kept.gpus.min(left) } else { 0 };
            left -= taken;
            all_kept.push(i64::from(taken));
        }
        levels.push(i64::from(left + stopped_later));
    }
    levels.into_iter().chain(all_kept).collect()
}
