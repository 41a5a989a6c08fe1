//! Random worlds against the checker and the simulators.

use comity_placement::{Backfill, Ended, Moment, Outcome, Piece, Policy, SitePolicy, WaitReason};
use proptest::prelude::*;

use crate::model::{self, Rest, Seen, SeenPiece, Why};
use crate::single::{self, Discipline};
use crate::world::{World, by_arrival};
use crate::{checker, floor, generate};

/// A failing case is printed with its inputs and becomes a test; nothing is written to disk.
/// `PROPTEST_CASES` says how many.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

/// What the model tells of an outcome.
pub(crate) fn seen(outcome: &Outcome) -> Seen {
    let piece = |piece: &Piece| SeenPiece {
        pool: piece.pool,
        start: piece.start.seconds(),
        end: piece.end.seconds(),
        lost: i64::from(piece.lost_seconds),
        why: match piece.ended {
            Ended::Done => Why::Done,
            Ended::Outranked { by } => Why::Outranked(by),
            Ended::Reclaimed { by } => Why::Reclaimed(by),
            Ended::Fault { fault } => Why::Fault(fault),
            Ended::Maintenance { maintenance } => Why::Maintenance(maintenance),
        },
    };
    let rest = match outcome.rest() {
        Outcome::Runs(_) => Rest::Done,
        Outcome::Waits(WaitReason::Capacity { latest, ahead, .. }) => {
            Rest::Queued { latest: latest.map(|at| at.seconds()), ahead: *ahead }
        }
        Outcome::Waits(WaitReason::Missed { .. }) => Rest::Missed,
        Outcome::Waits(WaitReason::Quota { .. }) => Rest::HeldBack,
        Outcome::Waits(
            WaitReason::Leased { .. }
            | WaitReason::Opening { .. }
            | WaitReason::TermOpens { .. }
            | WaitReason::Condition(_)
            | WaitReason::Undetermined(_),
        )
        | Outcome::Stopped { .. }
        | Outcome::Never(_)
        | Outcome::Misconfigured(_) => Rest::Refused,
    };
    Seen { pieces: outcome.pieces().map(piece).collect(), rest }
}

/// Panics when a plan or where its jobs lie is not what the model tells.
pub(crate) fn lie_as_the_model_says(world: &World) {
    let plan = world.place();
    checker::check(world, &plan);
    let plain: Vec<Seen> = plan.outcomes.iter().map(seen).collect();
    let (modelled, lies) = model::simulate_on_nodes(world, &plan);
    assert_eq!(plain, modelled);
    // What is kept for parties has nodes of its own, which are numbered on in the plan.
    for gang in plan.gangs.iter().filter(|_| world.reservations.is_empty()) {
        let nodes = gang
            .nodes
            .iter()
            .map(|it| (it.node.try_into().expect("few"), it.gpus, it.shared.map(usize::from)));
        let nodes: Vec<floor::Lies> = nodes.collect();
        assert_eq!(Some(&nodes), lies.get(&(gang.job, gang.start.seconds())), "{gang:?}");
    }
}

