//! Whether the parts of a deal fit together; every problem is found, none hides another.

mod clashes;
mod money;
mod rights;

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{
    AgreementId, FactId, Instant, Known, ObjectId, PartyId, RateId, Ratio, TermId, VersionId,
    Window,
};

pub use self::money::Misfit;
use crate::deal::{Agreement, Draft, Version};
use crate::holdings::{Exercises, Held, holdings};
use crate::money::{Life, Rate};
use crate::provenance::Position;
use crate::rules::{Holding, Norm, Rules};
use crate::scope::Scope;
use crate::term::{Term, TermKind};

/// Something in a deal that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub position: Position,
    /// What it is.
    pub kind: ProblemKind,
}

/// What does not fit in a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemKind {
    /// Two terms, or a term and a consent, have one id.
    TermTwice {
        /// The id.
        term: TermId,
        /// Where it stands first.
        first: Position,
    },
    /// No term has this id.
    UnknownTerm {
        /// The id.
        term: TermId,
        /// Those that could be meant.
        known: BTreeSet<TermId>,
    },
    /// An amendment replaces or ends a term that is not in force when it takes effect.
    NotInForce {
        /// The term.
        term: TermId,
        /// When the amendment takes effect.
        at: Instant,
        /// What was in force then.
        in_force: BTreeSet<TermId>,
    },
    /// A term that stands in another's place is not added by the same version.
    NotAdded {
        /// The term.
        term: TermId,
        /// What the version adds.
        added: BTreeSet<TermId>,
    },
    /// Two versions of one agreement become effective at the same time.
    VersionsOverlap {
        /// The agreement.
        agreement: AgreementId,
        /// The version with which it overlaps.
        other: VersionId,
        /// Where that stands.
        first: Position,
        /// When both are effective.
        window: Window,
    },
    /// One term permits what another forbids, and none of the two overrides the other.
    Contradiction {
        /// The permission.
        permits: TermId,
        /// The prohibition.
        forbids: TermId,
        /// Where the other of the two stands.
        other: Position,
        /// When both hold.
        window: Window,
    },
    /// Terms override each other in a circle.
    Circle {
        /// The terms, each overriding the next.
        terms: Vec<TermId>,
    },
    /// A term overrides one that it can have no effect on.
    NoEffect {
        /// The term.
        term: TermId,
        /// What it overrides.
        overridden: TermId,
    },
    /// A consent by a party to whom the term is not owed.
    Stranger {
        /// Who consents.
        by: PartyId,
        /// To which term.
        term: TermId,
        /// To whom that is owed.
        owed_to: BTreeSet<PartyId>,
    },
    /// A term binds or benefits a party that did not sign the agreement.
    NotSigned {
        /// The party.
        party: PartyId,
        /// The agreement.
        agreement: AgreementId,
        /// Who signed.
        signed: BTreeSet<PartyId>,
    },
    /// Revenue shares pass on more than all of one base.
    SharesAboveWhole {
        /// Whose revenue.
        payer: PartyId,
        /// From which product.
        product: ObjectId,
        /// The terms that share it.
        terms: BTreeSet<TermId>,
        /// When.
        window: Window,
    },
    /// The shares in a company are more than the whole.
    EquityAboveWhole {
        /// The company.
        company: PartyId,
        /// The terms that share it.
        terms: BTreeSet<TermId>,
        /// When.
        window: Window,
    },
    /// Two lines of rate cards price the same use at the same time.
    RatesOverlap {
        /// The other line.
        other: RateId,
        /// Where it stands.
        first: Position,
        /// When both hold.
        window: Window,
    },
    /// A price for a unit that its meter does not count.
    WrongUnit {
        /// The line.
        rate: RateId,
    },
    /// A technology partner that funds nothing has a capital commitment.
    PartnerFunds {
        /// The partner.
        party: PartyId,
        /// The capital commitment.
        commitment: TermId,
    },
    /// A term that moves money, or a line of a rate card, that cannot be as it stands.
    Misfit {
        /// Which.
        of: String,
        /// Why.
        misfit: Misfit,
    },
    /// An offer under a term that is not a first refusal.
    NotFirstRefusal {
        /// The term.
        term: TermId,
    },
    /// A consent that is limited to acts of which its term does not speak.
    NothingLifted {
        /// The consent.
        consent: TermId,
        /// The term.
        term: TermId,
    },
    /// An option or a guarantee is not what its parties can agree on.
    Right(RightProblem),
    /// A term overrides one of another agreement, and those to whom that is owed did not sign.
    ForeignCarveOut {
        /// The term that it overrides.
        overridden: TermId,
        /// The agreement of that term.
        of: AgreementId,
        /// Those to whom it is owed and who did not sign.
        owed_to: BTreeSet<PartyId>,
        /// The agreement of the term that overrides it.
        agreement: AgreementId,
    },
}

