//! Instants in UTC and `[start, end)` windows; what holds is kept apart from what is known.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use thiserror::Error;

/// Why a text is not an instant, or two instants are not a window.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TimeError {
    /// Neither a date nor a time stamp.
    #[error("`{text}` is not a date such as `2025-01-21` or a time such as `2025-01-21T09:00:00Z`")]
    Form {
        /// The text as given.
        text: String,
    },
    /// No such time zone.
    #[error("`{text}` is not a time zone such as `America/New_York` or `UTC`")]
    Zone {
        /// The text as given.
        text: String,
    },
    /// The end is not after the start.
    #[error("the period ends at {end}, not after its start at {start}")]
    Backwards {
        /// Where it was to start.
        start: Instant,
        /// Where it was to end.
        end: Instant,
    },
}

/// A second in time (UTC, seconds since 1970), at which things hold: valid time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// The first instant there is.
    pub const MIN: Self = Self(-377_705_023_201);
    /// The last instant there is: open windows end here.
    pub const MAX: Self = Self(253_402_207_200);
    /// Seconds in a day.
    pub const DAY: i64 = 86_400;

    /// The instant that many seconds after the start of 1970; kept within MIN and MAX.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Seconds since the start of 1970.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// The instant that many seconds later; kept within MIN and MAX.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_seconds(self.0.saturating_add(seconds))
    }

    /// Reads a date, which is its midnight in UTC, or an RFC 3339 time.
    ///
    /// # Errors
    /// [`TimeError::Form`] when `text` is neither.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let error = || TimeError::Form { text: text.to_owned() };
        if text.len() == 10 {
            let date: Date = text.parse().map_err(|_| error())?;
            let stamp = TimeZone::UTC.to_timestamp(date.to_datetime(Time::midnight()));
            return Ok(Self(stamp.map_err(|_| error())?.as_second()));
        }
        let stamp: Timestamp = text.parse().map_err(|_| error())?;
        Ok(Self(stamp.as_second()))
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_second(self.0).expect("an instant is within MIN and MAX by construction")
    }

    /// The hour of the day in UTC, 0 to 23.
    #[must_use]
    pub fn hour_of_day(self) -> u8 {
        let hour = self.0.rem_euclid(Self::DAY) / 3_600;
        u8::try_from(hour).expect("a day has 24 hours")
    }
}

impl fmt::Display for Instant {
    /// The date alone at midnight, else date and time.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::MAX {
            return f.pad("open");
        }
        let civil = TimeZone::UTC.to_datetime(self.timestamp());
        if self.0.rem_euclid(Self::DAY) == 0 {
            f.pad(&civil.date().to_string())
        } else {
            f.pad(&format!("{civil}Z"))
        }
    }
}

/// How days are counted towards a deadline.
///
/// The day of the notice does not count; the deadline is the end of the last day, in the zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    zone: TimeZone,
    name: String,
    business_days: bool,
    holidays: BTreeSet<Date>,
}

impl Calendar {
    /// Calendar days in UTC.
    #[must_use]
    pub fn utc() -> Self {
        Self {
            zone: TimeZone::UTC,
            name: "UTC".to_owned(),
            business_days: false,
            holidays: BTreeSet::new(),
        }
    }

    /// Days in a zone of the IANA time zone database, as compiled into this program; with
    /// `business_days`, Saturdays and Sundays do not count.
    ///
    /// # Errors
    /// [`TimeError::Zone`] when there is no such zone.
    pub fn new(zone: &str, business_days: bool) -> Result<Self, TimeError> {
        if zone == "UTC" {
            return Ok(Self { business_days, ..Self::utc() });
        }
        let error = || TimeError::Zone { text: zone.to_owned() };
        let found = TimeZoneDatabase::bundled().get(zone).map_err(|_| error())?;
        Ok(Self { zone: found, name: zone.to_owned(), business_days, ..Self::utc() })
    }

    /// The same calendar in which these days do not count either, each given as the instant at
    /// which it begins in UTC.
    #[must_use]
    pub fn without(mut self, holidays: impl IntoIterator<Item = Instant>) -> Self {
        let dates =
            holidays.into_iter().map(|day| TimeZone::UTC.to_datetime(day.timestamp()).date());
        self.holidays.extend(dates);
        self
    }

    /// The days that do not count besides, each as the instant at which it begins in UTC.
    pub fn holidays(&self) -> impl Iterator<Item = Instant> {
        self.holidays.iter().map(|date| {
            let start = TimeZone::UTC.to_timestamp(date.to_datetime(Time::midnight()));
            start.map_or(Instant::MAX, |start| Instant::from_seconds(start.as_second()))
        })
    }

    /// The zone's name.
    #[must_use]
    pub fn zone(&self) -> &str {
        &self.name
    }

    /// Whether Saturdays and Sundays do not count.
    #[must_use]
    pub fn business_days(&self) -> bool {
        self.business_days
    }

