//! What capacity costs by the rate cards, and how much of that moves between hosts.
//!
//! Amounts of two currencies are never added: what the deal's conversions turn into its own is in its
//! own, and all else stays by itself.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{Currency, GpuTypeId, Instant, Meter, PartyId, PriceUnit, SiteId, mul_div};
use comity_fleet::Fleet;
use comity_placement::Pool;
use comity_replay::{Work, capacity_object};
use comity_settlement::{Supply, charge, conversion, rate_at};
use comity_terms::{Deal, Rate};

/// Prices are kept to so many digits behind the point, whatever the currency's smallest unit.
const DIGITS: u8 = 6;

/// What a GPU-hour costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListPrice {
    currency: Currency,
    /// In units of the sixth digit behind the point.
    fine: i128,
}

/// The list prices of the first instant of a period, by stream, site and type of GPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListPrices {
    prices: BTreeMap<(usize, SiteId, GpuTypeId), ListPrice>,
}

/// By stream and pool; nothing where it is one's own or has no price.
pub(crate) type PoolPrices = Vec<Vec<Option<ListPrice>>>;

impl ListPrices {
    pub(crate) fn of(deal: &Deal, fleet: &Fleet, work: &Work<'_>) -> Self {
        let at = work.period.start();
        let mut prices = BTreeMap::new();
        for (index, stream) in work.streams.iter().enumerate() {
            for site in fleet.sites() {
                for gpu in site.capacities().into_keys() {
                    let supply = Supply {
                        buyer: stream.party.clone(),
                        seller: site.host.clone(),
                        meter: Meter::GpuTime,
                        object: capacity_object(stream),
                        site: Some(site.id.clone()),
                        gpu: Some(gpu.clone()),
                    };
                    if let Some(price) = price(deal, &supply, at) {
                        prices.insert((index, site.id.clone(), gpu), price);
                    }
                }
            }
        }
        Self { prices }
    }

    pub(crate) fn in_pools(&self, streams: usize, pools: &[Pool]) -> PoolPrices {
        let of = |stream: usize, pool: &Pool| {
            self.prices.get(&(stream, pool.site.clone(), pool.gpu.clone())).copied()
        };
        (0..streams).map(|stream| pools.iter().map(|pool| of(stream, pool)).collect()).collect()
    }
}

/// The price of a GPU-hour, converted as a charge would be; one's own costs nothing.
fn price(deal: &Deal, supply: &Supply, at: Instant) -> Option<ListPrice> {
    if supply.is_own_use() {
        return None;
    }
    let parts = deal.parts();
    let rate = rate_at(&parts.rates, supply, at)?;
    let fine = Currency::new(rate.currency.code(), DIGITS).ok()?;
    let fine_rate = Rate { currency: fine, ..rate.clone() };
    let hour = PriceUnit::GpuHour.base_units(at);
    let fine = charge(hour, &fine_rate, at, parts.rounding).ok()?.minor;
    Some(match conversion(&parts.conversions, rate.currency, parts.currency, at) {
        Some(by) => ListPrice {
            currency: by.to,
            fine: mul_div(fine, by.rate.mantissa(), by.rate.unit(), parts.rounding).ok()?,
        },
        None => ListPrice { currency: rate.currency, fine },
    })
}

/// What capacity costs at each host, on both sides, currency by currency.
#[derive(Debug, Default)]
pub(crate) struct Costs<'r> {
    /// Thousandths of a GPU-second times fine units of a GPU-hour.
    hosts: BTreeMap<Currency, [BTreeMap<&'r PartyId, i128>; 2]>,
}

impl<'r> Costs<'r> {
    pub(crate) fn add(
        &mut self,
        side: usize,
        host: &'r PartyId,
        price: Option<ListPrice>,
        gpu_time: i128,
    ) {
        let Some(ListPrice { currency, fine }) = price else { return };
        let cost = self.hosts.entry(currency).or_default()[side].entry(host).or_default();
        *cost = cost.saturating_add(fine.saturating_mul(gpu_time));
    }

    /// In each currency what came to hosts or what left them, whichever is more; its smallest unit.
    pub(crate) fn moved(&self) -> impl Iterator<Item = (Currency, i128)> {
        self.hosts.iter().map(|(&currency, costs)| {
            let hour = PriceUnit::GpuHour.base_units(Instant::MIN);
            let per_unit = hour * 10_i128.pow(u32::from(DIGITS - currency.scale()));
            (currency, moved(costs) / per_unit)
        })
    }
}

fn moved(costs: &[BTreeMap<&PartyId, i128>; 2]) -> i128 {
    let hosts: BTreeSet<&PartyId> = costs[0].keys().chain(costs[1].keys()).copied().collect();
    let (mut came, mut left) = (0_i128, 0_i128);
    for host in hosts {
        let at = |side: usize| costs[side].get(host).copied().unwrap_or(0);
        let change = at(1).saturating_sub(at(0));
        if change > 0 {
            came = came.saturating_add(change);
        } else {
            left = left.saturating_sub(change);
        }
    }
    came.max(left)
}
