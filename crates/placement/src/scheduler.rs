//! The state of all pools and jobs as time goes on, from event to event.
//!
//! All that happens at one instant is taken in before anything starts: jobs end or are stopped, GPUs
//! come, fail and go, rulings turn, jobs are handed in. Then those that wait are looked at in order,
//! as [`crate::pass`] and [`crate::conservative`] say.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::Instant;
use comity_fleet::{Job, Size};

use crate::changed::Changed;
use crate::conservative::Places;
use crate::disruption::BeforeMaintenance;
use crate::drawdown::{Draw, Drawdown};
use crate::floors::Floors;
use crate::inputs::{Class, Inputs, index};
use crate::openings::{Level, Openings};
use crate::plan::{Ended, Gang, Lease, Outcome, Piece, PlanError, Run, WaitReason};
use crate::policy::{Backfill, Order};
use crate::pool::{Ask, HeldPlace, PoolState, Room};
use crate::preempt::Claim;
use crate::progress::{Progress, planned_seconds, restart, seconds_left};
use crate::queue::Queue;
use crate::quota::Quotas;
use crate::ranking::Rankings;
use crate::reasons::{Reasons, Wish};
use crate::runs::{Running, Runs};
use crate::share::Shares;
use crate::soonest::Soonest;
use crate::touched::Touched;

/// A job in order of arrival; its place in that order is its rank.
#[derive(Debug)]
pub(crate) struct Item {
    /// Its place in the inputs.
    pub(crate) job: usize,
    pub(crate) class: usize,
    /// Classes of one group that need the same of nodes and are allowed in the same pools at the same
    /// times have one lane.
    pub(crate) lane: usize,
    /// For how long it would run without a break.
    run_seconds: u32,
    /// What it asks for when it starts next.
    pub(crate) ask: Ask,
}

/// What the jobs of a lane share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LaneOf {
    pub(crate) group: usize,
    /// The lane of the openings.
    pub(crate) opening: usize,
    pub(crate) party: u32,
    /// What they need of nodes, by number.
    pub(crate) need: usize,
    /// Whether they are of shares of GPUs.
    pub(crate) shared: bool,
}

/// Something other than a job that changes what a pool can take or who is first; in the order in
/// which those of one instant are taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Quotas,
    Supply { pool: usize },
    Ruling { opening: usize, pool: usize },
    Fault { fault: usize },
    Maintenance { maintenance: usize },
}

/// Whether what a job holds is taken or given back.
#[derive(Debug, Clone, Copy)]
enum Holds {
    More,
    Less,
}

/// The state at an instant.
pub(crate) struct Scheduler<'a> {
    pub(crate) inputs: &'a Inputs<'a>,
    pub(crate) openings: &'a Openings,
    pub(crate) reasons: Reasons<'a>,
    pub(crate) items: Vec<Item>,
    pub(crate) lanes: Vec<LaneOf>,
    pub(crate) pools: Vec<PoolState>,
    pub(crate) floors: Floors,
    /// Where those lie that started on a floor.
    gangs: Vec<Gang>,
    pub(crate) drawdown: Drawdown<'a>,
    pub(crate) rankings: Rankings,
    soonest: Soonest,
    /// The pools in which more or less is free, for the rankings.
    pub(crate) touched: Touched,
    /// The pools in which something may be free sooner, for the bounds.
    freed: Touched,
    pub(crate) queue: Queue,
    pub(crate) shares: Shares<'a>,
    pub(crate) quotas: Quotas<'a>,
    /// For each lane of the openings and each pool, until when it is allowed now.
    pub(crate) allowed_until: Vec<Vec<Instant>>,
    turns: Vec<(Instant, Turn)>,
    pub(crate) runs: Runs,
    /// How many jobs are handed in.
    arrived: usize,
    /// By rank, when each is.
    submits: Vec<Instant>,
    /// What the head of the queue holds.
    pub(crate) held: Option<HeldPlace>,
    /// For whom others were told to give way.
    pub(crate) claim: Option<Claim>,
    /// Under conservative backfill, what each job in the queue holds.
    pub(crate) places: Places,
    /// The pools in which a job that waits might start although it could not before.
    pub(crate) changed: Changed,
    /// Whether GPUs are gone that were planned with.
    pub(crate) disrupted: bool,
    /// Whether a job started at this instant.
    started: bool,
    /// The pools in which the head may find a place sooner because of what started there.
    sooner: BTreeSet<usize>,
    /// When the queue is looked at again though nothing else happens: a second after something
    /// started or gave way, as that can give way or claim then, and who was passed may hold less
    /// under a quota; when a claim is due; and when more can give way than before.
    again: Option<Instant>,
    /// The jobs that came to wait at this instant.
    pub(crate) fresh: Vec<usize>,
    /// The jobs that gave way at this instant.
    pub(crate) gave_way: BTreeSet<usize>,
    /// By rank, of jobs that were stopped.
    pub(crate) progress: BTreeMap<usize, Progress>,
    outcomes: Vec<Option<Outcome>>,
    pub(crate) rooms: Vec<Room>,
}

