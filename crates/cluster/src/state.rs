//! What each node has left, and the sums over nodes.

use std::collections::BTreeMap;

use crate::ask::Ask;
use crate::cluster::{OfNode, Part};
use crate::holdings::{Holding, HoldingId, Holdings, Stored};
use crate::journal::Journal;
use crate::machine::{Cause, Machine, Status};
use crate::{WHOLE_MILLI, at, number};

/// What one node has left, in a line of the cache.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub(crate) struct Node {
    pub(crate) cpu_left_milli: u64,
    pub(crate) memory_left_mib: u64,
    /// The GPUs that nobody holds any of, as bits.
    pub(crate) whole: u64,
    /// What is left of all its GPUs.
    pub(crate) idle_milli: u32,
    /// Where its GPUs begin among those of the cluster.
    pub(crate) first_gpu: u32,
    pub(crate) gpus: u8,
    pub(crate) model: u8,
    /// Why it is closed, as bits of causes.
    closed: u8,
}

impl Node {
    /// Whether it takes new work.
    pub(crate) fn is_open(&self) -> bool {
        self.closed == 0
    }

    fn status(&self) -> Status {
        match self.closed {
            0 => Status::Up,
            closed if closed == Cause::Drain.bit() => Status::Draining,
            _ => Status::Down,
        }
    }
}

/// All nodes, what is held of them, and which changed when.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) machines: Vec<Machine>,
    pub(crate) nodes: Vec<Node>,
    /// What is left of each GPU, in thousandths.
    pub(crate) gpus_left_milli: Vec<u16>,
    /// The rack of each node and the hall of each rack, both numbered from 0 without a gap.
    pub(crate) node_racks: Vec<u32>,
    pub(crate) rack_halls: Vec<u32>,
    pub(crate) holdings: Holdings,
    pub(crate) journal: Journal,
    pub(crate) sums: Sums,
}

/// Sums over all nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sums {
    /// All GPUs.
    pub(crate) gpus: u32,
    /// GPUs of nodes that take new work.
    pub(crate) open_gpus: u32,
    /// GPUs of nodes that take new work of which nobody holds any.
    pub(crate) free_gpus: u32,
    /// Thousandths of GPUs that are held.
    pub(crate) held_milli: u64,
}

impl State {
    /// Machines of which nothing is held, all open; they have been checked.
    pub(crate) fn new(machines: Vec<Machine>) -> Self {
        let mut sums = Sums::default();
        let mut gpus_left_milli = Vec::new();
        let mut nodes = Vec::with_capacity(machines.len());
        for machine in &machines {
            let gpus = u32::from(machine.gpus);
            nodes.push(Node {
                cpu_left_milli: machine.cpu_milli,
                memory_left_mib: machine.memory_mib,
                whole: if gpus == 0 { 0 } else { u64::MAX >> (64 - gpus) },
                idle_milli: gpus * u32::from(WHOLE_MILLI),
                first_gpu: number(gpus_left_milli.len()),
                gpus: u8::try_from(gpus).expect("a node has at most 64 GPUs"),
                model: u8::try_from(machine.model).expect("models are below 64"),
                closed: 0,
            });
            gpus_left_milli.extend((0..gpus).map(|_| WHOLE_MILLI));
            sums.gpus += gpus;
        }
        (sums.open_gpus, sums.free_gpus) = (sums.gpus, sums.gpus);
        let mut racks: BTreeMap<(u32, u32), u32> =
            machines.iter().map(|machine| ((machine.hall, machine.rack), 0)).collect();
        let mut rack_halls = Vec::with_capacity(racks.len());
        let mut last: Option<(u32, u32)> = None;
        for ((&(hall, _), rack), index) in racks.iter_mut().zip(0..) {
            let dense = match last {
                None => 0,
                Some((given, dense)) if given == hall => dense,
                Some((_, dense)) => dense + 1,
            };
            last = Some((hall, dense));
            rack_halls.push(dense);
            *rack = index;
        }
        let node_racks = machines.iter().map(|machine| racks[&(machine.hall, machine.rack)]);
        Self {
            node_racks: node_racks.collect(),
            rack_halls,
            holdings: Holdings::new(nodes.len(), gpus_left_milli.len()),
            journal: Journal::new(nodes.len()),
            sums,
            gpus_left_milli,
            nodes,
            machines,
        }
    }

    /// How many halls there are.
    pub(crate) fn hall_count(&self) -> usize {
        self.rack_halls.last().map_or(0, |&hall| at(hall) + 1)
    }

    /// Sums over the racks of each hall.
    pub(crate) fn by_hall(&self, racks: &[u32]) -> Vec<u32> {
        let mut halls = vec![0; self.hall_count()];
        for (&hall, room) in self.rack_halls.iter().zip(racks) {
            halls[at(hall)] += room;
        }
        halls
    }

    /// What is left of each GPU of a node.
    pub(crate) fn gpus_of(&self, node: &Node) -> &[u16] {
        let first = at(node.first_gpu);
        &self.gpus_left_milli[first..first + usize::from(node.gpus)]
    }

