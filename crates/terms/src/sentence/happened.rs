//! The record and the rate cards in sentences.

use std::fmt::Display;

use comity_base::{Instant, Known};

use super::act::{Form, Names};
use super::basis;
use super::money::{goods, over, periodic, unit};
use super::prose::{AsOf, Paragraph, bare};
use super::words::{date, list, money, period, price, sentence as full, until};
use crate::holdings::{Exercises, holdings};
use crate::money::{Dispute, Figure, Price, Rate, Step, TierMode};
use crate::provenance::Provenance;
use crate::record::{Consent, Election, Exercise, FactRecord, Measure, Offer, Record};
use crate::rules::{Exercisable, Rules};
use crate::scope::{Limits, Parties};
use crate::term::{FirstRefusal, Term, TermKind};
use crate::vocabulary::FactKind;

/// What is on record, and what is not.
pub(super) fn record(names: Names<'_>, as_of: AsOf, out: &mut Vec<Paragraph>) {
    let Record { complete_to, facts, measures, offers, exercises, consents, disputes } =
        &names.deal.record;
    let heard = |from: Instant, recorded: Instant| {
        recorded <= as_of.known.0 && as_of.at.is_none_or(|at| from <= at)
    };
    out.push(Paragraph::Heading("What happened".to_owned()));
    // What is told is told as of the instant asked for, or else of the last that is complete.
    let now = as_of.at.unwrap_or(*complete_to).min(as_of.known.0);
    if *complete_to > Instant::MIN {
        out.push(Paragraph::Text(format!(
            "The record is complete up to {}: what it does not have had not happened by then.",
            date((*complete_to).min(as_of.known.0))
        )));
    }
    let measures: Vec<&Measure> =
        measures.iter().filter(|it| heard(it.from, it.recorded)).collect();
    let facts: Vec<&FactRecord> = facts.iter().filter(|it| heard(it.from, it.recorded)).collect();
    out.extend(facts.iter().map(|it| fact(names, it)));
    for (id, it) in &names.deal.vocabulary.facts {
        if facts.iter().any(|record| record.fact == *id) {
            continue;
        }
        let statement = names.fact(id);
        let words = match it.kind {
            FactKind::Event => format!("it is not on record that {statement}"),
            FactKind::State if measures.iter().any(|measure| measure.fact == *id) => continue,
            FactKind::State => format!("whether {statement} is not on record"),
            // It stands among the open questions.
            FactKind::Reading => continue,
        };
        out.push(bare(format!("{} [{id}]", full(&words))));
    }
    out.extend(measures.iter().map(|it| measure(names, it)));
    let offers = offers.iter().filter(|it| heard(it.notice, it.recorded));
    let at = Moment { now, known: as_of.known };
    out.extend(offers.map(|it| offer(names, it, at)));
    let exercises = exercises.iter().filter(|it| heard(it.on, it.recorded));
    out.extend(exercises.map(|it| exercise(names, it)));
    options(names, at, out);
    let consents = consents.iter().filter(|it| heard(it.window.start(), it.recorded));
    let consents = consents.filter(|it| as_of.at.is_none_or(|at| it.window.contains(at)));
    out.extend(consents.map(|it| consent(names, it)));
    let disputes = disputes.iter().filter(|it| heard(it.recorded, it.recorded));
    out.extend(disputes.map(|it| dispute(names, it)));
}

fn dispute(names: Names<'_>, record: &Dispute) -> Paragraph {
    let Dispute { id, by, with, on, window, figure, recorded, provenance, position: _ } = record;
    let by = names.party(by);
    let when = period(Some(window.start()), Some(window.end())).unwrap_or_default();
    let says = match figure {
        Figure::Quantity(quantity) => format!("{quantity} of the unit that is priced"),
        Figure::Amount(amount) => money(*amount),
    };
    let words = format!(
        "{when}, {} what stands between it and {} for {}: its own figure is {says}",
        by.does("dispute"),
        names.party(with).text,
        goods(names, on)
    );
    let late = late(window.end(), *recorded);
    entry(full(&words), id, &late, provenance)
}

fn fact(names: Names<'_>, record: &FactRecord) -> Paragraph {
    let FactRecord { fact, holds, from, recorded, provenance, position: _ } = record;
    let statement = names.fact(fact);
    let kind = names.deal.vocabulary.facts.get(fact).map_or(FactKind::State, |fact| fact.kind);
    let not = if *holds { "" } else { "it is not the case that " };
    let words = match kind {
        FactKind::Event if *holds => format!("this happened on {}: {statement}", date(*from)),
        FactKind::Event | FactKind::State => format!("from {} on, {not}{statement}", date(*from)),
        FactKind::Reading => {
            let how = if *holds { "to be right" } else { "to be wrong" };
            format!("from {} on, this reading is held {how}: {statement}", date(*from))
        }
    };
    let late = late(*from, *recorded);
    entry(full(&words), fact, &late, provenance)
}

