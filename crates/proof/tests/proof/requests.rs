//! Every request of the vocabulary of random deals, and what their terms come to.

use std::collections::BTreeSet;

use comity_base::{Instant, PartyId, PlaceId, PurposeId, TermId};
use comity_proof::{Extent, Values};
use comity_terms::{Deal, Request};

use crate::common::build::{
    ACTIONS, OBJECTS, PARTIES, PLACES, PURPOSES, action, object, party, place, purpose,
};

/// Every request that leaves nothing out.
pub(crate) fn requests(at: Instant) -> Vec<Request> {
    let mut all = Vec::new();
    for (actor, whom) in PARTIES.iter().flat_map(|a| PARTIES.iter().map(move |b| (a, b))) {
        for (act, (what, _)) in ACTIONS.iter().flat_map(|a| OBJECTS.iter().map(move |b| (a, b))) {
            for ((why, _), (site, _)) in
                PURPOSES.iter().flat_map(|a| PLACES.iter().map(move |b| (a, b)))
            {
                all.push(Request {
                    party: party(actor),
                    action: action(act),
                    object: object(what),
                    beneficiary: Some(party(whom)),
                    purpose: Some(purpose(why)),
                    place: Some(place(site)),
                    amount: None,
                    at,
                });
            }
        }
    }
    all
}

/// Whether a request that leaves nothing out lies in a box.
pub(crate) fn lies_in(extent: &Extent, request: &Request) -> bool {
    let has = |values: &Values, name: Option<&str>| name.is_some_and(|it| values.contains(it));
    extent.party.contains(request.party.as_str())
        && extent.action.contains(request.action.as_str())
        && extent.object.contains(request.object.as_str())
        && has(&extent.beneficiary, request.beneficiary.as_ref().map(PartyId::as_str))
        && has(&extent.purpose, request.purpose.as_ref().map(PurposeId::as_str))
        && has(&extent.place, request.place.as_ref().map(PlaceId::as_str))
}

/// The terms that were annulled or corrected: that they never hold is meant.
pub(crate) fn undone(deal: &Deal) -> BTreeSet<&TermId> {
    let changes = deal.versions().map(|(_, version)| &version.changes);
    let gone = changes.flat_map(|it| it.annuls.iter().chain(it.corrects.iter().map(|it| &it.term)));
    gone.map(|it| &it.value).collect()
}
