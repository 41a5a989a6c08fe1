//! What commitments cost by what they are for, whenever it is paid.

use comity_base::{Money, Overflow, PartyId, Rounding, TermId, Window};

use crate::commitment::{Counted, Drawdown, Standing};

/// The part of an interval's commitment that was used, or that was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Utilization {
    /// It was drawn.
    Used,
    /// It fell short.
    Unused,
}

/// What a part of a commitment costs in an interval, at the commitment's price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveCost {
    /// The commitment.
    pub term: TermId,
    /// Who buys.
    pub buyer: PartyId,
    /// From whom.
    pub seller: PartyId,
    /// The interval.
    pub interval: Window,
    /// Which part.
    pub utilization: Utilization,
    /// How much it is.
    pub counted: Counted,
    /// What it costs: spread over the use that it is for, and not when it is paid.
    pub cost: Money,
}

/// What was used of commitments and what was not, each interval by itself, at the commitments' own
/// prices. Money is worth itself; use without a price is left out. What rolls over is not unused
/// yet, and what rolled in is used or unused in the interval in which it is drawn or falls short.
///
/// # Errors
/// [`Overflow`] when a cost does not fit in 128 bits.
pub fn effective_costs(
    drawdowns: &[Drawdown],
    rounding: Rounding,
) -> Result<Vec<EffectiveCost>, Overflow> {
    let mut costs = Vec::new();
    for it in drawdowns {
        let drawn = it.drawn.count.checked_add(it.rolled_drawn.count).ok_or(Overflow)?;
        let short = match it.standing {
            Standing::Ended { shortfall, .. } => shortfall.count,
            Standing::Running | Standing::OutOfForce { .. } => 0,
        };
        for (utilization, count) in [(Utilization::Used, drawn), (Utilization::Unused, short)] {
            let counted = it.counted(count);
            let cost = counted.value(rounding)?.filter(|_| count > 0);
            costs.extend(cost.map(|cost| EffectiveCost {
                term: it.term.clone(),
                buyer: it.buyer.clone(),
                seller: it.seller.clone(),
                interval: it.interval,
                utilization,
                counted,
                cost,
            }));
        }
    }
    Ok(costs)
}
