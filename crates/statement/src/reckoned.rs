//! How the amount of an entry comes about, in one line that can be checked by hand.

use comity_base::{Money, Rounding};
use comity_settlement::{
    Cause, Converted, Drawdown, Entry, MoneyTerms, Posted, Reason, Settlement, ShareReport,
    Standing,
};
use comity_terms::{Discount, InForce, Price, Rate, ShareRate};

use crate::words::{
    amount, counted as of_commitment, grouped, per_unit, plain_amount, plain_counted, quantity,
};

/// What a settlement knows that its entries rest on.
#[derive(Debug, Clone, Copy)]
pub struct Ledger<'a> {
    /// The terms that it was settled under.
    pub terms: &'a MoneyTerms,
    /// The settlement of all the time of the books.
    pub settlement: &'a Settlement,
}

/// The formula of an entry, with the figures that go into it.
#[must_use]
pub fn reckoned(ledger: Ledger<'_>, posted: &Posted) -> String {
    let entry = &posted.entry;
    if let Some(corrects) = posted.corrects {
        let before = corrects
            .entry
            .map_or_else(|| "nothing was posted".to_owned(), |id| format!("entry {id} stands"));
        let way = if posted.is_reversal() { "less" } else { "more" };
        return format!(
            "{} {way} than in {}, where {before}",
            amount(entry.amount),
            corrects.period
        );
    }
    match (&entry.reason, &entry.cause) {
        (Reason::Capacity | Reason::Power | Reason::Sale { .. }, Cause::Rate(id)) => {
            let rate = ledger.terms.rates.iter().find(|rate| &rate.id == id);
            rate.map_or_else(String::new, |rate| charge(ledger, entry, rate))
        }
        (Reason::Minimum, Cause::Rate(id)) => {
            let rate = ledger.terms.rates.iter().find(|rate| &rate.id == id);
            let minimum = rate.and_then(|rate| rate.minimum);
            minimum.map_or_else(String::new, |minimum| {
                let charged = minimum.amount.minor - entry.amount.minor;
                let charged = Money { minor: charged, ..minimum.amount };
                format!("{} − {} charged", amount(minimum.amount), plain_amount(charged))
            })
        }
        (Reason::Discount, Cause::Term(id)) => {
            let term = ledger.terms.discounts.iter().find(|it| &it.term == id);
            term.map_or_else(String::new, |term| discount(ledger, entry, term))
        }
        (Reason::RevenueShare, Cause::Term(id)) => {
            let report = ledger.settlement.shares.iter().find(|it| {
                &it.term == id
                    && it.payer == entry.payer
                    && it.payee == entry.payee
                    && it.base.currency == entry.amount.currency
            });
            report.map_or_else(String::new, |report| share(ledger, entry, report))
        }
        (Reason::Shortfall, Cause::Term(id)) => {
            let drawdown = ledger
                .settlement
                .drawdowns
                .iter()
                .find(|it| &it.term == id && it.interval == entry.segment);
            drawdown.map_or_else(String::new, shortfall)
        }
        (Reason::Disputed | Reason::Adjusted, Cause::Term(id)) => disputed(ledger, id),
        (_, Cause::Rate(_) | Cause::Term(_)) => String::new(),
    }
}

/// `864,000 GPU-seconds ÷ 3,600 × 2.05`.
fn charge(ledger: Ledger<'_>, entry: &Entry, rate: &Rate) -> String {
    let Some(used) = &entry.used else { return String::new() };
    let unit = per_unit(rate.per, used.meter, entry.segment.start());
    let mut text = match &rate.price {
        Price::Flat(price) => format!("{}{unit} × {price}", quantity(used)),
        Price::Tiered(_) => {
            format!("{}{unit}, at {}", quantity(used), crate::words::rate_text(rate))
        }
    };
    if let Some(Converted { original, by }) = &entry.converted {
        let rate = ledger.terms.conversions.iter().find(|it| &it.id == by);
        let rate = rate.map_or_else(String::new, |it| it.rate.to_string());
        text = format!("{text} = {}, × {rate}", amount(*original));
    }
    text
}

fn discount(ledger: Ledger<'_>, entry: &Entry, term: &InForce<Discount>) -> String {
    let charge = ledger.settlement.journal.entries().iter().find(|it| {
        it.reason.is_charge()
            && it.payer == entry.payee
            && it.payee == entry.payer
            && it.segment == entry.segment
            && same_supply(it, entry)
    });
    charge.map_or_else(String::new, |charge| {
        format!("{} × {} of entry {}", term.value.rate, amount(charge.amount), charge.id)
    })
}

fn same_supply(a: &Entry, b: &Entry) -> bool {
    match (&a.used, &b.used) {
        (Some(a), Some(b)) => {
            (a.meter, &a.object, &a.site, &a.gpu) == (b.meter, &b.object, &b.site, &b.gpu)
        }
        (None, _) | (_, None) => false,
    }
}

/// `20 % × USD 9.00`, and what limits left of it.
fn share(ledger: Ledger<'_>, entry: &Entry, report: &ShareReport) -> String {
    let Some(part) = report.parts.iter().find(|part| part.segment == entry.segment) else {
        return String::new();
    };
    let version = ledger
        .terms
        .shares
        .iter()
        .find(|it| it.term == report.term && it.window.contains(entry.segment.start()));
    let Some(version) = version else { return String::new() };
    let mut text = match &version.value.rate {
        ShareRate::Flat(rate) => format!("{rate} × {}", amount(part.base)),
        ShareRate::Marginal { .. } => {
            format!("by brackets of {}: {}", amount(part.base), amount(part.gross))
        }
    };
    if !version.value.less.is_gross() {
        text.push_str(" net");
    }
    if part.paid != part.gross {
        text = format!("{text} = {}, limited", plain_amount(part.gross));
    }
    text
}

fn shortfall(drawdown: &Drawdown) -> String {
    let (amount, drawn) = (of_commitment(drawdown.amount), plain_counted(drawdown.drawn));
    let mut text = format!("{amount} − {drawn}");
    if drawdown.drawn_before.count != 0 {
        text = format!("{text} − {} before", plain_counted(drawdown.drawn_before));
    }
    match drawdown.standing {
        Standing::Ended { at, .. } => format!("{text} drawn by {at}"),
        Standing::Running | Standing::OutOfForce { .. } => format!("{text} drawn"),
    }
}

fn disputed(ledger: Ledger<'_>, id: &comity_base::TermId) -> String {
    let reports = comity_settlement::disputes(ledger.terms, &ledger.settlement.journal);
    let report = reports.ok().and_then(|all| all.into_iter().find(|it| &it.id == id));
    report.map_or_else(String::new, |it| {
        let entries: Vec<String> = it.entries.iter().map(u64::to_string).collect();
        format!(
            "{} charged by {} {}, {} by the figure of {}",
            amount(it.charged),
            if entries.len() == 1 { "entry" } else { "entries" },
            entries.join(", "),
            plain_amount(it.claimed),
            it.by
        )
    })
}

/// What a division is rounded by, as a reader of the page sees it.
pub(crate) fn rounded_by(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::HalfEven => "to the nearest, a tie to the even neighbour",
        Rounding::HalfUp => "to the nearest, a tie away from zero",
        Rounding::Down => "towards zero",
        Rounding::Up => "away from zero",
    }
}

/// A number of entries, in words.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(&count.to_string()), if count == 1 { one } else { many })
}
