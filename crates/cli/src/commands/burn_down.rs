//! `comity burn-down`: how far each commitment is used, at which pace, and where that leads.

use std::fmt::Write as _;
use std::path::Path;

use comity_base::{Instant, Known, Window};
use comity_lang::Loaded;
use comity_replay::{Traces, Under, work};
use comity_settlement::{
    BurnDown, Counted, Drawdown, Lifecycle, MoneyTerms, Outlook, burn_down, lifecycles,
};
use serde_json::{Value, json};

use super::replay::json::counted_unit;
use super::replay::one;
use super::replay::text::counted_of;
use crate::args::BurnDownArgs;
use crate::commands::Outcome as Ended;
use crate::load::load;
use crate::render::print;
use crate::status;
use crate::table::{percent, table};
use crate::usage::Reading;

/// A commitment with its stage and, where an interval of it was settled, where it is heading.
struct Row {
    life: Lifecycle,
    heading: Option<BurnDown>,
}

pub(crate) fn run(args: &BurnDownArgs) -> Ended {
    let loaded = load(&args.deal)?;
    let (period, drawdowns) = match &args.books {
        Some(books) => booked(books, args)?,
        None => replayed(&loaded, args)?,
    };
    let at = period.end();
    let rules = loaded.deal.rules(Known::ALL);
    let (terms, _) = MoneyTerms::of(&loaded.deal, &rules);
    let mut rows = Vec::new();
    for life in lifecycles(&terms.commitments, &drawdowns, at) {
        let mine = |it: &&Drawdown| {
            (&it.term, &it.buyer, &it.seller) == (&life.term, &life.buyer, &life.seller)
        };
        // The interval that was settled last.
        let heading = drawdowns.iter().rev().find(mine).map(|it| burn_down(it, at)).transpose()?;
        rows.push(Row { life, heading });
    }
    let name = &loaded.deal.parts().name;
    if args.json {
        print(&format!("{:#}\n", json(name, period, &rows)))?;
    } else {
        print(&text(name, period, &rows))?;
    }
    Ok(status::CLEAN)
}

/// How far the commitments are drawn by the records in the books, up to the date.
fn booked(
    books: &Path,
    args: &BurnDownArgs,
) -> Result<(Window, Vec<Drawdown>), Box<dyn std::error::Error>> {
    let settled = super::settle::open(&args.deal, books)?;
    let own = settled.settlement.period;
    let Some(at) = args.at.as_deref().map(Instant::parse).transpose()? else {
        return Ok((own, settled.settlement.drawdowns));
    };
    if at <= own.start() || at > own.end() {
        return Err(format!("{at} is not in the time of the books, {own}").into());
    }
    let period = Window::new(own.start(), at)?;
    let reading = Reading::of_books(&settled.loaded);
    let done = settled.records.totals(&reading, &settled.terms, period)?.settle()?;
    Ok((period, done.drawdowns))
}

/// How far the commitments are drawn by the deal's own workload, replayed up to the date.
fn replayed(
    loaded: &Loaded,
    args: &BurnDownArgs,
) -> Result<(Window, Vec<Drawdown>), Box<dyn std::error::Error>> {
    let Some(workload) = &loaded.workload else {
        return Err(
            "the deal has no file of kind `workload`, so nothing is known to be used".into()
        );
    };
    let own = workload.period;
    let at = args.at.as_deref().map(Instant::parse).transpose()?.unwrap_or(own.end());
    if at <= own.start() || at > own.end() {
        return Err(format!("{at} is not in the period of the deal's workload, {own}").into());
    }
    let period = Window::new(own.start(), at)?;
    let work = work(workload, period, workload.seed, Traces { jobs: None, requests: None })?;
    let done = one(loaded, &work, Under::Calendar)?;
    Ok((period, done.replay.settlement.drawdowns))
}

fn text(name: &str, period: Window, rows: &[Row]) -> String {
    let (from, at) = (period.start(), period.end());
    let mut out = format!("{name}: commitments as of {at}, by the use from {from} on\n");
    if rows.is_empty() {
        out.push_str("\n  The deal has no commitments.\n");
        return out;
    }
    let mut figures = Vec::new();
    let mut ways = Vec::new();
    let mut chart = Vec::new();
    for Row { life, heading } in rows {
        let term = life.term.to_string();
        let stage = life.stage.name().to_owned();
        let Some(it) = heading else {
            figures.push([vec![term, stage], vec!["-".to_owned(); 5]].concat());
            continue;
        };
        let known = |it: Option<Counted>| it.map_or_else(|| "-".to_owned(), counted_of);
        let elapsed = match (it.elapsed_seconds, it.whole_seconds) {
            (Some(elapsed), Some(whole)) => percent(elapsed.into(), whole.into()),
            (None, _) | (_, None) => "-".to_owned(),
        };
        figures.push(vec![
            term.clone(),
            stage,
            counted_of(it.promised),
            counted_of(it.used),
            counted_of(it.remaining),
            percent(it.used.count, it.promised.count),
            elapsed,
        ]);
        ways.push(vec![
            term.clone(),
            way(it),
            counted_of(it.per_day),
            known(it.needed_per_day),
            known(it.projected),
            known(it.projected_shortfall),
        ]);
        chart.push((term, bar(it)));
    }
    let header = ["term", "stage", "promised", "used", "remaining", "used", "time gone"];
    let _ = write!(out, "\nUsed and left\n{}", table(&header, 2, figures));
    if ways.is_empty() {
        return out;
    }
    let header = ["term", "at this pace", "a day", "needed a day", "at the end", "short"];
    let _ = write!(out, "\nWhere it leads\n{}", table(&header, 2, ways));
    let width = chart.iter().map(|(term, _)| term.chars().count()).max().unwrap_or(0);
    out.push_str("\nBurn-down: # used, = more at this pace, . falls short, | the time gone\n");
    for (term, bar) in chart {
        let _ = writeln!(out, "  {term:<width$}  {bar}");
    }
    out
}

