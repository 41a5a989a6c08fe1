//! The nodes of a pool as plain rows of numbers, looked at one by one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use comity_fleet::{Need, Nodes, Share, Size, Span};

/// Thousandths of a whole GPU.
const WHOLE: u64 = 1_000;

/// What is left of a node.
#[derive(Debug, Clone)]
struct Left {
    /// Thousandths of each GPU.
    gpus: Vec<u64>,
    cpu: u64,
    memory: u64,
    /// Until when it is down.
    down: Option<i64>,
}

impl Left {
    /// How many of its GPUs nobody has anything of.
    fn whole(&self) -> u32 {
        let whole = self.gpus.iter().filter(|&&left| left == WHOLE).count();
        u32::try_from(whole).expect("few")
    }
}

/// Where a job lies on one node: the node, how many GPUs, and which it has a share of.
pub(crate) type Lies = (usize, u32, Option<usize>);

/// GPUs, processors and memory.
pub(crate) type Amount = [i64; 3];

/// What is held of one node: of which GPUs how many thousandths, and of the node.
#[derive(Debug, Clone)]
struct Hold {
    node: usize,
    gpus: Vec<(usize, u64)>,
    cpu: u64,
    memory: u64,
}

/// A floor, with what jobs hold of it and what is away.
#[derive(Debug, Clone)]
pub(crate) struct Floor {
    nodes: Nodes,
    /// Whether the pool says how its nodes stand; otherwise any of its GPUs are as good as others.
    stands: bool,
    /// Whether jobs may have shares here.
    pub(crate) shared: bool,
    left: Vec<Left>,
    held: BTreeMap<usize, Vec<Hold>>,
    away: Vec<Hold>,
    /// The nodes that are closed by plan.
    shut: BTreeSet<usize>,
    pub(crate) level: i64,
}

/// How nodes stand where a pool does not say: each has one GPU.
pub(crate) const ONE_GPU_EACH: Nodes = Nodes {
    gpus_per_node: 1,
    nodes_per_rack: 1,
    racks_per_hall: None,
    cpu_milli: None,
    memory_mib: None,
};

impl Floor {
    /// An empty floor with room for so many GPUs; nodes of one GPU each where none are told of.
    pub(crate) fn new(nodes: Option<&Nodes>, gpus: u32, shared: bool) -> Self {
        let stands = nodes.is_some();
        let nodes = nodes.unwrap_or(&ONE_GPU_EACH).clone();
        let left = Left {
            gpus: vec![WHOLE; usize::try_from(nodes.gpus_per_node).expect("few")],
            cpu: nodes.cpu_milli.unwrap_or(0),
            memory: nodes.memory_mib.unwrap_or(0),
            down: None,
        };
        let count = usize::try_from(gpus.div_ceil(nodes.gpus_per_node)).expect("few nodes");
        let (held, left) = (BTreeMap::new(), vec![left; count]);
        let shut = BTreeSet::new();
        Self { nodes, stands, shared, left, held, away: vec![], shut, level: i64::from(gpus) }
    }

    /// What a need comes to here: nodes without a limit are not counted.
    fn counted(&self, need: Need) -> Need {
        Need {
            cpu_milli_per_gpu: self.nodes.cpu_milli.map_or(0, |_| need.cpu_milli_per_gpu),
            memory_mib_per_gpu: self.nodes.memory_mib.map_or(0, |_| need.memory_mib_per_gpu),
            span: if self.stands { need.span } else { Span::Site },
        }
    }

    /// How many GPUs of a need a node gives now, and when it is empty.
    fn node(&self, need: Need, node: usize) -> (u32, u32) {
        let within = |gpus: u32, cpu: u64, memory: u64| {
            let fits = |gpus: &u32| {
                u64::from(*gpus) * need.cpu_milli_per_gpu <= cpu
                    && u64::from(*gpus) * need.memory_mib_per_gpu <= memory
            };
            (0..=gpus).rev().find(fits).unwrap_or(0)
        };
        let left = &self.left[node];
        let (cpu, memory) = (self.nodes.cpu_milli.unwrap_or(0), self.nodes.memory_mib.unwrap_or(0));
        let empty = within(self.nodes.gpus_per_node, cpu, memory);
        let now = if self.is_open(node) { within(left.whole(), left.cpu, left.memory) } else { 0 };
        (now, empty)
    }

