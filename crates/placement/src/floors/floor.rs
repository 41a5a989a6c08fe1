//! The nodes of one pool, with what jobs hold of them and what is away.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use comity_base::Instant;
use comity_cluster::{Ask as NodeAsk, Cause, Cluster, Holding, HoldingId, Machine, Part, Policy};
use comity_fleet::{Nodes, Size};

use crate::floors::calendar::{Away, Calendar, by_node};
use crate::floors::kind::{Kind, Wanted};
use crate::floors::look::Look;
use crate::floors::place::Place;
use crate::floors::shared::{OneGpu, SharedGpus, Touch};
use crate::inputs::index;
use crate::plan::OnNode;
use crate::pool::PoolState;

/// The nodes of one pool.
#[derive(Debug)]
pub(crate) struct Floor {
    pub(crate) cluster: Cluster,
    gpus_per_node: u32,
    pub(crate) kinds: Vec<Kind>,
    /// Whether some job may have a share of a GPU here.
    pub(crate) shares: bool,
    /// The place that the head holds.
    pub(crate) place: Option<Place>,
    /// How large a job fits now that is over before any nodes close; then, for each closing, one that is
    /// over before the next.
    pub(crate) rooms: Vec<Rooms>,
    /// The nodes that are to close by plan, the first to close first.
    pub(crate) closings: Vec<Closing>,
    /// No job is planned for longer, seconds; and how many of the closings one that starts now could run
    /// into.
    pub(crate) longest: i64,
    pub(crate) within_reach: usize,
    /// The nodes that are closed by plan, and until when; and by how many closings each node is.
    pub(crate) closed: Vec<Closing>,
    closed_by: Vec<u32>,
    /// Where each job that waits holds a place.
    pub(crate) calendar: Option<Calendar>,
    /// By rank.
    held: BTreeMap<usize, Held>,
    /// When jobs are planned to end, with their rank.
    pub(crate) ends: BTreeSet<(Instant, usize)>,
    pub(crate) shared: SharedGpus,
    pub(crate) away: Option<Holding>,
    /// For how many GPUs that jobs can have it is laid.
    pub(crate) level: i64,
    /// The nodes that failed, with when they are back.
    pub(crate) down: Vec<(Instant, u32)>,
}

/// Nodes that are closed from an instant to another.
#[derive(Debug, Clone)]
pub(crate) struct Closing {
    pub(crate) start: Instant,
    pub(crate) end: Instant,
    pub(crate) nodes: Vec<u32>,
}

/// For each need, the largest job that fits, and the largest that fits beside the place of the head.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rooms {
    pub(crate) all: Vec<i64>,
    pub(crate) beside: Vec<i64>,
}

/// What a job holds, and until when by plan.
#[derive(Debug)]
struct Held {
    /// Nothing while a look ahead has it given back.
    holding: Option<Holding>,
    /// The GPU that it has a share of.
    shares: Option<OneGpu>,
    planned_end: Instant,
}

/// What a fault took down.
#[derive(Debug)]
pub(crate) struct Struck {
    /// Whose jobs lay there, by rank, in order.
    pub(crate) ranks: Vec<usize>,
    /// How many GPUs went that jobs could have had.
    pub(crate) gpus: i64,
}

/// What was taken for a job.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) nodes: Box<[OnNode]>,
    /// For a share, how the GPU that it lies on counts.
    pub(crate) touch: Option<Touch>,
}

/// Where nothing is told of nodes each GPU is one.
pub(crate) const NODES_OF_ONE: Nodes = Nodes {
    gpus_per_node: 1,
    nodes_per_rack: 1,
    racks_per_hall: None,
    cpu_milli: None,
    memory_mib: None,
};

/// How many GPUs are away, of so many, when jobs can have a level of them.
pub(crate) fn away(open: u32, level: i64) -> u32 {
    u32::try_from(i64::from(open) - level).unwrap_or(0)
}

impl Floor {
    pub(crate) fn new(
        gpus: u32,
        nodes: Option<&Nodes>,
        (wanted, shares): (&[Wanted], bool),
        policy: Policy,
    ) -> Self {
        let told = nodes;
        let nodes = told.unwrap_or(&NODES_OF_ONE);
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
        let closed_by = vec![0; cluster.machines().len()];
        let kinds = wanted.iter().map(|&wanted| Kind::new(&mut cluster, told, wanted)).collect();
        Self {
            cluster,
            gpus_per_node: nodes.gpus_per_node,
            kinds,
            shares,
            place: None,
            rooms: Vec::new(),
            closings: Vec::new(),
            longest: 0,
            within_reach: 0,
            closed: Vec::new(),
            closed_by,
            calendar: None,
            held: BTreeMap::new(),
            ends: BTreeSet::new(),
            shared: SharedGpus::default(),
            away: None,
            level: 0,
            down: Vec::new(),
        }
    }

