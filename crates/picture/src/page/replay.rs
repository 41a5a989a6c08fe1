//! The page of a replay.

use crate::chart::{Series, bars, burn_bars, burn_lines, flows, queue_lines, site_area, timeline};
use crate::draw::colour;
use crate::group::{Between, Purposes, SERIES, between, sites};
use crate::html::{Chart, Keyed, Page, Sign, Table};
use crate::number::{
    fraction, gpu_hour, gpu_hours, grouped, hours, money_tick, nearest, percent, short, tenths,
    tick, used_hours, whole,
};
use crate::replay::{Compared, Queue, ReplayReport, Run, SiteUse};

/// The most rows of a table that is not the point of its section.
const ROWS: usize = 60;

/// A replay as one HTML text, for the screen, the telephone and paper.
#[must_use]
pub fn replay_page(report: &ReplayReport) -> String {
    let (from, to) = (report.period.start(), report.period.end());
    let title = format!("{}: {from} to {to}, replayed", report.deal);
    let mut page = Page::new(&title, &format!("seed {}", report.seed), "many");
    for note in &report.notes {
        page.note(note);
    }
    page.totals(&totals(&report.in_force));
    page.section("Terms over time", "");
    match timeline(&report.agreements, report.period) {
        Some(chart) => page.chart(&chart),
        None => page.note("The deal has no agreement."),
    }
    let versions = report.compared.iter().flat_map(|it| &it.versions);
    let purposes = Purposes::of(std::iter::once(&report.in_force).chain(versions));
    page.section("Under the terms in force", "");
    one_run(&mut page, report, &purposes);
    if let Some(compared) = &report.compared {
        side_by_side(&mut page, &report.in_force, compared, &purposes);
        flips(&mut page, compared);
    }
    page.finish(
        "Periods include their first day and not their last. Figures are rounded for the page; comity replay --json and --out have them in full.",
    )
}

fn sum(site: &SiteUse) -> (i128, i128) {
    let used = site.used.iter().flat_map(|(_, sums)| sums).sum();
    (used, site.available.iter().sum())
}

fn all_sites(run: &Run) -> (i128, i128) {
    run.sites.iter().map(sum).fold((0, 0), |(used, all), (u, a)| (used + u, all + a))
}

fn totals(run: &Run) -> Vec<(String, String)> {
    let (used, available) = all_sites(run);
    let handed_in: u64 = run.queues.iter().map(|queue| queue.handed_in).sum();
    let started: u64 = run.queues.iter().map(|queue| queue.waits.jobs).sum();
    let line = |what: &str, figure: String| (what.to_owned(), figure);
    let mut totals = vec![
        line("Jobs handed in", grouped(handed_in)),
        line("Jobs started", percent(started.into(), handed_in.into())),
        line("GPU-hours used", short(used, gpu_hour())),
        line("Sites in use", percent(used, available)),
    ];
    let tokens = |of: fn(&crate::replay::Served) -> u128| {
        let sum: u128 = run.services.iter().map(of).sum();
        i128::try_from(sum).unwrap_or(i128::MAX)
    };
    if !run.services.is_empty() {
        let (asked, served) = (tokens(|it| it.asked), tokens(|it| it.served));
        totals.push(line("Tokens served", percent(nearest(served, 1_000), nearest(asked, 1_000))));
    }
    let decided: u64 = run.answers.iter().map(|(_, count)| count).sum();
    for (answer, count) in run.answers.iter().filter(|(_, count)| *count > 0) {
        totals
            .push(line(&format!("Decisions: {answer}"), percent((*count).into(), decided.into())));
    }
    for it in between(&run.owed) {
        let gross: i128 = it.gross.iter().flatten().sum();
        totals.push(line(
            &format!("Owed in the period, {}", it.currency.code()),
            short(gross, minor_units(&it)),
        ));
    }
    totals
}

fn minor_units(it: &Between) -> i128 {
    10_i128.pow(it.currency.scale().into())
}

