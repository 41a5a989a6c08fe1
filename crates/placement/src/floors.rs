//! The floors of pools: on which nodes each job lies, and how large a job fits, now and later.
//!
//! Counts of GPUs ([`crate::pool`]) say how many are there when; a floor says which of them lie
//! together, and which are shared. Only pools have one in which some class needs more than that GPUs
//! are free, or has jobs of shares. What of a floor is not there for jobs, because it has not opened,
//! is leased or out of service, is away: free GPUs of the last nodes, taken anew where the supply
//! changes. So nodes open in order, and what is free by count is free on the floor too, as long as
//! what failed was there. A GPU that is shared counts as held by those that share it.

mod alone;
mod calendar;
mod floor;
mod kind;
mod look;
mod place;
mod shared;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use comity_base::Instant;
use comity_cluster::{Policy, Span as Within, Typical};
use comity_fleet::{Job, Need, Nodes, Size};

use crate::disruption::BeforeMaintenance;
pub(crate) use crate::floors::alone::Alone;
use crate::floors::alone::Empty;
pub(crate) use crate::floors::calendar::{Calendar, Parts};
pub(crate) use crate::floors::floor::NODES_OF_ONE;
use crate::floors::floor::{Closing, Floor, Struck, Taken};
use crate::floors::kind::{Wanted, ask, counted};
pub(crate) use crate::floors::look::Look;
use crate::floors::place::Place;
pub(crate) use crate::floors::shared::Touch;
use crate::inputs::{Class, Inputs, Pool, Restarts, index};
use crate::openings::Openings;
use crate::policy::{Backfill, NodePolicy};
use crate::pool::PoolState;
use crate::progress::planned_seconds;

/// The floors of all pools.
#[derive(Debug, Default)]
pub(crate) struct Floors {
    /// For each class the numbers of its needs, that of its gangs and that of its shares; one for all
    /// where no pool has a floor.
    need_of: Vec<[usize; 2]>,
    /// For each class, whether it has jobs of shares.
    shares: Vec<bool>,
    /// For each need, whether it is that of shares.
    shared: Vec<bool>,
    floors: Vec<Option<Box<Floor>>>,
    /// The pools of whose nodes some are to close.
    closing: Vec<usize>,
    /// The pool on whose floor the head of the queue holds a place.
    held_in: Option<usize>,
}

impl Floors {
    /// The floors with nothing on them, all of which jobs can have: they are laid before any starts.
    pub(crate) fn new(inputs: &Inputs<'_>, openings: &Openings, sizes: &[u32]) -> Self {
        let mut shares = vec![false; inputs.classes.len()];
        for job in inputs.jobs {
            shares[index(job.class)] |= job.size.share().is_some();
        }
        let grounds = grounds(inputs, openings, sizes, &shares);
        let mut needs: Vec<Wanted> = Vec::new();
        if grounds.iter().any(Option::is_some) {
            for (class, &shares) in inputs.classes.iter().zip(&shares) {
                needs.push(Wanted { need: class.need, shared: false });
                needs.extend(shares.then_some(Wanted { need: class.need, shared: true }));
            }
            needs.sort_unstable();
            needs.dedup();
        }
        let number = |class: &Class| {
            [false, true].map(|shared| {
                needs.binary_search(&Wanted { need: class.need, shared }).unwrap_or(0)
            })
        };
        let mut asked: BTreeMap<(Need, Size), u32> = BTreeMap::new();
        if !needs.is_empty() && inputs.policy.nodes == NodePolicy::Fragmentation {
            for job in inputs.jobs {
                let need = inputs.classes[index(job.class)].need;
                *asked.entry((need, job.size)).or_default() += 1;
            }
        }
        let closes = inputs.maintenance.iter().any(|it| !it.nodes.is_empty());
        let longest = if closes { longest(inputs) } else { 0 };
        let floor = |(pool, ground): (usize, &Option<Ground<'_>>)| {
            let &Ground { nodes, shares } = ground.as_ref()?;
            let policy = policy(inputs.policy.nodes, nodes, &asked);
            let mut floor = Floor::new(sizes[pool], nodes, (&needs, shares), policy);
            floor.longest = longest;
            floor.closings = closings(inputs, pool, &floor);
            let each_holds = inputs.policy.backfill == Backfill::Conservative;
            floor.calendar = each_holds.then(|| Calendar::new(&floor.cluster, &floor.kinds));
            Some(Box::new(floor))
        };
        let floors: Vec<Option<Box<Floor>>> = grounds.iter().enumerate().map(floor).collect();
        let closes =
            |pool: &usize| floors[*pool].as_ref().is_some_and(|it| !it.closings.is_empty());
        Self {
            need_of: inputs.classes.iter().map(number).collect(),
            closing: (0..floors.len()).filter(closes).collect(),
            floors,
            shares,
            shared: needs.iter().map(|wanted| wanted.shared).collect(),
            held_in: None,
        }
    }

