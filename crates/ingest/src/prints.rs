//! Which identities come again among many million records, in twelve bytes for each.
//!
//! The numbers that stand for identities only say which *may* come again: two records of one
//! identity always have the same number, and the few others that share one by chance are read
//! exactly with them. So what becomes of a record never hangs on a number.

/// How many parts the numbers are sorted in, by their highest bits.
const PARTS: usize = 256;

/// A number for each identity with the place of its record, to find those that come again.
#[derive(Debug)]
pub struct Prints {
    parts: Vec<Part>,
}

/// The numbers that begin with the same bits, in the order in which they came.
#[derive(Debug)]
struct Part {
    prints: Vec<u64>,
    places: Vec<u32>,
}

impl Prints {
    /// For about so many records.
    #[must_use]
    pub fn for_records(records: usize) -> Self {
        let each = records / PARTS;
        let part = || Part { prints: Vec::with_capacity(each), places: Vec::with_capacity(each) };
        Self { parts: (0..PARTS).map(|_| part()).collect() }
    }

    /// Notes an identity by its [`print`](print()), and a number for the place of its record.
    pub fn note(&mut self, print: u64, place: u32) {
        let part = &mut self.parts[usize::try_from(print >> 56).unwrap_or(0)];
        part.prints.push(print);
        part.places.push(place);
    }

    /// The places of some parts whose print comes more than once among several of these. Every
    /// part, from 0 to 255, is to be asked for; on several threads if need be.
    #[must_use]
    pub fn again(all: &[Self], parts: std::ops::Range<usize>) -> Vec<u32> {
        let mut places = Vec::new();
        let mut sorted = Vec::new();
        for number in parts {
            let part = || all.iter().map(|prints| &prints.parts[number]);
            sorted.clear();
            part().for_each(|part| sorted.extend_from_slice(&part.prints));
            sorted.sort_unstable();
            let twice = sorted.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
            let mut again: Vec<u64> = twice.collect();
            again.dedup();
            if again.is_empty() {
                continue;
            }
            let few = Few::of(&again);
            for part in part() {
                let mine = part.prints.iter().zip(&part.places);
                let mine = mine.filter(|(print, _)| few.may_hold(**print));
                let mine = mine.filter(|(print, _)| again.binary_search(print).is_ok());
                places.extend(mine.map(|(_, place)| *place));
            }
        }
        places
    }
}

/// Which of the lowest bits some prints have: most others are told from them by that.
struct Few {
    bits: Vec<u64>,
}

impl Few {
    fn of(prints: &[u64]) -> Self {
        let mut few = Self { bits: vec![0; 1_024] };
        for print in prints {
            let (word, bit) = Self::bit(*print);
            few.bits[word] |= bit;
        }
        few
    }

    fn may_hold(&self, print: u64) -> bool {
        let (word, bit) = Self::bit(print);
        self.bits[word] & bit != 0
    }

    fn bit(print: u64) -> (usize, u64) {
        (usize::try_from(print >> 6 & 1_023).unwrap_or(0), 1 << (print & 63))
    }
}

/// The number that stands for an identity; its parts are trimmed as records are. Nothing for a
/// record without an id.
///
/// Eight bytes at a time are multiplied to 128 bits and folded to 64, as wyhash (Wang Yi 2019)
/// does.
#[must_use]
pub fn print(source: &[u8], id: &[u8]) -> Option<u64> {
    let (source, id) = (trimmed(source), trimmed(id));
    if id.is_empty() {
        return None;
    }
    // Lengths tell `a`, `bc` from `ab`, `c`.
    let state = fold(length(source) ^ 0xa076_1d64_78bd_642f, length(id) ^ 0xe703_7ed1_a0b4_28db);
    let state = absorbed(absorbed(state, source), id);
    Some(fold(state ^ 0x8ebc_6af0_9c88_c6e3, 0x5899_65cc_7537_4cc3))
}

fn absorbed(mut state: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        state = fold(state ^ u64::from_le_bytes(*word), 0xe703_7ed1_a0b4_28db);
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    fold(state ^ u64::from_le_bytes(last), 0x8ebc_6af0_9c88_c6e3)
}

fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0);
    half(product) ^ half(product >> 64)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// As `str::trim` does; what is not ASCII at an end is looked at as text.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let plain = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_graphic);
    if plain(bytes.first()) && plain(bytes.last()) {
        return bytes;
    }
    std::str::from_utf8(bytes).map_or(bytes, |text| text.trim().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_that_come_again_are_found() {
        let ids: Vec<String> = (0..50_000).map(|id| format!("record-{id}")).collect();
        let mut all = [Prints::for_records(0), Prints::for_records(10)];
        let of = |source: &str, id: &str| print(source.as_bytes(), id.as_bytes()).unwrap();
        for (place, id) in (0..).zip(&ids) {
            let half = usize::try_from(place % 2).unwrap();
            all[half].note(of("a", id), place);
            all[half].note(of("b", id), 50_000 + place);
        }
        assert!(Prints::again(&all, 0..256).is_empty());
        all[0].note(of("a", " record-7 "), 100_000);
        all[1].note(of("b", "\u{a0}record-49999"), 100_001);
        all[1].note(of("b", "record-49999"), 100_002);
        let mut seen = [0..100, 100..256].map(|parts| Prints::again(&all, parts)).concat();
        seen.sort_unstable();
        assert_eq!(seen, [7, 99_999, 100_000, 100_001, 100_002]);
        assert_eq!(print(b"a", b"  "), None);
        assert_ne!(print(b"a", b"bc"), print(b"ab", b"c"));
    }
}
