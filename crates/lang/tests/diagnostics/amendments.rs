//! Versions and what they change.

use expect_test::expect;

use crate::Edit::Put;
use crate::check;

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
            6 | version: "2025-01-01"
              |          ^^^^^^^^^^^^
              |
             ::: v1.yaml:6:10
              |
            6 | version: "2024-01-01"
              |          ------------ the other version
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
