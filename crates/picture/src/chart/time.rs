//! What happens over time: use of sites, queues, commitments, versions of agreements.

use std::sync::Arc;

use comity_base::{Instant, Meter, Window};
use kuva::plot::annotations::ShadedRegion;
use kuva::plot::gantt::GanttTask;
use kuva::plot::{GanttPlot, LinePlot, LineStyle, ScatterPlot, StackedAreaPlot};
use kuva::prelude::{DateTimeAxis, DateUnit, Layout, MarkerShape, Plot, TickFormat};

use super::{broad_and_narrow, range, rows_high};
use crate::draw::{Breadth, COLOURS, DASHES, INK, PAPER, Sketch, colour, label, sketch};
use crate::html::{Chart, Keyed, Sign, Table};
use crate::number::{coordinate, day, fraction, moment, percent, tick, used_hours, whole};
use crate::replay::{AgreementLine, BurnLine, Queue, SiteUse};

/// An axis of time with about as many marks as there is room for.
fn over(layout: Layout, window: Window, breadth: Breadth) -> Layout {
    let days = window.seconds() / Instant::DAY;
    let step = |steps: &[i64], span: i64| {
        let room = span / breadth.marks() + 1;
        let found = steps.iter().find(|step| **step >= room).or(steps.last());
        usize::try_from(found.copied().unwrap_or(1)).unwrap_or(1)
    };
    let axis = if days <= 3 {
        let span = window.seconds() / 3_600;
        (DateUnit::Hour, step(&[1, 2, 3, 6, 12, 24], span), "%m-%d %Hh")
    } else if days <= 200 {
        (DateUnit::Day, step(&[1, 2, 3, 5, 7, 10, 14, 30, 60], days), "%m-%d")
    } else if days <= 1_000 {
        (DateUnit::Month, step(&[1, 2, 3, 4, 6, 12], days / 30), "%Y-%m")
    } else {
        (DateUnit::Year, step(&[1, 2, 5, 10, 20, 50], days / 365), "%Y")
    };
    layout
        .with_x_axis_min(moment(window.start()))
        .with_x_axis_max(moment(window.end()))
        .with_x_datetime(DateTimeAxis { unit: axis.0, step: axis.1, format: axis.2.to_owned() })
}

/// The corners of a line that is level in each slot.
fn corners(slots: &[Window]) -> Vec<f64> {
    slots.iter().flat_map(|slot| [moment(slot.start()), moment(slot.end())]).collect()
}

/// The mean level in each slot, of which a sum has so many parts, twice: where it begins and where it
/// ends.
fn levels(slots: &[Window], sums: &[i128], parts: i128) -> Vec<f64> {
    let mean = |(slot, sum): (&Window, &i128)| fraction(*sum, parts * i128::from(slot.seconds()));
    slots.iter().zip(sums).map(mean).flat_map(|level| [level, level]).collect()
}

fn span(slots: &[Window]) -> Window {
    let first = slots.first().copied().unwrap_or(Window::ALWAYS);
    let last = slots.last().copied().unwrap_or(first);
    Window::new(first.start(), last.end()).unwrap_or(first)
}

/// The GPUs of a site: areas for those that are used, by purpose, and a line for those there are.
pub(crate) fn site_area(site: &SiteUse, slots: &[Window], purposes: &[String]) -> Chart {
    let available: i128 = site.available.iter().sum();
    let used: i128 = site.used.iter().flat_map(|(_, sums)| sums).sum();
    let mut table = Table::new(1, &["purpose", "GPU-hours", "of the site"]);
    for (purpose, sums) in &site.used {
        let sum = sums.iter().sum();
        table.rows.push(vec![purpose.clone(), used_hours(sum), percent(sum, available)]);
    }
    table.rows.push(vec!["there".to_owned(), used_hours(available), String::new()]);
    let parts = Meter::GpuTime.parts().into();
    let there = levels(slots, &site.available, parts);
    let x = corners(slots);
    let mut area =
        StackedAreaPlot::new().with_x(x.clone()).with_fill_opacity(0.9).with_strokes(false);
    let mut top = vec![0.0; x.len()];
    for (index, purpose) in purposes.iter().enumerate() {
        let Some((_, sums)) = site.used.iter().find(|(name, _)| name == purpose) else { continue };
        let level = levels(slots, sums, parts);
        for (sum, it) in top.iter_mut().zip(&level) {
            *sum += it;
        }
        area = area.with_series(level).with_color(colour(index));
    }
    let (_, high) = range(there.iter().chain(&top).copied());
    let line = LinePlot::new()
        .with_data(x.into_iter().zip(there))
        .with_color(INK)
        .with_stroke_width(1.5)
        .with_line_style(LineStyle::Dashed);
    let plots = vec![Plot::from(area), Plot::from(line)];
    let drawn = sketch(plots, (Breadth::Half, 210), |layout| {
        over(layout, span(slots), Breadth::Half).with_y_axis_min(0.0).with_y_axis_max(high)
    });
    Chart {
        title: site.site.clone(),
        measured: format!(
            "GPUs{}; {} in use",
            if site.host.is_empty() { String::new() } else { format!(" of {}", site.host) },
            percent(used, available)
        ),
        told: format!(
            "{} of {} GPU-hours were used, {}",
            used_hours(used),
            used_hours(available),
            percent(used, available)
        ),
        key: Vec::new(),
        sketches: vec![drawn],
        table,
    }
}

