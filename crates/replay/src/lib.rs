//! Runs time: the work of a period, drawn from a seed or read from a recorded trace.
//!
//! Takes text and seeds as arguments; never reads a file, a clock or the environment.

mod trace;
mod workload;

pub use trace::{
    InPeriod, JobFormat, Notes, Read, Reason, SetAside, TraceError, TraceJob, TraceKind,
    TraceRequest, detect_jobs, jobs_in_period, read_jobs, read_requests, traffic_in_period,
};
pub use workload::{Draw, Traffic, draw_jobs, draw_traffic, gpus_needed};
