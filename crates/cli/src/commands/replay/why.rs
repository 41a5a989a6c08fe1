//! `comity replay --why`: how it stands with a job at a moment, and what would turn it.

use std::error::Error;
use std::fmt::Write as _;

use comity_base::Instant;
use comity_fleet::{Size, Stream};
use comity_lang::Loaded;
use comity_placement::{Moment, Outcome, Pool, WaitReason};
use comity_replay::{Turn, Under, Why, Work, why};
use serde_json::{Map, Value, json};

use super::json;
use super::words::{self, Said};
use crate::commands::may;
use crate::table::{gpus, grouped};

/// A question about a job.
pub(super) struct Question {
    /// By id, as in `placements.csv`.
    pub(super) job: u64,
    pub(super) at: Instant,
    pub(super) json: bool,
}

/// The answer, as text or JSON, by the terms in force.
pub(super) fn answer(
    loaded: &Loaded,
    work: &Work<'_>,
    question: &Question,
) -> Result<String, Box<dyn Error>> {
    let Question { job: id, at, json } = *question;
    let Some(index) = work.jobs.iter().position(|job| job.id == id) else {
        let ids = || work.jobs.iter().map(|job| job.id);
        return Err(match (ids().min(), ids().max()) {
            (Some(first), Some(last)) => {
                format!("no job {id}: the jobs of the period are {first} to {last}")
            }
            _ => format!("no job {id}: the period has no jobs"),
        }
        .into());
    };
    if !work.period.contains(at) {
        return Err(format!("{at} is not in the period {}", work.period).into());
    }
    let found = why(&loaded.deal, &loaded.fleet, work, Under::Calendar, index, at)?;
    let job = &work.jobs[index];
    let stream = &work.streams[usize::try_from(job.class)?];
    let mut said = said(&found, job.size);
    if let Some(pool) = lacks_at(&found.moment) {
        said.text.push_str(&kept(loaded, &found.pools[pool], stream, at));
    }
    if json {
        let mut map = Map::new();
        map.insert("job".into(), json!(id));
        map.insert("work".into(), json!(stream.id.as_str()));
        map.insert("gpus".into(), json::gpus(job.size));
        map.insert("submitted".into(), json!(job.submit.to_string()));
        map.insert("at".into(), json!(at.to_string()));
        map.extend(said.json());
        map.insert("turned_by".into(), found.turns.iter().map(turn_json).collect());
        return Ok(format!("{:#}\n", Value::Object(map)));
    }
    let mut out = format!(
        "job {id} of {}, {}, handed in {}: at {at}\n{}: {}\n",
        stream.id,
        gpus(job.size),
        job.submit,
        said.kind,
        said.text
    );
    if let Some(latest) = said.latest {
        let _ = writeln!(out, "  until {latest} at the latest");
    }
    if !said.terms.is_empty() {
        let _ = writeln!(out, "  by {}", said.terms.join(", "));
    }
    for Turn { site, request, answer, changes } in &found.turns {
        let _ = writeln!(
            out,
            "\nat {site}: {answer}: {} {} {}\n  what would turn it",
            request.party, request.action, request.object
        );
        for change in changes {
            let text = may::change_text(loaded.deal.parts(), change);
            let _ = writeln!(out, "    {text}");
        }
        if changes.is_empty() {
            let _ = writeln!(out, "    nothing that is on record");
        }
    }
    Ok(out)
}

fn said(found: &Why, size: Size) -> Said {
    let pools = &found.pools;
    match &found.moment {
        Moment::NotHandedIn => Said::plain("not handed in", "it is handed in later".to_owned()),
        Moment::Running { pool, since } => {
            let text = format!("at {} since {since}", pools[*pool].site);
            Said { site: Some(pools[*pool].site.to_string()), ..Said::plain("runs", text) }
        }
        Moment::Done => Said::plain("done", "it has run to its end".to_owned()),
        Moment::Stopped(outcome) => {
            let then = words::outcome(outcome, size, pools);
            Said { text: format!("it was stopped, and {}", then.text), ..then }
        }
        Moment::NotStarted(outcome) => words::outcome(outcome, size, pools),
    }
}

/// The pool whose GPUs others hold when a job waits for them.
fn lacks_at(moment: &Moment) -> Option<usize> {
    let (Moment::Stopped(outcome) | Moment::NotStarted(outcome)) = moment else { return None };
    match outcome.rest() {
        Outcome::Waits(WaitReason::Capacity { pool, .. }) => Some(*pool),
        Outcome::Waits(_)
        | Outcome::Runs(_)
        | Outcome::Stopped { .. }
        | Outcome::Never(_)
        | Outcome::Misconfigured(_) => None,
    }
}

/// What is kept at a moment for other parties than that of the stream, in words.
fn kept(loaded: &Loaded, pool: &Pool, stream: &Stream, at: Instant) -> String {
    let mut text = String::new();
    let site = loaded.fleet.site(&pool.site);
    for kept in site.iter().flat_map(|site| &site.reservations) {
        let of_pool = kept.gpu.as_ref().is_none_or(|gpu| *gpu == pool.gpu);
        if of_pool && kept.party != stream.party && kept.window.contains(at) {
            let (gpus, until) = (grouped(kept.gpus), kept.window.end());
            let _ = write!(text, "; {gpus} GPUs are kept for {} until {until}", kept.party);
        }
    }
    text
}

fn turn_json(turn: &Turn) -> Value {
    json!({
        "site": turn.site.as_str(),
        "party": turn.request.party.as_str(),
        "action": turn.request.action.as_str(),
        "object": turn.request.object.as_str(),
        "answer": turn.answer.name(),
        "changes": turn.changes.iter().map(may::change_json).collect::<Vec<_>>(),
    })
}
