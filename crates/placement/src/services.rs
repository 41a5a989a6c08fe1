//! What services lease: stretch by stretch, as many replicas as it wants over as many pools as it
//! takes, and what traffic lacks by why.
//!
//! A service whose peak is held is placed anew in each stretch in which neither rulings nor
//! capacity change. One that follows steps keeps its replicas where they are for as long as they
//! may stay: it only gives back what it does not want and adds what it lacks.

mod lacking;
mod replicas;

use std::cmp::Ordering;

use comity_base::{Instant, Window};
use comity_fleet::{Capacity, Size};

use crate::drawdown::{Draw, Drawdown};
use crate::inputs::{Inputs, Reach, Replicas, Service, index};
use crate::openings::Openings;
use crate::plan::{Lease, PlanError, Shortfall};
use replicas::Cohorts;

/// What services get and do not get.
#[derive(Debug, Default)]
pub(crate) struct Leased {
    pub(crate) leases: Vec<Lease>,
    pub(crate) shortfalls: Vec<Shortfall>,
}

/// Leases for each service in order.
pub(crate) fn lease(
    inputs: &Inputs<'_>,
    openings: &Openings,
    drawdown: &mut Drawdown<'_>,
) -> Result<Leased, PlanError> {
    let mut leased = Leased::default();
    for service in 0..inputs.services.len() {
        let mut taken: Vec<Vec<(Window, u32)>> = vec![Vec::new(); inputs.pools.len()];
        for lease in &leased.leases {
            taken[lease.pool].push((lease.window, lease.gpus));
        }
        let sum = |taken| Capacity::sum(taken).expect("leases never exceed a pool's capacity");
        let taken: Vec<Capacity> = taken.into_iter().map(sum).collect();
        let mut held = Held::new(inputs, service);
        for (window, first) in stretches(inputs, &taken, service).into_iter().zip(first()) {
            let stretch = Stretch { inputs, openings, taken: &taken, service, window, first };
            stretch.hold(&mut held, drawdown)?;
            lacking::report(&stretch, &held, &mut leased.shortfalls);
        }
        leased.leases.extend(held.leases());
    }
    Ok(leased)
}

/// Tells the first from all others.
fn first() -> impl Iterator<Item = bool> {
    std::iter::once(true).chain(std::iter::repeat(false))
}

/// The time from the service's first demand to its last, cut wherever a ruling of its class, the
/// capacity of a pool or what it wants changes.
///
/// Where it follows steps, also wherever others change what they lease: a replica does not have to
/// stay.
fn stretches(inputs: &Inputs<'_>, taken: &[Capacity], service: usize) -> Vec<Window> {
    let service = &inputs.services[service];
    let class = &inputs.classes[index(service.class)];
    let rulings = class.rulings.iter().flatten().map(|ruled| ruled.window.start());
    let capacities = inputs.pools.iter().map(|pool| &pool.capacity);
    let steps: &[(Window, u32)] = match &service.replicas {
        Replicas::Peak => &[],
        Replicas::Steps { steps, .. } => steps,
    };
    let others = taken.iter().filter(|_| !steps.is_empty());
    let levels = capacities.chain(others).flat_map(|it| it.steps().iter().map(|&(at, _)| at));
    let wanted = steps.iter().flat_map(|(window, _)| [window.start(), window.end()]);
    let demand = &service.demand;
    let asked = demand.first().zip(demand.last()).and_then(|((first, _), (last, _))| {
        Window::new(first.start(), last.end()).ok()?.intersect(inputs.period)
    });
    asked.map_or_else(Vec::new, |asked| asked.cut(rulings.chain(levels).chain(wanted)))
}

/// A stretch of time in which a service is provisioned in one way.
struct Stretch<'a> {
    inputs: &'a Inputs<'a>,
    openings: &'a Openings,
    /// What services before this one lease in each pool.
    taken: &'a [Capacity],
    service: usize,
    window: Window,
    /// Whether it is the service's first: its replicas ran before.
    first: bool,
}

/// What a service holds as time goes on.
struct Held {
    service: usize,
    replica_gpus: u32,
    /// The replicas in each pool.
    pools: Vec<Cohorts>,
    /// For each pool, the lease that may still go on, as an index into `done`.
    open: Vec<Option<usize>>,
    done: Vec<Lease>,
}

impl Held {
    fn new(inputs: &Inputs<'_>, service: usize) -> Self {
        let pools = inputs.pools.len();
        Self {
            service,
            replica_gpus: inputs.services[service].replica_gpus,
            pools: vec![Cohorts::default(); pools],
            open: vec![None; pools],
            done: Vec::new(),
        }
    }

    fn replicas(&self) -> u32 {
        self.pools.iter().map(Cohorts::count).sum()
    }

    /// Leases what the pool's replicas hold, as one lease with what was the same before.
    fn lease(&mut self, pool: usize, window: Window) {
        let gpus = self.pools[pool].count() * self.replica_gpus;
        if let Some(last) = self.open[pool].map(|open| &mut self.done[open])
            && last.gpus == gpus
            && let Ok(longer) = Window::new(last.window.start(), window.end())
        {
            last.window = longer;
            return;
        }
        self.open[pool] = (gpus > 0).then_some(self.done.len());
        if gpus > 0 {
            self.done.push(Lease { service: self.service, pool, window, gpus });
        }
    }

    fn leases(self) -> Vec<Lease> {
        self.done
    }
}

