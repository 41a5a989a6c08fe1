//! What `comity price` says of commitments and of several currencies, on deals small enough to reckon.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use common::comity;

const BASIS: &str = "basis: {phrase: made up, source: none, date: 2025-01-01, status: assumed}";

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("price-money").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Two days of traffic that takes ten GPUs, more or less by so many of a thousand; hosts with twenty
/// GPUs each.
struct Small<'a> {
    /// More lines of `deal.yaml`.
    deal: &'a str,
    /// Each host with the price of its GPU-hour and what it is in.
    hosts: &'a [(&'a str, &'a str, &'a str)],
    /// More of `rates.yaml`.
    rates: &'a str,
    /// The terms of an agreement of all parties.
    adds: &'a str,
    jitter: u32,
}

impl Small<'_> {
    fn write(&self, name: &str) -> String {
        let folder = folder(name);
        let write = |file: &str, text: String| fs::write(folder.join(file), text).unwrap();
        let each = |line: &dyn Fn(&(&str, &str, &str)) -> String| -> String {
            self.hosts.iter().map(line).collect()
        };
        write(
            "deal.yaml",
            format!(
                "kind: deal\nname: Small\nsummary: Some hosts.\ncurrency: {{code: USD, digits: 2}}\n{}rounding: half-even\nsilence: {{otherwise: liberty}}\nactions: {{host: {{name: host}}}}\nobjects: {{api: {{name: the API}}}}\npurposes: {{serving: {{name: serving}}}}\nplaces: {{us: {{name: United States}}}}\n",
                self.deal
            ),
        );
        let parties = each(&|(host, ..)| format!("  {host}: {{name: {host}, role: hosts}}\n"));
        write(
            "parties.yaml",
            format!(
                "kind: parties\nparties:\n  lab: {{name: Lab, role: sells}}\n  all: {{name: All, role: buys}}\n{parties}"
            ),
        );
        let sites = each(&|(host, ..)| {
            format!(
                "  {host}:\n    name: {host}\n    place: us\n    owner: {host}\n    host: {host}\n    operator: {host}\n    phases:\n      - {{from: 2025-01-01, gpu: h100, gpus: 20, power-mw: 1, {BASIS}}}\n    {BASIS}\n"
            )
        });
        write(
            "sites.yaml",
            format!("kind: sites\ngpus: {{h100: {{name: H100}}}}\nsites:\n{sites}"),
        );
        let rates = each(&|(host, price, currency)| {
            format!(
                "  of-{host}: {{seller: {host}, buyer: lab, meter: gpu-time, gpu: h100, price: {price}, currency: {currency}, per: gpu-hour, from: 2025-01-01, {BASIS}}}\n"
            )
        });
        write("rates.yaml", format!("kind: rates\nrates:\n{rates}{}", self.rates));
        let hours = vec!["1000"; 24].join(", ");
        write(
            "workload.yaml",
            format!(
                "kind: workload\nperiod: {{from: 2025-02-01, to: 2025-02-03}}\nseed: 1\nstreams:\n  api:\n    party: lab\n    purpose: serving\n    acts: [{{action: host, object: api, by: host}}]\n    serving:\n      product: api\n      seller: lab\n      customer: all\n      tokens-in-per-hour: 5_000_000\n      tokens-out-per-hour: 5_000_000\n      hours-permille: [{hours}]\n      jitter-permille: {}\n      tokens-per-gpu-hour: 1_000_000\n    {BASIS}\n",
                self.jitter
            ),
        );
        let parties: Vec<&str> = self.hosts.iter().map(|(host, ..)| *host).collect();
        write(
            "version.yaml",
            format!(
                "kind: version\nagreement: hosting\nname: Hosting\nparties: [lab, {}]\nversion: \"2025-01-01\"\nsummary: Who hosts.\nexecuted: 2025-01-01\neffective: {{from: 2025-01-01}}\nrecorded: 2025-01-01\nadds:\n{}",
                parties.join(", "),
                self.adds
            ),
        );
        folder.to_str().unwrap().to_owned()
    }
}

/// A term about hosting the API for the lab.
fn about(kind: &str, id: &str, more: &str) -> String {
    format!(
        "  - {kind}:\n      id: {id}\n      action: host\n      object: api\n      for: lab\n      {}\n      {BASIS}\n",
        more.replace('\n', "\n      ")
    )
}

/// A commitment of the lab to spend so much a day with `near`, which may not serve on the second day
/// but by `back`, and with `away` not on the first.
fn turning(name: &str, amount: &str, jitter: u32) -> String {
    let bound = "bound: near\nowed-to: lab\nactor: near";
    let commitment = format!(
        "  - commitment:\n      id: burn\n      buyer: lab\n      seller: near\n      amount: {amount}\n      interval: day\n      shortfall: show\n      meters: gpu-time\n      {BASIS}\n"
    );
    let adds = [
        commitment,
        about("prohibition", "away", &format!("{bound}\nfrom: 2025-02-01\nto: 2025-02-02")),
        about("prohibition", "later", &format!("{bound}\nfrom: 2025-02-02")),
        about(
            "permission",
            "back",
            "grantor: lab\nactor: near\nfrom: 2025-02-02\noverrides: [later]",
        ),
    ];
    let hosts = [("near", "3.00", "USD"), ("far", "4.00", "USD")];
    Small { deal: "", hosts: &hosts, rates: "", adds: &adds.concat(), jitter }.write(name)
}

