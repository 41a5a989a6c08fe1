//! Work on several threads.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::Broken;

/// Pieces of work by number, of which each is taken once.
#[derive(Debug, Default)]
pub(crate) struct Pieces(AtomicUsize);

impl Pieces {
    pub(crate) fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// What each of some threads came to.
pub(crate) fn in_parallel<T: Send>(
    threads: usize,
    work: impl Fn() -> Result<T, Broken> + Sync,
) -> Result<Vec<T>, Broken> {
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(&work)).collect();
        all.into_iter().map(|one| one.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}
