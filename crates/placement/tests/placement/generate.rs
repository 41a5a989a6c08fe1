//! Small random worlds.

mod shares;

use std::ops::Range;

use comity_base::{GpuTypeId, Instant, TermId, Window};
use comity_fleet::{Job, Need, Nodes, Span};
use comity_placement::{
    Backfill, BeforeMaintenance, Class, CommitmentPace, Due, Fault, Maintenance, NodePolicy, Order,
    Policy, Pool, Preemption, Quota, Replicas, Reservation, Restarts, RuledWindow, Ruling, Service,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

pub(crate) use self::shares::{crowded_shares, shares};
use crate::world::{OPEN, World, at, by_arrival, job, one_pool, pool, ruled, window};

const TYPES: [&str; 2] = ["h100", "gb200"];
const PERIOD: i64 = 100;

/// Worlds with capacity that rises and falls, leases, mixed rulings and commitments.
pub(crate) fn worlds(pools: Range<usize>) -> impl Strategy<Value = World> {
    (pools, 1..4_usize).prop_flat_map(|(pools, classes)| {
        let levels = vec((-20..140_i64, 5..100_i64, 0..5_u32), 0..4);
        let last = u32::try_from(classes).expect("few classes");
        let demand = vec(0..5_u32, 1..11);
        (
            vec((0..2_usize, 0..7_u32, levels), pools),
            vec(class(pools), classes),
            vec(jobs(last), 0..24),
            vec((0..last, demand), 0..3),
            vec(0..40_i128, 2),
            (any::<bool>(), any::<bool>()),
        )
            .prop_map(|(pools, classes, shapes, services, targets, (easy, exact))| World {
                period: window(0, PERIOD),
                pools: pools
                    .into_iter()
                    .map(|(gpu, base, levels)| {
                        let more = levels
                            .iter()
                            .map(|&(from, seconds, gpus)| (from, from + seconds, gpus));
                        let levels: Vec<(i64, i64, u32)> =
                            more.chain([(-50, OPEN, base)]).collect();
                        pool(TYPES[gpu], &levels)
                    })
                    .collect(),
                classes,
                jobs: numbered(shapes, exact),
                services: services
                    .into_iter()
                    .map(|(class, demand)| service(class, &demand))
                    .collect(),
                commitments: targets.into_iter().map(|target| CommitmentPace { target }).collect(),
                faults: vec![],
                maintenance: vec![],
                reservations: vec![],
                quotas: vec![],
                shares: vec![],
                policy: by_arrival(if easy { Backfill::Easy } else { Backfill::None }),
            })
    })
}

/// Worlds of busy pools, where jobs often wait, pass each other and end before they asked.
pub(crate) fn crowds(pools: Range<usize>) -> impl Strategy<Value = World> {
    (pools, 1..4_usize).prop_flat_map(|(pools, classes)| {
        let last = u32::try_from(classes).expect("few classes");
        let closed = vec(option::weighted(0.2, 20..90_i64), pools);
        let shape = (0..last, 0..60_i64, 1..8_u32, 1..30_u32, 0..20_u32);
        (
            vec((4..9_u32, option::weighted(0.3, 10..120_i64)), pools),
            vec((closed, vec(0..3_i128, pools)), classes),
            vec(shape, 10..40),
            any::<bool>(),
        )
            .prop_map(|(pools, classes, shapes, exact)| {
                let shapes = shapes.into_iter().map(|(class, submit, gpus, seconds, more)| Job {
                    class,
                    asked_seconds: seconds + more,
                    ..job(0, submit, gpus, seconds)
                });
                World {
                    period: window(0, PERIOD),
                    pools: pools
                        .into_iter()
                        .map(|(gpus, falls)| {
                            pool(TYPES[0], &[(-50, falls.unwrap_or(OPEN), 2), (-50, OPEN, gpus)])
                        })
                        .collect(),
                    classes: classes
                        .into_iter()
                        .map(|(closed, price)| Class {
                            party: 0,
                            priority: 0,
                            restarts: Restarts::default(),
                            need: Need::default(),
                            rulings: closed.into_iter().map(closing).collect(),
                            gpus: vec![],
                            commitment: vec![None; price.len()],
                            price,
                            currency: vec![],
                            preempts: vec![],
                        })
                        .collect(),
                    jobs: numbered(shapes.collect(), exact),
                    services: vec![],
                    commitments: vec![],
                    faults: vec![],
                    maintenance: vec![],
                    reservations: vec![],
                    quotas: vec![],
                    shares: vec![],
                    policy: by_arrival(Backfill::Easy),
                }
            })
    })
}

/// Worlds in which everything happens: faults, maintenance, reservations, quotas, priorities, shares
/// and pre-emption, under every policy, each there or not.
pub(crate) fn upsets() -> impl Strategy<Value = World> {
    upset(prop_oneof![worlds(1..4), crowds(2..4)])
}

/// Worlds to which everything happens.
fn upset(worlds: impl Strategy<Value = World>) -> impl Strategy<Value = World> {
    worlds.prop_flat_map(|world| {
        let (pools, classes) = (world.pools.len(), world.classes.len());
        let restarts = (0..8_u32, 0..4_u32);
        (
            Just(world),
            policy(),
            vec((0..3_u32, 0..3_u16, restarts, sometimes(vec(permitted(), pools))), classes),
            sometimes(vec(fault(pools), 0..5)),
            sometimes(vec(maintenance(pools), 0..3)),
            sometimes(vec(reservation(pools), 0..3)),
            sometimes(quotas_that_change(pools)),
            vec(1..4_u32, 0..3),
        )
            .prop_map(
                |(mut world, policy, kinds, faults, maintenance, reservations, quotas, shares)| {
                    for (class, (party, priority, (checkpoint, restart), preempts)) in
                        world.classes.iter_mut().zip(kinds)
                    {
                        class.party = party;
                        class.priority = priority;
                        class.preempts = preempts;
                        class.restarts =
                            Restarts { checkpoint_seconds: checkpoint, restart_seconds: restart };
                    }
                    World { policy, faults, maintenance, reservations, quotas, shares, ..world }
                },
            )
    })
}

/// A world whose pools have these nodes and whose classes these needs, and in which half of what is in
/// maintenance is of nodes.
fn on_nodes((mut world, nodes, needs): (World, Vec<Option<Nodes>>, Vec<Need>)) -> World {
    for it in world.maintenance.iter_mut().filter(|it| it.window.end().seconds() % 2 == 0) {
        let Some(nodes) = &nodes[it.pool] else { continue };
        let most = world.pools[it.pool].capacity.most_in(Window::ALWAYS);
        let there = most.div_ceil(nodes.gpus_per_node);
        // Which ones the window tells, so that it shrinks with it.
        let first = u32::try_from(it.window.end().seconds() / 2 % 3).unwrap_or(0).min(there);
        let last = (first + it.gpus.div_ceil(nodes.gpus_per_node)).min(there);
        if first < last {
            it.nodes = std::iter::once(first..last).collect();
            it.gpus = (last - first) * nodes.gpus_per_node;
        }
    }
    for (pool, nodes) in world.pools.iter_mut().zip(nodes) {
        pool.nodes = nodes;
    }
    for (class, need) in world.classes.iter_mut().zip(needs) {
        class.need = need;
    }
    world
}

/// Upsets in pools whose nodes limit what fits together.
pub(crate) fn floors() -> impl Strategy<Value = World> {
    upsets().prop_flat_map(|world| {
        let (pools, classes) = (world.pools.len(), world.classes.len());
        (Just(world), vec(option::weighted(0.8, nodes()), pools), vec(need(), classes))
            .prop_map(on_nodes)
    })
}

/// A floor or two with many small jobs and some large ones that wait for nodes, beside which others
/// start that run on.
pub(crate) fn crowded_floors() -> impl Strategy<Value = World> {
    let size = (12..30_u32, option::weighted(0.9, nodes()), option::weighted(0.2, 20..90_i64));
    let gpus = prop_oneof![4 => 1..4_u32, 1 => 4..13_u32];
    let shape = (0..3_u32, 0..60_i64, gpus, 1..40_u32, 0..20_u32);
    let backfill = prop_oneof![
        4 => Just(Backfill::Easy),
        1 => Just(Backfill::FirstFit),
        2 => Just(Backfill::Conservative),
    ];
    (vec(size, 1..3), vec(need(), 3), vec(shape, 20..60), backfill).prop_map(
        |(pools, needs, shapes, backfill)| {
            let jobs = shapes.into_iter().map(|(class, submit, gpus, seconds, more)| Job {
                class,
                asked_seconds: seconds + more,
                ..job(0, submit, gpus, seconds)
            });
            let rulings = vec!["allow"; pools.len()];
            let class = |need| Class { need, ..crate::world::class(&rulings) };
            let pools = pools.into_iter().map(|(gpus, nodes, falls)| Pool {
                nodes,
                ..pool(TYPES[0], &[(-50, falls.unwrap_or(OPEN), 3), (-50, OPEN, gpus)])
            });
            World {
                period: window(0, PERIOD),
                pools: pools.collect(),
                classes: needs.into_iter().map(class).collect(),
                ..one_pool(1, numbered(jobs.collect(), false), backfill)
            }
        },
    )
}

/// Any way to choose a node.
pub(crate) fn node_policy() -> impl Strategy<Value = NodePolicy> {
    prop_oneof![
        Just(NodePolicy::FirstFit),
        any::<u64>().prop_map(|seed| NodePolicy::Random { seed }),
        Just(NodePolicy::BestFit),
        Just(NodePolicy::DotProduct),
        Just(NodePolicy::Clustering),
        Just(NodePolicy::Packing),
        Just(NodePolicy::Fragmentation),
    ]
}

fn nodes() -> impl Strategy<Value = Nodes> {
    (1..5_u32, 1..4_u32, option::of(1..3_u32), option::of(1..9_u64), option::of(2..9_u64)).prop_map(
        |(gpus_per_node, nodes_per_rack, racks_per_hall, cpu_milli, memory_mib)| Nodes {
            gpus_per_node,
            nodes_per_rack,
            racks_per_hall,
            cpu_milli,
            memory_mib,
        },
    )
}

fn need() -> impl Strategy<Value = Need> {
    let span = prop_oneof![
        2 => Just(Span::Node),
        2 => Just(Span::Rack),
        1 => Just(Span::Hall),
        2 => Just(Span::Site),
    ];
    (span, 0..4_u64, 0..3_u64).prop_map(|(span, cpu_milli_per_gpu, memory_mib_per_gpu)| Need {
        span,
        cpu_milli_per_gpu,
        memory_mib_per_gpu,
    })
}

/// When the terms let a class make others give way in a pool.
fn permitted() -> impl Strategy<Value = Vec<Window>> {
    prop_oneof![Just(vec![Window::ALWAYS]), vec(span(), 0..2)]
}

/// Nothing, in two of three worlds.
fn sometimes<T: Clone + std::fmt::Debug>(
    some: impl Strategy<Value = Vec<T>>,
) -> impl Strategy<Value = Vec<T>> {
    (0..3_u8, some).prop_map(|(chance, some)| if chance == 0 { some } else { vec![] })
}

/// Any policy.
pub(crate) fn policy() -> impl Strategy<Value = Policy> {
    let backfill = prop_oneof![
        Just(Backfill::None),
        Just(Backfill::FirstFit),
        Just(Backfill::Easy),
        Just(Backfill::Conservative),
    ];
    let order = prop_oneof![
        Just(Order::Arrival),
        Just(Order::Priority),
        (16..200_u32).prop_map(|half_life_seconds| Order::FairShare { half_life_seconds }),
    ];
    let grace = prop_oneof![Just(0), 1..8_u32];
    (backfill, order, any::<bool>(), any::<bool>(), grace).prop_map(
        |(backfill, order, priority, reclaim, grace_seconds)| {
            let preemption = Preemption { priority, reclaim, grace_seconds };
            Policy { backfill, order, preemption, ..Policy::default() }
        },
    )
}

fn span() -> impl Strategy<Value = Window> {
    (-20..PERIOD, 1..60_i64).prop_map(|(start, seconds)| window(start, start + seconds))
}

fn fault(pools: usize) -> impl Strategy<Value = Fault> {
    (0..pools, span(), 1..5_u32, 0..9_u32).prop_map(|(pool, window, gpus, first)| Fault {
        pool,
        window,
        gpus,
        first,
    })
}

fn maintenance(pools: usize) -> impl Strategy<Value = Maintenance> {
    let before = prop_oneof![Just(BeforeMaintenance::Drain), Just(BeforeMaintenance::Stop)];
    (0..pools, span(), 1..10_u32, before).prop_map(|(pool, window, gpus, before)| Maintenance {
        pool,
        window,
        gpus,
        nodes: vec![],
        before,
    })
}

fn reservation(pools: usize) -> impl Strategy<Value = Reservation> {
    (0..3_u32, 0..pools, span(), 1..6_u32).prop_map(|(party, pool, window, gpus)| Reservation {
        party,
        pool,
        window,
        gpus,
    })
}

/// Quotas that hold always, or others from some instant on.
fn quotas_that_change(pools: usize) -> impl Strategy<Value = Vec<Quota>> {
    let cut = option::of(-5..PERIOD + 5);
    (quotas(pools), quotas(pools), cut).prop_map(|(before, after, cut)| {
        let Some(cut) = cut else { return before };
        let within = |quotas: Vec<Quota>, window| {
            quotas.into_iter().map(move |quota| Quota { window, ..quota })
        };
        let until = Window::new(Instant::MIN, at(cut)).expect("a window");
        within(before, until).chain(within(after, window(cut, OPEN))).collect()
    })
}

/// One quota over some pools, or one for each.
fn quotas(pools: usize) -> impl Strategy<Value = Vec<Quota>> {
    let due = (0..7_u32, option::of(0..5_u32), option::of(0..5_u32));
    (any::<bool>(), 1..=pools, vec(vec(due, 0..4), pools)).prop_map(move |(joint, some, dues)| {
        let all = dues.into_iter().enumerate().map(|(pool, dues)| {
            let dues = (0..).zip(dues).map(|(party, (nominal, lends, borrows))| Due {
                party,
                nominal,
                lends,
                borrows,
            });
            let pools = if joint { (0..some).collect() } else { vec![pool] };
            Quota { pools, dues: dues.collect(), window: Window::ALWAYS }
        });
        all.take(if joint { 1 } else { some }).collect()
    })
}

/// Allowed up to some instant.
fn closing(closes: Option<i64>) -> Vec<RuledWindow> {
    ruled(&closes.map_or("allow".to_owned(), |at| format!("allow | {at} deny forbids")))
}

fn class(pools: usize) -> impl Strategy<Value = Class> {
    (
        vec(rulings(), pools),
        option::weighted(0.3, 0..2_usize),
        vec(option::of(0..2_usize), pools),
        vec((0..3_i128).prop_map(|price| price * 500), pools),
        option::of(vec(0..2_u16, pools)),
    )
        .prop_map(|(rulings, gpu, commitment, price, currency)| Class {
            party: 0,
            priority: 0,
            restarts: Restarts::default(),
            need: Need::default(),
            rulings,
            gpus: gpu.into_iter().map(|gpu| GpuTypeId::new(TYPES[gpu]).expect("an id")).collect(),
            commitment,
            price,
            currency: currency.unwrap_or_default(),
            preempts: vec![],
        })
}

fn rulings() -> impl Strategy<Value = Vec<RuledWindow>> {
    let ruling = prop_oneof![
        5 => Just(Ruling::Allow),
        1 => Just(Ruling::Deny { terms: terms("forbids") }),
        1 => Just(Ruling::Conditional { terms: terms("asks") }),
        1 => Just(Ruling::Undetermined { terms: terms("unclear") }),
    ];
    (vec(-10..130_i64, 0..4), vec(ruling, 5)).prop_map(|(cuts, rulings)| {
        let windows = Window::ALWAYS.cut(cuts.into_iter().map(at));
        let ruled = windows.into_iter().zip(rulings);
        ruled.map(|(window, ruling)| RuledWindow { window, ruling }).collect()
    })
}

fn terms(id: &str) -> Vec<TermId> {
    vec![TermId::new(id).expect("tests write good ids")]
}

fn jobs(classes: u32) -> impl Strategy<Value = Job> {
    (0..classes, -2..PERIOD + 3, 0..9_u32, 0..30_u32, 0..40_u32).prop_map(
        |(class, submit, gpus, run_seconds, asked_seconds)| Job {
            class,
            asked_seconds,
            ..job(0, submit, gpus, run_seconds)
        },
    )
}

fn numbered(mut jobs: Vec<Job>, exact: bool) -> Vec<Job> {
    // Ids run against the order of the inputs, so that an order by place would show.
    for (job, id) in jobs.iter_mut().rev().zip(0..) {
        job.id = id;
        if exact {
            job.asked_seconds = job.run_seconds;
        }
    }
    jobs
}

fn service(class: u32, demand: &[u32]) -> Service {
    let hours = Window::ALWAYS.cut((0..=10).map(|hour| at(hour * 10)));
    let hours = hours.into_iter().filter(|hour| hour.start() > Instant::MIN);
    let demand = hours.zip(demand.iter().copied()).collect();
    Service { class, replica_gpus: 1, demand, replicas: Replicas::Peak, reach: vec![] }
}

/// One pool of constant capacity with many jobs that all fit it.
pub(crate) fn queues(exact: bool) -> impl Strategy<Value = World> {
    let shape = (0..400_i64, 1..9_u32, 1..60_u32, 0..60_u32);
    vec(shape, 1..120).prop_map(move |shapes| {
        let jobs = shapes.into_iter().map(|(submit, gpus, run_seconds, more)| Job {
            asked_seconds: run_seconds + more,
            ..job(0, submit, gpus, run_seconds)
        });
        let mut jobs = numbered(jobs.collect(), exact);
        jobs.sort_by_key(|job| (job.submit, job.id));
        one_pool(8, jobs, Backfill::Easy)
    })
}
