//! When machines fail and for how long.
//!
//! A [`Model`] says how often a node fails and how long it is then gone; [`fit`] takes one from
//! faults that were observed, [`draw`] makes faults of a fleet from one and a seed, and [`ran`]
//! says what those do to a gang that must run on all its nodes at once. Whole numbers only; what
//! is drawn for one node depends on nothing but the seed, the site and the node.
//!
//! Reads no trace and places nothing: traces are read where jobs are, and what a scheduler makes
//! of an outage is its own affair.

mod draw;
mod exponential;
mod fit;
mod gang;
mod model;

pub use draw::{Draw, Outage, Outages, draw, outages};
pub use fit::{Fit, FitError, Observed, SHARES, Watched, fit};
pub use gang::{Gang, Ran, ran};
pub use model::{Cause, Model, YEAR_SECONDS};
