//! The checked agreement: parties, versions and terms; what is in force at an instant; decide
//! and explain.
//!
//! Knows no file format: a term carries its position only to cite it. The semantics is stated in
//! `docs/semantics.md`.

mod check;
mod deal;
mod decide;
mod expect;
mod explain;
mod money;
mod provenance;
mod record;
mod rulebook;
mod rules;
mod scope;
mod sentence;
mod term;
mod vocabulary;

pub use check::{Misfit, Problem, ProblemKind};
pub use deal::{
    Agreement, Changes, Deal, Draft, Extension, Party, Replacement, Silence, SilenceRule,
    Suspension, Version,
};
pub use decide::{Answer, Decision, Missing, Reason, Role, Verdict, decide};
pub use expect::{Claim, Expectation, ExpectedAnswer, OnlyHolder, VersionRef};
pub use explain::{Change, turned_by};
pub use money::{
    Bracket, Cap, Commitment, Conversion, CostSplit, Credit, Discount, Dispute, Eligible, Ended,
    Figure, Guarantee, InForce, Interval, Less, Life, Milestone, Periodic, Prepaid, Price, Promise,
    Rate, RevenueShare, ShareRate, Shortfall, Step, TierMode, Tiers, Tolerance, ToleranceRule,
    Unused,
};
pub use provenance::{Position, Provenance, Status};
pub use record::{Consent, Election, FactRecord, Measure, Offer, Record, Refusal, Sale};
pub use rulebook::{Asked, Cell, Decided, LiveTerms, Region, RequestStrs, Rulebook, Unsaid};
pub use rules::{Holding, MoneyHoldings, Rules};
pub use scope::{Dimension, Fit, Meeting, Parties, Request, Scope};
pub use sentence::{AsOf, Paragraph, prose, sentence};
pub use term::{
    CapacityTerm, CapitalCommitment, Cited, Condition, Duty, Equity, Exclusivity, FirstRefusal,
    Governance, Guard, Permission, Prohibition, RatioTest, TechnologyPartner, Term, TermKind,
};
pub use vocabulary::{Ambiguity, Called, Fact, FactKind, Tree, Vocabulary};