/// What does not fit in an option, its exercise, or a guarantee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RightProblem {
    /// An exercise of a term that is not an option.
    NotOption {
        /// The term.
        term: TermId,
    },
    /// An option that is exercised by a party that does not hold it.
    NotHolder {
        /// Who exercised it.
        by: PartyId,
        /// The option.
        option: TermId,
        /// Who holds it.
        holder: PartyId,
    },
    /// An option that is exercised when it does not hold.
    NotExercisable {
        /// The option.
        option: TermId,
        /// When it was exercised.
        on: Instant,
        /// When it can be.
        windows: Vec<Window>,
    },
    /// An option that is exercised while a fact that it needs is not on record, or is otherwise.
    ExerciseUnfounded {
        /// The option.
        option: TermId,
        /// The fact.
        fact: FactId,
        /// What it has to be.
        holds: bool,
        /// When it was exercised.
        on: Instant,
    },
    /// An option that is exercised for a second time.
    ExercisedTwice {
        /// The option.
        option: TermId,
        /// Where the first exercise stands.
        first: Position,
    },
    /// A term that two options bring.
    BroughtTwice {
        /// The term.
        term: TermId,
        /// The option that stands first.
        other: TermId,
        /// Where it does.
        first: Position,
    },
    /// An option that only its own exercise would bring.
    BringsItself {
        /// The option.
        option: TermId,
    },
    /// A guarantee secures a term by which its debtor owes its beneficiary nothing.
    NotOwed {
        /// The term.
        term: TermId,
        /// Whose obligations are guaranteed.
        debtor: PartyId,
        /// Towards whom.
        beneficiary: PartyId,
        /// Who owes what the term says, and to whom.
        owed: Option<(PartyId, PartyId)>,
    },
    /// A party guarantees what it owes itself.
    GuaranteesItself {
        /// The party.
        party: PartyId,
    },
}

/// Every problem of a draft, in the order of their positions. Versions are in order of time.
pub(crate) fn check(draft: &Draft) -> Vec<Problem> {
    let mut problems = Vec::new();
    ids(draft, &mut problems);
    for agreement in &draft.agreements {
        versions(agreement, &mut problems);
        amendments(agreement, &mut problems);
        signatures(agreement, &mut problems);
    }
    record(draft, &mut problems);
    rates(draft, &mut problems);
    money::money(draft, &mut problems);
    let held = holdings(draft, Known::ALL, Exercises::OnRecord).holdings;
    shares(&held, &mut problems);
    equity(&held, &mut problems);
    partners(&held, &mut problems);
    overrides(draft, &mut problems);
    rights::options(draft, &mut problems);
    rights::exercises(draft, &mut problems);
    rights::guarantees(draft, &mut problems);
    rights::carve_outs(draft, &mut problems);
    // What never holds by what is known now may hold by what was known earlier.
    if circles(&Rules::of(draft, Known::ALL, every_term(draft)), &mut problems) {
        // What options bring must fit before they are exercised.
        let held = holdings(draft, Known::ALL, Exercises::AndPossible);
        clashes::contradictions(&Rules::of(draft, Known::ALL, held), &mut problems);
    }
    problems.sort_by(|a, b| a.position.cmp(&b.position));
    problems.dedup();
    problems
}

fn all_terms(draft: &Draft) -> impl Iterator<Item = &Term> {
    let versions = draft.agreements.iter().flat_map(|agreement| &agreement.versions);
    versions.flat_map(|version| &version.adds)
}

