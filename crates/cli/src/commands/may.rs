//! `comity may`: may this party do this, here, then?

use std::fmt::Write as _;

use comity_base::{ActionId, IdError, Instant, Known, ObjectId, PartyId, PlaceId, PurposeId};
use comity_terms::{
    Answer, Change, Decision, Draft, Holding, Missing, Reason, Refusal, Request, Role, Rules,
    Silence, TermKind, Verdict, decide, sentence, turned_by,
};
use serde_json::{Value, json};

use crate::args::MayArgs;
use crate::clock::now;
use crate::commands::Outcome;
use crate::load::load;
use crate::render::print;

pub(crate) fn run(args: &MayArgs) -> Outcome {
    let loaded = load(&args.deal)?;
    let deal = loaded.deal.parts();
    let (request, known) = request(args, deal)?;
    let rules = loaded.deal.rules(known);
    let decision = decide(&rules, &request);
    let changes = turned_by(&rules, &request, &decision);
    let besides = besides(&rules, &request);
    if args.json {
        let mut answer = json(&request, known, &decision, &changes);
        answer["duties"] = besides.iter().filter_map(|it| duty_json(it)).collect();
        answer["guarantees"] = besides.iter().filter_map(|it| guarantee_json(it)).collect();
        print(&format!("{answer:#}\n"))?;
    } else {
        let mut answer = text(deal, &request, known, &decision, &changes);
        answer.push_str(&besides_text(deal, &besides));
        print(&answer)?;
    }
    Ok(match decision.answer {
        Answer::Allow => 0,
        Answer::Deny => 3,
        Answer::Conditional => 4,
        Answer::Undetermined => 5,
    })
}

/// The duties in force by which a party to the request is bound, and the guarantees for what one
/// owes: they decide nothing, and may matter all the same.
fn besides<'r, 'd>(rules: &'r Rules<'d>, request: &Request) -> Vec<&'r Holding<'d>> {
    let concerns =
        |party: &PartyId| *party == request.party || request.beneficiary.as_ref() == Some(party);
    let holds = |holding: &&Holding<'d>| {
        let matters = match &holding.term.kind {
            TermKind::Duty(duty) => concerns(&duty.bound),
            TermKind::Guarantee(it) => concerns(&it.debtor) || concerns(&it.guarantor),
            TermKind::Exclusivity(_)
            | TermKind::Permission(_)
            | TermKind::Prohibition(_)
            | TermKind::FirstRefusal(_)
            | TermKind::Option(_)
            | TermKind::Clause(_)
            | TermKind::RevenueShare(_)
            | TermKind::Commitment(_)
            | TermKind::Discount(_)
            | TermKind::Credit(_)
            | TermKind::CostSplit(_)
            | TermKind::Equity(_)
            | TermKind::CapitalCommitment(_)
            | TermKind::Governance(_)
            | TermKind::TechnologyPartner(_)
            | TermKind::Capacity(_) => false,
        };
        let applies = || rules.applies(holding, request.at) != Some(false);
        matters && holding.window.contains(request.at) && applies()
    };
    rules.holdings().iter().filter(holds).collect()
}

