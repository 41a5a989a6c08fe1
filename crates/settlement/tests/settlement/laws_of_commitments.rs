//! Laws that hold for commitments of every kind, alone and several at once, and a second
//! computation of what is used of one.

use std::collections::BTreeMap;

use comity_base::{Decimal, Meter, Money, PriceUnit, Ratio, Rounding, TermId, Window};
use comity_settlement::{Drawdown, Reason, Standing, Supply, settle};
use comity_terms::{Commitment, InForce, Interval, Milestone, Prepaid, Promise, Shortfall, Unused};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::fixture::{at, in_force, object, party, terms, usd, window};
use crate::laws::{
    PERIOD, World, charges, hours, narrowest, rates, records, rounded, settled, span, supply_of,
};

fn decimal(hundredths: u32) -> Decimal {
    Decimal::parse(&format!("{}.{:02}", hundredths / 100, hundredths % 100)).unwrap()
}

fn promise() -> impl Strategy<Value = Promise> {
    let spend = prop_oneof![0_u32..5_000, 0_u32..5_000_000];
    let spend =
        spend.prop_map(|minor| Promise::Spend(Money { minor: i128::from(minor), currency: usd() }));
    prop_oneof![spend, used(option::of(0_u32..2_000))]
}

fn used(price: impl Strategy<Value = Option<u32>>) -> impl Strategy<Value = Promise> {
    (0_u32..10_000_000, price, select(&[0_u32, 50, 100, 300][..])).prop_map(
        |(quantity, price, weight)| Promise::Use {
            meter: Meter::GpuTime,
            per: PriceUnit::GpuHour,
            quantity: decimal(quantity),
            price: price.map(decimal),
            weights: BTreeMap::from([(object("x"), decimal(weight))]),
        },
    )
}

fn unused() -> impl Strategy<Value = Unused> {
    let at_most = select(&[(1, 2), (1, 1), (0, 1), (1, 3)][..]);
    prop_oneof![
        Just(Unused::Expires),
        (1_u32..4, at_most).prop_map(|(intervals, (n, d))| Unused::RollsOver {
            intervals,
            at_most: Ratio::new(n, d).unwrap(),
        }),
        (1_u32..4).prop_map(|intervals| Unused::MadeUp { intervals }),
    ]
}

/// Commitments of all kinds between two parties, one perhaps within the one before it.
fn commitments() -> impl Strategy<Value = Vec<InForce<Commitment>>> {
    let intervals = [Interval::Term, Interval::Day, Interval::Month, Interval::Quarter];
    let rules = (
        unused(),
        option::of(select(&[80_u32, 100, 150][..])),
        option::of(select(&[(0, 1), (1, 2), (1, 1)][..])),
        any::<bool>(),
        0_u32..3,
        any::<bool>(),
    );
    let one = (promise(), select(intervals.to_vec()), any::<bool>(), rules, span());
    vec(one, 1..5).prop_map(|rows| {
        let mut all: Vec<InForce<Commitment>> = Vec::new();
        for (index, (promise, interval, pay, rules, span)) in rows.into_iter().enumerate() {
            let (unused, overage, prepaid, before_discounts, priority, within) = rules;
            let priced = !matches!(promise, Promise::Use { price: None, .. });
            let shortfall = if pay && priced { Shortfall::Pay } else { Shortfall::Show };
            let term = interval == Interval::Term;
            let by = |date: &str, at_least| Milestone { by: at(date), at_least };
            let outer = all.last().filter(|_| within).filter(|outer| {
                std::mem::discriminant(&outer.value.promise) == std::mem::discriminant(&promise)
            });
            let of =
                Commitment::spend(party("a"), party("b"), Money::zero(usd()), interval, shortfall);
            let value = Commitment {
                within: outer.map(|outer| outer.term.clone()),
                unused: if term { Unused::Expires } else { unused },
                overage: overage.map(decimal),
                prepaid: prepaid
                    .filter(|_| priced)
                    .map(|(n, d)| Prepaid { upfront: Ratio::new(n, d).unwrap() }),
                before_discounts,
                priority,
                milestones: if term && before_discounts {
                    vec![by("2025-02-01", 1_000), by("2025-02-14", 90_000)]
                } else {
                    Vec::new()
                },
                promise,
                ..of
            };
            all.push(in_force(&format!("promise-{index}"), "v1", [&span, &span], value));
        }
        all
    })
}

