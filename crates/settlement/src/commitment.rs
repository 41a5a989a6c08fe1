//! Commitments drawn down by charges, and the shortfall when an interval ends.

use std::collections::BTreeMap;

use comity_base::{
    Currency, Instant, Money, Overflow, PartyId, Rounding, TermId, VersionId, Window, mul_div,
};
use comity_terms::{Commitment, InForce, Interval, Promise, Shortfall};

use crate::charge::Charge;
use crate::journal::{Cause, Reason};
use crate::pending::{Key, Pending};
use crate::terms::MoneyTerms;

/// The part of a charge that a commitment was drawn down by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// The charge's entry in the journal.
    pub entry: u64,
    /// The commitment.
    pub term: TermId,
    /// How much.
    pub amount: Money,
}

/// How far a commitment was drawn down in one of its intervals.
///
/// `drawn_before + drawn + remaining == amount`, unless more was drawn before than is committed;
/// then nothing remains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawdown {
    /// The commitment.
    pub term: TermId,
    /// The last version of it in the period that was in force in the interval.
    pub version: VersionId,
    /// Who buys.
    pub buyer: PartyId,
    /// From whom.
    pub seller: PartyId,
    /// The interval: the period that the term names, or what of a month lies in it.
    pub interval: Window,
    /// What is committed in the interval. For a month, the amount of each version by the seconds
    /// that it is in force in the month, summed and rounded once.
    pub amount: Money,
    /// What was drawn before the period that is settled.
    pub drawn_before: Money,
    /// What was drawn in the period.
    pub drawn: Money,
    /// What is still to be drawn.
    pub remaining: Money,
    /// What of the charges that count was more than remained, and drew no other commitment.
    pub beyond: Money,
    /// Whether the interval has ended.
    pub standing: Standing,
}

/// Where a commitment stands when the period ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its interval goes on.
    Running,
    /// Its interval ended in the period, or with it.
    Ended {
        /// When.
        at: Instant,
        /// What was not drawn.
        shortfall: Money,
        /// What the term says of it: paid, by an entry of the journal, or shown.
        rule: Shortfall,
    },
    /// It went out of force before its interval ended, by a later version or because what it
    /// depends on ceased: there is no shortfall.
    OutOfForce {
        /// When.
        at: Instant,
    },
}

/// The commitments of a deal while a period is settled, segment by segment.
pub(crate) struct Commitments<'t> {
    chains: Vec<Chain<'t>>,
    intervals: BTreeMap<ProgressId, Progress<'t>>,
    period: Window,
    currency: Currency,
    rounding: Rounding,
}

/// One commitment through the times that it is in force, in order.
///
/// A row that ends when the term itself says closes the chain: what follows is another
/// commitment and owes nothing for it.
struct Chain<'t>(Vec<&'t InForce<Commitment>>);

/// A chain, by its index, and the start of its interval.
type ProgressId = (usize, Instant);

/// A chain in one interval.
struct Progress<'t> {
    row: &'t InForce<Commitment>,
    interval: Window,
    amount: i128,
    drawn_before: i128,
    drawn: i128,
    beyond: i128,
    shortfall: Option<i128>,
}

impl Progress<'_> {
    fn remaining(&self) -> Result<i128, Overflow> {
        let drawn = self.drawn_before.checked_add(self.drawn).ok_or(Overflow)?;
        Ok(self.amount.checked_sub(drawn).ok_or(Overflow)?.max(0))
    }

    fn counts(&self, charge: &Charge) -> bool {
        let used = &charge.used;
        self.row.value.buyer == charge.payer
            && self.row.value.seller == charge.payee
            && self.row.value.on.counts(
                used.meter,
                &used.object,
                used.site.as_ref(),
                used.gpu.as_ref(),
            )
    }

    /// Whether the version in force is so until the interval ends.
    fn lasts(&self) -> bool {
        self.row.window.end() >= self.interval.end()
    }
}

