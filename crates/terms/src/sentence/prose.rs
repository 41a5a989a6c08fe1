//! A whole deal in plain English, as paragraphs.

use std::cmp::Reverse;
use std::fmt::Write as _;

use comity_base::{ActionId, Instant, Known, PartyId, TermId};

use super::act::{Form, Names, cite};
use super::words::{date, period, sentence as full, until};
use super::{basis, happened, sentence};
use crate::deal::{Agreement, Changes, Deal, Draft, Party, Silence, Version};
use crate::rules::{Holding, Rules};
use crate::term::Term;
use crate::vocabulary::Ambiguity;

/// Which part of a deal is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    /// Only what is in force at this instant; everything, from first to last, when not said.
    pub at: Option<Instant>,
    /// Only what was on record by then.
    pub known: Known,
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paragraph {
    /// What the document is about: the deal's name.
    Title(String),
    /// A heading of a section.
    Heading(String),
    /// A heading inside a section.
    Subheading(String),
    /// Running text.
    Text(String),
    /// An entry of a list.
    Item {
        /// What it says.
        text: String,
        /// Its id and what it rests on; empty where it has neither.
        note: String,
    },
}

/// The deal in plain English, from its terms and its record.
///
/// Each sentence about a term ends with the term's id and with what the term rests on.
#[must_use]
pub fn prose(deal: &Deal, as_of: AsOf) -> Vec<Paragraph> {
    let draft = deal.parts();
    let names = Names { deal: draft };
    let mut out = vec![Paragraph::Title(draft.name.clone())];
    if !draft.summary.is_empty() {
        out.push(Paragraph::Text(draft.summary.clone()));
    }
    out.push(Paragraph::Text(how_to_read(as_of)));
    out.push(Paragraph::Heading("The parties".to_owned()));
    parties(draft, &mut out);
    out.push(Paragraph::Heading("Where the terms are silent".to_owned()));
    out.push(Paragraph::Text(silence(names)));
    match as_of.at {
        None => agreements(draft, as_of.known, &mut out),
        Some(at) => in_force(&deal.rules(as_of.known), at, &mut out),
    }
    open_questions(names, &mut out);
    happened::record(names, as_of, &mut out);
    happened::prices(names, as_of, &mut out);
    out
}

fn how_to_read(as_of: AsOf) -> String {
    let known = (as_of.known < Known::ALL)
        .then(|| format!("as far as it was on record on {}", date(as_of.known.0)));
    let part = match (as_of.at, known) {
        (None, None) => "All that was agreed follows, from first to last.".to_owned(),
        (None, Some(known)) => format!("All that was agreed follows, {known}."),
        (Some(at), None) => format!("What is in force on {} follows.", date(at)),
        (Some(at), Some(known)) => {
            format!("What is in force on {} follows, {known}.", date(at))
        }
    };
    let signed = match as_of.at {
        None => {
            " What holds from a date was signed and recorded on that day, unless it says otherwise."
        }
        Some(_) => "",
    };
    format!(
        "{part} Each entry says what one term of an agreement says. Under it stand the term's id, \
         by which others refer to it, and what it rests on: stated by a party, reported by the \
         press, derived by arithmetic from what others said, or assumed by whoever wrote the deal \
         down.{signed}"
    )
}

/// The parties, those first that most terms bind or give a right.
fn parties(deal: &Draft, out: &mut Vec<Paragraph>) {
    let versions = deal.agreements.iter().flat_map(|agreement| &agreement.versions);
    let terms: Vec<&Term> = versions.flat_map(|version| &version.adds).collect();
    let mut parties: Vec<(&PartyId, &Party)> = deal.parties.iter().collect();
    parties.sort_by_cached_key(|(id, _)| {
        Reverse(terms.iter().filter(|term| term.kind.signatories().contains(id)).count())
    });
    for (id, Party { name, role }) in parties {
        out.push(bare(full(&format!("{name} [{id}]: {role}"))));
    }
}

/// An entry that stands for itself.
pub(super) fn bare(text: String) -> Paragraph {
    Paragraph::Item { text, note: String::new() }
}

/// The agreements, by when they begin.
fn by_age(deal: &Draft) -> Vec<&Agreement> {
    let mut agreements: Vec<&Agreement> = deal.agreements.iter().collect();
    agreements.sort_by_key(|it| it.versions.iter().map(|it| it.effective.start()).min());
    agreements
}

/// How silence is read, in general and where it is read the other way.
fn silence(names: Names<'_>) -> String {
    let rule = &names.deal.silence;
    let other: Vec<&ActionId> = rule
        .actions
        .iter()
        .filter(|(_, reading)| **reading != rule.otherwise)
        .map(|(action, _)| action)
        .collect();
    let none = other.is_empty();
    let other = names.doing(other, "anything", Form::Base);
    match (rule.otherwise, none) {
        (Silence::Liberty, true) => "What no term speaks of may be done.".to_owned(),
        (Silence::Liberty, false) => format!(
            "What no term speaks of may be done. But nobody may {other} unless a term \
             permits it."
        ),
        (Silence::Prohibited, true) => {
            "What no term speaks of may not be done: it takes a term that permits it.".to_owned()
        }
        (Silence::Prohibited, false) => format!(
            "What no term speaks of may not be done: it takes a term that permits it. But anyone \
             may {other} unless a term forbids it."
        ),
    }
}

fn agreements(deal: &Draft, known: Known, out: &mut Vec<Paragraph>) {
    let names = Names { deal };
    for agreement in by_age(deal) {
        let versions = agreement.versions.iter().filter(|version| version.recorded <= known.0);
        let versions: Vec<&Version> = versions.collect();
        if versions.is_empty() {
            continue;
        }
        opening(names, agreement, out);
        for (index, version) in versions.into_iter().enumerate() {
            version_text(deal, version, index > 0, out);
        }
    }
}