    /// The largest job with a need that fits.
    pub(crate) fn largest(&mut self, need: usize) -> i64 {
        self.kinds[need].largest(&mut self.cluster)
    }

    /// Reads how large a job fits, need by need.
    pub(crate) fn read(&mut self) {
        self.rooms.resize_with(self.within_reach + 1, Rooms::default);
        let mut shut = Vec::new();
        for index in 0..self.rooms.len() {
            if let Some(before) = index.checked_sub(1) {
                shut.extend(self.shut(before));
            }
            let mut rooms = std::mem::take(&mut self.rooms[index]);
            self.read_all(&mut rooms.all);
            if let Some(place) = &self.place {
                let kept = place.keep(&mut self.cluster);
                self.read_all(&mut rooms.beside);
                kept.give_up(&mut self.cluster);
            }
            self.rooms[index] = rooms;
        }
        self.reopen(shut);
    }

    fn read_all(&mut self, rooms: &mut Vec<i64>) {
        rooms.clear();
        for need in 0..self.kinds.len() {
            let room = self.largest(need);
            rooms.push(room);
        }
    }

    /// The rooms of a job that starts now and is planned to end at an instant.
    pub(crate) fn rooms_until(&self, end: Instant) -> &Rooms {
        // None ends later than those that are within reach begin.
        &self.rooms[self.closings_before(end).min(self.within_reach)]
    }

    /// How many closings a job that ends at an instant has to keep clear of.
    fn closings_before(&self, end: Instant) -> usize {
        self.closings.partition_point(|closing| closing.start < end)
    }

    /// Closes the nodes of a closing for a look at the others; which were open.
    fn shut(&mut self, closing: usize) -> Vec<u32> {
        let nodes = self.closings[closing].nodes.iter().copied();
        let open = nodes.filter(|&node| !self.is_closed(node));
        let open: Vec<u32> = open.collect();
        for &node in &open {
            self.cluster.set_down(node, Cause::Maintenance).expect("a node of the floor is there");
        }
        open
    }

    /// Closes the nodes that close before an instant for a look at the others; which were open.
    pub(crate) fn shut_before(&mut self, end: Instant) -> Vec<u32> {
        (0..self.closings_before(end)).flat_map(|closing| self.shut(closing)).collect()
    }

    pub(crate) fn reopen(&mut self, nodes: Vec<u32>) {
        for node in nodes {
            self.cluster.set_up(node, Cause::Maintenance).expect("a node of the floor is there");
        }
    }

    /// Closes the nodes that are to close by then, and opens those that are to be open again.
    pub(crate) fn turn_closings(&mut self, now: Instant) {
        let begun = self.closings.partition_point(|closing| closing.start <= now);
        self.within_reach = self.within_reach.saturating_sub(begun);
        let mut begun: Vec<Closing> = self.closings.drain(..begun).collect();
        let over: Vec<Closing> = self.closed.extract_if(.., |closing| closing.end <= now).collect();
        over.iter().for_each(|closing| self.open(closing));
        begun.retain(|closing| closing.end > now);
        for closing in begun {
            let held = self.close(closing);
            assert!(held.is_empty(), "what closes by plan is left by then");
        }
    }

    /// Whether nodes close or open at an instant.
    pub(crate) fn closes_or_opens(&self, now: Instant) -> bool {
        self.closings.first().is_some_and(|closing| closing.start <= now)
            || self.closed.iter().any(|closing| closing.end <= now)
    }

    /// Takes in which closings a job that starts now could run into.
    pub(crate) fn look_out(&mut self, now: Instant) {
        let within_reach = self.closings_before(now.plus_seconds(self.longest));
        if within_reach > self.within_reach {
            self.within_reach = within_reach;
            self.read();
        }
    }

    /// Closes nodes; whose jobs lie there, by rank, in order.
    pub(crate) fn close(&mut self, closing: Closing) -> Vec<usize> {
        let mut holders: Vec<HoldingId> = Vec::new();
        for &node in &closing.nodes {
            self.closed_by[index(node)] += 1;
            let held = self.cluster.set_down(node, Cause::Maintenance);
            holders.extend(held.expect("a node of the floor is there"));
        }
        self.closed.push(closing);
        self.holders(&holders)
    }

    /// Opens the nodes of a closing that no other has closed.
    fn open(&mut self, closing: &Closing) {
        for &node in &closing.nodes {
            self.closed_by[index(node)] -= 1;
            if !self.is_closed(node) {
                let known = "a node of the floor is there";
                self.cluster.set_up(node, Cause::Maintenance).expect(known);
            }
        }
    }

    fn is_closed(&self, node: u32) -> bool {
        self.closed_by[index(node)] > 0
    }

