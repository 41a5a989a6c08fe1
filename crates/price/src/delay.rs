//! What a first refusal costs in delay: an assumption, as no one says how long a holder is silent.

use std::collections::BTreeSet;

use comity_base::{Instant, Known, PartyId, PlaceId, SiteId, TermId, Window};
use comity_fleet::{Fleet, Phase, Role as SiteRole, Site, Workload};
use comity_replay::Under;
use comity_terms::{
    Cited, Deal, FirstRefusal, Offer, Problem, Provenance, Request, Role, Rules, Status, TermKind,
    decide,
};

/// A deal and its sites, were the holder of a first refusal silent for so many days each time.
#[derive(Debug, Clone)]
pub struct Delayed {
    /// The deal with that many days, and an offer for each site.
    pub deal: Deal,
    /// The sites, opened later.
    pub fleet: Fleet,
    /// Each phase that opens later: the site, when its file says and when it does; nothing where it
    /// would close before that.
    pub moved: Vec<(SiteId, Instant, Option<Instant>)>,
}

/// Delays the sites that a first refusal covers.
///
/// A site is covered where what it takes to be there falls under the right, done by its host for a
/// party that the workload works for. Each of its phases that would open while the right holds is
/// offered on that day, the holder is silent, and the phase opens when the right lapses: at its
/// deadline, counted in the right's own days. The first offer of a site is put on record. `None` where the term is no first refusal.
///
/// # Errors
/// What is wrong with a deal with those offers.
pub fn delayed(
    deal: &Deal,
    fleet: &Fleet,
    workload: &Workload,
    under: Under,
    term: &TermId,
    days: u32,
) -> Result<Option<Delayed>, Vec<Problem>> {
    let mut draft = deal.parts().clone();
    let mut right = None;
    let versions = draft.agreements.iter_mut().flat_map(|agreement| &mut agreement.versions);
    for found in versions.flat_map(|version| &mut version.adds).filter(|it| it.id == *term) {
        if let TermKind::FirstRefusal(it) = &mut found.kind {
            it.election_days = days;
            right = Some((it.clone(), found.position.clone()));
        }
    }
    let Some((right, position)) = right else { return Ok(None) };
    // Who would have to be asked shows where nothing was offered yet.
    draft.record.offers.retain(|offer| offer.term.value != *term);
    let idle = Deal::new(draft.clone())?;
    let rules = idle.rules(Known::ALL);
    let held: Vec<Window> = rules
        .holdings()
        .iter()
        .filter(|holding| &holding.term.id == term)
        .map(|holding| match under {
            Under::TermsOf(at) if holding.window.contains(at) => Window::ALWAYS,
            Under::TermsOf(_) | Under::Calendar => holding.window,
        })
        .collect();
    let mut moved = Vec::new();
    let mut sites = Vec::new();
    for site in fleet.sites() {
        let mut site = site.clone();
        if covered(&rules, &site, workload, under, term) {
            delay(&mut site, &right, &held, &mut moved);
        }
        sites.push(site);
    }
    let mut offered = BTreeSet::new();
    for (site, opens, _) in &moved {
        if !offered.insert(site) {
            continue;
        }
        draft.record.offers.push(Offer {
            term: Cited { value: term.clone(), position: position.clone() },
            place: Some(PlaceId::from(site)),
            content: None,
            price: None,
            sale: None,
            notice: *opens,
            election: None,
            recorded: *opens,
            provenance: assumed(*opens),
            position: position.clone(),
        });
    }
    let fleet =
        Fleet::new(sites).expect("later phases of the same sites add up to no more at once");
    Ok(Some(Delayed { deal: Deal::new(draft)?, fleet, moved }))
}

fn assumed(date: Instant) -> Provenance {
    Provenance {
        phrase: "offered on the day on which it would open".to_owned(),
        source: "none".to_owned(),
        date,
        status: Status::Assumed,
        note: None,
    }
}

/// Whether what a site takes to be there falls under the right.
fn covered(
    rules: &Rules<'_>,
    site: &Site,
    workload: &Workload,
    under: Under,
    term: &TermId,
) -> bool {
    let at = |window: Window| match under {
        Under::TermsOf(at) => at,
        Under::Calendar => window.start(),
    };
    let held = rules.holdings().iter().find(|holding| &holding.term.id == term);
    let Some(at) = held.map(|holding| at(holding.window)) else { return false };
    let users: BTreeSet<&PartyId> = workload.streams.iter().map(|stream| &stream.party).collect();
    users.iter().any(|&user| {
        site.acts.iter().any(|act| {
            let party = match act.by {
                SiteRole::Owner => &site.owner,
                SiteRole::Host => &site.host,
                SiteRole::Operator => &site.operator,
                SiteRole::User => user,
            };
            let request = Request {
                party: party.clone(),
                action: act.action.clone(),
                object: act.object.clone(),
                beneficiary: Some(user.clone()),
                purpose: None,
                place: Some(PlaceId::from(&site.id)),
                amount: None,
                at,
            };
            let decision = decide(rules, &request);
            let refuses = |role: &Role| matches!(role, Role::FirstRefusal(_));
            decision.reasons.iter().any(|it| it.term == term && refuses(&it.role))
        })
    })
}

fn delay(
    site: &mut Site,
    right: &FirstRefusal,
    held: &[Window],
    moved: &mut Vec<(SiteId, Instant, Option<Instant>)>,
) {
    let id = site.id.clone();
    let later = |phase: Phase| {
        let opens = phase.window.start();
        if phase.gpus == 0 || !held.iter().any(|window| window.contains(opens)) {
            return Some(phase);
        }
        let open = right.calendar.deadline(opens, right.election_days);
        let window = Window::new(open, phase.window.end()).ok();
        moved.push((id.clone(), opens, window.map(Window::start)));
        Some(Phase { window: window?, ..phase })
    };
    site.phases = std::mem::take(&mut site.phases).into_iter().filter_map(later).collect();
}
