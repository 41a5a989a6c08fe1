//! Revenue shares: a part of one party's sales, passed on to another, within limits.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{
    Currency, Instant, Money, ObjectId, Overflow, PartyId, Ratio, Rounding, TermId, VersionId,
    Wide, Window, mul_div,
};
use comity_terms::{Bracket, InForce, Interval, Less, Periodic, RevenueShare, ShareRate};

use crate::charge::Charge;
use crate::journal::{Cause, Reason};
use crate::pending::{Key, Pending};
use crate::terms::MoneyTerms;

/// What came of one revenue share in the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareReport {
    /// The term.
    pub term: TermId,
    /// Who passes it on.
    pub payer: PartyId,
    /// Who receives it.
    pub payee: PartyId,
    /// The sales that it is a share of, less what makes them net.
    pub base: Money,
    /// The share, whatever the limits.
    pub gross: Money,
    /// What is paid, guarantees and floors included.
    pub paid: Money,
    /// What was paid in advance and is still to be set against shares.
    pub unrecouped: Money,
    /// How the cap stands, for a term that has one.
    pub cap: Option<ShareCap>,
    /// The segments, in order; base, gross and paid are their sums.
    pub parts: Vec<SharePart>,
}

/// How a cap over the term stands when the period ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareCap {
    /// The most that is ever paid.
    pub total: Money,
    /// What was paid before the period.
    pub paid_before: Money,
    /// What may still be paid.
    pub remaining: Money,
    /// The first slice, a day unless terms count hours, in which it held back a part of the share.
    pub bound_in: Option<Window>,
}

/// A revenue share in one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharePart {
    /// The part of the period.
    pub segment: Window,
    /// The version in force.
    pub version: VersionId,
    /// The base in it.
    pub base: Money,
    /// The share of it.
    pub gross: Money,
    /// What is paid of it, within the limits.
    pub paid: Money,
}

/// The shares of a deal while a period is settled, slice by slice.
pub(crate) struct Shares<'t> {
    /// By term and window.
    rows: Vec<&'t InForce<RevenueShare>>,
    by_term: BTreeMap<Id<'t>, Progress<'t>>,
    currency: Currency,
    rounding: Rounding,
    period: Window,
}

/// A share between its parties, in one currency.
type Id<'t> = (&'t TermId, &'t PartyId, &'t PartyId, Currency);

/// One share through its versions.
struct Progress<'t> {
    row: &'t InForce<RevenueShare>,
    sums: Sums,
    scope: Scope,
    /// What was overpaid when a net base fell, to be set against later shares; zero or less.
    carried: i128,
    unrecouped: i128,
    /// What was paid in the interval of the cap for each interval, and when that began.
    capped: (Instant, i128),
    /// The same for the floor.
    floored: (Instant, i128),
    bound_in: Option<Window>,
    parts: Vec<SharePart>,
}

/// What is rounded together: the share is rounded by differences of what it comes to so far, so
/// that its parts add up to the share of the whole.
struct Scope {
    /// Since when: the start of the version's period or, for brackets, of their interval.
    since: (Instant, Instant),
    base: i128,
    earned: i128,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    base: i128,
    gross: i128,
    paid: i128,
}

impl<'t> Shares<'t> {
    pub(crate) fn new(terms: &'t MoneyTerms, period: Window) -> Self {
        let mut rows: Vec<_> = terms.shares.iter().collect();
        rows.sort_by_key(|row| (&row.term, &row.value.payer, &row.value.payee, row.window));
        let (currency, rounding) = (terms.currency, terms.rounding);
        Self { rows, by_term: BTreeMap::new(), currency, rounding, period }
    }

    /// Pays the guarantees of the intervals that begin with a slice.
    pub(crate) fn open(&mut self, slice: Window, pending: &mut Pending) -> Result<(), Overflow> {
        for row in in_force(&self.rows, slice) {
            let Some(guarantee) = row.value.guarantee else { continue };
            let minimum = guarantee.minimum;
            let interval = minimum.each.around(slice.start(), row.own);
            let begins =
                interval.intersect(row.window).is_some_and(|it| it.start() == slice.start());
            if !begins {
                continue;
            }
            let progress = progress(&mut self.by_term, row, minimum.amount.currency);
            let amount = prorated(minimum, interval, row.window, self.rounding)?;
            let paid = progress.room_in_all()?.map_or(amount, |room| room.min(amount));
            progress.pay(paid, slice)?;
            if guarantee.recoupable {
                progress.unrecouped = progress.unrecouped.checked_add(paid).ok_or(Overflow)?;
            }
            pending.add(key(row, Reason::Guarantee, minimum.amount.currency, interval), paid, 0)?;
        }
        Ok(())
    }

