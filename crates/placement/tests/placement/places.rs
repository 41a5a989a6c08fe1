//! Made examples of places on nodes, which each job that waits holds under conservative backfill.

use comity_fleet::{Job, Need, Nodes, Span};
use comity_placement::{Backfill, Fault, Moment, Order, Outcome, Policy, Preemption, WaitReason};
use expect_test::expect;

use crate::examples::check;
use crate::world::{OPEN, World, class, job, one_pool, pool, window};

/// Nodes of two GPUs, on one of which each job lies.
pub(crate) fn on_nodes(gpus: u32, jobs: Vec<Job>) -> World {
    let mut world = one_pool(gpus, jobs, Backfill::Conservative);
    world.pools[0].nodes = Some(Nodes {
        gpus_per_node: 2,
        nodes_per_rack: 1,
        racks_per_hall: None,
        cpu_milli: None,
        memory_mib: None,
    });
    world.classes[0].need = Need { span: Span::Node, ..Need::default() };
    world
}

fn asks(asked_seconds: u32, job: Job) -> Job {
    Job { asked_seconds, ..job }
}

/// The node of the first piece of a job.
fn node(world: &World, job: usize) -> u32 {
    let plan = world.place();
    plan.gangs.iter().find(|gang| gang.job == job).expect("it runs").nodes[0].node
}

/// When a job starts at the latest, as it is told at a second.
fn told(world: &World, job: usize, second: i64) -> Option<i64> {
    let moment = world.moment(job, second);
    let Moment::NotStarted(Outcome::Waits(WaitReason::Capacity { latest, .. })) = moment else {
        panic!("{moment:?}")
    };
    latest.map(|at| at.seconds())
}

#[test]
fn a_job_waits_for_gpus_of_one_node_and_goes_to_them() {
    // At 10 two GPUs are free, one on each node.
    let small = [(1, 10), (2, 30), (3, 10), (4, 40)].map(|(id, long)| job(id, 0, 1, long));
    let world = on_nodes(4, small.into_iter().chain([job(5, 1, 2, 10)]).collect());
    assert_eq!(told(&world, 4, 1), Some(30));
    check(
        &world,
        &expect![[r#"
            1: pool 0 [0, 10)
            2: pool 0 [0, 30)
            3: pool 0 [0, 10)
            4: pool 0 [0, 40)
            5: pool 0 [30, 40)
        "#]],
    );
    assert_eq!([0, 1, 2, 3, 4].map(|job| node(&world, job)), [0, 0, 1, 1, 0]);
}

#[test]
fn an_early_end_moves_up_those_behind_and_breaks_no_promise() {
    let world = on_nodes(
        4,
        vec![
            asks(40, job(1, 0, 1, 10)),
            job(2, 0, 2, 20),
            job(3, 1, 2, 20),
            job(4, 2, 1, 30),
            job(5, 3, 2, 10),
        ],
    );
    assert_eq!([told(&world, 2, 3), told(&world, 4, 3)], [Some(20), Some(40)]);
    // From 10 on one GPU of the first node is free, and both at 32.
    assert_eq!([told(&world, 2, 10), told(&world, 4, 10)], [Some(20), Some(32)]);
    check(
        &world,
        &expect![[r#"
        1: pool 0 [0, 10)
        2: pool 0 [0, 20)
        3: pool 0 [20, 40)
        4: pool 0 [2, 32)
        5: pool 0 [32, 42)
    "#]],
    );
    assert_eq!([0, 1, 2, 3, 4].map(|job| node(&world, job)), [0, 1, 1, 0, 0]);
}

#[test]
fn a_node_that_will_be_away_is_no_place() {
    let mut world = on_nodes(4, vec![job(1, 0, 2, 10), job(2, 1, 2, 30), job(3, 2, 2, 10)]);
    world.pools[0].capacity = pool("h100", &[(-50, 20, 2), (-50, OPEN, 2)]).capacity;
    // The second node goes at 20: only the last job is over by then.
    check(
        &world,
        &expect![[r#"
        1: pool 0 [0, 10)
        2: pool 0 [10, 40)
        3: pool 0 [2, 12)
    "#]],
    );
    assert_eq!([0, 1, 2].map(|job| node(&world, job)), [0, 0, 1]);
}

#[test]
fn what_a_step_takes_is_not_what_a_place_stands_on() {
    // Of two nodes one goes at 30. By plan the first job is then on the first, and the second is to
    // go; that the first ends early leaves it so.
    let jobs =
        vec![asks(50, job(1, 0, 2, 5)), job(2, 1, 2, 20), job(3, 2, 1, 40), job(4, 2, 1, 40)];
    let mut world = on_nodes(4, jobs);
    world.pools[0].capacity = pool("h100", &[(-50, 30, 2), (-50, OPEN, 2)]).capacity;
    check(
        &world,
        &expect![[r#"
        1: pool 0 [0, 5)
        2: pool 0 [1, 21)
        3: pool 0 [5, 45)
        4: pool 0 [5, 45)
    "#]],
    );
    assert_eq!([0, 1, 2, 3].map(|job| node(&world, job)), [0, 1, 0, 0]);
}

#[test]
fn a_fault_lets_all_places_be_made_anew() {
    let mut world = on_nodes(4, vec![job(1, 0, 2, 20), job(2, 0, 2, 30), job(3, 1, 2, 10)]);
    world.faults = vec![Fault { pool: 0, window: window(5, 25), gpus: 1, first: 0 }];
    assert_eq!(told(&world, 2, 4), Some(20));
    check(
        &world,
        &expect![[r#"
        1: pool 0 [0, 5) fault 0, 5 lost; pool 0 [25, 45)
        2: pool 0 [0, 30)
        3: pool 0 [30, 40)
    "#]],
    );
}

#[test]
fn who_makes_room_takes_the_nodes_of_others() {
    let mut world = on_nodes(4, vec![job(1, 0, 1, 50), job(2, 0, 2, 50), job(3, 1, 2, 10)]);
    world.classes.push(comity_placement::Class { priority: 5, ..class(&["allow"]) });
    world.classes[1].need = world.classes[0].need;
    world.jobs.push(Job { class: 1, ..job(4, 5, 2, 10) });
    let preemption = Preemption { priority: true, ..Preemption::default() };
    world.policy = Policy { order: Order::Priority, preemption, ..world.policy };
    check(
        &world,
        &expect![[r#"
            1: pool 0 [0, 50)
            2: pool 0 [0, 5) outranked by 4, 5 lost; pool 0 [15, 65)
            3: pool 0 [50, 60)
            4: pool 0 [5, 15)
        "#]],
    );
}
