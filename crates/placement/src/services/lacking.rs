//! Where a service gets less than its traffic needs, and why.
//!
//! What the terms cause is found by asking what would be if they were not there: of the replicas
//! that found no place, as many are theirs as the pools that they bar have room for, those that
//! are nearest to an allowance first. The rest would find no place without the terms either.

use std::sync::Arc;

use comity_base::TermId;

use super::{Held, Stretch};
use crate::inputs::Ruling;
use crate::openings::Level;
use crate::plan::{Lacking, Shortfall, ShortfallReason};
use crate::reasons::barrier_of;

/// Adds the parts of a stretch in which fewer replicas serve than traffic needs.
pub(super) fn report(stretch: &Stretch<'_>, held: &Held, out: &mut Vec<Shortfall>) {
    let ready = || held.pools.iter().flat_map(|pool| pool.instants());
    let mut barred = None;
    for &(hour, needed) in stretch.demand() {
        let window = hour.intersect(stretch.window).expect("the hour overlaps the stretch");
        for part in window.cut(ready()) {
            let serving = held.pools.iter().map(|pool| pool.serving(part.start())).sum();
            if serving >= needed {
                continue;
            }
            let barred = barred.get_or_insert_with(|| stretch.barred());
            let count = Counts { needed, wanted: stretch.wanted(), held: held.replicas(), serving };
            let gpus = |replicas: u32| replicas.saturating_mul(held.replica_gpus);
            out.push(Shortfall {
                service: stretch.service,
                window: part,
                wanted: gpus(needed),
                given: gpus(serving),
                lacking: lacking(stretch, &count, barred)
                    .into_iter()
                    .filter(|&(_, replicas)| replicas > 0)
                    .map(|(reason, replicas)| Lacking { gpus: gpus(replicas), reason })
                    .collect(),
            });
        }
    }
}

/// Replicas of a service at an instant.
struct Counts {
    needed: u32,
    wanted: u32,
    held: u32,
    serving: u32,
}

/// The replicas that lack, by why; together those needed less those that serve.
fn lacking(
    stretch: &Stretch<'_>,
    count: &Counts,
    barred: &[(ShortfallReason, u32)],
) -> Vec<(ShortfallReason, u32)> {
    let placed = count.needed.min(count.held);
    let wanted = count.needed.min(count.wanted);
    let mut found = vec![(ShortfallReason::Starting, placed - count.serving)];
    let mut left = wanted - placed;
    for (reason, room) in barred {
        let theirs = left.min(*room);
        left -= theirs;
        found.push((reason.clone(), theirs));
    }
    found.push((stretch.no_room(), left));
    found.push((ShortfallReason::Scaling, count.needed - wanted));
    found
}

impl Stretch<'_> {
    /// What the terms bar, nearest to an allowance first, with the replicas there is room for.
    fn barred(&self) -> Vec<(ShortfallReason, u32)> {
        let of_level = |level: Level| {
            let pools = (0..self.inputs.pools.len()).filter(|&pool| self.in_reach(pool));
            let barred: Vec<usize> = pools
                .filter(|&pool| Level::of(self.ruling(pool)) == level && self.room(pool) > 0)
                .collect();
            let room = barred.iter().map(|&pool| self.room(pool)).fold(0, u32::saturating_add);
            let terms: Vec<TermId> =
                barred.iter().flat_map(|&pool| self.ruling(pool).terms()).cloned().collect();
            (barrier_of(terms, barred), room)
        };
        let (condition, if_met) = of_level(Level::Conditional);
        let (undetermined, if_settled) = of_level(Level::Undetermined);
        let (denied, if_allowed) = of_level(Level::Deny);
        vec![
            (ShortfallReason::Condition(condition), if_met),
            (ShortfallReason::Undetermined(undetermined), if_settled),
            (ShortfallReason::Denied(denied), if_allowed),
        ]
    }

    /// Why replicas would find no place whatever the terms.
    fn no_room(&self) -> ShortfallReason {
        let pools = || 0..self.inputs.pools.len();
        if !pools().any(|pool| self.in_reach(pool)) {
            return ShortfallReason::NoPool;
        }
        let pools: Arc<[usize]> = pools().filter(|&pool| self.is_allowed(pool)).collect();
        ShortfallReason::Full { pools }
    }

    /// What the terms say of the pool; it does not change in a stretch.
    fn ruling(&self, pool: usize) -> &Ruling {
        let rulings = &self.inputs.classes[self.class()].rulings[pool];
        let past = rulings.partition_point(|ruled| ruled.window.end() <= self.window.start());
        &rulings[past].ruling
    }
}
