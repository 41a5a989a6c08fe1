//! What a party is told of its money: statements that can be checked by hand, and the chain behind
//! an entry, from its records to the term and its source.
//!
//! Knows a deal, the books of a period and the records that were settled; gives text, tables and a
//! page. A party sees only the entries that it has a part in, and only the records that it used or
//! supplied. Moves no money and decides nothing: figures come from the settlement.

mod line;
mod page;
mod reckoned;
mod statement;
mod text;
mod trace;
mod words;

pub use line::{Line, Side};
pub use page::page;
pub use reckoned::{Ledger, reckoned};
pub use statement::{Between, Period, Statement, statement};
pub use text::{COLUMNS, rows, text};
pub use trace::{Record, Trace, trace};
pub use words::{
    amount, counted, grouped, plain_amount, plain_counted, quantity, rate_text, reason_words,
};
