//! Sites and the capacity that they have over time.

use std::collections::BTreeMap;

use comity_base::{GpuTypeId, Instant, PartyId, PlaceId, SiteId, Window};
use thiserror::Error;

use crate::machines::{FaultModel, Maintenance, Nodes};
use crate::scheduling::{Quota, Reservation};
use crate::work::Act;

/// Where a figure or fact comes from, as carried by the file that states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Who published it, where and when.
    pub source: String,
    /// `stated`, `reported`, `derived` or `assumed`.
    pub status: String,
}

/// A data centre, or the part of one that has a single owner, host and operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its id; also a place inside its country.
    pub id: SiteId,
    /// Its name for people.
    pub name: String,
    /// The country that it stands in.
    pub country: PlaceId,
    /// Who owns hall and power.
    pub owner: PartyId,
    /// Who runs the cloud that it is part of.
    pub host: PartyId,
    /// Who runs the machines.
    pub operator: PartyId,
    /// What must have been allowed for the site to be there for the work that uses it.
    pub acts: Vec<Act>,
    /// What opens when; phases add up.
    pub phases: Vec<Phase>,
    /// The machines that its GPUs are in; a site that says nothing of them is a count of GPUs.
    pub nodes: Option<Nodes>,
    /// How its nodes fail, when that is to be reckoned with.
    pub faults: Option<FaultModel>,
    /// When parts of it are out of service by plan, in the order of the file.
    pub maintenance: Vec<Maintenance>,
    /// What parties are due of it, in the order of the file; who is not here can only borrow. Without
    /// any, whoever may run there has what is free.
    pub quotas: Vec<Quota>,
    /// What is kept for whom, in the order of the file.
    pub reservations: Vec<Reservation>,
    /// Where this is known from.
    pub source: Source,
}

/// A part of a site that opens, and perhaps closes, as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// From when to when it runs.
    pub window: Window,
    /// The type of its accelerators.
    pub gpu: GpuTypeId,
    /// How many.
    pub gpus: u32,
    /// Facility power, kW.
    pub power_kw: u32,
}

/// A step function of capacity: from each instant on, so many GPUs, until the next instant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capacity {
    steps: Vec<(Instant, u32)>,
}

impl Capacity {
    /// Capacity that is the sum of the given windows' levels at each instant.
    ///
    /// # Errors
    /// [`FleetError::TooLarge`] when the sum does not fit in 32 bits.
    pub fn sum(levels: impl IntoIterator<Item = (Window, u32)>) -> Result<Self, FleetError> {
        let mut changes: BTreeMap<Instant, i64> = BTreeMap::new();
        for (window, level) in levels {
            *changes.entry(window.start()).or_default() += i64::from(level);
            *changes.entry(window.end()).or_default() -= i64::from(level);
        }
        let mut level = 0_i64;
        let mut steps = Vec::with_capacity(changes.len());
        for (at, change) in changes {
            level += change;
            let gpus = u32::try_from(level).map_err(|_| FleetError::TooLarge { at })?;
            if steps.last().is_none_or(|&(_, last)| last != gpus) {
                steps.push((at, gpus));
            }
        }
        Ok(Self { steps })
    }

    /// How many GPUs there are at an instant.
    #[must_use]
    pub fn at(&self, at: Instant) -> u32 {
        let next = self.steps.partition_point(|&(from, _)| from <= at);
        next.checked_sub(1).map_or(0, |index| self.steps[index].1)
    }

    /// The steps in order of time: from when on, how many GPUs.
    #[must_use]
    pub fn steps(&self) -> &[(Instant, u32)] {
        &self.steps
    }

    /// The most there is at any instant of a window.
    #[must_use]
    pub fn most_in(&self, window: Window) -> u32 {
        self.levels_in(window).max().unwrap_or(0)
    }

