//! Shares of a GPU in files: in every format they are read to the thousandth, and written again.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::comity;
use expect_test::expect;
use parquet::data_type::{
    ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
    Int64Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;

const DEAL: &str = "deals/condo";

/// A folder of its own for a test, empty.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("shares-of-gpus-{name}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn run<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let ran = comity(words);
    assert_eq!(ran.status, 0, "{}", ran.err);
    ran.out
}

/// What faculty held of the nodes: its id, thousandths of a GPU, the second in March, and for how long.
const HELD: [(&str, i64, i64, i64); 4] = [
    // A quarter, for 7 seconds and for 10 hours, the latter over a midnight.
    ("quarter", 250, 3_600, 7),
    ("night", 250, 20 * 3_600, 36_000),
    ("least", 1, 90_000, 1),
    ("whole", 2_000, 100_000, 3_600),
];

/// A second of March 2026, as a time.
fn time(second: i64) -> String {
    let (day, clock) = (1 + second / 86_400, second % 86_400);
    let (hour, minute, second) = (clock / 3_600, clock / 60 % 60, clock % 60);
    format!("2026-03-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn share(thousandths: i64) -> String {
    format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000)
}

fn csv() -> String {
    let mut text = "source,id,buyer,seller,meter,object,site,gpu,start,end,level\n".to_owned();
    for (id, level, from, seconds) in HELD {
        let (start, end, level) = (time(from), time(from + seconds), share(level));
        text += &format!(
            "s,{id},faculty,centre,gpu-time,node-time,physics-nodes,a100,{start},{end},{level}\n"
        );
    }
    text
}

fn events() -> String {
    let event = |(id, level, from, seconds): (&str, i64, i64, i64)| {
        let (start, end, level) = (time(from), time(from + seconds), share(level));
        format!(
            r#"{{"specversion":"1.0","type":"use","source":"s","id":"{id}","data":{{"buyer":"faculty","seller":"centre","meter":"gpu-time","object":"node-time","site":"physics-nodes","gpu":"a100","start":"{start}","end":"{end}","level":{level}}}}}"#
        ) + "\n"
    };
    HELD.map(event).concat()
}

