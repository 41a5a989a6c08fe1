//! Members in groups, ordered within each group by how much room they have.
//!
//! A member with room `r` stands on rung `r` of its group's ladder. A rung has a place only for
//! members that can have so much room, the largest first; so all ladders together have as many
//! places as the members have room in all, and one more each, and a bit for each place is enough.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::bits::Bits;
use crate::{at, number};

/// A member: the group that it belongs to, and the most room that it can have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    pub(crate) group: u32,
    pub(crate) most: u32,
}

/// Where a member stands: on each rung its place is the rung's, counted from where the ladder
/// begins, and so much more. Kept by the caller beside what else it knows of the member.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Slot(u32);

/// Where the rungs of a group are among all: for callers who know the group, with the slots of its
/// members.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rungs(u32);

/// One ladder for each group.
#[derive(Debug, Clone)]
pub(crate) struct Ladders {
    bits: Bits,
    groups: Vec<Group>,
    /// Where each rung begins, from where its ladder begins, and where the last ends. Groups of
    /// the same sizes share them, so that they stay in the cache.
    rungs: Vec<u32>,
    /// The members of each group, the largest first, then in order.
    by_size: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Group {
    rungs: Rungs,
    rung_count: u32,
    /// Where its ladder begins.
    start: u32,
    /// Where its members begin in `by_size`.
    first: u32,
}

impl Ladders {
    /// Ladders on which each member stands on rung 0, and where each stands; groups are numbered
    /// from 0 without a gap.
    pub(crate) fn new(members: &[Member]) -> (Self, Vec<Slot>) {
        let mut by_size: Vec<u32> = (0..number(members.len())).collect();
        by_size.sort_by_key(|&member| {
            let Member { group, most } = members[at(member)];
            (group, Reverse(most))
        });
        let mut known: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
        let mut slots = vec![Slot::default(); members.len()];
        let (mut groups, mut rungs) = (Vec::new(), Vec::new());
        let (mut start, mut first) = (0, 0);
        for group in by_size.chunk_by(|&a, &b| members[at(a)].group == members[at(b)].group) {
            let own = rungs_of(group, members);
            let (rung_count, places) = (number(own.len()) - 1, own[own.len() - 1]);
            let base = *known.entry(own).or_insert_with_key(|own| {
                rungs.extend_from_slice(own);
                number(rungs.len() - own.len())
            });
            groups.push(Group { rungs: Rungs(base), rung_count, start, first });
            for (&member, slot) in group.iter().zip(start..) {
                slots[at(member)] = Slot(slot);
            }
            start += places;
            first += number(group.len());
        }
        let mut ladders = Self { bits: Bits::new(at(start)), groups, rungs, by_size };
        // The lowest rung begins where its ladder does.
        for &Slot(slot) in &slots {
            ladders.bits.insert(at(slot));
        }
        (ladders, slots)
    }

    /// The rungs of a group.
    pub(crate) fn rungs_of(&self, group: u32) -> Rungs {
        self.groups[at(group)].rungs
    }

    /// Moves a member from one rung to another of its group's.
    pub(crate) fn step(&mut self, rungs: Rungs, slot: Slot, old: u32, new: u32) {
        let place = |rung: u32| at(self.rungs[at(rungs.0 + rung)] + slot.0);
        let (old, new) = (place(old), place(new));
        self.bits.remove(old);
        self.bits.insert(new);
    }

    /// The member with the least room that is enough, and that room.
    pub(crate) fn tightest(&self, group: u32, at_least: u32) -> Option<(u32, u32)> {
        let group = self.groups[at(group)];
        if at_least >= group.rung_count {
            return None;
        }
        let end = self.rung(group, group.rung_count);
        let place = self.bits.first_in(self.rung(group, at_least), end)?;
        Some(self.member_at(group, place))
    }

    /// The member with the most room, the first of several, and that room, if any has room.
    pub(crate) fn roomiest(&self, group: u32) -> Option<(u32, u32)> {
        let group = self.groups[at(group)];
        if group.rung_count < 2 {
            return None;
        }
        let end = self.rung(group, group.rung_count);
        let last = self.bits.last_in(self.rung(group, 1), end)?;
        let (_, room) = self.member_at(group, last);
        let first = self.bits.first_in(self.rung(group, room), self.rung(group, room + 1))?;
        Some(self.member_at(group, first))
    }

    fn rung(&self, group: Group, room: u32) -> usize {
        at(group.start + self.rungs[at(group.rungs.0 + room)])
    }

    fn member_at(&self, group: Group, place: usize) -> (u32, u32) {
        let place = number(place) - group.start;
        let Rungs(first) = group.rungs;
        let rungs = &self.rungs[at(first)..at(first + group.rung_count)];
        let room = rungs.partition_point(|&start| start <= place) - 1;
        (self.by_size[at(group.first + place - rungs[room])], number(room))
    }
}

/// Where each rung of a group begins, and where the last ends; the largest member comes first.
fn rungs_of(group: &[u32], members: &[Member]) -> Vec<u32> {
    let most = members[at(group[0])].most;
    let mut place = 0;
    let mut rungs = vec![0];
    for rung in 0..=most {
        place += number(group.partition_point(|&member| members[at(member)].most >= rung));
        rungs.push(place);
    }
    rungs
}