fn every_term(draft: &Draft) -> Held<'_> {
    let mut all = Vec::new();
    for agreement in &draft.agreements {
        for version in &agreement.versions {
            all.extend(version.adds.iter().map(|term| Holding {
                agreement: &agreement.id,
                version: &version.id,
                term,
                window: Window::ALWAYS,
                own: Window::ALWAYS,
                life: Life { executed: version.executed, ended: None },
                footings: Vec::new(),
            }));
        }
    }
    Held { holdings: all, exercised: BTreeMap::new() }
}

fn ids(draft: &Draft, problems: &mut Vec<Problem>) {
    let mut first: BTreeMap<&TermId, &Position> = BTreeMap::new();
    let terms = all_terms(draft).map(|term| (&term.id, &term.position));
    let consents = draft.record.consents.iter().map(|consent| (&consent.id, &consent.position));
    let disputes = draft.record.disputes.iter().map(|dispute| (&dispute.id, &dispute.position));
    for (id, position) in terms.chain(consents).chain(disputes) {
        match first.get(id) {
            None => {
                first.insert(id, position);
            }
            Some(&first) => {
                let kind = ProblemKind::TermTwice { term: id.clone(), first: first.clone() };
                problems.push(Problem { position: position.clone(), kind });
            }
        }
    }
}

fn versions(agreement: &Agreement, problems: &mut Vec<Problem>) {
    for pair in agreement.versions.windows(2) {
        let [a, b] = pair else { continue };
        if a.effective.start() != b.effective.start() {
            continue;
        }
        if let Some(window) = a.effective.intersect(b.effective) {
            let kind = ProblemKind::VersionsOverlap {
                agreement: agreement.id.clone(),
                other: a.id.clone(),
                first: a.position.clone(),
                window,
            };
            problems.push(Problem { position: b.position.clone(), kind });
        }
    }
}

fn amendments(agreement: &Agreement, problems: &mut Vec<Problem>) {
    let terms = agreement.versions.iter().flat_map(|version| &version.adds);
    let own_ends: BTreeMap<&TermId, Instant> =
        terms.filter_map(|term| Some((&term.id, term.to?))).collect();
    let mut in_force: BTreeSet<TermId> = BTreeSet::new();
    let mut brought: BTreeSet<TermId> = BTreeSet::new();
    let mut extended: BTreeMap<&TermId, Instant> = BTreeMap::new();
    let mut until = Instant::MAX;
    for (version, end) in agreement.versions.iter().zip(agreement.ends()) {
        if until < version.effective.start() {
            in_force.clear();
        }
        until = end;
        in_force.retain(|id| {
            let own = || own_ends.get(id).copied();
            still_runs(extended.get(id).copied().or_else(own), version)
        });
        changed(version, &in_force, &brought, problems);
        let changes = &version.changes;
        extended.extend(changes.extends.iter().map(|it| (&it.term.value, it.to)));
        let wrong = changes.corrects.iter().map(|it| &it.term).chain(&changes.annuls);
        for term in wrong {
            in_force.remove(&term.value);
        }
        let replaced = version.replaces.iter().map(|replacement| &replacement.term);
        for term in version.ends.iter().chain(replaced) {
            if !in_force.remove(&term.value) {
                let kind = ProblemKind::NotInForce {
                    term: term.value.clone(),
                    at: version.effective.start(),
                    in_force: in_force.clone(),
                };
                problems.push(Problem { position: term.position.clone(), kind });
            }
        }
        let added: BTreeSet<TermId> = version.adds.iter().map(|term| term.id.clone()).collect();
        let instead = version.replaces.iter().chain(&changes.corrects);
        for term in instead.flat_map(|replacement| &replacement.by) {
            if !added.contains(&term.value) {
                let kind = ProblemKind::NotAdded { term: term.value.clone(), added: added.clone() };
                problems.push(Problem { position: term.position.clone(), kind });
            }
        }
        brought.extend(added.iter().cloned());
        in_force.extend(added);
    }
}

/// What is suspended or extended must be in force; what is corrected or annulled must be there.
fn changed(
    version: &Version,
    in_force: &BTreeSet<TermId>,
    brought: &BTreeSet<TermId>,
    problems: &mut Vec<Problem>,
) {
    let changes = &version.changes;
    let suspended = changes.suspends.iter().map(|it| &it.term);
    for term in suspended.chain(changes.extends.iter().map(|it| &it.term)) {
        if !in_force.contains(&term.value) {
            let kind = ProblemKind::NotInForce {
                term: term.value.clone(),
                at: version.effective.start(),
                in_force: in_force.clone(),
            };
            problems.push(Problem { position: term.position.clone(), kind });
        }
    }
    for term in changes.corrects.iter().map(|it| &it.term).chain(&changes.annuls) {
        if !brought.contains(&term.value) {
            let (term_id, known) = (term.value.clone(), brought.clone());
            let kind = ProblemKind::UnknownTerm { term: term_id, known };
            problems.push(Problem { position: term.position.clone(), kind });
        }
    }
}

