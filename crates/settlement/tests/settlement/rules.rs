//! Rates, discounts, credits, shares and shared costs by worked examples.

use std::collections::BTreeSet;

use comity_base::{Currency, Decimal, Money, RateId, Ratio};
use comity_settlement::{MoneyTerms, Settlement, settle};
use comity_terms::{
    Bracket, Cap, Conversion, CostSplit, Credit, Discount, Eligible, Interval, Less,
    MinimumGuarantee, Periodic, Price, Rate, RevenueShare, ShareRate, Step, TierMode, Tiers,
};
use expect_test::{Expect, expect};

use crate::fixture::{
    commitment, dollars, in_force, object, party, rate, share, terms, usage, usd, window,
};

const ALWAYS: [&str; 2] = ["..", ".."];

fn settled(terms: &MoneyTerms, period: &str, records: &[&str]) -> Settlement {
    settle(terms, window(period), records.iter().map(|text| usage(text))).expect("good terms")
}

/// The entries of a settlement: from when on, who owes whom how much, what for.
fn check(terms: &MoneyTerms, period: &str, records: &[&str], expected: &Expect) {
    let settlement = settled(terms, period, records);
    let line = |entry: &comity_settlement::Entry| {
        let converted = entry.converted.as_ref();
        let converted = converted.map_or_else(String::new, |it| format!(", of {}", it.original));
        format!(
            "{} {} -> {} {} {}{converted}\n",
            entry.segment.start(),
            entry.payer,
            entry.payee,
            entry.amount,
            entry.reason
        )
    };
    let text: String = settlement.journal.entries().iter().map(line).collect();
    expected.assert_eq(&text);
}

fn tiers(mode: TierMode, over: Interval, steps: &[(u64, &str)]) -> Price {
    let step = |&(from, price): &(u64, &str)| Step { from, price: Decimal::parse(price).unwrap() };
    Price::Tiered(Tiers { mode, over, steps: steps.iter().map(step).collect() })
}

fn percent(percent: i64) -> Ratio {
    Ratio::new(percent, 100).unwrap()
}

fn each(amount: &str, each: Interval) -> Periodic {
    Periodic { amount: dollars(amount), each }
}

const STEPS: &[(u64, &str)] = &[(0, "3"), (100, "2"), (200, "1")];

