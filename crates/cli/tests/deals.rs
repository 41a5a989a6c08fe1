//! The other deals: each is in order, answers its questions and settles its month, and none of
//! them, nor the first, is written into the program.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use common::{comity, root};
use expect_test::expect_file;
use serde_json::{Value, json};

// Each line of these tables asks `PARTY ACTION OBJECT` with the other words of the question, and
// says the answer and a term behind it: none where the terms are silent.

fn status(answer: &str) -> i32 {
    match answer {
        "allow" => 0,
        "deny" => 3,
        "conditional" => 4,
        "undetermined" => 5,
        other => panic!("no such answer: {other}"),
    }
}

/// Asks `PARTY ACTION OBJECT key=value ..`.
fn ask(deal: &str, question: &str) -> Value {
    let mut words = vec!["may".to_owned(), format!("deals/{deal}"), "--json".to_owned()];
    let mut keys = ["party", "action", "object"].into_iter();
    for word in question.split(' ') {
        let (key, value) = match word.split_once('=') {
            Some(named) => named,
            None => (keys.next().expect("three words stand by themselves"), word),
        };
        words.extend([format!("--{key}"), value.to_owned()]);
    }
    // By all that is on record, unless the question says; no answer may depend on the clock.
    if !question.contains(" known=") {
        words.extend(["--known".to_owned(), "2030-01-01".to_owned()]);
    }
    let ran = comity(words.iter().map(String::as_str));
    assert!(!ran.out.is_empty(), "{question}: {}", ran.err);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(ran.status, status(json["answer"].as_str().unwrap()), "{question}");
    json
}

fn terms(json: &Value) -> BTreeSet<&str> {
    json["terms"].as_array().unwrap().iter().map(|term| term["id"].as_str().unwrap()).collect()
}

