//! A naive model of a cluster: it knows what is held, looks at every node, and shares no code with
//! what it checks.

use std::collections::{BTreeMap, BTreeSet};

use comity_cluster::{Ask, Cause, Machine, Part, Policy, Span};

/// What is held and closed.
pub(crate) struct Model {
    pub(crate) machines: Vec<Machine>,
    closed: BTreeSet<(u32, Cause)>,
    pub(crate) held: BTreeMap<u32, (Ask, Vec<Part>)>,
}

/// What one node has left.
pub(crate) struct Left {
    pub(crate) gpus: Vec<u64>,
    pub(crate) cpu: u64,
    memory: u64,
}

impl Left {
    fn whole(&self) -> u64 {
        u64::try_from(self.gpus.iter().filter(|&&left| left == 1_000).count()).expect("it is small")
    }

    pub(crate) fn idle(&self) -> u64 {
        self.gpus.iter().sum()
    }
}

impl Model {
    pub(crate) fn new(machines: &[Machine]) -> Self {
        Self { machines: machines.to_vec(), closed: BTreeSet::new(), held: BTreeMap::new() }
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.machines.len()).expect("it is small")
    }

    pub(crate) fn machine(&self, node: u32) -> &Machine {
        &self.machines[usize::try_from(node).expect("it is small")]
    }

    fn parts_on(&self, node: u32) -> impl Iterator<Item = (u32, &Part)> {
        self.held.iter().flat_map(move |(&id, (_, parts))| {
            parts.iter().filter(move |part| part.node == node).map(move |part| (id, part))
        })
    }

    pub(crate) fn left(&self, node: u32) -> Left {
        let machine = self.machine(node);
        let mut left = Left {
            gpus: vec![1_000; usize::from(machine.gpus)],
            cpu: machine.cpu_milli,
            memory: machine.memory_mib,
        };
        for (_, part) in self.parts_on(node) {
            let take = |left: &mut u64, amount: u64| {
                *left = left.checked_sub(amount).expect("no more is held than is there");
            };
            take(&mut left.cpu, part.cpu_milli);
            take(&mut left.memory, part.memory_mib);
            assert_eq!(part.gpus.checked_shr(u32::from(machine.gpus)).unwrap_or(0), 0);
            for (gpu, left) in left.gpus.iter_mut().enumerate() {
                if part.gpus >> gpu & 1 == 1 {
                    take(left, u64::from(part.milli));
                }
            }
        }
        left
    }

    pub(crate) fn is_open(&self, node: u32) -> bool {
        !self.closed.iter().any(|&(closed, _)| closed == node)
    }

    pub(crate) fn close(&mut self, node: u32, cause: Cause) -> Vec<u32> {
        self.closed.insert((node, cause));
        let ids: BTreeSet<u32> = self.parts_on(node).map(|(id, _)| id).collect();
        ids.into_iter().collect()
    }

    pub(crate) fn open(&mut self, node: u32, cause: Cause) {
        self.closed.remove(&(node, cause));
    }

    /// How many of a gang's GPUs a node could give now, by trying.
    pub(crate) fn room(&self, ask: &Ask, node: u32) -> u64 {
        if !self.is_open(node) || !ask.models.contains(self.machine(node).model) {
            return 0;
        }
        let left = self.left(node);
        let gang = u64::from(ask.gpus);
        let fits = |gpus: u64| {
            (ask.cpu_milli * gpus).div_ceil(gang) <= left.cpu
                && (ask.memory_mib * gpus).div_ceil(gang) <= left.memory
        };
        (0..=left.whole()).rev().find(|&gpus| fits(gpus)).unwrap_or(0)
    }

    /// The room of each domain of a size.
    pub(crate) fn rooms(&self, ask: &Ask, span: Span) -> BTreeMap<(u32, u32, u32), u64> {
        let mut rooms = BTreeMap::new();
        for node in self.nodes() {
            *rooms.entry(self.domain(node, span)).or_default() += self.room(ask, node);
        }
        rooms
    }

    pub(crate) fn domain(&self, node: u32, span: Span) -> (u32, u32, u32) {
        let Machine { rack, hall, .. } = *self.machine(node);
        match span {
            Span::Node => (hall, rack, node),
            Span::Rack => (hall, rack, 0),
            Span::Hall => (hall, 0, 0),
            Span::Site => (0, 0, 0),
        }
    }

    /// Whether a node can take an ask that is for one node.
    pub(crate) fn fits_one(&self, ask: &Ask, node: u32) -> bool {
        if ask.gpus > 0 {
            return self.room(ask, node) >= u64::from(ask.gpus);
        }
        let left = self.left(node);
        self.is_open(node)
            && ask.models.contains(self.machine(node).model)
            && ask.cpu_milli <= left.cpu
            && ask.memory_mib <= left.memory
            && (ask.milli == 0 || left.gpus.iter().any(|&gpu| gpu >= u64::from(ask.milli)))
    }

    /// Whether an ask can be taken somewhere now.
    pub(crate) fn fits(&self, ask: &Ask) -> bool {
        if ask.gpus == 0 {
            let asks = ask.milli > 0 || ask.cpu_milli > 0 || ask.memory_mib > 0;
            return asks && self.nodes().any(|node| self.fits_one(ask, node));
        }
        self.rooms(ask, ask.span).values().any(|&room| room >= u64::from(ask.gpus))
    }

    /// Panics when what was taken is not what was asked, or not where the rules say.
    pub(crate) fn check_taken(&self, policy: &Policy, ask: &Ask, parts: &[Part]) {
        let count = |part: &Part| u64::from(part.gpus.count_ones());
        for part in parts {
            assert!(self.is_open(part.node), "{part:?} is on a closed node");
            assert!(ask.models.contains(self.machine(part.node).model), "{part:?} for {ask:?}");
            let gpus = &self.left(part.node).gpus;
            for (gpu, &left) in gpus.iter().enumerate().filter(|(gpu, _)| part.gpus >> gpu & 1 == 1)
            {
                assert!(left >= u64::from(part.milli), "GPU {gpu} has {left} left for {part:?}");
            }
        }
        if ask.gpus == 0 {
            let [part] = parts else { panic!("{parts:?} for {ask:?}") };
            assert_eq!(count(part), u64::from(ask.milli > 0));
            assert!(ask.milli == 0 || part.milli == ask.milli);
            assert_eq!((part.cpu_milli, part.memory_mib), (ask.cpu_milli, ask.memory_mib));
            return self.check_node(policy, ask, part);
        }
        let gang = u64::from(ask.gpus);
        assert_eq!(parts.iter().map(count).sum::<u64>(), gang, "{parts:?} for {ask:?}");
        let nodes: BTreeSet<u32> = parts.iter().map(|part| part.node).collect();
        assert_eq!(nodes.len(), parts.len(), "one part for each node: {parts:?}");
        for part in parts {
            assert_eq!(part.milli, 1_000);
            assert_eq!(part.cpu_milli, (ask.cpu_milli * count(part)).div_ceil(gang));
            assert_eq!(part.memory_mib, (ask.memory_mib * count(part)).div_ceil(gang));
        }
        self.check_domain(ask, parts);
        if let [part] = parts {
            self.check_node(policy, ask, part);
        }
    }

    /// The gang lies in the smallest domain that holds it, in a rack on as few nodes as can be; and
    /// above the node, no domain of that size that holds it has less room.
    fn check_domain(&self, ask: &Ask, parts: &[Part]) {
        let gang = u64::from(ask.gpus);
        let spans = [Span::Node, Span::Rack, Span::Hall, Span::Site];
        let holds = |&span: &Span| self.rooms(ask, span).values().any(|&room| room >= gang);
        let span = spans.into_iter().find(holds).expect("what was taken fitted");
        assert!(span <= ask.span);
        let domains: BTreeSet<_> = parts.iter().map(|it| self.domain(it.node, span)).collect();
        assert_eq!(domains.len(), 1, "{parts:?} for {ask:?} is not in one {span:?}");
        if span == Span::Node {
            return;
        }
        let rooms = self.rooms(ask, span);
        let least = rooms.values().filter(|&&room| room >= gang).min();
        let domain = domains.first().expect("there is one");
        assert_eq!(rooms.get(domain), least, "{parts:?} for {ask:?} is not the tightest");
        if span == Span::Rack {
            let there = self.nodes().filter(|&node| self.domain(node, span) == *domain);
            let mut sizes: Vec<u64> = there.map(|node| self.room(ask, node)).collect();
            sizes.sort_unstable();
            let mut fewest = 0;
            let mut rest = gang;
            while rest > 0 {
                rest = rest.saturating_sub(sizes.pop().expect("the rack holds the gang"));
                fewest += 1;
            }
            assert_eq!(parts.len(), fewest, "{parts:?} for {ask:?}");
        }
    }

    /// The node, and the GPU of shared work, have the best score, and are the first that have.
    fn check_node(&self, policy: &Policy, ask: &Ask, part: &Part) {
        if matches!(policy, Policy::Random { .. }) {
            return assert!(self.fits_one(ask, part.node));
        }
        // Among whole nodes that are equally tight any will do.
        let loose = *policy == Policy::Tightest && ask.gpus > 0;
        let mut best: Option<(i64, u32, usize)> = None;
        for node in self.nodes().filter(|&node| self.fits_one(ask, node)) {
            let (score, gpu) = self.score(policy, ask, node);
            if best.is_none_or(|(best, ..)| score > best) {
                best = Some((score, node, gpu));
            }
        }
        let (score, node, gpu) = best.expect("what was taken fitted");
        assert_eq!(self.score(policy, ask, part.node).0, score, "{policy:?} {ask:?} {part:?}");
        assert!(loose || node == part.node, "{policy:?} {ask:?} {part:?}, not node {node}");
        if ask.milli > 0 {
            assert_eq!(part.gpus, 1 << gpu, "{policy:?} {ask:?} {part:?}");
        }
    }

    fn parts_with_gpus(&self, node: u32) -> impl Iterator<Item = &Part> {
        self.parts_on(node).map(|(_, part)| part).filter(|part| part.gpus != 0)
    }

    /// The policies once more, as the README of the published data words them.
    fn score(&self, policy: &Policy, ask: &Ask, node: u32) -> (i64, usize) {
        let left = self.left(node);
        let signed = |number: u64| i64::try_from(number).expect("it is small");
        let milli = u64::from(ask.milli);
        let enough = (0..left.gpus.len()).filter(|&gpu| left.gpus[gpu] >= milli);
        let tightest = enough.min_by_key(|&gpu| left.gpus[gpu]).unwrap_or(0);
        let largest_cpu =
            self.machines.iter().map(|it| it.cpu_milli).max().expect("there are nodes").max(1);
        let largest_gpu =
            self.machines.iter().map(|it| it.gpus).max().expect("there are nodes").max(1);
        let (largest_cpu, largest_gpu) = (signed(largest_cpu), 1_000 * i64::from(largest_gpu));
        let asked_gpu = signed(u64::from(ask.gpus) * 1_000 + milli);
        let (cpu, gpu, asked_cpu) = (signed(left.cpu), signed(left.idle()), signed(ask.cpu_milli));
        let down = |part: i128, whole: i128| {
            i64::try_from((100 * whole - 50 * part).div_euclid(whole)).expect("it is small")
        };
        let product = |a: i64, b: i64| i128::from(a) * i128::from(b);
        let score = match policy {
            Policy::Tightest if ask.milli > 0 => -signed(left.gpus[tightest]),
            Policy::Tightest if ask.gpus > 0 => -signed(self.room(ask, node)),
            Policy::Tightest => -gpu,
            Policy::FirstFit | Policy::Random { .. } => 0,
            Policy::BestFit => down(
                product(cpu - asked_cpu, largest_gpu) + product(gpu - asked_gpu, largest_cpu),
                product(largest_cpu, largest_gpu),
            ),
            Policy::DotProd => down(
                product(cpu, asked_cpu) * product(largest_gpu, largest_gpu)
                    + product(gpu, asked_gpu) * product(largest_cpu, largest_cpu),
                product(largest_cpu, largest_cpu) * product(largest_gpu, largest_gpu),
            ),
            Policy::GpuClustering => {
                let kind = |shared: bool, gpus: u32| if shared { 0 } else { gpus };
                let kinds: BTreeSet<u32> = self
                    .parts_with_gpus(node)
                    .map(|part| kind(part.milli < 1_000, part.gpus.count_ones()))
                    .collect();
                let mine = kind(ask.milli > 0, ask.gpus);
                let group = match (kinds.contains(&mine), kinds.len()) {
                    (true, 1) => 75,
                    (true, _) => 50,
                    (false, 0) => 25,
                    (false, _) => 0,
                };
                let used = 25 * (largest_gpu - gpu) / largest_gpu;
                if asked_gpu == 0 { 0 } else { used + group }
            }
            Policy::GpuPacking => {
                let gpus = signed(u64::try_from(left.gpus.len()).expect("it is small"));
                let free = signed(left.whole());
                if asked_gpu == 0 {
                    0
                } else if free == gpus {
                    (33 - gpus).max(gpus)
                } else if ask.gpus > 0 || left.gpus[tightest] == 1_000 {
                    (50 - i64::from(ask.gpus.max(1))).max(33)
                } else {
                    (100 - signed(left.gpus[tightest]) * 100 / 1_000 / 10).max(50)
                }
            }
            Policy::Fgd(_) => return Self::gradient(ask, &left),
        };
        (score, tightest)
    }

    /// The kinds of work that these tests call typical, each with its weight.
    pub(crate) const TYPICAL: [(Ask, u32); 5] = [
        (Ask { cpu_milli: 4_000, ..Ask::whole(1, Span::Node) }, 7),
        (Ask { milli: 300, cpu_milli: 3_000, ..Ask::whole(0, Span::Node) }, 5),
        (Ask { milli: 700, ..Ask::whole(0, Span::Node) }, 4),
        (Ask { cpu_milli: 8_000, ..Ask::whole(0, Span::Node) }, 2),
        (Ask { cpu_milli: 9_000, ..Ask::whole(4, Span::Node) }, 1),
    ];

    fn fragments(gpus: &[u64], cpu: u64) -> i64 {
        let mut sum = 0;
        for (kind, weight) in Self::TYPICAL {
            let milli = if kind.milli > 0 { u64::from(kind.milli) } else { 1_000 };
            let slots: u64 = gpus.iter().map(|left| left / milli).sum();
            let wanted = if kind.milli > 0 { 1 } else { u64::from(kind.gpus) };
            let asks_for_none = kind.milli == 0 && kind.gpus == 0;
            let useless: u64 = if asks_for_none || kind.cpu_milli > cpu || slots < wanted {
                gpus.iter().sum()
            } else {
                gpus.iter().filter(|&&left| left < milli).sum()
            };
            sum += i64::try_from(useless).expect("it is small") * i64::from(weight);
        }
        sum
    }

    #[expect(clippy::cast_precision_loss, reason = "the published score is defined in floats")]
    #[expect(clippy::cast_possible_truncation, reason = "it is a number from 0 to 100")]
    fn gradient(ask: &Ask, left: &Left) -> (i64, usize) {
        let weight: u32 = Self::TYPICAL.iter().map(|&(_, weight)| weight).sum();
        let before = Self::fragments(&left.gpus, left.cpu);
        let after = |gpus: &[u64]| {
            let gain = before - Self::fragments(gpus, left.cpu - ask.cpu_milli);
            let x = gain as f64 / f64::from(weight) / 1_000.0;
            // Where a float cannot tell the sigmoid from 1, it is below 1.
            ((100.0 / (1.0 + (-x).exp())) as i64).min(99)
        };
        let mut gpus = left.gpus.clone();
        if ask.milli == 0 {
            let free = gpus.iter_mut().filter(|left| **left == 1_000);
            free.take(usize::try_from(ask.gpus).expect("it is small")).for_each(|left| *left = 0);
            return (after(&gpus), 0);
        }
        let mut best = (i64::MIN, 0);
        for gpu in 0..gpus.len() {
            if gpus[gpu] >= u64::from(ask.milli) {
                gpus[gpu] -= u64::from(ask.milli);
                let score = after(&gpus);
                gpus[gpu] += u64::from(ask.milli);
                if score > best.0 {
                    best = (score, gpu);
                }
            }
        }
        best
    }
}
