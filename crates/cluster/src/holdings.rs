//! Who holds what: the parts of each piece of work on its nodes, in one store without allocation
//! once it has grown.

use crate::state::Node;
use crate::{at, number};

const NONE: u32 = u32::MAX;

/// What a piece of work holds until it is given back. It cannot be copied, so that nothing is given
/// back twice.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "what is taken is held until it is given back"]
pub struct Holding(pub(crate) HoldingId);

impl Holding {
    /// The name under which [`crate::Cluster::set_down`] speaks of it. Names of what was given back
    /// are used again, the last first, so that they stay a dense range of numbers.
    #[must_use]
    pub fn id(&self) -> HoldingId {
        self.0
    }
}

/// The name of a holding: a small number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HoldingId(pub u32);

/// What a holding has on one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) node: u32,
    /// Where the node's GPUs begin among those of the cluster.
    pub(crate) first_gpu: u32,
    /// The GPUs, as bits: wholly held when `milli` is 0.
    pub(crate) gpus: u64,
    pub(crate) milli: u16,
    pub(crate) cpu_milli: u64,
    pub(crate) memory_mib: u64,
}

impl Stored {
    /// Whether it is of whole GPUs.
    fn is_whole(&self) -> bool {
        self.milli == 0 && self.gpus != 0
    }

    /// Its GPUs among those of the cluster.
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> + use<> {
        let first = self.first_gpu;
        let after = |rest: &u64| Some(rest & (rest - 1)).filter(|&rest| rest != 0);
        let bits = std::iter::successors(Some(self.gpus).filter(|&gpus| gpus != 0), after);
        bits.map(move |rest| at(first + rest.trailing_zeros()))
    }
}

/// A part, linked with the others of its holding and, unless it is of whole GPUs, with the others
/// on its node.
#[derive(Debug, Clone)]
struct Linked {
    stored: Stored,
    holding: u32,
    next_of_holding: u32,
    next_on_node: u32,
    before_on_node: u32,
}

/// All holdings of a cluster.
#[derive(Debug, Clone)]
pub(crate) struct Holdings {
    parts: Vec<Linked>,
    spare_parts: Vec<u32>,
    /// The first part of each holding.
    firsts: Vec<u32>,
    spare_ids: Vec<u32>,
    /// Who wholly holds each GPU.
    owners: Vec<u32>,
    /// The first part on each node that is not of whole GPUs.
    on_node: Vec<u32>,
}

impl Holdings {
    /// Nothing held on so many nodes with so many GPUs.
    pub(crate) fn new(nodes: usize, gpus: usize) -> Self {
        Self {
            parts: Vec::new(),
            spare_parts: Vec::new(),
            firsts: Vec::new(),
            spare_ids: Vec::new(),
            owners: vec![NONE; gpus],
            on_node: vec![NONE; nodes],
        }
    }

    /// A holding without parts.
    pub(crate) fn open(&mut self) -> Holding {
        let id = self.spare_ids.pop().unwrap_or_else(|| {
            self.firsts.push(NONE);
            number(self.firsts.len() - 1)
        });
        Holding(HoldingId(id))
    }

    pub(crate) fn add(&mut self, holding: &Holding, stored: Stored) {
        let HoldingId(id) = holding.0;
        let linked = Linked {
            holding: id,
            next_of_holding: self.firsts[at(id)],
            next_on_node: NONE,
            before_on_node: NONE,
            stored,
        };
        let part = if let Some(spare) = self.spare_parts.pop() {
            self.parts[at(spare)] = linked;
            spare
        } else {
            self.parts.push(linked);
            number(self.parts.len() - 1)
        };
        self.firsts[at(id)] = part;
        if stored.is_whole() {
            stored.places().for_each(|gpu| self.owners[gpu] = id);
            return;
        }
        let first = std::mem::replace(&mut self.on_node[at(stored.node)], part);
        self.parts[at(part)].next_on_node = first;
        if first != NONE {
            self.parts[at(first)].before_on_node = part;
        }
    }

    /// Takes off one part; the holding ends with the last.
    pub(crate) fn remove_one(&mut self, id: HoldingId) -> Option<Stored> {
        let part = self.firsts[at(id.0)];
        if part == NONE {
            self.spare_ids.push(id.0);
            return None;
        }
        let Linked { next_of_holding, next_on_node, before_on_node, stored, .. } =
            self.parts[at(part)];
        self.firsts[at(id.0)] = next_of_holding;
        self.spare_parts.push(part);
        if stored.is_whole() {
            stored.places().for_each(|gpu| self.owners[gpu] = NONE);
            return Some(stored);
        }
        if next_on_node != NONE {
            self.parts[at(next_on_node)].before_on_node = before_on_node;
        }
        if before_on_node == NONE {
            self.on_node[at(stored.node)] = next_on_node;
        } else {
            self.parts[at(before_on_node)].next_on_node = next_on_node;
        }
        Some(stored)
    }

    pub(crate) fn of(&self, id: HoldingId) -> impl Iterator<Item = Stored> + '_ {
        self.follow(self.firsts[at(id.0)], |part| part.next_of_holding).map(|part| part.stored)
    }

    /// Who wholly holds each of a node's GPUs, for those that someone does.
    pub(crate) fn owners(&self, node: &Node) -> impl Iterator<Item = HoldingId> + '_ {
        let first = at(node.first_gpu);
        let owners = &self.owners[first..first + usize::from(node.gpus)];
        owners.iter().filter(|&&owner| owner != NONE).map(|&owner| HoldingId(owner))
    }

    /// What is on a node that is not of whole GPUs, the latest first, with whose it is.
    pub(crate) fn others(&self, node: u32) -> impl Iterator<Item = (HoldingId, Stored)> + '_ {
        self.follow(self.on_node[at(node)], |part| part.next_on_node)
            .map(|part| (HoldingId(part.holding), part.stored))
    }

    fn follow<'a>(
        &'a self,
        first: u32,
        next: impl Fn(&Linked) -> u32 + 'a,
    ) -> impl Iterator<Item = &'a Linked> + 'a {
        let linked = |part: u32| (part != NONE).then(|| &self.parts[at(part)]);
        std::iter::successors(linked(first), move |part| linked(next(part)))
    }
}
