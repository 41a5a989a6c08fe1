//! Decisions counted, and those that flip between two replays of the same work.

use std::collections::BTreeSet;

use comity_base::{Instant, SiteId, TermId, Window};
use comity_terms::Answer;

use crate::run::{Replay, StreamAtSite};
use crate::work::Work;

/// How many decisions came out in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionGroup {
    /// The stream, an index into the streams of the work.
    pub stream: usize,
    /// The site.
    pub site: SiteId,
    /// The answer.
    pub answer: Answer,
    /// The terms that settle it.
    pub terms: BTreeSet<TermId>,
    /// How many: one for each job when it is handed in, and for each hour of a service.
    pub count: u64,
}

/// Every decision of a replay in groups: one decision for each job, and each hour of a service,
/// at each site that is open in the period.
#[must_use]
pub fn decisions(replay: &Replay, work: &Work<'_>) -> Vec<DecisionGroup> {
    let asked = asked(work);
    let mut groups: Vec<DecisionGroup> = Vec::new();
    for at_site in &replay.rulings {
        let instants = &asked[at_site.stream];
        for ruling in &at_site.rulings {
            let count = count_in(instants, ruling.window);
            if count == 0 {
                continue;
            }
            groups.push(DecisionGroup {
                stream: at_site.stream,
                site: at_site.site.clone(),
                answer: ruling.answer,
                terms: ruling.terms.clone(),
                count,
            });
        }
    }
    groups
}

/// Decisions whose answer is another in a second replay of the same work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flip {
    /// The stream, an index into the streams of the work.
    pub stream: usize,
    /// The site.
    pub site: SiteId,
    /// The answer in the first replay, and the terms that settle it.
    pub before: (Answer, BTreeSet<TermId>),
    /// The answer in the second.
    pub after: (Answer, BTreeSet<TermId>),
    /// How many decisions.
    pub count: u64,
}

/// Every decision that flips from one replay to another of the same work, in groups; at a site that
/// is open in only one of the two, nothing flips.
#[must_use]
pub fn flips(first: &Replay, second: &Replay, work: &Work<'_>) -> Vec<Flip> {
    let asked = asked(work);
    let mut found: Vec<Flip> = Vec::new();
    for a in &first.rulings {
        let same = |b: &&StreamAtSite| a.stream == b.stream && a.site == b.site;
        let Some(b) = second.rulings.iter().find(same) else { continue };
        for before in &a.rulings {
            for after in b.rulings.iter().filter(|after| after.answer != before.answer) {
                let Some(window) = before.window.intersect(after.window) else { continue };
                let count = count_in(&asked[a.stream], window);
                if count == 0 {
                    continue;
                }
                found.push(Flip {
                    stream: a.stream,
                    site: a.site.clone(),
                    before: (before.answer, before.terms.clone()),
                    after: (after.answer, after.terms.clone()),
                    count,
                });
            }
        }
    }
    found
}

/// For each stream, the instants at which something is decided for it, in order.
fn asked(work: &Work<'_>) -> Vec<Vec<Instant>> {
    let mut asked: Vec<Vec<Instant>> = vec![Vec::new(); work.streams.len()];
    let index = |class: u32| usize::try_from(class).expect("a class is an index of a stream");
    for job in &work.jobs {
        asked[index(job.class)].push(job.submit);
    }
    for service in &work.services {
        let instants = &mut asked[index(service.class)];
        // The regions of a stream have the same hours: an hour is decided once at a site.
        if instants.is_empty() {
            instants.extend(service.traffic.iter().map(|hour| hour.window.start()));
        }
    }
    for instants in &mut asked {
        instants.sort_unstable();
    }
    asked
}

fn count_in(instants: &[Instant], window: Window) -> u64 {
    let before = |end: Instant| instants.partition_point(|&at| at < end);
    u64::try_from(before(window.end()) - before(window.start())).unwrap_or(u64::MAX)
}
