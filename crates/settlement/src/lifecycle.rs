//! Where each commitment stands in its life.

use std::collections::BTreeMap;

use comity_base::{Instant, PartyId, TermId, VersionId, Window};
use comity_terms::{Commitment, Ended, InForce};

use crate::commitment::{Drawdown, Standing};

/// Where a commitment stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Its version is not signed yet.
    Proposed,
    /// It is signed and has not begun.
    Pending,
    /// It is in force, and something is left to be drawn.
    Active,
    /// It is in force, and nothing is left to be drawn in the interval that runs.
    Exhausted,
    /// It came to its own end, or to that of its agreement.
    Expired,
    /// A version ended it, or what it depends on ceased.
    Cancelled,
    /// A version put another term in its place.
    Superseded,
}

impl Stage {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Exhausted => "exhausted",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
        }
    }
}

/// A commitment in its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    /// The commitment.
    pub term: TermId,
    /// The version that says so: the last that was in force, or the first that will be.
    pub version: VersionId,
    /// Who buys.
    pub buyer: PartyId,
    /// From whom.
    pub seller: PartyId,
    /// When that version is in force.
    pub window: Window,
    /// Where it stands.
    pub stage: Stage,
}

/// Where each commitment stands at an instant, by term and parties; by the drawdowns of a
/// settlement up to then.
#[must_use]
pub fn lifecycles(
    commitments: &[InForce<Commitment>],
    drawdowns: &[Drawdown],
    at: Instant,
) -> Vec<Lifecycle> {
    let mut rows: BTreeMap<(&TermId, &PartyId, &PartyId), Vec<&InForce<Commitment>>> =
        BTreeMap::new();
    for row in commitments {
        rows.entry((&row.term, &row.value.buyer, &row.value.seller)).or_default().push(row);
    }
    let mut all = Vec::with_capacity(rows.len());
    for ((term, buyer, seller), mut rows) in rows {
        rows.sort_by_key(|row| row.window);
        let begun = rows.iter().rev().find(|row| row.window.start() < at);
        let Some(&row) = begun.or(rows.first()) else { continue };
        let resumes = rows.iter().any(|other| other.window.start() >= at);
        let left = drawdowns.iter().rev().find(|it| {
            (&it.term, &it.buyer, &it.seller) == (term, buyer, seller)
                && it.standing == Standing::Running
        });
        all.push(Lifecycle {
            term: term.clone(),
            version: row.version.clone(),
            buyer: buyer.clone(),
            seller: seller.clone(),
            window: row.window,
            stage: stage(row, resumes, left, at),
        });
    }
    all
}

fn stage(
    row: &InForce<Commitment>,
    resumes: bool,
    running: Option<&Drawdown>,
    at: Instant,
) -> Stage {
    if row.life.executed > at {
        return Stage::Proposed;
    }
    if row.window.start() >= at {
        return Stage::Pending;
    }
    if row.window.end() > at {
        let rolled = |it: &Drawdown| it.rolled_in.count - it.rolled_drawn.count;
        let spent = running.is_some_and(|it| it.remaining.count == 0 && rolled(it) == 0);
        return if spent { Stage::Exhausted } else { Stage::Active };
    }
    match row.life.ended {
        _ if row.window.end() >= row.own.end() => Stage::Expired,
        _ if resumes => Stage::Pending,
        Some(Ended::Superseded) => Stage::Superseded,
        Some(Ended::RanOut) => Stage::Expired,
        Some(Ended::Cancelled) | None => Stage::Cancelled,
    }
}
