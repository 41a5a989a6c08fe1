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
mod holdings;
mod money;
mod provenance;
mod record;
mod rulebook;
mod rules;
mod scope;
mod sentence;
mod term;
mod vocabulary;

pub use check::{Misfit, Problem, ProblemKind, RightProblem};
pub use deal::{
    Agreement, Changes, Deal, Draft, Extension, Party, Replacement, Silence, SilenceRule,
    Suspension, Version,
};
pub use decide::{Answer, Decision, Missing, Reason, Role, Verdict, decide};
pub use expect::{Claim, Expectation, ExpectedAnswer, OnlyHolder, VersionRef};
pub use explain::{Change, turned_by};
pub use money::{
    Bracket, Cap, Commitment, Conversion, CostSplit, Credit, Discount, Dispute, Eligible, Ended,
    Figure, InForce, Interval, Less, Life, Milestone, MinimumGuarantee, Periodic, Prepaid, Price,
    Promise, Rate, RevenueShare, ShareRate, Shortfall, Step, TierMode, Tiers, Tolerance,
    ToleranceRule, Unused,
};
pub use provenance::{Position, Provenance, Status};
pub use record::{
    Consent, Elected, Election, Exercise, FactRecord, Measure, Offer, Record, Refusal, Sale,
};
pub use rulebook::{Asked, Cell, Decided, LiveTerms, Region, RequestStrs, Rulebook, Unsaid};
pub use rules::{Exercisable, Footing, Holding, MoneyHoldings, OptionState, Rules};
pub use scope::{Dimension, Fit, Limits, Meeting, Parties, Request, Scope};
pub use sentence::{AsOf, Paragraph, prose, sentence};
pub use term::{
    CapacityTerm, CapitalCommitment, Cited, Condition, Duty, Equity, Exclusivity, FirstRefusal,
    Governance, Guarantee, Guard, OptionRight, Permission, Prohibition, RatioTest,
    TechnologyPartner, Term, TermKind,
};
pub use vocabulary::{Ambiguity, Called, Fact, FactKind, Tree, Vocabulary};
