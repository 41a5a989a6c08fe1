//! What rows come to that leave no doubt, and the others one by one.

use comity_columnar::{Columns, Group, Picked, Values, Want, Whole};
use comity_ingest::{
    FileError, How, Identity, Intake, Listed, NameColumn, Names, Numbers, Place, Rows, TakeIn,
    Tally, UsageColumns, UsageFold, read_rows,
};
use comity_settlement::{Numbered, Supply};

use crate::Broken;
use crate::file::{BulkFile, IDENTITY, Open, opened, usage};
use crate::share::{Pieces, in_parallel};

/// What became of the rows of a file, but those that are aside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileFold {
    /// How many were taken, and how much.
    pub taken: Tally,
    /// Those that are to be read [one by one](one_by_one).
    pub left: Rows,
}

/// Takes every row of the files that leaves no doubt into what `into` makes, one on each thread.
/// Rows that are aside, or in `again`, are not taken.
///
/// # Errors
/// [`Broken`] when a file cannot be read.
pub fn fold<O: Open, T: TakeIn + Send>(
    files: &[BulkFile<O>],
    again: &[Rows],
    names: Option<&Names>,
    into: impl Fn() -> T + Sync,
    threads: usize,
) -> Result<(T, Vec<FileFold>), Broken> {
    let pieces: Vec<Pieces> = files.iter().map(|_| Pieces::default()).collect();
    let parts = in_parallel(threads, || {
        let (mut into, mut folds) = (into(), Vec::new());
        for (file, bulk) in files.iter().enumerate() {
            let mut fold = UsageFold::new(names, into);
            let result = add_groups(bulk, again.get(file), &mut fold, &pieces[file]);
            result.map_err(|why| Broken { file, why })?;
            let done = fold.done();
            into = done.into;
            let left = done.left.into_iter().filter(|row| !bulk.aside.contains(*row)).collect();
            folds.push(FileFold { taken: done.taken, left });
        }
        Ok((into, folds))
    })?;
    let mut parts = parts.into_iter();
    let first = parts.next().expect("there is a thread");
    Ok(parts.fold(first, |(mut into, folds), (other, more)| {
        into.merge(other);
        let both = folds.into_iter().zip(more);
        let joined = both.map(|(mut one, other)| {
            one.taken.join(&other.taken);
            FileFold { taken: one.taken, left: one.left.with(&other.left) }
        });
        (into, joined.collect())
    }))
}

fn add_groups<O: Open, T: TakeIn>(
    bulk: &BulkFile<O>,
    again: Option<&Rows>,
    fold: &mut UsageFold<'_, T>,
    pieces: &Pieces,
) -> Result<(), String> {
    let columns = bulk.columns(&usage())?;
    let leave = |row| bulk.aside.contains(row) || again.is_some_and(|rows| rows.contains(row));
    loop {
        let index = pieces.next();
        if index >= columns.groups() {
            return Ok(());
        }
        batches(&columns, index, |group, first, rows| {
            if first == columns.rows_before(index) + 1 {
                fold.begin_group();
            }
            fold.add(&usage_of(group, first, rows), leave);
            Ok(())
        })?;
    }
}

/// Gives the batches of a row group, each with the number of its first row and how many it has.
fn batches<F: comity_columnar::ChunkReader + 'static>(
    columns: &Columns<F>,
    index: usize,
    mut take: impl FnMut(&Group, u64, usize) -> Result<(), String>,
) -> Result<(), String> {
    let mut group = columns.group(index).map_err(|error| error.to_string())?;
    let mut first = columns.rows_before(index) + 1;
    while let Some(rows) = group.read().map_err(|error| error.to_string())? {
        take(&group, first, rows)?;
        first += u64::try_from(rows).unwrap_or(0);
    }
    Ok(())
}