/// The deal has no problems, every question gets its answer, and together the questions meet
/// every term that can decide something.
fn check(deal: &str, questions: &str) {
    let ran = comity(["check", &format!("deals/{deal}")]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{}", ran.out);
    let mut met = BTreeSet::new();
    let rows: Vec<&str> =
        questions.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(rows.len() >= 10, "{deal} is asked too little");
    for row in rows {
        let (question, expected) = row.split_once(" => ").unwrap();
        let (answer, term) = expected.split_once(' ').unwrap_or((expected, ""));
        let json = ask(deal, question);
        assert_eq!(json["answer"], answer, "{row}: {json:#}");
        if term.is_empty() {
            assert_eq!(json["verdict"], "silent", "{row}: {json:#}");
        } else {
            assert_ne!(json["verdict"], "silent", "{row}: {json:#}");
            assert!(terms(&json).contains(term), "{row}: {json:#}");
            met.insert(term);
        }
    }
    for (term, kind) in terms_of(deal) {
        let decides =
            ["permission", "prohibition", "exclusivity", "first-refusal"].contains(&kind.as_str());
        assert!(!decides || met.contains(term.as_str()), "no question meets `{term}`");
    }
}

/// What would turn an answer, of one kind.
fn turned(json: &Value, kind: &str) -> Value {
    let changes = json["turned_by"].as_array().unwrap();
    let found = changes.iter().find(|change| change["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind} in {changes:#?}")).clone()
}

fn replay(deal: &str) -> Value {
    let ran = comity(["replay", &format!("deals/{deal}"), "--json"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    balanced(&json["in_force"]);
    json["versions"].as_array().unwrap().iter().for_each(balanced);
    json
}

/// Cents of an amount such as `-1234.50`.
fn cents(amount: &Value) -> i128 {
    amount.as_str().unwrap().replace('.', "").parse().unwrap()
}

/// Statements are the sums of what is owed, and of nothing else; together they are nothing.
fn balanced(entry: &Value) {
    assert_eq!(entry["sum"], "0.00");
    let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
    for line in entry["owed"].as_array().unwrap() {
        *sums.entry(line["from"].as_str().unwrap()).or_default() -= cents(&line["amount"]);
        *sums.entry(line["to"].as_str().unwrap()).or_default() += cents(&line["amount"]);
    }
    for (party, balance) in entry["balances"].as_object().unwrap() {
        assert_eq!(sums.remove(party.as_str()).unwrap_or(0), cents(balance), "{party}");
    }
    assert!(sums.is_empty(), "{sums:?}");
    assert_eq!(entry["unrated"], Value::Array(Vec::new()));
}

/// What is owed from one party to another for a reason.
fn owed(entry: &Value, from: &str, to: &str, reason: &str) -> String {
    let lines = entry["owed"].as_array().unwrap();
    let mut mine =
        lines.iter().filter(|it| it["from"] == from && it["to"] == to && it["reason"] == reason);
    let found = mine.next().unwrap_or_else(|| panic!("{from} owes {to} no {reason}: {lines:#?}"));
    assert!(mine.next().is_none());
    found["amount"].as_str().unwrap().to_owned()
}

/// How many decisions had each answer: allow, conditional, undetermined, deny.
fn counts(entry: &Value) -> [u64; 4] {
    ["allow", "conditional", "undetermined", "deny"]
        .map(|answer| entry["decisions"][answer].as_u64().unwrap())
}

/// How many jobs of a stream were handed in, and how many of them ran.
fn ran(entry: &Value, work: &str) -> (u64, u64) {
    let jobs = entry["jobs"].as_array().unwrap();
    let job = jobs.iter().find(|job| job["work"] == work).unwrap();
    let runs = job["outcomes"].as_array().unwrap().iter().filter(|it| it["outcome"] == "runs");
    let runs = runs.map(|it| it["count"].as_u64().unwrap()).sum();
    (job["handed_in"].as_u64().unwrap(), runs)
}

/// What became of a stream's jobs.
fn job<'a>(entry: &'a Value, work: &str) -> &'a Value {
    let jobs = entry["jobs"].as_array().unwrap();
    jobs.iter().find(|job| job["work"] == work).unwrap()
}

/// The rows of a CSV file that a replay wrote for the terms in force, each by its columns' names.
fn rows(out: &Path, name: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(out.join("in-force").join(name)).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

fn prints(deal: &str) {
    let ran = comity(["replay", &format!("deals/{deal}")]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    expect_file![format!("snapshots/replay-{deal}.txt")].assert_eq(&ran.out);
}

const CONDO: &str = "
# Owners come first on their own nodes.
physics use node-time purpose=research site=physics-nodes at=2026-03-02 => allow physics-own-nodes-2022
genomics use node-time purpose=research site=genomics-nodes at=2026-03-02 => allow genomics-own-nodes-2023
climate use node-time purpose=teaching site=climate-nodes at=2026-03-02 => allow climate-own-nodes-2024
climate use node-time purpose=teaching site=climate-nodes at=2024-08-31 => deny
physics use node-time purpose=research at=2026-02-02 => undetermined physics-own-nodes-2022
# Idle nodes are lent: it is known of climate's, known not of genomics', not known of physics'.
physics use node-time purpose=research site=climate-nodes at=2026-03-15 => allow climate-idle-use-2022
physics use node-time purpose=research site=climate-nodes at=2026-04-02 => deny
physics use node-time purpose=research site=climate-nodes at=2026-03-15 known=2026-02-01 => conditional climate-idle-use-2022
genomics use node-time purpose=research site=physics-nodes at=2026-03-15 => conditional physics-idle-use-2022
climate use node-time purpose=research site=genomics-nodes at=2026-01-14 => conditional genomics-idle-use-2022
climate use node-time purpose=research site=genomics-nodes at=2026-01-15 => deny
# The charter opened idle nodes to the whole university from September 2025 on.
faculty use node-time purpose=teaching site=physics-nodes at=2025-08-31 => deny
faculty use node-time purpose=teaching site=physics-nodes at=2025-09-01 => conditional physics-guest-use-2025
faculty use node-time purpose=teaching site=genomics-nodes at=2025-10-01 => conditional genomics-guest-use-2025
faculty use node-time purpose=teaching site=climate-nodes at=2026-03-15 => allow climate-guest-use-2025
faculty use node-time purpose=teaching site=climate-nodes at=2026-03-15 known=2025-08-01 => deny
# Pre-emption on one's own nodes, after the grace period.
physics preempt others-jobs site=physics-nodes at=2026-03-02 => conditional physics-preempt-2022
genomics preempt others-jobs site=genomics-nodes at=2026-03-02 => conditional genomics-preempt-2023
climate preempt others-jobs site=climate-nodes at=2026-03-02 => conditional climate-preempt-2024
physics preempt others-jobs site=climate-nodes at=2026-03-02 => deny
physics preempt others-jobs site=physics-nodes at=2026-07-01 => deny
# No work for companies, but with the university's consent.
physics use node-time purpose=commercial site=physics-nodes at=2026-03-02 => deny physics-no-commercial-2022
physics use node-time purpose=commercial site=physics-nodes at=2026-04-15 => allow physics-company-consent
physics use node-time purpose=commercial site=physics-nodes at=2026-04-15 known=2026-03-01 => deny physics-no-commercial-2022
genomics use node-time purpose=commercial site=genomics-nodes at=2026-04-15 => deny genomics-no-commercial-2023
climate use node-time purpose=commercial site=climate-nodes at=2026-04-15 => deny climate-no-commercial-2024
# Memberships end; files are kept for 90 days, and the nodes join the general pool.
physics store project-files at=2026-09-28 => allow physics-files-2022
physics store project-files at=2026-09-29 => deny
genomics store project-files at=2027-03-31 => allow genomics-files-2023
climate store project-files at=2028-11-29 => allow climate-files-2024
faculty use node-time purpose=research site=physics-nodes at=2026-07-01 => allow physics-general-pool-2022
faculty use node-time purpose=research site=genomics-nodes at=2027-01-01 => allow genomics-general-pool-2023
faculty use node-time purpose=research site=climate-nodes at=2028-09-01 => allow climate-general-pool-2024
";

const CONSORTIUM: &str = "
# The fund's half is the fund's alone; the consortium itself may not use it.
common-fund use machine-time purpose=public-research site=fund-half at=2026-03-02 => allow fund-half-2024
common-fund use machine-time purpose=public-research site=fund-half at=2024-09-30 => deny
arden use machine-time purpose=public-research site=fund-half at=2026-03-02 => deny fund-half-2024
meridian use machine-time purpose=public-research site=fund-half at=2026-03-02 => deny fund-half-2024
industry use machine-time purpose=industrial site=fund-half at=2026-03-02 => deny fund-half-2024
# It lent it to Corran for two weeks, for civil use.
corran use machine-time purpose=public-research site=fund-half at=2026-03-09 => allow corran-campaign-consent
corran use machine-time purpose=public-research site=fund-half at=2026-03-09 known=2026-02-01 => deny fund-half-2024
corran use machine-time purpose=public-research site=fund-half at=2026-03-23 => deny fund-half-2024
corran use machine-time purpose=defence site=fund-half at=2026-03-09 => deny civil-only-2024
common-fund use machine-time purpose=defence site=fund-half at=2026-03-02 => deny civil-only-2024
# The partners share what is left, for public research.
arden use machine-time purpose=public-research site=partners-part at=2026-03-02 => allow partners-time-2024
bellmoor use machine-time purpose=industrial site=partners-part at=2026-03-02 => deny
common-fund use machine-time purpose=public-research site=partners-part at=2026-03-02 => deny
# Industry has its tenth, and more as far as public research keeps its part.
industry use machine-time purpose=industrial site=industry-tenth at=2026-03-02 => allow industry-tenth-2024
industry use machine-time purpose=industrial site=partners-part at=2025-01-02 amount=1 => conditional industry-beyond-2024
industry use machine-time purpose=industrial site=partners-part at=2025-11-15 => conditional industry-beyond-2024
# 930,000 of 1,000,000 at 90 %: 930,000 / 0.9 = 1,033,333.3, so 33,333 more.
industry use machine-time purpose=industrial site=partners-part at=2025-11-15 amount=33333 => allow industry-beyond-2024
industry use machine-time purpose=industrial site=partners-part at=2025-11-15 amount=33334 => deny
# The same measure at 80 %: 930,000 / 0.8 = 1,162,500, so 162,500 more.
industry use machine-time purpose=industrial site=partners-part at=2026-01-15 amount=162500 => allow industry-beyond-2026
industry use machine-time purpose=industrial site=partners-part at=2026-01-15 amount=162501 => deny
industry use machine-time purpose=industrial site=partners-part at=2026-01-15 amount=33334 known=2025-12-01 => deny
# 1,020,000 of 1,200,000 at 80 %: 1,020,000 / 0.8 = 1,275,000, so 75,000 more.
industry use machine-time purpose=industrial site=partners-part at=2026-02-10 amount=75000 => allow industry-beyond-2026
industry use machine-time purpose=industrial site=partners-part at=2026-02-10 amount=75001 => deny
industry use machine-time purpose=industrial site=partners-part at=2026-02-10 amount=75001 known=2026-02-02 => allow industry-beyond-2026
";

const LEASE: &str = "
# The hall is the tenant's, but not while it is flooded, which was known on 12 February.
tallis use hall-capacity site=kestrel at=2025-05-01 => allow hall-use-2025
harrow use hall-capacity site=kestrel at=2025-05-01 => deny hall-use-2025
brisk use hall-capacity site=kestrel at=2025-05-01 => deny hall-use-2025
tallis use hall-capacity site=kestrel at=2026-02-10 => deny
tallis use hall-capacity site=kestrel at=2026-02-10 known=2026-02-11 => allow hall-use-2025
tallis use hall-capacity site=kestrel at=2026-02-20 => allow hall-use-2025
# The option was exercised in November 2025: one year longer.
tallis use hall-capacity site=kestrel at=2027-06-01 => allow hall-use-extension-2027
harrow use hall-capacity site=kestrel at=2027-06-01 => deny hall-use-extension-2027
tallis use hall-capacity site=kestrel at=2027-06-01 known=2025-11-01 => deny
# In May 2026 the ten days of the flood were added at the end.
tallis use hall-capacity site=kestrel at=2028-04-01 => allow hall-use-extension-2027
harrow use hall-capacity site=kestrel at=2028-04-10 => deny hall-use-extension-2027
tallis use hall-capacity site=kestrel at=2028-04-11 => deny
tallis use hall-capacity site=kestrel at=2028-04-01 known=2026-05-03 => deny
# It is extended only as what the option brought: without that there is no third year.
tallis use hall-capacity site=kestrel at=2028-04-01 known=2025-11-19 => deny
# Delivery was late, which was known on 5 September: the tenant may train elsewhere.
brisk host tallis-models for=tallis at=2025-09-01 => deny training-supply-2025
brisk host tallis-models for=tallis at=2025-09-02 => allow
brisk host tallis-models for=tallis at=2025-09-02 known=2025-09-03 => deny training-supply-2025
brisk host tallis-models for=tallis at=2025-09-04 known=2025-09-03 => undetermined training-supply-2025
harrow host tallis-models for=tallis at=2025-05-01 => allow training-supply-2025
tallis host tallis-models for=tallis at=2025-05-01 => allow
# And it could have left until the second half came.
tallis terminate lease-contract at=2025-09-01 => deny
tallis terminate lease-contract at=2025-10-01 => allow late-exit-2025
tallis terminate lease-contract at=2025-11-15 => deny
tallis terminate lease-contract at=2025-11-15 known=2025-11-16 => allow late-exit-2025
harrow terminate lease-contract at=2025-10-01 => deny
# Subleasing was written down wrongly until 5 March 2026.
tallis sublease hall-capacity for=brisk site=kestrel at=2025-06-01 known=2026-03-04 => allow sublease-2025
tallis sublease hall-capacity for=brisk site=kestrel at=2025-06-01 known=2026-03-05 => deny
tallis sublease hall-capacity for=tallis-group site=kestrel at=2025-06-01 => allow sublease-to-group-2025
tallis sublease hall-capacity for=brisk site=kestrel at=2026-03-20 => deny
# The ban on other halls was annulled on 2 April 2026: it never held.
harrow build new-halls site=fen-county at=2025-06-01 known=2026-04-01 => deny radius-2025
harrow build new-halls site=fen-county at=2025-06-01 known=2026-04-02 => allow
harrow build new-halls site=hill-county at=2025-06-01 known=2026-04-01 => allow
";

const CLOUD: &str = "
# Orbis alone hosts the API; not even Quill may.
orbis host quill-completions for=quill at=2026-02-10 => allow api-exclusive-2025
cumulus host quill-completions for=quill at=2026-02-10 => deny api-exclusive-2025
quill host quill-completions for=quill at=2026-02-10 => deny api-exclusive-2025
cumulus host quill-api for=quill at=2026-02-10 => deny api-exclusive-2025
cumulus host quill-completions for=quill at=2028-01-01 => allow
# Stateful products are carved out; whether sessions are is disputed until it is settled.
cumulus host quill-agents for=quill at=2026-02-10 => allow stateful-open-2025
cumulus host quill-sessions for=quill at=2026-02-10 => undetermined sessions-open-2025
quill host quill-sessions for=quill at=2026-02-10 => undetermined sessions-open-2025
orbis host quill-sessions for=quill at=2026-02-10 => allow api-exclusive-2025
cumulus host quill-sessions for=quill at=2026-05-31 => undetermined sessions-open-2025
cumulus host quill-sessions for=quill at=2026-06-01 => allow sessions-open-2026
cumulus host quill-sessions for=quill at=2026-06-01 known=2026-05-01 => undetermined sessions-open-2025
# Orbis let Vanta stand in for a week.
vanta host quill-completions for=quill at=2026-03-12 => allow vanta-stand-in-consent
vanta host quill-completions for=quill at=2026-03-12 known=2026-03-01 => deny api-exclusive-2025
cumulus host quill-completions for=quill at=2026-03-12 => deny api-exclusive-2025
# Reno: idle, offered on Monday 2 June, declined, sold on terms no better.
cumulus build new-capacity for=quill site=cumulus-reno at=2025-06-01 => conditional expansion-refusal-2025
cumulus build new-capacity for=quill site=cumulus-reno at=2025-06-05 => conditional expansion-refusal-2025
cumulus build new-capacity for=quill site=cumulus-reno at=2025-06-11 => allow expansion-2025
cumulus build new-capacity for=quill site=cumulus-reno at=2025-06-11 known=2025-06-10 => conditional expansion-refusal-2025
cumulus build new-capacity for=quill site=cumulus-reno at=2026-02-10 => allow expansion-2025
# Tulsa: ten business days end with Monday 16 June in New York; then sold for less.
vanta build new-capacity for=quill site=vanta-tulsa at=2025-06-17T03:59:59Z => conditional expansion-refusal-2025
vanta build new-capacity for=quill site=vanta-tulsa at=2025-06-17T04:00:00Z => allow expansion-2025
vanta build new-capacity for=quill site=vanta-tulsa at=2025-07-31 => allow expansion-2025
vanta build new-capacity for=quill site=vanta-tulsa at=2025-08-01 => conditional expansion-refusal-2025
vanta build new-capacity for=quill site=vanta-tulsa at=2025-08-01 known=2025-08-02 => allow expansion-2025
# Salem: lapsed with 22 September, and 60 business days later, 16 December, not sold.
cumulus build new-capacity for=quill site=salem at=2025-09-23T03:59:59Z => conditional expansion-refusal-2025
cumulus build new-capacity for=quill site=salem at=2025-09-23T04:00:00Z => allow expansion-2025
cumulus build new-capacity for=quill site=salem at=2025-12-17T04:59:59Z => allow expansion-2025
cumulus build new-capacity for=quill site=salem at=2025-12-17T05:00:00Z => conditional expansion-refusal-2025
# Leeds: taken.
vanta build new-capacity for=quill site=leeds at=2025-10-02 => conditional expansion-refusal-2025
vanta build new-capacity for=quill site=leeds at=2025-10-03 => deny expansion-refusal-2025
orbis build new-capacity for=quill site=leeds at=2025-10-03 => allow
vanta build new-capacity for=quill site=leeds at=2028-01-01 => allow expansion-2025
# Where is not said: it stands differently from place to place.
vanta build new-capacity for=quill at=2026-02-10 => undetermined expansion-refusal-2025
";

#[test]
fn the_condo_answers_its_questions() {
    check("condo", CONDO);
}

#[test]
fn the_consortium_answers_its_questions() {
    check("consortium", CONSORTIUM);
    let question = "industry use machine-time purpose=industrial site=partners-part at=";
    let left = |at: &str| {
        let json = ask("consortium", &format!("{question}{at}"));
        let headroom = turned(&json, "headroom");
        assert_eq!(headroom["unit"], "GPU-hours");
        headroom["amount"].as_u64().unwrap()
    };
    assert_eq!(
        [left("2025-11-15"), left("2026-01-15"), left("2026-02-10")],
        [33_333, 162_500, 75_000]
    );
}

#[test]
fn the_lease_answers_its_questions() {
    check("lease", LEASE);
    // What would let the tenant stay, as known before and after the option was exercised.
    let third_year = "tallis use hall-capacity site=kestrel at=2027-06-01";
    let open = ask("lease", &format!("{third_year} known=2025-11-19"));
    let option = turned(&open, "option");
    assert_eq!(option["exercised_by"], "tallis");
    assert_eq!(option["term"], "extension-option-2025");
    assert_eq!((&option["to"], &option["answer"]), (&json!("2026-01-01"), &json!("allow")));
    // Exercised, it turns nothing any more.
    let exercised = ask("lease", third_year);
    let kinds = exercised["turned_by"].as_array().unwrap().iter().map(|it| &it["kind"]);
    assert!(!kinds.into_iter().any(|kind| kind == "option"), "{exercised:#}");
    // Who stands behind what the tenant owes.
    let behind = &ask("lease", "tallis use hall-capacity site=kestrel at=2025-05-01")["guarantees"];
    assert_eq!(behind[0]["guarantor"], "tallis-group");
    assert_eq!(behind[0]["beneficiary"], "harrow");
    assert_eq!(behind[0]["secures"], json!(["take-or-pay-2025", "take-or-pay-extension-2027"]));
    assert_eq!(behind[0]["limit"], "USD 3,000,000.00");
    let others = &ask("lease", "brisk use hall-capacity site=kestrel at=2025-05-01")["guarantees"];
    assert_eq!(others, &json!([]));
}

#[test]
fn the_commitment_answers_its_questions() {
    check("cloud-commitment", CLOUD);
    let reading = |party: &str, at: &str| {
        let question = format!("{party} host quill-sessions for=quill at={at}");
        let json = ask("cloud-commitment", &question);
        assert_eq!(json["between"], json!(["allow", "deny"]));
        let reading = turned(&json, "reading");
        assert_eq!(reading["ambiguity"], "sessions");
        reading["answers"].clone()
    };
    let both = json!({"sessions-are-stateful": "allow", "sessions-are-stateless": "deny"});
    for party in ["cumulus", "vanta", "quill"] {
        assert_eq!(reading(party, "2026-02-10"), both, "{party}");
    }
    // What must happen for an open first refusal, and when a spent one is open again.
    let tulsa = "vanta build new-capacity for=quill site=vanta-tulsa at=";
    let at = |at: &str| ask("cloud-commitment", &format!("{tulsa}{at}"));
    assert_eq!(turned(&at("2025-06-05"), "first_refusal")["lapses"], "2025-06-17T04:00:00Z");
    assert_eq!(turned(&at("2025-07-31"), "later")["from"], "2025-08-01");
    assert_eq!(turned(&at("2026-02-10"), "first_refusal")["lapses"], Value::Null);
}

#[test]
fn the_condo_runs_its_month() {
    let json = replay("condo");
    let entry = &json["in_force"];
    assert_eq!(counts(entry), [2_387, 1_023, 0, 775]);
    // 12, 20, 10 and 3 jobs a day for 31 days.
    assert_eq!(ran(entry, "physics-runs"), (372, 372));
    assert_eq!(ran(entry, "genomics-runs"), (620, 620));
    assert_eq!(ran(entry, "course"), (310, 310));
    assert_eq!(ran(entry, "climate-buoys"), (93, 93));
    // Only others give way on a group's nodes, and only to the group.
    let stops = |work: &str| job(entry, work).get("stops").cloned();
    assert!(stops("physics-runs").unwrap()["reclaimed"].as_u64().unwrap() > 0);
    assert!(stops("course").unwrap()["reclaimed"].as_u64().unwrap() > 0);
    assert_eq!(stops("climate-buoys"), None);
    assert_eq!(stops("genomics-runs"), None, "its jobs never needed the nodes of others");
    // Before the charter was opened the course had no nodes, and nobody paid.
    let before = &json["versions"][0];
    assert_eq!(ran(before, "course"), (310, 0));
    assert!(before["owed"].as_array().unwrap().iter().all(|line| cents(&line["amount"]) == 0));
    // Members pay nothing, theirs or idle nodes; faculty 12 cents a GPU-hour.
    let hours = entry["jobs"].as_array().unwrap().iter().find(|job| job["work"] == "course");
    let seconds = i128::from(hours.unwrap()["gpu_seconds"].as_u64().unwrap());
    let paid = cents(&Value::from(owed(entry, "faculty", "centre", "capacity")));
    // Rounded once at each of three sites, by half a cent.
    assert!((paid * 3_600 - seconds * 12).abs() <= 3 * 1_800, "{paid} for {seconds}");
    prints("condo");
}

/// Each job that gave way ran on for the 30 minutes that the charter owes it, on nodes of the group
/// whose job took them back. That job started only then, or earlier beside it, where others ended.
#[test]
fn the_condo_gives_grace_and_ends_with_a_membership() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("condo-pieces");
    let _ = fs::remove_dir_all(&out);
    let ran = comity(["replay", "deals/condo", "--out", out.to_str().unwrap()]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let placements = rows(&out, "placements.csv");
    let placed: BTreeMap<&str, _> =
        placements.iter().map(|row| (row["job"].as_str(), row)).collect();
    let seconds = |text: &str| comity_base::Instant::parse(text).unwrap().seconds();
    let pieces = rows(&out, "pieces.csv");
    let held = |site: &str, at: i64| -> u32 {
        let there = pieces.iter().filter(|piece| {
            piece["site"] == site
                && (seconds(&piece["start"])..seconds(&piece["end"])).contains(&at)
        });
        there.map(|piece| piece["gpus"].parse::<u32>().unwrap()).sum()
    };
    let (mut met, mut beside) = (0, 0);
    for piece in pieces.iter().filter(|piece| piece["ended"] == "reclaimed") {
        let (mine, by) = (placed[piece["job"].as_str()], placed[piece["by"].as_str()]);
        assert_eq!(piece["site"], "climate-nodes");
        assert_eq!(by["work"], "climate-buoys");
        assert_ne!(mine["work"], "climate-buoys");
        assert!(seconds(&piece["end"]) >= seconds(&by["submitted"]) + 30 * 60, "{piece:?}");
        let start = seconds(&by["start"]);
        if start < seconds(&piece["end"]) {
            assert!(held("climate-nodes", start) <= 48, "no room yet: {piece:?} and {by:?}");
            beside += 1;
        }
        met += 1;
    }
    assert_eq!((met, beside), (39, 3));
    // While it is told, the group's job waits at most as long as the grace.
    let first = placements
        .iter()
        .find(|row| row["work"] == "climate-buoys" && row["start"] != row["submitted"]);
    let first = first.unwrap();
    let why = ["--why", &first["job"], "--at", &first["submitted"], "--json"];
    let said = comity(["replay", "deals/condo"].into_iter().chain(why));
    let said: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&said["state"], &said["site"]), (&json!("waits"), &json!("climate-nodes")));
    let latest = said["latest"].as_str().unwrap();
    assert!(seconds(&first["start"]) <= seconds(latest), "{said:#}");
    // A quota ends with the membership. Who was within it on its last day runs on, and from then on
    // nobody takes the nodes back.
    let out = out.with_extension("across");
    let _ = fs::remove_dir_all(&out);
    let days = ["--from", "2026-06-15", "--to", "2026-07-15", "--out", out.to_str().unwrap()];
    let across = comity(["replay", "deals/condo"].into_iter().chain(days));
    assert_eq!((across.status, across.err.as_str()), (0, ""));
    let own = |row: &&BTreeMap<String, String>| row["site"] == "physics-nodes";
    let placed = rows(&out, "placements.csv");
    let ends = placed.iter().filter(own).map(|row| (row["start"].as_str(), row["end"].as_str()));
    assert!(ends.clone().any(|(start, end)| start < "2026-07-01" && end > "2026-07-01"));
    assert!(ends.clone().any(|(start, _)| start > "2026-07-01"));
    let pieces = rows(&out, "pieces.csv");
    let stopped = pieces.iter().filter(own).filter(|row| row["ended"] == "reclaimed");
    assert!(stopped.into_iter().all(|row| row["end"].as_str() < "2026-07-01T00:30"));
    let after = comity(
        ["replay", "deals/condo", "--from", "2026-07-01", "--json"]
            .into_iter()
            .chain(["--to", "2026-07-15"]),
    );
    let after: Value = serde_json::from_str(&after.out).unwrap();
    let pool = after["in_force"]["decisions_by_term"].as_array().unwrap();
    let open = pool.iter().filter(|it| it["terms"] == json!(["physics-general-pool-2022"]));
    assert_eq!(open.count(), 4, "each stream may use the general pool");
}

/// Nothing runs on what is in maintenance, nor is stopped for it: what would not end by then waits.
#[test]
fn the_consortium_drains_for_maintenance() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("consortium-pieces");
    let _ = fs::remove_dir_all(&out);
    let ran = comity(["replay", "deals/consortium", "--out", out.to_str().unwrap()]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let outages = rows(&out, "outages.csv");
    assert_eq!(outages.len(), 2, "{outages:?}");
    let (from, to) = ("2026-03-24T06:00:00Z", "2026-03-24T18:00:00Z");
    let pieces = rows(&out, "pieces.csv");
    assert!(pieces.len() > 500);
    for piece in &pieces {
        assert_eq!(piece["ended"], "done");
        // Instants of one form sort as text; `…Z` of midnight is left out, and sorts before.
        let before = piece["end"].as_str() <= from || piece["end"].as_str() < "2026-03-24";
        let after = piece["start"].as_str() >= to;
        assert!(before || after || piece["site"] == "industry-tenth", "{piece:?}");
    }
    // A job of the capped industry waits for the condition of its term, which would turn it.
    let runs = rows(&out, "placements.csv");
    let run = runs.iter().find(|row| row["work"] == "design-runs").unwrap();
    let why = ["--why", &run["job"], "--at", "2026-03-10", "--json"];
    let said = comity(["replay", "deals/consortium"].into_iter().chain(why));
    let said: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (&said["state"], &said["terms"]),
        (&json!("waits"), &json!(["industry-beyond-2026"]))
    );
    let changes = said["turned_by"][0]["changes"].as_array().unwrap();
    assert!(changes.iter().any(|it| it["kind"] == "condition" && it["answer"] == "allow"));
    assert!(changes.iter().any(|it| it["kind"] == "headroom" && it["amount"] == 75_000));
}

