//! Hours, days, months, quarters and years of the calendar in UTC.
//!
//! The proleptic Gregorian calendar, by whole-number arithmetic: Howard Hinnant,
//! "chrono-Compatible Low-Level Date Algorithms", `days_from_civil` and `civil_from_days`.

use crate::time::{Instant, Window};

/// Days from the start of the era in which 1970 lies (0000-03-01) to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;
/// Days in the 400 years of an era.
const ERA_DAYS: i64 = 146_097;

/// A stretch of the calendar that comes again, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cadence {
    /// From one full hour to the next.
    Hour,
    /// From one midnight to the next.
    Day,
    /// From the first of a month to the first of the next.
    Month,
    /// Three months, from January, April, July or October.
    Quarter,
    /// From one January to the next.
    Year,
}

impl Cadence {
    /// The hour, day, month, quarter or year that `at` lies in.
    ///
    /// # Panics
    /// At [`Instant::MAX`], which lies in no window.
    #[must_use]
    pub fn around(self, at: Instant) -> Window {
        let fixed = |seconds: i64| {
            let start = at.seconds().div_euclid(seconds) * seconds;
            (Instant::from_seconds(start), Instant::from_seconds(start + seconds))
        };
        let (start, end) = match self {
            Self::Hour => fixed(3_600),
            Self::Day => fixed(Instant::DAY),
            Self::Month => months_around(at, 1),
            Self::Quarter => months_around(at, 3),
            Self::Year => months_around(at, 12),
        };
        Window::new(start, end)
            .expect("it ends after it starts, also where it is cut to the first or last instant")
    }

    /// The first instants of those that begin inside `window`, in order.
    pub fn starts(self, window: Window) -> impl Iterator<Item = Instant> {
        let first = self.around(window.start()).end();
        std::iter::successors(Some(first), move |&start| {
            (start < window.end()).then(|| self.around(start).end())
        })
        .take_while(move |&start| start < window.end())
    }
}

/// The first instant of the run of so many months that `at` lies in, and of the next run; runs are
/// counted from January, and `months` divides 12.
fn months_around(at: Instant, months: i64) -> (Instant, Instant) {
    let (year, month) = year_and_month(at.seconds().div_euclid(Instant::DAY));
    let first = (month - 1) / months * months + 1;
    let (next_year, next) =
        if first + months > 12 { (year + 1, 1) } else { (year, first + months) };
    (midnight(year, first), midnight(next_year, next))
}

/// The same date and time of day a number of months later; on the last day of a shorter month.
#[must_use]
pub fn plus_months(at: Instant, months: i64) -> Instant {
    let day = at.seconds().div_euclid(Instant::DAY);
    let time = at.seconds().rem_euclid(Instant::DAY);
    let (year, month) = year_and_month(day);
    let since_month = day - midnight(year, month).seconds().div_euclid(Instant::DAY);
    let count = year * 12 + month - 1 + months;
    let (year, month) = (count.div_euclid(12), count.rem_euclid(12) + 1);
    let first = midnight(year, month);
    let length = Cadence::Month.around(first).seconds() / Instant::DAY;
    first.plus_seconds(since_month.min(length - 1) * Instant::DAY + time)
}

/// The first instant of a month, 1 to 12.
fn midnight(year: i64, month: i64) -> Instant {
    // A year that begins in March has its leap day at its end.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Instant::from_seconds((era * ERA_DAYS + day_of_era - EPOCH_DAYS) * Instant::DAY)
}

/// The year and the month, 1 to 12, of a day counted from 1970-01-01.
fn year_and_month(day: i64) -> (i64, i64) {
    let (era, day_of_era) =
        ((day + EPOCH_DAYS).div_euclid(ERA_DAYS), (day + EPOCH_DAYS).rem_euclid(ERA_DAYS));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400;
    (if month <= 2 { year + 1 } else { year }, month)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn every_day_lies_in_the_month_that_the_calendar_prints() {
        let (mut day, end) = (at("1895-12-30"), at("2105-02-02"));
        while day < end {
            let month = Cadence::Month.around(day);
            assert!(month.contains(day));
            assert_eq!(month.start().to_string(), format!("{}-01", &day.to_string()[..7]));
            assert_eq!(Cadence::Month.around(day.plus_seconds(Instant::DAY - 1)), month);
            day = day.plus_seconds(Instant::DAY);
        }
    }

    #[test]
    fn each_cadence_has_its_bounds() {
        let check = |cadence: Cadence, text: &str, start: &str, end: &str| {
            assert_eq!(cadence.around(at(text)), Window::new(at(start), at(end)).unwrap());
        };
        let inside = "2024-02-29T23:59:59Z";
        check(Cadence::Hour, inside, "2024-02-29T23:00:00Z", "2024-03-01");
        check(Cadence::Day, inside, "2024-02-29", "2024-03-01");
        check(Cadence::Month, inside, "2024-02-01", "2024-03-01");
        check(Cadence::Quarter, inside, "2024-01-01", "2024-04-01");
        check(Cadence::Quarter, "2024-12-31", "2024-10-01", "2025-01-01");
        check(Cadence::Year, inside, "2024-01-01", "2025-01-01");
    }

    #[test]
    fn months_begin_inside_a_window() {
        let starts = |start, end| -> Vec<String> {
            let window = Window::new(at(start), at(end)).unwrap();
            Cadence::Month.starts(window).map(|start| start.to_string()).collect()
        };
        assert_eq!(starts("2025-01-01", "2025-03-01"), ["2025-02-01"]);
        assert_eq!(starts("2025-12-31", "2026-02-02"), ["2026-01-01", "2026-02-01"]);
        assert!(starts("2025-01-01", "2025-02-01").is_empty());
        assert!(Cadence::Month.around(Instant::MIN).contains(Instant::MIN));
        assert_eq!(Cadence::Month.around(at("9999-12-30")).end(), Instant::MAX);
    }

    #[test]
    fn months_later_keeps_the_day_where_there_is_one() {
        let check = |from, months, to: &str| {
            assert_eq!(plus_months(at(from), months).to_string(), to);
        };
        check("2025-01-31", 1, "2025-02-28");
        check("2024-01-31", 1, "2024-02-29");
        check("2025-01-22", 12, "2026-01-22");
        check("2025-11-30T06:00:00Z", 3, "2026-02-28T06:00:00Z");
        check("2025-03-15", -3, "2024-12-15");
    }
}
