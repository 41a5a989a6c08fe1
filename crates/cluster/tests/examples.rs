//! Hand-made examples: where gangs go, what closes a node, and every kind of bad input.

use comity_cluster::{
    Ask, AskError, Cause, Cluster, ClusterError, Holding, Machine, ModelSet, NodeError, Policy,
    Span, Status, Typical, TypicalError,
};

const NODE: Machine =
    Machine { cpu_milli: 64_000, memory_mib: 1_024, gpus: 8, model: 0, rack: 0, hall: 0 };

/// Two halls; the first has racks of two and three nodes, the second one rack of two.
fn site() -> Vec<Machine> {
    [(0, 0), (0, 0), (0, 1), (0, 1), (0, 1), (1, 0), (1, 0)]
        .map(|(hall, rack)| Machine { hall, rack, ..NODE })
        .to_vec()
}

fn cluster(machines: Vec<Machine>) -> Cluster {
    Cluster::new(machines, Policy::Tightest).expect("they are machines")
}

fn place(cluster: &mut Cluster, ask: &Ask) -> Option<Holding> {
    let shape = cluster.shape(ask).expect("it fits an empty cluster");
    let choice = cluster.choose(shape)?;
    Some(cluster.take(choice))
}

/// Places gangs one after the other; each gives `node:GPUs` for its parts, or `-`.
fn check(asks: &[(u32, Span)], expected: &[&str]) {
    let mut cluster = cluster(site());
    let mut shown = Vec::new();
    for &(gpus, span) in asks {
        let Some(holding) = place(&mut cluster, &Ask::whole(gpus, span)) else {
            shown.push("-".to_owned());
            continue;
        };
        let mut parts: Vec<(u32, u32)> =
            cluster.parts(&holding).map(|part| (part.node, part.gpus.count_ones())).collect();
        parts.sort_unstable();
        let parts: Vec<String> =
            parts.into_iter().map(|(node, gpus)| format!("{node}:{gpus}")).collect();
        shown.push(parts.join(" "));
    }
    assert_eq!(shown, expected);
}

#[test]
fn gangs_lie_in_the_smallest_and_tightest_domain() {
    // The first of the tightest nodes, then where it was begun.
    check(&[(4, Span::Node), (4, Span::Site), (8, Span::Rack)], &["0:4", "0:4", "1:8"]);
    // A rack of two holds 16 and stays the tightest; then the rack of three is left whole for 24.
    check(
        &[(16, Span::Rack), (16, Span::Site), (24, Span::Rack)],
        &["0:8 1:8", "5:8 6:8", "2:8 3:8 4:8"],
    );
    // Whole nodes first, and the rest on the node that it fills best.
    check(&[(5, Span::Node), (11, Span::Rack)], &["0:5", "0:3 1:8"]);
    // No rack has 25, the first hall has; then only the site has 20.
    check(
        &[(25, Span::Hall), (20, Span::Hall), (20, Span::Site)],
        &["0:1 2:8 3:8 4:8", "-", "0:4 5:8 6:8"],
    );
}

#[test]
fn cpu_and_memory_bind_gangs_node_by_node() {
    let mut cluster = cluster(site());
    // 16,000 for each GPU: four of a node's eight.
    let ask = Ask { cpu_milli: 96_000, ..Ask::whole(6, Span::Rack) };
    let shape = cluster.shape(&ask).expect("it fits");
    let sizes = [Span::Node, Span::Rack, Span::Hall, Span::Site]
        .map(|span| cluster.largest_gang(shape, span));
    assert_eq!(sizes, [Some(4), Some(12), Some(20), Some(28)]);
    let node_only = Ask { span: Span::Node, ..ask };
    let never = AskError::NeverFits { asked: 6, largest: 4, span: Span::Node };
    assert_eq!(cluster.shape(&node_only), Err(never));
}