impl<'a> Scheduler<'a> {
    /// The state before anything happens; `sizes` are the most GPUs that each pool ever has, in service or
    /// out.
    pub(crate) fn new(
        inputs: &'a Inputs<'a>,
        openings: &'a Openings,
        sizes: &[u32],
        leases: &[Lease],
        drawdown: Drawdown<'a>,
    ) -> Self {
        let shares = Shares::new(inputs);
        let pools = pools(inputs, leases);
        let mut floors = Floors::new(inputs, openings, sizes);
        let mut reasons = Reasons::new(inputs, openings, pools.clone(), floors.alone());
        for (pool, state) in pools.iter().enumerate() {
            floors.begin(pool, state.level(), inputs.period.start());
        }
        let mut outcomes: Vec<Option<Outcome>> = vec![None; inputs.jobs.len()];
        let mut items = Vec::with_capacity(inputs.jobs.len());
        let (lanes, lane_of) = lanes(inputs, openings, &shares, &floors);
        for (job, shape) in inputs.jobs.iter().enumerate() {
            if let Some(wrong) = reasons.misconfigured(shape) {
                outcomes[job] = Some(Outcome::Misconfigured(wrong));
                continue;
            }
            let class = index(shape.class);
            let seconds = planned_seconds(shape, inputs.classes[class].restarts, None);
            let ask = Ask { size: shape.size, seconds };
            let lane = lane_of[class][usize::from(ask.is_share())];
            items.push(Item { job, class, lane, run_seconds: shape.run_seconds, ask });
        }
        items.sort_by_key(|item| (inputs.jobs[item.job].submit, inputs.jobs[item.job].id));
        let submits = items.iter().map(|item| inputs.jobs[item.job].submit).collect();
        Self {
            inputs,
            openings,
            reasons,
            queue: Queue::new(&items, &lanes, shares.groups()),
            quotas: Quotas::at(inputs.quotas, pools.len(), inputs.period.start()),
            rankings: Rankings::new(inputs, openings, &floors),
            soonest: Soonest::default(),
            touched: Touched::new(pools.len()),
            freed: Touched::new(pools.len()),
            allowed_until: allowed_at_start(inputs, openings),
            turns: turns(inputs, openings, &pools),
            runs: Runs::new(pools.len(), stops_jobs(inputs)),
            arrived: 0,
            submits,
            held: None,
            claim: None,
            places: Places::default(),
            changed: Changed::new(pools.len()),
            disrupted: false,
            started: false,
            sooner: BTreeSet::new(),
            again: None,
            fresh: Vec::new(),
            gave_way: BTreeSet::new(),
            progress: BTreeMap::new(),
            rooms: Vec::new(),
            gangs: Vec::new(),
            lanes,
            shares,
            items,
            pools,
            floors,
            drawdown,
            outcomes,
        }
    }

