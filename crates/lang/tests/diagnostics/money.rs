//! Shares, stakes, rates and capital.

use expect_test::expect;

use crate::Edit::Put;
use crate::check;

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
