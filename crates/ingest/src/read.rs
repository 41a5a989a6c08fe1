//! A file to what it holds, in the format that it begins with.

use std::io::BufRead;

use csv::StringRecord;

use crate::cloudevents;
use crate::feed::How;
use crate::format::Format;
use crate::reason::FileError;
use crate::record::Intake;
use crate::table::{self, Header, Row};
use crate::text::{Rows, shown};

/// Reads a text: CloudEvents, a `sacct` dump, or CSV of FOCUS or our own columns.
///
/// Without a format it is told from the first line with content. Rows that cannot be used are
/// set aside in what is given.
///
/// # Errors
/// [`FileError`] when the file as a whole cannot be read; nothing of it is taken in then.
pub fn read(
    file: &str,
    format: Option<Format>,
    input: &mut dyn BufRead,
    how: How<'_>,
) -> Result<Intake, FileError> {
    // The head is read again behind this.
    let mut head = Vec::new();
    std::io::Read::read_to_end(&mut std::io::Read::take(&mut *input, 65_536), &mut head)
        .map_err(|error| FileError::Broken { file: file.to_owned(), why: error.to_string() })?;
    let format = detect(file, &head, format)?;
    right_feed(file, format, how)?;
    let mut whole = std::io::Read::chain(&head[..], input);
    let intake = match format {
        Format::CloudEvents => cloudevents::read(file, &mut whole, how)?,
        Format::Sacct | Format::Focus | Format::Usage => {
            table::text(file, &mut whole, format.delimiter(), |header, next| {
                table::rows(format, header, next, how)
            })?
        }
    };
    if intake.is_empty() {
        return Err(FileError::NoRows { file: file.to_owned() });
    }
    Ok(intake)
}

/// Reads a table whose rows are taken apart already, such as Parquet: each as texts, empty where
/// there is nothing, with its number, from 1, which stands for its line. Rows may be left out.
///
/// # Errors
/// As [`read`], and when a row cannot be read.
pub fn read_rows(
    file: &str,
    format: Option<Format>,
    columns: Vec<String>,
    rows: &mut dyn Iterator<Item = Result<(u64, Vec<String>), String>>,
    how: How<'_>,
) -> Result<Intake, FileError> {
    let found = Format::of_columns(columns.iter().map(String::as_str));
    let Some(format) = format.or(found).filter(|format| *format != Format::CloudEvents) else {
        let text = shown(&columns.join(","));
        return Err(FileError::Unknown { file: file.to_owned(), line: 1, text });
    };
    right_feed(file, format, how)?;
    let header = Header::new(file, 1, StringRecord::from(columns))?;
    let mut next = || {
        let Some(row) = rows.next() else { return Ok(None) };
        let (line, row) = row?;
        let fields = StringRecord::from(row);
        let text = csv_line(&fields);
        Ok(Some(Row { line, fields: Ok(fields), text }))
    };
    let intake = table::rows(format, &header, &mut next, how)?;
    if intake.is_empty() {
        return Err(FileError::NoRows { file: file.to_owned() });
    }
    Ok(intake)
}

/// A row as CSV has it.
fn csv_line(fields: &StringRecord) -> String {
    let quote = |field: &str| {
        if field.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", field.replace('"', "\"\""))
        } else {
            field.to_owned()
        }
    };
    fields.iter().map(quote).collect::<Vec<_>>().join(",")
}

fn detect(file: &str, mut head: &[u8], said: Option<Format>) -> Result<Format, FileError> {
    let broken =
        |error: std::io::Error| FileError::Broken { file: file.to_owned(), why: error.to_string() };
    let Some(first) = Rows::new(&mut head, false).next().map_err(broken)? else {
        return Err(FileError::Empty { file: file.to_owned() });
    };
    let found = Format::of_line(&first.text);
    if let Some(format) = found.filter(|found| said.is_none_or(|said| said == *found)) {
        return Ok(format);
    }
    let misread =
        Format::misread(&first.text).filter(|(format, _)| said.is_none_or(|s| s == *format));
    if let Some((format, found)) = misread {
        let expected = format.delimiter();
        let file = file.to_owned();
        return Err(FileError::Delimiter { file, line: first.line, format, found, expected });
    }
    said.ok_or_else(|| FileError::Unknown {
        file: file.to_owned(),
        line: first.line,
        text: shown(&first.text),
    })
}

fn right_feed(file: &str, found: Format, how: How<'_>) -> Result<(), FileError> {
    match how.feed.filter(|feed| feed.format != found) {
        Some(feed) => Err(FileError::OtherFormat {
            file: file.to_owned(),
            found,
            feed: feed.id.clone(),
            expected: feed.format,
        }),
        None => Ok(()),
    }
}
