//! Where each format keeps what a record needs.

use crate::build::Layout;

/// Our own columns; `usage.csv` of a replay has them all but `source`.
pub(crate) const USAGE: Layout = Layout {
    name: "usage",
    source: &["source"],
    identity: &["id"],
    buyer: &["buyer"],
    seller: &["seller"],
    object: &["object"],
    site: &["site"],
    gpu: &["gpu"],
    meter: &["meter"],
    unit: &["unit"],
    level: &["level"],
    quantity: &["quantity"],
    amounts: &["quantity", "level"],
    start: &["start"],
    end: &["end"],
    parts: true,
    passes_over: |_| None,
};

/// FOCUS 1.2, with the names of 1.3 where they changed. Its rows have no id: what tells them
/// apart stands for one.
pub(crate) const FOCUS: Layout = Layout {
    name: "focus",
    source: &[],
    identity: &[
        "BillingAccountId",
        "SubAccountId",
        "ResourceId",
        "SkuId",
        "SkuPriceId",
        "RegionId",
        "ChargePeriodStart",
        "ChargePeriodEnd",
        "ChargeClass",
        "PricingCategory",
        "CommitmentDiscountId",
        "CommitmentDiscountStatus",
    ],
    buyer: &["SubAccountId", "BillingAccountId"],
    seller: &["ServiceProviderName", "ProviderName"],
    object: &["SkuId", "ServiceName"],
    site: &[],
    gpu: &[],
    meter: &[],
    unit: &["ConsumedUnit"],
    level: &[],
    quantity: &["ConsumedQuantity"],
    amounts: &["ConsumedQuantity"],
    start: &["ChargePeriodStart"],
    end: &["ChargePeriodEnd"],
    parts: false,
    passes_over: |row| {
        let category = row.value("ChargeCategory")?;
        (!category.eq_ignore_ascii_case("usage")).then_some("charges that are no usage")
    },
};

/// CloudEvents with our own names in their `data`.
pub(crate) const CLOUD_EVENTS: Layout = Layout {
    name: "cloudevents",
    source: &["source"],
    identity: &["id"],
    buyer: &["data.buyer", "subject"],
    seller: &["data.seller"],
    object: &["data.object"],
    site: &["data.site"],
    gpu: &["data.gpu"],
    meter: &["data.meter"],
    unit: &["data.unit"],
    level: &["data.level"],
    quantity: &["data.quantity"],
    amounts: &["data.quantity", "data.level"],
    start: &["data.start", "time"],
    end: &["data.end"],
    parts: false,
    passes_over: |_| None,
};

/// `sacct` has a reader of its own; this names it.
pub(crate) const SACCT: Layout = Layout { name: "sacct", ..USAGE };
