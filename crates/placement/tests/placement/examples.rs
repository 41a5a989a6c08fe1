//! Made examples: each outcome and each reason once.

use std::fmt::Write;

use comity_base::GpuTypeId;
use comity_fleet::Job;
use comity_placement::{
    Backfill, Barrier, Class, CommitmentPace, Ended, Lacking, Misconfiguration, NeverReason,
    Outcome, Piece, Plan, Replicas, Service, ShortfallReason, WaitReason,
};
use expect_test::{Expect, expect};

use crate::checker;
use crate::world::{OPEN, World, by_arrival, class, job, pool, window};

/// Places a world whose plan the checker passes and prints it line by line.
pub(crate) fn check(world: &World, expected: &Expect) {
    let plan = world.place();
    checker::check(world, &plan);
    expected.assert_eq(&lines(world, &plan));
}

/// A plan, line by line.
pub(crate) fn lines(world: &World, plan: &Plan) -> String {
    let mut text = String::new();
    for lease in &plan.leases {
        let (start, end) = (lease.window.start().seconds(), lease.window.end().seconds());
        let (service, pool, gpus) = (lease.service, lease.pool, lease.gpus);
        let line = format!("service {service}: {gpus} in pool {pool} [{start}, {end})");
        writeln!(text, "{line}").expect("a string takes any text");
    }
    for short in &plan.shortfalls {
        let (start, end) = (short.window.start().seconds(), short.window.end().seconds());
        let line = format!(
            "service {}: short [{start}, {end}), {} of {}: {}",
            short.service,
            short.given,
            short.wanted,
            shortfall(&short.lacking)
        );
        writeln!(text, "{line}").expect("a string takes any text");
    }
    for (job, line) in world.jobs.iter().zip(plan.outcomes.iter().map(outcome)) {
        writeln!(text, "{}: {line}", job.id).expect("a string takes any text");
    }
    text
}

fn piece(piece: &Piece) -> String {
    let (start, end) = (piece.start.seconds(), piece.end.seconds());
    let why = match piece.ended {
        Ended::Done => String::new(),
        Ended::Outranked { by } => format!(" outranked by {by}"),
        Ended::Reclaimed { by } => format!(" reclaimed by {by}"),
        Ended::Fault { fault } => format!(" fault {fault}"),
        Ended::Maintenance { maintenance } => format!(" maintenance {maintenance}"),
    };
    let lost = if piece.lost_seconds == 0 {
        String::new()
    } else {
        format!(", {} lost", piece.lost_seconds)
    };
    format!("pool {} [{start}, {end}){why}{lost}", piece.pool)
}

fn outcome(of: &Outcome) -> String {
    match of {
        Outcome::Runs(run) => {
            run.stopped.iter().chain([&run.last]).map(piece).collect::<Vec<_>>().join("; ")
        }
        Outcome::Stopped { pieces, then } => {
            let pieces: Vec<String> = pieces.iter().map(piece).chain([outcome(then)]).collect();
            pieces.join("; ")
        }
        Outcome::Waits(reason) => format!("waits, {}", wait(reason)),
        Outcome::Never(reason) => format!("never, {}", never(reason)),
        Outcome::Misconfigured(wrong) => format!("misconfigured, {}", misconfigured(*wrong)),
    }
}

fn wait(reason: &WaitReason) -> String {
    match reason {
        WaitReason::Capacity { pool, latest, ahead, together } => {
            let latest = latest.map(|at| at.seconds());
            let together = together.map_or_else(String::new, |it| format!(", {it} together"));
            format!("capacity: pool {pool}, latest {latest:?}, {ahead} ahead{together}")
        }
        WaitReason::Quota { pool, headroom_milli } => {
            format!("quota: pool {pool}, {} more at most", headroom_milli / 1_000)
        }
        WaitReason::Leased { pool, until } => {
            format!("leased: pool {pool}, until {:?}", until.map(|at| at.seconds()))
        }
        WaitReason::Opening { pool, at } => format!("opening: pool {pool} at {}", at.seconds()),
        WaitReason::TermOpens { pool, at } => {
            format!("term opens: pool {pool} at {}", at.seconds())
        }
        WaitReason::Missed { pool, until } => format!("missed: pool {pool}, {}", until.seconds()),
        WaitReason::Condition(by) => format!("condition: {}", barrier(by)),
        WaitReason::Undetermined(by) => format!("undetermined: {}", barrier(by)),
    }
}

