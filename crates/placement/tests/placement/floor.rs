//! The nodes of a pool as plain rows of numbers, looked at one by one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use comity_fleet::{Need, Nodes, Span};

/// What is left of a node.
#[derive(Debug, Clone)]
struct Left {
    gpus: u32,
    cpu: u64,
    memory: u64,
    /// Until when it is down.
    down: Option<i64>,
}

/// A floor, with what jobs hold of it and what is away.
#[derive(Debug, Clone)]
pub(crate) struct Floor {
    nodes: Nodes,
    left: Vec<Left>,
    held: BTreeMap<usize, (Need, Vec<(usize, u32)>)>,
    away: Vec<(usize, u32)>,
    pub(crate) level: i64,
}

impl Floor {
    /// An empty floor with room for so many GPUs.
    pub(crate) fn new(nodes: &Nodes, gpus: u32) -> Self {
        let left = Left {
            gpus: nodes.gpus_per_node,
            cpu: nodes.cpu_milli.unwrap_or(0),
            memory: nodes.memory_mib.unwrap_or(0),
            down: None,
        };
        let count = usize::try_from(gpus.div_ceil(nodes.gpus_per_node)).expect("few nodes");
        let (held, left) = (BTreeMap::new(), vec![left; count]);
        Self { nodes: nodes.clone(), left, held, away: vec![], level: i64::from(gpus) }
    }

    /// What a need comes to here: nodes without a limit are not counted.
    fn counted(&self, need: Need) -> Need {
        Need {
            cpu_milli_per_gpu: self.nodes.cpu_milli.map_or(0, |_| need.cpu_milli_per_gpu),
            memory_mib_per_gpu: self.nodes.memory_mib.map_or(0, |_| need.memory_mib_per_gpu),
            ..need
        }
    }

    /// How many GPUs of a need a node gives now, and when it is empty.
    fn node(&self, need: Need, node: usize) -> (u32, u32) {
        let within = |gpus: u32, cpu: u64, memory: u64| {
            let fits = |gpus: &u32| {
                u64::from(*gpus) * need.cpu_milli_per_gpu <= cpu
                    && u64::from(*gpus) * need.memory_mib_per_gpu <= memory
            };
            (0..=gpus).rev().find(fits).unwrap_or(0)
        };
        let left = &self.left[node];
        let (cpu, memory) = (self.nodes.cpu_milli.unwrap_or(0), self.nodes.memory_mib.unwrap_or(0));
        let empty = within(self.nodes.gpus_per_node, cpu, memory);
        let now = if left.down.is_some() { 0 } else { within(left.gpus, left.cpu, left.memory) };
        (now, empty)
    }

    /// The domains of a size: the nodes of each.
    fn domains(&self, span: Span) -> Vec<Vec<usize>> {
        let rack = usize::try_from(self.nodes.nodes_per_rack).expect("small");
        let racks = self.nodes.racks_per_hall.map(|it| usize::try_from(it).expect("small"));
        let size = match span {
            Span::Node => 1,
            Span::Rack => rack,
            Span::Hall => racks.map_or(usize::MAX, |racks| rack * racks),
            Span::Site => usize::MAX,
        };
        let all: Vec<usize> = (0..self.left.len()).collect();
        all.chunks(size).map(<[usize]>::to_vec).collect()
    }

    fn room_in(&self, need: Need, domain: &[usize]) -> (u32, u32) {
        let of = domain.iter().map(|&node| self.node(need, node));
        of.fold((0, 0), |(now, empty), it| (now + it.0, empty + it.1))
    }

    /// The largest gang of a need.
    pub(crate) fn room(&self, need: Need) -> i64 {
        let need = self.counted(need);
        let of = |domain: &Vec<usize>| self.room_in(need, domain).0;
        self.domains(need.span).iter().map(of).max().map_or(0, i64::from)
    }

    /// Of some domains that with the least room that is enough, else that with the most; among
    /// equals the larger, then the first.
    fn choose(&self, need: Need, domains: &[Vec<usize>], gpus: u32) -> Option<(Vec<usize>, u32)> {
        let mut rooms: Vec<(u32, Reverse<u32>, &Vec<usize>)> = domains
            .iter()
            .map(|domain| {
                let (now, empty) = self.room_in(need, domain);
                (now, Reverse(empty), domain)
            })
            .collect();
        rooms.sort();
        let most = rooms.last()?.0;
        let enough = rooms.iter().find(|it| it.0 >= gpus);
        let (room, _, domain) = enough.or_else(|| rooms.iter().find(|it| it.0 == most))?;
        Some(((*domain).clone(), *room))
    }

    fn find(&self, need: Need, gpus: u32) -> Vec<(usize, u32)> {
        let spans = [Span::Node, Span::Rack, Span::Hall, Span::Site];
        let within = spans.into_iter().filter(|span| *span <= need.span);
        let domain = within
            .map(|span| (span, self.choose(need, &self.domains(span), gpus)))
            .find(|(_, chosen)| chosen.as_ref().is_some_and(|(_, room)| *room >= gpus));
        let (span, chosen) = domain.expect("it fits");
        let (domain, _) = chosen.expect("it fits");
        let mut trial = self.clone();
        trial.fill(need, span, &domain, gpus)
    }

