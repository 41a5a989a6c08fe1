//! What is exported, as plain rows.

use std::collections::BTreeMap;

use comity_base::{Decimal, GpuTypeId, Instant, Money, PartyId, SiteId, Window};

/// The books of one deal, over one or more periods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportBooks {
    /// What a reader calls them.
    pub title: String,
    /// The display name of each party; a party that is not here goes by its id.
    pub parties: BTreeMap<PartyId, String>,
    /// The sites that entries name; a site that is not here goes by its id.
    pub sites: BTreeMap<SiteId, ExportSite>,
    /// The periods, in order.
    pub periods: Vec<ExportPeriod>,
    /// The movements of money.
    pub entries: Vec<ExportEntry>,
    /// The commitments that entries draw down.
    pub commitments: Vec<ExportCommitment>,
    /// What is invoiced, by the statements.
    pub invoices: Vec<ExportInvoiceLine>,
}

impl ExportBooks {
    /// The name of a party, or its id.
    #[must_use]
    pub fn name<'a>(&'a self, party: &'a PartyId) -> &'a str {
        self.parties.get(party).map_or(party.as_str(), String::as_str)
    }
}

/// Where something is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportSite {
    /// Its name.
    pub name: String,
    /// Who hosts it.
    pub host: PartyId,
}

/// A billing period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportPeriod {
    /// When; its start is included and its end is not.
    pub window: Window,
    /// Whether its books are closed.
    pub closed: bool,
    /// What every account stands at when it ends, all earlier periods included, by the statements.
    pub balances: Vec<ExportBalance>,
}

/// What a party has with another for one reason when a period ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportBalance {
    /// Who owes.
    pub payer: PartyId,
    /// Who is owed.
    pub payee: PartyId,
    /// What for, as in the entries.
    pub reason: String,
    /// How much.
    pub amount: Money,
}

/// A movement of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportEntry {
    /// Its number or name, the only one of it.
    pub id: String,
    /// The period in whose books it stands.
    pub period: Window,
    /// What it is for in time: for a correction, a part of an earlier period.
    pub charge: Window,
    /// Who owes it.
    pub payer: PartyId,
    /// Who is owed it.
    pub payee: PartyId,
    /// How much; below zero for a correction that takes back.
    pub amount: Money,
    /// What for, in words: `capacity`, `sale of chatgpt`.
    pub reason: String,
    /// What it rests on: `rate azure-h100`, `term azure-share-2025`.
    pub cause: String,
    /// What it is for, in a sentence.
    pub description: String,
    /// What kind of charge it is.
    pub kind: ExportKind,
    /// What of it was counted against commitments.
    pub draws: Vec<ExportDraw>,
    /// The id of the entry that it corrects.
    pub correction_of: Option<String>,
}

/// What kind of charge an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportKind {
    /// Something was used.
    Usage(Box<ExportUse>),
    /// A commitment was not met, and the rest of it is paid.
    Shortfall,
    /// Money is passed on and no unit is paid for: a share of revenue, a milestone.
    Transfer,
}

/// What was used, behind a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportUse {
    /// The name of the product or capacity.
    pub service: String,
    /// What class of service it is.
    pub class: ServiceClass,
    /// What was counted, by its name in deal files.
    pub meter: String,
    /// How much, in base units.
    pub quantity: i128,
    /// How many digits of it stand behind the point in the unit.
    pub digits: u8,
    /// The unit, in the plural.
    pub unit: String,
    /// At what price, where it was priced by the unit.
    pub price: Option<ExportPrice>,
    /// Where, when that is known.
    pub site: Option<SiteId>,
    /// On which type of GPU, when that is known.
    pub gpu: Option<GpuTypeId>,
}

/// The price of what was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportPrice {
    /// The line of the rate card.
    pub id: String,
    /// What one unit costs, in the currency of the entry.
    pub price: Decimal,
    /// The unit, in the plural.
    pub unit: String,
    /// How many base units one such unit is; above zero.
    pub base_units: i128,
}

/// What class of service was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceClass {
    /// GPUs, nodes or cores.
    Compute,
    /// Storage.
    Storage,
    /// Tokens of a model.
    Model,
    /// Power, and the hall around it.
    Power,
}

/// A part of an entry that was counted against a commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportDraw {
    /// The id of the commitment.
    pub commitment: String,
    /// How much.
    pub amount: Money,
}

/// A commitment in one of its intervals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportCommitment {
    /// Its name, the only one of it: of the term and, where it has several, the interval.
    pub id: String,
    /// The agreement that it is a term of.
    pub contract: String,
    /// When the agreement holds.
    pub contract_window: Window,
    /// Who buys.
    pub buyer: PartyId,
    /// From whom.
    pub seller: PartyId,
    /// What was promised, in a sentence.
    pub description: String,
    /// What sort of promise it is: `take-or-pay`.
    pub kind: String,
    /// How much is to be spent in the interval.
    pub amount: Money,
    /// The interval.
    pub interval: Window,
    /// How long it has to be met each time.
    pub fulfillment: FulfillmentInterval,
    /// Whether what is not used expires, or a balance is kept.
    pub model: CommitmentModel,
    /// Where it stands.
    pub status: CommitmentStatus,
    /// When it was agreed.
    pub created: Instant,
    /// When it last changed.
    pub updated: Instant,
    /// The meters that count towards it, by their names in deal files.
    pub meters: Vec<String>,
}

/// How long a commitment has to be met each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FulfillmentInterval {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A calendar month.
    Month,
    /// A quarter of a year.
    Quarter,
    /// A year.
    Year,
    /// All the time that the commitment runs.
    FullPeriod,
}

/// Whether what is not used expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitmentModel {
    /// What is not used expires with each interval.
    Continuous,
    /// A balance is drawn down, and what is left of it trued up.
    Discontinuous,
}

/// Where a commitment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitmentStatus {
    /// It is offered.
    Proposed,
    /// It is agreed and has not begun.
    Pending,
    /// It runs.
    Active,
    /// It is drawn down.
    Exhausted,
    /// Its time is over.
    Expired,
    /// It was called off.
    Canceled,
    /// A later one took its place.
    Superseded,
}

/// A line of an invoice: what one party owes another in a period for one reason and from one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportInvoiceLine {
    /// The period.
    pub period: Window,
    /// Who owes.
    pub payer: PartyId,
    /// Who is owed, and sends the invoice.
    pub payee: PartyId,
    /// What for, as in the entries.
    pub reason: String,
    /// What it rests on, as in the entries.
    pub cause: String,
    /// How much.
    pub amount: Money,
}
