//! When the terms let a stream's jobs make others give way at a site.

use comity_base::{Instant, TermId, Window};
use comity_fleet::{Preempt, Site, Stream};
use comity_terms::{Answer, Decision, Role, Rules, TermKind, decide};

use crate::rulings::{over_time, request};
use crate::work::Work;

/// How jobs give way, where the terms are asked about it.
pub(crate) fn asks<'a>(work: &Work<'a>) -> Option<&'a Preempt> {
    work.scheduling.map(|it| &it.preempt).filter(|preempt| !preempt.acts.is_empty())
}

/// The windows in which all acts that pre-emption takes are allowed, in order and apart; before the
/// period they are those of its start.
///
/// An act is allowed where the answer is `allow`, or where the only condition in its way is a fact
/// that is given by how jobs are made to give way.
pub(crate) fn preempts(
    rules: &Rules<'_>,
    period: Window,
    site: &Site,
    stream: &Stream,
    preempt: &Preempt,
) -> Vec<Window> {
    let allowed = |at: Instant| {
        preempt.acts.iter().all(|act| {
            let decision = decide(rules, &request(act, at, site, stream));
            is_allowed(rules, &decision, preempt)
        })
    };
    let stretches = over_time(rules, period, allowed).into_iter();
    stretches.filter_map(|(window, allowed)| allowed.then_some(window)).collect()
}

/// Whether an act of pre-emption may be done by an answer, with what is given.
pub(crate) fn is_allowed(rules: &Rules<'_>, decision: &Decision<'_>, preempt: &Preempt) -> bool {
    match decision.answer {
        Answer::Allow => true,
        Answer::Conditional => {
            // Nothing but permissions, of which one is enough.
            let if_met = |role: &Role| matches!(role, Role::PermitsIf(_));
            decision.settling().all(|reason| if_met(&reason.role))
                && decision.settling().any(|reason| meets(rules, reason.term, preempt))
        }
        Answer::Undetermined | Answer::Deny => false,
    }
}

/// Whether what a permission asks for is given.
fn meets(rules: &Rules<'_>, permission: &TermId, preempt: &Preempt) -> bool {
    let terms = rules.holdings().iter().map(|holding| holding.term);
    terms.filter(|term| term.id == *permission).any(|term| {
        let TermKind::Permission(it) = &term.kind else { return false };
        it.condition.as_ref().is_some_and(|condition| preempt.given.contains(&condition.fact))
    })
}
