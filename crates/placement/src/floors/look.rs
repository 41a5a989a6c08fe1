//! A look ahead on a floor.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use comity_base::{Instant, Window};
use comity_cluster::{Cause, Part};

use crate::floors::calendar::{Away, by_node};
use crate::floors::floor::{Closing, Floor};
use crate::floors::place::{Balance, Of, Place};
use crate::floors::shared::OneGpu;
use crate::pool::{Ask, PoolState};

/// A floor as it will be if running jobs end when they are planned to and nothing else starts. What is
/// looked at is the floor itself, which is put back as it was.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    floor: &'a mut Floor,
    state: &'a PoolState,
    level: i64,
    /// The last planned end that was taken in.
    ended: Option<(Instant, usize)>,
    /// The next step of the supply.
    step: Option<Instant>,
    /// The jobs that are gone, with what they held.
    gone: Vec<(usize, Vec<Part>)>,
    /// The nodes that are back.
    back: Vec<(Instant, u32)>,
    /// What was away, if that is something else now.
    was_away: Option<Vec<Part>>,
    /// What was to close, how much of it within reach, and what was closed, if that is something else
    /// now.
    were: Option<(Vec<Closing>, usize, Vec<Closing>)>,
}

impl<'a> Look<'a> {
    pub(crate) fn new(floor: &'a mut Floor, state: &'a PoolState, now: Instant) -> Self {
        Self {
            level: floor.level,
            floor,
            state,
            ended: None,
            step: state.next_step(now.plus_seconds(-1)),
            gone: Vec::new(),
            back: Vec::new(),
            was_away: None,
            were: None,
        }
    }

    /// The next planned end.
    fn next_end(&self) -> Option<(Instant, usize)> {
        let after = self.ended.map_or(Bound::Unbounded, Bound::Excluded);
        self.floor.ends.range((after, Bound::Unbounded)).next().copied()
    }

    /// The next instant at which something is to be taken in.
    fn next(&self) -> Option<Instant> {
        let end = self.next_end().map(|(at, _)| at);
        let others = self.step.into_iter().chain(self.next_back()).chain(self.next_closing());
        end.into_iter().chain(others).min()
    }

    /// When nodes close next, or open that were closed.
    fn next_closing(&self) -> Option<Instant> {
        let opens = self.floor.closed.iter().map(|closing| closing.end);
        self.floor.closings.first().map(|closing| closing.start).into_iter().chain(opens).min()
    }

    /// When the next node is back.
    fn next_back(&self) -> Option<Instant> {
        self.floor.down.iter().map(|&(until, _)| until).min()
    }

    /// What is away from an instant on, up to each at which that changes, if nothing else starts.
    pub(crate) fn away_later(&mut self, now: Instant) -> Vec<Away> {
        let mut found = Vec::new();
        let mut start = now;
        self.go_on(now);
        loop {
            let away = self.floor.away.iter().flat_map(|away| self.floor.cluster.parts(away));
            let parts = by_node(away);
            let turns = self.step.into_iter().chain(self.next_back()).chain(self.next_closing());
            let Some(next) = turns.min() else {
                found.push(Away { start, end: Instant::MAX, down: false, parts });
                return found;
            };
            self.go_on(next);
            found.push(Away { start, end: next, down: false, parts });
            start = next;
        }
    }

    /// Takes in what happens up to an instant.
    pub(crate) fn go_on(&mut self, to: Instant) {
        while let Some(now) = self.next().filter(|&at| at <= to) {
            while let Some((at, rank)) = self.next_end().filter(|&(at, _)| at <= now) {
                self.ended = Some((at, rank));
                self.gone.extend(self.floor.lift(rank));
            }
            let back = self.floor.set_up_by(now);
            let closing = self.next_closing().is_some_and(|at| at <= now);
            if closing {
                let floor = &self.floor;
                let were = || (floor.closings.clone(), floor.within_reach, floor.closed.clone());
                self.were.get_or_insert_with(were);
                // What jobs hold is given back by then, and what is away may be on those that close.
                let parts = self.floor.lift_away();
                self.was_away.get_or_insert(parts);
                self.floor.turn_closings(now);
            }
            if self.step.is_some_and(|step| step <= now) {
                self.step = self.state.next_step(now);
            }
            let level = self.state.level_at(now);
            if closing || !back.is_empty() || level != self.level {
                self.level = level;
                let parts = self.floor.lift_away();
                self.was_away.get_or_insert(parts);
                self.floor.withhold(level);
            }
            self.back.extend(back);
        }
    }

