//! What is in force: the terms of all versions that were known, each with the period in which
//! it holds, lowered to permissions, prohibitions and conditions.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{
    AgreementId, FactId, Instant, Known, ObjectId, PartyId, TermId, VersionId, Window,
};

use crate::deal::{Agreement, Deal, Draft, Version};
use crate::money::{Commitment, CostSplit, Credit, Discount, Ended, InForce, Life, RevenueShare};
use crate::provenance::{Position, Provenance};
use crate::record::Offer;
use crate::scope::{Meeting, Parties, Scope};
use crate::term::{Condition, FirstRefusal, Guard, Term, TermKind};
use crate::vocabulary::Ambiguity;

/// A term with the agreement and version that brought it and the period in which it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding<'d> {
    /// The agreement.
    pub agreement: &'d AgreementId,
    /// The version that brought the term.
    pub version: &'d VersionId,
    /// The term.
    pub term: &'d Term,
    /// When it holds.
    pub window: Window,
    /// The period that it has by its own words, from its version on.
    pub own: Window,
    /// When it was agreed, and how it ended.
    pub life: Life,
}

/// What of a deal is in force, as known at some instant.
#[derive(Debug, Clone)]
pub struct Rules<'d> {
    pub(crate) deal: &'d Draft,
    pub(crate) known: Known,
    pub(crate) norms: Vec<Norm<'d>>,
    /// Facts taken to be so, whatever the record says: how an ambiguity is read.
    pub(crate) assumed: BTreeMap<FactId, bool>,
    holdings: Vec<Holding<'d>>,
}

/// The money terms of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyHoldings<T> {
    /// Those in force, each with the period in which it is; a term whose guards are met in
    /// several periods is there once for each.
    pub in_force: Vec<InForce<T>>,
    /// Those of which it is not known whether they are in force, and in which period.
    pub undetermined: Vec<(TermId, Window)>,
}

/// What a norm does to the requests in its scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Force<'d> {
    Permit { condition: Option<&'d Condition> },
    Forbid,
    FirstRefusal(&'d FirstRefusal),
    Prose,
}

/// One permission, prohibition or condition that a term comes down to.
#[derive(Debug, Clone)]
pub(crate) struct Norm<'d> {
    pub(crate) id: &'d TermId,
    pub(crate) version: Option<&'d VersionId>,
    pub(crate) provenance: &'d Provenance,
    pub(crate) position: &'d Position,
    pub(crate) force: Force<'d>,
    pub(crate) scope: Scope,
    pub(crate) window: Window,
    pub(crate) guards: &'d [Guard],
    /// Who would breach it, and towards whom.
    pub(crate) breach: Option<(&'d PartyId, &'d PartyId)>,
    /// Norms that override this one, by index.
    pub(crate) overridden_by: Vec<usize>,
    overrides: BTreeSet<&'d TermId>,
}

impl Norm<'_> {
    pub(crate) fn meeting(&self) -> Meeting {
        match self.force {
            // A consent lifts the term that it names, however much wider the request is.
            Force::Permit { .. } if self.version.is_none() => Meeting::Touches,
            Force::Permit { .. } => Meeting::Covers,
            Force::Forbid | Force::FirstRefusal(_) | Force::Prose => Meeting::Touches,
        }
    }

    fn may_override(&self, other: &Self) -> bool {
        match (&self.force, &other.force) {
            (Force::Permit { .. }, Force::Forbid | Force::FirstRefusal(_) | Force::Prose)
            | (Force::Forbid, Force::Permit { .. }) => self.overrides.contains(other.id),
            (Force::Permit { .. } | Force::Forbid | Force::FirstRefusal(_) | Force::Prose, _) => {
                false
            }
        }
    }
}

impl Deal {
    /// What is in force by what was on record at `known`.
    #[must_use]
    pub fn rules(&self, known: Known) -> Rules<'_> {
        let deal = self.parts();
        Rules::of(deal, known, holdings(deal, known))
    }
}

impl<'d> Rules<'d> {
    pub(crate) fn of(deal: &'d Draft, known: Known, holdings: Vec<Holding<'d>>) -> Self {
        let mut norms: Vec<Norm<'d>> = holdings.iter().flat_map(lower).collect();
        norms.extend(consents(deal, known, &norms));
        link(&mut norms);
        Self { deal, known, norms, assumed: BTreeMap::new(), holdings }
    }

