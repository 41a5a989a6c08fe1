//! When each class may run in each pool, for each degree of what the terms must say for it.

use std::collections::BTreeMap;

use comity_base::{Instant, Window};

use crate::inputs::{Inputs, Ruling};

/// How far a ruling is from an allowance, nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Allow,
    Conditional,
    Undetermined,
    Deny,
}

impl Level {
    const ALL: [Self; 4] = [Self::Allow, Self::Conditional, Self::Undetermined, Self::Deny];

    /// The level of a ruling.
    pub(crate) fn of(ruling: &Ruling) -> Self {
        match ruling {
            Ruling::Allow => Self::Allow,
            Ruling::Conditional { .. } => Self::Conditional,
            Ruling::Undetermined { .. } => Self::Undetermined,
            Ruling::Deny { .. } => Self::Deny,
        }
    }
}

/// The windows in which a class could run in a pool if rulings up to a level let it.
///
/// A pool of another type of GPU has no window at any level.
#[derive(Debug)]
pub(crate) struct Openings {
    /// For each class and pool, the windows for each level.
    windows: Vec<Vec<[Vec<Window>; 4]>>,
    /// For each class, its lane.
    lane: Vec<usize>,
    /// For each lane, its first class.
    lanes: Vec<usize>,
    /// For each lane and pool, whether it is ever allowed.
    ever: Vec<Vec<bool>>,
}

impl Openings {
    /// Joins the rulings of each class in each pool; a pool that is kept for a party has no window
    /// for the work of others.
    pub(crate) fn of(inputs: &Inputs<'_>, kept_for: &[Option<u32>]) -> Self {
        let of_class = |class: &crate::Class| {
            let of_pool = |(index, pool): (usize, &crate::Pool)| {
                let type_fits = class.gpus.is_empty() || class.gpus.contains(&pool.gpu);
                let fits = type_fits && kept_for[index].is_none_or(|party| party == class.party);
                Level::ALL.map(|level| {
                    let ruled = class.rulings[index].iter().filter(|_| fits);
                    join(
                        ruled
                            .filter(|ruled| Level::of(&ruled.ruling) <= level)
                            .map(|ruled| ruled.window),
                    )
                })
            };
            inputs.pools.iter().enumerate().map(of_pool).collect()
        };
        let windows: Vec<Vec<[Vec<Window>; 4]>> = inputs.classes.iter().map(of_class).collect();
        let mut known: BTreeMap<Vec<&[Window]>, usize> = BTreeMap::new();
        let mut lane = Vec::with_capacity(windows.len());
        let mut lanes = Vec::new();
        let mut ever = Vec::new();
        for (class, pools) in windows.iter().enumerate() {
            let allowed: Vec<&[Window]> = pools.iter().map(|[allow, ..]| &allow[..]).collect();
            let ever_of = allowed.iter().map(|windows| !windows.is_empty()).collect();
            lane.push(*known.entry(allowed).or_insert_with(|| {
                lanes.push(class);
                ever.push(ever_of);
                lanes.len() - 1
            }));
        }
        Self { windows, lane, lanes, ever }
    }

    /// For each pool, whether a lane is ever allowed there.
    pub(crate) fn ever(&self, lane: usize) -> &[bool] {
        &self.ever[lane]
    }

    /// The lane of a class: classes that are allowed in the same pools at the same times share it.
    pub(crate) fn lane(&self, class: usize) -> usize {
        self.lane[class]
    }

    /// For each lane, a class that is in it.
    pub(crate) fn lanes(&self) -> &[usize] {
        &self.lanes
    }

    /// The windows of a class in a pool, accepting rulings up to a level.
    pub(crate) fn up_to(&self, level: Level, class: usize, pool: usize) -> &[Window] {
        let [allow, conditional, undetermined, deny] = &self.windows[class][pool];
        match level {
            Level::Allow => allow,
            Level::Conditional => conditional,
            Level::Undetermined => undetermined,
            Level::Deny => deny,
        }
    }

    /// Whether the pool's type of GPU is one that the class can run on.
    pub(crate) fn fits(&self, class: usize, pool: usize) -> bool {
        !self.up_to(Level::Deny, class, pool).is_empty()
    }

    /// Until when the class is allowed in the pool without a break; `MIN` when it is not.
    pub(crate) fn allowed_until(&self, class: usize, pool: usize, at: Instant) -> Instant {
        let windows = self.up_to(Level::Allow, class, pool);
        let next = windows.partition_point(|window| window.end() <= at);
        let open = windows.get(next).filter(|window| window.contains(at));
        open.map_or(Instant::MIN, |window| window.end())
    }
}

fn join(windows: impl Iterator<Item = Window>) -> Vec<Window> {
    let mut joined: Vec<Window> = Vec::new();
    for window in windows {
        match joined.last_mut() {
            Some(last) if last.end() == window.start() => {
                *last = Window::new(last.start(), window.end())
                    .expect("a window that follows another ends after it");
            }
            Some(_) | None => joined.push(window),
        }
    }
    joined
}

/// The first instant from `from` on at which a window lasts for so many seconds more.
pub(crate) fn first_open(windows: &[Window], from: Instant, seconds: i64) -> Option<Instant> {
    let next = windows.partition_point(|window| window.end() <= from);
    windows[next..].iter().find_map(|window| {
        let start = window.start().max(from);
        (window.end().seconds() - start.seconds() >= seconds).then_some(start)
    })
}
