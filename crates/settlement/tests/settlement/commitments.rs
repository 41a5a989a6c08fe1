//! The rules of commitments, each by an example that is worked out by hand.
//!
//! A GPU-hour costs 1.00 unless a test says otherwise, so hours read as dollars.

use std::collections::BTreeMap;

use comity_base::{Decimal, Meter, ObjectId, PriceUnit, Ratio, TermId, Window};
use comity_settlement::{MoneyTerms, Outlook, SettleError, Stage, burn_down, lifecycles, settle};
use comity_terms::{
    Commitment, Credit, Discount, Eligible, Ended, InForce, Interval, Life, Milestone, Prepaid,
    Promise, Shortfall, Unused,
};
use expect_test::{Expect, expect};

use crate::fixture::{at, dollars, in_force, object, party, rate, show, terms, usage, window};

const ALWAYS: [&str; 2] = ["..", ".."];
const YEAR: [&str; 2] = ["2025-01-01..2026-01-01", "2025-01-01..2026-01-01"];

/// So many hours of a product, all at the start of a day.
fn hours(product: &str, count: u64, day: &str) -> String {
    format!("openai oracle gpu-time {product} {} {day}..{day}T01:00:00Z", count * 3_600)
}

fn spend(amount: &str, interval: Interval, shortfall: Shortfall) -> Commitment {
    Commitment::spend(party("openai"), party("oracle"), dollars(amount), interval, shortfall)
}

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

fn using(
    quantity: &str,
    price: Option<&str>,
    weights: &[(&str, &str)],
    (interval, shortfall): (Interval, Shortfall),
) -> Commitment {
    let weight = |&(product, weight): &(&str, &str)| (object(product), decimal(weight));
    let weights: BTreeMap<ObjectId, Decimal> = weights.iter().map(weight).collect();
    let promise = Promise::Use {
        meter: Meter::GpuTime,
        per: PriceUnit::GpuHour,
        quantity: decimal(quantity),
        price: price.map(decimal),
        weights,
    };
    Commitment { promise, ..spend("0", interval, shortfall) }
}

fn at_one(commitments: Vec<InForce<Commitment>>) -> MoneyTerms {
    MoneyTerms { rates: vec![rate("gpu oracle 1 gpu-hour gpu-time ..")], commitments, ..terms() }
}

fn check(period: &str, terms: &MoneyTerms, records: &[String], expected: Expect) {
    let records = records.iter().map(|text| usage(text));
    let text: String = match settle(terms, window(period), records) {
        Ok(settlement) => {
            let text = show(&settlement);
            let shown = |line: &&str| !line.starts_with("owed ") && !line.starts_with("total ");
            text.lines().filter(shown).map(|line| format!("{line}\n")).collect()
        }
        Err(SettleError { problems, .. }) => {
            problems.iter().map(|problem| format!("{problem}\n")).collect()
        }
    };
    expected.assert_eq(&text);
}

