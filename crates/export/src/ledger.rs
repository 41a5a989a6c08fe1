//! `journal.ledger`: what `ledger --strict --pedantic` and `hledger check --strict` both accept.

use std::fmt::{self, Write};

use comity_base::Money;

use crate::account::{accounts, by_day, component, currencies, day, line, payable, receivable};
use crate::rows::{ExportBooks, ExportEntry, ExportPeriod};

/// The tags that transactions carry, in order.
const TAGS: [&str; 5] = ["entry", "cause", "from", "to", "corrects"];

/// The journal as a ledger file: every account, commodity and tag declared, one transaction for
/// each entry, and at the end of each period a transaction that moves nothing and asserts every
/// balance.
///
/// # Panics
/// Never: writing to a string does not fail.
#[must_use]
pub fn ledger(books: &ExportBooks) -> String {
    let mut text = String::new();
    write(&mut text, books).expect("a string takes what is written");
    text
}

fn write(out: &mut String, books: &ExportBooks) -> fmt::Result {
    writeln!(out, "; {}", line(&books.title))?;
    writeln!(
        out,
        "; Assets:PAYEE:PAYER:REASON is what a party is owed; Liabilities:PAYER:PAYEE:REASON"
    )?;
    writeln!(out, "; what it owes, below zero.\n")?;
    for currency in currencies(books) {
        writeln!(out, "commodity {}", currency.code())?;
        // hledger wants a decimal mark in a format, and ledger none that nothing stands behind.
        if currency.scale() > 0 {
            let sample = Money { minor: 1000 * 10_i128.pow(u32::from(currency.scale())), currency };
            writeln!(out, "    format {}", amount(sample))?;
        }
    }
    for tag in TAGS {
        writeln!(out, "tag {tag}")?;
    }
    for account in accounts(books) {
        writeln!(out, "account {account}")?;
    }
    let mut entries = by_day(books).into_iter().peekable();
    for period in &books.periods {
        let last = day(period.window.end().plus_seconds(-1));
        while let Some((booked, entry)) = entries.next_if(|(booked, _)| *booked <= last) {
            transaction(out, &booked, entry, books)?;
        }
        assertions(out, &last, period)?;
    }
    for (booked, entry) in entries {
        transaction(out, &booked, entry, books)?;
    }
    Ok(())
}

fn amount(money: Money) -> String {
    format!("{} {}", money.plain(), money.currency.code())
}

fn transaction(
    out: &mut String,
    booked: &str,
    entry: &ExportEntry,
    books: &ExportBooks,
) -> fmt::Result {
    let description = line(&format!(
        "{} to {}: {}",
        books.name(&entry.payer),
        books.name(&entry.payee),
        entry.description
    ));
    writeln!(out, "\n{booked} * ({}) {description}", component(&entry.id))?;
    writeln!(out, "    ; entry: {}", line(&entry.id))?;
    writeln!(out, "    ; cause: {}", line(&entry.cause))?;
    writeln!(out, "    ; from: {}", entry.charge.start())?;
    writeln!(out, "    ; to: {}", entry.charge.end())?;
    if let Some(corrected) = &entry.correction_of {
        writeln!(out, "    ; corrects: {}", line(corrected))?;
    }
    let owes = Money { minor: -entry.amount.minor, ..entry.amount };
    let payable = payable(&entry.payer, &entry.payee, &entry.reason);
    let receivable = receivable(&entry.payer, &entry.payee, &entry.reason);
    writeln!(out, "    {payable}  {}", amount(owes))?;
    writeln!(out, "    {receivable}  {}", amount(entry.amount))
}

fn assertions(out: &mut String, last: &str, period: &ExportPeriod) -> fmt::Result {
    if period.balances.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{last} * Balances at the end of {}", period.window)?;
    for balance in &period.balances {
        let nothing = amount(Money::zero(balance.amount.currency));
        let owes = Money { minor: -balance.amount.minor, ..balance.amount };
        let payable = payable(&balance.payer, &balance.payee, &balance.reason);
        let receivable = receivable(&balance.payer, &balance.payee, &balance.reason);
        writeln!(out, "    {payable}  {nothing} = {}", amount(owes))?;
        writeln!(out, "    {receivable}  {nothing} = {}", amount(balance.amount))?;
    }
    Ok(())
}
