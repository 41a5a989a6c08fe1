//! A statement as a page that can be printed: one file, without anything from elsewhere.

use std::fmt::Write as _;

use comity_base::Money;
use comity_settlement::Counted;

use crate::line::Line;
use crate::reckoned::{counted, rounded_by};
use crate::statement::{Between, Statement};
use crate::text::{about, cause, name, over, resolution, settles, side, standing};
use crate::words::{amount, counted as of_commitment, plain_amount, plain_counted, quantity};

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1b1d22; --soft: #5d6470; --rule: #d8dbe0; --paper: #fff;
  --tint: #f4f5f7; --mark: #8a4b00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #a4abb6; --rule: #3a3f47;
  --paper: #16181c; --tint: #1f2227; --mark: #f0b35e; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 62rem; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 2.25rem 0 .5rem; }
.sub, .note, .how { color: var(--soft); }
.sub { margin: 0; }
.draft { color: var(--mark); font-weight: 600; }
.totals { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.5rem 0 0; padding: 0; list-style: none; }
.totals li { border: 1px solid var(--rule); border-radius: .5rem; padding: .75rem 1rem; min-width: 13rem; }
.totals b { display: block; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem .4rem 0; border-bottom: 1px solid var(--rule); }
th { font-weight: 600; color: var(--soft); font-size: .85rem; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; padding-right: 0; padding-left: 1rem; }
tr.net td { border-bottom: 2px solid var(--ink); background: var(--tint); font-weight: 600; }
code { font: .85em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; color: var(--soft); }
.how { font-size: .85rem; }
@media print { body { padding: 0; font-size: 11px; max-width: none; } h2 { break-after: avoid; }
  tr { break-inside: avoid; } .wide { overflow: visible; } }
";

/// A statement as one HTML page: light and dark, narrow and wide, and on paper.
#[must_use]
pub fn page(statement: &Statement<'_>) -> String {
    let party = name(statement, &statement.party);
    let mut out = String::new();
    let title = format!("Statement of {party}, {}", statement.period.start());
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        escaped(&title)
    );
    let _ = write!(
        out,
        "<header>\n<h1>Statement of {}</h1>\n<p class=\"sub\">{} · {} to {}{}</p>\n</header>\n",
        escaped(&party),
        escaped(&statement.deal.parts().name),
        statement.period.start(),
        statement.period.end(),
        if statement.is_closed {
            ""
        } else {
            " · <span class=\"draft\">draft: the period is open</span>"
        }
    );
    totals(&mut out, statement);
    for between in &statement.between {
        counterparty(&mut out, statement, between);
    }
    commitments(&mut out, statement);
    shares(&mut out, statement);
    disputes(&mut out, statement);
    let lines: usize = statement.between.iter().map(|between| between.lines.len()).sum();
    let _ = write!(
        out,
        "<p class=\"note\">{}. Amounts are rounded {}. Periods include their first day and not their last. What <code>comity trace</code> prints for an entry is the chain behind it: records, rate, term and source.</p>\n</body>\n</html>\n",
        counted(lines, "entry", "entries"),
        rounded_by(statement.deal.parts().rounding)
    );
    out
}

fn totals(out: &mut String, statement: &Statement<'_>) {
    out.push_str("<ul class=\"totals\">\n");
    for total in &statement.totals {
        let words = if total.minor < 0 { "to pay" } else { "to be paid" };
        let net = Money { minor: total.minor.abs(), ..*total };
        let _ = writeln!(out, "<li>In all, {words}<b>{}</b></li>", amount(net));
    }
    for between in &statement.between {
        let with = escaped(&name(statement, &between.counterparty));
        let _ = writeln!(out, "<li>With {with}<b>{}</b></li>", plain_amount(between.net));
    }
    if statement.between.is_empty() {
        out.push_str("<li>Nothing was charged, shared or paid</li>\n");
    }
    out.push_str("</ul>\n");
}

