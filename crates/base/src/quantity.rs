//! What is metered, in whole base units, and the units that prices are stated in.
//!
//! Everything is counted in whole base units, so that it adds up and splits exactly. People read and
//! write a meter's [unit](Meter::unit), which may be several of them: of GPU time a thousandth is
//! counted, since a job may hold a share of one GPU.

use crate::cadence::Cadence;
use crate::id::ObjectId;
use crate::time::Instant;

/// A kind of use that is counted, in a whole base unit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Meter {
    /// Accelerators held, in thousandths of a GPU-second.
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

    /// The unit that stands behind a quantity: [`Meter::parts`] base units.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::GpuTime => "GPU-seconds",
            Self::TokensIn | Self::TokensOut => "tokens",
            Self::Power => "kW-seconds",
            Self::NodeTime => "node-seconds",
            Self::CoreTime => "core-seconds",
            Self::Storage => "GB-seconds",
        }
    }

    /// The base unit in words, in the plural.
    #[must_use]
    pub fn base_unit(self) -> &'static str {
        match self {
            Self::GpuTime => "thousandths of a GPU-second",
            Self::TokensIn
            | Self::TokensOut
            | Self::Power
            | Self::NodeTime
            | Self::CoreTime
            | Self::Storage => self.unit(),
        }
    }

    /// What is held at a level of one, in words, in the plural: a base unit in each second.
    #[must_use]
    pub fn level_unit(self) -> &'static str {
        match self {
            Self::GpuTime => "thousandths of a GPU",
            Self::TokensIn | Self::TokensOut => "tokens",
            Self::Power => "kW",
            Self::NodeTime => "nodes",
            Self::CoreTime => "cores",
            Self::Storage => "GB",
        }
    }

    /// How many base units one [unit](Meter::unit) is, and how high a level one GPU, kW or node is.
    #[must_use]
    pub const fn parts(self) -> u64 {
        match self {
            Self::GpuTime => 1_000,
            Self::TokensIn
            | Self::TokensOut
            | Self::Power
            | Self::NodeTime
            | Self::CoreTime
            | Self::Storage => 1,
        }
    }

    /// The most digits behind the point that a quantity or a level can have: a base unit is one in the
    /// last of them.
    #[must_use]
    pub fn digits(self) -> u8 {
        u8::try_from(self.parts().ilog10()).expect("a number of 64 bits has at most 20 digits")
    }

    /// A quantity or a level in base units as it is written, in the unit, without zeros at its end:
    /// `1.75`, `3600`.
    #[must_use]
    pub fn written(self, base_units: i128) -> String {
        let digits = usize::from(self.digits());
        let sign = if base_units < 0 { "-" } else { "" };
        let text = format!("{:0>width$}", base_units.unsigned_abs(), width = digits + 1);
        let (whole, fraction) = text.split_at(text.len() - digits);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{sign}{whole}{point}{fraction}")
    }

    /// What is [written](Meter::written), in base units; `None` for any other text.
    #[must_use]
    pub fn read(self, written: &str) -> Option<i128> {
        let digits = usize::from(self.digits());
        let (whole, fraction) = written.split_once('.').unwrap_or((written, ""));
        if fraction.len() > digits || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let found = format!("{whole}{fraction:0<digits$}").parse().ok()?;
        (self.written(found) == written).then_some(found)
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
            Self::GpuHour => 3_600 * i128::from(Meter::GpuTime.parts()),
            Self::KwHour | Self::NodeHour | Self::CoreHour => 3_600,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_written_in_their_unit_and_read_again() {
        let check = |meter: Meter, base_units: i128, expected: &str| {
            assert_eq!(meter.written(base_units), expected);
            assert_eq!(meter.read(expected), Some(base_units));
        };
        check(Meter::GpuTime, 1_750, "1.75");
        check(Meter::GpuTime, 250, "0.25");
        check(Meter::GpuTime, -1, "-0.001");
        check(Meter::GpuTime, 3_600_000, "3600");
        check(Meter::GpuTime, 0, "0");
        check(Meter::GpuTime, i128::MAX, "170141183460469231731687303715884105.727");
        check(Meter::GpuTime, i128::MIN, "-170141183460469231731687303715884105.728");
        check(Meter::Power, 1_750, "1750");
        check(Meter::TokensIn, -7, "-7");
    }

    #[test]
    fn what_is_not_written_so_is_not_read() {
        for text in
            ["", ".", "1.", ".5", "1.7500", "0.0001", "1.50", "+1", "01", "1e3", "-0", "1.-5"]
        {
            assert_eq!(Meter::GpuTime.read(text), None, "{text}");
        }
        assert_eq!(Meter::Power.read("0.5"), None);
    }

    #[test]
    fn a_unit_of_each_meter_is_its_parts_of_base_units() {
        for (name, meter) in Meter::NAMED {
            assert_eq!(meter.written(i128::from(meter.parts())), "1", "{name}");
        }
        let hour = PriceUnit::GpuHour.base_units(Instant::from_seconds(0));
        assert_eq!(Meter::GpuTime.written(hour), "3600");
    }
}
