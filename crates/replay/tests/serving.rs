//! Replicas that follow traffic, and every token served or unserved: worked examples, laws, and a
//! plain count beside.

use comity_base::{GpuTypeId, Instant, ObjectId, PartyId, PlaceId, Ratio, SiteId, TermId, Window};
use comity_fleet::{Autoscale, Capacity, Need, Region, Serving};
use comity_placement::{
    Class, Inputs, Plan, Policy, Pool, Replicas, Restarts, RuledWindow, Ruling, Service,
    ShortfallReason, place,
};
use comity_replay::{
    ServiceWork, Tokens, Traffic, autoscale, read_requests, replicas_needed, served, share_traffic,
    traffic_in_period,
};
use expect_test::expect;
use proptest::collection::vec;
use proptest::prelude::*;

const HOUR: i64 = 3_600;

fn hours(counts: &[u32]) -> Vec<(Window, u32)> {
    (0..).map(hour).zip(counts.iter().copied()).collect()
}

fn hour(hour: i64) -> Window {
    let at = |hour: i64| Instant::from_seconds(hour * HOUR);
    Window::new(at(hour), at(hour + 1)).expect("an hour holds something")
}

fn ratio(over: i64, under: i64) -> Ratio {
    Ratio::new(over, under).expect("tests write proportions")
}

/// Looks each hour, and keeps what was recommended for three hours.
const POLICY: Autoscale = Autoscale {
    every_seconds: 3_600,
    target_utilization: Ratio::ONE,
    stabilization_seconds: 3 * 3_600,
    min_replicas: 0,
    max_replicas: None,
    start_up_seconds: 600,
};

/// The steps at each hour.
fn check(policy: &Autoscale, recommended: &[u32], expected: &[u32]) {
    let steps = autoscale(policy, &hours(recommended));
    let at = |hour_of: i64| {
        let found = steps.iter().find(|(window, _)| window.contains(hour(hour_of).start()));
        found.map(|&(_, count)| count)
    };
    let seen: Vec<Option<u32>> = (0..).take(recommended.len()).map(at).collect();
    let expected: Vec<Option<u32>> = expected.iter().copied().map(Some).collect();
    assert_eq!(seen, expected, "{policy:?} of {recommended:?}");
}

#[test]
fn steps_rise_at_once_and_fall_late() {
    // The 9 of hour 2 counts at looks up to hour 5; the 4 of hour 5 then lasts to the end.
    check(&POLICY, &[2, 5, 9, 1, 1, 4, 1, 1, 1], &[2, 5, 9, 9, 9, 9, 4, 4, 4]);
    let at_once = Autoscale { stabilization_seconds: 0, ..POLICY };
    check(&at_once, &[2, 5, 9, 1, 0, 4], &[2, 5, 9, 1, 0, 4]);
    let bounded = Autoscale { min_replicas: 3, max_replicas: Some(6), ..at_once };
    check(&bounded, &[2, 5, 9, 1, 0, 4], &[3, 5, 6, 3, 3, 4]);
    // Looked at every two hours: what comes between is not seen.
    let seldom = Autoscale { every_seconds: 2 * 3_600, ..at_once };
    check(&seldom, &[2, 5, 9, 1, 0, 4, 7], &[2, 2, 9, 9, 0, 0, 7]);
    assert_eq!(autoscale(&POLICY, &[]), vec![]);
}

fn policies() -> impl Strategy<Value = Autoscale> {
    (1..200_u32, 0..400_u32, 0..5_u32, proptest::option::of(0..9_u32)).prop_map(
        |(every, keep, min_replicas, more)| Autoscale {
            every_seconds: every * 60,
            stabilization_seconds: keep * 60,
            min_replicas,
            max_replicas: more.map(|more| min_replicas + more),
            ..POLICY
        },
    )
}

/// The rule once more, look by look over everything before.
fn plainly(policy: &Autoscale, recommended: &[(Window, u32)], second: i64) -> u32 {
    let every = i64::from(policy.every_seconds);
    let recommended_at = |at: i64| {
        let at = Instant::from_seconds(at);
        recommended.iter().find(|(window, _)| window.contains(at)).map_or(0, |&(_, count)| count)
    };
    let last = second - second % every;
    let looks = (0..=last / every).map(|look| look * every);
    let counted = looks.filter(|&at| at >= last - i64::from(policy.stabilization_seconds));
    let most = counted.map(recommended_at).max().unwrap_or(0);
    most.clamp(policy.min_replicas, policy.max_replicas.unwrap_or(u32::MAX))
}

fn step_at(steps: &[(Window, u32)], second: i64) -> u32 {
    let at = Instant::from_seconds(second);
    let found = steps.iter().find(|(window, _)| window.contains(at));
    found.expect("steps cover the time").1
}

