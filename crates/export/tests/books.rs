//! Books with all that is awkward in them: corrections of a closed period, amounts of nothing, two
//! currencies, a shortfall, charges that reach beyond their period, and names full of signs.
//!
//! The snapshots are also read by the outside tools in continuous integration.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

use std::collections::BTreeMap;

use comity_base::{Currency, Decimal, GpuTypeId, Instant, Money, PartyId, SiteId, Window};
use comity_export::{
    CommitmentModel, CommitmentStatus, ExportBalance, ExportBooks, ExportCommitment, ExportDraw,
    ExportEntry, ExportError, ExportInvoiceLine, ExportKind, ExportPeriod, ExportPrice, ExportSite,
    ExportUse, FulfillmentInterval, ServiceClass, beancount, focus_1_2, focus_1_4, ledger,
};
use expect_test::expect_file;

fn party(id: &str) -> PartyId {
    PartyId::new(id).unwrap()
}

fn window(start: &str, end: &str) -> Window {
    Window::new(Instant::parse(start).unwrap(), Instant::parse(end).unwrap()).unwrap()
}

fn january() -> Window {
    window("2025-01-01", "2025-02-01")
}

fn february() -> Window {
    window("2025-02-01", "2025-03-01")
}

fn eur(minor: i128) -> Money {
    Money { minor, currency: Currency::new("EUR", 2).unwrap() }
}

fn jpy(minor: i128) -> Money {
    Money { minor, currency: Currency::new("JPY", 0).unwrap() }
}

fn gpu_hours(seconds: i128) -> ExportKind {
    ExportKind::Usage(Box::new(ExportUse {
        service: "Capacity, \"shared\"".to_owned(),
        class: ServiceClass::Compute,
        meter: "gpu-time".to_owned(),
        quantity: seconds.saturating_mul(1_000),
        digits: 3,
        unit: "GPU-Seconds".to_owned(),
        price: Some(ExportPrice {
            id: "h100".to_owned(),
            price: Decimal::parse("2.10").unwrap(),
            unit: "GPU-Hours".to_owned(),
            base_units: 3_600_000,
        }),
        site: Some(SiteId::new("hall.1").unwrap()),
        gpu: Some(GpuTypeId::new("h100").unwrap()),
    }))
}

/// A charge of the lab by the host in January, for the rest of an entry to differ from.
fn charge(id: &str, amount: Money, kind: ExportKind) -> ExportEntry {
    ExportEntry {
        id: id.to_owned(),
        period: january(),
        charge: january(),
        payer: party("lab"),
        payee: party("host.eu"),
        amount,
        reason: "capacity".to_owned(),
        cause: "rate h100".to_owned(),
        description: "gpu-time; \"H100\" | at\nhall.1".to_owned(),
        kind,
        draws: Vec::new(),
        correction_of: None,
    }
}

fn entries() -> Vec<ExportEntry> {
    let share = || ExportEntry {
        payer: party("host.eu"),
        payee: party("lab"),
        reason: "revenue share".to_owned(),
        cause: "term share-2025".to_owned(),
        description: "revenue share".to_owned(),
        ..charge("4", jpy(120_000), ExportKind::Transfer)
    };
    vec![
        ExportEntry {
            charge: window("2025-01-01", "2025-01-21T09:30:00Z"),
            draws: vec![ExportDraw { commitment: "minimum/2025-01".to_owned(), amount: eur(583) }],
            ..charge("1", eur(583), gpu_hours(10_000))
        },
        // Nothing was used at a price: the quantity is accounted for all the same.
        ExportEntry { cause: "rate free".to_owned(), ..charge("2", eur(0), gpu_hours(0)) },
        ExportEntry {
            reason: "shortfall".to_owned(),
            cause: "term minimum".to_owned(),
            description: "shortfall".to_owned(),
            ..charge("3", eur(99_417), ExportKind::Shortfall)
        },
        share(),
        // What came late for January, in the books of February, and what it takes back.
        ExportEntry {
            period: february(),
            charge: window("2025-01-01", "2025-01-21T09:30:00Z"),
            correction_of: Some("1".to_owned()),
            ..charge("5", eur(-210), gpu_hours(-3_600))
        },
        // A charge that runs on after the period in which it is booked.
        ExportEntry {
            id: "6".to_owned(),
            period: february(),
            charge: window("2025-02-01", "2025-04-01"),
            amount: jpy(1),
            ..share()
        },
    ]
}

fn balance(payer: &str, payee: &str, reason: &str, amount: Money) -> ExportBalance {
    ExportBalance { payer: party(payer), payee: party(payee), reason: reason.to_owned(), amount }
}

fn invoice(
    period: Window,
    payer: &str,
    payee: &str,
    why: [&str; 2],
    amount: Money,
) -> ExportInvoiceLine {
    ExportInvoiceLine {
        period,
        payer: party(payer),
        payee: party(payee),
        reason: why[0].to_owned(),
        cause: why[1].to_owned(),
        amount,
    }
}