    /// Goes on to an instant, and takes in what happens at it.
    pub(crate) fn run(&mut self, until: Instant) -> Result<(), PlanError> {
        while let Some(now) = self.next_instant().filter(|&at| at <= until) {
            self.gave_way.clear();
            self.started = false;
            let again = self.again.take().is_some();
            let counted = self.shares.catch_up(now);
            self.finish_jobs(now)?;
            self.take_turns(now)?;
            self.floors.look_out(now);
            match self.inputs.policy.backfill {
                Backfill::None | Backfill::FirstFit | Backfill::Easy => {
                    self.pass(now, counted || again)?;
                }
                Backfill::Conservative => self.pass_conservative(now)?,
            }
            let moved = self.started || !self.gave_way.is_empty();
            if (self.inputs.policy.preemption.is_on() || !self.quotas.is_empty())
                && !self.queue.is_empty()
            {
                let soon = moved.then(|| now.plus_seconds(1));
                let claimed = self.claim.map(|claim| claim.at).filter(|&at| at > now);
                self.again = soon.into_iter().chain(claimed).chain(self.more_give_way(now)).min();
            }
            self.changed.clear();
            self.fresh.clear();
            self.disrupted = false;
            if !self.sooner.is_empty() {
                self.sooner.iter().for_each(|&pool| self.changed.insert(pool));
                self.sooner.clear();
                self.again = self.again.into_iter().chain([now.plus_seconds(1)]).min();
            }
        }
        Ok(())
    }

    /// When others may be enough to give way that were not before: once their grace ends as something
    /// else comes back.
    fn more_give_way(&self, now: Instant) -> Option<Instant> {
        let preemption = self.inputs.policy.preemption;
        let grace = i64::from(preemption.grace_seconds);
        if !preemption.is_on() || grace == 0 {
            return None;
        }
        let gone = now.plus_seconds(grace);
        let by_count = self.pools.iter().filter_map(|pool| pool.next_change(gone));
        let changes = by_count.chain(self.floors.next_end(gone));
        changes.min().map(|at| at.plus_seconds(-grace))
    }

    fn next_instant(&self) -> Option<Instant> {
        let end = self.runs.next_end();
        let turn = self.turns.last().map(|&(at, _)| at);
        let arrival = self.submits.get(self.arrived).copied();
        let place = self.places.next_start();
        // While nothing waits the order is of no use; it is made up for at the next event.
        let count = self.shares.next_count().filter(|_| !self.queue.is_empty());
        let next = [end, turn, arrival, place, self.again, count].into_iter().flatten().min();
        next.filter(|&at| at < self.inputs.period.end())
    }

