//! `comity settle` and `comity trace`: books of periods from usage records.

#![allow(clippy::too_many_lines, reason = "what is printed is long")]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use common::{Ran, comity};
use expect_test::{Expect, expect};

/// A folder of its own for a test, empty.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("settle-{name}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("the folder for tests can be written");
    path
}

const HEADER: &str = "source,id,buyer,seller,meter,object,start,end,quantity,unit\n";

/// Sales of OpenAI's API by the day, each of so many tokens.
fn sales(days: &[(&str, u64)]) -> String {
    let mut text = HEADER.to_owned();
    for (day, tokens) in days {
        let _ = writeln!(
            text,
            "meter,{day},developers,openai,tokens-out,openai-api,{day}T00:00:00Z,{day}T12:00:00Z,{tokens},tokens"
        );
    }
    text
}

fn settle(deal: &str, usage: &Path, period: &str, out: &Path, more: &[&str]) -> Ran {
    let mut words = vec!["settle", deal, "--usage", text(usage), "--period", period];
    words.extend(["--out", text(out)]);
    words.extend(more);
    comity(words)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are text")
}

fn file(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A printed text without the folder that it names.
fn without(text: &str, folder: &Path) -> String {
    text.replace(&folder.display().to_string(), "DIR")
}

fn check(ran: &Ran, folder: &Path, expected: &Expect) {
    assert_eq!(ran.status, 0, "{}", ran.err);
    expected.assert_eq(&without(&ran.out, folder));
}

/// The deal of the article: under the amendment of 27 April 2026 Microsoft's share ends, and
/// OpenAI's goes on up to $38 billion, which it reaches on sales of $190 billion. At $15 billion a
/// day, 12 days come to $36 billion; on the thirteenth, 9 May, $2 billion of $3 billion are paid.
#[test]
fn the_day_on_which_the_cap_binds_is_exact() {
    let dir = folder("cap");
    let mut days: Vec<(String, u64)> = Vec::new();
    days.extend((26..=30).map(|day| (format!("2026-04-{day:02}"), 1_000_000_000_000_000)));
    days.extend((1..=20).map(|day| (format!("2026-05-{day:02}"), 1_000_000_000_000_000)));
    let days: Vec<(&str, u64)> = days.iter().map(|(day, tokens)| (day.as_str(), *tokens)).collect();
    let mut records = sales(&days);
    // Microsoft sells the same models itself, on the last day of its share and on the next.
    for day in ["2026-04-26", "2026-04-27"] {
        let _ = writeln!(
            records,
            "meter,azure-{day},azure-customers,microsoft,tokens-out,azure-openai,{day}T00:00:00Z,{day}T12:00:00Z,2000000000,tokens"
        );
    }
    let usage = dir.join("usage.csv");
    fs::write(&usage, records).expect("it can be written");
    let books = dir.join("books");
    let ran = settle("deals/stargate", &usage, "2026-04", &books, &["--close"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let ran = settle("deals/stargate", &usage, "2026-05", &books, &["--close"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    expect![[r#"
        term,payer,payee,base,share,paid,cap,left,reached
        share-microsoft-to-openai-2025-10,microsoft,openai,30000.00,6000.00,6000.00,,,
        share-openai-to-microsoft-2025-10,openai,microsoft,15000000000.00,3000000000.00,3000000000.00,,,
        share-openai-to-microsoft-2026,openai,microsoft,360000000000.00,72000000000.00,38000000000.00,38000000000.00,0.00,2026-05-09
    "#]].assert_eq(&file(&books, "2026-05/shares.csv"));
    let journal = file(&books, "journal.csv");
    let shares: Vec<&str> = journal.lines().filter(|line| line.contains("revenue-share")).collect();
    expect![[r#"
        3,2026-04-01,2026-05-01,closed,microsoft,openai,6000.00,USD,2,revenue-share,,term,share-microsoft-to-openai-2025-10,2026-04-01,2026-04-27,2026-04-01,2026-04-27,,,,,,,,,,,,
        4,2026-04-01,2026-05-01,closed,openai,microsoft,3000000000.00,USD,2,revenue-share,,term,share-openai-to-microsoft-2025-10,2026-04-01,2026-04-27,2026-04-01,2026-04-27,,,,,,,,,,,,
        7,2026-04-01,2026-05-01,closed,openai,microsoft,12000000000.00,USD,2,revenue-share,,term,share-openai-to-microsoft-2026,2026-04-27,2026-05-01,2026-04-27,2026-05-01,,,,,,,,,,,,
        9,2026-05-01,2026-06-01,closed,openai,microsoft,26000000000.00,USD,2,revenue-share,,term,share-openai-to-microsoft-2026,2026-05-01,2026-06-01,2026-05-01,2026-06-01,,,,,,,,,,,,
    "#]].assert_eq(&(shares.join("\n") + "\n"));
}

/// January is closed; a record of it that arrives in February is posted there, with a link.
#[test]
fn what_arrives_late_is_posted_in_the_open_period() {
    let dir = folder("late");
    let (first, second) = (dir.join("first.csv"), dir.join("second.csv"));
    fs::write(&first, sales(&[("2026-01-10", 1_000_000)])).expect("it can be written");
    let late =
        sales(&[("2026-01-10", 1_000_000), ("2026-01-20", 500_000), ("2026-02-03", 2_000_000)]);
    fs::write(&second, late).expect("it can be written");
    let books = dir.join("books");
    let ran = settle("deals/stargate", &first, "2026-01", &books, &["--close"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let january = file(&books, "2026-01/statement-openai.txt");
    let before = file(&books, "journal.csv");
    let ran = settle("deals/stargate", &second, "2026-02", &books, &[]);
    check(
        &ran,
        &books,
        &expect![[r#"
        Stargate, 2026-02-01 to 2026-03-01: open (a draft until it is closed with `--close`)

        Records
                               records
          read now                   3
          new                        2
          repeated                   1
          in the books before        1
          in the books               3

        Net between each two parties, with the gross behind it
          pays        to         currency    net   owes  is owed
          developers  openai     USD       37.50  37.50     0.00
          openai      microsoft  USD        7.50   7.50     0.00

        Balance of each party
          party       currency  balance
          developers  USD        -37.50
          microsoft   USD          7.50
          openai      USD         30.00

          2 corrections of closed periods, posted here with a link to what each corrects

        Commitments
          commitment                to                        promised  drawn                left
          aws-commitment-2025       2032-11-03   USD 38,000,000,000.00   0.00   38,000,000,000.00
          aws-commitment-2026       2034-02-27  USD 100,000,000,000.00   0.00  100,000,000,000.00
          azure-commitment-2025-10  open        USD 250,000,000,000.00   0.00  250,000,000,000.00
          cerebras-commitment-2026  open         USD 20,000,000,000.00   0.00   20,000,000,000.00
          coreweave-2025-03         open         USD 11,900,000,000.00   0.00   11,900,000,000.00
          coreweave-2025-05         open          USD 4,000,000,000.00   0.00    4,000,000,000.00
          coreweave-2025-09         open          USD 6,500,000,000.00   0.00    6,500,000,000.00

        Revenue shares since the books begin
          share                              from, to              base   paid  cap
          share-microsoft-to-openai-2025-10  microsoft to openai   0.00   0.00
          share-openai-to-microsoft-2025-10  openai to microsoft  52.50  10.50

        Statements, books and exports are in `DIR`; `comity trace` shows the chain behind an entry.
    "#]],
    );
    assert_eq!(file(&books, "2026-01/statement-openai.txt"), january, "closed stays closed");
    assert!(file(&books, "journal.csv").starts_with(&before), "the journal only grows");
    expect![[r#"
        Statement of OpenAI [openai], 2026-02-01 to 2026-03-01 (draft: the period is open)
        Stargate

        With API customers [developers], USD
          30.00  #3 tokens written, openai-api [api-out], 2026-02-01 to 2026-02-27
                 = 2,000,000 tokens ÷ 1,000,000 × 15.00
           7.50  #5 tokens written, openai-api [api-out], 2026-01-01 to 2026-02-01, corrects #1 of 2026-01-01
                 = USD 7.50 more than in [2026-01-01, 2026-02-01), where entry 1 stands
          37.50  openai is paid USD 37.50: owes 0.00, is owed 37.50

        With Microsoft [microsoft], USD
          -6.00  #4 revenue share [share-openai-to-microsoft-2025-10], 2026-02-01 to 2026-02-27
                 = 20 % × USD 30.00
          -1.50  #6 revenue share [share-openai-to-microsoft-2025-10], 2026-01-01 to 2026-02-01, corrects #2 of 2026-01-01
                 = USD 1.50 more than in [2026-01-01, 2026-02-01), where entry 2 stands
          -7.50  openai pays USD 7.50: owes 7.50, is owed 0.00

        In all: openai is paid USD 30.00

        Commitments
          aws-commitment-2025 [2025-11-03 to 2032-11-03]: USD 38,000,000,000.00 promised by openai to aws, 0.00 drawn in all, 38,000,000,000.00 left; runs on
          aws-commitment-2026 [2026-02-27 to 2034-02-27]: USD 100,000,000,000.00 promised by openai to aws, 0.00 drawn in all, 100,000,000,000.00 left; runs on
          azure-commitment-2025-10 [2025-10-28 to open]: USD 250,000,000,000.00 promised by openai to microsoft, 0.00 drawn in all, 250,000,000,000.00 left; runs on
          cerebras-commitment-2026 [2026-02-01 to open]: USD 20,000,000,000.00 promised by openai to cerebras, 0.00 drawn in all, 20,000,000,000.00 left; runs on
          coreweave-2025-03 [2025-03-10 to open]: USD 11,900,000,000.00 promised by openai to coreweave, 0.00 drawn in all, 11,900,000,000.00 left; runs on
          coreweave-2025-05 [2025-05-15 to open]: USD 4,000,000,000.00 promised by openai to coreweave, 0.00 drawn in all, 4,000,000,000.00 left; runs on
          coreweave-2025-09 [2025-09-25 to open]: USD 6,500,000,000.00 promised by openai to coreweave, 0.00 drawn in all, 6,500,000,000.00 left; runs on

        Revenue shares, since the books begin
          share-microsoft-to-openai-2025-10: USD 0.00 of microsoft's sales, 0.00 is its share, 0.00 paid to openai
          share-openai-to-microsoft-2025-10: USD 52.50 of openai's sales, 10.50 is its share, 10.50 paid to microsoft

        4 entries; amounts are rounded to the nearest, a tie to the even neighbour. `comity trace` shows the records, rate, term and source behind an entry.
    "#]].assert_eq(&file(&books, "2026-02/statement-openai.txt"));
    let trace = |entry: &str, more: &[&str]| {
        let mut words = vec!["trace", "deals/stargate", entry, "--books", text(&books)];
        words.extend(more);
        comity(words)
    };
    let ran = trace("5", &[]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    expect![[r#"
        entry 5 of 2026-02-01: developers owes openai USD 7.50
          tokens written, openai-api [api-out], for [2026-01-01, 2026-02-01)
          500,000 tokens of openai-api

        reckoned
          USD 7.50 more than in [2026-01-01, 2026-02-01), where entry 1 stands = USD 7.50, rounded half-even

        rests on
          api-out: USD 15.00 a million-tokens, [2019-07-22, open)
            "large models: 15 to 30 a million tokens out" (API prices of June 2026, 2026-06-01; assumed)
            note: All traffic at the low end of large models.
            deals/stargate/rates.yaml:172:3

        corrects
          #1 of 2026-01-01: developers to openai USD 15.00, tokens written, openai-api [api-out]

        2 records, 1,500,000 tokens in all
          those that were there before included
          meter 2026-01-10 (DIR/first.csv:2): 2026-01-10 to 2026-01-10T12:00:00Z, 1,000,000 tokens
          meter 2026-01-20 (DIR/second.csv:3): 2026-01-20 to 2026-01-20T12:00:00Z, 500,000 tokens
    "#]].assert_eq(&without(&ran.out, &dir));
    // Oracle has no part in it.
    let ran = trace("5", &["--party", "oracle"]);
    assert_eq!((ran.status, ran.out.as_str()), (1, ""));
    expect![[r#"
        error: no entry 5 that `oracle` has a part in: the books have entries 1 to 6
    "#]]
    .assert_eq(&ran.err);
    // The period that is closed is not settled again.
    let ran = settle("deals/stargate", &first, "2026-01", &books, &[]);
    assert_eq!(ran.status, 1);
    expect![[r#"
        error: 2026-01 is closed: settle the next period, 2026-02; what arrives late is posted there as a correction
    "#]].assert_eq(&ran.err);
}

/// Whatever the order and the batches, the books end in the same balances.
#[test]
fn any_batching_ends_in_the_same_balances() {
    let dir = folder("batches");
    let days = [
        ("2026-01-05", 7_000_001),
        ("2026-01-09", 300_007),
        ("2026-02-11", 1_000_003),
        ("2026-02-27", 9_999_999),
    ];
    let balances = |name: &str, runs: &[(&[usize], &str)]| -> Vec<String> {
        let books = dir.join(name);
        for (run, (batch, period)) in runs.iter().enumerate() {
            let usage = dir.join(format!("{name}-{run}.csv"));
            let rows: Vec<(&str, u64)> = batch.iter().map(|&index| days[index]).collect();
            fs::write(&usage, sales(&rows)).expect("it can be written");
            let ran = settle("deals/stargate", &usage, period, &books, &["--close"]);
            assert_eq!(ran.status, 0, "{}", ran.err);
        }
        // What each has with each other for one reason, what is taken back included.
        let mut sums: BTreeMap<(String, String, String), i128> = BTreeMap::new();
        let journal = file(&books, "journal.csv");
        let mut rows = csv::Reader::from_reader(journal.as_bytes());
        let header = rows.headers().expect("it has a header").clone();
        for row in rows.records() {
            let row = row.expect("it is a table");
            let at = |name: &str| {
                let place = header.iter().position(|it| it == name).expect("the column is there");
                row[place].to_owned()
            };
            let cents: i128 = at("amount").replace('.', "").parse().expect("an amount");
            let (payer, payee, sign) = match at("takes_back").as_str() {
                "yes" => (at("payee"), at("payer"), -1),
                _ => (at("payer"), at("payee"), 1),
            };
            *sums.entry((payer, payee, at("reason"))).or_default() += sign * cents;
        }
        sums.retain(|_, sum| *sum != 0);
        sums.into_iter().map(|(key, sum)| format!("{key:?} {sum}")).collect()
    };
    let all: &[(&[usize], &str)] = &[(&[0, 1, 2, 3], "2026-01"), (&[0], "2026-02")];
    let late: &[(&[usize], &str)] = &[(&[1], "2026-01"), (&[3, 0, 2], "2026-02")];
    let one = balances("all", all);
    assert!(!one.is_empty());
    assert_eq!(one, balances("late", late));
}

/// Nothing is lost, nothing is written by half.
#[test]
fn bad_input_is_said_and_set_aside() {
    let dir = folder("bad");
    let books = dir.join("books");
    let check = |name: &str, content: &str, expected: &Expect| {
        let usage = dir.join(name);
        fs::write(&usage, content).expect("it can be written");
        let ran = settle("deals/stargate", &usage, "2026-01", &books, &["--strict"]);
        assert_eq!(ran.status, 1, "{}", ran.out);
        let said = if ran.err.is_empty() { ran.out } else { ran.err };
        expected.assert_eq(&without(&said, &dir));
    };
    check(
        "empty.csv",
        "",
        &expect![[r#"
        error: `DIR/empty.csv` is empty
    "#]],
    );
    check(
        "semicolons.csv",
        &sales(&[("2026-01-10", 5)]).replace(',', ";"),
        &expect![[r#"
        error: `DIR/semicolons.csv` line 1: the fields of the header are separated by `;`, where usage in our own columns has `,`
    "#]],
    );
    assert!(!books.exists(), "nothing was written");
    let mut rows = sales(&[("2026-01-10", 1_000_000)]);
    rows.push_str("meter,neg,developers,openai,tokens-out,openai-api,2026-01-11T00:00:00Z,2026-01-11T01:00:00Z,-5,tokens\n");
    rows.push_str("meter,unit,developers,openai,tokens-out,openai-api,2026-01-11T00:00:00Z,2026-01-11T01:00:00Z,5,furlongs\n");
    rows.push_str("meter,who,develpers,openai,tokens-out,openai-api,2026-01-11T00:00:00Z,2026-01-11T01:00:00Z,5,tokens\n");
    check(
        "rows.csv",
        &rows,
        &expect![[r#"
            Stargate, 2026-01-01 to 2026-02-01: open (a draft until it is closed with `--close`)

            Records
                                   records
              read now                   4
              new                        1
              rejected                   3
              in the books before        0
              in the books               1
              rejected DIR/rows.csv:3: `quantity`: `-5` is below zero
              rejected DIR/rows.csv:4: `unit`: unknown unit `furlongs`
              rejected DIR/rows.csv:5: unknown buyer `develpers`: did you mean `developers`?

            Net between each two parties, with the gross behind it
              pays        to         currency    net   owes  is owed
              developers  openai     USD       15.00  15.00     0.00
              openai      microsoft  USD        3.00   3.00     0.00

            Balance of each party
              party       currency  balance
              developers  USD        -15.00
              microsoft   USD          3.00
              openai      USD         12.00

            Commitments
              commitment                to                        promised  drawn                left
              aws-commitment-2025       2032-11-03   USD 38,000,000,000.00   0.00   38,000,000,000.00
              azure-commitment-2025-10  open        USD 250,000,000,000.00   0.00  250,000,000,000.00
              coreweave-2025-03         open         USD 11,900,000,000.00   0.00   11,900,000,000.00
              coreweave-2025-05         open          USD 4,000,000,000.00   0.00    4,000,000,000.00
              coreweave-2025-09         open          USD 6,500,000,000.00   0.00    6,500,000,000.00

            Revenue shares since the books begin
              share                              from, to              base  paid  cap
              share-microsoft-to-openai-2025-10  microsoft to openai   0.00  0.00
              share-openai-to-microsoft-2025-10  openai to microsoft  15.00  3.00

            Statements, books and exports are in `DIR/books`; `comity trace` shows the chain behind an entry.
        "#]],
    );
    expect![[r#"
        file,line,column,reason,row
        DIR/rows.csv,3,quantity,`-5` is below zero,"meter,neg,developers,openai,tokens-out,openai-api,2026-01-11T00:00:00Z,2026-01-11T01:00:00Z,-5,tokens"
        DIR/rows.csv,4,unit,unknown unit `furlongs`,"meter,unit,developers,openai,tokens-out,openai-api,2026-01-11T00:00:00Z,2026-01-11T01:00:00Z,5,furlongs"
        DIR/rows.csv,5,,unknown buyer `develpers`: did you mean `developers`?,"meter,who,develpers,openai,tokens-out,openai-api,2026-01-11T00:00:00Z,2026-01-11T01:00:00Z,5,tokens"
    "#]].assert_eq(&without(&file(&books, "rejected.csv"), &dir));
    // A gap in the rate card, and use before the books begin, are said.
    let mut rows = sales(&[("2018-05-01", 1_000_000), ("2026-01-10", 1_000_000)]);
    rows.push_str("meter,power,openai,oracle,power,power,2026-01-11T00:00:00Z,2026-01-11T01:00:00Z,5,kw-hour\n");
    check(
        "gap.csv",
        &rows,
        &expect![[r#"
            Stargate, 2026-01-01 to 2026-02-01: open (a draft until it is closed with `--close`)

            Records
                                   records
              read now                   3
              new                        2
              repeated                   1
              in the books before        1
              in the books               3

            Net between each two parties, with the gross behind it
              pays        to         currency    net   owes  is owed
              developers  openai     USD       15.00  15.00     0.00
              openai      microsoft  USD        3.00   3.00     0.00

            Balance of each party
              party       currency  balance
              developers  USD        -15.00
              microsoft   USD          3.00
              openai      USD         12.00

            Commitments
              commitment                to                        promised  drawn                left
              aws-commitment-2025       2032-11-03   USD 38,000,000,000.00   0.00   38,000,000,000.00
              azure-commitment-2025-10  open        USD 250,000,000,000.00   0.00  250,000,000,000.00
              coreweave-2025-03         open         USD 11,900,000,000.00   0.00   11,900,000,000.00
              coreweave-2025-05         open          USD 4,000,000,000.00   0.00    4,000,000,000.00
              coreweave-2025-09         open          USD 6,500,000,000.00   0.00    6,500,000,000.00

            Revenue shares since the books begin
              share                              from, to              base  paid  cap
              share-microsoft-to-openai-2025-10  microsoft to openai   0.00  0.00
              share-openai-to-microsoft-2025-10  openai to microsoft  15.00  3.00

            not charged: 18,000 kW-seconds of power of `power`, from `oracle` to `openai`, [2026-01-01, 2026-02-01): the seller has no line for it on any rate card

            not in the books: 1,000,000 tokens of tokens-out of `openai-api`, from `openai` to `developers` before their first period, 2026-01-01

            Statements, books and exports are in `DIR/books`; `comity trace` shows the chain behind an entry.
        "#]],
    );
}
