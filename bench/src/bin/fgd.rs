//! The published FGD experiment, all 50 runs, against the published table and the clock:
//! `cargo run --release --manifest-path bench/Cargo.toml --bin fgd`.
//!
//! Reads `../shared/data` beside the repository.

#[path = "../../../crates/cluster/tests/common/experiment.rs"]
mod experiment;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::time::Instant as Clock;

use comity_cluster::Policy;

const COLUMNS: [u64; 4] = [100, 110, 120, 130];

fn main() -> Result<(), Box<dyn Error>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let trace = experiment::trace(&data)?;
    let published = experiment::published(&data)?;
    let mut seconds: BTreeMap<&str, f64> = BTreeMap::new();
    let mut sums: BTreeMap<&str, [u64; 4]> = BTreeMap::new();
    let (mut equal, mut compared) = (0, 0);
    let mut random_published = 0;
    for seed in 42..=51 {
        let order = experiment::order(&std::fs::read(experiment::order_path(&data, seed))?)?;
        let policies = experiment::policies(&trace);
        for (name, policy) in policies.into_iter().chain([("Random", Policy::Random { seed })]) {
            let started = Clock::now();
            let curve = experiment::run(&trace, &order, policy)?;
            *seconds.entry(name).or_default() += started.elapsed().as_secs_f64();
            let expected = &published[&(name.to_owned(), seed)];
            if name == "Random" {
                random_published += expected[&130];
            } else {
                compared += expected.len();
                equal += expected.iter().filter(|&(column, used)| curve[column] == *used).count();
            }
            let sums = sums.entry(name).or_default();
            for (sum, column) in sums.iter_mut().zip(COLUMNS) {
                *sum += curve[&column];
            }
        }
    }
    println!("used of all GPUs (%), mean of ten seeds, when this share of capacity has arrived");
    println!("policy              100      110      120      130   seconds for ten runs");
    for (name, sums) in &sums {
        print!("{name:<14}");
        for sum in sums {
            print!("  {:>3}.{:03}", sum / 1_000, sum % 1_000);
        }
        println!("  {:.2}", seconds[name]);
    }
    let all: f64 = seconds.iter().filter(|(name, _)| **name != "Random").map(|(_, it)| it).sum();
    println!("{equal} of {compared} published figures are equal; the 50 runs took {all:.2} s");
    println!(
        "Random at 130 as published: {}.{:03}",
        random_published / 1_000,
        random_published % 1_000
    );
    if equal == compared { Ok(()) } else { Err("the published figures are not met".into()) }
}