/// What becomes of a commitment, in words.
pub(crate) fn way(it: &BurnDown) -> String {
    match it.outlook {
        Outlook::UsedUp => "used up".to_owned(),
        Outlook::UsedUpOn(on) => format!("used up on {}", day(on)),
        Outlook::FallsShort { lost_from } if lost_from <= it.at => {
            format!("short on {}, out of reach by now", day(it.interval.end()))
        }
        Outlook::FallsShort { lost_from } => {
            format!("short on {}, out of reach from {}", day(it.interval.end()), day(lost_from))
        }
        Outlook::Idle => "not used, and without an end".to_owned(),
        Outlook::Over => format!("over since {}", day(it.interval.end().min(it.at))),
    }
}

/// The day that an instant lies in.
fn day(at: Instant) -> String {
    let start = at.seconds().div_euclid(Instant::DAY) * Instant::DAY;
    Instant::from_seconds(start).to_string()
}

/// How many columns what is promised is wide.
const WIDTH: i128 = 50;

/// A line from nothing to what is promised: `[#####=====......|.......]`.
fn bar(it: &BurnDown) -> String {
    let whole = it.promised.count.max(1);
    // To the nearest column; a whole bar is kept for what is used up.
    let column = |count: i128| {
        let columns =
            count.min(whole).saturating_mul(2 * WIDTH).saturating_add(whole) / (2 * whole);
        if count < whole { columns.min(WIDTH - 1) } else { WIDTH }
    };
    let used = column(it.used.count);
    let projected = it.projected.map_or(used, |projected| column(projected.count)).max(used);
    let time = it.elapsed_seconds.zip(it.whole_seconds).map(|(elapsed, seconds)| {
        (i128::from(elapsed) * WIDTH / i128::from(seconds.max(1))).min(WIDTH)
    });
    let mut bar = String::from("[");
    for at in 0..=WIDTH {
        if time == Some(at) {
            bar.push('|');
        }
        match at {
            WIDTH => {}
            _ if at < used => bar.push('#'),
            _ if at < projected => bar.push('='),
            _ => bar.push('.'),
        }
    }
    if time.is_none() {
        bar.push(' ');
    }
    bar.push(']');
    bar
}

fn json(name: &str, period: Window, rows: &[Row]) -> Value {
    let one = |Row { life, heading }: &Row| {
        json!({
            "term": life.term.as_str(),
            "version": life.version.as_str(),
            "buyer": life.buyer.as_str(),
            "seller": life.seller.as_str(),
            "stage": life.stage.name(),
            "burn_down": heading.as_ref().map(heading_json),
        })
    };
    json!({
        "deal": name,
        "used_from": period.start().to_string(),
        "at": period.end().to_string(),
        "commitments": rows.iter().map(one).collect::<Vec<_>>(),
    })
}

/// Figures as text, in the smallest unit that is exact: a number of JSON is a float to many.
fn heading_json(it: &BurnDown) -> Value {
    let (outlook, on) = match it.outlook {
        Outlook::UsedUp => ("used-up", None),
        Outlook::UsedUpOn(on) => ("used-up-on", Some(on.to_string())),
        Outlook::FallsShort { lost_from } => ("falls-short", Some(lost_from.to_string())),
        Outlook::Idle => ("idle", None),
        Outlook::Over => ("over", None),
    };
    json!({
        "from": it.interval.start().to_string(),
        "to": it.interval.end().to_string(),
        "unit": counted_unit(it.promised),
        "promised": it.promised.plain(),
        "used": it.used.plain(),
        "remaining": it.remaining.plain(),
        "elapsed_seconds": it.elapsed_seconds,
        "whole_seconds": it.whole_seconds,
        "per_day": it.per_day.plain(),
        "needed_per_day": it.needed_per_day.map(Counted::plain),
        "projected": it.projected.map(Counted::plain),
        "projected_shortfall": it.projected_shortfall.map(Counted::plain),
        "outlook": outlook,
        "outlook_date": on,
    })
}
