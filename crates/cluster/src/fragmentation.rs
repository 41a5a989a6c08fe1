//! How much of a node's idle GPU is of no use to typical work (FGD).
//!
//! Source: Weng, Yang, Yu, Wang, Tang, Yang, Zhang, "Beware of Fragmentation: Scheduling
//! GPU-Sharing Workloads with Fragmentation Gradient Descent", USENIX ATC 2023. All in whole
//! numbers: where the paper multiplies by the probability of a kind of work, we multiply by its
//! weight and keep the sum of the weights beside.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::ask::{Ask, AskError, Span};
use crate::state::{Node, State};
use crate::{WHOLE_MILLI, at};

/// The kinds of work that are typical of a cluster, each with a weight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typical {
    /// Kinds that ask for GPUs.
    kinds: Vec<Kind>,
    /// The weight of the kinds that ask for no GPU.
    cpu_only_weight: i64,
    /// The sum of all weights.
    weight: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
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
        let mut typical = Self { kinds: Vec::new(), cpu_only_weight: 0, weight: 0 };
        for (ask, weight) in by_count {
            if typical.weight * 100 >= all * i64::from(percent) {
                break;
            }
            typical.weight += weight;
            if ask.is_cpu_only() {
                typical.cpu_only_weight += weight;
            } else {
                typical.kinds.push(Kind { ask, weight });
            }
        }
        Ok(typical)
    }

    /// The sum of all weights: what [`Self::fragments`] is a multiple of.
    pub(crate) fn weight(&self) -> i64 {
        self.weight
    }

    /// Idle thousandths of GPUs that typical work could not use on a node, times the weights.
    pub(crate) fn fragments(&self, left: &Left<'_>) -> i64 {
        let idle: i64 = left.gpus_milli.iter().map(|&milli| i64::from(milli)).sum();
        if idle == 0 {
            return 0;
        }
        let whole = left.gpus_milli.iter().filter(|&&milli| milli == WHOLE_MILLI).count();
        let most = left.gpus_milli.iter().copied().max().unwrap_or(0);
        let of_kind = |Kind { ask, weight }: &Kind| {
            let each = if ask.is_shared() { ask.milli } else { WHOLE_MILLI };
            let gpus = if ask.is_shared() { most >= each } else { whole >= at(ask.gpus) };
            if gpus && ask.cpu_milli <= left.cpu_milli && ask.models.contains(left.model) {
                let small = left.gpus_milli.iter().filter(|&&milli| milli < each);
                weight * small.map(|&milli| i64::from(milli)).sum::<i64>()
            } else {
                weight * idle
            }
        };
        self.kinds.iter().map(of_kind).sum::<i64>() + self.cpu_only_weight * idle
    }
}

/// What a node has left, or would have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left<'a> {
    pub(crate) gpus_milli: &'a [u16],
    pub(crate) cpu_milli: u64,
    pub(crate) model: u16,
}

impl<'a> Left<'a> {
    pub(crate) fn now(state: &'a State, node: &Node) -> Self {
        Self {
            gpus_milli: state.gpus_of(node),
            cpu_milli: node.cpu_left_milli,
            model: u16::from(node.model),
        }
    }
}
