//! Which node scores best, as scores change one by one.

use crate::{at, number};

/// The score of a node that cannot take the work.
const UNFIT: i32 = i32::MIN;

/// A tournament: each place has the better of the two below it, so that the winner is at the top.
#[derive(Debug, Clone)]
pub(crate) struct Tournament {
    /// Place 1 is the top; below place `p` are `2p` and `2p + 1`; the nodes come last, in order.
    places: Vec<i32>,
    leaves: usize,
}

impl Tournament {
    pub(crate) fn new(scores: impl ExactSizeIterator<Item = Option<i32>>) -> Self {
        let leaves = scores.len().next_power_of_two();
        let mut places = vec![UNFIT; 2 * leaves];
        for (place, score) in places[leaves..].iter_mut().zip(scores) {
            *place = score.unwrap_or(UNFIT);
        }
        for place in (1..leaves).rev() {
            places[place] = places[2 * place].max(places[2 * place + 1]);
        }
        Self { places, leaves }
    }

    pub(crate) fn set(&mut self, node: u32, score: Option<i32>) {
        let mut place = self.leaves + at(node);
        let mut best = score.unwrap_or(UNFIT);
        while self.places[place] != best {
            self.places[place] = best;
            if place == 1 {
                return;
            }
            best = best.max(self.places[place ^ 1]);
            place /= 2;
        }
    }

    /// The node with the best score, the first of several.
    pub(crate) fn best(&self) -> Option<u32> {
        let best = self.places[1];
        if best == UNFIT {
            return None;
        }
        let mut place = 1;
        while place < self.leaves {
            place *= 2;
            if self.places[place] != best {
                place += 1;
            }
        }
        Some(number(place - self.leaves))
    }
}

/// How many nodes can take the work, in halves of halves, so that any of them is found by its
/// number among them.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    places: Vec<u32>,
    leaves: usize,
}

impl Tally {
    pub(crate) fn new(fits: impl ExactSizeIterator<Item = bool>) -> Self {
        let leaves = fits.len().next_power_of_two();
        let mut places = vec![0; 2 * leaves];
        for (place, fits) in places[leaves..].iter_mut().zip(fits) {
            *place = u32::from(fits);
        }
        for place in (1..leaves).rev() {
            places[place] = places[2 * place] + places[2 * place + 1];
        }
        Self { places, leaves }
    }

    pub(crate) fn set(&mut self, node: u32, fits: bool) {
        let mut place = self.leaves + at(node);
        if self.places[place] == u32::from(fits) {
            return;
        }
        while place >= 1 {
            let count = &mut self.places[place];
            *count = if fits { *count + 1 } else { *count - 1 };
            place /= 2;
        }
    }

    pub(crate) fn count(&self) -> u32 {
        self.places[1]
    }

    /// The node that is `nth` (from 0) of those that can take the work.
    pub(crate) fn nth(&self, mut nth: u32) -> u32 {
        let mut place = 1;
        while place < self.leaves {
            place *= 2;
            if self.places[place] <= nth {
                nth -= self.places[place];
                place += 1;
            }
        }
        number(place - self.leaves)
    }
}