    /// The first instant after the given number of days that follow the day of `from`.
    #[must_use]
    pub fn deadline(&self, from: Instant, days: u32) -> Instant {
        let mut date = self.zone.to_datetime(from.timestamp()).date();
        let mut left = days;
        // The last day ends where the next begins.
        loop {
            let Ok(next) = date.tomorrow() else { return Instant::MAX };
            date = next;
            let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
            let closed = self.business_days && weekend;
            let counts = !closed && !self.holidays.contains(&date);
            if left == 0 {
                break;
            }
            if counts {
                left -= 1;
            }
        }
        let midnight = self.zone.to_timestamp(date.to_datetime(Time::midnight()));
        midnight.map_or(Instant::MAX, |stamp| Instant::from_seconds(stamp.as_second()))
    }
}

/// An instant at which things were known: recorded time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Known(pub Instant);

impl Known {
    /// With everything on record.
    pub const ALL: Self = Self(Instant::MAX);
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A period `[start, end)`: the start is in it, the end is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    start: Instant,
    end: Instant,
}

impl Window {
    /// All of time.
    pub const ALWAYS: Self = Self { start: Instant::MIN, end: Instant::MAX };

    /// The period from `start` to just before `end`.
    ///
    /// # Errors
    /// [`TimeError::Backwards`] when it would hold no instant.
    pub fn new(start: Instant, end: Instant) -> Result<Self, TimeError> {
        if start < end { Ok(Self { start, end }) } else { Err(TimeError::Backwards { start, end }) }
    }

    /// The first instant in the period.
    #[must_use]
    pub fn start(self) -> Instant {
        self.start
    }

    /// The first instant after the period; [`Instant::MAX`] when it is open.
    #[must_use]
    pub fn end(self) -> Instant {
        self.end
    }

    /// Whether `at` is in the period.
    #[must_use]
    pub fn contains(self, at: Instant) -> bool {
        self.start <= at && at < self.end
    }

    /// The part that both have, if any.
    #[must_use]
    pub fn intersect(self, other: Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end)).ok()
    }

    /// How many seconds it lasts.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.end.0 - self.start.0
    }

    /// Cuts the period at each instant of `cuts` that lies inside it; the parts in order.
    #[must_use]
    pub fn cut(self, cuts: impl IntoIterator<Item = Instant>) -> Vec<Self> {
        let mut inner: Vec<Instant> =
            cuts.into_iter().filter(|&at| at > self.start && at < self.end).collect();
        inner.push(self.end);
        inner.sort_unstable();
        inner.dedup();
        let mut start = self.start;
        let mut parts = Vec::with_capacity(inner.len());
        for end in inner {
            parts.push(Self { start, end });
            start = end;
        }
        parts
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("[{}, {})", self.start, self.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn instants_read_and_print() {
        for text in ["2025-01-21", "1969-12-31", "2025-01-21T09:30:00Z"] {
            assert_eq!(at(text).to_string(), text);
        }
        assert_eq!(at("2025-01-21T09:30:00+02:00"), at("2025-01-21T07:30:00Z"));
        for bad in ["", "2025-13-01", "2025-02-29", "21 Jan 2025", "2025-01-21T09:30:00"] {
            assert!(Instant::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Instant::MAX.to_string(), "open");
        assert_eq!(at("9999-12-30"), at("9999-12-30"));
        assert!(Instant::MIN.to_string().starts_with('-'));
    }

    #[test]
    fn deadlines_are_counted_in_a_calendar() {
        let check = |zone, business, notice, days, expected: &str| {
            let calendar = Calendar::new(zone, business).unwrap();
            assert_eq!(calendar.deadline(at(notice), days).to_string(), expected);
        };
        check("UTC", false, "2025-02-01", 30, "2025-03-04");
        // Monday; five business days later is the next Monday, and it ends at midnight.
        check("UTC", true, "2025-02-03", 5, "2025-02-11");
        check("America/New_York", false, "2025-02-01T17:00:00Z", 30, "2025-03-04T05:00:00Z");
        // Across the change to summer time.
        check("America/New_York", false, "2025-03-01T17:00:00Z", 30, "2025-04-01T04:00:00Z");
        assert!(Calendar::new("Mars/Olympus", false).is_err());
        // Monday the 30th; the 4th of July, a Friday, does not count.
        let calendar = Calendar::new("America/New_York", true).unwrap();
        let deadline = |calendar: &Calendar| calendar.deadline(at("2025-06-30T15:00:00Z"), 5);
        assert_eq!(deadline(&calendar), at("2025-07-08T04:00:00Z"));
        assert_eq!(deadline(&calendar.without([at("2025-07-04")])), at("2025-07-09T04:00:00Z"));
    }

    #[test]
    fn windows_hold_their_start_and_not_their_end() {
        let window = Window::new(at("2025-01-01"), at("2025-02-01")).unwrap();
        assert!(window.contains(at("2025-01-01")) && !window.contains(at("2025-02-01")));
        assert!(Window::new(at("2025-02-01"), at("2025-02-01")).is_err());
        let parts = window.cut([at("2025-01-21"), at("2025-01-21"), at("2025-03-01")]);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts.iter().map(|part| part.seconds()).sum::<i64>(), window.seconds());
    }
}
