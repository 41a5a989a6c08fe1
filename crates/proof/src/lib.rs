//! What a change of a deal changes, and what holds of every request.
//!
//! Everything here is found by going through every request that the deal's own vocabulary can
//! express, in every period between two instants at which an answer can change. It is complete,
//! needs no solver, and each failure is a case that can be asked again. Requests that leave
//! something out, or name an amount, are not gone through.
//!
//! Reads no file and prints nothing.

mod answers;
mod boxes;
mod diff;
mod expect;
mod grid;
mod prove;

pub use answers::Outcome;
pub use boxes::{Extent, Values};
pub use diff::{ChangedAnswer, ChangedTerm, Difference, How, Manner, View, diff};
pub use expect::{Failure, check};
pub use prove::{Case, Property, Proved, Standing, prove};
