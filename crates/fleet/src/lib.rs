//! The machines and the work: sites, capacity over time, who owns, hosts and operates; jobs and
//! services.
//!
//! Values and their derived views only: what may run where is decided elsewhere.

mod site;
mod work;

pub use site::{Capacity, Fleet, FleetError, Phase, Site, Source};
pub use work::{
    Act, Autoscale, Job, JobShape, Quantile, Region, Role, Serving, Stream, StreamKind, Workload,
};
