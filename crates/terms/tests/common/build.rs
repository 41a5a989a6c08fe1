//! A builder for deals in code, and requests and deals in short notations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use comity_base::{
    ActionId, AgreementId, Currency, FactId, Instant, Known, ObjectId, PartyId, PlaceId, PurposeId,
    Rounding, TermId, VersionId, Window,
};
use comity_terms::{
    Agreement, Cited, Consent, Draft, Elected, Election, Exclusivity, Fact, FactKind, FactRecord,
    FirstRefusal, Guard, Offer, Parties, Party, Permission, Position, Prohibition, Provenance,
    Record, Replacement, Request, Scope, Silence, SilenceRule, Status, Term, TermKind, Tree,
    Version, Vocabulary,
};

pub(crate) const PARTIES: [&str; 4] = ["lab", "cloud", "venture", "rival"];
pub(crate) const ACTIONS: [&str; 3] = ["build", "host", "sell"];
/// Names with what each lies within.
pub(crate) const OBJECTS: [(&str, Option<&str>); 4] =
    [("services", None), ("api", Some("services")), ("mini", Some("api")), ("capacity", None)];
pub(crate) const PURPOSES: [(&str, Option<&str>); 3] =
    [("research", None), ("training", Some("research")), ("inference", None)];
pub(crate) const PLACES: [(&str, Option<&str>); 3] =
    [("us", None), ("abilene", Some("us")), ("uk", None)];
/// Facts that guards use, then those that conditions use.
pub(crate) const FACTS: [(&str, FactKind); 4] = [
    ("verified", FactKind::Event),
    ("safe", FactKind::State),
    ("approved", FactKind::State),
    ("licensed", FactKind::Event),
];

pub(crate) fn party(text: &str) -> PartyId {
    PartyId::new(text).expect("tests use good ids")
}

pub(crate) fn object(text: &str) -> ObjectId {
    ObjectId::new(text).expect("tests use good ids")
}

pub(crate) fn place(text: &str) -> PlaceId {
    PlaceId::new(text).expect("tests use good ids")
}

pub(crate) fn purpose(text: &str) -> PurposeId {
    PurposeId::new(text).expect("tests use good ids")
}

pub(crate) fn action(text: &str) -> ActionId {
    ActionId::new(text).expect("tests use good ids")
}

pub(crate) fn fact(text: &str) -> FactId {
    FactId::new(text).expect("tests use good ids")
}

pub(crate) fn term_id(text: &str) -> TermId {
    TermId::new(text).expect("tests use good ids")
}

pub(crate) fn at(text: &str) -> Instant {
    Instant::parse(text).expect("tests use good dates")
}

/// From one date to another; open where the second is empty.
pub(crate) fn window(start: &str, end: &str) -> Window {
    let end = if end.is_empty() { Instant::MAX } else { at(end) };
    Window::new(at(start), end).expect("tests use good windows")
}

pub(crate) fn usd() -> Currency {
    Currency::new("USD", 2).expect("three capital letters")
}

pub(crate) fn only(names: &[&str]) -> Parties {
    Parties::Only(names.iter().map(|name| party(name)).collect())
}

pub(crate) fn position(line: u32) -> Position {
    Position { file: Arc::from("test"), line, column: 1 }
}

pub(crate) fn cited(text: &str) -> Cited<TermId> {
    Cited { value: term_id(text), position: position(0) }
}

pub(crate) fn provenance() -> Provenance {
    let date = Instant::from_seconds(0);
    let (phrase, source) = (String::from("so it is"), String::from("test"));
    Provenance { phrase, source, date, status: Status::Assumed, note: None }
}

/// Everyone doing this to that, for anyone, for any purpose, anywhere.
pub(crate) fn scope(action_name: &str, object_name: &str) -> Scope {
    Scope {
        actor: Parties::Any,
        actions: BTreeSet::from([action(action_name)]),
        objects: BTreeSet::from([object(object_name)]),
        beneficiary: Parties::Any,
        purposes: BTreeSet::new(),
        places: BTreeSet::new(),
    }
}

