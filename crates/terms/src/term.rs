//! One executable rule of an agreement, in the kinds that compute deals are made of.

use std::collections::BTreeSet;

use comity_base::{Calendar, FactId, Instant, Money, ObjectId, PartyId, PurposeId, Ratio, TermId};

use crate::money::{Commitment, CostSplit, Credit, Discount, RevenueShare};
use crate::provenance::{Position, Provenance};
use crate::scope::Scope;

/// A value together with where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cited<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub position: Position,
}

/// One executable rule of an agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Its id, unique in the deal.
    pub id: TermId,
    /// What it rules.
    pub kind: TermKind,
    /// When it starts by its own words; with its version when it does not say.
    pub from: Option<Instant>,
    /// When it ends by its own words, `[from, to)`.
    pub to: Option<Instant>,
    /// Whether it goes on holding when its agreement runs out.
    pub survives: bool,
    /// Facts that must hold, or must not, for it to apply.
    pub guards: Vec<Guard>,
    /// The terms that it overrides where both apply: its carve-outs.
    pub overrides: Vec<Cited<TermId>>,
    /// What it rests on.
    pub provenance: Provenance,
    /// Where it stands.
    pub position: Position,
}

/// A fact that must hold, or must not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// The fact.
    pub fact: FactId,
    /// What it must be.
    pub holds: bool,
}

/// What a term rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TermKind {
    /// Only the holder may: a permission for the holder and a prohibition for all others.
    Exclusivity(Exclusivity),
    /// Someone may.
    Permission(Permission),
    /// Someone may not.
    Prohibition(Prohibition),
    /// Someone may once the holder was offered it and did not take it: a ROFR.
    FirstRefusal(FirstRefusal),
    /// The holder may bring terms into force.
    Option(OptionRight),
    /// Someone must; in words, shown beside decisions.
    Duty(Duty),
    /// Someone answers for what another owes.
    Guarantee(Guarantee),
    /// A rule in words that nobody has encoded: what lies in its scope is undetermined.
    Clause(Option<Scope>),
    /// Revenue passed on.
    RevenueShare(RevenueShare),
    /// A promise to buy.
    Commitment(Commitment),
    /// A part of the price that is let off.
    Discount(Discount),
    /// An amount that charges are drawn from.
    Credit(Credit),
    /// Charges passed on to several parties.
    CostSplit(CostSplit),
    /// A share in a company.
    Equity(Equity),
    /// A promise to fund.
    CapitalCommitment(CapitalCommitment),
    /// Who leads, appoints, operates.
    Governance(Governance),
    /// A partner that brings technology.
    TechnologyPartner(TechnologyPartner),
    /// Capacity that one party makes available to another.
    Capacity(CapacityTerm),
}

/// Only the holder may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusivity {
    /// Who alone may.
    pub holder: PartyId,
    /// Who granted it and would breach it.
    pub grantor: PartyId,
    /// Whether the grantor itself is excluded too.
    pub grantor_excluded: bool,
    /// What about; its actor is not used.
    pub scope: Scope,
}

/// Someone may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// Who grants it.
    pub grantor: PartyId,
    /// Who may do what.
    pub scope: Scope,
    /// What must be met first.
    pub condition: Option<Condition>,
}

/// Something a permission itself asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The fact that tells whether it is met; while that is not known, the answer is
    /// `conditional`.
    pub fact: FactId,
    /// The condition as a sentence.
    pub text: String,
    /// For a condition on a ratio: how it is read. The fact is then what the measures on record
    /// and the amount of the request come to.
    pub ratio: Option<RatioTest>,
}

/// How a condition such as "primarily for research and training" is read.
///
/// It is tested on the state after the act, in whole numbers: what counts over everything, of
/// what is on record, with the amount of the request added where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatioTest {
    /// Which purposes count.
    pub counted: BTreeSet<PurposeId>,
    /// The part of everything that they must be.
    pub threshold: Ratio,
    /// Whether exactly the threshold is not enough: "more than" and not "at least".
    pub more_than: bool,
    /// The unit that amounts are in, such as `MW`.
    pub unit: String,
}

