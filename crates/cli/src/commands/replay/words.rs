//! Why a job does not run, in words: it waits, never can, or asks for what cannot be.

use comity_base::{Instant, Meter, SiteId, TermId};
use comity_fleet::Size;
use comity_placement::{Barrier, Misconfiguration, NeverReason, Outcome, Pool, WaitReason};
use comity_replay::Work;
use serde_json::{Map, Value, json};

use crate::table::{grouped, used};

/// What is said of a job.
pub(super) struct Said {
    /// `waits`, `never`, `misconfigured`, or that it runs.
    pub(super) kind: &'static str,
    pub(super) text: String,
    /// For one that waits: until when at the latest, if that can be said.
    pub(super) latest: Option<Instant>,
    pub(super) terms: Vec<String>,
    /// The site that it is about, if it is one.
    pub(super) site: Option<String>,
}

impl Said {
    pub(super) fn plain(kind: &'static str, text: String) -> Self {
        Self { kind, text, latest: None, terms: Vec::new(), site: None }
    }

    pub(super) fn json(&self) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("state".into(), json!(self.kind));
        map.insert("why".into(), json!(self.text));
        map.insert("site".into(), json!(self.site));
        map.insert("latest".into(), json!(self.latest.map(|at| at.to_string())));
        map.insert("terms".into(), json!(self.terms));
        map
    }
}

/// What came of a job of a size, in words.
pub(super) fn outcome(outcome: &Outcome, size: Size, pools: &[Pool]) -> Said {
    match outcome {
        Outcome::Runs(run) => {
            let site = &pools[run.last.pool].site;
            let text = format!("at {site} until {}", run.last.end);
            Said { site: Some(site.to_string()), ..Said::plain("runs", text) }
        }
        Outcome::Stopped { then, .. } => self::outcome(then, size, pools),
        Outcome::Waits(reason) => waits(reason, size, pools),
        Outcome::Never(reason) => never(reason, pools),
        Outcome::Misconfigured(wrong) => {
            Said::plain("misconfigured", misconfigured(*wrong, size, pools))
        }
    }
}

fn waits(reason: &WaitReason, size: Size, pools: &[Pool]) -> Said {
    let at = |pool: usize, latest: Option<Instant>, text: String| Said {
        site: Some(pools[pool].site.to_string()),
        latest,
        ..Said::plain("waits", text)
    };
    let site = |pool: usize| &pools[pool].site;
    match reason {
        WaitReason::Capacity { pool, latest, ahead, together } => {
            let ahead = match ahead {
                0 => "no job that was handed in before it waits".to_owned(),
                1 => "1 job that was handed in before it waits too".to_owned(),
                more => format!("{} jobs that were handed in before it wait too", grouped(more)),
            };
            let holds = if latest.is_some() {
                ""
            } else {
                "; it holds no place in the queue, so no latest time can be said"
            };
            let held = held(*together, size, site(*pool));
            at(*pool, *latest, format!("{held}, and {ahead}{holds}"))
        }
        WaitReason::Quota { pool, headroom_milli } => {
            let text = format!(
                "its party may hold {} more GPUs under the quota at {}, until it or others give \
                 some back",
                used(Meter::GpuTime, (*headroom_milli).into()),
                site(*pool)
            );
            at(*pool, None, text)
        }
        WaitReason::Leased { pool, until } => {
            at(*pool, *until, format!("services lease what it needs at {}", site(*pool)))
        }
        WaitReason::Opening { pool, at: opens } => {
            let text = format!("GPUs for it open at {} after the period", site(*pool));
            at(*pool, Some(*opens), text)
        }
        WaitReason::TermOpens { pool, at: opens } => {
            let text = format!("the terms allow it at {} after the period", site(*pool));
            at(*pool, Some(*opens), text)
        }
        WaitReason::Missed { pool, until } => {
            let text = format!("its last chance, at {}, was over on {until}", site(*pool));
            at(*pool, None, text)
        }
        WaitReason::Condition(by) => {
            barred("waits", "a condition of the terms has to hold first", by, pools)
        }
        WaitReason::Undetermined(by) => {
            barred("waits", "the terms do not settle whether it may run", by, pools)
        }
    }
}

