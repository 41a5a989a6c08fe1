//! Names with a number each, in their order, and a table to find the number of a text.

use super::number;

/// Names that are numbered in their order. The number after the last stands for none.
#[derive(Debug, Clone)]
pub(super) struct Names<T> {
    names: Box<[T]>,
    texts: Box<[Box<str>]>,
    /// The length is a power of two, and most are free. Names that fall on one slot follow each
    /// other.
    slots: Box<[Slot]>,
    slot_bits: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slot {
    key: Key,
    /// One more than a number, or 0 where the slot is free.
    number: u32,
}

/// The first and the last bytes of a text and its length: all of a text of up to 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    first: u64,
    last: u64,
    length: u32,
}

const WHOLE: u32 = 16;

impl<T> Names<T> {
    /// Numbers names that are in order and all different.
    pub(super) fn new(names: Vec<T>, text: impl Fn(&T) -> &str) -> Self {
        let texts: Box<[Box<str>]> = names.iter().map(|name| Box::from(text(name))).collect();
        // A quarter full at most, so that most look-ups end in the first slot.
        let slot_count = (names.len() * 4 + 4).next_power_of_two();
        let free = Slot { key: Key { first: 0, last: 0, length: 0 }, number: 0 };
        let mut table = Self {
            names: names.into(),
            texts,
            slots: vec![free; slot_count].into(),
            slot_bits: slot_count.trailing_zeros(),
        };
        for place in 0..table.texts.len() {
            let text = &*table.texts[place];
            let key = Key::of(text).expect("an id is shorter than 2^32 bytes");
            let mut slot = table.slot(key, text);
            while table.slots[slot].number != 0 {
                slot = (slot + 1) % slot_count;
            }
            table.slots[slot] = Slot { key, number: number(place) + 1 };
        }
        table
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// The name of a number; none for the number after the last.
    pub(super) fn name(&self, number: u32) -> Option<&T> {
        self.names.get(super::index(number))
    }

    /// The number of a text.
    #[inline]
    pub(super) fn find(&self, text: &str) -> Option<u32> {
        let key = Key::of(text)?;
        let mut at = self.slot(key, text);
        loop {
            let slot = self.slots[at];
            let number = slot.number.checked_sub(1)?;
            let whole = || key.length <= WHOLE || *self.texts[super::index(number)] == *text;
            if slot.key == key && whole() {
                return Some(number);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// The number of a text, or, where there is no text, the one that stands for none.
    #[inline]
    pub(super) fn find_or_none(&self, text: Option<&str>) -> Option<u32> {
        match text {
            Some(text) => self.find(text),
            None => Some(number(self.names.len())),
        }
    }

    #[inline]
    fn slot(&self, key: Key, text: &str) -> usize {
        // The upper bits of a product depend on all bits of its factors.
        let slot = hash(key, text) >> (64 - self.slot_bits);
        usize::try_from(slot).expect("there are fewer slots than an index counts")
    }
}

impl Key {
    /// Read without a loop, so the parts may overlap; a text without a key is no id.
    #[inline]
    fn of(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let length = u32::try_from(bytes.len()).ok()?;
        let (first, last) = if let (Some(first), Some(last)) =
            (bytes.first_chunk::<8>(), bytes.last_chunk::<8>())
        {
            (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
        } else if let (Some(first), Some(last)) =
            (bytes.first_chunk::<4>(), bytes.last_chunk::<4>())
        {
            (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)))
        } else {
            match *bytes {
                [a, b, c] => (u64::from(a) << 8 | u64::from(b), u64::from(c)),
                [a, b] => (u64::from(a), u64::from(b)),
                [a] => (u64::from(a), 0),
                _ => (0, 0),
            }
        };
        Some(Self { first, last, length })
    }
}

/// Multiplies and rotates, as FxHash does: fixed, so that a rulebook is the same each time. Of a
/// long text the middle counts too.
#[inline]
fn hash(key: Key, text: &str) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| (hash.rotate_left(29) ^ word).wrapping_mul(FACTOR);
    let mut hash = mix(mix(u64::from(key.length), key.first), key.last);
    if key.length > WHOLE {
        let (chunks, _) = text.as_bytes().as_chunks::<8>();
        for chunk in chunks {
            hash = mix(hash, u64::from_le_bytes(*chunk));
        }
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_no_other() {
        let texts: Vec<String> =
            (0..3_000).map(|it| format!("n{}{it}", "-".repeat(it % 20))).collect();
        let names = Names::new(texts.clone(), |it| it.as_str());
        for (place, text) in texts.iter().enumerate() {
            assert_eq!(names.find(text), Some(number(place)));
            assert_eq!(names.name(number(place)), Some(text));
            assert_eq!(names.find(&format!("{text}x")), None);
        }
        assert_eq!(names.find(""), None);
        assert_eq!(names.find_or_none(None), Some(number(texts.len())));
        assert_eq!(Names::<String>::new(Vec::new(), |it| it).find("a"), None);
    }
}
