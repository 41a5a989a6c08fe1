//! What a settlement prints.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use comity_ingest::Account;
use comity_settlement::{Counted, Posted, Resolution, WhyUnrated, netted, statements};
use comity_statement::{amount, counted as counted_of, plain_amount, plain_counted};
use serde_json::{Value, json};

use super::Settled;
use crate::load::counted;
use crate::table::{grouped, table, used};

/// How many rejected rows are shown.
const SHOWN: usize = 5;

/// What is printed.
pub(super) struct Report<'a> {
    pub(super) settled: &'a Settled,
    /// What became of the records of this run.
    pub(super) new: &'a Account,
    /// What was there before it.
    pub(super) before: &'a Account,
}

/// The settlement for people.
pub(super) fn text(report: &Report<'_>, folder: &Path) -> String {
    let settled = report.settled;
    let mut out = String::new();
    let is_closed = settled.is_closed();
    let _ = writeln!(
        out,
        "{}, {} to {}: {}",
        settled.loaded.deal.parts().name,
        settled.period.start(),
        settled.period.end(),
        if is_closed { "closed" } else { "open (a draft until it is closed with `--close`)" }
    );
    records(&mut out, report);
    let draft: Vec<&Posted> = settled.draft.iter().collect();
    money(&mut out, &draft);
    let corrections = draft.iter().filter(|one| one.corrects.is_some()).count();
    if corrections > 0 {
        let _ = writeln!(
            out,
            "\n  {} of closed periods, posted here with a link to what each corrects",
            counted(corrections, "correction", "corrections")
        );
    }
    standings(&mut out, settled);
    left_out(&mut out, settled);
    let _ = writeln!(
        out,
        "\nStatements, books and exports are in `{}`; `comity trace` shows the chain behind an entry.",
        folder.display()
    );
    out
}

fn records(out: &mut String, report: &Report<'_>) {
    let Report { settled, new, before } = report;
    let all = settled.records.intake.account();
    let _ = writeln!(out, "\nRecords");
    let rows = [
        ("read now", new.read.records),
        ("new", all.accepted.records.saturating_sub(before.accepted.records)),
        ("repeated", all.repeated.records - before.repeated.records),
        ("passed over", new.passed_over.values().sum()),
        ("rejected", new.rejected.records),
        ("in the books before", before.accepted.records),
        ("in the books", all.accepted.records),
        ("conflicting, kept aside", all.conflicting.records),
    ];
    let rows = rows.iter().filter(|(name, count)| *count > 0 || name.starts_with("in the books"));
    let rows = rows.map(|(name, count)| vec![(*name).to_owned(), grouped(count)]);
    out.push_str(&table(&["", "records"], 1, rows.collect()));
    if all.conflicting.records > 0 {
        let _ = writeln!(out, "  what conflicts with what is in `conflicts.csv`");
    }
    let aside = settled.records.intake.rejected();
    for row in aside.iter().take(SHOWN) {
        let _ = writeln!(out, "  rejected {}: {}", row.place, row.wrong);
    }
    if aside.len() > SHOWN {
        let more = aside.len() - SHOWN;
        let _ = writeln!(out, "  and {} more; all are in `rejected.csv`", grouped(more));
    }
}

fn money(out: &mut String, entries: &[&Posted]) {
    let nets = netted(entries.iter().map(|one| &one.entry));
    if nets.is_empty() {
        let _ = writeln!(out, "\nNothing was charged, shared or paid.");
        return;
    }
    let _ = writeln!(out, "\nNet between each two parties, with the gross behind it");
    let rows = nets.iter().map(|net| {
        vec![
            net.from.to_string(),
            net.to.to_string(),
            net.net.currency.code().to_owned(),
            plain_amount(net.net),
            plain_amount(net.owes),
            plain_amount(net.is_owed),
        ]
    });
    out.push_str(&table(&["pays", "to", "currency", "net", "owes", "is owed"], 3, rows.collect()));
    let statements = statements(entries.iter().map(|one| &one.entry));
    let _ = writeln!(out, "\nBalance of each party");
    let rows = statements.values().flat_map(|statement| {
        statement.balances.iter().map(|balance| {
            vec![
                statement.party.to_string(),
                balance.total.currency.code().to_owned(),
                plain_amount(balance.total),
            ]
        })
    });
    out.push_str(&table(&["party", "currency", "balance"], 2, rows.collect()));
}

