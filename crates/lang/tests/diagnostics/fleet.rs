//! Sites, power and work.

use expect_test::expect;

use crate::Edit::Put;
use crate::check;

#[test]
fn power() {
    check(
        &[Put("sites.yaml", "power-mw: 1.4", "power-mw: 1.4005")],
        expect![[r#"
        error: expected whole kW, found `1.4005` MW
          --> sites.yaml:14:62
           |
        14 |       - {from: 2025-01-01, gpu: h100, gpus: 1_000, power-mw: 1.4005, basis: {phrase: opens, source: Beta, date: 2025-01-01, status: ...
           |                                                              ^^^^^^
           |
           = help: give MW with at most three digits behind the point, up to 4 million
    "#]],
    );
    check(
        &[Put("v2.yaml", "power-mw: 1.5", "power-mw: 1.50005")],
        expect![[r#"
        error: expected whole kW, found `1.50005` MW
          --> v2.yaml:78:17
           |
        78 |       power-mw: 1.50005
           |                 ^^^^^^^
           |
           = help: give MW with at most three digits behind the point, up to 4 million
    "#]],
    );
}

#[test]
fn sites() {
    check(
        &[Put(
            "sites.yaml",
            "    phases:",
            r#"    phases:
      - {from: 2025-01-01, gpu: h100, gpus: 1_000_000_000, power-mw: 1, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
      - {from: 2025-01-01, gpu: h100, gpus: 1_000_000_000, power-mw: 1, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
      - {from: 2025-01-01, gpu: h100, gpus: 1_000_000_000, power-mw: 1, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
      - {from: 2025-01-01, gpu: h100, gpus: 1_000_000_000, power-mw: 1, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
      - {from: 2025-01-01, gpu: h100, gpus: 1_000_000_000, power-mw: 1, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}"#,
        )],
        expect![[r#"
            error: more than 4 billion GPUs in one place at 2025-01-01
             --> sites.yaml:6:3
              |
            6 |   hall:
              |   ^^^^
              |
              = help: phases add up: each says what opens with it, not what there is by then
        "#]],
    );
}

#[test]
fn work() {
    check(
        &[Put("workload.yaml", "{share: 0 %, hours: 0.5}", "{share: 10 %, hours: 0.5}")],
        expect![[r#"
            error: the quantiles do not rise from 0 % to 100 %
              --> workload.yaml:18:9
               |
            18 |         - {share: 10 %, hours: 0.5}
               |         ^
               |
               = help: give shares in whole thousandths, rising from `0 %` to `100 %`, with hours above zero that do not fall
        "#]],
    );
    check(
        &[Put("workload.yaml", "{share: 0 %, hours: 0.5}", "{share: 0 %, hours: 11}")],
        expect![[r#"
            error: the quantiles do not rise from 0 % to 100 %
              --> workload.yaml:18:9
               |
            18 |         - {share: 0 %, hours: 11}
               |         ^
               |
               = help: give shares in whole thousandths, rising from `0 %` to `100 %`, with hours above zero that do not fall
        "#]],
    );
    check(
        &[Put("workload.yaml", "{share: 0 %, hours: 0.5}", "{share: 0, hours: 0.5}")],
        expect![[r#"
            error: expected a share between 0 % and 100 %, such as `20 %` or `1/3`, found `0`
              --> workload.yaml:18:19
               |
            18 |         - {share: 0, hours: 0.5}
               |                   ^
        "#]],
    );
    check(
        &[Put("workload.yaml", "sizes: [{gpus: 8, weight: 1}]", "sizes: []")],
        expect![[r#"
        error: no gang sizes
          --> workload.yaml:16:14
           |
        16 |       sizes: []
           |              ^
           |
           = help: give at least one, such as `{gpus: 8, weight: 1}`
    "#]],
    );
    check(
        &[Put("workload.yaml", "hours-permille: [1000, ", "hours-permille: [")],
        expect![[r#"
        error: expected a figure for each of the 24 hours, found 23
          --> workload.yaml:32:23
           |
        32 |       hours-permille: [1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1...
           |                       ^
    "#]],
    );
    check(
        &[Put("workload.yaml", "hours-permille: [1000, ", "hours-permille: [much, ")],
        expect![[r#"
            error: expected a whole number from 0 to 100000, found `much`
              --> workload.yaml:32:24
               |
            32 |       hours-permille: [much, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1...
               |                        ^^^^
        "#]],
    );
    check(
        &[Put("workload.yaml", "trace-jobs: research", "trace-jobs: traffic")],
        expect![[r#"
        error: stream `traffic` has no `jobs`
         --> workload.yaml:6:13
          |
        6 | trace-jobs: traffic
          |             ^^^^^^^
          |
          = help: expected `research`
    "#]],
    );
    check(
        &[Put("workload.yaml", "trace-requests: traffic", "trace-requests: research")],
        expect![[r#"
            error: stream `research` has no `serving`
             --> workload.yaml:7:17
              |
            7 | trace-requests: research
              |                 ^^^^^^^^
              |
              = help: expected `traffic`
        "#]],
    );
    check(
        &[Put(
            "workload.yaml",
            r#"    serving:
"#,
            r#"    jobs:
      per-day: 1
      sizes: [{gpus: 8, weight: 1}]
      run: [{share: 0 %, hours: 1}, {share: 100 %, hours: 1}]
      asked-percent: 100
    serving:
"#,
        )],
        expect![[r#"
            error: stream `traffic` needs one of `jobs` and `serving`
              --> workload.yaml:22:3
               |
            22 |   traffic:
               |   ^^^^^^^
               |
               = help: give each a stream of its own
        "#]],
    );
    check(
        &[Put(
            "workload.yaml",
            r#"    jobs:
      per-day: 10
      sizes: [{gpus: 8, weight: 1}]
      run:
        - {share: 0 %, hours: 0.5}
        - {share: 100 %, hours: 10}
      asked-percent: 150
"#,
            "",
        )],
        expect![[r#"
            error: stream `research` needs one of `jobs` and `serving`
             --> workload.yaml:9:3
              |
            9 |   research:
              |   ^^^^^^^^
              |
              = help: `jobs` says how its jobs are drawn, `serving` its traffic
        "#]],
    );
}