fn serving(tokens_per_gpu_hour: u64, replica_gpus: u32) -> Serving {
    let party = |id| PartyId::new(id).expect("an id");
    Serving {
        product: ObjectId::new("chat").expect("an id"),
        seller: party("seller"),
        customer: party("customer"),
        tokens_in_per_hour: 0,
        tokens_out_per_hour: 0,
        hours_permille: [1_000; 24],
        jitter_permille: 0,
        tokens_per_gpu_hour,
        replica_gpus,
        regions: vec![],
        spill: false,
        autoscale: Some(POLICY),
    }
}

fn traffic(counts: &[(u64, u64)]) -> Vec<Traffic> {
    let hours = (0..).map(hour).zip(counts);
    hours
        .map(|(window, &(tokens_in, tokens_out))| Traffic { window, tokens_in, tokens_out })
        .collect()
}

/// Rulings that change at a second.
fn ruled(first: Ruling, at: i64, then: Ruling) -> Vec<RuledWindow> {
    let parts = Window::ALWAYS.cut([Instant::from_seconds(at)]);
    let ruled = parts.into_iter().zip([first, then]);
    ruled.map(|(window, ruling)| RuledWindow { window, ruling }).collect()
}

fn deny(term: &str) -> Ruling {
    Ruling::Deny { terms: vec![TermId::new(term).expect("an id")] }
}

/// A service's traffic with its plan over two pools.
fn planned<'a>(
    serving: &'a Serving,
    traffic: Vec<Traffic>,
    gpus: [u32; 2],
    rulings: Vec<Vec<RuledWindow>>,
) -> (ServiceWork<'a>, Plan) {
    let at = |utilization| -> Vec<(Window, u32)> {
        let needed = |hour| replicas_needed(serving, hour, utilization);
        traffic.iter().map(|hour| (hour.window, needed(hour))).collect()
    };
    let replicas = match &serving.autoscale {
        None => Replicas::Peak,
        Some(policy) => Replicas::Steps {
            steps: autoscale(policy, &at(policy.target_utilization)),
            start_up_seconds: policy.start_up_seconds,
        },
    };
    let demand = at(Ratio::ONE);
    let end = traffic.last().map_or(1, |hour| hour.window.end().seconds());
    let pools = gpus.map(|gpus| Pool {
        site: SiteId::new("site").expect("an id"),
        gpu: GpuTypeId::new("h100").expect("an id"),
        capacity: Capacity::sum([(Window::ALWAYS, gpus)]).expect("few"),
        nodes: None,
    });
    let plan = place(&Inputs {
        period: Window::new(Instant::from_seconds(0), Instant::from_seconds(end)).expect("hours"),
        pools: &pools,
        classes: &[Class {
            party: 0,
            priority: 0,
            preempts: vec![],
            restarts: Restarts::default(),
            need: Need::default(),
            rulings,
            gpus: vec![],
            commitment: vec![None; 2],
            price: vec![1, 2],
            currency: vec![],
        }],
        faults: &[],
        maintenance: &[],
        reservations: &[],
        quotas: &[],
        shares: &[],
        jobs: &[],
        services: &[Service {
            class: 0,
            replica_gpus: serving.replica_gpus,
            demand: demand.clone(),
            replicas: replicas.clone(),
            reach: vec![],
        }],
        commitments: &[],
        policy: Policy::default(),
    })
    .expect("amounts are small");
    (ServiceWork { class: 0, serving, region: None, traffic, demand, replicas }, plan)
}

fn kind(reason: &ShortfallReason) -> &'static str {
    match reason {
        ShortfallReason::Starting => "starting",
        ShortfallReason::Condition(_) => "condition",
        ShortfallReason::Undetermined(_) => "undetermined",
        ShortfallReason::Denied(_) => "denied",
        ShortfallReason::Full { .. } => "full",
        ShortfallReason::NoPool => "no pool",
        ShortfallReason::Scaling => "scaling",
    }
}

