//! Draws the work of a period from a seed: jobs from their shape, traffic from its daily course.
//!
//! Whole numbers only, and a generator of its own for each stream and quantity, so that the same
//! seed gives the same bytes on every machine and one stream's draws never move another's.
//! Whether a shape makes sense is checked where deal files are read, not here.

mod draw;

use std::num::NonZeroU64;

use comity_base::{Instant, Ratio, Rounding, StreamId, Wide, Window, mul_div};
use comity_fleet::{Job, JobShape, Quantile, Serving, Size};

use self::draw::{Generator, Quantity};

const HOUR_SECONDS: i64 = 3_600;

/// What a stream's draws depend on besides its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw<'a> {
    /// The seed of the whole workload.
    pub seed: u64,
    /// The stream; each has draws of its own.
    pub stream: &'a StreamId,
    /// The period to fill.
    pub period: Window,
}

/// What a service is asked for in one window of at most an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Traffic {
    /// The window: one hour, the last of a period perhaps shorter.
    pub window: Window,
    /// Tokens read by the model.
    pub tokens_in: u64,
    /// Tokens written by the model.
    pub tokens_out: u64,
}

/// Draws a stream's jobs over the period, in order of submission, with ids from `first_id` on.
///
/// There are `per_day` × seconds of the period ÷ 86,400 jobs, rounded to the nearest whole
/// number, half a job up. Their instants are drawn evenly over the period: given its count, that
/// is how the events of a Poisson process lie (order statistics of the uniform distribution).
/// Sizes are drawn by weight. A run time is the inverse of the piecewise linear distribution
/// through the quantiles at a point drawn evenly, rounded to the nearest second (a tie to even),
/// and at least one second; below the first quantile and above the last it is theirs. What a job
/// asks for is `asked_percent` of that, rounded up.
///
/// A shape in which no size has a weight, or that has no quantile, has no jobs.
#[must_use]
pub fn draw_jobs(draw: &Draw<'_>, shape: &JobShape, class: u32, first_id: u64) -> Vec<Job> {
    let weights = shape.sizes.iter().map(|&(_, weight)| u64::from(weight)).sum();
    let Some(weights) = NonZeroU64::new(weights) else { return Vec::new() };
    if shape.run.is_empty() {
        return Vec::new();
    }
    let mut sizes = Generator::new(draw.seed, draw.stream, Quantity::Size);
    let mut runs = Generator::new(draw.seed, draw.stream, Quantity::Run);
    let job = |(id, submit)| {
        let run_seconds = Quantile::at(&shape.run, runs.below(Quantile::POINTS));
        Job {
            id,
            class,
            submit,
            size: size_at(&shape.sizes, sizes.below(weights)),
            run_seconds,
            asked_seconds: asked(run_seconds, shape.asked_percent),
        }
    };
    (first_id..).zip(instants(draw, shape.per_day)).map(job).collect()
}

/// Draws a service's traffic for each hour of the period.
///
/// Hours are counted from the start of the period; each takes the level of the hour of the day
/// (UTC) that it starts in, times a factor drawn evenly from 1000 − `jitter_permille` to
/// 1000 + `jitter_permille` thousandths (a jitter above 1000 counts as 1000). One factor serves
/// tokens read and written, as both come with the same requests. A shorter last hour has its
/// share. Counts are rounded to the nearest token, a tie to even, and end at the largest `u64`.
/// A longer period from the same start begins with the same hours.
#[must_use]
pub fn draw_traffic(draw: &Draw<'_>, serving: &Serving) -> Vec<Traffic> {
    let mut jitter = Generator::new(draw.seed, draw.stream, Quantity::Jitter);
    let jitter_permille = serving.jitter_permille.min(1_000);
    let width = NonZeroU64::MIN.saturating_add(2 * u64::from(jitter_permille));
    let traffic = |window: Window| {
        let hour = usize::from(window.start().hour_of_day());
        let factor = u64::from(1_000 - jitter_permille) + jitter.below(width);
        let level = i128::from(serving.hours_permille[hour])
            * i128::from(factor)
            * i128::from(window.seconds());
        let tokens = |per_hour| tokens_at(per_hour, level);
        Traffic {
            window,
            tokens_in: tokens(serving.tokens_in_per_hour),
            tokens_out: tokens(serving.tokens_out_per_hour),
        }
    };
    hours(draw.period).map(traffic).collect()
}

