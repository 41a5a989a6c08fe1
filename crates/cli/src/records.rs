//! Usage records of any number: our own Parquet files column by column, all others row by row.
//!
//! What comes of a file does not depend on the way: rows that leave a doubt, and those of an
//! identity that comes again, are read row by row in either. A file that was read by columns is
//! kept as it is, with the rows that are not taken from it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use comity_base::Window;
use comity_bulk::{BulkFile, FileFold, Open, again, each, fold, one_by_one, suits};
use comity_ingest::{Format, Identity, Intake, Place, Rows, TakeIn, Tally};
use comity_settlement::{MoneyTerms, Supply, Totals, Usage};

use crate::usage::{Failed, Reading};

/// A file, by its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OnDisk(pub(crate) PathBuf);

impl Open for OnDisk {
    type File = File;

    fn open(&self) -> std::io::Result<File> {
        File::open(&self.0)
    }
}

/// A file whose records are kept as they stand in it.
pub(crate) type Kept = BulkFile<OnDisk>;

/// Records by identity, and files of those that are kept as they stand.
#[derive(Default)]
pub(crate) struct Records {
    pub(crate) intake: Intake,
    pub(crate) kept: Vec<Kept>,
}

/// What came of new files.
pub(crate) struct TakenIn<T> {
    /// What the files say, but the records that are kept as they stand; all are counted.
    pub(crate) new: Intake,
    /// What there was before, in the same way.
    pub(crate) before: Intake,
    /// The files that are kept, those from before first.
    pub(crate) kept: Vec<Kept>,
    /// What the records were taken into that are kept as they stand.
    pub(crate) into: T,
}

impl<T> TakenIn<T> {
    /// What there is now, and what the kept records were taken into.
    pub(crate) fn joined(self) -> (Records, T) {
        let mut intake = self.before;
        intake.merge(self.new);
        (Records { intake, kept: self.kept }, self.into)
    }
}

/// A file that is kept, and those of the new ones that are the same byte for byte.
struct Bulk {
    file: Kept,
    /// Which of the new files it is; none of one from before.
    new: Option<usize>,
    same: Vec<usize>,
}

/// How files are read on several threads: as many as there are, but each holds sums of its own.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |threads| threads.get().min(4))
}

/// Takes in files, beside the records that there are. Files that cannot be read at all are reported
/// together.
pub(crate) fn take_in<T: TakeIn + Send>(
    reading: &Reading<'_>,
    files: &[String],
    before: Records,
    into: impl Fn() -> T + Sync,
) -> Result<TakenIn<T>, Failed> {
    let mut by_rows: BTreeMap<usize, Result<Intake, Failed>> = BTreeMap::new();
    loop {
        let bulks = sorted(reading, files, &before.kept, &by_rows)?;
        for (at, path) in files.iter().enumerate() {
            let is_bulk = bulks.iter().any(|bulk| bulk.new == Some(at) || bulk.same.contains(&at));
            if !is_bulk {
                by_rows.entry(at).or_insert_with(|| reading.one_file(path));
            }
        }
        let problems: Vec<String> =
            by_rows.values().filter_map(|it| Some(it.as_ref().err()?.to_string())).collect();
        if !problems.is_empty() {
            return Err(problems.join("\nerror: ").into());
        }
        let read: Vec<&Intake> = by_rows.values().flatten().chain([&before.intake]).collect();
        let all: Vec<Kept> = bulks.iter().map(|bulk| bulk.file.clone()).collect();
        let is_known = files.is_empty();
        let passes = || {
            let again = if is_known { Vec::new() } else { again(&all, &read, threads())? };
            fold(&all, &again, reading.names(), &into, threads())
        };
        match passes() {
            Ok((into, folds)) => {
                let mut new = Intake::default();
                by_rows.into_values().flatten().for_each(|intake| new.merge(intake));
                let taken = TakenIn { new, before: before.intake, kept: Vec::new(), into };
                return row_by_row(reading, files, bulks.into_iter().zip(folds), taken);
            }
            Err(broken) => {
                let Bulk { file, new, same } = &bulks[broken.file];
                let Some(new) = new else {
                    let path = file.bytes.0.display();
                    return Err(format!("cannot read `{path}`: {broken}").into());
                };
                // Row by row it is read after all, or what is wrong with it is said.
                for at in same.iter().chain([new]) {
                    by_rows.insert(*at, reading.one_file(&files[*at]));
                }
            }
        }
    }
}

/// The files that are read column by column: those kept, and those new ones that are not read row
/// by row already.
fn sorted(
    reading: &Reading<'_>,
    files: &[String],
    kept: &[Kept],
    by_rows: &BTreeMap<usize, Result<Intake, Failed>>,
) -> Result<Vec<Bulk>, Failed> {
    let old = |file: &Kept| Bulk { file: file.clone(), new: None, same: Vec::new() };
    let mut bulks: Vec<Bulk> = kept.iter().map(old).collect();
    for (at, name) in files.iter().enumerate() {
        if by_rows.contains_key(&at) {
            continue;
        }
        let Some(file) = bulk(reading, name) else { continue };
        let mut same = None;
        for (place, other) in bulks.iter().enumerate() {
            if same.is_none() && is_same(&other.file, &file)? {
                same = Some(place);
            }
        }
        match same {
            Some(place) => bulks[place].same.push(at),
            None => bulks.push(Bulk { file, new: Some(at), same: Vec::new() }),
        }
    }
    Ok(bulks)
}

