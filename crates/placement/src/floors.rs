//! The floors of pools: on which nodes each gang lies, and how large a gang fits, now and later.
//!
//! Counts of GPUs ([`crate::pool`]) say how many are there when; a floor says which of them lie
//! together. Only pools have one in which some class needs more than that GPUs are free. What of a
//! floor is not there for jobs, because it has not opened, is leased or out of service, is away: free
//! GPUs of the last nodes, taken anew where the supply changes. So nodes open in order, and what is
//! free by count is free on the floor too, as long as what failed was there.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use comity_base::{Instant, Window};
use comity_cluster::{
    AMOUNT_MAX, Ask as NodeAsk, Cause, Cluster, Holding, HoldingId, Machine, ModelSet, OfNode,
    Part, Policy, Shape, Span as Within, Typical,
};
use comity_fleet::{Need, Nodes, Span};

use crate::inputs::{Inputs, Pool, index};
use crate::openings::Openings;
use crate::plan::OnNode;
use crate::policy::NodePolicy;
use crate::pool::{Ask, PoolState};

/// The floors of all pools.
#[derive(Debug, Default)]
pub(crate) struct Floors {
    /// For each class, its need by number; one for all where no pool has a floor.
    need_of: Vec<usize>,
    floors: Vec<Option<Floor>>,
    /// The pool on whose floor the head of the queue holds a place.
    held_in: Option<usize>,
}

/// How a need stands to the nodes of a floor.
#[derive(Debug, Clone, Copy)]
struct Kind {
    need: Need,
    within: Within,
    /// One GPU of it; none where no node has what it needs for one.
    one: Option<Shape>,
    /// No gang is larger whatever is free.
    most: i64,
}

/// The nodes of one pool.
#[derive(Debug)]
pub(crate) struct Floor {
    cluster: Cluster,
    gpus_per_node: u32,
    kinds: Vec<Kind>,
    /// For each need, the largest gang that fits now.
    rooms: Vec<i64>,
    /// The place that the head holds, and for each need the largest gang that fits now beside it.
    place: Option<Place>,
    rooms_beside: Vec<i64>,
    /// By rank.
    held: BTreeMap<usize, Held>,
    /// When jobs are planned to end, with their rank.
    ends: BTreeSet<(Instant, usize)>,
    away: Option<Holding>,
    /// For how many GPUs that jobs can have it is laid.
    level: i64,
    /// The nodes that failed, with when they are back.
    down: Vec<(Instant, u32)>,
}

/// What a job holds, and until when by plan.
#[derive(Debug)]
struct Held {
    /// Nothing while a look ahead has it given back.
    holding: Option<Holding>,
    planned_end: Instant,
}

/// The place of the head on a floor, by the nodes that may have less left when it starts than now.
#[derive(Debug)]
pub(crate) struct Place {
    start: Instant,
    nodes: BTreeMap<u32, Balance>,
}

/// What changes on a node until the head starts.
#[derive(Debug, Clone, Copy, Default)]
struct Balance {
    /// What the head takes, and what is away then.
    taken: OfNode,
    /// What jobs that end by then give back, and what is away now.
    freed: OfNode,
}

impl Place {
    /// Takes in that a job starts or ends; one that runs on when the head starts changes nothing.
    fn turn(&mut self, planned_end: Instant, parts: &[Part], starts: bool) {
        if planned_end > self.start {
            return;
        }
        for part in parts {
            if let Some(Balance { freed, .. }) = self.nodes.get_mut(&part.node) {
                if starts {
                    freed.add((*part).into());
                } else {
                    *freed = freed.beyond((*part).into());
                }
            }
        }
    }

    /// What of a floor is left now and will not be then.
    fn kept(&self, cluster: &Cluster) -> Vec<(u32, OfNode)> {
        let kept = |(&node, balance): (&u32, &Balance)| {
            let left = cluster.left(node).expect("a node of the floor is there");
            (node, balance.taken.beyond(balance.freed).at_most(left))
        };
        self.nodes.iter().map(kept).collect()
    }
}

