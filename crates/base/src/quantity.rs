//! What is metered, in whole base units, and the units that prices are stated in.

use crate::cadence::Cadence;
use crate::id::ObjectId;
use crate::time::Instant;

/// A kind of use that is counted, in a whole base unit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Meter {
    /// Accelerators held, in GPU-seconds.
    GpuTime,
    /// Tokens read by a model, in tokens.
    TokensIn,
    /// Tokens written by a model, in tokens.
    TokensOut,
    /// Power made available, in kW-seconds.
    Power,
    /// Whole nodes held, in node-seconds.
    NodeTime,
    /// Processor cores held, in core-seconds.
    CoreTime,
    /// Storage held, in GB-seconds, of 10^9 bytes.
    Storage,
}

impl Meter {
    /// Every meter with the name it has in deal files.
    pub const NAMED: [(&'static str, Self); 7] = [
        ("gpu-time", Self::GpuTime),
        ("tokens-in", Self::TokensIn),
        ("tokens-out", Self::TokensOut),
        ("power", Self::Power),
        ("node-time", Self::NodeTime),
        ("core-time", Self::CoreTime),
        ("storage", Self::Storage),
    ];

    /// The name in deal files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GpuTime => "gpu-time",
            Self::TokensIn => "tokens-in",
            Self::TokensOut => "tokens-out",
            Self::Power => "power",
            Self::NodeTime => "node-time",
            Self::CoreTime => "core-time",
            Self::Storage => "storage",
        }
    }

    /// What is supplied where nothing says for which product: power, and for other meters nothing.
    #[must_use]
    pub fn object(self) -> Option<ObjectId> {
        match self {
            Self::Power => ObjectId::new(self.name()).ok(),
            Self::GpuTime
            | Self::TokensIn
            | Self::TokensOut
            | Self::NodeTime
            | Self::CoreTime
            | Self::Storage => None,
        }
    }

    /// The base unit, as printed behind a quantity.
    #[must_use]
    pub fn base_unit(self) -> &'static str {
        match self {
            Self::GpuTime => "GPU-seconds",
            Self::TokensIn | Self::TokensOut => "tokens",
            Self::Power => "kW-seconds",
            Self::NodeTime => "node-seconds",
            Self::CoreTime => "core-seconds",
            Self::Storage => "GB-seconds",
        }
    }

    /// Whether it counts what is held over a time, and not single things.
    #[must_use]
    pub fn is_held(self) -> bool {
        match self {
            Self::GpuTime | Self::Power | Self::NodeTime | Self::CoreTime | Self::Storage => true,
            Self::TokensIn | Self::TokensOut => false,
        }
    }
}

/// The unit that a price is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PriceUnit {
    /// One GPU for one hour.
    GpuHour,
    /// One million tokens.
    MillionTokens,
    /// One MW for a year of 365 days.
    MwYear,
    /// One MW for a calendar month, however long.
    MwMonth,
    /// One kW for an hour.
    KwHour,
    /// One node for one hour.
    NodeHour,
    /// One core for one hour.
    CoreHour,
    /// One TB (10^12 bytes) for a calendar month, however long.
    TbMonth,
}

impl PriceUnit {
    /// Every unit with the name it has in deal files.
    pub const NAMED: [(&'static str, Self); 8] = [
        ("gpu-hour", Self::GpuHour),
        ("million-tokens", Self::MillionTokens),
        ("mw-year", Self::MwYear),
        ("mw-month", Self::MwMonth),
        ("kw-hour", Self::KwHour),
        ("node-hour", Self::NodeHour),
        ("core-hour", Self::CoreHour),
        ("tb-month", Self::TbMonth),
    ];

    /// The name in deal files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GpuHour => "gpu-hour",
            Self::MillionTokens => "million-tokens",
            Self::MwYear => "mw-year",
            Self::MwMonth => "mw-month",
            Self::KwHour => "kw-hour",
            Self::NodeHour => "node-hour",
            Self::CoreHour => "core-hour",
            Self::TbMonth => "tb-month",
        }
    }

    /// How many base units of its meter one such unit is, in the calendar month that `at` lies in.
    #[must_use]
    pub fn base_units(self, at: Instant) -> i128 {
        let thousand_for_a_month = || 1_000 * i128::from(Cadence::Month.around(at).seconds());
        match self {
            Self::GpuHour | Self::KwHour | Self::NodeHour | Self::CoreHour => 3_600,
            Self::MillionTokens => 1_000_000,
            Self::MwYear => 1_000 * 365 * 86_400,
            Self::MwMonth | Self::TbMonth => thousand_for_a_month(),
        }
    }

    /// Whether one such unit is another number of base units in another month.
    #[must_use]
    pub fn goes_by_month(self) -> bool {
        match self {
            Self::MwMonth | Self::TbMonth => true,
            Self::GpuHour
            | Self::KwHour
            | Self::NodeHour
            | Self::CoreHour
            | Self::MillionTokens
            | Self::MwYear => false,
        }
    }

    /// Whether the unit prices what `meter` counts.
    #[must_use]
    pub fn prices(self, meter: Meter) -> bool {
        match self {
            Self::GpuHour => meter == Meter::GpuTime,
            Self::MillionTokens => matches!(meter, Meter::TokensIn | Meter::TokensOut),
            Self::MwYear | Self::MwMonth | Self::KwHour => meter == Meter::Power,
            Self::NodeHour => meter == Meter::NodeTime,
            Self::CoreHour => meter == Meter::CoreTime,
            Self::TbMonth => meter == Meter::Storage,
        }
    }
}
