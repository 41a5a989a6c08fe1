//! Checks a plan against its inputs, instant by instant; shares no code with the planner.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{GpuTypeId, Instant, Window};
use comity_fleet::{Job, Size};
use comity_placement::{
    Backfill, BeforeMaintenance, Class, Ended, Gang, Outcome, Piece, Plan, Policy, Replicas,
    Restarts, Ruling, WaitReason,
};

use crate::gangs;
use crate::world::World;

/// A piece of a job's run, with how long it was planned for.
struct Held<'a> {
    job: &'a Job,
    index: usize,
    pool: usize,
    start: Instant,
    end: Instant,
    planned_end: Instant,
}

/// Panics when the plan breaks a rule.
pub(crate) fn check(world: &World, plan: &Plan) {
    assert_eq!(plan.outcomes.len(), world.jobs.len(), "each job has one outcome");
    let mut held = Vec::new();
    for (index, outcome) in plan.outcomes.iter().enumerate() {
        check_pieces(world, index, outcome, &mut held);
    }
    for piece in &held {
        let planned = Window::new(piece.start, piece.planned_end).expect("jobs last");
        assert_allowed(class_of(world, piece.job.class), piece.pool, planned);
        assert_type(class_of(world, piece.job.class), &world.pools[piece.pool].gpu);
    }
    for lease in &plan.leases {
        let class = class_of(world, world.services[lease.service].class);
        assert_eq!(lease.window.intersect(world.period), Some(lease.window));
        assert_allowed(class, lease.pool, lease.window);
        assert_type(class, &world.pools[lease.pool].gpu);
    }
    never_over_capacity(world, plan, &held);
    quotas_are_kept(world, &held);
    gangs::check(world, plan);
    services_get_what_is_said(world, plan);
    // A job that nothing was planned for may be passed by; it is when others end before they asked.
    if is_calm(world) && world.jobs.iter().all(|job| job.asked_seconds <= job.run_seconds) {
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

/// Whether everything is planned, by counts of GPUs alone, and a head by arrival holds its place.
fn is_calm(world: &World) -> bool {
    let nothing = world.faults.is_empty()
        && world.maintenance.is_empty()
        && world.reservations.is_empty()
        && world.quotas.is_empty()
        && world.jobs.iter().all(|job| job.size.share().is_none())
        && world.pools.iter().all(|pool| pool.nodes.is_none());
    let easy = Policy { backfill: Backfill::Easy, ..Policy::default() };
    let fifo = Policy { backfill: Backfill::None, ..Policy::default() };
    nothing && (world.policy == easy || world.policy == fifo)
}

/// The pieces of a job follow each other, each with a cause that is there, and come to its work:
/// what is saved at checkpoints counts, and what was lost is run again.
fn check_pieces<'a>(world: &'a World, index: usize, outcome: &Outcome, held: &mut Vec<Held<'a>>) {
    let job = &world.jobs[index];
    let Restarts { checkpoint_seconds, restart_seconds } = class_of(world, job.class).restarts;
    let pieces: Vec<_> = outcome.pieces().collect();
    let (mut before, mut saved) = (job.submit, 0);
    for (number, piece) in pieces.iter().enumerate() {
        assert!(piece.start >= before, "{job:?} starts too early: {piece:?}");
        assert!(world.period.contains(piece.start), "{job:?} starts outside: {piece:?}");
        before = piece.end;
        let ran = piece.end.seconds() - piece.start.seconds();
        assert!(ran > 0, "{job:?} has a piece of no length");
        let restart = if number == 0 { 0 } else { i64::from(restart_seconds) };
        let left = i64::from(job.run_seconds) - saved;
        let planned = i64::from(job.run_seconds.max(job.asked_seconds)) - saved + restart;
        held.push(Held {
            job,
            index,
            pool: piece.pool,
            start: piece.start,
            end: piece.end,
            planned_end: piece.start.plus_seconds(planned),
        });
        if piece.ended == Ended::Done {
            assert_eq!((ran, i64::from(piece.lost_seconds)), (left + restart, restart));
            assert_eq!(number + 1, pieces.len(), "{job:?} goes on when it is done");
            saved += left;
            continue;
        }
        assert!(piece.end < world.period.end() && ran < left + restart);
        let worked = (ran - restart).max(0);
        let kept = match i64::from(checkpoint_seconds) {
            0 => 0,
            every => worked / every * every,
        };
        assert_eq!(i64::from(piece.lost_seconds), ran - kept, "{job:?}: {piece:?}");
        saved += kept;
        assert_cause(world, job, piece);
    }
    let done = saved == i64::from(job.run_seconds) && job.run_seconds > 0;
    match outcome {
        Outcome::Runs(_) => assert!(done),
        Outcome::Stopped { pieces, then } => {
            assert!(!done && !pieces.is_empty());
            assert!(matches!(**then, Outcome::Waits(_) | Outcome::Never(_)), "{outcome:?}");
        }
        Outcome::Waits(_) | Outcome::Never(_) | Outcome::Misconfigured(_) => {}
    }
}

fn assert_cause(world: &World, job: &Job, piece: &Piece) {
    let class = class_of(world, job.class);
    let told = piece.end.plus_seconds(-i64::from(world.policy.preemption.grace_seconds));
    let by = |id: u64| {
        let other = world.jobs.iter().find(|other| other.id == id).expect("the cause is there");
        let class = class_of(world, other.class);
        let windows = class.preempts.get(piece.pool);
        assert!(windows.is_none_or(|windows| windows.iter().any(|it| it.contains(told))));
        class
    };
    let starts = |window: Window| window.start().max(world.period.start());
    match piece.ended {
        Ended::Done => {}
        Ended::Outranked { by: id } => {
            assert!(world.policy.preemption.priority && by(id).priority > class.priority);
        }
        Ended::Reclaimed { by: id } => {
            assert!(world.policy.preemption.reclaim && by(id).party != class.party);
        }
        Ended::Fault { fault } => {
            let fault = world.faults[fault];
            assert_eq!((piece.pool, piece.end), (fault.pool, starts(fault.window)));
        }
        Ended::Maintenance { maintenance } => {
            let it = &world.maintenance[maintenance];
            assert_eq!(it.before, BeforeMaintenance::Stop);
            assert_eq!((piece.pool, piece.end), (it.pool, starts(it.window)));
        }
    }
}

/// The jobs that start, each with the piece in which it does.
fn runs<'a>(world: &'a World, plan: &'a Plan) -> impl Iterator<Item = (&'a Job, &'a Piece)> {
    let firsts = plan.outcomes.iter().map(|outcome| outcome.pieces().next());
    world.jobs.iter().zip(firsts).filter_map(|(job, piece)| Some((job, piece?)))
}

