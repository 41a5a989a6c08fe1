//! A statement as text, and as rows of a table.

use std::fmt::Write as _;

use comity_base::{Money, PartyId, Window};
use comity_settlement::{Cause, Counted, Resolution, Standing};

use crate::line::{Line, Side};
use crate::reckoned::{counted, rounded_by};
use crate::statement::{Between, Statement};
use crate::words::{amount, counted as of_commitment, plain_amount, plain_counted, reason_words};

/// The columns of [`rows`].
pub const COLUMNS: [&str; 17] = [
    "period_start",
    "period_end",
    "party",
    "counterparty",
    "entry",
    "reason",
    "cause",
    "from",
    "to",
    "meter",
    "object",
    "site",
    "gpu",
    "quantity",
    "amount",
    "currency",
    "corrects",
];

/// A statement as rows under [`COLUMNS`]: one for each entry, its amount below zero where the
/// party owes it.
#[must_use]
pub fn rows(statement: &Statement<'_>) -> Vec<[String; 17]> {
    let lines = statement.between.iter().flat_map(|between| &between.lines);
    lines.map(|line| row(statement, line)).collect()
}

fn row(statement: &Statement<'_>, line: &Line) -> [String; 17] {
    let used = line.used.as_ref();
    let text = |value: Option<String>| value.unwrap_or_default();
    [
        statement.period.start().to_string(),
        statement.period.end().to_string(),
        statement.party.to_string(),
        line.counterparty.to_string(),
        line.entry.to_string(),
        line.reason.name().to_owned(),
        cause(&line.cause).to_owned(),
        line.over.start().to_string(),
        line.over.end().to_string(),
        text(used.map(|it| it.meter.name().to_owned())),
        text(used.map(|it| it.object.to_string())),
        text(used.and_then(|it| Some(it.site.as_ref()?.to_string()))),
        text(used.and_then(|it| Some(it.gpu.as_ref()?.to_string()))),
        text(used.map(|it| it.meter.written(it.quantity))),
        line.signed().plain(),
        line.amount.currency.code().to_owned(),
        text(line.corrects.map(|it| it.entry.map_or_else(String::new, |id| id.to_string()))),
    ]
}

pub(crate) fn cause(cause: &Cause) -> &str {
    match cause {
        Cause::Rate(id) => id.as_str(),
        Cause::Term(id) => id.as_str(),
    }
}

/// A party's name for people.
pub(crate) fn name(statement: &Statement<'_>, party: &PartyId) -> String {
    let parties = &statement.deal.parts().parties;
    parties.get(party).map_or_else(|| party.to_string(), |it| it.name.clone())
}

/// What a line is about, where it is: `GPU time, cluster at abilene on gb200`.
pub(crate) fn about(line: &Line) -> String {
    let mut text = reason_words(&line.reason, line.used.as_ref());
    if let Some(used) = &line.used {
        let mut parts = vec![used.object.to_string()];
        parts.extend(used.site.as_ref().map(|site| format!("at {site}")));
        parts.extend(used.gpu.as_ref().map(|gpu| format!("on {gpu}")));
        let what = parts.join(" ");
        if !text.contains(&what) {
            text = format!("{text}, {what}");
        }
    }
    text
}

/// What a balance means: `is paid USD 5.00`.
pub(crate) fn settles(net: Money) -> String {
    match net.minor {
        0 => "is even".to_owned(),
        minor if minor < 0 => format!("pays {}", amount(Money { minor: -minor, ..net })),
        _ => format!("is paid {}", amount(net)),
    }
}

pub(crate) fn standing(standing: &Standing) -> String {
    match standing {
        Standing::Running => "runs on".to_owned(),
        Standing::Ended { at, shortfall, .. } if shortfall.count == 0 => {
            format!("met by {at}")
        }
        Standing::Ended { at, shortfall, .. } => {
            format!("ended {at}, {} short", of_commitment(*shortfall))
        }
        Standing::OutOfForce { at } => format!("out of force from {at}"),
    }
}

pub(crate) fn resolution(resolution: &Resolution) -> String {
    match resolution {
        Resolution::Agreed => "the figures agree".to_owned(),
        Resolution::Resolved { paid, rule } => {
            format!("small: {} is paid, by the rule `{}`", amount(*paid), rule.name())
        }
        Resolution::Open { undisputed, difference } => format!(
            "open: {} is paid now, {} is held back",
            amount(*undisputed),
            amount(*difference)
        ),
    }
}

/// A time, short where it is the period itself.
pub(crate) fn over(period: Window, over: Window) -> String {
    if over == period { String::new() } else { format!("{} to {}", over.start(), over.end()) }
}

