//! The part of the semantics that Cedar has too, against Cedar.

use comity_peers::differential::run;

#[test]
fn same_answers_as_cedar() {
    let (sets, requests) = (400, 50);
    let equal = run(0..sets, requests).expect("the answers are the same");
    assert_eq!(equal, 20_000);
}
