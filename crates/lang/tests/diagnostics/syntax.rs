//! What a file is before it says anything: text, keys, nesting; and how problems are shown.

use expect_test::expect;

use crate::Edit::{Add, Put};
use crate::check;

#[test]
fn syntax() {
    check(
        &[Put(
            "parties.yaml",
            "{name: Alpha, role: uses the capacity}",
            "{name: Alpha, role: uses",
        )],
        expect![[r#"
            error: this is not YAML: while parsing a flow mapping, did not find expected ',' or '}'
             --> parties.yaml:5:7
              |
            5 |   beta: {name: Beta, role: builds the capacity}
              |       ^ reading stopped here
        "#]],
    );
    check(
        &[Put("deal.yaml", "currency: {", "currency: }")],
        expect![[r#"
        error: this is not YAML: misplaced bracket
         --> deal.yaml:5:11
          |
        5 | currency: }code: USD, digits: 2}
          |           ^ reading stopped here
    "#]],
    );
    // A file of which nothing could be read hides nothing in the others, and what it defines is not
    // unknown in them.
    check(
        &[
            Put("deal.yaml", "currency: {", "currency: }"),
            Put("v1.yaml", "rate: 20 %", "rate: 120 %"),
        ],
        expect![[r#"
            error: this is not YAML: misplaced bracket
             --> deal.yaml:5:11
              |
            5 | currency: }code: USD, digits: 2}
              |           ^ reading stopped here

            error: expected a share between 0 % and 100 %, such as `20 %` or `1/3`, found `120 %`
              --> v1.yaml:25:13
               |
            25 |       rate: 120 %
               |             ^^^^^
        "#]],
    );
    // A tab where spaces are due.
    check(
        &[Put("v2.yaml", "      holder: beta", "	  holder: beta")],
        expect![[r#"
        error: this is not YAML: while scanning a plain scalar, found a tab
          --> v2.yaml:13:11
           |
        13 |       id: build-first
           |           ^ reading stopped here
    "#]],
    );
}

#[test]
fn empty_files() {
    check(
        &[Add("z.yaml", "")],
        expect![[r#"
            error: the file is empty
             --> z.yaml:1:1
              |
            1 |
              | ^
              |
              = help: start with `kind:` and one of `deal`, `parties`, `version`, `sites`, `rates`, `record`, `workload`, `expect`, `feed`, `sources`
        "#]],
    );
    check(
        &[Add(
            "z.yaml",
            r#"# nothing yet
"#,
        )],
        expect![[r#"
            error: the file is empty
             --> z.yaml:1:1
              |
            1 | # nothing yet
              | ^
              |
              = help: start with `kind:` and one of `deal`, `parties`, `version`, `sites`, `rates`, `record`, `workload`, `expect`, `feed`, `sources`
        "#]],
    );
}

#[test]
fn anchors_aliases_and_tags() {
    check(
        &[Put(
            "rates.yaml",
            r#"seller: alpha
    object: api"#,
            r#"seller: &seller alpha
    object: !!str api
    buyer: *seller"#,
        )],
        expect![[r#"
            error: an anchor in a deal file
              --> rates.yaml:26:21
               |
            26 |     seller: &seller alpha
               |                     ^^^^^
               |
               = help: write the value out where it is used: deal files are plain YAML

            error: a tag in a deal file
              --> rates.yaml:27:13
               |
            27 |     object: !!str api
               |             ^
               |
               = help: write the value out where it is used: deal files are plain YAML

            error: an alias in a deal file
              --> rates.yaml:28:12
               |
            28 |     buyer: *seller
               |            ^^^^^^^
               |
               = help: write the value out where it is used: deal files are plain YAML
        "#]],
    );
    // An alias of nothing.
    check(
        &[Put(
            "deal.yaml",
            "purposes:",
            r#"<<: *other
purposes:"#,
        )],
        expect![[r#"
            error: this is not YAML: while parsing node, found unknown anchor
              --> deal.yaml:20:5
               |
            20 | <<: *other
               |     ^ reading stopped here
        "#]],
    );
}

#[test]
fn keys_that_are_no_names() {
    check(
        &[Put("deal.yaml", "  build: {name: build}", "  [build]: {name: build}")],
        expect![[r#"
        error: a key that is not a plain name
          --> deal.yaml:12:3
           |
        12 |   [build]: {name: build}
           |   ^
           |
           = help: a key is one word, followed by `:`
    "#]],
    );
    check(
        &[Put("deal.yaml", "  build: {name: build}", "  : {name: build}")],
        expect![[r#"
        error: a key without a name
          --> deal.yaml:12:3
           |
        12 |   : {name: build}
           |   ^
           |
           = help: a key is one word, followed by `:`
    "#]],
    );
}

#[test]
fn a_key_twice() {
    check(
        &[Put(
            "deal.yaml",
            "rounding: half-even",
            r#"rounding: half-even
rounding: up"#,
        )],
        expect![[r#"
            error: key `rounding` is there twice
             --> deal.yaml:7:1
              |
            6 | rounding: half-even
              | -------- first here
            7 | rounding: up
              | ^^^^^^^^
              |
              = help: remove one of the two, or merge them
        "#]],
    );
    check(
        &[Put(
            "parties.yaml",
            "  gamma:",
            r#"  beta: {name: Beta again, role: none}
  gamma:"#,
        )],
        expect![[r#"
            error: key `beta` is there twice
             --> parties.yaml:6:3
              |
            5 |   beta: {name: Beta, role: builds the capacity}
              |   ---- first here
            6 |   beta: {name: Beta again, role: none}
              |   ^^^^
              |
              = help: remove one of the two, or merge them
        "#]],
    );
}

#[test]
fn cascades() {
    // A dash that is missing is one mistake: the terms are not unknown as well.
    check(
        &[Put(
            "v2.yaml",
            r#"replaces:
  - {term: build-alone, by: [build-first, others-build]}"#,
            "replaces: {term: build-alone, by: [build-first, others-build]}",
        )],
        expect![[r#"
            error: expected a list, found a mapping
              --> v2.yaml:85:11
               |
            85 | replaces: {term: build-alone, by: [build-first, others-build]}
               |           ^
        "#]],
    );
    // Terms under another key, and of an unknown kind.
    check(
        &[Put("v1.yaml", "adds:", "terms:")],
        expect![[r#"
        error: unknown key `terms`
          --> v1.yaml:11:1
           |
        11 | terms:
           | ^^^^^
           |
           = help: expected one of `adds`, `replaces`, `ends`, `suspends`, `extends`, `corrects`, `annuls`
    "#]],
    );
    check(
        &[Put("v1.yaml", "effective: {from: 2024-01-01}", "effective: {from: 2024-13-01}")],
        expect![[r#"
            error: expected a date such as `2025-01-21`, or a time such as `2025-01-21T09:00:00Z`, found `2024-13-01`
             --> v1.yaml:9:19
              |
            9 | effective: {from: 2024-13-01}
              |                   ^^^^^^^^^^
        "#]],
    );
    // A version that could not be read.
    check(
        &[Put("v1.yaml", "parties: [alpha, beta]", "parties: [alpha, beta")],
        expect![[r#"
            error: this is not YAML: illegal placement of ':' indicator
             --> v1.yaml:6:8
              |
            6 | version: "2024-01-01"
              |        ^ reading stopped here
        "#]],
    );
    // Parties that could not be read.
    check(
        &[Put(
            "parties.yaml",
            "kind: parties",
            r#"kind: parties
	- x"#,
        )],
        expect![[r#"
            error: this is not YAML: while scanning a plain scalar, found a tab
             --> parties.yaml:2:7
              |
            2 | kind: parties
              |       ^ reading stopped here
        "#]],
    );
}

#[test]
fn a_second_document() {
    check(
        &[Put(
            "parties.yaml",
            "  gamma:",
            r#"---
  gamma:"#,
        )],
        expect![[r#"
            error: a second document in one file
             --> parties.yaml:6:1
              |
            6 | ---
              | ^^^
              |
              = help: give each document a file of its own
        "#]],
    );
}

#[test]
fn nested_too_deep() {
    check(
        &[Put(
            "deal.yaml",
            "name: Minimal",
            "name: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        )],
        expect![[r#"
            error: nested more than 64 deep
             --> deal.yaml:3:70
              |
            3 | name: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]...
              |                                                                      ^ reading stopped here
        "#]],
    );
}

#[test]
fn carets_stand_under_the_text() {
    // Characters of several bytes, and of several columns, before it on the line.
    check(
        &[Put(
            "deal.yaml",
            "es: {name: España, within: europe}",
            r#"es: {name: "Španělsko 日本", within: erope}"#,
        )],
        expect![[r#"
            error: unknown place `erope`
              --> deal.yaml:25:38
               |
            25 |   es: {name: "Španělsko 日本", within: erope}
               |                                        ^^^^^
               |
               = help: did you mean `europe`?
        "#]],
    );
    // Text in quotes, and text over several lines.
    check(
        &[Put("v1.yaml", "holder: beta", r#"holder: "betta""#)],
        expect![[r#"
        error: unknown party `betta`
          --> v1.yaml:14:15
           |
        14 |       holder: "betta"
           |               ^^^^^^^
           |
           = help: did you mean `beta`?
    "#]],
    );
    check(
        &[Put(
            "v1.yaml",
            "rate: 20 %",
            r#"rate: >-
        120
        %"#,
        )],
        expect![[r#"
            error: expected a share between 0 % and 100 %, such as `20 %` or `1/3`, found `120 %`
              --> v1.yaml:26:9
               |
            26 |         120
               |         ^
        "#]],
    );
    // A long text is cut.
    check(
        &[Put(
            "v1.yaml",
            "rate: 20 %",
            "rate: much much much much much much much much much much much much much much much much much much much much much much much much much much much much much much ",
        )],
        expect![[r#"
            error: expected a share between 0 % and 100 %, such as `20 %` or `1/3`, found `much much much much much much much much much much much much …`
              --> v1.yaml:25:13
               |
            25 | ...e: much much much much much much much much much much much much much much much much much much much much much much much much much much much much much much 
               |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn many_problems_at_once() {
    check(
        &[
            Put("deal.yaml", "rounding: half-even", "rounding: half-odd"),
            Put("parties.yaml", "role: neither", "rôle: neither"),
            Put("rates.yaml", "to: 2026-01-01", "to: 2026-07-01"),
            Put("record.yaml", "by: beta", "by: gamma"),
            Put("sites.yaml", "power-mw: 1.4", "power-mw: 1.4005"),
            Put("sites.yaml", "gpu: h100", "gpu: h200"),
            Put("v1.yaml", "rate: 20 %", "rate: 120 %"),
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
            Put(
                "v1.yaml",
                "effective: {from: 2024-01-01}",
                "effective: {from: 2024-01-01, to: 2025-07-01}",
            ),
            Put("v2.yaml", "held-by: beta", "held-by: gamma"),
            Put("v2.yaml", "ends: report-2024", "ends: [report-2024, report-2023]"),
            Put("v2.yaml", "to: 2030-01-01", "overrides: stake"),
            Put("workload.yaml", "compare: alpha-beta", "compare: alpha"),
            Put(
                "workload.yaml",
                "{from: 2025-11-01, to: 2025-12-01}",
                "{from: 2025-11-01, to: 2025-10-01}",
            ),
            Add("z.yaml", "kind: ["),
        ],
        expect![[r#"
            error: expected one of `half-even`, `half-up`, `down`, `up`, found `half-odd`
             --> deal.yaml:6:11
              |
            6 | rounding: half-odd
              |           ^^^^^^^^

            error: unknown key `rôle`
             --> parties.yaml:6:24
              |
            6 |   gamma: {name: Gamma, rôle: neither}
              |                        ^^^^
              |
              = help: did you mean `role`?

            error: this line prices the same use as `hall-hour` in [2026-01-01, 2026-07-01)
              --> rates.yaml:15:3
               |
             4 |   hall-hour:
               |   --------- the other line
            ...
            15 |   hall-hour-2026:
               |   ^^^^^^^^^^^^^^
               |
               = help: let the earlier line end with `to:` where this one begins, or narrow one of them

            error: `gamma` cannot consent to what `no-resale` forbids
              --> record.yaml:14:9
               |
            14 |   - id: resale-consent
               |         ^^^^^^^^^^^^^^
               |
               = help: the term is owed to `beta`: only it can consent

            error: unknown GPU type `h200`
              --> sites.yaml:14:33
               |
            14 |       - {from: 2025-01-01, gpu: h200, gpus: 1_000, power-mw: 1.4005, basis: {phrase: opens, source: Beta, date: 2025-01-01, status: ...
               |                                 ^^^^
               |
               = help: did you mean `h100`?

            error: expected whole kW, found `1.4005` MW
              --> sites.yaml:14:62
               |
            14 |       - {from: 2025-01-01, gpu: h200, gpus: 1_000, power-mw: 1.4005, basis: {phrase: opens, source: Beta, date: 2025-01-01, status: ...
               |                                                              ^^^^^^
               |
               = help: give MW with at most three digits behind the point, up to 4 million

            error: expected a share between 0 % and 100 %, such as `20 %` or `1/3`, found `120 %`
              --> v1.yaml:25:13
               |
            25 |       rate: 120 %
               |             ^^^^^

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

            error: `no-resale` can have no effect on `stake`
              --> v2.yaml:38:18
               |
            38 |       overrides: stake
               |                  ^^^^^
               |
               = help: a permission overrides a prohibition, a first refusal or a clause; a prohibition overrides a permission

            error: party `gamma` did not sign agreement `alpha-beta`
              --> v2.yaml:62:5
               |
            62 |   - governance:
               |     ^^^^^^^^^^
               |
               = help: signed by `alpha`, `beta`

            error: unknown term `report-2023`
              --> v2.yaml:87:21
               |
            87 | ends: [report-2024, report-2023]
               |                     ^^^^^^^^^^^
               |
               = help: did you mean `report-2024`?

            error: the period ends at 2025-10-01, before it begins at 2025-11-01
             --> workload.yaml:3:32
              |
            3 | period: {from: 2025-11-01, to: 2025-10-01}
              |                ----------      ^^^^^^^^^^
              |                |
              |                it begins here
              |
              = help: periods are `[from, to)`: expected a date after 2025-11-01

            error: unknown agreement `alpha`
             --> workload.yaml:5:10
              |
            5 | compare: alpha
              |          ^^^^^
              |
              = help: did you mean `alpha-beta`?

            error: this is not YAML: unclosed bracket '['
             --> z.yaml:1:7
              |
            1 | kind: [
              |       ^ reading stopped here
        "#]],
    );
}
