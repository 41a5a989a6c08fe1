//! What work asks of a cluster.

use thiserror::Error;

use crate::WHOLE_MILLI;
use crate::machine::{AMOUNT_MAX, MODEL_MAX};

/// The smallest domain that a gang has to lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// One node.
    Node,
    /// One rack, which is also an NVLink domain.
    Rack,
    /// One hall.
    Hall,
    /// Anywhere in the site.
    Site,
}

/// Models of GPUs, of which any will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModelSet(Option<u64>);

impl ModelSet {
    /// Every model, and nodes without GPUs.
    pub const ANY: Self = Self(None);

    /// These models only; a number above 63 is no model.
    ///
    /// # Errors
    /// When there is none, or one is above 63.
    pub fn of(models: impl IntoIterator<Item = u16>) -> Result<Self, AskError> {
        let mut set = 0_u64;
        for model in models {
            if model > MODEL_MAX {
                return Err(AskError::ModelNumber { model });
            }
            set |= 1 << model;
        }
        if set == 0 { Err(AskError::NoModel) } else { Ok(Self(Some(set))) }
    }

    /// Whether a model is one of these.
    #[must_use]
    pub fn contains(self, model: u16) -> bool {
        self.0.is_none_or(|set| model <= MODEL_MAX && set >> model & 1 == 1)
    }
}

/// What one piece of work holds while it runs: whole GPUs, a share of one GPU, or CPU alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ask {
    /// Whole GPUs over the gang; 0 when a GPU is shared or none is asked.
    pub gpus: u32,
    /// Thousandths of one shared GPU, 1 to 999; 0 when whole GPUs or none are asked.
    pub milli: u16,
    /// CPU in all, thousandths of a core. A node that gives `k` of `n` GPUs gives `k ÷ n` of it,
    /// rounded up.
    pub cpu_milli: u64,
    /// Memory in all, MiB; divided as CPU is.
    pub memory_mib: u64,
    /// The models that will do.
    pub models: ModelSet,
    /// How far apart the gang may lie; shared GPUs and CPU alone are always on one node.
    pub span: Span,
}

impl Ask {
    /// Whole GPUs of any model, with no CPU or memory counted.
    #[must_use]
    pub const fn whole(gpus: u32, span: Span) -> Self {
        Self { gpus, milli: 0, cpu_milli: 0, memory_mib: 0, models: ModelSet::ANY, span }
    }

    /// Whether it asks for a share of one GPU.
    pub(crate) fn is_shared(&self) -> bool {
        self.milli > 0
    }

    /// Whether it asks for no GPU.
    pub(crate) fn is_cpu_only(&self) -> bool {
        self.gpus == 0 && self.milli == 0
    }

    /// Thousandths of GPUs in all.
    pub(crate) fn gpu_milli(&self) -> u64 {
        u64::from(self.gpus) * u64::from(WHOLE_MILLI) + u64::from(self.milli)
    }

    /// What a node gives of an amount when it gives `gpus` of the gang's.
    pub(crate) fn part_of(&self, amount: u64, gpus: u32) -> u64 {
        if gpus == self.gpus {
            return amount;
        }
        (amount * u64::from(gpus)).div_ceil(u64::from(self.gpus))
    }

    /// Whether it is an ask at all, whatever the cluster.
    pub(crate) fn check(&self) -> Result<(), AskError> {
        if self.gpus > 0 && self.milli > 0 {
            return Err(AskError::WholeAndShared { gpus: self.gpus, milli: self.milli });
        }
        if self.milli >= WHOLE_MILLI {
            return Err(AskError::Share { milli: self.milli });
        }
        if self.is_cpu_only() && self.cpu_milli == 0 && self.memory_mib == 0 {
            return Err(AskError::Nothing);
        }
        if self.cpu_milli > AMOUNT_MAX || self.memory_mib > AMOUNT_MAX {
            return Err(AskError::Amount);
        }
        Ok(())
    }
}

/// Why no cluster, or not this one, could ever take an ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AskError {
    /// It asks for nothing.
    #[error("the ask is for nothing: no GPU, no share of one, no CPU and no memory")]
    Nothing,
    /// It asks for whole GPUs and a share of one.
    #[error(
        "the ask is for {gpus} whole GPUs and {milli} thousandths of a shared one, and is for one of the two"
    )]
    WholeAndShared {
        /// Whole GPUs.
        gpus: u32,
        /// Thousandths of a shared one.
        milli: u16,
    },
    /// The share is a whole GPU or more.
    #[error("the ask is for {milli} thousandths of a shared GPU, which is at most 999")]
    Share {
        /// Thousandths asked.
        milli: u16,
    },
    /// CPU or memory beyond what is counted.
    #[error("the ask is for more than {AMOUNT_MAX} thousandths of a core or MiB of memory")]
    Amount,
    /// It names models, but none.
    #[error("the ask names no GPU model")]
    NoModel,
    /// It names a number that is no model's.
    #[error("GPU models are numbered up to {MODEL_MAX}, and {model} is asked")]
    ModelNumber {
        /// The number.
        model: u16,
    },
    /// No node has a model that it names.
    #[error("no node has one of the GPU models that are asked")]
    UnknownModels,
    /// Not even an empty cluster has so much within the span.
    #[error("the ask is for {asked} GPUs, and an empty cluster gives it at most {largest} in one {}", span_name(*.span))]
    NeverFits {
        /// Whole GPUs asked.
        asked: u32,
        /// The most that it could ever get.
        largest: u32,
        /// Within what.
        span: Span,
    },
    /// No node, even empty, has the share, CPU and memory at once.
    #[error("no node has the GPU share, CPU and memory that are asked, even when it is empty")]
    NoSuchNode,
}

fn span_name(span: Span) -> &'static str {
    match span {
        Span::Node => "node",
        Span::Rack => "rack",
        Span::Hall => "hall",
        Span::Site => "site",
    }
}