    /// The shares of a slice's charges, within their limits.
    ///
    /// The base is the payer's sales: its charges for the products that the term names, to anyone,
    /// the payee included. Own use is no sale.
    pub(crate) fn pay(
        &mut self,
        (segment, index, slice): (Window, usize, Window),
        charges: &[Charge],
        pending: &mut Pending,
    ) -> Result<(), Overflow> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let books = Books::of(index, charges)?;
        for row in in_force(&self.rows, slice) {
            for currency in self.currencies(row, &books) {
                let base = books.base(&row.value, currency)?;
                let progress = progress(&mut self.by_term, row, currency);
                let earned = progress.earn(slice, base, self.rounding)?;
                let paid = progress.within_limits(slice, earned, self.rounding)?;
                progress.pay(paid, slice)?;
                progress.add(segment, Sums { base, gross: earned, paid }, currency)?;
                pending.add(key(row, Reason::RevenueShare, currency, segment), paid, 0)?;
            }
        }
        Ok(())
    }

    /// Pays what lacks to the floors of the intervals that end with a slice, and begun in the
    /// period that is settled.
    pub(crate) fn close(&mut self, slice: Window, pending: &mut Pending) -> Result<(), Overflow> {
        for row in in_force(&self.rows, slice) {
            let Some(floor) = row.value.floor else { continue };
            let interval = floor.each.around(slice.start(), row.own);
            let Some(held) = interval.intersect(row.window) else { continue };
            if held.end() != slice.end()
                || held.end() == Instant::MAX
                || held.start() < self.period.start()
            {
                continue;
            }
            let currency = floor.amount.currency;
            let progress = progress(&mut self.by_term, row, currency);
            let floor = prorated(floor, interval, row.window, self.rounding)?;
            let lacking = (floor - progress.floored.1).max(0);
            let paid = progress.room_in_all()?.map_or(lacking, |room| room.min(lacking));
            progress.pay(paid, slice)?;
            pending.add(key(row, Reason::Floor, currency, interval), paid, 0)?;
        }
        Ok(())
    }

    /// What came of each share that was in force, by term, parties and currency.
    pub(crate) fn report(self) -> Result<Vec<ShareReport>, Overflow> {
        let report = |((_, _, _, currency), progress): (Id<'t>, Progress<'t>)| {
            let money = |minor| Money { minor, currency };
            let remaining = progress.room_in_all()?;
            let cap = progress.row.value.cap;
            let cap = cap.total.zip(remaining).map(|(total, remaining)| ShareCap {
                total,
                paid_before: cap.paid_before.unwrap_or(money(0)),
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
                unrecouped: money(progress.unrecouped),
                cap,
                parts: progress.parts,
            })
        };
        self.by_term.into_iter().map(report).collect()
    }

    /// The currencies that a share is taken in: that of its amounts, or, where it names none, the
    /// deal's and every other in which there are sales.
    fn currencies(&self, row: &InForce<RevenueShare>, books: &Books<'_>) -> BTreeSet<Currency> {
        let RevenueShare { rate, guarantee, floor, cap, .. } = &row.value;
        let bracket = match rate {
            ShareRate::Flat(_) => None,
            ShareRate::Marginal { brackets, .. } => brackets.first().map(|it| it.from),
        };
        let each = cap.each.map(|it| it.amount);
        let stated = [
            cap.total,
            each,
            floor.map(|it| it.amount),
            guarantee.map(|it| it.minimum.amount),
            bracket,
        ];
        match stated.into_iter().flatten().next() {
            Some(amount) => BTreeSet::from([amount.currency]),
            None => books.currencies(&row.value.payer).chain([self.currency]).collect(),
        }
    }
}

fn in_force<'a, 't>(
    rows: &'a [&'t InForce<RevenueShare>],
    slice: Window,
) -> impl Iterator<Item = &'t InForce<RevenueShare>> + 'a {
    rows.iter().copied().filter(move |row| row.window.contains(slice.start()))
}

fn progress<'a, 't>(
    by_term: &'a mut BTreeMap<Id<'t>, Progress<'t>>,
    row: &'t InForce<RevenueShare>,
    currency: Currency,
) -> &'a mut Progress<'t> {
    let id = (&row.term, &row.value.payer, &row.value.payee, currency);
    let progress = by_term.entry(id).or_insert_with(|| Progress {
        row,
        sums: Sums::default(),
        scope: Scope { since: (Instant::MIN, Instant::MIN), base: 0, earned: 0 },
        carried: 0,
        unrecouped: 0,
        capped: (Instant::MIN, 0),
        floored: (Instant::MIN, 0),
        bound_in: None,
        parts: Vec::new(),
    });
    progress.row = row;
    progress
}