    /// The rules of one instant, held for all of time: what a replay asks that runs a month
    /// under the terms of another date.
    #[must_use]
    pub fn frozen_at(&self, at: Instant) -> Self {
        let holdings = self
            .holdings
            .iter()
            .filter(|holding| holding.window.contains(at))
            .map(|holding| {
                let life = Life { ended: None, ..holding.life };
                Holding { window: Window::ALWAYS, life, ..holding.clone() }
            })
            .collect();
        let mut frozen = Self::of(self.deal, self.known, holdings);
        frozen.assumed.clone_from(&self.assumed);
        for norm in frozen.norms.iter_mut().filter(|norm| norm.version.is_some()) {
            norm.window = Window::ALWAYS;
        }
        frozen
    }

    /// The same rules with an ambiguity read in one of its ways.
    #[must_use]
    pub fn reading(&self, ambiguity: &Ambiguity, reading: &FactId) -> Self {
        let mut read = self.clone();
        for other in &ambiguity.readings {
            read.assumed.insert(other.clone(), other == reading);
        }
        read
    }

    /// The same rules without one carve-out: `by` no longer overrides `overridden`.
    #[must_use]
    pub fn without_override(&self, by: &TermId, overridden: &TermId) -> Self {
        let mut changed = self.clone();
        for norm in changed.norms.iter_mut().filter(|norm| norm.id == overridden) {
            norm.overridden_by.retain(|&other| self.norms[other].id != by);
        }
        changed
    }

    /// Every term that was known, with the period in which it holds.
    #[must_use]
    pub fn holdings(&self) -> &[Holding<'d>] {
        &self.holdings
    }

    /// By when these rules were known.
    #[must_use]
    pub fn known(&self) -> Known {
        self.known
    }

    /// The instants at which an answer can change, in order.
    #[must_use]
    pub fn instants(&self) -> BTreeSet<Instant> {
        let windows = self.norms.iter().flat_map(|norm| [norm.window.start(), norm.window.end()]);
        let deadlines = self.norms.iter().flat_map(|norm| match norm.force {
            Force::FirstRefusal(right) => {
                let mine = self.deal.record.offers.iter().filter(|o| &o.term.value == norm.id);
                let ends =
                    |offer: &Offer| [Some(offer.deadline(right)), offer.sale_window_end(right)];
                mine.flat_map(ends).flatten().collect()
            }
            Force::Permit { .. } | Force::Forbid | Force::Prose => Vec::new(),
        });
        windows
            .chain(deadlines)
            .chain(self.deal.record.instants())
            .chain([self.known.0.plus_seconds(1)])
            .filter(|&at| at > Instant::MIN && at < Instant::MAX)
            .collect()
    }

    /// The revenue shares, with the periods in which they hold; the base of each is every product
    /// that is, or lies within, one that it names.
    #[must_use]
    pub fn shares(&self) -> MoneyHoldings<RevenueShare> {
        let mut shares =
            self.money(|kind| if let TermKind::RevenueShare(it) = kind { Some(it) } else { None });
        for share in &mut shares.in_force {
            let base = share.value.base.iter().cloned().collect();
            share.value.base = self.all_within(&base).into_iter().collect();
            share.value.less.costs = self.all_within(&share.value.less.costs);
        }
        shares
    }

    /// The commitments, with the periods in which they hold, and all products that count.
    #[must_use]
    pub fn commitments(&self) -> MoneyHoldings<Commitment> {
        let mut found =
            self.money(|kind| if let TermKind::Commitment(it) = kind { Some(it) } else { None });
        for commitment in &mut found.in_force {
            commitment.value.on.objects = self.all_within(&commitment.value.on.objects);
        }
        found
    }

    /// The discounts, with the periods in which they hold, and all products that count.
    #[must_use]
    pub fn discounts(&self) -> MoneyHoldings<Discount> {
        let mut found =
            self.money(|kind| if let TermKind::Discount(it) = kind { Some(it) } else { None });
        for discount in &mut found.in_force {
            discount.value.on.objects = self.all_within(&discount.value.on.objects);
        }
        found
    }

    /// The credits, with the periods in which they hold, and all products that count.
    #[must_use]
    pub fn credits(&self) -> MoneyHoldings<Credit> {
        let mut found =
            self.money(|kind| if let TermKind::Credit(it) = kind { Some(it) } else { None });
        for credit in &mut found.in_force {
            credit.value.on.objects = self.all_within(&credit.value.on.objects);
        }
        found
    }

