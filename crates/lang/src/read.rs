//! All files of a deal to one checked deal, or to everything that is wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{
    ActionId, AgreementId, Currency, FactId, Instant, ObjectId, PartyId, PlaceId, PurposeId,
    Rounding,
};
use comity_fleet::{Fleet, Workload};
use comity_terms::{
    Agreement, Deal, Draft, Fact, FactKind, Party, Position, ProblemKind, Record, Silence,
    SilenceRule, Tree, Vocabulary,
};

use crate::decode::{self, Context};
use crate::diagnostic::{Diagnostic, Place, Source};
use crate::grammar::FileKind;
use crate::node::{Key, Node, parse};
use crate::problem::diagnose;
use crate::shape::{Name, Names, check, resolve};

/// A checked deal with its sites and its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The parties, agreements, rates and record.
    pub deal: Deal,
    /// The sites.
    pub fleet: Fleet,
    /// The work, where the deal has a workload file.
    pub workload: Option<Workload>,
}

struct File<'a> {
    source: &'a Source,
    kind: FileKind,
    node: Node,
}

/// Reads and checks the files of a deal.
///
/// # Errors
/// Every problem found, in the order of the files.
pub fn read(sources: &[Source]) -> Result<Loaded, Vec<Diagnostic>> {
    let mut out = Vec::new();
    let mut names = Names::default();
    let files = files(sources, &mut names, &mut out);
    let well_formed = out.is_empty();
    for file in &files {
        resolve(&file.node, &file.kind.shape(), &names, &mut out);
    }
    let loaded = assemble(&files, &names, well_formed, sources, &mut out);
    out.sort();
    out.dedup();
    match loaded {
        Some(loaded) if out.is_empty() => Ok(loaded),
        Some(_) | None => {
            assert!(!out.is_empty(), "a deal that is not read has a diagnostic that says why");
            Err(out)
        }
    }
}

fn files<'a>(sources: &'a [Source], names: &mut Names, out: &mut Vec<Diagnostic>) -> Vec<File<'a>> {
    let mut files: Vec<File<'a>> = Vec::new();
    for source in sources {
        let Some(node) = parse(source, out) else { continue };
        let word = node.get("kind").and_then(Node::text).unwrap_or("");
        let Some(kind) = FileKind::ALL.into_iter().find(|kind| kind.name() == word) else {
            let place = node.get("kind").map_or(&node.place, |kind| &kind.place);
            let title = if word.is_empty() {
                "the file does not say what kind it is".to_owned()
            } else {
                format!("unknown kind of file `{word}`")
            };
            let kinds = FileKind::ALL.map(FileKind::name);
            out.push(Diagnostic::new(place.clone(), title).nearest(word, kinds));
            continue;
        };
        check(&node, &kind.shape(), names, out);
        let single = matches!(kind, FileKind::Deal | FileKind::Record | FileKind::Workload);
        let first = files.iter().find(|file| single && file.kind == kind);
        if let (Some(first), Some(place)) = (first, node.get("kind").map(|kind| &kind.place)) {
            let title = format!("a second file of kind `{word}`");
            let other = Place::new(first.source.path.clone(), 1, 1, 1);
            out.push(Diagnostic::new(place.clone(), title).also(other, "the first one"));
            continue;
        }
        files.push(File { source, kind, node });
    }
    files
}

