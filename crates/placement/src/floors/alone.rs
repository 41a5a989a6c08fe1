//! What a job could have if nothing else ran.

use std::collections::BTreeMap;

use comity_base::{Instant, Window};
use comity_cluster::Cluster;

use crate::floors::floor::away;
use crate::floors::kind::Kind;
use crate::pool::{Ask, PoolState};

/// Floors with nothing on them.
#[derive(Debug)]
pub(crate) struct Alone {
    /// For each class, the numbers of its needs: those of its gangs and of its shares.
    pub(crate) need_of: Vec<[usize; 2]>,
    pub(crate) floors: Vec<Option<Empty>>,
    pub(crate) known: BTreeMap<(usize, usize, i64), i64>,
}

#[derive(Debug)]
pub(crate) struct Empty {
    pub(crate) cluster: Cluster,
    pub(crate) kinds: Vec<Kind>,
}

impl Alone {
    /// The largest job of a class that fits a pool of which jobs can have so many GPUs: as
    /// [`Ask::amount`] measures it.
    pub(crate) fn room(&mut self, pool: usize, class: usize, shared: bool, level: i64) -> i64 {
        let Some(floor) = &mut self.floors[pool] else { return if shared { 0 } else { level } };
        let need = self.need_of[class][usize::from(shared)];
        *self.known.entry((pool, need, level)).or_insert_with(|| {
            let Empty { cluster, kinds } = floor;
            let away = cluster.withhold(away(cluster.open_gpus(), level));
            let room = kinds[need].largest(cluster);
            away.into_iter().for_each(|away| cluster.give_back(away));
            room
        })
    }

    /// When a job could start first in a pool without jobs, as [`PoolState::earliest`].
    pub(crate) fn earliest(
        &mut self,
        pool: usize,
        class: usize,
        state: &PoolState,
        ask: Ask,
        (from, before): (Instant, Instant),
        open: &[Window],
    ) -> Option<Instant> {
        let mut at = state.earliest(ask, from, before, open)?;
        while (self.floors[pool].is_some() || ask.is_share())
            && self.room(pool, class, ask.is_share(), state.level_at(at)) < ask.amount()
        {
            at = state.earliest(ask, state.next_step(at)?, before, open)?;
        }
        Some(at)
    }
}