    /// The costs that are passed on, with the periods in which they are, and all products that
    /// count.
    #[must_use]
    pub fn cost_splits(&self) -> MoneyHoldings<CostSplit> {
        let mut found =
            self.money(|kind| if let TermKind::CostSplit(it) = kind { Some(it) } else { None });
        for split in &mut found.in_force {
            split.value.on.objects = self.all_within(&split.value.on.objects);
        }
        found
    }

    /// Every product that is, or lies within, one of these.
    fn all_within(&self, named: &BTreeSet<ObjectId>) -> BTreeSet<ObjectId> {
        let objects = &self.deal.vocabulary.objects;
        let within = |name: &&ObjectId| named.iter().any(|it| objects.lies_within(name, it));
        objects.names().filter(within).cloned().collect()
    }

    fn money<T: Clone>(&self, pick: impl Fn(&TermKind) -> Option<&T>) -> MoneyHoldings<T> {
        let mut found = MoneyHoldings { in_force: Vec::new(), undetermined: Vec::new() };
        for holding in &self.holdings {
            let Some(value) = pick(&holding.term.kind) else { continue };
            let in_force = |window| InForce {
                term: holding.term.id.clone(),
                version: holding.version.clone(),
                window,
                own: holding.own,
                life: holding.life,
                value: value.clone(),
                provenance: holding.term.provenance.clone(),
                position: holding.term.position.clone(),
            };
            let (met, unknown) = self.guarded(holding);
            found.in_force.extend(met.into_iter().map(in_force));
            found.undetermined.extend(unknown.map(|window| (holding.term.id.clone(), window)));
        }
        found
    }

    /// The parts of a term's period in which its guards are met, and the first in which that is
    /// not known.
    fn guarded(&self, holding: &Holding<'_>) -> (Vec<Window>, Option<Window>) {
        if holding.term.guards.is_empty() {
            return (vec![holding.window], None);
        }
        let known_end = self.known.0.plus_seconds(1);
        let mut met: Vec<Window> = Vec::new();
        let mut unknown = None;
        for part in holding.window.cut(self.deal.record.instants().chain([known_end])) {
            let state = |guard| self.fact(guard, part.start());
            let states: Vec<Option<bool>> = holding.term.guards.iter().map(state).collect();
            if states.iter().all(|state| *state == Some(true)) {
                met.push(part);
            } else if !states.contains(&Some(false)) {
                unknown = unknown.or(Some(part));
            }
        }
        (join(met), unknown)
    }

    /// Whether a guard is met at an instant; `None` when that is not known.
    pub(crate) fn fact(&self, guard: &Guard, at: Instant) -> Option<bool> {
        if let Some(&holds) = self.assumed.get(&guard.fact) {
            return Some(holds == guard.holds);
        }
        let fact = self.deal.vocabulary.facts.get(&guard.fact)?;
        let holds = self.deal.record.fact(&guard.fact, fact, at, self.known)?;
        Some(holds == guard.holds)
    }
}

/// Joins windows of which one ends where the next starts.
fn join(windows: Vec<Window>) -> Vec<Window> {
    let mut joined: Vec<Window> = Vec::new();
    for window in windows {
        match joined.last_mut() {
            Some(last) if last.end() == window.start() => {
                *last = Window::new(last.start(), window.end()).expect("both parts hold instants");
            }
            Some(_) | None => joined.push(window),
        }
    }
    joined
}

/// Every term of the versions that were known, with the period in which it holds.
pub(crate) fn holdings(deal: &Draft, known: Known) -> Vec<Holding<'_>> {
    deal.agreements.iter().flat_map(|agreement| agreement_holdings(agreement, known)).collect()
}