/// Whether a term has not ended by its own words before a version takes effect; one that ends
/// in that instant can still be replaced or ended.
fn still_runs(ends: Option<Instant>, version: &Version) -> bool {
    ends.is_none_or(|end| end >= version.effective.start())
}

fn signatures(agreement: &Agreement, problems: &mut Vec<Problem>) {
    for term in agreement.versions.iter().flat_map(|version| &version.adds) {
        let mut strangers: Vec<&PartyId> = term.kind.signatories();
        strangers.retain(|party| !agreement.parties.contains(*party));
        strangers.dedup();
        for party in strangers {
            let kind = ProblemKind::NotSigned {
                party: party.clone(),
                agreement: agreement.id.clone(),
                signed: agreement.parties.clone(),
            };
            problems.push(Problem { position: term.position.clone(), kind });
        }
    }
}

fn record(draft: &Draft, problems: &mut Vec<Problem>) {
    let terms: BTreeMap<&TermId, &Term> = all_terms(draft).map(|term| (&term.id, term)).collect();
    let unknown = |term: &TermId, wanted: fn(&TermKind) -> bool| ProblemKind::UnknownTerm {
        term: term.clone(),
        known: terms
            .values()
            .filter(|term| wanted(&term.kind))
            .map(|term| term.id.clone())
            .collect(),
    };
    for consent in &draft.record.consents {
        if let Some(scope) = terms.get(&consent.to.value).and_then(|term| lifted(&term.kind))
            && !consent.limits.are_none()
            && !consent.limits.overlap(scope, &draft.vocabulary)
        {
            let (consent_id, term) = (consent.id.clone(), consent.to.value.clone());
            let kind = ProblemKind::NothingLifted { consent: consent_id, term };
            problems.push(Problem { position: consent.position.clone(), kind });
        }
        let owed_to: BTreeSet<PartyId> = match terms.get(&consent.to.value) {
            None => {
                let kind = unknown(&consent.to.value, |kind| owed_to(kind).is_some());
                problems.push(Problem { position: consent.to.position.clone(), kind });
                continue;
            }
            Some(term) => owed_to(&term.kind).into_iter().cloned().collect(),
        };
        if !owed_to.contains(&consent.by) {
            let (by, term) = (consent.by.clone(), consent.to.value.clone());
            let kind = ProblemKind::Stranger { by, term, owed_to };
            problems.push(Problem { position: consent.position.clone(), kind });
        }
    }
    for offer in &draft.record.offers {
        let kind = match terms.get(&offer.term.value).map(|term| &term.kind) {
            Some(TermKind::FirstRefusal(_)) => continue,
            Some(_) => ProblemKind::NotFirstRefusal { term: offer.term.value.clone() },
            None => unknown(&offer.term.value, |kind| matches!(kind, TermKind::FirstRefusal(_))),
        };
        problems.push(Problem { position: offer.term.position.clone(), kind });
    }
}

/// To whom a term is owed that a consent can override.
fn owed_to(kind: &TermKind) -> Option<&PartyId> {
    lifted(kind).and(kind.owed()).map(|(_, owed_to)| owed_to)
}

/// What a term forbids, or makes wait, that a consent can free.
fn lifted(kind: &TermKind) -> Option<&Scope> {
    match kind {
        TermKind::Exclusivity(term) => Some(&term.scope),
        TermKind::Prohibition(term) => Some(&term.scope),
        TermKind::FirstRefusal(term) => Some(&term.scope),
        TermKind::Permission(_)
        | TermKind::Option(_)
        | TermKind::Duty(_)
        | TermKind::Guarantee(_)
        | TermKind::Clause(_)
        | TermKind::RevenueShare(_)
        | TermKind::Commitment(_)
        | TermKind::Discount(_)
        | TermKind::Credit(_)
        | TermKind::CostSplit(_)
        | TermKind::Equity(_)
        | TermKind::CapitalCommitment(_)
        | TermKind::Governance(_)
        | TermKind::TechnologyPartner(_)
        | TermKind::Capacity(_) => None,
    }
}

