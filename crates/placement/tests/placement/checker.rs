//! Checks a plan against its inputs, instant by instant; shares no code with the planner.

use std::collections::BTreeSet;

use comity_base::{GpuTypeId, Instant, Window};
use comity_fleet::Job;
use comity_placement::{Backfill, Class, Outcome, Plan, Replicas, Ruling, Run, WaitReason};

use crate::world::World;

/// Panics when the plan breaks a rule.
pub(crate) fn check(world: &World, plan: &Plan) {
    assert_eq!(plan.outcomes.len(), world.jobs.len(), "each job has one outcome");
    for (job, run) in runs(world, plan) {
        assert!(run.start >= job.submit, "{job:?} starts before it is there: {run:?}");
        assert!(world.period.contains(run.start), "{job:?} starts outside the period: {run:?}");
        assert_eq!(run.end, run.start.plus_seconds(i64::from(job.run_seconds)));
        let planned = Window::new(run.start, planned_end(job, run.start)).expect("jobs last");
        assert_allowed(class_of(world, job.class), run.pool, planned);
        assert_type(class_of(world, job.class), &world.pools[run.pool].gpu);
    }
    for lease in &plan.leases {
        let class = class_of(world, world.services[lease.service].class);
        assert_eq!(lease.window.intersect(world.period), Some(lease.window));
        assert_allowed(class, lease.pool, lease.window);
        assert_type(class, &world.pools[lease.pool].gpu);
    }
    never_over_capacity(world, plan);
    services_get_what_is_said(world, plan);
    // A job that nothing was planned for may be passed by; it is when others end before they asked.
    if world.jobs.iter().all(|job| job.asked_seconds <= job.run_seconds) {
        the_head_starts_as_soon_as_it_can(world, plan);
    }
    for (job, outcome) in world.jobs.iter().zip(&plan.outcomes) {
        if let Outcome::Waits(WaitReason::Opening { at, .. } | WaitReason::TermOpens { at, .. }) =
            outcome
        {
            assert!(*at >= world.period.end(), "{job:?} could have started: {outcome:?}");
        }
    }
}

/// The jobs that run, each with its run.
fn runs<'a>(world: &'a World, plan: &'a Plan) -> impl Iterator<Item = (&'a Job, &'a Run)> {
    world.jobs.iter().zip(&plan.outcomes).filter_map(|(job, outcome)| match outcome {
        Outcome::Runs(run) => Some((job, run)),
        Outcome::Waits(_) | Outcome::Never(_) | Outcome::Misconfigured(_) => None,
    })
}

fn class_of(world: &World, class: u32) -> &Class {
    &world.classes[usize::try_from(class).expect("few classes")]
}

fn planned_end(job: &Job, start: Instant) -> Instant {
    start.plus_seconds(i64::from(job.run_seconds.max(job.asked_seconds)))
}

fn assert_type(class: &Class, gpu: &GpuTypeId) {
    assert!(class.gpus.is_empty() || class.gpus.contains(gpu), "{gpu} is of another type");
}

fn assert_allowed(class: &Class, pool: usize, window: Window) {
    assert!(allowed(class, pool, window), "not allowed throughout {window} in pool {pool}");
}

fn allowed(class: &Class, pool: usize, window: Window) -> bool {
    let overlapping =
        class.rulings[pool].iter().filter(|ruled| ruled.window.intersect(window).is_some());
    overlapping.clone().count() > 0
        && overlapping.clone().all(|ruled| ruled.ruling == Ruling::Allow)
}

fn never_over_capacity(world: &World, plan: &Plan) {
    for (index, pool) in world.pools.iter().enumerate() {
        let held: Vec<(Instant, Instant, u64)> = runs(world, plan)
            .filter(|(_, run)| run.pool == index)
            .map(|(job, run)| (run.start, run.end, u64::from(job.gpus)))
            .chain(
                plan.leases
                    .iter()
                    .filter(|lease| lease.pool == index)
                    .map(|lease| (lease.window.start(), lease.window.end(), u64::from(lease.gpus))),
            )
            .collect();
        let steps = pool.capacity.steps().iter().map(|&(at, _)| at);
        let instants: BTreeSet<Instant> =
            held.iter().map(|&(start, ..)| start).chain(steps).collect();
        for at in instants {
            let there = held.iter().filter(|&&(start, end, _)| start <= at && at < end);
            let sum: u64 = there.map(|&(.., gpus)| gpus).sum();
            let capacity = u64::from(pool.capacity.at(at));
            assert!(sum <= capacity, "{sum} GPUs held of {capacity} in pool {index} at {at}");
        }
    }
}

/// A shortfall is there exactly where leases are below demand, with the right figures; where
/// replicas take time to start, leases say only the most that serves.
fn services_get_what_is_said(world: &World, plan: &Plan) {
    for (index, service) in world.services.iter().enumerate() {
        let leases = || plan.leases.iter().filter(|lease| lease.service == index);
        let shortfalls = || plan.shortfalls.iter().filter(|short| short.service == index);
        let cuts = leases()
            .map(|lease| lease.window)
            .chain(shortfalls().map(|short| short.window))
            .flat_map(|window| [window.start(), window.end()]);
        let cuts: Vec<Instant> = cuts.collect();
        for &(hour, wanted) in &service.demand {
            let Some(hour) = hour.intersect(world.period) else { continue };
            let wanted = wanted * service.replica_gpus;
            for part in hour.cut(cuts.iter().copied()) {
                let at = part.start();
                let there = leases().filter(|lease| lease.window.contains(at));
                let given: u32 = there.map(|lease| lease.gpus).sum();
                let short: Vec<(u32, u32)> = shortfalls()
                    .filter(|short| short.window.contains(at))
                    .map(|short| (short.wanted, short.given))
                    .collect();
                let lacking = shortfalls()
                    .filter(|short| short.window.contains(at))
                    .flat_map(|short| short.lacking.iter().map(|lack| lack.gpus))
                    .sum::<u32>();
                let said: u32 = short.iter().map(|(wanted, given)| wanted - given).sum();
                assert_eq!(lacking, said, "service {index} at {at}");
                if let Replicas::Steps { start_up_seconds: 1.., .. } = service.replicas {
                    assert!(given >= wanted || short.iter().all(|&(_, serve)| serve <= given));
                    continue;
                }
                let expected = if given < wanted { vec![(wanted, given)] } else { vec![] };
                assert_eq!(short, expected, "service {index} at {at}");
            }
        }
    }
}

