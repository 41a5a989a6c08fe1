//! How amounts, quantities and reasons are put.

use comity_base::{Meter, Money, PriceUnit};
use comity_settlement::{Counted, Measure, Reason, Used};
use comity_terms::{Price, Rate, TierMode};

/// Digits in groups of three, with a sign and a fraction where there is one.
#[must_use]
pub fn grouped(digits: &str) -> String {
    let (sign, rest) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(a, b)| (a, Some(b)));
    let mut text = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// An amount without its currency, in groups of three: `1,234.50`.
#[must_use]
pub fn plain_amount(money: Money) -> String {
    grouped(&money.plain())
}

/// An amount with its currency: `USD 1,234.50`.
#[must_use]
pub fn amount(money: Money) -> String {
    money.to_string()
}

/// What a commitment counts, with its unit: `USD 1,234.50`, `240.00 gpu-hour`.
#[must_use]
pub fn counted(counted: Counted) -> String {
    let number = grouped(&counted.in_units());
    match counted.of {
        Measure::Spend(currency) => format!("{} {number}", currency.code()),
        Measure::Use { .. } => format!("{number} {}", counted.unit()),
    }
}

/// The same without its unit.
#[must_use]
pub fn plain_counted(counted: Counted) -> String {
    grouped(&counted.in_units())
}

/// A quantity in the unit of its meter: `864,000 GPU-seconds`, `1.75 GPU-seconds`.
#[must_use]
pub fn quantity(used: &Used) -> String {
    format!("{} {}", grouped(&used.meter.written(used.quantity)), used.meter.unit())
}

/// A price for its unit: `USD 2.05 a gpu-hour`; for prices in tiers, what they are.
#[must_use]
pub fn rate_text(rate: &Rate) -> String {
    let code = rate.currency.code();
    let unit = rate.per.name();
    match &rate.price {
        Price::Flat(price) => format!("{code} {price} a {unit}"),
        Price::Tiered(tiers) => {
            let steps: Vec<String> = tiers
                .steps
                .iter()
                .map(|step| format!("{} from {}", step.price, grouped(&step.from.to_string())))
                .collect();
            let mode = match tiers.mode {
                TierMode::Graduated => "graduated",
                TierMode::Volume => "by volume",
            };
            format!("{code} {} a {unit}, {mode}", steps.join(", "))
        }
    }
}

/// What an amount is for, for people.
#[must_use]
pub fn reason_words(reason: &Reason, used: Option<&Used>) -> String {
    let what = used.map(|used| used_words(used.meter));
    match reason {
        Reason::Capacity => what.unwrap_or("capacity").to_owned(),
        Reason::Power => "power".to_owned(),
        Reason::Sale { product } => match what {
            Some(what) => format!("{what}, {product}"),
            None => product.to_string(),
        },
        Reason::Minimum => "up to the minimum charge".to_owned(),
        Reason::Discount => "discount".to_owned(),
        Reason::CreditBought => "price of a credit".to_owned(),
        Reason::Credit => "drawn from a credit".to_owned(),
        Reason::Prepayment => "commitment paid ahead".to_owned(),
        Reason::Covered => "covered by a commitment".to_owned(),
        Reason::MadeUp => "made up, paid for before".to_owned(),
        Reason::Overage => "beyond a commitment".to_owned(),
        Reason::OverageDiscount => "beyond a commitment, let off".to_owned(),
        Reason::RevenueShare => "revenue share".to_owned(),
        Reason::Guarantee => "guaranteed share, in advance".to_owned(),
        Reason::Floor => "up to the least share".to_owned(),
        Reason::Shortfall => "shortfall of a commitment".to_owned(),
        Reason::CostSplit => "part of a shared cost".to_owned(),
        Reason::Adjusted => "small difference, resolved".to_owned(),
        Reason::Disputed => "held back, in dispute".to_owned(),
    }
}

fn used_words(meter: Meter) -> &'static str {
    match meter {
        Meter::GpuTime => "GPU time",
        Meter::TokensIn => "tokens read",
        Meter::TokensOut => "tokens written",
        Meter::Power => "power",
        Meter::NodeTime => "node time",
        Meter::CoreTime => "core time",
        Meter::Storage => "storage",
    }
}

/// How many units of a quantity one priced unit is, as it is written in a formula; nothing for one.
pub(crate) fn per_unit(per: PriceUnit, meter: Meter, at: comity_base::Instant) -> String {
    match per.base_units(at) / i128::from(meter.parts()) {
        1 => String::new(),
        units => format!(" ÷ {}", grouped(&units.to_string())),
    }
}
