//! A deal in plain English, from what it says and not from how its files put it.
//!
//! The words of the files are used only for names, duties, conditions and facts. Wrapping and
//! colour are for whoever prints it.

mod act;
mod happened;
mod money;
mod prose;
mod words;

pub use prose::{AsOf, Paragraph, prose};

use comity_base::{Calendar, Instant, TermId};

use crate::deal::Draft;
use crate::provenance::Provenance;
use crate::scope::{Parties, Scope};
use crate::term::{
    CapacityTerm, CapitalCommitment, Condition, Duty, Equity, Exclusivity, FirstRefusal,
    Governance, Guarantee, Guard, OptionRight, Permission, Prohibition, TechnologyPartner, Term,
    TermKind,
};
use crate::vocabulary::FactKind;
use act::{Form, Names, cite};
use words::{clause, count, list, money as amount_of, period, power, sentence as full, until};

/// A term as one or a few plain sentences, without its id and what it rests on.
#[must_use]
pub fn sentence(deal: &Draft, term: &Term) -> String {
    let names = Names { deal };
    let Term { id, kind, from, to, survives, guards, overrides, provenance, position: _ } = term;
    let Body { lead, core, more } = body(names, kind, *to, provenance);
    // A term that a fact ends and that has a last day says both in one sentence.
    let ends_on_event = guards.iter().any(|guard| ends_on(names, guard));
    let when = period(*from, to.filter(|_| !ends_on_event));
    let mut opening: Vec<String> = when.into_iter().chain(lead).collect();
    opening.push(core);
    let mut sentences = vec![full(&opening.join(", "))];
    sentences.extend(more.iter().map(|words| full(words)));
    sentences.extend(guards_text(names, guards, *to).iter().map(|words| full(words)));
    if !overrides.is_empty() {
        let over = cite(overrides.iter().map(|cited| &cited.value));
        sentences.push(format!("Where both apply, this goes before {over}."));
    }
    if let Some(option) = brought_by(deal, id) {
        sentences.push(format!("This holds only from when [{option}] is exercised."));
    }
    if *survives {
        sentences.push("This goes on when the agreement runs out.".to_owned());
    }
    sentences.join(" ")
}

/// What a kind of term says, before its period, guards and overrides.
struct Body {
    /// What goes before the subject.
    lead: Vec<String>,
    core: String,
    /// Sentences that follow.
    more: Vec<String>,
}

impl Body {
    fn of(core: String) -> Self {
        Self { lead: Vec::new(), core, more: Vec::new() }
    }

    fn and(mut self, sentence: String) -> Self {
        self.more.push(sentence);
        self
    }
}

fn body(names: Names<'_>, kind: &TermKind, to: Option<Instant>, basis: &Provenance) -> Body {
    match kind {
        TermKind::Exclusivity(term) => exclusivity(names, term),
        TermKind::Permission(term) => permission(names, term),
        TermKind::Prohibition(term) => prohibition(names, term),
        TermKind::FirstRefusal(term) => first_refusal(names, term),
        TermKind::Option(term) => option(names, term),
        TermKind::Duty(term) => duty(names, term),
        TermKind::Guarantee(term) => guarantee(names, term),
        TermKind::Clause(scope) => in_words(names, scope.as_ref(), basis),
        TermKind::RevenueShare(term) => money::revenue_share(names, term),
        TermKind::Commitment(term) => money::commitment(names, term, to),
        TermKind::Discount(term) => money::discount(names, term),
        TermKind::Credit(term) => money::credit(names, term),
        TermKind::CostSplit(term) => money::cost_split(names, term),
        TermKind::Equity(term) => equity(names, term),
        TermKind::CapitalCommitment(term) => capital_commitment(names, term),
        TermKind::Governance(term) => governance(names, term),
        TermKind::TechnologyPartner(term) => technology_partner(names, term),
        TermKind::Capacity(term) => capacity(names, term),
    }
}