    /// A copy of floors with nothing on them, to be asked what a job alone could have.
    pub(crate) fn alone(&self) -> Alone {
        let empty =
            |floor: &Floor| Empty { cluster: floor.cluster.clone(), kinds: floor.kinds.clone() };
        let floors = self.floors.iter().map(|floor| floor.as_deref().map(empty)).collect();
        Alone { need_of: self.need_of.clone(), floors, known: BTreeMap::new() }
    }

    /// The number of what the gangs or the shares of a class need.
    pub(crate) fn need_of(&self, class: usize, shared: bool) -> usize {
        self.need_of[class][usize::from(shared)]
    }

    /// Whether a class has jobs of shares.
    pub(crate) fn shares(&self, class: usize) -> bool {
        self.shares[class]
    }

    /// Whether the nodes of a pool are kept track of.
    pub(crate) fn has(&self, pool: usize) -> bool {
        self.floors[pool].is_some()
    }

    /// The largest job with a need that fits a pool now, as far as its nodes say; as [`Ask::amount`](crate::pool::Ask::amount)
    /// measures it.
    pub(crate) fn room(&self, pool: usize, need: usize) -> i64 {
        let floor = self.floors[pool].as_ref();
        floor.map_or_else(|| self.anything(need), |floor| floor.rooms[0].all[need])
    }

    /// The largest job with a need that fits a pool from now to its planned end; beside the place that
    /// the head holds there from an instant on, if it does and the job runs on then.
    pub(crate) fn room_until(
        &self,
        pool: usize,
        need: usize,
        end: Instant,
        held: Option<Instant>,
    ) -> i64 {
        let Some(floor) = &self.floors[pool] else { return self.anything(need) };
        let rooms = floor.rooms_until(end);
        let beside = floor.place.is_some() && held.is_some_and(|start| end > start);
        if beside { rooms.beside[need] } else { rooms.all[need] }
    }

    /// The instants beyond which only smaller jobs with a need run on that start in a pool now, each with
    /// the largest, as [`Self::room_until`] tells them.
    pub(crate) fn limits(
        &self,
        pool: usize,
        need: usize,
        held: Option<Instant>,
    ) -> impl Iterator<Item = (Instant, i64)> {
        let floor = self.floors[pool].as_ref();
        let closings = floor.into_iter().flat_map(|floor| &floor.closings[..floor.within_reach]);
        let limits = closings.map(|closing| closing.start).chain(held.filter(|_| floor.is_some()));
        limits.map(move |at| (at, self.room_until(pool, need, at.plus_seconds(1), held)))
    }

    /// What fits where nodes are not kept track of: any gang that the counts have room for. Where
    /// there is not one GPU there is no share of one.
    fn anything(&self, need: usize) -> i64 {
        if self.shared.get(need).is_some_and(|shared| *shared) { 0 } else { i64::MAX }
    }

    /// Lets the head, which holds no other, hold a place on a floor.
    pub(crate) fn hold_place(&mut self, pool: usize, place: Place) {
        if let Some(floor) = &mut self.floors[pool] {
            floor.place = Some(place);
            floor.read();
            self.held_in = Some(pool);
        }
    }

    /// Gives up the place of the head.
    pub(crate) fn leave_place(&mut self) {
        if let Some(floor) = self.held_in.take().and_then(|pool| self.floors[pool].as_mut()) {
            floor.place = None;
        }
    }

    /// Takes nodes for a job that fits, from now to its planned end: those of its place if it has one,
    /// else beside the place of the head if it is planned to run on then; what, where the pool has a
    /// floor.
    pub(crate) fn take(
        &mut self,
        pool: usize,
        need: usize,
        job: (usize, Size),
        window: (Instant, Instant),
    ) -> Option<Taken> {
        self.floors[pool].as_mut().map(|floor| floor.take(need, job, window))
    }

    /// The nodes of a pool over time to come, with every place that is held, if it has a floor.
    pub(crate) fn calendar(&mut self, pool: usize) -> Option<&mut Calendar> {
        self.floors[pool].as_mut()?.calendar.as_mut()
    }

