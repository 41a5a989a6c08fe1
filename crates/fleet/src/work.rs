//! Jobs and services: what there is to run, for whom and what it takes.

use comity_base::{
    ActionId, AgreementId, GpuTypeId, Instant, ObjectId, PartyId, PlaceId, PurposeId, Ratio,
    StreamId, Window,
};

use crate::machines::Need;
use crate::quantile::Quantile;
use crate::scheduling::{Checkpoint, Scheduling};
use crate::site::Source;
use crate::size::Size;

/// In which role a party does an act at a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The site's owner.
    Owner,
    /// The site's host.
    Host,
    /// The site's operator.
    Operator,
    /// The party whose work it is.
    User,
}

impl Role {
    /// Every role with the name it has in deal files.
    pub const NAMED: [(&'static str, Self); 4] = [
        ("owner", Self::Owner),
        ("host", Self::Host),
        ("operator", Self::Operator),
        ("user", Self::User),
    ];
}

/// Something that must be allowed before work may run at a site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Act {
    /// Who does it.
    pub by: Role,
    /// What is done.
    pub action: ActionId,
    /// What it is done to.
    pub object: ObjectId,
}

/// One gang of GPUs for some time, all in one pool, or a share of one GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Job {
    /// Unique in a run.
    pub id: u64,
    /// Which class of work it belongs to: an index into the classes of the run.
    pub class: u32,
    /// When it is handed in.
    pub submit: Instant,
    /// How much it holds at once.
    pub size: Size,
    /// For how long it really runs, seconds.
    pub run_seconds: u32,
    /// For how long it asked, seconds: what a scheduler may plan with.
    pub asked_seconds: u32,
}

/// The work of a deal's month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// The seed of all that is drawn.
    pub seed: u64,
    /// The period that a replay runs when none is named.
    pub period: Window,
    /// The agreement under each of whose versions a replay runs the period, side by side.
    pub compare: Option<AgreementId>,
    /// How jobs are scheduled; by arrival with EASY backfill, and nobody gives way, if not said.
    pub scheduling: Option<Scheduling>,
    /// The streams of work, in the order of the file.
    pub streams: Vec<Stream>,
    /// Which stream's party, purpose and acts the jobs of a trace take.
    pub trace_jobs: Option<StreamId>,
    /// Which stream's product, party and acts the requests of a trace take.
    pub trace_requests: Option<StreamId>,
}

/// Work of one kind for one party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its id.
    pub id: StreamId,
    /// Whose work it is.
    pub party: PartyId,
    /// What it is for.
    pub purpose: PurposeId,
    /// What must be allowed at a site for it to run there.
    pub acts: Vec<Act>,
    /// Types of GPU that it can run on; empty for any.
    pub gpus: Vec<GpuTypeId>,
    /// The hosts that its party has chosen to run it on; empty for any that the terms allow.
    pub hosts: Vec<PartyId>,
    /// Jobs or a service.
    pub kind: StreamKind,
    /// Where this is known from.
    pub source: Source,
}

/// What a stream consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamKind {
    /// Jobs with a start and an end.
    Jobs(JobShape),
    /// Tokens per hour.
    Serving(Serving),
}

/// How a stream's jobs are drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobShape {
    /// Jobs a day; their instants are drawn evenly over the period, as a Poisson process is
    /// when its count is given.
    pub per_day: u32,
    /// Sizes, each with its weight.
    pub sizes: Vec<(Size, u32)>,
    /// Quantiles of the run time, rising; between them it is drawn evenly.
    pub run: Vec<Quantile>,
    /// What jobs ask for, in per cent of what they run; at least 100.
    pub asked_percent: u32,
    /// The higher comes first, where scheduling goes by it.
    pub priority: u16,
    /// How their work is saved; without it, a job that is stopped starts again from nothing.
    pub checkpoint: Option<Checkpoint>,
    /// What they need of the nodes that they lie on.
    pub need: Need,
}

/// A product's traffic and what it takes to serve it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serving {
    /// What is sold.
    pub product: ObjectId,
    /// Who sells it.
    pub seller: PartyId,
    /// Who buys it.
    pub customer: PartyId,
    /// Tokens read in an hour of mean traffic.
    pub tokens_in_per_hour: u64,
    /// Tokens written in an hour of mean traffic.
    pub tokens_out_per_hour: u64,
    /// Traffic of each hour of the day (UTC) in thousandths of the mean.
    pub hours_permille: [u32; 24],
    /// How far an hour may be drawn from its mean, in thousandths, either way.
    pub jitter_permille: u32,
    /// Tokens, read and written together, that one GPU serves in an hour.
    pub tokens_per_gpu_hour: u64,
    /// GPUs that one replica holds, all at one site; at least one.
    pub replica_gpus: u32,
    /// Where the traffic comes from; the shares are the whole. Empty for traffic that may be
    /// served anywhere.
    pub regions: Vec<Region>,
    /// Whether a region's traffic may be served elsewhere when its own sites have no room.
    pub spill: bool,
    /// How replicas follow the traffic; without it the peak is held.
    pub autoscale: Option<Autoscale>,
}

/// A part of a product's traffic that is served within a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// The place.
    pub place: PlaceId,
    /// Its part of the traffic.
    pub share: Ratio,
}

/// How replicas follow the traffic of a region, as a horizontal autoscaler has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Autoscale {
    /// How often the traffic is looked at, seconds; above zero.
    pub every_seconds: u32,
    /// How busy replicas are meant to be; above zero.
    pub target_utilization: Ratio,
    /// For how long fewer replicas must have been enough before there are fewer, seconds.
    pub stabilization_seconds: u32,
    /// The fewest replicas.
    pub min_replicas: u32,
    /// The most, if there is a limit; not below the fewest.
    pub max_replicas: Option<u32>,
    /// How long a replica holds its GPUs before it serves, seconds.
    pub start_up_seconds: u32,
}
