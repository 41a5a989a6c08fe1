//! Checks on which nodes the pieces of a plan lie.

use std::collections::BTreeMap;

use comity_base::{Instant, Window};
use comity_fleet::{Nodes, Span};
use comity_placement::{Gang, Plan};

use crate::checker::class_of;
use crate::world::World;

/// When a job holds how many GPUs of a node.
type Held = (Window, u32, usize);

/// Panics when a gang is not what its job asks for, lies further apart than its class may, or nodes
/// give more than they have.
pub(crate) fn check(world: &World, plan: &Plan) {
    let mut on_node: BTreeMap<(usize, u32), Vec<Held>> = BTreeMap::new();
    let mut pieces = 0;
    for gang in &plan.gangs {
        let job = &world.jobs[gang.job];
        let need = class_of(world, job.class).need;
        let nodes = world.pools[gang.pool].nodes.as_ref().expect("only pools with nodes have them");
        let mut found = plan.outcomes[gang.job].pieces();
        let piece = found.find(|it| it.start == gang.start).expect("a gang is of a piece");
        assert_eq!(piece.pool, gang.pool);
        let sum: u32 = gang.nodes.iter().map(|it| it.gpus).sum();
        assert_eq!(sum, job.size.gpus(), "{job:?} lies on {:?}", gang.nodes);
        let apart = |size: u32| {
            let of = |it: &comity_placement::OnNode| it.node / size;
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
        let held = Window::new(piece.start, piece.end).expect("a piece lasts");
        for it in &gang.nodes {
            on_node.entry((gang.pool, it.node)).or_default().push((held, it.gpus, gang.job));
        }
        pieces += 1;
    }
    for ((pool, node), held) in &on_node {
        let nodes = world.pools[*pool].nodes.as_ref().expect("a pool with nodes");
        for (window, ..) in held {
            assert_fits(world, nodes, held, window.start(), *node);
        }
    }
    let limited = |pool: usize| plan.gangs.iter().any(|gang: &Gang| gang.pool == pool);
    let all = plan.outcomes.iter().flat_map(comity_placement::Outcome::pieces);
    let kept = |pool: usize| world.reservations.iter().any(|kept| kept.pool == pool);
    let expected = all.filter(|piece| limited(piece.pool) && !kept(piece.pool)).count();
    assert!(pieces >= expected, "{expected} pieces have a place, and {pieces} are told");
}

/// Nodes have what is held of them at an instant.
fn assert_fits(world: &World, nodes: &Nodes, held: &[Held], at: Instant, node: u32) {
    let there = || held.iter().filter(|(window, ..)| window.contains(at));
    let gpus: u32 = there().map(|&(_, gpus, _)| gpus).sum();
    assert!(gpus <= nodes.gpus_per_node, "{gpus} GPUs of node {node} at {at}");
    let of = |per_gpu: fn(&comity_fleet::Need) -> u64| -> u64 {
        let part = |&(_, gpus, job): &Held| {
            per_gpu(&class_of(world, world.jobs[job].class).need) * u64::from(gpus)
        };
        there().map(part).sum()
    };
    let (cpu, memory) = (of(|it| it.cpu_milli_per_gpu), of(|it| it.memory_mib_per_gpu));
    assert!(nodes.cpu_milli.is_none_or(|most| cpu <= most), "{cpu} CPU of node {node} at {at}");
    assert!(nodes.memory_mib.is_none_or(|most| memory <= most), "memory of node {node} at {at}");
}