impl RatioTest {
    /// Whether what counts is enough of everything.
    #[must_use]
    pub fn holds(&self, counted: u64, total: u64) -> bool {
        let left = i128::from(counted) * i128::from(self.threshold.denominator());
        let right = i128::from(total) * i128::from(self.threshold.numerator());
        if self.more_than { left > right } else { left >= right }
    }

    /// How much more that does not count can be added before the test fails; `None` when there
    /// is no limit, or it fails already.
    #[must_use]
    pub fn headroom(&self, counted: u64, total: u64) -> Option<u64> {
        if self.threshold.numerator() == 0 || !self.holds(counted, total) {
            return None;
        }
        // The most `x` with counted / (total + x) at, or above, the threshold.
        let product = i128::from(counted) * i128::from(self.threshold.denominator());
        let numerator = i128::from(self.threshold.numerator());
        let most = product / numerator;
        let most = if self.more_than && product % numerator == 0 { most - 1 } else { most };
        u64::try_from(most - i128::from(total)).ok()
    }
}

/// Someone may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prohibition {
    /// Who would breach it.
    pub bound: PartyId,
    /// Towards whom; that party may consent.
    pub owed_to: PartyId,
    /// Who may not do what.
    pub scope: Scope,
}

/// A right of first refusal (ROFR).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstRefusal {
    /// Who must be offered it first.
    pub holder: PartyId,
    /// Who must offer it, and would breach it.
    pub grantor: PartyId,
    /// What about; its actor is not used: it is everyone but the holder.
    pub scope: Scope,
    /// Days from the notice until the right lapses without an election.
    pub election_days: u32,
    /// In which days the deadline is counted.
    pub calendar: Calendar,
    /// Days from when the right is spent in which the grantor may deal with others; after them
    /// it must offer again. For ever when not said.
    pub sale_window_days: Option<u32>,
}

/// A right to bring terms into force, to be exercised in the period in which its term holds.
///
/// The terms that it brings hold only from its exercise on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionRight {
    /// Who may exercise it.
    pub holder: PartyId,
    /// Who granted it.
    pub grantor: PartyId,
    /// The terms, added by the same version, that it brings.
    pub brings: Vec<Cited<TermId>>,
    /// Days from the exercise until they hold.
    pub notice_days: u32,
    /// In which days the notice is counted.
    pub calendar: Calendar,
}

impl OptionRight {
    /// When what it brings begins to hold, exercised then: at once, or at the end of the last day
    /// of notice.
    #[must_use]
    pub fn takes_effect(&self, exercised: Instant) -> Instant {
        match self.notice_days {
            0 => exercised,
            days => self.calendar.deadline(exercised, days),
        }
    }
}

/// A guarantee, such as a parent's: who answers for what another party owes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guarantee {
    /// Who answers.
    pub guarantor: PartyId,
    /// Whose obligations.
    pub debtor: PartyId,
    /// Towards whom.
    pub beneficiary: PartyId,
    /// The terms by which they are owed.
    pub secures: Vec<Cited<TermId>>,
    /// Up to how much in all; without limit when not said.
    pub limit: Option<Money>,
}

/// Someone must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// Who must.
    pub bound: PartyId,
    /// Towards whom.
    pub owed_to: PartyId,
    /// The duty as a sentence.
    pub text: String,
}

/// A share in a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equity {
    /// Who holds it.
    pub holder: PartyId,
    /// In which party.
    pub company: PartyId,
    /// What part, where known.
    pub share: Option<Ratio>,
    /// What was or is to be paid for it, where known.
    pub amount: Option<Money>,
}

/// A promise to fund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapitalCommitment {
    /// Who funds; nobody in particular when the source names no one.
    pub investor: Option<PartyId>,
    /// Whom.
    pub company: PartyId,
    /// Up to how much.
    pub amount: Money,
}

/// Who leads, appoints, operates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Governance {
    /// Of which party.
    pub company: PartyId,
    /// The right or office, such as `board`, `chair`, `operational-control`.
    pub office: ObjectId,
    /// Who has it.
    pub held_by: Vec<PartyId>,
}

