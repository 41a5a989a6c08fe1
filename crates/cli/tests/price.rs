//! `comity price` and `comity merge`.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use common::{comity, copy};

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("price").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Two hosts with ten GPUs each, the far one cheaper; ten GPUs of traffic for one day.
fn tiny(name: &str) -> String {
    let folder = folder(name);
    let basis = "basis: {phrase: made up, source: none, date: 2025-01-01, status: assumed}";
    let site = |id: &str| {
        format!(
            "  {id}:\n    name: {id}\n    place: us\n    owner: {id}\n    host: {id}\n    operator: {id}\n    phases:\n      - {{from: 2025-01-01, gpu: h100, gpus: 10, power-mw: 1, {basis}}}\n    {basis}\n"
        )
    };
    let rate = |seller: &str, price: &str| {
        format!(
            "  of-{seller}: {{seller: {seller}, buyer: lab, meter: gpu-time, gpu: h100, price: {price}, per: gpu-hour, from: 2025-01-01, {basis}}}\n"
        )
    };
    let write = |file: &str, text: String| fs::write(folder.join(file), text).unwrap();
    write(
        "deal.yaml",
        "kind: deal\nname: Tiny\nsummary: Two hosts.\ncurrency: {code: USD, digits: 2}\nrounding: half-even\nsilence: {otherwise: liberty}\nactions: {host: {name: host}}\nobjects: {api: {name: the API}}\npurposes: {serving: {name: serving}}\nplaces: {us: {name: United States}}\n".into(),
    );
    write(
        "parties.yaml",
        "kind: parties\nparties:\n  lab: {name: Lab, role: sells}\n  near: {name: Near, role: hosts}\n  far: {name: Far, role: hosts}\n  all: {name: All, role: buys}\n".into(),
    );
    write(
        "sites.yaml",
        format!(
            "kind: sites\ngpus: {{h100: {{name: H100}}}}\nsites:\n{}{}",
            site("near"),
            site("far")
        ),
    );
    write(
        "rates.yaml",
        format!("kind: rates\nrates:\n{}{}", rate("near", "3.00"), rate("far", "1.75")),
    );
    let hours = vec!["1000"; 24].join(", ");
    write(
        "workload.yaml",
        format!(
            "kind: workload\nperiod: {{from: 2025-02-01, to: 2025-02-02}}\nseed: 1\nstreams:\n  api:\n    party: lab\n    purpose: serving\n    acts: [{{action: host, object: api, by: host}}]\n    serving:\n      product: api\n      seller: lab\n      customer: all\n      tokens-in-per-hour: 5_000_000\n      tokens-out-per-hour: 5_000_000\n      hours-permille: [{hours}]\n      jitter-permille: 0\n      tokens-per-gpu-hour: 1_000_000\n    {basis}\n"
        ),
    );
    write(
        "version.yaml",
        format!(
            "kind: version\nagreement: near-lab\nname: Near and Lab\nparties: [near, lab]\nversion: \"2025-01-01\"\nsummary: Near hosts the API.\nexecuted: 2025-01-01\neffective: {{from: 2025-01-01}}\nrecorded: 2025-01-01\nadds:\n  - exclusivity:\n      id: api-near\n      holder: near\n      grantor: lab\n      grantor-excluded: true\n      action: host\n      object: api\n      for: lab\n      {basis}\n"
        ),
    );
    folder.to_str().unwrap().to_owned()
}

/// The change of each net figure in the output as JSON.
fn nets(out: &str) -> BTreeMap<String, String> {
    let value: serde_json::Value = serde_json::from_str(out).unwrap();
    let figures = value["variants"][0]["figures"].as_array().unwrap().clone();
    let net = figures.iter().filter(|it| it["figure"] == "net");
    net.map(|it| {
        (it["of"][0].as_str().unwrap().to_owned(), it["change"].as_str().unwrap().to_owned())
    })
    .collect()
}

