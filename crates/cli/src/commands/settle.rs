//! `comity settle`: usage records to the books of a period, and the statements of every party.

pub(crate) mod books;
mod files;
mod store;
mod text;

use std::path::Path;

use comity_base::{Cadence, Instant, Known, Window};
use comity_ingest::Intake;
use comity_lang::Loaded;
use comity_settlement::{Books, MoneyTerms, Posted, Settlement, settle};
use comity_statement::Ledger;

use crate::args::SettleArgs;
use crate::commands::Outcome;
use crate::load::load_with;
use crate::render::print;
use crate::status;
use crate::usage::{Failed, Reading, feed_file};

/// Books that are settled up to a period, with all that they rest on.
pub(crate) struct Settled {
    pub(crate) loaded: Loaded,
    pub(crate) terms: MoneyTerms,
    /// Terms of which it is not known whether they are in force.
    pub(crate) unknown: Vec<(comity_base::TermId, Window)>,
    /// All records, those of earlier runs included.
    pub(crate) intake: Intake,
    /// Of all the time of the books.
    pub(crate) settlement: Settlement,
    /// The closed periods.
    pub(crate) books: Books,
    /// The period that was settled last, and its entries; it may be among the closed ones.
    pub(crate) period: Window,
    pub(crate) draft: Vec<Posted>,
}

impl Settled {
    /// What the entries rest on.
    pub(crate) fn ledger(&self) -> Ledger<'_> {
        Ledger { terms: &self.terms, settlement: &self.settlement }
    }

    /// All entries, those of the open period last.
    pub(crate) fn entries(&self) -> Vec<Posted> {
        let mut entries = self.books.posted().to_vec();
        if !self.is_closed() {
            entries.extend(self.draft.iter().cloned());
        }
        entries
    }

    /// Whether the period is closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.books.closed().last() == Some(&self.period)
    }

    /// The periods, in order, and whether each is closed.
    pub(crate) fn periods(&self) -> Vec<(Window, bool)> {
        let mut periods: Vec<(Window, bool)> =
            self.books.closed().iter().map(|period| (*period, true)).collect();
        if !self.is_closed() {
            periods.push((self.period, false));
        }
        periods
    }
}

pub(crate) fn run(args: &SettleArgs) -> Outcome {
    let period = period(&args.period)?;
    let feed = feed_file(&args.reading)?;
    let loaded = load_with(&args.deal, feed.clone())?;
    let reading = Reading::of(&args.reading, feed.as_ref(), Some(&loaded))?;
    let known = match &args.known {
        Some(text) => Known(Instant::parse(text)?),
        None => Known::ALL,
    };
    let stored = store::open(&args.out, &loaded)?;
    if let Some(last) = stored.books.closed().last().filter(|last| period.start() < last.end()) {
        return Err(format!(
            "{} is closed: settle the next period, {}; what arrives late is posted there as a correction",
            args.period,
            &last.end().to_string()[..7]
        )
        .into());
    }
    let mut intake = stored.intake;
    let before = intake.account();
    let new = reading.read(&args.usage)?;
    let account = new.account();
    let rejected = stored.rejected.joined(&new);
    intake.merge(new);
    let mut settled = settled(loaded, known, intake, stored.books, period)?;
    if args.close {
        settled.books.close(period, settled.draft.clone())?;
    }
    files::write(&args.out, &settled, &rejected)?;
    let report = text::Report { settled: &settled, new: &account, before: &before };
    if args.json {
        print(&format!("{:#}\n", text::json(&report)))?;
    } else {
        print(&text::text(&report, &args.out))?;
    }
    let clean = account.rejected.records == 0
        && settled.intake.account().conflicting.records == 0
        && settled.settlement.unrated.is_empty();
    Ok(if args.strict && !clean { status::PROBLEMS } else { status::CLEAN })
}

/// Settles all records from the first period of the books to the end of one.
pub(crate) fn settled(
    loaded: Loaded,
    known: Known,
    intake: Intake,
    books: Books,
    period: Window,
) -> Result<Settled, Failed> {
    let rules = loaded.deal.rules(known);
    let (terms, unknown) = MoneyTerms::of(&loaded.deal, &rules);
    let all = Window::new(books.start(period), period.end())
        .map_err(|_| format!("the period {period} lies before the first of the books"))?;
    let settlement = settle(&terms, all, intake.usage().map(|record| record.usage))?;
    let draft = match books.closed().last() {
        // What is closed is read, not drafted again.
        Some(last) if *last == period => {
            books.posted().iter().filter(|one| one.period == period).cloned().collect()
        }
        Some(_) | None => books.draft(&settlement, period)?,
    };
    let inside = |(_, window): &(comity_base::TermId, Window)| window.intersect(all).is_some();
    let unknown = unknown.into_iter().filter(inside).collect();
    Ok(Settled { loaded, terms, unknown, intake, settlement, books, period, draft })
}

/// A billing period: a month such as `2025-02`.
fn period(text: &str) -> Result<Window, Failed> {
    let expected = || {
        let text = text.trim();
        Failed::from(format!(
            "`{text}` is not a billing period: expected a month such as `2025-02`"
        ))
    };
    let first = Instant::parse(&format!("{text}-01")).map_err(|_| expected())?;
    let month = Cadence::Month.around(first);
    if month.start() == first { Ok(month) } else { Err(expected()) }
}

/// Opens the books of a folder, to read them.
pub(crate) fn open(deal: &Path, folder: &Path) -> Result<Settled, Failed> {
    let loaded = crate::load::load(deal)?;
    if !store::is_there(folder) {
        return Err(format!(
            "`{}` holds no books: `comity settle {} --period … --out {}` makes them",
            folder.display(),
            deal.display(),
            folder.display()
        )
        .into());
    }
    let stored = store::open(folder, &loaded)?;
    let Some(period) = stored.last else {
        return Err(format!("the books in `{}` have no period", folder.display()).into());
    };
    settled(loaded, Known::ALL, stored.intake, stored.books, period)
}
