//! The cluster: asks made ready, places chosen, taken and given back, nodes closed and opened.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::ask::{Ask, AskError, Span};
use crate::holdings::{Holding, HoldingId};
use crate::journal::Cursor;
use crate::machine::{Cause, ClusterError, Machine, NodeError, Status, check};
use crate::policy::{self, Largest, Policy};
use crate::ranking::{Tally, Tournament};
use crate::rooms::{Class, Domain, Rooms};
use crate::shares::{ShareClass, Shares, WithGpu};
use crate::state::{Holds, State};
use crate::{WHOLE_MILLI, at, number};

/// The machines of a site, what is held of them, and the policy by which nodes are chosen.
///
/// A decision takes time that grows with the logarithm of the number of nodes. What asks need to be
/// found fast is kept for each [`Shape`] and brought up to date when that shape is next asked for.
#[derive(Debug, Clone)]
pub struct Cluster {
    state: State,
    policy: Policy,
    largest: Largest,
    draws: ChaCha8Rng,
    shapes: Vec<Shaped>,
    shape_of: BTreeMap<Ask, Shape>,
    rooms: Vec<Rooms>,
    rooms_of: BTreeMap<Class, usize>,
    rankings: Vec<Ranking>,
    ranking_of: BTreeMap<Ask, usize>,
    shares: Vec<Shares>,
    shares_of: BTreeMap<WithGpu, ShareClass>,
}

/// An ask that this cluster can take when it is empty, made ready; of one cluster only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape(u32);

/// An ask with the places of what is kept for it.
#[derive(Debug, Clone, Copy)]
struct Shaped {
    ask: Ask,
    rooms: Option<usize>,
    ranking: Option<usize>,
}

/// Where work can go now. It holds until the cluster changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    shape: Shape,
    place: Place,
    as_of: Cursor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Whole GPUs in a domain.
    Gang(Domain),
    /// A share of one GPU, or CPU alone.
    One { node: u32, gpu: u8 },
}

impl Choice {
    /// The smallest domain that the work then lies in.
    #[must_use]
    pub fn span(&self) -> Span {
        match self.place {
            Place::One { .. } | Place::Gang(Domain::Node(_)) => Span::Node,
            Place::Gang(Domain::Rack(_)) => Span::Rack,
            Place::Gang(Domain::Hall(_)) => Span::Hall,
            Place::Gang(Domain::Site) => Span::Site,
        }
    }
}

/// What a holding has on one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The node, by its place among the machines.
    pub node: u32,
    /// The GPUs of the node, as bits.
    pub gpus: u64,
    /// Thousandths of each of them: 1,000, or a share of one.
    pub milli: u16,
    /// CPU, thousandths of a core.
    pub cpu_milli: u64,
    /// Memory, MiB.
    pub memory_mib: u64,
}

/// Whole GPUs, CPU and memory of one node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OfNode {
    /// Whole GPUs.
    pub gpus: u32,
    /// CPU, thousandths of a core.
    pub cpu_milli: u64,
    /// Memory, MiB.
    pub memory_mib: u64,
}

impl OfNode {
    /// Adds another to it.
    ///
    /// # Panics
    /// When a sum does not fit.
    pub fn add(&mut self, other: Self) {
        self.gpus += other.gpus;
        self.cpu_milli += other.cpu_milli;
        self.memory_mib += other.memory_mib;
    }

    /// Takes another off it.
    ///
    /// # Panics
    /// When it is less.
    pub fn less(&mut self, other: Self) {
        let of = "what is taken off is there";
        self.gpus = self.gpus.checked_sub(other.gpus).expect(of);
        self.cpu_milli = self.cpu_milli.checked_sub(other.cpu_milli).expect(of);
        self.memory_mib = self.memory_mib.checked_sub(other.memory_mib).expect(of);
    }

    /// The more of it and another, each for itself.
    #[must_use]
    pub fn at_least(self, other: Self) -> Self {
        Self {
            gpus: self.gpus.max(other.gpus),
            cpu_milli: self.cpu_milli.max(other.cpu_milli),
            memory_mib: self.memory_mib.max(other.memory_mib),
        }
    }

