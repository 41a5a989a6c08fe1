//! Measures replay and settlement at the sizes they must carry:
//! `cargo run --release --manifest-path bench/Cargo.toml`.
//!
//! Everything is made from fixed seeds. Each measurement prints what it did, the time and, on
//! Linux, the most memory that the process has held so far.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant as Clock;

use comity_base::{GpuTypeId, Instant, Meter, ObjectId, PartyId, SiteId, Window};
use comity_lang::{FileKind, Loaded, Source, read};
use comity_replay::{OutcomeKind, Traces, Under, replay, summary, work};
use comity_settlement::{Amount, MoneyTerms, Usage, settle, statements, sums_of_statements};

const SITES: u64 = 100;
const GPUS: u64 = 500_000;
const JOBS: u64 = 1_000_000;
const RECORDS: u64 = 1_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    // Two loads: one that the fleet carries, and one that leaves a long queue.
    for mean_hours in [5, 9] {
        replay_jobs(mean_hours)?;
    }
    settle_records()
}

fn report(what: &str, seconds: f64) {
    let memory = std::fs::read_to_string("/proc/self/status").ok().and_then(|status| {
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    let memory = memory.map_or(String::new(), |kib| format!(", {} MiB at most", kib / 1_024));
    println!("{what}: {seconds:.2} s{memory}");
}

/// A month of a million jobs in five classes on a hundred sites of four hosts, under terms that
/// keep one class off one host and make another conditional.
fn replay_jobs(mean_hours: u64) -> Result<(), Box<dyn Error>> {
    let started = Clock::now();
    let loaded = deal(mean_hours)?;
    let workload = loaded.workload.as_ref().ok_or("the deal has a workload")?;
    report("read and check the deal", started.elapsed().as_secs_f64());
    let started = Clock::now();
    let work = work(workload, workload.period, workload.seed, Traces::default())?;
    report(&format!("draw {} jobs", work.jobs.len()), started.elapsed().as_secs_f64());
    let started = Clock::now();
    let done = replay(&loaded.deal, &loaded.fleet, &work, Under::Calendar)?;
    let figures = summary(&done, &work);
    let seconds = started.elapsed().as_secs_f64();
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
        "replay {} jobs on {SITES} sites with {GPUS} GPUs ({ran} started, {} % used, {} entries)",
        work.jobs.len(),
        100 * used / available,
        done.settlement.journal.entries().len()
    );
    report(&what, seconds);
    Ok(())
}

fn deal(mean_hours: u64) -> Result<Loaded, Box<dyn Error>> {
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
    for site in 0..SITES {
        let gpus = GPUS / SITES;
        let host = site % 4;
        writeln!(
            sites,
            "  site-{site}: {{name: Site {site}, place: us, owner: host-{host}, host: host-{host}, operator: host-{host}, {basis}, phases: [{{from: 2025-01-01, gpu: h100, gpus: {gpus}, power-mw: 10, {basis}}}]}}"
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
        String::from("seed: 1\nperiod: {from: 2025-11-01, to: 2025-12-01}\nstreams:\n");
    for stream in 0..5 {
        let object = if stream == 0 { "secret" } else { "training" };
        let per_day = JOBS / 30 / 5 + 1;
        writeln!(
            streams,
            "  stream-{stream}: {{party: lab, purpose: work, acts: [{{action: host, object: {object}, by: host}}], {basis}, \
             jobs: {{per-day: {per_day}, asked-percent: 130, sizes: [{{gpus: 1, weight: 30}}, {{gpus: 8, weight: 40}}, {{gpus: 64, weight: 20}}, {{gpus: 512, weight: 4}}], \
             run: [{{share: 0 %, hours: 0.1}}, {{share: 50 %, hours: {}}}, {{share: 90 %, hours: {}}}, {{share: 100 %, hours: {}}}]}}}}",
            mean_hours / 2,
            mean_hours * 2,
            mean_hours * 6
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
    let loaded = deal(5)?;
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
        let site = draw(SITES);
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
            amount: Amount::Held { level: 1 + draw(512) },
            window,
        });
    }
    let started = Clock::now();
    let settlement = settle(&terms, period, &records)?;
    let statements = statements(&settlement.journal);
    let sums = sums_of_statements(&statements)?;
    let what = format!(
        "settle {RECORDS} usage records to {} entries and {} statements (sum {})",
        settlement.journal.entries().len(),
        statements.len(),
        sums.iter().map(|sum| sum.plain()).collect::<Vec<_>>().join(", ")
    );
    report(&what, started.elapsed().as_secs_f64());
    Ok(())
}