/// Why a site has no room for a job of a size, given the largest gang of its kind that fits where
/// what is free lies apart.
fn held(together: Option<u32>, size: Size, site: &SiteId) -> String {
    match (together, size) {
        (None, Size::Share(_)) => format!("others hold what it needs at {site}"),
        (None, Size::Gpus(_)) => format!("others hold the GPUs at {site}"),
        (Some(_), Size::Share(_)) => {
            format!("no node at {site} with a free GPU has the processors and memory that it needs")
        }
        (Some(0), Size::Gpus(_)) => {
            format!("the GPUs that are free at {site} lie apart: none fits its needs")
        }
        (Some(gpus), Size::Gpus(_)) => format!(
            "the GPUs that are free at {site} lie apart: by its needs at most {} fit together",
            grouped(gpus)
        ),
    }
}

fn never(reason: &NeverReason, pools: &[Pool]) -> Said {
    match reason {
        NeverReason::Denied(by) => barred("never", "the terms forbid it", by, pools),
        NeverReason::OnlySmaller(by) => {
            barred("never", "the terms forbid it where it would fit", by, pools)
        }
        NeverReason::TooShort(by) => {
            barred("never", "the terms do not allow it for as long as it asks", by, pools)
        }
        NeverReason::CapacityEnds { pools: at } => {
            let text = format!("no GPUs are there for as long as it asks{}", sites(at, pools));
            Said::plain("never", text)
        }
    }
}

fn barred(kind: &'static str, text: &str, by: &Barrier, pools: &[Pool]) -> Said {
    let text = format!("{text}{}", sites(&by.pools, pools));
    Said { terms: by.terms.iter().map(TermId::to_string).collect(), ..Said::plain(kind, text) }
}

fn sites(of: &[usize], pools: &[Pool]) -> String {
    let mut names: Vec<&str> = of.iter().map(|&pool| pools[pool].site.as_str()).collect();
    names.dedup();
    if names.is_empty() { String::new() } else { format!(", at {}", names.join(", ")) }
}

/// What is wrong with a job.
fn misconfigured(wrong: Misconfiguration, size: Size, pools: &[Pool]) -> String {
    match wrong {
        Misconfiguration::OutsidePeriod => "it is handed in outside the period".to_owned(),
        Misconfiguration::NoGpus => "it asks for no GPU".to_owned(),
        Misconfiguration::NoRunTime => "it runs for no time".to_owned(),
        Misconfiguration::NoPool => "no site has a type of GPU that it can run on".to_owned(),
        Misconfiguration::TooLarge { pool, largest } => format!(
            "it asks for more GPUs than any site ever has for it: the largest, {}, has {}",
            pools[pool].site,
            grouped(largest)
        ),
        Misconfiguration::TooWide { .. } if size.share().is_some() => {
            "no node of any site with GPUs for it has the processors and memory that it needs"
                .to_owned()
        }
        Misconfiguration::TooWide { pool, largest } => format!(
            "it asks for more GPUs than lie together at any site by what it needs of nodes: the \
             most, at {}, are {}",
            pools[pool].site,
            grouped(largest)
        ),
    }
}

/// A job that asks for what cannot be.
pub(super) struct Refused {
    pub(super) job: u64,
    pub(super) work: String,
    pub(super) size: Size,
    pub(super) why: String,
}

/// The jobs that ask for what cannot be, in order.
pub(super) fn refused(outcomes: &[Outcome], pools: &[Pool], work: &Work<'_>) -> Vec<Refused> {
    let one = |(job, outcome): (&comity_fleet::Job, &Outcome)| match outcome.rest() {
        Outcome::Misconfigured(wrong) => {
            let stream = usize::try_from(job.class).expect("a class is an index of a stream");
            Some(Refused {
                job: job.id,
                work: work.streams[stream].id.to_string(),
                size: job.size,
                why: misconfigured(*wrong, job.size, pools),
            })
        }
        Outcome::Runs(_) | Outcome::Stopped { .. } | Outcome::Waits(_) | Outcome::Never(_) => None,
    };
    work.jobs.iter().zip(outcomes).filter_map(one).collect()
}
