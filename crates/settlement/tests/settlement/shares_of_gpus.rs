//! Shares of a GPU, in thousandths, held and priced without rounding before money: worked out by hand,
//! and by laws that hold for any share.

use comity_base::{Meter, Ratio, Rounding, Window, mul_div};
use comity_settlement::{Amount, MoneyTerms, Usage, settle};
use comity_terms::{Commitment, Interval, Price, Promise, Rate, Shortfall, Step, TierMode, Tiers};
use expect_test::{Expect, expect};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::fixture::{at, dollars, in_force, party, rate, show, terms, usage, usd, window};

const JANUARY: &str = "2025-01-01..2025-02-01";

fn priced(rates: &[&str]) -> MoneyTerms {
    MoneyTerms { rates: rates.iter().map(|text| rate(text)).collect(), ..terms() }
}

fn check(terms: &MoneyTerms, records: &[&str], expected: Expect) {
    let settlement = settle(terms, window(JANUARY), records.iter().map(|text| usage(text)));
    let text = show(&settlement.unwrap());
    let shown = |line: &&str| !line.starts_with("owed ") && !line.starts_with("total ");
    let text: String = text.lines().filter(shown).map(|line| format!("{line}\n")).collect();
    expected.assert_eq(&text);
}

#[test]
fn a_share_costs_its_part_of_the_price() {
    // 0.25 GPUs × 7 s are 1.75 GPU-seconds: at 3,600.00 an hour, a dollar a GPU-second, 1.75.
    // 0.001 GPUs × 5 s cost 0.005, which is half a cent: to the even cent, 0.
    // Three times that, held by several at once, is 0.015: one sum of 0.015 GPU-seconds, rounded once,
    // to the even 0.02, and not three times nothing.
    let terms = priced(&["dear oracle 3600 gpu-hour gpu-time .."]);
    check(
        &terms,
        &[
            "openai oracle gpu-time a 0.25x 2025-01-05..2025-01-05T00:00:07Z",
            "openai oracle gpu-time b 0.001x 2025-01-05..2025-01-05T00:00:05Z",
            "openai oracle gpu-time c 0.001x 2025-01-05..2025-01-05T00:00:05Z",
            "openai oracle gpu-time c 0.001x 2025-01-05..2025-01-05T00:00:05Z",
            "openai oracle gpu-time c 0.001x 2025-01-06..2025-01-06T00:00:05Z",
        ],
        expect![[r#"
            1 [2025-01-01, 2025-02-01) openai -> oracle USD 1.75 capacity by dear, 1.75 GPU-seconds
            2 [2025-01-01, 2025-02-01) openai -> oracle USD 0.00 capacity by dear, 0.005 GPU-seconds
            3 [2025-01-01, 2025-02-01) openai -> oracle USD 0.02 capacity by dear, 0.015 GPU-seconds
        "#]],
    );
}

#[test]
fn a_price_that_changes_splits_a_share_at_its_second() {
    // 0.125 GPUs from 6 s before midnight to 5 s after: 0.75 GPU-seconds at 1,800.00 an hour are 0.375,
    // to the even cent 0.38; 0.625 at 3,600.00 are 0.625, to the even cent 0.62.
    let terms = priced(&[
        "old oracle 1800 gpu-hour gpu-time ..2025-01-21",
        "new oracle 3600 gpu-hour gpu-time 2025-01-21..",
    ]);
    check(
        &terms,
        &["openai oracle gpu-time a 0.125x 2025-01-20T23:59:54Z..2025-01-21T00:00:05Z"],
        expect![[r#"
            1 [2025-01-01, 2025-01-21) openai -> oracle USD 0.38 capacity by old, 0.75 GPU-seconds
            2 [2025-01-21, 2025-02-01) openai -> oracle USD 0.62 capacity by new, 0.625 GPU-seconds
        "#]],
    );
}

#[test]
fn tiers_count_shares() {
    // Four quarters for 10 h are 10 GPU-hours: 6 at 2.00 and 4 at 1.00 are 16.00. A fifth quarter is
    // 2.5 more: 12.5 GPU-hours, 6 at 2.00 and 6.5 at 1.00, are 18.50.
    let step = |from, price| Step { from, price: comity_base::Decimal::parse(price).unwrap() };
    let steps = vec![step(0, "2"), step(6, "1")];
    let tiers = Tiers { mode: TierMode::Graduated, over: Interval::Month, steps };
    let tiered =
        Rate { price: Price::Tiered(tiers), ..rate("steps oracle 2 gpu-hour gpu-time ..") };
    let terms = MoneyTerms { rates: vec![tiered], ..terms() };
    let quarter = "openai oracle gpu-time a 0.25x 2025-01-05..2025-01-05T10:00:00Z";
    check(
        &terms,
        &[quarter; 4],
        expect![[r#"
        1 [2025-01-01, 2025-02-01) openai -> oracle USD 16.00 capacity by steps, 36000 GPU-seconds
    "#]],
    );
    check(
        &terms,
        &[quarter; 5],
        expect![[r#"
        1 [2025-01-01, 2025-02-01) openai -> oracle USD 18.50 capacity by steps, 45000 GPU-seconds
    "#]],
    );
}

/// Promises GPU-hours at a price of their own, by the month.
fn hours(quantity: &str) -> Commitment {
    let decimal = |text| comity_base::Decimal::parse(text).unwrap();
    let promise = Promise::Use {
        meter: Meter::GpuTime,
        per: comity_base::PriceUnit::GpuHour,
        quantity: decimal(quantity),
        price: Some(decimal("1.50")),
        weights: std::collections::BTreeMap::new(),
    };
    let (buyer, seller) = (party("openai"), party("oracle"));
    let spend = Commitment::spend(buyer, seller, dollars("0"), Interval::Month, Shortfall::Pay);
    Commitment { promise, ..spend }
}

#[test]
fn shares_draw_a_commitment_of_gpu_hours() {
    // 0.25 GPUs for 10 h draw 2.5 of 4 GPU-hours: 5.00 by the card, 3.75 by the promise. 1.5 h are
    // short, paid at 1.50: 2.25.
    let mut terms = priced(&["card oracle 2 gpu-hour gpu-time .."]);
    terms.commitments = vec![in_force("reserved", "v1", ["..", ".."], hours("4"))];
    check(
        &terms,
        &["openai oracle gpu-time a 0.25x 2025-01-05..2025-01-05T10:00:00Z"],
        expect![[r#"
            1 [2025-01-01, 2025-02-01) openai -> oracle USD 5.00 capacity by card, 9000 GPU-seconds
            2 [2025-01-01, 2025-02-01) oracle -> openai USD 1.25 covered by reserved, 9000 GPU-seconds
            3 [2025-01-01, 2025-02-01) openai -> oracle USD 2.25 shortfall by reserved
            draw 1 by reserved USD 5.00 for 9000 GPU-seconds
            reserved [2025-01-01, 2025-02-01): 14400 GPU-seconds = 0 GPU-seconds before + 9000 GPU-seconds drawn + 5400 GPU-seconds left, 0 GPU-seconds beyond; ended 2025-02-01, short 5400 GPU-seconds (Pay); covered USD 1.25; paid short USD 2.25
        "#]],
    );
    // What costs less than a cent, 0.001 GPUs for 7 s, is counted like all else.
    check(
        &terms,
        &[
            "openai oracle gpu-time a 0.25x 2025-01-05..2025-01-05T10:00:00Z",
            "openai oracle gpu-time a 0.001x 2025-01-06..2025-01-06T00:00:07Z",
        ],
        expect![[r#"
            1 [2025-01-01, 2025-02-01) openai -> oracle USD 5.00 capacity by card, 9000.007 GPU-seconds
            2 [2025-01-01, 2025-02-01) oracle -> openai USD 1.25 covered by reserved, 9000.007 GPU-seconds
            3 [2025-01-01, 2025-02-01) openai -> oracle USD 2.25 shortfall by reserved
            draw 1 by reserved USD 5.00 for 9000.007 GPU-seconds
            reserved [2025-01-01, 2025-02-01): 14400 GPU-seconds = 0 GPU-seconds before + 9000.007 GPU-seconds drawn + 5399.993 GPU-seconds left, 0 GPU-seconds beyond; ended 2025-02-01, short 5399.993 GPU-seconds (Pay); covered USD 1.25; paid short USD 2.25
        "#]],
    );
}

#[test]
fn a_promise_of_a_part_of_a_gpu_hour_is_met_to_the_thousandth() {
    // 0.0025 GPU-hours are 9 GPU-seconds, of the 9.99 that 0.999 GPUs come to in 10 s. At a dollar a
    // GPU-second by the card and at less than half a cent for all 9 by the promise, 9.00 are covered.
    let mut terms = priced(&["card oracle 3600 gpu-hour gpu-time .."]);
    terms.commitments = vec![in_force("small", "v1", ["..", ".."], hours("0.0025"))];
    check(
        &terms,
        &["openai oracle gpu-time a 0.999x 2025-01-05..2025-01-05T00:00:10Z"],
        expect![[r#"
            1 [2025-01-01, 2025-02-01) openai -> oracle USD 9.99 capacity by card, 9.99 GPU-seconds
            2 [2025-01-01, 2025-02-01) oracle -> openai USD 9.00 covered by small, 9 GPU-seconds
            draw 1 by small USD 9.00 for 9 GPU-seconds
            small [2025-01-01, 2025-02-01): 9 GPU-seconds = 0 GPU-seconds before + 9 GPU-seconds drawn + 0 GPU-seconds left, 0.99 GPU-seconds beyond; ended 2025-02-01, short 0 GPU-seconds (Pay); covered USD 9.00
        "#]],
    );
}

fn held(level: u64, window: Window) -> Usage {
    let one = usage("a b gpu-time x 1x 2025-01-01..2025-01-02");
    Usage { amount: Amount::Held { level }, window, ..one }
}

/// A time within January, by the second.
fn stretch() -> impl Strategy<Value = Window> {
    (0_i64..30 * 86_400, 1_i64..86_400).prop_map(|(from, seconds)| {
        let start = at("2025-01-01").plus_seconds(from);
        Window::new(start, start.plus_seconds(seconds)).unwrap()
    })
}

fn quantities(terms: &MoneyTerms, records: Vec<Usage>) -> (i128, i128) {
    let settlement = settle(terms, window(JANUARY), records).unwrap();
    let entries = settlement.journal.entries();
    let used = entries.iter().map(|entry| entry.used.as_ref().unwrap().quantity);
    (used.sum(), entries.iter().map(|entry| entry.amount.minor).sum())
}

proptest! {
    /// However a GPU is shared, the parts come to what the whole does: in quantity and in money.
    #[test]
    fn parts_of_a_gpu_add_up_to_it(
        over in stretch(),
        cuts in vec(1_u64..1_000, 0..6),
        times in vec(0_i64..86_400, 0..4),
    ) {
        let terms = priced(&[
            "old b 2.37 gpu-hour gpu-time ..2025-01-15",
            "new b 2.91 gpu-hour gpu-time 2025-01-15..",
        ]);
        let mut cuts = cuts;
        cuts.extend([0, 1_000]);
        cuts.sort_unstable();
        let levels = cuts.windows(2).map(|cut| cut[1] - cut[0]).filter(|level| *level > 0);
        // Each share is cut in time where another is not.
        let parts = levels.enumerate().flat_map(|(number, level)| {
            let times = times.iter().skip(number % 3).map(|&at| over.start().plus_seconds(at));
            over.cut(times).into_iter().map(move |window| held(level, window))
        });
        let parts: Vec<Usage> = parts.collect();
        let whole = quantities(&terms, vec![held(1_000, over)]);
        prop_assert_eq!(whole.0, 1_000 * i128::from(over.seconds()));
        prop_assert_eq!(quantities(&terms, parts), whole);
    }

    /// What a share costs is the exact product of share, seconds and price, rounded once.
    #[test]
    fn a_share_is_priced_by_the_exact_rational(
        level in 1_u64..1_000,
        seconds in 1_i64..100_000,
        cents in 1_i128..100_000_000,
        rounding in proptest::sample::select(&Rounding::NAMED[..]),
    ) {
        let price = format!("{}.{:02}", cents / 100, cents % 100);
        let text = format!("one b {price} gpu-hour gpu-time ..");
        let terms = MoneyTerms { rounding: rounding.1, ..priced(&[&text]) };
        let start = at("2025-01-01");
        let over = Window::new(start, start.plus_seconds(seconds)).unwrap();
        let (_, minor) = quantities(&terms, vec![held(level, over)]);
        // In thousandths of a GPU, seconds and cents an hour: a cent is 3,600,000 of their products.
        let exact = i128::from(level) * i128::from(seconds) * cents;
        prop_assert_eq!(minor, mul_div(exact, 1, 3_600_000, rounding.1).unwrap());
        prop_assert!((minor * 3_600_000 - exact).abs() < 3_600_000);
    }

    /// Shares draw a promise of GPU-hours up to it, and the rest is beyond: nothing is lost between.
    #[test]
    fn a_promise_is_drawn_by_shares_without_a_rest(
        shares in vec((1_u64..1_000, stretch()), 1..12),
        promised in 1_u32..400,
    ) {
        let mut terms = priced(&["one b 1 gpu-hour gpu-time .."]);
        let commitment = Commitment { buyer: party("a"), seller: party("b"), ..hours(&format!("{promised}.25")) };
        terms.commitments = vec![in_force("reserved", "v1", [JANUARY, JANUARY], commitment)];
        let records: Vec<Usage> = shares.iter().map(|&(level, window)| held(level, window)).collect();
        let used: i128 = shares
            .iter()
            .map(|(level, over)| i128::from(*level) * i128::from(over.seconds()))
            .sum();
        let settlement = settle(&terms, window(JANUARY), records).unwrap();
        let it = &settlement.drawdowns[0];
        let amount = (i128::from(promised) * 4 + 1) * 900_000;
        prop_assert_eq!(it.amount.count, amount);
        prop_assert_eq!(it.drawn.count, used.min(amount));
        prop_assert_eq!(it.remaining.count, amount - used.min(amount));
        // The charge that meets the promise is cut at a whole thousandth.
        let beyond = used - used.min(amount);
        prop_assert!((it.beyond.count - beyond).abs() <= 1, "{} {beyond}", it.beyond.count);
    }
}

#[test]
fn what_is_passed_on_of_a_share_adds_up() {
    // 0.333 GPUs for 1,000 s are 333 GPU-seconds: at 3,600.00 an hour 333.00, passed on by thirds.
    let mut terms = priced(&["dear oracle 3600 gpu-hour gpu-time .."]);
    let third = Ratio::new(1, 3).unwrap();
    let between = ["a", "b", "openai"].map(|name| (party(name), third)).to_vec();
    let split = comity_terms::CostSplit {
        of: party("openai"),
        on: comity_terms::Eligible::default(),
        between,
    };
    terms.cost_splits = vec![in_force("thirds", "v1", ["..", ".."], split)];
    assert_eq!(terms.currency, usd());
    check(
        &terms,
        &["openai oracle gpu-time a 0.333x 2025-01-05..2025-01-05T00:16:40Z"],
        expect![[r#"
            1 [2025-01-01, 2025-02-01) openai -> oracle USD 333.00 capacity by dear, 333 GPU-seconds
            2 [2025-01-01, 2025-02-01) a -> openai USD 111.00 cost-split by thirds
            3 [2025-01-01, 2025-02-01) b -> openai USD 111.00 cost-split by thirds
        "#]],
    );
}