/// A file as it is read column by column, if it is of that kind.
fn bulk(reading: &Reading<'_>, name: &str) -> Option<Kept> {
    let path = Path::new(name);
    if !path.is_file() || !matches!(reading.choose(name, Some(Format::Usage)), Ok(None)) {
        return None;
    }
    let bytes = OnDisk(path.to_owned());
    let rows = suits(&bytes, reading.format)?;
    let (name, source) = (name.to_owned(), reading.how(None).source.map(str::to_owned));
    Some(BulkFile { name, bytes, rows, source, aside: Rows::default() })
}

/// Whether two files are the same byte for byte, and so are the sources that they leave unsaid.
fn is_same(one: &Kept, other: &Kept) -> Result<bool, Failed> {
    if one.rows != other.rows || one.default_source() != other.default_source() {
        return Ok(false);
    }
    let (one, other) = (&one.bytes.0, &other.bytes.0);
    let failed = |error: std::io::Error| {
        format!("cannot compare `{}` and `{}`: {error}", one.display(), other.display())
    };
    let (mut one, mut other) =
        (File::open(one).map_err(failed)?, File::open(other).map_err(failed)?);
    let length = |file: &File| file.metadata().map(|it| it.len()).map_err(failed);
    if length(&one)? != length(&other)? {
        return Ok(false);
    }
    let mut blocks = (Vec::new(), Vec::new());
    loop {
        blocks.0.clear();
        blocks.1.clear();
        one.by_ref().take(1 << 20).read_to_end(&mut blocks.0).map_err(failed)?;
        other.by_ref().take(1 << 20).read_to_end(&mut blocks.1).map_err(failed)?;
        if blocks.0 != blocks.1 {
            return Ok(false);
        }
        if blocks.0.is_empty() {
            return Ok(true);
        }
    }
}

/// Reads what columns left, and counts what they took.
fn row_by_row<T>(
    reading: &Reading<'_>,
    files: &[String],
    bulks: impl Iterator<Item = (Bulk, FileFold)>,
    mut taken: TakenIn<T>,
) -> Result<TakenIn<T>, Failed> {
    let nothing = Tally::default();
    for (bulk, FileFold { taken: tally, left }) in bulks {
        let Bulk { mut file, new, same } = bulk;
        let read = one_by_one(&file, &left, reading.how(None))?;
        file.aside = file.aside.with(&left);
        if new.is_some() {
            taken.new.merge(read);
            taken.new.count(&tally, &nothing);
        } else {
            no_longer_taken(&file.name, &read)?;
            taken.before.merge(read);
            taken.before.count(&tally, &nothing);
        }
        for at in same {
            let copy = BulkFile {
                name: files[at].clone(),
                bytes: OnDisk(PathBuf::from(&files[at])),
                ..file.clone()
            };
            taken.new.merge(one_by_one(&copy, &copy.aside, reading.how(None))?);
            taken.new.count(&nothing, &tally);
            // A record stands first where the name of the file comes first.
            file.name = file.name.min(copy.name);
        }
        taken.kept.push(file);
    }
    Ok(taken)
}

/// Refuses records of books that the deal does not take any more.
pub(crate) fn no_longer_taken(file: &str, read: &Intake) -> Result<(), Failed> {
    match read.rejected().first() {
        None => Ok(()),
        Some(first) => Err(format!(
            "`{file}` holds records that the deal no longer takes: {}, {}",
            first.place, first.wrong.reason
        )
        .into()),
    }
}

impl Records {
    /// The totals of all records for a period, which need not be that of the books.
    pub(crate) fn totals<'t>(
        &self,
        reading: &Reading<'_>,
        terms: &'t MoneyTerms,
        period: Window,
    ) -> Result<Totals<'t>, Failed> {
        let new = || Totals::new(terms, period);
        let (mut totals, _) = fold(&self.kept, &[], reading.names(), new, threads())?;
        self.intake.usage().for_each(|record| totals.add(&record.usage));
        Ok(totals)
    }

    /// Every accepted record of a supply, in order of identity.
    pub(crate) fn of(
        &self,
        reading: &Reading<'_>,
        asked: &Supply,
    ) -> Result<Vec<(Identity, Place, Usage)>, Failed> {
        let mut found = Vec::new();
        for file in &self.kept {
            each(
                file,
                reading.names(),
                |supply| supply == asked,
                |one| {
                    let usage = one.usage.of(one.supply);
                    found.push((one.identity.clone(), one.place.clone(), usage));
                    Ok(())
                },
            )
            .map_err(|why| format!("cannot read `{}`: {why}", file.bytes.0.display()))?;
        }
        let at_hand = self.intake.usage().filter(|record| &Supply::of(&record.usage) == asked);
        found.extend(at_hand.map(|it| (it.identity.clone(), it.place.clone(), it.usage)));
        // The parts of one record stay as they are.
        found.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(found)
    }
}
