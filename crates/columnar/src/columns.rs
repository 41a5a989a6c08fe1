//! Parquet files as columns of numbers: a batch of rows at a time, texts as the numbers of their
//! dictionary.
//!
//! A text that comes again, as ids of parties and sites do, is handed out once for each row group
//! and then only counted by its number, so that reading a row costs no text. What is asked for is
//! read and nothing else; a file whose columns are of other types is left to [`Table`](crate::Table).

mod codes;
mod pages;

use parquet::basic::{ConvertedType, Encoding, LogicalType, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use crate::columns::pages::Coded;
use crate::{ColumnarError, Kind, kind};

/// How many rows a batch has at most: what is worked on stays in the processor's cache.
const BATCH: usize = 8_192;

/// What a column is asked for as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Texts of which most come again, by their number in a dictionary.
    Codes,
    /// Texts that differ from row to row.
    Texts,
    /// Whole numbers of 64 bits with a sign.
    Whole,
    /// Instants in UTC, in seconds since 1970; a fraction is cut to the second that it falls in.
    Seconds,
}

/// A file of which some columns are read.
pub struct Columns<R: ChunkReader + 'static> {
    reader: SerializedFileReader<R>,
    /// What was asked for, and which column that is, where there is one.
    found: Vec<(Want, Option<usize>)>,
}

impl<R: ChunkReader + 'static> Columns<R> {
    /// Reads the footer of a file, and finds the columns of these names in it, whatever their
    /// capitals. Gives nothing when one is there and is not of the type that is asked for, or
    /// is there twice.
    ///
    /// # Errors
    /// [`ColumnarError`] when it is no Parquet file, or not whole.
    pub fn open(file: R, wanted: &[(&str, Want)]) -> Result<Option<Self>, ColumnarError> {
        let reader = SerializedFileReader::new(file)?;
        let schema = reader.metadata().file_metadata().schema_descr();
        let mut found = Vec::with_capacity(wanted.len());
        for &(name, want) in wanted {
            let is_named = |column: &ColumnDescriptor| {
                column.path().parts().len() == 1 && column.name().trim().eq_ignore_ascii_case(name)
            };
            let mut here =
                (0..schema.num_columns()).filter(|&index| is_named(&schema.column(index)));
            let index = here.next();
            let fits = index.is_none_or(|index| fits(&reader, index, want));
            if !fits || here.next().is_some() {
                return Ok(None);
            }
            found.push((want, index));
        }
        Ok(Some(Self { reader, found }))
    }

    /// How many row groups there are.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.reader.num_row_groups()
    }

    /// How many rows stand before a row group.
    #[must_use]
    pub fn rows_before(&self, group: usize) -> u64 {
        let groups = self.reader.metadata().row_groups().iter().take(group);
        groups.map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).sum()
    }

    /// A row group, to be read from its first row.
    ///
    /// Row groups may be read on several threads, each with a file of its own: two handles of one
    /// open file share where they stand.
    ///
    /// # Errors
    /// [`ColumnarError`] when it cannot be read.
    pub fn group(&self, index: usize) -> Result<Group, ColumnarError> {
        let group = self.reader.get_row_group(index)?;
        let left = usize::try_from(group.metadata().num_rows()).map_err(|_| broken("rows"))?;
        let mut columns = Vec::with_capacity(self.found.len());
        for &(want, found) in &self.found {
            let Some(at) = found else {
                columns.push(Column::Absent);
                continue;
            };
            let column = self.reader.metadata().file_metadata().schema_descr().column(at);
            let optional = column.max_def_level() > 0;
            columns.push(match want {
                Want::Codes => {
                    Column::Coded(Coded::new(group.get_column_page_reader(at)?, optional))
                }
                Want::Texts => {
                    let ColumnReader::ByteArrayColumnReader(reader) =
                        group.get_column_reader(at)?
                    else {
                        return Err(broken("another type than the file says"));
                    };
                    Column::Texts { reader, optional, values: Texts::default(), read: Vec::new() }
                }
                Want::Whole | Want::Seconds => {
                    let ColumnReader::Int64ColumnReader(reader) = group.get_column_reader(at)?
                    else {
                        return Err(broken("another type than the file says"));
                    };
                    let per_second = per_second(&column).filter(|_| want == Want::Seconds);
                    Column::Whole { reader, optional, per_second, values: Whole::default() }
                }
            });
        }
        Ok(Group { columns, left })
    }
}

/// The rows of a group that were not read yet.
pub struct Group {
    columns: Vec<Column>,
    left: usize,
}

impl Group {
    /// Reads the next rows; nothing after the last. What stands in the columns is then found by
    /// [`Group::values`], until the next are read.
    ///
    /// # Errors
    /// [`ColumnarError`] when they cannot be read.
    pub fn read(&mut self) -> Result<Option<usize>, ColumnarError> {
        let rows = self.left.min(BATCH);
        if rows == 0 {
            return Ok(None);
        }
        for column in &mut self.columns {
            column.read(rows)?;
        }
        self.left -= rows;
        Ok(Some(rows))
    }

    /// What stands in a column, by its place among those that were asked for.
    #[must_use]
    pub fn values(&self, column: usize) -> Values<'_> {
        match &self.columns[column] {
            Column::Absent => Values::Absent,
            Column::Coded(coded) => {
                Values::Codes { dictionary: coded.dictionary(), codes: coded.codes() }
            }
            Column::Texts { values, .. } => Values::Texts(values),
            Column::Whole { values, .. } => Values::Whole(values),
        }
    }
}

