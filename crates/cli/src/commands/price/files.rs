//! A price as CSV and as JSON.

use std::path::Path;

use comity_base::Currency;
use comity_price::{Estimate, Figure, Kind, seed_of};
use serde_json::{Value, json};

use super::setting::Setting;
use super::{Failure, Priced};
use crate::table::pointed;

/// Writes `figures.csv`, the estimates, and `runs.csv`, what they are made of.
pub(super) fn write(folder: &Path, priced: &Priced<'_>) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)
        .map_err(|error| format!("cannot make the folder `{}`: {error}", folder.display()))?;
    let mut figures = csv::Writer::from_path(folder.join("figures.csv"))?;
    let head = ["variant", "figure", "of", "before", "after", "change", "low", "high", "same"];
    figures.write_record(head.into_iter().chain(["digits"]))?;
    for (variant, found) in priced.setting.variants.iter().zip(&priced.figures) {
        for (figure, estimate) in found {
            let [before, after, change] =
                [estimate.before, estimate.after, estimate.change].map(|it| it.to_string());
            let (low, high) = ends(estimate);
            let same = estimate.same.to_string();
            let (kind, of) = (figure.kind.name(), figure.of.join("|"));
            let row = [&variant.title, kind, &of, &before, &after, &change, &low, &high, &same];
            let digits = column(estimated_digits(priced.setting, figure));
            figures.write_record(row.into_iter().chain([digits.as_str()]))?;
        }
    }
    figures.flush()?;
    let mut runs = csv::Writer::from_path(folder.join("runs.csv"))?;
    runs.write_record(["run", "seed", "variant", "figure", "of", "before", "after", "digits"])?;
    for run in priced.runs {
        let seed = seed_of(priced.setting.seed, run.number).to_string();
        for (variant, outcome) in priced.setting.variants.iter().zip(&run.outcomes) {
            for (figure, (before, after)) in &outcome.figures {
                let (number, of) = (run.number.to_string(), figure.of.join("|"));
                let (before, after) = (before.to_string(), after.to_string());
                let kind = figure.kind.name();
                let digits = column(digits(priced.setting, figure));
                let row = [&number, &seed, &variant.title, kind, &of, &before, &after, &digits];
                runs.write_record(row)?;
            }
        }
    }
    runs.flush()?;
    Ok(())
}

/// How many of a figure's digits stand behind the point in a run; `None` where it is no money.
fn digits(setting: &Setting, figure: &Figure) -> Option<u8> {
    currency(setting, figure).map(Currency::scale)
}

/// And in its estimate.
fn estimated_digits(setting: &Setting, figure: &Figure) -> Option<u8> {
    digits(setting, figure).or(Some(figure.kind.digits()).filter(|digits| *digits > 0))
}

fn column(digits: Option<u8>) -> String {
    digits.map_or_else(String::new, |digits| digits.to_string())
}

fn ends(estimate: &Estimate) -> (String, String) {
    estimate.ends.map_or_else(Default::default, |(low, high)| (low.to_string(), high.to_string()))
}

/// The currency of a figure that is money.
pub(super) fn currency(setting: &Setting, figure: &Figure) -> Option<Currency> {
    match figure.kind {
        Kind::Net | Kind::ByReason | Kind::Owed | Kind::Drawn | Kind::Day => {
            setting.currency_of(figure.of.last()?)
        }
        Kind::Host
        | Kind::Moved
        | Kind::Wait
        | Kind::Started
        | Kind::Never
        | Kind::Unserved
        | Kind::Lacking
        | Kind::Met
        | Kind::Missed
        | Kind::NewlyMet
        | Kind::NewlyMissed
        | Kind::Flip => None,
    }
}

/// Everything as JSON; numbers as decimal ones in texts.
pub(super) fn json(priced: &Priced<'_>) -> Value {
    let setting = priced.setting;
    let shown = |figure: &Figure, value: i128| {
        pointed(value, estimated_digits(setting, figure).unwrap_or(0))
    };
    let variants = setting.variants.iter().zip(&priced.figures).map(|(variant, found)| {
        let figure = |(figure, it): (&Figure, &Estimate)| {
            let low = it.ends.map(|(low, _)| shown(figure, low));
            let high = it.ends.map(|(_, high)| shown(figure, high));
            json!({
                "figure": figure.kind.name(),
                "of": figure.of,
                "before": shown(figure, it.before),
                "after": shown(figure, it.after),
                "change": shown(figure, it.change),
                "low": low,
                "high": high,
                "same-in-every-run": it.same,
            })
        };
        json!({
            "title": variant.title,
            "before": variant.before,
            "after": variant.after,
            "figures": found.iter().map(figure).collect::<Vec<_>>(),
        })
    });
    json!({
        "setting": setting.json(),
        "runs": priced.runs.len(),
        "variants": variants.collect::<Vec<_>>(),
    })
}