#[test]
fn use_counts_by_weight() {
    // 2 h of the large one count as 6, 3 h of the small one as 3: 9 of 10 hours, 1 short.
    let promise = using("10", None, &[("large", "3")], (Interval::Month, Shortfall::Show));
    let terms = at_one(vec![in_force("normalized", "v1", ALWAYS, promise)]);
    let records = [hours("large", 2, "2025-01-05"), hours("small", 3, "2025-01-06")];
    check(
        "2025-01-01..2025-02-01",
        &terms,
        &records,
        expect![[r#"
        1 [2025-01-01, 2025-02-01) openai -> oracle USD 2.00 capacity by gpu, 7200 GPU-seconds
        2 [2025-01-01, 2025-02-01) openai -> oracle USD 3.00 capacity by gpu, 10800 GPU-seconds
        draw 1 by normalized USD 2.00 for 21600 GPU-seconds
        draw 2 by normalized USD 3.00 for 10800 GPU-seconds
        normalized [2025-01-01, 2025-02-01): 36000 GPU-seconds = 0 GPU-seconds before + 32400 GPU-seconds drawn + 3600 GPU-seconds left, 0 GPU-seconds beyond; ended 2025-02-01, short 3600 GPU-seconds (Show)
    "#]],
    );
}

#[test]
fn half_a_weight_counts_half() {
    // 7 hours at half are 3.5 of 3: what is drawn is 3, by 6 of the 7 hours.
    let promise = using("3", None, &[("small", "0.5")], (Interval::Month, Shortfall::Show));
    let terms = at_one(vec![in_force("halves", "v1", ALWAYS, promise)]);
    let records = [hours("small", 7, "2025-01-05")];
    check(
        "2025-01-01..2025-02-01",
        &terms,
        &records,
        expect![[r#"
        1 [2025-01-01, 2025-02-01) openai -> oracle USD 7.00 capacity by gpu, 25200 GPU-seconds
        draw 1 by halves USD 6.00 for 10800.0 GPU-seconds
        halves [2025-01-01, 2025-02-01): 10800.0 GPU-seconds = 0.0 GPU-seconds before + 10800.0 GPU-seconds drawn + 0.0 GPU-seconds left, 1800.0 GPU-seconds beyond; ended 2025-02-01, short 0.0 GPU-seconds (Show)
    "#]],
    );
}

#[test]
fn use_at_a_price_of_its_own() {
    // 60 of 100 hours: charged 120.00 by the card, 90.00 at the commitment's 1.50; 40 short: 60.00.
    let promise = using("100", Some("1.50"), &[], (Interval::Month, Shortfall::Pay));
    let mut terms = at_one(vec![in_force("reserved", "v1", ALWAYS, promise)]);
    terms.rates = vec![rate("gpu oracle 2 gpu-hour gpu-time ..")];
    let records = [hours("cluster", 60, "2025-01-05")];
    check(
        "2025-01-01..2025-02-01",
        &terms,
        &records,
        expect![[r#"
        1 [2025-01-01, 2025-02-01) openai -> oracle USD 120.00 capacity by gpu, 216000 GPU-seconds
        2 [2025-01-01, 2025-02-01) oracle -> openai USD 30.00 covered by reserved, 216000 GPU-seconds
        3 [2025-01-01, 2025-02-01) openai -> oracle USD 60.00 shortfall by reserved
        draw 1 by reserved USD 120.00 for 216000 GPU-seconds
        reserved [2025-01-01, 2025-02-01): 360000 GPU-seconds = 0 GPU-seconds before + 216000 GPU-seconds drawn + 144000 GPU-seconds left, 0 GPU-seconds beyond; ended 2025-02-01, short 144000 GPU-seconds (Pay); covered USD 30.00; paid short USD 60.00
    "#]],
    );
    // Where the card is cheaper, at 1.00, the buyer pays 30.00 more.
    terms.rates = vec![rate("gpu oracle 1 gpu-hour gpu-time ..")];
    check(
        "2025-01-01..2025-02-01",
        &terms,
        &records,
        expect![[r#"
        1 [2025-01-01, 2025-02-01) openai -> oracle USD 60.00 capacity by gpu, 216000 GPU-seconds
        2 [2025-01-01, 2025-02-01) openai -> oracle USD 30.00 covered by reserved, 216000 GPU-seconds
        3 [2025-01-01, 2025-02-01) openai -> oracle USD 60.00 shortfall by reserved
        draw 1 by reserved USD 60.00 for 216000 GPU-seconds
        reserved [2025-01-01, 2025-02-01): 360000 GPU-seconds = 0 GPU-seconds before + 216000 GPU-seconds drawn + 144000 GPU-seconds left, 0 GPU-seconds beyond; ended 2025-02-01, short 144000 GPU-seconds (Pay); covered USD -30.00; paid short USD 60.00
    "#]],
    );
}

#[test]
fn charges_count_after_discounts_or_before_and_without_credits_that_do_not_count() {
    // 200.00, 10 % off: 180.00. A credit of 30.00 that does not count leaves 150.00 after
    // discounts, and 170.00 before; one that counts leaves 180.00 and 200.00.
    let on = Eligible::default;
    let (seller, buyer) = (party("oracle"), party("openai"));
    let discount = Discount {
        seller: seller.clone(),
        buyer: buyer.clone(),
        on: on(),
        rate: Ratio::new(1, 10).unwrap(),
    };
    let drawn = |before_discounts, counts| {
        let promise =
            Commitment { before_discounts, ..spend("1000", Interval::Term, Shortfall::Show) };
        let mut terms = at_one(vec![in_force("promise", "v1", YEAR, promise)]);
        terms.discounts = vec![in_force("ten", "v1", ALWAYS, discount.clone())];
        let credit = Credit {
            seller: seller.clone(),
            buyer: buyer.clone(),
            on: on(),
            amount: dollars("30"),
            paid: dollars("0"),
            counts,
            priority: 0,
        };
        terms.credits = vec![in_force("credit", "v1", ALWAYS, credit)];
        let records = [usage(&hours("cluster", 200, "2025-01-05"))];
        let settlement = settle(&terms, window("2025-01-01..2025-02-01"), records).unwrap();
        settlement.drawdowns[0].drawn.plain()
    };
    let cases = [(false, false), (true, false), (false, true), (true, true)];
    assert_eq!(
        cases.map(|(before, counts)| drawn(before, counts)),
        ["150.00", "170.00", "180.00", "200.00"]
    );
}

#[test]
fn commitments_are_drawn_in_order() {
    // 100.00 draw 10.00 each: by priority; then the one for one product before the one for two,
    // that before any; of two for any, the one that ends first; of two alike, by term.
    let named = |products: &[&str]| Eligible {
        objects: products.iter().map(|it| object(it)).collect(),
        ..Eligible::default()
    };
    let row = |term: &str, own: &str, priority, on| {
        let value = Commitment { priority, on, ..spend("10", Interval::Term, Shortfall::Show) };
        in_force(term, "v1", [own, own], value)
    };
    let (short, long) = ("2025-01-01..2026-01-01", "2025-01-01..2030-01-01");
    let terms = at_one(vec![
        row("a-any-long", long, 1, named(&[])),
        row("b-any-short", short, 1, named(&[])),
        row("c-two", long, 1, named(&["cluster", "other"])),
        row("d-one", long, 1, named(&["cluster"])),
        row("e-first", long, 0, named(&[])),
        row("f-any-short", short, 1, named(&[])),
    ]);
    let records = [usage(&hours("cluster", 100, "2025-01-05"))];
    let settlement = settle(&terms, window("2025-01-01..2025-02-01"), records).unwrap();
    let drawn: Vec<&str> = settlement.draws.iter().map(|draw| draw.term.as_str()).collect();
    assert_eq!(drawn, ["e-first", "d-one", "c-two", "b-any-short", "f-any-short", "a-any-long"]);
    assert!(settlement.drawdowns.iter().all(|it| it.beyond.plain() == "40.00"));
}

#[test]
fn what_rolls_over_is_drawn_first_and_then_falls_short() {
    // January: 30 of 100, 70 unused; half of 100 may roll over, so 20 fall short. February: 120
    // draw the 50 first, then 70; 30 roll over. March is the last month: 10 draw of the 30; the 20
    // and all 100 of March fall short.
    let promise = Commitment {
        unused: Unused::RollsOver { intervals: 1, at_most: Ratio::new(1, 2).unwrap() },
        ..spend("100", Interval::Month, Shortfall::Pay)
    };
    let own = "2025-01-01..2025-04-01";
    let terms = at_one(vec![in_force("rolling", "v1", [own, own], promise)]);
    let records = [
        hours("cluster", 30, "2025-01-05"),
        hours("cluster", 120, "2025-02-05"),
        hours("cluster", 10, "2025-03-05"),
    ];
    check(
        "2025-01-01..2025-04-01",
        &terms,
        &records,
        expect![[r#"
        1 [2025-01-01, 2025-02-01) openai -> oracle USD 30.00 capacity by gpu, 108000 GPU-seconds
        2 [2025-01-01, 2025-02-01) openai -> oracle USD 20.00 shortfall by rolling
        3 [2025-02-01, 2025-03-01) openai -> oracle USD 120.00 capacity by gpu, 432000 GPU-seconds
        4 [2025-03-01, 2025-04-01) openai -> oracle USD 10.00 capacity by gpu, 36000 GPU-seconds
        5 [2025-03-01, 2025-04-01) openai -> oracle USD 120.00 shortfall by rolling
        draw 1 by rolling USD 30.00
        draw 3 by rolling USD 120.00
        draw 4 by rolling USD 10.00
        rolling [2025-01-01, 2025-02-01): USD 100.00 = USD 0.00 before + USD 30.00 drawn + USD 70.00 left, USD 0.00 beyond; ended 2025-02-01, short USD 20.00 (Pay); rolled out USD 50.00
        rolling [2025-02-01, 2025-03-01): USD 100.00 = USD 0.00 before + USD 70.00 drawn + USD 30.00 left, USD 0.00 beyond; ended 2025-03-01, short USD 0.00 (Pay); rolled in USD 50.00; of it drawn USD 50.00; rolled out USD 30.00
        rolling [2025-03-01, 2025-04-01): USD 100.00 = USD 0.00 before + USD 0.00 drawn + USD 100.00 left, USD 0.00 beyond; ended 2025-04-01, short USD 120.00 (Pay); rolled in USD 30.00; of it drawn USD 10.00
    "#]],
    );
}

#[test]
fn the_oldest_balance_of_any_commitment_is_drawn_first() {
    // Both roll January's 100 over, the second for one month only, and so it is drawn first in
    // February: 100 of it, 50 of the other; that keeps 50 for March. February's own 100s roll too.
    let rolling = |intervals| Commitment {
        unused: Unused::RollsOver { intervals, at_most: Ratio::ONE },
        ..spend("100", Interval::Month, Shortfall::Show)
    };
    let terms = at_one(vec![
        in_force("a-for-two", "v1", YEAR, rolling(2)),
        in_force("b-for-one", "v1", YEAR, rolling(1)),
    ]);
    let records = [hours("cluster", 150, "2025-02-05")];
    check(
        "2025-01-01..2025-03-01",
        &terms,
        &records,
        expect![[r#"
        1 [2025-02-01, 2025-03-01) openai -> oracle USD 150.00 capacity by gpu, 540000 GPU-seconds
        draw 1 by b-for-one USD 100.00
        draw 1 by a-for-two USD 50.00
        a-for-two [2025-01-01, 2025-02-01): USD 100.00 = USD 0.00 before + USD 0.00 drawn + USD 100.00 left, USD 0.00 beyond; ended 2025-02-01, short USD 0.00 (Show); rolled out USD 100.00
        a-for-two [2025-02-01, 2025-03-01): USD 100.00 = USD 0.00 before + USD 0.00 drawn + USD 100.00 left, USD 0.00 beyond; ended 2025-03-01, short USD 0.00 (Show); rolled in USD 100.00; of it drawn USD 50.00; rolled out USD 100.00
        b-for-one [2025-01-01, 2025-02-01): USD 100.00 = USD 0.00 before + USD 0.00 drawn + USD 100.00 left, USD 0.00 beyond; ended 2025-02-01, short USD 0.00 (Show); rolled out USD 100.00
        b-for-one [2025-02-01, 2025-03-01): USD 100.00 = USD 0.00 before + USD 0.00 drawn + USD 100.00 left, USD 0.00 beyond; ended 2025-03-01, short USD 0.00 (Show); rolled in USD 100.00; of it drawn USD 100.00; rolled out USD 100.00
    "#]],
    );
}

#[test]
fn what_was_paid_is_made_up_once_the_promise_is_met() {
    // January: 40 of 100, 60 paid and banked. February: 130 meet the 100 and make up 30. March: 110
    // make up 10. April: the bank of January has expired after three months' end, so of 125 the 25
    // are beyond.
    let promise = Commitment {
        unused: Unused::MadeUp { intervals: 2 },
        ..spend("100", Interval::Month, Shortfall::Pay)
    };
    let terms = at_one(vec![in_force("take-or-pay", "v1", YEAR, promise)]);
    let records = [
        hours("cluster", 40, "2025-01-05"),
        hours("cluster", 130, "2025-02-05"),
        hours("cluster", 110, "2025-03-05"),
        hours("cluster", 125, "2025-04-05"),
    ];
    check(
        "2025-01-01..2025-05-01",
        &terms,
        &records,
        expect![[r#"
        1 [2025-01-01, 2025-02-01) openai -> oracle USD 40.00 capacity by gpu, 144000 GPU-seconds
        2 [2025-01-01, 2025-02-01) openai -> oracle USD 60.00 shortfall by take-or-pay
        3 [2025-02-01, 2025-03-01) openai -> oracle USD 130.00 capacity by gpu, 468000 GPU-seconds
        4 [2025-02-01, 2025-03-01) oracle -> openai USD 30.00 made-up by take-or-pay, 108000 GPU-seconds
        5 [2025-03-01, 2025-04-01) openai -> oracle USD 110.00 capacity by gpu, 396000 GPU-seconds
        6 [2025-03-01, 2025-04-01) oracle -> openai USD 10.00 made-up by take-or-pay, 36000 GPU-seconds
        7 [2025-04-01, 2025-05-01) openai -> oracle USD 125.00 capacity by gpu, 450000 GPU-seconds
        draw 1 by take-or-pay USD 40.00
        draw 3 by take-or-pay USD 100.00
        draw 5 by take-or-pay USD 100.00
        draw 7 by take-or-pay USD 100.00
        take-or-pay [2025-01-01, 2025-02-01): USD 100.00 = USD 0.00 before + USD 40.00 drawn + USD 60.00 left, USD 0.00 beyond; ended 2025-02-01, short USD 60.00 (Pay); banked USD 60.00
        take-or-pay [2025-02-01, 2025-03-01): USD 100.00 = USD 0.00 before + USD 100.00 drawn + USD 0.00 left, USD 0.00 beyond; ended 2025-03-01, short USD 0.00 (Pay); made up USD 30.00; banked USD 30.00
        take-or-pay [2025-03-01, 2025-04-01): USD 100.00 = USD 0.00 before + USD 100.00 drawn + USD 0.00 left, USD 0.00 beyond; ended 2025-04-01, short USD 0.00 (Pay); made up USD 10.00
        take-or-pay [2025-04-01, 2025-05-01): USD 100.00 = USD 0.00 before + USD 100.00 drawn + USD 0.00 left, USD 25.00 beyond; ended 2025-05-01, short USD 0.00 (Pay)
    "#]],
    );
}

#[test]
fn what_is_made_up_is_worth_what_was_paid_at_most_the_charge() {
    // 10 hours at 1.50 fall short in January: 15.00. In February 10 hours meet the promise, charged
    // 10.00 by the card, which costs 15.00 at the commitment's price; the other 4 are charged 4.00,
    // for which 6.00 were paid: 4.00 are credited.
    let promise = Commitment {
        unused: Unused::MadeUp { intervals: 3 },
        ..using("10", Some("1.50"), &[], (Interval::Month, Shortfall::Pay))
    };
    let terms = at_one(vec![in_force("take-or-pay", "v1", YEAR, promise)]);
    let records = [hours("cluster", 14, "2025-02-05")];
    check(
        "2025-01-01..2025-03-01",
        &terms,
        &records,
        expect![[r#"
        1 [2025-01-01, 2025-02-01) openai -> oracle USD 15.00 shortfall by take-or-pay
        2 [2025-02-01, 2025-03-01) openai -> oracle USD 14.00 capacity by gpu, 50400 GPU-seconds
        3 [2025-02-01, 2025-03-01) openai -> oracle USD 5.00 covered by take-or-pay, 36000 GPU-seconds
        4 [2025-02-01, 2025-03-01) oracle -> openai USD 4.00 made-up by take-or-pay, 14400 GPU-seconds
        draw 2 by take-or-pay USD 10.00 for 36000 GPU-seconds
        take-or-pay [2025-01-01, 2025-02-01): 36000 GPU-seconds = 0 GPU-seconds before + 0 GPU-seconds drawn + 36000 GPU-seconds left, 0 GPU-seconds beyond; ended 2025-02-01, short 36000 GPU-seconds (Pay); banked 36000 GPU-seconds; paid short USD 15.00
        take-or-pay [2025-02-01, 2025-03-01): 36000 GPU-seconds = 0 GPU-seconds before + 36000 GPU-seconds drawn + 0 GPU-seconds left, 0 GPU-seconds beyond; ended 2025-03-01, short 0 GPU-seconds (Pay); made up 14400 GPU-seconds; banked 21600 GPU-seconds; covered USD -5.00
    "#]],
    );
}

#[test]
fn use_beyond_costs_more_or_less() {
    // 150 of 100: 50 beyond. At 1.5 times the price that is 25.00 more; at 0.8 times 10.00 less.
    let records = [hours("cluster", 150, "2025-01-05")];
    for (factor, expected) in [
        (
            "1.5",
            expect![[r#"
            1 [2025-01-01, 2025-02-01) openai -> oracle USD 150.00 capacity by gpu, 540000 GPU-seconds
            2 [2025-01-01, 2025-02-01) openai -> oracle USD 25.00 overage by overage
            draw 1 by overage USD 100.00
            overage [2025-01-01, 2025-02-01): USD 100.00 = USD 0.00 before + USD 100.00 drawn + USD 0.00 left, USD 50.00 beyond; ended 2025-02-01, short USD 0.00 (Pay); overage USD 25.00
        "#]],
        ),
        (
            "0.8",
            expect![[r#"
            1 [2025-01-01, 2025-02-01) openai -> oracle USD 150.00 capacity by gpu, 540000 GPU-seconds
            2 [2025-01-01, 2025-02-01) oracle -> openai USD 10.00 overage-discount by overage
            draw 1 by overage USD 100.00
            overage [2025-01-01, 2025-02-01): USD 100.00 = USD 0.00 before + USD 100.00 drawn + USD 0.00 left, USD 50.00 beyond; ended 2025-02-01, short USD 0.00 (Pay); overage USD -10.00
        "#]],
        ),
    ] {
        let promise = Commitment {
            overage: Some(decimal(factor)),
            ..spend("100", Interval::Month, Shortfall::Pay)
        };
        let terms = at_one(vec![in_force("overage", "v1", YEAR, promise)]);
        check("2025-01-01..2025-02-01", &terms, &records, expected);
    }
}

#[test]
fn an_overage_is_rounded_once_an_interval() {
    // Ten days on which 0.01 is beyond: 1.5 times the price is 0.05 more in all, not ten times 0.01
    // or nothing.
    let promise = Commitment {
        overage: Some(decimal("1.5")),
        ..spend("0", Interval::Month, Shortfall::Show)
    };
    let terms = at_one(vec![in_force("overage", "v1", YEAR, promise)]);
    let records: Vec<_> = (10..20)
        .map(|day| {
            usage(&format!("openai oracle gpu-time x 36 2025-01-{day}..2025-01-{day}T01:00:00Z"))
        })
        .collect();
    let settlement = settle(&terms, window("2025-01-01..2025-02-01"), records).unwrap();
    assert_eq!(settlement.drawdowns[0].overage, dollars("0.05"));
    assert_eq!(settlement.drawdowns[0].beyond.plain(), "0.10");
}

#[test]
fn what_counts_for_a_narrower_one_counts_for_the_wider_too() {
    // The narrower: 60 a month within 500 a year. January: 100 draw 60 through the narrower and 40
    // of the wider: 100 in all, not 160. February: 20 used, 40 paid; all 60 count for the wider.
    let inner = Commitment {
        within: Some(TermId::new("wider").unwrap()),
        ..spend("60", Interval::Month, Shortfall::Pay)
    };
    let terms = at_one(vec![
        in_force("narrower", "v1", YEAR, inner),
        in_force("wider", "v1", YEAR, spend("500", Interval::Term, Shortfall::Pay)),
    ]);
    let records = [hours("cluster", 100, "2025-01-05"), hours("cluster", 20, "2025-02-05")];
    check(
        "2025-01-01..2025-03-01",
        &terms,
        &records,
        expect![[r#"
        1 [2025-01-01, 2025-02-01) openai -> oracle USD 100.00 capacity by gpu, 360000 GPU-seconds
        2 [2025-02-01, 2025-03-01) openai -> oracle USD 20.00 capacity by gpu, 72000 GPU-seconds
        3 [2025-02-01, 2025-03-01) openai -> oracle USD 40.00 shortfall by narrower
        draw 1 by narrower USD 60.00
        draw 1 by wider USD 60.00 through narrower
        draw 1 by wider USD 40.00
        draw 2 by narrower USD 20.00
        draw 2 by wider USD 20.00 through narrower
        narrower [2025-01-01, 2025-02-01): USD 60.00 = USD 0.00 before + USD 60.00 drawn + USD 0.00 left, USD 0.00 beyond; ended 2025-02-01, short USD 0.00 (Pay)
        narrower [2025-02-01, 2025-03-01): USD 60.00 = USD 0.00 before + USD 20.00 drawn + USD 40.00 left, USD 0.00 beyond; ended 2025-03-01, short USD 40.00 (Pay)
        wider [2025-01-01, 2026-01-01): USD 500.00 = USD 0.00 before + USD 120.00 drawn + USD 340.00 left, USD 0.00 beyond; running; fallen short USD 40.00
    "#]],
    );
}

#[test]
fn what_is_paid_ahead_is_not_paid_again() {
    // 100 a month, 300 in all, half of it upfront: 150 and 50 in January. 60 of January are covered;
    // the 40 short were paid ahead. February: 50 ahead; of 130, 100 are covered.
    let promise = Commitment {
        prepaid: Some(Prepaid { upfront: Ratio::new(1, 2).unwrap() }),
        ..spend("100", Interval::Month, Shortfall::Pay)
    };
    let own = "2025-01-01..2025-04-01";
    let terms = at_one(vec![in_force("prepaid", "v1", [own, own], promise)]);
    let records = [hours("cluster", 60, "2025-01-05"), hours("cluster", 130, "2025-02-05")];
    check(
        "2025-01-01..2025-03-01",
        &terms,
        &records,
        expect![[r#"
        1 [2025-01-01, 2025-02-01) openai -> oracle USD 60.00 capacity by gpu, 216000 GPU-seconds
        2 [2025-01-01, 2025-02-01) openai -> oracle USD 50.00 prepayment by prepaid
        3 [2025-01-01, 2025-04-01) openai -> oracle USD 150.00 prepayment by prepaid
        4 [2025-01-01, 2025-02-01) oracle -> openai USD 60.00 covered by prepaid, 216000 GPU-seconds
        5 [2025-02-01, 2025-03-01) openai -> oracle USD 130.00 capacity by gpu, 468000 GPU-seconds
        6 [2025-02-01, 2025-03-01) openai -> oracle USD 50.00 prepayment by prepaid
        7 [2025-02-01, 2025-03-01) oracle -> openai USD 100.00 covered by prepaid, 360000 GPU-seconds
        draw 1 by prepaid USD 60.00
        draw 5 by prepaid USD 100.00
        prepaid [2025-01-01, 2025-02-01): USD 100.00 = USD 0.00 before + USD 60.00 drawn + USD 40.00 left, USD 0.00 beyond; ended 2025-02-01, short USD 40.00 (Pay); prepaid USD 100.00; covered USD 60.00
        prepaid [2025-02-01, 2025-03-01): USD 100.00 = USD 0.00 before + USD 100.00 drawn + USD 0.00 left, USD 30.00 beyond; ended 2025-03-01, short USD 0.00 (Pay); prepaid USD 100.00; covered USD 100.00
    "#]],
    );
}

#[test]
fn a_later_version_pays_the_rest_ahead() {
    // 100 paid ahead on 1 January for the year; from 1 February it is 150: 50 more then.
    let promise = |amount: &str| Commitment {
        prepaid: Some(Prepaid { upfront: Ratio::new(0, 1).unwrap() }),
        ..spend(amount, Interval::Term, Shortfall::Pay)
    };
    let terms = at_one(vec![
        in_force("prepaid", "v1", ["2025-01-01..2025-02-01", YEAR[1]], promise("100")),
        in_force("prepaid", "v2", ["2025-02-01..2026-01-01", YEAR[1]], promise("150")),
    ]);
    check(
        "2025-01-01..2025-03-01",
        &terms,
        &[],
        expect![[r#"
        1 [2025-01-01, 2026-01-01) openai -> oracle USD 100.00 prepayment by prepaid
        2 [2025-01-01, 2026-01-01) openai -> oracle USD 50.00 prepayment by prepaid
        prepaid [2025-01-01, 2026-01-01): USD 150.00 = USD 0.00 before + USD 0.00 drawn + USD 150.00 left, USD 0.00 beyond; running; prepaid USD 150.00
    "#]],
    );
}

#[test]
fn a_shortfall_under_what_was_paid_ahead_is_credited() {
    // The wider is paid ahead: 500. The narrower falls 60 short, which is paid and credited.
    let inner = Commitment {
        within: Some(TermId::new("wider").unwrap()),
        ..spend("60", Interval::Month, Shortfall::Pay)
    };
    let wider = Commitment {
        prepaid: Some(Prepaid { upfront: Ratio::ONE }),
        ..spend("500", Interval::Term, Shortfall::Pay)
    };
    let terms =
        at_one(vec![in_force("narrower", "v1", YEAR, inner), in_force("wider", "v1", YEAR, wider)]);
    check(
        "2025-01-01..2025-02-01",
        &terms,
        &[],
        expect![[r#"
        1 [2025-01-01, 2026-01-01) openai -> oracle USD 500.00 prepayment by wider
        2 [2025-01-01, 2025-02-01) oracle -> openai USD 60.00 covered by wider
        3 [2025-01-01, 2025-02-01) openai -> oracle USD 60.00 shortfall by narrower
        narrower [2025-01-01, 2025-02-01): USD 60.00 = USD 0.00 before + USD 0.00 drawn + USD 60.00 left, USD 0.00 beyond; ended 2025-02-01, short USD 60.00 (Pay)
        wider [2025-01-01, 2026-01-01): USD 500.00 = USD 0.00 before + USD 0.00 drawn + USD 440.00 left, USD 0.00 beyond; running; fallen short USD 60.00; prepaid USD 500.00; covered USD 60.00
    "#]],
    );
}

#[test]
fn milestones_fall_short_when_they_are_reached() {
    // 300 of 1,000 by 1 March: 100 used, 200 paid and counted. Then 50: 350 count in all, so that
    // the 500 by 1 April lack 150; at the end 1,000 − 500 = 500 fall short.
    let by = |date, amount| Milestone { by: at(date), at_least: dollars(amount).minor };
    let promise = Commitment {
        milestones: vec![by("2025-03-01", "300"), by("2025-04-01", "500")],
        ..spend("1000", Interval::Term, Shortfall::Pay)
    };
    let own = "2025-01-01..2025-05-01";
    let terms = at_one(vec![in_force("staged", "v1", [own, own], promise)]);
    let records = [hours("cluster", 100, "2025-02-05"), hours("cluster", 50, "2025-03-05")];
    check(
        "2025-01-01..2025-05-01",
        &terms,
        &records,
        expect![[r#"
        1 [2025-02-01, 2025-03-01) openai -> oracle USD 100.00 capacity by gpu, 360000 GPU-seconds
        2 [2025-01-01, 2025-03-01) openai -> oracle USD 200.00 shortfall by staged
        3 [2025-03-01, 2025-04-01) openai -> oracle USD 50.00 capacity by gpu, 180000 GPU-seconds
        4 [2025-01-01, 2025-04-01) openai -> oracle USD 150.00 shortfall by staged
        5 [2025-01-01, 2025-05-01) openai -> oracle USD 500.00 shortfall by staged
        draw 1 by staged USD 100.00
        draw 3 by staged USD 50.00
        staged [2025-01-01, 2025-05-01): USD 1,000.00 = USD 0.00 before + USD 150.00 drawn + USD 500.00 left, USD 0.00 beyond; ended 2025-05-01, short USD 500.00 (Pay); fallen short USD 350.00; paid short USD 850.00
    "#]],
    );
}

#[test]
fn each_hour_can_be_an_interval() {
    // 2.00 an hour for two hours: 3 h used in the first draw 2 and 1 is beyond, the second is paid.
    let own = "2025-01-01..2025-01-01T02:00:00Z";
    let promise = spend("2", Interval::Hour, Shortfall::Pay);
    let terms = at_one(vec![in_force("hourly", "v1", [own, own], promise)]);
    let records = ["openai oracle gpu-time x 3x 2025-01-01..2025-01-01T01:00:00Z".to_owned()];
    check(
        "2025-01-01..2025-01-02",
        &terms,
        &records,
        expect![[r#"
        1 [2025-01-01, 2025-01-01T02:00:00Z) openai -> oracle USD 3.00 capacity by gpu, 10800 GPU-seconds
        2 [2025-01-01T01:00:00Z, 2025-01-01T02:00:00Z) openai -> oracle USD 2.00 shortfall by hourly
        draw 1 by hourly USD 2.00
        hourly [2025-01-01, 2025-01-01T01:00:00Z): USD 2.00 = USD 0.00 before + USD 2.00 drawn + USD 0.00 left, USD 1.00 beyond; ended 2025-01-01T01:00:00Z, short USD 0.00 (Pay)
        hourly [2025-01-01T01:00:00Z, 2025-01-01T02:00:00Z): USD 2.00 = USD 0.00 before + USD 0.00 drawn + USD 2.00 left, USD 0.00 beyond; ended 2025-01-01T02:00:00Z, short USD 2.00 (Pay)
    "#]],
    );
}

#[test]
fn what_cannot_be_settled_is_reported() {
    let pay = (Interval::Month, Shortfall::Pay);
    let ahead = Prepaid { upfront: Ratio::ONE };
    let terms = at_one(vec![
        in_force("unpriced", "v1", YEAR, using("10", None, &[], pay)),
        in_force(
            "ahead",
            "v1",
            YEAR,
            Commitment { prepaid: Some(ahead), ..using("10", None, &[], pay) },
        ),
        in_force(
            "endless",
            "v1",
            ALWAYS,
            Commitment { prepaid: Some(ahead), ..spend("10", Interval::Month, Shortfall::Pay) },
        ),
        in_force(
            "negative",
            "v1",
            YEAR,
            Commitment {
                overage: Some(decimal("-1")),
                ..using("-5", Some("-1"), &[("x", "-2")], pay)
            },
        ),
    ]);
    check(
        "2025-01-01..2025-02-01",
        &terms,
        &[],
        expect![[r#"
        commitment `unpriced` is to be paid where it falls short, without a price (deal.yaml:1:1)
        commitment `ahead` is paid ahead without a price (deal.yaml:1:1)
        commitment `endless` is paid upfront, but has no end (deal.yaml:1:1)
        term `negative` states an overage below zero: -1 (deal.yaml:1:1)
        term `negative` states a quantity below zero: -5 (deal.yaml:1:1)
        term `negative` states a price below zero: -1 (deal.yaml:1:1)
        term `negative` states a weight below zero: -2 (deal.yaml:1:1)
    "#]],
    );
}

#[test]
fn each_commitment_has_its_stage() {
    // As of 1 February 2025.
    let row = |term: &str, window: &str, own: &str, executed: &str, ended| {
        let value = spend("10", Interval::Term, Shortfall::Show);
        let life = Life { executed: at(executed), ended };
        InForce { life, ..in_force(term, "v1", [window, own], value) }
    };
    let open = "2025-01-01..2026-01-01";
    let narrow = |row: InForce<Commitment>, product: &str| {
        let objects = [object(product)].into();
        let on = Eligible { objects, ..Eligible::default() };
        InForce { value: Commitment { on, ..row.value.clone() }, ..row }
    };
    let cut = "2025-01-01..2025-01-15";
    let terms = at_one(vec![
        narrow(row("active", open, open, "2024-12-01", None), "other"),
        row("cancelled", cut, open, "2024-12-01", Some(Ended::Cancelled)),
        narrow(row("exhausted", open, open, "2024-12-01", None), "cluster"),
        row("expired", cut, cut, "2024-12-01", None),
        row("pending", "2025-03-01..", "2025-03-01..", "2025-01-01", None),
        row("proposed", "2025-03-01..", "2025-03-01..", "2025-02-15", None),
        row("ran-out", cut, open, "2024-12-01", Some(Ended::RanOut)),
        row("superseded", cut, open, "2024-12-01", Some(Ended::Superseded)),
    ]);
    let records = [usage(&hours("cluster", 100, "2025-01-20"))];
    let settlement = settle(&terms, window("2025-01-01..2025-02-01"), records).unwrap();
    let all = lifecycles(&terms.commitments, &settlement.drawdowns, at("2025-02-01"));
    let stages: Vec<(&str, Stage)> = all.iter().map(|it| (it.term.as_str(), it.stage)).collect();
    assert_eq!(
        stages,
        [
            ("active", Stage::Active),
            ("cancelled", Stage::Cancelled),
            ("exhausted", Stage::Exhausted),
            ("expired", Stage::Expired),
            ("pending", Stage::Pending),
            ("proposed", Stage::Proposed),
            ("ran-out", Stage::Expired),
            ("superseded", Stage::Superseded),
        ]
    );
}

#[test]
fn a_burn_down_says_where_it_is_heading() {
    let settled = |amount: &str, period: Window, records: &[String]| {
        let own = "2025-01-01..2025-01-31";
        let promise = spend(amount, Interval::Term, Shortfall::Pay);
        let terms = at_one(vec![in_force("promise", "v1", [own, own], promise)]);
        let records = records.iter().map(|text| usage(text));
        settle(&terms, period, records).unwrap().drawdowns.remove(0)
    };
    // Ten days at 10.00: 100 of 400 used; at that pace 300 at the end of 30 days, 100 short. The
    // best day is 20.00, so the 300 that are left could still be used in 15 of the 20 days: the
    // commitment is lost from the day x on for which 10·x + 20·(20 − x) = 300: 10 days from now.
    let mut records: Vec<String> =
        (2..10).map(|day| hours("x", 10, &format!("2025-01-0{day}"))).collect();
    records.push(hours("x", 20, "2025-01-10"));
    let ten_days = window("2025-01-01..2025-01-11");
    let it = burn_down(&settled("400", ten_days, &records), at("2025-01-11")).unwrap();
    assert_eq!(it.used.plain(), "100.00");
    assert_eq!(it.per_day.plain(), "10.00");
    assert_eq!(it.projected.unwrap().plain(), "300.00");
    assert_eq!(it.projected_shortfall.unwrap().plain(), "100.00");
    assert_eq!(it.needed_per_day.unwrap().plain(), "15.00");
    assert_eq!((it.elapsed_seconds, it.whole_seconds), (Some(864_000), Some(2_592_000)));
    assert_eq!(it.outlook, Outlook::FallsShort { lost_from: at("2025-01-21") });
    // Of 250 the rest is used up in 15 days; of 500 even 20.00 a day would leave 0.
    let outlook =
        |amount| burn_down(&settled(amount, ten_days, &records), at("2025-01-11")).unwrap().outlook;
    assert_eq!(outlook("250"), Outlook::UsedUpOn(at("2025-01-26")));
    assert_eq!(outlook("500"), Outlook::FallsShort { lost_from: at("2025-01-11") });
    assert_eq!(outlook("90"), Outlook::UsedUp);
    let over = settled("400", window("2025-01-01..2025-02-01"), &records);
    let it = burn_down(&over, at("2025-02-01")).unwrap();
    assert_eq!(it.outlook, Outlook::Over);
    assert_eq!(it.projected_shortfall.unwrap().plain(), "300.00");
}
