//! Answers to requests: the one place that decides.

use std::collections::BTreeSet;

use comity_base::{Instant, Known, TermId, Window};
use comity_terms::{Answer, Deal, Request, Rulebook, Rules, Verdict};

/// An answer with the terms that settle it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    /// The answer.
    pub answer: Answer,
    /// The terms that settle it, in order; none where they are silent.
    pub terms: Vec<TermId>,
}

/// A deal by what was known, ready to answer.
#[derive(Debug, Clone)]
pub(crate) struct Side<'d> {
    pub(crate) deal: &'d Deal,
    pub(crate) rules: Rules<'d>,
    book: Rulebook,
}

impl<'d> Side<'d> {
    pub(crate) fn new(deal: &'d Deal, known: Known) -> Self {
        Self::with(deal, deal.rules(known))
    }

    pub(crate) fn with(deal: &'d Deal, rules: Rules<'d>) -> Self {
        let book = Rulebook::compile(&rules);
        Self { deal, rules, book }
    }

    pub(crate) fn outcome(&self, request: &Request) -> Outcome {
        let asked = self.book.asked(request).expect("requests are made of the deal's own names");
        let decided = self.book.decide(&asked);
        let terms: BTreeSet<&TermId> = decided.live().collect();
        let terms = terms.into_iter().cloned().collect();
        Outcome { answer: decided.answer, terms }
    }

    pub(crate) fn answer(&self, request: &Request) -> Answer {
        self.verdict(request).0
    }

    pub(crate) fn verdict(&self, request: &Request) -> (Answer, Verdict) {
        let asked = self.book.asked(request).expect("requests are made of the deal's own names");
        let decided = self.book.decide(&asked);
        (decided.answer, decided.verdict)
    }
}

/// The periods in which no answer of any side changes, in order; together they are all of time.
pub(crate) fn segments(sides: &[&Side<'_>]) -> Vec<Window> {
    let instants: BTreeSet<Instant> = sides.iter().flat_map(|side| side.rules.instants()).collect();
    Window::ALWAYS.cut(instants)
}
