//! Which of the nodes that can take work takes it.
//!
//! Each policy is one function from a node and an ask to a score; the best score wins, and of equal
//! ones the first node. `FGD` and its peers are those of the published experiment (see
//! [`crate::Typical`] for the paper), with its integer scores. There, "left" is what a node has
//! before it takes the work, and the largest CPU and the largest GPUs of a node in the cluster make
//! amounts comparable.

use crate::ask::Ask;
use crate::fragmentation::{Left, Typical};
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

/// A node's score, and the GPU of it that shared work takes (0 where it takes none).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Score {
    pub(crate) score: i32,
    pub(crate) gpu: u8,
}

/// The largest CPU and the largest GPUs of one node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Largest {
    pub(crate) cpu_milli: i128,
    pub(crate) gpu_milli: i128,
}

impl Largest {
    pub(crate) fn of(state: &State) -> Self {
        let cpu = state.machines.iter().map(|machine| machine.cpu_milli).max().unwrap_or(0);
        let gpus = state.machines.iter().map(|machine| machine.gpus).max().unwrap_or(0);
        Self {
            cpu_milli: i128::from(cpu.max(1)),
            gpu_milli: i128::from(gpus.max(1)) * i128::from(WHOLE_MILLI),
        }
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
) -> Option<Score> {
    let node = &state.nodes[at(id)];
    if !fits(state, node, ask) {
        return None;
    }
    let gpu = tightest_gpu(state, node, ask);
    let score = match policy {
        Policy::Tightest => tightest(state, node, ask, gpu),
        Policy::FirstFit | Policy::Random { .. } => 0,
        Policy::BestFit => best_fit(largest, node, ask),
        Policy::DotProd => dot_product(largest, node, ask),
        Policy::GpuClustering => clustering(largest, state, id, ask),
        Policy::GpuPacking => packing(state, node, ask, gpu),
        Policy::Fgd(typical) => return Some(gradient(typical, state, node, ask)),
    };
    Some(Score { score, gpu })
}

/// The GPU with the least left that is enough for shared work, the first of several.
pub(crate) fn tightest_gpu(state: &State, node: &Node, ask: &Ask) -> u8 {
    if !ask.is_shared() {
        return 0;
    }
    let gpus = (0..).zip(state.gpus_of(node)).filter(|&(_, &left)| left >= ask.milli);
    gpus.min_by_key(|&(_, &left)| left).map_or(0, |(gpu, _)| gpu)
}

/// Minus what is left where the work goes: of the shared GPU, or of the node's GPUs.
fn tightest(state: &State, node: &Node, ask: &Ask, gpu: u8) -> i32 {
    let left = if ask.is_shared() {
        u32::from(state.gpus_of(node)[usize::from(gpu)])
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
    let cpu = i128::from(node.cpu_left_milli) - i128::from(ask.cpu_milli);
    let gpu = i128::from(node.idle_milli) - i128::from(ask.gpu_milli());
    let after = cpu * largest.gpu_milli + gpu * largest.cpu_milli;
    percent_less(after, largest.cpu_milli * largest.gpu_milli)
}

/// `100 × (1 − ½ × (cpu left × cpu asked ÷ largest² + gpu left × gpu asked ÷ largest²))`, rounded
/// down.
fn dot_product(largest: Largest, node: &Node, ask: &Ask) -> i32 {
    let cpu = i128::from(node.cpu_left_milli) * i128::from(ask.cpu_milli);
    let gpu = i128::from(node.idle_milli) * i128::from(ask.gpu_milli());
    let (cpu_square, gpu_square) =
        (largest.cpu_milli * largest.cpu_milli, largest.gpu_milli * largest.gpu_milli);
    percent_less(cpu * gpu_square + gpu * cpu_square, cpu_square * gpu_square)
}

/// `100 × (1 − ½ × part ÷ whole)`, rounded down.
fn percent_less(part: i128, whole: i128) -> i32 {
    let score = (100 * whole - 50 * part).div_euclid(whole);
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
    let used = largest.gpu_milli - i128::from(node.idle_milli);
    let packed = 25 * used / largest.gpu_milli;
    group + i32::try_from(packed).expect("it is from 0 to 25")
}

/// 50 to 100 on GPUs that are shared already, the fuller the better; 33 to 50 where free GPUs of a
/// used node are needed, the fewer the better; up to 33 on an empty node, the smaller the better.
fn packing(state: &State, node: &Node, ask: &Ask, gpu: u8) -> i32 {
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
    let left = state.gpus_of(node)[usize::from(gpu)];
    if left == WHOLE_MILLI {
        return 49;
    }
    (100 - i32::from(left) * 100 / i32::from(WHOLE_MILLI) / 10).max(50)
}

/// `100 × sigmoid((F before − F after) ÷ 1000)`, rounded down, at the best GPU for shared work, the
/// first of several. `F` is what of the node's idle GPU typical work cannot use.
fn gradient(typical: &Typical, state: &State, node: &Node, ask: &Ask) -> Score {
    let now = Left::now(state, node);
    let mut gpus = [0; 64];
    let gpus = &mut gpus[..usize::from(node.gpus)];
    gpus.copy_from_slice(now.gpus_milli);
    let before = typical.fragments(&now);
    let cpu_milli = now.cpu_milli - ask.cpu_milli;
    let scored = |gpus: &[u16]| {
        let after = typical.fragments(&Left { gpus_milli: gpus, cpu_milli, ..now });
        sigmoid_percent(before - after, typical.weight())
    };
    if !ask.is_shared() {
        let free = gpus.iter_mut().filter(|left| **left == WHOLE_MILLI);
        free.take(at(ask.gpus)).for_each(|left| *left = 0);
        return Score { score: scored(gpus), gpu: 0 };
    }
    let mut best: Option<Score> = None;
    for gpu in 0..node.gpus {
        let place = usize::from(gpu);
        let left = now.gpus_milli[place];
        if left < ask.milli || now.gpus_milli[..place].contains(&left) {
            continue;
        }
        gpus[place] = left - ask.milli;
        let score = scored(gpus);
        gpus[place] = left;
        if best.is_none_or(|best| score > best.score) {
            best = Some(Score { score, gpu });
        }
    }
    best.expect("a node that the ask fits has a GPU for it")
}

/// `100 × 1 ÷ (1 + e^(−x))`, rounded down, so 0 to 99, where `x` is `gain ÷ weight ÷ 1000`.
fn sigmoid_percent(gain: i64, weight: i64) -> i32 {
    // The score is at least s where x ≥ ln(s ÷ (100 − s)); with exact numbers on both sides.
    let gain = i128::from(gain) * 1_000_000_000;
    let weight = i128::from(weight);
    let reached = |size: i128| LOGITS.partition_point(|&logit| i128::from(logit) * weight <= size);
    let above = |size: i128| i32::try_from(reached(size)).expect("there are 49 of them");
    if gain >= 0 {
        return 50 + above(gain);
    }
    // Below 50 the thresholds are those above with the other sign, and none is met exactly, since
    // they are irrational.
    49 - above(-gain)
}

/// `10^12 × ln(s ÷ (100 − s))`, rounded, for s from 51 to 99.
const LOGITS: [i64; 49] = [
    40_005_334_614,
    80_042_707_674,
    120_144_311_842,
    160_342_650_075,
    200_670_695_462,
    241_162_056_817,
    281_851_152_141,
    322_773_392_263,
    363_965_377_201,
    405_465_108_108,
    447_312_218_044,
    489_548_225_319,
    532_216_813_747,
    575_364_144_904,
    619_039_208_406,
    663_294_217_410,
    708_185_057_924,
    753_771_802_376,
    800_119_300_112,
    847_297_860_387,
    895_384_047_055,
    944_461_608_841,
    994_622_575_144,
    1_045_968_555_183,
    1_098_612_288_668,
    1_152_679_509_938,
    1_208_311_205_925,
    1_265_666_373_331,
    1_324_925_414_744,
    1_386_294_361_120,
    1_450_010_175_506,
    1_516_347_489_368,
    1_585_627_263_740,
    1_658_228_076_604,
    1_734_601_055_388,
    1_815_289_966_638,
    1_900_958_761_193,
    1_992_430_164_690,
    2_090_741_096_934,
    2_197_224_577_336,
    2_313_634_929_181,
    2_442_347_035_369,
    2_586_689_344_098,
    2_751_535_313_042,
    2_944_438_979_166,
    3_178_053_830_348,
    3_476_098_689_835,
    3_891_820_298_111,
    4_595_119_850_135,
];

fn signed(small: u32) -> i32 {
    i32::try_from(small).expect("nodes have at most 64 GPUs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "the published score is defined in floats")]
    #[expect(clippy::cast_possible_truncation, reason = "it is a number from 0 to 99")]
    fn the_sigmoid_is_that_of_the_paper() {
        for gain in -9_000_000..9_000_000_i64 {
            if gain % 97 != 0 {
                continue;
            }
            let x = gain as f64 / 777.0 / 1_000.0;
            let float = (100.0 / (1.0 + (-x).exp())) as i32;
            assert_eq!(sigmoid_percent(gain, 777), float, "{gain}");
        }
    }
}
