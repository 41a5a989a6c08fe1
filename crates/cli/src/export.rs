//! A settlement as the files that other tools read: the adapter from its types to the rows of
//! `comity_export`, and the files themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use comity_base::{
    Currency, Instant, Meter, Money, ObjectId, PartyId, PriceUnit, RateId, TermId, Window,
};
use comity_export::{
    CommitmentModel, CommitmentStatus, ExportBalance, ExportBooks, ExportCommitment, ExportDraw,
    ExportEntry, ExportInvoiceLine, ExportKind, ExportPeriod, ExportPrice, ExportSite, ExportUse,
    FulfillmentInterval, ServiceClass, beancount, focus_1_2, focus_1_4, ledger,
};
use comity_fleet::Fleet;
use comity_settlement::{
    Cause, Counted, Draw, Drawdown, Entry, Measure, Posted, Reason, Settlement, Standing, Used,
    statements,
};
use comity_terms::{
    Agreement, Commitment, Deal, Interval, Price, Rate, Shortfall, TermKind, Version,
};

type Failed = Box<dyn Error>;

/// The names of the kinds of commitment, with and without a payment for what was not drawn.
const TAKE_OR_PAY: &str = "take-or-pay";
const SPEND: &str = "spend";

/// Writes `journal.ledger`, `journal.beancount` and, for each party that pays, its FOCUS datasets:
/// `focus-1.2/PARTY/` and `focus-1.4/PARTY/`.
///
/// Each file is written aside and then renamed, so that none is ever there by half.
pub(crate) fn write(folder: &Path, books: &ExportBooks) -> Result<(), Failed> {
    text(folder, "journal.ledger", &ledger(books))?;
    text(folder, "journal.beancount", &beancount(books))?;
    let payers: BTreeSet<&PartyId> = books.entries.iter().map(|entry| &entry.payer).collect();
    for payer in payers {
        let of = |version: &str| folder.join(version).join(payer.as_str());
        text(&of("focus-1.2"), "CostAndUsage.csv", &focus_1_2(books, payer)?)?;
        for (name, csv) in focus_1_4(books, payer)?.named() {
            let (folder, file) = (of("focus-1.4"), format!("{name}.csv"));
            match csv {
                Some(csv) => text(&folder, &file, csv)?,
                None => absent(&folder.join(file))?,
            }
        }
    }
    Ok(())
}

fn text(folder: &Path, name: &str, content: &str) -> Result<(), Failed> {
    let failed = |path: &Path, error: &dyn Error| {
        Failed::from(format!("cannot write `{}`: {error}", path.display()))
    };
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let path = folder.join(name);
    let aside = folder.join(format!(".{name}.part"));
    fs::write(&aside, content).map_err(|error| failed(&aside, &error))?;
    fs::rename(&aside, &path).map_err(|error| failed(&path, &error))
}

/// Takes away what an earlier run left of a dataset that has no rows now.
fn absent(path: &Path) -> Result<(), Failed> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(format!("cannot remove `{}`: {error}", path.display()).into())
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Books of one or more periods, with the settlement of all of their time.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) settlement: &'a Settlement,
    /// The entries, each in its period, in order.
    pub(crate) posted: &'a [Posted],
    /// The periods, in order, and whether each is closed.
    pub(crate) periods: &'a [(Window, bool)],
}

/// A settlement of one period as books.
pub(crate) fn posted(settlement: &Settlement) -> Vec<Posted> {
    let period = settlement.period;
    let post = |entry: &Entry| Posted { period, entry: entry.clone(), corrects: None };
    settlement.journal.entries().iter().map(post).collect()
}

