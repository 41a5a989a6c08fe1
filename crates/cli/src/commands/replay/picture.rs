//! A replay as the values of its page: what happened over time, in slots of the period.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use comity_base::{Instant, Meter, Overflow, PartyId, SiteId, TermId, Window};
use comity_picture::{
    AgreementLine, BurnLine, Compared, Flipped, Owing, Queue, ReplayReport, Run, Served, SiteUse,
    Slots, VersionSpan, Waits, replay_page,
};
use comity_placement::Outcome;
use comity_replay::{Flip, Work, flips};
use comity_settlement::{Counted, Drawdown, Measure, Settlement, burn_down, owed};
use comity_terms::{Answer, Version};

use super::{Done, Report, VersionDone};
use crate::commands::burn_down::way;

/// Writes the page of a replay: aside first, so that it is never there by half.
pub(super) fn write(path: &Path, report: &Report<'_>) -> Result<(), Box<dyn std::error::Error>> {
    let page = replay_page(&values(report)?);
    let failed = |error| format!("cannot write `{}`: {error}", path.display());
    let mut aside = path.as_os_str().to_owned();
    aside.push(".part");
    fs::write(&aside, page).map_err(failed)?;
    Ok(fs::rename(&aside, path).map_err(failed)?)
}

/// What the page of a replay shows.
fn values(report: &Report<'_>) -> Result<ReplayReport, Overflow> {
    let deal = report.loaded.deal.parts();
    let agreements = deal.agreements.iter().map(|agreement| AgreementLine {
        name: agreement.name.clone(),
        versions: spans(&agreement.versions),
    });
    let compared = match &report.compared {
        None => None,
        Some((agreement, versions)) => Some(Compared {
            agreement: agreement.name.clone(),
            versions: versions
                .iter()
                .map(|it| run(it.version.as_str(), report, &it.done))
                .collect::<Result<_, _>>()?,
            flips: flipped(report, versions),
        }),
    };
    Ok(ReplayReport {
        deal: deal.name.clone(),
        period: report.work.period,
        seed: report.seed,
        notes: notes(report),
        in_force: run("in force", report, &report.in_force)?,
        compared,
        agreements: agreements.collect(),
    })
}

/// When each version was the one in force: up to the next, or to its own end before that.
fn spans(versions: &[Version]) -> Vec<VersionSpan> {
    let next = versions.iter().skip(1).map(|next| next.effective.start());
    let until = next.chain(std::iter::once(Instant::MAX));
    let one = |(version, until): (&Version, Instant)| {
        let end = version.effective.end().min(until);
        VersionSpan {
            version: version.id.to_string(),
            in_force: Window::new(version.effective.start(), end).unwrap_or(version.effective),
            executed: version.executed,
            recorded: version.recorded,
        }
    };
    versions.iter().zip(until).map(one).collect()
}

fn notes(report: &Report<'_>) -> Vec<String> {
    let mut notes: Vec<String> = report
        .traces
        .iter()
        .map(|trace| {
            format!(
                "{}: {} rows, {} used, {} after the period, {} set aside",
                trace.path,
                trace.read,
                trace.used,
                trace.later,
                trace.set_aside.len()
            )
        })
        .collect();
    let replaced: Vec<&str> = report.work.replaced.iter().map(|it| it.id.as_str()).collect();
    if !replaced.is_empty() {
        notes.push(format!("in place of the deal's own work: {}", replaced.join(", ")));
    }
    notes
}

fn run(name: &str, report: &Report<'_>, done: &Done) -> Result<Run, Overflow> {
    let work = report.work;
    let slots = Slots::of(work.period);
    let party = |id: &PartyId| {
        let found = report.loaded.deal.parts().parties.get(id);
        found.map_or_else(|| id.to_string(), |party| party.name.clone())
    };
    let host = |site: &SiteId| {
        report.loaded.fleet.site(site).map_or_else(String::new, |site| party(&site.host))
    };
    let owing = owed(&done.replay.settlement.journal);
    Ok(Run {
        name: name.to_owned(),
        answers: Answer::ALL
            .iter()
            .map(|answer| (answer.name().to_owned(), done.summary.answers[answer]))
            .collect(),
        slots: slots.windows(),
        sites: sites(done, work, slots, host),
        queues: queues(done, work, slots),
        services: services(done, work),
        commitments: done
            .replay
            .settlement
            .drawdowns
            .iter()
            .map(|it| burn_line(it, &done.replay.settlement, slots, party))
            .collect::<Result<_, _>>()?,
        owed: owing
            .into_iter()
            .map(|it| Owing {
                from: party(&it.from),
                to: party(&it.to),
                reason: it.reason.to_string(),
                amount: it.amount,
            })
            .collect(),
    })
}

