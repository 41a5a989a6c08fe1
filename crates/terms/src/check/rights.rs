//! Whether options, guarantees and carve-outs from other agreements are what their parties can
//! agree on.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{Known, PartyId, TermId, Window};

use super::{Problem, ProblemKind, RightProblem, all_terms};
use crate::deal::{Agreement, Draft};
use crate::holdings::{Exercises, holdings, holds, stands_for};
use crate::provenance::Position;
use crate::record::Exercise;
use crate::scope::Parties;
use crate::term::{OptionRight, Term, TermKind};
use crate::vocabulary::FactKind;

/// What an option brings is added by its version, by no other option, and not by itself.
pub(super) fn options(draft: &Draft, problems: &mut Vec<Problem>) {
    let mut brought: BTreeMap<&TermId, (&TermId, &Position)> = BTreeMap::new();
    let versions = draft.agreements.iter().flat_map(|agreement| &agreement.versions);
    for version in versions {
        let mut added: Option<BTreeSet<TermId>> = None;
        for term in &version.adds {
            let TermKind::Option(right) = &term.kind else { continue };
            let added = added
                .get_or_insert_with(|| version.adds.iter().map(|term| term.id.clone()).collect());
            for cited in &right.brings {
                let term_id = cited.value.clone();
                if !added.contains(&cited.value) {
                    let kind = ProblemKind::NotAdded { term: term_id, added: added.clone() };
                    problems.push(Problem { position: cited.position.clone(), kind });
                    continue;
                }
                match brought.get(&cited.value) {
                    None => {
                        brought.insert(&cited.value, (&term.id, &cited.position));
                    }
                    Some(&(other, first)) => {
                        let kind = ProblemKind::Right(RightProblem::BroughtTwice {
                            term: term_id,
                            other: other.clone(),
                            first: first.clone(),
                        });
                        problems.push(Problem { position: cited.position.clone(), kind });
                    }
                }
            }
        }
    }
    for term in all_terms(draft).filter(|term| matches!(term.kind, TermKind::Option(_))) {
        let outer = |id: &&TermId| brought.get(*id).map(|&(option, _)| option);
        let way = std::iter::successors(outer(&&term.id), outer);
        // A way that meets this option again goes round; no way is longer than there are terms.
        if way.take(brought.len()).any(|option| option == &term.id) {
            let kind = ProblemKind::Right(RightProblem::BringsItself { option: term.id.clone() });
            problems.push(Problem { position: term.position.clone(), kind });
        }
    }
}

/// An option is exercised by its holder, while it holds, and once: an exercise of one that was written
/// down wrongly is one of what stands in its place.
pub(super) fn exercises(draft: &Draft, problems: &mut Vec<Problem>) {
    if draft.record.exercises.is_empty() {
        return;
    }
    let terms: BTreeMap<&TermId, &Term> = all_terms(draft).map(|term| (&term.id, term)).collect();
    let corrections = draft.agreements.iter().flat_map(|it| &it.versions);
    let corrections = corrections.flat_map(|version| &version.changes.corrects);
    let in_place_of: BTreeMap<&TermId, &TermId> = corrections
        .flat_map(|it| it.by.iter().map(|right| (&right.value, &it.term.value)))
        .collect();
    let mut first: BTreeMap<&TermId, &Position> = BTreeMap::new();
    let mut in_order: Vec<&Exercise> = draft.record.exercises.iter().collect();
    in_order.sort_by_key(|exercise| exercise.on);
    for exercise in in_order {
        let id = &exercise.option.value;
        let at_option = |kind| Problem { position: exercise.option.position.clone(), kind };
        let (term, right) = match terms.get(id).map(|term| (term, &term.kind)) {
            Some((term, TermKind::Option(right))) => (term, right),
            Some(_) => {
                problems.push(at_option(ProblemKind::Right(RightProblem::NotOption {
                    term: id.clone(),
                })));
                continue;
            }
            None => {
                let options = terms.values().filter(|it| matches!(it.kind, TermKind::Option(_)));
                let known = options.map(|term| term.id.clone()).collect();
                problems.push(at_option(ProblemKind::UnknownTerm { term: id.clone(), known }));
                continue;
            }
        };
        let is_one = |other: &TermId| {
            stands_for(&in_place_of, id).contains(&other)
                || stands_for(&in_place_of, other).contains(&id)
        };
        if let Some((_, &first)) = first.iter().find(|(other, _)| is_one(other)) {
            let kind = ProblemKind::Right(RightProblem::ExercisedTwice {
                option: id.clone(),
                first: first.clone(),
            });
            problems.push(at_option(kind));
            continue;
        }
        first.insert(id, &exercise.position);
        let found = exercised(draft, term, right, exercise);
        let position = &exercise.position;
        problems.extend(found.into_iter().map(|kind| Problem { position: position.clone(), kind }));
    }
}

