//! The report for machines.

use std::collections::BTreeSet;

use comity_base::{Money, PlaceId, TermId};
use comity_fleet::Size;
use comity_replay::flips;
use comity_settlement::{Counted, Measure, Standing, owed, statements, sums_of_statements};
use comity_terms::Answer;
use serde_json::{Map, Value, json};

use super::{Done, Report};

/// The whole report: `in_force` for the terms of the calendar, `versions` with one entry for each
/// version of the compared agreement.
pub(super) fn report(report: &Report<'_>) -> Value {
    let deal = report.loaded.deal.parts();
    let mut versions = Vec::new();
    let mut agreement = Value::Null;
    if let Some((compared, done)) = &report.compared {
        agreement = json!(compared.id.as_str());
        for (index, version) in done.iter().enumerate() {
            let mut entry = Map::new();
            entry.insert("version".into(), json!(version.version.as_str()));
            entry.insert("effective".into(), json!(version.effective.to_string()));
            entry.extend(figures(report, &version.done));
            let before = index.checked_sub(1).map(|before| &done[before].done);
            entry.insert(
                "flips".into(),
                before.map_or(json!([]), |before| flipped(report, before, &version.done)),
            );
            versions.push(Value::Object(entry));
        }
    }
    let traces: Vec<Value> = report
        .traces
        .iter()
        .map(|trace| {
            let aside = trace.set_aside_by_reason.iter();
            json!({
                "file": trace.path,
                "rows": trace.read,
                "used": trace.used,
                "after_period": trace.later,
                "set_aside": aside.map(|(reason, count)| (reason.clone(), json!(count)))
                    .collect::<Map<_, _>>(),
                "notes": trace.notes,
            })
        })
        .collect();
    let mut all = json!({
        "deal": deal.name,
        "period": {
            "from": report.work.period.start().to_string(),
            "to": report.work.period.end().to_string(),
        },
        "seed": report.seed,
        "currency": deal.currency.code(),
        "rounding": deal.rounding.name(),
        "jobs": report.work.jobs.len(),
        "traces": traces,
        "agreement": agreement,
        "in_force": Value::Object(figures(report, &report.in_force)),
        "versions": versions,
    });
    if !report.refused.is_empty() {
        let one = |it: &super::words::Refused| json!({"job": it.job, "work": it.work, "gpus": gpus(it.size), "why": it.why});
        all["refused"] = report.refused.iter().map(one).collect();
    }
    all
}

/// Whole GPUs, or a share of one, as a number.
pub(super) fn gpus(size: Size) -> Value {
    let text = size.to_string();
    text.parse().expect("a size is printed as a number of JSON")
}

fn amount(money: Money) -> Value {
    // As text: a number of JSON is a float to many readers.
    json!(money.plain())
}

fn terms(terms: &BTreeSet<TermId>) -> Value {
    json!(terms.iter().map(TermId::as_str).collect::<Vec<_>>())
}

fn figures(report: &Report<'_>, done: &Done) -> Map<String, Value> {
    let currency = report.loaded.deal.parts().currency;
    let summary = &done.summary;
    let stream = |index: usize| report.work.streams[index].id.as_str();
    let decisions: Map<String, Value> = Answer::ALL
        .iter()
        .map(|answer| (answer.name().to_owned(), json!(summary.answers[answer])))
        .collect();
    let by_term: Vec<Value> = summary
        .decisions
        .iter()
        .map(|group| {
            json!({
                "work": stream(group.stream),
                "site": group.site.as_str(),
                "answer": group.answer.name(),
                "terms": terms(&group.terms),
                "count": group.count,
            })
        })
        .collect();
    let sites: Vec<Value> = summary
        .sites
        .iter()
        .map(|site| {
            let found = report.loaded.fleet.site(&site.site);
            let mut entry = json!({
                "site": site.site.as_str(),
                "host": found.map(|site| site.host.as_str()),
                "available_gpu_seconds": figure(site.available),
                "jobs_gpu_seconds": figure(site.jobs),
                "services_gpu_seconds": figure(site.services),
            });
            if site.faults > 0 || site.maintained > 0 {
                entry["faults"] = json!(site.faults);
                entry["failed_gpu_seconds"] = figure(site.failed);
                entry["maintenance_gpu_seconds"] = figure(site.maintained);
            }
            entry
        })
        .collect();
    let journal = &done.replay.settlement.journal;
    let owed: Vec<Value> = owed(journal)
        .iter()
        .map(|owed| {
            json!({
                "from": owed.from.as_str(),
                "to": owed.to.as_str(),
                "reason": owed.reason.to_string(),
                "amount": amount(owed.amount),
            })
        })
        .collect();
    let statements = statements(journal);
    let sums = sums_of_statements(&statements).unwrap_or_default();
    let sum = sums.into_iter().find(|sum| sum.currency == currency).map(amount);
    let balances: Map<String, Value> = statements
        .iter()
        .map(|(party, statement)| (party.to_string(), amount(statement.balance(currency).total)))
        .collect();
    let mut map = Map::new();
    map.insert("decisions".into(), Value::Object(decisions));
    map.insert("decisions_by_term".into(), json!(by_term));
    map.insert("jobs".into(), jobs(report, done));
    map.insert("services".into(), services(report, done));
    map.insert("sites".into(), json!(sites));
    map.insert("owed".into(), json!(owed));
    map.insert("balances".into(), Value::Object(balances));
    map.insert("sum".into(), json!(sum));
    map.insert("commitments".into(), commitments(done));
    map.insert("shares".into(), shares(done));
    map.insert("unrated".into(), unrated(done));
    map
}

