//! Every diagnostic as a reader sees it: what a small deal that is in order says when one part
//! of it is wrong.

#![expect(clippy::too_many_lines, reason = "a test lists its cases, each with what it shows")]

#[path = "common/files.rs"]
mod files;
#[path = "common/render.rs"]
mod render;

use std::sync::Arc;

use comity_lang::{Source, read};
use expect_test::{Expect, expect};

use files::deal;
use render::render;

/// The smallest deal that has every kind of file and of term.
const MINIMAL: &str = "tests/deals/minimal";

/// A change to the files of the small deal.
enum Edit<'a> {
    /// In a file, the first place of a text becomes another.
    Put(&'a str, &'a str, &'a str),
    /// A file more.
    Add(&'a str, &'a str),
    /// A file less.
    Remove(&'a str),
}
use Edit::{Add, Put, Remove};

/// What reading the small deal reports after some edits.
fn check(edits: &[Edit<'_>], expected: Expect) {
    let mut sources = deal(MINIMAL);
    for edit in edits {
        match edit {
            Put(path, from, to) => {
                let source = sources.iter_mut().find(|source| *source.path == **path);
                let source = source.unwrap_or_else(|| panic!("no file `{path}`"));
                assert!(source.text.contains(from), "`{from}` is not in `{path}`");
                source.text = source.text.replacen(from, to, 1);
            }
            Add(path, text) => {
                sources.push(Source { path: Arc::from(*path), text: (*text).to_owned() });
            }
            Remove(path) => sources.retain(|source| *source.path != **path),
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    let text = match read(&sources) {
        Ok(_) => "in order\n".to_owned(),
        Err(found) => render(&sources, &found),
    };
    expected.assert_eq(&text);
}

#[test]
fn the_small_deal_is_in_order() {
    check(
        &[],
        expect![[r#"
        in order
    "#]],
    );
}

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
        6 | version: 2024-01-01
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
           = help: expected `acts`
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
fn shares_above_the_whole() {
    check(
        &[Put("v1.yaml", "rate: 20 %", "rate: 120 %")],
        expect![[r#"
        error: expected a share between 0 % and 100 %, such as `20 %` or `1/3`, found `120 %`
          --> v1.yaml:25:13
           |
        25 |       rate: 120 %
           |             ^^^^^
    "#]],
    );
    check(
        &[Put("v2.yaml", "share: 1/3", "share: 4/3")],
        expect![[r#"
        error: expected a share between 0 % and 100 %, such as `20 %` or `1/3`, found `4/3`
          --> v2.yaml:54:14
           |
        54 |       share: 4/3
           |              ^^^
    "#]],
    );
    // Two that are too much together.
    check(
        &[Put(
            "v2.yaml",
            "  - commitment:",
            r#"  - revenue-share:
      id: share-2025
      payer: alpha
      payee: beta
      base: api
      rate: 81 %
      basis: {phrase: most, source: the contract, date: 2024-12-01, status: stated}
  - commitment:"#,
        )],
        expect![[r#"
            error: more than 100 % of the revenue of `alpha` from `api` is shared in [2025-01-01, open)
              --> v2.yaml:41:5
               |
            41 |   - revenue-share:
               |     ^^^^^^^^^^^^^
               |
               = help: by `share-2024`, `share-2025` together
        "#]],
    );
}

#[test]
fn stakes_above_the_whole() {
    check(
        &[Put(
            "v2.yaml",
            "  - capital-commitment:",
            r#"  - equity:
      id: stake-too
      holder: beta
      company: alpha
      share: 70 %
      basis: {phrase: most, source: the contract, date: 2024-12-01, status: reported}
  - capital-commitment:"#,
        )],
        expect![[r#"
            error: more than 100 % of `alpha` is held in [2025-01-01, open)
              --> v2.yaml:56:5
               |
            56 |   - equity:
               |     ^^^^^^
               |
               = help: by `stake-too`, `stake` together
        "#]],
    );
}

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
version: 2025-01-01
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
            5 | version: 2025-01-01
              |          ^^^^^^^^^^
              |
             ::: v2.yaml:6:10
              |
            6 | version: 2025-01-01
              |          ---------- first here
              |
              = help: give each version the date from which it is effective as its id
        "#]],
    );
}

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
fn versions_that_overlap() {
    check(
        &[Put(
            "v1.yaml",
            "effective: {from: 2024-01-01}",
            "effective: {from: 2024-01-01, to: 2025-07-01}",
        )],
        expect![[r#"
            in order
        "#]],
    );
    check(
        &[Put("v2.yaml", "effective: {from: 2025-01-01}", "effective: {from: 2024-01-01}")],
        expect![[r#"
            error: versions of `alpha-beta` overlap: this one and `2024-01-01` become effective together, in [2024-01-01, open)
             --> v2.yaml:6:10
              |
            6 | version: 2025-01-01
              |          ^^^^^^^^^^
              |
             ::: v1.yaml:6:10
              |
            6 | version: 2024-01-01
              |          ---------- the other version
              |
              = help: give each version a date of its own, or make one of the two
        "#]],
    );
}

#[test]
fn amendments() {
    // Not in force any more.
    check(
        &[Put("v2.yaml", "ends: report-2024", "ends: [report-2024, build-alone]")],
        expect![[r#"
            error: term `build-alone` is not in force on 2025-01-01
              --> v2.yaml:86:12
               |
            86 |   - {term: build-alone, by: [build-first, others-build]}
               |            ^^^^^^^^^^^ an amendment can only replace or end what is in force when it takes effect
               |
               = help: expected `share-2024`
        "#]],
    );
    // Not there at all, and no contradiction with the term that was meant.
    check(
        &[Put("v2.yaml", "{term: build-alone,", "{term: build-alonee,")],
        expect![[r#"
        error: unknown term `build-alonee`
          --> v2.yaml:86:12
           |
        86 |   - {term: build-alonee, by: [build-first, others-build]}
           |            ^^^^^^^^^^^^
           |
           = help: did you mean `build-alone`?
    "#]],
    );
    check(
        &[Put("v2.yaml", "by: [build-first, others-build]", "by: [build-first, share-2024]")],
        expect![[r#"
            error: term `share-2024` is not among what this version adds
              --> v2.yaml:86:43
               |
            86 |   - {term: build-alone, by: [build-first, share-2024]}
               |                                           ^^^^^^^^^^
               |
               = help: expected one of `build-first`, `capital`, `chair`, `first-hall`, `good-faith`, `no-resale`, `others-build`, `partner`, `spend`, `stake`
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
fn rates() {
    check(
        &[Put("rates.yaml", "to: 2026-01-01", "to: 2026-07-01")],
        expect![[r#"
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
    "#]],
    );
    check(
        &[Put("rates.yaml", "per: million-tokens", "per: gpu-hour")],
        expect![[r#"
            error: rate `api-out` is for a unit that its meter does not count
              --> rates.yaml:25:3
               |
            25 |   api-out:
               |   ^^^^^^^
               |
               = help: `gpu-time`, `node-time` and `core-time` are priced per `gpu-hour`, `node-hour` and `core-hour`, tokens per `million-tokens`, `power` per `mw-month`, `mw-year` or `kw-hour`, `storage` per `tb-month`
        "#]],
    );
}

#[test]
fn partners() {
    check(
        &[Put("v2.yaml", "funds: true", "funds: false")],
        expect![[r#"
        error: `beta` is a technology partner that funds nothing, but has the capital commitment `capital`
          --> v2.yaml:68:5
           |
        68 |   - technology-partner:
           |     ^^^^^^^^^^^^^^^^^^
           |
           = help: set `funds: true`, or take the capital commitment out
    "#]],
    );
}

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

#[test]
fn changes_by_amendments() {
    check(
        &[Put(
            "v2.yaml",
            "ends: report-2024",
            r#"ends: report-2024
suspends:
  - {term: share-2024, from: 2026-01-01, to: 2025-01-01}"#,
        )],
        expect![[r#"
            error: the period ends at 2025-01-01, before it begins at 2026-01-01
              --> v2.yaml:89:46
               |
            89 |   - {term: share-2024, from: 2026-01-01, to: 2025-01-01}
               |                              ----------      ^^^^^^^^^^
               |                              |
               |                              it begins here
               |
               = help: periods are `[from, to)`: expected a date after 2026-01-01
        "#]],
    );
    check(
        &[Put(
            "v2.yaml",
            "ends: report-2024",
            r#"ends: report-2024
suspends:
  - {term: share-2042, from: 2026-01-01}"#,
        )],
        expect![[r#"
            error: unknown term `share-2042`
              --> v2.yaml:89:12
               |
            89 |   - {term: share-2042, from: 2026-01-01}
               |            ^^^^^^^^^^
               |
               = help: did you mean `share-2024`?
        "#]],
    );
    check(
        &[Put(
            "v2.yaml",
            "ends: report-2024",
            r#"ends: report-2024
extends:
  - {term: build-alone, to: 2031-01-01}"#,
        )],
        expect![[r#"
            in order
        "#]],
    );
    check(
        &[Put(
            "v2.yaml",
            "ends: report-2024",
            r#"ends: report-2024
extends:
  - {term: no-resail, to: 2031-01-01}"#,
        )],
        expect![[r#"
            error: unknown term `no-resail`
              --> v2.yaml:89:12
               |
            89 |   - {term: no-resail, to: 2031-01-01}
               |            ^^^^^^^^^
               |
               = help: did you mean `no-resale`?
        "#]],
    );
    check(
        &[Put(
            "v2.yaml",
            "ends: report-2024",
            r#"ends: report-2024
corrects:
  - {term: share-2024, by: [share-2024]}"#,
        )],
        expect![[r#"
            error: term `share-2024` is not among what this version adds
              --> v2.yaml:89:29
               |
            89 |   - {term: share-2024, by: [share-2024]}
               |                             ^^^^^^^^^^
               |
               = help: expected one of `build-first`, `capital`, `chair`, `first-hall`, `good-faith`, `no-resale`, `others-build`, `partner`, `spend`, `stake`
        "#]],
    );
    check(
        &[Put(
            "v2.yaml",
            "ends: report-2024",
            r#"ends: report-2024
annuls: [share, report-2024]"#,
        )],
        expect![[r#"
            error: term `report-2024` is not in force on 2025-01-01
              --> v2.yaml:87:7
               |
            87 | ends: report-2024
               |       ^^^^^^^^^^^ an amendment can only replace or end what is in force when it takes effect
               |
               = help: expected one of `build-alone`, `share-2024`

            error: unknown term `share`
              --> v2.yaml:88:10
               |
            88 | annuls: [share, report-2024]
               |          ^^^^^
               |
               = help: did you mean `share-2024`?
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

/// What a term rests on, in tests that are about something else.
const BASIS: &str = "basis: {phrase: p, source: s, date: 2025-01-01, status: assumed}";

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
  - {{option: longer, by: beta, on: 2025-07-01, recorded: 2025-07-01, {BASIS}}}
  - {{option: longer, by: alpha, on: 2025-08-01, recorded: 2025-08-01, {BASIS}}}
  - {{option: later, by: alpha, on: 2025-02-01, recorded: 2025-02-01, {BASIS}}}
consents:"
    );
    check(
        &[Put("v2.yaml", "adds:", &adds), Put("record.yaml", "consents:", &exercises)],
        expect![[r#"
            error: `beta` cannot exercise `longer`
              --> record.yaml:14:14
               |
            14 |   - {option: longer, by: beta, on: 2025-07-01, recorded: 2025-07-01, basis: {phrase: p, source: s, date: 2025-01-01, status: assumed}}
               |              ^^^^^^
               |
               = help: the option is `alpha`'s: only it can exercise it

            error: option `longer` cannot be exercised on 2025-07-01
              --> record.yaml:14:14
               |
            14 |   - {option: longer, by: beta, on: 2025-07-01, recorded: 2025-07-01, basis: {phrase: p, source: s, date: 2025-01-01, status: assumed}}
               |              ^^^^^^
               |
               = help: it can be in [2025-01-01, 2025-06-01)

            error: option `longer` is exercised twice
              --> record.yaml:15:14
               |
            14 |   - {option: longer, by: beta, on: 2025-07-01, recorded: 2025-07-01, basis: {phrase: p, source: s, date: 2025-01-01, status: assumed}}
               |              ------ first here
            15 |   - {option: longer, by: alpha, on: 2025-08-01, recorded: 2025-08-01, basis: {phrase: p, source: s, date: 2025-01-01, status: assumed}}
               |              ^^^^^^

            error: term `later` is not an option, so it cannot be exercised
              --> record.yaml:16:14
               |
            16 |   - {option: later, by: alpha, on: 2025-02-01, recorded: 2025-02-01, basis: {phrase: p, source: s, date: 2025-01-01, status: assumed}}
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
version: 2025-02-01
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
