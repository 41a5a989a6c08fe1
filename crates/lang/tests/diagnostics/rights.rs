//! What terms permit and forbid, whom they bind, and what is on record.

use expect_test::expect;

use crate::Edit::{Add, Put};
use crate::check;

/// What a term rests on, in tests that are about something else.
const BASIS: &str = "basis: {phrase: p, source: s, date: 2025-01-01, status: assumed}";

#[test]
fn periods() {
    check(
        &[Put(
            "v1.yaml",
            "effective: {from: 2024-01-01}",
            "effective: {from: 2024-01-01, to: 2023-01-01}",
        )],
        expect![[r#"
            error: the period ends at 2023-01-01, before it begins at 2024-01-01
             --> v1.yaml:9:35
              |
            9 | effective: {from: 2024-01-01, to: 2023-01-01}
              |                   ----------      ^^^^^^^^^^
              |                   |
              |                   it begins here
              |
              = help: periods are `[from, to)`: expected a date after 2024-01-01
        "#]],
    );
    check(
        &[Put("v2.yaml", "to: 2030-01-01", "to: 2024-06-01")],
        expect![[r#"
        error: the period ends at 2024-06-01, before it begins at 2025-01-01
          --> v2.yaml:38:11
           |
         9 | effective: {from: 2025-01-01}
           |                   ---------- it begins here
        ...
        38 |       to: 2024-06-01
           |           ^^^^^^^^^^
           |
           = help: periods are `[from, to)`: expected a date after 2025-01-01
    "#]],
    );
    check(
        &[Put(
            "v2.yaml",
            "to: 2030-01-01",
            r#"from: 2026-01-01
      to: 2026-01-01"#,
        )],
        expect![[r#"
            error: the period ends at 2026-01-01, when it begins
              --> v2.yaml:39:11
               |
            38 |       from: 2026-01-01
               |             ---------- it begins here
            39 |       to: 2026-01-01
               |           ^^^^^^^^^^
               |
               = help: periods are `[from, to)`: expected a date after 2026-01-01
        "#]],
    );
    check(
        &[Put("rates.yaml", "to: 2026-01-01", "to: 2023-12-31")],
        expect![[r#"
        error: the period ends at 2023-12-31, before it begins at 2024-01-01
          --> rates.yaml:13:9
           |
        12 |     from: 2024-01-01
           |           ---------- it begins here
        13 |     to: 2023-12-31
           |         ^^^^^^^^^^
           |
           = help: periods are `[from, to)`: expected a date after 2024-01-01
    "#]],
    );
    check(
        &[Put("record.yaml", "to: 2025-04-01", "to: 2025-02-01")],
        expect![[r#"
        error: the period ends at 2025-02-01, before it begins at 2025-03-01
          --> record.yaml:19:9
           |
        18 |     from: 2025-03-01
           |           ---------- it begins here
        19 |     to: 2025-02-01
           |         ^^^^^^^^^^
           |
           = help: periods are `[from, to)`: expected a date after 2025-03-01
    "#]],
    );
    check(
        &[Put("sites.yaml", "{from: 2025-01-01,", "{from: 2025-01-01, to: 2024-01-01,")],
        expect![[r#"
            error: the period ends at 2024-01-01, before it begins at 2025-01-01
              --> sites.yaml:14:32
               |
            14 |       - {from: 2025-01-01, to: 2024-01-01, gpu: h100, gpus: 1_000, power-mw: 1.4, basis: {phrase: opens, source: Beta, date: 2025-01...
               |                ----------      ^^^^^^^^^^
               |                |
               |                it begins here
               |
               = help: periods are `[from, to)`: expected a date after 2025-01-01
        "#]],
    );
    check(
        &[Put("workload.yaml", "to: 2025-12-01", "to: 2025-11-01")],
        expect![[r#"
        error: the period ends at 2025-11-01, when it begins
         --> workload.yaml:3:32
          |
        3 | period: {from: 2025-11-01, to: 2025-11-01}
          |                ----------      ^^^^^^^^^^
          |                |
          |                it begins here
          |
          = help: periods are `[from, to)`: expected a date after 2025-11-01
    "#]],
    );
    check(
        &[Put("record.yaml", "declined: 2025-02-10", "declined: 2025-01-10")],
        expect![[r#"
            error: elected at 2025-01-10, before notice was given at 2025-02-01
              --> record.yaml:10:26
               |
             9 |     notice: 2025-02-01
               |             ---------- notice was given here
            10 |     election: {declined: 2025-01-10, recorded: 2025-02-10}
               |                          ^^^^^^^^^^
               |
               = help: expected 2025-02-01 or a later date
        "#]],
    );
}

#[test]
fn contradictions() {
    check(
        &[Put(
            "v1.yaml",
            "  - duty:",
            r#"  - permission:
      id: others-build-too
      grantor: beta
      actor: alpha
      action: build
      object: capacity
      basis: {phrase: may build, source: the contract, date: 2024-01-01, status: stated}
  - duty:"#,
        )],
        expect![[r#"
            error: terms contradict: `others-build-too` permits what `build-alone` forbids, in [2024-01-01, 2025-01-01)
              --> v1.yaml:28:5
               |
            12 |   - exclusivity:
               |     ----------- the other term
            ...
            28 |   - permission:
               |     ^^^^^^^^^^
               |
               = help: state which comes first: `overrides: [build-alone]` in `others-build-too`, or `overrides: [others-build-too]` in `build-alone`
        "#]],
    );
    // With a precedence.
    check(
        &[Put(
            "v1.yaml",
            "  - duty:",
            r#"  - permission:
      id: others-build-too
      grantor: beta
      actor: alpha
      action: build
      object: capacity
      overrides: build-alone
      basis: {phrase: may build, source: the contract, date: 2024-01-01, status: stated}
  - duty:"#,
        )],
        expect![[r#"
            in order
        "#]],
    );
    // Two exclusive rights contradict each other both ways: once is enough.
    check(
        &[Put(
            "v1.yaml",
            "  - duty:",
            r#"  - exclusivity:
      id: build-alone-too
      holder: alpha
      grantor: beta
      grantor-excluded: true
      action: build
      object: capacity
      basis: {phrase: alone too, source: the contract, date: 2024-01-01, status: stated}
  - duty:"#,
        )],
        expect![[r#"
            error: terms contradict: `build-alone` permits what `build-alone-too` forbids, in [2024-01-01, 2025-01-01)
              --> v1.yaml:28:5
               |
            12 |   - exclusivity:
               |     ----------- the other term
            ...
            28 |   - exclusivity:
               |     ^^^^^^^^^^^
               |
               = help: state which comes first: `overrides: [build-alone-too]` in `build-alone`, or `overrides: [build-alone]` in `build-alone-too`

            error: terms contradict: `others-build` permits what `build-alone-too` forbids, in [2025-01-01, open)
              --> v2.yaml:20:5
               |
            20 |   - permission:
               |     ^^^^^^^^^^
               |
              ::: v1.yaml:28:5
               |
            28 |   - exclusivity:
               |     ----------- the other term
               |
               = help: state which comes first: `overrides: [build-alone-too]` in `others-build`, or `overrides: [others-build]` in `build-alone-too`
        "#]],
    );
    // A precedence that names no term is one mistake, not two.
    check(
        &[Put(
            "v1.yaml",
            "  - duty:",
            r#"  - permission:
      id: others-build-too
      grantor: beta
      actor: alpha
      action: build
      object: capacity
      overrides: build-alon
      basis: {phrase: may build, source: the contract, date: 2024-01-01, status: stated}
  - duty:"#,
        )],
        expect![[r#"
            error: unknown term `build-alon`
              --> v1.yaml:34:18
               |
            34 |       overrides: build-alon
               |                  ^^^^^^^^^^
               |
               = help: did you mean `build-alone`?
        "#]],
    );
    // So is one under a key that is misspelt.
    check(
        &[Put(
            "v1.yaml",
            "  - duty:",
            r#"  - permission:
      id: others-build-too
      grantor: beta
      actor: alpha
      action: build
      object: capacity
      overides: build-alone
      basis: {phrase: may build, source: the contract, date: 2024-01-01, status: stated}
  - duty:"#,
        )],
        expect![[r#"
            error: unknown key `overides`
              --> v1.yaml:34:7
               |
            34 |       overides: build-alone
               |       ^^^^^^^^
               |
               = help: did you mean `overrides`?
        "#]],
    );
    // A mistake elsewhere does not hide it.
    check(
        &[
            Put(
                "v1.yaml",
                "  - duty:",
                r#"  - permission:
      id: others-build-too
      grantor: beta
      actor: alpha
      action: build
      object: capacity
      basis: {phrase: may build, source: the contract, date: 2024-01-01, status: stated}
  - duty:"#,
            ),
            Put("v1.yaml", "text: Beta reports each month.", "txet: Beta reports each month."),
            Put("parties.yaml", "role: neither", "rule: neither"),
        ],
        expect![[r#"
            error: unknown key `rule`
             --> parties.yaml:6:24
              |
            6 |   gamma: {name: Gamma, rule: neither}
              |                        ^^^^
              |
              = help: did you mean `role`?

            error: terms contradict: `others-build-too` permits what `build-alone` forbids, in [2024-01-01, 2025-01-01)
              --> v1.yaml:28:5
               |
            12 |   - exclusivity:
               |     ----------- the other term
            ...
            28 |   - permission:
               |     ^^^^^^^^^^
               |
               = help: state which comes first: `overrides: [build-alone]` in `others-build-too`, or `overrides: [others-build-too]` in `build-alone`

            error: unknown key `txet`
              --> v1.yaml:39:7
               |
            39 |       txet: Beta reports each month.
               |       ^^^^
               |
               = help: did you mean `text`?
        "#]],
    );
}

#[test]
fn overrides() {
    // In a circle.
    check(
        &[
            Put(
                "v1.yaml",
                "  - duty:",
                r#"  - permission:
      id: others-build-too
      grantor: beta
      actor: alpha
      action: build
      object: capacity
      overrides: build-alone
      basis: {phrase: may build, source: the contract, date: 2024-01-01, status: stated}
  - duty:"#,
            ),
            Put(
                "v1.yaml",
                "grantor-excluded: true",
                r#"grantor-excluded: true
      overrides: others-build-too"#,
            ),
        ],
        expect![[r#"
            error: terms override each other in a circle: `build-alone`, `others-build-too`
              --> v1.yaml:12:5
               |
            12 |   - exclusivity:
               |     ^^^^^^^^^^^
               |
               = help: remove one `overrides`, so that one term has the last word
        "#]],
    );
    check(
        &[Put("v2.yaml", "to: 2030-01-01", "overrides: stake")],
        expect![[r#"
        error: `no-resale` can have no effect on `stake`
          --> v2.yaml:38:18
           |
        38 |       overrides: stake
           |                  ^^^^^
           |
           = help: a permission overrides a prohibition, a first refusal or a clause; a prohibition overrides a permission
    "#]],
    );
}

#[test]
fn consents_and_offers() {
    check(
        &[Put("record.yaml", "by: beta", "by: gamma")],
        expect![[r#"
        error: `gamma` cannot consent to what `no-resale` forbids
          --> record.yaml:14:9
           |
        14 |   - id: resale-consent
           |         ^^^^^^^^^^^^^^
           |
           = help: the term is owed to `beta`: only it can consent
    "#]],
    );
    check(
        &[Put("record.yaml", "term: no-resale", "term: stake")],
        expect![[r#"
        error: `beta` cannot consent to what `stake` forbids
          --> record.yaml:14:9
           |
        14 |   - id: resale-consent
           |         ^^^^^^^^^^^^^^
           |
           = help: the term is owed to nobody, so nobody can consent
    "#]],
    );
    check(
        &[Put("record.yaml", "term: build-first", "term: stake")],
        expect![[r#"
        error: term `stake` is not a first refusal, so nothing can be offered under it
         --> record.yaml:7:11
          |
        7 |   - term: stake
          |           ^^^^^
    "#]],
    );
    // An unknown party is one mistake, not two.
    check(
        &[Put("record.yaml", "by: beta", "by: betta")],
        expect![[r#"
        error: unknown party `betta`
          --> record.yaml:15:9
           |
        15 |     by: betta
           |         ^^^^^
           |
           = help: did you mean `beta`?
    "#]],
    );
}

#[test]
fn signatures() {
    check(
        &[Put("v2.yaml", "held-by: beta", "held-by: gamma")],
        expect![[r#"
        error: party `gamma` did not sign agreement `alpha-beta`
          --> v2.yaml:62:5
           |
        62 |   - governance:
           |     ^^^^^^^^^^
           |
           = help: signed by `alpha`, `beta`
    "#]],
    );
    check(
        &[Put("v1.yaml", "payee: beta", "payee: gamma")],
        expect![[r#"
        error: party `gamma` did not sign agreement `alpha-beta`
          --> v1.yaml:20:5
           |
        20 |   - revenue-share:
           |     ^^^^^^^^^^^^^
           |
           = help: signed by `alpha`, `beta`
    "#]],
    );
}

#[test]
fn ratios() {
    check(
        &[Put(
            "v2.yaml",
            "condition: {fact: half-used, text: one half is used}",
            "condition: {fact: half-used, text: one half is used, ratio: {counts: training, unit: GPU-hours}}",
        )],
        expect![[r#"
            error: a ratio needs one of `at-least` and `more-than`
              --> v2.yaml:29:68
               |
            29 |       condition: {fact: half-used, text: one half is used, ratio: {counts: training, unit: GPU-hours}}
               |                                                                    ^^^^^^
               |
               = help: say from which part on the condition is met
        "#]],
    );
    check(
        &[Put(
            "v2.yaml",
            "condition: {fact: half-used, text: one half is used}",
            "condition: {fact: half-used, text: one half is used, ratio: {counts: training, unit: GPU-hours, at-least: 50 %, more-than: 50 %}}",
        )],
        expect![[r#"
            error: a ratio needs one of `at-least` and `more-than`
              --> v2.yaml:29:68
               |
            29 |       condition: {fact: half-used, text: one half is used, ratio: {counts: training, unit: GPU-hours, at-least: 50 %, more-than: 50 %}}
               |                                                                    ^^^^^^                                                        ---- this is one of the two
               |
               = help: remove one: whether the threshold itself is enough must be clear
        "#]],
    );
    check(
        &[Put(
            "v2.yaml",
            "condition: {fact: half-used, text: one half is used}",
            "condition: {fact: half-used, text: one half is used, ratio: {counts: training, unit: GPU-hours, at-least: 150 %}}",
        )],
        expect![[r#"
            error: expected a share between 0 % and 100 %, such as `20 %` or `1/3`, found `150 %`
              --> v2.yaml:29:113
               |
            29 |       condition: {fact: half-used, text: one half is used, ratio: {counts: training, unit: GPU-hours, at-least: 150 %}}
               |                                                                                                                 ^^^^^
        "#]],
    );
    check(
        &[Put(
            "v2.yaml",
            "condition: {fact: half-used, text: one half is used}",
            "condition: {fact: half-used, text: one half is used, ratio: {counts: training, unit: GPU-hours, at-least: 50 %}}",
        )],
        expect![[r#"
            in order
        "#]],
    );
    check(
        &[Put(
            "record.yaml",
            "offers:",
            r#"measures:
  - {fact: half-used, counted: 5, total: 3, from: 2025-03-01, recorded: 2025-03-02, basis: {phrase: used, source: Alpha, date: 2025-03-02, status: stated}}
offers:"#,
        )],
        expect![[r#"
            error: 5 counted is more than 3 in total
             --> record.yaml:7:32
              |
            7 |   - {fact: half-used, counted: 5, total: 3, from: 2025-03-01, recorded: 2025-03-02, basis: {phrase: used, source: Alpha, date: 2025-0...
              |                                ^         - the total
              |
              = help: what counts is a part of everything
        "#]],
    );
}

#[test]
fn calendars() {
    check(
        &[Put(
            "v2.yaml",
            "election-days: 30",
            r#"election-days: 30
      zone: Europe/Madird"#,
        )],
        expect![[r#"
            error: `Europe/Madird` is not a time zone such as `America/New_York` or `UTC`
              --> v2.yaml:19:13
               |
            19 |       zone: Europe/Madird
               |             ^^^^^^^^^^^^^
        "#]],
    );
    check(
        &[Put(
            "v2.yaml",
            "election-days: 30",
            r#"election-days: 30
      days: working"#,
        )],
        expect![[r#"
            error: expected one of `calendar`, `business`, found `working`
              --> v2.yaml:19:13
               |
            19 |       days: working
               |             ^^^^^^^
        "#]],
    );
}

#[test]
fn ambiguities() {
    check(
        &[Put(
            "deal.yaml",
            "facts:",
            r#"ambiguities:
  largely: {question: What is largely?, readings: {half-used: One half., most: Nine tenths.}}
facts:"#,
        )],
        expect![[r#"
            error: fact `half-used` is defined twice
              --> deal.yaml:30:3
               |
            27 |   largely: {question: What is largely?, readings: {half-used: One half., most: Nine tenths.}}
               |                                                    --------- first here
            ...
            30 |   half-used: {state: One half is used.}
               |   ^^^^^^^^^
        "#]],
    );
}

#[test]
fn silence() {
    check(
        &[Put("deal.yaml", "prohibited: [use]", "prohibited: [use, host]")],
        expect![[r#"
        error: silence about `host` is read in two ways
          --> deal.yaml:10:21
           |
         9 |   liberty: [host]
           |             ---- first here
        10 |   prohibited: [use, host]
           |                     ^^^^
           |
           = help: remove one of the two
    "#]],
    );
}

#[test]
fn options_and_guarantees() {
    let adds = format!(
        "adds:
  - option:
      id: longer
      holder: alpha
      grantor: beta
      brings: [later, stake, spend, share-2024]
      notice-days: 5
      to: 2025-06-01
      {BASIS}
  - option:
      id: again
      holder: alpha
      grantor: beta
      brings: later
      {BASIS}
  - permission:
      id: later
      grantor: beta
      actor: alpha
      action: sell
      object: api
      for: beta
      {BASIS}
  - guarantee:
      id: backed
      guarantor: beta
      debtor: beta
      beneficiary: alpha
      secures: [spend, stake]
      {BASIS}"
    );
    let exercises = format!(
        "exercises:
  - {{option: longer, by: beta, \"on\": 2025-07-01, recorded: 2025-07-01, {BASIS}}}
  - {{option: longer, by: alpha, \"on\": 2025-08-01, recorded: 2025-08-01, {BASIS}}}
  - {{option: later, by: alpha, \"on\": 2025-02-01, recorded: 2025-02-01, {BASIS}}}
consents:"
    );
    check(
        &[Put("v2.yaml", "adds:", &adds), Put("record.yaml", "consents:", &exercises)],
        expect![[r#"
            error: `beta` cannot exercise `longer`
              --> record.yaml:14:14
               |
            14 |   - {option: longer, by: beta, "on": 2025-07-01, recorded: 2025-07-01, basis: {phrase: p, source: s, date: 2025-01-01, status: assum...
               |              ^^^^^^
               |
               = help: the option is `alpha`'s: only it can exercise it

            error: option `longer` cannot be exercised on 2025-07-01
              --> record.yaml:14:14
               |
            14 |   - {option: longer, by: beta, "on": 2025-07-01, recorded: 2025-07-01, basis: {phrase: p, source: s, date: 2025-01-01, status: assum...
               |              ^^^^^^
               |
               = help: it can be in [2025-01-01, 2025-06-01)

            error: option `longer` is exercised twice
              --> record.yaml:15:14
               |
            14 |   - {option: longer, by: beta, "on": 2025-07-01, recorded: 2025-07-01, basis: {phrase: p, source: s, date: 2025-01-01, status: assum...
               |              ------ first here
            15 |   - {option: longer, by: alpha, "on": 2025-08-01, recorded: 2025-08-01, basis: {phrase: p, source: s, date: 2025-01-01, status: assu...
               |              ^^^^^^

            error: term `later` is not an option, so it cannot be exercised
              --> record.yaml:16:14
               |
            16 |   - {option: later, by: alpha, "on": 2025-02-01, recorded: 2025-02-01, basis: {phrase: p, source: s, date: 2025-01-01, status: assum...
               |              ^^^^^

            error: term `share-2024` is not among what this version adds
              --> v2.yaml:16:37
               |
            16 |       brings: [later, stake, spend, share-2024]
               |                                     ^^^^^^^^^^
               |
               = help: expected one of `again`, `backed`, `build-first`, `capital`, `chair`, `first-hall`, `good-faith`, `later`, `longer`, `no-resale`, `others-build`, `partner`, `spend`, `stake`

            error: term `later` is brought by option `longer` already
              --> v2.yaml:24:15
               |
            16 |       brings: [later, stake, spend, share-2024]
               |                ----- there
            ...
            24 |       brings: later
               |               ^^^^^
               |
               = help: give each option terms of its own

            error: `beta` guarantees what it owes itself
              --> v2.yaml:34:5
               |
            34 |   - guarantee:
               |     ^^^^^^^^^
               |
               = help: a guarantor answers for another party

            error: `spend` is nothing that `beta` owes `alpha`
              --> v2.yaml:39:17
               |
            39 |       secures: [spend, stake]
               |                 ^^^^^
               |
               = help: by that term `alpha` owes `beta`

            error: `stake` is nothing that `beta` owes `alpha`
              --> v2.yaml:39:24
               |
            39 |       secures: [spend, stake]
               |                        ^^^^^
               |
               = help: that term does not say who owes what to whom
        "#]],
    );
}

#[test]
fn calendars_and_stages_of_an_offer() {
    let calendars = "calendars:
  office: {zone: Europe/Atlantis, days: business, holidays: [2025-12-25, boxing-day]}
facts:";
    check(
        &[
            Put("deal.yaml", "facts:", calendars),
            Put(
                "v2.yaml",
                "election-days: 30",
                "election-days: 30\n      calendar: offices\n      days: business",
            ),
            Put(
                "record.yaml",
                "{declined: 2025-02-10, recorded: 2025-02-10}",
                "{declined: 2025-02-10, accepted: 2025-02-11, recorded: 2025-02-12}",
            ),
        ],
        expect![[r#"
            error: `Europe/Atlantis` is not a time zone such as `America/New_York` or `UTC`
              --> deal.yaml:27:18
               |
            27 |   office: {zone: Europe/Atlantis, days: business, holidays: [2025-12-25, boxing-day]}
               |                  ^^^^^^^^^^^^^^^

            error: expected a date such as `2025-01-21`, or a time such as `2025-01-21T09:00:00Z`, found `boxing-day`
              --> deal.yaml:27:74
               |
            27 |   office: {zone: Europe/Atlantis, days: business, holidays: [2025-12-25, boxing-day]}
               |                                                                          ^^^^^^^^^^

            error: an election needs one of `accepted` and `declined`
              --> record.yaml:10:26
               |
            10 |     election: {declined: 2025-02-10, accepted: 2025-02-11, recorded: 2025-02-12}
               |                          ^^^^^^^^^^
               |
               = help: say when the holder did which

            error: unknown calendar `offices`
              --> v2.yaml:19:17
               |
            19 |       calendar: offices
               |                 ^^^^^^^
               |
               = help: did you mean `office`?

            error: days are counted in two ways
              --> v2.yaml:20:13
               |
            19 |       calendar: offices
               |                 ------- the calendar has a zone and days of its own
            20 |       days: business
               |             ^^^^^^^^
               |
               = help: keep one of the two: `calendar`, or `zone` and `days`
        "#]],
    );
}

#[test]
fn carve_outs_from_other_agreements() {
    let other = format!(
        "kind: version
agreement: side
name: Side letter
parties: [alpha]
version: \"2025-02-01\"
summary: Alpha lets itself sell.
executed: 2025-02-01
effective: {{from: 2025-02-01}}
recorded: 2025-02-01
adds:
  - permission:
      id: own-leave
      grantor: alpha
      actor: alpha
      action: sell
      object: capacity
      overrides: no-resale
      {BASIS}
"
    );
    check(
        &[Add("side.yaml", &other)],
        expect![[r#"
        error: `no-resale` of `alpha-beta` cannot be overridden in `side`: `beta` did not sign that
          --> side.yaml:17:18
           |
        17 |       overrides: no-resale
           |                  ^^^^^^^^^
           |
           = help: an exception is for those to agree to whom the term is owed: put it into an agreement that they signed, or record their consent
    "#]],
    );
}

#[test]
fn consents_that_are_limited_to_nothing() {
    check(
        &[Put("record.yaml", "actor: alpha", "actor: alpha\n    action: build")],
        expect![[r#"
        error: consent `resale-consent` is limited to what `no-resale` does not speak of, so it lifts nothing
          --> record.yaml:14:9
           |
        14 |   - id: resale-consent
           |         ^^^^^^^^^^^^^^
           |
           = help: limit it to a part of what the term is about, or leave the limits out
    "#]],
    );
}
