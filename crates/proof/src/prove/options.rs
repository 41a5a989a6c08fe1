//! Options: each can be exercised, and brings something.

use std::collections::BTreeSet;

use comity_base::TermId;
use comity_terms::{OptionRight, TermKind};

use super::{Case, Property, Proved, counted, judged};
use crate::answers::Side;

/// Every option holds at some time, or would once the option that brings it is exercised; and each
/// term that it brings would hold if it were exercised as early as can be.
pub(super) fn options(side: &Side<'_>) -> Proved {
    let mut all: Vec<(&TermId, &OptionRight)> = Vec::new();
    for (_, version) in side.deal.versions() {
        for term in &version.adds {
            if let TermKind::Option(right) = &term.kind {
                all.push((&term.id, right));
            }
        }
    }
    let gone = super::norms::undone(side);
    let rules = side.rules.with_every_exercise();
    let holds: BTreeSet<&TermId> = rules.holdings().iter().map(|it| &it.term.id).collect();
    let mut cases = Vec::new();
    for &(id, right) in all.iter().filter(|(id, _)| !gone.contains(id)) {
        if !holds.contains(id) {
            let text = format!("{id} can never be exercised: it ends before it begins");
            cases.push(Case::of(text, [id.clone()]));
            continue;
        }
        let brought = right.brings.iter().map(|it| &it.value).filter(|it| !gone.contains(it));
        for term in brought.filter(|it| !holds.contains(it)) {
            let text = format!("{id} brings {term}, which is over before that can hold");
            cases.push(Case::of(text, [id.clone(), term.clone()]));
        }
    }
    judged(Property::OptionsCanBeExercised, cases, counted(all.len(), "option", "options"))
}
