//! Which of the nodes that can take work takes it.
//!
//! Each policy is one function from a node and an ask to a score; the best score wins, and of equal
//! ones the first node. `FGD` and its peers are those of the published experiment (see
//! [`crate::Typical`] for the paper), with its integer scores. There, "left" is what a node has
//! before it takes the work, and the largest CPU and the largest GPUs of a node in the cluster make
//! amounts comparable.

use crate::ask::Ask;
use crate::fragmentation::Typical;
use crate::state::{Node, State};
use crate::{WHOLE_MILLI, at};

/// How a cluster chooses among nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Policy {
    /// The node with the least room that is enough.
    Tightest,
    /// The first node in the order in which the cluster was given them.
    FirstFit,
    /// Any node, all equally likely, and any GPU of it that can be shared.
    Random {
        /// Where the draws begin.
        seed: u64,
    },
    /// The node that has the least CPU and GPU left afterwards, both counted alike.
    BestFit,
    /// The node whose free CPU and GPU, as a vector, has the least inner product with the ask.
    DotProd,
    /// Work that asks for as many GPUs on the same nodes.
    GpuClustering,
    /// GPUs that are shared already, then nodes that are used already, then empty ones.
    GpuPacking,
    /// The node on which the least becomes useless to typical work: fragmentation gradient descent.
    Fgd(Typical),
}

/// The largest CPU and the largest GPUs of one node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Largest {
    pub(crate) cpu_milli: u64,
    pub(crate) gpu_milli: u64,
}

impl Largest {
    pub(crate) fn of(state: &State) -> Self {
        let cpu = state.machines.iter().map(|machine| machine.cpu_milli).max().unwrap_or(0);
        let gpus = state.machines.iter().map(|machine| machine.gpus).max().unwrap_or(0);
        Self { cpu_milli: cpu.max(1), gpu_milli: u64::from(gpus.max(1)) * u64::from(WHOLE_MILLI) }
    }
}

/// Whether a node can take all of an ask now.
pub(crate) fn fits(state: &State, node: &Node, ask: &Ask) -> bool {
    node.is_open()
        && ask.cpu_milli <= node.cpu_left_milli
        && ask.memory_mib <= node.memory_left_mib
        && ask.models.contains(u16::from(node.model))
        && ask.gpus <= node.whole.count_ones()
        && (!ask.is_shared() || state.gpus_of(node).iter().any(|&left| left >= ask.milli))
}

/// The score of a node for an ask, if it can take it.
pub(crate) fn score(
    policy: &Policy,
    largest: Largest,
    state: &State,
    id: u32,
    ask: &Ask,
) -> Option<i32> {
    let node = &state.nodes[at(id)];
    if !fits(state, node, ask) {
        return None;
    }
    Some(match policy {
        Policy::Tightest => tightest(state, node, ask),
        Policy::FirstFit | Policy::Random { .. } => 0,
        Policy::BestFit => best_fit(largest, node, ask),
        Policy::DotProd => dot_product(largest, node, ask),
        Policy::GpuClustering => clustering(largest, state, id, ask),
        Policy::GpuPacking => packing(state, node, ask),
        Policy::Fgd(typical) => gradient(typical, state, node, ask),
    })
}

/// The GPU that shared work takes of a node that it fits, the first of several; 0 for other work.
pub(crate) fn gpu(policy: &Policy, state: &State, id: u32, ask: &Ask) -> u8 {
    if !ask.is_shared() {
        return 0;
    }
    let node = &state.nodes[at(id)];
    let gpu = match policy {
        Policy::Tightest
        | Policy::FirstFit
        | Policy::Random { .. }
        | Policy::BestFit
        | Policy::DotProd
        | Policy::GpuClustering
        | Policy::GpuPacking => {
            let tightest = tightest_left(state, node, ask);
            (0..).zip(state.gpus_of(node)).find(|&(_, &left)| left == tightest)
        }
        Policy::Fgd(typical) => {
            let gains = typical.gains(state, node, ask);
            let score = |left: u16| typical.percent(gains.of_share(left));
            let best = gradient(typical, state, node, ask);
            let mut gpus = (0..).zip(state.gpus_of(node));
            gpus.find(|&(_, &left)| left >= ask.milli && score(left) == best)
        }
    };
    gpu.map(|(gpu, _)| gpu).expect("a node that the ask fits has a GPU for it")
}

/// The least left of a GPU that is enough for shared work.
fn tightest_left(state: &State, node: &Node, ask: &Ask) -> u16 {
    let enough = state.gpus_of(node).iter().copied().filter(|&left| left >= ask.milli);
    enough.min().expect("a node that the ask fits has a GPU for it")
}

