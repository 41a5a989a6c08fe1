//! What both versions of FOCUS say of a charge: the cells that they share.
//!
//! The view is the buyer's: a row for each entry that the party pays. What is billed is the entry;
//! the list and contracted costs are the price times the quantity, before the rounding and whatever
//! minimum the agreement names.

use comity_base::{Money, Overflow, PartyId, Window};
use thiserror::Error;

use crate::rows::{
    ExportBooks, ExportEntry, ExportInvoiceLine, ExportKind, ExportPrice, ExportUse, ServiceClass,
};
use crate::table::{json_text, money, number, quantity, time};

/// Why books cannot be exported.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExportError {
    /// A quantity or cost that cannot be written exactly.
    #[error("entry `{entry}` has a quantity or a cost that is too large to export")]
    TooLarge {
        /// The entry.
        entry: String,
        /// Why.
        source: Overflow,
    },
    /// A draw on a commitment that is not among the rows.
    #[error(
        "entry `{entry}` draws on the commitment `{commitment}`, which is not exported with it"
    )]
    NoCommitment {
        /// The entry.
        entry: String,
        /// The commitment.
        commitment: String,
    },
    /// A period that is not among the rows.
    #[error("`{what}` stands in the period {period}, which is not exported with it")]
    NoPeriod {
        /// The entry or invoice.
        what: String,
        /// The period.
        period: Window,
    },
}

/// The cells of a row, by column.
pub(crate) type Cells = Vec<(&'static str, String)>;

/// The invoice that a payee sends a payer for a period, in one currency.
pub(crate) fn invoice_id(period: Window, payer: &PartyId, payee: &PartyId, money: Money) -> String {
    format!("{payee}/{payer}/{}/{}", period.start(), money.currency.code())
}

/// The line of an invoice that an entry is a part of.
pub(crate) fn invoice_detail_id(invoice: &str, reason: &str, cause: &str) -> String {
    format!("{invoice}/{reason}/{cause}")
}

/// The names that a charge has in the categories of FOCUS.
pub(crate) struct Named {
    pub(crate) charge_category: &'static str,
    charge_frequency: &'static str,
    service: String,
    category: &'static str,
    subcategory: &'static str,
}

impl Named {
    /// A share of revenue is an adjustment, as no service is bought; a shortfall is usage charged
    /// once, as in the specification's own example of a spend agreement.
    pub(crate) fn of(entry: &ExportEntry) -> Self {
        match &entry.kind {
            ExportKind::Usage(used) => {
                let (word, category, subcategory) = class(used.class);
                Self {
                    charge_category: "Usage",
                    charge_frequency: "Usage-Based",
                    service: format!("{} ({word})", used.service),
                    category,
                    subcategory,
                }
            }
            ExportKind::Shortfall => Self {
                charge_category: "Usage",
                charge_frequency: "One-Time",
                service: entry.reason.clone(),
                category: "Other",
                subcategory: "Other (Other)",
            },
            ExportKind::Transfer => Self {
                charge_category: "Adjustment",
                charge_frequency: "Usage-Based",
                service: entry.reason.clone(),
                category: "Other",
                subcategory: "Other (Other)",
            },
        }
    }
}

/// The class in a service's name, its category and its subcategory.
fn class(class: ServiceClass) -> (&'static str, &'static str, &'static str) {
    match class {
        ServiceClass::Compute => ("compute", "Compute", "Other (Compute)"),
        ServiceClass::Storage => ("storage", "Storage", "Other (Storage)"),
        ServiceClass::Model => ("tokens", "AI and Machine Learning", "Generative AI"),
        ServiceClass::Power => ("power", "Other", "Other (Other)"),
    }
}

/// The entries that a party pays, each in a period that is exported.
pub(crate) fn charges<'b>(
    books: &'b ExportBooks,
    payer: &'b PartyId,
) -> Result<Vec<&'b ExportEntry>, ExportError> {
    let charges: Vec<_> = books.entries.iter().filter(|entry| entry.payer == *payer).collect();
    for entry in &charges {
        if !books.periods.iter().any(|period| period.window == entry.period) {
            return Err(ExportError::NoPeriod { what: entry.id.clone(), period: entry.period });
        }
    }
    Ok(charges)
}

/// The invoice lines that a party pays.
pub(crate) fn invoiced<'b>(
    books: &'b ExportBooks,
    payer: &'b PartyId,
) -> impl Iterator<Item = &'b ExportInvoiceLine> {
    books.invoices.iter().filter(move |line| line.payer == *payer)
}

