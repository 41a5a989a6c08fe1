//! What a plan uses: usage records of capacity, power and products.

use comity_base::{Meter, ObjectId, PartyId, Window};
use comity_fleet::{Fleet, Stream};
use comity_placement::{Plan, Pool};
use comity_settlement::{Amount, Numbered, Supply, SupplyNumber, Totals, Usage};

use crate::served::served;
use crate::work::Work;

/// Records that are added up at once.
const AT_ONCE: usize = 1_024;

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
    for Held { class, pool, level, window } in held(work, plan) {
        id += 1;
        take(Usage { id, ..capacity(fleet, stream(work, class), &pools[pool], level, window) });
    }
    meter_services(fleet, work, pools, plan, id, take);
}

/// Adds up every usage record of a plan, as [`meter`] hands them out.
pub(crate) fn add_up(
    fleet: &Fleet,
    work: &Work<'_>,
    pools: &[Pool],
    plan: &Plan,
    totals: &mut Totals<'_>,
) {
    // Of a stream in a pool the names are looked up once, and not for each of a million jobs.
    let mut known: Vec<Option<SupplyNumber>> = vec![None; work.streams.len() * pools.len()];
    let mut some: Vec<Numbered> = Vec::with_capacity(AT_ONCE);
    let mut id = 0;
    for Held { class, pool, level, window } in held(work, plan) {
        id += 1;
        let supply = known[index(class) * pools.len() + pool].get_or_insert_with(|| {
            let usage = capacity(fleet, stream(work, class), &pools[pool], level, window);
            totals.number(&Supply::of(&usage))
        });
        some.push(Numbered { id, supply: *supply, window, amount: Amount::Held { level } });
        if some.len() == AT_ONCE {
            totals.add_numbered(&some);
            some.clear();
        }
    }
    totals.add_numbered(&some);
    meter_services(fleet, work, pools, plan, id, |usage| totals.add(&usage));
}

/// What a job held in a pool in the period.
struct Held {
    class: u32,
    pool: usize,
    /// In thousandths of a GPU.
    level: u64,
    window: Window,
}

/// How high a level one whole GPU is.
const GPU: u64 = Meter::GpuTime.parts();

/// Each piece of a job is use, whether its work was saved or lost.
fn held(work: &Work<'_>, plan: &Plan) -> impl Iterator<Item = Held> {
    work.jobs.iter().zip(&plan.outcomes).flat_map(|(job, outcome)| {
        outcome.pieces().filter_map(|piece| {
            let ran = Window::new(piece.start, piece.end).ok()?;
            // What runs on after the period belongs to the next one.
            let window = ran.intersect(work.period)?;
            let level = job.size.milli();
            Some(Held { class: job.class, pool: piece.pool, level, window })
        })
    })
}

/// Hands out the records that come after those of jobs and their numbers.
fn meter_services(
    fleet: &Fleet,
    work: &Work<'_>,
    pools: &[Pool],
    plan: &Plan,
    jobs: u64,
    mut take: impl FnMut(Usage),
) {
    let mut id = jobs;
    let mut give = |usage: Usage| {
        id += 1;
        take(Usage { id, ..usage });
    };
    for lease in &plan.leases {
        let stream = stream(work, work.services[lease.service].class);
        let level = u64::from(lease.gpus) * GPU;
        give(capacity(fleet, stream, &pools[lease.pool], level, lease.window));
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
        for hour in served(service, index, plan) {
            let tokens = [
                (Meter::TokensIn, hour.served.tokens_in),
                (Meter::TokensOut, hour.served.tokens_out),
            ];
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
                    window: hour.window,
                });
            }
        }
    }
}

fn object(text: &str) -> ObjectId {
    ObjectId::new(text).expect("a plain lower-case word is an id")
}

pub(crate) fn stream<'w>(work: &Work<'w>, class: u32) -> &'w Stream {
    work.streams[index(class)]
}

fn index(class: u32) -> usize {
    usize::try_from(class).expect("a class is an index of a stream")
}

/// The product of a stream's work, as it is priced and shown.
#[must_use]
pub fn capacity_object(stream: &Stream) -> ObjectId {
    stream.acts.first().map_or_else(|| object("capacity"), |act| act.object.clone())
}

fn capacity(fleet: &Fleet, stream: &Stream, pool: &Pool, level: u64, window: Window) -> Usage {
    let site = fleet.site(&pool.site).expect("pools are made from the sites of the fleet");
    Usage {
        id: 0,
        buyer: stream.party.clone(),
        seller: PartyId::clone(&site.host),
        meter: Meter::GpuTime,
        object: capacity_object(stream),
        site: Some(pool.site.clone()),
        gpu: Some(pool.gpu.clone()),
        amount: Amount::Held { level },
        window,
    }
}
