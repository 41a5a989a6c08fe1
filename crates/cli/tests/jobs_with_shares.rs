//! `comity check` and `comity replay` on a small deal in which notebooks have shares of GPUs beside
//! training on whole ones.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[path = "common/cluster.rs"]
mod cluster;
#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cluster::{BASIS, Row, deal, number, replay, rows, seconds, stream};
use comity_fleet::NodePolicy;
use common::comity;
use serde_json::{Value, json};

/// Eight nodes of eight GPUs.
const NODES: &str = "    nodes: {gpus-per-node: 8, cpu-cores: 96, memory-gib: 512}";

/// The lab's notebooks, with shares of a GPU.
fn notebooks(per_day: u32, needs: &str) -> String {
    let jobs = format!(
        "      per-day: {per_day}
      sizes: [{{gpus: 0.25, weight: 3}}, {{gpus: 0.5, weight: 1}}, {{gpus: 0.125, weight: 1}}]
      run: [{{share: 0 %, hours: 1}}, {{share: 100 %, hours: 8}}]
      asked-percent: 150
      needs: {needs}"
    );
    stream("lab", &jobs)
}

/// The guest's training, on whole GPUs.
fn training(per_day: u32) -> String {
    let jobs = format!(
        "      per-day: {per_day}
      sizes: [{{gpus: 8, weight: 1}}, {{gpus: 4, weight: 1}}]
      run: [{{share: 0 %, hours: 2}}, {{share: 100 %, hours: 10}}]
      asked-percent: 130"
    );
    stream("guest", &jobs)
}

/// Notebooks that need ten cores and 96 GiB for a whole GPU, and training, on more than there is.
fn mixed(name: &str, more: &str) -> PathBuf {
    let streams = notebooks(400, "{cpu-cores-per-gpu: 10, memory-gib-per-gpu: 96}") + &training(20);
    deal(name, more, &streams)
}

