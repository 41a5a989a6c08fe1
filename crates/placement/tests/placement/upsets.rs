//! Made examples of what is not planned: faults, maintenance, quotas, pre-emption.

use comity_placement::{
    BeforeMaintenance, Due, Fault, Maintenance, Moment, Order, Outcome, Policy, Preemption, Quota,
    Reservation, Restarts, WaitReason,
};
use expect_test::expect;

use crate::examples::check;
use crate::world::{World, class, job, one_pool, window};

/// A pool of 8 and classes of two parties and priorities, which save their work every 10 seconds
/// and take 2 to go on.
fn world(jobs: Vec<comity_fleet::Job>) -> World {
    let mut world = one_pool(8, jobs, comity_placement::Backfill::Easy);
    let restarts = Restarts { checkpoint_seconds: 10, restart_seconds: 2 };
    world.classes = [(0, 0), (1, 0), (0, 5)]
        .map(|(party, priority)| comity_placement::Class {
            party,
            priority,
            restarts,
            ..class(&["allow"])
        })
        .to_vec();
    world
}

#[test]
fn a_fault_costs_the_work_that_was_not_saved() {
    let mut world = world(vec![job(1, 0, 4, 40), job(2, 0, 4, 40)]);
    world.faults = vec![Fault { pool: 0, window: window(25, 30), gpus: 1, first: 4 }];
    check(
        &world,
        &expect![[r#"
            1: pool 0 [0, 40)
            2: pool 0 [0, 25) fault 0, 5 lost; pool 0 [30, 52), 2 lost
        "#]],
    );
}

#[test]
fn maintenance_drains_or_stops() {
    let mut world = world(vec![job(1, 0, 8, 50), job(2, 0, 8, 20)]);
    let mut maintenance = Maintenance {
        pool: 0,
        window: window(30, 60),
        gpus: 8,
        nodes: vec![],
        before: BeforeMaintenance::Drain,
    };
    world.maintenance = vec![maintenance.clone()];
    check(
        &world,
        &expect![[r#"
            1: pool 0 [60, 110)
            2: pool 0 [0, 20)
        "#]],
    );
    maintenance.before = BeforeMaintenance::Stop;
    world.maintenance = vec![maintenance];
    check(
        &world,
        &expect![[r#"
            1: pool 0 [0, 30) maintenance 0; pool 0 [60, 82), 2 lost
            2: pool 0 [82, 102)
        "#]],
    );
}

#[test]
fn what_is_lent_is_taken_back() {
    let borrows = comity_fleet::Job { class: 1, ..job(1, 0, 4, 100) };
    let mut world = world(vec![job(0, 0, 2, 100), borrows, job(2, 15, 4, 10)]);
    let due = |party, nominal| Due { party, nominal, lends: None, borrows: None };
    world.quotas = vec![Quota {
        pools: vec![0],
        dues: vec![due(0, 6), due(1, 2)],
        window: comity_base::Window::ALWAYS,
    }];
    world.policy.preemption = Preemption { reclaim: true, ..Preemption::default() };
    check(
        &world,
        &expect![[r#"
            0: pool 0 [0, 100)
            1: pool 0 [0, 15) reclaimed by 2, 5 lost; pool 0 [25, 117), 2 lost
            2: pool 0 [15, 25)
        "#]],
    );
    world.policy.preemption.grace_seconds = 4;
    check(
        &world,
        &expect![[r#"
            0: pool 0 [0, 100)
            1: pool 0 [0, 19) reclaimed by 2, 9 lost; pool 0 [29, 121), 2 lost
            2: pool 0 [19, 29)
        "#]],
    );
}

#[test]
fn what_is_reclaimed_is_promised_for_when_the_others_are_gone() {
    let theirs = comity_fleet::Job { class: 1, ..job(2, 10, 2, 20) };
    let mut world = world(vec![job(1, 0, 4, 50), theirs]);
    let due = |party| Due { party, nominal: 2, lends: None, borrows: None };
    world.quotas = vec![Quota {
        pools: vec![0],
        dues: vec![due(0), due(1)],
        window: comity_base::Window::ALWAYS,
    }];
    world.policy.preemption =
        Preemption { reclaim: true, grace_seconds: 5, ..Preemption::default() };
    for instant in 10..15 {
        // There is room for it at once; only the quota keeps it from it.
        let waits = WaitReason::Capacity {
            pool: 0,
            latest: Some(crate::world::at(15)),
            ahead: 0,
            together: None,
        };
        assert_eq!(world.moment(1, instant), Moment::NotStarted(Outcome::Waits(waits)));
    }
    let since = crate::world::at(15);
    assert_eq!(world.moment(1, 15), Moment::Running { pool: 0, since });
    world.policy.preemption.reclaim = false;
    let waits = WaitReason::Quota { pool: 0, headroom_milli: 0 };
    assert_eq!(world.moment(1, 12), Moment::NotStarted(Outcome::Waits(waits)));
}

#[test]
fn a_higher_priority_comes_first_and_may_stop_others() {
    let high = comity_fleet::Job { class: 2, ..job(3, 5, 8, 10) };
    let mut world = world(vec![job(1, 0, 8, 20), job(2, 1, 8, 10), high]);
    world.policy = Policy { order: Order::Priority, ..Policy::default() };
    check(
        &world,
        &expect![[r#"
            1: pool 0 [0, 20)
            2: pool 0 [30, 40)
            3: pool 0 [20, 30)
        "#]],
    );
    world.policy.preemption.priority = true;
    check(
        &world,
        &expect![[r#"
            1: pool 0 [0, 5) outranked by 3, 5 lost; pool 0 [15, 37), 2 lost
            2: pool 0 [37, 47)
            3: pool 0 [5, 15)
        "#]],
    );
}

#[test]
fn what_is_kept_is_kept() {
    let other = comity_fleet::Job { class: 1, ..job(1, 0, 8, 10) };
    let mut world = world(vec![other, job(2, 0, 4, 30)]);
    world.reservations = vec![Reservation { party: 0, pool: 0, window: window(0, 50), gpus: 4 }];
    check(
        &world,
        &expect![[r#"
            1: pool 0 [50, 60)
            2: pool 0 [0, 30)
        "#]],
    );
}

#[test]
fn who_used_more_waits() {
    let theirs = comity_fleet::Job { class: 1, ..job(3, 2, 8, 10) };
    let mut world = world(vec![job(1, 0, 8, 40), job(2, 1, 8, 10), theirs]);
    world.period = window(0, 1_000);
    world.policy.order = Order::FairShare { half_life_seconds: 160 };
    check(
        &world,
        &expect![[r#"
            1: pool 0 [0, 40)
            2: pool 0 [50, 60)
            3: pool 0 [40, 50)
        "#]],
    );
}

#[test]
fn each_moment_has_its_reason() {
    let world = world(vec![job(1, 10, 8, 20), job(2, 12, 8, 10), job(3, 12, 9, 1)]);
    assert_eq!(world.moment(0, 9), Moment::NotHandedIn);
    assert_eq!(world.moment(0, 15), Moment::Running { pool: 0, since: crate::world::at(10) });
    assert_eq!(world.moment(0, 30), Moment::Done);
    let latest = Some(crate::world::at(30));
    let waits = WaitReason::Capacity { pool: 0, latest, ahead: 0, together: None };
    assert_eq!(world.moment(1, 15), Moment::NotStarted(Outcome::Waits(waits)));
    assert!(matches!(world.moment(2, 15), Moment::NotStarted(Outcome::Misconfigured(_))));
}