/// The cells of a charge that both versions have.
pub(crate) fn cells(books: &ExportBooks, entry: &ExportEntry) -> Result<Cells, ExportError> {
    let named = Named::of(entry);
    let payee = books.name(&entry.payee).to_owned();
    let billed = money(entry.amount);
    let currency = entry.amount.currency.code().to_owned();
    let class = if entry.correction_of.is_some() { "Correction" } else { "" };
    let invoice = invoice_id(entry.period, &entry.payer, &entry.payee, entry.amount);
    let mut cells = vec![
        ("BilledCost", billed.clone()),
        ("EffectiveCost", billed.clone()),
        ("BillingAccountId", entry.payer.to_string()),
        ("BillingAccountName", books.name(&entry.payer).to_owned()),
        ("PricingCurrency", currency.clone()),
        ("PricingCurrencyEffectiveCost", billed.clone()),
        ("BillingCurrency", currency),
        ("BillingPeriodStart", time(entry.period.start())),
        ("BillingPeriodEnd", time(entry.period.end())),
        ("ChargeCategory", named.charge_category.to_owned()),
        ("ChargeClass", class.to_owned()),
        ("ChargeDescription", entry.description.clone()),
        ("ChargeFrequency", named.charge_frequency.to_owned()),
        ("ChargePeriodStart", time(entry.charge.start())),
        ("ChargePeriodEnd", time(entry.charge.end())),
        ("InvoiceDetailId", invoice_detail_id(&invoice, &entry.reason, &entry.cause)),
        ("InvoiceId", invoice),
        ("InvoiceIssuerName", payee.clone()),
        ("ProviderName", payee.clone()),
        ("PublisherName", payee.clone()),
        ("ServiceProviderName", payee.clone()),
        ("HostProviderName", payee),
        ("ServiceCategory", named.category.to_owned()),
        ("ServiceName", named.service),
        ("ServiceSubcategory", named.subcategory.to_owned()),
        ("x_ChargeKey", entry.id.clone()),
        ("x_CorrectionOf", entry.correction_of.clone().unwrap_or_default()),
        ("x_Cause", entry.cause.clone()),
        ("x_Reason", entry.reason.clone()),
    ];
    let too_large = |source| ExportError::TooLarge { entry: entry.id.clone(), source };
    match &entry.kind {
        ExportKind::Usage(used) => {
            place(&mut cells, books, used);
            consumed(&mut cells, used).map_err(too_large)?;
            match &used.price {
                Some(price) => priced(&mut cells, entry, used, price).map_err(too_large)?,
                None => by_the_amount(&mut cells, entry, &used.meter),
            }
        }
        ExportKind::Shortfall => by_the_amount(&mut cells, entry, "shortfall"),
        ExportKind::Transfer => costs(&mut cells, &billed),
    }
    Ok(cells)
}

fn costs(cells: &mut Cells, cost: &str) {
    cells.push(("ListCost", cost.to_owned()));
    cells.push(("ContractedCost", cost.to_owned()));
}

fn place(cells: &mut Cells, books: &ExportBooks, used: &ExportUse) {
    if let Some(id) = &used.site {
        let site = books.sites.get(id);
        let name = site.map_or(id.as_str(), |site| site.name.as_str());
        cells.push(("RegionId", id.to_string()));
        cells.push(("RegionName", name.to_owned()));
        if let Some(site) = site {
            cells.retain(|(column, _)| *column != "HostProviderName");
            cells.push(("HostProviderName", books.name(&site.host).to_owned()));
        }
    }
}

/// What was used, in the unit that it is priced in.
fn consumed(cells: &mut Cells, used: &ExportUse) -> Result<(), Overflow> {
    let (text, unit) = match &used.price {
        Some(price) => {
            let (mantissa, scale) = quantity(used.quantity, price.base_units)?;
            (number(mantissa, scale), &price.unit)
        }
        None => (number(used.quantity, used.digits), &used.unit),
    };
    cells.push(("ConsumedQuantity", text));
    cells.push(("ConsumedUnit", unit.clone()));
    Ok(())
}

fn priced(
    cells: &mut Cells,
    entry: &ExportEntry,
    used: &ExportUse,
    price: &ExportPrice,
) -> Result<(), Overflow> {
    let (mantissa, scale) = quantity(used.quantity, price.base_units)?;
    let cost = mantissa.checked_mul(price.price.mantissa()).ok_or(Overflow)?;
    let cost = number(cost, scale.checked_add(price.price.scale()).ok_or(Overflow)?);
    let unit_price = number(price.price.mantissa(), price.price.scale());
    costs(cells, &cost);
    let details = match &used.gpu {
        Some(gpu) => format!("{{\"x_GpuType\":{}}}", json_text(gpu.as_str())),
        None => String::new(),
    };
    sku(cells, entry, &used.meter, &price.id);
    cells.extend([
        ("ListUnitPrice", unit_price.clone()),
        ("PricingCurrencyListUnitPrice", unit_price.clone()),
        ("PricingCurrencyContractedUnitPrice", unit_price.clone()),
        ("ContractedUnitPrice", unit_price),
        ("PricingQuantity", number(mantissa, scale)),
        ("PricingUnit", price.unit.clone()),
        ("SkuPriceDetails", details),
    ]);
    Ok(())
}

/// An amount that no unit price explains: so many units of the currency at one each.
fn by_the_amount(cells: &mut Cells, entry: &ExportEntry, meter: &str) {
    let amount = money(entry.amount);
    costs(cells, &amount);
    sku(cells, entry, meter, &entry.cause);
    cells.extend([
        ("ListUnitPrice", "1.0".to_owned()),
        ("PricingCurrencyListUnitPrice", "1.0".to_owned()),
        ("PricingCurrencyContractedUnitPrice", "1.0".to_owned()),
        ("ContractedUnitPrice", "1.0".to_owned()),
        ("PricingQuantity", amount),
        ("PricingUnit", entry.amount.currency.code().to_owned()),
    ]);
}

/// A price has one SKU: what its seller sells by its meter.
fn sku(cells: &mut Cells, entry: &ExportEntry, meter: &str, price: &str) {
    let sku = format!("{}/{meter}", entry.payee);
    cells.extend([
        ("PricingCategory", "Standard".to_owned()),
        ("SkuPriceId", format!("{sku}/{price}")),
        ("SkuMeter", meter.to_owned()),
        ("SkuId", sku),
    ]);
}