/// Minus what is left where the work goes: of the shared GPU, or of the node's GPUs.
fn tightest(state: &State, node: &Node, ask: &Ask) -> i32 {
    let left = if ask.is_shared() {
        u32::from(tightest_left(state, node, ask))
    } else if ask.is_cpu_only() {
        node.idle_milli
    } else {
        node.whole.count_ones()
    };
    -signed(left)
}

/// `100 × (1 − ½ × (cpu after ÷ largest) − ½ × (gpu after ÷ largest))`, rounded down.
///
/// The experiment then stretches the scores of all nodes to 0–100, which keeps their order.
fn best_fit(largest: Largest, node: &Node, ask: &Ask) -> i32 {
    let cpu = node.cpu_left_milli - ask.cpu_milli;
    let gpu = u64::from(node.idle_milli) - ask.gpu_milli();
    // A hundred times 2^40 of CPU times 64 GPUs in thousandths is below 2^63.
    let after = cpu * largest.gpu_milli + gpu * largest.cpu_milli;
    let whole = largest.cpu_milli * largest.gpu_milli;
    percent(i128::from((100 * whole - 50 * after) / whole))
}

/// `100 × (1 − ½ × (cpu left × cpu asked ÷ largest² + gpu left × gpu asked ÷ largest²))`, rounded
/// down.
fn dot_product(largest: Largest, node: &Node, ask: &Ask) -> i32 {
    let square = |amount: u64| i128::from(amount) * i128::from(amount);
    let cpu = i128::from(node.cpu_left_milli) * i128::from(ask.cpu_milli);
    let gpu = i128::from(node.idle_milli) * i128::from(ask.gpu_milli());
    let (cpu_square, gpu_square) = (square(largest.cpu_milli), square(largest.gpu_milli));
    let (part, whole) = (cpu * gpu_square + gpu * cpu_square, cpu_square * gpu_square);
    percent((100 * whole - 50 * part).div_euclid(whole))
}

fn percent(score: i128) -> i32 {
    i32::try_from(score).expect("parts are from 0 to twice the whole, so that scores are 0 to 100")
}

/// 75 where only such work is, 50 where some is, 25 where no work with GPUs is, otherwise 0; and up
/// to 25 for what is used already. Work is alike that shares GPUs, or that has as many on a node.
fn clustering(largest: Largest, state: &State, id: u32, ask: &Ask) -> i32 {
    if ask.is_cpu_only() {
        return 0;
    }
    let node = &state.nodes[at(id)];
    let owners = || state.holdings.owners(node);
    let as_many = |owner| u32::try_from(owners().filter(|&it| it == owner).count()) == Ok(ask.gpus);
    let shared = state.holdings.others(id).any(|(_, part)| part.milli > 0);
    let (alike, others) = if ask.is_shared() {
        (shared, owners().next().is_some())
    } else {
        (owners().any(as_many), shared || !owners().all(as_many))
    };
    let group = match (alike, others) {
        (true, false) => 75,
        (true, true) => 50,
        (false, false) => 25,
        (false, true) => 0,
    };
    let used = largest.gpu_milli - u64::from(node.idle_milli);
    let packed = 25 * used / largest.gpu_milli;
    group + i32::try_from(packed).expect("it is from 0 to 25")
}

/// 50 to 100 on GPUs that are shared already, the fuller the better; 33 to 50 where free GPUs of a
/// used node are needed, the fewer the better; up to 33 on an empty node, the smaller the better.
fn packing(state: &State, node: &Node, ask: &Ask) -> i32 {
    if ask.is_cpu_only() {
        return 0;
    }
    let gpus = i32::from(node.gpus);
    if node.whole.count_ones() == u32::from(node.gpus) {
        return (33 - gpus).max(gpus);
    }
    if !ask.is_shared() {
        return (50 - signed(ask.gpus)).max(33);
    }
    let left = tightest_left(state, node, ask);
    if left == WHOLE_MILLI {
        return 49;
    }
    (100 - i32::from(left) * 100 / i32::from(WHOLE_MILLI) / 10).max(50)
}

/// `100 × sigmoid((F before − F after) ÷ 1000)`, rounded down, at the best GPU for shared work. `F` is
/// what of the node's idle GPU typical work cannot use.
fn gradient(typical: &Typical, state: &State, node: &Node, ask: &Ask) -> i32 {
    let gains = typical.gains(state, node, ask);
    if !ask.is_shared() {
        return typical.percent(gains.of_whole());
    }
    let fit = state.gpus_of(node).iter().filter(|&&left| left >= ask.milli);
    let most = fit.map(|&left| gains.of_share(left)).max();
    typical.percent(most.expect("a node that the ask fits has a GPU for it"))
}

fn signed(small: u32) -> i32 {
    i32::try_from(small).expect("nodes have at most 64 GPUs")
}
