//! How a batch is cut into lanes and chunks.

use crate::Mlp;
use std::ops::Range;

/// How a batch is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The number of samples.
    pub samples: usize,
    /// The number of lanes.
    pub lanes: usize,
    /// The largest number of samples in a chunk.
    pub chunk: usize,
    /// Whether lanes are of several chunks, which each adds up; otherwise the terms of its one chunk are kept.
    pub(super) are_summed: bool,
}

/// What the values and adjoints of a chunk's neurons may take, in bytes: a second-level cache, for the inputs, which are
/// most of them, have no adjoint.
const CHUNK_BYTES: usize = 1 << 20;

/// The most chunks that each have a lane of their own, if there would be fewer lanes otherwise.
pub(super) const MOST_KEPT: usize = 8;

impl Plan {
    /// The plan for a number of samples in a network with elements of type `T`.
    #[must_use]
    pub fn new<T>(network: &Mlp, samples: usize) -> Plan {
        // More lanes feed more threads, but each has terms of its own, or a sum, to be added up.
        let few = match samples {
            0..32 => 1,
            32..512 => 2,
            512..2048 => 4,
            2048..8192 => 8,
            _ => 16,
        };
        // Forward and backward pass hold a value and an adjoint for every neuron.
        let neurons: usize = network.widths().iter().sum();
        let chunk = (CHUNK_BYTES / (2 * neurons * size_of::<T>())).clamp(64, 256) / 16 * 16;
        // Where some more of them have one chunk each, none needs a sum.
        let lanes = match samples.div_ceil(chunk) {
            chunks @ ..=MOST_KEPT => chunks.max(few),
            _ => few,
        };
        Plan {
            samples,
            lanes,
            chunk,
            are_summed: samples.div_ceil(lanes) > chunk,
        }
    }

    /// Whether a large first layer is formed before the lanes, of all samples: where the lanes are for two threads, and so
    /// short that reading its weights takes long beside them.
    pub(super) fn forms_first_layer_first(&self) -> bool {
        self.lanes == 2
    }

    /// The samples of a lane.
    pub(super) fn lane(&self, number: usize) -> Range<usize> {
        match self.lanes {
            // The smallest batches have no time for divisions.
            1 => 0..self.samples,
            lanes => self.samples * number / lanes..self.samples * (number + 1) / lanes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Activation;

    #[test]
    fn every_sample_is_in_one_lane() {
        let network = Mlp::new(&[784, 10, 10], Activation::Relu);
        for samples in [0, 1, 31, 32, 127, 1000, 60_000] {
            let plan = Plan::new::<f32>(&network, samples);
            let mut next = 0;
            for lane in 0..plan.lanes {
                assert_eq!(plan.lane(lane).start, next);
                next = plan.lane(lane).end;
            }
            assert_eq!(next, samples);
        }
    }

    #[test]
    fn up_to_eight_chunks_have_a_lane_each() {
        let network = Mlp::new(&[784, 128, 64, 10], Activation::Relu);
        for (samples, lanes, are_summed) in [
            (31, 1, false),
            (128, 2, false),
            (512, 4, false),
            (1024, 8, false),
            (1025, 4, true),
            (60_000, 16, true),
        ] {
            let plan = Plan::new::<f32>(&network, samples);
            assert_eq!((plan.lanes, plan.chunk), (lanes, 128));
            assert_eq!(plan.are_summed, are_summed);
        }
    }

    #[test]
    fn chunks_stay_within_bounds() {
        for widths in [&[784, 10, 10][..], &[4, 2], &[784, 5000, 10]] {
            let plan = Plan::new::<f64>(&Mlp::new(widths, Activation::Relu), 60_000);
            assert!((64..=256).contains(&plan.chunk) && plan.chunk.is_multiple_of(16));
        }
    }
}
