//! Examples small enough to check by hand; each says its arithmetic.

use comity_base::{Meter, Rounding, Window};
use comity_settlement::{MoneyTerms, SettleError, settle};
use comity_terms::InForce;
use expect_test::{Expect, expect};

use crate::fixture::{commitment, in_force, rate, share, show, terms, usage, window};

const ALWAYS: [&str; 2] = ["..", ".."];

fn january() -> Window {
    window("2025-01-01..2025-02-01")
}

fn check(terms: &MoneyTerms, records: &[&str], expected: Expect) {
    check_in(january(), terms, records, expected);
}

fn check_in(period: Window, terms: &MoneyTerms, records: &[&str], expected: Expect) {
    let records = records.iter().map(|text| usage(text));
    let text = match settle(terms, period, records) {
        Ok(settlement) => show(&settlement),
        Err(SettleError { problems, .. }) => {
            problems.iter().map(|problem| format!("{problem}\n")).collect()
        }
    };
    expected.assert_eq(&text);
}

/// A token costs a cent, so that quantities read as cents.
fn cent_tokens(seller: &str, product: &str) -> comity_terms::Rate {
    rate(&format!("{product}-price {seller} 10000 million-tokens tokens-out .. object={product}"))
}

#[test]
fn capacity_is_level_times_time_times_price() {
    let mut terms = terms();
    terms.rates = vec![
        rate("gb200 oracle 2.50 gpu-hour gpu-time .."),
        rate("mw crusoe 1_000_000 mw-year power .."),
    ];
    // 100 GPUs × 10 h × 2.50 = 2,500. 73 MW × 1 day of 365 × 1,000,000 = 200,000.
    let records = [
        "openai oracle gpu-time abilene 100x 2025-01-05..2025-01-05T10:00:00Z",
        "oracle crusoe power abilene 73000x 2025-01-05..2025-01-06",
    ];
    check(
        &terms,
        &records,
        expect![[r#"
            1 [2025-01-01, 2025-02-01) openai -> oracle USD 2,500.00 capacity by gb200, 3600000 GPU-seconds
            2 [2025-01-01, 2025-02-01) oracle -> crusoe USD 200,000.00 power by mw, 6307200000 kW-seconds
            owed openai -> oracle capacity USD 2,500.00
            owed oracle -> crusoe power USD 200,000.00
            total crusoe USD 200,000.00
            total openai USD -2,500.00
            total oracle USD -197,500.00
        "#]],
    );
}

#[test]
fn a_price_that_changes_splits_what_is_held() {
    let mut terms = terms();
    terms.rates = vec![
        rate("old oracle 2.00 gpu-hour gpu-time ..2025-01-21"),
        rate("new oracle 3.00 gpu-hour gpu-time 2025-01-21.."),
    ];
    // 10 GPUs: 20 days = 480 h at 2.00, then 11 days = 264 h at 3.00. Counted use is not split.
    let records = [
        "openai oracle gpu-time abilene 10x 2025-01-01..2025-02-01",
        "xai oracle gpu-time abilene 3600 2025-01-20..2025-01-25",
    ];
    check(
        &terms,
        &records,
        expect![[r#"
            1 [2025-01-01, 2025-01-21) openai -> oracle USD 9,600.00 capacity by old, 17280000 GPU-seconds
            2 [2025-01-01, 2025-01-21) xai -> oracle USD 2.00 capacity by old, 3600 GPU-seconds
            3 [2025-01-21, 2025-02-01) openai -> oracle USD 7,920.00 capacity by new, 9504000 GPU-seconds
            owed openai -> oracle capacity USD 17,520.00
            owed xai -> oracle capacity USD 2.00
            total openai USD -17,520.00
            total oracle USD 17,522.00
            total xai USD -2.00
        "#]],
    );
}

#[test]
fn tokens_have_prices_of_their_own_each_way() {
    let mut terms = terms();
    terms.rates = vec![
        rate("in openai 1.25 million-tokens tokens-in .. object=gpt"),
        rate("out openai 10.00 million-tokens tokens-out .. object=gpt"),
        rate("free openai 0 million-tokens tokens-in .. object=oss"),
    ];
    // 8 M in = 10.00 and 3 M out = 30.00; a price of nothing still leaves an entry.
    let records = [
        "acme openai tokens-in gpt 6_000_000 2025-01-03..2025-01-04",
        "acme openai tokens-in gpt 2_000_000 2025-01-04..2025-01-05",
        "acme openai tokens-out gpt 3_000_000 2025-01-03..2025-01-04",
        "acme openai tokens-in oss 5 2025-01-03..2025-01-04",
    ];
    check(
        &terms,
        &records,
        expect![[r#"
            1 [2025-01-01, 2025-02-01) acme -> openai USD 10.00 sale of gpt by in, 8000000 tokens
            2 [2025-01-01, 2025-02-01) acme -> openai USD 0.00 sale of oss by free, 5 tokens
            3 [2025-01-01, 2025-02-01) acme -> openai USD 30.00 sale of gpt by out, 3000000 tokens
            owed acme -> openai sale of gpt USD 40.00
            total acme USD -40.00
            total openai USD 40.00
        "#]],
    );
}

#[test]
fn each_rounding_has_its_answer() {
    // 0.25 for a million: half a million is 12.5 cents, 540,000 are 13.5, 500,001 just above.
    for (rounding, expected) in [
        (Rounding::HalfEven, ["0.12", "0.14", "0.13"]),
        (Rounding::HalfUp, ["0.13", "0.14", "0.13"]),
        (Rounding::Down, ["0.12", "0.13", "0.12"]),
        (Rounding::Up, ["0.13", "0.14", "0.13"]),
    ] {
        let rates = vec![rate("in openai 0.25 million-tokens tokens-in ..")];
        let terms = MoneyTerms { rounding, rates, ..terms() };
        let records = ["gpt-a 500000", "gpt-b 540000", "gpt-c 500001"]
            .map(|what| usage(&format!("acme openai tokens-in {what} 2025-01-03..2025-01-04")));
        let settlement = settle(&terms, january(), records).unwrap();
        let amounts: Vec<_> =
            settlement.journal.entries().iter().map(|entry| entry.amount.plain()).collect();
        assert_eq!(amounts, expected, "{rounding:?}");
    }
}

#[test]
fn a_total_is_rounded_once_whatever_its_records() {
    let mut terms = terms();
    terms.rates = vec![rate("in openai 0.25 million-tokens tokens-in ..")];
    // Two records of 10,000 tokens are 0.25 cents each, half a cent together, and zero is even;
    // four are a cent.
    let one = "acme openai tokens-in gpt 10000 2025-01-03..2025-01-04";
    check(
        &terms,
        &[one; 2],
        expect![[r#"
            1 [2025-01-01, 2025-02-01) acme -> openai USD 0.00 sale of gpt by in, 20000 tokens
            total acme USD 0.00
            total openai USD 0.00
        "#]],
    );
    check(
        &terms,
        &[one; 4],
        expect![[r#"
            1 [2025-01-01, 2025-02-01) acme -> openai USD 0.01 sale of gpt by in, 40000 tokens
            owed acme -> openai sale of gpt USD 0.01
            total acme USD -0.01
            total openai USD 0.01
        "#]],
    );
}

#[test]
fn the_narrowest_rate_prices() {
    let mut terms = terms();
    terms.rates = vec![
        rate("any oracle 1 gpu-hour gpu-time .."),
        rate("for-buyer oracle 2 gpu-hour gpu-time .. buyer=openai"),
        rate("for-object oracle 3 gpu-hour gpu-time .. object=cluster"),
        rate("for-gpu oracle 4 gpu-hour gpu-time .. gpu=h100"),
        rate("for-all-but-site oracle 5 gpu-hour gpu-time .. gpu=h100 object=cluster buyer=openai"),
        rate("for-site oracle 6 gpu-hour gpu-time .. site=abilene"),
        rate("other-site oracle 9 gpu-hour gpu-time .. site=milam buyer=openai"),
    ];
    let use_of = |what: &str| format!("{what} 1x 2025-01-01..2025-01-01T01:00:00Z");
    let records = [
        "xai oracle gpu-time spare",
        "openai oracle gpu-time spare",
        "openai oracle gpu-time cluster",
        "openai oracle gpu-time spare/h100",
        "openai oracle gpu-time cluster/h100",
        "openai oracle gpu-time cluster@abilene/h100",
    ]
    .map(use_of);
    check(
        &terms,
        &records.each_ref().map(String::as_str),
        expect![[r#"
            1 [2025-01-01, 2025-02-01) openai -> oracle USD 3.00 capacity by for-object, 3600 GPU-seconds
            2 [2025-01-01, 2025-02-01) openai -> oracle USD 5.00 capacity by for-all-but-site, 3600 GPU-seconds
            3 [2025-01-01, 2025-02-01) openai -> oracle USD 6.00 capacity by for-site, 3600 GPU-seconds
            4 [2025-01-01, 2025-02-01) openai -> oracle USD 2.00 capacity by for-buyer, 3600 GPU-seconds
            5 [2025-01-01, 2025-02-01) openai -> oracle USD 4.00 capacity by for-gpu, 3600 GPU-seconds
            6 [2025-01-01, 2025-02-01) xai -> oracle USD 1.00 capacity by any, 3600 GPU-seconds
            owed openai -> oracle capacity USD 20.00
            owed xai -> oracle capacity USD 1.00
            total openai USD -20.00
            total oracle USD 21.00
            total xai USD -1.00
        "#]],
    );
}

#[test]
fn own_use_and_use_without_a_price_are_kept() {
    let mut terms = terms();
    terms.rates = vec![
        rate("late oracle 1 gpu-hour gpu-time 2025-01-11.. site=abilene"),
        rate("gpt openai 1 million-tokens tokens-in .. object=gpt"),
    ];
    let records = [
        "oracle oracle gpu-time cluster@abilene 1x 2025-01-01..2025-01-02",
        "openai oracle gpu-time cluster@abilene 1x 2025-01-10..2025-01-12",
        "openai oracle power cluster 1x 2025-01-01..2025-01-02",
        "acme openai tokens-in sora 9 2025-01-01..2025-01-02",
        // Two days lie before the period and one after it; counted use goes by its start.
        "openai oracle gpu-time spare@abilene 1x 2024-12-30..2025-02-02",
        "acme openai tokens-in gpt 5 2024-12-31..2025-01-02",
        "acme openai tokens-in gpt 6 2025-02-01..2025-02-02",
        "acme openai tokens-in gpt 0 2025-01-01..2025-01-02",
    ];
    check(
        &terms,
        &records,
        expect![[r#"
            1 [2025-01-11, 2025-02-01) openai -> oracle USD 24.00 capacity by late, 86400 GPU-seconds
            2 [2025-01-11, 2025-02-01) openai -> oracle USD 504.00 capacity by late, 1814400 GPU-seconds
            own gpu-time of cluster at abilene, from oracle to oracle 86400 GPU-seconds
            unrated [2025-01-01, 2025-01-11) tokens-in of sora, from openai to acme 9: none fits of gpt
            unrated [2025-01-01, 2025-01-11) gpu-time of cluster at abilene, from oracle to openai 86400: not in force: late
            unrated [2025-01-01, 2025-01-11) gpu-time of spare at abilene, from oracle to openai 864000: not in force: late
            unrated [2025-01-01, 2025-01-11) power of cluster, from oracle to openai 86400: no card
            outside tokens-in of gpt, from openai to acme 5 before, 6 after
            outside gpu-time of spare at abilene, from oracle to openai 172800 before, 86400 after
            owed openai -> oracle capacity USD 528.00
            total openai USD -528.00
            total oracle USD 528.00
        "#]],
    );
}

#[test]
fn a_commitment_is_drawn_down() {
    let mut terms = terms();
    terms.rates =
        vec![rate("gpu oracle 1 gpu-hour gpu-time .."), rate("kw oracle 1 kw-hour power ..")];
    let promise = |interval: &str| {
        vec![in_force(
            "promise",
            "v1",
            ["2024-07-01..2025-01-21", "2024-07-01..2025-01-21"],
            commitment(interval),
        )]
    };
    // 240 drawn on 1 to 10 January, the other 24 after the commitment's end; power does not count.
    let records = [
        "openai oracle gpu-time cluster 1x 2025-01-01..2025-01-11",
        "openai oracle gpu-time cluster 1x 2025-01-30..2025-01-31",
        "openai oracle power cluster 1x 2025-01-01..2025-01-02",
        "xai oracle gpu-time cluster 1x 2025-01-01..2025-01-02",
    ];
    terms.commitments = promise("openai oracle 1000 600 term pay gpu-time");
    check(
        &terms,
        &records,
        expect![[r#"
            1 [2025-01-01, 2025-01-21) openai -> oracle USD 240.00 capacity by gpu, 864000 GPU-seconds
            2 [2025-01-01, 2025-01-21) openai -> oracle USD 24.00 power by kw, 86400 kW-seconds
            3 [2025-01-01, 2025-01-21) xai -> oracle USD 24.00 capacity by gpu, 86400 GPU-seconds
            4 [2024-07-01, 2025-01-21) openai -> oracle USD 160.00 shortfall by promise
            5 [2025-01-21, 2025-02-01) openai -> oracle USD 24.00 capacity by gpu, 86400 GPU-seconds
            draw 1 by promise USD 240.00
            promise [2024-07-01, 2025-01-21): USD 1,000.00 = USD 600.00 before + USD 240.00 drawn + USD 160.00 left, USD 0.00 beyond; ended 2025-01-21, short USD 160.00 (Pay)
            owed openai -> oracle capacity USD 264.00
            owed openai -> oracle power USD 24.00
            owed openai -> oracle shortfall USD 160.00
            owed xai -> oracle capacity USD 24.00
            total openai USD -448.00
            total oracle USD 472.00
            total xai USD -24.00
        "#]],
    );
    terms.commitments = promise("openai oracle 1000 600 term show gpu-time");
    check(
        &terms,
        &records[..1],
        expect![[r#"
            1 [2025-01-01, 2025-01-21) openai -> oracle USD 240.00 capacity by gpu, 864000 GPU-seconds
            draw 1 by promise USD 240.00
            promise [2024-07-01, 2025-01-21): USD 1,000.00 = USD 600.00 before + USD 240.00 drawn + USD 160.00 left, USD 0.00 beyond; ended 2025-01-21, short USD 160.00 (Show)
            owed openai -> oracle capacity USD 240.00
            total openai USD -240.00
            total oracle USD 240.00
        "#]],
    );
    // Only 200 remain of 240.
    terms.commitments = promise("openai oracle 1000 800 term pay gpu-time,power");
    check(
        &terms,
        &records[..1],
        expect![[r#"
            1 [2025-01-01, 2025-01-21) openai -> oracle USD 240.00 capacity by gpu, 864000 GPU-seconds
            draw 1 by promise USD 200.00
            promise [2024-07-01, 2025-01-21): USD 1,000.00 = USD 800.00 before + USD 200.00 drawn + USD 0.00 left, USD 40.00 beyond; ended 2025-01-21, short USD 0.00 (Pay)
            owed openai -> oracle capacity USD 240.00
            total openai USD -240.00
            total oracle USD 240.00
        "#]],
    );
}

#[test]
fn a_monthly_commitment_is_measured_by_the_month() {
    let mut terms = terms();
    terms.rates = vec![rate("gpu oracle 1 gpu-hour gpu-time ..")];
    let own = "2025-01-17..2025-03-08";
    let monthly = commitment("openai oracle 3100 0 month pay gpu-time");
    terms.commitments = vec![in_force("monthly", "v1", [own, own], monthly)];
    // 15 of 31 days of January are in force: 1,500, of which 360 are used. The whole of February:
    // 3,100, of which 672 are used. 7 of 31 days of March: 700, and its end falls due on the 8th.
    let records = ["openai oracle gpu-time cluster 1x 2025-01-01..2025-03-01"];
    check_in(
        window("2025-01-01..2025-04-01"),
        &terms,
        &records,
        expect![[r#"
            1 [2025-01-01, 2025-01-17) openai -> oracle USD 384.00 capacity by gpu, 1382400 GPU-seconds
            2 [2025-01-17, 2025-02-01) openai -> oracle USD 360.00 capacity by gpu, 1296000 GPU-seconds
            3 [2025-01-17, 2025-02-01) openai -> oracle USD 1,140.00 shortfall by monthly
            4 [2025-02-01, 2025-03-01) openai -> oracle USD 672.00 capacity by gpu, 2419200 GPU-seconds
            5 [2025-02-01, 2025-03-01) openai -> oracle USD 2,428.00 shortfall by monthly
            6 [2025-03-01, 2025-03-08) openai -> oracle USD 700.00 shortfall by monthly
            draw 2 by monthly USD 360.00
            draw 4 by monthly USD 672.00
            monthly [2025-01-17, 2025-02-01): USD 1,500.00 = USD 0.00 before + USD 360.00 drawn + USD 1,140.00 left, USD 0.00 beyond; ended 2025-02-01, short USD 1,140.00 (Pay)
            monthly [2025-02-01, 2025-03-01): USD 3,100.00 = USD 0.00 before + USD 672.00 drawn + USD 2,428.00 left, USD 0.00 beyond; ended 2025-03-01, short USD 2,428.00 (Pay)
            monthly [2025-03-01, 2025-03-08): USD 700.00 = USD 0.00 before + USD 0.00 drawn + USD 700.00 left, USD 0.00 beyond; ended 2025-03-08, short USD 700.00 (Pay)
            owed openai -> oracle capacity USD 1,416.00
            owed openai -> oracle shortfall USD 4,268.00
            total openai USD -5,684.00
            total oracle USD 5,684.00
        "#]],
    );
    // A period inside a month leaves it running.
    check_in(
        window("2025-02-01..2025-02-28"),
        &terms,
        &records,
        expect![[r#"
            1 [2025-02-01, 2025-02-28) openai -> oracle USD 648.00 capacity by gpu, 2332800 GPU-seconds
            draw 1 by monthly USD 648.00
            monthly [2025-02-01, 2025-03-01): USD 3,100.00 = USD 0.00 before + USD 648.00 drawn + USD 2,452.00 left, USD 0.00 beyond; running
            outside gpu-time of cluster, from oracle to openai 2678400 before, 86400 after
            owed openai -> oracle capacity USD 648.00
            total openai USD -648.00
            total oracle USD 648.00
        "#]],
    );
}

#[test]
fn what_counts_for_two_commitments_draws_the_one_that_ends_first() {
    let mut terms = terms();
    terms.rates = vec![rate("gpu oracle 1 gpu-hour gpu-time ..")];
    let promise = |term, own, amount: &str| {
        let value = commitment(&format!("openai oracle {amount} 0 term show gpu-time"));
        in_force(term, "v1", [own, own], value)
    };
    terms.commitments = vec![
        promise("a-long", "2025-01-01..2030-01-01", "50"),
        promise("b-short", "2025-01-01..2026-01-01", "60"),
    ];
    // 120 hours: 60 from the one that ends in 2026, 50 from the one that ends in 2030, 10 beyond.
    let records = ["openai oracle gpu-time cluster 1x 2025-01-01..2025-01-06"];
    check(
        &terms,
        &records,
        expect![[r#"
            1 [2025-01-01, 2025-02-01) openai -> oracle USD 120.00 capacity by gpu, 432000 GPU-seconds
            draw 1 by b-short USD 60.00
            draw 1 by a-long USD 50.00
            a-long [2025-01-01, 2030-01-01): USD 50.00 = USD 0.00 before + USD 50.00 drawn + USD 0.00 left, USD 10.00 beyond; running
            b-short [2025-01-01, 2026-01-01): USD 60.00 = USD 0.00 before + USD 60.00 drawn + USD 0.00 left, USD 10.00 beyond; running
            owed openai -> oracle capacity USD 120.00
            total openai USD -120.00
            total oracle USD 120.00
        "#]],
    );
}

#[test]
fn a_commitment_out_of_force_has_no_shortfall() {
    let mut terms = terms();
    terms.rates = vec![rate("gpu oracle 1 gpu-hour gpu-time ..")];
    let row = |version, window, amount: &str| -> InForce<_> {
        let value = commitment(&format!("openai oracle {amount} 0 month pay gpu-time"));
        in_force("monthly", version, [window, "2024-12-01.."], value)
    };
    let records = ["openai oracle gpu-time cluster 1x 2025-01-01..2025-02-01"];
    // In force for 20 of 31 days, then not: 3,100 × 20 ÷ 31 = 2,000, of which 480 are used.
    terms.commitments = vec![row("v1", "2024-12-01..2025-01-21", "3100")];
    check(
        &terms,
        &records,
        expect![[r#"
            1 [2025-01-01, 2025-01-21) openai -> oracle USD 480.00 capacity by gpu, 1728000 GPU-seconds
            2 [2025-01-21, 2025-02-01) openai -> oracle USD 264.00 capacity by gpu, 950400 GPU-seconds
            draw 1 by monthly USD 480.00
            monthly [2025-01-01, 2025-02-01): USD 2,000.00 = USD 0.00 before + USD 480.00 drawn + USD 1,520.00 left, USD 0.00 beyond; out of force 2025-01-21
            owed openai -> oracle capacity USD 744.00
            total openai USD -744.00
            total oracle USD 744.00
        "#]],
    );
    // The next version goes on with it: 2,000 and 6,200 × 11 ÷ 31 = 2,200 make 4,200.
    terms.commitments.push(row("v2", "2025-01-21..", "6200"));
    check(
        &terms,
        &records,
        expect![[r#"
            1 [2025-01-01, 2025-01-21) openai -> oracle USD 480.00 capacity by gpu, 1728000 GPU-seconds
            2 [2025-01-21, 2025-02-01) openai -> oracle USD 264.00 capacity by gpu, 950400 GPU-seconds
            3 [2025-01-01, 2025-02-01) openai -> oracle USD 3,456.00 shortfall by monthly
            draw 1 by monthly USD 480.00
            draw 2 by monthly USD 264.00
            monthly [2025-01-01, 2025-02-01): USD 4,200.00 = USD 0.00 before + USD 744.00 drawn + USD 3,456.00 left, USD 0.00 beyond; ended 2025-02-01, short USD 3,456.00 (Pay)
            owed openai -> oracle capacity USD 744.00
            owed openai -> oracle shortfall USD 3,456.00
            total openai USD -4,200.00
            total oracle USD 4,200.00
        "#]],
    );
}

#[test]
fn what_was_drawn_before_counts_where_the_period_starts() {
    let mut terms = terms();
    terms.rates = vec![rate("gpu oracle 1 gpu-hour gpu-time ..")];
    let row = |term, own, text| in_force(term, "v1", [own, own], commitment(text));
    // 100 were drawn in January before the 15th; February starts at nothing, and so does what
    // begins in the period.
    terms.commitments = vec![
        row("monthly", "2024-01-01..", "openai oracle 1000 100 month show gpu-time"),
        row("later", "2025-02-01..2026-01-01", "openai oracle 1000 100 term show gpu-time"),
        row("running", "2024-06-01..2026-01-01", "openai oracle 1000 100 term show gpu-time"),
    ];
    check_in(
        window("2025-01-15..2025-02-15"),
        &terms,
        &[],
        expect![[r#"
            later [2025-02-01, 2026-01-01): USD 1,000.00 = USD 0.00 before + USD 0.00 drawn + USD 1,000.00 left, USD 0.00 beyond; running
            monthly [2025-01-01, 2025-02-01): USD 1,000.00 = USD 100.00 before + USD 0.00 drawn + USD 900.00 left, USD 0.00 beyond; ended 2025-02-01, short USD 900.00 (Show)
            monthly [2025-02-01, 2025-03-01): USD 1,000.00 = USD 0.00 before + USD 0.00 drawn + USD 1,000.00 left, USD 0.00 beyond; running
            running [2024-06-01, 2026-01-01): USD 1,000.00 = USD 100.00 before + USD 0.00 drawn + USD 900.00 left, USD 0.00 beyond; running
        "#]],
    );
}

#[test]
fn a_commitment_that_is_renewed_starts_again() {
    let mut terms = terms();
    terms.rates = vec![rate("gpu oracle 1 gpu-hour gpu-time ..")];
    let row = |version, own| {
        let value = commitment("openai oracle 1000 700 term pay gpu-time");
        in_force("yearly", version, [own, own], value)
    };
    // The first year ends with 700 + 240 drawn and 60 short; the second has drawn 264 and 736 to go.
    terms.commitments =
        vec![row("v1", "2024-01-11..2025-01-11"), row("v2", "2025-01-11..2026-01-11")];
    let records = [
        "openai oracle gpu-time cluster 1x 2025-01-01..2025-01-11",
        "openai oracle gpu-time cluster 1x 2025-01-11..2025-01-22",
    ];
    check(
        &terms,
        &records,
        expect![[r#"
            1 [2025-01-01, 2025-01-11) openai -> oracle USD 240.00 capacity by gpu, 864000 GPU-seconds
            2 [2024-01-11, 2025-01-11) openai -> oracle USD 60.00 shortfall by yearly
            3 [2025-01-11, 2025-02-01) openai -> oracle USD 264.00 capacity by gpu, 950400 GPU-seconds
            draw 1 by yearly USD 240.00
            draw 3 by yearly USD 264.00
            yearly [2024-01-11, 2025-01-11): USD 1,000.00 = USD 700.00 before + USD 240.00 drawn + USD 60.00 left, USD 0.00 beyond; ended 2025-01-11, short USD 60.00 (Pay)
            yearly [2025-01-11, 2026-01-11): USD 1,000.00 = USD 0.00 before + USD 264.00 drawn + USD 736.00 left, USD 0.00 beyond; running
            owed openai -> oracle capacity USD 504.00
            owed openai -> oracle shortfall USD 60.00
            total openai USD -564.00
            total oracle USD 564.00
        "#]],
    );
}

#[test]
fn an_open_commitment_does_not_end() {
    let mut terms = terms();
    let value = commitment("openai oracle 1000 700 term pay gpu-time");
    terms.commitments = vec![in_force("open", "v1", ALWAYS, value)];
    check_in(
        Window::ALWAYS,
        &terms,
        &[],
        expect![[r#"
            open [-009999-01-02T01:59:59Z, open): USD 1,000.00 = USD 700.00 before + USD 0.00 drawn + USD 300.00 left, USD 0.00 beyond; running
        "#]],
    );
}

#[test]
fn a_term_held_in_force_beyond_its_own_end_goes_on() {
    let mut terms = terms();
    terms.rates = vec![rate("gpu oracle 1 gpu-hour gpu-time ..")];
    // As a replay under the terms of an earlier date holds it.
    let row = |term, text| in_force(term, "v1", ["..", "2024-06-01..2024-08-15"], commitment(text));
    terms.commitments = vec![
        row("monthly", "openai oracle 300 0 month show gpu-time"),
        row("once", "openai oracle 300 0 term show gpu-time"),
    ];
    let records = ["openai oracle gpu-time cluster 1x 2025-01-01..2025-01-02"];
    check(
        &terms,
        &records,
        expect![[r#"
            1 [2025-01-01, 2025-02-01) openai -> oracle USD 24.00 capacity by gpu, 86400 GPU-seconds
            draw 1 by monthly USD 24.00
            monthly [2025-01-01, 2025-02-01): USD 300.00 = USD 0.00 before + USD 24.00 drawn + USD 276.00 left, USD 0.00 beyond; ended 2025-02-01, short USD 276.00 (Show)
            once [-009999-01-02T01:59:59Z, open): USD 300.00 = USD 0.00 before + USD 0.00 drawn + USD 300.00 left, USD 0.00 beyond; running
            owed openai -> oracle capacity USD 24.00
            total openai USD -24.00
            total oracle USD 24.00
        "#]],
    );
}

#[test]
fn shares_go_both_ways() {
    let mut terms = terms();
    terms.rates = vec![
        cent_tokens("openai", "api"),
        cent_tokens("microsoft", "azure"),
        rate("gpu openai 1 gpu-hour gpu-time .."),
    ];
    terms.shares = vec![
        in_force("to-microsoft", "v1", ALWAYS, share("openai microsoft 20 api,chat,api", None)),
        in_force("to-openai", "v1", ALWAYS, share("microsoft openai 30 azure", None)),
    ];
    // 20 % of 1,000.00 one way, 30 % of 500.05 the other (150.015, to even: 150.02). Microsoft's
    // own purchase is a sale too, own use and capacity are not.
    let records = [
        "acme openai tokens-out api 90_000 2025-01-03..2025-01-04",
        "microsoft openai tokens-out api 10_000 2025-01-03..2025-01-04",
        "openai openai tokens-out api 77_777 2025-01-03..2025-01-04",
        "acme openai gpu-time api 3600 2025-01-03..2025-01-04",
        "acme microsoft tokens-out azure 50_005 2025-01-03..2025-01-04",
    ];
    check(
        &terms,
        &records,
        expect![[r#"
            1 [2025-01-01, 2025-02-01) acme -> microsoft USD 500.05 sale of azure by azure-price, 50005 tokens
            2 [2025-01-01, 2025-02-01) acme -> openai USD 1.00 capacity by gpu, 3600 GPU-seconds
            3 [2025-01-01, 2025-02-01) acme -> openai USD 900.00 sale of api by api-price, 90000 tokens
            4 [2025-01-01, 2025-02-01) microsoft -> openai USD 100.00 sale of api by api-price, 10000 tokens
            5 [2025-01-01, 2025-02-01) openai -> microsoft USD 200.20 revenue-share by to-microsoft
            6 [2025-01-01, 2025-02-01) microsoft -> openai USD 150.02 revenue-share by to-openai
            to-microsoft: base USD 1,001.00, share USD 200.20, paid USD 200.20
            to-openai: base USD 500.05, share USD 150.02, paid USD 150.02
            own tokens-out of api, from openai to openai 77777 tokens
            owed acme -> microsoft sale of azure USD 500.05
            owed acme -> openai capacity USD 1.00
            owed acme -> openai sale of api USD 900.00
            owed microsoft -> openai sale of api USD 100.00
            owed microsoft -> openai revenue-share USD 150.02
            owed openai -> microsoft revenue-share USD 200.20
            total acme USD -1,401.05
            total microsoft USD 450.23
            total openai USD 950.82
        "#]],
    );
}

#[test]
fn a_share_ends_with_its_version() {
    let mut terms = terms();
    terms.rates = vec![cent_tokens("openai", "api")];
    let value = share("openai microsoft 20 api", None);
    terms.shares = vec![in_force("share", "v1", ["..2025-01-21", ".."], value)];
    // 20 % of 1,000.00 up to the 21st, nothing of the 700.00 from it on.
    let records = [
        "acme openai tokens-out api 100_000 2025-01-20T23:59:59Z..2025-01-22",
        "acme openai tokens-out api 70_000 2025-01-21..2025-01-22",
    ];
    check(
        &terms,
        &records,
        expect![[r#"
            1 [2025-01-01, 2025-01-21) acme -> openai USD 1,000.00 sale of api by api-price, 100000 tokens
            2 [2025-01-01, 2025-01-21) openai -> microsoft USD 200.00 revenue-share by share
            3 [2025-01-21, 2025-02-01) acme -> openai USD 700.00 sale of api by api-price, 70000 tokens
            share: base USD 1,000.00, share USD 200.00, paid USD 200.00
            owed acme -> openai sale of api USD 1,700.00
            owed openai -> microsoft revenue-share USD 200.00
            total acme USD -1,700.00
            total microsoft USD 200.00
            total openai USD 1,500.00
        "#]],
    );
}

#[test]
fn a_cap_pays_just_the_remainder() {
    let mut terms = terms();
    terms.rates = vec![cent_tokens("openai", "api")];
    let row = |version, times, percent: u8, cap| {
        let value = share(&format!("openai microsoft {percent} api"), Some(cap));
        in_force("share", version, times, value)
    };
    // 650 of 1,000 paid before. 20 % of 1,000.00 = 200 leave 150; 20 % of 800.00 = 160 are 10
    // more than that. Then 10 % of 500.00 under a cap raised to 1,020: 20 of 50.
    terms.shares = vec![
        row("v1", ["..2025-01-11", ".."], 20, ["1000", "650"]),
        row("v2", ["2025-01-11..2025-01-21", ".."], 20, ["1000", "650"]),
        row("v3", ["2025-01-21..", ".."], 10, ["1020", "650"]),
    ];
    let records = [
        "acme openai tokens-out api 100_000 2025-01-01..2025-01-02",
        "acme openai tokens-out api 80_000 2025-01-11..2025-01-12",
        "acme openai tokens-out api 50_000 2025-01-21..2025-01-22",
    ];
    check(
        &terms,
        &records,
        expect![[r#"
            1 [2025-01-01, 2025-01-11) acme -> openai USD 1,000.00 sale of api by api-price, 100000 tokens
            2 [2025-01-01, 2025-01-11) openai -> microsoft USD 200.00 revenue-share by share
            3 [2025-01-11, 2025-01-21) acme -> openai USD 800.00 sale of api by api-price, 80000 tokens
            4 [2025-01-11, 2025-01-21) openai -> microsoft USD 150.00 revenue-share by share
            5 [2025-01-21, 2025-02-01) acme -> openai USD 500.00 sale of api by api-price, 50000 tokens
            6 [2025-01-21, 2025-02-01) openai -> microsoft USD 20.00 revenue-share by share
            share: base USD 2,300.00, share USD 410.00, paid USD 370.00; cap USD 1,020.00, left USD 0.00, bound in [2025-01-11, 2025-01-12)
            owed acme -> openai sale of api USD 2,300.00
            owed openai -> microsoft revenue-share USD 370.00
            total acme USD -2,300.00
            total microsoft USD 370.00
            total openai USD 1,930.00
        "#]],
    );
    // Reached to the cent, a cap holds nothing back.
    terms.shares = vec![row("v1", ALWAYS, 20, ["850", "650"])];
    check(
        &terms,
        &records[..1],
        expect![[r#"
            1 [2025-01-01, 2025-02-01) acme -> openai USD 1,000.00 sale of api by api-price, 100000 tokens
            2 [2025-01-01, 2025-02-01) openai -> microsoft USD 200.00 revenue-share by share
            share: base USD 1,000.00, share USD 200.00, paid USD 200.00; cap USD 850.00, left USD 0.00
            owed acme -> openai sale of api USD 1,000.00
            owed openai -> microsoft revenue-share USD 200.00
            total acme USD -1,000.00
            total microsoft USD 200.00
            total openai USD 800.00
        "#]],
    );
}

#[test]
fn all_problems_are_reported_at_once() {
    let mut terms = terms();
    terms.rates = vec![
        rate("below oracle -1 gpu-hour gpu-time .."),
        rate("unit oracle 1 gpu-hour power .."),
        rate("one openai 1 million-tokens tokens-in ..2025-01-21 buyer=acme"),
        rate("two openai 2 million-tokens tokens-in 2025-01-11.. buyer=acme"),
        rate("huge openai 999_999_999_999_999_999_999 million-tokens tokens-out .."),
    ];
    terms.shares = vec![
        in_force("sixty", "v1", ["..2025-01-21", ".."], share("openai microsoft 60 api", None)),
        in_force("sixty", "v2", ["2025-01-20..", ".."], share("openai microsoft 30 api", None)),
        in_force("half", "v1", ALWAYS, share("openai oracle 50 api,chat", Some(["-1", "0"]))),
        in_force("self", "v1", ALWAYS, share("acme acme 5 api", None)),
    ];
    let most = format!("acme openai tokens-out api {} 2025-01-01..2025-01-02", u64::MAX);
    let records = [
        "openai oracle gpu-time cluster 1x 2025-01-01..2025-01-02",
        "acme openai tokens-in api 5 2025-01-01..2025-01-02",
        "acme openai tokens-in api 5 2025-01-15..2025-01-16",
        "acme openai tokens-in chat 5 2025-01-15..2025-01-16",
        &most,
    ];
    check(
        &terms,
        &records,
        expect![[r#"
            rate `below` has a price below zero: `-1` (deal.yaml:1:1)
            rate `unit` counts `power` but is priced per `gpu-hour` (deal.yaml:1:1)
            term `half` states a cap below zero: USD -1.00 (deal.yaml:1:1)
            term `sixty` is in force twice from 2025-01-20 (deal.yaml:1:1 and deal.yaml:1:1)
            term `self` is between `acme` and itself (deal.yaml:1:1)
            the shares of `openai`'s sales of `api` in [2025-01-01, 2025-01-11) make more than 100 %: `sixty` (deal.yaml:1:1), `half` (deal.yaml:1:1)
            rates `one` (deal.yaml:1:1) and `two` (deal.yaml:1:1) fit a use of [2025-01-11, 2025-01-20) equally well: tokens-in of `api`, from `openai` to `acme`
        "#]],
    );
}

#[test]
fn a_total_beyond_128_bits_is_named() {
    let mut terms = terms();
    terms.rates = vec![rate("gpu oracle 999_999_999_999 gpu-hour gpu-time ..")];
    let level = Meter::GpuTime.written(u64::MAX.into());
    let records = [format!("openai oracle gpu-time cluster {level}x ..")];
    check_in(
        Window::ALWAYS,
        &terms,
        &[&records[0]],
        expect![[r#"
            what is settled in [-009999-01-02T01:59:59Z, -009999-02-01) is too large
        "#]],
    );
}
