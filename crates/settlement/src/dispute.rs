//! Charges that a party does not accept, and what of them is paid.
//!
//! Commitments and shares follow what was charged; a dispute moves only what is paid now.

use comity_base::{Currency, Money, Overflow, PartyId, TermId, Window, mul_div};
use comity_terms::{Dispute, Figure, Tolerance, ToleranceRule};

use crate::journal::{Cause, Entry, Journal, Reason};
use crate::pending::{Key, Pending};
use crate::rating::Pricing;
use crate::terms::MoneyTerms;

/// A dispute with what it is about and what comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeReport {
    /// The dispute.
    pub id: TermId,
    /// Who disputes.
    pub by: PartyId,
    /// With whom.
    pub with: PartyId,
    /// Who owes the charges.
    pub payer: PartyId,
    /// The entries of the charges.
    pub entries: Vec<u64>,
    /// What was charged.
    pub charged: Money,
    /// What it would be by the party's own figure.
    pub claimed: Money,
    /// What comes of it.
    pub resolution: Resolution,
}

/// What comes of a dispute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// The two figures are the same.
    Agreed,
    /// The difference is small: this much is paid, by the rule of the deal.
    Resolved {
        /// What is paid in all.
        paid: Money,
        /// The rule.
        rule: ToleranceRule,
    },
    /// It is open: the lower figure is paid now.
    Open {
        /// What is paid now.
        undisputed: Money,
        /// What is not, until it is resolved.
        difference: Money,
    },
}

/// What a settled journal shows of each dispute, in their order; a dispute about nothing that was
/// charged is left out.
///
/// # Errors
/// [`Overflow`] when an amount does not fit.
pub fn disputes<'j>(
    terms: &MoneyTerms,
    entries: impl IntoIterator<Item = &'j Entry> + Clone,
) -> Result<Vec<DisputeReport>, Overflow> {
    let reports = terms.disputes.iter().map(|it| report(terms, it, entries.clone()));
    Ok(reports.collect::<Result<Vec<_>, Overflow>>()?.into_iter().flatten().collect())
}

/// Enters what the disputes come to whose time ends with a segment.
pub(crate) fn dispute(
    terms: &MoneyTerms,
    segment: Window,
    journal: &Journal,
    pending: &mut Pending,
) -> Result<(), Overflow> {
    for dispute in terms.disputes.iter().filter(|it| it.window.end() == segment.end()) {
        let Some(report) = report(terms, dispute, journal)? else { continue };
        let (reason, less) = match report.resolution {
            Resolution::Agreed => continue,
            Resolution::Resolved { paid, .. } => {
                (Reason::Adjusted, report.charged.minor - paid.minor)
            }
            Resolution::Open { undisputed, .. } => {
                (Reason::Disputed, report.charged.minor - undisputed.minor)
            }
        };
        let other = if report.payer == report.by { &report.with } else { &report.by };
        let (payer, payee) = if less > 0 { (other, &report.payer) } else { (&report.payer, other) };
        let key = Key {
            reason,
            cause: Cause::Term(dispute.id.clone()),
            payer: payer.clone(),
            payee: payee.clone(),
            currency: report.charged.currency,
            over: dispute.window,
            supply: None,
        };
        pending.add(key, less.checked_abs().ok_or(Overflow)?, 0)?;
    }
    Ok(())
}

