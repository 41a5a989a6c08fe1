//! Intervals end: what was not drawn rolls over, or falls short and is paid or shown.

use std::cmp::Reverse;

use comity_base::{Instant, Overflow, Rounding, Window, mul_div};
use comity_terms::{Shortfall, Unused};

use super::Commitments;
use super::chain::{Chain, named};
use super::line::{Banked, Line, Rolled};
use crate::journal::{Cause, Reason};
use crate::pending::{Key, Pending};

impl Commitments<'_> {
    /// Closes the intervals that end with a slice, the narrower commitments before those that they
    /// count for; before that, what lacks to a milestone falls short.
    pub(crate) fn close(&mut self, slice: Window, pending: &mut Pending) -> Result<(), Overflow> {
        let end = slice.end();
        if end == Instant::MAX {
            return Ok(());
        }
        let mut inner_first: Vec<usize> = (0..self.lines.len()).collect();
        inner_first.sort_by_key(|&line| Reverse(self.levels(line).len()));
        for line in inner_first {
            self.reach_milestones(line, end, pending)?;
            let ended = self.lines[line].running().is_some_and(|now| {
                now.interval.end() == end && now.lasts() && now.shortfall.is_none()
            });
            if ended {
                self.end(line, pending)?;
            }
        }
        Ok(())
    }

    /// What was not drawn by a milestone falls short then, and counts as drawn from then on.
    fn reach_milestones(
        &mut self,
        line: usize,
        at: Instant,
        pending: &mut Pending,
    ) -> Result<(), Overflow> {
        let Some(now) = self.lines[line].running() else { return Ok(()) };
        let over = Window::new(now.interval.start(), at);
        let reached = now.row.value.milestones.iter().find(|milestone| milestone.by == at);
        let (Some(milestone), Ok(over)) = (reached, over) else { return Ok(()) };
        let due = self.parts.stated(&now.row.value.promise, milestone.at_least)?;
        let lacking = due.checked_sub(now.used()?).ok_or(Overflow)?.max(0);
        let lacking = self.lines[line].fill(lacking)?;
        self.fall_short(line, lacking, over, pending)?;
        Ok(())
    }

    /// Ends the interval that runs.
    fn end(&mut self, line: usize, pending: &mut Pending) -> Result<(), Overflow> {
        let rounding = self.parts.rounding;
        let it = &mut self.lines[line];
        let Some(now) = it.now.as_mut() else { return Ok(()) };
        let (row, over, unused) = (now.row, now.interval, now.remaining()?);
        let last = over.end() >= named(row).end();
        let rolls = match row.value.unused {
            Unused::RollsOver { intervals, at_most } if !last => {
                let most = at_most.of(now.amount, rounding)?;
                Some((intervals, unused.min(most)))
            }
            Unused::RollsOver { .. } | Unused::Expires | Unused::MadeUp { .. } => None,
        };
        now.rolled_out = rolls.map_or(0, |(_, count)| count);
        let mut short = unused - now.rolled_out;
        short = short.checked_add(it.expire(over.end(), last)?).ok_or(Overflow)?;
        if let Some((intervals, left)) = rolls.filter(|&(_, left)| left > 0) {
            it.rolled.push(Rolled { expires: Chain::after(row, over.end(), intervals), left });
        }
        let paid = self.fall_short(line, short, over, pending)?;
        let it = &mut self.lines[line];
        if let Unused::MadeUp { intervals } = row.value.unused
            && !last
            && paid > 0
        {
            let expires = Chain::after(row, over.end(), intervals);
            it.bank.push(Banked { expires, left: short, whole: short, paid });
        }
        let banked = it.banked()?;
        if let Some(now) = it.now.as_mut() {
            now.shortfall = Some(short);
            now.banked = banked;
        }
        Ok(())
    }

    /// Pays what falls short, where it is to be paid and was not paid ahead; gives what it was paid
    /// for. What is paid counts for the wider commitments, and is credited by one of them that was
    /// paid ahead.
    fn fall_short(
        &mut self,
        line: usize,
        count: i128,
        over: Window,
        pending: &mut Pending,
    ) -> Result<i128, Overflow> {
        let parts = self.parts;
        let Some(now) = self.lines[line].running_mut() else { return Ok(0) };
        let promise = &now.row.value;
        let ahead = promise.prepaid.is_some();
        let value = now.value(count, parts.rounding)?;
        let Some(value) = value.filter(|_| ahead || promise.shortfall == Shortfall::Pay) else {
            return Ok(0);
        };
        let key = Key {
            payer: promise.buyer.clone(),
            payee: promise.seller.clone(),
            currency: value.currency,
            reason: Reason::Shortfall,
            cause: Cause::Term(now.row.term.clone()),
            over,
            supply: None,
        };
        let mut owed = 0;
        if !ahead {
            owed = value.minor;
            now.short_paid = now.short_paid.checked_add(owed).ok_or(Overflow)?;
            pending.add(key.clone(), owed, 0)?;
        }
        let mut left = count;
        for outer in self.levels(line).into_iter().skip(1) {
            let here = self.lines[outer].fill(count)?;
            let Some(now) = self.lines[outer].running_mut() else { continue };
            let covered = here.min(left);
            if now.row.value.prepaid.is_none() || owed == 0 || covered == 0 {
                continue;
            }
            let credit = mul_div(owed, covered, left, Rounding::HalfEven)?;
            (owed, left) = (owed - credit, left - covered);
            now.covered = now.covered.checked_add(credit).ok_or(Overflow)?;
            let cause = Cause::Term(now.row.term.clone());
            let (payer, payee) = (key.payee.clone(), key.payer.clone());
            let key = Key { reason: Reason::Covered, cause, payer, payee, ..key.clone() };
            pending.add(key, credit, 0)?;
        }
        Ok(value.minor)
    }
}

impl Line<'_> {
    /// What can still be made up.
    pub(super) fn banked(&self) -> Result<i128, Overflow> {
        let mut left = self.bank.iter().map(|banked| banked.left);
        left.try_fold(0_i128, i128::checked_add).ok_or(Overflow)
    }

    /// Takes out what can no longer be drawn or made up; gives what falls short of what rolled over.
    fn expire(&mut self, at: Instant, last: bool) -> Result<i128, Overflow> {
        let mut short = 0_i128;
        for balance in self.rolled.iter_mut().filter(|it| last || it.expires <= at) {
            short = short.checked_add(std::mem::take(&mut balance.left)).ok_or(Overflow)?;
        }
        self.rolled.retain(|balance| balance.left > 0);
        self.bank.retain(|banked| !last && banked.expires > at && banked.left > 0);
        Ok(short)
    }
}
