//! Column by column, files come to what their rows come to one by one.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use comity_base::{Currency, GpuTypeId, Instant, ObjectId, PartyId, Rounding, SiteId, Window};
use comity_bulk::{BulkFile, Open, again, each, fold, one_by_one, suits};
use comity_columnar::Table;
use comity_ingest::{
    AcceptedWriter, Format, How, Intake, Names, Part, Rows, Tally, read_rows, write_accepted,
    write_conflicts, write_rejected,
};
use comity_settlement::{Amount, MoneyTerms, Totals, TotalsRow};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::collection::vec;
use proptest::prelude::*;

struct InMemory(Bytes);

impl Open for InMemory {
    type File = Bytes;

    fn open(&self) -> std::io::Result<Bytes> {
        Ok(self.0.clone())
    }
}

/// Source and id, as numbers of few; then what the row says.
#[derive(Debug, Clone)]
struct Row {
    source: Option<usize>,
    id: usize,
    buyer: usize,
    meter: usize,
    unit: usize,
    part: usize,
    start: i64,
    seconds: i64,
    quantity: i64,
}

const SOURCES: [&str; 3] = ["meter", " meter ", "other"];
const IDS: [&str; 8] = ["", "a", " a ", "b", "c", "é", "d", "e"];
const BUYERS: [&str; 4] = ["lab", "lab", " lab ", "nobody"];
const METERS: [&str; 4] = ["gpu-time", "gpu-time", "tokens-in", "gpu-tme"];
const UNITS: [&str; 4] = ["", "gpu-seconds", "tokens", "parsec"];
const PARTS: [&str; 4] = ["", "1/2", "2/2", "x"];
const COLUMNS: [&str; 9] =
    ["source", "id", "buyer", "meter", "unit", "part", "seller", "object", "site"];

fn row() -> impl Strategy<Value = Row> {
    let most = |rest: std::ops::Range<usize>| prop_oneof![12 => 0_usize..1, 1 => rest];
    let identity = (prop::option::weighted(0.9, 0_usize..3), 0_usize..4_000);
    let names = (0_usize..12, most(0..4), most(0..4), most(0..4));
    let start =
        prop_oneof![20 => 1_740_000_000_i64..1_740_100_000, 1 => 1_600_000_000_i64..1_600_000_010];
    let numbers = (start, 0_i64..5_000, prop_oneof![20 => 1_i64..50, 1 => -1_i64..1]);
    (identity, names, numbers).prop_map(
        |((source, id), (buyer, meter, unit, part), (start, seconds, quantity))| Row {
            // Few of the ids come again, and a few are odd.
            id: if id < 40 { id % 8 } else { id },
            source,
            buyer: if buyer < 4 { buyer } else { 0 },
            meter,
            unit,
            part,
            start,
            seconds: if seconds < 20 { -seconds } else { seconds },
            quantity: quantity * 3_600,
        },
    )
}

/// Rows of which some are written twice, in the same file or in another.
fn files() -> impl Strategy<Value = Vec<(Vec<Row>, usize)>> {
    let files = vec((vec(row(), 1..120), 1_usize..80), 1..4);
    let twice = vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..8);
    (files, twice).prop_map(|(mut files, twice)| {
        for (from, to) in twice {
            let rows = &files[from.index(files.len())].0;
            let row = rows[to.index(rows.len())].clone();
            let to = to.index(files.len());
            files[to].0.push(row);
        }
        files
    })
}