    fn job(&self, item: &Item) -> &'a Job {
        &self.inputs.jobs[item.job]
    }

    pub(crate) fn class(&self, rank: usize) -> &'a Class {
        &self.inputs.classes[self.items[rank].class]
    }

    pub(crate) fn id(&self, rank: usize) -> u64 {
        self.job(&self.items[rank]).id
    }

    /// The next job that is handed in at an instant, if there is one.
    pub(crate) fn next_arrival(&mut self, now: Instant) -> Option<usize> {
        if self.submits.get(self.arrived) != Some(&now) {
            return None;
        }
        self.arrived += 1;
        Some(self.arrived - 1)
    }

    fn finish_jobs(&mut self, now: Instant) -> Result<(), PlanError> {
        while let Some(ended) = {
            let Self { runs, pools, .. } = self;
            runs.take_ended(now, |pool| pools[pool].fetch())
        } {
            match ended.notice {
                Some(why) if self.is_cut_short(&ended, now) => self.stop(ended, now, why)?,
                Some(_) | None => self.release(&ended, now),
            }
        }
        Ok(())
    }

    /// Whether a job that ends now would have run on.
    fn is_cut_short(&self, ended: &Running, now: Instant) -> bool {
        let Item { class, run_seconds, .. } = self.items[ended.rank];
        let restarts = self.inputs.classes[class].restarts;
        let progress = self.progress.get(&ended.rank);
        let left = seconds_left(run_seconds, restarts, progress);
        self.started(ended.rank).plus_seconds(left) > now
    }

    /// When a job that runs did start.
    pub(crate) fn started(&self, rank: usize) -> Instant {
        match &self.outcomes[self.items[rank].job] {
            Some(Outcome::Runs(run)) => run.last.start,
            Some(_) | None => unreachable!("a job that runs has started"),
        }
    }

    /// Gives back what a job holds.
    fn release(&mut self, running: &Running, now: Instant) {
        let Running { rank, pool, planned_end, .. } = *running;
        let gpus = i64::from(running.gpus);
        match self.floors.give_back(pool, rank) {
            Some(touch) => self.pools[pool].touch(touch, now),
            None => self.pools[pool].finish(gpus, now, planned_end),
        }
        self.may_take_more(pool);
        self.hold(rank, pool, Holds::Less, now);
        self.places.release(running, gpus, now);
        if let Some(quota) = self.quotas.of(pool) {
            for &pool in self.quotas.pools(quota) {
                self.changed.insert(pool);
            }
        }
    }

    /// Lets a pool be looked at again in which something is free, open or gone that was not.
    pub(crate) fn may_take_more(&mut self, pool: usize) {
        self.changed.insert(pool);
        self.touched.push(pool);
        self.freed.push(pool);
    }

    /// Takes in that the party of a job holds what it asks for, or no longer does.
    fn hold(&mut self, rank: usize, pool: usize, turn: Holds, now: Instant) {
        // The job is looked up only where this counts: there are millions.
        let milli = |it: &Self| match turn {
            Holds::More => it.items[rank].ask.milli(),
            Holds::Less => -it.items[rank].ask.milli(),
        };
        if !self.quotas.is_empty() {
            self.quotas.hold(self.class(rank).party, pool, milli(self));
        }
        match self.inputs.policy.order {
            Order::Arrival | Order::Priority => {}
            Order::FairShare { .. } => {
                self.shares.hold(self.class(rank).party, milli(self), now);
            }
        }
    }

    /// Stops a job that was taken out of those that run, and lets it wait again.
    pub(crate) fn stop(
        &mut self,
        running: Running,
        now: Instant,
        ended: Ended,
    ) -> Result<(), PlanError> {
        let Running { rank, pool, planned_end, .. } = running;
        let start = self.started(rank);
        self.release(&running, now);
        let Item { job, class, ask, .. } = self.items[rank];
        if start == now {
            // What takes no time is no piece.
            let none = self.gangs.iter().rposition(|gang| gang.job == job && gang.start == now);
            none.into_iter().for_each(|gang| drop(self.gangs.swap_remove(gang)));
        }
        let shape = &self.inputs.jobs[job];
        let end = self.inputs.period.end();
        let left = planned_end.min(end).seconds() - now.min(end).seconds();
        self.drawdown.draw(Draw { class, pool, milli: ask.milli(), seconds: -left })?;
        let restarts = self.inputs.classes[class].restarts;
        let progress = self.progress.entry(rank).or_default();
        progress.stop(restarts, pool, start, now, ended);
        let ask = Ask { seconds: planned_seconds(shape, restarts, Some(progress)), ..ask };
        self.items[rank].ask = ask;
        self.outcomes[job] = None;
        if self.enqueue(rank, now) {
            self.fresh.push(rank);
        }
        Ok(())
    }

    /// Lets a job wait, or gives its reason when it has no chance; whether it waits.
    pub(crate) fn enqueue(&mut self, rank: usize, now: Instant) -> bool {
        let Item { job, class, ask, .. } = self.items[rank];
        if let Err(outcome) = self.reasons.admit(&Wish { class, ask, from: now }) {
            self.close_job(rank, job, outcome);
            return false;
        }
        let item = &self.items[rank];
        self.queue.push(rank, item);
        match self.inputs.policy.backfill {
            Backfill::FirstFit | Backfill::Easy => self.queue.offer(rank, item),
            Backfill::None | Backfill::Conservative => {}
        }
        true
    }

    fn close_job(&mut self, rank: usize, job: usize, outcome: Outcome) {
        let pieces = self.progress.remove(&rank).map_or_else(Vec::new, |progress| progress.pieces);
        self.outcomes[job] = Some(if pieces.is_empty() {
            outcome
        } else {
            Outcome::Stopped { pieces: pieces.into(), then: Box::new(outcome) }
        });
    }

    /// Takes in what turns at an instant.
    fn take_turns(&mut self, now: Instant) -> Result<(), PlanError> {
        while let Some(&(at, turn)) = self.turns.last()
            && at == now
        {
            self.turns.pop();
            match turn {
                Turn::Quotas => self.turn_quotas(now),
                Turn::Supply { pool } => {
                    self.pools[pool].advance(now);
                    let anew = self.floors.turn(pool, self.pools[pool].level(), now);
                    self.disrupted |= anew && self.held.is_some_and(|held| held.pool == pool);
                    self.may_take_more(pool);
                }
                Turn::Ruling { opening, pool } => {
                    let class = self.openings.lanes()[opening];
                    self.allowed_until[opening][pool] =
                        self.openings.allowed_until(class, pool, now);
                    self.may_take_more(pool);
                }
                Turn::Fault { fault } => self.fail(fault, now)?,
                Turn::Maintenance { maintenance } => self.maintain(maintenance, now)?,
            }
        }
        Ok(())
    }

    /// Takes the quotas of an instant; what runs counts under them.
    fn turn_quotas(&mut self, now: Instant) {
        self.quotas = Quotas::at(self.inputs.quotas, self.pools.len(), now);
        for pool in 0..self.pools.len() {
            for running in self.runs.in_pool(pool) {
                let Item { class, ask, .. } = self.items[running.rank];
                self.quotas.hold(self.inputs.classes[class].party, pool, ask.milli());
            }
            self.may_take_more(pool);
        }
    }

    /// Starts a job where it fits.
    pub(crate) fn start(
        &mut self,
        rank: usize,
        pool: usize,
        now: Instant,
    ) -> Result<(), PlanError> {
        let Item { job, class, ask, lane, run_seconds } = self.items[rank];
        let planned_end = now.plus_seconds(ask.seconds);
        self.started = true;
        let need = self.lanes[lane].need;
        let taken = self.floors.take(pool, need, (rank, ask.size), (now, planned_end));
        let touch = taken.as_ref().and_then(|taken| taken.touch);
        match touch {
            Some(touch) => self.pools[pool].touch(touch, now),
            None => self.pools[pool].start(ask.gpus(), now, planned_end),
        }
        self.gangs.extend(taken.map(|it| Gang { job, start: now, pool, nodes: it.nodes }));
        self.touched.push(pool);
        if let Some(held) = &mut self.held
            && held.pool == pool
            && planned_end > held.start
        {
            // A GPU that is shared then anyway is in what is left already.
            let shared = touch.and_then(|touch| touch.before);
            let more = shared.is_none_or(|until| until <= held.start);
            held.spare -= if more { ask.gpus() } else { 0 };
        }
        if let Some(held) = self.held
            && self.floors.has(pool)
            && self.pools[pool].next_step(now).is_some_and(|step| step <= held.start)
        {
            // At the step other GPUs go away than would have without it.
            self.sooner.insert(pool);
        }
        let in_period = planned_end.min(self.inputs.period.end());
        let seconds = in_period.seconds() - now.seconds();
        self.drawdown.draw(Draw { class, pool, milli: ask.milli(), seconds })?;
        self.hold(rank, pool, Holds::More, now);
        let progress = if self.progress.is_empty() { None } else { self.progress.get(&rank) };
        let restarts = self.inputs.classes[class].restarts;
        let end = now.plus_seconds(seconds_left(run_seconds, restarts, progress));
        let lost_seconds = u32::try_from(restart(restarts, progress)).unwrap_or(u32::MAX);
        let last = Piece { pool, start: now, end, ended: Ended::Done, lost_seconds };
        let stopped = progress.map_or_else(Vec::new, |progress| progress.pieces.clone());
        self.outcomes[job] = Some(Outcome::Runs(Run { stopped: stopped.into(), last }));
        let gpus = ask.size.gpus();
        self.runs.add(Running { rank, pool, gpus, planned_end, notice: None }, end);
        Ok(())
    }

    /// Gives the jobs that still wait their reason; all outcomes that there are, and where jobs lie.
    pub(crate) fn close(mut self, now: Instant) -> (Vec<Option<Outcome>>, Vec<Gang>) {
        for (ahead, rank) in self.queue.in_order(&self.shares).into_iter().enumerate() {
            let reason = self.wait_reason(rank, ahead, now);
            self.close_job(rank, self.items[rank].job, Outcome::Waits(reason));
        }
        self.gangs.sort_by_key(|gang| (gang.job, gang.start));
        (self.outcomes, self.gangs)
    }

    /// What a job that waits waits for.
    fn wait_reason(&mut self, rank: usize, ahead: usize, now: Instant) -> WaitReason {
        let head = self.held.filter(|held| held.rank == rank).map(|held| (held.start, held.pool));
        let place = head.or_else(|| self.places.of(rank));
        if place.is_none()
            && let Some((pool, headroom_milli)) = self.held_back(rank, now)
        {
            return WaitReason::Quota { pool, headroom_milli };
        }
        match place.or_else(|| self.first_start(rank, now, |_, _| true)) {
            Some((_, pool)) => {
                let latest = place.and_then(|(start, pool)| self.promised(rank, start, pool));
                WaitReason::Capacity { pool, latest, ahead, together: self.together(rank, pool) }
            }
            None => {
                let Item { job, class, .. } = self.items[rank];
                let shape = &self.inputs.jobs[job];
                let seconds = planned_seconds(shape, self.class(rank).restarts, None);
                let ask = Ask { size: shape.size, seconds };
                self.reasons.missed(&Wish { class, ask, from: shape.submit })
            }
        }
    }

    /// The largest gang of a job's kind that fits a pool, where it is of less GPUs than are free and
    /// than the job asks for.
    fn together(&self, rank: usize, pool: usize) -> Option<u32> {
        let Item { lane, ask, .. } = self.items[rank];
        let room = self.floors.room(pool, self.lanes[lane].need);
        let apart = room < ask.amount() && ask.gpus() <= self.pools[pool].free();
        apart.then(|| if ask.is_share() { 0 } else { u32::try_from(room).unwrap_or(0) })
    }

    /// When a job that holds a place starts at the latest: where its quota does not let it yet, once
    /// those are gone that give way to it, if any do.
    fn promised(&self, rank: usize, start: Instant, pool: usize) -> Option<Instant> {
        if self.quotas.headroom(self.class(rank).party, pool) >= self.items[rank].ask.milli() {
            return Some(start);
        }
        let claim = self.claim.filter(|claim| claim.rank == rank)?;
        Some(start.max(claim.at))
    }

    /// Where its party may hold most, when quotas alone keep a job from every pool.
    fn held_back(&self, rank: usize, now: Instant) -> Option<(usize, u64)> {
        if self.quotas.is_empty() || self.passes_quota(rank, now) {
            return None;
        }
        let party = self.class(rank).party;
        let open = (0..self.pools.len()).filter(|&pool| self.opens(rank, pool, now));
        let (headroom, pool) =
            open.map(|pool| (self.quotas.headroom(party, pool), pool)).max_by_key(|it| it.0)?;
        Some((pool, u64::try_from(headroom.max(0)).unwrap_or(0)))
    }

    /// Whether the terms allow a job in a pool now or later.
    pub(crate) fn opens(&self, rank: usize, pool: usize, now: Instant) -> bool {
        let class = self.items[rank].class;
        let open = self.openings.up_to(Level::Allow, class, pool).last();
        open.is_some_and(|window| window.end() > now)
    }

    /// Whether the quota of some pool where the job could run lets it.
    pub(crate) fn passes_quota(&self, rank: usize, now: Instant) -> bool {
        self.quotas.is_empty()
            || (0..self.pools.len())
                .any(|pool| self.opens(rank, pool, now) && self.may_hold(rank, pool, now))
    }

    /// Whether the quota of a pool lets the job run there, or would once others give way.
    fn may_hold(&self, rank: usize, pool: usize, now: Instant) -> bool {
        let class = self.class(rank);
        let linked = || self.quotas.of(pool).map_or(&[][..], |quota| self.quotas.pools(quota));
        self.quotas.headroom(class.party, pool) >= self.items[rank].ask.milli()
            || self.reclaims(rank, pool) && linked().iter().any(|&of| class.may_preempt(of, now))
    }

    /// Whether the job would take back in a pool what is its party's.
    fn reclaims(&self, rank: usize, pool: usize) -> bool {
        let milli = self.items[rank].ask.milli();
        let party = self.class(rank).party;
        self.inputs.policy.preemption.reclaim && self.quotas.is_due(party, pool, milli)
    }

    /// Whether a job may hold a place in a pool: where its quota lets it, or will once those are
    /// gone that give way to it.
    pub(crate) fn may_have_place(&self, rank: usize, pool: usize) -> bool {
        let claims = self.claim.is_some_and(|claim| claim.rank == rank);
        self.quotas.headroom(self.class(rank).party, pool) >= self.items[rank].ask.milli()
            || claims && self.reclaims(rank, pool)
    }

    /// When and where the job could start first, by what running jobs asked, in pools that count.
    pub(crate) fn first_start(
        &mut self,
        rank: usize,
        now: Instant,
        counts: impl Fn(&Self, usize) -> bool,
    ) -> Option<(Instant, usize)> {
        let Item { class, ask, .. } = self.items[rank];
        let mut soonest = std::mem::take(&mut self.soonest);
        let mut floors = std::mem::take(&mut self.floors);
        let lane = self.openings.lane(class);
        let ever = self.openings.ever(lane);
        // A share may find room on a GPU that is held already.
        let free = |pool: usize| match ask.size {
            Size::Gpus(_) => self.pools[pool].first_free(ask.gpus(), now, Instant::MAX),
            Size::Share(_) => Some(Instant::MIN),
        };
        let soonest_in = |pool: usize| if ever[pool] { free(pool) } else { None };
        let bounds = soonest.of(lane, ask.size, self.pools.len(), &self.freed, soonest_in);
        let mut first: Option<(Instant, usize)> = None;
        let mut from = 0;
        while let Some(pool) = bounds.next(from, first.map_or(Instant::MAX, |(start, _)| start)) {
            let earlier = self.earlier(rank, now, first, pool, &mut floors);
            let earlier = earlier.filter(|_| counts(self, pool));
            match earlier {
                Some(_) => first = earlier,
                None => bounds.set(pool, soonest_in(pool)),
            }
            if first.is_some_and(|(start, _)| start == now) {
                // No other comes before that.
                break;
            }
            from = pool + 1;
        }
        self.soonest = soonest;
        debug_assert_eq!(
            first,
            (0..self.pools.len()).filter(|&pool| counts(self, pool)).fold(None, |first, pool| {
                self.earlier(rank, now, first, pool, &mut floors).or(first)
            }),
            "the bounds leave out no pool that comes first"
        );
        self.floors = floors;
        first
    }

    /// When the job could start in a pool, if that comes before what it has so far; the lower
    /// pool comes first at one instant.
    pub(crate) fn earlier(
        &self,
        rank: usize,
        now: Instant,
        than: Option<(Instant, usize)>,
        pool: usize,
        floors: &mut Floors,
    ) -> Option<(Instant, usize)> {
        let Item { class, ask, lane, .. } = self.items[rank];
        let ever = self.openings.ever(self.lanes[lane].opening)[pool];
        if !ever || ask.is_share() && !floors.has(pool) {
            return None;
        }
        let before = match than {
            Some((start, other)) if pool <= other => start.plus_seconds(1),
            Some((start, _)) => start,
            None => Instant::MAX,
        };
        let open = self.openings.up_to(Level::Allow, class, pool);
        let state = &self.pools[pool];
        let by_count = state.earliest(ask, now, before, open)?;
        let need = self.lanes[lane].need;
        let laid = state.level() == state.level_at(now);
        let end = now.plus_seconds(ask.seconds);
        let fits = || ask.amount() <= floors.room_until(pool, need, end, None);
        if by_count == now && laid && fits() {
            return Some((by_count, pool));
        }
        let on_floor =
            floors.look(pool, state, now, |look| look.earliest(need, ask, by_count, before, open));
        Some((on_floor.unwrap_or(Some(by_count))?, pool))
    }
}

