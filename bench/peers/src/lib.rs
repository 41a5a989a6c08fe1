//! The same rules for the rulebook and for general policy engines, and the same requests.
//!
//! The rules are written once, in [`rules`], and printed in the language of each engine: deal
//! files, Cedar policies, Rego and a Casbin policy. `cargo run --release -- show` prints them.

pub mod casbin;
pub mod cedar;
pub mod differential;
pub mod ours;
pub mod random;
pub mod rego;
pub mod rules;

/// Why an engine could not be set up or did not answer.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