fn agreement_holdings(agreement: &Agreement, known: Known) -> Vec<Holding<'_>> {
    let versions: Vec<&Version> =
        agreement.versions.iter().filter(|version| version.recorded <= known.0).collect();
    let fates = Fates::of(&versions);
    let mut holdings = Vec::new();
    for (index, version) in versions.iter().enumerate() {
        for term in &version.adds {
            // What stands right holds for as long as what was written down wrongly.
            let (from, corrected) = match fates.in_place_of.get(&term.id) {
                None => (index, None),
                Some(&wrong) => (added_by(&versions, wrong).unwrap_or(index), Some(wrong)),
            };
            let gone = |id: &TermId| fates.gone.contains(id);
            if gone(&term.id) {
                continue;
            }
            let start = term.from.unwrap_or(Instant::MIN).max(versions[from].effective.start());
            let own_end = fates.extended.get(&term.id).copied().or(term.to);
            let own_end = own_end.unwrap_or(Instant::MAX);
            let ended = |id: &TermId| fates.ended.get(id).map_or(Instant::MAX, |&(at, _)| at);
            let runs_out = if term.survives { Instant::MAX } else { runs_out(&versions[from..]) };
            let by_version = ended(&term.id).min(corrected.map_or(Instant::MAX, ended));
            let until = by_version.min(runs_out);
            // A term that was ended before it began never holds.
            let Ok(own) = Window::new(start, own_end) else { continue };
            let Ok(window) = Window::new(start, own_end.min(until)) else { continue };
            let life = Life {
                executed: version.executed,
                ended: [Some(&term.id), corrected]
                    .into_iter()
                    .flatten()
                    .filter_map(|id| fates.ended.get(id))
                    .find(|&&(at, _)| at == by_version && at == window.end())
                    .map(|&(_, how)| how)
                    .or((window.end() == runs_out && runs_out < own_end).then_some(Ended::RanOut)),
            };
            for window in fates.unsuspended(&term.id, window) {
                holdings.push(Holding {
                    agreement: &agreement.id,
                    version: &version.id,
                    term,
                    window,
                    own,
                    life,
                });
            }
        }
    }
    holdings
}

/// The version that added a term, or, for one that stands in another's place, that other.
fn added_by(versions: &[&Version], term: &TermId) -> Option<usize> {
    versions.iter().position(|version| version.adds.iter().any(|added| &added.id == term))
}

/// What versions that are known do to terms of others.
struct Fates<'d> {
    /// When a term ends because a later version ends or replaces it, and which of the two.
    ended: BTreeMap<&'d TermId, (Instant, Ended)>,
    /// When a term ends by its own words as extended; the last extension counts.
    extended: BTreeMap<&'d TermId, Instant>,
    suspended: Vec<(&'d TermId, Window)>,
    /// Terms that were annulled, or written down wrongly.
    gone: BTreeSet<&'d TermId>,
    /// The wrong term for each right one.
    in_place_of: BTreeMap<&'d TermId, &'d TermId>,
}

