//! What holds of every request at every instant, by what is known now.

mod money;
mod norms;
mod options;
mod refusals;
mod views;

use std::collections::BTreeSet;

use comity_base::{Instant, Known, PartyId, TermId, VersionId, Window};
use comity_terms::{Deal, Draft, TermKind};

use crate::answers::{Outcome, Side};
use crate::boxes::Extent;

pub(crate) use norms::conflict_cases;

/// Something that should hold of every deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Property {
    /// No request is both permitted and forbidden by terms of which none overrides the other.
    NoConflict,
    /// Every term is live for some request at some instant.
    NoDeadTerm,
    /// Every carve-out changes some answer.
    CarveOutsCount,
    /// Every consent is given by a party to whom the term is owed.
    ConsentByHolder,
    /// No first refusal can be passed by, and each one ends once it was offered.
    FirstRefusalHolds,
    /// Every option can be exercised, and what it brings can hold.
    OptionsCanBeExercised,
    /// For each commitment there is something that the seller may supply to the buyer.
    CommitmentsCanBeMet,
    /// Shares come to no more than the whole, caps hold, no sale is shared twice with one payee.
    SharesFit,
    /// What goes on holding when an agreement has run out.
    Survivals,
    /// Answers that depend on how an open question is read.
    Readings,
    /// What was recorded later changes no answer as known earlier.
    KnownStays,
}

impl Property {
    /// A short name, the same in text and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoConflict => "no-conflict",
            Self::NoDeadTerm => "no-dead-term",
            Self::CarveOutsCount => "carve-outs-count",
            Self::ConsentByHolder => "consent-by-holder",
            Self::FirstRefusalHolds => "first-refusal-holds",
            Self::OptionsCanBeExercised => "options-can-be-exercised",
            Self::CommitmentsCanBeMet => "commitments-can-be-met",
            Self::SharesFit => "shares-fit",
            Self::Survivals => "survivals",
            Self::Readings => "readings",
            Self::KnownStays => "known-stays",
        }
    }

    /// What it says, as a sentence without its full stop.
    #[must_use]
    pub fn statement(self) -> &'static str {
        match self {
            Self::NoConflict => "nothing is both permitted and forbidden",
            Self::NoDeadTerm => "every term applies to some act at some time",
            Self::CarveOutsCount => "every carve-out changes some answer",
            Self::ConsentByHolder => "every consent is given by a party to whom the term is owed",
            Self::FirstRefusalHolds => {
                "no first refusal can be passed by, and each ends once it was offered"
            }
            Self::OptionsCanBeExercised => {
                "every option can be exercised, and what it brings holds then"
            }
            Self::CommitmentsCanBeMet => {
                "for each commitment there is something that its seller may supply to its buyer"
            }
            Self::SharesFit => {
                "shares come to at most the whole, caps hold, no sale is shared twice with one payee"
            }
            Self::Survivals => "what goes on holding when an agreement has run out",
            Self::Readings => "what depends on how an open question is read",
            Self::KnownStays => "what is recorded later changes no answer as known earlier",
        }
    }
}

/// How it stands with a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It holds.
    Pass,
    /// It does not; the cases show where.
    Fail,
    /// There is nothing to hold or not; the cases are worth knowing.
    Information,
}

impl Standing {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Information => "information",
        }
    }
}

/// A property with how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// The property.
    pub property: Property,
    /// How it stands.
    pub standing: Standing,
    /// Where it does not hold, or what is worth knowing.
    pub cases: Vec<Case>,
    /// What was gone through, in words.
    pub covered: String,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What is the matter, as a sentence without its full stop.
    pub text: String,
    /// The terms that it is about.
    pub terms: Vec<TermId>,
    /// The requests that it is about.
    pub extent: Option<Extent>,
    /// The answers there, each with how the open question is read, or by when it was known.
    pub answers: Vec<(String, Outcome)>,
    /// When.
    pub periods: Vec<Window>,
}

impl Case {
    pub(crate) fn of(text: String, terms: impl IntoIterator<Item = TermId>) -> Self {
        let terms: BTreeSet<TermId> = terms.into_iter().collect();
        let terms = terms.into_iter().collect();
        Self { text, terms, extent: None, answers: Vec::new(), periods: Vec::new() }
    }