/// A sentence with its id, when it was recorded, and what it rests on.
fn entry(text: String, id: impl Display, late: &str, provenance: &Provenance) -> Paragraph {
    Paragraph::Item { text, note: format!("[{id}]{late} {}", basis(provenance)) }
}

/// When something was recorded, where that was not when it began.
fn late(from: Instant, recorded: Instant) -> String {
    if from == recorded { String::new() } else { format!(" (recorded on {})", date(recorded)) }
}

fn measure(names: Names<'_>, measure: &Measure) -> Paragraph {
    let Measure { fact, counted, total, from, recorded, provenance, position: _ } = measure;
    let unit = terms(names).find_map(|term| {
        let TermKind::Permission(permission) = &term.kind else { return None };
        let condition = permission.condition.as_ref().filter(|it| it.fact == *fact)?;
        condition.ratio.as_ref().map(|ratio| format!(" {}", ratio.unit))
    });
    let words = format!(
        "from {} on, {counted} of {total}{} count towards this: {}",
        date(*from),
        unit.unwrap_or_default(),
        names.fact(fact)
    );
    let late = late(*from, *recorded);
    entry(full(&words), fact, &late, provenance)
}

/// As of when something is told, and by what was known.
#[derive(Debug, Clone, Copy)]
struct Moment {
    now: Instant,
    known: Known,
}

fn exercise(names: Names<'_>, exercise: &Exercise) -> Paragraph {
    let Exercise { option, by, on, recorded, provenance, position: _ } = exercise;
    let words = format!("on {}, {} exercised its option", date(*on), names.party(by).text);
    entry(full(&words), &option.value, &late(*on, *recorded), provenance)
}

/// The options that were not exercised, and until when they can be.
fn options(names: Names<'_>, at: Moment, out: &mut Vec<Paragraph>) {
    let held = holdings(names.deal, at.known, Exercises::OnRecord);
    let rules = Rules::of(names.deal, at.known, held);
    for Exercisable { option, right, window, .. } in rules.exercisable() {
        let holder = names.party(&right.holder);
        let words = if at.now < window.start() {
            continue;
        } else if window.end() <= at.now {
            format!("the option of {} lapsed on {}", holder.text, date(window.end()))
        } else if window.end() < Instant::MAX {
            format!("{} can exercise {} option {}", holder.text, holder.its(), until(window.end()))
        } else {
            format!("{} can exercise {} option at any time", holder.text, holder.its())
        };
        out.push(bare(format!("{} [{option}]", full(&words))));
    }
}

fn offer(names: Names<'_>, offer: &Offer, at: Moment) -> Paragraph {
    let Offer {
        content,
        price,
        sale: _,
        term,
        place,
        notice,
        election: _,
        recorded,
        provenance,
        position: _,
    } = offer;
    let id = &term.value;
    let kind = terms(names).find(|found| found.id == *id).map(|found| &found.kind);
    let right = if let Some(TermKind::FirstRefusal(right)) = kind { Some(right) } else { None };
    let mut sentences = Vec::new();
    let place = place.as_ref().map_or_else(String::new, |place| format!(" {}", names.at(place)));
    let price = price.map_or_else(String::new, |price| format!(", at a price of {}", money(price)));
    let text = content.as_ref().map_or_else(String::new, |text| format!(" (text {text})"));
    match right {
        Some(right) => {
            let grantor = names.party(&right.grantor).text;
            let holder = names.party(&right.holder).text;
            let what = names.objects(&right.scope.objects, "or");
            let day = date(*notice);
            sentences
                .push(format!("on {day}, {grantor} offered {holder} {what}{place}{price}{text}"));
            sentences.push(elected(names, right, offer, at));
        }
        None => {
            sentences.push(format!("on {}, notice was given{place}{price}{text}", date(*notice)))
        }
    }
    if let Some(sale) = offer.sold(at.known).filter(|sale| sale.at <= at.now) {
        let who = right.map_or("it was".to_owned(), |right| names.party(&right.grantor).text);
        let party = names.party(&sale.party).text;
        let (day, price) = (date(sale.at), money(sale.price));
        let mut words = format!("on {day}, {who} agreed on {price} with {party}");
        if offer.undercut(sale) {
            words.push_str(", which is less than was asked before, so it must be offered again");
        }
        sentences.push(words);
    }
    let sentences: Vec<String> = sentences.iter().map(|words| full(words)).collect();
    let late = late(*notice, *recorded);
    entry(sentences.join(" "), id, &late, provenance)
}

/// What became of an offer, as of an instant.
fn elected(names: Names<'_>, right: &FirstRefusal, offer: &Offer, at: Moment) -> String {
    let holder = names.party(&right.holder);
    let deadline = offer.deadline(right);
    let elected = offer.elected(right, at.known).filter(|it| it.at <= at.now);
    match elected.map(|it| (it.election, date(it.at))) {
        Some((Election::Accepted, when)) => format!("{} took it on {when}", holder.text),
        Some((Election::Declined, when)) => format!("{} declined on {when}", holder.text),
        None if deadline <= at.now => format!(
            "{} did not say in time that {} would take it, so {} right to this lapsed on {}",
            holder.text,
            holder.it(),
            holder.its(),
            date(deadline)
        ),
        None => format!(
            "if {} {} not take it before, {} right to this lapses on {}",
            holder.text,
            holder.verb("do"),
            holder.its(),
            date(deadline)
        ),
    }
}