/// What a stream is for.
fn purpose(work: &Work<'_>, class: u32) -> String {
    let stream = usize::try_from(class).expect("a class is an index of a stream");
    work.streams[stream].purpose.to_string()
}

fn sites(
    done: &Done,
    work: &Work<'_>,
    slots: Slots,
    host: impl Fn(&SiteId) -> String,
) -> Vec<SiteUse> {
    let windows = slots.windows();
    let pools = &done.replay.pools;
    let parts = i128::from(Meter::GpuTime.parts());
    let mut used: BTreeMap<(&SiteId, u32), Vec<i128>> = BTreeMap::new();
    let mut hold = |pool: usize, class: u32, window: Window, level: i128| {
        let sums = used.entry((&pools[pool].site, class)).or_insert_with(|| vec![0; windows.len()]);
        slots.add(sums, window, level);
    };
    for (job, outcome) in work.jobs.iter().zip(&done.replay.plan.outcomes) {
        for piece in outcome.pieces() {
            if let Ok(window) = Window::new(piece.start, piece.end) {
                hold(piece.pool, job.class, window, i128::from(job.size.milli()));
            }
        }
    }
    for lease in &done.replay.plan.leases {
        let level = parts * i128::from(lease.gpus);
        hold(lease.pool, work.services[lease.service].class, lease.window, level);
    }
    let site = |id: &SiteId| {
        let mut available = vec![0; windows.len()];
        for pool in pools.iter().filter(|pool| &pool.site == id) {
            for (sum, slot) in available.iter_mut().zip(&windows) {
                *sum += pool.capacity.gpu_seconds(*slot) * parts;
            }
        }
        let mut by_purpose: BTreeMap<String, Vec<i128>> = BTreeMap::new();
        for ((_, class), sums) in used.iter().filter(|((of, _), _)| *of == id) {
            let all =
                by_purpose.entry(purpose(work, *class)).or_insert_with(|| vec![0; windows.len()]);
            for (sum, own) in all.iter_mut().zip(sums) {
                *sum += own;
            }
        }
        SiteUse {
            site: id.to_string(),
            host: host(id),
            available,
            used: by_purpose.into_iter().collect(),
        }
    };
    done.summary.sites.iter().map(|it| site(&it.site)).collect()
}

/// Jobs that wait, by purpose: those that start until then, those that could start until the end.
fn queues(done: &Done, work: &Work<'_>, slots: Slots) -> Vec<Queue> {
    struct Found {
        waiting: Vec<i128>,
        waits: Vec<i64>,
        handed_in: u64,
    }
    let count = slots.windows().len();
    let mut found: BTreeMap<u32, Found> = BTreeMap::new();
    for (job, outcome) in work.jobs.iter().zip(&done.replay.plan.outcomes) {
        let it = found.entry(job.class).or_insert_with(|| Found {
            waiting: vec![0; count],
            waits: Vec::new(),
            handed_in: 0,
        });
        it.handed_in += 1;
        let until = match (outcome.pieces().next(), outcome) {
            (Some(first), _) => {
                it.waits.push(first.start.seconds() - job.submit.seconds());
                first.start
            }
            (None, Outcome::Never(_) | Outcome::Misconfigured(_)) => continue,
            (None, Outcome::Waits(_) | Outcome::Runs(_) | Outcome::Stopped { .. }) => {
                work.period.end()
            }
        };
        if let Ok(window) = Window::new(job.submit, until) {
            slots.add(&mut it.waiting, window, 1);
        }
    }
    let mut by_purpose: BTreeMap<String, Found> = BTreeMap::new();
    for (class, it) in found {
        match by_purpose.entry(purpose(work, class)) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(it);
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                let all = entry.get_mut();
                all.waits.extend(it.waits);
                all.handed_in += it.handed_in;
                for (sum, own) in all.waiting.iter_mut().zip(it.waiting) {
                    *sum += own;
                }
            }
        }
    }
    let queue = |(purpose, it): (String, Found)| {
        let waits = Waits::of(it.waits);
        let not_started = it.handed_in - waits.jobs;
        Queue { purpose, waiting: it.waiting, handed_in: it.handed_in, waits, not_started }
    };
    by_purpose.into_iter().map(queue).collect()
}

