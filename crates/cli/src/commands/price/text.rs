//! A price for people.

use std::fmt::Write as _;

use comity_base::Money;
use comity_price::{Estimate, Figure, Figures, Kind};

use super::Priced;
use super::explain::{explained, moved, named};
use super::files::currency;
use super::setting::Variant;
use super::turned::{Turned, turned};
use crate::table::{gpu_hours, grouped, hours, hundredths, percent, table};

/// The whole report.
pub(super) fn report(priced: &Priced<'_>) -> String {
    let setting = priced.setting;
    let mut out = format!(
        "{}: what a change of terms moves, in {} to {}\nunder {}\nsites open: {}\n",
        setting.deal,
        setting.period.start(),
        setting.period.end(),
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
    for [term, says, rests, note] in &setting.terms {
        let _ = writeln!(out, "\n{term}\n  {says}\n  {rests}");
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
        self.table(out, "Commitments: drawn in the period", Kind::Drawn, 2, money);
        let mean = |_: &Figure, value: i128| hundredths(value);
        self.table(out, "Commitments met, intervals in a run", Kind::Met, 1, mean);
        self.table(out, "Commitments missed, intervals in a run", Kind::Missed, 1, mean);
        self.turned(out, "Commitments newly met: met", Kind::NewlyMet);
        self.turned(out, "Commitments newly missed: short", Kind::NewlyMissed);
        self.table(out, "Decisions that flip: work, site, from, to", Kind::Flip, 4, plain);
        self.explained(out);
    }

    fn money(&self, figure: &Figure, minor: i128) -> String {
        currency(self.priced.setting, figure).map_or_else(
            || grouped(minor),
            |currency| {
                let shown = Money { minor, currency }.to_string();
                shown.split_once(' ').map_or(shown.clone(), |(_, amount)| amount.to_owned())
            },
        )
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

    /// In which part of the runs commitments are newly met, or newly missed.
    fn turned(&self, out: &mut String, title: &str, kind: Kind) {
        let row = |it: &Turned<'_>| {
            let starts = it.starts.unwrap_or("any interval").to_owned();
            let runs = format!("{} of {}", grouped(it.runs), grouped(self.priced.runs.len()));
            let part = |millionths| percent(millionths, 1_000_000);
            vec![it.term.to_owned(), starts, runs, part(it.share.change), interval(it.share, part)]
        };
        let rows: Vec<_> = turned(self.priced, self.index, kind).iter().map(row).collect();
        if !rows.is_empty() {
            let Variant { before, after, .. } = self.variant;
            let _ = writeln!(out, "\n{title} \"{after}\" and not \"{before}\"");
            out.push_str(&table(&["", "interval from", "runs", "share", "interval"], 2, rows));
        }
    }

    /// The days and jobs that moved most, at list prices.
    fn explained(&self, out: &mut String) {
        for explained in explained(self.priced, self.index) {
            let code = explained.code;
            let amount = |minor| self.money(&Figure::new(Kind::Day, [code]), minor);
            let _ = writeln!(
                out,
                "\nWhat explains most: capacity that moves between hosts, at list prices of the first day, {code}"
            );
            for (day, moved) in explained.days {
                let part = percent(moved, explained.whole);
                let _ = writeln!(out, "  {day}: {}, {part} of all", amount(moved));
            }
            for (run, job) in explained.jobs {
                let _ = writeln!(
                    out,
                    "  {}: {}: {}",
                    named(self.priced, run, job),
                    moved(job),
                    amount(job.money)
                );
            }
        }
    }
}

fn signed(value: i128, show: impl Fn(i128) -> String) -> String {
    if value < 0 { format!("-{}", show(-value)) } else { show(value) }
}

fn interval(estimate: &Estimate, show: impl Fn(i128) -> String) -> String {
    match estimate.ends {
        None => "one run".to_owned(),
        Some((low, high)) if low == high => "the same in every run".to_owned(),
        Some((low, high)) => format!("{} to {}", show(low), show(high)),
    }
}
