//! The rules as the files of a deal.

use std::fmt::Write as _;
use std::sync::Arc;

use comity_base::{ActionId, Instant, ObjectId, PartyId, PlaceId, PurposeId};
use comity_lang::{FileKind, Source, read};
use comity_terms::{Deal, Request, RequestStrs};

use crate::Failure;
use crate::rules::{Ask, Effect, Names, Rule, Rules, Who};

const BASIS: &str = "basis: {phrase: benchmark, source: none, date: 2019-01-01, status: assumed}";

/// A request as our rulebook takes it.
pub fn strs(ask: &Ask) -> RequestStrs<'_> {
    RequestStrs {
        party: &ask.party,
        action: &ask.action,
        object: &ask.object,
        beneficiary: Some(&ask.beneficiary),
        purpose: Some(&ask.purpose),
        place: Some(&ask.place),
        amount: None,
        at: Instant::from_seconds(ask.seconds),
    }
}

/// A request as `decide` takes it.
pub fn request(ask: &Ask) -> Result<Request, Failure> {
    Ok(Request {
        party: PartyId::new(&ask.party)?,
        action: ActionId::new(&ask.action)?,
        object: ObjectId::new(&ask.object)?,
        beneficiary: Some(PartyId::new(&ask.beneficiary)?),
        purpose: Some(PurposeId::new(&ask.purpose)?),
        place: Some(PlaceId::new(&ask.place)?),
        amount: None,
        at: Instant::from_seconds(ask.seconds),
    })
}

/// Reads and checks the files.
pub fn deal(rules: &Rules) -> Result<Deal, Failure> {
    let files = files(rules)?;
    let source = |(kind, body): &(FileKind, String)| Source {
        path: Arc::from(format!("{}.yaml", kind.name())),
        text: format!("kind: {}\n{body}", kind.name()),
    };
    let sources: Vec<Source> = files.iter().map(source).collect();
    let loaded = read(&sources).map_err(|found| format!("{:#?}", found.first()))?;
    Ok(loaded.deal)
}

/// The files of the deal.
pub fn files(rules: &Rules) -> Result<Vec<(FileKind, String)>, Failure> {
    let names = &rules.vocabulary;
    let mut deal = String::from(
        "name: Benchmark\nsummary: Sizes only.\ncurrency: {code: USD, digits: 2}\n\
         rounding: half-even\n",
    );
    writeln!(deal, "silence: {{otherwise: liberty, prohibited: [{}]}}", names.closed.join(", "))?;
    let actions: Vec<String> =
        names.actions.iter().map(|it| format!("{it}: {{name: {it}}}")).collect();
    writeln!(deal, "actions: {{{}}}", actions.join(", "))?;
    for (key, names) in
        [("objects", &names.objects), ("purposes", &names.purposes), ("places", &names.places)]
    {
        writeln!(deal, "{key}:")?;
        tree(&mut deal, names)?;
    }
    let mut parties = String::from("parties:\n");
    for name in &names.parties {
        writeln!(parties, "  {name}: {{name: {name}, role: benchmark}}")?;
    }
    let mut version = format!(
        "agreement: main\nname: Main\nparties: [{}]\nversion: \"2019-01-01\"\nsummary: Terms.\n\
         executed: 2019-01-01\neffective: {{from: 2019-01-01}}\nrecorded: 2019-01-01\nadds:\n",
        names.parties.join(", ")
    );
    for rule in &rules.rules {
        writeln!(version, "  - {}", term(rule, &names.parties))?;
    }
    let record = "complete-to: 2040-01-01\nfacts: []\noffers: []\nconsents: []\n".to_owned();
    Ok(vec![
        (FileKind::Deal, deal),
        (FileKind::Parties, parties),
        (FileKind::Version, version),
        (FileKind::Record, record),
    ])
}

fn tree(deal: &mut String, names: &Names) -> Result<(), Failure> {
    for (name, up) in names {
        let within = up.as_ref().map_or(String::new(), |up| format!(", within: {up}"));
        writeln!(deal, "  {name}: {{name: {name}{within}}}")?;
    }
    Ok(())
}

fn who(who: &Who) -> String {
    match who {
        Who::Any => String::from("any"),
        Who::Only(these) => format!("[{}]", these.join(", ")),
        Who::AllBut(these) => format!("{{all-but: [{}]}}", these.join(", ")),
    }
}

fn term(rule: &Rule, parties: &[String]) -> String {
    let (one, other) = (&parties[0], &parties[1]);
    let (kind, head) = match &rule.effect {
        Effect::Permit => ("permission", format!("grantor: {one}, actor: {}", who(&rule.actor))),
        Effect::Forbid => {
            ("prohibition", format!("bound: {one}, owed-to: {other}, actor: {}", who(&rule.actor)))
        }
        Effect::Exclusive { holder, free } => {
            let grantor = free.first().unwrap_or(if holder == one { other } else { one });
            let excluded = free.is_empty();
            let head =
                format!("holder: {holder}, grantor: {grantor}, grantor-excluded: {excluded}");
            ("exclusivity", head)
        }
    };
    let mut term = format!("{kind}: {{id: {}, {head}", rule.id);
    let mut field = |key: &str, values: &[String]| {
        if !values.is_empty() {
            term += &format!(", {key}: [{}]", values.join(", "));
        }
    };
    field("action", &rule.actions);
    field("object", &rule.objects);
    field("purpose", &rule.purposes);
    field("place", &rule.places);
    field("overrides", &rule.overrides);
    if rule.beneficiary != Who::Any {
        term += &format!(", for: {}", who(&rule.beneficiary));
    }
    term += &format!(", from: {}", rule.from);
    if let Some(to) = &rule.to {
        term += &format!(", to: {to}");
    }
    format!("{term}, {BASIS}}}")
}
