//! The clock: read here and nowhere else.

use std::time::{SystemTime, UNIX_EPOCH};

use comity_base::Instant;

/// This second.
pub(crate) fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    // A clock that stands before 1970 is taken to stand at its start.
    let seconds = since.map_or(0, |since| since.as_secs());
    Instant::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}
