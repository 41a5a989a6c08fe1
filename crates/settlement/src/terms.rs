//! The terms that a settlement runs under, where they cut the period, and whether they can be
//! settled at all.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{
    Cadence, Currency, Instant, Money, ObjectId, Overflow, PartyId, Ratio, Rounding, TermId, Window,
};
use comity_terms::{Commitment, InForce, Interval, Position, Rate, RevenueShare};

use crate::error::Problem;

/// All that says how usage becomes money in one deal.
///
/// Terms are as they are in force, not cut to the period that is settled: a month's commitment
/// is measured over the whole month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyTerms {
    /// What the deal settles in; all money in its terms is in it.
    pub currency: Currency,
    /// How every division is rounded.
    pub rounding: Rounding,
    /// The rate cards, line by line.
    pub rates: Vec<Rate>,
    /// The revenue shares in force.
    pub shares: Vec<InForce<RevenueShare>>,
    /// The commitments in force.
    pub commitments: Vec<InForce<Commitment>>,
}

impl MoneyTerms {
    /// The parts of `period` in each of which the same terms are in force, in order.
    ///
    /// The period is cut where a rate, share or commitment begins or ends, and, while a monthly
    /// commitment or a price by the month is in force, where a month begins. A charge or share is rounded once in each
    /// part, so these cuts are part of the rule for rounding.
    #[must_use]
    pub fn segments(&self, period: Window) -> Vec<Window> {
        let rates = self.rates.iter().map(|rate| rate.window);
        let shares = self.shares.iter().map(|share| share.window);
        let commitments = self.commitments.iter().map(|commitment| commitment.window);
        let mut cuts: BTreeSet<Instant> = rates
            .chain(shares)
            .chain(commitments)
            .flat_map(|window| [window.start(), window.end()])
            .collect();
        for rate in self.rates.iter().filter(|rate| rate.per.goes_by_month()) {
            if let Some(inside) = rate.window.intersect(period) {
                cuts.extend(Cadence::Month.starts(inside));
            }
        }
        for commitment in &self.commitments {
            if commitment.value.interval == Interval::Month
                && let Some(inside) = commitment.window.intersect(period)
            {
                cuts.extend(Cadence::Month.starts(inside));
            }
        }
        period.cut(cuts)
    }

