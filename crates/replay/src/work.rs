//! The work of a replay: jobs and traffic of every stream, drawn or taken from traces.

use comity_base::{Instant, Ratio, StreamId, Window};
use comity_fleet::{Backfill, Job, Region, Scheduling, Serving, Stream, StreamKind, Workload};
use comity_placement::Replicas;
use thiserror::Error;

use crate::autoscale::autoscale;
use crate::trace::{Read, TraceJob, TraceRequest, jobs_in_period, traffic_in_period};
use crate::workload::{Draw, Traffic, draw_jobs, draw_traffic, replicas_needed, share_traffic};

/// Traces that take the place of drawn work.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traces<'a> {
    /// Jobs, in place of all drawn jobs.
    pub jobs: Option<&'a Read<TraceJob>>,
    /// Requests, in place of all drawn traffic.
    pub requests: Option<&'a Read<TraceRequest>>,
}

/// The work of a period: the same for each set of terms that it is replayed under.
#[derive(Debug, Clone)]
pub struct Work<'a> {
    /// The period.
    pub period: Window,
    /// The seed of all that is drawn: faults of machines too.
    pub seed: u64,
    /// How jobs are scheduled, if the deal says so.
    pub scheduling: Option<&'a Scheduling>,
    /// The streams that there is work of: the classes of placement, by index.
    pub streams: Vec<&'a Stream>,
    /// Streams whose drawn work a trace takes the place of.
    pub replaced: Vec<&'a Stream>,
    /// All jobs; `class` is an index into `streams`.
    pub jobs: Vec<Job>,
    /// All services.
    pub services: Vec<ServiceWork<'a>>,
    /// Rows of a trace of jobs that lie after the period.
    pub later_jobs: u64,
    /// Requests of a trace that lie after the period.
    pub later_requests: u64,
}

/// The most jobs that a replay draws.
const MOST_JOBS: i128 = 20_000_000;

/// The traffic of a service, or of one of its regions, and the replicas for it.
#[derive(Debug, Clone)]
pub struct ServiceWork<'a> {
    /// The stream, an index into the streams.
    pub class: u32,
    /// What it takes to serve it.
    pub serving: &'a Serving,
    /// The region, where the stream has regions.
    pub region: Option<&'a Region>,
    /// The traffic, hour by hour.
    pub traffic: Vec<Traffic>,
    /// The replicas that it needs, hour by hour.
    pub demand: Vec<(Window, u32)>,
    /// The replicas that are asked for.
    pub replicas: Replicas,
}

/// Why there is no work.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WorkError {
    /// A trace was given, but the workload does not say whose work it is.
    #[error("the deal's workload does not say which stream the {what} of a trace belong to")]
    NoStream {
        /// `jobs` or `requests`.
        what: &'static str,
        /// The key that says it.
        key: &'static str,
    },
    /// The period has more jobs than a replay holds in memory.
    #[error(
        "{period} would have {jobs} drawn jobs, and a replay takes at most {MOST_JOBS}: give a \
         shorter period"
    )]
    TooManyJobs {
        /// The period.
        period: Window,
        /// How many.
        jobs: i128,
    },
    /// A trace has shares of GPUs, and jobs are scheduled by counts of whole ones.
    #[error(
        "{jobs} jobs of the trace have a share of a GPU, and the deal's conservative backfill goes by \
         whole ones: take `backfill: easy` or `first-fit`"
    )]
    SharesByCount {
        /// How many of its jobs in the period.
        jobs: usize,
    },
    /// There are more streams than can be told apart.
    #[error("more than 4 billion streams")]
    TooMany,
}

