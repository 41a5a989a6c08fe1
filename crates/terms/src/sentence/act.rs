//! Parties, objects and scopes as parts of sentences.

use std::collections::BTreeSet;

use comity_base::{ActionId, FactId, GpuTypeId, ObjectId, PartyId, PlaceId, PurposeId, TermId};

use super::words::{Noun, clause, list, third_person};
use crate::deal::Draft;
use crate::scope::{Parties, Scope};

/// The names of a deal, as its sentences use them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'d> {
    pub(super) deal: &'d Draft,
}

/// In which form the verb of an act is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As after `may` and `to`.
    Base,
    /// As after one who does it.
    Third,
}

/// An act, in two parts of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Act {
    /// What goes before the subject: where, what for; for whom, where the objects are long.
    pub(super) lead: Vec<String>,
    /// The verb and what goes with it.
    pub(super) act: String,
}

impl<'d> Names<'d> {
    pub(super) fn party(self, id: &PartyId) -> Noun {
        Noun::new(self.deal.parties.get(id).map_or(id.as_str(), |party| party.name.as_str()))
    }

    pub(super) fn parties<'a>(self, ids: impl IntoIterator<Item = &'a PartyId>) -> Noun {
        let nouns: Vec<Noun> = ids.into_iter().map(|id| self.party(id)).collect();
        Noun::all(&nouns)
    }

    /// These parties as alternatives.
    fn any_of(self, ids: &BTreeSet<PartyId>) -> String {
        let names: Vec<String> = ids.iter().map(|id| self.party(id).text).collect();
        list(&names, "or")
    }

    /// Whoever is in the set: `anyone`, `anyone but Microsoft`, `Oracle or SoftBank`.
    pub(super) fn whoever(self, parties: &Parties) -> String {
        match parties {
            Parties::Any => "anyone".to_owned(),
            Parties::Only(these) => self.any_of(these),
            Parties::AllBut(these) if these.is_empty() => "anyone".to_owned(),
            Parties::AllBut(these) => format!("anyone but {}", self.any_of(these)),
        }
    }

    /// What is done, and to what: `build or host it`, `use it as property`.
    pub(super) fn doing<'a>(
        self,
        actions: impl IntoIterator<Item = &'a ActionId>,
        object: &str,
        form: Form,
    ) -> String {
        let verb = |id: &ActionId| match form {
            Form::Base => self.action(id),
            Form::Third => third_person(&self.action(id)),
        };
        let verbs: Vec<String> = actions.into_iter().map(verb).collect();
        // What is used as something stands before what it is used as, unless it is long.
        if !object.contains(',')
            && let [only] = verbs.as_slice()
            && let Some((verb, rest)) = only.split_once(" as ")
        {
            return format!("{verb} {object} as {rest}");
        }
        format!("{} {object}", list(&verbs, "or"))
    }

    /// Whom a party allows something.
    pub(super) fn allowed(self, grantor: &PartyId, parties: &Parties) -> String {
        let itself = BTreeSet::from([grantor.clone()]);
        match parties {
            Parties::AllBut(these) if *these == itself => "anyone else".to_owned(),
            Parties::Only(these) => self.parties(these).text,
            Parties::Any | Parties::AllBut(_) => self.whoever(parties),
        }
    }

    /// Who may not: `no one may`, `no one but Microsoft may`, `OpenAI may not`.
    pub(super) fn may_not(self, parties: &Parties) -> String {
        match parties {
            Parties::Any => "no one may".to_owned(),
            Parties::Only(these) => format!("{} may not", self.parties(these).text),
            Parties::AllBut(these) if these.is_empty() => "no one may".to_owned(),
            Parties::AllBut(these) => format!("no one but {} may", self.any_of(these)),
        }
    }

    fn action(self, id: &ActionId) -> String {
        let called = self.deal.vocabulary.called.actions.get(id);
        called.map_or_else(|| id.to_string(), Clone::clone)
    }

    /// What an object is called; an office is one, and is spelt out where it has no name.
    pub(super) fn object(self, id: &ObjectId) -> String {
        let called = self.deal.vocabulary.called.objects.get(id);
        called.map_or_else(|| id.as_str().replace('-', " "), Clone::clone)
    }

    pub(super) fn objects<'a>(
        self,
        ids: impl IntoIterator<Item = &'a ObjectId>,
        word: &str,
    ) -> String {
        let names: Vec<String> = ids.into_iter().map(|id| self.object(id)).collect();
        list(&names, word)
    }

    pub(super) fn purposes(self, ids: &BTreeSet<PurposeId>) -> String {
        let called = &self.deal.vocabulary.called.purposes;
        let name = |id: &PurposeId| called.get(id).map_or_else(|| id.to_string(), Clone::clone);
        list(&ids.iter().map(name).collect::<Vec<_>>(), "or")
    }

    pub(super) fn gpu(self, id: &'d GpuTypeId) -> &'d str {
        self.deal.vocabulary.called.gpus.get(id).map_or(id.as_str(), String::as_str)
    }

    /// A place with its preposition: `in the United States`, `at Abilene, Texas`.
    pub(super) fn at(self, id: &PlaceId) -> String {
        let name = self.deal.vocabulary.called.places.get(id).map_or(id.as_str(), String::as_str);
        if self.deal.vocabulary.places.outer(id).is_some() {
            return format!("at {name}");
        }
        let article = if name.starts_with("United ") { "the " } else { "" };
        format!("in {article}{name}")
    }

    /// A fact's sentence, as part of another.
    pub(super) fn fact(self, id: &FactId) -> String {
        let fact = self.deal.vocabulary.facts.get(id);
        fact.map_or_else(|| format!("[{id}] holds"), |fact| clause(&fact.statement))
    }

    /// What is done in a scope, whoever does it.
    pub(super) fn act(self, scope: &Scope, form: Form) -> Act {
        // Whatever else is added: a scope that gets another dimension must be read out in full.
        let Scope { actor: _, actions, objects, beneficiary, purposes, places } = scope;
        let objects = self.objects(objects, "or");
        let for_whom = match beneficiary {
            Parties::Any => None,
            Parties::Only(_) | Parties::AllBut(_) => {
                Some(format!("for {}", self.whoever(beneficiary)))
            }
        };
        let mut lead = Vec::new();
        let mut act = self.doing(actions, &objects, form);
        match for_whom {
            // Behind objects with commas nobody would see whom it goes with.
            Some(words) if objects.contains(',') => lead.push(words),
            Some(words) => act = format!("{act} {words}"),
            None => {}
        }
        if !places.is_empty() {
            let places: Vec<String> = places.iter().map(|place| self.at(place)).collect();
            lead.push(list(&places, "or"));
        }
        if !purposes.is_empty() {
            lead.push(format!("where the purpose is {}", self.purposes(purposes)));
        }
        Act { lead, act }
    }
}

/// Ids of terms as they stand in text: `[a], [b] and [c]`.
pub(super) fn cite<'a>(ids: impl IntoIterator<Item = &'a TermId>) -> String {
    let ids: Vec<String> = ids.into_iter().map(|id| format!("[{id}]")).collect();
    list(&ids, "and")
}
