//! The machines of a site: nodes, faults and maintenance.

use expect_test::{Expect, expect};

use crate::Edit::Put;

const BASIS: &str = "basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}";

/// What is said when these lines are added to the site, which has 1,000 GPUs. A `BASIS` in them
/// stands for one.
fn check(lines: &str, expected: Expect) {
    let put = format!("{}\n    phases:", lines.replace("BASIS", BASIS));
    crate::check(&[Put("sites.yaml", "    phases:", &put)], expected);
}

#[test]
fn machines_are_in_order() {
    check(
        "    nodes: {gpus-per-node: 8, nodes-per-rack: 9, racks-per-hall: 2, cpu-cores: 96, memory-gib: 2_048}
    faults: {per-node-year: 1.557762, outage: [{share: 0 %, hours: 0.01}, {share: 100 %, hours: 3_143}], BASIS}
    maintenance:
      - {from: 2025-03-01, to: 2025-03-02, BASIS}
      - {from: \"2025-04-01T06:00:00Z\", to: 2025-04-02, halls: [1, 7], BASIS}",
        expect![[r#"
            in order
        "#]],
    );
    check(
        "    nodes: {gpus-per-node: 4}\n    maintenance: []",
        expect![[r#"
        in order
    "#]],
    );
}

#[test]
fn nodes() {
    check(
        "    nodes: {gpus-per-node: 0}",
        expect![[r#"
            error: expected a whole number from 1 to 64, found `0`
              --> sites.yaml:13:28
               |
            13 |     nodes: {gpus-per-node: 0}
               |                            ^
        "#]],
    );
    check(
        "    nodes: {nodes-per-rack: 9}",
        expect![[r#"
        error: missing key `gpus-per-node`
          --> sites.yaml:13:13
           |
        13 |     nodes: {nodes-per-rack: 9}
           |             ^^^^^^^^^^^^^^ in the mapping that begins here
           |
           = help: `gpus-per-node`: GPUs in one node; each phase opens whole nodes
    "#]],
    );
    check(
        "    nodes: {gpus-per-node: 48, rack: 1}",
        expect![[r#"
            error: unknown key `rack`
              --> sites.yaml:13:32
               |
            13 |     nodes: {gpus-per-node: 48, rack: 1}
               |                                ^^^^
               |
               = help: did you mean `nodes-per-rack`?

            error: 1000 GPUs are not whole nodes of 48
              --> sites.yaml:15:45
               |
            13 |     nodes: {gpus-per-node: 48, rack: 1}
               |                            -- the GPUs in one node
            14 |     phases:
            15 |       - {from: 2025-01-01, gpu: h100, gpus: 1_000, power-mw: 1.4, basis: {phrase: opens, source: Beta, date: 2025-01-01, status: sta...
               |                                             ^^^^^
               |
               = help: the nearest numbers that are: 960 and 1008
        "#]],
    );
    check(
        "    nodes: {gpus-per-node: 64}",
        expect![[r#"
            error: 1000 GPUs are not whole nodes of 64
              --> sites.yaml:15:45
               |
            13 |     nodes: {gpus-per-node: 64}
               |                            -- the GPUs in one node
            14 |     phases:
            15 |       - {from: 2025-01-01, gpu: h100, gpus: 1_000, power-mw: 1.4, basis: {phrase: opens, source: Beta, date: 2025-01-01, status: sta...
               |                                             ^^^^^
               |
               = help: the nearest numbers that are: 960 and 1024
        "#]],
    );
    check(
        "    nodes: 8",
        expect![[r#"
        error: expected a mapping with `gpus-per-node`, found `8`
          --> sites.yaml:13:12
           |
        13 |     nodes: 8
           |            ^
    "#]],
    );
    crate::check(
        &[
            Put("sites.yaml", "gpus: 1_000,", "gpus: 0,"),
            Put("sites.yaml", "    phases:", "    nodes: {gpus-per-node: 8}\n    phases:"),
        ],
        expect![[r#"
            error: site `hall` has no node: its phases open no GPU
              --> sites.yaml:13:12
               |
            13 |     nodes: {gpus-per-node: 8}
               |            ^
               |
               = help: say in `phases` how many GPUs open, or leave `nodes` out
        "#]],
    );
}

#[test]
fn faults() {
    let nodes = "    nodes: {gpus-per-node: 8}\n";
    let rate = |rate: &str| {
        format!(
            "{nodes}    faults: {{per-node-year: {rate}, outage: [{{share: 0 %, hours: 1}}, {{share: 100 %, hours: 2}}], BASIS}}"
        )
    };
    let outage = |outage: &str| {
        format!("{nodes}    faults: {{per-node-year: 1.5, outage: [{outage}], BASIS}}")
    };
    check(
        &rate("0"),
        expect![[r#"
        error: expected faults a year from 0.000001 to 100000, found `0`
          --> sites.yaml:14:29
           |
        14 |     faults: {per-node-year: 0, outage: [{share: 0 %, hours: 1}, {share: 100 %, hours: 2}], basis: {phrase: a, source: b, date: 2025-...
           |                             ^
           |
           = help: give at most six digits behind the point; leave `faults` out where nothing fails
    "#]],
    );
    check(
        &rate("100_000.5"),
        expect![[r#"
        error: expected faults a year from 0.000001 to 100000, found `100_000.5`
          --> sites.yaml:14:29
           |
        14 |     faults: {per-node-year: 100_000.5, outage: [{share: 0 %, hours: 1}, {share: 100 %, hours: 2}], basis: {phrase: a, source: b, dat...
           |                             ^^^^^^^^^
           |
           = help: give at most six digits behind the point; leave `faults` out where nothing fails
    "#]],
    );
    check(
        &rate("1.1234567"),
        expect![[r#"
        error: expected faults a year from 0.000001 to 100000, found `1.1234567`
          --> sites.yaml:14:29
           |
        14 |     faults: {per-node-year: 1.1234567, outage: [{share: 0 %, hours: 1}, {share: 100 %, hours: 2}], basis: {phrase: a, source: b, dat...
           |                             ^^^^^^^^^
           |
           = help: give at most six digits behind the point; leave `faults` out where nothing fails
    "#]],
    );
    check(
        &rate("-1"),
        expect![[r#"
            error: expected a number of zero or more, such as `3.20`, found `-1`
              --> sites.yaml:14:29
               |
            14 |     faults: {per-node-year: -1, outage: [{share: 0 %, hours: 1}, {share: 100 %, hours: 2}], basis: {phrase: a, source: b, date: 2025...
               |                             ^^
        "#]],
    );
    check(
        &outage("{share: 0 %, hours: 2}, {share: 100 %, hours: 1}"),
        expect![[r#"
        error: the quantiles do not rise from 0 % to 100 %
          --> sites.yaml:14:42
           |
        14 |     faults: {per-node-year: 1.5, outage: [{share: 0 %, hours: 2}, {share: 100 %, hours: 1}], basis: {phrase: a, source: b, date: 202...
           |                                          ^
           |
           = help: give shares in whole thousandths, rising from `0 %` to `100 %`, with hours above zero that do not fall
    "#]],
    );
    check(
        &outage("{share: 0 %, hours: 1}, {share: 50 %, hours: 2}"),
        expect![[r#"
        error: the quantiles do not rise from 0 % to 100 %
          --> sites.yaml:14:42
           |
        14 |     faults: {per-node-year: 1.5, outage: [{share: 0 %, hours: 1}, {share: 50 %, hours: 2}], basis: {phrase: a, source: b, date: 2025...
           |                                          ^
           |
           = help: give shares in whole thousandths, rising from `0 %` to `100 %`, with hours above zero that do not fall
    "#]],
    );
    check(
        &outage(""),
        expect![[r#"
        error: the quantiles do not rise from 0 % to 100 %
          --> sites.yaml:14:42
           |
        14 |     faults: {per-node-year: 1.5, outage: [], basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
           |                                          ^
           |
           = help: give shares in whole thousandths, rising from `0 %` to `100 %`, with hours above zero that do not fall
    "#]],
    );
    check(
        "    faults: {per-node-year: 0, outage: [{share: 0 %, hours: 0}, {share: 100 %, hours: 1}]}",
        expect![[r#"
            error: faults are of nodes, and the site has none
              --> sites.yaml:13:5
               |
            13 |     faults: {per-node-year: 0, outage: [{share: 0 %, hours: 0}, {share: 100 %, hours: 1}]}
               |     ^^^^^^
               |
               = help: say how its machines stand, such as `nodes: {gpus-per-node: 8}`

            error: missing key `basis`
              --> sites.yaml:13:14
               |
            13 |     faults: {per-node-year: 0, outage: [{share: 0 %, hours: 0}, {share: 100 %, hours: 1}]}
               |              ^^^^^^^^^^^^^ in the mapping that begins here
               |
               = help: `basis`: what it rests on: `phrase`, `source`, `date`, `status`

            error: expected faults a year from 0.000001 to 100000, found `0`
              --> sites.yaml:13:29
               |
            13 |     faults: {per-node-year: 0, outage: [{share: 0 %, hours: 0}, {share: 100 %, hours: 1}]}
               |                             ^
               |
               = help: give at most six digits behind the point; leave `faults` out where nothing fails

            error: the quantiles do not rise from 0 % to 100 %
              --> sites.yaml:13:40
               |
            13 |     faults: {per-node-year: 0, outage: [{share: 0 %, hours: 0}, {share: 100 %, hours: 1}]}
               |                                        ^
               |
               = help: give shares in whole thousandths, rising from `0 %` to `100 %`, with hours above zero that do not fall
        "#]],
    );
}

#[test]
fn maintenance() {
    check(
        "    maintenance: [{from: 2025-03-02, to: 2025-03-01, BASIS}]",
        expect![[r#"
        error: the period ends at 2025-03-01, before it begins at 2025-03-02
          --> sites.yaml:13:42
           |
        13 |     maintenance: [{from: 2025-03-02, to: 2025-03-01, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}]
           |                          ----------      ^^^^^^^^^^
           |                          |
           |                          it begins here
           |
           = help: periods are `[from, to)`: expected a date after 2025-03-02
    "#]],
    );
    check(
        "    maintenance: [{from: 2025-03-02, BASIS}]",
        expect![[r#"
        error: missing key `to`
          --> sites.yaml:13:20
           |
        13 |     maintenance: [{from: 2025-03-02, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}]
           |                    ^^^^ in the mapping that begins here
           |
           = help: `to`: when it is over
    "#]],
    );
    check(
        "    maintenance: [{from: 2025-03-01, to: 2025-03-02, halls: [2], BASIS}]",
        expect![[r#"
            error: no hall `2`: the site has one hall
              --> sites.yaml:13:62
               |
            13 |     maintenance: [{from: 2025-03-01, to: 2025-03-02, halls: [2], basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}]
               |                                                              ^
               |
               = help: `nodes-per-rack` and `racks-per-hall` say how many GPUs fill a hall
        "#]],
    );
    check(
        "    nodes: {gpus-per-node: 8, nodes-per-rack: 9, racks-per-hall: 2}
    maintenance: [{from: 2025-03-01, to: 2025-03-02, halls: [0, 1, 8], BASIS}, {from: 2025-03-01, to: 2025-03-02, halls: [], BASIS}]",
        expect![[r#"
            error: expected a whole number from 1 to 1000000, found `0`
              --> sites.yaml:14:62
               |
            14 |     maintenance: [{from: 2025-03-01, to: 2025-03-02, halls: [0, 1, 8], basis: {phrase: a, source: b, date: 2025-01-01, status: assum...
               |                                                              ^

            error: no hall `8`: the site has 7 halls
              --> sites.yaml:14:68
               |
            14 |     maintenance: [{from: 2025-03-01, to: 2025-03-02, halls: [0, 1, 8], basis: {phrase: a, source: b, date: 2025-01-01, status: assum...
               |                                                                    ^
               |
               = help: `nodes-per-rack` and `racks-per-hall` say how many GPUs fill a hall

            error: no halls
              --> sites.yaml:14:181
               |
            14 | ...1, status: assumed}}, {from: 2025-03-01, to: 2025-03-02, halls: [], basis: {phrase: a, source: b, date: 2025-01-01, status: assum...
               |                                                                    ^
               |
               = help: list at least one, or leave `halls` out for the whole site
        "#]],
    );
}

#[test]
fn a_site_without_power() {
    crate::check(
        &[Put("sites.yaml", "power-mw: 1.4", "power-mw: 0")],
        expect![[r#"
        error: 1000 GPUs without power
          --> sites.yaml:14:62
           |
        14 |       - {from: 2025-01-01, gpu: h100, gpus: 1_000, power-mw: 0, basis: {phrase: opens, source: Beta, date: 2025-01-01, status: stated}}
           |                                                              ^
           |
           = help: give the power that the phase takes, in MW: 0.001 at the least
    "#]],
    );
    crate::check(
        &[
            Put("sites.yaml", "power-mw: 1.4", "power-mw: 0.0"),
            Put("sites.yaml", "gpus: 1_000,", "gpus: 0,"),
        ],
        expect![[r#"
            in order
        "#]],
    );
}

#[test]
fn what_jobs_need_of_nodes() {
    let needs = |needs: &'static str| Put("workload.yaml", "      asked-percent:", needs);
    let nodes = || Put("sites.yaml", "    phases:", "    nodes: {gpus-per-node: 8}\n    phases:");
    let whole = "      needs: {span: rack, cpu-cores-per-gpu: 12, memory-gib-per-gpu: 180}\n      asked-percent:";
    crate::check(
        &[nodes(), needs(whole)],
        expect![[r#"
        in order
    "#]],
    );
    crate::check(
        &[needs(whole)],
        expect![[r#"
        error: `needs`, and no site says how its machines stand
          --> workload.yaml:20:14
           |
        20 |       needs: {span: rack, cpu-cores-per-gpu: 12, memory-gib-per-gpu: 180}
           |              ^
           |
           = help: say it at a site, such as `nodes: {gpus-per-node: 8}`, or leave `needs` out
    "#]],
    );
    crate::check(
        &[
            nodes(),
            needs(
                "      needs: {span: row, cpu-cores: 12, memory-gib-per-gpu: 0}\n      asked-percent:",
            ),
        ],
        expect![[r#"
            error: expected one of `node`, `rack`, `hall`, `site`, found `row`
              --> workload.yaml:20:21
               |
            20 |       needs: {span: row, cpu-cores: 12, memory-gib-per-gpu: 0}
               |                     ^^^

            error: unknown key `cpu-cores`
              --> workload.yaml:20:26
               |
            20 |       needs: {span: row, cpu-cores: 12, memory-gib-per-gpu: 0}
               |                          ^^^^^^^^^
               |
               = help: did you mean `cpu-cores-per-gpu`?

            error: expected a whole number from 1 to 10000000, found `0`
              --> workload.yaml:20:61
               |
            20 |       needs: {span: row, cpu-cores: 12, memory-gib-per-gpu: 0}
               |                                                             ^
        "#]],
    );
    let conservative = format!("scheduling: {{backfill: conservative, {BASIS}}}\nstreams:");
    crate::check(
        &[nodes(), needs(whole), Put("workload.yaml", "streams:", &conservative)],
        expect![["in order\n"]],
    );
    let policy = format!("scheduling: {{node-policy: packing, {BASIS}}}\nstreams:");
    let drawn = Put("workload.yaml", "trace-jobs: research\n", "");
    crate::check(
        &[nodes(), drawn, Put("workload.yaml", "streams:", &policy)],
        expect![[r#"
            error: `node-policy`, and no stream has shares of a GPU or says what it needs of nodes
             --> workload.yaml:7:27
              |
            7 | scheduling: {node-policy: packing, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
              |                           ^^^^^^^
              |
              = help: say it in `jobs`, such as `needs: {span: node}`, or leave `node-policy` out
        "#]],
    );
    crate::check(
        &[nodes(), Put("sites.yaml", "gpus: 1_000,", "gpus: 8_388_616,")],
        expect![[r#"
            error: nodes of 8388616 GPUs, and at most 8388608 are told apart
              --> sites.yaml:13:12
               |
            13 |     nodes: {gpus-per-node: 8}
               |            ^
               |
               = help: make sites of its parts, or leave `nodes` out
        "#]],
    );
}

#[test]
fn what_shares_ask_of_scheduling() {
    let conservative = format!("scheduling: {{backfill: conservative, {BASIS}}}\nstreams:");
    crate::check(
        &[
            Put(
                "workload.yaml",
                "{gpus: 8, weight: 1}",
                "{gpus: 8, weight: 1}, {gpus: 0.25, weight: 3}",
            ),
            Put("workload.yaml", "streams:", &conservative),
        ],
        expect![[r#"
            error: a share of a GPU under conservative backfill, which goes by whole GPUs
              --> workload.yaml:17:44
               |
             8 | scheduling: {backfill: conservative, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
               |                        ------------ backfill is set here
            ...
            17 |       sizes: [{gpus: 8, weight: 1}, {gpus: 0.25, weight: 3}]
               |                                            ^^^^
               |
               = help: take `backfill: easy` or `first-fit`, or give whole GPUs
        "#]],
    );
    // On nodes of a GPU each, the policy still chooses among GPUs; a trace may bring shares.
    let policy = format!("scheduling: {{node-policy: packing, {BASIS}}}\nstreams:");
    let policy = || Put("workload.yaml", "streams:", &policy);
    let shares = Put("workload.yaml", "{gpus: 8,", "{gpus: 0.25,");
    for edits in
        [vec![policy()], vec![policy(), shares, Put("workload.yaml", "trace-jobs: research\n", "")]]
    {
        crate::check(&edits, expect![["in order\n"]]);
    }
    let many = || Put("sites.yaml", "gpus: 1_000,", "gpus: 8_388_609,");
    let shares = || {
        Put(
            "workload.yaml",
            "{gpus: 8, weight: 1}",
            "{gpus: 8, weight: 1}, {gpus: 0.25, weight: 3}",
        )
    };
    crate::check(
        &[many(), shares()],
        expect![[r#"
        error: shares of 8388609 GPUs of type `h100`, and at most 8388608 are told apart
          --> sites.yaml:6:3
           |
         6 |   hall:
           |   ^^^^
           |
          ::: workload.yaml:16:44
           |
        16 |       sizes: [{gpus: 8, weight: 1}, {gpus: 0.25, weight: 3}]
           |                                            ---- a share of a GPU
           |
           = help: make sites of its parts, or give whole GPUs
    "#]],
    );
    crate::check(&[many()], expect![["in order\n"]]);
    crate::check(&[shares()], expect![["in order\n"]]);
}
