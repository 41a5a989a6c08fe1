//! First come first served with EASY backfill, over many pools.
//!
//! The head of the queue holds a reservation in the pool where it can start first. One that could
//! not start anywhere before the terms or the fleet close on it, by what running jobs asked, is set
//! aside: it holds nothing, the next one is the head, and it starts if something ends early enough
//! and the head is not delayed. The reservation is a step
//! down of that pool's supply like any other, so that one test says whether a job may start: from
//! now to its planned end, the GPUs are there and the terms allow it. Where a job did not fit it
//! still does not as time passes, unless something ended, opened or was released in the pool; so
//! only such pools are looked at again, and for new jobs all.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use comity_base::Instant;
use comity_fleet::Job;

use crate::drawdown::{Draw, Drawdown};
use crate::inputs::{Backfill, Inputs, index};
use crate::openings::{Level, Openings};
use crate::plan::{Lease, Outcome, PlanError, Run, WaitReason};
use crate::pool::{Ask, PoolState, Reservation};
use crate::queue::Queue;
use crate::reasons::{Reasons, misconfigured};

/// How long a job is planned for: a job that runs for longer than it asked is given that time.
pub(crate) fn planned_seconds(job: &Job) -> i64 {
    i64::from(job.asked_seconds.max(job.run_seconds))
}

/// A job in order of arrival; its place in that order is its rank.
#[derive(Debug)]
pub(crate) struct Item {
    /// Its place in the inputs.
    pub(crate) job: usize,
    pub(crate) class: usize,
    /// Classes that are allowed in the same pools at the same times have one lane.
    pub(crate) lane: usize,
    pub(crate) ask: Ask,
}

/// The outcome of each job, in the order of the inputs.
pub(crate) fn schedule(
    inputs: &Inputs<'_>,
    openings: &Openings,
    leases: &[Lease],
    drawdown: Drawdown<'_>,
) -> Result<Vec<Outcome>, PlanError> {
    let mut outcomes: Vec<Option<Outcome>> = vec![None; inputs.jobs.len()];
    let mut items = Vec::with_capacity(inputs.jobs.len());
    for (job, shape) in inputs.jobs.iter().enumerate() {
        match misconfigured(inputs, openings, shape) {
            Some(wrong) => outcomes[job] = Some(Outcome::Misconfigured(wrong)),
            None => items.push(Item {
                job,
                class: index(shape.class),
                lane: openings.lane(index(shape.class)),
                ask: Ask { gpus: i64::from(shape.gpus), seconds: planned_seconds(shape) },
            }),
        }
    }
    items.sort_by_key(|item| (inputs.jobs[item.job].submit, inputs.jobs[item.job].id));
    let pool = |(index, pool): (usize, &crate::Pool)| {
        let leases = leases.iter().filter(|lease| lease.pool == index);
        PoolState::new(&pool.capacity, leases, inputs.period.start())
    };
    let pools: Vec<PoolState> = inputs.pools.iter().enumerate().map(pool).collect();
    let mut scheduler = Scheduler {
        inputs,
        openings,
        reasons: Reasons::new(inputs, openings, pools.clone()),
        queue: Queue::new(&items, openings.lanes().len()),
        allowed_until: allowed_at_start(inputs, openings),
        turns: turns(inputs, openings, &pools),
        running: BinaryHeap::new(),
        arrived: 0,
        reservation: None,
        changed: BTreeSet::new(),
        items,
        pools,
        drawdown,
        outcomes,
    };
    scheduler.run()?;
    scheduler.close();
    let decided = |outcome: Option<Outcome>| outcome.expect("every job has started or is closed");
    Ok(scheduler.outcomes.into_iter().map(decided).collect())
}

/// Something other than a job that changes what a pool can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Supply { pool: usize },
    Ruling { lane: usize, pool: usize },
}

