//! The small change of English: lists, verbs, dates, amounts. Knows nothing of deals.

use comity_base::{Decimal, Instant, Money};

/// A name with its number, so that verbs agree with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Noun {
    pub(super) text: String,
    pub(super) plural: bool,
}

impl Noun {
    /// A name, with its number as told from its form: `A and B` and `API customers` are many,
    /// `Amazon Web Services` is one.
    pub(super) fn new(name: &str) -> Self {
        let last = name.split_whitespace().next_back().unwrap_or("");
        let many = last.ends_with('s') && !last.ends_with("ss") && last.starts_with(is_lower);
        let text = match name.strip_prefix("The ") {
            Some(rest) => format!("the {rest}"),
            None => name.to_owned(),
        };
        Self { text, plural: many || name.contains(" and ") }
    }

    /// Several names as one.
    pub(super) fn all(nouns: &[Self]) -> Self {
        let texts: Vec<String> = nouns.iter().map(|noun| noun.text.clone()).collect();
        let plural = nouns.len() > 1 || nouns.iter().any(|noun| noun.plural);
        Self { text: list(&texts, "and"), plural }
    }

    /// The verb in the present tense, as it goes with this name.
    pub(super) fn verb(&self, verb: &str) -> String {
        if self.plural { verb.to_owned() } else { third_person(verb) }
    }

    /// The name with its verb.
    pub(super) fn does(&self, verb: &str) -> String {
        format!("{} {}", self.text, self.verb(verb))
    }

    /// `its` or `their`.
    pub(super) fn its(&self) -> &'static str {
        if self.plural { "their" } else { "its" }
    }

    /// `it` or `they`.
    pub(super) fn it(&self) -> &'static str {
        if self.plural { "they" } else { "it" }
    }
}

fn is_lower(letter: char) -> bool {
    letter.is_lowercase()
}

/// `a`, `a and b`, `a, b and c`. Items that are lists themselves come last, after a comma.
pub(super) fn list(items: &[String], word: &str) -> String {
    let between = format!(" {word} ");
    let (plain, long): (Vec<&String>, Vec<&String>) =
        items.iter().partition(|item| !item.contains(',') && !item.contains(&between));
    let before_last = if long.is_empty() { " " } else { ", " };
    let ordered: Vec<&str> = plain.into_iter().chain(long).map(String::as_str).collect();
    match ordered.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{}{before_last}{word} {last}", rest.join(", ")),
    }
}

/// A verb, or a phrase that starts with one, as it goes with `he`: `host` to `hosts`.
pub(super) fn third_person(phrase: &str) -> String {
    let (verb, rest) = match phrase.split_once(' ') {
        Some((verb, rest)) => (verb, format!(" {rest}")),
        None => (phrase, String::new()),
    };
    let hissing = ["s", "x", "z", "ch", "sh", "o"].iter().any(|end| verb.ends_with(end));
    let verb = match verb {
        "be" | "are" => "is".to_owned(),
        "have" => "has".to_owned(),
        _ if hissing => format!("{verb}es"),
        _ => match verb.strip_suffix('y') {
            Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
            Some(_) | None => format!("{verb}s"),
        },
    };
    verb + &rest
}

/// Words that a sentence of the deal may begin with and that are no names.
const SMALL: [&str; 34] = [
    "A",
    "All",
    "An",
    "Any",
    "At",
    "Before",
    "Both",
    "By",
    "Each",
    "Either",
    "Every",
    "Everything",
    "For",
    "From",
    "Half",
    "If",
    "In",
    "It",
    "Less",
    "More",
    "Most",
    "Neither",
    "No",
    "Nobody",
    "Of",
    "On",
    "One",
    "Only",
    "Some",
    "That",
    "The",
    "There",
    "This",
    "What",
];

/// A sentence of the deal as part of another: without its full stop, and beginning small where
/// it does not begin with a name.
pub(super) fn clause(sentence: &str) -> String {
    let sentence = sentence.trim().trim_end_matches('.');
    let first = sentence.split(' ').next().unwrap_or("");
    if SMALL.contains(&first) {
        let small = first.to_lowercase();
        return format!("{small}{}", &sentence[first.len()..]);
    }
    sentence.to_owned()
}

