//! How far commitments were drawn, as reported.

use comity_base::{Instant, Money, Overflow, PartyId, TermId, VersionId, Window};
use comity_terms::Shortfall;

use super::Commitments;
use super::line::{Line, Progress};
use super::measure::Counted;

/// The part of a charge that a commitment was drawn down by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// The charge's entry in the journal.
    pub entry: u64,
    /// The commitment.
    pub term: TermId,
    /// The narrower commitment that drew the same part and counts for this one, where it is so.
    pub through: Option<TermId>,
    /// Which part of the charge.
    pub amount: Money,
    /// By how much the commitment was drawn: for a promise to spend, the same.
    pub counted: Counted,
}

/// How far a commitment was drawn down in one of its intervals.
///
/// `drawn_before + drawn + fallen_short + remaining == amount`, unless more was drawn before than is
/// committed; then nothing remains.
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
    /// The interval: the period that the term names, or what of an hour, day, month, quarter or
    /// year lies in it.
    pub interval: Window,
    /// The part of the interval that was settled.
    pub settled: Window,
    /// What is committed in the interval. For any but the whole term, the amount of each version by
    /// the seconds that it is in force in the interval, summed and rounded once.
    pub amount: Counted,
    /// What was drawn before the period that is settled.
    pub drawn_before: Counted,
    /// What was drawn in the period.
    pub drawn: Counted,
    /// What fell short at milestones, or was paid as a shortfall under a commitment within this
    /// one, and so counts as drawn.
    pub fallen_short: Counted,
    /// What is still to be drawn of what is committed in the interval.
    pub remaining: Counted,
    /// What of the charges that count was more than remained, and drew no other commitment.
    pub beyond: Counted,
    /// What of earlier intervals was still to be drawn when this one began.
    pub rolled_in: Counted,
    /// What of that was drawn in this one.
    pub rolled_drawn: Counted,
    /// What of `remaining` is still to be drawn in later intervals.
    pub rolled_out: Counted,
    /// What was credited in the interval because it was paid for as a shortfall of an earlier one.
    pub made_up: Counted,
    /// What can be made up in later intervals.
    pub banked: Counted,
    /// The most that was drawn on one day, of this and of earlier intervals.
    pub best_day: Counted,
    /// What was paid for it ahead.
    pub prepaid: Money,
    /// What was credited of charges, because it was paid ahead or has a price of its own; below
    /// zero where that price is higher.
    pub covered: Money,
    /// What was paid because it fell short, at milestones and at the end.
    pub shortfall_paid: Money,
    /// What use beyond costs besides its price; below zero where it costs less.
    pub overage: Money,
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
        /// What fell short then: what was not drawn and does not roll over, and what had rolled
        /// over and can no longer be drawn.
        shortfall: Counted,
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

impl Drawdown {
    /// So much of what it counts.
    #[must_use]
    pub fn counted(&self, count: i128) -> Counted {
        Counted { count, ..self.amount }
    }

    /// What counts as drawn of what is committed in the interval.
    #[must_use]
    pub fn used(&self) -> Counted {
        self.counted(self.drawn_before.count + self.drawn.count + self.fallen_short.count)
    }
}

impl Commitments<'_> {
    /// How far each was drawn, by term, parties and interval.
    pub(crate) fn report(&self) -> Result<Vec<Drawdown>, Overflow> {
        let mut all = Vec::new();
        for line in &self.lines {
            for progress in line.over.iter().chain(&line.now) {
                all.push(self.drawdown(line, progress)?);
            }
        }
        Ok(all)
    }

    fn drawdown(&self, line: &Line<'_>, it: &Progress<'_>) -> Result<Drawdown, Overflow> {
        let row = it.row;
        let counted = |count| Counted { count, of: it.measure };
        let money =
            |minor| Money { minor, currency: it.measure.currency().unwrap_or(self.parts.currency) };
        let standing = match it.shortfall {
            Some(shortfall) => Standing::Ended {
                at: it.interval.end(),
                shortfall: counted(shortfall),
                rule: row.value.shortfall,
            },
            None if row.window.end() <= self.period.end() && !it.lasts() => {
                Standing::OutOfForce { at: row.window.end() }
            }
            None => Standing::Running,
        };
        let banked = match standing {
            Standing::Ended { .. } => it.banked,
            Standing::Running => line.banked()?,
            Standing::OutOfForce { .. } => 0,
        };
        Ok(Drawdown {
            term: row.term.clone(),
            version: row.version.clone(),
            buyer: row.value.buyer.clone(),
            seller: row.value.seller.clone(),
            interval: it.interval,
            settled: it.interval.intersect(self.period).unwrap_or(it.interval),
            amount: counted(it.amount),
            drawn_before: counted(it.drawn_before),
            drawn: counted(it.drawn),
            fallen_short: counted(it.fallen_short),
            remaining: counted(it.remaining()?),
            beyond: counted(it.beyond),
            rolled_in: counted(it.rolled_in),
            rolled_drawn: counted(it.rolled_drawn),
            rolled_out: counted(it.rolled_out),
            made_up: counted(it.made_up),
            banked: counted(banked),
            best_day: counted(it.best_day),
            prepaid: money(it.prepaid),
            covered: money(it.covered),
            shortfall_paid: money(it.short_paid),
            overage: money(it.overage),
            standing,
        })
    }
}
