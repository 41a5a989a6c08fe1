//! Why a row is set aside.

use thiserror::Error;

/// A row that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Its line, from 1.
    pub line: u32,
    /// Why.
    pub reason: Reason,
    /// The row as it stands there, at most 120 characters of it, control characters replaced.
    pub text: String,
}

/// Why a row cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum Reason {
    /// It has more or fewer fields than the header, or than the format has.
    #[error("fields: {found} instead of {expected}")]
    Fields {
        /// How many it has.
        found: usize,
        /// How many it should have.
        expected: usize,
    },
    /// It is the header once more, as where files were joined.
    #[error("the header once more")]
    HeaderAgain,
    /// A value is empty, or said not to be known.
    #[error("`{column}` is not known")]
    NotKnown {
        /// The column or field.
        column: &'static str,
    },
    /// A value has not the form that it should have.
    #[error("`{column}` is not {expected}")]
    Malformed {
        /// The column or field.
        column: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A value is below zero where that makes no sense.
    #[error("`{column}` is below zero")]
    Negative {
        /// The column or field.
        column: &'static str,
    },
    /// A value is zero where that makes no job.
    #[error("`{column}` is zero")]
    Zero {
        /// The column or field.
        column: &'static str,
    },
    /// A value is too large to be true.
    #[error("`{column}` is above {most}")]
    TooLarge {
        /// The column or field.
        column: &'static str,
        /// The most that is read.
        most: u64,
    },
    /// The end is not after the start.
    #[error("`{end}` is not after `{start}`")]
    Backwards {
        /// The column of the start.
        start: &'static str,
        /// The column of the end.
        end: &'static str,
    },
    /// It uses no GPU.
    #[error("it uses no GPU")]
    NoGpu,
    /// It uses parts of several GPUs, and a job has a share of one.
    #[error("it uses parts of several GPUs")]
    PartsOfSeveral,
    /// It never started.
    #[error("it was never scheduled")]
    NeverScheduled,
    /// It is a part of a job that another row sums up.
    #[error("it is a part of a job that another row sums up")]
    PartOfJob,
    /// It is no JSON object.
    #[error("it is no JSON object")]
    NoObject,
    /// A member is there twice.
    #[error("`{column}` is there twice")]
    Twice {
        /// The member.
        column: &'static str,
    },
    /// It starts a fault that has no end.
    #[error("it starts a fault that has no end")]
    NotEnded,
    /// It starts a fault that its node has already.
    #[error("it starts a fault that its node has already, and that has not ended")]
    StartedAlready,
    /// It ends a fault that has not started.
    #[error("it ends a fault that has not started")]
    NotStarted,
    /// It ends a fault before that starts.
    #[error("it ends a fault before its start on line {line}")]
    EndsBeforeStart {
        /// The line of the start.
        line: u32,
    },
}
