//! Where a commitment is heading: its pace, and whether it will be used up or fall short.

use comity_base::{Instant, Overflow, PartyId, Rounding, TermId, Wide, Window, mul_div};

use crate::commitment::{Counted, Drawdown, Standing};

/// A commitment in one interval, with what its pace comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BurnDown {
    /// The commitment.
    pub term: TermId,
    /// Who buys.
    pub buyer: PartyId,
    /// From whom.
    pub seller: PartyId,
    /// The interval.
    pub interval: Window,
    /// As of when.
    pub at: Instant,
    /// What is committed in the interval.
    pub promised: Counted,
    /// What counts as drawn of it.
    pub used: Counted,
    /// What is still to be drawn.
    pub remaining: Counted,
    /// How many seconds of the interval are over; `None` for one without a beginning.
    pub elapsed_seconds: Option<i64>,
    /// How many seconds the interval has; `None` for one without a beginning or an end.
    pub whole_seconds: Option<i64>,
    /// What is used in a day, in the mean of the settled part of the interval: all that counts, also
    /// beyond what is committed.
    pub per_day: Counted,
    /// What would have to be used in each day that is left to meet it; `None` without an end.
    pub needed_per_day: Option<Counted>,
    /// What is used when the interval ends, at this pace; `None` without an end.
    pub projected: Option<Counted>,
    /// What falls short then; `None` without an end.
    pub projected_shortfall: Option<Counted>,
    /// How it goes on.
    pub outlook: Outlook,
}

/// How a commitment goes on at its pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// Nothing is left.
    UsedUp,
    /// Nothing is left from then on.
    UsedUpOn(Instant),
    /// It falls short when its interval ends.
    FallsShort {
        /// From then on it cannot be met any more, even if as much were used in every day as in the
        /// best so far.
        lost_from: Instant,
    },
    /// It has no end, and nothing is being used.
    Idle,
    /// Its interval is over, or it is no longer in force.
    Over,
}

/// Where a commitment is heading, as of an instant up to which it was settled.
///
/// # Errors
/// [`Overflow`] when a projection does not fit in 128 bits.
pub fn burn_down(it: &Drawdown, at: Instant) -> Result<BurnDown, Overflow> {
    let pace = Pace::of(it, at)?;
    let (used, remaining) = (it.used(), it.remaining);
    let end = it.interval.end();
    let ends = end < Instant::MAX;
    let left = (end.seconds() - at.seconds()).max(0);
    let over = match it.standing {
        Standing::Running => at >= end,
        Standing::Ended { .. } | Standing::OutOfForce { .. } => true,
    };
    let more = if over { 0 } else { pace.over(left)? };
    let projected = used.count.checked_add(more).filter(|_| ends);
    let shortfall = projected.map(|projected| (it.amount.count - projected).max(0));
    let outlook = if over {
        Outlook::Over
    } else if remaining.count == 0 {
        Outlook::UsedUp
    } else {
        match pace.reaches(remaining.count, at)? {
            Some(on) if on <= end => Outlook::UsedUpOn(on),
            Some(_) | None if ends => {
                let lost_from = pace.lost(it, (remaining.count, left), at)?;
                Outlook::FallsShort { lost_from }
            }
            Some(_) | None => Outlook::Idle,
        }
    };
    let needed = (ends && !over).then(|| {
        mul_div(remaining.count, i128::from(Instant::DAY), i128::from(left), Rounding::Up)
    });
    let begins = it.interval.start() > Instant::MIN;
    let elapsed = at.min(end).seconds() - it.interval.start().seconds();
    Ok(BurnDown {
        term: it.term.clone(),
        buyer: it.buyer.clone(),
        seller: it.seller.clone(),
        interval: it.interval,
        at,
        promised: it.amount,
        used,
        remaining,
        elapsed_seconds: begins.then_some(elapsed.max(0)),
        whole_seconds: (begins && ends).then(|| it.interval.seconds()),
        per_day: it.counted(pace.over(Instant::DAY)?),
        needed_per_day: needed.transpose()?.map(|count| it.counted(count)),
        projected: projected.map(|count| it.counted(count)),
        projected_shortfall: shortfall.map(|count| it.counted(count)),
        outlook,
    })
}

/// So much in so many seconds.
struct Pace {
    count: i128,
    seconds: i64,
}

impl Pace {
    fn of(it: &Drawdown, at: Instant) -> Result<Self, Overflow> {
        let count = it.drawn.count.checked_add(it.beyond.count).ok_or(Overflow)?;
        let end = it.settled.end().min(at);
        Ok(Self { count, seconds: (end.seconds() - it.settled.start().seconds()).max(1) })
    }

    /// What it comes to in so many seconds, to the nearest whole number.
    fn over(&self, seconds: i64) -> Result<i128, Overflow> {
        mul_div(self.count, i128::from(seconds), i128::from(self.seconds), Rounding::HalfEven)
    }

    /// When so much will have been used; `None` when nothing is.
    fn reaches(&self, count: i128, at: Instant) -> Result<Option<Instant>, Overflow> {
        if self.count == 0 {
            return Ok(None);
        }
        let seconds = mul_div(count, i128::from(self.seconds), self.count, Rounding::Up)?;
        Ok(Some(later(at, seconds)))
    }

    /// When what remains can no longer be used in what is left of the interval: until then at this
    /// pace, and from then on as on the best day.
    ///
    /// With `p` for the pace and `b` for the best day, both by the second, and `r` for what remains
    /// in `t` seconds, it is `x` seconds from now with `p·x + b·(t − x) = r`.
    fn lost(
        &self,
        it: &Drawdown,
        (remaining, left): (i128, i64),
        at: Instant,
    ) -> Result<Instant, Overflow> {
        let (day, seconds) = (i128::from(Instant::DAY), i128::from(self.seconds));
        let best = Wide::product(it.best_day.count, seconds);
        let slack =
            best.times(i128::from(left))?.minus(Wide::product(remaining, day).times(seconds)?)?;
        let gain = best.minus(Wide::product(self.count, day))?;
        if slack <= Wide::ZERO || gain <= Wide::ZERO {
            return Ok(at);
        }
        Ok(later(at, slack.over(gain, Rounding::Down)?))
    }
}

fn later(at: Instant, seconds: i128) -> Instant {
    i64::try_from(seconds).map_or(Instant::MAX, |seconds| at.plus_seconds(seconds))
}