fn exercised(
    draft: &Draft,
    term: &Term,
    right: &OptionRight,
    exercise: &Exercise,
) -> Vec<ProblemKind> {
    let (option, on) = (&term.id, exercise.on);
    let mut found = Vec::new();
    if exercise.by != right.holder {
        let (by, holder) = (exercise.by.clone(), right.holder.clone());
        found.push(ProblemKind::Right(RightProblem::NotHolder {
            by,
            option: option.clone(),
            holder,
        }));
    }
    // One that was in order when it was recorded stays so, even if the option was annulled since.
    let windows = |known| {
        let held = holdings(draft, known, Exercises::OnRecord).holdings;
        let mine = held.into_iter().filter(|holding| &holding.term.id == option);
        mine.map(|holding| holding.window).collect::<Vec<Window>>()
    };
    let now = windows(Known::ALL);
    let open = |windows: &[Window]| windows.iter().any(|window| window.contains(on));
    if !open(&now) && !open(&windows(Known(exercise.recorded))) {
        let option = option.clone();
        found.push(ProblemKind::Right(RightProblem::NotExercisable { option, on, windows: now }));
    }
    for guard in &term.guards {
        let fact = draft.vocabulary.facts.get(&guard.fact);
        // While a question is open, whether the exercise counts depends on how it is read.
        let is_reading = fact.is_some_and(|fact| fact.kind == FactKind::Reading);
        let founded = |known| {
            let met = holds(&draft.record, &draft.vocabulary, guard, on, known);
            met == Some(true) || is_reading && met.is_none()
        };
        if !founded(Known::ALL) && !founded(Known(exercise.recorded)) {
            let (option, fact) = (option.clone(), guard.fact.clone());
            found.push(ProblemKind::Right(RightProblem::ExerciseUnfounded {
                option,
                fact,
                holds: guard.holds,
                on,
            }));
        }
    }
    found
}

/// What a guarantee secures is owed by its debtor to its beneficiary.
pub(super) fn guarantees(draft: &Draft, problems: &mut Vec<Problem>) {
    let mut terms: Option<BTreeMap<&TermId, &Term>> = None;
    for term in all_terms(draft) {
        let TermKind::Guarantee(guarantee) = &term.kind else { continue };
        let terms =
            terms.get_or_insert_with(|| all_terms(draft).map(|term| (&term.id, term)).collect());
        if guarantee.guarantor == guarantee.debtor {
            let kind = ProblemKind::Right(RightProblem::GuaranteesItself {
                party: guarantee.debtor.clone(),
            });
            problems.push(Problem { position: term.position.clone(), kind });
        }
        let wanted = (&guarantee.debtor, &guarantee.beneficiary);
        for cited in &guarantee.secures {
            let owed = terms.get(&cited.value).map(|term| term.kind.owed());
            let kind = match owed {
                Some(Some(owed)) if owed == wanted => continue,
                Some(owed) => ProblemKind::Right(RightProblem::NotOwed {
                    term: cited.value.clone(),
                    debtor: guarantee.debtor.clone(),
                    beneficiary: guarantee.beneficiary.clone(),
                    owed: owed.map(|(bound, to)| (bound.clone(), to.clone())),
                }),
                None => {
                    let owed = terms.values().filter(|it| it.kind.owed() == Some(wanted));
                    let known = owed.map(|term| term.id.clone()).collect();
                    ProblemKind::UnknownTerm { term: cited.value.clone(), known }
                }
            };
            problems.push(Problem { position: cited.position.clone(), kind });
        }
    }
}

/// A term can take from a term of another agreement only what those agreed to whom that is owed.
pub(super) fn carve_outs(draft: &Draft, problems: &mut Vec<Problem>) {
    let mut home: Option<BTreeMap<&TermId, (&Agreement, &Term)>> = None;
    for agreement in &draft.agreements {
        let terms = agreement.versions.iter().flat_map(|version| &version.adds);
        for cited in terms.flat_map(|term| &term.overrides) {
            let home = home.get_or_insert_with(|| homes(draft));
            let Some(&(other, overridden)) = home.get(&cited.value) else { continue };
            if other.id == agreement.id {
                continue;
            }
            let mut owed_to = entitled(&overridden.kind);
            owed_to.retain(|party| !agreement.parties.contains(party));
            if owed_to.is_empty() {
                continue;
            }
            let kind = ProblemKind::ForeignCarveOut {
                overridden: cited.value.clone(),
                of: other.id.clone(),
                owed_to,
                agreement: agreement.id.clone(),
            };
            problems.push(Problem { position: cited.position.clone(), kind });
        }
    }
}

fn homes(draft: &Draft) -> BTreeMap<&TermId, (&Agreement, &Term)> {
    let mut homes = BTreeMap::new();
    for agreement in &draft.agreements {
        for term in agreement.versions.iter().flat_map(|version| &version.adds) {
            homes.entry(&term.id).or_insert((agreement, term));
        }
    }
    homes
}

/// Who has something by a term that can be overridden, and would lose it: to whom it is owed or,
/// for a permission, those that it names. One for everyone is its grantor's to take back.
fn entitled(kind: &TermKind) -> BTreeSet<PartyId> {
    match kind {
        TermKind::Exclusivity(_) | TermKind::Prohibition(_) | TermKind::FirstRefusal(_) => {
            kind.owed().map(|(_, owed_to)| owed_to.clone()).into_iter().collect()
        }
        TermKind::Permission(term) => match &term.scope.actor {
            Parties::Only(these) => these.clone(),
            Parties::Any | Parties::AllBut(_) => BTreeSet::from([term.grantor.clone()]),
        },
        // Words say to nobody in particular what they come to.
        TermKind::Clause(_)
        | TermKind::Option(_)
        | TermKind::Duty(_)
        | TermKind::Guarantee(_)
        | TermKind::RevenueShare(_)
        | TermKind::Commitment(_)
        | TermKind::Discount(_)
        | TermKind::Credit(_)
        | TermKind::CostSplit(_)
        | TermKind::Equity(_)
        | TermKind::CapitalCommitment(_)
        | TermKind::Governance(_)
        | TermKind::TechnologyPartner(_)
        | TermKind::Capacity(_) => BTreeSet::new(),
    }
}
