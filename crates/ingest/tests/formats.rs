//! Each format, and what is said of its bad rows and files.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

use std::fmt::Write as _;

use comity_base::PartyId;
use comity_ingest::{Feed, Format, How, Intake, Naming, NodeGroup, Zone, nodes, read};
use comity_settlement::Amount;
use expect_test::{Expect, expect};

/// What was taken in, as lines.
fn seen(intake: &Intake) -> String {
    let mut out = String::new();
    for found in intake.usage() {
        let usage = &found.usage;
        let amount = match usage.amount {
            Amount::Held { level } => format!("{level} held"),
            Amount::Counted { quantity } => format!("{quantity} counted"),
        };
        let or = |id: Option<String>| id.unwrap_or_else(|| "-".to_owned());
        let _ = writeln!(
            out,
            "{} {}: {} from {} {} {} {} {} {amount} {}",
            found.place,
            found.identity,
            usage.buyer,
            usage.seller,
            usage.meter.name(),
            usage.object,
            or(usage.site.as_ref().map(ToString::to_string)),
            or(usage.gpu.as_ref().map(ToString::to_string)),
            usage.window
        );
    }
    for (identity, several) in intake.conflicts() {
        let _ = writeln!(out, "conflict {identity}: {} contents", several.len());
    }
    for row in intake.rejected() {
        let column = row.wrong.column.as_deref().unwrap_or("-");
        let _ = writeln!(out, "rejected {} {column}: {}", row.place, row.wrong.reason);
    }
    let account = intake.account();
    if account.repeated.records > 0 {
        let _ = writeln!(out, "repeated {}", account.repeated.records);
    }
    for (what, count) in account.passed_over {
        let _ = writeln!(out, "passed over {count}: {what}");
    }
    out
}

fn check_with(input: impl AsRef<[u8]>, how: How<'_>, expected: &Expect) {
    let mut bytes = input.as_ref();
    let seen = match read("f", None, &mut bytes, how) {
        Ok(intake) => seen(&intake),
        Err(error) => format!("{error}\n"),
    };
    expected.assert_eq(&seen);
}

fn check(input: impl AsRef<[u8]>, expected: &Expect) {
    check_with(input, How::default(), expected);
}

const OWN: &str = "source,id,buyer,seller,meter,object,site,gpu,start,end,level,quantity,unit\n";

fn own(rows: &[&str]) -> String {
    OWN.to_owned() + &rows.join("\n")
}

