//! How many whole GPUs each node, rack, hall and the site can give to asks of one class, and the
//! domain that a gang goes to.
//!
//! Asks are of one class when they agree in models, CPU per GPU and memory per GPU; so the size of
//! a gang is a number to look up, and CPU and memory are as binding as GPUs. A gang goes to the
//! smallest domain that can hold it, of those to the one with the least room. In a domain, a child
//! that can hold the rest takes it, the tightest first; otherwise the roomiest child gives all.

use crate::ask::{Ask, ModelSet, Span};
use crate::at;
use crate::journal::{Cursor, Journal};
use crate::ladders::{Ladders, Member, Rungs, Slot};
use crate::state::State;

/// What asks of one class have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Class {
    models: ModelSet,
    cpu_milli: PerGpus,
    memory_mib: PerGpus,
}

/// So much for so many GPUs, in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct PerGpus {
    amount: u64,
    gpus: u64,
}

impl PerGpus {
    fn new(amount: u64, gpus: u32) -> Self {
        let mut divisor = (amount, u64::from(gpus));
        while divisor.1 != 0 {
            divisor = (divisor.1, divisor.0 % divisor.1);
        }
        Self { amount: amount / divisor.0, gpus: u64::from(gpus) / divisor.0 }
    }

    /// For how many GPUs an amount is enough, at most `most`.
    fn enough_for(self, left: u64, most: u32) -> u32 {
        if self.amount == 0 {
            return most;
        }
        // k GPUs take k × amount ÷ gpus, rounded up. Only an ask that is larger than any cluster
        // does not stay within 64 bits.
        let enough = match left.checked_mul(self.gpus) {
            Some(product) => u32::try_from(product / self.amount),
            None => {
                u32::try_from(u128::from(left) * u128::from(self.gpus) / u128::from(self.amount))
            }
        };
        enough.map_or(most, |enough| enough.min(most))
    }
}

impl Class {
    /// The class of an ask for whole GPUs.
    pub(crate) fn of(ask: &Ask) -> Self {
        Self {
            models: ask.models,
            cpu_milli: PerGpus::new(ask.cpu_milli, ask.gpus),
            memory_mib: PerGpus::new(ask.memory_mib, ask.gpus),
        }
    }

    /// How many GPUs a node can give now.
    pub(crate) fn room(&self, state: &State, node: u32) -> u32 {
        let node = &state.nodes[at(node)];
        if !node.is_open() || !self.models.contains(u16::from(node.model)) {
            return 0;
        }
        let gpus = node.whole.count_ones();
        let gpus = self.cpu_milli.enough_for(node.cpu_left_milli, gpus);
        self.memory_mib.enough_for(node.memory_left_mib, gpus)
    }

    /// How many GPUs a node could give if it were empty and open.
    pub(crate) fn most(&self, state: &State, node: u32) -> u32 {
        let machine = &state.machines[at(node)];
        if !self.models.contains(machine.model) {
            return 0;
        }
        let gpus = self.cpu_milli.enough_for(machine.cpu_milli, u32::from(machine.gpus));
        self.memory_mib.enough_for(machine.memory_mib, gpus)
    }

    /// The most GPUs that a gang with a span could get in the empty cluster.
    pub(crate) fn most_within(&self, state: &State, span: Span) -> u32 {
        let mut racks = vec![0; state.rack_halls.len()];
        let mut nodes = 0;
        for (node, &rack) in (0..).zip(&state.node_racks) {
            let most = self.most(state, node);
            nodes = nodes.max(most);
            racks[at(rack)] += most;
        }
        let largest = |rooms: &[u32]| rooms.iter().copied().max().unwrap_or(0);
        match span {
            Span::Node => nodes,
            Span::Rack => largest(&racks),
            Span::Hall => largest(&state.by_hall(&racks)),
            Span::Site => racks.iter().sum(),
        }
    }
}

/// Where a gang goes: the smallest domain that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Domain {
    Node(u32),
    Rack(u32),
    Hall(u32),
    Site,
}

/// The rooms of one class.
#[derive(Debug, Clone)]
pub(crate) struct Rooms {
    class: Class,
    cursor: Cursor,
    /// Empty but while changes are taken in: nodes whose room is now another than the one here.
    others: Vec<(u32, u8)>,
    nodes: Vec<InNode>,
    racks: Vec<InRack>,
    halls: Vec<InHall>,
    site: u32,
    /// All nodes, racks and halls of the site.
    site_nodes: Ladders,
    site_racks: Ladders,
    site_halls: Ladders,
    /// The nodes by rack, and the racks by hall.
    rack_nodes: Ladders,
    hall_racks: Ladders,
}

/// A node's room and places, together so that they are fetched at once.
#[derive(Debug, Clone, Copy)]
#[repr(align(16))]
struct InNode {
    rack: u32,
    in_site: Slot,
    in_rack: Slot,
    /// At most 64.
    room: u8,
}

