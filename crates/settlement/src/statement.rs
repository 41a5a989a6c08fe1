//! What each party owes and is owed, taken from the journal.

use std::collections::BTreeMap;

use comity_base::{Currency, Money, Overflow, PartyId};

use crate::journal::{Cause, Journal, Reason};

/// What one party has with the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Whose.
    pub party: PartyId,
    /// By counterparty, reason and cause.
    pub lines: Vec<StatementLine>,
    /// What the party is owed, in all.
    pub owed_to: Money,
    /// What the party owes, in all.
    pub owed_by: Money,
    /// What the party is owed less what it owes.
    pub total: Money,
}

/// What one party has with one other, for one reason and from one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    /// With whom.
    pub counterparty: PartyId,
    /// What for.
    pub reason: Reason,
    /// The term or the line of a rate card that it rests on.
    pub cause: Cause,
    /// What the party is owed.
    pub owed_to: Money,
    /// What the party owes.
    pub owed_by: Money,
}

/// What one party owes another for one reason, before anything is netted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// Who owes it.
    pub from: PartyId,
    /// Who is owed it.
    pub to: PartyId,
    /// What for.
    pub reason: Reason,
    /// How much, never below zero.
    pub amount: Money,
}

/// The statement of every party that an entry names.
///
/// # Panics
/// Never: that the statements sum to zero is an invariant, as each entry's postings do.
#[must_use]
pub fn statements(journal: &Journal) -> BTreeMap<PartyId, Statement> {
    let mut books: BTreeMap<&PartyId, Book> = BTreeMap::new();
    for entry in journal.entries() {
        let (payer, payee, amount) = (&entry.payer, &entry.payee, entry.amount.minor);
        let owes = books.entry(payer).or_default();
        let owes = owes.entry((payee, &entry.reason, &entry.cause)).or_default();
        owes.by = plus(owes.by, amount);
        let owed = books.entry(payee).or_default();
        let owed = owed.entry((payer, &entry.reason, &entry.cause)).or_default();
        owed.to = plus(owed.to, amount);
    }
    let statements: BTreeMap<PartyId, Statement> = books
        .into_iter()
        .map(|(party, book)| (party.clone(), statement(party, book, journal.currency())))
        .collect();
    let sum = sum_of_statements(&statements, journal.currency());
    assert_eq!(sum, Ok(Money::zero(journal.currency())), "statements sum to zero");
    statements
}

/// The sum of the totals of all statements, which is zero for those of a journal.
///
/// # Errors
/// [`Overflow`] when it does not fit in 128 bits.
///
/// # Panics
/// When a statement is in another currency: a deal settles in one.
pub fn sum_of_statements(
    statements: &BTreeMap<PartyId, Statement>,
    currency: Currency,
) -> Result<Money, Overflow> {
    let zero = Money::zero(currency);
    statements.values().try_fold(zero, |sum, statement| sum.plus(statement.total))
}

/// What is owed between each two parties, by reason: gross, in the order of who owes, who is
/// owed and what for. What comes to nothing is left out.
#[must_use]
pub fn owed(journal: &Journal) -> Vec<Owed> {
    let mut sums: BTreeMap<(&PartyId, &PartyId, &Reason), i128> = BTreeMap::new();
    for entry in journal.entries() {
        let sum = sums.entry((&entry.payer, &entry.payee, &entry.reason)).or_default();
        *sum = plus(*sum, entry.amount.minor);
    }
    let currency = journal.currency();
    sums.into_iter()
        .filter(|&(_, minor)| minor > 0)
        .map(|((from, to, reason), minor)| Owed {
            from: from.clone(),
            to: to.clone(),
            reason: reason.clone(),
            amount: Money { minor, currency },
        })
        .collect()
}

/// A party's lines under way.
type Book<'j> = BTreeMap<(&'j PartyId, &'j Reason, &'j Cause), Sums>;

/// What is owed to a party and by it, in the smallest unit of money.
#[derive(Clone, Copy, Default)]
struct Sums {
    to: i128,
    by: i128,
}

fn statement(party: &PartyId, book: Book, currency: Currency) -> Statement {
    let money = |minor| Money { minor, currency };
    let mut all = Sums::default();
    let mut lines = Vec::with_capacity(book.len());
    for ((counterparty, reason, cause), sums) in book {
        all = Sums { to: plus(all.to, sums.to), by: plus(all.by, sums.by) };
        lines.push(StatementLine {
            counterparty: counterparty.clone(),
            reason: reason.clone(),
            cause: cause.clone(),
            owed_to: money(sums.to),
            owed_by: money(sums.by),
        });
    }
    Statement {
        party: party.clone(),
        lines,
        owed_to: money(all.to),
        owed_by: money(all.by),
        total: money(all.to - all.by),
    }
}

fn plus(left: i128, right: i128) -> i128 {
    left.checked_add(right).expect("a journal holds only what adds up in 128 bits")
}
