//! Intervals begin, and what is paid ahead is paid.

use comity_base::{Currency, Instant, Money, Overflow, Window};
use comity_terms::{Commitment, InForce};

use super::Commitments;
use super::line::{Line, Progress};
use super::measure::{Counted, Parts};
use crate::journal::{Cause, Reason};
use crate::pending::{Key, Pending};

impl Commitments<'_> {
    /// Brings each interval that a slice lies in to what is in force there, and enters what is paid
    /// ahead for those that begin with it.
    pub(crate) fn open(&mut self, slice: Window, pending: &mut Pending) -> Result<(), Overflow> {
        for line in &mut self.lines {
            line.open_at(slice.start(), self.period, self.parts)?;
            line.pay_upfront(self.period, self.parts, pending)?;
            line.pay_ahead(self.period, self.parts, pending)?;
        }
        self.find_outer();
        Ok(())
    }
}

impl Line<'_> {
    fn open_at(&mut self, at: Instant, period: Window, parts: Parts) -> Result<(), Overflow> {
        let row = self.chain.at(at);
        self.open = row.is_some();
        let Some(row) = row else { return Ok(()) };
        let (start, interval) = self.chain.interval(row, at);
        let measure = parts.measure(&row.value.promise, start);
        if self.now.as_ref().is_none_or(|now| now.start != start) {
            let mut next = Progress::new(row, (start, interval), measure);
            for balance in &self.rolled {
                next.rolled_in = next.rolled_in.checked_add(balance.left).ok_or(Overflow)?;
            }
            self.over.extend(self.now.replace(next));
        }
        let amount = self.chain.promised(row, start, parts)?;
        let before = parts.stated(&row.value.promise, row.value.drawn_before)?;
        if let Some(now) = &mut self.now {
            now.row = row;
            now.interval = interval;
            now.measure = measure;
            now.amount = amount;
            now.drawn_before = if start <= period.start() { before } else { 0 };
        }
        Ok(())
    }

    /// Enters the part of all intervals that is paid when the commitment begins. What began before
    /// the period was paid then.
    fn pay_upfront(
        &mut self,
        period: Window,
        parts: Parts,
        pending: &mut Pending,
    ) -> Result<(), Overflow> {
        if !self.open || std::mem::replace(&mut self.upfront_done, true) {
            return Ok(());
        }
        let first = self.chain.first();
        let upfront = first.value.prepaid.is_some_and(|prepaid| prepaid.upfront.numerator() > 0);
        if !upfront || first.own.start() < period.start() || first.own.end() == Instant::MAX {
            return Ok(());
        }
        let mut sum = 0_i128;
        for interval in self.chain.first_intervals() {
            sum = sum.checked_add(self.upfront(interval, parts)?).ok_or(Overflow)?;
        }
        let currency = self.now.as_ref().and_then(|now| now.measure.currency());
        let paid = Money { minor: sum, currency: currency.unwrap_or(parts.currency) };
        pending.add(prepayment(first, first.own, paid.currency), paid.minor, 0)
    }

    /// The part of an interval that is paid when the commitment begins, as promised then.
    fn upfront(&self, interval: Window, parts: Parts) -> Result<i128, Overflow> {
        let first = self.chain.first();
        let Some(prepaid) = first.value.prepaid else { return Ok(0) };
        let count = self.chain.first_promised(interval, parts)?;
        let of = parts.measure(&first.value.promise, interval.start());
        let value = Counted { count, of }.value(parts.rounding)?;
        prepaid.upfront.of(value.map_or(0, |value| value.minor), parts.rounding)
    }

    /// Enters the rest of what an interval costs when it begins, and what a later version adds to
    /// it when that takes effect. Nothing is given back. An interval that began before the period
    /// was paid then.
    fn pay_ahead(
        &mut self,
        period: Window,
        parts: Parts,
        pending: &mut Pending,
    ) -> Result<(), Overflow> {
        let Some(now) = self.running() else { return Ok(()) };
        if now.row.value.prepaid.is_none() {
            return Ok(());
        }
        let Some(whole) = now.value(now.amount, parts.rounding)? else { return Ok(()) };
        let paid = if now.prepaid > 0 {
            now.prepaid
        } else if now.interval.start() < period.start() {
            whole.minor
        } else {
            self.upfront(now.interval, parts)?.min(whole.minor)
        };
        let row = now.row;
        let (interval, rest) = (now.interval, (whole.minor - paid).max(0));
        if let Some(now) = &mut self.now {
            now.prepaid = paid.max(whole.minor);
        }
        pending.add(prepayment(row, interval, whole.currency), rest, 0)
    }
}

fn prepayment(row: &InForce<Commitment>, over: Window, currency: Currency) -> Key {
    Key {
        reason: Reason::Prepayment,
        cause: Cause::Term(row.term.clone()),
        payer: row.value.buyer.clone(),
        payee: row.value.seller.clone(),
        currency,
        over,
        supply: None,
    }
}
