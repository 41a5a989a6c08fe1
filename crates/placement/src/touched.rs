//! Which pools changed since each of those that keep something about all pools last looked.

/// The pools in which what is free, or who is allowed, may be something else now, in order of time.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    pools: usize,
    list: Vec<usize>,
    /// How many came before those in the list, and are forgotten.
    before: usize,
}

/// How many of the touched pools one has taken in; none before the first look.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen(Option<usize>);

impl Touched {
    /// None of so many.
    pub(crate) fn new(pools: usize) -> Self {
        Self { pools, list: Vec::new(), before: 0 }
    }

    /// Adds a pool; where the list is longer than a look at all pools would be, it starts anew.
    pub(crate) fn push(&mut self, pool: usize) {
        if self.list.len() > 4 * self.pools {
            self.before += self.list.len();
            self.list.clear();
        }
        self.list.push(pool);
    }

    /// The pools touched since the last look, which is now; `None` when all have to be looked at.
    pub(crate) fn since(&self, seen: &mut Seen) -> Option<&[usize]> {
        let last = seen.0.replace(self.before + self.list.len());
        Some(&self.list[last?.checked_sub(self.before)?..])
    }
}
