//! The batches of an epoch, drawn from a seed.

use crate::Initializer;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Draws batches of sample numbers. Every epoch contains each sample once, in a random order of its own.
///
/// ```
/// let mut batches = nn::Batches::new(5, 2, 1);
/// let mut epoch = Vec::new();
/// for _ in 0..batches.per_epoch() {
///     epoch.extend_from_slice(batches.draw());
/// }
/// epoch.sort_unstable();
/// assert_eq!(epoch, [0, 1, 2, 3, 4]);
/// ```
#[derive(Clone, Debug)]
pub struct Batches {
    samples: usize,
    size: usize,
    rng: ChaCha8Rng,
    order: Vec<usize>,
    next: usize,
}

impl Batches {
    /// Returns batches of `size` out of `samples` samples. The last batch of an epoch contains the remaining samples.
    ///
    /// # Panics
    ///
    /// If `samples` or `size` is 0.
    #[must_use]
    #[track_caller]
    pub fn new(samples: usize, size: usize, seed: u64) -> Self {
        assert!(
            samples > 0 && size > 0,
            "batches of {size} cannot be drawn from {samples} samples"
        );
        let mut rng = Initializer::generator(seed);
        // Stream 0 of the same seed may have been used to draw the initial parameters.
        rng.set_stream(1);
        Batches {
            samples,
            size,
            rng,
            order: Vec::new(),
            next: 0,
        }
    }

    /// The number of batches in an epoch.
    #[must_use]
    pub fn per_epoch(&self) -> u64 {
        self.samples.div_ceil(self.size) as u64
    }

    /// Returns the sample numbers of the next batch.
    pub fn draw(&mut self) -> &[usize] {
        if self.next == self.order.len() {
            self.order = (0..self.samples).collect();
            self.order.shuffle(&mut self.rng);
            self.next = 0;
        }
        let begin = self.next;
        self.next = self.samples.min(begin.saturating_add(self.size));
        &self.order[begin..self.next]
    }

    /// Skips a number of batches.
    pub fn skip(&mut self, batches: u64) {
        for _ in 0..batches {
            self.draw();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_has_every_sample_once_in_an_order_of_its_own() {
        let epochs = |seed| {
            let mut batches = Batches::new(10, 4, seed);
            assert_eq!(batches.per_epoch(), 3);
            [(); 2].map(|()| {
                let mut order = Vec::new();
                for size in [4, 4, 2] {
                    let batch = batches.draw();
                    assert_eq!(batch.len(), size);
                    order.extend_from_slice(batch);
                }
                order
            })
        };
        let [first, second] = epochs(1);
        assert_ne!(first, second);
        assert_eq!(epochs(1), [first.clone(), second.clone()]);
        assert_ne!(epochs(2)[0], first);
        let mut sorted = first;
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..10));

        let mut resumed = Batches::new(10, 4, 1);
        resumed.skip(4);
        assert_eq!(resumed.draw(), &second[4..8]);
    }
}
