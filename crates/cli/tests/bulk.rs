//! Usage that is read column by column leaves the same books as row by row.
//!
//! The same rows are written twice as Parquet under one name: with quantities of 64 bits, which are
//! read by columns, and of 32 bits, which are not.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::comity;
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

const DEAL: &str = "deals/stargate";
/// 2026-01-01.
const START: i64 = 1_767_225_600;

#[derive(Debug, Clone)]
struct Row {
    id: u32,
    /// The seller's product, or a name that the deal does not have.
    object: usize,
    unit: usize,
    /// Hours after the start of January; February begins with 744.
    hour: i64,
    tokens: i32,
}

const SALES: [(&str, &str, &str); 4] = [
    ("developers", "openai", "openai-api"),
    ("azure-customers", "microsoft", "azure-openai"),
    ("developers", "openai", "openai-apj"),
    ("developers", "openai", ""),
];

fn row() -> impl Strategy<Value = Row> {
    let most = |rest: std::ops::Range<usize>| prop_oneof![10 => Just(0_usize), 2 => rest];
    (
        0_u32..60,
        most(0..4),
        most(0..3),
        -30_i64..1_500,
        prop_oneof![9 => 1..2_000_000_000, 1 => -1..1],
    )
        .prop_map(|(id, object, unit, hour, tokens)| Row { id, object, unit, hour, tokens })
}

/// Two files; of the second, rows repeat or contradict the first, or are late.
fn files() -> impl Strategy<Value = [Vec<Row>; 2]> {
    let again = vec((any::<Index>(), any::<bool>()), 0..6);
    (vec(row(), 1..40), vec(row(), 1..40), again).prop_map(|(first, mut second, again)| {
        // The identities of the second are others, but for some.
        second.iter_mut().for_each(|row| row.id += 1_000);
        for (of, other) in again {
            let row = of.get(&first).clone();
            let tokens = if other { row.tokens / 2 + 1 } else { row.tokens };
            second.push(Row { tokens, ..row });
        }
        [first, second]
    })
}

fn write(path: &Path, rows: &[Row], is_wide: bool) {
    let whole = if is_wide { "int64" } else { "int32" };
    let schema = format!(
        "message usage {{ required binary source (UTF8); required binary id (UTF8);
         required binary buyer (UTF8); required binary seller (UTF8); required binary meter (UTF8);
         optional binary object (UTF8); required binary unit (UTF8);
         required int64 start (TIMESTAMP(MILLIS, true)); required int64 end (TIMESTAMP(MILLIS, true));
         required {whole} quantity; required binary remark (UTF8); }}"
    );
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let file = fs::File::create(path).unwrap();
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(file, schema, properties).unwrap();
    for rows in rows.chunks(16) {
        let mut group = writer.next_row_group().unwrap();
        let sale = |row: &Row| SALES[row.object];
        let text = |row: &Row, at: usize| match at {
            0 => "meter".to_owned(),
            1 => format!("use-{}", row.id),
            2 => sale(row).0.to_owned(),
            3 => sale(row).1.to_owned(),
            4 => "tokens-out".to_owned(),
            5 => sale(row).2.to_owned(),
            6 => ["tokens", "thousand-tokens", "parsecs"][row.unit].to_owned(),
            _ => "as said, \"by hand\"".to_owned(),
        };
        for at in 0..11 {
            let mut column = group.next_column().unwrap().unwrap();
            match at {
                7 | 8 => {
                    let hours = rows.iter().map(|row| row.hour + i64::from(at == 8));
                    let times: Vec<i64> =
                        hours.map(|hour| (START + hour * 3_600) * 1_000).collect();
                    column.typed::<Int64Type>().write_batch(&times, None, None).unwrap();
                }
                9 if is_wide => {
                    let all: Vec<i64> = rows.iter().map(|row| row.tokens.into()).collect();
                    column.typed::<Int64Type>().write_batch(&all, None, None).unwrap();
                }
                9 => {
                    let all: Vec<i32> = rows.iter().map(|row| row.tokens).collect();
                    column.typed::<Int32Type>().write_batch(&all, None, None).unwrap();
                }
                _ => {
                    let all = rows.iter().map(|row| text(row, at));
                    let all: Vec<ByteArray> = if at == 5 {
                        all.filter(|text| !text.is_empty())
                            .map(|it| it.into_bytes().into())
                            .collect()
                    } else {
                        all.map(|it| it.into_bytes().into()).collect()
                    };
                    let levels: Vec<i16> =
                        rows.iter().map(|row| i16::from(!sale(row).2.is_empty())).collect();
                    let levels = (at == 5).then_some(&levels[..]);
                    column.typed::<ByteArrayType>().write_batch(&all, levels, None).unwrap();
                }
            }
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
}

/// The files in a folder and those in it, by name.
fn contents(folder: &Path, within: &str, all: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{within}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            contents(&path, &format!("{name}/"), all);
        } else {
            let bytes = fs::read(&path).unwrap();
            all.insert(name, String::from_utf8_lossy(&bytes).into_owned());
        }
    }
}