fn one_run(page: &mut Page, report: &ReplayReport, purposes: &Purposes) {
    let run = &report.in_force;
    page.part("Sites");
    if run.sites.is_empty() {
        page.note("No site is open in the period.");
    } else {
        page.note("GPUs in use, mean of each step, by purpose from below; the dashed line is what is there.");
        page.key(&purpose_key(purposes));
        page.open_grid();
        for site in sites(&run.sites) {
            page.chart(&site_area(&purposes.site(&site), &run.slots, &purposes.shown));
        }
        page.close_grid();
    }
    page.part("Queues");
    if run.queues.is_empty() {
        page.note("No jobs were handed in.");
    } else {
        page.chart(&queue_lines(&purposes.queues(&run.queues, &run.slots), &run.slots));
        page.chart(&waits(&run.queues));
    }
    if !run.services.is_empty() {
        page.part("Services");
        page.table(&services(run));
        let lacks = run.services.iter().flat_map(|it| {
            it.lacking.iter().map(move |(why, seconds)| {
                format!("{} lacks {} GPU-hours: {why}", it.service, gpu_hours(*seconds))
            })
        });
        let lacks: Vec<String> = lacks.take(ROWS).collect();
        if !lacks.is_empty() {
            page.list(&lacks);
        }
    }
    page.part("Commitments");
    if run.commitments.is_empty() {
        page.note("No commitment is in force in the period.");
    } else {
        page.chart(&burn_bars(&run.commitments));
        let outlooks = run.commitments.iter().map(|it| format!("{}: {}", it.term, it.outlook));
        page.list(&outlooks.collect::<Vec<_>>());
        if let Some(chart) = burn_lines(&run.commitments, report.period) {
            page.chart(&chart);
        }
    }
    page.part("Money between the parties");
    let all = between(&run.owed);
    if all.is_empty() {
        page.note("Nothing is owed.");
    }
    for it in &all {
        money(page, it, run);
    }
}

fn purpose_key(purposes: &Purposes) -> Vec<Keyed> {
    let keyed = |(index, name): (usize, &String)| Keyed {
        name: name.clone(),
        colour: colour(index),
        sign: Sign::Fill,
    };
    purposes.shown.iter().enumerate().map(keyed).collect()
}

fn waits(queues: &[Queue]) -> Chart {
    let mut table = Table::new(
        1,
        &["purpose", "handed in", "started", "half", "9 of 10", "99 of 100", "longest"],
    );
    for queue in queues {
        let time = |seconds: i64| {
            if queue.waits.jobs == 0 { "-".to_owned() } else { hours(seconds.into()) }
        };
        table.rows.push(vec![
            queue.purpose.clone(),
            grouped(queue.handed_in),
            grouped(queue.waits.jobs),
            time(queue.waits.half),
            time(queue.waits.nine_of_ten),
            time(queue.waits.ninety_nine),
            time(queue.waits.longest),
        ]);
    }
    let mut shown: Vec<&Queue> = queues.iter().filter(|queue| queue.waits.jobs > 0).collect();
    shown.sort_by_key(|queue| (std::cmp::Reverse(queue.waits.longest), queue.purpose.as_str()));
    shown.truncate(ROWS / 3);
    let groups: Vec<String> = shown.iter().map(|queue| queue.purpose.clone()).collect();
    let series = |name: &str, of: fn(&Queue) -> i64| {
        let values = shown.iter().map(|queue| fraction(of(queue).into(), 3_600));
        Series::known(name, values.collect())
    };
    let told = shown.iter().map(|queue| {
        format!(
            "{}: half waited {} at most, nine of ten {}",
            queue.purpose,
            hours(queue.waits.half.into()),
            hours(queue.waits.nine_of_ten.into())
        )
    });
    let chart = Chart {
        title: "Queue times".to_owned(),
        measured: "hours that so many of the started jobs did not exceed".to_owned(),
        told: told.collect::<Vec<_>>().join("; "),
        key: Vec::new(),
        sketches: Vec::new(),
        table,
    };
    if groups.is_empty() {
        return Chart { told: "No job started".to_owned(), ..chart };
    }
    let series = [
        series("half", |it| it.waits.half),
        series("nine of ten", |it| it.waits.nine_of_ten),
        series("99 of 100", |it| it.waits.ninety_nine),
    ];
    bars(&groups, &series, tick, chart)
}

fn services(run: &Run) -> Table {
    let mut table = Table::new(1, &["service", "million tokens asked", "served", "of them"]);
    for it in &run.services {
        let count = |tokens: u128| i128::try_from(tokens).unwrap_or(i128::MAX);
        table.rows.push(vec![
            it.service.clone(),
            grouped(it.asked / 1_000_000),
            grouped(it.served / 1_000_000),
            percent(nearest(count(it.served), 1_000), nearest(count(it.asked), 1_000)),
        ]);
    }
    table
}

