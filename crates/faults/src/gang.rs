//! What outages do to a gang that must run on all its nodes at once.

use std::num::NonZeroU32;

use comity_base::{Instant, Ratio, Window};

use crate::draw::Outage;

/// A job that runs on `nodes` at once and goes back to its last checkpoint when it loses one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gang {
    /// How many nodes it needs; at first those numbered from 0.
    pub nodes: u32,
    /// How many more stand by for it, numbered from there on.
    pub spares: u32,
    /// How much running time lies between two checkpoints, seconds; the first is as long after
    /// each start. A checkpoint itself takes no time.
    pub checkpoint_seconds: NonZeroU32,
    /// How long it stands still after a stop, if nodes are there: to find the fault, put the spare
    /// in, load the checkpoint.
    pub restart_seconds: u32,
}

/// What became of a gang over a window. The four times add up to the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ran {
    /// How often it was running and lost a node.
    pub stops: u64,
    /// Faults of its nodes while it stood still: they stop nothing.
    pub while_still: u64,
    /// Running time that counts.
    pub useful_seconds: i64,
    /// Running time that was lost, for it came after the last checkpoint before a stop.
    pub redone_seconds: i64,
    /// Time in restarts.
    pub restart_seconds: i64,
    /// Time beyond restarts in which too few nodes were up.
    pub waiting_seconds: i64,
}

impl Ran {
    /// The useful part of all the time; zero of no time.
    #[must_use]
    pub fn goodput(&self) -> Ratio {
        let lost = self.redone_seconds + self.restart_seconds + self.waiting_seconds;
        let all = self.useful_seconds + lost;
        Ratio::new(self.useful_seconds, all.max(1)).expect("what is useful is a part of the whole")
    }
}

/// Runs a gang over the window under the outages of its nodes and spares.
///
/// A stop is a fault of one of the gang's nodes while it runs. It runs again at the first instant
/// that is at least `restart_seconds` after the stop and at which as many of its nodes and spares
/// are up as it needs: it keeps those of its nodes that are up, and takes the lowest numbers among
/// the others. What runs at the end of the window counts in full.
///
/// The outages may come in any order. Those of one node that overlap are one, those that hold no
/// second are none, and those of nodes that are neither its own nor spares do not count.
#[must_use]
pub fn ran(gang: &Gang, outages: &[Outage], window: Window) -> Ran {
    let nodes = gang.nodes.saturating_add(gang.spares);
    let mut changes = Vec::with_capacity(outages.len() * 2);
    for outage in outages.iter().filter(|outage| outage.node < nodes) {
        let lasts = Window::new(outage.from, outage.to).ok();
        let Some(inside) = lasts.and_then(|lasts| lasts.intersect(window)) else { continue };
        changes.push((inside.start(), Change::Down, outage.node));
        changes.push((inside.end(), Change::Up, outage.node));
    }
    // At one instant, a node that comes back is there before another goes.
    changes.sort_unstable();
    let mut run = Run::new(gang, window.start());
    for (at, change, node) in changes {
        if at >= window.end() {
            break;
        }
        run.resume_before(at);
        match change {
            Change::Up => run.comes_back(at, node),
            Change::Down => run.goes(at, node),
        }
    }
    run.end(window.end())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Up,
    Down,
}

/// What a gang is doing.
#[derive(Debug, Clone, Copy)]
enum State {
    Running { since: Instant },
    Still { since: Instant },
}

struct Run<'a> {
    gang: &'a Gang,
    state: State,
    /// Its nodes and spares.
    nodes: Vec<Node>,
    up: u32,
    /// Since when enough nodes have been up, if they are.
    enough_since: Option<Instant>,
    ran: Ran,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    /// In how many outages it is: up in none.
    down: u32,
    /// Whether the gang has it.
    ours: bool,
}

impl<'a> Run<'a> {
    fn new(gang: &'a Gang, start: Instant) -> Self {
        let all = gang.nodes.saturating_add(gang.spares);
        Self {
            gang,
            state: State::Running { since: start },
            nodes: (0..all).map(|node| Node { down: 0, ours: node < gang.nodes }).collect(),
            up: all,
            enough_since: Some(start),
            ran: Ran::default(),
        }
    }

    fn node(&mut self, node: u32) -> &mut Node {
        let index = usize::try_from(node).expect("a node's number fits in memory");
        &mut self.nodes[index]
    }

    /// Resumes if the gang could at an instant before this one. What changes at one instant is
    /// taken in whole before the gang may resume at it.
    fn resume_before(&mut self, at: Instant) {
        let (State::Still { since }, Some(enough)) = (self.state, self.enough_since) else {
            return;
        };
        let ready = since.plus_seconds(i64::from(self.gang.restart_seconds));
        let resumed = ready.max(enough);
        if resumed >= at {
            return;
        }
        self.stood_still(since, resumed);
        let mut missing = 0_u32;
        for node in self.nodes.iter_mut().filter(|node| node.ours && node.down > 0) {
            node.ours = false;
            missing += 1;
        }
        for node in self.nodes.iter_mut().filter(|node| node.down == 0 && !node.ours) {
            if missing == 0 {
                break;
            }
            node.ours = true;
            missing -= 1;
        }
        self.state = State::Running { since: resumed };
    }

    fn comes_back(&mut self, at: Instant, node: u32) {
        let node = self.node(node);
        node.down -= 1;
        if node.down > 0 {
            return;
        }
        self.up += 1;
        if self.up == self.gang.nodes {
            self.enough_since = Some(at);
        }
    }

