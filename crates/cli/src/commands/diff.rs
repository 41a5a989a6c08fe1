//! `comity diff`: what changes from one view of a deal to another.

pub(crate) mod acts;

use std::fmt::Write as _;

use comity_base::{Instant, Known, TermId, Window};
use comity_proof::{
    ChangedAnswer, ChangedTerm, Difference, Extent, How, Manner, Outcome, Values, View, diff,
};
use comity_terms::Draft;
use serde_json::{Value, json};

use crate::args::DiffArgs;
use crate::clock::now;
use crate::commands::Outcome as Ended;
use crate::commands::read::wrap;
use crate::load::{counted, load};
use crate::render::print;
use crate::status;

pub(crate) fn run(args: &DiffArgs) -> Ended {
    let views = views(args)?;
    let first = load(&args.deal)?;
    let other = args.against.as_deref().map(load).transpose()?;
    let second = other.as_ref().unwrap_or(&first);
    let before = View { deal: &first.deal, at: views.from, known: views.known };
    let after = View { deal: &second.deal, at: views.to, known: views.known_to };
    let difference = diff(before, after);
    let text = if args.json {
        format!("{:#}\n", json(&views, &difference))
    } else {
        text(&heading(args, &views), second.deal.parts(), &difference)
    };
    print(&text)?;
    Ok(status::CLEAN)
}

/// The two views as instants.
struct Views {
    from: Instant,
    to: Instant,
    known: Known,
    known_to: Known,
}

/// The dates asked for; every one that is no date is reported at once.
fn views(args: &DiffArgs) -> Result<Views, String> {
    let mut problems = Vec::new();
    let mut date = |text: &Option<String>| {
        let read = text.as_deref().map(Instant::parse)?;
        read.map_err(|error| problems.push(error.to_string())).ok()
    };
    let at = date(&args.at);
    let from = date(&args.from).or(at);
    let to = date(&args.to).or(at).or(from);
    let known = Known(date(&args.known).unwrap_or_else(now));
    let known_to = date(&args.known_to).map_or(known, Known);
    if !problems.is_empty() {
        return Err(problems.join("\nerror: "));
    }
    if from.is_none() && args.known_to.is_none() && args.against.is_none() {
        return Err(
            "nothing is compared: say `--from` and `--to`, `--known-to` or `--against`".to_owned()
        );
    }
    let from = from.unwrap_or_else(now);
    Ok(Views { from, to: to.unwrap_or(from), known, known_to })
}

fn heading(args: &DiffArgs, views: &Views) -> String {
    let Views { from, to, known, known_to } = views;
    let folders = match &args.against {
        Some(other) => format!("from {} to {}", args.deal.display(), other.display()),
        None => args.deal.display().to_string(),
    };
    let dates = if from == to { format!("on {from}") } else { format!("from {from} to {to}") };
    let as_known = if known == known_to {
        format!(", as known on {known}")
    } else {
        format!(", from as known on {known} to as known on {known_to}")
    };
    format!("{folders}, {dates}{as_known}")
}

fn text(heading: &str, deal: &Draft, difference: &Difference) -> String {
    let Difference { terms, answers, not_compared } = difference;
    let mut out = format!("{heading}\n\n");
    let changed = counted(terms.len(), "term changed", "terms changed");
    let _ = writeln!(out, "{changed}{}", if terms.is_empty() { "" } else { ":" });
    for term in terms {
        term_text(term, &mut out);
    }
    let requests: u64 = answers.iter().map(|it| it.extent.requests).sum();
    let boxes = counted(answers.len(), "group of requests", "groups of requests");
    if answers.is_empty() {
        out.push_str("\nno answer changed\n");
    } else {
        let _ = writeln!(out, "\nanswers changed, in {boxes} ({requests} requests):");
    }
    for (number, answer) in answers.iter().enumerate() {
        answer_text(number + 1, deal, answer, &mut out);
    }
    if !not_compared.is_empty() {
        out.push('\n');
        let names = not_compared.join(", ");
        wrap(&format!("not compared, since only one deal has it: {names}"), "", "  ", &mut out);
    }
    out
}

fn term_text(term: &ChangedTerm, out: &mut String) {
    let manner = match term.manner {
        Manner::Amendment => "amendment of ",
        Manner::Correction => "correction in ",
        Manner::Time | Manner::Text => "",
    };
    let by = match &term.version {
        Some((agreement, version)) => format!(" ({manner}{agreement}, {version})"),
        None => String::new(),
    };
    let mark = match (&term.before, &term.after) {
        (Some(_), Some(_)) => "~",
        (Some(_), None) => "-",
        (None, Some(_) | None) => "+",
    };
    out.push('\n');
    let line = format!("{}: {}{by}", term.term, how(&term.how));
    wrap(&line, &format!("  {mark} "), "    ", out);
    match (&term.before, &term.after) {
        (Some(before), Some(after)) if before != after => {
            wrap(&format!("was: {before}"), "    ", "    ", out);
            wrap(&format!("now: {after}"), "    ", "    ", out);
        }
        (Some(one), None | Some(_)) | (None, Some(one)) => wrap(one, "    ", "    ", out),
        (None, None) => {}
    }
}

fn list(ids: &[TermId]) -> String {
    let ids: Vec<&str> = ids.iter().map(TermId::as_str).collect();
    match ids.split_last() {
        Some((last, first)) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        Some((last, _)) => (*last).to_owned(),
        None => "nothing".to_owned(),
    }
}

