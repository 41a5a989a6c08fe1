//! Times as sources write them, to seconds in UTC.

use comity_base::Instant;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

use crate::reason::Reason;
use crate::text::shown;

/// The time zone of times that name none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    zone: TimeZone,
    name: String,
}

impl Zone {
    /// A zone of the IANA time zone database, as compiled into this program, or `UTC`.
    ///
    /// Gives `None` when there is no such zone.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let zone = if name == "UTC" {
            TimeZone::UTC
        } else {
            TimeZoneDatabase::bundled().get(name).ok()?
        };
        Some(Self { zone, name: name.to_owned() })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A time as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time {
    /// The instants that it may be: two where the clocks were set back.
    pub(crate) first: Instant,
    pub(crate) second: Option<Instant>,
    /// Whether it says itself in which zone it is.
    pub(crate) zoned: bool,
}

/// Reads a time with an offset, or one without in `zone`; a date is its midnight, in `zone` or
/// UTC. A fraction is cut to the second that it falls in.
pub(crate) fn time(text: &str, zone: Option<&Zone>) -> Result<Time, Reason> {
    let wrong = || Reason::NotTime(shown(text));
    let one = |first| Time { first, second: None, zoned: true };
    let civil = civil(text);
    if text.len() == 10 && civil.is_some() && zone.is_none() {
        return Instant::parse(text).map(one).map_err(|_| wrong());
    }
    let Some(civil) = civil else {
        // A space in place of the `T`, and offsets such as `+0000`, are as common.
        let stamp = text.parse::<jiff::Timestamp>().map_err(|_| wrong())?;
        let second = stamp.as_nanosecond().div_euclid(1_000_000_000);
        let second = i64::try_from(second).map_err(|_| wrong())?;
        return Ok(one(Instant::from_seconds(second)));
    };
    let zone = zone.ok_or_else(|| Reason::NoZone(shown(text)))?;
    let at = |offset: jiff::tz::Offset| {
        let stamp = offset.to_timestamp(civil).map_err(|_| wrong())?;
        Ok(Instant::from_seconds(stamp.as_second()))
    };
    let ambiguous = zone.zone.to_ambiguous_timestamp(civil);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } => {
            Ok(Time { first: at(offset)?, second: None, zoned: false })
        }
        AmbiguousOffset::Fold { before, after } => {
            Ok(Time { first: at(before)?, second: Some(at(after)?), zoned: false })
        }
        AmbiguousOffset::Gap { .. } => {
            Err(Reason::Skipped { text: shown(text), zone: zone.name.clone() })
        }
    }
}

/// A time without a zone, if it is one.
fn civil(text: &str) -> Option<DateTime> {
    let clock = text.get(10..)?;
    let local = clock.is_empty() || !clock.contains(['Z', 'z', '+', '-', '[']);
    local.then(|| text.parse().ok()).flatten()
}

/// Reads `[days-]hours:minutes:seconds`, as `sacct` writes durations, with hours and days left
/// out where there are none.
pub(crate) fn elapsed(text: &str) -> Option<i64> {
    let (days, clock) = text.split_once('-').unwrap_or(("0", text));
    let clock = clock.split_once('.').map_or(clock, |(clock, _)| clock);
    let digits = |part: &str| -> Option<i64> {
        let good = !part.is_empty() && part.len() <= 9 && part.bytes().all(|b| b.is_ascii_digit());
        good.then(|| part.parse().ok()).flatten()
    };
    let parts: Vec<i64> = clock.split(':').map(digits).collect::<Option<_>>()?;
    let seconds = match parts[..] {
        [hours, minutes, seconds] => hours * 3_600 + minutes * 60 + seconds,
        [minutes, seconds] => minutes * 60 + seconds,
        _ => return None,
    };
    Some(digits(days)? * Instant::DAY + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_their_zone() {
        let check = |text: &str, zone: Option<&str>, expected: &str| {
            let zone = zone.map(|name| Zone::named(name).unwrap());
            let seen = match time(text, zone.as_ref()) {
                Ok(Time { first, second: Some(second), .. }) => format!("{first} or {second}"),
                Ok(Time { first, .. }) => first.to_string(),
                Err(reason) => reason.group(),
            };
            assert_eq!(seen, expected, "{text}");
        };
        check("2025-02-01T09:00:00.9Z", None, "2025-02-01T09:00:00Z");
        check("2025-02-01 09:00:00+02:00", None, "2025-02-01T07:00:00Z");
        check("1969-12-31T23:59:59.5Z", None, "1969-12-31T23:59:59Z");
        check("2025-02-01T09:00:00", None, "in no time zone");
        check("2025-02-01", None, "2025-02-01");
        check("2025-02-01", Some("Europe/Helsinki"), "2025-01-31T22:00:00Z");
        check("2025-07-01T12:00:00", Some("America/Denver"), "2025-07-01T18:00:00Z");
        check("2025-07-01T12:00:00Z", Some("America/Denver"), "2025-07-01T12:00:00Z");
        check(
            "2025-11-02T01:30:00",
            Some("America/Denver"),
            "2025-11-02T07:30:00Z or 2025-11-02T08:30:00Z",
        );
        check("2025-03-09T02:30:00", Some("America/Denver"), "a time that did not exist");
        for bad in ["", "Unknown", "2025-13-01", "5/1/25", "1e300", "é", "2025-02-01T99:00:00Z"] {
            check(bad, Some("UTC"), "not a time");
        }
    }

    #[test]
    fn durations_are_read() {
        let check =
            |text: &str, expected: Option<i64>| assert_eq!(elapsed(text), expected, "{text}");
        check("00:10:05", Some(605));
        check("2-01:00:00", Some(2 * 86_400 + 3_600));
        check("05:02.123", Some(302));
        check("", None);
        check("1-", None);
        check("-1:00:00", None);
        check("9999999999:0:0", None);
    }
}
