//! The nodes of a pool over time to come, with every place that is held on them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use comity_base::{Instant, Window};
use comity_cluster::{Cluster, Holding, OfNode, Part};

use crate::floors::kind::Kind;
use crate::inputs::index;
use crate::pool::Ask;
use crate::profile::Profile;

/// Parts of nodes: which, and how much of each.
pub(crate) type Parts = Vec<(u32, OfNode)>;

/// What running jobs, places and what is away hold of each node, from each instant on. Which GPUs of a
/// node these are is not in it: as many as are held at once, and no more, are enough.
#[derive(Debug)]
pub(crate) struct Calendar {
    /// For each node, from when on how much of it is held; the last step stays for ever.
    nodes: Vec<Vec<(Instant, OfNode)>>,
    /// The steps of all nodes but the first of each.
    steps: BTreeSet<(Instant, u32)>,
    /// By rank: what jobs hold that run or have a place, from when until when.
    held: BTreeMap<usize, (Span, Parts)>,
    /// What is away or down, from when until when; nothing before places are first made.
    away: Option<Vec<Away>>,
    /// Where each node has left what is left of it throughout a span.
    cluster: Cluster,
    kinds: Vec<Kind>,
    span: Span,
    /// For each node, what is held of it for that.
    blocked: Vec<(OfNode, Option<Holding>)>,
}

/// From an instant to a later one.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: Instant,
    end: Instant,
}

/// What jobs cannot have of nodes for a time.
#[derive(Debug)]
pub(crate) struct Away {
    pub(crate) start: Instant,
    pub(crate) end: Instant,
    /// Whether the nodes are down; otherwise it is free GPUs of theirs.
    pub(crate) down: bool,
    pub(crate) parts: Parts,
}

impl Calendar {
    /// Of nodes of which nothing is held yet.
    pub(crate) fn new(cluster: &Cluster, kinds: &[Kind]) -> Self {
        let nodes = cluster.machines().len();
        Self {
            nodes: vec![vec![(Instant::MIN, OfNode::default())]; nodes],
            steps: BTreeSet::new(),
            held: BTreeMap::new(),
            away: None,
            cluster: cluster.clone(),
            kinds: kinds.to_vec(),
            span: Span { start: Instant::MIN, end: Instant::MIN.plus_seconds(1) },
            blocked: (0..nodes).map(|_| (OfNode::default(), None)).collect(),
        }
    }

    /// Forgets what is past.
    pub(crate) fn advance(&mut self, now: Instant) {
        if self.span.start < now {
            self.turn_to(Span { start: now, end: self.span.end.max(now.plus_seconds(1)) });
        }
        while let Some(&(at, node)) = self.steps.first().filter(|&&(at, _)| at <= now) {
            self.steps.remove(&(at, node));
            let steps = &mut self.nodes[index(node)];
            let past = step(steps, at);
            steps.drain(..past);
        }
    }

    /// Forgets what will be away.
    pub(crate) fn forget_away(&mut self) {
        for Away { start, end, parts, .. } in self.away.take().into_iter().flatten() {
            self.change(Span { start, end }, &parts, OfNode::less);
        }
    }

    /// Takes in what will be away and when, instead of what was thought before.
    pub(crate) fn set_away(&mut self, away: Vec<Away>) {
        self.forget_away();
        for Away { start, end, parts, .. } in &away {
            self.change(Span { start: *start, end: *end }, parts, OfNode::add);
        }
        self.away = Some(away);
    }

    /// What will be away from an instant on; nothing where that was not thought of.
    pub(crate) fn away_from(&self, at: Instant) -> Option<&Parts> {
        let away = self.away.as_ref()?;
        let from = away.iter().find(|it| !it.down && it.start == at);
        Some(&from.expect("each instant at which what is away changes is thought of").parts)
    }

    /// Holds parts of nodes for a job.
    pub(crate) fn hold(&mut self, rank: usize, (start, end): (Instant, Instant), parts: Parts) {
        let span = Span { start, end };
        self.change(span, &parts, OfNode::add);
        self.held.insert(rank, (span, parts));
    }

    /// What a job holds, if it does.
    pub(crate) fn of(&self, rank: usize) -> Option<&Parts> {
        self.held.get(&rank).map(|(_, parts)| parts)
    }

    /// Gives up what a job holds, if it does; what that was.
    pub(crate) fn give_up(&mut self, rank: usize) -> Option<Parts> {
        let (span, parts) = self.held.remove(&rank)?;
        self.change(span, &parts, OfNode::less);
        Some(parts)
    }

