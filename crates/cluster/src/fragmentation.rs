//! How much of a node's idle GPU is of no use to typical work (FGD).
//!
//! Source: Weng, Yang, Yu, Wang, Tang, Yang, Zhang, "Beware of Fragmentation: Scheduling
//! GPU-Sharing Workloads with Fragmentation Gradient Descent", USENIX ATC 2023. All in whole
//! numbers: where the paper multiplies by the probability of a kind of work, we multiply by its
//! weight and keep the sum of the weights beside.
//!
//! What of a GPU kinds of work can use depends on how many of them the node's CPU and model and the
//! GPU's share are enough for, so that sums over the kinds are made once and looked up.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::ask::{Ask, AskError, Span};
use crate::machine::{MODEL_MAX, NODE_GPUS_MAX};
use crate::sigmoid::Sigmoid;
use crate::state::{Node, State};
use crate::{WHOLE_MILLI, at};

/// The kinds of work that are typical of a cluster, each with a weight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typical {
    /// The sum of all weights.
    weight: i64,
    usable: Usable,
    sigmoid: Sigmoid,
}

#[derive(Debug, Clone, Copy)]
struct Kind {
    ask: Ask,
    weight: i64,
}

/// Why there is no typical work.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TypicalError {
    /// No work was given.
    #[error("typical work is taken from at least one ask")]
    NoWork,
    /// The share is not one.
    #[error("typical work is 1 to 100 per cent of all, not {percent}")]
    Percent {
        /// The share given.
        percent: u32,
    },
    /// An ask is wrong.
    #[error("ask {ask} of the work that is to be typical is wrong")]
    Ask {
        /// Its place among the asks.
        ask: usize,
        /// What is wrong.
        #[source]
        source: AskError,
    },
}

impl Typical {
    /// The most frequent kinds of work that together are at least a share of all of it.
    ///
    /// Work is of one kind when it agrees in CPU, GPUs and models: memory and span do not count, as
    /// in the published experiment, which takes 95 per cent. Of kinds that are equally frequent,
    /// the smaller ask (in the order of [`Ask`]) comes first.
    ///
    /// # Errors
    /// When there is no work, a wrong ask, or a share that is not 1 to 100.
    pub fn of(work: &[Ask], percent: u32) -> Result<Self, TypicalError> {
        Self::of_counts(work.iter().map(|&ask| (ask, 1)), percent)
    }

    /// As [`Self::of`], of work that is told kind by kind, with how often there is each.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn of_counts(
        work: impl IntoIterator<Item = (Ask, u32)>,
        percent: u32,
    ) -> Result<Self, TypicalError> {
        if !(1..=100).contains(&percent) {
            return Err(TypicalError::Percent { percent });
        }
        let mut counts: BTreeMap<Ask, i64> = BTreeMap::new();
        for (place, (ask, count)) in work.into_iter().enumerate() {
            ask.check().map_err(|source| TypicalError::Ask { ask: place, source })?;
            let kind = Ask { memory_mib: 0, span: Span::Node, ..ask };
            *counts.entry(kind).or_default() += i64::from(count);
        }
        let all: i64 = counts.values().sum();
        if all == 0 {
            return Err(TypicalError::NoWork);
        }
        let mut by_count: Vec<(Ask, i64)> = counts.into_iter().collect();
        by_count.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let (mut kinds, mut weights) = (Vec::new(), 0);
        for (ask, weight) in by_count {
            if weights * 100 >= all * i64::from(percent) {
                break;
            }
            weights += weight;
            if !ask.is_cpu_only() {
                kinds.push(Kind { ask, weight });
            }
        }
        Ok(Self { weight: weights, usable: Usable::by(&kinds), sigmoid: Sigmoid::of(weights) })
    }

    /// What an ask that fits a node would gain there, where it takes what.
    pub(crate) fn gains<'a>(&'a self, state: &State, node: &Node, ask: &Ask) -> Gains<'a> {
        let now = self.usable.row(node.model, node.cpu_left_milli);
        let then = self.usable.row(node.model, node.cpu_left_milli - ask.cpu_milli);
        let (mut usable_now, mut usable_then) = (0, 0);
        for &left in state.gpus_of(node) {
            usable_now += now.of_gpu(left);
            usable_then += then.of_gpu(left);
        }
        let whole = node.whole.count_ones();
        let taken = i64::try_from(ask.gpu_milli()).expect("it is at most what the node has");
        let unchanged = self.weight * taken - usable_now - now.of_whole(whole) + usable_then;
        Gains { unchanged, then, whole, ask: *ask }
    }

    /// The score of a gain.
    pub(crate) fn percent(&self, gain: i64) -> i32 {
        self.sigmoid.percent(gain)
    }
}

/// By how much fewer thousandths of GPUs typical work could not use on a node, times the weights, if
/// an ask took what it is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gains<'a> {
    /// The gain if the ask took no GPU, without what kinds that need whole GPUs could then use.
    unchanged: i64,
    then: Row<'a>,
    /// The whole GPUs that the node has now.
    whole: u32,
    ask: Ask,
}

