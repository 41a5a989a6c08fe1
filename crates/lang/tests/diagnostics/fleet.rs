//! Sites, power and work.

use expect_test::{Expect, expect};

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
fn sizes() {
    let size = |gpus: &str, expected: Expect| {
        let to = format!("sizes: [{{gpus: {gpus}, weight: 1}}]");
        check(&[Put("workload.yaml", "sizes: [{gpus: 8, weight: 1}]", &to)], expected);
    };
    size(
        "1.5",
        expect![[r#"
        error: expected whole GPUs, or a share of one such as `0.25`, found `1.5`
          --> workload.yaml:16:22
           |
        16 |       sizes: [{gpus: 1.5, weight: 1}]
           |                      ^^^
    "#]],
    );
    size(
        "0.0",
        expect![[r#"
        error: expected whole GPUs, or a share of one such as `0.25`, found `0.0`
          --> workload.yaml:16:22
           |
        16 |       sizes: [{gpus: 0.0, weight: 1}]
           |                      ^^^
    "#]],
    );
    size(
        "-0.5",
        expect![[r#"
        error: expected whole GPUs, or a share of one such as `0.25`, found `-0.5`
          --> workload.yaml:16:22
           |
        16 |       sizes: [{gpus: -0.5, weight: 1}]
           |                      ^^^^
    "#]],
    );
    size(
        "0.2501",
        expect![[r#"
        error: expected a share of a GPU with at most three digits behind the point, such as `0.25`, found `0.2501`
          --> workload.yaml:16:22
           |
        16 |       sizes: [{gpus: 0.2501, weight: 1}]
           |                      ^^^^^^
    "#]],
    );
    size(
        "2_000_000_000",
        expect![[r#"
        error: expected at most 1000000000 GPUs, found `2_000_000_000`
          --> workload.yaml:16:22
           |
        16 |       sizes: [{gpus: 2_000_000_000, weight: 1}]
           |                      ^^^^^^^^^^^^^
    "#]],
    );
    // Each is reported.
    size(
        "0, weight: 1}, {gpus: 1/4",
        expect![[r#"
        error: expected whole GPUs, or a share of one such as `0.25`, found `0`
          --> workload.yaml:16:22
           |
        16 |       sizes: [{gpus: 0, weight: 1}, {gpus: 1/4, weight: 1}]
           |                      ^

        error: expected whole GPUs, or a share of one such as `0.25`, found `1/4`
          --> workload.yaml:16:44
           |
        16 |       sizes: [{gpus: 0, weight: 1}, {gpus: 1/4, weight: 1}]
           |                                            ^^^
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
        error: no sizes of jobs
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

#[test]
fn regions_and_replicas() {
    let check = |more: &str, expected| {
        let more = format!("{more}\n      jitter-permille:");
        check(&[Put("workload.yaml", "jitter-permille:", &more)], expected);
    };
    check(
        "regions: {es: 50 %, hall: 1/3}",
        expect![[r#"
        error: the shares of the regions add up to 5/6, not to 100 %
          --> workload.yaml:33:16
           |
        33 |       regions: {es: 50 %, hall: 1/3}
           |                ^
           |
           = help: each share is of the whole traffic; thirds are `1/3`
    "#]],
    );
    check(
        "regions: {ess: 100 %}\n      replica-gpus: 0",
        expect![[r#"
        error: unknown place `ess`
          --> workload.yaml:33:17
           |
        33 |       regions: {ess: 100 %}
           |                 ^^^
           |
           = help: did you mean `es`?

        error: expected a whole number from 1 to 1000000, found `0`
          --> workload.yaml:34:21
           |
        34 |       replica-gpus: 0
           |                     ^
    "#]],
    );
    check(
        "spill: true",
        expect![[r#"
        error: `spill` without `regions`
          --> workload.yaml:33:14
           |
        33 |       spill: true
           |              ^^^^
           |
           = help: traffic without regions is served anywhere that the terms allow
    "#]],
    );
    check(
        "autoscale: {every-minutes: 0, target-utilisation: 80 %, min-replicas: 1}",
        expect![[r#"
            error: expected a whole number from 1 to 10000, found `0`
              --> workload.yaml:33:34
               |
            33 |       autoscale: {every-minutes: 0, target-utilisation: 80 %, min-replicas: 1}
               |                                  ^

            error: unknown key `target-utilisation`
              --> workload.yaml:33:37
               |
            33 |       autoscale: {every-minutes: 0, target-utilisation: 80 %, min-replicas: 1}
               |                                     ^^^^^^^^^^^^^^^^^^
               |
               = help: did you mean `target-utilization`?
        "#]],
    );
    check(
        "regions: {hall: 99 %}
      autoscale:
        every-minutes: 5
        target-utilization: 80 %
        min-replicas: 4
        max-replicas: 3",
        expect![[r#"
            error: the shares of the regions add up to 99 %, not to 100 %
              --> workload.yaml:33:16
               |
            33 |       regions: {hall: 99 %}
               |                ^
               |
               = help: each share is of the whole traffic; thirds are `1/3`

            error: at least 4 replicas, but at most 3
              --> workload.yaml:37:23
               |
            37 |         min-replicas: 4
               |                       ^
            38 |         max-replicas: 3
               |                       - the most
        "#]],
    );
    check(
        "autoscale: {every-minutes: 5, target-utilization: 0 %}",
        expect![[r#"
        error: replicas cannot be meant to do nothing
          --> workload.yaml:33:57
           |
        33 |       autoscale: {every-minutes: 5, target-utilization: 0 %}
           |                                                         ^^^
           |
           = help: `target-utilization` is above `0 %`, such as `80 %`
    "#]],
    );
}

/// A region is a place with a site, unless its traffic may be served elsewhere.
#[test]
fn regions_without_a_site() {
    let estonia = "  est: {name: Estonia, within: europe}\n  es: {";
    let check = |more: &str, expected| {
        let more = format!("{more}\n      jitter-permille:");
        let edits =
            [Put("deal.yaml", "  es: {", estonia), Put("workload.yaml", "jitter-permille:", &more)];
        check(&edits, expected);
    };
    check(
        "regions: {est: 40 %, es: 60 %}",
        expect![[r#"
        error: no site lies in `est`, so its traffic is never served
          --> workload.yaml:33:17
           |
        33 |       regions: {est: 40 %, es: 60 %}
           |                 ^^^
           |
           = help: give a place with a site, or `spill: true` for traffic that goes elsewhere
           = help: did you mean `es`?
    "#]],
    );
    check(
        "regions: {es: 20 %, hall: 40 %, europe: 40 %}",
        expect![[r#"
        in order
    "#]],
    );
    check(
        "regions: {est: 40 %, es: 60 %}\n      spill: true",
        expect![[r#"
        in order
    "#]],
    );
    // What follows from another problem is not reported.
    let more = "regions: {europe: 100 %}\n      jitter-permille:";
    let edits = [
        Put("deal.yaml", "within: europe", "within: europ"),
        Put("workload.yaml", "jitter-permille:", more),
    ];
    crate::check(
        &edits,
        expect![[r#"
        error: unknown place `europ`
          --> deal.yaml:25:30
           |
        25 |   es: {name: España, within: europ}
           |                              ^^^^^
           |
           = help: did you mean `europe`?
    "#]],
    );
}
