//! Random worlds in which jobs have shares of GPUs.

use comity_base::GpuTypeId;
use comity_fleet::{Job, Need, Nodes, Share, Size};
use comity_placement::{Backfill, Class, CommitmentPace};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{PERIOD, TYPES, closing, need, numbered, on_nodes, service, sometimes, upset};
use crate::world::{OPEN, World, by_arrival, job, one_pool, pool, window};

/// Upsets in small busy pools, where some jobs have shares, or all.
pub(crate) fn shares() -> impl Strategy<Value = World> {
    upset(busy()).prop_flat_map(|world| {
        let (pools, classes) = (world.pools.len(), world.classes.len());
        let backfill = prop_oneof![
            1 => Just(Backfill::None),
            1 => Just(Backfill::FirstFit),
            3 => Just(Backfill::Easy),
        ];
        (Just(world), vec(option::weighted(0.7, nodes()), pools), vec(needs(), classes), backfill)
            .prop_map(|(mut world, nodes, needs, backfill)| {
                if world.policy.backfill == Backfill::Conservative {
                    world.policy.backfill = backfill;
                }
                on_nodes((world, nodes, needs))
            })
    })
}

/// A pool or two with shares and some gangs that wait for nodes, beside which shares start that run
/// on.
pub(crate) fn crowded_shares() -> impl Strategy<Value = World> {
    let size = (3..12_u32, option::weighted(0.8, nodes()), option::weighted(0.3, 20..90_i64));
    let backfill = prop_oneof![4 => Just(Backfill::Easy), 1 => Just(Backfill::FirstFit)];
    (vec(size, 1..3), vec(needs(), 3), jobs(1..60), backfill).prop_map(
        |(pools, needs, jobs, backfill)| {
            let rulings = vec!["allow"; pools.len()];
            let class = |need| Class { need, ..crate::world::class(&rulings) };
            let pools = pools.into_iter().map(|(gpus, nodes, falls)| comity_placement::Pool {
                nodes,
                ..pool(TYPES[0], &[(-50, falls.unwrap_or(OPEN), 3), (-50, OPEN, gpus)])
            });
            World {
                period: window(0, PERIOD),
                pools: pools.collect(),
                classes: needs.into_iter().map(class).collect(),
                ..one_pool(1, jobs, backfill)
            }
        },
    )
}

/// Small pools that rise and fall, leases, commitments, terms that close, and many jobs.
fn busy() -> impl Strategy<Value = World> {
    (1..4_usize).prop_flat_map(|pools| {
        let levels = vec((-20..100_i64, 5..60_i64, 1..4_u32), 0..4);
        let class = (
            vec(option::weighted(0.2, 20..90_i64), pools),
            option::weighted(0.15, 0..2_usize),
            vec(option::of(0..2_usize), pools),
            vec(0..3_i128, pools),
        );
        let demand = vec(0..4_u32, 1..11);
        (
            vec((option::weighted(0.2, Just(1_usize)), 0..6_u32, levels), pools),
            vec(class, 3),
            jobs(1..45),
            sometimes(vec((0..3_u32, demand), 1..3)),
            vec(0..40_i128, 2),
        )
            .prop_map(|(pools, classes, jobs, services, targets)| World {
                pools: pools
                    .into_iter()
                    .map(|(gpu, base, levels)| {
                        let more =
                            levels.iter().map(|&(from, long, gpus)| (from, from + long, gpus));
                        let levels: Vec<_> = more.chain([(-50, OPEN, base)]).collect();
                        pool(TYPES[gpu.unwrap_or(0)], &levels)
                    })
                    .collect(),
                classes: classes
                    .into_iter()
                    .map(|(closed, gpu, commitment, price)| Class {
                        rulings: closed.into_iter().map(closing).collect(),
                        gpus: gpu
                            .map(|gpu| GpuTypeId::new(TYPES[gpu]).expect("an id"))
                            .into_iter()
                            .collect(),
                        commitment,
                        price: price.into_iter().map(|price| price * 500).collect(),
                        ..crate::world::class(&[])
                    })
                    .collect(),
                services: services.iter().map(|(class, demand)| service(*class, demand)).collect(),
                commitments: targets.into_iter().map(|target| CommitmentPace { target }).collect(),
                period: window(0, PERIOD),
                policy: by_arrival(Backfill::Easy),
                ..one_pool(1, jobs, Backfill::Easy)
            })
    })
}

/// Jobs of three classes: all with shares, or some, or few, the rest small gangs and some larger.
fn jobs(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Job>> {
    let gpus = prop_oneof![6 => 1..4_u32, 1 => 4..9_u32, 1 => Just(0)];
    let shape = (0..3_u32, -2..70_i64, share(), 0..10_u8, gpus, (0..40_u32, 0..25_u32));
    let shared = prop_oneof![Just(10_u8), Just(8), Just(5), Just(2)];
    (vec(shape, count), shared, any::<bool>()).prop_map(|(shapes, shared, exact)| {
        let jobs =
            shapes.into_iter().map(|(class, submit, share, chance, gpus, (run, more))| Job {
                class,
                size: if chance < shared { Size::Share(share) } else { Size::Gpus(gpus) },
                // Some ask for less than they run.
                asked_seconds: (run + more).saturating_sub(3),
                ..job(0, submit, 1, run)
            });
        numbered(jobs.collect(), exact)
    })
}

fn share() -> impl Strategy<Value = Share> {
    let round = prop::sample::select(vec![100, 250, 333, 500, 600, 900_u16]);
    let milli = prop_oneof![8 => round, 1 => 1..1_000_u16];
    milli.prop_map(|milli| Share::new(milli).expect("less than a whole"))
}

/// Small nodes, whose processors and memory often are what there is too little of.
fn nodes() -> impl Strategy<Value = Nodes> {
    let (cpu, memory) = (option::of(1..14_u64), option::of(2..14_u64));
    (1..5_u32, 1..3_u32, option::of(1..3_u32), cpu, memory).prop_map(
        |(gpus_per_node, nodes_per_rack, racks_per_hall, cpu_milli, memory_mib)| Nodes {
            gpus_per_node,
            nodes_per_rack,
            racks_per_hall,
            cpu_milli,
            memory_mib,
        },
    )
}

/// What a class needs, now and then of nodes that it shares with many.
fn needs() -> impl Strategy<Value = Need> {
    (need(), any::<bool>(), 0..12_u64, 0..12_u64).prop_map(|(need, small, cpu, memory)| {
        if small {
            return need;
        }
        Need { cpu_milli_per_gpu: cpu, memory_mib_per_gpu: memory, ..need }
    })
}