/// A period in words: `from 2025-10-28 to before 2026-04-27`.
pub(crate) fn period(window: Window) -> String {
    match (window.start() > Instant::MIN, window.end() < Instant::MAX) {
        (true, true) => format!("from {} to before {}", window.start(), window.end()),
        (true, false) => format!("from {} on", window.start()),
        (false, true) => format!("before {}", window.end()),
        (false, false) => "at all times".to_owned(),
    }
}

fn how(how: &How) -> String {
    match how {
        How::Added { instead_of } if instead_of.is_empty() => "added".to_owned(),
        How::Added { instead_of } => format!("added in place of {}", list(instead_of)),
        How::Replaced { by } => format!("replaced by {}", list(by)),
        How::Ended => "ended".to_owned(),
        How::RanOut(end) => format!("ran out on {end}"),
        How::BeginsLater(start) => format!("begins only on {start}"),
        How::Suspended(window) => format!("suspended {}", period(*window)),
        How::Began => "holds now".to_owned(),
        How::Brought { option, on, recorded } => {
            format!("brought by the exercise of {option} on {on}, recorded on {recorded}")
        }
        How::NotRecorded => "not on record then".to_owned(),
        How::Corrected { by } => format!("was written down wrongly; {} is right", list(by)),
        How::Corrects { wrong } => format!("stands for {}, which was wrong", list(wrong)),
        How::Annulled => "was never valid".to_owned(),
        How::Period { before, after } => {
            format!("holds {}, not {}", period(*after), period(*before))
        }
        How::Reworded => "says something else".to_owned(),
        How::Elsewhere => "is in only one of the two deals".to_owned(),
    }
}

/// `Oracle may now host OpenAI's models for OpenAI: was deny by one term, is allow by another`.
fn answer_text(number: usize, deal: &Draft, changed: &ChangedAnswer, out: &mut String) {
    let manner = match changed.manner {
        Manner::Correction => " (a correction)",
        Manner::Amendment | Manner::Time | Manner::Text => "",
    };
    let (was, is) = (settled(&changed.before), settled(&changed.after));
    let line = format!("{}: was {was}; is {is}{manner}", acts::changed(deal, changed));
    out.push('\n');
    wrap(&line, &format!("{number:>4}. "), "      ", out);
}

/// An answer with the terms that settle it.
pub(crate) fn settled(outcome: &Outcome) -> String {
    if outcome.terms.is_empty() {
        format!("{}, since no term speaks of it", outcome.answer)
    } else {
        format!("{} by {}", outcome.answer, list(&outcome.terms))
    }
}

fn json(views: &Views, difference: &Difference) -> Value {
    let view = |at: Instant, by: Known| json!({"at": at.to_string(), "known": by.to_string()});
    let terms: Vec<Value> = difference.terms.iter().map(term_json).collect();
    let answers: Vec<Value> = difference.answers.iter().map(answer_json).collect();
    json!({
        "before": view(views.from, views.known),
        "after": view(views.to, views.known_to),
        "terms": terms,
        "answers": answers,
        "not_compared": difference.not_compared,
    })
}

fn term_json(term: &ChangedTerm) -> Value {
    let ids = |ids: &[TermId]| ids.iter().map(TermId::to_string).collect::<Vec<_>>();
    let (change, others) = match &term.how {
        How::Added { instead_of } => ("added", ids(instead_of)),
        How::Replaced { by } => ("replaced", ids(by)),
        How::Ended => ("ended", Vec::new()),
        How::RanOut(_) => ("ran-out", Vec::new()),
        How::BeginsLater(_) => ("begins-later", Vec::new()),
        How::Suspended(_) => ("suspended", Vec::new()),
        How::Began => ("began", Vec::new()),
        How::Brought { option, .. } => ("brought", vec![option.to_string()]),
        How::NotRecorded => ("not-recorded", Vec::new()),
        How::Corrected { by } => ("corrected", ids(by)),
        How::Corrects { wrong } => ("corrects", ids(wrong)),
        How::Annulled => ("annulled", Vec::new()),
        How::Period { .. } => ("period", Vec::new()),
        How::Reworded => ("reworded", Vec::new()),
        How::Elsewhere => ("elsewhere", Vec::new()),
    };
    json!({
        "id": term.term.to_string(),
        "change": change,
        "others": others,
        "by": term.manner.name(),
        "agreement": term.version.as_ref().map(|(agreement, _)| agreement.to_string()),
        "version": term.version.as_ref().map(|(_, version)| version.to_string()),
        "before": term.before,
        "after": term.after,
    })
}

fn answer_json(changed: &ChangedAnswer) -> Value {
    json!({
        "before": outcome_json(&changed.before),
        "after": outcome_json(&changed.after),
        "by": changed.manner.name(),
        "requests": changed.extent.requests,
        "box": extent_json(&changed.extent),
    })
}

pub(crate) fn outcome_json(outcome: &Outcome) -> Value {
    let terms: Vec<String> = outcome.terms.iter().map(TermId::to_string).collect();
    json!({"answer": outcome.answer.name(), "terms": terms})
}

pub(crate) fn extent_json(extent: &Extent) -> Value {
    json!({
        "party": values_json(&extent.party),
        "action": values_json(&extent.action),
        "object": values_json(&extent.object),
        "for": values_json(&extent.beneficiary),
        "purpose": values_json(&extent.purpose),
        "site": values_json(&extent.place),
    })
}

/// In the form of deal files: `any`, a list, or `all-but` with a list.
fn values_json(values: &Values) -> Value {
    match values {
        Values::Any => json!("any"),
        Values::Only(names) => json!(names),
        Values::AllBut(names) => json!({"all-but": names}),
    }
}
