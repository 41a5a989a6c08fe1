//! Changed answers in plain English, with the names that a deal gives to people.

use comity_base::{ActionId, ObjectId, PartyId, PlaceId, PurposeId};
use comity_proof::{ChangedAnswer, Extent, Values};
use comity_terms::{Answer, Draft};

/// What a changed answer means: `Oracle may now host OpenAI's models for OpenAI`. What is narrowed says so.
pub(super) fn changed(deal: &Draft, answer: &ChangedAnswer) -> String {
    let ChangedAnswer { before, after, extent, .. } = answer;
    let who = any_or(&extent.party, "anyone", |name| party(deal, name));
    let act = act(deal, extent);
    let apart = if act.contains(',') { "," } else { "" };
    let text = match (before.answer, after.answer) {
        (_, Answer::Undetermined) => format!("it is open now whether {who} may {act}"),
        (Answer::Undetermined, Answer::Allow) => format!("it is settled now that {who} may {act}"),
        (Answer::Undetermined, Answer::Conditional) => {
            format!("it is settled now that {who} may {act}, but only on a condition")
        }
        (Answer::Undetermined, Answer::Deny) => {
            format!("it is settled now that {} {act}", may_not(deal, &extent.party, before.answer))
        }
        (Answer::Conditional, Answer::Allow) => {
            format!("{who} may now {act}{apart} without a condition")
        }
        (Answer::Allow | Answer::Deny, Answer::Allow) => format!("{who} may now {act}"),
        (Answer::Allow, Answer::Conditional) => {
            format!("{who} may from now on {act}{apart} only on a condition")
        }
        (Answer::Conditional | Answer::Deny, Answer::Conditional) => {
            format!("{who} may now {act}, but only on a condition")
        }
        (Answer::Allow | Answer::Conditional | Answer::Deny, Answer::Deny) => {
            format!("{} {act}", may_not(deal, &extent.party, before.answer))
        }
    };
    sentence(&text)
}

/// What is asked: `May Oracle host OpenAI's models for OpenAI?`.
pub(crate) fn asked(deal: &Draft, extent: &Extent) -> String {
    let who = any_or(&extent.party, "anyone", |name| party(deal, name));
    sentence(&format!("may {who} {}?", act(deal, extent)))
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
}

/// Who may not, or no longer where it was not open before. `No one but Oracle may now` would say that
/// Oracle may.
fn may_not(deal: &Draft, parties: &Values, before: Answer) -> String {
    let was_open = before == Answer::Undetermined;
    let may_not = if was_open { "may not" } else { "may no longer" };
    let called = |names: &[String]| either(names.iter().map(|name| party(deal, name)));
    match parties {
        Values::Any if was_open => "no one may".to_owned(),
        Values::Any => "no one may any longer".to_owned(),
        Values::Only(names) => format!("{} {may_not}", called(names)),
        Values::AllBut(names) => format!("parties other than {} {may_not}", called(names)),
    }
}

fn act(deal: &Draft, extent: &Extent) -> String {
    let object = any_or(&extent.object, "anything", |name| object(deal, name));
    let mut act = doing(deal, &extent.action, &object);
    let whom = any_or(&extent.beneficiary, "anyone", |name| party(deal, name));
    // Behind objects with commas nobody would see whom it goes with.
    act += if object.contains(',') { ", for " } else { " for " };
    act += &whom;
    if extent.purpose != Values::Any {
        let purposes = any_or(&extent.purpose, "any purpose", |name| purpose(deal, name));
        act += &format!(", for {purposes}");
    }
    match &extent.place {
        Values::Any => {}
        Values::Only(names) => act += &format!(", {}", either(names.iter().map(|it| at(deal, it)))),
        Values::AllBut(names) => {
            act += &format!(", anywhere but {}", either(names.iter().map(|it| at(deal, it))));
        }
    }
    act
}

/// `build or host it`; what is used as something stands before what it is used as.
fn doing(deal: &Draft, actions: &Values, object: &str) -> String {
    let called = |name: &String| {
        let id = ActionId::new(name).ok();
        let called = id.and_then(|id| deal.vocabulary.called.actions.get(&id).cloned());
        called.unwrap_or_else(|| name.clone())
    };
    match actions {
        Values::Any => format!("do anything with {object}"),
        Values::AllBut(names) => {
            format!("do anything but {} with {object}", either(names.iter().map(called)))
        }
        Values::Only(names) => {
            let verbs: Vec<String> = names.iter().map(called).collect();
            match verbs.as_slice() {
                [only] if only.contains(" as ") => {
                    let (verb, rest) = only.split_once(" as ").unwrap_or((only, ""));
                    format!("{verb} {object} as {rest}")
                }
                _ => format!("{} {object}", either(verbs)),
            }
        }
    }
}

fn any_or(values: &Values, any: &str, called: impl Fn(&str) -> String) -> String {
    match values {
        Values::Any => any.to_owned(),
        Values::Only(names) => either(names.iter().map(|it| called(it))),
        Values::AllBut(names) => format!("{any} but {}", either(names.iter().map(|it| called(it)))),
    }
}

/// `a, b or c`; names that are lists themselves come last.
fn either(names: impl IntoIterator<Item = String>) -> String {
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort_by_key(|name| name.contains(','));
    match names.split_last() {
        Some((last, first)) if !first.is_empty() => {
            let comma = if last.contains(',') { "," } else { "" };
            format!("{}{comma} or {last}", first.join(", "))
        }
        Some((last, _)) => last.clone(),
        None => "nothing".to_owned(),
    }
}

fn party(deal: &Draft, name: &str) -> String {
    let id = PartyId::new(name).ok();
    let called = id.and_then(|id| deal.parties.get(&id));
    let called = called.map_or(name, |party| party.name.as_str());
    match called.strip_prefix("The ") {
        Some(rest) => format!("the {rest}"),
        None => called.to_owned(),
    }
}

fn object(deal: &Draft, name: &str) -> String {
    let id = ObjectId::new(name).ok();
    let called = id.and_then(|id| deal.vocabulary.called.objects.get(&id).cloned());
    called.unwrap_or_else(|| name.to_owned())
}

fn purpose(deal: &Draft, name: &str) -> String {
    let id = PurposeId::new(name).ok();
    let called = id.and_then(|id| deal.vocabulary.called.purposes.get(&id).cloned());
    called.unwrap_or_else(|| name.to_owned())
}

/// A place with its preposition: `in the United States`, `at Abilene, Texas`.
fn at(deal: &Draft, name: &str) -> String {
    let Ok(id) = PlaceId::new(name) else { return format!("at {name}") };
    let called = deal.vocabulary.called.places.get(&id).map_or(name, String::as_str);
    if deal.vocabulary.places.outer(&id).is_some() {
        return format!("at {called}");
    }
    let article = if called.starts_with("United ") { "the " } else { "" };
    format!("in {article}{called}")
}