#[test]
fn a_node_is_open_when_no_cause_is_left() {
    let mut cluster = cluster(site()[..1].to_vec());
    let holding = place(&mut cluster, &Ask::whole(3, Span::Node)).expect("it is empty");
    assert_eq!(cluster.set_down(0, Cause::Drain), Ok(vec![holding.id()]));
    assert_eq!(cluster.status(0), Ok(Status::Draining));
    assert_eq!(cluster.set_down(0, Cause::Failure), Ok(vec![holding.id()]));
    assert_eq!(cluster.status(0), Ok(Status::Down));
    assert_eq!((cluster.free_gpus(), cluster.open_gpus(), cluster.held_milli()), (0, 0, 3_000));
    cluster.give_back(holding);
    assert_eq!(cluster.set_up(0, Cause::Failure), Ok(()));
    assert_eq!(cluster.status(0), Ok(Status::Draining));
    assert!(place(&mut cluster, &Ask::whole(1, Span::Node)).is_none());
    assert_eq!(cluster.set_up(0, Cause::Drain), Ok(()));
    assert_eq!((cluster.free_gpus(), cluster.open_gpus(), cluster.held_milli()), (8, 8, 0));
    assert!(place(&mut cluster, &Ask::whole(8, Span::Node)).is_some());
}

#[test]
fn all_that_is_wrong_with_machines_is_told() {
    assert_eq!(Cluster::new(Vec::new(), Policy::Tightest).err(), Some(vec![ClusterError::NoNodes]));
    let wrong = Machine { gpus: 65, model: 64, cpu_milli: u64::MAX, ..NODE };
    let errors = Cluster::new(vec![NODE, wrong], Policy::Tightest).err();
    let expected = vec![
        ClusterError::NodeGpus { node: 1, gpus: 65 },
        ClusterError::Model { node: 1, model: 64 },
        ClusterError::Amount { node: 1 },
    ];
    assert_eq!(errors, Some(expected));
    let mut small = cluster(vec![NODE]);
    let no_node = NodeError { node: 1, nodes: 1 };
    assert_eq!(small.status(1), Err(no_node));
    assert_eq!(small.set_down(1, Cause::Failure), Err(no_node));
    assert_eq!(small.set_up(1, Cause::Failure), Err(no_node));
}

#[test]
fn an_ask_that_is_none_or_never_fits_is_told_why() {
    let mut cluster = cluster(site());
    let one = Ask::whole(1, Span::Node);
    let third = ModelSet::of([3]).expect("it is a model");
    let cases = [
        (Ask::whole(0, Span::Node), AskError::Nothing),
        (Ask { milli: 1, ..one }, AskError::WholeAndShared { gpus: 1, milli: 1 }),
        (Ask { gpus: 0, milli: 1_000, ..one }, AskError::Share { milli: 1_000 }),
        (Ask { cpu_milli: u64::MAX, ..one }, AskError::Amount),
        (Ask { models: third, ..one }, AskError::UnknownModels),
        (
            Ask::whole(57, Span::Site),
            AskError::NeverFits { asked: 57, largest: 56, span: Span::Site },
        ),
        (
            Ask::whole(u32::MAX, Span::Hall),
            AskError::NeverFits { asked: u32::MAX, largest: 40, span: Span::Hall },
        ),
        (Ask { gpus: 0, milli: 500, cpu_milli: 64_001, ..one }, AskError::NoSuchNode),
        (Ask { gpus: 0, memory_mib: 1_025, ..one }, AskError::NoSuchNode),
    ];
    for (ask, error) in cases {
        assert_eq!(cluster.could_ever(&ask), Err(error), "{ask:?}");
        assert_eq!(cluster.shape(&ask), Err(error), "{ask:?}");
    }
    assert_eq!(ModelSet::of([64]), Err(AskError::ModelNumber { model: 64 }));
    assert_eq!(ModelSet::of([]), Err(AskError::NoModel));
}

#[test]
fn typical_work_is_some_work() {
    let one = Ask::whole(1, Span::Node);
    assert_eq!(Typical::of(&[], 95), Err(TypicalError::NoWork));
    assert_eq!(Typical::of(&[one], 0), Err(TypicalError::Percent { percent: 0 }));
    let wrong = TypicalError::Ask { ask: 1, source: AskError::Nothing };
    assert_eq!(Typical::of(&[one, Ask::whole(0, Span::Node)], 95), Err(wrong));
}

#[test]
#[should_panic(expected = "a choice is taken before the cluster changes")]
fn a_choice_does_not_outlive_what_it_rests_on() {
    let mut cluster = cluster(site());
    let shape = cluster.shape(&Ask::whole(8, Span::Node)).expect("it fits");
    let choice = cluster.choose(shape).expect("it is empty");
    let _first = cluster.take(choice);
    let _second = cluster.take(choice);
}