/// Puts the files together. What one file lacks does not keep the others from being checked.
fn assemble(
    files: &[File<'_>],
    names: &Names,
    well_formed: bool,
    sources: &[Source],
    out: &mut Vec<Diagnostic>,
) -> Option<Loaded> {
    let of = |kind| files.iter().filter(move |file| file.kind == kind);
    let Some(deal) = of(FileKind::Deal).next() else {
        let path = sources.first().map_or_else(|| "deal.yaml".into(), |file| file.path.clone());
        out.push(
            Diagnostic::new(Place::new(path, 1, 1, 1), "no file of kind `deal` in this folder")
                .help("every deal has one, by custom `deal.yaml`, with its currency, rounding and names"),
        );
        return None;
    };
    let currency = currency(&deal.node)?;
    let mut context = Context { currency, out };
    let mut rates = Vec::new();
    for (key, body) in entries(of(FileKind::Rates), "rates") {
        rates.extend(decode::rate(key, body, &mut context));
    }
    let mut sites = Vec::new();
    for (key, body) in entries(of(FileKind::Sites), "sites") {
        sites.extend(decode::site(key, body, &mut context));
    }
    let record = of(FileKind::Record).next();
    let record = record.and_then(|file| decode::record(&file.node, &mut context));
    let workload = of(FileKind::Workload).next();
    let workload = workload.and_then(|file| decode::workload(&file.node, &mut context));
    let agreements = agreements(of(FileKind::Version), &mut context);
    if let Some(file) = of(FileKind::Workload).next() {
        compared(&file.node, &agreements, &mut context);
    }
    let parties = entries(of(FileKind::Parties), "parties").filter_map(party).collect();
    let place_of_site =
        sites.iter().map(|site| (PlaceId::from(&site.id), Some(site.country.clone())));
    let vocabulary = vocabulary(&deal.node, names, place_of_site, &mut context)?;
    let draft = Draft {
        name: deal.node.string("name")?,
        summary: deal.node.string("summary")?,
        currency,
        rounding: deal.node.word("rounding", &Rounding::NAMED)?,
        silence: silence(deal.node.get("silence")?, &mut context)?,
        vocabulary,
        parties,
        agreements,
        rates,
        // Without a record nothing is known to have happened, or not to have.
        record: record.unwrap_or(Record {
            complete_to: Instant::MIN,
            facts: Vec::new(),
            offers: Vec::new(),
            consents: Vec::new(),
        }),
    };
    let fleet = match Fleet::new(sites) {
        Ok(fleet) => Some(fleet),
        Err(error) if well_formed => {
            let place =
                of(FileKind::Sites).next().map_or(&deal.node.place, |file| &file.node.place);
            context.report(Diagnostic::new(place.clone(), error.to_string()));
            None
        }
        Err(_) => None,
    };
    let deal = checked(draft, well_formed, sources, out)?;
    Some(Loaded { deal, fleet: fleet?, workload })
}

/// Checks the parts against each other. Where a file is not well formed, parts are missing, and
/// what may only follow from that is not reported.
fn checked(
    draft: Draft,
    well_formed: bool,
    sources: &[Source],
    out: &mut Vec<Diagnostic>,
) -> Option<Deal> {
    let problems = match Deal::new(draft) {
        Ok(deal) => return Some(deal),
        Err(problems) => problems,
    };
    let seen: BTreeSet<Position> = out.iter().map(|found| found.place.position.clone()).collect();
    for problem in &problems {
        let follows = match problem.kind {
            ProblemKind::UnknownTerm { .. }
            | ProblemKind::NotInForce { .. }
            | ProblemKind::NotAdded { .. }
            | ProblemKind::Contradiction { .. } => !well_formed,
            // The names of terms were collected, and repeated ones reported, from the files.
            ProblemKind::TermTwice { .. } => true,
            ProblemKind::VersionsOverlap { .. }
            | ProblemKind::Circle { .. }
            | ProblemKind::NoEffect { .. }
            | ProblemKind::Stranger { .. }
            | ProblemKind::NotSigned { .. }
            | ProblemKind::SharesAboveWhole { .. }
            | ProblemKind::RatesOverlap { .. }
            | ProblemKind::WrongUnit { .. }
            | ProblemKind::PartnerFunds { .. }
            | ProblemKind::NotFirstRefusal { .. } => false,
        };
        if !follows && !seen.contains(&problem.position) {
            out.push(diagnose(problem, |position| place_at(position, sources)));
        }
    }
    None
}

/// How long the word at a position is.
fn place_at(position: &Position, sources: &[Source]) -> Place {
    let line = usize::try_from(position.line).unwrap_or(usize::MAX).saturating_sub(1);
    let column = usize::try_from(position.column).unwrap_or(usize::MAX).saturating_sub(1);
    let text = sources.iter().find(|source| source.path == position.file);
    let text = text.and_then(|source| source.text.lines().nth(line)).unwrap_or("");
    let in_word = |c: &char| !c.is_whitespace() && !matches!(c, ':' | ',' | ']' | '}' | '[' | '{');
    let length = text.chars().skip(column).take_while(in_word).count().max(1);
    Place { position: position.clone(), length: u32::try_from(length).unwrap_or(1) }
}

/// The agreement whose versions are compared must be one of the deal's.
fn compared(workload: &Node, agreements: &[Agreement], context: &mut Context<'_>) {
    let Some((node, text)) = workload.get("compare").and_then(|node| Some((node, node.text()?)))
    else {
        return;
    };
    let names: Vec<&str> = agreements.iter().map(|agreement| agreement.id.as_str()).collect();
    if !names.contains(&text) {
        let title = format!("unknown agreement `{text}`");
        context.report(Diagnostic::new(node.place.clone(), title).nearest(text, names));
    }
}

fn entries<'a>(
    files: impl Iterator<Item = &'a File<'a>>,
    key: &'a str,
) -> impl Iterator<Item = &'a (Key, Node)> {
    files.filter_map(move |file| file.node.get(key)).flat_map(Node::entries)
}

fn party((key, body): &(Key, Node)) -> Option<(PartyId, Party)> {
    let party = Party { name: body.string("name")?, role: body.string("role")? };
    Some((PartyId::new(&key.text).ok()?, party))
}

