//! What is counted in each run, on both sides.

/// A figure of a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Figure {
    /// What is counted.
    pub kind: Kind,
    /// Of whom or what: the words that the kind names, in its order.
    pub of: Vec<String>,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What a party gains and loses in all: party, currency; the currency's smallest unit.
    Net,
    /// What it gains and loses by reason: party, reason, currency.
    ByReason,
    /// What one party owes another: payer, payee, reason, currency.
    Owed,
    /// GPU-seconds of a purpose at a host: purpose, host.
    Host,
    /// GPU-seconds that are at another host after the change: purpose, from, to; `-` for nowhere.
    Moved,
    /// How long jobs of a purpose wait, seconds: purpose, and p50, p90, p99 or mean.
    Wait,
    /// Jobs of a purpose that start in the period: purpose.
    Started,
    /// Jobs of a purpose that can never run: purpose.
    Never,
    /// Tokens of a stream that are not served: stream.
    Unserved,
    /// GPU-seconds that a stream of traffic lacks: stream, why, the terms behind it.
    Lacking,
    /// How much of a commitment is drawn in the period: term, what it counts, in its smallest unit.
    Drawn,
    /// Intervals of a commitment that were met in full: term.
    Met,
    /// Intervals of a commitment that ended short: term.
    Missed,
    /// Whether an interval of a commitment is met after the change and was not before: term, when
    /// the interval starts, or [`Figure::ANY`] of them.
    NewlyMet,
    /// Whether one ends short after the change and did not before: as for [`Kind::NewlyMet`].
    NewlyMissed,
    /// Decisions that flip: stream, site, the answer before and after, each with its terms.
    Flip,
    /// Money at list prices that moves between hosts on a day: the day, currency.
    Day,
}

impl Kind {
    /// Every kind, in order.
    pub const ALL: [Self; 17] = [
        Self::Net,
        Self::ByReason,
        Self::Owed,
        Self::Host,
        Self::Moved,
        Self::Wait,
        Self::Started,
        Self::Never,
        Self::Unserved,
        Self::Lacking,
        Self::Drawn,
        Self::Met,
        Self::Missed,
        Self::NewlyMet,
        Self::NewlyMissed,
        Self::Flip,
        Self::Day,
    ];

    /// Its name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Net => "net",
            Self::ByReason => "by-reason",
            Self::Owed => "owed",
            Self::Host => "host-gpu-seconds",
            Self::Moved => "moved-gpu-seconds",
            Self::Wait => "wait-seconds",
            Self::Started => "jobs-started",
            Self::Never => "jobs-never",
            Self::Unserved => "unserved-tokens",
            Self::Lacking => "lacking-gpu-seconds",
            Self::Drawn => "commitment-drawn",
            Self::Met => "commitment-met",
            Self::Missed => "commitment-missed",
            Self::NewlyMet => "commitment-newly-met",
            Self::NewlyMissed => "commitment-newly-missed",
            Self::Flip => "decisions-flipped",
            Self::Day => "day",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it says if something happened in a run: 1 or nothing, after the change.
    #[must_use]
    pub fn is_share(self) -> bool {
        matches!(self, Self::NewlyMet | Self::NewlyMissed)
    }

    /// How many digits of an estimate stand behind the point that a run does not have: of what
    /// happens a few times in a run, or not at all, the mean says little in whole numbers.
    #[must_use]
    pub fn digits(self) -> u8 {
        match self {
            Self::Met | Self::Missed | Self::NewlyMet | Self::NewlyMissed => 6,
            Self::Net
            | Self::ByReason
            | Self::Owed
            | Self::Host
            | Self::Moved
            | Self::Wait
            | Self::Started
            | Self::Never
            | Self::Unserved
            | Self::Lacking
            | Self::Drawn
            | Self::Flip
            | Self::Day => 0,
        }
    }
}

impl Figure {
    /// Stands where one interval or more of a commitment will do.
    pub const ANY: &str = "any";

    /// A figure of a kind.
    #[must_use]
    pub fn new<const N: usize>(kind: Kind, of: [&str; N]) -> Self {
        Self { kind, of: of.map(str::to_owned).to_vec() }
    }
}
