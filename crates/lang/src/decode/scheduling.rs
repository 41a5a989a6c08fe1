//! How jobs are scheduled, what parties are due at a site, and what is kept for them.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{FactId, GpuTypeId, Instant, PartyId, Window};
use comity_fleet::{
    Backfill, Capacity, Checkpoint, NodePolicy, Order, Phase, Preempt, Quota, Reservation,
    Scheduling, SitePolicy,
};

use super::work::acts;
use super::{Context, source, whole};
use crate::diagnostic::Diagnostic;
use crate::node::Node;

const SECONDS_PER_MINUTE: u32 = 60;
const SECONDS_PER_HOUR: u32 = 3_600;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OrderWord {
    Arrival,
    Priority,
    FairShare,
}

const ORDERS: [(&str, OrderWord); 3] = [
    ("arrival", OrderWord::Arrival),
    ("priority", OrderWord::Priority),
    ("fair-share", OrderWord::FairShare),
];

/// How jobs are scheduled; reports what is said of a fair share where nothing goes by it.
pub(super) fn scheduling(node: &Node, context: &mut Context<'_>) -> Option<Scheduling> {
    let order = order(node, context);
    let id = |text: &str| PartyId::new(text).ok();
    let entries = node.get("shares").map_or(&[][..], Node::entries);
    let shares = entries.iter().filter_map(|(key, value)| Some((id(&key.text)?, whole(value)?)));
    let shares: BTreeMap<PartyId, u32> = shares.collect();
    let preempt = node.get("preempt").map_or_else(Preempt::default, |it| preempt(it, context));
    Some(Scheduling {
        backfill: node.word("backfill", &Backfill::NAMED).unwrap_or(Backfill::Easy),
        order: order?,
        shares,
        preempt,
        site_policy: node.word("site-policy", &SitePolicy::NAMED).unwrap_or_default(),
        node_policy: node.word("node-policy", &NodePolicy::NAMED).unwrap_or_default(),
        source: source(node)?,
    })
}

fn order(node: &Node, context: &mut Context<'_>) -> Option<Order> {
    let word = match node.get("order") {
        Some(_) => node.word("order", &ORDERS)?,
        None => OrderWord::Arrival,
    };
    if word != OrderWord::FairShare {
        for key in ["half-life-hours", "shares"] {
            if let Some(said) = node.get(key) {
                let title = format!("`{key}` without a fair share");
                context.report(
                    Diagnostic::new(said.place.clone(), title)
                        .help("it counts where jobs go by `order: fair-share`"),
                );
            }
        }
    }
    match word {
        OrderWord::Arrival => Some(Order::Arrival),
        OrderWord::Priority => Some(Order::Priority),
        OrderWord::FairShare => {
            let Some(_) = node.get("half-life-hours") else {
                let place = node.get("order")?.place.clone();
                context
                    .report(Diagnostic::new(place, "a fair share without `half-life-hours`").help(
                        "say after how long use counts half, such as `half-life-hours: 168`",
                    ));
                return None;
            };
            let hours: u32 = node.whole("half-life-hours").filter(|&hours| hours > 0)?;
            Some(Order::FairShare { half_life_seconds: hours.checked_mul(SECONDS_PER_HOUR)? })
        }
    }
}

fn preempt(node: &Node, context: &mut Context<'_>) -> Preempt {
    let truth = |key| node.truth(key).unwrap_or(false);
    let (priority, reclaim) = (truth("priority"), truth("reclaim"));
    if let Some(grace) = node.get("grace-minutes").filter(|_| !priority && !reclaim) {
        context.report(
            Diagnostic::new(grace.place.clone(), "`grace-minutes`, and nobody gives way")
                .help("say `priority: true` or `reclaim: true`, or leave `preempt` out"),
        );
    }
    for key in ["acts", "given"] {
        if let Some(said) = node.get(key).filter(|_| !priority && !reclaim) {
            let title = format!("`{key}`, and nobody gives way");
            context.report(
                Diagnostic::new(said.place.clone(), title)
                    .help("say `priority: true` or `reclaim: true`, or leave `preempt` out"),
            );
        }
    }
    let (acts, given) = (acts(node), node.ids("given", FactId::new));
    if let Some(said) = node.get("given").filter(|_| acts.is_empty()) {
        context.report(
            Diagnostic::new(said.place.clone(), "`given`, and the terms are asked for nothing")
                .help("say in `acts` what they must allow, or leave `given` out"),
        );
    }
    let grace: u32 = node.whole("grace-minutes").unwrap_or_default();
    let grace_seconds = grace.saturating_mul(SECONDS_PER_MINUTE);
    Preempt { priority, reclaim, grace_seconds, acts, given: given.into_iter().collect() }
}

/// How the work of a stream's jobs is saved.
pub(super) fn checkpoint(node: &Node) -> Option<Checkpoint> {
    let node = node.get("checkpoint")?;
    let seconds = |key| node.whole::<u32>(key)?.checked_mul(SECONDS_PER_MINUTE);
    let every_seconds = seconds("every-minutes").filter(|&seconds| seconds > 0)?;
    Some(Checkpoint { every_seconds, restart_seconds: seconds("restart-minutes")? })
}

