//! A price as the values of its page.

use std::fs;
use std::path::Path;

use comity_base::{Currency, Money};
use comity_picture::{
    CommitmentMoved, CommitmentTurned, Estimate, Explaining, FlipMoved, HoursMoved, MoneyMoved,
    PriceReport, PricedTerm, Turn, WaitMoved, price_page,
};
use comity_price::{Estimate as Estimated, Figure, Kind, Run};

use super::explain::{Explained, explained, moved, named};
use super::files::currency;
use super::turned::{Turned, turned};
use super::{Failure, Priced};
use crate::table::{gpu_hours, grouped, hours};

/// Writes the page of a price: aside first, so that it is never there by half.
pub(super) fn write(path: &Path, priced: &Priced<'_>) -> Result<(), Failure> {
    let variants = 0..priced.setting.variants.len();
    let reports: Vec<PriceReport> =
        variants.map(|variant| values(priced, variant)).collect::<Result<_, _>>()?;
    let (first, others) = reports.split_first().ok_or("nothing was compared")?;
    let failed = |error| format!("cannot write `{}`: {error}", path.display());
    let mut aside = path.as_os_str().to_owned();
    aside.push(".part");
    fs::write(&aside, price_page(first, others)).map_err(failed)?;
    Ok(fs::rename(&aside, path).map_err(failed)?)
}

/// What the page shows of one variant.
fn values(priced: &Priced<'_>, variant: usize) -> Result<PriceReport, Failure> {
    let shown = Shown { priced, variant };
    let setting = priced.setting;
    let of = &setting.variants[variant];
    let term = |[id, says, rests, note]: &[String; 4]| PricedTerm {
        term: id.clone(),
        sentence: says.clone(),
        source: if note.is_empty() { rests.clone() } else { format!("{rests} {note}") },
    };
    let several = setting.variants.len() > 1;
    let terms: Vec<&str> =
        setting.terms.iter().filter_map(|[id, ..]| id.split(' ').next()).collect();
    let what = if terms.is_empty() { of.title.clone() } else { terms.join(" and ") };
    // Of several answers each is named; the first stands for all above what they share.
    let title = if variant == 0 && several {
        format!("What {what} moves, with {} of silence", of.title)
    } else if several {
        format!("With {} of silence", of.title)
    } else {
        format!("What {what} {}", if terms.len() > 1 { "move" } else { "moves" })
    };
    let mut assumptions = of.notes.clone();
    if variant == 0 {
        assumptions.extend(setting.notes.iter().cloned());
    }
    Ok(PriceReport {
        title,
        deal: setting.deal.clone(),
        period: setting.period,
        answer: shown.answer(),
        priced: setting.terms.iter().map(term).collect(),
        with: side(&of.after),
        without: side(&of.before),
        assumptions,
        runs: u64::try_from(priced.runs.len())?,
        seed: setting.seed,
        confidence: setting.confidence.clone(),
        money: shown.money(),
        moved: shown.moved(),
        waits: shown.waits(),
        commitments: shown.commitments(),
        turned: shown.turned(),
        flips: shown.flips(),
        explained_by: shown.explained(),
    })
}

/// A side of the comparison as it stands in a sentence.
fn side(label: &str) -> String {
    match label {
        "with" | "without" => format!("{label} the terms"),
        days if days.ends_with(" days") => format!("with {days} of silence"),
        other => other.to_owned(),
    }
}

fn told(estimate: &Estimated) -> Estimate {
    let (low, high) = estimate.ends.unwrap_or((estimate.change, estimate.change));
    Estimate { low, mean: estimate.change, high }
}

fn exactly(value: i128) -> Estimate {
    Estimate { low: value, mean: value, high: value }
}

struct Shown<'p> {
    priced: &'p Priced<'p>,
    variant: usize,
}

