//! The report for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use comity_base::{Money, RateId, TermId};
use comity_fleet::{Backfill, NodePolicy, Order, Scheduling, SitePolicy};
use comity_replay::{Flip, JobReport, OutcomeKind, ServingReport, SiteReport, Stop, flips};
use comity_settlement::{
    Counted, Drawdown, Measure, Owed, Standing, WhyUnrated, owed, statements, sums_of_statements,
};
use comity_terms::Answer;

use crate::load::counted;

use super::words::Refused;
use super::{Done, Report, VersionDone, listed};
use crate::table::{gpu_hours, gpus, grouped, hours, percent, table, used_hours};

/// The whole report.
pub(super) fn report(report: &Report<'_>) -> String {
    let deal = report.loaded.deal.parts();
    let work = report.work;
    let mut out = format!(
        "{}, {} to {}: {} {}, {}, {} open",
        deal.name,
        work.period.start(),
        work.period.end(),
        grouped(work.jobs.len()),
        if work.jobs.len() == 1 { "job" } else { "jobs" },
        counted(work.services.len(), "service", "services"),
        counted(report.in_force.summary.sites.len(), "site", "sites"),
    );
    let _ = writeln!(out, ", seed {}", report.seed);
    for trace in &report.traces {
        let _ = writeln!(
            out,
            "{}: {} rows, {} used, {} after the period, {} set aside{}",
            trace.path,
            grouped(trace.read),
            grouped(trace.used),
            grouped(trace.later),
            grouped(trace.set_aside.len()),
            if trace.notes.is_empty() { String::new() } else { format!(" ({})", trace.notes) },
        );
        for (reason, count) in &trace.set_aside_by_reason {
            let _ = writeln!(out, "  set aside: {} because {reason}", grouped(count));
        }
    }
    if let Some(scheduling) = work.scheduling {
        let _ = writeln!(out, "scheduled {}", scheduled(scheduling));
    }
    let left: Vec<&str> = work.replaced.iter().map(|stream| stream.id.as_str()).collect();
    if !left.is_empty() {
        let _ = writeln!(out, "in place of the deal's own work: {}", left.join(", "));
    }
    out.push_str("\nUNDER THE TERMS IN FORCE\n");
    answers(&mut out, report, &report.in_force);
    jobs(&mut out, report, &report.in_force);
    refused(&mut out, &report.refused);
    stopped(&mut out, report, &report.in_force);
    serving(&mut out, report, &report.in_force);
    sites(&mut out, report, &report.in_force);
    money(&mut out, report, &report.in_force);
    if let Some((agreement, versions)) = &report.compared {
        let _ = writeln!(
            out,
            "\nTHE SAME MONTH UNDER EACH VERSION OF THE AGREEMENT \"{}\"\n(fleet, work and calendar held fixed; the terms are those in force on the version's date)",
            agreement.name
        );
        side_by_side(&mut out, report, versions);
        flipped(&mut out, report, versions);
    }
    out
}

fn stream<'a>(report: &'a Report<'_>, index: usize) -> &'a str {
    report.work.streams[index].id.as_str()
}

fn list(terms: &BTreeSet<TermId>) -> String {
    terms.iter().map(TermId::as_str).collect::<Vec<_>>().join(", ")
}

fn section(out: &mut String, title: &str) {
    let _ = writeln!(out, "\n{title}");
}

/// Who may run what where, and by which terms: sites with one answer by the same terms together.
fn answers(out: &mut String, report: &Report<'_>, done: &Done) {
    section(out, "Decisions: each job, and each hour of a service, at each site that is open");
    let mut groups: BTreeMap<_, (Vec<&str>, u64)> = BTreeMap::new();
    for group in &done.summary.decisions {
        let entry = groups.entry((group.stream, group.answer, &group.terms)).or_default();
        entry.0.push(group.site.as_str());
        entry.1 += group.count;
    }
    let rows = groups.into_iter().map(|((index, answer, terms), (mut sites, count))| {
        sites.dedup();
        let by = if terms.is_empty() { "(no term speaks of it)".to_owned() } else { list(terms) };
        vec![
            stream(report, index).to_owned(),
            answer.to_string(),
            sites.join(", "),
            by,
            grouped(count),
        ]
    });
    out.push_str(&table(&["work", "answer", "at", "by", "decisions"], 4, rows.collect()));
    let counts: Vec<String> = Answer::ALL
        .iter()
        .map(|answer| format!("{} {answer}", grouped(done.summary.answers[answer])))
        .collect();
    let _ = writeln!(out, "  in all: {}", counts.join(", "));
}