fn never(reason: &NeverReason) -> String {
    match reason {
        NeverReason::Denied(by) => format!("denied: {}", barrier(by)),
        NeverReason::OnlySmaller(by) => format!("only smaller: {}", barrier(by)),
        NeverReason::TooShort(by) => format!("too short: {}", barrier(by)),
        NeverReason::CapacityEnds { pools } => format!("capacity ends: pools {pools:?}"),
    }
}

fn misconfigured(wrong: Misconfiguration) -> String {
    match wrong {
        Misconfiguration::OutsidePeriod => "outside the period".to_owned(),
        Misconfiguration::NoGpus => "no GPUs".to_owned(),
        Misconfiguration::NoRunTime => "no run time".to_owned(),
        Misconfiguration::NoPool => "no pool".to_owned(),
        Misconfiguration::TooLarge { pool, largest } => {
            format!("too large: pool {pool} has {largest}")
        }
        Misconfiguration::TooWide { pool, largest } => {
            format!("too wide: pool {pool} has {largest} together")
        }
    }
}

fn shortfall(lacking: &[Lacking]) -> String {
    let one = |lack: &Lacking| match &lack.reason {
        ShortfallReason::Full { pools } => format!("{} full: pools {pools:?}", lack.gpus),
        ShortfallReason::Condition(by) => format!("{} condition: {}", lack.gpus, barrier(by)),
        ShortfallReason::Undetermined(by) => format!("{} undetermined: {}", lack.gpus, barrier(by)),
        ShortfallReason::Denied(by) => format!("{} denied: {}", lack.gpus, barrier(by)),
        ShortfallReason::NoPool => format!("{} no pool", lack.gpus),
        ShortfallReason::Starting => format!("{} starting", lack.gpus),
        ShortfallReason::Scaling => format!("{} not asked for", lack.gpus),
    };
    lacking.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn barrier(barrier: &Barrier) -> String {
    let terms: Vec<&str> = barrier.terms.iter().map(|term| term.as_str()).collect();
    format!("{} in pools {:?}", terms.join(" "), barrier.pools)
}

/// A pool of 8 for each ruling, in a period of 100 seconds.
fn rulings(rulings: &[&str], jobs: Vec<Job>) -> World {
    World {
        period: window(0, 100),
        pools: rulings.iter().map(|_| pool("h100", &[(0, OPEN, 8)])).collect(),
        classes: vec![class(rulings)],
        jobs,
        services: vec![],
        commitments: vec![],
        faults: vec![],
        maintenance: vec![],
        reservations: vec![],
        quotas: vec![],
        shares: vec![],
        policy: by_arrival(Backfill::Easy),
    }
}

fn service(class: u32, demand: &[(i64, i64, u32)]) -> Service {
    let demand = demand.iter().map(|&(start, end, gpus)| (window(start, end), gpus)).collect();
    Service { class, replica_gpus: 1, demand, replicas: Replicas::Peak, reach: vec![] }
}

#[test]
fn jobs_behind_the_head_start_where_they_do_not_delay_it() {
    // 2 waits for 1 until 10; 3 ends before, 4 would not, 5 fits beside 2.
    let jobs = vec![
        job(1, 0, 4, 10),
        job(2, 1, 6, 10),
        job(3, 2, 1, 8),
        job(4, 3, 3, 8),
        job(5, 4, 2, 30),
    ];
    let easy = rulings(&["allow"], jobs);
    check(
        &easy,
        &expect![[r#"
        1: pool 0 [0, 10)
        2: pool 0 [10, 20)
        3: pool 0 [2, 10)
        4: pool 0 [20, 28)
        5: pool 0 [4, 34)
    "#]],
    );
    check(
        &World { policy: by_arrival(Backfill::None), ..easy },
        &expect![[r#"
        1: pool 0 [0, 10)
        2: pool 0 [10, 20)
        3: pool 0 [10, 18)
        4: pool 0 [20, 28)
        5: pool 0 [20, 50)
    "#]],
    );
}

#[test]
fn a_job_that_asks_for_less_than_it_runs_is_planned_for_what_it_runs() {
    let short = Job { asked_seconds: 1, ..job(1, 0, 8, 10) };
    let long = Job { asked_seconds: 50, ..job(2, 1, 8, 10) };
    check(
        &rulings(&["allow"], vec![short, long, job(3, 2, 8, 5)]),
        &expect![[r#"
        1: pool 0 [0, 10)
        2: pool 0 [10, 20)
        3: pool 0 [20, 25)
    "#]],
    );
}

#[test]
fn terms_decide_where_and_when() {
    let jobs = || vec![job(1, 0, 8, 30), job(2, 0, 8, 30)];
    // The window of pool 0 closes too soon for the second job; pool 1 opens later.
    check(
        &rulings(&["allow | 50 deny t1", "deny t2 | 40 allow"], jobs()),
        &expect![[r#"
        1: pool 0 [0, 30)
        2: pool 1 [40, 70)
    "#]],
    );
    check(
        &rulings(&["deny t2 | 200 allow", "deny t1"], jobs()),
        &expect![[r#"
        1: waits, term opens: pool 0 at 200
        2: waits, term opens: pool 0 at 200
    "#]],
    );
    check(
        &rulings(&["conditional c1", "deny t1", "conditional c0 c1"], jobs()),
        &expect![[r#"
        1: waits, condition: c0 c1 in pools [0, 2]
        2: waits, condition: c0 c1 in pools [0, 2]
    "#]],
    );
    check(
        &rulings(&["undetermined u1", "deny t1"], jobs()),
        &expect![[r#"
        1: waits, undetermined: u1 in pools [0]
        2: waits, undetermined: u1 in pools [0]
    "#]],
    );
    check(
        &rulings(&["deny t2 t1", "deny t1 | 20 deny t3"], jobs()),
        &expect![[r#"
        1: never, denied: t1 t2 t3 in pools [0, 1]
        2: never, denied: t1 t2 t3 in pools [0, 1]
    "#]],
    );
    // Allowed, but never for 30 seconds.
    check(
        &rulings(&["allow | 20 deny t1 | 40 allow | 60 deny t2"], jobs()),
        &expect![[r#"
        1: never, too short: t1 t2 in pools [0]
        2: never, too short: t1 t2 in pools [0]
    "#]],
    );
}

#[test]
fn a_job_that_no_window_is_left_for_is_passed_by() {
    // 2 cannot start in pool 0 before 50 by what 1 asked, so 3 does not wait for it; when 1 ends
    // early, 2 starts after all. The last one is too late.
    let early = Job { asked_seconds: 45, ..job(1, 0, 8, 10) };
    let mut third = job(3, 2, 8, 30);
    third.class = 1;
    let mut world =
        rulings(&["allow | 50 deny t1"], vec![early, job(2, 1, 8, 30), third, job(4, 5, 8, 12)]);
    world.classes.push(class(&["deny t9 | 40 allow"]));
    check(
        &world,
        &expect![[r#"
            1: pool 0 [0, 10)
            2: pool 0 [10, 40)
            3: pool 0 [40, 70)
            4: waits, missed: pool 0, 50
        "#]],
    );
}

#[test]
fn terms_may_leave_only_small_pools() {
    let mut world = rulings(&["allow", "deny t1"], vec![job(1, 0, 9, 10), job(2, 0, 17, 10)]);
    world.pools[1] = pool("h100", &[(0, OPEN, 16)]);
    check(
        &world,
        &expect![[r#"
        1: never, only smaller: t1 in pools [1]
        2: misconfigured, too large: pool 1 has 16
    "#]],
    );
}

#[test]
fn capacity_opens_and_closes() {
    let mut world = rulings(
        &["allow", "allow"],
        vec![job(1, 0, 4, 30), job(2, 0, 2, 30), job(3, 0, 8, 30), job(4, 0, 12, 200)],
    );
    world.pools = vec![
        pool("h100", &[(0, 20, 4), (60, OPEN, 4)]),
        pool("h100", &[(150, OPEN, 4), (150, 200, 4), (300, 400, 8)]),
    ];
    check(
        &world,
        &expect![[r#"
        1: pool 0 [60, 90)
        2: pool 0 [90, 120)
        3: waits, opening: pool 1 at 150
        4: never, capacity ends: pools [1]
    "#]],
    );
}

#[test]
fn what_a_job_asks_for_may_be_wrong() {
    let mut world = rulings(
        &["allow"],
        vec![
            job(1, -1, 1, 1),
            job(2, 100, 1, 1),
            job(3, 0, 0, 1),
            job(4, 0, 1, 0),
            job(5, 0, 9, 1),
        ],
    );
    world.jobs.push(Job { class: 1, ..job(6, 0, 1, 1) });
    let gpus = vec![GpuTypeId::new("gb200").expect("an id")];
    world.classes.push(Class { gpus, ..class(&["allow"]) });
    check(
        &world,
        &expect![[r#"
        1: misconfigured, outside the period
        2: misconfigured, outside the period
        3: misconfigured, no GPUs
        4: misconfigured, no run time
        5: misconfigured, too large: pool 0 has 8
        6: misconfigured, no pool
    "#]],
    );
}

#[test]
fn a_full_pool_makes_jobs_wait() {
    let jobs = vec![job(1, 0, 8, 130), job(2, 1, 8, 10), job(3, 2, 8, 10)];
    check(
        &rulings(&["allow"], jobs),
        &expect![[r#"
        1: pool 0 [0, 130)
        2: waits, capacity: pool 0, latest Some(130), 0 ahead
        3: waits, capacity: pool 0, latest None, 1 ahead
    "#]],
    );
}

#[test]
fn services_lease_first() {
    let mut world = rulings(
        &["allow", "allow | 50 deny t1"],
        vec![job(1, 0, 6, 10), job(2, 0, 4, 40), job(3, 0, 8, 60)],
    );
    world.classes.push(class(&["deny t2", "conditional c1 | 50 deny t3"]));
    world.classes.push(Class {
        gpus: vec![GpuTypeId::new("gb200").expect("an id")],
        ..class(&["allow", "allow"])
    });
    world.services = vec![
        service(0, &[(0, 10, 3), (10, 20, 12), (60, 70, 9)]),
        service(1, &[(0, 10, 1), (60, 70, 1)]),
        service(2, &[(0, 10, 1)]),
    ];
    check(
        &world,
        &expect![[r#"
            service 0: 8 in pool 0 [0, 50)
            service 0: 4 in pool 1 [0, 50)
            service 0: 8 in pool 0 [50, 70)
            service 0: short [60, 70), 8 of 9: 1 denied: t1 in pools [1]
            service 1: short [0, 10), 0 of 1: 1 condition: c1 in pools [1]
            service 1: short [60, 70), 0 of 1: 1 denied: t3 in pools [1]
            service 2: short [0, 10), 0 of 1: 1 no pool
            1: pool 0 [70, 80)
            2: pool 1 [0, 40)
            3: pool 0 [80, 140)
        "#]],
    );
}

#[test]
fn commitments_are_burned_down_first() {
    // Pools 0 and 1 draw commitments of 10 and 40, pool 2 draws none and costs less.
    let mut world = rulings(&["allow"; 3], (0..9).map(|id| job(id, 0, 1, 10)).collect());
    world.commitments = vec![CommitmentPace { target: 10 }, CommitmentPace { target: 40 }];
    world.classes[0].commitment = vec![Some(0), Some(1), None];
    world.classes[0].price = vec![3_600, 3_600, 1_800];
    check(
        &world,
        &expect![[r#"
        0: pool 0 [0, 10)
        1: pool 1 [0, 10)
        2: pool 1 [0, 10)
        3: pool 1 [0, 10)
        4: pool 1 [0, 10)
        5: pool 2 [0, 10)
        6: pool 2 [0, 10)
        7: pool 2 [0, 10)
        8: pool 2 [0, 10)
    "#]],
    );
}
