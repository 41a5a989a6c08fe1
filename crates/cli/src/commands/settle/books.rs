//! Entries of books as rows of a table, and back.

use std::str::FromStr;

use comity_base::{
    Currency, GpuTypeId, Instant, Meter, Money, ObjectId, PartyId, RateId, SiteId, TermId, Window,
};
use comity_settlement::{Cause, Converted, Corrects, Entry, Posted, Reason, Used};

/// The columns of a journal that can be read again.
pub(crate) const COLUMNS: [&str; 29] = [
    "entry",
    "period_from",
    "period_to",
    "status",
    "payer",
    "payee",
    "amount",
    "currency",
    "digits",
    "reason",
    "product",
    "cause",
    "cause_id",
    "from",
    "to",
    "due_from",
    "due_to",
    "meter",
    "quantity",
    "unit",
    "object",
    "site",
    "gpu",
    "original_amount",
    "original_currency",
    "converted_by",
    "takes_back",
    "corrects_period",
    "corrects_entry",
];

/// The row of an entry, under [`COLUMNS`].
pub(crate) fn row(posted: &Posted, is_closed: bool) -> [String; 29] {
    let entry = &posted.entry;
    let used = entry.used.as_ref();
    let (cause, cause_id) = match &entry.cause {
        Cause::Rate(id) => ("rate", id.to_string()),
        Cause::Term(id) => ("term", id.to_string()),
    };
    let product = if let Reason::Sale { product } = &entry.reason {
        product.to_string()
    } else {
        String::new()
    };
    let text = |value: Option<String>| value.unwrap_or_default();
    let converted = entry.converted.as_ref();
    let corrects = posted.corrects;
    [
        entry.id.to_string(),
        instant(posted.period.start()),
        instant(posted.period.end()),
        if is_closed { "closed" } else { "open" }.to_owned(),
        entry.payer.to_string(),
        entry.payee.to_string(),
        entry.amount.plain(),
        entry.amount.currency.code().to_owned(),
        entry.amount.currency.scale().to_string(),
        entry.reason.name().to_owned(),
        product,
        cause.to_owned(),
        cause_id,
        instant(entry.segment.start()),
        instant(entry.segment.end()),
        instant(entry.due.start()),
        instant(entry.due.end()),
        text(used.map(|it| it.meter.name().to_owned())),
        text(used.map(|it| it.meter.written(it.quantity))),
        text(used.map(|it| it.meter.unit().to_owned())),
        text(used.map(|it| it.object.to_string())),
        text(used.and_then(|it| Some(it.site.as_ref()?.to_string()))),
        text(used.and_then(|it| Some(it.gpu.as_ref()?.to_string()))),
        text(converted.map(|it| it.original.plain())),
        text(
            converted.map(|it| {
                format!("{}/{}", it.original.currency.code(), it.original.currency.scale())
            }),
        ),
        text(converted.map(|it| it.by.to_string())),
        if entry.is_reversal { "yes" } else { "" }.to_owned(),
        text(
            corrects
                .map(|it| format!("{}/{}", instant(it.period.start()), instant(it.period.end()))),
        ),
        text(corrects.and_then(|it| it.entry).map(|id| id.to_string())),
    ]
}

/// The entry of a row, and whether its period is closed.
///
/// # Errors
/// The column that cannot be read, and what stands there.
pub(crate) fn entry(row: &csv::StringRecord) -> Result<(Posted, bool), String> {
    let at = |column: &str| -> &str {
        let place = COLUMNS.iter().position(|it| *it == column);
        place.and_then(|place| row.get(place)).unwrap_or("")
    };
    let number = |column: &str| parsed::<u64>(column, at(column));
    let currency = currency("currency", at("currency"), at("digits"))?;
    let amount = Money { minor: minor("amount", at("amount"), currency)?, currency };
    let corrects = match at("corrects_period").split_once('/') {
        None => None,
        Some((from, to)) => {
            let entry = match at("corrects_entry") {
                "" => None,
                _ => Some(number("corrects_entry")?),
            };
            Some(Corrects { period: window("corrects_period", from, to)?, entry })
        }
    };
    let posted = Posted {
        period: window("period_from", at("period_from"), at("period_to"))?,
        entry: Entry {
            id: number("entry")?,
            payer: id("payer", at("payer"), PartyId::new)?,
            payee: id("payee", at("payee"), PartyId::new)?,
            amount,
            reason: reason(at("reason"), at("product"))?,
            cause: match at("cause") {
                "rate" => Cause::Rate(id("cause_id", at("cause_id"), RateId::new)?),
                _ => Cause::Term(id("cause_id", at("cause_id"), TermId::new)?),
            },
            segment: window("from", at("from"), at("to"))?,
            due: window("due_from", at("due_from"), at("due_to"))?,
            used: used(&at)?,
            converted: converted(&at)?,
            is_reversal: at("takes_back") == "yes",
        },
        corrects,
    };
    Ok((posted, at("status") == "closed"))
}