fn money(page: &mut Page, it: &Between, run: &Run) {
    let units = minor_units(it);
    let most = it.gross.iter().flatten().copied().max().unwrap_or(0);
    let in_millions = most >= units.saturating_mul(10_000_000);
    let shown = |amount: i128| match in_millions {
        true => tenths(amount, units.saturating_mul(1_000_000)),
        false => whole(amount, units),
    };
    page.note(&format!(
        "Rows pay columns, {}{}, gross; the last row is what each party is owed less what it owes.",
        if in_millions { "million " } else { "" },
        it.currency.code()
    ));
    let head: Vec<String> = std::iter::once("pays".to_owned()).chain(it.parties.clone()).collect();
    let part = |amount: i128| u32::try_from(nearest(amount * 100, most)).unwrap_or(0);
    let mut rows = Vec::new();
    for (party, row) in it.parties.iter().zip(&it.gross) {
        let cells = row.iter().map(|&amount| match amount {
            0 => (String::new(), 0),
            amount => (shown(amount), part(amount)),
        });
        rows.push(std::iter::once((party.clone(), 0)).chain(cells).collect());
    }
    let net = (0..it.parties.len()).map(|party| (shown(it.net(party)), 0));
    rows.push(std::iter::once(("net".to_owned(), 0)).chain(net).collect());
    page.matrix(&head, &rows);
    let Some((drawn, key)) = flows(&it.parties, &it.gross, units) else { return };
    let mut table = Table::new(3, &["from", "to", "for", it.currency.code()]);
    let mut owed: Vec<_> =
        run.owed.iter().filter(|owing| owing.amount.currency == it.currency).collect();
    owed.sort_by_key(|owing| std::cmp::Reverse(owing.amount.minor.abs()));
    for owing in owed.iter().take(ROWS) {
        table.rows.push(vec![
            owing.from.clone(),
            owing.to.clone(),
            owing.reason.clone(),
            whole(owing.amount.minor, units),
        ]);
    }
    let told = owed.iter().take(5).map(|owing| {
        format!(
            "{} owes {} {} {} for {}",
            owing.from,
            owing.to,
            it.currency.code(),
            whole(owing.amount.minor, units),
            owing.reason
        )
    });
    page.open_grid();
    page.chart(&Chart {
        title: "Money by pairs".to_owned(),
        measured: format!(
            "{}; a ribbon is as wide as the money between two parties, both ways",
            it.currency.code()
        ),
        told: told.collect::<Vec<_>>().join("; "),
        key,
        sketches: vec![drawn],
        table: Table::default(),
    });
    page.boxed(&table);
    page.close_grid();
}

fn side_by_side(page: &mut Page, in_force: &Run, compared: &Compared, purposes: &Purposes) {
    page.section(
        &format!("The same period under each version of \u{201c}{}\u{201d}", compared.agreement),
        "Fleet, work and calendar are held fixed; the terms are those in force on the version's date.",
    );
    let runs: Vec<&Run> = std::iter::once(in_force).chain(&compared.versions).collect();
    page.table(&figures(&runs));
    let skipped = compared.versions.len().saturating_sub(SERIES);
    if skipped > 0 {
        page.note(&format!(
            "The charts show the last {SERIES} of {} versions.",
            compared.versions.len()
        ));
    }
    let versions = &compared.versions[skipped..];
    if versions.is_empty() {
        return;
    }
    let chart = |title: &str, measured: &str| Chart {
        title: title.to_owned(),
        measured: measured.to_owned(),
        told: "The figures stand in the table of this section".to_owned(),
        key: Vec::new(),
        sketches: Vec::new(),
        table: Table::default(),
    };
    let by = |of: &dyn Fn(&Run) -> Vec<f64>| -> Vec<Series> {
        versions.iter().map(|run| Series::known(&run.name, of(run))).collect()
    };
    let names: Vec<String> = sites(&in_force.sites).into_iter().map(|site| site.site).collect();
    if !names.is_empty() {
        let used = by(&|run| {
            let grouped = sites(&run.sites);
            let of =
                |name| grouped.iter().find(|site| &site.site == name).map_or(0, |it| sum(it).0);
            names.iter().map(|name| fraction(of(name), gpu_hour())).collect()
        });
        page.chart(&bars(&names, &used, tick, chart("Use of the sites", "GPU-hours")));
    }
    let waiting: Vec<String> = purposes
        .shown
        .iter()
        .filter(|name| in_force.queues.iter().any(|queue| &&queue.purpose == name))
        .cloned()
        .collect();
    if !waiting.is_empty() {
        let waits = by(&|run| {
            let of = |name| run.queues.iter().find(|queue| &queue.purpose == name);
            let longest = |name| of(name).map_or(0, |queue| queue.waits.nine_of_ten);
            waiting.iter().map(|name| fraction(longest(name).into(), 3_600)).collect()
        });
        let measured = "hours that nine of ten of the started jobs did not exceed";
        page.chart(&bars(&waiting, &waits, tick, chart("Queue times", measured)));
    }
    for mut parties in
        between(&versions.iter().flat_map(|run| run.owed.clone()).collect::<Vec<_>>())
    {
        parties.parties.retain(|name| {
            versions.iter().flat_map(|run| &run.owed).any(|it| &it.from == name || &it.to == name)
        });
        let units = minor_units(&parties);
        let net = by(&|run| {
            let moved = between(&run.owed);
            let own = moved.iter().find(|it| it.currency == parties.currency);
            let of = |name| {
                own.and_then(|it| Some(it.net(it.parties.iter().position(|own| own == name)?)))
            };
            parties.parties.iter().map(|name| fraction(of(name).unwrap_or(0), units)).collect()
        });
        let measured =
            format!("{}; what a party is owed less what it owes", parties.currency.code());
        page.chart(&bars(
            &parties.parties,
            &net,
            money_tick,
            chart("Net of each party", &measured),
        ));
    }
}

