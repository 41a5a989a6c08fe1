//! What the terms say of each stream at each site, over time.

use std::collections::BTreeSet;

use comity_base::{Instant, PlaceId, TermId, Window};
use comity_fleet::{Act, Role, Site, Stream};
use comity_placement::{RuledWindow, Ruling};
use comity_terms::{Answer, Request, Rules, decide};

/// An answer for a stream at a site, when it holds and the terms that settle it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteRuling {
    /// When it holds.
    pub window: Window,
    /// The answer: the strictest of those for all acts that the work takes.
    pub answer: Answer,
    /// The terms that settle it; none where they are silent.
    pub terms: BTreeSet<TermId>,
}

/// The answers for a stream at a site over all of time, in order.
///
/// The work takes what the site takes to be there and what the stream takes to run; it may run
/// where all of that may be done. Before the period, the answer is that of its start.
pub(crate) fn rulings(
    rules: &Rules<'_>,
    period: Window,
    site: &Site,
    stream: &Stream,
) -> Vec<SiteRuling> {
    let parts = over_time(rules, period, |instant| at(rules, instant, site, stream));
    let ruling = |(window, (answer, terms))| SiteRuling { window, answer, terms };
    parts.into_iter().map(ruling).collect()
}

/// What the terms come to over all of time, in stretches that are as long as they can be. Before the
/// period it is what they come to at its start.
pub(crate) fn over_time<T: PartialEq>(
    rules: &Rules<'_>,
    period: Window,
    at: impl Fn(Instant) -> T,
) -> Vec<(Window, T)> {
    let from_start = Window::new(period.start(), Instant::MAX).unwrap_or(Window::ALWAYS);
    let mut found: Vec<(Window, T)> = Vec::new();
    for part in from_start.cut(rules.instants()) {
        let it = at(part.start());
        match found.last_mut() {
            Some((window, last)) if *last == it => *window = joined(*window, part),
            Some(_) | None => found.push((part, it)),
        }
    }
    if let Some((first, _)) = found.first_mut() {
        *first = Window::new(Instant::MIN, first.end()).unwrap_or(*first);
    }
    found
}

fn joined(a: Window, b: Window) -> Window {
    Window::new(a.start(), b.end()).expect("the parts of a period follow each other")
}

fn at(rules: &Rules<'_>, at: Instant, site: &Site, stream: &Stream) -> (Answer, BTreeSet<TermId>) {
    let mut strictest = Answer::Allow;
    let mut terms = BTreeSet::new();
    for act in site.acts.iter().chain(&stream.acts) {
        let request = request(act, at, site, stream);
        let decision = decide(rules, &request);
        if decision.answer > strictest {
            strictest = decision.answer;
            terms.clear();
        }
        if decision.answer == strictest {
            terms.extend(decision.settling().map(|reason| reason.term.clone()));
        }
    }
    (strictest, terms)
}

pub(crate) fn request(act: &Act, at: Instant, site: &Site, stream: &Stream) -> Request {
    let party = match act.by {
        Role::Owner => &site.owner,
        Role::Host => &site.host,
        Role::Operator => &site.operator,
        Role::User => &stream.party,
    };
    Request {
        party: party.clone(),
        action: act.action.clone(),
        object: act.object.clone(),
        beneficiary: Some(stream.party.clone()),
        purpose: Some(stream.purpose.clone()),
        place: Some(PlaceId::from(&site.id)),
        amount: None,
        at,
    }
}

/// The same rulings as placement takes them.
pub(crate) fn for_placement(rulings: &[SiteRuling]) -> Vec<RuledWindow> {
    let ruled = |ruling: &SiteRuling| {
        let terms = ruling.terms.iter().cloned().collect();
        let placed = match ruling.answer {
            Answer::Allow => Ruling::Allow,
            Answer::Conditional => Ruling::Conditional { terms },
            Answer::Undetermined => Ruling::Undetermined { terms },
            Answer::Deny => Ruling::Deny { terms },
        };
        RuledWindow { window: ruling.window, ruling: placed }
    };
    rulings.iter().map(ruled).collect()
}
