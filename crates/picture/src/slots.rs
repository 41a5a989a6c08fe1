//! A period in equal slots, and levels spread over them.

use comity_base::{Instant, Window};

/// At most this many slots: more cannot be told apart in a chart.
const MOST: i64 = 124;

/// How long a slot may be, seconds; for longer periods, whole years.
const LENGTHS: [i64; 13] = [
    60,
    300,
    900,
    3_600,
    7_200,
    10_800,
    21_600,
    43_200,
    Instant::DAY,
    7 * Instant::DAY,
    28 * Instant::DAY,
    91 * Instant::DAY,
    364 * Instant::DAY,
];

/// A period in slots of one length; the last may be shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slots {
    period: Window,
    seconds: i64,
}

impl Slots {
    /// The shortest slots of which no more than 124 are in the period.
    #[must_use]
    pub fn of(period: Window) -> Self {
        let fits = |seconds: &&i64| period.seconds() <= **seconds * MOST;
        let year = LENGTHS[LENGTHS.len() - 1];
        let years = (period.seconds() / (year * MOST) + 1) * year;
        Self { period, seconds: LENGTHS.iter().find(fits).copied().unwrap_or(years) }
    }

    /// The slots, in order.
    #[must_use]
    pub fn windows(self) -> Vec<Window> {
        let mut windows = Vec::new();
        let mut start = self.period.start();
        while start < self.period.end() {
            let end = start.plus_seconds(self.seconds).min(self.period.end());
            windows.push(Window::new(start, end).expect("a slot begins before it ends"));
            start = end;
        }
        windows
    }

    /// Adds `level` times the seconds that `window` has in each slot to that slot's sum.
    ///
    /// # Panics
    /// When `sums` has fewer entries than there are slots.
    pub fn add(self, sums: &mut [i128], window: Window, level: i128) {
        let Some(inside) = window.intersect(self.period) else { return };
        let from = inside.start().seconds() - self.period.start().seconds();
        let to = inside.end().seconds() - self.period.start().seconds();
        for slot in from / self.seconds..=(to - 1) / self.seconds {
            let start = from.max(slot * self.seconds);
            let end = to.min((slot + 1) * self.seconds);
            let index = usize::try_from(slot).expect("a slot begins at or after the period");
            sums[index] += level * i128::from(end - start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(start: i64, end: i64) -> Window {
        Window::new(Instant::from_seconds(start), Instant::from_seconds(end)).unwrap()
    }

    #[test]
    fn slots_cover_the_period_and_are_few() {
        for seconds in [1, 60, 7_441, 86_400, 30 * 86_400, 366 * 86_400, 100 * 366 * 86_400] {
            let slots = Slots::of(window(1_000, 1_000 + seconds)).windows();
            assert!(slots.len() <= 124, "{} slots of {seconds} s", slots.len());
            assert_eq!(slots[0].start().seconds(), 1_000);
            assert_eq!(slots.last().unwrap().end().seconds(), 1_000 + seconds);
            assert!(slots.windows(2).all(|pair| pair[0].end() == pair[1].start()));
        }
    }

    #[test]
    fn what_is_added_is_all_there_is_inside() {
        let period = window(0, 30 * 86_400);
        let slots = Slots::of(period);
        let mut sums = vec![0; slots.windows().len()];
        slots.add(&mut sums, window(-500, 30_000), 3);
        slots.add(&mut sums, window(29 * 86_400 + 1, 99 * 86_400), 2);
        slots.add(&mut sums, window(-9, -1), 7);
        assert_eq!(sums.iter().sum::<i128>(), 3 * 30_000 + 2 * 86_399);
        assert_eq!(sums[0], 3 * 21_600);
        assert_eq!(sums[1], 3 * 8_400);
    }
}
