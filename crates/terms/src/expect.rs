//! What a deal's authors expect of it. Whether it is so, `comity-proof` finds out.

use comity_base::{ActionId, AgreementId, Instant, Known, ObjectId, PartyId, VersionId};

use crate::decide::Answer;
use crate::provenance::Position;
use crate::scope::{Request, Scope};

/// Something that must hold of a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// What must hold.
    pub claim: Claim,
    /// Where it stands.
    pub position: Position,
}

/// What must hold of a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// A request has this answer.
    Answer(ExpectedAnswer),
    /// Nobody but one party may do something before an instant.
    Only(OnlyHolder),
    /// No request is both permitted and forbidden by terms of which none overrides the other.
    NoConflict,
    /// No answer just from a version on is more favourable to the asker than just before it.
    Narrows(VersionRef),
    /// No answer just from a version on is less favourable to the asker than just before it.
    Widens(VersionRef),
    /// No answer outside of the scope is another just from the version on than just before it.
    ChangesOnly {
        /// The version.
        version: VersionRef,
        /// What it may change; empty sets of actions and objects mean any, as those of purposes
        /// and places do, and what lies within a name is in the scope too.
        within: Scope,
    },
}

/// A version of an agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRef {
    /// The agreement.
    pub agreement: AgreementId,
    /// The version.
    pub version: VersionId,
}

/// A request with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedAnswer {
    /// What is asked.
    pub request: Request,
    /// By when it is to be known.
    pub known: Known,
    /// The answer.
    pub answer: Answer,
}

/// That nobody but the holder may do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlyHolder {
    /// Who may.
    pub holder: PartyId,
    /// What is done.
    pub action: ActionId,
    /// What it is done to, as a whole.
    pub object: ObjectId,
    /// For whom; for anyone when not named.
    pub beneficiary: Option<PartyId>,
    /// From when on.
    pub from: Instant,
    /// Before when.
    pub before: Instant,
}
