//! The datasets of FOCUS 1.4: Cost and Usage, Contract Commitment, Invoice Detail, Billing Period.

use std::collections::{BTreeMap, BTreeSet};

use comity_base::{Instant, PartyId, Window, plus_months};

use crate::focus::{ExportError, Named, cells, charges, invoice_detail_id, invoice_id, invoiced};
use crate::rows::{
    CommitmentModel, CommitmentStatus, ExportBooks, ExportCommitment, ExportDraw, ExportEntry,
    ExportPeriod, FulfillmentInterval,
};
use crate::table::{Table, json_text, money, time};

/// The columns of Cost and Usage that we fill, and those of commitment discounts and programs, which
/// stay empty: with them tools tell a header of 1.4 from one of another version.
const COST_AND_USAGE: &[&str] = &[
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountQuantity",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "CommitmentDiscountUnit",
    "CommitmentProgramEligibilityDetails",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractApplied",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "HostProviderName",
    "InvoiceDetailId",
    "InvoiceId",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingQuantity",
    "PricingUnit",
    "RegionId",
    "RegionName",
    "ServiceCategory",
    "ServiceName",
    "ServiceProviderName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "x_ChargeKey",
    "x_CorrectionOf",
    "x_Cause",
    "x_Reason",
];

const CONTRACT_COMMITMENT: &[&str] = &[
    "BillingCurrency",
    "ContractCommitmentApplicability",
    "ContractCommitmentBenefitCategory",
    "ContractCommitmentCategory",
    "ContractCommitmentCost",
    "ContractCommitmentCreated",
    "ContractCommitmentDescription",
    "ContractCommitmentDiscountPercentage",
    "ContractCommitmentDurationType",
    "ContractCommitmentFulfillmentInterval",
    "ContractCommitmentId",
    "ContractCommitmentLastUpdated",
    "ContractCommitmentLifecycleStatus",
    "ContractCommitmentModel",
    "ContractCommitmentOfferCategory",
    "ContractCommitmentPaymentInterval",
    "ContractCommitmentPaymentModel",
    "ContractCommitmentPeriodEnd",
    "ContractCommitmentPeriodStart",
    "ContractCommitmentQuantity",
    "ContractCommitmentType",
    "ContractCommitmentUnit",
    "ContractId",
    "ContractPeriodEnd",
    "ContractPeriodStart",
    "InvoiceIssuerName",
    "ServiceProviderName",
];

const INVOICE_DETAIL: &[&str] = &[
    "BilledCost",
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "InvoiceDetailCreated",
    "InvoiceDetailDescription",
    "InvoiceDetailGrain",
    "InvoiceDetailId",
    "InvoiceDetailLastUpdated",
    "InvoiceId",
    "InvoiceIssueDate",
    "InvoiceIssueStatus",
    "InvoiceIssuerName",
    "PaymentDueDate",
    "PaymentTerms",
    "ReferenceInvoiceId",
];

const BILLING_PERIOD: &[&str] = &[
    "BillingPeriodCreated",
    "BillingPeriodEnd",
    "BillingPeriodLastUpdated",
    "BillingPeriodStart",
    "BillingPeriodStatus",
    "InvoiceIssuerName",
];

/// The four datasets of a party, each as CSV; the specification knows none without rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Focus14 {
    /// What it is charged.
    pub cost_and_usage: Option<String>,
    /// What it has promised to buy.
    pub contract_commitment: Option<String>,
    /// What it is invoiced.
    pub invoice_detail: Option<String>,
    /// The periods that it is billed for, by who bills.
    pub billing_period: Option<String>,
}

