//! `comity price` and `comity merge`: a change of terms, priced by paired runs.

mod explain;
mod files;
mod part;
mod picture;
mod runs;
mod setting;
mod sides;
mod text;
mod turned;

use std::path::Path;

use comity_price::{Confidence, Figures, Run, Shard, enough, figures, join};

use crate::args::{MergeArgs, PriceArgs, ShownArgs};
use crate::commands::Outcome;
use crate::render::print;
use crate::status;

use self::setting::Setting;

type Failure = Box<dyn std::error::Error>;

/// What is shown of a price: all of it follows from the setting and the runs.
struct Priced<'a> {
    setting: &'a Setting,
    runs: &'a [Run],
    /// Of each variant.
    figures: Vec<Figures>,
}

pub(crate) fn run(args: &PriceArgs) -> Outcome {
    let shard = args.shard.as_deref().map(Shard::parse).transpose()?;
    let change = sides::change(args)?;
    let setting = &change.setting;
    let stops = setting.interval.filter(|_| shard.is_none());
    let runs = runs::all(&change, shard.unwrap_or(Shard::ALL), stops, args.threads)?;
    if let (Some(shard), Some(path)) = (shard, &args.shown.out) {
        part::write(path, setting, shard, &runs)?;
        print(&format!("{}: {} of {} runs\n", path.display(), runs.len(), setting.runs))?;
        return Ok(status::CLEAN);
    }
    show(setting, runs, &args.shown)
}

pub(crate) fn merge(args: &MergeArgs) -> Outcome {
    let mut problems: Vec<String> = Vec::new();
    let mut parts = Vec::new();
    let mut first: Option<(Setting, &Path)> = None;
    for path in &args.parts {
        match part::read(path) {
            Err(problem) => problems.push(problem),
            Ok(part) => {
                match &first {
                    None => first = Some((part.setting, path)),
                    Some((setting, of)) if *setting != part.setting => {
                        let (shown, of) = (path.display(), of.display());
                        let what = setting.differs(&part.setting);
                        problems.push(format!(
                            "`{shown}` is of another price than `{of}`: another {what}"
                        ));
                        continue;
                    }
                    Some(_) => {}
                }
                parts.push((part.shard, part.runs));
            }
        }
    }
    let Some((setting, _)) = first else { return Err(problems.join("\n").into()) };
    let joined = join(parts, setting.runs);
    let runs = match joined {
        Ok(runs) if problems.is_empty() => runs,
        Ok(_) => return Err(problems.join("\n").into()),
        Err(errors) => {
            problems.extend(errors.iter().map(ToString::to_string));
            return Err(problems.join("\n").into());
        }
    };
    show(&setting, runs, &args.shown)
}

fn show(setting: &Setting, mut runs: Vec<Run>, shown: &ShownArgs) -> Outcome {
    let confidence = Confidence::parse(&setting.confidence)?;
    if let Some(asked) = setting.interval
        && let Some(count) = enough(&runs, confidence, asked)?
    {
        runs.truncate(count);
    }
    let variants = 0..setting.variants.len();
    let figures: Result<Vec<Figures>, _> =
        variants.map(|variant| figures(&runs, variant, confidence)).collect();
    let priced = Priced { setting, runs: &runs, figures: figures? };
    if let Some(folder) = &shown.out {
        files::write(folder, &priced)?;
    }
    if let Some(path) = &shown.report {
        picture::write(path, &priced)?;
    }
    if shown.json {
        print(&format!("{:#}\n", files::json(&priced)))?;
    } else {
        print(&text::report(&priced))?;
    }
    Ok(status::CLEAN)
}
