//! Books of several periods: late records, closed periods, corrections.

use std::collections::BTreeMap;

use comity_base::{Instant, Window};
use comity_settlement::{
    Books, BooksError, MoneyTerms, Posted, Resolution, Usage, balances, disputes, netted, settle,
};
use comity_terms::{Dispute, Eligible, Figure, Tolerance, ToleranceRule};
use expect_test::{Expect, expect};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::fixture::{commitment, dollars, in_force, party, rate, share, terms, usage, window};
use crate::laws::{World, world};

const MONTHS: [&str; 3] =
    ["2025-01-01..2025-02-01", "2025-02-01..2025-03-01", "2025-03-01..2025-04-01"];

/// The draft of a period from all records that have arrived.
fn drafted(
    books: &Books,
    terms: &MoneyTerms,
    period: Window,
    usage: &[Usage],
) -> Result<Vec<Posted>, BooksError> {
    let all = Window::new(books.start(period), period.end()).expect("a period has a length");
    books.draft(&settle(terms, all, usage).expect("the terms are good"), period)
}

/// Closes the months one after the other; in each, what has arrived is settled.
fn run(terms: &MoneyTerms, arrivals: &[Vec<Usage>]) -> Books {
    let mut books = Books::default();
    let mut arrived: Vec<Usage> = Vec::new();
    for (month, late) in MONTHS.iter().zip(arrivals) {
        arrived.extend(late.iter().cloned());
        let before = books.posted().to_vec();
        let draft = drafted(&books, terms, window(month), &arrived).expect("months follow");
        books.close(window(month), draft).expect("months follow");
        assert!(books.posted().starts_with(&before), "what is posted stays as it is");
    }
    books
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_arrival_ends_in_the_same_balances(
        (World { terms, usage }, months) in world(3).prop_flat_map(|world| {
            let count = world.usage.len();
            (Just(world), vec(0_usize..3, count))
        }),
    ) {
        let mut arrivals = vec![Vec::new(); 3];
        for (record, month) in usage.iter().zip(months) {
            arrivals[month].push(record.clone());
        }
        let in_time = run(&terms, &[usage.clone(), Vec::new(), Vec::new()]);
        let late = run(&terms, &arrivals);
        prop_assert_eq!(balances(late.posted()), balances(in_time.posted()));
        // And they are those of one settlement of all the time at once.
        let all = Window::new(window(MONTHS[0]).start(), window(MONTHS[2]).end()).unwrap();
        let whole = settle(&terms, all, &usage).unwrap();
        let whole: Vec<Posted> = whole
            .journal
            .entries()
            .iter()
            .map(|entry| Posted { period: all, entry: entry.clone(), corrects: None })
            .collect();
        prop_assert_eq!(balances(late.posted()), balances(&whole));
        // What was used adds up to what came in, corrections included.
        let mut used = BTreeMap::new();
        for one in late.posted().iter().filter(|one| one.entry.reason.is_charge()) {
            let sum: &mut i128 = used.entry(one.entry.reason.to_string()).or_default();
            *sum += one.entry.used.as_ref().map_or(0, |used| used.quantity);
        }
        let mut in_whole = BTreeMap::new();
        for entry in whole.iter().map(|one| &one.entry).filter(|it| it.reason.is_charge()) {
            let sum: &mut i128 = in_whole.entry(entry.reason.to_string()).or_default();
            *sum += entry.used.as_ref().map_or(0, |used| used.quantity);
        }
        used.retain(|_, sum| *sum != 0);
        in_whole.retain(|_, sum| *sum != 0);
        prop_assert_eq!(used, in_whole);
    }
}

fn show(posted: &[Posted]) -> String {
    let line = |one: &Posted| {
        let entry = &one.entry;
        let corrects = one.corrects.map_or_else(String::new, |corrects| {
            let of = corrects.entry.map_or_else(|| "nothing".to_owned(), |it| it.to_string());
            format!(", corrects {of} of {}", corrects.period)
        });
        let used = entry.used.as_ref();
        let used = used
            .map_or_else(String::new, |used| format!(" for {}", used.meter.written(used.quantity)));
        format!(
            "{} {} {} -> {} {} {}{used}{corrects}\n",
            entry.id,
            one.period.start(),
            entry.payer,
            entry.payee,
            entry.amount,
            entry.reason
        )
    };
    posted.iter().map(line).collect()
}

