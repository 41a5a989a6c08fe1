//! The machines of a site: how they stand and fail, and when they are out by plan.

use comity_base::Window;
use comity_fleet::{Before, Capacity, FaultModel, Maintenance, Need, Nodes, Phase, Quantile, Span};

use super::work::quantiles;
use super::{Context, source, whole};
use crate::diagnostic::Diagnostic;
use crate::node::{Key, Node};

/// The most faults of a node in a year: one about every five minutes of service.
const PER_NODE_YEAR_MOST: u64 = 100_000;

/// How a site's machines stand; reports phases that do not open whole nodes, and a site without
/// a node.
pub(super) fn nodes(
    key: &Key,
    site: &Node,
    phases: &[Phase],
    context: &mut Context<'_>,
) -> Option<Nodes> {
    let node = site.get("nodes")?;
    let per_node = node.get("gpus-per-node")?;
    let gpus_per_node: u32 = whole(per_node).filter(|&gpus| gpus > 0)?;
    for phase in site.get("phases").map_or(&[][..], Node::items) {
        let Some(gpus) = phase.get("gpus") else { continue };
        let Some(count) = whole::<u32>(gpus) else { continue };
        let over = count % gpus_per_node;
        if over > 0 {
            let title = format!("{count} GPUs are not whole nodes of {gpus_per_node}");
            let (below, above) = (count - over, count.saturating_add(gpus_per_node - over));
            let help = match below {
                0 => format!("the nearest number that is: {above}"),
                _ => format!("the nearest numbers that are: {below} and {above}"),
            };
            context.report(
                Diagnostic::new(gpus.place.clone(), title)
                    .also(per_node.place.clone(), "the GPUs in one node")
                    .help(help),
            );
        }
    }
    if all_read(site, phases) && phases.iter().all(|phase| phase.gpus == 0) {
        let title = format!("site `{}` has no node: its phases open no GPU", key.text);
        context.report(
            Diagnostic::new(node.place.clone(), title)
                .help("say in `phases` how many GPUs open, or leave `nodes` out"),
        );
    }
    too_many(node, phases, context);
    Some(Nodes {
        gpus_per_node,
        nodes_per_rack: node.whole("nodes-per-rack").unwrap_or(1),
        racks_per_hall: node.whole("racks-per-hall"),
        cpu_milli: node.whole::<u64>("cpu-cores").map(|cores| cores * 1_000),
        memory_mib: node.whole::<u64>("memory-gib").map(|gib| gib * 1_024),
    })
}

/// Reports a site with more GPUs than nodes are kept track of.
fn too_many(nodes: &Node, phases: &[Phase], context: &mut Context<'_>) {
    // A site with more than 4 billion GPUs is reported where it is read.
    let levels = phases.iter().map(|phase| (phase.window, phase.gpus));
    let Ok(capacity) = Capacity::sum(levels) else { return };
    let most = capacity.most_in(Window::ALWAYS);
    if most > Nodes::GPUS_MOST {
        let title =
            format!("nodes of {most} GPUs, and at most {} are told apart", Nodes::GPUS_MOST);
        context.report(
            Diagnostic::new(nodes.place.clone(), title)
                .help("make sites of its parts, or leave `nodes` out"),
        );
    }
}

/// What a job needs of nodes.
pub(super) fn need(node: &Node) -> Need {
    Need {
        span: node.word("span", &Span::NAMED).unwrap_or_default(),
        cpu_milli_per_gpu: node.whole::<u64>("cpu-cores-per-gpu").map_or(0, |it| it * 1_000),
        memory_mib_per_gpu: node.whole::<u64>("memory-gib-per-gpu").map_or(0, |it| it * 1_024),
    }
}

/// Reports shares of GPUs where backfill goes by whole ones, and how a node is chosen where every job
/// goes by counts.
pub(super) fn by_count(workload: &Node, context: &mut Context<'_>) {
    let Some(scheduling) = workload.get("scheduling") else { return };
    let streams = workload.get("streams").map_or(&[][..], Node::entries);
    let jobs = streams.iter().filter_map(|(_, stream)| stream.get("jobs"));
    let needs = jobs.clone().filter_map(|jobs| jobs.get("needs"));
    let shares = jobs.filter_map(first_share);
    // A trace may bring shares.
    let on_nodes = needs.chain(shares.clone()).chain(workload.get("trace-jobs"));
    if let Some(policy) = scheduling.get("node-policy").filter(|_| on_nodes.count() == 0) {
        let title =
            "`node-policy`, and no stream has shares of a GPU or says what it needs of nodes";
        context.report(
            Diagnostic::new(policy.place.clone(), title).help(
                "say it in `jobs`, such as `needs: {span: node}`, or leave `node-policy` out",
            ),
        );
    }
    let said = scheduling.get("backfill");
    let Some(said) = said.filter(|it| it.text() == Some("conservative")) else { return };
    for share in shares {
        let title = "a share of a GPU under conservative backfill, which goes by whole GPUs";
        context.report(
            Diagnostic::new(share.place.clone(), title)
                .also(said.place.clone(), "backfill is set here")
                .help("take `backfill: easy` or `first-fit`, or give whole GPUs"),
        );
    }
}