/// The rows of books, with the names that the deal gives.
///
/// Balances and invoices are those of the statements, so that what adds up the journal checks them.
pub(crate) fn books(title: &str, source: Source<'_>, deal: &Deal, fleet: &Fleet) -> ExportBooks {
    let Source { settlement, posted, periods } = source;
    let mut draws: BTreeMap<u64, Vec<&Draw>> = BTreeMap::new();
    for draw in &settlement.draws {
        draws.entry(draw.entry).or_default().push(draw);
    }
    let from = From { settlement, deal, draws };
    let mut lines: Vec<(Window, Lines<'_>)> = Vec::new();
    for (period, _) in periods {
        lines.push((*period, of_period(posted, *period)));
    }
    let parties = deal.parts().parties.iter();
    let sites = fleet.sites().map(|site| {
        let named = ExportSite { name: site.name.clone(), host: site.host.clone() };
        (site.id.clone(), named)
    });
    let mut sums = BTreeMap::new();
    let mut rows = Vec::new();
    for ((window, lines), (_, closed)) in lines.iter().zip(periods) {
        let balances = balances(lines, &mut sums);
        rows.push(ExportPeriod { window: *window, closed: *closed, balances });
    }
    ExportBooks {
        title: title.to_owned(),
        parties: parties.map(|(id, party)| (id.clone(), party.name.clone())).collect(),
        sites: sites.collect(),
        periods: rows,
        entries: posted.iter().map(|posted| from.entry(posted)).collect(),
        commitments: settlement
            .drawdowns
            .iter()
            .filter_map(|drawn| from.commitment(drawn))
            .collect(),
        invoices: lines.iter().flat_map(|(period, lines)| invoices(*period, lines)).collect(),
    }
}

/// What one party owes another, for one reason and from one cause, in one currency. What takes back
/// a part of what is owed is below zero.
type Lines<'a> = BTreeMap<(&'a PartyId, &'a PartyId, &'a Reason, &'a Cause, Currency), i128>;

/// What the statements of a period say that each party owes.
fn of_period(posted: &[Posted], period: Window) -> Lines<'_> {
    let mut lines = Lines::new();
    let mine = posted.iter().filter(|posted| posted.period == period);
    let statements = statements(mine.clone().map(|posted| &posted.entry));
    for posted in mine {
        let entry = &posted.entry;
        let (payer, payee, _) = debt(posted);
        let key = (payer, payee, &entry.reason, &entry.cause, entry.amount.currency);
        lines.entry(key).or_default();
    }
    // The amounts are those of the statement lines: owed by the one less owed by the other.
    for (&(payer, payee, reason, cause, currency), minor) in &mut lines {
        let lines = statements.get(payer).map(|statement| statement.lines.as_slice());
        let mine = lines.unwrap_or_default().iter().filter(|line| {
            &line.counterparty == payee
                && &line.reason == reason
                && &line.cause == cause
                && line.owed_by.currency == currency
        });
        *minor = mine.map(|line| line.owed_by.minor - line.owed_to.minor).sum();
    }
    lines
}

/// Whether a movement goes against the debt that it is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Backwards {
    No,
    Yes,
}

/// Who owes whom what a movement is about: discounts, credits and corrections that take back go the
/// other way.
fn debt(posted: &Posted) -> (&PartyId, &PartyId, Backwards) {
    let entry = &posted.entry;
    let relieves = match entry.reason {
        Reason::Discount
        | Reason::Credit
        | Reason::Covered
        | Reason::MadeUp
        | Reason::OverageDiscount
        | Reason::Adjusted
        | Reason::Disputed => true,
        Reason::Capacity
        | Reason::Power
        | Reason::Sale { .. }
        | Reason::Minimum
        | Reason::CreditBought
        | Reason::Prepayment
        | Reason::Overage
        | Reason::RevenueShare
        | Reason::Guarantee
        | Reason::Floor
        | Reason::Shortfall
        | Reason::CostSplit => false,
    };
    if relieves == posted.is_reversal() {
        (&entry.payer, &entry.payee, Backwards::No)
    } else {
        (&entry.payee, &entry.payer, Backwards::Yes)
    }
}

/// What all accounts stand at.
type Sums<'a> = BTreeMap<(&'a PartyId, &'a PartyId, &'a Reason, Currency), i128>;

/// What each account stands at when a period ends, the periods before it included.
fn balances<'a>(lines: &Lines<'a>, sums: &mut Sums<'a>) -> Vec<ExportBalance> {
    for (&(payer, payee, reason, _, currency), minor) in lines {
        *sums.entry((payer, payee, reason, currency)).or_default() += minor;
    }
    let balance = |(&(payer, payee, reason, currency), &minor): (
        &(&PartyId, &PartyId, &Reason, Currency),
        &i128,
    )| ExportBalance {
        payer: payer.clone(),
        payee: payee.clone(),
        reason: reason.to_string(),
        amount: Money { minor, currency },
    };
    sums.iter().map(balance).collect()
}

/// What each party is invoiced.
fn invoices(period: Window, lines: &Lines<'_>) -> Vec<ExportInvoiceLine> {
    let line = |(&(payer, payee, reason, cause, currency), &minor): (
        &(&PartyId, &PartyId, &Reason, &Cause, Currency),
        &i128,
    )| ExportInvoiceLine {
        period,
        payer: payer.clone(),
        payee: payee.clone(),
        reason: reason.to_string(),
        cause: cause_text(cause),
        amount: Money { minor, currency },
    };
    lines.iter().map(line).collect()
}

fn cause_text(cause: &Cause) -> String {
    match cause {
        Cause::Rate(rate) => format!("rate {rate}"),
        Cause::Term(term) => format!("term {term}"),
    }
}

