//! What a plan is made from, with the invariants that its makers keep.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{GpuTypeId, Instant, SiteId, TermId, Window};
use comity_cluster::{AMOUNT_MAX, CLUSTER_GPUS_MAX, NODE_GPUS_MAX};
use comity_fleet::{Capacity, Job, Need, Nodes};

use crate::disruption::{Fault, Maintenance, Reservation};
use crate::policy::{Backfill, Policy};
use crate::quota::Quota;

/// All that placement depends on.
///
/// Invariants, asserted when a plan is made: each [`Class`] has one entry for each pool in
/// `rulings`, `commitment` and `price`, and in `currency` and `preempts` unless they are empty; the
/// rulings of a class in a pool are sorted, disjoint and cover all of time; every class and commitment that is
/// pointed to is there; a service has one entry for each pool in `reach` or none, and its demand and
/// steps are sorted and disjoint;
/// every pool that a fault, maintenance, a reservation or a quota points to is there; a pool has at
/// most one quota at once, and a party one entry in it; no half-life is zero; no node has more than
/// 64 GPUs, or 2^40 thousandths of a processor or MiB of memory, and no pool with nodes more than 2^23
/// GPUs, nor one in which a job may have a share of a GPU; where backfill is conservative, no job has a
/// share.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The period that is planned: nothing starts outside it.
    pub period: Window,
    /// Where work can run.
    pub pools: &'a [Pool],
    /// The kinds of work that the terms tell apart.
    pub classes: &'a [Class],
    /// The jobs, in any order; their ids are unique.
    pub jobs: &'a [Job],
    /// The services, first served first.
    pub services: &'a [Service],
    /// The commitments that work draws down.
    pub commitments: &'a [CommitmentPace],
    /// What fails and when it is back, in any order.
    pub faults: &'a [Fault],
    /// What is out of service when.
    pub maintenance: &'a [Maintenance],
    /// What is kept for whom.
    pub reservations: &'a [Reservation],
    /// What each party may hold at once.
    pub quotas: &'a [Quota],
    /// For each party, its share under [`crate::Order::FairShare`]; 1 for those that are not there.
    pub shares: &'a [u32],
    /// How to schedule.
    pub policy: Policy,
}

/// A set of equal GPUs at one site: the unit of placement; a gang never spans pools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// The site that it is at.
    pub site: SiteId,
    /// The type of its GPUs.
    pub gpu: GpuTypeId,
    /// How many there are, over time.
    pub capacity: Capacity,
    /// How its nodes stand; without it, any free GPUs are as good as any others.
    pub nodes: Option<Nodes>,
}

/// One kind of work: whose it is, how it is run, and what the terms say of it, pool by pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Whose it is; parties are numbered from zero without gaps.
    pub party: u32,
    /// The higher comes first where the policy says so.
    pub priority: u16,
    /// What a stop costs its jobs.
    pub restarts: Restarts,
    /// What its jobs need of the nodes that they lie on, in pools that say how theirs stand.
    pub need: Need,
    /// For each pool, the rulings over all of time.
    pub rulings: Vec<Vec<RuledWindow>>,
    /// Types of GPU that it can run on; empty for any.
    pub gpus: Vec<GpuTypeId>,
    /// For each pool, the commitment that its charges there draw down, if any.
    pub commitment: Vec<Option<usize>>,
    /// For each pool, the price of a GPU-hour in minor units of money.
    pub price: Vec<i128>,
    /// For each pool, the number of the currency of its price. Prices are compared within one only;
    /// those in that with the lower number come first. Empty where all are in one.
    pub currency: Vec<u16>,
    /// For each pool, when the terms let its jobs make others give way there; empty where the terms
    /// are not asked and the policy alone says so.
    pub preempts: Vec<Vec<Window>>,
}

impl Class {
    /// By what a pool comes before others: its currency, and its price in it.
    pub(crate) fn cost(&self, pool: usize) -> (u16, i128) {
        (self.currency.get(pool).copied().unwrap_or(0), self.price[pool])
    }

    /// Whether the terms let its jobs make others give way in a pool.
    pub(crate) fn may_preempt(&self, pool: usize, now: Instant) -> bool {
        self.preempts.is_empty() || self.preempts[pool].iter().any(|window| window.contains(now))
    }
}

/// What a job that is stopped loses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restarts {
    /// After so many seconds of work each it is saved; 0 for never, so that all work is lost.
    pub checkpoint_seconds: u32,
    /// Seconds that it takes to go on where it was saved.
    pub restart_seconds: u32,
}

/// A ruling and when it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuledWindow {
    /// From when to when.
    pub window: Window,
    /// What holds.
    pub ruling: Ruling,
}

/// Whether a class may run in a pool, as decided from the terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// It may.
    Allow,
    /// It may not.
    Deny {
        /// The terms that forbid it.
        terms: Vec<TermId>,
    },
    /// It may once a condition holds that does not hold yet.
    Conditional {
        /// The terms that set the condition.
        terms: Vec<TermId>,
    },
    /// The terms do not settle it.
    Undetermined {
        /// The terms that leave it open.
        terms: Vec<TermId>,
    },
}

impl Ruling {
    /// The terms behind it; none for an allowance.
    #[must_use]
    pub fn terms(&self) -> &[TermId] {
        match self {
            Self::Allow => &[],
            Self::Deny { terms } | Self::Conditional { terms } | Self::Undetermined { terms } => {
                terms
            }
        }
    }
}

