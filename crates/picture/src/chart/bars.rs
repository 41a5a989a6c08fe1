//! Bars beside each other: waits, versions, what is left of commitments.

use std::sync::Arc;

use kuva::plot::{BarPlot, ScatterPlot};
use kuva::prelude::{MarkerShape, Plot, TickFormat};

use super::{broad_and_narrow, range, rows_high};
use crate::draw::{Breadth, COLOURS, INK, PAPER, REST, colour, label, sketch};
use crate::html::{Chart, Keyed, Sign, Table};
use crate::number::{coordinate, fraction, percent, tick, whole};
use crate::price::Estimate;
use crate::replay::BurnLine;

/// A series of bars, one in each group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: String,
    /// In the unit of the axis.
    pub(crate) values: Vec<f64>,
    /// How far the value may lie below and above; empty where it is known.
    pub(crate) errors: Vec<(f64, f64)>,
}

impl Series {
    /// A series of values that are known.
    pub(crate) fn known(name: &str, values: Vec<f64>) -> Self {
        Self { name: name.to_owned(), values, errors: Vec::new() }
    }

    /// A series of estimates, each divided to come to the unit of the axis.
    pub(crate) fn estimated(
        name: &str,
        estimates: impl Iterator<Item = Estimate>,
        per_unit: i128,
    ) -> Self {
        let mut series = Self::known(name, Vec::new());
        for it in estimates {
            series.values.push(fraction(it.mean, per_unit));
            let (low, high) = ((it.mean - it.low).max(0), (it.high - it.mean).max(0));
            series.errors.push((fraction(low, per_unit), fraction(high, per_unit)));
        }
        series
    }
}

/// Groups of lying bars, one bar for each series; the chart's title and words are the caller's.
pub(crate) fn bars(
    groups: &[String],
    series: &[Series],
    format: fn(f64) -> String,
    mut chart: Chart,
) -> Chart {
    let edges = series.iter().flat_map(|it| {
        let none = std::iter::repeat(&(0.0, 0.0));
        let errors = it.errors.iter().chain(none);
        it.values.iter().zip(errors).flat_map(|(value, (low, high))| [value - low, value + high])
    });
    let (low, high) = range(edges);
    let height = rows_high(groups.len(), 14 * u32::try_from(series.len()).unwrap_or(20) + 14);
    let estimated = series.iter().any(|it| !it.errors.is_empty());
    chart.sketches = broad_and_narrow(|breadth| {
        let mut plot = BarPlot::new().with_horizontal(true).with_width(0.8);
        let mut errors = Vec::new();
        // The library counts groups and bars from below.
        for (at, group) in groups.iter().enumerate().rev() {
            let bars = series
                .iter()
                .enumerate()
                .rev()
                .map(|(index, it)| (it.values.get(at).copied().unwrap_or(0.0), colour(index)));
            plot = plot.with_group(label(group, breadth.letters()), bars.collect::<Vec<_>>());
            let error = |it: &Series| it.errors.get(at).copied().unwrap_or((0.0, 0.0));
            errors.extend(series.iter().rev().map(error));
        }
        if estimated {
            plot = plot.with_asymmetric_error(errors).with_error_color(INK);
        }
        sketch(vec![Plot::from(plot)], (breadth, height), |layout| {
            layout
                .with_x_axis_min(low)
                .with_x_axis_max(high)
                .with_x_tick_format(TickFormat::Custom(Arc::new(format)))
                .with_ticks(if breadth == Breadth::Narrow { 3 } else { 7 })
        })
    });
    let keyed = |(index, it): (usize, &Series)| Keyed {
        name: it.name.clone(),
        colour: colour(index),
        sign: Sign::Fill,
    };
    if series.len() > 1 {
        chart.key = series.iter().enumerate().map(keyed).collect();
    }
    chart
}

/// How much of each commitment is used, will be at this pace, and is left then.
pub(crate) fn burn_bars(commitments: &[BurnLine]) -> Chart {
    let mut table = Table::new(
        4,
        &["term", "parties", "interval", "unit", "promised", "used", "of it", "time gone"],
    );
    for it in commitments {
        table.rows.push(vec![
            it.term.clone(),
            format!("{} with {}", it.buyer, it.seller),
            it.interval.clone(),
            it.unit.clone(),
            whole(it.promised, it.per_unit),
            whole(it.used, it.per_unit),
            percent(it.used, it.promised),
            it.elapsed_permille.map_or("-".to_owned(), |gone| percent(gone.into(), 1_000)),
        ]);
    }
    let told = commitments
        .iter()
        .map(|it| format!("{}: {} used; {}", it.term, percent(it.used, it.promised), it.outlook));
    let part = |count: i128, it: &BurnLine| 100.0 * fraction(count.max(0), it.promised);
    let sketches = broad_and_narrow(|breadth| {
        let mut plot = BarPlot::new().with_horizontal(true).with_stacked().with_width(0.55);
        let mut gone = Vec::new();
        for (at, it) in commitments.iter().rev().enumerate() {
            let before = it.used_before.clamp(0, it.promised);
            let used = it.used.clamp(before, it.promised.max(before));
            let projected = it.projected.unwrap_or(used).clamp(used, it.promised.max(used));
            let parts = vec![
                (part(before, it), REST),
                (part(used - before, it), COLOURS[0]),
                (part(projected - used, it), COLOURS[6]),
                (part(it.promised - projected, it), "var(--rule)"),
            ];
            plot = plot.with_group(label(&it.term, breadth.letters()), parts);
            if let Some(permille) = it.elapsed_permille {
                let row = coordinate(i128::try_from(at + 1).unwrap_or(1));
                gone.push((fraction(permille.into(), 10), row));
            }
        }
        let mark = |colour: &str, size| {
            let plot = ScatterPlot::new().with_data(gone.iter().copied()).with_color(colour);
            Plot::from(plot.with_size(size).with_marker(MarkerShape::Diamond))
        };
        let plots = vec![Plot::from(plot), mark(PAPER, 8.0), mark(INK, 6.0)];
        sketch(plots, (breadth, rows_high(commitments.len(), 30)), |layout| {
            layout
                .with_x_axis_min(0.0)
                .with_x_axis_max(100.0)
                .with_ticks(if breadth == Breadth::Narrow { 3 } else { 6 })
                .with_y_axis_min(0.5)
                .with_y_axis_max(coordinate(i128::try_from(commitments.len()).unwrap_or(1)) + 0.5)
                .with_x_tick_format(TickFormat::Custom(Arc::new(|it| format!("{} %", tick(it)))))
        })
    });
    let keyed = |name: &str, colour, sign| Keyed { name: name.to_owned(), colour, sign };
    Chart {
        title: "Commitments".to_owned(),
        measured: "of what is promised in the interval".to_owned(),
        told: told.collect::<Vec<_>>().join(". "),
        key: vec![
            keyed("used before", REST, Sign::Fill),
            keyed("used in the period", COLOURS[0], Sign::Fill),
            keyed("more at this pace", COLOURS[6], Sign::Fill),
            keyed("left then", "var(--rule)", Sign::Fill),
            keyed("time gone", INK, Sign::Diamond),
        ],
        sketches,
        table,
    }
}
