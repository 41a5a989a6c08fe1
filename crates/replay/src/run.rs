//! One replay: decide, place, meter and settle a period's work under one set of terms.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{
    Currency, GpuTypeId, Instant, Known, Meter, Money, PartyId, PlaceId, PriceUnit, Ratio,
    Rounding, SiteId, TermId, Window,
};
use comity_fleet::{Fleet, Nodes, Site, Stream};
use comity_placement::{
    Class, CommitmentPace, Gang, Inputs, OnNode, Plan, PlanError, Pool, Reach, RuledWindow, Ruling,
    Service, place,
};
use comity_settlement::{
    MoneyTerms, SettleError, Settlement, Supply, Totals, Usage, charge, converted, rate_at,
};
use comity_terms::{Commitment, Deal, InForce, Promise, Rules};
use thiserror::Error;

use crate::metering::{add_up, capacity_object, meter, stream};
use crate::preempts::{asks, preempts};
use crate::rulings::{SiteRuling, for_placement, rulings};
use crate::scheduling::{Parties, Scheduled, of_jobs, scheduled, site_node};
use crate::work::{ServiceWork, Work};

/// Ranks behind every price that a rate card could hold, and leaves room to multiply.
const NO_PRICE: i128 = 1 << 60;

/// Under which terms a period is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Under {
    /// Those in force at each instant of the period.
    Calendar,
    /// Those in force at this instant, for all of the period.
    TermsOf(Instant),
}

/// What a replay came to.
#[derive(Debug, Clone)]
pub struct Replay {
    /// Under which terms.
    pub under: Under,
    /// Where work could run: sites that are open at some time in the period, by GPU type.
    pub pools: Vec<Pool>,
    /// For each stream and site, the answers over time.
    pub rulings: Vec<StreamAtSite>,
    /// What takes GPUs away, who is due what, and how jobs are scheduled.
    pub(crate) scheduled: Scheduled,
    /// Where and when each job and service runs.
    pub plan: Plan,
    /// The money.
    pub settlement: Settlement,
    /// Money terms of which it is not known whether they are in force, and when.
    pub money_undetermined: Vec<(TermId, Window)>,
}

/// The answers for a stream at a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamAtSite {
    /// The stream, an index into the streams of the work.
    pub stream: usize,
    /// The site.
    pub site: SiteId,
    /// The answers over all of time, in order.
    pub rulings: Vec<SiteRuling>,
}

/// Why a replay failed.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// No plan could be made.
    #[error("the work cannot be placed")]
    Plan(#[from] PlanError),
    /// Jobs have shares of GPUs where too many would have to be told apart.
    #[error(
        "jobs have shares of GPUs, which are told apart one by one, and {site} has {gpus} of type \
         {gpu}: at most {} can be",
        Nodes::GPUS_MOST
    )]
    TooManyToShare {
        /// The site.
        site: SiteId,
        /// The type of GPU.
        gpu: GpuTypeId,
        /// How many there are at most.
        gpus: u32,
    },
    /// The period could not be settled.
    #[error("the period cannot be settled")]
    Settle(#[from] SettleError),
}

/// What of a replay depends on the terms, the sites and the kinds of work, and not on how the work
/// was drawn: made once for many replays.
#[derive(Debug, Clone)]
pub struct Prepared {
    under: Under,
    money: MoneyTerms,
    money_undetermined: Vec<(TermId, Window)>,
    pub(crate) pools: Vec<Pool>,
    rulings: Vec<StreamAtSite>,
    classes: Vec<Class>,
    paces: Vec<CommitmentPace>,
    /// For each service of the work, which pools it can use.
    reach: Vec<Vec<Reach>>,
}

/// Prepares replays of work of these streams in this period under a deal's terms.
#[must_use]
pub fn prepare(deal: &Deal, fleet: &Fleet, work: &Work<'_>, under: Under) -> Prepared {
    let rules = rules(deal, under);
    let (money, money_undetermined) = money_terms(deal, &rules, work.period);
    let open: Vec<&Site> = fleet.sites().filter(|site| is_open(site, work.period)).collect();
    let pools = pools(&open, work.period);
    let rulings = all_rulings(&rules, &open, work);
    let (mut classes, paces) =
        classes(fleet, work, &pools, &rulings, &money, &Parties::of(fleet, work));
    if let Some(preempt) = asks(work) {
        for (class, stream) in classes.iter_mut().zip(&work.streams) {
            let of_site: BTreeMap<&SiteId, Vec<Window>> = open
                .iter()
                .map(|site| (&site.id, preempts(&rules, work.period, site, stream, preempt)))
                .collect();
            class.preempts = pools.iter().map(|pool| of_site[&pool.site].clone()).collect();
        }
    }
    let reach = reach(deal, fleet, work, &pools);
    Prepared { under, money, money_undetermined, pools, rulings, classes, paces, reach }
}

