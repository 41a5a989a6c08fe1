//! Versions of agreements and their terms.

use comity_base::{
    ActionId, AgreementId, Calendar, FactId, Instant, ObjectId, PartyId, PlaceId, PurposeId,
    TermId, VersionId,
};
use comity_terms::{
    CapacityTerm, CapitalCommitment, Changes, Condition, Duty, Equity, Exclusivity, Extension,
    FirstRefusal, Governance, Guarantee, Guard, OptionRight, Parties, Permission, Prohibition,
    RatioTest, Replacement, Scope, Suspension, TechnologyPartner, Term, TermKind, Version,
};

use super::{Context, position, provenance};
use crate::diagnostic::{Diagnostic, Place};
use crate::node::{Key, Node};

/// A version with what its file says of its agreement.
pub(crate) struct VersionFile {
    pub(crate) agreement: AgreementId,
    pub(crate) name: String,
    pub(crate) parties: Vec<PartyId>,
    pub(crate) version: Version,
    pub(crate) place: Place,
}

/// A version of an agreement. A term that is not well formed is left out: it was reported.
pub(crate) fn version(node: &Node, context: &mut Context<'_>) -> Option<VersionFile> {
    let place = node.get("version")?.place.clone();
    let effective_node = node.get("effective")?;
    let effective = context.window(effective_node)?;
    let begins = Begins { at: effective.start(), place: &effective_node.get("from")?.place };
    let mut adds = Vec::new();
    for item in node.get("adds").map_or(&[][..], Node::items) {
        if let [(key, body)] = item.entries() {
            adds.extend(term(key, body, &begins, context));
        }
    }
    let replaces = node.get("replaces").map_or(&[][..], Node::items);
    Some(VersionFile {
        agreement: node.id("agreement", AgreementId::new)?,
        name: node.string("name")?,
        parties: node.ids("parties", PartyId::new),
        version: Version {
            id: node.id("version", VersionId::new)?,
            executed: node.date("executed")?,
            effective,
            recorded: node.date("recorded")?,
            adds,
            replaces: replaces.iter().filter_map(replacement).collect(),
            ends: node.cited("ends", TermId::new),
            changes: changes(node, context),
            position: place.position.clone(),
        },
        place,
    })
}

/// From when a version holds, and where its file says so.
struct Begins<'a> {
    at: Instant,
    place: &'a Place,
}

fn changes(node: &Node, context: &mut Context<'_>) -> Changes {
    let items = |key| node.get(key).map_or(&[][..], Node::items);
    let mut changes = Changes { annuls: node.cited("annuls", TermId::new), ..Changes::default() };
    for item in items("suspends") {
        let window = context.window(item);
        if let (Some(term), Some(window)) = (item.cited("term", TermId::new).pop(), window) {
            changes.suspends.push(Suspension { term, window });
        }
    }
    for item in items("extends") {
        if let (Some(term), Some(to)) = (item.cited("term", TermId::new).pop(), item.date("to")) {
            changes.extends.push(Extension { term, to });
        }
    }
    changes.corrects = items("corrects").iter().filter_map(replacement).collect();
    changes
}

fn replacement(item: &Node) -> Option<Replacement> {
    let term = item.cited("term", TermId::new).pop()?;
    Some(Replacement { term, by: item.cited("by", TermId::new) })
}

/// A way to count days; reports a zone that there is not.
pub(crate) fn calendar(body: &Node, context: &mut Context<'_>) -> Option<Calendar> {
    let business = body.get("days").and_then(Node::text) == Some("business");
    let zone = body.get("zone").and_then(|zone| Some((zone, zone.text()?)));
    let holidays = body.get("holidays").map_or(&[][..], Node::items).iter();
    let holidays = holidays.filter_map(|item| Instant::parse(item.text()?).ok());
    match Calendar::new(zone.map_or("UTC", |(_, text)| text), business) {
        Ok(calendar) => Some(calendar.without(holidays)),
        Err(error) => {
            if let Some((zone, _)) = zone {
                context.report(Diagnostic::new(zone.place.clone(), error.to_string()));
            }
            None
        }
    }
}

/// In which days a term counts: by the calendar that it names, or as it says itself.
fn counting(body: &Node, context: &mut Context<'_>) -> Option<Calendar> {
    let Some(named) = body.get("calendar") else { return calendar(body, context) };
    for own in ["zone", "days"].iter().filter_map(|key| body.get(key)) {
        context.report(
            Diagnostic::new(own.place.clone(), "days are counted in two ways")
                .also(named.place.clone(), "the calendar has a zone and days of its own")
                .help("keep one of the two: `calendar`, or `zone` and `days`"),
        );
    }
    // A name that there is not was reported.
    context.calendars.get(named.text()?).cloned()
}

fn term(key: &Key, body: &Node, begins: &Begins<'_>, context: &mut Context<'_>) -> Option<Term> {
    let from = body.date("from");
    let to = body.date("to");
    if let (Some(end), Some(place)) = (to, body.get("to").map(|to| &to.place)) {
        let own = from.zip(body.get("from").map(|from| &from.place));
        let (start, start_place) =
            own.filter(|(from, _)| *from > begins.at).unwrap_or((begins.at, begins.place));
        context.ordered(start, start_place, end, place)?;
    }
    let guard = |(key, value): &(Key, Node)| {
        let holds = crate::shape::truth(value.text()?)?;
        Some(Guard { fact: FactId::new(&key.text).ok()?, holds })
    };
    let guards = body.get("when").map_or(&[][..], Node::entries).iter().filter_map(guard).collect();
    Some(Term {
        id: body.id("id", TermId::new)?,
        kind: kind(&key.text, body, context)?,
        from,
        to,
        survives: body.truth("survives").unwrap_or(false),
        guards,
        overrides: body.cited("overrides", TermId::new),
        provenance: provenance(body)?,
        position: position(key),
    })
}