    /// The least there is at any instant of a window.
    #[must_use]
    pub fn least_in(&self, window: Window) -> u32 {
        self.levels_in(window).min().unwrap_or(0)
    }

    fn levels_in(&self, window: Window) -> impl Iterator<Item = u32> {
        let later = self
            .steps
            .iter()
            .filter(move |(from, _)| *from > window.start() && *from < window.end());
        std::iter::once(self.at(window.start())).chain(later.map(|&(_, gpus)| gpus))
    }

    /// GPU-seconds available in a window.
    #[must_use]
    pub fn gpu_seconds(&self, window: Window) -> i128 {
        let cuts = self.steps.iter().map(|&(from, _)| from);
        let part = |part: Window| i128::from(self.at(part.start())) * i128::from(part.seconds());
        window.cut(cuts).into_iter().map(part).sum()
    }
}

/// Why a set of sites is not a fleet.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FleetError {
    /// Two sites have one id.
    #[error("site `{0}` is there twice")]
    Twice(SiteId),
    /// A count does not fit.
    #[error("more than 4 billion GPUs in one place at {at}")]
    TooLarge {
        /// From when.
        at: Instant,
    },
}

/// All sites, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fleet {
    sites: BTreeMap<SiteId, Site>,
}

impl Fleet {
    /// A fleet of these sites.
    ///
    /// # Errors
    /// [`FleetError`] when an id is there twice or a site's GPUs do not fit in 32 bits.
    pub fn new(sites: impl IntoIterator<Item = Site>) -> Result<Self, FleetError> {
        let mut fleet = Self::default();
        for site in sites {
            Capacity::sum(site.phases.iter().map(|phase| (phase.window, phase.gpus)))?;
            let id = site.id.clone();
            if fleet.sites.insert(id.clone(), site).is_some() {
                return Err(FleetError::Twice(id));
            }
        }
        Ok(fleet)
    }

    /// The site with that id.
    #[must_use]
    pub fn site(&self, id: &SiteId) -> Option<&Site> {
        self.sites.get(id)
    }

    /// When the first site opens.
    #[must_use]
    pub fn opens(&self) -> Option<Instant> {
        let phases = self.sites.values().flat_map(|site| &site.phases);
        phases.filter(|phase| phase.gpus > 0).map(|phase| phase.window.start()).min()
    }

    /// Every site, in order of id.
    pub fn sites(&self) -> impl Iterator<Item = &Site> {
        self.sites.values()
    }
}

impl Site {
    /// Its types of GPU, each with the capacity over time.
    #[must_use]
    pub fn capacities(&self) -> BTreeMap<GpuTypeId, Capacity> {
        let mut levels: BTreeMap<GpuTypeId, Vec<(Window, u32)>> = BTreeMap::new();
        for phase in &self.phases {
            levels.entry(phase.gpu.clone()).or_default().push((phase.window, phase.gpus));
        }
        let sum = |levels| Capacity::sum(levels).expect("a fleet checks the sum over all types");
        levels.into_iter().map(|(gpu, levels)| (gpu, sum(levels))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacity_adds_phases_up() {
        let at = |text| Instant::parse(text).unwrap();
        let window = |from, to| Window::new(at(from), at(to)).unwrap();
        let capacity = Capacity::sum([
            (window("2025-01-01", "2025-03-01"), 10),
            (window("2025-02-01", "2025-04-01"), 5),
        ])
        .unwrap();
        let seen = ["2024-12-31", "2025-01-01", "2025-02-01", "2025-03-01", "2025-04-01"]
            .map(|text| capacity.at(at(text)));
        assert_eq!(seen, [0, 10, 15, 5, 0]);
        let february = window("2025-02-01", "2025-03-01");
        assert_eq!(capacity.gpu_seconds(february), 15 * 28 * 86_400);
        let all = window("2025-01-01", "2025-04-01");
        assert_eq!((capacity.least_in(all), capacity.most_in(all)), (5, 15));
    }
}