impl Prepared {
    /// Replays work of the same streams and period as it was prepared for.
    ///
    /// # Errors
    /// As [`replay`].
    pub fn run(&self, fleet: &Fleet, work: &Work<'_>) -> Result<Replay, ReplayError> {
        let drawn = self.drawn(fleet, work);
        let plan = place(&self.inputs(work, &drawn)?)?;
        let mut totals = Totals::new(&self.money, work.period);
        add_up(fleet, work, &self.pools, &plan, &mut totals);
        let settlement = totals.settle()?;
        Ok(Replay {
            under: self.under,
            pools: self.pools.clone(),
            rulings: self.rulings.clone(),
            scheduled: drawn.scheduled,
            plan,
            settlement,
            money_undetermined: self.money_undetermined.clone(),
        })
    }

    /// What hangs on how the work was drawn.
    pub(crate) fn drawn(&self, fleet: &Fleet, work: &Work<'_>) -> Drawn {
        let services = work.services.iter().zip(&self.reach);
        Drawn {
            services: services.map(|(service, reach)| placed(service, reach)).collect(),
            scheduled: scheduled(fleet, work, &self.pools, &Parties::of(fleet, work)),
        }
    }

    /// All that a plan is made from.
    ///
    /// # Errors
    /// [`ReplayError::TooManyToShare`].
    pub(crate) fn inputs<'a>(
        &'a self,
        work: &'a Work<'_>,
        drawn: &'a Drawn,
    ) -> Result<Inputs<'a>, ReplayError> {
        self.told_apart(work)?;
        let Drawn { services, scheduled } = drawn;
        Ok(Inputs {
            period: work.period,
            pools: &self.pools,
            classes: &self.classes,
            jobs: &work.jobs,
            services,
            commitments: &self.paces,
            faults: &scheduled.faults,
            maintenance: &scheduled.maintenance,
            reservations: &scheduled.reservations,
            quotas: &scheduled.quotas,
            shares: &scheduled.shares,
            policy: scheduled.policy,
        })
    }

    /// Where jobs have shares of GPUs, these are few enough to tell apart; of sites that say how their
    /// machines stand that was checked where their files were read.
    fn told_apart(&self, work: &Work<'_>) -> Result<(), ReplayError> {
        let shared = work.jobs.iter().filter(|job| job.size.share().is_some());
        let classes: BTreeSet<u32> = shared.map(|job| job.class).collect();
        for pool in self.pools.iter().filter(|pool| pool.nodes.is_none()) {
            let gpus = pool.capacity.most_in(Window::ALWAYS);
            let fits = |&class: &u32| {
                let types = &stream(work, class).gpus;
                types.is_empty() || types.contains(&pool.gpu)
            };
            if gpus > Nodes::GPUS_MOST && classes.iter().any(fits) {
                let (site, gpu) = (pool.site.clone(), pool.gpu.clone());
                return Err(ReplayError::TooManyToShare { site, gpu, gpus });
            }
        }
        Ok(())
    }
}

/// What of a replay hangs on how its work was drawn.
pub(crate) struct Drawn {
    services: Vec<Service>,
    scheduled: Scheduled,
}

/// Replays a period's work under a deal's terms.
///
/// # Errors
/// [`ReplayError`] when amounts do not fit, or the rate cards do not tell one price.
pub fn replay(
    deal: &Deal,
    fleet: &Fleet,
    work: &Work<'_>,
    under: Under,
) -> Result<Replay, ReplayError> {
    prepare(deal, fleet, work, under).run(fleet, work)
}

/// The terms that a replay goes by.
pub(crate) fn rules(deal: &Deal, under: Under) -> Rules<'_> {
    let all = deal.rules(Known::ALL);
    match under {
        Under::Calendar => all,
        Under::TermsOf(at) => all.frozen_at(at),
    }
}

/// GPUs that were out of service for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upset {
    /// The pool, an index into the pools of the replay.
    pub pool: usize,
    /// From when to when.
    pub window: Window,
    /// How many; as many as there are when that is less.
    pub gpus: u32,
    /// The node of its site that failed, from 1; none for maintenance.
    pub node: Option<u32>,
}

/// GPUs of a gang on one node of its site, or the one that a job has a share of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OnSiteNode {
    /// The node, from 1 in the order in which they open; where the site does not say how its machines
    /// stand each GPU is a node, by type.
    pub node: u64,
    /// How many GPUs.
    pub gpus: u32,
    /// For a share of a GPU which one of the node's it is, from 1.
    pub shared: Option<u32>,
}