fn besides_text(deal: &Draft, besides: &[&Holding<'_>]) -> String {
    let mut out = String::new();
    for holding in besides {
        let term = holding.term;
        let Some((bound, owed_to)) = term.kind.owed() else { continue };
        let (text, kind) = if let TermKind::Duty(duty) = &term.kind {
            (duty.text.clone(), "duty")
        } else {
            (sentence(deal, term), "guarantee")
        };
        if out.is_empty() {
            out.push_str("\nalso in force\n");
        }
        let _ = writeln!(out, "  {} ({}) {text}", term.id, holding.version);
        let (bound, owed_to) = (name(deal, bound), name(deal, owed_to));
        let _ = writeln!(out, "    a {kind} of {bound} towards {owed_to}\n    {}", term.position);
    }
    out
}

/// A duty or a guarantee with what it rests on, and what it says in fields of its own.
fn besides_json(holding: &Holding<'_>, own: Value) -> Value {
    let (term, basis) = (holding.term, &holding.term.provenance);
    let mut all = json!({
        "id": term.id.as_str(),
        "version": holding.version.as_str(),
        "phrase": basis.phrase,
        "source": basis.source,
        "status": basis.status.name(),
        "note": basis.note,
        "file": &*term.position.file,
        "line": term.position.line,
    });
    if let (Value::Object(all), Value::Object(own)) = (&mut all, own) {
        all.extend(own);
    }
    all
}

fn duty_json(holding: &Holding<'_>) -> Option<Value> {
    let TermKind::Duty(duty) = &holding.term.kind else { return None };
    let own = json!({
        "bound": duty.bound.as_str(),
        "owed_to": duty.owed_to.as_str(),
        "text": duty.text,
    });
    Some(besides_json(holding, own))
}

fn guarantee_json(holding: &Holding<'_>) -> Option<Value> {
    let TermKind::Guarantee(it) = &holding.term.kind else { return None };
    let own = json!({
        "guarantor": it.guarantor.as_str(),
        "debtor": it.debtor.as_str(),
        "beneficiary": it.beneficiary.as_str(),
        "secures": it.secures.iter().map(|cited| cited.value.as_str()).collect::<Vec<_>>(),
        "limit": it.limit.map(|limit| limit.to_string()),
    });
    Some(besides_json(holding, own))
}

/// The request in the deal's own names; every unknown name is reported at once.
fn request(args: &MayArgs, deal: &Draft) -> Result<(Request, Known), String> {
    let names = &deal.vocabulary;
    let mut problems = Vec::new();
    let mut names_of = Names { problems: &mut problems };
    let party = names_of.find("party", Some(&args.party), PartyId::new, names.parties.iter());
    let action = names_of.find("action", Some(&args.action), ActionId::new, names.actions.iter());
    let object = names_of.find("object", Some(&args.object), ObjectId::new, names.objects.names());
    let beneficiary = args.beneficiary.as_deref();
    let beneficiary = names_of.find("party", beneficiary, PartyId::new, names.parties.iter());
    let purpose = args.purpose.as_deref();
    let purpose = names_of.find("purpose", purpose, PurposeId::new, names.purposes.names());
    let place = args.site.as_deref();
    let place = names_of.find("site", place, PlaceId::new, names.places.names());
    let mut date =
        |text: &str| Instant::parse(text).map_err(|error| problems.push(error.to_string())).ok();
    let now = now();
    let mut or_now = |text: &Option<String>| text.as_deref().map_or(Some(now), &mut date);
    let (at, known) = (or_now(&args.at), or_now(&args.known).map(Known));
    match (party, action, object, at, known) {
        (Some(party), Some(action), Some(object), Some(at), Some(known)) if problems.is_empty() => {
            Ok((
                Request {
                    party,
                    action,
                    object,
                    beneficiary,
                    purpose,
                    place,
                    amount: args.amount,
                    at,
                },
                known,
            ))
        }
        _ => Err(problems.join("\nerror: ")),
    }
}

struct Names<'a> {
    problems: &'a mut Vec<String>,
}

impl Names<'_> {
    fn find<'n, T: Ord + ToString + 'n>(
        &mut self,
        what: &str,
        text: Option<&str>,
        new: impl Fn(&str) -> Result<T, IdError>,
        known: impl Iterator<Item = &'n T>,
    ) -> Option<T> {
        let text = text?;
        let known: Vec<String> = known.map(ToString::to_string).collect();
        if let (Ok(id), true) = (new(text), known.iter().any(|name| name == text)) {
            return Some(id);
        }
        let nearest = comity_lang::nearest(text, known.iter().map(String::as_str));
        let hint = match nearest {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("expected one of {}", known.join(", ")),
        };
        self.problems.push(format!("unknown {what} `{text}`: {hint}"));
        None
    }
}

