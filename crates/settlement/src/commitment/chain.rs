//! A commitment through its versions: what is in force when, in which interval, and how much of it
//! is promised there.

use comity_base::{Instant, Overflow, PartyId, TermId, Wide, Window};
use comity_terms::{Commitment, InForce, Interval, Promise};

use super::measure::Parts;

/// One commitment through the times that it is in force, in order.
///
/// A row that ends when the term itself says closes the chain: what follows is another
/// commitment and owes nothing for it. So does one that counts something else.
pub(super) struct Chain<'t>(Vec<&'t InForce<Commitment>>);

impl<'t> Chain<'t> {
    /// The version in force.
    pub(super) fn at(&self, at: Instant) -> Option<&'t InForce<Commitment>> {
        self.0.iter().copied().find(|row| row.window.contains(at))
    }

    /// The version that began it.
    pub(super) fn first(&self) -> &'t InForce<Commitment> {
        self.0[0]
    }

    /// The start that an interval is known by, whichever version is in force, and the interval
    /// as `row` has it.
    pub(super) fn interval(&self, row: &InForce<Commitment>, at: Instant) -> (Instant, Window) {
        if row.value.interval == Interval::Term {
            return (self.first().own.start(), named(row));
        }
        let whole = row.value.interval.around(at, row.own);
        (whole.start(), whole.intersect(named(row)).unwrap_or(whole))
    }

    /// What is promised in the interval that starts at `start`, when `row` is in force: of each
    /// version by the seconds that it is in force in the interval, summed and rounded once.
    pub(super) fn promised(
        &self,
        row: &InForce<Commitment>,
        start: Instant,
        parts: Parts,
    ) -> Result<i128, Overflow> {
        if row.value.interval == Interval::Term {
            return whole(row, start, parts);
        }
        let held = self.0.iter().map(|row| (*row, row.window));
        by_seconds(held, row.value.interval.around(start, row.own), parts)
    }

    /// What the first version promised in one of the intervals of its own time.
    pub(super) fn first_promised(&self, interval: Window, parts: Parts) -> Result<i128, Overflow> {
        let first = self.first();
        let each = first.value.interval;
        if each == Interval::Term {
            return whole(first, interval.start(), parts);
        }
        let held = std::iter::once((first, first.own));
        by_seconds(held, each.around(interval.start(), first.own), parts)
    }

    /// The intervals of the first version's own time, cut to it.
    pub(super) fn first_intervals(&self) -> Vec<Window> {
        let own = self.first().own;
        own.cut(self.first().value.interval.bounds(own, own))
    }

    /// When the next so many intervals after `at` have ended, however long the term.
    pub(super) fn after(row: &InForce<Commitment>, at: Instant, intervals: u32) -> Instant {
        let mut end = at;
        for _ in 0..intervals {
            if end == Instant::MAX {
                break;
            }
            end = row.value.interval.around(end, row.own).end();
        }
        end
    }
}

fn whole(row: &InForce<Commitment>, start: Instant, parts: Parts) -> Result<i128, Overflow> {
    let promised = parts.promised(&row.value.promise, start)?;
    promised.over(Wide::from(Parts::DIVISOR), parts.rounding)
}

fn by_seconds<'t>(
    held: impl Iterator<Item = (&'t InForce<Commitment>, Window)>,
    whole: Window,
    parts: Parts,
) -> Result<i128, Overflow> {
    let mut sum = Wide::ZERO;
    for (row, window) in held {
        let seconds = window.intersect(whole).map_or(0, Window::seconds);
        let promised = parts.promised(&row.value.promise, whole.start())?;
        sum = sum.plus(promised.times(i128::from(seconds))?)?;
    }
    sum.over(Wide::product(i128::from(whole.seconds()), Parts::DIVISOR), parts.rounding)
}

/// The period that the term names; longer where it is held in force beyond that, as a replay
/// under the terms of another date does.
pub(super) fn named(row: &InForce<Commitment>) -> Window {
    let start = row.own.start().min(row.window.start());
    Window::new(start, row.own.end().max(row.window.end()))
        .expect("a period ends after it starts, and so does progress that holds it")
}

/// What makes two rows one commitment: term, parties, interval and what is counted.
type Key<'t> = (&'t TermId, &'t PartyId, &'t PartyId, Interval, Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Spend(comity_base::Currency),
    Use(comity_base::Meter),
}

/// The rows of each commitment, by term, parties and interval.
pub(super) fn chains(rows: &[InForce<Commitment>]) -> Vec<Chain<'_>> {
    fn key(row: &InForce<Commitment>) -> Key<'_> {
        let Commitment { buyer, seller, interval, promise, .. } = &row.value;
        let kind = match promise {
            Promise::Spend(amount) => Kind::Spend(amount.currency),
            Promise::Use { meter, .. } => Kind::Use(*meter),
        };
        (&row.term, buyer, seller, *interval, kind)
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