/// A row of a CSV by its columns.
fn rows(path: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

fn run(words: &[&str]) -> String {
    let ran = comity(words.iter().copied());
    assert_eq!(ran.status, 0, "{}", ran.err);
    ran.out
}

/// What one day gains another loses: counted by the term alone, nothing would have changed.
#[test]
fn a_commitment_is_newly_met_on_one_day_and_newly_missed_on_another() {
    // Ten GPUs for a day at 3.00 are 720.
    let deal = turning("turns", "720.00", 0);
    let price = ["price", &deal, "--term", "away", "--term", "back", "--runs", "8"];
    let text = run(&price);
    let expected = [
        "Commitments newly met: met \"with\" and not \"without\"\n",
        "  burn  2025-02-02     8 of 8  100.0 %  63.1 % to 100.0 %\n",
        "Commitments newly missed: short \"with\" and not \"without\"\n",
        "  burn  2025-02-01     8 of 8  100.0 %  63.1 % to 100.0 %\n",
    ];
    for line in expected {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("Commitments met"), "one day is met on either side:\n{text}");
    // What is taken out turns them the other way.
    let out = run(&[&price[..], &["--without", "--json"]].concat());
    let value: serde_json::Value = serde_json::from_str(&out).unwrap();
    let figures = value["variants"][0]["figures"].as_array().unwrap();
    let of = |kind: &str| -> Vec<String> {
        let all = figures.iter().filter(|it| it["figure"] == kind);
        all.map(|it| format!("{} {} {} {}", it["of"], it["change"], it["low"], it["high"]))
            .collect()
    };
    let share = "\"1.000000\" \"0.630583\" \"1.000000\"";
    let day = |day: &str| format!("[\"burn\",\"{day}\"] {share}");
    assert_eq!(of("commitment-newly-met"), [day("2025-02-01"), day("any")]);
    assert_eq!(of("commitment-newly-missed"), [day("2025-02-02"), day("any")]);
    // A commitment that is itself taken out is neither: it is not there on one side.
    let itself = run(&["price", &deal, "--term", "burn", "--runs", "2"]);
    assert!(!itself.contains("newly"), "{itself}");
    assert!(itself.contains("Commitments met, intervals in a run"), "{itself}");
}

/// The share that is shown is that of the runs in which it is so, from one run as from parts.
#[test]
fn the_share_of_runs_is_that_of_the_runs_in_which_a_commitment_turns() {
    // Eighteen GPUs for a day at 3.00 are 1,296: as many as most peaks take.
    let deal = turning("shares", "1_296.00", 800);
    let folder = folder("shares-out");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let price = ["price", &deal, "--term", "away", "--term", "back", "--runs", "25"];
    let whole = run(&[&price[..], &["--out", &at("csv"), "--report", &at("one.html")]].concat());
    let runs = rows(&at("csv/runs.csv"));
    let figures = rows(&at("csv/figures.csv"));
    for (kind, day) in
        [("commitment-newly-met", "2025-02-02"), ("commitment-newly-missed", "2025-02-01")]
    {
        let of = format!("burn|{day}");
        let is = |row: &&BTreeMap<String, String>| row["figure"] == kind && row["of"] == of;
        let times: Vec<_> = runs.iter().filter(is).collect();
        assert!(times.iter().all(|row| row["before"] == "0" && row["after"] == "1"));
        assert!(times.iter().all(|row| row["digits"].is_empty()), "a run is a whole number");
        let times = times.len();
        assert!((3..=22).contains(&times), "some of the runs, not all: {times}");
        let row = figures.iter().find(is).unwrap();
        assert_eq!(row["change"].parse::<usize>().unwrap(), times * 40_000, "of 25, in millionths");
        assert_eq!(row["digits"], "6");
        let [low, high] = ["low", "high"].map(|end| row[end].parse::<usize>().unwrap());
        assert!(0 < low && low < times * 40_000 && times * 40_000 < high && high < 1_000_000);
        assert!(whole.contains(&format!("{times} of 25")), "{whole}");
        let page = fs::read_to_string(at("one.html")).unwrap();
        let how = kind.trim_start_matches("commitment-").replace('-', " ");
        assert!(page.contains(&how), "{how} is not in the page");
        assert!(page.contains(&format!("burn from {day} on in {times} of 25 runs")), "{page}");
    }
    let parts = [("1/3", at("1")), ("2/3", at("2")), ("3/3", at("3"))];
    for (shard, part) in &parts {
        run(&[&price[..], &["--shard", shard, "--out", part]].concat());
    }
    let merge = ["merge", &at("3"), &at("1"), &at("2")];
    let merged =
        run(&[&merge[..], &["--out", &at("merged"), "--report", &at("merged.html")]].concat());
    assert_eq!(merged, whole);
    for [one, joined] in [
        ["csv/figures.csv", "merged/figures.csv"],
        ["csv/runs.csv", "merged/runs.csv"],
        ["one.html", "merged.html"],
    ] {
        assert_eq!(fs::read(at(one)).unwrap(), fs::read(at(joined)).unwrap(), "{one}");
    }
    // A part of an earlier version counts other figures, and is not taken for one of this.
    let part = fs::read_to_string(at("1")).unwrap();
    let format = "\"comity-price-part\":2";
    assert!(part.contains(format));
    fs::write(at("old"), part.replace(format, "\"comity-price-part\":1")).unwrap();
    let ran = comity(["merge", &at("old"), &at("2"), &at("3")]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("is a part in format 1, and only format 2 is read"), "{}", ran.err);
}
