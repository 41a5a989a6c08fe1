//! Columns of our own usage records straight to totals or other uses, for files of many million
//! rows.
//!
//! Only what leaves no doubt is taken: a row whose names, times and quantity are as they should
//! be. Every other row is left, by its number, to [`read_rows`](crate::read_rows()), which says
//! what is wrong with it or takes it in; so both ways come to the same, and what is taken here
//! needs no reasons. The rows of one identity are found by [`Prints`](crate::Prints) and left as
//! well.

use std::collections::BTreeMap;

use comity_base::{Instant, Meter, Window};
use comity_settlement::{Amount, Numbered, Supply, SupplyNumber, Totals};

use crate::build::{Builder, Fields, meter, unit};
use crate::feed::{How, Names};
use crate::intake::Tally;
use crate::layout::USAGE;
use crate::reason::Reason;

/// The columns with names, in the order in which [`UsageColumns::names`] has them.
pub const NAMES: [&str; 7] = ["meter", "unit", "buyer", "seller", "object", "site", "gpu"];

/// A column of names: for each row the number of its name, from 1; 0 where there is none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NameColumn<'a> {
    /// The names, in the order of their numbers. Within a group of rows they are only added.
    pub dictionary: &'a [String],
    /// One for each row; empty where the file has no such column.
    pub codes: &'a [u32],
}

/// A column of numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Numbers<'a> {
    /// How many digits of each stand behind the point, at most 18; of times none.
    pub digits: u8,
    /// One for each row; empty where the file has no such column.
    pub values: &'a [i64],
    /// Whether there is one.
    pub present: &'a [bool],
}

impl Numbers<'_> {
    fn get(&self, row: usize) -> Option<i64> {
        if *self.present.get(row)? { self.values.get(row).copied() } else { None }
    }

    /// What its numbers are to be divided by.
    fn divisor(&self) -> u64 {
        10_u64.pow(u32::from(self.digits))
    }
}

/// A number, `mantissa ÷ divisor`.
#[derive(Clone, Copy)]
struct Decimal {
    mantissa: i64,
    divisor: u64,
}

impl Decimal {
    /// The number times a factor; nothing when that is no whole number, below zero or too large.
    fn times(self, factor: u64) -> Option<u64> {
        let product = u64::try_from(self.mantissa).ok()?.checked_mul(factor)?;
        // Most columns hold whole numbers: nothing is divided there.
        match self.divisor {
            1 => Some(product),
            divisor => (product % divisor == 0).then_some(product / divisor),
        }
    }
}

/// Rows of usage records, column by column.
#[derive(Debug, Clone, Copy)]
pub struct UsageColumns<'a> {
    /// The number of the first row in its file, from 1.
    pub first: u64,
    /// How many rows there are.
    pub rows: usize,
    /// One for each of [`NAMES`].
    pub names: [NameColumn<'a>; 7],
    /// The column `part`.
    pub part: NameColumn<'a>,
    /// When, in seconds since 1970.
    pub start: Numbers<'a>,
    /// Until when.
    pub end: Numbers<'a>,
    /// What is held throughout.
    pub level: Numbers<'a>,
    /// How much, in the unit.
    pub quantity: Numbers<'a>,
}

/// What rows of usage are taken into.
pub trait TakeIn {
    /// The number of a supply in it.
    fn number(&mut self, supply: &Supply) -> SupplyNumber;

    /// Takes records in. The number of each is that of its row.
    fn take_in(&mut self, records: &[Numbered]);

    /// Takes in what another of its kind did.
    fn merge(&mut self, other: Self);
}

impl TakeIn for Totals<'_> {
    fn number(&mut self, supply: &Supply) -> SupplyNumber {
        Totals::number(self, supply)
    }

    fn take_in(&mut self, records: &[Numbered]) {
        self.add_numbered(records);
    }

    fn merge(&mut self, other: Self) {
        Totals::merge(self, other);
    }
}

