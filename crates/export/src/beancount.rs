//! `journal.beancount`: what `bean-check` accepts.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use comity_base::{Currency, Money};

use crate::account::{accounts, by_day, component, currencies, day, line, payable, receivable};
use crate::rows::{ExportBooks, ExportEntry, ExportPeriod};

/// The journal as a beancount file: accounts opened before the first entry, one transaction for
/// each entry, linked to the one that it corrects, and the balances on the day after each period.
///
/// # Panics
/// Never: writing to a string does not fail.
#[must_use]
pub fn beancount(books: &ExportBooks) -> String {
    let mut text = String::new();
    write(&mut text, books).expect("a string takes what is written");
    text
}

fn write(out: &mut String, books: &ExportBooks) -> fmt::Result {
    let currencies = currencies(books);
    writeln!(out, "option \"title\" {}", quoted(&books.title))?;
    for currency in &currencies {
        writeln!(out, "option \"operating_currency\" \"{}\"", currency.code())?;
    }
    let entries = by_day(books);
    let starts = books.periods.iter().map(|period| day(period.window.start()));
    let days: BTreeSet<String> =
        entries.iter().map(|(booked, _)| booked.clone()).chain(starts).collect();
    let Some(opening) = days.first() else { return Ok(()) };
    writeln!(out)?;
    for currency in &currencies {
        writeln!(out, "{opening} commodity {}", currency.code())?;
    }
    let codes: Vec<&str> = currencies.iter().map(Currency::code).collect();
    for account in accounts(books) {
        writeln!(out, "{opening} open {account} {}", codes.join(","))?;
    }
    for (booked, entry) in entries {
        transaction(out, &booked, entry, books)?;
    }
    for period in &books.periods {
        assertions(out, period)?;
    }
    Ok(())
}

/// A text in quotes, on one line.
fn quoted(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\""))
}

fn transaction(
    out: &mut String,
    booked: &str,
    entry: &ExportEntry,
    books: &ExportBooks,
) -> fmt::Result {
    let payee = format!("{} to {}", books.name(&entry.payer), books.name(&entry.payee));
    write!(out, "\n{booked} * {} {}", quoted(&payee), quoted(&entry.description))?;
    write!(out, " ^entry-{}", component(&entry.id))?;
    if let Some(corrected) = &entry.correction_of {
        write!(out, " ^entry-{} #correction", component(corrected))?;
    }
    writeln!(out, "\n  entry: {}", quoted(&entry.id))?;
    writeln!(out, "  cause: {}", quoted(&line(&entry.cause)))?;
    writeln!(out, "  from: \"{}\"", entry.charge.start())?;
    writeln!(out, "  to: \"{}\"", entry.charge.end())?;
    if let Some(corrected) = &entry.correction_of {
        writeln!(out, "  corrects: {}", quoted(corrected))?;
    }
    let code = entry.amount.currency.code();
    let owes = Money { minor: -entry.amount.minor, ..entry.amount }.plain();
    let payable = payable(&entry.payer, &entry.payee, &entry.reason);
    let receivable = receivable(&entry.payer, &entry.payee, &entry.reason);
    writeln!(out, "  {payable}  {owes} {code}")?;
    writeln!(out, "  {receivable}  {} {code}", entry.amount.plain())
}

/// A balance holds at the start of its day; `~ 0`, as without it a unit of the last digit may be
/// missing.
fn assertions(out: &mut String, period: &ExportPeriod) -> fmt::Result {
    let next = day(period.window.end().plus_seconds(-1).plus_seconds(comity_base::Instant::DAY));
    writeln!(out)?;
    for balance in &period.balances {
        let code = balance.amount.currency.code();
        let owes = Money { minor: -balance.amount.minor, ..balance.amount }.plain();
        let payable = payable(&balance.payer, &balance.payee, &balance.reason);
        let receivable = receivable(&balance.payer, &balance.payee, &balance.reason);
        writeln!(out, "{next} balance {payable}  {owes} ~ 0 {code}")?;
        writeln!(out, "{next} balance {receivable}  {} ~ 0 {code}", balance.amount.plain())?;
    }
    Ok(())
}
