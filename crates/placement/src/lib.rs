//! Jobs, services, fleet and rulings to an immutable plan: where and when each runs, and for each
//! job that waits or is refused a typed reason.
//!
//! Pure: no clock, file, environment or randomness, and no order that is not fixed; the same
//! input gives the same plan. What the terms say comes in as rulings and is not questioned here;
//! what anything costs in the end is settled elsewhere, prices here only rank pools.
//!
//! Services lease first, in their order; jobs then share what is left, first come first served
//! with EASY backfill (Lifka 1995; Mu'alem and Feitelson 2001).

mod drawdown;
mod easy;
mod ends;
mod inputs;
mod openings;
mod plan;
mod pool;
mod queue;
mod reasons;
mod services;

pub use inputs::{
    Backfill, Class, CommitmentPace, Inputs, Policy, Pool, Reach, Replicas, RuledWindow, Ruling,
    Service,
};
pub use plan::{
    Barrier, Lacking, Lease, Misconfiguration, NeverReason, Outcome, Plan, PlanError, Run,
    Shortfall, ShortfallReason, WaitReason,
};

use drawdown::Drawdown;
use openings::Openings;

/// Places services and jobs.
///
/// # Errors
/// [`PlanError`] when an amount of money does not fit in 128 bits.
///
/// # Panics
/// When the inputs break an invariant that [`Inputs`] states.
pub fn place(inputs: &Inputs<'_>) -> Result<Plan, PlanError> {
    inputs.assert_invariants();
    let openings = Openings::of(inputs);
    let mut drawdown = Drawdown::new(inputs)?;
    let leased = services::lease(inputs, &openings, &mut drawdown)?;
    let outcomes = easy::schedule(inputs, &openings, &leased.leases, drawdown)?;
    Ok(Plan { outcomes, leases: leased.leases, shortfalls: leased.shortfalls })
}
