//! The jobs that wait, in order of arrival, so that the first one that could start is found
//! without going through the queue.
//!
//! Jobs whose classes may run in the same pools at the same times share a lane. In a lane, a tree
//! over the sizes has at each node the jobs of a range of sizes, in order of arrival, under a tree
//! of their planned seconds: the first job of at most some size and some length is exact and takes
//! logarithmic time, however deep the queue is and however many sizes there are.

use crate::easy::Item;
use crate::pool::Room;

/// The jobs that wait.
#[derive(Debug)]
pub(crate) struct Queue {
    lanes: Vec<Lane>,
    /// For each job by rank, its lane.
    lane_of: Vec<usize>,
    waits: Vec<bool>,
    /// No job of a lower rank waits.
    head: usize,
    /// The rank after the last job that was pushed.
    tail: usize,
}

impl Queue {
    /// An empty queue for these jobs, which are given in order of arrival.
    pub(crate) fn new(items: &[Item], lanes: usize) -> Self {
        let mut ranks = vec![Vec::new(); lanes];
        for (rank, item) in items.iter().enumerate() {
            ranks[item.lane].push(rank);
        }
        Self {
            lanes: ranks.into_iter().map(|ranks| Lane::new(items, &ranks)).collect(),
            lane_of: items.iter().map(|item| item.lane).collect(),
            waits: vec![false; items.len()],
            head: 0,
            tail: 0,
        }
    }

    /// Adds a job behind all others.
    pub(crate) fn push(&mut self, rank: usize, item: &Item) {
        assert!(rank >= self.tail, "jobs are queued in order of arrival");
        if self.is_empty() {
            self.head = rank;
        }
        self.tail = rank + 1;
        self.waits[rank] = true;
        self.lanes[self.lane_of[rank]].set(rank, item.ask.gpus, item.ask.seconds);
    }

    /// Takes a job out.
    pub(crate) fn remove(&mut self, rank: usize, item: &Item) {
        self.waits[rank] = false;
        self.lanes[self.lane_of[rank]].set(rank, item.ask.gpus, VACANT);
        while self.head < self.tail && !self.waits[self.head] {
            self.head += 1;
        }
    }

    /// Whether no job waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.head == self.tail
    }

    /// The first job.
    pub(crate) fn head(&self) -> Option<usize> {
        (!self.is_empty()).then_some(self.head)
    }

    /// All jobs, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        (self.head..self.tail).filter(|&rank| self.waits[rank])
    }

    /// The first job of a lane that fits a room; `seconds` gives how long it may take there.
    pub(crate) fn first_in(
        &self,
        lane: usize,
        rooms: &[Room],
        seconds: impl Fn(&Room) -> i64,
    ) -> Option<usize> {
        let lane = &self.lanes[lane];
        if lane.is_empty() {
            return None;
        }
        rooms.iter().filter_map(|room| lane.first(room, seconds(room))).min()
    }
}

/// The jobs of a lane. Node 1 of the tree has all sizes, nodes `2n` and `2n + 1` the lower and the
/// upper half of those of node `n`, the last `leaves` nodes one size each.
#[derive(Debug)]
struct Lane {
    sizes: Vec<i64>,
    leaves: usize,
    nodes: Vec<Node>,
}

/// Jobs of a range of sizes by rank, with the planned seconds of those that wait.
#[derive(Debug, Clone, Default)]
struct Node {
    ranks: Vec<u32>,
    tree: MinTree,
}

impl Lane {
    fn new(items: &[Item], ranks: &[usize]) -> Self {
        let mut sizes: Vec<i64> = ranks.iter().map(|&rank| items[rank].ask.gpus).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let leaves = sizes.len().next_power_of_two();
        let mut lane = Self { sizes, leaves, nodes: vec![Node::default(); 2 * leaves] };
        for &rank in ranks {
            let short = u32::try_from(rank).expect("a run has less than 4 billion jobs");
            for node in lane.path(items[rank].ask.gpus) {
                lane.nodes[node].ranks.push(short);
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

    fn set(&mut self, rank: usize, gpus: i64, seconds: i64) {
        for node in self.path(gpus) {
            let Node { ranks, tree } = &mut self.nodes[node];
            let slot = ranks.partition_point(|&other| index(other) < rank);
            tree.set(slot, seconds);
        }
    }

    /// The first job of a size that the room is for and of at most so many seconds.
    fn first(&self, room: &Room, seconds: i64) -> Option<usize> {
        let seconds = seconds.min(VACANT - 1);
        let mut low = self.leaves + self.sizes.partition_point(|&size| size <= room.above);
        let mut high = self.leaves + self.sizes.partition_point(|&size| size <= room.most);
        let mut first: Option<u32> = None;
        let mut take = |node: usize| {
            let Node { ranks, tree } = &self.nodes[node];
            if tree.min() <= seconds
                && let Some(slot) = tree.first_at_most(seconds)
            {
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

fn index(rank: u32) -> usize {
    usize::try_from(rank).expect("a usize has at least 32 bits on the targets of this crate")
}

/// More seconds than any job asks for: the place of a job that does not wait.
const VACANT: i64 = i64::MAX;

/// A complete binary tree over a row of numbers; each node is the least below it.
#[derive(Debug, Clone, Default)]
struct MinTree {
    leaves: usize,
    nodes: Vec<i64>,
}

impl MinTree {
    fn new(len: usize) -> Self {
        let leaves = len.next_power_of_two();
        Self { leaves, nodes: vec![VACANT; 2 * leaves] }
    }

    fn min(&self) -> i64 {
        self.nodes[1]
    }

    fn set(&mut self, index: usize, value: i64) {
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
    fn first_at_most(&self, limit: i64) -> Option<usize> {
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