#[test]
fn the_consortium_settles_its_month() {
    let json = replay("consortium");
    let entry = &json["in_force"];
    assert_eq!(counts(entry), [1_667, 806, 0, 2_363]);
    // 40 GPUs for 744 hours: 29,760 GPU-hours at 2.60.
    assert_eq!(owed(entry, "industry", "meridian", "capacity"), "77376.00");
    // 1,000 kW for 744 hours at 0.15.
    assert_eq!(owed(entry, "meridian", "institute", "power"), "111600.00");
    // Members pay 0.65 for each GPU-hour of their jobs.
    for (work, party) in
        [("fund-projects", "common-fund"), ("arden-projects", "arden"), ("corran-floods", "corran")]
    {
        let job = entry["jobs"].as_array().unwrap().iter().find(|job| job["work"] == work);
        let seconds = i128::from(job.unwrap()["gpu_seconds"].as_u64().unwrap());
        let paid = cents(&Value::from(owed(entry, party, "meridian", "capacity")));
        // Rounded once at each of three sites, by half a cent.
        assert!((paid * 3_600 - seconds * 65).abs() <= 3 * 1_800, "{work}: {paid} for {seconds}");
    }
    // What does not fit into the tenth waits for the condition of the cap.
    assert_eq!(ran(entry, "design-runs"), (62, 0));
    prints("consortium");
}

