//! All files of a deal to one checked deal, or to everything that is wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{
    ActionId, AgreementId, Calendar, Currency, FactId, GpuTypeId, IdError, Instant, ObjectId,
    PartyId, PlaceId, PurposeId, Rounding, Window,
};
use comity_fleet::{Fleet, Nodes, Site, Workload};
use comity_ingest::Feed;
use comity_terms::{
    Agreement, Ambiguity, Called, Deal, Draft, Expectation, Fact, FactKind, Party, Position,
    Problem, Record, Silence, SilenceRule, Tree, Vocabulary,
};

use crate::decode::{self, Context};
use crate::diagnostic::{Diagnostic, Place, Source, nearest, quoted};
use crate::follows::{Damage, Files};
use crate::grammar::FileKind;
use crate::node::{Key, Kind, Node, Quotes, parse};
use crate::problem::diagnose_all;
use crate::quotation;
use crate::shape::{Name, Names, Shape, check, resolve};

/// A checked deal with its sites and its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The parties, agreements, rates and record.
    pub deal: Deal,
    /// The deal's own currency, and the others that its amounts may be in.
    pub currencies: Vec<Currency>,
    /// The sites.
    pub fleet: Fleet,
    /// The work, where the deal has a workload file.
    pub workload: Option<Workload>,
    /// What must hold of the deal, in the order of the files.
    pub expectations: Vec<Expectation>,
    /// How usage records of others are read, in the order of the files.
    pub feeds: Vec<Feed>,
}

struct File {
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
    let has_deal = files.iter().any(|file| file.kind == FileKind::Deal);
    if !has_deal && !names.may_miss(Name::Object, "") {
        out.push(no_deal(sources));
        names.miss(&[FileKind::Deal.shape()], None);
    }
    for file in &files {
        resolve(&file.node, &file.kind.shape(), &names, &mut out);
    }
    names.clashes(&mut out);
    quotation::check(files.iter().map(|file| &file.node), sources, &names, &mut out);
    let loaded = assemble(&files, &names, sources, &mut out);
    let order: BTreeMap<&str, usize> =
        sources.iter().enumerate().map(|(index, source)| (&*source.path, index)).collect();
    out.sort_by(|a, b| {
        let index = |found: &Diagnostic| order.get(&*found.place.position.file).copied();
        index(a).cmp(&index(b)).then_with(|| a.cmp(b))
    });
    out.dedup();
    match loaded {
        Some(loaded) if out.is_empty() => Ok(loaded),
        Some(_) | None => {
            assert!(!out.is_empty(), "a deal that is not read has a diagnostic that says why");
            Err(out)
        }
    }
}

/// What is wrong between the parts of a deal that was made from these files, in a reader's words.
#[must_use]
pub fn explain(problems: &[Problem], sources: &[Source]) -> Vec<Diagnostic> {
    diagnose_all(problems, |position| place_at(position, sources))
}

/// Reads feeds without a deal: their names are taken as they are.
///
/// # Errors
/// Every problem found, in the order of the file.
pub fn read_feeds(source: &Source) -> Result<Vec<Feed>, Vec<Diagnostic>> {
    let mut out = Vec::new();
    let files = files(std::slice::from_ref(source), &mut Names::default(), &mut out);
    if let Some(file) = files.iter().find(|file| file.kind != FileKind::Feed) {
        let place = file.node.get("kind").map_or(&file.node.place, |kind| &kind.place);
        let title = format!("a file of kind `{}`, where a feed is expected", file.kind.name());
        out.push(Diagnostic::new(place.clone(), title));
    }
    let feeds = feeds(
        &files,
        &mut Context {
            currency: Currency::NONE,
            currencies: vec![Currency::NONE],
            calendars: BTreeMap::new(),
            out: &mut out,
        },
    );
    if out.is_empty() { Ok(feeds) } else { Err(out) }
}

