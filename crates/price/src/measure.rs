//! One run: the same work on both sides, and what differs.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{Currency, Instant, Meter, PartyId, Rounding, Window, mul_div};
use comity_fleet::{Fleet, Size, Workload};
use comity_placement::{Outcome as Placed, Piece};
use comity_replay::{
    Prepared, Replay, ReplayError, Traces, Under, Work, WorkError, flips, prepare, summary, work,
};
use comity_terms::Deal;
use thiserror::Error;

use crate::commitments::{Stands, counted_in, drawn, newly, stands};
use crate::figure::{Figure, Kind};
use crate::list::{Costs, ListPrices, PoolPrices};

/// One side of a comparison: sites, and what was prepared under its terms.
#[derive(Debug, Clone)]
pub struct Side<'a> {
    fleet: &'a Fleet,
    prepared: Prepared,
    list: ListPrices,
}

impl<'a> Side<'a> {
    /// Prepares what does not depend on how work of these streams in this period is drawn.
    #[must_use]
    pub fn new(deal: &Deal, fleet: &'a Fleet, work: &Work<'_>, under: Under) -> Self {
        let prepared = prepare(deal, fleet, work, under);
        Self { fleet, prepared, list: ListPrices::of(deal, fleet, work) }
    }

    /// Replays work of the same streams and period.
    ///
    /// # Errors
    /// As [`comity_replay::replay`].
    pub fn run(&self, work: &Work<'_>) -> Result<Replay, ReplayError> {
        self.prepared.run(self.fleet, work)
    }
}

/// What came of a run, variant by variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its number, from 0.
    pub number: u64,
    /// One for each variant of the change.
    pub outcomes: Vec<Outcome>,
}

/// What a change did in one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Each figure before and after; one that is not there is nothing on both sides.
    pub figures: BTreeMap<Figure, (i128, i128)>,
    /// The jobs that moved most money, by currency and the most first.
    pub jobs: Vec<MovedJob>,
}

/// A job that the change moved, in one of the currencies that its capacity is priced in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MovedJob {
    /// The code of the currency.
    pub currency: String,
    /// How much money at list prices moved with it, in the smallest unit.
    pub money: i128,
    /// The job's id in the run.
    pub id: u64,
    /// Its stream.
    pub stream: String,
    /// How much it holds.
    pub size: Size,
    /// Where it ran before, and after; `None` where it did not.
    pub hosts: [Option<String>; 2],
    /// How long it waited before, and after, seconds; up to the end of the period where it did not
    /// start.
    pub waited: [i64; 2],
}

