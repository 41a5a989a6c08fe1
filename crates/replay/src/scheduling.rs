//! What a deal says of scheduling, as placement takes it: policy, quotas, reservations, maintenance,
//! and faults drawn from the run's seed.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{GpuTypeId, PartyId, SiteId, Window};
use comity_faults::{Draw, Model, draw};
use comity_fleet::{
    Before, Checkpoint, Fleet, Need, Nodes, Phase, Scheduling, Site, Stream, StreamKind,
};
use comity_placement::{
    Backfill, BeforeMaintenance, Due, Fault, Maintenance, NodePolicy, Order, Policy, Pool,
    Preemption, Quota, Reservation, Restarts, SitePolicy,
};

use crate::work::Work;

/// What takes GPUs away and who is due what: as placement takes it, over the pools of a replay.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scheduled {
    pub(crate) faults: Vec<Fault>,
    /// For each fault, the node of its site that fails, from 1.
    pub(crate) nodes: Vec<u32>,
    pub(crate) maintenance: Vec<Maintenance>,
    pub(crate) reservations: Vec<Reservation>,
    pub(crate) quotas: Vec<Quota>,
    pub(crate) shares: Vec<u32>,
    pub(crate) policy: Policy,
}

/// The parties that placement tells apart, by number.
pub(crate) struct Parties<'a>(Vec<&'a PartyId>);

impl<'a> Parties<'a> {
    /// Those with work, quotas, reservations or shares.
    pub(crate) fn of(fleet: &'a Fleet, work: &Work<'a>) -> Self {
        let streams = work.streams.iter().map(|stream| &stream.party);
        let due = fleet.sites().flat_map(|site| {
            let quotas = site.quotas.iter().map(|quota| &quota.party);
            quotas.chain(site.reservations.iter().map(|kept| &kept.party))
        });
        let shares = work.scheduling.iter().flat_map(|scheduling| scheduling.shares.keys());
        let all: BTreeSet<&PartyId> = streams.chain(due).chain(shares).collect();
        Self(all.into_iter().collect())
    }

    pub(crate) fn number(&self, party: &PartyId) -> u32 {
        let found = self.0.binary_search(&party).expect("every party that is asked for is there");
        u32::try_from(found).expect("a deal has less than 4 billion parties")
    }
}

/// What the deal's files say, for these pools.
pub(crate) fn scheduled(
    fleet: &Fleet,
    work: &Work<'_>,
    pools: &[Pool],
    parties: &Parties<'_>,
) -> Scheduled {
    let mut found =
        Scheduled { policy: policy(work.scheduling, work.seed), ..Scheduled::default() };
    if let Some(scheduling) = work.scheduling.filter(|it| !it.shares.is_empty()) {
        let share = |party: &&PartyId| scheduling.shares.get(*party).copied().unwrap_or(1);
        found.shares = parties.0.iter().map(share).collect();
    }
    let mut of_site: BTreeMap<&SiteId, BTreeMap<&GpuTypeId, usize>> = BTreeMap::new();
    for (index, pool) in pools.iter().enumerate() {
        of_site.entry(&pool.site).or_default().insert(&pool.gpu, index);
    }
    for site in fleet.sites() {
        let Some(pools) = of_site.get(&site.id) else { continue };
        for (window, dues) in dues(site, work.period, parties) {
            found.quotas.push(Quota { pools: pools.values().copied().collect(), dues, window });
        }
        for kept in &site.reservations {
            // A type of GPU that is not there in the period has no pool.
            let pool = match &kept.gpu {
                Some(gpu) => pools.get(gpu),
                None => pools.values().next(),
            };
            found.reservations.extend(pool.map(|&pool| Reservation {
                party: parties.number(&kept.party),
                pool,
                window: kept.window,
                gpus: kept.gpus,
            }));
        }
        found.maintain(site, work.period, pools);
        found.fail(site, work, pools);
    }
    found
}

/// How the deal has its jobs scheduled: by arrival with EASY backfill where it does not say; the seed
/// is for what is drawn.
#[must_use]
pub fn policy(scheduling: Option<&Scheduling>, seed: u64) -> Policy {
    use comity_fleet::{
        Backfill as Said, NodePolicy as SaidNodes, Order as SaidOrder, SitePolicy as SaidSites,
    };
    let Some(said) = scheduling else {
        return Policy { sites: SitePolicy::Tightest, ..Policy::default() };
    };
    Policy {
        backfill: match said.backfill {
            Said::None => Backfill::None,
            Said::FirstFit => Backfill::FirstFit,
            Said::Easy => Backfill::Easy,
            Said::Conservative => Backfill::Conservative,
        },
        order: match said.order {
            SaidOrder::Arrival => Order::Arrival,
            SaidOrder::Priority => Order::Priority,
            SaidOrder::FairShare { half_life_seconds } => Order::FairShare { half_life_seconds },
        },
        preemption: Preemption {
            priority: said.preempt.priority,
            reclaim: said.preempt.reclaim,
            grace_seconds: said.preempt.grace_seconds,
        },
        sites: match said.site_policy {
            SaidSites::InOrder => SitePolicy::InOrder,
            SaidSites::Tightest => SitePolicy::Tightest,
        },
        nodes: match said.node_policy {
            SaidNodes::Tightest => NodePolicy::Tightest,
            SaidNodes::FirstFit => NodePolicy::FirstFit,
            SaidNodes::Random => NodePolicy::Random { seed },
            SaidNodes::BestFit => NodePolicy::BestFit,
            SaidNodes::DotProduct => NodePolicy::DotProduct,
            SaidNodes::Clustering => NodePolicy::Clustering,
            SaidNodes::Packing => NodePolicy::Packing,
            SaidNodes::Fragmentation => NodePolicy::Fragmentation,
        },
    }
}

