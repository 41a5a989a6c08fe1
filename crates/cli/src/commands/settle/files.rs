//! What a settlement leaves in its folder.

use std::fs;
use std::io::BufWriter;
use std::path::Path;

use comity_base::Window;
use comity_ingest::{write_accepted, write_conflicts};
use comity_settlement::{Posted, Resolution, netted};
use comity_statement::{Period, Statement, page, rows, statement, text};
use csv::Writer;
use serde_json::{Value, json};

use super::Settled;
use super::books::{COLUMNS, row};
use super::store::{Rejected, aside, failed, write_kept};
use crate::export;
use crate::usage::Failed;

/// Writes the books and all that is made of them to a folder beside, and then puts it in place.
pub(super) fn write(folder: &Path, settled: &Settled, rejected: &Rejected) -> Result<(), Failed> {
    let (part, old) = (aside(folder, "part"), aside(folder, "old"));
    remove(&part)?;
    fs::create_dir_all(&part).map_err(|error| failed("create", &part, &error))?;
    books(&part, settled, rejected)?;
    write_kept(&part, folder, &settled.records.kept)?;
    let entries = settled.entries();
    for (period, is_closed) in settled.periods() {
        // What was written of a period when it was closed stays as it is.
        let before = folder.join(name_of(period));
        if period != settled.period && before.is_dir() {
            copy(&before, &part.join(name_of(period)))?;
            continue;
        }
        let mine: Vec<Posted> =
            entries.iter().filter(|one| one.period == period).cloned().collect();
        of_period(&part, settled, Period { window: period, is_closed, entries: &mine })?;
    }
    exports(&part, settled, &entries)?;
    remove(&old)?;
    if folder.exists() {
        fs::rename(folder, &old).map_err(|error| failed("move", folder, &error))?;
    }
    fs::rename(&part, folder).map_err(|error| failed("put in place", &part, &error))?;
    remove(&old)
}

/// The folder of a period: its year and month.
fn name_of(period: Window) -> String {
    period.start().to_string()[..7].to_owned()
}

fn copy(from: &Path, to: &Path) -> Result<(), Failed> {
    fs::create_dir_all(to).map_err(|error| failed("create", to, &error))?;
    for entry in fs::read_dir(from).map_err(|error| failed("read", from, &error))? {
        let entry = entry.map_err(|error| failed("read", from, &error))?;
        let path = entry.path();
        if path.is_file() {
            fs::copy(&path, to.join(entry.file_name()))
                .map_err(|error| failed("copy", &path, &error))?;
        }
    }
    Ok(())
}

fn remove(folder: &Path) -> Result<(), Failed> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| failed("remove", folder, &error))?;
    }
    Ok(())
}

fn books(folder: &Path, settled: &Settled, rejected: &Rejected) -> Result<(), Failed> {
    table(&folder.join("periods.csv"), &["from", "to", "status", "entries"], |out| {
        for (period, is_closed) in settled.periods() {
            let entries = if is_closed { settled.books.posted() } else { &settled.draft[..] };
            let count = entries.iter().filter(|one| one.period == period).count();
            let status = if is_closed { "closed" } else { "open" };
            out.write_record([
                period.start().to_string().as_str(),
                &period.end().to_string(),
                status,
                &count.to_string(),
            ])?;
        }
        Ok(())
    })?;
    table(&folder.join("journal.csv"), &COLUMNS, |out| {
        for posted in settled.entries() {
            let is_closed = settled.books.closed().contains(&posted.period);
            out.write_record(row(&posted, is_closed))?;
        }
        Ok(())
    })?;
    let into = |name: &str| {
        let path = folder.join(name);
        fs::File::create(&path).map(BufWriter::new).map_err(|error| failed("write", &path, &error))
    };
    write_accepted(&settled.records.intake, &mut into("accepted.csv")?)?;
    write_conflicts(&settled.records.intake, &mut into("conflicts.csv")?)?;
    let columns = ["file", "line", "column", "reason", "row"];
    table(&folder.join("rejected.csv"), &columns, |out| {
        rejected.0.keys().try_for_each(|row| out.write_record(row))
    })
}