    /// The less of it and another, each for itself.
    #[must_use]
    pub fn at_most(self, other: Self) -> Self {
        Self {
            gpus: self.gpus.min(other.gpus),
            cpu_milli: self.cpu_milli.min(other.cpu_milli),
            memory_mib: self.memory_mib.min(other.memory_mib),
        }
    }

    /// How much more it is than another, each for itself.
    #[must_use]
    pub fn beyond(self, other: Self) -> Self {
        Self {
            gpus: self.gpus.saturating_sub(other.gpus),
            cpu_milli: self.cpu_milli.saturating_sub(other.cpu_milli),
            memory_mib: self.memory_mib.saturating_sub(other.memory_mib),
        }
    }
}

impl From<Part> for OfNode {
    fn from(part: Part) -> Self {
        Self {
            gpus: part.gpus.count_ones(),
            cpu_milli: part.cpu_milli,
            memory_mib: part.memory_mib,
        }
    }
}

/// The scores of all nodes for one ask.
#[derive(Debug, Clone)]
struct Ranking {
    ask: Ask,
    cursor: Cursor,
    scores: Scores,
}

#[derive(Debug, Clone)]
enum Scores {
    Best(Tournament),
    Any(Tally),
}

impl Cluster {
    /// A cluster of which nothing is held and all nodes take work.
    ///
    /// # Errors
    /// All that is wrong with the machines.
    pub fn new(machines: Vec<Machine>, policy: Policy) -> Result<Self, Vec<ClusterError>> {
        check(&machines)?;
        let state = State::new(machines);
        let seed = match policy {
            Policy::Random { seed } => seed,
            Policy::Tightest
            | Policy::FirstFit
            | Policy::BestFit
            | Policy::DotProd
            | Policy::GpuClustering
            | Policy::GpuPacking
            | Policy::Fgd(_) => 0,
        };
        Ok(Self {
            largest: Largest::of(&state),
            draws: ChaCha8Rng::seed_from_u64(seed),
            state,
            policy,
            shapes: Vec::new(),
            shape_of: BTreeMap::new(),
            rooms: Vec::new(),
            rooms_of: BTreeMap::new(),
            rankings: Vec::new(),
            ranking_of: BTreeMap::new(),
            shares: Vec::new(),
            shares_of: BTreeMap::new(),
        })
    }

    /// Makes an ask ready. The same ask gives the same shape again.
    ///
    /// # Errors
    /// When the ask is none, or this cluster could not take it even when empty.
    pub fn shape(&mut self, ask: &Ask) -> Result<Shape, AskError> {
        if let Some(&shape) = self.shape_of.get(ask) {
            return Ok(shape);
        }
        self.could_ever(ask)?;
        let one_node = ask.gpus == 0 || ask.span == Span::Node;
        let by_rooms = ask.gpus > 0 && (!one_node || self.policy == Policy::Tightest);
        let rooms = by_rooms.then(|| self.rooms_for(ask));
        let ranked = ask.gpus == 0 || self.policy != Policy::Tightest;
        let ranking = ranked.then(|| self.ranking_for(ask));
        let shape = Shape(number(self.shapes.len()));
        self.shapes.push(Shaped { ask: *ask, rooms, ranking });
        self.shape_of.insert(*ask, shape);
        Ok(shape)
    }

    /// Whether this cluster could take an ask if it were empty and all nodes took work.
    ///
    /// # Errors
    /// Why it could not.
    pub fn could_ever(&self, ask: &Ask) -> Result<(), AskError> {
        ask.check()?;
        if !self.state.machines.iter().any(|machine| ask.models.contains(machine.model)) {
            return Err(AskError::UnknownModels);
        }
        if ask.gpus > 0 {
            let largest = Class::of(ask).most_within(&self.state, ask.span);
            let never = AskError::NeverFits { asked: ask.gpus, largest, span: ask.span };
            return if ask.gpus <= largest { Ok(()) } else { Err(never) };
        }
        let fits = |machine: &Machine| {
            ask.cpu_milli <= machine.cpu_milli
                && ask.memory_mib <= machine.memory_mib
                && ask.models.contains(machine.model)
                && (machine.gpus > 0 || !ask.is_shared())
        };
        let some = self.state.machines.iter().any(fits);
        if some { Ok(()) } else { Err(AskError::NoSuchNode) }
    }

