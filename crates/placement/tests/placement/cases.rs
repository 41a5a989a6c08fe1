//! Cases that the random tests found, held to the model.

use comity_fleet::Job;
use comity_placement::{
    Backfill, Class, Due, Fault, Moment, Order, Outcome, Policy, Preemption, Quota, Reservation,
    Restarts, WaitReason,
};

use crate::model;
use crate::random::seen;
use crate::world::{OPEN, World, at, class, job, one_pool, pool, window};

/// Id, class, when it is handed in, GPUs, seconds that it runs and that it asks for.
type Shape = (u64, u32, i64, u32, u32, u32);

/// Two pools of six under conservative backfill, with a class for each party and priority.
fn world(shapes: &[Shape], classes: [(u32, u16); 2]) -> World {
    let jobs = shapes.iter().map(|&(id, class, submit, gpus, run, asked_seconds)| Job {
        class,
        asked_seconds,
        ..job(id, submit, gpus, run)
    });
    let mut world = one_pool(6, jobs.collect(), Backfill::Conservative);
    world.period = window(0, 100);
    world.pools = vec![pool("h100", &[(-50, OPEN, 6)]), pool("h100", &[(-50, OPEN, 6)])];
    let class = |(party, priority)| Class { party, priority, ..class(&["allow", "allow"]) };
    world.classes = classes.map(class).to_vec();
    world
}

fn agrees(world: &World) {
    let plan = world.place();
    let plain: Vec<model::Seen> = plan.outcomes.iter().map(seen).collect();
    assert_eq!(plain, model::simulate(world, &plan));
}

#[test]
fn places_behind_a_claim_see_who_else_was_told_to_give_way() {
    let shapes = [
        (23, 1, 27, 3, 1, 1),
        (22, 0, 27, 2, 21, 21),
        (21, 0, 12, 1, 14, 14),
        (20, 1, 46, 1, 9, 9),
        (19, 1, 19, 7, 8, 8),
        (18, 0, 53, 1, 20, 20),
        (17, 1, 19, 4, 4, 4),
        (16, 1, 7, 2, 11, 11),
        (15, 1, 9, 7, 14, 14),
        (14, 0, 34, 2, 28, 28),
        (13, 1, 29, 1, 14, 14),
        (12, 0, 3, 2, 22, 22),
        (11, 1, 33, 7, 26, 26),
        (10, 0, 25, 7, 3, 3),
        (9, 0, 8, 7, 20, 20),
        (8, 1, 21, 5, 1, 1),
        (7, 0, 20, 1, 19, 19),
        (6, 1, 15, 1, 19, 19),
        (5, 1, 30, 5, 14, 14),
        (4, 1, 14, 6, 29, 29),
        (3, 1, 53, 2, 7, 7),
        (2, 0, 8, 7, 10, 10),
        (1, 1, 35, 7, 15, 15),
        (0, 0, 22, 5, 8, 8),
    ];
    let mut world = world(&shapes, [(0, 0), (0, 1)]);
    world.classes[0].restarts = Restarts { checkpoint_seconds: 1, restart_seconds: 0 };
    world.faults = vec![Fault { pool: 1, window: window(38, 49), gpus: 1, first: 1 }];
    world.reservations = vec![Reservation { party: 1, pool: 1, window: window(-15, 32), gpus: 4 }];
    let preemption = Preemption { priority: true, reclaim: false, grace_seconds: 1 };
    world.policy = Policy { preemption, ..world.policy };
    agrees(&world);
}

#[test]
fn what_starts_under_a_quota_may_keep_those_before_it_from_their_places() {
    let shapes = [
        (25, 0, 23, 2, 21, 40),
        (24, 0, 34, 4, 10, 11),
        (23, 1, 30, 4, 26, 40),
        (22, 1, 28, 6, 8, 16),
        (21, 1, 34, 4, 21, 28),
        (20, 0, 21, 2, 5, 13),
        (19, 1, 59, 1, 22, 25),
        (18, 0, 17, 3, 1, 9),
        (17, 1, 52, 2, 27, 30),
        (16, 0, 27, 4, 24, 38),
        (15, 1, 14, 4, 11, 26),
        (14, 1, 30, 3, 12, 20),
        (13, 0, 58, 7, 22, 41),
        (12, 0, 39, 7, 4, 11),
        (11, 1, 47, 2, 2, 4),
        (10, 1, 53, 1, 6, 25),
        (9, 1, 22, 5, 14, 22),
        (8, 1, 40, 6, 21, 30),
        (7, 0, 50, 6, 22, 34),
        (6, 1, 44, 5, 3, 3),
        (5, 0, 19, 5, 19, 23),
        (4, 1, 50, 1, 11, 14),
        (3, 1, 8, 3, 6, 6),
        (2, 0, 4, 7, 20, 20),
        (1, 0, 58, 5, 12, 31),
        (0, 0, 17, 5, 29, 39),
    ];
    let mut world = world(&shapes, [(2, 0), (0, 0)]);
    let due = |party, nominal| Due { party, nominal, lends: None, borrows: None };
    world.quotas = vec![Quota {
        pools: vec![0],
        dues: vec![due(0, 5), due(1, 3)],
        window: comity_base::Window::ALWAYS,
    }];
    agrees(&world);
}

