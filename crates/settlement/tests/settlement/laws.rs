//! Laws that hold for any terms and usage, and a second computation to compare with.
//!
//! Everything happens on the hour, so the second computation can walk the period hour by hour;
//! it shares no code with the crate beyond the types.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{Instant, Meter, Rounding, TermId, Window};
use comity_settlement::{
    Amount, Entry, MoneyTerms, Reason, Settlement, Standing, Supply, Totals, Usage, owed, settle,
    statements, sums_of_statements,
};
use comity_terms::{Commitment, InForce, Rate, RevenueShare, Shortfall};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::fixture::{at, commitment, in_force, rate, share, terms, usage, usd, window};

const HOUR: i64 = 3_600;
pub(crate) const PERIOD: &str = "2025-01-20..2025-03-10";

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) terms: MoneyTerms,
    pub(crate) usage: Vec<Usage>,
}

/// An instant from two days before the period to two days after it.
fn hour() -> impl Strategy<Value = Instant> {
    (-48_i64..(49 + 2) * 24).prop_map(|hours| at("2025-01-20").plus_seconds(hours * HOUR))
}

pub(crate) fn span() -> impl Strategy<Value = String> {
    let text = |at: Instant| at.to_string();
    (hour(), 1_i64..900).prop_map(move |(start, hours)| {
        format!("{}..{}", text(start), text(start.plus_seconds(hours * HOUR)))
    })
}

fn party() -> impl Strategy<Value = &'static str> {
    select(&["a", "b", "c"][..])
}

fn supply_text() -> impl Strategy<Value = String> {
    let meter = select(&["gpu-time", "tokens-in", "tokens-out", "power"][..]);
    let object = select(&["x", "y"][..]);
    let site = select(&["", "@s", "@t"][..]);
    let gpu = select(&["", "/h"][..]);
    (party(), party(), meter, object, site, gpu).prop_map(
        |(buyer, seller, meter, object, site, gpu)| {
            format!("{buyer} {seller} {meter} {object}{site}{gpu}")
        },
    )
}

/// Records of a few supplies, so that many meet in one total.
pub(crate) fn records() -> impl Strategy<Value = Vec<Usage>> {
    let texts = vec(supply_text(), 1..8).prop_flat_map(|supplies| {
        let record = (select(supplies), amount(), span());
        let text = |(supply, amount, span): (String, Thousandths, String)| {
            format!("{supply} {} {span}", amount.text(&supply))
        };
        vec(record.prop_map(text), 0..40)
    });
    texts.prop_map(|texts| {
        let numbered = texts.iter().zip(1..);
        numbered.map(|(text, id)| Usage { id, ..usage(text) }).collect()
    })
}

/// Something held or counted: so many, and thousandths more where it is GPU time.
#[derive(Debug, Clone, Copy)]
struct Thousandths {
    is_held: bool,
    whole: i128,
    more: i128,
}

impl Thousandths {
    fn text(self, supply: &str) -> String {
        let Self { is_held, whole, more } = self;
        let ending = if is_held { "x" } else { "" };
        match supply.contains("gpu-time") {
            true => Meter::GpuTime.written(whole * 1_000 + more) + ending,
            false => format!("{whole}{ending}"),
        }
    }
}

fn amount() -> impl Strategy<Value = Thousandths> {
    let more = prop_oneof![Just(0), 1_i128..1_000];
    (any::<bool>(), 0_i128..2_000, 0_i128..1_000_000, more).prop_map(
        |(is_held, level, by, more)| {
            let whole = if is_held { level } else { level * by };
            Thousandths { is_held, whole, more }
        },
    )
}

/// Lines that may overlap only when one is narrower: two for each thing that they name.
pub(crate) fn rates() -> impl Strategy<Value = Vec<Rate>> {
    let units = &[
        ("gpu-hour", "gpu-time"),
        ("million-tokens", "tokens-in"),
        ("million-tokens", "tokens-out"),
        ("mw-year", "power"),
        ("kw-hour", "power"),
    ][..];
    let names = [
        select(&["", "buyer=a", "buyer=b"][..]),
        select(&["", "object=x"][..]),
        select(&["", "site=s"][..]),
        select(&["", "gpu=h"][..]),
    ];
    let line = (party(), select(units), names, [0_u32..9_999_999, 0..99_999], option::of(hour()));
    vec(line, 6..24).prop_map(|lines| {
        let mut rates = BTreeMap::new();
        for (seller, (unit, meter), names, [one, two], cut) in lines {
            let price = |minor: u32| format!("{}.{:04}", minor / 10_000, minor % 10_000);
            let cut = cut.unwrap_or(at("2025-01-01"));
            let of = |id: &str, price: String, window: String| {
                let id = format!("{id}-{}-{meter}-{}", seller, names.concat().replace('=', ""));
                rate(&format!("{id} {seller} {price} {unit} {meter} {window} {}", names.join(" ")))
            };
            let both = [
                of("old", price(one), format!("..{cut}")),
                of("new", price(two), format!("{cut}..")),
            ];
            rates.insert((seller, meter, names), both);
        }
        rates.into_values().flatten().collect()
    })
}

