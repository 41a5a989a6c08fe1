//! The worked scenarios of the FOCUS specification 1.2, as terms of a deal, row by row.
//!
//! The files are not part of the repository; without them the tests say so and pass. Hours of a
//! resource are node-hours here, and a licence stands as one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use comity_base::{Decimal, Meter, Money, PriceUnit, Ratio, Rounding, TermId, Window};
use comity_settlement::{
    Entry, MoneyTerms, Reason, Settlement, Utilization, effective_costs, settle,
};
use comity_terms::{Commitment, Eligible, InForce, Interval, Prepaid, Promise, Shortfall};

use crate::fixture::{dollars, in_force, object, party, rate, terms, usage, window};

/// A row of a file, by the names of its columns.
type Row = BTreeMap<String, String>;

/// The rows of a scenario; nothing where the files are not there.
#[allow(clippy::disallowed_methods, reason = "the scenarios are files beside the repository")]
fn rows(name: &str) -> Option<Vec<Row>> {
    let folder = "../../../shared/data/focus-scenarios";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder).join(format!("{name}.csv"));
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: `{}` is not there", path.display());
        return None;
    };
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let rows: Vec<Row> = reader.deserialize().map(|row| row.unwrap()).collect();
    assert!(!rows.is_empty());
    Some(rows)
}

/// An amount such as `$10,000.00 ` or `48`, in cents.
fn cents(row: &Row, column: &str) -> i128 {
    let text = row[column].trim().trim_start_matches('$').replace(',', "");
    Decimal::parse(&text).unwrap().at_scale(2).unwrap()
}

fn billed(row: &Row) -> i128 {
    cents(row, "BilledCost")
}

fn effective(row: &Row) -> i128 {
    cents(row, "EffectiveCost")
}

fn hour() -> Window {
    window("2023-01-01..2023-01-01T01:00:00Z")
}

/// A commitment for each hour of 2023, paid ahead: a part of it upfront.
fn hourly(promise: Promise, products: &[&str], upfront: Ratio) -> InForce<Commitment> {
    let on =
        Eligible { objects: products.iter().map(|it| object(it)).collect(), ..Eligible::default() };
    let (buyer, seller) = (party("buyer"), party("cloud"));
    let of = Commitment::spend(buyer, seller, dollars("0"), Interval::Hour, Shortfall::Pay);
    let value = Commitment { promise, on, prepaid: Some(Prepaid { upfront }), ..of };
    let year = "2023-01-01..2024-01-01";
    in_force("commitment", "v1", [year, year], value)
}

fn nothing() -> Ratio {
    Ratio::new(0, 1).unwrap()
}

fn node_hours(quantity: &str, price: &str, weights: &[(&str, &str)]) -> Promise {
    let decimal = |text: &str| Decimal::parse(text).unwrap();
    Promise::Use {
        meter: Meter::NodeTime,
        per: PriceUnit::NodeHour,
        quantity: decimal(quantity),
        price: Some(decimal(price)),
        weights: weights.iter().map(|&(it, weight)| (object(it), decimal(weight))).collect(),
    }
}

fn priced(commitments: Vec<InForce<Commitment>>, rates: &[&str]) -> MoneyTerms {
    MoneyTerms { rates: rates.iter().map(|text| rate(text)).collect(), commitments, ..terms() }
}

/// One node of each product for the first hour of 2023.
fn first_hour(terms: &MoneyTerms, products: &[&str]) -> Settlement {
    let records = products.iter().map(|product| {
        let hour = "2023-01-01..2023-01-01T01:00:00Z";
        usage(&format!("buyer cloud node-time {product} 1x {hour}"))
    });
    settle(terms, hour(), records).unwrap()
}

fn moved(settlement: &Settlement, reason: &Reason) -> Vec<i128> {
    let entries = settlement.journal.entries().iter().filter(|entry| entry.reason == *reason);
    entries.map(|entry| entry.amount.minor).collect()
}

/// What a charge comes to in money after what is covered of it.
fn paid(settlement: &Settlement, charge: &Entry) -> i128 {
    let covers = settlement.journal.entries().iter().filter(|entry| {
        entry.reason == Reason::Covered
            && entry.used.as_ref().map(|used| (&used.object, &used.site))
                == charge.used.as_ref().map(|used| (&used.object, &used.site))
    });
    charge.amount.minor - covers.map(|entry| entry.amount.minor).sum::<i128>()
}

/// Quantity and cost of what was used or not, of all intervals.
fn spread(settlement: &Settlement, of: Utilization) -> (String, i128) {
    let costs = effective_costs(&settlement.drawdowns, Rounding::HalfEven).unwrap();
    let mine: Vec<_> = costs.iter().filter(|it| it.utilization == of).collect();
    let quantity: Vec<String> = mine.iter().map(|it| it.counted.in_units()).collect();
    (quantity.join("+"), mine.iter().map(|it| it.cost.minor).sum())
}

