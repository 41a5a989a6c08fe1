//! The part of a charge that no commitment was drawn by yet.

use comity_base::{Overflow, Rounding, mul_div};
use comity_terms::{Commitment, Promise};

use super::measure::ten;
use crate::charge::{Charge, Part};

/// A part of a charge in one slice, by all that may be counted of it: money in the smallest unit,
/// and use in base units. What is taken off it takes the same part of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Share {
    /// How much was used.
    pub(super) quantity: i128,
    /// Before discounts, without what is paid from credits that do not count.
    pub(super) list: i128,
    /// After discounts, without what is paid from credits that do not count.
    pub(super) net: i128,
    /// After discounts.
    pub(super) price: i128,
    /// What is left to pay.
    pub(super) payable: i128,
}

impl Share {
    pub(super) fn of(part: &Part) -> Self {
        Self {
            quantity: part.quantity,
            list: (part.gross - part.credited_besides).max(0),
            net: (part.gross - part.discount - part.credited_besides).max(0),
            price: part.gross - part.discount,
            payable: part.payable().max(0),
        }
    }

    /// How much a commitment counts of it.
    pub(super) fn counted(
        &self,
        promise: &Commitment,
        charge: &Charge,
        digits: u8,
    ) -> Result<i128, Overflow> {
        match &promise.promise {
            Promise::Spend(_) if promise.before_discounts => Ok(self.list),
            Promise::Spend(_) => Ok(self.net),
            Promise::Use { weights, .. } => {
                let weight = weights.get(&charge.used.object);
                let weight = weight.map_or(Some(ten(digits)), |weight| weight.at_scale(digits));
                self.quantity.checked_mul(weight.ok_or(Overflow)?).ok_or(Overflow)
            }
        }
    }

    /// Takes `count` of `whole`, at most all: of each figure the same part, to the nearest whole
    /// number, and all of it with the last.
    pub(super) fn take(&mut self, count: i128, whole: i128) -> Result<Self, Overflow> {
        if count == whole {
            return Ok(std::mem::take(self));
        }
        let part = |figure: i128| mul_div(figure, count, whole, Rounding::HalfEven);
        let taken = Self {
            quantity: part(self.quantity)?,
            list: part(self.list)?,
            net: part(self.net)?,
            price: part(self.price)?,
            payable: part(self.payable)?,
        };
        self.quantity -= taken.quantity;
        self.list -= taken.list;
        self.net -= taken.net;
        self.price -= taken.price;
        self.payable -= taken.payable;
        Ok(taken)
    }

    /// Both together.
    pub(super) fn plus(self, other: Self) -> Result<Self, Overflow> {
        let sum = |a: i128, b: i128| a.checked_add(b).ok_or(Overflow);
        Ok(Self {
            quantity: sum(self.quantity, other.quantity)?,
            list: sum(self.list, other.list)?,
            net: sum(self.net, other.net)?,
            price: sum(self.price, other.price)?,
            payable: sum(self.payable, other.payable)?,
        })
    }

    /// What it comes to as a commitment counts money: what a charge of its own is drawn by.
    pub(super) fn money(&self, promise: &Commitment) -> i128 {
        match promise.promise {
            Promise::Spend(_) if promise.before_discounts => self.list,
            Promise::Spend(_) => self.net,
            Promise::Use { .. } => self.price,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_and_what_is_left_add_up() {
        // 10.01 for 7 seconds, a third of it twice, then the rest.
        let whole = Share { quantity: 7, list: 1_200, net: 1_001, price: 1_001, payable: 501 };
        let mut left = whole;
        let first = left.take(1, 3).unwrap();
        assert_eq!((first.quantity, first.net, first.payable), (2, 334, 167));
        let second = left.take(1, 2).unwrap();
        let third = left.take(1, 1).unwrap();
        assert_eq!(left, Share::default());
        assert_eq!(first.net + second.net + third.net, whole.net);
        assert_eq!(first.quantity + second.quantity + third.quantity, whole.quantity);
    }
}