fn shares() -> impl Strategy<Value = Vec<InForce<RevenueShare>>> {
    let base = select(&["x", "y", "x,y"][..]);
    let text = (party(), party(), 0_u8..34, base)
        .prop_filter("a share is between two", |(payer, payee, ..)| payer != payee)
        .prop_map(|(payer, payee, percent, base)| format!("{payer} {payee} {percent} {base}"));
    let cap = option::of((0_u32..1_000_000, 0_u32..1_000))
        .prop_map(|cap| cap.map(|(total, before)| [total.to_string(), before.to_string()]));
    vec((text, cap, span()), 0..4).prop_map(|shares| {
        let row = |((text, cap, span), index): ((String, Option<[String; 2]>, String), u32)| {
            let cap = cap.as_ref().map(|cap| cap.each_ref().map(String::as_str));
            in_force(&format!("share-{index}"), "v1", [&span, ".."], share(&text, cap))
        };
        shares.into_iter().zip(1..4).map(row).collect()
    })
}

fn commitments(count: usize) -> impl Strategy<Value = Vec<InForce<Commitment>>> {
    let meters = select(&["gpu-time", "power,gpu-time", "tokens-in,tokens-out"][..]);
    let interval = select(&["month", "term"][..]);
    let shortfall = select(&["pay", "show"][..]);
    let amount = prop_oneof![0_u32..5_000, 0_u32..5_000_000];
    let text = (party(), party(), amount, 0_u32..1_000, interval, shortfall, meters)
        .prop_filter("a commitment is between two", |(buyer, seller, ..)| buyer != seller)
        .prop_map(|(buyer, seller, amount, before, interval, shortfall, meters)| {
            format!("{buyer} {seller} {amount} {before} {interval} {shortfall} {meters}")
        });
    vec((text, span(), any::<bool>()), 0..=count).prop_map(|rows| {
        let row = |((text, span, ends_by_itself), index): ((String, String, bool), u32)| {
            let own = if ends_by_itself { span.as_str() } else { ".." };
            in_force(&format!("promise-{index}"), "v1", [&span, own], commitment(&text))
        };
        rows.into_iter().zip(1..).map(row).collect()
    })
}

pub(crate) fn world(promises: usize) -> impl Strategy<Value = World> {
    let rounding = select(&Rounding::NAMED[..]).prop_map(|(_, rounding)| rounding);
    (rounding, rates(), shares(), commitments(promises), records()).prop_map(
        |(rounding, rates, shares, commitments, usage)| World {
            terms: MoneyTerms { rounding, rates, shares, commitments, ..terms() },
            usage,
        },
    )
}

pub(crate) fn settled(world: &World) -> Settlement {
    settle(&world.terms, window(PERIOD), &world.usage).expect("the terms are good")
}

pub(crate) fn charges(settlement: &Settlement) -> impl Iterator<Item = &Entry> {
    settlement.journal.entries().iter().filter(|entry| entry.used.is_some())
}

