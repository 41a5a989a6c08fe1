//! Permissions and prohibitions that contradict each other.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{ActionId, ObjectId, Window};

use super::{Problem, ProblemKind};
use crate::rules::{Force, Norm, Rules};
use crate::term::Guard;
use crate::vocabulary::Vocabulary;

/// A permission and a prohibition that can both be live for one request. Consents are none of
/// the two: each lifts the term that it names, and what another term forbids stays forbidden.
pub(super) fn contradictions(rules: &Rules<'_>, problems: &mut Vec<Problem>) {
    let vocabulary = &rules.deal.vocabulary;
    let permits: Vec<usize> =
        select(rules, |norm| matches!(norm.force, Force::Permit { .. }) && norm.version.is_some());
    let forbids = Forbids::of(rules);
    for &permit_index in &permits {
        let permit = &rules.norms[permit_index];
        for forbid_index in forbids.near(permit, vocabulary) {
            let forbid = &rules.norms[forbid_index];
            let Some(window) = permit.window.intersect(forbid.window) else { continue };
            let ordered = permit.overridden_by.contains(&forbid_index)
                || forbid.overridden_by.contains(&permit_index);
            if ordered
                || exclude_each_other(permit.guards, forbid.guards)
                || !permit.scope.overlaps(&forbid.scope, vocabulary)
                || overridden_throughout(rules, permit, forbid, window)
            {
                continue;
            }
            // The later of the two in the files is where the precedence should be stated.
            let (here, other) = if permit.position > forbid.position {
                (permit.position, forbid.position)
            } else {
                (forbid.position, permit.position)
            };
            let kind = ProblemKind::Contradiction {
                permits: permit.id.clone(),
                forbids: forbid.id.clone(),
                other: other.clone(),
                window,
            };
            problems.push(Problem { position: here.clone(), kind });
        }
    }
}

/// The prohibitions by what they are about, so that a permission is compared only with those of
/// which an act and an object can be its own.
struct Forbids<'r> {
    /// Those that name this object.
    at: BTreeMap<(&'r ActionId, &'r ObjectId), Vec<usize>>,
    /// Those that name one that is this or lies within it.
    within: BTreeMap<(&'r ActionId, &'r ObjectId), Vec<usize>>,
}

impl<'r> Forbids<'r> {
    fn of(rules: &'r Rules<'_>) -> Self {
        let objects = &rules.deal.vocabulary.objects;
        let mut forbids = Self { at: BTreeMap::new(), within: BTreeMap::new() };
        for index in select(rules, |norm| norm.force == Force::Forbid) {
            let scope = &rules.norms[index].scope;
            for action in &scope.actions {
                for object in &scope.objects {
                    forbids.at.entry((action, object)).or_default().push(index);
                    for outer in objects.ancestors(object) {
                        forbids.within.entry((action, outer)).or_default().push(index);
                    }
                }
            }
        }
        forbids
    }

    /// Those that share an act and an object with a permission, in order.
    fn near(&self, permit: &Norm<'_>, vocabulary: &Vocabulary) -> BTreeSet<usize> {
        let mut near = BTreeSet::new();
        for action in &permit.scope.actions {
            for object in &permit.scope.objects {
                near.extend(self.within.get(&(action, object)).into_iter().flatten());
                for outer in vocabulary.objects.ancestors(object) {
                    near.extend(self.at.get(&(action, outer)).into_iter().flatten());
                }
            }
        }
        near
    }
}

fn select(rules: &Rules<'_>, wanted: impl Fn(&Norm<'_>) -> bool) -> Vec<usize> {
    let norms = rules.norms.iter().enumerate();
    norms.filter(|(_, norm)| wanted(norm)).map(|(index, _)| index).collect()
}

fn exclude_each_other(a: &[Guard], b: &[Guard]) -> bool {
    a.iter().any(|a| b.iter().any(|b| a.fact == b.fact && a.holds != b.holds))
}

/// Whether a third norm overrides one of the two wherever both apply.
fn overridden_throughout(
    rules: &Rules<'_>,
    permit: &Norm<'_>,
    forbid: &Norm<'_>,
    window: Window,
) -> bool {
    let vocabulary = &rules.deal.vocabulary;
    let throughout = |&index: &usize| {
        let third = &rules.norms[index];
        third.guards.is_empty()
            && third.footings.is_empty()
            && third.limits.is_none()
            && !matches!(third.force, Force::Permit { condition: Some(_) })
            && third.overridden_by.iter().all(|&by| rules.norms[by].version.is_none())
            && third.window.intersect(window) == Some(window)
            && (third.scope.includes(&permit.scope, vocabulary)
                || third.scope.includes(&forbid.scope, vocabulary))
    };
    permit.overridden_by.iter().any(throughout) || forbid.overridden_by.iter().any(throughout)
}
