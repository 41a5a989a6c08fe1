//! Makes runs on several threads; what comes out does not depend on how many.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use comity_price::{Asked, BATCH, Confidence, MeasureError, Run, Shard, enough, measure};
use indicatif::{ProgressBar, ProgressStyle};

use super::Failure;
use super::sides::Change;

/// The runs of a part, in order; all of them, or as many as the interval takes.
pub(super) fn all(
    change: &Change,
    shard: Shard,
    stops: Option<Asked>,
    threads: Option<NonZeroUsize>,
) -> Result<Vec<Run>, Failure> {
    let numbers: Vec<u64> = shard.runs(change.setting.runs).collect();
    let style = ProgressStyle::with_template("pricing {bar:24} {pos}/{len} runs, {eta} left")
        .expect("the template is well formed");
    let bar = ProgressBar::new(u64::try_from(numbers.len()).unwrap_or(0)).with_style(style);
    bar.tick();
    let threads = threads.or_else(|| thread::available_parallelism().ok());
    let threads = threads.map_or(1, usize::from);
    let sides = change.sides();
    let confidence = Confidence::parse(&change.setting.confidence)?;
    let one = |number: u64| {
        let setting = &change.setting;
        let made = measure(&sides, change.workload(), change.period, setting.seed, number);
        bar.inc(1);
        made
    };
    let mut runs: Vec<Run> = Vec::new();
    // Where nothing can stop them, all are one batch.
    let batch = if stops.is_some() { BATCH } else { numbers.len().max(1) };
    for some in numbers.chunks(batch) {
        for made in side_by_side(some, threads, &one) {
            runs.push(made?);
        }
        if let Some(asked) = stops
            && enough(&runs, confidence, asked)?.is_some()
        {
            break;
        }
    }
    bar.finish_and_clear();
    Ok(runs)
}

/// Makes some runs, in order.
fn side_by_side(
    numbers: &[u64],
    threads: usize,
    one: &(impl Fn(u64) -> Result<Run, MeasureError> + Sync),
) -> Vec<Result<Run, MeasureError>> {
    let next = AtomicUsize::new(0);
    let slots: Vec<Mutex<Option<Result<Run, MeasureError>>>> =
        numbers.iter().map(|_| Mutex::new(None)).collect();
    thread::scope(|scope| {
        for _ in 0..threads.min(numbers.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(&number) = numbers.get(index) else { break };
                    let made = one(number);
                    *slots[index].lock().expect("no thread panics while it holds a result") =
                        Some(made);
                }
            });
        }
    });
    let made = slots.into_iter().map(|slot| {
        let slot = slot.into_inner().expect("no thread panics while it holds a result");
        slot.expect("every run was taken by a thread")
    });
    made.collect()
}
