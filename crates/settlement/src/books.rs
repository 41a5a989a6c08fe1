//! The books of several billing periods: closed ones never change, and what arrives late is
//! posted as a correction in the open one.
//!
//! A settlement is always computed from all records, from the first period of the books to the
//! open one. What differs from what was posted for a closed period is posted now, with a link to
//! what it corrects. So any order and any batching of the same records, late ones included, ends
//! in the same balances.

use std::collections::BTreeMap;

use comity_base::{Cadence, Currency, Instant, Money, Overflow, PartyId, Window};
use thiserror::Error;

use crate::journal::{Account, Cause, Entry, Reason, Used};
use crate::settle::Settlement;
use crate::usage::Supply;

/// What was posted for the periods that are closed.
///
/// Append-only: closing a period adds entries, and nothing takes one away or changes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Books {
    /// Invariant: numbered from 1, each in a closed period, periods in order.
    posted: Vec<Posted>,
    /// Invariant: in order, each beginning where the one before ends.
    closed: Vec<Window>,
}

/// An entry in the period in which it was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The billing period.
    pub period: Window,
    /// The entry. Its number counts on from one period to the next.
    pub entry: Entry,
    /// The entry of a closed period that it corrects, or the period in which there was none.
    pub corrects: Option<Corrects>,
}

/// What a correction corrects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Corrects {
    /// The closed period.
    pub period: Window,
    /// The entry in it; none where what arrived late had none.
    pub entry: Option<u64>,
}

/// Why a period cannot be drafted, closed or read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BooksError {
    /// The period is closed.
    #[error("the period {period} is closed: what arrives late is posted in an open one")]
    Closed {
        /// The period.
        period: Window,
    },
    /// There would be a gap.
    #[error("the period {period} does not follow {last}, the last that is closed")]
    Gap {
        /// The period.
        period: Window,
        /// The last closed one.
        last: Window,
    },
    /// The settlement is not for all of the books.
    #[error(
        "the settlement of {settled} does not reach from the first period of the books to the end of {period}"
    )]
    NotAll {
        /// What was settled.
        settled: Window,
        /// The period.
        period: Window,
    },
    /// What was stored cannot have been written by closing periods.
    #[error("entry {entry} of the stored books is out of order")]
    Damaged {
        /// The entry.
        entry: u64,
    },
    /// A sum that does not fit in 128 bits.
    #[error("what is posted for {period} is too large")]
    TooLarge {
        /// The period.
        period: Window,
        /// Why.
        #[source]
        source: Overflow,
    },
}

/// What makes an entry the same in two settlements.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    reason: Reason,
    cause: Cause,
    payer: PartyId,
    payee: PartyId,
    currency: Currency,
    over: Window,
    supply: Option<Supply>,
}

/// What was posted for one identity.
struct Sum {
    minor: i128,
    quantity: i128,
    /// The entry that stands for it.
    first: Entry,
    period: Window,
}

impl Books {
    /// Books that were stored.
    ///
    /// # Errors
    /// [`BooksError::Damaged`] when numbers or periods are out of order.
    pub fn restore(closed: Vec<Window>, posted: Vec<Posted>) -> Result<Self, BooksError> {
        let follows = closed.windows(2).all(|pair| pair[0].end() == pair[1].start());
        let mut number = 0;
        let mut period = 0;
        for one in &posted {
            number += 1;
            while closed.get(period).is_some_and(|it| it != &one.period) {
                period += 1;
            }
            if one.entry.id != number || period == closed.len() || !follows {
                return Err(BooksError::Damaged { entry: one.entry.id });
            }
        }
        Ok(Self { posted, closed })
    }

    /// The entries of the closed periods, in order.
    #[must_use]
    pub fn posted(&self) -> &[Posted] {
        &self.posted
    }

    /// The closed periods, in order.
    #[must_use]
    pub fn closed(&self) -> &[Window] {
        &self.closed
    }

    /// From when on a settlement must reckon to settle a period.
    #[must_use]
    pub fn start(&self, period: Window) -> Instant {
        self.closed.first().map_or(period.start(), |first| first.start())
    }

    /// The entries of an open period: all that fell due in it, then what corrects the closed ones.
    ///
    /// # Errors
    /// When the period is closed or leaves a gap, or the settlement is not for all of the books.
    pub fn draft(
        &self,
        settlement: &Settlement,
        period: Window,
    ) -> Result<Vec<Posted>, BooksError> {
        self.check(settlement, period)?;
        let too_large = |source| BooksError::TooLarge { period, source };
        let mut posted = self.sums().map_err(too_large)?;
        let mut draft = Vec::new();
        let mut corrections = Vec::new();
        for entry in &settlement.journal {
            if entry.due.start() >= period.start() {
                draft.push(Posted { period, entry: entry.clone(), corrects: None });
                continue;
            }
            let quantity = entry.used.as_ref().map_or(0, |used| used.quantity);
            let before = posted.remove(&Identity::of(entry));
            let (minor, used, corrects) = match before {
                Some(sum) => {
                    let corrects = Corrects { period: sum.period, entry: Some(sum.first.id) };
                    (sum.minor, sum.quantity, corrects)
                }
                None => (0, 0, Corrects { period: self.home(entry), entry: None }),
            };
            let difference = entry.amount.minor.checked_sub(minor).ok_or(Overflow);
            let difference = difference.map_err(too_large)?;
            let more = quantity - used;
            if difference != 0 || more != 0 {
                corrections.push(correction(entry, difference, more, period, corrects));
            }
        }
        // What was posted and is no longer owed at all.
        for sum in posted.into_values().filter(|sum| sum.minor != 0 || sum.quantity != 0) {
            let corrects = Corrects { period: sum.period, entry: Some(sum.first.id) };
            corrections.push(correction(&sum.first, -sum.minor, -sum.quantity, period, corrects));
        }
        draft.extend(corrections);
        let mut number = self.posted.last().map_or(0, |last| last.entry.id);
        for one in &mut draft {
            number += 1;
            one.entry.id = number;
        }
        Ok(draft)
    }