/// The jobs that wait, by purpose.
pub(crate) fn queue_lines(queues: &[Queue], slots: &[Window]) -> Chart {
    let seconds: i128 = slots.iter().map(|slot| i128::from(slot.seconds())).sum();
    let mut table = Table::new(1, &["purpose", "mean", "longest"]);
    let mut key = Vec::new();
    let mut told = Vec::new();
    for (index, queue) in queues.iter().enumerate() {
        let sum: i128 = queue.waiting.iter().sum();
        let most = slots
            .iter()
            .zip(&queue.waiting)
            .map(|(slot, sum)| fraction(*sum, slot.seconds().into()))
            .fold(0.0, f64::max);
        table.rows.push(vec![queue.purpose.clone(), tick(fraction(sum, seconds)), tick(most)]);
        told.push(format!("{} has {} at most", queue.purpose, tick(most)));
        key.push(Keyed {
            name: queue.purpose.clone(),
            colour: colour(index),
            sign: Sign::Line(DASHES[index % DASHES.len()]),
        });
    }
    let x = corners(slots);
    let lines: Vec<Vec<f64>> =
        queues.iter().map(|queue| levels(slots, &queue.waiting, 1)).collect();
    let (_, high) = range(lines.iter().flatten().copied());
    let draw = |breadth| {
        let plot = |(index, line): (usize, &Vec<f64>)| {
            let plot = LinePlot::new()
                .with_data(x.iter().copied().zip(line.iter().copied()))
                .with_color(colour(index))
                .with_stroke_width(2.0)
                .with_line_style(dashed(index));
            Plot::from(plot)
        };
        let plots = lines.iter().enumerate().map(plot).collect();
        sketch(plots, (breadth, 230), |layout| {
            over(layout, span(slots), breadth).with_y_axis_min(0.0).with_y_axis_max(high)
        })
    };
    Chart {
        title: "Queue over time".to_owned(),
        measured: "jobs that wait, mean of each step".to_owned(),
        told: told.join("; "),
        key,
        sketches: broad_and_narrow(draw),
        table,
    }
}

fn dashed(index: usize) -> LineStyle {
    match DASHES[index % DASHES.len()] {
        "" => LineStyle::Solid,
        dashes => LineStyle::Custom(dashes.to_owned()),
    }
}

/// What is left of each commitment through the period, in per cent of what was promised.
pub(crate) fn burn_lines(commitments: &[BurnLine], period: Window) -> Option<Chart> {
    let timed: Vec<&BurnLine> =
        commitments.iter().filter(|it| !it.used_by.is_empty() && it.promised > 0).collect();
    if timed.is_empty() {
        return None;
    }
    let shown = &timed[..timed.len().min(COLOURS.len())];
    let left =
        |it: &BurnLine, used: i128| 100.0 * fraction((it.promised - used).max(0), it.promised);
    let mut table = Table::new(2, &["term", "with", "left before", "left after", "unit"]);
    let mut key = Vec::new();
    let mut lines = Vec::new();
    for (index, it) in shown.iter().enumerate() {
        let mut line = vec![(moment(period.start()), left(it, it.used_before))];
        line.extend(it.used_by.iter().map(|&(at, used)| (moment(at), left(it, used))));
        lines.push(line);
        key.push(Keyed {
            name: it.term.clone(),
            colour: colour(index),
            sign: Sign::Line(DASHES[index % DASHES.len()]),
        });
        table.rows.push(vec![
            it.term.clone(),
            it.seller.clone(),
            whole(it.promised - it.used_before, it.per_unit),
            whole(it.promised - it.used, it.per_unit),
            it.unit.clone(),
        ]);
    }
    let draw = |breadth| {
        let plot = |(index, line): (usize, &Vec<(f64, f64)>)| {
            let plot = LinePlot::new()
                .with_data(line.iter().copied())
                .with_color(colour(index))
                .with_stroke_width(2.0)
                .with_line_style(dashed(index));
            Plot::from(plot)
        };
        let lowest = lines.iter().flatten().map(|(_, y)| *y).fold(100.0, f64::min);
        let highest = lines.iter().flatten().map(|(_, y)| *y).fold(0.0, f64::max);
        let room = ((highest - lowest) * 0.08).max(0.05);
        let plots = lines.iter().enumerate().map(plot).collect();
        sketch(plots, (breadth, 220), |layout| {
            over(layout, period, breadth)
                .with_y_axis_min((lowest - room).max(0.0))
                .with_y_axis_max((highest + room).min(100.0))
                .with_y_tick_format(TickFormat::Custom(Arc::new(|it| format!("{} %", tick(it)))))
        })
    };
    let told = shown.iter().map(|it| {
        format!("of {} {} are left", it.term, percent(it.promised - it.used, it.promised))
    });
    Some(Chart {
        title: "Burn-down through the period".to_owned(),
        measured: "left of what is promised; the axis does not begin at zero".to_owned(),
        told: told.collect::<Vec<_>>().join("; "),
        key,
        sketches: broad_and_narrow(draw),
        table,
    })
}