    fn is_open(&self, node: usize) -> bool {
        self.left[node].down.is_none() && !self.shut.contains(&node)
    }

    /// The domains of a size: the nodes of each.
    fn domains(&self, span: Span) -> Vec<Vec<usize>> {
        let rack = usize::try_from(self.nodes.nodes_per_rack).expect("small");
        let racks = self.nodes.racks_per_hall.map(|it| usize::try_from(it).expect("small"));
        let size = match span {
            Span::Node => 1,
            Span::Rack => rack,
            Span::Hall => racks.map_or(usize::MAX, |racks| rack * racks),
            Span::Site => usize::MAX,
        };
        let all: Vec<usize> = (0..self.left.len()).collect();
        all.chunks(size).map(<[usize]>::to_vec).collect()
    }

    fn room_in(&self, need: Need, domain: &[usize]) -> (u32, u32) {
        let of = domain.iter().map(|&node| self.node(need, node));
        of.fold((0, 0), |(now, empty), it| (now + it.0, empty + it.1))
    }

    /// The largest job like one that lies here: in GPUs, or for a share in thousandths of one.
    pub(crate) fn largest(&self, need: Need, like: Size) -> i64 {
        let fits = |size: Size| self.has_room(need, size);
        if like.share().is_none() {
            let gpus = 0..=u32::try_from(self.level.max(0)).expect("few");
            return gpus.rev().find(|&gpus| fits(Size::Gpus(gpus))).map_or(0, i64::from);
        }
        // All of one has what goes with it and a GPU that is free, wherever the rest of a gang lies.
        if fits(Size::Gpus(1)) {
            return 1_000;
        }
        // A smaller share fits where a larger one does.
        let shares: Vec<u16> = (1..1_000).collect();
        let few = |&milli: &u16| Share::new(milli).is_some_and(|share| fits(Size::Share(share)));
        i64::try_from(shares.partition_point(few)).expect("less than a thousand")
    }

    /// Whether a job lies here.
    pub(crate) fn has_room(&self, need: Need, size: Size) -> bool {
        let need = self.counted(need);
        match size {
            Size::Gpus(gpus) => {
                let of = |domain: &Vec<usize>| self.room_in(need, domain).0;
                self.domains(need.span).iter().map(of).max().unwrap_or(0) >= gpus
            }
            Size::Share(share) => self.shared_gpu(need, share).is_some(),
        }
    }

    /// The GPU of which a share would be had: of all that have enough left the first with the least.
    fn shared_gpu(&self, need: Need, share: Share) -> Option<(usize, usize)> {
        let (milli, cpu, memory) = part_of_one(need, share);
        let mut best: Option<(u64, usize, usize)> = None;
        for (node, left) in self.left.iter().enumerate() {
            if !self.is_open(node) || left.cpu < cpu || left.memory < memory {
                continue;
            }
            for (gpu, &there) in left.gpus.iter().enumerate() {
                if there >= milli && best.is_none_or(|(least, ..)| there < least) {
                    best = Some((there, node, gpu));
                }
            }
        }
        best.map(|(_, node, gpu)| (node, gpu))
    }

    /// Of some domains that with the least room that is enough, else that with the most; among
    /// equals the larger, then the first.
    fn choose(&self, need: Need, domains: &[Vec<usize>], gpus: u32) -> Option<(Vec<usize>, u32)> {
        let mut rooms: Vec<(u32, Reverse<u32>, &Vec<usize>)> = domains
            .iter()
            .map(|domain| {
                let (now, empty) = self.room_in(need, domain);
                (now, Reverse(empty), domain)
            })
            .collect();
        rooms.sort();
        let most = rooms.last()?.0;
        let enough = rooms.iter().find(|it| it.0 >= gpus);
        let (room, _, domain) = enough.or_else(|| rooms.iter().find(|it| it.0 == most))?;
        Some(((*domain).clone(), *room))
    }

