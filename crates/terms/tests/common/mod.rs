//! What the tests of this crate share: a builder for deals in code, a reader for requests, and
//! strategies for random deals that pass the check.

pub(crate) mod build;
pub(crate) mod in_force;
pub(crate) mod naive;
pub(crate) mod random;
