//! What a plan uses: usage records of capacity, power and products.

use std::collections::BTreeMap;

use comity_base::{Instant, Meter, ObjectId, PartyId, Window};
use comity_fleet::{Fleet, Stream};
use comity_placement::{Plan, Pool};
use comity_settlement::{Amount, Usage};

use crate::work::{ServiceWork, Work};

/// Hands every usage record of a plan to `take`, in a fixed order: jobs, leases, power, products.
///
/// Who uses capacity owes its host; a host owes the owner of a hall for its power; a customer
/// owes the seller of a product for the tokens that were served.
pub(crate) fn meter(
    fleet: &Fleet,
    work: &Work<'_>,
    pools: &[Pool],
    plan: &Plan,
    mut take: impl FnMut(Usage),
) {
    let mut id = 0;
    let mut give = |usage: Usage| {
        id += 1;
        take(Usage { id, ..usage });
    };
    for (job, outcome) in work.jobs.iter().zip(&plan.outcomes) {
        // Each piece is use, whether its work was saved or lost.
        for piece in outcome.pieces() {
            let Ok(ran) = Window::new(piece.start, piece.end) else { continue };
            // What runs on after the period belongs to the next one.
            let Some(window) = ran.intersect(work.period) else { continue };
            let stream = stream(work, job.class);
            give(capacity(fleet, stream, &pools[piece.pool], u64::from(job.gpus), window));
        }
    }
    for lease in &plan.leases {
        let stream = stream(work, work.services[lease.service].class);
        give(capacity(fleet, stream, &pools[lease.pool], u64::from(lease.gpus), lease.window));
    }
    for site in fleet.sites().filter(|site| site.host != site.owner) {
        for phase in &site.phases {
            let Some(window) = phase.window.intersect(work.period) else { continue };
            give(Usage {
                id: 0,
                buyer: site.host.clone(),
                seller: site.owner.clone(),
                meter: Meter::Power,
                object: Meter::Power.object().expect("power is supplied for no product"),
                site: Some(site.id.clone()),
                gpu: None,
                amount: Amount::Held { level: u64::from(phase.power_kw) },
                window,
            });
        }
    }
    for (index, service) in work.services.iter().enumerate() {
        for served in served(service, index, plan) {
            let tokens =
                [(Meter::TokensIn, served.tokens_in), (Meter::TokensOut, served.tokens_out)];
            // Where nothing was served there is nothing to record.
            for (meter, quantity) in tokens.into_iter().filter(|(_, quantity)| *quantity > 0) {
                give(Usage {
                    id: 0,
                    buyer: service.serving.customer.clone(),
                    seller: service.serving.seller.clone(),
                    meter,
                    object: service.serving.product.clone(),
                    site: None,
                    gpu: None,
                    amount: Amount::Counted { quantity },
                    window: served.window,
                });
            }
        }
    }
}

fn object(text: &str) -> ObjectId {
    ObjectId::new(text).expect("a plain lower-case word is an id")
}

pub(crate) fn stream<'w>(work: &Work<'w>, class: u32) -> &'w Stream {
    work.streams[usize::try_from(class).expect("a class is an index of a stream")]
}

/// The product of a stream's work, as it is priced and shown.
pub(crate) fn capacity_object(stream: &Stream) -> ObjectId {
    stream.acts.first().map_or_else(|| object("capacity"), |act| act.object.clone())
}

fn capacity(fleet: &Fleet, stream: &Stream, pool: &Pool, gpus: u64, window: Window) -> Usage {
    let site = fleet.site(&pool.site).expect("pools are made from the sites of the fleet");
    Usage {
        id: 0,
        buyer: stream.party.clone(),
        seller: PartyId::clone(&site.host),
        meter: Meter::GpuTime,
        object: capacity_object(stream),
        site: Some(pool.site.clone()),
        gpu: Some(pool.gpu.clone()),
        amount: Amount::Held { level: gpus },
        window,
    }
}

/// An hour of traffic as far as it was served.
pub(crate) struct Served {
    pub(crate) window: Window,
    pub(crate) tokens_in: u64,
    pub(crate) tokens_out: u64,
}

/// Traffic is served in proportion to the GPU-seconds that there were of those needed; a token
/// that is not wholly served is not counted.
pub(crate) fn served<'p>(
    service: &'p ServiceWork<'_>,
    index: usize,
    plan: &'p Plan,
) -> impl Iterator<Item = Served> + 'p {
    let mut lacking: BTreeMap<Instant, i128> = BTreeMap::new();
    for shortfall in plan.shortfalls.iter().filter(|shortfall| shortfall.service == index) {
        let missing = i128::from(shortfall.wanted) - i128::from(shortfall.given);
        *lacking.entry(shortfall.window.start()).or_default() +=
            missing * i128::from(shortfall.window.seconds());
    }
    service.traffic.iter().zip(&service.placed.demand).map(move |(hour, (_, gpus))| {
        let needed = i128::from(*gpus) * i128::from(hour.window.seconds());
        let missing: i128 =
            lacking.range(hour.window.start()..hour.window.end()).map(|(_, missing)| missing).sum();
        let part = |tokens: u64| {
            if needed == 0 || missing == 0 {
                return tokens;
            }
            let served = i128::from(tokens) * (needed - missing).max(0) / needed;
            u64::try_from(served).expect("a part of the tokens is at most all of them")
        };
        Served {
            window: hour.window,
            tokens_in: part(hour.tokens_in),
            tokens_out: part(hour.tokens_out),
        }
    })
}
