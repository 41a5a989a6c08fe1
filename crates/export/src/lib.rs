//! Settled books as the files that other tools read and check: plain-text journals for ledger,
//! hledger and beancount, and the datasets of the FinOps FOCUS specification.
//!
//! ```text
//! ExportBooks -> ledger()    -> journal.ledger        ledger --strict --pedantic, hledger check --strict
//!             -> beancount() -> journal.beancount     bean-check
//!             -> focus_1_2() -> CostAndUsage          focus-validator
//!             -> focus_1_4() -> four datasets         focus-toolkit
//! ```
//!
//! Rows in, text out. It takes rows of its own, so it knows no agreement and computes no charge:
//! the balances and invoice lines that it is given are not summed from the entries, so that a tool
//! which adds up the entries checks them.

mod account;
mod beancount;
mod focus;
mod focus_1_2;
mod focus_1_4;
mod ledger;
mod rows;
mod table;

pub use beancount::beancount;
pub use focus::ExportError;
pub use focus_1_2::focus_1_2;
pub use focus_1_4::{Focus14, focus_1_4};
pub use ledger::ledger;
pub use rows::{
    CommitmentModel, CommitmentStatus, ExportBalance, ExportBooks, ExportCommitment, ExportDraw,
    ExportEntry, ExportInvoiceLine, ExportKind, ExportPeriod, ExportPrice, ExportSite, ExportUse,
    FulfillmentInterval, ServiceClass,
};