fn overrides(draft: &Draft, problems: &mut Vec<Problem>) {
    let terms: BTreeMap<&TermId, &Term> = all_terms(draft).map(|term| (&term.id, term)).collect();
    for term in all_terms(draft) {
        for cited in &term.overrides {
            let kind = match terms.get(&cited.value) {
                None => ProblemKind::UnknownTerm {
                    term: cited.value.clone(),
                    known: terms.keys().map(|&id| id.clone()).collect(),
                },
                Some(other) if has_effect(&term.kind, &other.kind) => continue,
                Some(_) => {
                    ProblemKind::NoEffect { term: term.id.clone(), overridden: cited.value.clone() }
                }
            };
            problems.push(Problem { position: cited.position.clone(), kind });
        }
    }
}

/// Whether a term of one kind can override one of the other: a permission a prohibition, or the
/// other way round.
fn has_effect(kind: &TermKind, other: &TermKind) -> bool {
    let permits =
        |kind: &TermKind| matches!(kind, TermKind::Exclusivity(_) | TermKind::Permission(_));
    let forbids =
        |kind: &TermKind| matches!(kind, TermKind::Exclusivity(_) | TermKind::Prohibition(_));
    let gates =
        |kind: &TermKind| matches!(kind, TermKind::FirstRefusal(_) | TermKind::Clause(Some(_)));
    (permits(kind) && (forbids(other) || gates(other))) || (forbids(kind) && permits(other))
}

/// Reports circles of overrides; gives whether there is none.
fn circles(rules: &Rules<'_>, problems: &mut Vec<Problem>) -> bool {
    let mut done = vec![false; rules.norms.len()];
    let mut clean = true;
    for start in 0..rules.norms.len() {
        let mut path = Vec::new();
        if let Some(circle) = walk(&rules.norms, start, &mut path, &mut done) {
            clean = false;
            let mut terms: Vec<TermId> =
                circle.iter().rev().map(|&index| rules.norms[index].id.clone()).collect();
            terms.dedup();
            let position = rules.norms[circle[0]].position.clone();
            problems.push(Problem { position, kind: ProblemKind::Circle { terms } });
        }
    }
    clean
}

