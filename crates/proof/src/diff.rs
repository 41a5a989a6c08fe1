//! What is another between two views of a deal, or of two deals: terms and answers.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{AgreementId, Instant, Known, TermId, VersionId, Window};
use comity_terms::{
    Agreement, Cited, Deal, Draft, Holding, Replacement, Term, TermKind, Version, Vocabulary,
    sentence,
};

use crate::answers::{Outcome, Side};
use crate::boxes::{Extent, boxes};
use crate::grid::{Cell, Grid, Pin};

/// A deal at an instant, by what was known.
#[derive(Debug, Clone, Copy)]
pub struct View<'d> {
    /// The deal.
    pub deal: &'d Deal,
    /// When.
    pub at: Instant,
    /// By what was on record.
    pub known: Known,
}

/// Everything that is another in one view than in the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The terms, in order of their ids.
    pub terms: Vec<ChangedTerm>,
    /// The answers, in boxes that hold each changed request exactly once; the largest first.
    pub answers: Vec<ChangedAnswer>,
    /// Names that only one of two deals has, so that no request with them is compared.
    pub not_compared: Vec<String>,
}

/// A term that is in force in one view and not in the other, or says something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedTerm {
    /// The term.
    pub term: TermId,
    /// What became of it.
    pub how: How,
    /// By what.
    pub manner: Manner,
    /// The version that did it.
    pub version: Option<(AgreementId, VersionId)>,
    /// What it says in the first view, where it is in force there.
    pub before: Option<String>,
    /// What it says in the second view, where it is in force there.
    pub after: Option<String>,
}

/// What became of a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// It was added, in place of these if there are any.
    Added {
        /// The terms that gave way to it.
        instead_of: Vec<TermId>,
    },
    /// Others were put in its place.
    Replaced {
        /// The others.
        by: Vec<TermId>,
    },
    /// It was ended.
    Ended,
    /// It ran out, by its own words or with its agreement.
    RanOut(Instant),
    /// It begins only then.
    BeginsLater(Instant),
    /// It does not hold for some time.
    Suspended(Window),
    /// It holds now, though its version was there before: it began or resumed.
    Began,
    /// The exercise of an option brought it.
    Brought {
        /// The option.
        option: TermId,
        /// When it was exercised.
        on: Instant,
        /// When that was recorded.
        recorded: Instant,
    },
    /// It was not on record.
    NotRecorded,
    /// It was written down wrongly, and these are right.
    Corrected {
        /// What is right.
        by: Vec<TermId>,
    },
    /// It stands for these, which were written down wrongly.
    Corrects {
        /// What was wrong.
        wrong: Vec<TermId>,
    },
    /// It was never valid.
    Annulled,
    /// It holds for another period.
    Period {
        /// Before.
        before: Window,
        /// Now.
        after: Window,
    },
    /// It says something else.
    Reworded,
    /// Only this deal of the two has it.
    Elsewhere,
}

/// By what something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manner {
    /// By an amendment: from a date on.
    Amendment,
    /// By a correction or an annulment: as if it had never been otherwise.
    Correction,
    /// By the passing of time, or by what happened.
    Time,
    /// By the text of another deal.
    Text,
}

impl Manner {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Amendment => "amendment",
            Self::Correction => "correction",
            Self::Time => "time or record",
            Self::Text => "text",
        }
    }
}

/// Requests that have another answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangedAnswer {
    /// The answer in the first view.
    pub before: Outcome,
    /// The answer in the second view.
    pub after: Outcome,
    /// By what: a correction if one of the terms that settle it was corrected.
    pub manner: Manner,
    /// The requests.
    pub extent: Extent,
}

/// Everything that is another in the second view than in the first.
#[must_use]
pub fn diff(before: View<'_>, after: View<'_>) -> Difference {
    let sides = [Side::new(before.deal, before.known), Side::new(after.deal, after.known)];
    let [first, second] = &sides;
    let terms = terms(before, after, first, second);
    let manner = |before: &Outcome, after: &Outcome| {
        let settles = |term: &TermId| before.terms.contains(term) || after.terms.contains(term);
        let manners = terms.iter().filter(|it| settles(&it.term)).map(|it| it.manner);
        let manners: BTreeSet<Manner> = manners.collect();
        let found = [Manner::Correction, Manner::Text, Manner::Amendment];
        found.into_iter().find(|it| manners.contains(it)).unwrap_or(Manner::Time)
    };
    let (grid, changed) = changed_cells((first, before.at), (second, after.at), None);
    let answers = boxes(&grid, changed)
        .into_iter()
        .map(|((before, after), extent)| {
            let manner = manner(&before, &after);
            ChangedAnswer { before, after, manner, extent }
        })
        .collect();
    let not_compared = one_sided(before.deal.parts(), after.deal.parts());
    Difference { terms, answers, not_compared }
}

/// The cells of which the answer changes, each with the answers.
pub(crate) type ChangedCells = Vec<(Cell, (Outcome, Outcome))>;