fn report<'j>(
    terms: &MoneyTerms,
    dispute: &Dispute,
    entries: impl IntoIterator<Item = &'j Entry>,
) -> Result<Option<DisputeReport>, Overflow> {
    let Dispute { id, by, with, on, window, figure, .. } = dispute;
    let mine = |entry: &&Entry| {
        let between = (&entry.payer == by && &entry.payee == with)
            || (&entry.payer == with && &entry.payee == by);
        let used = entry.used.as_ref().is_some_and(|used| {
            on.counts(used.meter, &used.object, used.site.as_ref(), used.gpu.as_ref())
        });
        entry.reason.is_charge()
            && between
            && used
            && window.intersect(entry.segment) == Some(entry.segment)
    };
    let charges: Vec<&Entry> = entries.into_iter().filter(mine).collect();
    let Some(first) = charges.first() else { return Ok(None) };
    // What is owed the other way, or in another currency, is another dispute.
    let (payer, currency) = (first.payer.clone(), first.amount.currency);
    let charges: Vec<&Entry> = charges
        .into_iter()
        .filter(|entry| entry.payer == payer && entry.amount.currency == currency)
        .collect();
    let mut charged = Money::zero(currency);
    for entry in &charges {
        charged = charged.plus(entry.amount)?;
    }
    let claimed = claimed(terms, *figure, &charges, charged, currency)?;
    Ok(Some(DisputeReport {
        id: id.clone(),
        by: by.clone(),
        with: with.clone(),
        payer,
        entries: charges.iter().map(|entry| entry.id).collect(),
        charged,
        claimed,
        resolution: resolve(terms, terms.tolerance, charged, claimed)?,
    }))
}

/// A party's own figure in money: an own quantity costs in proportion to what was charged for the
/// quantity that was.
fn claimed(
    terms: &MoneyTerms,
    figure: Figure,
    charges: &[&Entry],
    charged: Money,
    currency: Currency,
) -> Result<Money, Overflow> {
    let quantity = match figure {
        Figure::Amount(amount) => return Ok(Money { minor: amount.minor, currency }),
        Figure::Quantity(quantity) => quantity,
    };
    let mut used = 0_i128;
    for entry in charges {
        let quantity = entry.used.as_ref().map_or(0, |used| used.quantity);
        used = used.checked_add(quantity).ok_or(Overflow)?;
    }
    let unit = charges.iter().find_map(|entry| {
        let Cause::Rate(id) = &entry.cause else { return None };
        let rate = terms.rates.iter().find(|rate| &rate.id == id)?;
        Some(Pricing { rate, at: entry.segment.start() }.base_units())
    });
    let (Some(unit), true) = (unit, used > 0) else { return Ok(charged) };
    let claimed = quantity.mantissa().checked_mul(unit).ok_or(Overflow)?;
    let divisor = used.checked_mul(quantity.unit()).ok_or(Overflow)?;
    Ok(Money { minor: mul_div(charged.minor, claimed, divisor, terms.rounding)?, currency })
}

/// Whether a difference is small enough, and which figure is paid.
fn resolve(
    terms: &MoneyTerms,
    tolerance: Option<Tolerance>,
    charged: Money,
    claimed: Money,
) -> Result<Resolution, Overflow> {
    let currency = charged.currency;
    let difference = charged.minor.checked_sub(claimed.minor).ok_or(Overflow)?;
    let size = difference.checked_abs().ok_or(Overflow)?;
    if difference == 0 {
        return Ok(Resolution::Agreed);
    }
    let lower = charged.minor.min(claimed.minor);
    if let Some(tolerance) = tolerance {
        let most = tolerance.rate.of(charged.minor, comity_base::Rounding::Down)?;
        let within = size <= most
            && tolerance
                .amount
                .is_none_or(|amount| amount.currency == currency && size <= amount.minor);
        if within {
            let minor = match tolerance.rule {
                ToleranceRule::Charged => charged.minor,
                ToleranceRule::Lower => lower,
                ToleranceRule::Split => {
                    let sum = charged.minor.checked_add(claimed.minor).ok_or(Overflow)?;
                    mul_div(sum, 1, 2, terms.rounding)?
                }
            };
            let paid = Money { minor, currency };
            return Ok(Resolution::Resolved { paid, rule: tolerance.rule });
        }
    }
    Ok(Resolution::Open {
        undisputed: Money { minor: lower, currency },
        difference: Money { minor: size, currency },
    })
}