    /// Closes a period with its entries, as [`Books::draft`] gave them.
    ///
    /// # Errors
    /// When the period is closed or leaves a gap, or the entries are not a draft of it.
    pub fn close(&mut self, period: Window, draft: Vec<Posted>) -> Result<(), BooksError> {
        self.follows(period)?;
        let mut number = self.posted.last().map_or(0, |last| last.entry.id);
        for one in &draft {
            number += 1;
            if one.entry.id != number || one.period != period {
                return Err(BooksError::Damaged { entry: one.entry.id });
            }
        }
        self.closed.push(period);
        self.posted.extend(draft);
        Ok(())
    }

    fn check(&self, settlement: &Settlement, period: Window) -> Result<(), BooksError> {
        self.follows(period)?;
        let settled = settlement.period;
        if settled.start() == self.start(period) && settled.end() == period.end() {
            Ok(())
        } else {
            Err(BooksError::NotAll { settled, period })
        }
    }

    fn follows(&self, period: Window) -> Result<(), BooksError> {
        match self.closed.last() {
            None => Ok(()),
            Some(last) if last.end() == period.start() => Ok(()),
            Some(last) if last.end() > period.start() => Err(BooksError::Closed { period }),
            Some(&last) => Err(BooksError::Gap { period, last }),
        }
    }

    /// What was posted for each identity, corrections included.
    fn sums(&self) -> Result<BTreeMap<Identity, Sum>, Overflow> {
        let mut sums: BTreeMap<Identity, Sum> = BTreeMap::new();
        for one in &self.posted {
            let straight = Identity::of(&one.entry);
            // A correction that takes back goes the other way and has the identity of what it
            // corrects.
            let backwards = Identity {
                payer: straight.payee.clone(),
                payee: straight.payer.clone(),
                supply: straight.supply.clone().map(Supply::reversed),
                ..straight.clone()
            };
            let reversed = one.corrects.is_some() && one.is_reversal();
            let (identity, sign) = if reversed { (backwards, -1) } else { (straight, 1) };
            let quantity = one.entry.used.as_ref().map_or(0, |used| used.quantity);
            let minor = sign * one.entry.amount.minor;
            match sums.get_mut(&identity) {
                Some(sum) => {
                    sum.minor = sum.minor.checked_add(minor).ok_or(Overflow)?;
                    sum.quantity = sum.quantity.checked_add(quantity).ok_or(Overflow)?;
                }
                None => {
                    let first = if reversed { turned(&one.entry) } else { one.entry.clone() };
                    let period = one.corrects.map_or(one.period, |corrects| corrects.period);
                    sums.insert(identity, Sum { minor, quantity, first, period });
                }
            }
        }
        Ok(sums)
    }

    /// The closed period in which an entry fell due.
    fn home(&self, entry: &Entry) -> Window {
        let holds = |period: &&Window| period.contains(entry.due.start());
        let month = || Cadence::Month.around(entry.due.start());
        self.closed.iter().find(holds).copied().unwrap_or_else(month)
    }
}

impl Posted {
    /// Whether it takes back a part of what it corrects.
    #[must_use]
    pub fn is_reversal(&self) -> bool {
        self.entry.is_reversal
    }
}

impl Identity {
    fn of(entry: &Entry) -> Self {
        let supply = entry.used.as_ref().map(|used| Supply {
            buyer: entry.payer.clone(),
            seller: entry.payee.clone(),
            meter: used.meter,
            object: used.object.clone(),
            site: used.site.clone(),
            gpu: used.gpu.clone(),
        });
        Self {
            reason: entry.reason.clone(),
            cause: entry.cause.clone(),
            payer: entry.payer.clone(),
            payee: entry.payee.clone(),
            currency: entry.amount.currency,
            over: entry.segment,
            supply,
        }
    }
}

/// An entry the other way round.
fn turned(entry: &Entry) -> Entry {
    Entry {
        payer: entry.payee.clone(),
        payee: entry.payer.clone(),
        is_reversal: !entry.is_reversal,
        ..entry.clone()
    }
}

fn correction(
    entry: &Entry,
    difference: i128,
    quantity: i128,
    period: Window,
    corrects: Corrects,
) -> Posted {
    let used = entry.used.clone().map(|used| Used { quantity, ..used });
    let straight = Entry {
        amount: Money { minor: difference.abs(), ..entry.amount },
        used,
        converted: None,
        is_reversal: false,
        ..entry.clone()
    };
    let entry = if difference < 0 { turned(&straight) } else { straight };
    Posted { period, entry, corrects: Some(corrects) }
}

/// What each account comes to, by currency; accounts that come to nothing are left out.
///
/// # Errors
/// [`Overflow`] when a sum does not fit.
pub fn balances<'p>(
    posted: impl IntoIterator<Item = &'p Posted>,
) -> Result<BTreeMap<(Account, Currency), i128>, Overflow> {
    let mut sums: BTreeMap<(Account, Currency), i128> = BTreeMap::new();
    for posting in posted.into_iter().flat_map(|one| one.entry.postings()) {
        let sum = sums.entry((posting.account, posting.amount.currency)).or_default();
        *sum = sum.checked_add(posting.amount.minor).ok_or(Overflow)?;
    }
    sums.retain(|_, minor| *minor != 0);
    Ok(sums)
}