    fn goes(&mut self, at: Instant, node: u32) {
        let node = self.node(node);
        node.down += 1;
        let (down, ours) = (node.down, node.ours);
        if down > 1 {
            return;
        }
        self.up -= 1;
        if self.up < self.gang.nodes {
            self.enough_since = None;
        }
        if !ours {
            return;
        }
        match self.state {
            State::Running { since } => {
                let run = at.seconds() - since.seconds();
                let redone = run % i64::from(self.gang.checkpoint_seconds.get());
                self.ran.stops += 1;
                self.ran.useful_seconds += run - redone;
                self.ran.redone_seconds += redone;
                self.state = State::Still { since: at };
            }
            State::Still { .. } => self.ran.while_still += 1,
        }
    }

    fn stood_still(&mut self, since: Instant, until: Instant) {
        let still = until.seconds() - since.seconds();
        let restart = still.min(i64::from(self.gang.restart_seconds));
        self.ran.restart_seconds += restart;
        self.ran.waiting_seconds += still - restart;
    }

    fn end(mut self, end: Instant) -> Ran {
        self.resume_before(end);
        match self.state {
            State::Running { since } => self.ran.useful_seconds += end.seconds() - since.seconds(),
            State::Still { since } => self.stood_still(since, end),
        }
        self.ran
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from: i64, to: i64) -> Window {
        Window::new(Instant::from_seconds(from), Instant::from_seconds(to)).unwrap()
    }

    fn outage(node: u32, from: i64, to: i64) -> Outage {
        let at = Instant::from_seconds;
        Outage { from: at(from), node, to: at(to), cause: 0 }
    }

    /// What becomes of two nodes and a spare, with a checkpoint every 100 s and restarts of 50 s,
    /// in the first 1,000 s: stops, faults while still, seconds useful, redone, in restarts,
    /// waiting.
    fn check(spares: u32, outages: &[(u32, i64, i64)], expected: (u64, u64, [i64; 4])) {
        let gang = Gang {
            nodes: 2,
            spares,
            checkpoint_seconds: NonZeroU32::new(100).unwrap(),
            restart_seconds: 50,
        };
        let all: Vec<Outage> =
            outages.iter().map(|&(node, from, to)| outage(node, from, to)).collect();
        let seen = ran(&gang, &all, window(0, 1_000));
        let times =
            [seen.useful_seconds, seen.redone_seconds, seen.restart_seconds, seen.waiting_seconds];
        assert_eq!((seen.stops, seen.while_still, times), expected, "{outages:?}");
        assert_eq!(times.iter().sum::<i64>(), 1_000);
        let backwards: Vec<Outage> = all.into_iter().rev().collect();
        assert_eq!(ran(&gang, &backwards, window(0, 1_000)), seen, "in any order");
    }

    #[test]
    fn a_gang_is_stopped_by_its_own_nodes_while_it_runs() {
        check(1, &[], (0, 0, [1_000, 0, 0, 0]));
        // The spare, and a node that is none of its.
        check(1, &[(2, 10, 20), (3, 10, 2_000)], (0, 0, [1_000, 0, 0, 0]));
        // 250 s run, 200 s of it kept; the spare is there after 50 s.
        check(1, &[(0, 250, 900)], (1, 0, [900, 50, 50, 0]));
        // The first node is back at 900 and stands by when the spare goes at 950.
        check(1, &[(0, 250, 900), (2, 950, 999)], (2, 0, [200 + 600, 50 + 50, 50 + 50, 0]));
        // During the restart the other node goes as well: no stop, but one node is missing.
        check(1, &[(0, 200, 900), (1, 230, 400)], (1, 1, [200 + 600, 0, 50, 150]));
        // Exactly at the end of the restart it counts for the restart.
        check(1, &[(0, 200, 900), (1, 250, 400)], (1, 1, [200 + 600, 0, 50, 150]));
        check(1, &[(0, 200, 900), (1, 251, 400)], (2, 0, [200 + 600, 1, 50 + 50, 99]));
    }

    #[test]
    fn without_spares_it_waits_for_repair() {
        check(0, &[(0, 250, 400)], (1, 0, [200 + 600, 50, 50, 100]));
        // Back before the restart is over: nothing to wait for.
        check(0, &[(0, 250, 260)], (1, 0, [200 + 700, 50, 50, 0]));
        // Never back in time.
        check(0, &[(0, 250, 5_000)], (1, 0, [200, 50, 50, 700]));
        check(0, &[(0, 980, 5_000)], (1, 0, [900, 80, 20, 0]));
    }

    #[test]
    fn outages_may_touch_overlap_begin_before_and_be_none() {
        // One comes back as another goes: two are up all the time.
        check(1, &[(0, 100, 300), (2, 300, 310)], (2, 0, [100 + 100 + 650, 50, 100, 0]));
        check(0, &[(0, 100, 200), (0, 150, 300)], (1, 0, [100 + 700, 0, 50, 150]));
        check(0, &[(0, 100, 200), (0, 200, 300)], (1, 1, [100 + 700, 0, 50, 150]));
        check(0, &[(0, -50, 100)], (1, 0, [900, 0, 50, 50]));
        check(
            0,
            &[(0, 100, 100), (0, 300, 200), (1, -20, 0), (1, 1_000, 2_000)],
            (0, 0, [1_000, 0, 0, 0]),
        );
    }

    #[test]
    fn goodput_is_exact() {
        let ran =
            Ran { useful_seconds: 900, redone_seconds: 50, restart_seconds: 50, ..Ran::default() };
        assert_eq!(ran.goodput(), Ratio::new(9, 10).unwrap());
        assert_eq!(Ran::default().goodput().numerator(), 0);
    }
}
