//! What is in force: the terms of all versions that were known, each with the period in which
//! it holds, lowered to permissions, prohibitions and conditions.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{
    AgreementId, FactId, Instant, Known, ObjectId, PartyId, TermId, VersionId, Window,
};

use crate::deal::{Deal, Draft};
use crate::holdings::{Exercised, Exercises, Held, holdings};
use crate::money::{Commitment, CostSplit, Credit, Discount, Dispute, InForce, Life, RevenueShare};
use crate::provenance::{Position, Provenance};
use crate::record::Offer;
use crate::scope::{Fit, Limits, Meeting, Parties, Request, Scope};
use crate::term::{Condition, FirstRefusal, Guard, OptionRight, Term, TermKind};
use crate::vocabulary::{Ambiguity, Vocabulary};

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
    /// Where an option brought it, what the exercise has to rest on.
    pub footings: Vec<Footing<'d>>,
}

/// A guard of an option, and the instant at which it was exercised: what that brought holds if the
/// guard was met then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footing<'d> {
    /// The guard.
    pub guard: &'d Guard,
    /// When it has to be met.
    pub at: Instant,
}

impl<'d> Holding<'d> {
    /// What has to be so for the term to apply at an instant: its own guards then, and what the
    /// exercise rests on that brought it.
    pub(crate) fn hangs_on(&self, at: Instant) -> impl Iterator<Item = Footing<'d>> {
        hangs_on(&self.term.guards, &self.footings, at)
    }
}

fn hangs_on<'d>(
    guards: &'d [Guard],
    footings: &[Footing<'d>],
    at: Instant,
) -> impl Iterator<Item = Footing<'d>> {
    footings.iter().copied().chain(guards.iter().map(move |guard| Footing { guard, at }))
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
    /// How each option was exercised that was.
    exercised: BTreeMap<&'d TermId, Exercised<'d>>,
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
    /// For a consent: what it is limited to.
    pub(crate) limits: Option<&'d Limits>,
    pub(crate) window: Window,
    pub(crate) guards: &'d [Guard],
    /// Where an option brought its term, what the exercise has to rest on.
    pub(crate) footings: Vec<Footing<'d>>,
    /// Who would breach it, and towards whom.
    pub(crate) breach: Option<(&'d PartyId, &'d PartyId)>,
    /// Norms that override this one, by index.
    pub(crate) overridden_by: Vec<usize>,
    overrides: BTreeSet<&'d TermId>,
}

impl<'d> Norm<'d> {
    /// What has to be so for the norm to apply at an instant.
    pub(crate) fn hangs_on(&self, at: Instant) -> impl Iterator<Item = Footing<'d>> {
        hangs_on(self.guards, &self.footings, at)
    }

    pub(crate) fn meeting(&self) -> Meeting {
        match self.force {
            // A consent lifts the term that it names, however much wider the request is; what it
            // is limited to has to cover the request.
            Force::Permit { .. } if self.version.is_none() => Meeting::Touches,
            Force::Permit { .. } => Meeting::Covers,
            Force::Forbid | Force::FirstRefusal(_) | Force::Prose => Meeting::Touches,
        }
    }

    /// Whether the request lies in what the norm is about.
    pub(crate) fn fit(&self, request: &Request, vocabulary: &Vocabulary) -> Fit {
        let fit = self.scope.fit(request, self.meeting(), vocabulary);
        match self.limits {
            None => fit,
            Some(limits) => fit.and(limits.fit(request, vocabulary)),
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
        Rules::of(deal, known, holdings(deal, known, Exercises::OnRecord))
    }
}

impl<'d> Rules<'d> {
    pub(crate) fn of(deal: &'d Draft, known: Known, held: Held<'d>) -> Self {
        let Held { holdings, exercised } = held;
        let mut norms: Vec<Norm<'d>> = holdings.iter().flat_map(lower).collect();
        norms.extend(consents(deal, known, &norms));
        link(&mut norms);
        Self { deal, known, norms, assumed: BTreeMap::new(), holdings, exercised }
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
        let held = Held { holdings, exercised: self.exercised.clone() };
        let mut frozen = Self::of(self.deal, self.known, held);
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
                let ends = |offer: &Offer| {
                    let end = offer.sale_window_end(right, self.known);
                    [Some(offer.deadline(right)), end]
                };
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

    /// The disputes that were on record.
    pub fn disputes(&self) -> impl Iterator<Item = &'d Dispute> {
        let known = self.known;
        self.deal.record.disputes.iter().filter(move |dispute| dispute.recorded <= known.0)
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
        let known_end = self.known.0.plus_seconds(1);
        let parts = if holding.term.guards.is_empty() {
            vec![holding.window]
        } else {
            holding.window.cut(self.deal.record.instants().chain([known_end]))
        };
        let mut met: Vec<Window> = Vec::new();
        let mut unknown = None;
        for part in parts {
            match self.applies(holding, part.start()) {
                Some(true) => met.push(part),
                Some(false) => {}
                None => unknown = unknown.or(Some(part)),
            }
        }
        (join(met), unknown)
    }

