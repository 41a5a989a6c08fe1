//! What each party owes and is owed, taken from the journal.

use std::collections::BTreeMap;

use comity_base::{Currency, Money, Overflow, PartyId};

use crate::journal::{Cause, Entry, Reason};

/// What one party has with the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Whose.
    pub party: PartyId,
    /// By counterparty, reason, cause and currency.
    pub lines: Vec<StatementLine>,
    /// What it comes to, one for each currency, in order.
    pub balances: Vec<Balance>,
}

/// What one party has with the others in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// What the party is owed, in all.
    pub owed_to: Money,
    /// What the party owes, in all.
    pub owed_by: Money,
    /// What the party is owed less what it owes.
    pub total: Money,
}

/// What one party has with one other, for one reason and from one cause, in one currency.
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

impl Statement {
    /// What it comes to in one currency; nothing where it has no line in it.
    #[must_use]
    pub fn balance(&self, currency: Currency) -> Balance {
        let mine = self.balances.iter().find(|it| it.total.currency == currency);
        let zero = Money::zero(currency);
        mine.copied().unwrap_or(Balance { owed_to: zero, owed_by: zero, total: zero })
    }
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
pub fn statements<'j>(
    entries: impl IntoIterator<Item = &'j Entry>,
) -> BTreeMap<PartyId, Statement> {
    let mut books: BTreeMap<&PartyId, Book> = BTreeMap::new();
    for entry in entries {
        let (payer, payee, amount) = (&entry.payer, &entry.payee, entry.amount.minor);
        let currency = entry.amount.currency;
        let owes = books.entry(payer).or_default();
        let owes = owes.entry((payee, &entry.reason, &entry.cause, currency)).or_default();
        owes.by = plus(owes.by, amount);
        let owed = books.entry(payee).or_default();
        let owed = owed.entry((payer, &entry.reason, &entry.cause, currency)).or_default();
        owed.to = plus(owed.to, amount);
    }
    let statements: BTreeMap<PartyId, Statement> =
        books.into_iter().map(|(party, book)| (party.clone(), statement(party, book))).collect();
    let sums = sums_of_statements(&statements);
    assert!(sums.is_ok_and(|sums| sums.iter().all(|sum| sum.minor == 0)), "statements sum to zero");
    statements
}

/// The sums of the totals of all statements, one for each currency: all zero for those of a
/// journal.
///
/// # Errors
/// [`Overflow`] when one does not fit in 128 bits.
pub fn sums_of_statements(
    statements: &BTreeMap<PartyId, Statement>,
) -> Result<Vec<Money>, Overflow> {
    let mut sums: BTreeMap<Currency, Money> = BTreeMap::new();
    for balance in statements.values().flat_map(|statement| &statement.balances) {
        let currency = balance.total.currency;
        let sum = sums.entry(currency).or_insert(Money::zero(currency));
        *sum = sum.plus(balance.total)?;
    }
    Ok(sums.into_values().collect())
}

/// What is owed between each two parties, by reason and currency: gross, in the order of who owes,
/// who is owed and what for. What comes to nothing is left out.
#[must_use]
pub fn owed<'j>(entries: impl IntoIterator<Item = &'j Entry>) -> Vec<Owed> {
    let mut sums: BTreeMap<(&PartyId, &PartyId, &Reason, Currency), i128> = BTreeMap::new();
    for entry in entries {
        let key = (&entry.payer, &entry.payee, &entry.reason, entry.amount.currency);
        let sum = sums.entry(key).or_default();
        *sum = plus(*sum, entry.amount.minor);
    }
    sums.into_iter()
        .filter(|&(_, minor)| minor > 0)
        .map(|((from, to, reason, currency), minor)| Owed {
            from: from.clone(),
            to: to.clone(),
            reason: reason.clone(),
            amount: Money { minor, currency },
        })
        .collect()
}

/// A party's lines under way.
type Book<'j> = BTreeMap<(&'j PartyId, &'j Reason, &'j Cause, Currency), Sums>;

/// What is owed to a party and by it, in the smallest unit of money.
#[derive(Clone, Copy, Default)]
struct Sums {
    to: i128,
    by: i128,
}

fn statement(party: &PartyId, book: Book) -> Statement {
    let mut all: BTreeMap<Currency, Sums> = BTreeMap::new();
    let mut lines = Vec::with_capacity(book.len());
    for ((counterparty, reason, cause, currency), sums) in book {
        let money = |minor| Money { minor, currency };
        let sum = all.entry(currency).or_default();
        *sum = Sums { to: plus(sum.to, sums.to), by: plus(sum.by, sums.by) };
        lines.push(StatementLine {
            counterparty: counterparty.clone(),
            reason: reason.clone(),
            cause: cause.clone(),
            owed_to: money(sums.to),
            owed_by: money(sums.by),
        });
    }
    let balance = |(currency, sums): (Currency, Sums)| {
        let money = |minor| Money { minor, currency };
        Balance {
            owed_to: money(sums.to),
            owed_by: money(sums.by),
            total: money(sums.to - sums.by),
        }
    };
    Statement { party: party.clone(), lines, balances: all.into_iter().map(balance).collect() }
}

fn plus(left: i128, right: i128) -> i128 {
    left.checked_add(right).expect("a journal holds only what adds up in 128 bits")
}
