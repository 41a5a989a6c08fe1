//! What became of the records, for people and as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use comity_base::Meter;
use comity_ingest::{Account, Content, Gathered, Tally, shown};
use serde_json::{Map, Value, json};

use crate::table::{grouped, table, used};

/// How many rows of each kind are shown.
const SHOWN: usize = 10;

/// The account of what was read, with the first reasons.
pub(super) fn text<C: Content>(files: &[String], intake: &Gathered<C>) -> String {
    let account = intake.account();
    let mut out = format!(
        "{} from {}\n\n",
        counted(account.read.records, "record", "records"),
        counted(u64::try_from(files.len()).unwrap_or(u64::MAX), "file", "files"),
    );
    let tallies = [
        ("accepted", &account.accepted),
        ("repeated", &account.repeated),
        ("conflicting", &account.conflicting),
        ("rejected", &account.rejected),
        ("read", &account.read),
    ];
    let meters: BTreeSet<Meter> =
        tallies.iter().flat_map(|(_, tally)| tally.sums.keys().copied()).collect();
    let mut header = vec!["".to_owned(), "records".to_owned()];
    header.extend(meters.iter().map(|meter| format!("{}, {}", meter.name(), meter.unit())));
    let passed: u64 = account.passed_over.values().sum();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (name, tally) in tallies {
        if name == "read" && passed > 0 {
            let dashes = meters.iter().map(|_| "-".to_owned());
            rows.push(
                ["passed over".to_owned(), grouped(passed)].into_iter().chain(dashes).collect(),
            );
        }
        rows.push(row(name, tally, &meters));
    }
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    out.push_str(&table(&header, 1, rows));
    if passed > 0 {
        let _ = writeln!(out, "\npassed over: {}", passed_over(&account));
    }
    details(&mut out, intake);
    out
}

/// What was passed over, and how much of it.
pub(super) fn passed_over(account: &Account) -> String {
    let parts =
        account.passed_over.iter().map(|(what, count)| format!("{what}: {}", grouped(count)));
    parts.collect::<Vec<_>>().join("; ")
}

/// A number in groups of three digits, with its noun.
pub(super) fn counted(count: u64, one: &str, more: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { more })
}

/// A sum of quantities of 64 bits.
fn whole(sum: u128) -> i128 {
    i128::try_from(sum).expect("quantities of 64 bits, of as many records as there can be, add up")
}

fn row(name: &str, tally: &Tally, meters: &BTreeSet<Meter>) -> Vec<String> {
    let mut row = vec![name.to_owned(), grouped(tally.records)];
    let sum = |meter: &Meter| tally.sums.get(meter).copied().unwrap_or(0);
    row.extend(meters.iter().map(|meter| used(*meter, whole(sum(meter)))));
    row
}

/// Notes, conflicts and rejected rows, the first of each with where they stand.
pub(super) fn details<C: Content>(out: &mut String, intake: &Gathered<C>) {
    for (what, (count, first)) in intake.notes() {
        let _ = writeln!(out, "\nnote: {} {what}, the first at {first}", grouped(count));
    }
    let conflicts: Vec<_> = intake.conflicts().collect();
    if !conflicts.is_empty() {
        let _ = writeln!(out, "\nconflicting: one identity, several contents; all are kept aside");
        for (identity, several) in conflicts.iter().take(SHOWN) {
            let places: Vec<String> =
                several.values().take(4).map(|(place, _)| place.to_string()).collect();
            let _ = writeln!(
                out,
                "  {}: {} contents at {}",
                shown(&identity.to_string()),
                several.len(),
                places.join(", ")
            );
        }
        more(out, conflicts.len());
    }
    let rejected = intake.rejected();
    if rejected.is_empty() {
        return;
    }
    let mut groups: BTreeMap<String, u64> = BTreeMap::new();
    for row in &rejected {
        *groups.entry(row.wrong.reason.group()).or_default() += 1;
    }
    let mut groups: Vec<(String, u64)> = groups.into_iter().collect();
    groups.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let groups: Vec<String> =
        groups.iter().map(|(what, count)| format!("{} {what}", grouped(count))).collect();
    let _ = writeln!(out, "\nrejected: {}", groups.join("; "));
    for row in rejected.iter().take(SHOWN) {
        let _ = writeln!(out, "  {}: {}", row.place, row.wrong);
    }
    more(out, rejected.len());
}

fn more(out: &mut String, all: usize) {
    if all > SHOWN {
        let _ = writeln!(out, "  and {} more; `--out DIR` writes all", grouped(all - SHOWN));
    }
}

/// The account as JSON text.
pub(super) fn json<C: Content>(intake: &Gathered<C>) -> String {
    format!("{:#}\n", value(intake))
}

/// The account as JSON; sums are texts, since they may have more digits than JSON readers keep.
pub(super) fn value<C: Content>(intake: &Gathered<C>) -> Value {
    let account = intake.account();
    let tally = |tally: &Tally| {
        let sums = tally
            .sums
            .iter()
            .map(|(meter, sum)| (meter.name().to_owned(), json!(meter.written(whole(*sum)))));
        json!({ "records": tally.records, "sums": sums.collect::<Map<String, Value>>() })
    };
    let rejected = intake.rejected();
    let rejected: Vec<Value> = rejected
        .iter()
        .map(|row| {
            json!({
                "file": &*row.place.file, "line": row.place.line, "column": row.wrong.column,
                "reason": row.wrong.reason.to_string(), "row": row.row,
            })
        })
        .collect();
    let conflicts: Vec<Value> = intake
        .conflicts()
        .map(|(identity, several)| {
            let places: Vec<Value> = several
                .values()
                .map(|(place, times)| json!({ "file": &*place.file, "line": place.line, "times": times }))
                .collect();
            json!({ "source": &*identity.source, "id": &*identity.id, "contents": places })
        })
        .collect();
    let notes: Vec<Value> = intake
        .notes()
        .iter()
        .map(|(what, (count, first))| json!({ "note": what, "records": count, "first": first.to_string() }))
        .collect();
    json!({
        "read": tally(&account.read),
        "accepted": tally(&account.accepted),
        "repeated": tally(&account.repeated),
        "conflicting": tally(&account.conflicting),
        "rejected": tally(&account.rejected),
        "passed_over": account.passed_over,
        "notes": notes,
        "conflicts": conflicts,
        "rejected_rows": rejected,
    })
}