fn opening(names: Names<'_>, agreement: &Agreement, out: &mut Vec<Paragraph>) {
    let Agreement { id, name, parties, versions: _ } = agreement;
    out.push(Paragraph::Heading(name.clone()));
    let between = if parties.len() > 2 { "among" } else { "between" };
    let parties = names.parties(parties);
    out.push(Paragraph::Text(format!("An agreement {between} {} [{id}].", parties.text)));
}

fn version_text(deal: &Draft, version: &Version, later: bool, out: &mut Vec<Paragraph>) {
    let Version { id, executed, effective, recorded, adds, replaces, ends, changes, position: _ } =
        version;
    let end = (effective.end() < Instant::MAX).then(|| effective.end());
    let mut heading = period(Some(effective.start()), end).unwrap_or_default();
    if executed != recorded {
        heading =
            format!("{heading}, signed on {}, recorded on {}", date(*executed), date(*recorded));
    } else if *executed != effective.start() {
        heading = format!("{heading}, signed and recorded on {}", date(*executed));
    }
    let heading = full(&heading);
    out.push(Paragraph::Subheading(format!("{} [{id}]", heading.trim_end_matches('.'))));
    out.extend(adds.iter().map(|term| item(deal, term)));
    let mut changed: Vec<String> = Vec::new();
    // Terms that give way to the same ones are told of together.
    let mut told: Vec<(Vec<&TermId>, Vec<&TermId>)> = Vec::new();
    for replacement in replaces {
        let by: Vec<&TermId> = replacement.by.iter().map(|cited| &cited.value).collect();
        match told.iter_mut().find(|(_, known)| *known == by) {
            Some((terms, _)) => terms.push(&replacement.term.value),
            None => told.push((vec![&replacement.term.value], by)),
        }
    }
    for (terms, by) in told {
        let way = if terms.len() > 1 { "give way" } else { "gives way" };
        changed.push(format!("{} {way} to {}.", cite(terms), cite(by)));
    }
    if !ends.is_empty() {
        let verb = if ends.len() > 1 { "end" } else { "ends" };
        changed.push(format!("{} {verb}.", cite(ends.iter().map(|cited| &cited.value))));
    }
    changed.extend(changes_text(changes));
    if !changed.is_empty() {
        let what = if later { "Of what was agreed before:" } else { "Besides:" };
        out.push(Paragraph::Text(what.to_owned()));
        out.extend(changed.into_iter().map(bare));
    }
}

/// What a version does to terms besides adding, replacing and ending them.
fn changes_text(changes: &Changes) -> Vec<String> {
    let Changes { suspends, extends, corrects, annuls } = changes;
    let mut found = Vec::new();
    for it in suspends {
        let end = (it.window.end() < Instant::MAX).then(|| it.window.end());
        let when = period(Some(it.window.start()), end).unwrap_or_default();
        found.push(format!("[{}] does not hold {when}.", it.term.value));
    }
    for it in extends {
        found.push(format!("[{}] now holds {}.", it.term.value, until(it.to)));
    }
    for it in corrects {
        let right = cite(it.by.iter().map(|cited| &cited.value));
        let stands = if it.by.len() > 1 { "stand" } else { "stands" };
        found.push(format!(
            "[{}] was written down wrongly: {right} {stands} in its place from its first day.",
            it.term.value
        ));
    }
    for it in annuls {
        found.push(format!("[{}] was never valid.", it.value));
    }
    found
}

/// What holds at one instant, by agreement.
fn in_force(rules: &Rules<'_>, at: Instant, out: &mut Vec<Paragraph>) {
    let deal = rules.deal;
    for agreement in by_age(deal) {
        // A guard that is not met takes the term away; one that is not known is read out.
        let applies = |it: &Holding<'_>| rules.applies(it, at) != Some(false);
        let holding: Vec<_> = rules
            .holdings()
            .iter()
            .filter(|it| *it.agreement == agreement.id && it.window.contains(at) && applies(it))
            .collect();
        if holding.is_empty() {
            continue;
        }
        opening(Names { deal }, agreement, out);
        for version in &agreement.versions {
            let mut terms = holding.iter().filter(|it| *it.version == version.id).peekable();
            if terms.peek().is_some() {
                let from = date(version.effective.start());
                out.push(Paragraph::Subheading(format!("From {from} [{}]", version.id)));
            }
            // A term reads as it stands then: its own end may have been put off since.
            let own_end = |it: &Holding<'_>| Some(it.own.end()).filter(|end| *end < Instant::MAX);
            out.extend(terms.map(|it| item(deal, &Term { to: own_end(it), ..it.term.clone() })));
        }
    }
}

fn item(deal: &Draft, term: &Term) -> Paragraph {
    let (words, basis) = (sentence(deal, term), basis(&term.provenance));
    Paragraph::Item { text: words, note: format!("[{}] {basis}", term.id) }
}

fn open_questions(names: Names<'_>, out: &mut Vec<Paragraph>) {
    let open = &names.deal.vocabulary.ambiguities;
    if open.is_empty() {
        return;
    }
    out.push(Paragraph::Heading("Questions that the text leaves open".to_owned()));
    for (id, Ambiguity { question, readings }) in open {
        let mut text = format!("{question} [{id}]");
        for (index, fact) in readings.iter().enumerate() {
            let either = if index == 0 { "Either" } else { "Or" };
            let _ = write!(text, " {either} {} [{fact}].", names.fact(fact));
        }
        out.push(bare(text));
    }
}