fn currency(deal: &Node) -> Option<Currency> {
    let node = deal.get("currency")?;
    Currency::new(node.get("code")?.text()?, node.whole("digits")?).ok()
}

fn silence(node: &Node, context: &mut Context<'_>) -> Option<SilenceRule> {
    let named = [("liberty", Silence::Liberty), ("prohibited", Silence::Prohibited)];
    let mut actions = BTreeMap::new();
    for (key, reading) in named {
        for cited in node.cited(key, ActionId::new) {
            if actions.insert(cited.value.clone(), reading).is_some_and(|other| other != reading) {
                let place = Place { position: cited.position, length: 1 };
                let title = format!("silence about `{}` is read in two ways", cited.value);
                context.report(Diagnostic::new(place, title));
            }
        }
    }
    Some(SilenceRule { otherwise: node.word("otherwise", &named)?, actions })
}

fn vocabulary(
    deal: &Node,
    names: &Names,
    sites: impl Iterator<Item = (PlaceId, Option<PlaceId>)>,
    context: &mut Context<'_>,
) -> Option<Vocabulary> {
    let within = |(key, body): &(Key, Node)| {
        (key.text.clone(), body.get("within").and_then(Node::text).map(str::to_owned))
    };
    let pairs = |key: &str| {
        let entries = deal.get(key).map_or(&[][..], Node::entries);
        entries.iter().map(within).collect::<Vec<_>>()
    };
    let objects = tree(pairs("objects"), |text| ObjectId::new(text).ok());
    let purposes = tree(pairs("purposes"), |text| PurposeId::new(text).ok());
    let mut places: Vec<(PlaceId, Option<PlaceId>)> = pairs("places")
        .into_iter()
        .filter_map(|(name, outer)| {
            Some((PlaceId::new(&name).ok()?, outer.and_then(|outer| PlaceId::new(&outer).ok())))
        })
        .collect();
    places.extend(sites);
    let places = Tree::new(places).map_err(|name| (Name::Place, name.to_string()));
    let mut circle = |(name, text): (Name, String)| {
        let place = names.place(name, &text).cloned().unwrap_or_else(|| deal.place.clone());
        let title = format!("{} `{text}` lies within itself", name.word());
        context.report(Diagnostic::new(place, title));
    };
    let objects = objects.map_err(|name| circle((Name::Object, name.to_string()))).ok();
    let purposes = purposes.map_err(|name| circle((Name::Purpose, name.to_string()))).ok();
    let places = places.map_err(circle).ok();
    let fact = |(key, body): &(Key, Node)| {
        let (kind, statement) = body.entries().first()?;
        let kind =
            decode::word(&[("event", FactKind::Event), ("state", FactKind::State)], &kind.text)?;
        let statement = statement.text()?.to_owned();
        Some((FactId::new(&key.text).ok()?, Fact { kind, statement }))
    };
    Some(Vocabulary {
        parties: names.of(Name::Party).filter_map(|text| PartyId::new(text).ok()).collect(),
        actions: names.of(Name::Action).filter_map(|text| ActionId::new(text).ok()).collect(),
        objects: objects?,
        purposes: purposes?,
        places: places?,
        facts: deal.get("facts").map_or(&[][..], Node::entries).iter().filter_map(fact).collect(),
    })
}

fn tree<T: Ord + Clone>(
    pairs: Vec<(String, Option<String>)>,
    id: impl Fn(&str) -> Option<T>,
) -> Result<Tree<T>, T> {
    let typed = pairs
        .into_iter()
        .filter_map(|(name, outer)| Some((id(&name)?, outer.and_then(|outer| id(&outer)))));
    Tree::new(typed)
}

fn agreements<'a>(
    files: impl Iterator<Item = &'a File<'a>>,
    context: &mut Context<'_>,
) -> Vec<Agreement> {
    let mut agreements: BTreeMap<AgreementId, Agreement> = BTreeMap::new();
    let mut places: BTreeMap<(AgreementId, comity_base::VersionId), Place> = BTreeMap::new();
    for file in files {
        let Some(found) = decode::version(&file.node, context) else { continue };
        let key = (found.agreement.clone(), found.version.id.clone());
        if let Some(first) = places.get(&key) {
            let title = format!("version `{}` of `{}` is there twice", key.1, key.0);
            context.report(Diagnostic::new(found.place, title).also(first.clone(), "first here"));
            continue;
        }
        places.insert(key, found.place);
        let agreement = agreements.entry(found.agreement.clone()).or_insert_with(|| Agreement {
            id: found.agreement,
            name: found.name,
            parties: BTreeSet::new(),
            versions: Vec::new(),
        });
        agreement.parties.extend(found.parties);
        agreement.versions.push(found.version);
    }
    agreements.into_values().collect()
}
