//! How many replicas a service asks for as its traffic changes.
//!
//! The rule is that of the Kubernetes Horizontal Pod Autoscaler: what the traffic of the moment
//! recommends is asked for at once when it is more, and when it is less only once nothing more was
//! recommended for all of the stabilization window. Whole numbers only; where replicas run, and
//! when they serve, is no concern of it.

use std::collections::VecDeque;

use comity_base::{Instant, Window};
use comity_fleet::Autoscale;

/// The replicas that are asked for over time, from those that the traffic recommends.
///
/// It is looked at when the first window starts and then every `every_seconds`, until the last
/// ends; each time the answer is the most that was recommended at any look from
/// `stabilization_seconds` ago on, not less than `min_replicas` and not more than `max_replicas`,
/// and it stands until the next look. Where there is no window nothing is recommended. Equal steps
/// that follow each other are one.
#[must_use]
pub fn autoscale(policy: &Autoscale, recommended: &[(Window, u32)]) -> Vec<(Window, u32)> {
    let mut steps: Vec<(Window, u32)> = Vec::new();
    // The looks of the stabilization window that no later one surpasses: the first is the most.
    let mut recent: VecDeque<(Instant, u32)> = VecDeque::new();
    let mut rest = recommended;
    for look in looks(policy, recommended) {
        let now = look.start();
        rest = &rest[rest.iter().take_while(|(window, _)| window.end() <= now).count()..];
        let current = rest.first().filter(|(window, _)| window.contains(now));
        let count = current.map_or(0, |&(_, count)| count);
        while recent.back().is_some_and(|&(_, earlier)| earlier <= count) {
            recent.pop_back();
        }
        recent.push_back((now, count));
        let from = now.plus_seconds(-i64::from(policy.stabilization_seconds));
        while recent.front().is_some_and(|&(at, _)| at < from) {
            recent.pop_front();
        }
        let most = recent.front().map_or(0, |&(_, count)| count);
        let asked = most.max(policy.min_replicas).min(policy.max_replicas.unwrap_or(u32::MAX));
        match steps.last_mut() {
            Some((window, last)) if *last == asked => {
                *window = Window::new(window.start(), look.end())
                    .expect("a look ends after those before it start");
            }
            Some(_) | None => steps.push((look, asked)),
        }
    }
    steps
}

/// From each look to the next.
fn looks(policy: &Autoscale, recommended: &[(Window, u32)]) -> impl Iterator<Item = Window> {
    let ends = recommended.first().zip(recommended.last());
    let all = ends.and_then(|((first, _), (last, _))| Window::new(first.start(), last.end()).ok());
    let every = i64::from(policy.every_seconds.max(1));
    all.into_iter().flat_map(move |all| {
        std::iter::successors(Some(all.start()), move |at| Some(at.plus_seconds(every)))
            .map_while(move |at| Window::new(at, at.plus_seconds(every).min(all.end())).ok())
    })
}
