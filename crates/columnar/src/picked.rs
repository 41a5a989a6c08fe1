//! A few rows of a large file, by their numbers: what stands between them is not taken apart.

use std::collections::VecDeque;

use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::DataType;
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::ColumnDescPtr;

use crate::{ColumnarError, Kind, kind, sound, text, whole};

/// How many rows are taken at once at most.
const AT_ONCE: usize = 1_024;

/// Some rows of a file, as [`Table`](crate::Table) gives them, each with its number from 1.
pub struct Picked<R: ChunkReader + 'static> {
    reader: SerializedFileReader<R>,
    names: Vec<String>,
    kinds: Vec<Kind>,
    /// The numbers that are left, in order.
    left: VecDeque<u64>,
    /// The row group that is read: the number of its first row, and of the first after it.
    group: usize,
    first: u64,
    end: u64,
    columns: Vec<Leaf>,
    ready: VecDeque<(u64, Vec<String>)>,
    failed: bool,
}

/// A column of the group, and how many of its rows are behind.
struct Leaf {
    reader: ColumnReader,
    column: ColumnDescPtr,
    behind: u64,
}

impl<R: ChunkReader + 'static> Picked<R> {
    /// Reads the footer of a file. The numbers of the rows are in order and each once. Gives
    /// nothing where a column has parts of its own, or several values in a row.
    ///
    /// # Errors
    /// [`ColumnarError`] when it is no Parquet file, or not whole.
    pub fn open(
        file: R,
        rows: impl IntoIterator<Item = u64>,
    ) -> Result<Option<Self>, ColumnarError> {
        whole(|| {
            let reader = SerializedFileReader::new(file)?;
            sound(reader.metadata())?;
            if !is_plain(&reader) {
                return Ok(None);
            }
            let schema = reader.metadata().file_metadata().schema_descr();
            let fields = schema.root_schema().get_fields();
            let names = fields.iter().map(|field| field.name().to_owned()).collect();
            let kinds = fields.iter().map(|field| kind(field)).collect();
            let left = rows.into_iter().collect();
            let (columns, ready) = (Vec::new(), VecDeque::new());
            let (group, first, end) = (0, 1, 1);
            let failed = false;
            Ok(Some(Self { reader, names, kinds, left, group, first, end, columns, ready, failed }))
        })
    }

    /// The names of the columns, in order.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.names
    }

    /// Takes the next rows of a group.
    fn fill(&mut self) -> Result<(), ColumnarError> {
        let Some(&next) = self.left.front() else { return Ok(()) };
        while next >= self.end {
            self.next_group(next)?;
        }
        let here = self.left.iter().take(AT_ONCE).take_while(|row| **row < self.end).count();
        let rows: Vec<u64> = self.left.drain(..here).collect();
        let mut texts = vec![Vec::with_capacity(self.kinds.len()); rows.len()];
        for (leaf, kind) in self.columns.iter_mut().zip(&self.kinds) {
            let mut fields = Vec::with_capacity(rows.len());
            // Rows that stand together are read together.
            for run in rows.chunk_by(|one, other| one + 1 == *other) {
                leaf.read(run[0] - self.first, run.len(), &mut fields)?;
            }
            for (row, field) in texts.iter_mut().zip(&fields) {
                row.push(text(field, *kind));
            }
        }
        self.ready.extend(rows.into_iter().zip(texts));
        Ok(())
    }

    /// Begins the next row group, and opens its columns if the row is in it.
    fn next_group(&mut self, row: u64) -> Result<(), ColumnarError> {
        if self.group >= self.reader.num_row_groups() {
            return Err(ColumnarError { why: format!("it has no row {row}") });
        }
        let group = self.reader.get_row_group(self.group)?;
        self.group += 1;
        self.first = self.end;
        self.end += u64::try_from(group.metadata().num_rows()).unwrap_or(0);
        self.columns.clear();
        if row < self.end {
            for at in 0..group.num_columns() {
                let column = group.metadata().column(at).column_descr_ptr();
                let pages = group.get_column_page_reader(at)?;
                let reader = get_column_reader(column.clone(), pages);
                self.columns.push(Leaf { reader, column, behind: 0 });
            }
        }
        Ok(())
    }
}

impl<R: ChunkReader + 'static> Iterator for Picked<R> {
    type Item = Result<(u64, Vec<String>), ColumnarError>;

    /// The next row; after an error there is none.
    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty()
            && !self.failed
            && let Err(error) = whole(|| self.fill())
        {
            self.failed = true;
            return Some(Err(error));
        }
        self.ready.pop_front().map(Ok)
    }
}

impl Leaf {
    /// Appends what stands in some rows of the group, from one of them on, counted from 0.
    fn read(
        &mut self,
        first: u64,
        count: usize,
        fields: &mut Vec<Field>,
    ) -> Result<(), ColumnarError> {
        let skip = usize::try_from(first - self.behind).unwrap_or(usize::MAX);
        self.behind = first + u64::try_from(count).unwrap_or(u64::MAX);
        let Self { reader, column, .. } = self;
        let of = (&*column, skip, count);
        match reader {
            ColumnReader::BoolColumnReader(it) => {
                values(it, of, fields, |value| Ok(Field::convert_bool(column, value)))
            }
            ColumnReader::Int32ColumnReader(it) => {
                values(it, of, fields, |value| Ok(Field::convert_int32(column, value)))
            }
            ColumnReader::Int64ColumnReader(it) => {
                values(it, of, fields, |value| Ok(Field::convert_int64(column, value)))
            }
            ColumnReader::Int96ColumnReader(it) => {
                values(it, of, fields, |value| Ok(Field::convert_int96(column, value)))
            }
            ColumnReader::FloatColumnReader(it) => {
                values(it, of, fields, |value| Ok(Field::convert_float(column, value)))
            }
            ColumnReader::DoubleColumnReader(it) => {
                values(it, of, fields, |value| Ok(Field::convert_double(column, value)))
            }
            ColumnReader::ByteArrayColumnReader(it) => {
                values(it, of, fields, |value| Ok(Field::convert_byte_array(column, value)?))
            }
            ColumnReader::FixedLenByteArrayColumnReader(it) => {
                values(it, of, fields, |value| Ok(Field::convert_byte_array(column, value.into())?))
            }
        }
    }
}

fn values<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    (column, skip, count): (&ColumnDescPtr, usize, usize),
    fields: &mut Vec<Field>,
    field: impl Fn(T::T) -> Result<Field, ColumnarError>,
) -> Result<(), ColumnarError> {
    let fewer = || ColumnarError { why: "a column chunk has fewer rows than it says".to_owned() };
    if reader.skip_records(skip)? != skip {
        return Err(fewer());
    }
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    let (read, ..) = reader.read_records(count, Some(&mut levels), None, &mut values)?;
    if read != count {
        return Err(fewer());
    }
    let mut values = values.into_iter();
    for row in 0..count {
        let is_there = levels.get(row).is_none_or(|level| *level == column.max_def_level());
        let value = if is_there { values.next() } else { None };
        fields.push(value.map_or(Ok(Field::Null), &field)?);
    }
    Ok(())
}

/// Whether each column has at most one value in a row.
fn is_plain<R: ChunkReader + 'static>(reader: &SerializedFileReader<R>) -> bool {
    let schema = reader.metadata().file_metadata().schema_descr();
    schema.columns().iter().all(|column| {
        column.path().parts().len() == 1
            && column.max_rep_level() == 0
            && column.max_def_level() < 2
    })
}
