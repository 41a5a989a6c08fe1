//! How soon so many GPUs could be free in each pool, at the earliest: so that the first start of a
//! job is found by a look at the few pools that could come first.
//!
//! What is kept of a pool holds until something is freed there: what starts and time alone only make
//! it later, which is taken in where it is found to be too low. Which windows and steps down a job
//! has to keep clear of is not in it, so the pools that are left are looked at in full.

use std::collections::BTreeMap;

use comity_base::Instant;
use comity_fleet::Size;

use crate::maxtree::{MaxTree, NOTHING};
use crate::touched::{Seen, Touched};

/// For each lane of the openings and size that was asked for.
#[derive(Debug, Default)]
pub(crate) struct Soonest {
    known: BTreeMap<(usize, Size), Bounds>,
}

/// The bounds of all pools, as seconds less than nothing: the soonest is the most.
#[derive(Debug)]
pub(crate) struct Bounds {
    tree: MaxTree,
    seen: Seen,
}

impl Soonest {
    /// The bounds for a lane and a size; `soonest` looks at a pool, and tells nothing where so many
    /// GPUs are never free or the lane is never allowed.
    pub(crate) fn of(
        &mut self,
        lane: usize,
        size: Size,
        pools: usize,
        freed: &Touched,
        soonest: impl Fn(usize) -> Option<Instant>,
    ) -> &mut Bounds {
        let none = || Bounds { tree: MaxTree::new(std::iter::empty()), seen: Seen::default() };
        let bounds = self.known.entry((lane, size)).or_insert_with(none);
        match freed.since(&mut bounds.seen) {
            Some(pools) => {
                for &pool in pools {
                    bounds.set(pool, soonest(pool));
                }
            }
            None => bounds.tree = MaxTree::new((0..pools).map(|pool| stored(soonest(pool)))),
        }
        bounds
    }
}

impl Bounds {
    /// The next pool, from one on, that could come before an instant.
    pub(crate) fn next(&self, pool: usize, before: Instant) -> Option<usize> {
        self.tree.next(pool, 1 - before.seconds())
    }

    /// Takes in how soon it could be in a pool.
    pub(crate) fn set(&mut self, pool: usize, soonest: Option<Instant>) {
        self.tree.set(pool, stored(soonest));
    }
}

fn stored(soonest: Option<Instant>) -> i64 {
    soonest.map_or(NOTHING, |at| -at.seconds())
}
