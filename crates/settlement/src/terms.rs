//! The terms that a settlement runs under, where they cut the period, and whether they can be
//! settled at all.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{
    Cadence, Currency, Decimal, Instant, Money, ObjectId, Overflow, PartyId, Ratio, Rounding,
    TermId, Window,
};
use comity_terms::{
    Commitment, Conversion, CostSplit, Credit, Deal, Discount, Dispute, InForce, Interval,
    MoneyHoldings, Position, Price, Promise, Rate, RevenueShare, Rules, ShareRate, Shortfall,
    Tolerance,
};

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
    /// What currencies are worth in others. A charge in another currency than the deal's is
    /// converted to that where one holds, and else stays in its own.
    pub conversions: Vec<Conversion>,
    /// The discounts in force.
    pub discounts: Vec<InForce<Discount>>,
    /// The credits in force.
    pub credits: Vec<InForce<Credit>>,
    /// The costs that are passed on.
    pub cost_splits: Vec<InForce<CostSplit>>,
    /// The revenue shares in force.
    pub shares: Vec<InForce<RevenueShare>>,
    /// The commitments in force.
    pub commitments: Vec<InForce<Commitment>>,
    /// Charges that a party does not accept.
    pub disputes: Vec<Dispute>,
    /// How small differences are resolved; without it, none is.
    pub tolerance: Option<Tolerance>,
}

impl MoneyTerms {
    /// The terms of a deal by the rules in force; and those of which it is not known whether they
    /// are in force, with when.
    #[must_use]
    pub fn of(deal: &Deal, rules: &Rules<'_>) -> (Self, Vec<(TermId, Window)>) {
        let parts = deal.parts();
        let mut unknown = Vec::new();
        let terms = Self {
            currency: parts.currency,
            rounding: parts.rounding,
            rates: parts.rates.clone(),
            conversions: parts.conversions.clone(),
            discounts: known(rules.discounts(), &mut unknown),
            credits: known(rules.credits(), &mut unknown),
            cost_splits: known(rules.cost_splits(), &mut unknown),
            shares: known(rules.shares(), &mut unknown),
            commitments: known(rules.commitments(), &mut unknown),
            disputes: rules.disputes().cloned().collect(),
            tolerance: parts.tolerance,
        };
        (terms, unknown)
    }

    /// The parts of `period` in each of which the same terms are in force and the same intervals
    /// run, in order.
    ///
    /// The period is cut where a rate, a conversion or a term begins or ends, where a month begins,
    /// and where an interval of a term ends, but for hours and days. A charge is rounded once in
    /// each part, so these cuts are part of the rule for rounding.
    #[must_use]
    pub fn segments(&self, period: Window) -> Vec<Window> {
        let mut cuts: BTreeSet<Instant> = BTreeSet::new();
        for (window, own, interval) in self.spans() {
            cuts.extend([window.start(), window.end()]);
            let Some(inside) = window.intersect(period) else { continue };
            match interval {
                Interval::Quarter | Interval::Year => cuts.extend(interval.bounds(inside, own)),
                Interval::Term | Interval::Month | Interval::Hour | Interval::Day => {}
            }
        }
        for commitment in &self.commitments {
            cuts.extend(commitment.value.milestones.iter().map(|milestone| milestone.by));
        }
        cuts.extend(Cadence::Month.starts(period));
        period.cut(cuts)
    }

    /// The parts of a segment over which charges accrue: hours where an interval of a term is an
    /// hour, else days. Where nothing depends on the time within it, the segment itself.
    #[must_use]
    pub fn slices(&self, segment: Window) -> Vec<Window> {
        let here = |window: Window| window.intersect(segment).is_some();
        let hourly =
            self.spans().any(|(window, _, interval)| interval == Interval::Hour && here(window));
        let daily = self.commitments.iter().any(|it| here(it.window))
            || self.shares.iter().any(|it| here(it.window))
            || self.credits.iter().any(|it| here(it.window))
            || self.rates.iter().any(|it| it.minimum.is_some() && here(it.window));
        match (hourly, daily) {
            (true, _) => segment.cut(Cadence::Hour.starts(segment)),
            (false, true) => segment.cut(Cadence::Day.starts(segment)),
            (false, false) => vec![segment],
        }
    }