fn key(row: &InForce<RevenueShare>, reason: Reason, currency: Currency, over: Window) -> Key {
    Key {
        reason,
        cause: Cause::Term(row.term.clone()),
        payer: row.value.payer.clone(),
        payee: row.value.payee.clone(),
        currency,
        over,
        supply: None,
    }
}

/// An amount for an interval, in proportion to the seconds of it that a window holds.
fn prorated(
    periodic: Periodic,
    interval: Window,
    window: Window,
    rounding: Rounding,
) -> Result<i128, Overflow> {
    let held = interval.intersect(window).map_or(0, Window::seconds);
    if periodic.each == Interval::Term || held == interval.seconds() {
        return Ok(periodic.amount.minor);
    }
    mul_div(periodic.amount.minor, i128::from(held), i128::from(interval.seconds()), rounding)
}

impl Progress<'_> {
    /// What may still be paid over the term, under the cap of the version in force.
    fn room_in_all(&self) -> Result<Option<i128>, Overflow> {
        let cap = self.row.value.cap;
        let Some(total) = cap.total else { return Ok(None) };
        let before = cap.paid_before.map_or(0, |before| before.minor);
        let paid = before.checked_add(self.sums.paid).ok_or(Overflow)?;
        Ok(Some(total.minor.checked_sub(paid).ok_or(Overflow)?.max(0)))
    }

    /// The share of what a slice adds to the base.
    fn earn(&mut self, slice: Window, base: i128, rounding: Rounding) -> Result<i128, Overflow> {
        let over = match &self.row.value.rate {
            ShareRate::Flat(_) => Interval::Term,
            ShareRate::Marginal { over, .. } => *over,
        };
        let interval = match over {
            Interval::Term => self.row.window,
            Interval::Hour
            | Interval::Day
            | Interval::Month
            | Interval::Quarter
            | Interval::Year => over.around(slice.start(), self.row.own),
        };
        let since = (self.row.window.start(), interval.start());
        if self.scope.since != since {
            self.scope = Scope { since, base: 0, earned: 0 };
        }
        self.scope.base = self.scope.base.checked_add(base).ok_or(Overflow)?;
        let until = share_of(&self.row.value.rate, self.scope.base.max(0), rounding)?;
        let earned = until.checked_sub(self.scope.earned).ok_or(Overflow)?;
        self.scope.earned = until;
        Ok(earned)
    }

    /// What is paid of an earned share: after what was overpaid and advanced before, and within the
    /// caps. What a cap holds back is never paid.
    fn within_limits(
        &mut self,
        slice: Window,
        earned: i128,
        rounding: Rounding,
    ) -> Result<i128, Overflow> {
        let due = self.carried.checked_add(earned).ok_or(Overflow)?;
        self.carried = due.min(0);
        let mut due = due.max(0);
        let recouped = due.min(self.unrecouped);
        self.unrecouped -= recouped;
        due -= recouped;
        let mut paid = due;
        if let Some(each) = self.row.value.cap.each {
            let interval = each.each.around(slice.start(), self.row.own);
            let most = prorated(each, interval, self.row.window, rounding)?;
            let so_far = if self.capped.0 == interval.start() { self.capped.1 } else { 0 };
            paid = paid.min((most - so_far).max(0));
        }
        if let Some(room) = self.room_in_all()? {
            if room < paid {
                self.bound_in = self.bound_in.or(Some(slice));
            }
            paid = paid.min(room);
        }
        Ok(paid)
    }

    /// Counts what is paid towards the limits of the intervals that a slice lies in.
    fn pay(&mut self, paid: i128, slice: Window) -> Result<(), Overflow> {
        let own = self.row.own;
        let RevenueShare { floor, cap, .. } = &self.row.value;
        let count = |counted: &mut (Instant, i128), periodic: Option<Periodic>| {
            let Some(periodic) = periodic else { return Ok(()) };
            let start = periodic.each.around(slice.start(), own).start();
            if counted.0 != start {
                *counted = (start, 0);
            }
            counted.1 = counted.1.checked_add(paid).ok_or(Overflow)?;
            Ok(())
        };
        count(&mut self.capped, cap.each)?;
        count(&mut self.floored, *floor)?;
        self.sums.paid = self.sums.paid.checked_add(paid).ok_or(Overflow)?;
        Ok(())
    }

    fn add(&mut self, segment: Window, part: Sums, currency: Currency) -> Result<(), Overflow> {
        let sum = |left: i128, right: i128| left.checked_add(right).ok_or(Overflow);
        self.sums.base = sum(self.sums.base, part.base)?;
        self.sums.gross = sum(self.sums.gross, part.gross)?;
        let money = |minor| Money { minor, currency };
        let same = self
            .parts
            .last_mut()
            .filter(|last| last.segment == segment && last.version == self.row.version);
        match same {
            Some(last) => {
                last.base = money(sum(last.base.minor, part.base)?);
                last.gross = money(sum(last.gross.minor, part.gross)?);
                last.paid = money(sum(last.paid.minor, part.paid)?);
            }
            None => self.parts.push(SharePart {
                segment,
                version: self.row.version.clone(),
                base: money(part.base),
                gross: money(part.gross),
                paid: money(part.paid),
            }),
        }
        Ok(())
    }
}

