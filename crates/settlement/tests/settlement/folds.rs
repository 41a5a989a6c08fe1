//! Totals that are made in parts, numbered, and carried as rows.

use comity_base::Overflow;
use comity_settlement::{Amount, Numbered, OtherSlice, Problem, Supply, Totals, TotalsRow, Usage};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::fixture::{terms, usage, window};
use crate::laws::world;

const PERIOD: &str = "2025-01-20..2025-03-10";

fn numbered(totals: &mut Totals<'_>, record: &Usage) -> Numbered {
    let Usage { id, window, amount, .. } = *record;
    Numbered { id, supply: totals.number(&Supply::of(record)), window, amount }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn parts_that_are_numbered_and_carried_as_rows_come_to_the_same(
        world in world(3),
        places in vec(0_usize..3, 40),
        turned in 0_usize..1_000,
    ) {
        let empty = || Totals::new(&world.terms, window(PERIOD));
        let mut whole = empty();
        world.usage.iter().for_each(|record| whole.add(record));

        let mut parts = [empty(), empty(), empty()];
        for (place, part) in parts.iter_mut().enumerate() {
            let here = world.usage.iter().zip(&places).filter(|(_, at)| **at == place);
            let records: Vec<Numbered> =
                here.map(|(record, _)| numbered(part, record)).collect();
            part.add_numbered(&records);
        }
        let mut rows: Vec<TotalsRow> = parts.iter().flat_map(Totals::rows).collect();
        let middle = turned % rows.len();
        rows.rotate_left(middle);
        let mut carried = empty();
        for row in rows {
            carried.take(row).unwrap();
        }
        prop_assert_eq!(
            carried.rows().collect::<Vec<_>>(),
            whole.rows().collect::<Vec<_>>()
        );
        prop_assert_eq!(carried.settle(), whole.settle());
    }
}

#[test]
fn a_sum_that_does_not_fit_is_an_error_whichever_record_made_it_so() {
    let (terms, period) = (terms(), window(PERIOD));
    let one = usage("a b tokens-in x 5 2025-02-01..2025-02-02");
    let slice = window("2025-02-01..2025-03-01");
    let large =
        TotalsRow::Inside { slice, supply: Supply::of(&one), sum: i128::MAX.unsigned_abs() };
    let check = |steps: &[usize]| {
        let mut totals = Totals::new(&terms, period);
        for step in steps {
            match step {
                0 => totals.add(&one),
                _ => totals.take(large.clone()).unwrap(),
            }
        }
        let problems = totals.settle().unwrap_err().problems;
        assert!(
            matches!(&problems[..], [Problem::TooLarge { source: Overflow, .. }]),
            "{problems:?}"
        );
    };
    check(&[0, 1]);
    check(&[1, 0]);
    check(&[1, 1, 1, 0]);
    check(&[0, 1, 0, 1, 1]);
    let mut fits = Totals::new(&terms, period);
    fits.take(large.clone()).unwrap();
    assert_eq!(fits.settle().unwrap().unrated[0].total.quantity, i128::MAX);
}

#[test]
fn rows_of_other_slices_are_refused() {
    let (terms, period) = (terms(), window(PERIOD));
    let mut totals = Totals::new(&terms, period);
    let one = usage("a b tokens-in x 5 2025-02-01..2025-02-02");
    assert_eq!(one.amount, Amount::Counted { quantity: 5 });
    for text in ["2025-01-20..2025-02-10", "2025-03-10..2025-03-11", "2024-01-01..2025-03-10"] {
        let slice = window(text);
        let row = TotalsRow::Inside { slice, supply: Supply::of(&one), sum: 1 };
        assert_eq!(totals.take(row), Err(OtherSlice { slice, period }));
    }
}