fn text(
    deal: &Draft,
    request: &Request,
    known: Known,
    decision: &Decision<'_>,
    changes: &[Change],
) -> String {
    let question = question(request);
    let mut out = format!("{}: {question}, as known on {known}\n", decision.answer);
    if let Some((best, worst)) = decision.between {
        let _ = writeln!(out, "  at best {best}, at worst {worst}");
    }
    out.push_str("\nbecause\n");
    if decision.verdict == Verdict::Silent {
        let read = match deal.silence.of(&request.action) {
            Silence::Liberty => "liberty: what is not forbidden may be done",
            Silence::Prohibited => "a prohibition: what is not permitted may not be done",
        };
        let _ = writeln!(
            out,
            "  no term in force speaks of it; the deal reads silence about `{}` as {read}",
            request.action
        );
    }
    for reason in &decision.reasons {
        let basis = reason.provenance;
        let version = reason.version.map_or_else(|| "consent".to_owned(), ToString::to_string);
        let _ = writeln!(out, "  {} ({version}) {}", reason.term, role(deal, reason));
        let _ = writeln!(
            out,
            "    \"{}\" ({}, {}; {})\n    {}",
            basis.phrase, basis.source, basis.date, basis.status, reason.position
        );
    }
    if !changes.is_empty() {
        out.push_str("\nwhat would turn it\n");
    }
    for change in changes {
        let _ = writeln!(out, "  {}", change_text(deal, change));
    }
    out
}

fn name<'a>(deal: &'a Draft, party: &'a PartyId) -> &'a str {
    deal.parties.get(party).map_or(party.as_str(), |found| found.name.as_str())
}

fn question(request: &Request) -> String {
    let mut words = format!("{} {} {}", request.party, request.action, request.object);
    if let Some(party) = &request.beneficiary {
        let _ = write!(words, " for {party}");
    }
    if let Some(purpose) = &request.purpose {
        let _ = write!(words, ", for {purpose}");
    }
    if let Some(place) = &request.place {
        let _ = write!(words, ", at {place}");
    }
    format!("{words}, on {}", request.at)
}

fn role(deal: &Draft, reason: &Reason<'_>) -> String {
    let breach = || match reason.breach {
        Some((bound, owed_to)) => {
            format!("; {} would breach it towards {}", name(deal, bound), name(deal, owed_to))
        }
        None => String::new(),
    };
    match &reason.role {
        Role::Permits => "permits it".to_owned(),
        Role::PermitsIf(condition) => format!("permits it if {condition}"),
        Role::Forbids => format!("forbids it{}", breach()),
        Role::FirstRefusal(refusal) => format!("sets a first refusal: {}", refusal_text(refusal)),
        Role::OverriddenBy(term) => format!("would apply, but {term} overrides it"),
        Role::Perhaps(missing) => {
            let missing: Vec<String> = missing.iter().map(missing_text).collect();
            format!("may apply: that depends on {}", missing.join(" and "))
        }
        Role::Ended(at) => format!("spoke of it until {at}"),
        Role::Unmet(what) => format!("would speak of it if this were so, and it is not: {what}"),
        Role::Begins(at) => format!("speaks of it from {at} on"),
    }
}

fn refusal_text(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Idle => "it was not offered yet".to_owned(),
        Refusal::Offered { deadline } => format!("it was offered, and lapses on {deadline}"),
        Refusal::Accepted => "the holder took it".to_owned(),
        Refusal::Declined => "the holder declined".to_owned(),
        Refusal::Lapsed => "it lapsed".to_owned(),
        Refusal::Reopened => "it must be offered again".to_owned(),
    }
}

