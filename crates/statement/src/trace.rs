//! The chain behind an entry: its records, the line or term it rests on, and where that is from.

use std::fmt::Write as _;

use comity_base::{PartyId, TermId};
use comity_settlement::{Amount, Cause, Posted, Reason, Usage};
use comity_terms::{Deal, Position, Provenance, sentence};

use crate::reckoned::{Ledger, counted, reckoned};
use crate::text::cause;
use crate::words::{amount, grouped, quantity, rate_text, reason_words};

/// A usage record with where it came from.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// Who wrote it.
    pub source: &'a str,
    /// Its id there.
    pub id: &'a str,
    /// File and line.
    pub place: String,
    /// What was used.
    pub usage: Usage,
}

/// What a trace is made from.
#[derive(Debug, Clone, Copy)]
pub struct Trace<'a> {
    /// The deal.
    pub deal: &'a Deal,
    /// The settlement with its terms.
    pub ledger: Ledger<'a>,
    /// The entries of the books, open period included.
    pub entries: &'a [Posted],
    /// The records that were settled.
    pub records: &'a [Record<'a>],
}

/// How many records are listed.
const LISTED: usize = 20;

/// The chain behind an entry, as text; nothing when there is no such entry, or a party is named
/// that has no part in it.
#[must_use]
pub fn trace(trace: Trace<'_>, entry: u64, party: Option<&PartyId>) -> Option<String> {
    let posted = trace.entries.iter().find(|one| one.entry.id == entry)?;
    let is_mine =
        party.is_none_or(|party| &posted.entry.payer == party || &posted.entry.payee == party);
    if !is_mine {
        return None;
    }
    let mut out = String::new();
    head(&mut out, posted);
    let formula = reckoned(trace.ledger, posted);
    if !formula.is_empty() {
        let _ = writeln!(
            out,
            "\nreckoned\n  {formula} = {}, rounded {}",
            amount(posted.entry.amount),
            trace.deal.parts().rounding.name()
        );
    }
    rests_on(&mut out, trace, posted);
    if let Some(id) = posted.corrects.and_then(|corrects| corrects.entry)
        && let Some(before) = trace.entries.iter().find(|one| one.entry.id == id)
    {
        let _ = writeln!(out, "\ncorrects\n  {}", summary(before));
    }
    // A party is not shown what it has no part in, but that it is there.
    let (behind, of_others): (Vec<&Posted>, Vec<&Posted>) =
        entries_behind(trace, posted).into_iter().partition(|one| {
            party.is_none_or(|party| &one.entry.payer == party || &one.entry.payee == party)
        });
    if !behind.is_empty() || !of_others.is_empty() {
        let _ = writeln!(out, "\nentries behind it");
    }
    for one in behind {
        let _ = writeln!(out, "  {}", summary(one));
    }
    if !of_others.is_empty() {
        let count = counted(of_others.len(), "entry", "entries");
        let _ = writeln!(out, "  {count} between other parties");
    }
    records_behind(&mut out, trace, posted);
    Some(out)
}

fn head(out: &mut String, posted: &Posted) {
    let entry = &posted.entry;
    let _ = writeln!(
        out,
        "entry {} of {}: {} owes {} {}",
        entry.id,
        posted.period.start(),
        entry.payer,
        entry.payee,
        amount(entry.amount)
    );
    let _ = writeln!(
        out,
        "  {} [{}], for {}",
        reason_words(&entry.reason, entry.used.as_ref()),
        cause(&entry.cause),
        entry.segment
    );
    if let Some(used) = &entry.used {
        let mut what = format!("{} of {}", quantity(used), used.object);
        if let Some(site) = &used.site {
            let _ = write!(what, " at {site}");
        }
        if let Some(gpu) = &used.gpu {
            let _ = write!(what, " on {gpu}");
        }
        let _ = writeln!(out, "  {what}");
    }
}

fn summary(posted: &Posted) -> String {
    let entry = &posted.entry;
    format!(
        "#{} of {}: {} to {} {}, {} [{}]",
        entry.id,
        posted.period.start(),
        entry.payer,
        entry.payee,
        amount(entry.amount),
        reason_words(&entry.reason, entry.used.as_ref()),
        cause(&entry.cause)
    )
}

/// The line of a rate card, the term or the dispute, with its source.
fn rests_on(out: &mut String, trace: Trace<'_>, posted: &Posted) {
    let parts = trace.deal.parts();
    let _ = writeln!(out, "\nrests on");
    match &posted.entry.cause {
        Cause::Rate(id) => {
            if let Some(rate) = parts.rates.iter().find(|rate| &rate.id == id) {
                let _ = writeln!(out, "  {id}: {}, {}", rate_text(rate), rate.window);
                source(out, &rate.provenance, &rate.position);
            }
        }
        Cause::Term(id) => term(out, trace, id),
    }
}

fn term(out: &mut String, trace: Trace<'_>, id: &TermId) {
    let parts = trace.deal.parts();
    for agreement in &parts.agreements {
        for version in &agreement.versions {
            for term in version.adds.iter().filter(|term| &term.id == id) {
                let _ = writeln!(out, "  {id} ({}, {})", agreement.id, version.id);
                let _ = writeln!(out, "    {}", sentence(parts, term));
                source(out, &term.provenance, &term.position);
            }
        }
    }
    for dispute in parts.record.disputes.iter().filter(|dispute| &dispute.id == id) {
        let _ = writeln!(out, "  {id}: a dispute by {} with {}", dispute.by, dispute.with);
        source(out, &dispute.provenance, &dispute.position);
    }
}