fn standings(out: &mut String, settled: &Settled) {
    let settlement = &settled.settlement;
    let touches = |window: comity_base::Window| window.intersect(settled.period).is_some();
    let rows: Vec<Vec<String>> = settlement
        .drawdowns
        .iter()
        .filter(|it| touches(it.interval))
        .map(|it| {
            let drawn = Counted { count: it.drawn.count + it.drawn_before.count, ..it.drawn };
            vec![
                it.term.to_string(),
                it.interval.end().to_string(),
                counted_of(it.amount),
                plain_counted(drawn),
                plain_counted(it.remaining),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let _ = writeln!(out, "\nCommitments");
        out.push_str(&table(&["commitment", "to", "promised", "drawn", "left"], 2, rows));
    }
    let rows: Vec<Vec<String>> = settlement
        .shares
        .iter()
        .map(|it| {
            let cap = it.cap.map_or_else(String::new, |cap| {
                let day = cap
                    .bound_in
                    .map_or_else(String::new, |day| format!(", reached on {}", day.start()));
                format!("{} left of {}{day}", plain_amount(cap.remaining), plain_amount(cap.total))
            });
            vec![
                it.term.to_string(),
                format!("{} to {}", it.payer, it.payee),
                plain_amount(it.base),
                plain_amount(it.paid),
                cap,
            ]
        })
        .collect();
    if !rows.is_empty() {
        let _ = writeln!(out, "\nRevenue shares since the books begin");
        out.push_str(&table(&["share", "from, to", "base", "paid", "cap"], 2, rows));
    }
    let disputes = comity_settlement::disputes(&settled.terms, &settlement.journal);
    for it in disputes.unwrap_or_default() {
        let what = match it.resolution {
            Resolution::Agreed => "the figures agree".to_owned(),
            Resolution::Resolved { paid, rule } => {
                format!("small: {} is paid by the rule `{}`", amount(paid), rule.name())
            }
            Resolution::Open { undisputed, difference } => format!(
                "{} is paid now, {} is held back",
                amount(undisputed),
                plain_amount(difference)
            ),
        };
        let _ = writeln!(
            out,
            "\nDispute {}: {} against {}'s {}; {what}",
            it.id,
            amount(it.charged),
            it.by,
            plain_amount(it.claimed)
        );
    }
}

/// What was not settled, and why: nothing is dropped without a word.
fn left_out(out: &mut String, settled: &Settled) {
    for it in &settled.settlement.unrated {
        let _ = writeln!(
            out,
            "\nnot charged: {} {} of {}, {}: {}",
            used(it.total.supply.meter, it.total.quantity),
            it.total.supply.meter.unit(),
            it.total.supply,
            it.total.segment,
            why(&it.why)
        );
    }
    for it in &settled.settlement.outside {
        let (meter, unit) = (it.supply.meter, it.supply.meter.unit());
        if it.before > 0 {
            let _ = writeln!(
                out,
                "\nnot in the books: {} {unit} of {} before their first period, {}",
                used(meter, it.before),
                it.supply,
                settled.settlement.period.start()
            );
        }
        if it.after > 0 {
            let _ = writeln!(
                out,
                "\nkept for later periods: {} {unit} of {} from {} on",
                used(meter, it.after),
                it.supply,
                settled.period.end()
            );
        }
    }
    for (term, window) in &settled.unknown {
        let _ = writeln!(
            out,
            "\nundetermined: whether {term} is in force in {window} depends on what is not known; it moves no money here"
        );
    }
}

/// Why something has no price.
pub(super) fn why(why: &WhyUnrated) -> String {
    let list = |rates: &[comity_base::RateId]| {
        rates.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    match why {
        WhyUnrated::NoCard => "the seller has no line for it on any rate card".to_owned(),
        WhyUnrated::NoneFits { rates } => {
            format!("the seller's lines are for something else: {}", list(rates))
        }
        WhyUnrated::NotInForce { rates } => {
            format!("a gap in the rate card: {} do not hold then", list(rates))
        }
    }
}

/// The settlement for machines.
pub(super) fn json(report: &Report<'_>) -> Value {
    let settled = report.settled;
    let entries = || settled.draft.iter().map(|one| &one.entry);
    let net: Vec<Value> = netted(entries())
        .iter()
        .map(|net| {
            json!({
                "from": net.from.as_str(),
                "to": net.to.as_str(),
                "currency": net.net.currency.code(),
                "owes": net.owes.plain(),
                "is_owed": net.is_owed.plain(),
                "net": net.net.plain(),
            })
        })
        .collect();
    let balances: BTreeMap<String, Vec<Value>> = statements(entries())
        .values()
        .map(|statement| {
            let balances = statement.balances.iter().map(
                |it| json!({ "currency": it.total.currency.code(), "balance": it.total.plain() }),
            );
            (statement.party.to_string(), balances.collect())
        })
        .collect();
    let all = settled.records.intake.account();
    json!({
        "period": {
            "from": settled.period.start().to_string(),
            "to": settled.period.end().to_string(),
            "status": if settled.is_closed() { "closed" } else { "open" },
        },
        "records": {
            "read": report.new.read.records,
            "new": all.accepted.records.saturating_sub(report.before.accepted.records),
            "repeated": all.repeated.records - report.before.repeated.records,
            "rejected": report.new.rejected.records,
            "in_books": all.accepted.records,
            "conflicting": all.conflicting.records,
        },
        "entries": settled.draft.len(),
        "corrections": settled.draft.iter().filter(|one| one.corrects.is_some()).count(),
        "net": net,
        "balances": balances,
        "unrated": settled.settlement.unrated.len(),
        "undetermined": settled.unknown.iter().map(|(term, _)| term.to_string()).collect::<Vec<_>>(),
    })
}