/// A rack's, with the room by which it still stands on its ladders.
#[derive(Debug, Clone, Copy)]
struct InRack {
    room: u32,
    rung: u32,
    hall: u32,
    in_site: Slot,
    in_hall: Slot,
    /// Those of its nodes.
    rungs: Rungs,
}

/// A hall's.
#[derive(Debug, Clone, Copy)]
struct InHall {
    room: u32,
    rung: u32,
    in_site: Slot,
}

impl Rooms {
    /// The rooms as they are now.
    pub(crate) fn new(class: Class, state: &State) -> Self {
        let most: Vec<u32> = (0..).zip(&state.nodes).map(|(id, _)| class.most(state, id)).collect();
        let mut racks = vec![0; state.rack_halls.len()];
        for (&rack, most) in state.node_racks.iter().zip(&most) {
            racks[at(rack)] += most;
        }
        let (site_nodes, nodes_in_site) = ladders(|_| 0, &most);
        let (rack_nodes, nodes_in_rack) = ladders(|node| state.node_racks[node], &most);
        let (site_racks, racks_in_site) = ladders(|_| 0, &racks);
        let (hall_racks, racks_in_hall) = ladders(|rack| state.rack_halls[rack], &racks);
        let (site_halls, halls_in_site) = ladders(|_| 0, &state.by_hall(&racks));
        let nodes = state.node_racks.iter().zip(nodes_in_site.into_iter().zip(nodes_in_rack));
        let racks = state.rack_halls.iter().zip(racks_in_site.into_iter().zip(racks_in_hall));
        let mut rooms = Self {
            class,
            cursor: state.journal.head(),
            others: Vec::new(),
            nodes: nodes
                .map(|(&rack, (in_site, in_rack))| InNode { room: 0, rack, in_site, in_rack })
                .collect(),
            racks: (0..)
                .zip(racks)
                .map(|(rack, (&hall, (in_site, in_hall)))| InRack {
                    room: 0,
                    rung: 0,
                    hall,
                    in_site,
                    in_hall,
                    rungs: rack_nodes.rungs_of(rack),
                })
                .collect(),
            halls: halls_in_site
                .into_iter()
                .map(|in_site| InHall { room: 0, rung: 0, in_site })
                .collect(),
            site: 0,
            site_nodes,
            site_racks,
            site_halls,
            rack_nodes,
            hall_racks,
        };
        rooms.read(state, 0..crate::number(state.nodes.len()));
        rooms
    }

    /// Takes in what changed since it was last asked.
    pub(crate) fn catch_up(&mut self, state: &State) {
        let journal: &Journal = &state.journal;
        if self.cursor == journal.head() {
            return;
        }
        match journal.since(self.cursor) {
            Some(changed) => {
                // What is known of all is fetched first, so that memory is waited for once.
                let mut others = std::mem::take(&mut self.others);
                others.extend(changed.map(|node| (node, self.nodes[at(node)].room)));
                others.retain(|&(node, room)| self.class.room(state, node) != u32::from(room));
                self.read(state, others.drain(..).map(|(node, _)| node));
                self.others = others;
            }
            None => self.read(state, 0..crate::number(state.nodes.len())),
        }
        self.cursor = journal.head();
    }

    /// The most room in one domain of a size.
    pub(crate) fn largest(&self, span: Span) -> u32 {
        let largest = match span {
            Span::Node => self.site_nodes.roomiest(0),
            Span::Rack => self.site_racks.roomiest(0),
            Span::Hall => self.site_halls.roomiest(0),
            Span::Site => return self.site,
        };
        largest.map_or(0, |(_, room)| room)
    }

    /// The domain that a gang goes to.
    pub(crate) fn choose(&self, gpus: u32, span: Span) -> Option<Domain> {
        let node = || self.site_nodes.tightest(0, gpus).map(|(node, _)| Domain::Node(node));
        let rack = || self.site_racks.tightest(0, gpus).map(|(rack, _)| Domain::Rack(rack));
        let hall = || self.site_halls.tightest(0, gpus).map(|(hall, _)| Domain::Hall(hall));
        let site = || (self.site >= gpus).then_some(Domain::Site);
        match span {
            Span::Node => node(),
            Span::Rack => node().or_else(rack),
            Span::Hall => node().or_else(rack).or_else(hall),
            Span::Site => node().or_else(rack).or_else(hall).or_else(site),
        }
    }

