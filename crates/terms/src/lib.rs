//! The checked agreement: parties, versions and terms; what is in force at an instant; decide
//! and explain.
//!
//! Knows no file format: a term carries its position only to cite it.

mod money;
mod provenance;

pub use money::{Cap, Commitment, InForce, Interval, Rate, RevenueShare, Shortfall};
pub use provenance::{Position, Provenance, Status};