    /// Lets nodes that are closed by plan be these instead.
    pub(crate) fn close_instead(&mut self, closed: Vec<Closing>) {
        std::mem::take(&mut self.closed).iter().for_each(|closing| self.open(closing));
        for closing in closed {
            self.close(closing);
        }
    }

    /// The jobs with some of these holdings, by rank, in order.
    fn holders(&self, holders: &[HoldingId]) -> Vec<usize> {
        let lies = |held: &Held| {
            held.holding.as_ref().is_some_and(|holding| holders.contains(&holding.id()))
        };
        let held = self.held.iter().filter(|(_, held)| lies(held));
        held.map(|(&rank, _)| rank).collect()
    }

    /// Takes what fits.
    pub(crate) fn hold(&mut self, ask: &NodeAsk) -> Holding {
        let shape = self.cluster.shape(ask).expect("an ask that fits is one");
        let choice = self.cluster.choose(shape).expect("only what fits is taken");
        self.cluster.take(choice)
    }

    pub(crate) fn take(
        &mut self,
        need: usize,
        (rank, size): (usize, Size),
        (now, planned_end): (Instant, Instant),
    ) -> Taken {
        let place = self.calendar.as_ref().and_then(|calendar| calendar.of(rank));
        let holding = if let Some(place) = place {
            let holding = self.cluster.hold_on(place.iter().copied());
            holding.expect("a job that starts at its place takes what it held")
        } else {
            let ask = self.kinds[need].ask(size);
            let shut = self.shut_before(planned_end);
            let runs_on = self.place.as_ref().filter(|place| planned_end > place.start);
            let kept = runs_on.map(|place| place.keep(&mut self.cluster));
            let holding = self.hold(&ask);
            kept.into_iter().for_each(|kept| kept.give_up(&mut self.cluster));
            self.reopen(shut);
            holding
        };
        let parts: Vec<Part> = self.cluster.parts(&holding).collect();
        if let Some(calendar) = self.calendar.as_mut().filter(|it| it.of(rank).is_none()) {
            calendar.hold(rank, (now, planned_end), by_node(parts.iter().copied()));
        }
        self.place.iter_mut().for_each(|place| place.turn(planned_end, &parts, true));
        let shares = size.share().and_then(|_| parts.first()).map(one_gpu);
        let touch = shares.map(|gpu| self.shared.add(gpu, planned_end, rank));
        self.held.insert(rank, Held { holding: Some(holding), shares, planned_end });
        self.ends.insert((planned_end, rank));
        self.read();
        let on_node = |part: &Part| OnNode {
            node: part.node,
            gpus: part.gpus.count_ones(),
            shared: shares.map(|(_, gpu)| gpu),
        };
        let mut nodes: Vec<OnNode> = parts.iter().map(on_node).collect();
        nodes.sort_unstable_by_key(|it| it.node);
        Taken { nodes: nodes.into(), touch }
    }

    /// Gives back what a job held to its end; for a share, how the GPU that it lay on counts.
    pub(crate) fn give_back(&mut self, rank: usize) -> Option<Touch> {
        let (_, parts) = self.lift(rank).expect("a job that runs holds nodes");
        let Held { planned_end, shares, .. } =
            self.held.remove(&rank).expect("what is lifted is held");
        self.ends.remove(&(planned_end, rank));
        self.place.iter_mut().for_each(|place| place.turn(planned_end, &parts, false));
        self.calendar.as_mut().and_then(|calendar| calendar.give_up(rank));
        self.read();
        shares.map(|gpu| self.shared.remove(gpu, planned_end, rank))
    }

    /// Takes in that a job is to end sooner than it was planned to; for a share, how its GPU counts.
    pub(crate) fn shorten(&mut self, rank: usize, planned_end: Instant) -> Option<Touch> {
        let held = self.held.get_mut(&rank).expect("a job that runs holds nodes");
        let before = std::mem::replace(&mut held.planned_end, planned_end);
        self.ends.remove(&(before, rank));
        self.ends.insert((planned_end, rank));
        // It was reckoned with the end that it had.
        self.place = None;
        self.calendar.iter_mut().for_each(|calendar| calendar.shorten(rank, planned_end));
        let gpu = held.shares?;
        let Touch { before, .. } = self.shared.remove(gpu, before, rank);
        let Touch { after, .. } = self.shared.add(gpu, planned_end, rank);
        Some(Touch { before, after })
    }

    /// The first instant after another at which a job is planned to end.
    pub(crate) fn next_end(&self, at: Instant) -> Option<Instant> {
        let after = (Bound::Excluded((at, usize::MAX)), Bound::Unbounded);
        self.ends.range(after).next().map(|&(end, _)| end)
    }

    /// The GPU that a job has a share of.
    pub(crate) fn shares_of(&self, rank: usize) -> Option<OneGpu> {
        self.held.get(&rank)?.shares
    }