    fn find(&self, need: Need, gpus: u32) -> Vec<(usize, u32)> {
        let spans = [Span::Node, Span::Rack, Span::Hall, Span::Site];
        let within = spans.into_iter().filter(|span| *span <= need.span);
        let domain = within
            .map(|span| (span, self.choose(need, &self.domains(span), gpus)))
            .find(|(_, chosen)| chosen.as_ref().is_some_and(|(_, room)| *room >= gpus));
        let (span, chosen) = domain.expect("it fits");
        let (domain, _) = chosen.expect("it fits");
        let mut trial = self.clone();
        trial.fill(need, span, &domain, gpus)
    }

    /// Takes GPUs out of a domain, child by child.
    fn fill(&mut self, need: Need, span: Span, domain: &[usize], gpus: u32) -> Vec<(usize, u32)> {
        let below = match span {
            Span::Node => {
                let hold = self.whole_gpus(need, domain[0], gpus);
                self.take_out(&hold);
                return vec![(domain[0], gpus)];
            }
            Span::Rack => Span::Node,
            Span::Hall => Span::Rack,
            Span::Site => Span::Hall,
        };
        let inside = |child: &Vec<usize>| domain.contains(&child[0]);
        let children: Vec<Vec<usize>> = self.domains(below).into_iter().filter(inside).collect();
        let mut rest = gpus;
        let mut parts = vec![];
        while rest > 0 {
            let (child, room) = self.choose(need, &children, rest).expect("the domain has room");
            let here = room.min(rest);
            parts.extend(self.fill(need, below, &child, here));
            rest -= here;
        }
        parts
    }

    /// So many whole GPUs of a node: those of lowest number that are free.
    fn whole_gpus(&self, need: Need, node: usize, gpus: u32) -> Hold {
        let count = usize::try_from(gpus).expect("few");
        let there = self.left[node].gpus.iter().enumerate();
        let free = there.filter(|&(_, &left)| left == WHOLE).map(|(gpu, _)| (gpu, WHOLE));
        let taken: Vec<(usize, u64)> = free.take(count).collect();
        assert_eq!(taken.len(), count, "node {node} has fewer GPUs");
        let cpu = u64::from(gpus) * need.cpu_milli_per_gpu;
        Hold { node, gpus: taken, cpu, memory: u64::from(gpus) * need.memory_mib_per_gpu }
    }

    fn take_out(&mut self, hold: &Hold) {
        let left = &mut self.left[hold.node];
        for &(gpu, milli) in &hold.gpus {
            left.gpus[gpu] -= milli;
        }
        (left.cpu, left.memory) = (left.cpu - hold.cpu, left.memory - hold.memory);
    }

    fn put_back(&mut self, hold: &Hold) {
        let left = &mut self.left[hold.node];
        for &(gpu, milli) in &hold.gpus {
            left.gpus[gpu] += milli;
        }
        (left.cpu, left.memory) = (left.cpu + hold.cpu, left.memory + hold.memory);
    }

    /// Where a job would lie.
    pub(crate) fn place(&self, need: Need, size: Size) -> Vec<Lies> {
        let need = self.counted(need);
        match size {
            Size::Gpus(gpus) => {
                let parts = self.find(need, gpus).into_iter();
                parts.map(|(node, gpus)| (node, gpus, None)).collect()
            }
            Size::Share(share) => {
                let (node, gpu) = self.shared_gpu(need, share).expect("it fits");
                vec![(node, 1, Some(gpu))]
            }
        }
    }

    pub(crate) fn take(&mut self, job: usize, need: Need, size: Size, lies: &[Lies]) {
        let need = self.counted(need);
        let mut holds = vec![];
        for &(node, gpus, shared) in lies {
            let hold = match (size, shared) {
                (Size::Share(share), Some(gpu)) => {
                    let (milli, cpu, memory) = part_of_one(need, share);
                    Hold { node, gpus: vec![(gpu, milli)], cpu, memory }
                }
                (Size::Share(_) | Size::Gpus(_), _) => self.whole_gpus(need, node, gpus),
            };
            self.take_out(&hold);
            holds.push(hold);
        }
        self.held.insert(job, holds);
    }

