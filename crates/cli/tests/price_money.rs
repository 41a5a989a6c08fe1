//! What `comity price` says of commitments, of several currencies and of a draft, on deals small enough
//! to reckon.

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
    /// So many times the traffic and the GPUs.
    times: u32,
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
                "  {host}:\n    name: {host}\n    place: us\n    owner: {host}\n    host: {host}\n    operator: {host}\n    phases:\n      - {{from: 2025-01-01, gpu: h100, gpus: {}, power-mw: 1, {BASIS}}}\n    {BASIS}\n",
                20 * self.times
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
        let tokens = 5_000_000 * self.times;
        let hours = vec!["1000"; 24].join(", ");
        write(
            "workload.yaml",
            format!(
                "kind: workload\nperiod: {{from: 2025-02-01, to: 2025-02-03}}\nseed: 1\nstreams:\n  api:\n    party: lab\n    purpose: serving\n    acts: [{{action: host, object: api, by: host}}]\n    serving:\n      product: api\n      seller: lab\n      customer: all\n      tokens-in-per-hour: {tokens}\n      tokens-out-per-hour: {tokens}\n      hours-permille: [{hours}]\n      jitter-permille: {}\n      tokens-per-gpu-hour: 1_000_000\n    {BASIS}\n",
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
    Small { deal: "", hosts: &hosts, rates: "", adds: &adds.concat(), jitter, times: 1 }.write(name)
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
    let format = "\"comity-price-part\":3";
    assert!(part.contains(format));
    fs::write(at("old"), part.replace(format, "\"comity-price-part\":2")).unwrap();
    let ran = comity(["merge", &at("old"), &at("2"), &at("3")]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("is a part in format 2, and only format 3 is read"), "{}", ran.err);
}

/// An exclusivity of `near`, and a promise to `far` in another currency, under which it is paid short.
fn two_currencies() -> String {
    let commitment = format!(
        "  - commitment:\n      id: euros\n      buyer: lab\n      seller: far\n      amount: EUR 400\n      interval: day\n      shortfall: pay\n      meters: gpu-time\n      {BASIS}\n"
    );
    exclusive() + &commitment
}

fn exclusive() -> String {
    about("exclusivity", "only-near", "holder: near\ngrantor: lab\ngrantor-excluded: true")
}

/// What is shown of a kind, by the words of each figure.
fn changes(out: &str, kind: &str) -> BTreeMap<String, String> {
    let value: serde_json::Value = serde_json::from_str(out).unwrap();
    let figures = value["variants"][0]["figures"].as_array().unwrap().clone();
    let words = |of: &serde_json::Value| -> Vec<String> {
        of.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
    };
    let of_kind = figures.iter().filter(|it| it["figure"] == kind);
    of_kind
        .map(|it| (words(&it["of"]).join(" "), it["change"].as_str().unwrap().to_owned()))
        .collect()
}

fn are<const N: usize>(expected: [(&str, &str); N]) -> BTreeMap<String, String> {
    expected.map(|(of, change)| (of.to_owned(), change.to_owned())).into()
}

/// Ten GPUs for two days: 480 GPU-hours at USD 3.00 with `near`, at EUR 1.75 with `far`.
#[test]
fn each_currency_has_amounts_of_its_own() {
    let hosts = [("near", "3.00", "USD"), ("far", "1.75", "EUR")];
    let adds = two_currencies();
    let small = Small {
        deal: "currencies: {EUR: 2}\n",
        hosts: &hosts,
        rates: "",
        adds: &adds,
        jitter: 0,
        times: 1,
    };
    let deal = small.write("two");
    let out = folder("two-out");
    let at = |name: &str| out.join(name).to_str().unwrap().to_owned();
    let price = ["price", &deal, "--term", "only-near", "--runs", "2"];
    let json = run(&[&price[..], &["--json"]].concat());
    let net = [
        ("far EUR", "-40.00"),
        ("lab EUR", "40.00"),
        ("lab USD", "-1440.00"),
        ("near USD", "1440.00"),
    ];
    assert_eq!(changes(&json, "net"), are(net));
    let by_reason = [
        ("far capacity EUR", "-840.00"),
        ("far shortfall EUR", "800.00"),
        ("lab capacity EUR", "840.00"),
        ("lab capacity USD", "-1440.00"),
        ("lab shortfall EUR", "-800.00"),
        ("near capacity USD", "1440.00"),
    ];
    assert_eq!(changes(&json, "by-reason"), are(by_reason));
    let owed = [
        ("lab far capacity EUR", "-840.00"),
        ("lab far shortfall EUR", "800.00"),
        ("lab near capacity USD", "1440.00"),
    ];
    assert_eq!(changes(&json, "owed"), are(owed));
    assert_eq!(changes(&json, "commitment-drawn"), are([("euros EUR", "-800.00")]));
    let days = [
        ("2025-02-01 EUR", "420.00"),
        ("2025-02-01 USD", "720.00"),
        ("2025-02-02 EUR", "420.00"),
        ("2025-02-02 USD", "720.00"),
    ];
    assert_eq!(changes(&json, "day"), are(days));

    let text = run(&[&price[..], &["--out", &at("csv"), "--report", &at("page.html")]].concat());
    for line in [
        "  euros  2025-02-01     2 of 2  100.0 %  15.8 % to 100.0 %\n",
        "  euros  2025-02-02     2 of 2  100.0 %  15.8 % to 100.0 %\n",
        "  euros  any interval   2 of 2  100.0 %  15.8 % to 100.0 %\n",
        "at list prices of the first day, USD\n  2025-02-01: 720.00, 50.0 % of all\n",
        "at list prices of the first day, EUR\n  2025-02-01: 420.00, 50.0 % of all\n",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    // Both sides sum to zero in each currency of each run.
    let mut sums: BTreeMap<(String, String), i128> = BTreeMap::new();
    for row in rows(&at("csv/runs.csv")).iter().filter(|row| row["figure"] == "net") {
        let code = row["of"].split('|').next_back().unwrap().to_owned();
        for side in ["before", "after"] {
            *sums.entry((code.clone(), side.to_owned())).or_default() +=
                row[side].parse::<i128>().unwrap();
        }
    }
    assert_eq!(sums.len(), 4);
    assert!(sums.values().all(|sum| *sum == 0), "{sums:?}");
    let page = fs::read_to_string(at("page.html")).unwrap();
    for text in [
        "lab loses USD 1,440.00; near gains USD 1,440.00; far loses EUR 40.00; lab gains EUR 40.00",
        "Newly missed: euros from 2025-02-01 on in 2 of 2 runs; euros from 2025-02-02 on in 2 of 2 runs; any interval of euros in 2 of 2 runs.",
        "50 % of the USD moved",
        "50 % of the EUR moved",
        "<span>EUR</span>",
    ] {
        assert!(page.contains(text), "{text} is not in the page:\n{page}");
    }
}

/// Where the deal says what a euro is worth, what is charged in euros is the deal's own money.
#[test]
fn amounts_are_converted_where_the_deal_says_so() {
    let hosts = [("near", "3.00", "USD"), ("far", "1.75", "EUR")];
    let rates = format!(
        "conversions:\n  euros-in-dollars: {{of: EUR, in: USD, rate: 1.1, from: 2025-01-01, {BASIS}}}\n"
    );
    let adds = exclusive();
    let small = Small {
        deal: "currencies: {EUR: 2}\n",
        hosts: &hosts,
        rates: &rates,
        adds: &adds,
        jitter: 0,
        times: 1,
    };
    let deal = small.write("converted");
    let json = run(&["price", &deal, "--term", "only-near", "--runs", "2", "--json"]);
    // EUR 840 are USD 924.
    let net = [("far USD", "-924.00"), ("lab USD", "-516.00"), ("near USD", "1440.00")];
    assert_eq!(changes(&json, "net"), are(net));
    // What came to `near` is more than what left `far`.
    let days = [("2025-02-01 USD", "720.00"), ("2025-02-02 USD", "720.00")];
    assert_eq!(changes(&json, "day"), are(days));
}

/// Yen have no digits behind the point, dinars three; of neither is there a word in dollars.
#[test]
fn a_currency_has_as_many_digits_as_it_has() {
    let hosts = [("near", "0.925", "KWD"), ("far", "260.4", "JPY")];
    let adds = exclusive();
    let currencies = "currencies: {JPY: 0, KWD: 3}\n";
    let small =
        Small { deal: currencies, hosts: &hosts, rates: "", adds: &adds, jitter: 0, times: 1 };
    let deal = small.write("digits");
    let out = folder("digits-out");
    let at = |name: &str| out.join(name).to_str().unwrap().to_owned();
    let price = ["price", &deal, "--term", "only-near", "--runs", "2"];
    let json = run(&[&price[..], &["--json"]].concat());
    let net = [
        ("far JPY", "-124992"),
        ("lab JPY", "124992"),
        ("lab KWD", "-444.000"),
        ("near KWD", "444.000"),
    ];
    assert_eq!(changes(&json, "net"), are(net));
    // A list price may be finer than the smallest unit: 240 GPU-hours at 260.4.
    let days = [
        ("2025-02-01 JPY", "62496"),
        ("2025-02-01 KWD", "222.000"),
        ("2025-02-02 JPY", "62496"),
        ("2025-02-02 KWD", "222.000"),
    ];
    assert_eq!(changes(&json, "day"), are(days));
    let text = run(&[&price[..], &["--out", &at("csv"), "--report", &at("page.html")]].concat());
    assert!(text.contains("124,992") && text.contains("444.000"), "{text}");
    for file in ["csv/figures.csv", "csv/runs.csv"] {
        for row in rows(&at(file)) {
            let digits = match row["of"].split('|').next_back().unwrap() {
                "JPY" => "0",
                "KWD" => "3",
                _ => "",
            };
            assert_eq!(row["digits"], digits, "{row:?}");
        }
    }
    let page = fs::read_to_string(at("page.html")).unwrap();
    for text in ["near gains KWD 444.000", "far loses JPY 124,992", "-124,992", "+444.000"] {
        assert!(page.contains(text), "{text} is not in the page:\n{page}");
    }
}

/// How close is close enough is asked in one currency, or in each of its own.
#[test]
fn an_interval_is_asked_for_in_a_currency() {
    let hosts = [("near", "3.00", "EUR"), ("far", "1.75", "USD")];
    let adds = exclusive();
    let small = Small {
        deal: "currencies: {EUR: 2}\n",
        hosts: &hosts,
        rates: "",
        adds: &adds,
        jitter: 800,
        times: 10,
    };
    let deal = small.write("interval");
    let price = |width: &str| {
        let words = ["price", &deal, "--term", "only-near", "--runs", "40", "--interval", width];
        run(&words)
    };
    // Both vary with the peak of the traffic, euros by more.
    let pairs = |width: &str| {
        let text = price(width);
        let line = text.lines().find(|line| line.contains(" pairs of runs")).unwrap().to_owned();
        line.split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(pairs("100000"), 10);
    assert_eq!(pairs("0.01"), 40);
    assert_eq!(pairs("EUR 0.01"), 40);
    // Dollars are known to within what euros are not, and are asked for by themselves.
    assert!(pairs("150") < pairs("EUR 150"), "{} and {}", pairs("150"), pairs("EUR 150"));
    let ran = comity(["price", &deal, "--term", "only-near", "--interval", "GBP 5"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.err.contains("the deal has no currency `GBP`: its amounts are in USD, EUR"),
        "{}",
        ran.err
    );
    // It is carried by parts.
    let out = folder("interval-out");
    let at = |name: &str| out.join(name).to_str().unwrap().to_owned();
    let words = ["price", &deal, "--term", "only-near", "--runs", "40", "--interval", "EUR 150"];
    for (shard, part) in [("1/2", at("1")), ("2/2", at("2"))] {
        run(&[&words[..], &["--shard", shard, "--out", &part]].concat());
    }
    assert_eq!(run(&["merge", &at("1"), &at("2")]), price("EUR 150"));
}

/// A draft changes what comes after it; in place of a term, also what that term held before.
#[test]
fn a_draft_is_priced_by_itself_and_in_place_of_a_term() {
    let hosts = [("near", "3.00", "EUR"), ("far", "1.75", "USD")];
    let adds = exclusive();
    let small = Small {
        deal: "currencies: {EUR: 2}\n",
        hosts: &hosts,
        rates: "",
        adds: &adds,
        jitter: 0,
        times: 1,
    };
    let deal = small.write("drafted");
    let only_far =
        about("exclusivity", "only-far", "holder: far\ngrantor: lab\ngrantor-excluded: true");
    let draft = folder("drafted-out").join("draft.yaml");
    let text = format!(
        "kind: version\nagreement: hosting\nname: Hosting\nparties: [lab, near, far]\nversion: \"2025-02-02\"\nsummary: A draft.\nexecuted: 2025-02-02\neffective: {{from: 2025-02-02}}\nrecorded: 2025-02-02\nadds:\n{only_far}replaces: [{{term: only-near, by: only-far}}]\n"
    );
    fs::write(&draft, text).unwrap();
    let price = ["price", &deal, "--with", draft.to_str().unwrap(), "--runs", "2"];
    let net = |more: &[&str]| changes(&run(&[&price[..], more, &["--json"]].concat()), "net");
    let second_day = [
        ("far USD", "420.00"),
        ("lab EUR", "720.00"),
        ("lab USD", "-420.00"),
        ("near EUR", "-720.00"),
    ];
    assert_eq!(net(&[]), are(second_day));
    let both_days = [
        ("far USD", "840.00"),
        ("lab EUR", "1440.00"),
        ("lab USD", "-840.00"),
        ("near EUR", "-1440.00"),
    ];
    assert_eq!(net(&["--term", "only-near"]), are(both_days));
    let text = run(&[&price[..], &["--term", "only-near"]].concat());
    let also = "also taken out with only-near: that only-far takes its place";
    assert!(text.contains(also), "{text}");
}
