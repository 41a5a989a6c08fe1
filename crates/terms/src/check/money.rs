//! Whether the terms that move money fit together.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{Currency, PartyId, RateId, Ratio, TermId};

use super::{Problem, ProblemKind, all_terms};
use crate::deal::Draft;
use crate::money::{
    Commitment, Conversion, CostSplit, Interval, Promise, RevenueShare, ShareRate, Shortfall,
    Unused,
};
use crate::term::{Term, TermKind};

/// Why a term that moves money, or a line of a rate card, cannot be as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misfit {
    /// The parts of a cost that is passed on do not make up the whole, or one party is there twice.
    PartsNotWhole,
    /// A commitment counts for a term that is no commitment of the same parties.
    WithinOther(TermId),
    /// Commitments that count for each other in a circle.
    WithinItself,
    /// A commitment counts for another that is stated in something else: use for money, or another
    /// meter.
    WithinOtherMeasure(TermId),
    /// A price or a promise is for a unit that its meter does not count.
    WrongUnit,
    /// Milestones without an interval of the whole term, or not each later and higher than the one
    /// before.
    Milestones,
    /// What was not drawn rolls over or is made up, but there is no next interval.
    NoNextInterval,
    /// A part is paid upfront of a commitment without an end, so the whole is not known.
    UpfrontOfNoEnd,
    /// A commitment of use is prepaid without a price.
    PrepaidWithoutPrice,
    /// What falls short of a commitment of use is to be paid, without a price.
    ShortfallWithoutPrice,
    /// A term is stated in several currencies.
    Currencies,
    /// A currency is converted to itself.
    ToItself,
    /// Two conversions between the same currencies hold at the same time.
    ConvertedTwice {
        /// The other.
        other: RateId,
    },
}

pub(super) fn money(draft: &Draft, problems: &mut Vec<Problem>) {
    let terms: BTreeMap<&TermId, &Term> = all_terms(draft).map(|term| (&term.id, term)).collect();
    for term in all_terms(draft) {
        let misfits = match &term.kind {
            TermKind::CostSplit(split) => cost_split(split),
            TermKind::Commitment(promise) => commitment(term, promise, &terms),
            TermKind::RevenueShare(share) => revenue_share(share),
            TermKind::Credit(credit) if credit.amount.currency != credit.paid.currency => {
                vec![Misfit::Currencies]
            }
            TermKind::Credit(_)
            | TermKind::Discount(_)
            | TermKind::Exclusivity(_)
            | TermKind::Permission(_)
            | TermKind::Prohibition(_)
            | TermKind::FirstRefusal(_)
            | TermKind::Option(_)
            | TermKind::Duty(_)
            | TermKind::Guarantee(_)
            | TermKind::Clause(_)
            | TermKind::Equity(_)
            | TermKind::CapitalCommitment(_)
            | TermKind::Governance(_)
            | TermKind::TechnologyPartner(_)
            | TermKind::Capacity(_) => Vec::new(),
        };
        problems.extend(misfits.into_iter().map(|misfit| Problem {
            position: term.position.clone(),
            kind: ProblemKind::Misfit { of: term.id.to_string(), misfit },
        }));
    }
    for rate in &draft.rates {
        if rate.minimum.is_some_and(|minimum| minimum.amount.currency != rate.currency) {
            problems.push(Problem {
                position: rate.position.clone(),
                kind: ProblemKind::Misfit { of: rate.id.to_string(), misfit: Misfit::Currencies },
            });
        }
    }
    conversions(draft, problems);
}

fn cost_split(split: &CostSplit) -> Vec<Misfit> {
    let parties: BTreeSet<&PartyId> = split.between.iter().map(|(party, _)| party).collect();
    let mut sum = Some((0_i128, 1_i128));
    for (_, part) in &split.between {
        sum = sum.and_then(|(numerator, denominator)| plus((numerator, denominator), *part));
    }
    let whole = sum.is_some_and(|(numerator, denominator)| numerator == denominator);
    if whole && parties.len() == split.between.len() {
        Vec::new()
    } else {
        vec![Misfit::PartsNotWhole]
    }
}

fn plus((numerator, denominator): (i128, i128), part: Ratio) -> Option<(i128, i128)> {
    let (n, d) = (i128::from(part.numerator()), i128::from(part.denominator()));
    let sum = numerator.checked_mul(d)?.checked_add(n.checked_mul(denominator)?)?;
    Some((sum, denominator.checked_mul(d)?))
}

