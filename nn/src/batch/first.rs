//! The first layer of all samples at once, whose neurons the threads share.
//!
//! Most weights of a network of pictures are those of its first layer. Where threads share the samples, each reads them
//! all, and many come from the cache of the core that has just updated them: in a step of few samples that takes long
//! beside what is computed with them. Here each of two threads forms the neurons whose weights it updates itself.

use super::Batch;
use super::blocks::{ROWS, WORTH_SHARING, halves};
use super::fit::misfit;
use super::team::share;
use crate::{Mlp, Parameters};
use autodiff::tensor::{Real, Targets, Tensor};
use std::mem;
use std::ops::Range;

/// A batch and the pre-activations of its first layer, in two halves of the neurons.
#[derive(Debug)]
pub(super) struct FirstLayer<T: Real> {
    neurons: [Range<usize>; 2],
    batch: (Tensor<T>, Targets<T>),
    /// Of each half, a row for each sample.
    z: [Tensor<T>; 2],
}

impl<T: Real> FirstLayer<T> {
    /// That of no batch yet; `None` if the layer is the only one, or so small that sharing its neurons does not pay.
    pub(super) fn of(network: &Mlp) -> Option<Self> {
        let (inputs, neurons) = (network.widths()[0], network.widths()[1]);
        let is_worth_it =
            network.layers() > 1 && neurons > ROWS && inputs * neurons >= WORTH_SHARING;
        is_worth_it.then(|| {
            let nothing = || Tensor::zeros([0, 0]);
            FirstLayer {
                neurons: halves(neurons),
                batch: (nothing(), Targets::Probabilities(nothing())),
                z: [nothing(), nothing()],
            }
        })
    }

    /// Loads a batch of so many samples and forms the pre-activations of all of them; gives the earlier batch.
    ///
    /// Lanes may still hold pieces of that one. Who calls this is to keep it until they have let go, so that its memory
    /// is put away where the next batch is loaded, and used for that.
    // Other batches do without, and the smallest of them should not go around its code.
    ///
    /// # Panics
    ///
    /// If the batch does not fit the network.
    #[cold]
    #[inline(never)]
    #[must_use]
    #[track_caller]
    pub(super) fn forward(
        &mut self,
        network: &Mlp,
        parameters: &Parameters<T>,
        batch: &impl Batch<T>,
        samples: usize,
    ) -> (Tensor<T>, Targets<T>) {
        let earlier = mem::replace(&mut self.batch, batch.load(0..samples));
        let (x, targets) = &self.batch;
        if let Some(misfit) = misfit(network, 0..samples, x, targets) {
            panic!("{misfit}");
        }
        let [weight, bias] = [0, 1].map(|slice| parameters.tensor(slice));
        share(self.neurons.iter().zip(&mut self.z), |(neurons, z)| {
            let [weight, bias] = [&weight, &bias].map(|all| all.rows(neurons.clone()));
            *z = x.linear(&weight, &bias);
        });
        earlier
    }

    /// Some samples and their targets.
    pub(super) fn load(&self, samples: Range<usize>) -> (Tensor<T>, Targets<T>) {
        self.batch.load(samples)
    }

    /// The pre-activations of some samples, with the halves side by side.
    pub(super) fn z(&self, samples: Range<usize>) -> Tensor<T> {
        let [before, behind] = self.z.each_ref().map(|half| half.rows(samples.clone()));
        let [w_before, w_behind] = [&before, &behind].map(|half| half.shape()[1]);
        let mut z = Tensor::zeros([samples.len(), w_before + w_behind]);
        let rows = z.data_mut().chunks_exact_mut(w_before + w_behind);
        let before = before.data().chunks_exact(w_before);
        let behind = behind.data().chunks_exact(w_behind);
        for (row, (before, behind)) in rows.zip(before.zip(behind)) {
            let (to_before, to_behind) = row.split_at_mut(w_before);
            to_before.copy_from_slice(before);
            to_behind.copy_from_slice(behind);
        }
        z
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, BatchGradient, Initializer, Loss};

    #[test]
    fn the_halves_are_the_whole_layer() {
        let network = Mlp::new(&[300, 77, 5], Activation::Relu);
        let parameters = network.init::<f64>(Initializer::HeNormal, 1);
        let x = Tensor::from_fn([9, 300], |i| (i % 13) as f64 - 6.0);
        let whole = x.linear(parameters.tensor(0), parameters.tensor(1));
        let mut first = FirstLayer::of(&network).unwrap();
        let batch = (
            x,
            Targets::Classes(Tensor::from([0, 1, 2, 3, 4, 0, 1, 2, 3])),
        );
        let _ = first.forward(&network, &parameters, &batch, 9);
        for samples in [0..9, 2..7, 8..9] {
            assert_eq!(first.load(samples.clone()), batch.load(samples.clone()));
            let z = first.z(samples.clone());
            assert_eq!(z.shape(), whole.rows(samples.clone()).shape());
            for (z, whole) in z.data().iter().zip(whole.rows(samples).data()) {
                assert!((z - whole).abs() < 1e-12);
            }
        }
    }

    #[test]
    #[should_panic(expected = "inputs of shape [32, 299] are not 32 samples of 300 numbers")]
    fn a_batch_that_does_not_fit_is_refused() {
        let network = Mlp::new(&[300, 77, 5], Activation::Relu);
        let parameters = network.init::<f32>(Initializer::HeNormal, 1);
        let batch = (
            Tensor::zeros([32, 299]),
            Targets::Classes(Tensor::zeros([32])),
        );
        BatchGradient::tape(&network, Loss::cross_entropy()).compute(&parameters, &batch);
    }

    #[test]
    fn a_small_layer_and_an_only_one_are_not_shared() {
        for widths in [
            &[784, 10, 10][..],
            &[784, 128],
            &[5000, 5, 3],
            &[784, 48, 10],
            &[9, 60, 3],
        ] {
            assert!(FirstLayer::<f32>::of(&Mlp::new(widths, Activation::Relu)).is_none());
        }
    }
}
