//! The first layer of all samples at once, whose neurons the threads share.
//!
//! Most weights of a network of pictures are those of its first layer. Where threads share the samples, each reads them
//! all, and half of them come from the cache of the core that has just updated them: in a step of few samples that takes
//! long beside what is computed with them. Here a thread forms the neurons whose weights it updates itself.

use super::Plan;
use super::blocks::{WORTH_SHARING, halves};
use super::team::share;
use crate::{Mlp, Parameters};
use autodiff::tensor::{Real, Tensor};
use std::ops::Range;

/// The pre-activations of the first layer, in two halves of its neurons.
#[derive(Debug)]
pub(super) struct FirstLayer<T: Real> {
    neurons: [Range<usize>; 2],
    /// Of each half, a row for each sample.
    z: [Tensor<T>; 2],
}

impl<T: Real> FirstLayer<T> {
    /// Nothing for now; `None` if the layer is small, or the only one.
    pub(super) fn of(network: &Mlp) -> Option<Self> {
        let (inputs, neurons) = (network.widths()[0], network.widths()[1]);
        let is_worth_it = network.layers() > 1 && inputs * neurons >= WORTH_SHARING;
        is_worth_it.then(|| FirstLayer {
            neurons: halves(neurons),
            z: [0, 1].map(|_| Tensor::zeros([0, 0])),
        })
    }

    /// Whether threads share its neurons if a batch is cut in this way: into few lanes, which are all of few samples.
    pub(super) fn is_shared(plan: &Plan) -> bool {
        plan.lanes == 2 && !plan.lanes_are_summed()
    }

    /// Forms the pre-activations of all samples, which are the rows of `x`.
    pub(super) fn form(&mut self, parameters: &Parameters<T>, x: &Tensor<T>) {
        let [weight, bias] = [0, 1].map(|slice| parameters.tensor(slice));
        share(self.neurons.iter().zip(&mut self.z), |(neurons, z)| {
            let [weight, bias] = [&weight, &bias].map(|all| all.rows(neurons.clone()));
            *z = x.linear(&weight, &bias);
        });
    }

    /// Those of some samples, with the halves side by side.
    pub(super) fn of_samples(&self, samples: Range<usize>) -> Tensor<T> {
        let [before, behind] = self.z.each_ref().map(|half| half.rows(samples.clone()));
        let width = before.shape()[1] + behind.shape()[1];
        let mut z = Tensor::zeros([samples.len(), width]);
        let rows = z.data_mut().chunks_exact_mut(width);
        let halves = before
            .data()
            .chunks_exact(before.shape()[1])
            .zip(behind.data().chunks_exact(behind.shape()[1]));
        for (row, (before, behind)) in rows.zip(halves) {
            let (to_before, to_behind) = row.split_at_mut(before.len());
            to_before.copy_from_slice(before);
            to_behind.copy_from_slice(behind);
        }
        z
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, Initializer};

    #[test]
    fn the_halves_are_the_whole_layer() {
        let network = Mlp::new(&[300, 77, 5], Activation::Relu);
        let parameters = network.init::<f64>(Initializer::HeNormal, 1);
        let x = Tensor::from_fn([9, 300], |i| (i % 13) as f64 - 6.0);
        let whole = x.linear(&parameters.tensor(0), &parameters.tensor(1));
        let mut first = FirstLayer::of(&network).unwrap();
        for samples in [0..9, 2..7, 8..9] {
            first.form(&parameters, &x);
            let z = first.of_samples(samples.clone());
            assert_eq!(z.shape(), whole.rows(samples.clone()).shape());
            for (z, whole) in z.data().iter().zip(whole.rows(samples).data()) {
                assert!((z - whole).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_small_layer_and_an_only_one_are_not_shared() {
        for widths in [&[784, 10, 10][..], &[784, 128]] {
            assert!(FirstLayer::<f32>::of(&Mlp::new(widths, Activation::Relu)).is_none());
        }
    }
}