/// The feeds of all files; one whose id is there before is reported.
fn feeds(files: &[File], context: &mut Context<'_>) -> Vec<Feed> {
    let mut feeds = Vec::new();
    let mut seen: BTreeMap<&str, &Place> = BTreeMap::new();
    for (key, body) in entries(files.iter().filter(|file| file.kind == FileKind::Feed), "feeds") {
        if let Some(first) = seen.insert(&key.text, &key.place) {
            let title = format!("feed `{}` is there twice", key.text);
            context.report(
                Diagnostic::new(key.place.clone(), title).also(first.clone(), "first here"),
            );
        }
        feeds.extend(decode::feed(key, body, context));
    }
    feeds
}

fn files(sources: &[Source], names: &mut Names, out: &mut Vec<Diagnostic>) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    for source in sources.iter().filter(|source| !source.is_text()) {
        let Some(mut node) = parse(source, out) else {
            miss(line_kind(&source.text), &source.text, names);
            continue;
        };
        let word = node.get("kind").and_then(Node::text).unwrap_or("");
        if kind_named(word).is_none() {
            out.push(unknown_kind(&node, word));
        }
        // What stands in a file of a misspelt kind is checked as well.
        let kinds = FileKind::ALL.map(FileKind::name);
        let Some(kind) = kind_named(word).or_else(|| kind_named(nearest(word, kinds)?)) else {
            miss(None, &source.text, names);
            continue;
        };
        name_kind(&mut node, kind);
        check(&node, &kind.shape(), names, out);
        let single = matches!(kind, FileKind::Deal | FileKind::Record | FileKind::Workload);
        let first = files.iter().find(|file| single && file.kind == kind);
        if let (Some(first), Some(place)) = (first, node.get("kind").map(|kind| &kind.place)) {
            let title = format!("a second file of kind `{}`", kind.name());
            let other = first.node.get("kind").map_or(&first.node.place, |kind| &kind.place);
            out.push(
                Diagnostic::new(place.clone(), title)
                    .also(other.clone(), "the first one")
                    .help("a deal has one: merge the two"),
            );
            continue;
        }
        files.push(File { kind, node });
    }
    files
}

fn kind_named(word: &str) -> Option<FileKind> {
    FileKind::ALL.into_iter().find(|kind| kind.name() == word)
}

fn unknown_kind(node: &Node, word: &str) -> Diagnostic {
    let place = node.get("kind").map_or(&node.place, |kind| &kind.place);
    let kinds = FileKind::ALL.map(FileKind::name);
    if !word.is_empty() {
        let title = format!("unknown kind of file `{}`", quoted(word));
        return Diagnostic::new(place.clone(), title).nearest(word, kinds);
    }
    let kinds = kinds.map(|kind| format!("`{kind}`")).join(", ");
    Diagnostic::new(place.clone(), "the file does not say what kind it is")
        .help(format!("start with `kind:` and one of {kinds}"))
}

/// The kind that a file names, found without reading it as YAML.
fn line_kind(text: &str) -> Option<FileKind> {
    text.lines().find_map(|line| kind_named(line.strip_prefix("kind:")?.trim()))
}

/// Puts the kind that is meant in the place of a misspelt one, which was reported.
fn name_kind(node: &mut Node, kind: FileKind) {
    let Kind::Map(entries) = &mut node.kind else { return };
    for (_, value) in entries.iter_mut().filter(|(key, _)| key.text == "kind") {
        value.kind = Kind::Scalar { text: kind.name().to_owned(), quotes: Quotes::There };
    }
}

/// Takes note of the names that a file which could not be read may define.
fn miss(kind: Option<FileKind>, text: &str, names: &mut Names) {
    let shapes: Vec<Shape> = match kind {
        Some(kind) => vec![kind.shape()],
        None => FileKind::ALL.map(FileKind::shape).into(),
    };
    names.miss(&shapes, Some(text));
}

