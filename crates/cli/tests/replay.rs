//! `comity replay` on the Stargate deal: the main job, by itself and on real traces.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::{comity, data, root};
use expect_test::expect_file;
use serde_json::Value;

fn replay(words: &[&str]) -> Value {
    let ran =
        comity(["replay", "deals/stargate", "--json"].into_iter().chain(words.iter().copied()));
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(ran.err, "", "nothing but progress goes to standard error");
    serde_json::from_str(&ran.out).unwrap()
}

/// A folder of its own for a test.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    path
}

/// Cents of an amount such as `-1234.50`.
fn cents(amount: &Value) -> i128 {
    amount.as_str().unwrap().replace('.', "").parse().unwrap()
}

#[test]
fn the_report_looks_like_this() {
    let ran = comity(["replay", "deals/stargate"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    expect_file!["snapshots/replay.txt"].assert_eq(&ran.out);
}

/// What must be so of every entry, whatever the work.
fn check_entry(entry: &Value) {
    let owed = entry["owed"].as_array().unwrap();
    let mut balances: BTreeMap<&str, i128> = BTreeMap::new();
    for line in owed {
        assert!(cents(&line["amount"]) >= 0);
        assert!(!line["reason"].as_str().unwrap().is_empty());
        *balances.entry(line["from"].as_str().unwrap()).or_default() -= cents(&line["amount"]);
        *balances.entry(line["to"].as_str().unwrap()).or_default() += cents(&line["amount"]);
    }
    assert_eq!(entry["sum"], "0.00");
    let stated: BTreeMap<&str, i128> = entry["balances"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(party, amount)| (party.as_str(), cents(amount)))
        .collect();
    assert_eq!(stated, balances, "statements are the sums of what is owed");
    for site in entry["sites"].as_array().unwrap() {
        // Shares of GPUs are told to the thousandth of a second.
        let figure = |key: &str| site[key].as_f64().unwrap();
        let used = figure("jobs_gpu_seconds") + figure("services_gpu_seconds");
        assert!(used <= figure("available_gpu_seconds") + 0.000_5, "{site}");
    }
    for job in entry["jobs"].as_array().unwrap() {
        let outcomes = job["outcomes"].as_array().unwrap();
        let counted: u64 = outcomes.iter().map(|it| it["count"].as_u64().unwrap()).sum();
        assert_eq!(counted, job["handed_in"].as_u64().unwrap(), "each job has one outcome");
    }
}

#[test]
fn one_entry_a_version_and_each_in_balance() {
    let json = replay(&[]);
    check_entry(&json["in_force"]);
    let versions = json["versions"].as_array().unwrap();
    let effective: Vec<&str> =
        versions.iter().map(|entry| entry["effective"].as_str().unwrap()).collect();
    assert_eq!(effective, ["2019-07-22", "2023-01-23", "2025-01-21", "2025-10-28", "2026-04-27"]);
    for entry in versions {
        check_entry(entry);
        let decisions = entry["decisions"].as_object().unwrap();
        assert_eq!(
            decisions.keys().collect::<Vec<_>>(),
            ["allow", "conditional", "undetermined", "deny"]
        );
        let sum: u64 = decisions.values().map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(sum, 142_020 - 1_440, "the same is asked under each version");
    }
    // The month lies under the version of 28 October 2025, so that column is what happened.
    for key in ["decisions", "owed", "sites", "jobs", "balances"] {
        assert_eq!(json["in_force"][key], versions[3][key], "{key}");
    }
}

/// What is owed from one party to another for a reason, in cents.
fn owed(entry: &Value, from: &str, to: &str, reason: &str) -> i128 {
    let lines = entry["owed"].as_array().unwrap();
    let mine =
        lines.iter().filter(|it| it["from"] == from && it["to"] == to && it["reason"] == reason);
    mine.map(|line| cents(&line["amount"])).sum()
}

#[test]
fn the_versions_differ_as_the_terms_say() {
    let json = replay(&[]);
    let versions = json["versions"].as_array().unwrap();
    let sales = |entry: &Value| {
        owed(entry, "developers", "openai", "sale of openai-api")
            + owed(entry, "consumers", "openai", "sale of chatgpt")
    };
    let microsoft_sales =
        owed(&versions[3], "azure-customers", "microsoft", "sale of azure-openai");
    // 20 % each way from 2023 on, before 2025 by assumption; one way only in 2026.
    let to_microsoft = |it: &Value| owed(it, "openai", "microsoft", "revenue-share");
    let to_openai = |it: &Value| owed(it, "microsoft", "openai", "revenue-share");
    for (index, (there, back)) in
        [(false, false), (true, true), (true, true), (true, true), (true, false)].iter().enumerate()
    {
        let entry = &versions[index];
        let near = |share: i128, sales: i128| (share * 5 - sales).abs() <= 5;
        assert!(near(to_microsoft(entry), if *there { sales(entry) } else { 0 }));
        assert!(near(to_openai(entry), if *back { microsoft_sales } else { 0 }));
    }
    // Nobody but Microsoft hosts before 2025, and Oracle does after.
    let oracle = |it: &Value| owed(it, "openai", "oracle", "capacity");
    assert_eq!(oracle(&versions[0]), 0);
    assert_eq!(oracle(&versions[1]), 0);
    assert!(oracle(&versions[2]) > 0 && oracle(&versions[3]) > 0);
    // The API may leave Azure only in 2026.
    let flips = versions[4]["flips"].as_array().unwrap();
    assert!(!flips.is_empty());
    for flip in flips {
        assert_eq!(
            (&flip["work"], &flip["before"], &flip["after"]),
            (&Value::from("api"), &Value::from("deny"), &Value::from("allow"))
        );
    }
}

#[test]
fn the_same_input_gives_the_same_bytes_and_another_seed_does_not() {
    let run = |words: &[&str]| {
        comity(["replay", "deals/stargate", "--json"].into_iter().chain(words.iter().copied())).out
    };
    let first = run(&[]);
    assert_eq!(first, run(&[]));
    assert_ne!(first, run(&["--seed", "7"]));
}

#[test]
fn a_period_across_versions_is_split_at_the_boundary() {
    let json = replay(&["--from", "2025-10-20", "--to", "2025-11-05"]);
    check_entry(&json["in_force"]);
    let terms: Vec<&str> = json["in_force"]["shares"]
        .as_array()
        .unwrap()
        .iter()
        .map(|share| share["term"].as_str().unwrap())
        .collect();
    assert_eq!(
        terms,
        [
            "share-microsoft-to-openai-2025",
            "share-microsoft-to-openai-2025-10",
            "share-openai-to-microsoft-2025",
            "share-openai-to-microsoft-2025-10",
        ]
    );
    let total: i128 =
        json["in_force"]["shares"].as_array().unwrap().iter().map(|it| cents(&it["sales"])).sum();
    let sold: i128 = json["in_force"]["owed"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["reason"].as_str().unwrap().starts_with("sale of"))
        .map(|it| cents(&it["amount"]))
        .sum();
    assert_eq!(total, sold, "each sale is in the base of one share");
}

#[test]
fn records_are_written_for_each_version() {
    let out = folder("records");
    let json = replay(&["--out", out.to_str().unwrap()]);
    let mut folders: Vec<String> = fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert_eq!(
        folders,
        ["2019-07-22", "2023-01-23", "2025-01-21", "2025-10-28", "2026-04-27", "in-force"]
    );
    for name in ["decisions", "placements", "pieces", "unserved", "usage", "journal", "statements"]
    {
        assert!(out.join("in-force").join(format!("{name}.csv")).exists());
    }
    let mut files: Vec<_> = fs::read_dir(out.join("in-force")).unwrap().collect();
    for name in ["journal.ledger", "journal.beancount", "focus-1.2", "focus-1.4"] {
        assert!(out.join("in-force").join(name).exists());
    }
    assert_eq!(files.len(), 11, "nothing is left half-written");
    files.clear();
    let rows = |name: &str| {
        let path = out.join("in-force").join(name);
        let mut reader = csv::Reader::from_path(path).unwrap();
        let header = reader.headers().unwrap().clone();
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        (header, rows)
    };
    let (_, placements) = rows("placements.csv");
    assert_eq!(placements.len(), usize::try_from(json["jobs"].as_u64().unwrap()).unwrap());
    let (header, journal) = rows("journal.csv");
    let column = |name: &str| header.iter().position(|it| it == name).unwrap();
    let mut entries: BTreeMap<&str, i128> = BTreeMap::new();
    for row in &journal {
        let amount = row[column("amount")].replace('.', "").parse::<i128>().unwrap();
        *entries.entry(&row[column("entry")]).or_default() += amount;
    }
    assert!(entries.len() > 20);
    assert!(entries.values().all(|sum| *sum == 0), "every entry is balanced");
    let mut owed: BTreeMap<&str, i128> = BTreeMap::new();
    for row in &journal {
        let amount = row[column("amount")].replace('.', "").parse::<i128>().unwrap();
        if amount < 0 {
            *owed.entry(&row[column("party")]).or_default() -= amount;
        }
    }
    assert!(owed.len() > 4);
    for (party, owed) in owed {
        for file in ["focus-1.2", "focus-1.4"].map(|version| format!("{version}/{party}")) {
            let billed = |name: &str| -> i128 {
                let (header, rows) = rows(&format!("{file}/{name}.csv"));
                let column = header.iter().position(|it| it == "BilledCost").unwrap();
                rows.iter().map(|row| hundredths(&row[column])).sum()
            };
            assert_eq!(billed("CostAndUsage"), owed, "{file}");
            if file.starts_with("focus-1.4") {
                assert_eq!(billed("InvoiceDetail"), owed, "{file}");
            }
        }
    }
}

/// Hundredths of a number such as `-12.5`.
fn hundredths(number: &str) -> i128 {
    let (whole, fraction) = number.split_once('.').unwrap();
    format!("{whole}{fraction:0<2}").parse().unwrap()
}

#[test]
fn the_main_job_runs_on_real_traces() {
    let (Some(jobs), Some(requests)) =
        (data("philly-2017-jobs.csv"), data("azure-llm-2023-conv.csv"))
    else {
        return;
    };
    let json = replay(&["--jobs", &jobs, "--requests", &requests]);
    check_entry(&json["in_force"]);
    json["versions"].as_array().unwrap().iter().for_each(check_entry);
    let trace = &json["traces"][0];
    let count = |key: &str| trace[key].as_u64().unwrap();
    assert_eq!(count("rows"), 82_247);
    assert_eq!(count("used") + count("after_period"), 82_247);
    assert_eq!(json["traces"][1]["used"], 19_366);
    for (name, rows) in
        [("philly-10k.swf", 10_000), ("nasa-ipsc-1993.swf", 18_239), ("openb-2023-pods.csv", 8_152)]
    {
        let Some(jobs) = data(name) else { continue };
        let json = replay(&["--jobs", &jobs, "--from", "2025-01-01", "--to", "2026-03-01"]);
        check_entry(&json["in_force"]);
        let trace = &json["traces"][0];
        assert_eq!(trace["rows"], rows);
        let aside: u64 =
            trace["set_aside"].as_object().unwrap().values().map(|it| it.as_u64().unwrap()).sum();
        let kept = trace["used"].as_u64().unwrap() + trace["after_period"].as_u64().unwrap();
        assert_eq!(kept + aside, rows, "{name}: no row is lost");
    }
}

#[test]
fn real_requests_are_served_by_region_or_the_term_is_named() {
    let Some(requests) = data("azure-llm-2023-conv.csv") else { return };
    let deal = folder("regions");
    copy(&root().join("deals/stargate"), &deal);
    let path = deal.join("workload.yaml");
    let text = fs::read_to_string(&path).unwrap();
    // The first traffic of the file is that of the API, which only Azure may host.
    let more = "regions: {us: 60 %, abilene: 40 %}
      autoscale: {every-minutes: 15, target-utilization: 80 %, min-replicas: 1}
      jitter-permille:";
    fs::write(&path, text.replacen("jitter-permille:", more, 1)).unwrap();
    let out = folder("regions-out");
    let words = ["--requests", &requests, "--out", out.to_str().unwrap(), "--json"];
    let ran = comity(["replay", deal.to_str().unwrap()].into_iter().chain(words));
    assert_eq!(ran.status, 0, "{}", ran.err);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    let tokens = |value: &Value| -> u64 { value.as_str().unwrap().parse().unwrap() };
    let services = json["in_force"]["services"].as_array().unwrap();
    let regions: Vec<&str> = services.iter().map(|it| it["region"].as_str().unwrap()).collect();
    assert_eq!(regions, ["us", "abilene"]);
    let mut asked = 0;
    for service in services {
        let unserved: u64 =
            service["unserved"].as_array().unwrap().iter().map(|it| tokens(&it["tokens"])).sum();
        assert_eq!(
            tokens(&service["tokens_served"]) + unserved,
            tokens(&service["tokens_asked"]),
            "a token is served or not"
        );
        asked += tokens(&service["tokens_asked"]);
    }
    // The sum of the trace, taken from the file by another program.
    assert_eq!(asked, 26_450_535);
    assert_eq!(services[0]["unserved"].as_array().unwrap().len(), 0);
    assert_eq!(services[1]["tokens_served"], "0");
    assert_eq!(services[1]["unserved"].as_array().unwrap().len(), 1);
    assert_eq!(services[1]["unserved"][0]["why"], "never: forbidden");
    assert_eq!(services[1]["unserved"][0]["terms"][0], "api-exclusive-2025-10");
    let mut reader = csv::Reader::from_path(out.join("in-force/unserved.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let listed: u64 =
        rows.iter().flat_map(|row| [&row[6], &row[7]].map(|it| it.parse::<u64>().unwrap())).sum();
    assert_eq!(listed, tokens(&services[1]["tokens_asked"]));
    assert!(rows.iter().all(|row| &row[1] == "abilene" && &row[5] == "api-exclusive-2025-10"));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn what_cannot_be_replayed_is_said() {
    let fails = |words: &[&str]| {
        let ran = comity(["replay", "deals/stargate"].into_iter().chain(words.iter().copied()));
        assert_eq!((ran.status, ran.out.as_str()), (1, ""), "{words:?}");
        ran.err
    };
    assert!(fails(&["--from", "2025-12-02"]).contains("ends at 2025-12-01"));
    assert!(fails(&["--from", "soon"]).contains("`soon` is not a date"));
    assert!(fails(&["--jobs", "nowhere.csv"]).contains("cannot read `nowhere.csv`"));
    assert!(fails(&["--jobs", "Cargo.toml"]).contains("Cargo.toml"));
    assert!(fails(&["--to", "2525-01-01"]).contains("longer than a hundred years"));
    assert!(fails(&["--to", "2125-11-01"]).contains("at most 20000000: give a shorter period"));
    assert!(fails(&["--why", "99999999", "--at", "2025-11-02"]).contains("no job 99999999"));
    assert!(fails(&["--why", "1", "--at", "2026-11-02"]).contains("is not in the period"));
    let root = root();
    assert!(root.join("Cargo.toml").exists());
}

#[test]
fn the_page_has_the_figures_and_loads_nothing() {
    let folder = folder("replay-page");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("page.html");
    let page = |path: &str| {
        let ran = comity(["replay", "deals/stargate", "--report", path]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        fs::read_to_string(path).unwrap()
    };
    let text = page(path.to_str().unwrap());
    let again = page(folder.join("again.html").to_str().unwrap());
    assert_eq!(text, again, "the same bytes");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing is left beside them");
    for word in ["<script", "src=", "href=", "http:", "https:", "@import"] {
        assert!(!text.contains(word), "{word}");
    }
    let figures = replay(&[]);
    let owed = figures["in_force"]["owed"].as_array().unwrap();
    let largest = owed.iter().map(|line| cents(&line["amount"])).max().unwrap();
    let whole = (largest + 50) / 100;
    let grouped =
        format!("{},{:03},{:03}", whole / 1_000_000, whole / 1_000 % 1_000, whole % 1_000);
    assert!(text.contains(&grouped), "{grouped} is on the page");
    for site in figures["in_force"]["sites"].as_array().unwrap() {
        let site = site["site"].as_str().unwrap();
        assert!(text.contains(&format!("<figcaption>{site} ")), "{site} has a chart");
    }
    for version in figures["versions"].as_array().unwrap() {
        assert!(text.contains(version["version"].as_str().unwrap()));
    }
}

#[test]
fn a_page_that_cannot_be_written_is_told() {
    let ran = comity(["replay", "deals/condo", "--report", "no/such/folder/page.html"]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("cannot write `no/such/folder/page.html`"), "{}", ran.err);
}

/// Rows and jobs that cannot be are counted and listed; with `--strict` nothing is written.
#[test]
fn what_is_refused_is_listed_or_ends_the_run() {
    let folder = folder("refused");
    fs::create_dir_all(&folder).unwrap();
    let trace = folder.join("jobs.csv");
    let write = |rows: &str| {
        let header = "timestamp,duration,num_gpus,gpu_time,cluster";
        fs::write(&trace, format!("{header}\n{rows}")).unwrap();
    };
    let jobs = trace.to_str().unwrap().to_owned();
    let out = folder.join("out");
    let words = ["--jobs", &jobs, "--out", out.to_str().unwrap()];
    write(
        "2017-10-09 07:01:55,66.0,1,66.0,a\n2017-10-09 06:13:03,29.0,0,0,a\n\
         2017-10-09 06:13:03,29.0,-4,0,a\n2017-10-09 06:13:03,-5,4,0,a\n\
         2017-10-09 06:13:03 CET,5,9,20,a\n2017-10-09 07:01:55,5,900000,20,a\n",
    );
    let strict = |expected: &[&str]| {
        let all = ["replay", "deals/stargate", "--strict"].into_iter().chain(words);
        let ran = comity(all);
        assert_eq!((ran.status, ran.out.as_str()), (1, ""));
        assert!(!out.exists(), "nothing is written");
        for text in expected {
            assert!(ran.err.contains(text), "no `{text}` in {}", ran.err);
        }
    };
    strict(&[
        "4 rows cannot be used, and `--strict` is set",
        "jobs.csv:3: it uses no GPU",
        "jobs.csv:4: `num_gpus` is below zero",
        "jobs.csv:5: `duration` is below zero",
        "jobs.csv:6: `timestamp` is not a date and time",
    ]);
    let json = replay(&words);
    assert_eq!(json["traces"][0]["used"], 2);
    assert_eq!(json["refused"].as_array().unwrap().len(), 1);
    assert_eq!(json["refused"][0]["gpus"], 900_000);
    let listed = |name: &str| fs::read_to_string(out.join(name)).unwrap().lines().count();
    assert_eq!((listed("set-aside.csv"), listed("refused.csv")), (1 + 4, 1 + 1));
    fs::remove_dir_all(&out).unwrap();
    write("2017-10-09 07:01:55,5,900000,20,a\n");
    strict(&["1 job asks for what cannot be", "the largest, abilene, has 400,000"]);
}
