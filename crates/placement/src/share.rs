//! The order between groups of jobs: by priority, and by what parties used for their share.
//!
//! What a party used halves with each half-life. It is counted up at fixed instants, sixteen to a
//! half-life, and between two of these the order stays as it is. All numbers are whole: at each
//! count, what was used before is multiplied by 2^(−1/16), as 4,112,874,773 ÷ 2^32.

use std::cmp::{Ordering, Reverse};

use comity_base::Instant;

use crate::inputs::{Inputs, index};
use crate::policy::Order;

const COUNTS_PER_HALF_LIFE: i64 = 16;
const DECAY: u128 = 4_112_874_773;
/// Use is kept in parts of a thousandth of a GPU-second, so that the decay of small numbers shows.
const FRACTION_BITS: u32 = 16;

/// Jobs of one priority and one party.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Group {
    priority: Reverse<u16>,
    party: u32,
}

/// Which group comes before which.
#[derive(Debug)]
pub(crate) struct Shares<'a> {
    weights: &'a [u32],
    order: Order,
    groups: Vec<Group>,
    /// For each class, its group.
    of_class: Vec<usize>,
    /// For each group, its place; equal groups share one.
    places: Vec<u32>,
    /// By party.
    used: Vec<Used>,
    /// When it was counted last.
    counted: Instant,
    /// Seconds from one count to the next, if use is counted.
    every: Option<i64>,
    /// Whether no count changes anything until somebody holds more or less.
    settled: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Used {
    decayed: u128,
    /// Thousandths of GPUs held now.
    held: i64,
    /// Thousandths of GPU-seconds that what is held would have come to since the last count, but did not.
    unheld: i64,
}

fn every(order: Order) -> Option<i64> {
    match order {
        Order::Arrival | Order::Priority => None,
        Order::FairShare { half_life_seconds } => {
            Some((i64::from(half_life_seconds) / COUNTS_PER_HALF_LIFE).max(1))
        }
    }
}

impl<'a> Shares<'a> {
    /// The groups of the classes, with nothing used.
    pub(crate) fn new(inputs: &Inputs<'a>) -> Self {
        let order = inputs.policy.order;
        let group = |class: &crate::Class| match order {
            Order::Arrival => Group { priority: Reverse(0), party: class.party },
            Order::Priority | Order::FairShare { .. } => {
                Group { priority: Reverse(class.priority), party: class.party }
            }
        };
        let mut groups: Vec<Group> = inputs.classes.iter().map(group).collect();
        groups.sort_unstable();
        groups.dedup();
        let find = |class| {
            let group = group(class);
            groups.binary_search(&group).expect("the group of each class is there")
        };
        let of_class = inputs.classes.iter().map(find).collect();
        let parties = groups.iter().map(|group| index(group.party) + 1).max().unwrap_or(0);
        let mut shares = Self {
            weights: inputs.shares,
            order,
            places: vec![0; groups.len()],
            groups,
            of_class,
            used: vec![Used::default(); parties],
            counted: inputs.period.start(),
            every: every(order),
            settled: true,
        };
        shares.rank();
        shares
    }

    /// How many groups there are.
    pub(crate) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// The group of a class.
    pub(crate) fn group(&self, class: usize) -> usize {
        self.of_class[class]
    }

    /// The place of a group now; the lower comes first, and groups of one place are equal.
    pub(crate) fn place(&self, group: usize) -> u32 {
        self.places[group]
    }

    /// Adds to what a party holds, in thousandths of GPUs, or takes off when it is less than zero.
    pub(crate) fn hold(&mut self, party: u32, milli: i64, now: Instant) {
        let seconds = now.seconds() - self.counted.seconds();
        let used = &mut self.used[index(party)];
        used.held += milli;
        used.unheld += milli * seconds;
        self.settled = false;
    }

    /// The next count that may change something.
    pub(crate) fn next_count(&self) -> Option<Instant> {
        let every = self.every.filter(|_| !self.settled)?;
        Some(self.counted.plus_seconds(every))
    }

    /// Counts what was used up to each count until an instant; whether the order may be another one.
    ///
    /// As what is used comes to stay at what is held, or at nothing, counts are only made up for
    /// until they change nothing: some 16 for each bit of it.
    pub(crate) fn catch_up(&mut self, now: Instant) -> bool {
        let mut counted = false;
        while let Some(at) = self.next_count().filter(|&at| at <= now) {
            self.count(at);
            counted = true;
        }
        if let Some(every) = self.every.filter(|_| self.settled) {
            let behind = now.seconds() - self.counted.seconds();
            self.counted = self.counted.plus_seconds(behind - behind % every);
        }
        if counted {
            self.rank();
        }
        counted
    }

    fn count(&mut self, at: Instant) {
        let seconds = at.seconds() - self.counted.seconds();
        self.settled = true;
        for used in &mut self.used {
            let more = used.held * seconds - used.unheld;
            let more = u128::try_from(more).expect("what is used is never less than nothing");
            let decayed = ((used.decayed + (more << FRACTION_BITS)) * DECAY) >> 32;
            self.settled &= used.unheld == 0 && used.decayed == decayed;
            used.decayed = decayed;
            used.unheld = 0;
        }
        self.counted = at;
    }

    fn rank(&mut self) {
        let mut sorted: Vec<usize> = (0..self.groups.len()).collect();
        sorted.sort_by(|&a, &b| self.compare(a, b));
        let mut place = 0;
        for (position, &group) in sorted.iter().enumerate() {
            if position > 0 && self.compare(sorted[position - 1], group).is_lt() {
                place += 1;
            }
            self.places[group] = place;
        }
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        let (a, b) = (self.groups[a], self.groups[b]);
        let by_priority = a.priority.cmp(&b.priority);
        match self.order {
            Order::Arrival | Order::Priority => by_priority,
            Order::FairShare { .. } => by_priority.then_with(|| {
                let used = |group: Group| self.used[index(group.party)].decayed;
                let (of_a, of_b) = (self.weight(a.party), self.weight(b.party));
                used(a).saturating_mul(of_b).cmp(&used(b).saturating_mul(of_a))
            }),
        }
    }

    fn weight(&self, party: u32) -> u128 {
        self.weights.get(index(party)).map_or(1, |&weight| u128::from(weight.max(1)))
    }
}