/// Writes the records as Parquet, their levels in a column of some type.
fn parquet(path: &Path, level: &str, write: impl Fn(&mut SerializedColumnWriter<'_>)) {
    const TEXTS: [&str; 8] = ["source", "id", "buyer", "seller", "meter", "object", "site", "gpu"];
    let texts = TEXTS.map(|name| format!("required binary {name} (UTF8);")).join(" ");
    let schema = format!(
        "message usage {{ {texts} required int64 start (TIMESTAMP(MILLIS, true));
         required int64 end (TIMESTAMP(MILLIS, true)); required {level}; }}"
    );
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let file = fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for at in 0..11 {
        let mut column = group.next_column().unwrap().unwrap();
        // 2026-03-01.
        let times = |of: fn((&str, i64, i64, i64)) -> i64| {
            HELD.map(|held| (1_772_323_200 + of(held)) * 1_000)
        };
        match at {
            0..=7 => {
                let fixed = ["s", "", "faculty", "centre", "gpu-time", "node-time"];
                let fixed = [&fixed[..], &["physics-nodes", "a100"]].concat();
                let texts = HELD.map(|(id, ..)| if at == 1 { id } else { fixed[at] });
                let texts = texts.map(ByteArray::from);
                column.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap();
            }
            8 | 9 => {
                let times = match at {
                    8 => times(|(_, _, from, _)| from),
                    _ => times(|(_, _, from, seconds)| from + seconds),
                };
                column.typed::<Int64Type>().write_batch(&times, None, None).unwrap();
            }
            _ => write(&mut column),
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

/// Writes every file that says the same of the same records.
fn files(dir: &Path) -> Vec<&'static str> {
    fs::write(dir.join("csv"), csv()).unwrap();
    fs::write(dir.join("events"), events()).unwrap();
    let thousandths = HELD.map(|(_, level, ..)| level);
    parquet(&dir.join("decimal64"), "int64 level (DECIMAL(18, 3))", |column| {
        column.typed::<Int64Type>().write_batch(&thousandths, None, None).unwrap();
    });
    parquet(&dir.join("finer"), "int64 level (DECIMAL(18, 6))", |column| {
        let millionths = thousandths.map(|level| level * 1_000);
        column.typed::<Int64Type>().write_batch(&millionths, None, None).unwrap();
    });
    parquet(&dir.join("decimal32"), "int32 level (DECIMAL(9, 3))", |column| {
        let thousandths = thousandths.map(|level| i32::try_from(level).unwrap());
        column.typed::<Int32Type>().write_batch(&thousandths, None, None).unwrap();
    });
    parquet(&dir.join("decimal128"), "fixed_len_byte_array(16) level (DECIMAL(38, 3))", |column| {
        let bytes = thousandths.map(|level| i128::from(level).to_be_bytes().to_vec());
        let bytes = bytes.map(|it| FixedLenByteArray::from(ByteArray::from(it)));
        column.typed::<FixedLenByteArrayType>().write_batch(&bytes, None, None).unwrap();
    });
    parquet(&dir.join("text"), "binary level (UTF8)", |column| {
        let texts = thousandths.map(|level| ByteArray::from(share(level).into_bytes()));
        column.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap();
    });
    parquet(&dir.join("double"), "double level", |column| {
        let doubles = [0.25, 0.25, 0.001, 2.0];
        column.typed::<DoubleType>().write_batch(&doubles, None, None).unwrap();
    });
    vec!["csv", "events", "decimal64", "finer", "decimal32", "decimal128", "text", "double"]
}

#[test]
fn every_format_says_the_same_of_a_share() {
    let dir = folder("formats");
    let accepted = |name: &str| {
        let out = dir.join(format!("out-{name}"));
        let (path, to) = (dir.join(name), out.to_str().unwrap().to_owned());
        run(["import", path.to_str().unwrap(), "--deal", DEAL, "--out", &to]);
        let text = fs::read_to_string(out.join("accepted.csv")).unwrap();
        // Without the file and the line, at the end of each row.
        let row = |row: &str| row.rsplitn(3, ',').last().unwrap().to_owned() + "\n";
        let mut rows: Vec<String> = text.lines().map(row).collect();
        rows[1..].sort();
        rows.concat()
    };
    let names = files(&dir);
    let expected = accepted("csv");
    expect![[r#"
        source,id,part,buyer,seller,meter,object,site,gpu,start,end,level,quantity,unit
        s,least,,faculty,centre,gpu-time,node-time,physics-nodes,a100,2026-03-02T01:00:00Z,2026-03-02T01:00:01Z,0.001,0.001,GPU-seconds
        s,night,,faculty,centre,gpu-time,node-time,physics-nodes,a100,2026-03-01T20:00:00Z,2026-03-02T06:00:00Z,0.25,9000,GPU-seconds
        s,quarter,,faculty,centre,gpu-time,node-time,physics-nodes,a100,2026-03-01T01:00:00Z,2026-03-01T01:00:07Z,0.25,1.75,GPU-seconds
        s,whole,,faculty,centre,gpu-time,node-time,physics-nodes,a100,2026-03-02T03:46:40Z,2026-03-02T04:46:40Z,2,7200,GPU-seconds
    "#]]
    .assert_eq(&expected);
    for name in names {
        assert_eq!(accepted(name), expected, "{name}");
    }
    // What was written is read again as the same.
    fs::copy(dir.join("out-csv/accepted.csv"), dir.join("again")).unwrap();
    assert_eq!(accepted("again"), expected);
    // Of one identity in several formats, the second repeats the first.
    let all = ["csv", "events", "decimal64", "double"].map(|name| dir.join(name));
    let all = all.iter().map(|path| path.to_str().unwrap());
    let seen = run(["import"].into_iter().chain(all).chain(["--deal", DEAL]));
    expect![[r#"
        16 records from 4 files

                       records  gpu-time, GPU-seconds
          accepted           4             16,201.751
          repeated          12             48,605.253
          conflicting        0                      0
          rejected           0                      0
          read              16             64,807.004
    "#]]
    .assert_eq(&seen);
}

#[test]
fn a_large_file_may_hold_decimals() {
    // Kept as it was delivered: only a file that is read column by column is.
    let dir = folder("kept");
    for (name, is_kept) in [("decimal64", true), ("finer", true), ("decimal32", false)] {
        files(&dir);
        let books = dir.join(format!("books-{name}"));
        let (path, out) = (dir.join(name), books.to_str().unwrap().to_owned());
        let usage = path.to_str().unwrap();
        run(["settle", DEAL, "--usage", usage, "--period", "2026-03", "--out", &out]);
        assert_eq!(books.join("kept/1.parquet").exists(), is_kept, "{name}");
        let journal = fs::read_to_string(books.join("journal.csv")).unwrap();
        assert!(journal.contains(",gpu-time,16201.751,GPU-seconds,"), "{name}: {journal}");
    }
}

#[test]
fn a_share_is_settled_stated_and_traced() {
    let dir = folder("settled");
    fs::write(dir.join("usage.csv"), csv()).unwrap();
    let (usage, books) = (dir.join("usage.csv"), dir.join("books"));
    let (usage, books) = (usage.to_str().unwrap(), books.to_str().unwrap());
    run(["settle", DEAL, "--usage", usage, "--period", "2026-03", "--out", books, "--close"]);
    let file = |name: &str| fs::read_to_string(Path::new(books).join(name)).unwrap();
    // 2 GPU-hours, 2.5 and 1.751 GPU-seconds: 16,201.751 ÷ 3,600 × 0.12 = 0.54005…, rounded once.
    let statement = file("2026-03/statement-faculty.txt");
    expect![[r#"
        Statement of The faculty without nodes [faculty], 2026-03-01 to 2026-04-01
        Condo cluster

        With The computing centre [centre], USD
          -0.54  #1 GPU time, node-time at physics-nodes on a100 [node-time-faculty]
                 = 16,201.751 GPU-seconds ÷ 3,600 × 0.12
          -0.54  faculty pays USD 0.54: owes 0.54, is owed 0.00

        In all: faculty pays USD 0.54

        1 entry; amounts are rounded to the nearest, a tie to the even neighbour. `comity trace` shows the records, rate, term and source behind an entry.
    "#]].assert_eq(&statement);
    expect![[r#"
        period_start,period_end,party,counterparty,entry,reason,cause,from,to,meter,object,site,gpu,quantity,amount,currency,corrects
        2026-03-01,2026-04-01,faculty,centre,1,capacity,node-time-faculty,2026-03-01,2026-04-01,gpu-time,node-time,physics-nodes,a100,16201.751,-0.54,USD,
    "#]].assert_eq(&file("2026-03/statement-faculty.csv"));
    expect![[r#"
        entry 1 of 2026-03-01: faculty owes centre USD 0.54
          GPU time [node-time-faculty], for [2026-03-01, 2026-04-01)
          16,201.751 GPU-seconds of node-time at physics-nodes on a100

        reckoned
          16,201.751 GPU-seconds ÷ 3,600 × 0.12 = USD 0.54, rounded half-even

        rests on
          node-time-faculty: USD 0.12 a gpu-hour, [2022-07-01, open)
            "12 cents a GPU-hour" (invented for this example, 2026-06-01; assumed)
            note: Below the cost of power: the nodes would be idle.
            deals/condo/rates.yaml:7:3

        4 records, 16,201.751 GPU-seconds in all
          s least (USAGE:4): 2026-03-02T01:00:00Z to 2026-03-02T01:00:01Z, 0.001 GPU-seconds
          s night (USAGE:3): 2026-03-01T20:00:00Z to 2026-03-02T06:00:00Z, 9,000 GPU-seconds
          s quarter (USAGE:2): 2026-03-01T01:00:00Z to 2026-03-01T01:00:07Z, 1.75 GPU-seconds
          s whole (USAGE:5): 2026-03-02T03:46:40Z to 2026-03-02T04:46:40Z, 7,200 GPU-seconds
    "#]]
    .assert_eq(&run(["trace", DEAL, "1", "--books", books]).replace(usage, "USAGE"));
    let journal = file("journal.csv");

    // The closed books are read again: nothing of them changes, and what comes late is added.
    let late = csv().lines().next().unwrap().to_owned()
        + "\ns,late,faculty,centre,gpu-time,node-time,physics-nodes,a100,2026-03-31T23:59:58Z,2026-04-01T00:00:02Z,0.75\n";
    fs::write(dir.join("late.csv"), late).unwrap();
    let late = dir.join("late.csv");
    let late = late.to_str().unwrap();
    run(["settle", DEAL, "--usage", late, "--period", "2026-04", "--out", books]);
    let after = file("journal.csv");
    assert!(after.starts_with(&journal), "{after}");
    expect![[r#"
        2,2026-04-01,2026-05-01,open,faculty,centre,0.00,USD,2,capacity,,rate,node-time-faculty,2026-04-01,2026-05-01,2026-04-01,2026-05-01,gpu-time,1.5,GPU-seconds,node-time,physics-nodes,a100,,,,,,
        3,2026-04-01,2026-05-01,open,faculty,centre,0.00,USD,2,capacity,,rate,node-time-faculty,2026-03-01,2026-04-01,2026-03-01,2026-04-01,gpu-time,1.5,GPU-seconds,node-time,physics-nodes,a100,,,,,2026-03-01/2026-04-01,1
    "#]].assert_eq(&after[journal.len()..]);
    let focus = file("focus-1.4/faculty/CostAndUsage.csv");
    assert!(focus.contains(",0.12,Standard,4.500486388889,GPU-Hours,"), "{focus}");
    assert!(focus.contains(",0.12,Standard,0.000416666667,GPU-Hours,"), "{focus}");
}
