//! What the tests of changes and delays share: small deals read from text.

use comity_base::{Instant, TermId};
use comity_lang::{Loaded, Source, read};

pub(crate) const BASIS: &str =
    "basis: {phrase: made up, source: none, date: 2025-01-01, status: assumed}";

/// What every small deal has besides its agreements, sites and record.
const DEAL: &str = "\
kind: deal
name: Small
summary: Two parties and a stranger.
currency: {code: USD, digits: 2}
rounding: half-even
silence: {otherwise: liberty}
actions: {build: {name: build}, host: {name: host}}
objects: {capacity: {name: capacity}, api: {name: the API}}
purposes: {training: {name: training}}
places: {us: {name: United States}, uk: {name: United Kingdom}}
";
const PARTIES: &str = "\
kind: parties
parties:
  lab: {name: Lab, role: uses}
  cloud: {name: Cloud, role: hosts}
  rival: {name: Rival, role: hosts}
";

/// Reads a deal of these files, each with its path, with those of every small deal that are not among
/// them; `BASIS` stands for a basis.
pub(crate) fn deal(files: &[(&str, &str)]) -> Loaded {
    let all = [("deal.yaml", DEAL), ("parties.yaml", PARTIES)];
    let source = |(path, text): (&str, &str)| Source {
        path: path.into(),
        text: text.replace("BASIS", BASIS),
    };
    let given = |path: &str| files.iter().any(|(other, _)| *other == path);
    let others = all.into_iter().filter(|(path, _)| !given(path));
    let sources: Vec<Source> = others.chain(files.iter().copied()).map(source).collect();
    read(&sources).unwrap_or_else(|problems| panic!("the deal is well formed: {problems:#?}"))
}

pub(crate) fn term(id: &str) -> TermId {
    TermId::new(id).unwrap()
}

pub(crate) fn at(date: &str) -> Instant {
    Instant::parse(date).unwrap()
}
