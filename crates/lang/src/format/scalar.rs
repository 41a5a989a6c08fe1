//! One way to write each text: plain, unless a reader of YAML 1.1 or 1.2 would take it for
//! something other than the string that it is.

/// Where a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    /// On a line of its own block.
    Block,
    /// Between brackets.
    Flow,
}

/// A scalar on one line. `string` says that it is a string whatever it looks like.
pub(super) fn inline(text: &str, string: bool, context: Context) -> String {
    if plain(text, context) && !(string && misread(text)) {
        text.to_owned()
    } else if text.chars().any(special) {
        escaped(text)
    } else if text.contains(['"', '\\']) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        format!("\"{text}\"")
    }
}

/// What must be escaped: it ends a line, is not seen, or is no part of YAML.
pub(super) fn special(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn escaped(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if special(c) && u32::from(c) < 0x100 => {
                out.push_str(&format!("\\x{:02X}", u32::from(c)));
            }
            c if special(c) => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Whether the syntax lets a text stand without quotes.
fn plain(text: &str, context: Context) -> bool {
    let flow = context == Context::Flow;
    let brackets = ['[', ']', '{', '}', ','];
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return false };
    let second = chars.next();
    let lone = second.is_none_or(|c| c.is_whitespace() || (flow && brackets.contains(&c)));
    let starts = match first {
        '-' | '?' | ':' => !lone && !flow,
        '#' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => false,
        c => !brackets.contains(&c),
    };
    let inner = !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':')
        && !(flow && (text.contains(brackets) || text.contains(":\"") || text.contains(":'")));
    let ends = text.trim() == text && !text.starts_with("---") && !text.starts_with("...");
    starts && inner && ends && !text.chars().any(special)
}

/// Whether YAML 1.1 or 1.2 reads a plain text as something other than a string.
pub(super) fn misread(text: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_stand_where_a_reader_would_see_no_string() {
        for text in [
            "no",
            "Yes",
            "ON",
            "n",
            "null",
            "~",
            "1e3",
            "1_000",
            "0x1f",
            "0o7",
            "0b1",
            "017",
            ".5",
            "-1",
            "+1.5",
            "12:30:45",
            ".inf",
            "-.INF",
            ".NaN",
            "2025-01-21",
            "2025-1-2T10:00:00Z",
            "<<",
            "=",
        ] {
            assert_eq!(inline(text, true, Context::Block), format!("\"{text}\""));
        }
        for text in [
            "not",
            "one",
            "e3",
            "1e",
            "1.2 GW",
            "h100",
            "v1",
            "2025-01",
            "2025-q1-21",
            "it's",
            "a,b",
            "a:b",
            "10 %",
            "-a",
            "0xg",
            "01-02-2025",
        ] {
            assert_eq!(inline(text, true, Context::Block), text);
        }
        assert_eq!(inline("a, b", true, Context::Flow), "\"a, b\"");
        assert_eq!(inline("1_000", false, Context::Flow), "1_000");
        assert_eq!(inline("say \"so\"", true, Context::Block), "say \"so\"");
        assert_eq!(inline("\"it's\"", true, Context::Block), "'\"it''s\"'");
        assert_eq!(inline("a\u{85}\tb\u{2028}", true, Context::Block), "\"a\\x85\\tb\\u2028\"");
    }
}