/// The figures of each run, one column a run.
fn figures(runs: &[&Run]) -> Table {
    let names = runs.iter().map(|run| run.name.clone());
    let head = std::iter::once(String::new()).chain(names).collect();
    let mut table = Table { head, words: 1, rows: Vec::new() };
    let mut row = |name: String, of: &dyn Fn(&Run) -> String| {
        table.rows.push(std::iter::once(name).chain(runs.iter().map(|run| of(run))).collect());
    };
    let first = runs[0];
    let none = || "-".to_owned();
    for (answer, _) in &first.answers {
        row(format!("decisions: {answer}"), &|run| {
            let found = run.answers.iter().find(|(name, _)| name == answer);
            found.map_or_else(none, |(_, count)| grouped(*count))
        });
    }
    row("GPU-hours used".to_owned(), &|run| used_hours(all_sites(run).0));
    for queue in first.queues.iter().take(ROWS) {
        let of =
            |run: &Run| run.queues.iter().find(|it| it.purpose == queue.purpose).map(|it| it.waits);
        row(format!("{}: jobs started", queue.purpose), &|run| {
            of(run).map_or_else(none, |waits| grouped(waits.jobs))
        });
        row(format!("{}: nine of ten waited at most", queue.purpose), &|run| {
            let waits = of(run).filter(|waits| waits.jobs > 0);
            waits.map_or_else(none, |waits| hours(waits.nine_of_ten.into()))
        });
    }
    for service in first.services.iter().take(ROWS) {
        row(format!("{}: tokens served", service.service), &|run| {
            let found = run.services.iter().find(|it| it.service == service.service);
            found.map_or_else(none, |it| {
                let count =
                    |tokens: u128| nearest(i128::try_from(tokens).unwrap_or(i128::MAX), 1_000);
                percent(count(it.served), count(it.asked))
            })
        });
    }
    let mut owed: Vec<_> = runs
        .iter()
        .flat_map(|run| &run.owed)
        .map(|it| (&it.from, &it.to, &it.reason, it.amount.currency))
        .collect();
    owed.sort_unstable();
    owed.dedup();
    for (from, to, reason, currency) in owed.into_iter().take(ROWS) {
        row(format!("{from} to {to}, {reason}, {}", currency.code()), &|run| {
            let same = |it: &&crate::replay::Owing| {
                (&it.from, &it.to, &it.reason, it.amount.currency) == (from, to, reason, currency)
            };
            run.owed.iter().find(same).map_or_else(none, |it| {
                whole(it.amount.minor, 10_i128.pow(currency.scale().into()))
            })
        });
    }
    table
}

fn flips(page: &mut Page, compared: &Compared) {
    page.section("Decisions that flip from one version to the next", "");
    if compared.flips.is_empty() {
        page.note("None.");
        return;
    }
    let mut table = Table::new(5, &["from, to", "work", "at", "before", "after", "decisions"]);
    let answer = |(answer, terms): &(String, Vec<String>)| {
        if terms.is_empty() { answer.clone() } else { format!("{answer} by {}", terms.join(", ")) }
    };
    for flip in compared.flips.iter().take(ROWS) {
        let mut at = flip.sites.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
        if flip.sites.len() > 6 {
            at = format!("{at} and {} more", flip.sites.len() - 6);
        }
        table.rows.push(vec![
            format!("{} to {}", flip.from, flip.to),
            flip.work.clone(),
            at,
            answer(&flip.before),
            answer(&flip.after),
            grouped(flip.count),
        ]);
    }
    page.table(&table);
    if compared.flips.len() > ROWS {
        page.note(&format!("And {} more groups.", grouped(compared.flips.len() - ROWS)));
    }
}