    /// Gives back what a job holds, unless that was done; what it held.
    pub(crate) fn lift(&mut self, rank: usize) -> Option<(usize, Vec<Part>)> {
        let holding = self.held.get_mut(&rank)?.holding.take()?;
        let parts = self.cluster.parts(&holding).collect();
        self.cluster.give_back(holding);
        Some((rank, parts))
    }

    /// Takes again what jobs held.
    pub(crate) fn put_back(&mut self, lifted: Vec<(usize, Vec<Part>)>) {
        for (rank, parts) in lifted {
            let held = self.held.get_mut(&rank).expect("what is put back was lifted");
            held.holding = self.cluster.retake(&parts);
        }
    }

    /// Gives back what is away; which that was.
    pub(crate) fn lift_away(&mut self) -> Vec<Part> {
        let Some(away) = self.away.take() else { return Vec::new() };
        let parts = self.cluster.parts(&away).collect();
        self.cluster.give_back(away);
        parts
    }

    /// Takes away what jobs cannot have when they can have so many GPUs.
    pub(crate) fn withhold(&mut self, level: i64) {
        self.away = self.cluster.withhold(away(self.cluster.open_gpus(), level));
    }

    /// Lets those nodes take work again that are back by then; which these are.
    pub(crate) fn set_up_by(&mut self, now: Instant) -> Vec<(Instant, u32)> {
        let back: Vec<(Instant, u32)> =
            self.down.extract_if(.., |(until, _)| *until <= now).collect();
        for &(_, node) in &back {
            self.cluster.set_up(node, Cause::Failure).expect("a node that failed is there");
        }
        back
    }

    /// Lays what is away anew, for so many GPUs that jobs can have. The head's place is given up.
    pub(crate) fn lay(&mut self, level: i64) {
        self.lift_away();
        self.level = level;
        self.place = None;
        self.withhold(level);
        self.read();
    }

    /// Lays what is away anew at an instant: where jobs hold places, as these were made for.
    pub(crate) fn turn(&mut self, level: i64, now: Instant) {
        self.lift_away();
        self.turn_closings(now);
        let calendar = self.calendar.as_ref();
        let Some(away) = calendar.and_then(|calendar| calendar.away_from(now)) else {
            return self.lay(level);
        };
        let away = away.clone();
        self.level = level;
        self.away = self.cluster.hold_on(away);
        self.read();
    }

    /// What is down and away from now on, by what holds GPUs now.
    pub(crate) fn away_later(&mut self, state: &PoolState, now: Instant) -> Vec<Away> {
        let mut down: BTreeMap<u32, Vec<(Instant, Instant)>> = BTreeMap::new();
        for &(until, node) in &self.down {
            down.entry(node).or_default().push((now, until));
        }
        for closing in self.closed.iter().chain(&self.closings) {
            for &node in &closing.nodes {
                down.entry(node).or_default().push((closing.start.max(now), closing.end));
            }
        }
        let mut away: Vec<Away> = Vec::new();
        for (node, windows) in down {
            let all = self.cluster.all(node).expect("a node of the floor is there");
            let joined = joined(windows).into_iter();
            away.extend(joined.map(|(start, end)| Away {
                start,
                end,
                down: true,
                parts: vec![(node, all)],
            }));
        }
        let mut look = Look::new(self, state, now);
        away.extend(look.away_later(now));
        look.undo();
        away
    }

    pub(crate) fn strike(&mut self, first: u32, gpus: u32, until: Instant) -> Struck {
        let mut away: BTreeMap<u32, u32> = BTreeMap::new();
        for part in self.lift_away() {
            *away.entry(part.node).or_default() += part.gpus.count_ones();
        }
        let down: Vec<u32> = self.down.iter().map(|&(_, node)| node).collect();
        let nodes = u32::try_from(self.cluster.machines().len()).expect("nodes are 32 bits");
        let start = first / self.gpus_per_node % nodes;
        let mut struck = 0;
        let mut holders: Vec<HoldingId> = Vec::new();
        for node in (start..nodes).chain(0..start) {
            if down.contains(&node) || self.is_closed(node) {
                continue;
            }
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
        Struck { ranks: self.holders(&holders), gpus: i64::from(struck) }
    }
}

/// Windows of which none meets another.
fn joined(mut windows: Vec<(Instant, Instant)>) -> Vec<(Instant, Instant)> {
    windows.sort_unstable();
    let mut joined: Vec<(Instant, Instant)> = Vec::new();
    for (start, end) in windows {
        match joined.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            Some(_) | None => joined.push((start, end)),
        }
    }
    joined
}

/// The GPU that a share lies on.
fn one_gpu(part: &Part) -> OneGpu {
    (part.node, u8::try_from(part.gpus.trailing_zeros()).expect("a node has at most 64 GPUs"))
}
