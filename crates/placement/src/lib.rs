//! Jobs, services, fleet and rulings to an immutable plan: where and when each runs, and for each
//! job that waits or is refused a typed reason.
//!
//! Pure: no clock, file, environment or randomness, and no order that is not fixed; the same
//! input gives the same plan. What the terms say comes in as rulings and is not questioned here;
//! what anything costs in the end is settled elsewhere, prices here only rank pools.
//!
//! Services lease first, in their order; jobs then share what is left: in order of arrival, priority
//! or fair share, with EASY backfill (Lifka 1995; Mu'alem and Feitelson 2001), conservative backfill,
//! first fit or none; under quotas that lend, borrow and reclaim; beside what is kept for a party;
//! through maintenance, faults and pre-emption, after which jobs go on from what they had saved.

mod changed;
mod conservative;
mod disruption;
mod drawdown;
mod ends;
mod expand;
mod floors;
mod inputs;
mod maxtree;
mod openings;
mod pass;
mod plan;
mod policy;
mod pool;
mod preempt;
mod profile;
mod progress;
mod queue;
mod quota;
mod ranking;
mod reasons;
mod runs;
mod scheduler;
mod services;
mod share;
mod soonest;
mod touched;
mod upcoming;

pub use disruption::{BeforeMaintenance, Fault, Maintenance, Reservation};
pub use inputs::{
    Class, CommitmentPace, Inputs, Pool, Reach, Replicas, Restarts, RuledWindow, Ruling, Service,
};
pub use plan::{
    Barrier, Ended, Gang, Lacking, Lease, Misconfiguration, Moment, NeverReason, OnNode, Outcome,
    Piece, Plan, PlanError, Run, Shortfall, ShortfallReason, WaitReason,
};
pub use policy::{Backfill, NodePolicy, Order, Policy, Preemption, SitePolicy};
pub use quota::{Due, Quota};

use comity_base::{Instant, Window};
use drawdown::Drawdown;
use expand::Expanded;
use openings::Openings;
use scheduler::Scheduler;

/// Places services and jobs.
///
/// # Errors
/// [`PlanError`] when an amount of money does not fit in 128 bits.
///
/// # Panics
/// When the inputs break an invariant that [`Inputs`] states.
pub fn place(inputs: &Inputs<'_>) -> Result<Plan, PlanError> {
    let end = inputs.period.end();
    let Placed { outcomes, gangs, leased } = place_until(inputs, end)?;
    let decided = |outcome: Option<Outcome>| outcome.expect("every job has started or is closed");
    let outcomes = outcomes.into_iter().map(decided).collect();
    Ok(Plan { outcomes, leases: leased.leases, shortfalls: leased.shortfalls, gangs })
}

/// How it stands with a job at an instant, once all that happens at it has been taken in: what the
/// plan says of it, as far as it was known then.
///
/// # Errors
/// [`PlanError`] when an amount of money does not fit in 128 bits.
///
/// # Panics
/// When the inputs break an invariant that [`Inputs`] states, or there is no such job.
pub fn at(inputs: &Inputs<'_>, job: usize, instant: Instant) -> Result<Moment, PlanError> {
    let mut placed = place_until(inputs, instant)?;
    let outcome = match placed.outcomes.swap_remove(job) {
        None => return Ok(Moment::NotHandedIn),
        Some(outcome) => outcome,
    };
    Ok(match outcome {
        // That its last piece ends later is not known yet; nor is how.
        Outcome::Runs(run) if run.last.end > instant => {
            Moment::Running { pool: run.last.pool, since: run.last.start }
        }
        Outcome::Runs(_) => Moment::Done,
        Outcome::Stopped { then, .. } => Moment::Stopped(*then),
        Outcome::Waits(_) | Outcome::Never(_) | Outcome::Misconfigured(_) => {
            Moment::NotStarted(outcome)
        }
    })
}

/// What becomes of each job that is handed in up to an instant, where those that start lie, and what
/// services lease.
struct Placed {
    outcomes: Vec<Option<Outcome>>,
    gangs: Vec<Gang>,
    leased: services::Leased,
}

fn place_until(inputs: &Inputs<'_>, until: Instant) -> Result<Placed, PlanError> {
    inputs.assert_invariants();
    if inputs.reservations.is_empty() && inputs.maintenance.is_empty() {
        let kept_for = vec![None; inputs.pools.len()];
        let most = |pool: &Pool| pool.capacity.most_in(Window::ALWAYS);
        let sizes: Vec<u32> = inputs.pools.iter().map(most).collect();
        return place_in(inputs, inputs, (&kept_for, &sizes), until);
    }
    let expanded = Expanded::of(inputs);
    let jobs = Inputs { pools: &expanded.pools, classes: &expanded.classes, ..*inputs };
    let services = Inputs { pools: &expanded.for_services, ..*inputs };
    let of_pools = (&expanded.kept_for[..], &expanded.sizes[..]);
    let mut placed = place_in(&services, &jobs, of_pools, until)?;
    for outcome in placed.outcomes.iter_mut().flatten() {
        expanded.restore(outcome);
    }
    expanded.restore_gangs(&mut placed.gangs);
    Ok(placed)
}

fn place_in(
    for_services: &Inputs<'_>,
    for_jobs: &Inputs<'_>,
    (kept_for, sizes): (&[Option<u32>], &[u32]),
    until: Instant,
) -> Result<Placed, PlanError> {
    let mut drawdown = Drawdown::new(for_jobs)?;
    let no_one = &kept_for[..for_services.pools.len()];
    let open_to_services = Openings::of(for_services, no_one);
    let leased = services::lease(for_services, &open_to_services, &mut drawdown)?;
    let openings = Openings::of(for_jobs, kept_for);
    let mut scheduler = Scheduler::new(for_jobs, &openings, sizes, &leased.leases, drawdown);
    scheduler.run(until)?;
    let (outcomes, gangs) = scheduler.close(until.min(for_jobs.period.end()));
    Ok(Placed { outcomes, gangs, leased })
}