#[test]
fn purchases_paid_upfront_each_hour_or_half_and_half() {
    let one = || Promise::Spend(dollars("1"));
    // All upfront: 8,760 hours of 2023 at 1.00.
    if let Some(rows) = rows("commitment_discount_purchase_scenario_1") {
        let terms = priced(vec![hourly(one(), &[], Ratio::ONE)], &[]);
        let settlement = first_hour(&terms, &[]);
        assert_eq!(moved(&settlement, &Reason::Prepayment), [billed(&rows[0])]);
        assert_eq!(billed(&rows[0]), cents(&rows[0], "CommitmentDiscountQuantity"));
        // What is paid ahead has no effective cost of its own: the hour that was not used has.
        assert_eq!(effective(&rows[0]), 0);
        assert_eq!(spread(&settlement, Utilization::Unused), ("1.00".to_owned(), 100));
    }
    // Nothing upfront: 1.00 each hour. The rows are the first three hours, but their published
    // periods are not: they begin ten hours apart, end a month later, and the last ends at 30:00.
    if let Some(rows) = rows("commitment_discount_purchase_scenario_2") {
        let ends: Vec<&str> = rows.iter().map(|row| &row["ChargePeriodEnd"][8..13]).collect();
        assert_eq!(ends, ["01T10", "01T20", "01T30"]);
        let terms = priced(vec![hourly(one(), &[], nothing())], &[]);
        let three = window("2023-01-01..2023-01-01T03:00:00Z");
        let settlement = settle(&terms, three, [&usage("a b power x 0 2023-01-01..")]).unwrap();
        let expected: Vec<i128> = rows.iter().map(billed).collect();
        assert_eq!(moved(&settlement, &Reason::Prepayment), expected);
        assert!(rows.iter().all(|row| effective(row) == 0));
    }
    // Half upfront: 4,380.00, and 0.50 each hour. The periods are published as above.
    if let Some(rows) = rows("commitment_discount_purchase_scenario_3") {
        let terms = priced(vec![hourly(one(), &[], Ratio::new(1, 2).unwrap())], &[]);
        let three = window("2023-01-01..2023-01-01T03:00:00Z");
        let settlement = settle(&terms, three, [&usage("a b power x 0 2023-01-01..")]).unwrap();
        let mut expected: Vec<i128> = rows.iter().map(billed).collect();
        let mut paid = moved(&settlement, &Reason::Prepayment);
        expected.sort_unstable();
        paid.sort_unstable();
        assert_eq!(paid, expected);
    }
}

#[test]
fn spend_in_an_hour_is_used_unused_or_both() {
    // 1.00 an hour is committed; the resource costs 1.00, nothing, 0.75 or 1.50.
    let settled = |price: Option<&str>| {
        let rate = format!("resource cloud {} node-hour node-time ..", price.unwrap_or("1"));
        let promise = Promise::Spend(dollars("1"));
        let terms = priced(vec![hourly(promise, &[], nothing())], &[&rate]);
        first_hour(&terms, price.map_or(&[][..], |_| &["resource"]))
    };
    let prices = [Some("1.00"), None, Some("0.75"), Some("1.50")];
    for (scenario, price) in (1..=4).zip(prices) {
        let name = format!("commitment_discount_usage_scenario_{scenario}");
        let Some(rows) = rows(&name) else { continue };
        let settlement = settled(price);
        let charge = settlement.journal.entries().iter().find(|entry| entry.reason.is_charge());
        let mut beyond = charge.map_or(0, |charge| paid(&settlement, charge));
        for row in &rows {
            let quantity = &row["CommitmentDiscountQuantity"];
            let ours = match row["CommitmentDiscountStatus"].as_str() {
                "Used" => spread(&settlement, Utilization::Used),
                "Unused" => spread(&settlement, Utilization::Unused),
                // Beyond the commitment, by the card.
                "null" => {
                    assert_eq!(billed(row), beyond, "{name}");
                    ("null".to_owned(), std::mem::take(&mut beyond))
                }
                other => panic!("no such status: {other}"),
            };
            assert_eq!((quantity, effective(row)), (&ours.0, ours.1), "{name}");
            assert!(quantity == "null" || billed(row) == 0, "paid ahead: {name}");
        }
        assert_eq!(beyond, 0, "every part of the charge has its row: {name}");
        let statuses = rows.iter().filter(|row| row["CommitmentDiscountStatus"] != "null").count();
        let parts = effective_costs(&settlement.drawdowns, Rounding::HalfEven).unwrap().len();
        assert_eq!(parts, statuses, "{name}");
    }
}

const CARD: [&str; 3] = [
    "large cloud 3 node-hour node-time .. object=large",
    "medium cloud 2 node-hour node-time .. object=medium",
    "small cloud 1 node-hour node-time .. object=small",
];