/// How many replicas serve that traffic when they are so busy: tokens read and written ÷ what a
/// replica serves in that part of the window, rounded up.
///
/// No traffic needs none; more than fit in 32 bits, or any where a replica serves no tokens, is
/// the largest `u32`.
#[must_use]
pub fn replicas_needed(serving: &Serving, traffic: &Traffic, utilization: Ratio) -> u32 {
    let tokens = i128::from(traffic.tokens_in) + i128::from(traffic.tokens_out);
    if tokens == 0 {
        return 0;
    }
    let per_hour = i128::from(serving.tokens_per_gpu_hour) * i128::from(serving.replica_gpus);
    let seconds = i128::from(traffic.window.seconds());
    let served =
        per_hour.checked_mul(seconds).map(|it| Wide::product(it, utilization.numerator().into()));
    let asked = Wide::product(tokens * i128::from(HOUR_SECONDS), utilization.denominator().into());
    served
        .and_then(|served| asked.over(served, Rounding::Up).ok())
        .and_then(|replicas| u32::try_from(replicas).ok())
        .unwrap_or(u32::MAX)
}

/// A service's traffic shared over regions, hour by hour: each has its share, rounded down, and
/// the last what is left.
#[must_use]
pub fn share_traffic(traffic: &[Traffic], shares: &[Ratio]) -> Vec<Vec<Traffic>> {
    let mut regions = vec![Vec::with_capacity(traffic.len()); shares.len()];
    for hour in traffic {
        let (mut tokens_in, mut tokens_out) = (hour.tokens_in, hour.tokens_out);
        for (index, (share, region)) in shares.iter().zip(&mut regions).enumerate() {
            let is_last = index + 1 == shares.len();
            let part = |all: u64, left: &mut u64| {
                let part = share.of(i128::from(all), Rounding::Down);
                let part = part.ok().and_then(|part| u64::try_from(part).ok());
                let part = part.expect("a share of a count is at most that").min(*left);
                let part = if is_last { *left } else { part };
                *left -= part;
                part
            };
            region.push(Traffic {
                window: hour.window,
                tokens_in: part(hour.tokens_in, &mut tokens_in),
                tokens_out: part(hour.tokens_out, &mut tokens_out),
            });
        }
    }
    regions
}

/// The hours of a period, counted from its start; the last may be shorter.
pub(crate) fn hours(period: Window) -> impl Iterator<Item = Window> {
    let from = move |start: &Instant| Some(start.plus_seconds(HOUR_SECONDS));
    std::iter::successors(Some(period.start()), from).map_while(move |start| {
        Window::new(start, start.plus_seconds(HOUR_SECONDS).min(period.end())).ok()
    })
}

/// The instants of submission, in order.
fn instants(draw: &Draw<'_>, per_day: u32) -> Vec<Instant> {
    let seconds = draw.period.seconds();
    let count = mul_div(i128::from(per_day), seconds.into(), Instant::DAY.into(), Rounding::HalfUp)
        .ok()
        .and_then(|count| u64::try_from(count).ok())
        .expect("32 bits of jobs a day and the seconds of all time fit in 64 bits as days");
    let span = u64::try_from(seconds).ok().and_then(NonZeroU64::new);
    let span = span.expect("a window holds an instant by construction");
    let mut places = Generator::new(draw.seed, draw.stream, Quantity::Instant);
    let mut instant = || {
        let offset = i64::try_from(places.below(span)).expect("an offset is within the window");
        draw.period.start().plus_seconds(offset)
    };
    let mut instants: Vec<Instant> = (0..count).map(|_| instant()).collect();
    instants.sort_unstable();
    instants
}

/// The size whose share of the weights holds the point.
fn size_at(sizes: &[(Size, u32)], point: u64) -> Size {
    let mut end = 0;
    for &(size, weight) in sizes {
        end += u64::from(weight);
        if point < end {
            return size;
        }
    }
    unreachable!("a point is drawn below the sum of the weights")
}

fn asked(run_seconds: u32, percent: u32) -> u32 {
    let asked = (u64::from(run_seconds) * u64::from(percent)).div_ceil(100);
    u32::try_from(asked).unwrap_or(u32::MAX)
}

/// Tokens of a window whose level is hour permille × jitter permille × seconds.
fn tokens_at(per_hour: u64, level: i128) -> u64 {
    let whole = 1_000 * 1_000 * i128::from(HOUR_SECONDS);
    mul_div(per_hour.into(), level, whole, Rounding::HalfEven)
        .ok()
        .and_then(|tokens| u64::try_from(tokens).ok())
        .unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_share_the_weights() {
        let sizes = [(8, 2), (16, 0), (64, 1)].map(|(gpus, weight)| (Size::Gpus(gpus), weight));
        assert_eq!([0, 1, 2].map(|point| size_at(&sizes, point).gpus()), [8, 8, 64]);
    }

    #[test]
    fn asked_is_rounded_up() {
        let seen = [(100, 100), (101, 150), (1, 101), (u32::MAX, 200)]
            .map(|(run, percent)| asked(run, percent));
        assert_eq!(seen, [100, 152, 2, u32::MAX]);
    }
}