/// How much is to be drawn from a commitment in the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitmentPace {
    /// Minor units of money to draw; at or below zero, nothing remains to be burned down.
    pub target: i128,
}

/// A service: replicas, each of so many GPUs in one pool, that are held as traffic needs them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Which class of work it belongs to: an index into the classes.
    pub class: u32,
    /// GPUs that one replica holds; at least one.
    pub replica_gpus: u32,
    /// Replicas that traffic needs in each hour.
    pub demand: Vec<(Window, u32)>,
    /// Which replicas it wants to hold.
    pub replicas: Replicas,
    /// For each pool, whether its replicas may be there; empty where it belongs in all.
    pub reach: Vec<Reach>,
}

/// Which replicas a service wants to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replicas {
    /// The most that its demand needs in each stretch in which neither rulings nor capacity change.
    Peak,
    /// These, and none where nothing is said. They stay where they are for as long as they may.
    Steps {
        /// How many when, sorted and disjoint.
        steps: Vec<(Window, u32)>,
        /// For how long a replica that is added holds its GPUs before it serves, seconds. Those of
        /// its first demand ran before.
        start_up_seconds: u32,
    },
}

/// Whether a service's replicas may be in a pool, whatever the terms; first choice first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// It belongs there.
    Home,
    /// Where those that it belongs to have no room.
    Elsewhere,
    /// It may not.
    Never,
}

/// An index that an input gives as 32 bits.
pub(crate) fn index(class: u32) -> usize {
    usize::try_from(class).expect("a usize has at least 32 bits on the targets of this crate")
}

impl Inputs<'_> {
    /// Asserts what the type's documentation states.
    pub(crate) fn assert_invariants(&self) {
        for class in self.classes {
            let pools = self.pools.len();
            assert_eq!(class.rulings.len(), pools, "a class has rulings for each pool");
            assert_eq!(class.commitment.len(), pools, "a class has a commitment for each pool");
            assert_eq!(class.price.len(), pools, "a class has a price for each pool");
            let asked = class.preempts.len();
            assert!(asked == 0 || asked == pools, "the terms are asked for each pool or for none");
            let told = class.currency.len();
            assert!(told == 0 || told == pools, "a currency is told for each pool or for none");
            for rulings in &class.rulings {
                let ends = rulings.iter().map(|ruled| ruled.window.end());
                let starts = rulings.iter().map(|ruled| ruled.window.start());
                assert!(
                    std::iter::once(Instant::MIN)
                        .chain(ends)
                        .eq(starts.chain(std::iter::once(Instant::MAX))),
                    "the rulings of a class in a pool are sorted, disjoint and cover all of time"
                );
            }
            let known = |commitment: &usize| *commitment < self.commitments.len();
            assert!(class.commitment.iter().flatten().all(known), "a commitment is there");
        }
        let shares = self.jobs.iter().any(|job| job.size.share().is_some());
        let counted = self.policy.backfill != Backfill::Conservative || !shares;
        assert!(counted, "conservative backfill goes by whole GPUs");
        let known = |class: u32| index(class) < self.classes.len();
        assert!(self.jobs.iter().all(|job| known(job.class)), "a job's class is there");
        self.assert_pools();
        let counted = self.policy.order != crate::Order::FairShare { half_life_seconds: 0 };
        assert!(counted, "a half-life is not zero");
        for service in self.services {
            assert!(known(service.class), "a service's class is there");
            assert!(service.replica_gpus > 0, "a replica holds a GPU");
            let reach = service.reach.len();
            assert!(reach == 0 || reach == self.pools.len(), "a service has a reach for each pool");
            let apart = |windows: &[(Window, u32)]| {
                windows.is_sorted_by(|(a, _), (b, _)| a.end() <= b.start())
            };
            assert!(apart(&service.demand), "a service's demand is sorted and disjoint");
            if let Replicas::Steps { steps, .. } = &service.replicas {
                assert!(apart(steps), "a service's steps are sorted and disjoint");
            }
        }
    }

    fn assert_pools(&self) {
        for pool in self.pools {
            let Some(nodes) = &pool.nodes else { continue };
            let there = 1..=u32::from(NODE_GPUS_MAX);
            assert!(there.contains(&nodes.gpus_per_node), "a node has at most 64 GPUs");
            let gpus = pool.capacity.most_in(Window::ALWAYS);
            assert!(gpus <= CLUSTER_GPUS_MAX, "a pool with nodes has at most 2^23 GPUs");
            let amounts = [nodes.cpu_milli, nodes.memory_mib];
            assert!(amounts.iter().flatten().all(|&it| it <= AMOUNT_MAX), "a node has less");
        }
        let faults = self.faults.iter().map(|fault| fault.pool);
        let maintenance = self.maintenance.iter().map(|maintenance| maintenance.pool);
        let reservations = self.reservations.iter().map(|kept| kept.pool);
        let mut under_quota: BTreeMap<usize, Vec<Window>> = BTreeMap::new();
        for quota in self.quotas {
            let mut due = BTreeSet::new();
            assert!(quota.dues.iter().all(|it| due.insert(it.party)), "a party is due once");
            for &pool in &quota.pools {
                let others = under_quota.entry(pool).or_default();
                let apart = others.iter().all(|other| other.intersect(quota.window).is_none());
                assert!(apart, "a pool has one quota at once at most");
                others.push(quota.window);
            }
        }
        let mut all = faults.chain(maintenance).chain(reservations).chain(under_quota.into_keys());
        assert!(all.all(|pool| pool < self.pools.len()), "a pool that is pointed to is there");
    }
}
