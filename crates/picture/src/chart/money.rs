//! Money between parties, and estimates with their intervals.

use std::sync::Arc;

use kuva::plot::{ChordPlot, ForestPlot};
use kuva::prelude::{Plot, TickFormat};

use super::{broad_and_narrow, range, rows_high};
use crate::draw::{Breadth, COLOURS, REST, Sketch, colour, label, sketch};
use crate::html::{Chart, Keyed, Sign};
use crate::number::fraction;
use crate::price::Estimate;

/// Money between each two parties, both ways together, as ribbons around a circle; with the key
/// of its colours.
pub(crate) fn flows(
    parties: &[String],
    gross: &[Vec<i128>],
    per_unit: i128,
) -> Option<(Sketch, Vec<Keyed>)> {
    let both = |a: usize, b: usize| gross[a][b] + gross[b][a];
    let places = || 0..parties.len();
    let totals: Vec<i128> = places().map(|a| places().map(|b| both(a, b)).sum()).collect();
    let all: i128 = totals.iter().sum();
    if all <= 0 {
        return None;
    }
    let row = |a| places().map(|b| fraction(both(a, b), per_unit)).collect();
    // Beside a small arc a name would stand on the next.
    let names = parties
        .iter()
        .zip(&totals)
        .map(|(name, total)| if total * 25 >= all { label(name, 14) } else { String::new() });
    let plot = ChordPlot::new()
        .with_matrix(places().map(row).collect())
        .with_labels(names)
        .with_colors(places().map(colour))
        .with_gap(2.0)
        .with_opacity(0.55);
    let drawn = sketch(vec![Plot::from(plot)], (Breadth::Half, 310), |mut layout| {
        layout.force_margin_bottom = Some(8.0);
        layout.force_margin_left = Some(95.0);
        layout.force_margin_right = Some(95.0);
        layout
    });
    let keyed = |(index, name): (usize, &String)| Keyed {
        name: name.clone(),
        colour: colour(index),
        sign: Sign::Fill,
    };
    Some((drawn, parties.iter().enumerate().map(keyed).collect()))
}

/// A row of a chart of estimates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) value: Estimate,
}

/// Estimates under each other, each with its interval, and a line at nothing.
pub(crate) fn intervals(
    rows: &[Row],
    per_unit: i128,
    format: fn(f64) -> String,
    mut chart: Chart,
) -> Chart {
    let edges = rows.iter().flat_map(|row| [row.value.low, row.value.mean, row.value.high]);
    let (low, high) = range(edges.map(|edge| fraction(edge, per_unit)));
    // A mark at the edge is as wide as any other.
    let (low, high) = (low - (high - low) * 0.03, high + (high - low) * 0.03);
    chart.sketches = broad_and_narrow(|breadth| {
        let mut plot = ForestPlot::new().with_marker_size(5.0).with_cap_size(5.0);
        for row in rows {
            let value = |count| fraction(count, per_unit);
            plot = plot.with_colored_row(
                label(&row.name, breadth.letters()),
                value(row.value.mean),
                value(row.value.low),
                value(row.value.high),
                sign_colour(row.value),
            );
        }
        sketch(vec![Plot::from(plot)], (breadth, rows_high(rows.len(), 26)), |layout| {
            layout
                .with_x_axis_min(low)
                .with_x_axis_max(high)
                .with_x_tick_format(TickFormat::Custom(Arc::new(format)))
                .with_ticks(if breadth == Breadth::Narrow { 3 } else { 8 })
        })
    });
    let keyed = |name: &str, colour| Keyed { name: name.to_owned(), colour, sign: Sign::Interval };
    chart.key = [
        keyed("more with the terms", COLOURS[0]),
        keyed("less with the terms", COLOURS[5]),
        keyed("not to be told from zero", REST),
    ]
    .into_iter()
    .filter(|key| rows.iter().any(|row| sign_colour(row.value) == key.colour))
    .collect();
    chart
}

fn sign_colour(value: Estimate) -> &'static str {
    match (value.low > 0, value.high < 0) {
        (true, _) => COLOURS[0],
        (false, true) => COLOURS[5],
        (false, false) => REST,
    }
}
