//! Revenue shares: a rate of one party's sales, passed on to another, up to a cap.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{
    Currency, Money, ObjectId, Overflow, PartyId, Rounding, TermId, VersionId, Window,
};
use comity_terms::{InForce, RevenueShare};

use crate::journal::{Cause, Entry, Movement, Reason};

/// What came of one revenue share in the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareReport {
    /// The term.
    pub term: TermId,
    /// Who passes it on.
    pub payer: PartyId,
    /// Who receives it.
    pub payee: PartyId,
    /// The sales that it is a share of.
    pub base: Money,
    /// The share, whatever the cap.
    pub gross: Money,
    /// What is paid of it.
    pub paid: Money,
    /// How the cap stands, for a term that has one.
    pub cap: Option<ShareCap>,
    /// The segments, in order; base, gross and paid are their sums.
    pub parts: Vec<SharePart>,
}

/// How a cap stands when the period ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareCap {
    /// The most that is ever paid.
    pub total: Money,
    /// What was paid before the period.
    pub paid_before: Money,
    /// What may still be paid.
    pub remaining: Money,
    /// The first segment in which it held back a part of the share.
    pub bound_in: Option<Window>,
}

/// A revenue share in one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharePart {
    /// The part of the period.
    pub segment: Window,
    /// The version in force.
    pub version: VersionId,
    /// The sales in it.
    pub base: Money,
    /// The share of them, rounded once.
    pub gross: Money,
    /// What is paid of it, under the cap.
    pub paid: Money,
}

/// The shares of a deal while a period is settled, segment by segment.
pub(crate) struct Shares<'t> {
    /// By term and window.
    rows: Vec<&'t InForce<RevenueShare>>,
    by_term: BTreeMap<(&'t TermId, &'t PartyId, &'t PartyId), Progress<'t>>,
    currency: Currency,
    rounding: Rounding,
}

/// One share through its versions.
struct Progress<'t> {
    row: &'t InForce<RevenueShare>,
    sums: Sums,
    bound_in: Option<Window>,
    parts: Vec<SharePart>,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    base: i128,
    gross: i128,
    paid: i128,
}

impl Progress<'_> {
    /// What may still be paid under the cap of the version in force.
    fn room(&self) -> Result<Option<i128>, Overflow> {
        let Some(cap) = self.row.value.cap else { return Ok(None) };
        let paid = cap.paid_before.minor.checked_add(self.sums.paid).ok_or(Overflow)?;
        Ok(Some(cap.total.minor.checked_sub(paid).ok_or(Overflow)?.max(0)))
    }
}

impl<'t> Shares<'t> {
    pub(crate) fn new(
        rows: &'t [InForce<RevenueShare>],
        currency: Currency,
        rounding: Rounding,
    ) -> Self {
        let mut rows: Vec<_> = rows.iter().collect();
        rows.sort_by_key(|row| (&row.term, &row.value.payer, &row.value.payee, row.window));
        Self { rows, by_term: BTreeMap::new(), currency, rounding }
    }

    /// The shares of a segment's charges, each rounded once and held under its cap.
    ///
    /// The base is the payer's sales: its charges for tokens of the products that the term
    /// names, to anyone, the payee included. Charges for capacity or power are no sales of a
    /// product, and own use is no sale.
    pub(crate) fn pay(
        &mut self,
        segment: Window,
        charges: &[Entry],
    ) -> Result<Vec<Movement>, Overflow> {
        let sales = sales(charges)?;
        let mut movements = Vec::new();
        for row in self.rows.iter().copied().filter(|row| row.window.contains(segment.start())) {
            let share = &row.value;
            let mut base = 0_i128;
            for product in share.base.iter().collect::<BTreeSet<_>>() {
                let sold = sales.get(&(&share.payer, product)).copied().unwrap_or(0);
                base = base.checked_add(sold).ok_or(Overflow)?;
            }
            let gross = share.rate.of(base, self.rounding)?;
            let progress =
                self.by_term.entry((&row.term, &share.payer, &share.payee)).or_insert_with(|| {
                    Progress { row, sums: Sums::default(), bound_in: None, parts: Vec::new() }
                });
            progress.row = row;
            let paid = progress.room()?.map_or(gross, |room| room.min(gross));
            progress.add(segment, Sums { base, gross, paid }, self.currency)?;
            if paid > 0 {
                movements.push(Movement {
                    payer: share.payer.clone(),
                    payee: share.payee.clone(),
                    amount_minor: paid,
                    reason: Reason::RevenueShare,
                    cause: Cause::Term(row.term.clone()),
                    segment,
                    used: None,
                });
            }
        }
        Ok(movements)
    }

    /// What came of each share that was in force, by term and parties.
    pub(crate) fn report(self) -> Result<Vec<ShareReport>, Overflow> {
        let money = |minor| Money { minor, currency: self.currency };
        let report = |progress: Progress| {
            let remaining = progress.room()?;
            let cap = progress.row.value.cap.zip(remaining).map(|(cap, remaining)| ShareCap {
                total: cap.total,
                paid_before: cap.paid_before,
                remaining: money(remaining),
                bound_in: progress.bound_in,
            });
            Ok(ShareReport {
                term: progress.row.term.clone(),
                payer: progress.row.value.payer.clone(),
                payee: progress.row.value.payee.clone(),
                base: money(progress.sums.base),
                gross: money(progress.sums.gross),
                paid: money(progress.sums.paid),
                cap,
                parts: progress.parts,
            })
        };
        self.by_term.into_values().map(report).collect()
    }
}

impl Progress<'_> {
    fn add(&mut self, segment: Window, part: Sums, currency: Currency) -> Result<(), Overflow> {
        let sum = |left: i128, right: i128| left.checked_add(right).ok_or(Overflow);
        self.sums = Sums {
            base: sum(self.sums.base, part.base)?,
            gross: sum(self.sums.gross, part.gross)?,
            paid: sum(self.sums.paid, part.paid)?,
        };
        if part.paid < part.gross {
            self.bound_in = self.bound_in.or(Some(segment));
        }
        let money = |minor| Money { minor, currency };
        self.parts.push(SharePart {
            segment,
            version: self.row.version.clone(),
            base: money(part.base),
            gross: money(part.gross),
            paid: money(part.paid),
        });
        Ok(())
    }
}

/// What each party sold of each product, in the smallest unit of money.
fn sales(charges: &[Entry]) -> Result<BTreeMap<(&PartyId, &ObjectId), i128>, Overflow> {
    let mut sales = BTreeMap::new();
    for charge in charges {
        match &charge.reason {
            Reason::Sale { product } => {
                let sold: &mut i128 = sales.entry((&charge.payee, product)).or_default();
                *sold = sold.checked_add(charge.amount.minor).ok_or(Overflow)?;
            }
            Reason::Capacity | Reason::Power | Reason::RevenueShare | Reason::Shortfall => {}
        }
    }
    Ok(sales)
}
