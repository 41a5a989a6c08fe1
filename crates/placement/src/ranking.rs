//! The pools of each class in the order in which its work goes to them, so that the first with room
//! is found without a look at all.
//!
//! Of the pools that draw down one commitment, the order by price never changes; only which commitment
//! comes first does. So each commitment has a row of pools: those of one price in order of room, and
//! over these stretches a tree with the most room below each node. What changed is taken in where it
//! is asked for next.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::floors::Floors;
use crate::inputs::Inputs;
use crate::maxtree::{MaxTree, NOTHING};
use crate::openings::{Level, Openings};
use crate::policy::SitePolicy;
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
    /// For each commitment and for none, its stretches.
    parts: Vec<Range<usize>>,
    /// The row in stretches whose pools come before each other by their room alone: those of one
    /// price, or each for itself where room is not looked at.
    stretches: Vec<Range<usize>>,
    /// For each place, its stretch and its room.
    of_place: Vec<OfPlace>,
    /// Each stretch in order of room: what changes moves within it, and mostly not far.
    by_room: Vec<Roomy>,
    /// The most room of each stretch.
    most: MaxTree,
    sites: SitePolicy,
    seen: Seen,
}

#[derive(Debug, Clone, Copy)]
struct OfPlace {
    stretch: usize,
    room: i64,
}

/// A place behind the room that it has: an order in one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Roomy(u64);

impl Roomy {
    fn new(room: i64, place: usize) -> Self {
        let room = u64::try_from(room.max(-1) + 1).unwrap_or(0).min(u64::from(u32::MAX));
        Self(room << 32 | u64::try_from(place).unwrap_or(0))
    }

    fn room(self) -> i64 {
        i64::try_from(self.0 >> 32).expect("a room is of 32 bits") - 1
    }

    fn place(self) -> usize {
        usize::try_from(self.0 & u64::from(u32::MAX)).expect("a place is of 32 bits")
    }
}

/// Puts a number of a sorted row to where it belongs once it is another.
fn move_to(row: &mut [Roomy], old: Roomy, new: Roomy) {
    let from = row.partition_point(|&it| it < old);
    let to = row.partition_point(|&it| it < new);
    if from < to {
        row.copy_within(from + 1..to, from);
        row[to - 1] = new;
    } else {
        row.copy_within(to..from, to + 1);
        row[to] = new;
    }
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
                        ranking.set(place, room(pool));
                    }
                }
            }
            None => ranking.set_all(room),
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
        let mut places = vec![None; inputs.pools.len()];
        for (place, &pool) in row.iter().enumerate() {
            places[pool] = Some(place);
        }
        let sites = inputs.policy.sites;
        let alike = |&a: &usize, &b: &usize| {
            let by_room = match sites {
                SitePolicy::InOrder => false,
                SitePolicy::Tightest => true,
            };
            by_room && it.cost(a) == it.cost(b)
        };
        let (mut parts, mut stretches, mut of_place) = (Vec::new(), Vec::new(), Vec::new());
        for part in row.chunk_by(|&a, &b| it.commitment[a] == it.commitment[b]) {
            let first = stretches.len();
            for stretch in part.chunk_by(alike) {
                let start = of_place.len();
                let of = OfPlace { stretch: stretches.len(), room: NOTHING };
                of_place.resize(start + stretch.len(), of);
                stretches.push(start..of_place.len());
            }
            parts.push(first..stretches.len());
        }
        let most = MaxTree::new(std::iter::empty());
        let (by_room, seen) = (Vec::new(), Seen::default());
        Self { row, places, parts, stretches, of_place, by_room, most, sites, seen }
    }

    fn set(&mut self, place: usize, room: i64) {
        let OfPlace { stretch, room: before } = self.of_place[place];
        if before == room {
            return;
        }
        self.of_place[place].room = room;
        let row = &mut self.by_room[self.stretches[stretch].clone()];
        move_to(row, Roomy::new(before, place), Roomy::new(room, place));
        self.most.set(stretch, most(row));
    }

    fn set_all(&mut self, room: impl Fn(usize) -> i64) {
        self.by_room.clear();
        for (place, &pool) in self.row.iter().enumerate() {
            let room = room(pool);
            self.of_place[place].room = room;
            self.by_room.push(Roomy::new(room, place));
        }
        for stretch in &self.stretches {
            self.by_room[stretch.clone()].sort_unstable();
        }
        let most = self.stretches.iter().map(|stretch| most(&self.by_room[stretch.clone()]));
        self.most = MaxTree::new(most);
    }

    /// The places of a stretch that have so much room, the least first.
    fn with_room(&self, stretch: usize, amount: i64) -> impl Iterator<Item = usize> {
        let stretch = &self.by_room[self.stretches[stretch].clone()];
        let first = stretch.partition_point(|&it| it < Roomy::new(amount, 0));
        stretch[first..].iter().map(|it| it.place())
    }
}

/// The most room in a row in order of room.
fn most(row: &[Roomy]) -> i64 {
    row.last().map_or(NOTHING, |it| it.room())
}

/// The pools of a class as they stand now.
pub(crate) struct Ranked<'a> {
    ranking: &'a Ranking,
}

impl Ranked<'_> {
    /// The first pool with so much room that passes; `by_price` tells which of two pools comes first by
    /// commitment and price.
    pub(crate) fn first(
        &self,
        amount: i64,
        by_price: impl Fn(usize, usize) -> Ordering,
        passes: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let Ranking { row, parts, stretches, most, .. } = self.ranking;
        // With the place in the row.
        let mut best: Option<(usize, usize)> = None;
        for part in parts {
            let mut from = part.start;
            while let Some(next) = most.next(from, amount).filter(|next| part.contains(next)) {
                let of_next = row[stretches[next].start];
                let order = best.map_or(Ordering::Greater, |(best, _)| by_price(best, of_next));
                if order.is_lt() {
                    break;
                }
                let mut with_room = self.ranking.with_room(next, amount);
                if let Some(found) = with_room.find(|&place| passes(row[place])) {
                    let comes_first = order.is_gt()
                        || best.is_some_and(|best| self.comes_first((row[found], found), best));
                    if comes_first {
                        best = Some((row[found], found));
                    }
                    break;
                }
                from = next + 1;
            }
        }
        best.map(|(pool, _)| pool)
    }

    /// Whether one of two pools that cost the same comes first; with their places in the row.
    fn comes_first(&self, a: (usize, usize), b: (usize, usize)) -> bool {
        let room = |place: usize| match self.ranking.sites {
            SitePolicy::Tightest => self.ranking.of_place[place].room,
            SitePolicy::InOrder => 0,
        };
        (room(a.1), a.0) < (room(b.1), b.0)
    }
}