fn world() -> impl Strategy<Value = World> {
    let rounding = select(&Rounding::NAMED[..]).prop_map(|(_, rounding)| rounding);
    (rounding, rates(), commitments(), records()).prop_map(
        |(rounding, rates, commitments, mut usage)| {
            // Most of it between the two parties.
            for record in usage.iter_mut().step_by(3).chain([]) {
                (record.buyer, record.seller) = (party("a"), party("b"));
            }
            let terms = comity_settlement::MoneyTerms { rounding, rates, commitments, ..terms() };
            World { terms, usage }
        },
    )
}

/// What of balances expired in an interval that ended.
fn expired(it: &Drawdown) -> i128 {
    match it.standing {
        Standing::Ended { shortfall, .. } => {
            shortfall.count - (it.remaining.count - it.rolled_out.count)
        }
        Standing::Running | Standing::OutOfForce { .. } => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn order_changes_nothing((world, shuffled) in world().prop_flat_map(|world| {
        let shuffled = Just(world.usage.clone()).prop_shuffle();
        (Just(world), shuffled)
    })) {
        let again = settle(&world.terms, window(PERIOD), &shuffled);
        prop_assert_eq!(again, Ok(settled(&world)));
    }

    #[test]
    fn each_part_of_a_charge_is_drawn_once(world in world()) {
        let settlement = settled(&world);
        // All that drew first, and all that one commitment was drawn by, with what came through
        // narrower ones, is at most the charge.
        let mut first: BTreeMap<u64, i128> = BTreeMap::new();
        let mut by_term: BTreeMap<(u64, &TermId), i128> = BTreeMap::new();
        let mut drawn: BTreeMap<&TermId, i128> = BTreeMap::new();
        for draw in &settlement.draws {
            prop_assert!(draw.counted.count > 0 && draw.amount.minor >= 0);
            if draw.through.is_none() {
                *first.entry(draw.entry).or_default() += draw.amount.minor;
            }
            *by_term.entry((draw.entry, &draw.term)).or_default() += draw.amount.minor;
            *drawn.entry(&draw.term).or_default() += draw.counted.count;
        }
        let amounts: BTreeMap<u64, i128> =
            charges(&settlement).map(|entry| (entry.id, entry.amount.minor)).collect();
        for (entry, sum) in first.iter().chain(by_term.iter().map(|((entry, _), sum)| (entry, sum))) {
            prop_assert!(*sum <= amounts[entry], "{sum} of {}", amounts[entry]);
        }
        for it in &settlement.drawdowns {
            *drawn.entry(&it.term).or_default() -= it.drawn.count + it.rolled_drawn.count;
        }
        prop_assert!(drawn.values().all(|&left| left == 0), "{drawn:?}");
    }

    #[test]
    fn no_more_is_credited_than_charged(world in world()) {
        let settlement = settled(&world);
        let mut left: BTreeMap<(Window, Supply), i128> = charges(&settlement)
            .filter(|entry| entry.reason.is_charge())
            .map(|entry| ((entry.segment, supply_of(entry)), entry.amount.minor))
            .collect();
        for entry in settlement.journal.entries() {
            let credited = matches!(entry.reason, Reason::Covered | Reason::MadeUp);
            if !credited || entry.used.is_none() || entry.payer == party("a") {
                continue;
            }
            let supply = supply_of(entry);
            let (buyer, seller) = (supply.seller, supply.buyer);
            let key = (entry.segment, Supply { buyer, seller, ..supply_of(entry) });
            *left.get_mut(&key).expect("a credit is for a charge") -= entry.amount.minor;
        }
        prop_assert!(left.values().all(|&left| left >= 0), "{left:?}");
    }

    #[test]
    fn balances_are_carried_from_interval_to_interval(world in world()) {
        let settlement = settled(&world);
        for it in &settlement.drawdowns {
            let used = it.drawn_before.count + it.drawn.count + it.fallen_short.count;
            prop_assert_eq!(used + it.remaining.count, it.amount.count.max(used));
            prop_assert!(it.rolled_drawn.count <= it.rolled_in.count);
            prop_assert!(expired(it) >= 0);
        }
        for pair in settlement.drawdowns.windows(2) {
            let [before, after] = pair else { continue };
            if before.term != after.term || before.interval.end() != after.interval.start() {
                continue;
            }
            let carried = before.rolled_in.count - before.rolled_drawn.count - expired(before)
                + before.rolled_out.count;
            prop_assert_eq!(after.rolled_in.count, carried);
            let short = match after.standing {
                Standing::Ended { shortfall, .. } => shortfall.count,
                Standing::Running | Standing::OutOfForce { .. } => 0,
            };
            prop_assert!(after.banked.count <= before.banked.count - after.made_up.count + short);
            prop_assert!(after.made_up.count <= before.banked.count);
        }
    }

    #[test]
    fn shortfalls_are_paid_once(world in world()) {
        let settlement = settled(&world);
        let paid = |reason: Reason| -> i128 {
            let entries = settlement.journal.entries().iter();
            entries.filter(|entry| entry.reason == reason).map(|entry| entry.amount.minor).sum()
        };
        let reported: i128 = settlement.drawdowns.iter().map(|it| it.shortfall_paid.minor).sum();
        prop_assert_eq!(paid(Reason::Shortfall), reported);
        let overage: i128 = settlement.drawdowns.iter().map(|it| it.overage.minor).sum();
        prop_assert_eq!(paid(Reason::Overage) - paid(Reason::OverageDiscount), overage);
        for it in settlement.drawdowns.iter().filter(|it| it.prepaid.minor > 0) {
            prop_assert_eq!(it.shortfall_paid.minor, 0);
        }
    }

    #[test]
    fn a_second_computation_of_use_agrees(
        (rates, usage, promise, span) in (rates(), records(), used(Just(None)), span()),
        rounding in select(&Rounding::NAMED[..]),
    ) {
        let value = Commitment {
            promise: promise.clone(),
            ..Commitment::spend(
                party("a"),
                party("b"),
                Money::zero(usd()),
                Interval::Month,
                Shortfall::Show,
            )
        };
        let commitments = vec![in_force("use", "v1", [&span, &span], value)];
        let terms = comity_settlement::MoneyTerms {
            rates,
            commitments,
            rounding: rounding.1,
            ..terms()
        };
        let world = World { terms, usage };
        let settlement = settled(&world);
        let Promise::Use { quantity, weights, .. } = promise else { panic!("a promise of use") };
        // In hundredths of a thousandth of a GPU-second, as the weights have two digits.
        let weight = &weights[&object("x")];
        let months = ["2025-01-01..2025-02-01", "2025-02-01..2025-03-01", "2025-03-01..2025-04-01"];
        let mut drawn = Vec::new();
        for month in months.map(window) {
            let Some(held) = month.intersect(window(&span)) else { continue };
            if held.intersect(window(PERIOD)).is_none() {
                continue;
            }
            let mut used = 0_i128;
            for record in &world.usage {
                let counts = record.buyer == party("a")
                    && record.seller == party("b")
                    && record.meter == Meter::GpuTime;
                for (hour, seconds) in hours(record).into_iter().filter(|_| counts) {
                    if held.contains(hour) && narrowest(&world.terms.rates, record, hour).is_some() {
                        let x = record.object == object("x");
                        used += seconds * if x { weight.at_scale(2).unwrap() } else { 100 };
                    }
                }
            }
            let whole = quantity.at_scale(2).unwrap() * 3_600_000 * i128::from(held.seconds());
            let amount = rounded(whole, i128::from(month.seconds()), rounding.1);
            drawn.push((amount, used.min(amount), used - used.min(amount)));
        }
        prop_assert_eq!(settlement.drawdowns.len(), drawn.len());
        for (it, (amount, drawn, beyond)) in settlement.drawdowns.iter().zip(drawn) {
            prop_assert_eq!((it.amount.count, it.drawn.count), (amount, drawn));
            // The charge that meets the promise is cut at a whole base unit: what is left of it is right
            // to half of one, by its weight.
            prop_assert!((it.beyond.count - beyond).abs() <= 150, "{} {beyond}", it.beyond.count);
        }
    }
}