/// The requests of which the answer changes from one side at an instant to the other.
pub(crate) fn changed_cells(
    (first, at): (&Side<'_>, Instant),
    (second, then): (&Side<'_>, Instant),
    pin: Option<Pin<'_>>,
) -> (Grid, ChangedCells) {
    let passes = |window: Window| window.contains(at) || window.contains(then);
    let grid = Grid::with(&[first, second], passes, pin);
    let mut changed = Vec::new();
    for cell in grid.cells() {
        let (earlier, later) = (grid.request(&cell, at), grid.request(&cell, then));
        if first.answer(&earlier) != second.answer(&later) {
            changed.push((cell, (first.outcome(&earlier), second.outcome(&later))));
        }
    }
    (grid, changed)
}

fn in_force<'s, 'd>(side: &'s Side<'d>, at: Instant) -> BTreeMap<&'d TermId, &'s Holding<'d>> {
    let brought = |it: &Holding<'_>| side.rules.rest(&it.footings) != Some(false);
    let holds = |it: &&Holding<'_>| it.window.contains(at) && brought(it);
    let holds = side.rules.holdings().iter().filter(holds);
    holds.map(|holding| (&holding.term.id, holding)).collect()
}

type By = Option<(AgreementId, VersionId)>;
type Change = (How, Manner, By);

fn terms(
    before: View<'_>,
    after: View<'_>,
    first: &Side<'_>,
    second: &Side<'_>,
) -> Vec<ChangedTerm> {
    let (was, is) = (in_force(first, before.at), in_force(second, after.at));
    let two_deals = before.deal != after.deal;
    let ids: BTreeSet<&TermId> = was.keys().chain(is.keys()).copied().collect();
    let mut found = Vec::new();
    for id in ids {
        let (how, manner, version) = match (was.get(id), is.get(id)) {
            (Some(old), Some(new)) if !same(old.term, new.term) => {
                (How::Reworded, Manner::Text, None)
            }
            (Some(old), Some(new)) if old.window != new.window && !two_deals => {
                let how = How::Period { before: old.window, after: new.window };
                (how, Manner::Amendment, moved_by(after, new))
            }
            (Some(_), None) => gone(before, after, second, id),
            (None, Some(holding)) => came(before, after, holding),
            (Some(_), Some(_)) | (None, None) => continue,
        };
        let text = |view: View<'_>, holding: Option<&&Holding<'_>>| {
            holding.map(|holding| sentence(view.deal.parts(), holding.term))
        };
        let (before, after) = (text(before, was.get(id)), text(after, is.get(id)));
        found.push(ChangedTerm { term: id.clone(), how, manner, version, before, after });
    }
    found
}

/// Whether two terms say the same, wherever they stand.
fn same(a: &Term, b: &Term) -> bool {
    let overrides = |term: &Term| {
        term.overrides.iter().map(|cited| cited.value.clone()).collect::<BTreeSet<TermId>>()
    };
    (&a.kind, a.from, a.to, a.survives, &a.guards, &a.provenance.phrase)
        == (&b.kind, b.from, b.to, b.survives, &b.guards, &b.provenance.phrase)
        && overrides(a) == overrides(b)
}

fn versions<'v>(view: View<'v>) -> impl Iterator<Item = (&'v Agreement, &'v Version)> {
    view.deal.versions().filter(move |(_, version)| version.recorded <= view.known.0)
}

/// A term, and those that were written down wrongly in whose place it stands.
fn stands_for<'v>(view: View<'v>, id: &'v TermId) -> Vec<&'v TermId> {
    let wrong = |id: &&'v TermId| {
        let mut corrects = versions(view).flat_map(|(_, version)| &version.changes.corrects);
        let right = corrects.find(|it| it.by.iter().any(|by| &by.value == *id));
        right.map(|it| &it.term.value)
    };
    std::iter::successors(Some(id), wrong).collect()
}

/// The version that ends, replaces, suspends or extends a term that is in force.
fn moved_by(view: View<'_>, holding: &Holding<'_>) -> By {
    // What versions do to a term that was wrong they do to what stands in its place.
    let ids = stands_for(view, &holding.term.id);
    let names = |version: &Version| {
        let replaced = version.replaces.iter().map(|it| &it.term);
        let changes = &version.changes;
        let extended = changes.extends.iter().map(|it| &it.term);
        let suspended = changes.suspends.iter().map(|it| &it.term);
        let mut all = version.ends.iter().chain(replaced).chain(extended).chain(suspended);
        all.any(|it| ids.contains(&&it.value))
    };
    let mut all = versions(view);
    all.find(|(_, version)| names(version)).map(|(a, v)| (a.id.clone(), v.id.clone()))
}

fn ids(cited: &[Cited<TermId>]) -> Vec<TermId> {
    cited.iter().map(|it| it.value.clone()).collect()
}

