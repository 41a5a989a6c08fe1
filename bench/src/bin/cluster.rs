//! Placement decisions on clusters of a thousand to a million GPUs:
//! `cargo run --release --manifest-path bench/Cargo.toml --bin cluster`.
//!
//! Nodes of 8 GPUs, 9 to a rack, 100 racks to a hall. Gangs of mixed sizes come and go at random
//! from fixed seeds, with about 90 % held.

use std::error::Error;
use std::time::{Duration, Instant as Clock};

use comity_cluster::{Ask, Cluster, Holding, Machine, ModelSet, Policy, Shape, Span, Typical};

/// Decisions of a round; the fastest of the rounds counts, since the machine is shared.
const DECISIONS: u32 = 50_000;
const ROUNDS: u32 = 8;
/// GPUs of a gang, and how many of a hundred gangs are so large.
const SIZES: [(u32, u64); 7] = [(1, 30), (2, 15), (4, 15), (8, 25), (16, 8), (32, 4), (64, 3)];

fn main() -> Result<(), Box<dyn Error>> {
    println!("policy, asks: GPUs: per decision (choose and take); per give-back; held; placed");
    for (name, kinds) in [("whole GPUs", 1), ("whole GPUs, four CPU-to-GPU ratios", 4)] {
        for nodes in [125, 1_250, 12_500, 125_000] {
            churn(name, nodes, Policy::Tightest, &gangs(kinds))?;
        }
    }
    let work = shared();
    let typical: Vec<Ask> = work.iter().map(|&(ask, _)| ask).collect();
    let fgd = Policy::Fgd(Typical::of(&typical, 95)?);
    for (name, policy) in
        [("Tightest", Policy::Tightest), ("BestFit", Policy::BestFit), ("FGD", fgd)]
    {
        for nodes in [125, 1_250, 12_500, 125_000] {
            churn(
                &format!("{name}, whole and shared GPUs on one node"),
                nodes,
                policy.clone(),
                &work,
            )?;
        }
    }
    Ok(())
}

/// Gangs of whole GPUs: on one node up to 8, in one rack above.
fn gangs(kinds: u64) -> Vec<(Ask, u64)> {
    let of_kind = |kind: u64| {
        SIZES.iter().map(move |&(gpus, weight)| {
            let span = if gpus <= 8 { Span::Node } else { Span::Rack };
            let cpu_milli = if kind > 0 { kind * 4_000 * u64::from(gpus) } else { 0 };
            (Ask { cpu_milli, ..Ask::whole(gpus, span) }, weight)
        })
    };
    (0..kinds).flat_map(of_kind).collect()
}

/// Sixteen asks for one node, of which half share a GPU.
fn shared() -> Vec<(Ask, u64)> {
    let shares = (1..=8_u16).map(|kind| {
        let cpu_milli = 1_000 * u64::from(kind);
        let ask = Ask { milli: 110 * kind, cpu_milli, ..Ask::whole(0, Span::Node) };
        (ask, 6)
    });
    let wholes = (1..=8_u32).map(|gpus| {
        let ask = Ask {
            cpu_milli: 6_000 * u64::from(gpus),
            models: ModelSet::ANY,
            ..Ask::whole(gpus, Span::Node)
        };
        (ask, 6)
    });
    shares.chain(wholes).collect()
}

/// Xorshift (Marsaglia 2003): spread is all that is asked of it.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn churn(
    name: &str,
    nodes: u32,
    policy: Policy,
    work: &[(Ask, u64)],
) -> Result<(), Box<dyn Error>> {
    let machine = |node: u32| Machine {
        cpu_milli: 96_000,
        memory_mib: 786_432,
        gpus: 8,
        model: 0,
        rack: node / 9,
        hall: node / 900,
    };
    let machines = (0..nodes).map(machine).collect();
    let mut cluster = Cluster::new(machines, policy).map_err(|errors| format!("{errors:?}"))?;
    let shapes: Vec<Shape> =
        work.iter().map(|(ask, _)| cluster.shape(ask)).collect::<Result<_, _>>()?;
    let weight: u64 = work.iter().map(|(_, weight)| weight).sum();
    let mut draws = Draws(88_172_645_463_325_252);
    let pick = |draws: &mut Draws| {
        let mut drawn = draws.below(weight);
        let mut kind = 0;
        while drawn >= work[kind].1 {
            drawn -= work[kind].1;
            kind += 1;
        }
        shapes[kind]
    };
    let full = u64::from(cluster.gpus()) * 900;
    let mut held: Vec<Holding> = Vec::new();
    while cluster.held_milli() < full {
        let shape = pick(&mut draws);
        if let Some(choice) = cluster.choose(shape) {
            held.push(cluster.take(choice));
        }
    }
    let (mut fastest, mut fastest_back) = (f64::MAX, f64::MAX);
    let mut placed = 0_u32;
    for _ in 0..ROUNDS {
        let (mut deciding, mut giving, mut given) = (Duration::ZERO, Duration::ZERO, 0_u32);
        for _ in 0..DECISIONS {
            let started = Clock::now();
            while cluster.held_milli() >= full {
                let any = usize::try_from(draws.below(u64::try_from(held.len())?))?;
                cluster.give_back(held.swap_remove(any));
                given += 1;
            }
            giving += started.elapsed();
            let shape = pick(&mut draws);
            let started = Clock::now();
            if let Some(choice) = cluster.choose(shape) {
                held.push(cluster.take(choice));
                placed += 1;
            }
            deciding += started.elapsed();
        }
        fastest = fastest.min(deciding.as_secs_f64() * 1e9 / f64::from(DECISIONS));
        fastest_back = fastest_back.min(giving.as_secs_f64() * 1e9 / f64::from(given));
    }
    println!(
        "{name}: {}: {fastest:.0} ns; {fastest_back:.0} ns; {} %; {} %",
        cluster.gpus(),
        cluster.held_milli() / 10 / u64::from(cluster.gpus()),
        100 * placed / DECISIONS / ROUNDS,
    );
    Ok(())
}
