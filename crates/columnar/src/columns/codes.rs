//! Small whole numbers as Parquet packs them: runs of one number, and groups of eight in so many
//! bits each ("RLE / bit-packing hybrid" in the format's `Encodings.md`).

use crate::ColumnarError;

/// Appends the first `count` numbers of a width in bits.
pub(super) fn unpack(
    mut data: &[u8],
    width: u32,
    count: usize,
    out: &mut Vec<u32>,
) -> Result<(), ColumnarError> {
    let short = || ColumnarError { why: "packed numbers end early".to_owned() };
    if width > 32 {
        return Err(ColumnarError { why: format!("numbers of {width} bits do not fit in 32") });
    }
    let bytes = usize::try_from(width).map_err(|_| short())?;
    let whole = out.len() + count;
    while out.len() < whole {
        let header = varint(&mut data).ok_or_else(short)?;
        let length = usize::try_from(header >> 1).map_err(|_| short())?;
        if length == 0 {
            return Err(short());
        }
        if header & 1 == 0 {
            let (value, rest) = data.split_at_checked(bytes.div_ceil(8)).ok_or_else(short)?;
            data = rest;
            let value = value.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
            out.resize(whole.min(out.len().saturating_add(length)), value);
        } else {
            // The last group is padded to eight; a writer may cut the bytes of the padding.
            let packed = length.saturating_mul(bytes).min(data.len());
            let left = (whole - out.len()).min(length.saturating_mul(8));
            let (group, rest) = data.split_at(packed);
            data = rest;
            if group.len() * 8 < left * bytes {
                return Err(short());
            }
            groups(group, width, left, out);
        }
    }
    Ok(())
}

/// Appends numbers of a width that stand one behind the other, from the lowest bit on.
fn groups(mut packed: &[u8], width: u32, count: usize, out: &mut Vec<u32>) {
    let mask = (1_u64 << width) - 1;
    let (mut bits, mut held) = (0_u64, 0_u32);
    out.extend((0..count).map(|_| {
        if held < width {
            let mut next = [0; 4];
            if let Some((four, rest)) = packed.split_first_chunk::<4>() {
                next = *four;
                packed = rest;
            } else {
                next[..packed.len()].copy_from_slice(packed);
                packed = &[];
            }
            bits |= u64::from(u32::from_le_bytes(next)) << held;
            held += 32;
        }
        let value = u32::try_from(bits & mask).unwrap_or(u32::MAX);
        bits >>= width;
        held -= width;
        value
    }));
}

fn varint(data: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..35).step_by(7) {
        let (byte, rest) = data.split_first()?;
        *data = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Packs by the bit, to compare with.
    fn packed(values: &[u32], width: u32) -> Vec<u8> {
        let bit = |at: usize| {
            let width = usize::try_from(width).unwrap();
            let value = values.get(at / width).copied().unwrap_or(0);
            value >> (at % width) & 1
        };
        let groups = values.len().div_ceil(8);
        let bytes = groups * usize::try_from(width).unwrap();
        let byte = |at: usize| (0..8).map(|low| bit(at * 8 + low) << low).sum::<u32>();
        let header = u8::try_from(groups << 1 | 1).unwrap();
        let all = (0..bytes).map(|at| u8::try_from(byte(at)).unwrap());
        std::iter::once(header).chain(all).collect()
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(
            width in 1_u32..=32,
            values in proptest::collection::vec(any::<u32>(), 1..200),
            run in 1_u8..60,
        ) {
            let values: Vec<u32> = values.iter().map(|value| value >> (32 - width)).collect();
            let mut data = vec![run << 1];
            let bytes = values[0].to_le_bytes();
            data.extend(&bytes[..usize::try_from(width.div_ceil(8)).unwrap()]);
            data.extend(packed(&values, width));
            let mut seen = Vec::new();
            unpack(&data, width, usize::from(run) + values.len(), &mut seen).unwrap();
            let mut expected = vec![values[0]; usize::from(run)];
            expected.extend(values);
            prop_assert_eq!(seen, expected);
        }

        #[test]
        fn any_bytes_are_read_or_refused(data: Vec<u8>, width in 0_u32..40, count in 0_usize..500) {
            let mut out = Vec::new();
            if unpack(&data, width, count, &mut out).is_ok() {
                prop_assert_eq!(out.len(), count);
            }
        }
    }
}