/// Takes nothing in: for those who ask only what became of each row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uncounted;

impl TakeIn for Uncounted {
    fn number(&mut self, _: &Supply) -> SupplyNumber {
        SupplyNumber(0)
    }

    fn take_in(&mut self, _: &[Numbered]) {}

    fn merge(&mut self, _: Self) {}
}

/// Keeps the records of the rows that were added last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// The supplies, in the order of their numbers.
    pub supplies: Vec<Supply>,
    /// The records.
    pub records: Vec<Numbered>,
}

impl TakeIn for Listed {
    fn number(&mut self, supply: &Supply) -> SupplyNumber {
        self.supplies.push(supply.clone());
        SupplyNumber(self.supplies.len() - 1)
    }

    fn take_in(&mut self, records: &[Numbered]) {
        self.records.clear();
        self.records.extend_from_slice(records);
    }

    fn merge(&mut self, other: Self) {
        *self = other;
    }
}

/// Folds columns of usage records into what they are [taken into](TakeIn), such as totals.
///
/// One for each thread: what they were taken into is [merged](TakeIn::merge) at the end.
pub struct UsageFold<'a, T> {
    builder: Builder<'a>,
    since: Option<Instant>,
    into: T,
    /// For each column of names, the number here of each name in the group of rows.
    here: [Vec<u32>; 7],
    /// The texts of the numbers here, which count on from 1 in each column.
    numbers: [BTreeMap<String, u32>; 7],
    texts: [Vec<String>; 7],
    kinds: Kinds,
    /// The records of the rows that are being added; kept for its memory.
    taken: Vec<Numbered>,
    left: Vec<u64>,
}

/// What was folded.
pub struct Folded<T> {
    /// What rows were taken into, such as totals.
    pub into: T,
    /// What was taken.
    pub taken: Tally,
    /// The numbers of the rows that were left, in the order in which they came.
    pub left: Vec<u64>,
}

impl<'a, T: TakeIn> UsageFold<'a, T> {
    /// Folds with the names that a deal has. The names of a feed are not looked up here: rows that
    /// are read by one are not for this.
    #[must_use]
    pub fn new(names: Option<&'a Names>, into: T) -> Self {
        let how = How { names, ..How::default() };
        Self {
            builder: Builder::new(how, &USAGE),
            since: names.and_then(|names| names.since),
            into,
            here: Default::default(),
            numbers: Default::default(),
            texts: Default::default(),
            kinds: Kinds::new(),
            taken: Vec::new(),
            left: Vec::new(),
        }
    }

    /// Begins a group of rows, whose numbers stand for other names than before.
    pub fn begin_group(&mut self) {
        self.here.iter_mut().for_each(Vec::clear);
    }

    /// Adds rows, but those of which `leave` says so for their number.
    pub fn add(&mut self, rows: &UsageColumns<'_>, leave: impl Fn(u64) -> bool) {
        for column in 0..NAMES.len() {
            self.learn(column, rows.names[column].dictionary);
        }
        let divisors = [rows.level.divisor(), rows.quantity.divisor()];
        for (number, row) in (rows.first..).zip(0..rows.rows) {
            let part = rows.part.codes.get(row).is_some_and(|code| *code > 0);
            if part || leave(number) || self.take(rows, divisors, row, number).is_none() {
                self.left.push(number);
            }
        }
        self.into.take_in(&self.taken);
        self.taken.clear();
    }

    /// What rows were taken into so far.
    pub fn taken_into(&self) -> &T {
        &self.into
    }

    /// What came of it.
    #[must_use]
    pub fn done(self) -> Folded<T> {
        let mut taken = Tally::default();
        for (kind, (records, sum)) in self.kinds.known.iter().zip(&self.kinds.taken) {
            if let Some(kind) = kind.filter(|_| *records > 0) {
                taken.records += records;
                *taken.sums.entry(kind.meter).or_default() += sum;
            }
        }
        Folded { into: self.into, taken, left: self.left }
    }