#[test]
fn own_columns() {
    check(
        own(&[
            "s,1,a,b,gpu-time,o,x,h100,2025-02-01,2025-02-02,8,691200,GPU-seconds",
            "s,2,a,b,gpu-time,o,,,2025-02-01T00:00:00Z,2025-02-01T01:00:00Z,,1.5,gpu-hours",
            "s,3,a,b,tokens-in,o,,,2025-02-01,2025-02-02,,0.25,million-tokens",
            "s,1,a,b,gpu-time,o,x,h100,2025-02-01,2025-02-02,8,,",
            "s,3,a,b,tokens-in,o,,,2025-02-01,2025-02-02,,7,tokens",
        ]),
        &expect![[r#"
            f:2 s 1: a from b gpu-time o x h100 8 held [2025-02-01, 2025-02-02)
            f:3 s 2: a from b gpu-time o - - 5400 counted [2025-02-01, 2025-02-01T01:00:00Z)
            conflict s 3: 2 contents
            repeated 1
        "#]],
    );
}

#[test]
fn own_rows_that_are_wrong() {
    let row = |quantity: &str, unit: &str, end: &str| {
        format!("s,1,a,b,gpu-time,o,,,2025-02-01,{end},,{quantity},{unit}")
    };
    let rows = [
        row("NaN", "", "2025-02-02"),
        row("1e300", "", "2025-02-02"),
        row("18446744073709551616", "", "2025-02-02"),
        row("5124095576030432", "gpu-hour", "2025-02-02"),
        row("-4", "", "2025-02-02"),
        row("0", "", "2025-02-02"),
        row("", "", "2025-02-02"),
        row("0.5", "", "2025-02-02"),
        row("1", "furlongs", "2025-02-02"),
        row("1", "gpu-hor", "2025-02-02"),
        row("1", "tokens", "2025-02-02"),
        row("1", "", "2025-01-31"),
        row("1", "", "2025-02-01"),
        row("1", "", "2025-02-02T00:00:00"),
        row("1", "", "tomorrow"),
        "s,1,a,b,gpu-time,o,,,2025-02-01,2025-02-02,,1".to_owned(),
        "s,1,a,b,gpu-time,o,,,2025-02-01,2025-02-02,,1,,,".to_owned(),
        "s,1,a,b,gpu-tme,o,,,2025-02-01,2025-02-02,,1,".to_owned(),
        "s,1,A corp,b,gpu-time,o,,,2025-02-01,2025-02-02,,1,".to_owned(),
        "s,,a,b,gpu-time,o,,,2025-02-01,2025-02-02,,1,".to_owned(),
        "s,1,a,b,gpu-time,o,,,2025-02-01,2025-02-02,2,1,".to_owned(),
        "s,1,a,b,tokens-in,o,,,2025-02-01,2025-02-02,2,1,".to_owned(),
        "s,1,\"a,b,gpu-time,o,,,2025-02-01,2025-02-02,2,1,".to_owned(),
        OWN.trim_end().to_owned(),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    check(own(&rows), &expect![[r#""#]]);
}

#[test]
fn files_that_are_wrong() {
    for (input, expected) in [
        (&b""[..], expect![[r#""#]]),
        (b"\xef\xbb\xbf\r\n \r\n", expect![[r#""#]]),
        (b"hello\nworld\n", expect![[r#""#]]),
        (b"buyer;seller;meter;object\na;b;c;d\n", expect![[r#""#]]),
        (b"JobID,NodeList,AllocTRES,Start,End\n", expect![[r#""#]]),
        (b"buyer,seller,meter,object\na,b,c,d\n", expect![[r#""#]]),
        (b"buyer,seller,Buyer\na,b,c\n", expect![[r#""#]]),
        (b"buyer,seller,\xff\na,b,c\n", expect![[r#""#]]),
        (OWN.as_bytes(), expect![[r#""#]]),
        (b"JobID|NodeList|AllocTRES|Start|End|Account\n", expect![[r#""#]]),
    ] {
        check(input, &expected);
    }
}

#[test]
fn line_ends_and_marks_are_no_content() {
    let text = own(&["s,1,a,b,tokens-in,\"o\",,,2025-02-01,2025-02-02,,7,", ""]);
    let mut bytes = b"\xef\xbb\xbf".to_vec();
    bytes.extend(text.replace('\n', "\r\n").bytes());
    bytes.extend(b"s,2,a,b,tokens-in,\xff,,,2025-02-01,2025-02-02,,7,\r\n");
    check(bytes, &expect![[r#""#]]);
}

#[test]
fn cloud_events() {
    let event = |id: &str, data: &str| {
        format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"/s","type":"t","time":"2025-02-01T09:00:00.5Z","subject":"a","data":{data}}}"#
        )
    };
    let input = [
        event("1", r#"{"seller":"b","object":"o","meter":"tokens-out","quantity":120}"#),
        event(
            "2",
            r#"{"seller":"b","object":"o","unit":"gpu-hour","quantity":0.10,"end":"2025-02-01T10:00:00Z"}"#,
        ),
        event(
            "3",
            r#"{"seller":"b","object":"o","meter":"tokens-out","quantity":"7","quantity":8}"#,
        ),
        event("4", r#"{"seller":"b","object":"o","meter":"tokens-out","quantity":null}"#),
        event("5", "17"),
        r#"{"specversion":"0.3","id":"6","source":"/s","type":"t"}"#.to_owned(),
        r#"{"specversion":"1.0","source":"/s","type":"t"}"#.to_owned(),
        r#"{"specversion":"1.0","id":"#.to_owned(),
        "[]".to_owned(),
    ];
    check(input.join("\n"), &expect![[r#""#]]);
}

fn slurm() -> Feed {
    let group = |list: &str, seller: &str, gpus: u64| NodeGroup {
        nodes: nodes(list).unwrap(),
        site: None,
        seller: Some(PartyId::new(seller).unwrap()),
        gpu: None,
        gpus: Some(gpus),
    };
    let always = |id| Some(Naming { by: None, names: [].into(), otherwise: Some(id) });
    Feed {
        zone: Zone::named("America/Denver"),
        object: always(comity_base::ObjectId::new("o").unwrap()),
        nodes: vec![group("a[1-4]", "alpha", 8), group("b[1-2]", "beta", 4)],
        ..Feed::plain("slurm", Format::Sacct)
    }
}

const DUMP: &str = "JobID|User|Account|NodeList|AllocTRES|Start|End|ElapsedRaw|State\n";

#[test]
fn sacct_dumps() {
    let rows = [
        "1|u|lab|a[1-2]|cpu=8,gres/gpu=16,node=2|2025-02-01T10:00:00|2025-02-01T11:00:00|3600|COMPLETED",
        "1.batch||lab|a1|cpu=8,gres/gpu=8,node=1|2025-02-01T10:00:00|2025-02-01T11:00:00|3600|COMPLETED",
        "2_[3-9]|u|lab|None assigned||Unknown|Unknown|0|PENDING",
        "2_1|u|lab|a4,b1|gres/gpu=7|2025-02-01T10:00:00|2025-02-01T11:00:00|3600|COMPLETED",
        "3|u|lab|a1|gres/gpu=8|2025-02-01T10:00:00|Unknown|3600|RUNNING",
        "4|u|lab|a1|gres/gpu=9|2025-02-01T10:00:00|2025-02-01T11:00:00|3600|COMPLETED",
        "5|u|lab|a1|gres/gpu=8|2025-11-02T01:30:00|2025-11-02T03:00:00|5400|COMPLETED",
        "6|u|lab|a1|gres/gpu=8|2025-11-02T01:30:00|2025-11-02T03:00:00|9000|COMPLETED",
        "7|u|lab|a1|gres/gpu=8|2025-11-02T01:30:00|2025-11-02T03:00:00||COMPLETED",
        "8|u|lab|a1|gres/gpu=8|2025-03-09T02:30:00|2025-03-09T04:00:00|1800|COMPLETED",
        "9|u|lab|a1|gres/gpu=8|2025-02-01T10:00:00|2025-02-01T11:00:00Z|3600|COMPLETED",
        "10|u|lab|a1|gres/gpu=8|2025-02-01T10:00:00|2025-02-01T11:00:00|10800|COMPLETED",
        "11|u|lab|a1|gres/gpu=8|2025-02-01T12:00:00|2025-02-01T11:00:00|0|COMPLETED",
        "12|u|lab|c1|gres/gpu=8|2025-02-01T10:00:00|2025-02-01T11:00:00|3600|COMPLETED",
        "13|u|lab|a[1|gres/gpu=8|2025-02-01T10:00:00|2025-02-01T11:00:00|3600|COMPLETED",
        "14|u|lab|a1|cpu=8|2025-02-01T10:00:00|2025-02-01T11:00:00|3600|COMPLETED",
        "15|u|lab|a1|gres/gpu:x=4,gres/gpu=8|2025-02-01T10:00:00|2025-02-01T11:00:00|3600|COMPLETED",
        "16|u|lab|a[1-2]|gres/gpu=8,node=3|2025-02-01T10:00:00|2025-02-01T11:00:00|3600|COMPLETED",
        "17|u|lab|a1|gres/gpu=8|2025-02-01T10:00:00|2025-02-01T11:00:00|3600",
        "1|u|lab|a[1-2]|cpu=8,gres/gpu=16,node=2|2025-02-01T10:00:00|2025-02-01T12:00:00|7200|COMPLETED",
        "1|u|lab|a1|gres/gpu=1|2025-02-01T13:00:00|2025-02-01T14:00:00|3600|COMPLETED",
    ];
    let feed = slurm();
    let how = How { feed: Some(&feed), ..How::default() };
    check_with(DUMP.to_owned() + &rows.join("\n"), how, &expect![[r#""#]]);
}

#[test]
fn focus() {
    let header = "BillingAccountId,SubAccountId,ServiceProviderName,SkuId,ResourceId,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,ConsumedQuantity,ConsumedUnit,BilledCost,Tags\n";
    let rows = [
        "x,a,b,gpu.h100,r1,Usage,2025-02-01T00:00:00Z,2025-02-02T00:00:00Z,48,GPU-Hours,96.00,\"{\"\"k\"\": \"\"v\"\"}\"",
        "x,a,b,gpu.h100,r2,Usage,2025-02-01T00:00:00Z,2025-02-02T00:00:00Z,0.016667,GPU-Hours,0.03,",
        "x,a,b,gpu.h100,r3,Purchase,2025-02-01T00:00:00Z,2025-03-01T00:00:00Z,,,1000.00,",
        "x,a,b,gpu.h100,r4,Usage,2025-02-01T00:00:00Z,2025-02-02T00:00:00Z,48,Widgets,96.00,",
    ];
    let input = header.to_owned() + &rows.join("\n");
    check(&input, &expect![[r#""#]]);
    let feed =
        Feed { round: Some(comity_base::Rounding::HalfEven), ..Feed::plain("f", Format::Focus) };
    check_with(&input, How { feed: Some(&feed), ..How::default() }, &expect![[r#""#]]);
}