    /// Where work of a shape can go now, if anywhere.
    ///
    /// Whole GPUs go to one node if one has them all and the policy chooses it; then, as far as the
    /// span allows, to the rack, hall or site with the least room that holds the gang.
    ///
    /// # Panics
    /// When the shape is of another cluster.
    pub fn choose(&mut self, shape: Shape) -> Option<Choice> {
        let place = self.place_for(shape)?;
        Some(Choice { shape, place, as_of: self.state.journal.head() })
    }

    /// Takes what was chosen.
    ///
    /// # Panics
    /// When the cluster has changed since the choice was made.
    pub fn take(&mut self, choice: Choice) -> Holding {
        let Choice { shape, place, as_of } = choice;
        assert!(as_of == self.state.journal.head(), "a choice is taken before the cluster changes");
        let Shaped { ask, rooms, .. } = self.shapes[at(shape.0)];
        let holding = self.state.holdings.open();
        match (place, rooms) {
            (Place::Gang(domain), Some(rooms)) => {
                self.rooms[rooms].catch_up(&self.state);
                let take = |state: &mut State, node: u32, gpus: u32| {
                    state.take_whole(&holding, &ask, node, gpus);
                };
                self.rooms[rooms].take(&mut self.state, domain, ask.gpus, take);
            }
            (Place::Gang(Domain::Node(node)), None) => {
                self.state.take_whole(&holding, &ask, node, ask.gpus);
            }
            (Place::Gang(Domain::Rack(_) | Domain::Hall(_) | Domain::Site), None) => {
                unreachable!("a domain above the node is chosen by rooms")
            }
            (Place::One { node, gpu }, _) => self.state.take_on_one(&holding, &ask, node, gpu),
        }
        holding
    }

    /// Takes so many whole GPUs out of use, without CPU or memory: free ones of nodes that take work,
    /// of the last node first. Nothing when fewer are free, or none is to be taken.
    pub fn withhold(&mut self, gpus: u32) -> Option<Holding> {
        if gpus == 0 || gpus > self.state.sums.free_gpus {
            return None;
        }
        let ask = Ask::whole(gpus, Span::Site);
        let holding = self.state.holdings.open();
        let mut rest = gpus;
        for node in (0..number(self.state.nodes.len())).rev() {
            let it = &self.state.nodes[at(node)];
            let here = if it.is_open() { it.whole.count_ones().min(rest) } else { 0 };
            if here > 0 {
                self.state.take_whole(&holding, &ask, node, here);
                rest -= here;
            }
            if rest == 0 {
                break;
            }
        }
        Some(holding)
    }

