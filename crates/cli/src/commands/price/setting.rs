//! What a price was made of: all that is shown besides the runs, so that parts can be joined
//! without the deal.

use std::collections::BTreeMap;

use comity_base::{Currency, Instant, Money, Window};
use comity_price::Asked;
use serde_json::{Value, json};

/// What was compared, over what, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) deal: String,
    /// A number that other files of the deal, or another draft, would not have.
    pub(super) fingerprint: String,
    /// The code of the deal's own currency.
    pub(super) currency: String,
    /// How many digits the smallest unit of each currency has behind the point.
    pub(super) digits: BTreeMap<String, u8>,
    pub(super) period: Window,
    /// Under which terms: a sentence.
    pub(super) under: String,
    pub(super) sites: Vec<String>,
    /// What is priced: id and kind, what it says, what it rests on, what is noted of it.
    pub(super) terms: Vec<[String; 4]>,
    pub(super) notes: Vec<String>,
    pub(super) variants: Vec<Variant>,
    pub(super) seed: u64,
    pub(super) runs: u64,
    pub(super) confidence: String,
    pub(super) interval: Option<Asked>,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variant {
    pub(super) title: String,
    pub(super) before: String,
    pub(super) after: String,
    /// What was taken out or assumed for it.
    pub(super) notes: Vec<String>,
}

impl Setting {
    pub(super) fn json(&self) -> Value {
        let variant = |it: &Variant| json!({"title": it.title, "before": it.before, "after": it.after, "notes": it.notes});
        let interval = self.interval.map(|asked| match asked {
            Asked::Amount(Money { minor, currency }) => {
                json!({"amount": minor.to_string(), "currency": currency.code()})
            }
            Asked::Part(part) => json!({"part-of-10000": part}),
        });
        json!({
            "deal": self.deal,
            "fingerprint": self.fingerprint,
            "currency": self.currency,
            "digits": self.digits,
            "period": [self.period.start().to_string(), self.period.end().to_string()],
            "under": self.under,
            "sites": self.sites,
            "terms": self.terms,
            "notes": self.notes,
            "variants": self.variants.iter().map(variant).collect::<Vec<_>>(),
            "seed": self.seed,
            "runs": self.runs,
            "confidence": self.confidence,
            "interval": interval,
        })
    }

    pub(super) fn of(value: &Value) -> Option<Self> {
        let text = |value: &Value, key: &str| Some(value.get(key)?.as_str()?.to_owned());
        let texts = |value: &Value| -> Option<Vec<String>> {
            value.as_array()?.iter().map(|it| Some(it.as_str()?.to_owned())).collect()
        };
        let variant = |it: &Value| {
            Some(Variant {
                title: text(it, "title")?,
                before: text(it, "before")?,
                after: text(it, "after")?,
                notes: texts(it.get("notes")?)?,
            })
        };
        let digits = value.get("digits")?.as_object()?.iter();
        let digits =
            digits.map(|(code, it)| Some((code.clone(), u8::try_from(it.as_u64()?).ok()?)));
        let digits: BTreeMap<String, u8> = digits.collect::<Option<_>>()?;
        let asked = value.get("interval")?;
        let interval = match asked.get("amount") {
            _ if asked.is_null() => None,
            Some(minor) => {
                let code = asked.get("currency")?.as_str()?;
                let currency = Currency::new(code, *digits.get(code)?).ok()?;
                Some(Asked::Amount(Money { minor: minor.as_str()?.parse().ok()?, currency }))
            }
            None => Some(Asked::Part(asked.get("part-of-10000")?.as_u64()?.try_into().ok()?)),
        };
        let terms = value.get("terms")?.as_array()?.iter();
        let moment = |at: usize| Instant::parse(value.get("period")?.get(at)?.as_str()?).ok();
        Some(Self {
            deal: text(value, "deal")?,
            fingerprint: text(value, "fingerprint")?,
            currency: text(value, "currency")?,
            digits,
            period: Window::new(moment(0)?, moment(1)?).ok()?,
            under: text(value, "under")?,
            sites: texts(value.get("sites")?)?,
            terms: terms.map(|it| texts(it)?.try_into().ok()).collect::<Option<_>>()?,
            notes: texts(value.get("notes")?)?,
            variants: value
                .get("variants")?
                .as_array()
                .filter(|it| !it.is_empty())?
                .iter()
                .map(variant)
                .collect::<Option<_>>()?,
            seed: value.get("seed")?.as_u64()?,
            runs: value.get("runs")?.as_u64()?,
            confidence: text(value, "confidence")?,
            interval,
        })
    }

    /// A currency of the deal by its code.
    pub(super) fn currency_of(&self, code: &str) -> Option<Currency> {
        Currency::new(code, *self.digits.get(code)?).ok()
    }

    /// In what two settings differ that are not the same.
    pub(super) fn differs(&self, other: &Self) -> String {
        let (mine, others) = (self.json(), other.json());
        let keys = mine.as_object().into_iter().flatten();
        let differ = keys.filter(|(key, value)| others.get(key.as_str()) != Some(value));
        let named = differ.map(|(key, _)| match key.as_str() {
            "fingerprint" => "state of the deal's files".to_owned(),
            other => other.to_owned(),
        });
        named.collect::<Vec<_>>().join(", another ")
    }
}
