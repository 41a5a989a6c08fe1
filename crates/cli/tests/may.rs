//! `comity may` on the Stargate deal: the answers, and how they look.

#![allow(clippy::unwrap_used, reason = "a test fails where a value is not there")]

#[allow(dead_code, reason = "each test uses its own part of what the tests share")]
mod common;

use common::{Ran, comity};
use expect_test::{Expect, expect};
use serde_json::Value;

fn may(question: &str) -> Ran {
    // By all that is on record, unless the question says; no answer may depend on the clock.
    let known = if question.contains("--known") { "" } else { "--known 2026-06-01" };
    let words = question.split_whitespace().chain(known.split_whitespace());
    comity(["may", "deals/stargate"].into_iter().chain(words))
}

fn status(answer: &str) -> i32 {
    match answer {
        "allow" => 0,
        "deny" => 3,
        "conditional" => 4,
        "undetermined" => 5,
        other => panic!("no such answer: {other}"),
    }
}

/// The answer by its status, its first line and its JSON, which agree.
fn check(question: &str, answer: &str, term: &str) {
    let ran = may(question);
    assert_eq!(ran.status, status(answer), "{question}\n{}{}", ran.out, ran.err);
    assert!(ran.out.starts_with(&format!("{answer}: ")), "{question}\n{}", ran.out);
    let json = may(&format!("{question} --json"));
    assert_eq!(json.status, ran.status);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["answer"], answer);
    let terms = json["terms"].as_array().unwrap();
    let found = terms.iter().find(|found| found["id"] == term);
    let found = found.unwrap_or_else(|| panic!("{question}: {term} in {terms:#?}"));
    for key in ["id", "version", "phrase", "source", "status", "file"] {
        assert!(found[key].as_str().is_some_and(|text| !text.is_empty()), "{key} of {found}");
    }
    // The position is that of the term in its file.
    let file =
        std::fs::read_to_string(common::root().join(found["file"].as_str().unwrap())).unwrap();
    let line = usize::try_from(found["line"].as_u64().unwrap()).unwrap();
    let lines: Vec<&str> = file.lines().collect();
    assert!(lines[line].contains(&format!("id: \"{term}\"")), "{}", lines[line]);
    assert!(json["turned_by"].is_array());
}

#[test]
fn oracle_may_host_the_api_only_from_2026() {
    let question = "--party oracle --action host --object openai-api --for openai --at";
    check(&format!("{question} 2024-06-30"), "deny", "api-exclusive-2023");
    check(&format!("{question} 2025-01-22"), "deny", "api-exclusive-2025");
    check(&format!("{question} 2025-11-15"), "deny", "api-exclusive-2025-10");
    check(&format!("{question} 2026-05-15"), "allow", "any-cloud-2026");
}

#[test]
fn oracle_may_build_once_microsoft_was_asked_first() {
    let question =
        "--party oracle --action build --object capacity --for openai --purpose training --at";
    check(&format!("{question} 2024-06-30"), "deny", "build-exclusive-2019");
    check(&format!("{question} 2025-01-22"), "conditional", "capacity-first-refusal-2025");
    check(&format!("{question} 2025-11-15"), "allow", "capacity-open-2025");
    check(&format!("{question} 2026-05-15"), "allow", "capacity-open-2025");
}

#[test]
fn microsoft_may_host_the_api_throughout() {
    let question = "--party microsoft --action host --object openai-api --for openai --at";
    check(&format!("{question} 2024-06-30"), "allow", "api-exclusive-2023");
    check(&format!("{question} 2025-01-22"), "allow", "api-exclusive-2025");
    check(&format!("{question} 2025-11-15"), "allow", "api-exclusive-2025-10");
    check(&format!("{question} 2026-05-15"), "allow", "any-cloud-2026");
}

#[test]
fn how_long_microsoft_may_use_the_ip_depends_on_what_is_known() {
    let question =
        "--party microsoft --action use --object openai-model-ip --at 2031-06-30 --known";
    check(&format!("{question} 2025-01-22"), "deny", "ip-licence-2025");
    check(&format!("{question} 2025-11-15"), "allow", "model-ip-licence-2025");
    check(&format!("{question} 2026-05-15"), "allow", "ip-licence-2026");
    // The right ends with 2030 as known in January 2025, and with 2032 as known later.
    let json = may(&format!("{question} 2025-01-22 --json"));
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["turned_by"][0]["before"], "2031-01-01");
    let json = may(&format!("{question} 2025-11-15 --json"));
    let json: Value = serde_json::from_str(&json.out).unwrap();
    let until = json["turned_by"].as_array().unwrap().iter().find(|it| it["kind"] == "later");
    assert_eq!(until.unwrap()["from"], "2033-01-01");
}