/// No job at the head of the queue waits while it would fit, by what was planned at that instant.
fn the_head_starts_as_soon_as_it_can(world: &World, plan: &Plan) {
    let rank = |job: &Job| (job.submit, job.id);
    let queued = |outcome: &Outcome| {
        matches!(
            outcome,
            Outcome::Runs(_)
                | Outcome::Waits(WaitReason::Capacity { .. } | WaitReason::Missed { .. })
        )
    };
    let started = |outcome: &Outcome| match outcome {
        Outcome::Runs(run) => run.start,
        Outcome::Waits(_) | Outcome::Never(_) | Outcome::Misconfigured(_) => Instant::MAX,
    };
    let instants: BTreeSet<Instant> = runs(world, plan)
        .flat_map(|(_, run)| [run.start, run.end])
        .chain(world.jobs.iter().map(|job| job.submit))
        .chain(world.pools.iter().flat_map(|pool| pool.capacity.steps().iter().map(|step| step.0)))
        .filter(|&at| world.period.contains(at))
        .collect();
    for (job, outcome) in world.jobs.iter().zip(&plan.outcomes).filter(|(_, o)| queued(o)) {
        let before = || {
            world
                .jobs
                .iter()
                .zip(&plan.outcomes)
                .filter(|&(other, outcome)| rank(other) < rank(job) && queued(outcome))
        };
        let last = before().map(|(_, outcome)| started(outcome)).max().unwrap_or(Instant::MIN);
        let from = job.submit.max(last);
        for &now in instants.iter().filter(|&&at| at >= from && at < started(outcome)) {
            for pool in 0..world.pools.len() {
                assert!(
                    !fits_at(world, plan, job, now, pool),
                    "{job:?} is first and would fit pool {pool} at {now}, but {outcome:?}"
                );
            }
        }
    }
}

/// Whether the job fits beside leases and beside jobs that started before it, until each planned.
fn fits_at(world: &World, plan: &Plan, job: &Job, now: Instant, pool: usize) -> bool {
    let class = class_of(world, job.class);
    let gpu = &world.pools[pool].gpu;
    let planned = Window::new(now, planned_end(job, now)).expect("jobs last");
    if !(class.gpus.is_empty() || class.gpus.contains(gpu)) || !allowed(class, pool, planned) {
        return false;
    }
    let leases = plan.leases.iter().filter(|lease| lease.pool == pool);
    let held: Vec<(Window, u32)> = leases
        .map(|lease| (lease.window, lease.gpus))
        .chain(runs(world, plan).filter_map(|(other, run)| {
            let earlier = run.start < now
                || run.start == now && (other.submit, other.id) < (job.submit, job.id);
            let there = run.pool == pool && earlier && now < run.end;
            let until = planned_end(other, run.start);
            there.then(|| (Window::new(run.start, until).expect("jobs last"), other.gpus))
        }))
        .collect();
    let capacity = &world.pools[pool].capacity;
    let steps = capacity.steps().iter().map(|&(at, _)| at);
    let cuts = held.iter().flat_map(|(window, _)| [window.start(), window.end()]).chain(steps);
    planned.cut(cuts).into_iter().all(|part| {
        let there = held.iter().filter(|(window, _)| window.contains(part.start()));
        let used: u32 = there.map(|&(_, gpus)| gpus).sum();
        used + job.gpus <= capacity.at(part.start())
    })
}

/// For one pool of constant capacity without leases, where jobs run as long as they asked: no job
/// starts later than was to be expected when it became the head of the queue.
pub(crate) fn the_head_is_not_delayed(world: &World, plan: &Plan) {
    assert_eq!((world.pools.len(), world.backfill), (1, Backfill::Easy));
    let capacity = world.pools[0].capacity.at(world.period.start());
    let mut runs: Vec<(&Job, &Run)> = runs(world, plan).collect();
    runs.sort_by_key(|(job, _)| (job.submit, job.id));
    let mut became_head = Instant::MIN;
    for (place, (job, run)) in runs.iter().enumerate() {
        became_head = became_head.max(job.submit);
        let others = runs.iter().enumerate().filter(|&(other, (_, run))| {
            run.start < became_head || run.start == became_head && other < place
        });
        let held: Vec<(Instant, u32)> = others.map(|(_, (job, run))| (run.end, job.gpus)).collect();
        let fits = |at: Instant| {
            let there = held.iter().filter(|&&(end, _)| end > at);
            there.map(|&(_, gpus)| gpus).sum::<u32>() + job.gpus <= capacity
        };
        let ends = held.iter().map(|&(end, _)| end).filter(|&end| end > became_head);
        let expected = ends.chain([became_head]).filter(|&at| fits(at)).min();
        assert!(Some(run.start) <= expected, "{job:?} starts late: {run:?}, not {expected:?}");
        became_head = became_head.max(run.start);
    }
}