/// All turns within the period, the last one first.
fn turns(inputs: &Inputs<'_>, openings: &Openings, pools: &[PoolState]) -> Vec<(Instant, Turn)> {
    let mut turns: BTreeSet<(Instant, Turn)> = BTreeSet::new();
    for (pool, state) in pools.iter().enumerate() {
        turns.extend(state.steps().map(|at| (at, Turn::Supply { pool })));
        for (lane, &class) in openings.lanes().iter().enumerate() {
            for window in openings.up_to(Level::Allow, class, pool) {
                let turn = Turn::Ruling { lane, pool };
                turns.extend([(window.start(), turn), (window.end(), turn)]);
            }
        }
    }
    let within = |at: Instant| at > inputs.period.start() && at < inputs.period.end();
    turns.into_iter().rev().filter(|&(at, _)| within(at)).collect()
}

fn allowed_at_start(inputs: &Inputs<'_>, openings: &Openings) -> Vec<Vec<Instant>> {
    let start = inputs.period.start();
    let of_class = |&class: &usize| {
        let pools = 0..inputs.pools.len();
        pools.map(|pool| openings.allowed_until(class, pool, start)).collect()
    };
    openings.lanes().iter().map(of_class).collect()
}

/// A job that runs, ordered by when it really ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Running {
    end: Instant,
    rank: usize,
    pool: usize,
    planned_end: Instant,
}

/// The state at an instant; all that happens at one instant is taken in before anything starts.
struct Scheduler<'a> {
    inputs: &'a Inputs<'a>,
    openings: &'a Openings,
    reasons: Reasons<'a>,
    items: Vec<Item>,
    pools: Vec<PoolState>,
    drawdown: Drawdown<'a>,
    queue: Queue,
    /// For each lane and pool, until when it is allowed now.
    allowed_until: Vec<Vec<Instant>>,
    turns: Vec<(Instant, Turn)>,
    running: BinaryHeap<Reverse<Running>>,
    /// How many jobs are handed in.
    arrived: usize,
    /// What the head of the queue holds.
    reservation: Option<Reservation>,
    /// The pools in which a job that waits might start although it could not before.
    changed: BTreeSet<usize>,
    outcomes: Vec<Option<Outcome>>,
}