    /// Gives a holding GPUs of a node, with what its ask has for them.
    pub(crate) fn take_whole(&mut self, holding: &Holding, ask: &Ask, node: u32, gpus: u32) {
        let (cpu_milli, memory_mib) =
            (ask.part_of(ask.cpu_milli, gpus), ask.part_of(ask.memory_mib, gpus));
        self.take_on(holding, node, OfNode { gpus, cpu_milli, memory_mib });
    }

    /// Gives a holding a part of a node: of its GPUs the first that are wholly free.
    pub(crate) fn take_on(&mut self, holding: &Holding, node: u32, part: OfNode) {
        let OfNode { gpus, cpu_milli, memory_mib } = part;
        let it = &self.nodes[at(node)];
        let there = it.whole.count_ones() >= gpus
            && it.cpu_left_milli >= cpu_milli
            && it.memory_left_mib >= memory_mib;
        assert!(there, "only what is left of a node is taken");
        let mut rest = it.whole;
        for _ in 0..gpus {
            rest &= rest - 1;
        }
        let (first_gpu, gpus) = (it.first_gpu, it.whole & !rest);
        self.hold(holding, Stored { node, first_gpu, gpus, milli: 0, cpu_milli, memory_mib });
    }

    /// Gives a holding a part again that was given back.
    pub(crate) fn take_again(&mut self, holding: &Holding, part: &Part) {
        let Part { node, gpus, milli, cpu_milli, memory_mib } = *part;
        let first_gpu = self.nodes[at(node)].first_gpu;
        let milli = if milli == WHOLE_MILLI { 0 } else { milli };
        self.hold(holding, Stored { node, first_gpu, gpus, milli, cpu_milli, memory_mib });
    }

    /// Gives a holding its share of one GPU, or CPU alone.
    pub(crate) fn take_on_one(&mut self, holding: &Holding, ask: &Ask, node: u32, gpu: u8) {
        let gpus = if ask.is_shared() { 1 << gpu } else { 0 };
        let Ask { milli, cpu_milli, memory_mib, .. } = *ask;
        let first_gpu = self.nodes[at(node)].first_gpu;
        self.hold(holding, Stored { node, first_gpu, gpus, milli, cpu_milli, memory_mib });
    }

    fn hold(&mut self, holding: &Holding, part: Stored) {
        self.change(&part, Turn::Take);
        self.holdings.add(holding, part);
    }

    /// Gives back all that a holding has.
    pub(crate) fn give_back(&mut self, id: HoldingId) {
        while let Some(part) = self.holdings.remove_one(id) {
            self.change(&part, Turn::GiveBack);
        }
    }

    fn change(&mut self, part: &Stored, turn: Turn) {
        let node = &mut self.nodes[at(part.node)];
        let before = node.whole.count_ones();
        let each = if part.milli == 0 { WHOLE_MILLI } else { part.milli };
        let held = part.gpus.count_ones() * u32::from(each);
        match turn {
            Turn::Take => {
                node.cpu_left_milli -= part.cpu_milli;
                node.memory_left_mib -= part.memory_mib;
                node.idle_milli -= held;
                self.sums.held_milli += u64::from(held);
            }
            Turn::GiveBack => {
                node.cpu_left_milli += part.cpu_milli;
                node.memory_left_mib += part.memory_mib;
                node.idle_milli += held;
                self.sums.held_milli -= u64::from(held);
            }
        }
        for place in part.places() {
            let left = &mut self.gpus_left_milli[place];
            *left = match turn {
                Turn::Take => *left - each,
                Turn::GiveBack => *left + each,
            };
            let gpu = 1 << (place - at(part.first_gpu));
            if *left == WHOLE_MILLI {
                node.whole |= gpu;
            } else {
                node.whole &= !gpu;
            }
        }
        if node.is_open() {
            self.sums.free_gpus = self.sums.free_gpus - before + node.whole.count_ones();
        }
        self.journal.note(part.node);
    }

    /// Sets or lifts a cause for which a node takes no new work.
    pub(crate) fn set_cause(&mut self, node: u32, cause: Cause, holds: Holds) {
        let state = &mut self.nodes[at(node)];
        let was_open = state.is_open();
        match holds {
            Holds::Yes => state.closed |= cause.bit(),
            Holds::No => state.closed &= !cause.bit(),
        }
        let (gpus, free) = (u32::from(state.gpus), state.whole.count_ones());
        match (was_open, state.is_open()) {
            (true, false) => {
                self.sums.open_gpus -= gpus;
                self.sums.free_gpus -= free;
            }
            (false, true) => {
                self.sums.open_gpus += gpus;
                self.sums.free_gpus += free;
            }
            (true, true) | (false, false) => return,
        }
        self.journal.note(node);
    }

    /// Whose parts are on a node, each once, in order.
    pub(crate) fn holders(&self, node: u32) -> Vec<HoldingId> {
        let owners = self.holdings.owners(&self.nodes[at(node)]);
        let others = self.holdings.others(node).map(|(id, _)| id);
        let mut holders: Vec<HoldingId> = owners.chain(others).collect();
        holders.sort_unstable();
        holders.dedup();
        holders
    }

    /// Whether a node takes work.
    pub(crate) fn status(&self, node: u32) -> Status {
        self.nodes[at(node)].status()
    }
}

/// Whether something is taken or given back.
#[derive(Debug, Clone, Copy)]
enum Turn {
    Take,
    GiveBack,
}

/// Whether a cause holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Holds {
    Yes,
    No,
}
