//! Lines of a text, as numbered for people.

/// One line without its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// From 1; past the largest `u32` it stays there.
    pub(super) number: u32,
    pub(super) text: &'a str,
}

/// The lines of a text, whether they end in LF, CRLF or CR; a byte order mark is no content.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let pieces = text.lines().flat_map(|line| line.split('\r'));
    let number = |index: usize| u32::try_from(index).ok().and_then(|index| index.checked_add(1));
    pieces
        .enumerate()
        .map(move |(index, text)| Line { number: number(index).unwrap_or(u32::MAX), text })
}

/// Text to show: at most 120 characters in one line, control characters replaced; a line that ends
/// and the indentation of the next are a space.
pub(super) fn capped(text: &str) -> String {
    const CHARS_MAX: usize = 120;
    let shown = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    let lines = text.trim().split_inclusive('\n').enumerate();
    let chars = lines.flat_map(|(index, line)| {
        let line = line.strip_suffix('\n').map_or(line, |line| line.trim_end_matches('\r'));
        let line = if index == 0 { line } else { line.trim_start() };
        let space = (index > 0).then_some(' ');
        space.into_iter().chain(line.chars())
    });
    let mut capped: String = chars.clone().take(CHARS_MAX).map(shown).collect();
    if chars.clone().nth(CHARS_MAX).is_some() {
        capped.push('…');
    }
    capped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_end_counts_once() {
        let check = |text: &str, expected: &[(u32, &str)]| {
            let seen: Vec<_> = lines(text).map(|line| (line.number, line.text)).collect();
            assert_eq!(seen, expected, "{text:?}");
        };
        check("", &[]);
        check("a\nb", &[(1, "a"), (2, "b")]);
        check("\u{feff}a\r\n\r\nb\r\n", &[(1, "a"), (2, ""), (3, "b")]);
        check("a\rb", &[(1, "a"), (2, "b")]);
    }

    #[test]
    fn shown_text_is_short_and_tame() {
        assert_eq!(capped(" a\u{1b}[1m\tb "), "a\u{fffd}[1m b");
        assert_eq!(capped("{\r\n    a,\n\n  b\n}\n"), "{ a,  b }");
        assert_eq!(capped(&"é".repeat(120)), "é".repeat(120));
        assert_eq!(capped(&"é".repeat(121)), "é".repeat(120) + "…");
    }
}