/// A partner that brings technology.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TechnologyPartner {
    /// Who.
    pub party: PartyId,
    /// To whom.
    pub company: PartyId,
    /// Whether it funds as well; if not, a capital commitment of it is a contradiction.
    pub funds: bool,
}

/// Capacity that one party makes available to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapacityTerm {
    /// Who provides it.
    pub provider: PartyId,
    /// For whom.
    pub user: PartyId,
    /// How much power, kW.
    pub power_kw: u64,
}

impl TermKind {
    /// The key that names the kind in deal files.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Exclusivity(_) => "exclusivity",
            Self::Permission(_) => "permission",
            Self::Prohibition(_) => "prohibition",
            Self::FirstRefusal(_) => "first-refusal",
            Self::Option(_) => "option",
            Self::Duty(_) => "duty",
            Self::Guarantee(_) => "guarantee",
            Self::Clause(_) => "clause",
            Self::RevenueShare(_) => "revenue-share",
            Self::Commitment(_) => "commitment",
            Self::Discount(_) => "discount",
            Self::Credit(_) => "credit",
            Self::CostSplit(_) => "cost-split",
            Self::Equity(_) => "equity",
            Self::CapitalCommitment(_) => "capital-commitment",
            Self::Governance(_) => "governance",
            Self::TechnologyPartner(_) => "technology-partner",
            Self::Capacity(_) => "capacity",
        }
    }

    /// The parties that the term binds or gives a right: each must have signed the agreement.
    #[must_use]
    pub fn signatories(&self) -> Vec<&PartyId> {
        match self {
            Self::Exclusivity(term) => vec![&term.holder, &term.grantor],
            Self::Permission(term) => vec![&term.grantor],
            Self::Prohibition(term) => vec![&term.bound, &term.owed_to],
            Self::FirstRefusal(term) => vec![&term.holder, &term.grantor],
            Self::Option(term) => vec![&term.holder, &term.grantor],
            Self::Duty(term) => vec![&term.bound, &term.owed_to],
            Self::Guarantee(term) => vec![&term.guarantor, &term.beneficiary],
            Self::Clause(_) => Vec::new(),
            Self::RevenueShare(term) => vec![&term.payer, &term.payee],
            Self::Commitment(term) => vec![&term.buyer, &term.seller],
            Self::Discount(term) => vec![&term.seller, &term.buyer],
            Self::Credit(term) => vec![&term.seller, &term.buyer],
            Self::CostSplit(term) => std::iter::once(&term.of)
                .chain(term.between.iter().map(|(party, _)| party))
                .collect(),
            Self::Equity(term) => vec![&term.holder],
            Self::CapitalCommitment(term) => term.investor.iter().collect(),
            Self::Governance(term) => term.held_by.iter().collect(),
            Self::TechnologyPartner(term) => vec![&term.party],
            Self::Capacity(term) => vec![&term.provider, &term.user],
        }
    }

    /// Who owes what the term says, and to whom; nobody where it does not say both.
    #[must_use]
    pub fn owed(&self) -> Option<(&PartyId, &PartyId)> {
        match self {
            Self::Exclusivity(term) => Some((&term.grantor, &term.holder)),
            Self::Prohibition(term) => Some((&term.bound, &term.owed_to)),
            Self::FirstRefusal(term) => Some((&term.grantor, &term.holder)),
            Self::Option(term) => Some((&term.grantor, &term.holder)),
            Self::Duty(term) => Some((&term.bound, &term.owed_to)),
            Self::Guarantee(term) => Some((&term.guarantor, &term.beneficiary)),
            Self::RevenueShare(term) => Some((&term.payer, &term.payee)),
            Self::Commitment(term) => Some((&term.buyer, &term.seller)),
            Self::Discount(term) => Some((&term.seller, &term.buyer)),
            Self::Credit(term) => Some((&term.seller, &term.buyer)),
            Self::CapitalCommitment(term) => term.investor.as_ref().zip(Some(&term.company)),
            Self::Capacity(term) => Some((&term.provider, &term.user)),
            Self::Permission(_)
            | Self::Clause(_)
            | Self::CostSplit(_)
            | Self::Equity(_)
            | Self::Governance(_)
            | Self::TechnologyPartner(_) => None,
        }
    }
}