fn jobs(out: &mut String, report: &Report<'_>, done: &Done) {
    if done.summary.jobs.is_empty() {
        return;
    }
    section(out, "Jobs");
    let mut rows = Vec::new();
    for job in &done.summary.jobs {
        let ran: u64 = job
            .outcomes
            .iter()
            .filter(|((kind, _), _)| *kind == OutcomeKind::Runs)
            .map(|(_, count)| count)
            .sum();
        let mean = if ran == 0 { 0 } else { job.waited_seconds / i128::from(ran) };
        let mut row = vec![
            stream(report, job.stream).to_owned(),
            grouped(job.handed_in),
            grouped(ran),
            hours(mean),
            used_hours(job.gpu_time),
        ];
        row.push(not_started(job));
        rows.push(row);
    }
    let header = ["stream", "handed in", "started", "mean wait", "GPU-hours", "  not started"];
    // The last column is words again.
    let text = table(&header[..5], 1, rows.iter().map(|row| row[..5].to_vec()).collect());
    for (index, line) in text.lines().enumerate() {
        let rest = if index == 0 { "not started" } else { rows[index - 1][5].as_str() };
        let _ = writeln!(out, "{}", format!("{line}   {rest}").trim_end());
    }
}

/// How jobs are scheduled, in words.
fn scheduled(it: &Scheduling) -> String {
    let order = match it.order {
        Order::Arrival => "by arrival".to_owned(),
        Order::Priority => "by priority".to_owned(),
        Order::FairShare { half_life_seconds } => {
            format!("by fair share (half-life {})", hours(i128::from(half_life_seconds)))
        }
    };
    let backfill = match it.backfill {
        Backfill::None => "no backfill",
        Backfill::FirstFit => "first fit",
        Backfill::Easy => "EASY backfill",
        Backfill::Conservative => "conservative backfill",
    };
    let site = match it.site_policy {
        SitePolicy::InOrder => ", sites in order",
        SitePolicy::Tightest => "",
    };
    let node = match it.node_policy {
        NodePolicy::Tightest => String::new(),
        NodePolicy::FirstFit
        | NodePolicy::Random
        | NodePolicy::BestFit
        | NodePolicy::DotProduct
        | NodePolicy::Clustering
        | NodePolicy::Packing
        | NodePolicy::Fragmentation => {
            let named = NodePolicy::NAMED.iter().find(|(_, policy)| *policy == it.node_policy);
            format!(", nodes by `{}`", named.map_or("", |(name, _)| name))
        }
    };
    let to = match (it.preempt.priority, it.preempt.reclaim) {
        (false, false) => return format!("{order}, {backfill}{site}{node}"),
        (true, false) => "to higher priority",
        (false, true) => "to parties within their nominal quota",
        (true, true) => "to higher priority and to parties within their nominal quota",
    };
    let grace = it.preempt.grace_seconds / 60;
    let asked = if it.preempt.acts.is_empty() { "" } else { ", where the terms let them" };
    format!(
        "{order}, {backfill}{site}{node}; jobs give way {to}{asked}, {grace} minutes after they are told"
    )
}

/// The jobs that ask for what cannot be, the first of many.
fn refused(out: &mut String, refused: &[Refused]) {
    if refused.is_empty() {
        return;
    }
    section(out, "Jobs that ask for what cannot be");
    let line =
        |it: &Refused| format!("job {} of {}, {}: {}", it.job, it.work, gpus(it.size), it.why);
    let _ = writeln!(out, "{}", listed(refused.iter().map(line)));
}