/// The fault at 12 keeps the job of high priority from the room that was made for it by 14; under
/// first fit it then holds nothing, and those that gave way run on beside the fault.
#[test]
fn first_fit_holds_no_place_for_a_claim_that_came_to_nothing() {
    let high = Job { class: 1, ..job(3, 10, 8, 5) };
    let mut world = one_pool(8, vec![job(1, 0, 4, 60), job(2, 0, 3, 60), high], Backfill::FirstFit);
    world.classes = [0, 5].map(|priority| Class { priority, ..class(&["allow"]) }).to_vec();
    world.policy.order = Order::Priority;
    world.policy.preemption = Preemption { priority: true, reclaim: false, grace_seconds: 4 };
    world.faults = vec![Fault { pool: 0, window: window(12, 30), gpus: 1, first: 7 }];
    world.period = window(0, 100);
    agrees(&world);
    // Both are back before the fault is over.
    let starts = world.place().outcomes;
    let again = starts[..2].iter().map(|it| it.pieces().nth(1).expect("it goes on").start);
    assert!(again.into_iter().all(|start| start < at(30)));
}

/// What starts beside the head takes GPUs that would have gone away at a step, so that others do and
/// the head starts sooner than it was told.
#[test]
fn the_floor_steps_down_before_the_head_starts() {
    let shapes = [
        (19, 1, 26, 2, 32, 32),
        (18, 1, 26, 2, 32, 32),
        (17, 1, 34, 2, 10, 22),
        (16, 2, 1, 1, 17, 17),
        (15, 1, 21, 2, 6, 15),
        (14, 2, 6, 2, 16, 18),
        (13, 0, 2, 1, 8, 18),
        (12, 1, 2, 2, 36, 36),
        (11, 0, 12, 3, 1, 1),
        (10, 0, 12, 3, 1, 1),
        (9, 0, 13, 2, 3, 3),
        (8, 0, 7, 2, 19, 27),
        (7, 2, 2, 1, 18, 18),
        (6, 0, 3, 1, 18, 20),
        (5, 2, 7, 1, 9, 9),
        (4, 1, 2, 1, 1, 1),
        (3, 0, 2, 5, 15, 15),
        (2, 0, 13, 1, 4, 5),
        (1, 0, 8, 3, 1, 1),
        (0, 1, 33, 2, 2, 2),
    ];
    let mut world = world(&shapes, [(0, 0), (0, 0)]);
    world.policy.backfill = Backfill::Easy;
    let mut one = pool("h100", &[(-50, OPEN, 19), (-50, 35, 3)]);
    one.nodes = Some(comity_fleet::Nodes {
        gpus_per_node: 4,
        nodes_per_rack: 1,
        racks_per_hall: None,
        cpu_milli: None,
        memory_mib: Some(2),
    });
    world.pools = vec![one];
    let need = |span, memory_mib_per_gpu| Class {
        need: comity_fleet::Need { span, cpu_milli_per_gpu: 0, memory_mib_per_gpu },
        ..class(&["allow"])
    };
    let (hall, node) = (comity_fleet::Span::Hall, comity_fleet::Span::Node);
    world.classes = vec![need(hall, 2), need(node, 0), need(hall, 2)];
    agrees(&world);
}

/// As above in a site that is not the head's: there the head finds a place sooner than where it was told.
#[test]
fn what_starts_elsewhere_can_let_the_head_start_there_sooner() {
    let nodes = comity_fleet::Nodes {
        gpus_per_node: 2,
        nodes_per_rack: 1,
        racks_per_hall: None,
        cpu_milli: Some(1),
        memory_mib: None,
    };
    // The head takes one GPU of a node, with its processor, and so needs all three nodes.
    let head = Class {
        need: comity_fleet::Need { cpu_milli_per_gpu: 1, ..comity_fleet::Need::default() },
        ..class(&["allow", "allow"])
    };
    let jobs =
        [(0, 1, 0, 2, 25), (1, 1, 0, 2, 19), (2, 2, 0, 6, 40), (3, 0, 1, 3, 10), (4, 1, 2, 1, 28)];
    let jobs =
        jobs.map(|(id, class, submit, gpus, run)| Job { class, ..job(id, submit, gpus, run) });
    let mut world = one_pool(6, jobs.to_vec(), Backfill::Easy);
    // Without the last job the step at 20 would take the whole of the last node.
    world.pools = vec![
        comity_placement::Pool {
            nodes: Some(nodes),
            ..pool("h100", &[(-50, 20, 2), (-50, OPEN, 4)])
        },
        pool("h100", &[(-50, OPEN, 6)]),
    ];
    world.classes = vec![head, class(&["allow", "deny"]), class(&["deny", "allow"])];
    world.period = window(0, 100);
    let told = [2, 3].map(|second| {
        let moment = world.moment(3, second);
        let Moment::NotStarted(Outcome::Waits(WaitReason::Capacity { pool, latest, .. })) = moment
        else {
            panic!("{moment:?}")
        };
        (pool, latest)
    });
    assert_eq!(told, [(1, Some(at(40))), (0, Some(at(30)))]);
    agrees(&world);
}
