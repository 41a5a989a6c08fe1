//! A product's traffic, where it is served and how replicas follow it.

use comity_base::{ObjectId, PartyId, PlaceId, Ratio};
use comity_fleet::{Autoscale, Region, Serving};

use super::{Context, whole};
use crate::diagnostic::Diagnostic;
use crate::node::Node;
use crate::shape::share;

const SECONDS_PER_MINUTE: u32 = 60;

/// What it takes to serve a product; what does not fit together is reported.
pub(crate) fn serving(node: &Node, context: &mut Context<'_>) -> Option<Serving> {
    let hours_node = node.get("hours-permille")?;
    let hours: Vec<u32> = hours_node.items().iter().filter_map(whole).collect();
    let found = hours_node.items().len();
    if found != 24 {
        let title = format!("expected a figure for each of the 24 hours, found {found}");
        context.report(Diagnostic::new(hours_node.place.clone(), title));
    }
    // Each is looked at whatever is wrong with the others.
    let regions = regions(node, context);
    let autoscale = match node.get("autoscale") {
        Some(body) => autoscale(body, context).map(Some),
        None => Some(None),
    };
    let hours_permille = <[u32; 24]>::try_from(hours).ok()?;
    Some(Serving {
        product: node.id("product", ObjectId::new)?,
        seller: node.id("seller", PartyId::new)?,
        customer: node.id("customer", PartyId::new)?,
        tokens_in_per_hour: node.whole("tokens-in-per-hour")?,
        tokens_out_per_hour: node.whole("tokens-out-per-hour")?,
        hours_permille,
        jitter_permille: node.whole("jitter-permille")?,
        tokens_per_gpu_hour: node.whole("tokens-per-gpu-hour")?,
        replica_gpus: or(node, "replica-gpus", 1)?,
        regions: regions?,
        spill: node.truth("spill").unwrap_or(false),
        autoscale: autoscale?,
    })
}

/// A whole number, or what stands for it where it is not said; `None` when it cannot be read.
fn or(node: &Node, key: &str, unsaid: u32) -> Option<u32> {
    if node.get(key).is_none() { Some(unsaid) } else { node.whole(key) }
}

fn regions(node: &Node, context: &mut Context<'_>) -> Option<Vec<Region>> {
    let Some(regions_node) = node.get("regions") else {
        if let Some(spill) = node.get("spill") {
            context.report(
                Diagnostic::new(spill.place.clone(), "`spill` without `regions`")
                    .help("traffic without regions is served anywhere that the terms allow"),
            );
        }
        return Some(Vec::new());
    };
    let mut regions = Vec::new();
    for (key, body) in regions_node.entries() {
        // A share that could not be read was reported.
        let share = share(body.text()?).ok()?;
        regions.push(Region { place: PlaceId::new(&key.text).ok()?, share });
    }
    let found = sum(regions.iter().map(|region| region.share));
    if found == Some((1, 1)) {
        return Some(regions);
    }
    let found = found.map_or_else(|| "a fraction of too many digits".to_owned(), percent);
    let title = format!("the shares of the regions add up to {found}, not to 100 %");
    context.report(
        Diagnostic::new(regions_node.place.clone(), title)
            .help("each share is of the whole traffic; thirds are `1/3`"),
    );
    None
}

/// The sum of shares as a fraction in lowest terms, if it can be written in 128 bits.
fn sum(shares: impl Iterator<Item = Ratio>) -> Option<(i128, i128)> {
    shares.into_iter().try_fold((0_i128, 1_i128), |(over, under), share| {
        let (numerator, denominator) =
            (i128::from(share.numerator()), i128::from(share.denominator()));
        let over = over.checked_mul(denominator)?.checked_add(numerator.checked_mul(under)?)?;
        let under = under.checked_mul(denominator)?;
        let common = gcd(over, under);
        Some((over / common, under / common))
    })
}

/// The greatest common divisor of a number from zero on and one above zero.
fn gcd(a: i128, b: i128) -> i128 {
    if a == 0 { b } else { gcd(b % a, a) }
}

/// A fraction in per cent where it has at most two digits behind the point.
fn percent((over, under): (i128, i128)) -> String {
    match over.checked_mul(10_000) {
        Some(hundredths) if hundredths % under == 0 => {
            let hundredths = hundredths / under;
            let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
        }
        Some(_) | None => format!("{over}/{under}"),
    }
}

fn autoscale(node: &Node, context: &mut Context<'_>) -> Option<Autoscale> {
    let seconds = |minutes: u32| minutes.checked_mul(SECONDS_PER_MINUTE);
    let target = node.share("target-utilization");
    if let (Some(target), Some(found)) = (target, node.get("target-utilization"))
        && target.numerator() == 0
    {
        context.report(
            Diagnostic::new(found.place.clone(), "replicas cannot be meant to do nothing")
                .help("`target-utilization` is above `0 %`, such as `80 %`"),
        );
        return None;
    }
    let most: Option<u32> = node.whole("max-replicas");
    let least = or(node, "min-replicas", 0);
    if let (Some(least), Some(most), Some(found)) = (least, most, node.get("min-replicas"))
        && least > most
    {
        let title = format!("at least {least} replicas, but at most {most}");
        let mut diagnostic = Diagnostic::new(found.place.clone(), title);
        if let Some(limit) = node.get("max-replicas") {
            diagnostic = diagnostic.also(limit.place.clone(), "the most");
        }
        context.report(diagnostic);
        return None;
    }
    Some(Autoscale {
        every_seconds: seconds(node.whole("every-minutes")?)?,
        target_utilization: target?,
        stabilization_seconds: seconds(or(node, "stabilization-minutes", 0)?)?,
        min_replicas: least?,
        max_replicas: if node.get("max-replicas").is_some() { Some(most?) } else { None },
        start_up_seconds: seconds(or(node, "start-up-minutes", 0)?)?,
    })
}
