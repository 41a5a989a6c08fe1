//! The jobs that wait, so that the first one that could start is found without going through the
//! queue.
//!
//! Jobs of one group whose classes may run in the same pools at the same times share a lane. In a lane, a tree
//! over the sizes has at each node the jobs of a range of sizes, in order of arrival, under a tree
//! of their planned seconds: the first job of at most some size and some length is exact and takes
//! logarithmic time, however deep the queue is and however many sizes there are.

use std::collections::BTreeSet;

use crate::pool::Room;
use crate::scheduler::{Item, LaneOf};
use crate::share::Shares;

/// The jobs that wait.
#[derive(Debug)]
pub(crate) struct Queue {
    lanes: Vec<Lane>,
    /// For each lane, the group of its jobs.
    group_of: Vec<usize>,
    /// For each job by rank, its place in its lane.
    places: Vec<u32>,
    groups: Vec<Group>,
    /// How many jobs wait.
    len: usize,
}

/// The jobs of a group that wait, by rank.
#[derive(Debug, Clone, Default)]
struct Group {
    /// Those that may come to be the head.
    lines_up: BTreeSet<u32>,
    /// Those that can only start out of turn.
    aside: BTreeSet<u32>,
}

impl Queue {
    /// An empty queue for these jobs, which are given in order of arrival.
    pub(crate) fn new(items: &[Item], lanes: &[LaneOf], groups: usize) -> Self {
        let mut ranks: Vec<Vec<u32>> = vec![Vec::new(); lanes.len()];
        let mut places = Vec::with_capacity(items.len());
        for (rank, item) in items.iter().enumerate() {
            places.push(short(ranks[item.lane].len()));
            ranks[item.lane].push(short(rank));
        }
        Self {
            lanes: ranks.into_iter().map(|ranks| Lane::new(items, &ranks)).collect(),
            group_of: lanes.iter().map(|lane| lane.group).collect(),
            places,
            groups: vec![Group::default(); groups],
            len: 0,
        }
    }

    /// Adds a job; it is not found by [`Self::first_in`] until it is offered.
    pub(crate) fn push(&mut self, rank: usize, item: &Item) {
        self.len += 1;
        self.groups[self.group_of[item.lane]].lines_up.insert(short(rank));
    }

    /// Lets a job that waits start out of turn.
    pub(crate) fn offer(&mut self, rank: usize, item: &Item) {
        self.lanes[item.lane].set(self.places[rank], item, stored(item.ask.seconds));
    }

    /// Lets others be the head before a job that waits; it can still start out of turn.
    pub(crate) fn set_aside(&mut self, rank: usize, item: &Item) {
        self.offer(rank, item);
        let group = &mut self.groups[self.group_of[item.lane]];
        group.lines_up.remove(&short(rank));
        group.aside.insert(short(rank));
    }

    /// Takes a job out.
    pub(crate) fn remove(&mut self, rank: usize, item: &Item) {
        self.lanes[item.lane].set(self.places[rank], item, VACANT);
        self.len -= 1;
        let group = &mut self.groups[self.group_of[item.lane]];
        let there = group.lines_up.remove(&short(rank)) || group.aside.remove(&short(rank));
        assert!(there, "only a job that waits is taken out");
    }

    /// Whether a job waits.
    pub(crate) fn waits(&self, rank: usize, item: &Item) -> bool {
        let group = &self.groups[self.group_of[item.lane]];
        group.lines_up.contains(&short(rank)) || group.aside.contains(&short(rank))
    }

    /// Whether some job of a lane waits that may start out of turn.
    pub(crate) fn waits_in(&self, lane: usize) -> bool {
        !self.lanes[lane].is_empty()
    }

    /// Whether no job waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first job in order that is not set aside and passes.
    pub(crate) fn head(
        &self,
        shares: &Shares<'_>,
        passes: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let of_group = |(group, jobs): (usize, &Group)| {
            let ranks = jobs.lines_up.iter().map(|&rank| index(rank));
            let first = ranks.into_iter().find(|&rank| passes(rank))?;
            Some((shares.place(group), first))
        };
        let firsts = self.groups.iter().enumerate().filter_map(of_group);
        firsts.min().map(|(_, rank)| rank)
    }

    /// All jobs, in order.
    pub(crate) fn in_order(&self, shares: &Shares<'_>) -> Vec<usize> {
        let of_group = |(group, jobs): (usize, &Group)| {
            let place = shares.place(group);
            let ranks: Vec<u32> = jobs.lines_up.iter().chain(&jobs.aside).copied().collect();
            ranks.into_iter().map(move |rank| (place, index(rank)))
        };
        let mut all: Vec<(u32, usize)> =
            self.groups.iter().enumerate().flat_map(of_group).collect();
        all.sort_unstable();
        all.into_iter().map(|(_, rank)| rank).collect()
    }