/// What stopped jobs, what that cost, and what was out of service; nothing where nothing was.
fn stopped(out: &mut String, report: &Report<'_>, done: &Done) {
    let summary = &done.summary;
    if summary.jobs.iter().any(|job| !job.stops.is_empty()) {
        section(out, "Jobs stopped before they were done, and GPU-hours lost to it");
        let row = |job: &JobReport| {
            let mut row = vec![stream(report, job.stream).to_owned()];
            let count = |stop| job.stops.get(&stop).copied().unwrap_or(0);
            row.extend(Stop::ALL.map(|stop| grouped(count(stop))));
            row.push(used_hours(job.lost_gpu_time));
            row
        };
        let rows = summary.jobs.iter().filter(|job| !job.stops.is_empty()).map(row);
        let mut header = vec!["stream"];
        header.extend(Stop::ALL.map(Stop::name));
        header.push("lost");
        out.push_str(&table(&header, 1, rows.collect()));
    }
    let out_of_service: Vec<&SiteReport> =
        summary.sites.iter().filter(|site| site.faults > 0 || site.maintained > 0).collect();
    if !out_of_service.is_empty() {
        section(out, "Out of service, in GPU-hours");
        let rows = out_of_service.into_iter().map(|site| {
            vec![
                site.site.to_string(),
                grouped(site.faults),
                used_hours(site.failed),
                used_hours(site.maintained),
            ]
        });
        let header = ["site", "faults of nodes", "failed", "maintenance"];
        out.push_str(&table(&header, 1, rows.collect()));
    }
}

/// Why jobs of a stream have not started, and by which terms.
fn not_started(job: &JobReport) -> String {
    let rest = job.outcomes.iter().filter(|((kind, _), _)| *kind != OutcomeKind::Runs);
    let rest = rest.map(|((kind, terms), count)| {
        let elsewhere = matches!(kind, OutcomeKind::WaitsForCapacity | OutcomeKind::WaitsForLeased);
        let by = match (terms.is_empty(), elsewhere) {
            (true, _) => String::new(),
            (false, true) => format!(" (other sites are closed by {})", list(terms)),
            (false, false) => format!(" by {}", list(terms)),
        };
        format!("{} {}{by}", grouped(count), kind.name())
    });
    rest.collect::<Vec<_>>().join("; ")
}

/// The stream of a service, and the region where it has regions.
fn service_name(report: &Report<'_>, service: &ServingReport) -> String {
    let name = stream(report, service.stream);
    match &service.region {
        Some(region) => format!("{name} in {region}"),
        None => name.to_owned(),
    }
}

fn serving(out: &mut String, report: &Report<'_>, done: &Done) {
    if done.summary.serving.is_empty() {
        return;
    }
    section(out, "Services, in million tokens");
    let mut rows = Vec::new();
    let mut lacking = Vec::new();
    for service in &done.summary.serving {
        let whole = |tokens: u128| i128::try_from(tokens).unwrap_or(i128::MAX / 4_000);
        rows.push(vec![
            service_name(report, service),
            grouped(service.asked / 1_000_000),
            grouped(service.served / 1_000_000),
            percent(whole(service.served), whole(service.asked)),
        ]);
        for ((kind, terms), gpu_seconds) in &service.lacking {
            let by = if terms.is_empty() { String::new() } else { format!(" by {}", list(terms)) };
            let tokens = service.unserved.get(&(*kind, terms.clone())).copied().unwrap_or(0);
            lacking.push(format!(
                "  {} lacks {} GPU-hours, {} million tokens: {}{by}",
                service_name(report, service),
                gpu_hours(*gpu_seconds),
                grouped(tokens / 1_000_000),
                kind.name()
            ));
        }
    }
    out.push_str(&table(&["service", "asked", "served", ""], 1, rows));
    for line in lacking {
        let _ = writeln!(out, "{line}");
    }
}

