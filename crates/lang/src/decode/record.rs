//! What happened.

use comity_base::{ActionId, FactId, Instant, ObjectId, PartyId, PlaceId, PurposeId, TermId};
use comity_terms::{
    Consent, Elected, Election, Exercise, FactRecord, Limits, Measure, Offer, Record, Sale,
};

use super::money::dispute;
use super::{Context, provenance};
use crate::diagnostic::Diagnostic;
use crate::node::Node;

/// The record; entries that are not well formed are left out: they were reported.
pub(crate) fn record(node: &Node, context: &mut Context<'_>) -> Option<Record> {
    let items = |key| node.get(key).map_or(&[][..], Node::items);
    Some(Record {
        complete_to: node.date("complete-to")?,
        facts: items("facts").iter().filter_map(fact).collect(),
        measures: items("measures").iter().filter_map(|item| measure(item, context)).collect(),
        offers: items("offers").iter().filter_map(|item| offer(item, context)).collect(),
        exercises: items("exercises").iter().filter_map(exercise).collect(),
        consents: items("consents").iter().filter_map(|item| consent(item, context)).collect(),
        disputes: items("disputes").iter().filter_map(|item| dispute(item, context)).collect(),
    })
}

fn fact(node: &Node) -> Option<FactRecord> {
    Some(FactRecord {
        fact: node.id("fact", FactId::new)?,
        holds: node.truth("holds")?,
        from: node.date("from")?,
        recorded: node.date("recorded")?,
        provenance: provenance(node)?,
        position: node.get("fact")?.place.position.clone(),
    })
}

fn measure(node: &Node, context: &mut Context<'_>) -> Option<Measure> {
    let (counted, total) = (node.whole("counted")?, node.whole("total")?);
    if counted > total
        && let (Some(part), Some(all)) = (node.get("counted"), node.get("total"))
    {
        let title = format!("{counted} counted is more than {total} in total");
        context.report(
            Diagnostic::new(part.place.clone(), title)
                .also(all.place.clone(), "the total")
                .help("what counts is a part of everything"),
        );
    }
    Some(Measure {
        fact: node.id("fact", FactId::new)?,
        counted,
        total,
        from: node.date("from")?,
        recorded: node.date("recorded")?,
        provenance: provenance(node)?,
        position: node.get("fact")?.place.position.clone(),
    })
}

fn sale(node: &Node, context: &mut Context<'_>) -> Option<Sale> {
    Some(Sale {
        party: node.id("party", PartyId::new)?,
        price: context.money(node, "price")?,
        at: node.date("at")?,
        recorded: node.date("recorded")?,
    })
}

/// What the holder elected; `None` when it is there and not well formed.
fn election(
    node: &Node,
    notice: Instant,
    offer: &Node,
    context: &mut Context<'_>,
) -> Option<Elected> {
    let named = [("accepted", Election::Accepted), ("declined", Election::Declined)];
    let said: Vec<(Election, &Node)> =
        named.iter().filter_map(|(key, election)| Some((*election, node.get(key)?))).collect();
    let [(election, when)] = said.as_slice() else {
        let place = said.last().map_or(&node.place, |(_, when)| &when.place);
        let title = "an election needs one of `accepted` and `declined`";
        context.report(Diagnostic::new(place.clone(), title).help("say when the holder did which"));
        return None;
    };
    let at = Instant::parse(when.text()?).ok()?;
    // An election in the instant of the notice is in order.
    if at < notice {
        let title = format!("elected at {at}, before notice was given at {notice}");
        let mut diagnostic = Diagnostic::new(when.place.clone(), title)
            .help(format!("expected {notice} or a later date"));
        if let Some(given) = offer.get("notice") {
            diagnostic = diagnostic.also(given.place.clone(), "notice was given here");
        }
        context.report(diagnostic);
        return None;
    }
    Some(Elected { election: *election, at, recorded: node.date("recorded")? })
}

fn offer(node: &Node, context: &mut Context<'_>) -> Option<Offer> {
    let notice = node.date("notice")?;
    let election = match node.get("election") {
        None => None,
        Some(election) => Some(self::election(election, notice, node, context)?),
    };
    let term = node.cited("term", TermId::new).pop()?;
    Some(Offer {
        position: term.position.clone(),
        term,
        place: node.id("place", PlaceId::new),
        content: node.string("content"),
        price: context.money(node, "price"),
        sale: node.get("sale").and_then(|sale| self::sale(sale, context)),
        notice,
        election,
        recorded: node.date("recorded")?,
        provenance: provenance(node)?,
    })
}

fn exercise(node: &Node) -> Option<Exercise> {
    let option = node.cited("option", TermId::new).pop()?;
    Some(Exercise {
        position: option.position.clone(),
        option,
        by: node.id("by", PartyId::new)?,
        on: node.date("on")?,
        recorded: node.date("recorded")?,
        provenance: provenance(node)?,
    })
}

fn consent(node: &Node, context: &mut Context<'_>) -> Option<Consent> {
    Some(Consent {
        id: node.id("id", TermId::new)?,
        by: node.id("by", PartyId::new)?,
        to: node.cited("term", TermId::new).pop()?,
        actor: node.parties("actor")?,
        limits: Limits {
            actions: node.id_set("action", ActionId::new),
            objects: node.id_set("object", ObjectId::new),
            beneficiary: node.parties("for")?,
            purposes: node.id_set("purpose", PurposeId::new),
            places: node.id_set("place", PlaceId::new),
        },
        window: context.window(node)?,
        recorded: node.date("recorded")?,
        provenance: provenance(node)?,
        position: node.get("id")?.place.position.clone(),
    })
}