fn of_period(folder: &Path, settled: &Settled, period: Period<'_>) -> Result<(), Failed> {
    let folder = folder.join(name_of(period.window));
    fs::create_dir_all(&folder).map_err(|error| failed("create", &folder, &error))?;
    for party in settled.loaded.deal.parts().parties.keys() {
        let statement = statement(&settled.loaded.deal, settled.ledger(), period, party);
        if !statement.between.is_empty() {
            statement_files(&folder, &statement)?;
        }
    }
    net(&folder, period.entries)?;
    if period.window == settled.period {
        standings(&folder, settled)?;
    }
    Ok(())
}

fn statement_files(folder: &Path, statement: &Statement<'_>) -> Result<(), Failed> {
    let file = |ending: &str| folder.join(format!("statement-{}.{ending}", statement.party));
    let write = |path: &Path, content: &str| {
        fs::write(path, content).map_err(|error| failed("write", path, &error))
    };
    write(&file("txt"), &text(statement))?;
    write(&file("html"), &page(statement))?;
    write(&file("json"), &format!("{:#}\n", as_json(statement)))?;
    table(&file("csv"), &comity_statement::COLUMNS, |out| {
        rows(statement).iter().try_for_each(|row| out.write_record(row))
    })
}

fn as_json(statement: &Statement<'_>) -> Value {
    let window = |window: Window| json!({ "from": window.start().to_string(), "to": window.end().to_string() });
    let between: Vec<Value> = statement
        .between
        .iter()
        .map(|between| {
            let lines: Vec<Value> = between
                .lines
                .iter()
                .map(|line| {
                    json!({
                        "entry": line.entry,
                        "reason": line.reason.to_string(),
                        "amount": line.signed().plain(),
                        "for": window(line.over),
                        "quantity": line.used.as_ref().map(|used| used.meter.written(used.quantity)),
                        "unit": line.used.as_ref().map(|used| used.meter.unit()),
                        "reckoned": line.reckoned,
                        "corrects": line.corrects.and_then(|it| it.entry),
                    })
                })
                .collect();
            json!({
                "counterparty": between.counterparty.as_str(),
                "currency": between.net.currency.code(),
                "owes": between.owes.plain(),
                "is_owed": between.is_owed.plain(),
                "net": between.net.plain(),
                "lines": lines,
            })
        })
        .collect();
    let totals: Vec<Value> = statement
        .totals
        .iter()
        .map(|total| json!({ "currency": total.currency.code(), "net": total.plain() }))
        .collect();
    json!({
        "party": statement.party.as_str(),
        "period": window(statement.period),
        "status": if statement.is_closed { "closed" } else { "open" },
        "totals": totals,
        "between": between,
    })
}

fn net(folder: &Path, entries: &[Posted]) -> Result<(), Failed> {
    let columns = ["from", "to", "currency", "owes", "is_owed", "net"];
    table(&folder.join("net.csv"), &columns, |out| {
        for net in netted(entries.iter().map(|one| &one.entry)) {
            out.write_record([
                net.from.as_str(),
                net.to.as_str(),
                net.net.currency.code(),
                &net.owes.plain(),
                &net.is_owed.plain(),
                &net.net.plain(),
            ])?;
        }
        Ok(())
    })
}