    /// Numbers the names that are new in the group.
    fn learn(&mut self, column: usize, dictionary: &[String]) {
        for name in dictionary.iter().skip(self.here[column].len()) {
            let name = name.trim();
            let number = match self.numbers[column].get(name) {
                _ if name.is_empty() => 0,
                Some(number) => *number,
                None => {
                    self.texts[column].push(name.to_owned());
                    let number = u32::try_from(self.texts[column].len());
                    let number = number.expect("4 billion different names do not fit in memory");
                    self.numbers[column].insert(name.to_owned(), number);
                    number
                }
            };
            self.here[column].push(number);
        }
    }

    /// Takes a row; nothing when it is to be read by itself.
    fn take(
        &mut self,
        rows: &UsageColumns<'_>,
        divisors: [u64; 2],
        row: usize,
        number: u64,
    ) -> Option<()> {
        let mut key = [0_u32; 7];
        for ((key, column), here) in key.iter_mut().zip(&rows.names).zip(&self.here) {
            *key = match column.codes.get(row) {
                None | Some(0) => 0,
                Some(code) => *here.get(usize::try_from(*code).ok()? - 1)?,
            };
        }
        let place = match self.kinds.find(&key) {
            Ok(place) => place,
            Err(slot) => {
                let kind = self.kind(&key);
                self.kinds.insert(slot, key, kind)
            }
        };
        let kind = self.kinds.known[place]?;
        let window = window(rows.start.get(row)?, rows.end.get(row)?)?;
        if self.since.is_some_and(|since| window.start() < since) {
            return None;
        }
        let decimal = |it: Option<i64>, divisor| it.map(|mantissa| Decimal { mantissa, divisor });
        let level = decimal(rows.level.get(row), divisors[0]);
        let quantity = decimal(rows.quantity.get(row), divisors[1]);
        let (amount, quantity) = amount(&kind, window, level, quantity)?;
        self.taken.push(Numbered { id: number, supply: kind.supply, window, amount });
        let (records, sum) = &mut self.kinds.taken[place];
        *records += 1;
        *sum += u128::from(quantity);
        Some(())
    }

    /// What rows with these names are of; nothing when they are to be read by themselves.
    fn kind(&mut self, key: &[u32; 7]) -> Option<Kind> {
        let mut texts = [None; 7];
        for ((text, number), column) in texts.iter_mut().zip(key).zip(&self.texts) {
            let place = usize::try_from(*number).ok()?.checked_sub(1);
            *text = place.and_then(|place| column.get(place)).map(String::as_str);
        }
        let unit = texts[1].map(unit).transpose().ok()?;
        let meter = texts[0].map(meter).transpose().ok()?;
        let meter = meter.or_else(|| unit.and_then(crate::unit::Unit::only_meter))?;
        if unit.is_some_and(|unit| !unit.meters.contains(&meter)) {
            return None;
        }
        let supply = self.builder.supply(&Texts(texts), meter).ok()?;
        let supply = self.into.number(&supply);
        let parts = meter.parts();
        Some(Kind { supply, meter, parts, factor: unit.map_or(parts, |unit| unit.factor) })
    }
}

/// The names of a row, as a builder of records takes them.
struct Texts<'a>([Option<&'a str>; 7]);

impl Fields for Texts<'_> {
    fn get(&self, field: &str) -> Result<Option<std::borrow::Cow<'_, str>>, Reason> {
        let column = NAMES.iter().position(|name| *name == field);
        Ok(column.and_then(|column| self.0[column]).map(std::borrow::Cow::Borrowed))
    }
}

/// What rows with the same names are of.
#[derive(Debug, Clone, Copy)]
struct Kind {
    supply: SupplyNumber,
    meter: Meter,
    /// How high a level one GPU, kW or node is.
    parts: u64,
    /// How many base units one of the row's unit is.
    factor: u64,
}

