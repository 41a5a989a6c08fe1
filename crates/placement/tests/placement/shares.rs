//! Made examples of shares of GPUs.

use comity_base::Instant;
use comity_fleet::{Job, Need, Nodes, Share, Size, Span};
use comity_placement::{
    Backfill, BeforeMaintenance, Class, Due, Fault, Maintenance, Misconfiguration, Outcome, Policy,
    Preemption, Quota, Replicas, Service, WaitReason,
};
use expect_test::expect;

use crate::examples::check;
use crate::world::{OPEN, World, class, job, one_pool, pool, window};

fn share(id: u64, submit: i64, milli: u16, run_seconds: u32) -> Job {
    let size = Size::Share(Share::new(milli).expect("less than a GPU"));
    Job { size, ..job(id, submit, 1, run_seconds) }
}

/// Two nodes of two GPUs, each with 8 processors.
fn nodes(world: World) -> World {
    let mut world = world;
    for pool in &mut world.pools {
        pool.nodes = Some(Nodes {
            gpus_per_node: 2,
            nodes_per_rack: 1,
            racks_per_hall: None,
            cpu_milli: Some(8_000),
            memory_mib: None,
        });
    }
    world
}

/// On which node and GPU the first piece of a job lies.
fn lies(world: &World, job: usize) -> (u32, Option<u8>) {
    let plan = world.place();
    let gang = plan.gangs.iter().find(|gang| gang.job == job).expect("it runs");
    (gang.nodes[0].node, gang.nodes[0].shared)
}

