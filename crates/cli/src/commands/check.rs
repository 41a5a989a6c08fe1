//! `comity check`: everything that is wrong in a deal's files.

use crate::args::CheckArgs;
use crate::commands::Outcome;
use crate::load::load;
use crate::status;

pub(crate) fn run(args: &CheckArgs) -> Outcome {
    let loaded = load(&args.deal)?;
    let deal = loaded.deal.parts();
    let versions = loaded.deal.versions().count();
    let terms: usize = loaded.deal.versions().map(|(_, version)| version.adds.len()).sum();
    anstream::println!(
        "{}: in order: {} parties, {} agreements in {versions} versions with {terms} terms, {} sites, {} rates",
        deal.name,
        deal.parties.len(),
        deal.agreements.len(),
        loaded.fleet.sites().count(),
        deal.rates.len(),
    );
    Ok(status::CLEAN)
}
