//! How a batch is cut into shards and chunks.

use crate::Chunking;
use std::ops::Range;

/// How a batch is cut into shards and chunks. A shard is a run of samples whose gradient is summed on its own. A chunk
/// is a part of a shard that is taken forward and back at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sharding {
    /// The number of samples.
    pub samples: usize,
    /// The number of shards.
    pub shards: usize,
    /// The largest number of samples in a chunk.
    pub chunk: usize,
}

/// The bytes that the values and adjoints of a chunk may take: the size of a second-level cache. The inputs, which are
/// most of the values, have no adjoint.
const CHUNK_BYTES: usize = 1 << 20;

impl Sharding {
    /// Returns the sharding of a batch of `samples` samples with elements of type `T`. If `shards` is `None`, the
    /// number of shards depends on the number of samples.
    ///
    /// More shards keep more threads busy, but the gradient of each shard must be added to the sum.
    #[must_use]
    pub fn new<T>(chunking: Chunking, samples: usize, shards: Option<usize>) -> Sharding {
        let usual = match samples {
            0..32 => 1,
            32..512 => 2,
            512..8192 => 8,
            _ => 16,
        };
        let shards = shards.unwrap_or(usual).clamp(1, samples.max(1));
        let (shards, chunk) = match chunking {
            Chunking::Whole => (1, samples),
            Chunking::Samples(chunk) => (shards, chunk),
            Chunking::Floats(floats) => {
                let fitting = CHUNK_BYTES / (floats.max(1) * size_of::<T>());
                (shards, fitting.clamp(64, 256) / 16 * 16)
            }
        };
        Sharding {
            samples,
            shards,
            chunk: chunk.max(1),
        }
    }

    /// Returns the range of samples of a shard.
    #[must_use]
    pub fn shard(&self, number: usize) -> Range<usize> {
        // `samples * number / shards` would overflow for the largest batches.
        let (each, more) = (self.samples / self.shards, self.samples % self.shards);
        let begin = |number: usize| number * each + number * more / self.shards;
        begin(number)..begin(number + 1)
    }

    /// Returns the ranges of the chunks of a shard.
    pub fn chunks_of(self, shard: usize) -> impl Iterator<Item = Range<usize>> {
        let (Range { start, end }, chunk) = (self.shard(shard), self.chunk);
        let chunks = (start..end).step_by(chunk);
        chunks.map(move |begin| begin..end.min(begin + chunk))
    }

    /// Returns the ranges of the chunks of all shards.
    pub fn chunks(self) -> impl Iterator<Item = Range<usize>> {
        (0..self.shards).flat_map(move |shard| self.chunks_of(shard))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, Mlp, Network};

    fn sharding(widths: &[usize], samples: usize) -> Sharding {
        let network = Mlp::new(widths, Activation::Relu);
        Sharding::new::<f32>(network.chunking(), samples, None)
    }

    #[test]
    fn every_sample_is_in_one_chunk_of_one_shard() {
        for samples in [0, 1, 31, 32, 127, 1000, 60_000] {
            for (chunking, shards) in [
                (Chunking::Floats(1608), None),
                (Chunking::Whole, Some(5)),
                (Chunking::Samples(7), Some(3)),
                (Chunking::Samples(0), Some(100)),
            ] {
                let sharding = Sharding::new::<f32>(chunking, samples, shards);
                let mut next = 0;
                for shard in 0..sharding.shards {
                    for chunk in sharding.chunks_of(shard) {
                        assert_eq!(chunk.start, next);
                        assert!(!chunk.is_empty() && chunk.len() <= sharding.chunk);
                        next = chunk.end;
                    }
                    assert_eq!(next, sharding.shard(shard).end);
                }
                assert_eq!(next, samples);
                assert!(sharding.chunks().map(|chunk| chunk.len()).sum::<usize>() == samples);
            }
        }
    }

    #[test]
    fn shards_differ_by_one_sample_at_most() {
        for samples in [1000, usize::MAX] {
            let sharding = Sharding::new::<f32>(Chunking::Samples(64), samples, Some(7));
            let sizes = (0..7).map(|shard| sharding.shard(shard).len());
            assert!(sizes.clone().max().unwrap() - sizes.min().unwrap() <= 1);
            assert_eq!(sharding.shard(6).end, samples);
        }
    }

    #[test]
    fn larger_batches_have_more_shards() {
        for (samples, shards) in [
            (31, 1),
            (32, 2),
            (511, 2),
            (512, 8),
            (8191, 8),
            (60_000, 16),
        ] {
            let found = sharding(&[784, 128, 64, 10], samples);
            assert_eq!((found.shards, found.chunk), (shards, 128));
        }
    }

    #[test]
    fn chunks_stay_within_bounds() {
        for widths in [&[784, 10, 10][..], &[4, 2], &[784, 5000, 10]] {
            let chunk = sharding(widths, 60_000).chunk;
            assert!((64..=256).contains(&chunk) && chunk.is_multiple_of(16));
        }
    }
}