    /// What is wrong with the terms, whatever the usage.
    pub(crate) fn problems(&self, segments: &[Window]) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.check_rates(&mut problems);
        self.check_amounts(&mut problems);
        check_once(
            self.shares.iter().map(|one| ((&one.value.payer, &one.value.payee), one)),
            &mut problems,
        );
        check_once(
            self.commitments.iter().map(|one| ((&one.value.buyer, &one.value.seller), one)),
            &mut problems,
        );
        self.check_parties(&mut problems);
        self.check_shares(segments, &mut problems);
        problems
    }

    fn check_rates(&self, problems: &mut Vec<Problem>) {
        for rate in &self.rates {
            if rate.price.is_negative() {
                problems.push(Problem::NegativePrice {
                    rate: rate.id.clone(),
                    price: rate.price,
                    position: rate.position.clone(),
                });
            }
            if !rate.per.prices(rate.meter) {
                problems.push(Problem::WrongUnit {
                    rate: rate.id.clone(),
                    meter: rate.meter,
                    per: rate.per,
                    position: rate.position.clone(),
                });
            }
        }
    }

    fn check_amounts(&self, problems: &mut Vec<Problem>) {
        let mut check = |term: &TermId, position: &Position, what, amount: Money| {
            if amount.currency != self.currency {
                problems.push(Problem::OtherCurrency {
                    term: term.clone(),
                    what,
                    amount,
                    deal: self.currency,
                    position: position.clone(),
                });
            }
            if amount.minor < 0 {
                problems.push(Problem::NegativeAmount {
                    term: term.clone(),
                    what,
                    amount,
                    position: position.clone(),
                });
            }
        };
        for share in &self.shares {
            if let Some(cap) = share.value.cap {
                check(&share.term, &share.position, "a cap", cap.total);
                check(&share.term, &share.position, "what was paid before", cap.paid_before);
            }
        }
        for one in &self.commitments {
            check(&one.term, &one.position, "a commitment", one.value.amount);
            check(&one.term, &one.position, "what was drawn before", one.value.drawn_before);
        }
    }

    fn check_parties(&self, problems: &mut Vec<Problem>) {
        let shares = self
            .shares
            .iter()
            .map(|one| (&one.value.payer, &one.value.payee, &one.term, &one.position));
        let commitments = self
            .commitments
            .iter()
            .map(|one| (&one.value.buyer, &one.value.seller, &one.term, &one.position));
        for (from, to, term, position) in shares.chain(commitments) {
            if from == to {
                problems.push(Problem::OneParty {
                    term: term.clone(),
                    party: from.clone(),
                    position: position.clone(),
                });
            }
        }
    }

    fn check_shares(&self, segments: &[Window], problems: &mut Vec<Problem>) {
        let mut reported = BTreeSet::new();
        for &segment in segments {
            let mut wholes: BTreeMap<(&PartyId, &ObjectId), Vec<&InForce<RevenueShare>>> =
                BTreeMap::new();
            for share in self.shares.iter().filter(|one| one.window.contains(segment.start())) {
                for product in share.value.base.iter().collect::<BTreeSet<_>>() {
                    wholes.entry((&share.value.payer, product)).or_default().push(share);
                }
            }
            for ((payer, product), shares) in wholes {
                let above = above_whole(shares.iter().map(|share| share.value.rate));
                if above == Ok(false) || !reported.insert((payer, product)) {
                    continue;
                }
                problems.push(match above {
                    Err(source) => Problem::TooLarge {
                        what: format!("the sum of the shares of `{payer}`'s sales of `{product}`"),
                        source,
                    },
                    Ok(_) => Problem::SharesAboveWhole {
                        payer: payer.clone(),
                        product: product.clone(),
                        segment,
                        shares: shares
                            .iter()
                            .map(|share| (share.term.clone(), share.position.clone()))
                            .collect(),
                    },
                });
            }
        }
    }
}

/// Reports a term of which two versions between the same parties are in force at once.
fn check_once<'t, T: 't>(
    terms: impl Iterator<Item = ((&'t PartyId, &'t PartyId), &'t InForce<T>)>,
    problems: &mut Vec<Problem>,
) {
    let mut sorted: Vec<_> = terms.collect();
    sorted.sort_by_key(|&(parties, one)| (&one.term, parties, one.window));
    for pair in sorted.windows(2) {
        let &[(parties, first), (other_parties, second)] = pair else { continue };
        if first.term == second.term
            && parties == other_parties
            && let Some(both) = first.window.intersect(second.window)
        {
            problems.push(Problem::InForceTwice {
                term: first.term.clone(),
                from: both.start(),
                first_at: first.position.clone(),
                second_at: second.position.clone(),
            });
        }
    }
}

/// Whether ratios add up to more than one, by exact fractions.
fn above_whole(ratios: impl Iterator<Item = Ratio>) -> Result<bool, Overflow> {
    let (mut numerator, mut denominator) = (0_i128, 1_i128);
    for ratio in ratios {
        let (n, d) = (i128::from(ratio.numerator()), i128::from(ratio.denominator()));
        if d == denominator {
            numerator = numerator.checked_add(n).ok_or(Overflow)?;
            continue;
        }
        let left = numerator.checked_mul(d).ok_or(Overflow)?;
        let right = n.checked_mul(denominator).ok_or(Overflow)?;
        numerator = left.checked_add(right).ok_or(Overflow)?;
        denominator = denominator.checked_mul(d).ok_or(Overflow)?;
    }
    Ok(numerator > denominator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_add_up_exactly() {
        let check = |parts: &[(i64, i64)], above| {
            let ratios = parts.iter().map(|&(n, d)| Ratio::new(n, d).unwrap());
            assert_eq!(above_whole(ratios), Ok(above), "{parts:?}");
        };
        check(&[(1, 3), (1, 3), (1, 3)], false);
        check(&[(1, 3), (2, 3), (1, 1_000_000_000)], true);
        check(&[(1, 5), (4, 5)], false);
        check(&[(1, 1), (1, 100)], true);
        check(&[], false);
    }
}