fn used<'r>(at: &impl Fn(&str) -> &'r str) -> Result<Option<Used>, String> {
    if at("meter").is_empty() {
        return Ok(None);
    }
    let meter = Meter::NAMED.iter().find(|(name, _)| *name == at("meter"));
    let (_, meter) = *meter.ok_or_else(|| wrong("meter", at("meter")))?;
    let quantity = meter.read(at("quantity"));
    Ok(Some(Used {
        meter,
        quantity: quantity.ok_or_else(|| wrong("quantity", at("quantity")))?,
        object: id("object", at("object"), ObjectId::new)?,
        site: optional("site", at("site"), SiteId::new)?,
        gpu: optional("gpu", at("gpu"), GpuTypeId::new)?,
    }))
}

fn converted<'r>(at: &impl Fn(&str) -> &'r str) -> Result<Option<Converted>, String> {
    let Some((code, digits)) = at("original_currency").split_once('/') else { return Ok(None) };
    let currency = currency("original_currency", code, digits)?;
    let minor = minor("original_amount", at("original_amount"), currency)?;
    let by = id("converted_by", at("converted_by"), RateId::new)?;
    Ok(Some(Converted { original: Money { minor, currency }, by }))
}

fn reason(name: &str, product: &str) -> Result<Reason, String> {
    let plain = [
        Reason::Capacity,
        Reason::Power,
        Reason::Minimum,
        Reason::Discount,
        Reason::CreditBought,
        Reason::Credit,
        Reason::Prepayment,
        Reason::Covered,
        Reason::MadeUp,
        Reason::Overage,
        Reason::OverageDiscount,
        Reason::RevenueShare,
        Reason::Guarantee,
        Reason::Floor,
        Reason::Shortfall,
        Reason::CostSplit,
        Reason::Adjusted,
        Reason::Disputed,
    ];
    if name == "sale" {
        return Ok(Reason::Sale { product: id("product", product, ObjectId::new)? });
    }
    plain.into_iter().find(|it| it.name() == name).ok_or_else(|| wrong("reason", name))
}

fn currency(column: &str, code: &str, digits: &str) -> Result<Currency, String> {
    let digits = parsed::<u8>("digits", digits)?;
    Currency::new(code, digits).map_err(|_| wrong(column, code))
}

fn minor(column: &str, text: &str, currency: Currency) -> Result<i128, String> {
    let decimal = comity_base::Decimal::parse(text).map_err(|_| wrong(column, text))?;
    decimal.at_scale(currency.scale()).ok_or_else(|| wrong(column, text))
}

/// An instant that can be read again, the ends of time included.
fn instant(at: Instant) -> String {
    if at == Instant::MIN { "always".to_owned() } else { at.to_string() }
}

fn window(column: &str, from: &str, to: &str) -> Result<Window, String> {
    let at = |text: &str| match text {
        "always" => Ok(Instant::MIN),
        "open" => Ok(Instant::MAX),
        _ => Instant::parse(text).map_err(|_| wrong(column, text)),
    };
    Window::new(at(from)?, at(to)?).map_err(|error| format!("column `{column}`: {error}"))
}

fn id<T, E>(column: &str, text: &str, new: impl Fn(&str) -> Result<T, E>) -> Result<T, String> {
    new(text).map_err(|_| wrong(column, text))
}

fn optional<T, E>(
    column: &str,
    text: &str,
    new: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, String> {
    if text.is_empty() { Ok(None) } else { id(column, text, new).map(Some) }
}

fn parsed<T: FromStr>(column: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| wrong(column, text))
}

fn wrong(column: &str, text: &str) -> String {
    format!("column `{column}` holds `{text}`, which cannot be read")
}
