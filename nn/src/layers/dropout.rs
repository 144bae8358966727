//! Dropout.

use super::Layer;
use crate::{Builder, Pass, Stream};
use autodiff::tensor::{Algebra, Float, Tensor};
use rand_chacha::rand_core::Rng;

/// Dropout (Srivastava et al., 2014): in training, zeroes each element with probability p and divides the other
/// elements by `1 − p`. In evaluation it is the identity.
///
/// The dropped elements depend on the seed, the number of the step and the number of the sample in the batch, but not
/// on how the batch is cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    probability: f64,
    stream: Stream,
}

impl Dropout {
    /// Returns a layer that zeroes each element with the given probability.
    ///
    /// # Panics
    ///
    /// If the probability is not in [0, 1).
    #[must_use]
    #[track_caller]
    pub fn new(b: &Builder, probability: f64) -> Dropout {
        assert!(
            (0.0..1.0).contains(&probability),
            "dropout: a probability of {probability} is not in [0, 1)"
        );
        Dropout {
            probability,
            stream: b.stream(),
        }
    }
}

impl Layer for Dropout {
    /// # Panics
    ///
    /// If `x` does not have a row for each sample.
    #[track_caller]
    fn forward<A: Algebra>(&self, pass: &Pass<'_, A>, x: &A) -> A {
        if !pass.is_training() || self.probability == 0.0 {
            return x.clone();
        }
        let (extents, samples) = (x.shape(), pass.samples());
        assert!(
            extents.first() == Some(&samples),
            "dropout: shape {extents} does not have a row for each of {samples} samples"
        );
        let kept = A::Element::from_f64(1.0 / (1.0 - self.probability));
        // An element is dropped if its random 32-bit number is below `dropped`.
        let dropped = (self.probability * 2.0_f64.powi(32)) as u32;
        let row = extents[1..].iter().product::<usize>().max(1);
        let mut mask = Tensor::zeros(extents);
        for (sample, row) in mask.data_mut().chunks_exact_mut(row).enumerate() {
            let mut rng = pass.rng(self.stream, sample);
            for x in row {
                if rng.next_u32() >= dropped {
                    *x = kept;
                }
            }
        }
        x * pass.constant(mask)
    }
}
