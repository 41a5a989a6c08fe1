//! Who is due what at a site, what is kept for whom, and how jobs are scheduled.

use expect_test::{Expect, expect};

use crate::Edit::Put;

const BASIS: &str = "basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}";

/// What is said when these lines are added to a file before a key. A `BASIS` in them stands for one.
fn check(file: &'static str, key: &'static str, lines: &str, expected: Expect) {
    let put = format!("{}\n{key}", lines.replace("BASIS", BASIS));
    crate::check(&[Put(file, key, &put)], expected);
}

/// In the site, which has 1,000 GPUs of one type.
fn site(lines: &str, expected: Expect) {
    check("sites.yaml", "    phases:", lines, expected);
}

fn workload(lines: &str, expected: Expect) {
    check("workload.yaml", "streams:", lines, expected);
}

#[test]
fn quotas() {
    site(
        "    quotas:\n      - {party: alphas, nominal: 600, lending-limit: 700, BASIS}\n      - {party: alpha, nominal: 500, from: 2025-02-02, to: 2025-02-01, BASIS}",
        expect![[r#"
            error: unknown party `alphas`
              --> sites.yaml:14:17
               |
            14 |       - {party: alphas, nominal: 600, lending-limit: 700, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
               |                 ^^^^^^
               |
               = help: did you mean `alpha`?

            error: lends 700 GPUs of 600
              --> sites.yaml:14:54
               |
            14 |       - {party: alphas, nominal: 600, lending-limit: 700, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
               |                                                      ^^^
               |
               = help: give at most 600, or leave it out where all may be lent

            error: the period ends at 2025-02-01, before it begins at 2025-02-02
              --> sites.yaml:15:60
               |
            15 |       - {party: alpha, nominal: 500, from: 2025-02-02, to: 2025-02-01, basis: {phrase: a, source: b, date: 2025-01-01, status: assum...
               |                                            ----------      ^^^^^^^^^^
               |                                            |
               |                                            it begins here
               |
               = help: periods are `[from, to)`: expected a date after 2025-02-02
        "#]],
    );
    site(
        "    quotas:\n      - {party: alpha, nominal: 600, BASIS}\n      - {party: alpha, nominal: 500, BASIS}",
        expect![[r#"
            error: nominal quotas of 1100 GPUs, and the site has at most 1000
              --> sites.yaml:14:33
               |
            14 |       - {party: alpha, nominal: 600, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
               |                                 ^^^
               |
               = help: what is due or kept at one time must be there at some time

            error: `alpha` has two quotas at this site at one time
              --> sites.yaml:15:9
               |
            14 |       - {party: alpha, nominal: 600, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
               |         - the other one
            15 |       - {party: alpha, nominal: 500, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
               |         ^
               |
               = help: add them up, or end one with `to` before the other begins
        "#]],
    );
}

#[test]
fn reservations() {
    site(
        "    reservations:\n      - {party: alpha, gpus: 0, from: 2025-02-01, to: 2025-03-01, BASIS}\n      - {party: alpha, gpus: 1001, from: 2025-02-01, to: 2025-03-01, BASIS}",
        expect![[r#"
            error: expected a whole number from 1 to 1000000000, found `0`
              --> sites.yaml:14:30
               |
            14 |       - {party: alpha, gpus: 0, from: 2025-02-01, to: 2025-03-01, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
               |                              ^

            error: reservations of 1001 GPUs, and the site has at most 1000
              --> sites.yaml:15:30
               |
            15 |       - {party: alpha, gpus: 1001, from: 2025-02-01, to: 2025-03-01, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
               |                              ^^^^
               |
               = help: what is due or kept at one time must be there at some time
        "#]],
    );
}

#[test]
fn scheduling() {
    workload(
        "scheduling: {backfill: eazy, order: fair-share, BASIS}",
        expect![[r#"
        error: expected one of `none`, `first-fit`, `easy`, `conservative`, found `eazy`
         --> workload.yaml:8:24
          |
        8 | scheduling: {backfill: eazy, order: fair-share, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
          |                        ^^^^
          |
          = help: did you mean `easy`?

        error: a fair share without `half-life-hours`
         --> workload.yaml:8:37
          |
        8 | scheduling: {backfill: eazy, order: fair-share, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
          |                                     ^^^^^^^^^^
          |
          = help: say after how long use counts half, such as `half-life-hours: 168`
    "#]],
    );
    workload(
        "scheduling: {half-life-hours: 168, shares: {alpha: 0}, preempt: {grace-minutes: 5}, BASIS}",
        expect![[r#"
            error: `half-life-hours` without a fair share
             --> workload.yaml:8:31
              |
            8 | scheduling: {half-life-hours: 168, shares: {alpha: 0}, preempt: {grace-minutes: 5}, basis: {phrase: a, source: b, date: 2025-01-01, s...
              |                               ^^^
              |
              = help: it counts where jobs go by `order: fair-share`

            error: `shares` without a fair share
             --> workload.yaml:8:44
              |
            8 | scheduling: {half-life-hours: 168, shares: {alpha: 0}, preempt: {grace-minutes: 5}, basis: {phrase: a, source: b, date: 2025-01-01, s...
              |                                            ^
              |
              = help: it counts where jobs go by `order: fair-share`

            error: expected a whole number from 1 to 1000000, found `0`
             --> workload.yaml:8:52
              |
            8 | scheduling: {half-life-hours: 168, shares: {alpha: 0}, preempt: {grace-minutes: 5}, basis: {phrase: a, source: b, date: 2025-01-01, s...
              |                                                    ^

            error: `grace-minutes`, and nobody gives way
             --> workload.yaml:8:81
              |
            8 | scheduling: {half-life-hours: 168, shares: {alpha: 0}, preempt: {grace-minutes: 5}, basis: {phrase: a, source: b, date: 2025-01-01, s...
              |                                                                                 ^
              |
              = help: say `priority: true` or `reclaim: true`, or leave `preempt` out
        "#]],
    );
    workload(
        "scheduling: {preempt: {given: tolld, acts: [{action: runn, object: nodes, by: user}]}, BASIS}",
        expect![[r#"
            error: `given`, and nobody gives way
             --> workload.yaml:8:31
              |
            8 | scheduling: {preempt: {given: tolld, acts: [{action: runn, object: nodes, by: user}]}, basis: {phrase: a, source: b, date: 2025-01-01...
              |                               ^^^^^
              |
              = help: say `priority: true` or `reclaim: true`, or leave `preempt` out

            error: unknown fact `tolld`
             --> workload.yaml:8:31
              |
            8 | scheduling: {preempt: {given: tolld, acts: [{action: runn, object: nodes, by: user}]}, basis: {phrase: a, source: b, date: 2025-01-01...
              |                               ^^^^^
              |
              = help: expected one of `goal-met`, `half-used`

            error: `acts`, and nobody gives way
             --> workload.yaml:8:44
              |
            8 | scheduling: {preempt: {given: tolld, acts: [{action: runn, object: nodes, by: user}]}, basis: {phrase: a, source: b, date: 2025-01-01...
              |                                            ^
              |
              = help: say `priority: true` or `reclaim: true`, or leave `preempt` out

            error: unknown action `runn`
             --> workload.yaml:8:54
              |
            8 | scheduling: {preempt: {given: tolld, acts: [{action: runn, object: nodes, by: user}]}, basis: {phrase: a, source: b, date: 2025-01-01...
              |                                                      ^^^^
              |
              = help: expected one of `build`, `host`, `sell`, `use`

            error: unknown object `nodes`
             --> workload.yaml:8:68
              |
            8 | scheduling: {preempt: {given: tolld, acts: [{action: runn, object: nodes, by: user}]}, basis: {phrase: a, source: b, date: 2025-01-01...
              |                                                                    ^^^^^
              |
              = help: expected one of `api`, `capacity`, `products`
        "#]],
    );
    workload(
        "scheduling: {preempt: {reclaim: true, given: told}, BASIS}",
        expect![[r#"
        error: `given`, and the terms are asked for nothing
         --> workload.yaml:8:46
          |
        8 | scheduling: {preempt: {reclaim: true, given: told}, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
          |                                              ^^^^
          |
          = help: say in `acts` what they must allow, or leave `given` out

        error: unknown fact `told`
         --> workload.yaml:8:46
          |
        8 | scheduling: {preempt: {reclaim: true, given: told}, basis: {phrase: a, source: b, date: 2025-01-01, status: assumed}}
          |                                              ^^^^
          |
          = help: expected one of `goal-met`, `half-used`
    "#]],
    );
    workload(
        "scheduling: {order: priority, preempt: {priority: true, grace-minutes: 5}, BASIS}",
        expect![[r#"
            in order
        "#]],
    );
}
