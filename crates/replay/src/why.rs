//! Why a job stands as it does at a moment, and what would turn what the terms say of it.

use comity_base::{Instant, SiteId};
use comity_fleet::{Fleet, Preempt};
use comity_placement::{Moment, NeverReason, Outcome, Pool, WaitReason, at};
use comity_terms::{Answer, Change, Deal, Request, Rules, decide, turned_by};

use crate::metering::stream;
use crate::preempts::is_allowed;
use crate::rulings::request;
use crate::run::{ReplayError, Under, asks, prepare, rules};
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
    let moment = at(&prepared.inputs(work, &drawn), job, instant)?;
    let closed = match &moment {
        Moment::NotStarted(outcome) | Moment::Stopped(outcome) => behind(outcome),
        Moment::NotHandedIn | Moment::Running { .. } | Moment::Done => &[],
    };
    let mut sites: Vec<&SiteId> = closed.iter().map(|&pool| &prepared.pools[pool].site).collect();
    sites.dedup();
    let class = work.jobs[job].class;
    let turns = sites.into_iter().flat_map(|site| turns(&rules, fleet, work, class, site, instant));
    let kept = asks(work).and_then(|preempt| Some((preempt, kept_by_quota(&moment)?)));
    let kept = kept.into_iter().flat_map(|(preempt, pool)| {
        let site = &prepared.pools[pool].site;
        turns_of_preemption(&rules, fleet, work, class, site, instant, preempt)
    });
    let turns = turns.chain(kept).collect();
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
    let outcome = if let Outcome::Stopped { then, .. } = outcome { then } else { outcome };
    if let Outcome::Waits(WaitReason::Quota { pool, .. }) = outcome { Some(*pool) } else { None }
}

/// The acts that the terms do not allow for others to give way to a job at a site, each with what
/// would turn it.
fn turns_of_preemption(
    rules: &Rules<'_>,
    fleet: &Fleet,
    work: &Work<'_>,
    class: u32,
    site: &SiteId,
    at: Instant,
    preempt: &Preempt,
) -> Vec<Turn> {
    let stream = stream(work, class);
    let site = fleet.site(site).expect("pools are made from the sites of the fleet");
    let turn = |act| {
        let request = request(act, at, site, stream);
        let decision = decide(rules, &request);
        if is_allowed(rules, &decision, preempt) {
            return None;
        }
        let changes = turned_by(rules, &request, &decision);
        Some(Turn { site: site.id.clone(), request, answer: decision.answer, changes })
    };
    preempt.acts.iter().filter_map(turn).collect()
}

/// The acts that a job takes at a site and that are not allowed, each with what would turn it.
fn turns(
    rules: &Rules<'_>,
    fleet: &Fleet,
    work: &Work<'_>,
    class: u32,
    site: &SiteId,
    at: Instant,
) -> Vec<Turn> {
    let stream = stream(work, class);
    let site = fleet.site(site).expect("pools are made from the sites of the fleet");
    let turn = |act| {
        let request = request(act, at, site, stream);
        let decision = decide(rules, &request);
        let changes = turned_by(rules, &request, &decision);
        let answer = decision.answer;
        (answer != Answer::Allow).then(|| Turn { site: site.id.clone(), request, answer, changes })
    };
    site.acts.iter().chain(&stream.acts).filter_map(turn).collect()
}