/// What parties are due of a site; reports a party that is due twice at one time, limits that mean
/// nothing, and more than the site has.
pub(super) fn quotas(site: &Node, phases: &[Phase], context: &mut Context<'_>) -> Vec<Quota> {
    let items = site.get("quotas").map_or(&[][..], Node::items);
    let mut found: Vec<(Quota, &Node)> = Vec::new();
    for item in items {
        let Some(quota) = quota(item, context) else { continue };
        let same = found.iter().find(|(other, _)| {
            other.party == quota.party && other.window.intersect(quota.window).is_some()
        });
        if let Some((_, other)) = same {
            let title = format!("`{}` has two quotas at this site at one time", quota.party);
            context.report(
                Diagnostic::new(item.place.clone(), title)
                    .also(other.place.clone(), "the other one")
                    .help("add them up, or end one with `to` before the other begins"),
            );
        }
        found.push((quota, item));
    }
    let claims: Vec<Claim<'_>> = found
        .iter()
        .map(|(quota, item)| Claim { gpus: quota.nominal, window: quota.window, gpu: None, item })
        .collect();
    too_much(&claims, "nominal", "nominal quotas", phases, context);
    found.into_iter().map(|(quota, _)| quota).collect()
}

fn quota(item: &Node, context: &mut Context<'_>) -> Option<Quota> {
    let nominal: u32 = item.whole("nominal")?;
    let lending_limit: Option<u32> = item.whole("lending-limit");
    if let Some(limit) = lending_limit.filter(|&limit| limit > nominal) {
        let title = format!("lends {limit} GPUs of {nominal}");
        let place = item.get("lending-limit")?.place.clone();
        let help = format!("give at most {nominal}, or leave it out where all may be lent");
        context.report(Diagnostic::new(place, title).help(help));
    }
    let window = match item.get("from") {
        Some(_) => context.window(item)?,
        None => match item.date("to") {
            Some(end) => Window::new(Instant::MIN, end).ok()?,
            None => Window::ALWAYS,
        },
    };
    Some(Quota {
        party: item.id("party", PartyId::new)?,
        nominal,
        lending_limit,
        borrowing_limit: item.whole("borrowing-limit"),
        window,
        source: source(item)?,
    })
}

/// What is kept at a site for whom; reports a type of GPU that it has not, one that is not said
/// where it has several, and more than it has.
pub(super) fn reservations(
    site: &Node,
    phases: &[Phase],
    context: &mut Context<'_>,
) -> Vec<Reservation> {
    let types: BTreeSet<&GpuTypeId> = phases.iter().map(|phase| &phase.gpu).collect();
    let listed = || types.iter().map(|gpu| gpu.as_str());
    let items = site.get("reservations").map_or(&[][..], Node::items);
    let mut found: Vec<(Reservation, &Node)> = Vec::new();
    for item in items {
        let gpu = item.id("gpu", GpuTypeId::new);
        match &gpu {
            Some(gpu) if !types.contains(gpu) && !types.is_empty() => {
                let place = item.get("gpu").map_or(&item.place, |it| &it.place);
                let title = format!("the site has no GPU of type `{gpu}`");
                context
                    .report(Diagnostic::new(place.clone(), title).nearest(gpu.as_str(), listed()));
                continue;
            }
            None if types.len() > 1 && item.get("gpu").is_none() => {
                let help = format!("say one of {}", listed().collect::<Vec<_>>().join(", "));
                let title = "the site has several types of GPU, and `gpu` is not said";
                context.report(Diagnostic::new(item.place.clone(), title).help(help));
                continue;
            }
            Some(_) | None => {}
        }
        let read = |context: &mut Context<'_>| {
            Some(Reservation {
                party: item.id("party", PartyId::new)?,
                gpu,
                gpus: item.whole("gpus").filter(|&gpus| gpus > 0)?,
                window: context.window(item)?,
                source: source(item)?,
            })
        };
        found.extend(read(context).map(|reservation| (reservation, item)));
    }
    let claims: Vec<Claim<'_>> = found
        .iter()
        .map(|(it, item)| Claim { gpus: it.gpus, window: it.window, gpu: it.gpu.as_ref(), item })
        .collect();
    too_much(&claims, "gpus", "reservations", phases, context);
    found.into_iter().map(|(reservation, _)| reservation).collect()
}

/// GPUs of a site that somebody is to have.
struct Claim<'a> {
    gpus: u32,
    window: Window,
    /// Of this type; of any if not said.
    gpu: Option<&'a GpuTypeId>,
    item: &'a Node,
}

/// Reports the first claim with which there are more at one time than the site ever has.
fn too_much(
    claims: &[Claim<'_>],
    key: &str,
    what: &str,
    phases: &[Phase],
    context: &mut Context<'_>,
) {
    for claim in claims {
        let at = claim.window.start();
        let same = |other: &&Claim<'_>| other.gpu == claim.gpu && other.window.contains(at);
        let sum: u64 = claims.iter().filter(same).map(|other| u64::from(other.gpus)).sum();
        let there = phases.iter().filter(|phase| claim.gpu.is_none_or(|gpu| *gpu == phase.gpu));
        let levels = there.map(|phase| (phase.window, phase.gpus));
        // A site with more than 4 billion GPUs is reported where it is read.
        let Ok(capacity) = Capacity::sum(levels) else { return };
        let most = capacity.most_in(claim.window);
        if sum > u64::from(most) {
            let place = claim.item.get(key).map_or(&claim.item.place, |it| &it.place);
            let title = format!("{what} of {sum} GPUs, and the site has at most {most}");
            context.report(
                Diagnostic::new(place.clone(), title)
                    .help("what is due or kept at one time must be there at some time"),
            );
            return;
        }
    }
}