#[test]
fn the_lease_settles_a_paid_shortfall() {
    let json = replay("lease");
    let entry = &json["in_force"];
    // 672 hours of February, in 240 of which the hall is flooded; 2 jobs a day.
    assert_eq!(counts(entry), [432 + 56, 0, 0, 240]);
    // Committed: 280,000 for 18 of 28 days, as ten are suspended: 180,000.
    // Drawn: 120 GPUs for 432 hours at 2.50: 129,600. Short: 50,400, which is paid.
    let commitment = &entry["commitments"][0];
    assert_eq!(commitment["committed"], "180000.00");
    assert_eq!(commitment["drawn"], "129600.00");
    assert_eq!(commitment["shortfall"], "50400.00");
    assert_eq!(owed(entry, "tallis", "harrow", "shortfall"), "50400.00");
    assert_eq!(owed(entry, "tallis", "harrow", "capacity"), "129600.00");
    // 400 kW for 216 hours at 0.058 and for 216 hours at 0.071: 5,011.20 and 6,134.40.
    assert_eq!(owed(entry, "harrow", "fenmark", "power"), "11145.60");
    // 432 hours of 1,000 million tokens at 1.00 and 200 million at 4.00: 432 times 1,800.
    assert_eq!(owed(entry, "subscribers", "tallis", "sale of tallis-assistant"), "777600.00");
    assert_eq!(ran(entry, "training"), (56, 56));
    // Without the suspension all 280,000 were committed: 150,400 short.
    assert_eq!(json["versions"][0]["version"], "2025-04-01");
    assert_eq!(owed(&json["versions"][0], "tallis", "harrow", "shortfall"), "150400.00");
    prints("lease");
}

