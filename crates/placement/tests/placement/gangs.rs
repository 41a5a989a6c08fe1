//! Checks on which nodes the pieces of a plan lie, and of which GPUs they have shares.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{Instant, Window};
use comity_fleet::{Job, Need, Nodes, Size, Span};
use comity_placement::{Gang, OnNode, Outcome, Plan};

use crate::checker::class_of;
use crate::floor::ONE_GPU_EACH;
use crate::world::World;

/// When a job holds what of a node.
struct Held<'a> {
    window: Window,
    on: OnNode,
    job: &'a Job,
    need: Need,
}

/// Panics when a job does not lie on what it asks for, lies further apart than its class may, or
/// nodes and GPUs give more than they have.
pub(crate) fn check(world: &World, plan: &Plan) {
    let mut on_node: BTreeMap<(usize, u32), Vec<Held<'_>>> = BTreeMap::new();
    let mut told = BTreeSet::new();
    for gang in &plan.gangs {
        let job = &world.jobs[gang.job];
        let nodes = nodes(world, gang.pool);
        // Any GPUs of a pool that does not say how they stand are as good as others.
        let stands = world.pools[gang.pool].nodes.is_some();
        let need = if stands { class_of(world, job.class).need } else { Need::default() };
        let mut found = plan.outcomes[gang.job].pieces();
        let piece = found.find(|it| it.start == gang.start).expect("a gang is of a piece");
        assert_eq!(piece.pool, gang.pool);
        assert_size(job, gang);
        let apart = |size: u32| {
            let of = |it: &OnNode| it.node / size;
            gang.nodes.iter().any(|it| of(it) != of(&gang.nodes[0]))
        };
        let rack = nodes.nodes_per_rack;
        let within = match need.span {
            Span::Node => Some(1),
            Span::Rack => Some(rack),
            Span::Hall => nodes.racks_per_hall.map(|racks| rack * racks),
            Span::Site => None,
        };
        assert!(!within.is_some_and(apart), "{job:?} lies apart: {:?}", gang.nodes);
        let window = Window::new(piece.start, piece.end).expect("a piece lasts");
        for it in world.maintenance.iter().filter(|it| it.pool == gang.pool) {
            let closed = |on: &OnNode| it.nodes.iter().any(|nodes| nodes.contains(&on.node));
            let meanwhile = it.window.intersect(window).is_some();
            assert!(!meanwhile || !gang.nodes.iter().any(closed), "{job:?} lies on closed nodes");
        }
        for &on in &gang.nodes {
            let held = on_node.entry((gang.pool, on.node)).or_default();
            held.push(Held { window, on, job, need });
        }
        assert!(told.insert((gang.job, gang.start)), "{job:?} lies twice at {}", gang.start);
    }
    for (&(pool, node), held) in &on_node {
        let nodes = nodes(world, pool);
        for it in held {
            assert_fits(&nodes, held, it.window.start(), node);
            assert_whole(&nodes, held, it);
        }
    }
    let limited = |pool: usize| plan.gangs.iter().any(|gang: &Gang| gang.pool == pool);
    let kept = |pool: usize| world.reservations.iter().any(|kept| kept.pool == pool);
    for (index, (job, outcome)) in world.jobs.iter().zip(&plan.outcomes).enumerate() {
        for piece in Outcome::pieces(outcome) {
            let asked = job.size.share().is_some() || limited(piece.pool) && !kept(piece.pool);
            let says = told.contains(&(index, piece.start));
            assert!(says || !asked, "where {job:?} lies at {} is not told", piece.start);
        }
    }
}

/// How the nodes of a pool stand: of one GPU each where it does not say.
fn nodes(world: &World, pool: usize) -> Nodes {
    world.pools[pool].nodes.clone().unwrap_or(ONE_GPU_EACH)
}

/// A gang has all of its GPUs; a share is of one GPU.
fn assert_size(job: &Job, gang: &Gang) {
    let sum: u32 = gang.nodes.iter().map(|it| it.gpus).sum();
    assert_eq!(sum, job.size.gpus(), "{job:?} lies on {:?}", gang.nodes);
    let shared = gang.nodes.iter().all(|it| it.shared.is_some() == job.size.share().is_some());
    assert!(shared, "{job:?} lies on {:?}", gang.nodes);
}

/// A node and its GPUs have what is held of them at an instant.
fn assert_fits(nodes: &Nodes, held: &[Held<'_>], at: Instant, node: u32) {
    let there = || held.iter().filter(|it| it.window.contains(at));
    let mut whole = 0;
    let mut shared: BTreeMap<u8, u64> = BTreeMap::new();
    for it in there() {
        match it.on.shared {
            Some(gpu) => *shared.entry(gpu).or_default() += it.job.size.milli(),
            None => whole += it.on.gpus,
        }
    }
    for (&gpu, &milli) in &shared {
        assert!(u32::from(gpu) < nodes.gpus_per_node, "node {node} has no GPU {gpu}");
        assert!(milli <= 1_000, "{milli} thousandths of GPU {gpu} of node {node} at {at}");
    }
    let gpus = whole + u32::try_from(shared.len()).expect("few");
    assert!(gpus <= nodes.gpus_per_node, "{gpus} GPUs of node {node} at {at}");
    let sum = |per_gpu: fn(&Need) -> u64| -> u64 {
        let part = |it: &Held<'_>| match it.job.size {
            Size::Gpus(_) => per_gpu(&it.need) * u64::from(it.on.gpus),
            Size::Share(share) => (per_gpu(&it.need) * u64::from(share.milli())).div_ceil(1_000),
        };
        there().map(part).sum()
    };
    let (cpu, memory) = (sum(|it| it.cpu_milli_per_gpu), sum(|it| it.memory_mib_per_gpu));
    assert!(nodes.cpu_milli.is_none_or(|most| cpu <= most), "{cpu} CPU of node {node} at {at}");
    assert!(nodes.memory_mib.is_none_or(|most| memory <= most), "memory of node {node} at {at}");
}

/// A gang has its GPUs of a node for itself for as long as it runs: none of them is one that others
/// have shares of meanwhile.
fn assert_whole(nodes: &Nodes, held: &[Held<'_>], gang: &Held<'_>) {
    let meanwhile = held.iter().filter(|it| it.window.intersect(gang.window).is_some());
    let shared: BTreeSet<u8> = meanwhile.filter_map(|it| it.on.shared).collect();
    let shared = u32::try_from(shared.len()).expect("few");
    let whole = gang.on.shared.is_none();
    assert!(!whole || gang.on.gpus + shared <= nodes.gpus_per_node, "{:?} is shared", gang.job);
}