impl<'a> Stretch<'a> {
    fn service(&self) -> &'a Service {
        &self.inputs.services[self.service]
    }

    fn class(&self) -> usize {
        index(self.service().class)
    }

    /// The demand of the stretch, hour by hour; the first and last may go beyond it.
    fn demand(&self) -> &'a [(Window, u32)] {
        let demand = &self.service().demand;
        let from = demand.partition_point(|(hour, _)| hour.end() <= self.window.start());
        let to = demand.partition_point(|(hour, _)| hour.start() < self.window.end());
        &demand[from..to.max(from)]
    }

    /// How many replicas the service wants to hold.
    fn wanted(&self) -> u32 {
        match &self.service().replicas {
            Replicas::Peak => self.demand().iter().map(|&(_, needed)| needed).max().unwrap_or(0),
            Replicas::Steps { steps, .. } => {
                let next = steps.partition_point(|(window, _)| window.end() <= self.window.start());
                let step = steps.get(next).filter(|(it, _)| it.contains(self.window.start()));
                step.map_or(0, |&(_, wanted)| wanted)
            }
        }
    }

    fn reach(&self, pool: usize) -> Reach {
        self.service().reach.get(pool).copied().unwrap_or(Reach::Home)
    }

    /// Whether the service may use the pool at all: its own choice of place and type of GPU.
    fn in_reach(&self, pool: usize) -> bool {
        self.reach(pool) != Reach::Never && self.openings.fits(self.class(), pool)
    }

    fn is_allowed(&self, pool: usize) -> bool {
        let until = self.openings.allowed_until(self.class(), pool, self.window.start());
        self.in_reach(pool) && until > Instant::MIN
    }

    /// How many replicas there is room for in a pool throughout the stretch.
    fn room(&self, pool: usize) -> u32 {
        let steps = self.taken[pool].steps();
        let next = steps.partition_point(|&(at, _)| at <= self.window.start());
        let within = steps[next.saturating_sub(1)..]
            .iter()
            .take_while(|&&(at, _)| at < self.window.end())
            .map(|&(_, gpus)| gpus);
        // The capacity does not change in a stretch.
        let capacity = self.inputs.pools[pool].capacity.at(self.window.start());
        let taken = within.max().unwrap_or(0);
        let free = capacity.checked_sub(taken).expect("leases never exceed a pool's capacity");
        free / self.service().replica_gpus
    }

    /// Keeps the replicas that may stay, gives back those that are not wanted, adds what lacks.
    fn hold(&self, held: &mut Held, drawdown: &mut Drawdown<'_>) -> Result<(), PlanError> {
        let pools = 0..self.inputs.pools.len();
        if self.service().replicas == Replicas::Peak {
            held.pools.fill(Cohorts::default());
            held.open.fill(None);
        }
        let of_pool = |pool| if self.is_allowed(pool) { self.room(pool) } else { 0 };
        let mut room: Vec<u32> = pools.clone().map(of_pool).collect();
        for pool in pools.clone() {
            held.pools[pool].keep(room[pool]);
            room[pool] -= held.pools[pool].count();
        }
        let wanted = self.wanted();
        while held.replicas() > wanted {
            let with = pools.clone().filter(|&pool| held.pools[pool].count() > 0);
            let worst = with.max_by(|&a, &b| self.rank(drawdown, a, b));
            let worst = worst.expect("what is held is held in some pool");
            let too_many = held.replicas() - wanted;
            let left = held.pools[worst].count().saturating_sub(too_many);
            held.pools[worst].keep(left);
        }
        for pool in pools.clone() {
            self.draw(drawdown, pool, held.pools[pool].count())?;
        }
        let mut chosen = Vec::new();
        while held.replicas() < wanted {
            let with = pools.clone().filter(|&pool| room[pool] > 0);
            let Some(best) = with.min_by(|&a, &b| self.rank(drawdown, a, b)) else { break };
            let more = room[best].min(wanted - held.replicas());
            // Each pool is chosen once in a stretch.
            room[best] = 0;
            held.pools[best].add(more, self.ready());
            self.draw(drawdown, best, more)?;
            chosen.push(best);
        }
        let kept = pools.filter(|pool| !chosen.contains(pool));
        let order: Vec<usize> = chosen.iter().copied().chain(kept).collect();
        for pool in order {
            held.lease(pool, self.window);
        }
        Ok(())
    }

    /// When a replica serves that is added at the start of the stretch.
    fn ready(&self) -> Instant {
        let now = self.window.start();
        match &self.service().replicas {
            Replicas::Steps { start_up_seconds, .. } if !self.first => {
                now.plus_seconds(i64::from(*start_up_seconds))
            }
            Replicas::Steps { .. } | Replicas::Peak => now,
        }
    }

    /// Which of two pools the service goes to first: within its reach, then as jobs do.
    fn rank(&self, drawdown: &Drawdown<'_>, a: usize, b: usize) -> Ordering {
        self.reach(a).cmp(&self.reach(b)).then_with(|| drawdown.rank(self.class(), a, b))
    }

    fn draw(
        &self,
        drawdown: &mut Drawdown<'_>,
        pool: usize,
        replicas: u32,
    ) -> Result<(), PlanError> {
        let gpus = replicas * self.service().replica_gpus;
        let milli = i64::from(gpus) * i64::from(Size::WHOLE_MILLI);
        drawdown.draw(Draw { class: self.class(), pool, milli, seconds: self.window.seconds() })
    }
}