/// What a fault took down.
#[derive(Debug)]
pub(crate) struct Struck {
    /// Whose jobs lay there, by rank, in order.
    pub(crate) ranks: Vec<usize>,
    /// How many GPUs went that jobs could have had.
    pub(crate) gpus: i64,
}

impl Floors {
    /// The floors with nothing on them, all of which jobs can have: they are laid before any starts.
    pub(crate) fn new(inputs: &Inputs<'_>, openings: &Openings) -> Self {
        let limited = limited(inputs, openings);
        let mut needs: Vec<Need> = Vec::new();
        if limited.iter().any(Option::is_some) {
            needs.extend(inputs.classes.iter().map(|class| class.need));
            needs.sort_unstable();
            needs.dedup();
        }
        let number = |class: &crate::Class| needs.binary_search(&class.need).unwrap_or(0);
        let mut sizes: BTreeMap<(Need, u32), u32> = BTreeMap::new();
        if !needs.is_empty() && inputs.policy.nodes == NodePolicy::Fragmentation {
            for job in inputs.jobs {
                let need = inputs.classes[index(job.class)].need;
                *sizes.entry((need, job.size.gpus())).or_default() += 1;
            }
        }
        let floor = |(pool, nodes): (usize, &Option<&Nodes>)| {
            let nodes = (*nodes)?;
            let policy = policy(inputs.policy.nodes, nodes, &sizes);
            Some(Floor::new(&inputs.pools[pool], nodes, &needs, policy))
        };
        Self {
            need_of: inputs.classes.iter().map(number).collect(),
            floors: limited.iter().enumerate().map(floor).collect(),
            held_in: None,
        }
    }

    /// A copy of floors with nothing on them, to be asked what a job alone could have.
    pub(crate) fn alone(&self) -> Alone {
        let empty =
            |floor: &Floor| Empty { cluster: floor.cluster.clone(), kinds: floor.kinds.clone() };
        let floors = self.floors.iter().map(|floor| floor.as_ref().map(empty)).collect();
        Alone { need_of: self.need_of.clone(), floors, known: BTreeMap::new() }
    }

    /// The number of what a class needs.
    pub(crate) fn need_of(&self, class: usize) -> usize {
        self.need_of[class]
    }

    /// Whether the nodes of a pool are kept track of.
    pub(crate) fn has(&self, pool: usize) -> bool {
        self.floors[pool].is_some()
    }

    /// The largest gang with a need that fits a pool now, as far as its nodes say.
    pub(crate) fn room(&self, pool: usize, need: usize) -> i64 {
        self.floors[pool].as_ref().map_or(i64::MAX, |floor| floor.rooms[need])
    }

