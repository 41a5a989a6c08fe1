//! Commitments that a change turns, and in how many runs.

use std::collections::BTreeMap;

use comity_price::{Estimate, Figure, Kind};

use super::Priced;

/// An interval of a commitment that is newly met, or newly missed, in some of the runs.
pub(super) struct Turned<'p> {
    pub(super) term: &'p str,
    /// When the interval starts; `None` for any of the commitment's, where several turn.
    pub(super) starts: Option<&'p str>,
    /// In how many runs.
    pub(super) runs: usize,
    /// In which part of them, in millionths.
    pub(super) share: &'p Estimate,
}

/// What turns in a variant, of one kind; any interval of a commitment stands behind those of its own.
pub(super) fn turned<'p>(priced: &'p Priced<'_>, variant: usize, kind: Kind) -> Vec<Turned<'p>> {
    let figures = || priced.figures[variant].iter().filter(|(figure, _)| figure.kind == kind);
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    for (figure, _) in figures() {
        *rows.entry(&figure.of[0]).or_default() += 1;
    }
    let one = |(figure, share): (&'p Figure, &'p Estimate)| {
        let (term, interval) = (figure.of[0].as_str(), figure.of[1].as_str());
        // Of a single interval, what holds of any is what holds of it.
        let starts = Some(interval).filter(|interval| *interval != Figure::ANY);
        if starts.is_none() && rows[term] == 2 {
            return None;
        }
        let turns = priced.runs.iter().filter(|run| {
            run.outcomes[variant].figures.get(figure).is_some_and(|(_, after)| *after != 0)
        });
        Some(Turned { term, starts, runs: turns.count(), share })
    };
    figures().filter_map(one).collect()
}
