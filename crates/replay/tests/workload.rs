//! Drawn work: the same seed gives the same bytes, and what is drawn keeps to its shape.

use std::fmt::Write;

use comity_base::{Instant, ObjectId, PartyId, Ratio, StreamId, Window};
use comity_fleet::{Job, JobShape, Need, Quantile, Serving, Size};
use comity_replay::{Draw, Traffic, draw_jobs, draw_traffic, replicas_needed};
use expect_test::{Expect, expect};
use proptest::prelude::*;

fn stream(id: &str) -> StreamId {
    StreamId::new(id).expect("a test's ids are ids")
}

fn window(start: &str, end: &str) -> Window {
    let at = |text| Instant::parse(text).expect("a test's dates are dates");
    Window::new(at(start), at(end)).expect("a test's windows hold something")
}

fn gang((gpus, weight): (u32, u32)) -> (Size, u32) {
    (Size::Gpus(gpus), weight)
}

fn shape() -> JobShape {
    let quantile = |permille, seconds| Quantile { permille, seconds };
    JobShape {
        per_day: 1_000,
        sizes: [(1, 70), (8, 20), (64, 9), (512, 1)].map(gang).to_vec(),
        run: vec![
            quantile(0, 30),
            quantile(500, 900),
            quantile(900, 36_000),
            quantile(1_000, 600_000),
        ],
        asked_percent: 150,
        priority: 0,
        checkpoint: None,
        need: Need::default(),
    }
}

fn serving() -> Serving {
    let mut hours_permille = [1_000; 24];
    hours_permille[0] = 500;
    hours_permille[1] = 1_500;
    Serving {
        product: ObjectId::new("api").expect("a test's ids are ids"),
        seller: PartyId::new("seller").expect("a test's ids are ids"),
        customer: PartyId::new("customer").expect("a test's ids are ids"),
        tokens_in_per_hour: 1_000_000_000,
        tokens_out_per_hour: 250_000_001,
        hours_permille,
        jitter_permille: 100,
        tokens_per_gpu_hour: 5_000_000,
        replica_gpus: 1,
        regions: vec![],
        spill: false,
        autoscale: None,
    }
}

fn draw(id: &StreamId, seed: u64, period: Window) -> Draw<'_> {
    Draw { seed, stream: id, period }
}

#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is passed")]
fn check_jobs(jobs: &[Job], expected: Expect) {
    let mut shown = String::new();
    for job in jobs {
        writeln!(
            shown,
            "{} class {}: {} {} GPUs, runs {}, asks {}",
            job.id, job.class, job.submit, job.size, job.run_seconds, job.asked_seconds
        )
        .expect("a string takes every line");
    }
    expected.assert_eq(&shown);
}

#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is passed")]
fn check_traffic(traffic: &[Traffic], expected: Expect) {
    let mut shown = String::new();
    for hour in traffic {
        let gpus = replicas_needed(&serving(), hour, Ratio::ONE);
        writeln!(shown, "{}: {} + {}, {gpus} GPUs", hour.window, hour.tokens_in, hour.tokens_out)
            .expect("a string takes every line");
    }
    expected.assert_eq(&shown);
}