#[test]
fn use_without_flexibility_is_all_used_or_not_at_all() {
    // One large node-hour an hour at 1.50, in place of 3.00.
    let one_large = || hourly(node_hours("1", "1.50", &[]), &["large"], nothing());
    if let Some(rows) =
        rows("one_hundred_percent_utilization_without_commitment_discount_flexibility")
    {
        let settlement = first_hour(&priced(vec![one_large()], &CARD), &["large"]);
        assert_eq!(moved(&settlement, &Reason::Prepayment), [billed(&rows[0])]);
        let charge = &settlement.journal.entries()[0];
        assert_eq!((charge.amount.minor, paid(&settlement, charge)), (300, billed(&rows[1])));
        let used = (rows[1]["CommitmentDiscountQuantity"].clone(), effective(&rows[1]));
        assert_eq!(spread(&settlement, Utilization::Used), used);
    }
    // A medium one does not count: the commitment is unused, and the medium one is paid by the card.
    if let Some(rows) = rows("zero_percent_utilization_without_commitment_discount_flexibility") {
        let settlement = first_hour(&priced(vec![one_large()], &CARD), &["medium"]);
        assert_eq!(moved(&settlement, &Reason::Prepayment), [billed(&rows[0])]);
        let unused = (rows[1]["CommitmentDiscountQuantity"].clone(), effective(&rows[1]));
        assert_eq!(spread(&settlement, Utilization::Unused), unused);
        assert_eq!(billed(&rows[1]), 0);
        let charge = &settlement.journal.entries()[0];
        assert_eq!(paid(&settlement, charge), billed(&rows[2]));
        assert_eq!(charge.amount.minor, effective(&rows[2]));
    }
}

#[test]
fn use_with_flexibility_counts_by_size() {
    let weights = [("small", "1"), ("medium", "2"), ("large", "3")];
    // Two medium ones, 2 of the 4 normalized hours each.
    if let Some(rows) = rows(
        "one_hundred_percent_utilization_with_commitment_discount_flexibility_with_2_resources",
    ) {
        let four = hourly(node_hours("4", "0.50", &weights), &[], nothing());
        let settlement = first_hour(&priced(vec![four], &CARD), &["medium@a", "medium@b"]);
        assert_eq!(moved(&settlement, &Reason::Prepayment), [billed(&rows[0])]);
        for ((draw, charge), row) in
            settlement.draws.iter().zip(settlement.journal.entries()).zip(&rows[1..])
        {
            assert_eq!(draw.entry, charge.id);
            assert_eq!(draw.counted.in_units(), row["CommitmentDiscountQuantity"]);
            let cost = draw.counted.value(Rounding::HalfEven).unwrap();
            assert_eq!(cost.map(|cost: Money| cost.minor), Some(effective(row)));
            assert_eq!(charge.amount.minor, cents(row, "ListCost"));
            assert_eq!(paid(&settlement, charge), billed(row));
        }
        assert_eq!(settlement.draws.len(), rows.len() - 1);
        assert_eq!(spread(&settlement, Utilization::Unused), (String::new(), 0));
    }
    // One large one: the 1 normalized hour covers a third of its hour.
    if let Some(rows) =
        rows("one_hundred_percent_utilization_with_commitment_discount_flexibility_with_1_resource")
    {
        let one = hourly(node_hours("1", "0.50", &weights), &[], nothing());
        let settlement = first_hour(&priced(vec![one], &CARD), &["large"]);
        assert_eq!(moved(&settlement, &Reason::Prepayment), [billed(&rows[0])]);
        let used = (rows[1]["CommitmentDiscountQuantity"].clone(), effective(&rows[1]));
        assert_eq!(spread(&settlement, Utilization::Used), used);
        assert_eq!(billed(&rows[1]), 0);
        // The published rows contradict themselves: 0.333 and 0.75 of one hour are 1.083 hours. Of
        // the hour two thirds are left, at 3.00: 2.00, and not 0.75 × 3.00 = 2.25.
        let thousandths =
            |row: &Row| Decimal::parse(&row["PricingQuantity"]).unwrap().at_scale(3).unwrap();
        assert_eq!(thousandths(&rows[1]) + thousandths(&rows[2]), 1_083);
        assert_eq!(billed(&rows[2]), 225);
        let charge = &settlement.journal.entries()[0];
        assert_eq!(paid(&settlement, charge), 200);
    }
}

/// A deal with a software company for a year from April 2025: 12.00 a server-hour.
fn saas(commitments: Vec<InForce<Commitment>>) -> Settlement {
    let terms = priced(commitments, &["contracted acme 12 node-hour node-time .."]);
    let records = [("2025-04-10", 4), ("2025-05-10", 10), ("2025-06-10", 5)].map(|(day, hours)| {
        usage(&format!("buyer acme node-time db {} {day}..{day}T01:00:00Z", hours * 3_600))
    });
    settle(&terms, window("2025-04-01..2026-04-01"), records).unwrap()
}

