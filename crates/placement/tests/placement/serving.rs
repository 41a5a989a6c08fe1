//! Services that follow steps: made examples, and random worlds told second by second.

use comity_base::Window;
use comity_placement::{
    Class, Lease, Plan, Reach, Replicas, RuledWindow, Ruling, Service, ShortfallReason,
};
use expect_test::expect;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::checker;
use crate::examples::check;
use crate::world::{OPEN, World, class, one_pool, pool, ruled, window};

const PERIOD: i64 = 60;

/// A world of these pools, each of constant capacity, and one class of services.
fn world(capacities: &[u32], rulings: &[&str], services: Vec<Service>) -> World {
    World {
        period: window(0, PERIOD),
        pools: capacities.iter().map(|&gpus| pool("h100", &[(-100, OPEN, gpus)])).collect(),
        classes: vec![class(rulings)],
        services,
        ..one_pool(0, vec![], comity_placement::Backfill::Easy)
    }
}

/// Counts in windows of ten seconds.
fn tens(counts: &[u32]) -> Vec<(Window, u32)> {
    let windows = (0..).map(|ten| window(ten * 10, ten * 10 + 10));
    windows.zip(counts.iter().copied()).collect()
}

/// A service that holds what its traffic needs in each ten seconds.
fn follows(replica_gpus: u32, counts: &[u32]) -> Service {
    Service {
        class: 0,
        replica_gpus,
        demand: tens(counts),
        replicas: Replicas::Steps { steps: tens(counts), start_up_seconds: 0 },
        reach: vec![],
    }
}

