//! The page of a price: one that a deal desk can pass on.

use comity_base::Currency;

use crate::chart::{Row, Series, bars, intervals};
use crate::html::{Chart, Page, Table};
use crate::number::{amount, gpu_hours, grouped, hours, money_tick, percent, short, signed, tick};
use crate::price::{Estimate, MoneyMoved, PriceReport, Turn};

/// The most rows of a chart.
const ROWS: usize = 12;

/// A price as one HTML text, for the screen, the telephone and a page or two of paper; behind it
/// others that answer the same question under other assumptions, each under its own title.
#[must_use]
pub fn price_page(report: &PriceReport, others: &[PriceReport]) -> String {
    let (from, to) = (report.period.start(), report.period.end());
    let sub = format!(
        "{} · {from} to {to} · {} pairs of runs from seed {} · intervals of {} % confidence",
        report.deal,
        grouped(report.runs),
        report.seed,
        report.confidence,
    );
    let mut page = Page::new(&report.title, &sub, "one");
    for sentence in &report.answer {
        page.paragraph(sentence);
    }
    page.totals(&totals(report));
    if !report.priced.is_empty() {
        page.section("What was priced", "");
        for term in &report.priced {
            page.quoted(&term.term, &term.sentence, &term.source);
        }
    }
    assumed(&mut page, report);
    figures(&mut page, report);
    for other in others {
        page.section(&other.title, "");
        for sentence in &other.answer {
            page.paragraph(sentence);
        }
        page.totals(&totals(other));
        assumed(&mut page, other);
        figures(&mut page, other);
    }
    page.finish(&format!(
        "Both sides of each pair run the same work on the same fleet with the same random numbers, once {} and once {}. Figures are rounded for the page. Periods include their first day and not their last.",
        report.with, report.without
    ))
}

fn assumed(page: &mut Page, report: &PriceReport) {
    if !report.assumptions.is_empty() {
        page.part("Assumed");
        page.list(&report.assumptions);
    }
}

fn figures(page: &mut Page, report: &PriceReport) {
    page.section(
        "Money",
        &format!("What each party gains {}, less what it gains {}.", report.with, report.without),
    );
    money(page, report);
    moved(page, report);
    waits(page, report);
    decisions(page, report);
}

fn units(currency: Currency) -> i128 {
    10_i128.pow(currency.scale().into())
}

fn of_money(value: i128, currency: Currency) -> String {
    signed(amount(value, units(currency)), value)
}

/// A value with its interval: `+5 (3 to 7)`.
fn told(value: Estimate, text: impl Fn(i128) -> String) -> String {
    let (low, mean, high) = (text(value.low), text(value.mean), text(value.high));
    if low == high { mean } else { format!("{mean} ({low} to {high})") }
}

fn totals(report: &PriceReport) -> Vec<(String, String)> {
    let parties = report.money.iter().filter(|it| it.reason.is_none());
    let mut totals: Vec<(String, String)> = parties
        .take(6)
        .map(|it| {
            let (change, per_unit) = (it.change.mean, units(it.currency));
            // Millions are told as such, and what is small to the cent.
            let large = change.abs() >= per_unit.saturating_mul(1_000_000);
            let text = if large { short(change, per_unit) } else { amount(change, per_unit) };
            let figure = signed(text, change);
            (format!("{}, {}", it.party, it.currency.code()), figure)
        })
        .collect();
    let flipped: i128 = report.flips.iter().map(|it| it.count.mean).sum();
    if flipped > 0 {
        totals.push(("Decisions that flip, mean".to_owned(), grouped(flipped)));
    }
    totals
}

fn empty(title: &str, measured: &str, told: String, table: Table) -> Chart {
    Chart {
        title: title.to_owned(),
        measured: measured.to_owned(),
        told,
        key: Vec::new(),
        sketches: Vec::new(),
        table,
    }
}

fn money(page: &mut Page, report: &PriceReport) {
    if report.money.is_empty() {
        page.note("No money moves in any run.");
        return;
    }
    // Amounts of two currencies share neither a chart nor a table.
    for money in report.money.chunk_by(|one, next| one.currency == next.currency) {
        in_currency(page, money[0].currency, money);
    }
    if !report.explained_by.is_empty() {
        page.part("What explains most of it");
        let one = |it: &crate::price::Explaining| {
            format!(
                "{}: {} ({} % of the {} moved)",
                it.what,
                it.how,
                tick(f64::from(it.permille) / 10.0),
                it.currency,
            )
        };
        page.list(&report.explained_by.iter().map(one).collect::<Vec<_>>());
    }
}

fn in_currency(page: &mut Page, currency: Currency, money: &[MoneyMoved]) {
    let wholes: Vec<_> = money.iter().filter(|it| it.reason.is_none()).collect();
    let rows: Vec<Row> = wholes
        .iter()
        .take(ROWS)
        .map(|it| Row { name: it.party.clone(), value: it.change })
        .collect();
    let sentence = wholes
        .iter()
        .map(|it| format!("{}: {}", it.party, told(it.change, |value| of_money(value, currency))));
    if !rows.is_empty() {
        let chart = empty(
            "Gained and lost by each party",
            currency.code(),
            sentence.collect::<Vec<_>>().join("; "),
            Table::default(),
        );
        page.chart(&intervals(&rows, units(currency), money_tick, chart));
    }
    let mut table =
        Table::new(2, &["party", "for", currency.code(), "from", "to", "told from zero"]);
    for it in money {
        table.rows.push(vec![
            it.party.clone(),
            it.reason.clone().unwrap_or_else(|| "in all".to_owned()),
            of_money(it.change.mean, currency),
            of_money(it.change.low, currency),
            of_money(it.change.high, currency),
            if it.change.is_told() { "yes" } else { "no" }.to_owned(),
        ]);
    }
    page.table(&table);
}

