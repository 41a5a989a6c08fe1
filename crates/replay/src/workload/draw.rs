//! The random numbers behind the draws.

use std::num::NonZeroU64;

use comity_base::StreamId;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a generator draws; each quantity of a stream has a generator of its own, so that a change
/// to the sizes of a stream leaves its instants as they were.
#[derive(Debug, Clone, Copy)]
pub(super) enum Quantity {
    /// When jobs are submitted.
    Instant,
    /// How many GPUs they hold.
    Size,
    /// How long they run.
    Run,
    /// How far an hour's traffic is from its mean.
    Jitter,
}

impl Quantity {
    /// Its number among ChaCha's streams under one key; a number is never given to another.
    fn chacha_stream(self) -> u64 {
        match self {
            Self::Instant => 0,
            Self::Size => 1,
            Self::Run => 2,
            Self::Jitter => 3,
        }
    }
}

/// The random numbers of one quantity of one stream of work.
pub(super) struct Generator(ChaCha8Rng);

impl Generator {
    /// The generator that belongs to a seed, a stream's id and a quantity.
    ///
    /// The key starts as the seed, eight bytes with the least first, and 24 zero bytes. For each
    /// 32 bytes of the id, the last padded with zeros, the key becomes the first 32 bytes that
    /// ChaCha8 gives under it, exclusive-or those of the id. The quantity's number is the stream
    /// (nonce) under the final key. Nothing of the machine goes in.
    pub(super) fn new(seed: u64, stream: &StreamId, quantity: Quantity) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        for block in stream.as_str().as_bytes().chunks(key.len()) {
            let mut next = [0; 32];
            ChaCha8Rng::from_seed(key).fill_bytes(&mut next);
            for (byte, of_id) in next.iter_mut().zip(block) {
                *byte ^= of_id;
            }
            key = next;
        }
        let mut chacha = ChaCha8Rng::from_seed(key);
        chacha.set_stream(quantity.chacha_stream());
        Self(chacha)
    }

    /// A number drawn evenly from `0..bound`.
    ///
    /// Draws at the top that would favour small numbers are rejected, so there is no bias.
    pub(super) fn below(&mut self, bound: NonZeroU64) -> u64 {
        // 2^64 mod bound, without 2^64: so many draws at the top belong to no whole round.
        let excess = (u64::MAX % bound + 1) % bound;
        loop {
            let drawn = self.0.next_u64();
            if drawn <= u64::MAX - excess {
                return drawn % bound;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(seed: u64, stream: &str, quantity: Quantity) -> [u64; 4] {
        let mut generator = Generator::new(seed, &StreamId::new(stream).unwrap(), quantity);
        [(); 4].map(|()| generator.below(NonZeroU64::MAX))
    }

    #[test]
    fn every_part_of_the_key_counts() {
        let long = "a".repeat(33);
        let base = numbers(1, "training", Quantity::Instant);
        assert_eq!(base, numbers(1, "training", Quantity::Instant));
        let others = [
            numbers(2, "training", Quantity::Instant),
            numbers(1 << 63, "training", Quantity::Instant),
            numbers(1, "trainin", Quantity::Instant),
            numbers(1, "training", Quantity::Size),
            numbers(1, &long, Quantity::Instant),
            numbers(1, &long[1..], Quantity::Instant),
        ];
        for (index, other) in others.iter().enumerate() {
            assert_ne!(*other, base);
            assert!(!others[..index].contains(other));
        }
    }

    #[test]
    fn numbers_stay_below_their_bound_and_reach_it() {
        let mut generator = Generator::new(7, &StreamId::new("a").unwrap(), Quantity::Size);
        let six = NonZeroU64::new(6).unwrap();
        let mut seen = [0_u32; 6];
        for _ in 0..6_000 {
            seen[usize::try_from(generator.below(six)).unwrap()] += 1;
        }
        // Five standard deviations (29 each) around the mean of 1,000.
        assert!(seen.iter().all(|count| (855..=1_145).contains(count)), "{seen:?}");
        assert_eq!(generator.below(NonZeroU64::MIN), 0);
        let huge = NonZeroU64::new((1 << 63) + 1).unwrap();
        assert!((0..100).all(|_| generator.below(huge) < huge.get()));
    }
}