    /// The largest gang with a need that fits a pool now and leaves the head its place.
    pub(crate) fn room_beside(&self, pool: usize, need: usize) -> i64 {
        let floor = self.floors[pool].as_ref();
        floor.map_or(i64::MAX, |floor| match floor.place {
            Some(_) => floor.rooms_beside[need],
            None => floor.rooms[need],
        })
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

    /// Takes nodes for a gang that fits, beside the place of the head if it is planned to run on
    /// then; which, where the pool has a floor.
    pub(crate) fn take(
        &mut self,
        pool: usize,
        need: usize,
        (rank, gpus): (usize, u32),
        planned_end: Instant,
    ) -> Option<Box<[OnNode]>> {
        self.floors[pool].as_mut().map(|floor| floor.take(need, (rank, gpus), planned_end))
    }

    /// Gives back what a job holds, if its pool has a floor.
    pub(crate) fn give_back(&mut self, pool: usize, rank: usize) {
        if let Some(floor) = &mut self.floors[pool] {
            let planned_end = floor.held[&rank].planned_end;
            let (_, parts) = floor.lift(rank).expect("a job that runs holds nodes");
            floor.held.remove(&rank);
            floor.ends.remove(&(planned_end, rank));
            floor.place.iter_mut().for_each(|place| place.turn(planned_end, &parts, false));
            floor.read();
        }
    }

    /// Takes in that jobs can have so many GPUs of a pool now; whether its floor is laid anew.
    pub(crate) fn turn(&mut self, pool: usize, level: i64, now: Instant) -> bool {
        let Some(floor) = &mut self.floors[pool] else { return false };
        let back: Vec<(Instant, u32)> =
            floor.down.extract_if(.., |(until, _)| *until <= now).collect();
        if back.is_empty() && level == floor.level {
            return false;
        }
        for (_, node) in back {
            floor.set_up(node);
        }
        floor.lay(level);
        true
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

    /// Takes in that jobs can have so many GPUs of a pool now, after some failed or went away.
    pub(crate) fn lay(&mut self, pool: usize, level: i64) {
        if let Some(floor) = &mut self.floors[pool] {
            floor.lay(level);
        }
    }

    /// Takes in that a job is to end sooner than it was planned to.
    pub(crate) fn shorten(&mut self, pool: usize, rank: usize, planned_end: Instant) {
        if let Some(floor) = &mut self.floors[pool] {
            let held = floor.held.get_mut(&rank).expect("a job that runs holds nodes");
            floor.ends.remove(&(held.planned_end, rank));
            floor.ends.insert((planned_end, rank));
            held.planned_end = planned_end;
            // It was reckoned with the end that it had.
            floor.place = None;
        }
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

/// For each pool, how its nodes stand if they limit what some class can have.
fn limited<'a>(inputs: &Inputs<'a>, openings: &Openings) -> Vec<Option<&'a Nodes>> {
    let of_pool = |(index, pool): (usize, &'a Pool)| {
        let nodes = pool.nodes.as_ref()?;
        let gpus = pool.capacity.most_in(Window::ALWAYS);
        let mut classes = inputs.classes.iter().enumerate();
        let limits = |(class, it): (usize, &crate::Class)| {
            openings.fits(class, index) && it.need.is_limited(nodes, gpus)
        };
        (gpus > 0 && classes.any(limits)).then_some(nodes)
    };
    inputs.pools.iter().enumerate().map(of_pool).collect()
}

/// How a node is chosen for a gang of at most one node; `sizes` tells how often there are jobs of a
/// need and size.
fn policy(policy: NodePolicy, nodes: &Nodes, sizes: &BTreeMap<(Need, u32), u32>) -> Policy {
    match policy {
        NodePolicy::Tightest => Policy::Tightest,
        NodePolicy::FirstFit => Policy::FirstFit,
        NodePolicy::Random { seed } => Policy::Random { seed },
        NodePolicy::BestFit => Policy::BestFit,
        NodePolicy::DotProduct => Policy::DotProd,
        NodePolicy::Clustering => Policy::GpuClustering,
        NodePolicy::Packing => Policy::GpuPacking,
        NodePolicy::Fragmentation => {
            let on_a_node = |(&(need, gpus), &count): (&(Need, u32), &u32)| {
                let fits = (1..=nodes.gpus_per_node).contains(&gpus);
                fits.then(|| (ask(&counted(need, nodes), Within::Node, gpus), count))
            };
            let work = sizes.iter().filter_map(on_a_node);
            // Without a job of at most one node there is none to choose for.
            Typical::of_counts(work, TYPICAL_PERCENT).map_or(Policy::Tightest, Policy::Fgd)
        }
    }
}

/// Of the jobs by which fragments are told; as in the published experiment.
const TYPICAL_PERCENT: u32 = 95;

/// What a need comes to where what nodes have without limit is not counted.
fn counted(need: Need, nodes: &Nodes) -> Need {
    Need {
        cpu_milli_per_gpu: nodes.cpu_milli.map_or(0, |_| need.cpu_milli_per_gpu),
        memory_mib_per_gpu: nodes.memory_mib.map_or(0, |_| need.memory_mib_per_gpu),
        ..need
    }
}

/// What a gang asks of nodes.
fn ask(need: &Need, within: Within, gpus: u32) -> NodeAsk {
    NodeAsk {
        gpus,
        milli: 0,
        cpu_milli: need.cpu_milli_per_gpu * u64::from(gpus),
        memory_mib: need.memory_mib_per_gpu * u64::from(gpus),
        models: ModelSet::ANY,
        span: within,
    }
}

/// How many GPUs are away, of so many, when jobs can have a level of them.
fn away(open: u32, level: i64) -> u32 {
    u32::try_from(i64::from(open) - level).unwrap_or(0)
}

impl Kind {
    fn new(cluster: &mut Cluster, nodes: &Nodes, need: Need) -> Self {
        let need = counted(need, nodes);
        let within = match need.span {
            Span::Node => Within::Node,
            Span::Rack => Within::Rack,
            Span::Hall => Within::Hall,
            Span::Site => Within::Site,
        };
        let most = |per_gpu: u64| AMOUNT_MAX.checked_div(per_gpu).unwrap_or(u64::MAX);
        let most = most(need.cpu_milli_per_gpu).min(most(need.memory_mib_per_gpu));
        Self {
            need,
            within,
            one: cluster.shape(&ask(&need, within, 1)).ok(),
            most: i64::try_from(most).unwrap_or(i64::MAX),
        }
    }

    /// The largest gang of it, given what tells the largest by its nodes.
    fn room(&self, largest: impl FnOnce(Shape, Within) -> Option<u32>) -> i64 {
        let largest = self.one.and_then(|one| largest(one, self.within));
        largest.map_or(0, i64::from).min(self.most)
    }
}

impl Floor {
    fn new(pool: &Pool, nodes: &Nodes, needs: &[Need], policy: Policy) -> Self {
        let gpus = pool.capacity.most_in(Window::ALWAYS);
        let machine = |node: u32| {
            let rack = node / nodes.nodes_per_rack.max(1);
            Machine {
                cpu_milli: nodes.cpu_milli.unwrap_or(0),
                memory_mib: nodes.memory_mib.unwrap_or(0),
                gpus: u16::try_from(nodes.gpus_per_node).unwrap_or(u16::MAX),
                model: 0,
                rack,
                hall: nodes.racks_per_hall.map_or(0, |racks| rack / racks.max(1)),
            }
        };
        let machines = (0..gpus.div_ceil(nodes.gpus_per_node)).map(machine).collect();
        let mut cluster = Cluster::new(machines, policy)
            .unwrap_or_else(|errors| panic!("the inputs keep what nodes can be: {errors:?}"));
        let kinds = needs.iter().map(|&need| Kind::new(&mut cluster, nodes, need)).collect();
        Self {
            cluster,
            gpus_per_node: nodes.gpus_per_node,
            kinds,
            rooms: vec![0; needs.len()],
            place: None,
            rooms_beside: vec![0; needs.len()],
            held: BTreeMap::new(),
            ends: BTreeSet::new(),
            away: None,
            level: 0,
            down: Vec::new(),
        }
    }

    /// The largest gang with a need that fits.
    fn largest(&mut self, need: usize) -> i64 {
        self.kinds[need].room(|one, within| self.cluster.largest_gang(one, within))
    }

    /// Reads how large a gang fits, need by need.
    fn read(&mut self) {
        for need in 0..self.kinds.len() {
            self.rooms[need] = self.largest(need);
        }
        if self.place.is_some() {
            let kept = self.keep();
            for need in 0..self.kinds.len() {
                self.rooms_beside[need] = self.largest(need);
            }
            kept.into_iter().for_each(|kept| self.cluster.give_back(kept));
        }
    }

    /// Takes what is left now and will not be when the head starts.
    fn keep(&mut self) -> Option<Holding> {
        let kept = self.place.as_ref()?.kept(&self.cluster);
        self.cluster.hold_on(kept)
    }

    /// Takes what fits.
    fn hold(&mut self, ask: &NodeAsk) -> Holding {
        let shape = self.cluster.shape(ask).expect("an ask that fits is one");
        let choice = self.cluster.choose(shape).expect("only what fits is taken");
        self.cluster.take(choice)
    }

    fn take(
        &mut self,
        need: usize,
        (rank, gpus): (usize, u32),
        planned_end: Instant,
    ) -> Box<[OnNode]> {
        let Kind { need, within, .. } = self.kinds[need];
        let runs_on = self.place.as_ref().is_some_and(|place| planned_end > place.start);
        let kept = if runs_on { self.keep() } else { None };
        let holding = self.hold(&ask(&need, within, gpus));
        kept.into_iter().for_each(|kept| self.cluster.give_back(kept));
        let parts: Vec<Part> = self.cluster.parts(&holding).collect();
        self.place.iter_mut().for_each(|place| place.turn(planned_end, &parts, true));
        self.held.insert(rank, Held { holding: Some(holding), planned_end });
        self.ends.insert((planned_end, rank));
        self.read();
        let on_node = |part: &Part| OnNode { node: part.node, gpus: part.gpus.count_ones(), shared: None };
        let mut nodes: Vec<OnNode> = parts.iter().map(on_node).collect();
        nodes.sort_unstable_by_key(|it| it.node);
        nodes.into()
    }

    /// Gives back what a job holds, unless that was done; what it held.
    fn lift(&mut self, rank: usize) -> Option<(usize, Vec<Part>)> {
        let holding = self.held.get_mut(&rank)?.holding.take()?;
        let parts = self.cluster.parts(&holding).collect();
        self.cluster.give_back(holding);
        Some((rank, parts))
    }

    /// Takes again what jobs held.
    fn put_back(&mut self, lifted: Vec<(usize, Vec<Part>)>) {
        for (rank, parts) in lifted {
            let held = self.held.get_mut(&rank).expect("what is put back was lifted");
            held.holding = self.cluster.retake(&parts);
        }
    }

    /// Gives back what is away; which that was.
    fn lift_away(&mut self) -> Vec<Part> {
        let Some(away) = self.away.take() else { return Vec::new() };
        let parts = self.cluster.parts(&away).collect();
        self.cluster.give_back(away);
        parts
    }

    /// Takes away what jobs cannot have when they can have so many GPUs.
    fn withhold(&mut self, level: i64) {
        self.away = self.cluster.withhold(away(self.cluster.open_gpus(), level));
    }

    fn set_up(&mut self, node: u32) {
        self.cluster.set_up(node, Cause::Failure).expect("a node that failed is there");
    }

    /// Lays what is away anew, for so many GPUs that jobs can have. The head's place is given up.
    fn lay(&mut self, level: i64) {
        self.lift_away();
        self.level = level;
        self.place = None;
        self.withhold(level);
        self.read();
    }

    fn strike(&mut self, first: u32, gpus: u32, until: Instant) -> Struck {
        let mut away: BTreeMap<u32, u32> = BTreeMap::new();
        for part in self.lift_away() {
            *away.entry(part.node).or_default() += part.gpus.count_ones();
        }
        let down: Vec<u32> = self.down.iter().map(|&(_, node)| node).collect();
        let nodes = u32::try_from(self.cluster.machines().len()).expect("nodes are 32 bits");
        let start = first / self.gpus_per_node % nodes;
        let mut struck = 0;
        let mut holders: Vec<HoldingId> = Vec::new();
        for node in (start..nodes).chain(0..start).filter(|node| !down.contains(node)) {
            if struck >= gpus {
                break;
            }
            let there = self.gpus_per_node - away.get(&node).copied().unwrap_or(0);
            if there > 0 {
                struck += there;
                let held = self.cluster.set_down(node, Cause::Failure);
                holders.extend(held.expect("a node of the floor is there"));
                self.down.push((until, node));
            }
        }
        let lies = |held: &Held| {
            held.holding.as_ref().is_some_and(|holding| holders.contains(&holding.id()))
        };
        let held = self.held.iter().filter(|(_, held)| lies(held));
        Struck { ranks: held.map(|(&rank, _)| rank).collect(), gpus: i64::from(struck) }
    }
}

/// A floor as it will be if running jobs end when they are planned to and nothing else starts. What is
/// looked at is the floor itself, which is put back as it was.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    floor: &'a mut Floor,
    state: &'a PoolState,
    level: i64,
    /// The last planned end that was taken in.
    ended: Option<(Instant, usize)>,
    /// The next step of the supply.
    step: Option<Instant>,
    /// The jobs that are gone, with what they held.
    gone: Vec<(usize, Vec<Part>)>,
    /// The nodes that are back.
    back: Vec<(Instant, u32)>,
    /// What was away, if that is something else now.
    was_away: Option<Vec<Part>>,
}

impl<'a> Look<'a> {
    fn new(floor: &'a mut Floor, state: &'a PoolState, now: Instant) -> Self {
        Self {
            level: floor.level,
            floor,
            state,
            ended: None,
            step: state.next_step(now.plus_seconds(-1)),
            gone: Vec::new(),
            back: Vec::new(),
            was_away: None,
        }
    }

