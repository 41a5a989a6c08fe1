//! The pools of each class in the order in which its work goes to them, so that the first with room
//! is found without a look at all.
//!
//! Of the pools that draw down one commitment, the order by price never changes; only which commitment
//! comes first does. So each commitment has a row of pools, and a tree over the row the most that is
//! free below each node. What changed is taken in where it is
//! asked for next.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::floors::Floors;
use crate::inputs::Inputs;
use crate::maxtree::MaxTree;
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
    /// For each commitment and for none, its part of the row.
    parts: Vec<Range<usize>>,
    room: MaxTree,
    /// Where the tightest pool comes first, those of one price by room.
    tightest: Option<Tightest>,
    seen: Seen,
}

/// The places of a row by how much room their pools have.
#[derive(Debug)]
struct Tightest {
    /// For each place its stretch of one commitment and price.
    stretches: Vec<Range<usize>>,
    /// Each stretch in order of room: what changes moves within it, and mostly not far.
    by_room: Vec<Roomy>,
}

/// A place behind the room that it has: an order in one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Roomy(u64);

impl Roomy {
    fn new(room: i64, place: usize) -> Self {
        let room = u64::try_from(room.max(-1) + 1).unwrap_or(0).min(u64::from(u32::MAX));
        Self(room << 32 | u64::try_from(place).unwrap_or(0))
    }

    fn place(self) -> usize {
        usize::try_from(self.0 & u64::from(u32::MAX)).expect("a place is of 32 bits")
    }
}

impl Tightest {
    fn of(row: &[usize], alike: impl Fn(&usize, &usize) -> bool) -> Self {
        let mut stretches = Vec::with_capacity(row.len());
        for stretch in row.chunk_by(alike) {
            let start = stretches.len();
            stretches.resize(start + stretch.len(), start..start + stretch.len());
        }
        Self { stretches, by_room: Vec::new() }
    }

    fn set(&mut self, place: usize, before: i64, room: i64) {
        let stretch = &mut self.by_room[self.stretches[place].clone()];
        let (old, new) = (Roomy::new(before, place), Roomy::new(room, place));
        let from = stretch.partition_point(|&it| it < old);
        let to = stretch.partition_point(|&it| it < new);
        if from < to {
            stretch[from..to].rotate_left(1);
            stretch[to - 1] = new;
        } else {
            stretch[to..=from].rotate_right(1);
            stretch[to] = new;
        }
    }

    fn set_all(&mut self, rooms: &[i64]) {
        let rooms = rooms.iter().enumerate();
        self.by_room = rooms.map(|(place, &room)| Roomy::new(room, place)).collect();
        let mut start = 0;
        while let Some(stretch) = self.stretches.get(start) {
            self.by_room[stretch.clone()].sort_unstable();
            start = stretch.end;
        }
    }

    /// The places of a stretch with so much room, the least first.
    fn from(&self, place: usize, amount: i64) -> impl Iterator<Item = usize> {
        let stretch = &self.by_room[self.stretches[place].clone()];
        let first = stretch.partition_point(|&it| it < Roomy::new(amount, 0));
        stretch[first..].iter().map(|it| it.place())
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
        let mut parts = Vec::new();
        let mut places = vec![None; inputs.pools.len()];
        for (place, &pool) in row.iter().enumerate() {
            places[pool] = Some(place);
        }
        for part in row.chunk_by(|&a, &b| it.commitment[a] == it.commitment[b]) {
            let start = parts.last().map_or(0, |part: &Range<usize>| part.end);
            parts.push(start..start + part.len());
        }
        let tightest = match inputs.policy.sites {
            SitePolicy::InOrder => None,
            SitePolicy::Tightest => {
                let alike = |&a: &usize, &b: &usize| {
                    (it.commitment[a], it.cost(a)) == (it.commitment[b], it.cost(b))
                };
                Some(Tightest::of(&row, alike))
            }
        };
        let room = MaxTree::new(std::iter::empty());
        Self { row, places, parts, room, tightest, seen: Seen::default() }
    }

    fn set(&mut self, place: usize, room: i64) {
        let before = self.room.set(place, room);
        if let Some(tightest) = &mut self.tightest
            && before != room
        {
            tightest.set(place, before, room);
        }
    }

    fn set_all(&mut self, room: impl Fn(usize) -> i64) {
        let rooms: Vec<i64> = self.row.iter().map(|&pool| room(pool)).collect();
        self.tightest.iter_mut().for_each(|tightest| tightest.set_all(&rooms));
        self.room = MaxTree::new(rooms.into_iter());
    }

    /// The places of one price, from one that has so much room on, in the order in which a job goes to
    /// them.
    fn of_one_price(&self, first: usize, amount: i64) -> impl Iterator<Item = usize> {
        let tightest = self.tightest.iter();
        let tightest = tightest.flat_map(move |tightest| tightest.from(first, amount));
        self.tightest.is_none().then_some(first).into_iter().chain(tightest)
    }

    /// Where the places follow that are looked at next.
    fn after(&self, place: usize) -> usize {
        self.tightest.as_ref().map_or(place + 1, |tightest| tightest.stretches[place].end)
    }
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
        let Ranking { row, parts, room, .. } = self.ranking;
        // With the place in the row.
        let mut best: Option<(usize, usize)> = None;
        for part in parts {
            let mut place = part.start;
            while let Some(next) = room.next(place, amount).filter(|next| part.contains(next)) {
                let order = best.map_or(Ordering::Greater, |(best, _)| by_price(best, row[next]));
                if order.is_lt() {
                    break;
                }
                let mut of_one_price = self.ranking.of_one_price(next, amount);
                if let Some(found) = of_one_price.find(|&place| passes(row[place])) {
                    let comes_first = order.is_gt()
                        || best.is_some_and(|best| self.comes_first((row[found], found), best));
                    if comes_first {
                        best = Some((row[found], found));
                    }
                    break;
                }
                place = self.ranking.after(next);
            }
        }
        best.map(|(pool, _)| pool)
    }

    /// Whether one of two pools that cost the same comes first; with their places in the row.
    fn comes_first(&self, a: (usize, usize), b: (usize, usize)) -> bool {
        let room = |place: usize| match self.ranking.tightest {
            Some(_) => self.ranking.room.at(place),
            None => 0,
        };
        (room(a.1), a.0) < (room(b.1), b.0)
    }
}