fn services(done: &Done, work: &Work<'_>) -> Vec<Served> {
    let one = |it: &comity_replay::ServingReport| Served {
        service: work.streams[it.stream].id.to_string(),
        asked: it.asked,
        served: it.served,
        lacking: it
            .lacking
            .iter()
            .map(|((kind, terms), gpu_seconds)| (by(kind.name(), terms), *gpu_seconds))
            .collect(),
    };
    done.summary.serving.iter().map(one).collect()
}

fn by<'t>(what: &str, terms: impl IntoIterator<Item = &'t TermId>) -> String {
    let terms: Vec<&str> = terms.into_iter().map(TermId::as_str).collect();
    if terms.is_empty() { what.to_owned() } else { format!("{what} by {}", terms.join(", ")) }
}

fn burn_line(
    it: &Drawdown,
    settlement: &Settlement,
    slots: Slots,
    party: impl Fn(&PartyId) -> String,
) -> Result<BurnLine, Overflow> {
    let heading = burn_down(it, settlement.period.end())?;
    let elapsed = heading.elapsed_seconds.zip(heading.whole_seconds).map(|(gone, whole)| {
        let permille = i128::from(gone) * 1_000 / i128::from(whole.max(1));
        u32::try_from(permille.clamp(0, 1_000)).unwrap_or(1_000)
    });
    let edge = |at: Instant, words: &str| match at {
        Instant::MIN | Instant::MAX => words.to_owned(),
        at => at.to_string(),
    };
    let (from, to) = (it.interval.start(), it.interval.end());
    Ok(BurnLine {
        term: it.term.to_string(),
        buyer: party(&it.buyer),
        seller: party(&it.seller),
        interval: format!("{} to {}", edge(from, "always"), edge(to, "without an end")),
        unit: it.amount.unit().to_owned(),
        per_unit: per_unit(it.amount),
        promised: it.amount.count,
        used_before: it.drawn_before.count,
        used: heading.used.count,
        projected: heading.projected.map(|projected| projected.count),
        elapsed_permille: elapsed,
        outlook: way(&heading),
        used_by: used_by(it, settlement, slots),
    })
}

/// How many counts are one unit for people.
fn per_unit(it: Counted) -> i128 {
    match it.of {
        Measure::Spend(currency) => 10_i128.pow(currency.scale().into()),
        Measure::Use { base_units, digits, .. } => base_units * 10_i128.pow(digits.into()),
    }
}

/// How much of a commitment is used by the end of each slot: each charge that draws it spread
/// evenly over the time that it is for.
fn used_by(it: &Drawdown, settlement: &Settlement, slots: Slots) -> Vec<(Instant, i128)> {
    let entries = settlement.journal.entries();
    let entry = |id: u64| {
        let place = entries.partition_point(|entry| entry.id < id);
        entries.get(place).filter(|entry| entry.id == id)
    };
    let draws = settlement.draws.iter().filter(|draw| draw.term == it.term);
    let mine: Vec<(Window, i128)> = draws
        .filter_map(|draw| Some((draw, entry(draw.entry)?)))
        .filter(|(_, entry)| (&entry.payer, &entry.payee) == (&it.buyer, &it.seller))
        .filter_map(|(draw, entry)| {
            let over = entry.segment.intersect(it.interval)?;
            Some((over, draw.counted.count))
        })
        .collect();
    if mine.iter().map(|(_, count)| count).sum::<i128>() != it.drawn.count {
        // A charge that lies in two intervals, or a draw that is not of a charge: not known by time.
        return Vec::new();
    }
    let inside = slots.windows().into_iter().filter(|slot| slot.intersect(it.settled).is_some());
    inside
        .map(|slot| {
            let at = slot.end().min(it.settled.end());
            let part = |(over, count): &(Window, i128)| {
                let gone = (at.seconds() - over.start().seconds()).clamp(0, over.seconds());
                count * i128::from(gone) / i128::from(over.seconds().max(1))
            };
            (at, it.drawn_before.count + mine.iter().map(part).sum::<i128>())
        })
        .collect()
}