fn missing_text(missing: &Missing) -> String {
    match missing {
        Missing::Dimension(dimension) => format!("{dimension}, which is not given"),
        Missing::Fact(fact) => format!("`{fact}`, which the record does not say"),
        Missing::Prose(term) => format!("how {term} is read, which is in words only"),
    }
}

pub(crate) fn change_text(deal: &Draft, change: &Change) -> String {
    match change {
        Change::Before { until, answer } => format!("before {until}: {answer}"),
        Change::From { at, answer } => format!("from {at} on: {answer}"),
        Change::Party { party, answer } => format!("done by {party}: {answer}"),
        Change::Consent { by, to, answer } => {
            let to: Vec<&str> = to.iter().map(|term| term.as_str()).collect();
            format!("a consent by {} to {}: {answer}", name(deal, by), to.join(" and "))
        }
        Change::Exercise { by, option, window, answer } => {
            format!("{} exercises {option}, which it can in {window}: {answer}", name(deal, by))
        }
        Change::Offer { to, term, deadline, answer } => match deadline {
            Some(deadline) => {
                format!(
                    "{} declines under {term}, or lets it lapse on {deadline}: {answer}",
                    name(deal, to)
                )
            }
            None => {
                format!(
                    "offered to {} under {term}, and declined or lapsed: {answer}",
                    name(deal, to)
                )
            }
        },
        Change::Meet { term, condition, answer } => {
            format!("the condition of {term} is met ({condition}): {answer}")
        }
        Change::Together { answer } => format!("all of these together: {answer}"),
        Change::Part { object, answer } => format!("of it, {object}: {answer}"),
        Change::Say { dimension, values } => {
            let mut by_answer: Vec<String> = Vec::new();
            for answer in Answer::ALL {
                let names: Vec<&str> = values
                    .iter()
                    .filter(|(_, found)| **found == answer)
                    .map(|(value, _)| value.as_str())
                    .collect();
                if !names.is_empty() {
                    by_answer.push(format!("{answer} for {}", names.join(", ")));
                }
            }
            format!("say {dimension}: {}", by_answer.join("; "))
        }
        Change::Read { ambiguity, answers } => {
            let question = deal.vocabulary.ambiguities.get(ambiguity);
            let question = question.map_or(ambiguity.as_str(), |it| it.question.as_str());
            let answers: Vec<String> =
                answers.iter().map(|(reading, answer)| format!("{answer} if {reading}")).collect();
            format!("settle \"{question}\": {}", answers.join("; "))
        }
        Change::Headroom { term, amount, unit } => {
            format!("{term} leaves room for {amount} {unit} more that do not count")
        }
        Change::Learn { missing } => format!("learn {}", missing_text(missing)),
    }
}

fn json(request: &Request, known: Known, decision: &Decision<'_>, changes: &[Change]) -> Value {
    let terms: Vec<Value> = decision.reasons.iter().map(reason_json).collect();
    json!({
        "answer": decision.answer.name(),
        "verdict": decision.verdict.name(),
        "between": decision.between.map(|(best, worst)| json!([best.name(), worst.name()])),
        "request": {
            "party": request.party.as_str(),
            "action": request.action.as_str(),
            "object": request.object.as_str(),
            "for": request.beneficiary.as_ref().map(|id| id.as_str()),
            "purpose": request.purpose.as_ref().map(|id| id.as_str()),
            "site": request.place.as_ref().map(|id| id.as_str()),
            "amount": request.amount,
            "at": request.at.to_string(),
            "known": known.to_string(),
        },
        "terms": terms,
        "turned_by": changes.iter().map(change_json).collect::<Vec<_>>(),
    })
}

