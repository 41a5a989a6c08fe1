//! The dataset of FOCUS 1.2: Cost and Usage.

use comity_base::PartyId;

use crate::focus::{ExportError, cells, charges};
use crate::rows::ExportBooks;
use crate::table::Table;

/// The columns, those of the specification in its order and then our own. The columns of commitment
/// discounts stay empty: a commitment here says how much is bought, and takes nothing off a price.
const COLUMNS: &[&str] = &[
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
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceId",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingCurrency",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ServiceCategory",
    "ServiceName",
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

/// What a party is charged, as FOCUS 1.2 Cost and Usage in CSV.
///
/// # Errors
/// [`ExportError`] when a row cannot be written.
pub fn focus_1_2(books: &ExportBooks, payer: &PartyId) -> Result<String, ExportError> {
    let mut table = Table::new(COLUMNS);
    for entry in charges(books, payer)? {
        table.push(cells(books, entry)?);
    }
    Ok(table.csv())
}
