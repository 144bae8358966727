//! Batches of an epoch, drawn from a seed.

use nn::{Dataset, Initializer};
use rand_chacha::ChaCha8Rng;

/// Runs of sample numbers: each sample once an epoch, in an order drawn anew for each.
pub struct Batches<'a> {
    data: &'a Dataset,
    size: usize,
    rng: ChaCha8Rng,
    order: Vec<usize>,
    next: usize,
}

impl<'a> Batches<'a> {
    /// Batches of so many samples; the last of an epoch has what is left.
    pub fn new(data: &'a Dataset, size: usize, seed: u64) -> Self {
        let mut rng = Initializer::generator(seed);
        // The weights are drawn from the first stream of the same seed.
        rng.set_stream(1);
        Batches {
            data,
            size,
            rng,
            order: Vec::new(),
            next: 0,
        }
    }

    /// The samples of the next batch.
    pub fn draw(&mut self) -> &[usize] {
        if self.next == self.order.len() {
            self.order = self.data.shuffled(&mut self.rng);
            self.next = 0;
        }
        let begin = self.next;
        self.next = self.order.len().min(begin + self.size);
        &self.order[begin..self.next]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_has_every_sample_once_in_an_order_of_its_own() {
        let data = Dataset::new(&[0; 10], 1, &[0; 10]).unwrap();
        let epochs = |seed| {
            let mut batches = Batches::new(&data, 4, seed);
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
        assert_eq!(epochs(1), [first.clone(), second]);
        assert_ne!(epochs(2)[0], first);
        let mut sorted = first;
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..10));
    }
}
