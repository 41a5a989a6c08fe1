//! Made examples of maintenance of nodes, beside which others go on.

use comity_fleet::Job;
use comity_placement::{Backfill, BeforeMaintenance, Fault, Maintenance};
use expect_test::expect;

use crate::examples::check;
use crate::places::on_nodes;
use crate::random::lie_as_the_model_says;
use crate::world::{World, job, window};

/// Two nodes of two GPUs, on one of which each job lies; the first is in maintenance from 20 to 40.
fn one_closes(backfill: Backfill, before: BeforeMaintenance, jobs: Vec<Job>) -> World {
    let mut world = on_nodes(4, jobs);
    world.period = window(0, 200);
    world.policy.backfill = backfill;
    let nodes = std::iter::once(0..1).collect();
    world.maintenance =
        vec![Maintenance { pool: 0, window: window(20, 40), gpus: 2, nodes, before }];
    world
}

/// On which node each job lies first.
fn nodes(world: &World) -> Vec<u32> {
    let plan = world.place();
    let of = |job: usize| plan.gangs.iter().find(|gang| gang.job == job).expect("it runs");
    (0..world.jobs.len()).map(|job| of(job).nodes[0].node).collect()
}

#[test]
fn what_would_run_on_goes_to_nodes_that_stay() {
    // The first would go to the first node, were it over by 20; the second is.
    let jobs = vec![job(1, 0, 1, 30), job(2, 0, 1, 20), job(3, 1, 1, 25), job(4, 2, 2, 10)];
    let world = one_closes(Backfill::Easy, BeforeMaintenance::Drain, jobs);
    check(
        &world,
        &expect![[r#"
        1: pool 0 [0, 30)
        2: pool 0 [0, 20)
        3: pool 0 [20, 45)
        4: pool 0 [2, 12)
    "#]],
    );
    assert_eq!(nodes(&world), [1, 1, 1, 0]);
    lie_as_the_model_says(&world);
}

#[test]
fn the_head_is_told_when_a_node_opens_again_that_it_needs() {
    let jobs = vec![job(1, 0, 2, 15), job(2, 0, 2, 60), job(3, 1, 2, 10), job(4, 2, 1, 5)];
    for backfill in [Backfill::Easy, Backfill::Conservative] {
        let world = one_closes(backfill, BeforeMaintenance::Drain, jobs.clone());
        // The third would be over at 25; from 15 to 20 there is room for the last.
        check(
            &world,
            &expect![[r#"
                1: pool 0 [0, 15)
                2: pool 0 [0, 60)
                3: pool 0 [40, 50)
                4: pool 0 [15, 20)
            "#]],
        );
        lie_as_the_model_says(&world);
    }
}

#[test]
fn what_lies_on_the_nodes_is_stopped_and_nothing_else() {
    // The last came last and would be stopped first, where any GPUs will do.
    let jobs = vec![job(1, 0, 2, 50), job(2, 0, 2, 50)];
    let world = one_closes(Backfill::Easy, BeforeMaintenance::Stop, jobs);
    check(
        &world,
        &expect![[r#"
        1: pool 0 [0, 20) maintenance 0, 20 lost; pool 0 [40, 90)
        2: pool 0 [0, 50)
    "#]],
    );
    assert_eq!(nodes(&world), [0, 1]);
    lie_as_the_model_says(&world);
}

#[test]
fn a_fault_strikes_nodes_that_are_open() {
    let jobs = vec![job(1, 21, 1, 50), job(2, 45, 2, 10)];
    let mut world = one_closes(Backfill::Easy, BeforeMaintenance::Drain, jobs);
    // It would be that of the first node.
    world.faults = vec![Fault { pool: 0, window: window(30, 50), gpus: 1, first: 0 }];
    check(
        &world,
        &expect![[r#"
        1: pool 0 [21, 30) fault 0, 9 lost; pool 0 [40, 90)
        2: pool 0 [50, 60)
    "#]],
    );
    lie_as_the_model_says(&world);
}
