//! Columns come to what the same rows come to one by one.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

use comity_base::{Currency, Instant, Rounding, Window};
use comity_ingest::{
    Format, How, Intake, NAMES, NameColumn, Numbers, UsageColumns, UsageFold, read_rows,
};
use comity_settlement::{MoneyTerms, Totals, TotalsRow};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// What stands in each column of names, good or not; the first is none.
const TEXTS: [&[&str]; 7] = [
    &["", "gpu-time", "gpu-time", "tokens-in", " power ", "gpu-tme"],
    &["", "GPU-seconds", "gpu-hours", "tokens", "million-tokens", "kw-second", "parsec"],
    &["", "lab", "other-lab", " lab ", "Lab"],
    &["", "host", "lab", "ho st"],
    &["", "training", "api"],
    &["", "abilene", "  "],
    &["", "h100", "H 100"],
];

/// How many digits of the levels and of the quantities of a file stand behind the point.
type Digits = [u8; 2];

#[derive(Debug, Clone)]
struct Row {
    names: [usize; 7],
    part: bool,
    start: Option<i64>,
    end: Option<i64>,
    level: Option<i64>,
    quantity: Option<i64>,
}

fn row() -> impl Strategy<Value = Row> {
    // Mostly good names, so that many rows are taken.
    let name = |column: usize| prop_oneof![3 => 1_usize..3, 1 => 0..TEXTS[column].len()];
    let names = (name(0), name(1), name(2), name(3), name(4), name(5), name(6));
    let time = select(&[0, 1, 3_600, 7_200, 7_201][..]);
    let whole = prop_oneof![
        4 => 0_i64..100,
        2 => (0_i64..5).prop_map(|hours| hours * 3_600),
        // The last two are the most that fits in thousandths, and one more.
        1 => select(&[i64::MIN, -1, i64::MAX, i64::MAX / 3_600][..]),
        1 => select(&[18_446_744_073_709_551, 18_446_744_073_709_552][..]),
    ];
    let odd = select(&[-10, 253_402_300_800, 1_739_000_000][..]);
    let start = prop_oneof![6 => time.clone().prop_map(|it| 1_740_000_000 + it), 1 => odd.clone()];
    let end = prop_oneof![6 => time.prop_map(|it| 1_740_003_600 + it), 1 => odd];
    let numbers = (
        option::weighted(0.95, start),
        option::weighted(0.95, end),
        option::weighted(0.3, whole.clone()),
        option::weighted(0.9, whole),
    );
    (names, prop::bool::weighted(0.05), numbers).prop_map(
        |(names, part, (start, end, level, quantity))| {
            let names = [names.0, names.1, names.2, names.3, names.4, names.5, names.6];
            Row { names, part, start, end, level, quantity }
        },
    )
}

fn texts(number: usize, row: &Row, digits: Digits) -> Vec<String> {
    let mut texts = vec!["meter".to_owned(), format!("{number:04}")];
    texts.extend((0..7).map(|column| TEXTS[column][row.names[column]].to_owned()));
    texts.push(if row.part { "1/2".to_owned() } else { String::new() });
    let time = |at: Option<i64>| at.map_or(String::new(), in_rfc_3339);
    texts.extend([time(row.start), time(row.end)]);
    let numbers = [(row.level, digits[0]), (row.quantity, digits[1])];
    texts.extend(numbers.map(|(it, digits)| it.map_or(String::new(), |it| pointed(it, digits))));
    texts
}

/// As a decimal of a file is shown.
fn pointed(mantissa: i64, digits: u8) -> String {
    let sign = if mantissa < 0 { "-" } else { "" };
    let digits = usize::from(digits);
    let text = format!("{:0>width$}", mantissa.unsigned_abs(), width = digits + 1);
    let (whole, fraction) = text.split_at(text.len() - digits);
    format!("{sign}{whole}.{fraction}")
}

fn in_rfc_3339(seconds: i64) -> String {
    let text = Instant::from_seconds(seconds).to_string();
    if seconds > Instant::MAX.seconds() {
        "10000-01-01T00:00:00Z".to_owned()
    } else if text.ends_with('Z') {
        text
    } else {
        format!("{text}T00:00:00Z")
    }
}

