//! The share of runs in which something happens, with its interval, computed in whole numbers.

use crate::student::Confidence;

/// Shares are given in millionths.
pub(crate) const WHOLE: u64 = 1_000_000;
/// The probability of exactly so many runs is taken as so many parts; the others follow from it.
const PARTS: i128 = 1_000_000_000_000_000;

/// A share of runs and the interval around it, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The lower end, rounded down.
    pub low: u64,
    /// The share, rounded to the nearest.
    pub part: u64,
    /// The upper end, rounded up.
    pub high: u64,
}

/// The share of runs in which something happened so many `times`, with the interval of Clopper and
/// Pearson (1934, Biometrika 26, 404-413).
///
/// Its ends are the chances at which as many times or more, and as few or fewer, come about in half
/// of what the confidence leaves. So whatever the true chance, the interval holds it at least as
/// surely as asked, also after few runs and where something happens in all of them.
///
/// # Panics
/// With no runs, with more than 10^9, or with more times than runs.
#[must_use]
pub fn share(times: u64, runs: u64, confidence: Confidence) -> Share {
    assert!((1..=1_000_000_000).contains(&runs) && times <= runs, "so many runs can be made");
    Share {
        low: lower(times, runs, confidence),
        part: (2 * times * WHOLE + runs) / (2 * runs),
        high: WHOLE - lower(runs - times, runs, confidence),
    }
}

/// The greatest chance, in millionths, at which so many times or more come about in no more than
/// half of what the confidence leaves. It is never above the share itself.
fn lower(times: u64, runs: u64, confidence: Confidence) -> u64 {
    if times == 0 {
        return 0;
    }
    let (mut low, mut high) = (0, (times * WHOLE / runs + 1).min(WHOLE));
    while high - low > 1 {
        let middle = u64::midpoint(low, high);
        if is_rare(times, runs, middle, confidence) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// Whether so many times or more come about in no more than half of what the confidence leaves, at
/// a chance above 0 that is not above the share.
fn is_rare(times: u64, runs: u64, chance: u64, confidence: Confidence) -> bool {
    let [times, runs, yes, no] = [times, runs, chance, WHOLE - chance].map(i128::from);
    // One time more: (runs - times) ÷ (times + 1) × yes ÷ no as likely. The chance is not above the
    // share, so this is below one.
    let (mut as_many, mut term, mut count) = (PARTS, PARTS, times);
    while term > 0 && count < runs {
        term = term * (runs - count) * yes / ((count + 1) * no);
        as_many += term;
        count += 1;
    }
    let rare = as_many * 2 * i128::from(WHOLE);
    let left = i128::from(WHOLE) - i128::from(confidence.millionths());
    let (mut all, mut term, mut count) = (as_many, PARTS, times);
    while term > 0 && count > 0 {
        if rare <= left.saturating_mul(all) {
            return true;
        }
        term = term * count * no / ((runs - count + 1) * yes);
        all += term;
        count -= 1;
    }
    rare <= left.saturating_mul(all)
}

#[cfg(test)]
mod tests {
    use ethnum::U256;

    use super::*;

    fn ends(times: u64, runs: u64, percent: &str) -> (u64, u64) {
        let share = share(times, runs, Confidence::parse(percent).unwrap());
        assert!(share.low <= share.part && share.part <= share.high, "{share:?}");
        (share.low, share.high)
    }

    /// In hundredths of a per cent, to the nearest, as tables have them.
    #[test]
    fn intervals_are_those_of_published_tables() {
        let table = [
            (0, 10, "95", 0, 3_085),
            (1, 10, "95", 25, 4_450),
            (5, 10, "95", 1_871, 8_129),
            (10, 10, "95", 6_915, 10_000),
            (0, 100, "95", 0, 362),
            (10, 100, "95", 490, 1_762),
            (1, 1, "95", 250, 10_000),
        ];
        for (times, runs, percent, low, high) in table {
            let (from, to) = ends(times, runs, percent);
            let near = ((from + 50) / 100, (to + 50) / 100);
            assert_eq!(near, (low, high), "{times} of {runs} at {percent} %");
        }
    }

    /// The ends are exact, by sums that leave nothing out: in 256 bits, of few runs.
    #[test]
    fn no_closer_interval_is_as_sure() {
        // The probability of `from` times or more, as parts of WHOLE to the power of the runs.
        let tail = |from: u64, runs: u64, chance: u64| {
            let mut ways = U256::ONE;
            let mut sum = U256::ZERO;
            for count in 0..=runs {
                let power = |of: u64, by: u64| U256::from(of).pow(u32::try_from(by).unwrap());
                if count >= from {
                    sum += ways * power(chance, count) * power(WHOLE - chance, runs - count);
                }
                ways = ways * U256::from(runs - count) / U256::from(count + 1);
            }
            sum
        };
        for (percent, left) in [("95", 50_000_u64), ("99.9", 1_000), ("50", 500_000)] {
            for runs in 1..=10_u64 {
                let all = U256::from(WHOLE).pow(u32::try_from(runs).unwrap());
                let is_rare = |from, chance| {
                    tail(from, runs, chance) * U256::from(2 * WHOLE) <= all * U256::from(left)
                };
                for times in 1..=runs {
                    let (low, _) = ends(times, runs, percent);
                    assert!(is_rare(times, low), "{times} of {runs} at {percent} %: {low}");
                    assert!(!is_rare(times, low + 1), "{times} of {runs} at {percent} %: {low}");
                    let (_, high) = ends(runs - times, runs, percent);
                    assert_eq!(high, WHOLE - low, "the other end is that of not happening");
                }
            }
        }
    }

    #[test]
    fn many_runs_narrow_the_interval() {
        let width = |runs: u64| {
            let (low, high) = ends(runs / 4, runs, "95");
            high - low
        };
        // As 1 ÷ √runs; 2 × 1.96 × √(0.25 × 0.75) ÷ 1,000 for the last.
        let widths = [100, 10_000, 1_000_000].map(width);
        assert!((9..=12).contains(&(widths[0] / widths[1])), "{widths:?}");
        assert!((1_690..=1_705).contains(&widths[2]), "{widths:?}");
        assert_eq!(ends(1_000_000, 1_000_000, "99.9999").1, WHOLE);
        assert!(ends(1, 1_000_000, "99.9999").0 == 0);
    }
}
