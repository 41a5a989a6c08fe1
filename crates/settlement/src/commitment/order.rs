//! Which commitment a charge draws first.

use std::cmp::Reverse;

use comity_base::{Instant, TermId};

use super::Commitments;

/// What a charge may draw, in the order in which it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    /// The commitment.
    pub(super) line: usize,
    pub(super) from: Source,
}

/// What of a commitment is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// What rolled over from an earlier interval, and expires then.
    Rolled(Instant),
    /// What is promised in the interval that runs.
    Own,
}

/// First what rolled over, the oldest expiry first. Then by priority, the fewest products that
/// count (any product is the most), the earliest end of the interval, the one within the other, and
/// the term.
type Rank<'t> = (Source, u32, usize, Instant, Reverse<usize>, &'t TermId, usize);

impl Commitments<'_> {
    /// What is to be drawn in the slice that was opened last, in order.
    pub(super) fn turns(&self) -> Vec<Turn> {
        let mut ranked: Vec<(Rank<'_>, Turn)> = Vec::new();
        for (line, it) in self.lines.iter().enumerate() {
            let Some(now) = it.running() else { continue };
            let promise = &now.row.value;
            let objects = promise.on.objects.len();
            let products = if objects == 0 { usize::MAX } else { objects };
            let depth = Reverse(self.levels(line).len());
            let rolled = it.rolled.iter().map(|balance| Source::Rolled(balance.expires));
            for from in rolled.chain([Source::Own]) {
                let end = now.interval.end();
                let rank = (from, promise.priority, products, end, depth, &now.row.term, line);
                ranked.push((rank, Turn { line, from }));
            }
        }
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, turn)| turn).collect()
    }

    /// A commitment and the wider ones that it counts for, outwards.
    pub(super) fn levels(&self, line: usize) -> Vec<usize> {
        let mut levels = vec![line];
        while let Some(outer) = levels.last().and_then(|&at| self.outer[at]) {
            // A checked deal has no circle.
            if levels.contains(&outer) {
                break;
            }
            levels.push(outer);
        }
        levels
    }

    /// Finds for each commitment in force the one in force that it counts for.
    pub(super) fn find_outer(&mut self) {
        let mut found = vec![None; self.lines.len()];
        for (line, outer) in self.lines.iter().zip(&mut found) {
            let Some(inner) = line.running().map(|now| now.row) else { continue };
            let Some(within) = &inner.value.within else { continue };
            *outer = self.lines.iter().position(|other| {
                other.running().is_some_and(|now| {
                    now.row.term == *within
                        && now.row.value.buyer == inner.value.buyer
                        && now.row.value.seller == inner.value.seller
                })
            });
        }
        self.outer = found;
    }
}
