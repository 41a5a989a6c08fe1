//! A column of texts, page by page, as the numbers of its dictionary.

use std::collections::BTreeMap;

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};

use crate::ColumnarError;
use crate::columns::broken;
use crate::columns::codes::unpack;

/// A column of texts under way.
pub(super) struct Coded {
    pages: Box<dyn PageReader>,
    /// Whether a row may have no text.
    optional: bool,
    dictionary: Vec<String>,
    /// The numbers of texts that stand in pages without a dictionary, where there were any.
    numbers: BTreeMap<Vec<u8>, u32>,
    /// The numbers of the page, from 1, and how many were read.
    page: Vec<u32>,
    done: usize,
    codes: Vec<u32>,
}

impl Coded {
    pub(super) fn new(pages: Box<dyn PageReader>, optional: bool) -> Self {
        Self {
            pages,
            optional,
            dictionary: Vec::new(),
            numbers: BTreeMap::new(),
            page: Vec::new(),
            done: 0,
            codes: Vec::new(),
        }
    }

    pub(super) fn dictionary(&self) -> &[String] {
        &self.dictionary
    }

    pub(super) fn codes(&self) -> &[u32] {
        &self.codes
    }

    pub(super) fn read(&mut self, rows: usize) -> Result<(), ColumnarError> {
        self.codes.clear();
        while self.codes.len() < rows {
            if self.done == self.page.len() {
                self.next_page()?;
                continue;
            }
            let end = self.page.len().min(self.done + rows - self.codes.len());
            self.codes.extend_from_slice(&self.page[self.done..end]);
            self.done = end;
        }
        Ok(())
    }

    fn next_page(&mut self) -> Result<(), ColumnarError> {
        let page = self.pages.get_next_page()?.ok_or_else(|| broken("fewer rows than it says"))?;
        self.page.clear();
        self.done = 0;
        match page {
            Page::DictionaryPage { buf, num_values, .. } => {
                let texts = plain(&buf, count(num_values)?)?;
                self.dictionary = texts.into_iter().map(text).collect();
                Ok(())
            }
            Page::DataPage { buf, num_values, encoding, .. } => {
                let rows = count(num_values)?;
                if !self.optional {
                    return self.data(&buf, encoding, rows, None);
                }
                let short = || broken("a page without its levels");
                let (length, rest) = buf.split_first_chunk::<4>().ok_or_else(short)?;
                let length = count(u32::from_le_bytes(*length))?;
                let (levels, data) = rest.split_at_checked(length).ok_or_else(short)?;
                self.data(data, encoding, rows, Some(levels))
            }
            Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => {
                let short = || broken("a page without its levels");
                let repeated = count(rep_levels_byte_len)?;
                let (_, rest) = buf.split_at_checked(repeated).ok_or_else(short)?;
                let levels = count(def_levels_byte_len)?;
                let (levels, data) = rest.split_at_checked(levels).ok_or_else(short)?;
                self.data(data, encoding, count(num_values)?, self.optional.then_some(levels))
            }
        }
    }

    /// Reads the rows of a page: those with a text, as the levels say, all of them without.
    fn data(
        &mut self,
        data: &[u8],
        encoding: Encoding,
        rows: usize,
        levels: Option<&[u8]>,
    ) -> Result<(), ColumnarError> {
        let mut there = Vec::new();
        let mut texts = rows;
        if let Some(levels) = levels {
            unpack(levels, 1, rows, &mut there)?;
            texts = there.iter().filter(|level| **level > 0).count();
        }
        if matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY) {
            match data.split_first() {
                Some((width, packed)) => unpack(packed, u32::from(*width), texts, &mut self.page)?,
                None if texts == 0 => {}
                None => return Err(broken("a page without its numbers")),
            }
            let last = self.dictionary.len();
            if self.page.iter().any(|code| usize::try_from(*code).is_ok_and(|code| code >= last)) {
                return Err(broken("a number that is not in its dictionary"));
            }
            self.page.iter_mut().for_each(|code| *code += 1);
        } else if encoding == Encoding::PLAIN {
            for bytes in plain(data, texts)? {
                let code = self.number(bytes)?;
                self.page.push(code);
            }
        } else {
            return Err(broken("texts in an encoding that it does not name"));
        }
        if texts < rows {
            // From the last on, so that no number is overwritten before it is moved.
            self.page.resize(rows, 0);
            let mut from = texts;
            for (row, level) in there.iter().enumerate().rev() {
                let code = if *level > 0 {
                    from -= 1;
                    self.page[from]
                } else {
                    0
                };
                self.page[row] = code;
            }
        }
        Ok(())
    }

    /// The number of a text, a new one where it was not there yet.
    fn number(&mut self, bytes: &[u8]) -> Result<u32, ColumnarError> {
        let next = |dictionary: &Vec<String>| {
            u32::try_from(dictionary.len()).map_err(|_| broken("more than 2^32 texts"))
        };
        if self.numbers.is_empty() {
            for (text, number) in self.dictionary.iter().zip(1..) {
                self.numbers.insert(text.clone().into_bytes(), number);
            }
        }
        if let Some(number) = self.numbers.get(bytes) {
            return Ok(*number);
        }
        self.dictionary.push(text(bytes));
        let number = next(&self.dictionary)?;
        self.numbers.insert(bytes.to_owned(), number);
        Ok(number)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a page says of its size, within what any writer puts in one: a file cannot make a few
/// bytes claim memory without end.
fn count(number: u32) -> Result<usize, ColumnarError> {
    const MOST: u32 = 1 << 26;
    let fits = usize::try_from(number).ok().filter(|_| number <= MOST);
    fits.ok_or_else(|| broken("a page of more than 2^26 rows or bytes"))
}

/// Byte arrays that stand one behind the other, each with its length before it.
fn plain(mut data: &[u8], count: usize) -> Result<Vec<&[u8]>, ColumnarError> {
    let short = || broken("texts that end early");
    let mut values = Vec::with_capacity(count.min(data.len() / 4));
    for _ in 0..count {
        let (length, rest) = data.split_first_chunk::<4>().ok_or_else(short)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| short())?;
        let (value, rest) = rest.split_at_checked(length).ok_or_else(short)?;
        values.push(value);
        data = rest;
    }
    Ok(values)
}