/// Puts the files together. What one file lacks does not keep the others from being checked:
/// something stands in for it, and the deal is not given out.
fn assemble(
    files: &[File],
    names: &Names,
    sources: &[Source],
    out: &mut Vec<Diagnostic>,
) -> Option<Loaded> {
    let of = |kind| files.iter().filter(move |file| file.kind == kind);
    let nothing = Node { place: Place::new("".into(), 1, 1, 1), kind: Kind::Map(Vec::new()) };
    let found = Files {
        deal: of(FileKind::Deal).next().map(|file| &file.node),
        versions: of(FileKind::Version).map(|file| &file.node).collect(),
        record: of(FileKind::Record).next().map(|file| &file.node),
    };
    let deal = found.deal.unwrap_or(&nothing);
    let currency = currency(deal).unwrap_or(Currency::NONE);
    let all = currencies(currency, deal);
    let mut context =
        Context { currency, currencies: all.clone(), calendars: BTreeMap::new(), out };
    for (key, body) in deal.get("calendars").map_or(&[][..], Node::entries) {
        // What cannot be read was reported; days in UTC stand in for it.
        let calendar = decode::calendar(body, &mut context).unwrap_or_else(Calendar::utc);
        context.calendars.insert(key.text.clone(), calendar);
    }
    let mut rates = Vec::new();
    for (key, body) in entries(of(FileKind::Rates), "rates") {
        rates.extend(decode::rate(key, body, &mut context));
    }
    let mut conversions = Vec::new();
    for (key, body) in entries(of(FileKind::Rates), "conversions") {
        conversions.extend(decode::conversion(key, body, &mut context));
    }
    let tolerance = deal.get("tolerance");
    let tolerance = tolerance.and_then(|node| decode::tolerance(node, &mut context));
    let mut sites = Vec::new();
    for (key, body) in entries(of(FileKind::Sites), "sites") {
        sites.extend(decode::site(key, body, &mut context));
    }
    let record = found.record.and_then(|node| decode::record(node, &mut context));
    let workload = of(FileKind::Workload).next();
    let workload = workload.and_then(|file| decode::workload(&file.node, &mut context));
    let expectations: Vec<Expectation> = of(FileKind::Expect)
        .filter_map(|file| file.node.get("expect"))
        .flat_map(Node::items)
        .filter_map(|item| decode::expectation(item, &mut context))
        .collect();
    let feeds = feeds(files, &mut context);
    let agreements = agreements(of(FileKind::Version), &mut context);
    if let Some(file) = of(FileKind::Workload).next() {
        compared(&file.node, &found.versions, names, &mut context);
    }
    let parties = entries(of(FileKind::Parties), "parties").filter_map(party).collect();
    // A site with the name of a place was reported.
    let own_name = sites.iter().filter(|site| names.place(Name::Place, site.id.as_str()).is_none());
    let place_of_site =
        own_name.map(|site| (PlaceId::from(&site.id), Some(site.country.clone()))).collect();
    let draft = Draft {
        name: deal.string("name").unwrap_or_default(),
        summary: deal.string("summary").unwrap_or_default(),
        currency,
        rounding: deal.word("rounding", &Rounding::NAMED).unwrap_or(Rounding::HalfEven),
        silence: silence(deal.get("silence").unwrap_or(&nothing), &mut context),
        vocabulary: Vocabulary {
            called: called(deal, of(FileKind::Sites)),
            ..vocabulary(deal, names, place_of_site, &mut context)
        },
        parties,
        agreements,
        rates,
        conversions,
        tolerance,
        // Without a record nothing is known to have happened, or not to have.
        record: record.unwrap_or(Record {
            complete_to: Instant::MIN,
            facts: Vec::new(),
            measures: Vec::new(),
            offers: Vec::new(),
            exercises: Vec::new(),
            consents: Vec::new(),
            disputes: Vec::new(),
        }),
    };
    if let Some(file) = of(FileKind::Workload).next() {
        let raw: Vec<&(Key, Node)> = entries(of(FileKind::Sites), "sites").collect();
        let places = (deal, &draft.vocabulary.places);
        served_and_placed(&file.node, (&raw, &sites), places, names, &mut context);
    }
    let damage = Damage::of(&found, &draft, names, context.out);
    match Deal::new(draft) {
        Ok(deal) => {
            // A site that is there twice, or is too large, was reported.
            let fleet = Fleet::new(sites).ok()?;
            Some(Loaded { deal, currencies: all, fleet, workload, expectations, feeds })
        }
        Err(problems) => {
            let problems = problems.iter().filter(|problem| !damage.explains(problem));
            let found = diagnose_all(problems, |position| place_at(position, sources));
            out.extend(found);
            None
        }
    }
}