/// The pools without jobs, less what is leased.
fn pools(inputs: &Inputs<'_>, leases: &[Lease]) -> Vec<PoolState> {
    let mut by_pool: Vec<Vec<&Lease>> = vec![Vec::new(); inputs.pools.len()];
    for lease in leases {
        by_pool[lease.pool].push(lease);
    }
    let pool = |(pool, leases): (&crate::Pool, &Vec<&Lease>)| {
        PoolState::new(&pool.capacity, leases.iter().copied(), inputs.period.start())
    };
    inputs.pools.iter().zip(&by_pool).map(pool).collect()
}

/// The lanes, and for each class those of its gangs and of its shares.
fn lanes(
    inputs: &Inputs<'_>,
    openings: &Openings,
    shares: &Shares<'_>,
    floors: &Floors,
) -> (Vec<LaneOf>, Vec<[usize; 2]>) {
    let mut known: BTreeMap<(usize, usize, usize, bool), usize> = BTreeMap::new();
    let mut lanes = Vec::new();
    let mut lane_of = Vec::with_capacity(inputs.classes.len());
    for (class, it) in inputs.classes.iter().enumerate() {
        let opening = openings.lane(class);
        lane_of.push([false, true].map(|shared| {
            if shared && !floors.shares(class) {
                return usize::MAX;
            }
            let need = floors.need_of(class, shared);
            let group = shares.group(class);
            *known.entry((opening, need, group, shared)).or_insert_with(|| {
                lanes.push(LaneOf { group, opening, party: it.party, need, shared });
                lanes.len() - 1
            })
        }));
    }
    (lanes, lane_of)
}

