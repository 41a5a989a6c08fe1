//! What live norms come to: the same steps as in `decide.rs`, on bit sets.

use super::{Forces, Rights, Standing};
use crate::decide::{Answer, Verdict, agreed};

/// What the norms of a word do where they are live.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effects {
    pub(super) forces: Forces,
    pub(super) rights: Rights,
}

const PERMITTED: u8 = 1;
const GRANTED: u8 = 2;
const FORBIDDEN: u8 = 4;
const AWAITED: u8 = 8;
const LIBERTY: u8 = 16;

/// What is found of an outcome, as a set of the flags above.
pub(super) type Found = u8;

impl Effects {
    /// What norms come to of which these help the asker and those hurt it.
    #[inline]
    pub(super) fn of(&self, helping: u64, hurting: u64) -> Found {
        let Self { forces, rights } = self;
        // What is only in words may permit as well as forbid.
        let flag = |norms: u64, flag: Found| if norms == 0 { 0 } else { flag };
        flag(helping & (forces.permit | forces.prose), PERMITTED)
            | flag(helping & (forces.grant | forces.prose), GRANTED)
            | flag(hurting & (forces.forbid | forces.prose | rights.forbid), FORBIDDEN)
            | flag(hurting & rights.wait, AWAITED)
    }

    /// The norms that settle an answer, by how they stand with open conditions met and unmet.
    #[inline]
    pub(super) fn settling(
        &self,
        answer: Answer,
        met: Standing,
        unmet: Standing,
        open: u64,
    ) -> u64 {
        let Self { forces, rights } = self;
        let perhaps = |standing: Standing| standing.live & !standing.sure;
        match answer {
            Answer::Allow => met.sure & forces.permit & !open,
            Answer::Deny => met.sure & (forces.forbid | rights.forbid),
            Answer::Conditional => {
                let sure = met.sure | (perhaps(met) & unmet.sure);
                sure & (rights.wait | (forces.permit & open))
            }
            Answer::Undetermined => perhaps(met) | perhaps(unmet),
        }
    }
}

/// An answer without the terms behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Conclusion {
    pub(super) answer: Answer,
    pub(super) verdict: Verdict,
    pub(super) between: Option<(Answer, Answer)>,
}

impl Conclusion {
    /// Where nothing is open or unknown.
    #[inline]
    pub(super) fn certain(found: Found, is_liberty: bool) -> Self {
        let (answer, verdict) = outcome(found, is_liberty);
        Self { answer, verdict, between: None }
    }

    /// From what is found at best and at worst for the asker, with open conditions met and unmet.
    pub(super) fn of(met: [Found; 2], unmet: [Found; 2], is_liberty: bool) -> Self {
        let read = |bound: usize| {
            let (met, unmet) = (outcome(met[bound], is_liberty), outcome(unmet[bound], is_liberty));
            if met.0 == unmet.0 {
                (met.0, agreed(met.1, unmet.1))
            } else {
                (Answer::Conditional, Verdict::Conditional)
            }
        };
        let (best, worst) = (read(0), read(1));
        if best.0 == worst.0 {
            Self { answer: worst.0, verdict: agreed(best.1, worst.1), between: None }
        } else {
            let between = Some((best.0, worst.0));
            Self { answer: Answer::Undetermined, verdict: Verdict::Undetermined, between }
        }
    }
}

#[inline]
fn outcome(found: Found, is_liberty: bool) -> (Answer, Verdict) {
    OUTCOMES[usize::from(found | if is_liberty { LIBERTY } else { 0 })]
}

/// The outcome for every set of flags, so that looking it up takes no branch.
const OUTCOMES: [(Answer, Verdict); 32] = {
    let mut all = [(Answer::Deny, Verdict::Silent); 32];
    let mut found: Found = 0;
    let mut at = 0;
    while at < 32 {
        all[at] = stated(found);
        found += 1;
        at += 1;
    }
    all
};

const fn stated(found: Found) -> (Answer, Verdict) {
    let has = Flags {
        forbidden: found & FORBIDDEN != 0,
        permitted: found & PERMITTED != 0,
        granted: found & GRANTED != 0,
        awaited: found & AWAITED != 0,
        liberty: found & LIBERTY != 0,
    };
    match has {
        Flags { forbidden: true, granted: true, .. } => (Answer::Deny, Verdict::Conflict),
        Flags { forbidden: true, .. } => (Answer::Deny, Verdict::Prohibited),
        Flags { permitted: true, awaited: false, .. } => (Answer::Allow, Verdict::Permitted),
        Flags { permitted: true, .. } | Flags { liberty: true, awaited: true, .. } => {
            (Answer::Conditional, Verdict::Conditional)
        }
        Flags { liberty: true, .. } => (Answer::Allow, Verdict::Silent),
        Flags { .. } => (Answer::Deny, Verdict::Silent),
    }
}

struct Flags {
    forbidden: bool,
    permitted: bool,
    granted: bool,
    awaited: bool,
    liberty: bool,
}
