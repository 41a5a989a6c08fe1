//! The published FGD experiment comes out to the last digit, all of it, in every test run.

#[path = "common/experiment.rs"]
mod experiment;

use std::path::{Path, PathBuf};

use comity_cluster::Policy;

const SEEDS: std::ops::RangeInclusive<u64> = 42..=51;

#[expect(clippy::print_stdout, reason = "a test that skips says so")]
fn data() -> Option<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if data.join("fgd").exists() {
        return Some(data);
    }
    println!("skipped: {} is not there", data.display());
    None
}

#[expect(clippy::disallowed_methods, reason = "the orders are no part of the repository")]
fn order(data: &Path, seed: u64) -> experiment::Order {
    let packed = std::fs::read(experiment::order_path(data, seed)).expect("each seed has an order");
    experiment::order(&packed).expect("the order is as its README says")
}

#[test]
fn five_policies_and_ten_seeds_equal_the_published_table_in_every_column() {
    let Some(data) = data() else { return };
    let trace = experiment::trace(&data).unwrap();
    let published = experiment::published(&data).unwrap();
    let mut compared = 0;
    for seed in SEEDS {
        let order = order(&data, seed);
        for (name, policy) in experiment::policies(&trace) {
            let curve = experiment::run(&trace, &order, policy).unwrap();
            let expected = &published[&(name.to_owned(), seed)];
            assert_eq!(&curve, expected, "{name}, seed {seed}");
            compared += expected.len();
        }
    }
    assert_eq!(compared, 5 * 10 * 131);
}

#[test]
fn any_node_at_random_comes_near_the_published_mean() {
    let Some(data) = data() else { return };
    let trace = experiment::trace(&data).unwrap();
    let published = experiment::published(&data).unwrap();
    let (mut ours, mut theirs) = (0, 0);
    for seed in SEEDS {
        let order = order(&data, seed);
        ours += experiment::run(&trace, &order, Policy::Random { seed }).unwrap()[&130];
        theirs += published[&("Random".to_owned(), seed)][&130];
    }
    // Hundredths of a per cent over ten seeds: the mean within a fifth of a point.
    assert!(ours.abs_diff(theirs) < 200, "{ours} and {theirs}");
}
