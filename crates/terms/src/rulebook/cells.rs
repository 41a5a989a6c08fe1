//! Every cell of a deal: each request that its vocabulary can express, once for each period in
//! which the answer cannot change.

use comity_base::{ActionId, Instant, ObjectId, PartyId, PlaceId, PurposeId, Window};

use super::names::Names;
use super::{Asked, Decided, Rulebook, index, number, range};
use crate::scope::Request;

/// Whether requests are gone through that leave parts out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsaid {
    /// Only requests that name all their parts.
    Skip,
    /// Those that leave out for whom, what for or where, besides.
    Include,
}

/// Which cells to go through: those in the period that have each name that is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region<'a> {
    /// Who acts; everyone when not named.
    pub party: Option<&'a PartyId>,
    /// What is done; everything when not named.
    pub action: Option<&'a ActionId>,
    /// What it is done to; everything when not named.
    pub object: Option<&'a ObjectId>,
    /// For whom; everyone when not named.
    pub beneficiary: Option<&'a PartyId>,
    /// What for; everything when not named.
    pub purpose: Option<&'a PurposeId>,
    /// Where; everywhere when not named.
    pub place: Option<&'a PlaceId>,
    /// When.
    pub period: Window,
    /// Whether parts may be left out that are not named above.
    pub unsaid: Unsaid,
}

impl Region<'_> {
    /// Every cell that leaves nothing out.
    pub const ALL: Self = Self {
        party: None,
        action: None,
        object: None,
        beneficiary: None,
        purpose: None,
        place: None,
        period: Window::ALWAYS,
        unsaid: Unsaid::Skip,
    };
}

/// A request that names one value in each dimension, over a period in which nothing changes that
/// its answer depends on.
#[derive(Debug, Clone)]
pub struct Cell<'r> {
    /// The answer.
    pub decided: Decided<'r>,
    /// The request as looked up.
    pub asked: Asked,
    /// When; the longest period, within the region's, in which no norm that may speak of this
    /// action on this object changes.
    pub period: Window,
    rulebook: &'r Rulebook,
    action: u32,
    object: u32,
}

impl<'r> Cell<'r> {
    /// Who acts.
    #[must_use]
    pub fn party(&self) -> &'r PartyId {
        named(&self.rulebook.parties, self.asked.party)
    }

    /// What is done.
    #[must_use]
    pub fn action(&self) -> &'r ActionId {
        named(&self.rulebook.actions, self.action)
    }

    /// What it is done to.
    #[must_use]
    pub fn object(&self) -> &'r ObjectId {
        named(&self.rulebook.objects, self.object)
    }

    /// For whom; none where it is left out.
    #[must_use]
    pub fn beneficiary(&self) -> Option<&'r PartyId> {
        self.rulebook.parties.name(self.asked.beneficiary)
    }

    /// What for; none where it is left out.
    #[must_use]
    pub fn purpose(&self) -> Option<&'r PurposeId> {
        self.rulebook.purposes.name(self.asked.purpose)
    }

    /// Where; none where it is left out.
    #[must_use]
    pub fn place(&self) -> Option<&'r PlaceId> {
        self.rulebook.places.name(self.asked.place)
    }

    /// The request of this cell at the start of its period, to show or to ask elsewhere.
    #[must_use]
    pub fn request(&self) -> Request {
        Request {
            party: self.party().clone(),
            action: self.action().clone(),
            object: self.object().clone(),
            beneficiary: self.beneficiary().cloned(),
            purpose: self.purpose().cloned(),
            place: self.place().cloned(),
            amount: self.asked.amount,
            at: self.period.start(),
        }
    }
}

fn named<T>(names: &Names<T>, number: u32) -> &T {
    names.name(number).expect("a cell has numbers of its own rulebook")
}

