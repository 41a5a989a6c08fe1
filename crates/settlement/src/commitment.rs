//! Commitments drawn down by charges, and what becomes of them when an interval ends.
//!
//! Slice by slice: intervals begin and what is paid ahead is paid (`open`), charges draw in order
//! (`order`, `draw`), and the intervals that end are closed (`close`). A commitment through its
//! versions is a `chain`; with what it carries from interval to interval, a `line`.

mod chain;
mod close;
mod draw;
mod line;
mod measure;
mod open;
mod order;
mod report;
mod share;

use std::collections::BTreeMap;

use comity_base::{Instant, Window};

pub use self::measure::{Counted, Measure};
pub use self::report::{Draw, Drawdown, Standing};

use self::chain::chains;
use self::draw::{AtPrice, DrawKey, Drawn};
use self::line::Line;
use self::measure::Parts;
use crate::terms::MoneyTerms;

/// The commitments of a deal while a period is settled, segment by segment.
pub(crate) struct Commitments<'t> {
    /// By term, parties and interval.
    lines: Vec<Line<'t>>,
    /// The wider commitment that each counts for, in the slice that was opened last.
    outer: Vec<Option<usize>>,
    draws: BTreeMap<DrawKey, Drawn>,
    /// What was drawn at a commitment's own price and is still to be entered: by commitment, start
    /// of its interval and entry of the charge.
    at_price: BTreeMap<(usize, Instant, u64), AtPrice>,
    parts: Parts,
    period: Window,
}

impl<'t> Commitments<'t> {
    pub(crate) fn new(terms: &'t MoneyTerms, period: Window) -> Self {
        let MoneyTerms { currency, rounding, .. } = *terms;
        let lines: Vec<Line<'t>> = chains(&terms.commitments).into_iter().map(Line::new).collect();
        Self {
            outer: vec![None; lines.len()],
            lines,
            draws: BTreeMap::new(),
            at_price: BTreeMap::new(),
            parts: Parts::of(&terms.commitments, currency, rounding),
            period,
        }
    }
}
