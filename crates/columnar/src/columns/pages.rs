//! A column chunk, page by page.
//!
//! Pages are taken apart here and not by the decoders of the `parquet` crate: those end the
//! program at a page that is shorter than it says, and they know texts but not their numbers.

use std::collections::BTreeMap;

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};

use crate::ColumnarError;
use crate::columns::codes::unpack;
use crate::columns::{Texts, Whole, broken};

/// Whether values in an encoding are read: as they are, or as numbers of a dictionary.
pub(super) fn is_read(encoding: Encoding) -> bool {
    is_coded(encoding) || encoding == Encoding::PLAIN
}

fn is_coded(encoding: Encoding) -> bool {
    matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY)
}

/// What is made of the pages of a column.
pub(super) trait Decode {
    /// Takes the values of the dictionary.
    fn dictionary(&mut self, data: &[u8], count: usize) -> Result<(), ColumnarError>;

    /// How many values the dictionary has.
    fn known(&self) -> usize;

    /// Begins a page with the values that stand in it one behind the other.
    fn values(&mut self, data: &[u8], count: usize) -> Result<(), ColumnarError>;

    /// Begins a page with values of the dictionary, by their numbers from 0, each of which it has.
    fn coded(&mut self, codes: &[u32]);

    /// Appends the next value of the page to those of the batch, or none for a row without.
    fn append(&mut self, is_there: bool);

    /// Begins a batch.
    fn clear(&mut self);
}

/// The rows of a column that were not read yet.
pub(super) struct Pages<D> {
    pages: Box<dyn PageReader>,
    /// Whether a row may have no value.
    optional: bool,
    /// For each row of the page 1 or 0, as it has a value or none; and how many were read.
    levels: Vec<u32>,
    done: usize,
    codes: Vec<u32>,
    pub(super) decoded: D,
}

impl<D: Decode> Pages<D> {
    pub(super) fn new(pages: Box<dyn PageReader>, optional: bool, decoded: D) -> Self {
        Self { pages, optional, levels: Vec::new(), done: 0, codes: Vec::new(), decoded }
    }

    /// Reads the next rows, as a batch of their own.
    pub(super) fn read(&mut self, rows: usize) -> Result<(), ColumnarError> {
        self.decoded.clear();
        let mut left = rows;
        while left > 0 {
            if self.done == self.levels.len() {
                self.next_page()?;
                continue;
            }
            let end = self.levels.len().min(self.done + left);
            for level in &self.levels[self.done..end] {
                self.decoded.append(*level > 0);
            }
            left -= end - self.done;
            self.done = end;
        }
        Ok(())
    }

    fn next_page(&mut self) -> Result<(), ColumnarError> {
        let page = self.pages.get_next_page()?.ok_or_else(|| broken("fewer rows than it says"))?;
        let short = || broken("a page without its levels");
        match page {
            Page::DictionaryPage { buf, num_values, .. } => {
                self.decoded.dictionary(&buf, count(num_values)?)
            }
            Page::DataPage { buf, num_values, encoding, .. } => {
                if !self.optional {
                    return self.data(&buf, encoding, count(num_values)?, None);
                }
                let (length, rest) = buf.split_first_chunk::<4>().ok_or_else(short)?;
                let length = count(u32::from_le_bytes(*length))?;
                let (levels, data) = rest.split_at_checked(length).ok_or_else(short)?;
                self.data(data, encoding, count(num_values)?, Some(levels))
            }
            Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => {
                let repeated = count(rep_levels_byte_len)?;
                let (_, rest) = buf.split_at_checked(repeated).ok_or_else(short)?;
                let levels = count(def_levels_byte_len)?;
                let (levels, data) = rest.split_at_checked(levels).ok_or_else(short)?;
                self.data(data, encoding, count(num_values)?, self.optional.then_some(levels))
            }
        }
    }

    /// Takes the rows of a page: those with a value, as the levels say, all of them without.
    fn data(
        &mut self,
        data: &[u8],
        encoding: Encoding,
        rows: usize,
        levels: Option<&[u8]>,
    ) -> Result<(), ColumnarError> {
        self.levels.clear();
        self.done = 0;
        match levels {
            Some(levels) => unpack(levels, 1, rows, &mut self.levels)?,
            None => self.levels.resize(rows, 1),
        }
        let values = self.levels.iter().filter(|level| **level > 0).count();
        if encoding == Encoding::PLAIN {
            return self.decoded.values(data, values);
        }
        if !is_coded(encoding) {
            return Err(broken("a page in an encoding that it does not name"));
        }
        self.codes.clear();
        match data.split_first() {
            Some((width, packed)) => unpack(packed, u32::from(*width), values, &mut self.codes)?,
            None if values == 0 => {}
            None => return Err(broken("a page without its numbers")),
        }
        let known = self.decoded.known();
        if self.codes.iter().any(|code| usize::try_from(*code).is_ok_and(|code| code >= known)) {
            return Err(broken("a number that is not in its dictionary"));
        }
        self.decoded.coded(&self.codes);
        Ok(())
    }
}

/// Texts by the numbers of their dictionary, from 1.
#[derive(Default)]
pub(super) struct Coded {
    pub(super) dictionary: Vec<String>,
    /// The numbers of texts that stand in pages without a dictionary, where there were any.
    numbers: BTreeMap<Vec<u8>, u32>,
    page: Vec<u32>,
    done: usize,
    pub(super) codes: Vec<u32>,
}