fn reason_json(reason: &Reason<'_>) -> Value {
    let role = match &reason.role {
        Role::Permits => json!("permits"),
        Role::PermitsIf(condition) => json!({ "permits_if": condition }),
        Role::Forbids => json!("forbids"),
        Role::FirstRefusal(refusal) => json!({ "first_refusal": refusal_text(refusal) }),
        Role::OverriddenBy(term) => json!({ "overridden_by": term.as_str() }),
        Role::Perhaps(missing) => {
            json!({ "perhaps": missing.iter().map(missing_json).collect::<Vec<_>>() })
        }
        Role::Ended(at) => json!({ "ended": at.to_string() }),
        Role::Unmet(what) => json!({ "unmet": what }),
        Role::Begins(at) => json!({ "begins": at.to_string() }),
    };
    let breach = reason
        .breach
        .map(|(bound, owed_to)| json!({ "by": bound.as_str(), "towards": owed_to.as_str() }));
    json!({
        "id": reason.term.as_str(),
        "version": reason.version.map(|version| version.as_str()),
        "role": role,
        "breach": breach,
        "phrase": reason.provenance.phrase,
        "source": reason.provenance.source,
        "date": reason.provenance.date.to_string(),
        "status": reason.provenance.status.name(),
        "note": reason.provenance.note,
        "file": &*reason.position.file,
        "line": reason.position.line,
        "column": reason.position.column,
    })
}

fn missing_json(missing: &Missing) -> Value {
    match missing {
        Missing::Dimension(dimension) => json!({ "not_given": dimension.to_string() }),
        Missing::Fact(fact) => json!({ "not_on_record": fact.as_str() }),
        Missing::Prose(term) => json!({ "in_words_only": term.as_str() }),
    }
}

pub(crate) fn change_json(change: &Change) -> Value {
    match change {
        Change::Before { until, answer } => {
            json!({ "kind": "earlier", "before": until.to_string(), "answer": answer.name() })
        }
        Change::From { at, answer } => {
            json!({ "kind": "later", "from": at.to_string(), "answer": answer.name() })
        }
        Change::Party { party, answer } => {
            json!({ "kind": "party", "party": party.as_str(), "answer": answer.name() })
        }
        Change::Consent { by, to, answer } => json!({
            "kind": "consent",
            "by": by.as_str(),
            "to": to.iter().map(|term| term.as_str()).collect::<Vec<_>>(),
            "answer": answer.name(),
        }),
        Change::Exercise { by, option, window, answer } => json!({
            "kind": "option",
            "exercised_by": by.as_str(),
            "term": option.as_str(),
            "from": window.start().to_string(),
            "to": (window.end() < Instant::MAX).then(|| window.end().to_string()),
            "answer": answer.name(),
        }),
        Change::Offer { to, term, deadline, answer } => json!({
            "kind": "first_refusal",
            "offer_to": to.as_str(),
            "term": term.as_str(),
            "lapses": deadline.map(|deadline| deadline.to_string()),
            "answer": answer.name(),
        }),
        Change::Together { answer } => json!({ "kind": "together", "answer": answer.name() }),
        Change::Part { object, answer } => {
            json!({ "kind": "part", "object": object.as_str(), "answer": answer.name() })
        }
        Change::Meet { term, condition, answer } => {
            json!({ "kind": "condition", "term": term.as_str(), "condition": condition, "answer": answer.name() })
        }
        Change::Say { dimension, values } => json!({
            "kind": "say",
            "what": dimension.to_string(),
            "answers": values.iter().map(|(value, answer)| (value.clone(), json!(answer.name())))
                .collect::<serde_json::Map<_, _>>(),
        }),
        Change::Read { ambiguity, answers } => json!({
            "kind": "reading",
            "ambiguity": ambiguity.as_str(),
            "answers": answers.iter().map(|(reading, answer)| {
                (reading.to_string(), json!(answer.name()))
            }).collect::<serde_json::Map<_, _>>(),
        }),
        Change::Headroom { term, amount, unit } => json!({
            "kind": "headroom", "term": term.as_str(), "amount": amount, "unit": unit,
        }),
        Change::Learn { missing } => json!({ "kind": "learn", "what": missing_json(missing) }),
    }
}
