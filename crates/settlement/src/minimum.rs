//! The least that a buyer is charged by a line.

use std::collections::BTreeMap;

use comity_base::{Instant, Overflow, PartyId, RateId, Window};
use comity_terms::Rate;

use crate::charge::Charge;
use crate::journal::{Cause, Reason};
use crate::pending::{Key, Pending};
use crate::rating::interval_of;
use crate::terms::MoneyTerms;

/// What each buyer was charged by the lines that have a minimum.
pub(crate) struct Minimums<'t> {
    rates: BTreeMap<&'t RateId, &'t Rate>,
    charged: BTreeMap<(&'t RateId, PartyId, Instant), Progress>,
    period: Window,
}

struct Progress {
    interval: Window,
    charged: i128,
}

impl<'t> Minimums<'t> {
    pub(crate) fn new(terms: &'t MoneyTerms, period: Window) -> Self {
        let with_minimum = terms.rates.iter().filter(|rate| rate.minimum.is_some());
        let rates = with_minimum.map(|rate| (&rate.id, rate)).collect();
        Self { rates, charged: BTreeMap::new(), period }
    }

    /// Counts the charges of a slice, before discounts.
    pub(crate) fn count(
        &mut self,
        index: usize,
        charges: &[Charge],
        slice: Window,
    ) -> Result<(), Overflow> {
        let named =
            self.rates.values().copied().filter_map(|rate| Some((rate, rate.buyer.clone()?)));
        for (rate, buyer) in named.collect::<Vec<_>>() {
            self.add(rate, buyer, slice, 0)?;
        }
        for charge in charges {
            if let Some(&rate) = self.rates.get(&charge.rate) {
                self.add(rate, charge.payer.clone(), slice, charge.parts[index].gross)?;
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        rate: &'t Rate,
        buyer: PartyId,
        slice: Window,
        amount: i128,
    ) -> Result<(), Overflow> {
        let each = rate.minimum.expect("lines with a minimum are kept").each;
        if !rate.window.contains(slice.start()) {
            return Ok(());
        }
        let Some(interval) = interval_of(rate, each, slice.start()) else { return Ok(()) };
        let progress = self
            .charged
            .entry((&rate.id, buyer, interval.start()))
            .or_insert(Progress { interval, charged: 0 });
        progress.charged = progress.charged.checked_add(amount).ok_or(Overflow)?;
        Ok(())
    }

    /// Charges what lacks to the minimum in the intervals that end with a slice. An interval that
    /// the line, or the period that is settled, does not hold as a whole has none.
    pub(crate) fn close(&mut self, slice: Window, pending: &mut Pending) -> Result<(), Overflow> {
        for ((id, buyer, _), progress) in &self.charged {
            let rate = self.rates[id];
            let minimum = rate.minimum.expect("lines with a minimum are kept");
            let whole = minimum.each.around(progress.interval.start(), rate.window);
            let held = whole == progress.interval && whole.start() >= self.period.start();
            if progress.interval.end() != slice.end() || !held {
                continue;
            }
            let key = Key {
                reason: Reason::Minimum,
                cause: Cause::Rate(rate.id.clone()),
                payer: buyer.clone(),
                payee: rate.seller.clone(),
                currency: minimum.amount.currency,
                over: progress.interval,
                supply: None,
            };
            pending.add(key, (minimum.amount.minor - progress.charged).max(0), 0)?;
        }
        self.charged.retain(|_, progress| progress.interval.end() > slice.end());
        Ok(())
    }
}