    /// When each rate and term holds, in force and by its own words, and over which intervals it
    /// counts.
    fn spans(&self) -> impl Iterator<Item = (Window, Window, Interval)> + '_ {
        let rates = self.rates.iter().flat_map(|rate| {
            let tiers = match &rate.price {
                Price::Flat(_) => None,
                Price::Tiered(tiers) => Some(tiers.over),
            };
            let minimum = rate.minimum.map(|minimum| minimum.each);
            let intervals = [Some(Interval::Term), tiers, minimum].into_iter().flatten();
            intervals.map(|interval| (rate.window, rate.window, interval))
        });
        let whole = |window: Window, own: Window| (window, own, Interval::Term);
        let conversions = self.conversions.iter().map(move |it| whole(it.window, it.window));
        let disputes = self.disputes.iter().map(move |it| whole(it.window, it.window));
        let discounts = self.discounts.iter().map(move |it| whole(it.window, it.own));
        let credits = self.credits.iter().map(move |it| whole(it.window, it.own));
        let splits = self.cost_splits.iter().map(move |it| whole(it.window, it.own));
        let commitments = self.commitments.iter().map(|it| (it.window, it.own, it.value.interval));
        let shares = self.shares.iter().flat_map(|it| {
            let RevenueShare { rate, guarantee, floor, cap, .. } = &it.value;
            let brackets = match rate {
                ShareRate::Flat(_) => None,
                ShareRate::Marginal { over, .. } => Some(*over),
            };
            let guarantee = guarantee.map(|it| it.minimum.each);
            let (floor, cap) = (floor.map(|it| it.each), cap.each.map(|it| it.each));
            let intervals = [Some(Interval::Term), brackets, guarantee, floor, cap];
            intervals.into_iter().flatten().map(|interval| (it.window, it.own, interval))
        });
        rates
            .chain(conversions)
            .chain(disputes)
            .chain(discounts)
            .chain(credits)
            .chain(splits)
            .chain(commitments)
            .chain(shares)
    }

    /// What is wrong with the terms, whatever the usage.
    pub(crate) fn problems(&self, segments: &[Window]) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.check_rates(&mut problems);
        self.check_amounts(&mut problems);
        self.commitments.iter().for_each(|one| check_commitment(one, &mut problems));
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
            for price in rate.price.prices().filter(|price| price.is_negative()) {
                problems.push(Problem::NegativePrice {
                    rate: rate.id.clone(),
                    price,
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
            let RevenueShare { guarantee, floor, cap, .. } = &share.value;
            let guaranteed = guarantee.map(|it| it.minimum.amount);
            let amounts = [
                ("a cap", cap.total),
                ("what was paid before", cap.paid_before),
                ("a cap", cap.each.map(|it| it.amount)),
                ("a floor", floor.map(|it| it.amount)),
                ("a guarantee", guaranteed),
            ];
            for (what, amount) in amounts {
                if let Some(amount) = amount {
                    check(&share.term, &share.position, what, amount);
                }
            }
        }
        for one in &self.commitments {
            if let Promise::Spend(amount) = one.value.promise {
                check(&one.term, &one.position, "a commitment", amount);
                let before = Money { minor: one.value.drawn_before, ..amount };
                check(&one.term, &one.position, "what was drawn before", before);
            }
        }
        for one in &self.credits {
            check(&one.term, &one.position, "a credit", one.value.amount);
            check(&one.term, &one.position, "the price of a credit", one.value.paid);
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
        let discounts = self
            .discounts
            .iter()
            .map(|one| (&one.value.buyer, &one.value.seller, &one.term, &one.position));
        let credits = self
            .credits
            .iter()
            .map(|one| (&one.value.buyer, &one.value.seller, &one.term, &one.position));
        let all = shares.chain(commitments).chain(discounts).chain(credits);
        for (from, to, term, position) in all {
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
                let above = above_whole(shares.iter().map(|share| share.value.rate.highest()));
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

fn known<T>(holdings: MoneyHoldings<T>, unknown: &mut Vec<(TermId, Window)>) -> Vec<InForce<T>> {
    unknown.extend(holdings.undetermined);
    holdings.in_force
}

/// Reports what a commitment says that cannot be, or lacks. A deal that was checked lacks nothing.
fn check_commitment(one: &InForce<Commitment>, problems: &mut Vec<Problem>) {
    let promise = &one.value;
    let (mut numbers, mut lacks) = (Vec::new(), Vec::new());
    let whole = |number: i128| (number < 0).then(|| number.to_string());
    let decimal = |number: Decimal| number.is_negative().then(|| number.to_string());
    numbers.push(("an overage", promise.overage.and_then(decimal)));
    for milestone in &promise.milestones {
        numbers.push(("a milestone", whole(milestone.at_least)));
    }
    if let Promise::Use { meter, per, quantity, price, weights } = &promise.promise {
        numbers.push(("a quantity", decimal(*quantity)));
        numbers.push(("a price", price.and_then(decimal)));
        numbers.push(("what was drawn before", whole(promise.drawn_before)));
        numbers.extend(weights.values().map(|weight| ("a weight", decimal(*weight))));
        if !per.prices(*meter) {
            lacks.push("is in a unit that its meter does not count");
        }
        if price.is_none() && promise.prepaid.is_some() {
            lacks.push("is paid ahead without a price");
        } else if price.is_none() && promise.shortfall == Shortfall::Pay {
            lacks.push("is to be paid where it falls short, without a price");
        }
    }
    let upfront = promise.prepaid.is_some_and(|prepaid| prepaid.upfront.numerator() > 0);
    if upfront && one.own.end() == Instant::MAX {
        lacks.push("is paid upfront, but has no end");
    }
    let (term, position) = (&one.term, &one.position);
    problems.extend(numbers.into_iter().filter_map(|(what, number)| {
        let (term, position) = (term.clone(), position.clone());
        Some(Problem::NegativeNumber { term, what, number: number?, position })
    }));
    problems.extend(lacks.into_iter().map(|why| {
        let (term, position) = (term.clone(), position.clone());
        Problem::Unsettled { term, why, position }
    }));
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