    /// The first job of a lane that fits a room and is of at most so many GPUs; `seconds` gives how
    /// long it may take there.
    pub(crate) fn first_in(
        &self,
        lane: usize,
        rooms: &[Room],
        most: i64,
        seconds: impl Fn(&Room) -> i64,
    ) -> Option<usize> {
        let lane = &self.lanes[lane];
        if lane.is_empty() {
            return None;
        }
        rooms.iter().filter_map(|room| lane.first(room, most, seconds(room))).min()
    }
}

/// The jobs of a lane. Node 1 of the tree has all sizes, nodes `2n` and `2n + 1` the lower and the
/// upper half of those of node `n`, the last `leaves` nodes one size each.
#[derive(Debug)]
struct Lane {
    sizes: Vec<i64>,
    leaves: usize,
    nodes: Vec<Node>,
    /// For each job of the lane, its place in each of the nodes that have its size.
    slots: Vec<u32>,
}

/// Jobs of a range of sizes by rank, with the planned seconds of those that wait.
#[derive(Debug, Clone, Default)]
struct Node {
    ranks: Vec<u32>,
    tree: MinTree,
}

impl Lane {
    fn new(items: &[Item], ranks: &[u32]) -> Self {
        let size = |&rank: &u32| items[index(rank)].ask.amount();
        let mut sizes: Vec<i64> = ranks.iter().map(size).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let leaves = sizes.len().next_power_of_two();
        let nodes = vec![Node::default(); 2 * leaves];
        let mut lane = Self { sizes, leaves, nodes, slots: Vec::new() };
        for rank in ranks {
            for node in lane.path(size(rank)) {
                let ranks = &mut lane.nodes[node].ranks;
                lane.slots.push(short(ranks.len()));
                ranks.push(*rank);
            }
        }
        for node in &mut lane.nodes {
            node.tree = MinTree::new(node.ranks.len());
        }
        lane
    }

    fn is_empty(&self) -> bool {
        self.nodes[1].tree.min() == VACANT
    }

    /// The nodes that have a size, from its leaf up.
    fn path(&self, gpus: i64) -> impl Iterator<Item = usize> + use<> {
        let leaf = self.leaves + self.sizes.partition_point(|&size| size < gpus);
        std::iter::successors(Some(leaf), |&node| (node > 1).then_some(node / 2))
    }

    fn set(&mut self, place: u32, item: &Item, stored: u32) {
        let levels = index(self.leaves.ilog2()) + 1;
        let slots = index(place) * levels;
        for (level, node) in self.path(item.ask.amount()).enumerate() {
            self.nodes[node].tree.set(index(self.slots[slots + level]), stored);
        }
    }

    /// The first job of a size that the room is for and of at most so many seconds.
    fn first(&self, room: &Room, most: i64, seconds: i64) -> Option<usize> {
        if seconds <= 0 || most <= room.above {
            return None;
        }
        let limit = stored(seconds);
        let mut low = self.leaves + self.sizes.partition_point(|&size| size <= room.above);
        let mut high =
            self.leaves + self.sizes.partition_point(|&size| size <= room.most.min(most));
        let mut first: Option<u32> = None;
        let mut take = |node: usize| {
            let Node { ranks, tree } = &self.nodes[node];
            if let Some(slot) = tree.first_at_most(limit) {
                first = Some(first.map_or(ranks[slot], |first| first.min(ranks[slot])));
            }
        };
        while low < high {
            if low % 2 == 1 {
                take(low);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                take(high);
            }
            low /= 2;
            high /= 2;
        }
        first.map(index)
    }
}

fn short(index: usize) -> u32 {
    u32::try_from(index).expect("a run has less than 4 billion jobs")
}

fn index(rank: u32) -> usize {
    usize::try_from(rank).expect("a usize has at least 32 bits on the targets of this crate")
}

/// More seconds than any job asks for, less one: the place of a job that does not wait.
const VACANT: u32 = u32::MAX;

/// Planned seconds as they stand in the trees: less one, so that the longest differ from `VACANT`.
fn stored(seconds: i64) -> u32 {
    u32::try_from(seconds - 1).unwrap_or(VACANT).min(VACANT - 1)
}

/// A complete binary tree over a row of numbers; each node is the least below it.
#[derive(Debug, Clone, Default)]
struct MinTree {
    leaves: usize,
    nodes: Vec<u32>,
}

impl MinTree {
    fn new(len: usize) -> Self {
        let leaves = len.next_power_of_two();
        Self { leaves, nodes: vec![VACANT; 2 * leaves] }
    }

    fn min(&self) -> u32 {
        self.nodes[1]
    }

    fn set(&mut self, index: usize, value: u32) {
        let mut node = self.leaves + index;
        self.nodes[node] = value;
        while node > 1 {
            node /= 2;
            let least = self.nodes[2 * node].min(self.nodes[2 * node + 1]);
            if self.nodes[node] == least {
                break;
            }
            self.nodes[node] = least;
        }
    }

    /// The first index whose number is at most `limit`.
    fn first_at_most(&self, limit: u32) -> Option<usize> {
        if self.min() > limit {
            return None;
        }
        let mut node = 1;
        while node < self.leaves {
            node *= 2;
            if self.nodes[node] > limit {
                node += 1;
            }
        }
        Some(node - self.leaves)
    }
}
