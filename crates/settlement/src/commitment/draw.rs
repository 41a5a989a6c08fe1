//! Charges draw commitments down: in order, for the wider ones too, from the make-up bank, and
//! beyond.

use comity_base::{Instant, Overflow, Rounding, TermId, Wide, Window, mul_div};
use comity_terms::Commitment;

use super::measure::Counted;
use super::order::{Source, Turn};
use super::share::Share;
use super::{Commitments, Draw};
use crate::charge::Charge;
use crate::journal::{Cause, Reason};
use crate::pending::{Key, Pending};
use crate::usage::Supply;

/// Factors have at most twelve digits behind the point.
const TRILLION: i128 = 1_000_000_000_000;

/// What a charge has drawn of a commitment; through which narrower one, where it did so through
/// one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DrawKey {
    entry: u64,
    line: usize,
    through: Option<usize>,
}

/// What came together under one key.
pub(super) struct Drawn {
    /// The place in which it came up first.
    place: usize,
    draw: Draw,
}

/// What a charge has drawn in one interval at the commitment's own price.
#[derive(Default)]
pub(super) struct AtPrice {
    count: i128,
    share: Share,
}

/// A charge and when it draws.
#[derive(Clone, Copy)]
struct Drawing<'c> {
    charge: &'c Charge,
    segment: Window,
    day: Instant,
}

