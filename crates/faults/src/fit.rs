//! A model from faults that were observed.

use std::collections::BTreeMap;

use comity_base::{Rounding, mul_div};
use comity_fleet::Quantile;
use thiserror::Error;

use crate::model::{Cause, Model, YEAR_SECONDS};

/// Shares, in thousandths, at which the outages of a trace of some hundred faults are told apart:
/// closer together where few outages make up most of the time.
pub const SHARES: [u32; 17] =
    [0, 50, 100, 200, 300, 400, 500, 600, 700, 800, 850, 900, 925, 950, 975, 990, 1_000];

/// A fault of a node that was observed from its start to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Observed<'a> {
    /// The node, as the trace names it.
    pub node: &'a str,
    /// When it failed, seconds on the trace's clock.
    pub from_seconds: i64,
    /// When it was back; after `from_seconds`.
    pub to_seconds: i64,
    /// Its level or class, by which causes are told apart; the same for all when they are not.
    pub cause: &'a str,
}

/// What was watched: so many nodes, from zero on the trace's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watched {
    /// How many nodes, those that never failed among them.
    pub nodes: u32,
    /// For how long, seconds.
    pub seconds: u32,
}

/// A model with what it was taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// The model.
    pub model: Model,
    /// Faults.
    pub faults: u64,
    /// Outages: faults of one node that overlap or touch are one, of the cause of the first.
    pub outages: u64,
    /// Node-seconds in service.
    pub up_seconds: u64,
    /// Node-seconds out of service.
    pub down_seconds: u64,
}

/// Why faults give no model.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FitError {
    /// Nothing was watched.
    #[error("no time in service: {nodes} nodes over {seconds} s, {down_seconds} s of it down")]
    NoService {
        /// How many nodes.
        nodes: u32,
        /// For how long.
        seconds: u32,
        /// How much of that they were down.
        down_seconds: u64,
    },
    /// More nodes failed than were watched.
    #[error("{failed} nodes failed, but only {watched} were watched")]
    MoreNodes {
        /// How many failed.
        failed: usize,
        /// How many were watched.
        watched: u32,
    },
    /// A fault does not lie in the time that was watched.
    #[error(
        "node `{node}` fails from {from_seconds} s to {to_seconds} s, not within 0 s to {seconds} s"
    )]
    Outside {
        /// The node.
        node: String,
        /// When it failed.
        from_seconds: i64,
        /// When it was back.
        to_seconds: i64,
        /// For how long it was watched.
        seconds: u32,
    },
    /// The shares are no scale.
    #[error("the shares do not rise from 0 to 1000")]
    Shares,
}

/// Takes a model from faults: for each cause its rate and the quantiles of its outages.
///
/// A rate is outages ÷ node-years in service, rounded half to even. The quantile at a share is the
/// shortest outage that at least that share of them does not exceed; at zero, the shortest of all.
/// A fault that begins while its node is down makes the outage longer and is none of its own.
/// Between quantiles the model is linear, which lengthens outages where they thin out upwards.
///
/// # Errors
/// [`FitError`] when nothing was watched, the faults do not fit what was watched, or the shares do
/// not rise from 0 to 1000.
pub fn fit(faults: &[Observed<'_>], watched: Watched, shares: &[u32]) -> Result<Fit, FitError> {
    let rises = shares.windows(2).all(|pair| pair[0] < pair[1]);
    if shares.first() != Some(&0) || shares.last() != Some(&1_000) || !rises {
        return Err(FitError::Shares);
    }
    let spans = spans(faults, watched)?;
    let mut durations: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (cause, seconds) in &spans {
        durations.entry(cause).or_default().push(*seconds);
    }
    let down_seconds: u64 = spans.iter().map(|&(_, seconds)| u64::from(seconds)).sum();
    let node_seconds = u64::from(watched.nodes) * u64::from(watched.seconds);
    let up_seconds =
        node_seconds.checked_sub(down_seconds).filter(|&up| up > 0).ok_or(FitError::NoService {
            nodes: watched.nodes,
            seconds: watched.seconds,
            down_seconds,
        })?;
    let cause = |(name, mut seconds): (&str, Vec<u32>)| {
        seconds.sort_unstable();
        Cause {
            name: name.to_owned(),
            per_node_year_millionths: rate(seconds.len(), up_seconds),
            outage: shares.iter().map(|&permille| quantile(&seconds, permille)).collect(),
        }
    };
    Ok(Fit {
        model: Model { causes: durations.into_iter().map(cause).collect() },
        faults: count(faults.len()),
        outages: count(spans.len()),
        up_seconds,
        down_seconds,
    })
}

/// Each outage: the cause of its first fault, and for how long the node was down.
fn spans<'a>(faults: &[Observed<'a>], watched: Watched) -> Result<Vec<(&'a str, u32)>, FitError> {
    let mut sorted = faults.to_vec();
    sorted.sort_unstable();
    let mut spans: Vec<(&str, u32)> = Vec::new();
    let mut nodes = 0_usize;
    // The node of the last outage, when that begins and ends.
    let mut last: Option<(&str, u32, u32)> = None;
    for fault in sorted {
        let within = |seconds| u32::try_from(seconds).ok().filter(|&it| it <= watched.seconds);
        let (Some(from), Some(to)) = (within(fault.from_seconds), within(fault.to_seconds)) else {
            return Err(outside(fault, watched));
        };
        if to <= from {
            return Err(outside(fault, watched));
        }
        match (last, spans.last_mut()) {
            (Some((node, start, end)), Some(span)) if node == fault.node && from <= end => {
                let end = end.max(to);
                span.1 = end - start;
                last = Some((node, start, end));
            }
            (of, _) => {
                nodes += usize::from(of.is_none_or(|(node, ..)| node != fault.node));
                spans.push((fault.cause, to - from));
                last = Some((fault.node, from, to));
            }
        }
    }
    if u32::try_from(nodes).map_or(true, |failed| failed > watched.nodes) {
        return Err(FitError::MoreNodes { failed: nodes, watched: watched.nodes });
    }
    Ok(spans)
}