    /// Forgets what is past of the nodes over time.
    pub(crate) fn advance_calendars(&mut self, now: Instant) {
        let calendars = self.floors.iter_mut().flatten().filter_map(|it| it.calendar.as_mut());
        calendars.for_each(|calendar| calendar.advance(now));
    }

    /// Takes in what will be away of a pool's nodes, by what runs now.
    pub(crate) fn plan_away(&mut self, pool: usize, state: &PoolState, now: Instant) {
        let Some(floor) = self.floors[pool].as_mut().filter(|floor| floor.calendar.is_some())
        else {
            return;
        };
        let away = floor.away_later(state, now);
        if let Some(calendar) = &mut floor.calendar {
            calendar.set_away(away);
        }
    }

    /// Gives back what a job holds, if its pool has a floor; for a share, how its GPU counts.
    pub(crate) fn give_back(&mut self, pool: usize, rank: usize) -> Option<Touch> {
        self.floors[pool].as_mut()?.give_back(rank)
    }

    /// Takes in that jobs can have so many GPUs of a pool now; whether its floor is laid anew.
    pub(crate) fn turn(&mut self, pool: usize, level: i64, now: Instant) -> bool {
        let Some(floor) = &mut self.floors[pool] else { return false };
        let back = !floor.set_up_by(now).is_empty();
        if !floor.closes_or_opens(now) && !back && level == floor.level {
            return false;
        }
        floor.turn(level, now);
        true
    }

    /// Takes in which nodes close before a job that starts now could be over.
    pub(crate) fn look_out(&mut self, now: Instant) {
        let Self { closing, floors, .. } = self;
        closing.retain(|&pool| {
            let floor = floors[pool].as_mut().filter(|floor| !floor.closings.is_empty());
            floor.map(|floor| floor.look_out(now)).is_some()
        });
    }

    /// Closes nodes of a pool, where it has a floor, until an instant; the jobs that lie there, which are
    /// to be taken off before the floor is laid.
    pub(crate) fn close(
        &mut self,
        pool: usize,
        nodes: &[Range<u32>],
        (now, until): (Instant, Instant),
    ) -> Vec<usize> {
        let Some(floor) = &mut self.floors[pool] else { return Vec::new() };
        let nodes = of_floor(nodes, floor);
        floor.close(Closing { start: now, end: until, nodes })
    }

    /// Lets nodes of a pool fail until an instant, where it has a floor: from that of a GPU on, and
    /// round, as many as have so many GPUs that jobs could have. The jobs that lay there are to be
    /// taken off before the floor is laid.
    pub(crate) fn strike(
        &mut self,
        pool: usize,
        first: u32,
        gpus: u32,
        until: Instant,
    ) -> Option<Struck> {
        self.floors[pool].as_mut().map(|floor| floor.strike(first, gpus, until))
    }

    /// Lays a floor first: jobs can have so many GPUs of the pool.
    pub(crate) fn begin(&mut self, pool: usize, level: i64, now: Instant) {
        if let Some(floor) = &mut self.floors[pool] {
            floor.turn_closings(now);
            floor.lay(level);
        }
    }

    /// Takes in that jobs can have so many GPUs of a pool now, after some failed or went away.
    pub(crate) fn lay(&mut self, pool: usize, level: i64) {
        if let Some(floor) = &mut self.floors[pool] {
            floor.lay(level);
        }
    }

    /// Takes in that a job is to end sooner than it was planned to; for a share, how its GPU counts.
    pub(crate) fn shorten(
        &mut self,
        pool: usize,
        rank: usize,
        planned_end: Instant,
    ) -> Option<Touch> {
        self.floors[pool].as_mut()?.shorten(rank, planned_end)
    }

    /// Those that share the GPU of a job, itself among them, and are planned to go on at an instant.
    pub(crate) fn sharers(&self, pool: usize, rank: usize, at: Instant) -> Vec<usize> {
        let floor = self.floors[pool].as_ref();
        let gpu = floor.and_then(|floor| Some((floor, floor.shares_of(rank)?)));
        gpu.map_or_else(Vec::new, |(floor, gpu)| floor.shared.after(gpu, at).collect())
    }

    /// The first instant after another at which a job is planned to end. Its GPU may be held on by
    /// others that share it.
    pub(crate) fn next_end(&self, at: Instant) -> Option<Instant> {
        let ends = self.floors.iter().flatten().filter_map(|floor| floor.next_end(at));
        ends.min()
    }