fn exclusivity(names: Names<'_>, term: &Exclusivity) -> Body {
    let Exclusivity { holder, grantor, grantor_excluded, scope } = term;
    let (holder, grantor) = (names.party(holder), names.party(grantor));
    let act = names.act(scope, Form::Base);
    let core = if *grantor_excluded {
        format!("only {} may {}; {} itself may not either", holder.text, act.act, grantor.text)
    } else {
        format!("apart from {} itself, only {} may {}", grantor.text, holder.text, act.act)
    };
    let owed = format!("{} this to {}", grantor.does("owe"), holder.text);
    Body { lead: act.lead, core, more: vec![owed] }
}

fn permission(names: Names<'_>, term: &Permission) -> Body {
    let Permission { grantor, scope, condition } = term;
    let allowed = names.allowed(grantor, &scope.actor);
    let act = names.act(scope, Form::Base);
    let core = match &scope.actor {
        Parties::Only(these) if these.len() == 1 && these.contains(grantor) => {
            format!("{} may {}", names.party(grantor).text, act.act)
        }
        Parties::Any | Parties::Only(_) | Parties::AllBut(_) => {
            format!("{} {allowed} to {}", names.party(grantor).does("allow"), act.act)
        }
    };
    let Some(Condition { fact: _, text, ratio }) = condition else {
        return Body { lead: act.lead, core, more: Vec::new() };
    };
    let core = format!("{core}, provided that {}", clause(text));
    let test = ratio.as_ref().map(|ratio| {
        let more = if ratio.more_than { "more than" } else { "at least" };
        format!(
            "this is measured in {}, what is newly asked for included: {more} {} of the total must \
             be for {}",
            ratio.unit,
            ratio.threshold,
            names.purposes(&ratio.counted)
        )
    });
    Body { lead: act.lead, core, more: test.into_iter().collect() }
}

fn prohibition(names: Names<'_>, term: &Prohibition) -> Body {
    let Prohibition { bound, owed_to, scope } = term;
    let act = names.act(scope, Form::Base);
    let core = format!("{} {}", names.may_not(&scope.actor), act.act);
    let owed = format!(
        "{} this to {}, which may consent to exceptions",
        names.party(bound).does("owe"),
        names.party(owed_to).text
    );
    Body { lead: act.lead, core, more: vec![owed] }
}

fn first_refusal(names: Names<'_>, term: &FirstRefusal) -> Body {
    let FirstRefusal { holder, grantor, scope, election_days, calendar, sale_window_days } = term;
    let (holder, grantor) = (names.party(holder), names.party(grantor));
    let unit = if calendar.business_days() { "business day" } else { "day" };
    let counted = counted(calendar);
    let act = names.act(scope, Form::Third);
    let core = format!(
        "before anyone but {} {}, {} must offer it to {}, which then {} {}{counted} to decide whether \
         to take it",
        holder.text,
        act.act,
        grantor.text,
        holder.text,
        holder.verb("have"),
        count(u64::from(*election_days), unit),
    );
    let (within, after) = match sale_window_days {
        None => (String::new(), String::new()),
        Some(days) => (
            format!(" within {}", count(u64::from(*days), unit)),
            "; after that it must be offered again".to_owned(),
        ),
    };
    let then = format!(
        "once {} {} declined or let that time pass, this no longer keeps {} from turning to \
         others{within}, on terms no better than those offered{after}",
        holder.text,
        holder.verb("have"),
        grantor.text,
    );
    Body { lead: act.lead, core, more: vec![then] }
}

/// How days are counted, where that is not in UTC or some do not count.
fn counted(calendar: &Calendar) -> String {
    let zone = (calendar.zone() != "UTC").then(|| format!("{} time", calendar.zone()));
    let holidays = calendar.holidays().count();
    let holidays = u64::try_from(holidays).unwrap_or(u64::MAX);
    let left_out = (holidays > 0).then(|| format!("{} left out", count(holidays, "holiday")));
    let parts: Vec<String> = zone.into_iter().chain(left_out).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// The option that brings a term.
fn brought_by<'d>(deal: &'d Draft, term: &TermId) -> Option<&'d TermId> {
    let versions = deal.agreements.iter().flat_map(|agreement| &agreement.versions);
    let mut options = versions.flat_map(|version| &version.adds).filter_map(|term| {
        let TermKind::Option(right) = &term.kind else { return None };
        Some((&term.id, right))
    });
    let brings = |right: &OptionRight| right.brings.iter().any(|cited| cited.value == *term);
    options.find(|(_, right)| brings(right)).map(|(id, _)| id)
}

