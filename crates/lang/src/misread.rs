//! What YAML reads as something other than a string where it stands without quotes.

/// Whether YAML 1.1 or 1.2 reads a plain text as something other than a string.
pub(crate) fn misread(text: &str) -> bool {
    const WORDS: [&str; 12] =
        ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "~", "=", "<<"];
    let lower = text.to_ascii_lowercase();
    WORDS.contains(&lower.as_str()) || number(&lower) || time(text)
}

/// Numbers in any base, with `_` and with `:` for sixties; infinity and what is no number.
fn number(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(text, ".inf" | ".nan") {
        return true;
    }
    for (prefix, digits) in [("0x", "0123456789abcdef_"), ("0o", "01234567_"), ("0b", "01_")] {
        if let Some(rest) = text.strip_prefix(prefix) {
            return !rest.is_empty() && rest.chars().all(|c| digits.contains(c));
        }
    }
    let (mantissa, exponent) = text.split_once('e').map_or((text, None), |(m, e)| (m, Some(e)));
    let whole = |digits: &str| {
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '_'))
    };
    let exponent = exponent.is_none_or(|it| whole(it.strip_prefix(['-', '+']).unwrap_or(it)));
    let digits = mantissa.chars().all(|c| c.is_ascii_digit() || matches!(c, '_' | '.' | ':'));
    let starts = mantissa.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let some = mantissa.chars().any(|c| c.is_ascii_digit());
    exponent && digits && starts && some && !mantissa.ends_with(':')
}

/// A date, or a time on a date.
fn time(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let day = rest.split(['T', 't', ' ', '\t']).next().unwrap_or_default();
    year.len() == 4 && digits(year, 4) && digits(month, 2) && digits(day, 2)
}