/// The priority of a stream's jobs, what a stop costs them, and what they need of nodes.
pub(crate) fn of_jobs(stream: &Stream) -> (u16, Restarts, Need) {
    match &stream.kind {
        StreamKind::Jobs(shape) => {
            let restarts = |it: Checkpoint| Restarts {
                checkpoint_seconds: it.every_seconds,
                restart_seconds: it.restart_seconds,
            };
            let restarts = shape.checkpoint.map_or_else(Restarts::default, restarts);
            (shape.priority, restarts, shape.need)
        }
        StreamKind::Serving(_) => (0, Restarts::default(), Need::default()),
    }
}

/// What parties are due of a site in a period, from when to when; nothing where nobody is due any.
fn dues(site: &Site, period: Window, parties: &Parties<'_>) -> Vec<(Window, Vec<Due>)> {
    let ends = site.quotas.iter().flat_map(|it| [it.window.start(), it.window.end()]);
    let at = |part: Window| {
        let there = site.quotas.iter().filter(|quota| quota.window.contains(part.start()));
        let dues = there.map(|quota| Due {
            party: parties.number(&quota.party),
            nominal: quota.nominal,
            lends: quota.lending_limit,
            borrows: quota.borrowing_limit,
        });
        (part, dues.collect::<Vec<_>>())
    };
    let parts = period.cut(ends).into_iter().map(at);
    parts.filter(|(_, dues)| !dues.is_empty()).collect()
}

/// Nodes of a site that open together, by the number of the first and that after the last.
struct Range<'a> {
    phase: &'a Phase,
    nodes: std::ops::Range<u64>,
    /// GPUs of its type that opened before.
    first_gpu: u64,
}

/// The nodes of a site in the order in which they open.
fn ranges<'a>(site: &'a Site, nodes: &Nodes) -> Vec<Range<'a>> {
    let mut phases: Vec<&Phase> = site.phases.iter().collect();
    phases.sort_by_key(|phase| phase.window.start());
    let mut opened: BTreeMap<&GpuTypeId, u64> = BTreeMap::new();
    let mut next = 0;
    let mut range = |phase: &'a Phase| {
        let count = u64::from(phase.gpus) / u64::from(nodes.gpus_per_node.max(1));
        let first_gpu = opened.entry(&phase.gpu).or_default();
        let range = Range { phase, nodes: next..next + count, first_gpu: *first_gpu };
        *first_gpu += u64::from(phase.gpus);
        next += count;
        range
    };
    phases.into_iter().map(&mut range).collect()
}

/// The number of a site's node, from 1, that is the so-manyth with a type of GPU from 0.
pub(crate) fn site_node(site: &Site, gpu: &GpuTypeId, node: u32) -> u64 {
    let Some(nodes) = &site.nodes else { return u64::from(node) + 1 };
    let ranges = ranges(site, nodes);
    let mut left = u64::from(node);
    for range in ranges.iter().filter(|range| range.phase.gpu == *gpu) {
        let count = range.nodes.end - range.nodes.start;
        if left < count {
            return range.nodes.start + left + 1;
        }
        left -= count;
    }
    ranges.last().map_or(0, |last| last.nodes.end) + left + 1
}

impl Scheduled {
    /// A site's maintenance in a period, pool by pool.
    fn maintain(&mut self, site: &Site, period: Window, pools: &BTreeMap<&GpuTypeId, usize>) {
        for it in site.maintenance.iter().filter(|it| it.window.intersect(period).is_some()) {
            let before = match it.before {
                Before::Drain => BeforeMaintenance::Drain,
                Before::Stop => BeforeMaintenance::Stop,
            };
            for (&gpu, &pool) in pools {
                let parts = match &site.nodes {
                    Some(nodes) if !it.halls.is_empty() => {
                        let parts = in_halls(site, nodes, it, gpu).into_iter();
                        let there = self.maintenance.iter().filter(|it| it.pool == pool);
                        let there: Vec<&Maintenance> = there.collect();
                        parts
                            .flat_map(|part| less_what_is_out(&part, &there, nodes.gpus_per_node))
                            .collect()
                    }
                    Some(_) | None => {
                        vec![Out { window: it.window, gpus: u32::MAX, nodes: Vec::new() }]
                    }
                };
                for Out { window, gpus, nodes } in parts {
                    if window.intersect(period).is_some() {
                        self.maintenance.push(Maintenance { pool, window, gpus, nodes, before });
                    }
                }
            }
        }
    }