impl<'t> Commitments<'t> {
    pub(crate) fn new(terms: &'t MoneyTerms, period: Window) -> Self {
        let MoneyTerms { currency, rounding, .. } = *terms;
        let chains = chains(&terms.commitments);
        Self { chains, intervals: BTreeMap::new(), period, currency, rounding }
    }

    /// Begins the intervals that begin with a slice.
    pub(crate) fn open(&mut self, slice: Window, _pending: &mut Pending) -> Result<(), Overflow> {
        self.open_at(slice).map(|_| ())
    }

    /// Draws the charges of a slice, in the order of the journal.
    ///
    /// Of the commitments that a charge counts for, the one whose interval ends first is drawn
    /// first, then by term. What exceeds one goes to the next, and what exceeds all draws none.
    pub(crate) fn draw(
        &mut self,
        (_segment, index, slice): (Window, usize, Window),
        charges: &[Charge],
        _pending: &mut Pending,
        draws: &mut Vec<Draw>,
    ) -> Result<(), Overflow> {
        let open = self.open_at(slice)?;
        if open.is_empty() {
            return Ok(());
        }
        for charge in charges {
            let part = charge.parts[index];
            let mut left = part.gross - part.discount - part.credited_besides;
            let mut counting = Vec::new();
            for id in &open {
                let Some(progress) = self.intervals.get_mut(id).filter(|it| it.counts(charge))
                else {
                    continue;
                };
                counting.push(*id);
                let amount = progress.remaining()?.min(left);
                if amount == 0 {
                    continue;
                }
                progress.drawn = progress.drawn.checked_add(amount).ok_or(Overflow)?;
                left -= amount;
                draws.push(Draw {
                    entry: charge.entry,
                    term: progress.row.term.clone(),
                    amount: Money { minor: amount, currency: self.currency },
                });
            }
            for id in counting {
                if let Some(progress) = self.intervals.get_mut(&id) {
                    progress.beyond = progress.beyond.checked_add(left).ok_or(Overflow)?;
                }
            }
        }
        Ok(())
    }

    /// Closes the intervals that end with a slice, with the shortfalls that are paid.
    pub(crate) fn close(&mut self, slice: Window, pending: &mut Pending) -> Result<(), Overflow> {
        for progress in self.intervals.values_mut() {
            let end = progress.interval.end();
            if end != slice.end() || end == Instant::MAX || !progress.lasts() {
                continue;
            }
            let shortfall = progress.remaining()?;
            progress.shortfall = Some(shortfall);
            if progress.row.value.shortfall == Shortfall::Pay {
                let key = Key {
                    payer: progress.row.value.buyer.clone(),
                    payee: progress.row.value.seller.clone(),
                    currency: self.currency,
                    reason: Reason::Shortfall,
                    cause: Cause::Term(progress.row.term.clone()),
                    over: progress.interval,
                    supply: None,
                };
                pending.add(key, shortfall, 0)?;
            }
        }
        Ok(())
    }

    /// How far each was drawn, by term, parties and interval.
    pub(crate) fn report(&self) -> Result<Vec<Drawdown>, Overflow> {
        let money = |minor| Money { minor, currency: self.currency };
        let drawdown = |progress: &Progress| {
            let standing = match progress.shortfall {
                Some(shortfall) => Standing::Ended {
                    at: progress.interval.end(),
                    shortfall: money(shortfall),
                    rule: progress.row.value.shortfall,
                },
                None if progress.row.window.end() <= self.period.end() && !progress.lasts() => {
                    Standing::OutOfForce { at: progress.row.window.end() }
                }
                None => Standing::Running,
            };
            Ok(Drawdown {
                term: progress.row.term.clone(),
                version: progress.row.version.clone(),
                buyer: progress.row.value.buyer.clone(),
                seller: progress.row.value.seller.clone(),
                interval: progress.interval,
                amount: money(progress.amount),
                drawn_before: money(progress.drawn_before),
                drawn: money(progress.drawn),
                remaining: money(progress.remaining()?),
                beyond: money(progress.beyond),
                standing,
            })
        };
        self.intervals.values().map(drawdown).collect()
    }