impl Scheduler<'_> {
    fn run(&mut self) -> Result<(), PlanError> {
        while let Some(now) = self.next_instant() {
            self.finish_jobs(now);
            self.take_turns(now);
            if !self.queue.is_empty() && !self.changed.is_empty() {
                self.start_heads(now)?;
                self.backfill(now)?;
            }
            self.changed.clear();
            self.take_arrivals(now)?;
        }
        Ok(())
    }

    fn next_instant(&self) -> Option<Instant> {
        let end = self.running.peek().map(|Reverse(running)| running.end);
        let turn = self.turns.last().map(|&(at, _)| at);
        let arrival = self.items.get(self.arrived).map(|item| self.job(item).submit);
        let next = [end, turn, arrival].into_iter().flatten().min();
        next.filter(|&at| at < self.inputs.period.end())
    }

    fn job(&self, item: &Item) -> &Job {
        &self.inputs.jobs[item.job]
    }

    fn finish_jobs(&mut self, now: Instant) {
        while let Some(&Reverse(done)) = self.running.peek()
            && done.end == now
        {
            self.running.pop();
            self.pools[done.pool].finish(self.items[done.rank].ask.gpus, now, done.planned_end);
            self.changed.insert(done.pool);
        }
    }

    fn take_turns(&mut self, now: Instant) {
        while let Some(&(at, turn)) = self.turns.last()
            && at == now
        {
            self.turns.pop();
            let pool = match turn {
                Turn::Supply { pool } => {
                    self.pools[pool].advance(now);
                    pool
                }
                Turn::Ruling { lane, pool } => {
                    let class = self.openings.lanes()[lane];
                    self.allowed_until[lane][pool] = self.openings.allowed_until(class, pool, now);
                    pool
                }
            };
            self.changed.insert(pool);
        }
    }

    /// Starts jobs from the head of the queue on, until one has to wait with a reservation.
    fn start_heads(&mut self, now: Instant) -> Result<(), PlanError> {
        while let Some(rank) = self.queue.head() {
            if let Some(pool) = self.best_pool(rank, now, None) {
                if let Some(held) = self.reservation.take() {
                    // Without the reservation others may fit there.
                    self.changed.insert(held.pool);
                }
                self.queue.remove(rank, &self.items[rank]);
                self.start(rank, pool, now)?;
            } else if self.reserve(rank, now) {
                break;
            } else {
                self.queue.set_aside(rank, &self.items[rank]);
            }
        }
        Ok(())
    }

    /// Starts jobs out of turn that do not delay the head, in order.
    fn backfill(&mut self, now: Instant) -> Result<(), PlanError> {
        let changed = self.changed.iter().copied();
        let mut firsts: Vec<(usize, Option<usize>)> =
            changed.map(|pool| (pool, self.first_for(pool, now))).collect();
        while let Some(rank) = firsts.iter().filter_map(|&(_, first)| first).min() {
            let pool = self
                .best_pool(rank, now, self.reservation.as_ref())
                .expect("a job that a pool can take has a best pool");
            self.queue.remove(rank, &self.items[rank]);
            self.start(rank, pool, now)?;
            for (of, first) in &mut firsts {
                if *of == pool || *first == Some(rank) {
                    *first = self.first_for(*of, now);
                }
            }
        }
        Ok(())
    }

    fn take_arrivals(&mut self, now: Instant) -> Result<(), PlanError> {
        while let Some(item) = self.items.get(self.arrived)
            && self.job(item).submit == now
        {
            let rank = self.arrived;
            self.arrived += 1;
            let may_pass = self.inputs.policy.backfill == Backfill::Easy;
            let first = self.queue.head().is_none();
            if (first || may_pass)
                && let Some(pool) = self.best_pool(rank, now, self.reservation.as_ref())
            {
                self.start(rank, pool, now)?;
                continue;
            }
            let item = &self.items[rank];
            if let Err(outcome) = self.reasons.admit(&self.inputs.jobs[item.job]) {
                self.outcomes[item.job] = Some(outcome);
                continue;
            }
            self.queue.push(rank);
            if may_pass {
                self.queue.offer(rank, item);
            }
            if first && !self.reserve(rank, now) {
                self.queue.set_aside(rank, &self.items[rank]);
            }
        }
        Ok(())
    }

    /// The pool where the job starts if it starts now; `reservation` is that of another job.
    fn best_pool(
        &self,
        rank: usize,
        now: Instant,
        reservation: Option<&Reservation>,
    ) -> Option<usize> {
        let item = &self.items[rank];
        let end = now.plus_seconds(item.ask.seconds);
        let mut best: Option<usize> = None;
        for (pool, &allowed_until) in self.allowed_until[item.lane].iter().enumerate() {
            let state = &self.pools[pool];
            if end > allowed_until || state.free() < item.ask.gpus {
                continue;
            }
            let rank = |best| self.drawdown.rank(item.class, pool, best);
            if best.is_some_and(|best| rank(best).is_gt()) {
                continue;
            }
            let reservation = reservation.filter(|held| held.pool == pool);
            let until = state.free_until(item.ask.gpus, now, reservation);
            if until.is_some_and(|until| end <= until) {
                best = Some(pool);
            }
        }
        best
    }

    /// The first job in the queue that the pool can take now beside the reservation.
    fn first_for(&self, pool: usize, now: Instant) -> Option<usize> {
        let state = &self.pools[pool];
        let reservation = self.reservation.as_ref().filter(|held| held.pool == pool);
        let rooms = state.room(now, reservation);
        let of_lane = |(lane, allowed_until): (usize, &Vec<Instant>)| {
            let allowed_until = allowed_until[pool];
            if allowed_until <= now {
                return None;
            }
            self.queue.first_in(lane, &rooms, |room| {
                room.until.min(allowed_until).seconds() - now.seconds()
            })
        };
        self.allowed_until.iter().enumerate().filter_map(of_lane).min()
    }

    /// Gives the head, which cannot start now, the first place there is; `false` when none is.
    fn reserve(&mut self, rank: usize, now: Instant) -> bool {
        let kept = self.reservation.filter(|held| held.rank == rank);
        let mut first = kept.map(|held| (held.start, held.pool));
        if kept.is_none() {
            first = self.first_start(rank, now);
        }
        // A pool that did not change can only offer a kept place what it did.
        for &pool in self.changed.iter().filter(|_| kept.is_some()) {
            first = self.earlier(rank, now, first, pool).or(first);
        }
        let Some((start, pool)) = first else { return false };
        let Item { ask, .. } = self.items[rank];
        let spare = self.pools[pool].free_at(start) - ask.gpus;
        let end = start.plus_seconds(ask.seconds);
        if let Some(kept) = kept {
            assert!(start <= kept.start, "nothing that starts delays the head");
            if (start, pool) != (kept.start, kept.pool) {
                // Where the place is given up, others may fit.
                self.changed.insert(kept.pool);
            }
        }
        self.reservation = Some(Reservation { rank, pool, start, end, gpus: ask.gpus, spare });
        true
    }

    /// When and where the job could start first, by what running jobs asked.
    fn first_start(&self, rank: usize, now: Instant) -> Option<(Instant, usize)> {
        let mut first = None;
        for pool in 0..self.pools.len() {
            first = self.earlier(rank, now, first, pool).or(first);
        }
        first
    }

    /// When the job could start in a pool, if that comes before what it has so far; the lower
    /// pool comes first at one instant.
    fn earlier(
        &self,
        rank: usize,
        now: Instant,
        than: Option<(Instant, usize)>,
        pool: usize,
    ) -> Option<(Instant, usize)> {
        let Item { class, ask, .. } = self.items[rank];
        let before = match than {
            Some((start, other)) if pool <= other => start.plus_seconds(1),
            Some((start, _)) => start,
            None => Instant::MAX,
        };
        let open = self.openings.up_to(Level::Allow, class, pool);
        self.pools[pool].earliest(ask, now, before, open).map(|start| (start, pool))
    }

    fn start(&mut self, rank: usize, pool: usize, now: Instant) -> Result<(), PlanError> {
        let Item { job, class, ask, .. } = self.items[rank];
        let shape = &self.inputs.jobs[job];
        let planned_end = now.plus_seconds(ask.seconds);
        self.pools[pool].start(ask.gpus, now, planned_end);
        if let Some(held) = &mut self.reservation
            && held.pool == pool
            && planned_end > held.start
        {
            held.spare -= ask.gpus;
        }
        let in_period = planned_end.min(self.inputs.period.end());
        let seconds = in_period.seconds() - now.seconds();
        self.drawdown.draw(Draw { class, pool, gpus: shape.gpus, seconds })?;
        let end = now.plus_seconds(i64::from(shape.run_seconds));
        self.running.push(Reverse(Running { end, rank, pool, planned_end }));
        self.outcomes[job] = Some(Outcome::Runs(Run { pool, start: now, end }));
        Ok(())
    }

    /// Gives the jobs that still wait at the end of the period their reason.
    fn close(&mut self) {
        let waiting: Vec<usize> = self.queue.iter().collect();
        for (ahead, rank) in waiting.into_iter().enumerate() {
            let head = self.reservation.filter(|held| held.rank == rank);
            let mut first = head.map(|held| (held.start, held.pool));
            if first.is_none() {
                first = self.first_start(rank, self.inputs.period.end());
            }
            let job = self.items[rank].job;
            self.outcomes[job] = Some(Outcome::Waits(match first {
                Some((_, pool)) => {
                    let latest = head.map(|held| held.start);
                    WaitReason::Capacity { pool, latest, ahead }
                }
                None => self.reasons.missed(&self.inputs.jobs[job]),
            }));
        }
    }
}
