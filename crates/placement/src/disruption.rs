//! What takes GPUs away that were planned with: faults, maintenance; and what is kept for a party.

use std::ops::Range;

use comity_base::Window;

/// GPUs that fail together, and when they are back.
///
/// It is not known before it happens; when the GPUs are back is known from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The pool, an index into the pools of the inputs.
    pub pool: usize,
    /// From when to when they are down.
    pub window: Window,
    /// How many; as many as jobs can have there when that is less.
    pub gpus: u32,
    /// Which: counted from this one on over the GPUs that jobs hold, in order of arrival, then
    /// over those that are free, and round to the first again. Services are not struck: they
    /// move to GPUs of jobs.
    pub first: u32,
}

/// GPUs that are taken out of service at a time that is known from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maintenance {
    /// The pool, an index into the pools of the inputs.
    pub pool: usize,
    /// From when to when.
    pub window: Window,
    /// How many; the whole pool when it has less.
    pub gpus: u32,
    /// Which nodes of the pool, by number from 0, where nodes are kept track of: `gpus` are at least those
    /// that they have. Those that the pool does not have are left out; where there are none, any GPUs.
    pub nodes: Vec<Range<u32>>,
    /// What becomes of jobs.
    pub before: BeforeMaintenance,
}

/// What becomes of jobs before maintenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeforeMaintenance {
    /// Nothing starts there that would not end by then.
    Drain,
    /// What runs there then is stopped: all on its nodes, where these are told, and then, until enough
    /// GPUs are free, the lowest priority and the latest start first.
    Stop,
}

/// GPUs that are kept for a party: no one else's work runs on them, and no service.
///
/// A gang does not span kept GPUs and others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// For whom, as in [`crate::Class::party`].
    pub party: u32,
    /// The pool, an index into the pools of the inputs.
    pub pool: usize,
    /// From when to when.
    pub window: Window,
    /// How many; as many as the pool has when that is less.
    pub gpus: u32,
}