/// 250 GPU-hours in January: 100 at 3.00, 100 at 2.00, 50 at 1.00 make 550.00; February starts
/// anew: 50 at 3.00. The second line's use comes after the first's on the same day.
#[test]
fn graduated_tiers_price_each_unit_by_its_step() {
    let mut terms = terms();
    let line = rate("gpu oracle 1 gpu-hour gpu-time ..");
    let price = tiers(TierMode::Graduated, Interval::Month, STEPS);
    terms.rates = vec![Rate { price, ..line }];
    let records = [
        "openai oracle gpu-time a 10x 2025-01-05..2025-01-05T15:00:00Z",
        "openai oracle gpu-time b 10x 2025-01-05..2025-01-05T05:00:00Z",
        "openai oracle gpu-time a 10x 2025-01-06..2025-01-06T05:00:00Z",
        "openai oracle gpu-time a 10x 2025-02-06..2025-02-06T05:00:00Z",
    ];
    // In order: a 150 on the 5th (300 + 100), b 50 on the 5th (100), a 50 on the 6th (50).
    check(
        &terms,
        "2025-01-01..2025-03-01",
        &records,
        &expect![[r#"
        2025-01-01 openai -> oracle USD 500.00 capacity
        2025-01-01 openai -> oracle USD 50.00 capacity
        2025-02-01 openai -> oracle USD 150.00 capacity
    "#]],
    );
}

/// By volume all 150 units cost 2.00. Over a quarter, February's use takes January's along.
#[test]
fn volume_tiers_price_all_units_by_the_step_that_is_reached() {
    let mut terms = terms();
    let line = rate("gpu oracle 1 gpu-hour gpu-time ..");
    let price = |over| tiers(TierMode::Volume, over, STEPS);
    terms.rates = vec![Rate { price: price(Interval::Month), ..line.clone() }];
    let records = [
        "openai oracle gpu-time a 10x 2025-01-05..2025-01-05T15:00:00Z",
        "openai oracle gpu-time a 10x 2025-02-06..2025-02-06T05:00:00Z",
    ];
    check(
        &terms,
        "2025-01-01..2025-03-01",
        &records,
        &expect![[r#"
        2025-01-01 openai -> oracle USD 300.00 capacity
        2025-02-01 openai -> oracle USD 150.00 capacity
    "#]],
    );
    terms.rates = vec![Rate { price: price(Interval::Quarter), ..line }];
    check(
        &terms,
        "2025-01-01..2025-02-01",
        &records,
        &expect![[r#"
        2025-01-01 openai -> oracle USD 300.00 capacity
    "#]],
    );
    check(
        &terms,
        "2025-01-01..2025-03-01",
        &records,
        &expect![[r#"
        2025-01-01 openai -> oracle USD 150.00 capacity
        2025-02-01 openai -> oracle USD 50.00 capacity
    "#]],
    );
}

/// 40 of 100 are charged, so 60.00 are added at the end of January; a named buyer that uses
/// nothing pays the whole minimum; the half month of March that is settled has none.
#[test]
fn a_minimum_is_filled_at_the_end_of_its_interval() {
    let mut terms = terms();
    let minimum = Some(each("100", Interval::Month));
    terms.rates = vec![
        Rate { minimum, ..rate("any oracle 1 gpu-hour gpu-time ..") },
        Rate { minimum, ..rate("named aws 1 gpu-hour gpu-time .. buyer=openai") },
    ];
    let records = ["xai oracle gpu-time a 10x 2025-01-05..2025-01-05T04:00:00Z"];
    check(
        &terms,
        "2025-01-01..2025-02-16",
        &records,
        &expect![[r#"
        2025-01-01 xai -> oracle USD 40.00 capacity
        2025-01-01 xai -> oracle USD 60.00 minimum
        2025-01-01 openai -> aws USD 100.00 minimum
    "#]],
    );
}

/// EUR 100.01 at 1.0833 make USD 108.340833, rounded 108.34; in February no conversion holds, and
/// the charge stays in euros with its own balance.
#[test]
fn a_charge_is_converted_where_the_deal_says_how() {
    let mut terms = terms();
    let eur = Currency::new("EUR", 2).unwrap();
    terms.rates = vec![Rate { currency: eur, ..rate("gpu oracle 1 gpu-hour gpu-time ..") }];
    let provenance = terms.rates[0].provenance.clone();
    terms.conversions = vec![Conversion {
        id: RateId::new("eur-usd").unwrap(),
        from: eur,
        to: usd(),
        rate: Decimal::parse("1.0833").unwrap(),
        window: window("2025-01-01..2025-02-01"),
        provenance,
        position: crate::fixture::position(1),
    }];
    let records = [
        "openai oracle gpu-time a 10001x 2025-01-05..2025-01-05T00:00:36Z",
        "openai oracle gpu-time a 10001x 2025-02-05..2025-02-05T00:00:36Z",
    ];
    check(
        &terms,
        "2025-01-01..2025-03-01",
        &records,
        &expect![[r#"
        2025-01-01 openai -> oracle USD 108.34 capacity, of EUR 100.01
        2025-02-01 openai -> oracle EUR 100.01 capacity
    "#]],
    );
    let settlement = settled(&terms, "2025-01-01..2025-03-01", &records);
    let balances: Vec<String> = comity_settlement::statements(&settlement.journal)
        [&party("oracle")]
        .balances
        .iter()
        .map(|balance| balance.total.to_string())
        .collect();
    assert_eq!(balances, ["EUR 100.01", "USD 108.34"]);
}

/// 2 MW all of January and all of February cost two months, though one is longer.
#[test]
fn a_month_of_power_costs_the_same_in_each_month() {
    let mut terms = terms();
    terms.rates = vec![rate("hall crusoe 1_000 mw-month power ..")];
    let records = ["oracle crusoe power hall 2000x 2025-01-01..2025-03-01"];
    check(
        &terms,
        "2025-01-01..2025-03-01",
        &records,
        &expect![[r#"
        2025-01-01 oracle -> crusoe USD 2,000.00 power
        2025-02-01 oracle -> crusoe USD 2,000.00 power
    "#]],
    );
}

/// 100.00 less 10 % and 5 %, each of the price, are 85.00. A credit of 60.00 that does not count
/// pays a part: 25.00 are left, and only those draw the commitment of 80.00, so 55.00 fall short.
#[test]
fn discounts_and_credits_come_before_commitments() {
    let mut terms = terms();
    terms.rates = vec![rate("gpu oracle 1 gpu-hour gpu-time ..")];
    let discount = |percents| Discount {
        seller: party("oracle"),
        buyer: party("openai"),
        on: Eligible::default(),
        rate: percent(percents),
    };
    terms.discounts = vec![
        in_force("ten", "v1", ALWAYS, discount(10)),
        in_force("five", "v1", ALWAYS, discount(5)),
    ];
    let credit = |counts| Credit {
        seller: party("oracle"),
        buyer: party("openai"),
        on: Eligible::default(),
        amount: dollars("60"),
        paid: dollars("50"),
        counts,
        priority: 0,
    };
    let year = ["2025-01-01..2026-01-01", "2025-01-01..2026-01-01"];
    terms.credits = vec![in_force("gift", "v1", year, credit(false))];
    let promise = commitment("openai oracle 80 0 month pay gpu-time");
    terms.commitments = vec![in_force("promise", "v1", ALWAYS, promise)];
    let records = ["openai oracle gpu-time a 10x 2025-01-05..2025-01-05T10:00:00Z"];
    check(
        &terms,
        "2025-01-01..2025-02-01",
        &records,
        &expect![[r#"
        2025-01-01 openai -> oracle USD 100.00 capacity
        2025-01-01 oracle -> openai USD 5.00 discount
        2025-01-01 oracle -> openai USD 10.00 discount
        2025-01-01 openai -> oracle USD 50.00 credit-bought
        2025-01-01 oracle -> openai USD 60.00 credit
        2025-01-01 openai -> oracle USD 55.00 shortfall
    "#]],
    );
    // One that counts draws the commitment as well: 85.00 are drawn of 80.00.
    terms.credits = vec![in_force("bought", "v1", year, credit(true))];
    check(
        &terms,
        "2025-01-01..2025-02-01",
        &records,
        &expect![[r#"
        2025-01-01 openai -> oracle USD 100.00 capacity
        2025-01-01 oracle -> openai USD 5.00 discount
        2025-01-01 oracle -> openai USD 10.00 discount
        2025-01-01 openai -> oracle USD 50.00 credit-bought
        2025-01-01 oracle -> openai USD 60.00 credit
    "#]],
    );
}

/// 100.01 between three: 33.34 for the first by id, 33.34 and 33.33; the party that is charged
/// bears its own part, and what is passed on to the others adds up with it.
#[test]
fn a_cost_is_split_to_the_cent() {
    let mut terms = terms();
    terms.rates = vec![rate("gpu oracle 1 gpu-hour gpu-time ..")];
    let third = Ratio::new(1, 3).unwrap();
    let between = ["hub", "physics", "biology"].map(|id| (party(id), third)).to_vec();
    let split = CostSplit { of: party("hub"), on: Eligible::default(), between };
    terms.cost_splits = vec![in_force("split", "v1", ALWAYS, split)];
    let records = ["hub oracle gpu-time a 10001x 2025-01-05..2025-01-05T00:00:36Z"];
    check(
        &terms,
        "2025-01-01..2025-02-01",
        &records,
        &expect![[r#"
        2025-01-01 hub -> oracle USD 100.01 capacity
        2025-01-01 biology -> hub USD 33.34 cost-split
        2025-01-01 physics -> hub USD 33.33 cost-split
    "#]],
    );
}

fn sales(text: &str) -> String {
    format!("acme openai tokens-out api {text}")
}

/// Sales at 1.00 a token, shared by some rule.
fn shared(value: RevenueShare) -> MoneyTerms {
    let mut terms = terms();
    terms.rates = vec![rate("api openai 1_000_000 million-tokens tokens-out ..")];
    terms.shares = vec![in_force("share", "v1", ["2025-01-01..", "2025-01-01.."], value)];
    terms
}

fn of_sales(value: RevenueShare, expected: &Expect) {
    let records = [
        sales("1_000 2025-01-10..2025-01-11"),
        sales("3_000 2025-02-10..2025-02-11"),
        sales("200 2025-03-10..2025-03-11"),
    ];
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    check(&shared(value), "2025-01-01..2025-04-01", &records, expected);
}

fn plain() -> RevenueShare {
    share("openai microsoft 20 api", None)
}

/// 10 % up to 2,000 of a year, 20 % above: 100.00 of the first 1,000; of the next 3,000 the first
/// thousand at 10 % and two at 20 %: 500.00; then 40.00.
#[test]
fn brackets_grow_with_the_base() {
    let bracket = |from, percents| Bracket { from: dollars(from), rate: percent(percents) };
    let brackets = vec![bracket("0", 10), bracket("2000", 20)];
    let rate = ShareRate::Marginal { over: Interval::Year, brackets };
    of_sales(
        RevenueShare { rate, ..plain() },
        &expect![[r#"
        2025-01-01 acme -> openai USD 1,000.00 sale of api
        2025-01-01 openai -> microsoft USD 100.00 revenue-share
        2025-02-01 acme -> openai USD 3,000.00 sale of api
        2025-02-01 openai -> microsoft USD 500.00 revenue-share
        2025-03-01 acme -> openai USD 200.00 sale of api
        2025-03-01 openai -> microsoft USD 40.00 revenue-share
    "#]],
    );
}

/// 300.00 are paid ahead in each month. January earns 200.00: nothing more is paid, and 100.00 stay
/// to be recouped. February earns 600.00, less 400.00 paid ahead: 200.00. March earns 40.00: nothing.
/// One that cannot be recouped is paid besides.
#[test]
fn a_guarantee_is_recouped_or_paid_besides() {
    let guarantee =
        |recoupable| Some(MinimumGuarantee { minimum: each("300", Interval::Month), recoupable });
    of_sales(
        RevenueShare { guarantee: guarantee(true), ..plain() },
        &expect![[r#"
        2025-01-01 acme -> openai USD 1,000.00 sale of api
        2025-01-01 openai -> microsoft USD 300.00 guarantee
        2025-02-01 acme -> openai USD 3,000.00 sale of api
        2025-02-01 openai -> microsoft USD 200.00 revenue-share
        2025-02-01 openai -> microsoft USD 300.00 guarantee
        2025-03-01 acme -> openai USD 200.00 sale of api
        2025-03-01 openai -> microsoft USD 300.00 guarantee
    "#]],
    );
    of_sales(
        RevenueShare { guarantee: guarantee(false), ..plain() },
        &expect![[r#"
        2025-01-01 acme -> openai USD 1,000.00 sale of api
        2025-01-01 openai -> microsoft USD 200.00 revenue-share
        2025-01-01 openai -> microsoft USD 300.00 guarantee
        2025-02-01 acme -> openai USD 3,000.00 sale of api
        2025-02-01 openai -> microsoft USD 600.00 revenue-share
        2025-02-01 openai -> microsoft USD 300.00 guarantee
        2025-03-01 acme -> openai USD 200.00 sale of api
        2025-03-01 openai -> microsoft USD 40.00 revenue-share
        2025-03-01 openai -> microsoft USD 300.00 guarantee
    "#]],
    );
}

/// January's 200.00 and March's 40.00 are filled up to 250.00; February's 600.00 are above it.
#[test]
fn a_floor_fills_what_lacks() {
    let floor = Some(each("250", Interval::Month));
    of_sales(
        RevenueShare { floor, ..plain() },
        &expect![[r#"
        2025-01-01 acme -> openai USD 1,000.00 sale of api
        2025-01-01 openai -> microsoft USD 200.00 revenue-share
        2025-01-01 openai -> microsoft USD 50.00 floor
        2025-02-01 acme -> openai USD 3,000.00 sale of api
        2025-02-01 openai -> microsoft USD 600.00 revenue-share
        2025-03-01 acme -> openai USD 200.00 sale of api
        2025-03-01 openai -> microsoft USD 40.00 revenue-share
        2025-03-01 openai -> microsoft USD 210.00 floor
    "#]],
    );
}

/// 200.00, then 600.00 held to 300.00 by the month and to 220.00 by the 420.00 over the term; then
/// nothing.
#[test]
fn caps_hold_by_the_interval_and_over_the_term() {
    let cap = Cap {
        total: Some(dollars("420")),
        paid_before: None,
        each: Some(each("300", Interval::Month)),
    };
    of_sales(
        RevenueShare { cap, ..plain() },
        &expect![[r#"
        2025-01-01 acme -> openai USD 1,000.00 sale of api
        2025-01-01 openai -> microsoft USD 200.00 revenue-share
        2025-02-01 acme -> openai USD 3,000.00 sale of api
        2025-02-01 openai -> microsoft USD 220.00 revenue-share
        2025-03-01 acme -> openai USD 200.00 sale of api
    "#]],
    );
}

/// Sales of 1,000 less a discount of 10 % and 400 of hosting are a base of 500: 100.00. In February
/// hosting is more than the sales: nothing is paid, and what was overpaid is set off in March.
#[test]
fn a_net_base_takes_off_what_it_names() {
    let less = Less { discounts: true, credits: false, costs: BTreeSet::from([object("hosting")]) };
    let mut terms = shared(RevenueShare { less, ..plain() });
    terms.rates.push(rate("gpu oracle 1 gpu-hour gpu-time .."));
    let discount = Discount {
        seller: party("openai"),
        buyer: party("acme"),
        on: Eligible::default(),
        rate: percent(10),
    };
    terms.discounts = vec![in_force("ten", "v1", ALWAYS, discount)];
    let records = [
        sales("1_000 2025-01-10..2025-01-11"),
        "openai oracle gpu-time hosting 40x 2025-01-05..2025-01-05T10:00:00Z".to_owned(),
        "openai oracle gpu-time hosting 20x 2025-02-05..2025-02-05T10:00:00Z".to_owned(),
        sales("1_000 2025-03-10..2025-03-11"),
    ];
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    // February: base -200, so -40.00; March: 900, so 180.00 less 40.00.
    check(
        &terms,
        "2025-01-01..2025-04-01",
        &records,
        &expect![[r#"
        2025-01-01 acme -> openai USD 1,000.00 sale of api
        2025-01-01 openai -> oracle USD 400.00 capacity
        2025-01-01 openai -> acme USD 100.00 discount
        2025-01-01 openai -> microsoft USD 100.00 revenue-share
        2025-02-01 openai -> oracle USD 200.00 capacity
        2025-03-01 acme -> openai USD 1,000.00 sale of api
        2025-03-01 openai -> acme USD 100.00 discount
        2025-03-01 openai -> microsoft USD 140.00 revenue-share
    "#]],
    );
}

/// Three months of 0.33, at 50 %: 0.165 each. By differences of 0.165, 0.33 and 0.495, rounded to
/// even: 0.16, 0.17, 0.17; in all 0.50, as half of 0.99 rounded once is.
#[test]
fn the_parts_of_a_share_add_up_across_periods() {
    let mut terms = terms();
    terms.rates = vec![rate("api openai 330_000 million-tokens tokens-out ..")];
    let value = share("openai microsoft 50 api", None);
    terms.shares = vec![in_force("half", "v1", ["2025-01-01..", "2025-01-01.."], value)];
    let records = [
        sales("1 2025-01-10..2025-01-11"),
        sales("1 2025-02-10..2025-02-11"),
        sales("1 2025-03-10..2025-03-11"),
    ];
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    check(
        &terms,
        "2025-01-01..2025-04-01",
        &records,
        &expect![[r#"
        2025-01-01 acme -> openai USD 0.33 sale of api
        2025-01-01 openai -> microsoft USD 0.16 revenue-share
        2025-02-01 acme -> openai USD 0.33 sale of api
        2025-02-01 openai -> microsoft USD 0.17 revenue-share
        2025-03-01 acme -> openai USD 0.33 sale of api
        2025-03-01 openai -> microsoft USD 0.17 revenue-share
    "#]],
    );
    let settlement = settled(&terms, "2025-01-01..2025-04-01", &records);
    assert_eq!(settlement.shares[0].paid, Money { minor: 50, currency: usd() });
}
