//! What the deal's authors expect of it.

use std::collections::BTreeSet;

use comity_base::{
    ActionId, AgreementId, Instant, Known, ObjectId, PartyId, PlaceId, PurposeId, VersionId,
};
use comity_terms::{
    Answer, Claim, Expectation, ExpectedAnswer, OnlyHolder, Request, Scope, VersionRef,
};

use super::{Context, position};
use crate::node::Node;

/// The words for answers in deal files.
const ANSWERS: [(&str, Answer); 4] = [
    ("allow", Answer::Allow),
    ("deny", Answer::Deny),
    ("conditional", Answer::Conditional),
    ("undetermined", Answer::Undetermined),
];

/// One expectation; `None` when it is not well formed: that was reported.
pub(crate) fn expectation(node: &Node, context: &mut Context<'_>) -> Option<Expectation> {
    let [(key, body)] = node.entries() else { return None };
    let claim = match key.text.as_str() {
        "answer" => Claim::Answer(answer(body)?),
        "only" => Claim::Only(only(body, context)?),
        "no-conflict" => Claim::NoConflict,
        "narrows" => Claim::Narrows(version(body)?),
        "widens" => Claim::Widens(version(body)?),
        "changes-only" => {
            Claim::ChangesOnly { version: version(body)?, within: within(body.get("box")?)? }
        }
        _ => return None,
    };
    Some(Expectation { claim, position: position(key) })
}

fn answer(body: &Node) -> Option<ExpectedAnswer> {
    Some(ExpectedAnswer {
        request: Request {
            party: body.id("party", PartyId::new)?,
            action: body.id("action", ActionId::new)?,
            object: body.id("object", ObjectId::new)?,
            beneficiary: body.id("for", PartyId::new),
            purpose: body.id("purpose", PurposeId::new),
            place: body.id("site", PlaceId::new),
            amount: body.whole("amount"),
            at: body.date("at")?,
        },
        known: body.date("known").map_or(Known::ALL, Known),
        answer: body.word("is", &ANSWERS)?,
    })
}

fn only(body: &Node, context: &mut Context<'_>) -> Option<OnlyHolder> {
    let before = body.date("before")?;
    let from = match body.get("from") {
        Some(place) => {
            let from = body.date("from")?;
            context.ordered(from, &place.place, before, &body.get("before")?.place)?;
            from
        }
        None => Instant::MIN,
    };
    Some(OnlyHolder {
        holder: body.id("holder", PartyId::new)?,
        action: body.id("action", ActionId::new)?,
        object: body.id("object", ObjectId::new)?,
        beneficiary: body.id("for", PartyId::new),
        from,
        before,
    })
}

fn version(body: &Node) -> Option<VersionRef> {
    Some(VersionRef {
        agreement: body.id("agreement", AgreementId::new)?,
        version: body.id("version", VersionId::new)?,
    })
}

fn within(node: &Node) -> Option<Scope> {
    let actions: BTreeSet<ActionId> = node.id_set("action", ActionId::new);
    Some(Scope {
        actor: node.parties("party")?,
        actions,
        objects: node.id_set("object", ObjectId::new),
        beneficiary: node.parties("for")?,
        purposes: node.id_set("purpose", PurposeId::new),
        places: node.id_set("place", PlaceId::new),
    })
}