impl Rulebook {
    /// Visits every cell of a region, each once.
    ///
    /// The order is that of action, object, period, party, beneficiary, purpose and place, names
    /// in their own order and what is left out last; it is the same each time. Together the
    /// cells of one action and object cover the region's period without gap or overlap, so
    /// what holds of every cell holds of every request that leaves out no more than the region
    /// allows and names no amount. Between two instants of the rules at which nothing changes
    /// that may speak of an action on an object, there is one cell and not two. A region that
    /// names what the deal does not has no cells.
    pub fn for_each_cell<'r>(&'r self, region: &Region<'_>, mut visit: impl FnMut(Cell<'r>)) {
        let Some(box_) = self.ranges(region) else { return };
        for action in box_.actions.clone() {
            for object in box_.objects.clone() {
                self.each_of_act(region, &box_, (action, object), &mut visit);
            }
        }
    }

    /// How many cells a region has.
    #[must_use]
    pub fn cell_count(&self, region: &Region<'_>) -> usize {
        let Some(all) = self.ranges(region) else { return 0 };
        let each = [&all.parties, &all.beneficiaries, &all.purposes, &all.places];
        let each: usize = each.map(|values| values.len()).iter().product();
        let acts = all.actions.flat_map(|action| all.objects.clone().map(move |it| (action, it)));
        each * acts
            .map(|(action, object)| self.periods(region, action, object).count())
            .sum::<usize>()
    }

    fn each_of_act<'r>(
        &'r self,
        region: &Region<'_>,
        values: &Ranges,
        (action, object): (u32, u32),
        visit: &mut impl FnMut(Cell<'r>),
    ) {
        let topic = self.acts[index(action) * self.objects.len() + index(object)];
        for (phase, period) in self.periods(region, action, object) {
            for party in values.parties.clone() {
                for beneficiary in values.beneficiaries.clone() {
                    for purpose in values.purposes.clone() {
                        for place in values.places.clone() {
                            let amount = None;
                            let asked =
                                Asked { topic, phase, party, beneficiary, purpose, place, amount };
                            let decided = self.decide(&asked);
                            let rulebook = self;
                            visit(Cell { decided, asked, period, rulebook, action, object });
                        }
                    }
                }
            }
        }
    }

    /// The phases of an act with the part of the region's period that each takes.
    fn periods(
        &self,
        region: &Region<'_>,
        action: u32,
        object: u32,
    ) -> impl Iterator<Item = (u32, Window)> {
        let topic = self.acts[index(action) * self.objects.len() + index(object)];
        let starts = &self.starts[range(&self.topics[index(topic)].starts)];
        let ends = starts.iter().skip(1).copied().chain([Instant::MAX]);
        let period = region.period;
        (0..).zip(starts.iter().zip(ends)).filter_map(move |(phase, (start, end))| {
            Some((phase, Window::new(*start, end).ok()?.intersect(period)?))
        })
    }

    fn ranges(&self, region: &Region<'_>) -> Option<Ranges> {
        let unsaid = match region.unsaid {
            Unsaid::Skip => 0,
            Unsaid::Include => 1,
        };
        Some(Ranges {
            parties: values(&self.parties, region.party.map(PartyId::as_str), 0)?,
            actions: values(&self.actions, region.action.map(ActionId::as_str), 0)?,
            objects: values(&self.objects, region.object.map(ObjectId::as_str), 0)?,
            beneficiaries: values(&self.parties, region.beneficiary.map(PartyId::as_str), unsaid)?,
            purposes: values(&self.purposes, region.purpose.map(PurposeId::as_str), unsaid)?,
            places: values(&self.places, region.place.map(PlaceId::as_str), unsaid)?,
        })
    }
}

struct Ranges {
    parties: std::ops::Range<u32>,
    actions: std::ops::Range<u32>,
    objects: std::ops::Range<u32>,
    beneficiaries: std::ops::Range<u32>,
    purposes: std::ops::Range<u32>,
    places: std::ops::Range<u32>,
}

fn values<T>(names: &Names<T>, given: Option<&str>, unsaid: u32) -> Option<std::ops::Range<u32>> {
    match given {
        Some(name) => names.find(name).map(|it| it..it + 1),
        None => Some(0..number(names.len()) + unsaid),
    }
}
