//! Lists of nodes as Slurm writes them: `gpu[01-04,07],login1`.

use std::collections::BTreeSet;

/// The most nodes that a list may name.
const NODES_MAX: usize = 100_000;

/// The nodes of a list, each once, in order of name; `None` when it is no such list.
///
/// A name may have several brackets; leading zeros are kept. A list of more than 100,000 nodes
/// is refused.
#[must_use]
pub fn nodes(list: &str) -> Option<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for part in split(list)? {
        for node in expand(part)? {
            found.insert(node);
            if found.len() > NODES_MAX {
                return None;
            }
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Cuts at the commas that are not inside of brackets.
fn split(list: &str) -> Option<Vec<&str>> {
    let (mut depth, mut start, mut parts) = (0_u32, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '[' if depth == 0 => depth = 1,
            ']' if depth == 1 => depth = 0,
            '[' | ']' => return None,
            ',' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            c if c.is_whitespace() || c.is_control() => return None,
            _ => {}
        }
    }
    parts.push(&list[start..]);
    (depth == 0).then_some(parts)
}

/// The names that one part stands for.
fn expand(part: &str) -> Option<Vec<String>> {
    let mut names = vec![String::new()];
    let mut rest = part;
    while let Some((before, after)) = rest.split_once('[') {
        let (inside, after) = after.split_once(']')?;
        let numbers = numbers(inside)?;
        if names.len().checked_mul(numbers.len())? > NODES_MAX {
            return None;
        }
        names = names
            .iter()
            .flat_map(|name| numbers.iter().map(move |number| format!("{name}{before}{number}")))
            .collect();
        rest = after;
    }
    for name in &mut names {
        name.push_str(rest);
    }
    names.iter().all(|name| !name.is_empty()).then_some(names)
}

/// `01-04,07` as `01`, `02`, `03`, `04`, `07`.
fn numbers(inside: &str) -> Option<Vec<String>> {
    let digits = |text: &str| {
        let good = !text.is_empty() && text.len() <= 12 && text.bytes().all(|b| b.is_ascii_digit());
        good.then(|| text.parse::<u64>().ok()).flatten()
    };
    let mut found = Vec::new();
    for range in inside.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (from, to) = (digits(first)?, digits(last)?);
        let count = usize::try_from(to.checked_sub(from)?).ok()?;
        if count.checked_add(found.len())? >= NODES_MAX {
            return None;
        }
        let width = first.len();
        found.extend((from..=to).map(|number| format!("{number:0>width$}")));
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_expanded() {
        let check = |list: &str, expected: Option<&str>| {
            let seen = nodes(list).map(|nodes| nodes.into_iter().collect::<Vec<_>>().join(" "));
            assert_eq!(seen.as_deref(), expected, "{list}");
        };
        check("gpu[01-04,07]", Some("gpu01 gpu02 gpu03 gpu04 gpu07"));
        check("gpu[9-11],login1", Some("gpu10 gpu11 gpu9 login1"));
        check("r[1-2]n[1-2]", Some("r1n1 r1n2 r2n1 r2n2"));
        check("r[1-2]-x", Some("r1-x r2-x"));
        check("gpu1,gpu1", Some("gpu1"));
        let bad = ["", ",", "a[", "a]", "a[]", "a[2-1]", "a[x]", "a[[1]]", "a b", "a[1-999999]"];
        for bad in bad.into_iter().chain(["a[0-999][0-999]", "a[1-2,", "None assigned"]) {
            check(bad, None);
        }
    }
}
