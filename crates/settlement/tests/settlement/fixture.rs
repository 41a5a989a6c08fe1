//! Short ways to write terms and usage, and a settlement as text.

use std::fmt::Write;

use comity_base::{
    Currency, Decimal, GpuTypeId, Instant, Meter, Money, ObjectId, PartyId, PriceUnit, RateId,
    Ratio, Rounding, SiteId, TermId, VersionId, Window,
};
use comity_settlement::{
    Amount, Cause, Drawdown, MoneyTerms, Reason, Settlement, Standing, Supply, Usage, WhyUnrated,
    owed, statements,
};
use comity_terms::{
    Cap, Commitment, Eligible, InForce, Interval, Life, Position, Price, Provenance, Rate,
    RevenueShare, Shortfall, Status,
};

pub(crate) fn usd() -> Currency {
    Currency::new("USD", 2).unwrap()
}

pub(crate) fn dollars(text: &str) -> Money {
    let minor = Decimal::parse(text).unwrap().at_scale(2).unwrap();
    Money { minor, currency: usd() }
}

pub(crate) fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

/// `2025-01-01..2025-02-01`; either side may be left open.
pub(crate) fn window(text: &str) -> Window {
    let (start, end) = text.split_once("..").unwrap();
    let start = if start.is_empty() { Instant::MIN } else { at(start) };
    Window::new(start, if end.is_empty() { Instant::MAX } else { at(end) }).unwrap()
}

pub(crate) fn party(text: &str) -> PartyId {
    PartyId::new(text).unwrap()
}

pub(crate) fn object(text: &str) -> ObjectId {
    ObjectId::new(text).unwrap()
}

pub(crate) fn terms() -> MoneyTerms {
    MoneyTerms {
        currency: usd(),
        rounding: Rounding::HalfEven,
        rates: Vec::new(),
        conversions: Vec::new(),
        discounts: Vec::new(),
        credits: Vec::new(),
        cost_splits: Vec::new(),
        shares: Vec::new(),
        commitments: Vec::new(),
        disputes: Vec::new(),
        tolerance: None,
    }
}

pub(crate) fn position(line: u32) -> Position {
    Position { file: "deal.yaml".into(), line, column: 1 }
}

fn provenance() -> Provenance {
    Provenance {
        phrase: "as a test has it".to_owned(),
        source: "tests".to_owned(),
        date: at("2025-01-01"),
        status: Status::Assumed,
        note: None,
    }
}

fn meter(name: &str) -> Meter {
    Meter::NAMED.iter().find(|(known, _)| *known == name).unwrap().1
}

/// `id seller price unit meter window [buyer=..] [object=..] [site=..] [gpu=..]`.
pub(crate) fn rate(text: &str) -> Rate {
    let words: Vec<&str> = text.split_whitespace().collect();
    let named = |key: &str| {
        words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('=')).map(str::to_owned)
    };
    Rate {
        id: RateId::new(words[0]).unwrap(),
        seller: party(words[1]),
        buyer: named("buyer").map(|text| party(&text)),
        meter: meter(words[4]),
        object: named("object").map(|text| object(&text)),
        site: named("site").map(|text| SiteId::new(&text).unwrap()),
        gpu: named("gpu").map(|text| GpuTypeId::new(&text).unwrap()),
        price: Price::Flat(Decimal::parse(words[2]).unwrap()),
        per: PriceUnit::NAMED.iter().find(|(known, _)| *known == words[3]).unwrap().1,
        currency: usd(),
        minimum: None,
        window: window(words[5]),
        provenance: provenance(),
        position: position(1),
    }
}

pub(crate) fn in_force<T>(term: &str, version: &str, times: [&str; 2], value: T) -> InForce<T> {
    InForce {
        term: TermId::new(term).unwrap(),
        version: VersionId::new(version).unwrap(),
        window: window(times[0]),
        own: window(times[1]),
        life: Life { executed: at("2020-01-01"), ended: None },
        value,
        provenance: provenance(),
        position: position(1),
    }
}

