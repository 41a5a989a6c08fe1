//! Random clusters under random work, failures and maintenance, held to a naive model after every
//! step.

#[path = "common/checker.rs"]
mod checker;

use std::collections::BTreeMap;

use comity_cluster::{
    Ask, AskError, Cause, Cluster, Holding, HoldingId, Machine, ModelSet, Part, Policy, Span,
    Status, Typical,
};
use proptest::prelude::*;

use checker::Model;

/// What happens to a cluster.
#[derive(Debug, Clone)]
enum Step {
    Take(Ask),
    /// One of what is held.
    GiveBack(usize),
    /// A cause sets in, and what is held there ends.
    Close(usize, Cause),
    Open(usize, Cause),
}

fn machine() -> impl Strategy<Value = Machine> {
    let gpus = prop_oneof![Just(0), Just(1), Just(2), Just(4), Just(8), Just(64)];
    (gpus, 0..3_u16, 0..3_u32, 0..3_u32, 0..48_000_u64, 0..64_u64).prop_map(
        |(gpus, model, rack, hall, cpu_milli, memory_mib)| {
            // Some nodes have enough CPU for anything.
            let plenty = if cpu_milli % 2 == 0 { 1_000_000 } else { 0 };
            Machine { cpu_milli: cpu_milli + plenty, memory_mib, gpus, model, rack, hall }
        },
    )
}

fn ask() -> impl Strategy<Value = Ask> {
    let size = prop_oneof![
        4 => (1..=8_u32).prop_map(|gpus| (gpus, 0)),
        2 => (9..=90_u32).prop_map(|gpus| (gpus, 0)),
        3 => prop_oneof![Just(300_u16), Just(700), 1..1_000_u16].prop_map(|milli| (0, milli)),
        1 => Just((0, 0)),
    ];
    let span = prop_oneof![Just(Span::Node), Just(Span::Rack), Just(Span::Hall), Just(Span::Site)];
    let cpu = prop_oneof![Just(0), Just(3_001), 0..20_000_u64];
    let memory = prop_oneof![Just(0), Just(1), 0..20_u64];
    let models =
        prop_oneof![3 => Just(None), 1 => Just(Some(vec![1])), 1 => Just(Some(vec![0, 2]))];
    (size, span, cpu, memory, models).prop_map(
        |((gpus, milli), span, cpu_milli, memory_mib, of)| {
            let models = of.map_or(ModelSet::ANY, |of| ModelSet::of(of).expect("they are models"));
            Ask { gpus, milli, cpu_milli, memory_mib, models, span }
        },
    )
}