fn commitment(term: &Term, promise: &Commitment, terms: &BTreeMap<&TermId, &Term>) -> Vec<Misfit> {
    let mut found = Vec::new();
    if let Promise::Use { meter, per, price, .. } = &promise.promise {
        if !per.prices(*meter) {
            found.push(Misfit::WrongUnit);
        }
        if promise.prepaid.is_some() && price.is_none() {
            found.push(Misfit::PrepaidWithoutPrice);
        } else if promise.shortfall == Shortfall::Pay && price.is_none() {
            found.push(Misfit::ShortfallWithoutPrice);
        }
    }
    let ascends = promise.milestones.windows(2).all(|pair| {
        let [a, b] = pair else { return true };
        a.by < b.by && a.at_least < b.at_least
    });
    if !promise.milestones.is_empty() && (promise.interval != Interval::Term || !ascends) {
        found.push(Misfit::Milestones);
    }
    if promise.interval == Interval::Term && promise.unused != Unused::Expires {
        found.push(Misfit::NoNextInterval);
    }
    let upfront = promise.prepaid.is_some_and(|prepaid| prepaid.upfront.numerator() > 0);
    if upfront && term.to.is_none() {
        found.push(Misfit::UpfrontOfNoEnd);
    }
    found.extend(within(term, promise, terms));
    found
}

fn within(term: &Term, promise: &Commitment, terms: &BTreeMap<&TermId, &Term>) -> Option<Misfit> {
    let outer_of = |promise: &Commitment| {
        let id = promise.within.clone()?;
        match terms.get(&id).map(|term| &term.kind) {
            Some(TermKind::Commitment(outer)) => Some((id, outer.clone())),
            Some(_) | None => None,
        }
    };
    let id = promise.within.clone()?;
    let Some((_, outer)) = outer_of(promise) else { return Some(Misfit::WithinOther(id)) };
    if (&outer.buyer, &outer.seller) != (&promise.buyer, &promise.seller) {
        return Some(Misfit::WithinOther(id));
    }
    let same = match (&promise.promise, &outer.promise) {
        (Promise::Spend(inner), Promise::Spend(outer)) => inner.currency == outer.currency,
        (Promise::Use { meter: inner, .. }, Promise::Use { meter: outer, .. }) => inner == outer,
        (Promise::Spend(_) | Promise::Use { .. }, _) => false,
    };
    if !same {
        return Some(Misfit::WithinOtherMeasure(id));
    }
    let mut seen = BTreeSet::from([term.id.clone()]);
    let mut at = Some((id, outer));
    while let Some((id, outer)) = at {
        if !seen.insert(id) {
            return Some(Misfit::WithinItself);
        }
        at = outer_of(&outer);
    }
    None
}

fn revenue_share(share: &RevenueShare) -> Vec<Misfit> {
    let RevenueShare { rate, guarantee, floor, cap, .. } = share;
    let brackets = match rate {
        ShareRate::Flat(_) => &[][..],
        ShareRate::Marginal { brackets, .. } => &brackets[..],
    };
    let amounts = brackets.iter().map(|bracket| bracket.from);
    let amounts = amounts
        .chain(guarantee.map(|it| it.minimum.amount))
        .chain(floor.map(|it| it.amount))
        .chain(cap.total)
        .chain(cap.paid_before)
        .chain(cap.each.map(|it| it.amount));
    let currencies: BTreeSet<Currency> = amounts.map(|amount| amount.currency).collect();
    if currencies.len() > 1 { vec![Misfit::Currencies] } else { Vec::new() }
}

fn conversions(draft: &Draft, problems: &mut Vec<Problem>) {
    let mut between: BTreeMap<(Currency, Currency), Vec<&Conversion>> = BTreeMap::new();
    for conversion in &draft.conversions {
        let mut report = |misfit| {
            problems.push(Problem {
                position: conversion.position.clone(),
                kind: ProblemKind::Misfit { of: conversion.id.to_string(), misfit },
            });
        };
        if conversion.from == conversion.to {
            report(Misfit::ToItself);
        }
        let same = between.entry((conversion.from, conversion.to)).or_default();
        for other in same.iter() {
            if other.window.intersect(conversion.window).is_some() {
                report(Misfit::ConvertedTwice { other: other.id.clone() });
            }
        }
        same.push(conversion);
    }
}
