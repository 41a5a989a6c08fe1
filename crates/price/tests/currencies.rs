//! Jobs that a term moves between hosts whose prices are in different currencies.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use std::collections::BTreeMap;

use comity_price::{Kind, MovedJob, Side, measure, without};
use comity_replay::{Traces, Under, work};

use common::{deal, term};

/// The lab's jobs run at the cloud by an exclusivity, and else at the rival, which asks for less.
const AGREEMENT: &str = "\
kind: version
agreement: main
name: Main
parties: [lab, cloud, rival]
version: \"2025-01-01\"
summary: Who hosts.
executed: 2025-01-01
effective: {from: 2025-01-01}
recorded: 2025-01-01
adds:
  - exclusivity: {id: only-cloud, holder: cloud, grantor: lab, grantor-excluded: true, action: host, object: api, for: lab, BASIS}
";
const DEAL: &str = "\
kind: deal
name: Small
summary: Two hosts, two currencies.
currency: {code: USD, digits: 2}
currencies: {JPY: 0}
rounding: half-even
silence: {otherwise: liberty}
actions: {host: {name: host}}
objects: {api: {name: the API}}
purposes: {training: {name: training}}
places: {us: {name: United States}}
";
const SITES: &str = "\
kind: sites
gpus: {h100: {name: H100}}
sites:
  near:
    name: the cloud's
    place: us
    owner: cloud
    host: cloud
    operator: cloud
    phases: [{from: 2025-01-01, gpu: h100, gpus: 1000, power-mw: 1, BASIS}]
    BASIS
  far:
    name: the rival's
    place: us
    owner: rival
    host: rival
    operator: rival
    phases: [{from: 2025-01-01, gpu: h100, gpus: 1000, power-mw: 1, BASIS}]
    BASIS
";
const RATES: &str = "\
kind: rates
rates:
  of-cloud: {seller: cloud, meter: gpu-time, price: 260.4, currency: JPY, per: gpu-hour, from: 2025-01-01, BASIS}
  of-rival: {seller: rival, meter: gpu-time, price: 3.00, per: gpu-hour, from: 2025-01-01, BASIS}
";
const WORKLOAD: &str = "\
kind: workload
period: {from: 2025-02-01, to: 2025-02-08}
seed: 7
streams:
  train:
    party: lab
    purpose: training
    acts: [{action: host, object: api, by: host}]
    jobs:
      per-day: 20
      sizes: [{gpus: 1, weight: 1}, {gpus: 8, weight: 1}]
      run: [{share: 0 %, hours: 1}, {share: 100 %, hours: 20}]
      asked-percent: 150
    BASIS
";

#[test]
fn a_job_moves_money_in_the_currency_of_each_host() {
    let loaded = deal(&[
        ("deal.yaml", DEAL),
        ("main.yaml", AGREEMENT),
        ("sites.yaml", SITES),
        ("rates.yaml", RATES),
        ("workload.yaml", WORKLOAD),
    ]);
    let workload = loaded.workload.as_ref().unwrap();
    let (fleet, period) = (&loaded.fleet, workload.period);
    let rest = without(loaded.deal.parts(), &[term("only-cloud")].into()).unwrap().deal;
    let drawn = work(workload, period, workload.seed, Traces::default()).unwrap();
    let side = |deal| Side::new(deal, fleet, &drawn, Under::Calendar);
    let run = measure(&[[side(&rest), side(&loaded.deal)]], workload, period, workload.seed, 0);
    let outcome = &run.unwrap().outcomes[0];
    let held: i128 = outcome
        .figures
        .iter()
        .find(|(figure, _)| {
            figure.kind == Kind::Moved && figure.of == ["training", "rival", "cloud"]
        })
        .map(|(_, pair)| pair.1)
        .unwrap();
    // All of it leaves the rival for the cloud; each day is rounded down to the smallest unit.
    let mut days: BTreeMap<&str, (i128, i128)> = BTreeMap::new();
    for (figure, pair) in outcome.figures.iter().filter(|(figure, _)| figure.kind == Kind::Day) {
        let sum = days.entry(figure.of[1].as_str()).or_default();
        *sum = (sum.0 + pair.1, sum.1 + 1);
    }
    // In tenths of a cent and of a yen.
    for (code, per_hour) in [("USD", 3_000), ("JPY", 2_604)] {
        let exact = held * per_hour / (3_600 * 10);
        let (sum, count) = days.remove(code).unwrap();
        assert!((exact - count..=exact).contains(&sum), "{code}: {sum} of {exact}, {count} days");
    }
    assert!(days.is_empty(), "{days:?}");
    // The jobs that move most are the same in both, each in the money of where it was or is.
    let of = |code: &str| -> Vec<&MovedJob> {
        outcome.jobs.iter().filter(|job| job.currency == code).collect()
    };
    let (dollars, yen) = (of("USD"), of("JPY"));
    assert_eq!((dollars.len(), yen.len(), outcome.jobs.len()), (3, 3, 6));
    for (dollars, yen) in dollars.iter().zip(&yen) {
        assert_eq!(dollars.id, yen.id);
        let exact = dollars.money * 2_604 / 3_000;
        assert!((exact - 1..=exact + 1).contains(&yen.money), "{dollars:?} {yen:?}");
        assert_eq!(dollars.hosts, ["rival", "cloud"].map(|host| Some(host.to_owned())));
    }
    assert!(dollars.is_sorted_by_key(|job| std::cmp::Reverse(job.money)));
}