#[test]
fn what_arrives_late_is_a_correction() {
    let mut terms = terms();
    terms.rates = vec![rate("api openai 3 million-tokens tokens-out ..")];
    terms.shares =
        vec![in_force("fifth", "v1", ["..", ".."], share("openai microsoft 20 api", None))];
    let record = |text: &str| usage(&format!("acme openai tokens-out api {text}"));
    let january = record("1_000_000 2025-01-10..2025-01-11");
    let late = record("500_000 2025-01-20..2025-01-21");
    let february = record("2_000_000 2025-02-03..2025-02-04");
    // January: 3.00 and a fifth of it. February: 6.00 and 1.20 of its own, 1.50 and 0.30 late.
    let books = run(&terms, &[vec![january], vec![late, february], Vec::new()]);
    expect![[r#"
        1 2025-01-01 acme -> openai USD 3.00 sale of api for 1000000
        2 2025-01-01 openai -> microsoft USD 0.60 revenue-share
        3 2025-02-01 acme -> openai USD 6.00 sale of api for 2000000
        4 2025-02-01 openai -> microsoft USD 1.20 revenue-share
        5 2025-02-01 acme -> openai USD 1.50 sale of api for 500000, corrects 1 of [2025-01-01, 2025-02-01)
        6 2025-02-01 openai -> microsoft USD 0.30 revenue-share, corrects 2 of [2025-01-01, 2025-02-01)
    "#]]
    .assert_eq(&show(books.posted()));
}

#[test]
fn late_usage_is_restated_against_a_commitment() {
    let mut terms = terms();
    terms.rates = vec![rate("gpu oracle 1 gpu-hour gpu-time ..")];
    let promise = commitment("openai oracle 100 0 month pay gpu-time");
    terms.commitments = vec![in_force("promise", "v1", ["2025-01-01..", "2025-01-01.."], promise)];
    let record = |text: &str| usage(&format!("openai oracle gpu-time cluster {text}"));
    // January: 60 GPU-hours, so 40.00 falls short and is paid. In February 30 more turn up: they
    // are charged, and 30.00 of the shortfall is taken back. In March all of January is there.
    let books = run(
        &terms,
        &[
            vec![record("10x 2025-01-05..2025-01-05T06:00:00Z")],
            vec![record("10x 2025-01-06..2025-01-06T03:00:00Z")],
            vec![record("10x 2025-01-07..2025-01-07T02:00:00Z")],
        ],
    );
    expect![[r#"
        1 2025-01-01 openai -> oracle USD 60.00 capacity for 216000
        2 2025-01-01 openai -> oracle USD 40.00 shortfall
        3 2025-02-01 openai -> oracle USD 100.00 shortfall
        4 2025-02-01 openai -> oracle USD 30.00 capacity for 108000, corrects 1 of [2025-01-01, 2025-02-01)
        5 2025-02-01 oracle -> openai USD 30.00 shortfall, corrects 2 of [2025-01-01, 2025-02-01)
        6 2025-03-01 openai -> oracle USD 100.00 shortfall
        7 2025-03-01 openai -> oracle USD 20.00 capacity for 72000, corrects 1 of [2025-01-01, 2025-02-01)
        8 2025-03-01 oracle -> openai USD 10.00 shortfall, corrects 2 of [2025-01-01, 2025-02-01)
    "#]]
    .assert_eq(&show(books.posted()));
}

#[test]
fn closed_periods_stay_closed() {
    let terms = terms();
    let mut books = run(&terms, &[Vec::new(), Vec::new(), Vec::new()]);
    let january = window(MONTHS[0]);
    assert_eq!(drafted(&books, &terms, january, &[]), Err(BooksError::Closed { period: january }));
    assert!(matches!(books.close(january, Vec::new()), Err(BooksError::Closed { .. })));
    let may = window("2025-05-01..2025-06-01");
    assert!(matches!(drafted(&books, &terms, may, &[]), Err(BooksError::Gap { .. })));
    let april = window("2025-04-01..2025-05-01");
    let alone = settle(&terms, april, Vec::<Usage>::new()).unwrap();
    assert!(matches!(books.draft(&alone, april), Err(BooksError::NotAll { .. })));
    let stored = Books::restore(books.closed().to_vec(), books.posted().to_vec());
    assert_eq!(stored, Ok(books));
}

fn dispute(figure: Figure, window_text: &str) -> Dispute {
    let provenance = in_force("t", "v", ["..", ".."], ()).provenance;
    Dispute {
        id: comity_base::TermId::new("gap").unwrap(),
        by: party("openai"),
        with: party("oracle"),
        on: Eligible::default(),
        window: window(window_text),
        figure,
        recorded: Instant::MIN,
        provenance,
        position: crate::fixture::position(1),
    }
}

fn disputed(figure: Figure, tolerance: Option<(i64, ToleranceRule)>, expected: &Expect) {
    let mut terms = terms();
    terms.rates = vec![rate("gpu oracle 2 gpu-hour gpu-time ..")];
    terms.disputes = vec![dispute(figure, "2025-01-01..2025-02-01")];
    terms.tolerance = tolerance.map(|(percent, rule)| Tolerance {
        rate: comity_base::Ratio::new(percent, 100).unwrap(),
        amount: None,
        rule,
    });
    let record = usage("openai oracle gpu-time cluster 10x 2025-01-05..2025-01-05T05:00:00Z");
    let settlement = settle(&terms, window("2025-01-01..2025-02-01"), [record]).unwrap();
    let mut text = String::new();
    for report in disputes(&terms, &settlement.journal).unwrap() {
        let what = match report.resolution {
            Resolution::Agreed => "agreed".to_owned(),
            Resolution::Resolved { paid, rule } => format!("{paid} by {}", rule.name()),
            Resolution::Open { undisputed, difference } => {
                format!("{undisputed} now, {difference} open")
            }
        };
        let (charged, claimed) = (report.charged, report.claimed);
        text += &format!("{charged} against {claimed}: {what}\n");
    }
    for net in netted(&settlement.journal) {
        let (owes, owed) = (net.owes, net.is_owed);
        text += &format!("{} pays {} {}: {owes} less {owed}\n", net.from, net.to, net.net);
    }
    expected.assert_eq(&text);
}

#[test]
fn the_undisputed_part_is_paid() {
    let hours = |text| Figure::Quantity(comity_base::Decimal::parse(text).unwrap());
    // 50 GPU-hours at 2.00 were charged; the buyer's own meter says 40.
    disputed(
        hours("40"),
        None,
        &expect![[r#"
            USD 100.00 against USD 80.00: USD 80.00 now, USD 20.00 open
            openai pays oracle USD 80.00: USD 100.00 less USD 20.00
        "#]],
    );
    disputed(
        hours("49.5"),
        Some((2, ToleranceRule::Split)),
        &expect![[r#"
            USD 100.00 against USD 99.00: USD 99.50 by split
            openai pays oracle USD 99.50: USD 100.00 less USD 0.50
        "#]],
    );
    disputed(
        Figure::Amount(dollars("98")),
        Some((2, ToleranceRule::Lower)),
        &expect![[r#"
            USD 100.00 against USD 98.00: USD 98.00 by lower
            openai pays oracle USD 98.00: USD 100.00 less USD 2.00
        "#]],
    );
    disputed(
        hours("49"),
        Some((2, ToleranceRule::Charged)),
        &expect![[r#"
            USD 100.00 against USD 98.00: USD 100.00 by charged
            openai pays oracle USD 100.00: USD 100.00 less USD 0.00
        "#]],
    );
    disputed(
        hours("50"),
        None,
        &expect![[r#"
            USD 100.00 against USD 100.00: agreed
            openai pays oracle USD 100.00: USD 100.00 less USD 0.00
        "#]],
    );
}
