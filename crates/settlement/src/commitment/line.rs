//! A commitment under way: the interval that runs, what of earlier ones is still to be drawn or
//! made up, and the intervals that are over.

use comity_base::{Instant, Money, Overflow, Rounding, Wide, Window, mul_div};
use comity_terms::{Commitment, InForce, Promise};

use super::chain::Chain;
use super::measure::{Counted, Measure, Parts};
use crate::charge::Charge;

/// A commitment while a period is settled.
pub(super) struct Line<'t> {
    pub(super) chain: Chain<'t>,
    /// Whether it is in force in the slice that was opened last.
    pub(super) open: bool,
    /// The interval that runs, or ran last.
    pub(super) now: Option<Progress<'t>>,
    /// The intervals before it, in order.
    pub(super) over: Vec<Progress<'t>>,
    /// What rolled over and is still to be drawn, the oldest first.
    pub(super) rolled: Vec<Rolled>,
    /// What was paid for and can be made up, the oldest first.
    pub(super) bank: Vec<Banked>,
    /// Whether what is paid at its start was entered, or fell before the period.
    pub(super) upfront_done: bool,
}

/// What was not drawn in an interval and is still to be.
pub(super) struct Rolled {
    /// When it falls short.
    pub(super) expires: Instant,
    pub(super) left: i128,
}

/// What fell short in an interval and was paid.
pub(super) struct Banked {
    /// When it can no longer be made up.
    pub(super) expires: Instant,
    pub(super) left: i128,
    /// How much it was at first.
    pub(super) whole: i128,
    /// What was paid for all of it.
    pub(super) paid: i128,
}

impl Banked {
    /// Takes so much out, and gives what was paid for that part: by differences of the rounded
    /// sums so far, so that the whole is worth what was paid.
    pub(super) fn take(&mut self, count: i128, rounding: Rounding) -> Result<i128, Overflow> {
        let worth = |out: i128| mul_div(self.paid, out, self.whole, rounding);
        let out = self.whole - self.left;
        let paid = worth(out + count)? - worth(out)?;
        self.left -= count;
        Ok(paid)
    }
}

/// A commitment in one interval. Figures are counts of its measure, or money in its smallest unit.
pub(super) struct Progress<'t> {
    pub(super) row: &'t InForce<Commitment>,
    /// The start that it is known by, whichever version is in force.
    pub(super) start: Instant,
    pub(super) interval: Window,
    pub(super) measure: Measure,
    pub(super) amount: i128,
    pub(super) drawn_before: i128,
    /// Drawn of the interval's own promise by charges.
    pub(super) drawn: i128,
    /// What fell short at a milestone, or under a commitment within this one, and counts as drawn.
    pub(super) fallen_short: i128,
    pub(super) beyond: i128,
    pub(super) rolled_in: i128,
    pub(super) rolled_drawn: i128,
    pub(super) rolled_out: i128,
    pub(super) made_up: i128,
    pub(super) banked: i128,
    /// What use beyond costs besides its price, in 10^-12 of the smallest unit of money, and what of
    /// that was entered.
    pub(super) overage_exact: Wide,
    pub(super) overage: i128,
    /// What was paid for it ahead, at the start of the term and of the interval.
    pub(super) prepaid: i128,
    pub(super) covered: i128,
    pub(super) short_paid: i128,
    /// What fell short at its end, once that was reached.
    pub(super) shortfall: Option<i128>,
    /// The day on which something was drawn last, how much on it, and on the best day.
    pub(super) day: Instant,
    pub(super) on_day: i128,
    pub(super) best_day: i128,
}

impl<'t> Progress<'t> {
    pub(super) fn new(
        row: &'t InForce<Commitment>,
        (start, interval): (Instant, Window),
        measure: Measure,
    ) -> Self {
        Self {
            row,
            start,
            interval,
            measure,
            amount: 0,
            drawn_before: 0,
            drawn: 0,
            fallen_short: 0,
            beyond: 0,
            rolled_in: 0,
            rolled_drawn: 0,
            rolled_out: 0,
            made_up: 0,
            banked: 0,
            overage_exact: Wide::ZERO,
            overage: 0,
            prepaid: 0,
            covered: 0,
            short_paid: 0,
            shortfall: None,
            day: Instant::MIN,
            on_day: 0,
            best_day: 0,
        }
    }

