//! The units that sources count in, and what each is in base units.

use comity_base::Meter;

/// A unit of use: which meters it measures, and how many of their base units it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    /// Its name in feeds.
    pub name: &'static str,
    /// How many base units one is.
    pub factor: u64,
    /// The meters that it measures.
    pub meters: &'static [Meter],
}

const fn unit(name: &'static str, factor: u64, meters: &'static [Meter]) -> Unit {
    Unit { name, factor, meters }
}

const fn gpu_seconds(count: u64) -> u64 {
    count * Meter::GpuTime.parts()
}

const TOKENS: &[Meter] = &[Meter::TokensIn, Meter::TokensOut];

impl Unit {
    /// Every unit.
    pub const ALL: [Self; 18] = [
        unit("gpu-second", gpu_seconds(1), &[Meter::GpuTime]),
        unit("gpu-minute", gpu_seconds(60), &[Meter::GpuTime]),
        unit("gpu-hour", gpu_seconds(3_600), &[Meter::GpuTime]),
        unit("token", 1, TOKENS),
        unit("thousand-tokens", 1_000, TOKENS),
        unit("million-tokens", 1_000_000, TOKENS),
        unit("kw-second", 1, &[Meter::Power]),
        unit("kw-hour", 3_600, &[Meter::Power]),
        unit("mw-hour", 3_600_000, &[Meter::Power]),
        unit("node-second", 1, &[Meter::NodeTime]),
        unit("node-hour", 3_600, &[Meter::NodeTime]),
        unit("core-second", 1, &[Meter::CoreTime]),
        unit("core-minute", 60, &[Meter::CoreTime]),
        unit("core-hour", 3_600, &[Meter::CoreTime]),
        unit("gb-second", 1, &[Meter::Storage]),
        unit("gb-hour", 3_600, &[Meter::Storage]),
        unit("gb-day", 86_400, &[Meter::Storage]),
        unit("tb-hour", 3_600_000, &[Meter::Storage]),
    ];

    /// The unit of a name, in singular or plural and whatever the capitals: `gpu-hour`,
    /// `GPU-Hours`, `kW-seconds`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        let singular = name.strip_suffix('s').unwrap_or(&name);
        let is = |unit: &Self| unit.name == name || unit.name.trim_end_matches('s') == singular;
        Self::ALL.into_iter().find(is)
    }

    /// The meter, where the unit measures one only.
    #[must_use]
    pub fn only_meter(self) -> Option<Meter> {
        if let [meter] = self.meters { Some(*meter) } else { None }
    }
}
