//! What a total costs: the narrowest line of the rate cards, and its price times the quantity.

use std::collections::BTreeMap;

use comity_base::{
    Currency, Instant, Meter, Money, Overflow, PartyId, RateId, Rounding, Window, mul_div,
};
use comity_terms::Rate;

use crate::totals::Total;
use crate::usage::Supply;

/// A total that no line of the rate cards prices: nothing is charged for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrated {
    /// What was used, when and how much.
    pub total: Total,
    /// Why it has no price.
    pub why: WhyUnrated,
}

/// Why a total has no price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyUnrated {
    /// The seller has no line at all for the meter.
    NoCard,
    /// The seller's lines for the meter are for another buyer, product, site or GPU type.
    NoneFits {
        /// Those lines.
        rates: Vec<RateId>,
    },
    /// Lines fit, but none of them holds in this segment.
    NotInForce {
        /// Those lines.
        rates: Vec<RateId>,
    },
}

/// What a quantity costs at a rate, rounded once.
///
/// `quantity × price ÷ base units per priced unit`, in the currency's smallest unit; the
/// quantity is in the base units of the rate's meter. `at` lies in the month that a unit of a month
/// is for.
///
/// # Errors
/// [`Overflow`] when the product does not fit in 128 bits.
pub fn charge(
    quantity: i128,
    rate: &Rate,
    at: Instant,
    currency: Currency,
    rounding: Rounding,
) -> Result<Money, Overflow> {
    let minor_per_whole = 10_i128.pow(u32::from(currency.scale()));
    let price = rate.price.mantissa().checked_mul(minor_per_whole).ok_or(Overflow)?;
    let divisor = rate.per.base_units(at).checked_mul(rate.price.unit()).ok_or(Overflow)?;
    Ok(Money { minor: mul_div(quantity, price, divisor, rounding)?, currency })
}

/// The narrowest line that prices a supply at an instant, as [`crate::settle`] finds it; `None`
/// when no line does, or two do equally well.
#[must_use]
pub fn rate_at<'t>(rates: &'t [Rate], supply: &Supply, at: Instant) -> Option<&'t Rate> {
    let segment = Window::new(at, at.plus_seconds(1)).ok()?;
    match Card::new(rates).price(supply, segment) {
        Priced::By(rate) => Some(rate),
        Priced::Ambiguous(..) | Priced::Not(_) => None,
    }
}

/// The lines of all rate cards, by who sells and what is counted; the narrowest first.
pub(crate) struct Card<'t> {
    lines: BTreeMap<(&'t PartyId, Meter), Vec<&'t Rate>>,
}

/// Which line prices a supply.
pub(crate) enum Priced<'t> {
    /// This one.
    By(&'t Rate),
    /// Two that name as much as each other.
    Ambiguous(&'t Rate, &'t Rate),
    /// None.
    Not(WhyUnrated),
}

impl<'t> Card<'t> {
    pub(crate) fn new(rates: &'t [Rate]) -> Self {
        let mut lines: BTreeMap<_, Vec<&Rate>> = BTreeMap::new();
        for rate in rates {
            lines.entry((&rate.seller, rate.meter)).or_default().push(rate);
        }
        for lines in lines.values_mut() {
            lines.sort_by(|a, b| {
                let by_name =
                    || (&a.id, a.window, &a.position).cmp(&(&b.id, b.window, &b.position));
                narrowness(b).cmp(&narrowness(a)).then_with(by_name)
            });
        }
        Self { lines }
    }

    /// The narrowest line that fits `supply` and holds throughout `segment`.
    ///
    /// Which line is narrower is stated at [`Rate`]. Segments are cut where a line begins or
    /// ends, so one that holds at the start of a segment holds throughout.
    pub(crate) fn price(&self, supply: &Supply, segment: Window) -> Priced<'t> {
        let Some(lines) = self.lines.get(&(&supply.seller, supply.meter)) else {
            return Priced::Not(WhyUnrated::NoCard);
        };
        let mut fitting =
            lines.iter().filter(|rate| rate.window.contains(segment.start()) && fits(rate, supply));
        match (fitting.next(), fitting.next()) {
            (Some(first), Some(second)) if narrowness(first) == narrowness(second) => {
                Priced::Ambiguous(first, second)
            }
            (Some(first), _) => Priced::By(first),
            (None, _) => Priced::Not(why_unrated(lines, supply)),
        }
    }
}

/// Sites count before GPU types, those before products, those before buyers.
fn narrowness(rate: &Rate) -> [bool; 4] {
    [rate.site.is_some(), rate.gpu.is_some(), rate.object.is_some(), rate.buyer.is_some()]
}

/// Whether all that a line names is so of the supply.
fn fits(rate: &Rate, supply: &Supply) -> bool {
    fn names<T: Eq>(named: Option<&T>, actual: Option<&T>) -> bool {
        named.is_none() || named == actual
    }
    names(rate.site.as_ref(), supply.site.as_ref())
        && names(rate.gpu.as_ref(), supply.gpu.as_ref())
        && names(rate.object.as_ref(), Some(&supply.object))
        && names(rate.buyer.as_ref(), Some(&supply.buyer))
}

fn why_unrated(lines: &[&Rate], supply: &Supply) -> WhyUnrated {
    let ids = |lines: Vec<&&Rate>| {
        let mut ids: Vec<RateId> = lines.iter().map(|rate| rate.id.clone()).collect();
        ids.sort();
        ids.dedup();
        ids
    };
    let fitting: Vec<_> = lines.iter().filter(|rate| fits(rate, supply)).collect();
    if fitting.is_empty() {
        WhyUnrated::NoneFits { rates: ids(lines.iter().collect()) }
    } else {
        WhyUnrated::NotInForce { rates: ids(fitting) }
    }
}
