//! Measures replay and settlement at the sizes they must carry:
//! `cargo run --release --manifest-path bench/Cargo.toml`.
//!
//! Everything is made from fixed seeds. Each measurement prints what it did, the time and, on
//! Linux, the CPU time and the most memory that the process has held since the last one. Arguments
//! name what is measured: `month`, `records`, `year`, `curve`, `nodes`; all without any.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant as Clock;

use comity_base::{GpuTypeId, Instant, Meter, ObjectId, PartyId, SiteId, Window};
use comity_lang::{FileKind, Loaded, Source, read};
use comity_replay::{OutcomeKind, Traces, Under, replay, summary, work};
use comity_settlement::{Amount, MoneyTerms, Usage, settle, statements, sums_of_statements};

/// How much there is to replay.
#[derive(Clone, Copy)]
struct Size {
    sites: u64,
    /// How many hosts have the sites, in turn. One of them alone may host the work of one class, and is
    /// promised an amount.
    hosts: u64,
    gpus: u64,
    jobs: u64,
    days: u64,
    from: &'static str,
    to: &'static str,
    /// Sizes of jobs and their weights.
    gangs: &'static [(&'static str, u64)],
    /// How long the shortest job runs, and half, nine tenths and all of them at most.
    hours: [f64; 4],
    /// Whether gangs lie together: on a node of eight, or in a rack of nine such nodes.
    nodes: bool,
}

const MONTH: Size = Size {
    sites: 100,
    hosts: 4,
    gpus: 500_000,
    jobs: 1_000_000,
    days: 30,
    from: "2025-11-01",
    to: "2025-12-01",
    gangs: &[("1", 30), ("8", 40), ("64", 20), ("512", 4)],
    hours: [0.1, 2.0, 10.0, 30.0],
    nodes: false,
};
const YEAR: Size = Size {
    sites: 500,
    gpus: 2_000_000,
    jobs: 5_000_000,
    days: 365,
    from: "2025-01-01",
    to: "2026-01-01",
    hours: [0.1, 30.0, 120.0, 360.0],
    ..MONTH
};
const GANGS: &[(&str, u64)] = &[("1", 30), ("8", 40), ("64", 20)];
/// Most jobs share a GPU; the others are what they were.
const WITH_SHARES: &[(&str, u64)] =
    &[("0.1", 40), ("0.25", 40), ("0.5", 40), ("0.75", 20), ("1", 30), ("8", 40), ("64", 20)];
const RECORDS: u64 = 1_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let asks = |name: &str| asked.is_empty() || asked.iter().any(|it| it == name);
    if asks("month") {
        // Two loads: one that the fleet carries, and one that leaves a long queue.
        replay_jobs(MONTH)?;
        replay_jobs(Size { hours: [0.1, 4.0, 18.0, 54.0], ..MONTH })?;
    }
    if asks("records") {
        settle_records()?;
    }
    if asks("year") {
        replay_jobs(YEAR)?;
    }
    if asks("curve") {
        // The same jobs on sites of a thousand GPUs; where there are fewer, each takes less time. Of
        // one host, where all sites are alike under the terms; and of four, where the one that all
        // work goes to first leaves its own class a queue as soon as there are other hosts.
        for (hosts, all_sites) in [(1, &[1, 10, 100, 1_000][..]), (4, &[10, 100, 1_000])] {
            for &sites in all_sites {
                let share = sites as f64 / 1_000.0;
                replay_jobs(Size {
                    sites,
                    hosts,
                    gpus: 1_000 * sites,
                    gangs: GANGS,
                    hours: [0.4, 12.0, 48.0, 120.0].map(|hours| hours * share),
                    ..MONTH
                })?;
            }
        }
    }
    if asks("nodes") {
        // On one large site each, by counts, on nodes, and most of them shares of a GPU; a load that
        // leaves a queue.
        for gpus in [1_000, 10_000, 100_000, 1_000_000] {
            let share = gpus as f64 / 1_000_000.0;
            let shares = [9.0, 363.0, 726.0, 1_452.0];
            let hours = [4.0, 165.0, 330.0, 660.0];
            for (gangs, hours, nodes) in
                [(GANGS, hours, false), (GANGS, hours, true), (WITH_SHARES, shares, true)]
            {
                replay_jobs(Size {
                    sites: 1,
                    // Whole nodes.
                    gpus: gpus / 72 * 72,
                    jobs: 200_000,
                    gangs,
                    hours: hours.map(|hours| hours * share),
                    nodes,
                    ..MONTH
                })?;
            }
        }
    }
    Ok(())
}

