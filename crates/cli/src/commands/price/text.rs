//! A price for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comity_base::{Currency, Money};
use comity_price::{Estimate, Figure, Figures, Kind, seed_of};

use super::Priced;
use super::setting::Variant;
use crate::table::{gpu_hours, grouped, hours, percent, table};

/// The whole report.
pub(super) fn report(priced: &Priced<'_>) -> String {
    let setting = priced.setting;
    let mut out = format!(
        "{}: what a change of terms moves, in {}\nunder {}\nsites open: {}\n",
        setting.deal,
        setting.period,
        setting.under,
        setting.sites.join(", ")
    );
    let _ = writeln!(
        out,
        "{} pairs of runs of the same work, seeds from {} on; intervals at {} %",
        priced.runs.len(),
        setting.seed,
        setting.confidence
    );
    for [term, rests, note] in &setting.terms {
        let _ = writeln!(out, "\n{term}\n  {rests}");
        if !note.is_empty() {
            let _ = writeln!(out, "  {note}");
        }
    }
    out.push('\n');
    for note in &setting.notes {
        let _ = writeln!(out, "note: {note}");
    }
    for (index, (variant, figures)) in setting.variants.iter().zip(&priced.figures).enumerate() {
        let shown = Shown { priced, variant, figures, index };
        shown.all(&mut out);
    }
    out
}

struct Shown<'a> {
    priced: &'a Priced<'a>,
    variant: &'a Variant,
    figures: &'a Figures,
    index: usize,
}

impl Shown<'_> {
    fn all(&self, out: &mut String) {
        let Variant { title, before, after, notes } = self.variant;
        let _ = writeln!(out, "\n{}: \"{after}\" less \"{before}\"", title.to_uppercase());
        for note in notes {
            let _ = writeln!(out, "  {note}");
        }
        if self.figures.values().all(|it| it.same && it.change == 0) {
            out.push_str("  nothing changes in any run: the price is 0\n");
            return;
        }
        let money = |figure: &Figure, value| self.money(figure, value);
        self.table(out, "Money: gained and, below zero, lost", Kind::Net, 2, money);
        self.table(out, "By reason", Kind::ByReason, 3, money);
        self.table(out, "Owed, by payer and payee", Kind::Owed, 4, money);
        let plain = |_: &Figure, value: i128| grouped(value);
        let held = |_: &Figure, value: i128| signed(value, gpu_hours);
        self.table(out, "GPU-hours at each host, by purpose", Kind::Host, 2, held);
        self.table(out, "GPU-hours that move, by purpose, from, to", Kind::Moved, 3, held);
        let wait = |_: &Figure, value: i128| signed(value, hours);
        self.table(
            out,
            "Queue time (to the end of the period where a job did not start)",
            Kind::Wait,
            2,
            wait,
        );
        self.table(out, "Jobs that start", Kind::Started, 1, plain);
        self.table(out, "Jobs that can never run", Kind::Never, 1, plain);
        self.table(out, "Tokens that are not served", Kind::Unserved, 1, plain);
        self.table(
            out,
            "GPU-hours that serving lacks, by why and which terms",
            Kind::Lacking,
            3,
            held,
        );
        let drawn = |_: &Figure, value: i128| grouped(value);
        self.table(
            out,
            "Commitments: drawn in the period, in the smallest unit",
            Kind::Drawn,
            1,
            drawn,
        );
        self.table(out, "Commitments met, intervals", Kind::Met, 1, plain);
        self.table(out, "Commitments missed, intervals", Kind::Missed, 1, plain);
        self.table(out, "Decisions that flip: work, site, from, to", Kind::Flip, 4, plain);
        self.explained(out);
    }

    fn money(&self, figure: &Figure, minor: i128) -> String {
        let setting = self.priced.setting;
        let code = figure.of.last().map_or("", String::as_str);
        let digits = if code == setting.currency { setting.digits } else { 2 };
        match Currency::new(code, digits) {
            Ok(currency) => {
                let shown = Money { minor, currency }.to_string();
                shown.split_once(' ').map_or(shown.clone(), |(_, amount)| amount.to_owned())
            }
            Err(_) => grouped(minor),
        }
    }

    fn table(
        &self,
        out: &mut String,
        title: &str,
        kind: Kind,
        words: usize,
        show: impl Fn(&Figure, i128) -> String,
    ) {
        let mut rows = Vec::new();
        for (figure, it) in self.figures.iter().filter(|(figure, _)| figure.kind == kind) {
            if it.same && it.change == 0 {
                continue;
            }
            let mut row = figure.of.clone();
            row.truncate(words);
            row.extend([it.before, it.after, it.change].map(|value| show(figure, value)));
            row.push(interval(it, |value| show(figure, value)));
            rows.push(row);
        }
        if rows.is_empty() {
            return;
        }
        let _ = writeln!(out, "\n{title}");
        let mut head = vec![""; words];
        head.extend([&*self.variant.before, &*self.variant.after, "change", "interval"]);
        out.push_str(&table(&head, words, rows));
    }

    /// The days and jobs that moved most, at list prices.
    fn explained(&self, out: &mut String) {
        let days = self.figures.iter().filter(|(figure, _)| figure.kind == Kind::Day);
        let mut days: Vec<(&str, i128)> =
            days.map(|(figure, it)| (figure.of[0].as_str(), it.change)).collect();
        let whole: i128 = days.iter().map(|(_, moved)| moved).sum();
        if whole == 0 {
            return;
        }
        days.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        let own = |minor| {
            let of = vec![self.priced.setting.currency.clone()];
            self.money(&Figure { kind: Kind::Day, of }, minor)
        };
        out.push_str("\nWhat explains most: capacity that moves between hosts, at list prices of the first day\n");
        for (day, moved) in days.into_iter().take(3) {
            let _ = writeln!(out, "  {day}: {}, {} of all", own(moved), percent(moved, whole));
        }
        let mut jobs: BTreeMap<(std::cmp::Reverse<i128>, u64, u64), String> = BTreeMap::new();
        for run in self.priced.runs {
            for job in &run.outcomes[self.index].jobs {
                let place =
                    |host: &Option<String>| host.clone().unwrap_or_else(|| "nowhere".to_owned());
                let [before, after] = [&job.hosts[0], &job.hosts[1]].map(place);
                let [waited, waits] = job.waited.map(|wait| hours(i128::from(wait)));
                let said = format!(
                    "job {} of {} (seed {}), {} GPUs: {before} to {after}, {waited} to {waits} in the queue: {}",
                    job.id,
                    job.stream,
                    seed_of(self.priced.setting.seed, run.number),
                    grouped(job.gpus),
                    own(job.money),
                );
                jobs.insert((std::cmp::Reverse(job.money), run.number, job.id), said);
            }
        }
        for said in jobs.values().take(3) {
            let _ = writeln!(out, "  {said}");
        }
    }
}

fn signed(value: i128, show: impl Fn(i128) -> String) -> String {
    if value < 0 { format!("-{}", show(-value)) } else { show(value) }
}

fn interval(estimate: &Estimate, show: impl Fn(i128) -> String) -> String {
    match estimate.half {
        None => "one run".to_owned(),
        Some(_) if estimate.same => "the same in every run".to_owned(),
        Some(half) => {
            format!("{} to {}", show(estimate.change - half), show(estimate.change + half))
        }
    }
}
