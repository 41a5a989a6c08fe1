//! What sellers let buyers off.

use comity_base::{Overflow, Window};

use crate::charge::Charge;
use crate::journal::{Cause, Reason};
use crate::pending::{Key, Pending};
use crate::terms::MoneyTerms;
use crate::usage::Supply;

/// Takes the discounts in force off the charges of a segment. Each is a part of the price before
/// any other, rounded for the charge of the segment and accrued with it; together they take off at
/// most the whole charge.
pub(crate) fn discount(
    terms: &MoneyTerms,
    segment: Window,
    charges: &mut [Charge],
    pending: &mut Pending,
) -> Result<(), Overflow> {
    for term in terms.discounts.iter().filter(|term| term.window.contains(segment.start())) {
        let discount = &term.value;
        for charge in charges.iter_mut() {
            let used = &charge.used;
            let counts = charge.payer == discount.buyer
                && charge.payee == discount.seller
                && discount.on.counts(
                    used.meter,
                    &used.object,
                    used.site.as_ref(),
                    used.gpu.as_ref(),
                );
            if !counts {
                continue;
            }
            let (mut gross, mut before, mut sum) = (0_i128, 0_i128, 0_i128);
            for part in &mut charge.parts {
                gross = gross.checked_add(part.gross).ok_or(Overflow)?;
                let until = discount.rate.of(gross, terms.rounding)?;
                let room = part.gross - part.discount;
                let off = (until - before).clamp(0, room);
                part.discount += off;
                before += off;
                sum += off;
            }
            let key = Key {
                reason: Reason::Discount,
                cause: Cause::Term(term.term.clone()),
                payer: charge.payee.clone(),
                payee: charge.payer.clone(),
                currency: charge.currency,
                over: segment,
                supply: Some(Supply::charged(charge)),
            };
            pending.add(key, sum, charge.used.quantity)?;
        }
    }
    Ok(())
}
