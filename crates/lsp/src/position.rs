//! Places in files, as the protocol counts: lines from 0, columns in UTF-16 units from 0.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use comity_lang::{Place, Source};
use comity_terms::Position;
use lsp_types::Uri;

/// A place in a file's text as a range of the protocol.
pub(crate) fn range(text: &str, place: &Place) -> lsp_types::Range {
    let line = place.position.line.saturating_sub(1);
    let first = place.position.column.saturating_sub(1);
    let found = line_of(text, line);
    let at = |column: u32| lsp_types::Position::new(line, units(found, column));
    lsp_types::Range::new(at(first), at(first.saturating_add(place.length)))
}

/// A position of the protocol in a file, in characters from 1.
pub(crate) fn position(source: &Source, at: lsp_types::Position) -> Position {
    let mut left = usize::try_from(at.character).unwrap_or(usize::MAX);
    let mut column = 1_u32;
    for c in line_of(&source.text, at.line).chars() {
        if left < c.len_utf16() {
            break;
        }
        left -= c.len_utf16();
        column += 1;
    }
    Position { file: Arc::clone(&source.path), line: at.line.saturating_add(1), column }
}

/// The path of a file's URI; nothing for what is no file.
pub(crate) fn path(uri: &Uri) -> Option<PathBuf> {
    let encoded = uri.as_str().strip_prefix("file://")?;
    let encoded = &encoded[encoded.find('/')?..];
    let mut bytes = Vec::new();
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    Some(PathBuf::from(String::from_utf8(bytes).ok()?))
}

/// The URI of a file.
pub(crate) fn uri(path: &Path) -> Option<Uri> {
    let mut text = "file://".to_owned();
    for byte in path.to_str()?.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    Uri::from_str(&text).ok()
}

fn line_of(text: &str, line: u32) -> &str {
    let line = usize::try_from(line).unwrap_or(usize::MAX);
    text.split('\n').nth(line).map_or("", |line| line.trim_end_matches('\r'))
}

/// How many UTF-16 units come before a column in characters.
fn units(line: &str, column: u32) -> u32 {
    let column = usize::try_from(column).unwrap_or(usize::MAX);
    let units = line.chars().take(column).map(char::len_utf16).sum::<usize>();
    u32::try_from(units).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_uris_go_both_ways() {
        let odd = Path::new("/a b/ü%/deal.yaml");
        let there = uri(odd).unwrap();
        assert_eq!(there.as_str(), "file:///a%20b/%C3%BC%25/deal.yaml");
        assert_eq!(path(&there).unwrap(), odd);
        assert_eq!(path(&Uri::from_str("untitled:one").unwrap()), None);
    }
}