#[test]
fn shares_come_together_and_one_too_many_waits() {
    // One GPU, of which nothing is told but the count.
    let jobs = vec![share(1, 0, 600, 20), share(2, 0, 400, 30), share(3, 1, 250, 5)];
    let world = one_pool(1, jobs, Backfill::Easy);
    check(
        &world,
        &expect![[r#"
            1: pool 0 [0, 20)
            2: pool 0 [0, 30)
            3: pool 0 [20, 25)
        "#]],
    );
    assert_eq!(lies(&world, 2), (0, Some(0)));
}

#[test]
fn a_gpu_that_is_shared_is_not_whole() {
    let world = one_pool(1, vec![share(1, 0, 1, 20), job(2, 0, 1, 10)], Backfill::Easy);
    check(
        &world,
        &expect![[r#"
            1: pool 0 [0, 20)
            2: pool 0 [20, 30)
        "#]],
    );
}

#[test]
fn a_share_goes_to_the_fullest_gpu_that_has_enough() {
    let jobs = vec![share(1, 0, 300, 50), share(2, 1, 800, 50), share(3, 2, 200, 50)];
    let world = nodes(one_pool(4, jobs, Backfill::Easy));
    // The second does not fit beside the first; the third is all that is left beside the second.
    let all = [0, 1, 2].map(|job| lies(&world, job));
    assert_eq!(all, [(0, Some(0)), (0, Some(1)), (0, Some(1))]);
}

#[test]
fn processors_go_with_shares() {
    // Half of 9 processors and half of 8 do not go together on a node of 8.
    let mut world =
        nodes(one_pool(4, vec![share(1, 0, 500, 9), share(2, 0, 500, 9)], Backfill::Easy));
    world.classes[0].need =
        Need { span: Span::Node, cpu_milli_per_gpu: 9_000, memory_mib_per_gpu: 0 };
    assert_eq!([0, 1].map(|job| lies(&world, job).0), [0, 1]);
    // No node has what 0.9 of it takes.
    world.jobs = vec![share(1, 0, 900, 9)];
    let outcome = &world.place().outcomes[0];
    let wrong = Misconfiguration::TooWide { pool: 0, largest: 0 };
    assert_eq!(outcome, &Outcome::Misconfigured(wrong));
}

#[test]
fn a_share_needs_a_gpu_where_the_supply_steps_down() {
    // Of two GPUs one closes at 30, and a gang holds the other until 40.
    let jobs = vec![share(1, 0, 500, 20), job(2, 0, 1, 40), share(3, 5, 500, 30)];
    let mut world = one_pool(2, jobs, Backfill::Easy);
    world.pools[0] = pool("h100", &[(-1_000, OPEN, 1), (-1_000, 30, 1)]);
    // The third would fit beside the first, and past 30 there is none for it.
    check(
        &world,
        &expect![[r#"
            1: pool 0 [0, 20)
            2: pool 0 [0, 40)
            3: pool 0 [40, 70)
        "#]],
    );
}

#[test]
fn a_fault_stops_all_who_share_its_node() {
    let jobs = vec![share(1, 0, 500, 20), share(2, 0, 500, 20), job(3, 0, 2, 20)];
    let mut world = nodes(one_pool(4, jobs, Backfill::Easy));
    world.faults = vec![Fault { pool: 0, window: window(10, 15), gpus: 1, first: 0 }];
    // The node is down until 15; the free GPU of the other is not there, the gang has both.
    check(
        &world,
        &expect![[r#"
            1: pool 0 [0, 10) fault 0, 10 lost; pool 0 [15, 35)
            2: pool 0 [0, 10) fault 0, 10 lost; pool 0 [15, 35)
            3: pool 0 [0, 20)
        "#]],
    );
}

#[test]
fn maintenance_takes_a_gpu_from_all_who_share_it() {
    // The last in order is the weakest, and shares with the first.
    let jobs = vec![share(1, 0, 500, 40), job(2, 1, 1, 40), share(3, 2, 500, 40)];
    let mut world = one_pool(2, jobs, Backfill::Easy);
    let before = BeforeMaintenance::Stop;
    world.maintenance =
        vec![Maintenance { pool: 0, window: window(10, 20), gpus: 1, nodes: vec![], before }];
    check(
        &world,
        &expect![[r#"
            1: pool 0 [0, 10) maintenance 0, 10 lost; pool 0 [20, 60)
            2: pool 0 [1, 41)
            3: pool 0 [2, 10) maintenance 0, 8 lost; pool 0 [20, 60)
        "#]],
    );
}

#[test]
fn who_gives_a_gpu_back_is_all_who_share_it() {
    // Those of the first class give way to a gang of the second.
    let jobs = vec![share(1, 0, 500, 40), share(2, 0, 300, 40), share(3, 0, 600, 40)];
    let mut world = one_pool(2, jobs, Backfill::Easy);
    world.jobs.push(Job { class: 1, ..job(4, 10, 1, 10) });
    world.classes.push(Class { priority: 1, ..class(&["allow"]) });
    let preemption = Preemption { priority: true, ..Preemption::default() };
    world.policy = Policy { preemption, ..world.policy };
    // The third has a GPU for itself: it alone is enough, and the weakest.
    check(
        &world,
        &expect![[r#"
            1: pool 0 [0, 40)
            2: pool 0 [0, 40)
            3: pool 0 [0, 10) outranked by 4, 10 lost; pool 0 [20, 60)
            4: pool 0 [10, 20)
        "#]],
    );
    // Two GPUs take all three.
    world.jobs[3].size = Size::Gpus(2);
    check(
        &world,
        &expect![[r#"
            1: pool 0 [0, 10) outranked by 4, 10 lost; pool 0 [20, 60)
            2: pool 0 [0, 10) outranked by 4, 10 lost; pool 0 [20, 60)
            3: pool 0 [0, 10) outranked by 4, 10 lost; pool 0 [20, 60)
            4: pool 0 [10, 20)
        "#]],
    );
}

#[test]
fn quotas_count_thousandths() {
    let jobs = vec![share(1, 0, 500, 20), share(2, 0, 400, 20), share(3, 0, 200, 20)];
    let mut world = one_pool(4, jobs, Backfill::Easy);
    let due = Due { party: 0, nominal: 1, lends: None, borrows: Some(0) };
    let always = comity_base::Window::ALWAYS;
    world.quotas = vec![Quota { pools: vec![0], dues: vec![due], window: always }];
    check(
        &world,
        &expect![[r#"
            1: pool 0 [0, 20)
            2: pool 0 [0, 20)
            3: pool 0 [20, 40)
        "#]],
    );
    let waits = WaitReason::Quota { pool: 0, headroom_milli: 100 };
    assert_eq!(world.moment(2, 5), comity_placement::Moment::NotStarted(Outcome::Waits(waits)));
}

#[test]
fn shares_that_run_on_keep_off_the_nodes_of_the_head() {
    // A gang of three waits until 20 for the first node; by then the second has one GPU left.
    let jobs = vec![job(1, 0, 2, 20), job(2, 0, 1, 60), job(3, 1, 3, 10), share(4, 2, 500, 50)];
    let mut world = nodes(one_pool(4, jobs, Backfill::Easy));
    check(
        &world,
        &expect![[r#"
            1: pool 0 [0, 20)
            2: pool 0 [0, 60)
            3: pool 0 [20, 30)
            4: pool 0 [30, 80)
        "#]],
    );
    // A short one is gone by then.
    world.jobs[3].run_seconds = 18;
    world.jobs[3].asked_seconds = 18;
    check(
        &world,
        &expect![[r#"
            1: pool 0 [0, 20)
            2: pool 0 [0, 60)
            3: pool 0 [20, 30)
            4: pool 0 [2, 20)
        "#]],
    );
}

#[test]
fn services_take_whole_gpus_from_beside_shares() {
    // A service takes one of two GPUs from 10 to 30.
    let mut world = one_pool(2, vec![share(1, 0, 500, 5), share(2, 0, 700, 40)], Backfill::Easy);
    world.services = vec![Service {
        class: 0,
        replica_gpus: 1,
        demand: vec![(window(10, 30), 1)],
        replicas: Replicas::Peak,
        reach: vec![],
    }];
    let plan = world.place();
    assert!(plan.shortfalls.is_empty(), "{:?}", plan.shortfalls);
    let starts: Vec<Option<Instant>> =
        plan.outcomes.iter().map(|it| it.pieces().next().map(|piece| piece.start)).collect();
    assert_eq!(starts, [Some(Instant::from_seconds(0)); 2]);
}
