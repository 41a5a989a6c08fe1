//! What a plan serves of each hour of traffic, and what it does not and why.
//!
//! Every token is one or the other: what is served and what is not add up to the traffic.

use std::iter::{Peekable, once};

use comity_base::{Rounding, Window, mul_div};
use comity_placement::{Plan, Shortfall, ShortfallReason};

use crate::work::ServiceWork;
use crate::workload::Traffic;

const HOUR_SECONDS: i128 = 3_600;

/// Tokens read and written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Read.
    pub tokens_in: u64,
    /// Written.
    pub tokens_out: u64,
}

impl Tokens {
    /// Both together.
    #[must_use]
    pub fn sum(self) -> u128 {
        u128::from(self.tokens_in) + u128::from(self.tokens_out)
    }
}

/// What became of an hour of traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedHour<'p> {
    /// The hour.
    pub window: Window,
    /// What was served.
    pub served: Tokens,
    /// What was not, by why; each above zero.
    pub unserved: Vec<(&'p ShortfallReason, Tokens)>,
}

/// What a plan serves of a service's traffic, hour by hour; `index` is that of the service.
///
/// Traffic comes evenly over its hour and waits for nobody: at each instant so much of it is served
/// as the replicas that serve can take. What lacks is counted in the order of its reasons, each with
/// what those before it and it could serve together, less what those before it could. A token that
/// is not wholly served is not served, and goes to the first reason that there is.
pub fn served<'p>(
    service: &'p ServiceWork<'_>,
    index: usize,
    plan: &'p Plan,
) -> impl Iterator<Item = ServedHour<'p>> + 'p {
    let mut short = plan.shortfalls.iter().filter(move |it| it.service == index).peekable();
    service.traffic.iter().map(move |hour| {
        let parts = std::iter::from_fn(|| next_in(&mut short, hour.window));
        of_hour(service, hour, parts)
    })
}

/// The next shortfall, if it lies in the window.
fn next_in<'p>(
    short: &mut Peekable<impl Iterator<Item = &'p Shortfall>>,
    window: Window,
) -> Option<&'p Shortfall> {
    short.next_if(|it| it.window.start() < window.end())
}

fn of_hour<'p>(
    service: &ServiceWork<'_>,
    hour: &Traffic,
    short: impl Iterator<Item = &'p Shortfall>,
) -> ServedHour<'p> {
    let asked = Tokens { tokens_in: hour.tokens_in, tokens_out: hour.tokens_out };
    let tokens = i128::from(asked.tokens_in) + i128::from(asked.tokens_out);
    let seconds = i128::from(hour.window.seconds());
    // Tokens in the window, times 3,600, if so many GPUs served throughout.
    let per_gpu = i128::from(service.serving.tokens_per_gpu_hour) * seconds;
    let by = |gpus: u32| i128::from(gpus).saturating_mul(per_gpu).min(tokens * HOUR_SECONDS);
    let mut lacking: Vec<(&ShortfallReason, i128)> = Vec::new();
    for short in short {
        let lasts = i128::from(short.window.seconds());
        let mut gpus = short.given;
        for (place, lack) in short.lacking.iter().enumerate() {
            let before = by(gpus);
            gpus = gpus.saturating_add(lack.gpus);
            // All that is needed serves all of the traffic, also where the count ends at its most.
            let is_last = place + 1 == short.lacking.len();
            let with = if is_last { tokens * HOUR_SECONDS } else { by(gpus) };
            let amount = (with - before) * lasts;
            match lacking.iter_mut().find(|(reason, _)| **reason == lack.reason) {
                Some((_, so_far)) => *so_far += amount,
                None => lacking.push((&lack.reason, amount)),
            }
        }
    }
    let whole = tokens * HOUR_SECONDS * seconds;
    let missing: i128 = lacking.iter().map(|&(_, amount)| amount).sum();
    let amounts: Vec<i128> =
        once(whole - missing).chain(lacking.iter().map(|&(_, amount)| amount)).collect();
    let tokens_in = shared(asked.tokens_in, &amounts, whole);
    let tokens_out = shared(asked.tokens_out, &amounts, whole);
    let mut parts = tokens_in
        .into_iter()
        .zip(tokens_out)
        .map(|(tokens_in, tokens_out)| Tokens { tokens_in, tokens_out });
    let served = parts.next().unwrap_or_default();
    let unserved = lacking.into_iter().map(|(reason, _)| reason).zip(parts);
    let unserved = unserved.filter(|(_, tokens)| tokens.sum() > 0).collect();
    ServedHour { window: hour.window, served, unserved }
}

/// A count of tokens shared in proportion to amounts that add up to a whole: each has what it and
/// those before it come to, rounded down, less what those before it have.
fn shared(tokens: u64, amounts: &[i128], whole: i128) -> Vec<u64> {
    let mut up_to = 0;
    let mut given = 0;
    let part = |amount: &i128| {
        up_to += amount;
        let come_to = match whole {
            0 => Ok(0),
            whole => mul_div(i128::from(tokens), up_to, whole, Rounding::Down),
        };
        let come_to = come_to.ok().and_then(|tokens| u64::try_from(tokens).ok());
        let come_to = come_to.expect("a part of the tokens is at most all of them");
        let part = come_to - given;
        given = come_to;
        part
    };
    amounts.iter().map(part).collect()
}