fn starts(world: &World) -> Vec<i64> {
    let plan = world.place();
    let start = |outcome: &Outcome| outcome.pieces().next().map_or(-1, |it| it.start.seconds());
    plan.outcomes.iter().map(start).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn plans_keep_the_rules_and_are_those_of_the_model(world in generate::worlds(1..4)) {
        let plan = world.place();
        checker::check(&world, &plan);
        let plain: Vec<Seen> = plan.outcomes.iter().map(seen).collect();
        prop_assert_eq!(plain, model::simulate(&world, &plan));
    }

    #[test]
    fn crowds_are_placed_as_the_model_does(world in generate::crowds(2..4)) {
        let plan = world.place();
        checker::check(&world, &plan);
        let plain: Vec<Seen> = plan.outcomes.iter().map(seen).collect();
        prop_assert_eq!(plain, model::simulate(&world, &plan));
    }

    #[test]
    fn many_pools_are_ranked_as_a_look_at_each_ranks_them(
        world in prop_oneof![generate::worlds(6..14), generate::crowds(6..14)]
    ) {
        let plan = world.place();
        checker::check(&world, &plan);
        let plain: Vec<Seen> = plan.outcomes.iter().map(seen).collect();
        prop_assert_eq!(plain, model::simulate(&world, &plan));
    }

    #[test]
    fn upsets_are_dealt_with_as_the_model_does(world in generate::upsets()) {
        let plan = world.place();
        checker::check(&world, &plan);
        let plain: Vec<Seen> = plan.outcomes.iter().map(seen).collect();
        prop_assert_eq!(plain, model::simulate(&world, &plan));
    }

    #[test]
    fn floors_are_filled_as_the_model_does(
        world in prop_oneof![generate::floors(), generate::crowded_floors()]
    ) {
        lie_as_the_model_says(&world);
    }

    #[test]
    fn shares_are_had_as_the_model_does(
        world in prop_oneof![2 => generate::shares(), 1 => generate::crowded_shares()]
    ) {
        lie_as_the_model_says(&world);
    }

    #[test]
    fn however_a_node_is_chosen_it_has_what_is_asked(
        world in generate::floors(),
        nodes in generate::node_policy(),
    ) {
        let world = World { policy: Policy { nodes, ..world.policy }, ..world };
        let plan = world.place();
        checker::check(&world, &plan);
        prop_assert_eq!(&plan, &world.place());
    }

    #[test]
    fn the_tightest_site_is_that_of_the_model(
        world in prop_oneof![
            generate::worlds(2..6),
            generate::upsets(),
            generate::floors(),
            generate::crowded_floors(),
            generate::shares(),
        ],
        cost_alike in any::<bool>(),
    ) {
        let mut world = world;
        world.policy.sites = SitePolicy::Tightest;
        for class in world.classes.iter_mut().filter(|_| cost_alike) {
            class.price.fill(1);
        }
        let plan = world.place();
        checker::check(&world, &plan);
        let plain: Vec<Seen> = plan.outcomes.iter().map(seen).collect();
        prop_assert_eq!(plain, model::simulate(&world, &plan));
    }

    #[test]
    fn however_a_gpu_is_chosen_it_has_what_a_share_asks(
        world in generate::shares(),
        nodes in generate::node_policy(),
    ) {
        let world = World { policy: Policy { nodes, ..world.policy }, ..world };
        let plan = world.place();
        checker::check(&world, &plan);
        prop_assert_eq!(&plan, &world.place());
    }

    #[test]
    fn the_order_of_the_inputs_does_not_matter(world in generate::worlds(1..4)) {
        let mut turned = world.clone();
        turned.jobs.reverse();
        let mut outcomes = turned.place().outcomes;
        outcomes.reverse();
        prop_assert_eq!(world.place().outcomes, outcomes);
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn one_pool_starts_jobs_as_the_textbook_does(world in generate::queues(false)) {
        let fifo = World { policy: by_arrival(Backfill::None), ..world.clone() };
        prop_assert_eq!(starts(&world), single::simulate(&world.jobs, 8, Discipline::Easy));
        prop_assert_eq!(starts(&fifo), single::simulate(&world.jobs, 8, Discipline::Fifo));
        let first_fit = World { policy: by_arrival(Backfill::FirstFit), ..world.clone() };
        prop_assert_eq!(starts(&first_fit), single::simulate(&world.jobs, 8, Discipline::FirstFit));
    }

    #[test]
    fn conservative_backfill_is_that_of_the_textbook_and_delays_nobody(
        world in generate::queues(false)
    ) {
        let jobs = world.jobs[..world.jobs.len().min(40)].to_vec();
        let world = World { policy: by_arrival(Backfill::Conservative), jobs, ..world };
        let starts = starts(&world);
        prop_assert_eq!(&starts, &single::conservative(&world.jobs, 8));
        for (index, job) in world.jobs.iter().enumerate().take(8) {
            // What it was told when it was handed in.
            let moment = world.moment(index, job.submit.seconds());
            let told = match &moment {
                Moment::NotStarted(Outcome::Waits(WaitReason::Capacity { latest, .. })) => {
                    latest.expect("every job has its place").seconds()
                }
                Moment::Running { since, .. } => since.seconds(),
                Moment::NotHandedIn
                | Moment::Done
                | Moment::Stopped(_)
                | Moment::NotStarted(_) => panic!("{moment:?}"),
            };
            prop_assert!(starts[index] <= told, "{:?} starts later than {}", job, told);
        }
    }

    #[test]
    fn backfill_does_not_delay_the_head(world in generate::queues(true)) {
        let plan = world.place();
        checker::check(&world, &plan);
        checker::the_head_is_not_delayed(&world, &plan);
    }
}
