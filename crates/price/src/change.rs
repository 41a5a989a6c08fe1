//! Terms taken out of a deal, with all that speaks of them.

use std::collections::BTreeSet;

use comity_base::TermId;
use comity_terms::{Cited, Deal, Draft, Problem, Replacement, Term, TermKind, Version};
use thiserror::Error;

/// A deal without some of its terms.
#[derive(Debug, Clone)]
pub struct Without {
    /// What is left, checked.
    pub deal: Deal,
    /// What else was taken out because it speaks of them, a phrase each.
    pub also: Vec<String>,
}

/// Why terms cannot be taken out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WithoutError {
    /// No version adds these.
    #[error("no version adds `{}`", names(.0))]
    Unknown(BTreeSet<TermId>),
    /// What is wrong with the rest, such as a contradiction that only a taken term resolved.
    #[error("what is left does not pass the check")]
    Rest(Vec<Problem>),
}

fn names(terms: &BTreeSet<TermId>) -> String {
    terms.iter().map(TermId::as_str).collect::<Vec<_>>().join("`, `")
}

/// Takes terms out of all versions, with what cites them.
///
/// What a term took the place of stays ended: the deal is as if it had been agreed without the
/// term, not as if the earlier one had been kept. What an option brings goes with it, since nothing
/// else would have brought it.
///
/// # Errors
/// [`WithoutError`] when a term is not there, or the rest is no deal.
pub fn without(draft: &Draft, terms: &BTreeSet<TermId>) -> Result<Without, WithoutError> {
    let versions = draft.agreements.iter().flat_map(|agreement| &agreement.versions);
    let mut unknown = terms.clone();
    for term in versions.flat_map(|version| &version.adds) {
        unknown.remove(&term.id);
    }
    if !unknown.is_empty() {
        return Err(WithoutError::Unknown(unknown));
    }
    let (terms, also) = with_brought(draft, terms);
    let mut draft = draft.clone();
    let mut taking = Taking { terms: &terms, also };
    for version in draft.agreements.iter_mut().flat_map(|agreement| &mut agreement.versions) {
        taking.version(version);
    }
    let record = &mut draft.record;
    let taken = &mut taking;
    record.offers.retain(|it| taken.keeps(&it.term, || "an offer made under it".to_owned()));
    record.exercises.retain(|it| taken.keeps(&it.option, || "its exercise".to_owned()));
    record.consents.retain(|it| taken.keeps(&it.to, || format!("the consent {} to it", it.id)));
    let deal = Deal::new(draft).map_err(WithoutError::Rest)?;
    Ok(Without { deal, also: taking.also })
}

/// The terms with those that the options among them bring, and a phrase for each of these.
fn with_brought(draft: &Draft, terms: &BTreeSet<TermId>) -> (BTreeSet<TermId>, Vec<String>) {
    let (mut all, mut also) = (terms.clone(), Vec::new());
    let versions = || draft.agreements.iter().flat_map(|agreement| &agreement.versions);
    let mut left: Vec<TermId> = terms.iter().cloned().collect();
    while let Some(id) = left.pop() {
        let adds = versions().flat_map(|version| &version.adds);
        for term in adds.filter(|term| term.id == id) {
            let TermKind::Option(right) = &term.kind else { continue };
            for brought in &right.brings {
                if all.insert(brought.value.clone()) {
                    also.push(format!("{id}: {}, which it brings", brought.value));
                    left.push(brought.value.clone());
                }
            }
        }
    }
    (all, also)
}

struct Taking<'t> {
    terms: &'t BTreeSet<TermId>,
    also: Vec<String>,
}

impl Taking<'_> {
    /// Whether what cites a term stays; if not, it is noted.
    fn keeps(&mut self, cited: &Cited<TermId>, what: impl FnOnce() -> String) -> bool {
        let kept = !self.terms.contains(&cited.value);
        if !kept {
            self.also.push(format!("{}: {}", cited.value, what()));
        }
        kept
    }

    fn version(&mut self, version: &mut Version) {
        version.adds.retain(|term| !self.terms.contains(&term.id));
        for term in &mut version.adds {
            self.term(term);
        }
        let id = version.id.clone();
        let (replaces, mut ended) = self.replacements(std::mem::take(&mut version.replaces));
        version.replaces = replaces;
        version.ends.append(&mut ended);
        let ending = || format!("its end by version {id}");
        version.ends.retain(|it| self.keeps(it, ending));
        let changes = &mut version.changes;
        let (corrects, mut annulled) = self.replacements(std::mem::take(&mut changes.corrects));
        changes.corrects = corrects;
        changes.annuls.append(&mut annulled);
        changes.annuls.retain(|it| self.keeps(it, || format!("its annulment by version {id}")));
        let mut change = |it: &Cited<TermId>, what: &str| {
            self.keeps(it, || format!("its {what} by version {id}"))
        };
        changes.suspends.retain(|it| change(&it.term, "suspension"));
        changes.extends.retain(|it| change(&it.term, "extension"));
    }

    fn term(&mut self, term: &mut Term) {
        let id = term.id.clone();
        term.overrides.retain(|it| self.keeps(it, || format!("that {id} overrides it")));
        match &mut term.kind {
            TermKind::Option(right) => {
                right.brings.retain(|it| self.keeps(it, || format!("that {id} brings it")));
            }
            TermKind::Guarantee(it) => {
                it.secures.retain(|it| self.keeps(it, || format!("that {id} secures it")));
            }
            TermKind::Commitment(it) => {
                if let Some(wider) = it.within.take_if(|wider| self.terms.contains(wider)) {
                    self.also.push(format!("{wider}: that {id} counts for it"));
                }
            }
            TermKind::Exclusivity(_)
            | TermKind::Permission(_)
            | TermKind::Prohibition(_)
            | TermKind::FirstRefusal(_)
            | TermKind::Duty(_)
            | TermKind::Clause(_)
            | TermKind::RevenueShare(_)
            | TermKind::Discount(_)
            | TermKind::Credit(_)
            | TermKind::CostSplit(_)
            | TermKind::Equity(_)
            | TermKind::CapitalCommitment(_)
            | TermKind::Governance(_)
            | TermKind::TechnologyPartner(_)
            | TermKind::Capacity(_) => {}
        }
    }

    /// Replacements without the terms, and the terms that are replaced by nothing any more.
    fn replacements(&mut self, all: Vec<Replacement>) -> (Vec<Replacement>, Vec<Cited<TermId>>) {
        let (mut kept, mut ended) = (Vec::new(), Vec::new());
        for mut one in all {
            let by: Vec<&str> = one.by.iter().map(|by| by.value.as_str()).collect();
            let by = by.join(", ");
            if !self.keeps(&one.term, || format!("that {by} takes its place")) {
                continue;
            }
            let replaced = one.term.value.clone();
            let in_place = || format!("that it takes the place of {replaced}, which still ends");
            one.by.retain(|it| self.keeps(it, in_place));
            if one.by.is_empty() {
                ended.push(one.term);
            } else {
                kept.push(one);
            }
        }
        (kept, ended)
    }
}
