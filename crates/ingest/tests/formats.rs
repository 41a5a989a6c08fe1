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
            Amount::Held { level } => format!("{} held", usage.meter.written(level.into())),
            Amount::Counted { quantity } => {
                format!("{} counted", usage.meter.written(quantity.into()))
            }
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
fn shares_of_gpus_are_exact() {
    let row = |id: u8, meter: &str, end: &str, amount: &str| {
        format!("s,{id},a,b,{meter},o,,,2025-02-01T00:00:00Z,2025-02-01T00:{end}Z,{amount}")
    };
    let rows = [
        // A share is held for seven seconds, said once or twice.
        row(1, "gpu-time", "00:07", "0.25,,"),
        row(2, "gpu-time", "00:07", "0.250,1.75,GPU-seconds"),
        row(3, "gpu-time", "00:07", "0.001,0.007,"),
        row(4, "gpu-time", "01:00", "2.5,2.5,gpu-minutes"),
        row(5, "gpu-time", "00:03", "1e-1,3e-1,"),
        // What comes to whole GPUs is held; a share must say its level.
        row(6, "gpu-time", "00:07", ",14.0,"),
        row(7, "gpu-time", "00:07", ",1.75,"),
        row(8, "gpu-time", "00:09", ",0.0025,gpu-hour"),
        row(9, "gpu-time", "00:07", "0.0625,,"),
        row(10, "gpu-time", "00:07", "0.25,2,"),
        row(11, "gpu-time", "00:07", ",0.0625,"),
        row(12, "node-time", "00:07", "0.5,,"),
        row(13, "power", "00:07", ",0.5,"),
        row(14, "gpu-time", "00:07", "1/4,,"),
        row(15, "gpu-time", "00:07", "18446744073709551.616,,"),
        row(16, "tokens-in", "00:07", "0.5,,"),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    check(
        own(&rows),
        &expect![[r#"
        f:2 s 1: a from b gpu-time o - - 0.25 held [2025-02-01, 2025-02-01T00:00:07Z)
        f:3 s 2: a from b gpu-time o - - 0.25 held [2025-02-01, 2025-02-01T00:00:07Z)
        f:4 s 3: a from b gpu-time o - - 0.001 held [2025-02-01, 2025-02-01T00:00:07Z)
        f:5 s 4: a from b gpu-time o - - 2.5 held [2025-02-01, 2025-02-01T00:01:00Z)
        f:6 s 5: a from b gpu-time o - - 0.1 held [2025-02-01, 2025-02-01T00:00:03Z)
        f:7 s 6: a from b gpu-time o - - 2 held [2025-02-01, 2025-02-01T00:00:07Z)
        f:8 s 7: a from b gpu-time o - - 1.75 counted [2025-02-01, 2025-02-01T00:00:07Z)
        f:9 s 8: a from b gpu-time o - - 1 held [2025-02-01, 2025-02-01T00:00:09Z)
        rejected f:10 level: `0.0625` is not a whole number of thousandths of a GPU
        rejected f:11 quantity: `2` does not agree with 0.25 held for 7 s, 1.75 GPU-seconds
        rejected f:12 quantity: `0.0625` is not a whole number of thousandths of a GPU-second: name a rounding with the feed's `round`
        rejected f:13 level: `0.5` is not a whole number of nodes
        rejected f:14 quantity: `0.5` is not a whole number of kW-seconds: name a rounding with the feed's `round`
        rejected f:15 level: `1/4` is not a number
        rejected f:16 level: `18446744073709551.616` is more than 64 bits hold
        rejected f:17 level: `0.5` is not a whole number of tokens
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
        row("0.0005", "", "2025-02-02"),
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
    check(
        own(&rows),
        &expect![[r#"
        rejected f:2 quantity: `NaN` is not a number
        rejected f:3 quantity: `1e300` is more than 64 bits hold
        rejected f:4 quantity: `18446744073709551616` is more than 64 bits hold
        rejected f:5 quantity: `5124095576030432` is more than 64 bits hold
        rejected f:6 quantity: `-4` is below zero
        rejected f:7 level: nothing was used
        rejected f:8 quantity: nothing there
        rejected f:9 quantity: `0.0005` is not a whole number of thousandths of a GPU-second: name a rounding with the feed's `round`
        rejected f:10 unit: unknown unit `furlongs`
        rejected f:11 unit: unknown unit `gpu-hor`: did you mean `gpu-hour`?
        rejected f:12 unit: `token` does not measure gpu-time
        rejected f:13 end: it ends at 2025-01-31, not after its start at 2025-02-01
        rejected f:14 end: it ends at 2025-02-01, not after its start at 2025-02-01
        rejected f:15 end: `2025-02-02T00:00:00` is in no time zone: say which with `--zone` or the feed's `zone`
        rejected f:16 end: `tomorrow` is not a time such as `2025-02-01T09:00:00Z`
        rejected f:17 -: 12 fields, where the header has 13
        rejected f:18 -: 15 fields, where the header has 13
        rejected f:19 meter: unknown meter `gpu-tme`: did you mean `gpu-time`?
        rejected f:20 buyer: `A corp` is not an id: lower-case letters, digits, `-` and `.`; a feed can name it
        rejected f:21 id: nothing there
        rejected f:22 quantity: `1` does not agree with 2 held for 86400 s, 172800 GPU-seconds
        rejected f:23 level: `2` does not agree with tokens-in, which is counted and not held
        rejected f:24 -: a quote is left open
        rejected f:25 -: the header is repeated
    "#]],
    );
}

#[test]
fn files_that_are_wrong() {
    for (input, expected) in [
        (
            &b""[..],
            expect![[r#"
            `f` is empty
        "#]],
        ),
        (
            b"\xef\xbb\xbf\r\n \r\n",
            expect![[r#"
            `f` is empty
        "#]],
        ),
        (
            b"hello\nworld\n",
            expect![[r#"
            `f` line 1: begins no known format: `hello`
        "#]],
        ),
        (
            b"buyer;seller;meter;object\na;b;c;d\n",
            expect![[r#"
            `f` line 1: the fields of the header are separated by `;`, where usage in our own columns has `,`
        "#]],
        ),
        (
            b"JobID,NodeList,AllocTRES,Start,End\n",
            expect![[r#"
            `f` line 1: the fields of the header are separated by `,`, where a `sacct` dump has `|`
        "#]],
        ),
        (
            b"buyer,seller,meter,object\na,b,c,d\n",
            expect![[r#"
            `f` line 1: the header has no `end`, `id`, `quantity`, `start`; it has `buyer`, `seller`, `meter`, `object`
        "#]],
        ),
        (
            b"buyer,seller,Buyer\na,b,c\n",
            expect![[r#"
            `f` line 1: column `Buyer` is there twice
        "#]],
        ),
        (
            b"buyer,seller,\xff\na,b,c\n",
            expect![[r#"
            `f` line 1: not UTF-8 text, from character 14 on
        "#]],
        ),
        (
            OWN.as_bytes(),
            expect![[r#"
            `f` has a header and no rows
        "#]],
        ),
        (
            b"JobID|NodeList|AllocTRES|Start|End|Account\n",
            expect![[r#"
            `f` line 1: the times of a `sacct` dump are in no time zone: say which with `--zone`, such as `--zone Europe/Helsinki` or `--zone UTC`
        "#]],
        ),
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
    check(
        bytes,
        &expect![[r#"
        f:2 s 1: a from b tokens-in o - - 7 counted [2025-02-01, 2025-02-02)
        rejected f:3 -: not UTF-8 text, from character 19 on
    "#]],
    );
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
    check(
        input.join("\n"),
        &expect![[r#"
        f:1 /s 1: a from b tokens-out o - - 120 counted [2025-02-01T09:00:00Z, 2025-02-01T09:00:01Z)
        f:2 /s 2: a from b gpu-time o - - 360 counted [2025-02-01T09:00:00Z, 2025-02-01T10:00:00Z)
        rejected f:3 data.quantity: the key is there twice
        rejected f:4 data.quantity: nothing there
        rejected f:5 -: nothing says the meter: the feed must name it
        rejected f:6 specversion: `0.3`, where `1.0` is expected
        rejected f:7 id: nothing there
        rejected f:8 -: not a JSON object: EOF while parsing a value at line 1 column 26
        rejected f:9 -: not a JSON object: invalid type: sequence, expected an object at line 1 column 0
    "#]],
    );
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
    check_with(
        DUMP.to_owned() + &rows.join("\n"),
        how,
        &expect![[r#"
        f:22 sacct 1@2025-02-01T20:00:00Z: lab from alpha gpu-time o - - 1 held [2025-02-01T20:00:00Z, 2025-02-01T21:00:00Z)
        f:5 sacct 2_1@2025-02-01T17:00:00Z: lab from alpha gpu-time o - - 4 held [2025-02-01T17:00:00Z, 2025-02-01T18:00:00Z)
        f:5 sacct 2_1@2025-02-01T17:00:00Z: lab from beta gpu-time o - - 3 held [2025-02-01T17:00:00Z, 2025-02-01T18:00:00Z)
        f:8 sacct 5@2025-11-02T08:30:00Z: lab from alpha gpu-time o - - 8 held [2025-11-02T08:30:00Z, 2025-11-02T10:00:00Z)
        f:9 sacct 6@2025-11-02T07:30:00Z: lab from alpha gpu-time o - - 8 held [2025-11-02T07:30:00Z, 2025-11-02T10:00:00Z)
        conflict sacct 1@2025-02-01T17:00:00Z: 2 contents
        rejected f:6 End: the job is still running
        rejected f:7 AllocTRES: 9 GPUs on nodes that have 8
        rejected f:10 Start: `2025-11-02T01:30:00` was there twice in America/Denver, when the clocks were set back, and no `ElapsedRaw` says which is meant
        rejected f:11 Start: `2025-03-09T02:30:00` did not exist in America/Denver: the clocks were set forward
        rejected f:12 End: `2025-02-01T11:00:00Z` beside `2025-02-01T10:00:00`: mixed time zones
        rejected f:13 ElapsedRaw: `10800 s` does not agree with 3600 s from `Start` to `End`: are they in one time zone?
        rejected f:14 End: it ends at 2025-02-01T11:00:00, not after its start at 2025-02-01T12:00:00
        rejected f:15 NodeList: unknown node `c1`: did you mean `a1`?
        rejected f:16 NodeList: `a[1` is not a list of nodes such as `gpu[01-04,07]`
        rejected f:18 AllocTRES: `gres/gpu=8` does not agree with 4 GPUs by type
        rejected f:19 NodeList: 2 nodes are listed, and 3 allocated
        rejected f:20 -: 8 fields, where the header has 9
        passed over 1: jobs that never started
        passed over 1: jobs without GPUs
        passed over 1: steps of jobs, which their jobs count
    "#]],
    );
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
    check(
        &input,
        &expect![[r#"
        f:2 focus x/a/r1/gpu.h100///2025-02-01T00:00:00Z/2025-02-02T00:00:00Z////: a from b gpu-time gpu.h100 - - 2 held [2025-02-01, 2025-02-02)
        rejected f:3 ConsumedQuantity: `0.016667` is not a whole number of thousandths of a GPU-second: name a rounding with the feed's `round`
        rejected f:5 ConsumedUnit: unknown unit `Widgets`
        passed over 1: charges that are no usage
    "#]],
    );
    let feed =
        Feed { round: Some(comity_base::Rounding::HalfEven), ..Feed::plain("f", Format::Focus) };
    check_with(
        &input,
        How { feed: Some(&feed), ..How::default() },
        &expect![[r#"
        f:2 focus x/a/r1/gpu.h100///2025-02-01T00:00:00Z/2025-02-02T00:00:00Z////: a from b gpu-time gpu.h100 - - 2 held [2025-02-01, 2025-02-02)
        f:3 focus x/a/r2/gpu.h100///2025-02-01T00:00:00Z/2025-02-02T00:00:00Z////: a from b gpu-time gpu.h100 - - 60.001 counted [2025-02-01, 2025-02-02)
        rejected f:5 ConsumedUnit: unknown unit `Widgets`
        passed over 1: charges that are no usage
    "#]],
    );
}