    /// Lets these nodes be closed; the jobs that lie there.
    pub(crate) fn close(&mut self, shut: BTreeSet<usize>) -> Vec<usize> {
        self.shut = shut;
        let lies = |holds: &Vec<Hold>| holds.iter().any(|hold| self.shut.contains(&hold.node));
        self.held.iter().filter(|(_, holds)| lies(holds)).map(|(&job, _)| job).collect()
    }

    pub(crate) fn holds(&self, job: usize) -> bool {
        self.held.contains_key(&job)
    }

    /// The GPU that a job has a share of, by node.
    pub(crate) fn gpu_of(&self, job: usize) -> (usize, usize) {
        let hold = &self.held[&job][0];
        (hold.node, hold.gpus[0].0)
    }

    /// The nodes that a job lies on.
    pub(crate) fn nodes_of(&self, job: usize) -> BTreeSet<usize> {
        self.held[&job].iter().map(|hold| hold.node).collect()
    }

    /// The nodes on which something is away.
    pub(crate) fn nodes_away(&self) -> BTreeSet<usize> {
        self.away.iter().map(|hold| hold.node).collect()
    }

    /// The floor with no more left of each node than another has, where no GPU is shared.
    pub(crate) fn beside(&self, then: &Self) -> Self {
        let mut beside = self.clone();
        for (left, then) in beside.left.iter_mut().zip(&then.left) {
            let mut most = then.whole();
            for gpu in left.gpus.iter_mut().filter(|gpu| **gpu == WHOLE) {
                *gpu = if most > 0 { WHOLE } else { 0 };
                most = most.saturating_sub(1);
            }
            left.cpu = left.cpu.min(then.cpu);
            left.memory = left.memory.min(then.memory);
        }
        beside
    }

    /// The floor without some of its nodes.
    pub(crate) fn without(&self, nodes: &BTreeSet<usize>) -> Self {
        let mut rest = self.clone();
        for &node in nodes {
            rest.left[node].gpus.fill(0);
        }
        rest
    }

    pub(crate) fn give_back(&mut self, job: usize) {
        for hold in self.held.remove(&job).expect("it lies there") {
            self.put_back(&hold);
        }
    }

    fn lift(&mut self) {
        for hold in std::mem::take(&mut self.away) {
            self.put_back(&hold);
        }
    }

    /// What each node has when it is empty.
    pub(crate) fn all(&self) -> Vec<Amount> {
        let whole = |amount: u64| i64::try_from(amount).expect("small");
        let (cpu, memory) = (self.nodes.cpu_milli.unwrap_or(0), self.nodes.memory_mib.unwrap_or(0));
        let all = [i64::from(self.nodes.gpus_per_node), whole(cpu), whole(memory)];
        vec![all; self.left.len()]
    }

    /// What a job that lies here holds, by node.
    pub(crate) fn amounts(&self, job: usize) -> Vec<(usize, Amount)> {
        let whole = |amount: u64| i64::try_from(amount).expect("small");
        let gpus = |hold: &Hold| i64::try_from(hold.gpus.len()).expect("few");
        let amount = |hold: &Hold| (hold.node, [gpus(hold), whole(hold.cpu), whole(hold.memory)]);
        self.held[&job].iter().map(amount).collect()
    }

    /// What a gang with a need holds that lies so, by node.
    pub(crate) fn amounts_of(&self, need: Need, lies: &[Lies]) -> Vec<(usize, Amount)> {
        let need = self.counted(need);
        let times =
            |gpus: u32, per_gpu: u64| i64::try_from(u64::from(gpus) * per_gpu).expect("small");
        let amount = |&(node, gpus, _): &Lies| {
            let cpu = times(gpus, need.cpu_milli_per_gpu);
            (node, [i64::from(gpus), cpu, times(gpus, need.memory_mib_per_gpu)])
        };
        lies.iter().map(amount).collect()
    }

    /// The nodes that are down, and until when.
    pub(crate) fn down(&self) -> Vec<(usize, usize)> {
        let nodes = self.left.iter().enumerate();
        let down = nodes.filter_map(|(node, left)| Some((node, left.down?)));
        down.map(|(node, until)| (node, usize::try_from(until).expect("to come"))).collect()
    }

    /// How many GPUs are away of which nodes.
    pub(crate) fn gpus_away(&self) -> Vec<(usize, u32)> {
        let gpus = |hold: &Hold| u32::try_from(hold.gpus.len()).expect("few");
        self.away.iter().map(|hold| (hold.node, gpus(hold))).collect()
    }