/// Why a term of the first view is not in force in the second.
fn gone(before: View<'_>, after: View<'_>, second: &Side<'_>, id: &TermId) -> Change {
    let adds = |version: &Version| version.adds.iter().any(|term| &term.id == id);
    if !versions(after).any(|(_, version)| adds(version)) {
        let one_deal = before.deal == after.deal;
        let change = (How::NotRecorded, Manner::Time);
        let (how, manner) = if one_deal { change } else { (How::Elsewhere, Manner::Text) };
        return (how, manner, None);
    }
    for (agreement, version) in versions(after) {
        let by = Some((agreement.id.clone(), version.id.clone()));
        let effective = version.effective.start() <= after.at;
        let changes = &version.changes;
        if changes.annuls.iter().any(|it| &it.value == id) {
            return (How::Annulled, Manner::Correction, by);
        }
        if let Some(it) = changes.corrects.iter().find(|it| &it.term.value == id) {
            return (How::Corrected { by: ids(&it.by) }, Manner::Correction, by);
        }
        if let Some(it) = version.replaces.iter().find(|it| effective && &it.term.value == id) {
            return (How::Replaced { by: ids(&it.by) }, Manner::Amendment, by);
        }
        if effective && version.ends.iter().any(|it| &it.value == id) {
            return (How::Ended, Manner::Amendment, by);
        }
        let suspended =
            |it: &&comity_terms::Suspension| &it.term.value == id && it.window.contains(after.at);
        if let Some(it) = changes.suspends.iter().find(suspended) {
            return (How::Suspended(it.window), Manner::Amendment, by);
        }
    }
    let holdings = second.rules.holdings().iter().filter(|it| &it.term.id == id);
    let windows: Vec<Window> = holdings.map(|it| it.window).collect();
    let ended = windows.iter().map(|it| it.end()).filter(|end| *end <= after.at).max();
    let begins = windows.iter().map(|it| it.start()).filter(|start| *start > after.at).min();
    let how = match (ended, begins) {
        (Some(end), _) => How::RanOut(end),
        (None, Some(start)) => How::BeginsLater(start),
        (None, None) => How::Ended,
    };
    (how, Manner::Time, None)
}

/// Why a term of the second view was not in force in the first.
fn came(before: View<'_>, after: View<'_>, holding: &Holding<'_>) -> Change {
    let id = &holding.term.id;
    let by = Some((holding.agreement.clone(), holding.version.clone()));
    let adds = |version: &Version| version.adds.iter().any(|term| &term.id == id);
    if before.deal != after.deal && !before.deal.versions().any(|(_, version)| adds(version)) {
        return (How::Elsewhere, Manner::Text, by);
    }
    let Some((_, version)) = versions(after).find(|(_, version)| adds(version)) else {
        return (How::Began, Manner::Time, by);
    };
    let olds = |all: &[Replacement]| {
        let names = all.iter().filter(|it| it.by.iter().any(|by| &by.value == id));
        names.map(|it| it.term.value.clone()).collect::<Vec<_>>()
    };
    let wrong = olds(&version.changes.corrects);
    let was_known = version.recorded <= before.known.0;
    let corrects = !wrong.is_empty();
    if corrects && !was_known {
        return (How::Corrects { wrong }, Manner::Correction, by);
    }
    // What stands right does so for all the time that the wrong one would have held.
    if was_known && (corrects || before.at >= version.effective.start()) {
        return (brought(after, id).unwrap_or(How::Began), Manner::Time, by);
    }
    (How::Added { instead_of: olds(&version.replaces) }, Manner::Amendment, by)
}

/// The exercise on record that brought a term, where an option brings it.
fn brought<'v>(view: View<'v>, id: &'v TermId) -> Option<How> {
    let brings = |id: &TermId| {
        let mut terms = versions(view).flat_map(|(_, version)| &version.adds);
        terms.find(|term| {
            let TermKind::Option(right) = &term.kind else { return false };
            right.brings.iter().any(|it| &it.value == id)
        })
    };
    let option = stands_for(view, id).into_iter().find_map(brings)?;
    // One of an option that was wrong is one of what stands in its place.
    let names = stands_for(view, &option.id);
    let exercises = view.deal.parts().record.exercises.iter();
    let mine = exercises
        .filter(|it| names.contains(&&it.option.value) && it.recorded <= view.known.0)
        .min_by_key(|it| it.on)?;
    let (on, recorded) = (mine.on, mine.recorded);
    Some(How::Brought { option: mine.option.value.clone(), on, recorded })
}

/// Names that only one of the two has.
fn one_sided(a: &Draft, b: &Draft) -> Vec<String> {
    let names = |names: &Vocabulary| {
        let parties = names.parties.iter().map(|it| format!("party {it}"));
        let actions = names.actions.iter().map(|it| format!("action {it}"));
        let objects = names.objects.names().map(|it| format!("object {it}"));
        let purposes = names.purposes.names().map(|it| format!("purpose {it}"));
        let places = names.places.names().map(|it| format!("place {it}"));
        let all = parties.chain(actions).chain(objects).chain(purposes).chain(places);
        all.collect::<BTreeSet<String>>()
    };
    names(&a.vocabulary).symmetric_difference(&names(&b.vocabulary)).cloned().collect()
}