/// When each version of each agreement was in force, signed and recorded.
pub(crate) fn timeline(agreements: &[AgreementLine], period: Window) -> Option<Chart> {
    let versions = || agreements.iter().flat_map(|it| &it.versions);
    versions().next()?;
    let bounded = |at: &Instant| *at > Instant::MIN && *at < Instant::MAX;
    let known = versions()
        .flat_map(|it| [it.in_force.start(), it.in_force.end(), it.executed, it.recorded])
        .chain([period.start(), period.end()])
        .filter(bounded);
    let (first, last) = known
        .fold((period.start(), period.end()), |(first, last), at| (first.min(at), last.max(at)));
    let room = (last.seconds() - first.seconds()) / 30 + Instant::DAY;
    let whole = Window::new(first.plus_seconds(-room), last.plus_seconds(room)).ok()?;
    let mut table = Table::new(5, &["agreement", "version", "in force", "signed", "recorded"]);
    for agreement in agreements {
        for it in &agreement.versions {
            let end = if it.in_force.end() == Instant::MAX {
                "without an end".to_owned()
            } else {
                day(it.in_force.end())
            };
            table.rows.push(vec![
                agreement.name.clone(),
                it.version.clone(),
                format!("{} to {end}", day(it.in_force.start())),
                day(it.executed),
                day(it.recorded),
            ]);
        }
    }
    let told = agreements.iter().map(|it| format!("{}: {} versions", it.name, it.versions.len()));
    let keyed = |name: &str, colour, sign| Keyed { name: name.to_owned(), colour, sign };
    Some(Chart {
        title: "Versions of the agreements".to_owned(),
        measured: "in force, signed and recorded".to_owned(),
        told: told.collect::<Vec<_>>().join("; "),
        key: vec![
            keyed("in force", COLOURS[0], Sign::Fill),
            keyed("signed", COLOURS[1], Sign::Diamond),
            keyed("recorded", INK, Sign::Circle),
            keyed("the period", "var(--rule)", Sign::Fill),
        ],
        sketches: broad_and_narrow(|breadth| spans(agreements, (whole, period), breadth)),
        table,
    })
}

fn spans(
    agreements: &[AgreementLine],
    (whole, period): (Window, Window),
    breadth: Breadth,
) -> Sketch {
    let agreements = || agreements.iter().filter(|it| !it.versions.is_empty());
    let rows: usize = agreements().map(|it| it.versions.len() + 1).sum();
    let mut gantt = GanttPlot::new().with_bar_height(0.45);
    gantt.show_labels = false;
    "var(--tint)".clone_into(&mut gantt.group_bg);
    let (mut signed, mut recorded) = (Vec::new(), Vec::new());
    let mut row = 0;
    for (index, agreement) in agreements().enumerate() {
        row += 1;
        // Two agreements of one name would come to one group.
        let mut name = label(&agreement.name, breadth.letters());
        if gantt.tasks.iter().any(|task| task.group.as_ref() == Some(&name)) {
            name = format!("{} ({})", label(&agreement.name, breadth.letters() - 5), index + 1);
        }
        for it in &agreement.versions {
            row += 1;
            let y = coordinate(i128::try_from(rows + 1 - row).unwrap_or(0));
            let shown = it.in_force.intersect(whole).unwrap_or(whole);
            gantt.tasks.push(GanttTask {
                label: label(&it.version, breadth.letters()),
                start: moment(shown.start()),
                end: moment(shown.end()),
                group: Some(name.clone()),
                progress: None,
                color: Some(COLOURS[0].to_owned()),
                is_milestone: false,
            });
            signed.push((moment(it.executed), y));
            recorded.push((moment(it.recorded), y));
        }
    }
    let mark = |points: Vec<(f64, f64)>, colour: &str, shape, size| {
        let plot = ScatterPlot::new().with_data(points).with_color(colour).with_size(size);
        Plot::from(plot.with_marker(shape).with_marker_stroke_width(1.0))
    };
    let plots = vec![
        Plot::from(gantt),
        mark(signed.clone(), PAPER, MarkerShape::Diamond, 8.5),
        mark(signed, COLOURS[1], MarkerShape::Diamond, 6.5),
        mark(recorded, INK, MarkerShape::Circle, 3.0),
    ];
    let shade = ShadedRegion::vertical(moment(period.start()), moment(period.end()))
        .with_color("var(--soft)")
        .with_opacity(0.3);
    sketch(plots, (breadth, rows_high(rows, 22)), |layout| {
        over(layout, whole, breadth)
            .with_shaded_region(shade)
            .with_y_axis_min(0.5)
            .with_y_axis_max(coordinate(i128::try_from(rows).unwrap_or(0)) + 0.5)
    })
}
