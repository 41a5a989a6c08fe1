//! From usage to money: rated charges, commitments drawn down, revenue shares, a balanced
//! journal and a statement for each party.
//!
//! ```text
//! usage -> Totals (per supply and segment) -> charges -> drawdowns -> shares -> shortfalls
//!                                                \____________\__________\________/
//!                                                         Journal -> statements, owed
//! ```
//!
//! Exact and the same for every order and batching of the usage: quantities are whole numbers
//! that only add up, and nothing is rounded before a total is complete. Reads no clock and no
//! file, knows no deal syntax, does not pay anyone, and does not look for records given twice:
//! two records with one id are two uses.

mod books;
mod burn_down;
mod charge;
mod commitment;
mod credit;
mod discount;
mod dispute;
mod effective;
mod error;
mod fold;
mod journal;
mod lifecycle;
mod minimum;
mod netting;
mod pending;
mod rated;
mod rating;
mod settle;
mod share;
mod split;
mod statement;
mod terms;
mod totals;
mod usage;

pub use books::{Books, BooksError, Corrects, Posted, balances};
pub use burn_down::{BurnDown, Outlook, burn_down};
pub use commitment::{Counted, Draw, Drawdown, Measure, Standing};
pub use credit::CreditReport;
pub use dispute::{DisputeReport, Resolution, disputes};
pub use effective::{EffectiveCost, Utilization, effective_costs};
pub use error::{Problem, SettleError};
pub use fold::SupplyNumber;
pub use journal::{Account, Cause, Converted, Entry, Journal, Posting, Reason, Used};
pub use lifecycle::{Lifecycle, Stage, lifecycles};
pub use netting::{Net, netted};
pub use rated::{conversion, converted};
pub use rating::{Unrated, WhyUnrated, charge, rate_at};
pub use settle::{Settlement, settle};
pub use share::{ShareCap, SharePart, ShareReport};
pub use statement::{
    Balance, Owed, Statement, StatementLine, owed, statements, sums_of_statements,
};
pub use terms::MoneyTerms;
pub use totals::{OtherSlice, Outside, Total, Totals, TotalsRow};
pub use usage::{Amount, Numbered, Supply, Usage};
