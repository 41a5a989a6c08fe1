//! The file to totals, on several threads: each takes the next row group that none has taken.

use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use comity_base::{Instant, Window};
use comity_columnar::{Columns, Group, Values, Want};
use comity_ingest::{
    Folded, How, NAMES, NameColumn, Numbers, Prints, UsageColumns, UsageFold, print,
};
use comity_settlement::{MoneyTerms, Totals, TotalsRow};

type Failed = Box<dyn Error + Send + Sync>;

fn open(path: &Path, wanted: &[(&str, Want)]) -> Result<Columns<File>, Failed> {
    Columns::open(File::open(path)?, wanted)?.ok_or_else(|| "its columns are of other types".into())
}

/// Gives each row group to one of the threads, and what each thread came to.
fn in_parallel<T: Send>(
    threads: usize,
    work: impl Fn(&AtomicUsize) -> Result<T, Failed> + Sync,
) -> Result<Vec<T>, Failed> {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(&next))).collect();
        all.into_iter().map(|one| one.join().map_err(|_| "a thread panicked")?).collect()
    })
}

/// The totals of all rows but those whose identity may come again, whose numbers are given.
pub(crate) fn fold<'t>(
    path: &Path,
    terms: &'t MoneyTerms,
    period: Window,
    threads: usize,
) -> Result<Folded<'t>, Failed> {
    let mut wanted: Vec<(&str, Want)> = NAMES.iter().map(|name| (*name, Want::Codes)).collect();
    wanted.extend([
        ("part", Want::Codes),
        ("start", Want::Seconds),
        ("end", Want::Seconds),
        ("level", Want::Whole),
        ("quantity", Want::Whole),
    ]);
    let parts = in_parallel(threads, |next| {
        let file = open(path, &wanted)?;
        let mut fold = UsageFold::new(How::default(), Totals::new(terms, period))
            .ok_or("a feed is not looked up here")?;
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= file.groups() {
                return Ok(fold.done());
            }
            let mut group = file.group(index)?;
            let mut first = file.rows_before(index) + 1;
            fold.begin_group();
            while let Some(rows) = group.read()? {
                fold.add(&columns(&group, first, rows), |_| false);
                first += u64::try_from(rows)?;
            }
        }
    })?;
    let mut parts = parts.into_iter();
    let mut all = parts.next().ok_or("no thread")?;
    for part in parts {
        all.totals.merge(part.totals);
        all.left.extend(part.left);
        all.taken.records += part.taken.records;
    }
    all.left.sort_unstable();
    Ok(all)
}

fn columns(group: &Group, first: u64, rows: usize) -> UsageColumns<'_> {
    let names = |column| match group.values(column) {
        Values::Codes { dictionary, codes } => NameColumn { dictionary, codes },
        Values::Absent | Values::Texts(_) | Values::Whole(_) => NameColumn::default(),
    };
    let numbers = |column| match group.values(column) {
        Values::Whole(whole) => Numbers { values: &whole.values, present: &whole.present },
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

/// How many identities may come again, and how many records have none.
pub(crate) fn identities(path: &Path, threads: usize) -> Result<(usize, u64), Failed> {
    let wanted = [("source", Want::Codes), ("id", Want::Texts)];
    let whole = open(path, &wanted)?;
    let records = usize::try_from(whole.rows_before(whole.groups()))?;
    let parts = in_parallel(threads, |next| {
        let file = open(path, &wanted)?;
        let mut prints = Prints::for_records(records / threads + records / threads / 16);
        let mut without = 0_u64;
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= file.groups() {
                return Ok((prints, without));
            }
            let mut group = file.group(index)?;
            while group.read()?.is_some() {
                let (Values::Codes { dictionary, codes }, Values::Texts(ids)) =
                    (group.values(0), group.values(1))
                else {
                    return Err("a column of identities is missing".into());
                };
                for (code, id) in codes.iter().zip(ids.iter()) {
                    let source = dictionary.get(usize::try_from(*code)?.wrapping_sub(1));
                    match print(source.map_or(b"usage", |source| source.as_bytes()), id) {
                        Some(number) => prints.note(number),
                        None => without += 1,
                    }
                }
            }
        }
    })?;
    let (prints, without): (Vec<Prints>, Vec<u64>) = parts.into_iter().unzip();
    let again = in_parallel(threads, |next| {
        let mut again = 0;
        loop {
            let part = next.fetch_add(1, Ordering::Relaxed);
            if part >= 256 {
                return Ok(again);
            }
            again += Prints::again(&prints, part..part + 1).len();
        }
    })?;
    Ok((again.iter().sum(), without.iter().sum()))
}

/// The totals that another engine wrote, as rows of ours: how many groups differ, and how many
/// there are.
pub(crate) fn differing(
    path: &Path,
    ours: &Totals<'_>,
    terms: &MoneyTerms,
    period: Window,
) -> Result<(usize, usize), Failed> {
    use comity_base::{GpuTypeId, Meter, ObjectId, PartyId, SiteId};
    let wanted = ["buyer", "seller", "meter", "object", "site", "gpu"].map(|it| (it, Want::Texts));
    let wanted: Vec<(&str, Want)> =
        wanted.into_iter().chain([("hour", Want::Whole), ("total", Want::Texts)]).collect();
    let file = open(path, &wanted)?;
    let mut theirs = Totals::new(terms, period);
    let mut groups = 0;
    for index in 0..file.groups() {
        let mut group = file.group(index)?;
        while group.read()?.is_some() {
            let text = |column| match group.values(column) {
                Values::Texts(texts) => Ok(texts.iter().map(std::str::from_utf8)),
                Values::Absent | Values::Codes { .. } | Values::Whole(_) => Err("no texts"),
            };
            let Values::Whole(hours) = group.values(6) else { return Err("no hours".into()) };
            let mut columns = [text(0)?, text(1)?, text(2)?, text(3)?, text(4)?, text(5)?];
            for (hour, total) in hours.values.iter().zip(text(7)?) {
                let mut texts = [""; 6];
                for (text, column) in texts.iter_mut().zip(&mut columns) {
                    *text = column.next().ok_or("a text is missing")??;
                }
                let [buyer, seller, meter, object, site, gpu] = texts;
                let meter = Meter::NAMED.iter().find(|(name, _)| *name == meter);
                let start = Instant::from_seconds(hour * 3_600);
                theirs.take(TotalsRow::Inside {
                    slice: Window::new(start, start.plus_seconds(3_600))?,
                    supply: comity_settlement::Supply {
                        buyer: PartyId::new(buyer)?,
                        seller: PartyId::new(seller)?,
                        meter: meter.ok_or("an unknown meter")?.1,
                        object: ObjectId::new(object)?,
                        site: (!site.is_empty()).then(|| SiteId::new(site)).transpose()?,
                        gpu: (!gpu.is_empty()).then(|| GpuTypeId::new(gpu)).transpose()?,
                    },
                    sum: total?.parse()?,
                })?;
                groups += 1;
            }
        }
    }
    // Other engines count no records.
    let mut left = ours.rows().skip(1);
    let mut right = theirs.rows().skip(1);
    let mut differing = 0;
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ok((differing, groups)),
            (left, right) => differing += usize::from(left != right),
        }
    }
}