/// What the rows are made from.
struct From<'a> {
    settlement: &'a Settlement,
    deal: &'a Deal,
    /// By the entry that draws.
    draws: BTreeMap<u64, Vec<&'a Draw>>,
}

impl From<'_> {
    fn entry(&self, posted: &Posted) -> ExportEntry {
        let entry = &posted.entry;
        let draws = self.draws.get(&entry.id).into_iter().flatten().filter_map(|draw| {
            let drawn = self.settlement.drawdowns.iter().find(|drawn| {
                drawn.term == draw.term
                    && drawn.buyer == entry.payer
                    && drawn.seller == entry.payee
                    && drawn.interval.contains(entry.segment.start())
            })?;
            Some(ExportDraw { commitment: self.commitment_id(drawn), amount: draw.amount })
        });
        let (payer, payee, backwards) = debt(posted);
        let minor = match backwards {
            Backwards::No => entry.amount.minor,
            Backwards::Yes => -entry.amount.minor,
        };
        let corrects = posted.corrects.and_then(|corrects| corrects.entry);
        ExportEntry {
            id: entry.id.to_string(),
            period: posted.period,
            charge: entry.segment,
            payer: payer.clone(),
            payee: payee.clone(),
            amount: Money { minor, ..entry.amount },
            reason: entry.reason.to_string(),
            cause: cause_text(&entry.cause),
            description: self.description(entry),
            kind: self.kind(entry),
            // A correction draws in the settlement of all the time, not by itself.
            draws: if posted.corrects.is_none() { draws.collect() } else { Vec::new() },
            correction_of: corrects.map(|id| id.to_string()),
        }
    }

    fn kind(&self, entry: &Entry) -> ExportKind {
        match &entry.used {
            Some(used) if entry.reason.is_charge() => {
                ExportKind::Usage(Box::new(self.used(entry, used)))
            }
            Some(_) | None if entry.reason == Reason::Shortfall => ExportKind::Shortfall,
            Some(_) | None => ExportKind::Transfer,
        }
    }

    fn used(&self, entry: &Entry, used: &Used) -> ExportUse {
        let rate = match &entry.cause {
            Cause::Rate(id) => self.rate(id, entry),
            Cause::Term(_) => None,
        };
        ExportUse {
            service: self.object(&used.object).to_owned(),
            class: class(used.meter),
            meter: used.meter.name().to_owned(),
            quantity: used.quantity,
            digits: used.meter.digits(),
            unit: meter_unit(used.meter).to_owned(),
            price: rate.and_then(|rate| {
                // Tiers have no one price, and a converted one is not in the entry's currency.
                let (Price::Flat(price), None) = (&rate.price, &entry.converted) else {
                    return None;
                };
                Some(ExportPrice {
                    id: rate.id.to_string(),
                    price: *price,
                    unit: unit(rate.per).to_owned(),
                    base_units: rate.per.base_units(entry.segment.start()),
                })
            }),
            site: used.site.clone(),
            gpu: used.gpu.clone(),
        }
    }

    /// The line of a rate card that a charge rests on.
    fn rate(&self, id: &RateId, entry: &Entry) -> Option<&Rate> {
        self.deal.parts().rates.iter().find(|rate| {
            rate.id == *id
                && rate.seller == entry.payee
                && rate.window.contains(entry.segment.start())
        })
    }

    fn object<'d>(&'d self, object: &'d ObjectId) -> &'d str {
        let called = &self.deal.parts().vocabulary.called;
        called.objects.get(object).map_or(object.as_str(), String::as_str)
    }

    /// `gpu-time of GPU capacity at abilene on gb200`.
    fn description(&self, entry: &Entry) -> String {
        let Some(used) = &entry.used else { return entry.reason.to_string() };
        let mut text = format!("{} of {}", used.meter.name(), self.object(&used.object));
        if let Some(site) = &used.site {
            text.push_str(&format!(" at {site}"));
        }
        if let Some(gpu) = &used.gpu {
            text.push_str(&format!(" on {gpu}"));
        }
        text
    }

    /// A commitment to spend; one of use has no amount of money, which the datasets ask for.
    fn commitment(&self, drawn: &Drawdown) -> Option<ExportCommitment> {
        let amount = spend(drawn.amount)?;
        let found = self.committed(&drawn.term, drawn);
        let terms = found.map(|(_, _, commitment)| commitment);
        let period = self.settlement.period;
        let pays = terms.is_some_and(|terms| terms.shortfall == Shortfall::Pay);
        let by_month = terms.is_some_and(|terms| terms.interval == Interval::Month);
        let meters = terms.map(|terms| terms.on.meters.clone()).unwrap_or_default();
        let name = |party| self.deal.parts().parties.get(party).map(|party| &party.name);
        Some(ExportCommitment {
            id: self.commitment_id(drawn),
            contract: found.map_or_else(String::new, |(agreement, ..)| agreement.id.to_string()),
            contract_window: found
                .map_or(drawn.interval, |(agreement, ..)| in_effect(agreement, drawn.interval)),
            description: format!(
                "{} buys for {} from {}",
                name(&drawn.buyer).map_or(drawn.buyer.as_str(), String::as_str),
                drawn.amount,
                name(&drawn.seller).map_or(drawn.seller.as_str(), String::as_str),
            ),
            buyer: drawn.buyer.clone(),
            seller: drawn.seller.clone(),
            kind: if pays { TAKE_OR_PAY } else { SPEND }.to_owned(),
            amount,
            interval: drawn.interval,
            fulfillment: if by_month {
                FulfillmentInterval::Month
            } else {
                FulfillmentInterval::FullPeriod
            },
            model: if by_month {
                CommitmentModel::Continuous
            } else {
                CommitmentModel::Discontinuous
            },
            status: status(drawn),
            created: found.map_or(drawn.interval.start(), |(_, version, _)| version.recorded),
            updated: period.end(),
            meters: meters.iter().map(|meter| meter.name().to_owned()).collect(),
        })
    }

    /// The commitment as its version has it, and whose version that is.
    fn committed(
        &self,
        term: &TermId,
        drawn: &Drawdown,
    ) -> Option<(&Agreement, &Version, &Commitment)> {
        let brings = |(agreement, version)| {
            let version: &Version = version;
            let term = version.adds.iter().find(|it| it.id == *term)?;
            let TermKind::Commitment(commitment) = &term.kind else { return None };
            Some((agreement, version, commitment))
        };
        self.deal.versions().filter(|(_, version)| version.id == drawn.version).find_map(brings)
    }

    /// The term, and its interval where it has several.
    fn commitment_id(&self, drawn: &Drawdown) -> String {
        let alike = self.settlement.drawdowns.iter().filter(|it| it.term == drawn.term).count();
        if alike == 1 {
            return drawn.term.to_string();
        }
        format!("{}/{}/{}/{}", drawn.term, drawn.buyer, drawn.seller, drawn.interval.start())
    }
}