fn sites(out: &mut String, report: &Report<'_>, done: &Done) {
    section(out, "Sites, in GPU-hours");
    let rows = done.summary.sites.iter().map(|site| {
        let host = report.loaded.fleet.site(&site.site).map_or("", |found| found.host.as_str());
        vec![
            site.site.to_string(),
            host.to_owned(),
            used_hours(site.available),
            used_hours(site.jobs),
            used_hours(site.services),
            percent(site.jobs + site.services, site.available),
        ]
    });
    let header = ["site", "host", "available", "jobs", "services", "used"];
    out.push_str(&table(&header, 2, rows.collect()));
}

fn plain(money: Money) -> String {
    let text = money.plain();
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{}.{fraction}", grouped(whole)),
        None => grouped(text),
    }
}

fn money(out: &mut String, report: &Report<'_>, done: &Done) {
    let currency = report.loaded.deal.parts().currency;
    let settlement = &done.replay.settlement;
    section(out, &format!("Money owed, {}", currency.code()));
    let rows = owed(&settlement.journal).into_iter().map(|owed| {
        vec![owed.from.to_string(), owed.to.to_string(), reason(&owed), plain(owed.amount)]
    });
    out.push_str(&table(&["from", "to", "for", "amount"], 3, rows.collect()));
    let statements = statements(&settlement.journal);
    section(out, &format!("Statements, {}", currency.code()));
    let rows = statements.values().flat_map(|statement| {
        statement.balances.iter().map(|balance| {
            vec![
                statement.party.to_string(),
                plain(balance.owed_to),
                plain(balance.owed_by),
                plain(balance.total),
            ]
        })
    });
    out.push_str(&table(&["party", "is owed", "owes", "balance"], 1, rows.collect()));
    for sum in sums_of_statements(&statements).unwrap_or_default() {
        let _ = writeln!(
            out,
            "  sum of all balances: {} in {} entries, rounded {} once each",
            plain(sum),
            grouped(settlement.journal.entries().len()),
            report.loaded.deal.parts().rounding.name()
        );
    }
    commitments(out, done);
    shares(out, done);
    left_out(out, done);
}

fn reason(owed: &Owed) -> String {
    owed.reason.to_string()
}

fn commitments(out: &mut String, done: &Done) {
    let drawdowns = &done.replay.settlement.drawdowns;
    if drawdowns.is_empty() {
        return;
    }
    section(out, "Commitments drawn down");
    let rows = drawdowns.iter().map(|it| {
        let standing = match it.standing {
            Standing::Running => "runs on".to_owned(),
            Standing::Ended { at, shortfall, .. } => {
                format!("ended {at}, short by {}", counted_of(shortfall))
            }
            Standing::OutOfForce { at } => format!("out of force from {at}"),
        };
        vec![
            it.term.to_string(),
            it.buyer.to_string(),
            it.seller.to_string(),
            standing,
            counted_of(it.amount),
            counted_of(it.drawn),
            counted_of(it.remaining),
        ]
    });
    let header = ["term", "buyer", "seller", "", "committed", "drawn", "remaining"];
    out.push_str(&table(&header, 4, rows.collect()));
    let besides: Vec<Vec<String>> = drawdowns.iter().flat_map(besides).collect();
    if !besides.is_empty() {
        out.push('\n');
        out.push_str(&table(&["term", "interval", "", "besides"], 3, besides));
    }
}

/// What else came of a commitment, where something did.
fn besides(it: &Drawdown) -> Vec<Vec<String>> {
    let counted = [
        ("fell short before the end", it.fallen_short),
        ("rolled in", it.rolled_in),
        ("drawn of what rolled in", it.rolled_drawn),
        ("rolls over", it.rolled_out),
        ("made up", it.made_up),
        ("can be made up", it.banked),
    ];
    let money = [
        ("paid ahead", it.prepaid),
        ("covered", it.covered),
        ("paid for what fell short", it.shortfall_paid),
        ("for use beyond", it.overage),
    ];
    // What is paid at the end for a promise to spend is what it is short by.
    let shown = |what: &str| match it.standing {
        Standing::Ended { shortfall, .. } => {
            what == money[2].0 && shortfall.plain() == it.shortfall_paid.plain()
        }
        Standing::Running | Standing::OutOfForce { .. } => false,
    };
    let counted = counted.into_iter().filter(|(_, it)| it.count != 0);
    let counted = counted.map(|(what, it)| (what, counted_of(it)));
    let money = money.iter().filter(|(what, it)| it.minor != 0 && !shown(what));
    let all = counted.chain(money.map(|&(what, it)| (what, plain(it))));
    let interval = it.interval.to_string();
    all.map(|(what, figure)| vec![it.term.to_string(), interval.clone(), what.into(), figure])
        .collect()
}