    /// Brings each interval that a segment lies in to what is in force there; their ids in the
    /// order in which charges draw them.
    fn open_at(&mut self, segment: Window) -> Result<Vec<ProgressId>, Overflow> {
        let mut open = Vec::new();
        for (index, chain) in self.chains.iter().enumerate() {
            let Some(row) = chain.at(segment.start()) else { continue };
            let (start, interval) = chain.interval(row, segment.start());
            let runs_before = start <= self.period.start();
            let progress = self.intervals.entry((index, start)).or_insert(Progress {
                row,
                interval,
                amount: 0,
                drawn_before: 0,
                drawn: 0,
                beyond: 0,
                shortfall: None,
            });
            progress.row = row;
            progress.interval = interval;
            progress.amount = chain.amount(row, start, self.rounding)?;
            progress.drawn_before = if runs_before { row.value.drawn_before } else { 0 };
            open.push((interval.end(), &row.term, (index, start)));
        }
        open.sort();
        Ok(open.into_iter().map(|(_, _, id)| id).collect())
    }
}

impl<'t> Chain<'t> {
    /// The version in force.
    fn at(&self, at: Instant) -> Option<&'t InForce<Commitment>> {
        self.0.iter().copied().find(|row| row.window.contains(at))
    }

    /// The start that an interval is known by, whichever version is in force, and the interval
    /// as `row` has it.
    fn interval(&self, row: &InForce<Commitment>, at: Instant) -> (Instant, Window) {
        match row.value.interval {
            Interval::Term => {
                let start = self.0.first().map_or(row.own.start(), |first| first.own.start());
                (start, named(row))
            }
            other => {
                let month = other.around(at, row.own);
                (month.start(), month.intersect(named(row)).unwrap_or(month))
            }
        }
    }

    /// What is committed in the interval that starts at `start`, when `row` is in force.
    fn amount(
        &self,
        row: &InForce<Commitment>,
        start: Instant,
        rounding: Rounding,
    ) -> Result<i128, Overflow> {
        match row.value.interval {
            Interval::Term => Ok(spend(row)),
            other => {
                let month = other.around(start, row.own);
                let mut by_seconds = 0_i128;
                for row in &self.0 {
                    let seconds = row.window.intersect(month).map_or(0, Window::seconds);
                    let part = spend(row).checked_mul(i128::from(seconds));
                    by_seconds = part.and_then(|p| by_seconds.checked_add(p)).ok_or(Overflow)?;
                }
                mul_div(by_seconds, 1, i128::from(month.seconds()), rounding)
            }
        }
    }
}

/// The period that the term names; longer where it is held in force beyond that, as a replay
/// under the terms of another date does.
fn named(row: &InForce<Commitment>) -> Window {
    let start = row.own.start().min(row.window.start());
    Window::new(start, row.own.end().max(row.window.end()))
        .expect("a period ends after it starts, and so does progress that holds it")
}

/// The rows of each commitment, by term, parties and interval.
fn chains(rows: &[InForce<Commitment>]) -> Vec<Chain<'_>> {
    fn key(row: &InForce<Commitment>) -> (&TermId, &PartyId, &PartyId, Interval) {
        (&row.term, &row.value.buyer, &row.value.seller, row.value.interval)
    }
    let mut sorted: Vec<_> = rows.iter().collect();
    sorted.sort_by_key(|row| (key(row), row.window));
    let mut chains: Vec<Chain> = Vec::new();
    for row in sorted {
        match chains.last_mut().and_then(|chain| Some((chain.0.last().copied()?, chain))) {
            Some((last, chain))
                if key(last) == key(row) && last.window.end() < named(last).end() =>
            {
                chain.0.push(row);
            }
            Some(_) | None => chains.push(Chain(vec![row])),
        }
    }
    chains
}

fn spend(row: &InForce<Commitment>) -> i128 {
    match &row.value.promise {
        Promise::Spend(amount) => amount.minor,
        Promise::Use { .. } => 0,
    }
}
