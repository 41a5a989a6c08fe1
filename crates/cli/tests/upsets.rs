//! `comity replay` on a small deal whose nodes fail, or limit what fits together, and on one with GPUs
//! that are kept for a party.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

#[path = "common/cluster.rs"]
mod cluster;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cluster::{BASIS, Row, deal, number, replay, rows, seconds, stream};
use comity_fleet::NodePolicy;
use common::comity;
use serde_json::{Value, json};

/// A checkpoint every half an hour; ten minutes to start again.
const RESTARTS: &str = "      per-day: 4
      sizes: [{gpus: 16, weight: 1}]
      run: [{share: 0 %, hours: 5}, {share: 100 %, hours: 30}]
      asked-percent: 200
      checkpoint: {every-minutes: 30, restart-minutes: 10}";

const CHECKPOINT: i64 = 30 * 60;
const RESTART: i64 = 10 * 60;

fn faulty(name: &str) -> PathBuf {
    let more = format!(
        "    nodes: {{gpus-per-node: 8, nodes-per-rack: 4, racks-per-hall: 2, cpu-cores: 96, memory-gib: 2_048}}
    faults:
      per-node-year: 80
      outage: [{{share: 0 %, hours: 0.5}}, {{share: 100 %, hours: 12}}]
      {BASIS}"
    );
    deal(name, &more, &stream("lab", RESTARTS))
}

#[test]
fn a_job_that_a_fault_stops_goes_on_from_its_checkpoint() {
    let deal = faulty("faulty-pieces");
    let out = deal.with_file_name("faulty-pieces-out");
    replay(&deal, &out, &[]);
    let outages = rows(&out, "outages.csv");
    // 80 faults a year on each of 8 nodes: some 54 in 31 days.
    assert!((30..80).contains(&outages.len()), "{}", outages.len());
    for (index, outage) in outages.iter().enumerate() {
        assert_eq!((outage["kind"].as_str(), outage["site"].as_str()), ("fault", "cluster"));
        assert_eq!(outage["number"], (index + 1).to_string());
        assert_eq!(outage["gpus"], "8", "a node is gone");
        assert!(seconds(&outage["start"]) < seconds(&outage["end"]));
    }
    let placements = rows(&out, "placements.csv");
    let mut pieces: BTreeMap<i64, Vec<Row>> = BTreeMap::new();
    for piece in rows(&out, "pieces.csv") {
        pieces.entry(number(&piece["job"])).or_default().push(piece);
    }
    let (mut stopped, mut went_on) = (0, 0);
    for job in &placements {
        let Some(pieces) = pieces.get(&number(&job["job"])) else { continue };
        // What is kept of each piece, in seconds of the job's own work.
        let mut kept = 0;
        for (index, piece) in pieces.iter().enumerate() {
            let ran = seconds(&piece["end"]) - seconds(&piece["start"]);
            let restart = if index == 0 { 0 } else { RESTART };
            let lost = number(&piece["lost_gpu_seconds"]) / 16;
            match piece["ended"].as_str() {
                "fault" => {
                    stopped += 1;
                    let outage = &outages[usize::try_from(number(&piece["by"])).unwrap() - 1];
                    assert_eq!(piece["end"], outage["start"], "{piece:?}");
                    // Whole checkpoints are kept, what ran since the last and the restart are lost.
                    let whole = (ran - restart).max(0) / CHECKPOINT * CHECKPOINT;
                    assert_eq!(lost, ran - whole, "{piece:?}");
                    kept += whole;
                }
                "done" => {
                    assert_eq!(index + 1, pieces.len());
                    assert_eq!(lost, restart, "{piece:?}");
                    assert_eq!(kept + ran - lost, number(&job["run_seconds"]), "{pieces:?}");
                    went_on += usize::from(kept > 0);
                }
                other => panic!("{other}"),
            }
        }
    }
    assert!(stopped > 10 && went_on > 5, "{stopped} stopped, {went_on} went on");
}

#[test]
fn the_lost_seconds_of_the_report_are_those_of_the_pieces() {
    let deal = faulty("faulty-sums");
    let out = deal.with_file_name("faulty-sums-out");
    let json: Value = serde_json::from_str(&replay(&deal, &out, &[])).unwrap();
    let pieces = rows(&out, "pieces.csv");
    let lost: i64 = pieces.iter().map(|piece| number(&piece["lost_gpu_seconds"])).sum();
    let faults = pieces.iter().filter(|piece| piece["ended"] == "fault").count();
    let jobs = &json["in_force"]["jobs"][0];
    assert!(lost > 0);
    assert_eq!(jobs["lost_gpu_seconds"], json!(lost), "{jobs:#}");
    assert_eq!(jobs["stops"]["fault"], json!(faults), "{jobs:#}");
}