    /// What nobody holds of a node that takes work; nothing of one that does not.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn left(&self, node: u32) -> Result<OfNode, NodeError> {
        self.check_node(node)?;
        let it = &self.state.nodes[at(node)];
        let left = OfNode {
            gpus: it.whole.count_ones(),
            cpu_milli: it.cpu_left_milli,
            memory_mib: it.memory_left_mib,
        };
        Ok(if it.is_open() { left } else { OfNode::default() })
    }

    /// All that a node has, held or not, whether it takes work or does not.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn all(&self, node: u32) -> Result<OfNode, NodeError> {
        self.check_node(node)?;
        let Machine { cpu_milli, memory_mib, gpus, .. } = self.state.machines[at(node)];
        Ok(OfNode { gpus: u32::from(gpus), cpu_milli, memory_mib })
    }

    /// Takes what is left of nodes, or parts of it, as one holding; nothing where all is none.
    ///
    /// # Panics
    /// When a node has less, or there is no such node.
    pub fn hold_on(&mut self, parts: impl IntoIterator<Item = (u32, OfNode)>) -> Option<Holding> {
        let mut holding = None;
        for (node, part) in parts.into_iter().filter(|(_, part)| *part != OfNode::default()) {
            let holding = holding.get_or_insert_with(|| self.state.holdings.open());
            self.state.take_on(holding, node, part);
        }
        holding
    }

    /// Takes again what was given back, on the same GPUs; nothing where there are no parts.
    ///
    /// # Panics
    /// When some of it is no longer free, or there is no such node.
    pub fn retake(&mut self, parts: &[Part]) -> Option<Holding> {
        let holding = (!parts.is_empty()).then(|| self.state.holdings.open())?;
        for part in parts {
            self.state.take_again(&holding, part);
        }
        Some(holding)
    }

    /// Gives back what is held. On a node that is closed it is free again once the node opens.
    #[expect(clippy::needless_pass_by_value, reason = "what is given back is gone")]
    pub fn give_back(&mut self, holding: Holding) {
        self.state.give_back(holding.id());
    }

    /// What a holding has, node by node.
    pub fn parts(&self, holding: &Holding) -> impl Iterator<Item = Part> + '_ {
        self.state.holdings.of(holding.id()).map(|part| Part {
            node: part.node,
            gpus: part.gpus,
            milli: if part.milli == 0 { WHOLE_MILLI } else { part.milli },
            cpu_milli: part.cpu_milli,
            memory_mib: part.memory_mib,
        })
    }

    /// Closes a node for a cause. Whose parts are on it is returned, each once: for a failure or
    /// maintenance the caller gives those holdings back; when draining they may stay.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn set_down(&mut self, node: u32, cause: Cause) -> Result<Vec<HoldingId>, NodeError> {
        self.check_node(node)?;
        self.state.set_cause(node, cause, Holds::Yes);
        Ok(self.state.holders(node))
    }

    /// Lifts a cause; the node takes work again once none is left.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn set_up(&mut self, node: u32, cause: Cause) -> Result<(), NodeError> {
        self.check_node(node)?;
        self.state.set_cause(node, cause, Holds::No);
        Ok(())
    }

    /// Whether a node takes work.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn status(&self, node: u32) -> Result<Status, NodeError> {
        self.check_node(node)?;
        Ok(self.state.status(node))
    }

    /// The nodes, in order.
    #[must_use]
    pub fn machines(&self) -> &[Machine] {
        &self.state.machines
    }

    /// All GPUs.
    #[must_use]
    pub fn gpus(&self) -> u32 {
        self.state.sums.gpus
    }

    /// GPUs of nodes that take new work, held or not.
    #[must_use]
    pub fn open_gpus(&self) -> u32 {
        self.state.sums.open_gpus
    }

    /// GPUs of nodes that take new work of which nobody holds any part.
    #[must_use]
    pub fn free_gpus(&self) -> u32 {
        self.state.sums.free_gpus
    }

    /// Thousandths of GPUs that are held, on closed nodes too.
    #[must_use]
    pub fn held_milli(&self) -> u64 {
        self.state.sums.held_milli
    }

    /// The largest gang that could be taken now in one domain of a size, by the CPU, memory and
    /// models of a shape for whole GPUs; nothing for other shapes.
    ///
    /// # Panics
    /// When the shape is of another cluster.
    pub fn largest_gang(&mut self, shape: Shape, span: Span) -> Option<u32> {
        let ask = self.shapes[at(shape.0)].ask;
        if ask.gpus == 0 {
            return None;
        }
        let rooms = self.rooms_for(&ask);
        self.rooms[rooms].catch_up(&self.state);
        Some(self.rooms[rooms].largest(span))
    }

    /// Makes ready to be asked for shares of one GPU of any model, a whole one of which goes with so
    /// much CPU (thousandths of a core) and memory (MiB).
    pub fn share_class(&mut self, cpu_milli: u64, memory_mib: u64) -> ShareClass {
        let with = WithGpu { cpu_milli, memory_mib };
        *self.shares_of.entry(with).or_insert_with(|| {
            self.shares.push(Shares::new(with, &self.state));
            ShareClass(number(self.shares.len() - 1))
        })
    }

    /// The largest share of one GPU that could be taken now, in thousandths: 1,000 where a GPU is
    /// free.
    ///
    /// # Panics
    /// When the class is of another cluster.
    pub fn largest_share(&mut self, class: ShareClass) -> u16 {
        self.shares[at(class.0)].largest(&self.state)
    }

    fn check_node(&self, node: u32) -> Result<(), NodeError> {
        let nodes = number(self.state.nodes.len());
        if node < nodes { Ok(()) } else { Err(NodeError { node, nodes }) }
    }

    fn rooms_for(&mut self, ask: &Ask) -> usize {
        let class = Class::of(ask);
        *self.rooms_of.entry(class).or_insert_with(|| {
            self.rooms.push(Rooms::new(class, &self.state));
            self.rooms.len() - 1
        })
    }

    fn ranking_for(&mut self, ask: &Ask) -> usize {
        let ask = Ask { span: Span::Node, ..*ask };
        *self.ranking_of.entry(ask).or_insert_with(|| {
            let cursor = self.state.journal.head();
            let scores = all_scores(&self.policy, self.largest, &self.state, &ask);
            self.rankings.push(Ranking { ask, cursor, scores });
            self.rankings.len() - 1
        })
    }

    fn place_for(&mut self, shape: Shape) -> Option<Place> {
        let Shaped { ask, rooms, ranking } = self.shapes[at(shape.0)];
        if let Some(ranking) = ranking
            && let Some((node, gpu)) = self.ranked(ranking)
        {
            let whole = ask.gpus > 0;
            return Some(if whole {
                Place::Gang(Domain::Node(node))
            } else {
                Place::One { node, gpu }
            });
        }
        let rooms = &mut self.rooms[rooms?];
        rooms.catch_up(&self.state);
        rooms.choose(ask.gpus, ask.span).map(Place::Gang)
    }

    /// The node that the policy chooses, and the GPU of it that shared work takes.
    fn ranked(&mut self, ranking: usize) -> Option<(u32, u8)> {
        let Self { state, policy, largest, draws, rankings, .. } = self;
        let Ranking { ask, cursor, scores } = &mut rankings[ranking];
        if *cursor != state.journal.head() {
            match state.journal.since(*cursor) {
                Some(changed) => scores.set_all(policy, *largest, state, changed, ask),
                None => *scores = all_scores(policy, *largest, state, ask),
            }
            *cursor = state.journal.head();
        }
        match scores {
            Scores::Best(tournament) => {
                let node = tournament.best()?;
                Some((node, policy::gpu(policy, state, node, ask)))
            }
            Scores::Any(tally) => {
                let count = NonZeroU64::new(u64::from(tally.count()))?;
                let node = tally.nth(below(draws, count));
                Some((node, any_gpu(draws, state, node, ask)))
            }
        }
    }
}

