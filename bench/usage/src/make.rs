//! A month of usage records from a seed: any size, always the same bytes. A few rows repeat or
//! contradict another, or are wrong.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

/// 2025-10-01, the start of the month, and its hours.
pub(crate) const START: i64 = 1_759_276_800;
pub(crate) const HOURS: u64 = 744;
/// With 20 million rows, 4.9 million of their hours are used.
const SUPPLIES: u64 = 6_700;
const GROUP: u64 = 131_072;

pub(crate) const BUYERS: u64 = 50;
pub(crate) const SELLERS: u64 = 8;
pub(crate) const SITES: u64 = 40;
pub(crate) const OBJECTS: u64 = 12;
pub(crate) const GPUS: u64 = 6;

/// Xorshift (Marsaglia 2003): spread is all that is asked of it.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// How many rows of a file are odd.
pub(crate) struct Odd {
    /// Those that repeat another row.
    pub(crate) repeated: u64,
    /// Those with the identity of another row and another quantity.
    pub(crate) conflicting: u64,
    /// Those that are wrong.
    pub(crate) wrong: u64,
}

impl Odd {
    pub(crate) fn of(rows: u64) -> Self {
        Self { repeated: rows / 1_000, conflicting: rows / 2_000, wrong: rows / 2_000 }
    }
}

/// What is odd about a row.
#[derive(Clone, Copy)]
enum Kind {
    /// It repeats that one.
    Repeats(u64),
    /// It has the identity of that one.
    Contradicts(u64),
    /// It is wrong, in one of a few ways.
    Wrong(u64),
    /// Another row repeats it.
    Repeated,
    /// Another row contradicts it, so that neither counts.
    Contradicted,
}

/// Which rows are odd. Each is so in one way only, and the other of two comes before.
fn plan(rows: u64, draw: &mut Draw) -> BTreeMap<u64, Kind> {
    let Odd { repeated, conflicting, wrong } = Odd::of(rows);
    let mut plan = BTreeMap::new();
    for number in 0..repeated + conflicting + wrong {
        let mut free = || loop {
            let row = draw.below(rows);
            if let std::collections::btree_map::Entry::Vacant(slot) = plan.entry(row) {
                slot.insert(Kind::Wrong(number));
                return row;
            }
        };
        if number >= repeated + conflicting {
            free();
            continue;
        }
        let (one, other) = (free(), free());
        let (first, later) = (one.min(other), one.max(other));
        let (before, after) = if number < repeated {
            (Kind::Repeated, Kind::Repeats(first))
        } else {
            (Kind::Contradicted, Kind::Contradicts(first))
        };
        plan.extend([(first, before), (later, after)]);
    }
    plan
}

struct Supply {
    buyer: String,
    seller: String,
    meter: &'static str,
    unit: &'static str,
    object: String,
    site: Option<String>,
    gpu: Option<String>,
    /// Whether a few records of it exceed 64 bits together.
    is_large: bool,
}

/// Supplies that all differ: the number of each is read as that of a buyer, a seller and so on.
fn supplies(draw: &mut Draw) -> Vec<Supply> {
    let mut supplies = Vec::new();
    for number in 0..SUPPLIES {
        let (buyer, rest) = (number % BUYERS, number / BUYERS);
        let (object, rest) = (rest % OBJECTS, rest / OBJECTS);
        let kind = draw.below(10);
        let (meter, unit) = match kind {
            0 => ("tokens-in", "tokens"),
            1 => ("tokens-out", "tokens"),
            _ => ("gpu-time", "GPU-seconds"),
        };
        let site = (rest * 3 + draw.below(3)) % SITES;
        supplies.push(Supply {
            buyer: format!("lab-{buyer}"),
            seller: format!("host-{}", site % SELLERS),
            meter,
            unit,
            object: format!("project-{object}"),
            site: (kind != 0).then(|| format!("site-{site}")),
            gpu: (kind > 1).then(|| format!("gpu-{}", draw.below(GPUS))),
            is_large: kind < 2 && draw.below(10) == 0,
        });
    }
    supplies
}

/// Writes a file of so many records.
pub(crate) fn make(path: &Path, rows: u64, seed: u64) -> Result<(), Box<dyn Error>> {
    let schema = "message usage {
        required binary source (UTF8);
        required binary id (UTF8);
        required binary buyer (UTF8);
        required binary seller (UTF8);
        required binary meter (UTF8);
        required binary object (UTF8);
        optional binary site (UTF8);
        optional binary gpu (UTF8);
        required int64 start (TIMESTAMP(MILLIS, true));
        required int64 end (TIMESTAMP(MILLIS, true));
        optional int64 level;
        required int64 quantity;
        required binary unit (UTF8);
        required boolean counts;
    }";
    let schema = Arc::new(parse_message_type(schema)?);
    let zstd = Compression::ZSTD(ZstdLevel::try_new(1)?);
    let properties = WriterProperties::builder().set_compression(zstd).build();
    let mut writer = SerializedFileWriter::new(File::create(path)?, schema, Arc::new(properties))?;
    let mut draw = Draw(88_172_645_463_325_252 ^ seed);
    let supplies = supplies(&mut draw);
    let plan = plan(rows, &mut draw);
    let mut named: BTreeMap<u64, Record<'_>> = BTreeMap::new();
    let mut first = 0;
    while first < rows {
        let rows = GROUP.min(rows - first);
        let records: Vec<Record<'_>> = (first..first + rows)
            .map(|number| {
                let record = record(number, &supplies, &mut draw)?;
                Ok::<_, Box<dyn Error>>(odd(record, plan.get(&number).copied(), &mut named))
            })
            .collect::<Result<_, _>>()?;
        let mut group = writer.next_row_group()?;
        write(&mut group, &records)?;
        group.close()?;
        first += rows;
    }
    writer.close()?;
    Ok(())
}

