//! `comity check`: everything that is wrong in a deal's files.

use crate::args::CheckArgs;
use crate::commands::Outcome;
use crate::commands::prove::unmet;
use crate::load::{counted, load};
use crate::render::print;
use crate::status;

pub(crate) fn run(args: &CheckArgs) -> Outcome {
    let loaded = load(&args.deal)?;
    let failures = comity_proof::check(&loaded.deal, &loaded.expectations);
    if !failures.is_empty() {
        return Err(unmet(&args.deal, &failures)?.into());
    }
    let deal = loaded.deal.parts();
    let versions = loaded.deal.versions().count();
    let terms: usize = loaded.deal.versions().map(|(_, version)| version.adds.len()).sum();
    let text = format!(
        "{}: in order: {}, {} in {} with {}, {}, {}\n",
        deal.name,
        counted(deal.parties.len(), "party", "parties"),
        counted(deal.agreements.len(), "agreement", "agreements"),
        counted(versions, "version", "versions"),
        counted(terms, "term", "terms"),
        counted(loaded.fleet.sites().count(), "site", "sites"),
        counted(deal.rates.len(), "rate", "rates"),
    );
    print(&text)?;
    Ok(status::CLEAN)
}
