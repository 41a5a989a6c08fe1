//! Which nodes changed, in order, so that each index catches up when it is next asked.

/// The last changes, in a ring; an index that has missed more begins anew.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    ring: Vec<u32>,
    mask: u64,
    head: u64,
}

/// How far an index has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor(u64);

impl Journal {
    /// An empty journal for so many nodes.
    pub(crate) fn new(nodes: usize) -> Self {
        let size = nodes.next_power_of_two().max(64);
        let mask = u64::try_from(size - 1).expect("a place in memory has at most 64 bits");
        Self { ring: vec![0; size], mask, head: 0 }
    }

    /// Notes that a node changed.
    pub(crate) fn note(&mut self, node: u32) {
        let slot = self.slot(self.head);
        self.ring[slot] = node;
        self.head += 1;
    }

    /// Where an index stands that knows everything.
    pub(crate) fn head(&self) -> Cursor {
        Cursor(self.head)
    }

    /// The nodes that changed since, some of them more than once; nothing if too many did.
    pub(crate) fn since(&self, cursor: Cursor) -> Option<impl Iterator<Item = u32> + '_> {
        (self.head - cursor.0 <= self.mask + 1)
            .then(|| (cursor.0..self.head).map(|entry| self.ring[self.slot(entry)]))
    }

    fn slot(&self, entry: u64) -> usize {
        usize::try_from(entry & self.mask).expect("the mask is a place in memory")
    }
}