fn one_by_one(rows: &[(usize, &Row)], digits: Digits) -> Intake {
    let mut columns = vec!["source".to_owned(), "id".to_owned()];
    columns.extend(NAMES.map(str::to_owned));
    columns.extend(["part", "start", "end", "level", "quantity"].map(str::to_owned));
    let mut texts = rows
        .iter()
        .map(|(number, row)| Ok((u64::try_from(*number).unwrap(), texts(*number, row, digits))));
    let read = read_rows("u", Some(Format::Usage), columns, &mut texts, How::default());
    if rows.is_empty() { Intake::default() } else { read.unwrap() }
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn columns_and_rows_come_to_the_same(
        rows in vec(row(), 1..60),
        digits in [select(&[0_u8, 0, 3, 1, 5, 18][..]), select(&[0_u8, 0, 3, 2, 4][..])],
        cut in 0_usize..60,
    ) {
        let terms = terms();
        // Wide enough that nothing lies outside, where numbers of records would show.
        let at = |text| Instant::parse(text).unwrap();
        let period = Window::new(at("1960-01-01"), at("2060-01-01")).unwrap();
        let empty = || Totals::new(&terms, period);
        let numbered: Vec<(usize, &Row)> = (1..).zip(&rows).collect();
        let whole = one_by_one(&numbered, digits);
        let mut expected = empty();
        whole.usage().for_each(|record| expected.add(&record.usage));

        let mut fold = UsageFold::new(None, empty());
        let cut = cut.min(rows.len());
        for (first, some) in [(1, &rows[..cut]), (cut + 1, &rows[cut..])] {
            fold.begin_group();
            add(&mut fold, first, some, digits);
        }
        let folded = fold.done();
        let left: Vec<(usize, &Row)> = folded
            .left
            .iter()
            .map(|number| {
                let number = usize::try_from(*number).unwrap();
                (number, &rows[number - 1])
            })
            .collect();
        let rest = one_by_one(&left, digits);
        let mut totals = folded.into;
        rest.usage().for_each(|record| totals.add(&record.usage));
        let sorted = |totals: &Totals<'_>| totals.rows().collect::<Vec<TotalsRow>>();
        prop_assert_eq!(sorted(&totals), sorted(&expected));

        let (all, rest) = (whole.account(), rest.account());
        let mut taken = folded.taken;
        taken.records += rest.accepted.records;
        for (meter, sum) in rest.accepted.sums {
            *taken.sums.entry(meter).or_default() += sum;
        }
        prop_assert_eq!(taken, all.accepted);
        prop_assert_eq!(rest.rejected, all.rejected);
    }
}

fn add(fold: &mut UsageFold<'_, Totals<'_>>, first: usize, rows: &[Row], digits: Digits) {
    let dictionaries: [Vec<String>; 7] = std::array::from_fn(|column| {
        TEXTS[column][1..].iter().map(|text| (*text).to_owned()).collect()
    });
    let codes: [Vec<u32>; 7] = std::array::from_fn(|column| {
        rows.iter().map(|row| u32::try_from(row.names[column]).unwrap()).collect()
    });
    let part: Vec<u32> = rows.iter().map(|row| u32::from(row.part)).collect();
    let column = |of: fn(&Row) -> Option<i64>| -> (Vec<i64>, Vec<bool>) {
        rows.iter().map(|row| (of(row).unwrap_or(0), of(row).is_some())).unzip()
    };
    let numbers = [
        column(|row| row.start),
        column(|row| row.end),
        column(|row| row.level),
        column(|row| row.quantity),
    ];
    let all = [(0, 0), (1, 0), (2, digits[0]), (3, digits[1])];
    let [start, end, level, quantity] =
        all.map(|(at, digits)| Numbers { digits, values: &numbers[at].0, present: &numbers[at].1 });
    let columns = UsageColumns {
        first: u64::try_from(first).unwrap(),
        rows: rows.len(),
        names: std::array::from_fn(|at| NameColumn {
            dictionary: &dictionaries[at],
            codes: &codes[at],
        }),
        part: NameColumn { dictionary: &["1/2".to_owned()], codes: &part },
        start,
        end,
        level,
        quantity,
    };
    fold.add(&columns, |_| false);
}