pub(crate) fn class_of(world: &World, class: u32) -> &Class {
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

/// At each instant what jobs and leases hold of a pool is there: not failed, not out of service, and
/// not kept for others. A GPU that jobs have shares of is held once.
fn never_over_capacity(world: &World, plan: &Plan, held: &[Held<'_>]) {
    for (index, pool) in world.pools.iter().enumerate() {
        let held: Vec<&Held<'_>> = held.iter().filter(|piece| piece.pool == index).collect();
        let leases: Vec<_> = plan.leases.iter().filter(|lease| lease.pool == index).collect();
        let steps = pool.capacity.steps().iter().map(|&(at, _)| at);
        let windows = leases
            .iter()
            .map(|lease| lease.window)
            .chain(world.faults.iter().map(|it| it.window))
            .chain(world.maintenance.iter().map(|it| it.window))
            .chain(world.reservations.iter().map(|it| it.window));
        let edges: Vec<Instant> =
            windows.flat_map(|window| [window.start(), window.end()]).chain(steps).collect();
        let instants: BTreeSet<Instant> =
            held.iter().map(|piece| piece.start).chain(edges.iter().copied()).collect();
        for at in instants.into_iter().filter(|&at| world.period.contains(at)) {
            let there = held.iter().filter(|piece| piece.start <= at && at < piece.end);
            let there: Vec<&Held<'_>> = there.copied().collect();
            let by_party = |party: u32| -> u32 {
                let of = |piece: &&&Held<'_>| class_of(world, piece.job.class).party == party;
                touched(plan, there.iter().filter(of).copied())
            };
            let leased: u32 = leases
                .iter()
                .filter(|lease| lease.window.contains(at))
                .map(|lease| lease.gpus)
                .sum();
            let (left, kept) = left_at(world, index, at, &edges);
            let in_kept: u32 = (0..PARTIES).map(|party| kept[&party].min(by_party(party))).sum();
            let sum = touched(plan, there.iter().copied()) + leased - in_kept;
            // Services are not struck.
            let left = left.max(leased);
            assert!(sum <= left, "{sum} GPUs held of {left} in pool {index} at {at}");
        }
    }
}

/// How many GPUs some pieces touch.
fn touched<'a>(plan: &Plan, pieces: impl Iterator<Item = &'a Held<'a>>) -> u32 {
    let mut whole = 0;
    let mut shared = BTreeSet::new();
    for piece in pieces {
        match piece.job.size {
            Size::Gpus(gpus) => whole += gpus,
            Size::Share(_) => {
                let mut gangs = plan.gangs.iter();
                let of = |gang: &&Gang| gang.job == piece.index && gang.start == piece.start;
                let gang = gangs.find(of).expect("the plan says where a share lies");
                shared.insert((gang.nodes[0].node, gang.nodes[0].shared));
            }
        }
    }
    whole + u32::try_from(shared.len()).expect("few")
}

const PARTIES: u32 = 3;

/// What there is of a pool for all at an instant, and for each party what is kept for it.
fn left_at(
    world: &World,
    pool: usize,
    at: Instant,
    edges: &[Instant],
) -> (u32, BTreeMap<u32, u32>) {
    let capacity = world.pools[pool].capacity.at(at);
    let mut left = capacity;
    // Where capacity or leases change while GPUs are down, those that are down may be the ones that
    // go; then only the rest is sure.
    let steady = |window: Window| {
        let from = window.start().max(world.period.start());
        !edges.iter().any(|&edge| edge > from && edge <= at)
    };
    for it in world.maintenance.iter().filter(|it| it.pool == pool && it.window.contains(at)) {
        left = left.saturating_sub(it.gpus);
    }
    let mut kept: BTreeMap<u32, u32> = (0..PARTIES).map(|party| (party, 0)).collect();
    for it in world.reservations.iter().filter(|it| it.pool == pool && it.window.contains(at)) {
        let taken = it.gpus.min(left);
        left -= taken;
        *kept.get_mut(&it.party).expect("few parties") += taken;
    }
    for it in world.faults.iter().filter(|it| it.pool == pool && it.window.contains(at)) {
        if steady(it.window) {
            left = left.saturating_sub(it.gpus);
        }
    }
    (left, kept)
}

/// Thousandths of a whole GPU.
const WHOLE: i64 = 1_000;

/// At each instant no party holds more than it is due and may borrow, and what all hold beyond what
/// they keep back is at most what is lent. What is kept for a party does not count.
fn quotas_are_kept(world: &World, held: &[Held<'_>]) {
    for quota in &world.quotas {
        // What ran before it began is not stopped for it.
        let before = |at: Instant, piece: &&Held<'_>| {
            let runs = piece.start < quota.window.start() && at < piece.end;
            runs && quota.pools.contains(&piece.pool)
        };
        let starts = held.iter().map(|piece| piece.start).filter(|&at| quota.window.contains(at));
        for at in starts.filter(|&at| !held.iter().any(|piece| before(at, &piece))) {
            let mut beyond = 0;
            let mut lent = 0;
            for party in 0..PARTIES.max(7) {
                let there = held.iter().filter(|piece| {
                    piece.start <= at
                        && at < piece.end
                        && quota.pools.contains(&piece.pool)
                        && class_of(world, piece.job.class).party == party
                });
                let milli: u64 = there.map(|piece| piece.job.size.milli()).sum();
                let kept = world.reservations.iter().filter(|it| {
                    it.party == party && it.window.contains(at) && quota.pools.contains(&it.pool)
                });
                let kept: i64 = kept.map(|it| i64::from(it.gpus) * WHOLE).sum();
                let sum = (i64::try_from(milli).expect("few") - kept).max(0);
                let due = quota.dues.iter().find(|due| due.party == party);
                let nominal = due.map_or(0, |due| i64::from(due.nominal) * WHOLE);
                let most = due.and_then(|due| due.lends).map(|lends| i64::from(lends) * WHOLE);
                let lends = most.unwrap_or(nominal).min(nominal);
                if let Some(borrows) = due.and_then(|due| due.borrows) {
                    assert!(sum <= nominal + i64::from(borrows) * WHOLE, "party {party} at {at}");
                }
                beyond += (sum - (nominal - lends)).max(0);
                lent += lends;
            }
            assert!(beyond <= lent, "{beyond} thousandths are borrowed of {lent} at {at}");
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
        Outcome::Runs(run) => run.last.start,
        Outcome::Stopped { .. }
        | Outcome::Waits(_)
        | Outcome::Never(_)
        | Outcome::Misconfigured(_) => Instant::MAX,
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
            there.then(|| (Window::new(run.start, until).expect("jobs last"), other.size.gpus()))
        }))
        .collect();
    let capacity = &world.pools[pool].capacity;
    let steps = capacity.steps().iter().map(|&(at, _)| at);
    let cuts = held.iter().flat_map(|(window, _)| [window.start(), window.end()]).chain(steps);
    planned.cut(cuts).into_iter().all(|part| {
        let there = held.iter().filter(|(window, _)| window.contains(part.start()));
        let used: u32 = there.map(|&(_, gpus)| gpus).sum();
        used + job.size.gpus() <= capacity.at(part.start())
    })
}