/// The deal with this in place of `streams:` in its workload.
fn put(deal: &Path, before: &str) {
    let file = deal.join("workload.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("streams:", &format!("{before}\nstreams:"), 1)).unwrap();
}

fn why(deal: &Path, job: &str, at: &str, more: &[&str]) -> String {
    let all = ["replay", deal.to_str().unwrap(), "--why", job, "--at", at];
    let ran = comity(all.into_iter().chain(more.iter().copied()));
    assert_eq!(ran.status, 0, "{}", ran.err);
    ran.out
}

/// GPUs, in thousandths.
fn milli(gpus: &str) -> i64 {
    let (whole, part) = gpus.split_once('.').unwrap_or((gpus, ""));
    number(whole) * 1_000 + number(&format!("{part:0<3}"))
}

/// Where a share lies: its node and which of its GPUs.
fn lies(piece: &Row) -> Option<(i64, i64)> {
    let (of_node, gpu) = piece["nodes"].split_once('@')?;
    let (node, size) = of_node.split_once(':').unwrap();
    assert_eq!(size, piece["gpus"], "{piece:?}");
    Some((number(node), number(gpu)))
}

/// What a node gives at an instant.
#[derive(Default)]
struct Given {
    whole_gpus: i64,
    /// Thousandths of each GPU that is shared.
    shared: BTreeMap<i64, i64>,
    core_milli: i64,
}

/// What each node gives as a piece starts.
fn given(pieces: &[Row], at: i64) -> BTreeMap<i64, Given> {
    let mut given: BTreeMap<i64, Given> = BTreeMap::new();
    let there = |piece: &&Row| (seconds(&piece["start"])..seconds(&piece["end"])).contains(&at);
    for piece in pieces.iter().filter(there) {
        if let Some((node, gpu)) = lies(piece) {
            let node = given.entry(node).or_default();
            *node.shared.entry(gpu).or_default() += milli(&piece["gpus"]);
            node.core_milli += 10 * milli(&piece["gpus"]);
            continue;
        }
        for part in piece["nodes"].split(' ') {
            let (nodes, gpus) = part.split_once(':').unwrap();
            let (first, last) = nodes.split_once('-').unwrap_or((nodes, nodes));
            for node in number(first)..=number(last) {
                given.entry(node).or_default().whole_gpus += number(gpus);
            }
        }
    }
    given
}

#[test]
fn shares_of_a_gpu_add_up_to_it_at_most() {
    let deal = mixed("shares", NODES);
    let checked = comity(["check", deal.to_str().unwrap()]);
    assert_eq!((checked.status, checked.err.as_str()), (0, ""));
    let out = deal.with_file_name("shares-out");
    replay(&deal, &out, &[]);
    let pieces = rows(&out, "pieces.csv");
    let shares: Vec<&Row> = pieces.iter().filter(|piece| lies(piece).is_some()).collect();
    assert!(shares.len() > 10_000 && shares.len() < pieces.len(), "{}", shares.len());
    let (mut beside, mut full) = (0, 0);
    for piece in shares.iter().step_by(20) {
        for (node, given) in given(&pieces, seconds(&piece["start"])) {
            assert!((1..=8).contains(&node));
            assert!(given.shared.keys().all(|gpu| (1..=8).contains(gpu)));
            assert!(given.shared.values().all(|&milli| milli <= 1_000), "{piece:?}");
            let touched = i64::try_from(given.shared.len()).unwrap();
            assert!(given.whole_gpus + touched <= 8, "{piece:?}");
            assert!(given.core_milli <= 96_000, "{piece:?}");
            beside += i64::from(given.whole_gpus > 0 && touched > 0);
            full += given.shared.values().filter(|&&milli| milli == 1_000).count();
        }
    }
    assert!(beside > 100 && full > 100, "{beside} nodes with both, {full} shared GPUs full");
    let placements = rows(&out, "placements.csv");
    let job = placements.iter().find(|job| job["gpus"] == "0.125").unwrap();
    let at = job["submitted"].as_str();
    assert!(why(&deal, &job["job"], at, &[]).contains("of lab-jobs, 0.125 of a GPU, handed in"));
    let said: Value = serde_json::from_str(&why(&deal, &job["job"], at, &["--json"])).unwrap();
    assert_eq!(said["gpus"], json!(0.125));
}

#[test]
fn a_share_that_waits_is_told_why() {
    let deal = mixed("shares-wait", NODES);
    let out = deal.with_file_name("shares-wait-out");
    replay(&deal, &out, &[]);
    let placements = rows(&out, "placements.csv");
    let waited = placements.iter().filter(|job| {
        job["work"] == "lab-jobs" && !job["start"].is_empty() && job["start"] != job["submitted"]
    });
    let told: Vec<String> =
        waited.take(60).map(|job| why(&deal, &job["job"], &job["submitted"], &[])).collect();
    for reason in [
        "others hold what it needs at cluster",
        "no node at cluster with a free GPU has the processors and memory that it needs",
    ] {
        assert!(told.iter().any(|said| said.contains(reason)), "{reason}: {told:#?}");
    }
}

#[test]
fn where_a_site_does_not_tell_its_machines_each_gpu_is_a_node() {
    let deal = mixed("shares-by-count", "");
    let out = deal.with_file_name("shares-by-count-out");
    let ran = comity(["check", deal.to_str().unwrap()]);
    assert!(ran.err.contains("`needs`, and no site says how its machines stand"), "{}", ran.err);
    let file = deal.join("workload.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let kept = text.lines().filter(|line| !line.trim_start().starts_with("needs:"));
    fs::write(&file, kept.map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    replay(&deal, &out, &[]);
    let pieces = rows(&out, "pieces.csv");
    let shares = pieces.iter().filter_map(lies);
    let gpus: BTreeMap<(i64, i64), usize> = shares.fold(BTreeMap::new(), |mut gpus, lies| {
        *gpus.entry(lies).or_default() += 1;
        gpus
    });
    assert!(gpus.keys().all(|&(node, gpu)| (1..=64).contains(&node) && gpu == 1), "{gpus:?}");
    assert!(gpus.len() > 8, "{gpus:?}");
    for piece in pieces.iter().filter(|piece| lies(piece).is_some()).step_by(40) {
        let given = given(&pieces, seconds(&piece["start"]));
        for (node, given) in &given {
            let shared: i64 = given.shared.values().sum();
            assert!(shared + 1_000 * given.whole_gpus <= 1_000, "GPU {node} at {}", piece["start"]);
        }
    }
}

#[test]
fn a_share_that_no_node_has_the_memory_for_is_refused() {
    let streams = notebooks(2, "{memory-gib-per-gpu: 2_100}") + &training(1);
    let deal = deal("shares-refused", NODES, &streams);
    let out = deal.with_file_name("shares-refused-out");
    let all = ["replay", deal.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let ran = comity(all);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let said = "of lab-jobs, 0.25 of a GPU: no node of any site with GPUs for it has the processors \
                and memory that it needs";
    assert!(ran.out.contains(said), "{}", ran.out);
    let text = fs::read_to_string(out.join("refused.csv")).unwrap();
    let refused: Vec<&str> = text.lines().skip(1).collect();
    // Half a GPU too needs more than a node has; an eighth does not.
    let of = |size: &str| refused.iter().any(|line| line.contains(&format!(",lab-jobs,{size},")));
    assert_eq!(["0.25", "0.5", "0.125"].map(of), [true, true, false], "{text}");
    let printed = replay(&deal, &out, &[]);
    let json: Value = serde_json::from_str(&printed).unwrap();
    let sizes: Vec<&Value> =
        json["refused"].as_array().unwrap().iter().map(|it| &it["gpus"]).collect();
    assert!(sizes.contains(&&json!(0.25)) && sizes.contains(&&json!(0.5)), "{sizes:?}");
}

#[test]
fn quotas_count_shares_in_thousandths() {
    let quotas = format!(
        "{NODES}
    quotas:
      - {{party: lab, nominal: 2, borrowing-limit: 0, {BASIS}}}
      - {{party: guest, nominal: 62, {BASIS}}}"
    );
    let deal = deal("shares-quota", &quotas, &notebooks(40, "{cpu-cores-per-gpu: 8}"));
    let out = deal.with_file_name("shares-quota-out");
    replay(&deal, &out, &[]);
    let pieces = rows(&out, "pieces.csv");
    let mut most = 0;
    for at in pieces.iter().map(|piece| seconds(&piece["start"])) {
        let there = |it: &&Row| (seconds(&it["start"])..seconds(&it["end"])).contains(&at);
        let held: i64 = pieces.iter().filter(there).map(|it| milli(&it["gpus"])).sum();
        assert!(held <= 2_000, "{held} thousandths of two GPUs at {at}");
        most = most.max(held);
    }
    assert_eq!(most, 2_000, "it is held in full at some time");
    let placements = rows(&out, "placements.csv");
    let waited =
        placements.iter().filter(|job| job["gpus"] == "0.5" && job["start"] != job["submitted"]);
    let told: Vec<String> =
        waited.take(40).map(|job| why(&deal, &job["job"], &job["submitted"], &[])).collect();
    let some = "its party may hold 0.25 more GPUs under the quota at cluster";
    assert!(told.iter().any(|said| said.contains(some)), "{told:#?}");
}

#[test]
fn the_node_policy_chooses_among_shared_gpus() {
    let run = |policy: &str| {
        let deal = mixed(&format!("shares-{policy}"), NODES);
        put(&deal, &format!("scheduling: {{node-policy: {policy}, {BASIS}}}"));
        let out = deal.with_file_name(format!("shares-{policy}-out"));
        replay(&deal, &out, &["--to", "2025-03-04"]);
        rows(&out, "pieces.csv").iter().map(|piece| piece["nodes"].clone()).collect::<Vec<_>>()
    };
    let all = NodePolicy::NAMED.map(|(name, _)| name);
    let lies: BTreeMap<Vec<String>, &str> =
        all.iter().map(|&policy| (run(policy), policy)).collect();
    assert!(lies.len() > 4, "they lie alike under all but {:?}", lies.values());
}

#[test]
fn shares_of_a_trace_do_not_go_where_gpus_are_only_counted() {
    let deal = deal("shares-trace", "", &training(1));
    put(&deal, &format!("trace-jobs: guest-jobs\nscheduling: {{backfill: conservative, {BASIS}}}"));
    let trace = deal.with_file_name("shares-trace.csv");
    let rows = "num_gpu,gpu_milli,creation_time,deletion_time,scheduled_time
1,460,0,7200,0\n2,1000,60,7200,60\n1,50,90,7200,100\n";
    fs::write(&trace, rows).unwrap();
    let words = ["replay", deal.to_str().unwrap(), "--jobs", trace.to_str().unwrap()];
    let ran = comity(words);
    assert_ne!(ran.status, 0);
    let said = "2 jobs of the trace have a share of a GPU, and the deal's conservative backfill goes by \
                whole ones: take `backfill: easy` or `first-fit`";
    assert!(ran.err.contains(said), "{}", ran.err);
    let file = deal.join("workload.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("conservative", "easy", 1)).unwrap();
    let ran = comity(words);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.contains("3 rows, 3 used, 0 after the period, 0 set aside"), "{}", ran.out);
    let file = deal.join("sites.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("gpus: 64,", "gpus: 9_000_000,", 1)).unwrap();
    for why in [&[][..], &["--why", "1", "--at", "2025-03-01T00:10:00Z"]] {
        let ran = comity(words.into_iter().chain(why.iter().copied()));
        let said = "jobs have shares of GPUs, which are told apart one by one, and cluster has 9000000 of \
                    type h100: at most 8388608 can be";
        assert!(ran.status != 0 && ran.err.contains(said), "{} {}", ran.status, ran.err);
    }
}

#[test]
fn a_fault_stops_all_who_have_shares_on_its_node() {
    let faults = format!(
        "{NODES}
    faults:
      per-node-year: 40
      outage: [{{share: 0 %, hours: 0.5}}, {{share: 100 %, hours: 12}}]
      {BASIS}"
    );
    let deal = mixed("shares-faulty", &faults);
    let out = deal.with_file_name("shares-faulty-out");
    replay(&deal, &out, &[]);
    let outages = rows(&out, "outages.csv");
    let pieces = rows(&out, "pieces.csv");
    let mut stopped = 0;
    for piece in pieces.iter().filter(|piece| lies(piece).is_some()) {
        let (node, _) = lies(piece).unwrap();
        let (start, end) = (seconds(&piece["start"]), seconds(&piece["end"]));
        let gone = |outage: &&Row| {
            let (from, to) = (seconds(&outage["start"]), seconds(&outage["end"]));
            number(&outage["node"]) == node && from < end && to > start
        };
        assert_eq!(outages.iter().find(gone), None, "{piece:?}");
        let ended = usize::try_from(number(&format!("0{}", piece["by"]))).unwrap();
        let by = ended.checked_sub(1).map(|fault| number(&outages[fault]["node"]));
        assert_eq!(by, (piece["ended"] == "fault").then_some(node), "{piece:?}");
        // Nothing is saved, so all that it had is lost: to the thousandth of a GPU-second.
        let lost = if by.is_some() { milli(&piece["gpus"]) * (end - start) } else { 0 };
        assert_eq!(milli(&piece["lost_gpu_seconds"]), lost, "{piece:?}");
        stopped += usize::from(by.is_some());
    }
    assert!(stopped > 100, "{stopped} stopped");
    assert!(pieces.iter().any(|piece| piece["lost_gpu_seconds"].contains('.')));
}

#[test]
fn a_share_costs_as_large_a_part_of_the_price() {
    let jobs = "      per-day: 60
      sizes: [{gpus: 0.25, weight: 1}, {gpus: 0.333, weight: 1}, {gpus: 2, weight: 1}]
      run: [{share: 0 %, hours: 1}, {share: 100 %, hours: 8}]
      asked-percent: 150";
    let deal = deal("shares-money", NODES, &stream("guest", jobs));
    let out = deal.with_file_name("shares-money-out");
    let json: Value = serde_json::from_str(&replay(&deal, &out, &[])).unwrap();
    let end = seconds("2025-04-01");
    let held = |piece: &Row| {
        milli(&piece["gpus"]) * (seconds(&piece["end"]).min(end) - seconds(&piece["start"]))
    };
    let pieces = rows(&out, "pieces.csv");
    let all: i64 = pieces.iter().map(held).sum();
    let usage = rows(&out, "usage.csv");
    assert_eq!(usage.iter().map(|used| milli(&used["quantity"])).sum::<i64>(), all);
    assert!(usage.iter().any(|used| used["level"] == "0.333"));
    // 0.85 an hour, in cents, to the nearest.
    let cents = (i128::from(all) * 85 * 2 + 3_600_000) / (2 * 3_600_000);
    let owed = json["in_force"]["owed"][0]["amount"].as_str().unwrap();
    assert_eq!(owed, format!("{}.{:02}", cents / 100, cents % 100));
    let site = &json["in_force"]["sites"][0];
    let seconds = |value: &Value| milli(&value.to_string().replace('"', ""));
    assert_eq!(seconds(&site["jobs_gpu_seconds"]), all);
    assert_eq!(seconds(&json["in_force"]["jobs"][0]["gpu_seconds"]), all);
}
