//! Money between parties, and estimates with their intervals.

use std::sync::Arc;

use kuva::plot::{ChordPlot, ForestPlot};
use kuva::prelude::{Plot, TickFormat};

use super::{broad_and_narrow, range, rows_high};
use crate::draw::{Breadth, COLOURS, REST, Sketch, colour, label, sketch};
use crate::html::{Chart, Keyed, Sign};
use crate::number::fraction;
use crate::price::Estimate;

/// Who pays whom, as ribbons around a circle: `gross[payer][payee]`, never below zero.
pub(crate) fn flows(parties: &[String], gross: &[Vec<i128>], per_unit: i128) -> Option<Sketch> {
    if gross.iter().flatten().all(|&amount| amount <= 0) {
        return None;
    }
    let matrix = gross
        .iter()
        .map(|row| row.iter().map(|&amount| fraction(amount.max(0), per_unit)).collect())
        .collect();
    let colours = (0..parties.len()).map(colour);
    let names = parties.iter().map(|name| label(name, 16));
    let plot = ChordPlot::new()
        .with_matrix(matrix)
        .with_labels(names)
        .with_colors(colours)
        .with_gap(3.0)
        .with_opacity(0.6);
    Some(sketch(vec![Plot::from(plot)], (Breadth::Half, 400), |layout| layout))
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
                .with_ticks(if breadth.letters() < 20 { 4 } else { 8 })
        })
    });
    let keyed = |name: &str, colour| Keyed { name: name.to_owned(), colour, sign: Sign::Interval };
    chart.key = [
        keyed("more with the terms", COLOURS[0]),
        keyed("less with the terms", COLOURS[5]),
        keyed("not to be told from nothing", REST),
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