    /// Takes in that a job that runs is to end sooner than it was planned to.
    pub(crate) fn shorten(&mut self, rank: usize, end: Instant) {
        let (span, parts) = self.held.remove(&rank).expect("a job that runs holds nodes");
        self.change(Span { start: end, ..span }, &parts, OfNode::less);
        self.held.insert(rank, (Span { end, ..span }, parts));
    }

    /// The first instant from one on, before a limit, at which a job fits until its end, beside all
    /// that is held, by count and on the nodes, and lies in one of the windows.
    pub(crate) fn earliest(
        &mut self,
        need: usize,
        ask: Ask,
        profile: &Profile,
        (from, before): (Instant, Instant),
        open: &[Window],
    ) -> Option<Instant> {
        let mut at = profile.earliest(ask, from, before, open)?;
        while self.room(need, ask, at) < ask.amount() {
            // Later, but before anything changes, only more can be in its way.
            let next = self.steps.range((Bound::Excluded((at, u32::MAX)), Bound::Unbounded)).next();
            at = profile.earliest(ask, next?.0, before, open)?;
        }
        Some(at)
    }

    /// The largest job that fits from an instant on for as long as one asks.
    pub(crate) fn room(&mut self, need: usize, ask: Ask, start: Instant) -> i64 {
        self.turn_to(Span { start, end: start.plus_seconds(ask.seconds) });
        self.kinds[need].largest(&mut self.cluster)
    }

    /// The parts of nodes that a job goes to which fits from an instant on.
    pub(crate) fn choose(&mut self, need: usize, ask: Ask, start: Instant) -> Parts {
        self.turn_to(Span { start, end: start.plus_seconds(ask.seconds) });
        let shape = self.cluster.shape(&self.kinds[need].ask(ask.size));
        let shape = shape.expect("an ask that fits is one");
        let choice = self.cluster.choose(shape).expect("a place is chosen where it fits");
        let taken = self.cluster.take(choice);
        let parts = by_node(self.cluster.parts(&taken));
        self.cluster.give_back(taken);
        parts
    }

    /// Changes what is held of nodes for a time.
    fn change(&mut self, span: Span, parts: &Parts, by: fn(&mut OfNode, OfNode)) {
        for &(node, part) in parts {
            let steps = &mut self.nodes[index(node)];
            // What is past is no longer told.
            let start = span.start.max(steps[0].0);
            if start >= span.end {
                continue;
            }
            for at in [start, span.end] {
                let step = step(steps, at);
                let (from, held) = steps[step];
                if from < at {
                    steps.insert(step + 1, (at, held));
                    self.steps.insert((at, node));
                }
            }
            let (first, last) = (step(steps, start), step(steps, span.end));
            for step in &mut steps[first..last] {
                by(&mut step.1, part);
            }
            // Steps that are no longer one.
            for at in [last, first] {
                if at > 0 && steps[at].1 == steps[at - 1].1 {
                    self.steps.remove(&(steps[at].0, node));
                    steps.remove(at);
                }
            }
            if start < self.span.end && span.end > self.span.start {
                self.block(node);
            }
        }
    }

    /// Lets each node have left what is left of it throughout a span.
    fn turn_to(&mut self, span: Span) {
        let before = std::mem::replace(&mut self.span, span);
        // Only what steps between the old start and the new, or the old end and the new, is another.
        let starts = before.start.min(span.start)..=before.start.max(span.start);
        let ends = before.end.min(span.end)..=before.end.max(span.end);
        let steps = [starts, ends]
            .map(|between| self.steps.range((*between.start(), 0)..=(*between.end(), u32::MAX)));
        let mut nodes: Vec<u32> = steps.into_iter().flatten().map(|&(_, node)| node).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes.into_iter().for_each(|node| self.block(node));
    }

    /// Holds of a node the most that is held of it at once in the span.
    fn block(&mut self, node: u32) {
        let steps = &self.nodes[index(node)];
        let within = steps[step(steps, self.span.start)..].iter();
        let within = within.take_while(|&&(from, _)| from < self.span.end);
        let most = within.fold(OfNode::default(), |most, &(_, held)| most.at_least(held));
        let (blocked, holding) = &mut self.blocked[index(node)];
        if *blocked != most {
            holding.take().into_iter().for_each(|holding| self.cluster.give_back(holding));
            *holding = self.cluster.hold_on([(node, most)]);
            *blocked = most;
        }
    }
}

/// Parts as they are by node.
pub(crate) fn by_node(parts: impl IntoIterator<Item = Part>) -> Parts {
    parts.into_iter().map(|part| (part.node, part.into())).collect()
}

/// The step that holds at an instant; the first where that is later.
fn step(steps: &[(Instant, OfNode)], at: Instant) -> usize {
    steps.partition_point(|&(from, _)| from <= at).saturating_sub(1)
}