impl Shown<'_> {
    /// The figures of a kind that change.
    fn changed(&self, kind: Kind) -> impl Iterator<Item = (&Figure, &Estimated)> {
        let figures = self.priced.figures[self.variant].iter();
        figures.filter(move |(figure, it)| figure.kind == kind && !(it.same && it.change == 0))
    }

    /// The largest changes first.
    fn by_size(&self, kind: Kind) -> Vec<(&Figure, &Estimated)> {
        let mut all: Vec<_> = self.changed(kind).collect();
        all.sort_by_key(|(_, it)| std::cmp::Reverse(it.change.unsigned_abs()));
        all
    }

    /// The deal's own currency first, and in each the largest changes.
    fn money_by_size(&self, kind: Kind) -> Vec<(Currency, &Figure, &Estimated)> {
        let setting = self.priced.setting;
        let of = |(figure, it)| Some((currency(setting, figure)?, figure, it));
        let mut all: Vec<_> = self.by_size(kind).into_iter().filter_map(of).collect();
        // Amounts of two currencies have no order; within one, that by size is kept.
        all.sort_by_key(|(currency, ..)| (currency.code() != setting.currency, *currency));
        all
    }

    /// The answer in sentences.
    fn answer(&self) -> Vec<String> {
        let setting = self.priced.setting;
        let figures = &self.priced.figures[self.variant];
        let mut answer = vec![format!("Under {}.", setting.under)];
        if figures.values().all(|it| it.same && it.change == 0) {
            answer.push("Nothing changes in any run: the price is 0.".to_owned());
            return answer;
        }
        let with = side(&setting.variants[self.variant].after);
        let mut sums: Vec<String> = Vec::new();
        for (currency, figure, it) in self.money_by_size(Kind::Net) {
            let amount = Money { minor: it.change.abs(), currency };
            let verb = if it.change < 0 { "loses" } else { "gains" };
            sums.push(format!("{} {verb} {amount}", figure.of[0]));
        }
        if sums.is_empty() {
            answer.push("No money moves in any run.".to_owned());
        } else {
            answer.push(format!("Money, {with}: {}.", sums.join("; ")));
        }
        let mut hosts: Vec<String> = Vec::new();
        for (figure, it) in self.by_size(Kind::Moved).into_iter().take(3) {
            let [purpose, from, to] = [0, 1, 2].map(|at: usize| figure.of[at].as_str());
            let held = gpu_hours(it.change);
            hosts.push(format!(
                "{held} GPU-hours of {purpose} from {} to {}",
                place(from),
                place(to)
            ));
        }
        if !hosts.is_empty() {
            answer.push(format!("Most that moves: {}.", hosts.join("; ")));
        }
        let mean = |it: &&(&Figure, &Estimated)| it.0.of.get(1).is_some_and(|word| word == "mean");
        let waits = self.by_size(Kind::Wait);
        let waits = waits.iter().filter(mean).take(3).map(|(figure, it)| {
            format!("{} {} in place of {}", figure.of[0], hours(it.after), hours(it.before))
        });
        let waits: Vec<String> = waits.collect();
        if !waits.is_empty() {
            answer.push(format!("Mean time in the queue: {}.", waits.join("; ")));
        }
        for (kind, how) in [(Kind::NewlyMet, "met"), (Kind::NewlyMissed, "missed")] {
            let whole = self.priced.runs.len();
            let one = |it: &Turned<'_>| {
                let runs = format!("{} of {} runs", grouped(it.runs), grouped(whole));
                match it.starts {
                    Some(starts) => format!("{} from {starts} on in {runs}", it.term),
                    None => format!("any interval of {} in {runs}", it.term),
                }
            };
            let all: Vec<String> =
                turned(self.priced, self.variant, kind).iter().map(one).collect();
            if !all.is_empty() {
                answer.push(format!("Newly {how}: {}.", all.join("; ")));
            }
        }
        let flips: i128 = self.changed(Kind::Flip).map(|(_, it)| it.change).sum();
        if flips > 0 {
            answer.push(format!("{} decisions flip.", grouped(flips)));
        }
        answer
    }

    /// By currency and party, its whole before its reasons.
    fn money(&self) -> Vec<MoneyMoved> {
        let mut money = Vec::new();
        let by_reason = self.money_by_size(Kind::ByReason);
        for (currency, figure, it) in self.money_by_size(Kind::Net) {
            let party = &figure.of[0];
            let one = |reason, it| MoneyMoved {
                party: party.clone(),
                currency,
                reason,
                change: told(it),
            };
            money.push(one(None, it));
            let own = by_reason.iter().filter(|it| it.0 == currency && it.1.of[0] == *party);
            money.extend(own.map(|(_, figure, it)| one(Some(figure.of[1].clone()), it)));
        }
        money
    }

    fn moved(&self) -> Vec<HoursMoved> {
        let host = |word: &String| Some(word.clone()).filter(|word| word != "-");
        let one = |(figure, it): (&Figure, &Estimated)| HoursMoved {
            purpose: figure.of[0].clone(),
            from: host(&figure.of[1]),
            to: host(&figure.of[2]),
            gpu_seconds: told(it),
        };
        self.by_size(Kind::Moved).into_iter().map(one).collect()
    }

    /// All percentiles, also of purposes whose queues stay the same.
    fn waits(&self) -> Vec<WaitMoved> {
        let figures = self.priced.figures[self.variant].iter();
        let one = |(figure, it): (&Figure, &Estimated)| {
            let permille = match figure.of[1].as_str() {
                "p50" => 500,
                "p90" => 900,
                "p99" => 990,
                _ => return None,
            };
            Some(WaitMoved {
                purpose: figure.of[0].clone(),
                permille,
                with: exactly(it.after),
                without: exactly(it.before),
                change: told(it),
            })
        };
        figures.filter(|(figure, _)| figure.kind == Kind::Wait).filter_map(one).collect()
    }

    /// In how many runs a commitment ends or stands met, and is not missed, on both sides.
    fn commitments(&self) -> Vec<CommitmentMoved> {
        let changed = self.changed(Kind::Met).chain(self.changed(Kind::Missed));
        let mut terms: Vec<&String> = changed.map(|(figure, _)| &figure.of[0]).collect();
        terms.sort_unstable();
        terms.dedup();
        let of = |run: &Run, kind, term: &String| {
            let figure = Figure { kind, of: vec![term.clone()] };
            run.outcomes[self.variant].figures.get(&figure).copied().unwrap_or_default()
        };
        let one = |term: &String| {
            let (mut with, mut without) = (0, 0);
            for run in self.priced.runs {
                let (met, missed) = (of(run, Kind::Met, term), of(run, Kind::Missed, term));
                without += u64::from(met.0 > 0 && missed.0 == 0);
                with += u64::from(met.1 > 0 && missed.1 == 0);
            }
            CommitmentMoved { term: term.clone(), met_with: with, met_without: without }
        };
        terms.into_iter().map(one).collect()
    }

    fn turned(&self) -> Vec<CommitmentTurned> {
        let kinds = [(Kind::NewlyMet, Turn::NewlyMet), (Kind::NewlyMissed, Turn::NewlyMissed)];
        let of_kind = |(kind, turn)| {
            let all = turned(self.priced, self.variant, kind);
            all.into_iter().map(move |it| CommitmentTurned {
                term: it.term.to_owned(),
                starts: it.starts.map(str::to_owned),
                turn,
                share: told(it.share),
            })
        };
        kinds.into_iter().flat_map(of_kind).collect()
    }

    fn flips(&self) -> Vec<FlipMoved> {
        let one = |(figure, it): (&Figure, &Estimated)| FlipMoved {
            work: figure.of[0].clone(),
            site: figure.of[1].clone(),
            without: figure.of[2].clone(),
            with: figure.of[3].clone(),
            count: told(it),
        };
        self.by_size(Kind::Flip).into_iter().map(one).collect()
    }

    fn explained(&self) -> Vec<Explaining> {
        let all = explained(self.priced, self.variant);
        all.iter().flat_map(|explained| self.explained_in(explained)).collect()
    }

    /// What explains most of what moves in one currency.
    fn explained_in<'e>(&'e self, all: &'e Explained<'_>) -> impl Iterator<Item = Explaining> + 'e {
        let permille = |part: i128, whole: i128| {
            let nearest = (part.saturating_mul(2_000) + whole) / (2 * whole).max(1);
            u16::try_from(nearest).unwrap_or(1_000)
        };
        let days = all.days.iter().map(move |(day, moved)| Explaining {
            what: (*day).to_owned(),
            how: "capacity at other hosts, at list prices, the mean of the runs".to_owned(),
            permille: permille(*moved, all.whole),
            currency: all.code.to_owned(),
        });
        let jobs = all.jobs.iter().map(move |(run, job)| {
            let figures = run.outcomes[self.variant].figures.iter();
            let days = figures.filter(|(figure, _)| {
                figure.kind == Kind::Day && figure.of.last() == Some(&job.currency)
            });
            let whole: i128 = days.map(|(_, pair)| pair.1).sum();
            Explaining {
                what: named(self.priced, run, job),
                how: format!("{}; the part is of its own run", moved(job)),
                permille: permille(job.money, whole),
                currency: job.currency.clone(),
            }
        });
        days.chain(jobs)
    }
}

fn place(word: &str) -> &str {
    if word == "-" { "nowhere" } else { word }
}