impl Decode for Coded {
    fn dictionary(&mut self, data: &[u8], count: usize) -> Result<(), ColumnarError> {
        if !self.dictionary.is_empty() {
            return Err(broken("two dictionaries"));
        }
        self.dictionary = plain(data, count)?.into_iter().map(text).collect::<Result<_, _>>()?;
        Ok(())
    }

    fn known(&self) -> usize {
        self.dictionary.len()
    }

    fn values(&mut self, data: &[u8], count: usize) -> Result<(), ColumnarError> {
        self.page.clear();
        self.done = 0;
        for bytes in plain(data, count)? {
            let code = self.number(bytes)?;
            self.page.push(code);
        }
        Ok(())
    }

    fn coded(&mut self, codes: &[u32]) {
        self.page.clear();
        self.done = 0;
        self.page.extend(codes.iter().map(|code| code + 1));
    }

    fn append(&mut self, is_there: bool) {
        let code = if is_there { self.page[self.done] } else { 0 };
        self.done += usize::from(is_there);
        self.codes.push(code);
    }

    fn clear(&mut self) {
        self.codes.clear();
    }
}

impl Coded {
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
        self.dictionary.push(text(bytes)?);
        let number = next(&self.dictionary)?;
        self.numbers.insert(bytes.to_owned(), number);
        Ok(number)
    }
}

/// Whole numbers, perhaps so many to the second.
pub(super) struct Wholes {
    /// What the numbers are divided by, where they are times.
    pub(super) per_second: Option<i64>,
    dictionary: Vec<i64>,
    page: Vec<i64>,
    done: usize,
    pub(super) values: Whole,
}

impl Wholes {
    pub(super) fn new(per_second: Option<i64>, digits: u8) -> Self {
        Self {
            per_second,
            dictionary: Vec::new(),
            page: Vec::new(),
            done: 0,
            values: Whole { digits, ..Whole::default() },
        }
    }

    /// Numbers of eight bytes. Each division is by a constant, which costs a multiplication.
    fn numbers(
        data: &[u8],
        count: usize,
        per_second: Option<i64>,
        out: &mut Vec<i64>,
    ) -> Result<(), ColumnarError> {
        let numbers = data.as_chunks::<8>().0.get(..count);
        let numbers = numbers.ok_or_else(|| broken("too few numbers"))?;
        let numbers = numbers.iter().map(|bytes| i64::from_le_bytes(*bytes));
        match per_second {
            None => out.extend(numbers),
            Some(1_000) => out.extend(numbers.map(|it| it.div_euclid(1_000))),
            Some(1_000_000) => out.extend(numbers.map(|it| it.div_euclid(1_000_000))),
            Some(per_second) => out.extend(numbers.map(|it| it.div_euclid(per_second))),
        }
        Ok(())
    }
}

impl Decode for Wholes {
    fn dictionary(&mut self, data: &[u8], count: usize) -> Result<(), ColumnarError> {
        self.dictionary.clear();
        Self::numbers(data, count, self.per_second, &mut self.dictionary)
    }

    fn known(&self) -> usize {
        self.dictionary.len()
    }

    fn values(&mut self, data: &[u8], count: usize) -> Result<(), ColumnarError> {
        self.page.clear();
        self.done = 0;
        Self::numbers(data, count, self.per_second, &mut self.page)
    }

    fn coded(&mut self, codes: &[u32]) {
        self.page.clear();
        self.done = 0;
        let known = |code: &u32| usize::try_from(*code).ok().and_then(|at| self.dictionary.get(at));
        self.page.extend(codes.iter().filter_map(known));
    }

    fn append(&mut self, is_there: bool) {
        let value = if is_there { self.page[self.done] } else { 0 };
        self.done += usize::from(is_there);
        self.values.values.push(value);
        self.values.present.push(is_there);
    }

    fn clear(&mut self) {
        self.values.values.clear();
        self.values.present.clear();
    }
}

/// Texts that differ from row to row.
#[derive(Default)]
pub(super) struct Each {
    dictionary: Texts,
    page: Texts,
    done: usize,
    pub(super) values: Texts,
}

impl Decode for Each {
    fn dictionary(&mut self, data: &[u8], count: usize) -> Result<(), ColumnarError> {
        self.dictionary.clear();
        plain(data, count)?.into_iter().for_each(|bytes| self.dictionary.push(bytes));
        self.dictionary.check()
    }

    fn known(&self) -> usize {
        self.dictionary.len()
    }

    fn values(&mut self, data: &[u8], count: usize) -> Result<(), ColumnarError> {
        self.page.clear();
        self.done = 0;
        plain(data, count)?.into_iter().for_each(|bytes| self.page.push(bytes));
        self.page.check()
    }

    fn coded(&mut self, codes: &[u32]) {
        self.page.clear();
        self.done = 0;
        for code in codes {
            self.page.push(usize::try_from(*code).map_or(&[], |code| self.dictionary.get(code)));
        }
    }

    fn append(&mut self, is_there: bool) {
        self.values.push(if is_there { self.page.get(self.done) } else { &[] });
        self.done += usize::from(is_there);
    }

    fn clear(&mut self) {
        self.values.clear();
    }
}

fn text(bytes: &[u8]) -> Result<String, ColumnarError> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| broken("a text that is not UTF-8"))
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
