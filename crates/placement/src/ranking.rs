//! The pools of each class in the order in which its work goes to them, so that the first with room
//! is found without a look at all.
//!
//! Of the pools that draw down one commitment, the order by price never changes; only which commitment
//! comes first does. So each commitment has a row of pools, and a tree over the row the most that is
//! free below each node. What changed is taken in where it is
//! asked for next.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::floors::Floors;
use crate::inputs::Inputs;
use crate::maxtree::MaxTree;
use crate::openings::{Level, Openings};
use crate::touched::{Seen, Touched};

/// The order of the pools for each class.
#[derive(Debug, Default)]
pub(crate) struct Rankings {
    /// For each class, the rankings for its gangs and for its shares; those that rank alike share one.
    of_class: Vec<[usize; 2]>,
    rankings: Vec<Ranking>,
}

/// What classes that rank alike have in common: their lane, what they need of nodes, and their
/// commitment, price and currency in each pool.
type Alike<'a> = (usize, usize, &'a [Option<usize>], &'a [i128], &'a [u16]);

#[derive(Debug)]
struct Ranking {
    /// The pools where its classes are ever allowed: those of one commitment beside each other, the
    /// lower price first.
    row: Vec<usize>,
    /// For each pool, its place in the row, if it has one.
    places: Vec<Option<usize>>,
    /// For each commitment and for none, its part of the row.
    parts: Vec<Range<usize>>,
    room: MaxTree,
    seen: Seen,
}

impl Rankings {
    pub(crate) fn new(inputs: &Inputs<'_>, openings: &Openings, floors: &Floors) -> Self {
        let mut known: BTreeMap<Alike<'_>, usize> = BTreeMap::new();
        let mut of_class = Vec::with_capacity(inputs.classes.len());
        let mut rankings = Vec::new();
        for (class, it) in inputs.classes.iter().enumerate() {
            let lane = openings.lane(class);
            let (commitment, price, currency) =
                (&it.commitment[..], &it.price[..], &it.currency[..]);
            of_class.push([false, true].map(|shared| {
                let need = floors.need_of(class, shared);
                *known.entry((lane, need, commitment, price, currency)).or_insert_with(|| {
                    rankings.push(Ranking::new(inputs, openings, class));
                    rankings.len() - 1
                })
            }));
        }
        Self { of_class, rankings }
    }

    /// The pools for the gangs or the shares of a class as they stand; `room` tells what is free in
    /// one, or less than nothing where the class is not allowed now.
    pub(crate) fn of(
        &mut self,
        (class, shared): (usize, bool),
        touched: &Touched,
        room: impl Fn(usize) -> i64,
    ) -> Ranked<'_> {
        let ranking = &mut self.rankings[self.of_class[class][usize::from(shared)]];
        match touched.since(&mut ranking.seen) {
            Some(pools) => {
                for &pool in pools {
                    if let Some(place) = ranking.places[pool] {
                        ranking.room.set(place, room(pool));
                    }
                }
            }
            None => ranking.room = MaxTree::new(ranking.row.iter().map(|&pool| room(pool))),
        }
        Ranked { ranking }
    }
}

impl Ranking {
    fn new(inputs: &Inputs<'_>, openings: &Openings, class: usize) -> Self {
        let it = &inputs.classes[class];
        let ever = |pool: &usize| !openings.up_to(Level::Allow, class, *pool).is_empty();
        let mut row: Vec<usize> = (0..inputs.pools.len()).filter(ever).collect();
        row.sort_by_key(|&pool| (it.commitment[pool], it.cost(pool), pool));
        let mut parts = Vec::new();
        let mut places = vec![None; inputs.pools.len()];
        for (place, &pool) in row.iter().enumerate() {
            places[pool] = Some(place);
        }
        for part in row.chunk_by(|&a, &b| it.commitment[a] == it.commitment[b]) {
            let start = parts.last().map_or(0, |part: &Range<usize>| part.end);
            parts.push(start..start + part.len());
        }
        let room = MaxTree::new(std::iter::empty());
        Self { row, places, parts, room, seen: Seen::default() }
    }
}

/// The pools of a class as they stand now.
pub(crate) struct Ranked<'a> {
    ranking: &'a Ranking,
}

impl Ranked<'_> {
    /// The first pool with so much room that passes; `before` tells whether one pool comes
    /// before another.
    pub(crate) fn first(
        &self,
        amount: i64,
        before: impl Fn(usize, usize) -> bool,
        passes: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let Ranking { row, parts, room, .. } = self.ranking;
        let mut best: Option<usize> = None;
        for part in parts {
            let mut place = part.start;
            while let Some(next) = room.next(place, amount).filter(|next| part.contains(next)) {
                let pool = row[next];
                if best.is_some_and(|best| before(best, pool)) {
                    break;
                }
                if passes(pool) {
                    best = Some(pool);
                    break;
                }
                place = next + 1;
            }
        }
        best
    }
}