    /// The faults of a site's nodes in a period: of those that are open when they fail.
    fn fail(&mut self, site: &Site, work: &Work<'_>, pools: &BTreeMap<&GpuTypeId, usize>) {
        let (Some(nodes), Some(stated)) = (&site.nodes, &site.faults) else { return };
        let ranges = ranges(site, nodes);
        let count = ranges.last().map_or(0, |last| last.nodes.end);
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let drawn = Draw { seed: work.seed, site: &site.id, window: work.period };
        for outage in draw(&Model::from(stated), count, &drawn) {
            let node = u64::from(outage.node);
            let holds = |range: &&Range<'_>| range.nodes.contains(&node);
            let Some(range) = ranges.iter().find(holds) else { continue };
            let Ok(window) = Window::new(outage.from, outage.to) else { continue };
            let pool = pools.get(&range.phase.gpu);
            let (Some(&pool), true) = (pool, range.phase.window.contains(outage.from)) else {
                continue;
            };
            let gpus = nodes.gpus_per_node;
            let before = (node - range.nodes.start) * u64::from(gpus);
            let first = u32::try_from(range.first_gpu + before).unwrap_or(u32::MAX);
            self.faults.push(Fault { pool, window, gpus, first });
            self.nodes.push(outage.node + 1);
        }
    }
}

/// GPUs of a pool that are out in a window, and which nodes of the pool they are.
struct Out {
    window: Window,
    gpus: u32,
    nodes: Vec<std::ops::Range<u32>>,
}

/// What of a type is open in halls that are out, and when: halls fill up in the order in which nodes open.
fn in_halls(
    site: &Site,
    nodes: &Nodes,
    out: &comity_fleet::Maintenance,
    gpu: &GpuTypeId,
) -> Vec<Out> {
    let in_hall = nodes
        .racks_per_hall
        .map_or(u64::MAX, |racks| u64::from(racks).saturating_mul(u64::from(nodes.nodes_per_rack)));
    let halls: BTreeSet<u64> = out.halls.iter().map(|&hall| u64::from(hall)).collect();
    let short = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let mut parts: Vec<Out> = Vec::new();
    for range in ranges(site, nodes).iter().filter(|range| range.phase.gpu == *gpu) {
        let Some(window) = range.phase.window.intersect(out.window) else { continue };
        let first = range.first_gpu / u64::from(nodes.gpus_per_node.max(1));
        for hall in &halls {
            let start = hall.saturating_sub(1).saturating_mul(in_hall).max(range.nodes.start);
            let end = hall.saturating_mul(in_hall).min(range.nodes.end);
            if start >= end {
                continue;
            }
            let gpus = short((end - start) * u64::from(nodes.gpus_per_node));
            // By their number among those of the type.
            let of_type = |node: u64| short(first + node - range.nodes.start);
            let of_type = of_type(start)..of_type(end);
            match parts.iter_mut().find(|part| part.window == window) {
                Some(part) => {
                    part.gpus = part.gpus.saturating_add(gpus);
                    part.nodes.push(of_type);
                }
                None => parts.push(Out { window, gpus, nodes: vec![of_type] }),
            }
        }
    }
    parts
}

/// What of a part is not out already, and when.
fn less_what_is_out(part: &Out, there: &[&Maintenance], gpus_per_node: u32) -> Vec<Out> {
    let ends = there.iter().flat_map(|it| [it.window.start(), it.window.end()]);
    let mut found: Vec<Out> = Vec::new();
    for window in part.window.cut(ends) {
        let meanwhile = there.iter().filter(|it| it.window.intersect(window).is_some());
        let out = meanwhile.flat_map(|it| it.nodes.iter().cloned());
        let nodes = out.fold(part.nodes.clone(), |nodes, out| {
            let rest = |it: std::ops::Range<u32>| {
                let before = it.start..it.end.min(out.start);
                let behind = it.start.max(out.end)..it.end;
                [before, behind].into_iter().filter(|it| !it.is_empty())
            };
            nodes.into_iter().flat_map(rest).collect()
        });
        if nodes.is_empty() {
            continue;
        }
        match found.last_mut().filter(|it| it.window.end() == window.start() && it.nodes == nodes) {
            Some(last) => {
                let joined = Window::new(last.window.start(), window.end());
                last.window = joined.expect("one follows the other");
            }
            None => {
                let count: u32 = nodes.iter().map(|it| it.end - it.start).sum();
                found.push(Out { window, gpus: count.saturating_mul(gpus_per_node), nodes });
            }
        }
    }
    found
}
