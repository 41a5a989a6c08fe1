//! Columns hold what the rows of the same file hold, whatever way its pages are written.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

use std::sync::Arc;

use bytes::Bytes;
use comity_columnar::{ColumnarError, Columns, Picked, Table, Values, Want};
use parquet::basic::{Compression, Encoding};
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// A buyer, a site where known, an id, a start in milliseconds, a level where known.
type Row = (u8, Option<u8>, u16, i64, Option<i64>);

const COLUMNS: [(&str, Want); 6] = [
    ("buyer", Want::Codes),
    ("site", Want::Codes),
    ("id", Want::Texts),
    ("start", Want::Seconds),
    ("level", Want::Whole),
    ("none", Want::Codes),
];

#[derive(Debug, Clone, Copy)]
struct Written {
    second_version: bool,
    dictionary: bool,
    /// A dictionary that is given up for want of room.
    small: bool,
    page_rows: usize,
    group_rows: usize,
}

fn written() -> impl Strategy<Value = Written> {
    (any::<bool>(), any::<bool>(), any::<bool>(), 1_usize..40, 1_usize..200).prop_map(
        |(second_version, dictionary, small, page_rows, group_rows)| Written {
            second_version,
            dictionary,
            small,
            page_rows,
            group_rows,
        },
    )
}

fn file(rows: &[Row], how: Written) -> Vec<u8> {
    let schema = "message rows {
        required binary buyer (UTF8);
        optional binary site (UTF8);
        required binary id (UTF8);
        required int64 start (TIMESTAMP(MILLIS, true));
        optional int64 level;
    }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let version =
        if how.second_version { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 };
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_writer_version(version)
        .set_dictionary_enabled(how.dictionary)
        .set_data_page_row_count_limit(how.page_rows)
        .set_write_batch_size(how.page_rows);
    if how.small {
        properties = properties.set_dictionary_page_size_limit(40);
    }
    for name in ["buyer", "site", "id", "start", "level"] {
        // The second version would write what is outside its dictionary in another encoding,
        // which is left to rows.
        properties = properties.set_column_encoding(ColumnPath::from(name), Encoding::PLAIN);
    }
    let mut out = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut out, schema, Arc::new(properties.build())).unwrap();
    for rows in rows.chunks(how.group_rows) {
        let mut group = writer.next_row_group().unwrap();
        let mut write = |values: Vec<Option<Value>>, optional: bool| {
            let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
            let levels = optional.then_some(&levels[..]);
            let mut column = group.next_column().unwrap().unwrap();
            let (mut texts, mut whole) = (Vec::new(), Vec::new());
            for value in values.into_iter().flatten() {
                match value {
                    Value::Text(text) => texts.push(ByteArray::from(text.into_bytes())),
                    Value::Whole(value) => whole.push(value),
                }
            }
            if let parquet::column::writer::ColumnWriter::Int64ColumnWriter(_) = column.untyped() {
                column.typed::<Int64Type>().write_batch(&whole, levels, None).unwrap();
            } else {
                column.typed::<ByteArrayType>().write_batch(&texts, levels, None).unwrap();
            }
            column.close().unwrap();
        };
        let text = |prefix: &str, number: u16| Some(Value::Text(format!("{prefix}-{number}")));
        write(rows.iter().map(|row| text("lab", row.0.into())).collect(), false);
        write(rows.iter().map(|row| text("site", row.1?.into())).collect(), true);
        write(rows.iter().map(|row| text("use", row.2)).collect(), false);
        write(rows.iter().map(|row| Some(Value::Whole(row.3))).collect(), false);
        write(rows.iter().map(|row| row.4.map(Value::Whole)).collect(), true);
        group.close().unwrap();
    }
    writer.close().unwrap();
    out
}

enum Value {
    Text(String),
    Whole(i64),
}

/// Every row as texts, from the columns.
fn read(bytes: Vec<u8>) -> Result<Option<Vec<Vec<String>>>, ColumnarError> {
    let Some(file) = Columns::open(Bytes::from(bytes), &COLUMNS)? else { return Ok(None) };
    let mut all = Vec::new();
    for index in 0..file.groups() {
        assert_eq!(file.rows_before(index), u64::try_from(all.len()).unwrap());
        let mut group = file.group(index)?;
        while let Some(count) = group.read()? {
            let mut rows = vec![Vec::new(); count];
            for column in 0..COLUMNS.len() {
                match group.values(column) {
                    Values::Absent => {}
                    Values::Codes { dictionary, codes } => {
                        for (row, code) in rows.iter_mut().zip(codes) {
                            let code = usize::try_from(*code).unwrap();
                            let none = String::new();
                            let text = if code == 0 { &none } else { &dictionary[code - 1] };
                            row.push(text.clone());
                        }
                    }
                    Values::Texts(texts) => {
                        for (row, text) in rows.iter_mut().zip(texts.iter()) {
                            row.push(String::from_utf8_lossy(text).into_owned());
                        }
                    }
                    Values::Whole(whole) => {
                        for (row, (value, there)) in
                            rows.iter_mut().zip(whole.values.iter().zip(&whole.present))
                        {
                            row.push(if *there { value.to_string() } else { String::new() });
                        }
                    }
                }
            }
            all.extend(rows);
        }
    }
    Ok(Some(all))
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let level = option::of(any::<i64>());
    vec((0_u8..9, option::of(0_u8..40), any::<u16>(), -9_000_i64..9_000, level), 1..300)
}