impl Focus14 {
    /// The datasets by their names in the specification, for the names of files.
    #[must_use]
    pub fn named(&self) -> [(&'static str, Option<&str>); 4] {
        [
            ("CostAndUsage", self.cost_and_usage.as_deref()),
            ("ContractCommitment", self.contract_commitment.as_deref()),
            ("InvoiceDetail", self.invoice_detail.as_deref()),
            ("BillingPeriod", self.billing_period.as_deref()),
        ]
    }
}

/// What a party is charged and invoiced and has promised, as the datasets of FOCUS 1.4.
///
/// The books have one time for what the specification calls created and last updated: a period is
/// created when it begins, and its invoices when it ends.
///
/// # Errors
/// [`ExportError`] when a row cannot be written, or names a commitment or period that the books do
/// not have.
pub fn focus_1_4(books: &ExportBooks, payer: &PartyId) -> Result<Focus14, ExportError> {
    let charges = charges(books, payer)?;
    let mut table = Table::new(COST_AND_USAGE);
    for entry in &charges {
        let mut cells = cells(books, entry)?;
        cells.push(("ContractApplied", contract_applied(books, entry)?));
        table.push(cells);
    }
    Ok(Focus14 {
        cost_and_usage: table.csv_with_rows(),
        contract_commitment: contract_commitments(books, payer).csv_with_rows(),
        invoice_detail: invoice_details(books, payer, &charges)?.csv_with_rows(),
        billing_period: billing_periods(books, payer, &charges).csv_with_rows(),
    })
}

/// The draws of an entry as the object that the specification has for them; nothing without draws.
fn contract_applied(books: &ExportBooks, entry: &ExportEntry) -> Result<String, ExportError> {
    if entry.draws.is_empty() {
        return Ok(String::new());
    }
    let element = |draw: &ExportDraw| {
        let found = books.commitments.iter().find(|one| one.id == draw.commitment);
        let commitment = found.ok_or_else(|| ExportError::NoCommitment {
            entry: entry.id.clone(),
            commitment: draw.commitment.clone(),
        })?;
        Ok(format!(
            "{{\"ContractId\":{},\"ContractCommitmentId\":{},\"ContractCommitmentAppliedCost\":{}}}",
            json_text(&commitment.contract),
            json_text(&commitment.id),
            money(draw.amount)
        ))
    };
    let elements: Vec<String> = entry.draws.iter().map(element).collect::<Result<_, _>>()?;
    Ok(format!("{{\"Elements\":[{}]}}", elements.join(",")))
}

fn contract_commitments(books: &ExportBooks, payer: &PartyId) -> Table {
    let mut table = Table::new(CONTRACT_COMMITMENT);
    for one in books.commitments.iter().filter(|one| one.buyer == *payer) {
        let seller = books.name(&one.seller).to_owned();
        table.push([
            ("BillingCurrency", one.amount.currency.code().to_owned()),
            ("ContractCommitmentApplicability", applicability(&seller, &one.meters)),
            ("ContractCommitmentBenefitCategory", "Other".to_owned()),
            ("ContractCommitmentCategory", "Spend".to_owned()),
            ("ContractCommitmentCost", money(one.amount)),
            ("ContractCommitmentCreated", time(one.created)),
            ("ContractCommitmentDescription", one.description.clone()),
            ("ContractCommitmentDurationType", duration(one.interval)),
            ("ContractCommitmentFulfillmentInterval", fulfillment(one).to_owned()),
            ("ContractCommitmentId", one.id.clone()),
            ("ContractCommitmentLastUpdated", time(one.updated.max(one.created))),
            ("ContractCommitmentLifecycleStatus", status(one).to_owned()),
            ("ContractCommitmentModel", model(one).to_owned()),
            ("ContractCommitmentOfferCategory", "Negotiated".to_owned()),
            ("ContractCommitmentPaymentInterval", payment_interval(books).to_owned()),
            ("ContractCommitmentPaymentModel", "No Upfront".to_owned()),
            ("ContractCommitmentPeriodStart", time(one.interval.start())),
            ("ContractCommitmentPeriodEnd", time(one.interval.end())),
            ("ContractCommitmentType", one.kind.clone()),
            ("ContractId", one.contract.clone()),
            ("ContractPeriodStart", time(one.contract_window.start())),
            ("ContractPeriodEnd", time(one.contract_window.end())),
            ("InvoiceIssuerName", seller.clone()),
            ("ServiceProviderName", seller),
        ]);
    }
    table
}

/// What the seller charges by one of the meters.
fn applicability(seller: &str, meters: &[String]) -> String {
    let rule = |dimension: &str, values: &[String]| {
        format!(
            "{{\"Dimension\":\"{dimension}\",\"Operator\":\"In\",\"Values\":[{}]}}",
            values.join(",")
        )
    };
    let mut rules = vec![rule("InvoiceIssuerName", &[json_text(seller)])];
    if !meters.is_empty() {
        let meters: Vec<String> = meters.iter().map(|meter| json_text(meter)).collect();
        rules.push(rule("SkuMeter", &meters));
    }
    format!("{{\"InclusionOperator\":\"And\",\"Inclusions\":[{}]}}", rules.join(","))
}

/// `12 Months` for whole months, and else the days that are begun.
fn duration(window: Window) -> String {
    let months = (1..=1_200).find(|&months| plus_months(window.start(), months) >= window.end());
    let (count, unit) = match months {
        Some(months) if plus_months(window.start(), months) == window.end() => (months, "Month"),
        Some(_) | None => {
            let days = window.seconds().div_euclid(Instant::DAY);
            let begun = i64::from(window.seconds().rem_euclid(Instant::DAY) > 0);
            (days + begun, "Day")
        }
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

fn fulfillment(one: &ExportCommitment) -> &'static str {
    match one.fulfillment {
        FulfillmentInterval::Hour => "Hourly",
        FulfillmentInterval::Day => "Daily",
        FulfillmentInterval::Month => "Monthly",
        FulfillmentInterval::Quarter => "Quarterly",
        FulfillmentInterval::Year => "Annual",
        FulfillmentInterval::FullPeriod => "Full Period",
    }
}

fn status(one: &ExportCommitment) -> &'static str {
    match one.status {
        CommitmentStatus::Proposed => "Proposed",
        CommitmentStatus::Pending => "Pending",
        CommitmentStatus::Active => "Active",
        CommitmentStatus::Exhausted => "Exhausted",
        CommitmentStatus::Expired => "Expired",
        CommitmentStatus::Canceled => "Canceled",
        CommitmentStatus::Superseded => "Superseded",
    }
}

fn model(one: &ExportCommitment) -> &'static str {
    match one.model {
        CommitmentModel::Continuous => "Continuous",
        CommitmentModel::Discontinuous => "Discontinuous",
    }
}

