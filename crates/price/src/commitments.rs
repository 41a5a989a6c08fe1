//! Which commitments a change turns, interval by interval, so that what is newly met in one hides
//! nothing that is newly missed in another.

use std::collections::BTreeMap;

use comity_base::{Instant, PartyId, Rounding, TermId, mul_div};
use comity_settlement::{Drawdown, Measure, Standing};

use crate::figure::{Figure, Kind};

/// How an interval of a commitment stands when the period ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stands {
    /// All of it is drawn, by its end or already.
    Met,
    /// It goes on, with something left to be drawn.
    Open,
    /// It ended short.
    Missed,
}

/// How a drawdown stands; `None` where the commitment went out of force before the interval ended.
pub(crate) fn stands(drawdown: &Drawdown) -> Option<Stands> {
    match drawdown.standing {
        Standing::Ended { shortfall, .. } if shortfall.count > 0 => Some(Stands::Missed),
        Standing::Ended { .. } => Some(Stands::Met),
        Standing::Running if drawdown.remaining.count == 0 => Some(Stands::Met),
        Standing::Running => Some(Stands::Open),
        Standing::OutOfForce { .. } => None,
    }
}

/// How much is drawn, in what [`counted_in`] says: of a use that holds shares of GPUs to the nearest
/// whole number, as estimates are.
pub(crate) fn drawn(drawdown: &Drawdown) -> i128 {
    let count = drawdown.drawn.count;
    match drawdown.drawn.of {
        Measure::Spend(_) => count,
        Measure::Use { meter, .. } => {
            let unit = mul_div(count, 1, i128::from(meter.parts()), Rounding::HalfEven);
            unit.expect("a count divided by its parts fits")
        }
    }
}

/// What a drawdown is counted in: a currency, in its smallest unit, or units of a meter, cut into as
/// many parts as weights ask for.
pub(crate) fn counted_in(drawdown: &Drawdown) -> String {
    match drawdown.drawn.of {
        Measure::Spend(currency) => currency.code().to_owned(),
        Measure::Use { meter, digits: 0, .. } => meter.unit().to_owned(),
        Measure::Use { meter, digits, .. } => format!("10^-{digits} {}", meter.unit()),
    }
}

/// A commitment, its parties, and when an interval of it starts.
type Interval<'r> = (&'r TermId, &'r PartyId, &'r PartyId, Instant);

fn intervals(drawdowns: &[Drawdown]) -> BTreeMap<Interval<'_>, Stands> {
    let mut intervals = BTreeMap::new();
    for it in drawdowns {
        let Some(now) = stands(it) else { continue };
        let key = (&it.term, &it.buyer, &it.seller, it.interval.start());
        let slot = intervals.entry(key).or_insert(now);
        *slot = now.max(*slot);
    }
    intervals
}

/// What it is to stand so after a change, having stood so before it; `None` where it is nothing new.
fn turn(before: Stands, after: Stands) -> Option<Kind> {
    match (before, after) {
        (Stands::Open | Stands::Missed, Stands::Met) => Some(Kind::NewlyMet),
        (Stands::Met | Stands::Open, Stands::Missed) => Some(Kind::NewlyMissed),
        (Stands::Met | Stands::Open | Stands::Missed, Stands::Open)
        | (Stands::Met, Stands::Met)
        | (Stands::Missed, Stands::Missed) => None,
    }
}

/// The figures of all intervals that are newly met or newly missed after a change, each once, and of
/// their commitments.
///
/// An interval counts that is there on both sides. It is newly met where it is met after and was not
/// before, newly missed where it ends short after and did not before.
pub(crate) fn newly(before: &[Drawdown], after: &[Drawdown]) -> Vec<Figure> {
    let (before, after) = (intervals(before), intervals(after));
    let mut figures = Vec::new();
    for (interval, now) in &after {
        let Some(kind) = before.get(interval).and_then(|was| turn(*was, *now)) else { continue };
        let (term, _, _, start) = interval;
        figures.push(Figure::new(kind, [term.as_str(), &start.to_string()]));
        figures.push(Figure::new(kind, [term.as_str(), Figure::ANY]));
    }
    figures.sort_unstable();
    figures.dedup();
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_not_so_before_is_new() {
        let all = [Stands::Met, Stands::Open, Stands::Missed];
        let after = |now| all.map(|was| turn(was, now));
        assert_eq!(after(Stands::Met), [None, Some(Kind::NewlyMet), Some(Kind::NewlyMet)]);
        assert_eq!(after(Stands::Open), [None; 3]);
        let missed = Some(Kind::NewlyMissed);
        assert_eq!(after(Stands::Missed), [missed, missed, None]);
    }
}
