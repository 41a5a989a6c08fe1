//! Sites and the work that runs there.

use comity_base::{
    ActionId, AgreementId, GpuTypeId, ObjectId, PartyId, PlaceId, PurposeId, Ratio, Rounding,
    SiteId, StreamId, mul_div,
};
use comity_fleet::{
    Act, Fleet, JobShape, Phase, Quantile, Role, Site, Size, Stream, StreamKind, Workload,
};

use super::serving::serving;
use super::{Context, machines, scheduling, source};
use crate::diagnostic::Diagnostic;
use crate::node::{Key, Node};

/// A site; phases that are not well formed are left out: they were reported.
pub(crate) fn site(key: &Key, node: &Node, context: &mut Context<'_>) -> Option<Site> {
    let phases = node.get("phases")?.items();
    let phases: Vec<Phase> =
        phases.iter().filter_map(|phase_node| phase(phase_node, context)).collect();
    let nodes = machines::nodes(key, node, &phases, context);
    let faults = machines::faults(node, context);
    let maintenance = machines::maintenance(node, nodes.as_ref(), &phases, context);
    let quotas = scheduling::quotas(node, &phases, context);
    let reservations = scheduling::reservations(node, &phases, context);
    let site = Site {
        id: SiteId::new(&key.text).ok()?,
        name: node.string("name")?,
        country: node.id("place", PlaceId::new)?,
        owner: node.id("owner", PartyId::new)?,
        host: node.id("host", PartyId::new)?,
        operator: node.id("operator", PartyId::new)?,
        acts: acts(node),
        phases,
        nodes,
        faults,
        maintenance,
        quotas,
        reservations,
        source: source(node)?,
    };
    if let Err(error) = Fleet::new([site.clone()]) {
        context.report(
            Diagnostic::new(key.place.clone(), error.to_string())
                .help("phases add up: each says what opens with it, not what there is by then"),
        );
    }
    Some(site)
}

fn phase(node: &Node, context: &mut Context<'_>) -> Option<Phase> {
    let power_kw: Option<u32> = context.power_kw(node, "power-mw");
    let phase = Phase {
        window: context.window(node)?,
        gpu: node.id("gpu", GpuTypeId::new)?,
        gpus: node.whole("gpus")?,
        power_kw: power_kw?,
    };
    if phase.gpus > 0 && phase.power_kw == 0 {
        let title = format!("{} GPUs without power", phase.gpus);
        let place = &node.get("power-mw")?.place;
        context.report(
            Diagnostic::new(place.clone(), title)
                .help("give the power that the phase takes, in MW: 0.001 at the least"),
        );
    }
    Some(phase)
}

/// The acts of a site, a stream or of who makes others give way.
pub(super) fn acts(node: &Node) -> Vec<Act> {
    let act = |item: &Node| {
        Some(Act {
            by: item.word("by", &Role::NAMED)?,
            action: item.id("action", ActionId::new)?,
            object: item.id("object", ObjectId::new)?,
        })
    };
    node.get("acts").map_or(&[][..], Node::items).iter().filter_map(act).collect()
}

/// The work of a deal; streams that are not well formed are left out: they were reported.
pub(crate) fn workload(node: &Node, context: &mut Context<'_>) -> Option<Workload> {
    let period = context.window(node.get("period")?);
    let streams = node.get("streams")?.entries();
    let streams: Vec<Stream> =
        streams.iter().filter_map(|(key, body)| stream(key, body, context)).collect();
    for (key, wants_jobs) in [("trace-jobs", true), ("trace-requests", false)] {
        let named = node.get(key).and_then(|named| Some((named, named.text()?)));
        let Some((named, text)) = named else { continue };
        let found = streams.iter().find(|stream| stream.id.as_str() == text);
        let is_jobs = |stream: &Stream| matches!(stream.kind, StreamKind::Jobs(_));
        if found.is_some_and(|stream| is_jobs(stream) != wants_jobs) {
            let what = if wants_jobs { "jobs" } else { "serving" };
            let title = format!("stream `{text}` has no `{what}`");
            let fit = streams.iter().filter(|stream| is_jobs(stream) == wants_jobs);
            let fit: Vec<&str> = fit.map(|stream| stream.id.as_str()).collect();
            context.report(Diagnostic::new(named.place.clone(), title).nearest(text, fit));
        }
    }
    let scheduling = node.get("scheduling").map(|body| scheduling::scheduling(body, context));
    machines::by_count(node, context);
    Some(Workload {
        seed: node.whole("seed")?,
        period: period?,
        compare: node.id("compare", AgreementId::new),
        scheduling: scheduling.flatten(),
        streams,
        trace_jobs: node.id("trace-jobs", StreamId::new),
        trace_requests: node.id("trace-requests", StreamId::new),
    })
}