impl<'d> Fates<'d> {
    fn of(versions: &[&'d Version]) -> Self {
        let mut fates = Self {
            ended: BTreeMap::new(),
            extended: BTreeMap::new(),
            suspended: Vec::new(),
            gone: BTreeSet::new(),
            in_place_of: BTreeMap::new(),
        };
        for version in versions.iter().rev() {
            let replaced = version.replaces.iter().map(|it| (&it.term, Ended::Superseded));
            let ended = version.ends.iter().map(|term| (term, Ended::Cancelled));
            for (term, how) in ended.chain(replaced) {
                fates.ended.insert(&term.value, (version.effective.start(), how));
            }
        }
        for version in versions {
            let changes = &version.changes;
            for extension in &changes.extends {
                fates.extended.insert(&extension.term.value, extension.to);
            }
            let suspended = changes.suspends.iter().map(|it| (&it.term.value, it.window));
            fates.suspended.extend(suspended);
            fates.gone.extend(changes.annuls.iter().map(|it| &it.value));
            for correction in &changes.corrects {
                fates.gone.insert(&correction.term.value);
                for right in &correction.by {
                    // What corrects a correction stands where the first one stood.
                    let wrong = &correction.term.value;
                    let wrong = fates.in_place_of.get(wrong).copied().unwrap_or(wrong);
                    fates.in_place_of.insert(&right.value, wrong);
                }
            }
        }
        fates
    }

    /// The parts of a window in which a term is not suspended.
    fn unsuspended(&self, term: &TermId, window: Window) -> Vec<Window> {
        let mine: Vec<Window> = self
            .suspended
            .iter()
            .filter(|(id, _)| *id == term)
            .map(|(_, window)| *window)
            .collect();
        let cuts = mine.iter().flat_map(|window| [window.start(), window.end()]);
        let parts = window.cut(cuts).into_iter();
        join(parts.filter(|part| !mine.iter().any(|it| it.contains(part.start()))).collect())
    }
}

/// When an agreement ends that has these versions: with the first that ends before the next
/// begins. A version that comes later brings its own terms and does not revive the old ones.
fn runs_out(versions: &[&Version]) -> Instant {
    let gap = versions.windows(2).find(|pair| pair[0].effective.end() < pair[1].effective.start());
    let last = gap.map(|pair| pair[0]).or(versions.last().copied());
    last.map_or(Instant::MAX, |version| version.effective.end())
}

/// The permissions, prohibitions and conditions that a term comes down to.
fn lower<'d>(holding: &Holding<'d>) -> Vec<Norm<'d>> {
    let term = holding.term;
    let norm = |force, scope: Scope, breach| Norm {
        id: &term.id,
        version: Some(holding.version),
        provenance: &term.provenance,
        position: &term.position,
        force,
        scope,
        window: holding.window,
        guards: &term.guards,
        breach,
        overridden_by: Vec::new(),
        overrides: term.overrides.iter().map(|cited| &cited.value).collect(),
    };
    match &term.kind {
        TermKind::Exclusivity(it) => {
            let mut free = BTreeSet::from([it.holder.clone()]);
            let holder = Scope { actor: Parties::Only(free.clone()), ..it.scope.clone() };
            if !it.grantor_excluded {
                free.insert(it.grantor.clone());
            }
            let others = Scope { actor: Parties::AllBut(free), ..it.scope.clone() };
            vec![
                norm(Force::Permit { condition: None }, holder, None),
                norm(Force::Forbid, others, Some((&it.grantor, &it.holder))),
            ]
        }
        TermKind::Permission(it) => {
            let force = Force::Permit { condition: it.condition.as_ref() };
            vec![norm(force, it.scope.clone(), None)]
        }
        TermKind::Prohibition(it) => {
            vec![norm(Force::Forbid, it.scope.clone(), Some((&it.bound, &it.owed_to)))]
        }
        TermKind::FirstRefusal(it) => {
            let actor = Parties::AllBut(BTreeSet::from([it.holder.clone()]));
            let scope = Scope { actor, ..it.scope.clone() };
            vec![norm(Force::FirstRefusal(it), scope, Some((&it.grantor, &it.holder)))]
        }
        TermKind::Clause(Some(scope)) => vec![norm(Force::Prose, scope.clone(), None)],
        TermKind::Clause(None)
        | TermKind::Duty(_)
        | TermKind::RevenueShare(_)
        | TermKind::Commitment(_)
        | TermKind::Discount(_)
        | TermKind::Credit(_)
        | TermKind::CostSplit(_)
        | TermKind::Equity(_)
        | TermKind::CapitalCommitment(_)
        | TermKind::Governance(_)
        | TermKind::TechnologyPartner(_)
        | TermKind::Capacity(_) => Vec::new(),
    }
}

/// A consent permits, in the scope and the period of what the named term forbids, and overrides
/// that term only.
fn consents<'d>(deal: &'d Draft, known: Known, norms: &[Norm<'d>]) -> Vec<Norm<'d>> {
    let mut found = Vec::new();
    for consent in deal.record.consents.iter().filter(|consent| consent.recorded <= known.0) {
        let named = norms.iter().filter(|norm| {
            norm.id == &consent.to.value
                && matches!(norm.force, Force::Forbid | Force::FirstRefusal(_))
        });
        for norm in named {
            // It says nothing where the term itself does not hold.
            let Some(window) = norm.window.intersect(consent.window) else { continue };
            let scope = Scope { actor: consent.actor.clone(), ..norm.scope.clone() };
            found.push(Norm {
                id: &consent.id,
                version: None,
                provenance: &consent.provenance,
                position: &consent.position,
                force: Force::Permit { condition: None },
                scope,
                window,
                guards: &[],
                breach: None,
                overridden_by: Vec::new(),
                overrides: BTreeSet::from([&consent.to.value]),
            });
        }
    }
    found
}

fn link(norms: &mut [Norm<'_>]) {
    let mut by_id: BTreeMap<&TermId, Vec<usize>> = BTreeMap::new();
    for (index, norm) in norms.iter().enumerate() {
        by_id.entry(norm.id).or_default().push(index);
    }
    let mut links: Vec<(usize, usize)> = Vec::new();
    for (by, norm) in norms.iter().enumerate() {
        let named = norm.overrides.iter().filter_map(|id| by_id.get(id)).flatten();
        links.extend(named.filter(|&&index| norm.may_override(&norms[index])).map(|&it| (it, by)));
    }
    for (index, by) in links {
        norms[index].overridden_by.push(by);
    }
}