    /// What counts as drawn of its own promise.
    pub(super) fn used(&self) -> Result<i128, Overflow> {
        let drawn = self.drawn_before.checked_add(self.drawn).ok_or(Overflow)?;
        drawn.checked_add(self.fallen_short).ok_or(Overflow)
    }

    pub(super) fn remaining(&self) -> Result<i128, Overflow> {
        Ok(self.amount.checked_sub(self.used()?).ok_or(Overflow)?.max(0))
    }

    /// Whether the version in force is so until the interval ends.
    pub(super) fn lasts(&self) -> bool {
        self.row.window.end() >= self.interval.end()
    }

    /// What so much is worth by the commitment.
    pub(super) fn value(&self, count: i128, rounding: Rounding) -> Result<Option<Money>, Overflow> {
        Counted { count, of: self.measure }.value(rounding)
    }

    /// Takes note of the day on which so much was drawn.
    fn note(&mut self, day: Instant, count: i128) -> Result<(), Overflow> {
        if self.day != day {
            (self.day, self.on_day) = (day, 0);
        }
        self.on_day = self.on_day.checked_add(count).ok_or(Overflow)?;
        self.best_day = self.best_day.max(self.on_day);
        Ok(())
    }
}

impl<'t> Line<'t> {
    pub(super) fn new(chain: Chain<'t>) -> Self {
        Self {
            chain,
            open: false,
            now: None,
            over: Vec::new(),
            rolled: Vec::new(),
            bank: Vec::new(),
            upfront_done: false,
        }
    }

    /// The interval that runs, where the commitment is in force.
    pub(super) fn running(&self) -> Option<&Progress<'t>> {
        self.now.as_ref().filter(|_| self.open)
    }

    pub(super) fn running_mut(&mut self) -> Option<&mut Progress<'t>> {
        self.now.as_mut().filter(|_| self.open)
    }

    /// Whether a charge counts for it.
    pub(super) fn counts(&self, charge: &Charge, parts: Parts) -> bool {
        let Some(Progress { row, .. }) = self.running() else { return false };
        let (promise, used) = (&row.value, &charge.used);
        let stated_in = match &promise.promise {
            Promise::Spend(amount) => charge.currency == amount.currency,
            Promise::Use { meter, price, .. } => {
                let priced = price.is_some() || promise.overage.is_some();
                used.meter == *meter && (!priced || charge.currency == parts.currency)
            }
        };
        stated_in
            && promise.buyer == charge.payer
            && promise.seller == charge.payee
            && promise.on.counts(used.meter, &used.object, used.site.as_ref(), used.gpu.as_ref())
    }

    /// Draws at most so much of what is promised in the interval; gives how much.
    pub(super) fn draw_own(&mut self, most: i128, day: Instant) -> Result<i128, Overflow> {
        let Some(now) = self.running_mut() else { return Ok(0) };
        let count = now.remaining()?.min(most);
        now.drawn = now.drawn.checked_add(count).ok_or(Overflow)?;
        now.note(day, count)?;
        Ok(count)
    }

    /// Draws at most so much of what rolled over and expires then; gives how much.
    pub(super) fn draw_rolled(
        &mut self,
        expires: Instant,
        most: i128,
        day: Instant,
    ) -> Result<i128, Overflow> {
        let balance = self.rolled.iter_mut().find(|it| it.expires == expires);
        let (Some(balance), Some(now)) = (balance, self.now.as_mut().filter(|_| self.open)) else {
            return Ok(0);
        };
        let count = balance.left.min(most);
        balance.left -= count;
        now.rolled_drawn = now.rolled_drawn.checked_add(count).ok_or(Overflow)?;
        now.note(day, count)?;
        Ok(count)
    }

    /// Draws at most so much of what rolled over, then of what is promised; gives how much.
    pub(super) fn draw_any(&mut self, most: i128, day: Instant) -> Result<i128, Overflow> {
        let mut count = 0;
        let expiries: Vec<Instant> = self.rolled.iter().map(|it| it.expires).collect();
        for expires in expiries {
            count += self.draw_rolled(expires, most - count, day)?;
        }
        Ok(count + self.draw_own(most - count, day)?)
    }

    /// Counts at most so much as drawn without a charge; gives how much.
    pub(super) fn fill(&mut self, most: i128) -> Result<i128, Overflow> {
        let Some(now) = self.running_mut() else { return Ok(0) };
        let count = now.remaining()?.min(most);
        now.fallen_short = now.fallen_short.checked_add(count).ok_or(Overflow)?;
        Ok(count)
    }
}