fn option(names: Names<'_>, term: &OptionRight) -> Body {
    let OptionRight { holder, grantor, brings, notice_days, calendar } = term;
    let (holder, grantor) = (names.party(holder), names.party(grantor));
    let brought = cite(brings.iter().map(|cited| &cited.value));
    let hold = if brings.len() > 1 { "hold" } else { "holds" };
    let body = Body::of(format!(
        "{} {} the choice that {brought} {hold}",
        grantor.does("give"),
        holder.text
    ));
    let unit = if calendar.business_days() { "business day" } else { "day" };
    let from = match notice_days {
        0 => "from then on".to_owned(),
        days => format!("after {}{}", count(u64::from(*days), unit), counted(calendar)),
    };
    body.and(format!(
        "once {} {} this option, {brought} {hold} {from}",
        holder.text,
        holder.verb("exercise")
    ))
}

fn guarantee(names: Names<'_>, term: &Guarantee) -> Body {
    let Guarantee { guarantor, debtor, beneficiary, secures, limit } = term;
    let (debtor, beneficiary) = (names.party(debtor), names.party(beneficiary));
    let upto = limit.map_or_else(
        || ", without limit".to_owned(),
        |limit| format!(", up to {} in all", amount_of(limit)),
    );
    Body::of(format!(
        "{} to {} for what {} under {}{upto}",
        names.party(guarantor).does("answer"),
        beneficiary.text,
        debtor.does("owe"),
        cite(secures.iter().map(|cited| &cited.value))
    ))
}

fn duty(names: Names<'_>, term: &Duty) -> Body {
    let Duty { bound, owed_to, text } = term;
    let owes = names.party(bound).does("owe");
    Body::of(format!("{owes} this to {}: {}", names.party(owed_to).text, clause(text)))
}

fn in_words(names: Names<'_>, scope: Option<&Scope>, basis: &Provenance) -> Body {
    let body = Body::of(format!(
        "this stands in words only, and no rule is made of it: “{}”",
        basis.phrase
    ));
    let Some(scope) = scope else { return body };
    let act = names.act(scope, Form::Base);
    let who = names.whoever(&scope.actor);
    let mut whether = act.lead;
    whether.push(format!("whether {who} may {} depends on how these words are read", act.act));
    body.and(whether.join(", "))
}

fn equity(names: Names<'_>, term: &Equity) -> Body {
    let Equity { holder, company, share, amount } = term;
    let share = share.map_or_else(|| "a share".to_owned(), |share| share.to_string());
    let paid = amount.map_or_else(String::new, |amount| format!(", for {}", amount_of(amount)));
    let (holder, company) = (names.party(holder), names.party(company));
    Body::of(format!("{} {share} of {}{paid}", holder.does("hold"), company.text))
}

fn capital_commitment(names: Names<'_>, term: &CapitalCommitment) -> Body {
    let CapitalCommitment { investor, company, amount } = term;
    let (amount, company) = (amount_of(*amount), names.party(company).text);
    Body::of(match investor {
        Some(investor) => {
            format!(
                "{} to invest up to {amount} in {company}",
                names.party(investor).does("commit")
            )
        }
        None => format!("up to {amount} is to be invested in {company}; no investor is named"),
    })
}

fn governance(names: Names<'_>, term: &Governance) -> Body {
    let Governance { company, office, held_by } = term;
    let holders = names.parties(held_by);
    let office = names.object(office);
    let company = names.party(company).text;
    Body::of(match predicate(&office) {
        Some(verb) => format!("in {company}, {}", holders.does(&verb)),
        None if office.contains(' ') => format!("in {company}, {} {office}", holders.does("have")),
        None => format!("in {company}, {} the {office}", holders.does("hold")),
    })
}

