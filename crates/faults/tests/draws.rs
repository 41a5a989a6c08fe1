//! What holds of everything that is drawn.

use std::thread;

use comity_base::{Instant, SiteId, Window};
use comity_faults::{Cause, Draw, Model, Outage, YEAR_SECONDS, draw, outages};
use comity_fleet::Quantile;
use proptest::prelude::*;

fn at(text: &str) -> Instant {
    Instant::parse(text).expect("a test's dates are dates")
}

fn window(from: &str, to: &str) -> Window {
    Window::new(at(from), at(to)).expect("a test's windows hold something")
}

fn site(id: &str) -> SiteId {
    SiteId::new(id).expect("a test's ids are ids")
}

fn cause(per_year: u64, outage: &[(u32, u32)]) -> Cause {
    let quantile = |&(permille, seconds)| Quantile { permille, seconds };
    Cause {
        name: String::new(),
        per_node_year_millionths: per_year * 1_000_000,
        outage: outage.iter().map(quantile).collect(),
    }
}

fn two_causes() -> Model {
    let days = cause(3, &[(0, 86_400), (1_000, 10 * 86_400)]);
    Model { causes: vec![days, cause(1, &[(0, 60), (1_000, 60)])] }
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let model = two_causes();
    let hall = site("hall");
    let of = Draw { seed: 7, site: &hall, window: window("2025-01-01", "2026-01-01") };
    let one = draw(&model, 300, &of);
    // Nodes in another order, in parts, each on a thread of its own.
    let mut many: Vec<Outage> = thread::scope(|scope| {
        let part = |part: u32| {
            let (model, of) = (&model, &of);
            scope.spawn(move || {
                let nodes = (0..300).rev().filter(move |node| node % 4 == part);
                nodes.flat_map(|node| outages(model, node, of)).collect::<Vec<_>>()
            })
        };
        let parts: Vec<_> = (0..4).map(part).collect();
        parts.into_iter().flat_map(|part| part.join().expect("a part is drawn")).collect()
    });
    many.sort_unstable();
    assert_eq!(one, many);
    assert!(one.len() > 900, "{}", one.len());
}

#[test]
fn seed_site_and_node_each_count() {
    let model = two_causes();
    let long = site(&"a".repeat(40));
    let longer = site(&format!("{}b", "a".repeat(40)));
    let hall = site("hall");
    let year = window("2025-01-01", "2026-01-01");
    let drawn = |seed, site: &SiteId, node| -> Vec<(Instant, Instant, u32)> {
        let of = Draw { seed, site, window: year };
        let of_node = outages(&model, node, &of);
        of_node.map(|outage| (outage.from, outage.to, outage.cause)).collect()
    };
    let all = [
        drawn(1, &hall, 0),
        drawn(2, &hall, 0),
        drawn(1 << 63, &hall, 0),
        drawn(1, &hall, 1),
        drawn(1, &long, 0),
        drawn(1, &longer, 0),
    ];
    for (index, one) in all.iter().enumerate() {
        assert!(!one.is_empty());
        assert!(!all[..index].contains(one), "{index}");
    }
}

