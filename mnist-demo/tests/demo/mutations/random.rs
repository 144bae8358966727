//! Reproducible random choices, and alterations for any file.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

pub(crate) struct Random(ChaCha8Rng);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A random number below `end`, or 0 if `end` is 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.0.next_u64() % (end as u64).max(1)) as usize
    }

    /// A random element.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Returns `true` with a probability of 1 in `times`.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.0.next_u32() as u8).collect()
    }

    /// An extreme number, such as programs often handle wrongly.
    pub(crate) fn extreme(&mut self) -> u32 {
        let near = self.below(3) as u32;
        let bit = 1_u32 << self.below(32);
        let base = *self.pick(&[0, bit, u32::MAX, i32::MAX as u32]);
        base.wrapping_add(near).wrapping_sub(1)
    }

    /// Alters some bytes at random positions.
    pub(crate) fn alter(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            let length = bytes.len();
            let place = self.below(length);
            let end = place + self.below(length - place + 1).min(64);
            match self.below(7) {
                0 | 1 if length > 0 => bytes[place] ^= 1 << self.below(8),
                2 if length > 0 => bytes[place] = *self.pick(&[0, 1, 0x7f, 0x80, 0xff]),
                3 => bytes.truncate(place),
                4 => drop(bytes.drain(place..end)),
                5 => {
                    let copy = bytes[place..end].to_vec();
                    bytes.splice(place..place, copy);
                }
                _ => {
                    let count = self.below(16);
                    let new = self.bytes(count);
                    bytes.splice(place..place, new);
                }
            }
        }
    }

    /// Joins the beginning of one file and the end of another.
    pub(crate) fn splice(&mut self, begin: &[u8], end: &[u8]) -> Vec<u8> {
        let (stop, start) = (self.below(begin.len()), self.below(end.len()));
        [&begin[..stop], &end[start..]].concat()
    }
}