/// `payer payee percent product,product`.
pub(crate) fn share(text: &str, cap: Option<[&str; 2]>) -> RevenueShare {
    let words: Vec<&str> = text.split_whitespace().collect();
    let rate = Ratio::new(words[2].parse().unwrap(), 100).unwrap();
    let base = words[3].split(',').map(object).collect();
    RevenueShare {
        cap: Cap {
            total: cap.map(|[total, _]| dollars(total)),
            paid_before: cap.map(|[_, before]| dollars(before)),
            each: None,
        },
        ..RevenueShare::flat(party(words[0]), party(words[1]), base, rate)
    }
}

/// `buyer seller amount drawn-before interval shortfall meter,meter`.
pub(crate) fn commitment(text: &str) -> Commitment {
    let words: Vec<&str> = text.split_whitespace().collect();
    let interval = if words[4] == "month" { Interval::Month } else { Interval::Term };
    let shortfall = if words[5] == "pay" { Shortfall::Pay } else { Shortfall::Show };
    let (buyer, seller) = (party(words[0]), party(words[1]));
    Commitment {
        drawn_before: dollars(words[3]).minor,
        on: Eligible { meters: words[6].split(',').map(meter).collect(), ..Eligible::default() },
        ..Commitment::spend(buyer, seller, dollars(words[2]), interval, shortfall)
    }
}

/// `buyer seller meter object[@site][/gpu] amount window`; `5x` is held, `5` is counted; of GPU time both
/// may be `0.25`.
pub(crate) fn usage(text: &str) -> Usage {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (rest, gpu) = words[3].split_once('/').map_or((words[3], None), |(a, b)| (a, Some(b)));
    let (name, site) = rest.split_once('@').map_or((rest, None), |(a, b)| (a, Some(b)));
    let meter = meter(words[2]);
    let number = |text: &str| u64::try_from(meter.read(&text.replace('_', "")).unwrap()).unwrap();
    Usage {
        id: 7,
        buyer: party(words[0]),
        seller: party(words[1]),
        meter,
        object: object(name),
        site: site.map(|text| SiteId::new(text).unwrap()),
        gpu: gpu.map(|text| GpuTypeId::new(text).unwrap()),
        amount: match words[4].strip_suffix('x') {
            Some(level) => Amount::Held { level: number(level) },
            None => Amount::Counted { quantity: number(words[4]) },
        },
        window: window(words[5]),
    }
}

/// Every part of a settlement that is not empty, and what follows from its journal.
pub(crate) fn show(settlement: &Settlement) -> String {
    let mut text = journal(settlement);
    for draw in &settlement.draws {
        write!(text, "draw {} by {} {}", draw.entry, draw.term, draw.amount).unwrap();
        if draw.counted.plain() != draw.amount.plain() {
            write!(text, " for {}", draw.counted).unwrap();
        }
        if let Some(inner) = &draw.through {
            write!(text, " through {inner}").unwrap();
        }
        text.push('\n');
    }
    drawdowns(settlement, &mut text);
    shares(settlement, &mut text);
    for total in &settlement.own_use {
        let meter = total.supply.meter;
        let quantity = meter.written(total.quantity);
        writeln!(text, "own {} {quantity} {}", supply(&total.supply), meter.unit()).unwrap();
    }
    for unrated in &settlement.unrated {
        let ids =
            |rates: &[RateId]| rates.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let why = match &unrated.why {
            WhyUnrated::NoCard => "no card".to_owned(),
            WhyUnrated::NoneFits { rates } => format!("none fits of {}", ids(rates)),
            WhyUnrated::NotInForce { rates } => format!("not in force: {}", ids(rates)),
        };
        let total = &unrated.total;
        writeln!(
            text,
            "unrated {} {} {}: {why}",
            total.segment,
            supply(&total.supply),
            total.supply.meter.written(total.quantity)
        )
        .unwrap();
    }
    for one in &settlement.outside {
        let [before, after] = [one.before, one.after].map(|it| one.supply.meter.written(it));
        let supply = supply(&one.supply);
        writeln!(text, "outside {supply} {before} before, {after} after").unwrap();
    }
    for one in owed(&settlement.journal) {
        writeln!(text, "owed {} -> {} {} {}", one.from, one.to, reason(&one.reason), one.amount)
            .unwrap();
    }
    for statement in statements(&settlement.journal).values() {
        for balance in &statement.balances {
            writeln!(text, "total {} {}", statement.party, balance.total).unwrap();
        }
    }
    text
}

