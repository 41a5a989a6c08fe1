//! Runs time: workload in, decisions, placements, usage and settlement out.
//!
//! Takes text, seeds and checked deals as arguments; never reads a file, a clock or the
//! environment, so the same input gives the same bytes.
//!
//! ```text
//! workload or traces -> Work -> rulings (terms) -> plan (placement) -> usage -> settlement
//! ```

mod autoscale;
mod decisions;
mod metering;
mod preempts;
mod report;
mod rulings;
mod run;
mod scheduling;
mod served;
mod trace;
mod why;
mod work;
mod workload;

pub use autoscale::autoscale;
pub use decisions::{DecisionGroup, Flip, decisions, flips};
pub use metering::capacity_object;
pub use report::{
    JobReport, OutcomeKind, ServingReport, SiteReport, Stop, Summary, closed_to, outcome_kind,
    shortfall_kind, summary,
};
pub use rulings::SiteRuling;
pub use run::{
    OnSiteNode, Prepared, Replay, ReplayError, StreamAtSite, Under, Upset, prepare, replay,
};
pub use scheduling::policy;
pub use served::{ServedHour, Tokens, served};
pub use trace::{
    InPeriod, JobFormat, Notes, Read, Reason, SetAside, TraceError, TraceFault, TraceJob,
    TraceKind, TraceRequest, detect_jobs, jobs_in_period, read_faults, read_jobs, read_requests,
    traffic_in_period,
};
pub use why::{Turn, Why, why};
pub use work::{ServiceWork, Traces, Work, WorkError, work};
pub use workload::{Draw, Traffic, draw_jobs, draw_traffic, replicas_needed, share_traffic};