/// How often is paid: as often as is billed.
fn payment_interval(books: &ExportBooks) -> &'static str {
    let monthly =
        |period: &ExportPeriod| plus_months(period.window.start(), 1) == period.window.end();
    if books.periods.iter().all(monthly) { "Monthly" } else { "Custom" }
}

fn invoice_details(
    books: &ExportBooks,
    payer: &PartyId,
    charges: &[&ExportEntry],
) -> Result<Table, ExportError> {
    let of_charge = |entry: &&ExportEntry| {
        let invoice = invoice_id(entry.period, &entry.payer, &entry.payee, entry.amount);
        let id = invoice_detail_id(&invoice, &entry.reason, &entry.cause);
        (id, Named::of(entry).charge_category)
    };
    let categories: BTreeMap<String, &'static str> = charges.iter().map(of_charge).collect();
    let mut table = Table::new(INVOICE_DETAIL);
    for line in invoiced(books, payer) {
        let invoice = invoice_id(line.period, &line.payer, &line.payee, line.amount);
        let id = invoice_detail_id(&invoice, &line.reason, &line.cause);
        let found = books.periods.iter().find(|period| period.window == line.period);
        let period =
            found.ok_or_else(|| ExportError::NoPeriod { what: id.clone(), period: line.period })?;
        let status = if period.closed { "Issued" } else { "Open" };
        let issued = if period.closed { time(line.period.end()) } else { String::new() };
        table.push([
            ("BilledCost", money(line.amount)),
            ("BillingAccountId", line.payer.to_string()),
            ("BillingCurrency", line.amount.currency.code().to_owned()),
            ("BillingPeriodStart", time(line.period.start())),
            ("BillingPeriodEnd", time(line.period.end())),
            // A line that no charge stands behind is the payer's to question: an adjustment.
            ("ChargeCategory", (*categories.get(&id).unwrap_or(&"Adjustment")).to_owned()),
            ("InvoiceDetailCreated", time(line.period.end())),
            ("InvoiceDetailLastUpdated", time(line.period.end())),
            ("InvoiceDetailDescription", format!("{}, by {}", line.reason, line.cause)),
            ("InvoiceDetailId", id),
            ("InvoiceId", invoice.clone()),
            ("InvoiceIssueDate", issued),
            ("InvoiceIssueStatus", status.to_owned()),
            ("InvoiceIssuerName", books.name(&line.payee).to_owned()),
            ("PaymentTerms", "As agreed between the parties".to_owned()),
            ("ReferenceInvoiceId", invoice),
        ]);
    }
    Ok(table)
}

/// A row for each period and each party that bills in it.
fn billing_periods(books: &ExportBooks, payer: &PartyId, charges: &[&ExportEntry]) -> Table {
    let of_charges = charges.iter().map(|entry| (entry.period, &entry.payee));
    let of_lines = invoiced(books, payer).map(|line| (line.period, &line.payee));
    let billed: BTreeSet<(Window, &PartyId)> = of_charges.chain(of_lines).collect();
    let mut table = Table::new(BILLING_PERIOD);
    for (window, payee) in billed {
        let closed = books.periods.iter().any(|it| it.window == window && it.closed);
        table.push([
            ("BillingPeriodCreated", time(window.start())),
            ("BillingPeriodLastUpdated", time(window.end())),
            ("BillingPeriodStart", time(window.start())),
            ("BillingPeriodEnd", time(window.end())),
            ("BillingPeriodStatus", if closed { "Closed" } else { "Open" }.to_owned()),
            ("InvoiceIssuerName", books.name(payee).to_owned()),
        ]);
    }
    table
}