/// Every file that a replay wrote, by its path.
fn written(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            let inner = written(&entry.path()).into_iter();
            all.extend(
                inner.map(|(path, bytes)| (Path::new(&entry.file_name()).join(path), bytes)),
            );
        } else {
            all.insert(entry.file_name().into(), fs::read(entry.path()).unwrap());
        }
    }
    all
}

#[test]
fn faults_are_the_same_bytes_again_and_others_under_another_seed() {
    let deal = faulty("faulty-seeds");
    let run = |name: &str, words: &[&str]| {
        let out = deal.with_file_name(name);
        (replay(&deal, &out, words), written(&out))
    };
    let first = run("faulty-first", &[]);
    assert!(first == run("faulty-again", &[]));
    let (printed, files) = run("faulty-other", &["--seed", "2"]);
    assert_ne!(first.0, printed);
    for name in ["in-force/outages.csv", "in-force/pieces.csv"] {
        assert_ne!(first.1[Path::new(name)], files[Path::new(name)], "{name}");
    }
}

/// The guest keeps 48 of the 64 GPUs for ten days; a job of the lab needs 32.
#[test]
fn what_is_kept_for_a_party_no_other_gets() {
    let (from, to) = ("2025-03-10", "2025-03-20");
    let kept = format!(
        "    reservations:
      - {{party: guest, gpus: 48, from: {from}, to: {to}, {BASIS}}}"
    );
    let jobs = |gpus: u32| {
        format!(
            "      per-day: 2
      sizes: [{{gpus: {gpus}, weight: 1}}]
      run: [{{share: 0 %, hours: 1}}, {{share: 100 %, hours: 4}}]
      asked-percent: 100"
        )
    };
    let streams = stream("lab", &jobs(32)) + &stream("guest", &jobs(40));
    let run = |name: &str, more: &str| {
        let deal = deal(name, more, &streams);
        let out = deal.with_file_name(format!("{name}-out"));
        replay(&deal, &out, &[]);
        (deal, rows(&out, "placements.csv"))
    };
    let overlaps = |job: &Row| {
        !job["start"].is_empty()
            && seconds(&job["start"]) < seconds(to)
            && seconds(&job["end"]) > seconds(from)
    };
    let count = |jobs: &[Row], work: &str| {
        jobs.iter().filter(|job| job["work"] == work && overlaps(job)).count()
    };
    let (_, free) = run("not-kept", "");
    assert!(count(&free, "lab-jobs") > 10, "with nothing kept the lab runs on those days");
    let (deal, jobs) = run("kept", &kept);
    assert_eq!(count(&jobs, "lab-jobs"), 0, "16 GPUs are left for it");
    assert!(count(&jobs, "guest-jobs") > 10);
    // One that was handed in amid those days started when they were over.
    let amid = |job: &&Row| {
        job["work"] == "lab-jobs"
            && (seconds("2025-03-12")..seconds("2025-03-18")).contains(&seconds(&job["submitted"]))
    };
    let waits = jobs.iter().find(amid).unwrap();
    assert!(seconds(&waits["start"]) >= seconds(to), "{waits:?}");
    let why = |words: &[&str]| {
        let all = ["replay", deal.to_str().unwrap(), "--why", &waits["job"]];
        let ran = comity(all.into_iter().chain(words.iter().copied()));
        assert_eq!(ran.status, 0, "{}", ran.err);
        ran.out
    };
    let named = "48 GPUs are kept for guest until 2025-03-20";
    let said: Value = serde_json::from_str(&why(&["--at", "2025-03-18", "--json"])).unwrap();
    assert_eq!((&said["state"], &said["site"]), (&json!("waits"), &json!("cluster")));
    assert!(said["why"].as_str().unwrap().contains(named), "{said:#}");
    assert!(why(&["--at", "2025-03-18"]).contains(named));
    assert!(!why(&["--at", "2025-03-25"]).contains(named), "they are no longer kept");
}

/// Nodes of eight GPUs, two in a rack, and two streams that fill them: jobs of one lie in a rack, of
/// the other on a node.
fn crowded(name: &str, more: &str) -> PathBuf {
    let jobs = |per_day: u32, gpus: u32, needs: &str| {
        format!(
            "      per-day: {per_day}
      sizes: [{{gpus: {gpus}, weight: 3}}, {{gpus: 1, weight: 1}}]
      run: [{{share: 0 %, hours: 2}}, {{share: 100 %, hours: 10}}]
      asked-percent: 130
      needs: {{{needs}}}"
        )
    };
    let lab = stream("lab", &jobs(14, 12, "span: rack, memory-gib-per-gpu: 128"));
    let guest = stream("guest", &jobs(14, 5, "span: node, cpu-cores-per-gpu: 16"));
    let nodes =
        "    nodes: {gpus-per-node: 8, nodes-per-rack: 2, cpu-cores: 96, memory-gib: 1_024}";
    deal(name, &format!("{nodes}\n{more}"), &(lab + &guest))
}

