//! Parquet files as rows of text, or as columns of numbers.
//!
//! [`Table`] reads any file row by row; [`Columns`] reads the few columns that it is asked for, of
//! files that are too large for that, and [`Picked`] the few rows that are to be read by themselves. In a row, every value is given as the text that CSV would
//! have for it, so that what reads rows need not know where they come from: whole numbers and decimals with their digits, times in RFC 3339,
//! floating point numbers in the fewest digits that tell them from every other. Knows no meaning
//! of any column. Reads from what it is handed; opens no file.

mod columns;
mod picked;

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::basic::{LogicalType, TimeUnit};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use thiserror::Error;

pub use columns::{Columns, Group, Texts, Values, Want, Whole};
pub use parquet::file::reader::ChunkReader;
pub use picked::Picked;

/// Why a file is not read, or not to its end.
#[derive(Debug, Error)]
#[error("not a whole Parquet file: {why}")]
pub struct ColumnarError {
    /// What the reader of the format says.
    pub why: String,
}

impl From<ParquetError> for ColumnarError {
    fn from(error: ParquetError) -> Self {
        Self { why: error.to_string() }
    }
}

/// Whether bytes begin as a Parquet file does.
#[must_use]
pub fn is_parquet(head: &[u8]) -> bool {
    head.starts_with(b"PAR1")
}

/// How the whole numbers of a column are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// Instants in UTC, so many to the second.
    Utc(i64),
    /// Times in no zone, so many to the second.
    Local(i64),
}

/// A table: its columns, and an iterator over its rows.
pub struct Table {
    columns: Vec<String>,
    kinds: Vec<Kind>,
    rows: RowIter<'static>,
    done: bool,
}

impl Table {
    /// Reads the footer of a file.
    ///
    /// # Errors
    /// [`ColumnarError`] when it is no Parquet file, or not whole.
    pub fn open<R: ChunkReader + 'static>(file: R) -> Result<Self, ColumnarError> {
        whole(|| Self::footer(file))
    }

    fn footer<R: ChunkReader + 'static>(file: R) -> Result<Self, ColumnarError> {
        let reader = SerializedFileReader::new(file)?;
        sound(reader.metadata())?;
        let schema = reader.metadata().file_metadata().schema_descr();
        let root = schema.root_schema();
        let fields = root.get_fields();
        let columns = fields.iter().map(|field| field.name().to_owned()).collect();
        let kinds = fields.iter().map(|field| kind(field)).collect();
        let rows = RowIter::from_file_into(Box::new(reader));
        Ok(Self { columns, kinds, rows, done: false })
    }

    /// The names of the columns, in order.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    fn texts(&self, row: &Row) -> Vec<String> {
        row.get_column_iter()
            .zip(self.kinds.iter().chain(std::iter::repeat(&Kind::Plain)))
            .map(|((_, field), kind)| text(field, *kind))
            .collect()
    }
}

impl Iterator for Table {
    type Item = Result<Vec<String>, ColumnarError>;

    /// The next row; after an error there is none.
    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = whole(|| match self.rows.next() {
            Some(row) => Ok(Some(self.texts(&row?))),
            None => Ok(None),
        });
        // What comes after an error is not to be trusted.
        self.done = !matches!(next, Ok(Some(_)));
        next.transpose()
    }
}

/// Reads on; where damage makes the reader of the format panic, as it does on some, that is an
/// error like any other. What it had in hand is not used again.
fn whole<T>(read: impl FnOnce() -> Result<T, ColumnarError>) -> Result<T, ColumnarError> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(ColumnarError { why: "its bytes are damaged".to_owned() }))
}

/// Refuses places and sizes below zero, at which the reader of the format would end the program.
fn sound(metadata: &ParquetMetaData) -> Result<(), ColumnarError> {
    let columns = metadata.row_groups().iter().flat_map(RowGroupMetaData::columns);
    let numbers = columns.flat_map(|column| {
        let dictionary = column.dictionary_page_offset().unwrap_or(0);
        [dictionary, column.data_page_offset(), column.compressed_size(), column.num_values()]
    });
    let rows = metadata.row_groups().iter().map(RowGroupMetaData::num_rows);
    if numbers.chain(rows).all(|number| number >= 0) {
        Ok(())
    } else {
        Err(ColumnarError { why: "its footer has places or sizes below zero".to_owned() })
    }
}

fn kind(field: &Type) -> Kind {
    match field.get_basic_info().logical_type_ref() {
        Some(LogicalType::Timestamp(stamp)) => {
            let per_second = match stamp.unit {
                TimeUnit::MILLIS => 1_000,
                TimeUnit::MICROS => 1_000_000,
                TimeUnit::NANOS => 1_000_000_000,
            };
            if stamp.is_adjusted_to_u_t_c { Kind::Utc(per_second) } else { Kind::Local(per_second) }
        }
        Some(_) | None => Kind::Plain,
    }
}

fn text(field: &Field, kind: Kind) -> String {
    match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        Field::Bytes(bytes) => String::from_utf8_lossy(bytes.data()).into_owned(),
        Field::Long(value) => match kind {
            Kind::Plain => value.to_string(),
            Kind::Utc(_) | Kind::Local(_) => stamp(*value, kind),
        },
        Field::TimestampMillis(value) => stamp(*value, or(kind, 1_000)),
        Field::TimestampMicros(value) => stamp(*value, or(kind, 1_000_000)),
        Field::Date(days) => date(i64::from(*days)),
        Field::Double(value) => value.to_string(),
        Field::Float(value) => value.to_string(),
        Field::Bool(_)
        | Field::Byte(_)
        | Field::Short(_)
        | Field::Int(_)
        | Field::UByte(_)
        | Field::UShort(_)
        | Field::UInt(_)
        | Field::ULong(_)
        | Field::Float16(_)
        | Field::Decimal(_)
        | Field::TimeMillis(_)
        | Field::TimeMicros(_)
        | Field::Group(_)
        | Field::ListInternal(_)
        | Field::MapInternal(_) => field.to_string(),
    }
}

/// An instant of an older file says nothing of its zone: it is in UTC.
fn or(kind: Kind, per_second: i64) -> Kind {
    if kind == Kind::Plain { Kind::Utc(per_second) } else { kind }
}

fn stamp(value: i64, kind: Kind) -> String {
    let (per_second, zone) = match kind {
        Kind::Plain => (1, ""),
        Kind::Utc(per_second) => (per_second, "Z"),
        Kind::Local(per_second) => (per_second, ""),
    };
    let (seconds, part) = (value.div_euclid(per_second), value.rem_euclid(per_second));
    let (days, clock) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let mut text = date(days);
    let _ = write!(text, "T{:02}:{:02}:{:02}", clock / 3_600, clock / 60 % 60, clock % 60);
    if part > 0 {
        let width = usize::try_from(per_second.ilog10()).unwrap_or(0);
        let _ = write!(text, ".{part:0width$}");
    }
    text + zone
}

/// The date of a day after 1970-01-01, by the algorithm of Howard Hinnant's `civil_from_days`.
fn date(days: i64) -> String {
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339() {
        assert_eq!(stamp(1_740_787_200_000, Kind::Utc(1_000)), "2025-03-01T00:00:00Z");
        assert_eq!(stamp(-1, Kind::Utc(1_000)), "1969-12-31T23:59:59.999Z");
        assert_eq!(
            stamp(951_782_400_000_001, Kind::Local(1_000_000)),
            "2000-02-29T00:00:00.000001"
        );
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(19_782), "2024-02-29");
    }
}
