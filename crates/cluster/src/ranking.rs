//! Which node scores best, as scores change one by one.

use crate::{at, number};

/// Places of a block, so that a block is a line of the cache.
const BLOCK: usize = 32;

/// A score in 16 bits, so that a million GPUs' scores for some tens of asks stay in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Mark(i16);

impl Mark {
    /// The mark of a node that cannot take the work.
    const UNFIT: Self = Self(i16::MIN);
    /// What is added to a score: the lowest is minus what is left of 64 GPUs in thousandths, and the
    /// highest is 100.
    const SHIFT: i32 = 31_500;

    fn of(score: Option<i32>) -> Self {
        score.map_or(Self::UNFIT, |score| {
            Self(i16::try_from(score + Self::SHIFT).expect("scores are from -64,000 to 100"))
        })
    }
}

/// Marks that are compared at once.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Block([Mark; BLOCK]);

impl Block {
    const UNFIT: Self = Self([Mark::UNFIT; BLOCK]);

    fn best(&self) -> Mark {
        self.0.iter().fold(Mark::UNFIT, |best, &mark| best.max(mark))
    }
}

/// A tournament: each place above the nodes has the best of the block below it, so that the winner
/// is at the top.
#[derive(Debug, Clone)]
pub(crate) struct Tournament {
    /// The nodes in order, then the blocks of each level; the last level is one block.
    levels: Vec<Vec<Block>>,
    /// Empty but while scores are set: nodes and their marks before.
    olds: Vec<(u32, Mark)>,
}

impl Tournament {
    pub(crate) fn new(scores: impl ExactSizeIterator<Item = Option<i32>>) -> Self {
        let mut levels = vec![blocks(scores.map(Mark::of))];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let above = blocks(below.iter().map(Block::best));
            levels.push(above);
        }
        Self { levels, olds: Vec::new() }
    }

    /// Sets the scores of nodes, some of them more than once; `score` says what they are now.
    pub(crate) fn set_all(
        &mut self,
        nodes: impl Iterator<Item = u32>,
        score: impl Fn(u32) -> Option<i32>,
    ) {
        // The old marks of all are fetched first, so that memory is waited for once.
        let mut olds = std::mem::take(&mut self.olds);
        let held = |node: u32| self.levels[0][at(node) / BLOCK].0[at(node) % BLOCK];
        olds.extend(nodes.map(|node| (node, held(node))));
        for (node, old) in olds.drain(..) {
            let mark = Mark::of(score(node));
            if mark != old {
                self.set(node, mark);
            }
        }
        self.olds = olds;
    }

    fn set(&mut self, node: u32, mut mark: Mark) {
        let mut place = at(node);
        for level in &mut self.levels {
            let block = &mut level[place / BLOCK];
            let old = std::mem::replace(&mut block.0[place % BLOCK], mark);
            if old == mark {
                return;
            }
            // The best of a block with a worse mark than before may be another.
            mark = block.best();
            place /= BLOCK;
        }
    }

    /// The node with the best score, the first of several.
    pub(crate) fn best(&self) -> Option<u32> {
        let mut levels = self.levels.iter().rev();
        let best = levels.clone().next()?[0].best();
        if best == Mark::UNFIT {
            return None;
        }
        let first = levels.try_fold(0, |block, level| {
            let within = level[block].0.iter().position(|&mark| mark == best)?;
            Some(block * BLOCK + within)
        });
        first.map(number)
    }
}

/// Marks in blocks, the last filled up; at least one block.
fn blocks(marks: impl ExactSizeIterator<Item = Mark>) -> Vec<Block> {
    let mut blocks = vec![Block::UNFIT; marks.len().div_ceil(BLOCK).max(1)];
    for (place, mark) in marks.enumerate() {
        blocks[place / BLOCK].0[place % BLOCK] = mark;
    }
    blocks
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
