//! How far commitments are burned down while planning, and which pool work goes to first.

use std::cmp::Ordering;

use comity_base::Overflow;

use crate::inputs::Inputs;
use crate::plan::PlanError;

/// Thousandths of GPU-seconds in a GPU-hour.
const MILLI_PER_HOUR: i128 = 3_600_000;

/// What is drawn from each commitment so far.
///
/// Amounts are minor units of money times 3,600,000, so that a price per GPU-hour times thousandths of
/// GPU-seconds is exact.
#[derive(Debug)]
pub(crate) struct Drawdown<'a> {
    inputs: &'a Inputs<'a>,
    targets: Vec<i128>,
    drawn: Vec<i128>,
}

/// Work that starts: what it holds and for how long it is charged in the period.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draw {
    pub(crate) class: usize,
    pub(crate) pool: usize,
    /// Thousandths of GPUs.
    pub(crate) milli: i64,
    pub(crate) seconds: i64,
}

impl<'a> Drawdown<'a> {
    /// Nothing drawn yet.
    pub(crate) fn new(inputs: &'a Inputs<'a>) -> Result<Self, PlanError> {
        let target = |(commitment, pace): (usize, &crate::CommitmentPace)| {
            let target = pace.target.checked_mul(MILLI_PER_HOUR);
            target.ok_or(PlanError::Drawdown { commitment, source: Overflow })
        };
        let targets: Vec<i128> =
            inputs.commitments.iter().enumerate().map(target).collect::<Result<_, _>>()?;
        Ok(Self { inputs, drawn: vec![0; targets.len()], targets })
    }

    /// Draws what the work is charged.
    pub(crate) fn draw(&mut self, draw: Draw) -> Result<(), PlanError> {
        let class = &self.inputs.classes[draw.class];
        let Some(commitment) = class.commitment[draw.pool] else { return Ok(()) };
        let held = i128::from(draw.milli) * i128::from(draw.seconds);
        let charge = class.price[draw.pool].checked_mul(held);
        let drawn = charge.and_then(|charge| self.drawn[commitment].checked_add(charge));
        self.drawn[commitment] =
            drawn.ok_or(PlanError::Drawdown { commitment, source: Overflow })?;
        Ok(())
    }

    /// Which of two pools a class goes to first: `Less` when it is `a`. By [`Self::by_price`], then in
    /// the order of the pools.
    pub(crate) fn rank(&self, class: usize, a: usize, b: usize) -> Ordering {
        self.by_price(class, a, b).then_with(|| a.cmp(&b))
    }

    /// Which of two pools a class goes to first by what it costs: `Less` when it is `a`.
    ///
    /// First where a commitment is still to be burned down, the larger remaining fraction first;
    /// then the lower price, currency by currency.
    pub(crate) fn by_price(&self, class: usize, a: usize, b: usize) -> Ordering {
        let by_commitment = match (self.remaining(class, a), self.remaining(class, b)) {
            (Some(a), Some(b)) => compare_fractions(b, a),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        let class = &self.inputs.classes[class];
        by_commitment.then_with(|| class.cost(a).cmp(&class.cost(b)))
    }

    /// What is still to be drawn, and of how much, if anything is.
    fn remaining(&self, class: usize, pool: usize) -> Option<(i128, i128)> {
        let commitment = self.inputs.classes[class].commitment[pool]?;
        let target = self.targets[commitment];
        let remaining = target.saturating_sub(self.drawn[commitment]);
        (target > 0 && remaining > 0).then_some((remaining, target))
    }
}

/// Compares `a ÷ b` with `c ÷ d`, all positive, exactly.
fn compare_fractions((a, b): (i128, i128), (c, d): (i128, i128)) -> Ordering {
    if let (Some(left), Some(right)) = (a.checked_mul(d), c.checked_mul(b)) {
        return left.cmp(&right);
    }
    // The products do not fit: compare whole parts, then the inverted remainders.
    (a / b).cmp(&(c / d)).then_with(|| match (a % b, c % d) {
        (0, 0) => Ordering::Equal,
        (0, _) => Ordering::Less,
        (_, 0) => Ordering::Greater,
        (left, right) => compare_fractions((d, right), (b, left)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_compare_exactly() {
        assert_eq!(compare_fractions((1, 3), (2, 6)), Ordering::Equal);
        assert_eq!(compare_fractions((2, 3), (3, 4)), Ordering::Less);
        let huge = i128::MAX;
        assert_eq!(compare_fractions((huge - 1, huge), (huge - 2, huge - 1)), Ordering::Greater);
        assert_eq!(compare_fractions((huge - 2, huge - 1), (huge - 1, huge)), Ordering::Less);
        assert_eq!(compare_fractions((huge, 3), (huge, 3)), Ordering::Equal);
    }
}