/// A record as it is drawn, or as it is odd.
fn odd<'s>(
    record: Record<'s>,
    kind: Option<Kind>,
    named: &mut BTreeMap<u64, Record<'s>>,
) -> Record<'s> {
    match kind {
        None => record,
        Some(Kind::Repeated) => {
            named.insert(record.number, record);
            record
        }
        Some(Kind::Contradicted) => {
            named.insert(record.number, record);
            Record { counts: false, ..record }
        }
        Some(Kind::Repeats(number)) => {
            let first = named.remove(&number).unwrap_or(record);
            Record { counts: false, ..first }
        }
        Some(Kind::Contradicts(number)) => {
            let first = named.remove(&number).unwrap_or(record);
            Record { level: None, quantity: first.quantity + 1, counts: false, ..first }
        }
        Some(Kind::Wrong(way)) => {
            let wrong = Record { counts: false, ..record };
            match way % 4 {
                0 => Record { level: None, quantity: -record.quantity, ..wrong },
                1 => Record { start: record.end, end: record.start, ..wrong },
                2 => Record { unit: "parsecs", ..wrong },
                _ => Record { buyer: Some("lab-unknown"), ..wrong },
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Record<'s> {
    number: u64,
    supply: &'s Supply,
    start: i64,
    end: i64,
    level: Option<i64>,
    quantity: i64,
    unit: &'static str,
    /// In the place of the supply's.
    buyer: Option<&'static str>,
    /// Whether it is accepted.
    counts: bool,
}

fn record<'s>(
    number: u64,
    supplies: &'s [Supply],
    draw: &mut Draw,
) -> Result<Record<'s>, Box<dyn Error>> {
    let supply = &supplies[usize::try_from(draw.below(SUPPLIES))?];
    let hour = START + 3_600 * i64::try_from(draw.below(HOURS))?;
    let from = draw.below(3_600);
    let seconds = 1 + draw.below(3_600 - from);
    let start = hour + i64::try_from(from)?;
    let end = start + i64::try_from(seconds)?;
    let (level, quantity) = if supply.meter == "gpu-time" {
        let level = 1 + draw.below(512);
        (Some(i64::try_from(level)?), level * seconds)
    } else if supply.is_large {
        (None, (1 << 61) + draw.below(1 << 62))
    } else {
        (None, 1 + draw.below(10_000_000))
    };
    let quantity = i64::try_from(quantity)?;
    let (unit, buyer, counts) = (supply.unit, None, true);
    Ok(Record { number, supply, start, end, level, quantity, unit, buyer, counts })
}

fn write(
    group: &mut SerializedRowGroupWriter<'_, File>,
    records: &[Record<'_>],
) -> Result<(), Box<dyn Error>> {
    type Text<'r> = &'r dyn Fn(&Record<'_>) -> Option<String>;
    let texts = |group: &mut SerializedRowGroupWriter<'_, File>, text: Text<'_>, optional| {
        let all = records.iter().map(text);
        let levels: Vec<i16> = all.clone().map(|text| i16::from(text.is_some())).collect();
        let values: Vec<ByteArray> =
            all.flatten().map(|text| ByteArray::from(text.into_bytes())).collect();
        let mut column = group.next_column()?.ok_or("a column is missing")?;
        let levels = if optional { Some(&levels[..]) } else { None };
        column.typed::<ByteArrayType>().write_batch(&values, levels, None)?;
        column.close()?;
        Ok::<(), Box<dyn Error>>(())
    };
    texts(group, &|_| Some("meter-1".to_owned()), false)?;
    texts(group, &|record| Some(format!("use-{:09}", record.number)), false)?;
    texts(
        group,
        &|record| Some(record.buyer.map_or_else(|| record.supply.buyer.clone(), str::to_owned)),
        false,
    )?;
    texts(group, &|record| Some(record.supply.seller.clone()), false)?;
    texts(group, &|record| Some(record.supply.meter.to_owned()), false)?;
    texts(group, &|record| Some(record.supply.object.clone()), false)?;
    texts(group, &|record| record.supply.site.clone(), true)?;
    texts(group, &|record| record.supply.gpu.clone(), true)?;
    let whole = |group: &mut SerializedRowGroupWriter<'_, File>, values: Vec<i64>, levels| {
        let mut column = group.next_column()?.ok_or("a column is missing")?;
        let levels: Option<Vec<i16>> = levels;
        column.typed::<Int64Type>().write_batch(&values, levels.as_deref(), None)?;
        column.close()?;
        Ok::<(), Box<dyn Error>>(())
    };
    whole(group, records.iter().map(|record| record.start * 1_000).collect(), None)?;
    whole(group, records.iter().map(|record| record.end * 1_000).collect(), None)?;
    let levels = records.iter().map(|record| i16::from(record.level.is_some())).collect();
    whole(group, records.iter().filter_map(|record| record.level).collect(), Some(levels))?;
    whole(group, records.iter().map(|record| record.quantity).collect(), None)?;
    texts(group, &|record| Some(record.unit.to_owned()), false)?;
    let counts: Vec<bool> = records.iter().map(|record| record.counts).collect();
    let mut column = group.next_column()?.ok_or("a column is missing")?;
    column.typed::<BoolType>().write_batch(&counts, None, None)?;
    column.close()?;
    Ok(())
}