#[test]
fn a_term_is_worth_what_can_be_computed_by_hand() {
    let deal = tiny("by-hand");
    // Ten GPUs for 24 hours at 3.00 with the exclusivity, at 1.75 without: 720 and 420.
    let ran = comity(["price", &deal, "--term", "api-near", "--runs", "2", "--json"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let expected = [("far", "-420.00"), ("lab", "-300.00"), ("near", "720.00")];
    let expected = expected.map(|(party, change)| (party.to_owned(), change.to_owned()));
    assert_eq!(nets(&ran.out), BTreeMap::from(expected));
    // Taking it out changes the same the other way.
    let out = comity(["price", &deal, "--term", "api-near", "--without", "--runs", "2", "--json"]);
    let expected = [("far", "420.00"), ("lab", "300.00"), ("near", "-720.00")];
    let expected = expected.map(|(party, change)| (party.to_owned(), change.to_owned()));
    assert_eq!(nets(&out.out), BTreeMap::from(expected));
    let text = comity(["price", &deal, "--term", "api-near", "--runs", "2"]).out;
    assert!(text.contains("the same in every run"), "{text}");
}

#[test]
fn a_page_shows_what_the_figures_say_and_is_the_same_from_parts() {
    let deal = tiny("page");
    let folder = folder("page-out");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let words = ["price", &deal, "--term", "api-near", "--runs", "2"];
    let run = |more: &[&str]| {
        let ran = comity(words.iter().chain(more).copied());
        assert_eq!(ran.status, 0, "{}", ran.err);
    };
    run(&["--report", &at("one.html")]);
    let page = fs::read_to_string(at("one.html")).unwrap();
    for text in [
        "What api-near moves",
        "near gains USD 720.00; far loses USD 420.00; lab loses USD 300.00",
        "240 GPU-hours of serving from far to near",
        "24 decisions flip",
        "made up",
    ] {
        assert!(page.contains(text), "{text} is not in the page:\n{page}");
    }
    run(&["--shard", "1/2", "--out", &at("1")]);
    run(&["--shard", "2/2", "--out", &at("2")]);
    let merged = comity(["merge", &at("2"), &at("1"), "--report", &at("merged.html")]);
    assert_eq!(merged.status, 0, "{}", merged.err);
    assert_eq!(fs::read_to_string(at("merged.html")).unwrap(), page);
    assert!(!folder.join("one.html.part").exists());
}

#[test]
fn any_cut_into_parts_and_any_number_of_threads_come_to_the_same_bytes() {
    let folder = folder("parts");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let words = [
        "price",
        "deals/stargate",
        "--term",
        "azure-exclusive-2023",
        "--term",
        "build-exclusive-2019",
        "--at",
        "2025-01-20",
        "--runs",
        "5",
    ];
    let run = |more: &[&str]| {
        let ran = comity(words.iter().chain(more).copied());
        assert_eq!(ran.status, 0, "{}", ran.err);
        ran.out
    };
    let text = run(&["--threads", "1", "--out", &at("single")]);
    let json = run(&["--threads", "3", "--json"]);
    assert_eq!(text, run(&["--threads", "4"]));
    let csv = |folder: &str, file: &str| fs::read(PathBuf::from(at(folder)).join(file)).unwrap();
    for of in [1, 2, 3, 7] {
        // Handed over in another order than they were cut.
        let parts: Vec<String> = (1..=of).rev().map(|index| at(&format!("{index}-{of}"))).collect();
        for (part, index) in parts.iter().zip((1..=of).rev()) {
            run(&["--shard", &format!("{index}/{of}"), "--out", part]);
        }
        let merged = |more: &[&str]| {
            let parts = parts.iter().map(String::as_str);
            comity(["merge"].into_iter().chain(parts).chain(more.iter().copied())).out
        };
        assert_eq!(merged(&["--out", &at("merged")]), text, "{of} parts");
        assert_eq!(merged(&["--json"]), json, "{of} parts");
        for file in ["figures.csv", "runs.csv"] {
            assert_eq!(csv("merged", file), csv("single", file), "{of} parts");
        }
    }
    // Each run's gains and losses are of nobody else: they sum to zero on both sides.
    let rows = String::from_utf8(csv("single", "runs.csv")).unwrap();
    let mut sums: BTreeMap<String, [i128; 2]> = BTreeMap::new();
    for row in rows.lines().map(|row| row.split(',').collect::<Vec<_>>()) {
        if row[3] == "net" {
            let sum = sums.entry(row[0].to_owned()).or_default();
            *sum = [
                sum[0] + row[5].parse::<i128>().unwrap(),
                sum[1] + row[6].parse::<i128>().unwrap(),
            ];
        }
    }
    assert_eq!(sums.len(), 5);
    assert!(sums.values().all(|sum| *sum == [0, 0]), "{sums:?}");
    let refused = |parts: &[&str], why: &str| {
        let ran = comity(["merge"].into_iter().chain(parts.iter().copied()));
        assert_eq!(ran.status, 1);
        assert!(ran.err.contains(why), "{}", ran.err);
    };
    refused(&[&at("1-3"), &at("3-3")], "part 2/3 is missing");
    refused(&[&at("1-2"), &at("1-2"), &at("2-2")], "part 1/2 is there twice");
    refused(&[&at("1-2"), &at("2-3")], "is of another cut");
    let whole = fs::read_to_string(at("1-2")).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    fs::write(at("short"), lines[..lines.len() - 1].join("\n")).unwrap();
    refused(&[&at("short"), &at("2-2")], "was cut off");
    fs::write(at("half"), &whole[..whole.len() / 2]).unwrap();
    refused(&[&at("half")], "was cut off or is no part");
    refused(&["README.md"], "no JSON");
    run(&["--seed", "7", "--shard", "2/2", "--out", &at("other")]);
    refused(&[&at("1-2"), &at("other")], "another seed");
}

#[test]
fn an_interval_stops_at_the_same_run_in_one_go_and_joined() {
    let folder = folder("interval");
    let deal = tiny("stops");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let words = ["price", &deal, "--term", "api-near", "--runs", "30", "--interval", "1%"];
    let single = comity(words).out;
    assert!(single.contains("10 pairs of runs"), "{single}");
    for (shard, part) in [("1/2", at("1")), ("2/2", at("2"))] {
        comity(words.into_iter().chain(["--shard", shard, "--out", &part]));
    }
    assert_eq!(comity(["merge", &at("1"), &at("2")]).out, single);
}

#[test]
fn a_first_refusal_costs_more_the_longer_its_holder_is_silent() {
    let ran = comity([
        "price",
        "deals/stargate",
        "--assume",
        "capacity-first-refusal-2025.days=30,90",
        "--at",
        "2025-01-21",
        "--runs",
        "2",
        "--json",
    ]);
    let value: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let power = |variant: usize| {
        let figures = value["variants"][variant]["figures"].as_array().unwrap();
        let crusoe = figures.iter().find(|it| it["figure"] == "net" && it["of"][0] == "crusoe");
        crusoe.unwrap()["change"].as_str().unwrap().to_owned()
    };
    // Crusoe leases 72 MW less in November at 1.8 million a MW-year: a third of 216 MW.
    assert_eq!(power(0), "-10652054.79");
    assert_ne!(power(0), power(1));
    assert!(ran.out.contains("ASSUMED"), "{}", ran.out);
}

/// What would be closed again before the right lapses never opens, and that is said.
#[test]
fn a_first_refusal_can_outlast_what_it_delays() {
    let folder = folder("outlasted");
    copy("stargate", &folder);
    let sites = folder.join("sites.yaml");
    let text = fs::read_to_string(&sites).unwrap();
    let (opens, closes) = ("      - from: 2025-06-15\n", "        to: 2025-07-10\n");
    assert_eq!(text.matches(opens).count(), 1);
    fs::write(&sites, text.replace(opens, &format!("{opens}{closes}"))).unwrap();
    let deal = folder.to_str().unwrap();
    let days = ["--assume", "capacity-first-refusal-2025.days=20,30", "--at", "2025-01-21"];
    let ran = comity(["price", deal, "--runs", "1"].into_iter().chain(days));
    let opened = "abilene, which would open on 2025-06-15, opens on 2025-07-06";
    assert!(ran.out.contains(opened), "{}", ran.out);
    let closed = "what would open at abilene on 2025-06-15 closes before the right lapses";
    assert!(ran.out.contains(closed), "{}", ran.out);
}

#[test]
fn what_is_wrong_is_said() {
    let says = |words: &[&str], why: &str| {
        let ran = comity(["price", "deals/stargate"].iter().chain(words).copied());
        assert_ne!(ran.status, 0);
        assert!(ran.err.contains(why), "{}", ran.err);
    };
    says(&["--term", "api-exclusiv-2025"], "did you mean `api-exclusive-2025`?");
    says(&["--term", "api-exclusive-2025", "--confidence", "100"], "`100` is no confidence");
    says(&["--term", "api-exclusive-2025", "--runs", "0"], "0 is not in 1..");
    says(&["--term", "api-exclusive-2025", "--shard", "3/2", "--out", "x"], "`3/2` is no part");
    says(&[], "nothing to price");
    says(&["--assume", "api-exclusive-2025.days=30"], "is no first refusal");
    let idle = comity(["price", "deals/stargate", "--term", "ip-licence-2025", "--runs", "1"]).out;
    assert!(idle.contains("ip-licence-2025 is not in force in"), "{idle}");
    assert!(idle.contains("the price is 0"), "{idle}");
    let words = ["price", "deals/stargate", "--at", "2025-01-20", "--runs", "1", "--term"];
    let held = |more: &[&str]| comity(words.iter().chain(more).copied()).out;
    let alone = held(&["build-exclusive-2019"]);
    let also = |out: &str| out.lines().find(|it| it.contains("Also held up")).unwrap().to_owned();
    assert!(also(&alone).contains("by api-exclusive-2023, azure-exclusive-2023:"), "{alone}");
    assert!(alone.contains("the price is 0"), "{alone}");
    // What holds the API is still held up by the term of its own.
    let both = held(&["build-exclusive-2019", "--term", "azure-exclusive-2023"]);
    assert!(also(&both).contains("by api-exclusive-2023:"), "{both}");
    // A draft is checked with the deal's other files, and stays a draft.
    let folder = folder("draft");
    let draft = folder.join("draft.yaml");
    let text = "kind: version\nagreement: microsoft-openai\nname: Microsoft and OpenAI\nparties: [microsoft, openai]\nversion: \"2025-11-10\"\nsummary: A draft.\nexecuted: 2025-11-10\neffective: {from: 2025-11-10}\nrecorded: 2025-11-10\nadds:\n  - permission:\n      id: api-anywhere\n      grantor: microsoft\n      actor: any\n      action: host\n      object: openai-api\n      for: openai\n      basis: {phrase: a draft, source: none, date: 2025-11-10, status: assumed}\n";
    fs::write(&draft, text).unwrap();
    says(&["--with", draft.to_str().unwrap()], "api-exclusive-2025-10");
    let fits = text
        .replace("id: api-anywhere", "id: api-anywhere\n      overrides: api-exclusive-2025-10");
    fs::write(&draft, fits).unwrap();
    let ran = comity(["price", "deals/stargate", "--with", draft.to_str().unwrap(), "--runs", "1"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.contains("allow by api-anywhere"), "{}", ran.out);
}
