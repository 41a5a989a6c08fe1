//! What services lease: for each stretch of time in which neither rulings nor capacity change, the
//! peak demand in it, over as many pools as it takes.

use std::sync::Arc;

use comity_base::{Instant, TermId, Window};
use comity_fleet::Capacity;

use crate::drawdown::{Draw, Drawdown};
use crate::inputs::{Inputs, index};
use crate::openings::{Level, Openings};
use crate::plan::{Lease, PlanError, Shortfall, ShortfallReason};
use crate::reasons::barrier_of;

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
        for segment in segments(inputs, service) {
            provision(&Segment { inputs, openings, taken: &taken, service, window: segment })
                .lease(drawdown, &mut leased)?;
        }
    }
    Ok(leased)
}

/// The time from the service's first demand to its last, cut wherever a ruling of its class or the
/// capacity of a pool changes.
fn segments(inputs: &Inputs<'_>, service: usize) -> Vec<Window> {
    let class = &inputs.classes[index(inputs.services[service].class)];
    let rulings = class.rulings.iter().flatten().map(|ruled| ruled.window.start());
    let steps =
        inputs.pools.iter().flat_map(|pool| pool.capacity.steps().iter().map(|&(at, _)| at));
    let demand = &inputs.services[service].demand;
    let asked = demand.first().zip(demand.last()).and_then(|((first, _), (last, _))| {
        Window::new(first.start(), last.end()).ok()?.intersect(inputs.period)
    });
    asked.map_or_else(Vec::new, |asked| asked.cut(rulings.chain(steps)))
}

/// A stretch of time for which one service is provisioned as a whole.
struct Segment<'a> {
    inputs: &'a Inputs<'a>,
    openings: &'a Openings,
    /// What services before this one lease in each pool.
    taken: &'a [Capacity],
    service: usize,
    window: Window,
}

/// The pools that a service may use in a segment, and what it needs there.
struct Provision<'a> {
    segment: &'a Segment<'a>,
    class: usize,
    demand: &'a [(Window, u32)],
    /// Allowed pools with what is free in each throughout.
    pools: Vec<(usize, u32)>,
}

fn provision<'a>(segment: &'a Segment<'a>) -> Provision<'a> {
    let service = &segment.inputs.services[segment.service];
    let class = index(service.class);
    let allowed = (0..segment.inputs.pools.len()).filter(|&pool| {
        segment.openings.allowed_until(class, pool, segment.window.start()) > Instant::MIN
    });
    let pools = allowed.map(|pool| (pool, segment.free(pool))).collect();
    let demand = &service.demand;
    let from = demand.partition_point(|(hour, _)| hour.end() <= segment.window.start());
    let to = demand.partition_point(|(hour, _)| hour.start() < segment.window.end());
    Provision { segment, class, demand: &demand[from..to.max(from)], pools }
}

impl Provision<'_> {
    /// Takes the best ranked pools, one after the other, until the peak is met.
    fn lease(mut self, drawdown: &mut Drawdown<'_>, leased: &mut Leased) -> Result<(), PlanError> {
        let Segment { service, window, .. } = *self.segment;
        let peak = self.demand.iter().map(|&(_, gpus)| gpus).max().unwrap_or(0);
        let allowed: Arc<[usize]> = self.pools.iter().map(|&(pool, _)| pool).collect();
        self.pools.retain(|&(_, free)| free > 0);
        let mut given = 0;
        while given < peak {
            let ranked = self.pools.iter().enumerate();
            let best = ranked.min_by(|(_, a), (_, b)| drawdown.rank(self.class, a.0, b.0));
            let Some((best, &(pool, free))) = best else { break };
            self.pools.remove(best);
            let gpus = free.min(peak - given);
            given += gpus;
            drawdown.draw(Draw { class: self.class, pool, gpus, seconds: window.seconds() })?;
            leased.leases.push(Lease { service, pool, window, gpus });
        }
        if given < peak {
            let reason = self.segment.reason(self.class, allowed);
            for &(hour, wanted) in self.demand.iter().filter(|&&(_, wanted)| wanted > given) {
                let window = hour.intersect(window).expect("the hour overlaps the segment");
                let reason = reason.clone();
                leased.shortfalls.push(Shortfall { service, window, wanted, given, reason });
            }
        }
        Ok(())
    }
}

impl Segment<'_> {
    /// The least that is free in a pool at any instant of the segment.
    fn free(&self, pool: usize) -> u32 {
        let steps = self.taken[pool].steps();
        let next = steps.partition_point(|&(at, _)| at <= self.window.start());
        let within = steps[next.saturating_sub(1)..]
            .iter()
            .take_while(|&&(at, _)| at < self.window.end())
            .map(|&(_, gpus)| gpus);
        // The capacity does not change in a segment.
        let capacity = self.inputs.pools[pool].capacity.at(self.window.start());
        let taken = within.max().unwrap_or(0);
        capacity.checked_sub(taken).expect("leases never exceed a pool's capacity")
    }

    /// Why the service gets no more than it does.
    fn reason(&self, class: usize, allowed: Arc<[usize]>) -> ShortfallReason {
        if !allowed.is_empty() {
            return ShortfallReason::Full { pools: allowed };
        }
        let pools = || (0..self.inputs.pools.len()).filter(|&pool| self.openings.fits(class, pool));
        let ruling = |pool: usize| {
            let rulings = &self.inputs.classes[class].rulings[pool];
            let past = rulings.partition_point(|ruled| ruled.window.end() <= self.window.start());
            &rulings[past].ruling
        };
        let Some(nearest) = pools().map(|pool| Level::of(ruling(pool))).min() else {
            return ShortfallReason::NoPool;
        };
        let barred: Vec<usize> =
            pools().filter(|&pool| Level::of(ruling(pool)) == nearest).collect();
        let terms: Vec<TermId> =
            barred.iter().flat_map(|&pool| ruling(pool).terms()).cloned().collect();
        let barrier = barrier_of(terms, barred);
        match nearest {
            Level::Allow => unreachable!("no pool is allowed"),
            Level::Conditional => ShortfallReason::Condition(barrier),
            Level::Undetermined => ShortfallReason::Undetermined(barrier),
            Level::Deny => ShortfallReason::Denied(barrier),
        }
    }
}