/// The nodes of a piece, each with how many of its GPUs it has.
fn nodes(piece: &Row) -> Vec<(i64, i64)> {
    let part = |part: &str| {
        let (nodes, gpus) = part.split_once(':').unwrap();
        let (first, last) = nodes.split_once('-').unwrap_or((nodes, nodes));
        let gpus = number(gpus);
        (number(first)..=number(last)).map(move |node| (node, gpus)).collect::<Vec<_>>()
    };
    piece["nodes"].split(' ').flat_map(part).collect()
}

#[test]
fn gangs_lie_together_and_nodes_have_what_they_need() {
    let deal = crowded("crowded", "");
    let out = deal.with_file_name("crowded-out");
    replay(&deal, &out, &[]);
    let placements = rows(&out, "placements.csv");
    let work: BTreeMap<&str, &str> =
        placements.iter().map(|job| (job["job"].as_str(), job["work"].as_str())).collect();
    let pieces = rows(&out, "pieces.csv");
    assert!(pieces.len() > 500);
    for piece in &pieces {
        let lies = nodes(piece);
        assert_eq!(lies.iter().map(|(_, gpus)| gpus).sum::<i64>(), number(&piece["gpus"]));
        let racks: Vec<i64> = lies.iter().map(|(node, _)| (node - 1) / 2).collect();
        assert!(racks.iter().all(|rack| rack == &racks[0]), "{piece:?}");
        let is_guest = work[piece["job"].as_str()] == "guest-jobs";
        assert!(!is_guest || lies.len() == 1, "{piece:?}");
    }
    // What each node gives as each piece starts.
    for at in pieces.iter().map(|piece| seconds(&piece["start"])) {
        let mut given: BTreeMap<i64, (i64, i64, i64)> = BTreeMap::new();
        let there = |piece: &&Row| (seconds(&piece["start"])..seconds(&piece["end"])).contains(&at);
        for piece in pieces.iter().filter(there) {
            let is_guest = work[piece["job"].as_str()] == "guest-jobs";
            for (node, gpus) in nodes(piece) {
                let (held, cores, gib) = given.entry(node).or_default();
                *held += gpus;
                *cores += if is_guest { 16 * gpus } else { 0 };
                *gib += if is_guest { 0 } else { 128 * gpus };
            }
        }
        for (node, (held, cores, gib)) in given {
            assert!((1..=8).contains(&node) && held <= 8 && cores <= 96 && gib <= 1_024, "{at}");
        }
    }
    // One of those that wait is told that what is free lies apart.
    let waited = |job: &&Row| !job["start"].is_empty() && job["start"] != job["submitted"];
    let told = placements.iter().filter(waited).take(60).any(|job| {
        let (job, at) = (job["job"].as_str(), job["submitted"].as_str());
        let why = comity(["replay", deal.to_str().unwrap(), "--why", job, "--at", at]);
        assert_eq!(why.status, 0, "{}", why.err);
        why.out.contains("the GPUs that are free at cluster lie apart")
    });
    assert!(told, "with jobs of 12 on racks of 16, some are free and lie apart");
}

#[test]
fn which_node_takes_a_job_is_as_the_deal_says() {
    let run = |policy: &str| {
        let deal = crowded(&format!("crowded-{policy}"), "");
        let file = deal.join("workload.yaml");
        let text = fs::read_to_string(&file).unwrap();
        let said = format!("scheduling: {{node-policy: {policy}, {BASIS}}}\nstreams:");
        fs::write(&file, text.replacen("streams:", &said, 1)).unwrap();
        let out = deal.with_file_name(format!("crowded-{policy}-out"));
        replay(&deal, &out, &[]);
        let printed = comity(["replay", deal.to_str().unwrap()]).out;
        let told = printed.contains(&format!("nodes by `{policy}`"));
        assert_eq!(told, policy != "tightest", "{printed}");
        rows(&out, "pieces.csv").iter().map(|piece| piece["nodes"].clone()).collect::<Vec<_>>()
    };
    let all = NodePolicy::NAMED.map(|(name, _)| name);
    let lies: BTreeMap<Vec<String>, &str> =
        all.iter().map(|&policy| (run(policy), policy)).collect();
    assert!(lies.len() > 4, "they lie alike under all but {:?}", lies.values());
    assert_ne!(run("random"), run("tightest"));
    assert_eq!(run("random"), run("random"), "drawn by the seed of the run");
}

