//! The charts: from values to plots of the library.

mod bars;
mod money;
mod time;

pub(crate) use bars::{Series, bars, burn_bars};
pub(crate) use money::{Row, flows, intervals};
pub(crate) use time::{burn_lines, queue_lines, site_area, timeline};

use crate::draw::{Breadth, Sketch};

/// A drawing over the whole page, and one for a telephone.
fn broad_and_narrow(draw: impl Fn(Breadth) -> Sketch) -> Vec<Sketch> {
    vec![draw(Breadth::Whole), draw(Breadth::Narrow)]
}

/// The range of an axis that holds the values and zero, with some room, and is never empty.
fn range(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let (low, high) =
        values.into_iter().fold((0.0_f64, 0.0_f64), |(low, high), it| (low.min(it), high.max(it)));
    if low < 0.0 || high > 0.0 { (low * 1.06, high * 1.06) } else { (0.0, 1.0) }
}

/// The pixels that rows of a chart take, with its axis below.
fn rows_high(rows: usize, each: u32) -> u32 {
    u32::try_from(rows).unwrap_or(400).clamp(1, 400) * each + 70
}