/// All turns within the period, the last one first.
fn turns(inputs: &Inputs<'_>, openings: &Openings, pools: &[PoolState]) -> Vec<(Instant, Turn)> {
    let mut turns: BTreeSet<(Instant, Turn)> = BTreeSet::new();
    let (start, end) = (inputs.period.start(), inputs.period.end());
    for (pool, state) in pools.iter().enumerate() {
        turns.extend(state.steps().map(|at| (at, Turn::Supply { pool })));
        for (opening, &class) in openings.lanes().iter().enumerate() {
            for window in openings.up_to(Level::Allow, class, pool) {
                let turn = Turn::Ruling { opening, pool };
                turns.extend([(window.start(), turn), (window.end(), turn)]);
            }
        }
    }
    // Where others can be made to give way from then on, the pool is looked at again.
    for class in inputs.classes.iter().filter(|_| inputs.policy.preemption.is_on()) {
        for (pool, windows) in class.preempts.iter().enumerate() {
            let instants = windows.iter().flat_map(|window| [window.start(), window.end()]);
            turns.extend(instants.map(|at| (at, Turn::Supply { pool })));
        }
    }
    for it in inputs.maintenance.iter().filter(|it| !it.nodes.is_empty()) {
        let turn = Turn::Supply { pool: it.pool };
        turns.extend([(it.window.start(), turn), (it.window.end(), turn)]);
    }
    for quota in inputs.quotas {
        turns.extend([quota.window.start(), quota.window.end()].map(|at| (at, Turn::Quotas)));
    }
    turns.retain(|&(at, _)| at > start);
    // What is down at the start goes down then.
    let there = |window: comity_base::Window| window.intersect(inputs.period).is_some();
    for (fault, it) in inputs.faults.iter().enumerate().filter(|(_, it)| there(it.window)) {
        turns.insert((it.window.start().max(start), Turn::Fault { fault }));
        turns.insert((it.window.end(), Turn::Supply { pool: it.pool }));
    }
    let stops = inputs.maintenance.iter().enumerate().filter(|(_, it)| there(it.window));
    for (maintenance, it) in stops.filter(|(_, it)| it.before == BeforeMaintenance::Stop) {
        turns.insert((it.window.start().max(start), Turn::Maintenance { maintenance }));
        turns.insert((it.window.end(), Turn::Supply { pool: it.pool }));
    }
    turns.into_iter().rev().filter(|&(at, _)| at < end).collect()
}

/// Whether jobs may have to stop, or count under quotas that turn, so that those of a pool are looked
/// for.
fn stops_jobs(inputs: &Inputs<'_>) -> bool {
    inputs.policy.preemption.is_on()
        || !inputs.faults.is_empty()
        || inputs.maintenance.iter().any(|it| it.before == BeforeMaintenance::Stop)
        || !inputs.quotas.is_empty()
}

fn allowed_at_start(inputs: &Inputs<'_>, openings: &Openings) -> Vec<Vec<Instant>> {
    let start = inputs.period.start();
    let of_class = |&class: &usize| {
        let pools = 0..inputs.pools.len();
        pools.map(|pool| openings.allowed_until(class, pool, start)).collect()
    };
    openings.lanes().iter().map(of_class).collect()
}