#[test]
fn the_commitment_settles_its_month() {
    let json = replay("cloud-commitment");
    let entry = &json["in_force"];
    // 672 hours of three services and 84 jobs at three sites: all at Orbis and agents and jobs at
    // Reno are allowed, agents and jobs wait at Tulsa, sessions are open at two, completions shut.
    assert_eq!(counts(entry), [4 * 672 + 2 * 84, 672 + 84, 2 * 672, 2 * 672]);
    // 672 hours of 100 million tokens at 1.00 and 20 million at 4.00, and so on.
    assert_eq!(owed(entry, "customers", "quill", "sale of quill-completions"), "120960.00");
    assert_eq!(owed(entry, "customers", "quill", "sale of quill-agents"), "134400.00");
    assert_eq!(owed(entry, "customers", "quill", "sale of quill-sessions"), "60480.00");
    // A tenth of 120,960 and 60,480 is 18,144; the cap leaves 10,000.
    assert_eq!(owed(entry, "quill", "orbis", "revenue-share"), "10000.00");
    assert_eq!(entry["shares"][0]["sales"], "181440.00");
    assert_eq!(entry["shares"][0]["cap_remaining"], "0.00");
    // What is charged is drawn, and what is drawn is no longer left.
    let commitment = &entry["commitments"][0];
    let drawn = cents(&commitment["drawn"]);
    assert_eq!(commitment["drawn"].as_str().unwrap(), owed(entry, "quill", "orbis", "capacity"));
    assert_eq!(cents(&commitment["remaining"]), 600_000_000 - 185_000_000 - drawn);
    // Once the dispute is settled sessions may leave Orbis.
    assert_eq!(counts(&json["versions"][1]), [5 * 672 + 2 * 84, 2 * 672 + 84, 0, 2 * 672]);
    prints("cloud-commitment");
}

