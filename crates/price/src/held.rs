//! What else closes the same sites, where taking terms out flips nothing.

use std::collections::BTreeSet;

use comity_base::{TermId, Window};
use comity_replay::Replay;
use comity_terms::Answer;

/// The terms that give the same answer in place of the ones that were taken out.
///
/// They are looked for at each site and time in the period at which the terms settle an answer that
/// is the same without them, and is not that the work may run there.
#[must_use]
pub fn also_held(
    with: &Replay,
    without: &Replay,
    terms: &BTreeSet<TermId>,
    period: Window,
) -> BTreeSet<TermId> {
    let mut others = BTreeSet::new();
    for at_site in &with.rulings {
        let settled = at_site
            .rulings
            .iter()
            .filter(|ruling| ruling.answer != Answer::Allow && !ruling.terms.is_disjoint(terms));
        for ruling in settled {
            let Some(held) = ruling.window.intersect(period) else { continue };
            let rest = without.ruling(at_site.stream, &at_site.site, held.start());
            if let Some(rest) = rest.filter(|rest| rest.answer == ruling.answer) {
                others.extend(rest.terms.iter().cloned());
            }
        }
    }
    others
}
