//! `comity trace`: the chain behind an entry.

use comity_base::PartyId;
use comity_statement::{Record, Trace, trace};

use crate::args::TraceArgs;
use crate::commands::{Outcome, settle};
use crate::render::print;
use crate::status;
use crate::usage::Reading;

pub(crate) fn run(args: &TraceArgs) -> Outcome {
    let settled = settle::open(&args.deal, &args.books)?;
    let party = match &args.party {
        Some(text) => Some(PartyId::new(text)?),
        None => None,
    };
    let entries = settled.entries();
    let posted = entries.iter().find(|one| one.entry.id == args.entry);
    let reading = Reading::of_books(&settled.loaded);
    let records = match posted.and_then(|one| one.entry.supply()) {
        Some(supply) => settled.records.of(&reading, &supply)?,
        None => Vec::new(),
    };
    let records: Vec<Record<'_>> = records
        .iter()
        .map(|(identity, place, usage)| Record {
            source: &identity.source,
            id: &identity.id,
            place: place.to_string(),
            usage: usage.clone(),
        })
        .collect();
    let chain = Trace {
        deal: &settled.loaded.deal,
        ledger: settled.ledger(),
        entries: &entries,
        records: &records,
    };
    match trace(chain, args.entry, party.as_ref()) {
        Some(text) => {
            print(&text)?;
            Ok(status::CLEAN)
        }
        None => {
            let last = entries.last().map_or(0, |one| one.entry.id);
            let of =
                party.map_or_else(String::new, |party| format!(" that `{party}` has a part in"));
            Err(format!("no entry {}{of}: the books have entries 1 to {last}", args.entry).into())
        }
    }
}