    /// The next planned end.
    fn next_end(&self) -> Option<(Instant, usize)> {
        let after = self.ended.map_or(Bound::Unbounded, Bound::Excluded);
        self.floor.ends.range((after, Bound::Unbounded)).next().copied()
    }

    /// The next instant at which something is to be taken in.
    fn next(&self) -> Option<Instant> {
        let end = self.next_end().map(|(at, _)| at);
        let back = self.floor.down.iter().map(|&(until, _)| until).min();
        end.into_iter().chain(self.step).chain(back).min()
    }

    /// Takes in what happens up to an instant.
    pub(crate) fn go_on(&mut self, to: Instant) {
        while let Some(now) = self.next().filter(|&at| at <= to) {
            while let Some((at, rank)) = self.next_end().filter(|&(at, _)| at <= now) {
                self.ended = Some((at, rank));
                self.gone.extend(self.floor.lift(rank));
            }
            let back: Vec<(Instant, u32)> =
                self.floor.down.extract_if(.., |(until, _)| *until <= now).collect();
            for &(_, node) in &back {
                self.floor.set_up(node);
            }
            if self.step.is_some_and(|step| step <= now) {
                self.step = self.state.next_step(now);
            }
            let level = self.state.level_at(now);
            if !back.is_empty() || level != self.level {
                self.level = level;
                let parts = self.floor.lift_away();
                self.was_away.get_or_insert(parts);
                self.floor.withhold(level);
            }
            self.back.extend(back);
        }
    }