fn counterparty(out: &mut String, statement: &Statement<'_>, between: &Between) {
    let _ = write!(
        out,
        "<section>\n<h2>With {}</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>Entry</th><th>For</th><th>Used</th><th>By</th><th></th><th class=\"n\">{}</th></tr></thead>\n<tbody>\n",
        escaped(&name(statement, &between.counterparty)),
        between.net.currency.code()
    );
    for line in &between.lines {
        row(out, statement, line);
    }
    let _ = write!(
        out,
        "<tr class=\"net\"><td colspan=\"5\">{} {}: owes {}, is owed {}</td><td class=\"n\">{}</td></tr>\n</tbody>\n</table></div>\n</section>\n",
        escaped(&name(statement, &statement.party)),
        settles(between.net),
        plain_amount(between.owes),
        plain_amount(between.is_owed),
        plain_amount(between.net)
    );
}

fn row(out: &mut String, statement: &Statement<'_>, line: &Line) {
    let mut what = escaped(&about(line));
    let when = over(statement.period, line.over);
    if !when.is_empty() {
        let _ = write!(what, ", {when}");
    }
    if let Some(corrects) = line.corrects {
        let entry = corrects.entry.map_or_else(String::new, |id| format!(" entry {id}"));
        let _ = write!(what, ", corrects{entry} of {}", corrects.period.start());
    }
    if !line.reckoned.is_empty() {
        let _ = write!(what, "<div class=\"how\">= {}</div>", escaped(&line.reckoned));
    }
    let used = line.used.as_ref().map_or_else(String::new, quantity);
    let _ = writeln!(
        out,
        "<tr><td>{}</td><td>{what}</td><td>{used}</td><td><code>{}</code></td><td>{}</td><td class=\"n\">{}</td></tr>",
        line.entry,
        escaped(cause(&line.cause)),
        side(line.side),
        plain_amount(line.signed())
    );
}

fn commitments(out: &mut String, statement: &Statement<'_>) {
    if statement.commitments.is_empty() {
        return;
    }
    out.push_str("<section>\n<h2>Commitments</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>Term</th><th>Interval</th><th>Standing</th><th class=\"n\">Promised</th><th class=\"n\">Drawn</th><th class=\"n\">Left</th></tr></thead>\n<tbody>\n");
    for it in &statement.commitments {
        let drawn = Counted { count: it.drawn.count + it.drawn_before.count, ..it.drawn };
        let _ = writeln!(
            out,
            "<tr><td><code>{}</code></td><td>{} to {}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escaped(it.term.as_str()),
            it.interval.start(),
            it.interval.end(),
            standing(&it.standing),
            of_commitment(it.amount),
            plain_counted(drawn),
            plain_counted(it.remaining)
        );
    }
    out.push_str("</tbody>\n</table></div>\n</section>\n");
}

fn shares(out: &mut String, statement: &Statement<'_>) {
    if statement.shares.is_empty() {
        return;
    }
    out.push_str("<section>\n<h2>Revenue shares since the books begin</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>Term</th><th>From, to</th><th>Cap</th><th class=\"n\">Sales</th><th class=\"n\">Share</th><th class=\"n\">Paid</th></tr></thead>\n<tbody>\n");
    for it in &statement.shares {
        let cap = it.cap.map_or_else(String::new, |cap| {
            let day = cap
                .bound_in
                .map_or_else(String::new, |day| format!(", reached on {}", day.start()));
            format!("{}, {} left{day}", amount(cap.total), plain_amount(cap.remaining))
        });
        let _ = writeln!(
            out,
            "<tr><td><code>{}</code></td><td>{}, {}</td><td>{cap}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escaped(it.term.as_str()),
            escaped(&name(statement, &it.payer)),
            escaped(&name(statement, &it.payee)),
            amount(it.base),
            plain_amount(it.gross),
            plain_amount(it.paid)
        );
    }
    out.push_str("</tbody>\n</table></div>\n</section>\n");
}

fn disputes(out: &mut String, statement: &Statement<'_>) {
    if statement.disputes.is_empty() {
        return;
    }
    out.push_str("<section>\n<h2>Disputes</h2>\n<ul>\n");
    for it in &statement.disputes {
        let _ = writeln!(
            out,
            "<li><code>{}</code> {} disputes {} with {}; its own figure is {}. {}</li>",
            escaped(it.id.as_str()),
            escaped(&name(statement, &it.by)),
            amount(it.charged),
            escaped(&name(statement, &it.with)),
            amount(it.claimed),
            escaped(&resolution(&it.resolution))
        );
    }
    out.push_str("</ul>\n</section>\n");
}

/// A text with what HTML reads as markup escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}