#[test]
fn what_turns_a_denial_is_named() {
    let question = "--party oracle --action host --object openai-api --for openai --at 2025-01-22";
    let json: Value = serde_json::from_str(&may(&format!("{question} --json")).out).unwrap();
    let kinds: Vec<&str> = json["turned_by"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["consent", "earlier", "later", "party"]);
    assert_eq!(json["turned_by"][0]["by"], "microsoft");
    assert_eq!(json["turned_by"][2]["from"], "2026-04-27");
}

fn shows(question: &str, expected: &Expect) {
    let ran = may(question);
    expected.assert_eq(&format!("{}{}status {}\n", ran.out, ran.err, ran.status));
}

#[test]
fn answers_look_like_this() {
    shows(
        "--party oracle --action host --object openai-api --for openai --at 2025-01-22",
        &expect![[r#"
            deny: oracle host openai-api for openai, on 2025-01-22, as known on 2026-06-01

            because
              api-exclusive-2025 (2025-01-21) forbids it; OpenAI would breach it towards Microsoft
                "API exclusive to Azure, through 2030" (Microsoft, post on the evolving partnership, 2025-01-21; stated)
                deals/stargate/agreements/microsoft-openai/2025-01-21.yaml:81:5
              additional-capacity-purpose-2025 (2025-01-21) may apply: that depends on the purpose, which is not given
                "primarily for research and training of models" (Microsoft, post on the evolving partnership, 2025-01-21; derived)
                deals/stargate/agreements/microsoft-openai/2025-01-21.yaml:30:5
              additional-capacity-other-uses-2025 (2025-01-21) would apply, but api-exclusive-2025 overrides it
                "primarily for research and training of models" (Microsoft, post on the evolving partnership, 2025-01-21; assumed)
                deals/stargate/agreements/microsoft-openai/2025-01-21.yaml:46:5

            what would turn it
              a consent by Microsoft to api-exclusive-2025: undetermined
              before 2019-07-22: allow
              from 2026-04-27 on: allow
              done by microsoft: allow

            also in force
              azure-commitment-2025 (2025-01-21) OpenAI buys Azure under a new, large commitment that supports all its products and training; no amount was given.
                a duty of OpenAI towards Microsoft
                deals/stargate/agreements/microsoft-openai/2025-01-21.yaml:152:5
            status 3
        "#]],
    );
    shows(
        "--party oracle --action build --object capacity --for openai --purpose training --at 2025-01-22",
        &expect![[r#"
            conditional: oracle build capacity for openai, for training, on 2025-01-22, as known on 2026-06-01

            because
              capacity-first-refusal-2025 (2025-01-21) sets a first refusal: it was not offered yet
                "right of first refusal on new capacity" (Microsoft, post on the evolving partnership, 2025-01-21; stated)
                deals/stargate/agreements/microsoft-openai/2025-01-21.yaml:66:5
              additional-capacity-2025 (2025-01-21) permits it
                "ability to build additional capacity, primarily for research and training of models" (Microsoft, post on the evolving partnership, 2025-01-21; stated)
                deals/stargate/agreements/microsoft-openai/2025-01-21.yaml:16:5

            what would turn it
              offered to Microsoft under capacity-first-refusal-2025, and declined or lapsed: allow
              before 2025-01-21: deny
              from 2025-03-04 on: undetermined
              done by microsoft: allow

            also in force
              azure-commitment-2025 (2025-01-21) OpenAI buys Azure under a new, large commitment that supports all its products and training; no amount was given.
                a duty of OpenAI towards Microsoft
                deals/stargate/agreements/microsoft-openai/2025-01-21.yaml:152:5
            status 4
        "#]],
    );
    shows(
        "--party oracle --action build --object capacity --for openai --site abilene --at 2025-02-15",
        &expect![[r#"
            undetermined: oracle build capacity for openai, at abilene, on 2025-02-15, as known on 2026-06-01
              at best conditional, at worst deny

            because
              additional-capacity-2025 (2025-01-21) may apply: that depends on the purpose, which is not given
                "ability to build additional capacity, primarily for research and training of models" (Microsoft, post on the evolving partnership, 2025-01-21; stated)
                deals/stargate/agreements/microsoft-openai/2025-01-21.yaml:16:5
              additional-capacity-other-uses-2025 (2025-01-21) may apply: that depends on the purpose, which is not given
                "primarily for research and training of models" (Microsoft, post on the evolving partnership, 2025-01-21; assumed)
                deals/stargate/agreements/microsoft-openai/2025-01-21.yaml:46:5
              additional-capacity-purpose-2025 (2025-01-21) may apply: that depends on the purpose, which is not given
                "primarily for research and training of models" (Microsoft, post on the evolving partnership, 2025-01-21; derived)
                deals/stargate/agreements/microsoft-openai/2025-01-21.yaml:30:5
              capacity-first-refusal-2025 (2025-01-21) sets a first refusal: it was offered, and lapses on 2025-03-04
                "right of first refusal on new capacity" (Microsoft, post on the evolving partnership, 2025-01-21; stated)
                deals/stargate/agreements/microsoft-openai/2025-01-21.yaml:66:5

            what would turn it
              say the purpose: conditional for development, research, serving, training
              before 2025-01-21: deny
              from 2025-10-28 on: allow
              done by microsoft: allow

            also in force
              azure-commitment-2025 (2025-01-21) OpenAI buys Azure under a new, large commitment that supports all its products and training; no amount was given.
                a duty of OpenAI towards Microsoft
                deals/stargate/agreements/microsoft-openai/2025-01-21.yaml:152:5
            status 5
        "#]],
    );
}

#[test]
fn answers_that_rest_on_silence_or_the_unknown_look_like_this() {
    shows(
        "--party microsoft --action use --object openai-research-ip --at 2028-01-01",
        &expect![[r#"
            allow: microsoft use openai-research-ip, on 2028-01-01, as known on 2026-06-01

            because
              ip-licence-2026 (2026-04-27) permits it
                "IP licence through 2032, non-exclusive" (Microsoft and OpenAI, joint post, 2026-04-27; stated)
                deals/stargate/agreements/microsoft-openai/2026-04-27.yaml:38:5

            what would turn it
              before 2025-01-21: undetermined
              from 2033-01-01 on: deny
            status 0
        "#]],
    );
    shows(
        "--party aws --action sell --object bing --at 2025-02-15",
        &expect![[r#"
            allow: aws sell bing, on 2025-02-15, as known on 2026-06-01

            because
              no term in force speaks of it; the deal reads silence about `sell` as liberty: what is not forbidden may be done
            status 0
        "#]],
    );
}

#[test]
fn unknown_names_are_all_reported_with_the_nearest() {
    shows(
        "--party orcle --action hots --object openai-apis --for opnai --purpose trainig --site abilen --at 2025-02-30 --known soon",
        &expect![[r#"
            error: unknown party `orcle`: did you mean `oracle`?
            error: unknown action `hots`: did you mean `host`?
            error: unknown object `openai-apis`: did you mean `openai-api`?
            error: unknown party `opnai`: did you mean `openai`?
            error: unknown purpose `trainig`: did you mean `training`?
            error: unknown site `abilen`: did you mean `abilene`?
            error: `2025-02-30` is not a date such as `2025-01-21` or a time such as `2025-01-21T09:00:00Z`
            error: `soon` is not a date such as `2025-01-21` or a time such as `2025-01-21T09:00:00Z`
            status 1
        "#]],
    );
}

#[test]
fn wrong_usage_ends_with_2() {
    assert_eq!(may("--party oracle").status, 2);
    assert_eq!(comity(["may"]).status, 2);
    assert_eq!(comity(["mya"]).status, 2);
    assert_eq!(comity([]).status, 2);
    let gone = comity(["check", "deals/nowhere"]);
    assert_eq!(gone.status, 1);
    assert_eq!(gone.err, "error: `deals/nowhere` is not a folder with a deal's files\n");
}

#[test]
fn the_instant_and_what_is_known_are_now_where_they_are_not_said() {
    let words = ["--party", "microsoft", "--action", "use", "--object", "openai-research-ip"];
    let ask = || comity(["may", "deals/stargate", "--json"].into_iter().chain(words));
    let request = |ran: Ran| {
        let json: Value = serde_json::from_str(&ran.out).unwrap();
        json["request"].clone()
    };
    let (first, second) = (request(ask()), request(ask()));
    // The clock goes forward between the two, and both instants are said.
    for asked in [&first, &second] {
        assert_eq!(asked["at"], asked["known"]);
        assert!(asked["at"].as_str().unwrap() > "2026-01-01", "{asked}");
    }
    assert!(first["at"].as_str() <= second["at"].as_str());
}
