//! Feeds: how the usage records of others are read.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{GpuTypeId, Meter, ObjectId, PartyId, Rounding, SiteId};
use comity_ingest::{Feed, Format, Naming, NodeGroup, Unit, Zone};

use super::{Context, word};
use crate::diagnostic::{Diagnostic, quoted};
use crate::node::{Key, Node};

/// A feed; what is not well formed in it is left out: it was reported.
pub(crate) fn feed(key: &Key, node: &Node, context: &mut Context<'_>) -> Option<Feed> {
    let format = node.word("format", &Format::NAMED)?;
    let texts = |key: &str| -> Vec<String> {
        let items = node.get(key).map_or(&[][..], Node::items);
        items.iter().filter_map(|item| item.text().map(str::to_owned)).collect()
    };
    let nodes = nodes(node, context);
    if let Some(list) = node.get("nodes").filter(|_| format != Format::Sacct) {
        context.report(
            Diagnostic::new(list.place.clone(), "`nodes` in a feed that is no `sacct` dump")
                .help("only the jobs of `sacct` name nodes; name sites with `site`"),
        );
    }
    Some(Feed {
        id: key.text.clone(),
        format,
        source: node.string("source"),
        zone: zone(node, context),
        identity: texts("id"),
        buyer: naming(node, "buyer", |text| PartyId::new(text).ok()),
        seller: naming(node, "seller", |text| PartyId::new(text).ok()),
        object: naming(node, "object", |text| ObjectId::new(text).ok()),
        site: naming(node, "site", |text| SiteId::new(text).ok()),
        gpu: naming(node, "gpu", |text| GpuTypeId::new(text).ok()),
        meter: naming(node, "meter", |text| word(&Meter::NAMED, text)),
        unit: naming(node, "unit", Unit::named),
        quantity: node.string("quantity"),
        start: node.string("start"),
        end: node.string("end"),
        round: node.word("round", &Rounding::NAMED),
        nodes,
    })
}

fn zone(node: &Node, context: &mut Context<'_>) -> Option<Zone> {
    let zone = node.get("zone")?;
    let text = zone.text()?;
    let found = Zone::named(text);
    if found.is_none() {
        let title = format!("unknown time zone `{}`", quoted(text));
        context.report(Diagnostic::new(zone.place.clone(), title).help(
            "expected a name of the IANA time zone database, such as `Europe/Helsinki`, or `UTC`",
        ));
    }
    found
}

fn naming<T>(node: &Node, key: &str, name: impl Fn(&str) -> Option<T>) -> Option<Naming<T>> {
    let node = node.get(key)?;
    let pair = |(key, value): &(Key, Node)| Some((key.text.clone(), name(value.text()?)?));
    let names: BTreeMap<String, T> =
        node.get("names").map_or(&[][..], Node::entries).iter().filter_map(pair).collect();
    let otherwise = node.get("otherwise").and_then(Node::text).and_then(&name);
    Some(Naming { by: node.string("by"), names, otherwise })
}

/// The groups of nodes; a node is in one of them only.
fn nodes(node: &Node, context: &mut Context<'_>) -> Vec<NodeGroup> {
    let mut groups = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for item in node.get("nodes").map_or(&[][..], Node::items) {
        let Some((list, text)) = item.get("nodes").and_then(|list| Some((list, list.text()?)))
        else {
            continue;
        };
        let Some(nodes) = comity_ingest::nodes(text) else {
            let title = format!("`{}` is not a list of nodes", quoted(text));
            context.report(
                Diagnostic::new(list.place.clone(), title)
                    .help("expected names such as `gpu[01-16]` or `gpu01,gpu02`"),
            );
            continue;
        };
        if let Some(again) = nodes.iter().find(|name| seen.contains(*name)) {
            let title = format!("node `{again}` is in an earlier group as well");
            context.report(Diagnostic::new(list.place.clone(), title));
        }
        seen.extend(nodes.iter().cloned());
        groups.push(NodeGroup {
            nodes,
            site: item.id("site", SiteId::new),
            seller: item.id("seller", PartyId::new),
            gpu: item.id("gpu", GpuTypeId::new),
            gpus: item.whole("gpus"),
        });
    }
    groups
}