fn outside(fault: Observed<'_>, watched: Watched) -> FitError {
    FitError::Outside {
        node: fault.node.to_owned(),
        from_seconds: fault.from_seconds,
        to_seconds: fault.to_seconds,
        seconds: watched.seconds,
    }
}

/// Faults a year of service, in millionths; at most the largest `u64`.
fn rate(outages: usize, up_seconds: u64) -> u64 {
    let year = i128::from(YEAR_SECONDS) * 1_000_000;
    let rate = mul_div(count(outages).into(), year, up_seconds.into(), Rounding::HalfEven);
    rate.ok().and_then(|rate| u64::try_from(rate).ok()).unwrap_or(u64::MAX)
}

/// The quantile at a share of sorted outages, at least one.
fn quantile(sorted: &[u32], permille: u32) -> Quantile {
    let rank = (count(sorted.len()) * u64::from(permille)).div_ceil(1_000);
    let index = usize::try_from(rank.saturating_sub(1)).expect("a rank is at most a length");
    Quantile { permille, seconds: sorted[index] }
}

fn count(items: usize) -> u64 {
    u64::try_from(items).expect("a count of what is in memory fits in 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WATCHED: Watched = Watched { nodes: 2, seconds: 1_000 };

    fn at(node: &str, from_seconds: i64, to_seconds: i64) -> Observed<'_> {
        Observed { node, from_seconds, to_seconds, cause: "" }
    }

    #[test]
    fn overlapping_faults_are_one_outage() {
        let faults = [at("b", 0, 100), at("a", 300, 400), at("a", 100, 320), at("a", 400, 410)];
        let fit = fit(&faults, WATCHED, &[0, 500, 1_000]).unwrap();
        assert_eq!((fit.faults, fit.outages), (4, 2));
        assert_eq!((fit.down_seconds, fit.up_seconds), (100 + 310, 2_000 - 410));
        let cause = &fit.model.causes[0];
        let seconds: Vec<u32> = cause.outage.iter().map(|quantile| quantile.seconds).collect();
        assert_eq!(seconds, [100, 100, 310]);
        // 2 ÷ 1,590 s × 31,536,000 s = 39,667.924528…
        assert_eq!(cause.per_node_year_millionths, 39_667_924_528);
    }

    #[test]
    fn causes_are_told_apart() {
        let gpu = Observed { cause: "GPU", ..at("a", 0, 10) };
        let fan = Observed { cause: "Fan", ..at("b", 0, 30) };
        let fit = fit(&[gpu, fan], WATCHED, &[0, 1_000]).unwrap();
        let names: Vec<&str> = fit.model.causes.iter().map(|cause| &*cause.name).collect();
        assert_eq!(names, ["Fan", "GPU"]);
        assert_eq!(fit.model.causes[0].outage[1].seconds, 30);
        assert_eq!(fit.model.causes[1].outage[1].seconds, 10);
    }

    #[test]
    fn nothing_observed_is_a_model_without_faults() {
        let fit = fit(&[], WATCHED, &SHARES).unwrap();
        assert_eq!((fit.model, fit.up_seconds), (Model::default(), 2_000));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let check = |faults: &[Observed<'_>], watched, shares: &[u32], expected: &str| {
            let error = fit(faults, watched, shares).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        let all = &[0, 1_000];
        check(&[], WATCHED, &[0, 500], "the shares do not rise from 0 to 1000");
        check(&[], WATCHED, &[0, 500, 500, 1_000], "the shares do not rise from 0 to 1000");
        check(&[], WATCHED, &[], "the shares do not rise from 0 to 1000");
        let none = Watched { nodes: 0, seconds: 1_000 };
        check(&[], none, all, "no time in service: 0 nodes over 1000 s, 0 s of it down");
        let three = [at("a", 0, 1), at("b", 0, 1), at("c", 0, 1)];
        check(&three, WATCHED, all, "3 nodes failed, but only 2 were watched");
        for (from, to) in [(-1, 5), (5, 5), (6, 5), (0, 1_001), (0, i64::MAX)] {
            let expected =
                format!("node `a` fails from {from} s to {to} s, not within 0 s to 1000 s");
            check(&[at("a", from, to)], WATCHED, all, &expected);
        }
        let down = [at("a", 0, 1_000), at("b", 0, 1_000)];
        check(&down, WATCHED, all, "no time in service: 2 nodes over 1000 s, 2000 s of it down");
    }
}