fn flipped(report: &Report<'_>, versions: &[VersionDone]) -> Vec<Flipped> {
    let names = |(answer, terms): &(Answer, std::collections::BTreeSet<TermId>)| {
        (answer.name().to_owned(), terms.iter().map(TermId::to_string).collect::<Vec<_>>())
    };
    let mut found = Vec::new();
    for pair in versions.windows(2) {
        let [before, after] = pair else { continue };
        let mut groups: BTreeMap<_, (Vec<String>, u64)> = BTreeMap::new();
        for Flip { stream, site, before, after, count } in
            flips(&before.done.replay, &after.done.replay, report.work)
        {
            let group = groups.entry((stream, before, after)).or_default();
            group.0.push(site.to_string());
            group.1 += count;
        }
        for ((stream, from, to), (mut sites, count)) in groups {
            sites.dedup();
            found.push(Flipped {
                from: before.version.to_string(),
                to: after.version.to_string(),
                work: report.work.streams[stream].id.to_string(),
                sites,
                before: names(&from),
                after: names(&to),
                count,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use comity_lang::Loaded;
    use comity_replay::{Traces, Under, work};

    use super::*;
    use crate::commands::replay::one;
    use crate::load::load;

    fn with_stargate(check: impl FnOnce(&Report<'_>)) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deals/stargate");
        let loaded: Loaded = load(&folder).unwrap();
        let workload = loaded.workload.as_ref().unwrap();
        let none = Traces { jobs: None, requests: None };
        let work = work(workload, workload.period, 7, none).unwrap();
        let in_force = one(&loaded, &work, Under::Calendar).unwrap();
        check(&Report {
            loaded: &loaded,
            work: &work,
            seed: 7,
            in_force,
            compared: None,
            traces: Vec::new(),
            refused: Vec::new(),
        });
    }

    #[test]
    fn what_is_drawn_over_time_adds_up_to_the_summary() {
        with_stargate(|report| {
            let run = values(report).unwrap().in_force;
            let summary = &report.in_force.summary;
            assert_eq!(run.sites.len(), summary.sites.len());
            for (drawn, known) in run.sites.iter().zip(&summary.sites) {
                assert_eq!(drawn.site, known.site.as_str());
                assert_eq!(drawn.available.iter().sum::<i128>(), known.available);
                let used: i128 = drawn.used.iter().flat_map(|(_, sums)| sums).sum();
                assert_eq!(used, known.jobs + known.services, "{}", drawn.site);
                for (slot, there) in drawn.available.iter().enumerate() {
                    let used: i128 = drawn.used.iter().map(|(_, sums)| sums[slot]).sum();
                    assert!(used <= *there, "no more is used than there is");
                }
            }
            let handed_in: u64 = run.queues.iter().map(|queue| queue.handed_in).sum();
            assert_eq!(handed_in, u64::try_from(report.work.jobs.len()).unwrap());
            assert!(run.queues.iter().all(|it| it.handed_in == it.waits.jobs + it.not_started));
            // Those that start waited as the summary says; those that could, up to the end.
            let outcomes = &report.in_force.replay.plan.outcomes;
            let end = report.work.period.end().seconds();
            let left = report.work.jobs.iter().zip(outcomes);
            let left = left.filter(|(_, outcome)| matches!(outcome, Outcome::Waits(_)));
            let left: i64 = left.map(|(job, _)| end - job.submit.seconds()).sum();
            let waited: i128 = summary.jobs.iter().map(|job| job.waited_seconds).sum();
            let drawn: i128 = run.queues.iter().flat_map(|queue| &queue.waiting).sum();
            assert_eq!(drawn, waited + i128::from(left));
            assert!(drawn > 0, "some job waits");
        });
    }

    #[test]
    fn commitments_end_where_the_settlement_says() {
        with_stargate(|report| {
            let run = values(report).unwrap().in_force;
            let drawdowns = &report.in_force.replay.settlement.drawdowns;
            assert_eq!(run.commitments.len(), drawdowns.len());
            let mut timed = 0;
            for (drawn, known) in run.commitments.iter().zip(drawdowns) {
                assert_eq!(drawn.used, known.used().count);
                if let Some((_, last)) = drawn.used_by.last() {
                    assert_eq!(*last, drawn.used_before + known.drawn.count, "{}", drawn.term);
                    assert!(drawn.used_by.windows(2).all(|pair| pair[0].1 <= pair[1].1));
                    timed += 1;
                }
            }
            assert!(timed > 0, "some commitment is known by time");
        });
    }

    #[test]
    fn a_version_is_in_force_until_the_next() {
        with_stargate(|report| {
            let lines = values(report).unwrap().agreements;
            let versions = &lines.iter().max_by_key(|line| line.versions.len()).unwrap().versions;
            assert!(versions.len() > 2);
            for pair in versions.windows(2) {
                assert_eq!(pair[0].in_force.end(), pair[1].in_force.start());
            }
        });
    }
}