/// A statement as text for a terminal or a mail.
#[must_use]
pub fn text(statement: &Statement<'_>) -> String {
    let mut out = String::new();
    let draft = if statement.is_closed { "" } else { " (draft: the period is open)" };
    let _ = writeln!(
        out,
        "Statement of {} [{}], {} to {}{draft}",
        name(statement, &statement.party),
        statement.party,
        statement.period.start(),
        statement.period.end()
    );
    let _ = writeln!(out, "{}", statement.deal.parts().name);
    if statement.between.is_empty() {
        let _ = writeln!(out, "\n  nothing was charged, shared or paid");
    }
    for between in &statement.between {
        counterparty(&mut out, statement, between);
    }
    for total in &statement.totals {
        let _ = writeln!(out, "\nIn all: {} {}", statement.party, settles(*total));
    }
    besides(&mut out, statement);
    let lines: usize = statement.between.iter().map(|between| between.lines.len()).sum();
    let _ = writeln!(
        out,
        "\n{}; amounts are rounded {}. `comity trace` shows the records, rate, term and source \
         behind an entry.",
        counted(lines, "entry", "entries"),
        rounded_by(statement.deal.parts().rounding)
    );
    out
}

fn counterparty(out: &mut String, statement: &Statement<'_>, between: &Between) {
    let currency = between.net.currency.code();
    let _ = writeln!(
        out,
        "\nWith {} [{}], {currency}",
        name(statement, &between.counterparty),
        between.counterparty
    );
    let width = between
        .lines
        .iter()
        .map(|line| plain_amount(line.signed()).len())
        .chain([plain_amount(between.net).len()])
        .max()
        .unwrap_or(0);
    for line in &between.lines {
        let _ = write!(
            out,
            "  {:>width$}  #{} {} [{}]",
            plain_amount(line.signed()),
            line.entry,
            about(line),
            cause(&line.cause)
        );
        let when = over(statement.period, line.over);
        if !when.is_empty() {
            let _ = write!(out, ", {when}");
        }
        if let Some(corrects) = line.corrects {
            let entry = corrects.entry.map_or_else(String::new, |id| format!(" #{id}"));
            let _ = write!(out, ", corrects{entry} of {}", corrects.period.start());
        }
        out.push('\n');
        if !line.reckoned.is_empty() {
            let _ = writeln!(out, "  {:>width$}  = {}", "", line.reckoned);
        }
    }
    let _ = writeln!(
        out,
        "  {:>width$}  {} {}: owes {}, is owed {}",
        plain_amount(between.net),
        statement.party,
        settles(between.net),
        plain_amount(between.owes),
        plain_amount(between.is_owed)
    );
}

fn besides(out: &mut String, statement: &Statement<'_>) {
    for (index, it) in statement.commitments.iter().enumerate() {
        if index == 0 {
            let _ = writeln!(out, "\nCommitments");
        }
        let _ = writeln!(
            out,
            "  {} [{} to {}]: {} promised by {} to {}, {} drawn in all, {} left; {}",
            it.term,
            it.interval.start(),
            it.interval.end(),
            of_commitment(it.amount),
            it.buyer,
            it.seller,
            plain_counted(Counted { count: it.drawn.count + it.drawn_before.count, ..it.drawn }),
            plain_counted(it.remaining),
            standing(&it.standing)
        );
    }
    for (index, it) in statement.credits.iter().enumerate() {
        if index == 0 {
            let _ = writeln!(out, "\nCredits");
        }
        let _ = writeln!(
            out,
            "  {}: {} granted by {} to {}, {} drawn, {} left",
            it.term,
            amount(it.amount),
            it.seller,
            it.buyer,
            plain_amount(it.drawn),
            plain_amount(it.remaining)
        );
    }
    for (index, it) in statement.shares.iter().enumerate() {
        if index == 0 {
            let _ = writeln!(out, "\nRevenue shares, since the books begin");
        }
        let _ = write!(
            out,
            "  {}: {} of {}'s sales, {} is its share, {} paid to {}",
            it.term,
            amount(it.base),
            it.payer,
            plain_amount(it.gross),
            plain_amount(it.paid),
            it.payee
        );
        if let Some(cap) = it.cap {
            let _ =
                write!(out, "; cap {}, {} left", amount(cap.total), plain_amount(cap.remaining));
            if let Some(day) = cap.bound_in {
                let _ = write!(out, ", reached on {}", day.start());
            }
        }
        out.push('\n');
    }
    for (index, it) in statement.disputes.iter().enumerate() {
        if index == 0 {
            let _ = writeln!(out, "\nDisputes");
        }
        let _ = writeln!(
            out,
            "  {}: {} disputes {} with {}, its own figure is {}; {}",
            it.id,
            it.by,
            amount(it.charged),
            it.with,
            amount(it.claimed),
            resolution(&it.resolution)
        );
    }
}

/// The side of a line in a word.
pub(crate) fn side(side: Side) -> &'static str {
    match side {
        Side::Owes => "owes",
        Side::IsOwed => "is owed",
    }
}
