//! The settlement of a period: totals in, journal and reports out.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use comity_base::{Overflow, RateId, Window};
use comity_terms::Rate;

use crate::commitment::{Commitments, Draw, Drawdown};
use crate::error::{Problem, SettleError};
use crate::journal::{Cause, Journal, Movement, Reason, Used};
use crate::rating::{Card, Priced, Unrated, charge};
use crate::share::{ShareReport, Shares};
use crate::terms::MoneyTerms;
use crate::totals::{Outside, OutsideSums, Sum, Total, Totals};
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
/// zero, units that do not fit their meter, another currency, a term in force twice or between a
/// party and itself, shares above the whole), two rates that fit a use equally well, and sums that do not fit in 128 bits.
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
    /// Segment by segment: each total is rated and rounded once, the charges draw down the
    /// commitments, the shares are taken of the sales, and the intervals that end are closed.
    ///
    /// # Errors
    /// As [`settle`].
    pub fn settle(self) -> Result<Settlement, SettleError> {
        let Self { terms, period, segments, sums, outside, .. } = self;
        let MoneyTerms { currency, rounding, .. } = *terms;
        let mut run = Run::new(terms, terms.problems(&segments));
        let mut commitments = Commitments::new(&terms.commitments, period, currency, rounding);
        let mut shares = Shares::new(&terms.shares, currency, rounding);
        let mut draws = Vec::new();
        for (&segment, totals) in segments.iter().zip(sums) {
            let first = run.journal.entries().len();
            run.rate(segment, totals);
            if !run.problems.is_empty() {
                // Nothing will be settled; the other segments are rated to find their problems.
                continue;
            }
            let charges = run.journal.entries().get(first..).unwrap_or_default();
            let drawn = commitments.draw(segment, charges, &mut draws);
            let shared = shares.pay(segment, charges);
            let short = commitments.close(segment);
            run.fits(drawn, || format!("what is drawn from the commitments in {segment}"));
            run.enter_all(shared, || format!("what is shared in {segment}"));
            run.enter_all(short, || format!("what falls short at the end of {segment}"));
        }
        let drawdowns = run.fits(commitments.report(), || "what is committed".to_owned());
        let shares = run.fits(shares.report(), || "what is shared".to_owned());
        let outside = run.outside(outside);
        match (drawdowns, shares) {
            (Some(drawdowns), Some(shares)) if run.problems.is_empty() => Ok(Settlement {
                period,
                journal: run.journal,
                draws,
                drawdowns,
                shares,
                own_use: run.own_use,
                unrated: run.unrated,
                outside,
            }),
            _ => Err(SettleError { period, problems: run.problems }),
        }
    }
}

/// A settlement under way.
struct Run<'t> {
    terms: &'t MoneyTerms,
    card: Card<'t>,
    journal: Journal,
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
            own_use: Vec::new(),
            unrated: Vec::new(),
            problems,
            ambiguous: BTreeSet::new(),
        }
    }

    /// Gives each total of a segment its place: own use, unrated or a charge in the journal.
    fn rate(&mut self, segment: Window, totals: BTreeMap<Supply, Sum>) {
        for (supply, sum) in totals {
            let Some(quantity) = self.fits(sum.0.ok_or(Overflow), || total(&supply, segment))
            else {
                continue;
            };
            if supply.is_own_use() {
                self.own_use.push(Total { segment, supply, quantity });
                continue;
            }
            match self.card.price(&supply, segment) {
                Priced::By(rate) => self.charge(rate, Total { segment, supply, quantity }),
                Priced::Ambiguous(first, second) => {
                    self.report_ambiguous(first, second, segment, &supply);
                }
                Priced::Not(why) => {
                    self.unrated.push(Unrated { total: Total { segment, supply, quantity }, why });
                }
            }
        }
    }

    fn charge(&mut self, rate: &Rate, Total { segment, supply, quantity }: Total) {
        if rate.price.is_negative() {
            // A problem of the terms, reported with them.
            return;
        }
        let charge =
            charge(quantity, rate, segment.start(), self.terms.currency, self.terms.rounding);
        let what = || format!("the charge for {}", total(&supply, segment));
        let Some(amount) = self.fits(charge, what) else { return };
        let movement = Movement {
            payer: supply.buyer,
            payee: supply.seller,
            amount_minor: amount.minor,
            reason: Reason::of_charge(supply.meter, &supply.object),
            cause: Cause::Rate(rate.id.clone()),
            segment,
            used: Some(Used {
                meter: supply.meter,
                quantity,
                object: supply.object,
                site: supply.site,
                gpu: supply.gpu,
            }),
        };
        self.enter(movement, || format!("what is charged up to the end of {segment}"));
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

    fn enter_all(&mut self, movements: Result<Vec<Movement>, Overflow>, what: impl Fn() -> String) {
        for movement in self.fits(movements, &what).unwrap_or_default() {
            self.enter(movement, &what);
        }
    }

    fn enter(&mut self, movement: Movement, what: impl Fn() -> String) {
        let entered = self.journal.enter(movement);
        self.fits(entered, what);
    }

    fn outside(&mut self, outside: BTreeMap<Supply, OutsideSums>) -> Vec<Outside> {
        let mut all = Vec::with_capacity(outside.len());
        for (supply, OutsideSums { before, after, lowest_id }) in outside {
            let what = || format!("{supply}, outside the period");
            let before = self.fits(before.0.ok_or(Overflow), what);
            let after = self.fits(after.0.ok_or(Overflow), what);
            if let Some((before, after)) = before.zip(after) {
                all.push(Outside { supply, before, after, lowest_id });
            }
        }
        all
    }

    /// The value, or nothing and a problem.
    fn fits<T>(&mut self, value: Result<T, Overflow>, what: impl Fn() -> String) -> Option<T> {
        value.map_err(|source| self.problems.push(Problem::TooLarge { what: what(), source })).ok()
    }
}

fn total(supply: &Supply, segment: Window) -> String {
    format!("{supply} in {segment}")
}