/// Why a run failed.
#[derive(Debug, Error)]
pub enum MeasureError {
    /// There is no work.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// A side could not be replayed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

/// The seed of a run: that of the first, and so many more.
#[must_use]
pub fn seed_of(first: u64, number: u64) -> u64 {
    first.wrapping_add(number)
}

/// So many jobs that moved most are kept of each run, in each currency.
const JOBS_KEPT: usize = 3;

/// Makes one run: draws its work once, and replays it on both sides of each variant.
///
/// # Errors
/// [`MeasureError`] when a side cannot be replayed.
pub fn measure(
    variants: &[[Side<'_>; 2]],
    workload: &Workload,
    period: Window,
    first_seed: u64,
    number: u64,
) -> Result<Run, MeasureError> {
    let work = work(workload, period, seed_of(first_seed, number), Traces::default())?;
    let mut outcomes = Vec::new();
    for [before, after] in variants {
        let replays = [before.run(&work)?, after.run(&work)?];
        let list = [(before, &replays[0]), (after, &replays[1])]
            .map(|(side, replay)| side.list.in_pools(work.streams.len(), &replay.pools));
        let mut found = Found {
            work: &work,
            sides: [before, after],
            replays: &replays,
            list: &list,
            figures: BTreeMap::new(),
        };
        for index in 0..2 {
            found.money(index);
            found.commitments(index);
            found.waits(index);
            found.serving(index);
        }
        found.turned();
        found.flipped();
        let jobs = found.moved_jobs();
        found.moved_services();
        found.days();
        found.in_gpu_seconds();
        found.figures.retain(|_, pair| *pair != (0, 0));
        outcomes.push(Outcome { figures: found.figures, jobs });
    }
    Ok(Run { number, outcomes })
}

struct Found<'r> {
    work: &'r Work<'r>,
    sides: [&'r Side<'r>; 2],
    replays: &'r [Replay; 2],
    list: &'r [PoolPrices; 2],
    figures: BTreeMap<Figure, (i128, i128)>,
}

/// GPU time by host, in thousandths of a GPU-second.
type Hosts<'r> = BTreeMap<&'r PartyId, i128>;

impl<'r> Found<'r> {
    fn add(&mut self, side: usize, figure: Figure, value: i128) {
        let pair = self.figures.entry(figure).or_default();
        let slot = if side == 0 { &mut pair.0 } else { &mut pair.1 };
        *slot = slot.saturating_add(value);
    }

    /// Brings GPU time that was summed in thousandths to GPU-seconds, each figure to the nearest.
    fn in_gpu_seconds(&mut self) {
        let nearest = |gpu_time: i128| {
            let whole = mul_div(gpu_time, 1, gpu(), Rounding::HalfEven);
            whole.expect("a number divided by a thousand fits")
        };
        for (figure, (before, after)) in &mut self.figures {
            if matches!(figure.kind, Kind::Host | Kind::Moved) {
                (*before, *after) = (nearest(*before), nearest(*after));
            }
        }
    }

    fn money(&mut self, side: usize) {
        for entry in &self.replays[side].settlement.journal {
            let (payer, payee) = (entry.payer.as_str(), entry.payee.as_str());
            let (reason, code) = (entry.reason.to_string(), entry.amount.currency);
            let (code, minor) = (code.code(), entry.amount.minor);
            self.add(side, Figure::new(Kind::Owed, [payer, payee, &reason, code]), minor);
            for (party, minor) in [(payer, -minor), (payee, minor)] {
                self.add(side, Figure::new(Kind::Net, [party, code]), minor);
                self.add(side, Figure::new(Kind::ByReason, [party, &reason, code]), minor);
            }
        }
    }

    fn commitments(&mut self, side: usize) {
        for drawdown in &self.replays[side].settlement.drawdowns {
            let term = [drawdown.term.as_str()];
            let figure = Figure::new(Kind::Drawn, [term[0], &counted_in(drawdown)]);
            self.add(side, figure, drawn(drawdown));
            match stands(drawdown) {
                Some(Stands::Met) => self.add(side, Figure::new(Kind::Met, term), 1),
                Some(Stands::Missed) => self.add(side, Figure::new(Kind::Missed, term), 1),
                Some(Stands::Open) | None => {}
            }
        }
    }

    fn turned(&mut self) {
        let [before, after] = self.replays;
        for figure in newly(&before.settlement.drawdowns, &after.settlement.drawdowns) {
            self.add(1, figure, 1);
        }
    }

    /// Of all jobs that can run: what has not started has waited to the end of the period.
    fn waits(&mut self, side: usize) {
        let mut waits: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        let work = self.work;
        for (job, placed) in work.jobs.iter().zip(&self.replays[side].plan.outcomes) {
            let purpose = stream(work, job.class).purpose.as_str();
            match placed {
                Placed::Runs(_) | Placed::Stopped { .. } | Placed::Waits(_) => {
                    let waited = waited(placed, job.submit, work.period);
                    waits.entry(purpose).or_default().push(waited);
                    if placed.pieces().next().is_some() {
                        self.add(side, Figure::new(Kind::Started, [purpose]), 1);
                    }
                }
                Placed::Never(_) | Placed::Misconfigured(_) => {
                    self.add(side, Figure::new(Kind::Never, [purpose]), 1);
                }
            }
        }
        for (purpose, mut waits) in waits {
            waits.sort_unstable();
            let count = waits.len();
            for (name, permille) in [("p50", 500), ("p90", 900), ("p99", 990)] {
                // The nearest rank: the least wait that so many wait no longer than.
                let rank = (count * permille).div_ceil(1_000).max(1);
                let at = Figure::new(Kind::Wait, [purpose, name]);
                self.add(side, at, i128::from(waits[rank - 1]));
            }
            let sum: i128 = waits.iter().map(|&wait| i128::from(wait)).sum();
            let count = i128::try_from(count).unwrap_or(i128::MAX);
            let mean = (sum + count / 2) / count;
            self.add(side, Figure::new(Kind::Wait, [purpose, "mean"]), mean);
        }
    }

    fn serving(&mut self, side: usize) {
        for report in summary(&self.replays[side], self.work).serving {
            let id = self.work.streams[report.stream].id.as_str();
            let unserved = i128::try_from(report.asked - report.served).unwrap_or(i128::MAX);
            self.add(side, Figure::new(Kind::Unserved, [id]), unserved);
            for ((why, terms), gpu_seconds) in report.lacking {
                let by = if terms.is_empty() { "-".to_owned() } else { list(&terms) };
                let figure = Figure::new(Kind::Lacking, [id, why.name(), &by]);
                self.add(side, figure, gpu_seconds);
            }
        }
    }

    fn flipped(&mut self) {
        let [first, second] = self.replays;
        for flip in flips(first, second, self.work) {
            let answer = |(answer, terms): &(comity_terms::Answer, BTreeSet<_>)| {
                if terms.is_empty() {
                    answer.to_string()
                } else {
                    format!("{answer} by {}", list(terms))
                }
            };
            let id = self.work.streams[flip.stream].id.as_str();
            let of = [id, flip.site.as_str(), &answer(&flip.before), &answer(&flip.after)];
            self.add(1, Figure::new(Kind::Flip, of), i128::from(flip.count));
        }
    }

    fn host(&self, side: usize, pool: usize) -> &'r PartyId {
        let site = self.sides[side].fleet.site(&self.replays[side].pools[pool].site);
        &site.expect("pools are made from the sites of the fleet").host
    }

    /// The pools, hosts and GPU time in the period of what a job runs, piece by piece.
    fn ran(&self, side: usize, job: usize) -> Vec<(usize, &'r PartyId, i128)> {
        let level = i128::from(self.work.jobs[job].size.milli());
        let replays: &'r [Replay; 2] = self.replays;
        let of_piece = |piece: &Piece| {
            let seconds = piece.end.min(self.work.period.end()).seconds() - piece.start.seconds();
            (piece.pool, self.host(side, piece.pool), level * i128::from(seconds.max(0)))
        };
        replays[side].plan.outcomes[job].pieces().map(of_piece).collect()
    }

    fn moved_jobs(&mut self) -> Vec<MovedJob> {
        let mut most: Vec<MovedJob> = Vec::new();
        let work = self.work;
        for (index, job) in work.jobs.iter().enumerate() {
            let own = stream(work, job.class);
            let purpose = own.purpose.as_str();
            let ran = [self.ran(0, index), self.ran(1, index)];
            let mut hosts = [Hosts::new(), Hosts::new()];
            let mut costs = Costs::default();
            for side in 0..2 {
                for &(pool, host, held) in &ran[side] {
                    self.add(side, Figure::new(Kind::Host, [purpose, host.as_str()]), held);
                    *hosts[side].entry(host).or_default() += held;
                    costs.add(side, host, self.list[side][class(job.class)][pool], held);
                }
            }
            if hosts[0] != hosts[1] {
                self.moved(purpose, &hosts);
            }
            let moves = |(currency, money): (Currency, i128)| MovedJob {
                currency: currency.code().to_owned(),
                money,
                id: job.id,
                stream: own.id.to_string(),
                size: job.size,
                hosts: [0, 1].map(|side: usize| {
                    let names: Vec<&str> = hosts[side].keys().map(|host| host.as_str()).collect();
                    (!names.is_empty()).then(|| names.join(", "))
                }),
                waited: [0, 1].map(|side: usize| {
                    let placed = &self.replays[side].plan.outcomes[index];
                    waited(placed, job.submit, work.period)
                }),
            };
            most.extend(costs.moved().filter(|(_, money)| *money > 0).map(moves));
            if most.len() > 64 {
                keep_most(&mut most);
            }
        }
        keep_most(&mut most);
        most
    }

    fn moved_services(&mut self) {
        let mut hours: BTreeMap<(usize, Instant), [Hosts<'r>; 2]> = BTreeMap::new();
        for side in 0..2 {
            let replays: &'r [Replay; 2] = self.replays;
            for lease in &replays[side].plan.leases {
                let host = self.host(side, lease.pool);
                let held = gpu() * i128::from(lease.gpus) * i128::from(lease.window.seconds());
                let service = &self.work.services[lease.service];
                let purpose = stream(self.work, service.class).purpose.as_str();
                self.add(side, Figure::new(Kind::Host, [purpose, host.as_str()]), held);
                // Leases of one hour are compared, however they are cut.
                let hour = lease.window.start().seconds().div_euclid(3_600) * 3_600;
                let hour = Instant::from_seconds(hour);
                let at = hours.entry((lease.service, hour)).or_default();
                *at[side].entry(host).or_default() += held;
            }
        }
        for ((service, _), hosts) in hours {
            let class = self.work.services[service].class;
            let purpose = stream(self.work, class).purpose.to_string();
            self.moved(&purpose, &hosts);
        }
    }

    /// What left one host and came to another, in the order of the hosts; the rest ran nowhere.
    fn moved(&mut self, purpose: &str, hosts: &[Hosts<'_>; 2]) {
        let by = |host: &PartyId| {
            let at = |side: &Hosts<'_>| side.get(host).copied().unwrap_or(0);
            at(&hosts[1]) - at(&hosts[0])
        };
        let all: BTreeSet<&PartyId> = hosts[0].keys().chain(hosts[1].keys()).copied().collect();
        let changes = all.iter().map(|host| (host.as_str(), by(host)));
        let (mut left, mut came): (Vec<_>, Vec<_>) =
            changes.filter(|(_, change)| *change != 0).partition(|(_, change)| *change < 0);
        let sum = |list: &[(&str, i128)]| list.iter().map(|(_, change)| change.abs()).sum::<i128>();
        let (out, into) = (sum(&left), sum(&came));
        if out < into {
            left.push(("-", out - into));
        } else if into < out {
            came.push(("-", out - into));
        }
        let mut came = came.into_iter();
        let mut next = came.next();
        for (from, change) in left {
            let mut rest = change.abs();
            while rest > 0 {
                let Some((to, room)) = &mut next else { break };
                let part = rest.min(*room);
                self.add(1, Figure::new(Kind::Moved, [purpose, from, to]), part);
                (rest, *room) = (rest - part, *room - part);
                if *room == 0 {
                    next = came.next();
                }
            }
        }
    }

    /// What capacity costs at each host on each day, at list prices; what differs moved.
    fn days(&mut self) {
        let mut days: BTreeMap<Instant, Costs<'r>> = BTreeMap::new();
        for side in 0..2 {
            let replays: &'r [Replay; 2] = self.replays;
            let mut add = |class_of: u32, pool: usize, level: i128, held: Window| {
                let Some(inside) = held.intersect(self.work.period) else { return };
                let price = self.list[side][class(class_of)][pool];
                let host = self.host(side, pool);
                let mut start = inside.start();
                while start < inside.end() {
                    let day = start.seconds().div_euclid(Instant::DAY) * Instant::DAY;
                    let end = Instant::from_seconds(day + Instant::DAY).min(inside.end());
                    let seconds = i128::from(end.seconds() - start.seconds());
                    let day = days.entry(Instant::from_seconds(day)).or_default();
                    day.add(side, host, price, level * seconds);
                    start = end;
                }
            };
            for (job, placed) in self.work.jobs.iter().zip(&replays[side].plan.outcomes) {
                for piece in placed.pieces() {
                    if let Ok(held) = Window::new(piece.start, piece.end) {
                        add(job.class, piece.pool, i128::from(job.size.milli()), held);
                    }
                }
            }
            for lease in &replays[side].plan.leases {
                let class = self.work.services[lease.service].class;
                add(class, lease.pool, gpu() * i128::from(lease.gpus), lease.window);
            }
        }
        for (day, costs) in days {
            for (currency, moved) in costs.moved() {
                self.add(1, Figure::new(Kind::Day, [&day.to_string(), currency.code()]), moved);
            }
        }
    }
}

/// How high a level one GPU is: GPU time is summed in thousandths.
fn gpu() -> i128 {
    Meter::GpuTime.parts().into()
}

fn keep_most(jobs: &mut Vec<MovedJob>) {
    jobs.sort_by(|a, b| {
        let by_money = || b.money.cmp(&a.money);
        a.currency.cmp(&b.currency).then_with(by_money).then_with(|| a.cmp(b))
    });
    let mut kept: BTreeMap<String, usize> = BTreeMap::new();
    jobs.retain(|job| {
        let count = kept.entry(job.currency.clone()).or_default();
        *count += 1;
        *count <= JOBS_KEPT
    });
}

fn waited(placed: &Placed, submit: Instant, period: Window) -> i64 {
    let start = placed.pieces().next().map_or(period.end(), |first| first.start);
    (start.seconds() - submit.seconds()).max(0)
}

fn class(class: u32) -> usize {
    usize::try_from(class).expect("a class is an index of a stream")
}

fn stream<'w>(work: &Work<'w>, of: u32) -> &'w comity_fleet::Stream {
    work.streams[class(of)]
}

fn list<T: ToString>(terms: &BTreeSet<T>) -> String {
    terms.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}