/// Seconds of CPU that the process took so far, in user and in system mode.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    // Linux gives them in hundredths whatever the kernel counts in.
    Some((user + system) as f64 / 100.0)
}

/// When a measurement began, by the clock and in CPU time.
struct Began(Clock, Option<f64>);

fn begin() -> Began {
    Began(Clock::now(), cpu_seconds())
}

fn report(what: &str, began: &Began) {
    let seconds = began.0.elapsed().as_secs_f64();
    let cpu = cpu_seconds().zip(began.1).map(|(now, then)| now - then);
    let cpu = cpu.map_or(String::new(), |cpu| format!(", {cpu:.2} s of CPU"));
    let memory = std::fs::read_to_string("/proc/self/status").ok().and_then(|status| {
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    let memory = memory.map_or(String::new(), |kib| format!(", {} MiB at most", kib / 1_024));
    println!("{what}: {seconds:.2} s{cpu}{memory}");
    // The next one has a most of its own; where that cannot be set, it is that of all so far.
    drop(std::fs::write("/proc/self/clear_refs", "5"));
}

/// Jobs in five classes on the sites of four hosts, under terms that keep one class off one host and
/// make another conditional.
fn replay_jobs(size: Size) -> Result<(), Box<dyn Error>> {
    let began = begin();
    let loaded = deal(size)?;
    let workload = loaded.workload.as_ref().ok_or("the deal has a workload")?;
    report("read and check the deal", &began);
    let began = begin();
    let work = work(workload, workload.period, workload.seed, Traces::default())?;
    report(&format!("draw {} jobs", work.jobs.len()), &began);
    let began = begin();
    let done = replay(&loaded.deal, &loaded.fleet, &work, Under::Calendar)?;
    let figures = summary(&done, &work);
    let ran: u64 = figures
        .jobs
        .iter()
        .flat_map(|job| &job.outcomes)
        .filter(|((kind, _), _)| *kind == OutcomeKind::Runs)
        .map(|(_, count)| count)
        .sum();
    let used: i128 = figures.sites.iter().map(|site| site.jobs).sum();
    let available: i128 = figures.sites.iter().map(|site| site.available).sum();
    let what = format!(
        "replay {} jobs of {} to {} on {} sites of {} hosts with {} GPUs{} ({ran} started, {} % used, {} \
         entries)",
        work.jobs.len(),
        size.from,
        size.to,
        size.sites,
        size.hosts.min(size.sites),
        size.gpus,
        match (size.nodes, size.gangs == WITH_SHARES) {
            (true, true) => " in nodes and racks, most with shares",
            (true, false) => " in nodes and racks",
            (false, _) => "",
        },
        100 * used / available,
        done.settlement.journal.entries().len()
    );
    report(&what, &began);
    Ok(())
}

fn deal(size: Size) -> Result<Loaded, Box<dyn Error>> {
    let basis = "basis: {phrase: benchmark, source: none, date: 2025-01-01, status: assumed}";
    let mut files: Vec<(FileKind, String)> = Vec::new();
    files.push((
        FileKind::Deal,
        "name: Benchmark\nsummary: Sizes only.\ncurrency: {code: USD, digits: 2}\nrounding: half-even\n\
         silence: {otherwise: liberty}\nactions: {host: {name: host}}\n\
         objects: {training: {name: training}, secret: {name: secret work}}\n\
         purposes: {work: {name: work}}\nplaces: {us: {name: United States}}\n\
         facts: {cleared: {state: The host is cleared.}}\n"
            .to_owned(),
    ));
    let mut parties = String::from("parties:\n");
    for name in ["lab", "host-0", "host-1", "host-2", "host-3"] {
        writeln!(parties, "  {name}: {{name: {name}, role: benchmark}}")?;
    }
    files.push((FileKind::Parties, parties));
    files.push((
        FileKind::Version,
        format!(
            "agreement: main\nname: Main\nparties: [lab, host-0]\nversion: \"2025-01-01\"\nsummary: Terms.\n\
             executed: 2025-01-01\neffective: {{from: 2025-01-01}}\nrecorded: 2025-01-01\nadds:\n\
             \x20 - exclusivity: {{id: secret-exclusive, holder: host-0, grantor: lab, grantor-excluded: true, action: host, object: secret, {basis}}}\n\
             \x20 - commitment: {{id: spend, buyer: lab, seller: host-0, amount: 1 billion, interval: month, meters: gpu-time, shortfall: pay, {basis}}}\n"
        ),
    ));
    let mut sites = String::from("gpus: {h100: {name: H100}}\nsites:\n");
    let (nodes, needs) = if size.nodes {
        (
            ", nodes: {gpus-per-node: 8, nodes-per-rack: 9, racks-per-hall: 100, cpu-cores: 96}",
            ", needs: {span: rack, cpu-cores-per-gpu: 12}",
        )
    } else {
        ("", "")
    };
    for site in 0..size.sites {
        let gpus = size.gpus / size.sites;
        let host = site % size.hosts;
        writeln!(
            sites,
            "  site-{site}: {{name: Site {site}, place: us, owner: host-{host}, host: host-{host}, operator: host-{host}, {basis}, phases: [{{from: 2025-01-01, gpu: h100, gpus: {gpus}, power-mw: 10, {basis}}}]{nodes}}}"
        )?;
    }
    files.push((FileKind::Sites, sites));
    let mut rates = String::from("rates:\n");
    for host in 0..4 {
        writeln!(
            rates,
            "  rate-{host}: {{seller: host-{host}, meter: gpu-time, price: 2.{host}5, per: gpu-hour, from: 2025-01-01, {basis}}}"
        )?;
    }
    files.push((FileKind::Rates, rates));
    let mut streams =
        format!("seed: 1\nperiod: {{from: {}, to: {}}}\nstreams:\n", size.from, size.to);
    let gangs: Vec<String> = size
        .gangs
        .iter()
        .map(|(gpus, weight)| format!("{{gpus: {gpus}, weight: {weight}}}"))
        .collect();
    let gangs = gangs.join(", ");
    let [shortest, half, most, all] = size.hours;
    let per_day = size.jobs / size.days / 5 + 1;
    for stream in 0..5 {
        let object = if stream == 0 { "secret" } else { "training" };
        writeln!(
            streams,
            "  stream-{stream}: {{party: lab, purpose: work, acts: [{{action: host, object: {object}, by: host}}], {basis}, \
             jobs: {{per-day: {per_day}, asked-percent: 130, sizes: [{gangs}], \
             run: [{{share: 0 %, hours: {shortest:.4}}}, {{share: 50 %, hours: {half:.4}}}, {{share: 90 %, hours: {most:.4}}}, {{share: 100 %, hours: {all:.4}}}]{needs}}}}}"
        )?;
    }
    files.push((FileKind::Workload, streams));
    let sources: Vec<Source> = files
        .into_iter()
        .map(|(kind, body)| Source {
            path: Arc::from(format!("{}.yaml", kind.name())),
            text: format!("kind: {}\n{body}", kind.name()),
        })
        .collect();
    read(&sources).map_err(|diagnostics| format!("{diagnostics:#?}").into())
}

/// A million usage records of a thousand supplies, settled to statements.
fn settle_records() -> Result<(), Box<dyn Error>> {
    let loaded = deal(MONTH)?;
    let rules = loaded.deal.rules(comity_base::Known::ALL);
    let (terms, _) = MoneyTerms::of(&loaded.deal, &rules);
    let start = Instant::parse("2025-11-01")?;
    let period = Window::new(start, Instant::parse("2025-12-01")?)?;
    let mut records = Vec::new();
    let mut state = 88_172_645_463_325_252_u64;
    let mut draw = |below: u64| {
        // Xorshift (Marsaglia 2003): spread is all that is asked of it.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    for id in 0..RECORDS {
        let site = draw(MONTH.sites);
        let from = start.plus_seconds(i64::try_from(draw(29 * 86_400))?);
        let window = Window::new(from, from.plus_seconds(i64::try_from(60 + draw(86_400))?))?;
        records.push(Usage {
            id,
            buyer: PartyId::new("lab")?,
            seller: PartyId::new(&format!("host-{}", site % 4))?,
            meter: Meter::GpuTime,
            object: ObjectId::new(&format!("project-{}", draw(10)))?,
            site: Some(SiteId::new(&format!("site-{site}"))?),
            gpu: Some(GpuTypeId::new("h100")?),
            amount: Amount::Held { level: (1 + draw(512)) * Meter::GpuTime.parts() },
            window,
        });
    }
    let began = begin();
    let settlement = settle(&terms, period, &records)?;
    let statements = statements(&settlement.journal);
    let sums = sums_of_statements(&statements)?;
    let what = format!(
        "settle {RECORDS} usage records to {} entries and {} statements (sum {})",
        settlement.journal.entries().len(),
        statements.len(),
        sums.iter().map(|sum| sum.plain()).collect::<Vec<_>>().join(", ")
    );
    report(&what, &began);
    Ok(())
}
