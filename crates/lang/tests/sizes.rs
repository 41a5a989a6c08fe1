//! Sizes of jobs, whole GPUs and shares of one, come to the workload as a file says them.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[path = "common/files.rs"]
mod files;

use comity_fleet::{Share, Size, StreamKind};
use comity_lang::{format, read};

#[test]
fn shares_come_to_the_workload_and_stay_as_they_are_written() {
    let mut sources = files::deal("tests/deals/minimal");
    let file = sources.iter_mut().find(|source| *source.path == *"workload.yaml").unwrap();
    let sizes = "sizes: [{weight: 3, gpus: 0.25}, {gpus: 0.500, weight: 2}, {gpus: 8, weight: 1}]";
    file.text = file.text.replacen("sizes: [{gpus: 8, weight: 1}]", sizes, 1);
    let share = |milli| Size::Share(Share::new(milli).unwrap());
    let expected = [(share(250), 3), (share(500), 2), (Size::Gpus(8), 1)];
    let text = format(file).unwrap();
    for written in ["- {gpus: 0.25, weight: 3}", "- {gpus: 0.500, weight: 2}"] {
        assert!(text.contains(written), "{text}");
    }
    let file = sources.iter().position(|source| *source.path == *"workload.yaml").unwrap();
    for text in [sources[file].text.clone(), text] {
        sources[file].text = text;
        let workload = read(&sources).unwrap().workload.unwrap();
        let jobs = workload.streams.iter().find_map(|stream| match &stream.kind {
            StreamKind::Jobs(jobs) => Some(jobs),
            StreamKind::Serving(_) => None,
        });
        assert_eq!(jobs.unwrap().sizes, expected);
    }
}
