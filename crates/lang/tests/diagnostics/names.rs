//! Names: unknown, twice, within themselves.

use expect_test::expect;

use crate::Edit::{Add, Put};
use crate::check;

#[test]
fn unknown_names() {
    check(
        &[Put("v1.yaml", "holder: beta", "holder: betta")],
        expect![[r#"
        error: unknown party `betta`
          --> v1.yaml:14:15
           |
        14 |       holder: betta
           |               ^^^^^
           |
           = help: did you mean `beta`?
    "#]],
    );
    check(
        &[Put("v2.yaml", "{all-but: beta}", "[alpha, omega]")],
        expect![[r#"
        error: unknown party `omega`
          --> v2.yaml:23:22
           |
        23 |       actor: [alpha, omega]
           |                      ^^^^^
           |
           = help: expected one of `alpha`, `beta`, `gamma`
    "#]],
    );
    check(
        &[Put("v1.yaml", "parties: [alpha, beta]", "parties: [alpha, bet]")],
        expect![[r#"
        error: unknown party `bet`
         --> v1.yaml:5:18
          |
        5 | parties: [alpha, bet]
          |                  ^^^
          |
          = help: did you mean `beta`?
    "#]],
    );
    check(
        &[Put("v1.yaml", "action: build", "action: biuld")],
        expect![[r#"
        error: unknown action `biuld`
          --> v1.yaml:17:15
           |
        17 |       action: biuld
           |               ^^^^^
           |
           = help: did you mean `build`?
    "#]],
    );
    check(
        &[Put("v1.yaml", "object: capacity", "object: capacities")],
        expect![[r#"
        error: unknown object `capacities`
          --> v1.yaml:18:15
           |
        18 |       object: capacities
           |               ^^^^^^^^^^
           |
           = help: did you mean `capacity`?
    "#]],
    );
    check(
        &[Put("v2.yaml", "purpose: training", "purpose: trainings")],
        expect![[r#"
        error: unknown purpose `trainings`
          --> v2.yaml:27:16
           |
        27 |       purpose: trainings
           |                ^^^^^^^^^
           |
           = help: did you mean `training`?
    "#]],
    );
    check(
        &[Put("v2.yaml", "place: europe", "place: erope")],
        expect![[r#"
        error: unknown place `erope`
          --> v2.yaml:28:14
           |
        28 |       place: erope
           |              ^^^^^
           |
           = help: did you mean `europe`?
    "#]],
    );
    check(
        &[Put("record.yaml", "place: hall", "place: hal")],
        expect![[r#"
        error: unknown place `hal`
         --> record.yaml:8:12
          |
        8 |     place: hal
          |            ^^^
          |
          = help: did you mean `hall`?
    "#]],
    );
    check(
        &[Put("rates.yaml", "site: hall", "site: halle")],
        expect![[r#"
        error: unknown site `halle`
         --> rates.yaml:7:11
          |
        7 |     site: halle
          |           ^^^^^
          |
          = help: did you mean `hall`?
    "#]],
    );
    check(
        &[Put("rates.yaml", "gpu: h100", "gpu: h10")],
        expect![[r#"
        error: unknown GPU type `h10`
         --> rates.yaml:8:10
          |
        8 |     gpu: h10
          |          ^^^
          |
          = help: did you mean `h100`?
    "#]],
    );
    check(
        &[Put("v2.yaml", "goal-met: false", "gaol-met: false")],
        expect![[r#"
        error: unknown fact `gaol-met`
          --> v2.yaml:39:14
           |
        39 |       when: {gaol-met: false}
           |              ^^^^^^^^
           |
           = help: did you mean `goal-met`?
    "#]],
    );
    check(
        &[Put("record.yaml", "fact: half-used", "fact: used-by-half")],
        expect![[r#"
        error: unknown fact `used-by-half`
         --> record.yaml:5:12
          |
        5 |   - {fact: used-by-half, holds: yes, from: 2025-02-01, recorded: 2025-02-02, basis: {phrase: used, source: Alpha, date: 2025-02-02, s...
          |            ^^^^^^^^^^^^
          |
          = help: expected one of `goal-met`, `half-used`
    "#]],
    );
    check(
        &[Put("v2.yaml", "to: 2030-01-01", "overrides: share-2042")],
        expect![[r#"
        error: unknown term `share-2042`
          --> v2.yaml:38:18
           |
        38 |       overrides: share-2042
           |                  ^^^^^^^^^^
           |
           = help: did you mean `share-2024`?
    "#]],
    );
    check(
        &[Put("record.yaml", "term: no-resale", "term: no-resail")],
        expect![[r#"
        error: unknown term `no-resail`
          --> record.yaml:16:11
           |
        16 |     term: no-resail
           |           ^^^^^^^^^
           |
           = help: did you mean `no-resale`?
    "#]],
    );
    check(
        &[Put("record.yaml", "term: build-first", "term: resale-consent")],
        expect![[r#"
        error: unknown term `resale-consent`
         --> record.yaml:7:11
          |
        7 |   - term: resale-consent
          |           ^^^^^^^^^^^^^^
          |
          = help: expected `build-first`
    "#]],
    );
    check(
        &[Put("workload.yaml", "trace-jobs: research", "trace-jobs: reserch")],
        expect![[r#"
        error: unknown stream of work `reserch`
         --> workload.yaml:6:13
          |
        6 | trace-jobs: reserch
          |             ^^^^^^^
          |
          = help: did you mean `research`?
    "#]],
    );
    check(
        &[Put("workload.yaml", "compare: alpha-beta", "compare: alpha")],
        expect![[r#"
        error: unknown agreement `alpha`
         --> workload.yaml:5:10
          |
        5 | compare: alpha
          |          ^^^^^
          |
          = help: did you mean `alpha-beta`?
    "#]],
    );
    check(
        &[Put("deal.yaml", "within: products", "within: product")],
        expect![[r#"
        error: unknown object `product`
          --> deal.yaml:19:32
           |
        19 |   api: {name: the API, within: product}
           |                                ^^^^^^^
           |
           = help: did you mean `products`?
    "#]],
    );
}

#[test]
fn names_defined_twice() {
    check(
        &[Put("v2.yaml", "id: build-first", "id: share-2024")],
        expect![[r#"
            error: unknown term `build-first`
             --> record.yaml:7:11
              |
            7 |   - term: build-first
              |           ^^^^^^^^^^^
              |
              = help: expected one of `backing`, `build-alone`, `capital`, `chair`, `first-hall`, `good-faith`, `no-resale`, `others-build`, `partner`, `report-2024`, `resale-consent`, `share-2024`, `spend`, `stake`, `third-hall`, `third-hall-option`

            error: term `share-2024` is defined twice
              --> v2.yaml:13:11
               |
            13 |       id: share-2024
               |           ^^^^^^^^^^
               |
              ::: v1.yaml:21:11
               |
            21 |       id: share-2024
               |           ---------- first here

            error: unknown term `build-first`
              --> v2.yaml:86:30
               |
            86 |   - {term: build-alone, by: [build-first, others-build]}
               |                              ^^^^^^^^^^^
               |
               = help: expected one of `backing`, `build-alone`, `capital`, `chair`, `first-hall`, `good-faith`, `no-resale`, `others-build`, `partner`, `report-2024`, `resale-consent`, `share-2024`, `spend`, `stake`, `third-hall`, `third-hall-option`
        "#]],
    );
    check(
        &[Put("record.yaml", "id: resale-consent", "id: stake")],
        expect![[r#"
        error: term `stake` is defined twice
          --> v2.yaml:51:11
           |
        51 |       id: stake
           |           ^^^^^
           |
          ::: record.yaml:14:9
           |
        14 |   - id: stake
           |         ----- first here
    "#]],
    );
    check(
        &[Add(
            "z.yaml",
            r#"kind: parties
parties:
  beta: {name: Beta, role: the same again}
"#,
        )],
        expect![[r#"
            error: party `beta` is defined twice
             --> z.yaml:3:3
              |
            3 |   beta: {name: Beta, role: the same again}
              |   ^^^^
              |
             ::: parties.yaml:5:3
              |
            5 |   beta: {name: Beta, role: builds the capacity}
              |   ---- first here
        "#]],
    );
    check(
        &[Put("sites.yaml", "  hall:", "  es:")],
        expect![[r#"
        error: unknown site `hall`
         --> rates.yaml:7:11
          |
        7 |     site: hall
          |           ^^^^
          |
          = help: expected `es`

        error: unknown site `hall`
          --> rates.yaml:18:11
           |
        18 |     site: hall
           |           ^^^^
           |
           = help: expected `es`

        error: unknown place `hall`
         --> record.yaml:8:12
          |
        8 |     place: hall
          |            ^^^^
          |
          = help: expected one of `es`, `europe`

        error: site `es` has the name of a place
          --> sites.yaml:6:3
           |
         6 |   es:
           |   ^^
           |
          ::: deal.yaml:25:3
           |
        25 |   es: {name: España, within: europe}
           |   -- the place
           |
           = help: terms name both under `place`: give one of them another name
    "#]],
    );
    check(
        &[Add(
            "z.yaml",
            r#"kind: version
agreement: alpha-beta
name: Alpha and Beta
parties: [alpha, beta]
version: "2025-01-01"
summary: Again.
executed: 2025-01-01
effective: {from: 2026-01-01}
recorded: 2025-01-01
"#,
        )],
        expect![[r#"
            error: version `2025-01-01` of `alpha-beta` is there twice
             --> z.yaml:5:10
              |
            5 | version: "2025-01-01"
              |          ^^^^^^^^^^^^
              |
             ::: v2.yaml:6:10
              |
            6 | version: "2025-01-01"
              |          ------------ first here
              |
              = help: give each version the date from which it is effective as its id
        "#]],
    );
}

#[test]
fn names_within_themselves() {
    check(
        &[Put(
            "deal.yaml",
            "products: {name: products}",
            "products: {name: products, within: api}",
        )],
        expect![[r#"
            error: object `api` lies within itself
              --> deal.yaml:19:3
               |
            19 |   api: {name: the API, within: products}
               |   ^^^
               |
               = help: follow its `within` from one to the next and remove the one that goes back
        "#]],
    );
    check(
        &[Put("deal.yaml", "europe: {name: Europe}", "europe: {name: Europe, within: es}")],
        expect![[r#"
            error: place `es` lies within itself
              --> deal.yaml:25:3
               |
            25 |   es: {name: España, within: europe}
               |   ^^
               |
               = help: follow its `within` from one to the next and remove the one that goes back
        "#]],
    );
    check(
        &[Put(
            "deal.yaml",
            "serving: {name: serving}",
            "serving: {name: serving, within: serving}",
        )],
        expect![[r#"
            error: purpose `serving` lies within itself
              --> deal.yaml:22:3
               |
            22 |   serving: {name: serving, within: serving}
               |   ^^^^^^^
               |
               = help: follow its `within` from one to the next and remove the one that goes back
        "#]],
    );
}
