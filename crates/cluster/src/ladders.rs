//! Members in groups, ordered within each group by how much room they have.
//!
//! A member with room `r` stands on rung `r` of its group's ladder. A rung has a place only for
//! members that can have so much room, the largest first; so all ladders together have as many
//! places as the members have room in all, and one more each, and a bit for each place is enough.

use crate::bits::Bits;
use crate::{at, number};

/// A member: the group that it belongs to, and the most room that it can have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    pub(crate) group: u32,
    pub(crate) most: u32,
}

/// One ladder for each group.
#[derive(Debug, Clone)]
pub(crate) struct Ladders {
    bits: Bits,
    /// For each group, where its rungs begin in `rungs`; and one more.
    groups: Vec<u32>,
    /// For each group, where its members begin in `by_size`.
    firsts: Vec<u32>,
    /// The first place of each rung; after the last rung of a group stands the end of that group.
    rungs: Vec<u32>,
    /// For each member, where its group's rungs begin and its place on each of them.
    members: Vec<(u32, u32)>,
    /// The members of each group, the largest first, then in order.
    by_size: Vec<u32>,
}

impl Ladders {
    /// Ladders on which each member stands on rung 0; groups are numbered from 0 without a gap.
    pub(crate) fn new(members: &[Member]) -> Self {
        let mut by_size: Vec<u32> = (0..number(members.len())).collect();
        by_size.sort_by_key(|&member| {
            let Member { group, most } = members[at(member)];
            (group, std::cmp::Reverse(most))
        });
        let mut ladders = Self {
            bits: Bits::new(0),
            groups: Vec::new(),
            firsts: Vec::new(),
            rungs: Vec::new(),
            members: vec![(0, 0); members.len()],
            by_size: Vec::new(),
        };
        let mut place = 0;
        let mut first = 0;
        for group in by_size.chunk_by(|&a, &b| members[at(a)].group == members[at(b)].group) {
            let base = number(ladders.rungs.len());
            ladders.groups.push(base);
            ladders.firsts.push(first);
            first += number(group.len());
            let most = members[at(group[0])].most;
            for rung in 0..=most {
                ladders.rungs.push(place);
                place += number(group.partition_point(|&member| members[at(member)].most >= rung));
            }
            ladders.rungs.push(place);
            for (slot, &member) in group.iter().enumerate() {
                ladders.members[at(member)] = (base, number(slot));
            }
        }
        ladders.groups.push(number(ladders.rungs.len()));
        ladders.by_size = by_size;
        ladders.bits = Bits::new(at(place));
        for member in 0..number(members.len()) {
            ladders.bits.insert(ladders.place(member, 0));
        }
        ladders
    }

    /// Moves a member from one rung to another.
    pub(crate) fn step(&mut self, member: u32, old: u32, new: u32) {
        self.bits.remove(self.place(member, old));
        self.bits.insert(self.place(member, new));
    }

    /// The member with the least room that is enough, and that room.
    pub(crate) fn tightest(&self, group: u32, at_least: u32) -> Option<(u32, u32)> {
        let rungs = self.rungs(group);
        let (&end, starts) = rungs.split_last().expect("each group has an end");
        let from = *starts.get(at(at_least))?;
        let place = number(self.bits.first_in(at(from), at(end))?);
        Some(self.member_at(group, starts, place))
    }

    /// The member with the most room, if it has any, and that room.
    pub(crate) fn roomiest(&self, group: u32) -> Option<(u32, u32)> {
        let rungs = self.rungs(group);
        let (&end, starts) = rungs.split_last().expect("each group has an end");
        let from = *starts.get(1)?;
        let place = number(self.bits.last_in(at(from), at(end))?);
        let (_, room) = self.member_at(group, starts, place);
        // The first on that rung, as everywhere.
        let rung_end = starts.get(at(room) + 1).copied().unwrap_or(end);
        let first = self.bits.first_in(at(starts[at(room)]), at(rung_end))?;
        Some(self.member_at(group, starts, number(first)))
    }

    fn rungs(&self, group: u32) -> &[u32] {
        let from = at(self.groups[at(group)]);
        &self.rungs[from..at(self.groups[at(group) + 1])]
    }

    fn place(&self, member: u32, room: u32) -> usize {
        let (base, slot) = self.members[at(member)];
        at(self.rungs[at(base + room)] + slot)
    }

    fn member_at(&self, group: u32, starts: &[u32], place: u32) -> (u32, u32) {
        let room = starts.partition_point(|&start| start <= place) - 1;
        let slot = place - starts[room];
        (self.by_size[at(self.firsts[at(group)] + slot)], number(room))
    }
}
