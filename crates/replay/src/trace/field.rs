//! The values that fields hold: counts, durations and instants.

use comity_base::Instant;

use super::reason::Reason;

/// A field with the name of its column, for the reasons that it may give.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) column: &'static str,
    pub(super) text: &'a str,
}

/// A decimal number, taken apart.
struct Number {
    negative: bool,
    whole: u64,
    fraction: bool,
}

impl Field<'_> {
    /// Whether the field says that nothing is known.
    pub(super) fn is_missing(self) -> bool {
        let words = ["", "-", "na", "n/a", "nan", "none", "null"];
        words.iter().any(|word| self.text.trim().eq_ignore_ascii_case(word))
    }

    /// A whole number of things, zero or more.
    pub(super) fn count(self) -> Result<u32, Reason> {
        let number = self.number("a whole number")?;
        if number.fraction {
            return Err(self.malformed("a whole number"));
        }
        self.within_u32(&number)
    }

    /// A duration in seconds, a fraction rounded up; more than none.
    pub(super) fn duration(self) -> Result<u32, Reason> {
        let mut number = self.number("a number of seconds")?;
        if number.fraction && !number.negative {
            number.whole = number.whole.saturating_add(1);
        }
        let seconds = self.within_u32(&number)?;
        if seconds == 0 { Err(Reason::Zero { column: self.column }) } else { Ok(seconds) }
    }

    /// A number of seconds on a clock, a fraction cut to the second that it falls in.
    pub(super) fn seconds(self) -> Result<i64, Reason> {
        let number = self.number("a number of seconds")?;
        let most = Instant::MAX.seconds();
        let seconds = i64::try_from(number.whole).ok().filter(|&seconds| seconds <= most);
        let seconds = seconds.ok_or_else(|| self.too_large(most.unsigned_abs()))?;
        let cut = i64::from(number.negative && number.fraction);
        Ok(if number.negative { -seconds - cut } else { seconds })
    }

    /// A date and time such as `2017-10-09 07:01:55.25`, in UTC where it names no offset; a
    /// fraction cut to the second that it falls in. Seconds since 1970.
    pub(super) fn time(self) -> Result<i64, Reason> {
        if self.is_missing() {
            return Err(Reason::NotKnown { column: self.column });
        }
        let malformed = || self.malformed("a date and time");
        let text = self.text.trim();
        let Some((date, clock)) = text.split_once([' ', 'T', 't']) else {
            return Instant::parse(text).map(Instant::seconds).map_err(|_| malformed());
        };
        let offset_at = clock.find(['Z', 'z', '+', '-']).unwrap_or(clock.len());
        let (clock, offset) = clock.split_at(offset_at);
        let clock = match clock.split_once('.') {
            Some((clock, fraction)) if is_digits(fraction) => clock,
            Some(_) => return Err(malformed()),
            None => clock,
        };
        let offset = if offset.is_empty() { "Z" } else { offset };
        let instant = Instant::parse(&format!("{date}T{clock}{offset}"));
        instant.map(Instant::seconds).map_err(|_| malformed())
    }

    fn number(self, expected: &'static str) -> Result<Number, Reason> {
        if self.is_missing() {
            return Err(Reason::NotKnown { column: self.column });
        }
        let text = self.text.trim();
        let (negative, body) = match text.strip_prefix('-') {
            Some(body) => (true, body),
            None => (false, text),
        };
        let (whole, fraction) = body.split_once('.').unwrap_or((body, "0"));
        if !is_digits(whole) || !is_digits(fraction) {
            return Err(self.malformed(expected));
        }
        // Digits that do not fit are a number too large for every use.
        let whole = whole.parse().unwrap_or(u64::MAX);
        let fraction = fraction.bytes().any(|digit| digit != b'0');
        Ok(Number { negative: negative && (whole > 0 || fraction), whole, fraction })
    }

    fn within_u32(self, number: &Number) -> Result<u32, Reason> {
        if number.negative {
            return Err(Reason::Negative { column: self.column });
        }
        u32::try_from(number.whole).map_err(|_| self.too_large(u64::from(u32::MAX)))
    }

    fn malformed(self, expected: &'static str) -> Reason {
        Reason::Malformed { column: self.column, expected }
    }

    fn too_large(self, most: u64) -> Reason {
        Reason::TooLarge { column: self.column, most }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str) -> Field<'_> {
        Field { column: "c", text }
    }

    #[test]
    fn counts_are_whole() {
        let check = |text: &str, expected: Result<u32, &str>| {
            let seen = field(text).count().map_err(|reason| reason.to_string());
            assert_eq!(seen, expected.map_err(str::to_owned), "{text}");
        };
        check("8", Ok(8));
        check(" 8.0 ", Ok(8));
        check("-0", Ok(0));
        check("1.5", Err("`c` is not a whole number"));
        check("-1", Err("`c` is below zero"));
        check("4294967296", Err("`c` is above 4294967295"));
        check("99999999999999999999999", Err("`c` is above 4294967295"));
        for missing in ["", " ", "NaN", "null", "-"] {
            check(missing, Err("`c` is not known"));
        }
        for malformed in ["1e3", "+1", "1_0", "1.", ".5", "٣", "--1", "0x1"] {
            check(malformed, Err("`c` is not a whole number"));
        }
    }

    #[test]
    fn durations_round_up() {
        let check = |text: &str, expected: Result<u32, &str>| {
            let seen = field(text).duration().map_err(|reason| reason.to_string());
            assert_eq!(seen, expected.map_err(str::to_owned), "{text}");
        };
        check("66.0", Ok(66));
        check("66.0000001", Ok(67));
        check("0.5", Ok(1));
        check("4294967295", Ok(u32::MAX));
        check("4294967295.5", Err("`c` is above 4294967295"));
        check("0.000", Err("`c` is zero"));
        check("-0.5", Err("`c` is below zero"));
    }

    #[test]
    fn seconds_are_cut_downwards() {
        let check = |text: &str, expected: Result<i64, &str>| {
            let seen = field(text).seconds().map_err(|reason| reason.to_string());
            assert_eq!(seen, expected.map_err(str::to_owned), "{text}");
        };
        check("12.9", Ok(12));
        check("-12.1", Ok(-13));
        check("253402207200", Ok(253_402_207_200));
        check("253402207201", Err("`c` is above 253402207200"));
    }

    #[test]
    fn times_are_cut_to_the_second() {
        let check = |text: &str, expected: Option<&str>| {
            let seen = field(text).time().ok().map(Instant::from_seconds);
            let expected = expected.map(|text| Instant::parse(text).unwrap());
            assert_eq!(seen, expected, "{text}");
        };
        check("2017-10-09 07:01:55", Some("2017-10-09T07:01:55Z"));
        check("2023-11-16 18:15:46.6805900", Some("2023-11-16T18:15:46Z"));
        check("2024-05-10 00:00:00.009930+00:00", Some("2024-05-10T00:00:00Z"));
        check("2024-05-10T02:00:00.5+02:00", Some("2024-05-10T00:00:00Z"));
        check("2024-05-10T00:00:00Z", Some("2024-05-10T00:00:00Z"));
        check("1969-12-31 23:59:59.9", Some("1969-12-31T23:59:59Z"));
        check("2024-05-10", Some("2024-05-10"));
        for bad in ["", "nan", "2024-13-10 00:00:00", "2024-05-10 0:00", "yesterday", "1.5", "T"] {
            check(bad, None);
        }
        check("2024-05-10 00:00:00.x", None);
    }
}