proptest! {
    #[test]
    fn columns_hold_what_was_written(rows in rows(), how in written()) {
        let seen = read(file(&rows, how)).unwrap();
        let text = |row: &Row| {
            let (buyer, site, id, start, level) = row;
            vec![
                format!("lab-{buyer}"),
                site.map_or(String::new(), |site| format!("site-{site}")),
                format!("use-{id}"),
                start.div_euclid(1_000).to_string(),
                level.map_or(String::new(), |level| level.to_string()),
            ]
        };
        prop_assert_eq!(seen, Some(rows.iter().map(text).collect()));
    }

    #[test]
    fn picked_rows_are_those_of_the_table(
        rows in rows(),
        how in written(),
        picked in vec(prop::bool::weighted(0.2), 300),
    ) {
        let bytes = Bytes::from(file(&rows, how));
        let all = (1_u64..).zip(Table::open(bytes.clone()).unwrap());
        let all = all.map(|(number, row)| (number, row.unwrap())).zip(&picked);
        let expected: Vec<_> = all.filter(|(_, take)| **take).map(|(row, _)| row).collect();
        let numbers: Vec<u64> = expected.iter().map(|(number, _)| *number).collect();
        let seen = Picked::open(bytes, numbers).unwrap().unwrap();
        prop_assert_eq!(seen.collect::<Result<Vec<_>, _>>().unwrap(), expected);
    }

    #[test]
    fn changed_bytes_never_panic(
        rows in rows(),
        how in written(),
        edits in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = file(&rows, how);
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read(bytes);
    }
}

#[test]
fn a_column_of_another_type_is_left_to_rows() {
    let how = Written {
        second_version: false,
        dictionary: true,
        small: false,
        page_rows: 10,
        group_rows: 10,
    };
    let bytes = file(&[(1, None, 2, 3, None)], how);
    let open = |name, want| Columns::open(Bytes::from(bytes.clone()), &[(name, want)]).unwrap();
    assert!(open("Buyer", Want::Codes).is_some());
    for (name, want) in [
        ("buyer", Want::Whole),
        ("start", Want::Whole),
        ("start", Want::Codes),
        ("level", Want::Seconds),
        ("level", Want::Texts),
    ] {
        assert!(open(name, want).is_none(), "{name} as {want:?}");
    }
    assert_eq!(Table::open(Bytes::from(bytes)).unwrap().count(), 1);
}

#[test]
fn decimals_are_read_with_their_digits() {
    let check = |kind: &str, want: Want, expected: Option<u8>| {
        let schema = format!("message rows {{ required {kind}; }}");
        let schema = Arc::new(parse_message_type(&schema).unwrap());
        let mut out = Vec::new();
        let properties = Arc::new(WriterProperties::builder().build());
        let mut writer = SerializedFileWriter::new(&mut out, schema, properties).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        if kind.starts_with("int64") {
            column.typed::<Int64Type>().write_batch(&[250, -7], None, None).unwrap();
        } else {
            column.typed::<Int32Type>().write_batch(&[250, -7], None, None).unwrap();
        }
        column.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        let columns = Columns::open(Bytes::from(out), &[("level", want)]).unwrap();
        let seen = columns.map(|columns| {
            let mut group = columns.group(0).unwrap();
            assert_eq!(group.read().unwrap(), Some(2));
            let Values::Whole(whole) = group.values(0) else { panic!("{kind} is no number") };
            assert_eq!(whole.values, [250, -7]);
            whole.digits
        });
        assert_eq!(seen, expected, "{kind} as {want:?}");
    };
    check("int64 level (DECIMAL(18, 3))", Want::Decimal, Some(3));
    check("int64 level (DECIMAL(18, 0))", Want::Decimal, Some(0));
    check("int64 level (DECIMAL(18, 18))", Want::Decimal, Some(18));
    check("int64 level", Want::Decimal, Some(0));
    check("int64 level (INTEGER(64, true))", Want::Decimal, Some(0));
    check("int64 level (DECIMAL(18, 3))", Want::Whole, None);
    check("int64 level (DECIMAL(18, 0))", Want::Whole, None);
    check("int64 level (INTEGER(64, false))", Want::Decimal, None);
    check("int32 level (DECIMAL(9, 3))", Want::Decimal, None);
    check("int64 level (TIMESTAMP(MILLIS, true))", Want::Decimal, None);
}
