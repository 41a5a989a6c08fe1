//! The values that every other crate speaks in: identifiers, exact numbers, money, metered
//! quantities, instants and `[start, end)` windows.
//!
//! Values only: nothing here knows an agreement, a file or a schedule, and nothing reads a clock.

mod cadence;
mod decimal;
mod id;
mod money;
mod quantity;
mod time;
mod wide;

pub use cadence::{Cadence, plus_months};
pub use decimal::{Decimal, DecimalError, Overflow, Ratio, Rounding, mul_div};
pub use id::{
    ActionId, AgreementId, FactId, GpuTypeId, IdError, ObjectId, PartyId, PlaceId, PurposeId,
    RateId, SiteId, StreamId, TermId, VersionId,
};
pub use money::{Currency, CurrencyError, Money};
pub use quantity::{Meter, PriceUnit};
pub use time::{Calendar, Instant, Known, TimeError, Window};
pub use wide::Wide;
