//! What a first refusal costs in delay: an assumption, as no one says how long a holder is silent.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{Currency, Instant, Known, Money, PartyId, PlaceId, SiteId, TermId, Window};
use comity_fleet::{Fleet, Phase, Role as SiteRole, Site, Workload};
use comity_replay::Under;
use comity_terms::{
    Cited, Deal, Draft, FirstRefusal, Offer, Position, Problem, Provenance, Request, Role, Rules,
    Sale, Status, TermKind, Tree, decide,
};

/// A deal and its sites, were the holder of a first refusal silent for so many days each time.
#[derive(Debug, Clone)]
pub struct Delayed {
    /// The deal with that many days, and an offer of each part that opens later.
    pub deal: Deal,
    /// The sites, opened later.
    pub fleet: Fleet,
    /// Each phase that opens later, by site and time: the site, when its file says and when it does;
    /// nothing where it would close before that.
    pub moved: Vec<Moved>,
}

/// A phase that opens later.
pub type Moved = (SiteId, Instant, Option<Instant>);

/// Delays the sites that a first refusal covers.
///
/// A site is covered where what it takes to be there falls under the right, done by its host for a
/// party that the workload works for. Each of its phases that would open while the right holds is
/// offered on that day, the holder is silent, and the phase opens when the right lapses: at its
/// deadline, counted in the right's own days. Then it is sold inside any sale window, so that the
/// right does not open again.
///
/// What opens at a site on one day is one offer, in place of what was on record for the site. The
/// first is for the site itself, which is what work there asks for. A later one is for a place of
/// its own within the site: for one place the last notice counts, and a notice for the site would
/// open the right again for what stands there already. `None` where the term is no first refusal.
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
    let mut idle = draft.clone();
    idle.record.offers.retain(|offer| offer.term.value != *term);
    let idle = Deal::new(idle)?;
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
    moved.sort_unstable();
    let offering = Offering { term, right: &right, position: &position, fleet };
    offering.on_record(&mut draft, &moved);
    let fleet =
        Fleet::new(sites).expect("later phases of the same sites add up to no more at once");
    Ok(Some(Delayed { deal: Deal::new(draft)?, fleet, moved }))
}

/// The first refusal under which parts of sites are offered.
struct Offering<'a> {
    term: &'a TermId,
    right: &'a FirstRefusal,
    position: &'a Position,
    fleet: &'a Fleet,
}

impl Offering<'_> {
    /// Puts an offer on record for all that opens at a site on a day.
    fn on_record(&self, draft: &mut Draft, moved: &[Moved]) {
        let delayed: BTreeSet<PlaceId> = moved.iter().map(|it| PlaceId::from(&it.0)).collect();
        let of_delayed =
            |place: &Option<PlaceId>| place.as_ref().is_some_and(|place| delayed.contains(place));
        let offers = &mut draft.record.offers;
        offers.retain(|it| it.term.value != *self.term || !of_delayed(&it.place));
        let days: BTreeSet<(&SiteId, Instant)> = moved.iter().map(|it| (&it.0, it.1)).collect();
        let places = &draft.vocabulary.places;
        let mut names: BTreeMap<PlaceId, Option<PlaceId>> =
            places.names().map(|name| (name.clone(), places.outer(name).cloned())).collect();
        let mut last = None;
        for (site, opens) in days {
            let mut place = PlaceId::from(site);
            if last == Some(site) {
                let within = place;
                place = part_of(site, &names);
                names.insert(place.clone(), Some(within));
            }
            last = Some(site);
            let offer = self.offer(site, place, opens, draft.currency);
            draft.record.offers.push(offer);
        }
        draft.vocabulary.places =
            Tree::new(names).expect("a part lies within a site, and nothing within a part");
    }

    /// An offer that nobody answers, and the sale that follows when it has lapsed.
    fn offer(&self, site: &SiteId, place: PlaceId, opens: Instant, currency: Currency) -> Offer {
        let lapses = self.right.calendar.deadline(opens, self.right.election_days);
        let site = self.fleet.site(site).expect("what is delayed is a site of the fleet");
        Offer {
            term: Cited { value: self.term.clone(), position: self.position.clone() },
            place: Some(place),
            content: None,
            // Without a price that was asked, none is below it.
            price: None,
            sale: Some(Sale {
                party: site.host.clone(),
                price: Money::zero(currency),
                at: lapses,
                recorded: lapses,
            }),
            notice: opens,
            election: None,
            recorded: opens,
            provenance: assumed(opens),
            position: self.position.clone(),
        }
    }
}

/// A name for a part of a site that no place has.
fn part_of(site: &SiteId, names: &BTreeMap<PlaceId, Option<PlaceId>>) -> PlaceId {
    // An id has at most 64 letters.
    let stem: String = site.as_str().chars().take(48).collect();
    let parts = (2..).map(|number: u32| format!("{stem}-part-{number}"));
    let mut free = parts
        .map(|name| PlaceId::new(&name).expect("the start of an id and a number are an id"))
        .filter(|place| !names.contains_key(place));
    free.next().expect("there are more numbers than places")
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

fn delay(site: &mut Site, right: &FirstRefusal, held: &[Window], moved: &mut Vec<Moved>) {
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
