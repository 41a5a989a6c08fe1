//! What one party is charged, passed on to several.

use std::collections::BTreeMap;

use comity_base::{Currency, Overflow, PartyId, Ratio, Rounding, Wide, Window};
use comity_terms::{CostSplit, Eligible, InForce};

use crate::journal::{Cause, Entry, Reason};
use crate::pending::{Key, Pending};
use crate::terms::MoneyTerms;

/// Passes on what the entries of a segment come to for the party whose charges are split: what it
/// owes for what counts, less what it is let off or credited for it.
pub(crate) fn split(
    terms: &MoneyTerms,
    segment: Window,
    entries: &[Entry],
    pending: &mut Pending,
) -> Result<(), Overflow> {
    for term in terms.cost_splits.iter().filter(|term| term.window.contains(segment.start())) {
        let mut owed: BTreeMap<Currency, i128> = BTreeMap::new();
        for entry in entries {
            let sum = owed.entry(entry.amount.currency).or_default();
            *sum = sum.checked_add(borne(term, entry)).ok_or(Overflow)?;
        }
        for (currency, amount) in owed.into_iter().filter(|(_, amount)| *amount > 0) {
            for (party, part) in parts(amount, &term.value.between)? {
                if party == &term.value.of {
                    continue;
                }
                let key = Key {
                    reason: Reason::CostSplit,
                    cause: Cause::Term(term.term.clone()),
                    payer: party.clone(),
                    payee: term.value.of.clone(),
                    currency,
                    over: segment,
                    supply: None,
                };
                pending.add(key, part, 0)?;
            }
        }
    }
    Ok(())
}

/// What an entry adds to what the party bears: above zero what it owes, below what it is let off.
fn borne(term: &InForce<CostSplit>, entry: &Entry) -> i128 {
    let on = &term.value.on;
    let counts = match &entry.used {
        Some(used) => on.counts(used.meter, &used.object, used.site.as_ref(), used.gpu.as_ref()),
        // What is for no single use counts where everything does.
        None => *on == Eligible::default(),
    };
    let stays = match entry.reason {
        Reason::RevenueShare
        | Reason::Guarantee
        | Reason::Floor
        | Reason::CostSplit
        | Reason::Adjusted
        | Reason::Disputed => true,
        Reason::Capacity
        | Reason::Power
        | Reason::Sale { .. }
        | Reason::Minimum
        | Reason::Discount
        | Reason::CreditBought
        | Reason::Credit
        | Reason::Prepayment
        | Reason::Covered
        | Reason::MadeUp
        | Reason::Overage
        | Reason::OverageDiscount
        | Reason::Shortfall => false,
    };
    match counts && !stays {
        true if entry.payer == term.value.of && !is_relief(&entry.reason) => entry.amount.minor,
        true if entry.payee == term.value.of && is_relief(&entry.reason) => -entry.amount.minor,
        true | false => 0,
    }
}

/// Whether a movement takes back a part of what was charged.
fn is_relief(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::Discount
            | Reason::Credit
            | Reason::Covered
            | Reason::MadeUp
            | Reason::OverageDiscount
    )
}

/// Parts of an amount that add up to it: each is rounded down, and the units that are left go, one
/// each, to the largest remainders; of equal ones, to the party that comes first.
pub(crate) fn parts(
    amount: i128,
    between: &[(PartyId, Ratio)],
) -> Result<Vec<(&PartyId, i128)>, Overflow> {
    let mut all = Vec::with_capacity(between.len());
    let mut left = amount;
    for (party, ratio) in between {
        let part = ratio.of(amount, Rounding::Down)?;
        left -= part;
        let (numerator, denominator) =
            (i128::from(ratio.numerator()), i128::from(ratio.denominator()));
        // The remainder as a part of the denominator, to be compared across denominators.
        let remainder = Wide::product(amount, numerator).minus(Wide::product(part, denominator))?;
        all.push((party, part, remainder, denominator));
    }
    let mut order: Vec<usize> = (0..all.len()).collect();
    let mut sorted = Ok(());
    order.sort_by(|&a, &b| {
        let ((a_party, _, a, a_of), (b_party, _, b, b_of)) = (&all[a], &all[b]);
        match (a.times(*b_of), b.times(*a_of)) {
            (Ok(a), Ok(b)) => b.cmp(&a).then_with(|| a_party.cmp(b_party)),
            (_, _) => {
                sorted = Err(Overflow);
                std::cmp::Ordering::Equal
            }
        }
    });
    sorted?;
    for index in order {
        if left > 0 {
            all[index].1 += 1;
            left -= 1;
        }
    }
    Ok(all.into_iter().map(|(party, part, _, _)| (party, part)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_with_the_largest_remainder_first() {
        let check = |amount, ratios: &[(&str, i64, i64)], expected: &[i128]| {
            let between: Vec<(PartyId, Ratio)> = ratios
                .iter()
                .map(|(id, n, d)| (PartyId::new(id).unwrap(), Ratio::new(*n, *d).unwrap()))
                .collect();
            let found = parts(amount, &between).unwrap();
            assert_eq!(found.iter().map(|(_, part)| *part).collect::<Vec<_>>(), expected);
            assert_eq!(found.iter().map(|(_, part)| part).sum::<i128>(), amount);
        };
        // Equal remainders: the first party by id gets the cent, wherever it stands.
        check(100, &[("c", 1, 3), ("a", 1, 3), ("b", 1, 3)], &[33, 34, 33]);
        check(101, &[("a", 1, 2), ("b", 1, 2)], &[51, 50]);
        check(10, &[("a", 1, 4), ("b", 3, 4)], &[3, 7]);
        check(10, &[("a", 3, 8), ("b", 5, 8)], &[4, 6]);
        check(1, &[("a", 1, 10), ("b", 9, 10)], &[0, 1]);
        check(0, &[("a", 1, 2), ("b", 1, 2)], &[0, 0]);
    }
}