/// Where commitments, shares and disputes stand, and what could not be settled.
fn standings(folder: &Path, settled: &Settled) -> Result<(), Failed> {
    let settlement = &settled.settlement;
    let columns = [
        "term",
        "buyer",
        "seller",
        "from",
        "to",
        "amount",
        "drawn_before",
        "drawn",
        "remaining",
        "beyond",
    ];
    table(&folder.join("commitments.csv"), &columns, |out| {
        for it in &settlement.drawdowns {
            out.write_record([
                it.term.as_str(),
                it.buyer.as_str(),
                it.seller.as_str(),
                &it.interval.start().to_string(),
                &it.interval.end().to_string(),
                &it.amount.plain(),
                &it.drawn_before.plain(),
                &it.drawn.plain(),
                &it.remaining.plain(),
                &it.beyond.plain(),
            ])?;
        }
        Ok(())
    })?;
    let columns = ["term", "payer", "payee", "base", "share", "paid", "cap", "left", "reached"];
    table(&folder.join("shares.csv"), &columns, |out| {
        for it in &settlement.shares {
            let cap = it.cap;
            let text = |value: Option<String>| value.unwrap_or_default();
            out.write_record([
                it.term.as_str(),
                it.payer.as_str(),
                it.payee.as_str(),
                &it.base.plain(),
                &it.gross.plain(),
                &it.paid.plain(),
                &text(cap.map(|cap| cap.total.plain())),
                &text(cap.map(|cap| cap.remaining.plain())),
                &text(cap.and_then(|cap| Some(cap.bound_in?.start().to_string()))),
            ])?;
        }
        Ok(())
    })?;
    disputes(folder, settled)?;
    let columns =
        ["buyer", "seller", "meter", "object", "site", "gpu", "from", "to", "quantity", "why"];
    table(&folder.join("unrated.csv"), &columns, |out| {
        for it in &settlement.unrated {
            let supply = &it.total.supply;
            out.write_record([
                supply.buyer.as_str(),
                supply.seller.as_str(),
                supply.meter.name(),
                supply.object.as_str(),
                supply.site.as_ref().map_or("", |it| it.as_str()),
                supply.gpu.as_ref().map_or("", |it| it.as_str()),
                &it.total.segment.start().to_string(),
                &it.total.segment.end().to_string(),
                &supply.meter.written(it.total.quantity),
                &super::text::why(&it.why),
            ])?;
        }
        Ok(())
    })
}

fn disputes(folder: &Path, settled: &Settled) -> Result<(), Failed> {
    let reports = comity_settlement::disputes(&settled.terms, &settled.settlement.journal)?;
    let columns = ["dispute", "by", "with", "charged", "claimed", "paid_now", "held_back", "rule"];
    table(&folder.join("disputes.csv"), &columns, |out| {
        for it in &reports {
            let (paid, held, rule) = match it.resolution {
                Resolution::Agreed => (it.charged.plain(), String::new(), ""),
                Resolution::Resolved { paid, rule } => (paid.plain(), String::new(), rule.name()),
                Resolution::Open { undisputed, difference } => {
                    (undisputed.plain(), difference.plain(), "")
                }
            };
            out.write_record([
                it.id.as_str(),
                it.by.as_str(),
                it.with.as_str(),
                &it.charged.plain(),
                &it.claimed.plain(),
                &paid,
                &held,
                rule,
            ])?;
        }
        Ok(())
    })
}

fn exports(folder: &Path, settled: &Settled, entries: &[Posted]) -> Result<(), Failed> {
    let deal = &settled.loaded.deal;
    let periods = settled.periods();
    let source =
        export::Source { settlement: &settled.settlement, posted: entries, periods: &periods };
    let title = format!("{}, {}", deal.parts().name, settled.settlement.period);
    export::write(folder, &export::books(&title, source, deal, &settled.loaded.fleet))
}

/// A table with its columns.
pub(super) fn table(
    path: &Path,
    columns: &[&str],
    fill: impl FnOnce(&mut Writer<fs::File>) -> Result<(), csv::Error>,
) -> Result<(), Failed> {
    let mut out = Writer::from_path(path).map_err(|error| failed("write", path, &error))?;
    out.write_record(columns).map_err(|error| failed("write", path, &error))?;
    fill(&mut out).map_err(|error| failed("write", path, &error))?;
    out.flush().map_err(|error| failed("write", path, &error))
}