    /// Takes a gang out of the domain that was chosen; `take` takes GPUs from one node.
    pub(crate) fn take(
        &mut self,
        state: &mut State,
        domain: Domain,
        gpus: u32,
        mut take: impl FnMut(&mut State, u32, u32),
    ) {
        let mut take = |rooms: &mut Self, state: &mut State, node: u32, gpus: u32| {
            take(state, node, gpus);
            rooms.node_has(node, rooms.class.room(state, node));
        };
        match domain {
            Domain::Node(node) => {
                take(self, state, node, gpus);
                let rack = self.nodes[at(node)].rack;
                self.settle_rack(rack);
                self.settle_hall(self.racks[at(rack)].hall);
            }
            Domain::Rack(rack) => {
                self.take_in_rack(state, rack, gpus, &mut take);
                self.settle_hall(self.racks[at(rack)].hall);
            }
            Domain::Hall(hall) => self.take_in_hall(state, hall, gpus, &mut take),
            Domain::Site => {
                let mut rest = gpus;
                while rest > 0 {
                    let tightest = self.site_halls.tightest(0, rest);
                    let (hall, room) = tightest
                        .or_else(|| self.site_halls.roomiest(0))
                        .expect("a site that was chosen has the room");
                    let here = room.min(rest);
                    self.take_in_hall(state, hall, here, &mut take);
                    rest -= here;
                }
            }
        }
        self.cursor = state.journal.head();
    }

    fn take_in_hall(
        &mut self,
        state: &mut State,
        hall: u32,
        gpus: u32,
        take: &mut impl FnMut(&mut Self, &mut State, u32, u32),
    ) {
        let mut rest = gpus;
        while rest > 0 {
            let tightest = self.hall_racks.tightest(hall, rest);
            let (rack, room) = tightest
                .or_else(|| self.hall_racks.roomiest(hall))
                .expect("a hall that was chosen has the room");
            let here = room.min(rest);
            self.take_in_rack(state, rack, here, take);
            rest -= here;
        }
        self.settle_hall(hall);
    }

    fn take_in_rack(
        &mut self,
        state: &mut State,
        rack: u32,
        gpus: u32,
        take: &mut impl FnMut(&mut Self, &mut State, u32, u32),
    ) {
        let mut rest = gpus;
        while rest > 0 {
            let tightest = self.rack_nodes.tightest(rack, rest);
            let (node, room) = tightest
                .or_else(|| self.rack_nodes.roomiest(rack))
                .expect("a rack that was chosen has the room");
            let here = room.min(rest);
            take(self, state, node, here);
            rest -= here;
        }
        self.settle_rack(rack);
    }

    /// Reads the rooms of nodes; a rack or hall is settled once for nodes of it in a row.
    fn read(&mut self, state: &State, nodes: impl Iterator<Item = u32>) {
        let mut within: Option<(u32, u32)> = None;
        for node in nodes {
            let rack = self.nodes[at(node)].rack;
            let hall = self.racks[at(rack)].hall;
            if let Some((last_rack, last_hall)) = within {
                if last_rack != rack {
                    self.settle_rack(last_rack);
                }
                if last_hall != hall {
                    self.settle_hall(last_hall);
                }
            }
            within = Some((rack, hall));
            self.node_has(node, self.class.room(state, node));
        }
        if let Some((rack, hall)) = within {
            self.settle_rack(rack);
            self.settle_hall(hall);
        }
    }

    /// Sets the room of a node; its rack and hall are settled later.
    fn node_has(&mut self, node: u32, room: u32) {
        let InNode { room: held, rack, in_site, in_rack } = &mut self.nodes[at(node)];
        let old = u32::from(*held);
        if old == room {
            return;
        }
        *held = u8::try_from(room).expect("a node has at most 64 GPUs");
        let rack = &mut self.racks[at(*rack)];
        self.site_nodes.step(self.site_nodes.rungs_of(0), *in_site, old, room);
        self.rack_nodes.step(rack.rungs, *in_rack, old, room);
        let hall = &mut self.halls[at(rack.hall)];
        for sum in [&mut rack.room, &mut hall.room, &mut self.site] {
            *sum = *sum - old + room;
        }
    }

    fn settle_rack(&mut self, rack: u32) {
        let InRack { room, rung, hall, in_site, in_hall, .. } = &mut self.racks[at(rack)];
        let old = std::mem::replace(rung, *room);
        if old != *room {
            self.site_racks.step(self.site_racks.rungs_of(0), *in_site, old, *room);
            self.hall_racks.step(self.hall_racks.rungs_of(*hall), *in_hall, old, *room);
        }
    }

    fn settle_hall(&mut self, hall: u32) {
        let InHall { room, rung, in_site } = &mut self.halls[at(hall)];
        let old = std::mem::replace(rung, *room);
        if old != *room {
            self.site_halls.step(self.site_halls.rungs_of(0), *in_site, old, *room);
        }
    }
}

/// Ladders of domains by the group that each is in.
fn ladders(group: impl Fn(usize) -> u32, rooms: &[u32]) -> (Ladders, Vec<Slot>) {
    let members = rooms.iter().enumerate();
    let members = members.map(|(place, &most)| Member { group: group(place), most });
    Ladders::new(&members.collect::<Vec<_>>())
}
