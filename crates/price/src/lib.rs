//! A change of terms priced: the same work is replayed with and without it, many times, and the
//! differences are given with confidence intervals.
//!
//! ```text
//! deal ─ without terms / with a draft / under an assumed delay ─▶ two sides ─ the same work ─▶ Run
//!                                     Runs in order ─▶ Estimates (mean, interval), what explains
//! ```
//!
//! Pure and exact: figures are whole numbers, an interval is computed from their sums in integers,
//! and a run depends on nothing but its number, so runs may be made anywhere and joined.

mod change;
mod commitments;
mod delay;
mod estimate;
mod figure;
mod held;
mod list;
mod measure;
mod parts;
mod share;
mod student;

pub use change::{Without, WithoutError, without};
pub use delay::{Delayed, Moved, delayed};
pub use estimate::{Asked, BATCH, Estimate, Figures, enough, estimate, figures};
pub use figure::{Figure, Kind};
pub use held::also_held;
pub use measure::{MeasureError, MovedJob, Outcome, Run, Side, measure, seed_of};
pub use parts::{PartError, Shard, ShardError, join};
pub use share::{Share, share};
pub use student::{Confidence, ConfidenceError, t_quantile};