    fn during(self, periods: impl IntoIterator<Item = Window>) -> Self {
        Self { periods: periods.into_iter().collect(), ..self }
    }
}

/// Every property, in the order of [`Property`], by all that is on record.
#[must_use]
pub fn prove(deal: &Deal) -> Vec<Proved> {
    let side = Side::new(deal, Known::ALL);
    vec![
        norms::conflicts(&side),
        norms::dead_terms(&side),
        norms::carve_outs(&side),
        consents(deal.parts()),
        refusals::first_refusals(&side),
        options::options(&side),
        money::commitments(&side),
        money::shares(&side),
        survivals(&side),
        views::readings(&side),
        views::known(deal),
    ]
}

fn judged(property: Property, cases: Vec<Case>, covered: String) -> Proved {
    let standing = if cases.is_empty() { Standing::Pass } else { Standing::Fail };
    Proved { property, standing, cases, covered }
}

fn informed(property: Property, cases: Vec<Case>, covered: String) -> Proved {
    Proved { property, standing: Standing::Information, cases, covered }
}

/// The number with its word, in the plural where there is not exactly one.
fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Ids as a list in a sentence.
fn list<'a>(ids: impl IntoIterator<Item = &'a TermId>) -> String {
    let ids: Vec<&str> = ids.into_iter().map(TermId::as_str).collect();
    match ids.split_last() {
        Some((last, first)) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        Some((last, _)) => (*last).to_owned(),
        None => "nothing".to_owned(),
    }
}

fn consents(deal: &Draft) -> Proved {
    let versions = deal.agreements.iter().flat_map(|agreement| &agreement.versions);
    let terms: Vec<_> = versions.flat_map(|version| &version.adds).collect();
    let owed = |to: &TermId| -> Option<&PartyId> {
        match &terms.iter().find(|term| &term.id == to)?.kind {
            TermKind::Exclusivity(it) => Some(&it.holder),
            TermKind::Prohibition(it) => Some(&it.owed_to),
            TermKind::FirstRefusal(it) => Some(&it.holder),
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
    };
    let strange = deal.record.consents.iter().filter(|it| owed(&it.to.value) != Some(&it.by));
    let case = |it: &comity_terms::Consent| {
        let text = format!("{} consents to {}, which is not owed to it", it.by, it.to.value);
        Case::of(text, [it.id.clone(), it.to.value.clone()]).during([it.window])
    };
    let covered = match deal.record.consents.len() {
        0 => "no consent is on record".to_owned(),
        count => counted(count, "consent", "consents"),
    };
    judged(Property::ConsentByHolder, strange.map(case).collect(), covered)
}

/// The terms that go on, each time that an agreement runs out: at its end, and before a gap
/// between two versions.
fn survivals(side: &Side<'_>) -> Proved {
    let mut cases = Vec::new();
    let mut run_out = 0;
    let agreements = &side.deal.parts().agreements;
    for agreement in agreements {
        let versions = &agreement.versions;
        for (index, end) in agreement.ends().into_iter().enumerate() {
            let next = versions.get(index + 1).map(|next| next.effective.start());
            if end == Instant::MAX || next.is_some_and(|next| next <= end) {
                continue;
            }
            run_out += 1;
            let brought = |id: &VersionId| versions[..=index].iter().any(|it| &it.id == id);
            let mine = side.rules.holdings().iter().filter(|it| {
                it.agreement == &agreement.id && brought(it.version) && it.window.end() > end
            });
            for holding in mine {
                let id = &holding.term.id;
                let text = format!("{id} goes on when {} runs out on {end}", agreement.id);
                let left = Window::new(holding.window.start().max(end), holding.window.end()).ok();
                cases.push(Case::of(text, [id.clone()]).during(left));
            }
        }
    }
    let all = counted(agreements.len(), "agreement", "agreements");
    let times = counted(run_out, "time", "times");
    let covered = match (run_out, cases.is_empty()) {
        (0, _) => format!("{all}, and none runs out"),
        (_, true) => format!("{all}, which run out {times} with all their terms"),
        (_, false) => format!("{all}, which run out {times}"),
    };
    informed(Property::Survivals, cases, covered)
}