fn journal(settlement: &Settlement) -> String {
    let mut text = String::new();
    for entry in settlement.journal.entries() {
        let cause = match &entry.cause {
            Cause::Rate(rate) => rate.as_str(),
            Cause::Term(term) => term.as_str(),
        };
        write!(
            text,
            "{} {} {} -> {} {} {} by {cause}",
            entry.id,
            entry.segment,
            entry.payer,
            entry.payee,
            entry.amount,
            reason(&entry.reason)
        )
        .unwrap();
        if let Some(used) = &entry.used {
            let meter = used.meter;
            write!(text, ", {} {}", meter.written(used.quantity), meter.unit()).unwrap();
        }
        text.push('\n');
    }
    text
}

fn drawdowns(settlement: &Settlement, text: &mut String) {
    for one in &settlement.drawdowns {
        let standing = match one.standing {
            Standing::Running => "running".to_owned(),
            Standing::Ended { at, shortfall, rule } => {
                format!("ended {at}, short {shortfall} ({rule:?})")
            }
            Standing::OutOfForce { at } => format!("out of force {at}"),
        };
        write!(
            text,
            "{} {}: {} = {} before + {} drawn + {} left, {} beyond; {standing}",
            one.term,
            one.interval,
            one.amount,
            one.drawn_before,
            one.drawn,
            one.remaining,
            one.beyond
        )
        .unwrap();
        let counted = [
            ("fallen short", one.fallen_short),
            ("rolled in", one.rolled_in),
            ("of it drawn", one.rolled_drawn),
            ("rolled out", one.rolled_out),
            ("made up", one.made_up),
            ("banked", one.banked),
        ];
        for (what, it) in counted.iter().filter(|(_, it)| it.count != 0) {
            write!(text, "; {what} {it}").unwrap();
        }
        let money = [
            ("prepaid", one.prepaid),
            ("covered", one.covered),
            ("paid short", one.shortfall_paid),
            ("overage", one.overage),
        ];
        // What a shortfall costs is in the journal too, and shown where it is not the shortfall.
        let paid = |one: &Drawdown| match one.standing {
            Standing::Ended { shortfall, rule: Shortfall::Pay, .. } => {
                shortfall.plain() == one.shortfall_paid.plain()
            }
            Standing::Ended { .. } | Standing::Running | Standing::OutOfForce { .. } => false,
        };
        for (what, it) in money.iter().filter(|(_, it)| it.minor != 0) {
            if *what != "paid short" || !paid(one) {
                write!(text, "; {what} {it}").unwrap();
            }
        }
        text.push('\n');
    }
}

fn shares(settlement: &Settlement, text: &mut String) {
    for one in &settlement.shares {
        write!(text, "{}: base {}, share {}, paid {}", one.term, one.base, one.gross, one.paid)
            .unwrap();
        if let Some(cap) = one.cap {
            write!(text, "; cap {}, left {}", cap.total, cap.remaining).unwrap();
            if let Some(segment) = cap.bound_in {
                write!(text, ", bound in {segment}").unwrap();
            }
        }
        text.push('\n');
    }
}

fn reason(reason: &Reason) -> String {
    reason.to_string()
}

fn supply(supply: &Supply) -> String {
    supply.to_string().replace('`', "")
}
