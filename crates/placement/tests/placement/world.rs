//! Inputs that own what they hold, and short ways to write them.

use comity_base::{GpuTypeId, Instant, SiteId, TermId, Window};
use comity_fleet::{Capacity, Job, Need, Size};
use comity_placement::{
    Backfill, Class, CommitmentPace, Fault, Inputs, Maintenance, Moment, Plan, Policy, Pool, Quota,
    Reservation, Restarts, RuledWindow, Ruling, Service,
};

/// Inputs with their data.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) period: Window,
    pub(crate) pools: Vec<Pool>,
    pub(crate) classes: Vec<Class>,
    pub(crate) jobs: Vec<Job>,
    pub(crate) services: Vec<Service>,
    pub(crate) commitments: Vec<CommitmentPace>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) maintenance: Vec<Maintenance>,
    pub(crate) reservations: Vec<Reservation>,
    pub(crate) quotas: Vec<Quota>,
    pub(crate) shares: Vec<u32>,
    pub(crate) policy: Policy,
}

impl World {
    pub(crate) fn place(&self) -> Plan {
        comity_placement::place(&self.inputs()).expect("amounts in tests are small")
    }

    /// How it stands with a job, by its place in the inputs, at a second.
    pub(crate) fn moment(&self, job: usize, second: i64) -> Moment {
        let moment = comity_placement::at(&self.inputs(), job, at(second));
        moment.expect("amounts in tests are small")
    }

    fn inputs(&self) -> Inputs<'_> {
        Inputs {
            period: self.period,
            pools: &self.pools,
            classes: &self.classes,
            jobs: &self.jobs,
            services: &self.services,
            commitments: &self.commitments,
            faults: &self.faults,
            maintenance: &self.maintenance,
            reservations: &self.reservations,
            quotas: &self.quotas,
            shares: &self.shares,
            policy: self.policy,
        }
    }
}

/// Backfill in order of arrival, where nobody gives way.
pub(crate) fn by_arrival(backfill: Backfill) -> Policy {
    Policy { backfill, ..Policy::default() }
}

/// So many seconds after 1970.
pub(crate) fn at(seconds: i64) -> Instant {
    Instant::from_seconds(seconds)
}

/// A window in seconds after 1970.
pub(crate) fn window(start: i64, end: i64) -> Window {
    Window::new(at(start), at(end)).expect("tests write windows forwards")
}

/// The end of a window that stays open.
pub(crate) const OPEN: i64 = i64::MAX;

/// A pool whose capacity is the sum of `(from, to, gpus)`.
pub(crate) fn pool(gpu: &str, levels: &[(i64, i64, u32)]) -> Pool {
    let levels = levels.iter().map(|&(start, end, gpus)| (window(start, end), gpus));
    Pool {
        site: SiteId::new("site").expect("an id"),
        gpu: GpuTypeId::new(gpu).expect("tests write good ids"),
        capacity: Capacity::sum(levels).expect("tests write small counts"),
        nodes: None,
    }
}

/// Rulings in a row: `allow | 50 deny t1 t2 | 80 conditional t3`, each from its instant on.
pub(crate) fn ruled(text: &str) -> Vec<RuledWindow> {
    let part = |part: &str| {
        let mut words = part.split_whitespace().peekable();
        let from = words.peek().and_then(|word| word.parse().ok());
        let start = from.map_or(Instant::MIN, |seconds: i64| {
            words.next();
            at(seconds)
        });
        let name = words.next().expect("a part has a ruling");
        let terms = words.map(|id| TermId::new(id).expect("tests write good ids")).collect();
        let ruling = match name {
            "allow" => Ruling::Allow,
            "deny" => Ruling::Deny { terms },
            "conditional" => Ruling::Conditional { terms },
            "undetermined" => Ruling::Undetermined { terms },
            other => panic!("no ruling is called {other}"),
        };
        (start, ruling)
    };
    let parts: Vec<(Instant, Ruling)> = text.split('|').map(part).collect();
    let ends = parts.iter().skip(1).map(|&(start, _)| start).chain([Instant::MAX]);
    let windows = parts.iter().zip(ends).map(|((start, ruling), end)| RuledWindow {
        window: Window::new(*start, end).expect("tests write rulings forwards"),
        ruling: ruling.clone(),
    });
    windows.collect()
}

/// A class with these rulings, pool by pool, without commitments and at one price.
pub(crate) fn class(rulings: &[&str]) -> Class {
    Class {
        party: 0,
        priority: 0,
        restarts: Restarts::default(),
        need: Need::default(),
        rulings: rulings.iter().map(|text| ruled(text)).collect(),
        gpus: vec![],
        commitment: vec![None; rulings.len()],
        price: vec![3_600; rulings.len()],
        currency: vec![],
        preempts: vec![],
    }
}

/// A job of class 0 that asks for what it runs.
pub(crate) fn job(id: u64, submit: i64, gpus: u32, run_seconds: u32) -> Job {
    let size = Size::Gpus(gpus);
    Job { id, class: 0, submit: at(submit), size, run_seconds, asked_seconds: run_seconds }
}

/// One pool of so many GPUs, allowed for all, and these jobs.
pub(crate) fn one_pool(gpus: u32, jobs: Vec<Job>, backfill: Backfill) -> World {
    World {
        period: window(0, 10_000_000_000),
        pools: vec![pool("h100", &[(-1_000, OPEN, gpus)])],
        classes: vec![class(&["allow"])],
        jobs,
        services: vec![],
        commitments: vec![],
        faults: vec![],
        maintenance: vec![],
        reservations: vec![],
        quotas: vec![],
        shares: vec![],
        policy: by_arrival(backfill),
    }
}
