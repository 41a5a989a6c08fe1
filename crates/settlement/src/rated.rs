//! Every total with the line that prices it, and what tiers count over several segments.

use std::collections::BTreeMap;

use comity_base::{Currency, Instant, Money, Overflow, PartyId, RateId, Wide, Window, mul_div};
use comity_terms::{Conversion, Rate};

use crate::charge::{Charge, Part};
use crate::journal::{Cause, Converted, Movement, Reason, Used};
use crate::rating::{Pricing, Run, tier_window};
use crate::terms::MoneyTerms;
use crate::usage::Supply;

/// One supply in one segment, with the line that prices it.
pub(crate) struct Rated<'t> {
    pub(crate) rate: &'t Rate,
    pub(crate) supply: Supply,
    /// In base units, one for each slice.
    pub(crate) quantities: Vec<i128>,
}

/// What a tier counts together: by whom, by which line, from when on.
type TierKey<'t> = (&'t RateId, PartyId, Instant);

/// How far the tiers of all lines have come.
#[derive(Default)]
pub(crate) struct Tiers<'t> {
    /// What is counted in whole intervals: what prices by volume look at.
    whole: BTreeMap<TierKey<'t>, i128>,
    /// What was counted so far.
    so_far: BTreeMap<TierKey<'t>, i128>,
}

impl<'t> Tiers<'t> {
    /// Takes note of a whole segment, before any is priced.
    pub(crate) fn count(&mut self, segment: Window, rated: &[Rated<'t>]) -> Result<(), Overflow> {
        for one in rated {
            let Some(key) = key(one, segment) else { continue };
            let whole = self.whole.entry(key).or_default();
            for quantity in &one.quantities {
                *whole = whole.checked_add(*quantity).ok_or(Overflow)?;
            }
        }
        Ok(())
    }

    /// The exact cost of each supply of a segment in each slice. Tiers are filled in the order of
    /// time, and within a slice in the order of the supplies.
    pub(crate) fn costs(
        &mut self,
        segment: Window,
        rated: &[Rated<'t>],
    ) -> Result<Vec<Vec<Wide>>, Overflow> {
        let slices = rated.first().map_or(0, |one| one.quantities.len());
        let mut costs: Vec<Vec<Wide>> = rated.iter().map(|_| Vec::with_capacity(slices)).collect();
        let keys: Vec<Option<TierKey<'t>>> = rated.iter().map(|one| key(one, segment)).collect();
        for slice in 0..slices {
            for ((one, key), costs) in rated.iter().zip(&keys).zip(&mut costs) {
                let quantity = one.quantities[slice];
                let (before, whole) = match key {
                    None => (0, quantity),
                    Some(key) => {
                        let so_far = self.so_far.entry(key.clone()).or_default();
                        let before = *so_far;
                        *so_far = before.checked_add(quantity).ok_or(Overflow)?;
                        (before, self.whole.get(key).copied().unwrap_or(quantity))
                    }
                };
                let pricing = Pricing { rate: one.rate, at: segment.start() };
                costs.push(pricing.cost(Run { before, quantity, whole })?);
            }
        }
        Ok(costs)
    }
}

fn key<'t>(one: &Rated<'t>, segment: Window) -> Option<TierKey<'t>> {
    let interval = tier_window(one.rate, segment.start())?;
    Some((&one.rate.id, one.supply.buyer.clone(), interval.start()))
}

/// The movement of a charge, rounded once in the currency of its price, and once more where it is
/// converted.
pub(crate) fn movement(
    terms: &MoneyTerms,
    segment: Window,
    one: &Rated<'_>,
    costs: &[Wide],
) -> Result<Movement, Overflow> {
    let mut cost = Wide::ZERO;
    let mut quantity = 0_i128;
    for (slice, used) in costs.iter().zip(&one.quantities) {
        cost = cost.plus(*slice)?;
        quantity = quantity.checked_add(*used).ok_or(Overflow)?;
    }
    let pricing = Pricing { rate: one.rate, at: segment.start() };
    let original = pricing.rounded(cost, terms.rounding)?;
    let conversion =
        conversion(&terms.conversions, original.currency, terms.currency, segment.start());
    let amount = converted(terms, original, segment.start())?;
    let converted = conversion.map(|by| Converted { original, by: by.id.clone() });
    let Supply { buyer, seller, meter, object, site, gpu } = one.supply.clone();
    Ok(Movement {
        payer: buyer,
        payee: seller,
        amount_minor: amount.minor,
        currency: amount.currency,
        reason: Reason::of_charge(meter, &object),
        cause: Cause::Rate(one.rate.id.clone()),
        segment,
        due: segment,
        used: Some(Used { meter, quantity, object, site, gpu }),
        converted,
    })
}

/// A charge as it accrues: its amount in proportion to what each slice costs, by differences of
/// the rounded sums so far, so that the parts add up to the amount.
pub(crate) fn accrued(
    entry: u64,
    movement: &Movement,
    rate: &RateId,
    quantities: &[i128],
    costs: &[Wide],
) -> Result<Charge, Overflow> {
    let mut whole = Wide::ZERO;
    for cost in costs {
        whole = whole.plus(*cost)?;
    }
    let (mut sum, mut before) = (Wide::ZERO, 0_i128);
    let mut parts = Vec::with_capacity(costs.len());
    for (cost, &quantity) in costs.iter().zip(quantities) {
        sum = sum.plus(*cost)?;
        let until = if whole == Wide::ZERO {
            0
        } else {
            sum.times(movement.amount_minor)?.over(whole, comity_base::Rounding::HalfEven)?
        };
        parts.push(Part { quantity, gross: until - before, ..Part::default() });
        before = until;
    }
    Ok(Charge {
        entry,
        payer: movement.payer.clone(),
        payee: movement.payee.clone(),
        rate: rate.clone(),
        currency: movement.currency,
        used: movement.used.clone().expect("a charge is for a use"),
        parts,
    })
}

/// By what an amount in one currency is converted to another at an instant, if by anything.
#[must_use]
pub fn conversion(
    conversions: &[Conversion],
    from: Currency,
    to: Currency,
    at: Instant,
) -> Option<&Conversion> {
    let fits = |it: &&Conversion| it.from == from && it.to == to && it.window.contains(at);
    conversions.iter().find(fits).filter(|_| from != to)
}

/// An amount in the deal's currency where a conversion holds at an instant, else as it is.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn converted(terms: &MoneyTerms, amount: Money, at: Instant) -> Result<Money, Overflow> {
    let by = conversion(&terms.conversions, amount.currency, terms.currency, at);
    let Some(by) = by else { return Ok(amount) };
    let scale = |scale: u8| 10_i128.pow(u32::from(scale));
    let factor = by.rate.mantissa().checked_mul(scale(by.to.scale())).ok_or(Overflow)?;
    let divisor = by.rate.unit().checked_mul(scale(by.from.scale())).ok_or(Overflow)?;
    let minor = mul_div(amount.minor, factor, divisor, terms.rounding)?;
    Ok(Money { minor, currency: terms.currency })
}
