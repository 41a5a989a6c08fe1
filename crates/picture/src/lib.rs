//! Pages for people: a replay, or the price of a term, as one HTML text with its charts in it.
//!
//! ```text
//! ReplayReport -> replay_page()  ─┐
//! PriceReport  -> price_page()   ─┴─ charts (SVG) + the same figures as tables
//! ```
//!
//! Values in, text out; the same values give the same bytes. This is the only crate that compiles
//! the charting library. A page loads nothing from elsewhere and runs no script.

mod chart;
mod draw;
mod group;
mod html;
mod number;
mod page;
mod price;
mod replay;
mod slots;

pub use page::{price_page, replay_page};
pub use price::{
    CommitmentMoved, CommitmentTurned, Estimate, Explaining, FlipMoved, HoursMoved, MoneyMoved,
    PriceReport, PricedTerm, Turn, WaitMoved,
};
pub use replay::{
    AgreementLine, BurnLine, Compared, Flipped, Owing, Queue, ReplayReport, Run, Served, SiteUse,
    VersionSpan, Waits,
};
pub use slots::Slots;
