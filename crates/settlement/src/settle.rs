//! The settlement of a period: totals in, journal and reports out.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use comity_base::{Overflow, RateId, Window};
use comity_terms::Rate;

use crate::charge::Charge;
use crate::commitment::{Commitments, Draw, Drawdown};
use crate::credit::{CreditReport, Credits};
use crate::discount::discount;
use crate::dispute::dispute;
use crate::error::{Problem, SettleError};
use crate::fold::{Sum, Sums};
use crate::journal::Journal;
use crate::minimum::Minimums;
use crate::pending::Pending;
use crate::rated::{Rated, Tiers, accrued, movement};
use crate::rating::{Card, Priced, Unrated};
use crate::share::{ShareReport, Shares};
use crate::split::split;
use crate::terms::MoneyTerms;
use crate::totals::{Outside, OutsideSums, Segment, Total, Totals};
use crate::usage::{Supply, Usage};

/// A settled period: what moved, and an account of all that did not.
///
/// Every quantity that came in is in one of four places: an entry of the journal, the own use,
/// the unrated or the use outside the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The period.
    pub period: Window,
    /// The movements of money.
    pub journal: Journal,
    /// Which charges drew down which commitments, in the order of the journal.
    pub draws: Vec<Draw>,
    /// How far each commitment in force was drawn, in each of its intervals.
    pub drawdowns: Vec<Drawdown>,
    /// How far each credit in force was drawn.
    pub credits: Vec<CreditReport>,
    /// What came of each revenue share in force.
    pub shares: Vec<ShareReport>,
    /// What parties used of their own, by segment and supply: no money moves.
    pub own_use: Vec<Total>,
    /// What no line of the rate cards prices, by segment and supply.
    pub unrated: Vec<Unrated>,
    /// What was used before or after the period, by supply.
    pub outside: Vec<Outside>,
}

/// Settles a period: the usage in any order, under the terms as they are in force.
///
/// # Errors
/// [`SettleError`] with every problem: terms that cannot be settled (prices and amounts below
/// zero, units that do not fit their meter, a term in force twice or between a party and itself,
/// shares above the whole), two rates that fit a use equally well, and sums that do not fit in 128
/// bits.
pub fn settle(
    terms: &MoneyTerms,
    period: Window,
    usage: impl IntoIterator<Item: Borrow<Usage>>,
) -> Result<Settlement, SettleError> {
    let mut totals = Totals::new(terms, period);
    for record in usage {
        totals.add(record.borrow());
    }
    totals.settle()
}

impl Totals<'_> {
    /// Settles what was added.
    ///
    /// Segment by segment: each total is priced and rounded once, and accrues slice by slice;
    /// discounts are taken off. Then, slice by slice: credits are drawn, commitments are drawn
    /// down, shares are taken of the sales, and the intervals that end are closed. What came up in
    /// a segment is entered at its end; then costs that are passed on, and what is in dispute.
    ///
    /// # Errors
    /// As [`settle`].
    pub fn settle(self) -> Result<Settlement, SettleError> {
        let Self { terms, period, segments, sums, outside, .. } = self;
        let windows: Vec<Window> = segments.iter().map(|segment| segment.window).collect();
        let mut run = Run::new(terms, terms.problems(&windows));
        let rated = run.rate_all(&segments, &sums);
        drop(sums);
        if run.problems.is_empty() {
            run.price_all(&segments, rated, period);
        }
        let outside = run.outside(outside);
        if run.problems.is_empty() {
            Ok(run.done(period, outside))
        } else {
            Err(run.failed(period))
        }
    }
}

/// A settlement under way.
struct Run<'t> {
    terms: &'t MoneyTerms,
    card: Card<'t>,
    journal: Journal,
    tiers: Tiers<'t>,
    draws: Vec<Draw>,
    drawdowns: Vec<Drawdown>,
    credits: Vec<CreditReport>,
    shares: Vec<ShareReport>,
    own_use: Vec<Total>,
    unrated: Vec<Unrated>,
    problems: Vec<Problem>,
    /// The pairs of rates that are reported already.
    ambiguous: BTreeSet<(&'t RateId, &'t RateId)>,
}