    /// Whether a gang would fit now.
    pub(crate) fn fits(&mut self, need: usize, gpus: i64) -> bool {
        self.floor.largest(need) >= gpus
    }

    /// Whether a gang would fit now if these jobs, which still run, were gone.
    pub(crate) fn fits_without(
        &mut self,
        need: usize,
        gpus: i64,
        ranks: impl Iterator<Item = usize>,
    ) -> bool {
        // One that is planned to end by now is gone already.
        let lifted: Vec<(usize, Vec<Part>)> =
            ranks.filter_map(|rank| self.floor.lift(rank)).collect();
        let fits = self.fits(need, gpus);
        self.floor.put_back(lifted);
        fits
    }

    /// The first instant from one on, before a limit, at which the gang fits until its end, on the
    /// floor and by count, and lies in one of the windows.
    pub(crate) fn earliest(
        &mut self,
        need: usize,
        ask: Ask,
        from: Instant,
        before: Instant,
        open: &[Window],
    ) -> Option<Instant> {
        let mut at = self.state.earliest(ask, from, before, open)?;
        loop {
            self.go_on(at);
            let next = self.next().unwrap_or(Instant::MAX);
            if self.fits(need, ask.gpus)
                && let Some(start) = self.state.earliest(ask, at, before.min(next), open)
            {
                return Some(start);
            }
            at = self.state.earliest(ask, self.next()?, before, open)?;
        }
    }

