//! What is metered, in whole base units, and the units that prices are stated in.

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
}

impl Meter {
    /// Every meter with the name it has in deal files.
    pub const NAMED: [(&'static str, Self); 4] = [
        ("gpu-time", Self::GpuTime),
        ("tokens-in", Self::TokensIn),
        ("tokens-out", Self::TokensOut),
        ("power", Self::Power),
    ];

    /// The name in deal files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GpuTime => "gpu-time",
            Self::TokensIn => "tokens-in",
            Self::TokensOut => "tokens-out",
            Self::Power => "power",
        }
    }

    /// The base unit, as printed behind a quantity.
    #[must_use]
    pub fn base_unit(self) -> &'static str {
        match self {
            Self::GpuTime => "GPU-seconds",
            Self::TokensIn | Self::TokensOut => "tokens",
            Self::Power => "kW-seconds",
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
    /// One kW for an hour.
    KwHour,
}

impl PriceUnit {
    /// Every unit with the name it has in deal files.
    pub const NAMED: [(&'static str, Self); 4] = [
        ("gpu-hour", Self::GpuHour),
        ("million-tokens", Self::MillionTokens),
        ("mw-year", Self::MwYear),
        ("kw-hour", Self::KwHour),
    ];

    /// The name in deal files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GpuHour => "gpu-hour",
            Self::MillionTokens => "million-tokens",
            Self::MwYear => "mw-year",
            Self::KwHour => "kw-hour",
        }
    }

    /// How many base units of its meter one such unit is.
    #[must_use]
    pub fn base_units(self) -> i128 {
        match self {
            Self::GpuHour | Self::KwHour => 3_600,
            Self::MillionTokens => 1_000_000,
            Self::MwYear => 1_000 * 365 * 86_400,
        }
    }

    /// Whether the unit prices what `meter` counts.
    #[must_use]
    pub fn prices(self, meter: Meter) -> bool {
        match self {
            Self::GpuHour => meter == Meter::GpuTime,
            Self::MillionTokens => matches!(meter, Meter::TokensIn | Meter::TokensOut),
            Self::MwYear | Self::KwHour => meter == Meter::Power,
        }
    }
}