/// Follows overrides depth first with a stack of its own, so that a deep chain cannot exhaust
/// the thread's.
fn walk(
    norms: &[Norm<'_>],
    start: usize,
    path: &mut Vec<usize>,
    done: &mut [bool],
) -> Option<Vec<usize>> {
    let mut next: Vec<usize> = vec![0];
    path.push(start);
    let mut on_path = BTreeSet::from([start]);
    while let (Some(&index), Some(child)) = (path.last(), next.last_mut()) {
        let by = if done[index] { None } else { norms[index].overridden_by.get(*child) };
        match by {
            None => {
                done[index] = true;
                on_path.remove(&index);
                path.pop();
                next.pop();
            }
            Some(&by) => {
                *child += 1;
                if on_path.contains(&by) {
                    let from = path.iter().position(|&index| index == by).unwrap_or(0);
                    let circle = path[from..].to_vec();
                    for &index in path.iter() {
                        done[index] = true;
                    }
                    return Some(circle);
                }
                on_path.insert(by);
                path.push(by);
                next.push(0);
            }
        }
    }
    None
}

fn shares(holdings: &[Holding<'_>], problems: &mut Vec<Problem>) {
    let mut by_base: BTreeMap<(&PartyId, &ObjectId), Vec<(&Holding<'_>, Ratio)>> = BTreeMap::new();
    for holding in holdings {
        if let TermKind::RevenueShare(share) = &holding.term.kind {
            for product in &share.base {
                let shared = (holding, share.rate.highest());
                by_base.entry((&share.payer, product)).or_default().push(shared);
            }
        }
    }
    for ((payer, product), mut shares) in by_base {
        shares.sort_by(|a, b| a.0.term.position.cmp(&b.0.term.position));
        // The sum can only grow where a share begins.
        for (start, _) in &shares {
            let at = start.window.start();
            let live: Vec<_> = shares.iter().filter(|(h, _)| h.window.contains(at)).collect();
            if !above_whole(live.iter().map(|(_, rate)| *rate)) {
                continue;
            }
            let mut window = Window::ALWAYS;
            for (holding, _) in &live {
                window = window.intersect(holding.window).unwrap_or(window);
            }
            let kind = ProblemKind::SharesAboveWhole {
                payer: payer.clone(),
                product: product.clone(),
                terms: live.iter().map(|(holding, _)| holding.term.id.clone()).collect(),
                window,
            };
            if let Some((last, _)) = live.last() {
                problems.push(Problem { position: last.term.position.clone(), kind });
            }
        }
    }
}

fn equity(holdings: &[Holding<'_>], problems: &mut Vec<Problem>) {
    let mut by_company: BTreeMap<&PartyId, Vec<(&Holding<'_>, Ratio)>> = BTreeMap::new();
    for holding in holdings {
        if let TermKind::Equity(equity) = &holding.term.kind
            && let Some(share) = equity.share
        {
            by_company.entry(&equity.company).or_default().push((holding, share));
        }
    }
    for (company, mut stakes) in by_company {
        stakes.sort_by(|a, b| a.0.term.position.cmp(&b.0.term.position));
        // The sum can only grow where a stake begins.
        for (start, _) in &stakes {
            let at = start.window.start();
            let live: Vec<_> = stakes.iter().filter(|(h, _)| h.window.contains(at)).collect();
            let whole = !above_whole(live.iter().map(|(_, share)| *share));
            let Some((last, _)) = live.last().filter(|_| !whole) else { continue };
            let window = live.iter().fold(Window::ALWAYS, |window, (holding, _)| {
                window.intersect(holding.window).unwrap_or(window)
            });
            let kind = ProblemKind::EquityAboveWhole {
                company: company.clone(),
                terms: live.iter().map(|(holding, _)| holding.term.id.clone()).collect(),
                window,
            };
            problems.push(Problem { position: last.term.position.clone(), kind });
        }
    }
}

fn above_whole(rates: impl Iterator<Item = Ratio>) -> bool {
    // Rates have few digits; a sum that does not fit is above the whole as well.
    let mut sum = (0_i128, 1_i128);
    for rate in rates {
        let (n, d) = (i128::from(rate.numerator()), i128::from(rate.denominator()));
        let numerator = sum.0.checked_mul(d).zip(n.checked_mul(sum.1));
        let (Some((a, b)), Some(denominator)) = (numerator, sum.1.checked_mul(d)) else {
            return true;
        };
        sum = (a + b, denominator);
    }
    sum.0 > sum.1
}

fn partners(holdings: &[Holding<'_>], problems: &mut Vec<Problem>) {
    for holding in holdings {
        let TermKind::TechnologyPartner(partner) = &holding.term.kind else { continue };
        if partner.funds {
            continue;
        }
        for other in holdings {
            if let TermKind::CapitalCommitment(capital) = &other.term.kind
                && capital.investor.as_ref() == Some(&partner.party)
                && capital.company == partner.company
                && holding.window.intersect(other.window).is_some()
            {
                let (party, commitment) = (partner.party.clone(), other.term.id.clone());
                let kind = ProblemKind::PartnerFunds { party, commitment };
                problems.push(Problem { position: holding.term.position.clone(), kind });
            }
        }
    }
}

fn rates(draft: &Draft, problems: &mut Vec<Problem>) {
    let mut lines: BTreeMap<_, Vec<&Rate>> = BTreeMap::new();
    for rate in &draft.rates {
        if !rate.per.prices(rate.meter) {
            let kind = ProblemKind::WrongUnit { rate: rate.id.clone() };
            problems.push(Problem { position: rate.position.clone(), kind });
        }
        let key = (&rate.seller, &rate.buyer, rate.meter, &rate.object, &rate.site, &rate.gpu);
        let same = lines.entry(key).or_default();
        for other in same.iter() {
            if let Some(window) = other.window.intersect(rate.window) {
                let kind = ProblemKind::RatesOverlap {
                    other: other.id.clone(),
                    first: other.position.clone(),
                    window,
                };
                problems.push(Problem { position: rate.position.clone(), kind });
            }
        }
        same.push(rate);
    }
}
