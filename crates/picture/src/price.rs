//! What a page of a price shows, as values.

use comity_base::{Currency, Window};

/// A change of terms, priced: what it moved, for whom, and how sure that is.
///
/// Every estimate is the change that the terms make: with them, less without them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceReport {
    /// The title, such as `What the exclusivity on new capacity was worth`.
    pub title: String,
    /// The deal's name.
    pub deal: String,
    /// The period that was run.
    pub period: Window,
    /// The answer in a few sentences.
    pub answer: Vec<String>,
    /// What was priced.
    pub priced: Vec<PricedTerm>,
    /// How one side of the comparison is called: `with the term`.
    pub with: String,
    /// And the other: `without it`.
    pub without: String,
    /// What was assumed, a sentence each.
    pub assumptions: Vec<String>,
    /// How many pairs of runs.
    pub runs: u64,
    /// The seed of the first pair.
    pub seed: u64,
    /// Of a hundred intervals made in this way, how many hold the value: `95`.
    pub confidence: String,
    /// Money gained and lost: by currency, of which one stands behind another, by party and reason.
    pub money: Vec<MoneyMoved>,
    /// GPU-seconds that move from one host to another.
    pub moved: Vec<HoursMoved>,
    /// Queue times, seconds.
    pub waits: Vec<WaitMoved>,
    /// Commitments that are met in other runs than before.
    pub commitments: Vec<CommitmentMoved>,
    /// Intervals of commitments that are newly met or newly missed.
    pub turned: Vec<CommitmentTurned>,
    /// Decisions that flip.
    pub flips: Vec<FlipMoved>,
    /// The jobs or days that explain most.
    pub explained_by: Vec<Explaining>,
}

/// A value with the interval that it lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// The lower end.
    pub low: i128,
    /// The mean of the runs.
    pub mean: i128,
    /// The upper end.
    pub high: i128,
}

impl Estimate {
    /// Whether it can be told from nothing: its interval lies on one side of zero.
    #[must_use]
    pub fn is_told(self) -> bool {
        self.low > 0 || self.high < 0
    }
}

/// A term that was priced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedTerm {
    /// The term.
    pub term: String,
    /// What it says, in plain English.
    pub sentence: String,
    /// What it rests on: the words of the source, where, and whether stated, reported or assumed.
    pub source: String,
}

/// Money of a party that the terms move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyMoved {
    /// The party.
    pub party: String,
    /// The currency.
    pub currency: Currency,
    /// What for; `None` for the party's whole.
    pub reason: Option<String>,
    /// What it gains, in the currency's smallest unit; below zero what it loses.
    pub change: Estimate,
}

/// GPU-seconds that move from a host to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoursMoved {
    /// What for.
    pub purpose: String,
    /// Where they ran without the terms; `None` for work that ran nowhere.
    pub from: Option<String>,
    /// Where they run with the terms; `None` for work that runs nowhere.
    pub to: Option<String>,
    /// GPU-seconds.
    pub gpu_seconds: Estimate,
}

/// A percentile of a purpose's queue times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitMoved {
    /// The purpose.
    pub purpose: String,
    /// So many of a thousand jobs wait no longer.
    pub permille: u16,
    /// With the terms, seconds.
    pub with: Estimate,
    /// Without them, seconds.
    pub without: Estimate,
    /// The difference of the pairs, seconds.
    pub change: Estimate,
}

/// A commitment in the runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitmentMoved {
    /// The term.
    pub term: String,
    /// In how many runs it is met with the terms.
    pub met_with: u64,
    /// In how many without them.
    pub met_without: u64,
}

/// How an interval of a commitment turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is met with the terms and not without them.
    NewlyMet,
    /// It ends short with the terms and not without them.
    NewlyMissed,
}

/// An interval of a commitment that turns in some pairs of runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitmentTurned {
    /// The term.
    pub term: String,
    /// When the interval starts; `None` for any of several.
    pub starts: Option<String>,
    /// How it turns.
    pub turn: Turn,
    /// In which part of the pairs, in millionths.
    pub share: Estimate,
}

/// Decisions that flip in a pair of runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlipMoved {
    /// The work.
    pub work: String,
    /// Where.
    pub site: String,
    /// The answer without the terms.
    pub without: String,
    /// The answer with them.
    pub with: String,
    /// How many.
    pub count: Estimate,
}

/// A job or a day that explains much of the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explaining {
    /// Which: `job 4711 of research`, `2025-01-24`.
    pub what: String,
    /// What happened, in a sentence.
    pub how: String,
    /// How much of the money moved in a currency is due to it, of a thousand.
    pub permille: u16,
    /// The currency's code.
    pub currency: String,
}
