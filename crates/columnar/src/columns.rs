//! Parquet files as columns of numbers: a batch of rows at a time, texts as the numbers of their
//! dictionary.
//!
//! A text that comes again, as ids of parties and sites do, is handed out once for each row group
//! and then only counted by its number, so that reading a row costs no text. What is asked for is
//! read and nothing else; a file whose columns are of other types is left to [`Table`](crate::Table).

mod codes;
mod pages;

use parquet::basic::{ConvertedType, Encoding, LogicalType, Type};
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use crate::columns::pages::{Coded, Each, Pages, Wholes, is_read};
use crate::{ColumnarError, Kind, kind, sound, whole};

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
    /// The same, or decimals that are stored as such numbers.
    Decimal,
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
        whole(|| Self::footer(file, wanted))
    }

    fn footer(file: R, wanted: &[(&str, Want)]) -> Result<Option<Self>, ColumnarError> {
        let reader = SerializedFileReader::new(file)?;
        sound(reader.metadata())?;
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
        whole(|| self.opened(index))
    }

    fn opened(&self, index: usize) -> Result<Group, ColumnarError> {
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
            let pages = group.get_column_page_reader(at)?;
            columns.push(match want {
                Want::Codes => Column::Coded(Pages::new(pages, optional, Coded::default())),
                Want::Texts => Column::Texts(Pages::new(pages, optional, Each::default())),
                Want::Whole => Column::Whole(Pages::new(pages, optional, Wholes::new(None, 0))),
                Want::Decimal => {
                    let digits = digits(&column).ok_or_else(|| broken("another type"))?;
                    Column::Whole(Pages::new(pages, optional, Wholes::new(None, digits)))
                }
                Want::Seconds => {
                    let numbers = Wholes::new(per_second(&column), 0);
                    Column::Whole(Pages::new(pages, optional, numbers))
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
        whole(|| self.columns.iter_mut().try_for_each(|column| column.read(rows)))?;
        self.left -= rows;
        Ok(Some(rows))
    }

    /// What stands in a column, by its place among those that were asked for.
    #[must_use]
    pub fn values(&self, column: usize) -> Values<'_> {
        match &self.columns[column] {
            Column::Absent => Values::Absent,
            Column::Coded(pages) => {
                Values::Codes { dictionary: &pages.decoded.dictionary, codes: &pages.decoded.codes }
            }
            Column::Texts(pages) => Values::Texts(&pages.decoded.values),
            Column::Whole(pages) => Values::Whole(&pages.decoded.values),
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
    /// Whole numbers, or decimals.
    Whole(&'a Whole),
}

/// Whole numbers, one for each row.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Whole {
    /// How many digits of each stand behind the point: none of what is no decimal, at most 18.
    pub digits: u8,
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
    fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    /// Refuses texts that are not UTF-8, each by itself.
    fn check(&self) -> Result<(), ColumnarError> {
        let all = std::str::from_utf8(&self.bytes);
        let each = all.is_ok_and(|all| {
            all.is_ascii() || self.ends.iter().all(|end| all.is_char_boundary(*end))
        });
        if each { Ok(()) } else { Err(broken("a text that is not UTF-8")) }
    }

    fn get(&self, row: usize) -> &[u8] {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[row]]
    }

    /// The text of each row, as the bytes of UTF-8.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.bytes[start..end])
    }
}

enum Column {
    Absent,
    Coded(Pages<Coded>),
    Texts(Pages<Each>),
    Whole(Pages<Wholes>),
}

impl Column {
    fn read(&mut self, rows: usize) -> Result<(), ColumnarError> {
        match self {
            Self::Absent => Ok(()),
            Self::Coded(pages) => pages.read(rows),
            Self::Texts(pages) => pages.read(rows),
            Self::Whole(pages) => pages.read(rows),
        }
    }
}

fn per_second(column: &ColumnDescriptor) -> Option<i64> {
    match kind(column.self_type()) {
        Kind::Utc(per_second) => Some(per_second),
        Kind::Plain | Kind::Local(_) => None,
    }
}

/// How many digits of the numbers of a column stand behind the point: nothing where they are no whole
/// numbers of 64 bits with a sign, nor decimals that are stored as such.
fn digits(column: &ColumnDescriptor) -> Option<u8> {
    let is_whole = match column.logical_type_ref() {
        None => matches!(column.converted_type(), ConvertedType::NONE | ConvertedType::INT_64),
        Some(LogicalType::Integer(integer)) => integer.is_signed,
        Some(_) => false,
    };
    let digits = if is_whole {
        0
    } else if column.converted_type() == ConvertedType::DECIMAL {
        u8::try_from(column.type_scale()).ok().filter(|digits| *digits <= 18)?
    } else {
        return None;
    };
    (column.physical_type() == Type::INT64).then_some(digits)
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
    let named = |encoding| encoding == Encoding::RLE || is_read(encoding);
    if !reader.metadata().row_groups().iter().all(|it| it.column(index).encodings().all(named)) {
        return false;
    }
    match want {
        Want::Codes | Want::Texts => {
            physical == Type::BYTE_ARRAY && matches!(logical, None | Some(LogicalType::String))
        }
        Want::Whole => {
            column.converted_type() != ConvertedType::DECIMAL && digits(&column).is_some()
        }
        Want::Decimal => digits(&column).is_some(),
        Want::Seconds => physical == Type::INT64 && per_second(&column).is_some(),
    }
}

fn broken(what: &str) -> ColumnarError {
    ColumnarError { why: format!("a column chunk has {what}") }
}