fn terms(names: Names<'_>) -> impl Iterator<Item = &Term> {
    let versions = names.deal.agreements.iter().flat_map(|agreement| &agreement.versions);
    versions.flat_map(|version| &version.adds)
}

fn consent(names: Names<'_>, consent: &Consent) -> Paragraph {
    let Consent { id, by, to, actor, limits, window, recorded, provenance, position: _ } = consent;
    let who = match actor {
        Parties::Any | Parties::AllBut(_) => names.whoever(actor),
        Parties::Only(these) => names.parties(these).text,
    };
    let end = (window.end() < Instant::MAX).then(|| window.end());
    let when = period(Some(window.start()), end).unwrap_or_default();
    let by = names.party(by);
    let limited = limited(names, limits);
    let consents = by.does("consent");
    let words =
        format!("{when}, {consents} that {who} may do what [{}] forbids{limited}", to.value);
    let late = late(window.start(), *recorded);
    entry(full(&words), id, &late, provenance)
}

/// What a consent is limited to, as the end of a sentence.
fn limited(names: Names<'_>, limits: &Limits) -> String {
    let Limits { actions, objects, beneficiary, purposes, places } = limits;
    let mut parts = Vec::new();
    match (actions.is_empty(), objects.is_empty()) {
        (true, true) => {}
        (true, false) => parts.push(format!("with {}", names.objects(objects, "or"))),
        (false, true) => {
            parts.push(format!("to {} it", names.doing(actions, "", Form::Base).trim()))
        }
        (false, false) => {
            let what = names.objects(objects, "or");
            parts.push(format!("to {}", names.doing(actions, &what, Form::Base)));
        }
    }
    match beneficiary {
        Parties::Any => {}
        Parties::Only(_) | Parties::AllBut(_) => {
            parts.push(format!("for {}", names.whoever(beneficiary)));
        }
    }
    if !places.is_empty() {
        let places: Vec<String> = places.iter().map(|place| names.at(place)).collect();
        parts.push(list(&places, "or"));
    }
    if !purposes.is_empty() {
        parts.push(format!("where the purpose is {}", names.purposes(purposes)));
    }
    if parts.is_empty() { String::new() } else { format!(", but only {}", parts.join(", ")) }
}

/// The rate cards, one sentence a line.
pub(super) fn prices(names: Names<'_>, as_of: AsOf, out: &mut Vec<Paragraph>) {
    let rates = names.deal.rates.iter();
    let rates = rates.filter(|rate| as_of.at.is_none_or(|at| rate.window.contains(at)));
    let mut rates = rates.peekable();
    if rates.peek().is_some() {
        out.push(Paragraph::Heading("Prices".to_owned()));
    }
    out.extend(rates.map(|rate| rate_text(names, rate)));
}

fn rate_text(names: Names<'_>, rate: &Rate) -> Paragraph {
    let Rate {
        id,
        seller,
        buyer,
        meter,
        object,
        site,
        gpu,
        price: amount,
        per,
        currency,
        minimum,
        window,
        provenance,
        position: _,
    } = rate;
    let seller = names.party(seller);
    let buyer = buyer.as_ref().map_or_else(String::new, |id| format!(" {}", names.party(id).text));
    let gpu = gpu.as_ref().map_or("GPU", |gpu| names.gpu(gpu));
    let unit = unit(*per, *meter, gpu);
    let mut words = Vec::new();
    words.extend(object.as_ref().map(|object| format!("for {}", names.object(object))));
    words.extend(site.as_ref().map(|site| names.at(&site.into())));
    let charges = seller.does("charge");
    words.push(match amount {
        Price::Flat(amount) => {
            format!("{charges}{buyer} {} for each {unit}", price(*amount, *currency))
        }
        Price::Tiered(tiers) => {
            let step =
                |step: &Step| format!("{} from {} on", price(step.price, *currency), step.from);
            let steps: Vec<String> = tiers.steps.iter().map(step).collect();
            let rule = match tiers.mode {
                TierMode::Graduated => "each by its own step",
                TierMode::Volume => "all by the step that is reached",
            };
            format!(
                "{charges}{buyer} for each {unit}, {rule} of what is used{}: {}",
                over(tiers.over),
                list(&steps, "and")
            )
        }
    });
    if let Some(minimum) = minimum {
        words.push(format!("and at least {}", periodic(*minimum)));
    }
    let end = (window.end() < Instant::MAX).then(|| window.end());
    words.extend(period(Some(window.start()), end));
    let words = full(&words.join(", "));
    entry(words, id, "", provenance)
}
