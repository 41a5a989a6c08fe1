//! Money as a whole number of a currency's smallest unit.

use std::fmt;

use thiserror::Error;

use crate::decimal::Overflow;

/// Why a text is not a currency.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a currency code: three capital letters such as `USD` (ISO 4217)")]
pub struct CurrencyError {
    /// The text as given.
    pub text: String,
}

/// A currency and how many digits its smallest unit stands behind the point.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: [u8; 3],
    scale: u8,
}

impl Currency {
    /// The code of ISO 4217 for no currency, with the most digits: it stands in where a file does not
    /// name one that can be used.
    pub const NONE: Self = Self { code: *b"XXX", scale: 6 };

    /// A currency with the given number of digits behind the point (2 for cents).
    ///
    /// # Errors
    /// When `code` is not three capital letters.
    pub fn new(code: &str, scale: u8) -> Result<Self, CurrencyError> {
        let error = || CurrencyError { text: code.to_owned() };
        let letters: [u8; 3] = code.as_bytes().try_into().map_err(|_| error())?;
        if scale <= 6 && letters.iter().all(u8::is_ascii_uppercase) {
            Ok(Self { code: letters, scale })
        } else {
            Err(error())
        }
    }

    /// The ISO 4217 code.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).expect("a code is three ASCII letters by construction")
    }

    /// Digits behind the point.
    #[must_use]
    pub fn scale(self) -> u8 {
        self.scale
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of money: `minor` of the smallest units of `currency`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money {
    /// The amount in the smallest unit (cents for USD at two digits).
    pub minor: i128,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// Nothing.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// The sum.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    ///
    /// # Panics
    /// When the currencies differ: a deal settles in one, so this is a broken invariant.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        assert_eq!(self.currency, other.currency, "amounts of two currencies are never added");
        let minor = self.minor.checked_add(other.minor).ok_or(Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The amount with a point and without separators, as machines read it: `-1234.50`.
    #[must_use]
    pub fn plain(self) -> String {
        let scale = usize::from(self.currency.scale);
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }
}

impl fmt::Display for Money {
    /// As people read it: `USD 1,234.50`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.plain();
        let (sign, body) = match plain.strip_prefix('-') {
            Some(body) => ("-", body),
            None => ("", plain.as_str()),
        };
        let (whole, fraction) = match body.split_once('.') {
            Some((whole, fraction)) => (whole, format!(".{fraction}")),
            None => (body, String::new()),
        };
        let mut grouped = String::new();
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        f.pad(&format!("{} {sign}{grouped}{fraction}", self.currency.code()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_prints_for_people_and_machines() {
        let usd = Currency::new("USD", 2).unwrap();
        let show = |minor| {
            let money = Money { minor, currency: usd };
            (money.to_string(), money.plain())
        };
        assert_eq!(show(123_456_789), ("USD 1,234,567.89".into(), "1234567.89".into()));
        assert_eq!(show(-5), ("USD -0.05".into(), "-0.05".into()));
        assert_eq!(show(100_000), ("USD 1,000.00".into(), "1000.00".into()));
        assert!(Currency::new("usd", 2).is_err());
    }
}
