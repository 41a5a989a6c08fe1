//! The deal that the records are settled under: a rate for each host and meter, and commitments
//! by the hour, so that every hour is a total of its own.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use comity_base::{Instant, Known, Window};
use comity_lang::{FileKind, Loaded, Source, read};
use comity_settlement::MoneyTerms;

use crate::make::{BUYERS, GPUS, HOURS, OBJECTS, SELLERS, SITES, START};

type Failed = Box<dyn Error + Send + Sync>;

pub(crate) fn period() -> Result<Window, Failed> {
    let start = Instant::from_seconds(START);
    Ok(Window::new(start, start.plus_seconds(i64::try_from(HOURS)? * 3_600))?)
}

/// The deal, and what of it moves money.
pub(crate) struct Deal {
    pub(crate) loaded: Loaded,
    pub(crate) terms: MoneyTerms,
    files: Vec<Source>,
}

impl Deal {
    pub(crate) fn new() -> Result<Self, Failed> {
        let files = files()?;
        let loaded = read(&files).map_err(|diagnostics| format!("{diagnostics:#?}"))?;
        let rules = loaded.deal.rules(Known::ALL);
        let (terms, _) = MoneyTerms::of(&loaded.deal, &rules);
        Ok(Self { loaded, terms, files })
    }

    /// Writes its files into a folder.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Failed> {
        std::fs::create_dir_all(folder)?;
        for file in &self.files {
            std::fs::write(folder.join(&*file.path), &file.text)?;
        }
        Ok(())
    }
}

fn files() -> Result<Vec<Source>, Failed> {
    let basis = "basis: {phrase: benchmark, source: none, date: 2025-01-01, status: assumed}";
    let mut deal = String::from(
        "name: Benchmark\nsummary: Sizes only.\ncurrency: {code: USD, digits: 2}\nrounding: half-even\n\
         silence: {otherwise: liberty}\nactions: {host: {name: host}}\npurposes: {work: {name: work}}\n\
         places: {us: {name: United States}}\nobjects:\n",
    );
    for object in 0..OBJECTS {
        writeln!(deal, "  project-{object}: {{name: Project {object}}}")?;
    }
    let mut parties = String::from("parties:\n");
    for (name, count) in [("lab", BUYERS), ("host", SELLERS)] {
        for number in 0..count {
            writeln!(parties, "  {name}-{number}: {{name: {name} {number}, role: benchmark}}")?;
        }
    }
    let signed: Vec<String> =
        (0..4).flat_map(|it| [format!("lab-{it}"), format!("host-{it}")]).collect();
    let mut version = format!(
        "agreement: main\nname: Main\nparties: [{}]\nversion: \"2025-01-01\"\nsummary: Terms.\n\
         executed: 2025-01-01\neffective: {{from: 2025-01-01}}\nrecorded: 2025-01-01\nadds:\n",
        signed.join(", "),
    );
    for lab in 0..4 {
        writeln!(
            version,
            "  - commitment: {{id: hourly-{lab}, buyer: lab-{lab}, seller: host-{lab}, amount: 10_000, interval: hour, meters: gpu-time, shortfall: pay, {basis}}}"
        )?;
    }
    let mut sites = String::from("gpus:\n");
    for gpu in 0..GPUS {
        writeln!(sites, "  gpu-{gpu}: {{name: GPU {gpu}}}")?;
    }
    sites.push_str("sites:\n");
    for site in 0..SITES {
        let host = site % SELLERS;
        writeln!(
            sites,
            "  site-{site}: {{name: Site {site}, place: us, owner: host-{host}, host: host-{host}, operator: host-{host}, {basis}, phases: [{{from: 2025-01-01, gpu: gpu-0, gpus: 100, power-mw: 10, {basis}}}]}}"
        )?;
    }
    let mut rates = String::from("rates:\n");
    for host in 0..SELLERS {
        for (meter, price, per) in [
            ("gpu-time", "2.45", "gpu-hour"),
            ("tokens-in", "1.10", "million-tokens"),
            ("tokens-out", "4.40", "million-tokens"),
        ] {
            writeln!(
                rates,
                "  {meter}-{host}: {{seller: host-{host}, meter: {meter}, price: {price}, per: {per}, from: 2025-01-01, {basis}}}"
            )?;
        }
    }
    let files = [
        (FileKind::Deal, deal),
        (FileKind::Parties, parties),
        (FileKind::Version, version),
        (FileKind::Sites, sites),
        (FileKind::Rates, rates),
    ];
    let source = |(kind, body): (FileKind, String)| Source {
        path: Arc::from(format!("{}.yaml", kind.name())),
        text: format!("kind: {}\n{body}", kind.name()),
    };
    Ok(files.into_iter().map(source).collect())
}
