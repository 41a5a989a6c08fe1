//! Reading a trace gives rows in their order, or says why not; no row is lost.

#![no_main]

use comity_replay::{read_faults, read_jobs, read_requests};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let count = |rows: usize| u64::try_from(rows).unwrap();
    if let Ok(read) = read_jobs(text) {
        assert_eq!(count(read.rows.len()) + count(read.set_aside.len()), read.read);
        assert!(
            read.rows.is_sorted_by_key(|job| job.line)
                && read.set_aside.is_sorted_by_key(|row| row.line)
        );
    }
    if let Ok(read) = read_requests(text) {
        assert_eq!(count(read.rows.len()) + count(read.set_aside.len()), read.read);
    }
    if let Ok(read) = read_faults(text) {
        assert_eq!(2 * count(read.rows.len()) + count(read.set_aside.len()), read.read);
        assert!(read.rows.iter().all(|fault| fault.from_seconds < fault.to_seconds));
    }
});