/// A count as a number where JSON's readers keep it exact, else as text.
fn figure(value: i128) -> Value {
    match u64::try_from(value) {
        Ok(small) if small <= (1 << 53) => json!(small),
        Ok(_) | Err(_) => json!(value.to_string()),
    }
}

fn jobs(report: &Report<'_>, done: &Done) -> Value {
    let one = |job: &comity_replay::JobReport| {
        let outcomes: Vec<Value> = job
            .outcomes
            .iter()
            .map(|((kind, by), count)| {
                json!({ "outcome": kind.name(), "terms": terms(by), "count": count })
            })
            .collect();
        let mut entry = json!({
            "work": report.work.streams[job.stream].id.as_str(),
            "handed_in": job.handed_in,
            "outcomes": outcomes,
            "waited_seconds": figure(job.waited_seconds),
            "gpu_seconds": figure(job.gpu_seconds),
        });
        if !job.stops.is_empty() {
            let stops =
                job.stops.iter().map(|(stop, count)| (stop.name().to_owned(), json!(count)));
            entry["stops"] = Value::Object(stops.collect());
            entry["lost_gpu_seconds"] = figure(job.lost_gpu_seconds);
        }
        entry
    };
    json!(done.summary.jobs.iter().map(one).collect::<Vec<_>>())
}

fn services(report: &Report<'_>, done: &Done) -> Value {
    let one = |service: &comity_replay::ServingReport| {
        let lacking: Vec<Value> = service
            .lacking
            .iter()
            .map(|((kind, by), gpu_seconds)| {
                json!({
                    "why": kind.name(), "terms": terms(by), "gpu_seconds": figure(*gpu_seconds),
                })
            })
            .collect();
        let unserved: Vec<Value> = service
            .unserved
            .iter()
            .map(|((kind, by), tokens)| {
                json!({"why": kind.name(), "terms": terms(by), "tokens": tokens.to_string()})
            })
            .collect();
        json!({
            "work": report.work.streams[service.stream].id.as_str(),
            "region": service.region.as_ref().map(PlaceId::as_str),
            "tokens_asked": service.asked.to_string(),
            "tokens_served": service.served.to_string(),
            "unserved": unserved,
            "lacking": lacking,
        })
    };
    json!(done.summary.serving.iter().map(one).collect::<Vec<_>>())
}

fn commitments(done: &Done) -> Value {
    let one = |it: &comity_settlement::Drawdown| {
        let (standing, shortfall) = match it.standing {
            Standing::Running => ("running", None),
            Standing::Ended { shortfall, .. } => ("ended", Some(shortfall.plain())),
            Standing::OutOfForce { .. } => ("out of force", None),
        };
        json!({
            "term": it.term.as_str(),
            "buyer": it.buyer.as_str(),
            "seller": it.seller.as_str(),
            "from": it.interval.start().to_string(),
            "to": it.interval.end().to_string(),
            "unit": counted_unit(it.amount),
            "committed": it.amount.plain(),
            "drawn_before": it.drawn_before.plain(),
            "drawn": it.drawn.plain(),
            "fallen_short": it.fallen_short.plain(),
            "remaining": it.remaining.plain(),
            "beyond": it.beyond.plain(),
            "rolled_in": it.rolled_in.plain(),
            "rolled_drawn": it.rolled_drawn.plain(),
            "rolled_out": it.rolled_out.plain(),
            "made_up": it.made_up.plain(),
            "banked": it.banked.plain(),
            "prepaid": amount(it.prepaid),
            "covered": amount(it.covered),
            "shortfall_paid": amount(it.shortfall_paid),
            "overage": amount(it.overage),
            "standing": standing,
            "shortfall": shortfall,
        })
    };
    json!(done.replay.settlement.drawdowns.iter().map(one).collect::<Vec<_>>())
}

/// The unit of a plain figure: a currency, or the base unit of a meter.
pub(crate) fn counted_unit(it: Counted) -> String {
    match it.of {
        Measure::Spend(currency) => currency.code().to_owned(),
        Measure::Use { meter, .. } => meter.base_unit().to_owned(),
    }
}

fn shares(done: &Done) -> Value {
    let one = |it: &comity_settlement::ShareReport| {
        json!({
            "term": it.term.as_str(),
            "payer": it.payer.as_str(),
            "payee": it.payee.as_str(),
            "sales": amount(it.base),
            "share": amount(it.paid),
            "cap_remaining": it.cap.map(|cap| amount(cap.remaining)),
        })
    };
    json!(done.replay.settlement.shares.iter().map(one).collect::<Vec<_>>())
}

fn unrated(done: &Done) -> Value {
    let one = |it: &comity_settlement::Unrated| json!({ "use": it.total.supply.to_string(), "quantity": it.total.quantity.to_string() });
    json!(done.replay.settlement.unrated.iter().map(one).collect::<Vec<_>>())
}

fn flipped(report: &Report<'_>, before: &Done, after: &Done) -> Value {
    let found = flips(&before.replay, &after.replay, report.work);
    let one = |flip: &comity_replay::Flip| {
        json!({
            "work": report.work.streams[flip.stream].id.as_str(),
            "site": flip.site.as_str(),
            "before": flip.before.0.name(),
            "before_terms": terms(&flip.before.1),
            "after": flip.after.0.name(),
            "after_terms": terms(&flip.after.1),
            "count": flip.count,
        })
    };
    json!(found.iter().map(one).collect::<Vec<_>>())
}