#[test]
fn replicas_stay_where_they_are() {
    // Pool 0 costs less. It closes from 20 to 40: what is elsewhere then stays there.
    let mut world = world(&[8, 8], &["allow | 20 deny t1 | 40 allow", "allow"], vec![]);
    world.classes[0].price = vec![1, 2];
    world.services = vec![follows(2, &[2, 5, 3, 3, 5, 1])];
    check(
        &world,
        &expect![[r#"
        service 0: 4 in pool 0 [0, 10)
        service 0: 8 in pool 0 [10, 20)
        service 0: 2 in pool 1 [10, 20)
        service 0: 6 in pool 1 [20, 50)
        service 0: 4 in pool 0 [40, 50)
        service 0: 2 in pool 0 [50, 60)
    "#]],
    );
}

#[test]
fn what_is_left_at_night_is_for_others() {
    let mut first = follows(1, &[6, 2, 6, 2, 6, 2]);
    let mut second = follows(1, &[3, 6, 3, 6, 3, 6]);
    check(
        &world(&[8], &["allow"], vec![first.clone(), second.clone()]),
        &expect![[r#"
        service 0: 6 in pool 0 [0, 10)
        service 0: 2 in pool 0 [10, 20)
        service 0: 6 in pool 0 [20, 30)
        service 0: 2 in pool 0 [30, 40)
        service 0: 6 in pool 0 [40, 50)
        service 0: 2 in pool 0 [50, 60)
        service 1: 2 in pool 0 [0, 10)
        service 1: 6 in pool 0 [10, 20)
        service 1: 2 in pool 0 [20, 30)
        service 1: 6 in pool 0 [30, 40)
        service 1: 2 in pool 0 [40, 50)
        service 1: 6 in pool 0 [50, 60)
        service 1: short [0, 10), 2 of 3: 1 full: pools [0]
        service 1: short [20, 30), 2 of 3: 1 full: pools [0]
        service 1: short [40, 50), 2 of 3: 1 full: pools [0]
    "#]],
    );
    // Where the first holds its peak, the second lacks.
    first.replicas = Replicas::Peak;
    second.demand.truncate(2);
    check(
        &world(&[8], &["allow"], vec![first, second]),
        &expect![[r#"
        service 0: 6 in pool 0 [0, 60)
        service 1: 2 in pool 0 [0, 20)
        service 1: short [0, 10), 2 of 3: 1 full: pools [0]
        service 1: short [10, 20), 2 of 6: 4 full: pools [0]
    "#]],
    );
}

#[test]
fn a_region_comes_first_and_elsewhere_after_it() {
    let mut service = follows(1, &[3, 6, 3]);
    service.reach = vec![Reach::Elsewhere, Reach::Home, Reach::Never];
    check(
        &world(&[2, 4, 9], &["allow"; 3], vec![service.clone()]),
        &expect![[r#"
        service 0: 3 in pool 1 [0, 10)
        service 0: 4 in pool 1 [10, 20)
        service 0: 2 in pool 0 [10, 20)
        service 0: 3 in pool 1 [20, 30)
    "#]],
    );
    // Pool 2 is no term's doing; pool 1 is.
    check(
        &world(&[2, 4, 9], &["allow", "deny t1", "deny t2"], vec![service]),
        &expect![[r#"
        service 0: 2 in pool 0 [0, 30)
        service 0: short [0, 10), 2 of 3: 1 denied: t1 in pools [1]
        service 0: short [10, 20), 2 of 6: 4 denied: t1 in pools [1]
        service 0: short [20, 30), 2 of 3: 1 denied: t1 in pools [1]
    "#]],
    );
}

#[test]
fn replicas_start_before_they_serve() {
    let mut service = follows(4, &[1, 2, 4, 4, 1, 2]);
    service.replicas = Replicas::Steps { steps: tens(&[1, 2, 3, 3, 1, 2]), start_up_seconds: 4 };
    check(
        &world(&[12], &["allow"], vec![service]),
        &expect![[r#"
        service 0: 4 in pool 0 [0, 10)
        service 0: 8 in pool 0 [10, 20)
        service 0: 12 in pool 0 [20, 40)
        service 0: 4 in pool 0 [40, 50)
        service 0: 8 in pool 0 [50, 60)
        service 0: short [10, 14), 4 of 8: 4 starting
        service 0: short [20, 24), 8 of 16: 4 starting; 4 not asked for
        service 0: short [24, 30), 12 of 16: 4 not asked for
        service 0: short [30, 40), 12 of 16: 4 not asked for
        service 0: short [50, 54), 4 of 8: 4 starting
    "#]],
    );
}

#[test]
fn a_replica_lies_in_one_pool() {
    check(
        &world(&[7, 7], &["allow", "allow"], vec![follows(4, &[3])]),
        &expect![[r#"
        service 0: 4 in pool 0 [0, 10)
        service 0: 4 in pool 1 [0, 10)
        service 0: short [0, 10), 8 of 12: 4 full: pools [0, 1]
    "#]],
    );
}

fn rulings() -> impl Strategy<Value = Vec<RuledWindow>> {
    let one = prop_oneof![
        3 => Just("allow"),
        1 => Just("deny t1"),
        1 => Just("deny t2"),
        1 => Just("conditional c1"),
        1 => Just("undetermined u1"),
    ];
    (one.clone(), 1..PERIOD, one)
        .prop_map(|(first, at, then)| ruled(&format!("{first} | {at} {then}")))
}

fn reach() -> impl Strategy<Value = Reach> {
    prop_oneof![3 => Just(Reach::Home), 1 => Just(Reach::Elsewhere), 1 => Just(Reach::Never)]
}

fn service(pools: usize) -> impl Strategy<Value = Service> {
    let counts = || vec(0..7_u32, 1..7);
    let replicas = (any::<bool>(), counts(), 0..8_u32);
    (1..4_u32, counts(), replicas, vec(reach(), pools)).prop_map(
        |(replica_gpus, demand, (peak, steps, start_up_seconds), reach)| {
            let steps = Replicas::Steps { steps: tens(&steps), start_up_seconds };
            let replicas = if peak { Replicas::Peak } else { steps };
            Service { class: 0, replica_gpus, demand: tens(&demand), replicas, reach }
        },
    )
}

/// Worlds in which several services follow steps or hold their peak.
fn worlds() -> impl Strategy<Value = World> {
    (1..5_usize).prop_flat_map(|pools| {
        let levels = vec((0..8_u32, 0..PERIOD, 1..40_i64, 0..8_u32), pools);
        let prices = vec(1..4_i128, pools);
        (levels, vec(rulings(), pools), prices, vec(service(pools), 1..4)).prop_map(
            |(levels, rulings, price, services)| {
                let pools = levels.iter().map(|&(base, from, seconds, more)| {
                    pool("h100", &[(-100, OPEN, base), (from, from + seconds, more)])
                });
                World {
                    period: window(0, PERIOD),
                    pools: pools.collect(),
                    classes: vec![Class { rulings, price, ..class(&vec!["allow"; levels.len()]) }],
                    services,
                    ..one_pool(0, vec![], comity_placement::Backfill::Easy)
                }
            },
        )
    })
}

/// GPUs that a service holds in a pool at a second.
fn held(plan: &Plan, service: usize, pool: usize, second: i64) -> u32 {
    let there = |lease: &&Lease| {
        (lease.service, lease.pool) == (service, pool)
            && (lease.window.start().seconds()..lease.window.end().seconds()).contains(&second)
    };
    plan.leases.iter().filter(there).map(|lease| lease.gpus).sum()
}

fn in_tens(counts: &[(Window, u32)], second: i64) -> u32 {
    let ten = usize::try_from(second / 10).expect("seconds of a period are not negative");
    counts.get(ten).map_or(0, |&(_, count)| count)
}

/// What a service may add to a pool at a second, in replicas, beside the services before it.
fn room(world: &World, plan: &Plan, service: usize, pool: usize, second: i64) -> u32 {
    let it = &world.services[service];
    let ruling = world.classes[0].rulings[pool]
        .iter()
        .find(|ruled| ruled.window.contains(crate::world::at(second)));
    if it.reach[pool] == Reach::Never || ruling.is_none_or(|it| it.ruling != Ruling::Allow) {
        return 0;
    }
    let taken: u32 = (0..service).map(|other| held(plan, other, pool, second)).sum();
    (world.pools[pool].capacity.at(crate::world::at(second)) - taken) / it.replica_gpus
}

/// Until when something is asked of a service.
fn ends(service: &Service) -> i64 {
    service.demand.last().map_or(0, |(window, _)| window.end().seconds())
}

fn open(world: &World) -> World {
    let mut open = world.clone();
    for rulings in &mut open.classes[0].rulings {
        *rulings = ruled("allow");
    }
    open
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_500, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn plans_with_steps_keep_the_rules(world in worlds()) {
        checker::check(&world, &world.place());
    }

    /// Each second a service holds whole replicas, where it may, as many as it wants or there is
    /// room for, and none moves that could have stayed.
    #[test]
    fn steps_are_held_and_nothing_moves_without_need(world in worlds()) {
        let plan = world.place();
        let pools = world.pools.len();
        for (index, service) in world.services.iter().enumerate() {
            let Replicas::Steps { steps, .. } = &service.replicas else { continue };
            let at = |second: i64| -> Vec<u32> {
                (0..pools).map(|pool| held(&plan, index, pool, second)).collect()
            };
            for second in 0..ends(service) {
                let now = at(second);
                prop_assert!(now.iter().all(|gpus| gpus % service.replica_gpus == 0));
                let now: Vec<u32> = now.iter().map(|gpus| gpus / service.replica_gpus).collect();
                let room: Vec<u32> =
                    (0..pools).map(|pool| room(&world, &plan, index, pool, second)).collect();
                prop_assert!(now.iter().zip(&room).all(|(now, room)| now <= room));
                let wanted = in_tens(steps, second);
                prop_assert_eq!(now.iter().sum::<u32>(), wanted.min(room.iter().sum()));
                if second == 0 {
                    continue;
                }
                let before = at(second - 1);
                let before = before.iter().map(|gpus| gpus / service.replica_gpus);
                // What could stay of each pool; of that, no more goes than is too many.
                let stay: Vec<u32> =
                    before.zip(&room).map(|(before, &room)| before.min(room)).collect();
                let gone: u32 =
                    stay.iter().zip(&now).map(|(stay, now)| stay.saturating_sub(*now)).sum();
                prop_assert_eq!(gone, stay.iter().sum::<u32>().saturating_sub(wanted));
            }
        }
    }

    /// What the terms cause is what is held more when they are gone.
    #[test]
    fn terms_cause_what_would_be_held_without_them(mut world in worlds()) {
        world.services.truncate(1);
        if let Replicas::Steps { start_up_seconds, .. } = &mut world.services[0].replicas {
            *start_up_seconds = 0;
        }
        let plan = world.place();
        let free = open(&world).place();
        let service = &world.services[0];
        for second in 0..ends(service) {
            let needed = in_tens(&service.demand, second) * service.replica_gpus;
            let sum = |plan: &Plan| {
                let all = (0..world.pools.len()).map(|pool| held(plan, 0, pool, second));
                needed.min(all.sum())
            };
            let lacking = plan
                .shortfalls
                .iter()
                .filter(|short| short.window.contains(crate::world::at(second)))
                .flat_map(|short| &short.lacking);
            let by_terms: u32 = lacking
                .filter(|lack| match &lack.reason {
                    ShortfallReason::Condition(_)
                    | ShortfallReason::Undetermined(_)
                    | ShortfallReason::Denied(_) => true,
                    ShortfallReason::Full { .. }
                    | ShortfallReason::NoPool
                    | ShortfallReason::Starting
                    | ShortfallReason::Scaling => false,
                })
                .map(|lack| lack.gpus)
                .sum();
            prop_assert_eq!(by_terms, sum(&free) - sum(&plan), "at second {}", second);
        }
    }

    /// What starts holds its GPUs; it serves once it has held them for the time it takes.
    #[test]
    fn what_starts_does_not_serve(mut world in worlds()) {
        world.services.truncate(1);
        let plan = world.place();
        let service = &world.services[0];
        let Replicas::Steps { start_up_seconds, .. } = &service.replicas else { return Ok(()) };
        for second in 0..ends(service) {
            // Of what a pool holds, the least that it held in the time before serves by now.
            let since = (second - i64::from(*start_up_seconds)).max(0);
            let pools = 0..world.pools.len();
            let serving: u32 = pools
                .map(|pool| (since..=second).map(|at| held(&plan, 0, pool, at)).min().unwrap_or(0))
                .sum();
            let needed = in_tens(&service.demand, second) * service.replica_gpus;
            let short = plan
                .shortfalls
                .iter()
                .find(|short| short.window.contains(crate::world::at(second)))
                .map(|short| (short.wanted, short.given));
            let expected = (serving < needed).then_some((needed, serving));
            prop_assert_eq!(short, expected, "at second {}", second);
        }
    }
}