    /// Whether what an exercise has to rest on was so; `None` when that is not known.
    #[must_use]
    pub fn rest(&self, footings: &[Footing<'_>]) -> Option<bool> {
        self.all_met(footings.iter().copied())
    }

    /// Whether a term applies at an instant in its period, by its guards and those of the option that
    /// brought it; `None` when that is not known.
    #[must_use]
    pub fn applies(&self, holding: &Holding<'_>, at: Instant) -> Option<bool> {
        self.all_met(holding.hangs_on(at))
    }

    /// Whether all guards are met; `None` when that turns on one of which it is not known.
    fn all_met<'g>(&self, guards: impl Iterator<Item = Footing<'g>>) -> Option<bool> {
        let mut all = Some(true);
        for Footing { guard, at } in guards {
            match self.fact(guard, at) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => all = None,
            }
        }
        all
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

/// Where an option stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionState {
    /// It can be exercised.
    Open,
    /// It was exercised.
    Exercised {
        /// When.
        on: Instant,
    },
    /// It was not exercised while it held.
    Lapsed,
}

/// An option that is not exercised yet and could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exercisable<'d> {
    /// The option.
    pub option: &'d TermId,
    /// What it says.
    pub right: &'d OptionRight,
    /// The facts that have to be on record for it.
    pub guards: &'d [Guard],
    /// When it can be exercised.
    pub window: Window,
}

impl<'d> Rules<'d> {
    /// Where an option stands at an instant; `None` before it holds, and for what is no option.
    #[must_use]
    pub fn option_state(&self, option: &TermId, at: Instant) -> Option<OptionState> {
        let is_mine = |holding: &&Holding<'_>| {
            &holding.term.id == option && matches!(holding.term.kind, TermKind::Option(_))
        };
        let mut mine = self.holdings.iter().filter(is_mine).peekable();
        mine.peek()?;
        if let Some(on) = self.exercised(option).filter(|on| *on <= at) {
            return Some(OptionState::Exercised { on });
        }
        let windows: Vec<Window> = mine.map(|holding| holding.window).collect();
        if windows.iter().any(|window| window.contains(at)) {
            return Some(OptionState::Open);
        }
        windows.iter().all(|window| window.end() <= at).then_some(OptionState::Lapsed)
    }

    /// When an option was exercised, but for an exercise that is known to rest on nothing.
    fn exercised(&self, option: &TermId) -> Option<Instant> {
        let found = self.exercised.get(option)?;
        (self.rest(&found.footings) != Some(false)).then_some(found.on)
    }

    /// The options that were not exercised and can be, one for each period in which they hold.
    pub fn exercisable(&self) -> impl Iterator<Item = Exercisable<'d>> {
        self.holdings.iter().filter_map(|holding| {
            let (option, window) = (&holding.term.id, holding.window);
            let TermKind::Option(right) = &holding.term.kind else { return None };
            let open = self.exercised(option).is_none();
            let guards = &holding.term.guards;
            open.then_some(Exercisable { option, right, guards, window })
        })
    }

    /// The rules as they would be if every option that was not exercised had been as early as it
    /// can be.
    #[must_use]
    pub fn with_every_exercise(&self) -> Self {
        let held = holdings(self.deal, self.known, Exercises::AndPossible);
        let mut changed = Self::of(self.deal, self.known, held);
        changed.assumed.clone_from(&self.assumed);
        changed
    }

    /// The rules as they would be if an option were exercised then.
    #[must_use]
    pub fn with_exercise(&self, option: &TermId, on: Instant) -> Self {
        let exercises = Exercises::AndThis { option, on };
        let mut changed =
            Self::of(self.deal, self.known, holdings(self.deal, self.known, exercises));
        changed.assumed.clone_from(&self.assumed);
        changed
    }
}

/// Joins windows of which one ends where the next starts.
pub(crate) fn join(windows: Vec<Window>) -> Vec<Window> {
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
        limits: None,
        window: holding.window,
        guards: &term.guards,
        footings: holding.footings.clone(),
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
                limits: (!consent.limits.are_none()).then_some(&consent.limits),
                window,
                guards: &[],
                // It says nothing either where the exercise counts for nothing that brought the term.
                footings: norm.footings.clone(),
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
