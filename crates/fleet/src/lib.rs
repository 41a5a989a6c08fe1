//! The machines and the work: sites, capacity over time, who owns, hosts and operates; jobs and
//! services; how they are scheduled.
//!
//! Values and their derived views only: what may run where is decided elsewhere.

mod machines;
mod quantile;
mod scheduling;
mod site;
mod size;
mod work;

pub use machines::{Before, FaultModel, Maintenance, Need, Nodes, Span};
pub use quantile::Quantile;
pub use scheduling::{
    Backfill, Checkpoint, NodePolicy, Order, Preempt, Quota, Reservation, Scheduling, SitePolicy,
};
pub use site::{Capacity, Fleet, FleetError, Phase, Site, Source};
pub use size::{Share, Size};
pub use work::{
    Act, Autoscale, Job, JobShape, Region, Role, Serving, Stream, StreamKind, Workload,
};