/// The first columns of a group, which are those of [`usage`].
fn usage_of(group: &Group, first: u64, rows: usize) -> UsageColumns<'_> {
    let names = |column| match group.values(column) {
        Values::Codes { dictionary, codes } => NameColumn { dictionary, codes },
        Values::Absent | Values::Texts(_) | Values::Whole(_) => NameColumn::default(),
    };
    let numbers = |column| match group.values(column) {
        Values::Whole(Whole { digits, values, present }) => {
            Numbers { digits: *digits, values, present }
        }
        Values::Absent | Values::Texts(_) | Values::Codes { .. } => Numbers::default(),
    };
    UsageColumns {
        first,
        rows,
        names: [0, 1, 2, 3, 4, 5, 6].map(names),
        part: names(7),
        start: numbers(8),
        end: numbers(9),
        level: numbers(10),
        quantity: numbers(11),
    }
}

/// A record of a row that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken<'a> {
    /// Its identity.
    pub identity: &'a Identity,
    /// Where it stands.
    pub place: &'a Place,
    /// What was used.
    pub supply: &'a Supply,
    /// When, and how much.
    pub usage: Numbered,
}

/// Gives the record of each row that [`fold`] takes, but those aside, in order; of supplies that
/// are asked for.
///
/// # Errors
/// What is wrong with the file, or what `take` says.
pub fn each<O: Open>(
    bulk: &BulkFile<O>,
    names: Option<&Names>,
    asked: impl Fn(&Supply) -> bool,
    mut take: impl FnMut(Taken<'_>) -> Result<(), String>,
) -> Result<(), String> {
    let wanted: Vec<(&str, Want)> = usage().into_iter().chain(IDENTITY).collect();
    let columns = bulk.columns(&wanted)?;
    let mut fold = UsageFold::new(names, Listed::default());
    let (mut place, mut known) = (Place { file: bulk.name.as_str().into(), line: 0 }, Vec::new());
    let default: std::sync::Arc<str> = bulk.default_source().into();
    for index in 0..columns.groups() {
        fold.begin_group();
        batches(&columns, index, |group, first, rows| {
            fold.add(&usage_of(group, first, rows), |row| bulk.aside.contains(row));
            let Values::Texts(ids) = group.values(13) else {
                return Err("it has no column `id`".to_owned());
            };
            let Listed { supplies, records } = fold.taken_into();
            known.extend(supplies[known.len()..].iter().map(&asked));
            let mut ids = (first..).zip(ids.iter());
            let mut codes = None;
            if let Values::Codes { dictionary, codes: all } = group.values(12) {
                codes = Some((dictionary, all));
            }
            for record in records {
                let id = ids.find(|(row, _)| *row == record.id).map_or(&[][..], |(_, id)| id);
                if !known[record.supply.0] {
                    continue;
                }
                let at = usize::try_from(record.id - first).unwrap_or(0);
                let named = codes.and_then(|(dictionary, codes)| {
                    let code = usize::try_from(*codes.get(at)?).ok()?.checked_sub(1)?;
                    dictionary.get(code).map(|source| source.trim())
                });
                let named = named.filter(|source| !source.is_empty());
                let source = named.map_or_else(|| default.clone(), Into::into);
                let id = std::str::from_utf8(id).map_err(|error| error.to_string())?;
                let identity = Identity { source, id: id.trim().into() };
                place.line = record.id;
                let supply = &supplies[record.supply.0];
                take(Taken { identity: &identity, place: &place, supply, usage: *record })?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Reads some rows of a file one by one.
///
/// # Errors
/// As [`read_rows`].
pub fn one_by_one<O: Open>(
    bulk: &BulkFile<O>,
    rows: &Rows,
    how: How<'_>,
) -> Result<Intake, FileError> {
    if rows.is_empty() {
        return Ok(Intake::default());
    }
    let broken = |why: String| FileError::Broken { file: bulk.name.clone(), why };
    let open = || {
        let file = opened(&bulk.bytes)?;
        Picked::open(file, rows.iter()).map_err(|error| error.to_string())
    };
    let picked = open().map_err(broken)?;
    let mut picked = picked.ok_or_else(|| broken("its columns are others".to_owned()))?;
    let columns = picked.columns().to_vec();
    let mut rows = picked.by_ref().map(|row| row.map_err(|error| error.to_string()));
    let how = How { source: bulk.source.as_deref(), ..how };
    read_rows(&bulk.name, Some(comity_ingest::Format::Usage), columns, &mut rows, how)
}
