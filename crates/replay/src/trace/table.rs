//! Tables with a header: comma-separated values, one row on each line.

use csv::{ReaderBuilder, StringRecord};

use super::field::Field;
use super::line::{Line, capped, lines};
use super::reason::Reason;
use super::{Gather, Read, Row, TraceError};

/// A kind of table, told by its columns.
#[derive(Debug)]
pub(super) struct Format {
    /// Its name for people.
    pub(super) name: &'static str,
    /// The columns that it must have.
    pub(super) required: &'static [&'static str],
    /// Those that are read where they are there; any other is passed over.
    pub(super) optional: &'static [&'static str],
}

impl Format {
    /// The format that a header names most columns of, at least two.
    pub(super) fn nearest<'a>(formats: &[&'a Self], header: &str) -> Option<&'a Self> {
        let header = split(header);
        let known = |format: &Self| {
            format.required.iter().filter(|&&column| place(&header, column).is_some()).count()
        };
        // Of two with as many columns the first is taken, so that the answer is one.
        let best = formats.iter().rev().max_by_key(|format| known(format))?;
        (known(best) >= 2).then_some(*best)
    }
}

/// A row's fields under their columns.
pub(super) struct Fields<'a> {
    columns: &'a [(&'static str, usize)],
    record: &'a StringRecord,
}

impl Fields<'_> {
    /// The field of a column; empty where the table has no such column.
    pub(super) fn get(&self, column: &'static str) -> Field<'_> {
        let place = self.columns.iter().find(|&&(name, _)| name == column);
        let text = place.and_then(|&(_, place)| self.record.get(place)).unwrap_or("");
        Field { column, text }
    }
}

/// The first line that is neither blank nor a comment: the header, in a table.
pub(super) fn first(text: &str) -> Option<Line<'_>> {
    lines(text).find(|line| !is_blank(line.text) && !is_comment(line.text))
}

/// Reads a table, each row by `row`.
pub(super) fn read<T>(
    text: &str,
    format: &Format,
    row: impl Fn(Line<'_>, &Fields<'_>) -> Result<Row<T>, Reason>,
) -> Result<Read<T>, TraceError> {
    let mut gather = Gather::new();
    let mut header: Option<(StringRecord, Vec<(&'static str, usize)>)> = None;
    for line in lines(text) {
        if is_blank(line.text) {
            gather.read.notes.blank_lines += 1;
            continue;
        }
        if is_comment(line.text) {
            gather.read.notes.comment_lines += 1;
            continue;
        }
        let record = split(line.text);
        let Some((names, columns)) = &header else {
            let columns = columns(format, &record, line.number)?;
            header = Some((record, columns));
            continue;
        };
        let fields = Fields { columns, record: &record };
        let read = if record == *names {
            Err(Reason::HeaderAgain)
        } else if record.len() == names.len() {
            row(line, &fields)
        } else {
            Err(Reason::Fields { found: record.len(), expected: names.len() })
        };
        gather.add(line, read);
    }
    Ok(gather.read)
}

/// Where the format's columns stand in the header.
fn columns(
    format: &Format,
    header: &StringRecord,
    line: u32,
) -> Result<Vec<(&'static str, usize)>, TraceError> {
    let mut missing = Vec::new();
    let mut columns = Vec::new();
    for &column in format.required {
        match place(header, column) {
            Some(place) => columns.push((column, place)),
            None => missing.push(column),
        }
    }
    if !missing.is_empty() {
        let found = header.iter().map(capped).collect();
        return Err(TraceError::MissingColumns { format: format.name, line, missing, found });
    }
    let optional = format.optional.iter();
    columns.extend(optional.filter_map(|&column| Some((column, place(header, column)?))));
    Ok(columns)
}

fn place(header: &StringRecord, column: &str) -> Option<usize> {
    header.iter().position(|name| name.trim().eq_ignore_ascii_case(column))
}

/// The fields of one line.
///
/// A line with quotes has a reader of its own, so that a quote that is left open ends with the
/// line. Setting one up costs many times the split itself, and most lines are spared it.
fn split(line: &str) -> StringRecord {
    if !line.contains('"') {
        return line.split(',').collect();
    }
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(line.len())
        .from_reader(line.as_bytes());
    let mut record = StringRecord::new();
    reader
        .read_record(&mut record)
        .expect("a line in memory has no read errors, and its fields are cut at ASCII only");
    record
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_split_with_and_without_quotes() {
        let check = |line: &str, expected: &[&str]| {
            assert_eq!(split(line), StringRecord::from(expected.to_vec()), "{line}");
        };
        check("a,b,,c", &["a", "b", "", "c"]);
        check("\"a\",b,,c", &["a", "b", "", "c"]);
        check("\"a,b\",\"c \"\"d\"\"\",", &["a,b", "c \"d\"", ""]);
        check("\"a,b", &["a,b"]);
        check("a\"b,c", &["a\"b", "c"]);
        check("é,\"ü,\"", &["é", "ü,"]);
    }
}
