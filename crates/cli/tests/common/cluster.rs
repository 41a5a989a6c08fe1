//! A small deal, its parts put together by each test, and what a replay of it writes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use comity_base::Instant;

use crate::common::comity;

const DEAL: [(&str, &str); 4] = [
    (
        "deal.yaml",
        "kind: deal
name: A shared cluster
summary: Two labs share a cluster.
currency: {code: EUR, digits: 2}
rounding: half-even
silence: {otherwise: prohibited}
actions: {run: {name: run jobs on}}
objects: {nodes: {name: the cluster's nodes}}
purposes: {research: {name: research}}
places: {fi: {name: Finland}}
facts: {}
",
    ),
    (
        "parties.yaml",
        "kind: parties
parties:
  lab: {name: The lab, role: owns the nodes}
  guest: {name: The guest lab, role: uses what is idle}
",
    ),
    (
        "agreement.yaml",
        "kind: version
agreement: sharing
name: Sharing of the cluster
parties: [lab, guest]
version: \"2025-01-01\"
summary: Who may run jobs.
executed: 2025-01-01
effective: {from: 2025-01-01}
recorded: 2025-01-01
adds:
  - permission:
      id: all-run
      grantor: lab
      actor: any
      action: run
      object: nodes
      basis: {phrase: both run, source: invented for this test, date: 2025-01-01, status: assumed}
",
    ),
    (
        "rates.yaml",
        "kind: rates
rates:
  gpu-hour:
    seller: lab
    meter: gpu-time
    price: 0.85
    per: gpu-hour
    from: 2025-01-01
    basis: {phrase: cost price, source: invented for this test, date: 2025-01-01, status: assumed}
",
    ),
];

/// What every statement rests on.
pub(crate) const BASIS: &str =
    "basis: {phrase: as it is, source: invented for this test, date: 2025-01-01, status: assumed}";

/// The deal with a site of 64 GPUs that says `more` of itself, and with these streams.
pub(crate) fn deal(name: &str, more: &str, streams: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for (file, text) in DEAL {
        fs::write(folder.join(file), text).unwrap();
    }
    let sites = format!(
        "kind: sites
gpus: {{h100: {{name: NVIDIA H100}}}}
sites:
  cluster:
    name: The cluster
    place: fi
    owner: lab
    host: lab
    operator: lab
    phases:
      - {{from: 2025-01-01, gpu: h100, gpus: 64, power-mw: 0.1, {BASIS}}}
{more}
    {BASIS}
"
    );
    fs::write(folder.join("sites.yaml"), sites).unwrap();
    let workload = format!(
        "kind: workload
period: {{from: 2025-03-01, to: 2025-04-01}}
seed: 1
compare: sharing
streams:
{streams}"
    );
    fs::write(folder.join("workload.yaml"), workload).unwrap();
    folder
}

/// A stream of jobs, all of one size.
pub(crate) fn stream(party: &str, jobs: &str) -> String {
    format!(
        "  {party}-jobs:
    party: {party}
    purpose: research
    acts: [{{action: run, object: nodes, by: user}}]
    jobs:
{jobs}
    {BASIS}
"
    )
}

/// Replays the deal, and gives what was printed; the records go to a folder of this name.
pub(crate) fn replay(deal: &Path, out: &Path, words: &[&str]) -> String {
    let _ = fs::remove_dir_all(out);
    let all = ["replay", deal.to_str().unwrap(), "--json", "--out", out.to_str().unwrap()];
    let ran = comity(all.into_iter().chain(words.iter().copied()));
    assert_eq!(ran.status, 0, "{}", ran.err);
    ran.out
}

/// A line of a CSV file, by column.
pub(crate) type Row = BTreeMap<String, String>;

/// The lines of a file of the terms in force.
pub(crate) fn rows(out: &Path, name: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(out.join("in-force").join(name)).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// An instant in seconds.
pub(crate) fn seconds(text: &str) -> i64 {
    Instant::parse(text).unwrap().seconds()
}

/// A whole number.
pub(crate) fn number(text: &str) -> i64 {
    text.parse().unwrap()
}
