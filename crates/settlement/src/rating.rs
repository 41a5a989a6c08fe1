//! What a total costs: the narrowest line of the rate cards, and its price times the quantity.

use std::collections::BTreeMap;

use comity_base::{Instant, Meter, Money, Overflow, PartyId, RateId, Rounding, Wide, Window};
use comity_terms::{Interval, Price, Rate, TierMode, Tiers};

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

/// What a quantity costs at a rate, rounded once, in the currency of its price.
///
/// `quantity × price ÷ base units per priced unit`, in the currency's smallest unit; the
/// quantity is in the base units of the rate's meter. `at` lies in the month that a unit of a month
/// is for. At prices in tiers, the quantity is the first and the whole of its interval.
///
/// # Errors
/// [`Overflow`] when the result does not fit in 128 bits.
pub fn charge(
    quantity: i128,
    rate: &Rate,
    at: Instant,
    rounding: Rounding,
) -> Result<Money, Overflow> {
    let cost = Pricing { rate, at }.cost(Run { before: 0, quantity, whole: quantity })?;
    Pricing { rate, at }.rounded(cost, rounding)
}

/// A line as it prices in one month.
#[derive(Clone, Copy)]
pub(crate) struct Pricing<'t> {
    pub(crate) rate: &'t Rate,
    pub(crate) at: Instant,
}

/// A quantity in its place among all that a tier counts, in base units.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// What was counted before it.
    pub(crate) before: i128,
    /// How much.
    pub(crate) quantity: i128,
    /// What is counted in all, in the whole interval.
    pub(crate) whole: i128,
}

/// Prices have at most so many digits behind the point.
const PRICE_DIGITS: u8 = 12;

impl Pricing<'_> {
    /// The exact cost, as a multiple of one unit of currency ÷ (base units × 10^12).
    pub(crate) fn cost(&self, run: Run) -> Result<Wide, Overflow> {
        let scaled = |price: comity_base::Decimal| price.at_scale(PRICE_DIGITS).ok_or(Overflow);
        let at_price = |price, quantity| Ok(Wide::product(quantity, scaled(price)?));
        match &self.rate.price {
            Price::Flat(price) => at_price(*price, run.quantity),
            Price::Tiered(Tiers { mode: TierMode::Volume, steps, .. }) => {
                let mut price = None;
                for step in steps {
                    if self.bound(step.from)? <= run.whole {
                        price = Some(step.price);
                    }
                }
                at_price(price.ok_or(Overflow)?, run.quantity)
            }
            Price::Tiered(Tiers { mode: TierMode::Graduated, steps, .. }) => {
                let end = run.before.checked_add(run.quantity).ok_or(Overflow)?;
                let mut cost = Wide::ZERO;
                for (index, step) in steps.iter().enumerate() {
                    let from = self.bound(step.from)?.max(run.before);
                    let next = steps.get(index + 1);
                    let to = next.map_or(Ok(end), |next| self.bound(next.from))?.min(end);
                    if from < to {
                        cost = cost.plus(at_price(step.price, to - from)?)?;
                    }
                }
                Ok(cost)
            }
        }
    }

    /// A cost in the smallest unit of the price's currency.
    pub(crate) fn rounded(&self, cost: Wide, rounding: Rounding) -> Result<Money, Overflow> {
        let currency = self.rate.currency;
        let minor_per_whole = 10_i128.pow(u32::from(currency.scale()));
        let unit = 10_i128.pow(u32::from(PRICE_DIGITS));
        let divisor = Wide::product(self.rate.per.base_units(self.at), unit);
        let minor = cost.times(minor_per_whole)?.over(divisor, rounding)?;
        Ok(Money { minor, currency })
    }

    /// How many base units one priced unit is.
    pub(crate) fn base_units(&self) -> i128 {
        self.rate.per.base_units(self.at)
    }

    fn bound(&self, units: u64) -> Result<i128, Overflow> {
        i128::from(units).checked_mul(self.rate.per.base_units(self.at)).ok_or(Overflow)
    }
}

/// Over which use a tier of a line counts for an instant, cut to when the line holds; `None` for
/// a line with one price.
pub(crate) fn tier_window(rate: &Rate, at: Instant) -> Option<Window> {
    let Price::Tiered(tiers) = &rate.price else { return None };
    interval_of(rate, tiers.over, at)
}

/// The interval that an instant lies in, cut to when a line holds.
pub(crate) fn interval_of(rate: &Rate, interval: Interval, at: Instant) -> Option<Window> {
    interval.around(at, rate.window).intersect(rate.window)
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
