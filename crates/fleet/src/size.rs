//! How much a job holds at once.

use std::fmt;
use std::num::NonZeroU16;

/// How much a job holds at once: whole GPUs, or a share of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// A share of one GPU, which others may have shares of too.
    Share(Share),
    /// So many whole GPUs.
    Gpus(u32),
}

impl Size {
    /// Thousandths of a GPU in a whole one: as many as GPU time is metered in
    /// ([`Meter::parts`](comity_base::Meter::parts)).
    pub const WHOLE_MILLI: u16 = 1_000;

    /// How many GPUs it takes, or has a share of.
    #[must_use]
    pub fn gpus(self) -> u32 {
        match self {
            Self::Share(_) => 1,
            Self::Gpus(gpus) => gpus,
        }
    }

    /// Thousandths of GPUs in all.
    #[must_use]
    pub fn milli(self) -> u64 {
        match self {
            Self::Share(share) => u64::from(share.milli()),
            Self::Gpus(gpus) => u64::from(gpus) * u64::from(Self::WHOLE_MILLI),
        }
    }

    /// The size of so many thousandths: none of more than a GPU that are not whole GPUs.
    #[must_use]
    pub fn of_milli(milli: u64) -> Option<Self> {
        let whole = u64::from(Self::WHOLE_MILLI);
        if milli.is_multiple_of(whole) {
            return u32::try_from(milli / whole).ok().map(Self::Gpus);
        }
        u16::try_from(milli).ok().and_then(Share::new).map(Self::Share)
    }

    /// The share, where it is one.
    #[must_use]
    pub fn share(self) -> Option<Share> {
        match self {
            Self::Share(share) => Some(share),
            Self::Gpus(_) => None,
        }
    }
}

impl fmt::Display for Size {
    /// GPUs: `8`, or `0.25`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(share) => share.fmt(f),
            Self::Gpus(gpus) => gpus.fmt(f),
        }
    }
}

/// A part of one GPU: some thousandths of it, but not all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(NonZeroU16);

impl Share {
    /// The share of so many thousandths; none unless they are from 1 to 999.
    #[must_use]
    pub fn new(milli: u16) -> Option<Self> {
        let milli = NonZeroU16::new(milli)?;
        (milli.get() < Size::WHOLE_MILLI).then_some(Self(milli))
    }

    /// Thousandths.
    #[must_use]
    pub fn milli(self) -> u16 {
        self.0.get()
    }
}

impl fmt::Display for Share {
    /// As a part of one, without zeros at the end: `0.25`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:03}", self.milli());
        write!(f, "0.{}", digits.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_less_than_one_gpu_and_print_as_a_part_of_it() {
        assert_eq!([0, 1_000, 1_001].map(Share::new), [None; 3]);
        let printed = [1, 5, 250, 999].map(|milli| Share::new(milli).map(|it| it.to_string()));
        assert_eq!(printed, ["0.001", "0.005", "0.25", "0.999"].map(|text| Some(text.to_owned())));
        assert_eq!(Size::Gpus(8).milli(), 8_000);
    }

    #[test]
    fn sizes_are_as_many_thousandths_as_gpu_time_is_metered_in() {
        assert_eq!(Size::Gpus(1).milli(), comity_base::Meter::GpuTime.parts());
        for milli in [0, 1, 999, 1_000, 64_000] {
            assert_eq!(Size::of_milli(milli).map(Size::milli), Some(milli));
        }
        assert_eq!([1_001, 1_500, 1_000 << 32].map(Size::of_milli), [None; 3]);
    }
}