/// So much of what a commitment counts: money without its currency, use with its unit.
pub(crate) fn counted_of(it: Counted) -> String {
    match it.of {
        Measure::Spend(currency) => plain(Money { minor: it.count, currency }),
        Measure::Use { .. } => {
            let text = it.in_units();
            let (whole, rest) = text.split_once('.').unwrap_or((&text, "0"));
            format!("{}.{rest} {}", grouped(whole), it.unit())
        }
    }
}

fn shares(out: &mut String, done: &Done) {
    let shares = &done.replay.settlement.shares;
    if shares.is_empty() {
        return;
    }
    section(out, "Revenue shared");
    let rows = shares.iter().map(|it| {
        let cap = it.cap.map_or_else(String::new, |cap| {
            let bound = if cap.bound_in.is_some() { ", reached" } else { "" };
            format!("{} of {} left{bound}", plain(cap.remaining), plain(cap.total))
        });
        vec![
            it.term.to_string(),
            it.payer.to_string(),
            it.payee.to_string(),
            plain(it.base),
            plain(it.paid),
            cap,
        ]
    });
    let header = ["term", "from", "to", "sales", "share", "cap"];
    out.push_str(&table(&header, 3, rows.collect()));
}

/// What moved no money, so that nothing is lost silently.
fn left_out(out: &mut String, done: &Done) {
    let settlement = &done.replay.settlement;
    for unrated in &settlement.unrated {
        let _ = writeln!(
            out,
            "  not priced in {}: {}: {}",
            unrated.total.segment,
            unrated.total.supply,
            why_unrated(&unrated.why)
        );
    }
    for (term, window) in &done.replay.money_undetermined {
        let _ = writeln!(out, "  not known whether {term} is in force in {window}");
    }
}

fn why_unrated(why: &WhyUnrated) -> String {
    let list = |rates: &[RateId]| rates.iter().map(RateId::as_str).collect::<Vec<_>>().join(", ");
    match why {
        WhyUnrated::NoCard => "the seller has no rate card for it".to_owned(),
        WhyUnrated::NoneFits { rates } => format!("none of {} fits", list(rates)),
        WhyUnrated::NotInForce { rates } => format!("{} are not in force then", list(rates)),
    }
}

/// The figures of each version in a column of its own.
fn side_by_side(out: &mut String, report: &Report<'_>, versions: &[VersionDone]) {
    let mut header = vec![""];
    let dates: Vec<String> = versions.iter().map(|it| it.effective.to_string()).collect();
    header.extend(dates.iter().map(String::as_str));
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |name: String, cell: &dyn Fn(&VersionDone) -> String| {
        let mut cells = vec![name];
        cells.extend(versions.iter().map(cell));
        rows.push(cells);
    };
    for answer in Answer::ALL {
        row(format!("decisions: {answer}"), &|it| grouped(it.done.summary.answers[&answer]));
    }
    for (index, job) in report.in_force.summary.jobs.iter().enumerate() {
        let name = stream(report, job.stream).to_owned();
        row(format!("{name}: jobs started"), &|it| grouped(started(it, index)));
        row(format!("{name}: mean wait"), &|it| {
            let ran = i128::from(started(it, index)).max(1);
            hours(it.done.summary.jobs[index].waited_seconds / ran)
        });
    }
    for (index, service) in report.in_force.summary.serving.iter().enumerate() {
        let name = service_name(report, service);
        row(format!("{name}: served"), &|it| {
            let service = &it.done.summary.serving[index];
            let whole = |tokens: u128| i128::try_from(tokens).unwrap_or(i128::MAX / 4_000);
            percent(whole(service.served), whole(service.asked))
        });
    }
    for (index, site) in report.in_force.summary.sites.iter().enumerate() {
        row(format!("{}: used", site.site), &|it| {
            let site = &it.done.summary.sites[index];
            percent(site.jobs + site.services, site.available)
        });
    }
    out.push('\n');
    out.push_str(&table(&header, 1, rows));
    section(out, "Jobs not started, and why");
    for version in versions {
        for job in &version.done.summary.jobs {
            let why = not_started(job);
            if !why.is_empty() {
                let name = stream(report, job.stream);
                let _ = writeln!(out, "  {}, {name}: {why}", version.effective);
            }
        }
    }
    moved(out, report, versions, &header);
}

