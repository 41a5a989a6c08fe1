//! Whole files, files cut short, and files with bytes changed.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

use std::sync::Arc;

use bytes::Bytes;
use comity_columnar::Table;
use expect_test::expect;
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;

/// A file of three rows with the kinds of columns that usage comes in.
fn file(compression: Compression) -> Vec<u8> {
    let schema = "message rows {
        required binary id (UTF8);
        required int64 start (TIMESTAMP(MILLIS, true));
        required int64 local (TIMESTAMP(MICROS, false));
        required int64 price (DECIMAL(18, 4));
        required double used;
        optional int64 level;
    }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut out = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut out, schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut at = 0;
    while let Some(mut column) = group.next_column().unwrap() {
        let whole: [i64; 3] = [
            [0; 3],
            [1_740_787_200_000, 1_740_787_200_500, -1],
            [1_740_787_200_000_000, 0, 1],
            [12_345, 5, -5],
            [0; 3],
            [8, 8, 8],
        ][at];
        match at {
            0 => {
                let ids = ["a", "é,\"", "c"].map(ByteArray::from);
                column.typed::<ByteArrayType>().write_batch(&ids, None, None).unwrap();
            }
            4 => {
                let used = [0.1, 250.5, f64::NAN];
                column.typed::<DoubleType>().write_batch(&used, None, None).unwrap();
            }
            5 => {
                let typed = column.typed::<Int64Type>();
                typed.write_batch(&whole[..2], Some(&[1, 0, 1]), None).unwrap();
            }
            _ => {
                column.typed::<Int64Type>().write_batch(&whole, None, None).unwrap();
            }
        }
        column.close().unwrap();
        at += 1;
    }
    group.close().unwrap();
    writer.close().unwrap();
    out
}

fn rows(bytes: Vec<u8>) -> Result<Vec<Vec<String>>, comity_columnar::ColumnarError> {
    Table::open(Bytes::from(bytes))?.collect()
}

#[test]
fn values_are_the_texts_that_csv_would_have() {
    let kinds = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(Default::default()),
        Compression::ZSTD(Default::default()),
    ];
    for compression in kinds {
        let seen: Vec<String> =
            rows(file(compression)).unwrap().iter().map(|row| row.join(" | ")).collect();
        expect![[r#"
            a | 2025-03-01T00:00:00Z | 2025-03-01T00:00:00 | 1.2345 | 0.1 | 8
            é," | 2025-03-01T00:00:00.500Z | 1970-01-01T00:00:00 | 0.0005 | 250.5 | 
            c | 1969-12-31T23:59:59.999Z | 1970-01-01T00:00:00.000001 | -0.0005 | NaN | 8"#]]
        .assert_eq(&seen.join("\n"));
    }
}

#[test]
fn a_file_cut_short_is_refused() {
    let whole = file(Compression::SNAPPY);
    for length in 0..whole.len() {
        assert!(rows(whole[..length].to_vec()).is_err(), "{length} bytes");
    }
}

proptest! {
    #[test]
    fn changed_bytes_never_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = file(Compression::SNAPPY);
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = rows(bytes);
    }
}