pub(crate) fn term(id: &str, kind: TermKind) -> Term {
    Term {
        id: term_id(id),
        kind,
        from: None,
        to: None,
        survives: false,
        guards: Vec::new(),
        overrides: Vec::new(),
        provenance: provenance(),
        position: position(0),
    }
}

pub(crate) fn overriding(term: Term, ids: &[&str]) -> Term {
    Term { overrides: ids.iter().map(|id| cited(id)).collect(), ..term }
}

pub(crate) fn guarded(term: Term, name: &str, holds: bool) -> Term {
    Term { guards: vec![Guard { fact: fact(name), holds }], ..term }
}

/// The cloud alone may; the lab granted it.
pub(crate) fn exclusivity(scope: Scope, grantor_excluded: bool) -> TermKind {
    let (holder, grantor) = (party("cloud"), party("lab"));
    TermKind::Exclusivity(Exclusivity { holder, grantor, grantor_excluded, scope })
}

pub(crate) fn permission(scope: Scope) -> TermKind {
    TermKind::Permission(Permission { grantor: party("cloud"), scope, condition: None })
}

/// The lab is bound, towards the cloud.
pub(crate) fn prohibition(scope: Scope) -> TermKind {
    TermKind::Prohibition(Prohibition { bound: party("lab"), owed_to: party("cloud"), scope })
}

/// The cloud is to be offered it first, by the lab.
pub(crate) fn first_refusal(scope: Scope, election_days: u32) -> TermKind {
    let (holder, grantor) = (party("cloud"), party("lab"));
    TermKind::FirstRefusal(FirstRefusal {
        holder,
        grantor,
        scope,
        election_days,
        calendar: comity_base::Calendar::utc(),
        sale_window_days: None,
    })
}

/// A draft that is built up step by step; positions are the order of the steps.
pub(crate) struct Build {
    pub(crate) draft: Draft,
    line: u32,
}

impl Build {
    /// All parties, no agreement, and a record that is complete to 2030.
    pub(crate) fn new(otherwise: Silence) -> Self {
        let parties = PARTIES.map(|name| {
            (party(name), Party { name: name.to_owned(), role: String::from("party") })
        });
        let draft = Draft {
            name: String::from("test"),
            summary: String::new(),
            currency: usd(),
            rounding: Rounding::HalfEven,
            silence: SilenceRule { otherwise, actions: BTreeMap::new() },
            vocabulary: vocabulary(),
            parties: BTreeMap::from(parties),
            agreements: Vec::new(),
            rates: Vec::new(),
            conversions: Vec::new(),
            tolerance: None,
            record: Record {
                complete_to: at("2030-01-01"),
                facts: Vec::new(),
                measures: Vec::new(),
                offers: Vec::new(),
                exercises: Vec::new(),
                consents: Vec::new(),
                disputes: Vec::new(),
            },
        };
        Self { draft, line: 0 }
    }

    pub(crate) fn here(&mut self) -> Position {
        self.line += 1;
        position(self.line)
    }

    /// A version of an agreement, recorded when it starts; the agreement is new at its first.
    pub(crate) fn version(mut self, agreement: &str, start: &str, end: &str) -> Self {
        let effective = window(start, end);
        let version = Version {
            id: VersionId::new(start).expect("a date is an id"),
            executed: effective.start(),
            effective,
            recorded: effective.start(),
            adds: Vec::new(),
            replaces: Vec::new(),
            ends: Vec::new(),
            changes: comity_terms::Changes::default(),
            position: self.here(),
        };
        let id = AgreementId::new(agreement).expect("tests use good ids");
        match self.draft.agreements.iter_mut().find(|agreement| agreement.id == id) {
            Some(agreement) => agreement.versions.push(version),
            None => self.draft.agreements.push(Agreement {
                id,
                name: agreement.to_owned(),
                parties: PARTIES.map(party).into(),
                versions: vec![version],
            }),
        }
        self
    }

    fn last(&mut self) -> &mut Version {
        let agreement = self.draft.agreements.last_mut().expect("a version comes first");
        agreement.versions.last_mut().expect("an agreement starts with a version")
    }

