//! A month of usage records from a seed: any size, always the same bytes.

use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
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
    }";
    let schema = Arc::new(parse_message_type(schema)?);
    let zstd = Compression::ZSTD(ZstdLevel::try_new(1)?);
    let properties = WriterProperties::builder().set_compression(zstd).build();
    let mut writer = SerializedFileWriter::new(File::create(path)?, schema, Arc::new(properties))?;
    let mut draw = Draw(88_172_645_463_325_252 ^ seed);
    let supplies = supplies(&mut draw);
    let mut first = 0;
    while first < rows {
        let rows = GROUP.min(rows - first);
        let records: Vec<Record<'_>> = (first..first + rows)
            .map(|number| record(number, &supplies, &mut draw))
            .collect::<Result<_, _>>()?;
        let mut group = writer.next_row_group()?;
        write(&mut group, &records)?;
        group.close()?;
        first += rows;
    }
    writer.close()?;
    Ok(())
}

struct Record<'s> {
    number: u64,
    supply: &'s Supply,
    start: i64,
    end: i64,
    level: Option<i64>,
    quantity: i64,
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
    Ok(Record { number, supply, start, end, level, quantity: i64::try_from(quantity)? })
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
    texts(group, &|record| Some(record.supply.buyer.clone()), false)?;
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
    texts(group, &|record| Some(record.supply.unit.to_owned()), false)
}
