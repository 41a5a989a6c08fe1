//! Part files: JSON lines, the setting first, a line for each run, and one that ends it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use comity_fleet::Size;
use comity_price::{Figure, Kind, MovedJob, Outcome, Run, Shard};
use serde_json::{Value, json};

use super::Failure;
use super::setting::Setting;

/// The version of the format.
const FORMAT: u64 = 3;

/// What a part file holds.
pub(super) struct Part {
    pub(super) setting: Setting,
    pub(super) shard: Shard,
    pub(super) runs: Vec<Run>,
}

pub(super) fn write(
    path: &Path,
    setting: &Setting,
    shard: Shard,
    runs: &[Run],
) -> Result<(), Failure> {
    let head = json!({
        "comity-price-part": FORMAT,
        "shard": [shard.index, shard.of],
        "setting": setting.json(),
    });
    let mut text = format!("{head}\n");
    for run in runs {
        text.push_str(&format!("{}\n", run_json(run)));
    }
    text.push_str(&format!("{}\n", json!({"end": runs.len()})));
    fs::write(path, text).map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    Ok(())
}

/// Reads a part, or says what is wrong with it.
pub(super) fn read(path: &Path) -> Result<Part, String> {
    let shown = path.display();
    let text =
        fs::read_to_string(path).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    let line = |(number, line): (usize, &str)| {
        let wrong = |why: &str| format!("`{shown}` line {}: {why}", number + 1);
        let value: Value = serde_json::from_str(line)
            .map_err(|_| wrong("no JSON: the file was cut off or is no part"))?;
        Ok::<_, String>((value, wrong("no run of a part of this version")))
    };
    let mut lines = text.lines().enumerate();
    let no_part = || format!("`{shown}` is no part that `comity price --shard` wrote");
    let (head, _) = lines.next().map(line).ok_or_else(no_part)??;
    match head.get("comity-price-part").and_then(Value::as_u64) {
        Some(FORMAT) => {}
        Some(other) => {
            return Err(format!(
                "`{shown}` is a part in format {other}, and only format {FORMAT} is read: make it again with `comity price --shard`, by the version that is to join it"
            ));
        }
        None => return Err(no_part()),
    }
    let head = head.get("setting").and_then(Setting::of).zip(head.get("shard").and_then(shard));
    let (setting, shard) = head.ok_or_else(no_part)?;
    let mut runs = Vec::new();
    let mut ended = false;
    for read in lines.map(line) {
        let (value, wrong) = read?;
        if let Some(count) = value.get("end") {
            ended = count.as_u64() == u64::try_from(runs.len()).ok();
            continue;
        }
        ended = false;
        let run = run_of(&value).filter(|run| run.outcomes.len() == setting.variants.len());
        runs.push(run.ok_or(wrong)?);
    }
    if !ended {
        return Err(format!("`{shown}` was cut off: its last line does not say that it ends"));
    }
    Ok(Part { setting, shard, runs })
}

fn shard(value: &Value) -> Option<Shard> {
    let (index, of) = (value.get(0)?.as_u64()?, value.get(1)?.as_u64()?);
    Shard::parse(&format!("{index}/{of}")).ok()
}

fn run_json(run: &Run) -> Value {
    let outcome = |outcome: &Outcome| {
        // Numbers as text: they have more digits than JSON promises to keep.
        let figure = |(figure, (before, after)): (&Figure, &(i128, i128))| {
            json!([figure.kind.name(), figure.of, before.to_string(), after.to_string()])
        };
        let job = |job: &MovedJob| {
            let money = [&job.currency, &job.money.to_string()];
            json!([money, job.id, job.stream, job.size.milli(), job.hosts, job.waited])
        };
        json!({
            "figures": outcome.figures.iter().map(figure).collect::<Vec<_>>(),
            "jobs": outcome.jobs.iter().map(job).collect::<Vec<_>>(),
        })
    };
    json!({"run": run.number, "outcomes": run.outcomes.iter().map(outcome).collect::<Vec<_>>()})
}

fn run_of(value: &Value) -> Option<Run> {
    let outcomes = value.get("outcomes")?.as_array()?.iter().map(outcome_of);
    Some(Run { number: value.get("run")?.as_u64()?, outcomes: outcomes.collect::<Option<_>>()? })
}

fn outcome_of(value: &Value) -> Option<Outcome> {
    let whole = |value: Option<&Value>| value?.as_str()?.parse::<i128>().ok();
    let mut figures = BTreeMap::new();
    for it in value.get("figures")?.as_array()? {
        let words = it.get(1)?.as_array()?.iter().map(|it| Some(it.as_str()?.to_owned()));
        let of = words.collect::<Option<Vec<String>>>()?;
        let kind = Kind::named(it.get(0)?.as_str()?)?;
        figures.insert(Figure { kind, of }, (whole(it.get(2))?, whole(it.get(3))?));
    }
    let job = |it: &Value| {
        let host = |at: usize| {
            let host = it.get(4)?.get(at)?;
            if host.is_null() { Some(None) } else { Some(Some(host.as_str()?.to_owned())) }
        };
        let waited = |at: usize| it.get(5)?.get(at)?.as_i64();
        Some(MovedJob {
            currency: it.get(0)?.get(0)?.as_str()?.to_owned(),
            money: whole(it.get(0)?.get(1))?,
            id: it.get(1)?.as_u64()?,
            stream: it.get(2)?.as_str()?.to_owned(),
            size: Size::of_milli(it.get(3)?.as_u64()?)?,
            hosts: [host(0)?, host(1)?],
            waited: [waited(0)?, waited(1)?],
        })
    };
    let jobs = value.get("jobs")?.as_array()?.iter().map(job).collect::<Option<_>>()?;
    Some(Outcome { figures, jobs })
}