/// Words as a sentence: with a capital letter and a full stop.
pub(super) fn sentence(words: &str) -> String {
    let words = words.trim();
    let mut letters = words.chars();
    let first: String = letters.next().map(char::to_uppercase).into_iter().flatten().collect();
    let stop = if words.trim_end_matches('”').ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Year, month from 1 and day from 1, where the instant is a midnight.
fn civil(at: Instant) -> Option<(i64, usize, u8)> {
    let text = at.to_string();
    let mut parts = text.split('-');
    let year = parts.next()?.parse().ok()?;
    let month = parts.next()?.parse().ok()?;
    let day = parts.next()?.parse().ok()?;
    parts.next().is_none().then_some((year, month, day))
}

/// `21 January 2025`, with the time before it where it is not midnight.
pub(super) fn date(at: Instant) -> String {
    let Some((year, month, day)) = civil(at) else {
        let seconds = at.seconds().rem_euclid(Instant::DAY);
        let midnight = at.plus_seconds(-seconds);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let exact = if second == 0 { String::new() } else { format!(":{second:02}") };
        if civil(midnight).is_none() {
            return at.to_string();
        }
        return format!("{hour:02}:{minute:02}{exact} UTC on {}", date(midnight));
    };
    let name = month.checked_sub(1).and_then(|index| MONTHS.get(index));
    name.map_or_else(|| at.to_string(), |name| format!("{day} {name} {year}"))
}

/// The year that begins at an instant.
fn new_year(at: Instant) -> Option<i64> {
    civil(at).and_then(|(year, month, day)| ((month, day) == (1, 1)).then_some(year))
}

/// When something ends that holds up to just before `end`: `through 2030`, `until 3 March 2025`.
pub(super) fn until(end: Instant) -> String {
    match new_year(end) {
        Some(year) => format!("through {}", year - 1),
        None => format!("until {}", date(end)),
    }
}

/// A period `[start, end)`; `None` where it is open on both sides.
pub(super) fn period(start: Option<Instant>, end: Option<Instant>) -> Option<String> {
    let start = start.filter(|at| *at > Instant::MIN);
    let end = end.filter(|at| *at < Instant::MAX);
    Some(match (start, end) {
        (None, None) => return None,
        (None, Some(end)) => until(end),
        (Some(start), None) => format!("from {}", date(start)),
        (Some(start), Some(end)) => match (new_year(start), new_year(end)) {
            (Some(first), Some(next)) if next == first + 1 => format!("in {first}"),
            (Some(first), Some(next)) => format!("from {first} through {}", next - 1),
            (_, Some(_) | None) => format!("from {} {}", date(start), until(end)),
        },
    })
}

/// `1 day`, `30 days`.
pub(super) fn count(number: u64, unit: &str) -> String {
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

/// `USD 38 billion`, `USD 1.8 million`, `USD 1,234.50`: exact, in the largest unit that needs at
/// most two digits behind the point.
pub(super) fn money(amount: Money) -> String {
    let unit = 10_i128.pow(u32::from(amount.currency.scale()));
    for (name, size) in [("billion", 1_000_000_000), ("million", 1_000_000)] {
        let step = size * unit / 100;
        let in_range = (size * unit..size * unit * 1_000).contains(&amount.minor.abs());
        if in_range && amount.minor % step == 0 {
            return format!(
                "{} {} {name}",
                amount.currency.code(),
                hundredths(amount.minor / step)
            );
        }
    }
    let text = amount.to_string();
    match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole.to_owned(),
        Some(_) | None => text,
    }
}

/// A number of hundredths, with no digit behind the point that says nothing.
fn hundredths(number: i128) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let (whole, rest) = (number.abs() / 100, number.abs() % 100);
    let rest = format!(".{rest:02}");
    format!("{sign}{whole}{}", rest.trim_end_matches('0').trim_end_matches('.'))
}

/// A price of one unit: `USD 2.10`, `USD 1.8 million`.
pub(super) fn price(price: Decimal, currency: comity_base::Currency) -> String {
    let minor = price.at_scale(currency.scale()).map(|minor| Money { minor, currency });
    match minor {
        // A price keeps its cents, and a large one has none.
        Some(amount) if money(amount).ends_with("illion") => money(amount),
        Some(amount) => amount.to_string(),
        None => format!("{} {price}", currency.code()),
    }
}