fn source(out: &mut String, provenance: &Provenance, position: &Position) {
    let Provenance { phrase, source, date, status, note } = provenance;
    let _ = writeln!(out, "    \"{phrase}\" ({source}, {date}; {status})");
    if let Some(note) = note {
        let _ = writeln!(out, "    note: {note}");
    }
    let _ = writeln!(out, "    {position}");
}

/// The entries that the amount of another is taken of.
fn entries_behind<'a>(trace: Trace<'a>, posted: &Posted) -> Vec<&'a Posted> {
    let entry = &posted.entry;
    let terms = trace.ledger.terms;
    let cause = match &entry.cause {
        Cause::Term(id) => id,
        Cause::Rate(_) => return Vec::new(),
    };
    let counts = |one: &&Posted| -> bool {
        let other = &one.entry;
        let Some(used) = other.used.as_ref().filter(|_| other.reason.is_charge()) else {
            return false;
        };
        let inside = entry.segment.intersect(other.segment) == Some(other.segment);
        if !inside || one.corrects.is_some() {
            return false;
        }
        match &entry.reason {
            Reason::RevenueShare | Reason::Floor => terms.shares.iter().any(|share| {
                &share.term == cause
                    && other.payee == share.value.payer
                    && share.value.base.contains(&used.object)
            }),
            Reason::Shortfall | Reason::Overage | Reason::OverageDiscount => {
                terms.commitments.iter().any(|promise| {
                    &promise.term == cause
                        && other.payer == promise.value.buyer
                        && other.payee == promise.value.seller
                        && promise.value.on.counts(
                            used.meter,
                            &used.object,
                            used.site.as_ref(),
                            used.gpu.as_ref(),
                        )
                })
            }
            Reason::CostSplit => terms
                .cost_splits
                .iter()
                .any(|split| &split.term == cause && other.payer == split.value.of),
            Reason::Discount | Reason::Credit | Reason::Covered | Reason::MadeUp => {
                other.payer == entry.payee
                    && other.payee == entry.payer
                    && entry.used.as_ref().is_some_and(|mine| {
                        (mine.meter, &mine.object, &mine.site, &mine.gpu)
                            == (used.meter, &used.object, &used.site, &used.gpu)
                    })
            }
            Reason::Disputed | Reason::Adjusted => {
                (other.payer == entry.payer && other.payee == entry.payee)
                    || (other.payer == entry.payee && other.payee == entry.payer)
            }
            Reason::Capacity
            | Reason::Power
            | Reason::Sale { .. }
            | Reason::Minimum
            | Reason::CreditBought
            | Reason::Prepayment
            | Reason::Guarantee => false,
        }
    };
    trace.entries.iter().filter(counts).collect()
}

/// The records of a charge: those of its supply that lie in its time.
fn records_behind(out: &mut String, trace: Trace<'_>, posted: &Posted) {
    let entry = &posted.entry;
    let Some(used) = entry.used.as_ref().filter(|_| entry.reason.is_charge()) else { return };
    let (buyer, seller) = if posted.is_reversal() {
        (&entry.payee, &entry.payer)
    } else {
        (&entry.payer, &entry.payee)
    };
    let mut found = Vec::new();
    let mut sum = 0_i128;
    for record in trace.records {
        let usage = &record.usage;
        let mine = &usage.buyer == buyer
            && &usage.seller == seller
            && (usage.meter, &usage.object, &usage.site, &usage.gpu)
                == (used.meter, &used.object, &used.site, &used.gpu);
        if !mine {
            continue;
        }
        let inside = inside(posted, usage);
        if inside != 0 {
            sum = sum.saturating_add(inside);
            found.push((record, inside));
        }
    }
    let (meter, unit) = (used.meter, used.meter.unit());
    let _ = writeln!(
        out,
        "\n{}, {} {unit} in all",
        counted(found.len(), "record", "records"),
        grouped(&meter.written(sum))
    );
    if posted.corrects.is_some() {
        let _ = writeln!(out, "  those that were there before included");
    }
    for (record, inside) in found.iter().take(LISTED) {
        let _ = writeln!(
            out,
            "  {} {} ({}): {} to {}, {} {unit}",
            record.source,
            record.id,
            record.place,
            record.usage.window.start(),
            record.usage.window.end(),
            grouped(&meter.written(*inside))
        );
    }
    if found.len() > LISTED {
        let _ = writeln!(out, "  and {} more", grouped(&(found.len() - LISTED).to_string()));
    }
}

/// How much of a record falls in the time of an entry, in base units.
fn inside(posted: &Posted, usage: &Usage) -> i128 {
    let over = posted.entry.segment;
    match usage.amount {
        Amount::Held { level } => {
            let seconds = usage.window.intersect(over).map_or(0, comity_base::Window::seconds);
            i128::from(level) * i128::from(seconds)
        }
        Amount::Counted { quantity } if over.contains(usage.window.start()) => i128::from(quantity),
        Amount::Counted { .. } => 0,
    }
}
