//! The largest share of one GPU that nodes can give now, with CPU and memory in proportion.

use crate::journal::Cursor;
use crate::ranking::Tournament;
use crate::state::State;
use crate::{WHOLE_MILLI, at, number};

/// CPU and memory that go with a whole GPU; a share has as large a part of them, rounded up. A number
/// of one cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShareClass(pub(crate) u32);

/// What each node can give of one GPU.
#[derive(Debug, Clone)]
pub(crate) struct Shares {
    with: WithGpu,
    cursor: Cursor,
    nodes: Tournament,
}

/// What goes with a whole GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WithGpu {
    pub(crate) cpu_milli: u64,
    pub(crate) memory_mib: u64,
}

impl WithGpu {
    /// The largest share that a node can give, in thousandths: up to all of a GPU.
    fn largest(self, state: &State, node: u32) -> u16 {
        let node = &state.nodes[at(node)];
        if !node.is_open() {
            return 0;
        }
        let left = state.gpus_of(node).iter().copied().max().unwrap_or(0);
        // A share of m thousandths has m × amount ÷ 1000, rounded up, of what is left.
        let enough = |left: u64, amount: u64| {
            let whole = u64::from(WHOLE_MILLI);
            let most = (left * whole).checked_div(amount).unwrap_or(whole).min(whole);
            u16::try_from(most).unwrap_or(WHOLE_MILLI)
        };
        let by_cpu = enough(node.cpu_left_milli, self.cpu_milli);
        left.min(by_cpu).min(enough(node.memory_left_mib, self.memory_mib))
    }

    fn score(self, state: &State, node: u32) -> Option<i32> {
        Some(i32::from(self.largest(state, node)))
    }
}

impl Shares {
    pub(crate) fn new(with: WithGpu, state: &State) -> Self {
        let nodes = (0..state.nodes.len()).map(|node| with.score(state, number(node)));
        Self { with, cursor: state.journal.head(), nodes: Tournament::new(nodes) }
    }

    /// The largest share that some node can give.
    pub(crate) fn largest(&mut self, state: &State) -> u16 {
        let Self { with, cursor, nodes } = self;
        if *cursor != state.journal.head() {
            match state.journal.since(*cursor) {
                Some(changed) => nodes.set_all(changed, |node| with.score(state, node)),
                None => *self = Self::new(*with, state),
            }
            self.cursor = state.journal.head();
        }
        self.nodes.best().map_or(0, |node| self.with.largest(state, node))
    }
}