/// For one pool of constant capacity without leases, where jobs run as long as they asked: no job
/// starts later than was to be expected when it became the head of the queue.
pub(crate) fn the_head_is_not_delayed(world: &World, plan: &Plan) {
    assert_eq!((world.pools.len(), world.policy.backfill), (1, Backfill::Easy));
    let capacity = world.pools[0].capacity.at(world.period.start());
    let mut runs: Vec<(&Job, &Piece)> = runs(world, plan).collect();
    runs.sort_by_key(|(job, _)| (job.submit, job.id));
    let mut became_head = Instant::MIN;
    for (place, (job, run)) in runs.iter().enumerate() {
        became_head = became_head.max(job.submit);
        let others = runs.iter().enumerate().filter(|&(other, (_, run))| {
            run.start < became_head || run.start == became_head && other < place
        });
        let held: Vec<(Instant, u32)> =
            others.map(|(_, (job, run))| (run.end, job.size.gpus())).collect();
        let fits = |at: Instant| {
            let there = held.iter().filter(|&&(end, _)| end > at);
            there.map(|&(_, gpus)| gpus).sum::<u32>() + job.size.gpus() <= capacity
        };
        let ends = held.iter().map(|&(end, _)| end).filter(|&end| end > became_head);
        let expected = ends.chain([became_head]).filter(|&at| fits(at)).min();
        assert!(Some(run.start) <= expected, "{job:?} starts late: {run:?}, not {expected:?}");
        became_head = became_head.max(run.start);
    }
}