const SAAS: [&str; 2] = ["2025-04-01..2026-04-01", "2025-04-01..2026-04-01"];

fn promise(amount: &str, interval: Interval) -> Commitment {
    let (buyer, seller) = (party("buyer"), party("acme"));
    Commitment::spend(buyer, seller, dollars(amount), interval, Shortfall::Pay)
}

#[test]
fn a_spend_agreement_is_trued_up_at_its_end() {
    let Some(rows) = rows("saas_spend_agreements_a1") else { return };
    let yearly = in_force("c-001", "v1", SAAS, promise("1200", Interval::Term));
    let settlement = saas(vec![yearly]);
    let ours: Vec<i128> =
        settlement.journal.entries().iter().map(|entry| entry.amount.minor).collect();
    assert_eq!(ours, rows.iter().map(billed).collect::<Vec<_>>());
    assert_eq!(ours, rows.iter().map(effective).collect::<Vec<_>>());
    // The unused part is published as a count of the whole: 0.81 of 1,200.00.
    assert_eq!(cents(&rows[3], "PricingQuantity") * 1_200, billed(&rows[3]));
}

#[test]
fn a_spend_agreement_with_a_monthly_minimum() {
    let Some(rows) = rows("saas_spend_agreements_a2") else { return };
    // 60.00 a month within 1,200.00 a year. What goes beyond the month's minimum counts for the
    // year: 60 + 120 + 60 + 8 × 60 = 720 by the end of February.
    let monthly = Commitment {
        within: Some(TermId::new("yearly").unwrap()),
        ..promise("60", Interval::Month)
    };
    let settlement = saas(vec![
        in_force("monthly", "v1", SAAS, monthly),
        in_force("yearly", "v1", SAAS, promise("1200", Interval::Term)),
    ]);
    let mut ours: Vec<i128> =
        settlement.journal.entries().iter().map(|entry| entry.amount.minor).collect();
    // In March the published file has one row for what is unused at the end, 480.00; ours has
    // March's minimum, 60.00, which counts for the year, and the 420.00 that are left of it.
    assert_eq!(ours.split_off(ours.len() - 2), [6_000, 42_000]);
    ours.push(6_000 + 42_000);
    assert_eq!(ours, rows.iter().map(billed).collect::<Vec<_>>());
    assert_eq!(ours, rows.iter().map(effective).collect::<Vec<_>>());
}

#[test]
fn agreements_paid_upfront() {
    let ahead = |term: &str, own: &str, promise: Promise| {
        let spend = self::promise("0", Interval::Term);
        let prepaid = Some(Prepaid { upfront: Ratio::ONE });
        in_force(term, "v1", [own, own], Commitment { promise, prepaid, ..spend })
    };
    // A service for 10,000.00; 500 licences at 100.00; and 10 more of them from June on. The row of
    // June is published for the whole year, though it was bought in June.
    let licences = |quantity: &str| node_hours(quantity, "100", &[]);
    let first = || ahead("licences", SAAS[0], licences("500"));
    let more = ahead("more", "2025-06-01..2026-04-01", licences("10"));
    let service = ahead("service", SAAS[0], Promise::Spend(dollars("10000")));
    for (name, term, commitments) in [
        ("simple_saas_agreements_a1", "service", vec![service]),
        ("simple_saas_agreements_a2", "licences", vec![first()]),
        ("simple_saas_agreements_a3", "more", vec![first(), more]),
    ] {
        let Some(rows) = rows(name) else { continue };
        let terms = priced(commitments, &[]);
        let none = usage("buyer acme node-time db 0 2025-04-01..2025-04-02");
        let settlement = settle(&terms, window("2025-04-01..2026-04-01"), [none]).unwrap();
        let mine = |cause: &comity_settlement::Cause| {
            *cause == comity_settlement::Cause::Term(TermId::new(term).unwrap())
        };
        let paid: Vec<i128> = settlement
            .journal
            .entries()
            .iter()
            .filter(|entry| mine(&entry.cause))
            .map(|entry| entry.amount.minor)
            .collect();
        assert_eq!(paid, rows.iter().map(billed).collect::<Vec<_>>(), "{name}");
        // Published as effective when it is bought; spread over the term it is the same in all.
        let costs = effective_costs(&settlement.drawdowns, Rounding::HalfEven).unwrap();
        let cost: i128 =
            costs.iter().filter(|it| it.term.as_str() == term).map(|it| it.cost.minor).sum();
        assert_eq!(cost, rows.iter().map(effective).sum::<i128>(), "{name}");
    }
}
