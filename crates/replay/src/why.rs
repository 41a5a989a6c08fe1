//! Why a job stands as it does at a moment, and what would turn what the terms say of it.

use comity_base::{Instant, SiteId};
use comity_fleet::{Fleet, Preempt, Stream};
use comity_placement::{Moment, NeverReason, Outcome, Pool, WaitReason, at};
use comity_terms::{Answer, Change, Deal, Request, Rules, decide, turned_by};

use crate::metering::stream;
use crate::preempts::{asks, is_allowed};
use crate::rulings::request;
use crate::run::{ReplayError, Under, prepare, rules};
use crate::work::Work;

/// How it stands with a job at a moment, by what was known then.
#[derive(Debug, Clone)]
pub struct Why {
    /// How it stands.
    pub moment: Moment,
    /// The pools that it speaks of, by index.
    pub pools: Vec<Pool>,
    /// What would turn the terms that stand in its way, site by site.
    pub turns: Vec<Turn>,
}

/// An act that the terms do not allow for a job at a site, and what would turn that.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The site.
    pub site: SiteId,
    /// What was asked.
    pub request: Request,
    /// The answer.
    pub answer: Answer,
    /// What would turn it, nearest first.
    pub changes: Vec<Change>,
}

/// Why a job stands as it does at an instant, under the same terms, faults and policy as in
/// [`crate::replay`].
///
/// # Errors
/// [`ReplayError`] as [`crate::replay`].
///
/// # Panics
/// When there is no such job.
pub fn why(
    deal: &Deal,
    fleet: &Fleet,
    work: &Work<'_>,
    under: Under,
    job: usize,
    instant: Instant,
) -> Result<Why, ReplayError> {
    let rules = rules(deal, under);
    let prepared = prepare(deal, fleet, work, under);
    let drawn = prepared.drawn(fleet, work);
    let moment = at(&prepared.inputs(work, &drawn)?, job, instant)?;
    let closed = match &moment {
        Moment::NotStarted(outcome) | Moment::Stopped(outcome) => behind(outcome),
        Moment::NotHandedIn | Moment::Running { .. } | Moment::Done => &[],
    };
    let mut sites: Vec<&SiteId> = closed.iter().map(|&pool| &prepared.pools[pool].site).collect();
    sites.dedup();
    let stream = stream(work, work.jobs[job].class);
    let run = |site| turns(&rules, fleet, stream, site, instant, Wants::ToRun);
    let room = |(preempt, pool): (&Preempt, usize)| {
        let site = &prepared.pools[pool].site;
        turns(&rules, fleet, stream, site, instant, Wants::Room(preempt))
    };
    let kept = asks(work).and_then(|preempt| Some((preempt, kept_by_quota(&moment)?)));
    let turns = sites.into_iter().flat_map(run).chain(kept.into_iter().flat_map(room)).collect();
    Ok(Why { moment, pools: prepared.pools, turns })
}

/// The pools where terms stand in the way.
fn behind(outcome: &Outcome) -> &[usize] {
    match outcome {
        Outcome::Stopped { then, .. } => behind(then),
        Outcome::Waits(WaitReason::Condition(barrier) | WaitReason::Undetermined(barrier))
        | Outcome::Never(
            NeverReason::Denied(barrier)
            | NeverReason::OnlySmaller(barrier)
            | NeverReason::TooShort(barrier),
        ) => &barrier.pools,
        Outcome::Runs(_)
        | Outcome::Waits(
            WaitReason::Capacity { .. }
            | WaitReason::Quota { .. }
            | WaitReason::Leased { .. }
            | WaitReason::Opening { .. }
            | WaitReason::TermOpens { .. }
            | WaitReason::Missed { .. },
        )
        | Outcome::Never(NeverReason::CapacityEnds { .. })
        | Outcome::Misconfigured(_) => &[],
    }
}

/// The pool where only its party's quota keeps a job waiting.
fn kept_by_quota(moment: &Moment) -> Option<usize> {
    let (Moment::NotStarted(outcome) | Moment::Stopped(outcome)) = moment else { return None };
    let Outcome::Waits(WaitReason::Quota { pool, .. }) = outcome.rest() else { return None };
    Some(*pool)
}

/// What a job wants to be allowed at a site.
#[derive(Clone, Copy)]
enum Wants<'a> {
    /// To run there.
    ToRun,
    /// That others give way to it.
    Room(&'a Preempt),
}

/// The acts that it takes at a site and that are not allowed, each with what would turn it.
fn turns(
    rules: &Rules<'_>,
    fleet: &Fleet,
    stream: &Stream,
    site: &SiteId,
    at: Instant,
    wants: Wants<'_>,
) -> Vec<Turn> {
    let site = fleet.site(site).expect("pools are made from the sites of the fleet");
    let turn = |act| {
        let request = request(act, at, site, stream);
        let decision = decide(rules, &request);
        let allowed = match wants {
            Wants::ToRun => decision.answer == Answer::Allow,
            Wants::Room(preempt) => is_allowed(rules, &decision, preempt),
        };
        if allowed {
            return None;
        }
        let changes = turned_by(rules, &request, &decision);
        Some(Turn { site: site.id.clone(), request, answer: decision.answer, changes })
    };
    match wants {
        Wants::ToRun => site.acts.iter().chain(&stream.acts).filter_map(turn).collect(),
        Wants::Room(preempt) => preempt.acts.iter().filter_map(turn).collect(),
    }
}
