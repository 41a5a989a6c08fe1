//! Which rows have an identity that may come again.

use comity_columnar::{Group, Values};
use comity_ingest::{Intake, Prints, Rows, print};

use crate::Broken;
use crate::file::{BulkFile, IDENTITY, Open};
use crate::share::{Pieces, in_parallel};

/// Stands for the place of a record that is in none of the files.
const ELSEWHERE: u32 = u32::MAX;

/// How many parts prints are asked for in.
const PARTS: usize = 256;

/// The rows of each file whose identity may be that of another row, in any of the files, or of a
/// record in `others`; and those without an id. Rows that are aside are not looked at.
///
/// # Errors
/// [`Broken`] when a file cannot be read; and the last of the files where all have more than 2^32
/// rows together.
pub fn again<O: Open>(
    files: &[BulkFile<O>],
    others: &[&Intake],
    threads: usize,
) -> Result<Vec<Rows>, Broken> {
    // The place of a row is its number in its file and those before together.
    let mut first = vec![0_u32];
    for (file, bulk) in files.iter().enumerate() {
        let end = u32::try_from(bulk.rows).ok().and_then(|rows| first[file].checked_add(rows));
        let why = || format!("`{}` has more rows than can be told apart at once", bulk.name);
        first.push(end.ok_or_else(|| Broken { file, why: why() })?);
    }
    let records = usize::try_from(first[files.len()]).unwrap_or(0);
    let all: Vec<Pieces> = files.iter().map(|_| Pieces::default()).collect();
    let parts = in_parallel(threads, || {
        let mut noted = Noted {
            prints: Prints::for_records(records / threads + records / threads / 16),
            without: vec![Rows::default(); files.len()],
        };
        for (file, bulk) in files.iter().enumerate() {
            let result = noted.file(file, bulk, first[file], &all[file]);
            result.map_err(|why| Broken { file, why })?;
        }
        Ok(noted)
    })?;
    let mut left = vec![Rows::default(); files.len()];
    let mut prints = Vec::new();
    for part in parts {
        left = left.into_iter().zip(&part.without).map(|(all, more)| all.with(more)).collect();
        prints.push(part.prints);
    }
    let mut elsewhere = Prints::for_records(0);
    for identity in others.iter().flat_map(|intake| intake.identities()) {
        if let Some(print) = print(identity.source.as_bytes(), identity.id.as_bytes()) {
            elsewhere.note(print, ELSEWHERE);
        }
    }
    prints.push(elsewhere);
    let next = Pieces::default();
    let places = in_parallel(threads, || {
        let mut places = Vec::new();
        loop {
            let part = next.next();
            if part >= PARTS {
                return Ok(places);
            }
            places.extend(Prints::again(&prints, part..part + 1));
        }
    })?;
    for place in places.into_iter().flatten().filter(|place| *place != ELSEWHERE) {
        let file = first.partition_point(|first| *first <= place) - 1;
        left[file].insert(u64::from(place - first[file]) + 1);
    }
    Ok(left)
}

/// What one thread noted.
struct Noted {
    prints: Prints,
    without: Vec<Rows>,
}

impl Noted {
    fn file<O: Open>(
        &mut self,
        file: usize,
        bulk: &BulkFile<O>,
        first: u32,
        pieces: &Pieces,
    ) -> Result<(), String> {
        let columns = bulk.columns(&IDENTITY)?;
        loop {
            let index = pieces.next();
            if index >= columns.groups() {
                return Ok(());
            }
            let mut group = columns.group(index).map_err(|error| error.to_string())?;
            let mut row = columns.rows_before(index);
            while let Some(rows) = group.read().map_err(|error| error.to_string())? {
                self.batch(file, bulk, &group, (row, first))?;
                row += u64::try_from(rows).unwrap_or(0);
            }
        }
    }

    /// Notes the rows of a batch, of which `before` stand before it in the file.
    fn batch<O: Open>(
        &mut self,
        file: usize,
        bulk: &BulkFile<O>,
        group: &Group,
        (before, first): (u64, u32),
    ) -> Result<(), String> {
        let Values::Texts(ids) = group.values(1) else {
            return Err("it has no column `id`".to_owned());
        };
        let (dictionary, codes) = match group.values(0) {
            Values::Codes { dictionary, codes } => (dictionary, codes),
            Values::Absent | Values::Texts(_) | Values::Whole(_) => (&[][..], &[][..]),
        };
        let default = bulk.default_source().as_bytes();
        for (at, (row, id)) in (before..).zip(ids.iter()).enumerate() {
            if bulk.aside.contains(row + 1) {
                continue;
            }
            let code = codes.get(at).and_then(|code| usize::try_from(*code).ok()).unwrap_or(0);
            let named = dictionary.get(code.wrapping_sub(1)).map(|source| source.trim());
            let source = named.filter(|source| !source.is_empty());
            match print(source.map_or(default, str::as_bytes), id) {
                Some(print) => {
                    // Rows of all files together fit: that was asked first.
                    let row = u32::try_from(row).map_err(|error| error.to_string())?;
                    self.prints.note(print, first + row);
                }
                None => self.without[file].insert(row + 1),
            }
        }
        Ok(())
    }
}