#[test]
fn a_pinned_draw_stays_as_it_is() {
    let hall = site("hall");
    let of = Draw { seed: 1, site: &hall, window: window("2025-01-01", "2025-07-01") };
    let shown: Vec<String> = draw(&two_causes(), 3, &of)
        .iter()
        .map(|it| format!("{} to {}: {} of {}", it.from, it.to, it.node, it.cause))
        .collect();
    expect_test::expect![[r#"
        2025-02-24T11:47:21Z to 2025-03-05T06:03:49Z: 2 of 0
        2025-04-08T17:59:13Z to 2025-04-11T13:16:33Z: 2 of 0
        2025-04-10T12:30:02Z to 2025-04-15T15:31:57Z: 0 of 0
        2025-06-29T11:39:36Z to 2025-06-29T11:40:36Z: 2 of 1"#]]
    .assert_eq(&shown.join("\n"));
}

#[test]
fn no_rate_has_no_faults_and_a_great_one_ends() {
    let hall = site("hall");
    let day = window("2025-01-01", "2025-01-02");
    let of = Draw { seed: 1, site: &hall, window: day };
    assert_eq!(draw(&Model::default(), 10, &of), []);
    assert_eq!(draw(&Model { causes: vec![cause(0, &[(0, 60), (1_000, 60)])] }, 10, &of), []);
    // A cause that never comes is never drawn, wherever it stands.
    let never = cause(0, &[(0, 60), (1_000, 60)]);
    let mut both = two_causes();
    both.causes.insert(1, never);
    let year = Draw { window: window("2025-01-01", "2026-01-01"), ..of };
    assert!(draw(&both, 100, &year).iter().all(|outage| outage.cause != 1));
    // Up for a second, down for a second.
    let mut most = cause(1, &[]);
    most.per_node_year_millionths = u64::MAX;
    let drawn = draw(&Model { causes: vec![most] }, 1, &of);
    assert_eq!(drawn.len(), 43_200);
    // A hundred years, and the end of all time.
    let ages = Draw { window: window("2025-01-01", "2125-01-01"), ..of };
    let drawn = draw(&two_causes(), 1, &ages);
    assert!((300..500).contains(&drawn.len()), "{}", drawn.len());
    let last = Window::new(at("2026-01-01"), Instant::MAX).expect("it holds something");
    let mut rare = two_causes();
    rare.causes.iter_mut().for_each(|cause| cause.per_node_year_millionths /= 10_000);
    assert!(outages(&rare, 0, &Draw { window: last, ..of }).all(|it| it.to <= Instant::MAX));
}

#[test]
fn nodes_fail_at_their_rate_of_their_causes() {
    let hall = site("hall");
    let span = window("2025-01-01", "2035-01-01");
    let drawn = draw(&two_causes(), 2_000, &Draw { seed: 3, site: &hall, window: span });
    let down: i64 =
        drawn.iter().map(|it| it.to.min(span.end()).seconds() - it.from.seconds()).sum();
    let up = u64::try_from(2_000 * span.seconds() - down).expect("less is down than there is");
    let count = |cause| drawn.iter().filter(|outage| outage.cause == cause).count();
    for (cause, rate) in [(0, 3), (1, 1)] {
        let expected = rate * up / YEAR_SECONDS;
        let found = u64::try_from(count(cause)).expect("a count fits");
        // Five standard deviations of a count of this mean.
        assert!(found.abs_diff(expected) < 5 * expected.isqrt(), "{cause}: {found}, {expected}");
    }
}

proptest! {
    #[test]
    fn outages_are_in_order_apart_and_of_their_own_node(
        seed: u64,
        nodes in 0..40_u32,
        days in 1..800_i64,
        rates in prop::collection::vec(0..200_u64, 0..4),
        longest in 0..10_000_000_u32,
    ) {
        let causes = rates.iter().map(|&rate| cause(rate, &[(0, 0), (900, 60), (1_000, longest)]));
        let model = Model { causes: causes.collect() };
        let hall = site("hall");
        let start = at("2025-01-01");
        let until = |days: i64| Window::new(start, start.plus_seconds(days * 86_400)).unwrap();
        let of = Draw { seed, site: &hall, window: until(days) };
        let drawn = draw(&model, nodes, &of);
        prop_assert!(drawn.is_sorted_by_key(|outage| (outage.from, outage.node)));
        for node in 0..nodes {
            let mut up_since = start;
            for outage in drawn.iter().filter(|outage| outage.node == node) {
                prop_assert!(up_since < outage.from && outage.from < outage.to);
                prop_assert!(outage.from < of.window.end());
                let rate = usize::try_from(outage.cause).ok().and_then(|at| rates.get(at));
                prop_assert!(rate.is_some_and(|&rate| rate > 0));
                up_since = outage.to;
            }
        }
        // More nodes and a longer time change nothing of what there was.
        let longer = draw(&model, nodes + 3, &Draw { window: until(days + 100), ..of });
        let again: Vec<_> = longer
            .into_iter()
            .filter(|outage| outage.node < nodes && outage.from < of.window.end())
            .collect();
        prop_assert_eq!(drawn, again);
    }
}