fn moved(page: &mut Page, report: &PriceReport) {
    page.section("GPU-hours that move", "");
    if report.moved.is_empty() {
        page.note("None: every job and service runs on the same hosts on both sides.");
        return;
    }
    let place = |host: &Option<String>| host.clone().unwrap_or_else(|| "nowhere".to_owned());
    let signed_hours = |value: i128| signed(gpu_hours(value), value);
    let mut table = Table::new(3, &["work", "from", "to", "GPU-hours", "at least", "at most"]);
    let mut rows = Vec::new();
    let mut told_all = Vec::new();
    for it in &report.moved {
        let (from, to) = (place(&it.from), place(&it.to));
        told_all.push(format!(
            "{}, {from} to {to}: {}",
            it.purpose,
            told(it.gpu_seconds, gpu_hours)
        ));
        table.rows.push(vec![
            it.purpose.clone(),
            from.clone(),
            to.clone(),
            signed_hours(it.gpu_seconds.mean),
            signed_hours(it.gpu_seconds.low),
            signed_hours(it.gpu_seconds.high),
        ]);
        rows.push(Row { name: format!("{}: {from} → {to}", it.purpose), value: it.gpu_seconds });
    }
    rows.truncate(ROWS);
    let measured = format!(
        "GPU-hours, from where they run {} to where they run {}",
        report.without, report.with
    );
    let chart = empty("From host to host", &measured, told_all.join("; "), table);
    page.chart(&intervals(&rows, 3_600, tick, chart));
}

fn waits(page: &mut Page, report: &PriceReport) {
    page.section("Queue times", "");
    if report.waits.is_empty() {
        page.note("No jobs were handed in.");
        return;
    }
    let quantile = |permille: u16| match permille {
        500 => "half".to_owned(),
        other => format!("{} %", tick(f64::from(other) / 10.0)),
    };
    let mut table =
        Table::new(1, &["jobs of, not exceeded by", &report.with, &report.without, "difference"]);
    let mut groups = Vec::new();
    let mut told_all = Vec::new();
    for it in &report.waits {
        let name = format!("{}, {}", it.purpose, quantile(it.permille));
        let change = told(it.change, |value| signed(hours(value), value));
        table.rows.push(vec![
            name.clone(),
            told(it.with, hours),
            told(it.without, hours),
            change.clone(),
        ]);
        told_all.push(format!("{name}: {change}"));
        groups.push(name);
    }
    let shown = &report.waits[..report.waits.len().min(ROWS)];
    groups.truncate(ROWS);
    let series = [
        Series::estimated(&report.with, shown.iter().map(|it| it.with), 3_600),
        Series::estimated(&report.without, shown.iter().map(|it| it.without), 3_600),
    ];
    let chart = empty(
        "How long jobs wait",
        "hours that so many of the jobs that can run did not exceed, to the end of the period where one did not start",
        told_all.join("; "),
        table,
    );
    page.chart(&bars(&groups, &series, tick, chart));
}

fn decisions(page: &mut Page, report: &PriceReport) {
    page.section("Commitments and decisions", "");
    let still = report.commitments.is_empty() && report.turned.is_empty();
    if still && report.flips.is_empty() {
        page.note("No commitment is met in other runs, and no decision flips.");
        return;
    }
    if !report.commitments.is_empty() {
        let met = |side: &str| format!("met {side}, of {} runs", grouped(report.runs));
        let mut table = Table::new(1, &["commitment", &met(&report.with), &met(&report.without)]);
        for it in &report.commitments {
            table.rows.push(vec![it.term.clone(), grouped(it.met_with), grouped(it.met_without)]);
        }
        page.table(&table);
    }
    if !report.turned.is_empty() {
        let head = ["commitment", "interval from", &report.with, "of the runs", "from", "to"];
        let mut table = Table::new(3, &head);
        let part = |millionths| percent(millionths, 1_000_000);
        for it in &report.turned {
            let turn = match it.turn {
                Turn::NewlyMet => "newly met",
                Turn::NewlyMissed => "newly missed",
            };
            table.rows.push(vec![
                it.term.clone(),
                it.starts.clone().unwrap_or_else(|| "any of them".to_owned()),
                turn.to_owned(),
                part(it.share.mean),
                part(it.share.low),
                part(it.share.high),
            ]);
        }
        page.table(&table);
    }
    if !report.flips.is_empty() {
        let mut table = Table::new(4, &["work", "at", &report.without, &report.with, "decisions"]);
        for it in report.flips.iter().take(3 * ROWS) {
            table.rows.push(vec![
                it.work.clone(),
                it.site.clone(),
                it.without.clone(),
                it.with.clone(),
                told(it.count, grouped),
            ]);
        }
        page.table(&table);
    }
    if report.flips.len() > 3 * ROWS {
        page.note(&format!("And {} more groups of decisions.", report.flips.len() - 3 * ROWS));
    }
}