    /// The place of a gang that fits when the look ahead has come to an instant.
    pub(crate) fn place(&mut self, need: usize, gpus: i64, start: Instant) -> Place {
        self.go_on(start);
        let Kind { need, within, .. } = self.floor.kinds[need];
        let gpus = u32::try_from(gpus).expect("a gang is of 32 bits");
        let head = self.floor.hold(&ask(&need, within, gpus));
        let mut nodes: BTreeMap<u32, Balance> = BTreeMap::new();
        for part in self.floor.cluster.parts(&head) {
            nodes.entry(part.node).or_default().taken.add(part.into());
        }
        self.floor.cluster.give_back(head);
        // Where what is away lies elsewhere then, that is what is taken and what comes free.
        if let Some(was) = &self.was_away {
            let away = self.floor.away.iter().flat_map(|away| self.floor.cluster.parts(away));
            away.for_each(|part| nodes.entry(part.node).or_default().taken.add(part.into()));
            for part in was {
                if let Some(balance) = nodes.get_mut(&part.node) {
                    balance.freed.add((*part).into());
                }
            }
        }
        for part in self.gone.iter().flat_map(|(_, parts)| parts) {
            if let Some(balance) = nodes.get_mut(&part.node) {
                balance.freed.add((*part).into());
            }
        }
        Place { start, nodes }
    }