/// All that is printed, and all that is written but the records themselves.
fn books(dir: &Path, [first, second]: &[Vec<Row>; 2], is_wide: bool) -> BTreeMap<String, String> {
    let _ = fs::remove_dir_all(dir);
    fs::create_dir_all(dir).unwrap();
    let path = |name: &str| dir.join(name).to_str().unwrap().to_owned();
    write(&dir.join("first.parquet"), first, is_wide);
    write(&dir.join("second.parquet"), second, is_wide);
    fs::copy(dir.join("first.parquet"), dir.join("a-copy.parquet")).unwrap();
    let [first, second] = [path("first.parquet"), path("second.parquet")];
    let (out, copy, imported) = (path("books"), path("a-copy.parquet"), path("imported"));
    let mut seen = BTreeMap::new();
    let mut run = |what: &str, words: &[&str]| {
        let ran = comity(words.iter().copied());
        assert_eq!(ran.status, 0, "{what}: {}", ran.err);
        let all = ran.out.clone();
        seen.insert(what.to_owned(), ran.out);
        all
    };
    for (what, period, usage) in [
        ("1", "2026-01", vec!["--usage", &first]),
        ("2", "2026-01", vec!["--usage", &first, "--close"]),
        ("3", "2026-02", vec!["--usage", &second, "--json"]),
        ("4", "2026-02", vec!["--usage", &copy, &second, "--close"]),
    ] {
        let mut words = vec!["settle", DEAL, "--out", &out, "--period", period];
        words.extend(usage);
        run(what, &words);
        assert_eq!(dir.join("books/kept.csv").exists(), is_wide);
    }
    let deal = ["--deal", DEAL];
    run("import", &["import", &first, &second, &copy, deal[0], deal[1], "--out", &imported]);
    run("import without a deal", &["import", &second, "--json"]);
    run("burn-down", &["burn-down", DEAL, "--books", &out]);
    run("burn-down, earlier", &["burn-down", DEAL, "--books", &out, "--at", "2026-02-11"]);
    let journal = fs::read_to_string(dir.join("books/journal.csv")).unwrap();
    for entry in (1..journal.lines().count()).take(12) {
        let number = entry.to_string();
        run(&format!("trace {entry}"), &["trace", DEAL, &number, "--books", &out]);
    }
    contents(dir, "", &mut seen);
    seen.retain(|name, _| {
        let is_input = name.ends_with(".parquet");
        !is_input && !name.starts_with("books/kept") && name != "books/accepted.csv"
    });
    seen
}

fn check(name: &str, files: &[Vec<Row>; 2]) {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let by_rows = books(&dir, files, false);
    let by_columns = books(&dir, files, true);
    assert_eq!(by_columns.keys().collect::<Vec<_>>(), by_rows.keys().collect::<Vec<_>>());
    for (name, expected) in &by_rows {
        assert_eq!(&by_columns[name], expected, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn books_do_not_depend_on_the_way(files in files()) {
        check("bulk-random", &files);
    }
}
