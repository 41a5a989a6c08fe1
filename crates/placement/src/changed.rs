//! A set of pools that is emptied often.

/// Pools by index, each once.
#[derive(Debug)]
pub(crate) struct Changed {
    list: Vec<usize>,
    there: Vec<bool>,
}

impl Changed {
    /// None of so many.
    pub(crate) fn new(pools: usize) -> Self {
        Self { list: Vec::with_capacity(pools), there: vec![false; pools] }
    }

    pub(crate) fn insert(&mut self, pool: usize) {
        if !self.there[pool] {
            self.there[pool] = true;
            self.list.push(pool);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// In the order in which they came in.
    pub(crate) fn as_slice(&self) -> &[usize] {
        &self.list
    }

    pub(crate) fn clear(&mut self) {
        for pool in self.list.drain(..) {
            self.there[pool] = false;
        }
    }
}
