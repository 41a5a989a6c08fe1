//! Kinds of files, their keys, and the form of each value.

use expect_test::expect;

use crate::Edit::{Add, Put, Remove};
use crate::check;

#[test]
fn kinds_of_files() {
    check(
        &[Put("parties.yaml", "kind: parties", "kind: partys")],
        expect![[r#"
        error: unknown kind of file `partys`
         --> parties.yaml:2:7
          |
        2 | kind: partys
          |       ^^^^^^
          |
          = help: did you mean `parties`?
    "#]],
    );
    check(
        &[Put(
            "parties.yaml",
            r#"kind: parties
"#,
            "",
        )],
        expect![[r#"
            error: the file does not say what kind it is
             --> parties.yaml:2:1
              |
            2 | parties:
              | ^
              |
              = help: start with `kind:` and one of `deal`, `parties`, `version`, `sites`, `rates`, `record`, `workload`, `expect`, `feed`, `sources`
        "#]],
    );
    check(
        &[Put("parties.yaml", "kind: parties", "kind: invoice")],
        expect![[r#"
            error: unknown kind of file `invoice`
             --> parties.yaml:2:7
              |
            2 | kind: invoice
              |       ^^^^^^^
              |
              = help: expected one of `deal`, `parties`, `version`, `sites`, `rates`, `record`, `workload`, `expect`, `feed`, `sources`
        "#]],
    );
    check(
        &[Add(
            "z.yaml",
            r#"- one
- two
"#,
        )],
        expect![[r#"
            error: the file does not say what kind it is
             --> z.yaml:1:1
              |
            1 | - one
              | ^
              |
              = help: start with `kind:` and one of `deal`, `parties`, `version`, `sites`, `rates`, `record`, `workload`, `expect`, `feed`, `sources`
        "#]],
    );
}

#[test]
fn files_that_a_deal_has_once() {
    check(
        &[Add(
            "z.yaml",
            r#"kind: deal
name: Another
"#,
        )],
        expect![[r#"
            error: missing keys `summary`, `currency`, `rounding`, `silence`, `actions`, `objects`, `purposes`, `places`
             --> z.yaml:1:1
              |
            1 | kind: deal
              | ^^^^ in the mapping that begins here
              |
              = help: `summary`: what the deal is, in a few sentences
              = help: `currency`: the currency that the deal settles in
              = help: `rounding`: how amounts are rounded to the smallest unit
              = help: `silence`: how it is read when no term speaks of an act
              = help: `actions`: what may be done
              = help: `objects`: what it may be done to
              = help: `purposes`: what it may be done for
              = help: `places`: countries and regions

            error: a second file of kind `deal`
             --> z.yaml:1:7
              |
            1 | kind: deal
              |       ^^^^
              |
             ::: deal.yaml:2:7
              |
            2 | kind: deal
              |       ---- the first one
              |
              = help: a deal has one: merge the two
        "#]],
    );
    // Without it, its names are not unknown as well.
    check(
        &[Remove("deal.yaml")],
        expect![[r#"
            error: no file of kind `deal` in this folder
             --> extras.yaml:1:1
              |
            1 | # yaml-language-server: $schema=../../../../../schemas/version.schema.json
              | ^
              |
              = help: every deal has one, by custom `deal.yaml`, with its currency, rounding and names
        "#]],
    );
}

#[test]
fn missing_keys() {
    check(
        &[Put("parties.yaml", "  gamma: {name: Gamma, role: neither}", "  gamma: {}")],
        expect![[r#"
            error: missing keys `name`, `role`
             --> parties.yaml:6:10
              |
            6 |   gamma: {}
              |          ^ in the mapping that begins here
              |
              = help: `name`: its name for people
              = help: `role`: what it does in the deal
        "#]],
    );
    check(
        &[Put(
            "v1.yaml",
            r#"      holder: beta
      grantor: alpha
"#,
            "",
        )],
        expect![[r#"
            error: missing keys `holder`, `grantor`
              --> v1.yaml:13:7
               |
            13 |       id: build-alone
               |       ^^ in the mapping that begins here
               |
               = help: `holder`: who alone may
               = help: `grantor`: who granted it
        "#]],
    );
    check(
        &[Put(
            "v1.yaml",
            r#"      basis: {phrase: alone, source: the contract, date: 2024-01-01, status: stated}
"#,
            "",
        )],
        expect![[r#"
            error: missing key `basis`
              --> v1.yaml:13:7
               |
            13 |       id: build-alone
               |       ^^ in the mapping that begins here
               |
               = help: `basis`: what it rests on: `phrase`, `source`, `date`, `status`
        "#]],
    );
    check(
        &[Put(
            "v1.yaml",
            "{phrase: alone, source: the contract, date: 2024-01-01, status: stated}",
            "{phrase: alone}",
        )],
        expect![[r#"
            error: missing keys `source`, `date`, `status`
              --> v1.yaml:19:15
               |
            19 |       basis: {phrase: alone}
               |               ^^^^^^ in the mapping that begins here
               |
               = help: `source`: who published it
               = help: `date`: when it was published
               = help: `status`: stated by a party, reported by the press, derived by arithmetic, or assumed by us
        "#]],
    );
    check(
        &[Put("sites.yaml", "{name: H100}", "H100")],
        expect![[r#"
        error: expected a mapping with `name`, found `H100`
         --> sites.yaml:4:9
          |
        4 |   h100: H100
          |         ^^^^
    "#]],
    );
}

#[test]
fn keys_without_a_value() {
    // Left empty, a limit or a condition would be lost without a word.
    check(
        &[Put("v1.yaml", "cap: {total: 1 billion, paid-before: 1_000.50}", "cap:")],
        expect![[r#"
            error: `cap` has no value
              --> v1.yaml:26:7
               |
            26 |       cap:
               |       ^^^
               |
               = help: expected limits on what is paid
               = help: leave the key out where there is nothing to say
        "#]],
    );
    check(
        &[Put("v2.yaml", "condition: {fact: half-used, text: one half is used}", "condition:")],
        expect![[r#"
            error: `condition` has no value
              --> v2.yaml:29:7
               |
            29 |       condition:
               |       ^^^^^^^^^
               |
               = help: expected what must be met first
               = help: leave the key out where there is nothing to say
        "#]],
    );
    check(
        &[Put("v2.yaml", "for: alpha", "for: []")],
        expect![[r#"
        error: expected `any`, a party, a list of parties, or `all-but: [party]`, found a list
          --> v2.yaml:26:12
           |
        26 |       for: []
           |            ^ the list is empty
    "#]],
    );
    check(
        &[Put("v2.yaml", "{all-but: beta}", "{all-but: []}")],
        expect![[r#"
        error: expected a party or a list of parties, found a list
          --> v2.yaml:23:24
           |
        23 |       actor: {all-but: []}
           |                        ^
    "#]],
    );
    check(
        &[Put("v1.yaml", "action: build", "action: []")],
        expect![[r#"
        error: `action` has no value
          --> v1.yaml:17:7
           |
        17 |       action: []
           |       ^^^^^^
           |
           = help: expected what is done
    "#]],
    );
    check(
        &[Put("v1.yaml", "holder: beta", "holder: ~")],
        expect![[r#"
        error: `holder` has no value
          --> v1.yaml:14:7
           |
        14 |       holder: ~
           |       ^^^^^^
           |
           = help: expected who alone may
    "#]],
    );
    // Lists that need not be there may be left empty.
    check(
        &[Put(
            "v2.yaml",
            r#"replaces:
  - {term: build-alone, by: [build-first, others-build]}
ends: report-2024
"#,
            r#"replaces:
ends: build-alone
"#,
        )],
        expect![[r#"
            in order
        "#]],
    );
}

#[test]
fn unknown_keys() {
    // The nearest that is not there yet; what stands below it is checked as well.
    check(
        &[Put("v1.yaml", "grantor: alpha", "granter: alpah")],
        expect![[r#"
        error: unknown key `granter`
          --> v1.yaml:15:7
           |
        15 |       granter: alpah
           |       ^^^^^^^
           |
           = help: did you mean `grantor`?

        error: unknown party `alpah`
          --> v1.yaml:15:16
           |
        15 |       granter: alpah
           |                ^^^^^
           |
           = help: did you mean `alpha`?
    "#]],
    );
    check(
        &[Put("parties.yaml", "parties:", "partys:")],
        expect![[r#"
        error: unknown key `partys`
         --> parties.yaml:3:1
          |
        3 | partys:
          | ^^^^^^
          |
          = help: did you mean `parties`?
    "#]],
    );
    check(
        &[Put("sites.yaml", "acts:", "colour:")],
        expect![[r#"
            error: unknown key `colour`
              --> sites.yaml:12:5
               |
            12 |     colour: [{action: build, object: capacity, by: host}]
               |     ^^^^^^
               |
               = help: expected one of `acts`, `nodes`, `faults`, `maintenance`, `quotas`, `reservations`
        "#]],
    );
    check(
        &[Put("v2.yaml", "  - permission:", "  - permision:")],
        expect![[r#"
        error: unknown kind `permision`
          --> v2.yaml:20:5
           |
        20 |   - permision:
           |     ^^^^^^^^^
           |
           = help: did you mean `permission`?
    "#]],
    );
    check(
        &[Put("v1.yaml", "  - duty:", "  - promise:")],
        expect![[r#"
            error: unknown kind `promise`
              --> v1.yaml:28:5
               |
            28 |   - promise:
               |     ^^^^^^^
               |
               = help: expected one of `exclusivity`, `permission`, `prohibition`, `first-refusal`, `option`, `duty`, `guarantee`, `clause`, `revenue-share`, `commitment`, `discount`, `credit`, `cost-split`, `equity`, `capital-commitment`, `governance`, `technology-partner`, `capacity`
        "#]],
    );
    check(
        &[Put(
            "deal.yaml",
            "{event: The goal was met.}",
            "{event: The goal was met., state: It is met.}",
        )],
        expect![[r#"
            error: `state` beside `event`
              --> deal.yaml:27:40
               |
            27 |   goal-met: {event: The goal was met., state: It is met.}
               |              -----                     ^^^^^
               |              |
               |              only one can stand here
               |
               = help: in a list, give each an item of its own, with a `-` before it
        "#]],
    );
}

#[test]
fn formats() {
    check(
        &[Put("v1.yaml", "agreement: alpha-beta", "agreement: Alpha & Beta")],
        expect![[r#"
        error: expected an id: lower-case letters, digits and `-` or `.`, at most 64, found `Alpha & Beta`
         --> v1.yaml:3:12
          |
        3 | agreement: Alpha & Beta
          |            ^^^^^^^^^^^^
    "#]],
    );
    check(
        &[Put("v1.yaml", "executed: 2024-01-01", "executed: 1 January 2024")],
        expect![[r#"
        error: expected a date such as `2025-01-21`, or a time such as `2025-01-21T09:00:00Z`, found `1 January 2024`
         --> v1.yaml:8:11
          |
        8 | executed: 1 January 2024
          |           ^^^^^^^^^^^^^^
    "#]],
    );
    check(
        &[Put("rates.yaml", "price: 15.00", "price: -15")],
        expect![[r#"
        error: expected a number of zero or more, such as `3.20`, found `-15`
          --> rates.yaml:29:12
           |
        29 |     price: -15
           |            ^^^
    "#]],
    );
    check(
        &[Put("sites.yaml", "gpus: 1_000", "gpus: 1e3")],
        expect![[r#"
        error: expected a whole number from 0 to 1000000000, found `1e3`
          --> sites.yaml:14:45
           |
        14 |       - {from: 2025-01-01, gpu: h100, gpus: 1e3, power-mw: 1.4, basis: {phrase: opens, source: Beta, date: 2025-01-01, status: stated}}
           |                                             ^^^
    "#]],
    );
    check(
        &[Put("v2.yaml", "election-days: 30", "election-days: 0")],
        expect![[r#"
        error: expected a whole number from 1 to 3650, found `0`
          --> v2.yaml:18:22
           |
        18 |       election-days: 0
           |                      ^
    "#]],
    );
    check(
        &[Put("v2.yaml", "amount: 5 million", "amount: 5 trillion")],
        expect![[r#"
            error: expected an amount such as `1_000.50`, `250 billion` or `EUR 1_000`, found `5 trillion`
              --> v2.yaml:60:15
               |
            60 |       amount: 5 trillion
               |               ^^^^^^^^^^
        "#]],
    );
    check(
        &[Put("v2.yaml", "amount: 5 million", "amount: -5")],
        expect![[r#"
        error: expected an amount of zero or more, found `-5`
          --> v2.yaml:60:15
           |
        60 |       amount: -5
           |               ^^
    "#]],
    );
    check(
        &[Put("v1.yaml", "paid-before: 1_000.50", "paid-before: 1_000.505")],
        expect![[r#"
        error: expected an amount of USD with at most 2 digits behind the point, found `1_000.505`
          --> v1.yaml:26:44
           |
        26 |       cap: {total: 1 billion, paid-before: 1_000.505}
           |                                            ^^^^^^^^^
    "#]],
    );
    check(
        &[Put("v2.yaml", "share: 1/3", "share: a third")],
        expect![[r#"
        error: expected a share between 0 % and 100 %, such as `20 %` or `1/3`, found `a third`
          --> v2.yaml:54:14
           |
        54 |       share: a third
           |              ^^^^^^^
    "#]],
    );
    check(
        &[Put("v2.yaml", "funds: true", "funds: maybe")],
        expect![[r#"
        error: expected `true` or `false`, found `maybe`
          --> v2.yaml:72:14
           |
        72 |       funds: maybe
           |              ^^^^^
    "#]],
    );
    check(
        &[Put("deal.yaml", "rounding: half-even", "rounding: half-evn")],
        expect![[r#"
        error: expected one of `half-even`, `half-up`, `down`, `up`, found `half-evn`
         --> deal.yaml:6:11
          |
        6 | rounding: half-evn
          |           ^^^^^^^^
          |
          = help: did you mean `half-even`?
    "#]],
    );
    check(
        &[Put("deal.yaml", "rounding: half-even", "rounding: bankers")],
        expect![[r#"
        error: expected one of `half-even`, `half-up`, `down`, `up`, found `bankers`
         --> deal.yaml:6:11
          |
        6 | rounding: bankers
          |           ^^^^^^^
    "#]],
    );
    check(
        &[Put("deal.yaml", "code: USD", "code: dollars")],
        expect![[r#"
        error: expected a currency code of three capital letters, such as `USD`, found `dollars`
         --> deal.yaml:5:18
          |
        5 | currency: {code: dollars, digits: 2}
          |                  ^^^^^^^
    "#]],
    );
    check(
        &[Put("deal.yaml", "digits: 2", "digits: 7")],
        expect![[r#"
        error: expected a whole number from 0 to 6, found `7`
         --> deal.yaml:5:31
          |
        5 | currency: {code: USD, digits: 7}
          |                               ^
    "#]],
    );
    check(
        &[Put("deal.yaml", "name: Minimal", r#"name: " ""#)],
        expect![[r#"
        error: expected some text, found ` `
         --> deal.yaml:3:7
          |
        3 | name: " "
          |       ^^^
    "#]],
    );
    check(
        &[Put(
            "v1.yaml",
            r#"adds:
  - exclusivity"#,
            r#"adds: none
more:
  - exclusivity"#,
        )],
        expect![[r#"
            error: expected a list, found `none`
              --> v1.yaml:11:7
               |
            11 | adds: none
               |       ^^^^

            error: unknown key `more`
              --> v1.yaml:12:1
               |
            12 | more:
               | ^^^^
               |
               = help: expected one of `replaces`, `ends`, `suspends`, `extends`, `corrects`, `annuls`

            error: unknown term `build-alone`
              --> v2.yaml:86:12
               |
            86 |   - {term: build-alone, by: [build-first, others-build]}
               |            ^^^^^^^^^^^
               |
               = help: expected one of `backing`, `build-first`, `capital`, `chair`, `first-hall`, `good-faith`, `no-resale`, `others-build`, `partner`, `resale-consent`, `spend`, `stake`, `third-hall`, `third-hall-option`

            error: unknown term `report-2024`
              --> v2.yaml:87:7
               |
            87 | ends: report-2024
               |       ^^^^^^^^^^^
               |
               = help: expected one of `backing`, `build-first`, `capital`, `chair`, `first-hall`, `good-faith`, `no-resale`, `others-build`, `partner`, `resale-consent`, `spend`, `stake`, `third-hall`, `third-hall-option`
        "#]],
    );
    check(
        &[Put(
            "deal.yaml",
            r#"facts:
  goal-met: {event: The goal was met.}
  half-used: {state: One half is used.}"#,
            "facts: [goal-met]",
        )],
        expect![[r#"
            error: expected a mapping from names to their meaning, found a list
              --> deal.yaml:26:8
               |
            26 | facts: [goal-met]
               |        ^

            error: unknown fact `half-used`
             --> record.yaml:5:12
              |
            5 |   - {fact: half-used, holds: yes, from: 2025-02-01, recorded: 2025-02-02, basis: {phrase: used, source: Alpha, date: 2025-02-02, stat...
              |            ^^^^^^^^^

            error: unknown fact `half-used`
              --> v2.yaml:29:25
               |
            29 |       condition: {fact: half-used, text: one half is used}
               |                         ^^^^^^^^^
        "#]],
    );
    check(
        &[Put("v2.yaml", "for: alpha", "for: {but: alpha}")],
        expect![[r#"
        error: expected `any`, a party, a list of parties, or `all-but: [party]`, found a mapping
          --> v2.yaml:26:12
           |
        26 |       for: {but: alpha}
           |            ^
    "#]],
    );
    check(
        &[Put(
            "record.yaml",
            "election: {declined: 2025-02-10, recorded: 2025-02-10}",
            "election: declined",
        )],
        expect![[r#"
            error: an election needs one of `accepted` and `declined`
              --> record.yaml:10:15
               |
            10 |     election: declined
               |               ^^^^^^^^
               |
               = help: say when the holder did which

            error: expected a mapping with `recorded`, found `declined`
              --> record.yaml:10:15
               |
            10 |     election: declined
               |               ^^^^^^^^
        "#]],
    );
    check(
        &[Put("rates.yaml", "date: 2024-01-01", "date:")],
        expect![[r#"
        error: `date` has no value
          --> rates.yaml:14:43
           |
        14 |     basis: {phrase: "2.10", source: Beta, date:, status: stated}
           |                                           ^^^^
           |
           = help: expected when it was published
    "#]],
    );
    check(
        &[Put("v1.yaml", "parties: [alpha, beta]", "parties: [alpha, {beta: yes}]")],
        expect![[r#"
            error: expected an id: lower-case letters, digits and `-` or `.`, at most 64, found a mapping
             --> v1.yaml:5:18
              |
            5 | parties: [alpha, {beta: yes}]
              |                  ^
        "#]],
    );
    check(
        &[Put("parties.yaml", "  gamma:", "  any:")],
        expect![[r#"
            error: unknown party `gamma`
             --> extras.yaml:5:24
              |
            5 | parties: [alpha, beta, gamma]
              |                        ^^^^^
              |
              = help: expected one of `alpha`, `any`, `beta`

            error: unknown party `gamma`
              --> extras.yaml:29:18
               |
            29 |       guarantor: gamma
               |                  ^^^^^
               |
               = help: expected one of `alpha`, `any`, `beta`

            error: a party cannot have the id `any`
             --> parties.yaml:6:3
              |
            6 |   any: {name: Gamma, role: neither}
              |   ^^^
              |
              = help: terms say `any` for everyone: give the party another id

            error: unknown party `gamma`
              --> workload.yaml:29:17
               |
            29 |       customer: gamma
               |                 ^^^^^
               |
               = help: expected one of `alpha`, `any`, `beta`
        "#]],
    );
}

#[test]
fn texts_that_yaml_would_not_read_as_text() {
    check(
        &[
            Put("v1.yaml", "version: \"2024-01-01\"", "version: 2024-01-01"),
            Put("v1.yaml", "id: report-2024", "id: 1e3"),
            Put("v2.yaml", "ends: report-2024", "ends: 1e3"),
            Put("parties.yaml", "  gamma:", "  no:"),
            Put("deal.yaml", "name: Minimal", "name: 2025"),
            Put("record.yaml", "holds: yes", "\"holds\": yes"),
        ],
        expect![[r#"
            error: `2025` without quotes
             --> deal.yaml:3:7
              |
            3 | name: 2025
              |       ^^^^ YAML does not read this as text
              |
              = help: write `"2025"`; `comity format` does it for the whole deal

            error: unknown party `gamma`
             --> extras.yaml:5:24
              |
            5 | parties: [alpha, beta, gamma]
              |                        ^^^^^
              |
              = help: expected one of `alpha`, `beta`, `no`

            error: unknown party `gamma`
              --> extras.yaml:29:18
               |
            29 |       guarantor: gamma
               |                  ^^^^^
               |
               = help: expected one of `alpha`, `beta`, `no`

            error: `no` without quotes
             --> parties.yaml:6:3
              |
            6 |   no: {name: Gamma, role: neither}
              |   ^^ YAML does not read this as text
              |
              = help: write `"no"`; `comity format` does it for the whole deal

            error: `2024-01-01` without quotes
             --> v1.yaml:6:10
              |
            6 | version: 2024-01-01
              |          ^^^^^^^^^^ YAML does not read this as text
              |
              = help: write `"2024-01-01"`; `comity format` does it for the whole deal

            error: `1e3` without quotes
              --> v1.yaml:29:11
               |
            29 |       id: 1e3
               |           ^^^ YAML does not read this as text
               |
               = help: write `"1e3"`; `comity format` does it for the whole deal

            error: `1e3` without quotes
              --> v2.yaml:87:7
               |
            87 | ends: 1e3
               |       ^^^ YAML does not read this as text
               |
               = help: write `"1e3"`; `comity format` does it for the whole deal

            error: unknown party `gamma`
              --> workload.yaml:29:17
               |
            29 |       customer: gamma
               |                 ^^^^^
               |
               = help: expected one of `alpha`, `beta`, `no`
        "#]],
    );
}