fn started(version: &VersionDone, index: usize) -> u64 {
    let outcomes = &version.done.summary.jobs[index].outcomes;
    outcomes.iter().filter(|((kind, _), _)| *kind == OutcomeKind::Runs).map(|(_, n)| n).sum()
}

/// What is owed under each version: between whom, for what, in all, and each party's balance.
fn moved(out: &mut String, report: &Report<'_>, versions: &[VersionDone], header: &[&str]) {
    let currency = report.loaded.deal.parts().currency;
    let mut lines: BTreeMap<(String, String), Vec<Option<Money>>> = BTreeMap::new();
    let mut balances: BTreeMap<String, Vec<Option<Money>>> = BTreeMap::new();
    for (index, version) in versions.iter().enumerate() {
        let journal = &version.done.replay.settlement.journal;
        for owed in owed(journal) {
            let pair = format!("{} to {}", owed.from, owed.to);
            let line = lines.entry((pair, reason(&owed))).or_insert(vec![None; versions.len()]);
            line[index] = Some(owed.amount);
        }
        for statement in statements(journal).values() {
            let line =
                balances.entry(statement.party.to_string()).or_insert(vec![None; versions.len()]);
            line[index] = Some(statement.balance(currency).total);
        }
    }
    let cells = |line: &[Option<Money>]| -> Vec<String> {
        line.iter().map(|amount| amount.map_or_else(|| "-".to_owned(), plain)).collect()
    };
    section(out, &format!("Money owed under each version, {}", currency.code()));
    let rows = lines.iter().map(|((pair, reason), line)| {
        let mut row = vec![format!("{pair}, {reason}")];
        row.extend(cells(line));
        row
    });
    out.push_str(&table(header, 1, rows.collect()));
    section(out, &format!("Balance of each party under each version, {}", currency.code()));
    let rows = balances.iter().map(|(party, line)| {
        let mut row = vec![party.clone()];
        row.extend(cells(line));
        row
    });
    out.push_str(&table(header, 1, rows.collect()));
}

/// The decisions that flip from each version to the next.
fn flipped(out: &mut String, report: &Report<'_>, versions: &[VersionDone]) {
    section(out, "Decisions that flip");
    for pair in versions.windows(2) {
        let [before, after] = pair else { continue };
        let found = flips(&before.done.replay, &after.done.replay, report.work);
        let _ = writeln!(out, "  {} to {}:", before.effective, after.effective);
        if found.is_empty() {
            let _ = writeln!(out, "    none");
        }
        let mut groups: BTreeMap<_, (Vec<&str>, u64)> = BTreeMap::new();
        for Flip { stream, site, before, after, count } in &found {
            let group = groups.entry((*stream, before, after)).or_default();
            group.0.push(site.as_str());
            group.1 += count;
        }
        for ((index, before, after), (mut sites, count)) in groups {
            sites.dedup();
            let by = |(answer, terms): &(Answer, BTreeSet<TermId>)| match terms.is_empty() {
                true => answer.to_string(),
                false => format!("{answer} by {}", list(terms)),
            };
            let _ = writeln!(
                out,
                "    {} at {}: {} -> {} ({} decisions)",
                stream(report, index),
                sites.join(", "),
                by(before),
                by(after),
                grouped(count)
            );
        }
    }
}
