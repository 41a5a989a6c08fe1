//! The rulebook against Cedar on random rules and requests: where nothing is unknown and a
//! prohibition beats what permits, or carve-outs are said as `unless`, the answers are the same.

use std::ops::Range;

use comity_base::Known;
use comity_terms::{Answer, Rulebook};

use crate::cedar::{Asked, Cedar};
use crate::random::{Wins, asks, rules, vocabulary};
use crate::{Failure, ours};

/// Compares so many answers for each set of rules; gives how many were equal, or the first that
/// was not.
pub fn run(seeds: Range<u64>, requests: usize) -> Result<u64, Failure> {
    let mut equal = 0;
    for seed in seeds {
        let names = vocabulary(4, 3, 6);
        let wins = if seed % 2 == 0 { Wins::Forbid } else { Wins::Either };
        let count = 1 + usize::try_from(seed % 12)?;
        let rules = rules(&names, count, wins, seed);
        let deal = ours::deal(&rules).map_err(|error| format!("seed {seed}: {error}"))?;
        let book = Rulebook::compile(&deal.rules(Known::ALL));
        let cedar = Cedar::new(&rules, Asked::Wider)?;
        for ask in asks(&names, false, requests, seed) {
            let decided = book.decide_strs(&ours::strs(&ask)).ok_or("a name is not found")?;
            let allows = cedar.allows(&ask)?;
            let same = match decided.answer {
                Answer::Allow => allows,
                Answer::Deny => !allows,
                Answer::Conditional | Answer::Undetermined => false,
            };
            if !same {
                let ours = decided.answer;
                return Err(format!("seed {seed}: {ours}, Cedar allows: {allows}: {ask:?}").into());
            }
            equal += 1;
        }
    }
    Ok(equal)
}