/// `4.5 GW`, `750 MW`, `400 kW`.
pub(super) fn power(power_kw: u64) -> String {
    for (name, size) in [("GW", 1_000_000), ("MW", 1_000)] {
        if power_kw >= size && power_kw.is_multiple_of(size / 1_000) {
            let rest = format!(".{:03}", power_kw % size / (size / 1_000));
            let rest = rest.trim_end_matches('0').trim_end_matches('.');
            return format!("{}{rest} {name}", power_kw / size);
        }
    }
    format!("{power_kw} kW")
}

#[cfg(test)]
mod tests {
    use super::*;
    use comity_base::Currency;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn verbs_agree() {
        for (base, third) in [
            ("build", "builds"),
            ("use", "uses"),
            ("supply", "supplies"),
            ("buy", "buys"),
            ("patch", "patches"),
            ("train on", "trains on"),
            ("have", "has"),
        ] {
            assert_eq!(third_person(base), third);
        }
        let check = |name: &str, words: &str| assert_eq!(Noun::new(name).does("sell"), words);
        check("Amazon Web Services", "Amazon Web Services sells");
        check("API customers", "API customers sell");
        check("BorderPlex and STACK", "BorderPlex and STACK sell");
        check("The Stargate venture", "the Stargate venture sells");
    }

    #[test]
    fn lists_keep_inner_commas_apart() {
        let check = |items: &[&str], words: &str| {
            let items: Vec<String> = items.iter().map(|&item| item.to_owned()).collect();
            assert_eq!(list(&items, "or"), words);
        };
        check(&[], "");
        check(&["a"], "a");
        check(&["a", "b"], "a or b");
        check(&["a", "b", "c"], "a, b or c");
        check(&["a on, and of, b", "c"], "c, or a on, and of, b");
        check(&["a or b", "c"], "c, or a or b");
        check(&["a and b", "c"], "a and b or c");
    }

    #[test]
    fn periods_read_as_people_say_them() {
        let check = |start: &str, end: &str, words: Option<&str>| {
            let of = |text: &str| (!text.is_empty()).then(|| at(text));
            assert_eq!(period(of(start), of(end)).as_deref(), words);
        };
        check("", "", None);
        check("", "2031-01-01", Some("through 2030"));
        check("", "2025-03-03", Some("until 3 March 2025"));
        check("2025-10-28", "", Some("from 28 October 2025"));
        check("2027-01-01", "2032-01-01", Some("from 2027 through 2031"));
        check("2027-01-01", "2028-01-01", Some("in 2027"));
        check("2025-10-28", "2031-01-01", Some("from 28 October 2025 through 2030"));
        check("2025-10-28T09:30:00Z", "", Some("from 09:30 UTC on 28 October 2025"));
        assert_eq!(period(Some(Instant::MIN), Some(Instant::MAX)), None);
    }

    #[test]
    fn amounts_take_the_largest_unit_that_is_exact() {
        let usd = Currency::new("USD", 2).unwrap();
        let check = |minor, words: &str| {
            assert_eq!(money(Money { minor, currency: usd }), words);
        };
        check(3_800_000_000_000, "USD 38 billion");
        check(1_190_000_000_000, "USD 11.9 billion");
        check(22_500_000_000, "USD 225 million");
        check(123_456_789_000_000, "USD 1,234,567,890,000");
        check(123_450, "USD 1,234.50");
        check(100_000, "USD 1,000");
        for (kw, words) in
            [(4_500_000, "4.5 GW"), (750_000, "750 MW"), (1_260_500, "1260.5 MW"), (400, "400 kW")]
        {
            assert_eq!(power(kw), words);
        }
        for (text, words) in [
            ("2.10", "USD 2.10"),
            ("2", "USD 2.00"),
            ("1800000", "USD 1.8 million"),
            ("0.0005", "USD 0.0005"),
        ] {
            assert_eq!(price(Decimal::parse(text).unwrap(), usd), words);
        }
    }

    #[test]
    fn sentences_become_clauses_and_back() {
        assert_eq!(clause("An expert panel has verified it."), "an expert panel has verified it");
        assert_eq!(clause("OpenAI has reached AGI."), "OpenAI has reached AGI");
        assert_eq!(sentence("only a may"), "Only a may.");
    }
}
