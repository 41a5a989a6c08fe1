//! `comity settle`: usage records to the books of a period, and the statements of every party.

pub(crate) mod books;
mod files;
mod store;
mod text;

use std::path::Path;

use comity_base::{Cadence, Instant, Known, Window};
use comity_lang::Loaded;
use comity_settlement::{Books, MoneyTerms, Posted, Settlement, Totals};
use comity_statement::Ledger;

use crate::args::SettleArgs;
use crate::commands::Outcome;
use crate::load::load_with;
use crate::records::{Records, take_in};
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
    pub(crate) records: Records,
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
    let terms = Terms::of(&loaded, known);
    let all = all_of(&stored.books, period)?;
    let into = || Totals::new(&terms.money, all);
    let taken = take_in(&reading, &args.usage, stored.records, into)?;
    let (before, account) = (taken.before.account(), taken.new.account());
    let rejected = stored.rejected.joined(&taken.new);
    let (records, mut totals) = taken.joined();
    records.intake.usage().for_each(|record| totals.add(&record.usage));
    let settlement = totals.settle()?;
    let mut settled = settled(loaded, terms, (records, settlement), stored.books, period)?;
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
        && settled.records.intake.account().conflicting.records == 0
        && settled.settlement.unrated.is_empty();
    Ok(if args.strict && !clean { status::PROBLEMS } else { status::CLEAN })
}

/// What moves money, as it was known.
struct Terms {
    money: MoneyTerms,
    unknown: Vec<(comity_base::TermId, Window)>,
}

impl Terms {
    fn of(loaded: &Loaded, known: Known) -> Self {
        let rules = loaded.deal.rules(known);
        let (money, unknown) = MoneyTerms::of(&loaded.deal, &rules);
        Self { money, unknown }
    }
}

/// All the time of books, from their first period to the end of one.
fn all_of(books: &Books, period: Window) -> Result<Window, Failed> {
    Window::new(books.start(period), period.end())
        .map_err(|_| format!("the period {period} lies before the first of the books").into())
}

/// Drafts a period from the settlement of all records, from the first period of the books on.
fn settled(
    loaded: Loaded,
    terms: Terms,
    (records, settlement): (Records, Settlement),
    books: Books,
    period: Window,
) -> Result<Settled, Failed> {
    let draft = match books.closed().last() {
        // What is closed is read, not drafted again.
        Some(last) if *last == period => {
            books.posted().iter().filter(|one| one.period == period).cloned().collect()
        }
        Some(_) | None => books.draft(&settlement, period)?,
    };
    let all = settlement.period;
    let inside = |(_, window): &(comity_base::TermId, Window)| window.intersect(all).is_some();
    let Terms { money: terms, unknown } = terms;
    let unknown = unknown.into_iter().filter(inside).collect();
    Ok(Settled { loaded, terms, unknown, records, settlement, books, period, draft })
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
    let terms = Terms::of(&loaded, Known::ALL);
    let all = all_of(&stored.books, period)?;
    let reading = Reading::of_books(&loaded);
    let taken = take_in(&reading, &[], stored.records, || Totals::new(&terms.money, all))?;
    let (records, mut totals) = taken.joined();
    records.intake.usage().for_each(|record| totals.add(&record.usage));
    let settlement = totals.settle()?;
    settled(loaded, terms, (records, settlement), stored.books, period)
}