impl<'t> Run<'t> {
    fn new(terms: &'t MoneyTerms, problems: Vec<Problem>) -> Self {
        Self {
            terms,
            card: Card::new(&terms.rates),
            journal: Journal::new(terms.currency),
            tiers: Tiers::default(),
            draws: Vec::new(),
            drawdowns: Vec::new(),
            credits: Vec::new(),
            shares: Vec::new(),
            own_use: Vec::new(),
            unrated: Vec::new(),
            problems,
            ambiguous: BTreeSet::new(),
        }
    }

    /// Gives each total of each segment its place: own use, unrated, or a line that prices it.
    fn rate_all(&mut self, segments: &[Segment], sums: &Sums) -> Vec<Vec<Rated<'t>>> {
        let mut first = 0;
        let mut all = Vec::with_capacity(segments.len());
        for segment in segments {
            let slices = first..first + segment.slices.len();
            first = slices.end;
            let mut rated = Vec::new();
            for (supply, sums) in sums.of_slices(slices) {
                let what = || total(supply, segment.window);
                let quantities = sums.into_iter().map(Sum::value).collect();
                let Some(quantities) = self.fits(quantities, what) else { continue };
                rated.extend(self.rate(segment.window, supply.clone(), quantities));
            }
            let counted = self.tiers.count(segment.window, &rated);
            self.fits(counted, || format!("what tiers count up to {}", segment.window.end()));
            all.push(rated);
        }
        all
    }

    fn rate(
        &mut self,
        segment: Window,
        supply: Supply,
        quantities: Vec<i128>,
    ) -> Option<Rated<'t>> {
        let sum = quantities.iter().try_fold(0_i128, |sum, it| sum.checked_add(*it));
        let quantity = self.fits(sum.ok_or(Overflow), || total(&supply, segment))?;
        if supply.is_own_use() {
            self.own_use.push(Total { segment, supply, quantity });
            return None;
        }
        match self.card.price(&supply, segment) {
            // A problem of the terms, reported with them.
            Priced::By(rate) if rate.price.prices().any(|price| price.is_negative()) => None,
            Priced::By(rate) => Some(Rated { rate, supply, quantities }),
            Priced::Ambiguous(first, second) => {
                self.report_ambiguous(first, second, segment, &supply);
                None
            }
            Priced::Not(why) => {
                self.unrated.push(Unrated { total: Total { segment, supply, quantity }, why });
                None
            }
        }
    }

    /// Prices every segment, in order.
    fn price_all(&mut self, segments: &[Segment], rated: Vec<Vec<Rated<'t>>>, period: Window) {
        let mut terms = Terms {
            minimums: Minimums::new(self.terms, period),
            credits: Credits::new(self.terms, period),
            commitments: Commitments::new(self.terms, period),
            shares: Shares::new(self.terms, period),
        };
        for (segment, rated) in segments.iter().zip(rated) {
            let settled = self.price(segment, &rated, &mut terms);
            self.fits(settled, || format!("what is settled in {}", segment.window));
            if !self.problems.is_empty() {
                return;
            }
        }
        let drawdowns = self.fits(terms.commitments.report(), || "what is committed".to_owned());
        let credits = self.fits(terms.credits.report(), || "what is credited".to_owned());
        let shares = self.fits(terms.shares.report(), || "what is shared".to_owned());
        self.draws = terms.commitments.draws();
        self.drawdowns = drawdowns.unwrap_or_default();
        self.credits = credits.unwrap_or_default();
        self.shares = shares.unwrap_or_default();
    }

    fn price(
        &mut self,
        segment: &Segment,
        rated: &[Rated<'t>],
        terms: &mut Terms<'t>,
    ) -> Result<(), Overflow> {
        let costs = self.tiers.costs(segment.window, rated)?;
        let mut charges: Vec<Charge> = Vec::with_capacity(rated.len());
        for (one, costs) in rated.iter().zip(&costs) {
            let movement = movement(self.terms, segment.window, one, costs)?;
            let entry = self.journal.next_id();
            charges.push(accrued(entry, &movement, &one.rate.id, &one.quantities, costs)?);
            self.journal.enter(movement)?;
        }
        let mut pending = Pending::default();
        discount(self.terms, segment.window, &mut charges, &mut pending)?;
        for (index, &slice) in segment.slices.iter().enumerate() {
            terms.credits.draw(segment.window, (index, slice), &mut charges, &mut pending)?;
            terms.commitments.open(slice, &mut pending)?;
            terms.commitments.draw((segment.window, index, slice), &charges, &mut pending)?;
            terms.shares.open(slice, &mut pending)?;
            terms.shares.pay((segment.window, index, slice), &charges, &mut pending)?;
            terms.minimums.count(index, &charges, slice)?;
            terms.commitments.close(slice, &mut pending)?;
            terms.shares.close(slice, &mut pending)?;
            terms.minimums.close(slice, &mut pending)?;
        }
        let first = charges.first().map_or_else(|| self.journal.next_id(), |charge| charge.entry);
        pending.enter(&mut self.journal, segment.window)?;
        let mut passed_on = Pending::default();
        split(self.terms, segment.window, self.journal.since(first), &mut passed_on)?;
        passed_on.enter(&mut self.journal, segment.window)?;
        let mut disputed = Pending::default();
        dispute(self.terms, segment.window, &self.journal, &mut disputed)?;
        disputed.enter(&mut self.journal, segment.window)
    }

    fn report_ambiguous(
        &mut self,
        first: &'t Rate,
        second: &'t Rate,
        segment: Window,
        supply: &Supply,
    ) {
        if self.ambiguous.insert((&first.id, &second.id)) {
            self.problems.push(Problem::AmbiguousRate {
                first: first.id.clone(),
                first_at: first.position.clone(),
                second: second.id.clone(),
                second_at: second.position.clone(),
                segment,
                supply: supply.to_string(),
            });
        }
    }

    fn outside(&mut self, outside: BTreeMap<Supply, OutsideSums>) -> Vec<Outside> {
        let mut all = Vec::with_capacity(outside.len());
        for (supply, OutsideSums { before, after, lowest_id }) in outside {
            let what = || format!("{supply}, outside the period");
            let before = self.fits(before.value(), what);
            let after = self.fits(after.value(), what);
            if let Some((before, after)) = before.zip(after) {
                all.push(Outside { supply, before, after, lowest_id });
            }
        }
        all
    }

    fn done(self, period: Window, outside: Vec<Outside>) -> Settlement {
        Settlement {
            period,
            journal: self.journal,
            draws: self.draws,
            drawdowns: self.drawdowns,
            credits: self.credits,
            shares: self.shares,
            own_use: self.own_use,
            unrated: self.unrated,
            outside,
        }
    }

    fn failed(self, period: Window) -> SettleError {
        SettleError { period, problems: self.problems }
    }

    /// The value, or nothing and a problem.
    fn fits<T>(&mut self, value: Result<T, Overflow>, what: impl Fn() -> String) -> Option<T> {
        value.map_err(|source| self.problems.push(Problem::TooLarge { what: what(), source })).ok()
    }
}

/// The terms that have a memory, while a period is settled.
struct Terms<'t> {
    minimums: Minimums<'t>,
    credits: Credits<'t>,
    commitments: Commitments<'t>,
    shares: Shares<'t>,
}

fn total(supply: &Supply, segment: Window) -> String {
    format!("{supply} in {segment}")
}