/// Steps with asks drawn from a few, so that what is kept for an ask has to catch up.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let cause = prop_oneof![Just(Cause::Failure), Just(Cause::Maintenance), Just(Cause::Drain)];
    prop::collection::vec(ask(), 1..8).prop_flat_map(move |asks| {
        let step = prop_oneof![
            10 => prop::sample::select(asks).prop_map(Step::Take),
            6 => any::<usize>().prop_map(Step::GiveBack),
            1 => (any::<usize>(), cause.clone()).prop_map(|(node, cause)| Step::Close(node, cause)),
            2 => (any::<usize>(), cause.clone()).prop_map(|(node, cause)| Step::Open(node, cause)),
        ];
        prop::collection::vec(step, 1..160)
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let typical: Vec<Ask> =
        Model::TYPICAL.iter().flat_map(|&(ask, weight)| (0..weight).map(move |_| ask)).collect();
    let typical = Typical::of(&typical, 100).expect("it is typical work");
    prop_oneof![
        6 => Just(Policy::Tightest),
        1 => Just(Policy::FirstFit),
        1 => Just(Policy::Random { seed: 7 }),
        1 => Just(Policy::BestFit),
        1 => Just(Policy::DotProd),
        1 => Just(Policy::GpuClustering),
        1 => Just(Policy::GpuPacking),
        2 => Just(Policy::Fgd(typical)),
    ]
}

/// A cluster beside its model.
struct Pair {
    cluster: Cluster,
    model: Model,
    policy: Policy,
    held: BTreeMap<HoldingId, Holding>,
}

impl Pair {
    fn node(&self, any: usize) -> u32 {
        u32::try_from(any % self.model.machines.len()).expect("few nodes")
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Take(ask) => self.take(ask),
            Step::GiveBack(any) => {
                if !self.held.is_empty() {
                    let nth = any % self.held.len();
                    let id = *self.held.keys().nth(nth).expect("it is one of them");
                    self.give_back(id);
                }
            }
            Step::Close(any, cause) => {
                let node = self.node(*any);
                let there = self.cluster.set_down(node, *cause).expect("there is such a node");
                let ids: Vec<u32> = there.iter().map(|id| id.0).collect();
                assert_eq!(ids, self.model.close(node, *cause));
                let stays = match cause {
                    Cause::Failure | Cause::Maintenance => Status::Down,
                    Cause::Drain => Status::Draining,
                };
                assert!(self.cluster.status(node).expect("there is such a node") >= stays);
                if stays == Status::Down {
                    there.into_iter().for_each(|id| self.give_back(id));
                }
            }
            Step::Open(any, cause) => {
                let node = self.node(*any);
                self.cluster.set_up(node, *cause).expect("there is such a node");
                self.model.open(node, *cause);
            }
        }
        self.check_counts(step);
    }

    fn take(&mut self, ask: &Ask) {
        let shape = match self.cluster.shape(ask) {
            Ok(shape) => shape,
            Err(error) => {
                assert!(!self.model.fits(ask), "{ask:?} fits, yet {error}");
                return;
            }
        };
        let choice = self.cluster.choose(shape);
        assert_eq!(choice.is_some(), self.model.fits(ask), "{ask:?} in {:?}", self.policy);
        let Some(choice) = choice else { return };
        let holding = self.cluster.take(choice);
        let parts: Vec<Part> = self.cluster.parts(&holding).collect();
        self.model.check_taken(&self.policy, ask, &parts);
        let new = self.model.held.insert(holding.id().0, (*ask, parts));
        assert!(new.is_none(), "no two holdings have one name");
        self.held.insert(holding.id(), holding);
    }

    fn give_back(&mut self, id: HoldingId) {
        let holding = self.held.remove(&id).expect("it is held");
        self.cluster.give_back(holding);
        self.model.held.remove(&id.0);
    }

    fn check_counts(&mut self, step: &Step) {
        let model = &self.model;
        let (mut free, mut open, mut held) = (0, 0, 0);
        for node in model.nodes() {
            let left = model.left(node);
            let gpus = u32::from(model.machine(node).gpus);
            held += u64::from(gpus) * 1_000 - left.idle();
            if model.is_open(node) {
                open += gpus;
                free += u32::try_from(left.gpus.iter().filter(|&&it| it == 1_000).count())
                    .expect("few GPUs");
            }
            let status = self.cluster.status(node).expect("there is such a node");
            assert_eq!(status == Status::Up, model.is_open(node));
        }
        let counts =
            (self.cluster.free_gpus(), self.cluster.open_gpus(), self.cluster.held_milli());
        assert_eq!(counts, (free, open, held));
        if let Step::Take(ask) = step
            && let Ok(shape) = self.cluster.shape(ask)
        {
            for span in [Span::Node, Span::Rack, Span::Hall, Span::Site] {
                let largest = self.cluster.largest_gang(shape, span).map(u64::from);
                let rooms = || model.rooms(ask, span).into_values().max();
                let expected = if ask.gpus == 0 { None } else { rooms() };
                assert_eq!(largest, expected, "{ask:?} in one {span:?}");
            }
        }
        if let Step::Take(ask) = step {
            self.check_shares(ask.cpu_milli, ask.memory_mib);
        }
    }

    /// The largest share fits, with as large a part of what goes with a GPU, and no larger one does.
    fn check_shares(&mut self, cpu_milli: u64, memory_mib: u64) {
        let class = self.cluster.share_class(cpu_milli, memory_mib);
        let largest = self.cluster.largest_share(class);
        let fits = |milli: u16| {
            let part = |amount: u64| (amount * u64::from(milli)).div_ceil(1_000);
            let (gpus, milli) = if milli == 1_000 { (1, 0) } else { (0, milli) };
            let (cpu_milli, memory_mib) = (part(cpu_milli), part(memory_mib));
            let models = ModelSet::ANY;
            self.model.fits(&Ask { gpus, milli, cpu_milli, memory_mib, models, span: Span::Node })
        };
        assert!(largest == 0 || fits(largest), "a share of {largest} fits");
        assert!(largest == 1_000 || !fits(largest + 1), "no share above {largest} fits");
    }
}

proptest! {
    #[test]
    fn whatever_happens_choices_are_feasible_best_and_counted(
        machines in prop::collection::vec(machine(), 1..24),
        policy in policy(),
        steps in steps(),
    ) {
        let cluster = Cluster::new(machines.clone(), policy.clone()).expect("they are machines");
        let model = Model::new(&machines);
        let mut pair = Pair { cluster, model, policy, held: BTreeMap::new() };
        for step in &steps {
            pair.step(step);
        }
        // Everything given back and opened, the cluster is as new.
        let ids: Vec<HoldingId> = pair.held.keys().copied().collect();
        ids.into_iter().for_each(|id| pair.give_back(id));
        for node in pair.model.nodes() {
            for cause in [Cause::Failure, Cause::Maintenance, Cause::Drain] {
                pair.cluster.set_up(node, cause).expect("there is such a node");
            }
        }
        prop_assert_eq!(pair.cluster.free_gpus(), pair.cluster.gpus());
        prop_assert_eq!(pair.cluster.held_milli(), 0);
    }

    /// An ask is refused for ever exactly when the empty cluster cannot take it.
    #[test]
    fn what_never_fits_is_what_an_empty_cluster_cannot_take(
        machines in prop::collection::vec(machine(), 1..12),
        ask in ask(),
    ) {
        let mut cluster = Cluster::new(machines.clone(), Policy::Tightest).expect("machines");
        let fits = Model::new(&machines).fits(&ask);
        prop_assert_eq!(cluster.could_ever(&ask).is_ok(), fits);
        match cluster.shape(&ask) {
            Ok(shape) => prop_assert!(cluster.choose(shape).is_some()),
            Err(AskError::NeverFits { asked, largest, .. }) => prop_assert!(largest < asked),
            Err(_) => prop_assert!(!fits),
        }
    }
}