/// The share of a base, rounded once.
fn share_of(rate: &ShareRate, base: i128, rounding: Rounding) -> Result<i128, Overflow> {
    match rate {
        ShareRate::Flat(rate) => rate.of(base, rounding),
        ShareRate::Marginal { brackets, .. } => marginal(brackets, base, rounding),
    }
}

/// `Σ rate × (what of the base lies in the bracket)`, over a common denominator.
fn marginal(brackets: &[Bracket], base: i128, rounding: Rounding) -> Result<i128, Overflow> {
    let mut common = 1_i128;
    for bracket in brackets {
        let denominator = i128::from(bracket.rate.denominator());
        common = (common / gcd(common, denominator)).checked_mul(denominator).ok_or(Overflow)?;
    }
    let mut sum = Wide::ZERO;
    for (index, Bracket { from, rate }) in brackets.iter().enumerate() {
        let to = brackets.get(index + 1).map_or(base, |next| next.from.minor.min(base));
        let inside = (to - from.minor).max(0);
        sum = sum.plus(Wide::product(inside, over(*rate, common)))?;
    }
    sum.over(Wide::from(common), rounding)
}

/// The numerator of a ratio over a multiple of its denominator.
fn over(rate: Ratio, common: i128) -> i128 {
    common / i128::from(rate.denominator()) * i128::from(rate.numerator())
}

fn gcd(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// What was charged in one slice, by seller and product, and by buyer and product.
struct Books<'c> {
    sales: BTreeMap<(&'c PartyId, &'c ObjectId, Currency), Sale>,
    costs: BTreeMap<(&'c PartyId, &'c ObjectId, Currency), i128>,
}

#[derive(Clone, Copy, Default)]
struct Sale {
    gross: i128,
    discounts: i128,
    credits: i128,
}

impl<'c> Books<'c> {
    fn of(index: usize, charges: &'c [Charge]) -> Result<Self, Overflow> {
        let sum = |left: i128, right: i128| left.checked_add(right).ok_or(Overflow);
        let mut books = Self { sales: BTreeMap::new(), costs: BTreeMap::new() };
        for charge in charges {
            let part = charge.parts[index];
            let object = &charge.used.object;
            let sale = books.sales.entry((&charge.payee, object, charge.currency)).or_default();
            sale.gross = sum(sale.gross, part.gross)?;
            sale.discounts = sum(sale.discounts, part.discount)?;
            sale.credits = sum(sale.credits, part.credited())?;
            let cost = books.costs.entry((&charge.payer, object, charge.currency)).or_default();
            *cost = sum(*cost, part.gross - part.discount)?;
        }
        Ok(books)
    }

    fn currencies(&self, payer: &PartyId) -> impl Iterator<Item = Currency> + '_ {
        let payer = payer.clone();
        let mine = move |(party, _, _): &&(&PartyId, &ObjectId, Currency)| **party == payer;
        self.sales.keys().filter(mine).map(|(_, _, currency)| *currency)
    }

    /// The base of a share: what the payer sold, less what makes it net.
    fn base(&self, share: &RevenueShare, currency: Currency) -> Result<i128, Overflow> {
        let sum = |left: i128, right: i128| left.checked_add(right).ok_or(Overflow);
        let Less { discounts, credits, costs } = &share.less;
        let mut base = 0_i128;
        for product in share.base.iter().collect::<BTreeSet<_>>() {
            let sale = self.sales.get(&(&share.payer, product, currency));
            let sale = sale.copied().unwrap_or_default();
            base = sum(base, sale.gross)?;
            base = sum(base, if *discounts { -sale.discounts } else { 0 })?;
            base = sum(base, if *credits { -sale.credits } else { 0 })?;
        }
        for object in costs {
            let cost = self.costs.get(&(&share.payer, object, currency)).copied().unwrap_or(0);
            base = sum(base, -cost)?;
        }
        Ok(base)
    }
}
