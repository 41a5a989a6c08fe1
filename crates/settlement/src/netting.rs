//! What is left to pay between each two parties, with the gross behind it.

use std::collections::BTreeMap;

use comity_base::{Currency, Money, PartyId};

use crate::journal::Entry;
use crate::statement::{Owed, owed};

/// What two parties have with each other in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Net {
    /// Who pays the difference; the first by id where there is none.
    pub from: PartyId,
    /// Who is paid it.
    pub to: PartyId,
    /// What `from` owes `to`, gross.
    pub owes: Money,
    /// What `to` owes `from`, gross.
    pub is_owed: Money,
    /// What `from` pays: the difference, zero or more.
    pub net: Money,
    /// The gross amounts behind it, both ways, by reason.
    pub gross: Vec<Owed>,
}

/// The net position between each two parties, by currency; pairs in the order of their ids.
///
/// # Panics
/// Never: the sum of all amounts of a journal fits, so every sum of some of them does.
#[must_use]
pub fn netted<'j>(entries: impl IntoIterator<Item = &'j Entry>) -> Vec<Net> {
    let mut pairs: BTreeMap<(PartyId, PartyId, Currency), Vec<Owed>> = BTreeMap::new();
    for one in owed(entries) {
        let (from, to) = (one.from.clone(), one.to.clone());
        let (a, b) = if from < to { (from, to) } else { (to, from) };
        pairs.entry((a, b, one.amount.currency)).or_default().push(one);
    }
    pairs.into_iter().map(|((a, b, currency), gross)| net(a, b, currency, gross)).collect()
}

fn net(a: PartyId, b: PartyId, currency: Currency, gross: Vec<Owed>) -> Net {
    let sum = |from: &PartyId| -> i128 {
        gross.iter().filter(|one| &one.from == from).map(|one| one.amount.minor).sum()
    };
    let (a_owes, b_owes) = (sum(&a), sum(&b));
    let (from, to, owes, is_owed) =
        if a_owes >= b_owes { (a, b, a_owes, b_owes) } else { (b, a, b_owes, a_owes) };
    let money = |minor| Money { minor, currency };
    let net = money(owes - is_owed);
    Net { from, to, owes: money(owes), is_owed: money(is_owed), net, gross }
}