impl Scores {
    /// Takes in that nodes have changed.
    fn set_all(
        &mut self,
        policy: &Policy,
        largest: Largest,
        state: &State,
        changed: impl Iterator<Item = u32>,
        ask: &Ask,
    ) {
        match self {
            Self::Best(tournament) => {
                tournament.set_all(changed, |node| policy::score(policy, largest, state, node, ask))
            }
            Self::Any(tally) => changed.for_each(|node| {
                tally.set(node, policy::fits(state, &state.nodes[at(node)], ask));
            }),
        }
    }
}

fn all_scores(policy: &Policy, largest: Largest, state: &State, ask: &Ask) -> Scores {
    let nodes = 0..state.nodes.len();
    match policy {
        Policy::Random { .. } => {
            let fits = |node: usize| policy::fits(state, &state.nodes[node], ask);
            Scores::Any(Tally::new(nodes.map(fits)))
        }
        Policy::Tightest
        | Policy::FirstFit
        | Policy::BestFit
        | Policy::DotProd
        | Policy::GpuClustering
        | Policy::GpuPacking
        | Policy::Fgd(_) => {
            let score = |node: usize| policy::score(policy, largest, state, number(node), ask);
            Scores::Best(Tournament::new(nodes.map(score)))
        }
    }
}

/// Any GPU of a node that shared work fits on, all equally likely.
fn any_gpu(draws: &mut ChaCha8Rng, state: &State, node: u32, ask: &Ask) -> u8 {
    if !ask.is_shared() {
        return 0;
    }
    let gpus = state.gpus_of(&state.nodes[at(node)]);
    let fits = || (0..).zip(gpus).filter(|&(_, &left)| left >= ask.milli).map(|(gpu, _)| gpu);
    let count = u64::try_from(fits().count()).ok().and_then(NonZeroU64::new);
    let nth = below(draws, count.expect("a node that the ask fits has a GPU for it"));
    fits().nth(at(nth)).expect("it is one of those counted")
}

/// A number drawn evenly from `0..bound`; draws that would favour small numbers are rejected.
fn below(draws: &mut ChaCha8Rng, bound: NonZeroU64) -> u32 {
    let excess = (u64::MAX % bound + 1) % bound;
    loop {
        let drawn = draws.next_u64();
        if drawn <= u64::MAX - excess {
            return u32::try_from(drawn % bound).expect("the bound counts nodes or GPUs");
        }
    }
}