fn stream(key: &Key, node: &Node, context: &mut Context<'_>) -> Option<Stream> {
    let kind = match (node.get("jobs"), node.get("serving")) {
        (Some(jobs), None) => StreamKind::Jobs(job_shape(jobs, context)?),
        (None, Some(body)) => StreamKind::Serving(serving(body, context)?),
        (Some(_), Some(_)) | (None, None) => {
            let title = format!("stream `{}` needs one of `jobs` and `serving`", key.text);
            let mut diagnostic = Diagnostic::new(key.place.clone(), title);
            diagnostic = match (node.get("jobs"), node.get("serving")) {
                (Some(_), Some(_)) => diagnostic.help("give each a stream of its own"),
                _ => diagnostic.help("`jobs` says how its jobs are drawn, `serving` its traffic"),
            };
            context.report(diagnostic);
            return None;
        }
    };
    Some(Stream {
        id: StreamId::new(&key.text).ok()?,
        party: node.id("party", PartyId::new)?,
        purpose: node.id("purpose", PurposeId::new)?,
        acts: acts(node),
        gpus: node.ids("gpus", GpuTypeId::new),
        hosts: node.ids("hosts", PartyId::new),
        kind,
        source: source(node)?,
    })
}

fn job_shape(node: &Node, context: &mut Context<'_>) -> Option<JobShape> {
    let sizes_node = node.get("sizes")?;
    let size = |item: &Node| Some((item.size("gpus")?, item.whole("weight")?));
    let sizes: Vec<(Size, u32)> = sizes_node.items().iter().filter_map(size).collect();
    if sizes_node.items().is_empty() {
        context.report(
            Diagnostic::new(sizes_node.place.clone(), "no sizes of jobs")
                .help("give at least one, such as `{gpus: 8, weight: 1}`"),
        );
        return None;
    }
    let run = quantiles(node, "run", context)?;
    Some(JobShape {
        per_day: node.whole("per-day")?,
        sizes,
        run,
        asked_percent: node.whole("asked-percent")?,
        priority: node.whole("priority").unwrap_or_default(),
        checkpoint: scheduling::checkpoint(node),
        need: node.get("needs").map(machines::need).unwrap_or_default(),
    })
}

/// A distribution of times under a key; reports one that does not rise from 0 % to 100 %.
pub(super) fn quantiles(
    node: &Node,
    key: &str,
    context: &mut Context<'_>,
) -> Option<Vec<Quantile>> {
    let list = node.get(key)?;
    // A share or a number of hours that could not be read was reported.
    let read = |item: &Node| item.share("share").is_some() && item.decimal("hours").is_some();
    if !list.items().iter().all(read) {
        return None;
    }
    let all: Vec<Quantile> = list.items().iter().filter_map(quantile).collect();
    let rises = all
        .windows(2)
        .all(|pair| pair[0].permille < pair[1].permille && pair[0].seconds <= pair[1].seconds);
    let whole_range = all.first().is_some_and(|first| first.permille == 0 && first.seconds > 0)
        && all.last().is_some_and(|last| last.permille == 1_000);
    if all.len() != list.items().len() || !rises || !whole_range {
        context.report(
            Diagnostic::new(list.place.clone(), "the quantiles do not rise from 0 % to 100 %")
                .help("give shares in whole thousandths, rising from `0 %` to `100 %`, with hours above zero that do not fall"),
        );
        return None;
    }
    Some(all)
}

fn quantile(node: &Node) -> Option<Quantile> {
    let share: Ratio = node.share("share")?;
    let thousand = i128::from(share.numerator()) * 1_000;
    let denominator = i128::from(share.denominator());
    let hours = node.decimal("hours")?;
    let seconds = mul_div(hours.mantissa(), 3_600, hours.unit(), Rounding::Up).ok()?;
    Some(Quantile {
        permille: (thousand % denominator == 0)
            .then(|| u32::try_from(thousand / denominator).ok())
            .flatten()?,
        seconds: u32::try_from(seconds).ok()?,
    })
}