fn class(meter: Meter) -> ServiceClass {
    match meter {
        Meter::GpuTime | Meter::NodeTime | Meter::CoreTime => ServiceClass::Compute,
        Meter::Storage => ServiceClass::Storage,
        Meter::TokensIn | Meter::TokensOut => ServiceClass::Model,
        Meter::Power => ServiceClass::Power,
    }
}

/// A unit as FOCUS writes it.
fn unit(unit: PriceUnit) -> &'static str {
    match unit {
        PriceUnit::GpuHour => "GPU-Hours",
        PriceUnit::MillionTokens => "1000000 Tokens",
        PriceUnit::MwYear => "MW-Years",
        PriceUnit::MwMonth => "MW-Months",
        PriceUnit::KwHour => "kW-Hours",
        PriceUnit::NodeHour => "Node-Hours",
        PriceUnit::CoreHour => "Core-Hours",
        PriceUnit::TbMonth => "TB-Months",
    }
}

/// The unit of a meter as FOCUS writes it.
fn meter_unit(meter: Meter) -> &'static str {
    match meter {
        Meter::GpuTime => "GPU-Seconds",
        Meter::TokensIn | Meter::TokensOut => "Tokens",
        Meter::Power => "kW-Seconds",
        Meter::NodeTime => "Node-Seconds",
        Meter::CoreTime => "Core-Seconds",
        Meter::Storage => "GB-Seconds",
    }
}

fn status(drawn: &Drawdown) -> CommitmentStatus {
    match drawn.standing {
        Standing::Running if drawn.remaining.count == 0 => CommitmentStatus::Exhausted,
        Standing::Running => CommitmentStatus::Active,
        Standing::Ended { .. } => CommitmentStatus::Expired,
        Standing::OutOfForce { .. } => CommitmentStatus::Superseded,
    }
}

/// An amount of money that a commitment counts.
fn spend(counted: Counted) -> Option<Money> {
    match counted.of {
        Measure::Spend(currency) => Some(Money { minor: counted.count, currency }),
        Measure::Use { .. } => None,
    }
}

/// From the first day of an agreement's versions to the last; `otherwise` without any.
fn in_effect(agreement: &Agreement, otherwise: Window) -> Window {
    let windows = agreement.versions.iter().map(|version| version.effective);
    let start: Option<Instant> = windows.clone().map(Window::start).min();
    let end = windows.map(Window::end).max();
    start.zip(end).and_then(|(start, end)| Window::new(start, end).ok()).unwrap_or(otherwise)
}