    /// Looks ahead in a pool, if it has a floor.
    pub(crate) fn look<T>(
        &mut self,
        pool: usize,
        state: &PoolState,
        now: Instant,
        at: impl FnOnce(&mut Look<'_>) -> T,
    ) -> Option<T> {
        let floor = self.floors[pool].as_mut()?;
        let mut look = Look::new(floor, state, now);
        let seen = at(&mut look);
        look.undo();
        Some(seen)
    }
}

/// A pool that is to have a floor.
struct Ground<'a> {
    /// How its nodes stand, if that is told.
    nodes: Option<&'a Nodes>,
    /// Whether some job may have a share of a GPU there.
    shares: bool,
}

/// For each pool, how its nodes stand if they limit what some class can have, or some class has jobs
/// of shares.
fn grounds<'a>(
    inputs: &Inputs<'a>,
    openings: &Openings,
    sizes: &[u32],
    shares: &[bool],
) -> Vec<Option<Ground<'a>>> {
    let of_pool = |(index, pool): (usize, &'a Pool)| {
        let gpus = sizes[index];
        let classes = || {
            let classes = inputs.classes.iter().enumerate();
            classes.filter(|&(class, _)| openings.fits(class, index))
        };
        let shares = classes().any(|(class, _)| shares[class]);
        let limits = |nodes: &Nodes| classes().any(|(_, it)| it.need.is_limited(nodes, gpus));
        let limited = pool.nodes.as_ref().is_some_and(limits);
        let nodes = pool.nodes.as_ref();
        (gpus > 0 && (limited || shares)).then_some(Ground { nodes, shares })
    };
    inputs.pools.iter().enumerate().map(of_pool).collect()
}

/// No job is planned for longer, seconds.
fn longest(inputs: &Inputs<'_>) -> i64 {
    let planned = |job: &Job| planned_seconds(job, Restarts::default(), None);
    let restart = |class: &Class| i64::from(class.restarts.restart_seconds);
    let longest = inputs.jobs.iter().map(planned).max().unwrap_or(0);
    longest.saturating_add(inputs.classes.iter().map(restart).max().unwrap_or(0))
}

/// The nodes of some ranges that a floor has.
fn of_floor(nodes: &[Range<u32>], floor: &Floor) -> Vec<u32> {
    let there = floor.cluster.machines().len();
    let nodes: BTreeSet<u32> = nodes.iter().cloned().flatten().collect();
    nodes.into_iter().filter(|&node| index(node) < there).collect()
}

/// The nodes of a pool that close at a time that jobs keep clear of.
fn closings(inputs: &Inputs<'_>, pool: usize, floor: &Floor) -> Vec<Closing> {
    let drained = inputs.maintenance.iter().filter(|it| {
        it.pool == pool && !it.nodes.is_empty() && it.before == BeforeMaintenance::Drain
    });
    let mut closings: Vec<Closing> = drained
        .map(|it| Closing {
            start: it.window.start(),
            end: it.window.end(),
            nodes: of_floor(&it.nodes, floor),
        })
        .collect();
    closings.sort_by_key(|closing| closing.start);
    closings
}

/// How a node is chosen for a job of at most one node; `sizes` tells how often there are jobs of a
/// need and size.
fn policy(
    policy: NodePolicy,
    nodes: Option<&Nodes>,
    sizes: &BTreeMap<(Need, Size), u32>,
) -> Policy {
    match policy {
        NodePolicy::Tightest => Policy::Tightest,
        NodePolicy::FirstFit => Policy::FirstFit,
        NodePolicy::Random { seed } => Policy::Random { seed },
        NodePolicy::BestFit => Policy::BestFit,
        NodePolicy::DotProduct => Policy::DotProd,
        NodePolicy::Clustering => Policy::GpuClustering,
        NodePolicy::Packing => Policy::GpuPacking,
        NodePolicy::Fragmentation => {
            let on_a_node = |(&(need, size), &count): (&(Need, Size), &u32)| {
                let of_node = nodes.map_or(1, |nodes| nodes.gpus_per_node);
                let fits = (1..=of_node).contains(&size.gpus());
                fits.then(|| (ask(&counted(need, nodes), Within::Node, size), count))
            };
            let work = sizes.iter().filter_map(on_a_node);
            // Without a job of at most one node there is none to choose for.
            Typical::of_counts(work, TYPICAL_PERCENT).map_or(Policy::Tightest, Policy::Fgd)
        }
    }
}

/// Of the jobs by which fragments are told; as in the published experiment.
const TYPICAL_PERCENT: u32 = 95;