    /// Puts the floor back as it was.
    fn undo(self) {
        let Self { floor, gone, back, was_away, .. } = self;
        if was_away.is_some() {
            floor.lift_away();
        }
        for &(_, node) in &back {
            let known = "a node that was up is there";
            floor.cluster.set_down(node, Cause::Failure).expect(known);
        }
        floor.down.extend(back);
        floor.put_back(gone);
        if let Some(parts) = was_away {
            floor.away = floor.cluster.retake(&parts);
        }
    }
}

/// What a job could have if nothing else ran.
#[derive(Debug)]
pub(crate) struct Alone {
    need_of: Vec<usize>,
    floors: Vec<Option<Empty>>,
    known: BTreeMap<(usize, usize, i64), i64>,
}

#[derive(Debug)]
struct Empty {
    cluster: Cluster,
    kinds: Vec<Kind>,
}

impl Alone {
    /// The largest gang of a class that fits a pool of which jobs can have so many GPUs.
    pub(crate) fn room(&mut self, pool: usize, class: usize, level: i64) -> i64 {
        let Some(floor) = &mut self.floors[pool] else { return level };
        let need = self.need_of[class];
        *self.known.entry((pool, need, level)).or_insert_with(|| {
            let Empty { cluster, kinds } = floor;
            let away = cluster.withhold(away(cluster.open_gpus(), level));
            let room = kinds[need].room(|one, within| cluster.largest_gang(one, within));
            away.into_iter().for_each(|away| cluster.give_back(away));
            room
        })
    }

    /// When a job could start first in a pool without jobs, as [`PoolState::earliest`].
    pub(crate) fn earliest(
        &mut self,
        pool: usize,
        class: usize,
        state: &PoolState,
        ask: Ask,
        (from, before): (Instant, Instant),
        open: &[Window],
    ) -> Option<Instant> {
        let mut at = state.earliest(ask, from, before, open)?;
        while self.floors[pool].is_some() && self.room(pool, class, state.level_at(at)) < ask.gpus {
            at = state.earliest(ask, state.next_step(at)?, before, open)?;
        }
        Some(at)
    }
}
