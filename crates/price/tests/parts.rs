//! Runs that are made in parts: any cut and any order join to the same runs and estimates.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

use std::collections::BTreeMap;

use comity_price::{Confidence, Figure, Kind, Outcome, PartError, Run, Shard, figures, join};
use proptest::prelude::*;

fn run(number: u64, values: &[(i64, i64)]) -> Run {
    let figure = |(index, &(before, after)): (usize, &(i64, i64))| {
        let party = format!("party-{index}");
        (Figure::new(Kind::Net, [&party, "USD"]), (i128::from(before), i128::from(after)))
    };
    let figures: BTreeMap<Figure, (i128, i128)> = values.iter().enumerate().map(figure).collect();
    Run { number, outcomes: vec![Outcome { figures, jobs: Vec::new() }] }
}

/// Runs with different figures each, a cut, and an order of its parts.
fn cuts() -> impl Strategy<Value = (Vec<Run>, Vec<u64>)> {
    let values = prop::collection::vec((any::<i64>(), any::<i64>()), 0..4);
    let runs = prop::collection::vec(values, 1..40);
    let order = (1_u64..50).prop_flat_map(|of| Just((1..=of).collect::<Vec<u64>>()).prop_shuffle());
    (runs, order).prop_map(|(values, order)| {
        let runs = (0..).zip(&values).map(|(number, values)| run(number, values));
        (runs.collect(), order)
    })
}

/// The parts of a cut, in an order.
fn cut(runs: &[Run], order: &[u64]) -> Vec<(Shard, Vec<Run>)> {
    let (of, count) = (u64::try_from(order.len()).unwrap(), u64::try_from(runs.len()).unwrap());
    let part = |&index: &u64| {
        let shard = Shard::parse(&format!("{index}/{of}")).unwrap();
        let numbers = shard.runs(count);
        (shard, numbers.map(|number| runs[usize::try_from(number).unwrap()].clone()).collect())
    };
    order.iter().map(part).collect()
}

proptest! {
    #[test]
    fn any_cut_in_any_order_joins_to_the_same((runs, order) in cuts()) {
        let count = u64::try_from(runs.len()).unwrap();
        let parts = cut(&runs, &order);
        // Every run is in one part and no more.
        prop_assert_eq!(parts.iter().map(|(_, runs)| runs.len()).sum::<usize>(), runs.len());
        let joined = join(parts, count).unwrap();
        prop_assert_eq!(&joined, &runs);
        let confidence = Confidence::parse("95").unwrap();
        prop_assert_eq!(figures(&joined, 0, confidence), figures(&runs, 0, confidence));
    }

    #[test]
    fn a_part_that_is_missing_or_there_twice_is_named(
        (runs, order) in cuts(),
        at in any::<prop::sample::Index>(),
    ) {
        let count = u64::try_from(runs.len()).unwrap();
        let of = u64::try_from(order.len()).unwrap();
        let at = at.index(order.len());
        let mut parts = cut(&runs, &order);
        parts.push(parts[at].clone());
        let twice = PartError::Twice { index: order[at], of };
        prop_assert_eq!(join(parts.clone(), count), Err(vec![twice]));
        parts.pop();
        parts.remove(at);
        if !parts.is_empty() {
            let missing = PartError::Missing { index: order[at], of };
            prop_assert_eq!(join(parts, count), Err(vec![missing]));
        }
    }

    #[test]
    fn a_part_that_lacks_a_run_is_named((runs, order) in cuts(), at in any::<prop::sample::Index>()) {
        let count = u64::try_from(runs.len()).unwrap();
        let of = u64::try_from(order.len()).unwrap();
        let mut parts = cut(&runs, &order);
        let filled: Vec<usize> = (0..parts.len()).filter(|&it| !parts[it].1.is_empty()).collect();
        let part = filled[at.index(filled.len())];
        parts[part].1.pop();
        let lacks = PartError::OtherRuns { index: order[part], of };
        prop_assert_eq!(join(parts, count), Err(vec![lacks]));
    }
}