/// What stands in a column, for the rows of a batch.
#[derive(Debug, Clone, Copy)]
pub enum Values<'a> {
    /// The file has no such column.
    Absent,
    /// For each row the number of its text, from 1; 0 where there is none. Numbers keep their
    /// texts to the end of the row group, and texts are only added.
    Codes {
        /// The texts, in the order of their numbers.
        dictionary: &'a [String],
        /// One for each row.
        codes: &'a [u32],
    },
    /// Texts that differ.
    Texts(&'a Texts),
    /// Whole numbers.
    Whole(&'a Whole),
}

/// Whole numbers, one for each row.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Whole {
    /// The numbers; 0 where there is none.
    pub values: Vec<i64>,
    /// Whether there is one.
    pub present: Vec<bool>,
}

/// Texts, one for each row; empty where there is none.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    /// The text of each row, as the bytes of UTF-8.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.bytes[start..end])
    }
}

enum Column {
    Absent,
    Coded(Coded),
    Texts {
        reader: ColumnReaderImpl<ByteArrayType>,
        optional: bool,
        values: Texts,
        read: Vec<ByteArray>,
    },
    Whole {
        reader: ColumnReaderImpl<Int64Type>,
        optional: bool,
        per_second: Option<i64>,
        values: Whole,
    },
}

impl Column {
    fn read(&mut self, rows: usize) -> Result<(), ColumnarError> {
        match self {
            Self::Absent => Ok(()),
            Self::Coded(coded) => coded.read(rows),
            Self::Texts { reader, optional, values, read } => {
                read.clear();
                let levels = records(reader, *optional, rows, read)?;
                let mut texts = read.iter();
                values.bytes.clear();
                values.ends.clear();
                for level in levels {
                    if level > 0 {
                        let text = texts.next().ok_or_else(|| broken("too few texts"))?;
                        values.bytes.extend_from_slice(text.data());
                    }
                    values.ends.push(values.bytes.len());
                }
                Ok(())
            }
            Self::Whole { reader, optional, per_second, values } => {
                let Whole { values, present } = values;
                values.clear();
                let levels = records(reader, *optional, rows, values)?;
                present.clear();
                present.extend(levels.iter().map(|level| *level > 0));
                spread(values, present)?;
                in_seconds(values, *per_second);
                if values.len() == rows { Ok(()) } else { Err(broken("too few numbers")) }
            }
        }
    }
}

/// Reads values that stand one behind the other, and for each row whether it has one: 1 or 0.
fn records<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    optional: bool,
    rows: usize,
    values: &mut Vec<T::T>,
) -> Result<Vec<i16>, ColumnarError> {
    let mut levels = Vec::with_capacity(rows);
    let mut done = 0;
    while done < rows {
        let wanted = optional.then_some(&mut levels);
        match reader.read_records(rows - done, wanted, None, values)? {
            (0, ..) => return Err(broken("fewer rows than it says")),
            (read, ..) => done += read,
        }
    }
    levels.resize(rows, 1);
    Ok(levels)
}

/// Moves numbers that stand one behind the other to the rows that have one.
fn spread(values: &mut Vec<i64>, present: &[bool]) -> Result<(), ColumnarError> {
    let mut from = values.len();
    if from == present.len() {
        return Ok(());
    }
    values.resize(present.len(), 0);
    for (row, there) in present.iter().enumerate().rev() {
        let value = if *there {
            from = from.checked_sub(1).ok_or_else(|| broken("too few numbers"))?;
            values[from]
        } else {
            0
        };
        values[row] = value;
    }
    Ok(())
}

/// Each division is by a constant, which costs a multiplication.
fn in_seconds(values: &mut [i64], per_second: Option<i64>) {
    match per_second {
        Some(1_000) => values.iter_mut().for_each(|value| *value = value.div_euclid(1_000)),
        Some(1_000_000) => values.iter_mut().for_each(|value| *value = value.div_euclid(1_000_000)),
        Some(per) => values.iter_mut().for_each(|value| *value = value.div_euclid(per)),
        None => {}
    }
}

fn per_second(column: &ColumnDescriptor) -> Option<i64> {
    match kind(column.self_type()) {
        Kind::Utc(per_second) => Some(per_second),
        Kind::Plain | Kind::Local(_) => None,
    }
}

/// Whether a column is of the type that it is asked for as, in every row group.
fn fits<R: ChunkReader + 'static>(
    reader: &SerializedFileReader<R>,
    index: usize,
    want: Want,
) -> bool {
    let column = reader.metadata().file_metadata().schema_descr().column(index);
    if column.max_rep_level() > 0 || column.max_def_level() > 1 {
        return false;
    }
    let physical = column.physical_type();
    let logical = column.logical_type_ref();
    match want {
        Want::Codes => {
            physical == Type::BYTE_ARRAY
                && matches!(logical, None | Some(LogicalType::String))
                && reader.metadata().row_groups().iter().all(|group| {
                    group.column(index).encodings().all(|encoding| {
                        matches!(
                            encoding,
                            Encoding::PLAIN
                                | Encoding::RLE
                                | Encoding::RLE_DICTIONARY
                                | Encoding::PLAIN_DICTIONARY
                        )
                    })
                })
        }
        Want::Texts => {
            physical == Type::BYTE_ARRAY && matches!(logical, None | Some(LogicalType::String))
        }
        Want::Whole => {
            let plain = match logical {
                None => {
                    matches!(column.converted_type(), ConvertedType::NONE | ConvertedType::INT_64)
                }
                Some(LogicalType::Integer(integer)) => integer.is_signed,
                Some(_) => false,
            };
            physical == Type::INT64 && plain
        }
        Want::Seconds => physical == Type::INT64 && per_second(&column).is_some(),
    }
}

fn broken(what: &str) -> ColumnarError {
    ColumnarError { why: format!("a column chunk has {what}") }
}