/// An office that is put as what is done, such as `appoints the board`, with its verb in the
/// base form.
fn predicate(office: &str) -> Option<String> {
    let (verb, rest) = office.split_once(' ')?;
    let object = rest.split(' ').next()?;
    if !["a", "all", "an", "its", "the"].contains(&object) {
        return None;
    }
    Some(format!("{} {rest}", verb.strip_suffix('s')?))
}

fn technology_partner(names: Names<'_>, term: &TechnologyPartner) -> Body {
    let TechnologyPartner { party, company, funds } = term;
    let party = names.party(party);
    let partner = if party.plural { "technology partners" } else { "a technology partner" };
    let company = names.party(company).text;
    let funds = if *funds {
        format!("{} it as well", party.verb("fund"))
    } else {
        format!("{} not fund it", party.verb("do"))
    };
    Body::of(format!("{} {partner} of {company} and {funds}", party.does("are")))
}

fn capacity(names: Names<'_>, term: &CapacityTerm) -> Body {
    let CapacityTerm { provider, user, power_kw } = term;
    let (provider, user) = (names.party(provider), names.party(user));
    Body::of(format!(
        "{} {} of capacity available to {}",
        provider.does("make"),
        power(*power_kw),
        user.text
    ))
}

/// Whether a guard ends what it guards once something happens.
fn ends_on(names: Names<'_>, guard: &Guard) -> bool {
    let Guard { fact, holds } = guard;
    let fact = names.deal.vocabulary.facts.get(fact);
    fact.is_some_and(|fact| fact.kind == FactKind::Event) && !holds
}

/// What must be the case, or must not, for a term to apply.
fn guards_text(names: Names<'_>, guards: &[Guard], to: Option<Instant>) -> Vec<String> {
    let (ending, others): (Vec<&Guard>, Vec<&Guard>) =
        guards.iter().partition(|guard| ends_on(names, guard));
    let mut sentences = Vec::new();
    if !ending.is_empty() {
        let events: Vec<String> = ending.iter().map(|guard| names.fact(&guard.fact)).collect();
        let latest = to.map(|end| format!(", or {}, whichever comes first", until(end)));
        let latest = latest.unwrap_or_default();
        sentences.push(format!("this lasts until {}{latest}", list(&events, "or")));
    }
    for guard in others {
        sentences.push(guard_text(names, guard));
    }
    sentences
}

fn guard_text(names: Names<'_>, guard: &Guard) -> String {
    let Guard { fact: id, holds } = guard;
    let statement = names.fact(id);
    let kind = names.deal.vocabulary.facts.get(id).map_or(FactKind::State, |fact| fact.kind);
    let reading = || {
        let vocabulary = &names.deal.vocabulary;
        let mut open = vocabulary.ambiguities.values();
        let question = open.find(|open| open.readings.contains(id));
        let question = question.map_or_else(String::new, |it| format!("“{}” – ", it.question));
        let answer = vocabulary.facts.get(id).map_or(id.as_str(), |fact| fact.statement.as_str());
        format!("{question}“{}”", full(answer))
    };
    match (kind, holds) {
        (FactKind::Event, true) => format!("this begins only once {statement}"),
        (FactKind::Event, false) => format!("this lasts until {statement}"),
        (FactKind::State, true) => format!("this applies only as long as {statement}"),
        (FactKind::State, false) => {
            format!("this applies only as long as it is not the case that {statement}")
        }
        (FactKind::Reading, true) => {
            format!("this applies only on one reading of an open question: {}", reading())
        }
        (FactKind::Reading, false) => {
            format!("this applies unless an open question is read so: {}", reading())
        }
    }
}

/// What something rests on, in brackets: `(stated: Microsoft, post, 21 January 2025)`.
fn basis(provenance: &Provenance) -> String {
    let Provenance { phrase: _, source, date, status, note: _ } = provenance;
    let day = words::date(*date);
    let month = day.split_once(' ').map_or(day.as_str(), |(_, month)| month);
    if source.contains(month) {
        return format!("({status}: {source})");
    }
    format!("({status}: {source}, {day})")
}