fn no_deal(sources: &[Source]) -> Diagnostic {
    let first = sources.iter().find(|source| !source.is_text());
    let path = first.map_or_else(|| "deal.yaml".into(), |file| file.path.clone());
    Diagnostic::new(Place::new(path, 1, 1, 1), "no file of kind `deal` in this folder")
        .help("every deal has one, by custom `deal.yaml`, with its currency, rounding and names")
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

/// What work asks for that no site could give it.
fn served_and_placed(
    workload: &Node,
    (sites, read): (&[&(Key, Node)], &[Site]),
    places: (&Node, &Tree<PlaceId>),
    names: &Names,
    context: &mut Context<'_>,
) {
    regions(workload, sites, places, names, context);
    needs(workload, sites, names, context);
    told_apart(workload, sites, read, context);
}

/// A region that no site lies in, and whose traffic may not spill, would never be served.
fn regions(
    workload: &Node,
    sites: &[&(Key, Node)],
    (deal, places): (&Node, &Tree<PlaceId>),
    names: &Names,
    context: &mut Context<'_>,
) {
    let known_place = |place: &str| names.place(Name::Place, place).is_some();
    let of_site = |(_, site): &&(Key, Node)| PlaceId::new(site.get("place")?.text()?).ok();
    let known: Option<Vec<PlaceId>> = sites.iter().map(of_site).collect();
    let outer =
        |(_, place): &(Key, Node)| place.get("within").and_then(Node::text).is_none_or(known_place);
    // A site may be anywhere if it, or what it lies in, could not be read; that was reported.
    let Some(known) = known.filter(|known| {
        !names.may_miss_some(Name::Site)
            && known.iter().all(|place| known_place(place.as_str()))
            && deal.get("places").map_or(&[][..], Node::entries).iter().all(outer)
    }) else {
        return;
    };
    let mut fit: BTreeSet<&str> = sites.iter().map(|(id, _)| id.text.as_str()).collect();
    for place in &known {
        let mut next = Some(place);
        while let Some(place) = next.filter(|place| fit.insert(place.as_str())) {
            next = places.outer(place);
        }
    }
    let streams = workload.get("streams").map_or(&[][..], Node::entries);
    let bound = streams
        .iter()
        .filter_map(|(_, stream)| stream.get("serving"))
        .filter(|serving| serving.truth("spill") != Some(true))
        .filter_map(|serving| serving.get("regions"));
    for (key, _) in bound.flat_map(Node::entries) {
        // A name that is unknown was reported.
        if fit.contains(&*key.text) || !known_place(&key.text) {
            continue;
        }
        let title = format!("no site lies in `{}`, so its traffic is never served", key.text);
        let mut diagnostic = Diagnostic::new(key.place.clone(), title)
            .help("give a place with a site, or `spill: true` for traffic that goes elsewhere");
        if names.may_compare(fit.len()) {
            diagnostic = diagnostic.nearest(&key.text, fit.iter().copied());
        }
        context.report(diagnostic);
    }
}

/// What jobs need of nodes counts for nothing where no site tells how its nodes stand.
fn needs(workload: &Node, sites: &[&(Key, Node)], names: &Names, context: &mut Context<'_>) {
    // A site may tell it in a part that could not be read; that was reported.
    let told = sites.iter().any(|(_, site)| site.get("nodes").is_some());
    if told || names.may_miss_some(Name::Site) {
        return;
    }
    let streams = workload.get("streams").map_or(&[][..], Node::entries);
    let said = streams.iter().filter_map(|(_, stream)| stream.get("jobs")?.get("needs"));
    for needs in said.filter(|needs| !needs.entries().is_empty()) {
        let title = "`needs`, and no site says how its machines stand";
        context.report(
            Diagnostic::new(needs.place.clone(), title).help(
                "say it at a site, such as `nodes: {gpus-per-node: 8}`, or leave `needs` out",
            ),
        );
    }
}

/// GPUs that jobs have shares of are told apart; where a site says how its machines stand that is
/// reported there.
fn told_apart(workload: &Node, sites: &[&(Key, Node)], read: &[Site], context: &mut Context<'_>) {
    let streams = workload.get("streams").map_or(&[][..], Node::entries);
    let share_of = |gpu: &GpuTypeId, (_, stream): &(Key, Node)| {
        let types = stream.ids("gpus", GpuTypeId::new);
        let fits = types.is_empty() || types.contains(gpu);
        stream.get("jobs").filter(|_| fits).and_then(decode::first_share).map(|it| it.place.clone())
    };
    for site in read.iter().filter(|site| site.nodes.is_none()) {
        let place = sites.iter().find(|(key, _)| key.text == site.id.as_str());
        // A site with more than 4 billion GPUs was reported.
        let (Some((key, _)), Ok(_)) = (place, Fleet::new([site.clone()])) else { continue };
        for (gpu, capacity) in site.capacities() {
            let gpus = capacity.most_in(Window::ALWAYS);
            let shared = streams.iter().find_map(|stream| share_of(&gpu, stream));
            let Some(shared) = shared.filter(|_| gpus > Nodes::GPUS_MOST) else { continue };
            let most = Nodes::GPUS_MOST;
            let title =
                format!("shares of {gpus} GPUs of type `{gpu}`, and at most {most} are told apart");
            context.report(
                Diagnostic::new(key.place.clone(), title)
                    .also(shared, "a share of a GPU")
                    .help("make sites of its parts, or give whole GPUs"),
            );
        }
    }
}

/// The agreement whose versions are compared must be one of the deal's.
fn compared(workload: &Node, versions: &[&Node], names: &Names, context: &mut Context<'_>) {
    let Some((node, text)) = workload.get("compare").and_then(|node| Some((node, node.text()?)))
    else {
        return;
    };
    let agreements: BTreeSet<&str> =
        versions.iter().filter_map(|version| version.get("agreement")?.text()).collect();
    // The agreement may stand in a version that could not be read.
    let known = agreements.contains(text) || names.may_miss(Name::Term, text);
    if AgreementId::new(text).is_ok() && !known {
        let title = format!("unknown agreement `{text}`");
        context.report(Diagnostic::new(node.place.clone(), title).nearest(text, agreements));
    }
}

fn entries<'a>(
    files: impl Iterator<Item = &'a File>,
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

/// The deal's own currency, and those besides it.
fn currencies(own: Currency, deal: &Node) -> Vec<Currency> {
    let entries = deal.get("currencies").map_or(&[][..], Node::entries);
    let one = |(key, digits): &(Key, Node)| Currency::new(&key.text, decode::whole(digits)?).ok();
    std::iter::once(own).chain(entries.iter().filter_map(one)).collect()
}

fn silence(node: &Node, context: &mut Context<'_>) -> SilenceRule {
    let named = [("liberty", Silence::Liberty), ("prohibited", Silence::Prohibited)];
    let mut actions = BTreeMap::new();
    let mut places: BTreeMap<ActionId, &Place> = BTreeMap::new();
    for (key, reading) in named {
        for item in node.get(key).map_or(&[][..], Node::items) {
            let Some(action) = item.text().and_then(|text| ActionId::new(text).ok()) else {
                continue;
            };
            let other = actions.insert(action.clone(), reading);
            let first = *places.entry(action.clone()).or_insert(&item.place);
            if other.is_some_and(|other| other != reading) {
                let title = format!("silence about `{action}` is read in two ways");
                context.report(
                    Diagnostic::new(item.place.clone(), title)
                        .also(first.clone(), "first here")
                        .help("remove one of the two"),
                );
            }
        }
    }
    let otherwise = node.word("otherwise", &named).unwrap_or(Silence::Liberty);
    SilenceRule { otherwise, actions }
}

fn vocabulary(
    deal: &Node,
    names: &Names,
    sites: Vec<(PlaceId, Option<PlaceId>)>,
    context: &mut Context<'_>,
) -> Vocabulary {
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
    let places = grow(places).map_err(|name| (Name::Place, name.to_string()));
    let mut circle = |(name, text): (Name, String)| {
        let place = names.place(name, &text).cloned().unwrap_or_else(|| deal.place.clone());
        let title = format!("{} `{text}` lies within itself", name.word());
        context
            .report(Diagnostic::new(place, title).help(
                "follow its `within` from one to the next and remove the one that goes back",
            ));
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
    let mut facts: BTreeMap<FactId, Fact> =
        deal.get("facts").map_or(&[][..], Node::entries).iter().filter_map(fact).collect();
    let mut ambiguities = BTreeMap::new();
    for (key, body) in deal.get("ambiguities").map_or(&[][..], Node::entries) {
        let mut readings = BTreeSet::new();
        for (reading, statement) in body.get("readings").map_or(&[][..], Node::entries) {
            let (Ok(id), Some(statement)) = (FactId::new(&reading.text), statement.text()) else {
                continue;
            };
            let statement = statement.to_owned();
            facts.insert(id.clone(), Fact { kind: FactKind::Reading, statement });
            readings.insert(id);
        }
        if let (Ok(id), Some(question)) = (FactId::new(&key.text), body.string("question")) {
            ambiguities.insert(id, Ambiguity { question, readings });
        }
    }
    Vocabulary {
        parties: names.of(Name::Party).filter_map(|text| PartyId::new(text).ok()).collect(),
        actions: names.of(Name::Action).filter_map(|text| ActionId::new(text).ok()).collect(),
        objects: objects.unwrap_or_default(),
        purposes: purposes.unwrap_or_default(),
        places: places.unwrap_or_default(),
        facts,
        ambiguities,
        called: Called::default(),
    }
}

/// What the deal's names are called; a site is a place too.
fn called<'a>(deal: &Node, sites: impl Iterator<Item = &'a File>) -> Called {
    let mut called = Called {
        actions: named(deal, "actions", ActionId::new).collect(),
        objects: named(deal, "objects", ObjectId::new).collect(),
        purposes: named(deal, "purposes", PurposeId::new).collect(),
        places: named(deal, "places", PlaceId::new).collect(),
        gpus: BTreeMap::new(),
    };
    for file in sites {
        called.places.extend(named(&file.node, "sites", PlaceId::new));
        called.gpus.extend(named(&file.node, "gpus", GpuTypeId::new));
    }
    called
}

/// The names under a key with what they are called.
fn named<T>(
    node: &Node,
    key: &str,
    id: impl Fn(&str) -> Result<T, IdError>,
) -> impl Iterator<Item = (T, String)> {
    let entries = node.get(key).map_or(&[][..], Node::entries).iter();
    entries.filter_map(move |(key, body)| Some((id(&key.text).ok()?, body.string("name")?)))
}

fn tree<T: Ord + Clone>(
    pairs: Vec<(String, Option<String>)>,
    id: impl Fn(&str) -> Option<T>,
) -> Result<Tree<T>, T> {
    let typed = pairs
        .into_iter()
        .filter_map(|(name, outer)| Some((id(&name)?, outer.and_then(|outer| id(&outer)))));
    grow(typed.collect())
}

/// A tree of names; what lies within an unknown name, which was reported, stands on its own.
fn grow<T: Ord + Clone>(pairs: Vec<(T, Option<T>)>) -> Result<Tree<T>, T> {
    let known: BTreeSet<T> = pairs.iter().map(|(name, _)| name.clone()).collect();
    let within =
        |(name, outer): (T, Option<T>)| (name, outer.filter(|outer| known.contains(outer)));
    Tree::new(pairs.into_iter().map(within))
}

fn agreements<'a>(
    files: impl Iterator<Item = &'a File>,
    context: &mut Context<'_>,
) -> Vec<Agreement> {
    let mut agreements: BTreeMap<AgreementId, Agreement> = BTreeMap::new();
    let mut places: BTreeMap<(AgreementId, comity_base::VersionId), Place> = BTreeMap::new();
    for file in files {
        let Some(found) = decode::version(&file.node, context) else { continue };
        let key = (found.agreement.clone(), found.version.id.clone());
        if let Some(first) = places.get(&key) {
            let title = format!("version `{}` of `{}` is there twice", key.1, key.0);
            context.report(
                Diagnostic::new(found.place, title)
                    .also(first.clone(), "first here")
                    .help("give each version the date from which it is effective as its id"),
            );
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
