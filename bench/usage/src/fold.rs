//! The file by the same code as `comity settle` reads it, and what other engines make of it.

use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};

use comity_base::{Instant, Window};
use comity_bulk::{BulkFile, Open, one_by_one, suits};
use comity_columnar::{Columns, Values, Want};
use comity_ingest::{How, Names, Rows};
use comity_settlement::{MoneyTerms, Totals, TotalsRow};

use crate::deal::{self, Deal};

type Failed = Box<dyn Error + Send + Sync>;

/// A file by its path.
pub(crate) struct OnDisk(PathBuf);

impl Open for OnDisk {
    type File = File;

    fn open(&self) -> std::io::Result<File> {
        File::open(&self.0)
    }
}

pub(crate) fn file(path: &Path) -> Result<BulkFile<OnDisk>, Failed> {
    let bytes = OnDisk(path.to_owned());
    let rows = suits(&bytes, None).ok_or("it is not read by columns")?;
    let (name, aside) = (path.display().to_string(), Rows::default());
    Ok(BulkFile { name, bytes, rows, source: None, aside })
}

/// The names that records may use.
pub(crate) fn names(deal: &Deal) -> Names {
    let parts = deal.loaded.deal.parts();
    let sites = deal.loaded.fleet.sites().map(|site| (site.id.clone(), site.host.clone()));
    Names {
        parties: parts.vocabulary.parties.iter().cloned().collect(),
        objects: parts.vocabulary.objects.names().cloned().collect(),
        sites: sites.collect(),
        gpus: parts.vocabulary.called.gpus.keys().cloned().collect(),
        since: None,
    }
}

/// The totals, and the rows that were left.
pub(crate) fn fold<'t>(
    path: &Path,
    deal: &'t Deal,
    again: Rows,
    threads: usize,
) -> Result<(Totals<'t>, Rows), Failed> {
    let (names, period) = (names(deal), deal::period()?);
    let new = || Totals::new(&deal.terms, period);
    let (totals, mut folds) =
        comity_bulk::fold(&[file(path)?], &[again], Some(&names), new, threads)?;
    Ok((totals, folds.remove(0).left))
}

/// The totals of all records that are accepted, those of rows that were left included.
pub(crate) fn all<'t>(path: &Path, deal: &'t Deal, threads: usize) -> Result<Totals<'t>, Failed> {
    let again = comity_bulk::again(&[file(path)?], &[], threads)?.remove(0);
    let (mut totals, left) = fold(path, deal, again, threads)?;
    let names = names(deal);
    let how = How { names: Some(&names), ..How::default() };
    let rest = one_by_one(&file(path)?, &left, how)?;
    rest.usage().for_each(|record| totals.add(&record.usage));
    Ok(totals)
}

fn open(path: &Path, wanted: &[(&str, Want)]) -> Result<Columns<File>, Failed> {
    Columns::open(File::open(path)?, wanted)?.ok_or_else(|| "its columns are of other types".into())
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
                let (_, meter) = *meter.ok_or("an unknown meter")?;
                let start = Instant::from_seconds(hour * 3_600);
                theirs.take(TotalsRow::Inside {
                    slice: Window::new(start, start.plus_seconds(3_600))?,
                    supply: comity_settlement::Supply {
                        buyer: PartyId::new(buyer)?,
                        seller: PartyId::new(seller)?,
                        meter,
                        object: ObjectId::new(object)?,
                        site: (!site.is_empty()).then(|| SiteId::new(site)).transpose()?,
                        gpu: (!gpu.is_empty()).then(|| GpuTypeId::new(gpu)).transpose()?,
                    },
                    // Theirs are in the unit that the file has: GPU-seconds.
                    sum: total?.parse::<u128>()? * u128::from(meter.parts()),
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