/// The work of a period.
///
/// # Errors
/// [`WorkError`] when a trace is given and the workload does not say whose work it is, or the trace
/// has shares of GPUs under conservative backfill, or the period has more jobs than can be held.
pub fn work<'a>(
    workload: &'a Workload,
    period: Window,
    seed: u64,
    traces: Traces<'a>,
) -> Result<Work<'a>, WorkError> {
    let mut work = Work {
        period,
        seed,
        scheduling: workload.scheduling.as_ref(),
        streams: Vec::new(),
        replaced: Vec::new(),
        jobs: Vec::new(),
        services: Vec::new(),
        later_jobs: 0,
        later_requests: 0,
    };
    let jobs_of = match traces.jobs {
        Some(_) => Some(named(workload.trace_jobs.as_ref(), "jobs", "trace-jobs")?),
        None => None,
    };
    let requests_of = match traces.requests {
        Some(_) => Some(named(workload.trace_requests.as_ref(), "requests", "trace-requests")?),
        None => None,
    };
    if traces.jobs.is_none() {
        let per_day = workload.streams.iter().map(|stream| match &stream.kind {
            StreamKind::Jobs(shape) => i128::from(shape.per_day),
            StreamKind::Serving(_) => 0,
        });
        let jobs = per_day.sum::<i128>() * i128::from(period.seconds()) / i128::from(Instant::DAY);
        if jobs > MOST_JOBS {
            return Err(WorkError::TooManyJobs { period, jobs });
        }
    }
    for stream in &workload.streams {
        let class = u32::try_from(work.streams.len()).map_err(|_| WorkError::TooMany)?;
        let draw = Draw { seed, stream: &stream.id, period };
        match &stream.kind {
            StreamKind::Jobs(shape) => {
                let first_id = next_id(&work.jobs);
                match (traces.jobs, jobs_of) {
                    (Some(read), Some(of)) if *of == stream.id => {
                        let found = jobs_in_period(read, period, class, first_id);
                        work.later_jobs = found.later;
                        work.jobs.extend(found.inside);
                    }
                    (Some(_), _) => {
                        work.replaced.push(stream);
                        continue;
                    }
                    (None, _) => work.jobs.extend(draw_jobs(&draw, shape, class, first_id)),
                }
            }
            StreamKind::Serving(serving) => {
                let traffic = match (traces.requests, requests_of) {
                    (Some(read), Some(of)) if *of == stream.id => {
                        let found = traffic_in_period(read, period);
                        work.later_requests = found.later;
                        found.inside
                    }
                    (Some(_), _) => {
                        work.replaced.push(stream);
                        continue;
                    }
                    (None, _) => draw_traffic(&draw, serving),
                };
                work.services.extend(services(class, serving, &traffic));
            }
        }
        work.streams.push(stream);
    }
    // What a deal's own streams have was checked where its files were read.
    let by_count = work.scheduling.is_some_and(|it| it.backfill == Backfill::Conservative);
    let shares = work.jobs.iter().filter(|job| job.size.share().is_some()).count();
    if by_count && shares > 0 {
        return Err(WorkError::SharesByCount { jobs: shares });
    }
    Ok(work)
}

/// A service for each region of a stream, or one.
fn services<'a>(class: u32, serving: &'a Serving, traffic: &[Traffic]) -> Vec<ServiceWork<'a>> {
    let regions: Vec<Option<&'a Region>> = if serving.regions.is_empty() {
        vec![None]
    } else {
        serving.regions.iter().map(Some).collect()
    };
    let shares: Vec<Ratio> =
        regions.iter().map(|region| region.map_or(Ratio::ONE, |region| region.share)).collect();
    let shared = share_traffic(traffic, &shares);
    let service = |(region, traffic): (Option<&'a Region>, Vec<Traffic>)| {
        let replicas_at = |utilization: Ratio| -> Vec<(Window, u32)> {
            let replicas = |hour| replicas_needed(serving, hour, utilization);
            traffic.iter().map(|hour| (hour.window, replicas(hour))).collect()
        };
        let replicas = match &serving.autoscale {
            None => Replicas::Peak,
            Some(policy) => Replicas::Steps {
                steps: autoscale(policy, &replicas_at(policy.target_utilization)),
                start_up_seconds: policy.start_up_seconds,
            },
        };
        let demand = replicas_at(Ratio::ONE);
        ServiceWork { class, serving, region, traffic, demand, replicas }
    };
    regions.into_iter().zip(shared).map(service).collect()
}

fn next_id(jobs: &[Job]) -> u64 {
    jobs.iter().map(|job| job.id).max().map_or(1, |last| last + 1)
}

fn named<'a>(
    stream: Option<&'a StreamId>,
    what: &'static str,
    key: &'static str,
) -> Result<&'a StreamId, WorkError> {
    stream.ok_or(WorkError::NoStream { what, key })
}