    /// Whether a job would fit now that is planned to end at an instant, as large as [`Ask::amount`]
    /// measures it.
    pub(crate) fn fits(&mut self, need: usize, amount: i64, end: Instant) -> bool {
        let shut = self.floor.shut_before(end);
        let fits = self.floor.largest(need) >= amount;
        self.floor.reopen(shut);
        fits
    }

    /// Whether a job that is planned to end at an instant would fit now if these, which still run, were
    /// gone.
    pub(crate) fn fits_without(
        &mut self,
        need: usize,
        (amount, end): (i64, Instant),
        ranks: impl Iterator<Item = usize>,
    ) -> bool {
        // One that is planned to end by now is gone already.
        let lifted: Vec<(usize, Vec<Part>)> =
            ranks.filter_map(|rank| self.floor.lift(rank)).collect();
        let fits = self.fits(need, amount, end);
        self.floor.put_back(lifted);
        fits
    }

    /// How many shared GPUs would be free at an instant if these jobs were gone, that would not be
    /// otherwise.
    pub(crate) fn gpus_back(&self, at: Instant, ranks: &BTreeSet<usize>) -> i64 {
        let gpus: BTreeSet<OneGpu> =
            ranks.iter().filter_map(|&rank| self.floor.shares_of(rank)).collect();
        let back = |gpu: &&OneGpu| {
            let mut sharers = self.floor.shared.after(**gpu, at).peekable();
            sharers.peek().is_some() && sharers.all(|rank| ranks.contains(&rank))
        };
        gpus.iter().filter(back).map(|_| 1).sum()
    }

    /// The first instant from one on, before a limit, at which the job fits until its end, on the
    /// floor and by count, and lies in one of the windows.
    pub(crate) fn earliest(
        &mut self,
        need: usize,
        ask: Ask,
        from: Instant,
        before: Instant,
        open: &[Window],
    ) -> Option<Instant> {
        let mut at = self.state.earliest(ask, from, before, open)?;
        loop {
            self.go_on(at);
            let next = self.next().unwrap_or(Instant::MAX);
            if self.fits(need, ask.amount(), at.plus_seconds(ask.seconds))
                && let Some(start) = self.state.earliest(ask, at, before.min(next), open)
            {
                return Some(start);
            }
            at = self.state.earliest(ask, self.next()?, before, open)?;
        }
    }

    /// The place of a job that fits when the look ahead has come to an instant.
    pub(crate) fn place(&mut self, need: usize, ask: Ask, start: Instant) -> Place {
        self.go_on(start);
        let shut = self.floor.shut_before(start.plus_seconds(ask.seconds));
        let head = self.floor.hold(&self.floor.kinds[need].ask(ask.size));
        self.floor.reopen(shut);
        let taken: Vec<Part> = self.floor.cluster.parts(&head).collect();
        self.floor.cluster.give_back(head);
        // Where what is away lies elsewhere then, that is what is taken and what comes free.
        let away = self.floor.away.iter().filter(|_| self.was_away.is_some());
        let away = away.flat_map(|away| self.floor.cluster.parts(away));
        let taken = taken.into_iter().chain(away);
        if self.floor.shares {
            return Place { start, of: Of::Nodes(taken.map(|part| part.node).collect()) };
        }
        let mut nodes: BTreeMap<u32, Balance> = BTreeMap::new();
        taken.for_each(|part| nodes.entry(part.node).or_default().taken.add(part.into()));
        let gone = self.gone.iter().flat_map(|(_, parts)| parts);
        for part in self.was_away.iter().flatten().chain(gone) {
            if let Some(balance) = nodes.get_mut(&part.node) {
                balance.freed.add((*part).into());
            }
        }
        Place { start, of: Of::Parts(nodes) }
    }

    /// Puts the floor back as it was.
    pub(crate) fn undo(self) {
        let Self { floor, gone, back, was_away, were, .. } = self;
        if was_away.is_some() {
            floor.lift_away();
        }
        if let Some((closings, within_reach, closed)) = were {
            (floor.closings, floor.within_reach) = (closings, within_reach);
            floor.close_instead(closed);
        }
        for &(_, node) in &back {
            let known = "a node that was up is there";
            floor.cluster.set_down(node, Cause::Failure).expect(known);
        }
        floor.down.extend(back);
        floor.put_back(gone);
        if let Some(parts) = was_away {
            floor.away = floor.cluster.retake(&parts);
        }
    }
}