impl Replay {
    /// The faults of the period, as pieces of jobs that they ended point to them.
    pub fn faults(&self) -> impl Iterator<Item = Upset> {
        let faults = self.scheduled.faults.iter().zip(&self.scheduled.nodes);
        faults.map(|(fault, &node)| Upset {
            pool: fault.pool,
            window: fault.window,
            gpus: fault.gpus,
            node: Some(node),
        })
    }

    /// The nodes of its site that a gang or a share lies on, each with what it has of it. What is kept
    /// for parties has nodes of its own, numbered on from the last of the site.
    #[must_use]
    pub fn nodes_of(&self, fleet: &Fleet, gang: &Gang) -> Vec<OnSiteNode> {
        let pool = &self.pools[gang.pool];
        let site = fleet.site(&pool.site).expect("pools are made from the sites of the fleet");
        let numbered = |it: &OnNode| OnSiteNode {
            node: site_node(site, &pool.gpu, it.node),
            gpus: it.gpus,
            shared: it.shared.map(|gpu| u32::from(gpu) + 1),
        };
        gang.nodes.iter().map(numbered).collect()
    }

    /// The maintenance of the period, as pieces of jobs that it ended point to it.
    pub fn maintenance(&self) -> impl Iterator<Item = Upset> {
        self.scheduled.maintenance.iter().map(|it| Upset {
            pool: it.pool,
            window: it.window,
            gpus: it.gpus,
            node: None,
        })
    }

    /// Every usage record of the plan, in order.
    #[must_use]
    pub fn usage(&self, fleet: &Fleet, work: &Work<'_>) -> Vec<Usage> {
        let mut records = Vec::new();
        meter(fleet, work, &self.pools, &self.plan, |usage| records.push(usage));
        records
    }

    /// The answer for a stream at a site at an instant; `None` when the site is not open in the
    /// period.
    #[must_use]
    pub fn ruling(&self, stream: usize, site: &SiteId, at: Instant) -> Option<&SiteRuling> {
        let found = self.rulings.iter().find(|it| it.stream == stream && &it.site == site)?;
        found.rulings.iter().find(|ruling| ruling.window.contains(at))
    }
}

fn is_open(site: &Site, period: Window) -> bool {
    site.phases.iter().any(|phase| phase.gpus > 0 && phase.window.intersect(period).is_some())
}

fn pools(sites: &[&Site], period: Window) -> Vec<Pool> {
    let pool = |site: &Site| {
        let (id, nodes) = (site.id.clone(), site.nodes.clone());
        site.capacities().into_iter().map(move |(gpu, capacity)| Pool {
            site: id.clone(),
            gpu,
            capacity,
            nodes: nodes.clone(),
        })
    };
    let all = sites.iter().copied().flat_map(pool);
    all.filter(|pool| pool.capacity.most_in(period) > 0).collect()
}

fn all_rulings(rules: &Rules<'_>, sites: &[&Site], work: &Work<'_>) -> Vec<StreamAtSite> {
    let mut found = Vec::new();
    for (index, stream) in work.streams.iter().enumerate() {
        for site in sites.iter().filter(|site| chosen(stream, site)) {
            let rulings = rulings(rules, work.period, site, stream);
            found.push(StreamAtSite { stream: index, site: site.id.clone(), rulings });
        }
    }
    found
}

/// Whether a stream's party has chosen the site's host, or has not chosen at all.
fn chosen(stream: &Stream, site: &Site) -> bool {
    stream.hosts.is_empty() || stream.hosts.contains(&site.host)
}

/// For each service, which pools it can use.
fn reach(deal: &Deal, fleet: &Fleet, work: &Work<'_>, pools: &[Pool]) -> Vec<Vec<Reach>> {
    let places = &deal.parts().vocabulary.places;
    let of_service = |it: &ServiceWork<'_>| {
        let of_pool = |pool: &Pool| {
            let site = fleet.site(&pool.site).expect("pools are made from the sites of the fleet");
            let place = PlaceId::from(&pool.site);
            if !chosen(stream(work, it.class), site) {
                Reach::Never
            } else if it.region.is_none_or(|region| places.lies_within(&place, &region.place)) {
                Reach::Home
            } else if it.serving.spill {
                Reach::Elsewhere
            } else {
                Reach::Never
            }
        };
        pools.iter().map(of_pool).collect()
    };
    work.services.iter().map(of_service).collect()
}

/// A service as it is placed.
fn placed(service: &ServiceWork<'_>, reach: &[Reach]) -> Service {
    Service {
        class: service.class,
        replica_gpus: service.serving.replica_gpus,
        demand: service.demand.clone(),
        replicas: service.replicas.clone(),
        reach: reach.to_vec(),
    }
}

fn money_terms(
    deal: &Deal,
    rules: &Rules<'_>,
    period: Window,
) -> (MoneyTerms, Vec<(TermId, Window)>) {
    let (money, unknown) = MoneyTerms::of(deal, rules);
    let inside = |(term, window): (TermId, Window)| Some((term, window.intersect(period)?));
    (money, unknown.into_iter().filter_map(inside).collect())
}