pub(crate) fn supply_of(entry: &Entry) -> Supply {
    let used = entry.used.clone().expect("a charge says what was used");
    Supply {
        buyer: entry.payer.clone(),
        seller: entry.payee.clone(),
        meter: used.meter,
        object: used.object,
        site: used.site,
        gpu: used.gpu,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn order_and_batching_change_nothing(
        (world, shuffled) in world(3).prop_flat_map(|world| {
            let shuffled = Just(world.usage.clone()).prop_shuffle();
            (Just(world), shuffled)
        }),
        batches in vec(any::<Index>(), 0..4),
        backwards: bool,
    ) {
        let expected = settled(&world);
        let again = settle(&world.terms, window(PERIOD), shuffled.iter().cloned());
        prop_assert_eq!(again.as_ref(), Ok(&expected));

        let mut cuts: BTreeSet<usize> =
            batches.iter().map(|index| index.index(shuffled.len() + 1)).collect();
        cuts.extend([0, shuffled.len()]);
        let cuts: Vec<usize> = cuts.into_iter().collect();
        let mut parts: Vec<Totals> = cuts
            .windows(2)
            .map(|cut| {
                let mut totals = Totals::new(&world.terms, window(PERIOD));
                shuffled[cut[0]..cut[1]].iter().for_each(|record| totals.add(record));
                totals
            })
            .collect();
        if backwards {
            parts.reverse();
        }
        let mut all = Totals::new(&world.terms, window(PERIOD));
        parts.into_iter().for_each(|part| all.merge(part));
        prop_assert_eq!(all.records(), u64::try_from(shuffled.len()).unwrap());
        let merged = all.settle().unwrap();
        prop_assert_eq!(format!("{:?}", merged.journal), format!("{:?}", expected.journal));
        prop_assert_eq!(merged, expected);
    }

    #[test]
    fn what_is_held_splits_at_any_instant(world in world(3), cuts in vec(0_i64..3_000_000, 1..4)) {
        let mut split = world.clone();
        split.usage = world
            .usage
            .iter()
            .flat_map(|record| {
                let cuts = cuts.iter().map(|&cut| record.window.start().plus_seconds(cut));
                let parts = match record.amount {
                    Amount::Held { .. } => record.window.cut(cuts),
                    Amount::Counted { .. } => vec![record.window],
                };
                parts.into_iter().map(|window| Usage { window, ..record.clone() })
            })
            .collect();
        prop_assert_eq!(settled(&split), settled(&world));
    }

    #[test]
    fn the_books_balance(world in world(3)) {
        let settlement = settled(&world);
        let journal = &settlement.journal;
        for (entry, id) in journal.entries().iter().zip(1..) {
            let [payer, payee] = entry.postings();
            prop_assert_eq!(payer.amount.minor + payee.amount.minor, 0);
            prop_assert_eq!((entry.id, payee.amount), (id, entry.amount));
            prop_assert!(entry.amount.minor >= 0 && entry.payer != entry.payee);
        }
        let moved: i128 = journal.entries().iter().map(|entry| entry.amount.minor).sum();
        prop_assert_eq!(journal.totals().map(|total| total.minor).sum::<i128>(), moved);
        prop_assert_eq!(owed(journal).iter().map(|one| one.amount.minor).sum::<i128>(), moved);
        let statements = statements(journal);
        prop_assert!(sums_of_statements(&statements).unwrap().iter().all(|sum| sum.minor == 0));
        prop_assert_eq!(statements.values().map(|one| one.balance(usd()).owed_by.minor).sum::<i128>(), moved);
        for statement in statements.values() {
            let postings = journal.entries().iter().flat_map(Entry::postings);
            let mine = postings.filter(|posting| posting.account.party == statement.party);
            prop_assert_eq!(statement.balance(usd()).total.minor, mine.map(|one| one.amount.minor).sum::<i128>());
        }
    }

    #[test]
    fn every_quantity_has_its_place(world in world(0)) {
        let settlement = settled(&world);
        let mut left: BTreeMap<Supply, i128> = BTreeMap::new();
        for record in &world.usage {
            *left.entry(Supply::of(record)).or_default() += match record.amount {
                Amount::Held { level } => i128::from(level) * i128::from(record.window.seconds()),
                Amount::Counted { quantity } => i128::from(quantity),
            };
        }
        let placed = charges(&settlement)
            .map(|entry| (supply_of(entry), entry.used.as_ref().unwrap().quantity))
            .chain(settlement.own_use.iter().map(|own| (own.supply.clone(), own.quantity)))
            .chain(settlement.unrated.iter().map(|one| (one.total.supply.clone(), one.total.quantity)))
            .chain(settlement.outside.iter().map(|one| (one.supply.clone(), one.before + one.after)));
        for (supply, quantity) in placed {
            *left.get_mut(&supply).unwrap() -= quantity;
        }
        prop_assert!(left.values().all(|&quantity| quantity == 0), "{left:?}");
    }

    #[test]
    fn commitments_add_up(world in world(3)) {
        let settlement = settled(&world);
        let mut drawn: BTreeMap<&TermId, i128> = BTreeMap::new();
        let mut paid: BTreeMap<&TermId, i128> = BTreeMap::new();
        for one in &settlement.drawdowns {
            let used = one.drawn_before.count + one.drawn.count;
            prop_assert_eq!(used + one.remaining.count, one.amount.count.max(used));
            *drawn.entry(&one.term).or_default() += one.drawn.count;
            match one.standing {
                Standing::Ended { shortfall, rule, .. } => {
                    prop_assert_eq!(shortfall, one.remaining);
                    if rule == Shortfall::Pay {
                        *paid.entry(&one.term).or_default() += shortfall.count;
                    }
                }
                Standing::Running | Standing::OutOfForce { .. } => {}
            }
        }
        let mut by_entry: BTreeMap<u64, i128> = BTreeMap::new();
        for draw in &settlement.draws {
            *drawn.entry(&draw.term).or_default() -= draw.amount.minor;
            *by_entry.entry(draw.entry).or_default() += draw.amount.minor;
        }
        prop_assert!(drawn.values().all(|&sum| sum == 0), "{drawn:?}");
        for entry in charges(&settlement) {
            prop_assert!(by_entry.get(&entry.id).is_none_or(|&sum| sum <= entry.amount.minor));
        }
        let short = settlement.journal.entries().iter();
        let short = short.filter(|entry| entry.reason == Reason::Shortfall);
        let short: i128 = short.map(|entry| entry.amount.minor).sum();
        prop_assert_eq!(short, paid.values().sum::<i128>());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_second_computation_agrees(world in world(1)) {
        let settlement = settled(&world);
        let second = Second::of(&world);
        let charged: BTreeMap<_, _> = charges(&settlement)
            .map(|entry| ((second.part(entry.segment.start()), supply_of(entry)), entry.amount.minor))
            .collect();
        prop_assert_eq!(charged.len(), charges(&settlement).count());
        prop_assert_eq!(&charged, &second.charges);

        let shared: BTreeMap<_, _> = settlement
            .shares
            .iter()
            .map(|one| (one.term.clone(), one.paid.minor))
            .filter(|(_, paid)| *paid > 0)
            .collect();
        prop_assert_eq!(shared, second.shares(&world.terms));

        let drawn: i128 = settlement.drawdowns.iter().map(|one| one.drawn.count).sum();
        prop_assert_eq!(drawn, second.drawn(&world.terms));
    }
}

/// The charges once more, hour by hour, as fractions that are rounded at the end.
struct Second {
    boundaries: BTreeSet<Instant>,
    charges: BTreeMap<(usize, Supply), i128>,
}

impl Second {
    fn of(world: &World) -> Self {
        let MoneyTerms { rates, shares, commitments, .. } = &world.terms;
        let mut windows: Vec<Window> = rates.iter().map(|one| one.window).collect();
        windows.extend(shares.iter().map(|one| one.window));
        windows.extend(commitments.iter().map(|one| one.window));
        let mut boundaries: BTreeSet<Instant> =
            windows.iter().flat_map(|window| [window.start(), window.end()]).collect();
        boundaries.extend([at("2025-02-01"), at("2025-03-01")]);
        let mut second = Self { boundaries, charges: BTreeMap::new() };
        let mut quantities: BTreeMap<(usize, Supply), (i128, &Rate)> = BTreeMap::new();
        for record in world.usage.iter().filter(|record| record.buyer != record.seller) {
            for (hour, quantity) in hours(record) {
                if let Some(rate) = narrowest(rates, record, hour) {
                    let key = (second.part(hour), Supply::of(record));
                    quantities.entry(key).or_insert((0, rate)).0 += quantity;
                }
            }
        }
        for (key, (quantity, rate)) in quantities {
            if quantity > 0 {
                let price = rate.price.prices().next().unwrap();
                let above = quantity * price.mantissa() * 100;
                let below = units(rate) * price.unit();
                second.charges.insert(key, rounded(above, below, world.terms.rounding));
            }
        }
        second
    }

    /// Which part of the period: how many boundaries lie before it.
    fn part(&self, at: Instant) -> usize {
        self.boundaries.range(..=at.max(window(PERIOD).start())).count()
    }

    /// What is paid of each share: its part of all sales while it is in force, rounded once, up to
    /// its cap.
    fn shares(&self, terms: &MoneyTerms) -> BTreeMap<TermId, i128> {
        let first = window(PERIOD).start();
        let starts = self.boundaries.iter().copied().filter(|&at| window(PERIOD).contains(at));
        let starts: BTreeSet<Instant> = starts.chain([first]).collect();
        let mut paid: BTreeMap<TermId, i128> = BTreeMap::new();
        for share in &terms.shares {
            let parts: BTreeSet<usize> = starts
                .iter()
                .filter(|&&start| share.window.contains(start))
                .map(|&start| self.part(start))
                .collect();
            let sold = self.charges.iter().filter(|((part, supply), _)| {
                parts.contains(part)
                    && supply.seller == share.value.payer
                    && share.value.base.contains(&supply.object)
            });
            let base: i128 = sold.map(|(_, amount)| amount).sum();
            let rate = share.value.rate.highest();
            let above = base * i128::from(rate.numerator());
            let gross = rounded(above, i128::from(rate.denominator()), terms.rounding);
            let cap = share.value.cap;
            let most = cap.total.zip(cap.paid_before);
            let most = most.map_or(gross, |(total, before)| (total.minor - before.minor).max(0));
            paid.insert(share.term.clone(), gross.min(most));
        }
        paid.retain(|_, paid| *paid > 0);
        paid
    }

    /// What is drawn from a commitment that stands alone, month by month or in all.
    fn drawn(&self, terms: &MoneyTerms) -> i128 {
        let Some(row) = terms.commitments.first() else { return 0 };
        let monthly = row.value.interval == comity_terms::Interval::Month;
        let months = ["2025-01-01..2025-02-01", "2025-02-01..2025-03-01", "2025-03-01..2025-04-01"];
        let intervals = if monthly { months.map(window).to_vec() } else { vec![row.own] };
        let mut drawn = 0;
        for interval in intervals {
            let counts = |(part, supply): &(usize, Supply)| {
                let start = self.boundaries.iter().nth(part.wrapping_sub(1)).copied();
                let start = start.unwrap_or(Instant::MIN).max(window(PERIOD).start());
                row.window.contains(start)
                    && interval.contains(start)
                    && supply.buyer == row.value.buyer
                    && supply.seller == row.value.seller
                    && row.value.on.meters.contains(&supply.meter)
            };
            let charged: i128 =
                self.charges.iter().filter(|(key, _)| counts(key)).map(|(_, amount)| amount).sum();
            let in_force = row.window.intersect(interval).map_or(0, Window::seconds);
            let amount = if monthly {
                let above = promised(&row.value) * i128::from(in_force);
                rounded(above, i128::from(interval.seconds()), terms.rounding)
            } else {
                promised(&row.value)
            };
            let began_before = interval.start() <= window(PERIOD).start();
            let before = if began_before { row.value.drawn_before } else { 0 };
            drawn += charged.min((amount - before).max(0));
        }
        drawn
    }
}

fn promised(commitment: &comity_terms::Commitment) -> i128 {
    match &commitment.promise {
        comity_terms::Promise::Spend(amount) => amount.minor,
        comity_terms::Promise::Use { .. } => 0,
    }
}

/// What of a record falls on which hour of the period.
pub(crate) fn hours(record: &Usage) -> Vec<(Instant, i128)> {
    let period = window(PERIOD);
    match record.amount {
        Amount::Counted { quantity } => {
            let start = record.window.start();
            period.contains(start).then(|| (start, i128::from(quantity))).into_iter().collect()
        }
        Amount::Held { level } => (0..period.seconds() / HOUR)
            .map(|hour| period.start().plus_seconds(hour * HOUR))
            .filter(|&hour| record.window.contains(hour))
            .map(|hour| (hour, i128::from(level) * i128::from(HOUR)))
            .collect(),
    }
}

pub(crate) fn narrowest<'r>(rates: &'r [Rate], record: &Usage, hour: Instant) -> Option<&'r Rate> {
    let weight = |rate: &&Rate| {
        [rate.site.is_some(), rate.gpu.is_some(), rate.object.is_some(), rate.buyer.is_some()]
            .iter()
            .fold(0, |weight, &named| weight * 2 + u8::from(named))
    };
    rates
        .iter()
        .filter(|rate| rate.seller == record.seller && rate.meter == record.meter)
        .filter(|rate| rate.window.start() <= hour && hour < rate.window.end())
        .filter(|rate| rate.buyer.is_none() || rate.buyer.as_ref() == Some(&record.buyer))
        .filter(|rate| rate.object.is_none() || rate.object.as_ref() == Some(&record.object))
        .filter(|rate| rate.site.is_none() || rate.site == record.site)
        .filter(|rate| rate.gpu.is_none() || rate.gpu == record.gpu)
        .max_by_key(weight)
}

fn units(rate: &Rate) -> i128 {
    match rate.per.name() {
        "gpu-hour" => 60 * 60 * 1_000,
        "kw-hour" => 60 * 60,
        "million-tokens" => 1_000_000,
        "mw-year" => 365 * 24 * 60 * 60 * 1_000,
        other => panic!("no such unit: {other}"),
    }
}

/// A fraction of numbers above zero as a whole number, by adding before dividing.
pub(crate) fn rounded(above: i128, below: i128, rounding: Rounding) -> i128 {
    let nearest = (2 * above + below) / (2 * below);
    match rounding {
        Rounding::Down => above / below,
        Rounding::Up => (above + below - 1) / below,
        Rounding::HalfUp => nearest,
        Rounding::HalfEven => {
            let tie = (2 * above + below) % (2 * below) == 0;
            if tie && nearest % 2 == 1 { nearest - 1 } else { nearest }
        }
    }
}
