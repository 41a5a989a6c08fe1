//! What a job that was stopped has done, and what is left of it.

use comity_base::Instant;
use comity_fleet::Job;

use crate::inputs::Restarts;
use crate::plan::{Ended, Piece};

/// More seconds than this no job is planned for; some 136 years.
const LONGEST: i64 = 4_294_967_294;

/// What a job has behind it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    /// Seconds of work that are saved.
    saved: i64,
    pub(crate) pieces: Vec<Piece>,
}

/// How long a job is planned for in all: one that runs for longer than it asked is given that time.
fn planned(job: &Job) -> i64 {
    i64::from(job.asked_seconds.max(job.run_seconds)).min(LONGEST)
}

/// Seconds for which a job is planned from its next start on.
pub(crate) fn planned_seconds(job: &Job, restarts: Restarts, progress: Option<&Progress>) -> i64 {
    let behind = progress.map_or(0, |progress| progress.saved);
    (planned(job) - behind + restart(restarts, progress)).min(LONGEST)
}

/// Seconds for which a job of so many really runs from its next start on.
pub(crate) fn seconds_left(run: u32, restarts: Restarts, progress: Option<&Progress>) -> i64 {
    let behind = progress.map_or(0, |progress| progress.saved);
    (i64::from(run) - behind + restart(restarts, progress)).min(LONGEST)
}

/// Seconds before it works again.
pub(crate) fn restart(restarts: Restarts, progress: Option<&Progress>) -> i64 {
    match progress {
        Some(progress) if !progress.pieces.is_empty() => i64::from(restarts.restart_seconds),
        Some(_) | None => 0,
    }
}

impl Progress {
    /// Adds a piece that was stopped, and saves what had been saved by then.
    pub(crate) fn stop(
        &mut self,
        restarts: Restarts,
        pool: usize,
        start: Instant,
        end: Instant,
        ended: Ended,
    ) {
        let ran = end.seconds() - start.seconds();
        if ran == 0 {
            // It was started and stopped at one instant, and so never ran.
            return;
        }
        let worked = (ran - restart(restarts, Some(self))).max(0);
        let saved = match i64::from(restarts.checkpoint_seconds) {
            0 => 0,
            every => worked - worked % every,
        };
        let lost_seconds = u32::try_from(ran - saved).unwrap_or(u32::MAX);
        self.saved += saved;
        self.pieces.push(Piece { pool, start, end, ended, lost_seconds });
    }
}
