//! One way to write each text: an id in quotes; all else plain, unless a reader of YAML 1.1 or 1.2
//! would take it for something other than the string that it is.

use super::read::Style;
use crate::misread::misread;

/// Where a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    /// On a line of its own block.
    Block,
    /// Between brackets.
    Flow,
}

/// A scalar on one line.
pub(super) fn inline(text: &str, style: Style, context: Context) -> String {
    let bare = match style {
        Style::Value => true,
        Style::Text => !misread(text),
        Style::Id => false,
    };
    if bare && plain(text, context) {
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
            assert_eq!(inline(text, Style::Text, Context::Block), format!("\"{text}\""));
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
            assert_eq!(inline(text, Style::Text, Context::Block), text);
        }
        assert_eq!(inline("a, b", Style::Text, Context::Flow), "\"a, b\"");
        assert_eq!(inline("1_000", Style::Value, Context::Flow), "1_000");
        assert_eq!(inline("v1", Style::Id, Context::Flow), "\"v1\"");
        assert_eq!(inline("say \"so\"", Style::Text, Context::Block), "say \"so\"");
        assert_eq!(inline("\"it's\"", Style::Text, Context::Block), "'\"it''s\"'");
        assert_eq!(
            inline("a\u{85}\tb\u{2028}", Style::Text, Context::Block),
            "\"a\\x85\\tb\\u2028\""
        );
    }
}