    /// The floor with this left of its nodes, and nothing told of who holds the rest.
    pub(crate) fn with_left(&self, amounts: &[Amount]) -> Self {
        let mut floor = self.clone();
        for (left, [gpus, cpu, memory]) in floor.left.iter_mut().zip(amounts) {
            left.down = None;
            let free = usize::try_from(*gpus).expect("no node has less than nothing left");
            for (gpu, milli) in left.gpus.iter_mut().enumerate() {
                *milli = if gpu < free { WHOLE } else { 0 };
            }
            left.cpu = u64::try_from(*cpu).expect("no node has less than nothing left");
            left.memory = u64::try_from(*memory).expect("no node has less than nothing left");
        }
        floor.shut.clear();
        let most = floor.left.len() * floor.left.first().map_or(0, |left| left.gpus.len());
        floor.level = i64::try_from(most).expect("few");
        floor
    }

    /// Takes away these GPUs of nodes instead of what was away.
    pub(crate) fn lay_so(&mut self, away: &[(usize, u32)]) {
        self.lift();
        for &(node, gpus) in away {
            let hold = self.whole_gpus(Need::default(), node, gpus);
            self.take_out(&hold);
            self.away.push(hold);
        }
    }

    /// Takes away what jobs cannot have: whole GPUs of the last nodes.
    pub(crate) fn lay(&mut self, level: i64) {
        self.lift();
        self.level = level;
        let up = (0..self.left.len()).filter(|&node| self.is_open(node)).count();
        let up = i64::try_from(up).expect("few") * i64::from(self.nodes.gpus_per_node);
        let mut rest = u32::try_from(up - level).unwrap_or(0);
        for node in (0..self.left.len()).rev() {
            let left = &self.left[node];
            let here = if self.is_open(node) { left.whole().min(rest) } else { 0 };
            if here > 0 {
                let hold = self.whole_gpus(Need::default(), node, here);
                self.take_out(&hold);
                self.away.push(hold);
                rest -= here;
            }
        }
    }

    /// Brings nodes up that are due, lets these be closed by plan, and lays the floor anew if any of that or
    /// the level asks for it; whether it did.
    pub(crate) fn turn(&mut self, level: i64, now: i64, shut: BTreeSet<usize>) -> bool {
        let mut anew = level != self.level || shut != self.shut;
        self.shut = shut;
        for left in &mut self.left {
            if left.down.is_some_and(|until| until <= now) {
                left.down = None;
                anew = true;
            }
        }
        if anew {
            self.lay(level);
        }
        anew
    }

    /// Takes nodes down; how many GPUs went that jobs could have had, and whose jobs lay there.
    pub(crate) fn strike(&mut self, first: u32, gpus: u32, until: i64) -> (i64, Vec<usize>) {
        let per_node = self.nodes.gpus_per_node;
        let mut gone = 0;
        let mut jobs = vec![];
        let count = self.left.len();
        let start = usize::try_from(first / per_node).expect("few") % count;
        for node in (0..count).map(|offset| (start + offset) % count) {
            let away = self.away.iter().filter(|hold| hold.node == node);
            let away: usize = away.map(|hold| hold.gpus.len()).sum();
            let there = per_node - u32::try_from(away).expect("few");
            if !self.is_open(node) || there == 0 || gone >= gpus {
                continue;
            }
            gone += there;
            self.left[node].down = Some(until);
            for (&job, holds) in &self.held {
                if holds.iter().any(|hold| hold.node == node) {
                    jobs.push(job);
                }
            }
        }
        self.lift();
        jobs.sort_unstable();
        jobs.dedup();
        (i64::from(gone), jobs)
    }
}

/// Thousandths of its GPU, and processors and memory of the node, that a share comes to.
fn part_of_one(need: Need, share: Share) -> (u64, u64, u64) {
    let milli = u64::from(share.milli());
    let part = |per_gpu: u64| (per_gpu * milli).div_ceil(WHOLE);
    (milli, part(need.cpu_milli_per_gpu), part(need.memory_mib_per_gpu))
}