#[test]
fn a_seed_gives_these_jobs_on_every_machine() {
    let id = stream("pre-training");
    let jobs = draw_jobs(&draw(&id, 42, window("2026-01-01", "2026-01-02")), &shape(), 3, 100);
    assert_eq!(jobs.len(), 1_000);
    check_jobs(
        &jobs[..6],
        expect![[r#"
        100 class 3: 2026-01-01T00:01:01Z 1 GPUs, runs 840, asks 1260
        101 class 3: 2026-01-01T00:02:05Z 1 GPUs, runs 11838, asks 17757
        102 class 3: 2026-01-01T00:07:39Z 8 GPUs, runs 276, asks 414
        103 class 3: 2026-01-01T00:09:16Z 64 GPUs, runs 36, asks 54
        104 class 3: 2026-01-01T00:12:40Z 1 GPUs, runs 334, asks 501
        105 class 3: 2026-01-01T00:13:21Z 1 GPUs, runs 17902, asks 26853
    "#]],
    );
}

#[test]
fn a_seed_gives_this_traffic_on_every_machine() {
    let id = stream("api");
    let period = window("2026-01-01", "2026-01-01T03:15:00Z");
    let traffic = draw_traffic(&draw(&id, 42, period), &serving());
    check_traffic(
        &traffic,
        expect![[r#"
        [2026-01-01, 2026-01-01T01:00:00Z): 549000000 + 137250001, 138 GPUs
        [2026-01-01T01:00:00Z, 2026-01-01T02:00:00Z): 1504500000 + 376125002, 377 GPUs
        [2026-01-01T02:00:00Z, 2026-01-01T03:00:00Z): 961000000 + 240250001, 241 GPUs
        [2026-01-01T03:00:00Z, 2026-01-01T03:15:00Z): 245750000 + 61437500, 246 GPUs
    "#]],
    );
    // A longer period begins with the same hours.
    let longer = draw_traffic(&draw(&id, 42, window("2026-01-01", "2026-01-02")), &serving());
    assert_eq!(longer[..3], traffic[..3]);
    assert_eq!(longer.len(), 24);
}

#[test]
fn hours_keep_the_level_of_the_clock() {
    let id = stream("api");
    let still = Serving { jitter_permille: 0, ..serving() };
    let period = window("2026-01-01T23:30:00Z", "2026-01-02T02:30:00Z");
    let seen: Vec<u64> =
        draw_traffic(&draw(&id, 1, period), &still).iter().map(|hour| hour.tokens_in).collect();
    assert_eq!(seen, [1_000_000_000, 500_000_000, 1_500_000_000]);
}

#[test]
fn streams_seeds_and_quantities_are_independent() {
    let period = window("2026-01-01", "2026-01-02");
    let (one, other) = (stream("a"), stream("b"));
    let jobs = draw_jobs(&draw(&one, 1, period), &shape(), 0, 0);
    assert_ne!(jobs, draw_jobs(&draw(&other, 1, period), &shape(), 0, 0));
    assert_ne!(jobs, draw_jobs(&draw(&one, 2, period), &shape(), 0, 0));

    // Other sizes leave instants and run times alone.
    let sized = JobShape { sizes: vec![gang((2, 1))], ..shape() };
    let sized = draw_jobs(&draw(&one, 1, period), &sized, 0, 0);
    let but_size = |job: &Job| (job.submit, job.run_seconds);
    assert!(jobs.iter().map(but_size).eq(sized.iter().map(but_size)));
}

#[test]
fn counts_are_exact() {
    let id = stream("a");
    let check = |per_day: u32, start: &str, end: &str, expected: usize| {
        let shape = JobShape { per_day, ..shape() };
        let jobs = draw_jobs(&draw(&id, 1, window(start, end)), &shape, 0, 0);
        assert_eq!(jobs.len(), expected, "{per_day} a day in [{start}, {end})");
    };
    check(10, "2026-01-01", "2026-02-01", 310);
    check(0, "2026-01-01", "2026-02-01", 0);
    check(1, "2026-01-01", "2026-01-01T12:00:00Z", 1);
    check(1, "2026-01-01", "2026-01-01T11:59:59Z", 0);
    check(100, "2026-01-01", "2026-01-01T06:00:00Z", 25);
}

#[test]
fn a_shape_without_sizes_or_times_has_no_jobs() {
    let id = stream("a");
    let period = window("2026-01-01", "2026-01-02");
    let check = |shape: &JobShape| assert_eq!(draw_jobs(&draw(&id, 1, period), shape, 0, 0), []);
    check(&JobShape { sizes: vec![], ..shape() });
    check(&JobShape { sizes: vec![gang((8, 0))], ..shape() });
    check(&JobShape { run: vec![], ..shape() });
}

#[test]
fn what_is_drawn_follows_the_shape() {
    let id = stream("training");
    let shape = JobShape { per_day: 100_000, ..shape() };
    let period = window("2026-01-01", "2026-01-02");
    let jobs = draw_jobs(&draw(&id, 9, period), &shape, 0, 0);
    let check = |what: &str, holds: &dyn Fn(&Job) -> bool, expected: usize| {
        let seen = jobs.iter().filter(|job| holds(job)).count();
        // More than five standard deviations of a count among 100,000 (158 at most).
        assert!(seen.abs_diff(expected) < 800, "{what}: {seen}, not about {expected}");
    };
    for (gpus, percent) in [(1, 70), (8, 20), (64, 9), (512, 1)] {
        check("size", &|job| job.size == Size::Gpus(gpus), percent * 1_000);
    }
    check("median", &|job| job.run_seconds <= 900, 50_000);
    check("first quarter", &|job| job.run_seconds <= 465, 25_000);
    check("nine tenths", &|job| job.run_seconds <= 36_000, 90_000);
    for hour in 0..24 {
        check("hour", &|job| job.submit.hour_of_day() == hour, 100_000 / 24);
    }
    let mean_in_hour = 1_000_000_000_u64;
    let still = Serving { hours_permille: [1_000; 24], jitter_permille: 300, ..serving() };
    let year = window("2026-01-01", "2027-01-01");
    let traffic = draw_traffic(&draw(&id, 9, year), &still);
    let (least, most) = (mean_in_hour / 10 * 7, mean_in_hour / 10 * 13);
    assert!(traffic.iter().all(|hour| (least..=most).contains(&hour.tokens_in)));
    let mean = traffic.iter().map(|hour| hour.tokens_in).sum::<u64>() / 8_760;
    // Five standard deviations of the mean: 0.3 ÷ √3 ÷ √8760 × 5, about 1 %.
    assert!(mean.abs_diff(mean_in_hour) < mean_in_hour / 100, "{mean}");
}

#[test]
fn gpus_are_rounded_up() {
    let check = |tokens_in: u64, tokens_out: u64, end: &str, expected: u32| {
        let traffic = Traffic { window: window("2026-01-01", end), tokens_in, tokens_out };
        let seen = replicas_needed(&serving(), &traffic, Ratio::ONE);
        assert_eq!(seen, expected, "{tokens_in} + {tokens_out}");
    };
    check(0, 0, "2026-01-01T01:00:00Z", 0);
    check(0, 1, "2026-01-01T01:00:00Z", 1);
    check(4_000_000, 1_000_000, "2026-01-01T01:00:00Z", 1);
    check(4_000_000, 1_000_001, "2026-01-01T01:00:00Z", 2);
    check(4_000_000, 1_000_000, "2026-01-01T00:30:00Z", 2);
    check(u64::MAX, u64::MAX, "2026-01-01T00:00:01Z", u32::MAX);
    let none = Serving { tokens_per_gpu_hour: 0, ..serving() };
    let hour = window("2026-01-01", "2026-01-01T01:00:00Z");
    let traffic = |tokens_in| Traffic { window: hour, tokens_in, tokens_out: 0 };
    assert_eq!(
        [0, 1].map(|tokens| replicas_needed(&none, &traffic(tokens), Ratio::ONE)),
        [0, u32::MAX]
    );
}

prop_compose! {
    fn shapes()(
        per_day in 0_u32..200,
        sizes in prop::collection::vec((1_u32..10_000, 0_u32..100).prop_map(gang), 0..5),
        mut places in prop::collection::vec(0_u32..=1_000, 5),
        mut seconds in prop::collection::vec(1_u32..10_000_000, 0..5),
        asked_percent in 100_u32..1_000,
    ) -> JobShape {
        places.sort_unstable();
        seconds.sort_unstable();
        let quantile = |(permille, seconds)| Quantile { permille, seconds };
        let run = places.into_iter().zip(seconds).map(quantile).collect();
        JobShape { per_day, sizes, run, asked_percent, priority: 0, checkpoint: None, need: Need::default() }
    }
}

proptest! {
    #[test]
    fn jobs_keep_to_their_shape(
        shape in shapes(),
        seed in any::<u64>(),
        id in "[a-z0-9][a-z0-9.-]{0,63}",
        start in -1_000_000_000_i64..4_000_000_000,
        seconds in 1_i64..500_000,
        first_id in 0_u64..1_000_000,
    ) {
        let start = Instant::from_seconds(start);
        let period = Window::new(start, start.plus_seconds(seconds)).expect("it lasts");
        let id = stream(&id);
        let jobs = draw_jobs(&draw(&id, seed, period), &shape, 5, first_id);
        prop_assert_eq!(&jobs, &draw_jobs(&draw(&id, seed, period), &shape, 5, first_id));

        let drawable = !shape.run.is_empty() && shape.sizes.iter().any(|size| size.1 > 0);
        let halves = 2 * u64::from(shape.per_day) * seconds.unsigned_abs() + 86_400;
        let count = if drawable { halves / (2 * 86_400) } else { 0 };
        prop_assert_eq!(u64::try_from(jobs.len()), Ok(count));

        let run = shape.run.first().zip(shape.run.last());
        let run = run.map(|(low, high)| low.seconds..=high.seconds);
        for (job, id) in jobs.iter().zip(first_id..) {
            prop_assert!(period.contains(job.submit));
            prop_assert!(shape.sizes.iter().any(|&(size, weight)| size == job.size && weight > 0));
            prop_assert!(run.as_ref().is_some_and(|run| run.contains(&job.run_seconds)));
            prop_assert!(job.asked_seconds >= job.run_seconds);
            prop_assert_eq!((job.class, job.id), (5, id));
        }
        prop_assert!(jobs.is_sorted_by_key(|job| (job.submit, job.id)));
    }

    #[test]
    fn traffic_fills_its_period(
        seed in any::<u64>(),
        start in -1_000_000_000_i64..4_000_000_000,
        seconds in 1_i64..500_000,
        tokens in any::<u64>(),
        level in any::<u32>(),
        jitter_permille in any::<u32>(),
    ) {
        let start = Instant::from_seconds(start);
        let period = Window::new(start, start.plus_seconds(seconds)).expect("it lasts");
        let hours_permille = [level; 24];
        let serving =
            Serving { tokens_in_per_hour: tokens, hours_permille, jitter_permille, ..serving() };
        let traffic = draw_traffic(&draw(&stream("a"), seed, period), &serving);
        let mut end = period.start();
        for hour in &traffic {
            prop_assert_eq!(hour.window.start(), end);
            prop_assert!(hour.window.seconds() <= 3_600);
            end = hour.window.end();
        }
        prop_assert_eq!(end, period.end());
        let short = traffic.iter().filter(|hour| hour.window.seconds() < 3_600).count();
        prop_assert!(short <= 1);
    }
}
