//! Names that plain-text ledgers read: accounts, dates and texts.

use std::collections::BTreeSet;
use std::fmt::Write;

use comity_base::{Currency, Instant, PartyId};

use crate::rows::{ExportBooks, ExportEntry};

/// The account of the payer: what it owes the payee for a reason. Below zero while it owes.
pub(crate) fn payable(payer: &PartyId, payee: &PartyId, reason: &str) -> String {
    account("Liabilities", [payer.as_str(), payee.as_str(), reason])
}

/// The account of the payee: what the payer owes it for a reason.
pub(crate) fn receivable(payer: &PartyId, payee: &PartyId, reason: &str) -> String {
    account("Assets", [payee.as_str(), payer.as_str(), reason])
}

fn account(root: &str, parts: [&str; 3]) -> String {
    let mut name = root.to_owned();
    for part in parts {
        name.push(':');
        name.push_str(&component(part));
    }
    name
}

/// A part of an account as beancount asks for it: a capital letter or a digit, then letters, digits
/// and `-`.
///
/// Two texts never have one name: a space becomes `--`, and any other character that may not stand
/// there becomes `X`, its code in hexadecimal, and `X`; so does a hyphen after a hyphen.
pub(crate) fn component(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    let mut previous = None;
    for c in text.chars() {
        match c {
            'a'..='z' if previous.is_none() => name.push(c.to_ascii_uppercase()),
            'a'..='z' | '0'..='9' => name.push(c),
            '-' if !matches!(previous, None | Some('-' | ' ')) => name.push(c),
            ' ' if !matches!(previous, None | Some('-' | ' ')) => name.push_str("--"),
            _ => write!(name, "X{:X}X", u32::from(c)).expect("a string takes what is written"),
        }
        previous = Some(c);
    }
    if name.is_empty() { "XX".to_owned() } else { name }
}

/// A text for one line: no line breaks, no runs of spaces, and none of the signs that end a
/// description in a ledger.
pub(crate) fn line(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| match c {
            ';' => ',',
            '|' => '/',
            _ if c.is_control() => ' ',
            _ => c,
        })
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The day that an instant lies in, in UTC.
pub(crate) fn day(at: Instant) -> String {
    let at = at.min(Instant::MAX.plus_seconds(-1));
    at.to_string().chars().take_while(|&c| c != 'T').collect()
}

/// The day on which an entry is booked: the last of what it is for, within its period.
pub(crate) fn booked(entry: &ExportEntry) -> String {
    let last = |end: Instant| end.plus_seconds(-1);
    day(last(entry.charge.end()).clamp(entry.period.start(), last(entry.period.end())))
}

/// The entries by the day on which they are booked, those of a day in their order.
pub(crate) fn by_day(books: &ExportBooks) -> Vec<(String, &ExportEntry)> {
    let mut entries: Vec<_> = books.entries.iter().map(|entry| (booked(entry), entry)).collect();
    entries.sort_by(|(left, _), (right, _)| left.cmp(right));
    entries
}

/// Every account that an entry or a balance names.
pub(crate) fn accounts(books: &ExportBooks) -> BTreeSet<String> {
    let mut accounts = BTreeSet::new();
    let mut add = |payer: &PartyId, payee: &PartyId, reason: &str| {
        accounts.insert(payable(payer, payee, reason));
        accounts.insert(receivable(payer, payee, reason));
    };
    for entry in &books.entries {
        add(&entry.payer, &entry.payee, &entry.reason);
    }
    for balance in books.periods.iter().flat_map(|period| &period.balances) {
        add(&balance.payer, &balance.payee, &balance.reason);
    }
    accounts
}

/// Every currency that an entry or a balance is in.
pub(crate) fn currencies(books: &ExportBooks) -> BTreeSet<Currency> {
    let entries = books.entries.iter().map(|entry| entry.amount.currency);
    let balances = books.periods.iter().flat_map(|period| &period.balances);
    entries.chain(balances.map(|balance| balance.amount.currency)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_accounts_are_escaped_and_stay_apart() {
        let check = |text: &str, expected: &str| assert_eq!(component(text), expected);
        check("openai", "Openai");
        check("sale of chatgpt", "Sale--of--chatgpt");
        check("h100.sxm", "H100X2EXsxm");
        check("2025-a", "2025-a");
        check("-a", "X2DXa");
        check("a--b", "A-X2DXb");
        check("a b", "A--b");
        check("a- b", "A-X20Xb");
        check("a -b", "A--X2DXb");
        check("a:b\n", "AX3AXbXAX");
        check("Aé", "X41XXE9X");
        check("", "XX");
    }

    #[test]
    fn texts_keep_to_one_line() {
        assert_eq!(line(" a;  b |\tc\n2025-01-01 * d"), "a, b / c 2025-01-01 * d");
    }
}
