//! Rows of a text, numbered as people count lines, read one at a time.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use crate::reason::Reason;

/// How many lines a quoted field may go over; a quote that is open for longer spoils its own line
/// only.
const QUOTED_LINES_MAX: usize = 64;

/// The rows of a text: lines, or several where a quoted field goes over their ends.
///
/// Lines end in LF or CRLF; a byte order mark at the start is no content; blank lines are passed
/// over.
pub(crate) struct Rows<'a> {
    input: &'a mut dyn BufRead,
    number: u64,
    ahead: VecDeque<Vec<u8>>,
    quoted: bool,
}

/// A row as it stands in the file.
#[derive(Debug)]
pub(crate) struct Raw {
    /// The line on which it begins, from 1.
    pub(crate) line: u64,
    /// Its text; where it is not UTF-8, with replacements.
    pub(crate) text: String,
    /// Why it cannot be taken apart.
    pub(crate) wrong: Option<Reason>,
}

impl<'a> Rows<'a> {
    /// With `quoted`, a field in double quotes may hold line ends.
    pub(crate) fn new(input: &'a mut dyn BufRead, quoted: bool) -> Self {
        Self { input, number: 0, ahead: VecDeque::new(), quoted }
    }

    /// The next row that is not blank.
    pub(crate) fn next(&mut self) -> io::Result<Option<Raw>> {
        while let Some(mut bytes) = self.line()? {
            let line = self.number;
            let mut wrong = None;
            if self.quoted && is_open(&bytes) && !self.close(&mut bytes)? {
                wrong = Some(Reason::OpenQuote);
            }
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let text = match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(error) => {
                    let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                    let column = String::from_utf8_lossy(valid).chars().count() + 1;
                    wrong = Some(Reason::NotText { column });
                    String::from_utf8_lossy(error.as_bytes()).into_owned()
                }
            };
            return Ok(Some(Raw { line, text, wrong }));
        }
        Ok(None)
    }

    /// Adds the lines up to the one that closes the quote; gives whether there is one.
    fn close(&mut self, bytes: &mut Vec<u8>) -> io::Result<bool> {
        let mut more = Vec::new();
        while more.len() < QUOTED_LINES_MAX {
            let Some(line) = self.line()? else { break };
            let closes = is_open(&line);
            more.push(line);
            if closes {
                for line in more {
                    bytes.push(b'\n');
                    bytes.extend(line);
                }
                return Ok(true);
            }
        }
        self.number -= u64::try_from(more.len()).unwrap_or(0);
        for line in more.into_iter().rev() {
            self.ahead.push_front(line);
        }
        Ok(false)
    }

    /// One line without its end.
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        if let Some(line) = self.ahead.pop_front() {
            self.number += 1;
            return Ok(Some(line));
        }
        let mut line = Vec::new();
        if self.input.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if line.ends_with(b"\n") {
            line.pop();
        }
        if line.ends_with(b"\r") {
            line.pop();
        }
        if self.number == 0 && line.starts_with(b"\xef\xbb\xbf") {
            line.drain(..3);
        }
        self.number += 1;
        Ok(Some(line))
    }
}

/// Whether a quote is left open, or closed that was open before.
fn is_open(line: &[u8]) -> bool {
    !line.iter().filter(|&&byte| byte == b'"').count().is_multiple_of(2)
}

/// A text as it is shown inside of a message: on one line, without control characters, cut where
/// it is long.
#[must_use]
pub fn shown(text: &str) -> String {
    const CHARS_MAX: usize = 80;
    let tame = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut shown: String = text.chars().take(CHARS_MAX).map(tame).collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// The name that is most likely meant, if any is near enough.
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // A long text is no misspelt name, and comparing it would take long.
    if name.len() > 128 {
        return None;
    }
    let limit = (name.chars().count() / 3).max(1);
    let distance = |other: &str| strsim::damerau_levenshtein(&name.to_lowercase(), other);
    let near = names.into_iter().map(|other| (distance(other), other));
    let near = near.filter(|(distance, _)| *distance <= limit).min();
    near.map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_numbered_by_their_first_line() {
        let check = |text: &[u8], quoted: bool, expected: &[(u64, &str, bool)]| {
            let mut input = text;
            let mut rows = Rows::new(&mut input, quoted);
            let mut seen = Vec::new();
            while let Some(row) = rows.next().unwrap() {
                seen.push((row.line, row.text, row.wrong.is_some()));
            }
            let expected: Vec<_> = expected
                .iter()
                .map(|&(line, text, wrong)| (line, text.to_owned(), wrong))
                .collect();
            assert_eq!(seen, expected);
        };
        check(b"", true, &[]);
        check(b"\xef\xbb\xbfa\r\n\r\nb", true, &[(1, "a", false), (3, "b", false)]);
        check(b"a,\"b\nc\"\nd", true, &[(1, "a,\"b\nc\"", false), (3, "d", false)]);
        check(b"a,\"b\nc\nd", true, &[(1, "a,\"b", true), (2, "c", false), (3, "d", false)]);
        check(b"a,\"b\nc", false, &[(1, "a,\"b", false), (2, "c", false)]);
        check(b"a\n\xff\n", true, &[(1, "a", false), (2, "\u{fffd}", true)]);
    }
}
