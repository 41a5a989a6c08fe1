//! What a page of a replay shows, as values.

use comity_base::{Instant, Money, Window};

/// A replay: the period under the terms in force, and under each version of an agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayReport {
    /// The deal's name.
    pub deal: String,
    /// The period.
    pub period: Window,
    /// The seed of the drawn work.
    pub seed: u64,
    /// What else has to be known to read the figures, such as traces that took the place of drawn
    /// work.
    pub notes: Vec<String>,
    /// Under the terms in force.
    pub in_force: Run,
    /// The agreement whose versions are compared, where there is one.
    pub compared: Option<Compared>,
    /// Every agreement of the deal with its versions.
    pub agreements: Vec<AgreementLine>,
}

/// An agreement, and the same period under each of its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Its name.
    pub agreement: String,
    /// The runs, by the date from which the version is effective; each is named by its version.
    pub versions: Vec<Run>,
    /// What flips from one version to the next.
    pub flips: Vec<Flipped>,
}

/// The period under one set of terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its name: a version, or what else tells it from the others.
    pub name: String,
    /// How many decisions had each answer, in the order in which they are shown.
    pub answers: Vec<(String, u64)>,
    /// The windows that the series of sites and queues are over, in order and without gaps.
    pub slots: Vec<Window>,
    /// Use of each site.
    pub sites: Vec<SiteUse>,
    /// Jobs that wait, one for each purpose.
    pub queues: Vec<Queue>,
    /// Services and what they served.
    pub services: Vec<Served>,
    /// Commitments.
    pub commitments: Vec<BurnLine>,
    /// What is owed in the period, by payer, payee and reason; each once.
    pub owed: Vec<Owing>,
}

/// What a site had and what was used of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteUse {
    /// The site.
    pub site: String,
    /// Who hosts it.
    pub host: String,
    /// Thousandths of a GPU-second that were there, one for each slot.
    pub available: Vec<i128>,
    /// Thousandths of a GPU-second that were held, by purpose; one for each slot.
    pub used: Vec<(String, Vec<i128>)>,
}

/// The queue of a purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// The purpose.
    pub purpose: String,
    /// Seconds that jobs spent waiting, all together; one for each slot.
    pub waiting: Vec<i128>,
    /// How many jobs were handed in.
    pub handed_in: u64,
    /// How long those that started had waited, seconds.
    pub waits: Waits,
    /// How many did not start.
    pub not_started: u64,
}

/// How long jobs waited: the least number of seconds that so many did not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waits {
    /// How many jobs.
    pub jobs: u64,
    /// Half of them waited no longer.
    pub half: i64,
    /// Nine of ten.
    pub nine_of_ten: i64,
    /// Ninety-nine of a hundred.
    pub ninety_nine: i64,
    /// All of them.
    pub longest: i64,
}

impl Waits {
    /// The waits of jobs that started, in any order, by the nearest rank.
    #[must_use]
    pub fn of(mut seconds: Vec<i64>) -> Self {
        seconds.sort_unstable();
        let at = |permille: usize| {
            let rank = (seconds.len() * permille).div_ceil(1_000).max(1);
            seconds.get(rank - 1).copied().unwrap_or(0)
        };
        Self {
            jobs: u64::try_from(seconds.len()).unwrap_or(u64::MAX),
            half: at(500),
            nine_of_ten: at(900),
            ninety_nine: at(990),
            longest: at(1_000),
        }
    }
}

/// A service's traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The service.
    pub service: String,
    /// Tokens asked for.
    pub asked: u128,
    /// Tokens served.
    pub served: u128,
    /// GPU-seconds that it lacked, by why, with the terms in words.
    pub lacking: Vec<(String, i128)>,
}

/// A commitment in one interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BurnLine {
    /// The term.
    pub term: String,
    /// Who buys.
    pub buyer: String,
    /// From whom.
    pub seller: String,
    /// The interval as words, such as `2025-01-21 to 2031-01-21`.
    pub interval: String,
    /// The unit of the counts, for people.
    pub unit: String,
    /// By how much a count is divided to come to the unit: 100 for cents and dollars.
    pub per_unit: i128,
    /// What is promised.
    pub promised: i128,
    /// What was used before the period.
    pub used_before: i128,
    /// What was used by the end of the period.
    pub used: i128,
    /// What is used at the end of the interval at this pace; `None` without an end.
    pub projected: Option<i128>,
    /// Of a thousand parts of the interval, how many are over; `None` without an end.
    pub elapsed_permille: Option<u32>,
    /// What becomes of it, in words.
    pub outlook: String,
    /// How much was used by the end of each slot, from the slot in which it begins on; empty where
    /// it is not known by time.
    pub used_by: Vec<(Instant, i128)>,
}

/// What one party owes another for a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owing {
    /// Who pays.
    pub from: String,
    /// Whom.
    pub to: String,
    /// What for.
    pub reason: String,
    /// How much; below zero for what is given back.
    pub amount: Money,
}

/// Decisions whose answer is another under the next version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flipped {
    /// The version before.
    pub from: String,
    /// The version after.
    pub to: String,
    /// The work.
    pub work: String,
    /// The sites.
    pub sites: Vec<String>,
    /// The answer before, and the terms that settle it.
    pub before: (String, Vec<String>),
    /// The answer after, and the terms that settle it.
    pub after: (String, Vec<String>),
    /// How many decisions.
    pub count: u64,
}

/// An agreement on the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementLine {
    /// Its name.
    pub name: String,
    /// Its versions, by the date from which they are effective.
    pub versions: Vec<VersionSpan>,
}

/// A version on the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionSpan {
    /// Its id.
    pub version: String,
    /// When it is in force: up to the next version or its own end.
    pub in_force: Window,
    /// When it was signed.
    pub executed: Instant,
    /// When it was recorded.
    pub recorded: Instant,
}