/// The years that are taken; times beyond are read by themselves.
fn window(start: i64, end: i64) -> Option<Window> {
    let years = 0..Instant::MAX.seconds();
    if !years.contains(&start) || !years.contains(&end) {
        return None;
    }
    Window::new(Instant::from_seconds(start), Instant::from_seconds(end)).ok()
}

/// How much, and that in base units: what [`Builder::build`] makes of the same.
fn amount(
    kind: &Kind,
    window: Window,
    level: Option<Decimal>,
    quantity: Option<Decimal>,
) -> Option<(Amount, u64)> {
    let seconds = u64::try_from(window.seconds()).ok()?;
    let quantity = match quantity {
        Some(quantity) => Some(quantity.times(kind.factor)?),
        None => None,
    };
    let (level, quantity) = match (level, quantity) {
        (Some(level), quantity) => {
            let level = level.times(kind.parts)?;
            let held = level.checked_mul(seconds)?;
            let agrees = quantity.is_none_or(|quantity| quantity == held);
            if !agrees || !kind.meter.is_held() {
                return None;
            }
            (Some(level), held)
        }
        (None, Some(quantity)) => {
            let held = kind.meter.is_held() && quantity % seconds.saturating_mul(kind.parts) == 0;
            (held.then_some(quantity / seconds), quantity)
        }
        (None, None) => return None,
    };
    let amount = level.map_or(Amount::Counted { quantity }, |level| Amount::Held { level });
    (quantity > 0).then_some((amount, quantity))
}

/// What is known of each combination of names, by open addressing: at most half of the slots are
/// taken, and the order of slots reaches no result.
struct Kinds {
    /// The place of each, from 1; 0 in a slot that is free. Invariant: a power of two of them.
    slots: Vec<u32>,
    keys: Vec<[u32; 7]>,
    known: Vec<Option<Kind>>,
    /// How many records of each were taken, and how much in all.
    taken: Vec<(u64, u128)>,
}

impl Kinds {
    fn new() -> Self {
        Self { slots: vec![0; 1_024], keys: Vec::new(), known: Vec::new(), taken: Vec::new() }
    }

    /// The place of a key, or the slot for it.
    fn find(&self, key: &[u32; 7]) -> Result<usize, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = usize::try_from(mixed(key) >> 32).unwrap_or(0) & mask;
        loop {
            let place = usize::try_from(self.slots[slot]).unwrap_or(0);
            if place == 0 {
                return Err(slot);
            }
            if self.keys[place - 1] == *key {
                return Ok(place - 1);
            }
            slot = (slot + 1) & mask;
        }
    }

    fn insert(&mut self, slot: usize, key: [u32; 7], kind: Option<Kind>) -> usize {
        self.keys.push(key);
        self.known.push(kind);
        self.taken.push((0, 0));
        let number = |place: usize| u32::try_from(place).expect("kinds fit in memory");
        self.slots[slot] = number(self.keys.len());
        if self.keys.len() * 2 > self.slots.len() {
            self.slots = vec![0; self.slots.len() * 2];
            for place in 0..self.keys.len() {
                if let Err(slot) = self.find(&self.keys[place]) {
                    self.slots[slot] = number(place + 1);
                }
            }
        }
        self.keys.len() - 1
    }
}

/// Spreads keys over the high bits: a sum of products with odd constants (multiply-shift).
fn mixed(key: &[u32; 7]) -> u64 {
    const ODD: [u64; 7] = [
        0x9e37_79b9_7f4a_7c15,
        0xbf58_476d_1ce4_e5b9,
        0x94d0_49bb_1331_11eb,
        0xd6e8_feb8_6659_fd93,
        0xa076_1d64_78bd_642f,
        0xe703_7ed1_a0b4_28db,
        0x8ebc_6af0_9c88_c6e3,
    ];
    let products = key.iter().zip(ODD).map(|(part, odd)| u64::from(*part).wrapping_mul(odd));
    products.fold(0, u64::wrapping_add)
}