#[test]
fn a_fault_stops_what_lies_on_its_node() {
    let faults = format!(
        "    faults:
      per-node-year: 80
      outage: [{{share: 0 %, hours: 0.5}}, {{share: 100 %, hours: 12}}]
      {BASIS}"
    );
    let deal = crowded("crowded-faulty", &faults);
    let out = deal.with_file_name("crowded-faulty-out");
    replay(&deal, &out, &[]);
    let outages = rows(&out, "outages.csv");
    let pieces = rows(&out, "pieces.csv");
    let mut stopped = 0;
    for piece in pieces.iter().filter(|piece| piece["ended"] == "fault") {
        let outage = &outages[usize::try_from(number(&piece["by"])).unwrap() - 1];
        let on = nodes(piece).iter().any(|(node, _)| *node == number(&outage["node"]));
        assert!(on, "{piece:?} {outage:?}");
        stopped += 1;
    }
    assert!(stopped > 20, "{stopped} stopped");
    // Nothing runs on a node while it is gone.
    for outage in &outages {
        let (from, to) = (seconds(&outage["start"]), seconds(&outage["end"]));
        let on = |piece: &&Row| {
            nodes(piece).iter().any(|(node, _)| *node == number(&outage["node"]))
                && seconds(&piece["start"]) < to
                && seconds(&piece["end"]) > from
        };
        assert_eq!(pieces.iter().find(on), None, "{outage:?}");
    }
}

#[test]
fn a_gang_that_no_rack_holds_is_refused() {
    let jobs = "      per-day: 1
      sizes: [{gpus: 24, weight: 1}]
      run: [{share: 0 %, hours: 1}, {share: 100 %, hours: 2}]
      asked-percent: 100
      needs: {span: rack}";
    let nodes = "    nodes: {gpus-per-node: 8, nodes-per-rack: 2}";
    let deal = deal("too-wide", nodes, &stream("lab", jobs));
    let ran = comity(["replay", deal.to_str().unwrap()]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let said = "it asks for more GPUs than lie together at any site by what it needs of nodes: the \
                most, at cluster, are 16";
    assert!(ran.out.contains(said), "{}", ran.out);
}

#[test]
fn a_hall_is_out_for_maintenance_as_far_as_it_is_open() {
    // The first 64 GPUs fill two halls of 32; half of the third opens on 10 March, in the middle of the
    // maintenance of the second and the third. The second is out for six hours more.
    let more = format!(
        "      - {{from: 2025-03-10, gpu: h100, gpus: 16, power-mw: 0.1, {BASIS}}}
    nodes: {{gpus-per-node: 8, nodes-per-rack: 2, racks-per-hall: 2}}
    maintenance:
      - {{from: 2025-03-08, to: 2025-03-12, halls: [2, 3], {BASIS}}}
      - {{from: 2025-03-02, to: 2025-03-03, halls: [3], {BASIS}}}
      - {{from: 2025-03-09, to: 2025-03-12T06:00:00Z, halls: [2], {BASIS}}}"
    );
    let jobs = "      per-day: 60
      sizes: [{gpus: 8, weight: 1}]
      run: [{share: 0 %, hours: 2}, {share: 100 %, hours: 6}]
      asked-percent: 130
      needs: {span: node}";
    let deal = deal("halls", &more, &stream("lab", jobs));
    let out = deal.with_file_name("halls-out");
    replay(&deal, &out, &[]);
    let outages: Vec<(String, String, i64)> = rows(&out, "outages.csv")
        .iter()
        .map(|it| (it["start"].clone(), it["end"].clone(), number(&it["gpus"])))
        .collect();
    let out_of = |start: &str, end: &str, gpus| (start.to_owned(), end.to_owned(), gpus);
    assert_eq!(
        outages,
        [
            out_of("2025-03-08", "2025-03-12", 32),
            out_of("2025-03-10", "2025-03-12", 16),
            out_of("2025-03-12", "2025-03-12T06:00:00Z", 32),
        ]
    );
    let pieces = rows(&out, "pieces.csv");
    let (from, to) = (seconds("2025-03-08"), seconds("2025-03-12"));
    let meanwhile = |it: &&Row| seconds(&it["start"]) < to && from < seconds(&it["end"]);
    let used: BTreeSet<i64> = pieces
        .iter()
        .filter(meanwhile)
        .flat_map(|it| nodes(it).into_iter().map(|(node, _)| node))
        .collect();
    assert_eq!(used.into_iter().collect::<Vec<_>>(), [1, 2, 3, 4], "the first hall alone");
    // What is left runs at its most before, and again behind.
    let most = |at: &str| -> i64 {
        let at = seconds(at);
        let runs = |it: &&Row| seconds(&it["start"]) <= at && at < seconds(&it["end"]);
        pieces.iter().filter(runs).map(|it| number(&it["gpus"])).sum()
    };
    let full =
        ["2025-03-02T12:00:00Z", "2025-03-09T12:00:00Z", "2025-03-11T12:00:00Z", "2025-03-20"];
    assert_eq!(full.map(most), [64, 32, 32, 80]);
}