#[test]
fn the_same_deals_give_the_same_bytes() {
    for deal in ["condo", "consortium", "lease", "cloud-commitment"] {
        let folder = format!("deals/{deal}");
        let run = || comity(["replay", &folder, "--json"]).out;
        assert_eq!(run(), run(), "{deal}");
    }
}

/// Every file below a folder whose name ends so, in order.
fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(end) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The terms that a deal's files define, by id, with their kinds; read line by line, without the
/// reader that is tested.
fn terms_of(deal: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for file in files(&root().join("deals").join(deal), ".yaml") {
        let text = fs::read_to_string(file).unwrap();
        let mut kind = "";
        for line in text.lines() {
            if let Some(key) = line.strip_prefix("  - ").and_then(|line| line.strip_suffix(':')) {
                kind = key;
            } else if let Some(id) = quoted(line, "      id: ") {
                found.insert(id.to_owned(), kind.to_owned());
            }
        }
    }
    assert!(!found.is_empty(), "{deal} has no terms");
    found
}

/// The ids of all parties, agreements and terms under `deals`.
fn ids() -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for folder in fs::read_dir(root().join("deals")).unwrap() {
        let folder = folder.unwrap().file_name().into_string().unwrap();
        ids.extend(terms_of(&folder).into_keys());
    }
    for file in files(&root().join("deals"), ".yaml") {
        let text = fs::read_to_string(file).unwrap();
        ids.extend(text.lines().find_map(|it| quoted(it, "agreement: ")).map(str::to_owned));
        if text.contains("\nkind: parties\n") {
            let keys = text.lines().filter_map(|line| line.strip_prefix("  ")?.split_once(": {"));
            ids.extend(keys.map(|(id, _)| id.to_owned()));
        }
    }
    ids
}

/// The id in quotes behind a key.
fn quoted<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.strip_prefix(key)?.strip_prefix('"')?.strip_suffix('"')
}

#[test]
fn no_deal_is_written_into_the_program() {
    let ids = ids();
    for id in
        ["openai", "microsoft-openai", "physics", "industry-tenth-2024", "hall-lease", "orbis"]
    {
        assert!(ids.contains(id), "{id} was not found in its deal");
    }
    let mut looked_at = 0;
    for folder in fs::read_dir(root().join("crates")).unwrap() {
        for file in files(&folder.unwrap().path().join("src"), ".rs") {
            let text = fs::read_to_string(&file).unwrap();
            // Tests stand at the end of a file; comments may show what a deal looks like.
            let code = text.split("#[cfg(test)]").next().unwrap();
            for line in code.lines() {
                let line = line.split("//").next().unwrap();
                let part = |c: char| !c.is_ascii_alphanumeric() && !"-._".contains(c);
                for word in line.split(part).map(|word| word.trim_matches(['-', '.'])) {
                    assert!(!ids.contains(word), "{}: `{word}` in {line}", file.display());
                }
            }
            looked_at += 1;
        }
    }
    assert!(looked_at > 30, "only {looked_at} sources were found");
}
