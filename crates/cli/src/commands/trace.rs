//! `comity trace`: the chain behind an entry.

use comity_base::PartyId;
use comity_statement::{Record, Trace, trace};

use crate::args::TraceArgs;
use crate::commands::{Outcome, settle};
use crate::render::print;
use crate::status;

pub(crate) fn run(args: &TraceArgs) -> Outcome {
    let settled = settle::open(&args.deal, &args.books)?;
    let party = match &args.party {
        Some(text) => Some(PartyId::new(text)?),
        None => None,
    };
    let entries = settled.entries();
    let records: Vec<Record<'_>> = settled
        .intake
        .usage()
        .map(|record| Record {
            source: &record.identity.source,
            id: &record.identity.id,
            place: record.place.to_string(),
            usage: record.usage,
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