impl Gains<'_> {
    /// The gain where whole GPUs are taken, or CPU alone.
    pub(crate) fn of_whole(&self) -> i64 {
        let gone = i64::from(self.ask.gpus) * self.then.of_gpu(WHOLE_MILLI);
        self.unchanged - gone + self.then.of_whole(self.whole - self.ask.gpus)
    }

    /// The gain where a share is taken of a GPU that has so much left.
    pub(crate) fn of_share(&self, left_milli: u16) -> i64 {
        let whole = self.whole - u32::from(left_milli == WHOLE_MILLI);
        let of_gpu = self.then.of_gpu(left_milli - self.ask.milli) - self.then.of_gpu(left_milli);
        self.unchanged + of_gpu + self.then.of_whole(whole)
    }
}

/// Sums of the weights of kinds: of those that a model, CPU and a share of a GPU are enough for, and
/// of those that a model, CPU and whole GPUs are enough for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Usable {
    /// For each model, the first row of those that hold for it. Models that are enough for the same
    /// kinds share them.
    rows_of: Vec<usize>,
    /// The different amounts of CPU that kinds ask for, in order: one row more than there are.
    cpus_milli: Vec<u64>,
    /// For how many of the different shares that kinds ask for a share is enough.
    shares_of: Vec<usize>,
    /// A sum for each number of those shares from 0, then for each number of whole GPUs from 0.
    sums: Vec<i64>,
    /// The sums of a row that are of shares, and of whole GPUs.
    columns: (usize, usize),
}

/// The sums for one model and amount of CPU.
#[derive(Debug, Clone, Copy)]
struct Row<'a> {
    shares_of: &'a [usize],
    by_shares: &'a [i64],
    by_whole: &'a [i64],
}

impl Row<'_> {
    /// What kinds that share GPUs can use of one that has so much left.
    fn of_gpu(&self, left_milli: u16) -> i64 {
        i64::from(left_milli) * self.by_shares[self.shares_of[usize::from(left_milli)]]
    }

    /// What kinds that need whole GPUs can use of so many.
    fn of_whole(&self, gpus: u32) -> i64 {
        let most = self.by_whole.len() - 1;
        i64::from(gpus) * i64::from(WHOLE_MILLI) * self.by_whole[at(gpus).min(most)]
    }
}

impl Usable {
    fn by(kinds: &[Kind]) -> Self {
        let cpus_milli: BTreeSet<u64> = kinds.iter().map(|kind| kind.ask.cpu_milli).collect();
        let shared = kinds.iter().filter(|kind| kind.ask.is_shared());
        let shares: BTreeSet<u16> = shared.map(|kind| kind.ask.milli).collect();
        // More whole GPUs than a node has are of no kind's use there.
        let wholes = kinds.iter().map(|kind| kind.ask.gpus);
        let most = wholes.filter(|&gpus| gpus <= u32::from(NODE_GPUS_MAX)).max().unwrap_or(0);
        let mut usable = Self {
            rows_of: Vec::new(),
            shares_of: (0..=WHOLE_MILLI).map(|milli| shares.range(..=milli).count()).collect(),
            sums: Vec::new(),
            columns: (shares.len() + 1, at(most) + 1),
            cpus_milli: cpus_milli.into_iter().collect(),
        };
        let mut known: BTreeMap<Vec<bool>, usize> = BTreeMap::new();
        for model in 0..=MODEL_MAX {
            let fit: Vec<bool> = kinds.iter().map(|kind| kind.ask.models.contains(model)).collect();
            let rows = *known.entry(fit).or_insert_with_key(|fit| {
                let (shares, whole) = usable.columns;
                let first = usable.sums.len() / (shares + whole);
                let kinds =
                    || kinds.iter().zip(fit).filter(|&(_, &fits)| fits).map(|(kind, _)| kind);
                usable.add_row(kinds().filter(|_| false));
                for cpu_milli in usable.cpus_milli.clone() {
                    usable.add_row(kinds().filter(|kind| kind.ask.cpu_milli <= cpu_milli));
                }
                first
            });
            usable.rows_of.push(rows);
        }
        usable
    }

    /// Adds the sums of the kinds that a model and an amount of CPU are enough for.
    fn add_row<'a>(&mut self, kinds: impl Iterator<Item = &'a Kind>) {
        let (shares, whole) = self.columns;
        let mut sums = vec![0; shares + whole];
        for Kind { ask, weight } in kinds {
            let enough = if ask.is_shared() {
                self.shares_of[usize::from(ask.milli)]..shares
            } else {
                (shares + at(ask.gpus)).min(shares + whole)..shares + whole
            };
            sums[enough].iter_mut().for_each(|sum| *sum += weight);
        }
        self.sums.extend(sums);
    }

    fn row(&self, model: u8, cpu_milli: u64) -> Row<'_> {
        let row = self.rows_of[usize::from(model)]
            + self.cpus_milli.partition_point(|&least| least <= cpu_milli);
        let (shares, whole) = self.columns;
        let sums = &self.sums[row * (shares + whole)..][..shares + whole];
        let (by_shares, by_whole) = sums.split_at(shares);
        Row { shares_of: &self.shares_of, by_shares, by_whole }
    }
}