/// Where jobs first say that they have a share of a GPU.
pub(crate) fn first_share(jobs: &Node) -> Option<&Node> {
    let share = |size: &&Node| size.size("gpus").is_some_and(|it| it.share().is_some());
    jobs.get("sizes")?.items().iter().find(share)?.get("gpus")
}

/// Whether no phase was left out; those that could not be read were reported.
fn all_read(site: &Node, phases: &[Phase]) -> bool {
    site.get("phases").is_some_and(|all| all.items().len() == phases.len())
}

/// How a site's nodes fail; reports a rate that is no rate, and faults of a site without nodes.
pub(super) fn faults(site: &Node, context: &mut Context<'_>) -> Option<FaultModel> {
    let (key, node) = site.entries().iter().find(|(key, _)| key.text == "faults")?;
    if site.get("nodes").is_none() {
        context.report(
            Diagnostic::new(key.place.clone(), "faults are of nodes, and the site has none")
                .help("say how its machines stand, such as `nodes: {gpus-per-node: 8}`"),
        );
    }
    let per_node_year_millionths = per_node_year(node, context);
    let outage: Option<Vec<Quantile>> = quantiles(node, "outage", context);
    Some(FaultModel {
        per_node_year_millionths: per_node_year_millionths?,
        outage: outage?,
        source: source(node)?,
    })
}

fn per_node_year(node: &Node, context: &mut Context<'_>) -> Option<u64> {
    let rate = node.get("per-node-year")?;
    // One below zero was reported.
    let stated = node.decimal("per-node-year").filter(|rate| !rate.is_negative())?;
    let millionths = stated.at_scale(6).and_then(|rate| u64::try_from(rate).ok());
    let millionths = millionths.filter(|&rate| rate > 0 && rate <= PER_NODE_YEAR_MOST * 1_000_000);
    if millionths.is_none() {
        let title = format!(
            "expected faults a year from 0.000001 to {PER_NODE_YEAR_MOST}, found {}",
            rate.describe()
        );
        context.report(Diagnostic::new(rate.place.clone(), title).help(
            "give at most six digits behind the point; leave `faults` out where nothing fails",
        ));
    }
    millionths
}

/// When a site or halls of it are out; windows that are not well formed are left out: they were
/// reported, as is a hall that the site does not have.
pub(super) fn maintenance(
    site: &Node,
    nodes: Option<&Nodes>,
    phases: &[Phase],
    context: &mut Context<'_>,
) -> Vec<Maintenance> {
    // What of nodes or phases could not be read was reported.
    let read = all_read(site, phases) && nodes.is_some() == site.get("nodes").is_some();
    let halls = if read { nodes.map_or(1, |nodes| halls(nodes, phases)) } else { u64::MAX };
    let mut window = |item: &Node| {
        let halls_node = item.get("halls");
        let listed = halls_node.map_or(&[][..], Node::items);
        if let Some(place) = halls_node.filter(|_| listed.is_empty()).map(|it| it.place.clone()) {
            context.report(
                Diagnostic::new(place, "no halls")
                    .help("list at least one, or leave `halls` out for the whole site"),
            );
        }
        for hall in listed {
            if whole(hall).is_some_and(|number: u64| number > halls) {
                let had = if halls == 1 { "one hall".to_owned() } else { format!("{halls} halls") };
                let title = format!("no hall {}: the site has {had}", hall.describe());
                context.report(
                    Diagnostic::new(hall.place.clone(), title).help(
                        "`nodes-per-rack` and `racks-per-hall` say how many GPUs fill a hall",
                    ),
                );
            }
        }
        Some(Maintenance {
            window: context.window(item)?,
            halls: listed.iter().filter_map(whole).collect(),
            before: item.word("before", &Before::NAMED).unwrap_or_default(),
            source: source(item)?,
        })
    };
    let items = site.get("maintenance").map_or(&[][..], Node::items);
    items.iter().filter_map(&mut window).collect()
}

/// How many halls the nodes of all phases fill.
fn halls(nodes: &Nodes, phases: &[Phase]) -> u64 {
    let Some(racks_per_hall) = nodes.racks_per_hall else { return 1 };
    let gpus: u64 = phases.iter().map(|phase| u64::from(phase.gpus)).sum();
    let in_rack = u64::from(nodes.gpus_per_node) * u64::from(nodes.nodes_per_rack);
    gpus.div_ceil(in_rack.max(1)).div_ceil(u64::from(racks_per_hall.max(1))).max(1)
}
