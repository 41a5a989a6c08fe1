//! What was used: the records that come in, and the key that they are summed under.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;

use comity_base::{GpuTypeId, Meter, ObjectId, PartyId, SiteId, Window};

use crate::charge::Charge;
use crate::fold::SupplyNumber;

/// A usage record: what one party used of another's over a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Its number, to find it again. The parts of a record that was split keep it.
    pub id: u64,
    /// Who used it, and pays.
    pub buyer: PartyId,
    /// Who supplied it, and is paid. The buyer itself for own use.
    pub seller: PartyId,
    /// What is counted.
    pub meter: Meter,
    /// The product or capacity.
    pub object: ObjectId,
    /// Where it was used, when that is known.
    pub site: Option<SiteId>,
    /// On which type of GPU, when that is known.
    pub gpu: Option<GpuTypeId>,
    /// How much.
    pub amount: Amount,
    /// When.
    pub window: Window,
}

/// How much a record is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Something held throughout the window: the quantity is `level × seconds`, so it splits
    /// exactly at any instant.
    Held {
        /// How many base units of the meter in each second: thousandths of a GPU, kW, nodes.
        level: u64,
    },
    /// Something counted: the whole quantity belongs to the start of the window.
    Counted {
        /// How many of the meter's base units.
        quantity: u64,
    },
}

impl Amount {
    /// Whether it is for nothing.
    pub(crate) fn is_nothing(self) -> bool {
        match self {
            Self::Held { level: amount } | Self::Counted { quantity: amount } => amount == 0,
        }
    }
}

/// A usage record whose supply is numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbered {
    /// Its number, as in [`Usage`].
    pub id: u64,
    /// What was supplied, by its number in the [`Totals`](crate::Totals) that it is added to.
    pub supply: SupplyNumber,
    /// When.
    pub window: Window,
    /// How much.
    pub amount: Amount,
}

impl Numbered {
    /// The record itself, of the supply that its number stands for.
    #[must_use]
    pub fn of(self, supply: &Supply) -> Usage {
        let Supply { buyer, seller, meter, object, site, gpu } = supply.clone();
        let Self { id, window, amount, .. } = self;
        Usage { id, buyer, seller, meter, object, site, gpu, amount, window }
    }
}

/// One thing that one party supplies to another: what usage is summed by, and rated for.
///
/// Supplies are ordered by buyer, seller, meter, object, site and GPU type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supply {
    /// Who uses it, and pays.
    pub buyer: PartyId,
    /// Who supplies it, and is paid.
    pub seller: PartyId,
    /// What is counted.
    pub meter: Meter,
    /// The product or capacity.
    pub object: ObjectId,
    /// Where, when that is known.
    pub site: Option<SiteId>,
    /// On which type of GPU, when that is known.
    pub gpu: Option<GpuTypeId>,
}

impl Supply {
    /// The supply that a record is of.
    #[must_use]
    pub fn of(usage: &Usage) -> Self {
        Self {
            buyer: usage.buyer.clone(),
            seller: usage.seller.clone(),
            meter: usage.meter,
            object: usage.object.clone(),
            site: usage.site.clone(),
            gpu: usage.gpu.clone(),
        }
    }

    /// The supply that a charge is for.
    pub(crate) fn charged(charge: &Charge) -> Self {
        Self {
            buyer: charge.payer.clone(),
            seller: charge.payee.clone(),
            meter: charge.used.meter,
            object: charge.used.object.clone(),
            site: charge.used.site.clone(),
            gpu: charge.used.gpu.clone(),
        }
    }

    /// The same supply with buyer and seller exchanged.
    pub(crate) fn reversed(self) -> Self {
        Self { buyer: self.seller, seller: self.buyer, ..self }
    }

    /// Whether a party supplies itself, for which no money moves.
    #[must_use]
    pub fn is_own_use(&self) -> bool {
        self.buyer == self.seller
    }
}

impl fmt::Display for Supply {
    /// `gpu-time of `frontier` at `abilene` on `gb200`, from `oracle` to `openai``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of `{}`", self.meter.name(), self.object)?;
        if let Some(site) = &self.site {
            write!(f, " at `{site}`")?;
        }
        if let Some(gpu) = &self.gpu {
            write!(f, " on `{gpu}`")?;
        }
        write!(f, ", from `{}` to `{}`", self.seller, self.buyer)
    }
}

/// Anything that says which supply it is of, so that a record finds its total without a copy
/// of its ids: `BTreeMap::get_mut` takes it through [`Borrow`].
pub(crate) trait Supplied {
    /// The fields of the supply.
    fn fields(&self) -> Fields<'_>;
}

/// The fields of a supply, borrowed.
pub(crate) struct Fields<'a> {
    buyer: &'a PartyId,
    seller: &'a PartyId,
    meter: Meter,
    object: &'a ObjectId,
    site: Option<&'a SiteId>,
    gpu: Option<&'a GpuTypeId>,
}

impl Fields<'_> {
    fn compare(&self, other: &Self) -> Ordering {
        ids(self.buyer, other.buyer)
            .then_with(|| ids(self.seller, other.seller))
            .then_with(|| self.meter.cmp(&other.meter))
            .then_with(|| ids(self.object, other.object))
            .then_with(|| ids(&self.site, &other.site))
            .then_with(|| ids(&self.gpu, &other.gpu))
    }
}

/// Equality first: ids that share their text are equal at a glance, and most do.
fn ids<T: Ord>(left: &T, right: &T) -> Ordering {
    if left == right { Ordering::Equal } else { left.cmp(right) }
}

macro_rules! supplied {
    ($($type:ty),*) => {$(
        impl Supplied for $type {
            fn fields(&self) -> Fields<'_> {
                Fields {
                    buyer: &self.buyer,
                    seller: &self.seller,
                    meter: self.meter,
                    object: &self.object,
                    site: self.site.as_ref(),
                    gpu: self.gpu.as_ref(),
                }
            }
        }
    )*};
}

supplied!(Usage, Supply);

impl<'a> Borrow<dyn Supplied + 'a> for Supply {
    fn borrow(&self) -> &(dyn Supplied + 'a) {
        self
    }
}

impl PartialEq for dyn Supplied + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for dyn Supplied + '_ {}

impl PartialOrd for dyn Supplied + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for dyn Supplied + '_ {
    fn cmp(&self, other: &Self) -> Ordering {
        self.fields().compare(&other.fields())
    }
}

impl PartialOrd for Supply {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Supply {
    fn cmp(&self, other: &Self) -> Ordering {
        self.fields().compare(&other.fields())
    }
}