fn kind(name: &str, body: &Node, context: &mut Context<'_>) -> Option<TermKind> {
    let party = |key| body.id(key, PartyId::new);
    Some(match name {
        "exclusivity" => TermKind::Exclusivity(Exclusivity {
            holder: party("holder")?,
            grantor: party("grantor")?,
            grantor_excluded: body.truth("grantor-excluded")?,
            scope: scope(body)?,
        }),
        "permission" => TermKind::Permission(Permission {
            grantor: party("grantor")?,
            scope: scope(body)?,
            condition: body.get("condition").and_then(|node| condition(node, context)),
        }),
        "prohibition" => TermKind::Prohibition(Prohibition {
            bound: party("bound")?,
            owed_to: party("owed-to")?,
            scope: scope(body)?,
        }),
        "first-refusal" => TermKind::FirstRefusal(FirstRefusal {
            holder: party("holder")?,
            grantor: party("grantor")?,
            scope: scope(body)?,
            election_days: body.whole("election-days")?,
            calendar: counting(body, context)?,
            sale_window_days: body.whole("sale-window-days"),
        }),
        "option" => TermKind::Option(OptionRight {
            holder: party("holder")?,
            grantor: party("grantor")?,
            brings: body.cited("brings", TermId::new),
            notice_days: body.whole("notice-days").unwrap_or(0),
            calendar: counting(body, context)?,
        }),
        "guarantee" => TermKind::Guarantee(Guarantee {
            guarantor: party("guarantor")?,
            debtor: party("debtor")?,
            beneficiary: party("beneficiary")?,
            secures: body.cited("secures", TermId::new),
            limit: context.money(body, "limit"),
        }),
        "duty" => TermKind::Duty(Duty {
            bound: party("bound")?,
            owed_to: party("owed-to")?,
            text: body.string("text")?,
        }),
        "clause" => TermKind::Clause(scope(body).filter(|scope| !scope.actions.is_empty())),
        _ => {
            return super::money::term(name, body, context)
                .or_else(|| venture(name, body, context));
        }
    })
}

fn venture(name: &str, body: &Node, context: &mut Context<'_>) -> Option<TermKind> {
    let party = |key| body.id(key, PartyId::new);
    Some(match name {
        "equity" => TermKind::Equity(Equity {
            holder: party("holder")?,
            company: party("company")?,
            share: body.share("share"),
            amount: context.money(body, "amount"),
        }),
        "capital-commitment" => TermKind::CapitalCommitment(CapitalCommitment {
            investor: party("investor"),
            company: party("company")?,
            amount: context.money(body, "amount")?,
        }),
        "governance" => TermKind::Governance(Governance {
            company: party("company")?,
            office: body.id("office", ObjectId::new)?,
            held_by: body.ids("held-by", PartyId::new),
        }),
        "technology-partner" => TermKind::TechnologyPartner(TechnologyPartner {
            party: party("party")?,
            company: party("company")?,
            funds: body.truth("funds")?,
        }),
        "capacity" => TermKind::Capacity(CapacityTerm {
            provider: party("provider")?,
            user: party("user")?,
            power_kw: context.power_kw(body, "power-mw")?,
        }),
        _ => return None,
    })
}

fn scope(body: &Node) -> Option<Scope> {
    Some(Scope {
        actor: body.parties("actor").unwrap_or(Parties::Any),
        actions: body.id_set("action", ActionId::new),
        objects: body.id_set("object", ObjectId::new),
        beneficiary: body.parties("for")?,
        purposes: body.id_set("purpose", PurposeId::new),
        places: body.id_set("place", PlaceId::new),
    })
}

fn condition(node: &Node, context: &mut Context<'_>) -> Option<Condition> {
    let ratio = match node.get("ratio") {
        Some(ratio) => Some(self::ratio(ratio, context)?),
        None => None,
    };
    Some(Condition { fact: node.id("fact", FactId::new)?, text: node.string("text")?, ratio })
}

fn ratio(node: &Node, context: &mut Context<'_>) -> Option<RatioTest> {
    let (at_least, more_than) = (node.get("at-least"), node.get("more-than"));
    if at_least.is_some() == more_than.is_some() {
        let place = node.entries().first().map_or(&node.place, |(key, _)| &key.place);
        let title = "a ratio needs one of `at-least` and `more-than`";
        let diagnostic = Diagnostic::new(place.clone(), title);
        context.report(match more_than {
            Some(more_than) => diagnostic
                .also(more_than.place.clone(), "this is one of the two")
                .help("remove one: whether the threshold itself is enough must be clear"),
            None => diagnostic.help("say from which part on the condition is met"),
        });
    }
    Some(RatioTest {
        counted: node.id_set("counts", PurposeId::new),
        threshold: node.share("more-than").or_else(|| node.share("at-least"))?,
        more_than: more_than.is_some(),
        unit: node.string("unit")?,
    })
}