impl Commitments<'_> {
    /// Draws the charges of a slice, in the order of the journal.
    ///
    /// What exceeds one commitment goes to the next; what exceeds all is made up from what was paid
    /// for before, and the rest is beyond them.
    pub(crate) fn draw(
        &mut self,
        (segment, index, slice): (Window, usize, Window),
        charges: &[Charge],
        pending: &mut Pending,
    ) -> Result<(), Overflow> {
        let turns = self.turns();
        if turns.is_empty() {
            return Ok(());
        }
        let bank = self.bank(&turns);
        let day = comity_base::Cadence::Day.around(slice.start()).start();
        for charge in charges {
            let mut share = Share::of(&charge.parts[index]);
            let drawing = Drawing { charge, segment, day };
            let counting = |turn: &&Turn| self.lines[turn.line].counts(charge, self.parts);
            let counting: Vec<Turn> = turns.iter().filter(counting).copied().collect();
            for turn in &counting {
                self.take_turn(drawing, *turn, &mut share, pending)?;
            }
            for &(_, line, at) in &bank {
                if counting.iter().any(|turn| turn.line == line) {
                    self.make_up(drawing, (line, at), &mut share, pending)?;
                }
            }
            self.beyond(&counting, charge, &share)?;
        }
        self.enter_overage(segment, pending)?;
        self.enter_prices(segment, slice, charges, pending)
    }

    fn take_turn(
        &mut self,
        drawing: Drawing<'_>,
        turn: Turn,
        share: &mut Share,
        pending: &mut Pending,
    ) -> Result<(), Overflow> {
        let (digits, day) = (self.parts.digits, drawing.day);
        let line = &mut self.lines[turn.line];
        let Some(now) = line.running() else { return Ok(()) };
        let whole = share.counted(&now.row.value, drawing.charge, digits)?;
        let count = match turn.from {
            Source::Rolled(expires) => line.draw_rolled(expires, whole, day)?,
            Source::Own => line.draw_own(whole, day)?,
        };
        if count == 0 {
            return Ok(());
        }
        let piece = share.take(count, whole)?;
        self.count_outwards(drawing, turn.line, (count, piece), pending)
    }

    /// Counts what was drawn from one commitment for it and for the wider ones, and settles how it
    /// is paid: not at all where one of them is paid ahead, else at the price that the narrowest
    /// names.
    fn count_outwards(
        &mut self,
        drawing: Drawing<'_>,
        line: usize,
        (count, piece): (i128, Share),
        pending: &mut Pending,
    ) -> Result<(), Overflow> {
        let (mut left, mut rest) = (count, piece);
        let mut priced = None;
        for level in self.levels(line) {
            let through = (level != line).then_some(line);
            let here = match through {
                None => count,
                Some(_) => self.lines[level].draw_any(count, drawing.day)?,
            };
            if here == 0 {
                continue;
            }
            self.note_draw(drawing.charge, (level, through), (here, count), &piece)?;
            let Some(now) = self.lines[level].running_mut() else { continue };
            if now.row.value.prepaid.is_some() {
                let ahead = here.min(left);
                if ahead == 0 {
                    continue;
                }
                let covered = rest.take(ahead, left)?;
                left -= ahead;
                now.covered = now.covered.checked_add(covered.payable).ok_or(Overflow)?;
                let key = credited(drawing, Reason::Covered, &now.row.term);
                pending.add(key, covered.payable, covered.quantity)?;
            } else if priced.is_none() && now.measure.price().is_some() {
                priced = Some((level, now.start, here));
            }
        }
        let Some((level, start, here)) = priced else { return Ok(()) };
        let here = here.min(left);
        if here > 0 {
            let part = rest.take(here, left)?;
            let at = self.at_price.entry((level, start, drawing.charge.entry)).or_default();
            at.count = at.count.checked_add(here).ok_or(Overflow)?;
            at.share = at.share.plus(part)?;
        }
        Ok(())
    }

    fn note_draw(
        &mut self,
        charge: &Charge,
        (line, through): (usize, Option<usize>),
        (count, of): (i128, i128),
        piece: &Share,
    ) -> Result<(), Overflow> {
        let Some(now) = self.lines[line].running() else { return Ok(()) };
        let amount = mul_div(piece.money(&now.row.value), count, of, Rounding::HalfEven)?;
        let measure = now.measure;
        let term = now.row.term.clone();
        let within = through.and_then(|it| self.lines[it].running()).map(|it| it.row.term.clone());
        let place = self.draws.len();
        let key = DrawKey { entry: charge.entry, line, through };
        let zero = comity_base::Money::zero(charge.currency);
        let drawn = self.draws.entry(key).or_insert_with(|| Drawn {
            place,
            draw: Draw {
                entry: charge.entry,
                term,
                through: within,
                amount: zero,
                counted: Counted { count: 0, of: measure },
            },
        });
        let sum = &mut drawn.draw;
        sum.amount.minor = sum.amount.minor.checked_add(amount).ok_or(Overflow)?;
        sum.counted.count = sum.counted.count.checked_add(count).ok_or(Overflow)?;
        Ok(())
    }

    /// What can be made up, by when it expires and then in the order of drawdown: the commitment
    /// and the place in its bank.
    fn bank(&self, turns: &[Turn]) -> Vec<(Instant, usize, usize)> {
        let own = turns.iter().filter(|turn| turn.from == Source::Own);
        let mut bank: Vec<(Instant, usize, usize)> = own
            .flat_map(|turn| {
                let entries = self.lines[turn.line].bank.iter().enumerate();
                entries.map(|(at, banked)| (banked.expires, turn.line, at))
            })
            .collect();
        // Stable, so that the order of drawdown breaks a tie.
        bank.sort_by_key(|&(expires, _, _)| expires);
        bank
    }

    /// Credits what was paid for before and is used now: only once what is promised in the interval
    /// is met, and at most what is charged.
    fn make_up(
        &mut self,
        drawing: Drawing<'_>,
        (line, at): (usize, usize),
        share: &mut Share,
        pending: &mut Pending,
    ) -> Result<(), Overflow> {
        let parts = self.parts;
        let line = &mut self.lines[line];
        let Some(now) = line.now.as_mut().filter(|_| line.open) else { return Ok(()) };
        if now.remaining()? > 0 {
            return Ok(());
        }
        let whole = share.counted(&now.row.value, drawing.charge, parts.digits)?;
        let banked = &mut line.bank[at];
        let count = banked.left.min(whole);
        if count == 0 {
            return Ok(());
        }
        let piece = share.take(count, whole)?;
        let paid = banked.take(count, parts.rounding)?;
        now.made_up = now.made_up.checked_add(count).ok_or(Overflow)?;
        let key = credited(drawing, Reason::MadeUp, &now.row.term);
        pending.add(key, paid.min(piece.payable), piece.quantity)
    }

    /// Takes note of what drew no commitment. Of those that it counts for, the first that names an
    /// overage charges it.
    fn beyond(
        &mut self,
        counting: &[Turn],
        charge: &Charge,
        share: &Share,
    ) -> Result<(), Overflow> {
        let digits = self.parts.digits;
        let mut overage = share.net;
        for turn in counting.iter().filter(|turn| turn.from == Source::Own) {
            let Some(now) = self.lines[turn.line].running_mut() else { continue };
            let count = share.counted(&now.row.value, charge, digits)?;
            now.beyond = now.beyond.checked_add(count).ok_or(Overflow)?;
            if let Some(factor) = now.row.value.overage {
                let above = factor.at_scale(12).and_then(|it| it.checked_sub(TRILLION));
                let more = Wide::product(std::mem::take(&mut overage), above.ok_or(Overflow)?);
                now.overage_exact = now.overage_exact.plus(more)?;
            }
        }
        Ok(())
    }

    /// Enters what use beyond costs besides its price, or is let off: by differences of the rounded
    /// sums so far, so that each interval's is rounded once.
    fn enter_overage(&mut self, segment: Window, pending: &mut Pending) -> Result<(), Overflow> {
        let parts = self.parts;
        for now in self.lines.iter_mut().filter_map(|line| line.running_mut()) {
            let until = now.overage_exact.over(Wide::from(TRILLION), parts.rounding)?;
            let more = until - std::mem::replace(&mut now.overage, until);
            let Commitment { buyer, seller, .. } = &now.row.value;
            let (reason, payer, payee) = if more >= 0 {
                (Reason::Overage, buyer, seller)
            } else {
                (Reason::OverageDiscount, seller, buyer)
            };
            let key = Key {
                reason,
                cause: Cause::Term(now.row.term.clone()),
                payer: payer.clone(),
                payee: payee.clone(),
                currency: now.measure.currency().unwrap_or(parts.currency),
                over: segment,
                supply: None,
            };
            pending.add(key, more.abs(), 0)?;
        }
        Ok(())
    }

    /// Enters the difference between what was charged and what it costs at a commitment's own
    /// price: once for each charge and interval, when the first of the two ends.
    fn enter_prices(
        &mut self,
        segment: Window,
        slice: Window,
        charges: &[Charge],
        pending: &mut Pending,
    ) -> Result<(), Overflow> {
        let ends = |line: usize| {
            let now = self.lines[line].running();
            slice.end() == segment.end() || now.is_some_and(|it| it.interval.end() == slice.end())
        };
        let due: Vec<_> = self.at_price.keys().copied().filter(|&(line, ..)| ends(line)).collect();
        for key in due {
            let (line, _, entry) = key;
            let charge = charges.iter().find(|charge| charge.entry == entry);
            let (Some(at), Some(charge)) = (self.at_price.remove(&key), charge) else { continue };
            let Some(now) = self.lines[line].running_mut() else { continue };
            let Some(cost) = now.value(at.count, self.parts.rounding)? else { continue };
            let less = at.share.price.checked_sub(cost.minor).ok_or(Overflow)?;
            let less = less.min(at.share.payable);
            now.covered = now.covered.checked_add(less).ok_or(Overflow)?;
            let drawing = Drawing { charge, segment, day: slice.start() };
            let mut key = credited(drawing, Reason::Covered, &now.row.term);
            if less < 0 {
                std::mem::swap(&mut key.payer, &mut key.payee);
            }
            pending.add(key, less.abs(), at.share.quantity)?;
        }
        Ok(())
    }

    /// What charges drew, in the order of the journal.
    pub(crate) fn draws(&self) -> Vec<Draw> {
        let mut draws: Vec<&Drawn> = self.draws.values().collect();
        draws.sort_by_key(|drawn| (drawn.draw.entry, drawn.place));
        draws.into_iter().map(|drawn| drawn.draw.clone()).collect()
    }
}

/// What is credited of a charge, by a term.
fn credited(drawing: Drawing<'_>, reason: Reason, term: &TermId) -> Key {
    let charge = drawing.charge;
    Key {
        reason,
        cause: Cause::Term(term.clone()),
        payer: charge.payee.clone(),
        payee: charge.payer.clone(),
        currency: charge.currency,
        over: drawing.segment,
        supply: Some(Supply::charged(charge)),
    }
}
