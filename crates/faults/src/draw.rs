//! Draws the outages of a site's nodes from a model and a seed.

use std::num::NonZeroU64;

use comity_base::{Instant, SiteId, Window};
use comity_fleet::Quantile;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::exponential::gap_seconds;
use crate::model::Model;

/// What a draw depends on besides the model and the node.
#[derive(Debug, Clone, Copy)]
pub struct Draw<'a> {
    /// The seed of the whole run.
    pub seed: u64,
    /// The site; each has draws of its own.
    pub site: &'a SiteId,
    /// When faults begin, at the earliest and at the latest.
    pub window: Window,
}

/// A node that is gone for some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outage {
    /// When it fails.
    pub from: Instant,
    /// Which node of the site, from 0.
    pub node: u32,
    /// When it is back: the first instant at which it is up again.
    pub to: Instant,
    /// Of what it fails: a place in the model's causes.
    pub cause: u32,
}

/// Draws the outages of nodes `0..nodes`, in order of `from` and then of the node.
///
/// They are those of [`outages`] for each node; see there.
#[must_use]
pub fn draw(model: &Model, nodes: u32, draw: &Draw<'_>) -> Vec<Outage> {
    let key = Key::new(draw);
    let mut found: Vec<Outage> =
        (0..nodes).flat_map(|node| key.outages(model, node, draw.window)).collect();
    found.sort_unstable();
    found
}

/// Draws the outages of one node one by one, in order of time and without overlap.
///
/// All nodes are up when the window begins. A node is up for an exponential time, whose rate is
/// the sum of those of all causes; then it fails of one of them, by their rates, and is gone for
/// a time by that cause's quantiles. It is up for at least one second, and gone for at least one.
/// Every outage begins within the window; the last may end after it, or at the end of all time.
///
/// A node has a stream of random numbers to itself: its outages are the same whatever other nodes
/// there are, in whichever order or on how many threads they are drawn; and a longer window from
/// the same start begins with the same ones. Under another rate the same seed gives the same
/// fractions of the mean times between faults, so that models can be compared on common random
/// numbers.
#[must_use]
pub fn outages<'a>(model: &'a Model, node: u32, draw: &Draw<'_>) -> Outages<'a> {
    Key::new(draw).outages(model, node, draw.window)
}

/// The outages of one node, drawn as they are asked for.
#[derive(Debug, Clone)]
pub struct Outages<'a> {
    model: &'a Model,
    rate: u64,
    node: u32,
    random: ChaCha8Rng,
    window: Window,
    up_since: Instant,
}

impl Iterator for Outages<'_> {
    type Item = Outage;

    fn next(&mut self) -> Option<Outage> {
        let gap = gap_seconds(self.random.next_u64(), self.rate)?;
        let gap = i64::try_from(gap).unwrap_or(i64::MAX).max(1);
        let from = self.up_since.plus_seconds(gap);
        if from >= self.window.end() {
            // Whoever asks again is told the same.
            self.rate = 0;
            return None;
        }
        let cause = self.cause();
        let quantiles = self.model.causes.get(cause).map_or(&[][..], |cause| &cause.outage);
        let seconds = Quantile::at(quantiles, below(&mut self.random, Quantile::POINTS));
        let to = from.plus_seconds(i64::from(seconds));
        self.up_since = to;
        let cause = u32::try_from(cause).unwrap_or(u32::MAX);
        Some(Outage { from, node: self.node, to, cause })
    }
}

impl Outages<'_> {
    /// The cause whose share of the rates holds a point drawn evenly; a single one needs no draw.
    fn cause(&mut self) -> usize {
        let Some(all) = NonZeroU64::new(self.rate).filter(|_| self.model.causes.len() > 1) else {
            return 0;
        };
        let point = below(&mut self.random, all);
        let mut end = 0_u64;
        let holds = |rate: u64| {
            end = end.saturating_add(rate);
            point < end
        };
        let mut rates = self.model.causes.iter().map(|cause| cause.per_node_year_millionths);
        rates.position(holds).expect("a point is drawn below the sum of the rates")
    }
}

/// The key of a site's nodes under a seed.
#[derive(Debug, Clone, Copy)]
struct Key([u8; 32]);

impl Key {
    /// The key starts as the seed, eight bytes with the least first, `faults` and zero bytes. For
    /// each 32 bytes of the site's id, the last padded with zeros, it becomes the first 32 bytes
    /// that ChaCha8 gives under it, exclusive-or those of the id. So no draw of a workload, whose
    /// keys have zeros in place of the word, shares one. Nothing of the machine goes in.
    fn new(draw: &Draw<'_>) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&draw.seed.to_le_bytes());
        key[8..14].copy_from_slice(b"faults");
        for block in draw.site.as_str().as_bytes().chunks(key.len()) {
            let mut next = [0; 32];
            ChaCha8Rng::from_seed(key).fill_bytes(&mut next);
            for (byte, of_id) in next.iter_mut().zip(block) {
                *byte ^= of_id;
            }
            key = next;
        }
        Self(key)
    }

    /// The node's number is the stream (nonce) under the key.
    fn outages<'a>(&self, model: &'a Model, node: u32, window: Window) -> Outages<'a> {
        let mut random = ChaCha8Rng::from_seed(self.0);
        random.set_stream(u64::from(node));
        let rate = model.per_node_year_millionths();
        Outages { model, rate, node, random, window, up_since: window.start() }
    }
}

/// A number drawn evenly from `0..bound`, by rejecting what would favour small ones.
fn below(random: &mut ChaCha8Rng, bound: NonZeroU64) -> u64 {
    // 2^64 mod bound, without 2^64: so many draws at the top belong to no whole round.
    let excess = (u64::MAX % bound + 1) % bound;
    loop {
        let drawn = random.next_u64();
        if drawn <= u64::MAX - excess {
            return drawn % bound;
        }
    }
}