#[test]
fn tokens_lack_for_a_reason() {
    // A replica of 2 GPUs serves 200 an hour. Pool 0 has three; pool 1 has four, closed by t1.
    let serving = serving(100, 2);
    let hours = traffic(&[(150, 50), (500, 100), (1_500, 300), (100, 0)]);
    let rulings = vec![ruled(Ruling::Allow, 0, Ruling::Allow), ruled(deny("t1"), 0, deny("t1"))];
    let (work, plan) = planned(&serving, hours, [6, 8], rulings);
    let lines: Vec<String> = served(&work, 0, &plan)
        .map(|hour| {
            let why = hour.unserved.iter().map(|(reason, tokens)| {
                format!(", {} {}+{}", kind(reason), tokens.tokens_in, tokens.tokens_out)
            });
            let Tokens { tokens_in, tokens_out } = hour.served;
            format!("{tokens_in}+{tokens_out}{}\n", why.collect::<String>())
        })
        .collect();
    // The second hour wants three replicas: two start for 600 of 3,600 seconds, in which 200 of
    // 600 an hour are served: 600 - 400 × 1/6 = 533.3, rounded down for each kind. The third wants
    // nine: three serve 600 of 1,800, four more in pool 1 were 800, and two find no room.
    expect![[r#"
        150+50
        444+88, starting 56+12
        500+100, denied 666+133, full 334+67
        100+0
    "#]]
    .assert_eq(&lines.concat());
}

#[test]
fn shares_of_traffic_add_up() {
    let thirds = [ratio(1, 3), ratio(1, 3), ratio(1, 3)];
    let shared = share_traffic(&traffic(&[(100, 2), (7, 0)]), &thirds);
    let seen: Vec<Vec<(u64, u64)>> = shared
        .iter()
        .map(|region| region.iter().map(|hour| (hour.tokens_in, hour.tokens_out)).collect())
        .collect();
    assert_eq!(seen, [[(33, 0), (2, 0)], [(33, 0), (2, 0)], [(34, 2), (3, 0)]]);
}

fn levels() -> impl Strategy<Value = Ruling> {
    let term = || vec![TermId::new("t").expect("an id")];
    prop_oneof![
        Just(Ruling::Allow),
        Just(Ruling::Deny { terms: term() }),
        Just(Ruling::Conditional { terms: term() }),
        Just(Ruling::Undetermined { terms: term() }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 600, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn steps_are_those_of_the_rule(policy in policies(), counts in vec(0..9_u32, 1..16)) {
        let recommended = hours(&counts);
        let steps = autoscale(&policy, &recommended);
        let end = HOUR * i64::try_from(counts.len()).expect("few hours");
        prop_assert!(steps.windows(2).all(|pair| pair[0].1 != pair[1].1
            && pair[0].0.end() == pair[1].0.start()), "joined, without a gap");
        for second in (0..end).step_by(60) {
            let asked = step_at(&steps, second);
            prop_assert_eq!(asked, plainly(&policy, &recommended, second));
            prop_assert!(asked >= policy.min_replicas);
            prop_assert!(policy.max_replicas.is_none_or(|most| asked <= most));
        }
        // At each look there is at least what is recommended then, up to the most.
        for look in (0..end).step_by(usize::try_from(policy.every_seconds).expect("short")) {
            let hour_of = usize::try_from(look / HOUR).expect("hours of a test");
            let least = counts[hour_of].min(policy.max_replicas.unwrap_or(u32::MAX));
            prop_assert!(step_at(&steps, look) >= least);
        }
    }

    #[test]
    fn more_traffic_never_asks_for_fewer(
        policy in policies(),
        counts in vec((0..9_u32, 0..5_u32), 1..16),
    ) {
        let less: Vec<u32> = counts.iter().map(|&(count, _)| count).collect();
        let more: Vec<u32> = counts.iter().map(|&(count, more)| count + more).collect();
        let (less, more) = (autoscale(&policy, &hours(&less)), autoscale(&policy, &hours(&more)));
        let end = HOUR * i64::try_from(counts.len()).expect("few hours");
        for second in (0..end).step_by(60) {
            prop_assert!(step_at(&less, second) <= step_at(&more, second));
        }
    }

    #[test]
    fn shared_traffic_is_all_of_it(
        counts in vec((0..u64::MAX, 0..1_000_u64), 1..4),
        cuts in vec(0..=97_i64, 0..5),
    ) {
        let mut cuts: Vec<i64> = cuts.into_iter().chain([0, 97]).collect();
        cuts.sort_unstable();
        let shares: Vec<Ratio> =
            cuts.windows(2).map(|pair| ratio(pair[1] - pair[0], 97)).collect();
        let all = traffic(&counts);
        let regions = share_traffic(&all, &shares);
        for (index, hour) in all.iter().enumerate() {
            let sum = |tokens: fn(&Traffic) -> u64| -> u128 {
                regions.iter().map(|region| u128::from(tokens(&region[index]))).sum()
            };
            prop_assert_eq!(sum(|it| it.tokens_in), u128::from(hour.tokens_in));
            prop_assert_eq!(sum(|it| it.tokens_out), u128::from(hour.tokens_out));
        }
    }

    /// Served and unserved are the traffic, to the token; and what is served is what a count
    /// second by second finds, but for less than a token of each kind.
    #[test]
    fn every_token_is_served_or_not(
        counts in vec((0..4_000_u64, 0..500_u64), 1..6),
        per_gpu in 1..300_u64,
        replica_gpus in 1..4_u32,
        gpus in (0..9_u32, 0..9_u32),
        rulings in (levels(), levels(), levels(), levels()),
        change in 1..15_000_i64,
        policy in policies(),
        peak in any::<bool>(),
    ) {
        let mut serving = serving(per_gpu, replica_gpus);
        serving.autoscale = (!peak).then_some(policy);
        let (a, b, c, d) = rulings;
        let rulings = vec![ruled(a, change, b), ruled(c, change, d)];
        let (work, plan) = planned(&serving, traffic(&counts), [gpus.0, gpus.1], rulings);
        let start_up = if peak { 0 } else { i64::from(policy.start_up_seconds) };
        for hour in served(&work, 0, &plan) {
            let start = hour.window.start().seconds();
            let at = usize::try_from(start / HOUR).expect("hours of a test");
            let (tokens_in, tokens_out) = counts[at];
            let unserved = |tokens: fn(&Tokens) -> u64| -> u64 {
                hour.unserved.iter().map(|(_, it)| tokens(it)).sum()
            };
            prop_assert_eq!(hour.served.tokens_in + unserved(|it| it.tokens_in), tokens_in);
            prop_assert_eq!(hour.served.tokens_out + unserved(|it| it.tokens_out), tokens_out);
            // Each second brings 1/3,600 of the tokens; what is counted is 3,600 times the served.
            let mut count = 0;
            for second in start..start + HOUR {
                let since = (second - start_up).max(0);
                let held = |pool: usize, at: i64| -> u64 {
                    let at = Instant::from_seconds(at);
                    let there = plan.leases.iter().filter(|lease| lease.pool == pool);
                    there
                        .filter(|lease| lease.window.contains(at))
                        .map(|lease| u64::from(lease.gpus))
                        .sum()
                };
                // A pool's leases change at few instants: the least is at one of them.
                let starts = plan.leases.iter().map(|lease| lease.window.start().seconds());
                let ends = plan.leases.iter().map(|lease| lease.window.end().seconds());
                let instants: Vec<i64> = starts
                    .chain(ends)
                    .filter(|&at| at > since && at <= second)
                    .chain([since])
                    .collect();
                let serve: u64 = (0..2)
                    .map(|pool| instants.iter().map(|&at| held(pool, at)).min().unwrap_or(0))
                    .sum();
                count += (serve * per_gpu).min(tokens_in + tokens_out);
            }
            let whole = hour.served.sum() * 3_600;
            let count = u128::from(count);
            prop_assert!(whole <= count && count < whole + 2 * 3_600, "{} of {}", whole, count);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the traces are no part of the repository")]
#[test]
fn the_real_requests_are_shared_over_regions() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/azure-llm-2023-conv.csv");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} cannot be read", path.display());
        return;
    };
    let read = read_requests(&text).expect("the trace has its columns");
    let period = Window::new(hour(0).start(), hour(24).end()).expect("a day");
    let all = traffic_in_period(&read, period).inside;
    let place = |id, share| Region { place: PlaceId::new(id).expect("an id"), share };
    let regions = [place("us", ratio(3, 5)), place("eu", ratio(2, 5))];
    let shares = regions.each_ref().map(|region| region.share);
    let serving = serving(1_000_000, 2);
    let mut lines = String::new();
    let mut sum = 0;
    for (region, traffic) in regions.iter().zip(share_traffic(&all, &shares)) {
        let asked: u64 = traffic.iter().map(|hour| hour.tokens_in + hour.tokens_out).sum();
        sum += asked;
        // Each region has room for four replicas, and four more where a term forbids it.
        let rulings =
            vec![ruled(Ruling::Allow, 0, Ruling::Allow), ruled(deny("t1"), 0, deny("t1"))];
        let (work, plan) = planned(&serving, traffic, [8, 8], rulings);
        let mut served_in_all = 0;
        for hour in served(&work, 0, &plan) {
            served_in_all += hour.served.sum();
            for (reason, tokens) in hour.unserved {
                lines += &format!(
                    "{} {}: {} {}\n",
                    region.place,
                    hour.window.start(),
                    kind(reason),
                    tokens.sum()
                );
            }
        }
        lines += &format!("{} asked {asked}, served {served_in_all}\n", region.place);
    }
    let whole: u64 = all.iter().map(|hour| hour.tokens_in + hour.tokens_out).sum();
    assert_eq!(sum, whole);
    expect![[r#"
        us 1970-01-01: denied 7870322
        us asked 15870321, served 7999999
        eu 1970-01-01: denied 2580215
        eu asked 10580214, served 7999999
    "#]]
    .assert_eq(&lines);
}
