//! Sets of requests as few large boxes: one set of names for each part of a request.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use comity_base::Window;

use crate::grid::{Cell, Grid, PARTS};

/// A box of requests: every request that has, for each part, one of these names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Extent {
    /// Who acts.
    pub party: Values,
    /// What is done.
    pub action: Values,
    /// What it is done to.
    pub object: Values,
    /// For whom.
    pub beneficiary: Values,
    /// What for.
    pub purpose: Values,
    /// Where.
    pub place: Values,
    /// How many requests of the vocabulary it holds.
    pub requests: u64,
}

/// Names of a vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Values {
    /// Every name.
    Any,
    /// These, in order.
    Only(Vec<String>),
    /// Every name but these few.
    AllBut(Vec<String>),
}

impl Values {
    /// Whether a name is one of them.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(names) => names.iter().any(|it| it == name),
            Self::AllBut(names) => !names.iter().any(|it| it == name),
        }
    }
}

/// How many names may be excepted before those that are left are listed.
const EXCEPTED_MAX: usize = 4;

/// The orders of parts in which a box is grown. Growing is greedy, so the order matters: the
/// largest box of these is taken.
const ORDERS: [[usize; PARTS]; 8] = [
    [5, 4, 3, 0, 2, 1],
    [0, 3, 5, 4, 2, 1],
    [2, 1, 5, 4, 3, 0],
    [4, 5, 0, 3, 2, 1],
    [3, 0, 2, 1, 5, 4],
    [1, 2, 3, 0, 4, 5],
    [0, 2, 5, 4, 3, 1],
    [2, 0, 3, 4, 5, 1],
];

type Sets = [BTreeSet<usize>; PARTS];

/// Cells with one label each, as boxes that hold each cell exactly once; the largest first.
///
/// From the first cell that is left, a box is grown by one class of names after the other as long
/// as all that it then holds is left and has the same label. So no box could take in one name
/// more of those that were left when it was made.
pub(crate) fn boxes<L: Ord + Clone>(
    grid: &Grid,
    cells: impl IntoIterator<Item = (Cell, L)>,
) -> Vec<(L, Extent)> {
    let mut labelled: BTreeMap<L, BTreeSet<Cell>> = BTreeMap::new();
    for (cell, label) in cells {
        labelled.entry(label).or_default().insert(cell);
    }
    let mut found = Vec::new();
    for (label, mut left) in labelled {
        while let Some(seed) = left.first().copied() {
            let mut best: Option<(u64, Sets)> = None;
            for order in &ORDERS {
                let sets = grown(grid, &left, seed, order);
                let weight = weight(grid, &sets);
                if best.as_ref().is_none_or(|(most, _)| weight > *most) {
                    best = Some((weight, sets));
                }
            }
            let (requests, sets) = best.expect("there are orders to grow in");
            for cell in product(&sets) {
                left.remove(&cell);
            }
            found.push((label.clone(), extent(grid, &sets, requests)));
        }
    }
    found.sort_by(|a, b| b.1.requests.cmp(&a.1.requests).then_with(|| a.cmp(b)));
    found
}

/// Boxes of several periods, each with the periods in which it is there.
pub(crate) fn over_time<L: Ord>(
    found: impl IntoIterator<Item = (Window, L, Extent)>,
) -> Vec<(L, Extent, Vec<Window>)> {
    let mut periods: BTreeMap<(L, Extent), Vec<Window>> = BTreeMap::new();
    for (window, label, extent) in found {
        let windows = periods.entry((label, extent)).or_default();
        match windows.last_mut() {
            Some(last) if last.end() == window.start() => {
                *last = Window::new(last.start(), window.end()).expect("both parts hold instants");
            }
            Some(_) | None => windows.push(window),
        }
    }
    let mut all: Vec<(L, Extent, Vec<Window>)> =
        periods.into_iter().map(|((label, extent), windows)| (label, extent, windows)).collect();
    all.sort_by(|a, b| a.2.cmp(&b.2).then_with(|| b.1.requests.cmp(&a.1.requests)));
    all
}

fn grown(grid: &Grid, left: &BTreeSet<Cell>, seed: Cell, order: &[usize; PARTS]) -> Sets {
    let mut sets: Sets = seed.map(|class| BTreeSet::from([class]));
    for &part in order {
        for class in 0..grid.classes(part).len() {
            if sets[part].contains(&class) {
                continue;
            }
            let mut slab = sets.clone();
            slab[part] = BTreeSet::from([class]);
            if product(&slab).all(|cell| left.contains(&cell)) {
                sets[part].insert(class);
            }
        }
    }
    sets
}

fn product(sets: &Sets) -> impl Iterator<Item = Cell> {
    let [a, b, c, d, e, f] = sets;
    a.iter().flat_map(move |&a| {
        b.iter().flat_map(move |&b| {
            c.iter().flat_map(move |&c| {
                d.iter().flat_map(move |&d| {
                    e.iter().flat_map(move |&e| f.iter().map(move |&f| [a, b, c, d, e, f]))
                })
            })
        })
    })
}

fn weight(grid: &Grid, sets: &Sets) -> u64 {
    product(sets).map(|cell| grid.weight(&cell)).sum()
}

fn extent(grid: &Grid, sets: &Sets, requests: u64) -> Extent {
    let values = |part: usize| values(grid, part, &sets[part]);
    Extent {
        party: values(0),
        action: values(1),
        object: values(2),
        beneficiary: values(3),
        purpose: values(4),
        place: values(5),
        requests,
    }
}

fn values(grid: &Grid, part: usize, classes: &BTreeSet<usize>) -> Values {
    let names = grid.names(part);
    let members: BTreeSet<usize> =
        classes.iter().flat_map(|&class| &grid.classes(part)[class]).copied().collect();
    let (mut of, mut but) = (Vec::new(), Vec::new());
    for (index, name) in names.iter().enumerate() {
        if members.contains(&index) { &mut of } else { &mut but }.push((*name).to_owned());
    }
    if but.is_empty() {
        Values::Any
    } else if but.len() <= EXCEPTED_MAX && but.len() < of.len() {
        Values::AllBut(but)
    } else {
        Values::Only(of)
    }
}

impl fmt::Display for Extent {
    /// `oracle or softbank: host openai-models for openai, for training, anywhere`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let party = said(&self.party, "anyone", "");
        let action = said(&self.action, "do anything", "");
        let object = said(&self.object, "anything", "");
        let to = if matches!(self.action, Values::Only(_)) { "" } else { " with" };
        let beneficiary = said(&self.beneficiary, "anyone", "");
        let purpose = said(&self.purpose, "any purpose", "");
        let place = said(&self.place, "anywhere", "at ");
        write!(f, "{party}: {action}{to} {object} for {beneficiary}, for {purpose}, {place}")
    }
}

fn said(values: &Values, any: &str, before: &str) -> String {
    match values {
        Values::Any => any.to_owned(),
        Values::Only(names) => format!("{before}{}", either(names)),
        Values::AllBut(names) => format!("{any} but {}", either(names)),
    }
}

fn either(names: &[String]) -> String {
    match names.split_last() {
        Some((last, first)) if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        Some((last, _)) => last.clone(),
        None => "nothing".to_owned(),
    }
}