fn file(rows: &[Row], group_rows: usize) -> Bytes {
    let names = COLUMNS.map(|name| format!("optional binary {name} (UTF8);")).join(" ");
    let schema = format!(
        "message usage {{ {names} required int64 start (TIMESTAMP(MILLIS, true));
         required int64 end (TIMESTAMP(MILLIS, true)); optional int64 quantity; }}"
    );
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut out = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut out, schema, properties).unwrap();
    for rows in rows.chunks(group_rows) {
        let mut group = writer.next_row_group().unwrap();
        let text = |column: usize, row: &Row| -> Option<String> {
            let of = |texts: &[&str], at: usize| Some(texts[at].to_owned());
            let text = match column {
                0 => of(&SOURCES, row.source?),
                1 if row.id < 8 => of(&IDS, row.id),
                1 => Some(row.id.to_string()),
                2 => of(&BUYERS, row.buyer),
                3 => of(&METERS, row.meter),
                4 => of(&UNITS, row.unit),
                5 => of(&PARTS, row.part),
                6 => Some("host".to_owned()),
                7 => Some("training".to_owned()),
                _ => row.id.is_multiple_of(2).then(|| "abilene".to_owned()),
            };
            text.filter(|text| !text.is_empty())
        };
        for column in 0..COLUMNS.len() {
            let texts: Vec<Option<String>> = rows.iter().map(|row| text(column, row)).collect();
            let levels: Vec<i16> = texts.iter().map(|text| i16::from(text.is_some())).collect();
            let texts: Vec<ByteArray> =
                texts.into_iter().flatten().map(|text| text.into_bytes().into()).collect();
            let mut out = group.next_column().unwrap().unwrap();
            out.typed::<ByteArrayType>().write_batch(&texts, Some(&levels), None).unwrap();
            out.close().unwrap();
        }
        let numbers: [fn(&Row) -> i64; 3] = [
            |row| row.start * 1_000 + row.quantity % 7,
            |row| (row.start + row.seconds) * 1_000,
            |row| row.quantity,
        ];
        for (at, number) in numbers.into_iter().enumerate() {
            let numbers: Vec<i64> = rows.iter().map(number).collect();
            let levels = vec![1; rows.len()];
            let mut out = group.next_column().unwrap().unwrap();
            let levels = (at == 2).then_some(&levels[..]);
            out.typed::<Int64Type>().write_batch(&numbers, levels, None).unwrap();
            out.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
    out.into()
}

fn names() -> Names {
    Names {
        parties: BTreeSet::from(["lab", "host"].map(|it| PartyId::new(it).unwrap())),
        objects: BTreeSet::from([ObjectId::new("training").unwrap()]),
        sites: [(SiteId::new("abilene").unwrap(), PartyId::new("host").unwrap())].into(),
        gpus: BTreeSet::<GpuTypeId>::new(),
        since: Some(Instant::parse("2022-01-01").unwrap()),
    }
}

fn terms() -> MoneyTerms {
    MoneyTerms {
        currency: Currency::new("USD", 2).unwrap(),
        rounding: Rounding::HalfEven,
        rates: Vec::new(),
        conversions: Vec::new(),
        discounts: Vec::new(),
        credits: Vec::new(),
        cost_splits: Vec::new(),
        shares: Vec::new(),
        commitments: Vec::new(),
        disputes: Vec::new(),
        tolerance: None,
    }
}

/// What is written of an intake: what was set aside and what contradicts.
fn written(intake: &Intake) -> [String; 2] {
    let mut out = [Vec::new(), Vec::new()];
    write_rejected(intake, &mut out[0]).unwrap();
    write_conflicts(intake, &mut out[1]).unwrap();
    out.map(|bytes| String::from_utf8(bytes).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn columns_come_to_what_rows_come_to(files in files(), threads in 1_usize..4) {
        let (names, terms) = (names(), terms());
        // Wide enough that nothing lies outside, where numbers of records would show.
        let at = |text| Instant::parse(text).unwrap();
        let period = Window::new(at("2000-01-01"), at("2060-01-01")).unwrap();
        let empty = || Totals::new(&terms, period);
        let how = How { names: Some(&names), ..How::default() };
        let bytes: Vec<Bytes> = files.iter().map(|(rows, each)| file(rows, *each)).collect();

        let mut whole = Intake::default();
        for (number, bytes) in bytes.iter().enumerate() {
            let table = Table::open(bytes.clone()).unwrap();
            let columns = table.columns().to_vec();
            let mut rows = (1..).zip(table).map(|(number, row)| Ok((number, row.unwrap())));
            let name = format!("file-{number}");
            whole.merge(read_rows(&name, Some(Format::Usage), columns, &mut rows, how).unwrap());
        }
        let mut expected = empty();
        whole.usage().for_each(|record| expected.add(&record.usage));

        let bulks: Vec<BulkFile<InMemory>> = bytes
            .into_iter()
            .enumerate()
            .map(|(number, bytes)| {
                let bytes = InMemory(bytes);
                let rows = suits(&bytes, None).unwrap();
                let (name, aside) = (format!("file-{number}"), Rows::default());
                BulkFile { name, bytes, rows, source: None, aside }
            })
            .collect();
        let again = again(&bulks, &[], threads).unwrap();
        let (mut totals, folds) = fold(&bulks, &again, Some(&names), empty, threads).unwrap();
        let mut intake = Intake::default();
        for (bulk, fold) in bulks.iter().zip(&folds) {
            intake.merge(one_by_one(bulk, &fold.left, how).unwrap());
            intake.count(&fold.taken, &Tally::default());
        }
        intake.usage().for_each(|record| totals.add(&record.usage));

        let rows = |totals: &Totals<'_>| totals.rows().collect::<Vec<TotalsRow>>();
        // Parts of a record are counted each where totals count them.
        prop_assert_eq!(rows(&totals), rows(&expected));
        prop_assert_eq!(intake.account(), whole.account());
        prop_assert_eq!(intake.notes(), whole.notes());
        prop_assert_eq!(written(&intake), written(&whole));

        let (mut seen, mut plain) = (Vec::new(), Vec::new());
        let mut out = AcceptedWriter::new(&intake, &mut seen).unwrap();
        for (bulk, fold) in bulks.into_iter().zip(folds) {
            let bulk = BulkFile { aside: fold.left, ..bulk };
            each(&bulk, Some(&names), |_| true, |one| {
                let (supply, window) = (Arc::new(one.supply.clone()), one.usage.window);
                let part = match one.usage.amount {
                    Amount::Held { level } => Part::held(supply, window, level).unwrap(),
                    Amount::Counted { quantity } => Part::counted(supply, window, quantity),
                };
                out.put(one.identity, one.place, part).map_err(|error| error.to_string())
            })
            .unwrap();
        }
        out.finish().unwrap();
        write_accepted(&whole, &mut plain).unwrap();
        prop_assert_eq!(String::from_utf8(seen).unwrap(), String::from_utf8(plain).unwrap());
    }
}