/// The classes of placement: one for each stream, with the price and the commitment in each pool.
fn classes(
    fleet: &Fleet,
    work: &Work<'_>,
    pools: &[Pool],
    rulings: &[StreamAtSite],
    money: &MoneyTerms,
    parties: &Parties<'_>,
) -> (Vec<Class>, Vec<CommitmentPace>) {
    let others: BTreeSet<Currency> = money.rates.iter().map(|rate| rate.currency).collect();
    let others: Vec<Currency> =
        others.into_iter().filter(|&currency| currency != money.currency).collect();
    let mut paces: Vec<CommitmentPace> = Vec::new();
    let mut known: BTreeMap<(&PartyId, &PartyId), Option<usize>> = BTreeMap::new();
    let mut classes = Vec::new();
    for (index, stream) in work.streams.iter().enumerate() {
        let mine: BTreeMap<&SiteId, Vec<_>> = rulings
            .iter()
            .filter(|it| it.stream == index)
            .map(|it| (&it.site, for_placement(&it.rulings)))
            .collect();
        let (priority, restarts, need) = of_jobs(stream);
        let mut class = Class {
            party: parties.number(&stream.party),
            priority,
            restarts,
            need,
            rulings: Vec::new(),
            gpus: stream.gpus.clone(),
            commitment: Vec::new(),
            price: Vec::new(),
            currency: Vec::new(),
            preempts: Vec::new(),
        };
        for pool in pools {
            let site = fleet.site(&pool.site).expect("pools are made from the sites of the fleet");
            class.rulings.push(mine.get(&pool.site).cloned().unwrap_or_else(not_chosen));
            let supply = Supply {
                buyer: stream.party.clone(),
                seller: site.host.clone(),
                meter: Meter::GpuTime,
                object: capacity_object(stream),
                site: Some(pool.site.clone()),
                gpu: Some(pool.gpu.clone()),
            };
            let price = price(money, &supply, work.period.start());
            let number = |currency: Currency| {
                let place = others.iter().position(|&other| other == currency);
                place.map_or(0, |place| u16::try_from(place + 1).unwrap_or(u16::MAX))
            };
            class.currency.push(price.map_or(u16::MAX, |price| number(price.currency)));
            class.price.push(price.map_or(NO_PRICE, |price| price.minor));
            let commitment = known.entry((&stream.party, &site.host)).or_insert_with(|| {
                let target = target(money, &stream.party, &site.host, work.period)?;
                paces.push(CommitmentPace { target });
                Some(paces.len() - 1)
            });
            class.commitment.push(*commitment);
        }
        classes.push(class);
    }
    (classes, paces)
}

/// A host that the stream's party did not choose is closed to it by no term.
fn not_chosen() -> Vec<RuledWindow> {
    vec![RuledWindow { window: Window::ALWAYS, ruling: Ruling::Deny { terms: Vec::new() } }]
}

/// What a GPU-hour costs, to rank pools by, in the deal's currency where a conversion holds as for a
/// charge: one's own is free. The settlement reports what it could not price.
fn price(money: &MoneyTerms, supply: &Supply, at: Instant) -> Option<Money> {
    if supply.is_own_use() {
        return Some(Money { minor: 0, currency: money.currency });
    }
    let hour = PriceUnit::GpuHour.base_units(at);
    let rate = rate_at(&money.rates, supply, at)?;
    let price = charge(hour, rate, at, Rounding::HalfEven).ok()?;
    converted(money, price, at).ok()
}

/// How much of its commitments to a seller a buyer has to draw in the period to stay on pace.
fn target(money: &MoneyTerms, buyer: &PartyId, seller: &PartyId, period: Window) -> Option<i128> {
    let mut target: Option<i128> = None;
    let between = |it: &&InForce<Commitment>| {
        it.value.buyer == *buyer
            && it.value.seller == *seller
            && (it.value.on.meters.is_empty() || it.value.on.meters.contains(&Meter::GpuTime))
            && it.window.intersect(period).is_some()
    };
    for commitment in money.commitments.iter().filter(between) {
        let value = &commitment.value;
        // Only money can be drawn towards at a price.
        let Promise::Spend(amount) = value.promise else { continue };
        let left = amount.minor - value.drawn_before;
        let interval = value.interval.around(period.start(), commitment.own);
        let due = if interval.end() == Instant::MAX {
            // A term without an end can be drawn at any time.
            left
        } else {
            let part = Ratio::new(period.seconds(), interval.seconds()).unwrap_or(Ratio::ONE);
            part.of(amount.minor, Rounding::Up).unwrap_or(left).min(left)
        };
        target = Some(target.unwrap_or(0).saturating_add(due.max(0)));
    }
    target
}