    /// Takes GPUs out of a domain, child by child.
    fn fill(&mut self, need: Need, span: Span, domain: &[usize], gpus: u32) -> Vec<(usize, u32)> {
        let below = match span {
            Span::Node => {
                self.change(need, &[(domain[0], gpus)], false);
                return vec![(domain[0], gpus)];
            }
            Span::Rack => Span::Node,
            Span::Hall => Span::Rack,
            Span::Site => Span::Hall,
        };
        let inside = |child: &Vec<usize>| domain.contains(&child[0]);
        let children: Vec<Vec<usize>> = self.domains(below).into_iter().filter(inside).collect();
        let mut rest = gpus;
        let mut parts = vec![];
        while rest > 0 {
            let (child, room) = self.choose(need, &children, rest).expect("the domain has room");
            let here = room.min(rest);
            parts.extend(self.fill(need, below, &child, here));
            rest -= here;
        }
        parts
    }

    fn change(&mut self, need: Need, parts: &[(usize, u32)], back: bool) {
        for &(node, gpus) in parts {
            let left = &mut self.left[node];
            let cpu = u64::from(gpus) * need.cpu_milli_per_gpu;
            let memory = u64::from(gpus) * need.memory_mib_per_gpu;
            if back {
                (left.gpus, left.cpu, left.memory) =
                    (left.gpus + gpus, left.cpu + cpu, left.memory + memory);
            } else {
                (left.gpus, left.cpu, left.memory) =
                    (left.gpus - gpus, left.cpu - cpu, left.memory - memory);
            }
        }
    }

    /// Where a gang would lie.
    pub(crate) fn parts(&self, need: Need, gpus: u32) -> Vec<(usize, u32)> {
        self.find(self.counted(need), gpus)
    }

    pub(crate) fn take(&mut self, job: usize, need: Need, parts: Vec<(usize, u32)>) {
        let need = self.counted(need);
        self.change(need, &parts, false);
        self.held.insert(job, (need, parts));
    }

    pub(crate) fn holds(&self, job: usize) -> bool {
        self.held.contains_key(&job)
    }

    /// The floor with no more left of each node than another has.
    pub(crate) fn beside(&self, then: &Self) -> Self {
        let mut beside = self.clone();
        for (left, then) in beside.left.iter_mut().zip(&then.left) {
            left.gpus = left.gpus.min(then.gpus);
            left.cpu = left.cpu.min(then.cpu);
            left.memory = left.memory.min(then.memory);
        }
        beside
    }

    pub(crate) fn give_back(&mut self, job: usize) {
        let (need, parts) = self.held.remove(&job).expect("it lies there");
        self.change(need, &parts, true);
    }

    fn lift(&mut self) {
        let away = std::mem::take(&mut self.away);
        self.change(Need::default(), &away, true);
    }

    /// Takes away what jobs cannot have.
    pub(crate) fn lay(&mut self, level: i64) {
        self.lift();
        self.level = level;
        let up = self.left.iter().filter(|left| left.down.is_none()).count();
        let up = i64::try_from(up).expect("few") * i64::from(self.nodes.gpus_per_node);
        if let Some(away) = u32::try_from(up - level).ok().filter(|&away| away > 0) {
            let mut rest = away;
            for (node, left) in self.left.iter().enumerate().rev() {
                let here = if left.down.is_none() { left.gpus.min(rest) } else { 0 };
                if here > 0 {
                    self.away.push((node, here));
                    rest -= here;
                }
            }
            let away = self.away.clone();
            self.change(Need::default(), &away, false);
        }
    }

    /// Brings nodes up that are due, and lays the floor anew if that or the level asks for it; whether
    /// it did.
    pub(crate) fn turn(&mut self, level: i64, now: i64) -> bool {
        let mut anew = level != self.level;
        for left in &mut self.left {
            if left.down.is_some_and(|until| until <= now) {
                left.down = None;
                anew = true;
            }
        }
        if anew {
            self.lay(level);
        }
        anew
    }

    /// Takes nodes down; how many GPUs went that jobs could have had, and whose jobs lay there.
    pub(crate) fn strike(&mut self, first: u32, gpus: u32, until: i64) -> (i64, Vec<usize>) {
        let per_node = self.nodes.gpus_per_node;
        let mut gone = 0;
        let mut jobs = vec![];
        let count = self.left.len();
        let start = usize::try_from(first / per_node).expect("few") % count;
        for node in (0..count).map(|offset| (start + offset) % count) {
            let away = self.away.iter().filter(|part| part.0 == node).map(|part| part.1);
            let there = per_node - away.sum::<u32>();
            if self.left[node].down.is_some() || there == 0 || gone >= gpus {
                continue;
            }
            gone += there;
            self.left[node].down = Some(until);
            for (&job, (_, parts)) in &self.held {
                if parts.iter().any(|part| part.0 == node) {
                    jobs.push(job);
                }
            }
        }
        self.lift();
        jobs.sort_unstable();
        jobs.dedup();
        (i64::from(gone), jobs)
    }
}
