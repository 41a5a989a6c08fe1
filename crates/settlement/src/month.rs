//! Calendar months in UTC.
//!
//! The proleptic Gregorian calendar, by whole-number arithmetic: Howard Hinnant,
//! "chrono-Compatible Low-Level Date Algorithms", `days_from_civil` and `civil_from_days`.

use comity_base::{Instant, Window};

/// Days from the start of the era in which 1970 lies (0000-03-01) to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;
/// Days in the 400 years of an era.
const ERA_DAYS: i64 = 146_097;

/// The calendar month that `at` lies in, from its first midnight to the next month's.
///
/// # Panics
/// At [`Instant::MAX`], which lies in no window.
pub(crate) fn month_of(at: Instant) -> Window {
    let (year, month) = year_and_month(at.seconds().div_euclid(Instant::DAY));
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    Window::new(midnight(year, month), midnight(next_year, next_month))
        .expect("a month ends after it starts, also where it is cut to the first or last instant")
}

/// The first instants of the months that begin inside `window`.
pub(crate) fn month_starts(window: Window) -> impl Iterator<Item = Instant> {
    let first = month_of(window.start()).end();
    std::iter::successors(Some(first), move |&start| {
        (start < window.end()).then(|| month_of(start).end())
    })
    .take_while(move |&start| start < window.end())
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

    #[test]
    fn every_day_lies_in_the_month_that_the_calendar_prints() {
        let mut at = Instant::parse("1895-12-30").unwrap();
        let end = Instant::parse("2105-02-02").unwrap();
        while at < end {
            let month = month_of(at);
            assert!(month.contains(at));
            assert_eq!(month.start().to_string(), format!("{}-01", &at.to_string()[..7]));
            assert_eq!(month_of(at.plus_seconds(Instant::DAY - 1)), month);
            at = at.plus_seconds(Instant::DAY);
        }
    }

    #[test]
    fn months_begin_inside_a_window() {
        let at = |text| Instant::parse(text).unwrap();
        let starts = |start, end| -> Vec<String> {
            let window = Window::new(at(start), at(end)).unwrap();
            month_starts(window).map(|start| start.to_string()).collect()
        };
        assert_eq!(starts("2025-01-01", "2025-03-01"), ["2025-02-01"]);
        assert_eq!(starts("2025-12-31", "2026-02-02"), ["2026-01-01", "2026-02-01"]);
        assert!(starts("2025-01-01", "2025-02-01").is_empty());
        assert!(month_of(Instant::MIN).contains(Instant::MIN));
        assert_eq!(month_of(at("9999-12-30")).end(), Instant::MAX);
    }
}