fn books() -> ExportBooks {
    let share = ["revenue share", "term share-2025"];
    ExportBooks {
        title: "Two \"labs\"; one host".to_owned(),
        parties: BTreeMap::from([
            (party("lab"), "O\"Brien \\ Söhne; & Co | Lab".to_owned()),
            (party("host.eu"), "Host, Ltd".to_owned()),
        ]),
        sites: BTreeMap::from([(
            SiteId::new("hall.1").unwrap(),
            ExportSite { name: "Hall 1".to_owned(), host: party("host.eu") },
        )]),
        periods: vec![
            ExportPeriod {
                window: january(),
                closed: true,
                balances: vec![
                    balance("lab", "host.eu", "capacity", eur(583)),
                    balance("lab", "host.eu", "shortfall", eur(99_417)),
                    balance("host.eu", "lab", "revenue share", jpy(120_000)),
                ],
            },
            ExportPeriod {
                window: february(),
                closed: false,
                balances: vec![
                    balance("lab", "host.eu", "capacity", eur(373)),
                    balance("lab", "host.eu", "shortfall", eur(99_417)),
                    balance("host.eu", "lab", "revenue share", jpy(120_001)),
                ],
            },
        ],
        entries: entries(),
        commitments: vec![ExportCommitment {
            id: "minimum/2025-01".to_owned(),
            contract: "sharing".to_owned(),
            contract_window: Window::new(Instant::parse("2025-01-01").unwrap(), Instant::MAX)
                .unwrap(),
            buyer: party("lab"),
            seller: party("host.eu"),
            description: "The lab buys for EUR 1,000.00 a month".to_owned(),
            kind: "take-or-pay".to_owned(),
            amount: eur(100_000),
            interval: january(),
            fulfillment: FulfillmentInterval::Month,
            model: CommitmentModel::Continuous,
            status: CommitmentStatus::Expired,
            created: Instant::parse("2024-12-15").unwrap(),
            updated: Instant::parse("2025-02-01").unwrap(),
            meters: vec!["gpu-time".to_owned()],
        }],
        invoices: vec![
            invoice(january(), "lab", "host.eu", ["capacity", "rate h100"], eur(583)),
            invoice(january(), "lab", "host.eu", ["capacity", "rate free"], eur(0)),
            invoice(january(), "lab", "host.eu", ["shortfall", "term minimum"], eur(99_417)),
            invoice(january(), "host.eu", "lab", share, jpy(120_000)),
            invoice(february(), "lab", "host.eu", ["capacity", "rate h100"], eur(-210)),
            invoice(february(), "host.eu", "lab", share, jpy(1)),
        ],
    }
}

#[test]
fn the_journals_look_like_this() {
    expect_file!["snapshots/journal.ledger"].assert_eq(&ledger(&books()));
    expect_file!["snapshots/journal.beancount"].assert_eq(&beancount(&books()));
}

#[test]
fn the_focus_datasets_look_like_this() {
    for (payer, folder) in [("lab", "lab"), ("host.eu", "host")] {
        let snapshot = |version: &str, name: &str, csv: &str| {
            let path = format!("./snapshots/{version}/{folder}/{name}.csv");
            expect_file![path].assert_eq(csv);
        };
        let books = books();
        snapshot("focus-1.2", "CostAndUsage", &focus_1_2(&books, &party(payer)).unwrap());
        for (name, csv) in focus_1_4(&books, &party(payer)).unwrap().named() {
            if let Some(csv) = csv {
                snapshot("focus-1.4", name, csv);
            }
        }
    }
}

#[test]
fn empty_books_are_written_too() {
    let empty = ExportBooks {
        title: "Nothing".to_owned(),
        parties: BTreeMap::new(),
        sites: BTreeMap::new(),
        periods: Vec::new(),
        entries: Vec::new(),
        commitments: Vec::new(),
        invoices: Vec::new(),
    };
    assert!(ledger(&empty).starts_with("; Nothing\n"));
    assert_eq!(beancount(&empty), "option \"title\" \"Nothing\"\n");
    let focus = focus_1_4(&empty, &party("lab")).unwrap();
    assert!(focus.named().iter().all(|(_, csv)| csv.is_none()));
    assert_eq!(focus_1_2(&empty, &party("lab")).unwrap().lines().count(), 1);
}

#[test]
fn what_cannot_be_exported_is_an_error() {
    let check = |change: fn(&mut ExportBooks), expected: &str| {
        let mut books = books();
        change(&mut books);
        let error: ExportError = focus_1_4(&books, &party("lab")).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(
        |books| books.commitments.clear(),
        "entry `1` draws on the commitment `minimum/2025-01`, which is not exported with it",
    );
    check(
        |books| books.entries[0].kind = gpu_hours(i128::MAX),
        "entry `1` has a quantity or a cost that is too large to export",
    );
    check(
        |books| books.periods.truncate(1),
        "`5` stands in the period [2025-02-01, 2025-03-01), which is not exported with it",
    );
}
