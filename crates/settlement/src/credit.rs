//! Charges that are drawn from credits.

use comity_base::{Money, Overflow, PartyId, TermId, Window};
use comity_terms::{Credit, InForce};

use crate::charge::Charge;
use crate::journal::{Cause, Reason};
use crate::pending::{Key, Pending};
use crate::terms::MoneyTerms;
use crate::usage::Supply;

/// How far a credit was drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditReport {
    /// The term.
    pub term: TermId,
    /// Who grants it.
    pub seller: PartyId,
    /// Who draws it.
    pub buyer: PartyId,
    /// How much it is for.
    pub amount: Money,
    /// What was drawn.
    pub drawn: Money,
    /// What is left; what is left at its end expires.
    pub remaining: Money,
    /// When it holds.
    pub window: Window,
}

/// The credits of a deal while a period is settled.
pub(crate) struct Credits<'t> {
    /// In the order in which they are drawn.
    rows: Vec<Progress<'t>>,
}

struct Progress<'t> {
    term: &'t InForce<Credit>,
    drawn: i128,
    /// Whether what it costs is still to be entered.
    unpaid: bool,
}

impl<'t> Credits<'t> {
    pub(crate) fn new(terms: &'t MoneyTerms, period: Window) -> Self {
        let mut rows: Vec<Progress> = terms
            .credits
            .iter()
            .map(|term| Progress { term, drawn: 0, unpaid: term.own.start() >= period.start() })
            .collect();
        rows.sort_by_key(|it| (it.term.value.priority, it.term.own.end(), &it.term.term));
        Self { rows }
    }

    /// Enters what the credits cost that begin, and draws the charges of a slice.
    pub(crate) fn draw(
        &mut self,
        segment: Window,
        (index, slice): (usize, Window),
        charges: &mut [Charge],
        pending: &mut Pending,
    ) -> Result<(), Overflow> {
        for row in self.rows.iter_mut().filter(|row| row.term.window.contains(slice.start())) {
            let credit = &row.term.value;
            let cause = Cause::Term(row.term.term.clone());
            if std::mem::take(&mut row.unpaid) {
                let key = Key {
                    reason: Reason::CreditBought,
                    cause: cause.clone(),
                    payer: credit.buyer.clone(),
                    payee: credit.seller.clone(),
                    currency: credit.paid.currency,
                    over: segment,
                    supply: None,
                };
                pending.add(key, credit.paid.minor, 0)?;
            }
            for charge in charges.iter_mut() {
                let used = &charge.used;
                let counts = charge.payer == credit.buyer
                    && charge.payee == credit.seller
                    && charge.currency == credit.amount.currency
                    && credit.on.counts(
                        used.meter,
                        &used.object,
                        used.site.as_ref(),
                        used.gpu.as_ref(),
                    );
                let part = charge.parts[index];
                let left = credit.amount.minor - row.drawn;
                let drawn = if counts { part.payable().min(left).max(0) } else { 0 };
                if drawn == 0 {
                    continue;
                }
                row.drawn += drawn;
                let part = &mut charge.parts[index];
                let quantity = part.quantity;
                if credit.counts {
                    part.credited_counting += drawn;
                } else {
                    part.credited_besides += drawn;
                }
                let key = Key {
                    reason: Reason::Credit,
                    cause: cause.clone(),
                    payer: charge.payee.clone(),
                    payee: charge.payer.clone(),
                    currency: charge.currency,
                    over: segment,
                    supply: Some(Supply::charged(charge)),
                };
                pending.add(key, drawn, quantity)?;
            }
        }
        Ok(())
    }

    /// How far each was drawn, in the order in which they are.
    pub(crate) fn report(&self) -> Result<Vec<CreditReport>, Overflow> {
        let report = |row: &Progress| {
            let credit = &row.term.value;
            let money = |minor| Money { minor, ..credit.amount };
            CreditReport {
                term: row.term.term.clone(),
                seller: credit.seller.clone(),
                buyer: credit.buyer.clone(),
                amount: credit.amount,
                drawn: money(row.drawn),
                remaining: money(credit.amount.minor - row.drawn),
                window: row.term.window,
            }
        };
        Ok(self.rows.iter().map(report).collect())
    }
}