    /// When the version was recorded, where that is not when it starts.
    pub(crate) fn recorded(mut self, when: &str) -> Self {
        self.last().recorded = at(when);
        self
    }

    pub(crate) fn add(mut self, mut term: Term) -> Self {
        term.position = self.here();
        self.last().adds.push(term);
        self
    }

    pub(crate) fn end(mut self, id: &str) -> Self {
        let position = self.here();
        self.last().ends.push(Cited { value: term_id(id), position });
        self
    }

    pub(crate) fn replace(mut self, id: &str, by: Term) -> Self {
        let position = self.here();
        let cite = |value: TermId| Cited { value, position: position.clone() };
        let replacement = Replacement { term: cite(term_id(id)), by: vec![cite(by.id.clone())] };
        self.last().replaces.push(replacement);
        self.add(by)
    }

    pub(crate) fn fact(mut self, name: &str, holds: bool, from: &str) -> Self {
        let record = FactRecord {
            fact: fact(name),
            holds,
            from: at(from),
            recorded: at(from),
            provenance: provenance(),
            position: self.here(),
        };
        self.draft.record.facts.push(record);
        self
    }

    /// An offer of a place, or of everything where none is named.
    pub(crate) fn offer(
        mut self,
        id: &str,
        of: Option<&str>,
        notice: &str,
        election: Option<(Election, &str)>,
    ) -> Self {
        let offer = Offer {
            content: None,
            price: None,
            sale: None,
            term: cited(id),
            place: of.map(place),
            notice: at(notice),
            election: election.map(|(what, when)| elected(what, at(when), at(notice))),
            recorded: at(notice),
            provenance: provenance(),
            position: self.here(),
        };
        self.draft.record.offers.push(offer);
        self
    }

    /// A consent that frees everyone, recorded when it starts.
    pub(crate) fn consent(mut self, id: &str, by: &str, to: &str, start: &str) -> Self {
        let consent = Consent {
            id: term_id(id),
            by: party(by),
            to: cited(to),
            actor: Parties::Any,
            limits: comity_terms::Limits::default(),
            window: window(start, ""),
            recorded: at(start),
            provenance: provenance(),
            position: self.here(),
        };
        self.draft.record.consents.push(consent);
        self
    }
}

/// An election that was recorded with its notice.
pub(crate) fn elected(election: Election, at: Instant, recorded: Instant) -> Elected {
    Elected { election, at, recorded }
}

/// The names that the deals of these tests use.
pub(crate) fn vocabulary() -> Vocabulary {
    let fact_of = |(name, kind): (&str, FactKind)| {
        (fact(name), Fact { kind, statement: format!("it is {name}") })
    };
    Vocabulary {
        parties: PARTIES.map(party).into(),
        actions: ACTIONS.map(action).into(),
        objects: Tree::new(OBJECTS.map(|(n, up)| (object(n), up.map(object)))).expect("no circle"),
        purposes: Tree::new(PURPOSES.map(|(n, up)| (purpose(n), up.map(purpose))))
            .expect("no circle"),
        places: Tree::new(PLACES.map(|(n, up)| (place(n), up.map(place)))).expect("no circle"),
        ambiguities: BTreeMap::new(),
        facts: BTreeMap::from(FACTS.map(fact_of)),
        called: comity_terms::Called::default(),
    }
}

/// Reads `party action object [for:party] [purpose:name] [at:place] date [known:date]`.
pub(crate) fn request(text: &str) -> (Request, Known) {
    let mut words = text.split_whitespace();
    let mut next = || words.next().expect("a request names party, action, object and date");
    let mut request = Request {
        amount: None,
        party: party(next()),
        action: action(next()),
        object: object(next()),
        beneficiary: None,
        purpose: None,
        place: None,
        at: Instant::MIN,
    };
    let mut known = Known::ALL;
    for word in words {
        match word.split_once(':') {
            Some(("for", name)) => request.beneficiary = Some(party(name)),
            Some(("purpose", name)) => request.purpose = Some(purpose(name)),
            Some(("at", name)) => request.place = Some(place(name)),
            Some(("known", date)) => known = Known(at(date)),
            Some(_) | None => request.at = at(word),
        }
    }
    (request, known)
}
